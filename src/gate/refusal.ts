import { type HaltState, tradingIn } from '../orders/halt.ts'
import type { Stage } from '../orders/stage.ts'
import type { Side } from '../orders/terms.ts'
import type { Amt, Decimal, Px, Qty } from '../values/decimal.ts'
import { shortest, text } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { money, moment, percent, span } from './words.ts'

/** A named price of the intent. */
export type PriceField = 'entryPx' | 'stopPx' | 'targetPx' | 'stopLimitPx'
/** What set the size: the risk budget, or the limit that left less room. */
export type Binding =
  | 'risk'
  | 'model'
  | 'order'
  | 'position'
  | 'stage'
  | 'buyingPower'
  | 'gross'
  | 'net'
  | 'turnover'
  | 'symbolShare'
  | 'sector'
  | 'orderQty'
  | 'volume'
  | 'instrument'

type Age = { readonly ageMs: number; readonly limitMs: number }
/** `used` is what counted already; `share` is the figure of the limit. */
type Share = {
  readonly notional: Amt
  readonly used: Amt
  readonly limit: Amt
  readonly share: Decimal
  readonly currency: string
}
type Loss = { readonly loss: Amt; readonly limit: Amt; readonly share: Decimal; readonly currency: string }
/** `count` is without the order in question. */
type Count = { readonly count: number; readonly limit: number }

/** What each no compared. Flat, so that it crosses every wire as it is. */
type Compared = {
  // may anything go?
  TRADING_HALTED: HaltState
  INSTRUMENT_FROZEN: { symbol: string; reason: string; since: Instant }
  APPROVAL_VOID: { by: string }
  QUORUM_UNREACHABLE: { quorum: number; eligible: number }
  NOBODY_ON_DUTY: { hours: string }
  ENVIRONMENT_MISMATCH: { expected: string; account: string }
  ACCOUNT_MISMATCH: { expected: string; account: string }
  STAGE_FORBIDS: { stage: Stage; sendsTo: string }
  WAIVER_OF_ANOTHER_ORDER: { orderQty: Qty; maxNotional: Amt; agreedQty: Qty; agreedNotional: Amt }
  VENUE_NOT_ALLOWED: { symbol: string; venue: string }
  SESSION_NOT_ALLOWED: { symbol: string; session: string; allowed: string }
  SYMBOL_HALTED: { symbol: string }
  SYMBOL_RESUMED: { symbol: string; resumedAt: Instant; waitMs: number }
  WOULD_MEET_OWN_EXIT: { side: Side; clOrdID: string; price: Px }
  FIFO_SIZE_TAKEN: { symbol: string; orderQty: Qty }
  SETTLED_CASH_EXCEEDED: { notional: Amt; settledCash: Amt; reserved: Amt; currency: string }
  INTRADAY_DEFICITS: { count: number }
  REVIEW_OVERDUE: { since: Instant }
  DECISION_MAKER_MISSING: { missing: string }
  BUILD_NOT_AGREED: { reason: string }
  // the intent itself
  SIGNAL_IS_HOLD: { symbol: string }
  NUMBER_OUT_OF_RANGE: { field: string; value: Decimal; allowed: string }
  EXPIRY_NOT_AFTER_GENERATED: { generatedAt: Instant; expiresAt: Instant }
  SIGNAL_EXPIRED: { expiresAt: Instant; now: Instant }
  CLOCK_DISAGREES: { of: string; at: Instant; now: Instant; limitMs: number }
  DUPLICATE_INTENT: { twin: string; receivedAt: Instant; windowMs: number }
  STOP_ON_WRONG_SIDE: { side: Side; entryPx: Px; stopPx: Px }
  TARGET_ON_WRONG_SIDE: { side: Side; entryPx: Px; targetPx: Px }
  // the instrument
  MARKET_MISSING: { symbol: string }
  INSTRUMENT_MISSING: { symbol: string }
  INSTRUMENT_INVALID: { symbol: string; rule: string; value: string }
  NOT_TRADABLE: { symbol: string }
  ASSET_CLASS_UNSUPPORTED: { assetClass: string; supported: string }
  ORD_TYPE_UNSUPPORTED: { ordType: string; supported: string }
  TIME_IN_FORCE_UNSUPPORTED: { timeInForce: string; supported: string }
  SYMBOL_RESTRICTED: { symbol: string }
  SYMBOL_NOT_ALLOWED: { symbol: string; allowed: string; stage: string }
  ASSET_CLASS_NOT_ALLOWED: { assetClass: string; allowed: string; stage: string }
  ORD_TYPE_NOT_ALLOWED: { ordType: string; allowed: string; stage: string }
  // the market
  SESSION_MISSING: { symbol: string }
  SESSION_STALE: Age
  MARKET_CLOSED: { symbol: string; nextOpenAt: Instant | null }
  QUOTE_MISSING: { symbol: string }
  QUOTE_STALE: Age
  QUOTE_NOT_POSITIVE: { bid: Px; ask: Px }
  QUOTE_CROSSED: { bid: Px; ask: Px }
  CONVERSION_MISSING: { from: string; to: string }
  CONVERSION_STALE: Age
  CONVERSION_INVALID: { from: string; to: string; rate: Decimal }
  // the account
  ACCOUNT_MISSING: Record<never, never>
  ACCOUNT_STALE: Age
  ACCOUNT_NOT_ACTIVE: { status: string }
  EQUITY_NOT_POSITIVE: { equity: Amt; currency: string }
  POSITION_UNKNOWN: { symbol: string; entries: number }
  POSITION_MISMATCH: { symbol: string; bookQty: Decimal; brokerQty: Decimal }
  OPPOSITE_POSITION: { side: Side; positionQty: Decimal }
  OPPOSITE_ORDER: { side: Side; clOrdID: string; leavesQty: Qty }
  SHORT_OFF_BY_POLICY: { symbol: string }
  SHORT_OFF_FOR_ACCOUNT: { symbol: string }
  NOT_SHORTABLE: { symbol: string }
  SHORT_PRICE_TEST: { symbol: string; closePx: Px; fellToPx: Px; price: Px | null; bid: Px }
  SHORT_PRICES_UNKNOWN: { symbol: string }
  IN_FLIGHT_UNVALUED: { clOrdID: string; symbol: string }
  // the day
  DAY_UNKNOWN: { missing: string }
  DAY_LOSS_REACHED: Loss
  DRAWDOWN_REACHED: Loss
  ORDERS_PER_MINUTE_EXCEEDED: Count
  ORDERS_PER_DAY_EXCEEDED: Count
  REPEATS_EXCEEDED: Count & { strategyID: string; symbol: string; side: Side }
  OPEN_POSITIONS_EXCEEDED: Count & { symbol: string }
  // the prices
  TICK_MISSING: { field: PriceField; price: Px }
  PRICE_BELOW_TICK: { field: PriceField; price: Px; tick: Px }
  PRICE_OFF_TICK: { field: PriceField; price: Px; tick: Px }
  STOP_TOO_CLOSE: { entryPx: Px; stopPx: Px; distance: Decimal; tick: Px }
  STOP_REACHED: { side: Side; stopPx: Px; marketPx: Px }
  TARGET_REACHED: { side: Side; targetPx: Px; marketPx: Px }
  PRICE_OUTSIDE_COLLAR: { price: Px; midPx: Px; distanceBps: Decimal; limitBps: number }
  PRICE_MOVE_EXCEEDED: { lowPx: Px; highPx: Px; moveBps: Decimal; limitBps: number }
  PRICE_DRIFTED: { refPx: Px; midPx: Px; driftBps: Decimal; limitBps: number }
  COST_ABOVE_APPROVED: { cost: Amt; approved: Amt; limitBps: number; currency: string }
  // the size
  RANGE_MISSING: { symbol: string; strategyID: string }
  QTY_MISSING: { symbol: string }
  QTY_UNEXPECTED: { orderQty: Qty }
  QTY_NOT_LOT_MULTIPLE: { orderQty: Qty; lot: Qty }
  QTY_BELOW_MINIMUM: { orderQty: Qty; minQty: Qty }
  QTY_DIFFERS_FROM_SIZE: { orderQty: Qty; size: Qty; rawSize: Decimal; rule: 'exact' | 'not-larger'; binding: Binding }
  SIZE_BELOW_MINIMUM: { size: Qty; rawSize: Decimal; minQty: Qty; binding: Binding }
  NOTIONAL_BELOW_MINIMUM: { worth: Amt; price: Px; minNotional: Amt; currency: string }
  RISK_ABOVE_BUDGET: { risk: Amt; budget: Amt; limitBps: number; currency: string }
  ORDER_NOTIONAL_EXCEEDED: { notional: Amt; limit: Amt; currency: string }
  POSITION_NOTIONAL_EXCEEDED: { notional: Amt; position: Amt; inFlight: Amt; limit: Amt; currency: string }
  STAGE_NOTIONAL_EXCEEDED: { notional: Amt; limit: Amt; currency: string }
  BUYING_POWER_EXCEEDED: {
    notional: Amt
    buyingPower: Amt
    buffer: Decimal
    reserved: Amt
    available: Amt
    currency: string
  }
  SYMBOL_SHARE_EXCEEDED: Share & { symbol: string }
  SECTOR_SHARE_EXCEEDED: Share & { sector: string }
  GROSS_EXPOSURE_EXCEEDED: Share
  NET_EXPOSURE_EXCEEDED: Share & { side: Side }
  DAY_TURNOVER_EXCEEDED: Share
  ORDER_QTY_EXCEEDED: { orderQty: Qty; limit: Qty }
  VOLUME_UNKNOWN: { symbol: string }
  VOLUME_STALE: Age
  VOLUME_SHARE_EXCEEDED: { symbol: string; orderQty: Qty; limit: Qty; share: Decimal; avgVolume: Decimal; days: number }
  QTY_ABOVE_MAXIMUM: { orderQty: Qty; maxQty: Qty }
}

