/**
 * An exact decimal number.
 *
 * At run time it is its own text ("187.50"), so it is the same on the wire, in the journal, in the database and
 * between threads. To the compiler it is a symbol, so that nothing can add, compare, negate or print two of them by
 * accident: `a + b`, `a < b` and `${a}` do not compile. See docs/decisions/0001-decimals-are-text.md.
 */
export type Decimal = symbol & { readonly __brand: 'Decimal' }
/** A size: shares, units, contracts. Never negative. */
export type Qty = Decimal & { readonly __unit: 'Qty' }
/** A price, in the quote currency of its instrument. */
export type Px = Decimal & { readonly __unit: 'Px' }
/** An amount of money, in a currency that the field's name or its neighbour says. */
export type Amt = Decimal & { readonly __unit: 'Amt' }

/** `up` is away from zero, `down` toward zero; `floor` and `ceil` go by sign. */
export type Rounding = 'down' | 'up' | 'floor' | 'ceil' | 'half-even'

type Parts = { readonly coefficient: bigint; readonly scale: number }

const FORM = /^-?\d+(?:\.\d+)?$/

/** Digits beyond these are refused at the edge: no broker has them, and a longer number is a mistake or an attack. */
export const MAX_INTEGER_DIGITS = 15
export const MAX_SCALE = 12

/** Parses `"-12.340"`, keeping its scale. Throws `RangeError` on anything else, including `"1e3"` and `""`. */
export function dec(text: string): Decimal {
  if (!FORM.test(text)) throw new RangeError(`not a decimal: ${JSON.stringify(text.slice(0, 40))}`)
  return join(split(text as unknown as Decimal))
}
export const qty = (text: string): Qty => dec(text) as Qty
export const px = (text: string): Px => dec(text) as Px
export const amt = (text: string): Amt => dec(text) as Amt

/** For the edge: what a person or a program typed, or what is wrong with it in words. */
export function parseDecimal(text: string): { ok: true; value: Decimal } | { ok: false; error: string } {
  if (!FORM.test(text))
    return {
      ok: false,
      error: 'must be a plain decimal number such as 187.50 (no exponent, no blanks, no sign but a leading minus)',
    }
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  if (whole.replace(/^0+/, '').length > MAX_INTEGER_DIGITS)
    return { ok: false, error: `has more than ${MAX_INTEGER_DIGITS} digits before the point` }
  if (fraction.length > MAX_SCALE)
    return {
      ok: false,
      error: `has ${fraction.length} digits after the point; at most ${MAX_SCALE} are kept exactly, so send a rounded number`,
    }
  return { ok: true, value: dec(text) }
}

export const ZERO = dec('0')

function split(d: Decimal): Parts {
  const text = d as unknown as string
  const point = text.indexOf('.')
  if (point < 0) return { coefficient: BigInt(text), scale: 0 }
  return { coefficient: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 }
}

