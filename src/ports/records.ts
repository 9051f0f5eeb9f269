import type { ChannelUser, Envelope, Evidence, Level } from '../approvals/evidence.ts'
import type { PublicKey } from '../approvals/passkey.ts'
import type { ApprovalPolicy, Arming, Requirement } from '../approvals/policy.ts'
import type { AccountFacts, Freeze, MarketFacts } from '../gate/facts.ts'
import type { CheckLine } from '../gate/gate.ts'
import type { Headroom } from '../gate/headroom.ts'
import type { LimitName, Limits, Raised } from '../gate/limits.ts'
import type { SizingModel } from '../gate/model.ts'
import type { DayCounts, EvidenceLine } from '../gate/rollout.ts'
import type { HaltLevel, HaltScope, HaltState } from '../orders/halt.ts'
import type { Liquidation } from '../orders/liquidation.ts'
import type { Refusal } from '../gate/refusal.ts'
import type { Sizing } from '../gate/sizing.ts'
import type { Actor } from '../journal/row.ts'
import type { IntentState } from '../orders/intent.ts'
import type { Order } from '../orders/machine.ts'
import type { Position } from '../orders/position.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Execution } from '../orders/report.ts'
import type { Stage } from '../orders/stage.ts'
import type { Terms } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import type { Amt, Px } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import type { Identity } from './broker.ts'

/** What was asked for and how far it got. */
export type Intent = {
  readonly intentID: IntentID
  readonly account: AccountID
  readonly state: IntentState
  readonly proposal: Proposal
  /** The request as it was parsed, field by field as text: a repeat is compared with it, and the differing field is named. */
  readonly body: Readonly<Record<string, string>>
  readonly proposer: Actor
  /** The owner of the proposing token, who may not approve either; null for tokens nobody owns. */
  readonly proposerOwner: string | null
  /** Whoever made the proposing token, who may not approve either; absent for tokens that nobody made, and of before it was kept. */
  readonly proposerMaker?: string
  /** Number of tickets made so far; 0 before the first. */
  readonly rev: number
  readonly ticket: Ticket | null
  /** What an approval must name: SHA-256 over the ticket, base64url. */
  readonly digest: string | null
  readonly sizing: Sizing | null
  readonly checks: readonly CheckLine[]
  /** How much of each limit the ticket uses; absent where there are none. */
  readonly headroom?: readonly Headroom[]
  readonly refusals: readonly Refusal[]
  /** Until when a human may decide; null before there is a ticket. */
  readonly decideBy: Instant | null
  /** When further people are told of this ticket, should it wait for so long; absent where the policy says never. */
  readonly escalation?: Escalation
  /** When they were; a new ticket begins without it. */
  readonly escalatedAt?: Instant
  readonly decision: Decision | null
  /** What the policy asked for when the ticket was made; absent before there is one, and on those of before there was a policy. */
  readonly requires?: Requirement
  /** Every yes to this ticket, in the order in which they came. A new ticket begins with none. */
  readonly votes?: readonly Decision[]
  /** Asked to be looked at later, or by somebody else; nothing of it decides anything. */
  readonly asides?: readonly Aside[]
  /** Until when an approval may be sent. */
  readonly sendBy: Instant | null
  /** The order made from it, the latest when an earlier one is proven never to have left. */
  readonly clOrdID: ClOrdID | null
  /** How many ClOrdIDs were made for it; the next one is named by this number. */
  readonly attempts: number
  readonly corr: string
  readonly receivedAt: Instant
  readonly updatedAt: Instant
}
/** `afterMs` is in a person's time, `at` is the clock's. */
export type Escalation = { readonly at: Instant; readonly afterMs: number }
export type Decision = {
  readonly verdict: 'approved' | 'declined' | 'withdrawn'
  readonly by: string
  readonly byName: string
  readonly via: string
  readonly reason: string | null
  readonly digest: string | null
  readonly at: Instant
  /** How sure it is that they said so, and with what they did; absent on what was decided before there was a policy. */
  readonly level?: Level
  readonly evidence?: Evidence
}
/** What a person said of a waiting order without deciding it. */
export type Aside = {
  readonly kind: 'snoozed' | 'reanalyse' | 'reason'
  readonly by: string
  readonly byName: string
  readonly text: string
  /** Until when nobody is to be reminded. */
  readonly until: Instant | null
  readonly at: Instant
}

