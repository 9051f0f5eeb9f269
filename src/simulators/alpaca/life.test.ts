import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { px, qty } from '../../values/decimal.ts'
import { parseInstant, type Instant } from '../../values/instant.ts'
import { type Ear, openBench, settle, type SimulatorBench, until } from './bench.ts'

type Order = Readonly<Record<string, unknown>> & {
  readonly id: string
  readonly status: string
  readonly legs: readonly Order[] | null
}
const market = { type: 'market', limit_price: null } as const
const bracket = {
  ...market,
  order_class: 'bracket',
  take_profit: { limit_price: '200' },
  stop_loss: { stop_price: '180', limit_price: '179.5' },
} as const

let bench: SimulatorBench
let ear: Ear
beforeEach(async () => {
  bench = await openBench()
  bench.simulator.fate.fillFirst('never')
  ear = await bench.listen()
})
afterEach(() => bench.close())

const place = async (over: Readonly<Record<string, unknown>> = {}): Promise<Order> => {
  const reply = await bench.order(over)
  assert.equal(reply.status, 200, reply.text)
  return reply.json as unknown as Order
}
const read = async (id: string): Promise<Order> =>
  (await bench.call('GET', `/v2/orders/${id}?nested=true`)).json as unknown as Order
const list = async (query: string): Promise<Order[]> =>
  (await bench.call('GET', `/v2/orders?${query}`)).json as unknown as Order[]
const legsOf = async (id: string): Promise<string[]> =>
  ((await read(id)).legs ?? []).map((leg) => `${String(leg['type'])} ${leg.status} ${String(leg['qty'])}`)
const held = async (symbol = 'AAPL'): Promise<unknown> => {
  const reply = await bench.call('GET', `/v2/positions/${symbol}`)
  return reply.status === 404 ? '0' : (reply.json as Record<string, unknown>)['qty']
}
async function heard(...words: string[]): Promise<void> {
  await until(() => ear.words().length >= words.length, words.join(', '))
  await settle()
  assert.deepEqual(ear.words(), words)
}

