import type { AccountFact } from '../../gate/facts.ts'
import type { AssetClass } from '../../orders/instrument.ts'
import type { Report } from '../../orders/report.ts'
import type { OrderRef } from '../../orders/terms.ts'
import {
  type Broker,
  type BrokerOrder,
  type CancelSent,
  type Closed,
  type Found,
  type InDoubt,
  type Leg,
  type MayGo,
  type Notice,
  ReadFailed,
  type Sent,
} from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccountID, ClOrdID, OrderID } from '../../values/brand.ts'
import { dec, type Decimal, isZero, max, min, minus, plus, type Qty, ZERO } from '../../values/decimal.ts'
import { type Instant, plusMs, rfc3339 } from '../../values/instant.ts'
import { CAPABILITIES } from './capabilities.ts'
import { type History, NO_HISTORY, reportsOf } from './executions.ts'
import { createHearing } from './hearing.ts'
import type { Endpoints } from './hosts.ts'
import { type Answer, type Call, type Http, isUnclear, type Keys, type Log, type NoAnswer, openHttp } from './http.ts'
import { openMarket } from './market.ts'
import {
  type AlpacaAccount,
  type AlpacaOrder,
  type Item,
  lifeOf,
  listOf,
  Malformed,
  parseAccount,
  parseItems,
  parseOrder,
  parsePosition,
  parseRefusal,
  type Refusal,
  suspendsTrade,
} from './parse.ts'
import { readBack } from './outgoing.ts'
import { differences, replaceBody, submitBody } from './requests.ts'
import { openStream, type Stream } from './stream.ts'
import { createTape } from './tape.ts'

export type AlpacaOptions = {
  readonly account: AccountID
  readonly environment: 'paper' | 'live'
  /** Used for the headers of each call and the greeting of the stream; never logged, never part of an error. */
  readonly keys: Keys
  readonly endpoints: Endpoints
  readonly clock: Clock
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
  /** Our own budget. Alpaca allows 200 a minute. */
  readonly requestsPerMinute?: number
  /** How many of those that may go at once are kept for cancels, closes and exits. */
  readonly reserve?: number
  /** From the first wait for the budget to the last byte of the answer; less than 30 000, the lease of a send. */
  readonly deadlineMs?: number
  /** How long to wait for the order stream before going on without it. */
  readonly streamWaitMs?: number
  /**
   * A short visit by somebody who has no book: the order stream is not opened, and exits whose entry has ended are listed
   * as well. Whoever has made them asks for them by name.
   */
  readonly visiting?: boolean
  readonly log: Log
}

/** Why Alpaca cannot be used with this configuration. `message` says what to do. */
export class AlpacaRefusal extends Error {
  readonly code: 'KEYS_REFUSED' | 'FORBIDDEN' | 'CURRENCY'
  constructor(code: AlpacaRefusal['code'], message: string) {
    super(message)
    this.name = 'AlpacaRefusal'
    this.code = code
  }
}

const REQUESTS_PER_MINUTE = 150
const RESERVE = 30
const DEADLINE_MS = 10_000
const STREAM_WAIT_MS = 10_000
/** Orders in one page of a list: the most that Alpaca gives. */
const PAGE = 500
/** Filters by time are exclusive, and some know seconds only. */
const SECOND_MS = 1_000
/** Items of a mass cancel that are asked about again, one by one. */
const REREAD_MAX = 20
/** Orders whose relations are remembered. They can all be read again. */
const FAMILIES_MAX = 10_000
/** Notices kept for whoever listens first. */
const NOTICES_MAX = 100

const CODE_DUPLICATE = /client_order_id.*unique|duplicate.*client_order_id/i

/**
 * Opens one account at Alpaca: proves with `GET /v2/account` that the keys are of this environment, then waits for the
 * order stream. Without the stream it goes on by polling, and says so in a notice.
 *
 * @throws {AlpacaRefusal} when the keys do not work here or the account is none we can trade.
 * @throws {ReadFailed} when Alpaca cannot be reached.
 */
