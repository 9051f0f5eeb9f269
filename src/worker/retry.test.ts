import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Clock } from '../ports/clock.ts'
import { ReadFailed } from '../ports/broker.ts'
import { fromMs } from '../values/instant.ts'
import { backoffMs, READ_PLAN, reading } from './retry.ts'

/** A world in which sleeping takes no time and is written down. */
function world(random = 0.5, signal?: AbortSignal) {
  const slept: number[] = []
  const clock: Clock = {
    now: () => fromMs(0),
    monotonicNs: () => 0n,
    sleep: async (ms) => {
      slept.push(ms)
    },
  }
  return { slept, clock, random: () => random, ...(signal && { signal }) }
}
const passing = () => new ReadFailed('busy', true)
const lasting = () => new ReadFailed('no such account', false)

/** Fails with each of `failures` in turn, then answers. */
function flaky(failures: readonly Error[]) {
  const left = [...failures]
  let calls = 0
  const read = async (): Promise<string> => {
    calls++
    const failure = left.shift()
    if (failure) throw failure
    return 'answer'
  }
  return { read, calls: () => calls }
}

describe('a read that fails', () => {
  const rows: [name: string, failures: Error[], calls: number, slept: number[], outcome: string | RegExp][] = [
    ['not at all', [], 1, [], 'answer'],
    ['once, for a passing reason', [passing()], 2, [125], 'answer'],
    ['three times', [passing(), passing(), passing()], 4, [125, 250, 500], 'answer'],
    ['as often as it is tried', [passing(), passing(), passing(), passing()], 4, [125, 250, 500], /busy/],
    ['for good', [lasting()], 1, [], /no such account/],
    ['for good after a passing reason', [passing(), lasting()], 2, [125], /no such account/],
    ['in a way nobody foresaw', [new TypeError('x is not a function')], 1, [], /not a function/],
  ]
  for (const [name, failures, calls, slept, outcome] of rows)
    it(name, async () => {
      const w = world()
      const { read, calls: made } = flaky(failures)
      const done = reading(read, w)
      if (typeof outcome === 'string') assert.equal(await done, outcome)
      else await assert.rejects(done, outcome)
      assert.equal(made(), calls)
      assert.deepEqual(w.slept, slept)
    })

  it('is not repeated once the process is told to stop', async () => {
    const w = world(0.5, AbortSignal.abort())
    const { read, calls } = flaky([passing()])
    await assert.rejects(reading(read, w), /busy/)
    assert.equal(calls(), 1)
  })

  it('is over within the lease of the errand that reads', () => {
    const longest = [1, 2, 3].map((n) => backoffMs(n, READ_PLAN, 1 - Number.EPSILON))
    assert.ok(longest.reduce((a, b) => a + b, 0) <= 3_500, String(longest))
  })
})

describe('the wait between two tries', () => {
  const rows: [attempt: number, random: number, ms: number][] = [
    [1, 0, 0],
    [1, 0.999, 249],
    [2, 0.5, 250],
    [3, 0.5, 500],
    [4, 0.5, 1_000],
    [5, 0.5, 1_000],
    [60, 0.5, 1_000],
    [2_000, 0.5, 1_000],
  ]
  for (const [attempt, random, ms] of rows)
    it(`attempt ${attempt} at ${random} is ${ms} ms`, () => assert.equal(backoffMs(attempt, READ_PLAN, random), ms))

  it('is a whole number from nothing to its step, whatever is drawn', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        (attempt, random, firstMs, capMs) => {
          const ms = backoffMs(attempt, { firstMs, capMs }, random)
          assert.ok(Number.isSafeInteger(ms) && ms >= 0 && ms < Math.min(capMs, firstMs * 2 ** (attempt - 1)))
        },
      ),
    )
  })
})
