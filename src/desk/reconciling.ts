import { compareBooks, type Difference } from '../reconcile/compare.ts'
import type { BrokerOrder } from '../ports/broker.ts'
import type { Order } from '../orders/machine.ts'
import { isLeg } from '../orders/protection.ts'
import type { ErrandKind, ReconcileRun } from '../ports/records.ts'
import type { OrderID } from '../values/brand.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { BROKER, type Command } from './command.ts'
import { resizeTo } from './delivery.ts'
import type { BrokerView } from './desk.ts'
import { takeInOpening } from './adopting.ts'
import { ours, STRANGER_MS } from './hands.ts'
import { applyReports } from './executions.ts'

/** Shown, and no reason to stop. */
const EXPLAINED: readonly Difference['kind'][] = ['EXTERNAL_ORDER', 'FEES_IN_KIND']

/**
 * A difference may be a report still on its way: it must stand for this long before it stops a symbol, however often
 * the books are compared meanwhile.
 */
const SECOND_LOOK_MS = 3_000
/** How long an order of other hands that cannot be taken in may be the excuse for a difference. */
const ADOPTED_MS = 60_000

/**
 * Compares our book with what the broker holds: first every report it offers is folded in, then what is left is a
 * difference. Explained ones are asked about by name; an unexplained one freezes its symbol and becomes a task.
 */
export async function reconcile(
  c: Command,
  view: BrokerView,
): Promise<{ clean: boolean; findings: readonly string[] }> {
  const { account } = c.setting
  const before = await c.tx.get('reconcile', account)
  // Orders of other hands are asked for one by one; from then on the book knows them, so that asking ends.
  await applyReports(c, view.reports)
  await c.recordAccount(view.account)
  if (!before) await takeInOpening(c, view.positions)
  await hurry(c)
  for (const there of view.orders) {
    const order = await ours(c, there)
    if (order) await resizeTo(c, order, there)
  }
  const open = await c.tx.openOrders(account)
  const closedHere = await closedCounterparts(c, view.orders, open)
  const unmet = await unmetLegs(c, view.orders)
  const differences = compareBooks(
    { orders: [...open, ...closedHere], positions: await c.tx.all('position') },
    {
      orders: view.orders
        .filter((o) => !unmet.has(o.orderID))
        .map(({ orderID, clOrdID, terms: { symbol }, cumQty, open }) => ({ orderID, clOrdID, symbol, cumQty, open })),
      positions: view.positions,
    },
  )
  const findings = differences.map((d) => d.text)
  const seenAt = findings.map((text) => firstSeen(text, before, c.now))
  const standing = (ms: number): ReadonlySet<string> =>
    new Set(findings.filter((_, i) => plusMs(seenAt[i] ?? c.now, ms * c.setting.speed) <= view.startedAt))
  const grave = await settle(c, differences, open, standing(SECOND_LOOK_MS), standing(ADOPTED_MS))
  const clean = grave.length === 0 && differences.every((d) => EXPLAINED.includes(d.kind))
  const same = before && before.clean === clean && before.findings.join('\n') === findings.join('\n')
  const unexplained = seenAt.filter((_, i) => grave.some(({ text }) => text === findings[i]))
  const graveSince = unexplained.reduce<Instant | undefined>(
    (first, at) => (first === undefined || at < first ? at : first),
    undefined,
  )
  const run = {
    account,
    at: view.startedAt,
    clean,
    findings,
    seenAt,
    ...(graveSince !== undefined && { graveSince }),
  }
  // A clean run that says what the last one said is not news: its time is kept, and the journal is not filled with it.
  if (same && clean && !(await c.halted())) await c.tx.put('reconcile', run)
  else await c.emit('account.reconciled', { type: 'account', id: account }, 'reconcile', { run }, BROKER)
  if (clean) await thawAll(c)
  return { clean, findings }
}

function firstSeen(finding: string, before: ReconcileRun | null, now: Instant): Instant {
  const seen = before?.seenAt?.[before.findings.indexOf(finding)]
  // A clock that has been set back must not hold up the second look.
  return seen !== undefined && seen < now ? seen : now
}

