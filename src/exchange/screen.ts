import { type Instrument, tickAt } from '../orders/instrument.ts'
import { opposite, type Terms } from '../orders/terms.ts'
import { gt, gte, isMultipleOf, isZero, lt, lte, type Px, sign, text } from '../values/decimal.ts'
import { type BookOrder, lessOne, positionIn } from './book.ts'
import { affordable, rateOf, type View } from './money.ts'

type Case = {
  readonly view: View
  /** With the order that is to be replaced, which `view` is without. */
  readonly now: View
  readonly terms: Terms
  readonly instrument: Instrument
  readonly px: Px | null
  /** An exit that waits for its entry: there is no position yet. */
  readonly waits: boolean
}

/**
 * What the exchange refuses, in a broker's words; each answers null when it has nothing to say. In the order they are
 * asked: what an order is, then what it would do to the account.
 */
const SCREENS: readonly ((c: Case) => string | null)[] = [
  ({ terms, instrument }) => (instrument.tradable ? null : `asset "${terms.symbol}" is not tradable`),
  ({ terms }) => wrongShape(terms),
  ({ terms, instrument }) => wrongSize(terms, instrument),
  ({ terms, instrument }) =>
    firstOf([
      offTick('limit price', terms.price, instrument),
      offTick('stop price', terms.stopPx, instrument),
      offTick('stop price of the bracket', terms.bracket?.stopPx ?? null, instrument),
      offTick('target price of the bracket', terms.bracket?.targetPx ?? null, instrument),
    ]),
  ({ view, terms }) =>
    view.board.closed.has(terms.symbol) && (terms.timeInForce === 'IOC' || terms.timeInForce === 'FOK')
      ? `market is closed: ${terms.timeInForce} orders need an open session`
      : null,
  ({ view, terms, instrument, px }) =>
    px === null || rateOf(view, instrument.currency) === null ? `no market data for "${terms.symbol}"` : null,
  ({ terms, px }) => (terms.bracket && px !== null ? wrongBracket(terms, px) : null),
  ({ view, terms, waits }) => {
    if (!terms.reduceOnly || waits) return null
    const net = sign(positionIn(view.book, terms.symbol).netQty)
    return net === (terms.side === 'Sell' ? 1 : -1) ? null : 'reduce-only order has no position to reduce'
  },
  ({ view, terms, instrument, waits }) => {
    if (instrument.shortable || terms.side === 'Buy' || waits) return null
    return lt(positionIn(view.book, terms.symbol).netQty, terms.orderQty)
      ? `asset "${terms.symbol}" cannot be sold short`
      : null
  },
  ({ view, now, terms, px }) => {
    if (terms.reduceOnly || px === null) return null
    const { symbol, side, orderQty } = terms
    return affordable(view, [{ symbol, side, orderQty, px }], now) ? null : 'insufficient buying power'
  },
]

/**
 * The exchange's no to a new order, or null. Does not ask whether its ClOrdID is new.
 * @param instead the open order in whose place it would be.
 */
export function screen(now: View, terms: Terms, instead: BookOrder | null = null): string | null {
  const view = instead ? { ...now, book: lessOne(now.book, instead) } : now
  const instrument = view.rules.instruments.get(terms.symbol)
  if (!instrument) return `asset "${terms.symbol}" not found`
  const c: Case = { view, now, terms, instrument, px: pledgePx(view, terms), waits: instead?.state === 'Held' }
  for (const ask of SCREENS) {
    const no = ask(c)
    if (no !== null) return no
  }
  return null
}

/** What one unit is taken to cost while the order waits; null without a price of its own or a market to take one from. */
export function pledgePx({ board }: View, terms: Terms): Px | null {
  const tick = board.ticks.get(terms.symbol)
  return terms.price ?? terms.stopPx ?? (tick ? (terms.side === 'Buy' ? tick.ask : tick.bid) : null)
}

const NEEDS = {
  Market: { price: false, stopPx: false },
  Limit: { price: true, stopPx: false },
  Stop: { price: false, stopPx: true },
  StopLimit: { price: true, stopPx: true },
} as const

function wrongShape(terms: Terms): string | null {
  const { ordType, timeInForce } = terms
  for (const [field, words] of [
    ['price', 'limit price'],
    ['stopPx', 'stop price'],
  ] as const) {
    if (NEEDS[ordType][field] && terms[field] === null) return `${ordType} orders require a ${words}`
    if (!NEEDS[ordType][field] && terms[field] !== null) return `${ordType} orders must not have a ${words}`
  }
  const atOnce = timeInForce === 'IOC' || timeInForce === 'FOK'
  if (atOnce && NEEDS[ordType].stopPx) return `${timeInForce} is for market and limit orders`
  if (terms.bracket && terms.reduceOnly) return 'an order that only reduces cannot carry a bracket'
  return null
}

function wrongSize({ orderQty }: Terms, { lot, minQty, maxQty }: Instrument): string | null {
  if (isZero(orderQty) || lt(orderQty, minQty)) return `quantity must be at least ${text(minQty)}`
  if (!isMultipleOf(orderQty, lot)) return `quantity ${text(orderQty)} is not a multiple of ${text(lot)}`
  return maxQty && gt(orderQty, maxQty) ? `quantity must be at most ${text(maxQty)}` : null
}

function offTick(words: string, price: Px | null, instrument: Instrument): string | null {
  if (price === null) return null
  const tick = tickAt(instrument, price)
  if (tick === null || isZero(price)) return `invalid ${words} ${text(price)}: outside the price range`
  return isMultipleOf(price, tick) ? null : `invalid ${words} ${text(price)}: must be a multiple of ${text(tick)}`
}

/** The stop must be on the losing side of the entry, the target on the winning side. */
function wrongBracket({ side, bracket }: Terms, px: Px): string | null {
  if (!bracket) return null
  const [below, above] = side === 'Buy' ? [bracket.stopPx, bracket.targetPx] : [bracket.targetPx, bracket.stopPx]
  if (below !== null && gte(below, px)) return `bracket price ${text(below)} must be below ${text(px)}`
  return above !== null && lte(above, px) ? `bracket price ${text(above)} must be above ${text(px)}` : null
}

/** A pair closes one position: same symbol, side and size, neither with a bracket of its own. */
export function wrongPair(stop: Terms, target: Terms): string | null {
  const same = stop.symbol === target.symbol && stop.side === target.side
  if (!same) return 'the orders of a pair must have the same symbol and side'
  if (lt(stop.orderQty, target.orderQty) || gt(stop.orderQty, target.orderQty))
    return 'the orders of a pair must have the same quantity'
  if (stop.ordType !== 'Stop' && stop.ordType !== 'StopLimit') return 'a pair needs a stop'
  if (target.ordType !== 'Limit') return 'the target of a pair must be a limit order'
  if (stop.bracket || target.bracket) return 'the orders of a pair cannot carry brackets'
  const [low, high] = stop.side === 'Sell' ? [stop.stopPx, target.price] : [target.price, stop.stopPx]
  return low !== null && high !== null && gte(low, high)
    ? `stop and target of a ${opposite(stop.side) === 'Buy' ? 'long' : 'short'} position are the wrong way round`
    : null
}

const firstOf = (noes: readonly (string | null)[]): string | null => noes.find((no) => no !== null) ?? null
