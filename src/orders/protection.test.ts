import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ClOrdID } from '../values/brand.ts'
import {
  dec,
  gt,
  gte,
  isZero,
  lt,
  lte,
  max,
  min,
  minus,
  over,
  plus,
  px,
  qty,
  shortest,
  text,
  type Qty,
} from '../values/decimal.ts'
import { SENT, TERMS } from './example.ts'
import { isOpen, leavesQty, type Order } from './machine.ts'
import { isLeg, protection } from './protection.ts'

const PARENT = SENT.clOrdID

/** The entry for 100, with `filled` of it bought. */
const entry = (filled: string, change: Partial<Order> = {}): Order => ({
  ...SENT,
  phase: filled === '100' ? 'Filled' : filled === '0' ? 'New' : 'PartiallyFilled',
  cumQty: qty(filled),
  ...change,
})
const exit = (role: Order['role'], name: string, size: string, change: Partial<Order> = {}): Order => ({
  ...SENT,
  role,
  parent: PARENT,
  clOrdID: `${PARENT}-${name}` as ClOrdID,
  phase: 'New',
  terms: {
    ...TERMS,
    side: 'Sell',
    ordType: 'Stop',
    price: null,
    stopPx: px('185.00'),
    orderQty: qty(size),
    bracket: null,
    reduceOnly: true,
  },
  ...change,
})
/** A stop of ours, the n-th. */
const stop = (n: number, size: string, change: Partial<Order> = {}): Order => exit('Stop', `s${n}`, size, change)
const target = (n: number, size: string, change: Partial<Order> = {}): Order => exit('Target', `t${n}`, size, change)
const legs = (size: string): readonly Order[] => [exit('Stop', 's', size), exit('Target', 't', size)]

const filled = (size: string): Partial<Order> => ({ cumQty: qty(size), phase: 'PartiallyFilled' })
const done = (size: string): Partial<Order> => ({ cumQty: qty(size), phase: 'Filled' })
const CANCELED = { phase: 'Canceled' } as const
const LEAVING = { asked: 'Cancel' } as const

