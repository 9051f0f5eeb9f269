import { isOpen, type Order, ordStatus } from '../orders/machine.ts'
import type { Position } from '../orders/position.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import { type Decimal, eq, gt, isZero, lte, minus, plus, text, ZERO } from '../values/decimal.ts'

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
  /** Theirs works on and ours has ended, or never was: ask for it by name. */
  | { readonly kind: 'OPEN_THERE'; readonly symbol: string; readonly clOrdID: ClOrdID; readonly text: string }
  /** Theirs is open and we have no such order: made by other hands. */
  | { readonly kind: 'EXTERNAL_ORDER'; readonly symbol: string; readonly orderID: OrderID; readonly text: string }
  | { readonly kind: 'FILLED_QTY'; readonly symbol: string; readonly clOrdID: ClOrdID; readonly text: string }
  | { readonly kind: 'POSITION'; readonly symbol: string; readonly text: string }
  /** Theirs is larger by no more than what we took off as fees in kind, by estimate: nothing is wrong. */
  | { readonly kind: 'FEES_IN_KIND'; readonly symbol: string; readonly text: string }

/**
 * Compares our book with the broker's, line by line. Pure; finds, never mends.
 * Orders in doubt or on their way are left out: they are unknown, which is not a difference.
 */
export function compareBooks(here: Here, there: There): Difference[] {
  return [
    ...here.orders.flatMap((ours) => missing(ours, there)),
    ...there.orders.flatMap((theirs) => {
      const ours = here.orders.find((o) => matches(o, theirs))
      return ours ? disagreements(ours, theirs) : external(theirs)
    }),
    ...positions(here, there),
  ]
}

type Theirs = There['orders'][number]

const matches = (ours: Order, theirs: Theirs): boolean =>
  ours.clOrdID === theirs.clOrdID || ours.orderID === theirs.orderID

/** Queued, sending or in doubt: nobody knows yet what the broker's side should show. */
const isUnknown = (ours: Order): boolean => isOpen(ours) && ours.delivery !== 'Delivered'

function missing(ours: Order, there: There): Difference[] {
  if (!isOpen(ours) || isUnknown(ours) || there.orders.some((theirs) => theirs.open && matches(ours, theirs))) return []
  const { clOrdID, terms } = ours
  const text = `order ${clOrdID} is open in our book and not among the broker's open orders`
  return [{ kind: 'MISSING_THERE', symbol: terms.symbol, clOrdID, text }]
}

function external({ orderID, symbol, open }: Theirs): Difference[] {
  if (!open) return []
  const text = `the broker holds order ${orderID} in ${symbol}, which is not ours`
  return [{ kind: 'EXTERNAL_ORDER', symbol, orderID, text }]
}

function disagreements(ours: Order, theirs: Theirs): Difference[] {
  if (isUnknown(ours)) return []
  const { clOrdID } = ours
  const { symbol } = theirs
  const found: Difference[] = []
  if (theirs.open && !isOpen(ours)) {
    const words = `order ${clOrdID} is ${ordStatus(ours)} in our book and open at the broker`
    found.push({ kind: 'OPEN_THERE', symbol, clOrdID, text: words })
  }
  if (!eq(ours.cumQty, theirs.cumQty)) {
    const words = `order ${clOrdID}: ${text(ours.cumQty)} filled by our executions, ${text(theirs.cumQty)} by the broker's count`
    found.push({ kind: 'FILLED_QTY', symbol, clOrdID, text: words })
  }
  return found
}

function positions(here: Here, there: There): Difference[] {
  const symbols = new Set([...here.positions, ...there.positions].map((p) => p.symbol))
  return [...symbols].sort().flatMap((symbol): Difference[] => {
    const [ours, theirs] = [netQty(here.positions, symbol), netQty(there.positions, symbol)]
    if (eq(ours, theirs)) return []
    const [more, fees] = [minus(theirs, ours), feeQty(here.positions, symbol)]
    if (gt(more, ZERO) && lte(more, fees)) {
      const left = isZero(ours) ? ' Our position is closed; this is left at the broker, and no stop covers it.' : ''
      return [
        {
          kind: 'FEES_IN_KIND',
          symbol,
          text: `${moreWords(symbol, theirs, more)}, where ${text(fees)} is taken off as fees by estimate.${left}`,
        },
      ]
    }
    return [{ kind: 'POSITION', symbol, text: positionWords(symbol, ours, theirs) }]
  })
}

/** The estimate is at the worst rate, so that the broker never holds less than our book. */
const feeQty = (rows: readonly Position[], symbol: string): Decimal =>
  rows.find((row) => row.symbol === symbol)?.feeQty ?? ZERO

/** A sum, because a hedging account lists its longs and shorts apart. */
const netQty = (rows: There['positions'], symbol: string): Decimal =>
  rows.filter((row) => row.symbol === symbol).reduce((sum, row) => plus(sum, row.netQty), ZERO)
const positionWords = (symbol: string, ours: Decimal, theirs: Decimal): string =>
  `${symbol}: ${text(ours)} by our executions, ${text(theirs)} at the broker`
const moreWords = (symbol: string, theirs: Decimal, more: Decimal): string =>
  `${symbol}: ${text(theirs)} at the broker, ${text(more)} more than by our executions`

/** Whether a finding tells of exactly this difference between our count of a position and theirs. */
export const tellsOf = (finding: string, symbol: string, ours: Decimal, theirs: Decimal): boolean =>
  finding === positionWords(symbol, ours, theirs) || finding.startsWith(moreWords(symbol, theirs, minus(theirs, ours)))
