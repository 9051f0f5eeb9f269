// An accountant who shares no code with the gateway: rational numbers over bigint, fed with the fills as they came over
// HTTP. What the gateway says of positions, cash and profit must equal what he finds.

/** A fraction, always with a denominator above zero. */
type Ratio = { readonly n: bigint; readonly d: bigint }
const ratio = (n: bigint, d: bigint): Ratio => (d < 0n ? { n: -n, d: -d } : { n, d })
const ZERO: Ratio = { n: 0n, d: 1n }
const add = (a: Ratio, b: Ratio): Ratio => ratio(a.n * b.d + b.n * a.d, a.d * b.d)
const sub = (a: Ratio, b: Ratio): Ratio => add(a, { n: -b.n, d: b.d })
const mul = (a: Ratio, b: Ratio): Ratio => ratio(a.n * b.n, a.d * b.d)
const div = (a: Ratio, b: Ratio): Ratio => ratio(a.n * b.d, a.d * b.n)
const abs = (a: Ratio): Ratio => (a.n < 0n ? { n: -a.n, d: a.d } : a)
const less = (a: Ratio, b: Ratio): boolean => a.n * b.d < b.n * a.d

export function read(text: string): Ratio {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const size = BigInt(whole + fraction)
  return ratio(text.startsWith('-') ? -size : size, 10n ** BigInt(fraction.length))
}

/** True when the two differ by at most one unit of the twelfth decimal place for each division the gateway made. */
export function same(a: Ratio, text: string, divisions = 0): boolean {
  const slack = { n: BigInt(divisions), d: 10n ** 11n }
  return !less(slack, abs(sub(a, read(text))))
}
export const show = (r: Ratio): string => {
  const scaled = (r.n * 10n ** 4n) / r.d
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(5, '0')
  return `${scaled < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}

export type BookedFill = {
  readonly seq: number
  readonly symbol: string
  readonly side: 'Buy' | 'Sell'
  readonly lastQty: string
  readonly lastPx: string
  readonly settlCurrFxRate: string
  readonly commission: string
  readonly live: boolean
}
export type Books = {
  readonly netQty: Ratio
  readonly cost: Ratio
  readonly realized: Ratio
  readonly cashFlow: Ratio
  readonly closes: number
}

/** Position, realised profit and cash from the fills alone, by the average-cost method. */
export function account(fills: readonly BookedFill[]): Map<string, Books> {
  const books = new Map<string, Books>()
  for (const fill of [...fills].sort((a, b) => a.seq - b.seq)) {
    if (!fill.live) continue
    const before = books.get(fill.symbol) ?? { netQty: ZERO, cost: ZERO, realized: ZERO, cashFlow: ZERO, closes: 0 }
    books.set(fill.symbol, book(before, fill))
  }
  return books
}

function book(before: Books, fill: BookedFill): Books {
  const [size, price, rate] = [read(fill.lastQty), read(fill.lastPx), read(fill.settlCurrFxRate)]
  const signed = fill.side === 'Buy' ? size : { n: -size.n, d: size.d }
  const paid = mul(mul(signed, price), rate)
  const cashFlow = sub(sub(before.cashFlow, paid), read(fill.commission))
  const netQty = add(before.netQty, signed)
  const opens = before.netQty.n === 0n || before.netQty.n > 0n === signed.n > 0n
  if (opens) return { ...before, netQty, cashFlow, cost: add(before.cost, mul(size, price)) }
  const held = abs(before.netQty)
  const closed = less(held, size) ? held : size
  const average = div(before.cost, held)
  const gain = mul(mul(closed, sub(price, average)), rate)
  const realized = before.netQty.n > 0n ? add(before.realized, gain) : sub(before.realized, gain)
  const rest = sub(size, closed)
  const cost = rest.n === 0n ? sub(before.cost, mul(closed, average)) : mul(rest, price)
  return { netQty, cost, realized, cashFlow, closes: before.closes + 1 }
}

export const total = (books: Map<string, Books>, of: 'cashFlow' | 'realized'): Ratio =>
  [...books.values()].reduce((sum, b) => add(sum, b[of]), ZERO)
export const plus = add
