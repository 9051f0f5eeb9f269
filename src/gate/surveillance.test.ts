import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dec } from '../values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../values/instant.ts'
import { type SeenOrder, type SeenTrade, surveil } from './surveillance.ts'

const OPEN = parseInstant('2026-11-24T14:30:00Z') as Instant
const CLOSE = parseInstant('2026-11-24T21:00:00Z') as Instant
const at = (ms: number, from: Instant = OPEN): Instant => plusMs(from, ms)
let n = 0
const order = (more: Partial<SeenOrder> = {}): SeenOrder => ({
  clOrdID: `jx${++n}`,
  strategyID: 'trend',
  symbol: 'AAPL',
  side: 'Buy',
  role: 'Entry',
  sentAt: OPEN,
  canceledAt: null,
  replaces: false,
  trades: [],
  ...more,
})
const trade = (when: Instant, qty = '10', px = '190'): SeenTrade => ({ at: when, qty: dec(qty), px: dec(px) })
const many = (count: number, more: Partial<SeenOrder> = {}): SeenOrder[] =>
  Array.from({ length: count }, () => order(more))
const kinds = (orders: readonly SeenOrder[], closes: Instant | null = CLOSE): string[] =>
  surveil(orders, closes).findings.map(({ kind, grade }) => `${kind} ${grade}`)

describe('order efficiency', () => {
  it('is messages for each fill and one', () => {
    const day = [...many(6, { canceledAt: at(1000) }), order({ replaces: true }), order({ trades: [trade(OPEN)] })]
    const { submitted, revised, canceled, fills, efficiency, cancelRatio } = surveil(day, CLOSE)
    assert.deepEqual([submitted, revised, canceled, fills, efficiency, cancelRatio], [7, 1, 6, 1, '7', '6'])
  })
  it('of exits is none: they are not ours to choose', () =>
    assert.equal(surveil(many(30, { role: 'Stop', canceledAt: at(1) }), CLOSE).efficiency, '0'))
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, messages: number, fills: number, found: string[]])[] = [
    ['of ten messages for each is none',      20, 1, []],
    ['of more than ten for each is a warning', 21, 1, ['ORDER_EFFICIENCY warn']],
    ['of twenty for each warns still',         40, 1, ['ORDER_EFFICIENCY warn']],
    ['of more than twenty for each stops',     41, 1, ['ORDER_EFFICIENCY stop']],
    ['of a handful says nothing',              19, 0, []],
  ]
  for (const [name, messages, fills, found] of rows)
    it(name, () =>
      assert.deepEqual(kinds([...many(messages - fills), ...many(fills, { trades: [trade(at(500_000))] })]), found),
    )
})

describe('layering', () => {
  const fill = order({ trades: [trade(at(60_000))] })
  const layer = (canceledMs: number, more: Partial<SeenOrder> = {}): SeenOrder =>
    order({ side: 'Sell', canceledAt: at(canceledMs), ...more })
  it('is three orders on one side that vanish after a fill on the other', () =>
    assert.deepEqual(kinds([fill, layer(61_000), layer(62_000), layer(120_000)]), ['LAYERING stop']))
  it('is not two', () => assert.deepEqual(kinds([fill, layer(61_000), layer(62_000)]), []))
  it('is not what was taken back before the fill, or long after', () =>
    assert.deepEqual(kinds([fill, layer(59_000), layer(62_000), layer(120_001)]), []))
  it('is not what traded, nor another symbol, nor the same side', () =>
    assert.deepEqual(
      kinds([
        fill,
        layer(61_000),
        layer(62_000),
        layer(61_000, { symbol: 'MSFT' }),
        layer(61_000, { side: 'Buy' }),
        layer(61_000, { trades: [trade(at(1), '1', '200')] }),
      ]),
      [],
    ))
})

describe('marking the close', () => {
  const late = (ms: number, qty: string): SeenOrder => order({ trades: [trade(at(-ms, CLOSE), qty)] })
  it('is most of the day in the last ten minutes, by more than one entry', () =>
    assert.deepEqual(kinds([late(3_600_000, '10'), late(60_000, '6'), late(30_000, '5')]), ['MARKING_THE_CLOSE look']))
  it('is not half of it', () =>
    assert.deepEqual(kinds([late(3_600_000, '10'), late(60_000, '5'), late(30_000, '5')]), []))
  it('is not one order', () => assert.deepEqual(kinds([late(30_000, '5')]), []))
  it('is not in a market that never closes', () =>
    assert.deepEqual(kinds([late(60_000, '6'), late(30_000, '5')], null), []))
})

describe('a cross of our own', () => {
  const both = (px: string, ms: number): SeenOrder[] => [
    order({ trades: [trade(OPEN)] }),
    order({ side: 'Sell', role: 'Stop', trades: [trade(at(ms), '10', px)] }),
  ]
  it('is both sides at one price within a second', () => assert.deepEqual(kinds(both('190', 1000)), ['OWN_CROSS warn']))
  it('is not at another price, or a moment later', () => {
    assert.deepEqual(kinds(both('190.01', 10)), [])
    assert.deepEqual(kinds(both('190', 1001)), [])
  })
})
