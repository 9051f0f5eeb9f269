import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isBefore, STAGES, stageAfter, stageBelow } from '../orders/stage.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { NOW } from './example.ts'
import {
  type DayCounts,
  DRILLS,
  emptyDay,
  evidenceOf,
  isShown,
  LATENCY_BOUNDS,
  type Need,
  NEEDS,
  needsOf,
  quantile,
  type Shown,
  spreadsTogether,
  spreadWith,
} from './rollout.ts'

const DAY_MS = 86_400_000
const ago = (days: number): Instant => plusMs(NOW, -days * DAY_MS)
const day = (n: number, more: Partial<DayCounts> = {}): DayCounts => ({
  ...emptyDay(1, `2026-06-${String(n).padStart(2, '0')}`),
  session: true,
  ...more,
})
const days = (count: number, more: Partial<DayCounts> = {}): DayCounts[] =>
  Array.from({ length: count }, (_, i) => day(i + 1, more))
const latency = (count: number) => [...Array.from({ length: LATENCY_BOUNDS.length }, () => 0), count].reverse()

const DRILLED = DRILLS.map((name) => ({ name, at: ago(1), passed: true }))
const NOTHING: Shown = {
  days: [],
  drills: [],
  uncarded: [],
  buildFault: null,
  halted: [],
  reviewedAt: null,
  now: NOW,
}
/** As much as each stage asks for, to the last one, and no more. */
const ENOUGH: Readonly<Record<'S0' | 'S1' | 'S2' | 'S3', Shown>> = {
  S0: { ...NOTHING, days: [day(1, { compared: 1 }), ...days(5).slice(1)] },
  S1: {
    ...NOTHING,
    days: [day(1, { orders: 81, latency: latency(20) }), ...days(20, { orders: 1 }).slice(1)],
    drills: [{ name: 'E1', at: ago(92), passed: true }],
  },
  S2: { ...NOTHING, days: [day(1, { slippage: [1] }), ...days(20).slice(1)], drills: DRILLED },
  S3: { ...NOTHING, days: days(60), reviewedAt: ago(365) },
}

