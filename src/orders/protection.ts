import { gt, isZero, lt, minus, plus, type Qty, qty, toStep, ZERO } from '../values/decimal.ts'
import { newestOf } from './generations.ts'
import { isOpen, leavesQty, type Order } from './machine.ts'

/** What the exits of one entry must do next so that what is held is covered by a resting stop, no more and no less. */
export type Protection = {
  /** Bought (or sold short) by the entry, not kept by the broker as its fee and not closed yet: in whole lots. */
  readonly heldQty: Qty
  /** Size of the stops that rest, wait or are on their way. */
  readonly coveredQty: Qty
  /** A new stop of this size is due; zero when none is. */
  readonly placeQty: Qty
  /** Held without a stop and too small for one: it waits for more, or for a person. */
  readonly bareQty: Qty
  /**
   * Stops of our own making that cover more than is held, newest first: to be canceled, and replaced by the right size.
   * Those that are being canceled already are not named again.
   */
  readonly excess: readonly Order[]
}

/** Which sizes the broker takes: whole lots, from `least` on. */
export type Sizes = { readonly lot: Qty; readonly least: Qty }

/**
 * Closes the loop between fills and stops. While an exit is unanswered nothing new is placed, so a burst of partial
 * fills makes one more stop and not many, and a lost reply never makes two.
 *
 * @param sizes null: any size will do.
 */
export function protection(orders: readonly Order[], sizes: Sizes | null = null): Protection {
  const entries = orders.filter((o) => o.role === 'Entry')
  const exits = orders.filter((o) => o.role !== 'Entry')
  const stops = exits.filter((o) => o.role === 'Stop' && isOpen(o))
  const wholeLots = (q: Qty): Qty => (sizes ? toStep(q, sizes.lot, 'floor') : q)
  const heldQty = wholeLots(lessAtLeastZero(sum(entries.map(movedBy)), sum(exits.map(movedBy))))
  const coveredQty = sum(stops.map(leavesQty))
  const unanswered = exits.some((o) => isOpen(o) && o.delivery !== 'Delivered')
  const unwinding = exits.some((o) => isOpen(o) && o.asked === 'Cancel')
  // What an exit is closing needs no stop beside it: both filled, they would open the other side.
  const closingQty = sum(exits.filter((o) => o.role === 'Exit').map(leavesQty))
  const bare = lessAtLeastZero(lessAtLeastZero(heldQty, coveredQty), closingQty)
  const missing = unanswered || unwinding ? qty('0') : wholeLots(bare)
  const tooSmall = sizes !== null && lt(missing, sizes.least)
  return {
    heldQty,
    coveredQty,
    placeQty: tooSmall ? qty('0') : missing,
    bareQty: tooSmall ? missing : qty('0'),
    excess: unanswered ? [] : surplus(stops, lessAtLeastZero(coveredQty, heldQty)),
  }
}

/**
 * The newest of our own stops, until the surplus is gone. Legs of a bracket are the broker's to resize. What is being
 * canceled already counts as gone: otherwise the next report would take away the stop beside it too.
 */
function surplus(stops: readonly Order[], tooMuch: Qty): Order[] {
  const picked: Order[] = []
  let left = lessAtLeastZero(tooMuch, sum(stops.filter((stop) => stop.asked === 'Cancel').map(leavesQty)))
  for (const stop of stops.toReversed()) {
    if (isZero(left) || isLeg(stop) || stop.asked === 'Cancel') continue
    picked.push(stop)
    left = lessAtLeastZero(left, leavesQty(stop))
  }
  return picked
}

/** Made by the broker from our bracket, not sent by us: its name is its parent's with an ending. */
export const isLeg = (order: Order): boolean =>
  order.clOrdID === `${order.parent}-s` || order.clOrdID === `${order.parent}-t`

/** The order whose story at the broker tells of this leg: its entry, or the one in the place of that. */
export function ownerOf(leg: Order, family: readonly Order[]): Order | null {
  const entry = isLeg(leg) ? family.find((o) => o.clOrdID === leg.parent) : undefined
  return entry ? newestOf(entry, family) : null
}

/** True while the order, or a leg that the broker made of it, may still trade: as long as that is so it is asked about. */
export const mayTrade = (order: Order, family: readonly Order[]): boolean =>
  isOpen(order) || family.some((o) => isOpen(o) && ownerOf(o, family)?.clOrdID === order.clOrdID)

/** What the fills of an order moved: the broker kept its fee of them. */
const movedBy = ({ cumQty, feeQty }: Order): Qty => (feeQty ? minus(cumQty, feeQty) : cumQty)
const lessAtLeastZero = (a: Qty, b: Qty): Qty => (gt(a, b) ? minus(a, b) : qty('0'))
const sum = (all: readonly Qty[]): Qty => all.reduce((a, b) => plus(a, b), ZERO as Qty)
