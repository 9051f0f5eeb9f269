import { takesAccess, withYes } from '../approvals/decide.ts'
import { type Evidence, LEVEL_OF, type PasskeyAssertion } from '../approvals/evidence.ts'
import { counterFault } from '../approvals/passkey.ts'
import {
  type ApprovalPolicy,
  faultsOf,
  firstPolicy,
  isEnough,
  isWithin,
  levelOfOne,
  type OrderFacts,
  type Requirement,
  stricter,
} from '../approvals/policy.ts'
import { moment } from '../gate/words.ts'
import type { Row } from '../journal/row.ts'
import { complete, isTightening } from '../gate/limits.ts'
import { isNarrow } from '../orders/halt.ts'
import { isLive, type Stage, stageAfter, stageBelow } from '../orders/stage.ts'
import type {
  ArmedStrategy,
  Change,
  ChangeOf,
  Decision,
  Link,
  Passkey,
  Person,
  RiskLimits,
  Session,
  SigninCode,
  Strategy,
} from '../ports/records.ts'
import { gt } from '../values/decimal.ts'
import { sha256Base64url } from '../values/hash.ts'
import { type Instant, parseInstant, plusMs, rfc3339 } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { ARMED_MAX_MS } from './arming.ts'
import type { Action, Happened } from './events.ts'
import { type Decided, isOver, linkID, opensStill, verify } from './evidence.ts'
import { WRITTEN_WITHIN_MS } from './finding.ts'
import {
  changeDigest,
  countsFor,
  leftAt,
  levelFor,
  mayGovern,
  mayPropose,
  MISSED_MS,
  ownCounts,
  quorumFor,
  takesTwo,
} from './governing.ts'
import { enrols, HOLD_MS } from './identities.ts'
import { changed, effectiveFrom, inForce } from './limiting.ts'
import { waivedID } from './waiving.ts'
import { asNew, backed, behind, changedTo, kept, sessionNamed } from './newcomers.ts'

// Who was who in a journal, and under which policy, folded from its rows alone: what the proofs of its orders rest on.

/** Why something in a journal is not proven. Names are for programs, and stay. */
export const UNPROVEN = {
  UNREADABLE_ROW: 'a row that proofs rest on cannot be read',
  REPEATED: 'something that happens once is written a second time',
  NOT_AGREED: 'the policy, or who may do what, changed without the people whom that takes',
  UNKNOWN_ORDER: 'something was sent of which nothing was decided',
  SEND_MISSING: 'the broker answered for an order that was never sent',
  SECOND_ORDER: 'one approval was used for two orders',
  WRONG_TERMS: 'an order is not the one that people said yes to',
  DIGEST_MISMATCH: 'a digest is not that of the ticket',
  ASKED_TOO_LITTLE: 'an order asked for less than the policy says',
  NOT_ELIGIBLE: 'somebody said yes who may not',
  SELF_APPROVAL: 'somebody said yes to what they asked for themselves',
  SAME_PERSON: 'one person was counted twice',
  EVIDENCE_REFUSED: 'what a yes was said with does not prove it',
  ASSURANCE_TOO_LOW: 'a click counted where a passkey was asked for',
  MORE_THAN_HELD: 'exits would close more than is held',
  APPROVAL_EXPIRED: 'a yes was given or used after its time',
  TOO_FEW: 'an order was sent without the yes of as many people as it takes',
  NOT_PINNED: 'a passkey is not one of those that were noted elsewhere',
} as const
export type UnprovenCode = keyof typeof UNPROVEN

/** What is wrong, as a sentence. */
export type Doubt = { readonly code: UnprovenCode; readonly text: string }
export const doubt = (code: UnprovenCode, text: string): Doubt => ({ code, text })

export type Told = { [A in Action]: { readonly action: A; readonly data: Happened[A] } }[Action]

/** A row that was read, with the moment in it and whether the journal's clock stood still because the wall clock was set back. */
export type Witnessed = { readonly row: Row; readonly at: Instant; readonly stoodStill: boolean }

type Proposed = {
  readonly change: Change
  /** What the policy asks for at that time, or what the row itself says where that is more. */
  readonly wants: { readonly level: Requirement['level']; readonly quorum: number }
  /** One of each person: what they said anew has taken the place of what had lost its worth. */
  votes: readonly Decision[]
  brought: boolean
  state: 'Waiting' | 'Ended'
}

