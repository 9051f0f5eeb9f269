import {
  isMultipleOf,
  lt,
  gt,
  gte,
  lte,
  dec,
  type Decimal,
  isZero,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  shortest,
  sign,
  times,
  ZERO,
  abs,
  max,
} from '../../values/decimal.ts'
import type { Tick } from '../../exchange/board.ts'
import { tickAt } from '../../orders/instrument.ts'
import type { Ask, WireSide } from './ask.ts'
import type { Asset } from './asset.ts'
import type { Settings } from './json.ts'
import type { Money } from './ledger.ts'
import { leavesOf, opposite, type Order } from './order.ts'
import { badParameter, forbidden, type Refusal, unprocessable } from './refusal.ts'
import { wireNumber } from './wire.ts'

/** Everything a new order is judged by. */
export type Case = {
  readonly ask: Ask
  /** True for an order that Alpaca makes itself to close a position. */
  readonly liquidation: boolean
  readonly asset: Asset
  readonly tick: Tick | null
  /** Wall clock of New York, `HH:MM`. */
  readonly localTime: string
  readonly settings: Settings
  readonly account: { readonly status: string; readonly blocked: boolean }
  readonly money: Money
  /** Held of the symbol, signed. */
  readonly net: Decimal
  /** Every open order of the symbol, held legs included. */
  readonly open: readonly Order[]
  /** What it may fill, once money is counted in units; null while the market shows nothing to count by. */
  readonly size: Qty | null
}
type Screen = (c: Case) => Refusal | null

const isCoin = (c: Case): boolean => c.asset.class === 'crypto'
const isComplex = (c: { readonly orderClass: string }): boolean => c.orderClass !== ''
const isFraction = ({ ask }: Case): boolean => ask.notional !== null || !isMultipleOf(ask.qty ?? ONE, ONE)
const ONE = dec('1')
const CENT = dec('0.01')

/** What opens or enlarges a position. */
const opens = ({ ask, net }: Case): boolean => sign(net) === 0 || sign(net) === (ask.side === 'buy' ? 1 : -1)

/** Asked before anything else: a suspended account is told so even about an order it has already. */
export const accountMayTrade = ({ settings, account }: Pick<Case, 'settings' | 'account'>): Refusal | null => {
  if (settings.suspend_trade) return forbidden('new orders are rejected by user request')
  return account.blocked || account.status !== 'ACTIVE' ? forbidden('account is not authorized to trade') : null
}

const assetTrades: Screen = ({ asset }) => {
  if (asset.status !== 'active') return unprocessable(`asset ${asset.symbol} is not active`)
  return asset.tradable ? null : unprocessable(`asset "${asset.symbol}" is not tradable`)
}

const coinRules: Screen = (c) => {
  if (!isCoin(c)) return null
  const { ask } = c
  if (ask.tif !== 'gtc' && ask.tif !== 'ioc') return unprocessable('invalid crypto time_in_force')
  if (ask.type === 'stop' || ask.type === 'trailing_stop') return unprocessable('invalid order type for crypto order')
  if (ask.orderClass !== '' && ask.orderClass !== 'oto') return unprocessable('crypto orders must be simple orders')
  return ask.extendedHours ? unprocessable('crypto orders must not be extended hours orders') : null
}

const fractions: Screen = (c) => {
  const { ask, asset, settings, net } = c
  if (isCoin(c) || !isFraction(c)) return null
  if (!settings.fractional_trading) return forbidden('account is not allowed to trade fractional shares')
  if (!asset.fractionable) return forbidden(`asset "${asset.symbol}" is not fractionable`)
  if (ask.tif !== 'day') return unprocessable('fractional orders must be DAY orders')
  if (isComplex(ask)) return unprocessable('fractional orders must be simple orders')
  if (ask.type === 'trailing_stop')
    return unprocessable('fractional orders must be market, limit, stop or stop_limit orders')
  return ask.side === 'sell' && sign(net) <= 0 ? unprocessable('fractional orders cannot be sold short') : null
}

