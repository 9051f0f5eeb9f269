import { mayVote, type Voter } from '../approvals/decide.ts'
import { digestOf } from '../approvals/digest.ts'
import { ONE_CLICK, type Requirement, requirementOf, surer } from '../approvals/policy.ts'
import type { Passed } from '../gate/gate.ts'
import type { LimitName } from '../gate/limits.ts'
import { explain, type Refusal, TRANSIENT } from '../gate/refusal.ts'
import {
  costOfRest,
  passReduction,
  recheckReplacement,
  reduces,
  replacementTicket,
  type Standing,
  wholeQty,
} from '../gate/replacing.ts'
import type { Actor } from '../journal/row.ts'
import { filledQty, firstOf, NO_CHANGES, unchangeable } from '../orders/generations.ts'
import { stoppable } from '../orders/halt.ts'
import { freshOrder, isOpen, type Order, ordStatus } from '../orders/machine.ts'
import { isLeg } from '../orders/protection.ts'
import type { Ticket } from '../orders/ticket.ts'
import { capabilitiesFor, type BrokerOrder, type Capabilities } from '../ports/broker.ts'
import type { Decision, Intent } from '../ports/records.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import { eq, gt, isZero, minus, type Px, type Qty, shortest } from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import { limitsNow, orderFactsNow, policyNow, proposedBy } from './approving.ts'
import { type Command, denial, deny, mustOrder, SYSTEM } from './command.ts'
import type { Denial, Send } from './desk.ts'
import { worthOf } from './evidence.ts'
import { factsAreFresh } from './intents.ts'
import { replacementID } from './naming.ts'

/**
 * An open entry gets another price or size. The old order works until the broker says that it is replaced, the new one
 * is an order of its own under the same intent, and the broker sees to it that never both can fill. Whoever asks for
 * it says yes by that to exactly these terms, so it takes a person who might approve.
 */

const about = (order: { readonly clOrdID: ClOrdID }) => ({ type: 'order', id: order.clOrdID })

/** Null is as it is. `orderQty` is the whole size, what is filled included. */
type Asked = { readonly orderQty: Qty | null; readonly price: Px | null }

const cannot = (text: string) => deny('NOT_REPLACEABLE', text)

