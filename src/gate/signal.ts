import type { Proposal } from '../orders/proposal.ts'
import type { Side } from '../orders/terms.ts'
import { type Decimal, dec, gt, gte, lt, lte, type Px, ZERO } from '../values/decimal.ts'
import type { Refusal } from './refusal.ts'

/** Far above the dearest share and the widest currency pair; a price beyond it is a mistake in the scale. */
const PX_MAX = dec('1000000000')
/** Likewise for sizes: a thousand billion units of anything. */
const QTY_MAX = dec('1000000000000')
const ONE = dec('1')

/** Every number of the intent that cannot be meant. */
export function outOfRange(p: Proposal): readonly Refusal[] {
  const positive = (field: string, value: Decimal | null, max: Decimal, allowed: string): Refusal[] =>
    value === null || (gt(value, ZERO) && lte(value, max))
      ? []
      : [{ code: 'NUMBER_OUT_OF_RANGE', field, value, allowed }]
  const share = p.confidence === null || (gte(p.confidence, ZERO) && lte(p.confidence, ONE))
  return [
    ...positive('entryPx', p.entryPx, PX_MAX, 'above 0 and at most 1000000000'),
    ...positive('stopPx', p.stopPx, PX_MAX, 'above 0 and at most 1000000000'),
    ...positive('targetPx', p.targetPx, PX_MAX, 'above 0 and at most 1000000000'),
    ...positive('orderQty', p.orderQty, QTY_MAX, 'above 0 and at most 1000000000000'),
    ...(share
      ? []
      : [{ code: 'NUMBER_OUT_OF_RANGE', field: 'confidence', value: p.confidence, allowed: 'from 0 to 1' } as const]),
  ]
}

/** A stop loses and a target wins: for a buy the stop is below the entry and the target above, for a sell the reverse. */
export function wrongStop(side: Side, p: Proposal): readonly Refusal[] {
  return beyond(side, p.entryPx, p.stopPx)
    ? []
    : [{ code: 'STOP_ON_WRONG_SIDE', side, entryPx: p.entryPx, stopPx: p.stopPx }]
}
export function wrongTarget(side: Side, p: Proposal): readonly Refusal[] {
  if (p.targetPx === null || beyond(side, p.targetPx, p.entryPx)) return []
  return [{ code: 'TARGET_ON_WRONG_SIDE', side, entryPx: p.entryPx, targetPx: p.targetPx }]
}

/** True when `a` is strictly on the profit side of `b`. */
export const beyond = (side: Side, a: Px, b: Px): boolean => (side === 'Buy' ? gt(a, b) : lt(a, b))
