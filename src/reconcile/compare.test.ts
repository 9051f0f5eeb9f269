import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Delivery } from '../orders/delivery.ts'
import { NOW, SENT, TERMS } from '../orders/example.ts'
import { isOpen, type Order, type Phase } from '../orders/machine.ts'
import { flat, type Position } from '../orders/position.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import { dec, isZero, plus, qty } from '../values/decimal.ts'
import { compareBooks, type Difference, type Here, type There } from './compare.ts'

type Theirs = There['orders'][number]

const order = (n: number, change: Partial<Order> = {}): Order => ({
  ...SENT,
  clOrdID: `jx${n}` as ClOrdID,
  orderID: `b-${n}` as OrderID,
  phase: 'New',
  ...change,
})
const listed = (n: number, change: Partial<Theirs> = {}): Theirs => ({
  orderID: `b-${n}` as OrderID,
  clOrdID: `jx${n}` as ClOrdID,
  symbol: 'AAPL',
  cumQty: qty('0'),
  open: true,
  ...change,
})
const held = (symbol: string, netQty: string, feeQty?: string): Position => ({
  ...flat(symbol),
  netQty: dec(netQty),
  ...(feeQty !== undefined && { feeQty: qty(feeQty) }),
})
const there = (symbol: string, netQty: string) => ({ symbol, netQty: dec(netQty) })
const part = { phase: 'PartiallyFilled', cumQty: qty('30') } as const
const book = (orders: readonly Order[] = [], positions: readonly Position[] = []): Here => ({ orders, positions })
const books = (orders: readonly Theirs[] = [], positions: There['positions'] = []): There => ({ orders, positions })