/** Everything that the journal has named so far. */
export type House = {
  readonly people: Map<string, Person>
  readonly passkeys: Map<string, Passkey>
  readonly links: Map<string, Link>
  readonly armings: Map<string, ArmedStrategy>
  readonly strategies: Map<string, Strategy>
  /** By person. */
  readonly sessions: Map<string, readonly Session[]>
  /** By hash. */
  readonly codes: Map<string, SigninCode>
  readonly changes: Map<string, Proposed>
  /** What access people had before each change of it, and until when: whoever could decide is missed for a while. */
  readonly before: Map<string, readonly { readonly until: Instant; readonly access: Person }[]>
  /** What each passkey was needed for. */
  readonly used: Map<string, { orders: number; changes: number }>
  /** Agreed to by fewer people than a live account asks for before it has a policy of its own: a fault if this is one. */
  readonly lenient: { readonly seq: number; readonly doubt: Doubt }[]
  readonly pinned: ReadonlySet<string> | null
  policy: ApprovalPolicy | null
  /** What is halted, as its release must name it. */
  readonly halts: Map<string, Extract<ChangeOf, { kind: 'release' }>>
  /** Null where the account has none, or as of before there were limits. */
  limits: RiskLimits | null
  /** Null where nobody counts it. */
  stage: Stage | null
  era: number
  /** The gateway has run. */
  started: boolean
  /** From the first ticket on that says whose yes it takes: all later ones must. */
  tellsWhatIsAsked: boolean
  /** From the first passkey on of which it is written whether an older one confirmed it: of all later ones it must be. */
  tellsConfirmation: boolean
  /** Challenges that a passkey has signed to let another one in: each is good once. */
  readonly confirmed: Set<string>
  /** As the account is called, or that of the first ticket: a journal is of one account. */
  environment: 'paper' | 'live' | null
}

export const emptyHouse = (pinned: ReadonlySet<string> | null): House => ({
  people: new Map(),
  passkeys: new Map(),
  links: new Map(),
  armings: new Map(),
  strategies: new Map(),
  sessions: new Map(),
  codes: new Map(),
  changes: new Map(),
  halts: new Map(),
  before: new Map(),
  used: new Map(),
  lenient: [],
  pinned,
  policy: null,
  limits: null,
  stage: null,
  era: 0,
  started: false,
  tellsWhatIsAsked: false,
  tellsConfirmation: false,
  confirmed: new Set(),
  environment: null,
})

/** What the name of an account says: `live:alpaca:main`. Null where it says nothing. */
export function environmentOf(account: string): 'paper' | 'live' | null {
  const [first] = account.split(':')
  return first === 'live' || first === 'paper' ? first : null
}

export const policyOf = ({ policy, environment }: House): ApprovalPolicy =>
  policy ?? firstPolicy(environment ?? 'paper')
const sessionsOf = ({ sessions }: House, personID: string): readonly Session[] => sessions.get(personID) ?? []
const hasPasskey = ({ passkeys }: House, personID: string): boolean =>
  [...passkeys.values()].some((one) => one.personID === personID && one.revokedAt === null)
export const nameOf = ({ people }: House, personID: string): string => people.get(personID)?.name ?? personID

/**
 * What a passkey is recognised by outside the journal: SHA-256, base64url, over its key, the person whose it is and the
 * name of the site. Whoever noted it when it was enrolled notices if another key, or another person, stands there later.
 */
export const passkeyPrint = ({ credentialID, key, personID, rpID }: Passkey): string =>
  sha256Base64url(`jax-passkey-v1\n${canonical({ credentialID, key, personID, rpID })}`)

