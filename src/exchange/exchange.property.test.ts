import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { Instrument } from '../orders/instrument.ts'
import { positionOf } from '../orders/position.ts'
import type { OrdType, Terms } from '../orders/terms.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import {
  amt,
  compare,
  dec,
  type Decimal,
  eq,
  gt,
  gte,
  isZero,
  lte,
  minus,
  plus,
  type Px,
  px,
  qty,
  sign,
  times,
  ZERO,
} from '../values/decimal.ts'
import { instant } from '../values/instant.ts'
import {
  type BookOrder,
  emptyBook,
  type Event,
  evolve,
  filledQty,
  freeze,
  generations,
  isLive,
  latest,
  leaves,
  ordersOf,
  pledgeIn,
  recall,
  retire,
  type Rules,
  thaw,
} from './book.ts'
import { cash, equity } from './money.ts'
import { emptyExchange, type Exchange, type Input, step } from './step.ts'
import { values } from './table.ts'

const A: Instrument = {
  symbol: 'A',
  name: 'A',
  assetClass: 'us_equity',
  currency: 'USD',
  ticks: [{ from: px('0'), tick: px('0.01') }],
  lot: qty('1'),
  minQty: qty('1'),
  maxQty: null,
  tradable: true,
  shortable: true,
}
const RULES: Rules = {
  name: 't',
  currency: 'USD',
  initialCash: amt('100000'),
  leverage: dec('4'),
  commissionRate: dec('0.0001'),
  instruments: new Map([
    ['A', A],
    ['B', { ...A, symbol: 'B' }],
  ]),
}

type Move =
  | {
      readonly kind: 'tick'
      readonly symbol: string
      readonly cents: number
      readonly spread: number
      readonly size: number
    }
  | {
      readonly kind: 'order'
      readonly symbol: string
      readonly buy: boolean
      readonly type: OrdType
      readonly tif: Terms['timeInForce']
      readonly size: number
      readonly away: number
      readonly bracket: boolean
      readonly reduce: boolean
    }
  | { readonly kind: 'pair'; readonly symbol: string; readonly size: number }
  | { readonly kind: 'cancel' | 'replace' | 'bust' | 'late' | 'correct'; readonly pick: number; readonly size: number }
  | { readonly kind: 'session'; readonly symbol: string; readonly open: boolean }
  | { readonly kind: 'cancel-all' }

