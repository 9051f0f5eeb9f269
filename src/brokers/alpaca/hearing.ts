import type { Report } from '../../orders/report.ts'
import type { OrderID } from '../../values/brand.ts'
import { type Decimal, eq, isZero, ZERO } from '../../values/decimal.ts'
import {
  amendmentIn,
  amendmentReport,
  endReport,
  type History,
  newReport,
  nextTrade,
  subjectOf,
  type Trade,
  tradeReport,
} from './executions.ts'
import type { Log } from './http.ts'
import type { AlpacaOrder, Update } from './parse.ts'

/** What is known of one order's executions. Uncertain after a gap in the stream, or when something was taken back. */
type Known = { trades: Trade[]; cumQty: Decimal; certain: boolean }

export type Hearing = {
  readonly hear: (update: Update) => void
  /** The stream was away: nothing known before can be counted on from. */
  readonly gap: () => void
}

/** Orders remembered at once: of one that is forgotten the history is read, which costs two requests. */
const MAX_KNOWN = 5_000
const ACKNOWLEDGED = new Set(['new', 'accepted', 'held'])
const BEGINNING = new Set(['new', 'accepted', 'pending_new'])
/** Nothing a report could say: the order works on, or the end comes in an event of its own. */
const IN_BETWEEN = new Set([
  'pending_new',
  'pending_cancel',
  'pending_replace',
  'done_for_day',
  'calculated',
  'stopped',
  'suspended',
  'order_cancel_rejected',
  'order_replace_rejected',
])

/**
 * Turns events of the stream into reports. A fill is reported at once when it follows what is known of its order; where
 * it does not, the order's history is read first, because a name that is guessed could be that of another trade.
 */
export function createHearing(o: {
  readonly history: (order: AlpacaOrder) => Promise<History>
  readonly emit: (report: Report) => void
  readonly odd: (subject: string, text: string) => void
  readonly log: Log
}): Hearing {
  const known = new Map<OrderID, Known>()
  /** Orders whose history is being read: what comes meanwhile waits for it. */
  const busy = new Map<OrderID, Promise<void>>()

  const remember = (orderID: OrderID, what: Known): Known => {
    known.delete(orderID)
    known.set(orderID, what)
    const oldest = known.size > MAX_KNOWN ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    return what
  }

  function hear(update: Update): void {
    const { event, order } = update
    if (BEGINNING.has(event) && isZero(order.cumQty) && !known.has(order.orderID))
      remember(order.orderID, { trades: [], cumQty: ZERO, certain: true })
    if (ACKNOWLEDGED.has(event)) return o.emit(newReport(order))
    const end = endReport(order, event, update.reason)
    if (end) return o.emit(end)
    switch (event) {
      case 'fill':
      case 'partial_fill':
        return filled(update)
      case 'trade_bust':
      case 'trade_correct':
        return later(update, amended)
      default:
        if (IN_BETWEEN.has(event))
          o.log('info', 'the order stream told of a step', { orderID: order.orderID, event, reason: update.reason })
        else o.odd(order.orderID, `the event ${event} is none that we know${update.reason ? `: ${update.reason}` : ''}`)
    }
  }

  function filled(update: Update): void {
    const at = known.get(update.order.orderID)
    if (busy.has(update.order.orderID) || !at?.certain || !follows(at, update)) later(update, uncertain)
  }

  /** Reports a fill that is known already, or that comes next. */
  function follows(at: Known, update: Update): boolean {
    const trade = repeated(at, update) ?? nextTrade(at, update)
    if (!trade) return false
    if (!at.trades.includes(trade)) {
      at.trades.push(trade)
      at.cumQty = update.order.cumQty
    }
    o.emit(tradeReport(subjectOf(update.order), trade))
    return true
  }

  function later(update: Update, then: (update: Update) => Promise<void>): void {
    const { orderID } = update.order
    const turn = (busy.get(orderID) ?? Promise.resolve())
      .then(() => then(update))
      .catch((thrown: unknown) => {
        const at = known.get(orderID)
        if (at) at.certain = false
        o.log('warn', 'the history of an order could not be read; the next poll finds it', {
          orderID,
          error: String(thrown),
        })
      })
      .finally(() => {
        if (busy.get(orderID) === turn) busy.delete(orderID)
      })
    busy.set(orderID, turn)
  }

  async function uncertain(update: Update): Promise<void> {
    const at = known.get(update.order.orderID)
    // While this waited, the history may have been read for another.
    if (at?.certain && follows(at, update)) return
    const now = await reread(update)
    // The lists may lag behind the stream: what follows what they tell is certain all the same.
    if (repeated(now, update) || follows(now, update)) return
    now.certain = false
    o.log('info', 'a fill does not follow what is known of its order; the next poll finds it', {
      orderID: update.order.orderID,
    })
  }

  async function amended(update: Update): Promise<void> {
    const { order } = update
    const now = await reread(update)
    const amendment = amendmentIn(update, now.trades)
    if (amendment) o.emit(amendmentReport(subjectOf(order), amendment))
    // Where neither list tells of busts, the next fill would be counted from a wrong sum.
    if (!eq(now.cumQty, order.cumQty)) now.certain = false
    if (!amendment && !eq(now.cumQty, order.cumQty))
      o.odd(
        order.orderID,
        `${update.event} ${update.executionID ?? ''} of ${update.previousID ?? 'an execution without a name'}: Alpaca does not tell which trade that was`,
      )
  }

  /** Reads the history of the order and reports all of it: most was never heard, and a repeat changes nothing. */
  async function reread({ order, executionID, lastQty, lastPx }: Update): Promise<Known> {
    const { trades, amendments, cumQty } = await o.history(order)
    const names = new Map(known.get(order.orderID)?.trades.map((t) => [t.execID, t.executionID]))
    const named = trades.map((t) => {
      const mine = lastQty && lastPx && eq(t.cumQty, order.cumQty) && eq(t.lastQty, lastQty) && eq(t.lastPx, lastPx)
      return { ...t, executionID: t.executionID ?? names.get(t.execID) ?? (mine ? executionID : null) }
    })
    const s = subjectOf(order)
    for (const trade of named) o.emit(tradeReport(s, trade))
    for (const amendment of amendments) o.emit(amendmentReport(s, amendment))
    return remember(order.orderID, { trades: named, cumQty, certain: true })
  }

  return {
    hear,
    gap() {
      for (const at of known.values()) at.certain = false
    },
  }
}

/** The trade that an update tells once more. */
function repeated(at: Known, { order, executionID, lastQty, lastPx }: Update): Trade | null {
  const same = at.trades.find((t) =>
    executionID !== null && t.executionID !== null
      ? t.executionID === executionID
      : lastQty !== null &&
        lastPx !== null &&
        eq(t.cumQty, order.cumQty) &&
        eq(t.lastQty, lastQty) &&
        eq(t.lastPx, lastPx),
  )
  return same ?? null
}