/** Takes a row in. Whatever is wrong with it is said, and it counts all the same: what rests on it is then told once. */
export function admit(house: House, seen: Witnessed): readonly Doubt[] {
  const { row, at } = seen
  const told = row as unknown as Told
  const { id } = row.object
  switch (told.action) {
    case 'gateway.started':
      house.started = true
      house.environment ??= environmentOf(id)
      disarm(house, () => true, at)
      return []
    case 'halt.engaged': {
      // Of a part, whatever was armed for it is disarmed by rows of its own.
      const { by, reason, scope = 'global', level = 'K4' } = told.data
      house.halts.set(scope, { kind: 'release', scope, level, since: rfc3339(at), by, why: reason })
      disarm(house, ({ strategyID }) => !isNarrow(scope) || scope === `strategy:${strategyID}`, at)
      return []
    }
    case 'person.added':
      return added(house, told.data.person)
    case 'person.changed': {
      const before = house.people.get(id)
      const wrong = brought(
        house,
        seen,
        ({ what }) => what.kind === 'person' && what.personID === id && same(what.after, told.data),
      )
      if (!before) return [doubt('UNREADABLE_ROW', `It changes the access of ${id}, whom nobody added.`)]
      house.before.set(id, [...(house.before.get(id) ?? []), { until: at, access: before }])
      house.people.set(id, changedTo(before, told.data, takesAccess(before, told.data)))
      if (told.data.disabled) disarm(house, ({ by }) => by === id, at)
      return wrong
    }
    case 'session.opened': {
      const { session } = told.data
      const by =
        'linkID' in told.data ? house.links.get(told.data.linkID)?.codeBy : house.codes.get(told.data.codeHash)?.madeBy
      house.sessions.set(session.personID, [...sessionsOf(house, session.personID), backed(session, by)])
      return []
    }
    case 'code.issued': {
      const { code } = told.data
      house.codes.set(code.hash, kept(code, sessionsOf(house, row.actor.id), row.actor))
      return []
    }
    case 'session.ended': {
      const { hash } = told.data
      const sessions = sessionsOf(house, id).map((one) => (one.hash === hash ? { ...one, endedAt: at } : one))
      house.sessions.set(id, sessions)
      return []
    }
    case 'passkey.enrolled': {
      const { passkey } = told.data
      const { personID } = passkey
      const twice = house.passkeys.has(passkey.credentialID)
      const sessions = sessionsOf(house, personID)
      const person = house.people.get(personID)
      if (person && !hasPasskey(house, personID) && behind(sessions, row.actor) !== undefined)
        house.people.set(personID, asNew(person, at))
      const doubts = enrolmentDoubts(house, seen, told.data)
      const { liveFrom } = passkey
      const due = liveFromAt(at)
      house.passkeys.set(passkey.credentialID, { ...passkey, liveFrom: liveFrom < due ? due : liveFrom })
      if (twice) return [doubt('REPEATED', `Passkey ${passkey.credentialID} is enrolled a second time.`)]
      if (row.actor.type !== 'person' || row.actor.id !== personID)
        return [doubt('NOT_ELIGIBLE', `A passkey of ${nameOf(house, personID)} was enrolled by ${row.actor.id}.`)]
      return sessions.length === 0 || sessionNamed(sessions, personID, row.actor.session)
        ? doubts
        : [doubt('NOT_ELIGIBLE', `A passkey of ${nameOf(house, personID)} was enrolled in no session of theirs.`)]
    }
    case 'passkey.revoked': {
      const passkey = house.passkeys.get(id)
      if (!passkey) return [doubt('UNREADABLE_ROW', `It revokes passkey ${id}, which nobody enrolled.`)]
      house.passkeys.set(id, { ...passkey, revokedAt: at })
      const { personID } = passkey
      const person = house.people.get(personID)
      if (person && !hasPasskey(house, personID)) house.people.set(personID, asNew(person, at))
      return []
    }
    case 'link.made': {
      const { link } = told.data
      const { sessionHash } = { sessionHash: null, ...told.data }
      const session = sessionsOf(house, link.personID).find(({ hash }) => hash === sessionHash)
      house.links.set(link.linkID, backed(link, session?.codeBy))
      return row.actor.type === 'person' && row.actor.id === link.personID && id === linkID(link)
        ? []
        : [doubt('NOT_ELIGIBLE', `A chat account was linked to ${nameOf(house, link.personID)} by ${row.actor.id}.`)]
    }
    case 'link.ended': {
      const link = house.links.get(id)
      if (link) house.links.set(id, { ...link, endedAt: at })
      return []
    }
    case 'strategy.armed':
      return armed(house, seen, told.data.arming)
    case 'strategy.disarmed':
      disarm(house, ({ armingID }) => armingID === id, at)
      return []
    case 'change.proposed':
      return proposed(house, seen, told.data.change)
    case 'change.voted':
      return agreedTo(house, seen, told.data.decision)
    case 'policy.changed': {
      const { policy } = told.data
      const before = policyOf(house).version
      const wrong = brought(house, seen, ({ what }) => what.kind === 'approval policy' && same(what.policy, policy))
      house.policy = policy
      const skips = policy.version !== before + 1
      const [fault] = faultsOf(policy)
      return [
        ...wrong,
        ...(skips
          ? [doubt('NOT_AGREED', `After version ${before} of the policy comes version ${policy.version}.`)]
          : []),
        ...(fault === undefined ? [] : [doubt('NOT_AGREED', `Nobody could have agreed to this policy: ${fault}`)]),
      ]
    }
    case 'limits.opened': {
      const twice = house.limits !== null
      house.limits = { scope: 'account', limits: told.data.limits, next: null }
      return twice ? [doubt('REPEATED', 'The risk limits begin a second time.')] : []
    }
    case 'strategy.described': {
      const { strategy } = told.data
      const wrong = brought(house, seen, ({ what }) => what.kind === 'strategy' && same(what.after, strategy))
      house.strategies.set(id, strategy)
      return wrong
    }
    case 'halt.released': {
      const { scope = 'global' } = told.data
      house.halts.delete(scope)
      return house.environment === 'live'
        ? brought(house, seen, ({ what }) => what.kind === 'release' && what.scope === scope)
        : []
    }
    case 'waiver.granted': {
      const { waiver } = told.data
      return brought(
        house,
        seen,
        (change) =>
          change.what.kind === 'waiver' &&
          waivedID(change) === waiver.intentID &&
          change.what.intentID === waiver.of &&
          same(change.what.lifts, waiver.lifts) &&
          same(change.what.raised ?? null, waiver.raised ?? null) &&
          same(change.what.terms, waiver.terms) &&
          same(change.what.maxNotional, waiver.maxNotional),
      )
    }
    case 'limits.changed':
      return limited(house, seen, told.data)
    case 'stage.opened': {
      const twice = house.stage !== null
      house.stage = told.data.stage
      return [
        ...(twice ? [doubt('REPEATED', 'The stages of the account begin a second time.')] : []),
        ...(!isLive(told.data.stage) || told.data.from !== null
          ? []
          : [
              doubt(
                'NOT_AGREED',
                `The account begins at stage ${told.data.stage}, and no book is named that it was promoted in.`,
              ),
            ]),
      ]
    }
    case 'stage.changed':
      return staged(house, seen, told.data)
    case 'change.applied': {
      const change = house.changes.get(id)
      if (change) change.state = 'Ended'
      return !change || change.brought || change.change.what.kind === 'passkey revoked'
        ? []
        : [doubt('NOT_AGREED', `Change ${id} counts as applied, and the row that applies it is missing.`)]
    }
    case 'change.declined':
    case 'change.lapsed': {
      const change = house.changes.get(id)
      if (change) change.state = 'Ended'
      return []
    }
    default:
      return []
  }
}

