import { isIP } from 'node:net'
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import type { FastifyRequest } from 'fastify'
import { parseCoseKey } from '../approvals/cose.ts'
import { bytesOf, challengeOf, envelopeOf, parseEnvelope } from '../approvals/envelope.ts'
import type { Envelope, PasskeyAssertion } from '../approvals/evidence.ts'
import type { PublicKey } from '../approvals/passkey.ts'
import { type Enrolment, enrols, LONGEST_ID } from '../desk/identities.ts'
import type { Passkey } from '../ports/records.ts'
import type { Instant } from '../values/instant.ts'
import { Numeral, parseJson } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Caller } from './access.ts'
import { type Api, lasting } from './context.ts'
import { field } from './fields.ts'
import { signsNow } from './present.ts'
import { type Answer, problem } from './problem.ts'
import type * as wire from './wire.ts'

// Passkeys at the door: what a browser is asked, and the first look at what it answers. The desk looks again by itself.

/** ES256, EdDSA, RS256: what the journal's verifier can check without a library. */
const ALGORITHMS = [-8, -7, -257]
/** How long the browser itself waits for the person. */
const TOUCH_MS = 60_000

// --- by what name the page was reached

/** The name that passkeys are bound to, and the page that may use them. */
export type Site = { readonly rpID: string; readonly origin: string }

/** Passkeys are bound to a name that browsers trust: over https any but an address, without it `localhost` alone. */
export function siteOf(api: Api, request: FastifyRequest): Result<Site, string> {
  const host = (request.headers.host ?? '').toLowerCase()
  const rpID = host.replace(/:\d+$/, '')
  const port = host.slice(rpID.length)
  if (isIP(rpID.replace(/^\[|\]$/g, '')) !== 0)
    return err(
      `Passkeys work with names, and this page was opened by the address ${rpID}. Open it as ${api.served.https ? 'the name of its certificate' : `http://localhost${port} on the machine itself`}.`,
    )
  if (!api.served.https && rpID !== 'localhost')
    return err(
      `Passkeys need https, but for http://localhost${port} on the machine itself. Open it there, or serve it behind TLS.`,
    )
  return ok({ rpID, origin: `${api.served.https ? 'https' : 'http'}://${host}` })
}

const noPasskey = (why: string): Answer => problem('NO_PASSKEY', why)
const refused = (why: string): Answer => problem('PASSKEY_REFUSED', why)

/** Passkeys are used by the page, whose cookie no script can read; a session of the command line has none. */
function siteFor(api: Api, caller: Caller, request: FastifyRequest): Result<Site, Answer> {
  if (!caller.session?.cookie) return err(noPasskey('A passkey is used in the browser. Open the page there.'))
  const site = siteOf(api, request)
  return site.ok ? site : err(noPasskey(site.error))
}

const ownKeys = async (api: Api, caller: Caller): Promise<readonly Passkey[]> =>
  (await api.reads.all('passkey')).filter(({ personID, revokedAt }) => personID === caller.id && revokedAt === null)

// --- asking

/** What is to be signed, but for what is drawn for each ask. */
export type ToSign = {
  readonly purpose: Envelope['purpose']
  readonly approvalID: string
  readonly digest: string
  readonly policyVersion: number
  /** When there is nothing left to decide. */
  readonly until: Instant | null
}

/** Asks the caller's browser to sign one decision: good once, in this session, for a short time. */
export async function askToSign(
  api: Api,
  { caller, now, request }: { readonly caller: Caller; readonly now: Instant; readonly request: FastifyRequest },
  { until, ...what }: ToSign,
): Promise<Result<wire.PasskeyAsk, Answer>> {
  const site = siteFor(api, caller, request)
  if (!site.ok) return site
  const { rpID } = site.value
  const own = await ownKeys(api, caller)
  const here = own.filter((passkey) => passkey.rpID === rpID)
  const usable = here.filter((passkey) => signsNow(passkey, caller.id, api.environment, now))
  if (usable.length === 0) return err(noPasskey(whyNone(own, here, rpID)))
  const late = lasting(api, now, api.limits.challengeMs)
  const expiresAt = until !== null && until < late ? until : late
  const envelope = envelopeOf({
    ...what,
    approver: caller.id,
    decision: 'approve',
    expiresAt,
    nonce: api.random(16),
    policyVersion: String(what.policyVersion),
  })
  const challenge = challengeOf(envelope)
  await api.desk.ask({
    challenge,
    personID: caller.id,
    session: caller.actor.session ?? '',
    purpose: 'decide',
    envelope,
    expiresAt,
  })
  const options = await generateAuthenticationOptions({
    rpID,
    challenge: buffer(challenge),
    allowCredentials: usable.map(named),
    userVerification: 'required',
    timeout: TOUCH_MS,
  })
  return ok({ options: { ...options }, envelope })
}

