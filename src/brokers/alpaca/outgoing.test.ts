import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AssetClass } from '../../orders/instrument.ts'
import { outgoingFaults } from '../../orders/outgoing.ts'
import type { Terms } from '../../orders/terms.ts'
import type { ClOrdID } from '../../values/brand.ts'
import { type Decimal, dec, minus, type Px, type Qty } from '../../values/decimal.ts'
import { entry } from './bench.contract.ts'
import { readBack } from './outgoing.ts'
import { replaceBody, submitBody } from './requests.ts'

const ID = 'jx1' as ClOrdID
const figure = fc.integer({ min: 1, max: 10_000_000 }).map((n): Decimal => dec(`${n}`))
const cents = fc.integer({ min: 1, max: 10_000_000 }).map((n) => dec((n / 100).toFixed(2)) as Px)
const terms: fc.Arbitrary<Terms> = fc
  .record({
    side: fc.constantFrom('Buy', 'Sell'),
    ordType: fc.constantFrom('Market', 'Limit', 'Stop', 'StopLimit'),
    timeInForce: fc.constantFrom('Day', 'GTC', 'IOC'),
    orderQty: figure,
    price: cents,
    stopPx: cents,
    bracket: fc.option(fc.record({ stopPx: cents, targetPx: fc.option(cents) })),
    reduceOnly: fc.boolean(),
  })
  .map(({ price, stopPx, ordType, orderQty, ...rest }) =>
    entry({
      ...rest,
      ordType,
      orderQty: orderQty as Qty,
      price: ordType === 'Limit' || ordType === 'StopLimit' ? price : null,
      stopPx: ordType === 'Stop' || ordType === 'StopLimit' ? stopPx : null,
    }),
  )
const classes = fc.constantFrom<AssetClass>('us_equity', 'crypto')
const wire = (order: Terms, assetClass: AssetClass): Record<string, unknown> =>
  JSON.parse(JSON.stringify(submitBody(ID, order, assetClass))) as Record<string, unknown>
const faults = (body: unknown, order: Terms): string[] =>
  outgoingFaults(readBack(JSON.stringify(body)), ID, order, 'new')

describe('the bytes of an order, read back', () => {
  it('are the order that was approved', () =>
    fc.assert(fc.property(terms, classes, (order, kind) => assert.deepEqual(faults(wire(order, kind), order), []))))
  it('of a replacement are it too, with what earlier ones filled', () =>
    fc.assert(
      fc.property(terms, figure, (order, before) => {
        const left = { ...order, orderQty: minus<Decimal>(order.orderQty, before) as Qty }
        const bytes = JSON.stringify(replaceBody(ID, left))
        assert.deepEqual(outgoingFaults(readBack(bytes, before), ID, order, 'replacement'), [])
      }),
    ))

  const ORDER = entry({
    ordType: 'Limit',
    price: dec('190') as Px,
    bracket: { stopPx: dec('188') as Px, targetPx: dec('194') as Px },
  })
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, spoilt: object, says: RegExp])[] = [
    ['another name',            { client_order_id: 'jx2' },                   /^ClOrdID jx2 instead of jx1$/],
    ['another symbol',          { symbol: 'MSFT' },                           /^symbol MSFT instead of AAPL$/],
    ['the other side',          { side: 'sell' },                             /^side Sell instead of Buy$/],
    ['another size',            { qty: '100' },                               /^orderQty 100 instead of 10$/],
    ['a market order',          { type: 'market' },                           /^ordType Market instead of Limit$/],
    ['another time in force',   { time_in_force: 'gtc' },                     /^timeInForce GTC instead of Day$/],
    ['another price',           { limit_price: '191' },                       /^price 191 instead of 190$/],
    ['a price too much',        { stop_price: '188' },                        /^stopPx 188 instead of none$/],
    ['another stop beside it',  { stop_loss: { stop_price: '18.8' } },        /^stop beside it 18\.8 instead of 188$/],
    ['another target',          { take_profit: { limit_price: '19.4' } },     /^target beside it 19\.4 instead of 194$/],
    ['no target',               { take_profit: undefined },                   /^target beside it none instead of 194$/],
    ['a field that nobody knows', { extended_hours: true },                   /^ClOrdID unreadable instead of jx1$/],
    ['a number that is none',   { qty: '1e3' },                               /^ClOrdID unreadable/],
  ]
  for (const [name, spoilt, says] of rows)
    it(`are found out: ${name}`, () => {
      const [said, ...more] = faults({ ...wire(ORDER, 'us_equity'), ...spoilt }, ORDER)
      assert.match(said ?? 'nothing', says)
      assert.deepEqual(more, [])
    })
  it('are found out when they are no order at all', () =>
    assert.deepEqual(outgoingFaults(readBack('{'), ID, ORDER, 'new'), ['ClOrdID unreadable instead of jx1']))
  it('are found out when they say too little of an order', () =>
    assert.deepEqual(faults({ ...wire(ORDER, 'us_equity'), symbol: undefined, side: undefined }, ORDER), [
      'symbol not told',
      'side not told',
    ]))
})
