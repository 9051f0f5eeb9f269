import type { Evidence, Level } from '../approvals/evidence.ts'
import {
  type ApprovalPolicy,
  faultsOf,
  isEnough,
  largestQuorum,
  levelOfOne,
  type Requirement,
} from '../approvals/policy.ts'
import { APPROVERS, takesAccess } from '../approvals/decide.ts'
import { isTightening } from '../gate/limits.ts'
import { moment } from '../gate/words.ts'
import type { Actor } from '../journal/row.ts'
import type { HaltLevel } from '../orders/halt.ts'
import { isBefore } from '../orders/stage.ts'
import type { Change, ChangeOf, Decision, Person } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import { base32, sha256, sha256Base64url } from '../values/hash.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { policyNow, policyOf } from './approving.ts'
import { type Command, denial, deny } from './command.ts'
import type { Denial } from './desk.ts'
import { releaseBy, releaseFault, RELEASERS } from './halting.ts'
import { effectiveFrom, inForce, limitFaults, strategyFaults } from './limiting.ts'
import { clickOf, type Decided, holdsStill, weigh } from './evidence.ts'
import { promote, stageFault } from './promoting.ts'
import { grant, nameTaken, waiverFault, WAIVER_MS } from './waiving.ts'

/** Who may propose a change of the house, and say yes to one of somebody else. */
export const GOVERNORS: readonly string[] = ['risk', 'admin']
/** Tighter limits are the business of whoever sees that they are too wide. */
const TIGHTENERS: readonly string[] = ['risk', 'admin', 'approver', 'operator']

/** The roles of which one must be held by whoever proposes this; a no needs no more than to decide it. */
export const proposersOf = (what: ChangeOf): readonly string[] => {
  if (what.kind === 'release') return RELEASERS
  return !isOfRisk(what) ? GOVERNORS : onlyTakesAway(what) ? TIGHTENERS : ['risk']
}
export const decidersOf = (what: Kind): readonly string[] => {
  if (what.kind === 'release' && what.level === 'K1') return RELEASERS
  return isOfRisk(what) ? ['risk', 'approver'] : GOVERNORS
}
/** What is asked of whom follows from the kind alone; of a release also from how far the halt goes. */
type Kind = Pick<ChangeOf, 'kind'> & { readonly level?: HaltLevel }
/** How much may be lost is the business of those who answer for it, not of who lets people in. */
const isOfRisk = ({ kind }: Kind): boolean =>
  kind === 'risk limits' || kind === 'strategy' || kind === 'stage' || kind === 'waiver' || kind === 'release'
export const mayPropose = (what: ChangeOf, person: Access | null): boolean => holds(proposersOf(what), person)
export const mayGovern = (what: Kind, person: Access | null): boolean => holds(decidersOf(what), person)
/** Whether they are a second person for it. Whoever is new is none: else the maker of a sign-in code would be two. */
export const countsFor = (what: Kind, person: Person): boolean => mayGovern(what, person) && person.newcomer !== true
type Access = Pick<Person, 'roles' | 'disabled'>
const holds = (roles: readonly string[], person: Access | null): boolean =>
  person !== null && !person.disabled && person.roles.some((role) => roles.includes(role))

/** How long others have to decide: a night and a day. */
export const CHANGE_TTL_MS = 24 * 3_600_000
/**
 * How long somebody who counts no more is still missed: time for them to notice, and to tell somebody. Whether their access
 * was taken, or they lost their last passkey, or were given one in a session that another's code opened; also when they
 * revoked it themselves, since whoever has their session can do that in their name.
 */
export const MISSED_MS = 24 * 3_600_000

/** What a yes to a change must name. */
export const changeDigest = (what: ChangeOf, proposer: string): string =>
  sha256Base64url(`jax-change-v1\n${canonical({ what, proposer })}`)

type Environment = Decided['environment']
type Proposed = { readonly what: ChangeOf; readonly reason: string; readonly actor: Actor }

/**
 * Somebody wants the house changed. Where others may decide, they must, and the proposer's own yes does not count; where
 * nobody else may, it has to do, and the screens say that there are no four eyes. What only takes power away is done at once.
 */
