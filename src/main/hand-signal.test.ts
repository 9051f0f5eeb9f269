import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Quote } from '../api/wire.ts'
import { handSignal } from './hand-signal.ts'

const quote: Quote = {
  symbol: 'AAPL',
  bid: '187.40',
  ask: '187.50',
  last: '187.45',
  mid: '187.45',
  at: '2026-01-05T15:00:00Z',
  sessionOpen: true,
}
const asked = { symbol: 'aapl', side: 'buy', strategy: 'cli', confidence: '0.5', reasoning: 'why', validFor: 60 }
const now = new Date('2026-01-05T15:00:00Z')
const prices = (s: Record<string, string | null>) => [s['entry_price'], s['stop_loss'], s['take_profit']]

const rows: [name: string, typed: object, expected: (string | null)[]][] = [
  ['nothing typed, buy: at the ask', {}, ['187.50', '185.62', '191.25']],
  ['nothing typed, sell: at the bid, the other way round', { side: 'SELL' }, ['187.40', '189.27', '183.65']],
  ['an entry typed: the others follow it', { entry: '180' }, ['180', '178.20', '183.60']],
  ['a stop typed: no target is made up', { stop: '184.00' }, ['187.50', '184.00', null]],
  [
    'everything typed stays as it was typed',
    { entry: '187.5', stop: '184.0', target: '195' },
    ['187.5', '184.0', '195'],
  ],
]
for (const [name, typed, expected] of rows)
  it(name, () => assert.deepEqual(prices(handSignal({ ...asked, ...typed }, quote, 'new', now)), expected))

it('keeps the digits of the quote', () => {
  const euro = { ...quote, symbol: 'EUR/USD', bid: '1.08510', ask: '1.08512' }
  assert.deepEqual(prices(handSignal({ ...asked, symbol: 'EUR/USD' }, euro, 'new', now)), [
    '1.08512',
    '1.07427',
    '1.10682',
  ])
})
