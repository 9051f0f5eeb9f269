import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { px, qty } from '../../values/decimal.ts'
import { KEYS, openBench, type Reply, settle, type SimulatorBench, until } from './bench.ts'
import type { Fault } from './fate.ts'

let bench: SimulatorBench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const market = { type: 'market', limit_price: null } as const
const booked = (): number => bench.simulator.truth().orders.length
/** The answer, or how the connection ended. */
const outcome = async (asked: Promise<Reply>, patienceMs = 5000): Promise<string> => {
  try {
    const { status, text, json } = await Promise.race([
      asked,
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error('hangs')), patienceMs).unref()),
    ])
    return json === null ? `${status} ${text.slice(0, 6)}` : `${status} json`
  } catch (error) {
    return (error as Error).message === 'hangs' ? 'hangs' : 'broken'
  }
}

describe('one request goes wrong', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [fault: Fault, outcome: string, booked: boolean])[] = [
    [{ kind: 'drop-before' },                           'broken',     false],
    [{ kind: 'drop-after' },                            'broken',     true],
    [{ kind: 'hang-before' },                           'hangs',      false],
    [{ kind: 'hang-after' },                            'hangs',      true],
    [{ kind: 'garbage-before' },                        '200 {"id":', false],
    [{ kind: 'garbage-after' },                         '200 {"id":', true],
    [{ kind: 'empty-after' },                           '200 ',       true],
    [{ kind: 'status-before', status: 429 },            '429 json',   false],
    [{ kind: 'status-before', status: 500 },            '500 json',   false],
    [{ kind: 'status-before', status: 503 },            '503 <html>', false],
    [{ kind: 'status-after', status: 502 },             '502 <html>', true],
    [{ kind: 'status-after', status: 504 },             '504 backen', true],
    [{ kind: 'status-after', status: 201, body: {} },   '201 json',   true],
  ]
  for (const [fault, expected, isBooked] of rows)
    it(`${fault.kind} ${'status' in fault ? fault.status : ''}: ${expected.trim()}, ${isBooked ? 'booked' : 'not booked'}`, async () => {
      bench.simulator.fate.on({ method: 'POST', path: '/v2/orders', do: fault })
      assert.equal(await outcome(bench.order(), expected === 'hangs' ? 100 : 5000), expected)
      assert.equal(booked(), isBooked ? 1 : 0)
      assert.equal(await outcome(bench.order()), '200 json', 'only one')
    })

  it('the second and third of those that match, by template, path or pattern', async () => {
    const { fate } = bench.simulator
    const drop: Fault = { kind: 'drop-before' }
    fate.on({ method: 'GET', path: '/v2/orders/{order_id}', nth: 2, times: 2, do: drop })
    const { id } = (await bench.order()).json
    const tried: string[] = []
    for (let i = 0; i < 4; i++) tried.push(await outcome(bench.call('GET', `/v2/orders/${String(id)}`)))
    assert.deepEqual(tried, ['200 json', 'broken', 'broken', '200 json'])
    const undo = fate.on({ method: '*', path: /symbols=AAPL/, times: 9, do: drop })
    assert.equal(await outcome(bench.call('GET', '/v2/stocks/snapshots?symbols=AAPL')), 'broken')
    assert.equal(await outcome(bench.call('GET', '/v2/stocks/snapshots?symbols=MSFT')), '200 json')
    undo()
    assert.equal(await outcome(bench.call('GET', '/v2/stocks/snapshots?symbols=AAPL')), '200 json')
  })

  it('some by chance: the same for the same seed, none once it is off', async () => {
    const tried = async (): Promise<string[]> => {
      bench.simulator.fate.chaos({
        seed: 3,
        rate: 0.5,
        kinds: [{ kind: 'drop-after' }, { kind: 'status-before', status: 500 }],
      })
      const outcomes: string[] = []
      for (let i = 0; i < 12; i++) outcomes.push(await outcome(bench.call('GET', '/v2/account')))
      return outcomes
    }
    const [a, b] = [await tried(), await tried()]
    assert.deepEqual(a, b)
    assert.equal(new Set(a).size, 3)
    bench.simulator.fate.chaos(null)
    assert.equal(await outcome(bench.call('GET', '/v2/account')), '200 json')
  })

  it('too many: the next two, with the time to wait or without', async () => {
    bench.simulator.fate.throttle(2, 7)
    const [first, second, third] = [await bench.order(), await bench.order(), await bench.order()]
    assert.deepEqual([first.status, second.status, third.status], [429, 429, 200])
    assert.equal(first.headers.get('retry-after'), '7')
    bench.simulator.fate.throttle(1)
    assert.equal((await bench.order()).headers.get('retry-after'), null)
    assert.equal(booked(), 1)
  })
})

