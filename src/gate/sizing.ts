import type { Instrument } from '../orders/instrument.ts'
import type { OrdType, Side } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import {
  abs,
  type Amt,
  amt,
  type Decimal,
  dec,
  gt,
  lt,
  max,
  min,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  round,
  scaleOf,
  shortest,
  times,
  toStep,
  ZERO,
} from '../values/decimal.ts'
import { CENTS, type Exposure, worstUnitPx } from './exposure.ts'
import type { AccountFact, Quote } from './facts.ts'
import { type SizingModel, wantedQty } from './model.ts'
import type { Policy } from './policy.ts'
import type { Prices } from './prices.ts'
import type { Binding } from './refusal.ts'

/** One limit: `limit` less `used` is `left`, and `capQty` whole lots fit into that. */
export type Cap = {
  readonly name: Exclude<Binding, 'risk'>
  /** In account currency; of `instrument`, `orderQty` and `volume` a quantity. Buying power stands here after its buffer. */
  readonly limit: Decimal
  /** What counts against it already: position, open orders. Below zero where these are on the other side. */
  readonly used: Decimal
  /** Never below zero. */
  readonly left: Decimal
  readonly capQty: Qty
}

/** Every number of the computation, in its order, so that a person can follow how the size came about. */
export type Sizing = {
  /** Account currency, of every amount here but the two prices and `riskPerUnit`. */
  readonly currency: string
  readonly equity: Amt
  readonly riskPerTrade: Decimal
  /** equity × riskPerTrade, exact: what may be lost between entry and stop. */
  readonly riskAmount: Amt
  /** The limit price; for a market order the worse of what was asked and what the quote offers. */
  readonly entryPx: Px
  readonly stopPx: Px
  /** |entryPx − stopPx|, in the instrument's currency. */
  readonly riskPerUnit: Decimal
  readonly conversionRate: Decimal
  /** riskPerUnit × conversionRate, exact. */
  readonly riskPerUnitAccount: Decimal
  /** riskAmount ÷ riskPerUnitAccount to 8 places, or those of the lot, before lots and limits. */
  readonly rawQty: Decimal
  /** The most one unit may cost, in account currency, exact. */
  readonly unitCost: Decimal
  readonly caps: readonly Cap[]
  /** Which line decided. */
  readonly binding: Binding
  readonly lot: Qty
  /** The computed size: the least of risk and caps, in whole lots. */
  readonly qty: Qty
  /** What the order is for: the computed size, an explicit quantity, or the quantity of the approved ticket. */
  readonly orderQty: Qty
  /** What `orderQty` may cost at most, rounded up to the cent. */
  readonly notional: Amt
  /** What `orderQty` loses at the stop, exact. */
  readonly riskAtStop: Amt
}

export type SizingInput = {
  readonly side: Side
  readonly ordType: OrdType
  readonly prices: Prices
  /** What the risk is measured from; see `sizedPx`. */
  readonly entryPx: Px
  readonly quote: Quote
  readonly rate: Decimal
  readonly account: AccountFact
  readonly instrument: Instrument
  readonly exposure: Pick<Exposure, 'position' | 'inFlight' | 'reserved'>
  readonly policy: Policy
  /** Set when the quantity is given, by an explicit order or an approved ticket. */
  readonly orderQty: Qty | null
  /** Set when what the order may cost is given, by an approved ticket. */
  readonly notional: Amt | null
  /** Limits beyond those of the policy, before this order. */
  readonly room?: readonly Room[]
  /** How much the strategy wants at most, and the range that its signal names; not of an approved ticket. */
  readonly model?: SizingModel
  readonly rangePx?: Px
}
export type Room = Pick<Cap, 'name' | 'limit' | 'used'>

/**
 * The position size: equity × risk per trade ÷ |entry − stop|, in account currency, at most what the strategy's model wants
 * and every limit leaves, in whole lots, rounded down. Entry and stop must differ. Never fails: no room is a size of zero.
 */
