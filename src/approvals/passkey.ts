import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { sha256 } from '../values/hash.ts'
import { parseJson } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { bytesOf, challengeOf, parseEnvelope } from './envelope.ts'
import type { Envelope, PasskeyAssertion } from './evidence.ts'

// What a passkey signed, looked at without any library: by the desk when it decides, and by the verifier years later.

/** The public half of a passkey as plain JSON: the COSE number of its algorithm (ES256, EdDSA, RS256), and the key as JWK. */
export type PublicKey =
  | { readonly alg: -7; readonly jwk: { kty: 'EC'; crv: 'P-256'; x: string; y: string } }
  | { readonly alg: -8; readonly jwk: { kty: 'OKP'; crv: 'Ed25519'; x: string } }
  | { readonly alg: -257; readonly jwk: { kty: 'RSA'; n: string; e: 'AQAB' } }

export type AssertionFault = {
  readonly code:
    | 'MALFORMED'
    | 'BAD_KEY'
    | 'WRONG_TYPE'
    | 'WRONG_CHALLENGE'
    | 'WRONG_ORIGIN'
    | 'EMBEDDED'
    | 'WRONG_SITE'
    | 'NOT_PRESENT'
    | 'NOT_VERIFIED'
    | 'BAD_SIGNATURE'
    | 'COUNTER_WENT_BACK'
  readonly text: string
}
const no = (code: AssertionFault['code'], text: string): AssertionFault => ({ code, text })
const malformed = (why: string): AssertionFault =>
  no(
    'MALFORMED',
    `The answer of the passkey cannot be read: ${why}. Decide again; if it stays so, use another browser.`,
  )

type Shape = {
  readonly hash: 'sha256' | null
  /** Members with one value only. 65537 is the exponent of every authenticator; others can be forged, or nearly. */
  readonly fixed: Readonly<Record<string, string>>
  /** Members that hold bytes: how many at least and at most. RSA: 2048 to 4096 bits. */
  readonly bytes: Readonly<Record<string, readonly [min: number, max: number]>>
}
const SHAPE: Readonly<Record<PublicKey['alg'], Shape>> = {
  [-7]: { hash: 'sha256', fixed: { kty: 'EC', crv: 'P-256' }, bytes: { x: [32, 32], y: [32, 32] } },
  [-8]: { hash: null, fixed: { kty: 'OKP', crv: 'Ed25519' }, bytes: { x: [32, 32] } },
  [-257]: { hash: 'sha256', fixed: { kty: 'RSA', e: 'AQAB' }, bytes: { n: [256, 512] } },
}
const isAlg = (alg: unknown): alg is PublicKey['alg'] => alg === -7 || alg === -8 || alg === -257

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A public key that was stored: one of the three kinds, nothing else in it, and strong enough. */
export function parsePublicKey(json: unknown): Result<PublicKey, string> {
  const read = readKey(json)
  return read.ok ? ok(read.value.key) : read
}

