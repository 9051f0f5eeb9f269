import type { ServerResponse } from 'node:http'
import { lieOf } from '../../markets/lies.ts'
import { parseDecimal, type Decimal, sign } from '../../values/decimal.ts'
import { readAsk, readPatch } from './ask.ts'
import { type Asset, assetJson } from './asset.ts'
import { activityID, activityJson, type Booked } from './booked.ts'
import { calendarJson, clockJson, clocksJson } from './calendar.ts'
import { dayBarsJson, quoteJson, seen, snapshotJson, tradeJson } from './data.ts'
import { readRange, streamActivities } from './events.ts'
import { accountJson, type Json, type Settings } from './json.ts'
import { isFinal, type Order } from './order.ts'
import { badParameter, bodyOf, isRefusal, notFound, type Refusal, undecodable } from './refusal.ts'
import { type Placed, type Venue } from './venue.ts'
import { isUUID, parseStamp, type Stamp } from './wire.ts'
import type { Tick } from '../../exchange/board.ts'

export type Asked = {
  readonly venue: Venue
  /** What stands in the place of `{…}`, decoded. */
  readonly param: string
  readonly query: URLSearchParams
  /** Undefined when there was none, or none that could be read. */
  readonly body: unknown
}
/** `symbol` is the one it was about, for those that lie. */
export type Answer = {
  readonly status: number
  readonly json?: unknown
  readonly stream?: (response: ServerResponse) => void
  readonly symbol?: string
}
type Route = {
  readonly method: string
  /** At most one `{…}`, as in the specification. */
  readonly template: string
  /** The quota it counts against. */
  readonly host: 'trading' | 'data'
  readonly answer: (asked: Asked) => Answer | Refusal
}

const ok = (json: unknown, symbol?: string): Answer => ({ status: 200, json, ...(symbol ? { symbol } : {}) })
const placed = (result: Placed | Refusal, venue: Venue): Answer | Refusal =>
  isRefusal(result) ? result : ok(result.reply, venue.orders.get(result.id)?.symbol)

// ---- account ----

const account = ({ venue }: Asked): Answer => ok(accountJson(venue.identity(), venue.money(), venue.settings()))

const MULTIPLIERS: readonly unknown[] = ['1', '2', '4']
function configure({ venue, body }: Asked): Answer | Refusal {
  if (typeof body !== 'object' || body === null) return undecodable('request body format is invalid')
  const now = venue.settings()
  const next: Record<string, unknown> = { ...now }
  for (const [key, value] of Object.entries(body)) {
    if (!Object.hasOwn(now, key)) continue
    const was = now[key as keyof Settings]
    // Numbers come as they were written; the one number here is a level.
    const given = typeof was === 'number' ? Number((value as { source?: string } | null)?.source ?? Number.NaN) : value
    if (typeof given !== typeof was || Number.isNaN(given)) return badParameter(`invalid ${key}`)
    next[key] = given
  }
  if (!MULTIPLIERS.includes(next['max_margin_multiplier'])) return badParameter('invalid max_margin_multiplier')
  venue.setSettings(next as Settings)
  return ok(venue.settings())
}

// ---- assets ----

function assets({ venue, query }: Asked): Answer {
  const [status, exchange] = [query.get('status'), query.get('exchange')]
  const wanted = query.get('asset_class') ?? 'us_equity'
  const attributes = query.get('attributes')?.split(',') ?? []
  const all = [...venue.assets.values()].filter(
    (a) => a.class === wanted && (!status || a.status === status) && (!exchange || a.exchange === exchange),
  )
  const rows = all.map(assetJson)
  return ok(
    attributes.length === 0
      ? rows
      : rows.filter((row) => (row['attributes'] as string[]).some((name) => attributes.includes(name))),
  )
}
function asset({ venue, param }: Asked): Answer | Refusal {
  const found = venue.findAsset(param)
  return found ? ok(assetJson(found), found.symbol) : notFound(`asset not found for ${param}`)
}

// ---- orders ----

function submit({ venue, body }: Asked): Answer | Refusal {
  const ask = readAsk(body)
  return isRefusal(ask) ? ask : placed(venue.place(ask), venue)
}

