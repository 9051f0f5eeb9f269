import type { ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import { isZero } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import type { Instant } from '../values/instant.ts'
import type { Board } from './board.ts'
import {
  type Body,
  type Book,
  type BookOrder,
  type Event,
  evolve,
  filledQty,
  isLive,
  orderOf,
  type Rules,
  type Trade,
} from './book.ts'
import { values } from './table.ts'

/** What the caller keeps of orders that were retired from the book. */
export type Past = {
  /** True when a retired order had this name. */
  readonly taken: (clOrdID: ClOrdID) => boolean
  /** Every trade of a symbol so far, those of retired orders included; null when nothing was ever retired. */
  readonly trades: (symbol: string) => readonly Trade[] | null
}

/** A step in the making. The one thing here that changes, and it never leaves `step`. */
export type Draft = {
  readonly rules: Rules
  book: Book
  board: Board
  readonly at: Instant
  readonly past: Past
  readonly events: Event[]
  /** Orders that came to life in this step: they take the market as it is, others are met at their own price. */
  readonly fresh: Set<OrderID>
}

export function known(d: Draft, orderID: OrderID): BookOrder {
  const order = orderOf(d.book, orderID)
  if (!order) throw new Fault('BOOK_UNKNOWN_ORDER', `there is no order ${orderID} in the book`)
  return order
}

export function emit(d: Draft, of: { readonly orderID: OrderID; readonly clOrdID: ClOrdID | null }, body: Body): Event {
  const seq = d.book.seq + 1
  const head = { seq, at: d.at, orderID: of.orderID, clOrdID: of.clOrdID, execID: `${d.rules.name}-x${seq}` as ExecID }
  const event: Event = { ...head, ...body }
  d.book = evolve(d.book, event)
  d.events.push(event)
  return event
}

export const openIn = (d: Draft, symbol: string): BookOrder[] => {
  const open = d.book.open.get(symbol)
  return open ? [...values(open)].sort((a, b) => a.seq - b.seq) : []
}

/** Ends an order, and what hangs on it. */
export function close(d: Draft, order: BookOrder, how: 'Canceled' | 'Expired', text: string | null): void {
  emit(d, order, { kind: how, text })
  // An entry that ends unfilled has nothing to protect; one that has filled keeps its exits.
  if (isZero(filledQty(d.book, order)))
    for (const leg of order.legs) closeIfLive(d, leg.orderID, 'its entry ended unfilled')
  // A day order that runs out says nothing about its partner; a cancel ends the pair, as it does at real brokers.
  if (how === 'Expired') return
  if (order.siblingOrderID) closeIfLive(d, order.siblingOrderID, 'one cancels the other')
  if (order.parentOrderID) closeIfLive(d, order.parentOrderID, 'an exit of its bracket ended')
}

export function closeIfLive(d: Draft, orderID: OrderID, text: string): void {
  const order = orderOf(d.book, orderID)
  if (order && isLive(order)) close(d, order, 'Canceled', text)
}
