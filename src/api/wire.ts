// What crosses HTTP, as types alone: the dashboard, the command line and the client import this and nothing else of ours.
// Decimals are strings ("187.50"), times are RFC 3339 UTC strings.

export type IntentState = 'Received' | 'AwaitingApproval' | 'Approved' | 'Refused' | 'Declined' | 'Lapsed' | 'Withdrawn'
export type OrdStatus =
  | 'PendingNew'
  | 'New'
  | 'PartiallyFilled'
  | 'Filled'
  | 'Canceled'
  | 'Replaced'
  | 'Rejected'
  | 'Expired'
  | 'PendingCancel'
  | 'PendingReplace'
  | 'InDoubt'
  | 'NotSent'
export type Role = 'Entry' | 'Stop' | 'Target' | 'Exit' | 'External'
export type Side = 'Buy' | 'Sell'

/** RFC 9457. `code` is stable; `detail` is for people and says what to do; `refusals` holds every reason at once. */
export type Problem = {
  type: string
  title: string
  status: number
  code: string
  detail: string
  instance?: string
  errors?: { path: string; message: string }[]
  refusals?: Refusal[]
}
/** `code`, whether waiting can help, the sentence for people, and the numbers that were compared. */
export type Refusal = {
  code: string
  transient: boolean
  text: string
  facts: Record<string, string | number | boolean | null>
}
export type CheckLine = { check: string; passed: boolean; label: string }

export type Terms = {
  symbol: string
  side: Side
  ordType: 'Market' | 'Limit' | 'Stop' | 'StopLimit'
  timeInForce: 'Day' | 'GTC' | 'IOC' | 'FOK'
  orderQty: string
  price: string | null
  stopPx: string | null
  /** `stopLimitPx` is there where the broker takes no plain stop: the worst price that the stop accepts. */
  bracket: { stopPx: string; targetPx: string | null; stopLimitPx?: string } | null
  reduceOnly: boolean
}

export type Sizing = {
  currency: string
  equity: string
  riskPerTrade: string
  riskAmount: string
  entryPx: string
  stopPx: string
  /** In the instrument's currency, then in the account's. */
  riskPerUnit: string
  conversionRate: string
  riskPerUnitAccount: string
  rawQty: string
  caps: { name: string; limit: string; capQty: string }[]
  /** Which line decided: `risk` or the name of a cap. */
  binding: string
  lot: string
  qty: string
  notional: string
  riskAtStop: string
}

export type Intent = {
  intentID: string
  account: string
  state: IntentState
  form: 'Signal' | 'Order'
  symbol: string
  side: Side | 'Hold'
  entryPx: string
  stopPx: string
  targetPx: string | null
  askedQty: string | null
  strategyID: string
  /** What decided it, by its own account: untrusted text. Null where it names none. */
  model: { name: string; version: string } | null
  /** The run of the prompt, and a hash of what it saw. */
  run: { id: string | null; hash: string | null }
  confidence: string | null
  /** Untrusted text, written by the agent. */
  reasoning: string
  /** `name` is what the token or person goes by: show that. */
  proposer: { type: string; id: string; name?: string }
  generatedAt: string
  expiresAt: string
  rev: number
  ticket: null | {
    terms: Terms
    maxNotional: string
    currency: string
    refPx: string
    refAt: string
    maxDriftBps: number
    environment: 'paper' | 'live'
    broker: string
  }
  digest: string | null
  /** First 8 hex digits of the digest, `d02c-ec62`: what people compare across screens. */
  fingerprint: string | null
  sizing: Sizing | null
  checks: CheckLine[]
  /** How much of each limit it uses; empty where there are none. */
  headroom: Headroom[]
  refusals: Refusal[]
  decideBy: string | null
  /** When further people were told that nobody had decided for `undecidedMs`; null: they were not. */
  escalatedAt: string | null
  undecidedMs: number | null
  sendBy: string | null
  decision: null | {
    verdict: 'approved' | 'declined' | 'withdrawn'
    by: string
    byName: string
    via: string
    reason: string | null
    at: string
  }
  /** What the policy of approvals asks for; null before there is a ticket. `passkey`: a click is not enough. */
  requires: null | Requirement
  /** Every yes so far, in the order in which they came. */
  votes: Vote[]
  /** Put off, sent back with a note, or the reason of a no: nothing of it decides. */
  asides: { kind: 'snoozed' | 'reanalyse' | 'reason'; byName: string; text: string; until: string | null; at: string }[]
  clOrdID: string | null
  ordStatus: OrdStatus | null
  corr: string
  receivedAt: string
  updatedAt: string
  /** What the caller may do now; a greyed button says why. */
  can: { approve: Can; decline: Can; withdraw: Can; reprice: Can }
  /** In one sentence, what is true now and whether to do anything: "unknown, do not resubmit" when that is the truth. */
  summary: string
}
export type Can = { ok: true } | { ok: false; why: string }

