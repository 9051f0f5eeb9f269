import { LEVEL_OF } from '../approvals/evidence.ts'
import { firstPolicy, isEnough, levelOfOne } from '../approvals/policy.ts'
import { moment } from '../gate/words.ts'
import type { Actor } from '../journal/row.ts'
import type { Change, Person, Session } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import { canonical } from '../values/json.ts'
import type { Happened } from './events.ts'
import { linkID } from './evidence.ts'
import { changeDigest, GOVERNORS, onlyTakesAway } from './governing.ts'
import { type Case, type Found, found, type Judge } from './finding.ts'
import { isOpen } from './signing-in.ts'

// What people decide about the house itself, decided again: its policy, who has access, and with what they say yes.

const personOf = async (tx: Tx, actor: Actor): Promise<Person | null> =>
  actor.type === 'person' ? tx.get('person', actor.id) : null

/** The change that is about to be applied: whatever it brings must be what people agreed to. */
async function underWay(tx: Tx, corr: string): Promise<Change | null> {
  const change = await tx.get('change', corr)
  return change?.state === 'Waiting' ? change : null
}

/** Enough different people said yes, surely enough, and none of them for themselves where others could. */
function agreed(change: Change, said: string): Found | null {
  const { requires, votes, proposer } = change
  const enough = votes.filter(
    ({ evidence, verdict }) =>
      verdict === 'approved' &&
      isEnough(evidence ? LEVEL_OF[evidence.kind] : LEVEL_OF.session, levelOfOne(requires.level)),
  )
  const people = new Set(enough.map(({ by }) => by))
  if (requires.quorum > 1 || !requires.rules.includes('nobody else may decide')) people.delete(proposer)
  return people.size < requires.quorum
    ? found(
        'NOT_APPROVED',
        said,
        `${requires.quorum} people must agree at level ${requires.level}, and ${people.size} did.`,
      )
    : null
}

async function brought(c: Case, said: string, fits: (change: Change) => boolean): Promise<Found | null> {
  const change = await underWay(c.tx, c.row.corr)
  if (!change || !fits(change)) return found('NOT_APPROVED', said, 'No change that says so was agreed to.')
  return agreed(change, said)
}

/** Why the code that a session was opened with opens none. */
async function codeFault(tx: Tx, { createdAt }: Session, codeHash: string, said: string): Promise<Found | null> {
  const code = await tx.get('code', codeHash)
  if (!code || code.links !== undefined)
    return found('NOT_ELIGIBLE', said, 'The sign-in code it was opened with was never made.')
  if (code.usedAt !== null)
    return found('REPEATED', said, `Its sign-in code was used at ${moment(code.usedAt)}: a code opens one session.`)
  return createdAt > code.expiresAt
    ? found('NOT_ELIGIBLE', said, `Its sign-in code was good until ${moment(code.expiresAt)}.`)
    : null
}

/** Why the account that a session was opened with opens none, or not this person's. */
async function accountFault(tx: Tx, { personID, via }: Session, id: string, said: string): Promise<Found | null> {
  const link = await tx.get('link', id)
  if (link?.provider !== 'oidc' || via !== 'web')
    return found('NOT_ELIGIBLE', said, 'Accounts at the sign-in provider open sessions of the page, and nothing else.')
  if (link.endedAt !== null)
    return found('NOT_ELIGIBLE', said, `The account it was opened with was unlinked at ${moment(link.endedAt)}.`)
  return link.personID === personID
    ? null
    : found('NOT_ELIGIBLE', said, `The account it was opened with is that of ${link.personID}.`)
}

/** Why a person could not link their account at the sign-in provider in this session. */
async function linkFault(c: Case<'link.made'>, sessionHash: string, said: string): Promise<Found | null> {
  const { link } = c.data
  const session = await c.tx.get('session', sessionHash)
  const person = await personOf(c.tx, c.row.actor)
  if (link.provider !== 'oidc' || link.linkID !== linkID(link))
    return found('NOT_ELIGIBLE', said, 'A session links accounts at the sign-in provider; a chat needs a code.')
  if (!person || person.disabled || person.personID !== link.personID || session?.personID !== link.personID)
    return found('NOT_ELIGIBLE', said, 'The session it was linked in is not one of that person.')
  if (!isOpen(session, link.createdAt)) return found('NOT_ELIGIBLE', said, 'The session it was linked in was over.')
  const before = await c.tx.get('link', link.linkID)
  return before && before.endedAt === null
    ? found('REPEATED', said, `It is linked to ${before.personID} already.`)
    : null
}

