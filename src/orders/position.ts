import {
  abs,
  type Amt,
  amt,
  compare,
  type Decimal,
  gt,
  isZero,
  min,
  minus,
  negate,
  over,
  plus,
  type Px,
  type Qty,
  sign,
  times,
  ZERO,
} from '../values/decimal.ts'
import type { Execution } from './report.ts'

/** What the trades of one symbol add up to. A fold: nothing else may change it. */
export type Position = {
  readonly symbol: string
  /** Signed: above zero is long. */
  readonly netQty: Decimal
  /** What the open size cost, unsigned, in the instrument's currency: average-cost method. */
  readonly cost: Decimal
  /** Realised so far, in account currency, before commission; each close is converted at its own trade's rate. */
  readonly realizedPnl: Amt
  readonly commission: Amt
  /** Change of cash in account currency: −side × quantity × price × rate − commission. */
  readonly cashFlow: Amt
  /** What brokers kept of the units bought, over all its trades. Where it is an estimate, as much more may be held. Absent: none. */
  readonly feeQty?: Qty
}

/** What a trade adds to what is held, or takes from it: all of a sale, and of a buy what the broker did not keep. */
export function movedQty(e: Pick<Execution, 'side' | 'lastQty' | 'feeQty'>): Qty {
  if (e.side === 'Sell' || e.feeQty === undefined) return e.lastQty
  return gt(e.lastQty, e.feeQty) ? minus(e.lastQty, e.feeQty) : (ZERO as Qty)
}

export const flat = (symbol: string): Position => ({
  symbol,
  netQty: ZERO,
  cost: ZERO,
  realizedPnl: amt('0'),
  commission: amt('0'),
  cashFlow: amt('0'),
})

/** Trades in the order they were made. Busted ones count for nothing. */
export const positionOf = (symbol: string, trades: readonly Execution[]): Position =>
  trades.reduce(addTrade, flat(symbol))

/**
 * Folds one trade. Average cost is kept exactly as a total, so only a partial close divides (12 places, half-even).
 * A fee in kind leaves less of what was paid for: the same cost, a higher average.
 */
export function addTrade(p: Position, e: Execution): Position {
  if (!e.live) return p
  const moved: Decimal = movedQty(e)
  const signed = e.side === 'Buy' ? moved : negate(moved)
  const gross = times(e.lastQty, e.lastPx)
  const cashFlow = minus(
    plus(p.cashFlow, times(e.side === 'Buy' ? negate(gross) : gross, e.settlCurrFxRate) as Amt),
    e.commission,
  )
  const feeQty = plus(p.feeQty ?? (ZERO as Qty), minus(e.lastQty, moved as Qty))
  const rest = {
    symbol: p.symbol,
    commission: plus(p.commission, e.commission),
    cashFlow,
    ...(!isZero(feeQty) && { feeQty }),
  }
  const netQty = plus(p.netQty, signed)
  const realized = (gain: Decimal): Amt => plus(p.realizedPnl, times(gain, e.settlCurrFxRate) as Amt)
  // All of it was kept: nothing came of the money.
  if (isZero(moved)) return { ...rest, netQty, cost: p.cost, realizedPnl: realized(negate(gross)) }
  if (isZero(p.netQty) || sign(p.netQty) === sign(signed))
    return { ...rest, netQty, cost: plus(p.cost, gross), realizedPnl: p.realizedPnl }

  const held = abs(p.netQty)
  const closed = min(held, moved)
  const costClosed = part(p.cost, closed, held)
  // Without a fee in kind exact, whatever its digits.
  const proceeds = compare(moved, e.lastQty) === 0 ? times(closed, e.lastPx) : part(gross, closed, moved)
  const gain = sign(p.netQty) > 0 ? minus(proceeds, costClosed) : minus(costClosed, proceeds)
  const turned = minus(moved, closed)
  // A trade larger than the position closes it and opens the other side with what is left over.
  const cost = isZero(turned) ? minus(p.cost, costClosed) : minus(gross, proceeds)
  return { ...rest, netQty, cost, realizedPnl: realized(gain) }
}

/** `amount` × `qty` ÷ `whole`. */
function part(amount: Decimal, qty: Decimal, whole: Decimal): Decimal {
  if (compare(qty, whole) === 0) return amount
  return over(times(amount, qty), whole, { scale: 12, rounding: 'half-even' })
}

/** Average price of the open size, 8 places, half-even; null when flat. */
export const avgCost = (p: Position): Px | null =>
  isZero(p.netQty) ? null : (over(p.cost, abs(p.netQty), { scale: 8, rounding: 'half-even' }) as Px)