export type Order = {
  clOrdID: string
  intentID: string
  account: string
  role: Role
  parent: string | null
  /** The order in whose place it is, or is to be; and the one that is, or is to be, in its own. */
  replaces: string | null
  replacedBy: string | null
  terms: Terms
  ordStatus: OrdStatus
  delivery: 'Queued' | 'Sending' | 'Delivered' | 'Rejected' | 'InDoubt' | 'Absent'
  orderID: string | null
  cumQty: string
  leavesQty: string
  avgPx: string | null
  text: string | null
  corr: string
  createdAt: string
  sentAt: string | null
  updatedAt: string
  can: { cancel: Can; replace: Can }
}
export type Fill = {
  seq: number
  execID: string
  clOrdID: string
  intentID: string
  role: Role
  symbol: string
  side: Side
  lastQty: string
  lastPx: string
  settlCurrFxRate: string
  commission: string
  /** Units that the broker kept of a buy as its fee; there only when it kept some. */
  feeQty?: string
  transactTime: string
  live: boolean
}
export type Position = {
  symbol: string
  netQty: string
  avgCost: string | null
  realizedPnl: string
  commission: string
  /** At the last quote's mid, in account currency; null without a quote. */
  unrealizedPnl: string | null
  lastPx: string | null
  /** Size of the resting stops against it; as much as `netQty` is fully protected. */
  protectedQty: string
}
export type Account = {
  account: string
  environment: 'paper' | 'live'
  broker: string
  /** What the broker calls the account, such as its number; null until it is known. */
  brokerName: string | null
  currency: string
  status: string
  equity: string
  cash: string
  buyingPower: string
  /** Which rule of margin within the day holds it; `unknown` where the broker does not tell. */
  marginRegime: 'intraday' | 'legacy_pdt' | 'unknown'
  at: string
  fourEyes: 'on' | 'off'
}
export type Quote = {
  symbol: string
  bid: string
  ask: string
  last: string
  mid: string
  at: string
  sessionOpen: boolean
}
export type LimitName =
  | 'maxGrossExposure'
  | 'maxNetExposure'
  | 'maxDayTurnover'
  | 'maxOrderNotional'
  | 'maxPositionNotional'
  | 'maxSymbolShare'
  | 'maxSectorShare'
  | 'maxOrderQty'
  | 'maxOrderQtyShares'
  | 'maxOrderQtyFx'
  | 'maxOrderQtyCoins'
  | 'maxVolumeShare'
  | 'collarBps'
  | 'maxMoveBps'
  | 'maxOrdersPerMinute'
  | 'maxOrdersPerDay'
  | 'maxRepeats'
  | 'maxRejects'
  | 'maxLosers'
  | 'maxOpenPositions'
  | 'dayLoss'
  | 'drawdown'
  | 'buyingPowerBuffer'
/** Null: not limited in that way. Beyond `soft` an order asks for one level more. */
export type Bound = { hard: string | null; soft: string | null }
export type Limits = {
  version: number
  stage: 'S0' | 'S1' | 'S2' | 'S3' | 'S4'
  values: Record<LimitName, Bound>
  lists: {
    symbols: string[] | null
    restricted: string[]
    assetClasses: string[] | null
    venues: string[] | null
    sessions: string[] | null
    ordTypes: string[] | null
    sectors: string[]
    allowShort: boolean
  }
}
export type LimitChange = {
  name: string
  bound: 'hard' | 'soft' | null
  old: string | null
  new: string | null
  tighter: boolean
}
/** How large the orders of a strategy are at most. Shares are of equity. */
export type SizingModel =
  | { kind: 'risk'; share: string }
  | { kind: 'quantity'; orderQty: string }
  | { kind: 'notional'; notional: string }
  | { kind: 'volatility'; share: string; ranges: string }
  | { kind: 'kelly'; winRate: string; payoff: string; fraction: string }
