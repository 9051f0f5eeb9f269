import type { AccountID, ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import {
  type Amt,
  type Decimal,
  gt,
  gte,
  isZero,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  qty,
  times,
  ZERO,
} from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Delivery } from './delivery.ts'
import { movedQty } from './position.ts'
import type { BustReport, Correction, CorrectReport, Execution, Report, StatusReport, TradeReport } from './report.ts'
import type { Ownership, Terms } from './terms.ts'
import type { Consent } from './ticket.ts'

// Three small machines, not one large one. `delivery` is whether the broker has the order, `phase` is what it last said
// about it, `asked` is our own unanswered request. What the outside reads as OrdStatus is a view over them (ordStatus).
export type Phase =
  | 'PendingNew'
  | 'New'
  | 'PartiallyFilled'
  | 'Filled'
  | 'Canceled'
  | 'Replaced'
  | 'Rejected'
  | 'Expired'
/** How an order ends that has not traded to its end. */
type Ended = Extract<Phase, 'Canceled' | 'Replaced' | 'Expired'>
export type Asked = 'Nothing' | 'Cancel'

/**
 * What a trade, bust or correction does to the size: leaves some of it (`PartialFill`), none of it (`Fill`), or gives some
 * back (`Unfill`; also a trade that arrives already busted, and a new price for the same size).
 */
type Traded = 'PartialFill' | 'Fill' | 'Unfill'
/** FIX ExecType(150), with trades split by what they do to LeavesQty(151). */
export type Said = Traded | 'New' | 'Canceled' | 'Replaced' | 'Rejected' | 'Expired'

/**
 * Row: where the order is. Column: what the broker said. An empty cell is the broker contradicting itself.
 * The columns of `Traded` have no empty cell, by type, because a trade is money wherever it arrives; and every row takes
 * a late acknowledgement, because reports overtake each other.
 */
export const PHASE: Readonly<Record<Phase, Readonly<Record<Traded, Phase> & Partial<Record<Said, Phase>>>>> = {
  PendingNew: {
    New: 'New',
    PartialFill: 'PartiallyFilled',
    Fill: 'Filled',
    Unfill: 'New', // even a trade that never was says that the broker has the order
    Canceled: 'Canceled',
    Replaced: 'Replaced',
    Rejected: 'Rejected',
    Expired: 'Expired',
  },
  New: {
    New: 'New',
    PartialFill: 'PartiallyFilled',
    Fill: 'Filled',
    Unfill: 'New',
    Canceled: 'Canceled',
    Replaced: 'Replaced',
    Rejected: 'Rejected',
    Expired: 'Expired',
  },
  PartiallyFilled: {
    New: 'PartiallyFilled',
    PartialFill: 'PartiallyFilled',
    Fill: 'Filled',
    Unfill: 'PartiallyFilled',
    Canceled: 'Canceled',
    Replaced: 'Replaced',
    Expired: 'Expired',
  },
  // A bust opens it again until the broker says otherwise. An end that comes after the last fill was overtaken by it.
  Filled: {
    New: 'Filled',
    PartialFill: 'PartiallyFilled',
    Fill: 'Filled',
    Unfill: 'PartiallyFilled',
    Canceled: 'Filled',
    Replaced: 'Filled',
    Expired: 'Filled',
  },
  // A fill crossed our cancel on the wire: real money.
  Canceled: { New: 'Canceled', PartialFill: 'Canceled', Fill: 'Filled', Unfill: 'Canceled', Canceled: 'Canceled' },
  // The same on the way to the order that is in its place now: both count.
  Replaced: { New: 'Replaced', PartialFill: 'Replaced', Fill: 'Filled', Unfill: 'Replaced', Replaced: 'Replaced' },
  // The same at the close.
  Expired: { New: 'Expired', PartialFill: 'Expired', Fill: 'Filled', Unfill: 'Expired', Expired: 'Expired' },
  // A fill takes the broker's no back.
  Rejected: {
    New: 'Rejected',
    PartialFill: 'PartiallyFilled',
    Fill: 'Filled',
    Unfill: 'Rejected',
    Rejected: 'Rejected',
  },
}

