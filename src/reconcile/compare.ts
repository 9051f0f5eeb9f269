import { isOpen, type Order } from '../orders/machine.ts'
import type { Position } from '../orders/position.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import { compare, type Decimal, text, ZERO } from '../values/decimal.ts'

/** What the broker says it holds, reduced to what can be compared. */
export type There = {
  readonly orders: readonly {
    readonly orderID: OrderID
    readonly clOrdID: ClOrdID | null
    readonly symbol: string
    readonly cumQty: Decimal
    readonly open: boolean
  }[]
  readonly positions: readonly { readonly symbol: string; readonly netQty: Decimal }[]
}
/** What our book says, after every report the broker offered has been folded in. */
export type Here = { readonly orders: readonly Order[]; readonly positions: readonly Position[] }

export type Difference =
  /** Ours is open and theirs is not there: ask for it by name. */
  | { readonly kind: 'MISSING_THERE'; readonly symbol: string; readonly clOrdID: ClOrdID; readonly text: string }
  /** Theirs is open and we have no such order: made by other hands. */
  | { readonly kind: 'EXTERNAL_ORDER'; readonly symbol: string; readonly orderID: OrderID; readonly text: string }
  | { readonly kind: 'FILLED_QTY'; readonly symbol: string; readonly clOrdID: ClOrdID; readonly text: string }
  | { readonly kind: 'POSITION'; readonly symbol: string; readonly text: string }

/**
 * Compares our book with the broker's, line by line. Pure; finds, never mends.
 * Orders in doubt or on their way are left out: they are unknown, which is not a difference.
 */
export function compareBooks(here: Here, there: There): Difference[] {
  return [...missing(here, there), ...external(here, there), ...filled(here, there), ...positions(here, there)]
}

function matches(o: Order, t: There['orders'][number]): boolean {
  return o.clOrdID === t.clOrdID || (o.orderID !== null && o.orderID === t.orderID)
}

function missing(here: Here, there: There): Difference[] {
  return here.orders
    .filter((o) => isOpen(o) && o.delivery === 'Delivered' && !there.orders.some((t) => t.open && matches(o, t)))
    .map((o) => ({
      kind: 'MISSING_THERE',
      symbol: o.terms.symbol,
      clOrdID: o.clOrdID,
      text: `order ${o.clOrdID} is open in our book and not among the broker's open orders`,
    }))
}

function external(here: Here, there: There): Difference[] {
  return there.orders
    .filter((t) => t.open && !here.orders.some((o) => matches(o, t)))
    .map((t) => ({
      kind: 'EXTERNAL_ORDER',
      symbol: t.symbol,
      orderID: t.orderID,
      text: `the broker holds order ${t.orderID} in ${t.symbol}, which is not ours`,
    }))
}

function filled(here: Here, there: There): Difference[] {
  return there.orders.flatMap((t) => {
    const o = here.orders.find((ours) => matches(ours, t))
    if (!o || compare(o.cumQty, t.cumQty) === 0) return []
    return [
      {
        kind: 'FILLED_QTY',
        symbol: t.symbol,
        clOrdID: o.clOrdID,
        text: `order ${o.clOrdID}: ${text(o.cumQty)} filled by our executions, ${text(t.cumQty)} by the broker's count`,
      } as const,
    ]
  })
}

function positions(here: Here, there: There): Difference[] {
  const symbols = new Set([...here.positions.map((p) => p.symbol), ...there.positions.map((p) => p.symbol)])
  return [...symbols].sort().flatMap((symbol) => {
    const ours = here.positions.find((p) => p.symbol === symbol)?.netQty ?? ZERO
    const theirs = there.positions.find((p) => p.symbol === symbol)?.netQty ?? ZERO
    if (compare(ours, theirs) === 0) return []
    return [
      {
        kind: 'POSITION',
        symbol,
        text: `${symbol}: ${text(ours)} by our executions, ${text(theirs)} at the broker`,
      } as const,
    ]
  })
}
