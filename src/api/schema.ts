import { z } from 'zod'
import { MARGIN_REGIMES } from '../gate/facts.ts'
import { LIMIT_NAMES, LIST_NAMES } from '../gate/limits.ts'
import { STEPS } from '../gate/closing.ts'
import { HALT_LEVELS } from '../orders/halt.ts'
import { STAGES } from '../orders/stage.ts'
import type * as wire from './wire.ts'

// The shape of every answer, for the documentation and the tests. `satisfies` holds each one to its wire type, so
// neither can change without the other.

/** Named schemas: each becomes a component of the OpenAPI document. */
export const components = z.registry<{ id: string; description?: string }>()

function named<T extends z.ZodType>(id: string, schema: T, description?: string): T {
  components.add(schema, { id, ...(description === undefined ? {} : { description }) })
  return schema
}

const text = z.string()
const decimal = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ format: 'decimal', examples: ['187.50'] })
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .meta({ format: 'date-time', examples: ['2026-11-22T15:13:20.000000Z'] })
const count = z.int().min(0)
const names = <const T extends readonly string[]>(values: T) => z.enum(values)

const side = names(['Buy', 'Sell'])
const role = names(['Entry', 'Stop', 'Target', 'Exit', 'External'])
const environment = names(['paper', 'live'])
const ordStatus = names([
  'PendingNew',
  'New',
  'PartiallyFilled',
  'Filled',
  'Canceled',
  'Replaced',
  'Rejected',
  'Expired',
  'PendingCancel',
  'PendingReplace',
  'InDoubt',
  'NotSent',
])
const who = z.strictObject({ type: text, id: text, name: text })

export const can = named(
  'Can',
  z.union([z.strictObject({ ok: z.literal(true) }), z.strictObject({ ok: z.literal(false), why: text })]),
  'Whether the caller may do it now; if not, why.',
) satisfies z.ZodType<wire.Can>

export const refusal = named(
  'Refusal',
  z.strictObject({
    code: text,
    transient: z.boolean(),
    text,
    facts: z.record(text, z.union([text, z.number(), z.boolean(), z.null()])),
  }),
  'One reason of the gate: `transient` says whether waiting can help, `facts` are the numbers that were compared.',
) satisfies z.ZodType<wire.Refusal>

export const problemSchema = named(
  'Problem',
  z.strictObject({
    type: text,
    title: text,
    status: z.int(),
    code: text,
    detail: text,
    instance: text.optional(),
    errors: z.array(z.strictObject({ path: text, message: text })).optional(),
    refusals: z.array(refusal).optional(),
  }),
  'RFC 9457. `code` is stable; `detail` is for people and says what to do.',
)

const checkLine = named(
  'CheckLine',
  z.strictObject({ check: text, passed: z.boolean(), label: text }),
) satisfies z.ZodType<wire.CheckLine>