function whyNone(own: readonly Passkey[], here: readonly Passkey[], rpID: string): string {
  if (here.length > 0)
    return 'Your passkey is new, and approves nothing live before its first day is over. Use an older one, or ask another person.'
  const names = [...new Set(own.map((passkey) => passkey.rpID))]
  return names.length === 0
    ? 'You have no passkey yet. Enrol one under "Your access".'
    : `Your passkeys were made for ${names.join(', ')}, and this page was opened as ${rpID}. Open it by that name.`
}

type Transports = NonNullable<RegistrationResponseJSON['response']['transports']>
const named = ({ credentialID, transports }: Passkey): { id: string; transports: Transports } => ({
  id: credentialID,
  transports: [...transports] as Transports,
})

/** Base64url as bytes on a buffer of their own, as the library wants them. */
const buffer = (base64url: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(base64url, 'base64url'))

/** Asks the caller's browser for a new passkey, and for the word of an older one where there is one. */
export async function askToEnrol(
  api: Api,
  call: { readonly caller: Caller; readonly now: Instant; readonly request: FastifyRequest },
  name: string,
): Promise<Result<wire.EnrolAsk, Answer>> {
  const { caller, now, request } = call
  const site = siteFor(api, caller, request)
  if (!site.ok) return site
  const { rpID } = site.value
  const own = await ownKeys(api, caller)
  const challenge = Buffer.from(api.random(32)).toString('base64url')
  const expiresAt = lasting(api, now, api.limits.challengeMs)
  let confirm: wire.PasskeyAsk | null = null
  if (own.length > 0) {
    const { changeID, digest, policyVersion } = enrols(caller.id, challenge, api.environment)
    const asked = await askToSign(api, call, {
      purpose: 'jax.change',
      approvalID: changeID,
      digest,
      policyVersion,
      until: expiresAt,
    })
    if (!asked.ok) return asked
    confirm = asked.value
  }
  await api.desk.ask({
    challenge,
    personID: caller.id,
    session: caller.actor.session ?? '',
    purpose: 'enrol',
    envelope: null,
    expiresAt,
  })
  const options = await generateRegistrationOptions({
    rpName: 'Jax Execution',
    rpID,
    userID: buffer(userHandleOf(caller.id)),
    userName: `${caller.name}, ${name}`,
    userDisplayName: caller.name,
    challenge: buffer(challenge),
    timeout: TOUCH_MS,
    attestationType: 'none',
    excludeCredentials: own.filter((passkey) => passkey.rpID === rpID).map(named),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  })
  return ok({ options: { ...options }, envelope: null, confirm })
}

/** What the authenticator knows a person by, base64url. */
const userHandleOf = (personID: string): string => Buffer.from(personID).toString('base64url')

// --- what comes back

type Signed = { readonly envelope: Envelope; readonly response: AuthenticationResponseJSON }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Numeral)

/** Base64url up to 12 KiB, which no part of an answer of a browser comes near to. */
const isBytes = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 16_384 && /^[A-Za-z0-9_-]+$/.test(value)

type Head = {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly clientExtensionResults: object
}
/** Browsers add members over the years: what is not looked at is left out. */
function credential(
  value: unknown,
): Result<{ readonly head: Head; readonly response: Readonly<Record<string, unknown>> }, string> {
  if (!isObject(value) || !isObject(value['response']))
    return err('must be what the browser gave, as JSON (`toJSON()`)')
  const { id, rawId, type, response } = value
  if (!isBytes(id) || id !== rawId || type !== 'public-key') return err('must be a public-key credential with its id')
  return ok({ head: { id, rawId: id, type, clientExtensionResults: {} }, response })
}

