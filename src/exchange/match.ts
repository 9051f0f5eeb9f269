import type { Terms } from '../orders/terms.ts'
import type { OrderID } from '../values/brand.ts'
import {
  abs,
  type Amt,
  compare,
  eq,
  gt,
  gte,
  isZero,
  lte,
  min,
  minus,
  plus,
  type Px,
  type Qty,
  qty,
  round,
  sign,
  times,
} from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { isTrading, shown as showing, type Tick } from './board.ts'
import { type BookOrder, filledQty, isLive, latest, leaves, orderOf, positionIn } from './book.ts'
import { close, closeIfLive, type Draft, emit, known, openIn } from './draft.ts'
import { rateOf } from './money.ts'

/**
 * Lets orders of a symbol meet the market.
 * @param tick when and before what it moved: then every open order is asked. Null when an order came to a market that
 *   did not move: then only what is new can trade, since all others have met it.
 */
export function match(
  d: Draft,
  symbol: string,
  tick: { readonly before: Tick | null; readonly at: Instant } | null,
): void {
  if (!d.book.open.has(symbol) || !isTrading(d.board, symbol)) return
  // Trades activate legs, and legs may trade: again until nothing more happens. Each round trades, triggers or closes.
  for (let done = -1; done !== d.events.length; ) {
    done = d.events.length
    const shown = d.board.ticks.get(symbol)
    if (!shown) return
    const present = (tick ? openIn(d, symbol) : [...d.fresh].flatMap((id) => orderOf(d.book, id) ?? [])).filter(
      // An order accepted after a tick was not there to be met by it.
      (o) =>
        o.state === 'Working' &&
        !isZero(leaves(o)) &&
        (tick === null || o.createdAt <= tick.at || d.fresh.has(o.orderID)),
    )
    for (const order of present) if (reached(d, order, shown)) setOff(d, order)
    const ready = present.flatMap((o) => orderOf(d.book, o.orderID) ?? []).filter((o) => isMarketable(o, shown))
    for (const { orderID } of ready.sort(byPriority)) {
      const order = orderOf(d.book, orderID)
      if (order && isLive(order)) fill(d, order, tick?.before ?? null)
    }
  }
}

/** Equities and coins trade, so their stops watch the last trade; currencies are only quoted, so theirs watch the side they would hit. */
const WATCHES = { us_equity: 'last', crypto: 'last', fx: 'quote' } as const

function reached(d: Draft, order: BookOrder, tick: Tick): boolean {
  const { stopPx, side, symbol } = order.terms
  if (stopPx === null || order.triggered) return false
  const watched = WATCHES[d.rules.instruments.get(symbol)?.assetClass ?? 'us_equity']
  const px = watched === 'last' ? tick.last : side === 'Buy' ? tick.ask : tick.bid
  return side === 'Buy' ? gte(px, stopPx) : lte(px, stopPx)
}

function setOff(d: Draft, order: BookOrder): void {
  emit(d, order, { kind: 'Triggered' })
  d.fresh.add(order.orderID)
}

/** True when it may trade at `tick`: at any price, or at one no worse than its limit. */
function isMarketable({ terms, triggered }: BookOrder, tick: Tick): boolean {
  if (terms.stopPx !== null && !triggered) return false
  if (terms.price === null) return true
  return terms.side === 'Buy' ? lte(tick.ask, terms.price) : gte(tick.bid, terms.price)
}

/** Orders at any price first, then the best price, then the oldest. */
function byPriority(a: BookOrder, b: BookOrder): number {
  const [x, y] = [a.terms.price, b.terms.price]
  if (x === null || y === null) return x === y ? a.seq - b.seq : x === null ? -1 : 1
  const better = a.terms.side === 'Buy' ? compare(y, x) : compare(x, y)
  return a.terms.side === b.terms.side && better !== 0 ? better : a.seq - b.seq
}

function fill(d: Draft, order: BookOrder, before: Tick | null): void {
  const { symbol, side, price, reduceOnly } = order.terms
  const tick = d.board.ticks.get(symbol)
  if (!tick || !isMarketable(order, tick)) return
  let size = leaves(order)
  if (reduceOnly) {
    const held = reducible(d, order)
    if (isZero(held)) return close(d, order, 'Canceled', 'reduce-only order has no position left to reduce')
    size = min(size, held)
  }
  const offered = side === 'Buy' ? tick.askQty : tick.bidQty
  if (offered !== null) size = min(size, offered)
  if (isZero(size)) return
  // The market came to an order that waited: it trades at the order's own price. An order that comes to the market, or
  // was left over when the sizes ran out, takes what is shown.
  const waited = price !== null && before !== null && !d.fresh.has(order.orderID) && !isMarketable(order, before)
  const px = waited ? price : side === 'Buy' ? tick.ask : tick.bid
  if (trade(d, order, size, px)) take(d, symbol, side, size)
}