export async function proposeChange(c: Command, ask: Proposed): Promise<Result<Change, Denial>> {
  const { what } = ask
  const proposer = ask.actor.type === 'person' ? await c.tx.get('person', ask.actor.id) : null
  if (!proposer || !mayPropose(what, proposer))
    return deny('NOT_ELIGIBLE', `This is proposed by people with one of the roles ${proposersOf(what).join(', ')}.`)
  const wrong = await faultOf(c.tx, what, c.setting.policy.environment, c.now)
  if (wrong) return err(wrong)
  const { alone, missed, ...requires } = await asksFor(c.tx, await policyNow(c), what, proposer.personID, c.now)
  if (missed.length > 0) return err(tooSoon(what, missed))
  if (alone && takesTwo(what)) return err(nobodyElse(what))
  const digest = changeDigest(what, proposer.personID)
  const change: Change = {
    changeID: `chg_${base32(sha256(`${digest} ${c.now}`), 12)}`,
    what,
    digest,
    requires,
    reason: ask.reason,
    proposer: proposer.personID,
    proposerName: proposer.name,
    votes: [],
    state: 'Waiting',
    proposedAt: c.now,
    decideBy: what.kind === 'waiver' ? c.after(WAIVER_MS) : plusMs(c.now, CHANGE_TTL_MS),
    settledAt: null,
    note: null,
  }
  const same = await c.tx.get('change', change.changeID)
  if (same) return ok(same)
  await c.emit('change.proposed', about(change), change.changeID, { change }, ask.actor)
  if (requires.quorum === 0) return apply(c, change, ask.actor)
  // Proposing is the click of whoever is alone; a passkey must name the change, which is known only now.
  if (!alone || !isEnough('L1', levelOfOne(requires.level))) return ok(change)
  const { changeID } = change
  return decideChange(c, { changeID, digest, verdict: 'approved', reason: ask.reason, actor: ask.actor })
}

/**
 * How far an account may go, what it may be beyond, and that it trades again is never the business of one click, whatever the
 * policy says of other changes.
 */
export const levelFor = ({ changes }: ApprovalPolicy, { kind, level }: Kind): Level => {
  if (kind === 'release') return level === 'K1' ? 'L2' : 'L3'
  return kind === 'stage' || kind === 'waiver' ? 'L3' : changes.level
}
/** How many people beside the proposer say yes to it, where there are so many. */
export function quorumFor({ changes }: ApprovalPolicy, what: ChangeOf): number {
  if (what.kind === 'release') return 1
  return onlyTakesAway(what) ? 0 : Math.max(1, changes.quorum)
}
/** One strategy or symbol is let go again by whoever looked into it, with a passkey; all else by two people. */
export const ownCounts = ({ kind, level }: Kind): boolean => kind === 'release' && level === 'K1'

/**
 * What nobody does alone, also where nobody else may decide: an order beyond a limit, and more than the pilot's few orders.
 * The pilot itself may be reached alone, with a passkey: its sizes are such that the loss of all of it is a lesson.
 */
export const takesTwo = (what: ChangeOf): boolean =>
  what.kind === 'waiver' || (what.kind === 'stage' && isBefore('S2', what.after))

const nobodyElse = (what: ChangeOf): Denial =>
  denial(
    'NOT_ELIGIBLE',
    `This takes two people, and nobody else may decide on it here. Let somebody in (jax-exec signin-link), give them the role risk or approver (jax-exec people roles), and confirm them (jax-exec people confirm).${what.kind === 'stage' ? ' Until then the account stays where it is.' : ''}`,
  )

/**
 * What a change asks for. `alone`: nobody else may decide on it; `missed`: too few can, because of these, who could
 * until less than a day ago.
 */
export async function asksFor(
  reads: Reads,
  policy: ApprovalPolicy,
  what: ChangeOf,
  proposer: string,
  now: Instant,
): Promise<Requirement & { readonly alone: boolean; readonly missed: readonly Missed[] }> {
  const others = (await deciders(reads, what, proposer)).length
  const missed = await missing(reads, what, proposer, now)
  const least = quorumFor(policy, what)
  const alone = others === 0
  return {
    level: levelFor(policy, what),
    quorum: Math.min(least, Math.max(1, others)),
    policyVersion: policy.version,
    rules: [alone ? 'nobody else may decide' : 'changes'],
    alone,
    missed: Math.min(least, others + missed.length) > others ? missed : [],
  }
}

