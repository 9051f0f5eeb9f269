import type { BustReport, CorrectReport, Report, StatusReport, TradeReport } from '../../orders/report.ts'
import type { ClOrdID, ExecID, OrderID } from '../../values/brand.ts'
import {
  amt,
  type Decimal,
  dec,
  eq,
  max,
  minus,
  plus,
  type Px,
  type Qty,
  round,
  shortest,
  times,
  ZERO,
} from '../../values/decimal.ts'
import { type Instant, plusMs } from '../../values/instant.ts'
import type { AlpacaOrder, Fill, TradeEvent, Update } from './parse.ts'

/**
 * How executions are named. The same trade comes over the stream, in the list of fills and among the activity events,
 * and only the order's id and the cumulated quantity are promised to be the same in all three. So a trade is
 * `order:cumQty`; when a bust made the order pass the same quantity twice, the second time is `order:cumQty:2`, and so
 * on. Names follow from what Alpaca tells, never from what we remember.
 */
const tradeName = (orderID: OrderID, cumQty: Qty, nth: number): ExecID =>
  `${orderID}:${shortest(cumQty)}${nth === 1 ? '' : `:${nth}`}` as ExecID
const statusName = (orderID: OrderID, what: string): ExecID => `${orderID}:${what}` as ExecID
/** A trade can be taken back once. */
const bustName = (trade: ExecID): ExecID => `${trade}:bust` as ExecID
const correctName = (trade: ExecID, executionID: string): ExecID => `${trade}:correct:${executionID}` as ExecID

export type Trade = {
  readonly execID: ExecID
  readonly orderID: OrderID
  readonly lastQty: Qty
  readonly lastPx: Px
  readonly cumQty: Qty
  readonly at: Instant
  /** Alpaca's own name for it; null when only the list of fills has told. */
  readonly executionID: string | null
}
export type Amendment = {
  readonly execID: ExecID
  readonly refExecID: ExecID
  /** Null takes the trade back. */
  readonly to: { readonly lastQty: Qty; readonly lastPx: Px } | null
  readonly at: Instant
}
export type History = {
  /** In the order they were made. */
  readonly trades: readonly Trade[]
  readonly amendments: readonly Amendment[]
  /** What the orders before this one had filled, where Alpaca counts it in. */
  readonly carried: Decimal
  /** What the order has filled as Alpaca counts it: what was carried over and its own live trades. */
  readonly cumQty: Decimal
  /** What could not be understood, in words for a person. */
  readonly odd: readonly string[]
}

const EPOCH = 0 as Instant
/** The list rounds its times, and may date what was corrected by the correction. */
const SETTLED_MS = 1_000

export const NO_HISTORY: History = { trades: [], amendments: [], carried: ZERO, cumQty: ZERO, odd: [] }

/**
 * Everything that happened to one order, from both lists. Each list holds the order from its birth, oldest first; either
 * may lag behind the other.
 *
 * Once anything was taken back or corrected, the events alone are believed up to the last of them, when they begin at
 * the order's first trade: whether the list of fills then shows old figures, new ones, or both is documented nowhere.
 *
 * @param inherited of an order that replaces another one, what it seems to have filled by the other's trades. Whether
 *   Alpaca counts them in is disputed, so its own first trade decides, once there is one. Null: it replaces none.
 */
export function historyOf(
  orderID: OrderID,
  fills: readonly Fill[],
  events: readonly TradeEvent[],
  inherited: Decimal | null = null,
): History {
  const told = numbered(
    events.flatMap(({ kind, lastQty, lastPx, cumQty, at, executionID }) =>
      kind === 'fill' && lastQty && lastPx && cumQty ? [{ orderID, lastQty, lastPx, cumQty, at, executionID }] : [],
    ),
  )
  const listed = numbered(
    fills.map(({ lastQty, lastPx, cumQty, at }) => ({ orderID, lastQty, lastPx, cumQty, at, executionID: null })),
  )
  const amending = events.filter((e) => e.kind !== 'fill')
  const first = listed[0] ?? told[0]
  const carried = inherited === null ? ZERO : first ? before(first) : inherited
  const whole = told[0] !== undefined && eq(before(told[0]), carried)
  // What came after is in the list as it is: events may stop coming for an hour.
  const lastEventAt = plusMs(
    events.reduce<Instant>((at, e) => (e.at > at ? e.at : at), EPOCH),
    SETTLED_MS,
  )
  const believed = amending.length > 0 && whole ? listed.filter(({ at }) => at > lastEventAt) : listed
  const trades = united(told, believed)

  const roots = new Map(told.flatMap((t) => (t.executionID === null ? [] : [[t.executionID, t.execID] as const])))
  const amendments: Amendment[] = []
  const odd: string[] = []
  for (const event of amending) {
    const trade = rootOf(event, roots, trades)
    const amendment = trade && amendmentOf(event, trade)
    if (amendment) amendments.push(amendment)
    else odd.push(`${event.kind} ${event.executionID} of ${event.previousID ?? 'no execution'} cannot be understood`)
    // A correction can be corrected: the chain ends at the trade.
    if (trade) roots.set(event.executionID, trade)
  }
  return { trades, amendments, carried, cumQty: plus(carried, sumOf(trades, amendments)), odd }
}

