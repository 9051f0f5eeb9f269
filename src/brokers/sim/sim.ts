import {
  type BookOrder,
  type Event,
  family,
  isLive,
  openOrders,
  orderOf,
  ordersOf,
  recall,
  reportOf,
  retire,
  type Rules,
} from '../../exchange/book.ts'
import { buyingPower, cash, equity, rateOf } from '../../exchange/money.ts'
import type { Past } from '../../exchange/draft.ts'
import { emptyExchange, type Exchange, type Input, show, type Step, step } from '../../exchange/step.ts'
import type { Passed } from '../../gate/gate.ts'
import type { Quote } from '../../gate/facts.ts'
import { avgCost, type Position } from '../../orders/position.ts'
import type { Report } from '../../orders/report.ts'
import type { OrderRef, Terms } from '../../orders/terms.ts'
import {
  type Broker,
  type BrokerOrder,
  type CancelSent,
  type Closed,
  type Found,
  type MayGo,
  ReadFailed,
  type Sent,
} from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccountID, ClOrdID, ExecID, OrderID } from '../../values/brand.ts'
import {
  abs,
  type Amt,
  dec,
  type Decimal,
  isZero,
  MAX_SCALE,
  max,
  minus,
  over,
  plus,
  px,
  type Px,
  type Qty,
  round,
  scaleOf,
  sign,
  toStep,
  ZERO,
} from '../../values/decimal.ts'
import { type Instant, plusMs } from '../../values/instant.ts'
import { capabilities } from './capabilities.ts'
import { lieOf } from '../../markets/lies.ts'
import { type Deed, openLog, type Planned, type Truth } from './log.ts'
import type { Market, MarketEvent } from '../../markets/market.ts'

export type SimOptions = {
  readonly account: AccountID
  readonly clock: Clock
  readonly market: Market
  /** The broker's own book; it survives a kill of the process. Null keeps it in memory. */
  readonly logFile: string | null
  /** Exits travel with the entry. When false, `bracket` is ignored and the gateway places its own stops. */
  readonly nativeBracket: boolean
  readonly oneCancelsOther: boolean
  /** How long each request takes to arrive. */
  readonly latencyMs: number
  /** Counts when the log is begun; later the log's own is kept. */
  readonly initialCash: Amt
  readonly currency: string
  /** What may be held for one unit of equity. Default 4, as on Alpaca's paper accounts. */
  readonly leverage?: Decimal
  /** Share of each trade's amount. Default 0. */
  readonly commissionRate?: Decimal
  /** When streamed reports are delivered. Default `setImmediate`: after the reply to what caused them. */
  readonly defer?: (deliver: () => void) => void
}

/** What no broker offers: to make it lie on demand. For tests and drills. */
export type Fate = {
  /** The next submit, pair, replacement, close or cancel is answered by silence: before it was booked, or after. */
  loseNextReply(when: 'before-booking' | 'after-booking'): void
  /** From now on each streamed report comes twice, and out of order. */
  repeatReports(on: boolean): void
  withholdStream(on: boolean): void
  /** The next `n` reads fail for the moment. */
  failReads(n: number): void
  /** A trade that nobody matched, in whatever state the order is. */
  trade(orderID: OrderID, lastQty: Qty, lastPx: Px): ExecID
  bust(execID: ExecID): void
  correct(execID: ExecID, lastQty: Qty, lastPx: Px): void
}

export type Sim = Broker & {
  readonly fate: Fate
  /** Everything ever booked, from the log. */
  truth(): Truth
}

type Story = { readonly order: BookOrder; readonly events: readonly Event[] }

const SLOW_REPLY_MS = 5000
const STALE_MS = 600_000
const LATE_MS = 1000
const UNDO_MS = 3000
const CROSSED_BY = px('0.05')

/**
 * Opens the simulated broker: an exchange of one account on a market, with a log that is written before anything is
 * answered. The caller lets time pass with `market.advance`.
 * @throws {Fault} when the log cannot be opened, is of another account, or has a hole.
 */
