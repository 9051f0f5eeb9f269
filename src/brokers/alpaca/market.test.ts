import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ReadFailed } from '../../ports/broker.ts'
import { fromMs, type Instant, plusMs } from '../../values/instant.ts'
import { parseJson } from '../../values/json.ts'
import type { Http } from './http.ts'
import { openMarket } from './market.ts'

const ASSET = `{"id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL","name":"Apple","status":"active","tradable":true,"marginable":true,"shortable":true,"easy_to_borrow":true,"borrow_status":"easy_to_borrow","fractionable":true}`
const CLOCK = `{"timestamp":"2026-11-24T10:00:00-05:00","is_open":true,"next_open":"2026-11-25T09:30:00-05:00","next_close":"2026-11-24T16:00:00-05:00"}`

/** A host that knows one share and the hours, and can be put out of reach. */
function host() {
  let now: Instant = fromMs(1_796_050_800_000)
  const asked: string[] = []
  const state = { down: false, tookMs: 0 }
  const read: Http['read'] = async (path, understand) => {
    asked.push(path)
    await new Promise(setImmediate)
    now = plusMs(now, state.tookMs)
    if (state.down) throw new ReadFailed('no answer', true)
    const parsed = parseJson(path.startsWith('/v2/clock') ? CLOCK : ASSET)
    assert.ok(parsed.ok)
    return understand(parsed.value)
  }
  const http: Http = {
    read,
    attempt: () => Promise.reject(new Error('not asked for')),
    readText: () => Promise.reject(new Error('not asked for')),
    close: () => {},
  }
  const clock = { now: () => now, monotonicNs: () => 0n, sleep: () => Promise.resolve() }
  return {
    market: openMarket({ trading: http, data: http, clock }),
    clocks: () => asked.filter((path) => path === '/v2/clock').length,
    pass: (ms: number) => void (now = plusMs(now, ms)),
    state,
  }
}

describe('our clock', () => {
  for (const [ms, tookMs, aheadMs, withinMs] of [
    [0, 0, 0, 0],
    [2_500, 0, 2_500, 0],
    [-700, 0, -700, 0],
    [0, 300, 150, 150],
  ] as const)
    it(`is ${aheadMs} ms ahead of Alpaca's, give or take ${withinMs}`, async () => {
      const { market, pass, state } = host()
      // Fifteen o'clock in UTC, as the answer says.
      pass(Date.parse('2026-11-24T15:00:00Z') - 1_796_050_800_000 + ms)
      state.tookMs = tookMs
      assert.deepEqual(await market.clockAhead(), { aheadMs, withinMs })
    })
})

describe('the hours of the market', () => {
  it('are read once, however many ask at the same moment', async () => {
    const { market, clocks } = host()
    const sessions = await Promise.all(Array.from({ length: 20 }, () => market.session('AAPL')))
    assert.ok(sessions.every(({ open }) => open))
    assert.equal(clocks(), 1)
  })

  it('are read again after a minute, and computed in between', async () => {
    const { market, clocks, pass } = host()
    await market.session('AAPL')
    pass(60_000)
    await market.session('AAPL')
    assert.equal(clocks(), 1)
    pass(1)
    await market.session('AAPL')
    assert.equal(clocks(), 2)
  })

  it('hold for ten minutes when they cannot be read again, and then nobody knows', async () => {
    const { market, pass, state } = host()
    await market.session('AAPL')
    state.down = true
    pass(600_000)
    assert.equal((await market.session('AAPL')).open, true)
    pass(1)
    await assert.rejects(market.session('AAPL'), ReadFailed)
  })
})