/** A passkey of a person. The private half is in their device; what is here proves what it signed. */
export type Passkey = {
  /** Base64url, as the browser names it. */
  readonly credentialID: string
  readonly personID: string
  readonly key: PublicKey
  /** The name that the page was reached by when it was made: a passkey works under no other. */
  readonly rpID: string
  /** The person's name for it: `laptop`. */
  readonly name: string
  readonly device: 'single' | 'multi'
  readonly backedUp: boolean
  readonly transports: readonly string[]
  readonly createdAt: Instant
  /** Before this it approves nothing live: time to notice that somebody else enrolled it. */
  readonly liveFrom: Instant
  /** How often it says that it was used; most say 0 always. */
  readonly counter: number
  readonly revokedAt: Instant | null
}

/** An account at the sign-in provider, as it vouches for it: never a name or an address, which may be given to another. */
export type ProviderAccount = {
  readonly provider: 'oidc'
  /** The provider: `iss` of its tokens. */
  readonly tenant: string
  /** The account: `sub`, which the provider gives to no other. */
  readonly user: string
}

/** A user of a chat, or an account at the sign-in provider, and the person they are. */
export type Link = (ChannelUser | ProviderAccount) & {
  readonly linkID: string
  readonly personID: string
  /** As of the session that it was linked in. */
  readonly codeBy?: string
  readonly createdAt: Instant
  readonly endedAt: Instant | null
}

/** A strategy whose orders go without a person for a while, within bounds. */
export type ArmedStrategy = Arming & {
  readonly count: number
  readonly until: Instant
  readonly by: string
  readonly byName: string
  readonly armedAt: Instant
  readonly disarmedAt: Instant | null
  readonly why: string | null
}

/** Something about the house itself that people must agree to: its policy of approvals, or a person's access. */
export type Change = {
  readonly changeID: string
  readonly what: ChangeOf
  /** SHA-256 over the canonical change, base64url: what a yes must name. */
  readonly digest: string
  readonly requires: Requirement
  readonly reason: string
  readonly proposer: string
  readonly proposerName: string
  readonly votes: readonly Decision[]
  readonly state: 'Waiting' | 'Applied' | 'Declined' | 'Lapsed'
  readonly proposedAt: Instant
  readonly decideBy: Instant
  readonly settledAt: Instant | null
  readonly note: string | null
}
export type ChangeOf =
  | { readonly kind: 'approval policy'; readonly before: number; readonly policy: ApprovalPolicy }
  | {
      readonly kind: 'person'
      readonly personID: string
      readonly before: { readonly roles: readonly PersonRole[]; readonly disabled: boolean }
      readonly after: { readonly roles: readonly PersonRole[]; readonly disabled: boolean }
    }
  | { readonly kind: 'passkey revoked'; readonly credentialID: string; readonly personID: string }
  | { readonly kind: 'risk limits'; readonly before: Limits; readonly after: Limits }
  | {
      readonly kind: 'strategy'
      readonly strategyID: string
      readonly before: Strategy | null
      readonly after: Strategy
    }
  | {
      readonly kind: 'release'
      readonly scope: HaltScope
      /** The halt as it stands; raised or engaged anew, it is another one. */
      readonly level: HaltLevel
      /** RFC 3339. */
      readonly since: string
      readonly by: string
      readonly why: string
    }
  | {
      readonly kind: 'waiver'
      /** The intent that was refused. */
      readonly intentID: IntentID
      /** The limits that it may be beyond, once. */
      readonly lifts: readonly LimitName[]
      /** How far each of these is raised, in its own unit: what people see is the most that there will be. */
      readonly raised?: Raised
      /** What the order may be at most: these terms, for so many units and so much money. */
      readonly terms: Terms
      readonly maxNotional: Amt
    }
  | {
      readonly kind: 'stage'
      readonly before: Stage
      /** The next one; the same where people only agree to the build that is to trade in it. */
      readonly after: Stage
      readonly era: number
      readonly build: string
      /** What the account may risk in it, from the moment that it is agreed to. */
      readonly limits: Limits
      /** What was shown for it, as the proposer saw it. */
      readonly evidence: readonly EvidenceLine[]
    }

/** What a browser is to sign, made by us and good once. */
export type Challenge = {
  /** Base64url SHA-256 of the envelope, or random for an enrolment. */
  readonly challenge: string
  readonly personID: string
  /** The start of the hash of the session that asked. */
  readonly session: string
  readonly purpose: 'enrol' | 'decide'
  readonly envelope: Envelope | null
  readonly expiresAt: Instant
}
/** Something that must not happen a second time, such as a request that somebody recorded and plays again. */
export type Once = { readonly key: string; readonly until: Instant }
/** Where a card stands in a channel, and what it showed last. */
export type PostedCard = {
  readonly channel: string
  readonly intentID: IntentID
  readonly place: { readonly conversation: string; readonly message: string } | null
  readonly shown: string | null
  readonly attempts: number
  readonly dueAt: Instant
}

