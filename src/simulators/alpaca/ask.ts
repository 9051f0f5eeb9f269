import {
  type Amt,
  type Decimal,
  parseDecimal,
  type Px,
  type Qty,
  scaleOf,
  shortest,
  sign,
} from '../../values/decimal.ts'
import { badParameter, type Refusal, undecodable, unprocessable } from './refusal.ts'
import { Numeral } from './wire.ts'

export const TYPES = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'] as const
export const TIFS = ['day', 'gtc', 'opg', 'cls', 'ioc', 'fok'] as const
export type WireSide = 'buy' | 'sell'
export type WireType = (typeof TYPES)[number]
export type WireTif = (typeof TIFS)[number]
/** `''` is a simple order. */
export type WireClass = '' | 'bracket' | 'oco' | 'oto'
export type Intent = 'buy_to_open' | 'buy_to_close' | 'sell_to_open' | 'sell_to_close'

/** A new order as it was asked for, read but not yet judged. */
export type Ask = {
  readonly symbol: string
  readonly side: WireSide
  readonly type: WireType
  readonly tif: WireTif
  readonly qty: Qty | null
  readonly notional: Amt | null
  readonly limitPrice: Px | null
  readonly stopPrice: Px | null
  readonly trailPrice: Px | null
  readonly trailPercent: Decimal | null
  readonly extendedHours: boolean
  readonly clientOrderID: string | null
  readonly orderClass: WireClass
  readonly takeProfit: { readonly limitPrice: Px | null } | null
  readonly stopLoss: { readonly stopPrice: Px | null; readonly limitPrice: Px | null } | null
  readonly positionIntent: Intent | null
}

/** Another size or price for an open order; what is null stays as it is. */
export type Patch = {
  readonly qty: Qty | null
  readonly tif: WireTif | null
  readonly limitPrice: Px | null
  readonly stopPrice: Px | null
  readonly trail: Decimal | null
  readonly clientOrderID: string | null
}

class Bad extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}
const refuse = (refusal: Refusal): never => {
  throw new Bad(refusal)
}
const MALFORMED = undecodable('request body format is invalid')

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Numeral)

/** Absent, null and the empty text all mean: not given. */
function text(fields: Fields, key: string): string | null {
  const value = fields[key]
  if (value === undefined || value === null || value === '') return null
  return typeof value === 'string' ? value : refuse(MALFORMED)
}
function oneOf<T extends string>(fields: Fields, key: string, all: readonly T[], no: Refusal): T | null {
  const value = text(fields, key)
  return value === null ? null : (all.find((known) => known === value) ?? refuse(no))
}
/** Text or number; never an exponent. Zero and less are refused under the name of the field. */
function number<D extends Decimal>(fields: Fields, key: string, name = key): D | null {
  const value = fields[key]
  if (value === undefined || value === null || value === '') return null
  const source = value instanceof Numeral ? value.source : typeof value === 'string' ? value : refuse(MALFORMED)
  const read = parseDecimal(source)
  if (!read.ok) return refuse(MALFORMED)
  if (sign(read.value) <= 0) return refuse(badParameter(`${name} must be > 0`))
  return read.value as D
}
function flag(fields: Fields, key: string): boolean {
  const value = fields[key]
  return value === undefined || value === null ? false : typeof value === 'boolean' ? value : refuse(MALFORMED)
}
function part(fields: Fields, key: string): Fields | null {
  const value = fields[key]
  if (value === undefined || value === null) return null
  return isFields(value) ? value : refuse(MALFORMED)
}

/** Runs a reader; what it refused is the answer. */
function reading<T extends object>(body: unknown, read: (fields: Fields) => T): T | Refusal {
  if (!isFields(body)) return MALFORMED
  try {
    return read(body)
  } catch (thrown) {
    if (thrown instanceof Bad) return thrown.refusal
    throw thrown
  }
}

const CLASSES = ['', 'simple', 'bracket', 'oco', 'oto', 'mleg'] as const
const INTENTS = ['buy_to_open', 'buy_to_close', 'sell_to_open', 'sell_to_close'] as const

