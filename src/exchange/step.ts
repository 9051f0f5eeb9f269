import { positionOf } from '../orders/position.ts'
import type { Terms } from '../orders/terms.ts'
import type { ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import { eq, gt, lte, minus, type Px, type Qty, text } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import type { Instant } from '../values/instant.ts'
import { instant } from '../values/instant.ts'
import { type Board, emptyBoard, isTrading, sessioned, shown, type Tick } from './board.ts'
import {
  type Book,
  emptyBook,
  type BookOrder,
  type Event,
  filledQty,
  isLive,
  type LegRef,
  legTerms,
  openOrders,
  orderOf,
  type Rules,
  type Trade,
} from './book.ts'
import { close, type Draft, emit, known, openIn, type Past } from './draft.ts'
import { fillable, match, resizeFamily, trade } from './match.ts'
import { pledgePx, screen, wrongPair } from './screen.ts'
import { has, values } from './table.ts'

/** Everything at one moment: what does not change, what has happened, what the market shows. */
export type Exchange = { readonly rules: Rules; readonly book: Book; readonly board: Board }

export const emptyExchange = (rules: Rules): Exchange => ({ rules, book: emptyBook, board: emptyBoard })

/** What can be asked of the exchange, what the market does to it, and what only the hand of God can do. */
export type Input =
  | {
      readonly kind: 'Submit'
      /** Null when the exchange names it: what it does for an account that only says what it wants. */
      readonly clOrdID: ClOrdID | null
      readonly terms: Terms
      readonly at: Instant
      /** A no for reasons of the broker's own, in its words. */
      readonly refusal?: string
    }
  | { readonly kind: 'SubmitPair'; readonly stop: Named; readonly target: Named; readonly at: Instant }
  | { readonly kind: 'Cancel'; readonly orderID: OrderID; readonly at: Instant }
  /** Another order in the place of an open one. */
  | {
      readonly kind: 'Replace'
      readonly orderID: OrderID
      /** Names the new one; null when the exchange names it. */
      readonly clOrdID: ClOrdID | null
      /** What the new one and all before it may fill together. */
      readonly orderQty: Qty
      /** As the new one has them: null is no such price, not the old one's. */
      readonly price: Px | null
      readonly stopPx: Px | null
      readonly at: Instant
    }
  /** Every open order but those of the symbols to spare. */
  | { readonly kind: 'CancelAll'; readonly spare: ReadonlySet<string>; readonly at: Instant }
  | ({ readonly kind: 'Tick' } & Tick)
  | { readonly kind: 'Session'; readonly symbol: string; readonly open: boolean; readonly at: Instant }
  /** A trade that nobody matched: late, or more than was ordered. */
  | {
      readonly kind: 'Trade'
      readonly orderID: OrderID
      readonly lastQty: Qty
      readonly lastPx: Px
      readonly at: Instant
    }
  | { readonly kind: 'Bust'; readonly orderID: OrderID; readonly execID: ExecID; readonly at: Instant }
  | {
      readonly kind: 'Correct'
      readonly orderID: OrderID
      readonly execID: ExecID
      readonly lastQty: Qty
      readonly lastPx: Px
      readonly at: Instant
    }

type Named = { readonly clOrdID: ClOrdID; readonly terms: Terms }

export type Answer =
  | { readonly ok: true; readonly orderID: OrderID | null; readonly legs: readonly LegRef[] }
  | { readonly ok: false; readonly text: string }

/** `answer` is what the one who asked is told; market and God are told nothing of interest. */
export type Step = { readonly exchange: Exchange; readonly events: readonly Event[]; readonly answer: Answer }

const NOTHING_RETIRED: Past = { taken: () => false, trades: () => null }

/**
 * One step of the exchange. Pure: the same exchange and input always give the same events, and folding the events with
 * `evolve` gives the same book.
 */
export function step(exchange: Exchange, input: Input, past: Past = NOTHING_RETIRED): Step {
  // Time in the book never runs backwards, so that a poll "since" its last report misses nothing.
  const at = instant(Math.max(input.at, exchange.book.at))
  const d: Draft = { ...exchange, at, past, events: [], fresh: new Set() }
  const answer = act(d, input)
  return { exchange: { rules: d.rules, book: d.book, board: d.board }, events: d.events, answer }
}

/** The exchange with another market on show, nothing matched and nothing ended: for a market it has lived through before. */
export const show = (exchange: Exchange, event: Extract<Input, { kind: 'Tick' | 'Session' }>): Exchange => ({
  ...exchange,
  board: event.kind === 'Tick' ? shown(exchange.board, event) : sessioned(exchange.board, event.symbol, event.open),
})

const DONE: Answer = { ok: true, orderID: null, legs: [] }
const no = (text: string): Answer => ({ ok: false, text })

function act(d: Draft, input: Input): Answer {
  switch (input.kind) {
    case 'Submit':
      return submit(d, input.clOrdID, input.terms, input.refusal ?? null)
    case 'SubmitPair':
      return submitPair(d, input.stop, input.target)
    case 'Cancel':
      return cancel(d, input.orderID)
    case 'Replace':
      return replace(d, input)
    case 'CancelAll':
      for (const { orderID } of openOrders(d.book)) {
        const order = orderOf(d.book, orderID)
        if (order && isLive(order) && !input.spare.has(order.terms.symbol)) close(d, order, 'Canceled', null)
      }
      return DONE
    case 'Tick': {
      // The first tick of a session has none before it: orders that waited meet the opening price.
      const before = isTrading(d.board, input.symbol) ? (d.board.ticks.get(input.symbol) ?? null) : null
      const { kind: _, ...tick } = input
      d.board = shown(d.board, tick)
      match(d, input.symbol, { before, at: tick.at })
      return DONE
    }
    case 'Session':
      return session(d, input.symbol, input.open, input.at)
    case 'Trade': {
      const order = known(d, input.orderID)
      trade(d, order, input.lastQty, input.lastPx)
      return DONE
    }
    case 'Bust': {
      const { live, position } = refolded(d, input, (t) => ({ ...t, live: false }))
      if (!live) return no('trade was busted before')
      emit(d, known(d, input.orderID), {
        kind: 'Busted',
        refExecID: input.execID,
        text: 'trade busted',
        position,
      })
      afterUndo(d, input.orderID)
      return DONE
    }
    case 'Correct': {
      const { lastQty, lastPx } = input
      const { live, position } = refolded(d, input, (t) => ({ ...t, lastQty, lastPx }))
      if (!live) return no('trade was busted before')
      const order = known(d, input.orderID)
      emit(d, order, {
        kind: 'Corrected',
        refExecID: input.execID,
        lastQty,
        lastPx,
        text: 'trade corrected',
        position,
      })
      afterUndo(d, input.orderID)
      return DONE
    }
  }
}

/** Names come from the number of the event that makes the order, so they never repeat; `ahead` of them are still to come. */
const nextOrderID = (d: Draft, ahead = 0): OrderID => `${d.rules.name}-o${d.book.seq + 1 + ahead}` as OrderID

const isTaken = (d: Draft, clOrdID: ClOrdID): boolean => has(d.book.names, clOrdID) || d.past.taken(clOrdID)
const DUPLICATE = no('client order id must be unique')
const REST = { parentOrderID: null, siblingOrderID: null, role: null, legs: [], replaces: null } as const

function submit(d: Draft, clOrdID: ClOrdID | null, terms: Terms, own: string | null): Answer {
  if (clOrdID !== null && isTaken(d, clOrdID)) return DUPLICATE
  const of = { orderID: nextOrderID(d), clOrdID }
  const refusal = own ?? screen(d, terms)
  if (refusal !== null) {
    emit(d, of, { kind: 'Rejected', terms, text: refusal })
    return no(refusal)
  }
  const px = pledgePx(d, terms) as Px
  const exits = terms.bracket ? legTerms(terms, terms.bracket) : null
  const stop: LegRef | null = exits && { role: 'Stop', orderID: nextOrderID(d, 1) }
  const target: LegRef | null = exits?.Target ? { role: 'Target', orderID: nextOrderID(d, 2) } : null
  const legs = [stop, target].filter((leg) => leg !== null)
  emit(d, of, { kind: 'Accepted', ...REST, state: 'Working', legs, terms, pledgePx: px })
  for (const leg of legs) {
    const siblingOrderID = legs.find((other) => other !== leg)?.orderID ?? null
    const legOf = { orderID: leg.orderID, clOrdID: null }
    const own = exits?.[leg.role] as Terms
    emit(d, legOf, {
      kind: 'Accepted',
      state: 'Held',
      parentOrderID: of.orderID,
      siblingOrderID,
      role: leg.role,
      legs: [],
      replaces: null,
      terms: own,
      pledgePx: (own.price ?? own.stopPx) as Px,
    })
  }
  d.fresh.add(of.orderID)
  if (terms.timeInForce === 'FOK' && !fillable(d, terms))
    close(d, known(d, of.orderID), 'Canceled', 'fill or kill: cannot be filled whole')
  match(d, terms.symbol, null)
  const rest = known(d, of.orderID)
  if (terms.timeInForce === 'IOC' && isLive(rest))
    close(d, rest, 'Canceled', 'immediate or cancel: the rest cannot be filled')
  return { ok: true, orderID: of.orderID, legs }
}

function submitPair(d: Draft, stop: Named, target: Named): Answer {
  if (stop.clOrdID === target.clOrdID || isTaken(d, stop.clOrdID) || isTaken(d, target.clOrdID)) return DUPLICATE
  const ids = { stop: nextOrderID(d), target: nextOrderID(d, 1) }
  const refusal = wrongPair(stop.terms, target.terms) ?? screen(d, stop.terms) ?? screen(d, target.terms)
  if (refusal !== null) {
    emit(d, { orderID: ids.stop, clOrdID: stop.clOrdID }, { kind: 'Rejected', terms: stop.terms, text: refusal })
    emit(d, { orderID: ids.target, clOrdID: target.clOrdID }, { kind: 'Rejected', terms: target.terms, text: refusal })
    return no(refusal)
  }
  const both = { kind: 'Accepted', state: 'Working', parentOrderID: null, legs: [], replaces: null } as const
  emit(
    d,
    { orderID: ids.stop, clOrdID: stop.clOrdID },
    { ...both, siblingOrderID: ids.target, role: 'Stop', terms: stop.terms, pledgePx: stop.terms.stopPx as Px },
  )
  emit(
    d,
    { orderID: ids.target, clOrdID: target.clOrdID },
    { ...both, siblingOrderID: ids.stop, role: 'Target', terms: target.terms, pledgePx: target.terms.price as Px },
  )
  d.fresh.add(ids.stop).add(ids.target)
  match(d, stop.terms.symbol, null)
  const legs: LegRef[] = [
    { role: 'Stop', orderID: ids.stop },
    { role: 'Target', orderID: ids.target },
  ]
  return { ok: true, orderID: ids.stop, legs }
}

function cancel(d: Draft, orderID: OrderID): Answer {
  const order = orderOf(d.book, orderID)
  if (!order) return no('order not found')
  if (!isLive(order)) return no(`order is already in "${order.state.toLowerCase()}" state`)
  close(d, order, 'Canceled', null)
  return DONE
}

/** A no leaves no trace: the name may be used again, and the old order works on. */
function replace(d: Draft, asked: Extract<Input, { kind: 'Replace' }>): Answer {
  const { clOrdID, price, stopPx } = asked
  if (clOrdID !== null && isTaken(d, clOrdID)) return DUPLICATE
  const old = orderOf(d.book, asked.orderID)
  if (!old) return no('order not found')
  if (!isLive(old)) return no(`order is already in "${old.state.toLowerCase()}" state`)
  const filled = filledQty(d.book, old)
  if (lte(asked.orderQty, filled)) return no(`quantity must be more than ${text(filled)}, which is filled already`)
  const orderQty = minus(asked.orderQty, filled)
  const resized = !eq(orderQty, minus(old.terms.orderQty, old.cumQty))
  if (!resized && samePx(price, old.terms.price) && samePx(stopPx, old.terms.stopPx)) return no('nothing would change')
  if (resized && (old.parentOrderID ?? old.siblingOrderID) !== null) return no('the size of an exit is not its own')
  const terms: Terms = { ...old.terms, orderQty, price, stopPx }
  const refusal = screen(d, terms, old)
  if (refusal !== null) return no(refusal)

  const { state, parentOrderID, siblingOrderID, role, legs } = old
  const by = nextOrderID(d, 1)
  emit(d, old, { kind: 'Replaced', by })
  const links = { parentOrderID, siblingOrderID, role, legs, replaces: old.orderID }
  const px = pledgePx(d, terms) as Px
  emit(
    d,
    { orderID: by, clOrdID },
    { kind: 'Accepted', ...links, state: state as 'Held' | 'Working', terms, pledgePx: px },
  )
  if (old.triggered && samePx(stopPx, old.terms.stopPx)) emit(d, known(d, by), { kind: 'Triggered' })
  relink(d, old.orderID, known(d, by))
  for (const leg of legs) {
    const waiting = orderOf(d.book, leg.orderID)
    if (waiting?.state === 'Held' && resized) emit(d, waiting, { kind: 'Resized', orderQty: asked.orderQty })
  }
  if (state === 'Working') d.fresh.add(by)
  match(d, terms.symbol, null)
  return { ok: true, orderID: by, legs }
}

const samePx = (a: Px | null, b: Px | null): boolean => (a === null || b === null ? a === b : eq(a, b))

/** Turns what pointed to the replaced order to the one in its place. */
function relink(d: Draft, old: OrderID, { orderID, parentOrderID, siblingOrderID, legs }: BookOrder): void {
  const next = <T extends OrderID | null>(id: T): T | OrderID => (id === old ? orderID : id)
  for (const id of [parentOrderID, siblingOrderID, ...legs.map((leg) => leg.orderID)]) {
    const kin = id === null ? undefined : orderOf(d.book, id)
    if (!kin) continue
    emit(d, kin, {
      kind: 'Relinked',
      parentOrderID: next(kin.parentOrderID),
      siblingOrderID: next(kin.siblingOrderID),
      legs: kin.legs.map((leg) => ({ ...leg, orderID: next(leg.orderID) })),
    })
  }
}

function session(d: Draft, symbol: string, open: boolean, at: Instant): Answer {
  d.board = sessioned(d.board, symbol, open)
  if (open) return DONE
  // What was accepted after the end waits for the next session.
  const over = openIn(d, symbol).filter((o) => o.terms.timeInForce === 'Day' && o.createdAt < at)
  for (const order of over) close(d, order, 'Expired', 'the session is over')
  return DONE
}

/** The position of a symbol as if one trade had been otherwise: average cost depends on every trade since. */
function refolded(d: Draft, what: { readonly orderID: OrderID; readonly execID: ExecID }, change: (t: Trade) => Trade) {
  const order = known(d, what.orderID)
  const before = order.trades.find((t) => t.execID === what.execID)
  if (!before) throw new Fault('BOOK_UNKNOWN_TRADE', `order ${what.orderID} has no trade ${what.execID}`)
  const { symbol } = order.terms
  const all =
    d.past.trades(symbol) ??
    [...values(d.book.orders)].filter((o) => o.terms.symbol === symbol).flatMap((o) => o.trades)
  const inOrder = [...all].sort((a, b) => a.seq - b.seq)
  const position = positionOf(
    symbol,
    inOrder.map((t) => (t.execID === what.execID ? change(t) : t)),
  )
  return { live: before.live, position }
}

/** After a bust or correction: legs follow the entry, and what a finished order lost is not bought again. */
function afterUndo(d: Draft, orderID: OrderID): void {
  const order = known(d, orderID)
  resizeFamily(d, orderID)
  if (order.state === 'Filled' && gt(order.terms.orderQty, order.cumQty))
    emit(d, order, { kind: 'Canceled', text: 'the rest is not re-opened' })
}
