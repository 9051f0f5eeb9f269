import type { Desk, NotSent, Send } from '../desk/desk.ts'
import { haltOf, ofAll, statesOf } from '../orders/halt.ts'
import { closes } from '../orders/liquidation.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import { isNamedByOthers } from '../orders/generations.ts'
import { isLeg, mayTrade, ownerOf } from '../orders/protection.ts'
import { type Outgoing, outgoingFaults } from '../orders/outgoing.ts'
import { type Broker, type BrokerPosition, type MayGo, ReadFailed, type Sent } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Errand, ErrandKind } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { OrderRef } from '../orders/terms.ts'
import type { IntentID, OrderID } from '../values/brand.ts'
import { isZero } from '../values/decimal.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'
import { readAccount, readMarket } from './facts.ts'
import { backoffMs, reading } from './retry.ts'

/** What the worker works with. It reaches the broker and the desk, and decides nothing. */
export type Hands = {
  readonly desk: Desk
  readonly reads: Reads
  readonly broker: Broker
  readonly clock: Clock
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
  /** True when the HALT file is there, or cannot be read. Asked in the instant before each send. */
  readonly haltFile: () => boolean
  /** True while the broker's stream is lost: then asking is all there is. */
  readonly deaf?: () => boolean
  /** Since when the broker answers nothing; null while it does. Absent: nobody would notice. */
  readonly silentSince?: () => Instant | null
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>) => void
}

/** Done: drop it. Otherwise it comes again after so many milliseconds. */
type Outcome = 'done' | { readonly againMs: number; readonly why: string }

/** While an order rests, its reports are asked for this often even when the stream is silent: the stream is a hint. */
const POLL_MS = 5_000
const DOUBT_PLAN = { firstMs: 500, capMs: 15_000 }
const CANCEL_PLAN = { firstMs: 1_000, capMs: 10_000 }
const READ_AGAIN_PLAN = { firstMs: 1_000, capMs: 30_000 }
/** Reports from a little before the order was sent: clocks differ, and a repeat costs nothing. */
const OVERLAP_MS = 60_000

const RUN: { readonly [K in ErrandKind]: (h: Hands, e: Errand) => Promise<Outcome> } = {
  gather,
  send: slowSend,
  resend,
  adopt,
  resolve: lookUp,
  poll,
  cancel,
  lapse: async (h, e) => {
    await h.desk.lapse(e.subject as IntentID)
    return 'done'
  },
  escalate: async (h, e) => {
    await h.desk.escalate(e.subject as IntentID)
    return 'done'
  },
  liquidate,
  reconcile,
}

/** Runs one errand that this worker holds, and drops it or puts it back. Never throws: an errand that fails comes again. */
export async function runErrand(h: Hands, errand: Errand): Promise<void> {
  let outcome: Outcome
  try {
    outcome = await RUN[errand.kind](h, errand)
  } catch (thrown) {
    const expected = thrown instanceof ReadFailed
    h.log(expected ? 'warn' : 'error', 'an errand failed and comes again', {
      kind: errand.kind,
      subject: errand.subject,
      corr: errand.corr,
      error: String(thrown),
    })
    outcome = { againMs: 250 + backoffMs(errand.attempts + 1, READ_AGAIN_PLAN, h.random()), why: String(thrown) }
  }
  if (outcome === 'done') await h.desk.finish(errand)
  else await h.desk.postpone(errand, outcome.againMs, outcome.why)
}

async function gather(h: Hands, errand: Errand): Promise<Outcome> {
  // Proposers choose the names of intents, and one may look like a symbol that is asked for by itself.
  const intent = await h.reads.get('intent', errand.subject)
  const symbol = intent?.proposal.symbol ?? /^symbol:(.+)$/.exec(errand.subject)?.[1]
  if (!symbol || (intent && intent.state !== 'Received')) return 'done'
  await refresh(h, symbol)
  const sized = intent && (await h.desk.size(intent.intentID))
  return sized?.state === 'Received' ? { againMs: 100, why: 'a trade overtook the figures' } : 'done'
}

