import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Instrument } from '../orders/instrument.ts'
import { tickAt } from '../orders/instrument.ts'
import type { Side } from '../orders/terms.ts'
import { dec, gte, isMultipleOf, lte, px, text, times, type Px } from '../values/decimal.ts'
import { AAPL, PROPOSAL } from './example.ts'
import { roundPrices } from './prices.ts'
import { beyond } from './signal.ts'

const bands = (...table: readonly (readonly [from: string, tick: string])[]): Instrument => ({
  ...AAPL,
  ticks: table.map(([from, tick]) => ({ from: px(from), tick: px(tick) })),
})
const PENNY = AAPL
const NICKEL = bands(['0', '0.05'])
const YEN = bands(['0', '0.1'], ['1000', '0.5'], ['3000', '1'], ['5000', '5'])
const CROOKED = bands(['0', '0.0001'], ['1.005', '0.01']) // a band that does not begin on its tick

type Row = readonly [
  name: string,
  instrument: Instrument,
  side: Side,
  asked: readonly [entry: string, stop: string, target: string | null],
  sent: readonly [entry: string, stop: string, target: string | null] | string,
]
const ROWS: readonly Row[] = [
  ['on tick, nothing changes', PENNY, 'Buy', ['187.50', '185.00', '192.50'], ['187.50', '185.00', '192.50']],
  [
    'buy: entry and stop down, target up',
    PENNY,
    'Buy',
    ['187.509', '185.009', '192.501'],
    ['187.50', '185.00', '192.51'],
  ],
  [
    'sell: entry and stop up, target down',
    PENNY,
    'Sell',
    ['187.501', '190.001', '182.509'],
    ['187.51', '190.01', '182.50'],
  ],
  [
    'each price has the tick of its own band',
    PENNY,
    'Buy',
    ['1.0049', '0.99995', '1.0101'],
    ['1.00', '0.9999', '1.02'],
  ],
  [
    'a price below a dollar keeps four places',
    PENNY,
    'Buy',
    ['0.51239', '0.49991', '0.55551'],
    ['0.5123', '0.4999', '0.5556'],
  ],
  ['rounding up into the band of cents', PENNY, 'Sell', ['0.99991', '0.99999', null], 'STOP_TOO_CLOSE'],
  [
    'rounding up into the band of cents, far enough',
    PENNY,
    'Sell',
    ['0.98', '0.99995', null],
    ['0.9800', '1.00', null],
  ],
  ['a target that lands in the band of cents', PENNY, 'Buy', ['0.98', '0.97', '0.99995'], ['0.9800', '0.9700', '1.00']],
  ['steps of half a yen and of a yen', YEN, 'Buy', ['2999.9', '999.99', '3000.2'], ['2999.5', '999.9', '3001']],
  ['steps that are no power of ten', NICKEL, 'Sell', ['10.01', '10.06', '9.99'], ['10.05', '10.10', '9.95']],
  ['exactly one tick apart', PENNY, 'Buy', ['187.509', '187.499', null], ['187.50', '187.49', null]],
  ['a hair less than one tick apart', PENNY, 'Buy', ['187.509', '187.4991', null], 'STOP_TOO_CLOSE'],
  ['both in one tick', PENNY, 'Buy', ['187.509', '187.501', null], 'STOP_TOO_CLOSE'],
  ['both in one tick, selling', PENNY, 'Sell', ['187.501', '187.509', null], 'STOP_TOO_CLOSE'],
  [
    'a tick table that would carry the entry past its stop',
    CROOKED,
    'Buy',
    ['1.009', '1.0045', null],
    'STOP_TOO_CLOSE',
  ],
  ['a coarse tick swallows a whole idea', bands(['0', '10']), 'Buy', ['187.50', '185.00', '192.50'], 'STOP_TOO_CLOSE'],
  ['the stop rounds to nothing', PENNY, 'Buy', ['187.50', '0.00001', null], 'PRICE_BELOW_TICK'],
  ['no band reaches down to the stop', bands(['186', '0.01']), 'Buy', ['187.50', '185.00', '192.50'], 'TICK_MISSING'],
]

const proposal = (side: Side, ordType: 'Limit' | 'Market', [entry, stop, target]: Row[3]) => ({
  ...PROPOSAL,
  side,
  ordType,
  entryPx: px(entry),
  stopPx: px(stop),
  targetPx: target === null ? null : px(target),
})

