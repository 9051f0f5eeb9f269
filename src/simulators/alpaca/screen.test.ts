import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openBench, type SimulatorBench } from './bench.ts'

type Over = Readonly<Record<string, unknown>>
/** What there is before the order in question comes. */
type Before = (bench: SimulatorBench) => Promise<unknown> | void

const market = { type: 'market', limit_price: null } as const
const holding =
  (size: string, over: Over = {}): Before =>
  (b) =>
    b.order({ ...market, qty: size, ...over })
const waiting =
  (over: Over): Before =>
  (b) =>
    b.order(over)
const all =
  (...before: readonly Before[]): Before =>
  async (b) => {
    for (const each of before) await each(b)
  }
const bracket = (over: Over = {}): Over => ({
  order_class: 'bracket',
  take_profit: { limit_price: '200' },
  stop_loss: { stop_price: '140' },
  ...over,
})
const coin = (over: Over): Over => ({
  symbol: 'BTC/USD',
  time_in_force: 'gtc',
  qty: '0.01',
  limit_price: '60000',
  ...over,
})
const none: Before = () => {}

// Status, code and words as they were seen from Alpaca or are in its pages; where neither tells the words, its code and ours.
// biome-ignore format: a table reads in columns
const REFUSED: readonly (readonly [name: string, before: Before, order: Over, status: number, code: number, message: string | RegExp])[] = [
  ['no such asset',                    none, { symbol: 'FACEBOOK' },                                  422, 40010001, 'could not find asset "FACEBOOK"'],
  ['small letters are another symbol', none, { symbol: 'aapl' },                                      422, 40010001, 'could not find asset "aapl"'],
  ['no currencies',                    none, { symbol: 'EUR/USD' },                                   422, 40010001, 'could not find asset "EUR/USD"'],
  ['no size',                          none, { qty: null },                                           422, 40010001, 'qty or notional is required'],
  ['size and money',                   none, { notional: '100' },                                     422, 40010001, 'only one of qty or notional is accepted'],
  ['nothing',                          none, { qty: '0' },                                            422, 40010001, 'qty must be > 0'],
  ['less than nothing',                none, { qty: '-5' },                                           422, 40010001, 'qty must be > 0'],
  ['an exponent',                      none, { qty: '1e1' },                                          400, 40010000, 'request body format is invalid'],
  ['ten places',                       none, { qty: '0.0000000001' },                                 422, 42210000, 'qty must be limited to 9 decimal places'],
  ['money with three places',          none, { qty: null, notional: '10.005', ...market },            422, 42210000, 'notional value must be limited to 2 decimal places'],
  ['no side',                          none, { side: null },                                          422, 40010001, 'side is required'],
  ['an unknown side',                  none, { side: 'sell_short' },                                  422, 40010001, 'invalid side'],
  ['an unknown type',                  none, { type: 'iceberg' },                                     422, 40010001, 'invalid order type'],
  ['an unknown time in force',         none, { time_in_force: 'gtd' },                                422, 40010001, 'invalid time_in_force'],
  ['a limit order without its limit',  none, { limit_price: null },                                   422, 40010001, 'limit orders require a limit price'],
  ['a market order with a limit',      none, { type: 'market' },                                      422, 40010001, 'market orders require no stop or limit price'],
  ['a stop without its stop',          none, { type: 'stop', limit_price: null },                     422, 40010001, 'stop orders require a stop price'],
  ['half a stop-limit',                none, { type: 'stop_limit' },                                  422, 40010001, 'stop limit orders require both stop and limit price'],
  ['a trailing stop without a trail',  none, { type: 'trailing_stop', limit_price: null },            422, 40010001, /trail_price or trail_percent/],
  ['a name of 129 letters',            none, { client_order_id: 'x'.repeat(129) },                    422, 40010001, /no more than 128/],
  ['a name that is taken',             waiting({ client_order_id: 'twice' }), { client_order_id: 'twice', qty: '1' }, 422, 40010001, 'client_order_id must be unique'],
  ['off the tick',                     none, { limit_price: '150.005' },                              422, 42210000, 'invalid limit_price 150.005. sub-penny increment does not fulfill minimum pricing criteria'],
  ['a stop off the tick',              none, { type: 'stop', limit_price: null, stop_price: '200.123' }, 422, 42210000, 'invalid stop_price 200.123. sub-penny increment does not fulfill minimum pricing criteria'],
  ['five places below a dollar',       none, { limit_price: '0.12345', qty: '100' },                  422, 42210000, /invalid limit_price 0.12345/],
  ['an inactive asset',                (b) => b.simulator.fate.asset('AAPL', { status: 'inactive' }), {}, 422, 42210000, 'asset AAPL is not active'],
  ['an asset that does not trade',     (b) => b.simulator.fate.asset('AAPL', { tradable: false }), {}, 422, 42210000, 'asset "AAPL" is not tradable'],
  ['fractions for more than a day',    none, { qty: '0.5', time_in_force: 'gtc' },                    422, 42210000, 'fractional orders must be DAY orders'],
  ['fractions with exits',             none, { qty: '1.5', ...bracket() },                            422, 42210000, 'fractional orders must be simple orders'],
  ['fractions of what has none',       (b) => b.simulator.fate.asset('AAPL', { fractionable: false }), { qty: '0.5' }, 403, 40310000, 'asset "AAPL" is not fractionable'],
  ['a fraction sold short',            none, { qty: '0.5', side: 'sell' },                            422, 42210000, 'fractional orders cannot be sold short'],
  ['extended hours at the market',     none, { ...market, extended_hours: true },                     422, 40010001, 'only type="limit" is allowed for extended hours orders'],
  ['extended hours at once',           none, { extended_hours: true, time_in_force: 'ioc' },          422, 42210000, 'extended hours order must be DAY limit orders'],
  ['extended hours with exits',        none, { extended_hours: true, ...bracket() },                  422, 42210000, /extended hours must be false/],
  ['at the open, during the day',      none, { time_in_force: 'opg' },                                422, 42210000, /opg orders are not accepted between 09:28 and 19:00/],
  ['a bracket without its target',     none, bracket({ take_profit: null }),                          422, 42210000, 'bracket orders require take_profit.limit_price'],
  ['a bracket without its stop',       none, bracket({ stop_loss: null }),                            422, 42210000, 'bracket orders require stop_loss.stop_price'],
  ['a bracket that closes',            holding('10'), bracket({ side: 'sell' }),                      422, 42210000, 'bracket orders must be entry orders'],
  ['a bracket at once',                none, bracket({ time_in_force: 'ioc' }),                       422, 42210000, 'bracket orders must be DAY or GTC orders'],
  ['a target below its entry',         none, bracket({ take_profit: { limit_price: '150.00' } }),     422, 42210000, 'take_profit.limit_price must be >= base_price + 0.01'],
  ['a stop above its entry',           none, bracket({ stop_loss: { stop_price: '150.00' } }),        422, 42210000, 'stop_loss.stop_price must be <= base_price - 0.01'],
  ['exits the wrong way round',        none, bracket({ take_profit: { limit_price: '139' } }),        422, 42210000, 'take_profit.limit_price must be > stop_loss.stop_price'],
  ['an OCO with nothing to exit',      none, { side: 'sell', order_class: 'oco', limit_price: null, take_profit: { limit_price: '200' }, stop_loss: { stop_price: '180' } }, 422, 42210000, 'oco orders must be exit orders'],
  ['an OCO at the market',             holding('10'), { ...market, side: 'sell', order_class: 'oco', take_profit: { limit_price: '200' }, stop_loss: { stop_price: '180' } }, 422, 42210000, 'oco orders must be limit orders'],
  ['an OCO without its target',        holding('10'), { side: 'sell', order_class: 'oco', limit_price: '200', stop_loss: { stop_price: '180' } }, 422, 42210000, 'oco orders require take_profit.limit_price'],
  ['an OCO the wrong way round',       holding('10'), { side: 'sell', order_class: 'oco', limit_price: null, take_profit: { limit_price: '180' }, stop_loss: { stop_price: '200' } }, 422, 42210000, 'take_profit.limit_price must be > stop_loss.stop_price'],
  ['an OTO with both exits',           none, { ...bracket(), order_class: 'oto' },                    422, 42210000, /oto orders require/],
  ['too little',                       none, { qty: '0.005', limit_price: '150' },                    403, 40310000, 'cost basis must be >= minimal amount of order 1'],
  ['more than can be paid',            none, { qty: '10000', limit_price: '150' },                    403, 40310000, 'insufficient buying power'],
  ['more than is left by others',      waiting({ qty: '2600', limit_price: '150' }), { qty: '100', limit_price: '150' }, 403, 40310000, 'insufficient buying power'],
  ['more than is held',                holding('10'), { side: 'sell', qty: '11', limit_price: '200' }, 403, 40310000, 'insufficient qty available for order (requested: 11, available: 10)'],
  ['what another order holds',         all(holding('10'), waiting({ side: 'sell', limit_price: '210' })), { side: 'sell', limit_price: '200' }, 403, 40310000, 'insufficient qty available for order (requested: 10, available: 0)'],
  ['what the exits hold',              (b) => b.order({ ...bracket({ stop_loss: { stop_price: '180' } }), ...market }), { side: 'sell', qty: '1', limit_price: '195' }, 403, 40310000, 'insufficient qty available for order (requested: 1, available: 0)'],
  ['from short to long in one',        holding('10', { side: 'sell' }), { qty: '11' },                403, 40310000, 'insufficient qty available for order (requested: 11, available: 10)'],
  ['a short sale that is not allowed', (b) => b.call('PATCH', '/v2/account/configurations', { no_shorting: true }), { side: 'sell', limit_price: '200' }, 403, 40310000, 'account is not allowed to short'],
  ['a short sale that is hard',        (b) => b.simulator.fate.asset('AAPL', { easyToBorrow: false }), { side: 'sell', limit_price: '200' }, 422, 42210000, 'asset "AAPL" cannot be sold short'],
  ['a short sale beside a purchase',   waiting({}), { side: 'sell', limit_price: '200' },             403, 40310000, 'cannot open a short sell while a long buy order is open'],
  ['a purchase beside a short sale',   waiting({ side: 'sell', limit_price: '210' }), {},             403, 40310000, 'cannot open a long buy while a short sell order is open'],
  ['a top-up against a stop',          all(holding('10'), waiting({ side: 'sell', type: 'stop', limit_price: null, stop_price: '180' })), {}, 403, 40310000, 'potential wash trade detected. use complex orders'],
  ['a top-up through a sale',          all(holding('10'), waiting({ side: 'sell', limit_price: '195' })), { limit_price: '195' }, 403, 40310000, 'potential wash trade detected. use complex orders'],
  ['a suspended account',              (b) => b.simulator.fate.suspend(true), {},                     403, 40310000, 'new orders are rejected by user request'],
  ['a blocked account',                (b) => b.simulator.fate.blockAccount(true), {},                403, 40310000, 'account is not authorized to trade'],
  ['an account under review',          (b) => b.simulator.fate.accountStatus('ACTION_REQUIRED'), {},  403, 40310000, 'account is not authorized to trade'],
  ['coins for a day',                  none, coin({ time_in_force: 'day' }),                          422, 42210000, 'invalid crypto time_in_force'],
  ['a plain stop for coins',           none, coin({ type: 'stop', limit_price: null, stop_price: '70000' }), 422, 42210000, 'invalid order type for crypto order'],
  ['too few coins',                    none, coin({ qty: '0.0001' }),                                 403, 40310000, 'cost basis must be >= minimal amount of order 10'],
  ['coins that are not there',         none, coin({ side: 'sell' }),                                  403, 40310000, 'insufficient balance for BTC (requested: 0.01, available: 0)'],
  ['coins that the fee has taken',     (b) => b.order(coin({ ...market })), coin({ side: 'sell', limit_price: '70000' }), 403, 40310000, 'insufficient balance for BTC (requested: 0.01, available: 0.009975)'],
  ['coins on margin',                  none, coin({ qty: '3' }),                                      403, 40310000, 'insufficient buying power'],
  ['an order that always loses',       none, { symbol: 'SIM.REJECT' },                                422, 42210000, 'SIM.REJECT is always rejected'],
]

