import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountID } from '../values/brand.ts'
import { plusMs } from '../values/instant.ts'
import { HALT, NOW } from './example.ts'
import { cancels, type HaltLevel, haltOf, type HaltScope, isScope, isStopped, levelFor, tradingIn } from './halt.ts'

const account = 'paper:sim:main' as AccountID
const AAPL = { account, symbol: 'AAPL', strategyID: 'trend' }
const halt = (scope: HaltScope, level: HaltLevel, afterMs = 0) => ({
  ...HALT,
  scope,
  level,
  since: plusMs(NOW, afterMs),
})

describe('a halt', () => {
  // prettier-ignore
  const rows: readonly (readonly [scope: HaltScope, stops: boolean])[] = [
    ['global', true],
    ['symbol:AAPL', true],
    ['symbol:AAPLX', false],
    ['symbol:trend', false],
    ['strategy:trend', true],
    ['strategy:AAPL', false],
    ['account:paper:sim:main', true],
    ['account:paper:sim:other', false],
    ['broker:sim', true],
    ['broker:alpaca', false],
  ]
  for (const [scope, stops] of rows)
    it(`of ${scope} ${stops ? 'stops' : 'does not stop'} AAPL of trend`, () =>
      assert.equal(isStopped({ scope }, AAPL), stops))
  it('of a symbol stops nothing that has none', () =>
    assert.equal(isStopped({ scope: 'symbol:AAPL' }, { ...AAPL, symbol: null }), false))
})

describe('of several halts', () => {
  it('the furthest counts, of two alike the earlier', () => {
    const all = [
      halt('symbol:AAPL', 'K1'),
      halt('global', 'K3', 2),
      halt('broker:sim', 'K3', 1),
      halt('symbol:X', 'K4'),
    ]
    assert.equal(haltOf(all, AAPL)?.scope, 'broker:sim')
    assert.equal(haltOf([...all].reverse(), AAPL)?.scope, 'broker:sim')
  })
  it('none that is about something else', () => assert.equal(haltOf([halt('symbol:X', 'K4')], AAPL), null))
  it('only K4 takes back what works', () =>
    assert.deepEqual(
      (['K1', 'K2', 'K3', 'K4'] as const).map((level) => cancels({ level })),
      [false, false, false, true],
    ))
})

describe('the level of a halt', () => {
  // prettier-ignore
  const rows: readonly (readonly [HaltScope, HaltLevel | undefined, HaltLevel])[] = [
    ['global', undefined, 'K4'],
    ['global', 'K1', 'K2'],
    ['global', 'K2', 'K2'],
    ['broker:sim', 'K3', 'K3'],
    ['symbol:AAPL', undefined, 'K1'],
    ['symbol:AAPL', 'K1', 'K1'],
    ['strategy:trend', 'K2', 'K4'],
    ['strategy:trend', 'K4', 'K4'],
  ]
  for (const [scope, asked, level] of rows)
    it(`of ${scope}, asked for as ${asked ?? 'nothing'}, is ${level}`, () =>
      assert.equal(levelFor(scope, asked), level))
})

describe('a scope in writing', () => {
  for (const text of ['', 'all', 'symbol', 'symbol:', ':AAPL', 'Symbol:AAPL', 'order:1', 'symbol:aapl', 'symbol:A B'])
    it(`${JSON.stringify(text)} is none`, () => assert.equal(isScope(text), false))
  it('may hold a colon in its name', () => assert.equal(isScope('account:paper:sim:main'), true))
  it('is read aloud', () =>
    assert.deepEqual((['global', 'symbol:BTC/USD', 'strategy:trend'] as const).map(tradingIn), [
      'Trading',
      'Trading of BTC/USD',
      'Trading of the strategy trend',
    ]))
})
