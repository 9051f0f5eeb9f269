import { type HaltState, tradingIn } from '../orders/halt.ts'
import type { IntentState } from '../orders/intent.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import type { Level } from './evidence.ts'
import { isEnough, levelOfOne, ONE_CLICK, type Requirement } from './policy.ts'

/** The waiting order, as far as a decision needs it. */
export type Pending = {
  readonly state: IntentState
  readonly digest: string | null
  readonly decideBy: Instant | null
  readonly signalExpiresAt: Instant
  readonly proposerID: string
  /** Who answers for the proposing agent; null for an agent nobody owns. */
  readonly proposerOwner: string | null
  /** Who made the token of the proposing agent, and so has seen its secret; absent where nobody did. */
  readonly proposerMaker?: string | null
  /** What the policy asked for when the ticket was made; absent: one click of one person. */
  readonly requires?: Requirement
}
/** Who stands behind an order. */
export type Proposer = Pick<Pending, 'proposerID' | 'proposerOwner' | 'proposerMaker'>
export type Voter = {
  readonly personID: string
  readonly roles: readonly string[]
  readonly disabled: boolean
  /** Nobody but the maker of their sign-in code has vouched for them yet. */
  readonly newcomer?: boolean
}

export type No = {
  readonly code:
    | 'NOT_PENDING'
    | 'NOT_ELIGIBLE'
    | 'SELF_APPROVAL'
    | 'TRADING_HALTED'
    | 'APPROVAL_EXPIRED'
    | 'DIGEST_MISMATCH'
    | 'ASSURANCE_TOO_LOW'
  readonly text: string
}
const no = (code: No['code'], text: string): No => ({ code, text })

/** Roles that may say yes. */
export const APPROVERS: readonly string[] = ['approver', 'risk']
/** Roles that may say no. Wider: no is the safe direction. */
export const DECLINERS: readonly string[] = ['approver', 'risk', 'trader', 'operator', 'admin']

const hasOneOf = (roles: readonly string[], voter: Voter): boolean => roles.some((role) => voter.roles.includes(role))

const IN_WORDS: Record<IntentState, string> = {
  Received: 'has not been sized yet; withdraw it, or wait for its ticket',
  AwaitingApproval: 'is waiting',
  Approved: 'is approved already',
  Refused: 'was refused by the gate',
  Declined: 'was declined already',
  Lapsed: 'has lapsed',
  Withdrawn: 'was withdrawn',
}

/** May this person say yes to anything that this proposer asked for? The first reason against, or null. */
export function mayVote(of: Proposer, voter: Voter | null): No | null {
  if (!voter) return no('NOT_ELIGIBLE', 'Only a signed-in person can approve; an agent or program never can.')
  if (voter.disabled) return no('NOT_ELIGIBLE', 'This person is disabled.')
  if (!hasOneOf(APPROVERS, voter))
    return no('NOT_ELIGIBLE', `Approving needs one of the roles ${APPROVERS.join(', ')}.`)
  if (voter.personID === of.proposerID || voter.personID === of.proposerOwner || voter.personID === of.proposerMaker)
    return no(
      'SELF_APPROVAL',
      'Whoever proposed an order, answers for the agent that did, or made its token, cannot approve it. Ask another person.',
    )
  return null
}

/**
 * May this person say yes to exactly this order, now? The first reason against, or null.
 * @param voter null when whoever asks is not a person: an agent can never approve.
 */
export function mayApprove(
  pending: Pending,
  vote: { readonly digest: string; readonly voter: Voter | null; readonly level?: Level },
  halt: Pick<HaltState, 'scope'> | null,
  now: Instant,
): No | null {
  const { voter, digest, level = 'L1' } = vote
  const never = mayVote(pending, voter)
  if (never) return never
  const requires = pending.requires ?? ONE_CLICK
  const unknown = tooNew(requires, voter)
  if (unknown) return unknown
  if (pending.state !== 'AwaitingApproval') return no('NOT_PENDING', `The intent ${IN_WORDS[pending.state]}.`)
  if (halt)
    return no('TRADING_HALTED', `${tradingIn(halt.scope)} is halted. Release the halt first, then decide again.`)
  if (pending.decideBy === null || now > pending.decideBy)
    return no(
      'APPROVAL_EXPIRED',
      `The time to decide ended${pending.decideBy === null ? '' : ` at ${rfc3339(pending.decideBy)}`}. Nothing was sent.`,
    )
  if (now > pending.signalExpiresAt)
    return no('APPROVAL_EXPIRED', `The signal expired at ${rfc3339(pending.signalExpiresAt)}. Nothing was sent.`)
  if (digest !== pending.digest)
    return no('DIGEST_MISMATCH', 'The order changed since it was shown. Look at the new ticket and decide again.')
  return tooLow(requires, level)
}