/** An execution with its place in our book: `seq` is the journal row that made it known, and orders the page of fills. */
export type Fill = Execution & {
  readonly account: AccountID
  readonly intentID: IntentID
  readonly role: string
  readonly seq: number
}

export type ErrandKind =
  | 'gather'
  | 'send'
  | 'resend'
  | 'adopt'
  | 'resolve'
  | 'cancel'
  | 'poll'
  | 'lapse'
  | 'escalate'
  | 'liquidate'
  | 'reconcile'
/** Work for the worker. At most one of a kind for a subject; leased while it runs, so that a dead worker's errand is taken over. */
export type Errand = {
  readonly kind: ErrandKind
  readonly subject: string
  readonly dueAt: Instant
  readonly attempts: number
  readonly leaseOwner: string | null
  readonly leaseUntil: Instant | null
  readonly lastError: string | null
  readonly corr: string
}

/** Something only a person can settle. Until somebody has said that they saw it, it is an alert. */
export type Task = {
  readonly taskID: string
  readonly kind: string
  /** The order, symbol or account it is about. */
  readonly subject: string
  readonly severity: 'warning' | 'critical'
  readonly text: string
  readonly corr: string
  /** Names what tripped, of tasks that a trigger raised: the same occasion never trips twice. */
  readonly occasion?: string
  readonly raisedAt: Instant
  /** When a person said that they saw it, and who; absent until then. */
  readonly acknowledgedAt?: Instant
  readonly acknowledgedBy?: string
  /** When further people were told, since nobody had; absent until then. */
  readonly escalatedAt?: Instant
  readonly doneAt: Instant | null
  readonly doneBy: string | null
  readonly note: string | null
}

export type PersonRole = 'trader' | 'approver' | 'risk' | 'operator' | 'admin' | 'auditor'
export type Person = {
  readonly personID: string
  readonly name: string
  readonly roles: readonly PersonRole[]
  readonly disabled: boolean
  /**
   * Came in by a sign-in code, lost the last passkey, or made the first in a session by another's code, and no change has
   * confirmed them since: one click is all they are good for.
   */
  readonly newcomer?: true
  /** Since when: of whoever counted for more before. Absent on those who never did. */
  readonly newSince?: Instant
  readonly createdAt: Instant
}

export type Token = {
  readonly tokenID: string
  readonly name: string
  /** The person answerable for the agent; null for the one made at set-up. */
  readonly owner: string | null
  /** The person who made it and was shown its secret; absent on the one made at set-up, and on those of before it was kept. */
  readonly madeBy?: string
  /** Hex SHA-256 of the secret: 256 random bits, so a plain hash is enough. */
  readonly hash: string
  readonly scopes: readonly string[]
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly revokedAt: Instant | null
}
export type Session = {
  /** Hex SHA-256 of the cookie. */
  readonly hash: string
  readonly personID: string
  readonly via: 'web' | 'cli'
  /** The account at the sign-in provider that opened it, and whose end is its end; absent where a code did. */
  readonly linkID?: string
  /** The person who made the code that it goes back to, where that is somebody else: it may be they who sit there. */
  readonly codeBy?: string
  readonly csrf: string
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly endedAt: Instant | null
}
export type SigninCode = {
  readonly hash: string
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly usedAt: Instant | null
  /** A code that ties a chat user to this person, and opens no session. */
  readonly links?: string
  /** The person who made it, or who stands behind the session it was made in; absent when the machine itself did. */
  readonly madeBy?: string
}

/** `state` is null once people have released it; `releasedAt` is when they last did, and stays. */
export type Halt = { readonly scope: HaltScope; readonly state: HaltState | null; readonly releasedAt?: Instant }

/** What people have agreed on about a strategy. One that nobody has written of trades by its name alone. */
export type Strategy = {
  readonly strategyID: string
  /** Counts the changes; 1 is the first. */
  readonly version: number
  readonly card: StrategyCard
  /** How large its orders are; null: as large as the risk budget allows. */
  readonly model: SizingModel | null
}
/** What somebody must know to answer for it, in words that need no code. */
export type StrategyCard = {
  readonly goal: string
  readonly inputs: string
  readonly limits: string
  readonly owner: string
  /** What makes whoever watches it stop it. */
  readonly stopWhen: string
}

