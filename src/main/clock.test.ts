import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { instant, msBetween, parseInstant, plusMs } from '../values/instant.ts'
import { clockOf, lapseClock, SYSTEM, systemClock } from './clock.ts'

const OPEN = parseInstant('2024-01-02T14:30:00Z') ?? instant(0)

it('the system clock is the wall clock, and its monotonic reading never steps back', () => {
  const clock = systemClock()
  assert.ok(Math.abs(clock.now() / 1000 - Date.now()) < 1000)
  let last = clock.monotonicNs()
  for (let i = 0; i < 1000; i++) {
    const next = clock.monotonicNs()
    assert.ok(next >= last)
    last = next
  }
})

it('a lapse clock starts where it is told and runs as many times as fast', async () => {
  const clock = lapseClock({ startAt: OPEN, speed: 600 })
  assert.ok(msBetween(OPEN, clock.now()) >= 0)
  // Read between two readings of real time on either side, however slow the machine is in between.
  const [before, from, after] = [performance.now(), clock.now(), performance.now()]
  await delay(20)
  const [before2, to, after2] = [performance.now(), clock.now(), performance.now()]
  const marketMs = msBetween(from, to)
  assert.ok(marketMs >= (before2 - after) * 600 - 1 && marketMs <= (after2 - before) * 600 + 1, `${marketMs} market ms`)
})

it('a standing clock moves only when it is moved, and never back', async () => {
  const clock = lapseClock({ startAt: OPEN, speed: 0 })
  await delay(5)
  assert.equal(clock.now(), OPEN)
  clock.advanceTo(plusMs(OPEN, 60_000))
  assert.equal(clock.now(), plusMs(OPEN, 60_000))
  clock.advanceTo(OPEN)
  assert.equal(clock.now(), plusMs(OPEN, 60_000))
})

it('sleeping takes a person’s time, whatever the market’s speed', async () => {
  const clock = lapseClock({ startAt: OPEN, speed: 3600 })
  const started = performance.now()
  await clock.sleep(30)
  assert.ok(performance.now() - started >= 28)
})

it('an aborted sleep ends at once and is no error', async () => {
  const stop = new AbortController()
  const started = performance.now()
  const slept = systemClock().sleep(60_000, stop.signal)
  stop.abort()
  await slept
  await systemClock().sleep(60_000, stop.signal)
  assert.ok(performance.now() - started < 5000)
})

it('another thread reads the same time, also after a leap', async () => {
  const clock = lapseClock({ startAt: OPEN, speed: 0 })
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.module).then(({ clockOf }) => {
      const clock = clockOf(workerData.spec)
      parentPort.on('message', () => parentPort.postMessage(clock.now()))
      parentPort.postMessage('ready')
    })`
  const thread = new Worker(source, {
    eval: true,
    workerData: { module: new URL('./clock.ts', import.meta.url).href, spec: clock.spec },
  })
  const heard = (): Promise<unknown> => new Promise((resolve) => thread.once('message', resolve))
  try {
    await heard()
    thread.postMessage('now?')
    assert.equal(await heard(), OPEN)
    clock.advanceTo(plusMs(OPEN, 1234))
    thread.postMessage('now?')
    assert.equal(await heard(), plusMs(OPEN, 1234))
  } finally {
    await thread.terminate()
  }
})

it('a spec says which clock it is', () => {
  assert.ok(Math.abs(clockOf(SYSTEM).now() - systemClock().now()) < 1_000_000)
})