export async function openAlpaca(options: AlpacaOptions): Promise<Broker> {
  const { clock, log, endpoints } = options
  const notices = hub<Notice>(NOTICES_MAX)
  const reports = hub<Report>(0)
  const told = new Set<string>()
  const odd = (subject: string, text: string): void => {
    // Every poll meets the same oddity again: a person is told once.
    const key = `${subject}\n${text}`
    if (told.has(key)) return
    if (told.size > FAMILIES_MAX) told.clear()
    told.add(key)
    notices.tell({ kind: 'odd', subject, text })
  }
  const onForbidden = (text: string): void => odd(options.account, text)
  const speaks = (base: string): Http =>
    openHttp({
      base,
      keys: options.keys,
      clock,
      log,
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
      requestsPerMinute: options.requestsPerMinute ?? REQUESTS_PER_MINUTE,
      reserve: options.reserve ?? RESERVE,
      onForbidden,
    })
  const http = speaks(endpoints.trading)
  // Market data is counted by itself there, so it is here.
  const data = speaks(endpoints.data)

  let account: AlpacaAccount
  try {
    account = await proven(http, options)
  } catch (thrown) {
    http.close()
    data.close()
    throw thrown
  }

  const market = openMarket({ trading: http, data, clock })
  const tape = createTape({ http, clock, log, odd })
  const families = createFamilies()
  const history = async (order: AlpacaOrder): Promise<History> => {
    await tape.read(plusMs(order.bornAt, -SECOND_MS))
    return pastOf(order)
  }
  /** What the tape has of an order. */
  async function pastOf(order: AlpacaOrder): Promise<History> {
    const past = tape.history(order.orderID, await inherited(order))
    for (const text of past.odd) odd(order.orderID, text)
    return past
  }
  /** What an order that replaces another one seems to have filled by the other's trades, while it has none of its own. */
  async function inherited(order: AlpacaOrder): Promise<Decimal | null> {
    if (order.replaces === null) return null
    if (isZero(order.cumQty) || !tape.isBlank(order.orderID)) return ZERO
    const before = await byOrderID(order.replaces)
    return before ? min<Decimal>(order.cumQty, before.cumQty) : ZERO
  }
  const hearing = createHearing({ history, emit: reports.tell, odd, log })
  const listen = (): Stream =>
    openStream({
      url: endpoints.stream,
      keys: options.keys,
      clock,
      random: options.random,
      log,
      onUpdate: hearing.hear,
      onUp: () => notices.tell({ kind: 'connected' }),
      onDown(text) {
        hearing.gap()
        notices.tell({ kind: 'lost', text })
      },
      onOdd: (text) => odd(options.account, text),
    })
  const stream = options.visiting === true ? null : listen()
  if (stream && !(await stream.ready(options.streamWaitMs ?? STREAM_WAIT_MS)))
    notices.tell({ kind: 'lost', text: 'the order stream is not there yet; orders are followed by asking' })

  // ---- reading orders ----

  const readOrder = async (path: string): Promise<AlpacaOrder | null> => {
    const order = await http.read(path, parseOrder)
    if (order) met(order)
    return order
  }
  const byOrderID = (orderID: OrderID) => readOrder(`/v2/orders/${encodeURIComponent(orderID)}?nested=true`)

  async function byName(clOrdID: ClOrdID): Promise<AlpacaOrder | null> {
    const order = await readOrder(`/v2/orders:by_client_order_id?client_order_id=${encodeURIComponent(clOrdID)}`)
    if (order === null) return null
    if (order.clOrdID !== clOrdID)
      throw new ReadFailed(`asked for the order ${clOrdID}, Alpaca answered with ${order.clientOrderID}`, false)
    // This way of asking knows no legs.
    return order.orderClass === 'simple' || order.legs.length > 0 ? order : ((await byOrderID(order.orderID)) ?? order)
  }

  /** Keeps who belongs to whom, and tells of words that are not in the documentation. */
  function met(order: AlpacaOrder): void {
    families.met(order)
    for (const each of family(order))
      if (!lifeOf(each.status).known)
        odd(each.orderID, `the order has the status ${each.status}, which we do not know; it counts as open`)
  }

  async function listed(query: Readonly<Record<string, string>>): Promise<AlpacaOrder[]> {
    const all = new Map<OrderID, AlpacaOrder>()
    const { after, ...rest } = query
    for (let cursor: Record<string, string> = after === undefined ? {} : { after }; ; ) {
      const search = new URLSearchParams({ nested: 'true', ...rest, ...cursor, limit: String(PAGE), direction: 'asc' })
      const page = await http.read(`/v2/orders?${search.toString()}`, (body) =>
        listOf(body, 'the list of orders', parseOrder),
      )
      if (page === null) throw new ReadFailed('Alpaca has no list of orders at this address', false)
      const before = all.size
      for (const order of page) all.set(order.orderID, order)
      const last = page.at(-1)
      // Whether legs count against the limit is not documented; counting them asks once more at worst.
      if (!last || page.flatMap(family).length < PAGE || all.size === before) break
      cursor = { after_order_id: last.orderID }
    }
    for (const order of all.values()) met(order)
    return [...all.values()]
  }

  /** @param carried what those before it have filled, and Alpaca counts into its size and its fills. */
  function brokerOrder(order: AlpacaOrder, carried: Decimal): BrokerOrder {
    const kin = families.of(order.orderID)
    return {
      orderID: order.orderID,
      clOrdID: order.clOrdID,
      parentOrderID: kin?.parent ?? null,
      role: kin?.role ?? null,
      replaces: order.replaces,
      replacedBy: order.replacedBy,
      terms: { ...order.terms, orderQty: minus<Decimal>(order.terms.orderQty, carried) as Qty },
      open: lifeOf(order.status).open,
      cumQty: minus<Decimal>(order.cumQty, carried),
      legs: order.legs.map(legOf),
    }
  }

  /** The order as the port has it. Its past is read only where it is needed: for one that took over the fills of another. */
  async function held(order: AlpacaOrder): Promise<BrokerOrder> {
    const simple = order.replaces === null || isZero(order.cumQty)
    return brokerOrder(order, simple ? ZERO : (await history(order)).carried)
  }

  /** The order and its legs with all that happened to them. */
  async function story(order: AlpacaOrder | null): Promise<Found> {
    if (order === null) return { found: false }
    const all = family(order)
    const from = plusMs(order.bornAt, -SECOND_MS)
    // An order that has filled nothing, watched since its birth, cannot have a trade that we have not met.
    const quiet = all.every((o) => isZero(o.cumQty) && tape.isBlank(o.orderID))
    if (!quiet || !tape.covers(from)) await tape.read(from)
    const pasts = await Promise.all(all.map(pastOf))
    const told = all.flatMap((o, i) => reportsOf(o, pasts[i] ?? NO_HISTORY))
    return { found: true, order: brokerOrder(order, pasts[0]?.carried ?? ZERO), reports: inTime(told) }
  }

  // ---- writing ----

  const send = (call: Call) => http.attempt(call)

  async function submitted(clOrdID: ClOrdID, order: Parameters<Broker['submit']>[1], mayGo?: MayGo): Promise<Sent> {
    const body = submitBody(clOrdID, order, classOf(order.symbol))
    const lane = order.reduceOnly ? 'urgent' : 'order'
    const asked = mayGo && ((bytes: string) => mayGo([readBack(bytes)]))
    const answer = await send({ method: 'POST', path: '/v2/orders', body, lane, mayGo: asked })
    return madeOrder(answer, clOrdID, order)
  }

  /** Crypto is traded in pairs; nothing else has a slash in its name. */
  const classOf = (symbol: string): AssetClass => (symbol.includes('/') ? 'crypto' : 'us_equity')

  /** What the answer to a request for a new order under our name says. */
  async function madeOrder(
    answer: Answer | NoAnswer,
    clOrdID: ClOrdID,
    order: Parameters<Broker['submit']>[1],
    replaces: OrderID | null = null,
  ): Promise<Sent> {
    const no = refusalIn(answer)
    if (no !== null && 'outcome' in no) return no
    if (no !== null) {
      const duplicate = (no.status === 422 || no.status === 409) && CODE_DUPLICATE.test(no.message)
      return duplicate ? adopted(clOrdID, order, replaces, no) : { outcome: 'rejected', text: no.text }
    }
    const made = orderIn(answer)
    if (made === null || made.clOrdID !== clOrdID)
      return inDoubt(`Alpaca answered ${String(answer.status)} with something that is not our order`)
    met(made)
    return { outcome: 'accepted', orderID: made.orderID, legs: made.legs.map(legOf) }
  }

  /** The name is taken: by this very order, sent before, or by another one. */
  async function adopted(
    clOrdID: ClOrdID,
    order: Parameters<Broker['submit']>[1],
    replaces: OrderID | null,
    no: Refusal,
  ): Promise<Sent> {
    let there: AlpacaOrder | null
    try {
      there = await byName(clOrdID)
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed)) throw thrown
      return inDoubt(`Alpaca says the name is taken, and could not be asked by what: ${thrown.message}`)
    }
    if (there === null) return inDoubt(`Alpaca says the name is taken, and knows no such order: ${no.text}`)
    const other = differences(there, order, replaces)
    if (other.length === 0) return { outcome: 'accepted', orderID: there.orderID, legs: there.legs.map(legOf) }
    const text = `${no.text}: the name ${clOrdID} belongs to ANOTHER order, ${there.orderID}: ${other.join(', ')}`
    odd(there.orderID, text)
    return { outcome: 'rejected', text }
  }

  async function orderIDOf(ref: OrderRef): Promise<OrderID | InDoubt> {
    if (ref.orderID !== null) return ref.orderID
    try {
      const order = await byName(ref.clOrdID)
      // Not finding what was sent a moment ago proves nothing.
      return order?.orderID ?? inDoubt(`Alpaca does not know an order ${ref.clOrdID} (yet), so nothing was sent`)
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed)) throw thrown
      return inDoubt(`nothing was sent: ${thrown.message}`)
    }
  }

  async function canceled(ref: OrderRef): Promise<CancelSent> {
    const orderID = await orderIDOf(ref)
    if (typeof orderID !== 'string') return orderID
    const answer = await send({ method: 'DELETE', path: `/v2/orders/${encodeURIComponent(orderID)}`, lane: 'urgent' })
    const no = refusalIn(answer)
    if (no === null) {
      // The yes is 204. Another success without the order in it comes from something between us and them.
      if (answer.status === 204 || orderIn(answer)?.orderID === orderID) return { outcome: 'accepted' }
      return inDoubt(`Alpaca answered ${String(answer.status)} with something that is not our order`)
    }
    if ('outcome' in no) return no
    // One code covers many reasons: only the order itself tells which it is.
    const status = await statusOf(orderID)
    if (status === 'pending_cancel' || status === 'canceled') return { outcome: 'accepted' }
    return { outcome: 'rejected', text: status === null ? no.text : `${no.text}; the order is ${status}` }
  }

  /** Null when Alpaca does not know it, or cannot be asked now. */
  async function statusOf(orderID: OrderID): Promise<string | null> {
    try {
      return (await byOrderID(orderID))?.status ?? null
    } catch (thrown) {
      if (thrown instanceof ReadFailed) return null
      throw thrown
    }
  }

  async function canceledAll(): Promise<CancelSent> {
    const answer = await send({ method: 'DELETE', path: '/v2/orders', lane: 'urgent' })
    const items = itemsIn(answer)
    if ('outcome' in items) return items
    const failed: string[] = []
    let reread = 0
    for (const { name, status, body } of items.list) {
      if (status >= 200 && status < 300) continue
      const now = reread++ < REREAD_MAX ? await statusOf(name as OrderID) : null
      if (now !== null && (now === 'pending_cancel' || !lifeOf(now).open)) continue
      failed.push(`${name}: ${parseRefusal(status, body)?.text ?? `HTTP ${status}`}`)
    }
    if (failed.length === 0) return { outcome: 'accepted' }
    return {
      outcome: 'rejected',
      text: `${failed.length} of ${items.list.length} orders could not be canceled: ${failed.join('; ')}`,
    }
  }

  /** The switch of the account's settings that its owner has on Alpaca's page as well. */
  async function locked(on: boolean): Promise<CancelSent> {
    const path = '/v2/account/configurations'
    const answer = await send({ method: 'PATCH', path, body: { suspend_trade: on }, lane: 'urgent' })
    const no = refusalIn(answer)
    if (no !== null) return 'outcome' in no ? no : { outcome: 'rejected', text: no.text }
    if (answer.status !== null && suspendsTrade(answer.body) === on) return { outcome: 'accepted' }
    return inDoubt(
      `Alpaca answered ${String(answer.status)} without saying that trading is ${on ? '' : 'not '}suspended`,
    )
  }

  async function replaced(
    ref: OrderRef,
    clOrdID: ClOrdID,
    order: Parameters<Broker['submit']>[1],
    mayGo?: MayGo,
  ): Promise<Sent> {
    const orderID = await orderIDOf(ref)
    if (typeof orderID !== 'string') return orderID
    const path = `/v2/orders/${encodeURIComponent(orderID)}`
    let body: ReturnType<typeof replaceBody>
    let before: Decimal
    try {
      before = await uncounted(orderID)
      const orderQty = minus<Decimal>(order.orderQty, before) as Qty
      body = replaceBody(clOrdID, { ...order, orderQty })
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed)) throw thrown
      return inDoubt(`nothing was sent: ${thrown.message}`)
    }
    // Alpaca counts only what this order fills; the person saw the size of it and of those before.
    const asked = mayGo && ((bytes: string) => mayGo([readBack(bytes, before)]))
    return madeOrder(
      await send({ method: 'PATCH', path, body, lane: order.reduceOnly ? 'urgent' : 'order', mayGo: asked }),
      clOrdID,
      order,
      orderID,
    )
  }

  /**
   * What the orders before this one have filled and Alpaca does not count as its own. A new size is compared with what
   * the order has filled itself, so where fills are not taken over, those before do not belong into it.
   */
  async function uncounted(orderID: OrderID): Promise<Decimal> {
    if (families.replaces(orderID) === null) return ZERO
    const order = await byOrderID(orderID)
    if (!order?.replaces) return ZERO
    const { carried } = await history(order)
    let filled: Decimal = ZERO
    let before = order.replaces as OrderID | null
    for (const met = new Set<OrderID>(); before !== null && !met.has(before); ) {
      met.add(before)
      const each: AlpacaOrder | null = await byOrderID(before)
      if (each) filled = plus<Decimal>(filled, (await held(each)).cumQty)
      before = each?.replaces ?? null
    }
    return max<Decimal>(minus<Decimal>(filled, carried), ZERO)
  }

  async function closedPosition(symbol: string): Promise<Sent> {
    let name = symbol
    try {
      // A pair is written differently among positions: its id is the same everywhere.
      if (classOf(symbol) === 'crypto') name = (await market.asset(symbol))?.assetID ?? symbol
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed)) throw thrown
      name = symbol.replace('/', '')
    }
    const path = `/v2/positions/${encodeURIComponent(name)}`
    return closing(await send({ method: 'DELETE', path, lane: 'urgent' }))
  }

  /** What the answer to one request to close says. */
  function closing(answer: Answer | NoAnswer): Sent {
    const no = refusalIn(answer)
    if (no !== null) return 'outcome' in no ? no : { outcome: 'rejected', text: no.text }
    const made = orderIn(answer)
    if (made === null) return inDoubt(`Alpaca answered ${String(answer.status)} with something that is no order`)
    met(made)
    return { outcome: 'accepted', orderID: made.orderID, legs: [] }
  }

  async function closedAll(): ReturnType<Broker['closeAll']> {
    const answer = await send({ method: 'DELETE', path: '/v2/positions?cancel_orders=true', lane: 'urgent' })
    const items = itemsIn(answer)
    if (!('outcome' in items)) {
      const positions: Closed[] = items.list.map(({ name, status, body }) => {
        const sent = closing({ status, body, text: '', requestID: null })
        const made = sent.outcome === 'accepted' ? orderIn({ status, body, text: '', requestID: null }) : null
        return { symbol: made?.terms.symbol ?? name, sent }
      })
      return { outcome: 'answered', positions }
    }
    if (items.outcome === 'in-doubt') return items
    // The broker's no is about all of them. Which they are, only the list of positions says.
    try {
      const held = await positions()
      return { outcome: 'answered', positions: held.map(({ symbol }) => ({ symbol, sent: items })) }
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed)) throw thrown
      return inDoubt(items.text)
    }
  }

  async function positions() {
    const all = await http.read('/v2/positions', (body) => listOf(body, 'the list of positions', parsePosition))
    if (all === null) throw new ReadFailed('Alpaca has no list of positions at this address', false)
    return Promise.all(
      all.map(async (p) => {
        // BTCUSD here is BTC/USD everywhere else.
        const symbol = p.assetClass === 'crypto' ? ((await market.asset(p.assetID))?.symbol ?? p.symbol) : p.symbol
        return { symbol, netQty: p.netQty, avgPx: p.avgPx }
      }),
    )
  }

  return {
    account: options.account,
    environment: options.environment,
    capabilities: CAPABILITIES,

    submit: submitted,
    submitPair: async () => ({ outcome: 'rejected', text: 'pairs of exits are not sent to Alpaca' }),
    cancel: canceled,
    replace: replaced,
    closePosition: closedPosition,
    closeAll: closedAll,
    cancelAll: canceledAll,
    lock: locked,

    find: async (clOrdID) => story(await byName(clOrdID)),
    findByOrderID: async (orderID) => story(await byOrderID(orderID)),

    async openOrders(expected = []) {
      const open = new Map<OrderID, AlpacaOrder>()
      const add = (order: AlpacaOrder): void => {
        for (const each of family(order)) if (lifeOf(each.status).open) open.set(each.orderID, each)
      }
      const list = await listed({ status: 'open' })
      for (const order of list) add(order)
      const seen = new Set<string>(list.flatMap(family).flatMap((o) => [o.orderID, o.clientOrderID]))
      const ids = new Set([...families.open(), ...expected.flatMap((ref) => ref.orderID ?? [])])
      const names = new Set(expected.flatMap((ref) => (ref.orderID === null ? [ref.clOrdID] : [])))
      const asked = await Promise.all([
        ...[...ids].filter((id) => !seen.has(id)).map(byOrderID),
        ...[...names].filter((name) => !seen.has(name)).map(byName),
      ])
      for (const order of asked) if (order) add(order)
      // One by one it lists the exits of entries that have ended, too. An entry with its exits is known already.
      if (options.visiting === true)
        for (const order of await listed({ status: 'open', nested: 'false' }))
          if (order.orderClass !== 'simple' && !open.has(order.orderID)) {
            families.orphan(order)
            add(order)
          }
      return Promise.all([...open.values()].map(held))
    },

    async reportsSince(since) {
      const from = plusMs(since, -SECOND_MS)
      const list = await listed({ status: 'all', after: rfc3339(later(from, EPOCH)) })
      await tape.read(later(from, EPOCH))
      const known = new Set(list.flatMap(family).map((o) => o.orderID))
      // Orders older than that, of which something was executed since.
      const older = await Promise.all(tape.touchedSince(since).flatMap((id) => (known.has(id) ? [] : [byOrderID(id)])))
      const found = older.filter((order) => order !== null)
      const oldest = found.reduce((at, order) => (order.bornAt < at ? order.bornAt : at), since)
      // What a trade is called follows from the whole history of its order.
      if (oldest < since) await tape.read(plusMs(oldest, -SECOND_MS))
      const all = new Map([...list, ...found].flatMap(family).map((o) => [o.orderID, o]))
      const told = await Promise.all([...all.values()].map(async (order) => reportsOf(order, await pastOf(order))))
      return inTime(told.flat().filter((report) => report.transactTime >= since))
    },

    positions,

    async accountFact(): Promise<AccountFact> {
      const at = clock.now()
      const { fact, flags } = await readAccount(http)
      if (flags.length > 0) odd(options.account, `Alpaca restricts the account: ${flags.join(', ')}`)
      return { ...fact, account: options.account, at }
    },
    identity: async () => ({ accountID: account.accountID, name: account.name }),

    instrument: async (symbol) => (await market.asset(symbol))?.instrument ?? null,
    quote: market.quote,
    session: market.session,
    dailyBars: market.dailyBars,
    clockAhead: market.clockAhead,
    // Everything is quoted and settled in dollars.
    conversion: async (currency) => (currency === 'USD' ? { rate: dec('1'), at: clock.now() } : null),

    onReport: reports.listen,
    onNotice: notices.listen,
    async close() {
      stream?.close()
      http.close()
      data.close()
    },
  }
}

