import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { below, hash32, type Random, seeded, step } from './random.ts'

function take(n: number, state: Random): number[] {
  const out: number[] = []
  for (let s = state; out.length < n; ) {
    const [value, next] = step(s)
    out.push(value)
    s = next
  }
  return out
}

describe('a stream of chance', () => {
  it('is sfc32 as it is defined, in plain arithmetic', () => {
    const WORD = 2n ** 32n
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
        (state) => {
          const [a, b, c, d] = state.map(BigInt) as [bigint, bigint, bigint, bigint]
          const value = (a + b + d) % WORD
          const next = [
            b ^ (b >> 9n),
            (c + c * 8n) % WORD,
            (((c << 21n) % WORD) + (c >> 11n) + value) % WORD,
            (d + 1n) % WORD,
          ]
          assert.deepEqual(step(state), [Number(value), next.map(Number)])
        },
      ),
    )
  })

  it('has the same future for the same seed, and another for another', () => {
    assert.deepEqual(take(5, seeded('a')), take(5, seeded('a')))
    const firsts = Array.from({ length: 500 }, (_, i) => step(seeded(i))[0])
    assert.equal(new Set(firsts).size, 500)
  })

  it('favours no bit and no number', () => {
    const drawn = take(4000, seeded(7))
    for (let bit = 0; bit < 32; bit++) {
      const ones = drawn.filter((v) => (v >>> bit) & 1).length
      assert.ok(Math.abs(ones - 2000) < 160, `bit ${bit}: ${ones}`) // five standard deviations
    }
    let s = seeded(8)
    const count = new Array<number>(7).fill(0)
    for (let i = 0; i < 7000; i++) {
      const [v, next] = below(s, 7)
      s = next
      count[v] = (count[v] ?? 0) + 1
    }
    for (const c of count) assert.ok(Math.abs(c - 1000) < 150, String(count))
  })

  it('draws below any bound, and below none that is no bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.string(), (n, seed) => {
        const [v] = below(seeded(seed), n)
        assert.ok(Number.isInteger(v) && v >= 0 && v < n)
      }),
    )
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) assert.throws(() => below(seeded(1), n), RangeError)
  })
})

describe('hash32', () => {
  it('depends on every argument and its place', () => {
    const rows = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['c', 'ab'],
      ['a', 1],
      ['a', 2],
      ['a', 1, 0],
      ['a', 2 ** 32 + 1],
      ['a', -1],
    ]
    assert.equal(new Set(rows.map((parts) => hash32(...parts))).size, rows.length)
  })
  it('spreads neighbours over all bits', () => {
    let flips = 0
    for (let i = 0; i < 1000; i++)
      flips += ((hash32('s', i) ^ hash32('s', i + 1)) >>> 0).toString(2).replaceAll('0', '').length
    assert.ok(Math.abs(flips / 1000 - 16) < 0.5, String(flips))
  })
})
