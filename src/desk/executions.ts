import { applyReport, isOpen, isReported, type Order, ordStatus } from '../orders/machine.ts'
import { isSettled } from '../orders/intent.ts'
import { isLeg, mayTrade } from '../orders/protection.ts'
import type { Report } from '../orders/report.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { isZero, lt, text } from '../values/decimal.ts'
import { takeBackRevived } from './halting.ts'
import { handsOn, STRANGER_MS } from './hands.ts'
import { cancel } from './canceling.ts'
import { BROKER, type Command, mustOrder, SYSTEM } from './command.ts'
import { protect } from './protecting.ts'
import { replacedThere } from './replacing.ts'

const about = (order: Order) => ({ type: 'order', id: order.clOrdID })

/** Folds what the broker reported, by whatever way and however often it came. */
export async function applyReports(c: Command, reports: readonly Report[]): Promise<void> {
  const touched = new Map<IntentID, Order>()
  for (const report of reports) {
    const order = await orderOf(c, report)
    if (!order) {
      await stranger(c, report)
      continue
    }
    if (await apply(c, order, report)) touched.set(order.intentID, order)
  }
  for (const order of touched.values()) await afterReports(c, order)
}

/** True when the report changed something. */
async function apply(c: Command, order: Order, report: Report): Promise<boolean> {
  const amends = report.execType === 'TradeCancel' || report.execType === 'TradeCorrect'
  const prior = await c.tx.get('fill', `${order.account}|${amends ? report.refExecID : report.execID}`)
  const applied = applyReport(order, report, prior, c.now)
  if (!applied.ok) {
    // The look-up that it asks for brings the same report again.
    if (order.disputed?.includes(report.execID)) return false
    await c.emit('execution.disputed', about(order), order.corr, { report, fault: applied.error }, BROKER)
    await c.task(
      'DISPUTED',
      order.clOrdID,
      'critical',
      `The broker says ${report.execType} of order ${order.clOrdID}, which is ${ordStatus(order)}. Both cannot be true: look at the broker's own page.`,
      order.corr,
    )
    await c.errand('resolve', order.clOrdID, order.corr)
    return false
  }
  // A report that says again what is known is not an event: polls repeat themselves every few seconds.
  if (applied.value.order === order) return false
  if (order.delivery === 'Absent' || order.delivery === 'Rejected') await believed(c, order, report)
  const row = await c.emit('execution.reported', about(order), order.corr, { report }, BROKER)
  if (applied.value.execution) await c.traded(row)
  if (applied.value.execution && order.role === 'External') await handsOn(c, order)
  if (report.execType === 'Replaced') await replacedThere(c, await mustOrder(c, order.clOrdID))
  if (order.delivery === 'Absent') await layGhost(c, await mustOrder(c, order.clOrdID))
  await answeredByReports(c, order.clOrdID)
  if (applied.value.alarm === 'OVERFILL')
    await c.freeze(
      order.terms.symbol,
      `order ${order.clOrdID} was filled for more than its ${text(order.terms.orderQty)}`,
      order.corr,
    )
  if (applied.value.alarm === 'FILL_AFTER_REJECT')
    await c.freeze(order.terms.symbol, `order ${order.clOrdID} was rejected and then filled`, order.corr)
  await takeBackRevived(c, order)
  return true
}

/** We had taken it for gone, and the broker reports about it: the report is believed at once, and the symbol stops. */
async function believed(c: Command, order: Order, report: Report): Promise<void> {
  if (report.execType === 'Rejected') return
  await c.emit('order.accepted', about(order), order.corr, { orderID: report.orderID }, BROKER)
  await c.freeze(
    order.terms.symbol,
    `order ${order.clOrdID} counted as ${ordStatus(order)} and the broker reports ${report.execType} of it`,
    order.corr,
  )
  await c.errand('resolve', order.clOrdID, order.corr)
}