const symbol = fc.constantFrom('A', 'B')
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tick'),
      symbol,
      cents: fc.integer({ min: 9000, max: 11000 }),
      spread: fc.integer({ min: 1, max: 5 }),
      size: fc.integer({ min: 0, max: 60 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('order'),
      symbol,
      buy: fc.boolean(),
      type: fc.constantFrom('Market', 'Limit', 'Stop', 'StopLimit'),
      tif: fc.constantFrom('Day', 'GTC', 'IOC', 'FOK'),
      size: fc.integer({ min: 1, max: 100 }),
      away: fc.integer({ min: -300, max: 300 }),
      bracket: fc.boolean(),
      reduce: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pair'), symbol, size: fc.integer({ min: 1, max: 100 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('cancel', 'replace', 'replace', 'bust', 'late', 'correct'),
      pick: fc.nat(),
      size: fc.integer({ min: 1, max: 100 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('session'), symbol, open: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancel-all' } as const) },
)

const cents = (n: number) => px((n / 100).toFixed(2))

/** Turns a move into an input that fits the exchange as it is; null when it fits nothing. */
function inputOf(m: Move, x: Exchange, n: number): Input | null {
  const at = instant(n * 1000)
  const clOrdID = `C${n}` as ClOrdID
  switch (m.kind) {
    case 'tick':
      return {
        kind: 'Tick',
        symbol: m.symbol,
        bid: cents(m.cents),
        ask: cents(m.cents + m.spread),
        last: cents(m.cents),
        bidQty: qty(String(m.size)),
        askQty: qty(String(m.size)),
        at,
      }
    case 'order': {
      const ref = 10000 + m.away
      const [low, high] = [cents(ref - 500), cents(ref + 500)]
      const bracket =
        m.bracket && !m.reduce ? (m.buy ? { stopPx: low, targetPx: high } : { stopPx: high, targetPx: low }) : null
      const price = m.type === 'Limit' || m.type === 'StopLimit' ? cents(ref) : null
      const stopPx = m.type === 'Stop' || m.type === 'StopLimit' ? cents(ref) : null
      const terms: Terms = {
        symbol: m.symbol,
        side: m.buy ? 'Buy' : 'Sell',
        ordType: m.type,
        timeInForce: m.tif,
        orderQty: qty(String(m.size)),
        price,
        stopPx,
        bracket,
        reduceOnly: m.reduce,
      }
      return { kind: 'Submit', clOrdID, terms, at }
    }
    case 'pair': {
      const long = sign(x.book.positions.get(m.symbol)?.netQty ?? ZERO) > 0
      const base = {
        symbol: m.symbol,
        side: long ? 'Sell' : 'Buy',
        timeInForce: 'GTC',
        orderQty: qty(String(m.size)),
        bracket: null,
        reduceOnly: true,
      } as const
      const [low, high] = [cents(9600), cents(10400)]
      return {
        kind: 'SubmitPair',
        stop: { clOrdID, terms: { ...base, ordType: 'Stop', price: null, stopPx: long ? low : high } },
        target: {
          clOrdID: `${clOrdID}t` as ClOrdID,
          terms: { ...base, ordType: 'Limit', price: long ? high : low, stopPx: null },
        },
        at,
      }
    }
    case 'session':
      return { kind: 'Session', symbol: m.symbol, open: m.open, at }
    case 'cancel-all':
      return { kind: 'CancelAll', spare: new Set(), at }
    case 'cancel':
    case 'replace':
    case 'bust':
    case 'late':
    case 'correct': {
      const all = [...values(x.book.orders)].sort((a, b) => a.seq - b.seq)
      const order = all[m.pick % Math.max(all.length, 1)]
      if (!order) return null
      if (m.kind === 'cancel') return { kind: 'Cancel', orderID: order.orderID, at }
      if (m.kind === 'replace') {
        // Half of them keep the size, as exits must.
        const { price, stopPx, orderQty, cumQty } = { ...order, ...order.terms }
        const left = m.pick % 2 === 0 ? minus(orderQty, cumQty) : qty(String(m.size))
        const moved = (p: Px | null) => p && plus(p, px('0.07'))
        const whole = plus(filledQty(x.book, order), left)
        return {
          kind: 'Replace',
          orderID: order.orderID,
          clOrdID,
          orderQty: whole,
          price: moved(price),
          stopPx: moved(stopPx),
          at,
        }
      }
      if (m.kind === 'late')
        return { kind: 'Trade', orderID: order.orderID, lastQty: qty(String(m.size)), lastPx: cents(10000), at }
      const execID = order.trades[m.pick % Math.max(order.trades.length, 1)]?.execID
      if (!execID) return null
      const { orderID } = order
      return m.kind === 'bust'
        ? { kind: 'Bust', orderID, execID, at }
        : { kind: 'Correct', orderID, execID, lastQty: qty(String(m.size)), lastPx: cents(9900), at }
    }
  }
}

/** Plays moves, checking after each what must hold at every moment. `God` counts the trades nobody matched. */
function play(moves: readonly Move[], always: (x: Exchange, events: readonly Event[], god: boolean) => void) {
  // An order needs a market to be sized by; random flow alone would mostly be refused.
  const opening = ['A', 'B'].map((s): Move => ({ kind: 'tick', symbol: s, cents: 10000, spread: 2, size: 50 }))
  let x = emptyExchange(RULES)
  const events: Event[] = []
  let n = 0
  for (const m of [...opening, ...moves]) {
    const input = inputOf(m, x, ++n)
    if (!input) continue
    const done = step(x, input)
    x = done.exchange
    events.push(...done.events)
    always(x, done.events, input.kind === 'Trade' || input.kind === 'Correct')
  }
  return { x, events }
}

const sum = (all: readonly Decimal[]): Decimal => all.reduce((a, b) => plus(a, b), ZERO)
const RUNS = { numRuns: 150 }

it('cumQty is the sum of the live trades, and the market never fills more than was ordered', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const forced = new Set<OrderID>()
      play(moves, (x, events, god) => {
        if (god) for (const e of events) forced.add(e.orderID)
        for (const o of values(x.book.orders)) {
          assert.ok(eq(o.cumQty, sum(o.trades.filter((t) => t.live).map((t) => t.lastQty))))
          if (!forced.has(o.orderID) && o.role === null) assert.ok(lte(o.cumQty, o.terms.orderQty), o.orderID)
          if (o.state === 'Filled') assert.ok(gte(o.cumQty, o.terms.orderQty))
        }
      })
    }),
    RUNS,
  )
})

it('no trade is worse than its limit, none takes more than was shown', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      play(moves, (x, events, god) => {
        const trades = events.filter((e) => e.kind === 'Traded')
        if (god) return
        for (const e of trades) {
          const limit = ordersOfID(x, e.orderID)?.terms.price ?? null
          if (limit !== null) assert.ok(e.side === 'Buy' ? lte(e.lastPx, limit) : gte(e.lastPx, limit))
        }
        for (const s of ['A', 'B'] as const) {
          const tick = x.board.ticks.get(s)
          for (const left of [tick?.bidQty, tick?.askQty]) assert.ok(!left || gte(left, ZERO))
        }
      })
    }),
    RUNS,
  )
})
const ordersOfID = (x: Exchange, id: OrderID) => [...values(x.book.orders)].find((o) => o.orderID === id)

