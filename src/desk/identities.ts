import type { ChannelUser, PasskeyAssertion } from '../approvals/evidence.ts'
import { parsePublicKey } from '../approvals/passkey.ts'
import type { Actor } from '../journal/row.ts'
import type { Challenge, Link, Passkey } from '../ports/records.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { ok, type Result } from '../values/result.ts'
import { endSession, nameOfMaker } from './access.ts'
import { type Command, deny } from './command.ts'
import type { Denial } from './desk.ts'
import { linkID, weigh } from './evidence.ts'
import { behind } from './newcomers.ts'

/** A new passkey approves nothing live for a day: long enough for its owner to hear of it. */
export const HOLD_MS = 24 * 3_600_000

/** 1023 bytes in base64url: the longest id that an authenticator gives (WebAuthn). */
export const LONGEST_ID = 1364

/** Makes a challenge that one session may answer once. */
export async function challenged(c: Command, challenge: Challenge): Promise<void> {
  for (const old of await c.tx.all('challenge'))
    if (c.now > old.expiresAt) await c.tx.remove('challenge', old.challenge)
  await c.tx.put('challenge', challenge)
}

export type Enrolment = Omit<Passkey, 'createdAt' | 'liveFrom' | 'revokedAt' | 'personID'> & {
  readonly challenge: string
  readonly actor: Actor
  /** By a passkey that the person has already; only the first one is made without. */
  readonly evidence?: PasskeyAssertion
}

/** The new passkey of whoever is signed in; its signature was checked at the door. */
export async function enrolPasskey(c: Command, enrolment: Enrolment): Promise<Result<Passkey, Denial>> {
  const { challenge, actor, evidence, ...made } = enrolment
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (!person || person.disabled) return deny('NOT_ELIGIBLE', 'Only a signed-in person has passkeys.')
  const asked = await c.tx.get('challenge', challenge)
  if (asked) await c.tx.remove('challenge', challenge)
  if (
    asked?.purpose !== 'enrol' ||
    asked.personID !== actor.id ||
    asked.session !== actor.session ||
    c.now > asked.expiresAt
  )
    return deny(
      'PASSKEY_REFUSED',
      'This enrolment was used already, is too old, or began in another session. Begin again.',
    )
  if (made.credentialID.length > LONGEST_ID)
    return deny('PASSKEY_REFUSED', 'The id of this passkey is longer than 1023 bytes. Use another device.')
  const key = parsePublicKey(made.key)
  if (!key.ok)
    return deny('PASSKEY_REFUSED', `The key of this passkey cannot be used: ${key.error}. Use another device.`)
  if (await c.tx.get('passkey', made.credentialID))
    return deny('PASSKEY_REFUSED', 'This passkey is enrolled already. Use another device, or revoke the old one first.')
  const has = (await c.tx.all('passkey')).filter((one) => one.personID === actor.id && one.revokedAt === null)
  if (has.length > 0) {
    if (!evidence)
      return deny(
        'ASSURANCE_TOO_LOW',
        'You have a passkey: confirm the new one with it. If it is lost, have an admin revoke it.',
      )
    const worth = await weigh(c, evidence, actor, enrols(actor.id, challenge, c.setting.policy.environment))
    if (!worth.ok) return worth
  }
  const passkey: Passkey = {
    ...made,
    personID: person.personID,
    createdAt: c.now,
    liveFrom: plusMs(c.now, HOLD_MS),
    revokedAt: null,
  }
  const enrolled = { passkey, confirmation: has.length > 0 && evidence ? evidence : null }
  await c.emit('passkey.enrolled', { type: 'passkey', id: passkey.credentialID }, 'access', enrolled, actor)
  const maker = await nameOfMaker(c, behind(await c.tx.all('session'), actor), person)
  const how = maker === null ? '' : `, in a session that was opened with a code that ${maker} made`
  const after =
    maker === null || has.length > 0 ? '' : ` Until a change confirms ${person.name}, they count for single clicks.`
  await c.task(
    'PASSKEY_ENROLLED',
    passkey.credentialID,
    'warning',
    `A ${has.length > 0 ? 'further' : 'first'} passkey, "${passkey.name}", was enrolled for ${person.name}${how}. If that was not ${person.name}, revoke it.${after}`,
    'access',
  )
  return ok(passkey)
}

