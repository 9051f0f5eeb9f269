import { differences, LIMIT_NAMES, LIST_NAMES, type LimitChange, type Limits } from '../gate/limits.ts'
import type { Headroom } from '../gate/headroom.ts'
import { type Decimal, text } from '../values/decimal.ts'
import type * as wire from './wire.ts'

// Risk limits as programs read them: every amount as text, every limit under its name.

const shown = (value: Decimal | null): string | null => value && text(value)

export function viewLimits({ version, stage, values, lists }: Limits): wire.Limits {
  return {
    version,
    stage,
    values: Object.fromEntries(
      LIMIT_NAMES.map((name) => [name, { hard: shown(values[name].hard), soft: shown(values[name].soft) }]),
    ) as wire.Limits['values'],
    lists: {
      symbols: lists.symbols && [...lists.symbols],
      restricted: [...lists.restricted],
      assetClasses: lists.assetClasses && [...lists.assetClasses],
      ordTypes: lists.ordTypes && [...lists.ordTypes],
      allowShort: lists.allowShort,
    },
  }
}

export const viewHeadroom = (one: Headroom): wire.Headroom => ({
  name: one.name,
  unit: one.unit,
  limit: text(one.limit),
  before: text(one.before),
  order: text(one.order),
  orderPercent: shown(one.orderPercent),
  afterPercent: shown(one.afterPercent),
})

export const viewLimitChanges = (before: Limits, after: Limits): wire.LimitChange[] =>
  differences(before, after).map(({ name, bound, old, new: now, tighter }) => ({
    name,
    bound,
    old: inWords(name, old),
    new: inWords(name, now),
    tighter,
  }))

/** A value as one text: `0.2`, `AAPL, MSFT`, `yes`. Null is no limit. */
function inWords(name: LimitChange['name'], value: LimitChange['old']): string | null {
  if (value === null) return null
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return LIST_NAMES.some((one) => one === name) ? (value as readonly string[]).join(', ') : text(value as Decimal)
}
