import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ClOrdID, ExecID } from '../values/brand.ts'
import {
  type Decimal,
  eq,
  gte,
  isZero,
  min,
  minus,
  over,
  plus,
  type Qty,
  qty,
  shortest,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { DELIVERY, type Delivery } from './delivery.ts'
import { bust, correct, fold, type Folded, NOW, SENT, status, TERMS, trade } from './example.ts'
import {
  applyReport,
  avgPx,
  freshOrder,
  isOpen,
  isOpenPhase,
  leavesQty,
  type Order,
  ordStatus,
  PHASE,
  type Phase,
  type Said,
} from './machine.ts'
import { positionOf } from './position.ts'
import type { Execution, Report } from './report.ts'

const [NEW, CANCELED, REPLACED] = [status('New'), status('Canceled'), status('Replaced')]
const [REJECTED, EXPIRED] = [status('Rejected'), status('Expired')]

type Row = readonly [
  name: string,
  reports: readonly Report[],
  status: string,
  cumQty: string,
  avgPx: string | null,
  called?: string,
]

/** Folds the reports into 100 AAPL and compares what is seen then, with every alarm and fault on the way. */
function check([name, reports, expectedStatus, cumQty, price, called = '']: Row): void {
  it(name, () => {
    const { order, alarms, faults } = fold(SENT, reports)
    const seen = [ordStatus(order), shortest(order.cumQty), show(avgPx(order))]
    assert.deepEqual(seen, [expectedStatus, cumQty, price])
    assert.equal([...alarms, ...faults.map((f) => `${f.phase} cannot take ${f.said}`)].join(), called)
  })
}
const show = (d: Decimal | null): string | null => (d === null ? null : text(d))

describe('what the broker says, in the order it happened', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['nothing yet',                         [],                                                  'PendingNew',      '0',   null],
    ['acknowledged',                        [NEW],                                               'New',             '0',   null],
    ['filled at once',                      [NEW, trade('T1', '100')],                           'Filled',          '100', '190.00000000'],
    ['filled in parts',                     [NEW, trade('T1', '60', '189.99'), trade('T2', '40', '190.01')], 'Filled', '100', '189.99800000'],
    ['filled in part',                      [NEW, trade('T1', '30')],                            'PartiallyFilled', '30',  '190.00000000'],
    ['a price of endless digits',           [NEW, trade('T1', '1', '1'), trade('T2', '2', '2')], 'PartiallyFilled', '3',   '1.66666667'],
    ['half a digit goes to the even one',   [NEW, trade('T1', '1', '0.00000001'), trade('T2', '1', '0')], 'PartiallyFilled', '2', '0.00000000'],
    ['canceled',                            [NEW, CANCELED],                                     'Canceled',        '0',   null],
    ['canceled after a part',               [NEW, trade('T1', '30'), CANCELED],                  'Canceled',        '30',  '190.00000000'],
    ['rejected',                            [REJECTED],                                          'Rejected',        '0',   null],
    ['acknowledged, then rejected',         [NEW, REJECTED],                                     'Rejected',        '0',   null],
    ['expired at the close',                [NEW, trade('T1', '30'), EXPIRED],                   'Expired',         '30',  '190.00000000'],
    ['replaced after a part',               [NEW, trade('T1', '30'), REPLACED],                  'Replaced',        '30',  '190.00000000'],
    ['ended before anyone acknowledged it', [CANCELED],                                          'Canceled',        '0',   null],
  ]
  rows.forEach(check)
})

describe('what comes twice', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['an acknowledgement',            [NEW, NEW],                                                'New',             '0',   null],
    ['a fill',                        [NEW, trade('T1', '30'), trade('T1', '30')],               'PartiallyFilled', '30',  '190.00000000'],
    ['the last fill',                 [NEW, trade('T1', '100'), trade('T1', '100')],             'Filled',          '100', '190.00000000'],
    ['a fill with other words: the first is believed', [NEW, trade('T1', '30'), trade('T1', '99', '1')], 'PartiallyFilled', '30', '190.00000000'],
    ['a fill of a busted trade',      [NEW, trade('T1', '30'), bust('T1'), trade('T1', '30')],   'New',             '0',   null],
    ['a bust',                        [NEW, trade('T1', '30'), trade('T2', '20'), bust('T1'), bust('T1')], 'PartiallyFilled', '20', '190.00000000'],
    ['a bust under another ExecID',   [NEW, trade('T1', '30'), bust('T1', 'B1'), bust('T1', 'B2')], 'New',          '0',   null],
    ['a correction',                  [NEW, trade('T1', '30'), correct('T1', '20'), correct('T1', '20')], 'PartiallyFilled', '20', '190.00000000'],
    ['a cancellation',                [NEW, CANCELED, CANCELED],                                 'Canceled',        '0',   null],
    ['a rejection',                   [REJECTED, REJECTED],                                      'Rejected',        '0',   null],
    ['an expiry',                     [NEW, EXPIRED, EXPIRED],                                   'Expired',         '0',   null],
    ['everything',                    [NEW, trade('T1', '60'), trade('T2', '40'), NEW, trade('T1', '60'), trade('T2', '40')], 'Filled', '100', '190.00000000'],
  ]
  rows.forEach(check)
})

