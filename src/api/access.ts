import { timingSafeEqual } from 'node:crypto'
import type { Actor } from '../journal/row.ts'
import type { PersonRole, Session, Token } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import { base32, sha256Hex } from '../values/hash.ts'
import type { Instant } from '../values/instant.ts'
import { nameKey } from '../values/name.ts'
import { err, ok, type Result } from '../values/result.ts'

/**
 * What a caller may do. `agents`: may be given to any token. `installation`: only to the operator token that set-up
 * writes into the data directory, which proves access to the machine. `people`: never to a token, whatever its record says.
 */
export const SCOPES = {
  'intents:write': ['agents', 'Propose, and withdraw what one proposed'],
  'orders:read': ['agents', 'Read orders, fills, positions, account, quotes, halt, events'],
  'approvals:read': ['agents', 'Read intents and what became of them'],
  'kill:engage': ['agents', 'Halt trading'],
  'signin:issue': ['installation', 'Make one-time sign-in codes'],
  'approvals:decide': ['people', 'Approve'],
  'approvals:decline': ['people', 'Decline'],
  'approvals:reprice': ['people', 'Ask for a new ticket at the prices of now'],
  'approvals:arm': ['people', 'Let the orders of a strategy go without being asked, on paper'],
  'approvals:policy': ['people', 'Propose and decide changes of the policy of approvals and of who has access'],
  'limits:write': ['people', 'Propose risk limits, tighter ones at once, and decide on those of somebody else'],
  'orders:cancel': ['people', 'Cancel an order'],
  'kill:release': ['people', 'Release a halt'],
  'tasks:acknowledge': ['people', 'Say that one has seen an alert'],
  'tasks:close': ['people', 'Close a task'],
  'reconcile:run': ['people', 'Ask for a reconciliation now'],
  'audit:read': ['people', 'Read the journal'],
  'people:read': ['people', 'See who has access, and who must say yes to what'],
  'access:own': ['people', "One's own passkeys, linked chats and sessions"],
  'tokens:write': ['people', 'Make and revoke agent tokens'],
} as const satisfies Record<string, readonly [holders: 'agents' | 'installation' | 'people', meaning: string]>
export type Scope = keyof typeof SCOPES

const heldBy = (...holders: string[]): readonly Scope[] =>
  (Object.keys(SCOPES) as Scope[]).filter((scope) => holders.includes(SCOPES[scope][0]))
/** What a token made over HTTP may hold. */
export const AGENT_SCOPES = heldBy('agents')
/** What a token is honoured for. A record that lists more, by mistake or by tampering, gains nothing. */
const TOKEN_SCOPES = heldBy('agents', 'installation')

/** What every role may. */
const READ = ['orders:read', 'approvals:read', 'people:read', 'tasks:acknowledge'] as const
/** What each role may do. A person holds the scopes of all their roles, looked up again at every request. */
export const ROLES: Readonly<Record<PersonRole, readonly Scope[]>> = {
  trader: [...READ, 'intents:write', 'approvals:decline', 'approvals:reprice', 'orders:cancel', 'kill:engage'],
  approver: [
    ...READ,
    'approvals:decide',
    'approvals:decline',
    'approvals:reprice',
    'approvals:arm',
    'limits:write',
    'orders:cancel',
    'kill:engage',
    'kill:release',
    'reconcile:run',
    'audit:read',
  ],
  risk: [
    ...READ,
    'approvals:decide',
    'approvals:decline',
    'approvals:reprice',
    'approvals:arm',
    'approvals:policy',
    'limits:write',
    'orders:cancel',
    'kill:engage',
    'kill:release',
    'tasks:close',
    'reconcile:run',
    'audit:read',
  ],
  operator: [
    ...READ,
    'approvals:decline',
    'limits:write',
    'orders:cancel',
    'kill:engage',
    'kill:release',
    'tasks:close',
    'reconcile:run',
    'audit:read',
  ],
  admin: [
    ...READ,
    'approvals:decline',
    'approvals:policy',
    'limits:write',
    'kill:engage',
    'kill:release',
    'tokens:write',
    'signin:issue',
  ],
  auditor: [...READ, 'audit:read'],
}
/** What a person with these roles may do. Whoever is signed in sees to their own access. */
export const scopesOf = (roles: readonly PersonRole[]): ReadonlySet<Scope> =>
  new Set(['access:own', ...roles.flatMap((role) => ROLES[role])])
/** The first person of an installation runs all of it. */
export const FIRST_ROLES: readonly PersonRole[] = ['trader', 'approver', 'risk', 'operator', 'admin']
/** Whoever joins later can propose, and be the second pair of eyes once a change has confirmed them. */
export const LATER_ROLES: readonly PersonRole[] = ['trader', 'approver']

/** Who a route is for. A list means: any one of these scopes. */
export type Access = 'open' | 'signed-in' | readonly [Scope, ...Scope[]]

