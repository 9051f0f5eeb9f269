import { lieOf } from '../../markets/lies.ts'
import type { Market, MarketEvent } from '../../markets/market.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OrderID } from '../../values/brand.ts'
import {
  abs,
  type Amt,
  dec,
  type Decimal,
  isZero,
  minus,
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
import { type Instant, instant } from '../../values/instant.ts'
import { hash32 } from '../../values/random.ts'
import type { Ask, Patch } from './ask.ts'
import { type Asset, type AssetChange, assetsOf, findAsset, matchable } from './asset.ts'
import type { Execution } from './booked.ts'
import { openBooks } from './books.ts'
import { expiryOf } from './calendar.ts'
import { type Identity, type Json, positionJson, type Settings } from './json.ts'
import { type Money, moneyOf, netOf } from './ledger.ts'
import { engineName, lifeOf, termsOf } from './life.ts'
import { isFinal, legOf, type Order, orderOf } from './order.ts'
import { badParameter, notFound, type Refusal, unprocessable } from './refusal.ts'
import { refuseReplace, replaced } from './replace.ts'
import { accountMayTrade, type Case, heldBy, screen, sizeOf } from './screen.ts'
import { noWhims } from './whims.ts'
import { inNewYork, stampOf, uuidOf } from './wire.ts'

export type VenueOptions = {
  readonly market: Market
  readonly clock: Clock
  readonly initialCash: Amt
  readonly seed: number
  readonly stateFile: string | null
  readonly log: (line: string) => void
}

/** A new order as it is answered, which is not how it stands: that may have filled meanwhile. */
export type Placed = { readonly id: string; readonly reply: Json }

const ONE = dec('1')
const HUNDRED = dec('100')

/** The broker behind the wire: what can be asked of it, what the market does to it, and what only the hand of God can. */
export function openVenue(options: VenueOptions) {
  const { market, log } = options
  const assets = assetsOf(market.instruments)
  const books = openBooks({ ...options, instruments: matchable(assets.values()) })
  const whims = noWhims()
  const life = lifeOf(books, assets, whims, log)
  const { now, order, update } = books
  const lastday = new Map<string, Decimal>()

  const netIn = (symbol: string): Decimal => netOf(books.exchange().book, books.fees(), symbol)
  const money = (): Money => moneyOf(books.exchange(), books.fees(), dec(books.settings().max_margin_multiplier))

  // ---- a new order ----

  /** Judges and takes a new order. The reply is as it left the door; what it became since is in the books. */
  function place(given: Ask, liquidation = false): Placed | Refusal {
    const shut = accountMayTrade({ settings: books.settings(), account: whims })
    if (shut) return shut
    const asset = findAsset(assets, given.symbol)
    if (!asset) return badParameter(`could not find asset "${given.symbol}"`)
    const ask = { ...given, symbol: asset.symbol }
    const c = caseOf(ask, asset, liquidation)
    const no = taken(ask.clientOrderID) ?? lied(asset) ?? screen(c)
    if (no) return no
    const first = fillsFirst(asset.symbol)
    return books.changing(
      () => {
        const { id } = enter(ask, asset, c)
        const placed = { id, reply: life.jsonOf(order(id), true) }
        life.route(id, liquidation)
        return placed
      },
      ({ id }) => (first && !isZero(order(id).filledQty) ? 'first' : 'after'),
    )
  }
  const taken = (clientOrderID: string | null): Refusal | null =>
    clientOrderID !== null && books.byClientID(clientOrderID) ? badParameter('client_order_id must be unique') : null
  const lied = ({ symbol }: Asset): Refusal | null =>
    lieOf(symbol).submit === 'reject' ? unprocessable(`${symbol} is always rejected`) : null
  const fillsFirst = (symbol: string): boolean =>
    lieOf(symbol).submit === 'fill-first' ||
    whims.fillFirst === 'always' ||
    (whims.fillFirst === 'sometimes' && hash32(books.header.seed, books.names(), 'first') % 2 === 0)

  function caseOf(ask: Ask, asset: Asset, liquidation: boolean): Case {
    const tick = books.exchange().board.ticks.get(asset.symbol) ?? null
    return {
      ask,
      liquidation,
      asset,
      tick,
      localTime: inNewYork(stampOf(now(), 0)).toPlainTime().toString().slice(0, 5),
      settings: books.settings(),
      account: whims,
      money: money(),
      net: netIn(asset.symbol),
      open: books.openIn(asset.symbol),
      size: sizeOf(ask, tick),
    }
  }

  /** Writes the order and its legs into the books; the engine has not heard of them. */
  function enter(ask: Ask, asset: Asset, c: Case): Order {
    const submittedAt = books.stamp()
    const createdAt = books.stamp()
    const queued = !life.isOpen(asset.symbol) && !ask.extendedHours
    const closes = sign(c.net) === (ask.side === 'sell' ? 1 : -1)
    // Exits of coins are taken and passed over without a word.
    const simple = asset.class === 'crypto' ? ({ ...ask, orderClass: '' } as const) : ask
    const plain = books.keep(
      orderOf(simple, {
        id: books.newID('order'),
        clientOrderID: ask.clientOrderID ?? books.newID('client'),
        qty: c.size as Qty,
        positionIntent: ask.positionIntent ?? `${ask.side}_to_${closes ? 'close' : 'open'}`,
        status: queued ? 'accepted' : 'pending_new',
        submittedAt,
        createdAt,
        expiresAt: expiryOf(submittedAt, ask.tif, ask.extendedHours),
        seq: books.name(),
      }),
    )
    const legs = lieOf(asset.symbol).submit === 'drop-legs' ? [] : legsOf(plain, ask).map(books.keep)
    const whole = update(plain.id, { legIDs: legs.map((leg) => leg.id) })
    life.tell(whole.status, whole, createdAt)
    return whole
  }
  /** Targets before stops. Alpaca names them itself. */
  function legsOf(parent: Order, { takeProfit, stopLoss }: Ask): Order[] {
    if (parent.orderClass === '') return []
    const given = () => ({ id: books.newID('order'), clientOrderID: books.newID('client'), seq: books.name() })
    const target = parent.orderClass === 'oco' ? null : (takeProfit?.limitPrice ?? null)
    const stop = stopLoss?.stopPrice ?? null
    const [none, limitPrice] = [null, stopLoss?.limitPrice ?? null]
    return [
      ...(target ? [legOf(parent, 'target', { limitPrice: target, stopPrice: none }, given())] : []),
      ...(stop ? [legOf(parent, 'stop', { limitPrice, stopPrice: stop }, given())] : []),
    ]
  }

  // ---- cancel and replace ----

  /** Takes a request to cancel. Canceled already is as good as done. */
  function cancel(id: string): Order | Refusal {
    const o = books.orders.get(id)
    if (!o) return notFound(`order not found for ${id}`)
    if (o.status === 'canceled' || o.status === 'pending_cancel') return o
    if (isFinal(o)) return unprocessable(`order is already in "${o.status}" state`)
    if (o.status === 'pending_replace' || lieOf(o.symbol).cancel === 'reject')
      return unprocessable('order is not cancelable')
    return books.changing(() => {
      const asked = life.become(id, 'pending_cancel')
      if (!whims.stuckCancel) life.drop(asked)
      return asked
    })
  }

  /** Takes a request to replace; the reply is the new order, and no promise that it lives. */
  function replace(id: string, patch: Patch): Placed | Refusal {
    const old = books.orders.get(id)
    if (!old) return notFound(`order not found for ${id}`)
    const no =
      refuseReplace(old, patch, assets.get(old.symbol) as Asset, {
        money: money(),
        settings: books.settings(),
        account: whims,
        net: netIn(old.symbol),
        open: books.openIn(old.symbol).filter((o) => o.id !== id),
      }) ?? taken(patch.clientOrderID)
    if (no) return no
    return books.changing(() => {
      const next = books.keep(
        replaced(old, patch, {
          id: books.newID('order'),
          clientOrderID: patch.clientOrderID ?? books.newID('client'),
          at: books.stamp(),
          seq: books.name(),
          carryFills: whims.carryFills,
        }),
      )
      const reply = life.jsonOf(next, false)
      life.become(id, 'pending_replace')
      const lost = whims.lostReplaces > 0
      if (lost) whims.lostReplaces--
      else {
        update(id, { replacedBy: next.id })
        relink(old, next)
      }
      const result = lost ? { ok: false, text: 'the old order came first' } : move(old, next, patch)
      if (!result.ok) {
        log(`order ${id} was not replaced: ${result.text}`)
        if (!lost) relink(order(next.id), order(id))
        const back = update(id, { status: old.status, replacedBy: null, updatedAt: books.stamp() })
        life.tell('order_replace_rejected', back, back.updatedAt)
        life.become(next.id, 'rejected')
      }
      return { id: next.id, reply }
    })
  }

  function move(old: Order, next: Order, patch: Patch): { readonly ok: boolean; readonly text: string } {
    const done = { ok: true, text: '' }
    if (!old.exchangeID) {
      life.become(old.id, 'replaced')
      if (old.status === 'held') life.become(next.id, 'held', { silent: true })
      else life.route(next.id, false)
      return done
    }
    if (patch.tif !== null && patch.tif !== old.tif) {
      // The engine keeps an order's time in force: another one takes another order.
      life.lift(old)
      life.become(old.id, 'replaced')
      return life.send(next, false).ok ? done : (life.become(next.id, 'rejected'), done)
    }
    const { price, stopPx } = termsOf(next, false)
    const orderQty = plus(filledInAll(old), minus(next.qty, next.filledQty))
    return life.act({
      kind: 'Replace',
      orderID: old.exchangeID,
      clOrdID: engineName(next.id),
      orderQty,
      price,
      stopPx,
      at: now(),
    })
  }
  /** What the whole chain of replacements has filled, as the engine counts it. */
  function filledInAll(o: Order): Qty {
    const own = minus(o.filledQty, o.carriedQty)
    return o.replaces ? plus(filledInAll(order(o.replaces)), own) : own
  }
  /** Turns the family of one order to another. */
  function relink(from: Order, to: Order): void {
    if (from.parentID) {
      const parent = order(from.parentID)
      update(parent.id, { legIDs: parent.legIDs.map((leg) => (leg === from.id ? to.id : leg)) })
    }
    const legIDs = order(from.id).legIDs
    for (const leg of legIDs) update(leg, { parentID: to.id, ...(order(leg).exchangeID ? {} : { qty: to.qty }) })
    update(from.id, { legIDs: [] })
    update(to.id, { legIDs })
  }

  // ---- positions ----

  /** @param part how much of it, in units or in per cent; null is all. */
  function closePosition(
    named: string,
    part: { readonly qty: Decimal | null; readonly percentage: Decimal | null },
  ): Placed | Refusal {
    const asset = findAsset(assets, named)
    const net = asset ? netIn(asset.symbol) : ZERO
    if (!asset || isZero(net)) return notFound('position does not exist')
    // A position in whole units is closed in whole units.
    const whole = isZero(minus(net, round(net, 0, 'down')))
    const share = part.percentage && over(times(abs(net), part.percentage), HUNDRED, { scale: 9, rounding: 'down' })
    const size = share ? (whole ? toStep(share, ONE, 'down') : share) : (part.qty ?? abs(net))
    if (isZero(size)) return badParameter('qty must be > 0')
    return place(
      {
        ...CLOSING,
        symbol: asset.symbol,
        side: sign(net) > 0 ? 'sell' : 'buy',
        tif: asset.class === 'crypto' ? 'gtc' : 'day',
        qty: size as Qty,
      },
      true,
    )
  }

  function position(asset: Asset): Json | null {
    const net = netIn(asset.symbol)
    const held = isZero(net) ? ZERO : heldBy(net, books.openIn(asset.symbol)).size
    const { book, board } = books.exchange()
    return positionJson(asset, { book, board, fees: books.fees() }, held, lastday.get(asset.symbol) ?? null)
  }

  // ---- what nobody asked for ----

  const engineID = (id: string): OrderID => {
    const { exchangeID } = order(id)
    if (!exchangeID) throw new RangeError(`order ${id} never came to the engine`)
    return exchangeID
  }
  /** By the id of the trade or of its last correction. */
  function execution(id: string): Execution {
    const found = books.executions.get(id) ?? books.executions.values().find((e) => e.latestID === id)
    if (!found) throw new RangeError(`there is no execution ${id}`)
    return found
  }
  const trade = (id: string, lastQty: Qty, lastPx: Px): string =>
    books.changing(() => {
      life.act({ kind: 'Trade', orderID: engineID(id), lastQty, lastPx, at: now() })
      return books.booked.at(-1)?.executionID ?? ''
    })
  function bust(id: string): void {
    const e = execution(id)
    books.changing(() => life.act({ kind: 'Bust', orderID: engineID(e.orderID), execID: e.exchangeID, at: now() }))
  }
  function correct(id: string, lastQty: Qty, lastPx: Px): void {
    const e = execution(id)
    const orderID = engineID(e.orderID)
    books.changing(() => life.act({ kind: 'Correct', orderID, execID: e.exchangeID, lastQty, lastPx, at: now() }))
  }

  function keepPromises(symbol: string, at: Instant): void {
    for (const deed of books.planned.values()) {
      if (deed.symbol !== symbol || deed.due > at) continue
      books.changing(() => {
        books.planDone(deed.id)
        if (deed.kind === 'trade') trade(deed.orderID, deed.qty, deed.price)
        else if (deed.kind === 'bust') bust(deed.executionID)
        else correct(deed.executionID, deed.qty, deed.price)
      })
    }
  }

  // ---- the market ----

  let started = false
  const startedAt = books.exchange().book.at
  function hear(event: MarketEvent): void {
    if (!assets.has(event.symbol)) return
    if (event.kind === 'Tick' && !lastday.has(event.symbol)) lastday.set(event.symbol, event.last)
    // What the market shows when we come, and what it repeats of a time that is in the books, was met before.
    if (!started || (event.kind === 'Tick' && event.at <= startedAt)) life.show(event)
    else books.changing(() => life.hear(event))
    if (event.kind === 'Tick' && started) keepPromises(event.symbol, event.at)
  }
  /** Sessions that ended while nobody was here ended nonetheless. */
  function endMissedDays(): void {
    for (const { id, symbol, tif, createdAt } of books.openOrders()) {
      if (tif !== 'day' || isFinal(order(id))) continue
      const at = market.closeBetween(symbol, instant(Date.parse(createdAt) * 1000), now())
      if (at === null) continue
      books.changing(() => life.hear({ kind: 'Session', symbol, open: false, at }))
      if (market.session(symbol, now()).open)
        books.changing(() => life.hear({ kind: 'Session', symbol, open: true, at }))
    }
  }
  /** Orders that were taken and not handed on. */
  const release = (): void =>
    books.changing(() => {
      for (const o of books.openOrders())
        if ((o.status === 'pending_new' || o.status === 'accepted') && o.parentID === null) life.route(o.id, false)
    })
  endMissedDays()
  const detach = market.attach(hear)
  started = true
  release()

  return {
    market,
    assets: assets as ReadonlyMap<string, Asset>,
    orders: books.orders,
    executions: books.executions,
    booked: books.booked,
    whims,
    now,
    stamp: books.stamp,
    identity: (): Identity => ({
      id: uuidOf(books.header.seed, 'account'),
      // Numbers of paper accounts begin with PA.
      number: `PA3${uuidOf(books.header.seed, 'number').replaceAll('-', '').toUpperCase().slice(0, 9)}`,
      createdAt: books.header.createdAt,
      status: whims.status,
      blocked: whims.blocked,
    }),
    money,
    settings: books.settings,
    exchange: books.exchange,
    fees: books.fees,
    jsonOf: life.jsonOf,
    byClientID: books.byClientID,
    openOrders: books.openOrders,
    held: (): Asset[] => [...assets.values()].filter((a) => !isZero(netIn(a.symbol))),
    position,
    findAsset: (named: string): Asset | null => findAsset(assets, named),
    place,
    cancel,
    replace,
    closePosition,
    trade,
    bust,
    correct,
    release,
    /** Finishes cancels that were stuck. */
    finishCancels: (): void =>
      books.changing(() => {
        for (const { id } of books.openOrders()) if (order(id).status === 'pending_cancel') life.drop(order(id))
      }),
    setStatus: (id: string, status: string): void =>
      books.changing(() => {
        const at = books.stamp()
        life.tell(status, update(id, { odd: status, updatedAt: at }), at)
      }),
    setSettings: (to: Settings): void => books.changing(() => books.setSettings(to)),
    changeAsset: (symbol: string, to: AssetChange): void => {
      const asset = assets.get(symbol)
      if (!asset) throw new RangeError(`there is no asset ${symbol}`)
      assets.set(symbol, { ...asset, ...to })
    },
    onFrames: books.onFrames,
    onBooked: books.onBooked,
    close: (): void => detach(),
  }
}
export type Venue = ReturnType<typeof openVenue>

const CLOSING: Omit<Ask, 'symbol' | 'side' | 'tif' | 'qty'> = {
  type: 'market',
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
