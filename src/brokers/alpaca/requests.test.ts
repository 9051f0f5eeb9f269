import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TERMS } from '../../orders/example.ts'
import type { Terms } from '../../orders/terms.ts'
import type { ClOrdID } from '../../values/brand.ts'
import { px, qty } from '../../values/decimal.ts'
import { submitBody } from './requests.ts'

const NAME = 'jx1' as ClOrdID
const COIN: Terms = {
  ...TERMS,
  symbol: 'BTC/USD',
  timeInForce: 'GTC',
  orderQty: qty('0.166666666'),
  price: px('60000.00'),
  bracket: { stopPx: px('57000.00'), targetPx: px('66000.00'), stopLimitPx: px('54150.00') },
}

describe('what an order is sent as', () => {
  it('shares take their exits along', () => {
    const bracket = { stopPx: px('185.00'), targetPx: px('195.00') }
    assert.deepEqual(submitBody(NAME, { ...TERMS, bracket }, 'us_equity'), {
      symbol: 'AAPL',
      qty: '100',
      side: 'buy',
      type: 'limit',
      time_in_force: 'day',
      client_order_id: 'jx1',
      limit_price: '190',
      order_class: 'bracket',
      stop_loss: { stop_price: '185' },
      take_profit: { limit_price: '195' },
    })
    const alone = submitBody(NAME, TERMS, 'us_equity')
    assert.deepEqual([alone['order_class'], alone['take_profit']], ['oto', undefined])
  })
  it('crypto goes without, to the billionth', () =>
    assert.deepEqual(submitBody(NAME, COIN, 'crypto'), {
      symbol: 'BTC/USD',
      qty: '0.166666666',
      side: 'buy',
      type: 'limit',
      time_in_force: 'gtc',
      client_order_id: 'jx1',
      limit_price: '60000',
    }))
  it('its stop has a limit, and no word that Alpaca knows for shares only', () => {
    const stop: Terms = {
      ...COIN,
      side: 'Sell',
      ordType: 'StopLimit',
      price: px('54150.00'),
      stopPx: px('57000.00'),
      bracket: null,
      reduceOnly: true,
    }
    assert.deepEqual(submitBody(NAME, stop, 'crypto'), {
      symbol: 'BTC/USD',
      qty: '0.166666666',
      side: 'sell',
      type: 'stop_limit',
      time_in_force: 'gtc',
      client_order_id: 'jx1',
      limit_price: '54150',
      stop_price: '57000',
    })
  })
})