/** What its order had filled before a trade. */
const before = ({ cumQty, lastQty }: Pick<Trade, 'cumQty' | 'lastQty'>): Decimal =>
  max<Decimal>(minus<Decimal>(cumQty, lastQty), ZERO)

/** Gives each trade its name: the how-manieth of the order that ended at its cumulated quantity. */
function numbered(trades: readonly Omit<Trade, 'execID'>[]): Trade[] {
  const met = new Map<string, number>()
  return trades.map((trade) => {
    const key = shortest(trade.cumQty)
    const nth = (met.get(key) ?? 0) + 1
    met.set(key, nth)
    return { ...trade, execID: tradeName(trade.orderID, trade.cumQty, nth) }
  })
}

const united = (told: readonly Trade[], listed: readonly Trade[]): Trade[] => {
  const known = new Set(told.map((t) => t.execID))
  const more = listed.filter((t) => !known.has(t.execID))
  return more.length === 0 ? [...told] : [...told, ...more].sort((a, b) => a.at - b.at)
}

/** The trade that an amendment is about: by the execution it names, or else by being the only one of its size and price. */
function rootOf(event: TradeEvent, roots: ReadonlyMap<string, ExecID>, trades: readonly Trade[]): ExecID | null {
  const named = event.previousID === null ? undefined : roots.get(event.previousID)
  if (named) return named
  if (event.kind !== 'trade_bust' || !event.lastQty || !event.lastPx) return null
  const { lastQty, lastPx } = event
  const alike = trades.filter((t) => eq(t.lastQty, lastQty) && eq(t.lastPx, lastPx))
  return alike.length === 1 ? (alike[0]?.execID ?? null) : null
}

function amendmentOf(event: TradeEvent, refExecID: ExecID): Amendment | null {
  const { at, lastQty, lastPx } = event
  if (event.kind === 'trade_bust') return { execID: bustName(refExecID), refExecID, to: null, at }
  if (!lastQty || !lastPx) return null
  return { execID: correctName(refExecID, event.executionID), refExecID, to: { lastQty, lastPx }, at }
}

function sumOf(trades: readonly Trade[], amendments: readonly Amendment[]): Decimal {
  const live = new Map<ExecID, Decimal>(trades.map((t) => [t.execID, t.lastQty]))
  for (const { refExecID, to } of amendments) {
    if (to === null) live.delete(refExecID)
    else if (live.has(refExecID)) live.set(refExecID, to.lastQty)
  }
  return [...live.values()].reduce<Decimal>((sum, each) => plus(sum, each), ZERO)
}

/**
 * A fill from the stream as the trade that follows `history`. Null when it does not follow: then something is missing,
 * or it is told a second time.
 */
export function nextTrade(history: Pick<History, 'trades' | 'cumQty'>, update: Update): Trade | null {
  const { order, lastQty, lastPx, executionID } = update
  if (!lastQty || !lastPx || !eq(plus<Decimal>(history.cumQty, lastQty), order.cumQty)) return null
  const nth = history.trades.filter((t) => eq(t.cumQty, order.cumQty)).length + 1
  return {
    execID: tradeName(order.orderID, order.cumQty, nth),
    orderID: order.orderID,
    lastQty,
    lastPx,
    cumQty: order.cumQty,
    at: update.at ?? order.updatedAt,
    executionID,
  }
}