export type Order = Ownership & {
  readonly clOrdID: ClOrdID
  readonly account: AccountID
  readonly terms: Terms
  /** What its ticket says it may cost at most, in account currency. Absent on exits, which cost nothing. */
  readonly maxNotional?: Amt
  readonly delivery: Delivery
  readonly phase: Phase
  readonly asked: Asked
  /** How the broker said it ended, kept beside `phase` so that a bust of the last fill does not open it again. */
  readonly ended?: Ended
  readonly orderID: OrderID | null
  readonly cumQty: Qty
  /** Sum of quantity × price over the live trades, exact; FIX GrossTradeAmt(381). */
  readonly grossTradeAmt: Decimal
  /** What the broker kept of what was bought, over the live trades: filled, and not held. Absent: nothing. */
  readonly feeQty?: Qty
  /** Busts and corrections that arrived before the trade they are about. */
  readonly awaited: readonly Amendment[]
  /** Reports that contradicted the book and were written down as such: said again, they are no news. */
  readonly disputed?: readonly ExecID[]
  /** The order in whose place it was sent; both are of one intent. Absent: it is the first. */
  readonly replaces?: ClOrdID
  /** The order sent to take its place, which has it once `phase` is Replaced. Gone again when nothing came of that one. */
  readonly replacedBy?: ClOrdID
  /** The yes to it, of one that replaces another by our hand. A first one has it with its intent. */
  readonly consent?: Consent
  /** The broker's words for a rejection or cancellation, verbatim. */
  readonly text: string | null
  /** Correlation id: the same from the signal to the last fill. */
  readonly corr: string
  readonly createdAt: Instant
  /** When the send was first started, before its first byte; null while it waits. */
  readonly sentAt: Instant | null
  /** How often it was offered to the broker under its one name; absent is at most once. */
  readonly offers?: number
  /** When anything was last learned about it. A request to cancel is ours and teaches nothing: doubt grows old meanwhile. */
  readonly updatedAt: Instant
}

/** A bust (`to` is null) or a correction, of the trade `refExecID`. */
type Amendment = Correction & {
  readonly refExecID: ExecID
  readonly to: { readonly lastQty: Qty; readonly lastPx: Px; readonly feeQty?: Qty } | null
}

export type ReportFault = { readonly code: 'UNEXPECTED_REPORT'; readonly phase: Phase; readonly said: Said }
/**
 * `order` is the order after the report, the very same object when the report says nothing new; `execution` the trade it
 * touched, as it is now known; `alarm` what a person must look at.
 */
export type Applied = {
  readonly order: Order
  readonly execution: Execution | null
  readonly alarm: 'OVERFILL' | 'FILL_AFTER_REJECT' | null
}

/** A new order that waits for its send. */
export function freshOrder(
  made: Ownership & {
    readonly clOrdID: ClOrdID
    readonly account: AccountID
    readonly terms: Terms
    readonly maxNotional?: Amt
    readonly replaces?: ClOrdID
    readonly consent?: Consent
    readonly corr: string
  },
  now: Instant,
): Order {
  return {
    ...made,
    delivery: 'Queued',
    phase: 'PendingNew',
    asked: 'Nothing',
    orderID: null,
    cumQty: qty('0'),
    grossTradeAmt: ZERO,
    awaited: [],
    text: null,
    createdAt: now,
    sentAt: null,
    updatedAt: now,
  }
}

/**
 * Folds one execution report into an order. Pure: same inputs, same answer. What the trades add up to does not depend on
 * the order in which trades, busts and corrections arrive, nor on how often.
 *
 * @param prior the trade this report repeats (same ExecID), or the one it busts or corrects; null when that is not known.
 * @returns a fault when the broker contradicts itself; nothing was changed then.
 *   Invariant: while open and not overfilled, cumQty + leavesQty = orderQty (FIX 4.4, LeavesQty(151)).
 */
