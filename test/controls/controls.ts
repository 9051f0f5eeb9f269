// Which controls are built in, where, and by what each is held: the one list that docs/controls.md is made from. A test
// reads every file, name and title that stands here.

/** A file, and something that stands in it word for word. Of a scenario the file alone says it. */
export type Place = readonly [file: string, words?: string]

export type Control = {
  readonly id: `${'P' | 'R' | 'A'}${string}`
  readonly name: string
  readonly state: 'there' | 'in part' | 'not yet'
  readonly code: readonly Place[]
  /** Limits, lists and triggers by name; settings by their path. */
  readonly parameters: readonly string[]
  /** Refusal codes, actions of the journal, kinds of alert. */
  readonly answers: readonly string[]
  readonly tests: readonly Place[]
  /** Why nothing of it can be taken out of the code to see a test fail; absent where `planted.ts` does. */
  readonly unplanted?: string
  /** What the demand asks for and is not there; null when nothing. */
  readonly missing: string | null
}

const GATE = 'src/gate/controls.test.ts'
const CHECKS = 'src/gate/checks.ts'
const USAGE = 'src/gate/usage.ts'
const WATCH = 'src/desk/watching.ts'
const TRIGGERS = 'src/gate/triggers.ts'
const scenario = (name: string): Place => [`scenarios/${name}.scenario`]
const NOTHING = { code: [], parameters: [], answers: [], tests: [] } as const

