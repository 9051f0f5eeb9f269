import { isBeyondMore, ONE_CLICK } from '../approvals/policy.ts'
import { passExit, recheck } from '../gate/gate.ts'
import type { Refusal } from '../gate/refusal.ts'
import { stoppable } from '../orders/halt.ts'
import { freshOrder, isOpen, isReported, type Order } from '../orders/machine.ts'
import { isLeg } from '../orders/protection.ts'
import { opposite, type Terms } from '../orders/terms.ts'
import type { BrokerOrder, Found, Leg, Sent } from '../ports/broker.ts'
import type { Intent } from '../ports/records.ts'
import type { ClOrdID, ExecID } from '../values/brand.ts'
import { eq, gt, isZero } from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import { BROKER, type Command, mustOrder } from './command.ts'
import type { NotSent, Send } from './desk.ts'
import { isApproved } from './evidence.ts'
import { answeredByReports, applyReports, layGhost } from './executions.ts'
import { exitStillNeeded, protect, waitingPair, stopTerms } from './protecting.ts'
import { factsAreFresh, lapsed, ticket, watchSent } from './intents.ts'
import { engageByFile, takeBackRevived } from './halting.ts'
import { decisionIn, entryID, exitID, pairOf } from './naming.ts'
import { meetSuccessor, neverCame, oldGoesOn, sendReplacement } from './replacing.ts'
import { offersAgain } from './resending.ts'

const about = (order: { readonly clOrdID: ClOrdID }) => ({ type: 'order', id: order.clOrdID })

/** How long after an unclear send the first look-up waits: a reply that is merely late is usually booked by then. */
const FIRST_LOOK_MS = 250
/** The first look after an accepted send; the stream normally tells sooner. */
const FIRST_POLL_MS = 2_000
/** How long doubt may last before a person is called. */
const DOUBT_ALARM_MS = 60_000

/**
 * The last look before the wire. Everything is read in the transaction that makes the intention durable, so nothing can
 * change between the look and the promise; only after the commit does the worker touch the network.
 */
export async function beginSend(
  c: Command,
  subject: string,
  haltFile: boolean,
): Promise<Send | 'facts-too-old' | null> {
  if (haltFile) await engageByFile(c)
  // Proposers choose the names of intents: one that bears the name of a stop must not stand in its way.
  const order = await c.tx.get('order', subject)
  if (order && order.role !== 'Entry') return sendExit(c, order)
  if (order?.replaces) return order.delivery === 'Queued' ? sendReplacement(c, order) : answerLost(c, order)
  const intent = await c.tx.get('intent', subject)
  return intent && sendEntry(c, intent)
}

async function sendEntry(c: Command, intent: Intent): Promise<Send | 'facts-too-old' | null> {
  const { ticket: made, decision } = intent
  const before = intent.clOrdID && (await c.tx.get('order', intent.clOrdID))
  if (before) return answerLost(c, before)
  if (intent.state !== 'Approved' || intent.clOrdID || !made || decision?.verdict !== 'approved') return null
  const approval = await isApproved(c.tx, intent, made, c.now)
  if (approval === 'expired') {
    await lapsed(c, intent, 'The approval was not sent in time. Nothing left the house.')
    return null
  }
  if (approval === 'void') return refused(c, intent, [{ code: 'APPROVAL_VOID', by: decision.byName }])

  const of = stoppable(intent.account, intent.proposal)
  if (!(await c.haltOver(of)) && !(await factsAreFresh(c, intent))) return 'facts-too-old'
  const { passed, refusals, drift, soft } = recheck(
    made,
    intent.proposal,
    await c.facts(intent),
    await c.rulesFor(intent.intentID),
    c.now,
  )
  if (refusals.some((r) => r.code === 'SIGNAL_EXPIRED')) {
    await lapsed(c, intent, 'The signal expired before its approval could be sent. Nothing left the house.')
    return null
  }
  if (refusals.length > 0) return refused(c, intent, refusals)
  if (drift || !passed || isBeyondMore(intent.requires ?? ONE_CLICK, soft)) {
    // The market moved since the human looked, or others were sent and this one is beyond a soft limit by now: a new
    // ticket, a new question. The old yes is void.
    await ticket(c, intent, 'drifted')
    return null
  }
  const clOrdID = entryID(intent.account, intent.intentID, intent.attempts, decisionIn(intent))
  const order = freshOrder(
    {
      intentID: intent.intentID,
      role: 'Entry',
      parent: null,
      clOrdID,
      account: intent.account,
      terms: made.terms,
      maxNotional: made.maxNotional,
      corr: intent.corr,
    },
    c.now,
  )
  await c.emit('order.created', about(order), order.corr, { order, build: c.setting.build })
  await started(c, order)
  await watchSent(c, intent)
  return { kind: 'single', clOrdID, order: passed, of, ...(intent.sendBy !== null && { sendBy: intent.sendBy }) }
}