export function openSim(options: SimOptions): Sim {
  const { account, clock, market, currency } = options
  const defer = options.defer ?? ((deliver: () => void) => void setImmediate(deliver))
  const log = openLog(options.logFile, { account, currency, initialCash: options.initialCash })
  const rules: Rules = {
    name: 'sim',
    currency,
    initialCash: log.initialCash,
    leverage: options.leverage ?? dec('4'),
    commissionRate: options.commissionRate ?? dec('0'),
    instruments: market.instruments,
  }
  const past: Past = { taken: (clOrdID) => log.orderIDOf(clOrdID) !== null, trades: log.tradesOf }
  const listeners = new Set<(report: Report) => void>()
  const planned = new Map(log.deeds().map((p) => [p.id, p]))
  const fate = {
    loss: null as 'before-booking' | 'after-booking' | null,
    repeat: false,
    silent: false,
    failing: 0,
    halfDown: 0,
  }
  let x: Exchange = { ...emptyExchange(rules), book: log.load() }
  let closed = false

  // ---- one way in: decide, write, then tell ----

  /** @param first reports that overtake the reply are delivered at once, trades before acknowledgements. */
  function act(input: Input, how: { readonly deed?: number; readonly first?: boolean } = {}): Step {
    const done = step(x, input, past)
    const plans = how.deed === undefined ? done.events.flatMap((e) => plan(done.exchange, e)) : []
    if (done.events.length > 0 || how.deed !== undefined) log.append(done.events, plans, how.deed ?? null)
    if (plans.length > 0) for (const p of log.deeds()) planned.set(p.id, p)
    if (how.deed !== undefined) planned.delete(how.deed)
    x = done.exchange
    publish(done.events, how.first ?? false)
    x = { ...x, book: tidied(done.events) }
    log.snapshot(x.book)
    return done
  }

  /** The book without the families that are closed: the log keeps them. */
  function tidied(events: readonly Event[]) {
    let { book } = x
    for (const { orderID } of events) {
      const order = orderOf(book, orderID)
      const all = order ? family(book, order) : []
      if (all.length > 0 && !all.some(isLive)) book = retire(book, all)
    }
    return book
  }

  function publish(events: readonly Event[], first: boolean): void {
    if (listeners.size === 0 || fate.silent) return
    const reports = events.flatMap((e) => {
      const report = reportOf(e)
      return report ? [{ report, lie: lieOf(symbolOf(e)) }] : []
    })
    const heard = reports.filter(({ lie }) => lie.stream !== 'none')
    const honest = heard.filter(({ lie }) => lie.stream !== 'twice' && !fate.repeat).map(({ report }) => report)
    const doubled = muddled(
      heard.filter(({ lie }) => lie.stream === 'twice' || fate.repeat).map(({ report }) => report),
    )
    const all = [...(first ? honest.reverse() : honest), ...doubled]
    if (all.length === 0) return
    const deliver = (): void => {
      if (!closed) for (const report of all) for (const listener of listeners) listener(report)
    }
    if (first) deliver()
    else defer(deliver)
  }

  function symbolOf(event: Event): string {
    return orderOf(x.book, event.orderID)?.terms.symbol ?? ''
  }

  // ---- symbols that lie ----

  function plan(after: Exchange, event: Event): Planned[] {
    const order = orderOf(after.book, event.orderID)
    const later = order && lieOf(order.terms.symbol).later
    if (!order || !later) return []
    const { orderID, terms } = order
    const at = (ms: number, deed: Deed): Planned[] => [{ symbol: terms.symbol, due: plusMs(event.at, ms), deed }]
    const lot = rules.instruments.get(terms.symbol)?.lot ?? dec('1')
    const atLeastOne = (size: Decimal): Qty => max(toStep(size, lot, 'down'), lot) as Qty
    const share = (of: Decimal, parts: string): Decimal => over(of, dec(parts), { scale: 8, rounding: 'down' })
    if (event.kind === 'Traded' && order.trades.length === 1 && later === 'bust')
      return at(UNDO_MS, { kind: 'Bust', orderID, execID: event.execID })
    if (event.kind === 'Traded' && order.trades.length === 1 && later === 'correct') {
      const lastPx = event.side === 'Buy' ? plus(event.lastPx, CROSSED_BY) : minus(event.lastPx, CROSSED_BY)
      return at(UNDO_MS, { kind: 'Correct', orderID, execID: event.execID, lastQty: event.lastQty, lastPx })
    }
    if (event.kind === 'Traded' && order.state === 'Filled' && later === 'overfill')
      return at(LATE_MS, {
        kind: 'Trade',
        orderID,
        lastQty: atLeastOne(share(terms.orderQty, '10')),
        lastPx: event.lastPx,
      })
    if (event.kind === 'Canceled' && later === 'fill-canceled' && order.parentOrderID === null) {
      const rest = minus(terms.orderQty, order.cumQty)
      const shown = after.board.ticks.get(terms.symbol)
      const lastPx = terms.price ?? (terms.side === 'Buy' ? shown?.ask : shown?.bid)
      if (isZero(rest) || lastPx === undefined) return []
      return at(LATE_MS, { kind: 'Trade', orderID, lastQty: atLeastOne(share(rest, '2')), lastPx })
    }
    return []
  }

  function keepPromises(symbol: string, at: Instant): void {
    for (const { id, symbol: of, due, deed } of planned.values()) {
      if (of !== symbol || due > at) continue
      recalled(deed.orderID)
      act({ ...deed, at }, { deed: id })
    }
  }

  /** The order as it is known, brought back into the book with its family when the log alone has it. */
  function recalled(orderID: OrderID): void {
    if (orderOf(x.book, orderID)) return
    const [order] = lineage(orderID)
    if (!order) return
    const head = order.parentOrderID ?? order.orderID
    const ids = new Set([head, ...(logged(head)?.legs.map((l) => l.orderID) ?? []), order.siblingOrderID])
    const all = [...ids].flatMap((id) => (id === null ? [] : lineage(id)))
    x = { ...x, book: recall(x.book, all) }
  }

  function logged(orderID: OrderID): BookOrder | undefined {
    return ordersOf(log.eventsOf(orderID))[0]
  }
  /** The order that is in its place now and all those before that one, newest first, as the log has them. */
  function lineage(orderID: OrderID): BookOrder[] {
    const all: BookOrder[] = []
    let newest = logged(orderID)
    while (newest?.replacedBy) newest = logged(newest.replacedBy)
    for (let one = newest; one; one = one.replaces ? logged(one.replaces) : undefined) all.push(one)
    return all
  }

  // ---- the market ----

  let started = false
  const hear = (event: MarketEvent): void => {
    // What the market shows when we come, and what it repeats of a time we have booked already, was met before.
    if (!started || (event.kind === 'Tick' && event.at <= startedAt)) x = show(x, event)
    else act(event)
    if (event.kind === 'Tick' && started) keepPromises(event.symbol, event.at)
  }
  const startedAt = x.book.at
  endMissedDays()
  const detach = market.attach(hear)
  started = true

  /** Sessions that ended while nobody was here ended nonetheless. */
  function endMissedDays(): void {
    for (const order of openOrders(x.book)) {
      const { symbol, timeInForce } = order.terms
      if (timeInForce !== 'Day' || !isLive(orderOf(x.book, order.orderID) ?? order)) continue
      const ended = market.closeBetween(symbol, order.createdAt, clock.now())
      if (ended === null) continue
      act({ kind: 'Session', symbol, open: false, at: ended })
      if (market.session(symbol, clock.now()).open) act({ kind: 'Session', symbol, open: true, at: ended })
    }
  }

  // ---- requests ----

  const arrive = async (): Promise<void> => {
    if (options.latencyMs > 0) await clock.sleep(options.latencyMs)
  }
  const inDoubt = (cause: string) => ({ outcome: 'in-doubt', cause }) as const
  const GONE = inDoubt('the connection is closed')
  const HELD = inDoubt('it was called off')
  const NEVER_SENT = inDoubt('the connection broke before an answer')
  const NO_ANSWER = inDoubt('no answer in time')

  function takeLoss() {
    const { loss } = fate
    fate.loss = null
    return loss
  }

  const can = capabilities(options)
  const asHeld = (terms: Terms): Terms =>
    terms.bracket && (!can.bracket || lieOf(terms.symbol).submit === 'drop-legs') ? { ...terms, bracket: null } : terms

  const sentOf = ({ answer }: Step): Sent =>
    answer.ok
      ? { outcome: 'accepted', orderID: answer.orderID as OrderID, legs: answer.legs }
      : { outcome: 'rejected', text: answer.text }

  /** @param mayGo asked with the orders that are about to be booked. */
  async function send(
    symbol: string,
    input: (at: Instant) => Input,
    mayGo?: () => Promise<boolean> | undefined,
  ): Promise<Sent> {
    await arrive()
    if (closed) return GONE
    if ((await mayGo?.()) === false) return HELD
    const lie = lieOf(symbol).submit
    const loss = takeLoss()
    if (lie === 'lose-send' || loss === 'before-booking') return NEVER_SENT
    const done = act(input(clock.now()), { first: lie === 'fill-first' })
    if (lie === 'lose-reply' || loss === 'after-booking') return NO_ANSWER
    if (lie === 'slow-reply') await clock.sleep(SLOW_REPLY_MS)
    return sentOf(done)
  }

  function held(): Position[] {
    return [...x.book.positions.values()].filter((p) => !isZero(p.netQty))
  }
  /** What ends a position at the market and cannot turn it. Where nothing is held the exchange refuses it. */
  function closing(symbol: string, at: Instant): Input {
    const netQty = x.book.positions.get(symbol)?.netQty ?? ZERO
    const terms: Terms = {
      symbol,
      side: sign(netQty) < 0 ? 'Buy' : 'Sell',
      ordType: 'Market',
      timeInForce: 'Day',
      orderQty: abs(netQty) as Qty,
      price: null,
      stopPx: null,
      bracket: null,
      reduceOnly: true,
    }
    const nothing = isZero(netQty) ? { refusal: `position does not exist: ${symbol}` } : {}
    return { kind: 'Submit', clOrdID: null, terms, at, ...nothing }
  }
  function cancelEvery(): Input {
    const spare = [...market.instruments.keys()].filter((s) => lieOf(s).cancel === 'reject')
    return { kind: 'CancelAll', spare: new Set(spare), at: clock.now() }
  }

  async function read<T>(symbol: string | null, answer: () => T): Promise<T> {
    await arrive()
    if (closed) throw new ReadFailed('the connection is closed', false)
    if (fate.failing > 0) {
      fate.failing--
      throw new ReadFailed('service unavailable', true)
    }
    if (symbol !== null && lieOf(symbol).reads === 'half-down' && fate.halfDown++ % 2 === 0)
      throw new ReadFailed(`service unavailable for ${symbol}`, true)
    return answer()
  }

  /** The order and its legs with every event so far, from the log. */
  function story(clOrdID: ClOrdID): Story | null {
    const orderID = log.orderIDOf(clOrdID)
    return orderID === null ? null : storyOf(orderID)
  }
  function storyOf(orderID: OrderID): Story | null {
    const own = log.eventsOf(orderID)
    const [order] = ordersOf(own)
    if (!order) return null
    const legs = order.legs.flatMap((leg) => lineage(leg.orderID)).flatMap((leg) => log.eventsOf(leg.orderID))
    return { order, events: [...own, ...legs].sort((a, b) => a.seq - b.seq) }
  }

  const reportsIn = (events: readonly Event[]): Report[] => events.flatMap((e) => reportOf(e) ?? [])
  /** Reports as a poll gives them: those of symbols that tell everything twice are told twice here too. */
  function polled(events: readonly Event[]): Report[] {
    const twice = new Map<string, boolean>()
    const lies = (e: Event): boolean => {
      const known = twice.get(e.orderID)
      if (known !== undefined) return known
      const symbol = ordersOf(log.eventsOf(e.orderID))[0]?.terms.symbol ?? ''
      twice.set(e.orderID, lieOf(symbol).stream === 'twice')
      return twice.get(e.orderID) ?? false
    }
    return [...reportsIn(events.filter((e) => !lies(e))), ...muddled(reportsIn(events.filter(lies)))]
  }

  return {
    account,
    environment: 'paper',
    capabilities: can,

    submit(clOrdID: ClOrdID, order: Passed, mayGo?: MayGo) {
      const terms = asHeld(order)
      const refused = lieOf(order.symbol).submit === 'reject' && { refusal: `${order.symbol} is always rejected` }
      return send(
        order.symbol,
        (at) => ({ kind: 'Submit', clOrdID, terms, at, ...refused }),
        () => mayGo?.([{ clOrdID, ...terms }]),
      )
    },

    async submitPair(stop, target, mayGo?: MayGo) {
      if (!can.oneCancelsOther) return { outcome: 'rejected', text: 'pairs of orders are not supported' }
      const pair = {
        stop: { clOrdID: stop.clOrdID, terms: stop.order },
        target: { clOrdID: target.clOrdID, terms: target.order },
      }
      return send(
        stop.order.symbol,
        (at) => ({ kind: 'SubmitPair', ...pair, at }),
        () => mayGo?.([pair.stop, pair.target].map(({ clOrdID, terms }) => ({ clOrdID, ...terms }))),
      )
    },

    async cancel(ref: OrderRef): Promise<CancelSent> {
      await arrive()
      if (closed) return GONE
      const loss = takeLoss()
      if (loss === 'before-booking') return NEVER_SENT
      const orderID = ref.orderID ?? log.orderIDOf(ref.clOrdID)
      const order = orderID === null ? undefined : (orderOf(x.book, orderID) ?? ordersOf(log.eventsOf(orderID))[0])
      if (!order) return { outcome: 'rejected', text: 'order not found' }
      const lie = lieOf(order.terms.symbol).cancel
      if (lie === 'reject') return { outcome: 'rejected', text: 'order is not cancelable' }
      if (!isLive(order))
        return { outcome: 'rejected', text: `order is already in "${order.state.toLowerCase()}" state` }
      act({ kind: 'Cancel', orderID: order.orderID, at: clock.now() })
      return lie === 'lose-reply' || loss === 'after-booking' ? NO_ANSWER : { outcome: 'accepted' }
    },

    async replace(ref: OrderRef, clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent> {
      const orderID = ref.orderID ?? log.orderIDOf(ref.clOrdID)
      if (orderID !== null) recalled(orderID)
      const { orderQty, price, stopPx } = order
      const change = { clOrdID, orderQty, price, stopPx }
      return send(
        order.symbol,
        (at) => ({ kind: 'Replace', orderID: orderID ?? ('' as OrderID), ...change, at }),
        () => mayGo?.([change]),
      )
    },
    closePosition: (symbol: string) => send(symbol, (at) => closing(symbol, at)),
    async closeAll() {
      await arrive()
      if (closed) return GONE
      const loss = takeLoss()
      if (loss === 'before-booking') return NEVER_SENT
      act(cancelEvery())
      const positions = held().map(
        ({ symbol }): Closed => ({ symbol, sent: sentOf(act(closing(symbol, clock.now()))) }),
      )
      return loss === 'after-booking' ? NO_ANSWER : ({ outcome: 'answered', positions } as const)
    },

    async cancelAll(): Promise<CancelSent> {
      await arrive()
      if (closed) return GONE
      const loss = takeLoss()
      if (loss === 'before-booking') return NEVER_SENT
      act(cancelEvery())
      return loss === 'after-booking' ? NO_ANSWER : { outcome: 'accepted' }
    },

    async find(clOrdID: ClOrdID): Promise<Found> {
      const found = story(clOrdID)
      return read(found?.order.terms.symbol ?? null, () => {
        const now = story(clOrdID)
        return now ? { found: true, order: brokerOrder(now.order), reports: polled(now.events) } : { found: false }
      })
    },
    async findByOrderID(orderID: OrderID): Promise<Found> {
      const symbol = ordersOf(log.eventsOf(orderID))[0]?.terms.symbol ?? null
      return read(symbol, () => {
        const now = storyOf(orderID)
        return now ? { found: true, order: brokerOrder(now.order), reports: polled(now.events) } : { found: false }
      })
    },
    openOrders: () => read(null, () => openOrders(x.book).map(brokerOrder)),
    reportsSince: (since: Instant) => read(null, () => polled(log.eventsSince(since))),
    positions: () => read(null, () => held().map((p) => ({ symbol: p.symbol, netQty: p.netQty, avgPx: avgCost(p) }))),
    accountFact: () =>
      read(null, () => ({
        account,
        currency,
        status: 'Active',
        equity: money(equity(x)),
        cash: money(cash(x)),
        buyingPower: money(buyingPower(x)),
        shortingAllowed: true,
        at: clock.now(),
      })),
    identity: () => read(null, () => ({ accountID: account, name: 'simulated' })),

    instrument: (symbol: string) => read(symbol, () => market.instruments.get(symbol) ?? null),
    quote: (symbol: string) => read(symbol, () => quoteOf(symbol)),
    session: (symbol: string) => read(symbol, () => market.session(symbol, clock.now())),
    dailyBars: (symbol: string) => read(symbol, () => market.days(symbol, clock.now())),
    conversion: (of: string) =>
      read(null, () => {
        const rate = rateOf(x, of)
        if (rate === null) return null
        const tick = x.board.ticks.get(`${of}/${currency}`) ?? x.board.ticks.get(`${currency}/${of}`)
        return { rate, at: of === currency || !tick ? clock.now() : tick.at }
      }),

    onReport(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    // Within one process nothing is ever cut off.
    onNotice: () => () => {},

    async close() {
      if (closed) return
      closed = true
      detach()
      log.snapshot(x.book, true)
      log.close()
    },

    truth: () => log.truth(),

    fate: {
      loseNextReply: (when) => void (fate.loss = when),
      repeatReports: (on) => void (fate.repeat = on),
      withholdStream: (on) => void (fate.silent = on),
      failReads: (n) => void (fate.failing = n),
      trade(orderID, lastQty, lastPx) {
        recalled(orderID)
        const { events } = act({ kind: 'Trade', orderID, lastQty, lastPx, at: clock.now() })
        return events[0]?.execID as ExecID
      },
      bust(execID) {
        const orderID = ownerOf(execID)
        recalled(orderID)
        act({ kind: 'Bust', orderID, execID, at: clock.now() })
      },
      correct(execID, lastQty, lastPx) {
        const orderID = ownerOf(execID)
        recalled(orderID)
        act({ kind: 'Correct', orderID, execID, lastQty, lastPx, at: clock.now() })
      },
    },
  }

  function ownerOf(execID: ExecID): OrderID {
    const event = log.eventAt(Number(execID.split('-x')[1]))
    if (!event) throw new RangeError(`there is no execution ${execID}`)
    return event.orderID
  }

  function quoteOf(symbol: string): Quote | null {
    const tick = x.board.ticks.get(symbol)
    if (!tick) return null
    const { bid, ask, last, at } = tick
    switch (lieOf(symbol).quote) {
      case 'crossed':
        return { symbol, bid: plus(ask, CROSSED_BY), ask: bid, last, at }
      case 'stale':
        return { symbol, bid, ask, last, at: plusMs(at, -STALE_MS) }
      default:
        return { symbol, bid, ask, last, at }
    }
  }
}

/** Trades first and everything again, so that nothing comes in order and each comes twice. */
const muddled = (reports: readonly Report[]): Report[] =>
  reports.length === 0 ? [] : [...[...reports].reverse(), ...reports]

/** Amounts leave with no more places than the wire takes. */
const money = (amount: Amt): Amt => (scaleOf(amount) > MAX_SCALE ? round(amount, MAX_SCALE, 'half-even') : amount)

const brokerOrder = (order: BookOrder): BrokerOrder => ({
  orderID: order.orderID,
  clOrdID: order.clOrdID,
  parentOrderID: order.parentOrderID,
  role: order.role,
  replaces: order.replaces ?? null,
  replacedBy: order.replacedBy ?? null,
  terms: order.terms,
  open: isLive(order),
  cumQty: order.cumQty,
  legs: order.legs,
})
