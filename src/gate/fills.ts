import { abs, dec, gt, lt, minus, type Px, times } from '../values/decimal.ts'

/** The lowest and the highest price that was read around a fill. */
export type Around = { readonly low: Px; readonly high: Px }

const BPS = dec('10000')

/**
 * Whether a fill is farther than the collar from every price around it, to either side: a price that is too good is as
 * likely to be undone as one that is too bad.
 *
 * @param collarBps the collar of entries, in basis points of the nearer of both prices.
 */
export function isOutside(lastPx: Px, { low, high }: Around, collarBps: number): boolean {
  const share = dec(String(collarBps))
  const isApart = (from: Px): boolean => gt(times(abs(minus(lastPx, from)), BPS), times(from, share))
  return (lt(lastPx, low) && isApart(low)) || (gt(lastPx, high) && isApart(high))
}