export type Caller = {
  readonly kind: 'person' | 'agent' | 'nobody'
  readonly id: string
  readonly name: string
  readonly roles: readonly PersonRole[]
  /** Of a person whom nobody but the maker of their sign-in code has vouched for. */
  readonly newcomer: boolean
  readonly scopes: ReadonlySet<Scope>
  /** Of a token: the person who answers for it. */
  readonly owner: string | null
  /** Of a token: the person who made it. */
  readonly maker: string | null
  /** Of a person's session; `cookie` when the browser adds it by itself, so that a change needs the CSRF header. */
  readonly session: { readonly hash: string; readonly csrf: string; readonly cookie: boolean } | null
  readonly actor: Actor
}
export const NOBODY: Caller = {
  kind: 'nobody',
  id: 'nobody',
  name: 'nobody',
  roles: [],
  newcomer: false,
  scopes: new Set(),
  owner: null,
  maker: null,
  session: null,
  actor: { type: 'system', id: 'sign-in', via: 'http', session: null },
}

/** `none`: no credential was shown. `unknown` says nothing else; `ended` is told only to whoever shows the real secret. */
export type NotIn = { readonly why: 'none' | 'unknown' | 'ended'; readonly text: string }

const TOKEN = /^jax_(paper|live)_([0-9a-z]{8})_[A-Za-z0-9_-]{43}$/
const SESSION = /^jaxs_[A-Za-z0-9_-]{43}$/
const UNKNOWN: NotIn = {
  why: 'unknown',
  text: 'The credential is not known here. Sign in again, or ask an admin for a new token.',
}

/**
 * Who is behind a request: a bearer token of an agent, or the session of a person by cookie (web) or bearer (command line).
 * @param isIdle whether a session is over because nobody used it for too long.
 */
export async function authenticate(
  reads: Reads,
  environment: 'paper' | 'live',
  shown: { readonly authorization: string | undefined; readonly cookie: string | undefined },
  now: Instant,
  isIdle: (session: Session, at: Instant) => boolean,
): Promise<Result<Caller, NotIn>> {
  if (shown.authorization !== undefined) {
    const bearer = /^Bearer +([^ ]{1,200})$/i.exec(shown.authorization)?.[1] ?? ''
    if (SESSION.test(bearer)) return bySession(reads, bearer, 'cli', now, isIdle)
    const [, env, id] = TOKEN.exec(bearer) ?? []
    if (env === undefined || id === undefined) return err(UNKNOWN)
    if (env !== environment)
      return err({ why: 'unknown', text: `This is a token for ${env}, and this gateway is for ${environment}.` })
    return byToken(reads, bearer, id, now)
  }
  if (shown.cookie !== undefined)
    return SESSION.test(shown.cookie) ? bySession(reads, shown.cookie, 'web', now, isIdle) : err(UNKNOWN)
  return err({ why: 'none', text: 'Sign in, or send `Authorization: Bearer` with a token.' })
}

async function byToken(reads: Reads, secret: string, id: string, now: Instant): Promise<Result<Caller, NotIn>> {
  const token = await reads.get('token', id)
  // Compared even when there is no such token, so that the time taken does not tell which ids exist.
  if (!same(sha256Hex(secret), token?.hash ?? NO_HASH) || !token) return err(UNKNOWN)
  if (token.revokedAt !== null)
    return err({ why: 'ended', text: `The token ${token.name} was revoked. Ask an admin for a new one.` })
  if (now >= token.expiresAt)
    return err({ why: 'ended', text: `The token ${token.name} has expired. Ask an admin for a new one.` })
  return ok({
    kind: 'agent',
    id,
    name: token.name,
    roles: [],
    newcomer: false,
    scopes: new Set(TOKEN_SCOPES.filter((scope) => token.scopes.includes(scope))),
    owner: token.owner,
    maker: token.madeBy ?? null,
    session: null,
    actor: { type: 'agent', id, via: 'http', session: null },
  })
}

async function bySession(
  reads: Reads,
  secret: string,
  via: Session['via'],
  now: Instant,
  isIdle: (session: Session, at: Instant) => boolean,
): Promise<Result<Caller, NotIn>> {
  const hash = sha256Hex(secret)
  const session = await reads.get('session', hash)
  // A cookie that leaked is no command-line session, nor the other way round.
  if (!session || session.via !== via) return err(UNKNOWN)
  if (session.endedAt !== null || now >= session.expiresAt)
    return err({ why: 'ended', text: 'The session has ended. Sign in again.' })
  if (isIdle(session, now))
    return err({ why: 'ended', text: 'Nobody used this session for a while, so it has ended. Sign in again.' })
  const person = await reads.get('person', session.personID)
  if (!person || person.disabled) return err({ why: 'ended', text: 'This person no longer has access.' })
  return ok({
    kind: 'person',
    id: person.personID,
    name: person.name,
    roles: person.roles,
    newcomer: person.newcomer === true,
    scopes: scopesOf(person.roles),
    owner: null,
    maker: null,
    session: { hash, csrf: session.csrf, cookie: via === 'web' },
    actor: { type: 'person', id: person.personID, via, session: hash.slice(0, 16) },
  })
}