describe('a simple order', () => {
  it('is answered before it is acknowledged, whatever became of it meanwhile', async () => {
    const order = await place({ ...market, client_order_id: 'mine' })
    assert.deepEqual([order.status, order['filled_qty'], order['filled_avg_price']], ['pending_new', '0', null])
    const now = await read(order.id)
    assert.deepEqual([now.status, now['filled_qty'], now['filled_avg_price']], ['filled', '10', '190.02'])
    await heard('pending_new pending_new', 'new new', 'fill filled')
    const [fill] = ear.heard.slice(-1)
    assert.deepEqual(
      ['price', 'qty', 'position_qty'].map((key) => fill?.data[key]),
      ['190.02', '10', '10'],
    )
  })

  it('fills in parts, each with its own price, and its average over all', async () => {
    const { id } = await place({ qty: '10', limit_price: '189.00' })
    bench.show('AAPL', '188.98', '188.99', '4')
    bench.show('AAPL', '188.95', '188.97', '4')
    assert.equal((await read(id)).status, 'partially_filled')
    bench.show('AAPL', '188.95', '188.97', '4')
    const now = await read(id)
    assert.deepEqual([now.status, now['filled_qty'], now['filled_avg_price']], ['filled', '10', '188.982'])
    await until(() => ear.heard.length === 5, 'three fills')
    const fills = ear.heard.slice(2).map(({ event, data }) => [event, data['qty'], data['price'], data['position_qty']])
    assert.deepEqual(fills, [
      ['partial_fill', '4', '189', '4'],
      ['partial_fill', '4', '188.97', '8'],
      ['fill', '2', '188.97', '10'],
    ])
    const ids = ear.heard.slice(2).map(({ data }) => data['execution_id'])
    assert.equal(new Set(ids).size, 3)
  })

  it('is canceled: 204 says that the request was taken, the stream that it is done; once more is no error', async () => {
    const { id } = await place()
    assert.equal((await bench.call('DELETE', `/v2/orders/${id}`)).status, 204)
    await heard('pending_new pending_new', 'new new', 'pending_cancel pending_cancel', 'canceled canceled')
    assert.equal((await bench.call('DELETE', `/v2/orders/${id}`)).status, 204)
  })

  it('cannot be canceled once it has filled', async () => {
    const { id } = await place(market)
    const reply = await bench.call('DELETE', `/v2/orders/${id}`)
    assert.deepEqual(
      [reply.status, reply.json],
      [422, { code: 42210000, message: 'order is already in "filled" state' }],
    )
  })

  // biome-ignore format: a table reads in columns
  const ends: readonly (readonly [name: string, over: Readonly<Record<string, unknown>>, status: string, filled: string])[] = [
    ['immediate or cancel: what is there, and the rest is canceled', { time_in_force: 'ioc', limit_price: '190.02' },  'canceled', '4'],
    ['fill or kill: all or nothing',                                { time_in_force: 'fok', limit_price: '190.02' },  'canceled', '0'],
    ['at the close: for another router',                            { time_in_force: 'cls', limit_price: '190.02' },  'canceled', '0'],
  ]
  for (const [name, over, status, filled] of ends)
    it(name, async () => {
      bench.show('AAPL', '190.00', '190.02', '4')
      const now = await read((await place(over)).id)
      assert.deepEqual([now.status, now['filled_qty']], [status, filled])
    })

  it('for an amount of money has no size, before and after', async () => {
    const order = await place({ ...market, qty: null, notional: '100' })
    assert.deepEqual([order['qty'], order['notional']], [null, '100'])
    const now = await read(order.id)
    assert.deepEqual([now['qty'], now['filled_qty'], now.status], [null, '0.526260393', 'filled'])
    assert.equal(await held(), '0.526260393')
  })

  it('a stop that buys has a worst price, one that sells has none', async () => {
    await place({ ...market, qty: '20' })
    const sell = await place({ side: 'sell', type: 'stop', limit_price: null, stop_price: '180' })
    bench.show('AAPL', '150.00', '150.02')
    assert.equal((await read(sell.id))['filled_avg_price'], '150')
    await place({ ...market, side: 'sell' })
    const buy = await place({ type: 'stop', limit_price: null, stop_price: '160' })
    bench.show('AAPL', '164.05', '164.07')
    assert.equal((await read(buy.id)).status, 'new', 'beyond 164.00, which is 2.5 % above its stop')
    bench.show('AAPL', '163.90', '163.95')
    assert.equal((await read(buy.id)).status, 'filled')
  })

  it('a trailing stop follows the best price and sells when the market comes back', async () => {
    await place(market)
    const { id } = await place({ side: 'sell', type: 'trailing_stop', limit_price: null, trail_percent: '1' })
    bench.show('AAPL', '200.00', '200.02')
    const up = await read(id)
    assert.deepEqual([up['hwm'], up['stop_price'], up.status], ['200', '198', 'new'])
    bench.show('AAPL', '199.00', '199.02')
    assert.equal((await read(id))['stop_price'], '198')
    bench.show('AAPL', '197.90', '197.92')
    const now = await read(id)
    assert.deepEqual([now.status, now['filled_avg_price']], ['filled', '197.9'])
  })
})

describe('a session', () => {
  it('that is over: orders are accepted, wait, and are new at the next', async () => {
    bench.market.close('AAPL', bench.now())
    const order = await place({ limit_price: '191.00' })
    assert.equal(order.status, 'accepted')
    const refused = await bench.call('PATCH', `/v2/orders/${order.id}`, { qty: '5' })
    assert.deepEqual(
      [refused.status, refused.json],
      [422, { code: 40010001, message: "unable to replace order, order isn't sent to exchange yet" }],
    )
    bench.market.open('AAPL', bench.now())
    assert.equal((await read(order.id)).status, 'new')
    bench.show('AAPL', '190.00', '190.02')
    assert.equal((await read(order.id)).status, 'filled')
    await heard('accepted accepted', 'new new', 'fill filled')
  })

  it('that ends takes day orders with it, and nothing else', async () => {
    const day = await place()
    const gtc = await place({ time_in_force: 'gtc' })
    bench.wait(1000)
    bench.market.close('AAPL', bench.now())
    assert.deepEqual([(await read(day.id)).status, (await read(gtc.id)).status], ['expired', 'new'])
    assert.ok((await read(day.id))['expired_at'])
  })

  it('an order without an end is canceled after ninety days', async () => {
    const { id } = await place({ time_in_force: 'gtc' })
    bench.wait(89 * 86_400_000)
    bench.market.close('AAPL', bench.now())
    assert.equal((await read(id)).status, 'new')
    bench.wait(2 * 86_400_000)
    bench.market.open('AAPL', bench.now())
    assert.equal((await read(id)).status, 'canceled')
  })

  it('extended hours: an order that may trade then is not queued', async () => {
    bench.market.close('AAPL', bench.now())
    assert.equal((await place({ extended_hours: true })).status, 'pending_new')
  })

  it('by the clock: a day order ends at four in New York, any other after ninety days', async () => {
    assert.equal((await place())['expires_at'], '2026-11-20T21:00:00Z')
    assert.equal((await place({ time_in_force: 'gtc' }))['expires_at'], '2027-02-18T21:15:00Z')
    assert.equal((await place({ extended_hours: true }))['expires_at'], '2026-11-21T01:00:00Z')
    const night = await openBench({ at: parseInstant('2026-11-21T03:00:00Z') as Instant })
    assert.equal((await night.order()).json['expires_at'], '2026-11-23T21:00:00Z')
    await night.close()
  })
})