function limited(house: House, seen: Witnessed, { limits, from }: Happened['limits.changed']): readonly Doubt[] {
  const row = house.limits
  if (!row) return [doubt('UNREADABLE_ROW', 'It changes risk limits that never began.')]
  const before = inForce(row, seen.at)
  const wrong = brought(house, seen, ({ what }) => what.kind === 'risk limits' && same(what.after, limits))
  house.limits = changed(row, { limits, from }, seen.at)
  const due = effectiveFrom(before, limits, seen.at)
  const early = due !== null && (from === null || from < due)
  return [
    ...wrong,
    ...(limits.version === before.version + 1
      ? []
      : [doubt('NOT_AGREED', `After version ${before.version} of the risk limits comes version ${limits.version}.`)]),
    ...(early ? [doubt('NOT_AGREED', `Looser risk limits hold from ${moment(due)} on, and not before.`)] : []),
  ]
}

/** Further only by what people agreed to, and never over a stage; back by a rule, to limits that are looser in nothing. */
function staged(
  house: House,
  seen: Witnessed,
  { stage, cause, limits, build }: Happened['stage.changed'],
): readonly Doubt[] {
  const { stage: from, limits: row, era } = house
  if (from === null) return [doubt('UNREADABLE_ROW', 'It changes a stage that never began.')]
  const before = row && inForce(row, seen.at)
  house.stage = stage
  if (cause !== 'build agreed to') house.era += 1
  if (row && limits) house.limits = changed(row, { limits, from: null }, seen.at)
  if (cause === 'demoted') {
    const isBack = stage === stageBelow(from) || (stage === 'S1' && isLive(from))
    const looser = before && limits && !isTightening(before, limits)
    return [
      ...(isBack && seen.row.actor.type === 'system'
        ? []
        : [doubt('NOT_AGREED', `The account goes from stage ${from} to ${stage}, and no rule takes it there.`)]),
      ...(looser ? [doubt('NOT_AGREED', 'The account goes back a stage, and its limits are looser than before.')] : []),
    ]
  }
  const skips = stage !== (cause === 'promoted' ? stageAfter(from) : from)
  return [
    ...brought(
      house,
      seen,
      ({ what }) =>
        what.kind === 'stage' &&
        what.before === from &&
        what.after === stage &&
        what.era === era &&
        what.build === build &&
        (cause === 'promoted' ? same(what.limits, limits) : limits === null),
    ),
    ...(skips
      ? [doubt('NOT_AGREED', `After stage ${from} comes ${stageAfter(from) ?? 'none'}, and not ${stage}.`)]
      : []),
  ]
}

