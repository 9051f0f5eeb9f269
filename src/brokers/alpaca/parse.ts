import type { DailyBar } from '../../gate/days.ts'
import type { AccountFact } from '../../gate/facts.ts'
import type { Instrument } from '../../orders/instrument.ts'
import type { OrdType, Terms, TimeInForce } from '../../orders/terms.ts'
import type { ClOrdID, OrderID } from '../../values/brand.ts'
import {
  abs,
  type Amt,
  amt,
  type Decimal,
  dec,
  eq,
  isZero,
  MAX_INTEGER_DIGITS,
  MAX_SCALE,
  px,
  type Px,
  type Qty,
  qty,
  round,
  scaleOf,
  sign,
  toStep,
} from '../../values/decimal.ts'
import { type Instant, parseInstant } from '../../values/instant.ts'
import { Numeral } from '../../values/json.ts'

/** Their JSON says something that the documentation does not allow. Asking again will not help. */
export class Malformed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Malformed'
  }
}

// ---- fields ----

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Numeral)

function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new Malformed(`${what} is not an object`)
  return value
}

/** @throws {Malformed} when it is not a list. */
export function listOf<T>(value: unknown, what: string, item: (value: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new Malformed(`${what} is not a list`)
  return value.map(item)
}

/** What is missing, null or empty is all the same to Alpaca; where we need it, it is malformed. */
function maybeText(f: Fields, key: string): string | null {
  const value = f[key]
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string') return value
  if (value instanceof Numeral) return value.source
  throw new Malformed(`${key} is neither text nor a number`)
}
function textOf(f: Fields, key: string): string {
  const value = maybeText(f, key)
  if (value === null) throw new Malformed(`${key} is missing`)
  return value
}
const flag = (f: Fields, key: string): boolean => f[key] === true

function maybeTime(f: Fields, key: string): Instant | null {
  const text = maybeText(f, key)
  if (text === null) return null
  const at = parseInstant(text)
  if (at === null) throw new Malformed(`${key} is not a time: ${text.slice(0, 40)}`)
  return at
}
function timeOf(f: Fields, key: string): Instant {
  const at = maybeTime(f, key)
  if (at === null) throw new Malformed(`${key} is missing`)
  return at
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?$/

/** A number as JSON or a string writes it, exponents included, with every digit. Null when it is none. */
function digits(source: string): Decimal | null {
  const m = NUMBER.exec(source)
  if (!m) return null
  const [, minus = '', whole = '', fraction = '', exponent = '0'] = m
  const shift = Number(exponent)
  const all = whole + fraction
  const point = whole.length + shift
  const padded = point <= 0 ? '0'.repeat(1 - point) + all : all.padEnd(point, '0')
  const at = point <= 0 ? 1 : point
  const tail = padded.slice(at)
  if (padded.slice(0, at).replace(/^0+/, '').length > MAX_INTEGER_DIGITS) return null
  return dec(`${minus}${padded.slice(0, at)}${tail === '' ? '' : `.${tail}`}`)
}

function maybeDecimal(f: Fields, key: string): Decimal | null {
  const text = maybeText(f, key)
  if (text === null) return null
  const value = digits(text)
  if (value === null) throw new Malformed(`${key} is not a number: ${text.slice(0, 40)}`)
  return value
}
function decimalOf(f: Fields, key: string): Decimal {
  const value = maybeDecimal(f, key)
  if (value === null) throw new Malformed(`${key} is missing`)
  return value
}
/** Sizes count: a digit that we could not keep would be a share that we do not see. Zeros may go. */
function exact(value: Decimal, key: string): Decimal {
  if (scaleOf(value) <= MAX_SCALE) return value
  const kept = round(value, MAX_SCALE, 'down')
  if (!eq(kept, value)) throw new Malformed(`${key} has more than ${MAX_SCALE} digits after the point`)
  return kept
}
/** Prices and money beyond our places are averages or float noise. */
const near = (value: Decimal): Decimal => (scaleOf(value) <= MAX_SCALE ? value : round(value, MAX_SCALE, 'half-even'))

const qtyOf = (f: Fields, key: string): Qty => abs(exact(decimalOf(f, key), key)) as Qty
const maybeQty = (f: Fields, key: string): Qty | null => (maybeText(f, key) === null ? null : qtyOf(f, key))
const pxOf = (f: Fields, key: string): Px => near(decimalOf(f, key)) as Px
const maybePx = (f: Fields, key: string): Px | null => (maybeText(f, key) === null ? null : pxOf(f, key))
const amtOf = (f: Fields, key: string): Amt => near(decimalOf(f, key)) as Amt

// ---- orders ----

/** One order as Alpaca holds it, with the legs that it made for it. */
export type AlpacaOrder = {
  readonly orderID: OrderID
  /** Whoever chose it. `clOrdID` is null when Alpaca did. */
  readonly clientOrderID: string
  readonly clOrdID: ClOrdID | null
  /** As it came; the list is open. */
  readonly status: string
  /** `simple`, `bracket`, `oco`, `oto`, `mleg`. */
  readonly orderClass: string
  readonly assetClass: string
  readonly terms: Terms
  readonly cumQty: Qty
  readonly bornAt: Instant
  readonly updatedAt: Instant
  readonly canceledAt: Instant | null
  readonly expiredAt: Instant | null
  readonly failedAt: Instant | null
  readonly replacedAt: Instant | null
  readonly replacedBy: OrderID | null
  readonly replaces: OrderID | null
  readonly legs: readonly AlpacaOrder[]
}

/** Alpaca names what it makes itself, legs and liquidations, by a UUID. Ours never look like one. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const ourName = (clientOrderID: string): ClOrdID | null =>
  clientOrderID === '' || UUID.test(clientOrderID) ? null : (clientOrderID as ClOrdID)

const ORD_TYPE: Readonly<Record<string, OrdType>> = {
  market: 'Market',
  limit: 'Limit',
  stop: 'Stop',
  stop_limit: 'StopLimit',
  // Made by other hands: it is a stop whose price moves.
  trailing_stop: 'Stop',
}
const TIME_IN_FORCE: Readonly<Record<string, TimeInForce>> = { day: 'Day', gtc: 'GTC', ioc: 'IOC', fok: 'FOK' }

/** @throws {Malformed} */
export const parseOrder = (value: unknown): AlpacaOrder => orderOf(value, false)

function orderOf(value: unknown, isLeg: boolean): AlpacaOrder {
  const f = fieldsOf(value, 'the order')
  const orderID = textOf(f, 'id') as OrderID
  const legs = Array.isArray(f['legs']) ? f['legs'].map((leg) => orderOf(leg, true)) : []
  const clientOrderID = maybeText(f, 'client_order_id') ?? ''
  const createdAt = maybeTime(f, 'created_at')
  const submittedAt = maybeTime(f, 'submitted_at')
  const bornAt = createdAt ?? submittedAt
  if (bornAt === null) throw new Malformed(`order ${orderID} has neither created_at nor submitted_at`)
  const replacedBy = maybeText(f, 'replaced_by')
  const replaces = maybeText(f, 'replaces')
  return {
    orderID,
    clientOrderID,
    clOrdID: ourName(clientOrderID),
    status: textOf(f, 'status'),
    orderClass: maybeText(f, 'order_class') ?? 'simple',
    assetClass: maybeText(f, 'asset_class') ?? legs[0]?.assetClass ?? 'unknown',
    terms: termsOf(f, legs, isLeg),
    cumQty: maybeQty(f, 'filled_qty') ?? qty('0'),
    // Of the two the one that never changes: a leg that waits is submitted later than it is created.
    bornAt,
    updatedAt: maybeTime(f, 'updated_at') ?? bornAt,
    canceledAt: maybeTime(f, 'canceled_at'),
    expiredAt: maybeTime(f, 'expired_at'),
    failedAt: maybeTime(f, 'failed_at'),
    replacedAt: maybeTime(f, 'replaced_at'),
    replacedBy: replacedBy as OrderID | null,
    replaces: replaces as OrderID | null,
    legs,
  }
}

function termsOf(f: Fields, legs: readonly AlpacaOrder[], isLeg: boolean): Terms {
  const price = maybePx(f, 'limit_price')
  const stopPx = maybePx(f, 'stop_price')
  const type = maybeText(f, 'type') ?? maybeText(f, 'order_type') ?? ''
  const ordType = ORD_TYPE[type] ?? (stopPx ? (price ? 'StopLimit' : 'Stop') : price ? 'Limit' : 'Market')
  const stop = legs.find((leg) => leg.terms.stopPx !== null)
  const target = legs.find((leg) => leg.terms.stopPx === null)
  const entry = f['order_class'] === 'bracket' || f['order_class'] === 'oto'
  return {
    // An order of several option legs has no symbol of its own; it is always made by other hands.
    symbol: maybeText(f, 'symbol') ?? legs[0]?.terms.symbol ?? 'unknown',
    side: (maybeText(f, 'side') ?? legs[0]?.terms.side ?? 'buy').toLowerCase().startsWith('sell') ? 'Sell' : 'Buy',
    ordType,
    // What is good at the open or the close ends with the day.
    timeInForce: TIME_IN_FORCE[maybeText(f, 'time_in_force') ?? ''] ?? 'Day',
    // An order by amount, made by other hands, has no size until it fills.
    orderQty: maybeQty(f, 'qty') ?? maybeQty(f, 'filled_qty') ?? qty('0'),
    price,
    stopPx,
    bracket: entry && stop?.terms.stopPx ? { stopPx: stop.terms.stopPx, targetPx: target?.terms.price ?? null } : null,
    reduceOnly: isLeg || (maybeText(f, 'position_intent') ?? '').endsWith('_to_close'),
  }
}

/** Whether an order of this status can still trade. `known` is false for a word that is not in the documentation. */
export function lifeOf(status: string): { readonly open: boolean; readonly known: boolean } {
  if (ENDED.has(status)) return { open: false, known: true }
  return { open: true, known: WORKING.has(status) }
}
const ENDED = new Set(['filled', 'canceled', 'expired', 'rejected', 'replaced'])
/** `done_for_day` may resume the next day, and `calculated` may still be either: neither is an end. */
const WORKING = new Set([
  'accepted',
  'pending_new',
  'new',
  'accepted_for_bidding',
  'stopped',
  'suspended',
  'held',
  'partially_filled',
  'pending_cancel',
  'pending_replace',
  'done_for_day',
  'calculated',
  'pending_review',
])

// ---- executions ----

/** One line of `GET /v2/account/activities/FILL`. */
export type Fill = {
  readonly activityID: string
  readonly orderID: OrderID
  readonly symbol: string
  readonly lastQty: Qty
  readonly lastPx: Px
  /** What the order had filled after it. */
  readonly cumQty: Qty
  readonly at: Instant
}

/** Null for an activity that is no fill. The day in front of its id is New York's: never read. @throws {Malformed} */
export function parseFill(value: unknown): Fill | null {
  const f = fieldsOf(value, 'the activity')
  if (maybeText(f, 'activity_type') !== 'FILL') return null
  return {
    activityID: textOf(f, 'id'),
    orderID: textOf(f, 'order_id') as OrderID,
    symbol: textOf(f, 'symbol'),
    lastQty: qtyOf(f, 'qty'),
    lastPx: pxOf(f, 'price'),
    cumQty: qtyOf(f, 'cum_qty'),
    at: timeOf(f, 'transaction_time'),
  }
}

/** One trade, bust or correction of `GET /v2beta1/events/activities`. */
export type TradeEvent = {
  readonly eventID: string
  /** FIX ExecID of Alpaca's own; what a bust or correction refers to. */
  readonly executionID: string
  readonly previousID: string | null
  readonly kind: 'fill' | 'trade_bust' | 'trade_correct'
  readonly orderID: OrderID
  readonly symbol: string
  readonly lastQty: Qty | null
  readonly lastPx: Px | null
  readonly cumQty: Qty | null
  /** When it was executed; of a bust or correction, when that was made. */
  readonly at: Instant
}

const EXECUTIONS = new Set(['fill', 'trade_bust', 'trade_correct'])

/** Null for what is about no order, such as a dividend. @throws {Malformed} also on a kind of execution that we do not know. */
export function parseTradeEvent(value: unknown): TradeEvent | null {
  const f = fieldsOf(value, 'the event')
  if (!isFields(f['details'])) return null
  const details = f['details']
  const kind = maybeText(details, 'execution_type')
  const orderID = maybeText(details, 'order_id')
  if (kind === null || orderID === null) return null
  const known = kind === 'partial_fill' ? 'fill' : kind
  if (!EXECUTIONS.has(known)) throw new Malformed(`execution_type ${kind.slice(0, 40)} is none that we know`)
  return {
    eventID: textOf(f, 'event_id'),
    executionID: textOf(f, 'ref_id'),
    previousID: maybeText(f, 'previous_id'),
    kind: known as TradeEvent['kind'],
    orderID: orderID as OrderID,
    symbol: textOf(details, 'symbol'),
    lastQty: maybeQty(f, 'qty'),
    lastPx: maybePx(f, 'price'),
    cumQty: maybeQty(details, 'cum_qty'),
    at: known === 'fill' ? (maybeTime(f, 'executed_at') ?? timeOf(f, 'at')) : timeOf(f, 'at'),
  }
}

/**
 * The `data:` payloads of a text/event-stream, in order. What is behind a colon at the start of a line is a comment.
 * `complaints` are the comments that say that something is missing.
 */
export function parseEventStream(body: string): { readonly data: string[]; readonly complaints: string[] } {
  const data: string[] = []
  const complaints: string[] = []
  let lines: string[] = []
  const end = (): void => {
    if (lines.length > 0) data.push(lines.join('\n'))
    lines = []
  }
  for (const line of body.split(/\r\n|\r|\n/)) {
    if (line === '') end()
    else if (line.startsWith('data:')) lines.push(line.slice(5).replace(/^ /, ''))
    else if (/^:.*(dropped|error)/.test(line)) complaints.push(line.slice(1).trim())
  }
  end()
  return { data, complaints }
}

// ---- the stream ----

export type Frame =
  | { readonly kind: 'authorization'; readonly authorized: boolean }
  | { readonly kind: 'listening'; readonly streams: readonly string[] }
  | { readonly kind: 'update'; readonly update: Update }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'other'; readonly text: string }

/** One event of `trade_updates`. */
export type Update = {
  readonly event: string
  readonly order: AlpacaOrder
  readonly executionID: string | null
  readonly previousID: string | null
  /** Price and size of this execution alone. */
  readonly lastPx: Px | null
  readonly lastQty: Qty | null
  readonly at: Instant | null
  readonly reason: string | null
}

/** Older frames say `filled` where newer ones say `fill`. */
const EVENT: Readonly<Record<string, string>> = { filled: 'fill', partially_filled: 'partial_fill' }

/** @throws {Malformed} */
export function parseFrame(value: unknown): Frame {
  const f = fieldsOf(value, 'the frame')
  const data = isFields(f['data']) ? f['data'] : {}
  if (f['action'] === 'error' || f['stream'] === 'error')
    return { kind: 'error', text: (maybeText(data, 'error_message') ?? 'no reason given').slice(0, 200) }
  switch (f['stream']) {
    case 'authorization':
      return { kind: 'authorization', authorized: data['status'] === 'authorized' }
    case 'listening':
      return {
        kind: 'listening',
        streams: Array.isArray(data['streams'])
          ? data['streams'].filter((s): s is string => typeof s === 'string')
          : [],
      }
    case 'trade_updates': {
      const event = textOf(data, 'event')
      return {
        kind: 'update',
        update: {
          event: EVENT[event] ?? event,
          order: parseOrder(data['order']),
          executionID: maybeText(data, 'execution_id'),
          previousID: maybeText(data, 'previous_execution_id'),
          lastPx: maybePx(data, 'price'),
          lastQty: maybeQty(data, 'qty'),
          at: maybeTime(data, 'timestamp') ?? maybeTime(data, 'at'),
          reason: maybeText(data, 'reason'),
        },
      }
    }
    default:
      return { kind: 'other', text: maybeText(f, 'stream')?.slice(0, 80) ?? 'no stream' }
  }
}

// ---- refusals and lists of answers ----

/** The broker's no. `text` is what people read: status, code, message verbatim, and the figures that came with it. */
export type Refusal = {
  readonly status: number
  readonly code: string | null
  readonly message: string
  readonly text: string
}

/** Null when the body is no refusal of Alpaca's: a proxy's page, nothing, or something else. */
export function parseRefusal(status: number, value: unknown): Refusal | null {
  if (!isFields(value)) return null
  const code = scalar(value['code'])
  const message = scalar(value['message'])
  if (code === null && message === null) return null
  const figures = Object.entries(value)
    .filter(([key]) => key !== 'code' && key !== 'message')
    .flatMap(([key, raw]) => {
      const said = scalar(raw)
      return said === null ? [] : [`${key} ${said}`]
    })
    .slice(0, 8)
  const head = [String(status), ...(code === null ? [] : [code])].join(' ')
  const said = message ?? 'no message'
  return {
    status,
    code,
    message: said,
    text: `${head}: ${said}${figures.length === 0 ? '' : ` (${figures.join(', ')})`}`,
  }
}
function scalar(value: unknown): string | null {
  if (typeof value === 'string') return value.slice(0, 500)
  if (typeof value === 'boolean') return String(value)
  return value instanceof Numeral ? value.source : null
}

/** One line of a 207. `name` is the order's id or the position's symbol. */
export type Item = { readonly name: string; readonly status: number; readonly body: unknown }

/** @throws {Malformed} */
export const parseItems = (value: unknown): Item[] =>
  listOf(value, 'the answer', (each) => {
    const f = fieldsOf(each, 'the item')
    const status = Number(textOf(f, 'status'))
    if (!Number.isInteger(status)) throw new Malformed('the status of an item is no number')
    return { name: maybeText(f, 'id') ?? textOf(f, 'symbol'), status, body: f['body'] ?? null }
  })

// ---- account, positions, assets, market ----

export type AlpacaAccount = {
  readonly accountID: string
  readonly name: string
  readonly currency: string
  readonly fact: Omit<AccountFact, 'account' | 'at'>
  /** Why it may not trade freely, in Alpaca's words; empty when it may. */
  readonly flags: readonly string[]
}

const OF_DAY_TRADING = ['pattern_day_trader', 'daytrade_count', 'daytrading_buying_power']

/**
 * What stops new orders blocks; what lets a person trade on, or again by a switch of his own, restricts. A status that we
 * do not know blocks. The fields of day trading are gone since 2026-07: what one
 * says is never read, and that it is there at all tells of the old rule.
 * @throws {Malformed}
 */
export function parseAccount(value: unknown): AlpacaAccount {
  const f = fieldsOf(value, 'the account')
  const status = textOf(f, 'status')
  const own = isFields(f['user_configurations']) ? f['user_configurations'] : {}
  const blocks = [
    ...(status === 'ACTIVE' || RESTRICTED.has(status) ? [] : [`status ${status}`]),
    ...['account_blocked', 'trading_blocked'].filter((key) => flag(f, key)),
  ]
  const restricts = [
    ...(RESTRICTED.has(status) ? [`status ${status}`] : []),
    ...(flag(f, 'trade_suspended_by_user') ? ['trade_suspended_by_user'] : []),
    ...(flag(own, 'suspend_trade') ? ['suspend_trade'] : []),
  ]
  const accountID = textOf(f, 'id')
  return {
    accountID,
    name: maybeText(f, 'account_number') ?? accountID,
    currency: textOf(f, 'currency'),
    fact: {
      currency: textOf(f, 'currency'),
      status: blocks.length > 0 ? 'Blocked' : restricts.length > 0 ? 'Restricted' : 'Active',
      equity: amtOf(f, 'equity'),
      cash: amtOf(f, 'cash'),
      // Crypto is checked by Alpaca against `non_marginable_buying_power`, which is less: there it has the last word.
      buyingPower: amtOf(f, 'buying_power'),
      shortingAllowed: flag(f, 'shorting_enabled') && !flag(own, 'no_shorting'),
      marginRegime: OF_DAY_TRADING.some((key) => (f[key] ?? null) !== null) ? 'legacy_pdt' : 'intraday',
    },
    flags: [...blocks, ...restricts],
  }
}
/** What the account's settings say of the switch against new orders; null when they do not. */
export function suspendsTrade(value: unknown): boolean | null {
  const on = isFields(value) ? value['suspend_trade'] : null
  return typeof on === 'boolean' ? on : null
}
const RESTRICTED = new Set(['LIMITED', 'ACTION_REQUIRED', 'ACCOUNT_UPDATED', 'ACCOUNT_CLOSED_PENDING'])

export type AlpacaPosition = {
  readonly assetID: string
  readonly symbol: string
  readonly assetClass: string
  /** Signed: above zero is long. */
  readonly netQty: Decimal
  readonly avgPx: Px | null
}

/** @throws {Malformed} when side and sign contradict each other: a position read the wrong way round doubles itself. */
export function parsePosition(value: unknown): AlpacaPosition {
  const f = fieldsOf(value, 'the position')
  const symbol = textOf(f, 'symbol')
  const netQty = exact(decimalOf(f, 'qty'), 'qty')
  const side = textOf(f, 'side')
  const agrees = side === 'long' ? sign(netQty) >= 0 : side === 'short' && sign(netQty) <= 0
  if (!agrees) throw new Malformed(`the position in ${symbol} is ${side} with qty ${String(maybeText(f, 'qty'))}`)
  return {
    assetID: textOf(f, 'asset_id'),
    symbol,
    assetClass: maybeText(f, 'asset_class') ?? 'unknown',
    netQty,
    avgPx: maybePx(f, 'avg_entry_price'),
  }
}

export type Asset = { readonly assetID: string; readonly symbol: string; readonly instrument: Instrument | null }

/** @returns an `instrument` of null for classes that we do not trade, such as options. @throws {Malformed} */
export function parseAsset(value: unknown): Asset {
  const f = fieldsOf(value, 'the asset')
  const assetID = textOf(f, 'id')
  const symbol = textOf(f, 'symbol')
  const common = {
    symbol,
    name: maybeText(f, 'name') ?? symbol,
    currency: 'USD',
    maxQty: null,
    tradable: maybeText(f, 'status') === 'active' && flag(f, 'tradable'),
  }
  switch (maybeText(f, 'class') ?? maybeText(f, 'asset_class')) {
    case 'us_equity': {
      // Hard-to-borrow names need a locate first, which this gateway does not make. `easy_to_borrow` is on its way out.
      const borrow = maybeText(f, 'borrow_status')
      const easy = borrow === null ? flag(f, 'easy_to_borrow') : borrow === 'easy_to_borrow'
      const venue = maybeText(f, 'exchange')
      return {
        assetID,
        symbol,
        instrument: {
          ...common,
          assetClass: 'us_equity',
          ...(venue !== null && venue !== '' && { venue }),
          // "Sub-penny": two places from a dollar on, four below; Regulation NMS, rule 612.
          ticks: [
            { from: px('0.0001'), tick: px('0.0001') },
            { from: px('1.00'), tick: px('0.01') },
          ],
          // Alpaca takes fractions too, but only as simple orders for the day: a fraction could have no stop that lasts.
          lot: qty('1'),
          minQty: qty('1'),
          minNotional: amt('1'),
          shortable: flag(f, 'shortable') && easy,
        },
      }
    }
    case 'crypto': {
      const tick = pxOf(f, 'price_increment')
      const lot = qtyOf(f, 'min_trade_increment')
      if (sign(tick) <= 0 || isZero(lot)) throw new Malformed(`${symbol} has a step of nothing`)
      const minQty = maybeQty(f, 'min_order_size') ?? lot
      // BTC/USD is quoted in what is behind the slash.
      const currency = symbol.split('/')[1] ?? 'USD'
      return {
        assetID,
        symbol,
        instrument: {
          ...common,
          currency,
          assetClass: 'crypto',
          ticks: [{ from: tick, tick }],
          lot,
          minQty: toStep(minQty, lot, 'ceil'),
          // The real floor, whatever `min_order_size` comes to (seen on the paper host, 2026).
          ...(currency === 'USD' && { minNotional: amt('10') }),
          shortable: false,
        },
      }
    }
    default:
      return { assetID, symbol, instrument: null }
  }
}

export type ClockReading = {
  readonly at: Instant
  readonly open: boolean
  readonly nextOpenAt: Instant
  readonly nextCloseAt: Instant
}

/** `GET /v2/clock`: regular hours of US equities. @throws {Malformed} */
export function parseClock(value: unknown): ClockReading {
  const f = fieldsOf(value, 'the clock')
  return {
    at: timeOf(f, 'timestamp'),
    open: flag(f, 'is_open'),
    nextOpenAt: timeOf(f, 'next_open'),
    nextCloseAt: timeOf(f, 'next_close'),
  }
}

export type Snapshot = {
  readonly bid: Px | null
  readonly ask: Px | null
  readonly last: Px | null
  readonly at: Instant | null
}

/**
 * Market data snapshots by symbol. Stocks come as the object itself, crypto under `snapshots`. A side that nobody quotes
 * is 0 there, and null here.
 * @throws {Malformed}
 */
export function parseSnapshots(value: unknown): ReadonlyMap<string, Snapshot> {
  const f = fieldsOf(value, 'the snapshots')
  const bySymbol = isFields(f['snapshots']) ? f['snapshots'] : f
  const found = new Map<string, Snapshot>()
  for (const [symbol, each] of Object.entries(bySymbol)) {
    if (!isFields(each)) continue
    const quote = isFields(each['latestQuote']) ? each['latestQuote'] : {}
    const trade = isFields(each['latestTrade']) ? each['latestTrade'] : {}
    found.set(symbol, {
      bid: quoted(quote, 'bp'),
      ask: quoted(quote, 'ap'),
      last: quoted(trade, 'p'),
      at: maybeTime(quote, 't'),
    })
  }
  return found
}
export type DatedBar = DailyBar & { readonly at: Instant }

/**
 * Daily bars of shares by symbol, oldest first. `t` is the midnight in New York that the day begins with. A symbol that
 * never traded is left out, or comes as null.
 * @throws {Malformed} also where a further page would be needed: an average of half the days is none.
 */
export function parseBars(value: unknown): ReadonlyMap<string, readonly DatedBar[]> {
  const f = fieldsOf(value, 'the bars')
  if (maybeText(f, 'next_page_token') !== null) throw new Malformed('the bars go on, on a page that was not asked for')
  const found = new Map<string, readonly DatedBar[]>()
  for (const [symbol, list] of Object.entries(isFields(f['bars']) ? f['bars'] : {}))
    if (Array.isArray(list))
      found.set(
        symbol,
        list.map((each) => {
          const bar = fieldsOf(each, `a bar of ${symbol}`)
          const at = maybeTime(bar, 't')
          if (at === null) throw new Malformed(`a bar of ${symbol} has no time`)
          return { high: pxOf(bar, 'h'), low: pxOf(bar, 'l'), close: pxOf(bar, 'c'), volume: qtyOf(bar, 'v'), at }
        }),
      )
  return found
}

function quoted(f: Fields, key: string): Px | null {
  const price = maybePx(f, key)
  return price === null || isZero(price) ? null : price
}
