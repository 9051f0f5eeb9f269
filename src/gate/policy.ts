import { type Amt, amt, dec, type Decimal, max, min, shortest } from '../values/decimal.ts'
import type { Limits } from './limits.ts'

/** The rules of one account. Amounts are in account currency. Every field has a documented default in `main/config.ts`. */
export type Policy = {
  readonly environment: 'paper' | 'live'
  readonly broker: string
  /** Share of equity that may be lost between entry and stop: "0.01" is one percent. */
  readonly riskPerTrade: Decimal
  readonly maxOrderNotional: Amt
  /** For one symbol, position and open orders together. */
  readonly maxPositionNotional: Amt
  /** The cap of the rollout stage on one order. */
  readonly stageMaxNotional: Amt
  /** Share of buying power that is never used: "0.05". */
  readonly buyingPowerBuffer: Decimal
  /** How far an entry may be from the market, in basis points. */
  readonly collarBps: number
  /** How far the market may move from the ticket's reference before a human must look again. */
  readonly maxDriftBps: number
  /** Where a stop must name a limit: how far beyond its stop price it may still trade. */
  readonly stopLimitSlackBps: number
  readonly quoteAgeMaxMs: number
  /** Also for what changes as slowly as the account: the market session and the conversion rate. */
  readonly accountAgeMaxMs: number
  readonly duplicateWindowMs: number
  /** Where an agent must name model, version and run: on live accounts, or everywhere. */
  readonly namedModel?: 'live' | 'always'
  /** For how long nothing is opened in a symbol after its trading went on again; absent: five minutes. */
  readonly reentryAfterMs?: number
  /** What an explicit order's quantity must be, compared with the computed size. */
  readonly explicitQty: 'exact' | 'not-larger'
  readonly allowShort: boolean
  /** What else is limited, and the soft limits; absent: nothing. See `effective`. */
  readonly limits?: Limits
  /** How long a human has to decide. */
  readonly approvalTtlMs: number
  /** How long an approval may wait for its send. */
  readonly executionTtlMs: number
}

/** What `effective` begins with where nothing but the limits of the account holds. */
export const UNLIMITED: Pick<
  Policy,
  'maxOrderNotional' | 'maxPositionNotional' | 'stageMaxNotional' | 'collarBps' | 'buyingPowerBuffer' | 'allowShort'
> = {
  maxOrderNotional: amt('1000000000000'),
  maxPositionNotional: amt('1000000000000'),
  stageMaxNotional: amt('1000000000000'),
  collarBps: 10_000,
  buyingPowerBuffer: dec('0'),
  allowShort: true,
}

/** The rules with the limits folded in: where both speak of the same thing, the stricter holds. */
export function effective(policy: Policy, limits: Limits): Policy {
  const { maxOrderNotional, maxPositionNotional, collarBps, buyingPowerBuffer } = limits.values
  return {
    ...policy,
    limits,
    maxOrderNotional: min(policy.maxOrderNotional, (maxOrderNotional.hard as Amt | null) ?? policy.maxOrderNotional),
    maxPositionNotional: min(
      policy.maxPositionNotional,
      (maxPositionNotional.hard as Amt | null) ?? policy.maxPositionNotional,
    ),
    collarBps: Math.min(
      policy.collarBps,
      collarBps.hard === null ? policy.collarBps : Number(shortest(collarBps.hard)),
    ),
    buyingPowerBuffer: max(policy.buyingPowerBuffer, buyingPowerBuffer.hard ?? policy.buyingPowerBuffer),
    allowShort: policy.allowShort && limits.lists.allowShort,
  }
}
