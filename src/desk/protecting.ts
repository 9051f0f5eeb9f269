import type { Delivery } from '../orders/delivery.ts'
import { freshOrder, isOpen, type Order, ordStatus, type OrdStatus } from '../orders/machine.ts'
import { isLeg, protection } from '../orders/protection.ts'
import { opposite, type Terms } from '../orders/terms.ts'
import type { IntentID } from '../values/brand.ts'
import { gt, isZero, minus, type Qty, qty, text } from '../values/decimal.ts'
import { cancel } from './canceling.ts'
import { type Command, SYSTEM } from './command.ts'
import { exitID, pairOf } from './naming.ts'

const about = (order: Order) => ({ type: 'order', id: order.clOrdID })

/** Filled or not: until these are settled nobody knows what else the broker has made of the order. */
const UNANSWERED: readonly Delivery[] = ['Queued', 'Sending', 'InDoubt']

/**
 * Sees to it that what is held is covered by a resting stop: places the missing size, cancels the surplus.
 * Exits need no approval and are blocked by nothing.
 *
 * @param lookedUp the entry has just been asked about, so that exits the book does not know are not there.
 */
export async function protect(c: Command, intentID: IntentID, lookedUp = false): Promise<void> {
  const orders = await c.tx.ordersOf(intentID)
  const entry = orders.findLast((o) => o.role === 'Entry' && o.terms.bracket !== null)
  // Until the broker has answered for the entry nobody knows whether its legs exist; placing stops now could double them.
  if (!entry?.terms.bracket || orders.some((o) => o.role === 'Entry' && UNANSWERED.includes(o.delivery))) return
  const { heldQty, placeQty, excess } = protection(orders)
  for (const stop of excess) await cancelWithPair(c, stop, orders)
  if (isZero(heldQty)) await cancelOrphans(c, orders)
  if (isZero(placeQty)) return
  // Some brokers make the exits of a bracket only when it fills, and tell nobody: they are asked before a second set is made.
  const exits = orders.some((o) => o.parent === entry.clOrdID)
  if (c.setting.capabilities.bracket && !exits && !lookedUp) return c.errand('resolve', entry.clOrdID, entry.corr)
  if (await givesUp(c, orders)) {
    await c.task(
      'UNPROTECTED',
      entry.clOrdID,
      'critical',
      `${text(placeQty)} ${entry.terms.symbol} of order ${entry.clOrdID} has no stop: the broker did not keep ${REFUSALS_MAX} in a row. Place one by hand, or close the position.`,
      entry.corr,
    )
    return
  }
  await placeExits(c, entry, entry.terms.bracket, placeQty, orders)
}

/** The target that is sent together with this stop: one of the two cancels the other. */
export async function waitingPair(c: Command, stop: Order, delivery: 'Queued' | 'InDoubt'): Promise<Order | null> {
  const target = await c.tx.get('order', pairOf(stop.clOrdID))
  return target && target.clOrdID !== stop.clOrdID && target.delivery === delivery ? target : null
}

/** Is there still as much to protect as this exit would close? Its position may have ended while it waited. */
export async function exitStillNeeded(c: Command, exit: Order, pair: Order | null): Promise<boolean> {
  const siblings = await c.tx.ordersOf(exit.intentID)
  const others = siblings.filter((o) => o.clOrdID !== exit.clOrdID && o.clOrdID !== pair?.clOrdID)
  const { heldQty, coveredQty } = protection(others)
  const uncovered = gt(heldQty, coveredQty) ? minus(heldQty, coveredQty) : qty('0')
  return !gt(exit.terms.orderQty, exit.role === 'Stop' ? uncovered : heldQty)
}

/** A broker that did not keep three stops in a row will not keep the fourth: a person must look. */
const REFUSALS_MAX = 3
async function givesUp(c: Command, orders: readonly Order[]): Promise<boolean> {
  const last = orders.filter((o) => o.role === 'Stop' && !isLeg(o)).slice(-REFUSALS_MAX)
  if (last.length < REFUSALS_MAX || !last.every((o) => ENDED.includes(ordStatus(o)) && isZero(o.cumQty))) return false
  // Those that we took away ourselves are not the broker's no.
  const story = await c.tx.journalOf(last[0]?.corr ?? '')
  const asked = new Set(story.filter((row) => row.action === 'order.cancel-requested').map((row) => row.object.id))
  return last.every((o) => !asked.has(o.clOrdID))
}
const ENDED: readonly OrdStatus[] = ['Rejected', 'Canceled', 'Expired']

/** Nothing is held, and a target still rests: filled, it would open the other side. Its pair normally ended it already. */
async function cancelOrphans(c: Command, orders: readonly Order[]): Promise<void> {
  for (const order of orders)
    if (order.role === 'Target' && isOpen(order) && !isLeg(order) && order.delivery === 'Delivered')
      await cancel(c, order, 'nothing is held any more', SYSTEM, PAIR_MS)
}
/** How long a broker may take to end the other order of a pair before it is told to. */
const PAIR_MS = 2_000

async function placeExits(
  c: Command,
  entry: Order,
  bracket: NonNullable<Terms['bracket']>,
  orderQty: Qty,
  orders: readonly Order[],
): Promise<void> {
  const n =
    1 +
    Math.max(
      0,
      ...orders
        .filter((o) => o.role === 'Stop' && o.parent === entry.clOrdID && !isLeg(o))
        .map((o) => Number(/-s(\d+)$/.exec(o.clOrdID)?.[1] ?? 0)),
    )
  const base: Omit<Terms, 'ordType' | 'price' | 'stopPx'> = {
    symbol: entry.terms.symbol,
    side: opposite(entry.terms.side),
    timeInForce: 'GTC',
    orderQty,
    bracket: null,
    reduceOnly: true,
  }
  const owner = { intentID: entry.intentID, parent: entry.clOrdID, account: entry.account, corr: entry.corr }
  const stop = freshOrder(
    {
      ...owner,
      role: 'Stop',
      clOrdID: exitID(entry.clOrdID, 'Stop', n),
      terms: { ...base, ordType: 'Stop', price: null, stopPx: bracket.stopPx },
    },
    c.now,
  )
  await c.emit('order.created', about(stop), stop.corr, { order: stop })
  if (bracket.targetPx && c.setting.capabilities.oneCancelsOther) {
    const target = freshOrder(
      {
        ...owner,
        role: 'Target',
        clOrdID: exitID(entry.clOrdID, 'Target', n),
        terms: { ...base, ordType: 'Limit', price: bracket.targetPx, stopPx: null },
      },
      c.now,
    )
    await c.emit('order.created', about(target), target.corr, { order: target })
  }
  await c.errand('send', stop.clOrdID, stop.corr)
}

async function cancelWithPair(c: Command, stop: Order, orders: readonly Order[]): Promise<void> {
  const pair = orders.filter((o) => o === stop || (isOpen(o) && o.clOrdID === pairOf(stop.clOrdID)))
  for (const order of pair) await cancel(c, order, 'covers more than is held', SYSTEM)
}
