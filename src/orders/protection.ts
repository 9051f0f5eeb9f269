import { gt, isZero, minus, plus, type Qty, qty, ZERO } from '../values/decimal.ts'
import { isOpen, leavesQty, type Order } from './machine.ts'

/** What the exits of one entry must do next so that what is held is covered by a resting stop, no more and no less. */
export type Protection = {
  /** Bought (or sold short) by the entry and not closed yet. */
  readonly heldQty: Qty
  /** Size of the stops that rest, wait or are on their way. */
  readonly coveredQty: Qty
  /** A new stop of this size is due; zero when none is. */
  readonly placeQty: Qty
  /** Stops of our own making that cover more than is held, newest first: to be canceled, and replaced by the right size. */
  readonly excess: readonly Order[]
}

/**
 * Closes the loop between fills and stops. While an exit is unanswered nothing new is placed, so a burst of partial
 * fills makes one more stop and not many, and a lost reply never makes two.
 */
export function protection(orders: readonly Order[]): Protection {
  const entries = orders.filter((o) => o.role === 'Entry')
  const exits = orders.filter((o) => o.role !== 'Entry')
  const stops = exits.filter((o) => o.role === 'Stop' && isOpen(o))
  const bought = sum(entries.map((o) => o.cumQty))
  const closed = sum(exits.map((o) => o.cumQty))
  const heldQty = gt(bought, closed) ? minus(bought, closed) : qty('0')
  const coveredQty = sum(stops.map(leavesQty))
  const unanswered = exits.some((o) => isOpen(o) && o.delivery !== 'Delivered')
  const missing = gt(heldQty, coveredQty) ? minus(heldQty, coveredQty) : qty('0')
  const unwinding = exits.some((o) => isOpen(o) && o.asked === 'Cancel')
  return {
    heldQty,
    coveredQty,
    placeQty: unanswered || unwinding ? qty('0') : missing,
    excess: gt(coveredQty, heldQty) && !unanswered ? surplus(stops, minus(coveredQty, heldQty)) : [],
  }
}

/** The newest of our own stops, until the surplus is gone. Legs of a bracket are the broker's to resize. */
function surplus(stops: readonly Order[], over: Qty): Order[] {
  const picked: Order[] = []
  let left = over
  for (const stop of [...stops].reverse()) {
    if (isZero(left) || isLeg(stop) || stop.asked === 'Cancel') continue
    picked.push(stop)
    left = gt(left, leavesQty(stop)) ? minus(left, leavesQty(stop)) : qty('0')
  }
  return picked
}

/** Made by the broker from our bracket, not sent by us: its name is its parent's with an ending. */
export const isLeg = (order: Order): boolean => order.clOrdID === `${order.parent}-s` || order.clOrdID === `${order.parent}-t`

const sum = (all: readonly Qty[]): Qty => all.reduce((a, b) => plus(a, b), ZERO as Qty)
