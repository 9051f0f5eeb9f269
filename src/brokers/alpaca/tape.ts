import { ReadFailed } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OrderID } from '../../values/brand.ts'
import { compare, type Decimal } from '../../values/decimal.ts'
import { type Instant, plusMs, rfc3339 } from '../../values/instant.ts'
import { parseJson } from '../../values/json.ts'
import { type History, historyOf } from './executions.ts'
import type { Http, Log } from './http.ts'
import { type Fill, listOf, Malformed, parseEventStream, parseFill, parseTradeEvent, type TradeEvent } from './parse.ts'

/** What has been executed on the account, from some moment on: read piece by piece, kept while the process runs. */
export type Tape = {
  /** Reads what is new, and what is older back to `from`. @throws {ReadFailed} */
  read(from: Instant): Promise<void>
  /** True when everything since `from` was read at some time; the newest may be missing. */
  covers(from: Instant): boolean
  /** @param inherited as in `historyOf`. */
  history(orderID: OrderID, inherited: Decimal | null): History
  /** True when nothing was executed on the order, as far as is known. */
  isBlank(orderID: OrderID): boolean
  /** Orders of which anything was executed or amended at or after `since`. */
  touchedSince(since: Instant): OrderID[]
}

/** Activities are created a little after what they tell of, and may be filtered by either: this much is read again. */
const OVERLAP_MS = 10 * 60_000
/** `after` is exclusive, and some filters know seconds only. */
const SECOND_MS = 1_000
const PAGE = 100
/** Some days of a busy account. Then the tape begins anew from what is asked for. */
const MAX_ENTRIES = 50_000
/** A host that fails on events this often in a row is taken for one without them, for an hour. */
const EVENT_FAILURES = 3
const EVENT_REST_MS = 3_600_000
/** Answers of a host that does not offer the activity events. */
const NO_EVENTS = new Set([400, 401, 403, 405, 410, 501])

export function createTape(o: {
  readonly http: Http
  readonly clock: Clock
  readonly log: Log
  readonly odd: (subject: string, text: string) => void
}): Tape {
  let from: Instant | null = null
  const fills = shelf<Fill>((fill) => fill.activityID)
  const events = shelf<TradeEvent>((event) => event.eventID)
  let eventFailures = 0
  let eventsRestUntil: Instant | null = null
  let last: Promise<void> = Promise.resolve()
  let waiting: { from: Instant; readonly done: Promise<void> } | null = null

  async function pass(wanted: Instant): Promise<void> {
    if (fills.size() + events.size() > MAX_ENTRIES) {
      fills.clear()
      events.clear()
      from = null
    }
    const known = from
    const since = (newestAt: Instant | null): Instant =>
      known === null || wanted < known ? wanted : later(known, plusMs(newestAt ?? known, -OVERLAP_MS))
    await Promise.all([readFills(since(fills.newestAt())), readEvents(since(events.newestAt()))])
    from = known === null || wanted < known ? wanted : known
  }

  async function readFills(since: Instant): Promise<void> {
    const query = new URLSearchParams({
      direction: 'asc',
      page_size: String(PAGE),
      after: rfc3339(plusMs(since, -SECOND_MS)),
    })
    for (;;) {
      const page = await o.http.read(`/v2/account/activities/FILL?${query.toString()}`, (body) => ({
        items: listOf(body, 'the list of fills', parseFill),
      }))
      if (page === null) throw new ReadFailed('Alpaca has no list of fills at this address', false)
      for (const fill of page.items) if (fill) fills.put(fill)
      const end = page.items.at(-1)?.activityID
      // A page that ends where the one before it ended would be asked for for ever.
      if (page.items.length < PAGE || end === undefined || query.get('page_token') === end) return
      query.set('page_token', end)
    }
  }

  /** Busts and corrections are told here alone. */
  async function readEvents(since: Instant): Promise<void> {
    const now = o.clock.now()
    if (eventsRestUntil !== null && now < eventsRestUntil) return
    // With an end the answer ends. It is inclusive or not: a millisecond takes in what happened just now.
    const query = new URLSearchParams({ since: rfc3339(plusMs(since, -SECOND_MS)), until: rfc3339(plusMs(now, 1)) })
    try {
      const body = await o.http.readText(`/v2beta1/events/activities?${query.toString()}`, parseEventStream)
      if (body === null) return withoutEvents('it has no activity events')
      if (body.complaints.length > 0) throw new ReadFailed(`activity events: ${body.complaints.join('; ')}`, true)
      for (const data of body.data) keep(data)
      eventFailures = 0
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed)) throw thrown
      const { status } = (thrown.cause ?? {}) as { status?: number }
      if (status !== undefined && NO_EVENTS.has(status)) return withoutEvents(thrown.message)
      if (++eventFailures < EVENT_FAILURES) throw thrown
      eventFailures = 0
      withoutEvents(thrown.message)
    }
  }

  function withoutEvents(why: string): void {
    eventsRestUntil = plusMs(o.clock.now(), EVENT_REST_MS)
    o.log('warn', 'Alpaca offers no activity events; fills are read from their list, busts come by stream alone', {
      why,
    })
  }

  function keep(data: string): void {
    const json = parseJson(data)
    try {
      if (!json.ok) throw new Malformed(json.error.message)
      const event = parseTradeEvent(json.value)
      if (event) events.put(event)
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown
      o.odd('activities', `an activity event cannot be read (${thrown.message}): ${data.slice(0, 300)}`)
    }
  }

  return {
    covers: (since) => from !== null && from <= since,
    read(wanted) {
      // One under way may have begun before what the caller wants to see: all who come meanwhile share the one after it.
      if (waiting) {
        if (wanted < waiting.from) waiting.from = wanted
        return waiting.done
      }
      const batch: { from: Instant; readonly done: Promise<void> } = {
        from: wanted,
        done: last
          .catch(() => {})
          .then(() => {
            waiting = null
            return pass(batch.from)
          }),
      }
      waiting = batch
      last = batch.done
      return batch.done
    },
    history: (orderID, inherited) =>
      historyOf(
        orderID,
        fills.of(orderID).sort((a, b) => a.at - b.at || compare(a.cumQty, b.cumQty)),
        // ULIDs sort as they were made.
        events.of(orderID).sort((a, b) => (a.eventID < b.eventID ? -1 : 1)),
        inherited,
      ),
    isBlank: (orderID) => fills.of(orderID).length + events.of(orderID).length === 0,
    touchedSince: (since) => [...new Set([...fills.touchedSince(since), ...events.touchedSince(since)])],
  }
}

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** Entries by their order, each once. */
function shelf<E extends { readonly orderID: OrderID; readonly at: Instant }>(keyOf: (entry: E) => string) {
  const byOrder = new Map<OrderID, Map<string, E>>()
  let size = 0
  let newestAt: Instant | null = null
  return {
    put(entry: E): void {
      const kept = byOrder.get(entry.orderID) ?? new Map<string, E>()
      byOrder.set(entry.orderID, kept)
      if (!kept.has(keyOf(entry))) size++
      kept.set(keyOf(entry), entry)
      if (newestAt === null || entry.at > newestAt) newestAt = entry.at
    },
    of: (orderID: OrderID): E[] => [...(byOrder.get(orderID)?.values() ?? [])],
    touchedSince: (since: Instant): OrderID[] =>
      [...byOrder].filter(([, kept]) => [...kept.values()].some((e) => e.at >= since)).map(([orderID]) => orderID),
    newestAt: (): Instant | null => newestAt,
    size: (): number => size,
    clear(): void {
      byOrder.clear()
      size = 0
      newestAt = null
    },
  }
}
