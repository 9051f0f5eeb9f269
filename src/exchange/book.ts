import type { Instrument } from '../orders/instrument.ts'
import { addTrade, flat, type Position } from '../orders/position.ts'
import type { Execution, Report } from '../orders/report.ts'
import type { Bracket, Side, Terms } from '../orders/terms.ts'
import type { ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import {
  type Amt,
  type Decimal,
  gte,
  isZero,
  minus,
  plus,
  type Px,
  type Qty,
  qty,
  times,
  ZERO,
} from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import type { Instant } from '../values/instant.ts'
import { instant } from '../values/instant.ts'
import { get, put, remove, type Table, table, tableOf, values } from './table.ts'

/** What does not change while an account lives. */
export type Rules = {
  /** Begins every name the exchange gives: `sim` makes `sim-o1`, `sim-x1`. */
  readonly name: string
  /** Account currency. */
  readonly currency: string
  readonly initialCash: Amt
  /** What may be held for one unit of equity. */
  readonly leverage: Decimal
  /** Share of each trade's amount: "0.0001" is one basis point. Rounded up to four places of account currency. */
  readonly commissionRate: Decimal
  readonly instruments: ReadonlyMap<string, Instrument>
}

/** `Held` waits for the fill of its entry. The last five are the end, though trades may still be added or undone. */
export type State = 'Held' | 'Working' | 'Filled' | 'Canceled' | 'Expired' | 'Replaced' | 'Rejected'

/** One trade of an order. `seq` is its place in the history of the account. */
export type Trade = Execution & { readonly seq: number }
export type LegRef = { readonly role: 'Stop' | 'Target'; readonly orderID: OrderID }

export type BookOrder = {
  readonly orderID: OrderID
  /** Null for the legs of a bracket: the exchange names them itself. */
  readonly clOrdID: ClOrdID | null
  readonly parentOrderID: OrderID | null
  /** The order that this one ends, and that ends this one. */
  readonly siblingOrderID: OrderID | null
  readonly role: 'Stop' | 'Target' | null
  readonly legs: readonly LegRef[]
  /** The order in whose place it is, and the one in its own. Its family goes over to the newest of them. */
  readonly replaces: OrderID | null
  readonly replacedBy: OrderID | null
  /**
   * `orderQty` is the size as it is now: that of a leg follows its entry, that of a pair shrinks with the other's fills,
   * and in it is nothing of what those before it have filled.
   */
  readonly terms: Terms
  readonly state: State
  /** A stop that the market has reached. */
  readonly triggered: boolean
  readonly cumQty: Qty
  readonly trades: readonly Trade[]
  /** What one unit is taken to cost, in the instrument's currency, while it waits. */
  readonly pledgePx: Px
  readonly text: string | null
  readonly seq: number
  readonly createdAt: Instant
}

type Head = {
  /** 1, 2, 3 … over the account, without gaps. */
  readonly seq: number
  /** Never earlier than that of the event before. */
  readonly at: Instant
  readonly orderID: OrderID
  readonly clOrdID: ClOrdID | null
  readonly execID: ExecID
}

export type Body =
  | ({ readonly kind: 'Accepted'; readonly state: 'Held' | 'Working' } & Pick<
      BookOrder,
      'parentOrderID' | 'siblingOrderID' | 'role' | 'legs' | 'replaces' | 'terms' | 'pledgePx'
    >)
  | { readonly kind: 'Rejected'; readonly terms: Terms; readonly text: string }
  /** A leg that its entry's fill has brought to life. */
  | { readonly kind: 'Activated'; readonly orderQty: Qty }
  | { readonly kind: 'Resized'; readonly orderQty: Qty }
  /** Another order of its family was replaced: its pointers are to the new one from here on. */
  | ({ readonly kind: 'Relinked' } & Pick<BookOrder, 'parentOrderID' | 'siblingOrderID' | 'legs'>)
  | { readonly kind: 'Triggered' }
  | ({ readonly kind: 'Traded' } & Pick<
      Execution,
      'symbol' | 'side' | 'lastQty' | 'lastPx' | 'settlCurrFxRate' | 'commission'
    >)
  | { readonly kind: 'Canceled'; readonly text: string | null }
  | { readonly kind: 'Expired'; readonly text: string | null }
  | { readonly kind: 'Replaced'; readonly by: OrderID }
  /** Average cost depends on every trade since, so the position travels with the event. */
  | { readonly kind: 'Busted'; readonly refExecID: ExecID; readonly text: string; readonly position: Position }
  | {
      readonly kind: 'Corrected'
      readonly refExecID: ExecID
      readonly lastQty: Qty
      readonly lastPx: Px
      readonly text: string
      readonly position: Position
    }

/** One thing that happened to one order. The book is a fold over these and nothing else. */
export type Event = Head & Body

/** Sizes and costs of the orders that wait, for buying power. */
export type Pledge = {
  readonly buyQty: Decimal
  readonly buyCost: Decimal
  readonly sellQty: Decimal
  readonly sellCost: Decimal
}

/** Everything the exchange owes an answer for. What the market shows is not in it: see `Board`. */
export type Book = {
  /** Number of events so far. */
  readonly seq: number
  readonly at: Instant
  readonly orders: Table<BookOrder>
  /** Orders that wait or work, by symbol. */
  readonly open: ReadonlyMap<string, Table<BookOrder>>
  readonly names: Table<OrderID>
  readonly positions: ReadonlyMap<string, Position>
  readonly pledges: ReadonlyMap<string, Pledge>
}

export const emptyBook: Book = {
  seq: 0,
  at: instant(0),
  orders: table(),
  open: new Map(),
  names: table(),
  positions: new Map(),
  pledges: new Map(),
}

export const isLive = (order: BookOrder): boolean => order.state === 'Working' || order.state === 'Held'
export const leaves = (order: BookOrder): Qty =>
  isLive(order) && !gte(order.cumQty, order.terms.orderQty) ? minus(order.terms.orderQty, order.cumQty) : qty('0')

export const orderOf = (book: Book, orderID: OrderID | string): BookOrder | undefined => get(book.orders, orderID)
export const openOrders = (book: Book): BookOrder[] =>
  [...book.open.values()].flatMap((orders) => [...values(orders)]).sort((a, b) => a.seq - b.seq)
export const positionIn = (book: Book, symbol: string): Position => book.positions.get(symbol) ?? flat(symbol)

/** Folds one event. Throws `Fault` on an event that does not follow: a log with a hole is not a book. */
export function evolve(book: Book, event: Event): Book {
  if (event.seq !== book.seq + 1)
    throw new Fault('BOOK_OUT_OF_ORDER', `event ${event.seq} cannot follow event ${book.seq}`)
  const before = get(book.orders, event.orderID)
  const after = evolveOrder(before, event)
  const next = placed({ ...book, seq: event.seq, at: event.at }, before, after)
  switch (event.kind) {
    case 'Traded':
      return at(next, addTrade(positionIn(book, event.symbol), lastTrade(after)))
    case 'Busted':
    case 'Corrected':
      return at(next, event.position)
    default:
      return next
  }
}

const at = (book: Book, position: Position): Book => ({
  ...book,
  positions: new Map(book.positions).set(position.symbol, position),
})
const lastTrade = (order: BookOrder): Trade => order.trades.at(-1) as Trade

/** What one event makes of its order. `before` is undefined for its first. */
export function evolveOrder(before: BookOrder | undefined, event: Event): BookOrder {
  if (event.kind === 'Accepted' || event.kind === 'Rejected') return born(event)
  if (!before)
    throw new Fault('BOOK_WITHOUT_ORDER', `event ${event.seq} is about ${event.orderID}, which was never accepted`)
  switch (event.kind) {
    case 'Activated':
      return { ...before, state: 'Working', terms: { ...before.terms, orderQty: event.orderQty } }
    case 'Resized':
      return { ...before, terms: { ...before.terms, orderQty: event.orderQty } }
    case 'Relinked': {
      const { parentOrderID, siblingOrderID, legs } = event
      return { ...before, parentOrderID, siblingOrderID, legs }
    }
    case 'Triggered':
      return { ...before, triggered: true }
    case 'Traded': {
      const cumQty = plus(before.cumQty, event.lastQty)
      const full = before.state === 'Working' && gte(cumQty, before.terms.orderQty)
      return { ...before, cumQty, state: full ? 'Filled' : before.state, trades: [...before.trades, tradeOf(event)] }
    }
    case 'Canceled':
    case 'Expired':
      return { ...before, state: event.kind, text: event.text }
    case 'Replaced':
      return { ...before, ...ALONE, state: 'Replaced', replacedBy: event.by }
    case 'Busted':
      return amended(before, event.refExecID, (trade) => ({ ...trade, live: false }))
    case 'Corrected':
      return amended(before, event.refExecID, (trade) => ({ ...trade, lastQty: event.lastQty, lastPx: event.lastPx }))
  }
}

const ALONE = { parentOrderID: null, siblingOrderID: null, legs: [] } as const

function born(event: Event & { kind: 'Accepted' | 'Rejected' }): BookOrder {
  const common = {
    orderID: event.orderID,
    clOrdID: event.clOrdID,
    terms: event.terms,
    replacedBy: null,
    triggered: false,
    cumQty: qty('0'),
    trades: [],
    seq: event.seq,
    createdAt: event.at,
  }
  if (event.kind === 'Accepted') {
    const { parentOrderID, siblingOrderID, role, legs, pledgePx, state } = event
    // A log that is older than replacements has no `replaces`.
    const replaces = event.replaces ?? null
    return { ...common, parentOrderID, siblingOrderID, role, legs, replaces, pledgePx, state, text: null }
  }
  return {
    ...common,
    ...ALONE,
    role: null,
    replaces: null,
    pledgePx: ZERO as Px,
    state: 'Rejected',
    text: event.text,
  }
}

const tradeOf = (e: Event & { kind: 'Traded' }): Trade => ({
  execID: e.execID,
  // A leg has no ClOrdID: the exchange's own name stands in.
  clOrdID: e.clOrdID ?? (e.orderID as string as ClOrdID),
  symbol: e.symbol,
  side: e.side,
  lastQty: e.lastQty,
  lastPx: e.lastPx,
  settlCurrFxRate: e.settlCurrFxRate,
  commission: e.commission,
  transactTime: e.at,
  live: true,
  seq: e.seq,
})

function amended(order: BookOrder, execID: ExecID, change: (trade: Trade) => Trade): BookOrder {
  const trades = order.trades.map((trade) => (trade.execID === execID ? change(trade) : trade))
  const cumQty = trades.reduce((sum, trade) => (trade.live ? plus(sum, trade.lastQty) : sum), qty('0'))
  return { ...order, trades, cumQty }
}

/** The book with `after` in the place of `before`, and everything that is counted over orders kept in step. */
function placed(book: Book, before: BookOrder | undefined, after: BookOrder): Book {
  const { symbol } = after.terms
  const listed = book.open.get(symbol) ?? table<BookOrder>()
  const open = isLive(after) ? put(listed, after.orderID, after) : remove(listed, after.orderID)
  const pledge = repledged(book.pledges.get(symbol), before, after)
  return {
    ...book,
    orders: put(book.orders, after.orderID, after),
    names: before || after.clOrdID === null ? book.names : put(book.names, after.clOrdID, after.orderID),
    open: open === listed ? book.open : new Map(book.open).set(symbol, open),
    pledges: pledge === book.pledges.get(symbol) ? book.pledges : new Map(book.pledges).set(symbol, pledge as Pledge),
  }
}

const NO_PLEDGE: Pledge = { buyQty: ZERO, buyCost: ZERO, sellQty: ZERO, sellCost: ZERO }

/** Orders that only shrink a position pledge nothing, and held legs are of that kind. */
const pledged = (order: BookOrder | undefined): Qty => (order && !order.terms.reduceOnly ? leaves(order) : qty('0'))

function repledged(pledge: Pledge | undefined, before: BookOrder | undefined, after: BookOrder): Pledge | undefined {
  const change = minus(pledged(after), pledged(before)) as Decimal
  if (isZero(change)) return pledge
  return addPledge(pledge ?? NO_PLEDGE, after.terms.side, change, after.pledgePx)
}

/** `pledge` with `change` more units waiting; a negative change is units that wait no longer. */
export function addPledge(pledge: Pledge, side: Side, change: Decimal, px: Px): Pledge {
  const cost = times(change, px)
  return side === 'Buy'
    ? { ...pledge, buyQty: plus(pledge.buyQty, change), buyCost: plus(pledge.buyCost, cost) }
    : { ...pledge, sellQty: plus(pledge.sellQty, change), sellCost: plus(pledge.sellCost, cost) }
}
export const pledgeIn = (book: Book, symbol: string): Pledge => book.pledges.get(symbol) ?? NO_PLEDGE

/** What the exchange says to the outside about an event; null for what it does silently. */
export function reportOf(event: Event): Report | null {
  const head = { execID: event.execID, clOrdID: event.clOrdID, orderID: event.orderID, transactTime: event.at }
  switch (event.kind) {
    case 'Accepted':
      return { ...head, execType: 'New', text: null }
    case 'Rejected':
    case 'Canceled':
    case 'Expired':
      return { ...head, execType: event.kind, text: event.text }
    case 'Traded': {
      const { lastQty, lastPx, settlCurrFxRate, commission } = event
      return { ...head, execType: 'Trade', text: null, lastQty, lastPx, settlCurrFxRate, commission }
    }
    case 'Busted':
      return { ...head, execType: 'TradeCancel', text: event.text, refExecID: event.refExecID }
    case 'Corrected': {
      const { refExecID, lastQty, lastPx, text } = event
      return { ...head, execType: 'TradeCorrect', text, refExecID, lastQty, lastPx }
    }
    case 'Replaced':
      return { ...head, execType: 'Replaced', text: null }
    case 'Activated':
    case 'Resized':
    case 'Relinked':
    case 'Triggered':
      return null
  }
}

/** The orders that `events` are about, as they stand after them, oldest first. */
export function ordersOf(events: Iterable<Event>): BookOrder[] {
  const orders = new Map<string, BookOrder>()
  for (const event of events) orders.set(event.orderID, evolveOrder(orders.get(event.orderID), event))
  return [...orders.values()]
}

/** The order that is in its place now: itself, while nothing has replaced it. */
export function latest(book: Book, order: BookOrder): BookOrder {
  const next = order.replacedBy && orderOf(book, order.replacedBy)
  return next ? latest(book, next) : order
}

/** The order and those it has replaced, newest first. */
export function generations(book: Book, order: BookOrder): BookOrder[] {
  const before = order.replaces && orderOf(book, order.replaces)
  return before ? [order, ...generations(book, before)] : [order]
}

/** What the order and those it has replaced have filled together. */
export const filledQty = (book: Book, order: BookOrder): Qty =>
  generations(book, order).reduce((sum, { cumQty }) => plus(sum, cumQty), qty('0'))

/** The book as if `order` were not there. */
export const lessOne = (book: Book, order: BookOrder): Book => placed(book, order, { ...order, state: 'Canceled' })

/** An order and everything whose fate hangs on it: entry, legs, sibling, and what each of them has replaced. */
export function family(book: Book, order: BookOrder): BookOrder[] {
  const now = latest(book, order)
  const head = (now.parentOrderID && orderOf(book, now.parentOrderID)) || now
  const ids = new Set([head.orderID, ...head.legs.map((leg) => leg.orderID), head.siblingOrderID, now.orderID])
  const present = [...ids].flatMap((id) => (id === null ? [] : (orderOf(book, id) ?? [])))
  return present.flatMap((one) => generations(book, one))
}

/** Takes closed orders out of the book, for a caller who keeps them elsewhere. Positions stay. */
export function retire(book: Book, closed: readonly BookOrder[]): Book {
  let { orders, names } = book
  for (const order of closed) {
    if (isLive(order)) throw new Fault('BOOK_RETIRES_OPEN_ORDER', `${order.orderID} is open`)
    orders = remove(orders, order.orderID)
    if (order.clOrdID !== null) names = remove(names, order.clOrdID)
  }
  return { ...book, orders, names }
}

/** Puts retired orders back, so that a late trade or a bust can find them. Their trades are in the positions already. */
export function recall(book: Book, closed: readonly BookOrder[]): Book {
  let { orders, names } = book
  for (const order of closed) {
    orders = put(orders, order.orderID, order)
    if (order.clOrdID !== null) names = put(names, order.clOrdID, order.orderID)
  }
  return { ...book, orders, names }
}

/** The book as plain data, the same text for the same book; `thaw` makes a book of it again. */
export type Frozen = {
  readonly seq: number
  readonly at: Instant
  readonly orders: readonly BookOrder[]
  readonly positions: readonly Position[]
}

export const freeze = (book: Book): Frozen => ({
  seq: book.seq,
  at: book.at,
  orders: [...values(book.orders)].sort((a, b) => a.seq - b.seq),
  positions: [...book.positions.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1)),
})

