import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AssetClass } from '../../orders/instrument.ts'
import type { Terms } from '../../orders/terms.ts'
import type { ClOrdID } from '../../values/brand.ts'
import { px, qty } from '../../values/decimal.ts'
import { entry } from './bench.contract.ts'
import { replaceBody, submitBody } from './requests.ts'

const ID = 'jx1' as ClOrdID

describe('the body of a new order', () => {
  const ENTRY = { symbol: 'AAPL', qty: '10', side: 'buy', type: 'market', time_in_force: 'day', client_order_id: 'jx1' }
  const [stopPx, targetPx] = [px('95.00'), px('110.50')]
  const COIN = { symbol: 'BTC/USD', orderQty: qty('0.000000010'), timeInForce: 'GTC' } as const

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, over: Partial<Terms>, assetClass: AssetClass, body: object])[] = [
    ['market',                   {},                                                              'us_equity', ENTRY],
    ['limit',                    { ordType: 'Limit', price: px('231.150') },                      'us_equity', { ...ENTRY, type: 'limit', limit_price: '231.15' }],
    ['stop, to close a long',    { side: 'Sell', ordType: 'Stop', stopPx, timeInForce: 'GTC', reduceOnly: true }, 'us_equity', { ...ENTRY, side: 'sell', type: 'stop', stop_price: '95', time_in_force: 'gtc', position_intent: 'sell_to_close' }],
    ['market, to close a short', { reduceOnly: true },                                            'us_equity', { ...ENTRY, position_intent: 'buy_to_close' }],
    ['bracket',                  { bracket: { stopPx, targetPx } },                               'us_equity', { ...ENTRY, order_class: 'bracket', stop_loss: { stop_price: '95' }, take_profit: { limit_price: '110.5' } }],
    ['entry with a stop alone',  { bracket: { stopPx, targetPx: null } },                         'us_equity', { ...ENTRY, order_class: 'oto', stop_loss: { stop_price: '95' } }],
    ['stop with a limit',        { bracket: { stopPx, targetPx: null, stopLimitPx: px('94.90') } }, 'us_equity', { ...ENTRY, order_class: 'oto', stop_loss: { stop_price: '95', limit_price: '94.9' } }],
    ['coins, never an exponent', COIN,                                                            'crypto',    { ...ENTRY, symbol: 'BTC/USD', qty: '0.00000001', time_in_force: 'gtc' }],
    ['coins, without the exits that would be dropped', { ...COIN, bracket: { stopPx, targetPx, stopLimitPx: px('90') } }, 'crypto', { ...ENTRY, symbol: 'BTC/USD', qty: '0.00000001', time_in_force: 'gtc' }],
    ['coins, to close',          { ...COIN, side: 'Sell', ordType: 'StopLimit', price: px('59000'), stopPx: px('60000'), reduceOnly: true }, 'crypto', { ...ENTRY, symbol: 'BTC/USD', qty: '0.00000001', side: 'sell', type: 'stop_limit', time_in_force: 'gtc', limit_price: '59000', stop_price: '60000' }],
  ]
  for (const [what, over, assetClass, body] of rows)
    it(what, () => assert.deepEqual(submitBody(ID, entry(over), assetClass), body))
})

it('the body of a replacement names the new order, and both prices where there are two', () => {
  const order = entry({
    ordType: 'StopLimit',
    price: px('94.50'),
    stopPx: px('95'),
    timeInForce: 'GTC',
    orderQty: qty('8'),
  })
  assert.deepEqual(replaceBody(ID, order), {
    qty: '8',
    time_in_force: 'gtc',
    client_order_id: 'jx1',
    limit_price: '94.5',
    stop_price: '95',
  })
})
