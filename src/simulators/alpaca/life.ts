import type { Event } from '../../exchange/book.ts'
import { type Input, show, step } from '../../exchange/step.ts'
import { lieOf } from '../../markets/lies.ts'
import type { MarketEvent } from '../../markets/market.ts'
import type { Terms } from '../../orders/terms.ts'
import type { ClOrdID } from '../../values/brand.ts'
import {
  dec,
  type Decimal,
  gt,
  gte,
  isZero,
  lt,
  lte,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  qty,
  round,
  times,
  ZERO,
} from '../../values/decimal.ts'
import { Fault } from '../../values/fault.ts'
import type { Asset } from './asset.ts'
import type { Booked, Execution } from './booked.ts'
import type { Books } from './books.ts'
import { planAfterCancel, planAfterTrade } from './deed.ts'
import { type Json, orderJson } from './json.ts'
import { feeOf, netOf } from './ledger.ts'
import { isFinal, leavesOf, type Order, type Status } from './order.ts'
import type { Whims } from './whims.ts'
import { type Stamp, stampOf, wireNumber, wireTime } from './wire.ts'

const ORD_TYPE = {
  market: 'Market',
  limit: 'Limit',
  stop: 'Stop',
  stop_limit: 'StopLimit',
  // What it becomes once the market has come back to it.
  trailing_stop: 'Market',
} as const
const TIF = { day: 'Day', gtc: 'GTC', ioc: 'IOC', fok: 'FOK', opg: 'Day', cls: 'Day' } as const

const FIFTY = dec('50')
/** Stops that buy are made stop-limits: 4 % above the stop below fifty dollars, 2.5 % from there on. */
const stopCap = (stop: Px): Px => round(times(stop, lt(stop, FIFTY) ? dec('1.04') : dec('1.025')), 2, 'down') as Px

/** An order as the matching engine is asked for it: what is left of it, without its family. */
export function termsOf(order: Order, reduceOnly: boolean): Terms {
  const cap = order.type === 'stop' && order.side === 'buy' && order.stopPrice ? stopCap(order.stopPrice) : null
  return {
    symbol: order.symbol,
    side: order.side === 'buy' ? 'Buy' : 'Sell',
    ordType: cap ? 'StopLimit' : ORD_TYPE[order.type],
    timeInForce: TIF[order.tif],
    orderQty: minus(order.qty, order.carriedQty),
    price: cap ?? order.limitPrice,
    stopPx: order.type === 'trailing_stop' ? null : order.stopPrice,
    bracket: null,
    reduceOnly,
  }
}

/** The engine knows an order by our id, which it takes for the client's. */
export const engineName = (id: string): ClOrdID => id as ClOrdID

/** Which time of an order a status sets. */
const TIME_OF: Partial<Record<Status, keyof Order>> = {
  canceled: 'canceledAt',
  expired: 'expiredAt',
  rejected: 'failedAt',
  replaced: 'replacedAt',
  pending_cancel: 'cancelRequestedAt',
}
const HUNDRED = dec('100')

/**
 * What orders go through. The engine matches single orders and pairs; what Alpaca does around that (acknowledging,
 * holding exits until the entry has filled whole, trailing, saying nothing) is done here.
 */
