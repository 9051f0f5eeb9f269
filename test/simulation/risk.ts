import type { Happened } from '../../src/desk/events.ts'
import type { AccountFact, Quote } from '../../src/gate/facts.ts'
import type { Bound, LimitName, Limits } from '../../src/gate/limits.ts'
import type { Row } from '../../src/journal/row.ts'
import type { Ticket } from '../../src/orders/ticket.ts'
import type { BrokerPosition } from '../../src/ports/broker.ts'
import type { Decision } from '../../src/ports/records.ts'
import {
  abs,
  type Amt,
  type Decimal,
  dec,
  eq,
  gt,
  gte,
  isZero,
  lt,
  max,
  min,
  minus,
  negate,
  over,
  plus,
  type Qty,
  shortest,
  text,
  times,
  ZERO,
} from '../../src/values/decimal.ts'
import { type Instant, parseInstant, plusMs, toMs } from '../../src/values/instant.ts'
import { broken } from './promises.ts'
import { type Counted, isLive, leaves, type Recount } from './recount.ts'
import type { Scene } from './scene.ts'

// The risk limits of the account, counted by the journal's rows and by what the broker told: never by the counts of the
// desk. Where the desk may know more than one truth, the one that lets most through holds.

/** A slow disk lets a command end so long after it looked at the clock. */
const LATE_MS = 3_000
const MINUTE_MS = 60_000
/** Lower is stricter, of all but this one. */
const HIGHER_IS_STRICTER: LimitName = 'buyingPowerBuffer'

/** What the broker told, and how many rows there were when it did. */
export type Told<T> = { readonly is: T; readonly rows: number }
export type Heard = {
  readonly accounts: readonly Told<AccountFact>[]
  readonly positions: readonly Told<readonly BrokerPosition[]>[]
  readonly quotes: (symbol: string) => readonly Told<Quote>[]
}
/** A send that is about to be promised. */
export type Leaving = {
  readonly order: Counted
  readonly ticket: Ticket
  /** What of the order, and of those in whose place it is, is filled. */
  readonly filled: Qty
  /** What the rest may cost. */
  readonly notional: Amt
  /** All that was said for it; null: one person has asked for a change. */
  readonly votes: readonly Decision[] | null
}

type Opened = { readonly day: string; readonly opening: Happened['day.opened']['opening']; readonly traded: Decimal }

/** Holds the sends of one world against the limits of its account. */
export class Risk {
  readonly #scene: Scene
  readonly #book: Recount
  /** Where the house is; a clock that is set back does not take it back. */
  #today = ''
  #opened: Opened | null = null
  #highest: Decimal = ZERO
  #tradedRow = -1
  readonly #messages: Instant[] = []
  /** Of each entry the moment, and the day in which all of a slow commit lies; null around midnight. */
  readonly #made = new Map<string, string | null>()
  /** Intent → when its first order left. */
  readonly #entered = new Map<string, Instant>()

  constructor(scene: Scene, book: Recount) {
    this.#scene = scene
    this.#book = book
  }

  /** The limits that hold now; null: the account has none. */
  inForce(now: Instant): Limits | null {
    return this.#book.limitsAt(now) ?? this.#scene.limits ?? null
  }