describe('what is held is covered', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, orders: readonly Order[], held: string, covered: string, place: string, excess?: string])[] = [
    ['nothing at all',                            [],                                                               '0',   '0',   '0'],
    ['no fill yet',                               [entry('0')],                                                     '0',   '0',   '0'],
    ['a part is filled',                          [entry('30')],                                                    '30',  '0',   '30'],
    ['all is filled',                             [entry('100')],                                                   '100', '0',   '100'],
    ['a late fill after the cancel',              [entry('30', CANCELED)],                                          '30',  '0',   '30'],
    ['more than was ordered',                     [entry('130', done('130'))],                                      '130', '0',   '130'],
    ['covered',                                   [entry('30'), stop(1, '30')],                                     '30',  '30',  '0'],
    ['another part gets another stop',            [entry('50'), stop(1, '30')],                                     '50',  '30',  '20'],
    ['covered by two',                            [entry('50'), stop(1, '30'), stop(2, '20')],                      '50',  '50',  '0'],
    ['a stop on its way covers',                  [entry('30'), stop(1, '30', { delivery: 'Queued' })],             '30',  '30',  '0'],
    ['a burst waits for the first answer',        [entry('90'), stop(1, '30', { delivery: 'Sending' })],            '90',  '30',  '0'],
    ['a stop in doubt makes no second',           [entry('90'), stop(1, '30', { delivery: 'InDoubt' })],            '90',  '30',  '0'],
    ['so does a target in doubt',                 [entry('90'), stop(1, '30'), target(1, '30', { delivery: 'InDoubt' })], '90', '30', '0'],
    ['an exit by hand in doubt too',              [entry('90'), exit('Exit', 'x', '90', { delivery: 'InDoubt' })],  '90',  '0',   '0'],
    ['an entry in doubt stops nothing here',      [entry('30', { delivery: 'InDoubt' })],                           '30',  '0',   '30'],
    ['the doubt is gone: it was never there',     [entry('90'), stop(1, '30', { delivery: 'Absent' })],             '90',  '0',   '90'],
    ['the broker refused the stop',               [entry('30'), stop(1, '30', { delivery: 'Rejected', phase: 'Rejected' })], '30', '0', '30'],
    ['somebody canceled the stop',                [entry('30'), stop(1, '30', CANCELED)],                           '30',  '0',   '30'],
    ['the stop expired',                          [entry('30'), stop(1, '30', { phase: 'Expired' })],               '30',  '0',   '30'],
    ['the stop was hit',                          [entry('100'), stop(1, '100', done('100'))],                      '0',   '0',   '0'],
    ['the stop was hit in part',                  [entry('100'), stop(1, '100', filled('40'))],                     '60',  '60',  '0'],
    ['one of two stops was hit',                  [entry('100'), stop(1, '60', done('60')), stop(2, '40')],         '40',  '40',  '0'],
    ['a stop that was hit and canceled',          [entry('100'), stop(1, '100', { cumQty: qty('40'), ...CANCELED })], '60', '0',  '60'],
    ['a target alone covers nothing',             [entry('100'), target(1, '100')],                                 '100', '0',   '100'],
    ['the target was hit',                        [entry('100'), stop(1, '100', CANCELED), target(1, '100', done('100'))], '0', '0', '0'],
    ['the target was hit, the stop still rests',  [entry('100'), stop(1, '100'), target(1, '100', done('100'))],    '0',   '100', '0', 's1'],
    ['the target was hit in part',                [entry('100'), stop(1, '60'), stop(2, '40'), target(1, '60', filled('40'))], '60', '100', '0', 's2'],
    ['closed by hand',                            [entry('100'), stop(1, '100'), exit('Exit', 'x', '100', done('100'))], '0', '100', '0', 's1'],
    ['being closed: no stop beside it',           [entry('100'), exit('Exit', 'x1', '100')],                        '100', '0',   '0'],
    ['a part is being closed',                    [entry('100'), exit('Exit', 'x1', '60', filled('20'))],           '80',  '0',   '40'],
    ['what an exit left when it ended',           [entry('100'), exit('Exit', 'x1', '100', { cumQty: qty('40'), ...CANCELED })], '60', '0', '60'],
    ['a bust makes a surplus',                    [entry('50'), stop(1, '50'), stop(2, '50')],                      '50',  '100', '0', 's2'],
    ['the newest goes first',                     [entry('10'), stop(1, '50'), stop(2, '30'), stop(3, '20')],       '10',  '100', '0', 's3 s2 s1'],
    ['only as many as it takes',                  [entry('75'), stop(1, '50'), stop(2, '30'), stop(3, '20')],       '75',  '100', '0', 's3 s2'],
    ['a bust of everything',                      [entry('0'), stop(1, '50')],                                      '0',   '50',  '0', 's1'],
    ['a stop too large goes, to be replaced',     [entry('60'), stop(1, '100')],                                    '60',  '100', '0', 's1'],
    ['a surplus waits while an exit is in doubt', [entry('50'), stop(1, '50'), stop(2, '50', { delivery: 'InDoubt' })], '50', '100', '0'],
    ['what is being canceled is not canceled again', [entry('50'), stop(1, '50'), stop(2, '50', LEAVING)],          '50',  '100', '0'],
    ['nor does it take the stop beside it along', [entry('50'), stop(1, '50', LEAVING), stop(2, '50')],             '50',  '100', '0'],
    ['what it does not free, the next one does',  [entry('30'), stop(1, '50'), stop(2, '20', LEAVING), stop(3, '30')], '30', '100', '0', 's3 s1'],
    ['nothing is placed while one is leaving',    [entry('60'), stop(1, '100', LEAVING)],                           '60',  '100', '0'],
    ['nothing is placed beside one that leaves',  [entry('100'), stop(1, '30', LEAVING)],                           '100', '30',  '0'],
    ['the right size follows when it is gone',    [entry('60'), stop(1, '100', CANCELED)],                          '60',  '0',   '60'],
    ['legs of the broker cover',                  [entry('100'), ...legs('100')],                                   '100', '100', '0'],
    ['legs are larger than a part: left alone',   [entry('30'), ...legs('100')],                                    '30',  '100', '0'],
    ['legs and a surplus of ours',                [entry('100'), ...legs('100'), stop(1, '20')],                    '100', '120', '0', 's1'],
    ['a leg was hit',                             [entry('100'), exit('Stop', 's', '100', done('100')), exit('Target', 't', '100', CANCELED)], '0', '0', '0'],
    ['a leg is missing a part',                   [entry('100'), exit('Stop', 's', '70'), exit('Target', 't', '70')], '100', '70', '30'],
    ['exits of more than was held',               [entry('50'), stop(1, '100', done('100'))],                       '0',   '0',   '0'],
    ['a second attempt of the entry counts too',  [entry('0', { delivery: 'Absent' }), entry('40', { clOrdID: 'jx2' as ClOrdID }), stop(1, '30')], '40', '30', '10'],
  ]
  for (const [name, orders, held, covered, place, excess = ''] of rows)
    it(name, () => {
      const p = protection(orders)
      assert.deepEqual([text(p.heldQty), text(p.coveredQty), text(p.placeQty)], [held, covered, place])
      assert.equal(p.excess.map((o) => o.clOrdID.slice(PARENT.length + 1)).join(' '), excess)
    })

  // biome-ignore format: a table reads in columns
  const inLots: readonly (readonly [name: string, orders: readonly Order[], held: string, covered: string, place: string, bare: string, excess?: string])[] = [
    ['what the broker kept is not sold',      [entry('100', { feeQty: qty('0.25') })],                       '99.7', '0',    '99.7', '0.0'],
    ['down to the lot, part by part',         [entry('30', { feeQty: qty('0.075') }), stop(1, '19.9')],      '29.9', '19.9', '10.0', '0.0'],
    ['what lots leave over is nobody’s',      [entry('100', { feeQty: qty('0.25') }), stop(1, '99.7', done('99.7'))], '0.0', '0', '0', '0'],
    ['too small for a stop: it waits',        [entry('5')],                                                  '5.0',  '0',    '0',    '5.0'],
    ['the smallest stop there is',            [entry('6')],                                                  '6.0',  '0',    '6.0',  '0.0'],
    ['a rest too small waits for more',       [entry('35'), stop(1, '30')],                                  '35.0', '30',   '0',    '5.0'],
    ['all of it kept',                        [entry('1', { feeQty: qty('1') })],                            '0.0',  '0',    '0',    '0'],
    ['a fee that was put right makes a surplus', [entry('100', { feeQty: qty('0.5') }), stop(1, '99.7')],    '99.5', '99.7', '0',    '0', 's1'],
    ['a short covered in kind lacks the fee', [entry('100'), stop(1, '60', { ...done('60'), feeQty: qty('0.2') })], '40.2', '0', '40.2', '0.0'],
  ]
  for (const [name, orders, held, covered, place, bare, excess = ''] of inLots)
    it(`in lots of 0.1 from 6 on: ${name}`, () => {
      const p = protection(orders, { lot: qty('0.1'), least: qty('6') })
      const actual = [p.heldQty, p.coveredQty, p.placeQty, p.bareQty].map(shortest)
      assert.deepEqual(
        actual,
        [held, covered, place, bare].map((q) => shortest(qty(q))),
      )
      assert.equal(p.excess.map((o) => o.clOrdID.slice(PARENT.length + 1)).join(' '), excess)
    })

  it('a short position is covered like a long one', () => {
    const short = entry('30', { terms: { ...TERMS, side: 'Sell' } })
    assert.equal(text(protection([short]).placeQty), '30')
  })

  // biome-ignore format: a table reads in columns
  const named: readonly (readonly [order: Order, leg: boolean])[] = [
    [exit('Stop', 's', '1'), true], [exit('Target', 't', '1'), true], [stop(1, '1'), false], [target(12, '1'), false], [entry('1'), false],
    [exit('Stop', 's', '1', { parent: 'jx2' as ClOrdID }), false],
  ]
  for (const [order, leg] of named)
    it(`${order.clOrdID} of ${order.parent} is ${leg ? 'a leg' : 'no leg'}`, () => assert.equal(isLeg(order), leg))
})

