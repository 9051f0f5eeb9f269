import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  discovery,
  enableNonRepudiationChecks,
  type IDToken,
  ResponseBodyError,
} from 'openid-client'
import type { ProviderAccount } from '../ports/records.ts'
import { sha256Hex } from '../values/hash.ts'
import { err, ok, type Result } from '../values/result.ts'
import { same } from './access.ts'
import type { Log } from './context.ts'
import { cleanText } from './text.ts'

// Signing in with an account at an OpenID Connect provider: authorization code, PKCE, state, nonce. What is proven here is
// whose account it is; whose session that opens is the desk's to say.

export type OidcSettings = {
  /** Exactly as the provider writes it; `http` on this machine only. */
  readonly issuer: string
  readonly clientID: string
  readonly clientSecret: string
  /** What the page calls it. */
  readonly name: string
}
export type OidcDeps = OidcSettings & {
  /** Where people open the page, such as `https://jax.example`; without a slash at its end. */
  readonly publicUrl: () => string
  /** Cryptographic randomness. */
  readonly random: (bytes: number) => Uint8Array
  /** Milliseconds of a person's time. */
  readonly nowMs: () => number
  readonly log: Log
}

/**
 * Why somebody was not signed in. `unreachable`: the provider does not answer. `refused`: the provider, or the person
 * there, said no. `stale`: it did not begin in this browser, was used already, or took too long. `untrusted`: what the
 * provider answered proves nothing.
 */
export type OidcTrouble = 'unreachable' | 'refused' | 'stale' | 'untrusted'
export type Purpose = 'sign-in' | 'link'
/** A visit to the provider: what for, and which page of ours it came from. */
export type Visit = { readonly purpose: Purpose; readonly to: string }
/** An account that the provider has just vouched for, and what the person calls it. */
export type Vouched = { readonly account: ProviderAccount; readonly label: string }

export type Oidc = {
  readonly name: string
  readonly publicUrl: () => string
  /** Where to send the browser, and the secret that it must bring back in a cookie. */
  begin(visit: Visit): Promise<Result<{ readonly url: string; readonly secret: string }, OidcTrouble>>
  /**
   * Who came back from the provider. A secret is good for one answer, whatever comes of it.
   * @param answer the query that the provider sent the browser back with.
   */
  finish(
    secret: string | null,
    answer: URLSearchParams,
  ): Promise<{ readonly visit: Visit | null; readonly result: Result<Vouched, OidcTrouble> }>
  /** Accounts that are linked to nobody yet, for whoever holds the secret; a little later they are forgotten. */
  readonly waiting: Shelf<Vouched>
}

export const CALLBACK = '/signin/oidc/callback'
/** How long somebody may take at the provider. */
export const VISIT_MS = 5 * 60_000
/** How long an account that was vouched for may wait to be linked: long enough to find a one-time code. */
export const VOUCHED_MS = 10 * 60_000
/** Nobody is signed in by what they did at the provider longer ago than a session of ours lasts. */
const SIGN_IN_MAX_AGE_S = 12 * 3600
/** Whoever links an account has just signed in to it: another may have left this browser signed in there. */
const LINK_MAX_AGE_S = VISIT_MS / 1000
const DISCOVERY_MS = 3_600_000
const TIMEOUT_S = 5
const SHELF_MOST = 10_000

type Begun = Visit & { readonly state: string; readonly nonce: string; readonly verifier: string }

export function createOidc(deps: OidcDeps): Oidc {
  const begun = shelf<Begun>(deps, VISIT_MS)
  const known = cached(deps, () => discover(deps))
  const redirectUri = (): string => `${deps.publicUrl()}${CALLBACK}`
  const secret = (): string => Buffer.from(deps.random(32)).toString('base64url')

  /** Only codes and names of claims: what a provider sends beside them may hold tokens. */
  function failed(fault: unknown, doing: string): OidcTrouble {
    const trouble = troubleOf(fault)
    deps.log.warn({ issuer: deps.issuer, doing, trouble, ...factsOf(fault) }, 'signing in by the provider failed')
    return trouble
  }

  return {
    name: deps.name,
    publicUrl: deps.publicUrl,
    waiting: shelf<Vouched>(deps, VOUCHED_MS),

    async begin(visit) {
      const [state, nonce, verifier] = [secret(), secret(), secret()]
      try {
        const url = buildAuthorizationUrl(await known(), {
          redirect_uri: redirectUri(),
          scope: 'openid profile',
          code_challenge: await calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          state,
          nonce,
          max_age: String(maxAgeOf(visit.purpose)),
          ...(visit.purpose === 'link' && { prompt: 'login' }),
        })
        return ok({ url: url.href, secret: begun.put({ ...visit, state, nonce, verifier }) })
      } catch (fault) {
        return err(failed(fault, 'begin'))
      }
    },

    async finish(cookie, answer) {
      const visit = cookie === null ? null : begun.take(cookie)
      if (!visit || !same(answer.get('state') ?? '', visit.state)) {
        deps.log.warn({ issuer: deps.issuer, known: visit !== null }, 'somebody came back from the provider unasked')
        return { visit, result: err('stale') }
      }
      const url = new URL(redirectUri())
      url.search = answer.toString()
      try {
        const tokens = await authorizationCodeGrant(await known(), url, {
          pkceCodeVerifier: visit.verifier,
          expectedState: visit.state,
          expectedNonce: visit.nonce,
          idTokenExpected: true,
          maxAge: maxAgeOf(visit.purpose),
        })
        const claims = tokens.claims()
        return { visit, result: claims ? ok(vouchedBy(claims)) : err('untrusted') }
      } catch (fault) {
        return { visit, result: err(failed(fault, 'finish')) }
      }
    },
  }
}

