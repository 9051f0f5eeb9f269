import type { OrderID } from '../../values/brand.ts'
import { type Amt, type Decimal, isZero, minus, over, type Px, type Qty, qty, gte, ZERO } from '../../values/decimal.ts'
import type { Ask, Intent, WireClass, WireSide, WireTif, WireType } from './ask.ts'
import type { Stamp } from './wire.ts'

export const STATUSES = [
  'accepted',
  'pending_new',
  'new',
  'held',
  'partially_filled',
  'pending_cancel',
  'pending_replace',
  'filled',
  'canceled',
  'expired',
  'rejected',
  'replaced',
] as const
export type Status = (typeof STATUSES)[number]

/** One order as Alpaca keeps it. The matching engine holds another half of it, under `exchangeID`. */
export type Order = {
  readonly id: string
  readonly clientOrderID: string
  readonly symbol: string
  readonly side: WireSide
  readonly type: WireType
  readonly tif: WireTif
  readonly orderClass: WireClass
  /** What it may fill; for a notional order what the money was worth when it came. */
  readonly qty: Qty
  readonly notional: Amt | null
  readonly limitPrice: Px | null
  readonly stopPrice: Px | null
  readonly trailPrice: Px | null
  readonly trailPercent: Decimal | null
  /** The best price since a trailing stop was made. */
  readonly hwm: Px | null
  readonly extendedHours: boolean
  readonly positionIntent: Intent
  /** The entry of a leg, or the target that a stop was paired with. */
  readonly parentID: string | null
  readonly role: 'entry' | 'target' | 'stop'
  readonly legIDs: readonly string[]
  readonly status: Status
  /** A word of Alpaca's that nobody has heard before; shown instead of the status. */
  readonly odd: string | null
  readonly filledQty: Qty
  /** What of it the orders before it had filled, where a replacement goes on counting. */
  readonly carriedQty: Qty
  /** Sum of size × price of everything filled. */
  readonly filledValue: Decimal
  readonly createdAt: Stamp
  readonly submittedAt: Stamp
  readonly updatedAt: Stamp
  readonly expiresAt: Stamp
  readonly filledAt: Stamp | null
  readonly expiredAt: Stamp | null
  readonly canceledAt: Stamp | null
  readonly failedAt: Stamp | null
  readonly replacedAt: Stamp | null
  readonly cancelRequestedAt: Stamp | null
  readonly replacedBy: string | null
  readonly replaces: string | null
  /** Null while the engine does not have it: queued, held, trailing, or refused. */
  readonly exchangeID: OrderID | null
  /** 1, 2, 3 … in the order they were made. */
  readonly seq: number
}

const FINAL: ReadonlySet<Status> = new Set(['filled', 'canceled', 'expired', 'rejected', 'replaced'])
export const isFinal = (order: Order): boolean => FINAL.has(order.status)
export const leavesOf = (order: Order): Qty =>
  isFinal(order) || gte(order.filledQty, order.qty) ? qty('0') : minus(order.qty, order.filledQty)
/** Quantity-weighted; null before the first fill. */
export const filledAvgPrice = (order: Order): Decimal | null =>
  isZero(order.filledQty) ? null : over(order.filledValue, order.filledQty, { scale: 9, rounding: 'half-even' })

type Given = Pick<
  Order,
  'id' | 'clientOrderID' | 'qty' | 'positionIntent' | 'status' | 'createdAt' | 'submittedAt' | 'expiresAt' | 'seq'
>

const UNTOUCHED = {
  odd: null,
  hwm: null,
  filledQty: qty('0'),
  carriedQty: qty('0'),
  filledValue: ZERO,
  filledAt: null,
  expiredAt: null,
  canceledAt: null,
  failedAt: null,
  replacedAt: null,
  cancelRequestedAt: null,
  replacedBy: null,
  replaces: null,
  exchangeID: null,
  legIDs: [],
  parentID: null,
} as const

/** The record of a new order, its legs not yet made. */
export const orderOf = (ask: Ask, given: Given): Order => ({
  ...UNTOUCHED,
  symbol: ask.symbol,
  side: ask.side,
  type: ask.type,
  tif: ask.tif,
  orderClass: ask.orderClass,
  notional: ask.notional,
  limitPrice: ask.limitPrice,
  stopPrice: ask.stopPrice,
  trailPrice: ask.trailPrice,
  trailPercent: ask.trailPercent,
  extendedHours: ask.extendedHours,
  role: ask.orderClass === 'oco' ? 'target' : 'entry',
  updatedAt: given.createdAt,
  ...given,
})

export const opposite = (side: WireSide): WireSide => (side === 'buy' ? 'sell' : 'buy')

/** An exit that hangs on `parent`: same size and time in force, whatever the caller wrote into it. */
export function legOf(
  parent: Order,
  role: 'target' | 'stop',
  price: { readonly limitPrice: Px | null; readonly stopPrice: Px | null },
  given: Pick<Order, 'id' | 'clientOrderID' | 'seq'>,
): Order {
  const side = parent.orderClass === 'oco' ? parent.side : opposite(parent.side)
  return {
    ...UNTOUCHED,
    ...given,
    ...price,
    symbol: parent.symbol,
    side,
    type: role === 'target' ? 'limit' : price.limitPrice ? 'stop_limit' : 'stop',
    tif: parent.tif,
    orderClass: parent.orderClass,
    qty: parent.qty,
    notional: null,
    trailPrice: null,
    trailPercent: null,
    extendedHours: false,
    positionIntent: side === 'sell' ? 'sell_to_close' : 'buy_to_close',
    parentID: parent.id,
    role,
    status: 'held',
    createdAt: parent.createdAt,
    submittedAt: parent.submittedAt,
    updatedAt: parent.submittedAt,
    expiresAt: parent.expiresAt,
  }
}
