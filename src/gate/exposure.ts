import { rivalOf } from '../orders/generations.ts'
import { type Order, leavesQty } from '../orders/machine.ts'
import type { OrdType, Side } from '../orders/terms.ts'
import {
  type Amt,
  type Decimal,
  abs,
  amt,
  dec,
  isZero,
  max,
  min,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  round,
  times,
} from '../values/decimal.ts'
import type { IntentID } from '../values/brand.ts'
import { err, ok } from '../values/result.ts'
import type { Believed } from './evidence.ts'
import type { Facts, Quote } from './facts.ts'
import type { Policy } from './policy.ts'
import type { Refusal } from './refusal.ts'

/** What already counts against the limits before the order in question. Account currency, rounded up to the cent. */
export type Exposure = {
  /** The position in the symbol, at the ask: the dearer side. */
  readonly position: Amt
  /** Open entries in the symbol. */
  readonly inFlight: Amt
  /** Open entries in any symbol that the broker's buying power may not know of. */
  readonly reserved: Amt
  /** Open entries in any symbol, and fills of them that the account does not show yet. */
  readonly entries: {
    readonly buys: Amt
    readonly sells: Amt
    readonly symbols: readonly string[]
    readonly each: readonly { readonly symbol: string; readonly worth: Amt }[]
  }
}

/** Two places: no account currency of our brokers has more. */
export const CENTS = 2
const BPS = dec('10000')
const ONE = dec('1')

/** 1 + bps / 10000. */
export const plusBps = (bps: number): Decimal => plus(ONE, over(dec(String(bps)), BPS, { scale: 8, rounding: 'up' }))

/** The most one unit may cost, in the instrument's currency. */
export function worstUnitPx(side: Side, ordType: OrdType, price: Px | null, quote: Quote, policy: Policy): Px {
  if (ordType === 'Limit' && price !== null) return side === 'Buy' ? price : max(price, quote.bid) // a sale below the bid gets the bid
  return times(quote.ask, plusBps(policy.collarBps)) as Px
}

/**
 * Adds up what is held and what is open. What may only reduce reserves nothing. All else counts with what its ticket says it may cost,
 * in proportion to what can still fill; one of the same symbol without that figure is valued at today's prices.
 *
 * @param own its own orders do not stand in an intent's way.
 */
export function exposureOf(
  own: IntentID,
  symbol: string,
  facts: Facts,
  known: { readonly quote: Quote; readonly rate: Decimal; readonly positionQty: Decimal; readonly accountAt: number },
  policy: Policy,
): Believed<Exposure> {
  const position = round(times(times(abs(known.positionQty), known.quote.ask), known.rate), CENTS, 'up') as Amt
  let [inFlight, reserved] = [amt('0.00'), amt('0.00')]
  const entries = { Buy: amt('0.00'), Sell: amt('0.00'), symbols: new Set<string>() }
  const each = new Map<string, Amt>()
  const costs = new Map<Order, Amt>()
  const unvalued: Refusal[] = []
  for (const order of facts.inFlight) {
    if (order.terms.reduceOnly || order.intentID === own) continue
    const cost = (qty: Qty): Amt => {
      if (isZero(qty)) return amt('0.00')
      if (order.maxNotional !== undefined)
        return over(times(order.maxNotional, qty), order.terms.orderQty, { scale: CENTS, rounding: 'up' }) as Amt
      const { side, ordType, price } = order.terms
      return round(
        times(times(qty, worstUnitPx(side, ordType, price, known.quote, policy)), known.rate),
        CENTS,
        'up',
      ) as Amt
    }
    const may = leavesQty(order)
    const counts = isNews(order, known.accountAt) ? plus(may, order.cumQty) : may
    const mayHave = isNews(order, known.accountAt) || !facts.supported.reservesOpenOrders ? counts : (dec('0') as Qty)
    if (order.maxNotional === undefined && order.terms.symbol !== symbol) {
      if (!isZero(counts))
        unvalued.push({ code: 'IN_FLIGHT_UNVALUED', clOrdID: order.clOrdID, symbol: order.terms.symbol })
      continue
    }
    costs.set(order, cost(may))
    if (order.terms.symbol === symbol) inFlight = plus(inFlight, cost(may))
    reserved = plus(reserved, cost(mayHave))
    entries[order.terms.side] = plus(entries[order.terms.side], cost(counts))
    if (!isZero(counts)) entries.symbols.add(order.terms.symbol)
    each.set(order.terms.symbol, plus(each.get(order.terms.symbol) ?? amt('0.00'), cost(counts)))
  }
  // Of an order and the one that is to take its place only one will work: the dearer counts.
  for (const [order, own] of costs) {
    const rival = order.replaces === undefined ? null : rivalOf(order, facts.inFlight)
    const other = rival && costs.get(rival)
    if (!rival || other === undefined || other === null) continue
    const spared = min(own, other)
    if (order.terms.symbol === symbol) inFlight = minus(inFlight, spared)
    reserved = minus(reserved, spared)
    entries[order.terms.side] = minus(entries[order.terms.side], spared)
    each.set(order.terms.symbol, minus(each.get(order.terms.symbol) ?? amt('0.00'), spared))
  }
  if (unvalued.length > 0) return err(unvalued)
  const { Buy: buys, Sell: sells, symbols } = entries
  return ok({ position, inFlight, reserved, entries: { buys, sells, symbols: [...symbols], each: worths(each) } })
}

const worths = (each: ReadonlyMap<string, Amt>) =>
  [...each].flatMap(([symbol, worth]) => (isZero(worth) ? [] : [{ symbol, worth }]))

/**
 * Whether something about the order is newer than the account: then neither buying power nor positions are known to
 * show it, and all that filled or still may counts. Afterwards what filled is in the position; and what can still fill
 * is off the buying power where the broker reserves for its open orders.
 */
const isNews = (order: Order, accountAt: number): boolean =>
  order.delivery !== 'Delivered' || order.updatedAt >= accountAt
