import { countYes, mayApprove, mayDecline, mayVote, withYes } from '../approvals/decide.ts'
import { digestOf } from '../approvals/digest.ts'
import { LEVEL_OF } from '../approvals/evidence.ts'
import { ONE_CLICK } from '../approvals/policy.ts'
import { costOfRest, reduces, type Standing } from '../gate/replacing.ts'
import { costOf } from '../gate/sizing.ts'
import { moment } from '../gate/words.ts'
import { filledQty, firstOf, unchangeable } from '../orders/generations.ts'
import { haltOf, isHigher, isNarrow, statesOf, stoppable, type Stoppable, tradingIn } from '../orders/halt.ts'
import { applyReport, isOpen, isReported, type Order, ordStatus } from '../orders/machine.ts'
import { isLeg, protection } from '../orders/protection.ts'
import { opposite, type Terms } from '../orders/terms.ts'
import type { Consent, Ticket } from '../orders/ticket.ts'
import type { Intent } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import { type Decimal, eq, gt, lt, minus, plus, qty, shortest, ZERO } from '../values/decimal.ts'
import { dayOf } from '../values/day.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { proposedBy } from './approving.ts'
import { DAY_ZONE } from './trading-day.ts'
import type { Action, Happened } from './events.ts'
import { castOf, isApproved, isGiven, isOfEnded, isOfNow, worthOf } from './evidence.ts'
import { type Case, type Found, found, type Judge, WRITTEN_WITHIN_MS } from './finding.ts'
import { RELEASERS } from './halting.ts'
import { pending } from './intents.ts'
import { decisionIn, entryID, exitID, pairOf, replacementID } from './naming.ts'
import { stopTerms } from './protecting.ts'
import { ALERT_JUDGES, ruleFault } from './redeciding-alerts.ts'
import { requirementFault } from './redeciding-changes.ts'
import { escalatedFault, plannedFault } from './redeciding-escalations.ts'
import { exitFault, LIQUIDATION_JUDGES } from './redeciding-liquidations.ts'
import { PEOPLE_JUDGES } from './redeciding-people.ts'
import { STAGE_JUDGES } from './redeciding-stages.ts'

// What the desk decided is decided again, from nothing but the journal. Every event has a judge: given the book as the
// rows before made it, could the desk have written this row? What depends on facts that are not in the journal (quotes,
// balances) is not asked again; what depends on the book, on people, on the clock and on arithmetic is.

const nothingToDecide = async (): Promise<null> => null