/**
 * A send is claimed once. Claimed again, whoever had it is gone, and with it the broker's answer: it is looked for, and
 * nothing is sent a second time.
 */
async function answerLost(c: Command, order: Order): Promise<null> {
  if (order.delivery === 'Sending') {
    await c.emit('order.in-doubt', about(order), order.corr, {
      cause: 'The answer to the send was never written down.',
    })
    await answeredByReports(c, order.clOrdID)
    await c.errand('resolve', order.clOrdID, order.corr)
  }
  return null
}

async function refused(c: Command, intent: Intent, refusals: readonly Refusal[]): Promise<null> {
  await c.emit('intent.refused', { type: 'intent', id: intent.intentID, rev: intent.rev }, intent.corr, {
    at: 'send',
    refusals,
    sizing: null,
    checks: intent.checks,
  })
  return null
}

/** Exits pass whatever is halted or limited; only their own need is looked at again, so that none outlives its position. */
async function sendExit(c: Command, order: Order): Promise<Send | null> {
  if (order.delivery !== 'Queued') {
    const pair = await c.tx.get('order', pairOf(order.clOrdID))
    if (pair && pair.clOrdID !== order.clOrdID) await answerLost(c, pair)
    return answerLost(c, order)
  }
  const pair = await waitingPair(c, order, 'Queued')
  if (!(await exitStillNeeded(c, order, pair))) {
    for (const unneeded of pair ? [order, pair] : [order])
      await c.emit('order.absent', about(unneeded), order.corr, {
        evidence: 'Not sent: what it was to protect is no longer held.',
      })
    await protect(c, order.intentID)
    return null
  }
  await started(c, order)
  if (!pair) return { kind: 'single', clOrdID: order.clOrdID, order: passExit(order.terms) }
  await started(c, pair)
  return {
    kind: 'pair',
    stop: { clOrdID: order.clOrdID, order: passExit(order.terms) },
    target: { clOrdID: pair.clOrdID, order: passExit(pair.terms) },
  }
}

const started = (c: Command, order: Order) => c.emit('order.send-started', about(order), order.corr, { attempt: 1 })

const namesOf = (send: Send): readonly ClOrdID[] =>
  send.kind === 'pair' ? [send.stop.clOrdID, send.target.clOrdID] : [send.clOrdID]