const truthy = (query: URLSearchParams, key: string): boolean => query.get(key) === 'true'
/** False once for each time it is still to be hidden. */
function visible(venue: Venue, order: Order): boolean {
  const left = venue.whims.hidden.get(order.clientOrderID) ?? 0
  if (left > 0) venue.whims.hidden.set(order.clientOrderID, left - 1)
  return left === 0
}

function orderByID({ venue, param, query }: Asked): Answer | Refusal {
  if (!isUUID(param)) return badParameter('order_id is missing')
  const order = venue.orders.get(param)
  if (!order || !visible(venue, order)) return notFound(`order not found for ${param}`)
  return ok(venue.jsonOf(order, truthy(query, 'nested')), order.symbol)
}
function orderByName({ venue, query }: Asked): Answer | Refusal {
  const name = query.get('client_order_id')
  if (!name) return badParameter('client_order_id is missing')
  const order = venue.byClientID(name)
  if (!order || !visible(venue, order)) return notFound(`order not found for ${name}`)
  return ok(venue.jsonOf(order, truthy(query, 'nested')), order.symbol)
}

const LIST_MAX = 500
function list({ venue, query }: Asked): Answer | Refusal {
  const status = query.get('status') ?? 'open'
  if (!['open', 'closed', 'all'].includes(status)) return badParameter('invalid status')
  const limit = count(query, 'limit', 50, LIST_MAX)
  if (typeof limit !== 'number') return limit
  const direction = query.get('direction') ?? 'desc'
  if (direction !== 'asc' && direction !== 'desc') return badParameter('invalid direction')
  const [after, until] = [bound(query, 'after'), bound(query, 'until')]
  if (after === 'wrong' || until === 'wrong') return badParameter('invalid time format')
  const [beforeID, afterID] = [query.get('before_order_id'), query.get('after_order_id')]
  if (beforeID && afterID) return badParameter('before_order_id and after_order_id are mutually exclusive')
  if ((beforeID || afterID) && (after || until))
    return badParameter('before_order_id and after_order_id cannot be combined with after and until')
  const beside = beforeID || afterID ? venue.orders.get((beforeID ?? afterID) as string) : null
  if (beside === undefined) return notFound(`order not found for ${beforeID ?? afterID}`)
  const nested = truthy(query, 'nested')
  const symbols =
    query
      .get('symbols')
      ?.split(',')
      .flatMap((s) => venue.findAsset(s)?.symbol ?? []) ?? null
  const classes = query.get('asset_class')?.split(',') ?? null
  const side = query.get('side')
  const wanted = (o: Order): boolean =>
    (status === 'all' || isFinal(o) === (status === 'closed')) &&
    // Legs that wait are in no list of what is open; rolled up, a leg is found under its parent alone.
    !(status === 'open' && o.status === 'held') &&
    !(o.parentID !== null && (nested || venue.whims.hideLegs)) &&
    (!after || o.submittedAt > after) &&
    (!until || o.submittedAt < until) &&
    (!beside || (beforeID ? o.seq < beside.seq : o.seq > beside.seq)) &&
    (!symbols || symbols.includes(o.symbol)) &&
    (!classes || classes.includes('all') || classes.includes(venue.assets.get(o.symbol)?.class ?? '')) &&
    (!side || side === o.side) &&
    (venue.whims.hidden.get(o.clientOrderID) ?? 0) === 0
  const all = status === 'open' ? venue.openOrders() : [...venue.orders.values()]
  const rows = (direction === 'asc' ? all : all.toReversed()).filter(wanted).slice(0, limit)
  return ok(rows.map((o) => venue.jsonOf(o, nested && !venue.whims.hideLegs)))
}

function count(query: URLSearchParams, key: string, usual: number, most: number): number | Refusal {
  const given = query.get(key)
  if (given === null || given === '') return usual
  const n = /^\d{1,6}$/.test(given) ? Number(given) : 0
  return n >= 1 && n <= most ? n : badParameter(`invalid ${key}`)
}
const bound = (query: URLSearchParams, key: string): Stamp | null | 'wrong' => {
  const given = query.get(key)
  return given ? (parseStamp(given) ?? 'wrong') : null
}

