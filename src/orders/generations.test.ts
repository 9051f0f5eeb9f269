import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClOrdID } from '../values/brand.ts'
import { qty, shortest } from '../values/decimal.ts'
import { SENT, TERMS } from './example.ts'
import { filledQty, firstOf, generations, isNamedByOthers, newestOf, rivalOf, unchangeable } from './generations.ts'
import type { Order } from './machine.ts'
import { mayTrade, ownerOf } from './protection.ts'

const id = (name: string) => name as ClOrdID
const one = (name: string, change: Partial<Order> = {}): Order => ({
  ...SENT,
  clOrdID: id(name),
  phase: 'New',
  ...change,
})
const replaced = (by: string, cumQty: string, change: Partial<Order> = {}): Partial<Order> => ({
  phase: 'Replaced',
  replacedBy: id(by),
  cumQty: qty(cumQty),
  ...change,
})

const A = one('a', replaced('a-r1', '20'))
const B = one('a-r1', replaced('a-r2', '5', { replaces: id('a') }))
const C = one('a-r2', { replaces: id('a-r1'), cumQty: qty('3'), phase: 'PartiallyFilled', replacedBy: id('a-r3') })
/** Sent to take the place of C; nobody knows yet. */
const D = one('a-r3', { replaces: id('a-r2'), phase: 'PendingNew', delivery: 'InDoubt' })
const FAMILY = [A, B, C, D]

describe('the generations of an order', () => {
  it('are those in whose place it is, newest first, with what all of them filled', () => {
    assert.deepEqual(
      generations(C, FAMILY).map((o) => o.clOrdID),
      ['a-r2', 'a-r1', 'a'],
    )
    assert.equal(firstOf(D, FAMILY), A)
    assert.equal(shortest(filledQty(C, FAMILY)), '28')
    assert.equal(shortest(filledQty(D, FAMILY)), '28')
    assert.equal(shortest(filledQty(A, FAMILY)), '20')
  })

  it('lead to the one that works, and not to one that was only asked for', () => {
    for (const order of [A, B, C]) assert.equal(newestOf(order, FAMILY), C)
    assert.equal(newestOf(A, [A]), A, 'what is not known yet cannot be pointed to')
  })

  it('have a rival while the broker has not decided, seen from either side', () => {
    assert.equal(rivalOf(C, FAMILY), D)
    assert.equal(rivalOf(D, FAMILY), C)
    for (const order of [A, B]) assert.equal(rivalOf(order, FAMILY), null)
    const { replacedBy: _, ...alone } = C
    const refused = { ...D, delivery: 'Rejected', phase: 'Rejected' } as const
    assert.equal(rivalOf(alone, [A, B, alone, refused]), null)
    assert.equal(rivalOf(refused, [A, B, alone, refused]), null)
  })

  it('hand the legs of a bracket on', () => {
    const terms = { ...TERMS, side: 'Sell', reduceOnly: true } as const
    const leg = one('a-s', { role: 'Stop', parent: id('a'), terms })
    const family = [...FAMILY, leg]
    assert.equal(ownerOf(leg, family), C)
    assert.equal(ownerOf({ ...leg, clOrdID: id('a-s1') }, family), null, 'a stop of ours is asked about by its name')
    const filled = { ...C, phase: 'Filled' } as const
    const later = [A, B, filled, leg]
    assert.deepEqual(
      later.map((o) => mayTrade(o, later)),
      [false, false, true, true],
    )
  })

  it('are known by our name or by the broker’s', () => {
    assert.equal(isNamedByOthers(one('ext-77')), true)
    assert.equal(isNamedByOthers(A), false)
  })
})

describe('an order can be given other terms', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, change: Partial<Order>, code: 'NOT_OPEN' | 'NOT_REPLACEABLE' | null, says: RegExp])[] = [
    ['while it works',                     {},                                              null,               /^$/],
    ['while it is filled in part',         { phase: 'PartiallyFilled', cumQty: qty('5') },  null,               /^$/],
    ['not a stop',                         { role: 'Stop' },                                'NOT_REPLACEABLE',  /Only an entry/],
    ['not one of other hands',             { role: 'External' },                            'NOT_REPLACEABLE',  /Only an entry/],
    ['not when it is over',                { phase: 'Filled' },                             'NOT_OPEN',         /is Filled/],
    ['not when it was replaced',           replaced('x', '0'),                              'NOT_OPEN',         /x is in its place/],
    ['not before the broker has answered', { delivery: 'InDoubt', phase: 'PendingNew' },    'NOT_OPEN',         /has not answered/],
    ['not while it is canceled',           { asked: 'Cancel' },                             'NOT_OPEN',         /cancel/],
    ['not twice at once',                  { replacedBy: id('y') },                         'NOT_REPLACEABLE',  /y in its place/],
  ]
  for (const [name, change, code, says] of rows)
    it(name, () => {
      const no = unchangeable(one('x0', change))
      assert.equal(no?.code ?? null, code)
      assert.match(no?.text ?? '', says)
    })
})