async function refresh(h: Hands, symbol: string): Promise<void> {
  const [market, account] = await Promise.all([
    reading(() => readMarket(h.broker, h.reads, symbol, h.clock), h),
    (await accountIsFresh(h)) ? null : reading(() => readAccount(h.broker, h.reads, h.clock), h),
  ])
  await h.desk.recordFacts({ markets: [market], account })
}

async function marketKnown(h: Hands, symbol: string): Promise<void> {
  if (await h.reads.get('market', symbol)) return
  const market = await reading(() => readMarket(h.broker, h.reads, symbol, h.clock), h)
  await h.desk.recordFacts({ markets: [market], account: null })
}

/** Read within the broker's own pace, and since the last trade: asking again would tell nothing new and cost requests. */
async function accountIsFresh(h: Hands): Promise<boolean> {
  const pace = h.broker.capabilities?.pace
  if (!pace) return false
  const row = await h.reads.get('account', h.broker.account)
  return row !== null && row.afterRow > row.tradedRow && msBetween(row.at, h.clock.now()) < pace.accountMs
}

/** A send whose facts were not fresh: read them, then look again and go. */
async function slowSend(h: Hands, errand: Errand): Promise<Outcome> {
  const order = await h.reads.get('order', errand.subject)
  const intent = order ? null : await h.reads.get('intent', errand.subject)
  // Exits need no facts; an entry or a replacement of one does.
  if (order?.role === 'Entry') await refresh(h, order.terms.symbol)
  if (intent) await refresh(h, intent.proposal.symbol)
  const send = await h.desk.beginSend(errand.subject, h.haltFile())
  if (send === 'facts-too-old') return { againMs: 100, why: 'the facts were too old, or a trade overtook them' }
  if (send) await deliver(h, send)
  return 'done'
}

/** An order that the broker does not know and whose approval stands is offered to it once more, under the same name. */
async function resend(h: Hands, errand: Errand): Promise<Outcome> {
  const order = await h.reads.get('order', errand.subject)
  if (!order) return 'done'
  if (order.role === 'Entry' || order.role === 'Exit') await refresh(h, order.terms.symbol)
  const send = await h.desk.beginResend(order.clOrdID, h.haltFile())
  if (send === 'facts-too-old') return { againMs: 100, why: 'the facts were too old, or a trade overtook them' }
  if (send) await deliver(h, send)
  return 'done'
}

/** An order that our book does not know: the broker is asked what it is, and it is taken in. */
async function adopt(h: Hands, errand: Errand): Promise<Outcome> {
  const orderID = errand.subject as OrderID
  const found = await reading(() => h.broker.findByOrderID(orderID), h)
  // What it may cost is counted against the limits, and for that its market must be known.
  if (found.found) await marketKnown(h, found.order.terms.symbol)
  const said = await h.desk.adopt(orderID, found)
  return said === 'done' ? 'done' : { againMs: 2_000, why: 'an order of ours in the same symbol is unanswered' }
}

/**
 * The one call that moves money. The intention is durable; the halt is looked at once more; one attempt; and the answer,
 * whatever it is, is made durable. An exception here is not a no: it is doubt.
 */
export async function deliver(h: Hands, send: Send): Promise<void> {
  const sent = await attempt(h, send)
  for (let tries = 1; ; tries++) {
    try {
      return await h.desk.recordSent(send, sent)
    } catch (thrown) {
      // Only we hold this answer: written down it is known, lost it is doubt until the next start. The send is not repeated.
      if (tries >= RECORD_PLAN.tries) throw thrown
      await h.clock.sleep(backoffMs(tries, RECORD_PLAN, h.random()))
    }
  }
}
/** Six tries span at most 15.5 s, long enough for a full disk to be noticed, and inside the lease of the send. */
const RECORD_PLAN = { tries: 6, firstMs: 500, capMs: 8_000 }

