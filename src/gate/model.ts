import type { Instrument } from '../orders/instrument.ts'
import {
  type Amt,
  dec,
  type Decimal,
  gt,
  lt,
  lte,
  max,
  minus,
  over,
  type Px,
  type Qty,
  shortest,
  times,
  toStep,
  ZERO,
} from '../values/decimal.ts'

/**
 * How large a strategy wants its orders. The budget of risk and every limit hold as well: a model makes an order smaller
 * than they allow, and never larger. Shares are of equity: "0.005" is half a percent.
 */
export type SizingModel =
  /** As much as loses this share between entry and stop. */
  | { readonly kind: 'risk'; readonly share: Decimal }
  | { readonly kind: 'quantity'; readonly orderQty: Qty }
  /** As much as may cost this, in account currency. */
  | { readonly kind: 'notional'; readonly notional: Amt }
  /** As much as moves this share when the price moves so many times its average true range: as the signal names it, else of the last days at the broker. */
  | { readonly kind: 'volatility'; readonly share: Decimal; readonly ranges: Decimal }
  /**
   * A fraction of Kelly's share, winRate − (1 − winRate) ÷ payoff, lost between entry and stop. The figures are of the
   * strategy's record, not of the signal: an assistant that is sure of itself is given nothing for it.
   */
  | { readonly kind: 'kelly'; readonly winRate: Decimal; readonly payoff: Decimal; readonly fraction: Decimal }

/** A quarter of Kelly gives up little growth and most of the ruin; whoever wants more has not measured the losses yet. */
const KELLY_MAX = dec('0.25')
const SHARE_MAX = dec('0.1')
const ONE = dec('1')
const SCALE = 12

export type Sized = {
  readonly equity: Amt
  /** What one unit loses at the stop, and costs at most, in account currency. */
  readonly riskPerUnit: Decimal
  readonly unitCost: Decimal
  /** Account currency per unit of the instrument's. */
  readonly rate: Decimal
  readonly instrument: Pick<Instrument, 'lot'>
  /** Average true range in the instrument's currency; null when neither the signal nor the broker tells. */
  readonly rangePx: Px | null
}

/** What the model asks for, in whole lots, down; null when it cannot be told without the average true range. */
export function wantedQty(model: SizingModel, sized: Sized): Qty | null {
  const { equity, riskPerUnit, unitCost, rate, instrument, rangePx } = sized
  const whole = (qty: Decimal): Qty => toStep(max(qty, ZERO) as Qty, instrument.lot, 'floor')
  const forShare = (share: Decimal, perUnit: Decimal): Qty =>
    lte(perUnit, ZERO) ? (ZERO as Qty) : whole(over(times(equity, share), perUnit, { scale: SCALE, rounding: 'floor' }))
  switch (model.kind) {
    case 'risk':
      return forShare(model.share, riskPerUnit)
    case 'kelly':
      return forShare(times(kellyShare(model), model.fraction), riskPerUnit)
    case 'volatility':
      return rangePx === null ? null : forShare(model.share, times(times(rangePx, model.ranges), rate))
    case 'quantity':
      return whole(model.orderQty)
    case 'notional':
      return lte(unitCost, ZERO)
        ? (ZERO as Qty)
        : whole(over(model.notional, unitCost, { scale: SCALE, rounding: 'floor' }))
  }
}

/** Below zero there is no edge, and nothing is wanted. */
const kellyShare = ({ winRate, payoff }: Extract<SizingModel, { kind: 'kelly' }>): Decimal =>
  max(ZERO, minus(winRate, over(minus(ONE, winRate), payoff, { scale: SCALE, rounding: 'ceil' })))

/** Everything that is wrong with a model that somebody proposes, as sentences; empty when it can be used. */
export function modelFaults(model: SizingModel): string[] {
  const wrong: string[] = []
  const share = (what: string, value: Decimal, most: Decimal): void => {
    if (!gt(value, ZERO) || gt(value, most))
      wrong.push(`${what} is ${shortest(value)}; it must be above 0 and at most ${shortest(most)}.`)
  }
  switch (model.kind) {
    case 'risk':
      share('The share of equity at risk', model.share, SHARE_MAX)
      break
    case 'quantity':
      if (!gt(model.orderQty, ZERO)) wrong.push(`The quantity is ${shortest(model.orderQty)}; it must be above 0.`)
      break
    case 'notional':
      if (!gt(model.notional, ZERO)) wrong.push(`The amount is ${shortest(model.notional)}; it must be above 0.`)
      break
    case 'volatility':
      share('The share of equity that a move costs', model.share, SHARE_MAX)
      if (!gt(model.ranges, ZERO) || gt(model.ranges, dec('20')))
        wrong.push(`The move is ${shortest(model.ranges)} average true ranges; it must be above 0 and at most 20.`)
      break
    case 'kelly':
      if (!gt(model.winRate, ZERO) || !lt(model.winRate, ONE))
        wrong.push(`The share of trades that win is ${shortest(model.winRate)}; it must be between 0 and 1.`)
      if (!gt(model.payoff, ZERO)) wrong.push(`A win pays ${shortest(model.payoff)} times a loss; it must be above 0.`)
      share('The fraction of Kelly', model.fraction, KELLY_MAX)
      if (wrong.length === 0 && !gt(kellyShare(model), ZERO))
        wrong.push('By these figures the strategy loses in the long run, and its size would always be nothing.')
  }
  return wrong
}

/** `at most 0.5 % of equity at the stop`, for people. */
export function modelInWords(model: SizingModel): string {
  const percent = (share: Decimal): string => `${shortest(times(share, dec('100')))} %`
  switch (model.kind) {
    case 'risk':
      return `${percent(model.share)} of equity is lost at the stop`
    case 'quantity':
      return `${shortest(model.orderQty)} units`
    case 'notional':
      return `${shortest(model.notional)} in account currency`
    case 'volatility':
      return `${percent(model.share)} of equity for a move of ${shortest(model.ranges)} average true ranges`
    case 'kelly':
      return `${percent(model.fraction)} of Kelly's share, for ${percent(model.winRate)} wins of ${shortest(model.payoff)} times a loss`
  }
}
