import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Tick } from '../exchange/board.ts'
import { AVERAGED, type DailyBar, type DailyBars } from '../gate/days.ts'
import { type Instrument, tickAt as tickSizeAt } from '../orders/instrument.ts'
import { dec, type Decimal, gt, lt, minus, over, plus, type Px, type Qty, times, toStep } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { type Bar, parseBars } from './bars.ts'
import { equity, INSTRUMENTS } from './listing.ts'
import { feed, type Market, type MarketEvent } from './market.ts'

/** A minute is walked in twelve steps of five seconds: with its four corners alone every stop would fill at the extreme. */
const STEPS = 12
const BAR_MS = 60_000
const CORNERS = [0, 4, 8, STEPS - 1] as const
/** Minutes without a trade are common before and after hours; an hour without one is the night. */
const SESSION_GAP_MS = 3_600_000

export type ReplayOptions = {
  /** CSV files of one-minute bars, see `parseBars`. The symbol is the file's name up to the first `_` or `.`, unless told. */
  readonly files: readonly (string | { readonly file: string; readonly symbol: string })[]
  /** The replay begins here; earlier bars only set what is shown at the start. Default: with the first bar. */
  readonly from?: Instant
}

type Session = { readonly from: Instant; readonly to: Instant }
type RecordedDay = Session & DailyBar
type Source = {
  readonly instrument: Instrument
  readonly bars: readonly Bar[]
  readonly sessions: readonly Session[]
  readonly days: readonly RecordedDay[]
  next: number
}

/**
 * A market that repeats recorded bars. Each bar becomes a path open→low→high→close when it rose, open→high→low→close
 * when it fell. Between bars nothing is quoted; an hour without a bar ends the session.
 * @throws {Fault} `BAD_BARS` naming file and line; `NO_BARS_FILE` when a file cannot be read.
 */
export function replayMarket({
  files,
  from,
}: ReplayOptions): Market & { readonly startsAt: Instant; readonly endsAt: Instant } {
  const sources = files.map(sourceOf)
  if (sources.length === 0) throw new Fault('NO_BARS_FILE', 'a replay needs at least one file of bars')
  const bySymbol = new Map(sources.map((s) => [s.instrument.symbol, s]))
  if (bySymbol.size !== sources.length) throw new Fault('BAD_BARS', 'two files of a replay are about the same symbol')
  const startsAt = Math.min(...sources.map((s) => s.bars[0]?.at ?? 0)) as Instant
  const endsAt = Math.max(...sources.map((s) => s.sessions.at(-1)?.to ?? 0)) as Instant
  const out = feed()
  // One microsecond before the first bar, so that its opening tick is heard.
  let cursor = ((from ?? startsAt) - 1) as Instant

  for (const source of sources) {
    while ((source.bars[source.next]?.at ?? Number.POSITIVE_INFINITY) <= cursor) source.next++
    const { symbol } = source.instrument
    if (!sessionAt(source, cursor)) out.tell({ kind: 'Session', symbol, open: false, at: cursor })
    const earlier = source.bars[source.next - 1]
    const tick = earlier && path(source.instrument, earlier).findLast((t) => t.at <= cursor)
    if (tick) out.tell({ kind: 'Tick', ...tick })
    // The rest of a bar that has begun is still to come.
    if (earlier && plusMs(earlier.at, BAR_MS) > cursor) source.next--
  }

  return {
    startsAt,
    endsAt,
    instruments: new Map(sources.map((s) => [s.instrument.symbol, s.instrument])),
    session(symbol, at) {
      const source = bySymbol.get(symbol)
      const open = source !== undefined && sessionAt(source, at) !== undefined
      const next = source?.sessions.find((s) => s.from > at)?.from ?? null
      return { open, nextOpenAt: open ? null : next, at }
    },
    days(symbol, at) {
      const source = bySymbol.get(symbol)
      return source?.instrument.assetClass === 'us_equity' ? daysAt(source, at) : null
    },
    closeBetween: (symbol, after, to) =>
      bySymbol.get(symbol)?.sessions.find((s) => s.to > after && s.to <= to)?.to ?? null,
    advance(to) {
      if (to <= cursor) return
      const events = sources.flatMap((source) => eventsOf(source, cursor, to))
      cursor = to
      for (const event of events.sort((a, b) => a.at - b.at)) out.tell(event)
    },
    attach: out.attach,
  }
}

function sourceOf(named: ReplayOptions['files'][number]): Source {
  const { file, symbol } =
    typeof named === 'string' ? { file: named, symbol: basename(named).split(/[_.]/)[0] ?? '' } : named
  let csv: string
  try {
    csv = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Fault('NO_BARS_FILE', `${file} cannot be read`, { cause })
  }
  const bars = parseBars(basename(file), csv)
  const sessions = sessionsOf(bars)
  const days = sessions.map((session) => dayOf(session, bars))
  return { instrument: INSTRUMENTS.get(symbol) ?? equity(symbol), bars, sessions, days, next: 0 }
}