const nameOfLimit = names(LIMIT_NAMES)
const bound = z.strictObject({ hard: decimal.nullable(), soft: decimal.nullable() })
export const limits = named(
  'Limits',
  z.strictObject({
    version: count,
    stage: names(STAGES),
    values: z.record(nameOfLimit, bound),
    lists: z.strictObject({
      symbols: z.array(text).nullable(),
      restricted: z.array(text),
      assetClasses: z.array(text).nullable(),
      venues: z.array(text).nullable(),
      sessions: z.array(text).nullable(),
      ordTypes: z.array(text).nullable(),
      sectors: z.array(text),
      allowShort: z.boolean(),
    }),
  }),
  'What the account may risk. Null: not limited in that way. Beyond `soft` an order asks for one level more; beyond `hard` it is refused.',
) satisfies z.ZodType<wire.Limits>
export const strategy = named(
  'Strategy',
  z.strictObject({
    strategyID: text,
    version: count,
    card: z.strictObject({ goal: text, inputs: text, limits: text, owner: text, stopWhen: text }),
    model: z
      .union([
        z.strictObject({ kind: z.literal('risk'), share: decimal }),
        z.strictObject({ kind: z.literal('quantity'), orderQty: decimal }),
        z.strictObject({ kind: z.literal('notional'), notional: decimal }),
        z.strictObject({ kind: z.literal('volatility'), share: decimal, ranges: decimal }),
        z.strictObject({ kind: z.literal('kelly'), winRate: decimal, payoff: decimal, fraction: decimal }),
      ])
      .nullable(),
    sizedBy: text,
  }),
  'What people have agreed on about a strategy: its card, and how large its orders are at most. Risk budget and limits hold as well.',
) satisfies z.ZodType<wire.Strategy>
const stage = names(STAGES)
const evidenceLine = named(
  'EvidenceLine',
  z.strictObject({ of: text, title: text, need: text, have: text, met: z.boolean() }),
  'One thing that is asked for before the account leaves its stage, and what there is of it.',
) satisfies z.ZodType<wire.EvidenceLine>
const limitChange = z.strictObject({
  name: text,
  bound: names(['hard', 'soft']).nullable(),
  old: text.nullable(),
  new: text.nullable(),
  tighter: z.boolean(),
})
const limitRow = named(
  'LimitRow',
  z.strictObject({
    name: nameOfLimit,
    control: text,
    unit: names([
      'share of equity',
      'share of buying power',
      'share of volume',
      'account currency',
      'basis points',
      'orders',
      'units',
      'count',
    ]),
    meaning: text,
    tighter: names(['lower', 'higher']),
    refusal: text.nullable(),
    hard: decimal.nullable(),
    soft: decimal.nullable(),
    setByPeople: bound.nullable(),
    default: decimal.nullable(),
    scope: names(['account', 'symbol', 'entries', 'order', 'strategy']),
    used: z.strictObject({
      unit: names(['account currency', 'orders', 'units', 'count', 'basis points']),
      limit: decimal.nullable(),
      soft: decimal.nullable(),
      now: decimal.nullable(),
      percent: decimal.nullable(),
      of: text.nullable(),
    }),
  }),
  'One limit: what holds in its unit, and what is used of it now, a share as the amount it is.',
) satisfies z.ZodType<wire.LimitRow>
const limitList = z.strictObject({
  name: names(LIST_NAMES),
  control: text,
  kind: names(['allowed', 'denied', 'switch', 'named']),
  refusal: text,
  meaning: text,
  value: z.union([z.array(text), z.boolean()]).nullable(),
  byConfiguration: z.boolean(),
}) satisfies z.ZodType<wire.LimitList>
const headroom = z.strictObject({
  name: names(LIMIT_NAMES),
  unit: names(['account currency', 'orders', 'units', 'count']),
  limit: decimal,
  before: decimal,
  order: decimal,
  orderPercent: decimal.nullable(),
  afterPercent: decimal.nullable(),
})
const terms = named(
  'Terms',
  z.strictObject({
    symbol: text,
    side,
    ordType: names(['Market', 'Limit', 'Stop', 'StopLimit']),
    timeInForce: names(['Day', 'GTC', 'IOC', 'FOK']),
    orderQty: decimal,
    price: decimal.nullable(),
    stopPx: decimal.nullable(),
    bracket: z
      .strictObject({ stopPx: decimal, targetPx: decimal.nullable(), stopLimitPx: decimal.exactOptional() })
      .nullable(),
    reduceOnly: z.boolean(),
  }),
  'What one order asks of the broker.',
) satisfies z.ZodType<wire.Terms>

const sizing = named(
  'Sizing',
  z.strictObject({
    currency: text,
    equity: decimal,
    riskPerTrade: decimal,
    riskAmount: decimal,
    entryPx: decimal,
    stopPx: decimal,
    riskPerUnit: decimal,
    conversionRate: decimal,
    riskPerUnitAccount: decimal,
    rawQty: decimal,
    caps: z.array(z.strictObject({ name: text, limit: decimal, capQty: decimal })),
    binding: text,
    lot: decimal,
    qty: decimal,
    notional: decimal,
    riskAtStop: decimal,
  }),
  'How the quantity was computed, line by line.',
) satisfies z.ZodType<wire.Sizing>

const level = names(['L0', 'L1', 'L2', 'L3'])
const requirement = named(
  'Requirement',
  z.strictObject({
    level,
    quorum: count,
    passkey: z.boolean(),
    rules: z.array(text),
    beyond: z.array(nameOfLimit).exactOptional(),
  }),
  'What the policy of approvals asks for: how sure a yes (L1 a click, L2 a passkey over this very order, L3 two people with one each; L0 was armed beforehand), and of how many people. `passkey`: a click is not enough. `rules` are the names of those that matched, for people. `beyond` are the soft limits that the order is beyond: then it asks for one level more than the rules do.',
) satisfies z.ZodType<wire.Requirement>