describe('every answer', () => {
  it('has a request id of its own, and tells what is left of the minute', async () => {
    const small = await openBench({ requestsPerMinute: 2 })
    const replies = [
      await small.call('GET', '/v2/account'),
      await small.call('GET', '/v2/clock'),
      await small.call('GET', '/v2/clock'),
    ]
    assert.deepEqual(
      replies.map((r) => r.status),
      [200, 200, 429],
    )
    assert.deepEqual(
      replies.map((r) => r.headers.get('x-ratelimit-remaining')),
      ['1', '0', '0'],
    )
    assert.equal(new Set(replies.map((r) => r.headers.get('x-request-id'))).size, 3)
    // Market data is another host, with a minute of its own.
    assert.equal((await small.call('GET', '/v2/stocks/snapshots?symbols=AAPL')).status, 200)
    const reset = Number(replies[2]?.headers.get('x-ratelimit-reset')) * 1000
    small.wait(reset - small.now() / 1000)
    assert.equal((await small.call('GET', '/v2/account')).status, 200)
    await small.close()
  })

  // biome-ignore format: a table reads in columns
  const keys: readonly (readonly [name: string, headers: Readonly<Record<string, string>>, status: number, body: unknown])[] = [
    ['without keys',        {},                                                                                     403, { message: 'forbidden.' }],
    ['with a wrong secret', { 'APCA-API-KEY-ID': KEYS.keyID, 'APCA-API-SECRET-KEY': 'no' },                         401, { code: 40110000, message: 'access key verification failed : verification failure' }],
    ['with unknown keys',   { 'APCA-API-KEY-ID': 'PKOTHER', 'APCA-API-SECRET-KEY': 'secret' },                      401, { code: 40110000, message: 'access key verification failed : verification failure' }],
    ['with live keys',      { 'APCA-API-KEY-ID': 'AKLIVE', 'APCA-API-SECRET-KEY': 'secret' },                       403, { message: 'forbidden.' }],
  ]
  for (const [name, headers, status, body] of keys)
    it(`${name}: ${status}`, async () => {
      const reply = await bench.call('GET', '/v2/account', undefined, headers)
      assert.deepEqual([reply.status, reply.json], [status, body])
    })

  // biome-ignore format: a table reads in columns
  const asked: readonly (readonly [method: string, path: string, status: number, code: number, message: string])[] = [
    ['GET',    '/v2/orders/fake_id',                                   422, 40010001, 'order_id is missing'],
    ['DELETE', '/v2/orders/fake_id',                                   422, 40010001, 'order_id is missing'],
    ['GET',    '/v2/orders/b0b6dd9d-8b9b-48a9-ba46-b9d54906e415',      404, 40410000, 'order not found for b0b6dd9d-8b9b-48a9-ba46-b9d54906e415'],
    ['DELETE', '/v2/orders/b0b6dd9d-8b9b-48a9-ba46-b9d54906e415',      404, 40410000, 'order not found for b0b6dd9d-8b9b-48a9-ba46-b9d54906e415'],
    ['GET',    '/v2/orders:by_client_order_id?client_order_id=nobody', 404, 40410000, 'order not found for nobody'],
    ['GET',    '/v2/assets/FFFFF',                                     404, 40410000, 'asset not found for FFFFF'],
    ['GET',    '/v9/nothing',                                          404, 40410000, 'endpoint not found.'],
  ]
  for (const [method, path, status, code, message] of asked)
    it(`${method} ${path}`, async () => {
      const reply = await bench.call(method, path)
      assert.deepEqual([reply.status, reply.json], [status, { code, message }])
    })

  it('a body that is no JSON', async () => {
    const reply = await bench.call('POST', '/v2/orders', '{"symbol":')
    assert.deepEqual([reply.status, reply.json['code']], [400, 40010000])
  })

  it('prices of coins need no keys', async () => {
    const path = '/v1beta3/crypto/us/latest/trades?symbols=BTC/USD,ETH/USD'
    const reply = await bench.call('GET', path, undefined, {})
    const { trades } = reply.json as { trades: Record<string, { p: number }> }
    assert.deepEqual([Object.keys(trades), trades['BTC/USD']?.p], [['BTC/USD'], 64000])
  })

  it('the slash of a pair of coins may be escaped, the colon of a path as well', async () => {
    assert.equal((await bench.call('GET', '/v2/assets/BTC%2FUSD')).json['symbol'], 'BTC/USD')
    assert.equal((await bench.call('GET', '/v2/orders%3Aby_client_order_id?client_order_id=x')).status, 404)
  })
})

