import type { Actor } from '../journal/row.ts'
import { rivalOf } from '../orders/generations.ts'
import { isOpen, isOpenPhase, type Order, ordStatus } from '../orders/machine.ts'
import type { CancelSent } from '../ports/broker.ts'
import type { ClOrdID } from '../values/brand.ts'
import { ok, type Result } from '../values/result.ts'
import { BROKER, type Command, deny, mustOrder } from './command.ts'
import type { Denial } from './desk.ts'
import { pairOf } from './naming.ts'

/** How long the broker’s own report of a cancel that it took is waited for before it is asked. */
const REPORT_MS = 1_000

const about = (order: Order) => ({ type: 'order', id: order.clOrdID })

/** Cancels are never blocked. An order that has not left yet is simply not sent. */
export async function requestCancel(
  c: Command,
  ask: { clOrdID: ClOrdID; actor: Actor },
): Promise<Result<Order, Denial>> {
  const order = await c.tx.get('order', ask.clOrdID)
  if (!order) return deny('NOT_FOUND', `There is no order ${ask.clOrdID}.`)
  if (!isOpen(order)) {
    const next = order.phase === 'Replaced' && order.replacedBy ? ` ${order.replacedBy} is in its place.` : ''
    return deny('NOT_OPEN', `The order is ${ordStatus(order)}; there is nothing left to cancel.${next}`)
  }
  await cancel(c, order, 'asked for', ask.actor)
  return ok(await mustOrder(c, ask.clOrdID))
}

/**
 * An order in whose place another was sent is canceled with that one: nobody knows yet which of the two will work.
 *
 * @param afterMs how long the broker is given to end the order by itself before it is asked.
 */
export async function cancel(c: Command, order: Order, why: string, actor: Actor, afterMs = 0): Promise<void> {
  if (order.delivery === 'Queued') return unqueue(c, order, actor)
  await cancelOne(c, order, why, actor, afterMs)
  const rival = rivalOf(order, await c.tx.ordersOf(order.intentID))
  if (rival?.delivery === 'Queued') await unqueue(c, rival, actor)
  else if (rival) await cancelOne(c, rival, why, actor, afterMs)
}

async function cancelOne(c: Command, order: Order, why: string, actor: Actor, afterMs: number): Promise<void> {
  if (order.asked !== 'Cancel') await c.emit('order.cancel-requested', about(order), order.corr, { why }, actor)
  await c.errand('cancel', order.clOrdID, order.corr, afterMs)
}

/** A target that waits is sent with its stop or not at all; what is held without them is looked at again. */
async function unqueue(c: Command, order: Order, actor: Actor): Promise<void> {
  const pair = order.role === 'Stop' ? await c.tx.get('order', pairOf(order.clOrdID)) : null
  for (const one of [order, pair])
    if (one?.delivery === 'Queued')
      await c.emit('order.absent', about(one), one.corr, { evidence: 'Canceled before it was sent.' }, actor)
  if (order.parent) await c.errand('resolve', order.parent, order.corr)
}

/**
 * A broker's no normally ends our request: it has other news of the order, and the look-up that follows brings them.
 * Two of them prove nothing: "unknown" about an order that may still be on its way, and "not now" during a halt or while
 * everything is being closed.
 */
async function whyAskAgain(c: Command, order: Order): Promise<string | null> {
  if (order.delivery !== 'Delivered') return 'the broker may not have had the order yet'
  if (await c.closing(order.terms.symbol)) return 'liquidation'
  return (await c.isTakenBack(order)) ? 'halt' : null
}

export async function recordCancelSent(c: Command, clOrdID: ClOrdID, sent: CancelSent): Promise<void> {
  const order = await mustOrder(c, clOrdID)
  if (!isOpenPhase(order.phase)) return
  const text = sent.outcome === 'accepted' ? null : sent.outcome === 'rejected' ? sent.text : sent.cause
  await c.emit('order.cancel-answered', about(order), order.corr, { outcome: sent.outcome, text }, BROKER)
  const again = sent.outcome === 'rejected' ? await whyAskAgain(c, order) : null
  if (again) await c.emit('order.cancel-requested', about(order), order.corr, { why: again })
  // Whatever the answer, only the broker's own account of the order ends it.
  // Taken, its end comes by the stream: a question about each would cost as many requests as the cancels themselves.
  const afterMs = sent.outcome === 'accepted' ? REPORT_MS : 0
  await c.errand(order.delivery === 'Delivered' ? 'poll' : 'resolve', clOrdID, order.corr, afterMs)
}