describe('what overtakes', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['a fill before the acknowledgement',      [trade('T1', '30'), NEW],                         'PartiallyFilled', '30',  '190.00000000'],
    ['the last fill before it',                [trade('T1', '100'), NEW],                        'Filled',          '100', '190.00000000'],
    ['the end before it',                      [CANCELED, NEW],                                  'Canceled',        '0',   null],
    ['a rejection before it',                  [REJECTED, NEW],                                  'Rejected',        '0',   null],
    ['a fill after the cancel',                [NEW, CANCELED, trade('T1', '30')],               'Canceled',        '30',  '190.00000000'],
    ['the last fill after the cancel',         [NEW, trade('T1', '60'), CANCELED, trade('T2', '40')], 'Filled',     '100', '190.00000000'],
    ['the cancel after the last fill',         [NEW, trade('T1', '100'), CANCELED],              'Filled',          '100', '190.00000000'],
    ['a fill after the close',                 [NEW, EXPIRED, trade('T1', '30')],                'Expired',         '30',  '190.00000000'],
    ['the last fill after the close',          [NEW, EXPIRED, trade('T1', '100')],               'Filled',          '100', '190.00000000'],
    ['the close after the last fill',          [NEW, trade('T1', '100'), EXPIRED],               'Filled',          '100', '190.00000000'],
    ['a fill after the replacement',           [NEW, REPLACED, trade('T1', '30')],               'Replaced',        '30',  '190.00000000'],
    ['a replacement that the last fill overtook', [NEW, trade('T1', '100'), REPLACED],            'Filled',          '100', '190.00000000'],
    ['that fill busted',                       [NEW, trade('T1', '100'), REPLACED, bust('T1')],  'Replaced',        '0',   null],
    ['the last fill after the cancel, busted', [NEW, CANCELED, trade('T1', '100'), bust('T1')],  'Canceled',        '0',   null],
    ['the cancel after a fill that is busted', [NEW, trade('T1', '100'), CANCELED, bust('T1')],  'Canceled',        '0',   null],
    ['the last fill after the close, corrected down', [NEW, EXPIRED, trade('T1', '100'), correct('T1', '90')], 'Expired', '90', '190.00000000'],
    ['a fill after that end',                  [NEW, CANCELED, trade('T1', '100'), bust('T1'), trade('T2', '5')], 'Canceled', '5', '190.00000000'],
  ]
  rows.forEach(check)
})

describe('busts and corrections', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['a bust',                               [NEW, trade('T1', '30'), trade('T2', '20', '191'), bust('T1')], 'PartiallyFilled', '20', '191.00000000'],
    ['a bust of all there was',              [NEW, trade('T1', '30'), bust('T1')],               'New',             '0',   null],
    ['a bust opens a filled order again',    [NEW, trade('T1', '60'), trade('T2', '40'), bust('T2')], 'PartiallyFilled', '60', '190.00000000'],
    ['and it can fill again',                [NEW, trade('T1', '100'), bust('T1'), trade('T2', '100', '191')], 'Filled', '100', '191.00000000'],
    ['a bust does not open a canceled one',  [NEW, trade('T1', '30'), CANCELED, bust('T1')],     'Canceled',        '0',   null],
    ['a bust before its trade',              [NEW, bust('T1'), trade('T1', '100')],              'New',             '0',   null],
    ['a bust before its trade and anything else', [bust('T1'), trade('T1', '100')],              'New',             '0',   null],
    ['a bust before its trade, after the end', [NEW, CANCELED, bust('T1'), trade('T1', '100')],  'Canceled',        '0',   null],
    ['a bust of a trade that never comes',   [NEW, bust('T9'), trade('T1', '30')],               'PartiallyFilled', '30',  '190.00000000'],
    ['a correction of the price',            [NEW, trade('T1', '30'), correct('T1', '30', '189')], 'PartiallyFilled', '30', '189.00000000'],
    ['a correction of the size, up',         [NEW, trade('T1', '30'), correct('T1', '100')],     'Filled',          '100', '190.00000000'],
    ['a correction of the size, down',       [NEW, trade('T1', '100'), correct('T1', '90')],     'PartiallyFilled', '90',  '190.00000000'],
    ['a correction before its trade',        [NEW, correct('T1', '20', '189'), trade('T1', '30')], 'PartiallyFilled', '20', '189.00000000'],
    ['two corrections',                      [NEW, trade('T1', '30'), correct('T1', '20', '190', 'C5'), correct('T1', '25', '190', 'C6')], 'PartiallyFilled', '25', '190.00000000'],
    ['two corrections, the later first',     [NEW, trade('T1', '30'), correct('T1', '25', '190', 'C6'), correct('T1', '20', '190', 'C5')], 'PartiallyFilled', '25', '190.00000000'],
    ['two corrections before their trade',   [NEW, correct('T1', '25', '190', 'C6'), correct('T1', '20', '190', 'C5'), trade('T1', '30')], 'PartiallyFilled', '25', '190.00000000'],
    ['a correction after the bust',          [NEW, trade('T1', '30'), bust('T1'), correct('T1', '20')], 'New',      '0',   null],
    ['a correction after the bust, both before the trade', [NEW, bust('T1'), correct('T1', '20'), trade('T1', '30')], 'New', '0', null],
    ['a bust after the correction',          [NEW, trade('T1', '30'), correct('T1', '20'), bust('T1')], 'New',      '0',   null],
    ['a bust after the correction, both before the trade', [NEW, correct('T1', '20'), bust('T1'), trade('T1', '30')], 'New', '0', null],
    ['a correction to nothing',              [NEW, trade('T1', '30'), correct('T1', '0')],       'New',             '0',   null],
  ]
  rows.forEach(check)
})

