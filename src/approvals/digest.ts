import type { Ticket } from '../orders/ticket.ts'
import { text } from '../values/decimal.ts'
import { sha256Base64url } from '../values/hash.ts'
import { rfc3339 } from '../values/instant.ts'
import { canonical, type Json } from '../values/json.ts'

/**
 * The order as a human approves it: everything that changes money or risk, under names that no broker owns.
 * What is not in here could be changed after the approval, so a new field of `Terms` belongs here too (a test compares them).
 */
export function canonicalOrder(ticket: Ticket): { readonly [key: string]: Json } {
  const { terms } = ticket
  return {
    v: 1,
    order_id: ticket.intentID,
    ...(ticket.replaces && { replaces: ticket.replaces }),
    rev: ticket.rev,
    account: ticket.account,
    env: ticket.environment,
    broker: ticket.broker,
    asset_class: ticket.assetClass,
    symbol: terms.symbol,
    side: terms.side.toLowerCase(),
    qty: text(terms.orderQty),
    type: terms.ordType.toLowerCase(),
    tif: terms.timeInForce.toLowerCase(),
    reduce_only: terms.reduceOnly,
    ...(terms.price && { limit_price: text(terms.price) }),
    ...(terms.stopPx && { stop_price: text(terms.stopPx) }),
    ...(terms.bracket && {
      bracket: {
        stop_price: text(terms.bracket.stopPx),
        target_price: terms.bracket.targetPx && text(terms.bracket.targetPx),
        ...(terms.bracket.stopLimitPx && { stop_limit_price: text(terms.bracket.stopLimitPx) }),
      },
    }),
    max_notional: text(ticket.maxNotional),
    currency: ticket.currency,
    ref_price: text(ticket.refPx),
    ref_ts: rfc3339(ticket.refAt),
    max_drift_bps: ticket.maxDriftBps,
  }
}

/** SHA-256 over the canonical order, base64url: an approval names it, and the send recomputes it. */
export const digestOf = (ticket: Ticket): string => orderDigest(canonicalOrder(ticket))
export const orderDigest = (order: { readonly [key: string]: Json }): string =>
  sha256Base64url(`jax-order-v1\n${canonical(order)}`)

/** The first 8 hex digits, `d02c-ec62`: short enough to compare by eye across screens. */
export function fingerprint(digest: string): string {
  const hex = Buffer.from(digest, 'base64url').toString('hex').slice(0, 8)
  return `${hex.slice(0, 4)}-${hex.slice(4)}`
}