describe('line by line', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, here: Here, there: There, found: readonly string[]])[] = [
    ['empty books',                              book(), books(),                                                           []],
    ['the same order',                           book([order(1)]), books([listed(1)]),                                       []],
    ['the same order, known by name only',       book([order(1, { orderID: null })]), books([listed(1)]),                    []],
    ['the same order, which they name themselves', book([order(1)]), books([listed(1, { clOrdID: null })]),                  []],
    ['the same fills, written otherwise',        book([order(1, part)]), books([listed(1, { cumQty: dec('30.000') })]),      []],
    ['the same ended order',                     book([order(1, { phase: 'Canceled' })]), books([listed(1, { open: false })]), []],
    ['an order that ended and is not listed',    book([order(1, { phase: 'Canceled' })]), books(),                           []],
    ['ours is missing there',                    book([order(1)]), books(),                                                  ['MISSING_THERE jx1']],
    ['ours has ended there',                     book([order(1)]), books([listed(1, { open: false })]),                      ['MISSING_THERE jx1']],
    ['both of ours are missing',                 book([order(1), order(2)]), books([listed(3)]),                              ['MISSING_THERE jx1', 'MISSING_THERE jx2', 'EXTERNAL_ORDER b-3']],
    ['ours ended, theirs works on',              book([order(1, { phase: 'Canceled' })]), books([listed(1)]),                ['OPEN_THERE jx1']],
    ['ours is full, theirs works on',            book([order(1, { phase: 'Filled', cumQty: qty('100') })]), books([listed(1, { cumQty: dec('100') })]), ['OPEN_THERE jx1']],
    ['ours was rejected, theirs works',          book([order(1, { delivery: 'Rejected', phase: 'Rejected' })]), books([listed(1)]), ['OPEN_THERE jx1']],
    ['ours was proven absent, theirs works',     book([order(1, { delivery: 'Absent' })]), books([listed(1)]),               ['OPEN_THERE jx1']],
    ['ours was proven absent, theirs has filled', book([order(1, { delivery: 'Absent' })]), books([listed(1, { open: false, cumQty: dec('100') })]), ['FILLED_QTY jx1']],
    ['an order by other hands',                  book(), books([listed(1)]),                                                ['EXTERNAL_ORDER b-1']],
    ['an order by other hands, nameless',        book([order(1)]), books([listed(1), listed(2, { clOrdID: null })]),         ['EXTERNAL_ORDER b-2']],
    ['an ended order by other hands',            book(), books([listed(1, { open: false })]),                               []],
    ['a nameless order is not ours by having none', book([order(1, { orderID: null })]), books([listed(1, { clOrdID: null })]), ['MISSING_THERE jx1', 'EXTERNAL_ORDER b-1']],
    ['more filled there',                        book([order(1, part)]), books([listed(1, { cumQty: dec('40') })]),          ['FILLED_QTY jx1']],
    ['less filled there',                        book([order(1, part)]), books([listed(1)]),                                 ['FILLED_QTY jx1']],
    ['filled otherwise, and ended',              book([order(1, { ...part, phase: 'Canceled' })]), books([listed(1, { open: false, cumQty: dec('31') })]), ['FILLED_QTY jx1']],
    ['waiting to be sent',                       book([order(1, { delivery: 'Queued', phase: 'PendingNew' })]), books(),     []],
    ['on its way, not there yet',                book([order(1, { delivery: 'Sending', phase: 'PendingNew' })]), books(),    []],
    ['on its way, and there',                    book([order(1, { delivery: 'Sending', phase: 'PendingNew' })]), books([listed(1)]), []],
    ['in doubt, not there',                      book([order(1, { delivery: 'InDoubt', phase: 'PendingNew' })]), books(),    []],
    ['in doubt, there and filled',               book([order(1, { delivery: 'InDoubt', phase: 'PendingNew' })]), books([listed(1, { cumQty: dec('100'), open: false })]), []],
    ['the same position',                        book([], [held('AAPL', '100')]), books([], [there('AAPL', '100.0')]),      []],
    ['no position on either side',               book([], [held('AAPL', '0')]), books([], [there('MSFT', '0.00')]),         []],
    ['another size',                             book([], [held('AAPL', '100')]), books([], [there('AAPL', '99')]),         ['POSITION AAPL']],
    ['the other side',                           book([], [held('AAPL', '100')]), books([], [there('AAPL', '-100')]),       ['POSITION AAPL']],
    ['a position only here',                     book([], [held('AAPL', '0.00000001')]), books(),                           ['POSITION AAPL']],
    ['a position only there',                    book(), books([], [there('AAPL', '-1')]),                                  ['POSITION AAPL']],
    ['longs and shorts listed apart',            book([], [held('EUR/USD', '70')]), books([], [there('EUR/USD', '100'), there('EUR/USD', '-30')]), []],
    ['more there, by less than the fees',        book([], [held('BTC/USD', '0.9975', '0.0025')]), books([], [there('BTC/USD', '0.9985')]), ['FEES_IN_KIND BTC/USD']],
    ['more there, by all of the fees',           book([], [held('BTC/USD', '0.9975', '0.0025')]), books([], [there('BTC/USD', '1.0')]), ['FEES_IN_KIND BTC/USD']],
    ['more there than fees explain',             book([], [held('BTC/USD', '0.9975', '0.0025')]), books([], [there('BTC/USD', '1.000000001')]), ['POSITION BTC/USD']],
    ['less there than the worst fee leaves',     book([], [held('BTC/USD', '0.9975', '0.0025')]), books([], [there('BTC/USD', '0.997499999')]), ['POSITION BTC/USD']],
    ['exactly the worst fee',                    book([], [held('BTC/USD', '0.9975', '0.0025')]), books([], [there('BTC/USD', '0.9975')]), []],
    ['fees of another symbol explain nothing',   book([], [held('BTC/USD', '0', '0.0025'), held('ETH/USD', '1')]), books([], [there('ETH/USD', '1.001')]), ['POSITION ETH/USD']],
    ['a rest that closing left there',           book([], [held('BTC/USD', '0', '0.0025')]), books([], [there('BTC/USD', '0.001')]), ['FEES_IN_KIND BTC/USD']],
    ['several, in the order of their symbols',   book([], [held('MSFT', '1'), held('AAPL', '1')]), books([], [there('TSLA', '1')]), ['POSITION AAPL', 'POSITION MSFT', 'POSITION TSLA']],
  ]
  for (const [name, here, broker, found] of rows)
    it(name, () => assert.deepEqual(compareBooks(here, broker).map(brief), found))

  it('says what fees in kind explain, and what they left behind', () => {
    const said = (ours: string, theirs: string) =>
      compareBooks(book([], [held('BTC/USD', ours, '0.0025')]), books([], [there('BTC/USD', theirs)])).map(
        (d) => d.text,
      )
    assert.deepEqual(said('0.9975', '0.9985'), [
      'BTC/USD: 0.9985 at the broker, 0.0010 more than by our executions, where 0.0025 is taken off as fees by estimate.',
    ])
    assert.deepEqual(said('0.0000', '0.0010'), [
      'BTC/USD: 0.0010 at the broker, 0.0010 more than by our executions, where 0.0025 is taken off as fees by estimate. Our position is closed; this is left at the broker, and no stop covers it.',
    ])
  })

  it('says what a person must know, with both numbers', () => {
    const here = book([order(1, part), order(2), order(4, { phase: 'Canceled' })], [held('AAPL', '30')])
    const broker = books(
      [listed(1, { cumQty: dec('40') }), listed(3, { symbol: 'MSFT' }), listed(4)],
      [there('AAPL', '40')],
    )
    assert.deepEqual(
      compareBooks(here, broker).map((d) => `${d.symbol} ${d.text}`),
      [
        "AAPL order jx2 is open in our book and not among the broker's open orders",
        "AAPL order jx1: 30 filled by our executions, 40 by the broker's count",
        'MSFT the broker holds order b-3 in MSFT, which is not ours',
        'AAPL order jx4 is Canceled in our book and open at the broker',
        'AAPL AAPL: 30 by our executions, 40 at the broker',
      ],
    )
  })
})