function replace({ venue, param, body }: Asked): Answer | Refusal {
  if (!isUUID(param)) return badParameter('order_id is missing')
  const patch = readPatch(body)
  return isRefusal(patch) ? patch : placed(venue.replace(param, patch), venue)
}
function cancel({ venue, param }: Asked): Answer | Refusal {
  if (!isUUID(param)) return badParameter('order_id is missing')
  const order = venue.cancel(param)
  return isRefusal(order) ? order : { status: 204, symbol: order.symbol }
}
/** One line per order, each with a status of its own: that of the whole says nothing. */
function cancelAll({ venue }: Asked): Answer {
  const lines = venue.openOrders().map((order) => {
    const result = venue.cancel(order.id)
    return isRefusal(result)
      ? { id: order.id, status: 500, body: bodyOf(result) }
      : { id: order.id, status: 200, body: venue.jsonOf({ ...result, status: 'pending_cancel' }, false) }
  })
  return { status: 207, json: lines }
}

// ---- positions ----

function position({ venue, param }: Asked): Answer | Refusal {
  const found = venue.findAsset(param)
  const json = found && venue.position(found)
  return json && found ? ok(json, found.symbol) : notFound('position does not exist')
}
const positions = ({ venue }: Asked): Answer => ok(venue.held().map((held) => venue.position(held)))
function closePosition({ venue, param, query }: Asked): Answer | Refusal {
  const [qty, percentage] = [amount(query, 'qty'), amount(query, 'percentage')]
  if (qty === 'wrong' || percentage === 'wrong') return badParameter('invalid qty or percentage')
  if (qty && percentage) return badParameter('only one of qty or percentage is accepted')
  return placed(venue.closePosition(param, { qty, percentage }), venue)
}
function amount(query: URLSearchParams, key: string): Decimal | null | 'wrong' {
  const given = query.get(key)
  if (given === null) return null
  const read = parseDecimal(given)
  const places = given.split('.')[1]?.length ?? 0
  return read.ok && sign(read.value) > 0 && places <= 9 && (key === 'qty' || Number(given) <= 100)
    ? read.value
    : 'wrong'
}
function closeAll({ venue, query }: Asked): Answer {
  if (truthy(query, 'cancel_orders')) for (const { id } of venue.openOrders()) venue.cancel(id)
  const lines = venue.held().map((held) => {
    const result = venue.closePosition(held.symbol, { qty: null, percentage: null })
    const symbol = held.class === 'crypto' ? held.symbol.replace('/', '') : held.symbol
    return isRefusal(result)
      ? { symbol, status: result.status, body: bodyOf(result) }
      : { symbol, status: 200, body: result.reply }
  })
  return { status: 207, json: lines }
}

// ---- activities ----

/** Of the many types only fills happen here; the rest are known and empty. */
const ACTIVITIES = new Set(
  (
    'FILL TRANS MISC ACATC ACATS CFEE CGD CSD CSW DIV DIVCGL DIVCGS DIVFEE DIVFT DIVNRA DIVROC DIVTW DIVTXEX FEE INT ' +
    'INTNRA INTTW JNL JNLC JNLS MA NC OPASN OPCA OPCSH OPEXC OPEXP OPTRD PTC PTR REORG SPIN SPLIT FOPT'
  ).split(' '),
)
function activities({ venue, query }: Asked, types: readonly string[] | null): Answer | Refusal {
  const unknown = types?.find((type) => !ACTIVITIES.has(type))
  if (unknown !== undefined) return badParameter(`invalid activity type: ${unknown}`)
  const category = query.get('category')
  if (category && types) return badParameter('category and activity_types cannot be used together')
  const direction = query.get('direction') ?? 'desc'
  if (direction !== 'asc' && direction !== 'desc') return badParameter('invalid direction')
  const size = count(query, 'page_size', 100, 100)
  if (typeof size !== 'number') return size
  const [after, until] = [bound(query, 'after'), bound(query, 'until')]
  const date = query.get('date')
  if (after === 'wrong' || until === 'wrong') return badParameter('invalid time format')
  const none = (types && !types.includes('FILL')) || category === 'non_trade_activity'
  const rows = venue.booked.filter(
    (b: Booked) =>
      b.kind === 'fill' &&
      !none &&
      (!after || b.at > after) &&
      (!until || b.at < until) &&
      (!date || b.at.startsWith(date.slice(0, 10))),
  )
  const ordered = direction === 'asc' ? rows : rows.toReversed()
  const token = query.get('page_token')
  const from = token ? ordered.findIndex((b) => activityID(b) === token) + 1 : 0
  return ok(ordered.slice(from, from + size).map(activityJson))
}