const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

/**
 * The desk adds a person once, and all but the first as newcomers. Before the gateway has run there is nobody: it writes
 * `gateway.started` before it listens, and people come in by signing in. Whoever stands there all the same was set up with
 * the journal, as the cast of a test is, and lies under its first checkpoint.
 */
function added({ people, started }: House, person: Person): readonly Doubt[] {
  const isFirst = people.size === 0
  const isThere = people.has(person.personID)
  people.set(person.personID, person)
  if (isThere) return [doubt('REPEATED', `${person.name} is added a second time.`)]
  return started && !isFirst && person.newcomer !== true
    ? [doubt('NOT_AGREED', `${person.name} joined as if somebody had confirmed them, and nobody had.`)]
    : []
}

/** From when on a passkey that was enrolled then is good for live orders, by the journal's own clock. */
const liveFromAt = (at: Instant): Instant => plusMs(at, HOLD_MS - WRITTEN_WITHIN_MS)

/** A passkey waits for a day before it is good for live orders, and a further one takes one that the person has. */
function enrolmentDoubts(
  house: House,
  { at, stoodStill }: Witnessed,
  data: Happened['passkey.enrolled'],
): readonly Doubt[] {
  const { createdAt, liveFrom, personID } = data.passkey
  const said = `A passkey of ${nameOf(house, personID)} was enrolled`
  const isHeld = liveFrom >= plusMs(createdAt, HOLD_MS) && (stoodStill || liveFrom >= liveFromAt(at))
  const unconfirmed = confirmationFault(house, data)
  house.tellsConfirmation ||= data.confirmation !== undefined
  return [
    ...(isHeld ? [] : [doubt('EVIDENCE_REFUSED', `${said}, and was good for live orders before a day had passed.`)]),
    ...(unconfirmed === null ? [] : [doubt('EVIDENCE_REFUSED', `${said}. ${unconfirmed}`)]),
  ]
}

/** Rows of before the confirmation was written say nothing of it. */
function confirmationFault(
  house: House,
  { passkey: { personID, createdAt: at }, confirmation }: Happened['passkey.enrolled'],
): string | null {
  if (!hasPasskey(house, personID)) return null
  const isAsked = house.tellsConfirmation || house.environment === 'live'
  if (confirmation === undefined) return isAsked ? 'They had one, and that it confirmed this one is not written.' : null
  if (confirmation === null) return 'They had one, and it did not confirm this one.'
  const challenge = confirmation.envelope.order_digest
  if (house.confirmed.has(challenge)) return 'What confirmed it had confirmed another one.'
  house.confirmed.add(challenge)
  const what = enrols(personID, challenge, house.environment ?? 'paper')
  const gone = lost(house, confirmation, personID, what.environment, at)
  return gone ?? unsigned(house, confirmation, { by: personID, at }, what)
}

function disarm({ armings }: House, which: (arming: ArmedStrategy) => boolean, at: Instant): void {
  for (const arming of armings.values())
    if (arming.disarmedAt === null && which(arming)) armings.set(arming.armingID, { ...arming, disarmedAt: at })
}

function armed(house: House, { row, at }: Witnessed, arming: ArmedStrategy): readonly Doubt[] {
  house.armings.set(arming.armingID, { ...arming, count: 0 })
  const { autoMaxNotional } = policyOf(house)
  if (row.actor.type !== 'person' || row.actor.id !== arming.by)
    return [
      doubt(
        'NOT_ELIGIBLE',
        `${arming.strategyID} was armed in the name of ${nameOf(house, arming.by)} by ${row.actor.id}.`,
      ),
    ]
  return autoMaxNotional !== null &&
    !gt(arming.maxNotional, autoMaxNotional) &&
    arming.until <= plusMs(at, ARMED_MAX_MS)
    ? []
    : [doubt('ASKED_TOO_LITTLE', `${arming.strategyID} was armed for more, or for longer, than the policy allows.`)]
}

// ---------------------------------------------------------------- changes of the house

const subjectOf = (what: ChangeOf): string | null => ('personID' in what ? what.personID : null)

const othersThan = (house: House, what: ChangeOf, proposer: string): readonly Person[] =>
  [...house.people.values()].filter(
    (person) => countsFor(what, person) && person.personID !== proposer && person.personID !== subjectOf(what),
  )

