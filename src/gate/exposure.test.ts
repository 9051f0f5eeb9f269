import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Order } from '../orders/machine.ts'
import type { Terms } from '../orders/terms.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { amt, dec, px, qty, shortest } from '../values/decimal.ts'
import { instant } from '../values/instant.ts'
import { ACCOUNT, FACTS, MARKET, POLICY, RESTING, UNCOSTED } from './example.ts'
import { exposureOf, worstUnitPx } from './exposure.ts'
import type { Facts, Quote } from './facts.ts'

const known = { quote: MARKET.quote as Quote, rate: dec('1'), positionQty: dec('0'), accountAt: ACCOUNT.at }
const order = (patch: Partial<Order>, terms: Partial<Terms> = {}): Order => ({
  ...RESTING,
  ...patch,
  terms: { ...RESTING.terms, ...terms },
})
const uncosted = (patch: Partial<Order>, terms: Partial<Terms> = {}): Order => ({
  ...UNCOSTED,
  ...patch,
  terms: { ...UNCOSTED.terms, ...terms },
})
const valued = (own: IntentID, facts: Facts) => {
  const got = exposureOf(own, 'AAPL', facts, known, POLICY)
  assert.ok(got.ok)
  return got.value
}
const counted = (own: IntentID, facts: Facts) => {
  const { entries: _, ...rest } = valued(own, facts)
  return rest
}
const entries = (own: IntentID, facts: Facts) => valued(own, facts).entries
const news = { updatedAt: instant(ACCOUNT.at + 1) }

// RESTING: 100 AAPL, at most 18750.00, at the broker and seen in the account fact.
type Row = readonly [name: string, order: Order, inFlight: string, reserved: string, reservedWhereBrokerDoesNot: string]
const ROWS: readonly Row[] = [
  ['rests, and the account was read later', RESTING, '18750.00', '0.00', '18750.00'],
  ['changed at the moment the account was read', order({ updatedAt: ACCOUNT.at }), '18750.00', '18750.00', '18750.00'],
  ['a microsecond before', order({ updatedAt: instant(ACCOUNT.at - 1) }), '18750.00', '0.00', '18750.00'],
  ['queued', order({ delivery: 'Queued', phase: 'PendingNew' }), '18750.00', '18750.00', '18750.00'],
  ['on its way', order({ delivery: 'Sending', phase: 'PendingNew' }), '18750.00', '18750.00', '18750.00'],
  ['in doubt', order({ delivery: 'InDoubt', phase: 'PendingNew' }), '18750.00', '18750.00', '18750.00'],
  ['a third filled, seen', order({ phase: 'PartiallyFilled', cumQty: qty('33') }), '12562.50', '0.00', '12562.50'],
  [
    'a third filled, not seen',
    order({ phase: 'PartiallyFilled', cumQty: qty('33'), ...news }),
    '12562.50',
    '18750.00',
    '18750.00',
  ],
  ['filled, not seen', order({ phase: 'Filled', cumQty: qty('100'), ...news }), '0.00', '18750.00', '18750.00'],
  ['filled, seen', order({ phase: 'Filled', cumQty: qty('100') }), '0.00', '0.00', '0.00'],
  [
    'canceled half way, not seen',
    order({ phase: 'Canceled', cumQty: qty('50'), ...news }),
    '0.00',
    '9375.00',
    '9375.00',
  ],
  ['rejected', order({ delivery: 'Rejected', phase: 'Rejected' }), '0.00', '0.00', '0.00'],
  ['proven absent', order({ delivery: 'Absent', phase: 'PendingNew' }), '0.00', '0.00', '0.00'],
  ['asked to cancel: still open', order({ asked: 'Cancel' }), '18750.00', '0.00', '18750.00'],
  [
    'a share of a cost that does not divide',
    order({ maxNotional: amt('100.00'), cumQty: qty('1') }, { orderQty: qty('3') }),
    '66.67',
    '0.00',
    '66.67',
  ],
  ['another symbol', order(news, { symbol: 'MSFT' }), '0.00', '18750.00', '18750.00'],
  ['its own', order({ intentID: 'jax-042' as IntentID, ...news }), '0.00', '0.00', '0.00'],
  ['an exit', order({ role: 'Exit', ...news }, { side: 'Sell', reduceOnly: true }), '0.00', '0.00', '0.00'],
  ['a stop', order({ role: 'Stop', ...news }, { side: 'Sell', reduceOnly: true }), '0.00', '0.00', '0.00'],
  ['no cost on record, limit', uncosted(news), '18750.00', '18750.00', '18750.00'],
  ['a stop that might open something', order({ role: 'Stop', ...news }), '18750.00', '18750.00', '18750.00'],
  [
    'no cost on record, market: ask + 300 bps',
    uncosted(news, { ordType: 'Market', price: null }),
    '19313.53',
    '19313.53',
    '19313.53',
  ],
]