describe('what a person must look at', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['more than was ordered',                [NEW, trade('T1', '100'), trade('T2', '1')],        'Filled',          '101', '190.00000000', 'OVERFILL'],
    ['more than was ordered, at once',       [NEW, trade('T1', '101')],                          'Filled',          '101', '190.00000000', 'OVERFILL'],
    ['more than was ordered, by correction', [NEW, trade('T1', '30'), correct('T1', '130')],     'Filled',          '130', '190.00000000', 'OVERFILL'],
    ['more than was ordered, undone',        [NEW, trade('T1', '100'), trade('T2', '1'), bust('T2')], 'Filled',     '100', '190.00000000', 'OVERFILL'],
    ['more than was ordered, after the end', [NEW, CANCELED, trade('T1', '100'), trade('T2', '1')], 'Filled',       '101', '190.00000000', 'OVERFILL'],
    ['a fill after a rejection',             [REJECTED, trade('T1', '30')],                      'PartiallyFilled', '30',  '190.00000000', 'FILL_AFTER_REJECT'],
    ['all of it after a rejection',          [REJECTED, trade('T1', '100')],                     'Filled',          '100', '190.00000000', 'FILL_AFTER_REJECT'],
    ['too much after a rejection',           [REJECTED, trade('T1', '101')],                     'Filled',          '101', '190.00000000', 'OVERFILL'],
    ['a busted fill after a rejection is none', [REJECTED, bust('T1'), trade('T1', '30')],       'Rejected',        '0',   null],
    ['a rejection after a fill',             [NEW, trade('T1', '30'), REJECTED],                 'PartiallyFilled', '30',  '190.00000000', 'PartiallyFilled cannot take Rejected'],
    ['a rejection after the last fill',      [NEW, trade('T1', '100'), REJECTED],                'Filled',          '100', '190.00000000', 'Filled cannot take Rejected'],
    ['a rejection after a cancellation',     [NEW, CANCELED, REJECTED],                          'Canceled',        '0',   null,           'Canceled cannot take Rejected'],
    ['a cancellation after a rejection',     [REJECTED, CANCELED],                               'Rejected',        '0',   null,           'Rejected cannot take Canceled'],
    ['an expiry after a rejection',          [REJECTED, EXPIRED],                                'Rejected',        '0',   null,           'Rejected cannot take Expired'],
    ['two ends',                             [NEW, CANCELED, EXPIRED, NEW],                      'Canceled',        '0',   null,           'Canceled cannot take Expired'],
    ['replaced after its end',               [NEW, CANCELED, REPLACED],                          'Canceled',        '0',   null,           'Canceled cannot take Replaced'],
    ['an end after it was replaced',         [NEW, REPLACED, EXPIRED],                           'Replaced',        '0',   null,           'Replaced cannot take Expired'],
    ['two ends, the other way',              [NEW, EXPIRED, CANCELED],                           'Expired',         '0',   null,           'Expired cannot take Canceled'],
  ]
  rows.forEach(check)

  it('one ExecID for the trades of two orders: no fill is lost as a repeat, none is busted for another', () => {
    const { trades } = fold(SENT, [NEW, trade('T1', '30')])
    const other = { ...SENT, clOrdID: 'jx2' as ClOrdID }
    const prior = trades.get('T1' as ExecID) ?? null
    const fault = { code: 'UNEXPECTED_REPORT', phase: 'PendingNew' } as const
    assert.deepEqual(applyReport(other, trade('T1', '30'), prior, NOW), {
      ok: false,
      error: { ...fault, said: 'PartialFill' },
    })
    assert.deepEqual(applyReport(other, bust('T1'), prior, NOW), { ok: false, error: { ...fault, said: 'Unfill' } })
    assert.deepEqual(applyReport(other, correct('T1', '1'), prior, NOW), {
      ok: false,
      error: { ...fault, said: 'Unfill' },
    })
  })
})

