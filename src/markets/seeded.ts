import type { Tick } from '../exchange/board.ts'
import { AVERAGED, type DailyBar } from '../gate/days.ts'
import { px, type Px, type Qty, times, dec } from '../values/decimal.ts'
import { fromMs, type Instant, toMs } from '../values/instant.ts'
import { hash32 } from '../values/random.ts'
import { type Hours, regularHours } from './hours.ts'
import { LIES } from './lies.ts'
import { INSTRUMENTS, type Listing, LISTINGS } from './listing.ts'
import { feed, type Market } from './market.ts'

const DAY_S = 86_400
/** The walk comes home every 2^27 seconds, a little over four years: far enough that nobody waits for it. */
const PERIOD_LOG2 = 27
const PERIOD_S = 2 ** PERIOD_LOG2
/** After a long sleep the market is sampled this often, not every second: a week must not take minutes to catch up with. */
const STEPS_MAX = 600
const SQRT3 = 1.7320508075688772

/**
 * Mid price at a second, in ticks. A Brownian bridge over the period, halved again and again toward the second that is
 * asked for, with the displacement of each half drawn from (seed, symbol, half): so it looks like a walk, any moment
 * costs 27 draws, and it is the same whoever asks. Beyond a day the halves are displaced no more than a day would, which
 * keeps the price within sight of home. Ratios and counts of ticks are plain numbers; prices never are.
 */
export function midTicks(seed: number, listing: Listing, second: number): number {
  const period = Math.floor(second / PERIOD_S)
  const offset = second - period * PERIOD_S
  const own = hash32(seed, listing.instrument.symbol, period)
  const day = listing.dayBps / 10_000
  let left = 0
  let right = 0
  let start = 0
  for (let level = PERIOD_LOG2; level > 0; level--) {
    if (offset === start) break
    const length = 2 ** level
    const deviation = (day / 2) * Math.sqrt(Math.min(length, DAY_S) / DAY_S)
    const half = start + length / 2
    // Uniform with unit variance; the sum over the levels is close enough to normal.
    const displaced = (hash32(own, level, half) / 2 ** 31 - 1) * SQRT3 * deviation
    const middle = (left + right) / 2 + displaced
    if (offset < half) right = middle
    else {
      left = middle
      start = half
    }
  }
  return Math.max(Math.round(listing.homeTicks * (1 + left)), listing.spreadTicksMax + 1)
}

/** What the market of one symbol shows at a second. */
export function tickAt(seed: number, listing: Listing, second: number): Tick {
  const { instrument, scale, spreadTicksMax, lots } = listing
  const dice = hash32(seed, instrument.symbol, 'spread', second)
  const spread = 1 + (dice % spreadTicksMax)
  const bidTicks = midTicks(seed, listing, second) - (spread >> 1)
  const size = (side: string): Qty => {
    const [least, most] = lots
    const count = least + (hash32(seed, instrument.symbol, side, second) % (most - least + 1))
    return times(dec(String(count)), instrument.lot) as Qty
  }
  return {
    symbol: instrument.symbol,
    bid: pxOf(bidTicks, scale),
    ask: pxOf(bidTicks + spread, scale),
    last: pxOf(dice & 0x10000 ? bidTicks : bidTicks + spread, scale),
    bidQty: size('bid'),
    askQty: size('ask'),
    at: fromMs(second * 1000),
  }
}

/** `12345` ticks with two digits after the point is 123.45. */
function pxOf(ticks: number, scale: number): Px {
  const digits = String(ticks).padStart(scale + 1, '0')
  return px(`${digits.slice(0, -scale)}.${digits.slice(-scale)}`)
}

/** How a day is looked back at: often enough for its low to be one. */
const LOOKS = 8
/** What is offered at a moment, so often in a day: then a large share trades some fifty millions. */
const TURNS = 40_000

