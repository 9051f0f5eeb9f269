import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { changeDigest } from '../src/desk/governing.ts'
import { defaultsOf, differences, LIMITS, LISTS, withSettings } from '../src/gate/limits.ts'
import { viewTerms } from '../src/api/present.ts'
import { viewLimits, viewStrategy } from '../src/api/present-limits.ts'
import type { Strategy } from '../src/ports/records.ts'
import type { IntentID } from '../src/values/brand.ts'
import { amt, dec, px, qty, text } from '../src/values/decimal.ts'
import { canonicalChange, hashOf } from '../src/web/passkeys/rebuild.ts'
import { limitLines, LIMIT, LIST } from '../src/web/limits/words.ts'

describe('risk limits on the screen', () => {
  it('call and measure each as the gateway does', () => {
    const of = (rows: object) => Object.entries(rows).map(([name, { title, unit }]) => [name, title, unit])
    assert.deepEqual(of(LIMIT), of(LIMITS))
    assert.deepEqual(
      Object.entries(LIST),
      Object.entries(LISTS).map(([name, { title }]) => [name, title]),
    )
  })

  it('find the same differences, and the same of them looser, as the gateway', () => {
    const base = defaultsOf('S1')
    const changes = [
      { values: { maxOrderNotional: { hard: dec('10000.00') } } },
      { values: { maxOrderNotional: { hard: dec('2500'), soft: dec('1500') } } },
      { values: { maxOrderQty: { hard: dec('9') }, dayLoss: { hard: null } } },
      { values: { buyingPowerBuffer: { hard: dec('0.1') } } },
      { values: { buyingPowerBuffer: { hard: dec('0.01') } } },
      { lists: { symbols: ['AAPL'], restricted: ['GME'], allowShort: false } },
      { lists: { ordTypes: ['Limit'] as const } },
    ]
    for (const change of changes)
      for (const [a, b] of [
        [base, withSettings(base, change)],
        [withSettings(base, change), base],
      ] as const)
        assert.deepEqual(
          limitLines(viewLimits(a), viewLimits(b)).map(({ tighter }) => tighter),
          differences(a, b).map(({ tighter }) => tighter),
        )
  })

  it('say before and after as people do', () => {
    const base = defaultsOf('S1')
    const after = withSettings(base, {
      values: { dayLoss: { hard: dec('0.125') } },
      lists: { symbols: ['AAPL', 'MSFT'] },
    })
    assert.deepEqual(limitLines(viewLimits(base), viewLimits(after)), [
      { what: 'Loss of the day', before: '5 %', after: '12.5 %', tighter: false },
      { what: 'Symbols allowed', before: 'all', after: 'AAPL and MSFT', tighter: true },
    ])
  })

  it('are signed as they are shown, whatever lines the gateway puts between them', async () => {
    const before = defaultsOf('S1')
    const after = withSettings(before, { values: { dayLoss: { hard: dec('0.10') } }, lists: { restricted: ['GME'] } })
    const shown = {
      kind: 'risk limits',
      before: viewLimits(before),
      after: viewLimits(after),
      changes: [{ name: 'dayLoss', bound: 'hard', old: '0.1', new: '0.05', tighter: true }],
    } as const
    const what = { kind: 'risk limits', before, after } as const
    assert.equal(
      await hashOf('jax-change-v1', canonicalChange({ ...shown, changes: [...shown.changes] }, 'per_1')),
      changeDigest(what, 'per_1'),
    )
  })
})

describe('a stage on the screen', () => {
  it('is signed as it is shown, limits and all', async () => {
    const limits = withSettings(defaultsOf('S2'), { lists: { symbols: ['AAPL'] } })
    const evidence = [{ of: 'orders', title: 'orders sent', need: '100', have: '120', met: true }] as const
    const what = { kind: 'stage', before: 'S1', after: 'S2', era: 3, build: '3f1c9a7e2b40', limits, evidence } as const
    const shown = { ...what, limits: viewLimits(limits), evidence: evidence.map((line) => ({ ...line })) }
    assert.equal(await hashOf('jax-change-v1', canonicalChange(shown, 'per_1')), changeDigest(what, 'per_1'))
  })
})

describe('a waiver on the screen', () => {
  it('is signed as it is shown, to the last price', async () => {
    const bracket = { stopPx: px('188.00'), targetPx: null }
    const price = { ordType: 'Limit', timeInForce: 'Day', price: px('190.00'), stopPx: null, bracket } as const
    const terms = { symbol: 'AAPL', side: 'Buy', orderQty: qty('52'), reduceOnly: false, ...price } as const
    const intentID = 'sig-1' as IntentID
    const lifts = ['maxOrderNotional'] as const
    const what = { kind: 'waiver', intentID, lifts, terms, maxNotional: amt('9880.00') } as const
    const shown = { ...what, lifts: [...lifts], terms: viewTerms(terms), maxNotional: text(what.maxNotional) }
    assert.equal(await hashOf('jax-change-v1', canonicalChange(shown, 'per_1')), changeDigest(what, 'per_1'))
  })
})

describe('a release on the screen', () => {
  it('is signed as it is shown, with the halt that ends', async () => {
    const since = '2026-11-24T15:00:00.000001Z'
    const what = { kind: 'release', scope: 'symbol:AAPL', level: 'K4', since, by: 'ana', why: '<b>odd</b>' } as const
    assert.equal(await hashOf('jax-change-v1', canonicalChange(what, 'per_1')), changeDigest(what, 'per_1'))
  })
})

describe('a strategy on the screen', () => {
  it('is signed as it is shown, without the words for its size', async () => {
    const card = { goal: 'earns', inputs: 'bars', limits: 'three', owner: 'ana', stopWhen: 'it loses' }
    const before: Strategy = { strategyID: 'trend', version: 1, card, model: null }
    const models: readonly Strategy['model'][] = [
      { kind: 'risk', share: dec('0.0050') },
      { kind: 'quantity', orderQty: qty('7.0') },
      { kind: 'notional', notional: amt('2500.00') },
      { kind: 'volatility', share: dec('0.005'), ranges: dec('2.0') },
      { kind: 'kelly', winRate: dec('0.55'), payoff: dec('1.8'), fraction: dec('0.25') },
    ]
    for (const model of models)
      for (const had of [before, null]) {
        const what = {
          kind: 'strategy',
          strategyID: 'trend',
          before: had,
          after: { ...before, version: 2, model },
        } as const
        const shown = { ...what, before: had && viewStrategy(had), after: viewStrategy(what.after) }
        assert.equal(await hashOf('jax-change-v1', canonicalChange(shown, 'per_1')), changeDigest(what, 'per_1'))
      }
  })
})
