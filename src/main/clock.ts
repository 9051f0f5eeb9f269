import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../ports/clock.ts'
import { fromMs, type Instant, instant } from '../values/instant.ts'

/** What another thread needs to read the same time: numbers and one shared cell, so it can be sent to a worker. */
export type ClockSpec =
  | { readonly kind: 'system' }
  | {
      readonly kind: 'lapse'
      /** The market's time at `originNs`. */
      readonly startAt: Instant
      /** Market seconds per second of a person: 60 shows an hour in a minute. 0 stands still until `advanceTo`. */
      readonly speed: number
      /** Reading of the process's monotonic clock, which all its threads share, when the market's time was `startAt`. */
      readonly originNs: bigint
      /** One int64: microseconds that `advanceTo` has added. */
      readonly leap: SharedArrayBuffer
    }

export type LapseClock = Clock & {
  readonly spec: ClockSpec
  readonly speed: number
  /** Moves the market's time forward, in every thread at once; an earlier moment changes nothing. */
  advanceTo(at: Instant): void
}

export const SYSTEM: ClockSpec = { kind: 'system' }

/** Real time. */
export const systemClock = (): Clock => ({
  now: () => fromMs(Date.now()),
  monotonicNs: () => process.hrtime.bigint(),
  sleep,
})

/** The market's own time, starting at `startAt` and running `speed` times as fast as a person's. */
export function lapseClock(start: { readonly startAt: Instant; readonly speed: number }): LapseClock {
  return lapseClockOf({ kind: 'lapse', ...start, originNs: process.hrtime.bigint(), leap: new SharedArrayBuffer(8) })
}

/** The clock of a spec: the same readings in every thread of the process. */
export const clockOf = (spec: ClockSpec): Clock => (spec.kind === 'system' ? systemClock() : lapseClockOf(spec))

function lapseClockOf(spec: Extract<ClockSpec, { kind: 'lapse' }>): LapseClock {
  const leap = new BigInt64Array(spec.leap)
  const now = (): Instant => {
    const elapsedMicros = Number(process.hrtime.bigint() - spec.originNs) / 1000
    return instant(spec.startAt + Math.floor(elapsedMicros * spec.speed) + Number(Atomics.load(leap, 0)))
  }
  return {
    spec,
    speed: spec.speed,
    now,
    monotonicNs: () => process.hrtime.bigint(),
    sleep,
    advanceTo(at) {
      const aheadMicros = at - now()
      if (aheadMicros > 0) Atomics.add(leap, 0, BigInt(aheadMicros))
    },
  }
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  try {
    await delay(ms, undefined, signal === undefined ? undefined : { signal })
  } catch (error) {
    // Woken early, as asked.
    if (!signal?.aborted) throw error
  }
}