describe('what a stage asks for', () => {
  for (const stage of ['S0', 'S1', 'S2', 'S3'] as const)
    it(`is met by exactly that much in ${stage}`, () => {
      const lines = evidenceOf(stage, stage === 'S0' || stage === 'S1' ? 'paper' : 'live', ENOUGH[stage])
      assert.deepEqual(
        lines.filter(({ met }) => !met),
        [],
      )
      assert.ok(isShown(lines))
    })

  type Row = readonly [name: string, stage: 'S0' | 'S1' | 'S2' | 'S3', less: Partial<Shown>, missing: Need['of']]
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['four days',                     'S0', { days: days(4, { compared: 1 }) }, 'sessions without a crash'],
    ['five days, the second crashed', 'S0', { days: [day(1), day(2, { crashes: 1, compared: 1 }), day(3), day(4), day(5)] }, 'sessions without a crash'],
    ['five days on a weekend',        'S0', { days: days(5, { session: false, compared: 1 }) }, 'sessions without a crash'],
    ['no comparison',                 'S0', { days: days(5) }, 'comparisons'],
    ['a difference that nothing explained', 'S0', { days: [day(1, { breaks: 1, compared: 1 }), ...days(5).slice(1)] }, 'breaks'],
    ['trading halted',                'S0', { halted: ['Trading is halted'] }, 'halts'],
    ['nineteen days',                 'S1', { days: [day(1, { orders: 100, latency: latency(20) }), ...days(19).slice(1)] }, 'sessions'],
    ['ninety-nine orders',            'S1', { days: [day(1, { orders: 80, latency: latency(20) }), ...days(20, { orders: 1 }).slice(1)] }, 'orders'],
    ['nineteen yeses',                'S1', { days: [day(1, { orders: 81, latency: latency(19) }), ...days(20, { orders: 1 }).slice(1)] }, 'yeses'],
    ['no drill',                      'S1', { drills: [] }, 'drills'],
    ['a drill of another procedure',  'S1', { drills: [{ name: 'E2', at: ago(1), passed: true }] }, 'drills'],
    ['a drill of more than a quarter ago', 'S1', { drills: [{ name: 'E1', at: ago(93), passed: true }] }, 'drills'],
    ['a drill that failed',           'S1', { drills: [{ name: 'E1', at: ago(1), passed: false }] }, 'drills'],
    ['a drill that failed since it passed', 'S1', { drills: [{ name: 'E1', at: ago(2), passed: true }, { name: 'E1', at: ago(1), passed: false }] }, 'drills'],
    ['a drill that only people say was held', 'S1', { drills: [{ name: 'E1', at: ago(1), passed: true, attested: true }] }, 'drills'],
    ['a drill that people say failed since it was measured', 'S1', { drills: [{ name: 'E1', at: ago(2), passed: true }, { name: 'E1', at: ago(1), passed: false, attested: true }] }, 'drills'],
    ['a measure of more than a quarter ago, and the word of people since', 'S1', { drills: [{ name: 'E1', at: ago(93), passed: true }, { name: 'E1', at: ago(1), passed: true, attested: true }] }, 'drills'],
    ['a strategy without a card',     'S1', { uncarded: ['trend'] }, 'cards'],
    ['a build without a name',        'S1', { buildFault: 'The build that runs has no name.' }, 'build'],
    ['all drills but one',            'S2', { drills: DRILLED.filter(({ name }) => name !== 'E6') }, 'drills'],
    ['no fill whose slippage was measured', 'S2', { days: days(20) }, 'fills'],
    ['fifty-nine days',               'S3', { days: days(59) }, 'sessions'],
    ['no review',                     'S3', { reviewedAt: null }, 'review'],
    ['a review of more than a year ago', 'S3', { reviewedAt: ago(366) }, 'review'],
  ]
  for (const [name, stage, less, missing] of rows)
    it(`is not met in ${stage} by ${name}`, () => {
      const lines = evidenceOf(stage, stage === 'S0' || stage === 'S1' ? 'paper' : 'live', {
        ...ENOUGH[stage],
        ...less,
      })
      assert.deepEqual(
        lines.filter(({ met }) => !met).map((line) => line.of),
        [missing],
      )
      assert.equal(isShown(lines), false)
    })

  it('says which drills nobody but people measured', () => {
    const drills = DRILLED.map((drill) => ({ ...drill, attested: drill.name === 'E3' || drill.name === 'E7' }))
    const line = evidenceOf('S2', 'live', { ...ENOUGH.S2, drills }).find(({ of }) => of === 'drills')
    assert.deepEqual([line?.have, line?.met], ['all; people say so of E3 E7', true])
  })
  it('is not taken away by people who say that it went well again', () => {
    const drills = [...ENOUGH.S1.drills, { name: 'E1', at: ago(1), passed: true, attested: true }]
    assert.ok(isShown(evidenceOf('S1', 'paper', { ...ENOUGH.S1, drills })))
  })
  it('of a live account that fell back is a review by people, and nothing that it could only show by trading', () => {
    const asked = needsOf('S1', 'live').map(({ of }) => of)
    assert.ok(!asked.includes('sessions') && !asked.includes('orders'))
    assert.ok(asked.includes('breaks') && asked.includes('halts'))
  })
  it('grows from stage to stage where it is counted, and the last asks for nothing', () => {
    assert.deepEqual(NEEDS.S4, [])
    for (const stage of STAGES) if (stage !== 'S4') assert.ok(NEEDS[stage].some(({ of }) => of.startsWith('sessions')))
  })
})

describe('stages', () => {
  it('follow one another, and nobody falls below paper', () => {
    assert.deepEqual(STAGES.map(stageAfter), ['S1', 'S2', 'S3', 'S4', null])
    assert.deepEqual(STAGES.map(stageBelow), ['S0', 'S1', 'S1', 'S2', 'S3'])
    for (const stage of STAGES) assert.equal(isBefore(stage, stage), false)
  })
})

describe('a spread', () => {
  const bounds = [5, 15, 60]
  it('counts each value once, in the first place whose bound it does not exceed', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 50 }), (values) => {
        const spread = values.reduce((all, value) => spreadWith(all, bounds, value), [] as readonly number[])
        const at = (from: number, to: number) => values.filter((v) => v > from && v <= to).length
        assert.deepEqual(
          [0, 1, 2, 3].map((i) => spread[i] ?? 0),
          [at(-1, 5), at(5, 15), at(15, 60), at(60, Infinity)],
        )
      }),
    ))
  it('of two halves is the spread of the whole', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 })), fc.array(fc.integer({ min: 0, max: 100 })), (a, b) => {
        const of = (values: readonly number[]) =>
          values.reduce((all, value) => spreadWith(all, bounds, value), [] as readonly number[])
        assert.deepEqual(spreadsTogether([of(a), of(b)], bounds), spreadsTogether([of([...a, ...b])], bounds))
      }),
    ))
  it('tells below which bound a share of all lies', () => {
    const spread = [10, 9, 1, 0]
    assert.equal(quantile(spread, bounds, 0.5), 5)
    assert.equal(quantile(spread, bounds, 0.95), 15)
    assert.equal(quantile(spread, bounds, 1), 60)
    assert.equal(quantile([0, 0, 0, 3], bounds, 0.5), null)
    assert.equal(quantile([], bounds, 0.5), null)
  })
})