describe('a bracket', () => {
  it('holds its exits until the entry has filled whole', async () => {
    bench.show('AAPL', '190.00', '190.02', '4')
    const { id } = await place(bracket)
    assert.deepEqual(await legsOf(id), ['limit held 10', 'stop_limit held 10'])
    assert.equal((await read(id)).status, 'partially_filled')
    bench.show('AAPL', '190.00', '190.02', '6')
    assert.deepEqual(await legsOf(id), ['limit new 10', 'stop_limit held 10'])
  })

  it('leaves what a canceled entry has filled without exits', async () => {
    bench.show('AAPL', '190.00', '190.02', '4')
    const { id } = await place(bracket)
    await bench.call('DELETE', `/v2/orders/${id}`)
    assert.deepEqual(await legsOf(id), ['limit canceled 10', 'stop_limit canceled 10'])
    assert.equal(await held(), '4')
  })

  it('the target ends the stop, without a word about it', async () => {
    const { id } = await place(bracket)
    bench.show('AAPL', '200.00', '200.02')
    assert.deepEqual(await legsOf(id), ['limit filled 10', 'stop_limit canceled 10'])
    await heard('pending_new pending_new', 'new new', 'fill filled', 'new new', 'fill filled')
    assert.equal(await held(), '0')
  })

  it('the stop ends the target', async () => {
    const { id } = await place(bracket)
    bench.show('AAPL', '179.90', '179.92')
    assert.deepEqual(await legsOf(id), ['limit canceled 10', 'stop_limit filled 10'])
    await heard(
      'pending_new pending_new',
      'new new',
      'fill filled',
      'new new',
      // The stop is reached and fills, and the target is canceled aloud.
      'new new',
      'fill filled',
      'canceled canceled',
    )
  })

  it('a part of the target takes as much off the stop', async () => {
    const { id } = await place(bracket)
    bench.show('AAPL', '200.00', '200.02', '3')
    assert.deepEqual(await legsOf(id), ['limit partially_filled 10', 'stop_limit held 7'])
  })

  it('with one exit canceled is over', async () => {
    const { id } = await place(bracket)
    const [target] = (await read(id)).legs ?? []
    await bench.call('DELETE', `/v2/orders/${target?.id}`)
    assert.deepEqual(await legsOf(id), ['limit canceled 10', 'stop_limit canceled 10'])
  })

  it('with one exit canceled before the entry fills loses the entry too', async () => {
    const { id } = await place({ ...bracket, type: 'limit', limit_price: '185.00' })
    const [, stop] = (await read(id)).legs ?? []
    await bench.call('DELETE', `/v2/orders/${stop?.id}`)
    assert.equal((await read(id)).status, 'canceled')
    assert.deepEqual(await legsOf(id), ['limit canceled 10', 'stop_limit canceled 10'])
  })

  it('is in lists as Alpaca has it: waiting legs nowhere, rolled-up legs under an open parent alone', async () => {
    const { id } = await place({ ...bracket, type: 'limit', limit_price: '185.00' })
    assert.deepEqual(
      (await list('status=open')).map((o) => o.id),
      [id],
    )
    assert.equal((await list('status=open&nested=true'))[0]?.legs?.length, 2)
    assert.equal((await list('status=open'))[0]?.legs, null)
    bench.show('AAPL', '184.90', '185.00')
    assert.deepEqual(
      (await list('status=open')).map((o) => o['type']),
      ['limit'],
      'the target, not the held stop',
    )
    assert.deepEqual(await list('status=open&nested=true'), [], 'its parent has filled')
    bench.simulator.fate.hideLegsFromLists(true)
    assert.deepEqual(await list('status=open'), [])
  })

  it('has legs that Alpaca names, in the time in force of the entry', async () => {
    const order = await place({ ...bracket, client_order_id: 'ours' })
    for (const leg of order.legs ?? []) {
      assert.match(String(leg['client_order_id']), /^[0-9a-f-]{36}$/)
      assert.deepEqual([leg['time_in_force'], leg['side'], leg['order_class']], ['day', 'sell', 'bracket'])
    }
  })
})

