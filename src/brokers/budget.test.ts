import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Clock } from '../ports/clock.ts'
import { fromMs, type Instant, plusMs } from '../values/instant.ts'
import { createBreaker, createBudget, type Lane, lineUp } from './budget.ts'

const START = fromMs(1_700_000_000_000)
const NOTHING = { remaining: null, resetAt: null, retryAfterMs: null }
const at = (ms: number): Instant => plusMs(START, ms)

/** How many of `n` requests at one moment are let through. */
const granted = (budget: ReturnType<typeof createBudget>, n: number, lane: Lane, now: Instant): number =>
  Array.from({ length: n }, () => budget.take(lane, now)).filter((wait) => wait === 0).length

describe('a request budget', () => {
  it('lets a third of a minute go at once, and keeps the reserve for what is urgent', () => {
    const budget = createBudget({ perMinute: 150, reserve: 30 }, START)
    assert.equal(granted(budget, 100, 'order', START), 20)
    assert.equal(granted(budget, 100, 'urgent', START), 30)
  })

  it('leaves something for each lane before it, so that a crowd of questions holds up neither orders nor cancels', () => {
    const budget = createBudget({ perMinute: 150, reserve: 30 }, START)
    const lanes: readonly Lane[] = ['read', 'order', 'urgent']
    assert.deepEqual(
      lanes.map((lane) => granted(budget, 100, lane, START)),
      [17, 3, 30],
    )
  })

  it('says how long to wait, and then lets one through', () => {
    const budget = createBudget({ perMinute: 60, reserve: 0 }, START)
    granted(budget, 20, 'order', START)
    const wait = budget.take('order', START)
    assert.equal(wait, 1000)
    assert.ok(budget.take('order', at(wait - 1)) > 0)
    assert.equal(budget.take('order', at(wait)), 0)
  })

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, news: Partial<Parameters<ReturnType<typeof createBudget>['heard']>[0]>, normal: number, urgent: number, afterMs: number])[] = [
    ['nothing is said',                       {},                                             20, 30, 0],
    ['plenty is left',                        { remaining: 150 },                             20, 30, 0],
    ['little is left',                        { remaining: 33 },                               3, 30, 0],
    ['nothing is left until a minute begins', { remaining: 0, resetAt: at(10_000) },           0,  0, 0],
    ['a pause is asked for',                  { retryAfterMs: 5_000 },                         0, 50, 0],
    ['the pause is over',                     { retryAfterMs: 5_000 },                        20, 30, 5_000],
    ['the pause is a day long',               { retryAfterMs: 86_400_000 },                   20, 30, 60_000],
    ['the clock is set back during a pause',  { retryAfterMs: 5_000 },                        20, 30, -3_600_000],
  ]
  for (const [what, news, normal, urgent, afterMs] of rows)
    it(`when ${what}`, () => {
      const budget = createBudget({ perMinute: 150, reserve: 30 }, START)
      budget.heard({ ...NOTHING, ...news }, START)
      assert.equal(granted(budget, 100, 'order', at(afterMs)), normal)
      assert.equal(granted(budget, 100, 'urgent', at(afterMs)), urgent)
    })

  it('never lets more than four thirds of a minute through within one, whatever is asked when', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 300 }),
        fc.integer({ min: 0, max: 300 }),
        fc.array(
          fc.record({
            afterMs: fc.integer({ min: -500, max: 5_000 }),
            lane: fc.constantFrom<Lane>('urgent', 'order', 'read'),
            n: fc.integer({ min: 1, max: 60 }),
          }),
          { maxLength: 60 },
        ),
        (perMinute, reserve, asks) => {
          const budget = createBudget({ perMinute, reserve }, START)
          const times: number[] = []
          let now = 0
          for (const { afterMs, lane, n } of asks) {
            now = Math.max(0, now + afterMs)
            for (let i = 0; i < granted(budget, n, lane, at(now)); i++) times.push(now)
          }
          // Times that go back are a clock that was set: the bound is about time that passes.
          if (asks.some((ask) => ask.afterMs < 0)) return
          for (const first of times) {
            const within = times.filter((t) => t >= first && t < first + 60_000).length
            assert.ok(within <= Math.ceil(perMinute / 3) + perMinute + 1, `${within} of ${perMinute}`)
          }
        },
      ),
    )
  })
})

describe('a circuit breaker for reads', () => {
  const open = () => createBreaker({ failures: 3, restMs: 1_000 })

  it('opens after so many failures in a row', () => {
    const breaker = open()
    for (let i = 0; i < 2; i++) breaker.failed(START)
    breaker.succeeded()
    for (let i = 0; i < 2; i++) breaker.failed(START)
    assert.equal(breaker.allows(START), true)
    breaker.failed(START)
    assert.equal(breaker.allows(at(999)), false)
  })
  it('lets one through after each rest, and all once that one works', () => {
    const breaker = open()
    for (let i = 0; i < 3; i++) breaker.failed(START)
    assert.deepEqual([breaker.allows(at(1_000)), breaker.allows(at(1_001))], [true, false])
    breaker.failed(at(1_500))
    assert.equal(breaker.allows(at(2_400)), false)
    assert.equal(breaker.allows(at(2_500)), true)
    breaker.succeeded()
    assert.deepEqual([breaker.allows(at(2_501)), breaker.allows(at(2_502))], [true, true])
  })
  it('does not stay open because a clock was set back', () => {
    const breaker = open()
    for (let i = 0; i < 3; i++) breaker.failed(at(3_600_000))
    assert.equal(breaker.allows(START), true)
  })
})

describe('a line for the budget', () => {
  /** A clock whose pauses end when the test says so. */
  function hand() {
    let now = START
    const sleepers: { readonly until: Instant; readonly wake: () => void }[] = []
    const clock: Clock = {
      now: () => now,
      monotonicNs: () => 0n,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          sleepers.push({ until: plusMs(now, ms), wake: resolve })
          signal?.addEventListener('abort', () => resolve(), { once: true })
        }),
    }
    const pass = async (ms: number): Promise<void> => {
      now = plusMs(now, ms)
      for (const { until, wake } of sleepers) if (until <= now) wake()
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    }
    return { clock, pass }
  }
  const NEVER = new AbortController().signal
  const spent = () => {
    const budget = createBudget({ perMinute: 60, reserve: 0 }, START)
    granted(budget, 20, 'urgent', START)
    return budget
  }

  it('is served in the order in which it came', async () => {
    const { clock, pass } = hand()
    const admit = lineUp(spent(), clock)
    const served: string[] = []
    for (const name of ['a', 'b', 'c']) void admit('read', NEVER).then(() => served.push(name))
    await pass(4_000)
    assert.deepEqual(served, ['a'])
    await pass(1_000)
    await pass(1_000)
    assert.deepEqual(served, ['a', 'b', 'c'])
  })

  it('is not held up by one that gave up, nor by those of another lane', async () => {
    const { clock, pass } = hand()
    const admit = lineUp(spent(), clock)
    const served: (string | boolean)[] = []
    const gone = new AbortController()
    void admit('read', NEVER).then(() => served.push('first'))
    void admit('read', gone.signal).then((yes) => served.push(yes))
    void admit('read', NEVER).then(() => served.push('third'))
    void admit('urgent', NEVER).then(() => served.push('urgent'))
    gone.abort()
    await pass(0)
    await pass(1_000)
    assert.deepEqual(served, [false, 'urgent'])
    await pass(4_000)
    await pass(1_000)
    assert.deepEqual(served, [false, 'urgent', 'first', 'third'])
  })
})
