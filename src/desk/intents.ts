import {
  countYes,
  mayApprove,
  mayDecline,
  type No,
  type Pending,
  tooLow,
  type Voter,
  withYes,
} from '../approvals/decide.ts'
import { digestOf } from '../approvals/digest.ts'
import type { Evidence } from '../approvals/evidence.ts'
import { ONE_CLICK, requirementOf, surer } from '../approvals/policy.ts'
import { assess, driftOf } from '../gate/gate.ts'
import { explain, TRANSIENT } from '../gate/refusal.ts'
import type { Actor } from '../journal/row.ts'
import { type HaltState, stoppable } from '../orders/halt.ts'
import { isSettled } from '../orders/intent.ts'
import { isOpen } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Aside, Decision, Intent } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { IntentID } from '../values/brand.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import { beyondWaiver } from './waiving.ts'
import { armedFor, limitsNow, orderFactsNow, policyNow, proposedBy, whyNobody } from './approving.ts'
import { cancel } from './canceling.ts'
import { type Command, denial, deny, knowsEveryTrade, SYSTEM } from './command.ts'
import type { Denial, Submitted } from './desk.ts'
import { escalateLater, escalationOf } from './escalating.ts'
import type { Happened } from './events.ts'
import { castOf, clickOf, isGiven, isOfNow, votesOf, weigh } from './evidence.ts'

/** How long the facts of an intent that came too late may take. */
const GATHER_MS = 30_000

const about = (intent: Intent) => ({ type: 'intent', id: intent.intentID, rev: intent.rev })

/** Records what was asked for, and sizes it at once when the facts at hand are fresh; otherwise the worker gathers them first. */
export async function submit(
  c: Command,
  ask: {
    proposal: Proposal
    body: Readonly<Record<string, string>>
    actor: Actor
    owner: string | null
    maker?: string | null
  },
): Promise<Submitted> {
  const before = await c.tx.get('intent', ask.proposal.intentID)
  if (before) {
    const fields = differing(before.body, ask.body)
    return fields.length === 0
      ? { outcome: 'repeated', intent: before }
      : { outcome: 'conflict', fields, intent: before }
  }
  const { intentID } = ask.proposal
  const intent: Intent = {
    intentID,
    account: c.setting.account,
    state: 'Received',
    proposal: ask.proposal,
    body: ask.body,
    proposer: ask.actor,
    proposerOwner: ask.owner,
    ...(ask.maker && { proposerMaker: ask.maker }),
    rev: 0,
    ticket: null,
    digest: null,
    sizing: null,
    checks: [],
    refusals: [],
    decideBy: null,
    decision: null,
    sendBy: null,
    clOrdID: null,
    attempts: 0,
    corr: intentID,
    receivedAt: c.now,
    updatedAt: c.now,
  }
  await c.emit('intent.received', about(intent), intent.corr, { intent }, ask.actor)
  if (await factsAreFresh(c, intent)) return { outcome: 'received', intent: await ticket(c, intent, 'sized') }
  await c.errand('gather', intentID, intent.corr)
  // One that has expired already is refused with its reason as soon as its facts are there; the clock does not overtake that.
  const { expiresAt } = ask.proposal
  await c.timer('lapse', intentID, intent.corr, expiresAt > c.now ? plusMs(expiresAt, 1) : c.after(GATHER_MS))
  return { outcome: 'received', intent }
}

export function differing(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((field) => a[field] !== b[field]).sort()
}

/** At half the age the gate allows, a fact is read again rather than lost on the way. */
export async function factsAreFresh(c: Command, intent: Intent): Promise<boolean> {
  const { policy, account } = c.setting
  const market = await c.tx.get('market', intent.proposal.symbol)
  const row = await c.tx.get('account', account)
  const fresh = (at: Instant | undefined, maxMs: number) => at !== undefined && plusMs(at, maxMs / 2) >= c.now
  return (
    fresh(market?.quote?.at, policy.quoteAgeMaxMs) &&
    row !== null &&
    fresh(row.at, policy.accountAgeMaxMs) &&
    knowsEveryTrade(row)
  )
}