describe('a broker that lies', () => {
  const read = async (id: unknown): Promise<string> =>
    String((await bench.call('GET', `/v2/orders/${String(id)}`)).json['status'])

  it('does not find an order at first', async () => {
    bench.simulator.fate.hideOrder('shy', 2)
    const { id } = (await bench.order({ client_order_id: 'shy' })).json
    const look = async () => (await bench.call('GET', '/v2/orders:by_client_order_id?client_order_id=shy')).status
    assert.deepEqual((await bench.call('GET', '/v2/orders')).json, [])
    assert.deepEqual([await look(), await look(), await look()], [404, 404, 200])
    assert.equal(await read(id), 'new')
  })

  it('takes cancels and does nothing, and the order goes on filling', async () => {
    bench.simulator.fate.stuckCancel(true)
    const { id } = (await bench.order()).json
    assert.equal((await bench.call('DELETE', `/v2/orders/${String(id)}`)).status, 204)
    assert.equal(await read(id), 'pending_cancel')
    bench.show('AAPL', '149.90', '150.00', '4')
    assert.equal(await read(id), 'pending_cancel')
    bench.simulator.fate.stuckCancel(false)
    assert.equal(await read(id), 'canceled')
  })

  it('takes an order and rejects it later', async () => {
    const ear = await bench.listen()
    bench.simulator.fate.asyncReject('AAPL')
    const { id, status } = (await bench.order()).json
    assert.equal(status, 'pending_new')
    assert.equal(await read(id), 'rejected')
    await until(() => ear.words().includes('rejected rejected'), 'the rejection')
    bench.simulator.fate.asyncReject('AAPL', false)
    assert.equal(await read((await bench.order()).json['id']), 'new')
  })

  it('acknowledges late', async () => {
    bench.simulator.fate.delayAck(true)
    const { id } = (await bench.order(market)).json
    assert.equal(await read(id), 'pending_new')
    const refused = await bench.call('PATCH', `/v2/orders/${String(id)}`, { qty: '5' })
    assert.equal(refused.json['message'], "unable to replace order, order isn't sent to exchange yet")
    bench.simulator.fate.delayAck(false)
    assert.equal(await read(id), 'filled')
  })

  it('has words that nobody knows', async () => {
    const { id } = (await bench.order()).json
    bench.simulator.fate.setStatus(String(id), 'pending_moonrise')
    assert.equal(await read(id), 'pending_moonrise')
  })

  it('has other hands on the account', async () => {
    const { fate, truth } = bench.simulator
    const id = fate.externalOrder({
      symbol: 'AAPL',
      qty: '5',
      side: 'buy',
      type: 'limit',
      limit_price: '150',
      time_in_force: 'gtc',
    })
    const next = fate.websiteReplace(id, { limit_price: '151' })
    fate.websiteCancel(next)
    assert.deepEqual(
      truth().orders.map((o) => o.status),
      ['replaced', 'canceled'],
    )
    assert.equal(truth().orders[1]?.replaces, id)
    assert.throws(() => fate.externalOrder({ symbol: 'NOBODY' }), /refused/)
  })

  it('suspends the account, also for closing; the switch is the one of the website', async () => {
    await bench.order(market)
    await bench.call('PATCH', '/v2/account/configurations', { suspend_trade: true })
    assert.equal((await bench.call('GET', '/v2/account')).json['trade_suspended_by_user'], true)
    assert.equal((await bench.order()).status, 403)
    assert.equal((await bench.call('DELETE', '/v2/positions/AAPL')).status, 403)
    bench.simulator.fate.off()
    assert.equal((await bench.order({ limit_price: '149' })).status, 200)
  })

  it('is honest again once it is off', async () => {
    const { fate } = bench.simulator
    fate.throttle(5)
    fate.stuckCancel(true)
    fate.delayAck(true)
    fate.silence(true)
    fate.on({ method: '*', path: /./, times: 99, do: { kind: 'drop-before' } })
    fate.off()
    const ear = await bench.listen()
    const { id } = (await bench.order()).json
    await bench.call('DELETE', `/v2/orders/${String(id)}`)
    await until(() => ear.words().includes('canceled canceled'), 'the cancel')
  })
})

