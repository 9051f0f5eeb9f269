import type { Actor } from '../journal/row.ts'
import type { Order } from '../orders/machine.ts'
import { ownerOf } from '../orders/protection.ts'
import { disarmAll } from './arming.ts'
import type { Command } from './command.ts'
import { escalateLater } from './escalating.ts'
import { answeredByReports } from './executions.ts'
import { lapseLater, watchSent } from './intents.ts'
import { openLimits } from './limiting.ts'
import { liquidateOn } from './liquidating.ts'
import { openStage } from './promoting.ts'

/**
 * At start: whatever was cut off is found again. A send without its answer is in doubt, never repeated; everything
 * unfinished has its errand, even if the errand table was lost.
 */
export async function recover(c: Command): Promise<void> {
  await c.emit(
    'gateway.started',
    { type: 'gateway', id: c.setting.account },
    'start',
    { version: c.setting.version, build: c.setting.build },
    { type: 'system', id: 'gateway', via: 'start', session: null },
  )
  await openLimits(c)
  await openStage(c)
  // Whoever held an errand is gone, and its lease may be of a clock that has been set back since.
  for (const { kind, subject, corr, leaseOwner } of await c.tx.all('errand'))
    if (leaseOwner !== null) await c.timer(kind, subject, corr, c.now)
  for (const order of await c.tx.openOrders(c.setting.account)) {
    if (order.delivery === 'Sending') {
      await c.emit('order.in-doubt', { type: 'order', id: order.clOrdID }, order.corr, {
        cause: 'The gateway stopped between the send and its answer.',
      })
      await answeredByReports(c, order.clOrdID)
    }
    if (order.delivery === 'Sending' || order.delivery === 'InDoubt')
      await c.errand('resolve', order.clOrdID, order.corr)
    else if (order.delivery === 'Queued' && (order.role === 'Stop' || order.replaces))
      await c.errand('send', order.clOrdID, order.corr)
    else if (order.delivery === 'Delivered') await c.errand('poll', (await owner(c, order)).clOrdID, order.corr)
    const intent = order.role === 'Entry' && (await c.tx.get('intent', order.intentID))
    if (intent) await watchSent(c, intent)
    if (order.asked === 'Cancel') await c.errand('cancel', order.clOrdID, order.corr)
  }
  await disarmAll(c, 'The gateway was restarted.')
  for (const intent of await c.tx.waitingIntents()) {
    if (intent.state === 'Received') await c.errand('gather', intent.intentID, intent.corr)
    if (intent.state === 'Approved') await c.errand('send', intent.intentID, intent.corr)
    await lapseLater(c, intent)
    await escalateLater(c, intent)
  }
  await liquidateOn(c)
  await c.errand('reconcile', c.setting.account, 'start')
}

/** A leg has no name of ours at the broker: its entry's answer tells of it. */
const owner = async (c: Command, order: Order): Promise<Order> =>
  ownerOf(order, await c.tx.ordersOf(order.intentID)) ?? order

/** The gateway stops by itself. A journal that goes on without this row tells of a crash, or of a power cut. */
export async function stopped(c: Command): Promise<void> {
  const { account, version, build } = c.setting
  const actor: Actor = { type: 'system', id: 'gateway', via: 'start', session: null }
  await c.emit('gateway.stopped', { type: 'gateway', id: account }, 'start', { version, build }, actor)
}