const NO_HASH = '0'.repeat(64)
/** Compares two texts in a time that depends on their length alone. */
export function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

export const allowed = (access: Access, caller: Caller): boolean =>
  access === 'open' ||
  (access === 'signed-in' ? caller.kind !== 'nobody' : access.some((scope) => caller.scopes.has(scope)))

// --- making secrets

type Random = (bytes: number) => Uint8Array
const secretOf = (random: Random): string => Buffer.from(random(32)).toString('base64url')

/** A new agent token: the secret to show once, and the record to keep. 256 random bits, so a plain hash is enough. */
export function mintToken(
  make: {
    readonly environment: 'paper' | 'live'
    readonly name: string
    readonly owner: string | null
    readonly scopes: readonly Scope[]
    readonly now: Instant
    readonly expiresAt: Instant
  },
  random: Random,
): { readonly secret: string; readonly token: Token } {
  const tokenID = base32(random(5), 8)
  const secret = `jax_${make.environment}_${tokenID}_${secretOf(random)}`
  const { name, owner, scopes, now, expiresAt } = make
  return {
    secret,
    token: { tokenID, name, owner, hash: sha256Hex(secret), scopes, createdAt: now, expiresAt, revokedAt: null },
  }
}

export function mintSession(random: Random): { readonly secret: string; readonly hash: string; readonly csrf: string } {
  const secret = `jaxs_${secretOf(random)}`
  return { secret, hash: sha256Hex(secret), csrf: Buffer.from(random(24)).toString('base64url') }
}

/**
 * A one-time sign-in code, 80 random bits in four groups that can be read aloud: `k3xm-9t2v-c0qe-7hzw`.
 * @param name who alone may use it; null for whoever has it, under any name.
 */
export function mintCode(random: Random, name: string | null = null): { readonly code: string; readonly hash: string } {
  const code = base32(random(10), 16).replace(/(.{4})(?=.)/g, '$1-')
  return { code, hash: codeHash(code, name) }
}
/**
 * Hex SHA-256 of a code as a person may have typed it: case, dashes and blanks do not count, nor do o for 0 and i or l
 * for 1. A code for one name has that in its hash, so that with another name it is just an unknown code.
 */
export function codeHash(typed: string, name: string | null = null): string {
  const code = typed.toLowerCase().replace(/[\s-]/g, '').replace(/o/g, '0').replace(/[il]/g, '1')
  return sha256Hex(name === null ? code : `${code} ${nameKey(name)}`)
}

/**
 * When sessions were last used. In memory alone: each click would be a row of the journal, and a write to the disk, for what is
 * forgotten in minutes. A session that this process has not seen yet counts as last used when it began.
 */
export function uses(): { last(session: Session): Instant; note(hash: string, at: Instant): void } {
  const seen = new Map<string, Instant>()
  return {
    last: ({ hash, createdAt }) => later(seen.get(hash) ?? createdAt, createdAt),
    note(hash, at) {
      const before = seen.get(hash) ?? at
      seen.delete(hash)
      seen.set(hash, later(before, at))
      // The one used longest ago is forgotten: memory stays bounded, and forgetting ends a session earlier, never later.
      if (seen.size > 10_000) for (const [oldest] of seen) return void seen.delete(oldest)
    },
  }
}
const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/**
 * Failed attempts by address: `burst` at once, then one more every `everyMs`. Good credentials are not counted and pass
 * even when the bucket is empty, or any program on the machine could lock the trader out of the halt button.
 */
export function attempts(
  burst: number,
  everyMs: number,
): { wait(address: string, now: Instant): number; failed(address: string, now: Instant): void } {
  const buckets = new Map<string, { readonly left: number; readonly at: Instant }>()
  const level = (address: string, now: Instant): number => {
    const bucket = buckets.get(address)
    return bucket ? Math.min(burst, bucket.left + Math.max(0, now - bucket.at) / (everyMs * 1000)) : burst
  }
  return {
    /** Seconds until the next attempt is heard; 0 when it is heard now. */
    wait: (address, now) => {
      const left = level(address, now)
      return left >= 1 ? 0 : Math.ceil(((1 - left) * everyMs) / 1000)
    },
    failed: (address, now) => {
      const left = Math.max(0, level(address, now) - 1)
      buckets.delete(address)
      buckets.set(address, { left, at: now })
      // The oldest is forgotten: memory stays bounded whoever knocks.
      if (buckets.size > 10_000) for (const [oldest] of buckets) return void buckets.delete(oldest)
    },
  }
}
