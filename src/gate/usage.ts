import type { AssetClass } from '../orders/instrument.ts'
import type { Side } from '../orders/terms.ts'
import {
  abs,
  type Decimal,
  dec,
  gt,
  gte,
  lte,
  max,
  min,
  minus,
  over,
  plus,
  type Px,
  round,
  shortest,
  times,
  ZERO,
} from '../values/decimal.ts'
import type { Case } from './case.ts'
import { midOf, minimumOf } from './evidence.ts'
import { CENTS, type Exposure } from './exposure.ts'
import type { AccountFact, DayFacts, Quote } from './facts.ts'
import { LIMIT_NAMES, type LimitName, type Limits, OF_CLASS, sectorOf } from './limits.ts'
import type { Policy } from './policy.ts'
import { costOf, spendable, worse } from './sizing.ts'

/** A limit, and what counts against it before the order in question. A share of equity stands here as the amount it is. */
export type Use = {
  readonly name: LimitName
  readonly hard: Decimal | null
  readonly soft: Decimal | null
  readonly before: Decimal
}
export type Uses = { readonly [N in LimitName]?: Use }

type Known = {
  readonly side: Side
  readonly policy: Policy
  readonly account: AccountFact
  readonly exposure: Exposure
  /** Null: of no symbol in particular. */
  readonly quote: Quote | null
  /** Absent: of no class in particular. */
  readonly assetClass?: AssetClass
  /** Absent: of no symbol in particular, and then of no sector. */
  readonly symbol?: string
  /** Absent: not known. */
  readonly avgVolume?: Decimal | null
}

/** The parts of the day that may be missing, as they are called. */
const PARTS = {
  openingEquity: 'the equity at the opening of the day',
  highEquity: 'the highest equity so far',
  held: 'what all positions together are worth',
  trail: 'the prices of the last ten minutes',
} as const satisfies { readonly [P in keyof DayFacts]?: string }
type Part = keyof typeof PARTS

/** How a limit is measured: what counts already, and what its figure comes to (absent: itself). */
type Measure =
  | {
      readonly needs: null
      readonly before: (known: Known) => Decimal
      readonly limit?: (figure: Decimal, known: Known) => Decimal | null
    }
  | {
      /** Parts of the day without which it answers null. */
      readonly needs: readonly Part[]
      readonly before: (known: Known, day: DayFacts) => Decimal | null
      readonly limit?: (figure: Decimal, day: DayFacts) => Decimal | null
    }

const none = (): Decimal => ZERO
/** The capital of the day. It stands from the opening on, so that what was approved at the limit still fits at the send. */
export const capitalOf = ({ openingEquity, deposits }: DayFacts): Decimal | null =>
  openingEquity === null ? null : plus(openingEquity, deposits)
const ofCapital = (share: Decimal, day: DayFacts): Decimal | null => ofAmount(share, capitalOf(day))
const ofAmount = (share: Decimal, amount: Decimal | null): Decimal | null =>
  amount === null ? null : round(times(share, amount), CENTS, 'floor')
const atLeastZero = (amount: Decimal): Decimal => max(amount, ZERO)