export async function replace(
  c: Command,
  ask: Asked & { readonly clOrdID: ClOrdID; readonly reason: string | null; readonly actor: Actor },
): Promise<Result<Order, Denial>> {
  const order = await c.tx.get('order', ask.clOrdID)
  if (!order) return deny('NOT_FOUND', `There is no order ${ask.clOrdID}.`)
  const intent = await c.tx.get('intent', order.intentID)
  const person = ask.actor.type === 'person' ? await c.tx.get('person', ask.actor.id) : null
  const never = whyNever(order, intent, person)
  if (never) return err(never)
  if (!intent?.ticket) return cannot(NO_ENTRY)

  const standing = await standingOf(c, order)
  const wanted = {
    orderQty: ask.orderQty ?? wholeQty(standing),
    price: ask.price ?? order.terms.price,
  }
  const next = order.replacedBy && (await c.tx.get('order', order.replacedBy))
  // A double click is one request: the same terms, asked for by the same person, are answered as they were.
  if (next && next.consent?.by === ask.actor.id && same(next.consent.ticket.terms, wanted)) return ok(next)
  const wrong = whyNot(c, order, intent.ticket, standing, wanted)
  if (wrong) return wrong

  const family = await c.tx.ordersOf(order.intentID)
  const n = family.filter((o) => o.consent !== undefined).length + 1
  // What a trade has overtaken is no reason to make a person wait: with its price and size known it can be asked for,
  // and the look before the send has newer figures. What is known now is said now.
  const facts = { ...(await c.facts(intent)), account: await c.tx.get('account', c.setting.account) }
  const rev = intent.rev + n
  const made = replacementTicket(standing, wanted, intent.ticket, rev, intent.proposal, facts, await c.rules(), c.now)
  if (!made.ticket) return refused(made.refusals)
  const limits = limitsNow(c, await policyNow(c), await orderFactsNow(c.tx, made.ticket, intent.proposal.strategyID))
  const ticket = { ...made.ticket, maxDriftBps: limits.maxDriftBps }
  const less = reduces(ticket.terms, standing)
  // Less of the same is the safe direction. Anything else is a new order to whoever must say yes to it.
  const { refusals: judged, soft } = await judge(c, ticket, standing, intent)
  const found = [...made.refusals, ...judged]
  const more = less ? null : await asksForMore(c, ticket, intent, soft)
  if (more)
    return cannot(
      `Its new terms ask for ${inWords(more)}. Cancel the order and have the new one proposed; making it smaller is allowed.`,
    )
  const looks =
    less || (await c.haltOver(stoppable(intent.account, intent.proposal))) !== null || (await factsAreFresh(c, intent))
  // Of older facts, what newer ones would not change: a size above the limits is not looked at twice, and what our own
  // book says is never old.
  const refusals = looks ? found : found.filter(({ code }) => !TRANSIENT[code] || code === 'INSTRUMENT_FROZEN')
  if (refusals.length > 0) return refused(refusals)
  const digest = digestOf(ticket)
  const decision: Decision = {
    verdict: 'approved',
    by: ask.actor.id,
    byName: person?.name ?? ask.actor.id,
    via: ask.actor.via,
    reason: ask.reason,
    digest,
    at: c.now,
  }
  const sendBy = plusMs(c.now, limits.executionTtlMs)
  const successor = freshOrder(
    {
      intentID: order.intentID,
      role: 'Entry',
      parent: null,
      clOrdID: replacementID(firstOf(order, family).clOrdID, n),
      account: order.account,
      terms: { ...ticket.terms, orderQty: minus(ticket.terms.orderQty, standing.filledQty) },
      maxNotional: costOfRest(ticket, standing.filledQty),
      replaces: order.clOrdID,
      consent: { ticket, digest, by: ask.actor.id, sendBy },
      corr: order.corr,
    },
    c.now,
  )
  await c.emit(
    'order.replace-requested',
    about(order),
    order.corr,
    { by: successor.clOrdID, ticket, decision, sendBy },
    ask.actor,
  )
  await c.emit(
    'order.created',
    about(successor),
    successor.corr,
    { order: successor, build: c.setting.build },
    ask.actor,
  )
  await c.errand('send', successor.clOrdID, successor.corr)
  return ok(await mustOrder(c, successor.clOrdID))
}

const NO_ENTRY = 'Only an entry of this gateway can be changed. Its stop and target follow it.'

/** Why this person may not change this order, whatever becomes of it. */
function whyNever(order: Order, intent: Intent | null, voter: Voter | null): Denial | null {
  if (order.role !== 'Entry' || !intent?.ticket) return denial('NOT_REPLACEABLE', NO_ENTRY)
  const never = mayVote(proposedBy(intent), voter)
  return never && denial(never.code, never.text)
}

/** Why it cannot be changed as it stands. */
function whyNotNow(order: Order, ticket: Ticket, capabilities: Capabilities): Denial | null {
  const never = unchangeable(order)
  if (never) return denial(never.code, never.text)
  return capabilitiesFor(capabilities, ticket.assetClass).replace ? null : denial('NOT_REPLACEABLE', NO_CHANGES)
}

/**
 * Why a change of it would be refused, whatever its new terms; null when it would not. Asked beforehand too: so that no
 * page offers it.
 */
export const whyNoReplace = (
  order: Order,
  intent: Intent | null,
  voter: Voter | null,
  capabilities: Capabilities,
): Denial | null =>
  whyNever(order, intent, voter) ?? (intent?.ticket ? whyNotNow(order, intent.ticket, capabilities) : null)

/** What the policy asks for where one click of one person will not do; null where it will. */
async function asksForMore(
  c: Command,
  ticket: Ticket,
  { proposal }: Intent,
  soft: readonly LimitName[],
): Promise<Requirement | null> {
  const requires = surer(
    requirementOf(await policyNow(c), await orderFactsNow(c.tx, ticket, proposal.strategyID)),
    soft,
  )
  return requires.level === 'L1' && requires.quorum === 1 ? null : requires
}
const inWords = ({ quorum, rules }: Requirement): string =>
  `${quorum === 1 ? 'a passkey' : `${quorum} people`} (${rules.join(', ')})`