/** Makes the answer to one send durable; `not-sent` is ours: the promise was made, and a halt came before the first byte. */
export async function recordSent(c: Command, send: Send, sent: Sent | NotSent): Promise<void> {
  for (const clOrdID of namesOf(send)) {
    const order = await mustOrder(c, clOrdID)
    switch (sent.outcome) {
      case 'accepted': {
        const own = send.kind === 'pair' ? sent.legs.find((leg) => leg.role === order.role)?.orderID : sent.orderID
        await c.emit('order.accepted', about(order), order.corr, { orderID: own ?? null }, BROKER)
        if (order.delivery === 'Absent') await appeared(c, order)
        if (send.kind !== 'pair') await adoptLegs(c, order, sent.legs)
        // What the old order filled on the way is not in the size of the new one: its own account tells.
        await c.errand('poll', clOrdID, order.corr, send.kind === 'replace' ? 0 : FIRST_POLL_MS)
        break
      }
      case 'rejected':
        if (order.delivery === 'Delivered' || isHeld(order)) await contradicted(c, order, sent.text)
        else if (isRepeat(order))
          await nothingOfRepeat(
            c,
            order,
            `The broker refused the repeat ("${sent.text}"), which says nothing about the first send.`,
          )
        else await c.emit('order.rejected', about(order), order.corr, { text: sent.text }, BROKER)
        await oldGoesOn(c, order)
        break
      case 'not-sent':
        if (isRepeat(order)) {
          await nothingOfRepeat(c, order, `${sent.cause} That was the repeat: the first send may still arrive.`)
          break
        }
        await c.emit('order.absent', about(order), order.corr, {
          evidence: sent.cause,
          ...(sent.differs !== undefined && { differs: sent.differs }),
        })
        await afterAbsent(c, order)
        break
      case 'in-doubt':
        await c.emit('order.in-doubt', about(order), order.corr, { cause: sent.cause })
        await answeredByReports(c, clOrdID)
        await c.errand('resolve', clOrdID, order.corr, FIRST_LOOK_MS)
        break
    }
  }
  const [first] = namesOf(send)
  if (!first) return
  const { intentID, role, replaces } = await mustOrder(c, first)
  await c.tx.remove('errand', `send:${role === 'Entry' && !replaces ? intentID : first}`)
  await protect(c, intentID)
}

/** It was offered before, and nobody knows what came of that. */
const isRepeat = (order: Order): boolean => (order.offers ?? 1) > 1

/** A repeat that was refused, or stayed here, says nothing about the first send, which may have arrived. Looking goes on. */
async function nothingOfRepeat(c: Command, order: Order, cause: string): Promise<void> {
  await c.emit('order.in-doubt', about(order), order.corr, { cause })
  await answeredByReports(c, order.clOrdID)
  await c.errand('resolve', order.clOrdID, order.corr, FIRST_LOOK_MS)
}

/** The reports were faster than the reply, and they speak of an order that the broker took. */
const isHeld = (order: Order): boolean => isReported(order) && order.phase !== 'Rejected'

/** Its own reports say the broker has the order, its late reply says no: the reports are believed, and a person looks. */
async function contradicted(c: Command, order: Order, text: string): Promise<void> {
  if (order.delivery !== 'Delivered')
    await c.emit('order.accepted', about(order), order.corr, { orderID: order.orderID }, BROKER)
  await c.task(
    'DISPUTED',
    order.clOrdID,
    'critical',
    `The broker answered "${text}" to the send of ${order.clOrdID}, yet reports that it holds it. It is treated as live.`,
    order.corr,
  )
  await c.errand('resolve', order.clOrdID, order.corr)
}

/** The broker made exits from our bracket and named them itself: from now on they are in our book under names of ours. */
async function adoptLegs(c: Command, entry: Order, legs: readonly Leg[]): Promise<void> {
  const { bracket } = entry.terms
  if (!bracket) return
  for (const { role, orderID } of legs) {
    const clOrdID = exitID(entry.clOrdID, role, 0)
    // The exits of an order that was replaced went over to the one in its place.
    if ((await c.tx.get('order', clOrdID)) || (await c.tx.orderByOrderID(entry.account, orderID))) continue
    const terms: Terms = {
      symbol: entry.terms.symbol,
      side: opposite(entry.terms.side),
      ...(role === 'Stop' ? stopTerms(bracket) : { ordType: 'Limit' as const, price: bracket.targetPx, stopPx: null }),
      timeInForce: c.setting.capabilities.legsLastAsEntry ? entry.terms.timeInForce : 'GTC',
      orderQty: entry.terms.orderQty,
      bracket: null,
      reduceOnly: true,
    }
    const leg = freshOrder(
      {
        intentID: entry.intentID,
        role,
        parent: entry.clOrdID,
        clOrdID,
        account: entry.account,
        terms,
        corr: entry.corr,
      },
      c.now,
    )
    await c.emit(
      'order.created',
      about(leg),
      leg.corr,
      { order: { ...leg, delivery: 'Delivered', orderID, sentAt: entry.sentAt } },
      BROKER,
    )
  }
}