export type Strategy = {
  strategyID: string
  version: number
  card: { goal: string; inputs: string; limits: string; owner: string; stopWhen: string }
  /** Null: as large as the risk budget allows. */
  model: SizingModel | null
  sizedBy: string
}
export type Stage = 'S0' | 'S1' | 'S2' | 'S3' | 'S4'
/** One thing that is asked for before the account leaves its stage. */
export type EvidenceLine = { of: string; title: string; need: string; have: string; met: boolean }
export type StagePast = {
  at: string
  from: Stage
  to: Stage
  cause: 'promoted' | 'demoted' | 'build agreed to'
  why: string
  changeID: string | null
  build: string | null
  evidence: EvidenceLine[]
}
/** One trading day as it counts for the next stage. `latency` and `slippage` count values up to each bound, the last beyond all. */
export type StageDay = {
  day: string
  session: boolean
  starts: number
  crashes: number
  orders: number
  compared: number
  breaks: number
  strategies: string[]
}
/** That somebody looked at all controls as a whole. */
export type Review = { byName: string; at: string; note: string }
/** A procedure of docs/emergency.md as people rehearsed it. */
export type Drill = {
  drillID: string
  drill: string
  byName: string
  startedAt: string
  endedAt: string
  result: 'passed' | 'failed'
  figures: Record<string, string>
  note: string | null
  /** People say so, and no program measured it. */
  attested: boolean
  /** Entries that a kill (E1) took back. */
  orders: string[]
}
export type StageNow = {
  account: string
  environment: 'paper' | 'live'
  stage: Stage
  title: string
  since: string
  /** The build that people agreed to; null: none yet. `runs` is the one that runs. */
  build: string | null
  runs: string | null
  /** Null at the last stage. */
  next: { stage: Stage; title: string } | null
  evidence: EvidenceLine[]
  /** All of it is shown. */
  shown: boolean
  days: StageDay[]
  /** How long people took to say yes, and by how much fills were worse than the price that they saw: counts up to each bound. */
  latency: { upToSeconds: number[]; counts: number[] }
  slippage: { upToBps: number[]; counts: number[] }
  /** The book that it was promoted in; null where it began here. */
  origin: { account: string; stage: Stage; since: string } | null
  past: StagePast[]
  can: { promote: Can; agreeBuild: Can }
}
/** How much of a limit an order uses; percentages are null of a limit of nothing. */
export type Headroom = {
  name: LimitName
  unit: 'account currency' | 'orders' | 'units' | 'count'
  limit: string
  before: string
  order: string
  orderPercent: string | null
  afterPercent: string | null
}
/** One limit: what holds, what people set, and how much of it is used now. */
export type LimitRow = {
  name: LimitName
  /** Its row in the table of controls, such as `P02`. */
  control: string
  unit:
    | 'share of equity'
    | 'share of buying power'
    | 'share of volume'
    | 'account currency'
    | 'basis points'
    | 'orders'
    | 'units'
    | 'count'
  meaning: string
  tighter: 'lower' | 'higher'
  /** What the gate says when it is broken; null where something else than an order trips it. */
  refusal: string | null
  /** What holds, in `unit`. */
  hard: string | null
  soft: string | null
  /** What people set, where the configuration holds the account to less. */
  setByPeople: Bound | null
  /** What its stage begins with. */
  default: string | null
  scope: 'account' | 'symbol' | 'entries' | 'order' | 'strategy'
  used: {
    unit: 'account currency' | 'orders' | 'units' | 'count' | 'basis points'
    limit: string | null
    soft: string | null
    /** Null: not known, or nothing that adds up. */
    now: string | null
    percent: string | null
    /** The symbol or entry that uses most of it. */
    of: string | null
  }
}
export type LimitList = {
  name: 'symbols' | 'restricted' | 'assetClasses' | 'venues' | 'sessions' | 'ordTypes' | 'sectors' | 'allowShort'
  control: string
  kind: 'allowed' | 'denied' | 'switch' | 'named'
  refusal: string
  meaning: string
  /** What holds. Null: all are allowed. */
  value: string[] | boolean | null
  /** Whether the configuration holds the account to less than people set. */
  byConfiguration: boolean
}
export type LimitsNow = {
  account: string
  currency: string | null
  /** What people have set. */
  inForce: Limits
  /** What people have set for later. */
  next: { limits: Limits; from: string; changes: LimitChange[] } | null
  rows: LimitRow[]
  lists: LimitList[]
  day: {
    day: string
    from: string
    until: string
    openingEquity: string | null
    highEquity: string | null
    messages: number
    turnover: string
  }
  can: { tighten: Can; loosen: Can }
  /** What a looser limit would take if it were proposed now by whoever asks, and from when on it would hold. */
  looser: { requires: Change['requires']; roles: string[]; from: string }
}
/** One change of the limits; the first one is what the account began with. */
export type LimitsPast = {
  at: string
  state: 'Began' | 'Waiting' | 'Applied' | 'Declined' | 'Lapsed'
  changeID: string | null
  version: number
  by: string
  reason: string | null
  /** From when on; null where it never held. */
  from: string | null
  /** When a later change took its place before its day had come. */
  givenUpAt: string | null
  changes: LimitChange[]
  agreed: Vote[]
  note: string | null
}
export type HaltLevel = 'K1' | 'K2' | 'K3' | 'K4'
export type Halt = {
  engaged: boolean
  level: HaltLevel | null
  by: string | null
  reason: string | null
  since: string | null
  openOrders: number
  proof: { clOrdID: string; symbol: string; ordStatus: OrdStatus }[]
  /** When the broker was last asked for all it holds; null before. */
  comparedAt: string | null
  /** None of ours that could open or enlarge a position works at the broker, by its own word since the halt, and the books agree. */
  proven: boolean
  /**
   * Everything that is halted, one by one: `global`, `symbol:AAPL`, `strategy:trend`, `account:…`, `broker:…`; with the
   * entries that are a part of it and may still fill.
   */
  halts: { scope: string; level: HaltLevel; by: string; reason: string; since: string; open: Halt['proof'] }[]
}
/** What is done, or waited for, in one symbol that is being closed. */
export type LiquidationStep =
  | 'Canceling'
  | 'InDoubt'
  | 'Working'
  | 'Reading'
  | 'Unexplained'
  | 'WaitsForOpen'
  | 'NotTradable'
  | 'NoQuote'
  | 'Rejected'
  | 'NeedsPerson'
  | 'Ready'
  | 'Dust'
  | 'Flat'
