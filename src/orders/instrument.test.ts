import assert from 'node:assert/strict'
import { it } from 'node:test'
import { px, qty, text } from '../values/decimal.ts'
import { type Instrument, tickAt } from './instrument.ts'

const banded: Instrument = {
  symbol: 'AAPL',
  name: 'Apple Inc.',
  assetClass: 'us_equity',
  currency: 'USD',
  ticks: [
    { from: px('0'), tick: px('0.0001') },
    { from: px('1'), tick: px('0.01') },
    { from: px('1000'), tick: px('0.05') },
  ],
  lot: qty('1'),
  minQty: qty('1'),
  maxQty: null,
  tradable: true,
  shortable: true,
}

// biome-ignore format: a table reads in columns
const rows: readonly (readonly [price: string, tick: string | null])[] = [
  ['0',        '0.0001'],
  ['0.9999',   '0.0001'],
  ['1',        '0.01'],      // a band begins at its price
  ['1.00',     '0.01'],
  ['999.99',   '0.01'],
  ['1000.00',  '0.05'],
  ['123456',   '0.05'],
  ['-0.01',    null],        // below every band there is no rule, and none is made up
]
for (const [price, tick] of rows)
  it(`the tick at ${price} is ${tick}`, () => {
    const found = tickAt(banded, px(price))
    assert.equal(found && text(found), tick)
  })