/** The worker has read the facts: size what is waiting for them, unless a trade has overtaken the account's figures. */
export async function size(c: Command, intentID: IntentID): Promise<Intent | null> {
  const intent = await c.tx.get('intent', intentID)
  if (intent?.state !== 'Received') return intent
  const row = await c.tx.get('account', c.setting.account)
  return row && !knowsEveryTrade(row) ? intent : ticket(c, intent, 'sized')
}

/**
 * Runs the gate and makes the next ticket, or records every reason why there is none. An armed strategy's ticket has its
 * yes at once.
 */
export async function ticket(
  c: Command,
  intent: Intent,
  why: Happened['intent.ticketed']['why'],
  askedBy?: Actor,
): Promise<Intent> {
  const rules = await c.rulesFor(intent.intentID)
  const { ticket: passed, ...found } = assess(intent.proposal, await c.facts(intent), rules, intent.rev + 1, c.now)
  const { sizing, checks, headroom = [], soft = [] } = found
  if (!passed || !sizing) return unfit(c, intent, found)
  const beyond = await beyondWaiver(c, passed)
  if (beyond) return unfit(c, intent, { ...found, refusals: [beyond] })
  const approvals = await policyNow(c)
  const order = await orderFactsNow(c.tx, passed, intent.proposal.strategyID)
  const limits = limitsNow(c, approvals, order)
  const made = { ...passed, maxDriftBps: limits.maxDriftBps }
  // An arming is a yes to orders within the limits; one beyond them asks for a person.
  const isBeyond = (await c.tx.get('waiver', intent.intentID)) !== null
  const armed = soft.length > 0 || isBeyond ? null : await armedFor(c, intent, order, approvals)
  const requires = armed?.requires ?? surer(requirementOf(approvals, order), soft)
  // Whoever asks for a new ticket is there, and so is whoever had just said yes.
  const nobody = await whyNobody(c, intent, requires, armed || why !== 'sized' ? undefined : approvals.coverage)
  if (nobody) return unfit(c, intent, { ...found, refusals: [nobody] })
  const ttl = plusMs(c.now, limits.approvalTtlMs)
  const decideBy = ttl < intent.proposal.expiresAt ? ttl : intent.proposal.expiresAt
  const escalation = armed ? null : escalationOf(c, approvals, decideBy)
  const digest = digestOf(made)
  await c.emit(
    'intent.ticketed',
    { ...about(intent), rev: made.rev },
    intent.corr,
    {
      why,
      ticket: made,
      digest,
      sizing,
      checks,
      ...(headroom.length > 0 && { headroom }),
      decideBy,
      ...(escalation && { escalation }),
      requires,
      ...(askedBy && { askedBy: askedBy.id }),
    },
    askedBy,
  )
  await c.timer('lapse', intent.intentID, intent.corr, plusMs(decideBy, 1))
  const waiting = await reread(c, intent)
  await escalateLater(c, waiting)
  if (!armed) return waiting
  const { armingID, by, byName } = armed.arming
  const decision: Decision = {
    verdict: 'approved',
    by,
    byName,
    via: 'armed',
    reason: null,
    digest,
    at: c.now,
    level: 'L0',
    evidence: { kind: 'armed', armingID },
  }
  await approved(c, waiting, decision, limits.executionTtlMs, SYSTEM)
  return reread(c, intent)
}

async function unfit(
  c: Command,
  intent: Intent,
  found: Pick<Happened['intent.refused'], 'refusals' | 'sizing' | 'checks'>,
): Promise<Intent> {
  const { refusals, sizing, checks } = found
  await c.emit('intent.refused', about(intent), intent.corr, { at: 'proposal', refusals, sizing, checks })
  return reread(c, intent)
}

const reread = async (c: Command, intent: Intent): Promise<Intent> =>
  (await c.tx.get('intent', intent.intentID)) ?? intent

