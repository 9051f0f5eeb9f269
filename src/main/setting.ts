// The kinds of settings: how each is read from text, and what is said when it cannot be.
import { z } from 'zod'
import { type Decimal, dec, gt, lte, parseDecimal, text as decimalText, ZERO } from '../values/decimal.ts'
import { didYouMean } from './nearest.ts'

export type About = { readonly meaning: string; readonly unit: string | null; readonly default: string | null }
export const ABOUT = z.registry<About>()

/** Every value in the file is text until its own parser has read it: 25000.00 keeps its cents, `no` stays a word. */
type FromText = z.ZodType<unknown, string>

export function setting<T extends FromText>(
  type: T,
  about: { default: string; unit?: string; meaning: string },
): z.ZodPrefault<T> {
  const made = type.prefault(about.default as z.input<T>)
  ABOUT.add(made, { unit: null, ...about })
  return made
}
export function optional<T extends FromText>(type: T, about: { unit?: string; meaning: string }): z.ZodOptional<T> {
  const made = type.optional()
  ABOUT.add(made, { unit: null, ...about, default: null })
  return made
}

export const filled = z.string('must be one value').min(1, 'has no value')

export const hostNames = filled.transform((value, ctx): readonly string[] => {
  const names = value.split(/[\s,]+/).filter((name) => name !== '')
  const wrong = names.find((name) => !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(name))
  if (wrong === undefined) return names
  ctx.addIssue(`names ${JSON.stringify(wrong)}, which is not a host name; write them without port, with blanks between`)
  return z.NEVER
})

/** `file:PATH` or `env:NAME`. The value itself never stands in the file, and never in what is printed. */
export type SecretRef = { readonly kind: 'file' | 'env'; readonly name: string }
export const secret = filled.transform((value, ctx): SecretRef => {
  const m = /^(file|env):(.+)$/.exec(value)
  if (m?.[1] !== undefined && m[2] !== undefined) return { kind: m[1] as SecretRef['kind'], name: m[2] }
  // The text is not repeated: it may be the secret.
  ctx.addIssue(
    'holds a secret in the open; put it in a file of your own (chmod 600) and write file:PATH, or write env:NAME',
  )
  return z.NEVER
})

export const choice = <const T extends readonly [string, ...string[]]>(words: T) =>
  filled.transform((value, ctx): T[number] => {
    if (words.includes(value)) return value
    ctx.addIssue(`is ${JSON.stringify(value)}; it can be ${listed(words)}${didYouMean(value, words)}`)
    return z.NEVER
  })
const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

export const yesNo = choice(['yes', 'no', 'true', 'false']).transform((word) => word === 'yes' || word === 'true')

export const whole = (from: number, to: number) =>
  filled.transform((value, ctx): number => {
    const n = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (n >= from && n <= to) return n
    ctx.addIssue(`is ${JSON.stringify(value)}; it must be a whole number from ${from} to ${to}`)
    return z.NEVER
  })

export const decimal = <D extends Decimal>(bounds: { above?: string; most?: string }) =>
  filled.transform((value, ctx): D => {
    const parsed = parseDecimal(value)
    if (!parsed.ok) {
      ctx.addIssue(`is ${JSON.stringify(value)}; it ${parsed.error}`)
      return z.NEVER
    }
    const above = bounds.above === undefined ? ZERO : dec(bounds.above)
    const high = bounds.most !== undefined && !lte(parsed.value, dec(bounds.most))
    if (!high && gt(parsed.value, above)) return parsed.value as D
    ctx.addIssue(
      `is ${value}; it must be above ${decimalText(above)}${bounds.most === undefined ? '' : ` and at most ${bounds.most}`}`,
    )
    return z.NEVER
  })
/** A share of one, zero allowed. */
export const shareOrNone = filled.transform((value, ctx): Decimal => {
  const parsed = parseDecimal(value)
  if (parsed.ok && lte(ZERO, parsed.value) && lte(parsed.value, dec('0.9'))) return parsed.value
  ctx.addIssue(`is ${JSON.stringify(value)}; it must be a share from 0 to 0.9, such as 0.05 for five percent`)
  return z.NEVER
})

export const LOOPBACK = /^(127(?:\.\d{1,3}){3}|::1|localhost)$/
export const host = filled.regex(/^[A-Za-z0-9.:-]+$/, 'is not a host name or address')
