import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { sha256Hex } from '../../values/hash.ts'
import { fromMs, type Instant, msBetween, plusMs, toMs } from '../../values/instant.ts'
import { err, ok, type Result } from '../../values/result.ts'
import type { Activity } from './payload.ts'

/**
 * Is this really from Teams, and for us? The token is all there is: Teams does not sign the body, so that whoever holds a
 * token that is still good may put words into anybody's mouth. That is why a click there is weak evidence, and stays so.
 */

/** What a good token says. */
export type Token = {
  /** The claim `serviceurl`. */
  readonly serviceUrl: string
  /** The channels that its key may speak for. */
  readonly endorsements: readonly string[]
  /** After this moment no check lets it pass. */
  readonly deadAt: Instant
  /** The token itself, to be hashed and never kept. */
  readonly raw: string
}

/** `KEYS_UNREACHABLE` says nothing about the token: the answer may be another one soon. */
export type TokenFault = { readonly code: 'TOKEN' | 'KEYS_UNREACHABLE' | 'FOREIGN'; readonly text: string }

const ISSUER = 'https://api.botframework.com'
/** Clocks differ by seconds. The vendor's kits take five minutes, and so tokens that ended four minutes ago. */
const TOLERANCE_S = 60

/** One blank, and a signature that is written in the one way that base64url has for it: a copy must not look new. */
const BEARER = /^Bearer ([\w-]+\.[\w-]+\.([\w-]+))$/
/** Microsoft's tokens have about two thousand characters. */
const HEADER_MAX = 16_384

/**
 * @param authorization the header as it came.
 * @param appID the app id of our bot, in lower case.
 */
export async function verifyToken(
  authorization: string | undefined,
  keys: KeyRing,
  appID: string,
  now: Instant,
): Promise<Result<Token, TokenFault>> {
  if (authorization === undefined || authorization.length > HEADER_MAX) return no('no bearer token')
  const [, raw = '', signature = ''] = BEARER.exec(authorization) ?? []
  if (raw === '') return no('the authorization header is not Bearer with one token')
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature)
    return no('the signature is not canonical base64url')
  let endorsements: readonly string[] = []
  let payload: JWTPayload
  try {
    const verified = await jwtVerify(
      raw,
      async (header, jws) => {
        const key = await keys.find(header.kid, now)
        endorsements = key.endorsements
        return createLocalJWKSet({ keys: [key.jwk] })(header, jws)
      },
      {
        algorithms: ['RS256'],
        issuer: ISSUER,
        audience: appID,
        requiredClaims: ['exp', 'serviceurl'],
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(toMs(now)),
      },
    )
    payload = verified.payload
  } catch (thrown) {
    if (thrown instanceof NoKeys) return err({ code: 'KEYS_UNREACHABLE', text: thrown.message })
    if (thrown instanceof NoKey || thrown instanceof errors.JOSEError) return no(thrown.message)
    throw thrown
  }
  const { aud, exp = 0, serviceurl } = payload
  // jose is content when we are one of several audiences.
  if (aud !== appID) return no('the token is for others too')
  if (typeof serviceurl !== 'string' || serviceurl === '') return no('the claim serviceurl is no text')
  const deadAt = fromMs((exp + 2 * TOLERANCE_S) * 1000)
  if (!Number.isSafeInteger(deadAt)) return no('the token ends when no calendar does')
  return ok({
    serviceUrl: serviceurl,
    endorsements,
    deadAt,
    raw,
  })
}

const no = (text: string): Result<never, TokenFault> => err({ code: 'TOKEN', text })

/** Does what the token says fit what the body says, and is it our organisation and our bot? */
export function checkActivity(
  token: Token,
  activity: Activity,
  ours: { readonly appID: string; readonly tenantID: string },
  serves: (serviceUrl: string) => boolean,
): Result<null, TokenFault> {
  const { channelId, conversation, serviceUrl } = activity
  const wrong =
    channelId !== 'msteams'
      ? 'it does not come from Teams'
      : !token.endorsements.includes(channelId)
        ? 'the key of its token may not speak for Teams'
        : token.serviceUrl !== serviceUrl
          ? 'its token was made for another service address'
          : !serves(serviceUrl)
            ? 'its service address is none of Microsoft’s'
            : conversation.tenantId !== ours.tenantID
              ? 'its conversation belongs to another organisation'
              : activity.tenant !== ours.tenantID
                ? 'it comes from another organisation'
                : activity.recipient !== `28:${ours.appID}`
                  ? 'it is for another bot'
                  : null
  return wrong === null ? ok(null) : err({ code: 'FOREIGN', text: wrong })
}

