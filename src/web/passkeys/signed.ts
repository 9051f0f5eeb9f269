import type { QueryClient } from '@tanstack/react-query'
import type { Change, Intent, PasskeyAsk } from '../../api/wire.ts'
import { call } from '../http.ts'
import { instrumentQuery, meQuery } from '../queries.ts'
import { hostFault, NotSigned, signWith } from './passkey.ts'
import { type Believed, canonicalChange, canonicalOrder, faultOf, hashOf } from './rebuild.ts'

/** A signature as the gateway takes it. */
export type Signed = { readonly envelope: PasskeyAsk['envelope']; readonly response: unknown }

/**
 * Has a passkey sign what is believed, and nothing else.
 *
 * @throws {NotSigned} when it did not, also when the gateway asks for something else than what is on the screen.
 */
async function sign(ask: PasskeyAsk, believed: Believed): Promise<Signed> {
  const fault = await faultOf(ask, believed)
  if (fault !== null) throw new NotSigned('This is not what you see', fault, { grave: true })
  return { envelope: ask.envelope, response: await signWith(ask.options) }
}

const reachable = (): void => {
  const fault = hostFault()
  if (fault !== null) throw fault
}

/** The yes to an order as it was shown. */
export async function signedOrder(client: QueryClient, shown: Intent): Promise<Signed> {
  reachable()
  const { intentID, digest, fingerprint, ticket, rev } = shown
  if (ticket === null || digest === null) throw new NotSigned('Nothing to sign', 'This order has no ticket yet.')
  const me = await client.fetchQuery(meQuery)
  const { assetClass } = await client.fetchQuery(instrumentQuery(ticket.terms.symbol))
  const rebuilt = await hashOf('jax-order-v1', canonicalOrder(shown, rev, assetClass))
  const ask = await call<PasskeyAsk>('POST', `/intents/${encodeURIComponent(intentID)}/approve/begin`, { digest })
  return sign(ask, { purpose: 'jax.approval', approvalID: intentID, shown: { digest, fingerprint }, rebuilt, me })
}

/** The yes to a change of the house as it was shown. */
export async function signedChange(client: QueryClient, shown: Change): Promise<Signed> {
  reachable()
  const { changeID, digest, fingerprint, proposer, what } = shown
  const me = await client.fetchQuery(meQuery)
  const rebuilt = await hashOf('jax-change-v1', canonicalChange(what, proposer))
  const ask = await call<PasskeyAsk>('POST', `/changes/${encodeURIComponent(changeID)}/approve/begin`, { digest })
  return sign(ask, { purpose: 'jax.change', approvalID: changeID, shown: { digest, fingerprint }, rebuilt, me })
}

/** An older passkey lets a new one in: what it signs names the challenge that the new one answered. */
export async function signedEnrolment(client: QueryClient, ask: PasskeyAsk, challenge: string): Promise<Signed> {
  const me = await client.fetchQuery(meQuery)
  const shown = { digest: challenge, fingerprint: null }
  return sign(ask, { purpose: 'jax.change', approvalID: `enrol:${me.id}`, shown, rebuilt: challenge, me })
}