const extendedHours: Screen = ({ ask }) => {
  if (!ask.extendedHours) return null
  if (isComplex(ask)) return unprocessable(`extended hours must be false for ${ask.orderClass} orders`)
  if (ask.type !== 'limit') return badParameter('only type="limit" is allowed for extended hours orders')
  return ask.tif === 'day' || ask.tif === 'gtc' ? null : unprocessable('extended hours order must be DAY limit orders')
}

/** Orders at the open or the close are for those hours only. */
const auctions: Screen = ({ ask, localTime }) => {
  if (ask.tif !== 'opg' && ask.tif !== 'cls') return null
  if (ask.type !== 'market' && ask.type !== 'limit')
    return unprocessable(`${ask.tif} orders must be market or limit orders`)
  const from = ask.tif === 'opg' ? '09:28' : '15:50'
  return localTime >= from && localTime < '19:00'
    ? unprocessable(`${ask.tif} orders are not accepted between ${from} and 19:00`)
    : null
}

const timeInForce: Screen = ({ ask }) => {
  if (isComplex(ask) && ask.tif !== 'day' && ask.tif !== 'gtc')
    return unprocessable(`${ask.orderClass} orders must be DAY or GTC orders`)
  if ((ask.tif === 'ioc' || ask.tif === 'fok') && ask.type !== 'market' && ask.type !== 'limit')
    return unprocessable(`${ask.tif} orders must be market or limit orders`)
  return ask.type === 'trailing_stop' && (isComplex(ask) || (ask.tif !== 'day' && ask.tif !== 'gtc'))
    ? unprocessable('trailing stop orders must be simple DAY or GTC orders')
    : null
}

/** @returns the refusal of a price that is no multiple of its tick. */
export function offTick(asset: Asset, name: string, price: Px | null): Refusal | null {
  if (price === null) return null
  const tick = tickAt(asset.instrument, price)
  return tick && isMultipleOf(price, tick)
    ? null
    : unprocessable(`invalid ${name} ${shortest(price)}. sub-penny increment does not fulfill minimum pricing criteria`)
}
const ticks: Screen = ({ ask, asset }) =>
  offTick(asset, 'limit_price', ask.limitPrice) ??
  offTick(asset, 'stop_price', ask.stopPrice) ??
  offTick(asset, 'take_profit.limit_price', ask.takeProfit?.limitPrice ?? null) ??
  offTick(asset, 'stop_loss.stop_price', ask.stopLoss?.stopPrice ?? null) ??
  offTick(asset, 'stop_loss.limit_price', ask.stopLoss?.limitPrice ?? null)

/** Which exits each class needs. */
const EXITS = {
  '': null,
  bracket: { target: true, stop: true },
  oco: { target: true, stop: true },
  oto: { target: false, stop: false },
} as const

const legs: Screen = (c) => {
  const { ask, net } = c
  const needs = EXITS[ask.orderClass]
  if (!needs || isCoin(c)) return null
  const target = ask.takeProfit?.limitPrice ?? null
  const stop = ask.stopLoss?.stopPrice ?? null
  if (ask.orderClass === 'oco' && ask.type !== 'limit') return unprocessable('oco orders must be limit orders')
  if (needs.target && !target) return unprocessable(`${ask.orderClass} orders require take_profit.limit_price`)
  if (needs.stop && !stop) return unprocessable(`${ask.orderClass} orders require stop_loss.stop_price`)
  if (ask.orderClass === 'oto' && (target === null) === (stop === null))
    return unprocessable('oto orders require take_profit.limit_price or stop_loss.stop_price')
  const exits = sign(net) === (ask.side === 'sell' ? 1 : -1)
  if (ask.orderClass === 'oco' && !exits) return unprocessable('oco orders must be exit orders')
  if (ask.orderClass !== 'oco' && exits) return unprocessable(`${ask.orderClass} orders must be entry orders`)
  return wrongSides(c, target, stop)
}