/** Names the one request: the same token with the same activity is the same proof. Hex. */
export const proofOf = (token: Token, activityID: string): string => sha256Hex(`${activityID}\n${token.raw}`)

// ---- the keys ----

export type Key = { readonly jwk: JWK; readonly endorsements: readonly string[] }

export type KeyRing = {
  /**
   * The key of this name. Asks Microsoft when it must.
   * @throws {NoKey} when there is none. @throws {NoKeys} when that cannot be known now.
   */
  find(kid: string | undefined, now: Instant): Promise<Key>
}

class NoKey extends Error {}
class NoKeys extends Error {}

/** A key that Microsoft withdrew is not believed for longer than this. */
const KEYS_AGE_MAX_MS = 24 * 3_600_000
/** From then on they are fetched anew, so that a bad hour of theirs is not one of ours. */
const KEYS_AGE_GOOD_MS = 12 * 3_600_000
/** Anybody can name a key that does not exist: that makes us ask once a minute, and no oftener. */
const COOL_DOWN_MS = 60_000
/** After a failure people are waiting. */
const COOL_DOWN_FAILED_MS = 5_000

/**
 * Microsoft's signing keys, kept for at most a day.
 * @param read fetches JSON from an address; rejects when it cannot.
 */
export function openKeyRing(
  metadata: string,
  read: (url: string) => Promise<unknown>,
  onTrouble: (text: string | null) => void,
): KeyRing {
  let keys: readonly Key[] = []
  let readAt: Instant | null = null
  let restUntil: Instant | null = null
  let reading: Promise<void> | null = null

  async function refetch(now: Instant): Promise<void> {
    try {
      const { jwks_uri: address } = (await read(metadata)) as { readonly jwks_uri?: unknown }
      // Both on one host: metadata must not be able to send us elsewhere.
      const url = typeof address === 'string' ? URL.parse(address) : null
      if (url === null || url.origin !== new URL(metadata).origin) throw new Error('the keys are on another host')
      keys = keysIn(await read(url.href))
      readAt = now
      restUntil = plusMs(now, COOL_DOWN_MS)
      onTrouble(null)
    } catch (thrown) {
      restUntil = plusMs(now, COOL_DOWN_FAILED_MS)
      onTrouble(`The keys of Teams cannot be fetched: ${thrown instanceof Error ? thrown.message : 'no answer'}.`)
    }
  }
  const fetched = (now: Instant): Promise<void> => {
    // A clock that was set back must not keep us from asking.
    if (restUntil !== null && now < restUntil && msBetween(now, restUntil) <= COOL_DOWN_MS)
      return reading ?? Promise.resolve()
    reading ??= refetch(now).finally(() => {
      reading = null
    })
    return reading
  }
  const age = (now: Instant): number => (readAt === null ? Infinity : Math.abs(msBetween(readAt, now)))

  return {
    async find(kid, now) {
      if (typeof kid !== 'string' || kid === '') throw new NoKey('the token names no key')
      const named = (): Key[] => keys.filter(({ jwk }) => jwk.kid === kid)
      if (age(now) >= KEYS_AGE_GOOD_MS || named().length === 0) await fetched(now)
      if (age(now) >= KEYS_AGE_MAX_MS) throw new NoKeys('the keys of Teams cannot be fetched; try again in a moment')
      const [key, ...others] = named()
      if (key === undefined || others.length > 0)
        throw new NoKey('the token is signed with a key that Teams does not have')
      return key
    },
  }
}

/** @throws {Error} when it is no key set. */
function keysIn(body: unknown): Key[] {
  const { keys } = (body ?? {}) as { readonly keys?: unknown }
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('the answer holds no keys')
  return keys.flatMap((each: unknown): Key[] => {
    if (typeof each !== 'object' || each === null) return []
    const jwk = each as JWK & { readonly endorsements?: unknown }
    const { endorsements } = jwk
    return [
      {
        jwk,
        endorsements: Array.isArray(endorsements) ? endorsements.filter((name) => typeof name === 'string') : [],
      },
    ]
  })
}
