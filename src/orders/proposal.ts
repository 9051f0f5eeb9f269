import type { IntentID } from '../values/brand.ts'
import type { Decimal, Px, Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import type { OrdType, Side, TimeInForce } from './terms.ts'

/**
 * What somebody asked for, as the edge understood it: a signal (no quantity, the gateway sizes it) or an explicit order
 * (its quantity must match the computed size). Nothing here is trusted; the gate decides.
 */
export type Proposal = {
  readonly intentID: IntentID
  readonly form: 'Signal' | 'Order'
  readonly symbol: string
  /** `Hold` is an answer of the assistant, not an order: recorded and refused. */
  readonly side: Side | 'Hold'
  /** Where to get in: the limit price, or what a market order is sized by. */
  readonly entryPx: Px
  /** Where the idea is wrong. */
  readonly stopPx: Px
  /** Where it has paid; null when the proposer names none. */
  readonly targetPx: Px | null
  /** Only on an explicit order. */
  readonly orderQty: Qty | null
  readonly ordType: Extract<OrdType, 'Limit' | 'Market'>
  readonly timeInForce: TimeInForce
  /** Average true range of the symbol, in its currency, as the proposer computed it; absent when it named none. */
  readonly rangePx?: Px
  readonly strategyID: string
  /** 0..1, as the assistant sees itself; shown, never trusted. */
  readonly confidence: Decimal | null
  /** Untrusted text: shown as text, everywhere. */
  readonly reasoning: string
  readonly generatedAt: Instant
  readonly expiresAt: Instant
  /** The model that had the idea, in its own words; absent where none is named. */
  readonly model?: { readonly name: string; readonly version: string }
  /** The run of the prompt, or whatever else the idea was computed from. */
  readonly artifactID: string | null
  readonly artifactHash: string | null
}