export function lifeOf(books: Books, assets: ReadonlyMap<string, Asset>, whims: Whims, log: (line: string) => void) {
  const { order, update } = books
  const assetOf = (symbol: string): Asset => assets.get(symbol) as Asset
  const isOpen = (symbol: string): boolean => !books.exchange().board.closed.has(symbol)
  const positionQty = (symbol: string): string => wireNumber(netOf(books.exchange().book, books.fees(), symbol))
  /** Orders that are being replaced by a cancel and a new one: their end is not a cancel. */
  const moving = new Set<string>()

  /** The order as the wire shows it; legs go along only where they are asked for. */
  function jsonOf(o: Order, nested: boolean): Json {
    const legs = nested ? o.legIDs.map((id) => orderJson(order(id), assetOf(o.symbol), null)) : []
    return orderJson(o, assetOf(o.symbol), legs)
  }
  function tell(event: string, o: Order, at: Stamp, more: Json = {}): void {
    const head = { event, event_id: books.ulid(), at: wireTime(at), timestamp: wireTime(at) }
    books.tell({ symbol: o.symbol, orderID: o.id, data: { ...head, ...more, order: jsonOf(o, true) } })
  }
  /** Gives the order a status, its time, and tells the stream; `silent` for what Alpaca does without a word. */
  function become(id: string, status: Status, how: { readonly silent?: boolean } = {}): Order {
    const at = books.stamp()
    const time = TIME_OF[status]
    const o = update(id, { ...(time ? { [time]: at } : {}), status, odd: null, updatedAt: at })
    if (!how.silent) tell(status, o, at)
    return o
  }

  // ---- the engine ----

  function act(input: Input): { readonly ok: boolean; readonly text: string } {
    const done = step(books.exchange(), input)
    books.moved(done.exchange, done.events)
    for (const event of done.events) follow(event)
    return { ok: done.answer.ok, text: done.answer.ok ? '' : done.answer.text }
  }
  const send = (o: Order, reduceOnly: boolean) =>
    act({ kind: 'Submit', clOrdID: engineName(o.id), terms: termsOf(o, reduceOnly), at: books.now() })
  const pair = (target: Order, stop: Order) =>
    act({
      kind: 'SubmitPair',
      stop: { clOrdID: engineName(stop.id), terms: termsOf(stop, true) },
      target: { clOrdID: engineName(target.id), terms: termsOf(target, true) },
      at: books.now(),
    })

  function follow(event: Event): void {
    const o = books.orders.get(event.clOrdID ?? '')
    if (!o) throw new Fault('SIMULATOR_LOST_ORDER', `the engine speaks of ${event.orderID}, which nobody sent`)
    switch (event.kind) {
      case 'Accepted': {
        update(o.id, { exchangeID: event.orderID })
        // A stop that is one of a pair waits as `held` until it is reached.
        const held = o.role === 'stop' && event.siblingOrderID !== null
        if (!held && (isOpen(o.symbol) || o.extendedHours)) become(o.id, 'new')
        return
      }
      case 'Triggered':
        if (o.status === 'held') become(o.id, 'new')
        return
      case 'Traded':
        return traded(o, event)
      case 'Canceled':
        if (moving.has(o.id)) return
        // No word was ever sent about the stop of a pair whose target had filled.
        if (!isFinal(o)) ended(become(o.id, 'canceled', { silent: o.status === 'held' }))
        return
      case 'Expired':
        if (!isFinal(o)) ended(become(o.id, 'expired', { silent: o.status === 'held' }))
        return
      case 'Resized':
        update(o.id, { qty: plus(event.orderQty, o.carriedQty) })
        return
      case 'Replaced':
        become(o.id, 'replaced')
        return
      case 'Busted':
      case 'Corrected':
        return undone(o, event)
      case 'Rejected':
      case 'Activated':
      case 'Relinked':
        return
    }
  }

  function traded(before: Order, event: Extract<Event, { kind: 'Traded' }>): void {
    const at = books.stamp()
    const filledQty = plus(before.filledQty, event.lastQty)
    const full = gte(filledQty, before.qty)
    const stays = isFinal(before) || before.status === 'pending_cancel' || before.status === 'pending_replace'
    const o = update(before.id, {
      filledQty,
      filledValue: plus(before.filledValue, times(event.lastQty, event.lastPx)),
      filledAt: at,
      updatedAt: at,
      status: full ? 'filled' : stays ? before.status : 'partially_filled',
    })
    const id = books.newID('execution')
    const execution: Execution = {
      id,
      orderID: o.id,
      symbol: o.symbol,
      side: o.side,
      qty: event.lastQty,
      price: event.lastPx,
      live: true,
      fee: feeOf(assetOf(o.symbol), o.side, event.lastQty, event.lastPx),
      exchangeID: event.execID,
      latestID: id,
    }
    books.keepExecution(execution)
    write('fill', o, execution, id, null, at)
    tell(full ? 'fill' : 'partial_fill', o, at, {
      execution_id: id,
      price: wireNumber(event.lastPx),
      qty: wireNumber(event.lastQty),
      position_qty: positionQty(o.symbol),
    })
    const first = isZero(minus(before.filledQty, before.carriedQty))
    for (const plan of planAfterTrade(lieOf(o.symbol), o, execution, first, event.at)) books.plan(plan)
    if (full && before.status !== 'filled') ended(o)
  }

  function undone(before: Order, event: Extract<Event, { kind: 'Busted' | 'Corrected' }>): void {
    const was = books.executions.values().find((e) => e.exchangeID === event.refExecID)
    if (!was) throw new Fault('SIMULATOR_LOST_TRADE', `the engine speaks of trade ${event.refExecID}`)
    const at = books.stamp()
    const latestID = books.newID('execution')
    const bust = event.kind === 'Busted'
    const now = bust ? { live: false } : { qty: event.lastQty, price: event.lastPx }
    const amended = { ...was, ...now, latestID }
    const is: Execution = { ...amended, fee: feeOf(assetOf(was.symbol), was.side, amended.qty, amended.price) }
    books.keepExecution(is)
    const worth = (e: Execution): Decimal => (e.live ? times(e.qty, e.price) : ZERO)
    const size = (e: Execution): Qty => (e.live ? e.qty : qty('0'))
    const filledQty = plus(minus(before.filledQty, size(was)), size(is))
    const o = update(before.id, {
      filledQty,
      filledValue: plus(minus(before.filledValue, worth(was)), worth(is)),
      updatedAt: at,
      ...(before.status === 'partially_filled' && isZero(filledQty) ? { status: 'new' } : {}),
    })
    const kind = bust ? 'trade_bust' : 'trade_correct'
    write(kind, o, is, latestID, was.latestID, at)
    tell(kind, o, at, {
      execution_id: latestID,
      previous_execution_id: was.latestID,
      price: wireNumber(is.price),
      qty: wireNumber(is.qty),
      position_qty: positionQty(o.symbol),
    })
    // What a finished order lost is not bought again.
    if (o.status === 'filled' && lt(filledQty, o.qty)) ended(become(o.id, 'canceled'))
  }

  function write(kind: Booked['kind'], o: Order, e: Execution, id: string, previousID: string | null, at: Stamp): void {
    books.write({
      eventID: books.ulid(),
      kind,
      executionID: id,
      previousID,
      orderID: o.id,
      clientOrderID: o.clientOrderID,
      symbol: o.symbol,
      side: o.side,
      qty: e.qty,
      price: e.price,
      cumQty: o.filledQty,
      leavesQty: leavesOf(o),
      orderStatus: o.status,
      at,
    })
  }

  // ---- families ----

  /** Those that were made and never reached the engine. */
  const waiting = (ids: readonly string[]): Order[] =>
    ids.map(order).filter((o) => !isFinal(o) && o.exchangeID === null)
  const endQuietly = (all: readonly Order[]): void => {
    for (const { id, status } of all) become(id, 'canceled', { silent: status === 'held' })
  }

  /** What an order's end does to those that hang on it. */
  function ended(o: Order): void {
    if (o.role === 'entry' && o.status === 'filled') activate(o, waiting(o.legIDs))
    // An entry that did not fill whole leaves what it filled without its exits.
    else endQuietly(waiting(o.legIDs))
    if (o.status !== 'canceled') return
    const shown = books.exchange().board.ticks.get(o.symbol)
    for (const plan of planAfterCancel(lieOf(o.symbol), o, shown, books.now())) books.plan(plan)
    // Where one of a group is canceled, so is the rest; of two that the engine has, it ends the other by itself.
    const parent = o.parentID === null ? null : order(o.parentID)
    if (!parent) return
    endQuietly(waiting(parent.legIDs.filter((id) => id !== o.id)))
    if (parent.role === 'entry' && !isFinal(parent)) drop(parent)
  }
  /** Cancels an order, wherever it is. */
  function drop(o: Order): void {
    if (o.exchangeID) act({ kind: 'Cancel', orderID: o.exchangeID, at: books.now() })
    else ended(become(o.id, 'canceled'))
  }

  /** The exits of an entry that has filled whole come to life, in the size of the entry. */
  function activate(entry: Order, legs: readonly Order[]): void {
    const [first, second] = legs.map((leg) => update(leg.id, { qty: entry.filledQty }))
    if (!first) return
    const result = second ? pair(first, second) : send(first, true)
    if (result.ok) return
    log(`the exits of order ${entry.id} were refused by the engine: ${result.text}`)
    for (const leg of legs) become(leg.id, 'rejected')
  }

  // ---- on the way to the market ----

  /** Hands an order on to where it is matched, or to what a whim has in store for it. */
  function route(id: string, reduceOnly: boolean): void {
    const o = order(id)
    if (isFinal(o) || o.exchangeID) return
    // Orders at the open or the close are for another router: taken, then canceled.
    const end = whims.rejected.has(o.symbol) ? 'rejected' : o.tif === 'opg' || o.tif === 'cls' ? 'canceled' : null
    if (end) return ended(become(id, end))
    if (whims.delayAck) return
    if (o.type === 'trailing_stop') {
      if (o.status !== 'accepted') trail(become(id, 'new'), books.exchange().board.ticks.get(o.symbol)?.last ?? null)
      return
    }
    const stop = o.orderClass === 'oco' ? o.legIDs.map(order)[0] : undefined
    const result = stop ? pair(o, stop) : send(o, reduceOnly)
    if (result.ok) return
    log(`order ${id} was taken and then refused by the engine: ${result.text}`)
    ended(become(id, 'rejected'))
  }

  /** Moves the stop with the best price, and sends a market order once the price comes back to it. */
  function trail(o: Order, last: Px | null): void {
    if (last === null || isFinal(o) || o.exchangeID) return
    const sells = o.side === 'sell'
    if (o.stopPrice && (sells ? lte(last, o.stopPrice) : gte(last, o.stopPrice))) {
      if (!send(o, false).ok) ended(become(o.id, 'rejected'))
      return
    }
    if (o.hwm && (sells ? !gt(last, o.hwm) : !lt(last, o.hwm))) return
    const share = o.trailPercent && over(times(last, o.trailPercent), HUNDRED, { scale: 4, rounding: 'half-even' })
    const distance = (o.trailPrice ?? share) as Px
    const stopPrice = round(sells ? minus(last, distance) : plus(last, distance), 2, 'half-even')
    update(o.id, { hwm: last, stopPrice })
  }

  // ---- the market ----

  function ticked(event: Extract<MarketEvent, { kind: 'Tick' }>): void {
    act(event)
    if (!isOpen(event.symbol)) return
    for (const o of books.openIn(event.symbol))
      if (o.type === 'trailing_stop' && o.status !== 'pending_new' && o.status !== 'accepted') trail(o, event.last)
  }
  function session(event: Extract<MarketEvent, { kind: 'Session' }>): void {
    act(event)
    for (const { id } of books.openIn(event.symbol)) {
      const o = order(id)
      // Ninety days are looked at when a session begins or ends.
      if (o.expiresAt <= stampOf(event.at, 0) && o.tif === 'gtc' && o.parentID === null)
        drop(become(id, 'pending_cancel'))
      if (event.open && o.status === 'accepted' && !isFinal(order(id))) become(id, 'new')
      // The engine ends what it has. What came after the end waits for the next session.
      const late = Date.parse(o.createdAt) * 1000 >= event.at
      if (!event.open && o.tif === 'day' && o.exchangeID === null && !late)
        ended(become(id, 'expired', { silent: o.status === 'held' }))
    }
  }

  return {
    isOpen,
    jsonOf,
    tell,
    become,
    act,
    send,
    route,
    drop,
    /** Cancels in the engine without a word about it: another order takes its place. */
    lift(o: Order): void {
      if (!o.exchangeID) return
      moving.add(o.id)
      act({ kind: 'Cancel', orderID: o.exchangeID, at: books.now() })
      moving.delete(o.id)
    },
    /** What the market shows, taken as known: nothing trades on it. */
    show: (event: MarketEvent): void => books.moved(show(books.exchange(), event), []),
    hear: (event: MarketEvent): void => (event.kind === 'Tick' ? ticked(event) : session(event)),
  }
}
