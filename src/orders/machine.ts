import type { AccountID, ClOrdID, ExecID, IntentID, OrderID } from '../values/brand.ts'
import { type Amt, type Decimal, dec, eq, gt, isZero, minus, over, plus, type Px, type Qty, qty, times, ZERO } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Delivery } from './delivery.ts'
import type { Execution, Report } from './report.ts'
import type { Ownership, Terms } from './terms.ts'

// Three small machines, not one large one. `delivery` is whether the broker has the order, `phase` is what it last said
// about it, `asked` is our own unanswered request. What the outside reads as OrdStatus is a view over them (ordStatus).
export type Phase = 'PendingNew' | 'New' | 'PartiallyFilled' | 'Filled' | 'Canceled' | 'Rejected' | 'Expired'
export type Asked = 'Nothing' | 'Cancel'

/** FIX ExecType(150). Trades are split by whether LeavesQty(151) reaches zero; `Unfill` is a bust or correction that re-opens size. */
export type Said = 'New' | 'PartialFill' | 'Fill' | 'Unfill' | 'Canceled' | 'Rejected' | 'Expired'

/**
 * Row: where the order is. Column: what the broker said. An empty cell is the broker contradicting itself.
 * Every row takes trades, because a trade is money wherever it arrives; and late acknowledgements, because reports overtake each other.
 */
export const PHASE: Readonly<Record<Phase, Partial<Record<Said, Phase>>>> = {
  PendingNew: { New: 'New', PartialFill: 'PartiallyFilled', Fill: 'Filled', Canceled: 'Canceled', Rejected: 'Rejected', Expired: 'Expired' },
  New: { New: 'New', PartialFill: 'PartiallyFilled', Fill: 'Filled', Canceled: 'Canceled', Rejected: 'Rejected', Expired: 'Expired' },
  PartiallyFilled: { New: 'PartiallyFilled', PartialFill: 'PartiallyFilled', Fill: 'Filled', Unfill: 'PartiallyFilled', Canceled: 'Canceled', Expired: 'Expired' },
  Filled: { New: 'Filled', Fill: 'Filled', Unfill: 'PartiallyFilled' },
  Canceled: { New: 'Canceled', PartialFill: 'Canceled', Fill: 'Filled', Unfill: 'Canceled', Canceled: 'Canceled' }, // a fill crossed our cancel on the wire: real money
  Expired: { New: 'Expired', PartialFill: 'Expired', Fill: 'Filled', Unfill: 'Expired', Expired: 'Expired' }, // the same at the close
  Rejected: { New: 'Rejected', PartialFill: 'PartiallyFilled', Fill: 'Filled', Rejected: 'Rejected' }, // the broker took its no back
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
  readonly orderID: OrderID | null
  readonly cumQty: Qty
  /** Sum of quantity × price over the live trades, exact; FIX GrossTradeAmt(381). */
  readonly grossTradeAmt: Decimal
  /** Busts and corrections that arrived before the trade they are about. */
  readonly awaited: readonly Amendment[]
  /** The broker's words for a rejection or cancellation, verbatim. */
  readonly text: string | null
  /** Correlation id: the same from the signal to the last fill. */
  readonly corr: string
  readonly createdAt: Instant
  /** When the send was started, before its first byte; null while it waits. */
  readonly sentAt: Instant | null
  readonly updatedAt: Instant
}

type Amendment = { readonly refExecID: ExecID; readonly to: { readonly lastQty: Qty; readonly lastPx: Px } | null }

export type ReportFault = { readonly code: 'UNEXPECTED_REPORT'; readonly phase: Phase; readonly said: Said }
/** `order` is the order after the report; `execution` the trade it touched, as it is now known; `alarm` what a person must look at. */
export type Applied = { readonly order: Order; readonly execution: Execution | null; readonly alarm: 'OVERFILL' | 'FILL_AFTER_REJECT' | null }