describe('what else a report changes', () => {
  const later = plusMs(NOW, 5000)
  const applied = (order: Order, report: Report): Order => {
    const result = applyReport(order, report, null, later)
    assert.ok(result.ok)
    return result.value.order
  }
  const asking: Order = { ...SENT, phase: 'New', asked: 'Cancel' }

  it('a trade is kept whole', () => {
    const { execID, lastQty, lastPx, settlCurrFxRate, commission, transactTime } = trade('T1', '30', '189.50')
    assert.deepEqual(fold(SENT, [trade('T1', '30', '189.50')]).trades.get(execID), {
      execID,
      clOrdID: SENT.clOrdID,
      symbol: 'AAPL',
      side: 'Buy',
      lastQty,
      lastPx,
      settlCurrFxRate,
      commission,
      transactTime,
      live: true,
    } satisfies Execution)
  })
  it('a busted trade stays, and says so', () => {
    const { trades } = fold(SENT, [trade('T1', '30'), bust('T1')])
    assert.deepEqual(
      [...trades.values()].map((t) => [t.execID, text(t.lastQty), t.live]),
      [['T1', '30', false]],
    )
  })
  it('a corrected trade says by what', () => {
    const { trades } = fold(SENT, [trade('T1', '30'), correct('T1', '20', '189', 'C5')])
    const [only] = trades.values()
    assert.deepEqual(only?.corrected, { execID: 'C5', transactTime: plusMs(NOW, 5000) })
  })
  it('corrections of one moment hold by name', () => {
    const at = { transactTime: NOW }
    const [first, second] = [correct('T1', '20', '190', 'X.01'), correct('T1', '25', '190', 'X.02')]
    for (const reports of [
      [
        { ...first, ...at },
        { ...second, ...at },
      ],
      [
        { ...second, ...at },
        { ...first, ...at },
      ],
    ])
      assert.equal(text(fold(SENT, [trade('T1', '30'), ...reports]).order.cumQty), '25')
  })
  it("the broker's words are kept verbatim, and silence keeps the last ones", () => {
    const rejected = applied(SENT, status('Rejected', ' insufficient buying power <b>'))
    assert.equal(rejected.text, ' insufficient buying power <b>')
    assert.equal(applied(rejected, status('New')).text, ' insufficient buying power <b>')
  })
  it('the end answers our request to cancel, a part fill does not', () => {
    assert.equal(ordStatus(asking), 'PendingCancel')
    assert.equal(applied(asking, trade('T1', '30')).asked, 'Cancel')
    for (const end of [CANCELED, EXPIRED, REJECTED, trade('T1', '100')])
      assert.equal(applied(asking, end).asked, 'Nothing')
  })
  it('the time is that of the news', () => {
    assert.equal(applied(SENT, NEW).updatedAt, later)
    assert.equal(applied(SENT, trade('T1', '1')).updatedAt, later)
    assert.equal(applied(SENT, bust('T1')).updatedAt, later)
  })
  it('a repeat is no news: the very same order comes back', () => {
    const order = applied(SENT, NEW)
    assert.equal(applied(order, NEW), order)
    const waiting = applied(order, bust('T1'))
    assert.equal(applied(waiting, bust('T1')), waiting)
    assert.equal(applied(waiting, correct('T1', '5')), waiting)
  })
  it('what waited for its trade waits no longer when it has come', () => {
    const waiting = fold(SENT, [bust('T1'), correct('T2', '20'), bust('T9')]).order
    assert.equal(waiting.awaited.length, 3)
    assert.deepEqual(
      fold(waiting, [trade('T1', '30'), trade('T2', '30')]).order.awaited.map((a) => a.refExecID),
      ['T9'],
    )
  })
  it('an order that was made larger takes a trade after its last fill', () => {
    const full = fold(SENT, [trade('T1', '100')]).order
    const larger = { ...full, terms: { ...TERMS, orderQty: qty('200') } }
    assert.equal(ordStatus(applied(larger, trade('T2', '50'))), 'PartiallyFilled')
  })
  it('a bust on an order that somebody took for rejected is counted', () => {
    const { order, trades } = fold(SENT, [trade('T1', '30')])
    const result = applyReport({ ...order, phase: 'Rejected' }, bust('T1'), trades.get('T1' as ExecID) ?? null, NOW)
    assert.ok(result.ok)
    assert.deepEqual([result.value.order.phase, text(result.value.order.cumQty)], ['Rejected', '0'])
  })
})

