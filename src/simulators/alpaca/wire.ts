import { createHash } from 'node:crypto'
import { type Decimal, round, scaleOf, shortest } from '../../values/decimal.ts'
import { type Instant, rfc3339, toMs } from '../../values/instant.ts'

/** A moment to the nanosecond, UTC, always nine digits after the point: text order is time order. */
export type Stamp = string & { readonly __stamp: true }

export const stampOf = (at: Instant, nanos: number): Stamp =>
  `${rfc3339(at).slice(0, -1)}${String(nanos).padStart(3, '0')}Z` as Stamp

const WHEN = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})?)?$/

/** What a caller gives as a time: RFC 3339 with up to nine digits, or a day. Null when it is neither. */
export function parseStamp(text: string): Stamp | null {
  // A plus sign that was not escaped arrives as a blank.
  const m = WHEN.exec(text.replace(/ (\d{2}:\d{2})$/, '+$1'))
  if (!m) return null
  const [, day = '', clock = '00:00:00', fraction = '', zone = 'Z'] = m
  const ms = Date.parse(`${day}T${clock.length === 5 ? `${clock}:00` : clock}${zone.toUpperCase()}`)
  if (Number.isNaN(ms)) return null
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z` as Stamp
}

/** As Alpaca writes it: zeros at the end of the fraction are left out. */
export const wireTime = (stamp: Stamp): string => stamp.replace(/\.?0+Z$/, 'Z')
export const wireTimeOrNull = (stamp: Stamp | null): string | null => stamp && wireTime(stamp)

/** Rounded to microseconds, as activities have it: it may lie behind the order's own time. */
export function toMicros(stamp: Stamp): string {
  const whole = Date.parse(`${stamp.slice(0, 19)}Z`)
  const micros = BigInt(whole) * 1000n + (BigInt(stamp.slice(20, 29)) + 500n) / 1000n
  const ms = Number(micros / 1000n)
  return wireTime(`${new Date(ms).toISOString().slice(0, -1)}${String(micros % 1000n).padStart(3, '0')}Z` as Stamp)
}

const NEW_YORK = 'America/New_York'
export const inNewYork = (stamp: Stamp): Temporal.ZonedDateTime =>
  Temporal.Instant.from(stamp).toZonedDateTimeISO(NEW_YORK)

/** `20261120093124668`: New York's wall clock, which begins the ids of activities. */
export const localDigits = (stamp: Stamp): string =>
  inNewYork(stamp).toPlainDateTime().toString({ fractionalSecondDigits: 3 }).replace(/\D/g, '')

/** The same text always gives the same UUID, in the form of version 4. */
export function uuidOf(...parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(parts.join('\u0000')).digest('hex')
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUUID = (text: string): boolean => UUID.test(text)

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
function base32(value: bigint, length: number): string {
  let out = ''
  for (let rest = value; out.length < length; rest >>= 5n) out = (CROCKFORD[Number(rest & 31n)] ?? '') + out
  return out
}
/** A ULID: `n` grows with each, so that they sort as they were made even within a millisecond. */
export const ulidOf = (at: Instant, n: number): string => base32(BigInt(toMs(at)), 10) + base32(BigInt(n), 16)
export const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** Sizes, prices and ratios on the wire: text without trailing zeros, at most `places`. */
export const wireNumber = (d: Decimal, places = 9): string =>
  shortest(scaleOf(d) > places ? round(d, places, 'half-even') : d)
export const wireNumberOrNull = (d: Decimal | null): string | null => d && wireNumber(d)

/** A JSON number with these very digits: market data has numbers where the trading API has text. */
export const jsonNumber = (d: Decimal): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(wireNumber(d))

/** A number in a request's JSON, as it was written. */
export class Numeral {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** What a body holds, its numbers as they were written; undefined when it is not JSON. */
export function readJson(source: string): unknown {
  const keep = (_: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' ? new Numeral(context?.source ?? String(value)) : value
  try {
    return JSON.parse(source, keep)
  } catch {
    return undefined
  }
}
