import { isBeyondMore, ONE_CLICK } from '../approvals/policy.ts'
import { passExit, recheck } from '../gate/gate.ts'
import { stoppable } from '../orders/halt.ts'
import { isReported, type Order } from '../orders/machine.ts'
import type { ClOrdID } from '../values/brand.ts'
import type { Command } from './command.ts'
import type { Send } from './desk.ts'
import { isApproved } from './evidence.ts'
import { engageByFile } from './halting.ts'
import { factsAreFresh } from './intents.ts'
import { exitStillNeeded, waitingPair } from './protecting.ts'

/** A broker that did not answer three times is asked no more; looking goes on. */
const OFFERS_MAX = 3

/**
 * Is an order that the broker does not know to be offered to it once more, under the same name? Only where a name is
 * taken once: then a first send that is still on its way and a second one make one order between them.
 *
 * @param waitedMs how long ago the last send was given up, in a person's time.
 */
export function offersAgain(c: Command, order: Order, waitedMs: number): boolean {
  const { idempotentSubmit, offerAgainAfterMs } = c.setting.capabilities
  return (
    idempotentSubmit &&
    offerAgainAfterMs !== undefined &&
    waitedMs >= offerAgainAfterMs &&
    order.delivery === 'InDoubt' &&
    order.asked === 'Nothing' &&
    order.replaces === undefined &&
    !isReported(order) &&
    (order.offers ?? 1) < OFFERS_MAX
  )
}

/**
 * The last look before a repeat, as strict as the one before the first send: halt, approval, gate, soft limits and drift for an
 * entry, its need for an exit. Null: it is not offered again, and stays in doubt until evidence ends the doubt.
 */
export async function beginResend(
  c: Command,
  clOrdID: ClOrdID,
  haltFile: boolean,
): Promise<Send | 'facts-too-old' | null> {
  if (haltFile) await engageByFile(c)
  const order = await c.tx.get('order', clOrdID)
  if (!order || order.delivery !== 'InDoubt' || order.asked !== 'Nothing' || isReported(order)) return null
  return order.role === 'Entry' ? entryAgain(c, order) : exitAgain(c, order)
}

async function entryAgain(c: Command, order: Order): Promise<Send | 'facts-too-old' | null> {
  const intent = await c.tx.get('intent', order.intentID)
  const { ticket, decision } = intent ?? {}
  if (!intent || intent.state !== 'Approved' || intent.clOrdID !== order.clOrdID || !ticket) return null
  if (decision?.verdict !== 'approved' || (await c.haltOver(stoppable(intent.account, intent.proposal)))) return null
  if ((await isApproved(c.tx, intent, ticket, c.now)) !== 'yes') return null
  if (!(await factsAreFresh(c, intent))) return 'facts-too-old'
  const found = recheck(ticket, intent.proposal, await c.facts(intent), await c.rulesFor(intent.intentID), c.now)
  const { passed, refusals, drift, soft } = found
  if (!passed || drift || refusals.length > 0 || isBeyondMore(intent.requires ?? ONE_CLICK, soft)) return null
  await startedAgain(c, order)
  const { sendBy } = intent
  const of = stoppable(intent.account, intent.proposal)
  return { kind: 'single', clOrdID: order.clOrdID, order: passed, of, ...(sendBy !== null && { sendBy }) }
}

async function exitAgain(c: Command, order: Order): Promise<Send | null> {
  const pair = await waitingPair(c, order, 'InDoubt')
  if (!(await exitStillNeeded(c, order, pair))) return null
  await startedAgain(c, order)
  if (!pair) return { kind: 'single', clOrdID: order.clOrdID, order: passExit(order.terms) }
  await startedAgain(c, pair)
  return {
    kind: 'pair',
    stop: { clOrdID: order.clOrdID, order: passExit(order.terms) },
    target: { clOrdID: pair.clOrdID, order: passExit(pair.terms) },
  }
}

const startedAgain = (c: Command, order: Order) =>
  c.emit('order.send-started', { type: 'order', id: order.clOrdID }, order.corr, { attempt: (order.offers ?? 1) + 1 })