it('the book is the fold of its events, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), fc.nat(), (moves, cut) => {
      const { x, events } = play(moves, () => {})
      assert.deepEqual(freeze(events.reduce(evolve, emptyBook)), freeze(x.book))
      const half = events.slice(0, cut % (events.length + 1)).reduce(evolve, emptyBook)
      const thawed = thaw(JSON.parse(JSON.stringify(freeze(half))))
      const whole = events.slice(half.seq).reduce(evolve, thawed)
      assert.deepEqual(freeze(whole), freeze(x.book))
      for (const s of ['A', 'B'])
        for (const k of ['buyQty', 'buyCost', 'sellQty', 'sellCost'] as const)
          assert.ok(eq(pledgeIn(whole, s)[k], pledgeIn(x.book, s)[k]), `${s} ${k}`)
      assert.deepEqual(ordersOf(events), freeze(x.book).orders)
    }),
    RUNS,
  )
})

it('positions and cash are folds over the trades, and cash plus holdings is equity', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const { x } = play(moves, () => {})
      const trades = [...values(x.book.orders)].flatMap((o) => o.trades).sort((a, b) => a.seq - b.seq)
      let flow: Decimal = RULES.initialCash
      let worth: Decimal = ZERO
      for (const s of ['A', 'B']) {
        const p = positionOf(
          s,
          trades.filter((t) => t.symbol === s),
        )
        const held = x.book.positions.get(s)
        for (const k of ['netQty', 'cost', 'realizedPnl', 'cashFlow', 'commission'] as const)
          assert.equal(compare(p[k], held?.[k] ?? ZERO), 0, `${s} ${k}`)
        flow = plus(flow, p.cashFlow)
        worth = plus(worth, times(p.netQty, x.board.ticks.get(s)?.last ?? ZERO))
      }
      assert.ok(eq(cash(x), flow))
      assert.ok(eq(equity(x), plus(flow, worth)))
    }),
    RUNS,
  )
})

it('a pair and the legs of a bracket never close more than they guard', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const forced = new Set<OrderID>()
      play(moves, (x, events, god) => {
        // A trade by the hand of God, or one taken back after the exits had traded, is what these rules cannot foresee.
        if (god || events.some((e) => e.kind === 'Busted'))
          for (const e of events)
            for (const o of values(x.book.orders))
              if (touches(x, o, e.orderID) || o.legs.some((l) => touches(x, ordersOfID(x, l.orderID), e.orderID)))
                forced.add(latest(x.book, o).orderID)
        for (const o of values(x.book.orders)) {
          const legs = o.legs.flatMap((l) => ordersOfID(x, l.orderID) ?? [])
          if (generations(x.book, o).some(({ orderID }) => forced.has(orderID))) forced.add(o.orderID)
          if (legs.length === 0 || forced.has(o.orderID)) continue
          const bought = filledQty(x.book, o)
          const closed = sum(legs.map((l) => filledQty(x.book, l)))
          assert.ok(!gt(closed, bought))
          for (const leg of legs) {
            if (leg.state === 'Held') assert.ok(isZero(bought))
            if (leg.state === 'Working')
              assert.ok(eq(leaves(leg), minus(bought, closed)), 'a working leg guards what is left')
          }
          if (!isLive(o) && isZero(bought)) assert.ok(legs.every((l) => !isLive(l)))
        }
      })
    }),
    RUNS,
  )
})

const touches = (x: Exchange, o: BookOrder | undefined, id: OrderID) =>
  o !== undefined && generations(x.book, o).some(({ orderID }) => orderID === id)

it('of an order and those in whose place it is one is open, and together they fill no more than was asked last', () => {
  let replaced = 0
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const forced = new Set<OrderID>()
      play(moves, (x, events, god) => {
        if (god || events.some((e) => e.kind === 'Busted')) for (const e of events) forced.add(e.orderID)
        for (const o of values(x.book.orders)) {
          if (o.replaces === null) continue
          replaced++
          const all = generations(x.book, o)
          assert.ok(all.slice(1).every(({ state }) => state === 'Replaced'))
          assert.equal(ordersOfID(x, o.replaces)?.replacedBy, o.orderID)
          if (all.some(({ orderID }) => forced.has(orderID)) || o.state === 'Replaced') continue
          const before = minus(filledQty(x.book, o), o.cumQty)
          if (o.role === null) assert.ok(lte(filledQty(x.book, o), plus(o.terms.orderQty, before)))
        }
        for (const o of values(x.book.orders))
          for (const id of [o.parentOrderID, o.siblingOrderID, ...o.legs.map((l) => l.orderID)])
            if (id !== null) assert.equal(ordersOfID(x, id)?.replacedBy, null, 'nobody points to what was replaced')
      })
    }),
    RUNS,
  )
  assert.ok(replaced > 0)
})

it('what was retired can be recalled', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      const { x } = play(moves, () => {})
      const closed = [...values(x.book.orders)].filter((o) => !isLive(o))
      const small = retire(x.book, closed)
      assert.equal(small.orders.size, x.book.orders.size - closed.length)
      assert.deepEqual(freeze(recall(small, closed)), freeze(x.book))
    }),
    RUNS,
  )
})