/** A session counts as a day. */
function dayOf(session: Session, bars: readonly Bar[]): RecordedDay {
  const mine = bars.filter(({ at }) => at >= session.from && at < session.to)
  const [first = bars[0] as Bar] = mine
  return {
    ...session,
    high: mine.reduce((high, bar) => (gt(bar.high, high) ? bar.high : high), first.high),
    low: mine.reduce((low, bar) => (lt(bar.low, low) ? bar.low : low), first.low),
    close: mine.at(-1)?.close ?? first.close,
    volume: mine.reduce<Decimal>((sum, { volume }) => plus(sum, volume), dec('0')),
  }
}

/**
 * The days that are recorded before this one, and this one so far. The days before a recording nobody has: where it has no
 * day that is over, its first stands for the one before it, so that what is traded in a day is known from the start.
 */
function daysAt({ days, bars }: Source, at: Instant): DailyBars | null {
  const [first] = days
  if (!first) return null
  const over = days.filter(({ to }) => to <= at)
  const open = days.find(({ from, to }) => from <= at && at < to)
  const soFar = open && bars.filter((bar) => bar.at >= open.from && plusMs(bar.at, BAR_MS) <= at)
  const before: DailyBar = {
    ...first,
    high: bars[0]?.open ?? first.high,
    low: bars[0]?.open ?? first.low,
    close: bars[0]?.open ?? first.close,
  }
  return {
    past: over.length > 0 ? over.slice(-AVERAGED) : [before],
    today: open && soFar && soFar.length > 0 ? dayOf({ from: open.from, to: at }, soFar) : null,
    at,
  }
}

function sessionsOf(bars: readonly Bar[]): Session[] {
  const sessions: Session[] = []
  for (const bar of bars) {
    const last = sessions.at(-1)
    const to = plusMs(bar.at, BAR_MS)
    if (last && bar.at - last.to <= SESSION_GAP_MS * 1000) sessions[sessions.length - 1] = { from: last.from, to }
    else sessions.push({ from: bar.at, to })
  }
  return sessions
}

const sessionAt = (source: Source, at: Instant): Session | undefined =>
  source.sessions.find((s) => s.from <= at && at < s.to)

/** Ticks and session changes of one symbol after `after` up to `to`. At one moment a session opens before it ticks. */
function eventsOf(source: Source, after: Instant, to: Instant): MarketEvent[] {
  const { symbol } = source.instrument
  const events: MarketEvent[] = []
  for (const s of source.sessions) {
    if (s.from > after && s.from <= to) events.push({ kind: 'Session', symbol, open: true, at: s.from })
    if (s.to > after && s.to <= to) events.push({ kind: 'Session', symbol, open: false, at: s.to })
  }
  for (let bar = source.bars[source.next]; bar && bar.at <= to; bar = source.bars[++source.next]) {
    for (const tick of path(source.instrument, bar))
      if (tick.at > after && tick.at <= to) events.push({ kind: 'Tick', ...tick })
    // The bar may end after `to`: its other ticks come with the next call.
    if (plusMs(bar.at, BAR_MS) > to) break
  }
  return events
}

/** The ticks of one bar. */
export function path(instrument: Instrument, bar: Bar): Tick[] {
  const rose = !lt(bar.close, bar.open)
  const corners = rose ? [bar.open, bar.low, bar.high, bar.close] : [bar.open, bar.high, bar.low, bar.close]
  const share = toStep(
    over(bar.volume, dec(String(STEPS)), { scale: 8, rounding: 'down' }),
    instrument.lot,
    'down',
  ) as Qty
  return Array.from({ length: STEPS }, (_, step) => {
    const last = priceAt(instrument, corners, step)
    const size = tickSizeAt(instrument, last) ?? last
    const bid = toStep(last, size, 'down')
    return {
      symbol: instrument.symbol,
      bid,
      ask: plus(bid, size),
      last,
      bidQty: share,
      askQty: share,
      at: plusMs(bar.at, (step * BAR_MS) / STEPS),
    }
  })
}

/** On a straight line between the corners on either side, on the tick; exactly the corner where there is one. */
function priceAt(instrument: Instrument, corners: readonly Px[], step: number): Px {
  const k = CORNERS.findLastIndex((corner) => corner <= step)
  const [from, to] = [corners[k] as Px, corners[k + 1]]
  const [start, end] = [CORNERS[k] ?? 0, CORNERS[k + 1] ?? STEPS]
  if (step === start || to === undefined) return from
  const part: Decimal = over(times(minus(to, from), dec(String(step - start))), dec(String(end - start)), {
    scale: 8,
    rounding: 'down',
  })
  const price = plus(from, part as Px)
  return toStep(price, tickSizeAt(instrument, price) ?? price, 'half-even')
}