/** A new order that waits for its send. */
export function freshOrder(
  made: Ownership & { readonly clOrdID: ClOrdID; readonly account: AccountID; readonly terms: Terms; readonly maxNotional?: Amt; readonly corr: string },
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
 * Folds one execution report into an order. Pure: same inputs, same answer.
 *
 * @param prior the trade this report repeats (same ExecID), or the one it busts or corrects; null when that is not known.
 *   A repeated trade changes nothing, so redelivery is harmless.
 * Invariant: while open, cumQty + leavesQty = orderQty (FIX 4.4, LeavesQty(151)).
 */
export function applyReport(order: Order, report: Report, prior: Execution | null, now: Instant): Result<Applied, ReportFault> {
  switch (report.execType) {
    case 'Trade': {
      if (prior) return ok({ order, execution: null, alarm: null })
      const amendment = order.awaited.find((a) => a.refExecID === report.execID)
      const trade: Execution = {
        execID: report.execID,
        clOrdID: order.clOrdID,
        symbol: order.terms.symbol,
        side: order.terms.side,
        lastQty: report.lastQty,
        lastPx: report.lastPx,
        settlCurrFxRate: report.settlCurrFxRate,
        commission: report.commission,
        transactTime: report.transactTime,
        live: true,
      }
      const known = amendment ? amended(trade, amendment) : trade
      const awaited = order.awaited.filter((a) => a !== amendment)
      return settle({ ...order, awaited }, null, known, now)
    }
    case 'TradeCancel':
    case 'TradeCorrect': {
      const to = report.execType === 'TradeCorrect' ? { lastQty: report.lastQty, lastPx: report.lastPx } : null
      const amendment: Amendment = { refExecID: report.refExecID, to }
      if (!prior) {
        const others = order.awaited.filter((a) => a.refExecID !== report.refExecID)
        return ok({ order: { ...order, awaited: [...others, amendment], updatedAt: now }, execution: null, alarm: null })
      }
      // A bust is final: a correction that was overtaken by it must not bring the trade back.
      if (!prior.live) return ok({ order, execution: null, alarm: null })
      return settle(order, prior, amended(prior, amendment), now)
    }
    case 'New':
    case 'Canceled':
    case 'Rejected':
    case 'Expired':
      return move(order, report.execType, now, report.text)
  }
}

const amended = (trade: Execution, { to }: Amendment): Execution => (to ? { ...trade, ...to } : { ...trade, live: false })

/** Replaces what `before` contributed by what `after` contributes. */
function settle(order: Order, before: Execution | null, after: Execution, now: Instant): Result<Applied, ReportFault> {
  const [qtyBefore, amtBefore] = contribution(before)
  const [qtyAfter, amtAfter] = contribution(after)
  const cumQty = plus(minus(order.cumQty, qtyBefore), qtyAfter)
  const grossTradeAmt = plus(minus(order.grossTradeAmt, amtBefore), amtAfter)
  const full = !gt(order.terms.orderQty, cumQty)
  const said: Said = full ? 'Fill' : gt(qtyBefore, qtyAfter) || isZero(qtyAfter) ? 'Unfill' : 'PartialFill'
  // A trade that arrives already busted moves no size, so it moves no phase either.
  if (isZero(qtyBefore) && isZero(qtyAfter)) return ok({ order: { ...order, updatedAt: now }, execution: after, alarm: null })
  const moved = move({ ...order, cumQty, grossTradeAmt }, said, now, null)
  if (!moved.ok) return moved
  const alarm = gt(cumQty, order.terms.orderQty) ? 'OVERFILL' : order.phase === 'Rejected' ? 'FILL_AFTER_REJECT' : null
  return ok({ order: moved.value.order, execution: after, alarm })
}

const contribution = (e: Execution | null): [Qty, Decimal] => (e?.live ? [e.lastQty, times(e.lastQty, e.lastPx)] : [qty('0'), dec('0')])

function move(order: Order, said: Said, now: Instant, text: string | null): Result<Applied, ReportFault> {
  const phase = PHASE[order.phase][said]
  if (!phase) return err({ code: 'UNEXPECTED_REPORT', phase: order.phase, said })
  return ok({
    order: { ...order, phase, asked: isOpenPhase(phase) ? order.asked : 'Nothing', text: text ?? order.text, updatedAt: now },
    execution: null,
    alarm: null,
  })
}

export const isOpenPhase = (phase: Phase): boolean => phase === 'PendingNew' || phase === 'New' || phase === 'PartiallyFilled'

/** True while the broker may hold it or may come to hold it: it counts against every limit. */
export const isOpen = (o: Order): boolean => isOpenPhase(o.phase) && o.delivery !== 'Rejected' && o.delivery !== 'Absent'

export type OrdStatus = Phase | 'PendingCancel' | 'InDoubt' | 'NotSent'

/** FIX OrdStatus(39) as the outside world sees it, with two words FIX lacks: in doubt, and proven never to have reached the broker. */
export function ordStatus(o: Order): OrdStatus {
  if (o.delivery === 'Absent') return 'NotSent'
  if (o.delivery === 'Rejected' && o.phase === 'PendingNew') return 'Rejected'
  if (o.delivery === 'InDoubt' && o.phase === 'PendingNew') return 'InDoubt'
  if (isOpenPhase(o.phase) && o.asked === 'Cancel') return 'PendingCancel'
  return o.phase === 'PartiallyFilled' && isZero(o.cumQty) ? 'New' : o.phase
}

/** What may still trade. Zero once the order is closed, and never below zero. */
export const leavesQty = (o: Order): Qty => (isOpen(o) && gt(o.terms.orderQty, o.cumQty) ? minus(o.terms.orderQty, o.cumQty) : qty('0'))

/** Volume-weighted price of the live trades, 8 places, half-even; null before the first. FIX AvgPx(6). */
export const avgPx = (o: Order): Px | null => (isZero(o.cumQty) ? null : (over(o.grossTradeAmt, o.cumQty, { scale: 8, rounding: 'half-even' }) as Px))

export const isFilled = (o: Order): boolean => eq(o.cumQty, o.terms.orderQty)
