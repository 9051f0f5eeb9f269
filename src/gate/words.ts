import { type Decimal, dec, round, shortest, text, times } from '../values/decimal.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'

/** `2026-11-22 15:13:20 UTC`. */
export const moment = (at: Instant): string => `${rfc3339(at).slice(0, 19).replace('T', ' ')} UTC`

/** `850 ms`, `5.001 s`, `12 min`: exact below ten minutes, so that two compared spans never read alike. */
export function span(ms: number): string {
  if (Math.abs(ms) < 1000) return `${ms} ms`
  return Math.abs(ms) < 600_000 ? `${ms / 1000} s` : `${Math.ceil(ms / 60_000)} min`
}

/** `1875.00 USD`. For reading: to the cent, half-even. */
export const money = (amount: Decimal, currency: string): string => `${text(round(amount, 2, 'half-even'))} ${currency}`

/** `1%` of "0.01". */
export const percent = (share: Decimal): string => `${shortest(times(share, dec('100')))}%`