export async function decideChange(
  c: Command,
  ask: {
    readonly changeID: string
    readonly digest: string
    readonly verdict: 'approved' | 'declined'
    readonly reason: string | null
    readonly actor: Actor
    readonly evidence?: Evidence
  },
): Promise<Result<Change, Denial>> {
  const change = await c.tx.get('change', ask.changeID)
  if (!change) return deny('NOT_FOUND', `There is no change ${ask.changeID}.`)
  const person = ask.actor.type === 'person' ? await c.tx.get('person', ask.actor.id) : null
  const { environment } = c.setting.policy
  if (await isRepeat(c, change, ask)) return ok(change)
  const never = mayDecide(change, person, ask.digest, c.now)
  if (never?.code === 'APPROVAL_EXPIRED')
    await c.emit('change.lapsed', about(change), change.changeID, { why: 'Nobody decided in time.' })
  if (never || !person) return err(never ?? noGovernor(change.what))
  if (ask.verdict === 'declined') {
    const decision: Decision = { ...decisionOf(c, ask, person), level: 'L1' }
    await c.emit('change.declined', about(change), change.changeID, { decision }, ask.actor)
    return ok(await reread(c, change))
  }
  const wrong = await whyNotAgree(c.tx, change, person, environment, c.now)
  if (wrong) return err(wrong)
  const decision = await judged(c, change, ask, person)
  if (!decision.ok) return decision
  await c.emit('change.voted', about(change), change.changeID, { decision: decision.value }, ask.actor)
  const voted = await reread(c, change)
  return (await countAgreed(c.tx, voted, environment, c.now)) >= change.requires.quorum
    ? apply(c, voted, ask.actor)
    : ok(voted)
}

const noGovernor = (what: ChangeOf): Denial =>
  denial('NOT_ELIGIBLE', `This is decided by people with one of the roles ${decidersOf(what).join(', ')}.`)

/** Why this person cannot decide on it now, whether yes or no; null when they can. */
export function mayDecide(change: Change, person: Person | null, digest: string, now: Instant): Denial | null {
  if (change.state !== 'Waiting') return denial('NOT_PENDING', `The change is ${change.state.toLowerCase()} already.`)
  if (!mayGovern(change.what, person)) return noGovernor(change.what)
  if (now > change.decideBy)
    return denial('APPROVAL_EXPIRED', 'The time to decide on this change has ended. Propose it again.')
  return digest === change.digest
    ? null
    : denial('DIGEST_MISMATCH', 'This is not the change that was shown. Look at it again and decide again.')
}

/**
 * Why a yes of somebody who may decide on it would be refused before anybody looks with what it is said, in the words of
 * the click; null when it would not. Asked beforehand too: so that no page offers it, and nobody touches a passkey for it.
 */
export async function whyNotAgree(
  reads: Reads,
  change: Change,
  person: Person,
  environment: Environment,
  now: Instant,
): Promise<Denial | null> {
  return (
    (await mayAgree(reads, change, person, now)) ??
    (await staleness(reads, change, environment)) ??
    (await faultOf(reads, change.what, environment, now)) ??
    (change.what.kind === 'waiver' ? await nameTaken(reads, change) : null)
  )
}

/** Why this governor's yes to this change does not count; null when it does. */
export async function mayAgree(reads: Reads, change: Change, person: Person, now: Instant): Promise<Denial | null> {
  const { what, proposer } = change
  if (!isParty(change, person)) return person.newcomer ? denial('NOT_ELIGIBLE', NEWCOMER) : null
  if (ownCounts(what)) return null
  if ((await deciders(reads, what, proposer)).length > 0)
    return denial(
      'SELF_APPROVAL',
      'Whoever proposed a change, or is its subject, cannot approve it. Ask another person.',
    )
  if (takesTwo(what)) return nobodyElse(what)
  const missed = await missing(reads, what, proposer, now)
  return missed.length > 0 ? tooSoon(what, missed) : null
}

/** How many different people agree to it, as they stand now: whoever may not decide any more takes their yes along. */
export async function countAgreed(
  reads: Reads,
  change: Change,
  environment: Environment,
  now: Instant,
): Promise<number> {
  const agreed = new Set<string>()
  const what = yesTo(change, environment)
  for (const { by, evidence } of change.votes) {
    const person = await reads.get('person', by)
    if (!person || !mayGovern(change.what, person)) continue
    if (!isParty(change, person) && person.newcomer) continue
    if (evidence && (evidence.kind === 'armed' || !(await holdsStill(reads, evidence, by, what, now)))) continue
    agreed.add(by)
  }
  return agreed.size
}

