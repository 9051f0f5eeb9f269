// A passkey in software, browser included: what `navigator.credentials` would answer, as the JSON that the page posts.
// It can lie as a stolen laptop, a phishing page or a broken authenticator would; what it lies about it still signs.
//
// The same seed gives the same keys, ids and, with Ed25519 and RSA, the same signatures. Node's ECDSA draws its nonce
// itself: an ES256 signature differs each time.
import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Envelope, PasskeyAssertion } from '../src/approvals/evidence.ts'
import type { PublicKey } from '../src/approvals/passkey.ts'

export type Ask = { readonly rpID: string; readonly origin: string; readonly challenge: string }

export type Lie = {
  readonly rpID?: string
  readonly origin?: unknown
  readonly challenge?: unknown
  readonly type?: string
  readonly crossOrigin?: unknown
  readonly topOrigin?: unknown
  /** Nobody touched it. */
  readonly absent?: true
  /** Touched, but no PIN, fingerprint or face. */
  readonly unverified?: true
  /** More flags than true ones, such as 0x80 for extensions. */
  readonly flags?: number
  readonly counter?: number
  /** Signed with a key that nobody registered, under the id of the registered one. */
  readonly anotherKey?: true
  readonly credentialID?: string
  readonly userHandle?: string
  /** Writes other client data, before they are signed. */
  readonly clientData?: (json: string) => string | Buffer
  /** More bytes behind the authenticator data, before they are signed. */
  readonly more?: Buffer
}

export type SoftAuthenticator = {
  readonly credentialID: string
  readonly publicKey: PublicKey
  /** The public key as COSE. */
  readonly cose: Buffer
  create(ask: Ask & { readonly userID?: string }, lie?: Lie): RegistrationResponseJSON
  get(ask: Ask, lie?: Lie): AuthenticationResponseJSON
}

type Pair = { readonly key: PublicKey; readonly privateKey: KeyObject }

const sha256 = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest()
const base64url = (bytes: Buffer): string => bytes.toString('base64url')
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url')

/**
 * @param seed names the device. Two devices with RSA have one key, and two ids: there are few primes that need no search.
 * @param of.counts a security key that counts its uses from 1; without it a passkey that always says 0.
 * @param of.backedUp a passkey that a cloud copies to other devices.
 */
export function softAuthenticator(
  seed: string,
  of: { readonly alg?: PublicKey['alg']; readonly counts?: boolean; readonly backedUp?: boolean } = {},
): SoftAuthenticator {
  const alg = of.alg ?? -7
  const own = pairOf(alg, seed)
  const credentialID = base64url(sha256(`credential ${seed}`).subarray(0, 16))
  let counter = 0
  let userID: string | undefined

  const clientDataJSON = (type: string, ask: Ask, lie: Lie): Buffer => {
    const json = JSON.stringify({
      type: lie.type ?? type,
      challenge: 'challenge' in lie ? lie.challenge : ask.challenge,
      origin: 'origin' in lie ? lie.origin : ask.origin,
      crossOrigin: 'crossOrigin' in lie ? lie.crossOrigin : false,
      ...('topOrigin' in lie && { topOrigin: lie.topOrigin }),
    })
    return Buffer.from(lie.clientData?.(json) ?? json)
  }
  const authenticatorData = (ask: Ask, lie: Lie, attested: Buffer): Buffer => {
    if (of.counts) counter++
    const head = Buffer.alloc(5)
    head[0] =
      (lie.absent ? 0 : 0x01) |
      (lie.unverified ? 0 : 0x04) |
      (of.backedUp ? 0x18 : 0) |
      (attested.length > 0 ? 0x40 : 0) |
      (lie.flags ?? 0)
    head.writeUInt32BE(lie.counter ?? counter, 1)
    return Buffer.concat([sha256(lie.rpID ?? ask.rpID), head, attested, lie.more ?? Buffer.alloc(0)])
  }

  return {
    credentialID,
    publicKey: own.key,
    cose: coseOf(own.key),
    create(ask, lie = {}) {
      userID = ask.userID
      const id = lie.credentialID ?? credentialID
      const { key, privateKey } = lie.anotherKey ? pairOf(alg, `not ${seed}`) : own
      const attested = Buffer.concat([Buffer.alloc(16), uint16(bytesOf(id).length), bytesOf(id), coseOf(key)])
      const data = authenticatorData(ask, lie, attested)
      return {
        id,
        rawId: id,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(clientDataJSON('webauthn.create', ask, lie)),
          attestationObject: base64url(attestationNone(data)),
          authenticatorData: base64url(data),
          publicKey: base64url(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })),
          publicKeyAlgorithm: alg,
          transports: ['internal'],
        },
      }
    },
    get(ask, lie = {}) {
      const id = lie.credentialID ?? credentialID
      const { privateKey } = lie.anotherKey ? pairOf(alg, `not ${seed}`) : own
      const client = clientDataJSON('webauthn.get', ask, lie)
      const data = authenticatorData(ask, lie, Buffer.alloc(0))
      const userHandle = lie.userHandle ?? userID
      return {
        id,
        rawId: id,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(client),
          authenticatorData: base64url(data),
          signature: base64url(sign(alg === -8 ? null : 'sha256', Buffer.concat([data, sha256(client)]), privateKey)),
          ...(userHandle !== undefined && { userHandle }),
        },
      }
    },
  }
}