/**
 * What a look-up by name found, for an order in doubt or one whose reports are overdue. Found: it is delivered, whatever
 * the send seemed to say. Not found: proof of absence only when the broker's rules make it one, and never for an order
 * the broker has acknowledged.
 */
export async function resolve(
  c: Command,
  clOrdID: ClOrdID,
  found: Found,
  askedAt: Instant,
): Promise<'resolved' | 'still-in-doubt'> {
  const order = await mustOrder(c, clOrdID)
  if (!found.found) return notFound(c, order, askedAt)
  const ghost = order.delivery === 'Absent'
  if (order.delivery !== 'Delivered')
    await c.emit('order.accepted', about(order), order.corr, { orderID: found.order.orderID }, BROKER)
  const delivered = await mustOrder(c, clOrdID)
  // Until now a cancel could only be refused as unknown.
  if (order.delivery !== 'Delivered' && order.asked === 'Cancel') await c.errand('cancel', clOrdID, order.corr)
  await adoptLegs(c, delivered, found.order.legs)
  await resizeTo(c, delivered, found.order)
  await applyReports(c, found.reports)
  if (ghost) await appeared(c, order)
  if (!found.order.open) await endedThere(c, clOrdID, found.order, askedAt)
  await meetSuccessor(c, await mustOrder(c, clOrdID), found.order)
  await protect(c, order.intentID, order.role === 'Entry')
  return 'resolved'
}

async function appeared(c: Command, { clOrdID, terms, corr }: Order): Promise<void> {
  await c.freeze(terms.symbol, `order ${clOrdID} was proven absent and then appeared at the broker`, corr)
  await layGhost(c, await mustOrder(c, clOrdID))
}

/** How long the report of an end may lag behind the order that shows it. */
const END_LAG_MS = 10_000

/**
 * The broker lists the order as ended, and no report says how: after a bust of its last fill, or a status we have no
 * word for. Its own account of the order ends it here too; what it traded stays, and a person is told.
 */
async function endedThere(c: Command, clOrdID: ClOrdID, there: BrokerOrder, askedAt: Instant): Promise<void> {
  const { orderID } = there
  const order = await mustOrder(c, clOrdID)
  if (!isOpen(order) || Math.floor(msBetween(order.updatedAt, askedAt) / c.setting.speed) < END_LAG_MS) return
  // A leg that traded unheard may have closed what it covered: another stop would sell what is no longer held.
  if (isLeg(order) && !eq(there.cumQty, order.cumQty)) return
  const text = 'The broker lists it as ended and reports no end of it.'
  const execID = `ended:${orderID}` as ExecID
  const execType = there.replacedBy ? 'Replaced' : 'Canceled'
  await applyReports(c, [{ execType, execID, clOrdID, orderID, transactTime: askedAt, text }])
  if (execType === 'Replaced') return
  await c.task(
    'DISPUTED',
    clOrdID,
    'warning',
    `The broker lists order ${clOrdID} as ended and reports no end of it. It counts as canceled from now on: compare what it filled.`,
    order.corr,
  )
}

