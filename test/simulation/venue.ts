import { regularHours } from '../../src/markets/hours.ts'
import type { Instrument } from '../../src/orders/instrument.ts'
import type { Terms } from '../../src/orders/terms.ts'
import type { Capabilities } from '../../src/ports/broker.ts'
import type { AccountID, ExecID } from '../../src/values/brand.ts'
import {
  amt,
  dec,
  gte,
  isZero,
  lt,
  lte,
  max,
  min,
  minus,
  plus,
  type Px,
  px,
  type Qty,
  qty,
  times,
  toStep,
  ZERO,
} from '../../src/values/decimal.ts'
import { type Instant, parseInstant, plusMs, toMs } from '../../src/values/instant.ts'
import { type Event, ScriptedBroker, type Truth } from '../scenarios/broker.ts'
import { chance, type HouseClock } from './loop.ts'
import type { BrokerName, WorldSetting } from './plan.ts'

const share = (symbol: string): Instrument => ({
  symbol,
  name: symbol,
  assetClass: 'us_equity',
  currency: 'USD',
  ticks: [{ from: px('0'), tick: px('0.01') }],
  lot: qty('1'),
  minQty: qty('1'),
  maxQty: null,
  tradable: true,
  shortable: true,
})
const coin = (symbol: string): Instrument => ({
  ...share(symbol),
  assetClass: 'crypto',
  lot: qty('0.0001'),
  minQty: qty('0.0001'),
  minNotional: amt('10'),
  shortable: false,
})

/** Symbol → its rules, and the price around which it wanders. */
export const LISTED: ReadonlyMap<string, { readonly instrument: Instrument; readonly around: number }> = new Map([
  ['AAPL', { instrument: share('AAPL'), around: 190 }],
  ['MSFT', { instrument: share('MSFT'), around: 410 }],
  ['BTC/USD', { instrument: coin('BTC/USD'), around: 60_000 }],
])

const BARE: Capabilities = {
  assetClasses: ['us_equity'],
  ordTypes: ['Market', 'Limit', 'Stop'],
  timeInForce: ['Day', 'GTC'],
  bracket: false,
  oneCancelsOther: false,
  idempotentSubmit: false,
  cancelAll: false,
  replace: true,
  reservesOpenOrders: true,
  absenceProvenAfterMs: 8_000,
}

/** Where requests are counted; `bare` is asked as often as the gateway likes. */
const PACE = { quotesMs: 2_000, accountMs: 4_000, pollMs: 6_000 }

/** What the brokers of the simulation can do; between them they differ wherever the desk takes another road. */
export const BROKERS: Readonly<Record<BrokerName, Capabilities>> = {
  // Nothing but single orders, and a name may be used twice: a repeat would be a second order.
  bare: BARE,
  // Exits travel with the entry and follow its fills; a name is taken once.
  brackets: { ...BARE, bracket: true, idempotentSubmit: true, absenceProvenAfterMs: 6_000, pace: PACE },
  // The stop and the target of a position are a pair, and not knowing an order proves nothing, ever.
  pairs: { ...BARE, oneCancelsOther: true, reservesOpenOrders: false, absenceProvenAfterMs: null, pace: PACE },
  // As Alpaca: exits sleep until the entry has filled whole and end with its day, orders are listed late, requests are scarce.
  'sleeping-legs': {
    ...BARE,
    bracket: true,
    legsWaitForWholeFill: true,
    legsLastAsEntry: true,
    idempotentSubmit: true,
    absenceProvenAfterMs: 20_000,
    offerAgainAfterMs: 4_000,
    listedWithinMs: 5_000,
    pace: { quotesMs: 2_500, accountMs: 5_000, pollMs: 20_000 },
  },
  // Coins, whose fee is kept of what was bought; no plain stops.
  coins: {
    ...BARE,
    assetClasses: ['us_equity', 'crypto'],
    bracket: true,
    idempotentSubmit: true,
    offerAgainAfterMs: 4_000,
    absenceProvenAfterMs: 20_000,
    pace: PACE,
    ordTypes: ['Market', 'Limit', 'Stop', 'StopLimit'],
    perClass: {
      crypto: {
        ordTypes: ['Market', 'Limit', 'StopLimit'],
        timeInForce: ['GTC', 'IOC'],
        bracket: false,
        oneCancelsOther: false,
      },
    },
  },
}

/** Of each coin that is bought the broker keeps so much. */
const FEE = dec('0.0025')
/** The day after Thanksgiving ends early: 13:00 in New York. */
const HALF_DAYS = [{ from: '2026-11-27T18:00:00Z', to: '2026-11-27T21:00:00Z' }].map(({ from, to }) => ({
  from: parseInstant(from) as Instant,
  to: parseInstant(to) as Instant,
}))

export const isOpenAt = (instrument: Instrument, at: Instant): boolean =>
  regularHours(instrument.assetClass, at).open &&
  (instrument.assetClass !== 'us_equity' || !HALF_DAYS.some(({ from, to }) => at >= from && at < to))