describe('what the outside reads', () => {
  const order = (change: Partial<Order>): Order => ({ ...SENT, ...change })
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [change: Partial<Order>, ordStatus: string, open: boolean, leaves: string])[] = [
    [{ delivery: 'Queued' },                                              'PendingNew',      true,  '100'],
    [{ delivery: 'Sending' },                                             'PendingNew',      true,  '100'],
    [{ delivery: 'InDoubt' },                                             'InDoubt',         true,  '100'],  // it may work there: it counts
    [{ delivery: 'InDoubt', asked: 'Cancel' },                            'InDoubt',         true,  '100'],
    [{ delivery: 'InDoubt', phase: 'New' },                               'New',             true,  '100'],  // a report overtook the reply
    [{ delivery: 'Rejected' },                                            'Rejected',        false, '0'],
    [{ delivery: 'Rejected', phase: 'Rejected' },                         'Rejected',        false, '0'],
    [{ delivery: 'Absent' },                                              'NotSent',         false, '0'],
    [{ delivery: 'Absent', phase: 'New' },                                'NotSent',         false, '0'],
    [{ phase: 'New' },                                                    'New',             true,  '100'],
    [{ phase: 'New', asked: 'Cancel' },                                   'PendingCancel',   true,  '100'],
    [{ phase: 'PartiallyFilled', cumQty: qty('30') },                     'PartiallyFilled', true,  '70'],
    [{ phase: 'PartiallyFilled', cumQty: qty('30'), asked: 'Cancel' },    'PendingCancel',   true,  '70'],
    [{ phase: 'New', replacedBy: 'N2' as ClOrdID },                       'PendingReplace',  true,  '100'],
    [{ phase: 'New', replacedBy: 'N2' as ClOrdID, asked: 'Cancel' },      'PendingCancel',   true,  '100'],
    [{ phase: 'Replaced', replacedBy: 'N2' as ClOrdID },                  'Replaced',        false, '0'],
    [{ phase: 'PartiallyFilled', cumQty: qty('0') },                      'New',             true,  '100'],  // all of it was busted
    [{ phase: 'Filled', cumQty: qty('100') },                             'Filled',          false, '0'],
    [{ phase: 'Filled', cumQty: qty('130') },                             'Filled',          false, '0'],
    [{ phase: 'PartiallyFilled', cumQty: qty('130') },                    'PartiallyFilled', true,  '0'],    // made smaller after its fills: never below zero
    [{ phase: 'Canceled', cumQty: qty('30') },                            'Canceled',        false, '0'],
    [{ phase: 'Expired' },                                                'Expired',         false, '0'],
    [{ phase: 'Rejected' },                                               'Rejected',        false, '0'],
  ]
  for (const [change, expected, open, leaves] of rows)
    it(`${JSON.stringify(change)}: ${expected}`, () => {
      const o = order(change)
      assert.deepEqual([ordStatus(o), isOpen(o), text(leavesQty(o))], [expected, open, leaves])
    })

  it('reads open exactly when it is open, whatever its parts say', () => {
    const open = ['PendingNew', 'New', 'PartiallyFilled', 'PendingCancel', 'PendingReplace', 'InDoubt']
    for (const delivery of Object.keys(DELIVERY) as Delivery[])
      for (const phase of Object.keys(PHASE) as Phase[])
        for (const asked of ['Nothing', 'Cancel'] as const)
          for (const cumQty of [qty('0'), qty('30')])
            for (const next of [{}, { replacedBy: 'N2' as ClOrdID }]) {
              const o = order({ delivery, phase, asked, cumQty, ...next })
              assert.equal(open.includes(ordStatus(o)), isOpen(o), `${delivery} ${phase}`)
            }
  })

  it('a fresh order waits, holds nothing and asked for nothing', () => {
    const { intentID, clOrdID, account, corr } = SENT
    const o = freshOrder({ intentID, role: 'Entry', parent: null, clOrdID, account, terms: TERMS, corr }, NOW)
    assert.deepEqual(
      [o.delivery, o.phase, o.asked, o.orderID, text(o.cumQty), o.sentAt, o.createdAt, avgPx(o)],
      ['Queued', 'PendingNew', 'Nothing', null, '0', null, NOW, null],
    )
  })
})

