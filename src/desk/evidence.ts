import { type Cast, countYes, stillApproved } from '../approvals/decide.ts'
import { digestOf } from '../approvals/digest.ts'
import { challengeOf } from '../approvals/envelope.ts'
import {
  type Armed,
  type ChannelUser,
  type Envelope,
  type Evidence,
  type Level,
  LEVEL_OF,
  type PasskeyAssertion,
} from '../approvals/evidence.ts'
import { agrees, counterFault, verifyAssertion } from '../approvals/passkey.ts'
import type { Actor } from '../journal/row.ts'
import { isWithin, ONE_CLICK, type OrderFacts, type Requirement } from '../approvals/policy.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Decision, Intent, Link, Passkey, ProviderAccount, Session } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { Instant } from '../values/instant.ts'
import { base32, sha256 } from '../values/hash.ts'
import { parseJson } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { orderFactsNow } from './approving.ts'
import { type Command, deny } from './command.ts'
import type { Denial } from './desk.ts'
import { sessionNamed } from './newcomers.ts'

/**
 * The name of a chat user, or of an account at the sign-in provider, among our records. Of an account a hash: whatever
 * a provider calls itself and its accounts, no two of them share it.
 */
export const linkID = ({ provider, tenant, user }: ChannelUser | ProviderAccount): string =>
  provider === 'oidc' ? `oidc:${base32(sha256(JSON.stringify([tenant, user])), 32)}` : `${provider}:${tenant}:${user}`

/** What somebody decides on: an order, or a change of the house itself. */
export type Decided = ({ readonly intentID: string } | { readonly changeID: string }) & {
  readonly digest: string
  readonly decision: Envelope['decision']
  readonly policyVersion: number
  readonly environment: 'paper' | 'live'
}

/** A click in a page or on the command line, where no other evidence is given. */
export const clickOf = (actor: Actor): Evidence => ({ kind: 'session', session: actor.session ?? '' })

/**
 * How sure the evidence makes it that `actor` said this, or why it is worth nothing. What is good once is used up, also
 * when it turns out to be worth nothing.
 */
export async function weigh(
  c: Command,
  evidence: Evidence,
  actor: Actor,
  what: Decided,
): Promise<Result<Level, Denial>> {
  switch (evidence.kind) {
    case 'session':
      return (await isOfEnded(c.tx, evidence, actor.id, c.now))
        ? deny('NOT_ELIGIBLE', 'Your session has ended. Sign in again.')
        : ok(LEVEL_OF.session)
    case 'channel':
      return (await isLinked(c.tx, evidence, actor.id))
        ? ok(LEVEL_OF.channel)
        : deny(
            'IDENTITY_UNLINKED',
            'This chat account belongs to nobody here. Sign in, make a link code under "Your access", and send it in the chat.',
          )
    case 'passkey':
      return signed(c, evidence, actor, what)
    case 'armed':
      return deny('NOT_ELIGIBLE', 'An armed strategy is no person.')
  }
}

/** Whether a session has ended by now, or its time is over. */
export const isOver = ({ expiresAt, endedAt }: Session, now: Instant): boolean => endedAt !== null || now >= expiresAt

/** Whether it is a click in a session of theirs that is over: nobody says anything in one. */
export async function isOfEnded(
  reads: Reads,
  evidence: Evidence | undefined,
  by: string,
  now: Instant,
): Promise<boolean> {
  if (evidence?.kind !== 'session') return false
  const session = sessionNamed(await reads.all('session'), by, evidence.session)
  return session !== null && isOver(session, now)
}

async function isLinked(reads: Reads, user: ChannelUser, personID: string): Promise<boolean> {
  const link = await reads.get('link', linkID(user))
  // An account at the sign-in provider opens sessions; a click in a chat it is not.
  return link?.personID === personID && link.endedAt === null && link.provider !== 'oidc'
}

const refused = (text: string): Result<never, Denial> => deny('PASSKEY_REFUSED', text)