function reducible(d: Draft, { terms }: BookOrder): Qty {
  const { netQty } = positionIn(d.book, terms.symbol)
  return sign(netQty) === (terms.side === 'Sell' ? 1 : -1) ? (abs(netQty) as Qty) : qty('0')
}

/** Sizes shown are sizes until the next tick: what one order took is not there for the next. */
function take(d: Draft, symbol: string, side: 'Buy' | 'Sell', size: Qty): void {
  const tick = d.board.ticks.get(symbol)
  if (!tick) return
  const left = (shownQty: Qty | null): Qty | null => shownQty && minus(shownQty, size)
  d.board = showing(
    d.board,
    side === 'Buy' ? { ...tick, askQty: left(tick.askQty) } : { ...tick, bidQty: left(tick.bidQty) },
  )
}

/** Books one trade and what follows from it. False when the amount cannot be converted yet: then nothing traded. */
export function trade(d: Draft, order: BookOrder, lastQty: Qty, lastPx: Px): boolean {
  const { symbol, side } = order.terms
  const settlCurrFxRate = rateOf(d, d.rules.instruments.get(symbol)?.currency ?? '')
  if (settlCurrFxRate === null) return false
  const gross = times(times(lastQty, lastPx), settlCurrFxRate)
  const commission = round(times(gross, d.rules.commissionRate), 4, 'up') as Amt
  emit(d, order, { kind: 'Traded', symbol, side, lastQty, lastPx, settlCurrFxRate, commission })
  resizeFamily(d, order.orderID)
  // The exit has begun: an entry that went on would build a position without protection.
  if (order.parentOrderID) closeIfLive(d, order.parentOrderID, 'an exit of its bracket traded')
  return true
}

/** Makes the sizes of legs and siblings follow the trades of `orderID`. */
export function resizeFamily(d: Draft, orderID: OrderID): void {
  const order = latest(d.book, known(d, orderID))
  for (const leg of order.legs) resize(d, leg.orderID, filledQty(d.book, order))
  if (!order.siblingOrderID) return
  const sibling = orderOf(d.book, order.siblingOrderID)
  const parent = order.parentOrderID && orderOf(d.book, order.parentOrderID)
  const whole = (other: BookOrder): Qty =>
    parent
      ? filledQty(d.book, parent)
      : plus(plus(order.terms.orderQty, filledBefore(d, order)), filledQty(d.book, other))
  if (sibling) resize(d, sibling.orderID, whole(sibling))
}

/** What those have filled that it has replaced. */
const filledBefore = (d: Draft, order: BookOrder): Qty => minus(filledQty(d.book, order), order.cumQty)

/** @param whole what the order and its sibling may trade together. */
function resize(d: Draft, orderID: OrderID, whole: Qty): void {
  const order = orderOf(d.book, orderID)
  if (!order || !isLive(order)) return
  const sibling = order.siblingOrderID && orderOf(d.book, order.siblingOrderID)
  const taken = plus(sibling ? filledQty(d.book, sibling) : qty('0'), filledBefore(d, order))
  const orderQty = gt(whole, taken) ? minus(whole, taken) : qty('0')
  if (order.state === 'Held') {
    if (isZero(orderQty)) return
    emit(d, order, { kind: 'Activated', orderQty })
    d.fresh.add(orderID)
    return
  }
  const parent = order.parentOrderID && orderOf(d.book, order.parentOrderID)
  // A bust may leave nothing to protect while the entry still works: the leg stays, with no size, until it fills again.
  const mayGrow = parent && isLive(parent) && isZero(filledQty(d.book, order))
  if (gte(order.cumQty, orderQty) && !mayGrow) emit(d, order, { kind: 'Canceled', text: 'one cancels the other' })
  else if (!eq(orderQty, order.terms.orderQty)) emit(d, order, { kind: 'Resized', orderQty })
}

/** True when the whole order could trade now. */
export function fillable(d: Draft, terms: Terms): boolean {
  const tick = d.board.ticks.get(terms.symbol)
  if (
    !tick ||
    !isTrading(d.board, terms.symbol) ||
    (terms.price !== null && !(terms.side === 'Buy' ? lte(tick.ask, terms.price) : gte(tick.bid, terms.price)))
  )
    return false
  const offered = terms.side === 'Buy' ? tick.askQty : tick.bidQty
  return offered === null || gte(offered, terms.orderQty)
}