/** A new event does not compile until somebody has said what it must agree with. */
export const JUDGES: { readonly [A in Action]: Judge<A> } = {
  'gateway.started': nothingToDecide,
  'gateway.stopped': nothingToDecide,
  'broker.connected': nothingToDecide,
  'broker.lost': nothingToDecide,

  'intent.received': async ({ tx, row, data: { intent } }) => {
    const id = row.object.id
    if (await tx.get('intent', id))
      return found(
        'REPEATED',
        `Intent ${id} is received a second time.`,
        'An intent is received once. The same id asked again is answered from the book, which is no event.',
      )
    if (intent.intentID !== id || intent.proposal.intentID !== id)
      return found('MISFILED', `The row is about ${id} and holds intent ${intent.intentID}.`, 'Both name one intent.')
    const fresh = intent.state === 'Received' && intent.rev === 0 && !intent.ticket && !intent.clOrdID
    return fresh && intent.attempts === 0
      ? null
      : found('NOT_NEW', `Intent ${id} is received as ${intent.state}.`, 'It begins as Received, with nothing decided.')
  },

  'intent.ticketed': async (c) => {
    const { tx, row, data } = c
    const intent = await tx.get('intent', row.object.id)
    if (!intent) return null
    const { ticket, digest, sizing, checks, decideBy } = data
    const computed = digestOf(ticket)
    if (digest !== computed)
      return found('DIGEST_MISMATCH', `The digest ${digest} is shown with the ticket.`, `The ticket’s is ${computed}.`)
    const { terms } = ticket
    const { proposal } = intent
    if (ticket.intentID !== intent.intentID || ticket.rev !== intent.rev + 1 || ticket.account !== intent.account)
      return found(
        'WRONG_TERMS',
        `Ticket ${ticket.rev} of ${ticket.intentID} on ${ticket.account}.`,
        `Next is ticket ${intent.rev + 1} of ${intent.intentID} on ${intent.account}.`,
      )
    if (terms.symbol !== proposal.symbol || terms.side !== proposal.side)
      return found(
        'WRONG_TERMS',
        `The ticket is to ${inWords(terms)}.`,
        `What was asked for is to ${proposal.side.toLowerCase()} ${proposal.symbol}.`,
      )
    const failed = checks.find((check) => !check.passed)
    if (failed)
      return found('WRONG_SIZE', `The ticket was made although a check failed: "${failed.label}".`, 'It is refused.')
    const size = sizeFault(ticket, sizing)
    if (size) return size
    if (decideBy > proposal.expiresAt)
      return found(
        'APPROVAL_EXPIRED',
        `It may be decided until ${moment(decideBy)}.`,
        `No longer than its signal lives: ${moment(proposal.expiresAt)}.`,
      )
    const asks = (await requirementFault(c, intent)) ?? (await plannedFault(c))
    if (asks) return asks
    return (
      (await stopped(tx, stoppable(intent.account, intent.proposal), 'A ticket is made.')) ??
      mayLive(tx, intent, 'It is priced anew.')
    )
  },

  'intent.refused': async ({ tx, row }) => {
    const intent = await tx.get('intent', row.object.id)
    return intent && mayLive(tx, intent, 'It is refused.')
  },

  'intent.approved': async (c) => {
    const wrong = await wrongYes(c)
    const intent = await c.tx.get('intent', c.row.object.id)
    if (wrong || !intent?.ticket) return wrong
    const { decision } = c.data
    const { requires = ONE_CLICK, votes = [] } = intent
    const cast = await castOf(c.tx, withYes(votes, decision), intent.ticket, requires, decision.at)
    const people = countYes(requires, cast, digestOf(intent.ticket))
    return people < requires.quorum
      ? found(
          'NOT_APPROVED',
          `It counts as approved after the yes of ${decision.byName}.`,
          `${requires.quorum} must say yes at level ${requires.level}, and ${people} did.`,
        )
      : null
  },
  'intent.voted': wrongYes,
  'intent.put-aside': async ({ row, data: { aside } }) =>
    row.actor.type === 'person' && row.actor.id === aside.by
      ? null
      : found('NOT_ELIGIBLE', `${row.actor.id} put it aside.`, `The row says that ${aside.by} did.`),
  'intent.escalated': escalatedFault,
  'intent.declined': async ({ tx, row, data: { decision } }) => {
    const intent = await tx.get('intent', row.object.id)
    const voter = row.actor.type === 'person' ? await tx.get('person', row.actor.id) : null
    const no = intent && mayDecline(intent.state, voter)
    return no ? found(no.code, `${decision.byName} (${row.actor.type}) declined.`, no.text) : null
  },
  'intent.withdrawn': async ({ tx, row, data: { decision } }) => {
    const intent = await tx.get('intent', row.object.id)
    if (!intent) return null
    const isOwn = row.actor.type === 'person' || row.actor.id === intent.proposer.id
    const halts = statesOf(await tx.all('halt')).filter(({ scope }) => isNarrow(scope))
    if (!isOwn && !haltOf(halts, stoppable(intent.account, intent.proposal)))
      return found(
        'NOT_ELIGIBLE',
        `${decision.byName} (${row.actor.type}) withdrew it.`,
        'An agent can withdraw only what it proposed itself.',
      )
    return intent.clOrdID === null
      ? null
      : found('STILL_LIVE', 'It is withdrawn.', `Its order ${intent.clOrdID} is made: that order can be canceled.`)
  },
  'intent.lapsed': async ({ tx, row, at, data: { why } }) => {
    const intent = await tx.get('intent', row.object.id)
    if (!intent) return null
    const said = `It lapsed: "${why}".`
    // Whatever an order that counted as never sent brings about is no matter of the clock.
    const until = intent.attempts > 0 ? null : untilOf(intent)
    if (until !== null && at <= until) return found('TOO_EARLY', said, `It stands until ${moment(until)}.`)
    return mayLive(tx, intent, said)
  },

  'order.created': async (c) => {
    const { tx, row, data } = c
    const { order } = data
    const said = `${order.clOrdID} is made to ${inWords(order.terms)}.`
    const before = await bookedBefore(tx, row.object.id, order, said)
    if (before) return before
    if (order.role === 'Exit') return exitFault(tx, order, said, true)
    if (order.role !== 'Entry') return exitCreated(tx, order, said)
    return order.replaces ? replacementCreated(c, order, said) : entryCreated(tx, order, said)
  },
  'order.adopted': async ({ tx, row, data: { order } }) => {
    const said = `${order.clOrdID}, of other hands, is taken into the book.`
    const before = await bookedBefore(tx, row.object.id, order, said)
    if (before) return before
    const twin = order.orderID && (await tx.orderByOrderID(order.account, order.orderID))
    if (twin) return found('REPEATED', said, `The broker’s ${order.orderID} is in the book as ${twin.clOrdID}.`)
    const next = order.replaces && (await tx.get('order', order.replaces))
    return order.role === 'External' || next
      ? null
      : found('NOT_APPROVED', said, 'It is of nobody’s intent, and in the place of no order of ours.')
  },
  'order.replace-requested': async ({ tx, row, data: { by, ticket, decision } }) => {
    const order = await tx.get('order', row.object.id)
    const intent = order && (await tx.get('intent', order.intentID))
    if (!order || !intent) return null
    const said = `${decision.byName} (${row.actor.type}) changed ${order.clOrdID} to ${inWords(ticket.terms)}.`
    const never = mayVote(proposedBy(intent), row.actor.type === 'person' ? await tx.get('person', row.actor.id) : null)
    if (never) return found(never.code, said, never.text)
    const cannot = unchangeable(order)
    if (cannot) return found('NOT_REPLACEABLE', said, cannot.text)
    const computed = digestOf(ticket)
    if (decision.digest !== computed || ticket.replaces !== order.clOrdID)
      return found('DIGEST_MISMATCH', `Approved was ${decision.digest} for ${by}.`, `The ticket’s is ${computed}.`)
    return reduces(ticket.terms, await standingOf(tx, order)) ? null : stopped(tx, await partOf(tx, order), said)
  },

  'order.send-started': async (c) => {
    const order = await c.tx.get('order', c.row.object.id)
    if (!order) return null
    const { attempt } = c.data
    const said = `Send ${attempt} of ${order.clOrdID} (${inWords(order.terms)}) starts.`
    const wanted = order.delivery === 'InDoubt' ? (order.offers ?? 1) + 1 : 1
    if (attempt !== wanted) return found('WRONG_ATTEMPT', said, `It is send ${wanted}: the order is ${order.delivery}.`)
    if (order.delivery === 'InDoubt' && (isReported(order) || order.asked === 'Cancel' || order.replaces))
      return found('SECOND_ORDER', said, `It is ${ordStatus(order)} and may be there already: it is not offered again.`)
    if (order.role === 'Exit') return exitFault(c.tx, order, said, order.delivery === 'Queued')
    if (order.role !== 'Entry') return exitSent(c.tx, order, said)
    return order.consent ? replacementSent(c, order, order.consent, said) : entrySent(c, order, said)
  },
  'order.accepted': async ({ tx, row, data: { orderID } }) => {
    const order = await tx.get('order', row.object.id)
    return order?.orderID && orderID && order.orderID !== orderID
      ? found('WRONG_ORDER', `The broker calls ${order.clOrdID} ${orderID}.`, `It called it ${order.orderID} before.`)
      : null
  },
  'order.rejected': async ({ tx, row, data: { text } }) => {
    const order = await tx.get('order', row.object.id)
    if (!order) return null
    const said = `${order.clOrdID} is rejected: "${text}".`
    if (isReported(order) && order.phase !== 'Rejected')
      return found('CONTRADICTED', said, `The broker has reported that it holds it: it is ${ordStatus(order)}.`)
    return (order.offers ?? 1) > 1
      ? found(
          'CONTRADICTED',
          said,
          'That was the no to a repeat, which says nothing of the first send: it is in doubt.',
        )
      : null
  },
  'order.in-doubt': nothingToDecide,
  'order.absent': async ({ tx, row, data: { evidence } }) => {
    const order = await tx.get('order', row.object.id)
    return order && isReported(order)
      ? found(
          'CONTRADICTED',
          `${order.clOrdID} never reached the broker: "${evidence}".`,
          `The broker has reported about it: it is ${ordStatus(order)}.`,
        )
      : null
  },
  'order.resized': async ({ tx, row, data: { orderQty, works } }) => {
    const order = await tx.get('order', row.object.id)
    if (!order || !works || (order.phase === 'Filled' && gt(orderQty, order.cumQty))) return null
    const said = `${order.clOrdID} is for ${shortest(orderQty)} now, and works on.`
    return found('CONTRADICTED', said, `It is ${ordStatus(order)}, and has filled ${shortest(order.cumQty)}.`)
  },
  'order.cancel-requested': nothingToDecide,
  'order.cancel-answered': nothingToDecide,

  'execution.reported': async ({ tx, row, at, data: { report } }) => {
    const order = await tx.get('order', row.object.id)
    if (!order) return null
    const said = `The broker reports ${report.execType} ${report.execID} of ${order.clOrdID}.`
    const named = report.clOrdID && (await tx.get('order', report.clOrdID))
    if (named && named.clOrdID !== order.clOrdID)
      return found('WRONG_ORDER', said, `The report names ${named.clOrdID}, so it belongs there.`)
    if (!named && report.orderID && order.orderID && report.orderID !== order.orderID)
      return found('WRONG_ORDER', said, `The report names ${report.orderID}; this order is ${order.orderID}.`)
    const prior = await priorOf(tx, order, report)
    const applied = applyReport(order, report, prior, at)
    // What the machine does not take is an illegal step, and the fold says so.
    if (!applied.ok) return null
    if (applied.value.order === order)
      return found(
        'REPEATED',
        said,
        prior && report.execType === 'Trade'
          ? `Row ${prior.seq} has counted this fill: said again, it changes nothing and is not written.`
          : `It says nothing new of an order that is ${ordStatus(order)}, and is not written.`,
      )
    return (order.delivery === 'Absent' || order.delivery === 'Rejected') && report.execType !== 'Rejected'
      ? found('CONTRADICTED', said, `The order counts as ${ordStatus(order)}: that is taken back first.`)
      : null
  },
  'execution.disputed': async ({ tx, row, at, data: { report, fault } }) => {
    const order = await tx.get('order', row.object.id)
    if (!order) return null
    const said = `${report.execType} ${report.execID} of ${order.clOrdID} is set aside, the order being ${fault.phase}.`
    if (order.disputed?.includes(report.execID)) return found('REPEATED', said, 'It has been set aside before.')
    const applied = applyReport(order, report, await priorOf(tx, order, report), at)
    if (applied.ok) return found('WRONG_DISPUTE', said, `The machine takes it: the order is ${ordStatus(order)}.`)
    return same(applied.error, fault)
      ? null
      : found('WRONG_DISPUTE', said, `The machine refuses it as ${applied.error.said} of ${applied.error.phase}.`)
  },

  'limits.opened': async ({ tx }) =>
    (await tx.get('limits', 'account'))
      ? found('REPEATED', 'The risk limits begin.', 'They have begun before: from then on people change them.')
      : null,
  ...STAGE_JUDGES,
  'day.opened': async ({ tx, at, data: { day } }) => {
    const said = `The trading day ${day} begins.`
    const now = dayOf(at, DAY_ZONE)
    const before = await tx.get('day', 'account')
    if (before?.opening && before.day === day) return found('REPEATED', said, 'It has begun before.')
    return day === now.name || (before && at < before.until) ? null : found('CONTRADICTED', said, `It is ${now.name}.`)
  },
  'halt.engaged': async (one) => {
    const { by, scope = 'global', level = 'K4' } = one.data
    const state = (await one.tx.get('halt', scope))?.state
    return state && !isHigher(level, state.level)
      ? found(
          'REPEATED',
          `${by} halted it: ${tradingIn(scope)}, ${level}.`,
          `It is halted at ${state.level} since ${moment(state.since)}, by ${state.by}.`,
        )
      : ruleFault(one)
  },
  'halt.released': async ({ tx, row, data: { by, reason, scope = 'global' } }) => {
    const said = `${by} (${row.actor.type}) released the halt: "${reason}".`
    const state = (await tx.get('halt', scope))?.state
    if (!state) return found('REPEATED', said, `${tradingIn(scope)} is not halted.`)
    const person = row.actor.type === 'person' ? await tx.get('person', row.actor.id) : null
    if (!person || person.disabled || !RELEASERS.some((role) => person.roles.some((r) => r === role)))
      return found('NOT_ELIGIBLE', said, `It takes a signed-in person with one of the roles ${RELEASERS.join(', ')}.`)
    if (row.corr !== 'halt') {
      const change = await tx.get('change', row.corr)
      if (change?.state !== 'Waiting' || change.what.kind !== 'release' || change.what.scope !== scope)
        return found('NOT_APPROVED', said, `Nobody had agreed to that: ${row.corr} is no such change.`)
    }
    if (isNarrow(scope)) return null
    if ((await tx.get('liquidation', 'account'))?.state === 'Running')
      return found('TRADING_HALTED', said, 'Everything is being closed: that ends first, or is stopped.')
    const runs = await tx.all('reconcile')
    return runs.some((run) => run.clean && run.at >= state.since)
      ? null
      : found(
          'UNRECONCILED',
          said,
          `Book and broker are to be compared first, and to agree, after ${moment(state.since)}.`,
        )
  },
  'instrument.frozen': nothingToDecide,
  'instrument.thawed': async ({ tx, row, data: { symbol } }) => {
    const said = `${symbol} is open again.`
    if (!(await tx.get('freeze', row.object.id))) return found('REPEATED', said, 'It was not frozen.')
    const task = await tx.get('task', `FROZEN:${symbol}`)
    return task && task.doneAt === null
      ? found('LEFT_UNDONE', said, 'A person closes its task first, and nobody has.')
      : null
  },

  ...ALERT_JUDGES,
  'account.reconciled': nothingToDecide,
  'account.identified': async ({ tx, data: { account } }) => {
    const [known] = await tx.all('identity')
    return known
      ? found('REPEATED', `This is the book of ${account}.`, `It was said to be that of ${known.account} before.`)
      : null
  },

  'session.ended': nothingToDecide,
  ...LIQUIDATION_JUDGES,
  ...PEOPLE_JUDGES,
  'token.issued': nothingToDecide,
  'token.revoked': nothingToDecide,
}

