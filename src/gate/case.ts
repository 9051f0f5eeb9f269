import type { Instrument } from '../orders/instrument.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Side } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Decimal, Px } from '../values/decimal.ts'
import { gt, ZERO } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { err } from '../values/result.ts'
import type { DaysFact } from './days.ts'
import { type Believed, type Evidence, weigh } from './evidence.ts'
import { type Exposure, exposureOf } from './exposure.ts'
import type { AccountFact, Facts, Quote } from './facts.ts'
import type { LimitName } from './limits.ts'
import type { Policy } from './policy.ts'
import { type Prices, pricesOf, roundPrices } from './prices.ts'
import { outOfRange, wrongStop, wrongTarget } from './signal.ts'
import { sentAs, stopTypeOf } from './takes.ts'
import { type Room, type Sizing, sizedPx, sizeOf } from './sizing.ts'
import { type Uses, usesOf } from './usage.ts'

/** One intent with all that is known for deciding it. Null is "not known"; the evidence says why. */
export type Case = {
  /** Of a signal, with order type and time in force that the broker takes. */
  readonly proposal: Proposal
  /** Null for a hold, which has no side. */
  readonly side: Side | null
  readonly facts: Facts
  readonly policy: Policy
  readonly now: Instant
  /** Set at the last look before the send: its prices, quantity and cost are fixed. */
  readonly approved: Ticket | null
  readonly evidence: Evidence
  readonly instrument: Instrument | null
  readonly quote: Quote | null
  readonly rate: Decimal | null
  readonly account: AccountFact | null
  readonly positionQty: Decimal | null
  readonly prices: Believed<Prices>
  readonly exposure: Believed<Exposure>
  /** What counts against the limits that are set. */
  readonly uses: Uses
  readonly sizing: Sizing | null
}

/** Gathers what follows from the facts: prices on their ticks, what counts already, the size. Nothing is decided here. */
export function caseOf(asked: Pick<Case, 'proposal' | 'facts' | 'policy' | 'now' | 'approved'>): Case {
  const { facts, policy, now, approved } = asked
  const proposal = sentAs(asked.proposal, facts.supported, approved)
  const side = proposal.side === 'Hold' ? null : proposal.side
  const evidence = weigh(proposal.symbol, facts, policy, now)
  const instrument = known(evidence.instrument)
  const quote = known(evidence.quote)
  const rate = known(evidence.rate)
  const account = known(evidence.account)
  const positionQty = known(evidence.positionQty)

  const prices =
    side && instrument && isSane(side, proposal)
      ? approved
        ? pricesOf(approved, proposal, instrument)
        : roundPrices(
            side,
            proposal,
            instrument,
            stopTypeOf(facts.supported) === 'StopLimit' ? policy.stopLimitSlackBps : null,
          )
      : err([])
  const exposure =
    quote && rate && positionQty
      ? exposureOf(
          proposal.intentID,
          proposal.symbol,
          facts,
          { quote, rate, positionQty, accountAt: evidence.accountAt },
          policy,
        )
      : err([])
  const uses =
    side && quote && account && exposure.ok
      ? usesOf(
          {
            side,
            quote,
            account,
            exposure: exposure.value,
            policy,
            symbol: proposal.symbol,
            ...(instrument && { assetClass: instrument.assetClass }),
            avgVolume: known(evidence.days)?.avgVolume ?? null,
          },
          facts.day,
        )
      : {}
  const rangePx = rangeIn(proposal, known(evidence.days))
  const sizing =
    side && instrument && quote && rate && account && prices.ok && exposure.ok && gt(account.equity, ZERO)
      ? sizeOf({
          side,
          ordType: proposal.ordType,
          prices: prices.value,
          entryPx: sizedPx(side, proposal.ordType, prices.value.entryPx, quote, approved),
          quote,
          rate,
          account,
          instrument,
          exposure: exposure.value,
          policy,
          room: roomOf(uses),
          ...(facts.model && !approved && { model: facts.model }),
          ...(rangePx && { rangePx }),
          orderQty: approved ? approved.terms.orderQty : proposal.form === 'Order' ? proposal.orderQty : null,
          notional: approved ? approved.maxNotional : null,
        })
      : null
  return {
    ...asked,
    proposal,
    side,
    evidence,
    instrument,
    quote,
    rate,
    account,
    positionQty,
    prices,
    exposure,
    uses,
    sizing,
  }
}

export const known = <T>(fact: Believed<T>): T | null => (fact.ok ? fact.value : null)

/** The limits that hold a size down beyond those of every account, and what the lines of the sizing call them. */
const ROOMS = {
  maxGrossExposure: 'gross',
  maxNetExposure: 'net',
  maxDayTurnover: 'turnover',
  maxSymbolShare: 'symbolShare',
  maxSectorShare: 'sector',
  maxOrderQty: 'orderQty',
  maxOrderQtyShares: 'orderQty',
  maxOrderQtyFx: 'orderQty',
  maxOrderQtyCoins: 'orderQty',
  maxVolumeShare: 'volume',
} as const satisfies { readonly [N in LimitName]?: Room['name'] }
const roomOf = (uses: Uses): readonly Room[] =>
  (Object.keys(ROOMS) as (keyof typeof ROOMS)[]).flatMap((name) => {
    const { hard, before: used } = uses[name] ?? {}
    return hard && used ? [{ name: ROOMS[name], limit: hard, used }] : []
  })

/** Rounding and sizing start from numbers that can be meant. */
const isSane = (side: Side, p: Proposal): boolean =>
  [outOfRange(p), wrongStop(side, p), wrongTarget(side, p)].every((list) => list.length === 0)

/** The average true range: as the signal names it, else of the broker's own days; undefined where neither is there. */
export const rangeIn = ({ rangePx }: Pick<Proposal, 'rangePx'>, days: DaysFact | null): Px | undefined =>
  rangePx ?? days?.rangePx