function refused(refusals: readonly Refusal[]): Result<never, Denial> {
  const halted = refusals.find(({ code }) => code === 'TRADING_HALTED')
  if (halted) return deny('TRADING_HALTED', explain(halted), refusals)
  return deny('GATE_REFUSED', `${refusals.map(explain).join(' ')} The order stands as it was.`, refusals)
}

const same = (terms: Ticket['terms'], wanted: { readonly orderQty: Qty; readonly price: Px | null }): boolean =>
  eq(terms.orderQty, wanted.orderQty) &&
  (terms.price === null || wanted.price === null ? terms.price === wanted.price : eq(terms.price, wanted.price))

async function standingOf(c: Command, order: Order): Promise<Standing> {
  return { order, filledQty: filledQty(order, await c.tx.ordersOf(order.intentID)) }
}

function whyNot(
  c: Command,
  order: Order,
  ticket: Ticket,
  standing: Standing,
  wanted: { readonly orderQty: Qty; readonly price: Px | null },
): Result<never, Denial> | null {
  const no = whyNotNow(order, ticket, c.setting.capabilities)
  if (no) return err(no)
  if (order.terms.price === null && wanted.price !== null) return cannot('A market order has no price to change.')
  if (!gt(wanted.orderQty, standing.filledQty))
    return cannot(
      `${shortest(standing.filledQty)} are filled already, and the new size counts them. Cancel the order to fill no more.`,
    )
  if (same({ ...order.terms, orderQty: wholeQty(standing) }, wanted)) return cannot('Nothing would change.')
  return null
}

/**
 * Everything that speaks against it now, and the soft limits that it is beyond. A reduction is asked only whether its
 * size can be ordered.
 */
async function judge(
  c: Command,
  ticket: Ticket,
  standing: Standing,
  intent: Intent,
): Promise<{
  readonly passed: Passed | null
  readonly refusals: readonly Refusal[]
  readonly soft: readonly LimitName[]
}> {
  const facts = await c.facts(intent)
  if (reduces(ticket.terms, standing))
    return { ...passReduction(ticket, standing, facts.market?.instrument ?? null), soft: [] }
  const { passed, refusals, drift, soft } = recheckReplacement(
    ticket,
    standing,
    intent.proposal,
    facts,
    await c.rules(),
    c.now,
  )
  return { passed, refusals: drift ? [drift] : refusals, soft }
}

/**
 * The last look before the wire, as before any send. Whatever speaks against it ends the replacement and nothing else:
 * the old order works on as it was.
 */
export async function sendReplacement(c: Command, order: Order): Promise<Send | 'facts-too-old' | null> {
  const { consent, replaces } = order
  const intent = await c.tx.get('intent', order.intentID)
  if (!consent || !replaces || !intent) return null
  const old = await mustOrder(c, replaces)
  const standing = await standingOf(c, old)
  const { ticket } = consent
  if (!isOpen(old) || old.asked === 'Cancel')
    return dropped(c, order, `${old.clOrdID} is ${ordStatus(old)}: it is not replaced any more.`)
  if (!gt(ticket.terms.orderQty, standing.filledQty))
    return dropped(c, order, `${shortest(standing.filledQty)} were filled meanwhile, which is all of the new size.`)
  const { sendBy } = consent
  const approval = await worthOf(c.tx, { votes: [consent], ticket, requires: ONE_CLICK, sendBy }, c.now)
  if (approval === 'expired') return dropped(c, order, 'It was not sent in time.')
  if (approval === 'void') {
    const name = (await c.tx.get('person', consent.by))?.name ?? consent.by
    return dropped(c, order, explain({ code: 'APPROVAL_VOID', by: name }))
  }
  const less = reduces(ticket.terms, standing)
  const of = stoppable(intent.account, intent.proposal)
  if (!less && !(await c.haltOver(of)) && !(await factsAreFresh(c, intent))) return 'facts-too-old'
  const { passed, refusals, soft } = await judge(c, ticket, standing, intent)
  if (!passed) return dropped(c, order, refusals.map(explain).join(' '))
  const more = less ? null : await asksForMore(c, ticket, intent, soft)
  if (more) return dropped(c, order, `By now it asks for ${inWords(more)}.`)

  const rest = minus(ticket.terms.orderQty, standing.filledQty)
  if (!eq(rest, order.terms.orderQty))
    await c.emit('order.resized', about(order), order.corr, { orderQty: rest }, SYSTEM)
  await c.emit('order.send-started', about(order), order.corr, { attempt: 1 })
  const ref = { clOrdID: old.clOrdID, orderID: old.orderID }
  return { kind: 'replace', ref, clOrdID: order.clOrdID, order: passed, reduces: less, sendBy, of }
}