describe('what the broker kept is never sold', () => {
  it('stops and what is due are at most what is held, and all of it but less than a lot, or what is too small', () => {
    const billionths = (max: number) =>
      fc
        .integer({ min: 0, max })
        .map((n) => over(dec(String(n)), dec('1000000000'), { scale: 9, rounding: 'down' }) as Qty)
    const fills = fc.array(fc.tuple(billionths(50_000_000), billionths(200_000)), { minLength: 1, maxLength: 6 })
    const lot = fc.constantFrom('0.000000001', '0.0001', '0.003').map(qty)
    fc.assert(
      fc.property(fills, lot, billionths(10_000_000), fc.nat(6), (made, lot, least, sold) => {
        const sizes = { lot, least: max(least, lot) }
        const orders: Order[] = [entry('0')]
        let [bought, kept] = [qty('0'), qty('0')]
        for (const [lastQty, fee] of made) {
          ;[bought, kept] = [plus(bought, lastQty), plus(kept, min(fee, lastQty))]
          orders[0] = entry('0', { phase: 'PartiallyFilled', cumQty: bought, feeQty: kept })
          const { placeQty, bareQty } = protection(orders, sizes)
          assert.ok(isZero(placeQty) || isZero(bareQty))
          assert.ok(isZero(placeQty) || gte(placeQty, sizes.least))
          if (!isZero(placeQty)) orders.push(stop(orders.length, text(placeQty)))
        }
        const hit = orders[1 + sold]
        if (hit) orders[1 + sold] = { ...hit, ...done(text(hit.terms.orderQty)) }
        const { coveredQty, bareQty } = protection(orders, sizes)
        const net = minus(minus(bought, kept), hit ? hit.terms.orderQty : qty('0'))
        assert.ok(lte(coveredQty, net), `${text(coveredQty)} stopped of ${text(net)}`)
        assert.ok(lt(minus(minus(net, coveredQty), bareQty), lot), 'a whole lot is left out')
      }),
      { numRuns: 300 },
    )
  })
})

