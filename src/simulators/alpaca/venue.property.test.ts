import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import fc from 'fast-check'
import { isLive, orderOf as engineOrder } from '../../exchange/book.ts'
import { handMarket } from '../../markets/hand.ts'
import { INSTRUMENTS } from '../../markets/listing.ts'
import { amt, type Decimal, eq, gte, minus, negate, plus, px, qty, shortest, ZERO } from '../../values/decimal.ts'
import { type Instant, parseInstant } from '../../values/instant.ts'
import { readAsk, readPatch } from './ask.ts'
import type { Frame } from './books.ts'
import { netOf } from './ledger.ts'
import { isFinal, type Order } from './order.ts'
import { isRefusal } from './refusal.ts'
import { openVenue, type Venue } from './venue.ts'

const folder = mkdtempSync(join(tmpdir(), 'venue-'))
after(() => rmSync(folder, { recursive: true }))

const SYMBOLS = ['AAPL', 'BTC/USD', 'SIM.OVERFILL'] as const
const price = (n: number): string => String(95 + n)

/** What can be asked of the broker, what its market does, and what nobody asked for. Numbers choose among what there is. */
const deed = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('place' as const),
      symbol: fc.constantFrom(...SYMBOLS),
      side: fc.constantFrom('buy', 'sell'),
      kind: fc.nat(8),
      size: fc.integer({ min: 1, max: 9 }),
      at: fc.nat(10),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      symbol: fc.constantFrom(...SYMBOLS),
      at: fc.nat(10),
      size: fc.option(fc.integer({ min: 1, max: 6 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('replace' as const),
      which: fc.nat(30),
      size: fc.integer({ min: 1, max: 12 }),
      at: fc.nat(10),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('session' as const), open: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('bust' as const, 'correct' as const, 'trade' as const),
      which: fc.nat(30),
      size: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), symbol: fc.constantFrom(...SYMBOLS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('whim' as const), which: fc.nat(3), on: fc.boolean() }) },
)
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never

/** Each kind of order, as a body. */
function bodyOf({ symbol, side, kind, size, at }: Extract<Deed, { do: 'place' }>): unknown {
  const up = side === 'buy' ? 3 : -3
  const base = { symbol, side, qty: String(size), time_in_force: symbol === 'BTC/USD' ? 'gtc' : 'day' }
  const exits = { take_profit: { limit_price: price(at + up) }, stop_loss: { stop_price: price(at - up) } }
  const kinds: readonly Record<string, unknown>[] = [
    { type: 'market' },
    { type: 'limit', limit_price: price(at) },
    { type: 'stop_limit', limit_price: price(at), stop_price: price(at) },
    { type: 'stop', stop_price: price(at) },
    { type: 'trailing_stop', trail_price: '2' },
    { type: 'limit', limit_price: price(at), order_class: 'bracket', ...exits },
    {
      type: 'limit',
      order_class: 'oco',
      ...exits,
      take_profit: { limit_price: price(at - up) },
      stop_loss: { stop_price: price(at + up) },
    },
    { type: 'market', order_class: 'oto', stop_loss: exits.stop_loss },
    { type: 'market', time_in_force: 'ioc' },
  ]
  return { ...base, ...kinds[kind] }
}

function world(file: string) {
  let now = parseInstant('2026-11-20T14:31:00Z') as Instant
  const clock = { now: () => now, monotonicNs: () => 0n, sleep: async () => {} }
  const market = handMarket(INSTRUMENTS)
  const show = (symbol: string, at: number, size: number | null): void => {
    now = (now + 2_000_000) as Instant
    const offered = size === null ? null : qty(String(size))
    market.set(symbol, { bid: px(price(at)), ask: px(`${price(at)}.02`), bidQty: offered, askQty: offered }, now)
  }
  for (const symbol of SYMBOLS) show(symbol, 5, null)
  const open = (): Venue =>
    openVenue({ market, clock, initialCash: amt('1000000'), seed: 1, stateFile: file, log: () => {} })
  return { market, show, open, now: () => now }
}

const pick = <T>(all: readonly T[], which: number): T | undefined => all[which % Math.max(all.length, 1)]