export function sizeOf(input: SizingInput): Sizing {
  const { side, ordType, prices, entryPx, quote, rate, account, instrument, exposure, policy } = input
  const { lot, maxQty } = instrument
  const riskAmount = plain(atLeastZero(times(account.equity, policy.riskPerTrade))) as Amt
  const riskPerUnit = abs(minus(entryPx, prices.stopPx))
  const riskPerUnitAccount = plain(times(riskPerUnit, rate))
  // As fine as the lot at least, so that it never reads as less than the size that came of it.
  const scale = Math.max(8, scaleOf(lot))
  const rawQty = dec(shortest(over(riskAmount, riskPerUnitAccount, { scale, rounding: 'down' })))

  const unitCost = plain(times(worstUnitPx(side, ordType, prices.entryPx, quote, policy), rate))
  const money = (name: Cap['name'], limit: Decimal, used: Decimal): Cap => {
    // Down to the cent, as costs go up to it: what fits here then fits when it is rounded for a person.
    const left = atLeastZero(round(minus(limit, used), CENTS, 'floor'))
    return { name, limit, used, left, capQty: lotsIn(left, unitCost, lot) }
  }
  const units = (name: Cap['name'], limit: Decimal): Cap => {
    return { name, limit, used: ZERO, left: limit, capQty: toStep(limit as Qty, lot, 'floor') }
  }
  const caps: Cap[] = [
    money('order', policy.maxOrderNotional, amt('0')),
    money('position', policy.maxPositionNotional, plus(exposure.position, exposure.inFlight)),
    money('stage', policy.stageMaxNotional, amt('0')),
    money('buyingPower', spendable(account, policy.buyingPowerBuffer), exposure.reserved),
    ...(input.room ?? []).map(({ name, limit, used }) =>
      name === 'orderQty' || name === 'volume' ? units(name, limit) : money(name, limit, used),
    ),
  ]
  if (maxQty !== null) caps.push(units('instrument', maxQty))
  const { model, rangePx = null } = input
  const sized = { equity: account.equity, riskPerUnit: riskPerUnitAccount, unitCost, rate, instrument, rangePx }
  const wanted = model && wantedQty(model, sized)
  if (wanted) caps.push(units('model', wanted))

  let binding: Binding = 'risk'
  let qty = lotsIn(riskAmount, riskPerUnitAccount, lot)
  for (const cap of caps) if (lt(cap.capQty, qty)) [binding, qty] = [cap.name, cap.capQty]
  const orderQty = input.orderQty ?? qty
  return {
    currency: account.currency,
    equity: account.equity,
    riskPerTrade: policy.riskPerTrade,
    riskAmount,
    entryPx,
    stopPx: prices.stopPx,
    riskPerUnit,
    conversionRate: rate,
    riskPerUnitAccount,
    rawQty,
    unitCost,
    caps,
    binding,
    lot,
    qty,
    orderQty,
    notional: input.notional ?? costOf(orderQty, unitCost),
    riskAtStop: plain(times(orderQty, riskPerUnitAccount)) as Amt,
  }
}

/** What may be spent of the buying power. */
export const spendable = (account: Pick<AccountFact, 'buyingPower'>, buffer: Decimal): Decimal =>
  plain(times(account.buyingPower, minus(ONE, buffer)))

/** What `qty` units may cost, rounded up to the cent. */
export const costOf = (qty: Qty, unitCost: Decimal): Amt => round(times(qty, unitCost), CENTS, 'up') as Amt

/** The largest whole number of lots whose cost is not above `amount`, exact: one division, one rounding. */
function lotsIn(amount: Decimal, perUnit: Decimal, lot: Qty): Qty {
  const lots = over(amount, times(perUnit, lot), { scale: 0, rounding: 'floor' })
  return times(lots, lot) as Qty
}

/** The worse of the price a market order was asked at and the price it would get. */
export const worse = (side: Side, askedPx: Px, quote: Pick<Quote, 'bid' | 'ask'>): Px =>
  side === 'Buy' ? max(askedPx, quote.ask) : min(askedPx, quote.bid)

/**
 * The price that risk is measured from. A market order gets what the quote offers; once approved, its reference
 * stands, and how far the market may leave that is the business of drift.
 */
export function sizedPx(side: Side, ordType: OrdType, askedPx: Px, quote: Quote, approved: Ticket | null): Px {
  if (ordType !== 'Market') return askedPx
  return worse(side, askedPx, approved ? { bid: approved.refPx, ask: approved.refPx } : quote)
}

const ONE = dec('1')
const atLeastZero = <D extends Decimal>(d: D): D => (gt(d, ZERO) ? d : (ZERO as D))

/** Exact, without the trailing zeros that products collect; amounts keep their cents. */
function plain(d: Decimal): Decimal {
  const short = dec(shortest(d))
  return scaleOf(short) < CENTS ? round(short, CENTS, 'down') : short
}
