import type { Actor } from '../journal/row.ts'
import type { Link, ProviderAccount, Session } from '../ports/records.ts'
import type { Instant } from '../values/instant.ts'
import { ok, type Result } from '../values/result.ts'
import { type Command, deny } from './command.ts'
import type { Denial } from './desk.ts'
import { linkID } from './evidence.ts'

// Signing in with an account at a provider: whoever has tied it to themselves, and nobody else.

/** Opens a session for the person whom an account is linked to. That the account is theirs was proven at the door. */
export async function openByAccount(
  c: Command,
  ask: {
    readonly account: ProviderAccount
    readonly sessionHash: string
    readonly csrf: string
    readonly expiresAt: Instant
  },
): Promise<Result<Session, Denial>> {
  const link = await c.tx.get('link', linkID(ask.account))
  if (!link || link.endedAt !== null)
    return deny(
      'IDENTITY_UNLINKED',
      'This account belongs to nobody here. Sign in with a one-time code, and link it on the page "Your access".',
    )
  const person = await c.tx.get('person', link.personID)
  if (!person || person.disabled) return deny('NOT_ELIGIBLE', 'The person of this account has no access any more.')
  const session: Session = {
    hash: ask.sessionHash,
    personID: person.personID,
    via: 'web',
    linkID: link.linkID,
    csrf: ask.csrf,
    createdAt: c.now,
    expiresAt: ask.expiresAt,
    endedAt: null,
  }
  await c.emit(
    'session.opened',
    { type: 'person', id: person.personID },
    'access',
    { session, linkID: link.linkID },
    { type: 'person', id: person.personID, via: 'web', session: ask.sessionHash.slice(0, 16) },
  )
  return ok(session)
}

/** Ties an account at the provider to whoever is signed in, and tells everybody: from now on it opens their sessions. */
export async function linkAccount(
  c: Command,
  ask: { readonly account: ProviderAccount; readonly sessionHash: string; readonly actor: Actor },
): Promise<Result<Link, Denial>> {
  const { account, sessionHash, actor } = ask
  const session = await c.tx.get('session', sessionHash)
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (!person || person.disabled || session?.personID !== person.personID || !isOpen(session, c.now))
    return deny('NOT_ELIGIBLE', 'Only whoever is signed in can link an account to themselves.')
  const id = linkID(account)
  const before = await c.tx.get('link', id)
  if (before && before.endedAt === null) {
    if (before.personID === person.personID) return ok(before)
    return deny('NAME_TAKEN', 'This account is linked to another person. They, or an admin, must unlink it first.')
  }
  const { provider, tenant, user } = account
  const link: Link = {
    linkID: id,
    provider,
    tenant,
    user,
    personID: person.personID,
    createdAt: c.now,
    endedAt: null,
  }
  await c.emit('link.made', { type: 'link', id }, 'access', { link, sessionHash }, actor)
  await c.task(
    'ACCOUNT_LINKED',
    id,
    'warning',
    `An account at ${tenant} now signs in as ${person.name}. If that was not ${person.name}, unlink it.`,
    'access',
  )
  return ok(link)
}

/** Whether a session was good at that moment. */
export const isOpen = ({ createdAt, expiresAt, endedAt }: Session, at: Instant): boolean =>
  createdAt <= at && at < expiresAt && (endedAt === null || at < endedAt)