/** Could the desk have written this row? The first reason why not. Malformed data throws. */
export async function judge(c: Case): Promise<Found | null> {
  const filed = await misfiled(c)
  if (filed) return filed
  return (JUDGES[c.row.action as Action] as Judge<Action>)(c)
}

/** Whoever reads the story of an order by its correlation id must find every row about it there. */
async function misfiled({ tx, row: { object, corr } }: Case): Promise<Found | null> {
  const kind = object.type === 'order' || object.type === 'intent' ? object.type : null
  const record = kind && (await tx.get(kind, object.id))
  return record && record.corr !== corr
    ? found('MISFILED', `The row about ${object.id} is filed under ${corr}.`, `Its story is ${record.corr}.`)
    : null
}

// ---------------------------------------------------------------- intents

/** Of the numbers that are recorded beside a ticket, those that follow from the others. */
function sizeFault(ticket: Ticket, sizing: Happened['intent.ticketed']['sizing']): Found | null {
  const { terms, maxNotional } = ticket
  const lines: readonly (readonly [wrong: boolean, recorded: string, expected: string])[] = [
    [
      !eq(terms.orderQty, sizing.orderQty),
      `The ticket is for ${shortest(terms.orderQty)}.`,
      `The size was computed as ${shortest(sizing.orderQty)}.`,
    ],
    [
      gt(sizing.orderQty, sizing.qty),
      `The size is ${shortest(sizing.orderQty)}.`,
      `Risk and limits leave ${shortest(sizing.qty)} at most.`,
    ],
    ...sizing.caps.map(
      (cap) =>
        [
          gt(sizing.qty, cap.capQty),
          `The size that may be is ${shortest(sizing.qty)}.`,
          `The limit "${cap.name}" leaves ${shortest(cap.capQty)}.`,
        ] as const,
    ),
    [
      gt(sizing.riskAtStop, sizing.riskAmount),
      `${shortest(sizing.riskAtStop)} ${sizing.currency} would be lost at the stop.`,
      `${shortest(sizing.riskAmount)} may be.`,
    ],
    [
      !eq(maxNotional, sizing.notional) || !eq(sizing.notional, costOf(sizing.orderQty, sizing.unitCost)),
      `It may cost ${shortest(maxNotional)} ${ticket.currency}.`,
      `Its size and the cost of a unit make ${shortest(costOf(sizing.orderQty, sizing.unitCost))}.`,
    ],
  ]
  const wrong = lines.find(([is]) => is)
  return wrong ? found('WRONG_SIZE', wrong[1], wrong[2]) : null
}