export function applyReport(
  order: Order,
  report: Report,
  prior: Execution | null,
  now: Instant,
): Result<Applied, ReportFault> {
  switch (report.execType) {
    case 'Trade':
      // One ExecID for trades of two orders: to take it for a repeat would lose a fill.
      if (prior && prior.clOrdID !== order.clOrdID) return unexpected(order, 'PartialFill')
      return ok(prior ? same(order) : traded(order, report, now))
    case 'TradeCancel':
    case 'TradeCorrect':
      if (prior && prior.clOrdID !== order.clOrdID) return unexpected(order, 'Unfill')
      return ok(prior ? amend(order, prior, amendment(report), now) : awaitTrade(order, amendment(report), now))
    case 'New':
    case 'Canceled':
    case 'Replaced':
    case 'Rejected':
    case 'Expired':
      return told(order, report.execType, report.text, now)
  }
}

const same = (order: Order): Applied => ({ order, execution: null, alarm: null })
const unexpected = ({ phase }: Order, said: Said) => err({ code: 'UNEXPECTED_REPORT', phase, said } as const)

function traded(order: Order, report: TradeReport, now: Instant): Applied {
  const { execID, lastQty, lastPx, settlCurrFxRate, commission, transactTime } = report
  const { feeQty } = report
  const { clOrdID, terms } = order
  const { symbol, side } = terms
  const trade = {
    execID,
    clOrdID,
    symbol,
    side,
    lastQty,
    lastPx,
    settlCurrFxRate,
    commission,
    ...(feeQty && { feeQty }),
    transactTime,
    live: true,
  }
  const waiting = order.awaited.find((a) => a.refExecID === execID)
  if (!waiting) return settle(order, null, trade, now)
  return settle({ ...order, awaited: order.awaited.filter((a) => a !== waiting) }, null, amended(trade, waiting), now)
}

/** Keeps what came before its trade. Of several amendments of one trade the one that will hold is enough. */
function awaitTrade(order: Order, late: Amendment, now: Instant): Applied {
  const held = order.awaited.find((a) => a.refExecID === late.refExecID)
  if (held && !supersedes(late, held)) return same(order)
  return same({ ...order, awaited: [...order.awaited.filter((a) => a !== held), late], updatedAt: now })
}

function amend(order: Order, prior: Execution, late: Amendment, now: Instant): Applied {
  if (!prior.live) return same(order)
  if (late.to && prior.corrected && !isLater(late, prior.corrected)) return same(order)
  return settle(order, prior, amended(prior, late), now)
}

function amendment(report: BustReport | CorrectReport): Amendment {
  const { execID, refExecID, transactTime } = report
  if (report.execType === 'TradeCancel') return { execID, refExecID, transactTime, to: null }
  const { lastQty, lastPx, feeQty } = report
  return { execID, refExecID, transactTime, to: { lastQty, lastPx, ...(feeQty && { feeQty }) } }
}

function amended(trade: Execution, { execID, transactTime, to }: Amendment): Execution {
  if (!to) return { ...trade, live: false }
  // The fee goes with the size it was taken of: each correction tells both anew, so their order does not matter.
  const { feeQty: _before, ...rest } = trade
  return { ...rest, ...to, corrected: { execID, transactTime } }
}

/** A bust is final: a correction that it overtook must not bring the trade back. Of two corrections the later one holds. */
const supersedes = (late: Amendment, held: Amendment): boolean =>
  held.to !== null && (late.to === null || isLater(late, held))

/** By the broker's time, then by name: brokers that correct within one tick of their clock count their ExecIDs up. */
const isLater = (a: Correction, b: Correction): boolean =>
  a.transactTime === b.transactTime ? a.execID > b.execID : a.transactTime > b.transactTime

