import type { Lie } from '../../markets/lies.ts'
import type { Tick } from '../../exchange/board.ts'
import {
  dec,
  type Decimal,
  isZero,
  max,
  minus,
  over,
  plus,
  px,
  type Px,
  type Qty,
  toStep,
} from '../../values/decimal.ts'
import { type Instant, plusMs } from '../../values/instant.ts'
import type { Execution } from './booked.ts'
import type { Order } from './order.ts'

/** Something a lying symbol will do by itself. It survives a restart, so that a lie once begun is told to its end. */
export type Deed = { readonly id: string; readonly symbol: string; readonly due: Instant } & (
  | { readonly kind: 'trade'; readonly orderID: string; readonly qty: Qty; readonly price: Px }
  | { readonly kind: 'bust'; readonly executionID: string }
  | { readonly kind: 'correct'; readonly executionID: string; readonly qty: Qty; readonly price: Px }
)
export type Plan = Deed extends infer D ? (D extends Deed ? Omit<D, 'id'> : never) : never

const LATE_MS = 1000
const UNDO_MS = 3000
const WORSE_BY = px('0.05')
const LOT = dec('1')

const atLeastOne = (size: Decimal): Qty => max(toStep(size, LOT, 'down'), LOT) as Qty
const part = (of: Decimal, parts: string): Decimal => over(of, dec(parts), { scale: 9, rounding: 'down' })

/** What a trade makes a lying symbol plan; `first` is the order's first. */
export function planAfterTrade(lie: Lie, order: Order, execution: Execution, first: boolean, at: Instant): Plan[] {
  const { symbol, qty, price } = execution
  if (lie.later === 'bust' && first)
    return [{ kind: 'bust', symbol, due: plusMs(at, UNDO_MS), executionID: execution.id }]
  if (lie.later === 'correct' && first) {
    const worse = execution.side === 'buy' ? plus(price, WORSE_BY) : minus(price, WORSE_BY)
    return [{ kind: 'correct', symbol, due: plusMs(at, UNDO_MS), executionID: execution.id, qty, price: worse }]
  }
  if (lie.later === 'overfill' && order.status === 'filled')
    return [
      {
        kind: 'trade',
        symbol,
        due: plusMs(at, LATE_MS),
        orderID: order.id,
        qty: atLeastOne(part(order.qty, '10')),
        price,
      },
    ]
  return []
}

/** What a cancel makes it plan: half of the rest fills after all. */
export function planAfterCancel(lie: Lie, order: Order, shown: Tick | undefined, at: Instant): Plan[] {
  if (lie.later !== 'fill-canceled' || order.parentID !== null) return []
  const rest = minus(order.qty, order.filledQty)
  const price = order.limitPrice ?? (order.side === 'buy' ? shown?.ask : shown?.bid)
  if (isZero(rest) || !price) return []
  return [
    {
      kind: 'trade',
      symbol: order.symbol,
      due: plusMs(at, LATE_MS),
      orderID: order.id,
      qty: atLeastOne(part(rest, '2')),
      price,
    },
  ]
}