export const pending = (intent: Intent): Pending => ({
  state: intent.state,
  digest: intent.digest,
  decideBy: intent.decideBy,
  signalExpiresAt: intent.proposal.expiresAt,
  ...proposedBy(intent),
  ...(intent.requires && { requires: intent.requires }),
})

async function voter(c: Command, actor: Actor): Promise<{ voter: Voter | null; name: string }> {
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  return { voter: person, name: person?.name ?? actor.id }
}

const notFound = (intentID: IntentID): Result<never, Denial> => deny('NOT_FOUND', `There is no intent ${intentID}.`)
const said = (no: No): Result<never, Denial> => deny(no.code, no.text)

type Yes = {
  readonly intentID: IntentID
  readonly digest: string
  readonly reason: string | null
  readonly actor: Actor
  /** What it was said with; absent: a click in a page or on the command line. */
  readonly evidence?: Evidence
}

export async function approve(c: Command, ask: Yes): Promise<Result<Intent, Denial>> {
  const intent = await c.tx.get('intent', ask.intentID)
  if (!intent) return notFound(ask.intentID)
  if (await isRepeat(c, intent, ask)) return ok(intent)
  const person = await voter(c, ask.actor)
  // With what it is said is weighed after this: a signature that cannot count anyway is not used up.
  const vote = { digest: ask.digest, voter: person.voter }
  const no = await whyNoYes(c.tx, intent, vote, await c.haltOver(stoppable(intent.account, intent.proposal)), c.now)
  const { ticket, requires = ONE_CLICK } = intent
  if (no || !ticket) return err(no ?? NO_TICKET)
  const evidence = ask.evidence ?? clickOf(ask.actor)
  const level = await weigh(c, evidence, ask.actor, {
    intentID: intent.intentID,
    digest: ask.digest,
    decision: 'approve',
    policyVersion: requires.policyVersion,
    environment: ticket.environment,
  })
  if (!level.ok) return level
  const weak = tooLow(requires, level.value)
  if (weak) return said(weak)
  const drift = driftOf(ticket, await c.facts(intent), await c.rulesFor(intent.intentID), c.now)
  if (drift) {
    const next = TRANSIENT[drift.code]
      ? 'Try again in a moment, or re-price to see a new ticket.'
      : 'Re-price to see a new ticket.'
    return deny('GATE_REFUSED', `${explain(drift)} ${next}`, [drift])
  }
  const decision: Decision = {
    ...decisionOf('approved', ask, person.name, intent, c.now),
    level: level.value,
    evidence,
  }
  const votes = await castOf(c.tx, withYes(intent.votes ?? [], decision), ticket, requires, c.now)
  if (countYes(requires, votes, ask.digest) < requires.quorum)
    await c.emit('intent.voted', about(intent), intent.corr, { decision }, ask.actor)
  else {
    const order = await orderFactsNow(c.tx, ticket, intent.proposal.strategyID)
    await approved(c, intent, decision, limitsNow(c, await policyNow(c), order).executionTtlMs, ask.actor)
  }
  return ok(await reread(c, intent))
}

const NO_TICKET = denial('NOT_PENDING', 'The intent has no ticket yet.')

/**
 * Why a yes would be refused before anybody looks with what it is said, in the words of the click; null when it would not.
 * Asked beforehand too: so that no page offers it, and nobody touches a passkey for it.
 */
export async function whyNoYes(
  reads: Reads,
  intent: Intent,
  vote: { readonly digest: string; readonly voter: Voter | null },
  halt: Pick<HaltState, 'scope'> | null,
  now: Instant,
): Promise<Denial | null> {
  const { ticket, requires = ONE_CLICK } = intent
  const no = mayApprove(pending(intent), { ...vote, level: requires.level }, halt, now)
  if (no) return denial(no.code, no.text)
  if (!ticket) return NO_TICKET
  return (await isOfNow(reads, requires))
    ? null
    : denial('ORDER_CHANGED', 'The policy of approvals has changed since. Re-price to see the order under the new one.')
}