describe('symbols that lie', () => {
  const at = (symbol: string, over: Readonly<Record<string, unknown>> = {}) =>
    bench.order({ symbol, limit_price: '100.00', ...over })
  const found = async (name: string): Promise<number> =>
    (await bench.call('GET', `/v2/orders:by_client_order_id?client_order_id=${name}`)).status
  const truthOf = (symbol: string) => bench.simulator.truth().executions.filter((e) => e.symbol === symbol)
  /** Time goes on, and with it the market of `symbol`. */
  const later = (symbol: string): void => {
    bench.wait(4000)
    bench.show(symbol, '99.99', '100.00')
  }

  it('SIM.DROP-REPLY and SIM.DROP-SEND: no answer, there and not there', async () => {
    assert.equal(await outcome(at('SIM.DROP-REPLY', { client_order_id: 'a' })), 'broken')
    assert.equal(await outcome(at('SIM.DROP-SEND', { client_order_id: 'b' })), 'broken')
    assert.deepEqual([await found('a'), await found('b')], [200, 404])
  })
  it('SIM.FILL-FIRST: the fill comes first', async () => {
    const ear = await bench.listen()
    await at('SIM.FILL-FIRST')
    await until(() => ear.heard.length === 3, 'three frames')
    assert.equal(ear.heard[0]?.event, 'fill')
  })
  it('SIM.FILL-TWICE: everything twice', async () => {
    const ear = await bench.listen()
    await at('SIM.FILL-TWICE')
    await until(() => ear.heard.filter((h) => h.event === 'fill').length === 2, 'two fills')
  })
  it('SIM.NO-STREAM: nothing is streamed', async () => {
    const ear = await bench.listen()
    await at('SIM.NO-STREAM')
    await settle()
    assert.deepEqual([ear.heard.length, truthOf('SIM.NO-STREAM').length], [0, 1])
  })
  it('SIM.OVERFILL: a tenth more, later', async () => {
    await at('SIM.OVERFILL', { qty: '20' })
    later('SIM.OVERFILL')
    assert.deepEqual(
      truthOf('SIM.OVERFILL').map((e) => e.qty),
      ['20', '2'],
    )
  })
  it('SIM.LATE-FILL: half of the rest after the cancel', async () => {
    const { id } = (await at('SIM.LATE-FILL', { qty: '20', limit_price: '90.00' })).json
    await bench.call('DELETE', `/v2/orders/${String(id)}`)
    later('SIM.LATE-FILL')
    assert.deepEqual(
      truthOf('SIM.LATE-FILL').map((e) => e.qty),
      ['10'],
    )
  })
  it('SIM.BUST and SIM.CORRECT: the first fill is undone, or was worse', async () => {
    await at('SIM.BUST')
    await at('SIM.CORRECT')
    later('SIM.BUST')
    later('SIM.CORRECT')
    assert.deepEqual([truthOf('SIM.BUST')[0]?.live, truthOf('SIM.CORRECT')[0]?.price], [false, '100.05'])
  })
  it('SIM.LOST-CANCEL and SIM.REJECT-CANCEL: the cancel is done and unanswered, or refused', async () => {
    const lost = (await at('SIM.LOST-CANCEL', { limit_price: '90.00' })).json['id']
    assert.equal(await outcome(bench.call('DELETE', `/v2/orders/${String(lost)}`)), 'broken')
    const kept = (await at('SIM.REJECT-CANCEL', { limit_price: '90.00' })).json['id']
    assert.equal((await bench.call('DELETE', `/v2/orders/${String(kept)}`)).status, 422)
    assert.deepEqual(
      bench.simulator.truth().orders.map((o) => o.status),
      ['canceled', 'new'],
    )
  })
  it('SIM.NO-LEGS: exits are left out', async () => {
    const exits = { order_class: 'bracket', take_profit: { limit_price: '110' }, stop_loss: { stop_price: '90' } }
    assert.equal((await at('SIM.NO-LEGS', exits)).json['legs'], null)
  })
  it('SIM.CROSSED-QUOTE, SIM.STALE-QUOTE, SIM.HALF-DOWN: market data', async () => {
    const look = async (symbol: string) =>
      (await bench.call('GET', `/v2/stocks/${symbol}/quotes/latest`)).json['quote'] as Record<string, unknown>
    const crossed = await look('SIM.CROSSED-QUOTE')
    assert.deepEqual([crossed['bp'], crossed['ap']], [100.05, 99.99])
    assert.match(String((await look('SIM.STALE-QUOTE'))['t']), /T14:2\d:/)
    const down = async () => (await bench.call('GET', '/v2/stocks/SIM.HALF-DOWN/snapshot')).status
    assert.deepEqual([await down(), await down(), await down()], [503, 200, 503])
  })
  it('SIM.SLOW-REPLY: booked, then answered', async () => {
    assert.equal((await at('SIM.SLOW-REPLY')).status, 200)
    assert.equal(truthOf('SIM.SLOW-REPLY').length, 1)
  })
})

it('counts what was asked, by template', async () => {
  const { id } = (await bench.order()).json
  await bench.call('GET', `/v2/orders/${String(id)}`)
  await bench.call('GET', '/v2/orders/fake_id')
  assert.deepEqual(bench.simulator.truth().requests, { 'POST /v2/orders': 1, 'GET /v2/orders/{order_id}': 2 })
})

it('lets a trade happen that nobody matched, but none of an order that never came to the market', async () => {
  const { id } = (await bench.order()).json
  const trade = bench.simulator.fate.trade(String(id), qty('2'), px('149.99'))
  assert.equal(bench.simulator.truth().executions[0]?.id, trade)
  bench.simulator.fate.delayAck(true)
  const held = (await bench.order({ limit_price: '149' })).json['id']
  assert.throws(() => bench.simulator.fate.trade(String(held), qty('1'), px('1')), RangeError)
})