describe('what counts already', () => {
  for (const [name, one, inFlight, reserved, elsewhere] of ROWS)
    it(name, () => {
      const facts = { ...FACTS, inFlight: [one] }
      const { reservesOpenOrders: _, ...silent } = FACTS.supported
      const own = 'jax-042' as IntentID
      assert.deepEqual(counted(own, facts), { position: '0.00', inFlight, reserved })
      const careful = counted(own, { ...facts, supported: silent })
      assert.deepEqual(careful, { position: '0.00', inFlight, reserved: elsewhere })
    })

  it('a position counts at the ask, long or short, converted, up to the cent', () => {
    for (const positionQty of [dec('33'), dec('-33')]) {
      const got = exposureOf('x' as IntentID, 'AAPL', FACTS, { ...known, positionQty, rate: dec('0.0066') }, POLICY)
      assert.equal(got.ok && got.value.position, '40.84') // 33 × 187.51 × 0.0066 = 40.839678
    }
  })

  // RESTING is known to the broker and takes 18750.00; the other was sent to take its place and is on its way.
  const next = (maxNotional: string): Order =>
    order({
      clOrdID: 'jx-0007-r1' as ClOrdID,
      replaces: RESTING.clOrdID,
      delivery: 'Sending',
      phase: 'PendingNew',
      maxNotional: amt(maxNotional),
    })
  for (const [name, old, maxNotional, inFlight, reserved, buys] of [
    ['a dearer one', {}, '20000.00', '20000.00', '1250.00', '20000.00'],
    ['a cheaper one', {}, '10000.00', '18750.00', '0.00', '18750.00'],
    ['a dearer one, and news of the old', news, '20000.00', '20000.00', '20000.00', '20000.00'],
    [
      'after a part',
      { cumQty: qty('40'), phase: 'PartiallyFilled', ...news },
      '9000.00',
      '11250.00',
      '18750.00',
      '18750.00',
    ],
    ['once the old is replaced', { phase: 'Replaced' }, '20000.00', '20000.00', '20000.00', '20000.00'],
  ] as const)
    it(`of an order and the one to take its place the dearer counts: ${name}`, () => {
      const replacedBy = 'jx-0007-r1' as ClOrdID
      const facts = { ...FACTS, inFlight: [order({ ...old, replacedBy }), next(maxNotional)] }
      assert.deepEqual(counted('x' as IntentID, facts), { position: '0.00', inFlight, reserved })
      // Among all entries, fills that the account does not show yet count as well.
      const { each, ...all } = entries('x' as IntentID, facts)
      assert.deepEqual([all.buys, each.map(({ worth }) => worth)], [buys, [buys]])
    })

  it('orders add up', () => {
    const facts = { ...FACTS, inFlight: [RESTING, order(news), order(news, { symbol: 'MSFT', side: 'Sell' })] }
    const one = 'x' as IntentID
    assert.deepEqual(counted(one, facts), { position: '0.00', inFlight: '37500.00', reserved: '37500.00' })
    assert.deepEqual(entries(one, facts), {
      buys: '37500.00',
      sells: '18750.00',
      symbols: ['AAPL', 'MSFT'],
      each: [
        { symbol: 'AAPL', worth: '37500.00' },
        { symbol: 'MSFT', worth: '18750.00' },
      ],
    })
  })

  // RESTING is to cost 18750.00: what is open of it counts, and what filled until the account shows it.
  const ENTRIES: readonly (readonly [name: string, patch: Partial<Order>, buys: string, symbols: readonly string[]])[] =
    [
      ['open', {}, '18750.00', ['AAPL']],
      ['a third filled, seen', { phase: 'PartiallyFilled', cumQty: qty('33') }, '12562.50', ['AAPL']],
      ['a third filled, not seen', { phase: 'PartiallyFilled', cumQty: qty('33'), ...news }, '18750.00', ['AAPL']],
      ['filled, not seen', { phase: 'Filled', cumQty: qty('100'), ...news }, '18750.00', ['AAPL']],
      ['filled, seen', { phase: 'Filled', cumQty: qty('100') }, '0.00', []],
      ['canceled', { phase: 'Canceled' }, '0.00', []],
    ]
  for (const [name, patch, buys, symbols] of ENTRIES)
    it(`of all entries, one ${name}`, () =>
      assert.deepEqual(entries('x' as IntentID, { ...FACTS, inFlight: [order(patch)] }), {
        buys,
        sells: '0.00',
        symbols,
        each: symbols.map((symbol) => ({ symbol, worth: buys })),
      }))
})

it('the most a unit may cost', () => {
  const quote = MARKET.quote as Quote
  assert.equal(worstUnitPx('Buy', 'Limit', px('187.00'), quote, POLICY), '187.00')
  assert.equal(worstUnitPx('Sell', 'Limit', px('188.00'), quote, POLICY), '188.00')
  assert.equal(worstUnitPx('Sell', 'Limit', px('187.00'), quote, POLICY), '187.49')
  for (const side of ['Buy', 'Sell'] as const)
    assert.equal(shortest(worstUnitPx(side, 'Market', null, quote, POLICY)), '193.1353')
})
