import type { DenialCode } from '../../src/desk/desk.ts'
import type { Limits } from '../../src/gate/limits.ts'
import type { Policy } from '../../src/gate/policy.ts'
import type { Row } from '../../src/journal/row.ts'
import type { HaltLevel } from '../../src/orders/halt.ts'
import type { Terms } from '../../src/orders/terms.ts'
import type { Store } from '../../src/ports/store.ts'
import type { ClOrdID, OrderID } from '../../src/values/brand.ts'
import type { Px, Qty } from '../../src/values/decimal.ts'
import type { Instant } from '../../src/values/instant.ts'
import type { ScriptedBroker } from '../scenarios/broker.ts'

/** What an oracle may look at: the broker's own account, and what is durable. */
export type Scene = {
  /** The broker itself, not what it told us: every order it ever booked, what is open, what is held. */
  readonly venue: ScriptedBroker
  readonly policy: Policy
  /** The risk limits that the account begins with; null or absent: it has none. */
  readonly limits?: Limits | null
  /** What is durable now. Null while the house is closed. */
  readonly store: Store | null
  /** The whole journal as of the last commit, oldest first. */
  readonly rows: readonly Row[]
  /** Every checkpoint that was ever signed and anchored, oldest first. */
  readonly notes: readonly string[]
  readonly verifierKeys: readonly string[]
  /** Lines that the gateway logged: `error: …`, `warn: …`. */
  readonly logs: readonly string[]
  /** Whether the HALT file lies in the data directory now. */
  readonly haltFile: 'absent' | 'present'
  /**
   * What people and agents asked for, as they saw it, noted before the desk hears of it: the desk's own word for what
   * somebody said proves nothing. Absent: nobody notes it, and that is not looked at.
   */
  readonly said?: readonly Said[]
  /** The time by the clock of the house, which may be wrong; and the true one, which the broker has. */
  wall(): Instant
  truly(): Instant
}

/** What can be asked of the desk. */
export type Wanted =
  /** `using` is what it was said with; absent: a click in a page. */
  | {
      readonly what: 'approve'
      readonly intentID: string
      readonly digest: string
      readonly using?: 'channel' | 'passkey'
    }
  | { readonly what: 'propose' | 'decline' | 'withdraw' | 'reprice'; readonly intentID: string }
  | { readonly what: 'cancel'; readonly clOrdID: string }
  /** Null is as it is; `orderQty` counts what is filled. */
  | { readonly what: 'replace'; readonly clOrdID: string; readonly orderQty: Qty | null; readonly price: Px | null }
  | { readonly what: 'halt'; readonly scope: string; readonly level?: HaltLevel | undefined }
  | { readonly what: 'release'; readonly scope: string }
  | { readonly what: 'take-in'; readonly symbol: string }
  | { readonly what: 'close'; readonly taskID: string }
  /** A change of the house: `of` is what it is, canonical. */
  | { readonly what: 'govern'; readonly of: string }
  | { readonly what: 'agree'; readonly changeID: string; readonly digest: string }
  /** `bounds` is all that is armed, canonical. */
  | { readonly what: 'arm'; readonly strategyID: string; readonly bounds: string }
  | { readonly what: 'disarm'; readonly armingID: string }
  /** A chat user becomes that of whoever asks, or is so no more. */
  | { readonly what: 'link' | 'unlink'; readonly linkID: string }
/** `by` is the id of a person or an agent. */
export type Asked = Wanted & { readonly by: string }

/** `from` and `to` are how many rows were durable when it was first asked, and when the answer came. */
export type Said = Asked & {
  readonly from: number
  /** Null: none has come yet, or ever. After several `tries` it is the answer to the last. */
  answer: { readonly is: 'ok' | DenialCode; readonly to: number; readonly tries: number } | null
}

/** A request on its way to the broker, in the instant before its first byte leaves. */
export type Write =
  | { readonly kind: 'submit'; readonly clOrdID: ClOrdID; readonly terms: Terms }
  | { readonly kind: 'replace'; readonly clOrdID: ClOrdID; readonly terms: Terms; readonly old: ClOrdID }
  | { readonly kind: 'cancel'; readonly clOrdID: ClOrdID; readonly orderID: OrderID | null }

/** A promise of G1–G12, or liveness, that was broken. `oracle` is its name, the same each time; `text` says what was seen. */
export class Violation extends Error {
  readonly oracle: string
  constructor(oracle: string, text: string) {
    super(`${oracle}: ${text}`)
    this.name = 'Violation'
    this.oracle = oracle
  }
}

/** The oracles of one world. Each method throws a `Violation` when a promise is broken. */
export interface Oracles {
  /** The gateway has made these rows durable. */
  committed(rows: readonly Row[]): void
  beforeWrite(write: Write): void
  /** Something changed at the broker. */
  booked(): void
  /** The reply to a send has reached the gateway, or the gateway has given it up. Never called: that is not looked at. */
  answered(clOrdID: ClOrdID, outcome: 'accepted' | 'rejected' | 'in-doubt'): void
  /** A caller (person, agent, worker) was told that what it asked is done: everything up to this row must never be lost. */
  acknowledged(head: { readonly size: number; readonly hash: string }): void
  /** The house opened again over what the last life left behind. */
  reopened(): Promise<void>
  /** The faults are over and everything had time to settle. */
  atEnd(): Promise<void>
}

export type Outcome = {
  /** Null: every promise held. */
  readonly failure: { readonly oracle: string; readonly text: string; readonly atMs: number } | null
  readonly events: number
  /** Simulated time, in milliseconds. */
  readonly spanMs: number
  /** How often each kind of fault was really injected. */
  readonly faults: Readonly<Record<string, number>>
  /** `intent Received +Ticketed`, `delivery Sending +Unclear`, `order New +Fill` … → by which fault, or `ordinary` → times. */
  readonly transitions: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly orders: number
  readonly fills: number
  readonly crashes: number
  /** What happened, a line each; empty unless asked for. */
  readonly trace: readonly string[]
}
