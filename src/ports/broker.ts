import type { Passed } from '../gate/gate.ts'
import type { AssetClass, Instrument } from '../orders/instrument.ts'
import type { Report } from '../orders/report.ts'
import type { OrderRef, OrdType, Role, Terms, TimeInForce } from '../orders/terms.ts'
import type { AccountFact, MarketSession, Quote } from '../gate/facts.ts'
import type { AccountID, ClOrdID, OrderID } from '../values/brand.ts'
import type { Decimal } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

/** What a broker can do, as data: the gate reads it before a human is asked, so nobody approves what would be refused. */
export type Capabilities = {
  readonly assetClasses: readonly AssetClass[]
  readonly ordTypes: readonly OrdType[]
  readonly timeInForce: readonly TimeInForce[]
  /** Stop and target can travel with the entry. */
  readonly bracket: boolean
  /** A stop and a target can be placed as a pair of which one cancels the other. */
  readonly oneCancelsOther: boolean
  /** Sending the same ClOrdID again never makes a second order. */
  readonly idempotentSubmit: boolean
  readonly cancelAll: boolean
  /** The buying power it reports is already less by the orders it holds. Absent: they are taken off here as well. */
  readonly reservesOpenOrders?: boolean
  /** How long after a send the broker's own "no such order" proves that it never arrived. Null: never by look-up alone. */
  readonly absenceProvenAfterMs: number | null
}

/** What we know after trying to send. `in-doubt`: the broker may or may not hold the order. */
export type Sent =
  | { readonly outcome: 'accepted'; readonly orderID: OrderID; readonly legs: readonly Leg[] }
  | { readonly outcome: 'rejected'; readonly text: string }
  | { readonly outcome: 'in-doubt'; readonly cause: string }
/** An exit that the broker made for us and named itself. */
export type Leg = { readonly role: Extract<Role, 'Stop' | 'Target'>; readonly orderID: OrderID }

/** `accepted` means the request was taken, not that the order is gone: only a report says that. */
export type CancelSent =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'rejected'; readonly text: string }
  | { readonly outcome: 'in-doubt'; readonly cause: string }

/** An order as the broker holds it now, with everything it has reported about it. */
export type BrokerOrder = {
  readonly orderID: OrderID
  /** Null for orders the broker named itself, and for those made by other hands. */
  readonly clOrdID: ClOrdID | null
  /** Set on legs: the entry they belong to. */
  readonly parentOrderID: OrderID | null
  readonly role: Role | null
  readonly terms: Terms
  readonly open: boolean
  readonly cumQty: Decimal
  readonly legs: readonly Leg[]
}
export type Found =
  | { readonly found: true; readonly order: BrokerOrder; readonly reports: readonly Report[] }
  | { readonly found: false }

export type BrokerPosition = { readonly symbol: string; readonly netQty: Decimal; readonly avgPx: Decimal | null }

/** A read that failed. Reads may be repeated; `transient` says whether that can help. */
export class ReadFailed extends Error {
  readonly transient: boolean
  constructor(message: string, transient: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ReadFailed'
    this.transient = transient
  }
}

/**
 * One account at one broker. Writes are attempted once and never retried here: only the caller knows whether a second
 * try is safe. Reads throw `ReadFailed`.
 */
export interface Broker {
  readonly account: AccountID
  readonly environment: 'paper' | 'live'
  readonly capabilities: Capabilities

  /**
   * Sends one new order, once. Gives up within 30 s: a send that hangs longer than its lease counts as lost.
   * @param clOrdID at most 48 characters; never used before on this account.
   * @returns `rejected` only on the broker's explicit word; a timeout, a dropped socket or HTTP 5xx is `in-doubt`.
   */
  submit(clOrdID: ClOrdID, order: Passed): Promise<Sent>
  /**
   * Sends a stop and a target of which one cancels the other, once, both or neither.
   * Only where `capabilities.oneCancelsOther`; elsewhere a stop is sent alone through `submit`.
   */
  submitPair(stop: { clOrdID: ClOrdID; order: Passed }, target: { clOrdID: ClOrdID; order: Passed }): Promise<Sent>
  cancel(ref: OrderRef): Promise<CancelSent>
  /** Cancels every open order of the account, ours or not. Only where `capabilities.cancelAll`. */
  cancelAll(): Promise<CancelSent>

  /** The order by our name for it, open or closed, with every report about it and its legs so far. */
  find(clOrdID: ClOrdID): Promise<Found>
  openOrders(): Promise<readonly BrokerOrder[]>
  /** Every report from `since` on, oldest first; some may repeat. */
  reportsSince(since: Instant): Promise<readonly Report[]>
  positions(): Promise<readonly BrokerPosition[]>
  accountFact(): Promise<AccountFact>

  /** Null for a symbol the broker does not know. */
  instrument(symbol: string): Promise<Instrument | null>
  quote(symbol: string): Promise<Quote | null>
  session(symbol: string): Promise<MarketSession>
  /** Units of account currency for one unit of `currency`; null when the broker quotes no such pair. */
  conversion(currency: string): Promise<{ readonly rate: Decimal; readonly at: Instant } | null>

  /** Pushes reports as they come. A hint: polling finds the same ones. */
  onReport(listener: (report: Report) => void): () => void
  close(): Promise<void>
}