export type LiquidationLine = {
  symbol: string
  /** Held by the broker's own count, signed; null while it has not been read since the last trade. */
  netQty: string | null
  bookQty: string
  /** What the broker held when it was first read for this; null before that, and in a plan. */
  startQty: string | null
  closedQty: string
  avgPx: string | null
  bid: string | null
  ask: string | null
  quoteAt: string | null
  /** Fresh enough to set a limit by. */
  quoteFresh: boolean
  spreadBps: string | null
  /** At the bid of what is held, at the ask of what is owed, in the account's currency. */
  worth: string | null
  marketOpen: boolean | null
  /** Resting orders, which are canceled first. */
  cancels: { clOrdID: string; role: Role; terms: Terms }[]
  step: LiquidationStep
  text: string
}
export type LiquidationPlan = {
  account: string
  environment: 'paper' | 'live'
  currency: string | null
  /** When the broker was last read. */
  readAt: string | null
  /** The largest first. */
  lines: LiquidationLine[]
}
export type Liquidation = {
  account: string
  currency: string | null
  /** `None` when there never was one; else that of the last. */
  state: 'None' | 'Running' | 'Flat' | 'Stopped'
  liquidationID: string | null
  by: string | null
  reason: string | null
  /** Null: all. */
  symbols: string[] | null
  collarBps: number | null
  /** A person has allowed orders without a limit. */
  market: boolean
  startedAt: string | null
  endedAt: string | null
  stoppedBy: string | null
  stoppedWhy: string | null
  /** While it runs. */
  lines: LiquidationLine[]
  /** How it ended; null unless it came to its end. */
  report:
    | {
        symbol: string
        heldQty: string
        closedQty: string
        avgPx: string | null
        leftQty: string
        why: string | null
      }[]
    | null
}
export type Task = {
  taskID: string
  kind: string
  subject: string
  severity: 'warning' | 'critical'
  text: string
  /** Address of the chapter of the handbook that tells what to do. */
  runbook: string
  corr: string
  raisedAt: string
  acknowledgedAt: string | null
  acknowledgedBy: string | null
  /** When further people were told, since nobody had said that they saw it. */
  escalatedAt: string | null
  doneAt: string | null
  doneBy: string | null
  note: string | null
}
/** One journal row: `seq` is also the id of the event in `/v1/events`. */
export type Event = {
  seq: number
  ts: string
  action: string
  actor: { type: string; id: string; via: string }
  object: { type: string; id: string; rev: number }
  corr: string
  data: Record<string, unknown>
  text: string
}
export type Story = { corr: string; intent: Intent; orders: Order[]; fills: Fill[]; events: Event[] }
export type Reconciliation = { account: string; at: string; clean: boolean; findings: string[] } | null
export type Audit = { rows: number; hash: string; root: string; checkpoint: { size: number; at: string } | null }
export type Me = {
  kind: 'person' | 'agent'
  id: string
  name: string
  roles: string[]
  scopes: string[]
  csrf: string | null
}
export type Status = {
  version: string
  node: string
  startedAt: string
  now: string
  account: Account | null
  halted: boolean
  /** Why it cannot do its work, such as a database that cannot be written; null when it can. */
  notReady: string | null
  brokerConnected: boolean
  /** When it last answered or reported. */
  brokerHeardAt: string | null
  /** Its stream of reports; null where there is none to lose. */
  brokerStream: { up: boolean; since: string } | null
  awaiting: number
  openOrders: number
  tasks: number
  /** Of these, how many nobody has said that they saw. */
  alerts: number
  reconciliation: Reconciliation
  marketClock: { speed: number }
}
/** What `/readyz` answers. */
export type Readiness = { status: 'ok' | 'degraded'; because: string[] }
export type Page<T> = { items: T[]; next: string | null }
/** The broker's rules for one symbol: `tick` holds for prices at or above `from`. */
export type Instrument = {
  symbol: string
  name: string
  assetClass: 'us_equity' | 'fx' | 'crypto'
  currency: string
  ticks: { from: string; tick: string }[]
  lot: string
  minQty: string
  maxQty: string | null
  /** The least an order must be worth, in `currency`; there only where the broker asks for it. */
  minNotional?: string
  tradable: boolean
  shortable: boolean
}
/** `newcomer`: came in by a sign-in code, lost the last passkey, or made the first in a session by another's code, and counts for one click until a change confirms them. */
export type Person = {
  personID: string
  name: string
  roles: string[]
  disabled: boolean
  newcomer?: true
  createdAt: string
  /** Those in use; there for whoever may have them revoked. */
  passkeys?: Passkey[]
}
/** An agent token, without its secret. */
export type Token = {
  tokenID: string
  name: string
  owner: string | null
  /** Who made it, and so may not approve what it proposes; absent where no person did. */
  madeBy?: string
  scopes: string[]
  createdAt: string
  expiresAt: string
  revokedAt: string | null
}
/** `token` is the secret, shown this once. */
export type TokenMade = Token & { token: string }
export type SigninCode = { code: string; expiresAt: string }
/** Answer of `POST /v1/session?via=cli`: `session` is sent as `Authorization: Bearer`. */
export type CliSession = { session: string; me: Me }
/** First event of `/v1/events`, without an id: `seq` is the last row before the stream begins (-1: none). `reset` when the id asked for is not in this journal. */
export type Hello = { seq: number; now: string; reset: boolean }