export const PEOPLE_JUDGES = {
  'session.opened': async ({ tx, data }) => {
    const { session } = data
    const said = `A session of ${session.personID} is opened.`
    const fault =
      'linkID' in data
        ? await accountFault(tx, session, data.linkID, said)
        : await codeFault(tx, session, data.codeHash, said)
    if (fault) return fault
    const person = await tx.get('person', session.personID)
    return person && !person.disabled ? null : found('NOT_ELIGIBLE', said, 'There is no such person, or no longer.')
  },
  'person.changed': async (c) => {
    const { data, row } = c
    return brought(
      c,
      `The access of ${row.object.id} changed.`,
      ({ what }) =>
        what.kind === 'person' && what.personID === row.object.id && canonical(what.after) === canonical(data),
    )
  },
  'policy.changed': async (c) => {
    const before = (await c.tx.get('approvals', 'account'))?.policy.version ?? firstPolicy('paper').version
    const { policy } = c.data
    const said = `The policy of approvals becomes version ${policy.version}.`
    if (policy.version !== before + 1)
      return found('CONTRADICTED', said, `After version ${before} comes ${before + 1}.`)
    return brought(
      c,
      said,
      ({ what }) => what.kind === 'approval policy' && canonical(what.policy) === canonical(policy),
    )
  },
  'passkey.enrolled': async ({ tx, row, data: { passkey } }) => {
    const said = `A passkey of ${passkey.personID} is enrolled.`
    const person = await personOf(tx, row.actor)
    if (!person || person.disabled || person.personID !== passkey.personID)
      return found('NOT_ELIGIBLE', said, `It was written by ${row.actor.id}: only its owner enrols a passkey.`)
    return (await tx.get('passkey', passkey.credentialID))
      ? found('REPEATED', said, 'It is enrolled already: a passkey is never given to another person.')
      : null
  },
  'passkey.revoked': async (c) => {
    const passkey = await c.tx.get('passkey', c.row.object.id)
    if (!passkey || passkey.personID === c.row.actor.id) return null
    return brought(
      c,
      `${c.row.actor.id} revoked a passkey of ${passkey.personID}.`,
      ({ what }) => what.kind === 'passkey revoked' && what.credentialID === passkey.credentialID,
    )
  },
  'link.made': async (c) => {
    const { tx, row, data } = c
    const { link } = data
    const said = `${link.linkID} is linked to ${link.personID}.`
    if ('sessionHash' in data) return linkFault(c, data.sessionHash, said)
    if (link.provider === 'oidc')
      return found('NOT_ELIGIBLE', said, 'A code links a chat; an account is linked in a session.')
    const code = await tx.get('code', data.codeHash)
    if (code?.links !== link.personID || row.actor.id !== link.personID)
      return found('NOT_ELIGIBLE', said, 'The code it was linked with was not made by that person.')
    return code.usedAt === null
      ? null
      : found('REPEATED', said, `Its code was used at ${moment(code.usedAt)}: a code links one account.`)
  },
  'link.ended': async ({ tx, row }) => {
    const link = await tx.get('link', row.object.id)
    const person = await personOf(tx, row.actor)
    return !link || link.personID === row.actor.id || person?.roles.includes('admin')
      ? null
      : found('NOT_ELIGIBLE', `${row.actor.id} unlinked ${link.linkID}.`, `It is that of ${link.personID}.`)
  },

  'change.proposed': async ({ tx, row, data: { change } }) => {
    const said = `${change.proposerName} proposed ${change.changeID}.`
    const person = await personOf(tx, row.actor)
    if (person?.personID !== change.proposer || person.disabled || !mayGovern(person))
      return found(
        'NOT_ELIGIBLE',
        said,
        `Changes are proposed by people with one of the roles ${GOVERNORS.join(', ')}.`,
      )
    const digest = changeDigest(change.what, change.proposer)
    if (digest !== change.digest) return found('DIGEST_MISMATCH', said, `Its digest is ${digest}.`)
    return change.requires.quorum > 0 || onlyTakesAway(change.what)
      ? null
      : found('NOT_APPROVED', said, 'Somebody must agree to it, and it says that nobody must.')
  },
  'change.voted': async ({ tx, row, data: { decision } }) => {
    const change = await tx.get('change', row.object.id)
    const said = `${decision.byName} agreed to ${row.object.id}.`
    const person = await personOf(tx, row.actor)
    if (person?.personID !== decision.by || person.disabled || !mayGovern(person))
      return found('NOT_ELIGIBLE', said, `Changes are decided by people with one of the roles ${GOVERNORS.join(', ')}.`)
    return change && decision.digest !== change.digest
      ? found('DIGEST_MISMATCH', said, `The digest of the change is ${change.digest}.`)
      : null
  },
  'change.declined': async ({ tx, row }) => {
    const person = await personOf(tx, row.actor)
    return person && !person.disabled && mayGovern(person)
      ? null
      : found('NOT_ELIGIBLE', `${row.actor.id} declined ${row.object.id}.`, 'They may not decide on changes.')
  },
  'change.applied': async () => null,
  'change.lapsed': async () => null,

  'strategy.armed': async ({ tx, row, data: { arming } }) => {
    const said = `${arming.byName} armed ${arming.strategyID}.`
    const person = await personOf(tx, row.actor)
    if (person?.personID !== arming.by || person.disabled)
      return found(
        'NOT_ELIGIBLE',
        said,
        `The row was written by ${row.actor.id}: only a person arms, and for themselves.`,
      )
    return (await tx.get('halt', 'global'))?.state
      ? found('TRADING_HALTED', said, 'Trading is halted: nothing is armed.')
      : null
  },
  'strategy.disarmed': async () => null,
} as const satisfies { readonly [A in keyof Happened]?: Judge<A> }

const mayGovern = ({ roles }: Person): boolean => roles.some((role) => GOVERNORS.includes(role))
