import type { Px, Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

/** One look at the market of one symbol. Sizes are what can be traded until the next; null is no limit. */
export type Tick = {
  readonly symbol: string
  readonly bid: Px
  readonly ask: Px
  readonly last: Px
  readonly bidQty: Qty | null
  readonly askQty: Qty | null
  readonly at: Instant
}

/** What the market shows now. It is not history: a start takes it from the market again, not from a log. */
export type Board = {
  /** The latest tick of each symbol, its sizes less what has been traded against them. */
  readonly ticks: ReadonlyMap<string, Tick>
  /** Symbols whose session is over. */
  readonly closed: ReadonlySet<string>
  /** Symbols whose session has begun and which have not ticked in it yet: what is shown is of the session before. */
  readonly opening: ReadonlySet<string>
}

export const emptyBoard: Board = { ticks: new Map(), closed: new Set(), opening: new Set() }

/** The board with a new look at one symbol. */
export const shown = (board: Board, tick: Tick): Board => ({
  ...board,
  ticks: new Map(board.ticks).set(tick.symbol, tick),
  opening: without(board.opening, tick.symbol),
})

/** The board with the session of one symbol begun or over. */
export const sessioned = (board: Board, symbol: string, open: boolean): Board => ({
  ...board,
  closed: open ? without(board.closed, symbol) : new Set(board.closed).add(symbol),
  opening: open ? new Set(board.opening).add(symbol) : without(board.opening, symbol),
})

/** True when an order can meet what is shown. */
export const isTrading = (board: Board, symbol: string): boolean =>
  !board.closed.has(symbol) && !board.opening.has(symbol)

function without(set: ReadonlySet<string>, item: string): ReadonlySet<string> {
  if (!set.has(item)) return set
  const rest = new Set(set)
  rest.delete(item)
  return rest
}