async function signed(
  c: Command,
  assertion: PasskeyAssertion,
  actor: Actor,
  what: Decided,
): Promise<Result<Level, Denial>> {
  const challenge = await c.tx.get('challenge', challengeOf(assertion.envelope))
  if (challenge) await c.tx.remove('challenge', challenge.challenge)
  if (
    challenge?.purpose !== 'decide' ||
    challenge.personID !== actor.id ||
    challenge.session !== actor.session ||
    c.now > challenge.expiresAt
  )
    return refused('This signature was used already, is too old, or was asked for in another session. Try again.')
  const passkey = await c.tx.get('passkey', assertion.credentialID)
  const holds = stands(passkey, actor.id, what.environment, c.now)
  if (!holds.ok) return refused(holds.error)
  const worth = verify(assertion, holds.value, actor.id, what)
  if (!worth.ok) return refused(worth.error)
  const copied = counterFault(holds.value.counter, worth.value.counter)
  return copied ? refused(copied.text) : ok(LEVEL_OF.passkey)
}

/** Whether the passkey may be used by this person now. */
function stands(
  passkey: Passkey | null,
  personID: string,
  environment: 'paper' | 'live',
  now: Instant,
): Result<Passkey, string> {
  if (!passkey || passkey.personID !== personID)
    return err('This passkey is not one of yours. Use one that is listed under "Your access".')
  if (passkey.revokedAt !== null) return err('This passkey was revoked. Use another one.')
  if (environment === 'live' && now < passkey.liveFrom)
    return err('This passkey is new, and approves live orders only after its first day. Use an older one.')
  return ok(passkey)
}

/** Whether the passkey signed exactly this. Reads nothing: the same answer years later. */
export function verify(
  assertion: PasskeyAssertion,
  passkey: Pick<Passkey, 'key' | 'rpID'>,
  approver: string,
  what: Decided,
): Result<{ readonly counter: number }, string> {
  if (!agrees(assertion, { ...what, approver, policyVersion: String(what.policyVersion) }))
    return err('The passkey signed another decision than this one. Look at it again and decide again.')
  const { rpID } = passkey
  const origins = originsOf(assertion, rpID)
  const checked = verifyAssertion(assertion, passkey.key, { rpID, origins, requireUserVerification: true })
  return checked.ok ? checked : err(checked.error.text)
}

/** The page that asked, when it is one under the name that the passkey was made for; its port may change. */
function originsOf({ clientDataJSON }: PasskeyAssertion, rpID: string): readonly string[] {
  const client = parseJson(Buffer.from(clientDataJSON, 'base64url').toString())
  const origin = client.ok && (client.value as { origin?: unknown } | null)?.origin
  if (typeof origin !== 'string' || !URL.canParse(origin)) return []
  const { protocol, hostname } = new URL(origin)
  const isOurs = hostname === rpID || hostname.endsWith(`.${rpID}`)
  return isOurs && (protocol === 'https:' || (protocol === 'http:' && rpID === 'localhost')) ? [origin] : []
}

/** As much of a yes as its worth depends on. */
type Given = Pick<Decision, 'by' | 'digest' | 'evidence'>

/**
 * The yeses to one ticket as they stand now, for the last look before the wire: a person who was disabled, a passkey that
 * was revoked, a link that was ended takes their yes with it, nobody counts for what they proposed themselves, and every
 * signature is verified again.
 */
export async function castOf(
  reads: Reads,
  votes: readonly Given[],
  ticket: Ticket,
  { policyVersion }: Requirement,
  now: Instant,
): Promise<readonly Cast[]> {
  const { intentID, environment } = ticket
  const intent = await reads.get('intent', intentID)
  const isOwn = (by: string) => [intent?.proposer.id, intent?.proposerOwner, intent?.proposerMaker].includes(by)
  return Promise.all(
    votes.map(async ({ by, digest, evidence }): Promise<Cast> => {
      const level = evidence ? LEVEL_OF[evidence.kind] : LEVEL_OF.session
      const what = { intentID, digest: digestOf(ticket), decision: 'approve', policyVersion, environment } as const
      const holds =
        evidence === undefined ||
        (evidence.kind === 'armed'
          ? intent !== null &&
            (await isArmed(reads, evidence, by, await orderFactsNow(reads, ticket, intent.proposal.strategyID), now))
          : await holdsStill(reads, evidence, by, what, now))
      return { yes: { by, digest, level }, voter: holds && !isOwn(by) ? await reads.get('person', by) : null }
    }),
  )
}

