import { type Decimal, dec, lte, over, plus, times, ZERO } from '../values/decimal.ts'
import type { Case } from './case.ts'
import { LIMIT_NAMES, type LimitName, LIMITS } from './limits.ts'
import { isBeyond, partOf } from './usage.ts'

/** How much of a limit is used, for whoever decides about the order. */
export type Headroom = {
  readonly name: LimitName
  /** Of the three figures; a share of equity stands here as the amount it is. */
  readonly unit: 'account currency' | 'orders' | 'units' | 'count'
  readonly limit: Decimal
  /** Before this order. Below zero where what is held is on the other side. */
  readonly before: Decimal
  readonly order: Decimal
  /** What the order uses of the limit, and what is used of it afterwards, in percent, up; null of a limit of nothing. */
  readonly orderPercent: Decimal | null
  readonly afterPercent: Decimal | null
}

export const UNITS = {
  'share of equity': 'account currency',
  'share of buying power': 'account currency',
  'share of volume': 'units',
  'account currency': 'account currency',
  'basis points': null,
  orders: 'orders',
  units: 'units',
  count: 'count',
} as const

/** Every hard limit on an amount or a count that this order was measured by. */
export function headroomOf(c: Case): readonly Headroom[] {
  return LIMIT_NAMES.flatMap((name): Headroom[] => {
    const unit = UNITS[LIMITS[name].unit]
    const { hard: limit, before } = c.uses[name] ?? {}
    const order = partOf(name, c)
    if (!unit || !limit || !before || !order) return []
    const percent = (used: Decimal) => (lte(limit, ZERO) ? null : percentOf(used, limit))
    const [orderPercent, afterPercent] = [percent(order), percent(plus(before, order))]
    return [{ name, unit, limit, before, order, orderPercent, afterPercent }]
  })
}

/** Up, so that what is over a limit also reads as over it. */
export const percentOf = (used: Decimal, limit: Decimal): Decimal =>
  over(times(used, HUNDRED), limit, { scale: 1, rounding: 'ceil' })
const HUNDRED = dec('100')

/** The soft limits that the order is beyond: it may go, and asks for a surer yes. */
export function softOf(c: Case): readonly LimitName[] {
  return LIMIT_NAMES.filter((name) => {
    const { soft, before } = c.uses[name] ?? {}
    const order = partOf(name, c)
    return soft && before && order && isBeyond(name, plus(before, order), soft)
  })
}