describe('other families', () => {
  it('an OCO: the target is the parent, the stop its child', async () => {
    await place(market)
    const { id } = await place({
      side: 'sell',
      order_class: 'oco',
      limit_price: null,
      take_profit: { limit_price: '200' },
      stop_loss: { stop_price: '180' },
    })
    assert.deepEqual(await legsOf(id), ['stop held 10'])
    bench.show('AAPL', '179.00', '179.02')
    assert.deepEqual(await legsOf(id), ['stop filled 10'])
    assert.equal((await read(id)).status, 'canceled')
    assert.equal(await held(), '0')
  })

  it('an OTO: one exit, new once the entry has filled', async () => {
    const { id } = await place({ ...market, order_class: 'oto', stop_loss: { stop_price: '180' } })
    assert.deepEqual(await legsOf(id), ['stop new 10'])
    bench.show('AAPL', '179.00', '179.02')
    assert.deepEqual(await legsOf(id), ['stop filled 10'])
  })
})

describe('a replacement', () => {
  it('is another order; the old one stays what it was under its own name', async () => {
    const old = await place({ client_order_id: 'first' })
    const reply = await bench.call('PATCH', `/v2/orders/${old.id}`, { limit_price: '151', client_order_id: 'second' })
    const next = reply.json as unknown as Order
    assert.notEqual(next.id, old.id)
    assert.deepEqual([next['replaces'], next['client_order_id'], next['limit_price']], [old.id, 'second', '151'])
    const was = (await bench.call('GET', '/v2/orders:by_client_order_id?client_order_id=first'))
      .json as unknown as Order
    assert.deepEqual([was.id, was.status, was['replaced_by']], [old.id, 'replaced', next.id])
    assert.equal((await read(next.id)).status, 'new')
    await heard('pending_new pending_new', 'new new', 'pending_replace pending_replace', 'replaced replaced', 'new new')
  })

  it('counts what was filled before into its size, and goes on counting', async () => {
    bench.show('AAPL', '190.00', '190.02', '4')
    const old = await place({ limit_price: '190.02' })
    const { id } = (await bench.call('PATCH', `/v2/orders/${old.id}`, { qty: '12' })).json as unknown as Order
    const before = await read(id)
    assert.deepEqual([before['qty'], before['filled_qty']], ['12', '4'])
    bench.show('AAPL', '190.00', '190.02', '100')
    const now = await read(id)
    assert.deepEqual([now.status, now['filled_qty'], await held()], ['filled', '12', '12'])
    const own = bench.simulator.truth().executions.filter((e) => e.order_id === id)
    assert.deepEqual(
      own.map((e) => e.qty),
      ['8'],
    )
  })

  it('or begins at nothing with the rest, as other sources say', async () => {
    bench.simulator.fate.carryFills(false)
    bench.show('AAPL', '190.00', '190.02', '4')
    const old = await place({ limit_price: '190.02' })
    const { id } = (await bench.call('PATCH', `/v2/orders/${old.id}`, { qty: '12' })).json as unknown as Order
    bench.show('AAPL', '190.00', '190.02', '100')
    const now = await read(id)
    assert.deepEqual([now['qty'], now['filled_qty'], now.status, await held()], ['8', '8', 'filled', '12'])
  })

  it('of a replacement, and of that one again', async () => {
    let { id } = await place()
    for (const limit_price of ['151', '152', '153'])
      ({ id } = (await bench.call('PATCH', `/v2/orders/${id}`, { limit_price })).json as unknown as Order)
    bench.show('AAPL', '152.90', '153.00')
    assert.equal((await read(id))['filled_qty'], '10')
    assert.deepEqual(
      bench.simulator.truth().orders.map((o) => o.status),
      ['replaced', 'replaced', 'replaced', 'filled'],
    )
  })

  it('changes the price of an exit, held or at work', async () => {
    const entry = await place({ ...bracket, type: 'limit', limit_price: '185.00' })
    const [target] = (await read(entry.id)).legs ?? []
    await bench.call('PATCH', `/v2/orders/${target?.id}`, { limit_price: '195' })
    bench.show('AAPL', '184.90', '185.00')
    const [held_, stop] = (await read(entry.id)).legs ?? []
    assert.deepEqual([held_?.['limit_price'], held_?.status], ['195', 'new'])
    const moved = await bench.call('PATCH', `/v2/orders/${stop?.id}`, { stop_price: '182', limit_price: '181' })
    assert.equal(moved.status, 200, moved.text)
    bench.show('AAPL', '181.90', '181.92')
    assert.deepEqual(await legsOf(entry.id), ['limit canceled 10', 'stop_limit filled 10'])
  })

  it('may come too late: the old order stays and the new one is rejected', async () => {
    const old = await place()
    bench.simulator.fate.loseReplaces(1)
    const reply = await bench.call('PATCH', `/v2/orders/${old.id}`, { limit_price: '151' })
    assert.equal(reply.status, 200)
    assert.equal((await read(old.id)).status, 'new')
    assert.equal((await read((reply.json as unknown as Order).id)).status, 'rejected')
    await heard(
      'pending_new pending_new',
      'new new',
      'pending_replace pending_replace',
      'order_replace_rejected new',
      'rejected rejected',
    )
  })

  it('takes another time in force', async () => {
    const old = await place()
    const { id } = (await bench.call('PATCH', `/v2/orders/${old.id}`, { time_in_force: 'gtc' }))
      .json as unknown as Order
    bench.wait(1000)
    bench.market.close('AAPL', bench.now())
    assert.deepEqual([(await read(old.id)).status, (await read(id)).status], ['replaced', 'new'])
  })

  // biome-ignore format: a table reads in columns
  const refused: readonly (readonly [name: string, over: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>, code: number, message: RegExp])[] = [
    ['the same again',              {},                                          { qty: '10', limit_price: '150' }, 42210000, /order parameters are not changed/],
    ['off the tick',                {},                                          { limit_price: '150.001' },        42210000, /sub-penny/],
    ['a stop for a limit order',    {},                                          { stop_price: '140' },             40010001, /no stop price/],
    ['of a notional order',         { qty: null, notional: '500' },              { limit_price: '151' },            42210000, /notional/],
    ['of a filled order',           market,                                      { qty: '5' },                      42210000, /cannot replace order in filled status/],
    ['a fraction',                  {},                                          { qty: '1.5' },                    42210000, /fractional/],
    ['more than can be paid',       {},                                          { qty: '90000' },                  40310000, /insufficient buying power/],
    ['a name that is taken',        { client_order_id: 'n' },                    { qty: '5', client_order_id: 'n' }, 40010001, /must be unique/],
  ]
  for (const [name, over, patch, code, message] of refused)
    it(`is refused: ${name}`, async () => {
      const { id } = await place(over)
      const { json } = await bench.call('PATCH', `/v2/orders/${id}`, patch)
      const body = json as { code: number; message: string }
      assert.equal(body.code, code)
      assert.match(body.message, message)
    })

  it('is refused: less than is filled, and what was replaced before', async () => {
    bench.show('AAPL', '190.00', '190.02', '4')
    const { id } = await place({ limit_price: '190.02' })
    const less = await bench.call('PATCH', `/v2/orders/${id}`, { qty: '4' })
    assert.equal(less.json['message'], 'qty must be > filled_qty')
    await bench.call('PATCH', `/v2/orders/${id}`, { qty: '6' })
    const again = await bench.call('PATCH', `/v2/orders/${id}`, { qty: '7' })
    assert.equal(again.json['message'], 'order already replaced')
  })
})

