import {
  abs,
  type Amt,
  amt,
  compare,
  type Decimal,
  isZero,
  min,
  minus,
  negate,
  over,
  plus,
  type Px,
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

/** Folds one trade. Average cost is kept exactly as a total, so only a partial close divides (12 places, half-even). */
export function addTrade(p: Position, e: Execution): Position {
  if (!e.live) return p
  const signed = e.side === 'Buy' ? e.lastQty : negate(e.lastQty)
  const gross = times(e.lastQty, e.lastPx)
  const cashFlow = minus(
    plus(p.cashFlow, times(e.side === 'Buy' ? negate(gross) : gross, e.settlCurrFxRate) as Amt),
    e.commission,
  )
  const rest = { symbol: p.symbol, commission: plus(p.commission, e.commission), cashFlow }
  const netQty = plus(p.netQty, signed as Decimal)
  if (isZero(p.netQty) || sign(p.netQty) === sign(signed))
    return { ...rest, netQty, cost: plus(p.cost, gross), realizedPnl: p.realizedPnl }

  const held = abs(p.netQty)
  const closed = min(held, e.lastQty as Decimal)
  const costClosed =
    compare(closed, held) === 0 ? p.cost : over(times(p.cost, closed), held, { scale: 12, rounding: 'half-even' })
  const proceeds = times(closed, e.lastPx)
  const gain = sign(p.netQty) > 0 ? minus(proceeds, costClosed) : minus(costClosed, proceeds)
  const realizedPnl = plus(p.realizedPnl, times(gain, e.settlCurrFxRate) as Amt)
  const turned = minus(e.lastQty as Decimal, closed)
  // A trade larger than the position closes it and opens the other side with what is left over.
  const cost = isZero(turned) ? minus(p.cost, costClosed) : times(turned, e.lastPx)
  return { ...rest, netQty, cost, realizedPnl }
}

/** Average price of the open size, 8 places, half-even; null when flat. */
export const avgCost = (p: Position): Px | null =>
  isZero(p.netQty) ? null : (over(p.cost, abs(p.netQty), { scale: 8, rounding: 'half-even' }) as Px)
