import type { Delivery } from '../orders/delivery.ts'
import { filledQty, firstOf, generations, newestOf } from '../orders/generations.ts'
import { freshOrder, isOpen, type Order, ordStatus, type OrdStatus } from '../orders/machine.ts'
import { isLeg, protection, type Sizes } from '../orders/protection.ts'
import { type Bracket, opposite, type Terms } from '../orders/terms.ts'
import { type Capabilities, capabilitiesFor } from '../ports/broker.ts'
import type { IntentID } from '../values/brand.ts'
import { gt, isZero, max, minus, over, type Qty, qty, shortest, text, times } from '../values/decimal.ts'
import { cancel } from './canceling.ts'
import { closeStillNeeded } from './closing.ts'
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
 * @param askAfterMs when to ask about it, if that is what is needed.
 */
export async function protect(c: Command, intentID: IntentID, lookedUp = false, askAfterMs = 0): Promise<void> {
  const orders = await c.tx.ordersOf(intentID)
  // What is being closed gets no stop: both filled, they would open the other side. The next exit is due instead.
  const closing = orders[0] && (await c.closing(orders[0].terms.symbol))
  if (closing) return c.errand('liquidate', c.setting.account, closing.liquidationID)
  const last = orders.findLast((o) => o.role === 'Entry' && o.terms.bracket !== null)
  // Whatever has taken its place since, the exits are those of the first: they go over from one to the next.
  const entry = last && firstOf(last, orders)
  // Until the broker has answered for the entry nobody knows whether its legs exist; placing stops now could double them.
  // One that is to take its place brings no legs of its own, so what is filled does not wait for that answer.
  const unanswered = (o: Order): boolean => o.role === 'Entry' && !o.replaces && UNANSWERED.includes(o.delivery)
  if (!entry?.terms.bracket || orders.some(unanswered)) return
  const { can, sizes } = await rulesFor(c, entry, entry.terms.bracket)
  const { heldQty, placeQty, bareQty, excess } = protection(orders, sizes)
  for (const stop of excess) await cancelWithPair(c, stop, orders)
  if (isZero(heldQty)) await cancelOrphans(c, orders)
  else await endPartial(c, orders, can)
  if (!isZero(bareQty) && sizes && !orders.some((o) => o.role === 'Entry' && isOpen(o)))
    await c.task(
      'TOO_SMALL_TO_PROTECT',
      entry.clOrdID,
      'warning',
      `${shortest(bareQty)} ${entry.terms.symbol} of order ${entry.clOrdID} has no stop: the broker takes no order below ${shortest(sizes.least)}. Sell it by hand with the rest, or leave it.`,
      entry.corr,
    )
  if (isZero(placeQty)) return
  // Other hands moved a stop: what is in its place covers as much, and is being asked for.
  if (orders.some((o) => o.role === 'Stop' && o.phase === 'Replaced' && o.replacedBy === undefined)) return
  // Some brokers make the exits of a bracket only when it fills, and tell nobody: they are asked before a second set is made.
  const now = newestOf(entry, orders)
  const parents = generations(now, orders).map((o) => o.clOrdID)
  const exits = orders.some((o) => o.parent !== null && parents.includes(o.parent))
  if (can.bracket && !exits && !lookedUp) return c.errand('resolve', now.clOrdID, now.corr, askAfterMs)
  const afterMs = NEXT_STOP_MS[await refusedInARow(c, orders)]
  if (afterMs === undefined) {
    await c.task(
      'UNPROTECTED',
      entry.clOrdID,
      'critical',
      `${text(placeQty)} ${entry.terms.symbol} of order ${entry.clOrdID} has no stop: the broker did not keep ${NEXT_STOP_MS.length} in a row. Place one by hand, or close the position.`,
      entry.corr,
    )
    return
  }
  await placeExits(c, entry, entry.terms.bracket, placeQty, orders, can, afterMs)
}

/** How long an entry may stay half filled while the broker's exits sleep until it is whole. */
const HALF_FILLED_MS = 10_000

/**
 * What is filled is bare while the exits wait for the rest. The rest is given a few seconds, then taken back: the
 * broker's exits end with it, and a stop of our own takes their place.
 */
async function endPartial(c: Command, orders: readonly Order[], can: Capabilities): Promise<void> {
  if (!can.bracket || can.legsWaitForWholeFill !== true) return
  for (const entry of orders)
    if (entry.role === 'Entry' && isOpen(entry) && !isZero(filledQty(entry, orders)) && entry.asked === 'Nothing')
      await cancel(c, entry, 'filled in part, and its stop sleeps until it is whole', SYSTEM, HALF_FILLED_MS)
}

/**
 * What the broker takes of the entry's class of assets, and which sizes its stop may have. The class and the lot are
 * those of the ticket that was approved; the smallest order is looked up, because it may change.
 */