/** Reads the body of `POST /v2/orders`. Unknown keys are passed over, as Alpaca does. */
export const readAsk = (body: unknown): Ask | Refusal =>
  reading(body, (fields) => {
    const orderClass = oneOf(fields, 'order_class', CLASSES, badParameter('invalid order_class')) ?? ''
    if (orderClass === 'mleg') return refuse(unprocessable('mleg orders are for options'))
    const takeProfit = part(fields, 'take_profit')
    const stopLoss = part(fields, 'stop_loss')
    const type = oneOf(fields, 'type', TYPES, badParameter('invalid order type'))
    const tif = oneOf(fields, 'time_in_force', TIFS, badParameter('invalid time_in_force'))
    const side = oneOf(fields, 'side', ['buy', 'sell'] as const, badParameter('invalid side'))
    const ask: Ask = {
      symbol: text(fields, 'symbol') ?? refuse(badParameter('symbol is required')),
      side: side ?? refuse(badParameter('side is required')),
      type: type ?? refuse(badParameter('order type is required')),
      tif: tif ?? refuse(badParameter('time_in_force is required')),
      qty: number<Qty>(fields, 'qty'),
      notional: number<Amt>(fields, 'notional'),
      limitPrice: number<Px>(fields, 'limit_price'),
      stopPrice: number<Px>(fields, 'stop_price'),
      trailPrice: number<Px>(fields, 'trail_price'),
      trailPercent: number(fields, 'trail_percent'),
      extendedHours: flag(fields, 'extended_hours'),
      clientOrderID: clientOrderID(fields),
      orderClass: orderClass === 'simple' ? '' : orderClass,
      takeProfit: takeProfit && { limitPrice: number<Px>(takeProfit, 'limit_price', 'take_profit.limit_price') },
      stopLoss: stopLoss && {
        stopPrice: number<Px>(stopLoss, 'stop_price', 'stop_loss.stop_price'),
        limitPrice: number<Px>(stopLoss, 'limit_price', 'stop_loss.limit_price'),
      },
      positionIntent: oneOf(fields, 'position_intent', INTENTS, badParameter('invalid position_intent')),
    }
    // An OCO has no limit of its own: the target is the order.
    const whole =
      ask.orderClass === 'oco' && ask.type === 'limit'
        ? { ...ask, limitPrice: ask.takeProfit?.limitPrice ?? null }
        : ask
    const wrong = ask.orderClass === 'oco' ? null : wrongPrices(whole)
    const no = wrong ?? wrongAmount(whole)
    return no ? refuse(no) : whole
  })

/** Reads the body of `PATCH /v2/orders/{order_id}`. */
export const readPatch = (body: unknown): Patch | Refusal =>
  reading(body, (fields) => ({
    qty: number<Qty>(fields, 'qty'),
    tif: oneOf(fields, 'time_in_force', TIFS, badParameter('invalid time_in_force')),
    limitPrice: number<Px>(fields, 'limit_price'),
    stopPrice: number<Px>(fields, 'stop_price'),
    trail: number(fields, 'trail'),
    clientOrderID: clientOrderID(fields),
  }))

/** 128 is in the specification of 2026-06; older pages said 48. */
function clientOrderID(fields: Fields): string | null {
  const id = text(fields, 'client_order_id')
  return id !== null && id.length > 128
    ? refuse(badParameter('client_order_id must be no more than 128 characters'))
    : id
}

function wrongPrices({ type, limitPrice, stopPrice, trailPrice, trailPercent }: Ask): Refusal | null {
  switch (type) {
    case 'market':
      return limitPrice || stopPrice ? badParameter('market orders require no stop or limit price') : null
    case 'limit':
      if (stopPrice) return badParameter('limit orders require no stop price')
      return limitPrice ? null : badParameter('limit orders require a limit price')
    case 'stop':
      if (limitPrice) return badParameter('stop orders require no limit price')
      return stopPrice ? null : badParameter('stop orders require a stop price')
    case 'stop_limit':
      return limitPrice && stopPrice ? null : badParameter('stop limit orders require both stop and limit price')
    case 'trailing_stop':
      if (trailPrice && trailPercent)
        return badParameter('trailing stop orders require trail_price or trail_percent, not both')
      return trailPrice || trailPercent
        ? null
        : badParameter('trailing stop orders require trail_price or trail_percent')
  }
}

function wrongAmount({ qty, notional }: Ask): Refusal | null {
  if (!qty && !notional) return badParameter('qty or notional is required')
  if (qty && notional) return badParameter('only one of qty or notional is accepted')
  const places = (d: Decimal): number => {
    const fraction = shortest(d).split('.')[1]
    return fraction?.length ?? 0
  }
  if (qty && scaleOf(qty) > 9 && places(qty) > 9) return unprocessable('qty must be limited to 9 decimal places')
  return notional && places(notional) > 2 ? unprocessable('notional value must be limited to 2 decimal places') : null
}