describe('prices on their ticks', () => {
  for (const [name, instrument, side, asked, sent] of ROWS)
    it(name, () => {
      const got = roundPrices(side, proposal(side, 'Limit', asked), instrument)
      if (typeof sent === 'string') assert.deepEqual(got.ok ? [] : got.error.map(({ code }) => code), [sent])
      else assert.deepEqual(got.ok && [got.value.entryPx, got.value.stopPx, got.value.targetPx], sent)
    })

  it('the entry of a market order is not sent, and stays as it was asked', () => {
    const got = roundPrices('Buy', proposal('Buy', 'Market', ['187.509', '185.009', '192.501']), PENNY)
    assert.deepEqual(got.ok && got.value, { entryPx: '187.509', stopPx: '185.00', targetPx: '192.51' })
  })

  // biome-ignore format: a table reads in columns
  const limits: readonly (readonly [name: string, side: Side, stop: string, bps: number, limit: string])[] = [
    ['below the stop of a purchase',  'Buy',  '185.00', 500, '175.75'],
    ['above the stop of a sale',      'Sell', '190.00', 500, '199.50'],
    ['down to the tick',              'Buy',  '185.03', 500, '175.77'],
    ['up to the tick',                'Sell', '190.03', 500, '199.54'],
    ['from the stop that is sent',    'Buy',  '185.039', 500, '175.77'],
    ['in the band where it lands',    'Buy',  '1.01',   500, '0.9595'],
    ['at the stop itself',            'Buy',  '185.00', 0,   '185.00'],
    ['a single basis point',          'Buy',  '185.00', 1,   '184.98'],
  ]
  for (const [name, side, stop, bps, limit] of limits)
    it(`the limit of a stop lies beyond it: ${name}`, () => {
      const got = roundPrices(side, proposal(side, 'Limit', ['187.50', stop, null]), PENNY, bps)
      assert.equal(got.ok && got.value.stopLimitPx, limit)
    })
  it('a limit that rounds to nothing is refused', () => {
    const got = roundPrices('Buy', proposal('Buy', 'Limit', ['0.0003', '0.0001', null]), PENNY, 500)
    assert.deepEqual(got.ok ? [] : got.error, [
      { code: 'PRICE_BELOW_TICK', field: 'stopLimitPx', price: '0.00009500', tick: '0.0001' },
    ])
  })

  it('every fault is named at once', () => {
    const got = roundPrices('Buy', proposal('Buy', 'Limit', ['3', '2', '9']), bands(['5', '0.01']))
    assert.deepEqual(got.ok ? [] : got.error.map((refusal) => [refusal.code, 'field' in refusal && refusal.field]), [
      ['TICK_MISSING', 'entryPx'],
      ['TICK_MISSING', 'stopPx'],
    ])
  })

  it('whatever the table: on tick, on their own sides, and never worse than asked', () => {
    const tick = fc.constantFrom('0.0001', '0.001', '0.005', '0.01', '0.05', '0.25', '1', '5')
    const table = fc
      .tuple(
        tick,
        fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 400 }), tick), { maxLength: 3, selector: ([from]) => from }),
      )
      .map(([first, more]) =>
        bands(['0', first], ...more.sort((a, b) => a[0] - b[0]).map(([from, size]) => [`${from}`, size] as const)),
      )
    const cents = fc.integer({ min: 1, max: 5_000_000 }).map((n) => times(dec(String(n)), dec('0.0001')) as Px)
    fc.assert(
      fc.property(
        table,
        fc.constantFrom<Side>('Buy', 'Sell'),
        fc.uniqueArray(cents, { minLength: 3, maxLength: 3, selector: text }),
        (instrument, side, three) => {
          const sorted = three.toSorted((a, b) => (gte(a, b) ? 1 : -1))
          const [stopPx, entryPx, targetPx] = (side === 'Buy' ? sorted : sorted.toReversed()) as [Px, Px, Px]
          const got = roundPrices(side, { ...PROPOSAL, side, entryPx, stopPx, targetPx }, instrument)
          if (!got.ok) return got.error.length > 0
          const sent = got.value
          for (const one of [sent.entryPx, sent.stopPx, sent.targetPx as Px])
            assert.ok(isMultipleOf(one, tickAt(instrument, one) as Px), `${text(one)} off tick`)
          assert.ok(beyond(side, sent.entryPx, sent.stopPx) && beyond(side, sent.targetPx as Px, sent.entryPx))
          assert.ok(side === 'Buy' ? lte(sent.entryPx, entryPx) : gte(sent.entryPx, entryPx), 'entry worse than asked')
          assert.ok(
            side === 'Buy' ? gte(sent.targetPx as Px, targetPx) : lte(sent.targetPx as Px, targetPx),
            'target worse than asked',
          )
          assert.ok(side === 'Buy' ? lte(sent.stopPx, stopPx) : gte(sent.stopPx, stopPx), 'stop sooner than asked')
          return true
        },
      ),
      { numRuns: 500 },
    )
  })
})
