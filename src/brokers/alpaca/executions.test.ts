import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { OrderID } from '../../values/brand.ts'
import { type Decimal, plus, px, qty, shortest, text, ZERO } from '../../values/decimal.ts'
import { fromMs } from '../../values/instant.ts'
import { parseJson } from '../../values/json.ts'
import { amendmentReport, historyOf, reportsOf, tradeReport } from './executions.ts'
import { type Fill, parseOrder, type TradeEvent } from './parse.ts'

const O = 'o' as OrderID

type Step = { readonly qty: string; readonly cum: string; readonly px?: string }
const fill = ({ qty: size, cum, px: price = '10' }: Step, i: number): Fill => ({
  activityID: `a${i}`,
  orderID: O,
  symbol: 'KO',
  lastQty: qty(size),
  lastPx: px(price),
  cumQty: qty(cum),
  at: fromMs(1000 + i),
})
const told = (step: Step & { readonly kind?: TradeEvent['kind']; readonly of?: string }, i: number): TradeEvent => ({
  eventID: `v${i}`,
  executionID: `x${i}`,
  previousID: step.of ?? null,
  kind: step.kind ?? 'fill',
  orderID: O,
  symbol: 'KO',
  lastQty: qty(step.qty),
  lastPx: px(step.px ?? '10'),
  cumQty: qty(step.cum),
  at: fromMs(1000 + i),
})
const names = (h: ReturnType<typeof historyOf>): string[] => h.trades.map((t) => t.execID)

describe('the executions of an order have the same names', () => {
  const steps: Step[] = [
    { qty: '4', cum: '4' },
    { qty: '6.50', cum: '10.50' },
  ]
  const expected = ['o:4', 'o:10.5']

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, fills: Fill[], events: TradeEvent[], names: string[]])[] = [
    ['from the list of fills',          steps.map(fill), [],                                  expected],
    ['from the events',                 [],              steps.map(told),                     expected],
    ['from both',                       steps.map(fill), steps.map(told),                     expected],
    ['while the events lag behind',     steps.map(fill), steps.slice(0, 1).map(told),         expected],
    ['while the list lags behind',      steps.slice(0, 1).map(fill), steps.map(told),         expected],
    ['when nothing has happened',       [],              [],                                  []],
  ]
  for (const [what, fills, events, is] of rows) it(what, () => assert.deepEqual(names(historyOf(O, fills, events)), is))

  it('whichever mix of prefixes of either list is there', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }), fc.nat(8), fc.nat(8), (sizes, a, b) => {
        let sum: Decimal = ZERO
        const all = sizes.map((n) => {
          sum = plus(sum, qty(String(n)))
          return { qty: String(n), cum: shortest(sum) }
        })
        const h = historyOf(O, all.slice(0, a).map(fill), all.slice(0, b).map(told))
        assert.deepEqual(
          names(h),
          all.slice(0, Math.max(a, b)).map((s) => `o:${s.cum}`),
        )
      }),
    )
  })
})

describe('what was taken back', () => {
  // 10 bought, all of it busted, 10 bought again: the order passes the same quantity twice.
  const steps = [
    { qty: '10', cum: '10' },
    { qty: '10', cum: '0', kind: 'trade_bust', of: 'x0' },
    { qty: '10', cum: '10' },
  ] as const
  const events = steps.map(told)

  it('leaves its trade, and the next one of the same quantity has another name', () => {
    const h = historyOf(O, [], events)
    assert.deepEqual(names(h), ['o:10', 'o:10:2'])
    assert.deepEqual(
      h.amendments.map((a) => [a.execID, a.refExecID, a.to]),
      [['o:10:bust', 'o:10', null]],
    )
    assert.equal(text(h.cumQty), '10')
  })
  it('is the same when the list of fills keeps both, shows one, or shows other figures', () => {
    const all = [fill({ qty: '10', cum: '10' }, 0), fill({ qty: '10', cum: '10' }, 2)]
    for (const fills of [all, all.slice(0, 1), all.slice(1), [fill({ qty: '8', cum: '8' }, 0)], []])
      assert.deepEqual(historyOf(O, fills, events), { ...historyOf(O, [], events) })
  })
  it('hides no trade that came after it, and that only the list of fills tells', () => {
    const fills = [fill({ qty: '10', cum: '10' }, 0), fill({ qty: '10', cum: '10' }, 5_000)]
    const h = historyOf(O, fills, events.slice(0, 2))
    assert.deepEqual([names(h), text(h.cumQty)], [['o:10', 'o:10:2'], '10'])
  })
  it('is found by size and price when the events do not reach back to the trade', () => {
    const h = historyOf(
      O,
      [fill({ qty: '4', cum: '4' }, 0), fill({ qty: '6', cum: '10' }, 1)],
      [told({ qty: '6', cum: '4', kind: 'trade_bust', of: 'x-old' }, 5)],
    )
    assert.deepEqual(
      h.amendments.map((a) => a.refExecID),
      ['o:10'],
    )
    assert.equal(text(h.cumQty), '4')
    assert.deepEqual(h.odd, [])
  })
  it('is odd when it could be any of several', () => {
    const h = historyOf(
      O,
      [fill({ qty: '5', cum: '5' }, 0), fill({ qty: '5', cum: '10' }, 1)],
      [told({ qty: '5', cum: '5', kind: 'trade_bust', of: 'x-old' }, 5)],
    )
    assert.deepEqual([h.amendments, h.odd.length], [[], 1])
  })
  it('and corrected, and corrected again, is about the same trade', () => {
    const h = historyOf(
      O,
      [],
      [
        told({ qty: '10', cum: '10' }, 0),
        told({ qty: '8', cum: '8', kind: 'trade_correct', of: 'x0', px: '9' }, 1),
        told({ qty: '7', cum: '7', kind: 'trade_correct', of: 'x1', px: '9' }, 2),
      ],
    )
    assert.deepEqual(
      h.amendments.map((a) => [a.execID, a.refExecID]),
      [
        ['o:10:correct:x1', 'o:10'],
        ['o:10:correct:x2', 'o:10'],
      ],
    )
    assert.equal(text(h.cumQty), '7')
  })
})