describe('the table', () => {
  const phases = Object.keys(PHASE) as Phase[]
  const SAID: readonly Said[] = ['New', 'PartialFill', 'Fill', 'Unfill', 'Canceled', 'Replaced', 'Rejected', 'Expired']
  const cells = phases.flatMap((from) => SAID.map((said) => ({ from, said, to: PHASE[from][said] })))

  it('reaches every phase', () => {
    const reached = new Set<Phase>(['PendingNew'])
    for (const from of reached) for (const cell of cells) if (cell.from === from && cell.to) reached.add(cell.to)
    assert.deepEqual([...reached].sort(), phases.toSorted())
  })

  it('leads out of an end by a trade only', () => {
    const out = cells.filter(({ from, to }) => !isOpenPhase(from) && to && to !== from)
    assert.deepEqual(
      out.map(({ from, said, to }) => `${from} ${said} ${to}`),
      [
        'Filled PartialFill PartiallyFilled',
        'Filled Unfill PartiallyFilled',
        'Canceled Fill Filled',
        'Replaced Fill Filled',
        'Expired Fill Filled',
        'Rejected PartialFill PartiallyFilled',
        'Rejected Fill Filled',
      ],
    )
  })

  it('takes every trade, bust and late acknowledgement in every row', () => {
    for (const { from, said, to } of cells)
      if (['New', 'PartialFill', 'Fill', 'Unfill'].includes(said)) assert.ok(to, `${from} ${said}`)
  })

  it('never goes back to PendingNew, and Fill always fills', () => {
    for (const { said, to } of cells) {
      assert.notEqual(to, 'PendingNew')
      if (said === 'Fill') assert.equal(to, 'Filled')
    }
  })

  it('has these empty cells, and no others', () => {
    assert.deepEqual(
      cells.filter(({ to }) => !to).map(({ from, said }) => `${from} ${said}`),
      [
        'PartiallyFilled Rejected',
        'Filled Rejected',
        'Canceled Replaced',
        'Canceled Rejected',
        'Canceled Expired',
        'Replaced Canceled',
        'Replaced Rejected',
        'Replaced Expired',
        'Rejected Canceled',
        'Rejected Replaced',
        'Rejected Expired',
        'Expired Canceled',
        'Expired Replaced',
        'Expired Rejected',
      ].toSorted((a, b) => phases.indexOf(a.split(' ')[0] as Phase) - phases.indexOf(b.split(' ')[0] as Phase)),
    )
  })
})

/** All that must not depend on the order of arrival. */
function outcome({ order, trades }: Folded) {
  const position = positionOf('AAPL', [...trades.values()])
  return {
    status: ordStatus(order),
    cumQty: shortest(order.cumQty),
    gross: shortest(order.grossTradeAmt),
    avgPx: show(avgPx(order)),
    kept: order.feeQty === undefined ? 'nothing' : shortest(order.feeQty),
    netQty: shortest(position.netQty),
    cost: shortest(position.cost),
    cashFlow: shortest(position.cashFlow),
    trades: [...trades.values()]
      .map((t) => (t.live ? `${t.execID} ${text(t.lastQty)} ${text(t.lastPx)}` : `${t.execID} busted`))
      .sort(),
  }
}

function* permutations<T>(all: readonly T[]): Generator<readonly T[]> {
  if (all.length < 2) yield all
  for (const [i, first] of all.entries())
    if (all.length > 1) for (const rest of permutations(all.toSpliced(i, 1))) yield [first, ...rest]
}

