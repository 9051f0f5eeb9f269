import type { Clock } from '../ports/clock.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'

/** What a broker's answer says about its own counting. Null: it says nothing. */
export type RateNews = {
  readonly remaining: number | null
  readonly resetAt: Instant | null
  readonly retryAfterMs: number | null
}

/**
 * Who goes first when requests are scarce. `urgent`: cancels, closes and exits; they may use the reserve, and a pause
 * the broker asked for does not hold them up, because a refused cancel costs less than one that was not tried. `order`:
 * what a person has just said yes to. `read`: every question.
 */
export type Lane = 'urgent' | 'order' | 'read'

export type Budget = {
  /**
   * Takes one request from the budget.
   * @returns 0 when it was taken; otherwise milliseconds until it is worth asking again.
   */
  take(lane: Lane, now: Instant): number
  heard(news: RateNews, now: Instant): void
}

/** Requests that a lane leaves for the one before it. */
const STEP = 3
/** A broker that asks for a longer pause than this is asked again anyway: its clock may be wrong, and ours too. */
const PAUSE_MAX_MS = 60_000

/**
 * A token bucket with a reserve. A third of a minute's requests may go at once, the rest evenly: within any minute at
 * most four thirds of `perMinute` leave, which at 150 are the 200 that Alpaca allows.
 *
 * @param reserve how many of those that may go at once are kept for urgent requests; at most three fifths.
 */
export function createBudget(
  { perMinute, reserve }: { readonly perMinute: number; readonly reserve: number },
  start: Instant,
): Budget {
  const burst = Math.max(1, Math.ceil(perMinute / 3))
  const kept = Math.min(reserve, Math.floor(burst * 0.6))
  let tokens = burst
  let at = start
  let pausedUntil = start

  const refill = (now: Instant): void => {
    // A clock that was set back refills nothing, and is believed from here on.
    if (now > at) tokens = Math.min(burst, tokens + (msBetween(at, now) * perMinute) / 60_000)
    at = now > at ? plusMs(at, msBetween(at, now)) : now
  }
  // What each lane leaves for those before it: it is served as long as they have something left.
  const ahead: Readonly<Record<Lane, number>> = { urgent: 0, order: kept, read: kept + STEP }
  return {
    take(lane, now) {
      refill(now)
      // Longer than the longest pause: the clock was set back.
      const pauseMs = now < pausedUntil ? Math.max(1, msBetween(now, pausedUntil)) : 0
      if (lane !== 'urgent' && pauseMs > 0 && pauseMs <= PAUSE_MAX_MS) return pauseMs
      const floor = Math.min(burst, ahead[lane] + 1)
      if (tokens < floor) return Math.max(1, Math.ceil(((floor - tokens) * 60_000) / perMinute))
      tokens--
      return 0
    },
    heard({ remaining, resetAt, retryAfterMs }, now) {
      refill(now)
      if (remaining !== null) tokens = Math.min(tokens, remaining)
      const pauses = [
        ...(retryAfterMs === null ? [] : [retryAfterMs]),
        ...(remaining === 0 && resetAt !== null ? [msBetween(now, resetAt)] : []),
      ]
      for (const ms of pauses) {
        const until = plusMs(now, Math.min(ms, PAUSE_MAX_MS))
        if (until > pausedUntil) pausedUntil = until
      }
    },
  }
}

/**
 * Requests wait for the budget in the order in which they came, each lane in a line of its own: a crowd then takes long,
 * and nobody is passed over for ever.
 *
 * @returns true when the request may go; false when `deadline` came first.
 */
export function lineUp(budget: Budget, clock: Clock): (lane: Lane, deadline: AbortSignal) => Promise<boolean> {
  const last: Record<Lane, Promise<void>> = {
    urgent: Promise.resolve(),
    order: Promise.resolve(),
    read: Promise.resolve(),
  }
  return async (lane, deadline) => {
    const turn = Promise.withResolvers<void>()
    const before = last[lane]
    last[lane] = before.then(() => turn.promise)
    const given = Promise.withResolvers<void>()
    const giveUp = (): void => given.resolve()
    deadline.addEventListener('abort', giveUp, { once: true })
    try {
      await Promise.race([before, given.promise])
      while (!deadline.aborted) {
        const waitMs = budget.take(lane, clock.now())
        if (waitMs === 0) return true
        await clock.sleep(waitMs, deadline)
      }
      return false
    } finally {
      deadline.removeEventListener('abort', giveUp)
      turn.resolve()
    }
  }
}

export type Breaker = {
  /** False while reads are not worth trying; once per rest one is let through to see. */
  allows(now: Instant): boolean
  succeeded(): void
  failed(now: Instant): void
}

/** Stops asking a host that does not answer. For reads only: a write always gets its one attempt. */
export function createBreaker({
  failures,
  restMs,
}: {
  /** So many in a row. */
  readonly failures: number
  readonly restMs: number
}): Breaker {
  let inRow = 0
  let restUntil: Instant | null = null
  return {
    allows(now) {
      if (restUntil === null) return true
      // More than a whole rest away: the clock was set back.
      if (now < restUntil && msBetween(now, restUntil) <= restMs) return false
      restUntil = plusMs(now, restMs)
      return true
    },
    succeeded() {
      inRow = 0
      restUntil = null
    },
    failed(now) {
      inRow++
      if (inRow >= failures) restUntil = plusMs(now, restMs)
    },
  }
}
