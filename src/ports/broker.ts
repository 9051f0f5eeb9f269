import type { Passed } from '../gate/gate.ts'
import type { AssetClass, Instrument } from '../orders/instrument.ts'
import type { Report } from '../orders/report.ts'
import type { Outgoing } from '../orders/outgoing.ts'
import type { OrderRef, OrdType, Role, Terms, TimeInForce } from '../orders/terms.ts'
import type { DailyBars } from '../gate/days.ts'
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
  /**
   * The exits of a bracket begin to work only when the entry has filled completely: until then what it has filled is
   * bare, and an entry canceled half-way takes its exits along. Absent: they follow each fill.
   */
  readonly legsWaitForWholeFill?: boolean
  /** The exits of a bracket are good for as long as its entry: for the day, when that is. Absent: until canceled. */
  readonly legsLastAsEntry?: boolean
  /** A stop and a target can be placed as a pair of which one cancels the other. */
  readonly oneCancelsOther: boolean
  /** Sending the same ClOrdID again never makes a second order. */
  readonly idempotentSubmit: boolean
  readonly cancelAll: boolean
  /** The buying power it reports is already less by the orders it holds. Absent: they are taken off here as well. */
  readonly reservesOpenOrders?: boolean
  /**
   * `fifo`: the oldest trade of a symbol is offset first, nothing is held on both sides, and a stop belongs to one trade
   * alone, so that no two may have the same size (US foreign exchange, NFA 2-43). What such a broker cancels by this rule
   * (OANDA: FIFO_VIOLATION) is a no for good, and never repeated. Absent: one net position.
   */
  readonly offsetting?: 'net' | 'fifo'
  /** How long after a send the broker's own "no such order" proves that it never arrived. Null: never by look-up alone. */
  readonly absenceProvenAfterMs: number | null
  /**
   * How long a send stays unanswered before it is offered again under the same name, while its approval stands. Only
   * where `idempotentSubmit`: then the repeat can do no harm, and its answer is an answer. Absent: never.
   */
  readonly offerAgainAfterMs?: number
  /** How long an order that was acknowledged may be missing from a look-up before that means anything. Absent: not at all. */
  readonly listedWithinMs?: number
  /** An open order can be given another price or size. Absent: it is canceled and a new one asked for. */
  readonly replace?: boolean
  /** A position can be closed by its symbol, and all of them at once. */
  readonly closePositions?: boolean
  /** What is otherwise for one class of assets. */
  readonly perClass?: Readonly<Partial<Record<AssetClass, Narrower>>>
  /** How often the broker may be asked. Absent: as often as we like. */
  readonly pace?: Pace
}

/** How the orders of one class of assets differ from those of the rest. */
export type Narrower = {
  readonly ordTypes?: readonly OrdType[]
  readonly timeInForce?: readonly TimeInForce[]
  readonly bracket?: boolean
  readonly oneCancelsOther?: boolean
}

/** What holds for orders of `assetClass`. */
export const capabilitiesFor = (all: Capabilities, assetClass: AssetClass | null): Capabilities =>
  assetClass === null ? all : { ...all, ...all.perClass?.[assetClass] }

/** Pauses between reads that nobody asked for. They keep the broker's rate limit free for orders. */
export type Pace = {
  /** Between two readings of the quotes of the symbols that somebody waits for, holds or has orders in. */
  readonly quotesMs: number
  /** Between two readings of account and positions. */
  readonly accountMs: number
  /** Between two questions about one open order while the stream is up. */
  readonly pollMs: number
}

/** What we know after trying to send. `in-doubt`: the broker may or may not hold the order. */
export type Sent =
  | { readonly outcome: 'accepted'; readonly orderID: OrderID; readonly legs: readonly Leg[] }
  | { readonly outcome: 'rejected'; readonly text: string }
  | InDoubt
/** An exit that the broker made for us and named itself. */
export type Leg = { readonly role: Extract<Role, 'Stop' | 'Target'>; readonly orderID: OrderID }

export type InDoubt = { readonly outcome: 'in-doubt'; readonly cause: string }

/**
 * Asked in the instant before the first byte leaves: an adapter may have to wait for its turn, and a halt may come
 * meanwhile. False: nothing is sent, and whatever is answered then means that.
 *
 * @param outgoing what the request says of each order in it, read back from the bytes where there are bytes: another order
 * than the one that was approved never leaves. An adapter that does not ask has nothing it sends believed.
 */
export type MayGo = (outgoing: readonly Outgoing[]) => Promise<boolean>

/** `accepted` means the request was taken, not that the order is gone: only a report says that. */
export type CancelSent =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'rejected'; readonly text: string }
  | InDoubt

/** An order as the broker holds it now, with everything it has reported about it. */
export type BrokerOrder = {
  readonly orderID: OrderID
  /** Null for orders the broker named itself, and for those made by other hands. */
  readonly clOrdID: ClOrdID | null
  /** Set on legs: the entry they belong to. */
  readonly parentOrderID: OrderID | null
  readonly role: Role | null
  /** The order in whose place it is, and the one in its own. Absent or null: none, or the broker does not tell. */
  readonly replaces?: OrderID | null
  readonly replacedBy?: OrderID | null
  /** `orderQty` is what this order may fill, without what those before it have filled. */
  readonly terms: Terms
  readonly open: boolean
  readonly cumQty: Decimal
  readonly legs: readonly Leg[]
}
/** What comes over the stream that is no report. */
export type Notice =
  /** The stream is up: whatever came while it was not is unheard. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly text: string }
  /** Something the adapter has no word for, kept as it came: a person looks. `subject` is the order, or the account. */
  | { readonly kind: 'odd'; readonly subject: string; readonly text: string }

