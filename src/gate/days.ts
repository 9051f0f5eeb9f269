import { type Decimal, dec, isZero, max, min, minus, over, plus, type Px, ZERO } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

/** How one symbol traded on one day, on all its exchanges together, and in the money and shares of now where it was split. */
export type DailyBar = { readonly high: Px; readonly low: Px; readonly close: Px; readonly volume: Decimal }

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
  /** The average true range of the last `RANGED` days that are over. Absent: there are too few of them. */
  readonly rangePx?: Px
  readonly at: Instant
}
type DayPrices = Pick<DailyBar, 'low' | 'close'>

/** Four weeks of trading: what "average daily volume" commonly means. */
export const AVERAGED = 20
/** What "average true range" commonly means: of fourteen days, each against the close of the day before it. */
export const RANGED = 14

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
    ...rangeOf(counted),
    at,
  }
}

/** The mean of the last true ranges: how far a day went, the step from the close before it included. Half-even, to 4 places. */
function rangeOf(past: readonly DailyBar[]): Pick<DaysFact, 'rangePx'> {
  const last = past.slice(-(RANGED + 1))
  if (last.length <= RANGED) return {}
  const ranges = last.slice(1).map(({ high, low }, i) => {
    const { close } = last[i] as DailyBar
    return minus(max(high, close), min(low, close))
  })
  const sum = ranges.reduce<Decimal>(plus, ZERO)
  const rangePx = over(sum, dec(String(RANGED)), { scale: 4, rounding: 'half-even' }) as Px
  // A symbol that stood still for so long is sized by nothing.
  return isZero(rangePx) ? {} : { rangePx }
}