const EPOCH = 0 as Instant
const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)
const inDoubt = (cause: string): InDoubt => ({ outcome: 'in-doubt', cause })
const family = (order: AlpacaOrder): AlpacaOrder[] => [order, ...order.legs]
const inTime = (reports: readonly Report[]): Report[] => [...reports].sort((a, b) => a.transactTime - b.transactTime)
/** A target is a limit order; what waits for a price is the stop. */
const roleOf = (leg: AlpacaOrder): Leg['role'] => (leg.terms.stopPx === null ? 'Target' : 'Stop')
const legOf = (leg: AlpacaOrder): Leg => ({ role: roleOf(leg), orderID: leg.orderID })

const readAccount = async (http: Http): Promise<AlpacaAccount> => {
  const account = await http.read('/v2/account', parseAccount)
  if (account === null) throw new ReadFailed('Alpaca has no account at this address', false)
  return account
}

/** The account that these keys open. @throws {AlpacaRefusal} */
async function proven(http: Http, { environment, keys }: AlpacaOptions): Promise<AlpacaAccount> {
  let account: AlpacaAccount
  try {
    account = await readAccount(http)
  } catch (thrown) {
    const { status } = ((thrown instanceof ReadFailed && thrown.cause) || {}) as { status?: number }
    if (status !== 401 && status !== 403) throw thrown
    throw new AlpacaRefusal(status === 401 ? 'KEYS_REFUSED' : 'FORBIDDEN', wrongKeys(environment, keys.keyID))
  }
  if (account.currency === 'USD') return account
  throw new AlpacaRefusal(
    'CURRENCY',
    `The account at Alpaca is kept in ${account.currency}; only accounts in USD can be traded. Use keys of a USD account.`,
  )
}