describe('every order of arrival ends the same', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['an order that fills in parts',         [NEW, trade('T1', '60', '189'), trade('T2', '40')],                'Filled',          '100', '189.40000000'],
    ['a bust of one of two fills',           [NEW, trade('T1', '60'), trade('T2', '40'), bust('T1')],           'PartiallyFilled', '40',  '190.00000000'],
    ['a bust of the only fill',              [NEW, trade('T1', '60'), bust('T1')],                              'New',             '0',   null],
    ['a bust, never acknowledged',           [trade('T1', '100'), bust('T1')],                                  'New',             '0',   null],
    ['a correction of one of two fills',     [NEW, trade('T1', '60'), trade('T2', '40'), correct('T1', '50', '189')], 'PartiallyFilled', '90', '189.44444444'],
    ['two corrections of a fill',            [NEW, trade('T1', '60'), correct('T1', '50', '190', 'C5'), correct('T1', '40', '190', 'C6')], 'PartiallyFilled', '40', '190.00000000'],
    ['a correction and a bust of a fill',    [NEW, trade('T1', '60'), correct('T1', '50'), bust('T1'), trade('T2', '7')], 'PartiallyFilled', '7', '190.00000000'],
    ['a cancel that a fill crossed',         [NEW, trade('T1', '60'), CANCELED],                                'Canceled',        '60',  '190.00000000'],
    ['a cancel that the last fill crossed',  [NEW, trade('T1', '60'), CANCELED, trade('T2', '40')],             'Filled',          '100', '190.00000000'],
    ['that fill busted',                     [NEW, trade('T1', '60'), CANCELED, trade('T2', '40'), bust('T2')], 'Canceled',        '60',  '190.00000000'],
    ['the close that fills crossed',         [NEW, trade('T1', '60'), EXPIRED, trade('T2', '40'), correct('T2', '30')], 'Expired', '90',  '190.00000000'],
    ['a fee in kind, and a bust of its fill', [NEW, trade('T1', '60', '190', '0.15'), bust('T1'), trade('T2', '40', '190', '0.1')], 'PartiallyFilled', '40', '190.00000000'],
    ['a fee in kind, put right twice',       [trade('T1', '60', '190', '0.15'), correct('T1', '60', '190', 'C5', '0.09'), correct('T1', '60', '190', 'C6')], 'PartiallyFilled', '60', '190.00000000'],
    ['everything twice',                     [trade('T1', '60'), trade('T1', '60'), bust('T1'), bust('T1'), NEW, CANCELED], 'Canceled', '0', null],
  ]
  for (const [name, reports, expectedStatus, cumQty, price] of rows)
    it(name, () => {
      const first = outcome(fold(SENT, reports))
      assert.deepEqual([first.status, first.cumQty, first.avgPx], [expectedStatus, cumQty, price])
      for (const permutation of permutations(reports)) {
        const folded = fold(SENT, permutation)
        assert.deepEqual(outcome(folded), first, permutation.map((r) => r.execID).join(' '))
        assert.deepEqual(folded.faults, [])
      }
    })

  it('more than was ordered, with its alarm', () => {
    for (const permutation of permutations([NEW, trade('T1', '60'), trade('T2', '60'), EXPIRED])) {
      const { order, alarms } = fold(SENT, permutation)
      assert.deepEqual([ordStatus(order), text(order.cumQty), ...alarms], ['Filled', '120', 'OVERFILL'])
    }
  })
})

// ——— Any mix of repeats, re-orderings, part fills, busts and corrections. ———

