import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UNREACHED } from './coverage.ts'
import type { Outcome } from './scene.ts'
import {
  figuresPage,
  filled,
  grouped,
  NO_WORLDS,
  plusWorld,
  span,
  tell,
  transitionsPage,
  unreached,
} from './summary.ts'

const ALL = ['intent Received +Ticketed', 'delivery Sending +Unclear', 'order New +Fill']
const world = (over: Partial<Outcome> = {}): Outcome => ({
  failure: null,
  events: 1_000,
  spanMs: 90_000,
  faults: { crash: 2, late: 0 },
  transitions: { 'intent Received +Ticketed': { ordinary: 3, crash: 1 } },
  orders: 3,
  fills: 2,
  crashes: 2,
  trace: [],
  ...over,
})
const unclear = world({
  failure: { oracle: 'G2 one live order', text: 'two orders', atMs: 5 },
  faults: { 'lost-booked': 1, crash: 1 },
  transitions: { 'delivery Sending +Unclear': { 'lost-booked': 1 } },
})
const sum = plusWorld(plusWorld(NO_WORLDS, 4, world()), 5, unclear)

describe('a summary', () => {
  it('adds up', () => {
    const { failures, faults, transitions, ...figures } = sum
    assert.deepEqual(figures, { seeds: 2, events: 2_000, spanMs: 180_000, orders: 6, fills: 4, crashes: 4 })
    assert.deepEqual(faults, { crash: 3, late: 0, 'lost-booked': 1 })
    assert.deepEqual(transitions, {
      'intent Received +Ticketed': { ordinary: 3, crash: 1 },
      'delivery Sending +Unclear': { 'lost-booked': 1 },
    })
    assert.deepEqual(failures, [{ seed: 5, oracle: 'G2 one live order', text: 'two orders', atMs: 5 }])
    assert.deepEqual(unreached(sum, ALL), ['order New +Fill'])
  })

  it('tells what was played, what was broken on purpose and what was never reached', () => {
    assert.deepEqual(tell(sum, 4_000, ALL), [
      '2 worlds, 2,000 events, 3 min 0 s of simulated time in 4.0 s (0.5 worlds/s)',
      '6 orders, 4 fills, 4 crashes',
      '',
      'faults injected: 4',
      '  crash        3',
      '  lost-booked  1',
      '',
      'transitions reached: 2 of 3',
      '  not reached: order New +Fill',
    ])
  })

  it('writes tables for a page', () => {
    assert.match(figuresPage(sum, 4_000, ALL), /\| worlds \| 2 \|\n\| promises broken \| 1 \|[\s\S]*\| – crash \| 3 \|/)
    assert.equal(
      transitionsPage(sum, ALL),
      [
        '| transition | times | by |',
        '| --- | --: | --- |',
        '| `intent Received +Ticketed` | 4 | ordinary 3, crash 1 |',
        '| `delivery Sending +Unclear` | 1 | lost-booked 1 |',
        '| `order New +Fill` | 0 | **never** |',
      ].join('\n'),
    )
    const by = { a: 9, b: 8, c: 7, d: 6, e: 5, f: 4 }
    const busy = plusWorld(NO_WORLDS, 1, world({ transitions: { 'order New +Fill': by } }))
    assert.match(transitionsPage(busy, ALL), /\| a 9, b 8, c 7, d 6, 2 more \|/)
    const [kept = '', why = ''] = Object.entries(UNREACHED)[0] ?? []
    assert.ok(transitionsPage(busy, [kept]).endsWith(`| \`${kept}\` | 0 | ${why} |`))
    assert.equal(tell(busy, 4_000, [kept]).at(-1), `  not reached: ${kept} (${why})`)
  })
})

describe('a place in a page', () => {
  it('is filled, and the rest is left alone', () => {
    const page = 'a\n<!-- nightly -->\nold $1\n<!-- /nightly -->\nb\n<!-- x --><!-- /x -->\n'
    const once = filled(page, 'nightly', 'new $& $1')
    assert.equal(once, 'a\n<!-- nightly -->\nnew $& $1\n<!-- /nightly -->\nb\n<!-- x --><!-- /x -->\n')
    assert.equal(filled(once, 'nightly', 'new $& $1'), once)
  })
  it('must be there', () => assert.throws(() => filled('a', 'nightly', 'b'), RangeError))
})

describe('figures', () => {
  const SPANS: [ms: number, said: string][] = [
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 0 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h 0 min'],
    [86_399_000, '1 d 0 h'],
    [5_400_000, '1 h 30 min'],
    [106_200_000, '1 d 6 h'],
    [1_000 * 86_400_000, '1,000 d 0 h'],
  ]
  for (const [ms, said] of SPANS) it(`${ms} ms is ${said}`, () => assert.equal(span(ms), said))
  it('are grouped in threes', () =>
    assert.deepEqual([0, 999, 1_000, 1_234_567].map(grouped), ['0', '999', '1,000', '1,234,567']))
})