/**
 * Whether this person's yes to a change that waits counts as things stand. While it does, the same again is a repeat;
 * when it does not any more, they may give it again (`withYes`). What `isGiven` is for an order.
 */
export async function isAgreed(
  reads: Reads,
  change: Change,
  by: string,
  environment: Environment,
  now: Instant,
): Promise<boolean> {
  const votes = change.votes.filter((one) => one.by === by)
  if (votes.length === 0 || (await staleness(reads, change, environment))) return false
  return (await countAgreed(reads, { ...change, votes }, environment, now)) > 0
}

/** The same person deciding the same way again gets the same answer. */
async function isRepeat(c: Command, change: Change, ask: Verdict): Promise<boolean> {
  const { state, votes } = change
  const { id } = ask.actor
  if (ask.verdict === 'declined') return state === 'Declined'
  return state === 'Applied'
    ? votes.some(({ by }) => by === id)
    : state === 'Waiting' && (await isAgreed(c.tx, change, id, c.setting.policy.environment, c.now))
}

/** It was proposed under other rules, or by somebody who may not propose any more. */
async function staleness(
  reads: Reads,
  { what, requires, proposer, proposerName }: Change,
  environment: Environment,
): Promise<Denial | null> {
  if ((await policyOf(reads, environment)).version !== requires.policyVersion)
    return denial('STALE_CHANGE', 'The policy of approvals has changed since. Propose it again under the new one.')
  const person = await reads.get('person', proposer)
  return mayPropose(what, person)
    ? null
    : denial('STALE_CHANGE', `${proposerName}, who proposed this, may not do so any more. Propose it again.`)
}

const about = (change: Change) => ({ type: 'change', id: change.changeID })
const reread = async (c: Command, change: Change): Promise<Change> =>
  (await c.tx.get('change', change.changeID)) ?? change
const subjectOf = (what: ChangeOf): string | null => ('personID' in what ? what.personID : null)
const NEWCOMER =
  'You joined with a sign-in code, lost your passkey, or made your first one in a session that the code of another opened: until a change confirms your access, you are no second person for changes of the house.'
/** Whoever proposed it, or is its subject: they decide where nobody else may, who could vouch for them. */
const isParty = ({ what, proposer }: Change, { personID }: Person): boolean =>
  personID === proposer || personID === subjectOf(what)

/** Everybody else whose yes to it counts. */
async function deciders(reads: Reads, what: ChangeOf, proposer: string): Promise<readonly Person[]> {
  const people = await reads.all('person')
  return people.filter(
    (person) => countsFor(what, person) && person.personID !== proposer && person.personID !== subjectOf(what),
  )
}

type Missed = { readonly name: string; readonly until: Instant }

/**
 * Whoever could have decided on it until less than a day ago. They are still counted: else one governor could show all
 * others the door, or revoke their passkeys, at once and alone, and loosen the house alone a moment later.
 */
async function missing(reads: Reads, what: ChangeOf, proposer: string, now: Instant): Promise<readonly Missed[]> {
  const taken = new Map<string, Instant>()
  for (const { what: done, state, settledAt } of await reads.all('change'))
    if (state === 'Applied' && done.kind === 'person' && settledAt !== null && mayGovern(what, done.before))
      taken.set(done.personID, Math.max(settledAt, taken.get(done.personID) ?? settledAt) as Instant)
  const people = await reads.all('person')
  return people.flatMap((person) => {
    const { personID, name } = person
    if (personID === proposer || personID === subjectOf(what)) return []
    const since = leftAt(what, person, taken.get(personID))
    const until = since && plusMs(since, MISSED_MS)
    return until && now < until ? [{ name, until }] : []
  })
}

/**
 * When somebody ceased to count for it; null of those who do count, or never did.
 * @param taken when a change last took access from them with which they might decide.
 */
export function leftAt(what: ChangeOf, person: Person, taken: Instant | undefined): Instant | null {
  if (countsFor(what, person)) return null
  if (!person.newcomer) return taken ?? null
  const { newSince = null } = person
  if (mayGovern(what, person) || newSince === null) return newSince
  return taken === undefined ? null : (Math.min(newSince, taken) as Instant)
}

