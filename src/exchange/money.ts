import { type Position } from '../orders/position.ts'
import type { Side } from '../orders/terms.ts'
import {
  abs,
  type Amt,
  dec,
  type Decimal,
  gt,
  isZero,
  max,
  minus,
  negate,
  over,
  plus,
  type Px,
  type Qty,
  sign,
  times,
  ZERO,
} from '../values/decimal.ts'
import type { Board } from './board.ts'
import { addPledge, type Book, type Pledge, pledgeIn, type Rules } from './book.ts'

/** Money is a view over the book and what the market shows. */
export type View = { readonly rules: Rules; readonly book: Book; readonly board: Board }

const ONE = dec('1')

/**
 * Account currency per unit of `currency`, eight places: the middle of the pair's own quote, either way round.
 * Null while no such pair has been quoted.
 */
export function rateOf({ rules, board }: View, currency: string): Decimal | null {
  if (currency === rules.currency) return ONE
  const direct = board.ticks.get(`${currency}/${rules.currency}`)
  if (direct) return over(plus(direct.bid, direct.ask), dec('2'), { scale: 8, rounding: 'half-even' })
  const inverse = board.ticks.get(`${rules.currency}/${currency}`)
  return inverse ? over(dec('2'), plus(inverse.bid, inverse.ask), { scale: 8, rounding: 'half-even' }) : null
}

/** Initial cash and what every trade since took or gave. */
export const cash = ({ rules, book }: View): Amt =>
  [...book.positions.values()].reduce((sum, p) => plus(sum, p.cashFlow), rules.initialCash)

/**
 * What the account is worth: initial cash, realised results, commissions, and open results at the market.
 * Until a symbol has been quoted its position counts at cost.
 */
export function equity(view: View): Amt {
  let sum = view.rules.initialCash
  for (const p of view.book.positions.values()) {
    sum = minus(plus(sum, p.realizedPnl), p.commission)
    sum = plus(sum, openResult(view, p) as Amt)
  }
  return sum
}

function openResult(view: View, p: Position): Decimal {
  const mark = view.board.ticks.get(p.symbol)?.last
  const rate = rateOf(view, view.rules.instruments.get(p.symbol)?.currency ?? '')
  if (isZero(p.netQty) || mark === undefined || rate === null) return ZERO
  const worth = times(abs(p.netQty), mark)
  return times(sign(p.netQty) > 0 ? minus(worth, p.cost) : minus(p.cost, worth), rate)
}

/** An order that asks to be counted as if it waited already. */
export type Asking = { readonly symbol: string; readonly side: Side; readonly orderQty: Qty; readonly px: Px }

/** What positions and waiting orders tie up, in account currency. Orders that shrink a position tie up nothing. */
export function tiedUp(view: View, asking: readonly Asking[] = []): Amt {
  const { book } = view
  const symbols = new Set([...book.positions.keys(), ...book.pledges.keys(), ...asking.map((a) => a.symbol)])
  let sum: Decimal = ZERO
  for (const symbol of symbols) {
    const rate = rateOf(view, view.rules.instruments.get(symbol)?.currency ?? '') ?? ONE
    const position = book.positions.get(symbol)
    const pledge = asking
      .filter((a) => a.symbol === symbol)
      .reduce((p, a) => addPledge(p, a.side, a.orderQty, a.px), pledgeIn(book, symbol))
    const mark = view.board.ticks.get(symbol)?.last
    const held = !position || isZero(position.netQty) ? ZERO : mark ? times(abs(position.netQty), mark) : position.cost
    sum = plus(sum, times(plus(held, opening(pledge, position?.netQty ?? ZERO)), rate))
  }
  return sum as Amt
}

/** The cost of what would open or enlarge: the first units against a position only close it. */
function opening(pledge: Pledge, netQty: Decimal): Decimal {
  const part = (waiting: Decimal, cost: Decimal, closes: Decimal): Decimal =>
    gt(waiting, closes) ? over(times(cost, minus(waiting, closes)), waiting, { scale: 8, rounding: 'up' }) : ZERO
  const buys = part(pledge.buyQty, pledge.buyCost, max(negate(netQty), ZERO))
  const sells = part(pledge.sellQty, pledge.sellCost, max(netQty, ZERO))
  return plus(buys, sells)
}

/** What new orders may still cost; never below zero. */
export const buyingPower = (view: View): Amt =>
  max(minus(times(equity(view), view.rules.leverage), tiedUp(view)), ZERO) as Amt

/**
 * True when the order fits, or ties up no more than is tied up already.
 * @param now the account as it is, where `view` has left out the order that is to be replaced.
 */
export function affordable(view: View, asking: readonly Asking[], now: View = view): boolean {
  const after = tiedUp(view, asking)
  return !gt(after, times(equity(view), view.rules.leverage)) || !gt(after, tiedUp(now))
}