/** An intent is asked, refused or ended anew only when its order is proven never to have left. */
async function mayLive(tx: Tx, intent: Intent, said: string): Promise<Found | null> {
  const order = intent.clOrdID && (await tx.get('order', intent.clOrdID))
  return order && order.delivery !== 'Absent'
    ? found('STILL_LIVE', said, `Its order ${order.clOrdID} is ${ordStatus(order)}, and may be at the broker.`)
    : null
}

/** Until when the clock leaves an intent alone; an approved one ends with its approval or its signal, whichever is first. */
function untilOf({ state, proposal: { expiresAt }, decideBy, sendBy }: Intent): Instant | null {
  if (state === 'AwaitingApproval') return decideBy
  if (state === 'Received') return expiresAt
  // A signal is over at the very moment of its expiry.
  return sendBy === null ? null : (Math.min(sendBy, expiresAt - 1) as Instant)
}

const partOf = async (tx: Tx, { intentID, account, terms: { symbol } }: Order): Promise<Stoppable> => ({
  account,
  symbol,
  strategyID: (await tx.get('intent', intentID))?.proposal.strategyID ?? null,
})

async function stopped(tx: Tx, what: Stoppable, said: string): Promise<Found | null> {
  const state = haltOf(statesOf(await tx.all('halt')), what)
  if (state)
    return found(
      'TRADING_HALTED',
      said,
      `${tradingIn(state.scope)} is halted since ${moment(state.since)} by ${state.by} ("${state.reason}"): nothing that could open a position goes on.`,
    )
  const freeze = what.symbol === null ? null : await tx.get('freeze', what.symbol)
  return freeze
    ? found('INSTRUMENT_FROZEN', said, `${freeze.symbol} is frozen since ${moment(freeze.since)}: ${freeze.reason}.`)
    : null
}