/** The middle of the market, a function of the moment: the same whoever asks, and whatever happened before. */
export function midAt(seed: number, symbol: string, ms: number): number {
  const around = LISTED.get(symbol)?.around ?? 100
  const wave = (seconds: number, name: string): number =>
    Math.sin(2 * Math.PI * (ms / 1_000 / seconds + chance(seed, symbol, name)))
  const noise = chance(seed, symbol, 'noise', Math.floor(ms / 1_000)) - 0.5
  const bps = 90 * wave(240 + 120 * chance(seed, symbol, 'slow'), 'a') + 25 * wave(37, 'b') + 14 * noise
  return around * (1 + bps / 10_000)
}

/**
 * The broker's side of the wire, honest: a market that moves, orders that are matched, sessions that end, and an account
 * of all of it that nobody can talk it out of. Lies are told on the way (wire.ts) or made here on purpose (`act`).
 */
export class Venue {
  readonly broker: ScriptedBroker
  readonly #clock: HouseClock
  readonly #setting: WorldSetting
  readonly #begin: Instant
  /** Percent by which somebody moved the market, and markets that stand still or are shut, until when. */
  readonly #gaps = new Map<string, number>()
  readonly #shut = new Map<string, Instant>()
  readonly #stuck = new Map<string, { readonly at: Instant; readonly until: Instant }>()
  readonly #sessions = new Map<string, { readonly open: boolean; readonly until: Instant }>()
  #calm: Instant | null = null
  #ticks = 0

  constructor(setting: WorldSetting, clock: HouseClock) {
    this.#setting = setting
    this.#clock = clock
    this.#begin = clock.truly()
    // The broker has the true time, whatever the clock in the house says.
    this.broker = new ScriptedBroker({
      now: () => clock.truly(),
      monotonicNs: () => clock.monotonicNs(),
      sleep: () => Promise.reject(new Error('the broker of a simulation never sleeps')),
    })
    this.broker.account = `paper:${BROKER_OF_ACCOUNT}:main` as AccountID
    this.broker.capabilities = BROKERS[setting.broker]
    this.broker.cancels = { is: 'prompt' }
    for (const [symbol, { instrument }] of LISTED)
      if (this.broker.capabilities.assetClasses.includes(instrument.assetClass))
        this.broker.markets.set(symbol, { instrument, bid: px('1'), ask: px('1'), open: true, stuckAt: null })
    this.#quote()
  }

