import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isIntentID, isSymbol } from './brand.ts'

/** What somebody might put into any name: markup, paths, control characters, look-alikes. */
// biome-ignore format: a list reads in rows
const HOSTILE = [
  '', ' ', 'A B', ' A', 'A ', 'A\n', '\nA', 'A\u0000', 'A\tB', '<script>', 'A<B', '"A"', "A'B", 'A&B', 'A;B', 'A%2FB', 'A\\B',
  '../A', '/A', 'A/../B', 'A//B', '//A', 'A/', '.', '..', '...', './A', '-A', '--', '$(id)', '`id`', '{{A}}', 'A|B', 'A=B', 'A,B', 'A?B',
  'A#B', '@A', 'AÄ', 'ＡＡＰＬ', 'ΑAPL', 'АAPL', 'A\u200bB', 'A\u202eB', '😀', '\ud800', '__proto__', 'constructor()', 'A\r\nSet-Cookie: x',
]

describe('symbols', () => {
  // biome-ignore format: a list reads in rows
  const good = [
    'A', 'AAPL', 'BRK.B', 'BF-B', 'EUR/USD', 'EUR_USD', 'SPX500_USD', 'BTC/USD', '7203.T', '0700', 'SIM.DROP-REPLY', 'SIM.FILL-TWICE',
    'A.B.C-D/E_F', 'A2345678901234567890'.slice(0, 20),
  ]
  // biome-ignore format: a list reads in rows
  const bad = [
    ...HOSTILE, 'aapl', 'Aapl', 'AAPL.', 'AAPL-', 'AAPL/', '_AAPL', 'EUR//USD', 'BRK..B', 'BRK.-B', 'A'.repeat(21), 'constructor',
  ]
  for (const text of good) it(`takes ${text}`, () => assert.ok(isSymbol(text)))
  for (const text of bad) it(`refuses ${JSON.stringify(text)}`, () => assert.ok(!isSymbol(text)))

  it('whatever is taken is safe in a path, a shell word, markup and a log line', () => {
    const near = fc.stringMatching(/^[A-Z0-9._/-]{1,24}$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        if (!isSymbol(text)) return
        assert.match(text, /^[A-Z0-9._/-]{1,20}$/)
        assert.doesNotMatch(text, /^[^A-Z0-9]|[^A-Z0-9]$|[^A-Z0-9]{2}/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('intent ids', () => {
  // biome-ignore format: a list reads in rows
  const good = [
    'a', '0', 'sig-42', 'sig-20261122-0001', 'jax:strategy_7:2026-11-22', '01JCZ3V7Q2M9', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '...', '.a', '-',
    'A'.repeat(64), '__proto__',
  ]
  const bad = [
    ...HOSTILE.filter((text) => !['...', '-A', '--', '__proto__'].includes(text)),
    'A'.repeat(65),
    'a/b',
    'a b',
    'ä',
  ]
  for (const text of good) it(`takes ${text}`, () => assert.ok(isIntentID(text)))
  for (const text of bad) it(`refuses ${JSON.stringify(text)}`, () => assert.ok(!isIntentID(text)))

  it('whatever is taken is one segment of a URL, as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9._:-]{1,66}$/)), (text) => {
        if (isIntentID(text))
          assert.equal(new URL(`http://h/v1/intents/${text}/approve`).pathname, `/v1/intents/${text}/approve`)
      }),
      { numRuns: 1000 },
    )
  })
})