/**
 * Whether this asks for more than one person's click, and its voter is good for no more than that. Else whoever can make
 * a sign-in code could make the second pair of eyes with it.
 */
export const tooNew = ({ level, quorum }: Requirement, voter: Voter | null): No | null =>
  voter?.newcomer && (quorum > 1 || isEnough(level, 'L2'))
    ? no(
        'NOT_ELIGIBLE',
        'You joined with a sign-in code, lost your passkey, or made your first one in a session by the code of another, and this asks for more than one click. Have a change confirm your access first.',
      )
    : null

type Access = Pick<Voter, 'roles' | 'disabled'>
/**
 * Whether somebody has less access after it, and nothing that they had not before. What leaves everything as it is takes
 * nothing away: it confirms somebody who is new.
 */
export function takesAccess(before: Access, after: Access): boolean {
  const changes = after.disabled !== before.disabled || before.roles.some((role) => !after.roles.includes(role))
  return changes && (after.disabled || !before.disabled) && after.roles.every((role) => before.roles.includes(role))
}

/** Whether this evidence is too weak for what is asked for, and what to do about it. */
export const tooLow = (requires: Requirement, level: Level): No | null =>
  isEnough(level, levelOfOne(requires.level))
    ? null
    : no('ASSURANCE_TOO_LOW', 'This takes a passkey, and a click is not enough. Open its page and approve it there.')

/** Saying no is accepted from more people, never blocked by expiry, drift or a halt. */
export function mayDecline(state: IntentState, voter: Voter | null): No | null {
  if (!voter || voter.disabled || !hasOneOf(DECLINERS, voter))
    return no('NOT_ELIGIBLE', 'Only a signed-in person can decline. An agent can withdraw what it proposed.')
  if (state !== 'AwaitingApproval') return no('NOT_PENDING', `The intent ${IN_WORDS[state]}.`)
  return null
}

/** A yes as it was given, and whoever gave it as they stand now: null when they are gone, or what they said it with is. */
export type Cast = {
  readonly yes: { readonly by: string; readonly digest: string | null; readonly level: Level }
  readonly voter: Voter | null
}

/** The yeses with one more. People are counted: what somebody says anew takes the place of what they said before. */
export const withYes = <Y extends { readonly by: string }>(yeses: readonly Y[], one: Y): readonly Y[] => [
  ...yeses.filter(({ by }) => by !== one.by),
  one,
]

/** How many different people said yes to this very ticket, may do so still, and said it surely enough. */
export function countYes(requires: Requirement, votes: readonly Cast[], ticketDigest: string): number {
  const people = votes
    .filter(
      ({ yes, voter }) =>
        yes.digest === ticketDigest &&
        voter?.personID === yes.by &&
        !voter.disabled &&
        hasOneOf(APPROVERS, voter) &&
        !tooNew(requires, voter) &&
        isEnough(yes.level, levelOfOne(requires.level)),
    )
    .map(({ yes }) => yes.by)
  return new Set(people).size
}

/**
 * Is the stored yes still worth something at the moment of sending? The word "approved" alone is never trusted.
 * @param ticketDigest recomputed from the order that is about to be sent.
 */
export function stillApproved(
  approval: { readonly requires: Requirement; readonly votes: readonly Cast[]; readonly sendBy: Instant | null },
  ticketDigest: string,
  now: Instant,
): 'yes' | 'expired' | 'void' {
  const { requires, votes, sendBy } = approval
  if (countYes(requires, votes, ticketDigest) < Math.max(1, requires.quorum)) return 'void'
  return sendBy !== null && now <= sendBy ? 'yes' : 'expired'
}
