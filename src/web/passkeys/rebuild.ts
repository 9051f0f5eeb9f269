import canonicalize from 'canonicalize'
import type { Change, Instrument, Intent, Me, PasskeyAsk, Strategy } from '../../api/wire.ts'

// What a passkey is about to sign, made again here from what is on the screen. On purpose a second writing of the
// gateway's rules: a gateway, or something between it and this page, that shows one order and has another signed is noticed.

/** The order as it is hashed, from the fields that the page shows; null while there is no ticket. */
export function canonicalOrder(
  { intentID, account, ticket }: Pick<Intent, 'intentID' | 'account' | 'ticket'>,
  rev: number,
  assetClass: Instrument['assetClass'],
): Readonly<Record<string, unknown>> | null {
  if (ticket === null) return null
  const { terms } = ticket
  const { bracket } = terms
  return {
    v: 1,
    order_id: intentID,
    rev,
    account,
    env: ticket.environment,
    broker: ticket.broker,
    asset_class: assetClass,
    symbol: terms.symbol,
    side: terms.side.toLowerCase(),
    qty: terms.orderQty,
    type: terms.ordType.toLowerCase(),
    tif: terms.timeInForce.toLowerCase(),
    reduce_only: terms.reduceOnly,
    ...(terms.price === null ? {} : { limit_price: terms.price }),
    ...(terms.stopPx === null ? {} : { stop_price: terms.stopPx }),
    ...(bracket === null
      ? {}
      : {
          bracket: {
            stop_price: bracket.stopPx,
            target_price: bracket.targetPx,
            ...(bracket.stopLimitPx === undefined ? {} : { stop_limit_price: bracket.stopLimitPx }),
          },
        }),
    max_notional: ticket.maxNotional,
    currency: ticket.currency,
    ref_price: ticket.refPx,
    ref_ts: ticket.refAt,
    max_drift_bps: ticket.maxDriftBps,
  }
}

/** A change of the house as it is hashed: without the names that the page shows beside the ids. */
export function canonicalChange(what: Change['what'], proposer: string): unknown {
  if (what.kind === 'approval policy') return { what, proposer }
  // What is hashed is both sets as a whole; the lines between them are for the eye.
  if (what.kind === 'risk limits') {
    const { kind, before, after } = what
    return { what: { kind, before, after }, proposer }
  }
  if (what.kind === 'stage' || what.kind === 'waiver' || what.kind === 'release') return { what, proposer }
  if (what.kind === 'strategy') {
    const { kind, strategyID, before, after } = what
    return { what: { kind, strategyID, before: before && withoutWords(before), after: withoutWords(after) }, proposer }
  }
  const { name: _, ...hashed } = what
  return { what: hashed, proposer }
}

const withoutWords = ({ sizedBy: _sizedBy, ...hashed }: Strategy): unknown => hashed

/** What a text is hashed under, so that the hash of one kind is never that of another. */
type Kind = 'jax-order-v1' | 'jax-change-v1' | 'jax-approval-v1'

/** SHA-256 over the canonical JSON (RFC 8785), base64url without padding. */
export async function hashOf(kind: Kind, value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(`${kind}\n${canonicalize(value) ?? ''}`)
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

/** The first 8 hex digits, `d02c-ec62`; not a digest: itself, so that it equals nothing. */
export function fingerprintOf(digest: string): string {
  try {
    const bytes = atob(digest.replaceAll('-', '+').replaceAll('_', '/')).slice(0, 4)
    const hex = [...bytes].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 4)}-${hex.slice(4)}`
  } catch {
    return digest
  }
}

/** What this page believes is to be signed. */
export type Believed = {
  readonly purpose: 'jax.approval' | 'jax.change'
  readonly approvalID: string
  /** As it was shown, and as it was made again from what was shown. */
  readonly shown: { readonly digest: string; readonly fingerprint: string | null }
  readonly rebuilt: string
  readonly me: Pick<Me, 'id'>
}

const DO = 'Nothing was signed. Reload the page; if it stays so, decide nothing here and tell whoever runs the gateway.'

/** Why the passkey must not be asked, as a sentence for people; null when it would sign exactly what is on the screen. */
export async function faultOf(ask: PasskeyAsk, believed: Believed): Promise<string | null> {
  const { envelope, options } = ask
  const { shown, rebuilt } = believed
  if (rebuilt !== shown.digest || (shown.fingerprint !== null && fingerprintOf(rebuilt) !== shown.fingerprint))
    return `What this page shows has the fingerprint ${fingerprintOf(rebuilt)}, and the gateway calls it ${shown.fingerprint ?? fingerprintOf(shown.digest)}: it is not the same. ${DO}`
  if (envelope === null) return `The gateway did not say what is to be signed. ${DO}`
  const { expires_at, nonce, policy_version, order_digest } = envelope
  if (order_digest !== rebuilt)
    return `The gateway asks for a signature of something with the fingerprint ${fingerprintOf(String(order_digest))}, and this page shows ${fingerprintOf(rebuilt)}. ${DO}`
  const expected = {
    v: 1,
    purpose: believed.purpose,
    approval_id: believed.approvalID,
    approver: believed.me.id,
    decision: 'approve',
    expires_at,
    nonce,
    order_digest: rebuilt,
    policy_version,
  }
  const same = canonicalize(expected) === canonicalize(envelope)
  if (!same || options['challenge'] !== (await hashOf('jax-approval-v1', expected)))
    return `The gateway asks for a signature of another decision than this one. ${DO}`
  return null
}
