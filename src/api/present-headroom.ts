import type { Headroom } from '../gate/headroom.ts'
import { text } from '../values/decimal.ts'
import type * as wire from './wire.ts'

/** How much of a limit an order uses, every figure as text. */
export const viewHeadroom = (one: Headroom): wire.Headroom => ({
  name: one.name,
  unit: one.unit,
  limit: text(one.limit),
  before: text(one.before),
  order: text(one.order),
  orderPercent: maybe(one.orderPercent),
  afterPercent: maybe(one.afterPercent),
})

const maybe = (percent: Headroom['orderPercent']): string | null => percent && text(percent)
