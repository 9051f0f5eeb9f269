import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Terms } from '../../orders/terms.ts'
import type { Broker, CancelSent, Sent } from '../../ports/broker.ts'
import type { Fault } from '../../simulators/alpaca/fate.ts'
import type { AlpacaTruth } from '../../simulators/alpaca/server.ts'
import type { ExecID, OrderID } from '../../values/brand.ts'
import { dec, type Decimal, plus, px, qty, shortest, ZERO } from '../../values/decimal.ts'
import { instant } from '../../values/instant.ts'
import { type AlpacaBench, alpacaBench, entry, id, RESTING } from './bench.contract.ts'

// Every way in which an answer can be lost or unclear, at every request that changes something, held against what the
// broker has really done: one request, at most one order, no fill lost, and no "rejected" that the broker has not said.

/** Long enough for an answer on loopback, short enough to wait for one that does not come. */
const SHORT_MS = 700

type Unclear = { readonly name: string; readonly done: boolean; readonly fault: Fault; readonly says: RegExp }
const unclear = (name: string, kind: 'drop' | 'hang' | 'garbage' | 'empty', says: RegExp): Unclear[] =>
  (kind === 'empty' ? (['after'] as const) : (['before', 'after'] as const)).map((when) => ({
    name: `${name}, ${when === 'after' ? 'and it was done' : 'and nothing was done'}`,
    done: when === 'after',
    fault: { kind: `${kind}-${when}` } as Fault,
    says,
  }))
const status = (code: number, says: RegExp, body?: unknown): Unclear[] =>
  (['before', 'after'] as const).map((when) => ({
    name: `${code}${body === '' ? ' with nothing' : ''}, ${when === 'after' ? 'and it was done' : 'and nothing was done'}`,
    done: when === 'after',
    fault: { kind: `status-${when}`, status: code, ...(body !== undefined && { body }) },
    says,
  }))
const tooMany = (headers: Record<string, string>): Unclear => ({
  name: `429 ${headers['Retry-After'] ? 'with' : 'without'} Retry-After`,
  done: false,
  fault: { kind: 'status-before', status: 429, headers },
  says: /429: too many requests/,
})

const UNCLEAR: readonly Unclear[] = [
  ...unclear('the connection breaks', 'drop', /socket|terminated|reset/i),
  ...unclear('no answer comes', 'hang', /no answer within/),
  ...unclear('the answer is garbage', 'garbage', /something that|cannot be read/),
  ...unclear('the answer is empty', 'empty', /something that|cannot be read/),
  ...status(500, /500: Internal Server Error/),
  ...status(502, /HTTP 502 without a reason/),
  ...status(503, /HTTP 503/),
  ...status(503, /HTTP 503/, ''),
  ...status(504, /HTTP 504/),
  ...status(408, /HTTP 408/, ''),
  ...status(425, /HTTP 425/, ''),
  tooMany({}),
  tooMany({ 'Retry-After': '1' }),
  // A proxy between us and them may say anything: without Alpaca's own words it is not its no.
  ...status(403, /HTTP 403 without a reason/, '<html>forbidden</html>'),
  ...status(404, /HTTP 404 without a reason/, '<html>nginx</html>'),
  ...status(401, /HTTP 401 without a reason/, '<html>nginx</html>'),
  ...status(451, /HTTP 451 without a reason/, ''),
]

/** Section "errors" of the facts, row by row: what is Alpaca's no. */
// biome-ignore format: a table reads in columns
const REFUSED: readonly (readonly [status: number, body: object])[] = [
  [400, { code: 40010000, message: 'request body format is invalid' }],
  [401, { code: 40110000, message: 'access key verification failed : verification failure' }],
  [401, { message: 'unauthorized.' }],
  [403, { message: 'forbidden.' }],
  [403, { code: 40310000, message: 'insufficient buying power', buying_power: '1', cost_basis: '2' }],
  [403, { code: 40310000, message: 'potential wash trade detected. use complex orders', existing_order_id: 'x' }],
  [403, { code: 40310000, message: 'new orders are rejected by user request' }],
  [403, { code: 40310100, message: 'trade denied due to pattern day trading protection' }],
  [422, { code: 40010001, message: 'qty or notional is required' }],
  [422, { code: 40010001, message: "unable to replace order, order isn't sent to exchange yet" }],
  [422, { code: 42210000, message: 'invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria' }],
  [422, { code: 42210000, message: 'order parameters are not changed' }],
  [451, { message: 'not available in your region' }],
]