// ---------------------------------------------------------------- orders

async function bookedBefore(tx: Tx, id: string, order: Order, said: string): Promise<Found | null> {
  const before = await tx.get('order', id)
  if (before) return found('REPEATED', said, `An order of that name is in the book: ${inWords(before.terms)}.`)
  if (order.clOrdID !== id) return found('MISFILED', said, `The row is about ${id}.`)
  const fresh = order.phase === 'PendingNew' && eq(order.cumQty, ZERO) && order.asked === 'Nothing'
  const delivery = order.orderID === null ? 'Queued' : 'Delivered'
  return fresh && order.delivery === delivery
    ? null
    : found(
        'NOT_NEW',
        `${said} It is ${order.delivery}, ${order.phase}.`,
        `It begins ${delivery}, with nothing filled.`,
      )
}

/** Whether whoever said yes might, to exactly this ticket, at that time, with what they said it with. */
async function wrongYes({
  tx,
  row,
  at,
  stoodStill,
  data: { decision },
}: Case<'intent.approved'> | Case<'intent.voted'>): Promise<Found | null> {
  const intent = await tx.get('intent', row.object.id)
  if (!intent?.ticket) return null
  const by = `${decision.byName} (${row.actor.type}, by ${decision.via}) approved at ${moment(decision.at)}.`
  const armed = decision.evidence?.kind === 'armed' && row.actor.type === 'system'
  const speaks = row.actor.type === 'person' ? row.actor.id : armed ? decision.by : null
  const voter = speaks === null ? null : await tx.get('person', speaks)
  if (voter && decision.by !== voter.personID)
    return found('NOT_ELIGIBLE', by, `The row was written by ${row.actor.id}, who decided in another’s name.`)
  const { requires = ONE_CLICK } = intent
  if (!(await isOfNow(tx, requires)))
    return found('NOT_APPROVED', by, 'The policy of approvals had changed since the ticket was made.')
  if (await isGiven(tx, intent, decision.by, decision.at))
    return found('REPEATED', by, 'They had said yes before, and that counted still.')
  const halt = haltOf(statesOf(await tx.all('halt')), stoppable(intent.account, intent.proposal))
  const level = decision.evidence ? LEVEL_OF[decision.evidence.kind] : LEVEL_OF.session
  const vote = { digest: decision.digest ?? '', voter, level }
  const no = mayApprove(pending(intent), vote, halt, decision.at)
  if (no) return found(no.code, by, no.text)
  const computed = digestOf(intent.ticket)
  if (decision.digest !== computed)
    return found('DIGEST_MISMATCH', `Approved was ${decision.digest}.`, `The digest of the ticket is ${computed}.`)
  if (await isOfEnded(tx, decision.evidence, decision.by, decision.at))
    return found('NOT_ELIGIBLE', by, 'The session that it was said in was over.')
  const [cast] = await castOf(tx, [decision], intent.ticket, requires, decision.at)
  if (!cast?.voter)
    return found(
      'NOT_APPROVED',
      by,
      'What it was said with proves nothing: the passkey, the link or the arming is not theirs.',
    )
  return intent.decideBy !== null && !stoodStill && at > plusMs(intent.decideBy, WRITTEN_WITHIN_MS)
    ? found('APPROVAL_EXPIRED', `${by} The row is of ${moment(at)}.`, `It could be until ${moment(intent.decideBy)}.`)
    : null
}

