import assert from 'node:assert/strict'
import { it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Terms } from '../api/wire.ts'
import { grouped, harmless, pairs, problemLines, table, termsInWords, when } from './print.ts'

const plain = (text: string): string => stripVTControlCharacters(text)

it('a table lines up, numbers by their last digit', () => {
  const rows = [
    { name: 'AAPL', qty: '53' },
    { name: 'EUR/USD', qty: '10000' },
  ]
  const columns = [
    { title: 'symbol', of: (r: (typeof rows)[number]) => r.name },
    { title: 'quantity', of: (r: (typeof rows)[number]) => r.qty, right: true },
  ]
  assert.equal(
    plain(table(columns, rows, 'none')),
    ['symbol   quantity', 'AAPL           53', 'EUR/USD     10000'].join('\n'),
  )
  assert.equal(plain(table(columns, [], 'none')), 'none')
})

it('text from outside cannot take over the terminal or break a line', () => {
  const evil = 'buy \u001b[2Jnow\u0007\u202e\nsecond\u009b31m'
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(harmless(evil), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  const shown = plain(table([{ title: 'words', of: (text: string) => text }], [evil], ''))
  assert.equal(shown.split('\n').length, 2)
  assert.doesNotMatch(pairs([['said', evil]]), /\u001b\[2J/)
  for (const hidden of ['\u061c', '\u200f', '\u2064', '\u2069', '\ufffa', '\u{e0041}'])
    assert.equal(harmless(`a${hidden}b`), 'ab', `U+${hidden.codePointAt(0)?.toString(16)}`)
})

it('digits are grouped, never changed', () => {
  // biome-ignore format: a table reads in columns
  for (const [given, shown] of [['10000.00', '10,000.00'], ['999', '999'], ['-1234567.8', '-1,234,567.8'], ['0.12345678', '0.12345678'], ['100000.000000000000', '100,000.00'], ['1.500', '1.50'], ['2.5', '2.5']] as const) assert.equal(grouped(given), shown)
})

it('an order reads as a sentence', () => {
  const terms: Terms = {
    symbol: 'AAPL',
    side: 'Buy',
    ordType: 'Limit',
    timeInForce: 'Day',
    orderQty: '53',
    price: '187.50',
    stopPx: null,
    bracket: { stopPx: '184.00', targetPx: '195.00' },
    reduceOnly: false,
  }
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [Terms, string])[] = [
    [terms,                                                                              'Buy 53 AAPL at 187.50 or better, good for the day; stop 184.00, target 195.00'],
    [{ ...terms, bracket: null, ordType: 'Market', price: null, timeInForce: 'IOC' },    'Buy 53 AAPL at the market, immediate or cancel'],
    [{ ...terms, bracket: null, side: 'Sell', ordType: 'Stop', price: null, stopPx: '184.00', timeInForce: 'GTC', reduceOnly: true }, 'Sell 53 AAPL at the market once 184.00 trades, good until canceled (only ever reduces the position)'],
    [{ ...terms, bracket: { stopPx: '184.00', targetPx: '195.00', stopLimitPx: '174.80' } }, 'Buy 53 AAPL at 187.50 or better, good for the day; stop 184.00 limit 174.80, target 195.00'],
    [{ ...terms, bracket: { stopPx: '184.00', targetPx: null } },                        'Buy 53 AAPL at 187.50 or better, good for the day; stop 184.00'],
  ]
  for (const [given, words] of rows) assert.equal(termsInWords(given), words)
})

it('a problem shows every reason', () => {
  const lines = problemLines({
    type: 'about:blank',
    title: '',
    status: 422,
    code: 'GATE_REFUSED',
    detail: '',
    errors: [{ path: 'symbol', message: 'is required' }],
    refusals: [
      { code: 'TRADING_HALTED', transient: true, text: 'halted by ana', facts: {} },
      { code: 'NOTIONAL_EXCEEDS_MAX_PER_ORDER', transient: false, text: '12,000 over 10,000', facts: {} },
    ],
  })
  assert.deepEqual(lines, [
    'symbol: is required',
    'TRADING_HALTED: halted by ana (waiting may help)',
    'NOTIONAL_EXCEEDS_MAX_PER_ORDER: 12,000 over 10,000',
  ])
})

it('times are UTC and say so', () => assert.equal(when('2026-11-24T14:03:07.123456Z'), '2026-11-24 14:03:07 UTC'))