type Outcome = Sent | CancelSent | Awaited<ReturnType<Broker['closeAll']>>
type Write = {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly prepare: (b: AlpacaBench) => Promise<OrderID>
  readonly act: (broker: Broker, prepared: OrderID) => Promise<Outcome>
  /** Whether the broker has done it, by its own book. */
  readonly isDone: (truth: AlpacaTruth, prepared: OrderID) => boolean
  /** New orders that it may have made. */
  readonly made: (truth: AlpacaTruth, prepared: OrderID) => number
  /** How the gateway finds out, and whether it may then ask again. */
  readonly learns: (broker: Broker, prepared: OrderID) => Promise<boolean>
  readonly repeatable: boolean
}

const place = async (b: AlpacaBench, name: string, over: Partial<Terms>): Promise<OrderID> => {
  const sent = await b.broker.submit(id(name), entry(over))
  await b.settle()
  return sent.outcome === 'accepted' ? sent.orderID : assert.fail(JSON.stringify(sent))
}
const named = (truth: AlpacaTruth, name: string) => truth.orders.filter((o) => o.client_order_id === name)
const statusOf = (truth: AlpacaTruth, orderID: OrderID) => truth.orders.find((o) => o.order_id === orderID)?.status
/** Sales that no order of ours asked for: what a close makes. */
const closing = (truth: AlpacaTruth) => truth.orders.filter((o) => o.side === 'sell').length
const isFlat = async (broker: Broker) => (await broker.positions()).length === 0

const WRITES: readonly Write[] = [
  {
    name: 'a new order that fills',
    method: 'POST',
    path: '/v2/orders',
    prepare: async () => '' as OrderID,
    act: (broker) => broker.submit(id('c-1'), entry()),
    isDone: (truth) => named(truth, 'c-1').length === 1,
    made: (truth) => named(truth, 'c-1').length,
    learns: async (broker) => (await broker.find(id('c-1'))).found,
    repeatable: true,
  },
  {
    name: 'a new bracket that rests',
    method: 'POST',
    path: '/v2/orders',
    prepare: async () => '' as OrderID,
    act: (broker) =>
      broker.submit(id('c-1'), entry({ ...RESTING, bracket: { stopPx: px('80.00'), targetPx: px('110.00') } })),
    isDone: (truth) => named(truth, 'c-1').length === 1,
    made: (truth) => named(truth, 'c-1').length,
    learns: async (broker) => {
      const found = await broker.find(id('c-1'))
      if (found.found) assert.deepEqual(found.order.legs.map((l) => l.role).sort(), ['Stop', 'Target'])
      return found.found
    },
    repeatable: true,
  },
  {
    name: 'a replacement',
    method: 'PATCH',
    path: '/v2/orders/{order_id}',
    prepare: (b) => place(b, 'c-0', RESTING),
    act: (broker, old) =>
      broker.replace({ clOrdID: id('c-0'), orderID: old }, id('c-1'), entry({ ...RESTING, price: px('91.00') })),
    isDone: (truth, old) => statusOf(truth, old) === 'replaced' && named(truth, 'c-1').length === 1,
    made: (truth) => named(truth, 'c-1').length,
    learns: async (broker, old) => {
      const [before, after] = [await broker.findByOrderID(old), await broker.find(id('c-1'))]
      assert.ok(before.found)
      // One of the two is open, never both, never none.
      assert.notEqual(before.order.open, after.found && after.order.open)
      return after.found
    },
    repeatable: true,
  },
  {
    name: 'a cancel',
    method: 'DELETE',
    path: '/v2/orders/{order_id}',
    prepare: (b) => place(b, 'c-0', RESTING),
    act: (broker, order) => broker.cancel({ clOrdID: id('c-0'), orderID: order }),
    isDone: (truth, order) => statusOf(truth, order) === 'canceled',
    made: () => 0,
    learns: async (broker, order) => {
      const found = await broker.findByOrderID(order)
      return found.found && !found.order.open
    },
    repeatable: true,
  },
  {
    name: 'a cancel of everything',
    method: 'DELETE',
    path: '/v2/orders',
    prepare: (b) => place(b, 'c-0', RESTING),
    act: (broker) => broker.cancelAll(),
    isDone: (truth, order) => statusOf(truth, order) === 'canceled',
    made: () => 0,
    learns: async (broker) => (await broker.openOrders()).length === 0,
    repeatable: true,
  },
  {
    name: 'a close',
    method: 'DELETE',
    path: '/v2/positions/{symbol_or_asset_id}',
    prepare: (b) => place(b, 'c-0', {}),
    act: (broker) => broker.closePosition('AAPL'),
    isDone: (truth) => closing(truth) === 1,
    made: closing,
    learns: isFlat,
    repeatable: false,
  },
  {
    name: 'a close of everything',
    method: 'DELETE',
    path: '/v2/positions',
    prepare: (b) => place(b, 'c-0', {}),
    act: (broker) => broker.closeAll(),
    isDone: (truth) => closing(truth) === 1,
    made: closing,
    learns: isFlat,
    repeatable: false,
  },
]