export function thaw({ seq, at: time, orders, positions }: Frozen): Book {
  const open = Map.groupBy(orders.filter(isLive), (o) => o.terms.symbol)
  const pledges = new Map<string, Pledge>()
  for (const order of orders.filter(isLive)) {
    const pledge = repledged(pledges.get(order.terms.symbol), undefined, order)
    if (pledge) pledges.set(order.terms.symbol, pledge)
  }
  return {
    seq,
    at: time,
    orders: tableOf(orders.map((o) => [o.orderID, o])),
    open: new Map([...open].map(([symbol, own]) => [symbol, tableOf(own.map((o) => [o.orderID, o]))])),
    names: tableOf(orders.flatMap((o) => (o.clOrdID === null ? [] : [[o.clOrdID, o.orderID]]))),
    positions: new Map(positions.map((p) => [p.symbol, p])),
    pledges,
  }
}

/** The exits of a bracket as orders of their own, in the size of the entry. */
export function legTerms(entry: Terms, bracket: Bracket): { readonly Stop: Terms; readonly Target: Terms | null } {
  const exit = {
    symbol: entry.symbol,
    side: entry.side === 'Buy' ? 'Sell' : 'Buy',
    // Protection that ends with the day would leave the night without.
    timeInForce: 'GTC',
    orderQty: entry.orderQty,
    bracket: null,
    reduceOnly: true,
  } as const
  return {
    Stop: { ...exit, ordType: 'Stop', price: null, stopPx: bracket.stopPx },
    Target: bracket.targetPx === null ? null : { ...exit, ordType: 'Limit', price: bracket.targetPx, stopPx: null },
  }
}
