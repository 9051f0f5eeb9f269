import type { AssetClass } from '../../orders/instrument.ts'
import type { Terms } from '../../orders/terms.ts'
import { capabilitiesFor } from '../../ports/broker.ts'
import type { ClOrdID, OrderID } from '../../values/brand.ts'
import { type Decimal, eq, shortest, text } from '../../values/decimal.ts'
import { CAPABILITIES } from './capabilities.ts'
import type { AlpacaOrder } from './parse.ts'

const TYPE = { Market: 'market', Limit: 'limit', Stop: 'stop', StopLimit: 'stop_limit' } as const
const TIME_IN_FORCE = { Day: 'day', GTC: 'gtc', IOC: 'ioc', FOK: 'fok' } as const

type Body = { readonly [key: string]: string | Body }

/** `POST /v2/orders`. Numbers are text there, as everywhere: no float comes near them. */
export function submitBody(clOrdID: ClOrdID, order: Terms, assetClass: AssetClass): Body {
  // Whether exits travel with the entry is said per class in capabilities.ts; elsewhere the gateway places its own stop.
  const bracket = capabilitiesFor(CAPABILITIES, assetClass).bracket ? order.bracket : null
  return {
    symbol: order.symbol,
    qty: shortest(order.orderQty),
    side: order.side === 'Buy' ? 'buy' : 'sell',
    type: TYPE[order.ordType],
    time_in_force: TIME_IN_FORCE[order.timeInForce],
    client_order_id: clOrdID,
    ...(order.price && { limit_price: shortest(order.price) }),
    ...(order.stopPx && { stop_price: shortest(order.stopPx) }),
    // An exit that finds nothing to close is refused instead of opening the other side.
    ...(order.reduceOnly &&
      assetClass === 'us_equity' && { position_intent: order.side === 'Buy' ? 'buy_to_close' : 'sell_to_close' }),
    ...(bracket && {
      // A bracket needs both exits; with the stop alone it is one-triggers-other.
      order_class: bracket.targetPx ? 'bracket' : 'oto',
      stop_loss: {
        stop_price: shortest(bracket.stopPx),
        ...(bracket.stopLimitPx && { limit_price: shortest(bracket.stopLimitPx) }),
      },
      ...(bracket.targetPx && { take_profit: { limit_price: shortest(bracket.targetPx) } }),
    }),
  }
}

/** `PATCH /v2/orders/{id}`. `qty` is what both orders together may fill. */
export const replaceBody = (clOrdID: ClOrdID, order: Terms): Body => ({
  qty: shortest(order.orderQty),
  time_in_force: TIME_IN_FORCE[order.timeInForce],
  client_order_id: clOrdID,
  ...(order.price && { limit_price: shortest(order.price) }),
  ...(order.stopPx && { stop_price: shortest(order.stopPx) }),
})

/**
 * In what an order at Alpaca differs from the one that was meant, in words; empty when it is that one.
 * @param replaces the order it was meant to replace. Then its size says nothing: what was filled before may be in it.
 */
export function differences(there: AlpacaOrder, meant: Terms, replaces: OrderID | null): string[] {
  const { terms } = there
  const said = (d: Decimal | null): string => (d === null ? 'none' : text(d))
  const number = (a: Decimal | null, b: Decimal | null): boolean => (a && b ? eq(a, b) : a === b)
  // Alpaca works a stop that buys as a stop-limit with a limit of its own: "Placing Orders", Stop Orders.
  const converted = meant.ordType === 'Stop' && meant.side === 'Buy' && terms.ordType === 'StopLimit'
  const rows: readonly (readonly [what: string, same: boolean, there: string, meant: string])[] = [
    ['symbol', terms.symbol === meant.symbol, terms.symbol, meant.symbol],
    ['side', terms.side === meant.side, terms.side, meant.side],
    ['type', terms.ordType === meant.ordType || converted, terms.ordType, meant.ordType],
    ['replaced order', there.replaces === replaces, there.replaces ?? 'none', replaces ?? 'none'],
    ['size', replaces !== null || number(terms.orderQty, meant.orderQty), said(terms.orderQty), said(meant.orderQty)],
    ['limit', number(terms.price, meant.price) || converted, said(terms.price), said(meant.price)],
    ['stop', number(terms.stopPx, meant.stopPx), said(terms.stopPx), said(meant.stopPx)],
  ]
  return rows.flatMap(([what, same, a, b]) => (same ? [] : [`${what} ${a} instead of ${b}`]))
}
