import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { amt, dec, gt, isMultipleOf, px, qty, shortest, text, times } from '../values/decimal.ts'
import type { Facts } from './facts.ts'
import { assess } from './gate.ts'
import { FACTS, limitedBy, NOW, POLICY, PROPOSAL } from './example.ts'
import { modelFaults, type SizingModel, type Sized, wantedQty } from './model.ts'

/** 100,000 of equity; a unit loses 2.50 at the stop and costs 187.50; its price moves 4.00 a day. */
const SIZED: Sized = {
  equity: amt('100000'),
  riskPerUnit: dec('2.5'),
  unitCost: dec('187.5'),
  rate: dec('1'),
  instrument: { lot: qty('1') },
  rangePx: px('4'),
}
const risk = (share: string): SizingModel => ({ kind: 'risk', share: dec(share) })
const quantity = (n: string): SizingModel => ({ kind: 'quantity', orderQty: qty(n) })
const notional = (n: string): SizingModel => ({ kind: 'notional', notional: amt(n) })
const volatility = (share: string, ranges: string): SizingModel => ({
  kind: 'volatility',
  share: dec(share),
  ranges: dec(ranges),
})
const kelly = (winRate: string, payoff: string, fraction: string): SizingModel => ({
  kind: 'kelly',
  winRate: dec(winRate),
  payoff: dec(payoff),
  fraction: dec(fraction),
})

describe('a sizing model wants', () => {
  // prettier-ignore
  const rows: readonly (readonly [name: string, model: SizingModel, change: Partial<Sized>, qty: string | null])[] = [
    ['half a percent at the stop', risk('0.005'), {}, '200'],
    ['whole lots, down', risk('0.005'), { instrument: { lot: qty('30') } }, '180'],
    ['nothing of an account that is in debt', risk('0.005'), { equity: amt('-1') }, '0'],
    ['a quantity', quantity('12'), {}, '12'],
    ['a quantity in whole lots', quantity('12'), { instrument: { lot: qty('5') } }, '10'],
    ['an amount', notional('1000'), {}, '5'],
    ['an amount that buys none', notional('187.49'), {}, '0'],
    ['an amount that buys exactly one', notional('187.50'), {}, '1'],
    ['a move of two ranges', volatility('0.004', '2'), {}, '50'],
    ['the same in another currency', volatility('0.004', '2'), { rate: dec('1.25') }, '40'],
    ['no size without the range', volatility('0.004', '2'), { rangePx: null }, null],
    // 0.6 − 0.4 ÷ 2 = 0.4; a quarter of it is 0.1 of equity.
    ['a quarter of Kelly', kelly('0.6', '2', '0.25'), {}, '4000'],
    ['nothing without an edge', kelly('0.3', '2', '0.25'), {}, '0'],
  ]
  for (const [name, model, change, wanted] of rows)
    it(name, () => {
      const size = wantedQty(model, { ...SIZED, ...change })
      assert.equal(size && text(size), wanted)
    })

  it('never more than its share loses, and whole lots', () => {
    const share = fc.integer({ min: 1, max: 1000 }).map((n) => dec(`0.${String(n).padStart(4, '0')}`))
    const cents = fc.integer({ min: 1, max: 100_000 }).map((n) => dec((n / 100).toFixed(2)))
    const lot = fc.constantFrom('1', '0.001', '100').map(qty)
    fc.assert(
      fc.property(share, cents, lot, (of, riskPerUnit, step) => {
        const size = wantedQty({ kind: 'risk', share: of }, { ...SIZED, riskPerUnit, instrument: { lot: step } })
        assert.ok(size && isMultipleOf(size, step))
        assert.ok(!gt(times(size, riskPerUnit), times(SIZED.equity, of)))
      }),
    )
  })
})

describe('a model that cannot be meant', () => {
  // prettier-ignore
  const rows: readonly (readonly [model: SizingModel, says: RegExp])[] = [
    [risk('0'), /above 0 and at most 0\.1/],
    [risk('0.11'), /above 0 and at most 0\.1/],
    [quantity('0'), /quantity is 0/],
    [notional('0'), /amount is 0/],
    [volatility('0.2', '2'), /at most 0\.1/],
    [volatility('0.01', '21'), /at most 20/],
    [kelly('1', '2', '0.25'), /between 0 and 1/],
    [kelly('0.6', '0', '0.25'), /above 0/],
    [kelly('0.6', '2', '0.26'), /at most 0\.25/],
    [kelly('0.3', '2', '0.25'), /loses in the long run/],
  ]
  for (const [model, says] of rows)
    it(`${model.kind}: ${String(says)}`, () => assert.match(modelFaults(model).join(' '), says))
  for (const model of [risk('0.1'), quantity('1'), notional('1'), volatility('0.1', '20'), kelly('0.6', '2', '0.25')])
    it(`${model.kind} at its limit is none`, () => assert.deepEqual(modelFaults(model), []))
})

describe('the size of an order with a model', () => {
  const sized = (model: SizingModel | null, rangePx: string | null = null) =>
    assess(
      { ...PROPOSAL, ...(rangePx !== null && { rangePx: px(rangePx) }) },
      model ? { ...FACTS, model } : FACTS,
      { ...POLICY, limits: limitedBy({}) },
      1,
      NOW,
    )
  const without = sized(null).sizing
  it('is what the model wants, where risk and limits allow more', () => {
    const { sizing, ticket } = sized(quantity('7'))
    assert.deepEqual([text(sizing?.qty ?? assert.fail()), sizing?.binding], ['7', 'model'])
    assert.equal(text(ticket?.terms.orderQty ?? assert.fail()), '7')
  })
  it('is never above what risk and limits allow', () =>
    assert.equal(
      shortest(sized(quantity('1000000')).sizing?.qty ?? assert.fail()),
      shortest(without?.qty ?? assert.fail()),
    ))
  it('follows the range that the signal names', () => {
    const { sizing } = sized(volatility('0.004', '2'), '4')
    assert.equal(sizing?.binding, 'model')
  })
  it('follows the range of the last days where the signal names none', () => {
    const days = { ...(FACTS.market?.days ?? assert.fail()), rangePx: px('4') }
    const facts: Facts = {
      ...FACTS,
      model: volatility('0.004', '2'),
      market: { ...(FACTS.market ?? assert.fail()), days },
    }
    const { sizing } = assess(PROPOSAL, facts, { ...POLICY, limits: limitedBy({}) }, 1, NOW)
    assert.equal(sizing?.binding, 'model')
    assert.equal(
      shortest(sizing?.qty ?? assert.fail()),
      shortest(sized(volatility('0.004', '2'), '4').sizing?.qty ?? assert.fail()),
    )
  })
  it('is refused where the model needs a range and the signal names none', () => {
    const { ticket, refusals } = sized(volatility('0.004', '2'))
    assert.equal(ticket, null)
    assert.ok(refusals.some(({ code }) => code === 'RANGE_MISSING'))
  })
})
