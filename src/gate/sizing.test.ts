import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { AAPL, ACCOUNT, MARKET, POLICY } from './example.ts'
import type { Quote } from './facts.ts'
import { type SizingInput, sizeOf } from './sizing.ts'

const INPUT: SizingInput = {
  side: 'Buy',
  ordType: 'Limit',
  prices: { entryPx: px('187.50'), stopPx: px('185.00'), targetPx: null },
  entryPx: px('187.50'),
  quote: MARKET.quote as Quote,
  rate: dec('1'),
  account: ACCOUNT,
  instrument: AAPL,
  exposure: { position: amt('0.00'), inFlight: amt('0.00'), reserved: amt('0.00') },
  policy: POLICY,
  orderQty: null,
  notional: null,
}
const account = (equity: string, buyingPower = '400000') => ({
  ...ACCOUNT,
  equity: amt(equity),
  buyingPower: amt(buyingPower),
})
const at = (entry: string, stop: string) => ({
  prices: { entryPx: px(entry), stopPx: px(stop), targetPx: null },
  entryPx: px(entry),
})
const rich = {
  ...POLICY,
  maxOrderNotional: amt('1000000000000'),
  maxPositionNotional: amt('1000000000000'),
  stageMaxNotional: amt('1000000000000'),
}
const lots = (lot: string) => ({ ...AAPL, lot: qty(lot), minQty: qty(lot) })

type Row = readonly [name: string, change: Partial<SizingInput>, qty: string, rawQty: string, binding: string]
const ROWS: readonly Row[] = [
  ['risk decides', {}, '400', '400', 'risk'],
  ['a cent of equity less is a share less', { account: account('99999.99') }, '399', '399.99996', 'risk'],
  ['a part of a share is cut, not rounded', { account: account('100249.99') }, '400', '400.99996', 'risk'],
  ['the next share needs all of its risk', { account: account('100250.00') }, '401', '401', 'risk'],
  ['a stop above, selling', { side: 'Sell', ...at('187.50', '190.00') }, '400', '400', 'risk'],
  ['one third, repeating', { ...at('187.50', '184.50') }, '333', '333.33333333', 'risk'],
  ['lots of a hundred', { instrument: lots('100'), account: account('99999') }, '300', '399.996', 'risk'],
  ['lots of a thousandth', { instrument: lots('0.001'), ...at('187.50', '184.50') }, '333.333', '333.33333333', 'risk'],
  [
    'lots of a billionth',
    { instrument: lots('0.000000001'), ...at('187.50', '184.50') },
    '333.333333333',
    '333.333333333',
    'risk',
  ],
  ['lots of 0.25', { instrument: lots('0.25'), ...at('187.50', '184.50') }, '333.25', '333.33333333', 'risk'],
  ['equity zero', { account: account('0') }, '0', '0', 'risk'],
  ['equity negative', { account: account('-5') }, '0', '0', 'risk'],
  ['no risk allowed', { policy: { ...POLICY, riskPerTrade: dec('0') } }, '0', '0', 'risk'],

  ['order limit', { policy: { ...POLICY, maxOrderNotional: amt('74999.99') } }, '399', '400', 'order'],
  [
    'order limit exactly met leaves the word to risk',
    { policy: { ...POLICY, maxOrderNotional: amt('75000') } },
    '400',
    '400',
    'risk',
  ],
  ['stage cap', { policy: { ...POLICY, stageMaxNotional: amt('500') } }, '2', '400', 'stage'],
  [
    'position limit less what is held and open',
    { exposure: { position: amt('100000'), inFlight: amt('99812.50'), reserved: amt('0') } },
    '1',
    '400',
    'position',
  ],
  [
    'position limit already exceeded',
    { exposure: { position: amt('200000.01'), inFlight: amt('0'), reserved: amt('0') } },
    '0',
    '400',
    'position',
  ],
  ['buying power less buffer', { account: account('100000', '1000') }, '5', '400', 'buyingPower'],
  [
    'buying power less buffer and reservations',
    {
      account: account('100000', '1000'),
      exposure: { position: amt('0'), inFlight: amt('0'), reserved: amt('575.01') },
    },
    '1',
    '400',
    'buyingPower',
  ],
  [
    'the largest size, in whole lots',
    { instrument: { ...lots('10'), maxQty: qty('125') } },
    '120',
    '400',
    'instrument',
  ],
  [
    'the least of several',
    { policy: { ...POLICY, maxOrderNotional: amt('1875'), stageMaxNotional: amt('937.50') } },
    '5',
    '400',
    'stage',
  ],

  // 1 % of 100000 USD, USD/JPY: a stop 50 sen away is 0.5 × 0.0066 = 0.0033 USD a unit
  [
    'yen',
    { rate: dec('0.0066'), ...at('151.500', '151.000'), policy: rich, account: account('100000', '1000000000') },
    '303030',
    '303030.3030303',
    'risk',
  ],
  ['a rate above one', { rate: dec('1.2512') }, '319', '319.69309462', 'risk'],
  [
    'a rate nobody can write out',
    { rate: dec('0.006666666667'), policy: rich, account: account('100000', '1000000000') },
    '59999',
    '59999.999997',
    'risk',
  ],
]