/** Exits lie at least one cent beyond the base price: targets where the entry gains, stops where it loses. */
function wrongSides({ ask, tick }: Case, target: Px | null, stop: Px | null): Refusal | null {
  // The exits of a purchase are sales above and below it. The two of an OCO are orders of its own side.
  const sells = (ask.orderClass === 'oco') === (ask.side === 'sell')
  const market = tick?.last ?? null
  const base = ask.limitPrice ?? ask.stopPrice ?? market
  const bound = (name: string, price: Px | null, above: boolean, from: Px | null): Refusal | null => {
    if (price === null || from === null) return null
    const edge = above ? plus(from, CENT as Px) : minus(from, CENT as Px)
    if (above ? gte(price, edge) : lte(price, edge)) return null
    const rule = above ? '>= base_price + 0.01' : '<= base_price - 0.01'
    return unprocessable(`${name} must be ${rule}`, { base_price: wireNumber(from) })
  }
  if (target && stop && (sells ? lte(target, stop) : gte(target, stop)))
    return unprocessable(`take_profit.limit_price must be ${sells ? '>' : '<'} stop_loss.stop_price`)
  return (
    bound('take_profit.limit_price', ask.orderClass === 'oco' ? null : target, sells, base) ??
    bound('stop_loss.stop_price', stop, !sells, base) ??
    bound('stop_loss.stop_price', stop, !sells, market)
  )
}

/** What one unit is taken to cost while it waits; null without a market to ask. */
export function costPx({ ask, tick }: Pick<Case, 'ask' | 'tick'>): Decimal | null {
  if (ask.side === 'buy') return ask.limitPrice ?? ask.stopPrice ?? tick?.ask ?? null
  const above = tick ? times(tick.ask, ABOVE_ASK) : null
  if (ask.limitPrice && above) return max(ask.limitPrice as Decimal, above)
  return ask.limitPrice ?? above
}
// Three per cent above the ask, whatever the limit of a short sale.
const ABOVE_ASK = dec('1.03')

const leastCost: Screen = (c) => {
  if (c.liquidation || (!isCoin(c) && !opens(c))) return null
  const px = c.ask.limitPrice ?? c.ask.stopPrice ?? c.tick?.last ?? null
  const cost = c.ask.notional ?? (px && c.size ? times(c.size, px) : null)
  const least = isCoin(c) ? '10' : '1'
  return cost && lt(cost, dec(least)) ? forbidden(`cost basis must be >= minimal amount of order ${least}`) : null
}

/** What of a position is promised to orders that would shrink it. Of a pair only the target counts. */
export function heldBy(net: Decimal, open: readonly Order[]): { readonly size: Decimal; readonly ids: string[] } {
  const side: WireSide = sign(net) > 0 ? 'sell' : 'buy'
  const holding = open.filter(
    (o) =>
      o.side === side &&
      !isZero(leavesOf(o)) &&
      !(o.parentID !== null && (o.exchangeID === null || pairedStop(o, open))),
  )
  return { size: holding.reduce((sum, o) => plus(sum, leavesOf(o) as Decimal), ZERO), ids: holding.map((o) => o.id) }
}
const pairedStop = (o: Order, open: readonly Order[]): boolean =>
  o.role === 'stop' &&
  open.some((other) => other.role === 'target' && (other.id === o.parentID || other.parentID === o.parentID))

/** An order may close what is there and not more: nothing turns from long to short in one step. */
const available: Screen = (c) => {
  const { ask, asset, net, open, size } = c
  if (size === null) return null
  if (sign(net) === 0 || opens(c)) {
    if (!isCoin(c) || ask.side === 'buy') return null
    return forbidden(insufficientCoins(asset, size, ZERO))
  }
  const held = heldBy(net, open)
  const free = max(minus(abs(net), held.size), ZERO)
  if (lte(size, free)) return null
  if (isCoin(c)) return forbidden(insufficientCoins(asset, size, free))
  return forbidden(
    `insufficient qty available for order (requested: ${wireNumber(size)}, available: ${wireNumber(free)})`,
    {
      available: wireNumber(free),
      existing_qty: wireNumber(abs(net)),
      held_for_orders: wireNumber(held.size),
      symbol: asset.symbol,
      ...(held.ids.length > 0 ? { related_orders: held.ids } : {}),
    },
  )
}
const insufficientCoins = (asset: Asset, size: Qty, free: Decimal): string =>
  `insufficient balance for ${asset.symbol.split('/')[0]} (requested: ${wireNumber(size)}, available: ${wireNumber(free)})`

