import { challengeOf, envelopeOf } from '../../src/approvals/envelope.ts'
import type { PasskeyAssertion } from '../../src/approvals/evidence.ts'
import type { Desk } from '../../src/desk/desk.ts'
import type { Instant } from '../../src/values/instant.ts'
import { plusMs } from '../../src/values/instant.ts'
import { sha256, sha256Base64url } from '../../src/values/hash.ts'
import { personActor } from '../scenarios/world.ts'
import { assertionOf, softAuthenticator } from '../soft-authenticator.ts'

// Passkeys of the people of a world, in software. Ed25519: the same ticket gets the same signature, run after run.

const RP_ID = 'localhost'
const ASK_MS = 120_000
const passkeyOf = (name: string) => softAuthenticator(name, { alg: -8 })
const sessionOf = (name: string): string => personActor(name).session ?? ''

/** @param nonce differs each time. */
export async function enrol(desk: Desk, name: string, nonce: string, now: Instant) {
  const { credentialID, publicKey: key } = passkeyOf(name)
  const challenge = sha256Base64url(`enrol ${name} ${nonce}`)
  const expiresAt = plusMs(now, ASK_MS)
  const session = sessionOf(name)
  await desk.ask({ challenge, personID: name, session, purpose: 'enrol', envelope: null, expiresAt })
  return desk.enrolPasskey({
    challenge,
    credentialID,
    key,
    rpID: RP_ID,
    name,
    device: 'single',
    backedUp: false,
    transports: ['internal'],
    counter: 0,
    actor: personActor(name),
  })
}

/** A yes to that ticket, signed. */
export async function signed(
  desk: Desk,
  name: string,
  ticket: { readonly intentID: string; readonly digest: string; readonly policyVersion: number },
  nonce: string,
  now: Instant,
): Promise<PasskeyAssertion> {
  const envelope = envelopeOf({
    purpose: 'jax.approval',
    approvalID: ticket.intentID,
    approver: name,
    decision: 'approve',
    expiresAt: plusMs(now, ASK_MS),
    nonce: sha256(`yes ${nonce}`).subarray(0, 16),
    digest: ticket.digest,
    policyVersion: String(ticket.policyVersion),
  })
  const challenge = challengeOf(envelope)
  const expiresAt = plusMs(now, ASK_MS)
  await desk.ask({ challenge, personID: name, session: sessionOf(name), purpose: 'decide', envelope, expiresAt })
  return assertionOf(envelope, passkeyOf(name).get({ rpID: RP_ID, origin: 'http://localhost:8600', challenge }))
}
