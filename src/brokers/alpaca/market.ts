import { AVERAGED, type DailyBar, type DailyBars } from '../../gate/days.ts'
import type { MarketSession, Quote } from '../../gate/facts.ts'
import { type ClockAhead, NotAsked, ReadFailed } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { dayOf } from '../../values/day.ts'
import { type Instant, instant, msBetween, plusMs } from '../../values/instant.ts'
import type { Http } from './http.ts'
import {
  type Asset,
  type ClockReading,
  type DatedBar,
  parseAsset,
  parseBars,
  parseClock,
  parseSnapshots,
  type Snapshot,
} from './parse.ts'

/** Whether a name may be borrowed changes overnight: what was read in the evening is read again in the morning. */
const ASSET_MS = 12 * 3_600_000
/** A symbol that Alpaca does not know may be a new one. */
const UNKNOWN_MS = 60_000
const CLOCK_MS = 60_000
/** The hours of a day are known in advance: an older reading still holds when a new one cannot be had. */
const CLOCK_MAX_MS = 10 * 60_000
/** Symbols that are asked for within this belong to one request. */
const TOGETHER_MS = 50
/** Addresses stay well below the two thousand characters that every proxy takes. */
const SYMBOLS_MAX = 100
/** Twenty days of trading, with their weekends and any holidays, fit into forty. */
const BARS_DAYS = 40
/** More than a hundred symbols have in that time; Alpaca's most. */
const BARS_MAX = 10_000
/** A plan without these bars, or a host that is down, is not asked again with every quote. */
const BARS_AGAIN_MS = 60_000
const ZONE = 'America/New_York'

export type Market = {
  /** By symbol or by Alpaca's id; null when Alpaca has none. */
  readonly asset: (symbolOrID: string) => Promise<Asset | null>
  readonly quote: (symbol: string) => Promise<Quote | null>
  readonly session: (symbol: string) => Promise<MarketSession>
  readonly dailyBars: (symbol: string) => Promise<DailyBars | null>
  readonly clockAhead: () => Promise<ClockAhead>
}