async function entryCreated(tx: Tx, order: Order, said: string): Promise<Found | null> {
  const intent = await tx.get('intent', order.intentID)
  if (!intent) return found('NOT_APPROVED', said, `Intent ${order.intentID} was never received.`)
  // One that counted as absent may be refused after all, by an answer that comes late: it lives no more than before.
  const isGone = ({ delivery, phase }: Order) =>
    delivery === 'Absent' || (delivery === 'Rejected' && phase === 'Rejected')
  const twin = (await tx.ordersOf(order.intentID)).find((o) => o.role === 'Entry' && !isGone(o))
  if (twin)
    return found('SECOND_ORDER', said, `Intent ${order.intentID} has its order: ${twin.clOrdID}, ${ordStatus(twin)}.`)
  const { ticket, attempts } = intent
  const no = await notApproved(tx, intent, order.createdAt, said)
  if (no || !ticket) return no
  const name = entryID(intent.account, intent.intentID, attempts, decisionIn(intent))
  // In older journals the name says nothing of who decided.
  const older = entryID(intent.account, intent.intentID, attempts, null)
  if (order.clOrdID !== name && order.clOrdID !== older)
    return found('WRONG_NAME', said, `Order ${attempts + 1} of this intent is ${name}.`)
  if (order.account !== ticket.account || !same(order.terms, ticket.terms))
    return found('WRONG_TERMS', said, `What was approved is to ${inWords(ticket.terms)} on ${ticket.account}.`)
  if (order.maxNotional === undefined || !eq(order.maxNotional, ticket.maxNotional))
    return found(
      'WRONG_TERMS',
      `It may cost ${order.maxNotional ? shortest(order.maxNotional) : 'anything'}.`,
      `Approved were ${shortest(ticket.maxNotional)} ${ticket.currency}.`,
    )
  return stopped(tx, await partOf(tx, order), said)
}

