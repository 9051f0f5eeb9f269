import type { Clock } from '../../src/ports/clock.ts'
import { type Instant, plusMs } from '../../src/values/instant.ts'
import { hash32 } from '../../src/values/random.ts'

/** A number from 0 (inclusive) to 1 (exclusive) that depends on what it is for, and on nothing that was drawn before. */
export const chance = (...about: readonly (string | number)[]): number => hash32(...about) / 2 ** 32

export type Posted = { readonly at: number; readonly order: number; readonly run: () => unknown; dropped: boolean }

const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * The only thing that moves in a simulated world. Events wait here for their moment, in microseconds since the start; one
 * is run at a time, and everything that it lets loose comes to rest before the next. Nothing else may wait on the event
 * loop: what does is not simulated, and shows as a difference between two runs of one seed.
 */
export class Loop {
  #now = 0
  #posted = 0
  /** Latest first, so that the next one is at the end. */
  readonly #waiting: Posted[] = []
  events = 0

  get nowUs(): number {
    return this.#now
  }
  get nowMs(): number {
    return this.#now / 1_000
  }
  get isIdle(): boolean {
    return this.#waiting.length === 0
  }

  post(afterMs: number, run: () => unknown): Posted {
    const at = this.#now + Math.max(0, Math.round(afterMs * 1_000))
    const posted: Posted = { at, order: this.#posted++, run, dropped: false }
    let [low, high] = [0, this.#waiting.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#waiting[middle] as Posted).at > at) low = middle + 1
      else high = middle
    }
    this.#waiting.splice(low, 0, posted)
    return posted
  }
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.post(ms, resolve))
  }

  /** Runs what is due until `untilMs`, or until `stop` says so. */
  async run(untilMs: number, stop: () => boolean): Promise<void> {
    const until = Math.round(untilMs * 1_000)
    await quiet()
    for (;;) {
      const next = this.#waiting.at(-1)
      if (stop() || !next || next.at > until) break
      this.#waiting.pop()
      if (next.dropped) continue
      this.#now = next.at
      this.events++
      void next.run()
      await quiet()
    }
    if (!stop()) this.#now = Math.max(this.#now, until)
  }
}

/** The clock on the wall of the house. It may be wrong, run too fast and be set; who sleeps sleeps a true while. */
export class HouseClock implements Clock {
  readonly #loop: Loop
  readonly #start: Instant
  #offsetMs = 0
  #driftPpm = 0
  #driftsSinceMs = 0
  constructor(loop: Loop, start: Instant) {
    this.#loop = loop
    this.#start = start
  }
  /** The true time, which the broker has. */
  truly(): Instant {
    return plusMs(this.#start, this.#loop.nowUs / 1_000)
  }
  now(): Instant {
    return plusMs(this.#start, Math.round(this.#loop.nowUs + this.#errorMs() * 1_000) / 1_000)
  }
  monotonicNs(): bigint {
    return BigInt(this.#loop.nowUs) * 1_000n
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const posted = this.#loop.post(ms, resolve)
      signal?.addEventListener(
        'abort',
        () => {
          posted.dropped = true
          resolve()
        },
        { once: true },
      )
    })
  }
  /** Somebody sets the clock. */
  step(ms: number): void {
    this.#offsetMs += ms
  }
  drift(ppm: number): void {
    this.#offsetMs = this.#errorMs()
    this.#driftsSinceMs = this.#loop.nowMs
    this.#driftPpm = ppm
  }
  setRight(): void {
    this.#offsetMs = 0
    this.#driftPpm = 0
  }
  #errorMs(): number {
    return this.#offsetMs + ((this.#loop.nowMs - this.#driftsSinceMs) * this.#driftPpm) / 1_000_000
  }
}