/** Keys of paper accounts begin with PK, of live ones with AK: seen everywhere, promised nowhere. It only words a sentence. */
function wrongKeys(environment: 'paper' | 'live', keyID: string): string {
  const [here, there] = environment === 'paper' ? ['paper', 'live'] : ['live', 'paper']
  const looks = keyID.startsWith(environment === 'paper' ? 'AK' : 'PK')
  return `Alpaca does not accept these keys for ${here} trading.${
    looks ? ` They look like keys of a ${there} account.` : ''
  } Make a key under "${here} account" at app.alpaca.markets and set both the key ID and the secret; resetting a paper account ends its keys.`
}

/**
 * The broker's no, doubt, or null when the answer is a yes. Only Alpaca's own words, in JSON, are a no: a page of a proxy
 * is none, and "not now" leaves open what became of the request.
 */
function refusalIn(answer: Answer | NoAnswer): Refusal | InDoubt | null {
  if (answer.status === null) return inDoubt(answer.cause)
  const { status, body } = answer
  if (status >= 200 && status < 300) return null
  const said = parseRefusal(status, body)
  if (said && status >= 400 && !isUnclear(status)) return said
  return inDoubt(`Alpaca answered ${said?.text ?? `HTTP ${status} without a reason`}`)
}

function orderIn(answer: Answer | NoAnswer): AlpacaOrder | null {
  if (answer.status === null) return null
  try {
    return parseOrder(answer.body)
  } catch (thrown) {
    if (thrown instanceof Malformed) return null
    throw thrown
  }
}