/** `beyond`: the soft limits that the order is beyond, which then asks for one level more than its rules do; absent for none. */
export type Requirement = { level: Level; quorum: number; passkey: boolean; rules: string[]; beyond?: LimitName[] }

/** How sure it is that a person said yes: L1 a click, L2 a passkey over this very order, L3 two people with one each. L0 was armed beforehand. */
export type Level = 'L0' | 'L1' | 'L2' | 'L3'
/**
 * `with`: what it was said with. `counts`: false where that was revoked or unlinked, or their access taken, before the
 * order left; whoever still may gives it again.
 */
export type Vote = {
  by: string
  byName: string
  via: string
  level: Level
  with: 'click' | 'passkey' | 'slack' | 'teams' | 'armed'
  counts: boolean
  at: string
  reason: string | null
}

export type ApprovalRule = {
  name: string
  environment?: 'paper' | 'live'
  stages?: string[]
  strategies?: string[]
  symbols?: string[]
  notionalAbove?: string
  level: Level
  quorum: number
  approvalTtlMs?: number
  executionTtlMs?: number
  maxDriftBps?: number
}
/** Who must say yes to what. `version` counts the changes. */
export type ApprovalPolicy = {
  version: number
  rules: ApprovalRule[]
  /** The most that one order of an armed strategy may cost; null: nothing goes without a person. */
  autoMaxNotional: string | null
  changes: { level: Level; quorum: number }
  /** When somebody is there to decide; absent: always. Days are 1 (Monday) to 7 (Sunday), times as `09:30`. */
  coverage?: { zone: string; days: number[]; from: string; until: string }
  /** After so long without its yes, further people are told of an order; absent: never. */
  escalateAfterMs?: number
}
/** `fourEyes`: whether no order is ever sent on the word of fewer than two people. */
export type Approvals = {
  policy: ApprovalPolicy
  fourEyes: 'on' | 'off'
  /** People who may approve orders, and people who may change the policy. */
  approvers: number
  governors: number
  armed: Arming[]
}
export type Arming = {
  armingID: string
  strategyID: string
  symbols: string[]
  maxNotional: string
  maxCount: number
  count: number
  until: string
  byName: string
  armedAt: string
  disarmedAt: string | null
  why: string | null
}
/** How far limits are raised for one order, each in its own unit. */
export type Raised = Partial<Record<LimitName, string>>
/** Something about the house itself that people must agree to. */
export type Change = {
  changeID: string
  what:
    | { kind: 'approval policy'; before: number; policy: ApprovalPolicy }
    | {
        kind: 'person'
        personID: string
        name: string
        before: { roles: string[]; disabled: boolean }
        after: { roles: string[]; disabled: boolean }
      }
    | { kind: 'passkey revoked'; credentialID: string; personID: string; name: string }
    | { kind: 'risk limits'; before: Limits; after: Limits; changes: LimitChange[] }
    | { kind: 'strategy'; strategyID: string; before: Strategy | null; after: Strategy }
    | { kind: 'release'; scope: string; level: HaltLevel; since: string; by: string; why: string }
    | { kind: 'waiver'; intentID: string; lifts: LimitName[]; raised?: Raised; terms: Terms; maxNotional: string }
    | {
        kind: 'stage'
        before: Stage
        after: Stage
        /** Counts the changes of stage before it. */
        era: number
        /** The build that is to trade in it. */
        build: string
        limits: Limits
        /** What had been shown when it was proposed. */
        evidence: EvidenceLine[]
      }
  digest: string
  fingerprint: string
  requires: Requirement
  reason: string
  proposer: string
  proposerName: string
  votes: Vote[]
  state: 'Waiting' | 'Applied' | 'Declined' | 'Lapsed'
  proposedAt: string
  decideBy: string
  settledAt: string | null
  note: string | null
  can: { approve: Can; decline: Can }
}
export type Passkey = {
  credentialID: string
  name: string
  device: 'single' | 'multi'
  backedUp: boolean
  createdAt: string
  /** Before this it approves nothing live. */
  liveFrom: string
  revokedAt: string | null
}
/** `oidc` is an account at the sign-in provider, the others are chats. */
export type Link = { linkID: string; provider: 'slack' | 'teams' | 'oidc'; createdAt: string; endedAt: string | null }
/** Ways to sign in beside a one-time code; `vouched` may be linked by whoever signs in with this browser. */
export type WaysToSignIn = {
  provider: { name: string; url: string } | null
  vouched: { linkID: string; label: string } | null
}
/** One's own access: passkeys, linked chats, sessions. */
export type Access = {
  passkeys: Passkey[]
  links: Link[]
  sessions: { id: string; via: 'web' | 'cli'; createdAt: string; expiresAt: string; current: boolean }[]
  /** Whether this page is reached by a name that passkeys work with; else why not. */
  canEnrol: Can
}
/** What the browser hands to `navigator.credentials`, in the JSON form of WebAuthn level 3, and what is signed. */
export type PasskeyAsk = { options: Record<string, unknown>; envelope: Record<string, unknown> | null }
/** For a new passkey; `confirm` is to be signed by one that the person has already. */
export type EnrolAsk = PasskeyAsk & { confirm: PasskeyAsk | null }
/** How the last approvals went: of the intents received since `since`. Times in milliseconds. */
export type ApprovalStatistics = {
  since: string
  asked: number
  approved: number
  declined: number
  expired: number
  withdrawn: number
  refused: number
  decidedInMs: { p50: number; p95: number } | null
  byPerson: { byName: string; approved: number; declined: number; medianMs: number | null }[]
}