async function attempt(h: Hands, send: Send): Promise<Sent | NotSent> {
  const opens = send.kind === 'single' ? !send.order.reduceOnly : send.kind === 'replace' && !send.reduces
  let held = await heldBack(h, send, opens)
  let differs: string | null = null
  let asked = false
  const mayGo = async (outgoing: readonly Outgoing[]): Promise<boolean> => {
    asked = true
    held ??= await heldBack(h, send, opens)
    const faults = faultsOf(send, outgoing)
    if (faults.length > 0) held = differs = `what was about to leave is not what was approved: ${faults.join('; ')}`
    return held === null
  }
  const sent = held === null ? await sentBy(h.broker, send, mayGo) : null
  if (sent?.outcome === 'accepted' && !asked)
    return { outcome: 'in-doubt', cause: 'the adapter sent it without telling what was about to leave' }
  if (sent !== null && held === null) return sent
  return { outcome: 'not-sent', cause: `Not sent: ${held}.`, ...(differs !== null && { differs }) }
}

/** In what the orders of a request differ from those that were approved, in words. */
function faultsOf(send: Send, outgoing: readonly Outgoing[]): string[] {
  const meant = send.kind === 'pair' ? [send.stop, send.target] : [send]
  if (outgoing.length !== meant.length) return [`${outgoing.length} orders instead of ${meant.length}`]
  const request = send.kind === 'replace' ? 'replacement' : 'new'
  return meant.flatMap(({ clOrdID, order }) => {
    const told = outgoing.find((one) => one.clOrdID === clOrdID) ?? outgoing[0]
    return told ? outgoingFaults(told, clOrdID, order, request) : []
  })
}

/** Asked in the instant before the first byte: an order may have waited for its turn at the broker. */
async function heldBack(h: Hands, send: Send, opens: boolean): Promise<string | null> {
  if (opens && (await haltedNow(h, send))) return 'trading was halted in the moment before the first byte'
  const sendBy = send.kind === 'pair' ? undefined : send.sendBy
  return sendBy !== undefined && h.clock.now() > sendBy ? 'its approval ended while it waited for its turn' : null
}

async function sentBy(broker: Broker, send: Send, mayGo: MayGo): Promise<Sent> {
  try {
    switch (send.kind) {
      case 'single':
        return await broker.submit(send.clOrdID, send.order, mayGo)
      case 'replace':
        return await broker.replace(send.ref, send.clOrdID, send.order, mayGo)
      case 'pair':
        return await broker.submitPair(send.stop, send.target, mayGo)
    }
  } catch (thrown) {
    return { outcome: 'in-doubt', cause: `the adapter failed while sending: ${String(thrown)}` }
  }
}

/** A state that cannot be read counts as halted. The file is asked last: it is the one that works when all else is down. */
async function haltedNow(h: Hands, send: Send): Promise<boolean> {
  const what = (send.kind === 'pair' ? undefined : send.of) ?? ofAll(h.broker.account)
  const rows = await h.reads.all('halt').catch(() => 'unreadable' as const)
  return rows === 'unreadable' || haltOf(statesOf(rows), what) !== null || h.haltFile()
}

/** Asks about an order while it, or a leg of it, may still trade. What has ended needs no question: reports and reconciliation find the rest. */
async function poll(h: Hands, errand: Errand): Promise<Outcome> {
  const order = await h.reads.get('order', errand.subject)
  if (!order || !(await trades(h, order))) return 'done'
  // Asked for by something that happened, such as a cancel that was answered, it is not the next of many.
  const againMs = errand.attempts === 0 ? 0 : await coveredForMs(h, order)
  return againMs > 0 ? { againMs, why: 'the last comparison of the books covered it' } : lookUp(h, errand)
}

