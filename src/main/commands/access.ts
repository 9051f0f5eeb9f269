import type { Access, Token } from '../../api/wire.ts'
import type { Client } from '../client.ts'
import { byName, type Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { type Column, harmless, pairs, table, when } from '../print.ts'
import { pageOf } from './pages.ts'

/** Redeems a one-time code. The session is kept for this operating-system user alone. */
export async function login(ctx: Context, code: string, options: { name: string }): Promise<void> {
  const { session, me } = await ctx.client('nobody').signIn(code, options.name)
  const file = ctx.session.write({ session, name: me.name })
  ctx.out.answer(me, () => `Signed in as ${me.name} (${me.roles.join(', ')}).`)
  ctx.out.say(`The session is in ${file}; "jax-exec logout" ends it.`)
}

export async function logout(ctx: Context): Promise<void> {
  const signedIn = ctx.session.read()
  if (signedIn === null) throw new Stop('NOT_ALLOWED', 'Nobody is signed in here.', { code: 'NOT_SIGNED_IN' })
  try {
    await ctx.client('person').signOut()
  } finally {
    ctx.session.remove()
  }
  ctx.out.answer({ signedOut: signedIn.name }, () => `${signedIn.name} is signed out.`)
}

export async function whoami(ctx: Context): Promise<void> {
  const me = await ctx.client('person').me()
  ctx.out.answer(me, () => `${me.name}: ${me.roles.join(', ')}`)
}

/** A new one-time code, for another person or another browser. */
export async function signinLink(ctx: Context, options: { for?: string }): Promise<void> {
  const client = ctx.client('operator')
  const name = options.for
  const { code, expiresAt } = await client.signinCode(name)
  const url = signinUrl(client.url, code)
  ctx.out.answer(
    { url, code, expiresAt, for: name ?? null },
    () =>
      `${url}\nOne use, until ${when(expiresAt)}${name === undefined ? '' : `, by ${harmless(name)} alone`}. On the command line: jax-exec login ${code} --name ${name === undefined ? 'YOUR-NAME' : JSON.stringify(harmless(name))}`,
  )
  if (name === undefined)
    ctx.out.say('It signs in under any name, yours too. For somebody else, make one with --for THEIR-NAME.')
}
/** The code stands behind `#`, which browsers do not send: it stays out of logs. */
export const signinUrl = (base: string, code: string): string => `${byName(base)}/signin#code=${code}`

const TOKEN_COLUMNS: readonly Column<Token>[] = [
  { title: 'token', of: (t) => t.tokenID },
  { title: 'name', of: (t) => t.name },
  { title: 'owner', of: (t) => t.owner ?? '—' },
  { title: 'made by', of: (t) => t.madeBy ?? '—' },
  { title: 'scopes', of: (t) => t.scopes.join(' ') },
  { title: 'made', of: (t) => when(t.createdAt) },
  { title: 'ends', of: (t) => when(t.expiresAt) },
  { title: '', of: (t) => (t.revokedAt === null ? '' : `revoked ${when(t.revokedAt)}`), style: () => 'red' },
]
const admin = (ctx: Context): Client => ctx.client('person')

export async function tokens(ctx: Context): Promise<void> {
  const items = await admin(ctx).tokens()
  ctx.out.answer(items, () => table(TOKEN_COLUMNS, items, 'There are no tokens.'))
}
export async function addToken(
  ctx: Context,
  name: string,
  options: { scope?: string[]; owner?: string },
): Promise<void> {
  const made = await admin(ctx).addToken({
    name,
    ...(options.scope === undefined ? {} : { scopes: options.scope }),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
  })
  ctx.out.answer(made, () => made.token)
  ctx.out.say('It is shown this once; only its hash is kept.')
}
export async function revokeToken(ctx: Context, id: string): Promise<void> {
  await admin(ctx).revokeToken(id)
  ctx.out.answer({ revoked: id }, () => `Revoked ${id}. It is refused from now on.`)
}

// --- one's own access

const PASSKEY_COLUMNS: readonly Column<Access['passkeys'][number]>[] = [
  { title: 'passkey', of: (p) => p.credentialID },
  { title: 'name', of: (p) => p.name },
  { title: 'kept', of: (p) => (p.device === 'single' ? 'in one device' : 'in several devices') },
  { title: 'since', of: (p) => when(p.createdAt) },
  { title: 'live from', of: (p) => when(p.liveFrom) },
  { title: '', of: (p) => (p.revokedAt === null ? '' : `revoked ${when(p.revokedAt)}`), style: () => 'red' },
]
const PROVIDER: Readonly<Record<Access['links'][number]['provider'], string>> = {
  slack: 'Slack',
  teams: 'Teams',
  oidc: 'sign-in provider',
}
const LINK_COLUMNS: readonly Column<Access['links'][number]>[] = [
  { title: 'link', of: (l) => l.linkID },
  { title: 'where', of: (l) => PROVIDER[l.provider] },
  { title: 'since', of: (l) => when(l.createdAt) },
  { title: '', of: (l) => (l.endedAt === null ? '' : `ended ${when(l.endedAt)}`), style: () => 'red' },
]
const SESSION_COLUMNS: readonly Column<Access['sessions'][number]>[] = [
  { title: 'session', of: (s) => s.id },
  { title: 'where', of: (s) => (s.via === 'cli' ? 'command line' : 'browser') },
  { title: 'since', of: (s) => when(s.createdAt) },
  { title: 'ends', of: (s) => when(s.expiresAt) },
  { title: '', of: (s) => (s.current ? 'this one' : '') },
]

export async function access(ctx: Context): Promise<void> {
  const client = ctx.client('person')
  const it = await client.access()
  ctx.out.answer(it, () =>
    [
      table(PASSKEY_COLUMNS, it.passkeys, `No passkey. Make one on the page: ${pageOf(ctx, client.url, 'access')}`),
      '',
      table(LINK_COLUMNS, it.links, 'No chat is linked. Make a code: jax-exec access link-code'),
      '',
      table(SESSION_COLUMNS, it.sessions, ''),
    ].join('\n'),
  )
}

/**
 * The one passkey in use that goes by this id or name.
 * @param whose begins the sentence: `You have`.
 * @throws {Stop} when there is none, or several.
 */
export function passkeyMeant<P extends Access['passkeys'][number]>(
  passkeys: readonly P[],
  which: string,
  whose: string,
): P {
  const inUse = passkeys.filter(({ revokedAt }) => revokedAt === null)
  const meant = inUse.filter(({ credentialID, name }) => credentialID === which || name === which)
  const [passkey, other] = meant
  if (passkey !== undefined && other === undefined) return passkey
  throw new Stop(
    'NOT_FOUND',
    other === undefined ? `${whose} no passkey ${harmless(which)}.` : `${whose} several passkeys ${harmless(which)}.`,
    {
      lines:
        inUse.length === 0
          ? []
          : ['Name it by its id:', ...inUse.map(({ credentialID, name }) => `  ${credentialID}  ${harmless(name)}`)],
    },
  )
}

export async function revokePasskey(ctx: Context, which: string): Promise<void> {
  const client = ctx.client('person')
  const { passkeys } = await client.access()
  const passkey = passkeyMeant(passkeys, which, 'You have')
  await client.revokePasskey(passkey.credentialID)
  ctx.out.answer(
    { revoked: passkey.credentialID },
    () => `Revoked ${harmless(passkey.name)}. It signs nothing any more.`,
  )
}

export async function unlink(ctx: Context, id: string): Promise<void> {
  await ctx.client('person').unlink(id)
  ctx.out.answer(
    { unlinked: id },
    () => `Unlinked ${harmless(id)}. Clicks of that chat user count for nothing from now on.`,
  )
}

/** A code that ties a user of Slack or Teams to whoever is signed in here. */
export async function linkCode(ctx: Context): Promise<void> {
  const made = await ctx.client('person').linkCode()
  ctx.out.answer(made, () =>
    pairs([
      ['in Slack', `/jax link ${made.code}`],
      ['in Teams', `link ${made.code}   (to the bot)`],
      ['until', `${when(made.expiresAt)}, once`],
    ]),
  )
  ctx.out.say('Whoever enters it decides in your name. Give it to nobody.')
}