const vote = named(
  'Vote',
  z.strictObject({
    by: text,
    byName: text,
    via: text,
    level,
    with: names(['click', 'passkey', 'slack', 'teams', 'armed']),
    counts: z.boolean(),
    at: time,
    reason: text.nullable(),
  }),
  'One yes, and what it was said with. `counts` is false when that was revoked or unlinked, the access taken or the policy changed since: such a yes is none, and may be given again.',
) satisfies z.ZodType<wire.Vote>

export const intent = named(
  'Intent',
  z.strictObject({
    intentID: text,
    account: text,
    state: names(['Received', 'AwaitingApproval', 'Approved', 'Refused', 'Declined', 'Lapsed', 'Withdrawn']),
    form: names(['Signal', 'Order']),
    symbol: text,
    side: names(['Buy', 'Sell', 'Hold']),
    entryPx: decimal,
    stopPx: decimal,
    targetPx: decimal.nullable(),
    askedQty: decimal.nullable(),
    strategyID: text,
    model: z.strictObject({ name: text, version: text }).nullable(),
    run: z.strictObject({ id: text.nullable(), hash: text.nullable() }),
    confidence: decimal.nullable(),
    reasoning: text,
    proposer: who,
    generatedAt: time,
    expiresAt: time,
    rev: count,
    ticket: z
      .strictObject({
        terms,
        maxNotional: decimal,
        currency: text,
        refPx: decimal,
        refAt: time,
        maxDriftBps: z.int(),
        environment,
        broker: text,
      })
      .nullable(),
    digest: text.nullable(),
    fingerprint: text.regex(/^[0-9a-f]{4}-[0-9a-f]{4}$/).nullable(),
    sizing: sizing.nullable(),
    checks: z.array(checkLine),
    headroom: z.array(headroom),
    refusals: z.array(refusal),
    decideBy: time.nullable(),
    escalatedAt: time.nullable(),
    undecidedMs: count.nullable(),
    sendBy: time.nullable(),
    decision: z
      .strictObject({
        verdict: names(['approved', 'declined', 'withdrawn']),
        by: text,
        byName: text,
        via: text,
        reason: text.nullable(),
        at: time,
      })
      .nullable(),
    requires: requirement.nullable(),
    votes: z.array(vote),
    asides: z.array(
      z.strictObject({
        kind: names(['snoozed', 'reanalyse', 'reason']),
        byName: text,
        text,
        until: time.nullable(),
        at: time,
      }),
    ),
    clOrdID: text.nullable(),
    ordStatus: ordStatus.nullable(),
    corr: text,
    receivedAt: time,
    updatedAt: time,
    can: z.strictObject({ approve: can, decline: can, withdraw: can, reprice: can }),
    summary: text,
  }),
  'What was asked for and how far it got. `reasoning` is untrusted text written by the agent; `summary` says in one sentence what is true now. `escalatedAt`: when further people were told that nobody had decided for `undecidedMs`.',
) satisfies z.ZodType<wire.Intent>

export const order = named(
  'Order',
  z.strictObject({
    clOrdID: text,
    intentID: text,
    account: text,
    role,
    parent: text.nullable(),
    replaces: text.nullable(),
    replacedBy: text.nullable(),
    terms,
    ordStatus,
    delivery: names(['Queued', 'Sending', 'Delivered', 'Rejected', 'InDoubt', 'Absent']),
    orderID: text.nullable(),
    cumQty: decimal,
    leavesQty: decimal,
    avgPx: decimal.nullable(),
    text: text.nullable(),
    corr: text,
    createdAt: time,
    sentAt: time.nullable(),
    updatedAt: time,
    can: z.strictObject({ cancel: can, replace: can }),
  }),
  'An order in FIX terms, with two words FIX lacks: InDoubt (the broker did not answer; do not resubmit) and NotSent (proven never to have reached it).',
) satisfies z.ZodType<wire.Order>