/**
 * Where requests are scarce: a comparison that found nothing has seen this order open, with what it has filled. For how
 * much longer that will do; 0 when it must be asked for by itself.
 */
async function coveredForMs(h: Hands, order: Order): Promise<number> {
  const pace = h.broker.capabilities?.pace
  const run = pace ? await h.reads.get('reconcile', h.broker.account) : null
  if (!pace || !run?.clean || order.updatedAt >= run.at) return 0
  return Math.max(0, pace.pollMs - msBetween(run.at, h.clock.now()))
}

const trades = async (h: Hands, order: Order): Promise<boolean> => {
  const now = await h.reads.get('order', order.clOrdID)
  return now !== null && mayTrade(now, await h.reads.ordersOf(order.intentID))
}

/** Asks the broker about one order by our name for it, until its story has an end. */
async function lookUp(h: Hands, errand: Errand): Promise<Outcome> {
  const order = await h.reads.get('order', errand.subject)
  if (!order) return 'done'
  // A leg has no name of ours at the broker: its parent's answer carries its reports.
  const named = ownerOf(order, await h.reads.ordersOf(order.intentID)) ?? order
  const asked = named.clOrdID
  const askedAt = h.clock.now()
  const { orderID } = named
  const found = await reading(
    () => (isNamedByOthers(named) && orderID ? h.broker.findByOrderID(orderID) : h.broker.find(asked)),
    h,
  )
  // Should this prove that nothing arrived, the human is asked with figures of now, not with those from before an outage.
  if (!found.found && provesAbsence(h, order, askedAt)) await refresh(h, order.terms.symbol)
  const said = await h.desk.resolve(asked, found, askedAt)
  if (said === 'still-in-doubt')
    return {
      againMs: 250 + backoffMs(errand.attempts + 1, DOUBT_PLAN, h.random()),
      why: 'the broker does not know it yet, which proves nothing',
    }
  if (errand.kind === 'resolve' && named !== order) await askLeg(h, order)
  return (await trades(h, named))
    ? { againMs: h.broker.capabilities.pace?.pollMs ?? POLL_MS, why: 'still open' }
    : 'done'
}

/**
 * A leg that the books miss, and that its owner's answer did not explain, is asked about by the broker's own name for it:
 * it may have ended without a word, as after a bust of its fill, and then what it covered needs another stop.
 */
async function askLeg(h: Hands, { clOrdID }: Order): Promise<void> {
  const leg = await h.reads.get('order', clOrdID)
  if (!leg?.orderID || !isOpen(leg)) return
  const { orderID } = leg
  const askedAt = h.clock.now()
  const found = await reading(() => h.broker.findByOrderID(orderID), h)
  if (found.found) await h.desk.resolve(clOrdID, found, askedAt)
}

/** True when a look-up that knows nothing of this entry may end its doubt; until then figures would be read for nothing. */
function provesAbsence(h: Hands, order: Order, askedAt: Instant): boolean {
  const proof = h.broker.capabilities.absenceProvenAfterMs
  return (
    order.role === 'Entry' &&
    order.delivery === 'InDoubt' &&
    proof !== null &&
    msBetween(order.updatedAt, askedAt) >= proof
  )
}

/** Asks for the cancel until the broker's own account of the order ends it. Safe to repeat: a cancel opens nothing. */
async function cancel(h: Hands, errand: Errand): Promise<Outcome> {
  const order = await h.reads.get('order', errand.subject)
  if (!order || !isOpen(order)) return 'done'
  // The broker said no and our request was taken back: the poll that follows tells why.
  if (order.asked !== 'Cancel' && errand.attempts > 0) return 'done'
  let sent
  try {
    sent = await h.broker.cancel({ clOrdID: order.clOrdID, orderID: order.orderID })
  } catch (thrown) {
    sent = { outcome: 'in-doubt', cause: String(thrown) } as const
  }
  await h.desk.recordCancelSent(order.clOrdID, sent)
  return { againMs: 500 + backoffMs(errand.attempts + 1, CANCEL_PLAN, h.random()), why: 'not proven canceled yet' }
}

