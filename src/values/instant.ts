import type { Brand } from './brand.ts'

/** A moment: whole microseconds since 1970-01-01T00:00:00Z. A safe integer from 1684 to 2255. */
export type Instant = Brand<number, 'Instant'>

export const instant = (micros: number): Instant => micros as Instant
export const fromMs = (ms: number): Instant => (ms * 1000) as Instant
export const toMs = (at: Instant): number => Math.floor(at / 1000)
export const plusMs = (at: Instant, ms: number): Instant => (at + Math.round(ms * 1000)) as Instant
/** Whole milliseconds from `a` to `b`; negative when `b` is earlier. */
export const msBetween = (a: Instant, b: Instant): number => Math.trunc((b - a) / 1000)

// Hours end at 23: `Date.parse` would take 24:00:00 for the next day. Second 60 is refused: no UTC microsecond names it.
const RFC3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/**
 * Parses RFC 3339 with up to nine fractional digits, cut to microseconds. Null when it is not one, names a day that the
 * calendar lacks, or lies outside 1684–2255, where microseconds are not exact.
 */
export function parseInstant(text: string): Instant | null {
  const m = RFC3339.exec(text)
  if (!m) return null
  const [, date = '', time = '', fraction = '', zone = ''] = m
  const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  if (Number.isNaN(ms) || !isDay(date)) return null
  const micros = ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
  return Number.isSafeInteger(micros) ? instant(micros) : null
}

/** Date.parse rolls 2026-02-30 over into March; the day that was written must be the day that was read. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}

/** `2026-11-22T15:13:20.000000Z`: UTC, always six fractional digits, so that text order is time order. */
export function rfc3339(at: Instant): string {
  const ms = Math.floor(at / 1000)
  const micros = at - ms * 1000
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}