/** The evidence that is kept of such an answer. */
export const assertionOf = (envelope: Envelope, { id, response }: AuthenticationResponseJSON): PasskeyAssertion => ({
  kind: 'passkey',
  credentialID: id,
  envelope,
  clientDataJSON: response.clientDataJSON,
  authenticatorData: response.authenticatorData,
  signature: response.signature,
})

function pairOf(alg: PublicKey['alg'], seed: string): Pair {
  if (alg === -8) return ed25519(sha256(`key ${seed}`))
  return alg === -7 ? p256(sha256(`key ${seed}`)) : rsa(seed.startsWith('not ') ? 2281n : 2203n)
}

function p256(d: Buffer): Pair {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  const jwk = {
    kty: 'EC' as const,
    crv: 'P-256' as const,
    x: base64url(point.subarray(1, 33)),
    y: base64url(point.subarray(33)),
  }
  const privateKey = createPrivateKey({ format: 'jwk', key: { ...jwk, d: base64url(d) } })
  return { key: { alg: -7, jwk }, privateKey }
}

function ed25519(d: Buffer): Pair {
  // PKCS #8 (RFC 8410) up to the 32 bytes of the key.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), d])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { key: { alg: -8, jwk: { kty: 'OKP', crv: 'Ed25519', x } }, privateKey }
}

/** From two Mersenne primes, as in the test vectors of WebAuthn level 3: an RSA key without a search and without chance. */
function rsa(exponent: 2203n | 2281n): Pair {
  const p = 2n ** exponent - 1n
  const q = 2n ** 1279n - 1n
  const e = 65537n
  const d = inverse(e, (p - 1n) * (q - 1n))
  const jwk = { kty: 'RSA' as const, n: bigEndian(p * q), e: 'AQAB' as const }
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      ...jwk,
      d: bigEndian(d),
      p: bigEndian(p),
      q: bigEndian(q),
      dp: bigEndian(d % (p - 1n)),
      dq: bigEndian(d % (q - 1n)),
      qi: bigEndian(inverse(q, p)),
    },
  })
  return { key: { alg: -257, jwk }, privateKey }
}

/** The x with a·x ≡ 1 (mod m), by Euclid. */
function inverse(a: bigint, m: bigint): bigint {
  let [r, next] = [m, a % m]
  let [x, nextX] = [0n, 1n]
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[x, nextX] = [nextX, x - quotient * nextX]
  }
  return ((x % m) + m) % m
}

function bigEndian(value: bigint): string {
  const hex = value.toString(16)
  return base64url(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'))
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** A CBOR byte string from 24 to 65535 bytes. */
const byteString = (bytes: Buffer): Buffer =>
  Buffer.concat([
    bytes.length < 256 ? Buffer.of(0x58, bytes.length) : Buffer.concat([hex('59'), uint16(bytes.length)]),
    bytes,
  ])

/** COSE_Key, written out: a map of the labels 1 (kty), 3 (alg), then -1, -2, -3 (20, 21, 22). */
function coseOf({ jwk }: PublicKey): Buffer {
  const of = (base64: string): Buffer => byteString(bytesOf(base64))
  if ('y' in jwk) return Buffer.concat([hex('a5 0102 0326 2001 21'), of(jwk.x), hex('22'), of(jwk.y)])
  if ('x' in jwk) return Buffer.concat([hex('a4 0101 0327 2006 21'), of(jwk.x)])
  return Buffer.concat([hex('a4 0103 03390100 20'), of(jwk.n), hex('21 43 010001')])
}

/** CBOR of `{ fmt: 'none', attStmt: {}, authData }`. */
const attestationNone = (data: Buffer): Buffer =>
  Buffer.concat([hex('a3 63 666d74 64 6e6f6e65 67 61747453746d74 a0 68 6175746844617461'), byteString(data)])