export const fill = named(
  'Fill',
  z.strictObject({
    seq: count,
    execID: text,
    clOrdID: text,
    intentID: text,
    role,
    symbol: text,
    side,
    lastQty: decimal,
    lastPx: decimal,
    settlCurrFxRate: decimal,
    commission: decimal,
    feeQty: decimal.exactOptional(),
    transactTime: time,
    live: z.boolean(),
  }),
  'One execution. `live` false: the broker took it back. `feeQty` is there when the broker kept some of what was bought as its fee.',
) satisfies z.ZodType<wire.Fill>

export const position = named(
  'Position',
  z.strictObject({
    symbol: text,
    netQty: decimal,
    avgCost: decimal.nullable(),
    realizedPnl: decimal,
    commission: decimal,
    unrealizedPnl: decimal.nullable(),
    lastPx: decimal.nullable(),
    protectedQty: decimal,
  }),
) satisfies z.ZodType<wire.Position>

export const account = named(
  'Account',
  z.strictObject({
    account: text,
    environment,
    broker: text,
    brokerName: text.nullable(),
    currency: text,
    status: text,
    equity: decimal,
    cash: decimal,
    buyingPower: decimal,
    marginRegime: names(MARGIN_REGIMES),
    at: time,
    fourEyes: names(['on', 'off']),
  }),
) satisfies z.ZodType<wire.Account>

export const quote = named(
  'Quote',
  z.strictObject({
    symbol: text,
    bid: decimal,
    ask: decimal,
    last: decimal,
    mid: decimal,
    at: time,
    sessionOpen: z.boolean(),
  }),
) satisfies z.ZodType<wire.Quote>

export const instrument = named(
  'Instrument',
  z.strictObject({
    symbol: text,
    name: text,
    assetClass: names(['us_equity', 'fx', 'crypto']),
    currency: text,
    ticks: z.array(z.strictObject({ from: decimal, tick: decimal })),
    lot: decimal,
    minQty: decimal,
    maxQty: decimal.nullable(),
    minNotional: decimal.exactOptional(),
    tradable: z.boolean(),
    shortable: z.boolean(),
  }),
  "The broker's rules for one symbol.",
) satisfies z.ZodType<wire.Instrument>

const haltLevel = z.enum(HALT_LEVELS)
const proof = z.array(z.strictObject({ clOrdID: text, symbol: text, ordStatus }))
export const halt = named(
  'Halt',
  z.strictObject({
    engaged: z.boolean(),
    level: haltLevel.nullable(),
    by: text.nullable(),
    reason: text.nullable(),
    since: time.nullable(),
    openOrders: count,
    proof,
    comparedAt: time.nullable(),
    proven: z.boolean(),
    halts: z.array(z.strictObject({ scope: text, level: haltLevel, by: text, reason: text, since: time, open: proof })),
  }),
  '`engaged` is about everything; `halts` also lists what is halted by itself, a symbol or a strategy, each with its entries that may still fill. `proof` lists the entries that were open when the halt began, with what the broker says of each now; `proven` is true when none is open, the broker was asked for all it holds since, at `comparedAt`, and nothing was found there that our book does not explain.',
) satisfies z.ZodType<wire.Halt>

const liquidationLine = named(
  'LiquidationLine',
  z.strictObject({
    symbol: text,
    netQty: decimal.nullable(),
    bookQty: decimal,
    startQty: decimal.nullable(),
    closedQty: decimal,
    avgPx: decimal.nullable(),
    bid: decimal.nullable(),
    ask: decimal.nullable(),
    quoteAt: time.nullable(),
    quoteFresh: z.boolean(),
    spreadBps: decimal.nullable(),
    worth: decimal.nullable(),
    marketOpen: z.boolean().nullable(),
    cancels: z.array(z.strictObject({ clOrdID: text, role, terms })),
    step: names(STEPS),
    text,
  }),
  'One symbol. `netQty` is the broker’s own count, `bookQty` ours. `step` and `text` say what is done, or waited for; `cancels` are the orders that are canceled first. `worth` is in the account’s currency, at the bid of what is held and at the ask of what is owed.',
) satisfies z.ZodType<wire.LiquidationLine>

