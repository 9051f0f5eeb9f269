import { z } from 'zod'
import { type HaltScope, isScope } from '../orders/halt.ts'
import { isIntentID, isSymbol, type IntentID, WAIVED } from '../values/brand.ts'
import {
  type Amt,
  type Decimal,
  gt,
  isZero,
  lt,
  parseDecimal,
  type Px,
  type Qty,
  sign,
  dec,
  ZERO,
} from '../values/decimal.ts'
import { type Instant, parseInstant } from '../values/instant.ts'
import { Numeral } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { didYouMean } from './hint.ts'
import { cleanText } from './text.ts'

/** What OpenAPI says about a field; JSON Schema 2020-12 keywords. */
type Said = {
  readonly type: string | readonly string[]
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly [keyword: string]: unknown
}

/** A field of a request: its own parser, and what the documentation says about it. Messages follow on the field's name. */
export function field<T>(parse: (value: unknown) => Result<T, string>, said: Said) {
  return z
    .unknown()
    .transform((value, context): T => {
      const parsed = value === undefined ? err('is required') : parse(value)
      if (parsed.ok) return parsed.value
      context.addIssue({ code: 'custom', message: parsed.error })
      return z.NEVER
    })
    .meta(said as Record<string, unknown>)
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : value instanceof Numeral
      ? 'a number'
      : Array.isArray(value)
        ? 'a list'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`

const isText = (value: unknown): Result<string, string> =>
  typeof value === 'string' ? ok(value) : err(`must be text, but is ${kindOf(value)}`)

/** Text of a fixed form. `hint` may know what was meant. */
function form<T extends string>(
  is: (text: string) => text is T,
  words: string,
  said: Omit<Said, 'type'>,
  hint: (text: string) => string = () => '',
) {
  return field<T>(
    (value) => {
      const text = isText(value)
      if (!text.ok) return text
      return is(text.value) ? ok(text.value) : err(`must be ${words}${hint(text.value)}`)
    },
    { type: 'string', ...said },
  )
}

function decimal(value: unknown): Result<Decimal, string> {
  if (value instanceof Numeral) return fromNumber(value.source)
  if (typeof value !== 'string') return err(`must be a decimal such as "187.50", but is ${kindOf(value)}`)
  const parsed = parseDecimal(value)
  return parsed.ok ? ok(parsed.value) : err(parsed.error)
}

/** A JSON number. Some languages write small ones as `1.2e-05`, which is as exact as 0.000012 and is read so. */
function fromNumber(source: string): Result<Decimal, string> {
  const [, mantissa, exponent] = /^(.+)[eE]([+-]?\d+)$/.exec(source) ?? [null, source, '0']
  const parsed = parseDecimal(shifted(mantissa ?? source, Number(exponent)))
  return parsed.ok ? ok(parsed.value) : err(parsed.error)
}

/** Moves the decimal point by `places`, as text. Far moves stay unread: they are refused as they are. */
function shifted(number: string, places: number): string {
  if (places === 0 || Math.abs(places) > 30) return places === 0 ? number : `${number}e${places}`
  const minus = number.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = number.replace('-', '').split('.')
  const digits = `${'0'.repeat(Math.max(0, -places))}${whole}${fraction}${'0'.repeat(Math.max(0, places - fraction.length))}`
  const point = Math.max(0, -places) + whole.length + places
  const tail = digits.slice(point)
  return `${minus}${digits.slice(0, point)}${tail === '' ? '' : `.${tail}`}`
}

const DECIMAL: Said = { type: ['string', 'number'], format: 'decimal', pattern: '^-?\\d{1,15}(\\.\\d{1,12})?$' }

/** A price or size: above zero. */
function positive<T extends Decimal>(what: string, example: string) {
  return field<T>(
    (value) => {
      const parsed = decimal(value)
      if (!parsed.ok) return parsed
      return sign(parsed.value) > 0
        ? ok(parsed.value as T)
        : err(`must be above zero${isZero(parsed.value) ? '' : ', but is negative'}`)
    },
    { ...DECIMAL, description: `${what}. Above zero, exact, as text or as a JSON number.`, examples: [example] },
  )
}
export const amount = (what: string, example: string) => positive<Amt>(what, example)
export const price = (what: string) => positive<Px>(what, '187.50')
export const size = (what: string) => positive<Qty>(what, '10')

export const whether = (what: string) =>
  field<boolean>((value) => (typeof value === 'boolean' ? ok(value) : err('must be true or false')), {
    type: 'boolean',
    description: what,
    examples: [false],
  })

/** Zero or more; null: no limit. */
export const figure = (what: string, example: string) =>
  field<Decimal | null>(
    (value) => {
      if (value === null) return ok(null)
      const parsed = decimal(value)
      return parsed.ok && sign(parsed.value) < 0 ? err('must not be negative') : parsed
    },
    { ...DECIMAL, type: ['string', 'number', 'null'], description: what, examples: [example] },
  )

/** A whole number of a body, within bounds. */
export const count = (what: string, min: number, max: number, example: number) =>
  field<number>(
    (value) => {
      const source = value instanceof Numeral ? value.source : value
      const number = typeof source === 'string' && /^\d{1,12}$/.test(source) ? Number(source) : Number.NaN
      return number >= min && number <= max ? ok(number) : err(`must be a whole number from ${min} to ${max}`)
    },
    { type: 'integer', minimum: min, maximum: max, description: what, examples: [example] },
  )

/** A price that means nothing, on an answer that is no order: zero and absent are both fine. */
export const idlePrice = field<Px>(
  (value) => {
    const parsed = value === null ? ok(ZERO) : decimal(value)
    if (!parsed.ok) return parsed
    return sign(parsed.value) < 0 ? err('must not be negative') : ok(parsed.value as Px)
  },
  { ...DECIMAL, type: ['string', 'number', 'null'], description: 'Not used on a HOLD.', examples: ['0'] },
)

const ONE = dec('1')
export const share = (what: string) =>
  field<Decimal>(
    (value) => {
      const parsed = decimal(value)
      if (!parsed.ok) return parsed
      return lt(parsed.value, ZERO) || gt(parsed.value, ONE) ? err('must be between 0 and 1') : ok(parsed.value)
    },
    { ...DECIMAL, description: `${what}, from 0 to 1.`, examples: ['0.82'] },
  )

export const symbol = form(
  (text): text is string => isSymbol(text),
  'an upper-case symbol such as AAPL, BRK.B or EUR/USD (at most 20 characters of A-Z 0-9 . _ / -)',
  { description: 'Upper case, as the broker writes it.', pattern: '^[A-Z0-9][A-Z0-9._/-]{0,19}$', examples: ['AAPL'] },
  // Not upper-cased for the caller: what is approved is exactly what was asked for.
  (text) => (isSymbol(text.trim().toUpperCase()) ? `; write ${JSON.stringify(text.trim().toUpperCase())}` : ''),
)

const SECTOR = /^[A-Z0-9][A-Z0-9._/-]{0,19}=[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/
export const sector = form(
  (text): text is string => SECTOR.test(text),
  'a symbol and its sector such as AAPL=technology (the sector at most 40 characters of A-Z a-z 0-9 _ -)',
  { description: 'A symbol, and what people call its sector.', pattern: SECTOR.source, examples: ['AAPL=technology'] },
)

export const intentID = form(
  (text): text is IntentID => isIntentID(text),
  '1 to 64 characters of A-Z a-z 0-9 . _ : -',
  {
    description: 'The name under which it was asked for.',
    pattern: '^[A-Za-z0-9._:-]{1,64}$',
    examples: ['sig-20261122-0001'],
  },
)

/** The name of something that is asked for anew. What people let through beyond a limit is named by the gateway alone. */
export const newIntentID = form(
  (text): text is IntentID => isIntentID(text) && !text.startsWith(WAIVED),
  `1 to 64 characters of A-Z a-z 0-9 . _ : -, not beginning with ${WAIVED}`,
  {
    description: 'Chosen by you, unique for ever: the same id with the same body is the same request.',
    pattern: `^(?!${WAIVED})[A-Za-z0-9._:-]{1,64}$`,
    examples: ['sig-20261122-0001'],
  },
)

const LABEL = /^[A-Za-z0-9][A-Za-z0-9 ._:/@+-]{0,63}$/
export const label = (what: string, example: string) =>
  form(
    (text): text is string => LABEL.test(text),
    '1 to 64 characters of A-Z a-z 0-9 . _ : / @ + - and blanks, starting with a letter or digit',
    {
      description: what,
      pattern: LABEL.source,
      examples: [example],
    },
  )

const REFERENCE = /^[A-Za-z0-9._:/+=@-]{1,128}$/
export const reference = (what: string, example: string) =>
  form((text): text is string => REFERENCE.test(text), '1 to 128 characters of A-Z a-z 0-9 . _ : / + = @ -', {
    description: what,
    pattern: REFERENCE.source,
    examples: [example],
  })

/** One of a few words, exactly. */
export function oneOf<T extends string>(words: readonly T[], what: string, examples: readonly T[] = words.slice(0, 1)) {
  const list = words.map((word) => JSON.stringify(word)).join(', ')
  return form(
    (text): text is T => (words as readonly string[]).includes(text),
    `one of ${list}`,
    { description: what, enum: words, examples },
    (text) => didYouMean(text, words),
  )
}

export const time = (what: string, example = '2026-11-22T15:13:20Z') =>
  field<Instant>(
    (value) => {
      const text = isText(value)
      if (!text.ok) return text
      const at = parseInstant(text.value)
      return at === null ? err(`must be an RFC 3339 time with its zone, such as ${example}`) : ok(at)
    },
    { type: 'string', format: 'date-time', description: what, examples: [example] },
  )

/** Free text, cleaned. `min` 1 asks for some that is left after cleaning. */
export const prose = (what: string, bounds: { readonly min: 0 | 1; readonly max: number }, example = '') =>
  field<string>(
    (value) => {
      const text = isText(value)
      if (!text.ok) return text
      const clean = cleanText(text.value, bounds.max)
      if (!clean.ok) return clean
      return bounds.min === 1 && clean.value.trim() === '' ? err('must not be empty') : ok(clean.value.trim())
    },
    {
      type: 'string',
      maxLength: bounds.max,
      ...(bounds.min === 1 ? { minLength: 1 } : {}),
      description: what,
      examples: [example],
    },
  )

const CURSOR = /^[A-Za-z0-9_.:|~=-]{1,500}$/

// --- query parameters: text, once

const once = (value: unknown): Result<string, string> =>
  Array.isArray(value) ? err('may be given only once') : isText(value)
/** A whole number of a query, within bounds. */
export const whole = (what: string, min: number, max: number, example: number) =>
  field<number>(
    (value) => {
      const text = once(value)
      if (!text.ok) return text
      const number = /^-?\d{1,16}$/.test(text.value) ? Number(text.value) : Number.NaN
      return number >= min && number <= max ? ok(number) : err(`must be a whole number from ${min} to ${max}`)
    },
    { type: 'integer', minimum: min, maximum: max, description: what, examples: [example] },
  )
export const flag = (what: string) =>
  field<boolean>(
    (value) => {
      const text = once(value)
      if (!text.ok) return text
      return text.value === 'true' || text.value === 'false' ? ok(text.value === 'true') : err('must be true or false')
    },
    { type: 'boolean', description: what, examples: [true] },
  )
export const cursor = field<string>(
  (value) => {
    const text = once(value)
    if (!text.ok) return text
    return CURSOR.test(text.value) ? ok(text.value) : err('must be `next` of the page before, unchanged')
  },
  { type: 'string', description: '`next` of the page before.', examples: ['eyJzZXEiOjQyfQ'] },
)
/** One of a few words, or several of them by repeating the parameter. */
export const someOf = <T extends string>(words: readonly T[], what: string) =>
  field<readonly T[]>(
    (value) => {
      const asked: unknown[] = Array.isArray(value) ? value : [value]
      const wrong = asked.find((word) => !(words as readonly unknown[]).includes(word))
      if (wrong === undefined) return ok([...new Set(asked as T[])])
      return err(`must be one of ${words.join(', ')}${typeof wrong === 'string' ? didYouMean(wrong, words) : ''}`)
    },
    { type: 'array', items: { type: 'string', enum: words }, description: what, examples: [words[0]] },
  )

/** Several of the same in a body. */
export const listOf = <T extends z.ZodType>(one: T, what: string, least: 0 | 1 = 1, most = 50) =>
  z
    .array(one, { error: 'must be a list' })
    .min(least, 'must name at least one')
    .max(most, `may name ${most} at most`)
    .meta({ description: what })

// --- parts of many routes

/** Ids of our own making, and the broker's, in a path. */
const ID = /^[A-Za-z0-9._:@/-]{1,160}$/
export const id = (what: string, example: string) =>
  form((text): text is string => ID.test(text), what, { pattern: ID.source, description: what, examples: [example] })

export const haltScope = form(
  (text): text is HaltScope => text.length <= 120 && isScope(text),
  'global, or symbol:, strategy:, account: or broker: with a name behind it; symbols in capital letters',
  { description: 'What is stopped; everything when absent.', examples: ['symbol:AAPL'] },
)
export const reason = prose('Why; kept in the journal.', { min: 1, max: 500 }, 'Looks right.')
export const reasonMaybe = prose('Why; kept in the journal.', { min: 0, max: 500 }, 'Looks right.').nullish()
export const empty = z.strictObject({})