function brief(d: Difference): string {
  const name =
    d.kind === 'EXTERNAL_ORDER' ? d.orderID : d.kind === 'POSITION' || d.kind === 'FEES_IN_KIND' ? d.symbol : d.clOrdID
  return `${d.kind} ${name}`
}

// ——— Equal books, and one change in them. ———

const SYMBOLS = ['AAPL', 'EUR/USD', 'MSFT'] as const
const anyOrder = fc
  .tuple(
    fc.constantFrom<Phase>('New', 'PartiallyFilled', 'Filled', 'Canceled', 'Expired'),
    fc.constantFrom<Delivery>('Delivered', 'Delivered', 'Delivered', 'Queued', 'Sending', 'InDoubt'),
    fc.integer({ min: 0, max: 100 }),
    fc.constantFrom(...SYMBOLS),
  )
  .map(
    ([phase, delivery, n, symbol]): Partial<Order> => ({
      phase,
      delivery,
      cumQty: qty(String(n)),
      terms: { ...TERMS, symbol },
    }),
  )
const here: fc.Arbitrary<Here> = fc
  .tuple(
    fc.array(anyOrder, { maxLength: 6 }),
    fc.dictionary(fc.constantFrom(...SYMBOLS), fc.integer({ min: -50, max: 50 })),
  )
  .map(([orders, sizes]) => ({
    orders: orders.map((change, i) => order(i, change)),
    positions: Object.entries(sizes).map(([symbol, n]) => held(symbol, String(n))),
  }))

/** The broker's side of the same truth: what is unknown may be there or not, and what has ended need not be listed. */
const broker = ({ orders, positions }: Here, keep: readonly boolean[]): There => ({
  orders: orders
    .filter((o, i) => (isOpen(o) && o.delivery === 'Delivered') || (keep[i] ?? true))
    .map(
      (o): Theirs => ({
        orderID: o.orderID as OrderID,
        clOrdID: o.clOrdID,
        symbol: o.terms.symbol,
        cumQty: o.cumQty,
        open: isOpen(o),
      }),
    ),
  positions: positions
    .filter((p, i) => !isZero(p.netQty) || (keep[i] ?? true))
    .map(({ symbol, netQty }) => ({ symbol, netQty })),
})
const truth = fc
  .tuple(here, fc.array(fc.boolean(), { maxLength: 6 }), fc.array(fc.boolean(), { maxLength: 6 }))
  .map(([ours, keep, hideNames]) => {
    const theirs = broker(ours, keep)
    return {
      ours,
      theirs: { ...theirs, orders: theirs.orders.map((t, i) => (hideNames[i] ? { ...t, clOrdID: null } : t)) },
    }
  })
