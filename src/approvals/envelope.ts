import { sha256Base64url } from '../values/hash.ts'
import { type Instant, parseInstant, rfc3339 } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Envelope } from './evidence.ts'

/** What a passkey is asked to sign for this decision: SHA-256 over the canonical envelope, base64url. */
export const challengeOf = (envelope: Envelope): string => sha256Base64url(`jax-approval-v1\n${canonical(envelope)}`)

/**
 * The envelope of one decision.
 *
 * @param of.nonce 16 random bytes, never used before: they make every challenge a new one.
 * @throws {RangeError} when a field could not be read back; nothing was asked of anybody.
 */
export function envelopeOf(of: {
  readonly purpose: Envelope['purpose']
  readonly approvalID: string
  readonly approver: string
  readonly decision: Envelope['decision']
  readonly expiresAt: Instant
  readonly nonce: Uint8Array
  readonly digest: string
  readonly policyVersion: string
}): Envelope {
  const envelope = parseEnvelope({
    v: 1,
    purpose: of.purpose,
    approval_id: of.approvalID,
    approver: of.approver,
    decision: of.decision,
    expires_at: rfc3339(of.expiresAt),
    nonce: Buffer.from(of.nonce).toString('base64url'),
    order_digest: of.digest,
    policy_version: of.policyVersion,
  })
  if (!envelope.ok) throw new RangeError(envelope.error)
  return envelope.value
}

/** The bytes of base64url in its one spelling: without padding, and without bits to spare in the last character. */
export function bytesOf(base64url: string): Buffer | null {
  const bytes = Buffer.from(base64url, 'base64url')
  return bytes.toString('base64url') === base64url ? bytes : null
}

type Field = { readonly is: string; readonly fits: (value: unknown) => boolean }
const oneOf = (...values: readonly unknown[]): Field => ({
  is: values.map((value) => JSON.stringify(value)).join(' or '),
  fits: (value) => values.includes(value),
})
const bytes = (length: number): Field => ({
  is: `${length} bytes, base64url without padding`,
  fits: (value) => typeof value === 'string' && bytesOf(value)?.length === length,
})
/** Ids are opaque; with blanks or look-alikes in them two envelopes could read the same. */
const ID: Field = {
  is: '1 to 128 characters of ASCII without blanks',
  fits: (value) => typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value),
}
const TIME: Field = {
  is: 'a time such as 2026-11-22T15:18:20Z',
  fits: (value) => typeof value === 'string' && value.endsWith('Z') && parseInstant(value) !== null,
}

const FIELDS: { readonly [K in keyof Envelope]: Field } = {
  v: oneOf(1),
  purpose: oneOf('jax.approval', 'jax.change'),
  approval_id: ID,
  approver: ID,
  decision: oneOf('approve', 'reject'),
  expires_at: TIME,
  nonce: bytes(16),
  order_digest: bytes(32),
  policy_version: ID,
}

/** An envelope that was stored or exported: every field of it, no other, each in its one form. */
export function parseEnvelope(json: unknown): Result<Envelope, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return err('an envelope is an object')
  const unknown = Object.keys(json).find((key) => !Object.hasOwn(FIELDS, key))
  if (unknown !== undefined) return err(`an envelope has no field ${JSON.stringify(unknown.slice(0, 64))}`)
  const given = new Map<string, unknown>(Object.entries(json))
  const envelope: Record<string, unknown> = {}
  for (const [name, { is, fits }] of Object.entries(FIELDS)) {
    const value = given.get(name)
    if (!fits(value)) return err(`${name} of an envelope is ${is}`)
    envelope[name] = value
  }
  return ok(envelope as Envelope)
}