const earliest = (open: readonly Order[], now: Instant): Instant =>
  open.reduce<Instant>((first, o) => (o.sentAt !== null && o.sentAt < first ? o.sentAt : first), now)

/** What the broker should list. A leg has no name of ours there: it comes with its entry, which may be closed by now. */
async function expected(h: Hands, open: readonly Order[]): Promise<readonly OrderRef[]> {
  const named = await Promise.all(
    open
      .filter((o) => o.delivery === 'Delivered')
      .map(async (o) => (isLeg(o) ? (ownerOf(o, await h.reads.ordersOf(o.intentID)) ?? o) : o)),
  )
  return [...new Map(named.map(({ clOrdID, orderID }) => [clOrdID, { clOrdID, orderID }])).values()]
}

/** Account and positions as of one question. */
async function readHoldings(h: Hands) {
  let positions: readonly BrokerPosition[] = []
  const account = await readAccount(h.broker, h.reads, h.clock, async () => (positions = await h.broker.positions()))
  return { account, positions }
}

/** Until the next look when the broker could not be read: what is to be closed does not wait for a slower turn. */
const UNREAD_MS = 1_000

/**
 * Reads what is held, and of that the markets, and does the next step. Everything is read anew each time: an exit is for
 * what the broker holds now.
 */
async function liquidate(h: Hands): Promise<Outcome> {
  const running = await h.reads.get('liquidation', 'account')
  if (running?.state !== 'Running') return 'done'
  try {
    const account = await reading(() => readAccount(h.broker, h.reads, h.clock), h)
    const symbols = account.positions.flatMap(({ symbol, netQty }) =>
      !isZero(netQty) && closes(running, symbol) ? [symbol] : [],
    )
    const read = await Promise.allSettled(
      symbols.map((s) => reading(() => readMarket(h.broker, h.reads, s, h.clock), h)),
    )
    // A symbol that cannot be read waits by itself; the others are closed meanwhile.
    const markets = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const { sends, againMs, why } = await h.desk.liquidate({ account, markets })
    await Promise.all(sends.map((send) => deliver(h, send)))
    return againMs === null ? 'done' : { againMs, why }
  } catch (thrown) {
    if (!(thrown instanceof ReadFailed)) throw thrown
    h.log('warn', 'what is held could not be read; it is closed as soon as it can be', { error: String(thrown) })
    return { againMs: UNREAD_MS, why: String(thrown) }
  }
}

/** How often the books are compared when nothing else asks for it. */
const RECONCILE_MS = 60_000
/** The same while the stream is lost: a fill that nobody tells of waits no longer than this for its stop. */
const DEAF_MS = 10_000

async function reconcile(h: Hands): Promise<Outcome> {
  const startedAt = h.clock.now()
  const last = await h.reads.get('reconcile', h.broker.account)
  // A clock that was set back makes the last time one that is still to come.
  const open = await h.reads.openOrders(h.broker.account)
  const since = last?.clean && last.at < startedAt ? last.at : earliest(open, startedAt)
  const listed = await expected(h, open)
  const [orders, reports, { account, positions }] = await Promise.all([
    reading(() => h.broker.openOrders(listed), h),
    reading(() => h.broker.reportsSince(plusMs(since, -OVERLAP_MS)), h),
    reading(() => readHoldings(h), h),
  ])
  // What is held at the first comparison is booked at its worth, and for that its market must be known.
  if (!last) for (const { symbol } of positions) await marketKnown(h, symbol)
  const result = await h.desk.reconcile({ startedAt, orders, reports, positions, account })
  if (!result.clean) h.log('warn', 'our book and the broker differ', { findings: result.findings })
  return { againMs: h.deaf?.() ? DEAF_MS : RECONCILE_MS, why: result.clean ? 'the books agreed' : 'the books differed' }
}