export const liquidationPlan = named(
  'LiquidationPlan',
  z.strictObject({
    account: text,
    environment,
    currency: text.nullable(),
    readAt: time.nullable(),
    lines: z.array(liquidationLine),
  }),
  'What would be canceled and closed, the largest first. Nothing is done.',
) satisfies z.ZodType<wire.LiquidationPlan>

export const liquidation = named(
  'Liquidation',
  z.strictObject({
    account: text,
    currency: text.nullable(),
    state: names(['None', 'Running', 'Flat', 'Stopped']),
    liquidationID: text.nullable(),
    by: text.nullable(),
    reason: text.nullable(),
    symbols: z.array(text).nullable(),
    collarBps: count.nullable(),
    market: z.boolean(),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    stoppedBy: text.nullable(),
    stoppedWhy: text.nullable(),
    lines: z.array(liquidationLine),
    report: z
      .array(
        z.strictObject({
          symbol: text,
          heldQty: decimal,
          closedQty: decimal,
          avgPx: decimal.nullable(),
          leftQty: decimal,
          why: text.nullable(),
        }),
      )
      .nullable(),
  }),
  'The last liquidation. `Flat`: a reading of the broker after the last trade shows nothing held, but for what `report` gives a reason for. `symbols` is null when it is about everything.',
) satisfies z.ZodType<wire.Liquidation>

export const task = named(
  'Task',
  z.strictObject({
    taskID: text,
    kind: text,
    subject: text,
    severity: names(['warning', 'critical']),
    text,
    runbook: text,
    corr: text,
    raisedAt: time,
    acknowledgedAt: time.nullable(),
    acknowledgedBy: text.nullable(),
    escalatedAt: time.nullable(),
    doneAt: time.nullable(),
    doneBy: text.nullable(),
    note: text.nullable(),
  }),
  'Something only a person can settle. Until `acknowledgedAt` it is an alert that nobody is known to have seen: after two minutes further people are told, and a critical one stops new positions after ten. `runbook` is the chapter of docs/emergency.md about it.',
) satisfies z.ZodType<wire.Task>

export const event = named(
  'Event',
  z.strictObject({
    seq: count,
    ts: time,
    action: text,
    actor: z.strictObject({ type: text, id: text, via: text }),
    object: z.strictObject({ type: text, id: text, rev: count }),
    corr: text,
    data: z.record(text, z.unknown()),
    text,
  }),
  'One row of the journal.',
) satisfies z.ZodType<wire.Event>

export const story = named(
  'Story',
  z.strictObject({ corr: text, intent, orders: z.array(order), fills: z.array(fill), events: z.array(event) }),
) satisfies z.ZodType<wire.Story>

export const reconciliation = named(
  'Reconciliation',
  z.strictObject({ account: text, at: time, clean: z.boolean(), findings: z.array(text) }).nullable(),
) satisfies z.ZodType<wire.Reconciliation>

export const audit = named(
  'Audit',
  z.strictObject({
    rows: count,
    hash: text,
    root: text,
    checkpoint: z.strictObject({ size: count, at: time }).nullable(),
  }),
  'Head of the journal: size, hash of the last row, RFC 6962 root over all rows, newest signed checkpoint.',
) satisfies z.ZodType<wire.Audit>

export const me = named(
  'Me',
  z.strictObject({
    kind: names(['person', 'agent']),
    id: text,
    name: text,
    roles: z.array(text),
    scopes: z.array(text),
    csrf: text.nullable(),
  }),
) satisfies z.ZodType<wire.Me>

export const status = named(
  'Status',
  z.strictObject({
    version: text,
    node: text,
    startedAt: time,
    now: time,
    account: account.nullable(),
    halted: z.boolean(),
    notReady: text.nullable(),
    brokerConnected: z.boolean(),
    brokerHeardAt: time.nullable(),
    brokerStream: z.strictObject({ up: z.boolean(), since: time }).nullable(),
    awaiting: count,
    openOrders: count,
    tasks: count,
    alerts: count,
    reconciliation,
    marketClock: z.strictObject({ speed: z.number() }),
  }),
) satisfies z.ZodType<wire.Status>