const MIN_EQUITY_TO_SHORT = dec('2000')
const shortSales: Screen = (c) => {
  const { ask, asset, settings, money, net } = c
  if (isCoin(c) || ask.side === 'buy' || sign(net) > 0) return null
  if (settings.no_shorting || lt(money.equity, MIN_EQUITY_TO_SHORT)) return forbidden('account is not allowed to short')
  return asset.shortable && asset.easyToBorrow ? null : unprocessable(`asset "${asset.symbol}" cannot be sold short`)
}

/** Openings of both sides cannot wait beside each other. */
const bothWays: Screen = ({ ask, asset, net, open }) => {
  if (asset.class === 'crypto' || sign(net) !== 0) return null
  const other = open.some((o) => o.side === opposite(ask.side) && o.parentID === null && o.role === 'entry')
  if (!other) return null
  return forbidden(
    ask.side === 'sell'
      ? 'cannot open a short sell while a long buy order is open'
      : 'cannot open a long buy while a short sell order is open',
  )
}

/** Orders of one account must not trade with each other. */
const washTrade: Screen = ({ ask, open }) => {
  if (isComplex(ask) || ask.type === 'trailing_stop') return null
  const priced = (type: string): boolean => type === 'limit' || type === 'stop_limit'
  for (const o of open) {
    if (o.side === ask.side || isComplex(o) || o.type === 'trailing_stop') continue
    const [buy, sell] = ask.side === 'buy' ? [ask.limitPrice, o.limitPrice] : [o.limitPrice, ask.limitPrice]
    const free = priced(ask.type) && priced(o.type)
    if (free && (buy === null || sell === null || lt(buy, sell))) continue
    return forbidden('potential wash trade detected. use complex orders', {
      existing_order_id: o.id,
      reject_reason: `opposite side ${free ? 'limit' : 'market/stop'} order exists`,
    })
  }
  return null
}

const buyingPower: Screen = (c) => {
  if (!opens(c) || c.liquidation) return null
  const px = costPx(c)
  const cost = c.ask.notional ?? (px && c.size ? times(c.size, px) : null)
  const has = isCoin(c) ? c.money.nonMarginable : c.money.buyingPower
  if (cost === null || !gt(cost, has)) return null
  return insufficientBuyingPower(has, cost)
}
export const insufficientBuyingPower = (has: Decimal, cost: Decimal): Refusal =>
  forbidden('insufficient buying power', { buying_power: wireNumber(has, 2), cost_basis: wireNumber(cost) })

const priceToGoBy: Screen = ({ size, asset }) =>
  size === null
    ? unprocessable(`no quote available for ${asset.symbol}`)
    : isZero(size)
      ? badParameter('qty must be > 0')
      : null

/** In the order they are asked: is this an order, does it fit what is there, can it be paid. */
const SCREENS: readonly Screen[] = [
  assetTrades,
  coinRules,
  timeInForce,
  fractions,
  extendedHours,
  auctions,
  ticks,
  legs,
  priceToGoBy,
  leastCost,
  available,
  shortSales,
  bothWays,
  washTrade,
  buyingPower,
]

/** Alpaca's no to a new order, or null. Whether its name is new is asked elsewhere. */
export function screen(c: Case): Refusal | null {
  for (const ask of SCREENS) {
    const no = ask(c)
    if (no) return no
  }
  return null
}

/** The size of an order in units: money is counted at its limit or at the far side, nine places, down. */
export function sizeOf(ask: Ask, tick: Tick | null): Qty | null {
  if (ask.qty) return ask.qty
  const px = ask.limitPrice ?? (ask.side === 'buy' ? tick?.ask : tick?.bid) ?? null
  return px && ask.notional ? (over(ask.notional, px, { scale: 9, rounding: 'down' }) as Qty) : null
}