// ——— Placing what it asks for, while anything fills, answers come late and stops are refused. ———

type Happening = readonly [what: 'fill' | 'hit' | 'answer' | 'lose' | 'refuse' | 'end', n: number]
const happening: fc.Arbitrary<Happening> = fc.tuple(
  fc.constantFrom('fill', 'fill', 'hit', 'answer', 'answer', 'lose', 'refuse', 'end'),
  fc.nat(60),
)
const isEntry = (o: Order): boolean => o.role === 'Entry'
const isStop = (o: Order): boolean => o.role === 'Stop'

/** One thing that happens at the broker or on the wire; what does not fit the moment does nothing. */
function happen(orders: readonly Order[], [what, n]: Happening): readonly Order[] {
  const change = (which: Order | undefined, to: (o: Order) => Order) => orders.map((o) => (o === which ? to(o) : o))
  const pick = (fits: (o: Order) => boolean): Order | undefined => {
    const all = orders.filter(fits)
    return all[n % Math.max(1, all.length)]
  }
  const fill = (o: Order): Order => {
    const size = min(qty(String(n + 1)), leavesQty(o))
    const cumQty = plus(o.cumQty, size)
    return { ...o, cumQty, phase: gt(o.terms.orderQty, cumQty) ? 'PartiallyFilled' : 'Filled' }
  }
  const fromSend = (o: Order) => isOpen(o) && o.delivery !== 'Delivered'
  switch (what) {
    case 'fill':
      return change(
        pick((o) => isEntry(o) && isOpen(o)),
        fill,
      )
    case 'hit':
      return change(
        pick((o) => isStop(o) && isOpen(o) && o.delivery === 'Delivered'),
        fill,
      )
    case 'answer':
      return change(pick(fromSend), (o) => ({ ...o, delivery: 'Delivered', phase: 'New' }))
    case 'lose':
      return change(pick(fromSend), (o) => ({ ...o, delivery: 'InDoubt' }))
    case 'refuse':
      return change(pick(fromSend), (o) => ({ ...o, delivery: n % 2 ? 'Rejected' : 'Absent' }))
    case 'end':
      return change(
        pick((o) => isOpen(o) && o.delivery === 'Delivered'),
        (o) => ({ ...o, phase: 'Canceled' }),
      )
  }
}