/** Replaces what `before` contributed by what `after` contributes. Every row of the table takes it. */
function settle(order: Order, before: Execution | null, after: Execution, now: Instant): Applied {
  const [qtyBefore, amtBefore, keptBefore] = contribution(before)
  const [qtyAfter, amtAfter, keptAfter] = contribution(after)
  const cumQty = plus(minus(order.cumQty, qtyBefore), qtyAfter)
  const grossTradeAmt = plus(minus(order.grossTradeAmt, amtBefore), amtAfter)
  const { feeQty: kept = ZERO as Qty, ...rest } = order
  const feeQty = plus(minus(kept, keptBefore), keptAfter)
  const grew = gt(qtyAfter, qtyBefore)
  const said = gte(cumQty, order.terms.orderQty) ? 'Fill' : grew ? 'PartialFill' : 'Unfill'
  // An order that was filled after its end goes back to that end, not to work.
  const phase = PHASE[order.ended ?? order.phase][said]
  const overfilled = gt(cumQty, order.terms.orderQty)
  return {
    order: {
      ...rest,
      cumQty,
      grossTradeAmt,
      ...(!isZero(feeQty) && { feeQty }),
      phase,
      asked: stillAsked(order, phase),
      updatedAt: now,
    },
    execution: after,
    alarm: overfilled ? 'OVERFILL' : order.phase === 'Rejected' && grew ? 'FILL_AFTER_REJECT' : null,
  }
}

/** Size, amount, and what of the size was kept. */
const contribution = (e: Execution | null): [Qty, Decimal, Qty] =>
  e?.live ? [e.lastQty, times(e.lastQty, e.lastPx), minus(e.lastQty, movedQty(e))] : [qty('0'), ZERO, qty('0')]

/** What the broker says of the order itself. */
function told(
  order: Order,
  said: StatusReport['execType'],
  words: string | null,
  now: Instant,
): Result<Applied, ReportFault> {
  const phase = PHASE[order.phase][said]
  if (!phase) return unexpected(order, said)
  const text = words ?? order.text
  const asked = stillAsked(order, phase)
  const ends = order.ended === undefined && isEnd(said)
  if (phase === order.phase && text === order.text && asked === order.asked && !ends) return ok(same(order))
  return ok(same({ ...order, ...(ends && { ended: said }), phase, asked, text, updatedAt: now }))
}

const isEnd = (said: Said): said is Ended => said === 'Canceled' || said === 'Replaced' || said === 'Expired'

/** A request to cancel is answered by the end of the order; of one that was replaced it is meant for the next. */
const stillAsked = (order: Order, phase: Phase): Asked =>
  isOpenPhase(phase) || phase === 'Replaced' ? order.asked : 'Nothing'

export const isOpenPhase = (phase: Phase): boolean =>
  phase === 'PendingNew' || phase === 'New' || phase === 'PartiallyFilled'

/** True while the broker may hold it or may come to hold it: it counts against every limit. */
export const isOpen = (o: Order): boolean =>
  isOpenPhase(o.phase) && o.delivery !== 'Rejected' && o.delivery !== 'Absent'

/** True when the broker has spoken of it: whatever became of the reply to our send, it has the order. */
export const isReported = (o: Order): boolean => o.phase !== 'PendingNew' || o.awaited.length > 0

export type OrdStatus = Phase | 'PendingCancel' | 'PendingReplace' | 'InDoubt' | 'NotSent'

/** FIX OrdStatus(39) as the outside world sees it, with two words FIX lacks: in doubt, and proven never to have reached the broker. */
export function ordStatus(o: Order): OrdStatus {
  if (o.delivery === 'Absent') return 'NotSent'
  if (o.delivery === 'Rejected' && isOpenPhase(o.phase)) return 'Rejected'
  if (o.delivery === 'InDoubt' && o.phase === 'PendingNew') return 'InDoubt'
  if (isOpenPhase(o.phase) && o.asked === 'Cancel') return 'PendingCancel'
  if (isOpenPhase(o.phase) && o.replacedBy !== undefined) return 'PendingReplace'
  return o.phase === 'PartiallyFilled' && isZero(o.cumQty) ? 'New' : o.phase
}

/** What may still trade. Zero once the order is closed, and never below zero. */
export const leavesQty = (o: Order): Qty =>
  isOpen(o) && gt(o.terms.orderQty, o.cumQty) ? minus(o.terms.orderQty, o.cumQty) : qty('0')

/** Volume-weighted price of the live trades, 8 places, half-even; null before the first. FIX AvgPx(6). */
export const avgPx = (o: Order): Px | null =>
  isZero(o.cumQty) ? null : (over(o.grossTradeAmt, o.cumQty, { scale: 8, rounding: 'half-even' }) as Px)
