import { type Decimal, dec, over, plus, type Px, ZERO } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

/** How one symbol traded on one day, on all its exchanges together, and in the money and shares of now where it was split. */
export type DailyBar = { readonly low: Px; readonly close: Px; readonly volume: Decimal }

/** The latest days of a symbol, as a broker tells of them. */
export type DailyBars = {
  /** Days that are over, oldest first: the last `AVERAGED`, or as many as there are. */
  readonly past: readonly DailyBar[]
  /** The day so far; null before its first trade, or where it is not told. */
  readonly today: DailyBar | null
  readonly at: Instant
}

/** What the gate wants to know of them. */
export type DaysFact = {
  /** The mean volume of the days that are over, in units, rounded down. */
  readonly avgVolume: Decimal
  /** Of how many days: below `AVERAGED` the symbol is new. */
  readonly days: number
  /** The last day that is over, and the one before it. */
  readonly last: DayPrices | null
  readonly before: DayPrices | null
  readonly today: DayPrices | null
  readonly at: Instant
}
type DayPrices = Pick<DailyBar, 'low' | 'close'>

/** Four weeks of trading: what "average daily volume" commonly means. */
export const AVERAGED = 20

export function daysOf({ past, today, at }: DailyBars): DaysFact {
  const counted = past.slice(-AVERAGED)
  const total = counted.reduce<Decimal>((sum, { volume }) => plus(sum, volume), ZERO)
  const prices = (bar: DailyBar | null | undefined): DayPrices | null =>
    bar ? { low: bar.low, close: bar.close } : null
  return {
    avgVolume: counted.length === 0 ? ZERO : over(total, dec(String(counted.length)), { scale: 0, rounding: 'down' }),
    days: counted.length,
    last: prices(counted.at(-1)),
    before: prices(counted.at(-2)),
    today: prices(today),
    at,
  }
}