  isOpen(symbol: string): boolean {
    return this.broker.markets.get(symbol)?.open === true
  }
  /** Whether its session will hold in a while. */
  isOpenIn(symbol: string, ms: number): boolean {
    const market = this.broker.markets.get(symbol)
    return market !== undefined && isOpenAt(market.instrument, plusMs(this.#clock.truly(), ms))
  }

  // --- what the script does to the market

  gap(symbol: string, percent: number): void {
    this.#gaps.set(symbol, (this.#gaps.get(symbol) ?? 0) + percent)
    this.#quote()
  }
  shut(symbol: string, until: Instant): void {
    this.#shut.set(symbol, until)
    this.#quote()
  }
  stick(symbol: string, until: Instant): void {
    this.#stuck.set(symbol, { at: this.#clock.truly(), until })
    this.#quote()
  }
  /** From now on prices stand still and nothing is matched any more: the books can be compared. */
  calm(): void {
    this.#calm = this.#clock.truly()
    this.#shut.clear()
    this.#stuck.clear()
    this.#quote()
  }

  /** A moment of the market: new prices, and what they fill. */
  tick(): void {
    this.#ticks++
    this.#quote()
    if (this.#calm !== null) return
    for (const order of this.broker.truth.slice()) if (order.open) this.#match(order)
  }

  #quote(): void {
    const now = this.#clock.truly()
    for (const [symbol, market] of this.broker.markets) {
      const wasOpen = market.open
      const inSession = this.#inSession(market.instrument, now)
      market.open = inSession && now >= (this.#shut.get(symbol) ?? 0)
      const stuck = this.#stuck.get(symbol)
      market.stuckAt = stuck && now < stuck.until ? stuck.at : null
      if (market.stuckAt === null) {
        const mid = this.#mid(symbol, this.#calm ?? now)
        const spread = mid * 0.0002
        market.bid = cents(mid - spread)
        market.ask = max(cents(mid + spread), plus(market.bid, px('0.01')))
      }
      if (wasOpen && !inSession) this.#endOfDay(symbol)
    }
  }
  /** The calendar is slow to ask, and changes twice a day. True time only goes forward. */
  #inSession(instrument: Instrument, now: Instant): boolean {
    const known = this.#sessions.get(instrument.assetClass)
    if (known && now < known.until) return known.open
    const open = isOpenAt(instrument, now)
    this.#sessions.set(instrument.assetClass, { open, until: plusMs(now, 60_000 - (toMs(now) % 60_000)) })
    return open
  }
  #mid(symbol: string, at: Instant): number {
    const ms = toMs(at) - toMs(this.#begin)
    return midAt(this.#setting.seed, symbol, ms) * (1 + (this.#gaps.get(symbol) ?? 0) / 100)
  }

  #endOfDay(symbol: string): void {
    for (const order of this.broker.truth) {
      const { terms } = order
      // A leg that slept and never woke ends with its entry, by the broker's own hand.
      if (order.open && terms.symbol === symbol && terms.timeInForce === 'Day')
        this.broker.happen(order, { is: 'Expired', text: 'the session ended' }, false)
    }
  }

  #match(order: Truth): void {
    const market = this.broker.markets.get(order.terms.symbol)
    if (!market?.open || market.stuckAt !== null) return
    const may = this.available(order)
    const price = isZero(may) ? null : tradePx(order.terms, market.bid, market.ask)
    if (price === null) return
    const draw = (what: string): number => chance(this.#setting.seed, what, order.orderID, this.#ticks)
    // Not every touch of a price trades, and not all of it at once.
    if (draw('does it trade') < 0.25) return
    const part =
      draw('all of it') < 0.6
        ? may
        : toStep(times(may, dec(draw('how much').toFixed(3))) as Qty, market.instrument.lot, 'floor')
    if (!isZero(part)) this.fill(order, part, price)
  }

  /** What an order may fill now: an exit of a bracket no more than what its entry has filled and no exit has closed. */
  available(order: Truth): Qty {
    const leaves = atLeastZero(minus(order.terms.orderQty, order.cumQty))
    const entry = order.parent ? this.broker.byID(order.parent) : undefined
    if (!entry || order.clOrdID) return leaves
    const bought = this.broker.filled(entry)
    if (this.broker.capabilities.legsWaitForWholeFill && (entry.open || lt(entry.cumQty, entry.terms.orderQty)))
      return ZERO as Qty
    const closed = entry.legs
      .map((l) => this.broker.byID(l.orderID)?.cumQty ?? (ZERO as Qty))
      .reduce((a, b) => plus(a, b), ZERO as Qty)
    return min(leaves, atLeastZero(minus(bought, closed)))
  }

  fill(order: Truth, lastQty: Qty, lastPx: Px): void {
    const { assetClass, lot } = this.broker.markets.get(order.terms.symbol)?.instrument ?? {
      assetClass: null,
      lot: qty('1'),
    }
    const kept =
      assetClass === 'crypto' && order.terms.side === 'Buy' ? toStep(times(lastQty, FEE) as Qty, lot, 'ceil') : null
    const event: Event = {
      is: 'Fill',
      lastQty,
      lastPx,
      execID: null,
      commission: amt('0'),
      inKind: kept && !isZero(kept) ? { told: kept, really: kept } : null,
    }
    this.broker.happen(order, event, false)
    this.#shrinkOther(order)
  }
  /** One exit of two has filled in part: the other is no larger than what is left. */
  #shrinkOther(order: Truth): void {
    const other = this.broker.byID(order.pair)
    if (!other?.open || !order.open) return
    const left = minus(order.terms.orderQty, order.cumQty)
    other.terms = { ...other.terms, orderQty: min(other.terms.orderQty, plus(other.cumQty, left)) }
  }

  /** The newest trade that stands, with its order; of `symbol` when given. */
  lastTrade(
    symbol: string | null,
  ): { readonly order: Truth; readonly execID: ExecID; readonly lastQty: Qty; readonly lastPx: Px } | null {
    const gone = new Set<string>()
    for (const order of this.broker.truth)
      for (const report of order.reports) if (report.execType === 'TradeCancel') gone.add(report.refExecID)
    for (const order of [...this.broker.truth].reverse()) {
      if (symbol !== null && order.terms.symbol !== symbol) continue
      const trade = order.reports.findLast((r) => r.execType === 'Trade' && !gone.has(r.execID))
      if (trade?.execType === 'Trade')
        return { order, execID: trade.execID, lastQty: trade.lastQty, lastPx: trade.lastPx }
    }
    return null
  }
}

/** The account's second word names the broker, as `policy.broker` does. */
export const BROKER_OF_ACCOUNT = 'sim'

/** At what price the market would trade this order now; null when it would not. */
function tradePx({ side, ordType, price, stopPx }: Terms, bid: Px, ask: Px): Px | null {
  const market = side === 'Buy' ? ask : bid
  const within = (limit: Px): boolean => (side === 'Buy' ? lte(market, limit) : gte(market, limit))
  const reached = stopPx === null || (side === 'Buy' ? gte(market, stopPx) : lte(market, stopPx))
  if (!reached) return null
  const limited = ordType === 'Limit' || ordType === 'StopLimit'
  return !limited || price === null || within(price) ? market : null
}

const cents = (value: number): Px => px(value.toFixed(2))
const atLeastZero = (q: Qty): Qty => max(q, ZERO as Qty)