/** The size the broker holds is the size there is: legs follow what their entry has filled. */
export async function resizeTo(c: Command, order: Order, there: BrokerOrder): Promise<void> {
  // A size of nothing is how some brokers list an order that has ended: its end is reported, its size stays.
  if (isZero(there.terms.orderQty) || eq(order.terms.orderQty, there.terms.orderQty)) return
  const { orderQty } = there.terms
  // Others made it larger, and just then it filled what it was for: it works on, and whatever is said of it holds again.
  const works = order.phase === 'Filled' && there.open && gt(orderQty, order.cumQty)
  await c.emit('order.resized', about(order), order.corr, { orderQty, ...(works && { works }) }, BROKER)
  if (!works) return
  await c.errand('poll', order.clOrdID, order.corr)
  await takeBackRevived(c, order)
}

/** Longer than the slowest send and the recording of its answer: 30 s and 15.5 s. */
const SEND_LOST_MS = 60_000

/** Until an order that the broker does not list yet is asked about again. */
const UNLISTED_MS = 1_000

async function notFound(c: Command, order: Order, askedAt: Instant): Promise<'resolved' | 'still-in-doubt'> {
  const waited = Math.floor(msBetween(order.updatedAt, askedAt) / c.setting.speed)
  if (order.delivery === 'Delivered') {
    // What was booked a moment ago may be on no list yet, and then not knowing it says nothing of its exits either.
    const unlisted = waited < (c.setting.capabilities.listedWithinMs ?? 0)
    if (isOpen(order) && !unlisted)
      await c.freeze(
        order.terms.symbol,
        `the broker acknowledged order ${order.clOrdID} and now does not know it`,
        order.corr,
      )
    if (unlisted) await protect(c, order.intentID, false, UNLISTED_MS)
    else await protect(c, order.intentID, order.role === 'Entry')
    return 'resolved'
  }
  // While the send itself is running, its request may be anywhere between us and the broker: nothing proves it away.
  if (order.delivery === 'Sending') {
    // A first send is claimed again when its lease ends. Of a repeat, whose errand is over, only its age tells.
    if (isRepeat(order) && waited >= SEND_LOST_MS) await answerLost(c, order)
    return 'still-in-doubt'
  }
  if (order.delivery !== 'InDoubt') return 'resolved'
  const never = await neverCame(c, order)
  if (never !== null) {
    await c.emit('order.absent', about(order), order.corr, { evidence: never })
    await afterAbsent(c, order)
    return 'resolved'
  }
  if (offersAgain(c, order, waited)) await c.errand('resend', order.clOrdID, order.corr)
  const proof = c.setting.capabilities.absenceProvenAfterMs
  if (proof === null || waited < proof) {
    if (waited >= DOUBT_ALARM_MS) await askAboutDoubt(c, order)
    return 'still-in-doubt'
  }
  await c.emit('order.absent', about(order), order.corr, {
    evidence: `The broker did not know ${order.clOrdID} ${waited} ms after the send was given up; its rules make that proof.`,
  })
  await afterAbsent(c, order)
  return 'resolved'
}

/** A person looks where no question of ours is answered. */
export const askAboutDoubt = (c: Command, { clOrdID, corr }: Order): Promise<void> =>
  c.task(
    'IN_DOUBT',
    clOrdID,
    'critical',
    `Nobody knows whether the broker has order ${clOrdID}. Look at the broker's own page; do not order again.`,
    corr,
  )

async function afterAbsent(c: Command, order: Order): Promise<void> {
  await protect(c, order.intentID)
  if (order.replaces) return oldGoesOn(c, order)
  const intent = order.role === 'Entry' ? await c.tx.get('intent', order.intentID) : null
  // A send that waited for so long that it counted as gone may say at last that it stayed here, when another has its place.
  if (intent?.state !== 'Approved' || intent.clOrdID !== order.clOrdID) return
  // Nothing was ordered, so the human is asked afresh; the proven absence does not extend the old yes.
  if (c.now > intent.proposal.expiresAt)
    await lapsed(c, intent, 'The order never reached the broker, and the signal has expired.')
  else await ticket(c, intent, 'never sent')
}