/** A double click is one decision: the same yes to the same ticket by the same person is answered as it was. */
async function isRepeat(c: Command, intent: Intent, { digest, actor }: Yes): Promise<boolean> {
  if (digest !== intent.digest) return false
  return intent.state === 'Approved'
    ? votesOf(intent).some(({ by }) => by === actor.id)
    : intent.state === 'AwaitingApproval' && (await isGiven(c.tx, intent, actor.id, c.now))
}

/** The last yes that was needed: from here on it may be sent, for so long. */
async function approved(
  c: Command,
  intent: Intent,
  decision: Decision,
  executionTtlMs: number,
  actor: Actor,
): Promise<void> {
  const sendBy = plusMs(c.now, executionTtlMs)
  await c.emit('intent.approved', about(intent), intent.corr, { decision, sendBy }, actor)
  await c.errand('send', intent.intentID, intent.corr)
  await c.timer('lapse', intent.intentID, intent.corr, plusMs(sendBy, 1))
}

export async function decline(
  c: Command,
  ask: { intentID: IntentID; reason: string; actor: Actor },
): Promise<Result<Intent, Denial>> {
  const intent = await c.tx.get('intent', ask.intentID)
  if (!intent) return notFound(ask.intentID)
  if (intent.decision?.verdict === 'declined' && intent.decision.by === ask.actor.id) return ok(intent)
  const person = await voter(c, ask.actor)
  const no = mayDecline(intent.state, person.voter)
  if (no) return said(no)
  await c.emit(
    'intent.declined',
    about(intent),
    intent.corr,
    { decision: decisionOf('declined', ask, person.name, intent, c.now) },
    ask.actor,
  )
  await c.tx.remove('errand', `lapse:${intent.intentID}`)
  return ok(await reread(c, intent))
}

export async function withdraw(
  c: Command,
  ask: { intentID: IntentID; reason: string | null; actor: Actor },
): Promise<Result<Intent, Denial>> {
  const intent = await c.tx.get('intent', ask.intentID)
  if (!intent) return notFound(ask.intentID)
  const own = ask.actor.id === intent.proposer.id
  if (!own && ask.actor.type !== 'person')
    return deny('NOT_ELIGIBLE', 'An agent can withdraw only what it proposed itself.')
  if (intent.state === 'Withdrawn') return ok(intent)
  if (intent.clOrdID)
    return deny('NOT_PENDING', `The order ${intent.clOrdID} is on its way or at the broker; cancel that order instead.`)
  if (isSettled(intent.state)) return deny('NOT_PENDING', `The intent is ${intent.state} already.`)
  const { name } = await voter(c, ask.actor)
  await c.emit(
    'intent.withdrawn',
    about(intent),
    intent.corr,
    { decision: decisionOf('withdrawn', ask, name, intent, c.now) },
    ask.actor,
  )
  await c.tx.remove('errand', `lapse:${intent.intentID}`)
  return ok(await reread(c, intent))
}

export async function reprice(c: Command, ask: { intentID: IntentID; actor: Actor }): Promise<Result<Intent, Denial>> {
  const intent = await c.tx.get('intent', ask.intentID)
  if (!intent) return notFound(ask.intentID)
  if (ask.actor.type !== 'person') return deny('NOT_ELIGIBLE', 'Only a signed-in person can ask for a new ticket.')
  if (intent.state !== 'AwaitingApproval')
    return deny('NOT_PENDING', `The intent is ${intent.state}; only a waiting one can be re-priced.`)
  // A feed that hangs or a halt is no reason to lose what waits; only what waiting cannot change ends it.
  const { refusals } = assess(
    intent.proposal,
    await c.facts(intent),
    await c.rulesFor(intent.intentID),
    intent.rev + 1,
    c.now,
  )
  const passing = refusals.find(({ code }) => TRANSIENT[code])
  if (passing) return deny('GATE_REFUSED', `${explain(passing)} The ticket stands; try again in a moment.`, refusals)
  return ok(await ticket(c, intent, 'repriced', ask.actor))
}

