import { moment } from '../gate/words.ts'
import type { Session } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import { plusMs } from '../values/instant.ts'
import { nameKey } from '../values/name.ts'
import type { Happened } from './events.ts'
import { linkID } from './evidence.ts'
import { type Case, type Found, found, type Judge } from './finding.ts'
import { HOLD_MS } from './identities.ts'
import { sessionNamed } from './newcomers.ts'
import { brought, CHANGE_JUDGES, personOf } from './redeciding-changes.ts'
import { isOpen } from './signing-in.ts'

// What people decide about the house itself, decided again: its policy, who has access, and with what they say yes.

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
  'person.added': async ({ tx, row, data: { person }, memory }) => {
    const said = `${person.name} is added.`
    if (person.personID !== row.object.id) return found('MISFILED', said, `The row is about ${row.object.id}.`)
    if (await tx.get('person', person.personID)) return found('REPEATED', said, 'They were added before.')
    const key = nameKey(person.name)
    if ((await tx.all('person')).some(({ name }) => nameKey(name) === key))
      return found('REPEATED', said, 'Somebody goes by this name already.')
    // Nobody signs in before the first start; whoever stands there was set up with the journal.
    const mayBeKnown = memory.starts === 0 || (await tx.all('person')).length === 0
    return mayBeKnown || person.newcomer === true
      ? null
      : found('NOT_APPROVED', said, 'All but the first are new until a change of the house confirms them.')
  },
  'code.issued': async ({ row, data: { code } }) =>
    code.links === undefined || code.links === row.actor.id
      ? null
      : found(
          'NOT_ELIGIBLE',
          `${row.actor.id} made a code that links a chat user to ${code.links}.`,
          'People make such a code for themselves alone.',
        ),
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
  ...CHANGE_JUDGES,
  'passkey.enrolled': async ({ tx, row, data: { passkey } }) => {
    const said = `A passkey of ${passkey.personID} is enrolled.`
    const person = await personOf(tx, row.actor)
    if (!person || person.disabled || person.personID !== passkey.personID)
      return found('NOT_ELIGIBLE', said, `It was written by ${row.actor.id}: only its owner enrols a passkey.`)
    if (passkey.credentialID !== row.object.id) return found('MISFILED', said, `The row is about ${row.object.id}.`)
    const sessions = (await tx.all('session')).filter(({ personID }) => personID === person.personID)
    if (sessions.length > 0 && !sessionNamed(sessions, person.personID, row.actor.session))
      return found('NOT_ELIGIBLE', said, 'The session it was enrolled in is not one of its owner.')
    if (passkey.revokedAt !== null || passkey.liveFrom < plusMs(passkey.createdAt, HOLD_MS))
      return found('CONTRADICTED', said, 'It begins good for paper, and approves live orders from the next day on.')
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
  'strategy.disarmed': async () => null,
} as const satisfies { readonly [A in keyof Happened]?: Judge<A> }
