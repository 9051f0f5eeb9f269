import type { Decimal, Px, Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

/** Everything is canceled and what is held is closed, because a person said so. One at a time for an account. */
export type Liquidation = {
  readonly scope: 'account'
  readonly liquidationID: string
  readonly state: 'Running' | 'Flat' | 'Stopped'
  readonly by: string
  readonly byName: string
  readonly reason: string
  /** Null: all. */
  readonly symbols: readonly string[] | null
  /** How far from the market its limits may be. */
  readonly collarBps: number
  /** A person has allowed orders without a limit. */
  readonly market: boolean
  readonly startedAt: Instant
  /** The journal row that started it. */
  readonly startedRow: number
  /** What the broker held when each symbol was first read. */
  readonly held: readonly Surveyed[]
  readonly survey: Survey | null
  readonly endedAt: Instant | null
  /** Whoever stopped it, by name; null while it runs and when it came to its end. */
  readonly endedBy: string | null
  readonly endedWhy: string | null
  /** How it ended, symbol by symbol; null before. */
  readonly report: readonly ReportLine[] | null
}

/** What the broker holds, by its own count. Signed: above zero is long. */
export type Surveyed = { readonly symbol: string; readonly netQty: Decimal }
/** The newest such reading that differs from the one before it, or came after a trade. */
export type Survey = {
  readonly at: Instant
  /** Its journal row. */
  readonly row: number
  readonly positions: readonly (Surveyed & {
    /** When the broker was first read to hold just this. */
    readonly since: Instant
  })[]
}

export type ReportLine = {
  readonly symbol: string
  readonly heldQty: Decimal
  readonly closedQty: Qty
  /** Of what was closed, 8 places; null when nothing was. */
  readonly avgPx: Px | null
  readonly leftQty: Decimal
  /** Why something is left, or differs; null when neither. */
  readonly why: string | null
}

/** Whether it closes this symbol now. */
export const closes = (
  liquidation: Pick<Liquidation, 'state' | 'symbols'> | null,
  symbol: string,
): liquidation is Liquidation =>
  liquidation?.state === 'Running' && (liquidation.symbols === null || liquidation.symbols.includes(symbol))

/** What the broker was last read to hold; null when it was not asked about this symbol. */
export const surveyed = ({ survey }: Pick<Liquidation, 'survey'>, symbol: string): Survey['positions'][number] | null =>
  survey?.positions.find((one) => one.symbol === symbol) ?? null

/** The family of what no intent holds: no proposer can choose an intent id with a blank. */
export const ownFamily = ({ liquidationID }: Pick<Liquidation, 'liquidationID'>, symbol: string): string =>
  `${liquidationID} ${symbol}`
