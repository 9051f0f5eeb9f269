import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { err, ok, type Result } from '../values/result.ts'

// A checkpoint is a C2SP tlog-checkpoint inside a C2SP signed-note: plain text that any language can verify.
//
//   jax.example/audit/INSTALLATION        origin: who keeps this journal; also the name of the key
//   200000                                number of rows
//   gkQyrOiPfR7SHy/iC7LWhRaMs9r6...=      RFC 6962 root over them, base64
//
//   — jax.example/audit/INSTALLATION Bm9v…  base64(key id, 4 bytes ‖ Ed25519 signature, 64 bytes)

/** `root` is lower-case hex here and base64 on paper. */
export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: string }
export type Signature = { readonly name: string; readonly keyID: string; readonly bytes: Uint8Array }
export type Note = {
  readonly checkpoint: Checkpoint
  /** The text under the signatures, final newline included. */
  readonly signed: string
  readonly signatures: readonly Signature[]
}
export type NoteFault = { readonly code: 'MALFORMED' | 'UNKNOWN_KEY' | 'BAD_SIGNATURE'; readonly text: string }

/** Signature algorithm 0x01 of C2SP signed-note: Ed25519. */
const ED25519 = 1
/** A key name may hold neither blanks nor `+`, which separate the parts of a verifier key. */
const NAME = /^[^\s+]{1,200}$/u
const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/u
/** A note of ours is under 1 KiB; ten witnesses with post-quantum signatures stay under this. */
const MAX_NOTE = 64 * 1024

/** 32 bytes of an Ed25519 key, public or private. @throws {TypeError} on another kind of key. */
function rawPublicKey(key: KeyObject): Uint8Array {
  const { crv, x } = createPublicKeyOf(key).export({ format: 'jwk' })
  if (crv !== 'Ed25519' || x === undefined) throw new TypeError('a checkpoint needs an Ed25519 key')
  return Buffer.from(x, 'base64url')
}
const createPublicKeyOf = (key: KeyObject): KeyObject => (key.type === 'private' ? createPublicKey(key) : key)

const keyIDOf = (name: string, raw: Uint8Array): string =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), raw]), 'hex').slice(0, 8)

/** Base64 of exactly this spelling, or nothing: the last character has bits to spare, and two texts must not be one signature. */
function exactly(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : Buffer.alloc(0)
}

/** The public key as one line of text, C2SP: `name+key id+base64`. Print it at set-up, keep it elsewhere, verify with it. */
export function verifierKey(name: string, key: KeyObject): string {
  if (!NAME.test(name)) throw new RangeError('the origin of a journal is 1 to 200 characters without blanks and +')
  const raw = rawPublicKey(key)
  return `${name}+${keyIDOf(name, raw)}+${Buffer.concat([Buffer.of(ED25519), raw]).toString('base64')}`
}

export type VerifierKey = { readonly name: string; readonly keyID: string; readonly key: KeyObject }
/** Null when it is not a verifier key, or not one for Ed25519, or its id does not belong to it. */
export function parseVerifierKey(text: string): VerifierKey | null {
  const m = /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text.trim())
  const [, name = '', keyID = '', base64 = ''] = m ?? []
  const bytes = exactly(base64)
  if (!m || bytes.length !== 33 || bytes[0] !== ED25519) return null
  const raw = bytes.subarray(1)
  if (keyIDOf(name, raw) !== keyID) return null
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } })
  return { name, keyID, key }
}

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!NAME.test(origin)) throw new RangeError('the origin of a journal is 1 to 200 characters without blanks and +')
  return `${origin}\n${size}\n${Buffer.from(root, 'hex').toString('base64')}\n`
}

/** A signed note over the checkpoint. Deterministic: the same checkpoint and key give the same note. */
export function signCheckpoint(checkpoint: Checkpoint, privateKey: KeyObject): string {
  const text = checkpointText(checkpoint)
  return `${text}\n${signatureLine(text, checkpoint.origin, privateKey)}`
}

/** One more signature under a note: the new key beside the old one while keys are changed. */
export const cosign = (note: string, name: string, privateKey: KeyObject): string =>
  note + signatureLine(note.slice(0, note.lastIndexOf('\n\n') + 1), name, privateKey)

function signatureLine(text: string, name: string, privateKey: KeyObject): string {
  const keyID = Buffer.from(keyIDOf(name, rawPublicKey(privateKey)), 'hex')
  return `— ${name} ${Buffer.concat([keyID, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`
}

/** Takes a note apart; verifies nothing. */
export function parseNote(note: string): Result<Note, NoteFault> {
  const malformed = (text: string): Result<Note, NoteFault> => err({ code: 'MALFORMED', text })
  if (note.length > MAX_NOTE) return malformed('longer than any checkpoint')
  const cut = note.lastIndexOf('\n\n')
  if (cut < 0 || !note.endsWith('\n')) return malformed('not a signed note: no blank line before the signatures')
  const signed = note.slice(0, cut + 1)
  const [origin = '', size = '', root = '', ...extensions] = signed.slice(0, -1).split('\n')
  if (!NAME.test(origin)) return malformed('the first line is not an origin')
  if (!/^(?:0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    return malformed('the second line is not a number of rows')
  }
  const bytes = exactly(root)
  if (bytes.length !== 32) return malformed('the third line is not a root hash')
  if (extensions.some((line) => line === '')) return malformed('an empty line inside the signed text')
  const signatures: Signature[] = []
  for (const line of note.slice(cut + 2, -1).split('\n')) {
    const [, name = '', base64 = ''] = SIGNATURE.exec(line) ?? []
    const raw = exactly(base64)
    if (!NAME.test(name) || raw.length < 5) return malformed('a line below the blank line is not a signature')
    signatures.push({ name, keyID: raw.toString('hex', 0, 4), bytes: raw.subarray(4) })
  }
  return ok({ checkpoint: { origin, size: Number(size), root: bytes.toString('hex') }, signed, signatures })
}

/**
 * The checkpoint a note vouches for, when one of `keys` signed it. Signatures by keys that are not asked for are ignored,
 * as C2SP wants it: a witness may add its own. A wrong signature under a known key is never ignored.
 */
export function verifyNote(note: string, keys: readonly VerifierKey[]): Result<Checkpoint, NoteFault> {
  const parsed = parseNote(note)
  if (!parsed.ok) return parsed
  const { checkpoint, signed, signatures } = parsed.value
  let vouched = 0
  for (const signature of signatures) {
    const known = keys.find((k) => k.name === signature.name && k.keyID === signature.keyID)
    if (!known) continue
    if (!verify(null, Buffer.from(signed), known.key, signature.bytes)) {
      return err({ code: 'BAD_SIGNATURE', text: `the signature of ${known.name} (key ${known.keyID}) is wrong` })
    }
    if (known.name === checkpoint.origin) vouched++
  }
  if (vouched === 0) {
    const by = signatures.map((s) => `${s.name} (key ${s.keyID})`).join(', ')
    return err({ code: 'UNKNOWN_KEY', text: `signed by ${by}, not by a key of ${checkpoint.origin} that was given` })
  }
  return ok(checkpoint)
}
