import { z } from 'zod'
import type { Outgoing } from '../../orders/outgoing.ts'
import { type Decimal, parseDecimal, plus, type Px, type Qty, ZERO } from '../../values/decimal.ts'

// The body of a request, read back before it leaves. On purpose it shares nothing with requests.ts, which wrote it: what one
// of them gets wrong the other does not repeat.

const figure = z.string().transform((text, ctx): Decimal => {
  const parsed = parseDecimal(text)
  if (parsed.ok) return parsed.value
  ctx.addIssue(`is no number: ${parsed.error}`)
  return z.NEVER
})
const bytes = z.strictObject({
  client_order_id: z.string(),
  symbol: z.string().optional(),
  qty: figure.optional(),
  side: z.enum(['buy', 'sell']).optional(),
  type: z.enum(['market', 'limit', 'stop', 'stop_limit']).optional(),
  time_in_force: z.enum(['day', 'gtc', 'ioc', 'fok']).optional(),
  limit_price: figure.optional(),
  stop_price: figure.optional(),
  position_intent: z.enum(['buy_to_close', 'sell_to_close']).optional(),
  order_class: z.enum(['bracket', 'oto']).optional(),
  stop_loss: z.strictObject({ stop_price: figure, limit_price: figure.optional() }).optional(),
  take_profit: z.strictObject({ limit_price: figure }).optional(),
})

const SIDE = { buy: 'Buy', sell: 'Sell' } as const
const TYPE = { market: 'Market', limit: 'Limit', stop: 'Stop', stop_limit: 'StopLimit' } as const
const TIF = { day: 'Day', gtc: 'GTC', ioc: 'IOC', fok: 'FOK' } as const

/** A body that says none of this, or something that nobody here knows. */
const UNREADABLE: Outgoing = { clOrdID: 'unreadable' }

/**
 * What these bytes order.
 * @param before what earlier orders of the same family filled, and the size on the wire leaves out.
 */
export function readBack(text: string, before: Decimal = ZERO): Outgoing {
  const read = bytes.safeParse(parsed(text))
  if (!read.success) return UNREADABLE
  const { client_order_id: clOrdID, symbol, qty, side, type, time_in_force: tif, ...rest } = read.data
  const { limit_price: limit = null, stop_price: stop = null, stop_loss: loss, take_profit: profit } = rest
  return {
    clOrdID,
    ...(symbol !== undefined && { symbol }),
    ...(qty !== undefined && { orderQty: plus<Decimal>(qty, before) as Qty }),
    ...(side !== undefined && { side: SIDE[side] }),
    ...(type !== undefined && { ordType: TYPE[type] }),
    ...(tif !== undefined && { timeInForce: TIF[tif] }),
    price: limit as Px | null,
    stopPx: stop as Px | null,
    bracket: loss
      ? {
          stopPx: loss.stop_price as Px,
          targetPx: (profit?.limit_price ?? null) as Px | null,
          ...(loss.limit_price && { stopLimitPx: loss.limit_price as Px }),
        }
      : null,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