/** Every execution of the broker's book is in the reports, once, with its size; and nothing else is. */
async function noFillIsLost({ broker, simulator }: AlpacaBench): Promise<void> {
  const reported = new Map<ExecID, Decimal>()
  for (const r of await broker.reportsSince(instant(0))) if (r.execType === 'Trade') reported.set(r.execID, r.lastQty)
  const sum = (sizes: Iterable<Decimal>): string => shortest([...sizes].reduce<Decimal>((a, b) => plus(a, b), ZERO))
  const { executions } = simulator.truth()
  assert.equal(reported.size, executions.length)
  assert.equal(sum(reported.values()), sum(executions.map((e) => dec(e.qty))))
}

async function withBench(options: { readonly deadlineMs?: number }, run: (b: AlpacaBench) => Promise<void>) {
  const b = await alpacaBench(options)
  try {
    await run(b)
  } finally {
    await b.close()
  }
}

// Most of the time is spent waiting for answers that do not come.
for (const write of WRITES)
  describe(`${write.name}:`, { concurrency: 6 }, () => {
    const { method, path } = write
    const asked = (truth: AlpacaTruth): number => truth.requests[`${method} ${path}`] ?? 0

    for (const { name, done, fault, says } of UNCLEAR)
      it(`${name}, is in doubt, and is found out`, () =>
        withBench(fault.kind.startsWith('hang') ? { deadlineMs: SHORT_MS } : {}, async (b) => {
          const { simulator } = b
          const prepared = await write.prepare(b)
          const before = asked(simulator.truth())
          simulator.fate.on({ method, path, do: fault })
          const sent = await write.act(b.broker, prepared)
          assert.equal(sent.outcome, 'in-doubt')
          assert.match(sent.outcome === 'in-doubt' ? sent.cause : '', says)
          assert.equal(asked(simulator.truth()), before + 1, 'one attempt')

          await b.settle()
          assert.equal(write.isDone(simulator.truth(), prepared), done)
          assert.equal(await write.learns(b.broker, prepared), done)
          await noFillIsLost(b)

          // What may be asked again, under the same name, is; what may not is asked for only where nothing was done.
          if (write.repeatable || !done) {
            const again = await write.act(b.broker, prepared)
            const fine =
              again.outcome === 'accepted' || again.outcome === 'answered' || (done && again.outcome === 'rejected')
            assert.ok(fine, JSON.stringify(again))
            await b.settle()
          }
          const truth = simulator.truth()
          assert.ok(write.isDone(truth, prepared))
          assert.ok(write.made(truth, prepared) <= 1, 'never two orders')
          assert.equal(await write.learns(b.broker, prepared), true)
          await noFillIsLost(b)
        }))

    for (const [code, body] of REFUSED)
      it(`${code} ${JSON.stringify(body)} is the broker's no, in its words`, () =>
        withBench({}, async (b) => {
          const { simulator } = b
          const prepared = await write.prepare(b)
          const before = asked(simulator.truth())
          simulator.fate.on({ method, path, do: { kind: 'status-before', status: code, body } })
          const sent = await write.act(b.broker, prepared)
          const texts =
            sent.outcome === 'answered'
              ? sent.positions.map((p) => (p.sent.outcome === 'rejected' ? p.sent.text : p.sent.outcome))
              : [sent.outcome === 'rejected' ? sent.text : sent.outcome]
          assert.equal(texts.length, 1)
          for (const [key, value] of Object.entries(body))
            assert.ok(texts[0]?.includes(String(value)), `${texts[0]} says ${key}`)
          assert.equal(asked(simulator.truth()), before + 1, 'one attempt')
          assert.equal(write.isDone(simulator.truth(), prepared), false)
          assert.equal(write.made(simulator.truth(), prepared), 0)
          const keys = code === 401 || !('code' in body)
          const told = b.notices.some((n) => n.kind === 'odd' && /does not accept the keys/.test(n.text))
          assert.equal(told, keys && code !== 451)
        }))
  })