/** What an older passkey signs to let a new one in. */
export const enrols = (personID: string, challenge: string, environment: 'paper' | 'live') =>
  ({
    changeID: `enrol:${personID}`,
    digest: challenge,
    decision: 'approve',
    policyVersion: 0,
    environment,
  }) as const

/** One's own passkey, at once: it is the safe direction. That of somebody else is a change. */
export async function revokePasskey(
  c: Command,
  { credentialID, reason, actor }: { readonly credentialID: string; readonly reason: string; readonly actor: Actor },
): Promise<Result<Passkey, Denial>> {
  const passkey = await c.tx.get('passkey', credentialID)
  if (!passkey || actor.type !== 'person' || passkey.personID !== actor.id)
    return deny('NOT_FOUND', 'None of your passkeys goes by this id.')
  if (passkey.revokedAt === null)
    await c.emit('passkey.revoked', { type: 'passkey', id: credentialID }, 'access', { why: reason }, actor)
  return ok((await c.tx.get('passkey', credentialID)) ?? passkey)
}

/** Ties a chat user to whoever made the code on the signed-in page. */
export async function linkUser(
  c: Command,
  { codeHash, user, via }: { readonly codeHash: string; readonly user: ChannelUser; readonly via: 'slack' | 'teams' },
): Promise<Result<Link, Denial>> {
  const code = await c.tx.get('code', codeHash)
  if (!code?.links || code.usedAt !== null || c.now > code.expiresAt)
    return deny(
      'CODE_INVALID',
      'This code is unknown, used or too old. Make a new one on the page under "Your access".',
    )
  const person = await c.tx.get('person', code.links)
  if (!person || person.disabled) return deny('NOT_ELIGIBLE', 'The person who made this code has no access any more.')
  const id = linkID(user)
  const before = await c.tx.get('link', id)
  if (before && before.endedAt === null && before.personID !== person.personID)
    return deny('NAME_TAKEN', 'This chat account is linked to another person. They must unlink it first.')
  const { provider, tenant, user: name } = user
  const link: Link = {
    linkID: id,
    provider,
    tenant,
    user: name,
    personID: person.personID,
    createdAt: c.now,
    endedAt: null,
  }
  const actor: Actor = { type: 'person', id: person.personID, via, session: null }
  await c.emit('link.made', { type: 'link', id }, 'access', { link, codeHash }, actor)
  if (!before || before.endedAt !== null)
    await c.task(
      'ACCOUNT_LINKED',
      id,
      'warning',
      `An account in ${provider} now says yes as ${person.name}. If that was not ${person.name}, unlink it.`,
      'access',
    )
  return ok(link)
}

/** Ends what an account may do here, and the sessions that it opened. */
export async function endLink(
  c: Command,
  { linkID: id, reason, actor }: { readonly linkID: string; readonly reason: string; readonly actor: Actor },
): Promise<Result<Link, Denial>> {
  const link = await c.tx.get('link', id)
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  const isAdmin = person !== null && !person.disabled && person.roles.includes('admin')
  if (!link || !person || (link.personID !== actor.id && !isAdmin))
    return deny('NOT_FOUND', 'None of your links goes by this id.')
  if (link.endedAt === null) {
    await c.emit('link.ended', { type: 'link', id }, 'access', { why: reason }, actor)
    // Whoever signed in by an account that is no longer theirs, or never was, must not stay.
    for (const session of await c.tx.all('session'))
      if (session.linkID === id) await endSession(c, { hash: session.hash, actor })
  }
  return ok((await c.tx.get('link', id)) ?? link)
}

/** True the first time, false ever after until then. What has run out is forgotten on the way. */
export async function once(c: Command, key: string, until: Instant): Promise<boolean> {
  const before = await c.tx.get('once', key)
  if (before && c.now <= before.until) return false
  for (const old of await c.tx.all('once')) if (c.now > old.until) await c.tx.remove('once', old.key)
  await c.tx.put('once', { key, until })
  return true
}