export type RefusalCode = keyof Compared
type Of<C extends RefusalCode> = { readonly code: C } & Readonly<Compared[C]>
/** Why our own rules said no. The code is public API; beside it stand the numbers that were compared. */
export type Refusal = { [C in RefusalCode]: Of<C> }[RefusalCode]

type Row<C extends RefusalCode> = {
  /** When it is given, for docs/refusals.md. */
  readonly meaning: string
  /** True when waiting may change the answer without changing the intent. */
  readonly transient: boolean
  /** What happened, with both numbers. */
  readonly says: (r: Of<C>) => string
  /** What to do about it. */
  readonly todo: string
}

const IN_WORDS: Readonly<Record<PriceField, string>> = {
  entryPx: 'entry price',
  stopPx: 'stop',
  targetPx: 'target',
  stopLimitPx: 'limit of the stop',
}
/** The binding line, as it is said to a person. */
export const BINDING: Readonly<Record<Binding, string>> = {
  risk: 'the risk budget',
  model: 'the sizing of the strategy',
  order: 'the limit per order',
  position: 'the limit per position',
  stage: 'the cap of the rollout stage',
  buyingPower: 'buying power',
  gross: 'the limit on gross exposure',
  net: 'the limit on net exposure',
  turnover: 'the turnover of the day',
  symbolShare: 'the share of equity in one symbol',
  sector: 'the share of equity in one sector',
  orderQty: 'the largest quantity of one order',
  volume: 'the share of the daily volume',
  instrument: "the broker's largest size",
}
const verb = (side: Side): string => (side === 'Buy' ? 'buy' : 'sell')
const old = (what: string, r: Age): string => `${what} is ${span(r.ageMs)} old; at most ${span(r.limitMs)} is accepted.`
const ratio = (r: { readonly rate: Decimal; readonly from: string; readonly to: string }): string =>
  `${text(r.rate)} ${r.to} per ${r.from}`