describe('a name that is taken', () => {
  const TAKEN = {
    kind: 'status-before',
    status: 422,
    body: { code: 40010001, message: 'client_order_id must be unique' },
  } as const

  it('by the same order is that order', () =>
    withBench({}, async (b) => {
      const orderID = await place(b, 'c-1', RESTING)
      assert.deepEqual(await b.broker.submit(id('c-1'), entry(RESTING)), { outcome: 'accepted', orderID, legs: [] })
    }))
  it('by the same bracket is that bracket, exits included', () =>
    withBench({}, async (b) => {
      const bracket = { ...RESTING, bracket: { stopPx: px('80.00'), targetPx: px('110.00') } }
      await place(b, 'c-1', bracket)
      const again = await b.broker.submit(id('c-1'), entry(bracket))
      assert.deepEqual(again.outcome === 'accepted' && again.legs.map((l) => l.role).sort(), ['Stop', 'Target'])
    }))

  // biome-ignore format: a table reads in columns
  const others: readonly (readonly [what: string, over: Partial<Terms>])[] = [
    ['another size',   { ...RESTING, orderQty: qty('11') }],
    ['another price',  { ...RESTING, price: px('90.01') }],
    ['another side',   { ...RESTING, side: 'Sell', price: px('110.00') }],
    ['another type',   { ...RESTING, ordType: 'Stop', price: null, stopPx: px('120.00') }],
    ['another symbol', { ...RESTING, symbol: 'MSFT' }],
  ]
  for (const [what, over] of others)
    it(`by an order of ${what} is refused, loudly`, () =>
      withBench({}, async (b) => {
        const orderID = await place(b, 'c-1', RESTING)
        b.simulator.fate.on({ method: 'POST', path: '/v2/orders', do: TAKEN })
        const sent = await b.broker.submit(id('c-1'), entry(over))
        assert.ok(sent.outcome === 'rejected' && /belongs to ANOTHER order/.test(sent.text), JSON.stringify(sent))
        assert.ok(b.notices.some((n) => n.kind === 'odd' && n.subject === orderID))
        assert.equal(b.simulator.truth().orders.length, 1)
      }))

  it('by an order that is not listed yet is in doubt', () =>
    withBench({}, async (b) => {
      await place(b, 'c-1', RESTING)
      b.simulator.fate.hideOrder('c-1', 1)
      const sent = await b.broker.submit(id('c-1'), entry(RESTING))
      assert.ok(sent.outcome === 'in-doubt' && /knows no such order/.test(sent.cause))
    }))
  it('by an order that cannot be asked for now is in doubt', () =>
    withBench({}, async (b) => {
      await place(b, 'c-1', RESTING)
      b.failReads(1)
      const sent = await b.broker.submit(id('c-1'), entry(RESTING))
      assert.ok(sent.outcome === 'in-doubt' && /could not be asked/.test(sent.cause))
    }))
  it('does not come from a message that merely sounds alike', () =>
    withBench({}, async (b) => {
      const body = { code: 40010001, message: 'client_order_id is too long' }
      b.simulator.fate.on({ method: 'POST', path: '/v2/orders', do: { ...TAKEN, body } })
      assert.deepEqual(await b.broker.submit(id('c-1'), entry(RESTING)), {
        outcome: 'rejected',
        text: '422 40010001: client_order_id is too long',
      })
    }))
})

