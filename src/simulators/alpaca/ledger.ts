import { positionIn, type Book } from '../../exchange/book.ts'
import { cash, equity, tiedUp, type View } from '../../exchange/money.ts'
import { avgCost } from '../../orders/position.ts'
import {
  abs,
  type Amt,
  dec,
  type Decimal,
  isZero,
  max,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  round,
  sign,
  times,
  ZERO,
} from '../../values/decimal.ts'
import type { WireSide } from './ask.ts'
import type { Asset } from './asset.ts'

/** 25 basis points, the first tier: bought coins arrive less by it, sold ones bring less money. */
const COIN_FEE = dec('0.0025')

/** The fee of one trade, in what is received: coins for a buy, money for a sale. Equities trade free on paper. */
export const feeOf = (asset: Asset, side: WireSide, size: Qty, price: Px): Decimal =>
  asset.class !== 'crypto'
    ? ZERO
    : side === 'buy'
      ? round(times(size, COIN_FEE), 9, 'up')
      : round(times(times(size, price), COIN_FEE), 9, 'up')

/** What fees have taken so far: coins by symbol, and money. */
export type Fees = { readonly coins: ReadonlyMap<string, Decimal>; readonly money: Decimal }
export const NO_FEES: Fees = { coins: new Map(), money: ZERO }

/** `fee` may be negative: a busted trade gives it back. */
export const plusFee = (fees: Fees, symbol: string, side: WireSide, fee: Decimal): Fees =>
  isZero(fee)
    ? fees
    : side === 'buy'
      ? { ...fees, coins: new Map(fees.coins).set(symbol, plus(fees.coins.get(symbol) ?? ZERO, fee)) }
      : { ...fees, money: plus(fees.money, fee) }

/** What is held of a symbol, fees taken off. Signed. */
export const netOf = (book: Book, fees: Fees, symbol: string): Decimal =>
  minus(positionIn(book, symbol).netQty, fees.coins.get(symbol) ?? ZERO)

export const avgEntry = (book: Book, symbol: string): Px | null => avgCost(positionIn(book, symbol))

/** The account's money, in US dollars. */
export type Money = {
  readonly cash: Amt
  readonly equity: Amt
  readonly longValue: Decimal
  readonly shortValue: Decimal
  readonly buyingPower: Decimal
  readonly regtBuyingPower: Decimal
  readonly nonMarginable: Decimal
}

/**
 * @param multiplier times equity is what may be held; what positions and waiting openings tie up is taken off.
 */
export function moneyOf(view: View, fees: Fees, multiplier: Decimal): Money {
  const own = minus(cash(view), fees.money as Amt)
  let lost: Decimal = fees.money
  for (const [symbol, coins] of fees.coins) lost = plus(lost, times(coins, view.board.ticks.get(symbol)?.last ?? ZERO))
  const worth = minus(equity(view), lost as Amt)
  let long: Decimal = ZERO
  let short: Decimal = ZERO
  for (const symbol of view.book.positions.keys()) {
    const net = netOf(view.book, fees, symbol)
    const mark = view.board.ticks.get(symbol)?.last ?? avgEntry(view.book, symbol) ?? ZERO
    if (sign(net) > 0) long = plus(long, times(net, mark))
    else short = plus(short, times(net, mark))
  }
  const tied = tiedUp(view)
  const waiting = max(minus(tied, plus(long, abs(short)) as Amt), ZERO as Amt)
  const free = (times_: Decimal): Decimal => max(minus(times(worth, times_), tied), ZERO)
  return {
    cash: own,
    equity: worth,
    longValue: long,
    shortValue: short,
    buyingPower: free(multiplier),
    regtBuyingPower: free(TWO),
    // Coins must be paid in full, and what is sold short is owed.
    nonMarginable: max(
      minus(minus(own as Decimal, waiting), over(abs(short), TWO, { scale: 9, rounding: 'up' })),
      ZERO,
    ),
  }
}
const TWO = dec('2')