/** The trading day and what was sent in it. `turnover` and all of `opening` are in account currency. */
export type TradingDay = {
  readonly scope: 'account'
  /** `2026-11-24`, where its market is. */
  readonly day: string
  readonly from: Instant
  readonly until: Instant
  /** By the first reading of the account in it, and what trades had moved until then; null before. */
  readonly opening: {
    readonly equity: Amt
    readonly cash: Amt
    readonly cashFlow: Amt
    /** The highest that any day has opened with, more what was paid in since. */
    readonly highEquity: Amt
  } | null
  /** While this one has no opening: that of the last day that had. */
  readonly before?: TradingDay['opening']
  /** Orders, cancels and replacements. */
  readonly messages: number
  /** The times of the latest of them. */
  readonly recent: readonly Instant[]
  /** What its entries have cost or may still cost. */
  readonly turnover: Amt
  /** Entries of this day that a clock, set back, dates before it. */
  readonly strays?: readonly ClOrdID[]
  /** How many were sent, by strategy, symbol and side. */
  readonly entries: Readonly<Record<string, number>>
}

/** The risk limits that people have set, and those that wait for their day. */
export type RiskLimits = {
  readonly scope: 'account'
  readonly limits: Limits
  readonly next: { readonly limits: Limits; readonly from: Instant } | null
}

/** A procedure of docs/emergency.md as people rehearsed it: evidence for the next stage, whatever came of it. */
export type Drill = {
  readonly drillID: string
  /** `E1`; `restore` is none of the table. */
  readonly drill: string
  readonly by: string
  readonly byName: string
  readonly startedAt: Instant
  readonly endedAt: Instant
  readonly result: 'passed' | 'failed'
  /** What was measured, by name, with its unit: `noFurtherSend: 0.4 s`. */
  readonly figures: Readonly<Record<string, string>>
  readonly note: string | null
  /** True where people say that they did it, and no program measured it. */
  readonly attested: boolean
  /** E1: the entries that the halt took back, each canceled by the broker's word. Absent where there are none. */
  readonly orders?: readonly ClOrdID[]
}

/** What people let one order be beyond, once and for a few minutes. It bears the name of the intent that was made for it. */
export type Waiver = {
  readonly intentID: IntentID
  /** The intent that was refused. */
  readonly of: IntentID
  readonly lifts: readonly LimitName[]
  /** How far each of these is raised, in its own unit. Absent in old journals, where they were lifted altogether. */
  readonly raised?: Raised
  readonly terms: Terms
  readonly maxNotional: Amt
  readonly until: Instant
}

/** When people last looked at all controls as a whole. */
export type Review = {
  readonly scope: 'account'
  readonly by: string
  readonly byName: string
  readonly note: string
  readonly at: Instant
}

/** How far the account has come, and on whose word. */
export type Rollout = {
  readonly scope: 'account'
  readonly stage: Stage
  readonly since: Instant
  /** Counts the changes; what is shown for the next stage is counted within one. */
  readonly era: number
  /** The build that people agreed to let trade; null: none yet. */
  readonly build: string | null
  /** The build that ran last. */
  readonly runs: string | null
  /** The last run has not ended by itself, as far as is written. */
  readonly running: boolean
  /** Every change since it began, oldest first. */
  readonly past: readonly StagePast[]
  /** The book that it was promoted in; null where it began here. */
  readonly origin: Origin | null
}
export type StagePast = {
  readonly at: Instant
  readonly from: Stage
  readonly to: Stage
  readonly cause: 'promoted' | 'demoted' | 'build agreed to'
  readonly why: string
  /** The change that people agreed to; null where a rule did it. */
  readonly changeID: string | null
  readonly build: string | null
  /** What had been shown then. */
  readonly evidence: readonly EvidenceLine[]
}
/** A book of another account, as its journal was read and verified when this one began. */
export type Origin = {
  readonly account: AccountID
  readonly accountID: string
  /** Rows of its journal, and the hash of the last one. */
  readonly size: number
  readonly head: string
  readonly stage: Stage
  readonly since: Instant
  readonly limits: Limits | null
  /** The build that people agreed to there. */
  readonly build: string | null
  readonly drills: readonly { readonly name: string; readonly at: Instant; readonly passed: boolean }[]
}