function readKey(json: unknown): Result<{ readonly key: PublicKey; readonly object: KeyObject }, string> {
  if (!isObject(json) || !isObject(json['jwk']) || Object.keys(json).length !== 2) return err('not a public key')
  const { alg, jwk } = json
  if (!isAlg(alg)) return err('the algorithm is none of ES256 (-7), EdDSA (-8) and RS256 (-257)')
  const { fixed, bytes } = SHAPE[alg]
  const names = [...Object.keys(fixed), ...Object.keys(bytes)]
  if (Object.keys(jwk).length !== names.length || !names.every((name) => Object.hasOwn(jwk, name)))
    return err(`the members of the key are not ${names.join(', ')}`)
  for (const [name, value] of Object.entries(fixed)) if (jwk[name] !== value) return err(`${name} is not ${value}`)
  for (const [name, [min, max]] of Object.entries(bytes)) {
    const value = jwk[name]
    const length = typeof value === 'string' ? (bytesOf(value)?.length ?? -1) : -1
    if (length < min || length > max)
      return err(`${name} is not ${min === max ? min : `${min} to ${max}`} bytes of base64url`)
  }
  const key = { alg, jwk: { ...jwk } } as PublicKey
  let object: KeyObject
  try {
    object = createPublicKey({ format: 'jwk', key: key.jwk })
  } catch {
    return err('its numbers are not a key of this kind')
  }
  // The length of n may be made up of leading zeros.
  if ((object.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048) return err('the key has fewer than 2048 bits')
  return ok({ key, object })
}

/** Browsers write 130 to 350 bytes. */
const MAX_CLIENT_DATA = 4096
/** 37 bytes, and with a new 4096-bit key, its id and extensions under 2 KiB. */
const MAX_AUTHENTICATOR_DATA = 4096
/** RSA with 4096 bits. */
const MAX_SIGNATURE = 512
/** WebAuthn's own limit. */
const MAX_CREDENTIAL_ID = 1023

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const BACKUP_ELIGIBLE = 0x08
const BACKED_UP = 0x10
const ATTESTED = 0x40
const EXTENDED = 0x80

/**
 * Did this passkey sign this envelope, on a page of ours, with a person there who showed that it is they? Whether the
 * envelope says what was decided is `agrees`; whether the challenge was open, the key this person's, and the counter
 * ahead (`counterFault`), only a caller with a store can know.
 *
 * Never hold the signature itself against a list of seen ones: an ES256 signature has a second valid form.
 *
 * @param expected.rpID a domain, such as `jax.example`.
 * @param expected.origins such as `https://jax.example`: compared letter by letter.
 * @param expected.requireUserVerification cannot be waived; written out so that every call says so.
 * @returns `backedUp` when the passkey lives on more devices than one.
 */
export function verifyAssertion(
  assertion: PasskeyAssertion,
  key: PublicKey,
  expected: { readonly rpID: string; readonly origins: readonly string[]; readonly requireUserVerification: true },
): Result<{ readonly counter: number; readonly backedUp: boolean }, AssertionFault> {
  const envelope = parseEnvelope(assertion.envelope)
  if (!envelope.ok) return err(malformed(envelope.error))
  const stored = readKey(key)
  if (!stored.ok) return err(no('BAD_KEY', `The stored passkey cannot be used: ${stored.error}. Register it again.`))

  const credentialID = within(assertion.credentialID, 1, MAX_CREDENTIAL_ID)
  const clientDataJSON = within(assertion.clientDataJSON, 1, MAX_CLIENT_DATA)
  const authenticatorData = within(assertion.authenticatorData, 37, MAX_AUTHENTICATOR_DATA)
  const signature = within(assertion.signature, 1, MAX_SIGNATURE)
  if (!credentialID || !clientDataJSON || !authenticatorData || !signature)
    return err(malformed('a part is missing, too long or not base64url'))

  const said = clientDataFault(clientDataJSON, challengeOf(envelope.value), expected.origins)
  if (said) return err(said)
  const vouched = authenticatorFault(authenticatorData, expected.rpID)
  if (vouched) return err(vouched)

  const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)])
  if (!verify(SHAPE[stored.value.key.alg].hash, signed, stored.value.object, signature))
    return err(
      no('BAD_SIGNATURE', 'This passkey did not sign this. Decide again, with a passkey that is registered here.'),
    )
  return ok({ counter: authenticatorData.readUInt32BE(33), backedUp: (flagsOf(authenticatorData) & BACKED_UP) !== 0 })
}

function within(base64url: string, min: number, max: number): Buffer | null {
  if (base64url.length > 2 * max) return null
  const bytes = bytesOf(base64url)
  return bytes && bytes.length >= min && bytes.length <= max ? bytes : null
}

