import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Tick } from '../exchange/board.ts'
import { px } from '../values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../values/instant.ts'
import { INSTRUMENTS } from './listing.ts'
import { feed, type Market, type MarketEvent } from './market.ts'
import { pacedMarket } from './paced.ts'

const at = (time: string): Instant => parseInstant(time) ?? assert.fail(time)
const MONDAY = at('2025-03-03T14:30:00Z')
const CLOSE = at('2025-03-03T21:00:00Z')
const TUESDAY = at('2025-03-04T14:30:00Z')
const NOW = at('2026-11-24T18:00:00Z')
const AAPL = INSTRUMENTS.get('AAPL') ?? assert.fail()

/** Two days of one symbol, a tick a minute. */
function twoDays(): Market {
  const out = feed()
  let cursor = MONDAY
  const open = (t: Instant): boolean => (t >= MONDAY && t < CLOSE) || t >= TUESDAY
  return {
    instruments: new Map([['AAPL', AAPL]]),
    session: (_, t) => ({ open: open(t), nextOpenAt: open(t) ? null : TUESDAY, at: t }),
    days: () => null,
    closeBetween: (_, from, to) => (from < CLOSE && CLOSE <= to ? CLOSE : null),
    attach: out.attach,
    advance(to) {
      for (; cursor <= to; cursor = plusMs(cursor, 60_000)) {
        const price = px('100.00')
        const tick: Tick = {
          symbol: 'AAPL',
          bid: price,
          ask: price,
          last: price,
          bidQty: null,
          askQty: null,
          at: cursor,
        }
        if (open(cursor)) out.tell({ kind: 'Tick', ...tick })
      }
    },
  }
}

describe('a market with a time of its own', () => {
  it('shows a recorded minute as a second of now', () => {
    const market = pacedMarket(twoDays(), { inner: MONDAY, outer: NOW, speed: 60 })
    const heard: MarketEvent[] = []
    market.attach((event) => heard.push(event))
    market.advance(plusMs(NOW, 2_000))
    assert.deepEqual(
      heard.map((event) => event.at),
      [NOW, plusMs(NOW, 1_000), plusMs(NOW, 2_000)],
    )
    assert.deepEqual(market.session('AAPL', plusMs(NOW, 2_000)), {
      open: true,
      nextOpenAt: null,
      at: plusMs(NOW, 2_000),
    })
    const close = plusMs(NOW, (390 * 60_000) / 60)
    assert.equal(market.closeBetween('AAPL', NOW, plusMs(close, 1)), close)
    assert.equal(market.closeBetween('AAPL', NOW, plusMs(close, -1)), null)
  })

  it('leaves the night out, and its time never goes back', () => {
    const market = pacedMarket(twoDays(), { inner: MONDAY, outer: NOW, speed: 60 })
    const heard: MarketEvent[] = []
    market.attach((event) => heard.push(event))
    const close = plusMs(NOW, 390_000)
    market.advance(close)
    assert.equal(market.session('AAPL', close).open, false)
    // A minute of the market before it opens is a second of ours.
    assert.equal(market.session('AAPL', close).nextOpenAt, plusMs(close, 1_000))
    market.advance(plusMs(close, 3_000))
    assert.equal(heard.at(-1)?.at, plusMs(close, 3_000))
    for (const [i, event] of heard.entries()) assert.ok(i === 0 || event.at >= (heard[i - 1]?.at ?? 0))
  })
})