/** Does what `protection` asks, as the desk does. */
function obey(orders: readonly Order[]): readonly Order[] {
  const { placeQty } = protection(orders)
  return isZero(placeQty)
    ? orders
    : [...orders, stop(orders.length, text(placeQty), { delivery: 'Queued', phase: 'PendingNew' })]
}

describe('doing what it asks', () => {
  const days = fc.array(happening, { maxLength: 40 })

  it('never covers more than is held, while nothing is busted and only stops close', () => {
    fc.assert(
      fc.property(days, (day) => {
        let orders: readonly Order[] = [entry('0')]
        for (const thing of day) {
          orders = obey(happen(orders, thing))
          const { heldQty, coveredQty, excess } = protection(orders)
          assert.ok(lte(coveredQty, heldQty), `${text(coveredQty)} covers ${text(heldQty)}`)
          assert.equal(excess.length, 0)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('covers all that is held, once every exit is answered', () => {
    fc.assert(
      fc.property(days, (day) => {
        let orders: readonly Order[] = [entry('0')]
        for (const thing of day) orders = obey(happen(orders, thing))
        for (let i = 0; i < 50 && orders.some((o) => isOpen(o) && o.delivery !== 'Delivered'); i++)
          orders = obey(happen(orders, ['answer', 0]))
        const { heldQty, coveredQty, placeQty } = protection(orders)
        assert.deepEqual([text(coveredQty), text(placeQty)], [text(heldQty), '0'])
      }),
      { numRuns: 500 },
    )
  })

  it('after a bust, cancels what is too much and covers the rest again', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 100 }), (day, keep) => {
        let orders: readonly Order[] = [entry('0')]
        for (const thing of day) orders = obey(happen(orders, thing))
        for (let i = 0; i < 50 && orders.some((o) => isOpen(o) && o.delivery !== 'Delivered'); i++)
          orders = obey(happen(orders, ['answer', 0]))
        // The entry is closed and a part of it is busted.
        orders = orders.map((o) =>
          o.role === 'Entry' ? { ...o, phase: 'Canceled', cumQty: min(o.cumQty, qty(String(keep))) } : o,
        )
        const seen = new Set<ClOrdID>()
        for (let i = 0; i < 20; i++) {
          const { excess } = protection(orders)
          for (const { clOrdID } of excess) assert.ok(!seen.has(clOrdID), 'asked for twice')
          for (const { clOrdID } of excess) seen.add(clOrdID)
          orders = orders.map((o) => (excess.includes(o) ? { ...o, ...LEAVING } : o))
          // Between request and confirmation the next report comes, and nothing more is taken away.
          assert.equal(protection(orders).excess.length, 0)
          orders = orders.map((o) => (isOpen(o) && o.asked === 'Cancel' ? { ...o, ...CANCELED, asked: 'Nothing' } : o))
          orders = happen(obey(orders), ['answer', 0])
        }
        const { heldQty, coveredQty } = protection(orders)
        assert.equal(text(coveredQty), text(heldQty))
      }),
      { numRuns: 300 },
    )
  })
})
