import type { Book } from '../../exchange/book.ts'
import type { Board } from '../../exchange/board.ts'
import {
  abs,
  dec,
  type Decimal,
  isZero,
  minus,
  over,
  plus,
  round,
  shortest,
  sign,
  times,
} from '../../values/decimal.ts'
import { type Asset, positionSymbol } from './asset.ts'
import { avgEntry, type Fees, type Money, netOf } from './ledger.ts'
import { filledAvgPrice, type Order } from './order.ts'
import { type Stamp, toMicros, wireNumber, wireNumberOrNull, wireTime, wireTimeOrNull } from './wire.ts'

export type Json = Record<string, unknown>

/** `Order` of the specification; `legs` is null unless they are asked for and there are any. */
export function orderJson(order: Order, asset: Asset, legs: readonly Json[] | null): Json {
  return {
    id: order.id,
    client_order_id: order.clientOrderID,
    created_at: wireTime(order.createdAt),
    updated_at: wireTime(order.updatedAt),
    submitted_at: wireTime(order.submittedAt),
    filled_at: wireTimeOrNull(order.filledAt),
    expired_at: wireTimeOrNull(order.expiredAt),
    expires_at: wireTime(order.expiresAt),
    canceled_at: wireTimeOrNull(order.canceledAt),
    failed_at: wireTimeOrNull(order.failedAt),
    replaced_at: wireTimeOrNull(order.replacedAt),
    replaced_by: order.replacedBy,
    replaces: order.replaces,
    asset_id: asset.id,
    symbol: order.symbol,
    asset_class: asset.class,
    notional: wireNumberOrNull(order.notional),
    qty: order.notional ? null : wireNumber(order.qty),
    filled_qty: wireNumber(order.filledQty),
    filled_avg_price: wireNumberOrNull(filledAvgPrice(order)),
    order_class: order.orderClass,
    order_type: order.type,
    type: order.type,
    side: order.side,
    position_intent: order.positionIntent,
    time_in_force: order.tif,
    limit_price: wireNumberOrNull(order.limitPrice),
    stop_price: wireNumberOrNull(order.stopPrice),
    status: order.odd ?? order.status,
    extended_hours: order.extendedHours,
    legs: legs && legs.length > 0 ? legs : null,
    trail_percent: wireNumberOrNull(order.trailPercent),
    trail_price: wireNumberOrNull(order.trailPrice),
    hwm: wireNumberOrNull(order.hwm),
    subtag: null,
    source: null,
    ...(order.cancelRequestedAt ? { cancel_requested_at: wireTime(order.cancelRequestedAt) } : {}),
  }
}

/** `Position`; null when nothing is held. `lastday` is what the symbol showed when the day began. */
export function positionJson(
  asset: Asset,
  now: { readonly book: Book; readonly board: Board; readonly fees: Fees },
  held: Decimal,
  lastday: Decimal | null,
): Json | null {
  const net = netOf(now.book, now.fees, asset.symbol)
  const avg = avgEntry(now.book, asset.symbol)
  if (isZero(net) || avg === null) return null
  const mark = now.board.ticks.get(asset.symbol)?.last ?? avg
  const value = times(net, mark)
  const cost = times(net, avg)
  const gain = minus(value, cost)
  const share = (part: Decimal, whole: Decimal): string =>
    isZero(whole) ? '0' : shortest(over(part, abs(whole), { scale: 12, rounding: 'half-even' }))
  const before = lastday ?? mark
  const plpc = share(gain, cost)
  return {
    asset_id: asset.id,
    symbol: positionSymbol(asset),
    exchange: asset.exchange,
    asset_class: asset.class,
    asset_marginable: asset.class === 'us_equity',
    qty: wireNumber(net),
    qty_available: wireNumber(sign(net) > 0 ? minus(net, held) : plus(net, held)),
    avg_entry_price: wireNumber(avg),
    side: sign(net) > 0 ? 'long' : 'short',
    market_value: wireNumber(value),
    cost_basis: wireNumber(cost),
    unrealized_pl: wireNumber(gain),
    unrealized_plpc: plpc,
    unrealized_intraday_pl: wireNumber(gain),
    unrealized_intraday_plpc: plpc,
    current_price: wireNumber(mark),
    lastday_price: wireNumber(before),
    change_today: share(minus(mark as Decimal, before), before),
  }
}

/** What an account is and what its owner and its broker allow. */
export type Settings = {
  readonly disable_overnight_trading: boolean
  readonly fractional_trading: boolean
  readonly max_margin_multiplier: string
  readonly max_options_trading_level: number
  readonly no_shorting: boolean
  readonly ptp_no_exception_entry: boolean
  readonly suspend_trade: boolean
  readonly trade_confirm_email: string
}
export const DEFAULT_SETTINGS: Settings = {
  disable_overnight_trading: false,
  fractional_trading: true,
  max_margin_multiplier: '4',
  max_options_trading_level: 3,
  no_shorting: false,
  ptp_no_exception_entry: false,
  suspend_trade: false,
  trade_confirm_email: 'all',
}

export type Identity = {
  readonly id: string
  readonly number: string
  readonly createdAt: Stamp
  readonly status: string
  readonly blocked: boolean
}

/** `Account`, with the keys it had in 2026-10: those of day-trade counting are gone since 2026-07-06. */
export function accountJson(who: Identity, money: Money, settings: Settings): Json {
  const invested = minus(money.longValue, money.shortValue)
  const cents = (d: Decimal): string => shortest(round(d, 2, 'down'))
  const initial = wireNumber(times(invested, HALF))
  const maintenance = wireNumber(times(invested, THREE_TENTHS))
  const equity = wireNumber(money.equity)
  return {
    id: who.id,
    admin_configurations: {},
    user_configurations: null,
    account_number: who.number,
    status: who.status,
    crypto_status: who.status,
    options_approved_level: 3,
    options_trading_level: settings.max_options_trading_level,
    currency: 'USD',
    buying_power: cents(money.buyingPower),
    regt_buying_power: cents(money.regtBuyingPower),
    effective_buying_power: cents(money.buyingPower),
    non_marginable_buying_power: cents(money.nonMarginable),
    options_buying_power: cents(money.nonMarginable),
    cash: shortest(round(money.cash, 2, 'half-even')),
    accrued_fees: '0',
    portfolio_value: equity,
    trading_blocked: who.blocked,
    transfers_blocked: false,
    account_blocked: who.blocked,
    created_at: toMicros(who.createdAt),
    trade_suspended_by_user: settings.suspend_trade,
    multiplier: settings.max_margin_multiplier,
    shorting_enabled: !settings.no_shorting,
    equity,
    last_equity: equity,
    long_market_value: wireNumber(money.longValue),
    short_market_value: wireNumber(money.shortValue),
    position_market_value: wireNumber(invested),
    initial_margin: initial,
    maintenance_margin: maintenance,
    last_maintenance_margin: maintenance,
    sma: equity,
    balance_asof: who.createdAt.slice(0, 10),
    crypto_tier: 1,
    intraday_adjustments: '0',
    pending_reg_taf_fees: '0',
  }
}
const HALF = dec('0.5')
const THREE_TENTHS = dec('0.3')