/** `aheadMs` is below zero when ours is behind; it may be wrong by `withinMs`, half of what the question took. */
export type ClockAhead = { readonly aheadMs: number; readonly withinMs: number }

/** How one position of many was closed. */
export type Closed = { readonly symbol: string; readonly sent: Sent }

/** Who the broker says we are: recorded at the first start, compared at every later one. */
export type Identity = {
  /** The broker's own id of the account. */
  readonly accountID: string
  /** What people know the account by; shown, never compared. */
  readonly name: string
}

export type Found =
  | { readonly found: true; readonly order: BrokerOrder; readonly reports: readonly Report[] }
  | { readonly found: false }

export type BrokerPosition = { readonly symbol: string; readonly netQty: Decimal; readonly avgPx: Decimal | null }

/** A read that failed. Reads may be repeated; `transient` says whether that can help. */
export class ReadFailed extends Error {
  readonly transient: boolean
  /** False when the broker was not asked at all, to spare its rate limit: this says nothing about the broker. */
  readonly asked: boolean = true
  constructor(message: string, transient: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ReadFailed'
    this.transient = transient
  }
}

/** A read that was not made: our own budget of requests is used up. Repeating it at once would only add to the crowd. */
export class NotAsked extends ReadFailed {
  override readonly asked = false
  constructor(message: string) {
    super(message, false)
    this.name = 'NotAsked'
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
   * @param order its bracket is sent along where `capabilities.bracket` holds for its class of assets, and left out
   *   elsewhere: the gateway places the stop itself when the entry fills.
   * @returns `rejected` only on the broker's explicit word; a timeout, a dropped socket or HTTP 5xx is `in-doubt`.
   */
  submit(clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent>
  /**
   * Sends a stop and a target of which one cancels the other, once, both or neither.
   * Only where `capabilities.oneCancelsOther`; elsewhere a stop is sent alone through `submit`.
   */
  submitPair(
    stop: { clOrdID: ClOrdID; order: Passed },
    target: { clOrdID: ClOrdID; order: Passed },
    mayGo?: MayGo,
  ): Promise<Sent>
  cancel(ref: OrderRef): Promise<CancelSent>
  /**
   * Asks the broker to put another order in the place of an open one, once. `accepted` means that the request was
   * taken: the old order may still fill first, and then the new one is rejected by a report. Only where
   * `capabilities.replace`.
   * @param clOrdID names the new order, as in `submit`.
   * @param order `orderQty` is what the new order and all those before it may fill together, what they have filled
   *   included, as FIX has it.
   */
  replace(ref: OrderRef, clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent>
  /**
   * Closes whatever is held of `symbol` at the market, once, by the broker's own order that cannot turn the position.
   * In doubt, it must not be asked again before the position has been read. Only where `capabilities.closePositions`.
   */
  closePosition(symbol: string): Promise<Sent>
  /**
   * Cancels every order and closes every position, once; one line per position. Only where `capabilities.closePositions`.
   * @returns `in-doubt` when the answer is lost: nothing is known of any of them.
   */
  closeAll(): Promise<{ readonly outcome: 'answered'; readonly positions: readonly Closed[] } | InDoubt>
  /** Cancels every open order of the account, ours or not. Only where `capabilities.cancelAll`. */
  cancelAll(): Promise<CancelSent>
  /**
   * Turns on the broker's own switch against every new order of the account, or turns it off again, once. It knows no
   * exits: while it is on, no stop can be placed either. `AccountFact.status` tells that it is on. Absent: no such switch.
   */
  lock?(on: boolean): Promise<CancelSent>

  /** The order by our name for it, open or closed, with every report about it and its legs so far. */
  find(clOrdID: ClOrdID): Promise<Found>
  /** The same by the broker's own name: for orders that other hands made. */
  findByOrderID(orderID: OrderID): Promise<Found>
  /**
   * @param expected orders that should be among them; lists of brokers have gaps, so those not listed are asked for one
   *   by one, with their legs.
   */
  openOrders(expected?: readonly OrderRef[]): Promise<readonly BrokerOrder[]>
  /** Every report from `since` on, oldest first; some may repeat. */
  reportsSince(since: Instant): Promise<readonly Report[]>
  positions(): Promise<readonly BrokerPosition[]>
  accountFact(): Promise<AccountFact>
  identity(): Promise<Identity>

  /** Null for a symbol the broker does not know. */
  instrument(symbol: string): Promise<Instrument | null>
  quote(symbol: string): Promise<Quote | null>
  session(symbol: string): Promise<MarketSession>
  /**
   * How the last days of a symbol were. Null for a class of assets that nobody counts as a whole, such as currencies,
   * and for a symbol that the broker does not know. Absent: the broker tells of no days.
   */
  dailyBars?(symbol: string): Promise<DailyBars | null>
  /** How far our clock is ahead of the broker's, by a question of now. Absent: the broker does not tell its time. */
  clockAhead?(): Promise<ClockAhead>
  /** Units of account currency for one unit of `currency`; null when the broker quotes no such pair. */
  conversion(currency: string): Promise<{ readonly rate: Decimal; readonly at: Instant } | null>

  /** Pushes reports as they come. A hint: polling finds the same ones. */
  onReport(listener: (report: Report) => void): () => void
  onNotice(listener: (notice: Notice) => void): () => void
  close(): Promise<void>
}