/** The last reconciliation: what was compared and what it found. */
export type ReconcileRun = {
  readonly account: AccountID
  /** When the broker's side began to be read: what happened later is not in it. */
  readonly at: Instant
  readonly clean: boolean
  readonly findings: readonly string[]
  /** When each of them was found first, in their order. */
  readonly seenAt?: readonly Instant[]
  /** Since when the oldest of those that nothing explains is there; absent when there is none. */
  readonly graveSince?: Instant
}

/** Which account at the broker our book is about: taken down at the first start, compared at every later one. */
export type Identified = Identity & { readonly account: AccountID; readonly since: Instant }

/** Views: folds of the journal, rebuilt from it at any time. */
export type Views = {
  intent: Intent
  order: Order
  fill: Fill
  position: Position
  halt: Halt
  freeze: Freeze
  task: Task
  person: Person
  token: Token
  session: Session
  code: SigninCode
  reconcile: ReconcileRun
  identity: Identified
  approvals: { readonly scope: 'account'; readonly policy: ApprovalPolicy }
  limits: RiskLimits
  stage: Rollout
  stageDay: DayCounts
  drill: Drill
  review: Review
  waiver: Waiver
  strategy: Strategy
  day: TradingDay
  change: Change
  passkey: Passkey
  link: Link
  arming: ArmedStrategy
  liquidation: Liquidation
}
/** Working rows: what was last seen outside, and what is to be done. Not in the journal; made again when lost. */
export type Working = {
  market: MarketRow
  account: AccountRow
  errand: Errand
  challenge: Challenge
  once: Once
  card: PostedCard
}
/** `trail` is lowest and highest mid price of each of the last minutes; absent where no limit looks at it. */
export type MarketRow = MarketFacts & {
  readonly trail?: readonly { readonly at: Instant; readonly low: Px; readonly high: Px }[]
}
/** `afterRow` is how many journal rows there were when the reading began: it knows every trade among them. */
export type AccountReading = AccountFacts & { readonly afterRow: number }
/** `tradedRow` is the newest journal row with a trade: a reading that began before it does not know it, and the gate must not use it. */
export type AccountRow = AccountReading & {
  readonly key: AccountID
  readonly tradedRow: number
  /** Losses that were at their limit in this reading; they stop trading when the next one says so as well. */
  readonly atLimit?: readonly ('dayLoss' | 'drawdown')[]
  /** When a person last did anything here. Kept through a restart, which is nobody's act. */
  readonly actedAt?: Instant
  /** No time here can be trusted since our clock was too far off: not until two readings in a row were right. */
  readonly clockWrong?: boolean
}

export type Records = Views & Working
export type Kind = keyof Records

export const KEY: { readonly [K in Kind]: (record: Records[K]) => string } = {
  intent: (r) => r.intentID,
  order: (r) => r.clOrdID,
  fill: (r) => `${r.account}|${r.execID}`,
  position: (r) => r.symbol,
  halt: (r) => r.scope,
  freeze: (r) => r.symbol,
  task: (r) => r.taskID,
  person: (r) => r.personID,
  token: (r) => r.tokenID,
  session: (r) => r.hash,
  code: (r) => r.hash,
  reconcile: (r) => r.account,
  identity: (r) => r.account,
  approvals: (r) => r.scope,
  limits: (r) => r.scope,
  stage: (r) => r.scope,
  stageDay: (r) => `${r.era}|${r.day}`,
  drill: (r) => r.drillID,
  review: (r) => r.scope,
  waiver: (r) => r.intentID,
  strategy: (r) => r.strategyID,
  day: (r) => r.scope,
  change: (r) => r.changeID,
  passkey: (r) => r.credentialID,
  link: (r) => r.linkID,
  arming: (r) => r.armingID,
  liquidation: (r) => r.scope,
  challenge: (r) => r.challenge,
  once: (r) => r.key,
  card: (r) => `${r.channel}|${r.intentID}`,
  market: (r) => r.symbol,
  account: (r) => r.key,
  errand: (r) => `${r.kind}:${r.subject}`,
}
export const VIEWS = [
  'intent',
  'order',
  'fill',
  'position',
  'halt',
  'freeze',
  'task',
  'person',
  'token',
  'session',
  'code',
  'reconcile',
  'identity',
  'approvals',
  'limits',
  'stage',
  'stageDay',
  'drill',
  'review',
  'waiver',
  'strategy',
  'day',
  'change',
  'passkey',
  'link',
  'arming',
  'liquidation',
] as const satisfies readonly (keyof Views)[]