/** One day, counted from 1970, as far as it has come by `until`. */
function dayBar(seed: number, { instrument, scale, lots, ...listing }: Listing, day: number, until: number): DailyBar {
  const [from, to] = [day * DAY_S, Math.min((day + 1) * DAY_S - 1, until)]
  const at = (second: number) => midTicks(seed, { instrument, scale, lots, ...listing }, second)
  const looks = Array.from({ length: LOOKS }, (_, i) => at(from + Math.floor(((to - from) * i) / (LOOKS - 1))))
  // Between half and one and a half of the usual.
  const permille = 500 + (hash32(seed, instrument.symbol, 'volume', day) % 1001)
  const count = Math.floor((((lots[0] + lots[1]) / 2) * TURNS * permille * (to - from + 1)) / (1000 * DAY_S))
  return {
    high: pxOf(Math.max(...looks), scale),
    low: pxOf(Math.min(...looks), scale),
    close: pxOf(at(to), scale),
    volume: times(dec(String(count)), instrument.lot),
  }
}

export type SeededOptions = {
  readonly seed: string | number
  /** The market begins here; what it showed before is as it would have been. */
  readonly from: Instant
  /** `always`: one endless session, in which day orders do not end. `regular`: see `regularHours`. Default `always`. */
  readonly hours?: 'always' | 'regular'
}

/** A market out of one seed: one tick a second for each listed symbol, the same for the same seed and second. */
export function seededMarket({ seed, from, hours = 'always' }: SeededOptions): Market {
  const key = hash32(seed)
  const out = feed()
  let cursor = Math.floor(toMs(from) / 1000)
  const hoursOf = (symbol: string, at: Instant): Hours => {
    const instrument = INSTRUMENTS.get(symbol)
    if (!instrument || LIES[symbol]?.session === 'closed') return { open: false, until: null }
    return hours === 'always' ? { open: true, until: null } : regularHours(instrument.assetClass, at)
  }
  const listings = new Map(LISTINGS.map((listing) => [listing.instrument.symbol, listing]))
  const past = new Map<string, { readonly day: number; readonly bars: readonly DailyBar[] }>()
  /** The days that are over do not change. */
  function pastDays(listing: Listing, day: number): readonly DailyBar[] {
    const { symbol } = listing.instrument
    const known = past.get(symbol)
    if (known?.day === day) return known.bars
    const bars = Array.from({ length: AVERAGED }, (_, i) => dayBar(key, listing, day - AVERAGED + i, Infinity))
    past.set(symbol, { day, bars })
    return bars
  }
  const until = new Map<string, Instant | null>()
  const sessions = (at: Instant): void => {
    for (const symbol of INSTRUMENTS.keys()) {
      for (let change = until.get(symbol); change !== null && change !== undefined && change <= at; ) {
        const now = hoursOf(symbol, change)
        out.tell({ kind: 'Session', symbol, open: now.open, at: change })
        until.set(symbol, now.until)
        change = now.until
      }
    }
  }
  const show = (second: number): void => {
    for (const listing of LISTINGS) {
      // A closed market shows what it showed last. It must have shown something, or nothing could be sized by it.
      const { symbol } = listing.instrument
      if (!out.isClosed(symbol) || !out.ticks.has(symbol)) out.tell({ kind: 'Tick', ...tickAt(key, listing, second) })
    }
  }

  for (const symbol of INSTRUMENTS.keys()) {
    const now = hoursOf(symbol, from)
    until.set(symbol, now.until)
    if (!now.open) out.tell({ kind: 'Session', symbol, open: false, at: from })
  }
  show(cursor)

  return {
    instruments: INSTRUMENTS,
    session(symbol, at) {
      const { open, until: change } = hoursOf(symbol, at)
      return { open, nextOpenAt: open ? null : change, at }
    },
    closeBetween(symbol, after, to) {
      for (let now = hoursOf(symbol, after); now.until !== null && now.until <= to; now = hoursOf(symbol, now.until))
        if (now.open) return now.until
      return null
    },
    days(symbol, at) {
      const listing = listings.get(symbol)
      if (listing?.instrument.assetClass !== 'us_equity') return null
      const second = Math.floor(toMs(at) / 1000)
      const day = Math.floor(second / DAY_S)
      return { past: pastDays(listing, day), today: dayBar(key, listing, day, second), at }
    },
    advance(to) {
      const end = Math.floor(toMs(to) / 1000)
      const stride = Math.max(1, Math.ceil((end - cursor) / STEPS_MAX))
      while (cursor < end) {
        cursor = Math.min(cursor + stride, end)
        const at = fromMs(cursor * 1000)
        sessions(at)
        show(cursor)
      }
    },
    attach: out.attach,
  }
}
