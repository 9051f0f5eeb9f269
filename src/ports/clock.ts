import type { Instant } from '../values/instant.ts'

/** Time as an argument. In a replay it is the market's time, and runs faster. */
export interface Clock {
  now(): Instant
  /** Nanoseconds from an arbitrary start; never steps back, whatever the wall clock does. */
  monotonicNs(): bigint
  /** Resolves after `ms` milliseconds of a person's time, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
