import type { Instrument } from '../orders/instrument.ts'
import type { Order } from '../orders/machine.ts'
import type { Stage } from '../orders/stage.ts'
import type { AccountID } from '../values/brand.ts'
import type { Amt, Decimal, Px } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import type { HaltState } from '../orders/halt.ts'
import type { DaysFact } from './days.ts'
import type { SizingModel } from './model.ts'

export type Quote = {
  readonly symbol: string
  readonly bid: Px
  readonly ask: Px
  readonly last: Px
  readonly at: Instant
}

/** `Extended`: before and after the regular hours of an exchange, and at night. */
export const SESSIONS = ['Regular', 'Extended'] as const
export type SessionKind = (typeof SESSIONS)[number]

export type MarketSession = {
  readonly open: boolean
  /** Absent: the regular one. */
  readonly kind?: SessionKind
  readonly nextOpenAt: Instant | null
  readonly at: Instant
  /** The market is open, and this symbol does not trade: a halt, or a pause at its limit. Absent: not told, or it does. */
  readonly halted?: boolean
}

/**
 * Which rule of margin within the day holds an account: that of 2026 (FINRA 4210 by SR-FINRA-2025-017), or that of before,
 * with its counter of day trades, which a firm may keep until 2027-10-20. It decides nothing here: what may be bought is
 * the buying power that the broker reports, under either.
 */
export const MARGIN_REGIMES = ['intraday', 'legacy_pdt', 'unknown'] as const
export type MarginRegime = (typeof MARGIN_REGIMES)[number]

export type AccountFact = {
  readonly account: AccountID
  readonly currency: string
  readonly status: 'Active' | 'Restricted' | 'Blocked'
  readonly equity: Amt
  readonly cash: Amt
  /** What new orders may cost, before anything of ours that the broker has not seen yet. */
  readonly buyingPower: Amt
  readonly shortingAllowed: boolean
  /** Of an account without margin: what has settled, and may be spent at once. Absent: the account has margin. */
  readonly settledCash?: Amt
  /** Intraday margin deficits that are not met yet, where the broker tells. Absent: not told. */
  readonly intradayDeficits?: number
  /** Absent: the broker tells nothing that it follows from. */
  readonly marginRegime?: MarginRegime
  readonly at: Instant
}

/** What is known about one symbol, as the worker last read it. Null is "not known", and closes the gate. */
export type MarketFacts = {
  readonly symbol: string
  readonly instrument: Instrument | null
  readonly quote: Quote | null
  readonly session: MarketSession | null
  /** Account currency per unit of the instrument's currency. */
  readonly conversion: { readonly rate: Decimal; readonly at: Instant } | null
  /** When trading in it went on after a halt, or after a stretch without quotes while its market was open. */
  readonly resumedAt?: Instant
  /** How its last days were. Absent: not known, and then a limit that needs it refuses. */
  readonly days?: DaysFact
  readonly at: Instant
}

/** What is known about the account, positions included. */
export type AccountFacts = {
  readonly account: AccountFact
  readonly positions: readonly { readonly symbol: string; readonly netQty: Decimal }[]
  readonly at: Instant
}

export type Freeze = {
  readonly symbol: string
  readonly reason: string
  readonly since: Instant
  /** What else was found while it was frozen; each is a person's to look at. */
  readonly also?: readonly string[]
}

/**
 * One trading day so far, and what else only a look at more than this order can tell. Amounts are in account currency.
 * A part that is null is "not known", and closes the gate where a limit needs it.
 */
export type DayFacts = {
  /** In the time zone of the account's market, such as "2026-11-24": when it turns, the counts begin anew. */
  readonly day: string
  /** Orders, cancels and replacements sent to the broker within the last 60 s. Exits count, although nothing holds them up. */
  readonly messagesLastMinute: number
  readonly messagesToday: number
  /** What the entries sent today have cost or may still cost. Of the intent in question only what is filled. */
  readonly turnover: Amt
  /** Entries sent today for this strategy in this symbol and side. Those of the intent in question do not count. */
  readonly repeats: number
  /** Equity when the day began: what every share of equity is a share of, so that no limit moves with the market. */
  readonly openingEquity: Amt | null
  /** The highest equity so far, less what was paid out and more what was paid in since. */
  readonly highEquity: Amt | null
  /** Paid in less paid out since the opening: not profit, and not loss. */
  readonly deposits: Amt
  /**
   * The positions of `Facts.account`, all symbols: what the long ones and the short ones are worth, neither negative.
   * Open entries are not in it; the gate counts them itself. Null when one of them cannot be valued.
   */
  readonly held: {
    readonly long: Amt
    readonly short: Amt
    readonly symbols: readonly string[]
    /** The worth of each of them, on whichever side. */
    readonly each: readonly { readonly symbol: string; readonly worth: Amt }[]
  } | null
  /** Lowest and highest mid price of the symbol within the last ten minutes, as far as it was read. */
  readonly trail: { readonly low: Px; readonly high: Px } | null
}

/** Everything the gate looks at. It decides on this alone. */
export type Facts = {
  /** The furthest of those that stop this order. */
  readonly halt: HaltState | null
  /** How far the account has come, and why the build that runs may not trade in it; absent: nobody counts. */
  readonly rollout?: { readonly stage: Stage; readonly buildFault: string | null }
  /** Since when nobody has reviewed all controls; absent: not known, and then nobody is held to it. */
  readonly unreviewedSince?: Instant
  readonly freeze: Freeze | null
  /** Who asked for it: an agent must say what decided it. Absent: not known, and then nobody is asked. */
  readonly proposedBy?: 'agent' | 'person' | 'system' | 'broker'
  readonly market: MarketFacts | null
  readonly account: AccountFacts | null
  /** How the strategy sizes its orders; absent: by the risk budget alone. */
  readonly model?: SizingModel
  /** Absent: not known, and then every limit that needs it refuses. */
  readonly day?: DayFacts
  /** Net quantity of the symbol by our own book of executions. */
  readonly bookQty: Decimal
  /** What the broker kept of the symbol as its fee by estimate: up to as much more than `bookQty` may be held. Absent: nothing. */
  readonly feeQty?: Decimal
  /**
   * Every order of the account that is open, queued or in doubt. They count against the limits at once.
   * Those closed since the account was read may be among them: the broker's figures do not know their fills yet.
   */
  readonly inFlight: readonly Order[]
  /**
   * Other intents of the same symbol and side that came before this one, within the duplicate window, and are or may
   * still become an order. A later one is the duplicate, and must not stand in the way of this one.
   */
  readonly twins: readonly { readonly intentID: string; readonly receivedAt: Instant }[]
  /** What the broker takes of the symbol's class of assets. */
  readonly supported: {
    readonly ordTypes: readonly string[]
    readonly timeInForce: readonly string[]
    readonly assetClasses: readonly string[]
    /** Stop and target travel with the entry, so that the broker places no stop of ours. */
    readonly bracket?: boolean
    /** A stop and a target can be placed as a pair after the fill. */
    readonly oneCancelsOther?: boolean
    /** True when the broker's buying power is already less by the orders it holds. Absent, nothing is taken for granted. */
    readonly reservesOpenOrders?: boolean
    /** Which trades of one symbol an order offsets; see `Capabilities`. Absent: one position, whatever made it. */
    readonly offsetting?: 'net' | 'fifo'
  }
}