  /** Looks at the book as it is with the row. */
  took(row: Row, heard: Heard): void {
    if (!this.#scene.limits) return
    const now = this.#scene.wall()
    const { id } = row.object
    switch (row.action) {
      case 'order.created':
        this.#made.set(id, isOneDay(now) ? newYorkDay(now) : null)
        return
      case 'order.cancel-requested':
        this.#messages.push(now)
        return
      case 'order.send-started': {
        this.#messages.push(now)
        const order = this.#book.orders.get(id)
        if (order?.role === 'Entry' && order.replaces === undefined && !this.#entered.has(order.intentID))
          this.#entered.set(order.intentID, now)
        return
      }
      case 'execution.reported':
        this.#tradedRow = row.seq
        return
      case 'intent.refused':
        return this.#refused(row, now)
      case 'day.opened':
        return this.#opens(row, heard)
      default:
        return
    }
  }

  #opens(row: Row, { accounts }: Heard): void {
    const { day, opening } = row.data as unknown as Happened['day.opened']
    const ts = parseInstant(row.ts) as Instant
    if (day === this.#opened?.day) broken('limits', `row ${row.seq} opens ${day} a second time`)
    if (day !== newYorkDay(ts) && isOneDay(ts))
      broken('limits', `row ${row.seq} opens ${day}, and in New York it is ${newYorkDay(ts)}`)
    if (!accounts.some(({ is }) => eq(is.equity, opening.equity) && eq(is.cash, opening.cash)))
      broken('limits', `row ${row.seq} opens ${day} with ${text(opening.equity)}, which the broker never said`)
    this.#highest = max(this.#highest, opening.equity)
    if (lt(opening.highEquity, this.#highest))
      broken('limits', `${text(opening.highEquity)} counts as the highest equity, and it was ${text(this.#highest)}`)
    this.#opened = { day, opening, traded: this.#traded() }
  }
  #traded(): Decimal {
    let sum = ZERO
    for (const symbol of new Set([...this.#book.orders.values()].map((o) => o.symbol)))
      sum = plus(sum, this.#book.netCash(symbol))
    return sum
  }

  /** What is counted is never more than there was. */
  #refused(row: Row, now: Instant): void {
    const { refusals } = row.data as unknown as Happened['intent.refused']
    const today = this.#dayAt(now)
    for (const refusal of refusals) {
      const most = ((): number | null => {
        switch (refusal.code) {
          case 'ORDERS_PER_MINUTE_EXCEEDED':
            return this.#messages.filter((at) => at > plusMs(now, -MINUTE_MS - LATE_MS)).length
          case 'ORDERS_PER_DAY_EXCEEDED':
            return this.#messages.filter((at) => touches(at, today)).length
          case 'REPEATS_EXCEEDED':
            // Of one intent several orders may have left, one after the other.
            return [...this.#book.orders.values()].filter(
              (o) => o.role === 'Entry' && o.starts > 0 && touches(this.#entered.get(o.intentID) ?? now, today),
            ).length
          default:
            return null
        }
      })()
      if (most !== null && 'count' in refusal && refusal.count > most)
        broken('room', `${row.object.id} was refused (${refusal.code}) for ${refusal.count}, and there were ${most}`)
    }
  }

  #dayAt(now: Instant): string {
    const day = newYorkDay(now)
    if (day > this.#today) this.#today = day
    return this.#today
  }

  /** What an entry goes beyond, in words; null when it is within all. */
  beyond(leaving: Leaving, heard: Heard, now: Instant): string | null {
    const limits = this.inForce(now)
    if (!limits) return null
    const { order, ticket, votes } = leaving
    const listed = this.#notListed(limits, ticket)
    if (listed !== null) return `${order.clOrdID} ${listed}`
    const today = this.#dayAt(now)
    // Around midnight nobody can say which day counted.
    if (!isOneDay(now)) return null
    const uses = this.#uses(leaving, heard, now, today)
    for (const [name, least] of uses) {
      const { hard, soft } = limits.values[name]
      if (hard !== null && this.#isBeyond(name, least, hard, heard, today))
        return `${order.clOrdID} makes ${shortest(least)} of ${name}, and ${shortest(hard)} may be`
      const isSure = votes?.every(({ evidence }) => evidence?.kind === 'passkey') ?? false
      if (soft !== null && !isSure && this.#isBeyond(name, least, soft, heard, today))
        return `${order.clOrdID} makes ${shortest(least)} of ${name}, beyond the soft ${shortest(soft)}, and only clicks let it go`
    }
    return null
  }

  #notListed({ lists }: Limits, { terms, assetClass }: Ticket): string | null {
    const { symbol, ordType, side } = terms
    if (lists.restricted.includes(symbol)) return `is in ${symbol}, which is restricted`
    if (lists.symbols && !lists.symbols.includes(symbol)) return `is in ${symbol}, which is not allowed`
    if (lists.assetClasses && !lists.assetClasses.includes(assetClass)) return `is of ${assetClass}`
    if (lists.ordTypes && !(lists.ordTypes as readonly string[]).includes(ordType)) return `is a ${ordType} order`
    return side === 'Sell' && !lists.allowShort ? 'is a short sale' : null
  }

  /** Whether the least that counts is more than the most that the figure comes to. */
  #isBeyond(name: LimitName, least: Decimal, figure: Decimal, heard: Heard, today: string): boolean {
    if (!OF_CAPITAL.has(name)) return gt(least, figure)
    const opened = this.#opened
    // Without an opening there is nothing that it could be a share of.
    if (opened?.day !== today) return true
    if (name === 'drawdown') return gte(least, times(figure, this.#highest))
    if (name === 'dayLoss') return gte(least, times(figure, opened.opening.equity))
    const traded = minus(this.#traded(), opened.traded)
    const paidIn = this.#known(heard.accounts).map(({ cash }) => minus(minus(cash, opened.opening.cash), traded))
    const capital = plus<Decimal>(opened.opening.equity, paidIn.reduce(max, ZERO))
    return gt(least, times(figure, capital))
  }

  /** What was told since the last trade that the house knows of: nothing older counts. */
  #known<T>(told: readonly Told<T>[]): readonly T[] {
    return told.filter(({ rows }) => rows > this.#tradedRow).map(({ is }) => is)
  }

  /** The least that counts against each limit, this order included. */
  #uses(leaving: Leaving, heard: Heard, now: Instant, today: string): [LimitName, Decimal][] {
    const { order, ticket, filled, notional } = leaving
    const { symbol, side } = order
    const { orders } = this.#book
    const others = [...orders.values()].filter((o) => o !== order)
    const mine = (o: Counted): boolean => o.intentID === order.intentID
    const positions = this.#known(heard.positions)
    const uses: [LimitName, Decimal][] = [
      ['maxOrderNotional', ticket.maxNotional],
      ['maxOrderQty', ticket.terms.orderQty],
      ['maxDayTurnover', plus(this.#turnover(others, mine, today), notional)],
      ['maxOrdersPerMinute', count(1 + this.#messages.filter((at) => at > plusMs(now, LATE_MS - MINUTE_MS)).length)],
      ['maxOrdersPerDay', count(1 + this.#messages.filter((at) => isOn(at, today)).length)],
    ]
    const repeats = [...this.#entered].filter(
      ([intentID, at]) =>
        intentID !== order.intentID && isOn(at, today) && this.#isSame(intentID, ticket, order.intentID),
    )
    if (order.replaces === undefined) uses.push(['maxRepeats', count(repeats.length + 1)])
    const equities = this.#known(heard.accounts).map(({ equity }) => equity)
    const best = equities.reduce<Decimal | null>((a, b) => (a === null ? b : max(a, b)), null)
    if (best !== null && this.#opened) {
      uses.push(['dayLoss', max(minus<Decimal>(this.#opened.opening.equity, best), ZERO)])
      uses.push(['drawdown', max(minus(this.#highest, best), ZERO)])
    }
    if (positions.length === 0 || gt(filled, ZERO)) return uses
    const open = others.filter((o) => !mine(o) && o.role === 'Entry' && isLive(o) && !this.#isSpared(o))
    const inFlight = (is: (o: Counted) => boolean): Decimal =>
      open.filter(is).reduce<Decimal>((sum, o) => plus(sum, costOf(o, leaves(o))), ZERO)
    const all = new Set([symbol, ...positions.flatMap((list) => list.map((p) => p.symbol))])
    const worth = [...all].map((one) => ({ symbol: one, ...worthOf(one, positions, heard.quotes(one)) }))
    const sum = (of: (w: (typeof worth)[number]) => Decimal): Decimal =>
      worth.reduce<Decimal>((total, w) => plus(total, of(w)), ZERO)
    const own = worth.find((w) => w.symbol === symbol)
    const held = worth.filter((w) => !isZero(w.least)).map((w) => w.symbol)
    const busy = open.filter((o) => gt(leaves(o), ZERO)).map((o) => o.symbol)
    uses.push(
      [
        'maxGrossExposure',
        plus(
          plus(
            sum((w) => w.least),
            inFlight(() => true),
          ),
          notional,
        ),
      ],
      [
        'maxNetExposure',
        plus(
          plus(
            sum((w) => (side === 'Buy' ? w.long : w.short)),
            inFlight((o) => o.side === side),
          ),
          notional,
        ),
      ],
      [
        'maxSymbolShare',
        plus(
          plus(
            own?.least ?? ZERO,
            inFlight((o) => o.symbol === symbol),
          ),
          notional,
        ),
      ],
      ['maxOpenPositions', count(new Set([...held, ...busy, symbol]).size)],
    )
    return uses
  }

  #isSame(intentID: string, { terms }: Ticket, own: string): boolean {
    const [a, b] = [this.#book.ideas.get(intentID), this.#book.ideas.get(own)].map((idea) => idea?.intent.proposal)
    return a?.strategyID === b?.strategyID && a?.symbol === terms.symbol && a.side === terms.side
  }
  /** Of an order and the one that is to take its place one will work: the dearer counts, and of two that cost the same one. */
  #isSpared(o: Counted): boolean {
    const next = this.#book.of(o.intentID).find((other) => other.replaces === o.clOrdID && isLive(other))
    if (next && gte(costOf(next, leaves(next)), costOf(o, leaves(o)))) return true
    const old = o.replaces === undefined ? undefined : this.#book.orders.get(o.replaces)
    return old !== undefined && isLive(old) && gt(costOf(old, leaves(old)), costOf(o, leaves(o)))
  }

  /** All that may fill, and what has filled of that which may not; of its own intent what has filled. */
  #turnover(others: readonly Counted[], mine: (o: Counted) => boolean, today: string): Decimal {
    let sum = ZERO
    for (const o of others)
      if (o.role === 'Entry' && this.#made.get(o.clOrdID) === today)
        sum = plus(sum, costOf(o, isLive(o) && !mine(o) ? o.orderQty : o.trades.sums.cumQty) as Decimal)
    return sum
  }
}

const OF_CAPITAL: ReadonlySet<LimitName> = new Set([
  'maxGrossExposure',
  'maxNetExposure',
  'maxDayTurnover',
  'maxSymbolShare',
  'dayLoss',
  'drawdown',
])

const count = (n: number): Decimal => dec(String(n))
const costOf = (o: Counted, size: Qty): Amt =>
  o.maxNotional === undefined || isZero(size) || isZero(o.orderQty)
    ? (ZERO as Amt)
    : (over(times(o.maxNotional, size), o.orderQty, { scale: 2, rounding: 'down' }) as Amt)

/** The least that a position may be worth, at the ask: in itself, and as one that is long or short beyond the others. */
function worthOf(
  symbol: string,
  positions: readonly (readonly BrokerPosition[])[],
  quotes: readonly Told<Quote>[],
): { readonly least: Decimal; readonly long: Decimal; readonly short: Decimal } {
  const sizes = positions.map((list) =>
    list.filter((p) => p.symbol === symbol).reduce<Decimal>((sum, p) => plus(sum, p.netQty), ZERO),
  )
  const asks = quotes.map(({ is }) => is.ask).filter((ask) => gt(ask, ZERO))
  const [low, high] = [sizes.reduce((a, b) => min(a, b)), sizes.reduce((a, b) => max(a, b))]
  if (asks.length === 0) return { least: ZERO, long: ZERO, short: ZERO }
  const [cheap, dear] = [asks.reduce((a, b) => min(a, b)), asks.reduce((a, b) => max(a, b))]
  const at = (size: Decimal): Decimal => times(size, lt(size, ZERO) ? dear : cheap)
  const isOneSided = gte(times(low, high), ZERO)
  return {
    least: isOneSided ? times(min(abs(low), abs(high)), cheap) : ZERO,
    long: at(low),
    short: at(negate(high)),
  }
}

const NEW_YORK = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' })
/** `2026-11-23`. */
export const newYorkDay = (at: Instant): string => NEW_YORK.format(toMs(at))
/** All that a slow disk leaves open of this moment lies in one day. */
const isOneDay = (at: Instant): boolean => newYorkDay(plusMs(at, -LATE_MS)) === newYorkDay(at)
const isOn = (at: Instant, day: string): boolean => isOneDay(at) && newYorkDay(at) === day
const touches = (at: Instant, day: string): boolean =>
  newYorkDay(at) === day || newYorkDay(plusMs(at, -LATE_MS)) === day

/** Nothing passes afterwards that was stopped before. */
export function isTighter(before: Limits, after: Limits): boolean {
  const isLess = (name: LimitName, bound: keyof Bound): boolean => {
    const [old, now] = [before.values[name][bound], after.values[name][bound]]
    if (old === null || now === null) return old === null
    return name === HIGHER_IS_STRICTER ? gte(now, old) : !gt(now, old)
  }
  const fewer = (old: readonly string[] | null, now: readonly string[] | null): boolean =>
    old === null || (now !== null && now.every((one) => old.includes(one)))
  const [a, b] = [before.lists, after.lists]
  return (
    (Object.keys(before.values) as LimitName[]).every((name) => isLess(name, 'hard') && isLess(name, 'soft')) &&
    fewer(a.symbols, b.symbols) &&
    fewer(a.assetClasses, b.assetClasses) &&
    fewer(a.ordTypes, b.ordTypes) &&
    a.restricted.every((one) => b.restricted.includes(one)) &&
    (a.allowShort || !b.allowShort)
  )
}