function tooSoon(what: ChangeOf, missed: readonly Missed[]): Denial {
  const names = missed.map(({ name }) => name).join(', ')
  const until = Math.max(...missed.map((one) => one.until)) as Instant
  // Of several each is missed where the access of another is to be confirmed.
  const isWayOut = missed.length === 1 && what.kind !== 'person'
  const first = isWayOut ? ', or have a change give back or confirm their access first' : ''
  return denial(
    'SELF_APPROVAL',
    `${names} could have decided on this until less than a day ago, and too few others can. Propose it again after ${moment(until)}${first}.`,
  )
}

/** The safe direction: somebody is kept out, a passkey is good for nothing any more, less may be risked. */
export function onlyTakesAway(what: ChangeOf): boolean {
  switch (what.kind) {
    case 'passkey revoked':
      return true
    case 'person':
      return takesAccess(what.before, what.after)
    case 'risk limits':
      return isTightening(what.before, what.after)
    case 'approval policy':
    case 'strategy':
    case 'stage':
    case 'waiver':
    case 'release':
      return false
  }
}

/** Why the change cannot be made: it is of something else than what is there now, or makes no sense. */
async function faultOf(reads: Reads, what: ChangeOf, environment: Environment, now: Instant): Promise<Denial | null> {
  switch (what.kind) {
    case 'approval policy': {
      const { version } = await policyOf(reads, environment)
      if (what.before !== version || what.policy.version !== version + 1)
        return denial(
          'STALE_CHANGE',
          `The policy is version ${version} by now. Look at it, and propose version ${version + 1}.`,
        )
      const wrong = [...faultsOf(what.policy), ...(await unreachable(reads, what.policy, environment))]
      return wrong.length > 0 ? denial('POLICY_FAULT', wrong.join(' ')) : null
    }
    case 'person': {
      const person = await reads.get('person', what.personID)
      if (!person) return denial('NOT_FOUND', `There is no person ${what.personID}.`)
      const { roles, disabled } = person
      if (canonical({ roles, disabled }) !== canonical(what.before))
        return denial(
          'STALE_CHANGE',
          `The access of ${person.name} has changed meanwhile. Look at it, and propose again.`,
        )
      const people = (await reads.all('person')).map((one) =>
        one === person || one.personID === person.personID ? { ...one, ...what.after } : one,
      )
      return people.some((one) => !one.disabled && one.roles.includes('admin'))
        ? null
        : denial('POLICY_FAULT', 'Somebody must stay who may let others in. Give another person the role admin first.')
    }
    case 'risk limits': {
      const row = await reads.get('limits', 'account')
      const before = row && inForce(row, now)
      if (!before || canonical(before) !== canonical(what.before) || what.after.version !== before.version + 1)
        return denial(
          'STALE_CHANGE',
          `The limits are version ${before?.version ?? 0} by now. Look at them, and propose again.`,
        )
      const wrong = limitFaults(before, what.after)
      return wrong.length > 0 ? denial('POLICY_FAULT', wrong.join(' ')) : null
    }
    case 'strategy': {
      const before = await reads.get('strategy', what.strategyID)
      if (canonical(before) !== canonical(what.before) || what.after.version !== (before?.version ?? 0) + 1)
        return denial(
          'STALE_CHANGE',
          `${what.strategyID} has been described anew meanwhile. Look at it, and propose again.`,
        )
      const wrong = strategyFaults(what.strategyID, what.after)
      return wrong.length > 0 ? denial('POLICY_FAULT', wrong.join(' ')) : null
    }
    case 'waiver':
      return waiverFault(reads, what, now)
    case 'release':
      return releaseFault(reads, what, environment)
    case 'stage':
      return stageFault(reads, what, environment, now)
    case 'passkey revoked': {
      const passkey = await reads.get('passkey', what.credentialID)
      if (!passkey || passkey.personID !== what.personID) return denial('NOT_FOUND', 'There is no such passkey.')
      return passkey.revokedAt === null ? null : denial('STALE_CHANGE', 'This passkey is revoked already.')
    }
  }
}

