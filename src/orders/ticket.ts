import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import type { Amt, Px } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import type { AssetClass } from './instrument.ts'
import type { Terms } from './terms.ts'

/** Everything about one order that changes money or risk: what the human sees is this, and what is sent is this. */
export type Ticket = {
  readonly intentID: IntentID
  /** Counts the tickets of one intent. A new one voids every vote on the one before. */
  readonly rev: number
  readonly account: AccountID
  readonly environment: 'paper' | 'live'
  readonly broker: string
  readonly assetClass: AssetClass
  /** The open order in whose place it is to be. Its size then counts what that one, and those before it, have filled. */
  readonly replaces?: ClOrdID
  readonly terms: Terms
  /** The most the order may cost, in account currency. */
  readonly maxNotional: Amt
  readonly currency: string
  /** Mid price when the ticket was made, and its time: drift is measured from here. */
  readonly refPx: Px
  readonly refAt: Instant
  readonly maxDriftBps: number
}

/** Who said yes to a ticket that replaces an open order, and until when that may be sent. */
export type Consent = {
  readonly ticket: Ticket
  /** SHA-256 over the ticket, base64url. */
  readonly digest: string
  readonly by: string
  readonly sendBy: Instant
}