function join({ coefficient, scale }: Parts): Decimal {
  if (scale === 0) return coefficient.toString() as unknown as Decimal
  const negative = coefficient < 0n
  const digits = (negative ? -coefficient : coefficient).toString().padStart(scale + 1, '0')
  const cut = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}` as unknown as Decimal
}

function align(a: Parts, b: Parts): [bigint, bigint, number] {
  if (a.scale === b.scale) return [a.coefficient, b.coefficient, a.scale]
  const scale = Math.max(a.scale, b.scale)
  return [a.coefficient * 10n ** BigInt(scale - a.scale), b.coefficient * 10n ** BigInt(scale - b.scale), scale]
}

export function plus<D extends Decimal>(a: D, b: D): D {
  const [x, y, scale] = align(split(a), split(b))
  return join({ coefficient: x + y, scale }) as D
}
export function minus<D extends Decimal>(a: D, b: D): D {
  const [x, y, scale] = align(split(a), split(b))
  return join({ coefficient: x - y, scale }) as D
}
/** Exact; the scale of the product is the sum of the scales. */
export function times(a: Decimal, b: Decimal): Decimal {
  const [x, y] = [split(a), split(b)]
  return join({ coefficient: x.coefficient * y.coefficient, scale: x.scale + y.scale })
}
/** `a / b` to `scale` places. Every division says how it rounds: sizes down, averages half-even. */
export function over(a: Decimal, b: Decimal, how: { readonly scale: number; readonly rounding: Rounding }): Decimal {
  const [x, y] = [split(a), split(b)]
  if (y.coefficient === 0n) throw new RangeError('division by zero')
  const shift = how.scale + y.scale - x.scale
  const n = shift >= 0 ? x.coefficient * 10n ** BigInt(shift) : x.coefficient
  const d = shift < 0 ? y.coefficient * 10n ** BigInt(-shift) : y.coefficient
  return join({ coefficient: divide(n, d, how.rounding), scale: how.scale })
}
/** `d` to exactly `scale` places. */
export const round = <D extends Decimal>(d: D, scale: number, rounding: Rounding): D =>
  over(d, ONE, { scale, rounding }) as D
const ONE = dec('1')

/** The multiple of `step` next to `d` in the given direction, with the scale of `step`. */
export function toStep<D extends Decimal>(d: D, step: Decimal, rounding: Rounding): D {
  const [x, y, scale] = align(split(d), split(step))
  if (y <= 0n) throw new RangeError('a step must be above zero')
  return round(join({ coefficient: divide(x, y, rounding) * y, scale }), split(step).scale, 'down') as D
}
export function isMultipleOf(d: Decimal, step: Decimal): boolean {
  const [x, y] = align(split(d), split(step))
  if (y <= 0n) throw new RangeError('a step must be above zero')
  return x % y === 0n
}

function divide(n: bigint, d: bigint, rounding: Rounding): bigint {
  const q = n / d
  const r = n % d
  if (r === 0n) return q
  const away = n < 0n === d < 0n ? 1n : -1n
  switch (rounding) {
    case 'down':
      return q
    case 'up':
      return q + away
    case 'floor':
      return away < 0n ? q - 1n : q
    case 'ceil':
      return away > 0n ? q + 1n : q
    case 'half-even': {
      const [r2, ad] = [2n * (r < 0n ? -r : r), d < 0n ? -d : d]
      return r2 > ad || (r2 === ad && q % 2n !== 0n) ? q + away : q
    }
  }
}

export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const [x, y] = align(split(a), split(b))
  return x < y ? -1 : x > y ? 1 : 0
}
export const eq = (a: Decimal, b: Decimal): boolean => compare(a, b) === 0
export const lt = (a: Decimal, b: Decimal): boolean => compare(a, b) < 0
export const lte = (a: Decimal, b: Decimal): boolean => compare(a, b) <= 0
export const gt = (a: Decimal, b: Decimal): boolean => compare(a, b) > 0
export const gte = (a: Decimal, b: Decimal): boolean => compare(a, b) >= 0
export const sign = (d: Decimal): -1 | 0 | 1 => compare(d, ZERO)
export const isZero = (d: Decimal): boolean => sign(d) === 0
export const negate = <D extends Decimal>(d: D): D =>
  join({ coefficient: -split(d).coefficient, scale: split(d).scale }) as D
export const abs = <D extends Decimal>(d: D): D => (sign(d) < 0 ? negate(d) : d)
export const min = <D extends Decimal>(a: D, b: D): D => (lte(a, b) ? a : b)
export const max = <D extends Decimal>(a: D, b: D): D => (gte(a, b) ? a : b)

/** As it is stored: "187.50". */
export const text = (d: Decimal): string => d as unknown as string
/** Without trailing zeros: "187.5". For comparing by eye and for keys. */
export function shortest(d: Decimal): string {
  const t = text(d)
  return t.includes('.') ? t.replace(/\.?0+$/, '') : t
}
/** Digits after the point. */
export const scaleOf = (d: Decimal): number => split(d).scale