/** Is there a yes to exactly the ticket of this intent, by somebody who may say it, that stands at `now`? */
async function notApproved(tx: Tx, intent: Intent, now: Instant, said: string): Promise<Found | null> {
  const { state, ticket, decision, sendBy } = intent
  if (state !== 'Approved' || !ticket || decision?.verdict !== 'approved')
    return found('NOT_APPROVED', said, `Intent ${intent.intentID} is ${state}: nobody’s yes stands.`)
  const { byName } = decision
  const standing = await isApproved(tx, intent, ticket, now)
  if (standing === 'void')
    return found(
      'NOT_APPROVED',
      said,
      `The yes of ${byName} is void: it was to another ticket, or they may not any more.`,
    )
  if (standing === 'expired')
    return found(
      'APPROVAL_EXPIRED',
      said,
      `The yes of ${byName} could be used until ${sendBy ? moment(sendBy) : 'never'}.`,
    )
  return intent.proposal.expiresAt <= now
    ? found('SIGNAL_EXPIRED', said, `Its signal was good until ${moment(intent.proposal.expiresAt)}.`)
    : null
}

async function replacementCreated({ tx, memory }: Case, order: Order, said: string): Promise<Found | null> {
  const { consent, replaces } = order
  const asked = memory.asked.get(order.clOrdID)
  const old = replaces && (await tx.get('order', replaces))
  if (!consent || !old || asked?.clOrdID !== replaces)
    return found('NOT_APPROVED', said, `Nobody asked for it in the place of ${replaces}.`)
  const { ticket, digest, by, sendBy } = consent
  if (!same(ticket, asked.ticket) || digest !== digestOf(ticket) || by !== asked.decision.by || sendBy !== asked.sendBy)
    return found('DIGEST_MISMATCH', said, `${asked.decision.byName} said yes to ${inWords(asked.ticket.terms)}.`)
  const family = await tx.ordersOf(order.intentID)
  const n = family.filter((o) => o.consent !== undefined).length + 1
  const name = replacementID(firstOf(old, family).clOrdID, n)
  if (order.clOrdID !== name) return found('WRONG_NAME', said, `Change ${n} of this intent is ${name}.`)
  const filled = filledQty(old, family)
  const terms = { ...ticket.terms, orderQty: minus(ticket.terms.orderQty, filled) }
  if (!sameTerms(order.terms, terms) || !sameAmount(order.maxNotional, costOfRest(ticket, filled)))
    return found('WRONG_TERMS', said, `With ${shortest(filled)} filled already, it is to ${inWords(terms)}.`)
  return null
}

async function exitCreated(tx: Tx, order: Order, said: string): Promise<Found | null> {
  const family = await tx.ordersOf(order.intentID)
  const entry = family.find((o) => o.clOrdID === order.parent)
  const { role, terms } = order
  if (!entry?.terms.bracket || (role !== 'Stop' && role !== 'Target'))
    return found('NOT_APPROVED', said, 'An exit belongs to an entry that was approved with it, and there is none.')
  const { bracket } = entry.terms
  const leg = isLeg(order)
  const n = leg ? 0 : Number(/-[st](\d+)$/.exec(order.clOrdID)?.[1] ?? 0)
  const name = exitID(entry.clOrdID, role, n)
  if (order.clOrdID !== name || (n === 0 && !leg)) return found('WRONG_NAME', said, `It is called ${name}.`)
  const prices =
    role === 'Stop' ? stopTerms(bracket) : { ordType: 'Limit' as const, price: bracket.targetPx, stopPx: null }
  const wanted: Terms = {
    ...terms,
    ...prices,
    symbol: entry.terms.symbol,
    side: opposite(entry.terms.side),
    bracket: null,
    reduceOnly: true,
  }
  if (!same(terms, wanted)) return found('WRONG_TERMS', said, `With its entry was approved: ${inWords(wanted)}.`)
  return leg ? null : needed(order, family, said)
}