/** Whoever could have decided on it until less than a day before: nobody becomes alone in a hurry. */
const missedBy = (house: House, what: ChangeOf, proposer: string, at: Instant): readonly Person[] =>
  [...house.people.values()].filter((person) => {
    const { personID } = person
    const taken = (house.before.get(personID) ?? []).findLast(({ access }) => mayGovern(what, access))?.until
    const since = leftAt(what, person, taken)
    return since !== null && at < plusMs(since, MISSED_MS) && personID !== proposer && personID !== subjectOf(what)
  })

function proposed(house: House, { row, at }: Witnessed, change: Change): readonly Doubt[] {
  const { what, proposer, requires } = change
  const policy = policyOf(house)
  const others = othersThan(house, what, proposer).length
  const missed = missedBy(house, what, proposer, at)
  const leastOf = (one: ApprovalPolicy): number => quorumFor(one, what)
  const wantedOf = (one: ApprovalPolicy): Proposed['wants'] => ({
    level: levelFor(one, what),
    quorum: Math.min(leastOf(one), Math.max(1, others + missed.length)),
  })
  const wants = wantedOf(policy)
  const id = row.object.id
  const twice = house.changes.has(id)
  const more = { level: stricter(requires.level, wants.level), quorum: Math.max(requires.quorum, wants.quorum) }
  house.changes.set(id, { change, wants: more, votes: [], brought: false, state: 'Waiting' })
  const who = house.people.get(proposer)
  const said = `Change ${id}`
  if (twice) return [doubt('REPEATED', `${said} is proposed a second time.`)]
  if (row.actor.type !== 'person' || row.actor.id !== proposer || !mayPropose(what, who ?? null))
    return [doubt('NOT_AGREED', `${said} was proposed by ${row.actor.id}, who may not propose it.`)]
  if (change.digest !== changeDigest(what, proposer)) return [doubt('DIGEST_MISMATCH', `${said} has another digest.`)]
  if (!isOfNow(house, what)) return [doubt('NOT_AGREED', `${said} begins with what was not so.`)]
  const meets = (w: Proposed['wants']): boolean =>
    isEnough(requires.level, w.level) && requires.quorum >= w.quorum && requires.policyVersion === policy.version
  const weak = doubt(
    'NOT_AGREED',
    `${said} asked for less than the policy says: ${wants.quorum} at level ${wants.level}.`,
  )
  if (!meets(wants)) return [weak]
  if (Math.min(leastOf(policy), others + missed.length) > others) return [doubt('NOT_AGREED', tooSoon(said, missed))]
  if (house.policy === null && !meets(wantedOf(firstPolicy('live')))) house.lenient.push({ seq: row.seq, doubt: weak })
  return []
}
const tooSoon = (said: string, missed: readonly Person[]): string =>
  `${said} took others, who could have decided on it until less than a day before: ${missed.map(({ name }) => name).join(', ')}.`

/** A change that claims to take something away must begin with what there is. */
function isOfNow(house: House, what: ChangeOf): boolean {
  switch (what.kind) {
    case 'approval policy':
      return what.before === policyOf(house).version
    case 'person': {
      const { roles, disabled } = house.people.get(what.personID) ?? {}
      return same(what.before, { roles: roles ?? null, disabled: disabled ?? null })
    }
    case 'risk limits':
      // Of which moment they are is looked at when they are brought.
      return (
        house.limits !== null &&
        [house.limits.limits, house.limits.next?.limits].some(
          (one) => one && same(complete(what.before), complete(one)),
        )
      )
    case 'waiver':
      // What was refused, and for what, the rows of the intent tell.
      return true
    case 'release':
      return same(what, house.halts.get(what.scope) ?? null)
    case 'stage':
      return what.before === house.stage && what.era === house.era
    case 'strategy':
      return same(what.before, house.strategies.get(what.strategyID) ?? null)
    case 'passkey revoked':
      return house.passkeys.get(what.credentialID)?.personID === what.personID
  }
}

const decidedOf = (house: House, { change }: Proposed): Decided => ({
  changeID: change.changeID,
  digest: changeDigest(change.what, change.proposer),
  decision: 'approve',
  policyVersion: change.requires.policyVersion,
  environment: house.environment ?? 'paper',
})

/** Whether it was proposed under other rules, or by somebody who may not propose any more; null when neither. */
function staleness(house: House, { what, requires, proposer }: Change): string | null {
  const { version } = policyOf(house)
  if (requires.policyVersion !== version)
    return `It was proposed under version ${requires.policyVersion} of the policy, and that is version ${version} by now.`
  const who = house.people.get(proposer)
  return mayPropose(what, who ?? null) ? null : `${nameOf(house, proposer)}, who proposed it, may not do so any more.`
}