const known = (ours: Here, t: Theirs): boolean => {
  const o = ours.orders.find((x) => x.orderID === t.orderID)
  return o !== undefined && !(isOpen(o) && o.delivery !== 'Delivered')
}
const RUNS = { numRuns: 400 }

describe('books that differ in nothing, or in one thing', () => {
  it('nothing is found where nothing differs', () => {
    fc.assert(
      fc.property(truth, ({ ours, theirs }) => assert.deepEqual(compareBooks(ours, theirs), [])),
      RUNS,
    )
  })

  it('any single change to a known order is found, and only that', () => {
    fc.assert(
      fc.property(
        truth,
        fc.nat(5),
        fc.constantFrom('gone', 'ended', 'works', 'filled'),
        ({ ours, theirs }, n, what) => {
          const all = theirs.orders.filter(
            (t) => known(ours, t) && (what === 'works' ? !t.open : what === 'filled' || t.open),
          )
          const picked = all[n % Math.max(1, all.length)]
          fc.pre(picked !== undefined)
          const changed: readonly Theirs[] = {
            gone: [],
            ended: [{ ...picked, open: false }],
            works: [{ ...picked, open: true }],
            filled: [{ ...picked, cumQty: plus(picked.cumQty, dec('0.01')) }],
          }[what]
          const found = compareBooks(ours, {
            ...theirs,
            orders: theirs.orders.flatMap((t) => (t === picked ? changed : [t])),
          })
          const kind = { gone: 'MISSING_THERE', ended: 'MISSING_THERE', works: 'OPEN_THERE', filled: 'FILLED_QTY' }[
            what
          ]
          assert.deepEqual(found.map(brief), [`${kind} ${picked.orderID.replace('b-', 'jx')}`])
        },
      ),
      RUNS,
    )
  })

  it('any order by other hands is found, and only that', () => {
    fc.assert(
      fc.property(truth, fc.boolean(), ({ ours, theirs }, named) => {
        const stranger = listed(99, named ? {} : { clOrdID: null })
        assert.deepEqual(compareBooks(ours, { ...theirs, orders: [...theirs.orders, stranger] }).map(brief), [
          'EXTERNAL_ORDER b-99',
        ])
      }),
      RUNS,
    )
  })

  it('any other size of a position is found, and only that', () => {
    const change = fc.integer({ min: -50, max: 50 }).filter((n) => n !== 0)
    fc.assert(
      fc.property(truth, fc.constantFrom(...SYMBOLS), change, ({ ours, theirs }, symbol, n) => {
        const found = compareBooks(ours, { ...theirs, positions: [...theirs.positions, there(symbol, String(n))] })
        assert.deepEqual(found.map(brief), [`POSITION ${symbol}`])
      }),
      RUNS,
    )
  })

  it('an order in doubt is never a difference, whatever the broker shows of it', () => {
    const unknown = fc.constantFrom<Delivery>('Queued', 'Sending', 'InDoubt')
    const shown = fc.option(
      fc.record({ open: fc.boolean(), cumQty: fc.integer({ min: 0, max: 200 }).map((q) => dec(String(q))) }),
    )
    fc.assert(
      fc.property(truth, unknown, shown, ({ ours, theirs }, delivery, t) => {
        const doubt = order(98, { delivery, phase: 'PendingNew', updatedAt: NOW })
        const orders = t ? [...theirs.orders, listed(98, t)] : theirs.orders
        assert.deepEqual(compareBooks({ ...ours, orders: [...ours.orders, doubt] }, { ...theirs, orders }), [])
      }),
      RUNS,
    )
  })
})
