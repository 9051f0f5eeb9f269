import type { Entry, Row } from '../journal/row.ts'
import type { IntentState } from '../orders/intent.ts'
import type { Order } from '../orders/machine.ts'
import type { AccountID, ClOrdID, IntentID, OrderID } from '../values/brand.ts'
import type { Instant } from '../values/instant.ts'
import type { Errand, ErrandKind, Fill, Intent, Kind, Records } from './records.ts'

/** A page of a list, newest first. `next` continues after its last row (keyset, never an offset); null at the end. */
export type Page<T> = { readonly items: readonly T[]; readonly next: string | null }
export type PageAsk = { readonly limit: number; readonly after: string | null }

export type IntentFilter = {
  readonly states?: readonly IntentState[] | undefined
  readonly symbol?: string | undefined
  readonly strategyID?: string | undefined
}
export type OrderFilter = {
  readonly open?: boolean | undefined
  readonly symbol?: string | undefined
  readonly intentID?: string | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
}
export type FillFilter = {
  readonly symbol?: string | undefined
  readonly clOrdID?: string | undefined
  readonly intentID?: string | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
}

/** Size of the journal, hash of its last row, and RFC 6962 root over all rows. */
export type Head = { readonly size: number; readonly hash: string; readonly root: string }

export interface Reads {
  get<K extends Kind>(kind: K, key: string): Promise<Records[K] | null>
  /** Every record of a kind. For the small ones only: people, tokens, tasks, freezes, positions. */
  all<K extends Kind>(kind: K): Promise<readonly Records[K][]>

  /** Orders that are open, queued or in doubt, oldest first. */
  openOrders(account: AccountID): Promise<readonly Order[]>
  /** Entry and exits of one intent, oldest first. */
  ordersOf(intentID: IntentID): Promise<readonly Order[]>
  orderByOrderID(account: AccountID, orderID: OrderID): Promise<Order | null>
  /** Trades of one order, or of one symbol, in journal order; busted ones included. */
  fillsOf(
    what: { readonly clOrdID: ClOrdID } | { readonly account: AccountID; readonly symbol: string },
  ): Promise<readonly Fill[]>
  /** Intents that are still to be sized, decided or sent: Received, AwaitingApproval, and Approved without an order. Oldest first. */
  waitingIntents(): Promise<readonly Intent[]>
  /** Intents of a symbol received at or after `since`. */
  intentsSince(symbol: string, since: Instant): Promise<readonly Intent[]>

  intents(filter: IntentFilter, ask: PageAsk): Promise<Page<Intent>>
  orders(filter: OrderFilter, ask: PageAsk): Promise<Page<Order>>
  fills(filter: FillFilter, ask: PageAsk): Promise<Page<Fill>>

  head(): Promise<Head>
  /** Rows with `seq` from `from` on, at most `limit`, oldest first. */
  journal(from: number, limit: number): Promise<readonly Row[]>
  /** The whole story of one correlation id, oldest first. */
  journalOf(corr: string): Promise<readonly Row[]>
  /** When the next errand is due; null when there is none. */
  nextDue(): Promise<Instant | null>
}

/** Inside one transaction. Everything becomes durable together, or nothing does. */
export interface Tx extends Reads {
  /** Puts one change at the end of the hash chain. The clock, boot id and previous hash are the store's. */
  append(entry: Entry): Promise<Row>
  put<K extends Kind>(kind: K, record: Records[K]): Promise<void>
  remove(kind: Kind, key: string): Promise<void>
  /** Due errands that nobody holds, leased to `owner` until `until`, oldest first; of one kind when `only` names it. */
  claim(owner: string, now: Instant, until: Instant, limit: number, only?: ErrandKind): Promise<readonly Errand[]>
  /** Empties every view, for a rebuild from the journal. */
  clearViews(): Promise<void>
}

export interface Store extends Reads {
  /**
   * Runs one command. Resolves after the commit is durable; commands that wait together are committed together.
   * When `run` throws, its own changes are undone, its neighbours' stay, and the error comes out here.
   * @throws {Fault} STORE_FULL, STORE_READ_ONLY, STORE_BUSY, STORE_IO, STORE_DAMAGED, STORE_CLOSED when nothing could be
   *   made durable; STORE_NESTED when `run` asks the store and not its `tx`. After STORE_IO and STORE_DAMAGED nothing
   *   more is taken until the store is opened again.
   */
  transact<T>(run: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}
