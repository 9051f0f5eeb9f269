import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import { amt } from '../../values/decimal.ts'
import { openBench, type SimulatorBench } from './bench.ts'

let folder: string
let file: string
const benches: SimulatorBench[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alpaca-'))
  file = join(folder, 'state.jsonl')
})
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close()
  rmSync(folder, { recursive: true })
})
const open = async (over: Parameters<typeof openBench>[0] = {}): Promise<SimulatorBench> => {
  const bench = await openBench({ stateFile: file, ...over })
  benches.push(bench)
  return bench
}
const market = { type: 'market', limit_price: null } as const
/** Everything that a client can see of the account. */
const seen = async (bench: SimulatorBench): Promise<unknown[]> => {
  const paths = [
    '/v2/account',
    '/v2/account/configurations',
    '/v2/orders?status=all&nested=true',
    '/v2/positions',
    '/v2/account/activities',
  ]
  return Promise.all(paths.map(async (path) => (await bench.call('GET', path)).json as unknown))
}

async function lived(bench: SimulatorBench): Promise<void> {
  await bench.order({
    ...market,
    order_class: 'bracket',
    take_profit: { limit_price: '200' },
    stop_loss: { stop_price: '180' },
  })
  await bench.order({ symbol: 'BTC/USD', time_in_force: 'gtc', qty: '0.1', limit_price: '65000' })
  const { id } = (await bench.order({ symbol: 'MSFT', limit_price: '400', client_order_id: 'kept' })).json
  await bench.call('PATCH', `/v2/orders/${String(id)}`, { limit_price: '401' })
  await bench.order({ symbol: 'MSFT', side: 'sell', type: 'trailing_stop', limit_price: null, trail_price: '5' })
  bench.simulator.fate.bust(bench.simulator.truth().executions[1]?.id ?? '')
  await bench.call('PATCH', '/v2/account/configurations', { no_shorting: true })
}

it('the account is the same after a restart, and goes on', async () => {
  const first = await open()
  await lived(first)
  const [was, truth] = [await seen(first), first.simulator.truth()]
  await first.close()
  benches.length = 0
  const second = await open({ seed: 99, initialCash: amt('5'), at: first.now() })
  assert.deepEqual(await seen(second), was)
  assert.deepEqual(second.simulator.truth().orders, truth.orders)
  assert.deepEqual(second.simulator.truth().executions, truth.executions)
  assert.equal((await second.order({ client_order_id: 'kept' })).json['message'], 'client_order_id must be unique')
  second.show('AAPL', '201.00', '201.02')
  const statuses = second.simulator
    .truth()
    .orders.filter((o) => o.symbol === 'AAPL')
    .map((o) => o.status)
  assert.deepEqual(statuses, ['filled', 'filled', 'canceled'])
})

it('a lie that was begun is told to its end', async () => {
  const first = await open()
  await first.order({ symbol: 'SIM.BUST', limit_price: '100.00' })
  await first.close()
  benches.length = 0
  const second = await open({ at: first.now() })
  second.wait(4000)
  second.show('SIM.BUST', '99.99', '100.00')
  assert.equal(second.simulator.truth().executions[0]?.live, false)
})

it('orders that were taken and not handed on are handed on', async () => {
  const first = await open()
  first.simulator.fate.delayAck(true)
  await first.order(market)
  await first.close()
  benches.length = 0
  const second = await open({ at: first.now() })
  assert.equal(second.simulator.truth().orders[0]?.status, 'filled')
})

it('a line that a kill cut short is as if it had never been', async () => {
  const first = await open()
  await first.order()
  await first.close()
  benches.length = 0
  const whole = readFileSync(file, 'utf8')
  appendFileSync(file, '{"n":99,"t":"1","events":[{"kind":"Acc')
  const second = await open({ at: first.now() })
  assert.equal(second.simulator.truth().orders.length, 1)
  assert.equal(readFileSync(file, 'utf8'), whole)
})

it('a line that is whole and no JSON stops the start', async () => {
  await (await open()).close()
  benches.length = 0
  appendFileSync(file, 'nonsense\n')
  await assert.rejects(open(), /line 2 .* is not JSON/)
})

it('the same seed gives the same account and the same names', async () => {
  const [a, b] = [await openBench({ seed: 3 }), await openBench({ seed: 3 })]
  const [x, y] = [(await a.order()).json, (await b.order()).json]
  assert.deepEqual(x, y)
  assert.equal((await a.call('GET', '/v2/account')).json['id'], (await b.call('GET', '/v2/account')).json['id'])
  const other = await openBench({ seed: 4 })
  assert.notEqual((await other.order()).json['id'], x['id'])
  for (const bench of [a, b, other]) await bench.close()
})
