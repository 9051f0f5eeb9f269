import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Intent, Terms, Vote } from '../api/wire.ts'
import { bindingInWords, limitOfStop, orderInWords, priceInWords, undecidedInWords } from './words.ts'

const LIMIT: Terms = {
  symbol: 'AAPL',
  side: 'Buy',
  ordType: 'Limit',
  timeInForce: 'Day',
  orderQty: '1053',
  price: '187.50',
  stopPx: null,
  bracket: { stopPx: '185.00', targetPx: null },
  reduceOnly: false,
}

const rows: readonly (readonly [Partial<Terms>, string, string])[] = [
  [{}, 'Buy 1,053 AAPL at 187.50 or lower, good for the day', 'limit 187.50'],
  [{ side: 'Sell', timeInForce: 'GTC' }, 'Sell 1,053 AAPL at 187.50 or higher, good till canceled', 'limit 187.50'],
  [
    { ordType: 'Market', price: null, timeInForce: 'IOC' },
    'Buy 1,053 AAPL at the market, immediate or cancel',
    'market',
  ],
  [
    { ordType: 'Stop', price: null, stopPx: '185.00' },
    'Buy 1,053 AAPL at stop 185.00, good for the day',
    'stop 185.00',
  ],
  [
    { ordType: 'StopLimit', stopPx: '185.00', timeInForce: 'FOK' },
    'Buy 1,053 AAPL at stop 185.00, limit 187.50, fill or kill',
    'stop 185.00, limit 187.50',
  ],
]

describe('an order in words', () => {
  for (const [change, sentence, price] of rows)
    it(sentence, () => {
      const terms = { ...LIMIT, ...change }
      assert.equal(orderInWords(terms), sentence)
      assert.equal(priceInWords(terms), price)
    })
})

describe('the limit of a stop', () => {
  it('is said where there is one', () => {
    assert.equal(
      limitOfStop({ stopPx: '57000.00', targetPx: null, stopLimitPx: '54150.00' }),
      ' with its limit at 54,150.00',
    )
    assert.equal(limitOfStop({ stopPx: '57000.00', targetPx: null }), '')
  })
})

describe('the line that decided a size', () => {
  for (const [name, words] of [
    ['risk', 'the risk budget'],
    ['buyingPower', 'buying power'],
    ['a later limit', 'a later limit'],
  ] as const)
    it(`${name} is ${words}`, () => assert.equal(bindingInWords(name), words))
})

describe('an order that nobody decides', () => {
  const yes = (by: string, counts: boolean) => ({ by, counts }) as Vote
  const of = (change: object) =>
    undecidedInWords({ state: 'AwaitingApproval', undecidedMs: 180_000, votes: [], requires: null, ...change } as never)
  const rows: readonly (readonly [Partial<Intent>, string | null])[] = [
    [{}, 'Nobody has decided for 3 min'],
    [{ undecidedMs: 90_000 }, 'Nobody has decided for 90 s'],
    [{ undecidedMs: null }, null],
    [{ state: 'Approved' }, null],
    [
      { votes: [yes('a', false)], requires: { level: 'L1', quorum: 2, passkey: false, rules: [] } },
      'Nobody has decided for 3 min',
    ],
    [
      { votes: [yes('a', false), yes('b', true)], requires: { level: 'L1', quorum: 2, passkey: false, rules: [] } },
      '1 of 2 said yes, and nobody else for 3 min',
    ],
  ]
  for (const [change, words] of rows) it(words ?? 'says nothing', () => assert.equal(of(change), words))
})
