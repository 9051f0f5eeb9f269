import type { Delivery } from '../orders/delivery.ts'
import {
  applyReport,
  freshOrder,
  isOpen,
  isReported,
  type Order,
  ordStatus,
  type OrdStatus,
} from '../orders/machine.ts'
import { isSettled } from '../orders/intent.ts'
import { isLeg, protection } from '../orders/protection.ts'
import type { Report } from '../orders/report.ts'
import { opposite, type Terms } from '../orders/terms.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { isZero, lt, type Qty, text } from '../values/decimal.ts'
import { cancel } from './canceling.ts'
import { BROKER, type Command, mustOrder, SYSTEM } from './command.ts'
import { exitID, pairOf } from './naming.ts'

const about = (order: Order) => ({ type: 'order', id: order.clOrdID })

/** Folds what the broker reported, by whatever way and however often it came. */
export async function applyReports(
  c: Command,
  reports: readonly Report[],
  strange: (report: Report) => Promise<void> = (report) => stranger(c, report),
): Promise<void> {
  const touched = new Map<IntentID, Order>()
  for (const report of reports) {
    const order = await orderOf(c, report)
    if (!order) {
      await strange(report)
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

/** A report about an order we do not know: of other hands, or a leg we have not met yet. A look at the whole account tells. */
async function stranger(c: Command, report: Report): Promise<void> {
  await c.errand('reconcile', c.setting.account, `stranger:${report.orderID ?? report.execID}`)
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
    if (order.terms.bracket && order.delivery === 'Delivered' && !isZero(order.cumQty))
      await c.errand('poll', order.clOrdID, order.corr)
  // An entry that ended short leaves the broker's legs to be cut to what it filled: the account shows their new size.
  const short = orders.some((o) => o.terms.bracket && !isOpen(o) && !isZero(o.cumQty) && lt(o.cumQty, o.terms.orderQty))
  if (short && touched.role === 'Entry') await c.errand('reconcile', c.setting.account, touched.corr, RESIZED_MS)
  await protect(c, touched.intentID)
}
/** Brokers cut the legs of a bracket right after its entry ends; a look before that would show the old size. */
const RESIZED_MS = 1_000

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