/** A policy that asks for more people than may approve stops all trading: said when it is proposed, not when it bites. */
async function unreachable(reads: Reads, policy: ApprovalPolicy, environment: Environment): Promise<string[]> {
  const most = largestQuorum(policy, environment)
  const may = (await reads.all('person')).filter(
    (p) => !p.disabled && p.roles.some((r) => APPROVERS.includes(r)) && !(most > 1 && p.newcomer),
  ).length
  return most > Math.max(1, may)
    ? [`A rule asks for ${most} people, and ${may} may approve. Give more people the role approver first.`]
    : []
}

type Verdict = {
  readonly digest: string
  readonly verdict: 'approved' | 'declined'
  readonly reason: string | null
  readonly actor: Actor
  readonly evidence?: Evidence
}

/** The yes with what it was said with, weighed. */
async function judged(c: Command, change: Change, ask: Verdict, person: Person): Promise<Result<Decision, Denial>> {
  const evidence = ask.evidence ?? clickOf(ask.actor)
  const level = await weigh(c, evidence, ask.actor, yesTo(change, c.setting.policy.environment))
  if (!level.ok) return level
  const wants = levelOfOne(change.requires.level)
  if (!isEnough(level.value, wants))
    return deny(
      'ASSURANCE_TOO_LOW',
      'This takes a passkey, and a click is not enough. Decide on the page of the change.',
    )
  return ok({ ...decisionOf(c, ask, person), level: level.value, evidence })
}

/** What a yes to it says. */
const yesTo = ({ changeID, digest, requires }: Change, environment: Environment): Decided => ({
  changeID,
  digest,
  decision: 'approve',
  policyVersion: requires.policyVersion,
  environment,
})

const decisionOf = (c: Command, ask: Verdict, person: Person): Decision => ({
  verdict: ask.verdict,
  by: person.personID,
  byName: person.name,
  via: ask.actor.via,
  reason: ask.reason,
  digest: ask.digest,
  at: c.now,
})

/** What is to be read beside it for ever. */
export const noteOf = ({ what, votes, proposer }: Change): string | null =>
  !ownCounts(what) && votes.some(({ by }) => by === proposer) ? 'four-eyes: off' : null

async function apply(c: Command, change: Change, actor: Actor): Promise<Result<Change, Denial>> {
  const { what, changeID } = change
  switch (what.kind) {
    case 'approval policy':
      await c.emit('policy.changed', { type: 'policy', id: 'approvals' }, changeID, { policy: what.policy }, actor)
      break
    case 'person': {
      await c.emit('person.changed', { type: 'person', id: what.personID }, changeID, what.after, actor)
      if (what.after.disabled) await keepOut(c, what.personID, actor)
      break
    }
    case 'risk limits': {
      const from = effectiveFrom(what.before, what.after, c.now)
      await c.emit(
        'limits.changed',
        { type: 'account', id: c.setting.account },
        changeID,
        { limits: what.after, from },
        actor,
      )
      break
    }
    case 'strategy':
      await c.emit(
        'strategy.described',
        { type: 'strategy', id: what.strategyID },
        changeID,
        { strategy: what.after },
        actor,
      )
      break
    case 'waiver':
      await grant(c, change, what, actor)
      break
    case 'release':
      await releaseBy(c, what.scope, change, actor)
      break
    case 'stage':
      await promote(c, what, changeID, change.reason, actor)
      break
    case 'passkey revoked':
      await c.emit(
        'passkey.revoked',
        { type: 'passkey', id: what.credentialID },
        changeID,
        { why: change.reason },
        actor,
      )
  }
  const note = noteOf(change)
  await c.emit('change.applied', about(change), changeID, { note }, actor)
  return ok(await reread(c, change))
}

/** Whoever is disabled is out at once, on every device, and nothing that they armed goes on. */
async function keepOut(c: Command, personID: string, actor: Actor): Promise<void> {
  for (const session of await c.tx.all('session'))
    if (session.personID === personID && session.endedAt === null)
      await c.emit('session.ended', { type: 'person', id: personID }, 'access', { hash: session.hash }, actor)
  for (const arming of await c.tx.all('arming'))
    if (arming.by === personID && arming.disarmedAt === null)
      await c.emit('strategy.disarmed', { type: 'strategy', id: arming.armingID }, arming.armingID, {
        why: `${arming.byName}, who armed it, is disabled.`,
      })
}