const TRADES = ['T1', 'T2', 'T3', 'T4'] as const
const size = fc.integer({ min: 1, max: 60 }).map(String)
const price = fc
  .integer({ min: 18_900, max: 19_100 })
  .map((cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`)
const kept = fc.constantFrom(undefined, '0.0025', '0.1', '70')
const tradeReports = fc
  .tuple(size, size, size, size, price, kept)
  .map(([a, b, c, d, px, fee]) => [a, b, c, d].map((q, i) => trade(`T${i + 1}`, q, px, fee)))
const amendments = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom(...TRADES).map((ref) => bust(ref)),
    fc
      .tuple(fc.constantFrom(...TRADES), size, price, fc.integer({ min: 10, max: 15 }), kept)
      .map(([ref, q, p, n, fee]) => correct(ref, q, p, `C${n}`, fee)),
  ),
  { maxLength: 5, selector: (r) => r.execID },
)
/** Each report with a different name, then some of them again, in any order. */
const reports = fc
  .tuple(tradeReports, amendments, fc.subarray([NEW, CANCELED]), fc.integer({ min: 0, max: 4 }))
  .chain(([trades, amends, statuses, drop]) => {
    const once: readonly Report[] = [...trades.slice(drop), ...amends, ...statuses]
    return fc.array(fc.nat(Math.max(0, once.length - 1)), { maxLength: 4 }).chain((again) => {
      const all = [...once, ...again.flatMap((i) => once[i] ?? [])]
      return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
    })
  })

/** What the trades come to, said without a machine: the last correction holds, a bust ends it, a repeat is nothing. */
function ledger(all: readonly Report[]): { cumQty: Decimal; gross: Decimal; kept: Decimal } {
  const lines = TRADES.flatMap((ref) => {
    const made = all.find((r) => r.execType === 'Trade' && r.execID === ref)
    if (made?.execType !== 'Trade' || all.some((r) => r.execType === 'TradeCancel' && r.refExecID === ref)) return []
    const corrections = all.filter((r) => r.execType === 'TradeCorrect').filter((r) => r.refExecID === ref)
    const last = corrections.toSorted((a, b) => a.transactTime - b.transactTime).at(-1) ?? made
    return [last]
  })
  return {
    cumQty: lines.reduce<Decimal>((sum, l) => plus(sum, l.lastQty as Decimal), ZERO),
    gross: lines.reduce<Decimal>((sum, l) => plus(sum, times(l.lastQty, l.lastPx)), ZERO),
    kept: lines.reduce<Decimal>((sum, l) => plus(sum, min<Decimal>(l.feeQty ?? ZERO, l.lastQty)), ZERO),
  }
}
const RUNS = { numRuns: 400 }

describe('whatever arrives', () => {
  it('cumQty and the gross amount are the sum of the live trades, at every step and by an independent count', () => {
    fc.assert(
      fc.property(reports, (all) => {
        for (let n = 0; n <= all.length; n++) {
          const { order, trades } = fold(SENT, all.slice(0, n))
          const live = [...trades.values()].filter((t) => t.live)
          assert.ok(
            eq(
              order.cumQty,
              live.reduce<Decimal>((sum, t) => plus(sum, t.lastQty as Decimal), ZERO),
            ),
          )
          const { cumQty, gross, kept } = ledger(all.slice(0, n))
          assert.equal(shortest(order.feeQty ?? ZERO), shortest(kept))
          const { netQty } = positionOf('AAPL', [...trades.values()])
          assert.equal(
            shortest(netQty),
            shortest(minus(cumQty, kept)),
            'a position is what was bought less what was kept',
          )
          assert.equal(shortest(order.cumQty), shortest(cumQty))
          assert.equal(shortest(order.grossTradeAmt), shortest(gross))
        }
      }),
      RUNS,
    )
  })

  it('cumQty + leavesQty = orderQty while open, nothing leaves when closed, and full means not open', () => {
    fc.assert(
      fc.property(reports, (all) => {
        const { order, faults } = fold(SENT, all)
        const { orderQty } = order.terms
        if (!isOpen(order)) assert.ok(isZero(leavesQty(order)))
        else assert.ok(eq(plus(order.cumQty, leavesQty(order)), orderQty), text(order.cumQty))
        assert.equal(gte(order.cumQty, orderQty), ordStatus(order) === 'Filled')
        assert.deepEqual(faults, [], 'trades and one end never contradict each other')
      }),
      RUNS,
    )
  })

  it('avgPx is the gross amount over cumQty, within half of its last place', () => {
    fc.assert(
      fc.property(reports, (all) => {
        const { order } = fold(SENT, all)
        const average = avgPx(order)
        if (average === null) return assert.ok(isZero(order.cumQty))
        const exact = over(order.grossTradeAmt, order.cumQty, { scale: 20, rounding: 'down' })
        const off = text(minus<Decimal>(average, exact)).replace('-', '')
        assert.ok(off <= '0.00000000500000000001', off)
      }),
      RUNS,
    )
  })

  it('what is said again, at once or later, changes nothing', () => {
    fc.assert(
      fc.property(reports, fc.array(fc.nat(20), { maxLength: 6 }), (all, again) => {
        const once = fold(SENT, all)
        const repeated = again.flatMap((i) => all[i] ?? [])
        const twice = fold(SENT, [...all, ...repeated])
        assert.deepEqual(twice.order, once.order)
        assert.deepEqual([...twice.trades], [...once.trades])
        for (const report of repeated) {
          const amends = report.execType === 'TradeCancel' || report.execType === 'TradeCorrect'
          const prior = once.trades.get(amends ? report.refExecID : report.execID) ?? null
          const applied = applyReport(once.order, report, prior, plusMs(NOW, 60_000))
          assert.ok(applied.ok)
          assert.equal(applied.value.order, once.order, 'the very same')
          assert.equal(applied.value.execution, null)
        }
      }),
      RUNS,
    )
  })

  it('the order of arrival does not matter', () => {
    const twoOrders = reports.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length })),
    )
    fc.assert(
      fc.property(twoOrders, ([all, shuffled]) =>
        assert.deepEqual(outcome(fold(SENT, shuffled)), outcome(fold(SENT, all))),
      ),
      RUNS,
    )
  })

  it('a size is never lost: an order of any size takes any trade in any phase', () => {
    const phase = fc.constantFrom(...(Object.keys(PHASE) as Phase[]))
    const orderQty: fc.Arbitrary<Qty> = fc.integer({ min: 0, max: 200 }).map((n) => qty(String(n)))
    fc.assert(
      fc.property(phase, orderQty, size, (at, ordered, q) => {
        const { order, trades, faults } = fold({ ...SENT, phase: at, terms: { ...TERMS, orderQty: ordered } }, [
          trade('T1', q),
        ])
        assert.deepEqual([faults.length, trades.size, text(order.cumQty)], [0, 1, q])
      }),
      RUNS,
    )
  })
})
