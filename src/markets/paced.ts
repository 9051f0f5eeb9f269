import { type Instant, instant, msBetween, plusMs } from '../values/instant.ts'
import type { Market, MarketEvent } from './market.ts'

/** Nobody waits through a night: it goes on a minute before something opens. */
const NIGHT_MS = 10 * 60_000
const BEFORE_OPEN_MS = 60_000

export type PaceOptions = {
  /** A moment of the inner market, and the moment outside that it is shown at. */
  readonly inner: Instant
  readonly outer: Instant
  /** Market seconds per second outside. */
  readonly speed: number
}

/**
 * A market that keeps a time of its own, recorded long ago or faster than life, shown to those who keep another: every
 * moment that goes in or comes out is one of theirs. Nights in which nothing is open are left out.
 */
export function pacedMarket(market: Market, { inner, outer, speed }: PaceOptions): Market {
  let left = 0
  let shown = outer
  const inside = (at: Instant): Instant => instant(inner + Math.floor((at - outer) * speed) + left)
  const outside = (at: Instant): Instant => instant(outer + Math.floor((at - inner - left) / speed))
  /** Time outside never goes back, also where a night was left out. */
  const told = (event: MarketEvent): MarketEvent => {
    const at = outside(event.at)
    if (at > shown) shown = at
    return { ...event, at: shown }
  }

  function leaveOutNight(now: Instant): void {
    const opens: Instant[] = []
    for (const symbol of market.instruments.keys()) {
      const { open, nextOpenAt } = market.session(symbol, now)
      if (open || nextOpenAt === null) return
      opens.push(nextOpenAt)
    }
    const next = Math.min(...opens) as Instant
    if (msBetween(now, next) > NIGHT_MS) left += plusMs(next, -BEFORE_OPEN_MS) - now
  }

  return {
    instruments: market.instruments,
    session(symbol, at) {
      const { open, nextOpenAt } = market.session(symbol, inside(at))
      return { open, nextOpenAt: nextOpenAt === null ? null : outside(nextOpenAt), at }
    },
    closeBetween(symbol, from, to) {
      const close = market.closeBetween(symbol, inside(from), inside(to))
      return close === null ? null : outside(close)
    },
    days(symbol, at) {
      const days = market.days(symbol, inside(at))
      return days && { ...days, at }
    },
    advance(to) {
      const now = inside(to)
      market.advance(now)
      leaveOutNight(now)
    },
    attach: (listener) => market.attach((event) => listener(told(event))),
  }
}
