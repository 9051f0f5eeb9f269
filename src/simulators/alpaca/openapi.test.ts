import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { openBench, type Reply, type SimulatorBench } from './bench.ts'

type Json = Readonly<Record<string, unknown>>
type Facts = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses?: Json }>>>>
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: Json }>> }
}
const facts = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/fixtures/alpaca-openapi-facts.json'), 'utf8'),
) as Facts

const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addFormat('decimal', /^-?\d+(\.\d+)?$/)
ajv.addFormat('ulid', /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
ajv.addSchema({ $id: 'facts', ...facts })
const at = (...path: string[]): ValidateFunction =>
  ajv.compile({
    $ref: `facts#/${path.map((p) => encodeURIComponent(p.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`,
  })

/** Where Alpaca is known not to keep to its own specification, and we with it. One that nothing needs fails. */
const DEVIATIONS: readonly {
  readonly reason: string
  readonly is: (e: ErrorObject, asked: string) => boolean
  used?: true
}[] = [
  {
    reason: 'the exchange of coins is CRYPTO, which the enumeration has forgotten',
    is: (e) => e.keyword === 'enum' && e.instancePath.endsWith('/exchange'),
  },
  {
    reason: 'one of two activity schemas, neither with required keys, so that each activity is always both',
    is: (e, asked) => e.keyword === 'oneOf' && asked === 'GET /v2/account/activities/{activity_type}',
  },
  {
    reason: 'the body of a position that could not be closed is an error, not an order',
    is: (e, asked) =>
      e.keyword === 'required' && /^\/\d+\/body$/.test(e.instancePath) && asked === 'DELETE /v2/positions',
  },
]
const excused = new Set<string>()
function wrong(asked: string, valid: ValidateFunction, value: unknown): string[] {
  if (valid(value)) return []
  return (valid.errors ?? []).flatMap((e) => {
    const known = DEVIATIONS.find((d) => d.is(e, asked))
    if (known) excused.add(known.reason)
    return known ? [] : [`${asked} ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`]
  })
}

/** Keys that Alpaca sends and does not specify, and those that it specifies and never sends us. */
const KEYS: Readonly<
  Record<string, { readonly more: readonly string[]; readonly less: readonly string[]; readonly reason: string }>
> = {
  Order: {
    more: ['subtag', 'source', 'cancel_requested_at'],
    less: ['ratio_qty'],
    reason: 'sent in 2026-10 and on the stream; ratios are for options of many legs',
  },
  Account: {
    more: [
      'admin_configurations',
      'user_configurations',
      'effective_buying_power',
      'position_market_value',
      'crypto_tier',
    ],
    less: [
      'daytrade_count',
      'daytrading_buying_power',
      'pattern_day_trader',
      'pending_transfer_in',
      'pending_transfer_out',
    ],
    reason: 'the keys of 2026-10; those of day trades are gone since 2026-07-06, transfers were not among them',
  },
  AccountConfigurations: { more: [], less: ['dtbp_check', 'pdt_check'], reason: 'gone since 2026-07-06' },
  Assets: {
    more: [],
    less: ['cusip', 'min_order_size', 'min_trade_increment', 'price_increment'],
    reason: 'on request, and for coins only',
  },
  Position: {
    more: [],
    less: ['avg_entry_swap_rate', 'prev_swap_rate', 'swap_rate', 'usd'],
    reason: 'for accounts in another currency',
  },
}
const NONE: { readonly more: readonly string[]; readonly less: readonly string[] } = { more: [], less: [] }
function keysOf(schema: string, value: unknown): void {
  const known = Object.keys(facts.components.schemas[schema]?.properties ?? {})
  const [sent, { more, less }] = [Object.keys(value as Json), KEYS[schema] ?? NONE]
  assert.deepEqual(
    sent.filter((k) => !known.includes(k) && !more.includes(k)),
    [],
    `${schema}: keys nobody knows`,
  )
  assert.deepEqual(
    known.filter((k) => !sent.includes(k) && !less.includes(k)),
    [],
    `${schema}: keys that are missing`,
  )
}

const market = { type: 'market', limit_price: null } as const
const exits = { take_profit: { limit_price: '210' }, stop_loss: { stop_price: '170', limit_price: '169' } }

describe('every answer is what the specification says', () => {
  let bench: SimulatorBench
  const answered = new Set<string>()
  before(async () => {
    bench = await openBench()
  })
  after(() => bench.close())

  /** Asks, and holds the answer against the schema of its path, method and status. */
  async function ask(method: string, template: string, path: string, body?: unknown): Promise<Reply> {
    const reply = await bench.call(method, path, body)
    const asked = `${method} ${template}`
    answered.add(asked)
    const responses = facts.paths[template]?.[method.toLowerCase()]?.responses ?? {}
    assert.ok(Object.hasOwn(responses, String(reply.status)), `${asked} does not answer ${reply.status}: ${reply.text}`)
    const content = (responses[String(reply.status)] as { content?: Json }).content
    if (!content) return reply
    const valid = at(
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      String(reply.status),
      'content',
      'application/json',
      'schema',
    )
    assert.deepEqual(wrong(asked, valid, reply.json), [])
    return reply
  }
  const post = (over: Json): Promise<Reply> => {
    const body = Object.entries({
      symbol: 'AAPL',
      qty: '10',
      side: 'buy',
      type: 'limit',
      time_in_force: 'day',
      limit_price: '150',
      ...over,
    })
    return ask('POST', '/v2/orders', '/v2/orders', Object.fromEntries(body.filter(([, v]) => v !== null)))
  }
  const orders = (query: string) => ask('GET', '/v2/orders', `/v2/orders${query}`)

  it('about the account', async () => {
    keysOf('Account', (await ask('GET', '/v2/account', '/v2/account')).json)
    keysOf('AccountConfigurations', (await ask('GET', '/v2/account/configurations', '/v2/account/configurations')).json)
    await ask('PATCH', '/v2/account/configurations', '/v2/account/configurations', {
      max_options_trading_level: 2,
      max_margin_multiplier: '2',
    })
    await ask('PATCH', '/v2/account/configurations', '/v2/account/configurations', { max_margin_multiplier: '4' })
  })

  it('about assets', async () => {
    const all = (await ask('GET', '/v2/assets', '/v2/assets?status=active')).json as unknown as Json[]
    keysOf('Assets', all[0])
    await ask('GET', '/v2/assets', '/v2/assets?asset_class=crypto')
    await ask('GET', '/v2/assets', '/v2/assets?attributes=fractional_eh_enabled')
    await ask('GET', '/v2/assets/{symbol_or_asset_id}', '/v2/assets/AAPL')
    await ask('GET', '/v2/assets/{symbol_or_asset_id}', `/v2/assets/${String(all[0]?.['id'])}`)
    assert.equal((await bench.call('GET', '/v2/assets/NOBODY')).status, 404)
  })

  it('about orders of every kind and state', async () => {
    const ids: string[] = []
    for (const over of [
      {},
      { client_order_id: 'ours' },
      market,
      { ...market, qty: null, notional: '100.50' },
      { ...market, qty: '0.25' },
      { type: 'stop', limit_price: null, stop_price: '200' },
      { type: 'stop_limit', limit_price: '201', stop_price: '200' },
      { type: 'trailing_stop', limit_price: null, trail_percent: '1.5' },
      { type: 'trailing_stop', limit_price: null, trail_price: '3' },
      { time_in_force: 'gtc' },
      { time_in_force: 'ioc' },
      { time_in_force: 'fok' },
      { time_in_force: 'cls' },
      { extended_hours: true },
      { ...market, symbol: 'MSFT', qty: '3', order_class: 'oto', stop_loss: { stop_price: '400' } },
      { order_class: 'bracket', ...exits, limit_price: '180' },
      { symbol: 'BTC/USD', time_in_force: 'gtc', qty: '0.1', limit_price: '65000' },
    ] as const) {
      const reply = await post(over)
      assert.equal(reply.status, 200, reply.text)
      ids.push(String(reply.json['id']))
    }
    assert.equal((await post({ qty: '100000' })).status, 403)
    assert.equal((await post({ symbol: 'NOBODY' })).status, 422)
    bench.show('AAPL', '179.98', '180.00', '4')
    for (const id of ids)
      keysOf('Order', {
        cancel_requested_at: null,
        ...(await ask('GET', '/v2/orders/{order_id}', `/v2/orders/${id}?nested=true`)).json,
      })
    await ask('GET', '/v2/orders:by_client_order_id', '/v2/orders:by_client_order_id?client_order_id=ours')
    const next = await ask('PATCH', '/v2/orders/{order_id}', `/v2/orders/${ids[0]}`, { limit_price: '151' })
    await ask('GET', '/v2/orders/{order_id}', `/v2/orders/${ids[0]}`)
    await ask('DELETE', '/v2/orders/{order_id}', `/v2/orders/${String(next.json['id'])}`)
    assert.equal((await ask('DELETE', '/v2/orders/{order_id}', `/v2/orders/${ids[2]}`)).status, 422)
    for (const query of [
      '',
      '?status=all&nested=true',
      '?status=closed&limit=500',
      '?status=all&direction=asc&symbols=AAPL',
    ])
      await orders(query)
  })

  it('about positions', async () => {
    await post({ symbol: 'MSFT', side: 'sell', qty: '1', limit_price: '500' })
    const all = (await ask('GET', '/v2/positions', '/v2/positions')).json as unknown as Json[]
    assert.equal(all.length, 3)
    for (const position of all) keysOf('Position', position)
    await ask('GET', '/v2/positions/{symbol_or_asset_id}', '/v2/positions/BTCUSD')
    await ask('DELETE', '/v2/positions/{symbol_or_asset_id}', '/v2/positions/BTCUSD?percentage=50')
    await ask('DELETE', '/v2/positions', '/v2/positions')
    await ask('DELETE', '/v2/orders', '/v2/orders')
    await ask('DELETE', '/v2/positions', '/v2/positions?cancel_orders=true')
  })

  it('about activities', async () => {
    const rows = (await ask('GET', '/v2/account/activities', '/v2/account/activities')).json as unknown as Json[]
    keysOf('TradingActivities', rows[0])
    await ask('GET', '/v2/account/activities/{activity_type}', '/v2/account/activities/FILL')
  })

  it('about time', async () => {
    keysOf('legacy_clock', (await ask('GET', '/v2/clock', '/v2/clock')).json)
    const days = (await ask('GET', '/v2/calendar', '/v2/calendar?start=2026-11-20&end=2026-12-01'))
      .json as unknown as Json[]
    keysOf('legacy_calendar_day', days[0])
    await ask('GET', '/v2/calendar', '/v2/calendar?start=2026-11-20&end=2026-12-01&date_type=SETTLEMENT')
    await ask('GET', '/v3/clock', '/v3/clock?markets=XNYS')
  })

  it('in the stream of activities', async () => {
    const trades = bench.simulator.truth().executions
    bench.simulator.fate.bust(trades[0]?.id ?? '')
    const template = '/v2beta1/events/activities'
    const { text } = await bench.call('GET', `${template}?since=2026-11-20&until=2026-11-21`)
    answered.add(`GET ${template}`)
    const events = text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as unknown)
    assert.ok(events.length > trades.length)
    assert.deepEqual(wrong(`GET ${template}`, at('components', 'schemas', 'ActivityEventV2'), events[0]), [])
    for (const event of events)
      assert.deepEqual(wrong(`GET ${template}`, at('components', 'schemas', 'ActivityEventV2'), event), [])
  })

  it('and nothing of it was left unasked', () => {
    const specified = Object.entries(facts.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((m) => m !== 'parameters')
        .map((m) => `${m.toUpperCase()} ${path}`),
    )
    assert.deepEqual(
      specified.filter((asked) => !answered.has(asked)),
      [],
    )
    assert.deepEqual(
      DEVIATIONS.map((d) => d.reason).filter((reason) => !excused.has(reason)),
      [],
      'no longer needed',
    )
  })
})
