import type { MarketSession, Quote } from '../../gate/facts.ts'
import { type ClockAhead, ReadFailed } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Instant, instant, msBetween, plusMs } from '../../values/instant.ts'
import type { Http } from './http.ts'
import { type Asset, type ClockReading, parseAsset, parseClock, parseSnapshots, type Snapshot } from './parse.ts'

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

export type Market = {
  /** By symbol or by Alpaca's id; null when Alpaca has none. */
  readonly asset: (symbolOrID: string) => Promise<Asset | null>
  readonly quote: (symbol: string) => Promise<Quote | null>
  readonly session: (symbol: string) => Promise<MarketSession>
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

  return {
    asset,
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