/** What the limits of an account are measured by, one row each; the two that are missing are tripped elsewhere. */
const MEASURES: { readonly [N in Exclude<LimitName, 'maxRejects' | 'maxLosers'>]: Measure } = {
  maxGrossExposure: {
    needs: ['openingEquity', 'held'],
    limit: ofCapital,
    before: ({ exposure: { entries } }, { held }) =>
      held && plus(plus(held.long, held.short), plus(entries.buys, entries.sells)),
  },
  // Of the open entries only those on the same side count: the others may never fill.
  maxNetExposure: {
    needs: ['openingEquity', 'held'],
    limit: ofCapital,
    before: ({ side, exposure: { entries } }, { held }) =>
      held &&
      (side === 'Buy'
        ? plus(minus(held.long, held.short), entries.buys)
        : plus(minus(held.short, held.long), entries.sells)),
  },
  maxDayTurnover: { needs: ['openingEquity'], limit: ofCapital, before: (_, day) => day.turnover },
  maxOrderNotional: { needs: null, before: none },
  maxPositionNotional: { needs: null, before: ({ exposure }: Known) => plus(exposure.position, exposure.inFlight) },
  maxSymbolShare: {
    needs: ['openingEquity'],
    limit: ofCapital,
    before: ({ exposure }: Known) => plus(exposure.position, exposure.inFlight),
  },
  maxSectorShare: {
    needs: ['openingEquity', 'held'],
    limit: ofCapital,
    before: ({ symbol, policy: { limits }, exposure: { entries } }, { held }) => {
      if (!held || !limits) return null
      if (symbol === undefined) return ZERO
      const sector = sectorOf(limits.lists, symbol)
      const mine = [...held.each, ...entries.each].filter((one) => sectorOf(limits.lists, one.symbol) === sector)
      return mine.reduce<Decimal>((sum, { worth }) => plus(sum, worth), ZERO)
    },
  },
  maxOrderQty: { needs: null, before: none },
  maxOrderQtyShares: { needs: null, before: none },
  maxOrderQtyFx: { needs: null, before: none },
  maxOrderQtyCoins: { needs: null, before: none },
  maxVolumeShare: {
    needs: null,
    limit: (share, { avgVolume }) => (avgVolume ? times(share, avgVolume) : null),
    before: none,
  },
  collarBps: { needs: null, before: none },
  maxMoveBps: {
    needs: ['trail'],
    before: ({ quote }, { trail }) => {
      if (!trail || !quote) return null
      const { lowPx, highPx } = rangeOf(trail, quote)
      return apartBps(highPx, lowPx)
    },
  },
  maxOrdersPerMinute: { needs: [], before: (_, day) => count(day.messagesLastMinute) },
  maxOrdersPerDay: { needs: [], before: (_, day) => count(day.messagesToday) },
  maxRepeats: { needs: [], before: (_, day) => count(day.repeats) },
  maxOpenPositions: {
    needs: ['held'],
    before: ({ exposure: { entries } }, { held }) => held && count(new Set([...held.symbols, ...entries.symbols]).size),
  },
  dayLoss: {
    needs: ['openingEquity'],
    limit: ofCapital,
    before: ({ account }, day) => {
      const began = capitalOf(day)
      return began && atLeastZero(minus(began, account.equity))
    },
  },
  drawdown: {
    needs: ['highEquity'],
    limit: (share: Decimal, { highEquity }: DayFacts) => ofAmount(share, highEquity),
    before: ({ account }, { highEquity }) => highEquity && atLeastZero(minus(highEquity, account.equity)),
  },
  buyingPowerBuffer: {
    needs: null,
    limit: (buffer, { account }) => spendable(account, buffer),
    before: ({ exposure }: Known) => exposure.reserved,
  },
}
type Measured = keyof typeof MEASURES
const MEASURED = LIMIT_NAMES.filter((name): name is Measured => name in MEASURES)

const count = (n: number): Decimal => dec(String(n))

/** The figures of a limit that hold. Four of them are rules of every account, and are folded into the policy. */
export function figures(
  name: LimitName,
  policy: Policy,
): { readonly hard: Decimal | null; readonly soft: Decimal | null } {
  const { hard, soft } = policy.limits?.values[name] ?? { hard: null, soft: null }
  if (name === 'maxOrderNotional' || name === 'maxPositionNotional' || name === 'buyingPowerBuffer')
    return { hard: policy[name], soft }
  return name === 'collarBps' ? { hard: count(policy.collarBps), soft } : { hard, soft }
}

const isMissing = (part: Part, day: DayFacts): boolean =>
  day[part] === null || (part === 'trail' && day.trail !== null && lte(day.trail.low, ZERO))

/** What is not known of the day and some limit needs, in words; null when no limit needs any of it. */
export function unknownOf(limits: Limits | undefined, day: DayFacts | undefined): readonly string[] | null {
  const needs = MEASURED.flatMap((name) => {
    const { hard, soft } = limits?.values[name] ?? { hard: null, soft: null }
    const { needs } = MEASURES[name]
    return needs !== null && (hard !== null || soft !== null) ? [needs] : []
  })
  if (needs.length === 0) return null
  if (!day) return ['what has been sent, gained and lost today']
  return [...new Set(needs.flat())].filter((part) => isMissing(part, day)).map((part) => PARTS[part])
}