describe('an order in the place of another', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, inherited: string | null, fills: Step[], carried: string, cumQty: string])[] = [
    ['replaces none',                          null, [{ qty: '4', cum: '4' }],                       '0', '4'],
    ['begins at nothing',                      '0',  [{ qty: '5', cum: '5' }],                       '0', '5'],
    ['goes on from the other',                 '0',  [{ qty: '5', cum: '9' }],                       '4', '9'],
    ['has only what the other filled',         '4',  [],                                             '4', '4'],
    ['goes on from the other, twice',          '4',  [{ qty: '2', cum: '6' }, { qty: '3', cum: '9' }], '4', '9'],
  ]
  for (const [what, inherited, fills, carried, cumQty] of rows)
    it(what, () => {
      const h = historyOf(O, fills.map(fill), [], inherited === null ? null : qty(inherited))
      assert.deepEqual([shortest(h.carried), shortest(h.cumQty)], [carried, cumQty])
    })
})

describe('reports', () => {
  const order = (over: object) => {
    const parsed = parseJson(
      JSON.stringify({
        id: 'o',
        client_order_id: 'jx',
        created_at: '2026-11-20T14:00:00Z',
        updated_at: '2026-11-20T15:00:00Z',
        symbol: 'KO',
        asset_class: 'us_equity',
        qty: '10',
        filled_qty: '0',
        type: 'market',
        side: 'buy',
        time_in_force: 'day',
        status: 'new',
        legs: null,
        ...over,
      }),
    )
    assert.ok(parsed.ok)
    return parseOrder(parsed.value)
  }
  const nothing = historyOf(O, [], [])

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [status: string, over: object, reports: string[]])[] = [
    ['new',             {},                                             ['New o:new']],
    ['accepted',        {},                                             ['New o:new']],
    ['pending_new',     {},                                             ['New o:new']],
    ['held',            {},                                             ['New o:new']],
    ['in_orbit',        {},                                             ['New o:new']],
    ['done_for_day',    {},                                             ['New o:new']],
    ['filled',          {},                                             ['New o:new']],
    ['canceled',        { canceled_at: '2026-11-20T14:30:00Z' },        ['New o:new', 'Canceled o:canceled']],
    ['expired',         { expired_at: '2026-11-20T14:30:00Z' },         ['New o:new', 'Expired o:expired']],
    ['replaced',        { replaced_at: '2026-11-20T14:30:00Z' },        ['New o:new', 'Replaced o:replaced']],
    ['rejected',        { failed_at: '2026-11-20T14:30:00Z' },          ['Rejected o:rejected']],
  ]
  for (const [status, over, is] of rows)
    it(`of an order that is ${status}`, () => {
      const reports = reportsOf(order({ status, ...over }), nothing)
      assert.deepEqual(
        reports.map((r) => `${r.execType} ${r.execID}`),
        is,
      )
      assert.ok(reports.every((r) => r.clOrdID === 'jx' && r.orderID === 'o'))
    })

  it('of coins bought tell what was kept of them, rounded up to the ninth place', () => {
    const trade = historyOf(O, [fill({ qty: '0.000000001', cum: '0.000000001' }, 0)], []).trades[0] ?? assert.fail()
    const s = { orderID: O, clOrdID: null, side: 'Buy', assetClass: 'crypto' } as const
    assert.equal(tradeReport(s, trade).feeQty && text(tradeReport(s, trade).feeQty ?? ZERO), '0.000000001')
    assert.equal(tradeReport({ ...s, side: 'Sell' }, trade).feeQty, undefined)
    assert.equal(tradeReport({ ...s, assetClass: 'us_equity' }, trade).feeQty, undefined)
    const correction = amendmentReport(s, {
      execID: trade.execID,
      refExecID: trade.execID,
      to: { lastQty: qty('2'), lastPx: px('1') },
      at: trade.at,
    })
    assert.equal(correction.execType === 'TradeCorrect' && correction.feeQty && text(correction.feeQty), '0.005000000')
  })
})