describe('size', () => {
  for (const [name, change, size, rawQty, binding] of ROWS)
    it(name, () => {
      const got = sizeOf({ ...INPUT, ...change })
      assert.deepEqual([got.qty, got.rawQty, got.binding], [size, rawQty, binding])
    })

  it('a hundredth of everything, at a ten-thousandth a unit, is exact', () => {
    const input = {
      ...INPUT,
      account: account('999999999999.99', '999999999999999'),
      ...at('0.0002', '0.0001'),
      policy: rich,
    }
    assert.deepEqual([sizeOf(input).qty, sizeOf(input).binding], ['99999999999999', 'risk'])
  })

  it('shows every number in its order', () => {
    const got = sizeOf({
      ...INPUT,
      rate: dec('0.5'),
      exposure: { position: amt('100.10'), inFlight: amt('50.05'), reserved: amt('20.00') },
    })
    assert.deepEqual(got, {
      currency: 'USD',
      equity: '100000.00',
      riskPerTrade: '0.01',
      riskAmount: '1000.00',
      entryPx: '187.50',
      stopPx: '185.00',
      riskPerUnit: '2.50',
      conversionRate: '0.5',
      riskPerUnitAccount: '1.25',
      rawQty: '800',
      unitCost: '93.75',
      caps: [
        { name: 'order', limit: '100000', used: '0', left: '100000.00', capQty: '1066' },
        { name: 'position', limit: '200000', used: '150.15', left: '199849.85', capQty: '2131' },
        { name: 'stage', limit: '100000', used: '0', left: '100000.00', capQty: '1066' },
        { name: 'buyingPower', limit: '380000.00', used: '20.00', left: '379980.00', capQty: '4053' },
      ],
      binding: 'risk',
      lot: '1',
      qty: '800',
      orderQty: '800',
      notional: '75000.00',
      riskAtStop: '1000.00',
    })
  })

  it('costs go up to the cent, and room goes down to it', () => {
    const thin = { ...INPUT, ...at('0.3333', '0.3000'), policy: { ...POLICY, maxOrderNotional: amt('99.999') } }
    const got = sizeOf(thin)
    assert.deepEqual([got.qty, got.notional, got.caps[0]?.left], ['300', '99.99', '99.99'])
    assert.equal(sizeOf({ ...thin, orderQty: qty('7') }).notional, '2.34') // 2.3331
  })

  it('a given quantity or cost is shown, and the computed size beside it', () => {
    const got = sizeOf({ ...INPUT, orderQty: qty('100'), notional: amt('20000.00') })
    assert.deepEqual([got.qty, got.orderQty, got.notional, got.riskAtStop], ['400', '100', '20000.00', '250.00'])
  })
})