/** What counts against each limit that is set. One that needs a missing part of the day is absent; see `unknownOf`. */
export function usesOf(known: Known, day: DayFacts | undefined): Uses {
  const uses: { [N in LimitName]?: Use } = {}
  for (const name of MEASURED) {
    const { hard, soft } = figures(name, known.policy)
    if ((hard === null && soft === null) || !holdsFor(name, known.assetClass)) continue
    const measure: Measure = MEASURES[name]
    if (measure.needs === null) {
      const comesTo = (figure: Decimal | null) => figure && (measure.limit ? measure.limit(figure, known) : figure)
      // A share of what is not known is no limit that could be shown: its own check refuses.
      if (comesTo(hard) === null && comesTo(soft) === null) continue
      uses[name] = { name, hard: comesTo(hard), soft: comesTo(soft), before: measure.before(known) }
      continue
    }
    if (!day || measure.needs.some((part) => isMissing(part, day))) continue
    const comesTo = (figure: Decimal | null) => figure && (measure.limit ? measure.limit(figure, day) : figure)
    const before = measure.before(known, day)
    if (before !== null) uses[name] = { name, hard: comesTo(hard), soft: comesTo(soft), before }
  }
  return uses
}

/** Whether a limit is one for this class of assets. */
export const holdsFor = (name: LimitName, assetClass: AssetClass | undefined): boolean =>
  assetClass === undefined || (OF_CLASS[name] ?? assetClass) === assetClass

/** Quantity and cost that the order is measured by. A signal that fits nowhere is measured by the smallest order. */
export function measuredAs({ sizing, instrument, approved, proposal }: Case) {
  if (!sizing || !instrument) return null
  const least = minimumOf(instrument)
  const given = approved !== null || proposal.form === 'Order'
  return given || gte(sizing.orderQty, least)
    ? { orderQty: sizing.orderQty, notional: sizing.notional }
    : { orderQty: least, notional: costOf(least, sizing.unitCost) }
}

/** What the order itself adds; null when a fact it needs is missing. */
export function partOf(name: LimitName, c: Case): Decimal | null {
  switch (name) {
    case 'maxOrderQty':
    case 'maxOrderQtyShares':
    case 'maxOrderQtyFx':
    case 'maxOrderQtyCoins':
    case 'maxVolumeShare':
      return measuredAs(c)?.orderQty ?? null
    case 'maxOrdersPerMinute':
    case 'maxOrdersPerDay':
    case 'maxRepeats':
      return ONE
    case 'maxOpenPositions': {
      if (!c.exposure.ok || !c.facts.day?.held) return null
      const { symbol } = c.proposal
      const isOne = [...c.facts.day.held.symbols, ...c.exposure.value.entries.symbols].includes(symbol)
      return isOne ? ZERO : ONE
    }
    case 'maxMoveBps':
    case 'dayLoss':
    case 'drawdown':
      return ZERO
    case 'collarBps': {
      const prices = collaredPxs(c)
      return prices && c.quote ? prices.map(apartFrom(midOf(c.quote))).reduce((a, b) => max(a, b)) : null
    }
    default:
      return measuredAs(c)?.notional ?? null
  }
}

/** At a limit an order passes, a cent above it does not. A loss stops what follows as soon as it is at its limit. */
export const isBeyond = (name: LimitName, value: Decimal, limit: Decimal): boolean =>
  name === 'dayLoss' || name === 'drawdown' ? gte(value, limit) : gt(value, limit)

const ONE = dec('1')
const BPS = dec('10000')
/** |px − ref| in basis points of ref. Up, so that what is over a limit also reads as over it. */
export const apartBps = (px: Px, ref: Px): Decimal =>
  dec(shortest(over(times(abs(minus(px, ref)), BPS), ref, { scale: 4, rounding: 'up' })))
const apartFrom = (ref: Px) => (px: Px) => apartBps(px, ref)

/** The prices that must be near the market: the entry, and what a market order would get. A stub quote has a wide spread. */
export function collaredPxs({
  side,
  prices,
  quote,
  proposal: { ordType },
}: Case): readonly [entryPx: Px, worst: Px] | null {
  if (!side || !prices.ok || !quote) return null
  const { entryPx } = prices.value
  return [entryPx, ordType === 'Market' ? worse(side, entryPx, quote) : entryPx]
}

/** Lowest and highest price of the last ten minutes, that of now among them. */
export const rangeOf = (trail: { readonly low: Px; readonly high: Px }, quote: Quote) => ({
  lowPx: min(trail.low, midOf(quote)),
  highPx: max(trail.high, midOf(quote)),
})