function assertionOf(value: unknown): Result<AuthenticationResponseJSON, string> {
  const read = credential(value)
  if (!read.ok) return read
  const { clientDataJSON, authenticatorData, signature, userHandle } = read.value.response
  if (!isBytes(clientDataJSON) || !isBytes(authenticatorData) || !isBytes(signature))
    return err('must hold clientDataJSON, authenticatorData and signature as base64url')
  const given = userHandle !== undefined && userHandle !== null
  if (given && !isBytes(userHandle)) return err('must hold userHandle as base64url, or leave it out')
  return ok({
    ...read.value.head,
    response: { clientDataJSON, authenticatorData, signature, ...(given && { userHandle }) },
  })
}

const TRANSPORTS: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']
function registrationOf(value: unknown): Result<RegistrationResponseJSON, string> {
  const read = credential(value)
  if (!read.ok) return read
  const { clientDataJSON, attestationObject, transports } = read.value.response
  if (!isBytes(clientDataJSON) || !isBytes(attestationObject))
    return err('must hold clientDataJSON and attestationObject as base64url')
  const known = Array.isArray(transports) ? transports.filter((one: unknown) => TRANSPORTS.includes(one as string)) : []
  return ok({
    ...read.value.head,
    response: { clientDataJSON, attestationObject, transports: [...new Set(known)] as Transports },
  })
}

/** JSON as it was parsed, with its numbers as numbers: the envelope has but one, a small one. */
const plain = (value: unknown): unknown =>
  value instanceof Numeral
    ? Number(value.source)
    : isObject(value)
      ? Object.fromEntries(
          Object.entries(value).map(([key, inner]) => [key, inner instanceof Numeral ? Number(inner.source) : inner]),
        )
      : value

/** `{ envelope, response }`: a signed decision. */
export const signedField = field<Signed>(
  (value) => {
    if (!isObject(value) || Object.keys(value).some((key) => key !== 'envelope' && key !== 'response'))
      return err('must be an object of envelope and response')
    const envelope = parseEnvelope(plain(value['envelope']))
    if (!envelope.ok) return envelope
    const response = assertionOf(value['response'])
    return response.ok ? ok({ envelope: envelope.value, response: response.value }) : response
  },
  {
    type: 'object',
    description:
      'What a passkey signed: `envelope` as it was asked for, `response` the answer of `navigator.credentials.get` as `toJSON()` gives it.',
    required: ['envelope', 'response'],
    properties: { envelope: { type: 'object' }, response: { type: 'object' } },
    examples: [],
  },
)
export const registrationField = field<RegistrationResponseJSON>(registrationOf, {
  type: 'object',
  description: 'The answer of `navigator.credentials.create`, as `toJSON()` gives it.',
  examples: [],
})

/** The page's own words about who asked; null when they are no object. */
function clientData(response: { readonly clientDataJSON: string }): Readonly<Record<string, unknown>> | null {
  const parsed = parseJson(Buffer.from(response.clientDataJSON, 'base64url').toString())
  return parsed.ok && isObject(parsed.value) ? parsed.value : null
}
/** The library takes a page that stands inside another one. We do not. */
const isEmbedded = (client: Readonly<Record<string, unknown>>): boolean =>
  ('crossOrigin' in client && client['crossOrigin'] !== false) || 'topOrigin' in client

const EMBEDDED = 'The page stood inside a page of somebody else. Open it in a window of its own, and decide there.'
const UNPROVEN = 'The passkey did not prove this decision. Look at it again, and decide again.'

/**
 * What a passkey signed, as evidence: this person's passkey, on this very page, over this envelope. Whether the envelope
 * says what is decided, and was asked for, the desk knows.
 */
