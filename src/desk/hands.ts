import type { Order } from '../orders/machine.ts'
import type { BrokerOrder } from '../ports/broker.ts'
import type { Command } from './command.ts'

/** How long the reply to a send of ours may take to tell that an unknown order is one of ours, or a leg of one. */
export const STRANGER_MS = 3_000

/** The order of our book that the broker means, by our name for it or by theirs. */
export async function ours(c: Command, there: BrokerOrder): Promise<Order | null> {
  const byName = there.clOrdID && (await c.tx.get('order', there.clOrdID))
  return byName || c.tx.orderByOrderID(c.setting.account, there.orderID)
}

/** Other hands traded: where orders of ours rest in the same symbol, their sizes may no longer fit what is held. */
export async function handsOn(c: Command, external: Order): Promise<void> {
  const { symbol } = external.terms
  const open = await c.tx.openOrders(c.setting.account)
  if (open.some((o) => o.role !== 'External' && o.terms.symbol === symbol))
    await c.freeze(
      symbol,
      `other hands traded it (order ${external.orderID}) while orders of ours rest in it: our stops may be larger or smaller than what is held`,
      external.corr,
    )
}