/** What is traded, when, and at what price: read as seldom as the answers allow. */
export function openMarket(o: { readonly trading: Http; readonly data: Http; readonly clock: Clock }): Market {
  const assets = new Map<string, { readonly asset: Asset | null; readonly until: Instant }>()
  let hours: Hours | null = null
  let asking: Promise<Hours> | null = null

  async function asset(symbolOrID: string): Promise<Asset | null> {
    const kept = assets.get(symbolOrID)
    const now = o.clock.now()
    if (kept && now < kept.until) return kept.asset
    // The slash of a pair is part of the name, not of the path.
    const found = await o.trading.read(`/v2/assets/${encodeURIComponent(symbolOrID)}`, parseAsset)
    // Symbols are exact: an answer about another one is none.
    const mine = found && (found.symbol === symbolOrID || found.assetID === symbolOrID) ? found : null
    const entry = { asset: mine, until: plusMs(now, mine ? ASSET_MS : UNKNOWN_MS) }
    for (const name of mine ? [mine.symbol, mine.assetID] : [symbolOrID]) assets.set(name, entry)
    return mine
  }

  const stocks = together((symbols) => snapshots(`/v2/stocks/snapshots`, symbols), o.clock)
  const coins = together((symbols) => snapshots(`/v1beta3/crypto/us/snapshots`, symbols), o.clock)

  async function snapshots(path: string, symbols: readonly string[]): Promise<ReadonlyMap<string, Snapshot>> {
    const found = await o.data.read(`${path}?symbols=${symbols.map(encodeURIComponent).join(',')}`, parseSnapshots)
    return found ?? new Map()
  }

  let barsFailedAt: Instant | null = null
  const bars = together<readonly DatedBar[]>(async (symbols) => {
    const since = dayOf(plusMs(o.clock.now(), -BARS_DAYS * 86_400_000), ZONE).name
    const names = symbols.map(encodeURIComponent).join(',')
    // Without an end it is the latest that the plan of the account may see; adjusted, so that a split is no fall.
    const query = `symbols=${names}&timeframe=1Day&start=${since}&adjustment=split&limit=${BARS_MAX}`
    try {
      return (await o.data.read(`/v2/stocks/bars?${query}`, parseBars)) ?? new Map()
    } catch (thrown) {
      barsFailedAt = o.clock.now()
      throw thrown
    }
  }, o.clock)

  return {
    asset,
    async dailyBars(symbol) {
      if ((await asset(symbol))?.instrument?.assetClass !== 'us_equity') return null
      const now = o.clock.now()
      if (barsFailedAt !== null && msBetween(barsFailedAt, now) < BARS_AGAIN_MS)
        throw new NotAsked('the daily bars could not be read a moment ago')
      const days = (await bars(symbol)) ?? []
      const midnight = dayOf(now, ZONE).from
      const bare = ({ high, low, close, volume }: DatedBar): DailyBar => ({ high, low, close, volume })
      const today = days.findLast((bar) => bar.at >= midnight)
      const past = days.filter((bar) => bar.at < midnight)
      return { past: past.slice(-AVERAGED).map(bare), today: today ? bare(today) : null, at: now }
    },
    async quote(symbol) {
      const instrument = (await asset(symbol))?.instrument
      if (!instrument) return null
      const shown = await (instrument.assetClass === 'crypto' ? coins : stocks)(symbol)
      if (!shown?.bid || !shown.ask || !shown.last || shown.at === null) return null
      // The time of the quote: bid and ask are what orders are checked against, the last trade may be older.
      return { symbol, bid: shown.bid, ask: shown.ask, last: shown.last, at: shown.at }
    },
    async session(symbol) {
      const now = o.clock.now()
      const instrument = (await asset(symbol))?.instrument
      if (instrument?.assetClass === 'crypto') return { open: true, nextOpenAt: null, at: now }
      const { reading, readAt } = await hoursAt(now)
      return sessionAt(reading, msBetween(readAt, now), now)
    },
    async clockAhead() {
      const asked = o.clock.now()
      const { reading } = await readHours(asked)
      const tookMs = msBetween(asked, o.clock.now())
      // It was read there at some moment in between, most likely in the middle.
      return { aheadMs: msBetween(reading.at, plusMs(asked, tookMs / 2)), withinMs: Math.ceil(tookMs / 2) }
    },
  }

  /** However many symbols are asked about, the clock is read once. */
  async function hoursAt(now: Instant): Promise<Hours> {
    const known = hours
    const ageMs = known === null || now < known.readAt ? null : msBetween(known.readAt, now)
    if (known !== null && ageMs !== null && ageMs <= CLOCK_MS) return known
    asking ??= readHours(now).finally(() => (asking = null))
    try {
      return await asking
    } catch (thrown) {
      if (known !== null && ageMs !== null && ageMs <= CLOCK_MAX_MS) return known
      throw thrown
    }
  }
  async function readHours(readAt: Instant): Promise<Hours> {
    const reading = await o.trading.read('/v2/clock', parseClock)
    if (reading === null) throw new ReadFailed('Alpaca has no clock at this address', false)
    hours = { reading, readAt }
    return hours
  }
}
type Hours = { readonly reading: ClockReading; readonly readAt: Instant }

/** The session `elapsedMs` after the clock was read: it opens and closes when the reading said it would. */
export function sessionAt(reading: ClockReading, elapsedMs: number, now: Instant): MarketSession {
  const there = instant(reading.at + elapsedMs * 1000)
  const open = reading.open ? there < reading.nextCloseAt : there >= reading.nextOpenAt && there < reading.nextCloseAt
  return { open, nextOpenAt: open ? null : reading.nextOpenAt, at: now }
}

/** Collects what is asked for within a moment into one question. What the answer leaves out is null. */
function together<V>(
  ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  clock: Clock,
): (key: string) => Promise<V | null> {
  let batch: { readonly keys: Set<string>; readonly answer: Promise<ReadonlyMap<string, V>> } | null = null
  return async (key) => {
    if (!batch || (batch.keys.size >= SYMBOLS_MAX && !batch.keys.has(key))) {
      const keys = new Set<string>()
      const begun = {
        keys,
        answer: clock.sleep(TOGETHER_MS).then(() => {
          if (batch === begun) batch = null
          return ask([...keys].sort())
        }),
      }
      batch = begun
    }
    batch.keys.add(key)
    return (await batch.answer).get(key) ?? null
  }
}