export async function evidenceOf(
  api: Api,
  { caller, request }: { readonly caller: Caller; readonly request: FastifyRequest },
  { envelope, response }: Signed,
): Promise<Result<PasskeyAssertion, Answer>> {
  const site = siteFor(api, caller, request)
  if (!site.ok) return site
  const passkey = await api.reads.get('passkey', response.id)
  if (!passkey || passkey.personID !== caller.id)
    return err(refused('This passkey is not one of yours. Use one that is listed under "Your access".'))
  if (passkey.revokedAt !== null) return err(refused('This passkey was revoked. Use another one.'))
  if (passkey.rpID !== site.value.rpID)
    return err(refused(`This passkey was made for ${passkey.rpID}. Open the page by that name.`))
  const { userHandle } = response.response
  if (userHandle !== undefined && userHandle !== userHandleOf(caller.id))
    return err(refused('The passkey says that it belongs to somebody else.'))
  const client = clientData(response.response)
  if (!client) return err(refused(UNPROVEN))
  if (isEmbedded(client)) return err(refused(EMBEDDED))
  const verified = await proves(() =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge: challengeOf(envelope),
      expectedOrigin: site.value.origin,
      expectedRPID: passkey.rpID,
      credential: { id: passkey.credentialID, publicKey: coseOf(passkey.key), counter: passkey.counter },
      requireUserVerification: true,
    }),
  )
  if (verified?.verified !== true) return err(refused(UNPROVEN))
  const { clientDataJSON, authenticatorData, signature } = response.response
  return ok({ kind: 'passkey', credentialID: response.id, envelope, clientDataJSON, authenticatorData, signature })
}

/** A wrong answer is thrown by the library, or not, as the case may be. */
async function proves<T>(verify: () => Promise<T>): Promise<T | null> {
  try {
    return await verify()
  } catch {
    return null
  }
}

/** The new passkey that a browser made, as the desk takes it. */
export async function enrolmentOf(
  api: Api,
  call: { readonly caller: Caller; readonly request: FastifyRequest },
  made: { readonly name: string; readonly response: RegistrationResponseJSON; readonly confirm: Signed | null },
): Promise<Result<Enrolment, Answer>> {
  const { caller, request } = call
  const site = siteFor(api, caller, request)
  if (!site.ok) return site
  const { rpID, origin } = site.value
  if (made.response.id.length > LONGEST_ID)
    return err(refused('The id of this passkey is longer than 1023 bytes. Use another device.'))
  const client = clientData(made.response.response)
  const challenge = client?.['challenge']
  if (!client || typeof challenge !== 'string' || bytesOf(challenge)?.length !== 32)
    return err(refused('The answer of the passkey cannot be read. Begin again; if it stays so, use another browser.'))
  if (isEmbedded(client)) return err(refused(EMBEDDED))
  const asked = await api.reads.get('challenge', challenge)
  if (asked?.purpose !== 'enrol' || asked.personID !== caller.id)
    return err(refused('This enrolment was used already, is too old, or was begun by somebody else. Begin again.'))
  const verified = await proves(() =>
    verifyRegistrationResponse({
      response: made.response,
      expectedChallenge: asked.challenge,
      expectedOrigin: origin,
      expectedRPID: rpID,
      requireUserPresence: true,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  )
  const info = verified?.verified === true ? verified.registrationInfo : null
  if (!info || info.credential.id !== made.response.id)
    return err(
      refused('The new passkey did not prove itself: it must ask for a PIN, fingerprint or face. Begin again.'),
    )
  const key = parseCoseKey(info.credential.publicKey)
  if (!key.ok) return err(refused(`The key of this passkey cannot be used: ${key.error}. Use another device.`))
  const evidence = made.confirm ? await evidenceOf(api, call, made.confirm) : null
  if (evidence?.ok === false) return evidence
  return ok({
    challenge,
    credentialID: info.credential.id,
    key: key.value,
    rpID,
    name: made.name,
    device: info.credentialDeviceType === 'multiDevice' ? 'multi' : 'single',
    backedUp: info.credentialBackedUp,
    transports: made.response.response.transports ?? [],
    counter: info.credential.counter,
    actor: caller.actor,
    ...(evidence && { evidence: evidence.value }),
  })
}

/** A stored key in the form that the library reads (COSE, RFC 9052). */
function coseOf({ alg, jwk }: PublicKey): Uint8Array<ArrayBuffer> {
  const head: [number, number | Uint8Array][] =
    jwk.kty === 'RSA'
      ? [
          [1, 3],
          [3, alg],
          [-1, buffer(jwk.n)],
          [-2, buffer(jwk.e)],
        ]
      : jwk.kty === 'EC'
        ? [
            [1, 2],
            [3, alg],
            [-1, 1],
            [-2, buffer(jwk.x)],
            [-3, buffer(jwk.y)],
          ]
        : [
            [1, 1],
            [3, alg],
            [-1, 6],
            [-2, buffer(jwk.x)],
          ]
  return isoCBOR.encode(new Map(head))
}