/** The reply to our send is lost, and a report is answer enough: no look-up that knows nothing proves such an order away. */
export async function answeredByReports(c: Command, clOrdID: ClOrdID): Promise<void> {
  const order = await mustOrder(c, clOrdID)
  if (order.delivery !== 'InDoubt' || !isReported(order)) return
  await c.emit('order.accepted', about(order), order.corr, { orderID: order.orderID }, BROKER)
  // Its legs are learned by asking, and a cancel could until now only be refused as unknown.
  await c.errand('resolve', clOrdID, order.corr)
  if (order.asked === 'Cancel') await c.errand('cancel', clOrdID, order.corr)
}

/**
 * An entry that was proven absent is at the broker after all: its approval ended with that proof, so it is taken back.
 * Whoever is asked for a second one is asked no longer: of one intent there is one order.
 */
export async function layGhost(c: Command, order: Order): Promise<void> {
  if (order.role !== 'Entry') return
  if (isOpen(order)) await cancel(c, order, 'nobody stands for it any more', SYSTEM)
  const intent = await c.tx.get('intent', order.intentID)
  if (!intent || isSettled(intent.state) || intent.clOrdID) return
  await c.emit('intent.lapsed', { type: 'intent', id: intent.intentID, rev: intent.rev }, intent.corr, {
    why: `Its order ${order.clOrdID}, which counted as never sent, is at the broker after all.`,
  })
}

async function orderOf(c: Command, report: Report): Promise<Order | null> {
  const byName = report.clOrdID && (await c.tx.get('order', report.clOrdID))
  if (byName) return byName
  return report.orderID ? c.tx.orderByOrderID(c.setting.account, report.orderID) : null
}

/** A report about an order we do not know: of other hands, or a leg we have not met yet. Asking for it tells. */
async function stranger(c: Command, report: Report): Promise<void> {
  if (report.orderID === null) await c.errand('reconcile', c.setting.account, `stranger:${report.execID}`)
  else await c.errand('adopt', report.orderID, `stranger:${report.orderID}`, STRANGER_MS)
}

/**
 * How long the reply to a send may lag behind a report of it. It nearly always comes sooner; should the power go out
 * before it does, this question is still to be asked after the start, even about an order that has filled meanwhile.
 */
const REPLY_MS = 2_000

async function afterReports(c: Command, touched: Order): Promise<void> {
  const orders = await c.tx.ordersOf(touched.intentID)
  // The reply to our send has not come, but a report has: asking by name settles it, and brings the legs.
  for (const order of orders) {
    if (order.delivery === 'InDoubt') await c.errand('resolve', order.clOrdID, order.corr)
    if (order.delivery === 'Sending') await c.errand('resolve', order.clOrdID, order.corr, REPLY_MS)
  }
  for (const order of orders)
    if (order.terms.bracket && order.delivery === 'Delivered' && order.phase !== 'Replaced' && !isZero(order.cumQty))
      await c.errand('poll', order.clOrdID, order.corr)
  // An entry that ended short leaves the broker's legs to be cut to what it filled: the account shows their new size.
  const short = orders.some(
    (o) =>
      o.terms.bracket && !isOpen(o) && o.phase !== 'Replaced' && !isZero(o.cumQty) && lt(o.cumQty, o.terms.orderQty),
  )
  if (short && touched.role === 'Entry') await c.errand('reconcile', c.setting.account, touched.corr, RESIZED_MS)
  await protect(c, touched.intentID)
  await keepPolls(c, await c.tx.ordersOf(touched.intentID))
}

/** How long an order that a bust has re-opened may go unasked. */
const REOPENED_MS = 2_000

/**
 * What can no longer trade needs no poll, which saves two commits for each order that ends before its first one; what a
 * bust has re-opened needs one again.
 */
async function keepPolls(c: Command, orders: readonly Order[]): Promise<void> {
  for (const order of orders) {
    if (order.delivery !== 'Delivered' || isLeg(order)) continue
    const asked = await c.tx.get('errand', `poll:${order.clOrdID}`)
    const trades = mayTrade(order, orders)
    if (asked && !trades) await c.tx.remove('errand', `poll:${order.clOrdID}`)
    if (!asked && trades) await c.errand('poll', order.clOrdID, order.corr, REOPENED_MS)
  }
}
/** Brokers cut the legs of a bracket right after its entry ends; a look before that would show the old size. */
const RESIZED_MS = 1_000