export const passkey = named(
  'Passkey',
  z.strictObject({
    credentialID: text,
    name: text,
    device: names(['single', 'multi']),
    backedUp: z.boolean(),
    createdAt: time,
    liveFrom: time,
    revokedAt: time.nullable(),
  }),
  'Before `liveFrom` it approves nothing live.',
) satisfies z.ZodType<wire.Passkey>
export const person = named(
  'Person',
  z.strictObject({
    personID: text,
    name: text,
    roles: z.array(text),
    disabled: z.boolean(),
    newcomer: z.literal(true).exactOptional(),
    createdAt: time,
    passkeys: z.array(passkey).exactOptional(),
  }),
  '`newcomer` is there while somebody counts for one click only: they came in by a sign-in code, lost their last passkey, or made the first one in a session that the code of another opened, and no change has confirmed them since. `passkeys` are those in use; there for whoever may propose that one is revoked.',
) satisfies z.ZodType<wire.Person>

const tokenShape = {
  tokenID: text,
  name: text,
  owner: text.nullable(),
  madeBy: text.exactOptional(),
  scopes: z.array(text),
  createdAt: time,
  expiresAt: time,
  revokedAt: time.nullable(),
}
export const token = named(
  'Token',
  z.strictObject(tokenShape),
  'An agent token, without its secret. Its `owner`, and the person who made it (`madeBy`, absent where no person did), may not approve what it proposes.',
) satisfies z.ZodType<wire.Token>
export const tokenMade = named(
  'TokenMade',
  z.strictObject({ token: text, ...tokenShape }),
  '`token` is shown this once.',
) satisfies z.ZodType<wire.TokenMade>
export const signinCode = named(
  'SigninCode',
  z.strictObject({ code: text, expiresAt: time }),
  'Works once, until `expiresAt`.',
) satisfies z.ZodType<wire.SigninCode>
export const cliSession = named(
  'CliSession',
  z.strictObject({ session: text, me }),
  '`session` is sent as a bearer token.',
) satisfies z.ZodType<wire.CliSession>
export const signedIn = named('SignedIn', z.union([me, cliSession]))
export const health = named('Health', z.strictObject({ status: names(['ok']) }))
export const readiness = named(
  'Readiness',
  z.strictObject({ status: names(['ok', 'degraded']), because: z.array(text) }),
) satisfies z.ZodType<wire.Readiness>

// --- who must say yes to what, and with what they say it

const rule = named(
  'ApprovalRule',
  z.strictObject({
    name: text,
    environment: environment.exactOptional(),
    stages: z.array(text).exactOptional(),
    strategies: z.array(text).exactOptional(),
    symbols: z.array(text).exactOptional(),
    notionalAbove: decimal.exactOptional(),
    level,
    quorum: count,
    approvalTtlMs: count.exactOptional(),
    executionTtlMs: count.exactOptional(),
    maxDriftBps: count.exactOptional(),
  }),
  'Of all rules that match an order the strictest counts, in each respect by itself. A list that is absent matches everything.',
) satisfies z.ZodType<wire.ApprovalRule>
const policy = named(
  'ApprovalPolicy',
  z.strictObject({
    version: count,
    rules: z.array(rule),
    autoMaxNotional: decimal.nullable(),
    changes: z.strictObject({ level, quorum: count }),
    coverage: z.strictObject({ zone: text, days: z.array(count), from: text, until: text }).exactOptional(),
    escalateAfterMs: count.exactOptional(),
  }),
  '`autoMaxNotional` is the most that one order of an armed strategy may cost; null: nothing goes without a person. `coverage` is when somebody is there to decide (days from 1, Monday, to 7; an end before the start is on the next day); absent: always. `escalateAfterMs`: an order that waits for so long is shown to further people; absent: never.',
) satisfies z.ZodType<wire.ApprovalPolicy>
export const arming = named(
  'Arming',
  z.strictObject({
    armingID: text,
    strategyID: text,
    symbols: z.array(text),
    maxNotional: decimal,
    maxCount: count,
    count,
    until: time,
    byName: text,
    armedAt: time,
    disarmedAt: time.nullable(),
    why: text.nullable(),
  }),
  'A strategy whose orders go without being asked, on paper, within bounds.',
) satisfies z.ZodType<wire.Arming>
export const approvals = named(
  'Approvals',
  z.strictObject({
    policy,
    fourEyes: names(['on', 'off']),
    approvers: count,
    governors: count,
    armed: z.array(arming),
  }),
  '`fourEyes`: whether no order is ever sent on the word of fewer than two people. `armed`: first what is, then what was last.',
) satisfies z.ZodType<wire.Approvals>