describe('coins', () => {
  it('arrive less a quarter of a per cent; the order is filled whole', async () => {
    const coins = { symbol: 'BTC/USD', time_in_force: 'gtc', qty: '1', limit_price: '65000' }
    const { id } = await place(coins)
    assert.equal((await read(id))['filled_qty'], '1')
    assert.equal(await held('BTCUSD'), '0.9975')
    assert.equal((await read(id))['symbol'], 'BTC/USD')
    await until(() => ear.heard.length === 3, 'the fill')
    assert.equal(ear.heard.at(-1)?.data['position_qty'], '0.9975')
    const closed = await bench.call('DELETE', '/v2/positions/BTCUSD')
    assert.equal((closed.json as unknown as Order)['qty'], '0.9975')
    assert.equal(await held('BTCUSD'), '0')
    const { json } = await bench.call('GET', '/v2/account')
    // 100000 − 64001 + 0.9975 × 64000 × (1 − 0.0025)
    assert.equal(json['cash'], '99679.4')
  })
})

describe('positions', () => {
  it('short ones are negative and short', async () => {
    await place({ ...market, side: 'sell' })
    const { json } = await bench.call('GET', '/v2/positions/AAPL')
    assert.deepEqual([json['qty'], json['side'], json['market_value']], ['-10', 'short', '-1900'])
    assert.equal((await bench.call('DELETE', '/v2/positions/AAPL')).status, 200)
    assert.equal(await held(), '0')
  })

  // biome-ignore format: a table reads in columns
  const parts: readonly (readonly [query: string, left: string])[] = [
    ['', '0'], ['?qty=4', '6'], ['?percentage=50', '5'], ['?percentage=33', '7'],
  ]
  for (const [query, left] of parts)
    it(`close ${query || 'whole'}`, async () => {
      await place(market)
      assert.equal((await bench.call('DELETE', `/v2/positions/AAPL${query}`)).status, 200)
      assert.equal(await held(), left)
    })

  it('are closed all at once, one line for each', async () => {
    await place(market)
    await place({ symbol: 'MSFT', qty: '2', ...market })
    await place({ side: 'sell', limit_price: '200' })
    const held_ = await bench.call('DELETE', '/v2/positions')
    const lines = held_.json as unknown as { symbol: string; status: number; body: Record<string, unknown> }[]
    assert.equal(held_.status, 207)
    assert.deepEqual(
      lines.map((l) => [l.symbol, l.status]),
      [
        ['AAPL', 403],
        ['MSFT', 200],
      ],
    )
    assert.equal(lines[0]?.body['held_for_orders'], '10')
    const again = await bench.call('DELETE', '/v2/positions?cancel_orders=true')
    assert.deepEqual(
      (again.json as unknown as { status: number }[]).map((l) => l.status),
      [200],
    )
    assert.deepEqual((await bench.call('GET', '/v2/positions')).json, [])
  })

  it('what is not there, cannot be closed, and is no position', async () => {
    for (const method of ['GET', 'DELETE']) {
      const reply = await bench.call(method, '/v2/positions/F')
      assert.deepEqual([reply.status, reply.json], [404, { code: 40410000, message: 'position does not exist' }])
    }
  })
})

