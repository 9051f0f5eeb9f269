import { type Book, emptyBook, type Event, evolve } from '../../exchange/book.ts'
import { emptyExchange, type Exchange, type Input, show, step } from '../../exchange/step.ts'
import { lieOf } from '../../markets/lies.ts'
import type { Market, MarketEvent } from '../../markets/market.ts'
import type { Terms } from '../../orders/terms.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ClOrdID, OrderID } from '../../values/brand.ts'
import {
  abs,
  type Amt,
  dec,
  type Decimal,
  gte,
  gt,
  isZero,
  lt,
  lte,
  minus,
  negate,
  over,
  plus,
  type Px,
  type Qty,
  round,
  sign,
  times,
  toStep,
  ZERO,
} from '../../values/decimal.ts'
import { Fault } from '../../values/fault.ts'
import { type Instant, instant } from '../../values/instant.ts'
import { hash32 } from '../../values/random.ts'
import type { Ask, Patch } from './ask.ts'
import { type Asset, type AssetChange, assetsOf, findAsset, matchable } from './asset.ts'
import type { Booked, Execution } from './booked.ts'
import { expiryOf } from './calendar.ts'
import { type Deed, planAfterCancel, planAfterTrade } from './deed.ts'
import { DEFAULT_SETTINGS, type Identity, type Json, orderJson, positionJson, type Settings } from './json.ts'
import { feeOf, type Fees, type Money, moneyOf, netOf, NO_FEES, plusFee } from './ledger.ts'
import { isFinal, leavesOf, legOf, type Order, orderOf, type Status } from './order.ts'
import { badParameter, notFound, type Refusal, unprocessable } from './refusal.ts'
import { refuseReplace, replaced } from './replace.ts'
import { accountMayTrade, type Case, heldBy, screen, sizeOf } from './screen.ts'
import { type Line, openStore } from './store.ts'
import { inNewYork, type Stamp, stampOf, ulidOf, uuidOf, wireNumber, wireTime } from './wire.ts'

/** What went out over the order stream: the body of a `trade_updates` frame, as the order stood just then. */
export type Frame = { readonly symbol: string; readonly orderID: string; readonly data: Json }

export type VenueOptions = {
  readonly market: Market
  readonly clock: Clock
  readonly initialCash: Amt
  readonly seed: number
  readonly stateFile: string | null
  readonly log: (line: string) => void
}

/** How the broker misbehaves at the moment: what `AlpacaFate` turns on and off. */
export type Whims = {
  /** Orders are taken and go no further than `pending_new`. */
  delayAck: boolean
  /** Symbols whose orders are taken and rejected afterwards. */
  readonly rejected: Set<string>
  /** Cancels are taken and nothing comes of them. */
  stuckCancel: boolean
  /** The next so many replacements are taken and lost to the old order. */
  lostReplaces: number
  /** A replacement begins with what the orders before it have filled; otherwise at nothing, with the rest as its size. */
  carryFills: boolean
  hideLegs: boolean
  /** How often an order is still not found, by its client order id. */
  readonly hidden: Map<string, number>
  blocked: boolean
  status: string
  /** The fill of a marketable order is streamed before the answer to its request: always, never, or every second time. */
  fillFirst: 'always' | 'never' | 'sometimes'
}

type Change = {
  readonly events: Event[]
  readonly orders: Set<string>
  readonly executions: Set<string>
  readonly booked: Booked[]
  readonly planned: Deed[]
  readonly done: string[]
  settings: Settings | null
  readonly frames: Frame[]
}

/** A new order as it is answered, which is not how it stands: that may have filled meanwhile. */
export type Placed = { readonly id: string; readonly reply: Json }

const ONE = dec('1')
const HUNDRED = dec('100')

/**
 * The broker behind the wire: one account, its orders as Alpaca keeps them, matched by the shared engine against a
 * market. Every request and every look at the market is one change, kept before it is answered or streamed.
 */