const maxAgeOf = (purpose: Purpose): number => (purpose === 'link' ? LINK_MAX_AGE_S : SIGN_IN_MAX_AGE_S)

function vouchedBy(claims: IDToken): Vouched {
  const told = [claims['preferred_username'], claims['email'], claims['name']].find(
    (claim) => typeof claim === 'string',
  )
  const label = cleanText(typeof told === 'string' ? told : claims.sub, 100)
  return {
    account: { provider: 'oidc', tenant: claims.iss, user: claims.sub },
    label: label.ok && label.value.trim() !== '' ? label.value.trim() : 'an account without a name',
  }
}

// --- what the provider says of itself

async function discover({ issuer, clientID, clientSecret }: OidcDeps): Promise<Configuration> {
  const here = new URL(issuer).protocol === 'http:'
  const config = await discovery(new URL(issuer), clientID, undefined, secretly(clientSecret), {
    timeout: TIMEOUT_S,
    // Without the checks the library takes the word of the connection for that of the provider, and reads unsigned tokens.
    execute: [enableNonRepudiationChecks, ...(here ? [allowInsecureRequests] : [])],
  })
  const { authorization_endpoint, token_endpoint, jwks_uri } = config.serverMetadata()
  const fits = (url: string | undefined): boolean => {
    const to = URL.parse(url ?? '')
    return here ? to?.origin === new URL(issuer).origin : to?.protocol === 'https:'
  }
  if (![authorization_endpoint, token_endpoint, jwks_uri].every(fits))
    throw new Untrusted('the provider names addresses that cannot be used')
  return config
}

/** In the header, unless the provider takes it in the body alone. */
function secretly(clientSecret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)]
  return (server, client, body, headers) => {
    const { token_endpoint_auth_methods_supported: named = ['client_secret_basic'] } = server
    return (named.includes('client_secret_basic') ? basic : post)(server, client, body, headers)
  }
}

/** Asked for once by however many come at a time, and again after an hour; what failed is not kept. */
function cached<T>({ nowMs }: Pick<OidcDeps, 'nowMs'>, ask: () => Promise<T>): () => Promise<T> {
  let held: { readonly value: Promise<T>; readonly sinceMs: number } | null = null
  return () => {
    if (held && nowMs() - held.sinceMs < DISCOVERY_MS) return held.value
    const mine = { value: ask(), sinceMs: nowMs() }
    held = mine
    mine.value.catch(() => {
      if (held === mine) held = null
    })
    return mine.value
  }
}

// --- what can go wrong

class Untrusted extends Error {}

/** The library's codes for an answer that was none, or came from whoever stands before the provider. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
])
const BUSY: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

function troubleOf(fault: unknown): OidcTrouble {
  if (fault instanceof AuthorizationResponseError) return BUSY.has(fault.error) ? 'unreachable' : 'refused'
  if (fault instanceof ClientError) return NO_ANSWER.has(fault.code ?? '') ? 'unreachable' : 'untrusted'
  // What `fetch` throws when nobody answers; the library's own carry a code.
  return fault instanceof TypeError && !('code' in fault) ? 'unreachable' : 'untrusted'
}

function factsOf(fault: unknown): Readonly<Record<string, unknown>> {
  if (fault instanceof AuthorizationResponseError || fault instanceof ResponseBodyError)
    return { error: /^[a-z_]{1,60}$/.test(fault.error) ? fault.error : 'unreadable' }
  if (!(fault instanceof ClientError)) return { error: fault instanceof Untrusted ? fault.message : 'no connection' }
  const { cause } = fault.cause instanceof Error ? fault.cause : { cause: undefined }
  const claim = typeof cause === 'object' && cause !== null && 'claim' in cause ? String(cause.claim) : undefined
  return { error: fault.code ?? fault.message, ...(claim !== undefined && { claim }) }
}

// --- what is kept between two requests of one browser

/** Things kept under secrets, each for a while. The secrets themselves are not kept. */
export type Shelf<T> = {
  put(thing: T): string
  look(secret: string): T | null
  take(secret: string): T | null
}

/** Whoever fills it drops the oldest: others begin again, or sign in with a code. */
function shelf<T>({ random, nowMs }: Pick<OidcDeps, 'random' | 'nowMs'>, forMs: number): Shelf<T> {
  const things = new Map<string, { readonly thing: T; readonly untilMs: number }>()
  const look = (key: string): T | null => {
    const held = things.get(key)
    return held && nowMs() < held.untilMs ? held.thing : null
  }
  return {
    put(thing) {
      for (const [key, { untilMs }] of things) {
        if (untilMs > nowMs() && things.size < SHELF_MOST) break
        things.delete(key)
      }
      const secret = Buffer.from(random(32)).toString('base64url')
      things.set(sha256Hex(secret), { thing, untilMs: nowMs() + forMs })
      return secret
    },
    look: (secret) => look(sha256Hex(secret)),
    take(secret) {
      const key = sha256Hex(secret)
      const thing = look(key)
      things.delete(key)
      return thing
    },
  }
}