/** What the browser says of the page that asked. */
function clientDataFault(bytes: Buffer, challenge: string, origins: readonly string[]): AssertionFault | null {
  const client = clientData(bytes)
  if (!client) return malformed('the client data is not JSON as browsers write it')
  if (client['type'] !== 'webauthn.get')
    return no('WRONG_TYPE', 'The passkey was used for something else than to decide. Decide again.')
  if (client['challenge'] !== challenge)
    return no(
      'WRONG_CHALLENGE',
      'The passkey signed something else than this decision. Look at it again and decide again.',
    )
  const { origin } = client
  if (typeof origin !== 'string' || !origins.includes(origin))
    return no(
      'WRONG_ORIGIN',
      `The passkey was used on ${shown(origin)}, not on ${origins.join(' or ')}. Decide there; if you never opened that page, report it.`,
    )
  // Absent in browsers older than WebAuthn level 2. Any other value than no is a yes.
  if (('crossOrigin' in client && client['crossOrigin'] !== false) || 'topOrigin' in client)
    return no(
      'EMBEDDED',
      'The page stood inside a page of somebody else. Open it in a window of its own, and decide there.',
    )
  return null
}

/** A browser writes origins in ASCII; whatever else stands there must not rearrange the sentence around it. */
const shown = (origin: unknown): string =>
  typeof origin === 'string' ? `"${origin.replace(/[^!-~]/g, '?').slice(0, 100)}"` : 'no page at all'

/**
 * A repeated key is refused, so that no two readers take different values; so is a byte order mark, which no browser
 * writes, and what is not UTF-8.
 */
function clientData(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
  const parsed = parseJson(text)
  return parsed.ok && isObject(parsed.value) ? parsed.value : null
}

const flagsOf = (authenticatorData: Buffer): number => authenticatorData.readUInt8(32)

/** What the authenticator says of the site and the person: SHA-256 of the rpID (32) ‖ flags (1) ‖ counter (4) ‖ more. */
function authenticatorFault(bytes: Buffer, rpID: string): AssertionFault | null {
  const flags = flagsOf(bytes)
  if (!bytes.subarray(0, 32).equals(sha256(rpID)))
    return no('WRONG_SITE', `The passkey was made for another site than ${rpID}. Use one that is registered here.`)
  if ((flags & USER_PRESENT) === 0) return no('NOT_PRESENT', 'Nobody was at the passkey. Touch it, and decide again.')
  if ((flags & USER_VERIFIED) === 0)
    return no('NOT_VERIFIED', 'The passkey did not check who used it. Decide again with its PIN, fingerprint or face.')
  if ((flags & BACKED_UP) !== 0 && (flags & BACKUP_ELIGIBLE) === 0)
    return malformed('the passkey calls itself backed up and not able to be')
  const announced = (flags & (ATTESTED | EXTENDED)) !== 0
  if (announced !== bytes.length > 37)
    return malformed('the data of the authenticator are longer or shorter than they say')
  return null
}

/**
 * Two devices with one key show themselves by a counter that does not advance. Most passkeys do not count and always
 * say 0: then there is nothing to see.
 *
 * @param before the counter at the last use, or at the registration.
 */
export function counterFault(before: number, counter: number): AssertionFault | null {
  if ((before === 0 && counter === 0) || counter > before) return null
  return no(
    'COUNTER_WENT_BACK',
    `The passkey counted to ${counter}, but was at ${before} before: somebody may hold a copy of it. Revoke it and register another.`,
  )
}

/** Does the envelope say exactly this, and was it for an order where an order was decided, for a change where a change was? */
export function agrees(
  { envelope }: PasskeyAssertion,
  what: ({ readonly intentID: string } | { readonly changeID: string }) & {
    readonly digest: string
    readonly approver: string
    readonly decision: Envelope['decision']
    readonly policyVersion: string
  },
): boolean {
  const [purpose, id]: readonly [Envelope['purpose'], string] =
    'intentID' in what ? ['jax.approval', what.intentID] : ['jax.change', what.changeID]
  return (
    envelope.purpose === purpose &&
    envelope.approval_id === id &&
    envelope.order_digest === what.digest &&
    envelope.approver === what.approver &&
    envelope.decision === what.decision &&
    envelope.policy_version === what.policyVersion
  )
}