/** Longer than any errand is put off, but for what happens to a waiting intent at one moment and no other. */
const FAR_MS = 120_000
const OF_A_MOMENT: readonly ErrandKind[] = ['lapse', 'escalate']

/** An errand that is further away was put off by a clock that has been set back since. */
async function hurry(c: Command): Promise<void> {
  for (const { kind, subject, corr, dueAt, leaseOwner } of await c.tx.all('errand'))
    if (!OF_A_MOMENT.includes(kind) && leaseOwner === null && dueAt > c.after(FAR_MS))
      await c.timer(kind, subject, corr, c.now)
}

/** Exits the broker made for an entry of ours whose reply has not come: they are found with it, and are nobody else's. */
async function unmetLegs(c: Command, orders: readonly BrokerOrder[]): Promise<ReadonlySet<OrderID>> {
  const unmet = new Set<OrderID>()
  for (const there of orders) {
    if (there.parentOrderID === null || (await ours(c, there))) continue
    const listed = orders.find((o) => o.orderID === there.parentOrderID)
    const parent = listed ? await ours(c, listed) : await c.tx.orderByOrderID(c.setting.account, there.parentOrderID)
    if (!parent) continue
    unmet.add(there.orderID)
    await c.errand('resolve', parent.clOrdID, parent.corr)
  }
  return unmet
}

/** Orders the broker still lists that we have already closed. */
async function closedCounterparts(
  c: Command,
  orders: readonly BrokerOrder[],
  open: readonly Order[],
): Promise<Order[]> {
  const closed: Order[] = []
  for (const there of orders) {
    const order = await ours(c, there)
    if (order && !open.some((o) => o.clOrdID === order.clOrdID)) closed.push(order)
  }
  return closed
}

/** Asks again about what a question can explain, and stops what none can. Returns the differences that are here to stay. */
async function settle(
  c: Command,
  differences: readonly Difference[],
  open: readonly Order[],
  lasting: ReadonlySet<string>,
  overdue: ReadonlySet<string>,
): Promise<Difference[]> {
  const grave: Difference[] = []
  for (const difference of differences) {
    switch (difference.kind) {
      case 'MISSING_THERE':
        await c.errand('resolve', difference.clOrdID, 'reconcile')
        // A leg has no name of ours to ask for: when its parent's answer does not explain where it went, nothing will.
        if (lasting.has(difference.text) && open.some((o) => o.clOrdID === difference.clOrdID && isLeg(o)))
          await c.freeze(difference.symbol, difference.text, 'reconcile')
        grave.push(difference)
        break
      case 'OPEN_THERE':
        await c.errand('resolve', difference.clOrdID, 'reconcile')
        if (lasting.has(difference.text)) await c.freeze(difference.symbol, difference.text, 'reconcile')
        grave.push(difference)
        break
      case 'EXTERNAL_ORDER':
        await c.errand('adopt', difference.orderID, 'reconcile', STRANGER_MS)
        break
      case 'FEES_IN_KIND':
        break // said, with its numbers: nobody needs to do anything
      case 'FILLED_QTY':
      case 'POSITION': {
        // While an order of the symbol is on its way, the two sides are read at different moments; and an order of
        // other hands that is about to be taken in may be the whole explanation.
        const moving =
          open.some((o) => o.terms.symbol === difference.symbol && o.delivery !== 'Delivered') ||
          (!overdue.has(difference.text) && (await c.tx.all('errand')).some((e) => e.kind === 'adopt'))
        if (lasting.has(difference.text) && !moving) await c.freeze(difference.symbol, difference.text, 'reconcile')
        else await c.errand('reconcile', c.setting.account, 'reconcile', SECOND_LOOK_MS)
        grave.push(difference)
        break
      }
    }
  }
  return grave
}

/** What froze a symbol has been explained: the books agree. The task stays open until a person has read it. */
async function thawAll(c: Command): Promise<void> {
  for (const { symbol } of await c.tx.all('freeze')) {
    const task = await c.tx.get('task', `FROZEN:${symbol}`)
    if (task && task.doneAt === null) continue
    await c.emit('instrument.thawed', { type: 'instrument', id: symbol }, 'reconcile', {
      symbol,
      reason: 'the books agree, and a person has closed the task',
    })
  }
}