describe('what Alpaca refuses', () => {
  for (const [name, before, order, status, code, message] of REFUSED)
    it(name, async () => {
      const bench = await openBench()
      await before(bench)
      const booked = bench.simulator.truth().orders.length
      const reply = await bench.order(order)
      await bench.close()
      const body = reply.json as { readonly code: number; readonly message: string }
      assert.deepEqual([reply.status, body.code], [status, code], reply.text)
      if (typeof message === 'string') assert.equal(body.message, message)
      else assert.match(body.message, message)
      assert.equal(bench.simulator.truth().orders.length, booked, 'nothing is booked')
    })
})

// biome-ignore format: a table reads in columns
const TAKEN: readonly (readonly [name: string, before: Before, order: Over])[] = [
  ['four places below a dollar',          none, { limit_price: '0.9999', qty: '100' }],
  ['money for a market order',            none, { qty: null, notional: '50.25', ...market }],
  ['a fraction with a limit',             none, { qty: '1.5' }],
  ['a whole sale worth less than a dollar', all(holding('1'), (b) => b.show('AAPL', '0.98', '0.99')), { side: 'sell', qty: '1', ...market }],
  ['the same side twice',                 waiting({}), {}],
  ['a top-up below a sale',               all(holding('10'), waiting({ side: 'sell', limit_price: '195' })), { limit_price: '194.99' }],
  ['a top-up beside exits',               (b) => b.order({ ...bracket({ stop_loss: { stop_price: '180' } }), ...market }), {}],
  ['a bracket against a stop',            all(holding('10'), waiting({ side: 'sell', type: 'stop', limit_price: null, stop_price: '180' })), bracket()],
  ['a short sale',                        none, { side: 'sell', limit_price: '200' }],
  ['exits of a short sale',               none, { side: 'sell', limit_price: '200', ...bracket({ take_profit: { limit_price: '150' }, stop_loss: { stop_price: '210' } }) }],
  ['extended hours until canceled',       none, { extended_hours: true, time_in_force: 'gtc' }],
  ['coins at once',                       none, coin({ time_in_force: 'ioc' })],
  ['coins with exits, which are passed over', none, coin({ order_class: 'oto', stop_loss: { stop_price: '50000' } })],
  ['a name of 128 letters',               none, { client_order_id: 'x'.repeat(128) }],
  ['numbers in the place of text',        none, { qty: 10, limit_price: 150.5 }],
]
describe('what Alpaca takes', () => {
  for (const [name, before, order] of TAKEN)
    it(name, async () => {
      const bench = await openBench()
      await before(bench)
      const reply = await bench.order(order)
      await bench.close()
      assert.equal(reply.status, 200, reply.text)
      assert.equal((reply.json as { status: string }).status, 'pending_new')
    })
})