function agreedTo(house: House, seen: Witnessed, decision: Decision): readonly Doubt[] {
  const { row, at } = seen
  const change = house.changes.get(row.object.id)
  const who = house.people.get(decision.by)
  const said = `${nameOf(house, decision.by)} agreed to ${row.object.id}`
  if (change?.state !== 'Waiting') return [doubt('NOT_AGREED', `${said}, which waited for nobody.`)]
  if (row.actor.type !== 'person' || row.actor.id !== decision.by || !who || !mayGovern(change.change.what, who))
    return [doubt('NOT_AGREED', `${said} and may not: it was written by ${row.actor.id}.`)]
  const { what, proposer, decideBy } = change.change
  const own = decision.by === proposer || decision.by === subjectOf(what)
  if (own && !ownCounts(what) && othersThan(house, what, proposer).length > 0)
    return [doubt('SELF_APPROVAL', `${said}, and others could have decided on it.`)]
  if (own && takesTwo(what)) return [doubt('SELF_APPROVAL', `${said} alone, and it takes two people.`)]
  const stale = staleness(house, change.change)
  if (stale !== null) return [doubt('NOT_AGREED', `${said}. ${stale}`)]
  const missed = own && !ownCounts(what) ? missedBy(house, what, proposer, at) : []
  if (missed.length > 0) return [doubt('SELF_APPROVAL', tooSoon(`${said} alone. That`, missed))]
  if (!own && who.newcomer) return [doubt('NOT_ELIGIBLE', `${said}, and nobody had confirmed them yet.`)]
  const decided = decidedOf(house, change)
  if (decision.verdict !== 'approved' || decision.digest !== decided.digest)
    return [doubt('DIGEST_MISMATCH', `${said} with another digest than that of the change.`)]
  if (decision.at > decideBy) return [doubt('APPROVAL_EXPIRED', `${said} after ${moment(decideBy)}.`)]
  const { evidence } = decision
  if (!evidence || evidence.kind === 'armed')
    return [doubt('EVIDENCE_REFUSED', `${said}, and with what is not written.`)]
  const why = refusalOf(house, evidence, decision, decided)
  if (why !== null) return [doubt('EVIDENCE_REFUSED', `${said}. ${why}`)]
  if (!isEnough(LEVEL_OF[evidence.kind], levelOfOne(change.wants.level)))
    return [doubt('ASSURANCE_TOO_LOW', `${said} with a click, and it takes a passkey.`)]
  const pin = evidence.kind === 'passkey' ? notPinned(house, evidence) : null
  use(house, evidence, 'changes')
  if (change.votes.some((one) => one.by === decision.by && agreesStill(house, change, one, decision.at)))
    return [doubt('SAME_PERSON', `${said} twice.`)]
  change.votes = withYes(change.votes, decision)
  return pin ? [pin] : []
}

/** Whether a yes that was given counts still. */
function agreesStill(house: House, { change }: Proposed, { by, evidence }: Decision, at?: Instant): boolean {
  const { what, proposer } = change
  const person = house.people.get(by)
  if (!person || !mayGovern(what, person) || !evidence) return false
  if (by !== proposer && by !== subjectOf(what) && person.newcomer) return false
  return lost(house, evidence, by, house.environment ?? 'paper', at) === null
}

/** What a change brings, but for the access of somebody. */
const CHANGED: { readonly [action: string]: string } = {
  'policy.changed': 'The policy',
  'limits.changed': 'What the risk limits are',
  'strategy.described': 'What a strategy is',
  'stage.changed': 'The stage of the account',
  'waiver.granted': 'What one order may be beyond',
  'halt.released': 'What is halted',
}

/** Whether what the row says is what people had agreed to. */
function brought(house: House, { row }: Witnessed, fits: (change: Change) => boolean): readonly Doubt[] {
  const change = house.changes.get(row.corr)
  const said = `${CHANGED[row.action] ?? `The access of ${nameOf(house, row.object.id)}`} changes`
  if (change?.state !== 'Waiting' || !fits(change.change))
    return [doubt('NOT_AGREED', `${said}, and nobody had agreed to that.`)]
  change.brought = true
  const stale = staleness(house, change.change)
  if (stale !== null) return [doubt('NOT_AGREED', `${said}. ${stale}`)]
  const agreed = change.votes.filter((one) => agreesStill(house, change, one))
  return agreed.length >= change.wants.quorum
    ? []
    : [doubt('NOT_AGREED', `${said}: ${change.wants.quorum} must agree, and ${agreed.length} did.`)]
}

// ---------------------------------------------------------------- what a yes is said with