const standing = z.strictObject({ roles: z.array(text), disabled: z.boolean() })
export const change = named(
  'Change',
  z.strictObject({
    changeID: text,
    what: z.union([
      z.strictObject({ kind: z.literal('approval policy'), before: count, policy }),
      z.strictObject({ kind: z.literal('person'), personID: text, name: text, before: standing, after: standing }),
      z.strictObject({ kind: z.literal('passkey revoked'), credentialID: text, personID: text, name: text }),
      z.strictObject({
        kind: z.literal('risk limits'),
        before: limits,
        after: limits,
        changes: z.array(limitChange),
      }),
      z.strictObject({
        kind: z.literal('strategy'),
        strategyID: text,
        before: strategy.nullable(),
        after: strategy,
      }),
      z.strictObject({
        kind: z.literal('release'),
        scope: text,
        level: haltLevel,
        since: time,
        by: text,
        why: text,
      }),
      z.strictObject({
        kind: z.literal('waiver'),
        intentID: text,
        lifts: z.array(nameOfLimit),
        raised: z.exactOptional(z.partialRecord(nameOfLimit, decimal)),
        terms,
        maxNotional: decimal,
      }),
      z.strictObject({
        kind: z.literal('stage'),
        before: stage,
        after: stage,
        era: count,
        build: text,
        limits,
        evidence: z.array(evidenceLine),
      }),
    ]),
    digest: text,
    fingerprint: text,
    requires: requirement,
    reason: text,
    proposer: text,
    proposerName: text,
    votes: z.array(vote),
    state: names(['Waiting', 'Applied', 'Declined', 'Lapsed']),
    proposedAt: time,
    decideBy: time,
    settledAt: time.nullable(),
    note: text.nullable(),
    can: z.strictObject({ approve: can, decline: can }),
  }),
  'Something about the house itself that people must agree to.',
) satisfies z.ZodType<wire.Change>

export const review = named(
  'Review',
  z.strictObject({ byName: text, at: time, note: text }),
  'That somebody looked at all controls as a whole.',
) satisfies z.ZodType<wire.Review>
export const drill = named(
  'Drill',
  z.strictObject({
    drillID: text,
    drill: text,
    byName: text,
    startedAt: time,
    endedAt: time,
    result: names(['passed', 'failed']),
    figures: z.record(z.string(), text),
    note: text.nullable(),
    attested: z.boolean(),
    orders: z.array(text),
  }),
  'An emergency procedure as people rehearsed it. `attested`: they say so, and no program measured it. `orders`: the entries that a kill (E1) took back.',
) satisfies z.ZodType<wire.Drill>
export const stageNow = named(
  'StageNow',
  z.strictObject({
    account: text,
    environment: names(['paper', 'live']),
    stage,
    title: text,
    since: time,
    build: text.nullable(),
    runs: text.nullable(),
    next: z.strictObject({ stage, title: text }).nullable(),
    evidence: z.array(evidenceLine),
    shown: z.boolean(),
    days: z.array(
      z.strictObject({
        day: text,
        session: z.boolean(),
        starts: count,
        crashes: count,
        orders: count,
        compared: count,
        breaks: count,
        strategies: z.array(text),
      }),
    ),
    latency: z.strictObject({ upToSeconds: z.array(count), counts: z.array(count) }),
    slippage: z.strictObject({ upToBps: z.array(count), counts: z.array(count) }),
    origin: z.strictObject({ account: text, stage, since: time }).nullable(),
    past: z.array(
      z.strictObject({
        at: time,
        from: stage,
        to: stage,
        cause: names(['promoted', 'demoted', 'build agreed to']),
        why: text,
        changeID: text.nullable(),
        build: text.nullable(),
        evidence: z.array(evidenceLine),
      }),
    ),
    can: z.strictObject({ promote: can, agreeBuild: can }),
  }),
  'How far the account has come, what it has shown in its stage, and what is missing for the next one. The counts of `latency` and `slippage` have one entry more than their bounds: what is beyond them all.',
) satisfies z.ZodType<wire.StageNow>