async function dropped(c: Command, order: Order, why: string): Promise<null> {
  await c.emit('order.absent', about(order), order.corr, { evidence: `Not sent: ${why}` })
  return null
}

/**
 * Why a replacement that the broker does not know can never come to life, however late the request arrives: only an
 * open order can be replaced. Null while that one is open, or when it was replaced by this one for all we know.
 */
export async function neverCame(c: Command, order: Order): Promise<string | null> {
  const old = order.replaces && (await c.tx.get('order', order.replaces))
  if (!old || isOpen(old)) return null
  if (old.phase === 'Replaced' && (old.replacedBy ?? order.clOrdID) === order.clOrdID) return null
  return `The broker does not know ${order.clOrdID}, and ${old.clOrdID}, in whose place it was sent, is ${ordStatus(old)}.`
}

/** Nothing came of the replacement: the old order goes on, and whatever speaks of the reason is asked for. */
export async function oldGoesOn(c: Command, order: Order): Promise<void> {
  if (order.replaces) await c.errand('poll', order.replaces, order.corr)
}

/**
 * The broker says that `order` is replaced. By our hand: the one in its place is known, and a lost answer to it is
 * looked up. By others (the broker's own page, a corporate action): it is asked what is in its place.
 */
export async function replacedThere(c: Command, order: Order): Promise<void> {
  const next = order.replacedBy && (await c.tx.get('order', order.replacedBy))
  if (!next || next.delivery === 'Absent' || next.delivery === 'Rejected') {
    if (order.orderID) await c.errand('adopt', order.orderID, order.corr)
    return
  }
  if (next.delivery === 'Delivered') await c.errand('poll', next.clOrdID, next.corr)
  await exitsFollow(c, next)
}

/** Brokers resize the exits of a replaced entry with it; a look at the account shows what they made of them. */
const RESIZED_MS = 1_000

/** The exits that the broker made of a bracket are for as much as the entry in whose place this one is, and this one. */
export async function exitsFollow(c: Command, order: Order): Promise<void> {
  if (order.role !== 'Entry' || !order.terms.bracket) return
  const family = await c.tx.ordersOf(order.intentID)
  const orderQty = wholeQty({ order, filledQty: filledQty(order, family) })
  for (const leg of family)
    if (isLeg(leg) && isOpen(leg) && isZero(leg.cumQty) && !eq(leg.terms.orderQty, orderQty))
      await c.emit('order.resized', about(leg), leg.corr, { orderQty }, SYSTEM)
  await c.errand('reconcile', c.setting.account, order.corr, RESIZED_MS)
}

/** What a look-up of a replaced order says of the one in its place. */
export async function meetSuccessor(c: Command, order: Order, there: BrokerOrder): Promise<void> {
  if (order.phase !== 'Replaced') return
  const id: OrderID | null = there.replacedBy ?? null
  if (id !== null && (await c.tx.orderByOrderID(c.setting.account, id))) return
  const next = order.replacedBy && (await c.tx.get('order', order.replacedBy))
  if (next && next.delivery !== 'Absent' && next.delivery !== 'Rejected') return
  if (id !== null) return c.errand('adopt', id, order.corr)
  await c.task(
    'REPLACED_ELSEWHERE',
    order.clOrdID,
    'critical',
    `The broker says that order ${order.clOrdID} is replaced, and not by which one. Look at the broker's own page for an order in ${order.terms.symbol} that is not in this book.`,
    order.corr,
  )
}