describe('what a refusal tells beside its words', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, before: Before, order: Over, extra: Over])[] = [
    ['what can be paid',     none, { qty: '10000' },                         { buying_power: '400000', cost_basis: '1500000' }],
    ['what is held',         holding('10'), { side: 'sell', qty: '11', limit_price: '200' }, { available: '10', existing_qty: '10', held_for_orders: '0', symbol: 'AAPL' }],
    ['the base price',       none, bracket({ take_profit: { limit_price: '150' } }), { base_price: '150' }],
  ]
  for (const [name, before, order, extra] of rows)
    it(name, async () => {
      const bench = await openBench()
      await before(bench)
      const { code: _, message: __, ...rest } = (await bench.order(order)).json as Record<string, unknown>
      await bench.close()
      assert.deepEqual(rest, extra)
    })

  it('which order holds the shares, and which would be traded with', async () => {
    const bench = await openBench()
    await bench.order({ ...market })
    const stop = (await bench.order({ side: 'sell', type: 'stop', limit_price: null, stop_price: '180' })).json as {
      id: string
    }
    const held = (await bench.order({ side: 'sell', limit_price: '200' })).json
    assert.deepEqual(held['related_orders'], [stop.id])
    const wash = (await bench.order({})).json
    assert.deepEqual(
      [wash['existing_order_id'], wash['reject_reason']],
      [stop.id, 'opposite side market/stop order exists'],
    )
    await bench.close()
  })
})
