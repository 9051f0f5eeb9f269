import type { ClOrdID, IntentID, OrderID } from '../values/brand.ts'
import type { Px, Qty } from '../values/decimal.ts'

export type Side = 'Buy' | 'Sell'
export type OrdType = 'Market' | 'Limit' | 'Stop' | 'StopLimit'
export type TimeInForce = 'Day' | 'GTC' | 'IOC' | 'FOK'

export const opposite = (side: Side): Side => (side === 'Buy' ? 'Sell' : 'Buy')

/** The exits that travel with an entry: the broker holds them until it fills, then one cancels the other. */
export type Bracket = {
  readonly stopPx: Px
  readonly targetPx: Px | null
  /** Set where the broker takes no plain stop: the worst price that the stop accepts once it is reached. */
  readonly stopLimitPx?: Px
}

/** What one order asks of the broker; nothing that only we care about. */
export type Terms = {
  readonly symbol: string
  readonly side: Side
  readonly ordType: OrdType
  readonly timeInForce: TimeInForce
  readonly orderQty: Qty
  /** Limit price; null for Market and Stop. */
  readonly price: Px | null
  /** Trigger price; null for Market and Limit. */
  readonly stopPx: Px | null
  readonly bracket: Bracket | null
  /** True for orders that may only shrink a position: never blocked by limits, approvals or a halt. */
  readonly reduceOnly: boolean
}

/**
 * Why the order exists. `Entry` opens a position and needs a human; `Stop` and `Target` protect one; `Exit` closes one in
 * a liquidation; `External` was made by other hands in the same account.
 */
export type Role = 'Entry' | 'Stop' | 'Target' | 'Exit' | 'External'

/** How to point at an order at the broker: by our name, by theirs, or both. */
export type OrderRef = { readonly clOrdID: ClOrdID; readonly orderID: OrderID | null }

export type Ownership = { readonly intentID: IntentID; readonly role: Role; readonly parent: ClOrdID | null }
