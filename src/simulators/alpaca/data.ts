import type { Tick } from '../../exchange/board.ts'
import type { DailyBars } from '../../gate/days.ts'
import { lieOf } from '../../markets/lies.ts'
import { dec, plus, px, type Qty } from '../../values/decimal.ts'
import { type Instant, plusMs, toMs } from '../../values/instant.ts'
import type { Asset } from './asset.ts'
import type { Json } from './json.ts'
import { jsonNumber, stampOf, wireTime } from './wire.ts'

// Market data is of another host and another make than the trading API: short keys, and numbers where that has text.

const CROSSED_BY = px('0.05')
const STALE_MS = 600_000
/** Shown where a market offers without limit. */
const ENOUGH = dec('1000')

/** A tick as its symbol would have it: some lie. */
export function seen(tick: Tick): Tick {
  switch (lieOf(tick.symbol).quote) {
    case 'crossed':
      return { ...tick, bid: plus(tick.ask, CROSSED_BY), ask: tick.bid }
    case 'stale':
      return { ...tick, at: plusMs(tick.at, -STALE_MS) }
    default:
      return tick
  }
}

const time = (tick: Tick): string => wireTime(stampOf(tick.at, 0))
const size = (offered: Qty | null): unknown => jsonNumber(offered ?? ENOUGH)

export const quoteJson = (asset: Asset, tick: Tick): Json => ({
  t: time(tick),
  bp: jsonNumber(tick.bid),
  bs: size(tick.bidQty),
  ap: jsonNumber(tick.ask),
  as: size(tick.askQty),
  ...(asset.class === 'us_equity' ? { ax: 'V', bx: 'V', c: ['R'], z: 'C' } : {}),
})

export const tradeJson = (asset: Asset, tick: Tick): Json => ({
  t: time(tick),
  p: jsonNumber(tick.last),
  s: jsonNumber(asset.class === 'us_equity' ? dec('100') : dec('0.01')),
  i: Math.floor(tick.at / 1000) % 1_000_000_000,
  ...(asset.class === 'us_equity' ? { x: 'V', c: ['@'], z: 'C' } : { tks: 'B' }),
})

/** The market keeps no history, so every bar of a snapshot is the present price. */
const barJson = (tick: Tick): Json => {
  const p = jsonNumber(tick.last)
  return { t: time(tick), o: p, h: p, l: p, c: p, v: 100, n: 1, vw: p }
}

/** Daily bars as they are asked for, oldest first; the last may be of today. A bar begins at midnight in New York. */
export const dayBarsJson = ({ past, today }: DailyBars, now: Instant): Json[] =>
  [...past, ...(today ? [today] : [])].map((bar, i, all) => {
    const ago = past.length - i
    const p = jsonNumber(bar.close)
    return {
      t: midnight(now, ago),
      o: p,
      h: jsonNumber(bar.high),
      l: jsonNumber(bar.low),
      c: p,
      v: jsonNumber(bar.volume),
      n: all.length,
      vw: p,
    }
  })
/** `days` weekdays before the day of `now`. */
function midnight(now: Instant, days: number): string {
  let day = Temporal.Instant.fromEpochMilliseconds(toMs(now)).toZonedDateTimeISO('America/New_York').startOfDay()
  for (let left = days; left > 0; left -= day.dayOfWeek <= 5 ? 1 : 0) day = day.subtract({ days: 1 })
  return day.toInstant().toString()
}

export const snapshotJson = (asset: Asset, tick: Tick): Json => ({
  dailyBar: barJson(tick),
  latestQuote: quoteJson(asset, tick),
  latestTrade: tradeJson(asset, tick),
  minuteBar: barJson(tick),
  prevDailyBar: barJson(tick),
})
