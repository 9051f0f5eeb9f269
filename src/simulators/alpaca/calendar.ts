import type { Market } from '../../markets/market.ts'
import type { Instant } from '../../values/instant.ts'
import type { Asset } from './asset.ts'
import type { Json } from './json.ts'
import { inNewYork, type Stamp, wireTime } from './wire.ts'

/**
 * Trading days as `markets/hours.ts` has them: every weekday, without holidays and early closes, since a market that
 * trades on a day its calendar calls a holiday would be no simulation of anything.
 */
const isTradingDay = (day: Temporal.PlainDate): boolean => day.dayOfWeek <= 5
const nextDay = (day: Temporal.PlainDate): Temporal.PlainDate => {
  let next = day.add({ days: 1 })
  while (!isTradingDay(next)) next = next.add({ days: 1 })
  return next
}

const ZONE = 'America/New_York'
const at = (day: Temporal.PlainDate, time: string): Temporal.ZonedDateTime =>
  day.toZonedDateTime({ timeZone: ZONE, plainTime: time })
const before = (a: Temporal.ZonedDateTime, b: Temporal.ZonedDateTime): boolean =>
  Temporal.ZonedDateTime.compare(a, b) < 0
/** `2026-11-23T09:30:00-05:00` */
const local = (when: Temporal.ZonedDateTime): string => when.toString({ timeZoneName: 'never', smallestUnit: 'second' })

/** The first trading day whose `time` is not yet over. */
function upcoming(now: Temporal.ZonedDateTime, time: string): Temporal.PlainDate {
  const today = now.toPlainDate()
  return isTradingDay(today) && before(now, at(today, time)) ? today : nextDay(today)
}

const stampAt = (when: Temporal.ZonedDateTime): Stamp =>
  `${when.toInstant().toString({ fractionalSecondDigits: 9 })}` as Stamp

/** When an order ends by itself: a day order with its session, any other after ninety days (a quarter past four). */
export function expiryOf(submittedAt: Stamp, tif: string, extendedHours: boolean): Stamp {
  const now = inNewYork(submittedAt)
  const closes = extendedHours ? '20:00' : '16:00'
  return tif === 'gtc'
    ? stampAt(at(now.toPlainDate().add({ days: 90 }), '16:15'))
    : stampAt(at(upcoming(now, closes), closes))
}

/** The session that holds at a moment, by the clock alone. */
export function phaseOf(now: Temporal.ZonedDateTime): {
  readonly phase: 'closed' | 'pre' | 'core' | 'post'
  readonly until: Temporal.ZonedDateTime
} {
  const day = now.toPlainDate()
  if (isTradingDay(day))
    for (const [phase, until] of [
      ['closed', '04:00'],
      ['pre', '09:30'],
      ['core', '16:00'],
      ['post', '20:00'],
    ] as const)
      if (before(now, at(day, until))) return { phase, until: at(day, until) }
  return { phase: 'closed', until: at(nextDay(day), '04:00') }
}

/** `GET /v2/clock`. Open is what the market of equities says; when it next changes, the calendar. */
export function clockJson(market: Market, equity: Asset | null, at_: Instant, stamp: Stamp): Json {
  const now = inNewYork(stamp)
  const open = equity ? market.session(equity.symbol, at_).open : false
  const opens = upcoming(now, '09:30')
  const closes = upcoming(now, '16:00')
  return {
    timestamp: now.toString({ timeZoneName: 'never', fractionalSecondDigits: 9 }),
    is_open: open,
    next_open: local(at(opens, '09:30')),
    next_close: local(at(closes, '16:00')),
  }
}

/** `GET /v3/clock`: only New York's exchange is known. */
export function clocksJson(stamp: Stamp): Json {
  const now = inNewYork(stamp)
  const { phase, until } = phaseOf(now)
  return {
    clocks: [
      {
        market: { mic: 'XNYS', acronym: 'NYSE', name: 'New York Stock Exchange', timezone: ZONE },
        timestamp: wireTime(stamp),
        is_market_day: isTradingDay(now.toPlainDate()),
        next_market_open: local(at(upcoming(now, '09:30'), '09:30')),
        next_market_close: local(at(upcoming(now, '16:00'), '16:00')),
        phase,
        phase_until: local(until),
      },
    ],
  }
}

/** No answer is longer than a year of days, so that a request without bounds stays small. */
const DAYS_MAX = 366

/** `GET /v2/calendar`: trading days from `start` to `end`, both included; null when either is no day. */
export function calendarJson(start: string | null, end: string | null, byTrade: boolean, stamp: Stamp): Json[] | null {
  const day = (text: string | null): Temporal.PlainDate | null => {
    if (text === null) return null
    try {
      return Temporal.PlainDate.from(text.slice(0, 10))
    } catch {
      return null
    }
  }
  if ((start !== null && !day(start)) || (end !== null && !day(end))) return null
  const first = day(start) ?? inNewYork(stamp).toPlainDate()
  const last = day(end) ?? first.add({ days: DAYS_MAX })
  const rows: Json[] = []
  // A trade settles on the next trading day, so days asked for by settlement begin up to four days earlier.
  for (
    let trade = first.subtract({ days: 4 });
    Temporal.PlainDate.compare(trade, last) <= 0;
    trade = trade.add({ days: 1 })
  ) {
    if (!isTradingDay(trade) || rows.length >= DAYS_MAX) continue
    const settlement = nextDay(trade)
    const asked = byTrade ? trade : settlement
    if (Temporal.PlainDate.compare(asked, first) < 0 || Temporal.PlainDate.compare(asked, last) > 0) continue
    rows.push({
      date: trade.toString(),
      open: '09:30',
      close: '16:00',
      session_open: '0400',
      session_close: '2000',
      settlement_date: settlement.toString(),
    })
  }
  return rows
}