// ---- time ----

const clock = ({ venue }: Asked): Answer => {
  const equity = [...venue.assets.values()].find((a) => a.class === 'us_equity') ?? null
  return ok(clockJson(venue.market, equity, venue.now(), venue.stamp()))
}
function calendar({ venue, query }: Asked): Answer | Refusal {
  const byTrade = query.get('date_type') !== 'SETTLEMENT'
  const rows = calendarJson(query.get('start'), query.get('end'), byTrade, venue.stamp())
  return rows ? ok(rows) : badParameter('invalid date')
}

// ---- market data ----

type Of = (asset: Asset, tick: Tick) => Json
/** Symbols that nobody knows are left out of a list. */
function looks({ venue, query }: Asked, of: Of): Json {
  const rows: Json = {}
  for (const symbol of (query.get('symbols') ?? '').split(',')) {
    const found = venue.assets.get(symbol)
    const tick = venue.exchange().board.ticks.get(symbol)
    if (found && tick) rows[symbol] = of(found, seen(tick))
  }
  return rows
}
const firstSymbol = ({ query }: Asked): string => (query.get('symbols') ?? '').split(',')[0] ?? ''
const many =
  (of: Of, key: string | null) =>
  (asked: Asked): Answer | Refusal => {
    if (!asked.query.get('symbols')) return { status: 400, code: 0, message: 'symbols is required' }
    const rows = looks(asked, of)
    return ok(key ? { [key]: rows } : rows, firstSymbol(asked))
  }
/** Daily bars alone: no other is asked for here. */
function bars({ venue, query }: Asked): Answer | Refusal {
  const symbols = query.get('symbols')
  if (!symbols) return { status: 400, code: 0, message: 'symbols is required' }
  if (query.get('timeframe') !== '1Day')
    return { status: 400, code: 0, message: `invalid timeframe: ${query.get('timeframe') ?? ''}` }
  const found = symbols.split(',').flatMap((symbol) => {
    const days = venue.assets.get(symbol)?.class === 'us_equity' ? venue.market.days(symbol, venue.now()) : null
    return days ? [[symbol, dayBarsJson(days, venue.now())] as const] : []
  })
  const since = Date.parse(query.get('start') ?? '')
  const kept = found.map(([symbol, list]) => [symbol, list.filter((bar) => !(Date.parse(String(bar['t'])) < since))])
  return ok({ bars: Object.fromEntries(kept), next_page_token: null }, symbols.split(',')[0] ?? '')
}
const one =
  (of: Of, key: string | null) =>
  ({ venue, param }: Asked): Answer | Refusal => {
    const found = venue.assets.get(param)
    const tick = venue.exchange().board.ticks.get(param)
    if (!found || !tick) return { status: 404, code: 0, message: `no data for symbol: ${param}` }
    const json = of(found, seen(tick))
    return ok(key ? { symbol: param, [key]: json } : { symbol: param, ...json }, param)
  }

