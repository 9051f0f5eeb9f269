import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { dec, gt, lt, minus, over, abs } from '../values/decimal.ts'
import { demoSignal, type Signal } from './demo.ts'

const NOW = new Date('2026-11-24T10:00:00Z')
/** A stream of numbers in [0, 1) from a seed. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}
const signalOf = (cents: number, seed: number): Signal =>
  demoSignal(
    { symbol: 'AAPL', bid: (cents / 100).toFixed(2), ask: ((cents + 3) / 100).toFixed(2) },
    'demo-1',
    dice(seed),
    NOW,
  )

const isBuy = (s: Signal): boolean => s['signal_type'] === 'BUY'
const far = (s: Signal, cents: number): boolean =>
  gt(
    over(abs(minus(dec(s['entry_price'] ?? '0'), dec((cents / 100).toFixed(2)))), dec((cents / 100).toFixed(2)), {
      scale: 6,
      rounding: 'down',
    }),
    dec('0.1'),
  )
const wrongStop = (s: Signal): boolean => {
  const [entry, stop] = [dec(s['entry_price'] ?? '0'), dec(s['stop_loss'] ?? '0')]
  return isBuy(s) ? !lt(stop, entry) : !gt(stop, entry)
}

it('every signal has a target on the right side, prices on the tick, and times in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 5_000, max: 100_000 }), fc.nat(), (cents, seed) => {
      const s = signalOf(cents, seed)
      for (const name of ['entry_price', 'stop_loss', 'take_profit']) assert.match(s[name] ?? '', /^\d+\.\d{2}$/)
      const [entry, target] = [dec(s['entry_price'] ?? '0'), dec(s['take_profit'] ?? '0')]
      if (s['signal_type'] !== 'HOLD') assert.ok(isBuy(s) ? gt(target, entry) : lt(target, entry))
      assert.ok(Number(s['confidence']) > 0 && Number(s['confidence']) < 1)
      assert.ok((s['expires_at'] ?? '') > (s['generated_at'] ?? ''))
    }),
  )
})

it('most are good, and each way of being wrong comes up', () => {
  const seen = { good: 0, hold: 0, far: 0, stop: 0 }
  for (let seed = 0; seed < 600; seed++) {
    const s = signalOf(19_000, seed * 7919)
    if (s['signal_type'] === 'HOLD') seen.hold++
    else if (far(s, 19_000)) seen.far++
    else if (wrongStop(s)) seen.stop++
    else seen.good++
  }
  assert.ok(seen.good > 420 && seen.good < 570, JSON.stringify(seen))
  for (const kind of ['hold', 'far', 'stop'] as const) assert.ok(seen[kind] > 5, JSON.stringify(seen))
})

it('the same dice make the same signal', () => assert.deepEqual(signalOf(19_000, 3), signalOf(19_000, 3)))