export const CONTROLS: readonly Control[] = [
  {
    id: 'P01',
    name: 'capital threshold',
    state: 'there',
    code: [
      [USAGE, 'maxGrossExposure: {'],
      [CHECKS, 'grossExposure: limit('],
      [CHECKS, 'dayTurnover: limit('],
    ],
    parameters: ['maxGrossExposure', 'maxDayTurnover'],
    answers: ['GROSS_EXPOSURE_EXCEEDED', 'DAY_TURNOVER_EXCEEDED'],
    tests: [
      [GATE, 'P01 gross'],
      [GATE, 'P01 turnover'],
      [GATE, 'P01 a third order is blocked, each of which would fit alone'],
      scenario('limit-turnover-of-a-day'),
    ],
    missing: null,
  },
  {
    id: 'P02',
    name: 'order value',
    state: 'there',
    code: [[CHECKS, 'orderLimit: limit(']],
    parameters: ['maxOrderNotional', 'policy.maxOrderNotional'],
    answers: ['ORDER_NOTIONAL_EXCEEDED'],
    tests: [[GATE, 'P02 order']],
    missing: null,
  },
  {
    id: 'P03',
    name: 'order volume',
    state: 'in part',
    code: [[CHECKS, 'orderQty: (c) => {']],
    parameters: ['maxOrderQty'],
    answers: ['ORDER_QTY_EXCEEDED', 'QTY_ABOVE_MAXIMUM'],
    tests: [[GATE, 'P03 quantity']],
    missing: 'One figure for the account, not one for each asset class; no share of the average daily volume.',
  },
  {
    id: 'P04',
    name: 'price collar',
    state: 'in part',
    code: [
      [CHECKS, 'function collar('],
      [CHECKS, 'function move('],
    ],
    parameters: ['collarBps', 'maxMoveBps', 'policy.collarBps', 'policy.quoteAgeMaxMs'],
    answers: ['PRICE_OUTSIDE_COLLAR', 'PRICE_MOVE_EXCEEDED', 'QUOTE_STALE', 'QUOTE_CROSSED', 'QUOTE_NOT_POSITIVE'],
    tests: [
      [GATE, 'P04 collar of 300 bps'],
      [GATE, 'P04 move up'],
      [GATE, 'P04 move down to the price of now'],
    ],
    missing: 'One collar for all asset classes: FX majors do not have the narrower one.',
  },
  {
    id: 'P05',
    name: 'message rate',
    state: 'there',
    code: [
      [CHECKS, 'perMinute: counted('],
      [CHECKS, 'perDay: counted('],
      ['src/brokers/budget.ts', 'export function'],
      [TRIGGERS, 'orderRate: {'],
    ],
    parameters: ['maxOrdersPerMinute', 'maxOrdersPerDay', 'orderRate'],
    answers: ['ORDERS_PER_MINUTE_EXCEEDED', 'ORDERS_PER_DAY_EXCEEDED', 'ORDER_RATE'],
    tests: [
      [GATE, 'P05 a minute'],
      [GATE, 'P05 a day'],
      scenario('limit-messages-of-a-minute'),
      scenario('approval-not-sent-in-time'),
      [
        'src/brokers/budget.test.ts',
        'never lets more than four thirds of a minute through within one, whatever is asked when',
      ],
    ],
    missing: null,
  },
  {
    id: 'P06',
    name: 'immediate inclusion',
    state: 'there',
    code: [
      ['src/desk/delivery.ts', 'export async function beginSend('],
      ['src/gate/exposure.ts', 'export function exposureOf('],
    ],
    parameters: [],
    answers: ['order.created', 'order.send-started'],
    tests: [
      [GATE, 'two that each fit are counted as soon as they are sent'],
      ['src/api/limits.test.ts', 'count an order from the moment that it is created, under the symbol that uses most'],
      scenario('limits-count-what-is-in-flight'),
      scenario('limits-count-what-is-in-doubt'),
      scenario('crash-after-send-started'),
    ],
    missing: null,
  },
  {
    id: 'P07',
    name: 'duplicates',
    state: 'in part',
    code: [
      [CHECKS, 'duplicate: ({ facts'],
      ['src/desk/naming.ts', 'export'],
    ],
    parameters: ['policy.duplicateWindowMs'],
    answers: ['DUPLICATE_INTENT'],
    tests: [
      scenario('duplicate-intent'),
      scenario('duplicate-in-one-moment'),
      scenario('double-submit'),
      ['src/desk/naming.test.ts', 'is the same for the same attempt, whatever crashed in between'],
    ],
    missing: 'There is no MCP yet, so nothing was tried by HTTP and MCP at once.',
  },
  {
    id: 'P08',
    name: 'repeated execution throttle',
    state: 'in part',
    code: [
      [CHECKS, 'repeats: counted('],
      [TRIGGERS, 'rejectsInRow: {'],
      [TRIGGERS, 'losersInRow: {'],
    ],
    parameters: ['maxRepeats', 'maxRejects', 'maxLosers', 'rejectsInRow', 'losersInRow', 'repeats'],
    answers: ['REPEATS_EXCEEDED', 'REJECTS', 'LOSERS', 'REPEATS', 'halt.engaged'],
    tests: [
      [GATE, 'P08 repeats'],
      scenario('limit-repeats'),
      scenario('watch-rejects-of-a-strategy'),
      scenario('watch-losers-in-a-row'),
      scenario('watch-repeats'),
    ],
    missing: 'Who releases the halt of a strategy needs a role, and no passkey.',
  },
  {
    id: 'P09',
    name: 'position and exposure',
    state: 'in part',
    code: [
      [CHECKS, 'positionLimit: limit('],
      [CHECKS, 'symbolShare: limit('],
      [CHECKS, 'netExposure: limit('],
    ],
    parameters: ['maxPositionNotional', 'maxSymbolShare', 'maxNetExposure', 'policy.maxPositionNotional'],
    answers: ['POSITION_NOTIONAL_EXCEEDED', 'SYMBOL_SHARE_EXCEEDED', 'NET_EXPOSURE_EXCEEDED'],
    tests: [
      [GATE, 'P09 position'],
      [GATE, 'P09 symbol'],
      [GATE, 'P09 net, short positions make room'],
      scenario('opening-position'),
      scenario('external-fill'),
    ],
    missing: 'No limit by sector or currency, and none over several accounts.',
  },
  {
    id: 'P10',
    name: 'loss limits',
    state: 'in part',
    code: [
      [CHECKS, "dayLoss: loss('dayLoss'"],
      [CHECKS, "drawdown: loss('drawdown'"],
      [TRIGGERS, 'drawdown: {'],
      ['src/desk/trading-day.ts', 'export const DAY_ZONE'],
    ],
    parameters: ['dayLoss', 'drawdown'],
    answers: ['DAY_LOSS_REACHED', 'DRAWDOWN_REACHED', 'DAY_UNKNOWN', 'day.opened', 'DAY_LOSS', 'DRAWDOWN'],
    tests: [
      [GATE, 'P10 loss of the day'],
      [GATE, 'P10 drawdown'],
      [GATE, 'P10 what was paid in is no profit'],
      scenario('limit-loss-of-a-day'),
      scenario('watch-loss-of-a-day'),
      scenario('watch-drawdown'),
      ['src/values/day.test.ts', 'it('],
    ],
    missing: 'After a drawdown one person with a role releases the halt; it does not take two with a passkey each.',
  },
  {
    id: 'P11',
    name: 'permission',
    state: 'in part',
    code: [
      [CHECKS, 'symbolRestricted: ({'],
      [CHECKS, 'symbolAllowed: allowed('],
      [CHECKS, 'assetClassAllowed: allowed('],
      [CHECKS, 'ordTypeAllowed: allowed('],
    ],
    parameters: ['symbols', 'restricted', 'assetClasses', 'ordTypes'],
    answers: [
      'SYMBOL_NOT_ALLOWED',
      'SYMBOL_RESTRICTED',
      'ASSET_CLASS_NOT_ALLOWED',
      'ORD_TYPE_NOT_ALLOWED',
      'INSTRUMENT_MISSING',
      'NOT_TRADABLE',
    ],
    tests: [
      [GATE, 'P11 not named'],
      [GATE, 'P11 restricted wins'],
      [GATE, 'P11 class not allowed'],
      [GATE, 'P11 type not allowed'],
    ],
    missing: 'No lists of venues or sessions.',
  },
  {
    id: 'P12',
    name: 'override of a block',
    state: 'not yet',
    ...NOTHING,
    missing:
      'There is no override at all: beyond a hard limit nothing goes. A waiver of one order, bound to its digest, is not built.',
  },
  {
    id: 'P13',
    name: 'short sales',
    state: 'in part',
    code: [[CHECKS, 'function short({']],
    parameters: ['allowShort', 'policy.allowShort'],
    answers: ['SHORT_OFF_BY_POLICY', 'SHORT_OFF_FOR_ACCOUNT', 'NOT_SHORTABLE'],
    tests: [
      [GATE, 'P13 long only, a sale'],
      ['src/gate/gate.test.ts', 'not shortable'],
      ['src/gate/gate.test.ts', 'short not allowed'],
    ],
    missing:
      'No locate (Alpaca’s borrow_status is not read), no price test on a restricted day, no marking of short sales.',
  },
  {
    id: 'P14',
    name: 'intraday margin',
    state: 'in part',
    code: [[CHECKS, 'buyingPower: limit(']],
    parameters: ['buyingPowerBuffer', 'policy.buyingPowerBuffer'],
    answers: ['BUYING_POWER_EXCEEDED'],
    tests: [[GATE, 'P14 buffer: 400000.00 of buying power'], scenario('buying-power-is-shared')],
    missing:
      'No margin regime by broker, and no block after two intraday deficits that stand. There is no counter of day trades, on purpose.',
  },
  {
    id: 'P15',
    name: 'cash account rules',
    state: 'not yet',
    ...NOTHING,
    missing: 'Settled cash is not told from cash: the buying power that the broker reports is taken as it is.',
  },
  {
    id: 'P16',
    name: 'FIFO, no hedging (US FX)',
    state: 'not yet',
    ...NOTHING,
    missing: 'There is no adapter for OANDA yet, so nothing needs it.',
  },
  {
    id: 'P17',
    name: 'self-match and wash',
    state: 'in part',
    code: [[CHECKS, 'function oppositeOrder({']],
    parameters: [],
    answers: ['OPPOSITE_ORDER', 'OPPOSITE_POSITION'],
    tests: [scenario('opposite-order'), ['src/gate/gate.test.ts', 'OPPOSITE_ORDER']],
    missing:
      'Open entries on the other side block; stops and targets of our own that rest do not, nor do orders in other accounts of the same owner.',
  },
  {
    id: 'P18',
    name: 'session and halt',
    state: 'in part',
    code: [[CHECKS, 'session: ({ evidence']],
    parameters: ['policy.accountAgeMaxMs'],
    answers: ['MARKET_CLOSED', 'SESSION_MISSING', 'SESSION_STALE', 'NOT_TRADABLE'],
    tests: [scenario('market-closed'), ['src/gate/gate.test.ts', 'MARKET_CLOSED']],
    missing:
      'The broker’s word on the session is taken; halts and limit-up, limit-down of one symbol are not read, and there is no calendar of our own.',
  },
  {
    id: 'P19',
    name: 'decision maker known',
    state: 'there',
    code: [
      ['src/orders/proposal.ts', 'strategyID'],
      ['src/approvals/envelope.ts', 'policyVersion'],
      [CHECKS, 'function decisionMaker('],
    ],
    parameters: ['policy.namedModel'],
    answers: ['DECISION_MAKER_MISSING', 'intent.received', 'intent.approved', 'order.created'],
    tests: [
      ['src/gate/gate.test.ts', 'live, by an agent that names no model'],
      ['src/gate/gate.test.ts', 'on paper that asks for it, by an agent that names nothing'],
      ['src/api/input.test.ts', 'a model without its version'],
    ],
    missing: null,
  },
  {
    id: 'P20',
    name: 'who sets the limits',
    state: 'there',
    code: [
      ['src/desk/governing.ts', 'export const proposersOf'],
      ['src/gate/limits.ts', 'export function tightenedBy('],
      ['src/api/access.ts', "'limits:write': ['people'"],
    ],
    parameters: [],
    answers: ['limits.opened', 'limits.changed', 'change.proposed', 'change.voted'],
    tests: [
      ['src/api/limits.test.ts', 'is never an agent’s'],
      ['src/desk/limiting.test.ts', 'take another person, and hold from the next day on'],
      ['src/gate/limits.test.ts', 'cannot take a limit away'],
      ['src/gate/limits.test.ts', 'tighten, and are told where they would loosen'],
      ['src/api/access.test.ts', 'an agent can do nothing that is for people'],
    ],
    missing: null,
  },
  {
    id: 'R01',
    name: 'kill functionality',
    state: 'in part',
    code: [
      ['src/desk/halting.ts', 'export async function halt('],
      ['src/desk/liquidating.ts', 'export async function startLiquidation('],
      ['src/main/commands/at-broker.ts', 'export'],
      ['src/main/haltfile.ts', 'export'],
    ],
    parameters: [],
    answers: ['TRADING_HALTED', 'halt.engaged', 'halt.released', 'liquidation.started'],
    tests: [
      scenario('halt-before-the-send'),
      scenario('halt-cancels-entries-keeps-stops'),
      scenario('halt-of-a-strategy'),
      scenario('halt-file'),
      [
        'test/e2e/halt-drills.test.ts',
        'with the service killed cancels its entries and those of other hands, and keeps the stops',
      ],
      [
        'test/e2e/approvals.test.ts',
        'a word in Slack halts, and nothing can be approved there until people release it',
      ],
    ],
    missing:
      'One account, so nothing is halted over several brokers; the times are measured in bench/, and no test fails by them.',
  },
  {
    id: 'R02',
    name: 'monitoring in real time',
    state: 'in part',
    code: [
      [WATCH, 'export'],
      [TRIGGERS, 'export const TRIGGERS'],
    ],
    parameters: ['rejectBurst', 'brokerSilent', 'brokerLost', 'staleQuote', 'unheard'],
    answers: ['REJECT_BURST', 'BROKER_SILENT', 'BROKER_LOST', 'STALE_QUOTE', 'task.raised', 'task.escalated'],
    tests: [
      scenario('watch-reject-burst'),
      scenario('watch-broker-silent'),
      scenario('watch-stale-quote'),
      scenario('watch-alert-that-somebody-sees'),
    ],
    missing:
      'No alert on slippage or on an acknowledgement that takes longer than 5 s; no test of 5 s from the event to a delivered notice.',
  },
  {
    id: 'R03',
    name: 'alerts are not e-mail noise',
    state: 'there',
    code: [[TRIGGERS, 'unheeded: {']],
    parameters: ['unheard', 'unheeded'],
    answers: ['task.acknowledged', 'task.escalated', 'halt.engaged'],
    tests: [scenario('watch-alert-that-nobody-sees'), scenario('watch-alert-that-somebody-sees')],
    missing: null,
  },
  {
    id: 'R04',
    name: 'surveillance',
    state: 'not yet',
    ...NOTHING,
    missing: 'No daily report: cancel to fill ratio, order efficiency, layering, marking the close.',
  },
  {
    id: 'R05',
    name: 'throttle after fault',
    state: 'there',
    code: [
      [TRIGGERS, 'ordersInDoubt: {'],
      ['src/brokers/budget.ts', 'export function'],
    ],
    parameters: ['ordersInDoubt', 'doubtThatLasts'],
    answers: ['DOUBTS', 'IN_DOUBT', 'halt.engaged'],
    tests: [scenario('watch-orders-in-doubt'), ['src/brokers/budget.test.ts', 'opens after so many failures in a row']],
    missing: null,
  },
  {
    id: 'R06',
    name: 'dead man',
    state: 'not yet',
    ...NOTHING,
    missing:
      'Nobody has to show presence. Armed strategies end within a day, and hours of coverage can be set; that is less.',
  },
  {
    id: 'A01',
    name: 'immediate reports',
    state: 'in part',
    code: [
      ['src/desk/hearing.ts', 'export'],
      ['src/api/events.ts', 'export'],
    ],
    parameters: [],
    answers: ['execution.reported'],
    tests: [scenario('fill-the-stream-lost'), ['src/api/events.test.ts', 'it(']],
    missing:
      'The card of an order tells its fills in the chat; there is no message of its own for each live fill, and no test of 2 s.',
  },
  {
    id: 'A02',
    name: 'reconciliation',
    state: 'in part',
    code: [
      ['src/reconcile/compare.ts', 'export'],
      ['src/desk/reconciling.ts', 'export'],
      [TRIGGERS, 'booksDiffer: {'],
    ],
    parameters: ['booksDiffer'],
    answers: ['account.reconciled', 'instrument.frozen', 'POSITION_MISMATCH', 'BOOKS_DIFFER'],
    tests: [
      ['src/reconcile/compare.test.ts', 'it('],
      scenario('position-mismatch'),
      scenario('external-order'),
      ['src/desk/reconciling.test.ts', 'stops a symbol when it has stood for a while, not when it is looked at often'],
    ],
    missing: 'Cash and fees are not compared.',
  },
  {
    id: 'A03',
    name: 'outgoing = approved',
    state: 'there',
    code: [
      ['src/desk/delivery.ts', 'export async function beginSend('],
      ['src/desk/proving.ts', 'export function proveOrders('],
      ['src/orders/outgoing.ts', 'export function outgoingFaults('],
      ['src/brokers/alpaca/outgoing.ts', 'export function readBack('],
      [WATCH, 'async function compareSent('],
    ],
    parameters: ['sentDiffers'],
    answers: ['APPROVAL_VOID', 'SENT_DIFFERS', 'order.absent', 'halt.engaged'],
    tests: [
      ['src/desk/proving.test.ts', 'it('],
      scenario('outgoing-is-another-order'),
      ['src/brokers/alpaca/outgoing.test.ts', 'are the order that was approved'],
      scenario('drift-voids-both-votes'),
      scenario('approval-not-sent-in-time'),
    ],
    missing: null,
  },
  {
    id: 'A04',
    name: 'no orphan account',
    state: 'there',
    code: [['src/desk/identifying.ts', 'export async function identify(']],
    parameters: [],
    answers: ['account.identified', 'ACCOUNT_MISMATCH'],
    tests: [
      ['src/desk/identifying.test.ts', 'is taken down once, and known again'],
      [
        'test/e2e/alpaca.test.ts',
        'is not started with keys that are refused, with those of another account, or without the broker',
      ],
    ],
    missing: null,
  },
  {
    id: 'A05',
    name: 'staged deployment',
    state: 'there',
    code: [
      ['src/orders/stage.ts', 'export const STAGES'],
      ['src/gate/limits.ts', 'const STAGE_RULES'],
      ['src/gate/rollout.ts', 'export const NEEDS'],
      ['src/desk/promoting.ts', 'export async function stageFault('],
      ['src/main/origin.ts', 'export async function originIn('],
    ],
    parameters: ['maxOpenPositions', 'symbols', 'ordTypes', 'allowShort', 'account.promotedFrom', 'account.firstStage'],
    answers: [
      'OPEN_POSITIONS_EXCEEDED',
      'STAGE_NOTIONAL_EXCEEDED',
      'STAGE_FORBIDS',
      'stage.opened',
      'stage.changed',
      'drill.held',
    ],
    tests: [
      [GATE, 'holds the pilot to its limits'],
      [GATE, 'A05 open positions'],
      ['src/gate/limits.test.ts', 'lets the pilot trade nothing until its symbols are named'],
      ['src/gate/rollout.test.ts', 'is met by exactly that much in'],
      ['test/rollout/month.test.ts', 'goes from shadow to pilot by what was shown and who agreed, and back by itself'],
      scenario('stage-needs-evidence'),
      scenario('stage-demoted-by-a-break'),
    ],
    missing: null,
  },
  {
    id: 'A06',
    name: 'identical code everywhere',
    state: 'there',
    code: [
      ['src/main/build.ts', 'export function buildOf('],
      ['src/desk/rolling.ts', 'export function notAgreed('],
      ['src/store/lock.ts', 'export function lock('],
    ],
    parameters: [],
    answers: ['BUILD_NOT_AGREED', 'gateway.started', 'order.created', 'stage.changed'],
    tests: [
      ['src/main/build.test.ts', 'changes with the runtime'],
      ['src/gate/gate.test.ts', 'live, by a build that nobody agreed to'],
      ['test/e2e/cli.test.ts', 'a second service on the same data, or on the same port, says so'],
    ],
    missing: null,
  },
  {
    id: 'A07',
    name: 'tests, separate environments',
    state: 'in part',
    code: [['src/brokers/alpaca/hosts.ts', 'export']],
    parameters: ['account.environment'],
    answers: ['ENVIRONMENT_MISMATCH'],
    tests: [scenario('paper-is-not-live'), ['src/brokers/alpaca/hosts.test.ts', 'are Alpaca’s own']],
    missing: 'No load test at twice the highest message rate of the last six months.',
  },
  {
    id: 'A08',
    name: 'supervision',
    state: 'in part',
    code: [['src/desk/events.ts', "'strategy.described':"]],
    parameters: [],
    answers: ['strategy.described'],
    tests: [['src/desk/limiting.test.ts', 'takes the risk role and somebody else, and sizes its orders from then on']],
    missing: 'What agents do beside their proposals (withdrawals, halts) is logged without model and inputs.',
  },
  {
    id: 'A09',
    name: 'annual review',
    state: 'not yet',
    ...NOTHING,
    missing: 'No report of controls and no reminder. `jax-exec limits history` and `people` say parts of it.',
  },
  {
    id: 'A10',
    name: 'continuity',
    state: 'in part',
    code: [['src/store/backup.ts', 'export']],
    parameters: [],
    answers: [],
    tests: [
      ['src/store/tamper.test.ts', 'of a running store is a consistent moment, and opens'],
      ['test/e2e/cli.test.ts', 'an old backup is refused, or its loss accepted; then it starts halted'],
    ],
    missing: 'No quarterly test of the broker’s phone desk and page; a restore is tried, not timed.',
  },
  {
    id: 'A11',
    name: 'access and testing',
    state: 'in part',
    code: [['src/api/access.ts', 'export const ROLES']],
    parameters: [],
    answers: ['person.changed', 'session.ended', 'passkey.revoked'],
    tests: [
      ['src/desk/governing.test.ts', 'ends every session of whoever is out, and what they armed'],
      scenario('approver-disabled'),
    ],
    missing: 'No quarterly list of who has access, and no penetration test.',
  },
  {
    id: 'A12',
    name: 'records',
    state: 'in part',
    code: [['src/store/export.ts', 'export']],
    parameters: [],
    answers: [],
    tests: [['src/store/tamper.test.ts', 'is verified without the database, by the bytes that were hashed']],
    missing:
      'Nothing is ever purged, so there is no retention to set; no legal hold, and cards of chats are not copied.',
  },
  {
    id: 'A13',
    name: 'audit-trail alternative',
    state: 'there',
    code: [
      ['src/journal/chain.ts', 'export'],
      ['src/journal/merkle.ts', 'export'],
      ['src/journal/checkpoint.ts', 'export'],
      [TRIGGERS, 'unsealed: {'],
    ],
    parameters: ['unsealed'],
    answers: ['UNSEALED'],
    tests: [
      ['src/store/tamper.test.ts', 'one byte edited'],
      ['src/store/tamper.test.ts', 'a row deleted'],
      ['test/e2e/cli.test.ts', 'a journal that was edited is found, and an older copy is not opened'],
    ],
    missing: null,
  },
  {
    id: 'A14',
    name: 'clocks',
    state: 'in part',
    code: [
      [TRIGGERS, 'clockOff: {'],
      [TRIGGERS, 'clockWrong: {'],
    ],
    parameters: ['clockOff', 'clockWrong'],
    answers: ['CLOCK_DISAGREES', 'CLOCK_OFF', 'CLOCK_WRONG'],
    tests: [
      ['src/gate/gate.test.ts', 'CLOCK_DISAGREES'],
      ['src/main/clock.test.ts', 'a standing clock moves only when it is moved, and never back'],
    ],
    missing: 'Neither NTP nor PTP is read, and no log of offsets is kept.',
  },
  {
    id: 'A15',
    name: 'busts',
    state: 'in part',
    code: [['src/orders/machine.ts', 'Bust']],
    parameters: [],
    answers: ['execution.reported'],
    tests: [scenario('bust'), scenario('correct'), scenario('bust-of-a-stop')],
    missing:
      'Busts and corrections are followed; no fill is looked at for a price outside the collar, and no request is written.',
  },
  {
    id: 'A16',
    name: 'CFTC, NFA',
    state: 'there',
    code: [[CHECKS, 'export const CHECK_LIST']],
    parameters: [],
    answers: [],
    tests: [[GATE, 'has its proof here']],
    unplanted: 'It asks for nothing beside P01 to P11 and R01, whose checks are taken out there.',
    missing: null,
  },
  {
    id: 'A17',
    name: 'EU update',
    state: 'in part',
    code: [
      ['src/gate/headroom.ts', 'export function softOf('],
      ['src/approvals/policy.ts', 'export function surer('],
    ],
    parameters: [],
    answers: ['limits.changed'],
    tests: [[GATE, 'is looked at again before the send'], scenario('limit-soft')],
    missing:
      'Hard and soft limits with who set them and why; no note of calibration, no owner and no date of the last review.',
  },
]