/** A bust or correction from the stream, about a trade that is known by Alpaca's name for it. Null when it is not. */
export function amendmentIn(update: Update, trades: readonly Trade[]): Amendment | null {
  const trade = update.previousID === null ? undefined : trades.find((t) => t.executionID === update.previousID)
  if (!trade || update.executionID === null) return null
  return amendmentOf(
    {
      eventID: update.executionID,
      executionID: update.executionID,
      previousID: update.previousID,
      kind: update.event === 'trade_bust' ? 'trade_bust' : 'trade_correct',
      orderID: trade.orderID,
      symbol: update.order.terms.symbol,
      lastQty: update.lastQty,
      lastPx: update.lastPx,
      cumQty: null,
      at: update.at ?? update.order.updatedAt,
    },
    trade.execID,
  )
}

// ---- reports ----

/** What the reports of an order share. */
export type Subject = {
  readonly orderID: OrderID
  readonly clOrdID: ClOrdID | null
  readonly side: 'Buy' | 'Sell'
  readonly assetClass: string
}
export const subjectOf = ({ orderID, clOrdID, terms, assetClass }: AlpacaOrder): Subject => ({
  orderID,
  clOrdID,
  side: terms.side,
  assetClass,
})

/** The worst tier, 25 basis points, taken in what is bought: docs.alpaca.markets "Crypto Spot Trading Fees". */
const CRYPTO_FEE = dec('0.0025')
const ONE_TO_ONE = dec('1')

/** Rounded up, so that we never think we hold more than we do. Fees of sales are taken in dollars, a day later. */
const feeOf = (s: Subject, lastQty: Qty): { feeQty?: Qty } =>
  s.assetClass === 'crypto' && s.side === 'Buy' ? { feeQty: round(times(lastQty, CRYPTO_FEE), 9, 'up') as Qty } : {}

export function tradeReport(s: Subject, trade: Trade): TradeReport {
  return {
    execType: 'Trade',
    execID: trade.execID,
    clOrdID: s.clOrdID,
    orderID: s.orderID,
    transactTime: trade.at,
    text: null,
    lastQty: trade.lastQty,
    lastPx: trade.lastPx,
    settlCurrFxRate: ONE_TO_ONE,
    // No commission on stocks; what regulators take of sales is booked as an activity of its own at night.
    commission: amt('0'),
    ...feeOf(s, trade.lastQty),
  }
}

export function amendmentReport(s: Subject, { execID, refExecID, to, at }: Amendment): BustReport | CorrectReport {
  const head = { execID, refExecID, clOrdID: s.clOrdID, orderID: s.orderID, transactTime: at, text: null }
  return to === null
    ? { ...head, execType: 'TradeCancel' }
    : { ...head, ...to, execType: 'TradeCorrect', ...feeOf(s, to.lastQty) }
}

/** How an order ended: from its status, or from the event of the stream that is called the same. */
const ENDS: Readonly<Record<string, (o: AlpacaOrder) => [StatusReport['execType'], Instant | null]>> = {
  canceled: (o) => ['Canceled', o.canceledAt],
  expired: (o) => ['Expired', o.expiredAt],
  rejected: (o) => ['Rejected', o.failedAt],
  replaced: (o) => ['Replaced', o.replacedAt],
}

/** The end of an order, or null while it has none or ended by filling. `text` is the broker's reason, where it gives one. */
export function endReport(order: AlpacaOrder, status: string, text: string | null = null): StatusReport | null {
  const end = ENDS[status]?.(order)
  if (!end) return null
  const [execType, at] = end
  return {
    execType,
    execID: statusName(order.orderID, status),
    clOrdID: order.clOrdID,
    orderID: order.orderID,
    transactTime: at ?? order.updatedAt,
    text,
  }
}

/** That the broker has it. Queued for the morning, not yet acknowledged by an exchange, waiting as a leg: it is in their hands. */
export const newReport = (order: AlpacaOrder): StatusReport => ({
  execType: 'New',
  execID: statusName(order.orderID, 'new'),
  clOrdID: order.clOrdID,
  orderID: order.orderID,
  transactTime: order.bornAt,
  text: null,
})

/** Everything that is known of one order as reports, oldest first. The same facts always give the same reports. */
export function reportsOf(order: AlpacaOrder, history: History): Report[] {
  const s = subjectOf(order)
  const end = endReport(order, order.status)
  return [
    ...(order.status === 'rejected' ? [] : [newReport(order)]),
    ...[
      ...history.trades.map((trade) => tradeReport(s, trade)),
      ...history.amendments.map((amendment) => amendmentReport(s, amendment)),
    ].sort((a, b) => a.transactTime - b.transactTime),
    ...(end ? [end] : []),
  ]
}