/** The colon in a path is literal. */
// biome-ignore format: a table reads in columns
export const ROUTES: readonly Route[] = [
  { method: 'GET',    template: '/v2/account',                              host: 'trading', answer: account },
  { method: 'GET',    template: '/v2/account/configurations',               host: 'trading', answer: ({ venue }) => ok(venue.settings()) },
  { method: 'PATCH',  template: '/v2/account/configurations',               host: 'trading', answer: configure },
  { method: 'GET',    template: '/v2/account/activities',                   host: 'trading', answer: (a) => activities(a, a.query.get('activity_types')?.split(',') ?? null) },
  { method: 'GET',    template: '/v2/account/activities/{activity_type}',   host: 'trading', answer: (a) => activities(a, [a.param]) },
  { method: 'GET',    template: '/v2/assets',                               host: 'trading', answer: assets },
  { method: 'GET',    template: '/v2/assets/{symbol_or_asset_id}',          host: 'trading', answer: asset },
  { method: 'GET',    template: '/v2/orders',                               host: 'trading', answer: list },
  { method: 'POST',   template: '/v2/orders',                               host: 'trading', answer: submit },
  { method: 'DELETE', template: '/v2/orders',                               host: 'trading', answer: cancelAll },
  { method: 'GET',    template: '/v2/orders:by_client_order_id',            host: 'trading', answer: orderByName },
  { method: 'GET',    template: '/v2/orders/{order_id}',                    host: 'trading', answer: orderByID },
  { method: 'PATCH',  template: '/v2/orders/{order_id}',                    host: 'trading', answer: replace },
  { method: 'DELETE', template: '/v2/orders/{order_id}',                    host: 'trading', answer: cancel },
  { method: 'GET',    template: '/v2/positions',                            host: 'trading', answer: positions },
  { method: 'DELETE', template: '/v2/positions',                            host: 'trading', answer: closeAll },
  { method: 'GET',    template: '/v2/positions/{symbol_or_asset_id}',       host: 'trading', answer: position },
  { method: 'DELETE', template: '/v2/positions/{symbol_or_asset_id}',       host: 'trading', answer: closePosition },
  { method: 'GET',    template: '/v2/clock',                                host: 'trading', answer: clock },
  { method: 'GET',    template: '/v2/calendar',                             host: 'trading', answer: calendar },
  { method: 'GET',    template: '/v3/clock',                                host: 'trading', answer: ({ venue }) => ok(clocksJson(venue.stamp())) },
  { method: 'GET',    template: '/v2beta1/events/activities',               host: 'trading', answer: watch },
  { method: 'GET',    template: '/v2/stocks/bars',                          host: 'data',    answer: bars },
  { method: 'GET',    template: '/v2/stocks/snapshots',                     host: 'data',    answer: many(snapshotJson, null) },
  { method: 'GET',    template: '/v2/stocks/quotes/latest',                 host: 'data',    answer: many(quoteJson, 'quotes') },
  { method: 'GET',    template: '/v2/stocks/trades/latest',                 host: 'data',    answer: many(tradeJson, 'trades') },
  { method: 'GET',    template: '/v2/stocks/{symbol}/snapshot',             host: 'data',    answer: one(snapshotJson, null) },
  { method: 'GET',    template: '/v2/stocks/{symbol}/quotes/latest',        host: 'data',    answer: one(quoteJson, 'quote') },
  { method: 'GET',    template: '/v2/stocks/{symbol}/trades/latest',        host: 'data',    answer: one(tradeJson, 'trade') },
  { method: 'GET',    template: '/v1beta3/crypto/us/snapshots',             host: 'data',    answer: many(snapshotJson, 'snapshots') },
  { method: 'GET',    template: '/v1beta3/crypto/us/latest/quotes',         host: 'data',    answer: many(quoteJson, 'quotes') },
  { method: 'GET',    template: '/v1beta3/crypto/us/latest/trades',         host: 'data',    answer: many(tradeJson, 'trades') },
]

function watch({ venue, query }: Asked): Answer | Refusal {
  const range = readRange(query)
  if (isRefusal(range)) return range
  return { status: 200, stream: (response) => streamActivities(venue, range, response) }
}

type Found = { readonly route: Route; readonly param: string }
/** Exact paths before those with a part to fill in. Null when nothing is there; `method` is wrong when something is. */
export function find(method: string, path: string): Found | 'method' | null {
  let other = false
  for (const route of ROUTES) {
    const param = fits(route.template, path)
    if (param === null) continue
    if (route.method === method) return { route, param }
    other = true
  }
  return other ? 'method' : null
}
function fits(template: string, path: string): string | null {
  const [head = '', tail] = template.split(/\{[^}]+\}/)
  if (tail === undefined) return path === template || decoded(path) === template ? '' : null
  if (!path.startsWith(head) || !path.endsWith(tail) || path.length <= head.length + tail.length) return null
  const part = path.slice(head.length, path.length - tail.length)
  return part.includes('/') ? null : decoded(part)
}
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Which symbols are down for every second read. */
export const halfDown = (symbol: string | undefined): boolean =>
  symbol !== undefined && lieOf(symbol).reads === 'half-down'