function enact(deeds: readonly Deed[], w: ReturnType<typeof world>, venue: Venue): void {
  for (const d of deeds) {
    const orders = [...venue.orders.values()]
    switch (d.do) {
      case 'place': {
        const ask = readAsk(bodyOf(d))
        if (!isRefusal(ask)) venue.place(ask)
        break
      }
      case 'tick':
        w.show(d.symbol, d.at, d.size)
        break
      case 'cancel': {
        const order = pick(orders, d.which)
        if (order) venue.cancel(order.id)
        break
      }
      case 'replace': {
        const order = pick(
          orders.filter((o) => !isFinal(o)),
          d.which,
        )
        const body = { qty: String(d.size), ...(order?.limitPrice ? { limit_price: price(d.at) } : {}) }
        const patch = readPatch(body)
        if (order && !isRefusal(patch)) venue.replace(order.id, patch)
        break
      }
      case 'session':
        for (const symbol of SYMBOLS) if (symbol !== 'BTC/USD') w.market[d.open ? 'open' : 'close'](symbol, w.now())
        break
      case 'trade': {
        const order = pick(
          orders.filter((o) => o.exchangeID),
          d.which,
        )
        if (order) venue.trade(order.id, qty(String(d.size)), px('100'))
        break
      }
      case 'bust':
      case 'correct': {
        const execution = pick(
          [...venue.executions.values()].filter((e) => e.live),
          d.which,
        )
        if (!execution) break
        if (d.do === 'bust') venue.bust(execution.id)
        else venue.correct(execution.id, qty(String(d.size)), px('101'))
        break
      }
      case 'close':
        venue.closePosition(d.symbol, { qty: null, percentage: null })
        break
      case 'whim':
        if (d.which === 0) venue.whims.carryFills = d.on
        if (d.which === 1) venue.whims.lostReplaces = d.on ? 1 : 0
        if (d.which === 2) venue.whims.delayAck = d.on
        if (d.which === 3) venue.whims.stuckCancel = d.on
        if (d.which === 2 && !d.on) venue.release()
        if (d.which === 3 && !d.on) venue.finishCancels()
    }
  }
}

const sum = (all: readonly Decimal[]): Decimal => all.reduce((a, b) => plus(a, b), ZERO)
const same = (a: Decimal, b: Decimal, what: string): void =>
  assert.ok(eq(a, b), `${what}: ${shortest(a)} and ${shortest(b)}`)

/** What always holds, whatever was asked in whatever order. */
function holds(venue: Venue, frames: readonly Frame[]): void {
  const executions = [...venue.executions.values()]
  const { book } = venue.exchange()
  for (const symbol of SYMBOLS) {
    const own = executions.filter((e) => e.symbol === symbol && e.live)
    const net = sum(own.map((e) => (e.side === 'buy' ? minus<Decimal>(e.qty, e.fee) : negate<Decimal>(e.qty))))
    same(
      netOf(book, venue.fees(), symbol),
      symbol === 'BTC/USD' ? net : sum(own.map((e) => (e.side === 'buy' ? e.qty : negate<Decimal>(e.qty)))),
      `position of ${symbol}`,
    )
  }
  const open = new Set(venue.openOrders().map((o) => o.id))
  for (const order of venue.orders.values()) {
    const what = `order ${order.id} (${order.type}, ${order.status})`
    const own = executions.filter((e) => e.orderID === order.id && e.live)
    same(minus<Decimal>(order.filledQty, order.carriedQty), sum(own.map((e) => e.qty)), `what ${what} has filled`)
    assert.equal(open.has(order.id), !isFinal(order), `${what} is open or not`)
    if (order.status === 'filled') assert.ok(gte(order.filledQty, order.qty), `${what} has filled its size`)
    familyHolds(venue, order, what)
    if (order.exchangeID === null) continue
    const engine = engineOrder(book, order.exchangeID)
    assert.ok(engine, `${what} is in the engine`)
    const live = isLive(engine)
    if (order.status !== 'filled')
      assert.equal(live, !isFinal(order), `${what} is alive in the engine: ${engine.state}`)
    same(minus<Decimal>(order.filledQty, order.carriedQty), engine.cumQty, `what ${what} has filled in the engine`)
  }
  // The last that the stream has said about an order that it ever spoke of is how it ended, but for what is never told.
  const said = new Map(frames.map((f) => [f.orderID, f.data['order'] as { status: string }]))
  for (const [id, { status }] of said) {
    const order = venue.orders.get(id) as Order
    if (isFinal(order) && !order.parentID) assert.equal(status, order.status, `the stream about ${id}`)
  }
}

function familyHolds(venue: Venue, order: Order, what: string): void {
  for (const id of order.legIDs) assert.equal(venue.orders.get(id)?.parentID, order.id, `a leg of ${what}`)
  const waits = order.role !== 'entry' && order.parentID !== null && order.exchangeID === null && !isFinal(order)
  if (!waits) return
  const parent = venue.orders.get(order.parentID ?? '')
  assert.ok(parent && !isFinal(parent), `${what} waits for an entry that may still fill`)
}

it('whatever is asked, in whatever order: the books agree with the engine, the stream with the books, and a restart with both', async () => {
  let n = 0
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 5, maxLength: 60, size: 'max' }), async (deeds) => {
      const file = join(folder, `state-${n++}.jsonl`)
      const w = world(file)
      const venue = w.open()
      const frames: Frame[] = []
      venue.onFrames((all) => frames.push(...all))
      enact(deeds, w, venue)
      await new Promise((resolve) => setImmediate(resolve))
      holds(venue, frames)
      const was = { orders: [...venue.orders], executions: [...venue.executions], booked: [...venue.booked] }
      venue.close()
      // A restart hands on what was held back; everything else is as it was.
      if (was.orders.some(([, o]) => o.status === 'pending_new' || (o.status === 'accepted' && o.exchangeID === null)))
        return
      const again = w.open()
      assert.deepEqual({ orders: [...again.orders], executions: [...again.executions], booked: [...again.booked] }, was)
      again.close()
    }),
    { numRuns: 150 },
  )
})