/** The lines of a 207. The number 207 itself says nothing. */
function itemsIn(
  answer: Answer | NoAnswer,
): { readonly list: readonly Item[] } | InDoubt | { readonly outcome: 'rejected'; readonly text: string } {
  const no = refusalIn(answer)
  if (no !== null) return 'outcome' in no ? no : { outcome: 'rejected', text: no.text }
  try {
    return { list: answer.status === null ? [] : parseItems(answer.body) }
  } catch (thrown) {
    if (!(thrown instanceof Malformed)) throw thrown
    return inDoubt(`Alpaca answered ${String(answer.status)} with something that cannot be read: ${thrown.message}`)
  }
}

/**
 * Which order a leg belongs to: Alpaca's legs do not say, their parents do. And which parents may still have legs at work:
 * once they have filled themselves, the list of open orders has neither.
 */
function createFamilies() {
  const kin = new Map<OrderID, { readonly parent: OrderID | null; readonly role: Leg['role'] }>()
  const open = new Set<OrderID>()
  const replaces = new Map<OrderID, OrderID | null>()
  return {
    met(order: AlpacaOrder): void {
      replaces.delete(order.orderID)
      replaces.set(order.orderID, order.replaces)
      for (const leg of order.legs) {
        kin.delete(leg.orderID)
        kin.set(leg.orderID, { parent: order.orderID, role: roleOf(leg) })
      }
      for (const known of [kin, replaces])
        for (const oldest of known.keys()) {
          if (known.size <= FAMILIES_MAX) break
          known.delete(oldest)
        }
      if (order.legs.some((leg) => lifeOf(leg.status).open)) open.add(order.orderID)
      else open.delete(order.orderID)
    },
    /** A leg whose entry is not known. */
    orphan: (leg: AlpacaOrder): void => void kin.set(leg.orderID, { parent: null, role: roleOf(leg) }),
    of: (orderID: OrderID) => kin.get(orderID),
    open: (): ReadonlySet<OrderID> => open,
    /** Undefined when the order has not been met. */
    replaces: (orderID: OrderID) => replaces.get(orderID),
  }
}

/** Listeners. What is told while nobody listens is kept for the first, up to `keep`. */
function hub<T>(keep: number) {
  const listeners = new Set<(told: T) => void>()
  const kept: T[] = []
  return {
    tell: (told: T): void => {
      if (listeners.size === 0 && kept.length < keep) kept.push(told)
      for (const listener of listeners) listener(told)
    },
    listen: (listener: (told: T) => void): (() => void) => {
      listeners.add(listener)
      for (const told of kept.splice(0)) listener(told)
      return () => listeners.delete(listener)
    },
  }
}