const shares = (r: Share, where: string): string =>
  `The order costs ${money(r.notional, r.currency)}, and ${money(r.used, r.currency)} is ${where}.`

const WAIT_FOR_FEED =
  'Nothing to change: try again when it has been read. If it stays, check the connection to the broker.'
const ASK_OPERATOR = 'Ask an operator; sending it again does not help.'
const MEND_SIGNAL = 'Correct it and send it as a new intent.'

/** One row for each way the gate says no, in the order of the checks. A new code does not compile without its row. */
export const REFUSALS: { readonly [C in RefusalCode]: Row<C> } = {
  TRADING_HALTED: {
    meaning: 'A person or a rule has stopped all new orders, or those of one symbol or strategy.',
    transient: true,
    says: (r) => `${tradingIn(r.scope)} was halted by ${r.by} at ${moment(r.since)}: ${r.reason}.`,
    todo: 'Wait until people release the halt.',
  },
  INSTRUMENT_FROZEN: {
    meaning: 'New orders in this symbol are stopped until a difference with the broker is explained.',
    transient: true,
    says: (r) => `${r.symbol} is frozen since ${moment(r.since)}: ${r.reason}.`,
    todo: 'Settle its task, or wait for a clean reconciliation.',
  },
  APPROVAL_VOID: {
    meaning:
      'Between the yes and the send the approval lost its worth: the approver may no longer approve, or the order is not the one that was shown.',
    transient: false,
    says: (r) => `The approval by ${r.by} no longer counts.`,
    todo: 'Propose the order again under a new id, and have it approved by somebody who may.',
  },
  QUORUM_UNREACHABLE: {
    meaning:
      'The policy of approvals asks for more people than there are who may approve this order, the proposer and whoever answers for it not counted.',
    transient: false,
    says: (r) => `${r.quorum} people must approve this order, and ${r.eligible} may.`,
    todo: 'Give more people the role approver, or change the policy of approvals.',
  },
  NOBODY_ON_DUTY: {
    meaning: 'The policy of approvals names hours in which somebody decides, and it is none of them now.',
    transient: true,
    says: (r) => `Nobody is there to decide now: the hours are ${r.hours}.`,
    todo: 'Propose it again within these hours, under a new id.',
  },
  ENVIRONMENT_MISMATCH: {
    meaning:
      'The account read from the broker is not of the environment and broker this policy is for: paper must never meet live.',
    transient: false,
    says: (r) => `The rules are for ${r.expected}, but the account is ${r.account}.`,
    todo: ASK_OPERATOR,
  },
  DECISION_MAKER_MISSING: {
    meaning:
      'An agent proposed it and does not say what decided it: the model, its version, and the run of the prompt. Live accounts ask for it, and others where `policy.namedModel` says so.',
    transient: false,
    says: (r) => `The proposal does not name ${r.missing}.`,
    todo: 'Propose it again, under a new id, with `model`, `model_version` and `artifact_id`.',
  },
  REVIEW_OVERDUE: {
    meaning: 'Nobody has reviewed the controls of this live account for 400 days; a year is what is asked for.',
    transient: false,
    says: (r) => `The controls were last reviewed on ${moment(r.since)}.`,
    todo: 'Read `jax-exec controls report`, then have the role risk say so: `jax-exec controls reviewed`.',
  },
  SESSION_NOT_ALLOWED: {
    meaning: 'The session that is open now is none in which this account may open a position.',
    transient: true,
    says: (r) => `${r.symbol} trades in the ${r.session.toLowerCase()} session; allowed: ${r.allowed.toLowerCase()}.`,
    todo: 'Wait for the regular hours.',
  },
  VENUE_NOT_ALLOWED: {
    meaning:
      'The symbol is traded over the counter, where prices are nobody’s business but the dealers’, or on an exchange that is none of those allowed.',
    transient: false,
    says: (r) => `${r.symbol} is traded at ${r.venue}, and not on an exchange that is allowed.`,
    todo: 'Choose a symbol that is listed on one. People name the exchanges: see the list venues.',
  },
  SYMBOL_HALTED: {
    meaning: 'Trading in this symbol is halted, or paused at its price limit, while its market is open.',
    transient: true,
    says: (r) => `Trading in ${r.symbol} is halted.`,
    todo: 'Wait until it trades again, and some minutes more. What is held is protected by the stop at the broker.',
  },
  SYMBOL_RESUMED: {
    meaning: 'Trading in this symbol has only just gone on after a halt, and its prices have yet to be found.',
    transient: true,
    says: (r) =>
      `${r.symbol} trades again since ${moment(r.resumedAt)}; nothing is opened for ${span(r.waitMs)} after that.`,
    todo: 'Propose it again after that, under a new id.',
  },
  WOULD_MEET_OWN_EXIT: {
    meaning: 'The order could trade with a stop or a target of ours in the same symbol, which looks like a wash trade.',
    transient: false,
    says: (r) =>
      `${r.side === 'Buy' ? 'Buying' : 'Selling'} there would meet our own ${r.clOrdID} at ${text(r.price)} on the other side.`,
    todo: 'Choose a price that does not reach it, or cancel that order first.',
  },
  FIFO_SIZE_TAKEN: {
    meaning:
      'This broker offsets the oldest trade first, and tells stops apart by the size of their trade alone; another trade in the symbol has this size.',
    transient: false,
    says: (r) => `Another trade in ${r.symbol} is for ${text(r.orderQty)} as well.`,
    todo: 'Propose it for another size: one unit more or less will do.',
  },
  SETTLED_CASH_EXCEEDED: {
    meaning: 'The account has no margin, and the order would be paid for with money that has not settled yet.',
    transient: true,
    says: (r) =>
      `It costs ${money(r.notional, r.currency)}; ${money(r.settledCash, r.currency)} of the cash has settled, and ${money(r.reserved, r.currency)} of it is spoken for.`,
    todo: 'Wait until the sales of today have settled, one trading day later, or order less.',
  },
  INTRADAY_DEFICITS: {
    meaning: 'Margin deficits of the day are open at the broker; one more and it restricts the account.',
    transient: true,
    says: (r) => `${r.count} margin deficits are not met yet.`,
    todo: 'Pay in, or close something; then try again.',
  },
  WAIVER_OF_ANOTHER_ORDER: {
    meaning: 'People let one order be beyond a limit, once; as it would be by now, it is another or a larger one.',
    transient: false,
    says: (r) =>
      `It would be ${text(r.orderQty)} for at most ${text(r.maxNotional)} by now; ${text(r.agreedQty)} for at most ${text(r.agreedNotional)}, at the same prices, was let through.`,
    todo: 'Propose it again, and a waiver for it as it is now.',
  },
  STAGE_FORBIDS: {
    meaning:
      'The account has not come so far: real money is traded from the pilot on, stage S2, and in stage S0 nothing is sent to a broker.',
    transient: false,
    says: (r) => `At stage ${r.stage} nothing may be sent to ${r.sendsTo}.`,
    todo: 'Look at what is missing for the next stage: `jax-exec stages`.',
  },
  BUILD_NOT_AGREED: {
    meaning: 'A live account trades with a build that people agreed to, and another one runs.',
    transient: false,
    says: (r) => r.reason,
    todo: 'Run the build that was agreed to, or have two people agree to this one: `jax-exec stages agree-build`.',
  },
  ACCOUNT_MISMATCH: {
    meaning: 'The ticket was made for another account than the one about to be used.',
    transient: false,
    says: (r) => `The ticket is for ${r.expected}, but the account is ${r.account}.`,
    todo: ASK_OPERATOR,
  },
  SIGNAL_IS_HOLD: {
    meaning: 'HOLD is an answer, not an order. It is recorded and goes no further.',
    transient: false,
    says: (r) => `The signal for ${r.symbol} says hold.`,
    todo: 'Nothing to do.',
  },
  NUMBER_OUT_OF_RANGE: {
    meaning: 'A price, quantity or confidence is zero, negative or beyond anything real.',
    transient: false,
    says: (r) => `${r.field} is ${text(r.value)}; it must be ${r.allowed}.`,
    todo: MEND_SIGNAL,
  },
  EXPIRY_NOT_AFTER_GENERATED: {
    meaning: 'The signal ends before, or at the moment, it was made.',
    transient: false,
    says: (r) =>
      `The signal expires at ${moment(r.expiresAt)}, not after it was generated at ${moment(r.generatedAt)}.`,
    todo: MEND_SIGNAL,
  },
  SIGNAL_EXPIRED: {
    meaning: 'The time in which the idea was good is over.',
    transient: false,
    says: (r) => `The signal expired at ${moment(r.expiresAt)}; it is ${moment(r.now)} now.`,
    todo: 'If the idea still holds, send it as a new intent.',
  },
  CLOCK_DISAGREES: {
    meaning: 'A fact or the signal carries a time in the future: one of the clocks is wrong, so no age can be trusted.',
    transient: true,
    says: (r) =>
      `The ${r.of} is stamped ${moment(r.at)}, ${span(Math.ceil((r.at - r.now) / 1000))} ahead of this clock; at most ${span(r.limitMs)} is accepted.`,
    todo: 'Set both clocks by NTP.',
  },
  DUPLICATE_INTENT: {
    meaning:
      'An earlier intent for the same symbol and side is waiting, approved or sent, within the duplicate window.',
    transient: false,
    says: (r) =>
      `Intent ${r.twin}, received at ${moment(r.receivedAt)}, already asks for the same symbol and side within ${span(r.windowMs)}.`,
    todo: 'Follow that one. If a second order is really meant, send it after the window.',
  },
  STOP_ON_WRONG_SIDE: {
    meaning: 'The stop is at the entry or on its profit side, so there is no risk to size by.',
    transient: false,
    says: (r) =>
      `To ${verb(r.side)} at ${text(r.entryPx)}, the stop must be ${r.side === 'Buy' ? 'below' : 'above'} it; it is ${text(r.stopPx)}.`,
    todo: MEND_SIGNAL,
  },
  TARGET_ON_WRONG_SIDE: {
    meaning: 'The target is at the entry or on its loss side.',
    transient: false,
    says: (r) =>
      `To ${verb(r.side)} at ${text(r.entryPx)}, the target must be ${r.side === 'Buy' ? 'above' : 'below'} it; it is ${text(r.targetPx)}.`,
    todo: MEND_SIGNAL,
  },
  MARKET_MISSING: {
    meaning: 'Nothing has been read about the symbol yet: no rules, no quote, no session.',
    transient: true,
    says: (r) => `Nothing is known about ${r.symbol} yet.`,
    todo: WAIT_FOR_FEED,
  },
  INSTRUMENT_MISSING: {
    meaning: "The broker's rules for the symbol (tick, lot, minimum) are not known. None are ever assumed.",
    transient: true,
    says: (r) => `The broker has given no rules for ${r.symbol}, or does not know it.`,
    todo: 'Check the spelling of the symbol. If it is right, try again when the broker has answered.',
  },
  INSTRUMENT_INVALID: {
    meaning: "One of the broker's rules for the symbol makes no sense, so none is used.",
    transient: false,
    says: (r) => `The rule ${r.rule} of ${r.symbol} is ${r.value}, which cannot be.`,
    todo: ASK_OPERATOR,
  },
  NOT_TRADABLE: {
    meaning: 'The broker does not take orders in this symbol.',
    transient: false,
    says: (r) => `The broker does not let ${r.symbol} be traded.`,
    todo: 'Choose another symbol.',
  },
  ASSET_CLASS_UNSUPPORTED: {
    meaning: 'The broker, as connected here, does not trade this kind of instrument.',
    transient: false,
    says: (r) => `${r.assetClass} cannot be traded here; the broker takes ${r.supported}.`,
    todo: 'Choose another symbol or account.',
  },
  ORD_TYPE_UNSUPPORTED: {
    meaning: 'The broker does not take this order type.',
    transient: false,
    says: (r) => `The broker does not take ${r.ordType} orders; it takes ${r.supported}.`,
    todo: MEND_SIGNAL,
  },
  TIME_IN_FORCE_UNSUPPORTED: {
    meaning: 'The broker does not take this time in force.',
    transient: false,
    says: (r) => `The broker does not take ${r.timeInForce}; it takes ${r.supported}.`,
    todo: MEND_SIGNAL,
  },
  SYMBOL_RESTRICTED: {
    meaning: 'The symbol is on the list of those that may not be traded, whatever else is allowed.',
    transient: false,
    says: (r) => `${r.symbol} is restricted.`,
    todo: 'Choose another symbol, or have the list changed.',
  },
  SYMBOL_NOT_ALLOWED: {
    meaning: 'The symbols that may be traded are named, and this one is not among them.',
    transient: false,
    says: (r) => `${r.symbol} may not be traded in stage ${r.stage}; allowed: ${r.allowed}.`,
    todo: 'Choose another symbol, or have the list changed.',
  },
  ASSET_CLASS_NOT_ALLOWED: {
    meaning: 'The asset classes that may be traded are named, and this one is not among them.',
    transient: false,
    says: (r) => `${r.assetClass} may not be traded in stage ${r.stage}; allowed: ${r.allowed}.`,
    todo: 'Choose another symbol, or have the list changed.',
  },
  ORD_TYPE_NOT_ALLOWED: {
    meaning: 'The order types that may open a position are named, and this one is not among them.',
    transient: false,
    says: (r) => `${r.ordType} orders may open nothing in stage ${r.stage}; allowed: ${r.allowed}.`,
    todo: 'Send it with another order type, as a new intent.',
  },
  SESSION_MISSING: {
    meaning: 'It is not known whether the market is open.',
    transient: true,
    says: (r) => `Whether the market of ${r.symbol} is open has not been read.`,
    todo: WAIT_FOR_FEED,
  },
  SESSION_STALE: {
    meaning: 'What is known of the market session is too old.',
    transient: true,
    says: (r) => old('The market session', r),
    todo: WAIT_FOR_FEED,
  },
  MARKET_CLOSED: {
    meaning: 'The market session of the symbol is not open.',
    transient: true,
    says: (r) => `The market of ${r.symbol} is closed${r.nextOpenAt === null ? '' : ` until ${moment(r.nextOpenAt)}`}.`,
    todo: 'Wait for the open; a signal that expires before it is lost.',
  },
  QUOTE_MISSING: {
    meaning: 'There is no quote to compare the price with.',
    transient: true,
    says: (r) => `There is no quote for ${r.symbol}.`,
    todo: WAIT_FOR_FEED,
  },
  QUOTE_STALE: {
    meaning: 'The quote is too old to compare a price with.',
    transient: true,
    says: (r) => old('The quote', r),
    todo: WAIT_FOR_FEED,
  },
  QUOTE_NOT_POSITIVE: {
    meaning: 'One side of the quote is zero or below: there is no market.',
    transient: true,
    says: (r) => `The quote is ${text(r.bid)} / ${text(r.ask)}; both sides must be above 0.`,
    todo: 'Wait for a two-sided market.',
  },
  QUOTE_CROSSED: {
    meaning: 'The bid is above the ask: the feed is wrong or the market is breaking.',
    transient: true,
    says: (r) => `The bid ${text(r.bid)} is above the ask ${text(r.ask)}.`,
    todo: 'Wait for an orderly quote.',
  },
  CONVERSION_MISSING: {
    meaning: 'The instrument is quoted in another currency than the account, and the rate is not known.',
    transient: true,
    says: (r) => `There is no rate from ${r.from} to ${r.to}.`,
    todo: WAIT_FOR_FEED,
  },
  CONVERSION_STALE: {
    meaning: 'The currency conversion rate is too old.',
    transient: true,
    says: (r) => old('The conversion rate', r),
    todo: WAIT_FOR_FEED,
  },
  CONVERSION_INVALID: {
    meaning: 'The currency conversion rate is zero or below.',
    transient: true,
    says: (r) => `The conversion rate is ${ratio(r)}; it must be above 0.`,
    todo: ASK_OPERATOR,
  },
  ACCOUNT_MISSING: {
    meaning: 'Equity, buying power and positions of the account are not known.',
    transient: true,
    says: () => 'The account has not been read from the broker.',
    todo: WAIT_FOR_FEED,
  },
  ACCOUNT_STALE: {
    meaning: 'What is known of the account is too old.',
    transient: true,
    says: (r) => old('What is known of the account', r),
    todo: WAIT_FOR_FEED,
  },
  ACCOUNT_NOT_ACTIVE: {
    meaning: 'The broker has restricted or blocked the account.',
    transient: false,
    says: (r) => `The broker says the account is ${r.status}; it must be Active.`,
    todo: 'Settle it with the broker.',
  },
  EQUITY_NOT_POSITIVE: {
    meaning: 'There is no equity to risk.',
    transient: false,
    says: (r) => `Equity is ${money(r.equity, r.currency)}; it must be above 0.`,
    todo: 'Fund the account.',
  },
  POSITION_UNKNOWN: {
    meaning: 'The broker reports the position more than once, so it is not known.',
    transient: true,
    says: (r) => `The broker lists ${r.entries} positions in ${r.symbol}; there can be one.`,
    todo: ASK_OPERATOR,
  },
  POSITION_MISMATCH: {
    meaning: "Our own book of fills and the broker's position differ.",
    transient: true,
    says: (r) => `Our book holds ${text(r.bookQty)} ${r.symbol}, the broker says ${text(r.brokerQty)}.`,
    todo: 'After a fill it settles by itself within seconds. If it stays, reconcile.',
  },
  OPPOSITE_POSITION: {
    meaning: 'A signal only opens a position or adds to one; this one goes against what is held.',
    transient: true,
    says: (r) => `The signal wants to ${verb(r.side)}, but ${text(r.positionQty)} is held on the other side.`,
    todo: 'Close the position instead; closing is never blocked.',
  },
  OPPOSITE_ORDER: {
    meaning: 'An entry on the other side is open in this symbol: the two could trade with each other.',
    transient: true,
    says: (r) =>
      `The signal wants to ${verb(r.side)}, but order ${r.clOrdID} for ${text(r.leavesQty)} is open on the other side.`,
    todo: 'Cancel that order first, or wait for it.',
  },
  SHORT_OFF_BY_POLICY: {
    meaning: 'It would open a short position, and the rules of this account do not allow that.',
    transient: false,
    says: (r) => `Selling ${r.symbol} would open a short position, which allowShort forbids.`,
    todo: 'Choose a long idea, or have the policy changed.',
  },
  SHORT_OFF_FOR_ACCOUNT: {
    meaning: 'It would open a short position, and the broker does not let this account do that.',
    transient: false,
    says: (r) => `Selling ${r.symbol} would open a short position, which the broker does not allow for this account.`,
    todo: 'Ask the broker for permission to sell short.',
  },
  NOT_SHORTABLE: {
    meaning: 'It would open a short position in something the broker cannot lend now.',
    transient: true,
    says: (r) => `${r.symbol} cannot be sold short now.`,
    todo: 'Wait until it can be borrowed, or choose another symbol.',
  },
  SHORT_PRICE_TEST: {
    meaning:
      'The price fell by a tenth or more today or on the day before, so that it may be sold short only by a limit above the bid (Regulation SHO, rule 201).',
    transient: true,
    says: (r) =>
      `${r.symbol} fell from ${text(r.closePx)} to ${text(r.fellToPx)}: it is sold short only by a limit above the bid, ${text(r.bid)}; ${r.price === null ? 'a market order has none' : `${text(r.price)} is not above it`}.`,
    todo: 'Ask with a limit above the bid, or wait until the day after next.',
  },
  SHORT_PRICES_UNKNOWN: {
    meaning: 'What a short sale needs to know of the last two days is not known.',
    transient: true,
    says: (r) => `The broker has not told how ${r.symbol} closed, so nobody knows whether it may be sold short freely.`,
    todo: 'It is read again within minutes.',
  },
  IN_FLIGHT_UNVALUED: {
    meaning: 'An open order has no known cost, so what is left of the limits is not known.',
    transient: true,
    says: (r) => `What order ${r.clOrdID} in ${r.symbol} may cost is not known.`,
    todo: 'Wait until it is done, or cancel it.',
  },
  DAY_UNKNOWN: {
    meaning: 'A limit is set that counts what happened before, and that is not known.',
    transient: true,
    says: (r) => `It is not known: ${r.missing}.`,
    todo: WAIT_FOR_FEED,
  },
  DAY_LOSS_REACHED: {
    meaning: 'The loss of the day is at its limit: nothing more is opened until the next day.',
    transient: true,
    says: (r) =>
      `The account has lost ${money(r.loss, r.currency)} today; at ${money(r.limit, r.currency)}, ${percent(r.share)} of equity, nothing more is opened.`,
    todo: 'Look at what is open; closing is never blocked.',
  },
  DRAWDOWN_REACHED: {
    meaning: 'The loss since the highest equity is at its limit: nothing more is opened.',
    transient: true,
    says: (r) =>
      `The account is ${money(r.loss, r.currency)} below its highest equity; at ${money(r.limit, r.currency)}, ${percent(r.share)} of it, nothing more is opened.`,
    todo: 'Stop and look at what went wrong; closing is never blocked.',
  },
  ORDERS_PER_MINUTE_EXCEEDED: {
    meaning: 'As many messages as may be were sent to the broker within the last minute.',
    transient: true,
    says: (r) =>
      `${r.count} messages were sent within the last minute; at most ${r.limit} may be, this order included.`,
    todo: 'Wait a minute. Look at who sends so fast.',
  },
  ORDERS_PER_DAY_EXCEEDED: {
    meaning: 'As many messages as may be were sent to the broker today.',
    transient: true,
    says: (r) => `${r.count} messages were sent today; at most ${r.limit} may be, this order included.`,
    todo: 'Wait for the next day, or have the limit changed.',
  },
  REPEATS_EXCEEDED: {
    meaning: 'One strategy has entered the same symbol on the same side as often as it may in one session.',
    transient: true,
    says: (r) =>
      `${r.strategyID} has sent ${r.count} orders to ${verb(r.side)} ${r.symbol} today; at most ${r.limit} may be sent, this one included.`,
    todo: 'Look at the strategy; one that runs in a circle looks like this.',
  },
  OPEN_POSITIONS_EXCEEDED: {
    meaning: 'There are positions or open entries in as many symbols as there may be.',
    transient: true,
    says: (r) => `There is something in ${r.count} symbols already; at most ${r.limit} may be, ${r.symbol} included.`,
    todo: 'Close a position or cancel an entry first.',
  },
  TICK_MISSING: {
    meaning: "The price lies outside every band of the broker's tick table. No tick is ever assumed.",
    transient: false,
    says: (r) => `No tick is known for the ${IN_WORDS[r.field]} ${text(r.price)}.`,
    todo: ASK_OPERATOR,
  },
  PRICE_BELOW_TICK: {
    meaning: 'The price is so small that it rounds to zero.',
    transient: false,
    says: (r) => `The ${IN_WORDS[r.field]} ${text(r.price)} rounds to 0 with a tick of ${text(r.tick)}.`,
    todo: MEND_SIGNAL,
  },
  PRICE_OFF_TICK: {
    meaning: 'The tick changed after the ticket was made: its price is no longer one the broker takes.',
    transient: false,
    says: (r) => `The ${IN_WORDS[r.field]} ${text(r.price)} is not a multiple of the tick ${text(r.tick)}.`,
    todo: 'Make a new ticket.',
  },
  STOP_TOO_CLOSE: {
    meaning: 'The stop is less than one tick from the entry.',
    transient: false,
    says: (r) =>
      `Entry ${text(r.entryPx)} and stop ${text(r.stopPx)} are ${shortest(r.distance)} apart; the least is one tick, ${text(r.tick)}.`,
    todo: MEND_SIGNAL,
  },
  STOP_REACHED: {
    meaning: 'The market is at or beyond the stop: the position would be closed as soon as it is opened.',
    transient: false,
    says: (r) =>
      `The ${r.side === 'Buy' ? 'bid' : 'ask'} ${text(r.marketPx)} has already reached the stop ${text(r.stopPx)}.`,
    todo: 'The idea is over; send a new one with a new stop.',
  },
  TARGET_REACHED: {
    meaning: 'A market order would be filled at or beyond its own target.',
    transient: false,
    says: (r) =>
      `The ${r.side === 'Buy' ? 'ask' : 'bid'} ${text(r.marketPx)} has already reached the target ${text(r.targetPx)}.`,
    todo: 'The idea has played out; send a new one.',
  },
  PRICE_OUTSIDE_COLLAR: {
    meaning: 'The entry is too far from the market, on either side.',
    transient: true,
    says: (r) =>
      `${text(r.price)} is ${text(r.distanceBps)} bps from the market at ${text(r.midPx)}; at most ${r.limitBps} bps are accepted.`,
    todo: 'Check the price; a wrong symbol, a split or a misplaced point looks like this.',
  },
  PRICE_MOVE_EXCEEDED: {
    meaning: 'Within ten minutes the market moved further than is orderly.',
    transient: true,
    says: (r) =>
      `Within ten minutes the market was between ${text(r.lowPx)} and ${text(r.highPx)}, ${text(r.moveBps)} bps apart; at most ${r.limitBps} bps are accepted.`,
    todo: 'Wait until it is calm, and see why it moved.',
  },
  PRICE_DRIFTED: {
    meaning: 'The market moved since the ticket was made; whoever decides must see the new one.',
    transient: true,
    says: (r) =>
      `The market moved ${text(r.driftBps)} bps, from ${text(r.refPx)} to ${text(r.midPx)}; at most ${r.limitBps} bps are accepted.`,
    todo: 'Look at a new ticket and decide again.',
  },
  COST_ABOVE_APPROVED: {
    meaning: 'By the prices and rates of now the order costs more than the ticket that was approved says.',
    transient: true,
    says: (r) =>
      `The order now costs ${money(r.cost, r.currency)}; the ticket says at most ${money(r.approved, r.currency)}, and ${r.limitBps} bps more are accepted.`,
    todo: 'Look at a new ticket and decide again.',
  },
  RANGE_MISSING: {
    meaning:
      'The strategy sizes its orders by the average true range of the symbol; the signal names none, and the broker tells of too few days.',
    transient: false,
    says: (r) =>
      `${r.strategyID} is sized by the average true range of ${r.symbol}; the signal names none, and the broker tells of fewer than 15 days.`,
    todo: 'Send the signal with average_true_range, or have the strategy sized otherwise.',
  },
  QTY_MISSING: {
    meaning: 'An explicit order must say how much.',
    transient: false,
    says: (r) => `The order for ${r.symbol} has no quantity.`,
    todo: 'Add the quantity, or send a signal and let it be sized.',
  },
  QTY_UNEXPECTED: {
    meaning: 'A signal carries no quantity; one that does may have been meant as an order.',
    transient: false,
    says: (r) => `The signal asks for ${text(r.orderQty)}, but signals are sized here.`,
    todo: 'Leave the quantity out, or send an explicit order.',
  },
  QTY_NOT_LOT_MULTIPLE: {
    meaning: 'The quantity is not a whole number of lots. It is never rounded silently.',
    transient: false,
    says: (r) => `${text(r.orderQty)} is not a multiple of the lot ${text(r.lot)}.`,
    todo: MEND_SIGNAL,
  },
  QTY_BELOW_MINIMUM: {
    meaning: 'The quantity asked for is below the smallest the broker takes.',
    transient: false,
    says: (r) => `${text(r.orderQty)} is below the smallest size, ${text(r.minQty)}.`,
    todo: MEND_SIGNAL,
  },
  QTY_DIFFERS_FROM_SIZE: {
    meaning:
      'The quantity of an explicit order must match the computed position size (policy: exactly, or not be larger). An open order may grow to what risk and its strategy allow, and no further.',
    transient: false,
    says: (r) =>
      `The order asks for ${text(r.orderQty)}; the computed size is ${text(r.size)} (${shortest(r.rawSize)} by risk alone, set by ${BINDING[r.binding]}), and the quantity must ${r.rule === 'exact' ? 'equal it' : 'not be larger'}.`,
    todo: 'Ask for the computed size, or send a signal and let it be sized.',
  },
  SIZE_BELOW_MINIMUM: {
    meaning: 'What risk and limits allow is less than the smallest order. It is never rounded up.',
    transient: false,
    says: (r) =>
      `The computed size is ${text(r.size)} (${shortest(r.rawSize)} by risk alone, set by ${BINDING[r.binding]}); the smallest order is ${text(r.minQty)}.`,
    todo: 'Nothing was sent. A closer stop gives more size for the same risk.',
  },
  NOTIONAL_BELOW_MINIMUM: {
    meaning: 'The order, or the stop that would protect it, is worth less than the broker takes.',
    transient: false,
    says: (r) =>
      `At ${text(r.price)}, the lowest of its prices, the order is worth ${money(r.worth, r.currency)}; the broker takes none below ${money(r.minNotional, r.currency)}, and its stop would be such an order.`,
    todo: 'Nothing was sent. Ask for more, or leave it.',
  },
  RISK_ABOVE_BUDGET: {
    meaning: 'By the equity and rates of now the approved order risks more than the budget allows.',
    transient: true,
    says: (r) =>
      `The order risks ${money(r.risk, r.currency)} at its stop; the budget is ${money(r.budget, r.currency)}, and ${r.limitBps} bps more are accepted.`,
    todo: 'Send it as a new intent, to be sized again.',
  },
  ORDER_NOTIONAL_EXCEEDED: {
    meaning: 'The order costs more than the limit per order.',
    transient: false,
    says: (r) =>
      `The order costs ${money(r.notional, r.currency)}; the limit per order is ${money(r.limit, r.currency)}.`,
    todo: 'Ask for less.',
  },
  POSITION_NOTIONAL_EXCEEDED: {
    meaning: 'Position, open orders and this order together are more than the limit per position.',
    transient: true,
    says: (r) =>
      `The position ${money(r.position, r.currency)}, open orders ${money(r.inFlight, r.currency)} and this order ${money(r.notional, r.currency)} together exceed the limit per position, ${money(r.limit, r.currency)}.`,
    todo: 'Reduce the position, cancel what is open, or ask for less.',
  },
  STAGE_NOTIONAL_EXCEEDED: {
    meaning: 'The order costs more than the rollout stage of the account allows.',
    transient: false,
    says: (r) =>
      `The order costs ${money(r.notional, r.currency)}; the rollout stage allows ${money(r.limit, r.currency)}.`,
    todo: 'Ask for less, or have the account promoted.',
  },
  BUYING_POWER_EXCEEDED: {
    meaning: 'The order costs more than is left of buying power, after the buffer and our own open orders.',
    transient: true,
    says: (r) =>
      `The order costs ${money(r.notional, r.currency)}; ${money(r.available, r.currency)} is left of buying power ${money(r.buyingPower, r.currency)} after a buffer of ${percent(r.buffer)} and ${money(r.reserved, r.currency)} for open orders.`,
    todo: 'Wait for open orders, or ask for less.',
  },
  SYMBOL_SHARE_EXCEEDED: {
    meaning: 'Position, open orders and this order together are more than the share of equity that one symbol may be.',
    transient: true,
    says: (r) =>
      `${shares(r, `in ${r.symbol} already`)} The limit is ${money(r.limit, r.currency)}, ${percent(r.share)} of equity.`,
    todo: 'Reduce the position, cancel what is open, or ask for less.',
  },
  SECTOR_SHARE_EXCEEDED: {
    meaning: 'Positions, open orders and this order together are more than the share of equity that one sector may be.',
    transient: true,
    says: (r) =>
      `${shares(r, `in the sector ${r.sector} already`)} The limit is ${money(r.limit, r.currency)}, ${percent(r.share)} of equity.`,
    todo: 'Reduce what is held of it, cancel what is open, or ask for less. A symbol whose sector nobody has named is of the sector unknown: people name it in the list sectors.',
  },
  GROSS_EXPOSURE_EXCEEDED: {
    meaning: 'All positions, all open entries and this order together are more than may be.',
    transient: true,
    says: (r) =>
      `${shares(r, 'in positions and open entries')} The limit is ${money(r.limit, r.currency)}, ${percent(r.share)} of equity.`,
    todo: 'Reduce a position, cancel what is open, or ask for less.',
  },
  NET_EXPOSURE_EXCEEDED: {
    meaning: 'Long beyond short, or short beyond long, would with this order be more than may be.',
    transient: true,
    says: (r) =>
      `${shares(r, r.side === 'Buy' ? 'long beyond short' : 'short beyond long')} The limit is ${money(r.limit, r.currency)}, ${percent(r.share)} of equity.`,
    todo: 'Reduce a position, cancel what is open, or ask for less.',
  },
  DAY_TURNOVER_EXCEEDED: {
    meaning: 'The entries of the day and this order together cost more than may be.',
    transient: true,
    says: (r) =>
      `${shares(r, 'in the entries of today')} The limit is ${money(r.limit, r.currency)}, ${percent(r.share)} of equity.`,
    todo: 'Wait for the next day, or ask for less.',
  },
  ORDER_QTY_EXCEEDED: {
    meaning: 'The order is for more than the largest quantity of one order.',
    transient: false,
    says: (r) => `${text(r.orderQty)} is above the largest quantity of one order, ${text(r.limit)}.`,
    todo: 'Ask for less.',
  },
  VOLUME_UNKNOWN: {
    meaning: 'How much is traded in a day is not known, and a limit is a share of it.',
    transient: true,
    says: (r) => `The broker has not told how much of ${r.symbol} is traded in a day.`,
    todo: 'It is read again within minutes. For a symbol too new to have a day, or a broker that tells no volumes, people set maxOrderQtyShares and lift maxVolumeShare.',
  },
  VOLUME_STALE: {
    meaning: 'The daily volume was read too long ago.',
    transient: true,
    says: (r) => old('The daily volume', r),
    todo: 'Wait: it is read again within minutes. If it stays, look at the connection to the broker.',
  },
  VOLUME_SHARE_EXCEEDED: {
    meaning: 'The order is for more than its share of what is traded in a day.',
    transient: false,
    says: (r) =>
      `${text(r.orderQty)} is above ${text(r.limit)}: ${percent(r.share)} of the ${shortest(r.avgVolume)} ${r.symbol} that the last ${r.days} days traded on the mean.`,
    todo: 'Ask for less: an order this large moves the price against itself.',
  },
  QTY_ABOVE_MAXIMUM: {
    meaning: 'The quantity asked for is above the largest the broker takes in one order.',
    transient: false,
    says: (r) => `${text(r.orderQty)} is above the largest size, ${text(r.maxQty)}.`,
    todo: 'Ask for less.',
  },
}

export const CODES = Object.keys(REFUSALS) as readonly RefusalCode[]

/** True when waiting may change the answer without changing the intent. */
export const TRANSIENT = Object.fromEntries(CODES.map((code) => [code, REFUSALS[code].transient])) as Readonly<
  Record<RefusalCode, boolean>
>

/** For a trader: what happened, with both numbers, and what to do. */
export function explain(refusal: Refusal): string {
  const { says, todo } = REFUSALS[refusal.code]
  // The table pairs each code with its own sentence; the compiler cannot follow that through a lookup.
  return `${(says as (r: Refusal) => string)(refusal)} ${todo}`
}