async function rulesFor(
  c: Command,
  entry: Order,
  bracket: Bracket,
): Promise<{ readonly can: Capabilities; readonly sizes: Sizes | null }> {
  const intent = await c.tx.get('intent', entry.intentID)
  const can = capabilitiesFor(c.setting.capabilities, intent?.ticket?.assetClass ?? null)
  const instrument = (await c.tx.get('market', entry.terms.symbol))?.instrument ?? null
  const lot = intent?.sizing?.lot ?? instrument?.lot
  if (!lot) return { can, sizes: null }
  const least = max(instrument?.minQty ?? lot, lot)
  if (!instrument?.minNotional) return { can, sizes: { lot, least } }
  const price = entry.terms.side === 'Buy' ? (bracket.stopLimitPx ?? bracket.stopPx) : bracket.stopPx
  const lots = over(instrument.minNotional, times(price, lot), { scale: 0, rounding: 'ceil' })
  return { can, sizes: { lot, least: max(least, times(lots, lot) as Qty) } }
}

/** The target that is sent together with this stop: one of the two cancels the other. */
export async function waitingPair(c: Command, stop: Order, delivery: 'Queued' | 'InDoubt'): Promise<Order | null> {
  const target = await c.tx.get('order', pairOf(stop.clOrdID))
  return target && target.clOrdID !== stop.clOrdID && target.delivery === delivery ? target : null
}

/** Is there still as much to protect as this exit would close? Its position may have ended while it waited. */
export async function exitStillNeeded(c: Command, exit: Order, pair: Order | null): Promise<boolean> {
  if (exit.role === 'Exit') return closeStillNeeded(c, exit)
  const siblings = await c.tx.ordersOf(exit.intentID)
  const others = siblings.filter((o) => o.clOrdID !== exit.clOrdID && o.clOrdID !== pair?.clOrdID)
  const { heldQty, coveredQty } = protection(others)
  const uncovered = gt(heldQty, coveredQty) ? minus(heldQty, coveredQty) : qty('0')
  return !gt(exit.terms.orderQty, exit.role === 'Stop' ? uncovered : heldQty)
}

/**
 * How long the first stop, the next and the one after that wait. What is refused for a passing reason, such as shares
 * that a leg on its way out still holds, is taken a moment later; three noes in the same moment would say nothing more
 * than one. A broker that did not keep three stops in a row will not keep the fourth: a person must look.
 */
const NEXT_STOP_MS = [0, 1_000, 5_000]
async function refusedInARow(c: Command, orders: readonly Order[]): Promise<number> {
  const last = orders.filter((o) => o.role === 'Stop' && !isLeg(o)).slice(-NEXT_STOP_MS.length)
  if (last.length === 0) return 0
  // Those that we took away ourselves are not the broker's no.
  const story = await c.tx.journalOf(last[0]?.corr ?? '')
  const asked = new Set(story.filter((row) => row.action === 'order.cancel-requested').map((row) => row.object.id))
  const refused = (o: Order): boolean => ENDED.includes(ordStatus(o)) && isZero(o.cumQty) && !asked.has(o.clOrdID)
  return last.length - 1 - last.findLastIndex((o) => !refused(o))
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

/** The stop as it was approved: with a limit where the broker takes no plain one. */
export function stopTerms({ stopPx, stopLimitPx }: Bracket): Pick<Terms, 'ordType' | 'price' | 'stopPx'> {
  return stopLimitPx ? { ordType: 'StopLimit', price: stopLimitPx, stopPx } : { ordType: 'Stop', price: null, stopPx }
}

async function placeExits(
  c: Command,
  entry: Order,
  bracket: Bracket,
  orderQty: Qty,
  orders: readonly Order[],
  can: Capabilities,
  afterMs: number,
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
      terms: { ...base, ...stopTerms(bracket) },
    },
    c.now,
  )
  await c.emit('order.created', about(stop), stop.corr, { order: stop, build: c.setting.build })
  if (bracket.targetPx && can.oneCancelsOther) {
    const target = freshOrder(
      {
        ...owner,
        role: 'Target',
        clOrdID: exitID(entry.clOrdID, 'Target', n),
        terms: { ...base, ordType: 'Limit', price: bracket.targetPx, stopPx: null },
      },
      c.now,
    )
    await c.emit('order.created', about(target), target.corr, { order: target, build: c.setting.build })
  }
  await c.errand('send', stop.clOrdID, stop.corr, afterMs)
}

async function cancelWithPair(c: Command, stop: Order, orders: readonly Order[]): Promise<void> {
  const pair = orders.filter((o) => o === stop || (isOpen(o) && o.clOrdID === pairOf(stop.clOrdID)))
  for (const order of pair) await cancel(c, order, 'covers more than is held', SYSTEM)
}