export function openVenue(options: VenueOptions) {
  const { market, clock } = options
  const assets = assetsOf(market.instruments)
  let lastNanos = 0n
  let names = 0
  const store = openStore(options.stateFile, () => ({
    seed: options.seed,
    initialCash: options.initialCash,
    createdAt: stampOf(clock.now(), 0),
  }))
  const { header } = store
  const orders = new Map<string, Order>()
  const byClientID = new Map<string, string>()
  /** Open orders of each symbol, held legs included. */
  const open = new Map<string, Set<string>>()
  const executions = new Map<string, Execution>()
  const booked: Booked[] = []
  const planned = new Map<string, Deed>()
  const lastday = new Map<string, Decimal>()
  const whims: Whims = {
    delayAck: false,
    rejected: new Set(),
    stuckCancel: false,
    lostReplaces: 0,
    carryFills: true,
    hideLegs: false,
    hidden: new Map(),
    blocked: false,
    status: 'ACTIVE',
    fillFirst: 'sometimes',
  }
  let settings = DEFAULT_SETTINGS
  let fees: Fees = NO_FEES
  let change: Change | null = null
  let x: Exchange = emptyExchange({
    name: 'ax',
    currency: 'USD',
    initialCash: header.initialCash,
    leverage: dec('4'),
    commissionRate: ZERO,
    instruments: matchable(assets.values()),
  })
  const frameListeners = new Set<(frames: readonly Frame[]) => void>()
  const bookedListeners = new Set<(booked: readonly Booked[]) => void>()

  // ---- names and times ----

  const name = (): number => ++names
  const newID = (kind: string): string => uuidOf(header.seed, kind, name())
  /** Never twice the same, never back: orders made in one microsecond can still be told apart. */
  function stamp(): Stamp {
    const now = BigInt(clock.now()) * 1000n + BigInt(hash32(header.seed, names, 'ns') % 1000)
    lastNanos = now > lastNanos ? now : lastNanos + 1000n
    return stampAt(lastNanos)
  }
  const stampAt = (nanos: bigint): Stamp => stampOf(instant(Number(nanos / 1000n)), Number(nanos % 1000n))
  const ulid = (): string => ulidOf(instant(Number(lastNanos / 1000n)), name())

  // ---- memory ----

  let book: Book = emptyBook
  for (const line of store.lines) {
    names = line.n
    lastNanos = BigInt(line.t)
    for (const event of line.events) book = evolve(book, event)
    for (const order of line.orders) keep(order)
    for (const e of line.executions) keepExecution(e)
    booked.push(...line.booked)
    for (const deed of line.planned) planned.set(deed.id, deed)
    for (const id of line.done) planned.delete(id)
    if (line.settings) settings = line.settings
  }
  x = { ...x, book }

  function keep(order: Order): Order {
    orders.set(order.id, order)
    byClientID.set(order.clientOrderID, order.id)
    const own = open.get(order.symbol) ?? new Set()
    open.set(order.symbol, own)
    if (isFinal(order)) own.delete(order.id)
    else own.add(order.id)
    change?.orders.add(order.id)
    return order
  }
  function keepExecution(e: Execution): void {
    const before = executions.get(e.id)
    if (before?.live) fees = plusFee(fees, e.symbol, e.side, negate(before.fee))
    if (e.live) fees = plusFee(fees, e.symbol, e.side, e.fee)
    executions.set(e.id, e)
    change?.executions.add(e.id)
  }
  const orderByID = (id: string): Order => {
    const order = orders.get(id)
    if (!order) throw new Fault('SIMULATOR_UNKNOWN_ORDER', `there is no order ${id}`)
    return order
  }
  const assetOf = (symbol: string): Asset => assets.get(symbol) as Asset
  const openIn = (symbol: string): Order[] => [...(open.get(symbol) ?? [])].map(orderByID)

  /**
   * Everything that happens, happens in here: decided, kept, then told.
   * @param when `first` tells the stream before the caller can answer.
   */
  function changing<T>(work: () => T, when: (result: T) => 'first' | 'after' = () => 'after'): T {
    if (change) return work()
    const mine: Change = {
      events: [],
      orders: new Set(),
      executions: new Set(),
      booked: [],
      planned: [],
      done: [],
      settings: null,
      frames: [],
    }
    change = mine
    const result = work()
    change = null
    const line: Line = {
      n: names,
      t: String(lastNanos),
      events: mine.events,
      orders: [...mine.orders].map(orderByID),
      executions: [...mine.executions].flatMap((id) => executions.get(id) ?? []),
      booked: mine.booked,
      planned: mine.planned,
      done: mine.done,
      settings: mine.settings,
    }
    if (mine.events.length + mine.orders.size + mine.done.length > 0 || mine.settings) store.append(line)
    const tell = (): void => {
      if (mine.frames.length > 0) for (const listener of frameListeners) listener(mine.frames)
      if (mine.booked.length > 0) for (const listener of bookedListeners) listener(mine.booked)
    }
    if (when(result) === 'first') tell()
    else setImmediate(tell)
    return result
  }

  // ---- what an order goes through ----

  function update(id: string, changes: Partial<Order>): Order {
    return keep({ ...orderByID(id), ...changes })
  }
  /** Gives the order a status, its time, and tells the stream; `silent` for what Alpaca does without a word. */
  function become(id: string, status: Status, how: { readonly silent?: boolean } = {}): Order {
    const at = stamp()
    const times_: Partial<Order> =
      status === 'canceled'
        ? { canceledAt: at }
        : status === 'expired'
          ? { expiredAt: at }
          : status === 'rejected'
            ? { failedAt: at }
            : status === 'replaced'
              ? { replacedAt: at }
              : status === 'pending_cancel'
                ? { cancelRequestedAt: at }
                : {}
    const order = update(id, { ...times_, status, odd: null, updatedAt: at })
    if (!how.silent) tell(status, order, at)
    return order
  }
  function tell(event: string, order: Order, at: Stamp, more: Json = {}): void {
    change?.frames.push({
      symbol: order.symbol,
      orderID: order.id,
      data: {
        event,
        event_id: ulid(),
        at: wireTime(at),
        timestamp: wireTime(at),
        ...more,
        order: jsonOf(order, true),
      },
    })
  }

  /** The order as the wire shows it; legs go along only where they are asked for. */
  function jsonOf(order: Order, nested: boolean): Json {
    const legs = nested ? order.legIDs.map(orderByID) : []
    return orderJson(
      order,
      assetOf(order.symbol),
      legs.map((leg) => orderJson(leg, assetOf(leg.symbol), null)),
    )
  }

  // ---- the engine ----

  function act(input: Input): { readonly ok: boolean; readonly text: string } {
    const done = step(x, input)
    x = done.exchange
    for (const event of done.events) {
      change?.events.push(event)
      follow(event)
    }
    return { ok: done.answer.ok, text: done.answer.ok ? '' : done.answer.text }
  }
  const now = (): Instant => clock.now()
  /** The engine knows an order by our id, which it takes for the client's. */
  const engineName = (id: string): ClOrdID => id as ClOrdID
  const isOpen = (symbol: string): boolean => !x.board.closed.has(symbol)
  /** Orders that are being replaced by a cancel and a new one: their end is not a cancel. */
  const moving = new Set<string>()

  function follow(event: Event): void {
    const id = event.clOrdID as string | null
    const order = id === null ? undefined : orders.get(id)
    if (!order) throw new Fault('SIMULATOR_LOST_ORDER', `the engine speaks of ${event.orderID}, which nobody sent`)
    switch (event.kind) {
      case 'Accepted': {
        update(order.id, { exchangeID: event.orderID })
        // A stop that is one of a pair waits as `held` until it is reached.
        const held = order.role === 'stop' && event.siblingOrderID !== null
        if (held || (!isOpen(order.symbol) && !order.extendedHours)) return
        become(order.id, 'new')
        return
      }
      case 'Triggered':
        if (order.status === 'held') become(order.id, 'new')
        return
      case 'Traded':
        traded(order, event)
        return
      case 'Canceled':
        if (moving.has(order.id)) return
        // No word was ever sent about the stop of a pair whose target had filled.
        if (!isFinal(order)) ended(become(order.id, 'canceled', { silent: order.status === 'held' }))
        else if (order.status === 'filled') ended(become(order.id, 'canceled'))
        return
      case 'Expired':
        if (!isFinal(order)) ended(become(order.id, 'expired', { silent: order.status === 'held' }))
        return
      case 'Resized':
        update(order.id, { qty: plus(event.orderQty, order.carriedQty) })
        return
      case 'Replaced':
        become(order.id, 'replaced')
        return
      case 'Busted':
      case 'Corrected':
        undone(order, event)
        return
      case 'Rejected':
      case 'Activated':
      case 'Relinked':
        return
    }
  }

  function traded(before: Order, event: Extract<Event, { kind: 'Traded' }>): void {
    const at = stamp()
    const filledQty = plus(before.filledQty, event.lastQty)
    const full = gte(filledQty, before.qty)
    const waiting = before.status === 'pending_cancel' || before.status === 'pending_replace' || isFinal(before)
    const status: Status = full ? 'filled' : waiting ? before.status : 'partially_filled'
    const order = update(before.id, {
      filledQty,
      filledValue: plus(before.filledValue, times(event.lastQty, event.lastPx)),
      filledAt: at,
      updatedAt: at,
      status,
    })
    const execution: Execution = {
      id: newID('execution'),
      orderID: order.id,
      symbol: order.symbol,
      side: order.side,
      qty: event.lastQty,
      price: event.lastPx,
      live: true,
      fee: feeOf(assetOf(order.symbol), order.side, event.lastQty, event.lastPx),
      exchangeID: event.execID,
      latestID: '',
    }
    keepExecution({ ...execution, latestID: execution.id })
    write('fill', order, execution, execution.id, null, at)
    tell(full ? 'fill' : 'partial_fill', order, at, {
      execution_id: execution.id,
      price: wireNumber(event.lastPx),
      qty: wireNumber(event.lastQty),
      position_qty: wireNumber(netOf(x.book, fees, order.symbol)),
    })
    const first = isZero(minus(before.filledQty, before.carriedQty))
    for (const plan of planAfterTrade(lieOf(order.symbol), order, execution, first, event.at)) promise_(plan)
    if (full && before.status !== 'filled') ended(order)
  }

  function write(
    kind: Booked['kind'],
    order: Order,
    e: Execution,
    executionID: string,
    previousID: string | null,
    at: Stamp,
  ): void {
    const line: Booked = {
      eventID: ulid(),
      kind,
      executionID,
      previousID,
      orderID: order.id,
      clientOrderID: order.clientOrderID,
      symbol: order.symbol,
      side: order.side,
      qty: e.qty,
      price: e.price,
      cumQty: order.filledQty,
      leavesQty: leavesOf(order),
      orderStatus: order.status,
      at,
    }
    booked.push(line)
    change?.booked.push(line)
  }

  function undone(before: Order, event: Extract<Event, { kind: 'Busted' | 'Corrected' }>): void {
    const was = [...executions.values()].find((e) => e.exchangeID === event.refExecID)
    if (!was) throw new Fault('SIMULATOR_LOST_TRADE', `the engine speaks of trade ${event.refExecID}`)
    const at = stamp()
    const id = newID('execution')
    const bust = event.kind === 'Busted'
    const is: Execution = bust
      ? { ...was, live: false, latestID: id }
      : {
          ...was,
          qty: event.lastQty,
          price: event.lastPx,
          fee: feeOf(assetOf(was.symbol), was.side, event.lastQty, event.lastPx),
          latestID: id,
        }
    keepExecution(is)
    const worth = (e: Execution): Decimal => (e.live ? times(e.qty, e.price) : ZERO)
    const size = (e: Execution): Qty => (e.live ? e.qty : (ZERO as Qty))
    const order = update(before.id, {
      filledQty: plus(minus(before.filledQty, size(was)), size(is)),
      filledValue: plus(minus(before.filledValue, worth(was)), worth(is)),
      updatedAt: at,
    })
    write(bust ? 'trade_bust' : 'trade_correct', order, is, id, was.latestID, at)
    tell(bust ? 'trade_bust' : 'trade_correct', order, at, {
      execution_id: id,
      previous_execution_id: was.latestID,
      price: wireNumber(is.price),
      qty: wireNumber(is.qty),
      position_qty: wireNumber(netOf(x.book, fees, order.symbol)),
    })
  }

  /** What an order's end does to those that hang on it. */
  function ended(order: Order): void {
    const legs = order.legIDs.map(orderByID).filter((leg) => !isFinal(leg) && leg.exchangeID === null)
    if (order.role === 'entry' && order.status === 'filled') activate(order, legs)
    // An entry that did not fill whole leaves what it filled without its exits.
    else for (const leg of legs) become(leg.id, 'canceled', { silent: true })
    if (order.status === 'canceled')
      for (const plan of planAfterCancel(lieOf(order.symbol), order, x.board.ticks.get(order.symbol), now()))
        promise_(plan)
    const parent = order.parentID === null ? null : orderByID(order.parentID)
    // Where one of a group is canceled, so is the rest.
    if (parent && order.status === 'canceled' && !isFinal(parent) && parent.role === 'entry') {
      if (parent.exchangeID) act({ kind: 'Cancel', orderID: parent.exchangeID, at: now() })
      else ended(become(parent.id, 'canceled'))
    }
    if (parent && order.status === 'canceled')
      for (const id of parent.legIDs) {
        const other = orderByID(id)
        if (id !== order.id && !isFinal(other) && other.exchangeID === null)
          become(id, 'canceled', { silent: other.status === 'held' })
      }
  }

  /** The exits of an entry that has filled whole come to life, in the size of the entry. */
  function activate(entry: Order, legs: readonly Order[]): void {
    for (const leg of legs) update(leg.id, { qty: entry.filledQty })
    const [target, stop] = (['target', 'stop'] as const).map((role) => legs.find((leg) => leg.role === role))
    const result =
      target && stop
        ? pair(orderByID(target.id), orderByID(stop.id))
        : legs[0]
          ? send(orderByID(legs[0].id), true)
          : null
    if (result && !result.ok) for (const leg of legs) become(leg.id, 'rejected')
  }

  const ORD_TYPE = {
    market: 'Market',
    limit: 'Limit',
    stop: 'Stop',
    stop_limit: 'StopLimit',
    trailing_stop: 'Market',
  } as const
  const TIF = { day: 'Day', gtc: 'GTC', ioc: 'IOC', fok: 'FOK', opg: 'Day', cls: 'Day' } as const

  function termsOf(order: Order, reduceOnly: boolean): Terms {
    const capped = order.type === 'stop' && order.side === 'buy'
    return {
      symbol: order.symbol,
      side: order.side === 'buy' ? 'Buy' : 'Sell',
      ordType: capped ? 'StopLimit' : ORD_TYPE[order.type],
      timeInForce: TIF[order.tif],
      orderQty: minus(order.qty, order.carriedQty),
      price: capped ? stopCap(order) : order.limitPrice,
      stopPx: order.type === 'trailing_stop' ? null : order.stopPrice,
      bracket: null,
      reduceOnly,
    }
  }
  /** Stops that buy are made stop-limits, 4 % above the stop below fifty dollars and 2.5 % from there on. */
  function stopCap(order: Order): Px {
    const stop = order.stopPrice as Px
    return round(times(stop, lt(stop, dec('50')) ? dec('1.04') : dec('1.025')), 2, 'down') as Px
  }

  const send = (order: Order, reduceOnly: boolean) =>
    act({ kind: 'Submit', clOrdID: engineName(order.id), terms: termsOf(order, reduceOnly), at: now() })
  const pair = (target: Order, stop: Order) =>
    act({
      kind: 'SubmitPair',
      stop: { clOrdID: engineName(stop.id), terms: termsOf(stop, true) },
      target: { clOrdID: engineName(target.id), terms: termsOf(target, true) },
      at: now(),
    })

  // ---- a new order ----

  function caseOf(ask: Ask, asset: Asset, liquidation: boolean): Case {
    return {
      ask,
      liquidation,
      asset,
      tick: x.board.ticks.get(asset.symbol) ?? null,
      localTime: inNewYork(stampOf(now(), 0)).toPlainTime().toString().slice(0, 5),
      settings,
      account: { status: whims.status, blocked: whims.blocked },
      money: money(),
      net: netOf(x.book, fees, asset.symbol),
      open: openIn(asset.symbol),
      size: sizeOf(ask, x.board.ticks.get(asset.symbol) ?? null),
    }
  }

  /** Judges and takes a new order. The reply is as it left the door; what it became since is in the books. */
  function place(given: Ask, how: { readonly liquidation?: boolean } = {}): Placed | Refusal {
    const shut = accountMayTrade({ settings, account: whims })
    if (shut) return shut
    const asset = findAsset(assets, given.symbol)
    if (!asset) return badParameter(`could not find asset "${given.symbol}"`)
    const ask = { ...given, symbol: asset.symbol }
    if (ask.clientOrderID !== null && byClientID.has(ask.clientOrderID))
      return badParameter('client_order_id must be unique')
    if (lieOf(asset.symbol).submit === 'reject') return unprocessable(`${asset.symbol} is always rejected`)
    const c = caseOf(ask, asset, how.liquidation ?? false)
    const no = screen(c)
    if (no) return no
    const first = fillsFirst(asset.symbol)
    return changing(
      () => {
        const order = book_(ask, asset, c)
        const placed = { id: order.id, reply: jsonOf(order, true) }
        route(order.id, how.liquidation ?? false)
        return placed
      },
      ({ id }) => (first && !isZero(orderByID(id).filledQty) ? 'first' : 'after'),
    )
  }
  const fillsFirst = (symbol: string): boolean =>
    lieOf(symbol).submit === 'fill-first' ||
    whims.fillFirst === 'always' ||
    (whims.fillFirst === 'sometimes' && hash32(header.seed, names, 'first') % 2 === 0)

  /** Writes the order and its legs into the books; the engine has not heard of them. */
  function book_(ask: Ask, asset: Asset, c: Case): Order {
    const at = stamp()
    const created = stamp()
    const id = newID('order')
    const queued = !isOpen(asset.symbol) && !ask.extendedHours
    const closes = sign(c.net) === (ask.side === 'sell' ? 1 : -1)
    const order = keep(
      orderOf(asset.class === 'crypto' ? { ...ask, orderClass: '' } : ask, {
        id,
        clientOrderID: ask.clientOrderID ?? newID('client'),
        qty: c.size as Qty,
        positionIntent: ask.positionIntent ?? `${ask.side}_to_${closes ? 'close' : 'open'}`,
        status: queued ? 'accepted' : 'pending_new',
        submittedAt: at,
        createdAt: created,
        expiresAt: expiryOf(at, ask.tif, ask.extendedHours),
        seq: name(),
      }),
    )
    const legs = lieOf(asset.symbol).submit === 'drop-legs' ? [] : legsOf(order, ask)
    for (const leg of legs) keep(leg)
    const booked_ = legs.length > 0 ? update(id, { legIDs: legs.map((leg) => leg.id) }) : order
    tell(booked_.status, booked_, created)
    return booked_
  }
  function legsOf(order: Order, ask: Ask): Order[] {
    const given = () => ({ id: newID('order'), clientOrderID: newID('client'), seq: name() })
    const target = order.orderClass === 'oco' ? null : (ask.takeProfit?.limitPrice ?? null)
    const stop = ask.stopLoss?.stopPrice ?? null
    if (order.orderClass === '') return []
    return [
      ...(target ? [legOf(order, 'target', { limitPrice: target, stopPrice: null }, given())] : []),
      ...(stop
        ? [legOf(order, 'stop', { limitPrice: ask.stopLoss?.limitPrice ?? null, stopPrice: stop }, given())]
        : []),
    ]
  }

  /** Hands an order on to where it is matched, or to what a whim has in store for it. */
  function route(id: string, liquidation = false): void {
    const order = orderByID(id)
    if (isFinal(order) || order.exchangeID) return
    if (whims.rejected.has(order.symbol)) return void ended(become(id, 'rejected'))
    if (whims.delayAck) return
    // Orders at the open or the close are for another router: taken, then canceled.
    if (order.tif === 'opg' || order.tif === 'cls') return void ended(become(id, 'canceled'))
    if (order.type === 'trailing_stop') return trail(become(id, 'new'), x.board.ticks.get(order.symbol)?.last ?? null)
    const stop = order.orderClass === 'oco' ? order.legIDs.map(orderByID)[0] : undefined
    const result = stop ? pair(order, stop) : send(order, liquidation)
    if (result.ok) return
    options.log(`order ${id} was taken and then refused by the engine: ${result.text}`)
    ended(become(id, 'rejected'))
  }

  // ---- trailing stops ----

  /** Moves the stop with the best price, and sends a market order once the price comes back to it. */
  function trail(order: Order, last: Px | null): void {
    if (last === null || isFinal(order) || order.exchangeID) return
    const sells = order.side === 'sell'
    if (order.stopPrice && (sells ? lte(last, order.stopPrice) : gte(last, order.stopPrice))) {
      const sent = send(order, false)
      if (!sent.ok) ended(become(order.id, 'rejected'))
      return
    }
    if (order.hwm && (sells ? !gt(last, order.hwm) : !lt(last, order.hwm))) return
    const distance = order.trailPrice ?? over(times(last, order.trailPercent as Decimal), HUNDRED, CENTS)
    const stopPrice = round(sells ? minus(last, distance as Px) : plus(last, distance as Px), 2, 'half-even')
    update(order.id, { hwm: last, stopPrice })
  }
  const CENTS = { scale: 4, rounding: 'half-even' } as const

  // ---- cancel and replace ----

  /** Takes a request to cancel. Canceled already is as good as done. */
  function cancel(id: string): Order | Refusal {
    const order = orders.get(id)
    if (!order) return notFound(`order not found for ${id}`)
    if (order.status === 'canceled' || order.status === 'pending_cancel') return order
    if (isFinal(order)) return unprocessable(`order is already in "${order.status}" state`)
    if (order.status === 'pending_replace' || lieOf(order.symbol).cancel === 'reject')
      return unprocessable('order is not cancelable')
    return changing(() => {
      const asked = become(id, 'pending_cancel')
      if (whims.stuckCancel) return asked
      if (order.exchangeID) act({ kind: 'Cancel', orderID: order.exchangeID, at: now() })
      else ended(become(id, 'canceled'))
      return asked
    })
  }

  function replace(id: string, patch: Patch): Placed | Refusal {
    const old = orders.get(id)
    if (!old) return notFound(`order not found for ${id}`)
    const asset = assetOf(old.symbol)
    const stillOpen = openIn(old.symbol).filter((o) => o.id !== id)
    const no =
      refuseReplace(old, patch, asset, {
        money: money(),
        settings,
        account: whims,
        net: netOf(x.book, fees, old.symbol),
        open: stillOpen,
      }) ??
      (patch.clientOrderID !== null && byClientID.has(patch.clientOrderID)
        ? badParameter('client_order_id must be unique')
        : null)
    if (no) return no
    return changing(() => {
      const at = stamp()
      const next = keep({
        ...replaced(old, patch, {
          id: newID('order'),
          clientOrderID: patch.clientOrderID ?? newID('client'),
          at,
          seq: name(),
          carryFills: whims.carryFills,
        }),
      })
      const reply = { id: next.id, reply: jsonOf(next, false) }
      become(id, 'pending_replace')
      if (whims.lostReplaces > 0) {
        whims.lostReplaces--
        const back = update(id, { status: old.status, updatedAt: stamp() })
        tell('order_replace_rejected', back, back.updatedAt)
        become(next.id, 'rejected')
        return reply
      }
      update(id, { replacedBy: next.id })
      relink(old, next)
      const done = old.exchangeID ? move(old, next, patch) : { ok: true, text: '' }
      if (!old.exchangeID) {
        become(id, 'replaced')
        if (old.status === 'held') become(next.id, 'held', { silent: true })
        else route(next.id)
      }
      if (!done.ok) {
        options.log(`order ${id} was not replaced: ${done.text}`)
        relink(next, update(id, { status: old.status, replacedBy: null, updatedAt: stamp() }))
        tell('order_replace_rejected', orderByID(id), orderByID(id).updatedAt)
        become(next.id, 'rejected')
      }
      return reply
    })
  }

  function move(old: Order, next: Order, patch: Patch) {
    const orderID = old.exchangeID as OrderID
    if (patch.tif === null || patch.tif === old.tif) {
      const { price, stopPx } = termsOf(next, false)
      const orderQty = plus(engineFilled(old), minus(next.qty, next.filledQty))
      return act({ kind: 'Replace', orderID, clOrdID: engineName(next.id), orderQty, price, stopPx, at: now() })
    }
    // The engine keeps an order's time in force: another one takes another order.
    moving.add(old.id)
    act({ kind: 'Cancel', orderID, at: now() })
    moving.delete(old.id)
    become(old.id, 'replaced')
    return send(next, false)
  }
  /** What the whole chain of replacements has filled, as the engine counts it. */
  function engineFilled(order: Order): Qty {
    const own = minus(order.filledQty, order.carriedQty)
    return order.replaces ? plus(engineFilled(orderByID(order.replaces)), own) : own
  }
  /** Turns the family of a replaced order to the one in its place. */
  function relink(from: Order, to: Order): void {
    if (from.parentID) {
      const parent = orderByID(from.parentID)
      update(parent.id, { legIDs: parent.legIDs.map((leg) => (leg === from.id ? to.id : leg)) })
    }
    for (const leg of from.legIDs)
      update(leg, { parentID: to.id, ...(orderByID(leg).exchangeID ? {} : { qty: to.qty }) })
    if (from.legIDs.length > 0) {
      update(to.id, { legIDs: from.legIDs })
      update(from.id, { legIDs: [] })
    }
  }

  // ---- positions ----

  function closeAsk(asset: Asset, size: Decimal): Ask {
    const net = netOf(x.book, fees, asset.symbol)
    return {
      symbol: asset.symbol,
      side: sign(net) > 0 ? 'sell' : 'buy',
      type: 'market',
      tif: asset.class === 'crypto' ? 'gtc' : 'day',
      qty: size as Qty,
      notional: null,
      limitPrice: null,
      stopPrice: null,
      trailPrice: null,
      trailPercent: null,
      extendedHours: false,
      clientOrderID: null,
      orderClass: '',
      takeProfit: null,
      stopLoss: null,
      positionIntent: null,
    }
  }
  /** @param part how much of it, in units or in per cent; null is all. */
  function closePosition(
    named: string,
    part: { readonly qty: Decimal | null; readonly percentage: Decimal | null },
  ): Placed | Refusal {
    const asset = findAsset(assets, named)
    const net = asset ? netOf(x.book, fees, asset.symbol) : ZERO
    if (!asset || isZero(net)) return notFound('position does not exist')
    const whole = isZero(minus(net, round(net, 0, 'down')))
    const share = part.percentage
      ? over(times(abs(net), part.percentage), HUNDRED, { scale: 9, rounding: 'down' })
      : (part.qty ?? abs(net))
    const size = part.percentage && whole ? toStep(share, ONE, 'down') : share
    if (isZero(size)) return badParameter('qty must be > 0')
    return place(closeAsk(asset, size), { liquidation: true })
  }

  function position(asset: Asset): Json | null {
    const net = netOf(x.book, fees, asset.symbol)
    const held = isZero(net) ? ZERO : heldBy(net, openIn(asset.symbol)).size
    return positionJson(asset, { book: x.book, board: x.board, fees }, held, lastday.get(asset.symbol) ?? null)
  }
  const money = (): Money => moneyOf(x, fees, dec(settings.max_margin_multiplier))

  // ---- what comes by itself ----

  function promise_(plan: Omit<Deed, 'id'>): void {
    const deed = { ...plan, id: newID('deed') } as Deed
    planned.set(deed.id, deed)
    change?.planned.push(deed)
  }
  function keepPromises(symbol: string, at: Instant): void {
    for (const deed of planned.values()) {
      if (deed.symbol !== symbol || deed.due > at) continue
      changing(() => {
        planned.delete(deed.id)
        change?.done.push(deed.id)
        if (deed.kind === 'trade') trade(deed.orderID, deed.qty, deed.price)
        else if (deed.kind === 'bust') bust(deed.executionID)
        else correct(deed.executionID, deed.qty, deed.price)
      })
    }
  }

  function trade(id: string, lastQty: Qty, lastPx: Px): string {
    return changing(() => {
      const { exchangeID } = orderByID(id)
      if (!exchangeID) throw new RangeError(`order ${id} never came to the engine`)
      act({ kind: 'Trade', orderID: exchangeID, lastQty, lastPx, at: now() })
      return booked.at(-1)?.executionID ?? ''
    })
  }
  /** By the id of the trade or of its last correction. */
  function executionOf(id: string): Execution {
    const found = executions.get(id) ?? [...executions.values()].find((e) => e.latestID === id)
    if (!found) throw new RangeError(`there is no execution ${id}`)
    return found
  }
  const engineID = (e: Execution): OrderID => orderByID(e.orderID).exchangeID as OrderID
  function bust(id: string): void {
    const e = executionOf(id)
    changing(() => act({ kind: 'Bust', orderID: engineID(e), execID: e.exchangeID, at: now() }))
  }
  function correct(id: string, lastQty: Qty, lastPx: Px): void {
    const e = executionOf(id)
    changing(() => act({ kind: 'Correct', orderID: engineID(e), execID: e.exchangeID, lastQty, lastPx, at: now() }))
  }

  let started = false
  const startedAt = x.book.at
  function hear(event: MarketEvent): void {
    if (!assets.has(event.symbol)) return
    if (event.kind === 'Tick' && !lastday.has(event.symbol)) lastday.set(event.symbol, event.last)
    // What the market shows when we come, and what it repeats of a time that is in the books, was met before.
    if (!started || (event.kind === 'Tick' && event.at <= startedAt)) x = show(x, event)
    else changing(() => (event.kind === 'Tick' ? ticked(event) : session(event)))
    if (event.kind === 'Tick' && started) keepPromises(event.symbol, event.at)
  }
  function ticked(event: Extract<MarketEvent, { kind: 'Tick' }>): void {
    act(event)
    for (const order of openIn(event.symbol))
      if (order.type === 'trailing_stop' && order.status !== 'pending_new' && isOpen(order.symbol))
        trail(order, event.last)
  }
  function session(event: Extract<MarketEvent, { kind: 'Session' }>): void {
    act(event)
    for (const order of openIn(event.symbol)) {
      if (event.open && order.status === 'accepted') become(order.id, 'new')
      const over_ = !event.open && order.tif === 'day' && order.exchangeID === null && before(order, event.at)
      if (over_) ended(become(order.id, 'expired', { silent: order.status === 'held' }))
    }
  }
  const before = (order: Order, at: Instant): boolean => order.createdAt < stampOf(at, 0)

  /** Sessions that ended while nobody was here ended nonetheless. */
  function endMissedDays(): void {
    for (const order of [...orders.values()]) {
      if (isFinal(orderByID(order.id)) || order.tif !== 'day') continue
      const since = instant(Date.parse(`${order.createdAt.slice(0, 23)}Z`) * 1000)
      const ended_ = market.closeBetween(order.symbol, since, now())
      if (ended_ === null) continue
      changing(() => session({ kind: 'Session', symbol: order.symbol, open: false, at: ended_ }))
      if (market.session(order.symbol, now()).open)
        changing(() => session({ kind: 'Session', symbol: order.symbol, open: true, at: ended_ }))
    }
  }
  endMissedDays()
  const detach = market.attach(hear)
  started = true
  changing(() => {
    for (const order of [...orders.values()])
      if (order.status === 'pending_new' && order.exchangeID === null && order.replaces === null) route(order.id)
  })

  const identity = (): Identity => ({
    id: uuidOf(header.seed, 'account'),
    number: `PA3${uuidOf(header.seed, 'number').replaceAll('-', '').toUpperCase().slice(0, 9)}`,
    createdAt: header.createdAt,
    status: whims.status,
    blocked: whims.blocked,
  })

  return {
    market,
    assets: assets as ReadonlyMap<string, Asset>,
    orders: orders as ReadonlyMap<string, Order>,
    executions: executions as ReadonlyMap<string, Execution>,
    booked: booked as readonly Booked[],
    whims,
    now,
    stamp,
    identity,
    money,
    settings: (): Settings => settings,
    board: () => x.board,
    isOpen,
    jsonOf,
    byClientID: (id: string): Order | null => orders.get(byClientID.get(id) ?? '') ?? null,
    openOrders: (): Order[] => [...open.keys()].flatMap(openIn).sort((a, b) => a.seq - b.seq),
    positions: (): Json[] => [...assets.values()].map(position).filter((p) => p !== null),
    held: (): Asset[] => [...assets.values()].filter((a) => !isZero(netOf(x.book, fees, a.symbol))),
    position,
    findAsset: (named: string): Asset | null => findAsset(assets, named),
    place,
    cancel,
    replace,
    closePosition,
    trade,
    bust,
    correct,
    /** Lets go on what `delayAck` held back. */
    release: (): void =>
      changing(() => {
        for (const order of [...orders.values()])
          if (
            (order.status === 'pending_new' || order.status === 'accepted') &&
            order.exchangeID === null &&
            order.parentID === null
          )
            route(order.id)
      }),
    /** Finishes cancels that were stuck. */
    finishCancels: (): void =>
      changing(() => {
        for (const order of [...orders.values()])
          if (order.status === 'pending_cancel') {
            if (order.exchangeID) act({ kind: 'Cancel', orderID: order.exchangeID, at: now() })
            else ended(become(order.id, 'canceled'))
          }
      }),
    setStatus: (id: string, status: string): void =>
      changing(() => {
        const at = stamp()
        const order = update(id, { odd: status, updatedAt: at })
        tell(status, order, at)
      }),
    setSettings: (to: Settings): void =>
      changing(() => {
        settings = to
        if (change) change.settings = to
      }),
    changeAsset: (symbol: string, to: AssetChange): void => {
      assets.set(symbol, { ...assetOf(symbol), ...to })
    },
    onFrames: (listener: (frames: readonly Frame[]) => void): (() => void) => {
      frameListeners.add(listener)
      return () => void frameListeners.delete(listener)
    },
    onBooked: (listener: (booked: readonly Booked[]) => void): (() => void) => {
      bookedListeners.add(listener)
      return () => void bookedListeners.delete(listener)
    },
    close: (): void => detach(),
  }
}
export type Venue = ReturnType<typeof openVenue>