export const limitsNow = named(
  'LimitsNow',
  z.strictObject({
    account: text,
    currency: text.nullable(),
    inForce: limits,
    next: z.strictObject({ limits, from: time, changes: z.array(limitChange) }).nullable(),
    rows: z.array(limitRow),
    lists: z.array(limitList),
    day: z.strictObject({
      day: text,
      from: time,
      until: time,
      openingEquity: decimal.nullable(),
      highEquity: decimal.nullable(),
      messages: count,
      turnover: decimal,
    }),
    can: z.strictObject({ tighten: can, loosen: can }),
    looser: z.strictObject({ requires: requirement, roles: z.array(text), from: time }),
  }),
) satisfies z.ZodType<wire.LimitsNow>
export const limitsPast = named(
  'LimitsPast',
  z.strictObject({
    at: time,
    state: names(['Began', 'Waiting', 'Applied', 'Declined', 'Lapsed']),
    changeID: text.nullable(),
    version: count,
    by: text,
    reason: text.nullable(),
    from: time.nullable(),
    givenUpAt: time.nullable(),
    changes: z.array(limitChange),
    agreed: z.array(vote),
    note: text.nullable(),
  }),
) satisfies z.ZodType<wire.LimitsPast>

export const link = named(
  'Link',
  z.strictObject({
    linkID: text,
    provider: names(['slack', 'teams', 'oidc']),
    createdAt: time,
    endedAt: time.nullable(),
  }),
  'A chat account, or (`oidc`) one at the sign-in provider.',
) satisfies z.ZodType<wire.Link>
export const waysToSignIn = named(
  'WaysToSignIn',
  z.strictObject({
    provider: z.strictObject({ name: text, url: text }).nullable(),
    vouched: z.strictObject({ linkID: text, label: text }).nullable(),
  }),
  '`provider` is the one that is configured, and where a browser goes for it. `vouched` is an account there, as its owner calls it.',
) satisfies z.ZodType<wire.WaysToSignIn>
export const accessOwn = named(
  'Access',
  z.strictObject({
    passkeys: z.array(passkey),
    links: z.array(link),
    sessions: z.array(
      z.strictObject({
        id: text,
        via: names(['web', 'cli']),
        createdAt: time,
        expiresAt: time,
        current: z.boolean(),
      }),
    ),
    canEnrol: can,
  }),
  "One's own passkeys, linked chats and open sessions. `canEnrol`: whether this page is reached by a name that passkeys work with.",
) satisfies z.ZodType<wire.Access>

const asked = { options: z.record(text, z.unknown()), envelope: z.record(text, z.unknown()).nullable() }
export const passkeyAsk = named(
  'PasskeyAsk',
  z.strictObject(asked),
  '`options` are for `navigator.credentials` (the JSON form of WebAuthn level 3). `envelope` is what is signed: the challenge is its hash, and it goes back with the answer.',
) satisfies z.ZodType<wire.PasskeyAsk>
export const enrolAsk = named(
  'EnrolAsk',
  z.strictObject({ ...asked, confirm: passkeyAsk.nullable() }),
  'For a new passkey. `confirm` is to be signed by one that the person has already.',
) satisfies z.ZodType<wire.EnrolAsk>

export const approvalStatistics = named(
  'ApprovalStatistics',
  z.strictObject({
    since: time,
    asked: count,
    approved: count,
    declined: count,
    expired: count,
    withdrawn: count,
    refused: count,
    decidedInMs: z.strictObject({ p50: count, p95: count }).nullable(),
    byPerson: z.array(z.strictObject({ byName: text, approved: count, declined: count, medianMs: count.nullable() })),
  }),
  'Of intents received since `since` that were put before people. Times run from the arrival of the intent to the yes or no.',
) satisfies z.ZodType<wire.ApprovalStatistics>

/** A list without pages. */
export const items = <T extends z.ZodType>(id: string, item: T) => named(id, z.strictObject({ items: z.array(item) }))
export const page = <T extends z.ZodType>(id: string, item: T) =>
  named(
    id,
    z.strictObject({ items: z.array(item), next: text.nullable() }),
    'Newest first. `next` goes into `after` for the page that follows; null at the end.',
  )
export { named }
