/**
 * Decimals as they cross the wire, for showing alone: text in, text out, exact on the way. Nothing here decides
 * anything; the gateway has done its arithmetic before a number reaches a screen.
 */
type Parsed = { readonly coefficient: bigint; readonly scale: number }

const SHAPE = /^-?\d+(\.\d+)?$/

function parse(text: string): Parsed | undefined {
  if (!SHAPE.test(text)) return undefined
  const [whole = '', fraction = ''] = text.split('.')
  return { coefficient: BigInt(whole + fraction), scale: fraction.length }
}

function minus(a: string, b: string): Parsed | undefined {
  const [x, y] = [parse(a), parse(b)]
  if (x === undefined || y === undefined) return undefined
  const scale = Math.max(x.scale, y.scale)
  const at = ({ coefficient, scale: own }: Parsed): bigint => coefficient * 10n ** BigInt(scale - own)
  return { coefficient: at(x) - at(y), scale }
}

const print = (coefficient: bigint, scale: number): string => {
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString().padStart(scale + 1, '0')
  const cut = digits.length - scale
  return `${coefficient < 0n ? '-' : ''}${digits.slice(0, cut)}${scale === 0 ? '' : `.${digits.slice(cut)}`}`
}

/** part ÷ whole × 10^places, half away from zero; undefined without a whole. */
function quotient(part: Parsed | undefined, whole: Parsed | undefined, places: number): bigint | undefined {
  if (part === undefined || whole === undefined || whole.coefficient === 0n) return undefined
  const above = part.coefficient * 10n ** BigInt(places + whole.scale)
  const below = whole.coefficient * 10n ** BigInt(part.scale)
  const half = (below < 0n ? -below : below) / 2n
  return (above < 0n ? above - half : above + half) / below
}

/** "-1234567.50" → "−1,234,567.50". Text that is no decimal comes back as it is. */
export function grouped(text: string): string {
  if (!SHAPE.test(text)) return text
  const [whole = '', fraction] = text.replace('-', '').split('.')
  const sign = text.startsWith('-') && signOf(text) < 0 ? '−' : ''
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`
}

/** An amount of money for the eye: at most two places, half away from zero. The exact text belongs beside it. */
export function cents(text: string): string {
  const value = parse(text)
  if (value === undefined || value.scale <= 2) return text
  const rounded = quotient(value, { coefficient: 1n, scale: 0 }, 2)
  return rounded === undefined ? text : print(rounded, 2)
}

/** A computed average for the eye: without the zeros behind its second place, and no other digit touched. */
export const trimmed = (text: string): string => (SHAPE.test(text) ? text.replace(/(\.\d\d\d*?)0+$/, '$1') : text)

/** As `grouped`, with a plus before what is above zero. */
export const signed = (text: string): string => (signOf(text) > 0 ? `+${grouped(text)}` : grouped(text))

/** -1, 0 or 1; 0 for text that is no decimal. */
export function signOf(text: string): -1 | 0 | 1 {
  const coefficient = parse(text)?.coefficient ?? 0n
  return coefficient < 0n ? -1 : coefficient > 0n ? 1 : 0
}

/** How far `to` is from `from`, in basis points to one place: ("200", "201") → "50.0". */
export function bpsBetween(from: string, to: string): string | undefined {
  const value = quotient(minus(to, from), parse(from), 5)
  return value === undefined ? undefined : print(value, 1)
}

/** How far `to` is from `from`, in percent to two places: ("200", "190") → "-5.00". */
export function percentBetween(from: string, to: string): string | undefined {
  const value = quotient(minus(to, from), parse(from), 4)
  return value === undefined ? undefined : print(value, 2)
}

/** Reward over risk to one place, the "2.0" of "1 : 2.0"; undefined when nothing is at risk. */
export function rewardOverRisk(entry: string, stop: string, target: string): string | undefined {
  const value = quotient(minus(target, entry), minus(entry, stop), 1)
  return value === undefined ? undefined : print(value, 1)
}

/** A share as a percentage: "0.01" → "1", "0.0125" → "1.25". */
export function percent(share: string): string {
  const value = parse(share)
  if (value === undefined) return share
  const text = print(value.coefficient * 100n, value.scale)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A percentage as a share: "25" → "0.25", "1.5" → "0.015". Text that is no decimal comes back as it is. */
export function share(percentage: string): string {
  const value = parse(percentage)
  if (value === undefined) return percentage
  return print(value.coefficient, value.scale + 2).replace(/\.?0+$/, '')
}

/** Is |a| > b? For comparing a drift with what is allowed. */
export const exceeds = (a: string, b: string): boolean => (minus(a.replace('-', ''), b)?.coefficient ?? 0n) > 0n

/** Where `text` lies between `low` (0) and `high` (1), for a place on a drawing and nothing else. */
export function placeBetween(text: string, low: string, high: string): number {
  const value = quotient(minus(text, low), minus(high, low), 6)
  return value === undefined ? 0.5 : Number(value) / 1_000_000
}

/** The smallest and the largest of some decimals; undefined for none. */
export function rangeOf(texts: readonly string[]): readonly [string, string] | undefined {
  const sorted = texts
    .filter((text) => SHAPE.test(text))
    .sort((a, b) => Number((minus(a, b)?.coefficient ?? 0n) > 0n) - Number((minus(b, a)?.coefficient ?? 0n) > 0n))
  const [low, high] = [sorted[0], sorted.at(-1)]
  return low === undefined || high === undefined ? undefined : [low, high]
}