/**
 * Why what somebody said it with does not prove it, as a sentence; null when it does. Signatures are verified over what
 * was decided, with the key that was enrolled before.
 */
export function refusalOf(
  house: House,
  evidence: Exclude<Evidence, { kind: 'armed' }>,
  { by, at }: Pick<Decision, 'by' | 'at'>,
  what: Decided,
): string | null {
  const gone = lost(house, evidence, by, what.environment, at)
  if (gone !== null) return gone
  if (evidence.kind === 'session') {
    // Whoever never signed in is of before there were sessions in the journal.
    const sessions = sessionsOf(house, by)
    if (sessions.length === 0) return null
    const session = sessionNamed(sessions, by, evidence.session)
    if (!session) return 'The click came from no session of theirs.'
    return isOver(session, at) ? 'The click came from a session that was over.' : null
  }
  return evidence.kind === 'passkey' ? unsigned(house, evidence, { by, at }, what) : null
}

function unsigned(
  house: House,
  evidence: PasskeyAssertion,
  { by, at }: Pick<Decision, 'by' | 'at'>,
  what: Decided,
): string | null {
  const passkey = house.passkeys.get(evidence.credentialID)
  if (!passkey) return 'The passkey was never enrolled.'
  const worth = verify(evidence, passkey, by, what)
  if (!worth.ok) return worth.error
  const copied = counterFault(passkey.counter, worth.value.counter)
  if (copied) return copied.text
  const until = parseInstant(evidence.envelope.expires_at)
  if (until === null || at > until) return `The signature could be handed in until ${evidence.envelope.expires_at}.`
  house.passkeys.set(passkey.credentialID, { ...passkey, counter: worth.value.counter })
  return null
}

/** Whether what somebody said it with is not theirs, or not any more. */
export function lost(
  house: House,
  evidence: Evidence,
  by: string,
  environment: 'paper' | 'live',
  at?: Instant,
): string | null {
  switch (evidence.kind) {
    case 'session': {
      const session = sessionNamed(sessionsOf(house, by), by, evidence.session)
      return !session?.linkID || opensStill(session, house.links.get(session.linkID))
        ? null
        : 'The account that opened their session was unlinked.'
    }
    case 'channel': {
      const link = house.links.get(linkID(evidence))
      return link?.personID === by && link.endedAt === null ? null : 'The chat account was not linked to them.'
    }
    case 'passkey': {
      const passkey = house.passkeys.get(evidence.credentialID)
      if (passkey?.personID !== by) return 'The passkey was not one of theirs.'
      if (passkey.revokedAt !== null) return `The passkey was revoked at ${moment(passkey.revokedAt)}.`
      return environment === 'live' && at !== undefined && at < passkey.liveFrom
        ? `The passkey was too new for live orders until ${moment(passkey.liveFrom)}.`
        : null
    }
    case 'armed': {
      const arming = house.armings.get(evidence.armingID)
      if (arming?.disarmedAt !== null) return 'The strategy was not armed.'
      return at !== undefined && at > arming.until ? `It was armed until ${moment(arming.until)}.` : null
    }
  }
}

/** Why this order could not go without a person, as a sentence; null when it was within what this one had armed. */
export function unarmed(house: House, armingID: string, by: string, order: OrderFacts, at: Instant): string | null {
  const arming = house.armings.get(armingID)
  if (!arming || arming.by !== by) return 'They armed nothing of the kind.'
  if (arming.disarmedAt !== null) return `It was disarmed at ${moment(arming.disarmedAt)}.`
  if (at > arming.until) return `It was armed until ${moment(arming.until)}.`
  const { autoMaxNotional } = policyOf(house)
  if (autoMaxNotional === null || !isWithin(arming, order, autoMaxNotional))
    return 'The order is not within its bounds.'
  house.armings.set(armingID, { ...arming, count: arming.count + 1 })
  return null
}

export function notPinned(house: House, { credentialID }: PasskeyAssertion): Doubt | null {
  const passkey = house.passkeys.get(credentialID)
  if (!house.pinned || !passkey || house.pinned.has(passkeyPrint(passkey))) return null
  const owner = nameOf(house, passkey.personID)
  return doubt('NOT_PINNED', `The passkey "${passkey.name}" of ${owner} is not in the list: ${passkeyPrint(passkey)}.`)
}

export function use(house: House, evidence: Evidence, on: 'orders' | 'changes'): void {
  if (evidence.kind !== 'passkey') return
  const before = house.used.get(evidence.credentialID) ?? { orders: 0, changes: 0 }
  house.used.set(evidence.credentialID, { ...before, [on]: before[on] + 1 })
}