describe('an answer that is not about our order', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, body: unknown])[] = [
    ['another name',  { id: 'x', client_order_id: 'other', status: 'new', created_at: '2026-11-20T14:00:00Z', symbol: 'AAPL', side: 'buy', qty: '10' }],
    ['no id',         { client_order_id: 'c-1', status: 'new', created_at: '2026-11-20T14:00:00Z' }],
    ['a list',        []],
    ['nothing in it', {}],
    ['a word',        '"ok"'],
  ]
  for (const [what, body] of rows)
    it(`${what} in a 200 is doubt`, () =>
      withBench({}, async (b) => {
        b.simulator.fate.on({ method: 'POST', path: '/v2/orders', do: { kind: 'status-after', status: 200, body } })
        const sent = await b.broker.submit(id('c-1'), entry())
        assert.equal(sent.outcome, 'in-doubt')
        await b.settle()
        assert.equal((await b.broker.find(id('c-1'))).found, true)
        await noFillIsLost(b)
      }))
})

describe('lines of a 207', () => {
  it('a cancel of everything names those that could not be canceled', () =>
    withBench({}, async (b) => {
      const [one, two] = [await place(b, 'c-1', RESTING), await place(b, 'c-2', RESTING)]
      const no = { code: 42210000, message: 'order pending replacement' }
      const lines = [
        { id: one, status: 200 },
        { id: two, status: 422, body: no },
      ]
      b.simulator.fate.on({
        method: 'DELETE',
        path: '/v2/orders',
        do: { kind: 'status-before', status: 207, body: lines },
      })
      const sent = await b.broker.cancelAll()
      assert.equal(
        sent.outcome === 'rejected' && sent.text,
        `1 of 2 orders could not be canceled: ${two}: 422 42210000: order pending replacement`,
      )
    }))
  it('those that have ended meanwhile are no failure', () =>
    withBench({}, async (b) => {
      const filled = await place(b, 'c-1', {})
      const lines = [
        { id: filled, status: 422, body: { code: 42210000, message: 'order is already in "filled" state' } },
      ]
      b.simulator.fate.on({
        method: 'DELETE',
        path: '/v2/orders',
        do: { kind: 'status-before', status: 207, body: lines },
      })
      assert.deepEqual(await b.broker.cancelAll(), { outcome: 'accepted' })
    }))
  it('each position that is closed has an answer of its own', () =>
    withBench({}, async (b) => {
      await place(b, 'c-1', {})
      const lines = [
        {
          symbol: 'AAPL',
          status: 403,
          body: { code: 40310000, message: 'insufficient qty available', held_for_orders: '10' },
        },
        { symbol: 'MSFT', status: 500, body: { message: 'Internal Server Error' } },
        { symbol: 'TSLA', status: 200, body: null },
      ]
      b.simulator.fate.on({
        method: 'DELETE',
        path: '/v2/positions',
        do: { kind: 'status-before', status: 207, body: lines },
      })
      const sent = await b.broker.closeAll()
      assert.deepEqual(sent.outcome === 'answered' && sent.positions.map((p) => [p.symbol, p.sent.outcome]), [
        ['AAPL', 'rejected'],
        ['MSFT', 'in-doubt'],
        ['TSLA', 'in-doubt'],
      ])
    }))
})