/** Whether what a person said it with is theirs still, and says this. */
export async function holdsStill(
  reads: Reads,
  evidence: Exclude<Evidence, Armed>,
  by: string,
  what: Decided,
  now: Instant,
): Promise<boolean> {
  switch (evidence.kind) {
    case 'session': {
      const session = sessionNamed(await reads.all('session'), by, evidence.session)
      return !session?.linkID || opensStill(session, await reads.get('link', session.linkID))
    }
    case 'channel':
      return isLinked(reads, evidence, by)
    case 'passkey': {
      const passkey = stands(await reads.get('passkey', evidence.credentialID), by, what.environment, now)
      return passkey.ok && verify(evidence, passkey.value, by, what).ok
    }
  }
}

/**
 * Whether the account that opened a session is tied to its person as it was then. Whoever was signed in by an account that
 * was not theirs has said nothing; a session that simply ended leaves what was said in it.
 */
export const opensStill = ({ personID, createdAt }: Session, link: Link | null | undefined): boolean =>
  link?.personID === personID && link.endedAt === null && link.createdAt <= createdAt

/** Whether the order is still within what that person armed. How many there were was counted when it was approved. */
async function isArmed(
  reads: Reads,
  { armingID }: Armed,
  by: string,
  order: OrderFacts,
  now: Instant,
): Promise<boolean> {
  const arming = await reads.get('arming', armingID)
  if (!arming || arming.by !== by || arming.disarmedAt !== null || now > arming.until) return false
  return isWithin({ ...arming, count: 0, maxCount: 1 }, order, arming.maxNotional)
}

/** Whether the policy is still the one under which this was asked: a yes under other rules says nothing. */
export async function isOfNow(reads: Reads, { policyVersion }: Requirement): Promise<boolean> {
  return ((await reads.get('approvals', 'account'))?.policy.version ?? 0) === policyVersion
}

/** Whose yes to an order counts as things stand: of each person by itself, as all of them are counted at the send. */
export async function countedOf(reads: Reads, intent: Intent, now: Instant): Promise<ReadonlySet<string>> {
  const { ticket, requires = ONE_CLICK } = intent
  const votes = votesOf(intent)
  if (!ticket || votes.length === 0 || !(await isOfNow(reads, requires))) return new Set()
  const digest = digestOf(ticket)
  const cast = await castOf(reads, votes, ticket, requires, now)
  return new Set(cast.filter((one) => countYes(requires, [one], digest) > 0).map(({ yes }) => yes.by))
}

/**
 * Whether this person's yes to an order that waits counts as things stand. While it does, the same again is a repeat;
 * when it does not any more, they may give it again (`withYes`). What `isAgreed` is for a change.
 */
export const isGiven = async (reads: Reads, intent: Intent, by: string, now: Instant): Promise<boolean> =>
  (await countedOf(reads, intent, now)).has(by)

/** Whether the yes to an intent may be used now. */
export async function isApproved(
  reads: Reads,
  intent: Intent,
  ticket: Ticket,
  now: Instant,
): Promise<ReturnType<typeof stillApproved>> {
  const { requires = ONE_CLICK, sendBy } = intent
  if (!(await isOfNow(reads, requires))) return 'void'
  return worthOf(reads, { votes: votesOf(intent), ticket, requires, sendBy }, now)
}

/** Whether what was approved may be sent now: the one question of every send, repeat and replacement. */
export async function worthOf(
  reads: Reads,
  approval: {
    readonly votes: readonly Given[]
    readonly ticket: Ticket
    readonly requires: Requirement
    readonly sendBy: Instant | null
  },
  now: Instant,
): Promise<ReturnType<typeof stillApproved>> {
  const { ticket, requires, sendBy } = approval
  const votes = await castOf(reads, approval.votes, ticket, requires, now)
  return stillApproved({ requires, votes, sendBy }, digestOf(ticket), now)
}

/** The yeses of an intent: those of before there was a policy are its one decision. */
export const votesOf = ({ votes, decision }: Pick<Intent, 'votes' | 'decision'>): readonly Decision[] =>
  votes && votes.length > 0 ? votes : decision?.verdict === 'approved' ? [decision] : []