async function exitSent(tx: Tx, exit: Order, said: string): Promise<Found | null> {
  return needed(exit, await tx.ordersOf(exit.intentID), said)
}

/** An exit never closes more than is held, beside the exits that rest already. */
function needed(exit: Order, family: readonly Order[], said: string): Found | null {
  const pairs = [pairOf(exit.clOrdID), exit.clOrdID.replace(/-t(\d*)$/, '-s$1')]
  const others = family.filter((o) => o.clOrdID !== exit.clOrdID && !pairs.includes(o.clOrdID))
  const { heldQty, coveredQty } = protection(others)
  const uncovered = lt(coveredQty, heldQty) ? minus(heldQty, coveredQty) : qty('0')
  const most = exit.role === 'Stop' ? uncovered : heldQty
  return gt(exit.terms.orderQty, most)
    ? found('MORE_THAN_HELD', said, `${shortest(heldQty)} are held and ${shortest(coveredQty)} under a stop already.`)
    : null
}

/** The latest moment at which the row may have been decided without its time being wrong. */
function decidedAt({ at, stoodStill }: Case, order: Order): Instant {
  const written = stoodStill ? order.createdAt : plusMs(at, -WRITTEN_WITHIN_MS)
  return written > order.createdAt ? written : order.createdAt
}

async function entrySent(c: Case, order: Order, said: string): Promise<Found | null> {
  const intent = await c.tx.get('intent', order.intentID)
  if (intent?.clOrdID !== order.clOrdID)
    return found('NOT_APPROVED', said, `It is not the order that intent ${order.intentID} stands for.`)
  return (
    (await stopped(c.tx, await partOf(c.tx, order), said)) ??
    (await notApproved(c.tx, intent, decidedAt(c, order), said))
  )
}

async function replacementSent(c: Case, order: Order, consent: Consent, said: string): Promise<Found | null> {
  const { tx } = c
  const old = order.replaces && (await tx.get('order', order.replaces))
  if (!old) return null
  if (!isOpen(old) || old.asked === 'Cancel')
    return found('NOT_REPLACEABLE', said, `${old.clOrdID} is ${ordStatus(old)}: it is not replaced any more.`)
  const { ticket, sendBy } = consent
  const standing = await worthOf(tx, { votes: [consent], ticket, requires: ONE_CLICK, sendBy }, decidedAt(c, order))
  if (standing === 'void') return found('NOT_APPROVED', said, 'The yes to it is void.')
  if (standing === 'expired')
    return found('APPROVAL_EXPIRED', said, `The yes to it could be used until ${moment(consent.sendBy)}.`)
  const beside = await standingOf(tx, old)
  const rest = minus(consent.ticket.terms.orderQty, beside.filledQty)
  if (!eq(order.terms.orderQty, rest))
    return found('WRONG_TERMS', said, `${shortest(beside.filledQty)} are filled: ${shortest(rest)} are left to order.`)
  return reduces(consent.ticket.terms, beside) ? null : stopped(tx, await partOf(tx, order), said)
}

async function standingOf(tx: Tx, order: Order): Promise<Standing> {
  return { order, filledQty: filledQty(order, await tx.ordersOf(order.intentID)) }
}

async function priorOf(tx: Tx, order: Order, report: Happened['execution.reported']['report']) {
  const amends = report.execType === 'TradeCancel' || report.execType === 'TradeCorrect'
  return tx.get('fill', `${order.account}|${amends ? report.refExecID : report.execID}`)
}

/** What an order has filled is the sum of its trades that count. */
export async function sumFault(tx: Tx, order: Order): Promise<Found | null> {
  const live = (await tx.fillsOf({ clOrdID: order.clOrdID })).filter((fill) => fill.live)
  const sum = live.reduce((all: Decimal, { lastQty }) => plus(all, lastQty), ZERO)
  return eq(order.cumQty, sum)
    ? null
    : found(
        'WRONG_SUM',
        `${order.clOrdID} has filled ${shortest(order.cumQty)}.`,
        `Its ${live.length} trades add up to ${shortest(sum)}.`,
      )
}

const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)
/** The same but for digits that say nothing: a size may be written `52` or `52.0`. */
const sameTerms = (a: Terms, b: Terms): boolean =>
  eq(a.orderQty, b.orderQty) && same({ ...a, orderQty: null }, { ...b, orderQty: null })
const sameAmount = (a: Decimal | undefined, b: Decimal): boolean => a !== undefined && eq(a, b)

const inWords = ({ side, orderQty, symbol, ordType, price, stopPx }: Terms): string =>
  `${side.toLowerCase()} ${shortest(orderQty)} ${symbol} ${ordType}${price ? ` ${shortest(price)}` : ''}${stopPx ? ` from ${shortest(stopPx)}` : ''}`