describe('lists', () => {
  it('page by order and by time, both exclusive, newest first unless told', async () => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await place({ qty: String(i + 1) })).id)
    const of = async (query: string): Promise<number[]> => (await list(query)).map((o) => ids.indexOf(o.id))
    assert.deepEqual(await of('status=all'), [4, 3, 2, 1, 0])
    assert.deepEqual(await of('status=all&direction=asc&limit=2'), [0, 1])
    assert.deepEqual(await of(`status=all&direction=asc&after_order_id=${ids[1]}`), [2, 3, 4])
    assert.deepEqual(await of(`status=all&before_order_id=${ids[1]}`), [0])
    const at = String((await read(ids[2] ?? ''))['submitted_at'])
    assert.deepEqual(await of(`status=all&direction=asc&after=${at}`), [3, 4])
    assert.deepEqual(await of(`status=all&direction=asc&until=${at}`), [0, 1])
    assert.deepEqual(await of('status=all&symbols=MSFT,BTCUSD'), [])
    assert.deepEqual(await of('status=all&side=sell'), [])
    assert.deepEqual(await of('status=all&asset_class=crypto'), [])
    await bench.call('DELETE', `/v2/orders/${ids[0]}`)
    assert.deepEqual(await of('status=closed'), [0])
    assert.deepEqual(await of(''), [4, 3, 2, 1])
  })

  for (const query of ['status=some', 'limit=501', 'limit=0', 'direction=up', 'after=yesterday'])
    it(`refuse ${query}`, async () => {
      assert.equal((await bench.call('GET', `/v2/orders?${query}`)).status, 422)
    })

  it('cancel all: a line for each', async () => {
    await place()
    await place({ symbol: 'MSFT', limit_price: '400' })
    await place({ symbol: 'SIM.REJECT-CANCEL', limit_price: '90' })
    const reply = await bench.call('DELETE', '/v2/orders')
    const lines = reply.json as unknown as { status: number; body: Record<string, unknown> }[]
    assert.equal(reply.status, 207)
    assert.deepEqual(
      lines.map(({ status, body }) => [status, body['status'] ?? body['message']]),
      [
        [200, 'pending_cancel'],
        [200, 'pending_cancel'],
        [500, 'order is not cancelable'],
      ],
    )
  })

  it('activities: fills alone, paged by the id of the last one', async () => {
    for (let i = 0; i < 5; i++) await place({ ...market, qty: String(i + 1) })
    const page = async (query: string): Promise<Record<string, unknown>[]> =>
      (await bench.call('GET', `/v2/account/activities/FILL?${query}`)).json as unknown as Record<string, unknown>[]
    const first = await page('direction=asc&page_size=2')
    const rest = await page(`direction=asc&page_size=100&page_token=${String(first[1]?.['id'])}`)
    assert.deepEqual(
      [...first, ...rest].map((a) => a['qty']),
      ['1', '2', '3', '4', '5'],
    )
    assert.match(String(first[0]?.['id']), /^2026112009\d{7}::[0-9a-f-]{36}$/, "New York's wall clock")
    assert.match(String(first[0]?.['transaction_time']), /^2026-11-20T14:.*Z$/)
    assert.equal((await page('')).at(0)?.['qty'], '5')
    assert.deepEqual((await bench.call('GET', '/v2/account/activities?activity_types=DIV')).json, [])
    const unknown = await bench.call('GET', '/v2/account/activities/FFFFF')
    assert.deepEqual(unknown.json, { code: 40010001, message: 'invalid activity type: FFFFF' })
  })
})