/** Said of a waiting order without deciding it; a reason also of one that is declined. */
export async function putAside(
  c: Command,
  ask: { intentID: IntentID; kind: Aside['kind']; text: string; until: Instant | null; actor: Actor },
): Promise<Result<Intent, Denial>> {
  const intent = await c.tx.get('intent', ask.intentID)
  if (!intent) return notFound(ask.intentID)
  const person = await voter(c, ask.actor)
  const state = ask.kind === 'reason' && intent.state === 'Declined' ? 'AwaitingApproval' : intent.state
  const no = mayDecline(state, person.voter)
  if (no) return said(no)
  const { kind, text, until, actor } = ask
  const aside: Aside = { kind, by: actor.id, byName: person.name, text, until, at: c.now }
  await c.emit('intent.put-aside', about(intent), intent.corr, { aside }, actor)
  return ok(await reread(c, intent))
}

function decisionOf(
  verdict: Decision['verdict'],
  ask: { actor: Actor; reason: string | null },
  byName: string,
  intent: Intent,
  at: Instant,
): Decision {
  return { verdict, by: ask.actor.id, byName, via: ask.actor.via, reason: ask.reason, digest: intent.digest, at }
}

/** Ends what nobody decided, or nobody could send, in time. Too early, it comes again. */
export async function lapse(c: Command, intentID: IntentID): Promise<void> {
  const intent = await c.tx.get('intent', intentID)
  if (!intent || isSettled(intent.state)) return
  if (intent.clOrdID) return endWithSignal(c, intent)
  const { expiresAt } = intent.proposal
  const over = (until: Instant | null) => until !== null && c.now > until
  if (intent.state === 'AwaitingApproval' && over(intent.decideBy))
    return lapsed(
      c,
      intent,
      c.now > expiresAt ? 'The signal expired before anybody decided.' : 'Nobody decided in time.',
    )
  if (intent.state === 'Received' && over(expiresAt))
    return lapsed(c, intent, 'The signal expired before its facts could be read.')
  if (intent.state === 'Approved' && over(intent.sendBy))
    return lapsed(c, intent, 'The approval was not sent in time. Nothing left the house.')
  await lapseLater(c, intent)
}

/** An intent that waits is ended by the clock: right after the moment until which it may wait. */
export async function lapseLater(c: Command, intent: Intent): Promise<void> {
  const until =
    intent.state === 'Received'
      ? intent.proposal.expiresAt
      : intent.state === 'Approved'
        ? intent.sendBy
        : intent.decideBy
  if (until !== null) await c.timer('lapse', intent.intentID, intent.corr, plusMs(until, 1))
}

/**
 * A signal leaves it to us how long its order rests. Where the broker takes no order that ends by itself, it ends with
 * the signal: until then it was worth something, and nobody would think of it in a month.
 */
const endsWithSignal = ({ proposal, ticket }: Intent): boolean =>
  proposal.form === 'Signal' && ticket?.terms.timeInForce === 'GTC'

/** Sees to the end of an intent whose order has left: by the clock only where nothing else ends it. */
export async function watchSent(c: Command, intent: Intent): Promise<void> {
  if (endsWithSignal(intent)) await c.timer('lapse', intent.intentID, intent.corr, plusMs(intent.proposal.expiresAt, 1))
  else await c.tx.remove('errand', `lapse:${intent.intentID}`)
}

async function endWithSignal(c: Command, intent: Intent): Promise<void> {
  if (!endsWithSignal(intent)) return
  if (c.now <= intent.proposal.expiresAt) return watchSent(c, intent)
  for (const order of await c.tx.ordersOf(intent.intentID))
    if (order.role === 'Entry' && isOpen(order)) await cancel(c, order, 'its signal has expired', SYSTEM)
}

export async function lapsed(c: Command, intent: Intent, why: string): Promise<void> {
  await c.emit('intent.lapsed', about(intent), intent.corr, { why })
}