describe('what was undone', () => {
  it('a bust takes the trade out of order, position and money; the activity stays', async () => {
    const { id } = await place(market)
    const [trade] = bench.simulator.truth().executions
    bench.simulator.fate.bust(trade?.id ?? '')
    assert.deepEqual([(await read(id))['filled_qty'], await held()], ['0', '0'])
    assert.equal((await bench.call('GET', '/v2/account')).json['cash'], '100000')
    assert.equal(((await bench.call('GET', '/v2/account/activities/FILL')).json as unknown as unknown[]).length, 1)
    assert.equal(bench.simulator.truth().executions[0]?.live, false)
    await until(() => ear.heard.some((h) => h.event === 'trade_bust'), 'the bust')
    assert.equal(ear.heard.find((h) => h.event === 'trade_bust')?.data['previous_execution_id'], trade?.id)
  })

  it('a correction changes size and price; the next one refers to it', async () => {
    const { id } = await place(market)
    const { fate, truth } = bench.simulator
    const first = truth().executions[0]?.id ?? ''
    fate.correct(first, qty('10'), px('189.00'))
    fate.correct(first, qty('8'), px('189.50'))
    const now = await read(id)
    assert.deepEqual([now['filled_qty'], now['filled_avg_price'], await held()], ['8', '189.5', '8'])
    await until(() => ear.heard.filter((h) => h.event === 'trade_correct').length === 2, 'two corrections')
    const [a, b] = ear.heard.filter((h) => h.event === 'trade_correct').map((h) => h.data)
    assert.deepEqual([a?.['previous_execution_id'], b?.['previous_execution_id']], [first, a?.['execution_id']])
  })

  it('a trade comes after the cancel', async () => {
    const { id } = await place()
    await bench.call('DELETE', `/v2/orders/${id}`)
    bench.simulator.fate.trade(id, qty('3'), px('150.00'))
    const now = await read(id)
    assert.deepEqual([now.status, now['filled_qty'], await held()], ['canceled', '3', '3'])
    await until(() => ear.words().includes('partial_fill canceled'), 'the late trade')
  })
})
