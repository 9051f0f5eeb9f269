import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { text } from '../../values/decimal.ts'
import { rfc3339 } from '../../values/instant.ts'
import { parseJson } from '../../values/json.ts'
import {
  lifeOf,
  Malformed,
  parseAccount,
  parseAsset,
  parseClock,
  parseEventStream,
  parseFill,
  parseFrame,
  parseItems,
  parseOrder,
  parsePosition,
  parseRefusal,
  parseSnapshots,
  parseTradeEvent,
} from './parse.ts'

/** What a parser is given: JSON text as it comes, numbers with every digit. */
function wire(value: unknown): unknown {
  const parsed = parseJson(typeof value === 'string' ? value : JSON.stringify(value))
  assert.ok(parsed.ok)
  return parsed.value
}

const ORDER = {
  id: '7b08df51-c1ac-453c-99f9-323a5f075f0d',
  client_order_id: 'jxabc',
  created_at: '2026-11-20T14:31:24.668464435Z',
  updated_at: '2026-11-20T14:31:24.668464999Z',
  submitted_at: '2026-11-20T09:31:24.577215743-05:00',
  filled_at: null,
  canceled_at: null,
  replaced_by: null,
  replaces: null,
  symbol: 'AAPL',
  asset_class: 'us_equity',
  notional: null,
  qty: '10',
  filled_qty: '0',
  filled_avg_price: null,
  order_class: '',
  order_type: 'limit',
  type: 'limit',
  side: 'buy',
  position_intent: 'buy_to_open',
  time_in_force: 'day',
  limit_price: '231.15',
  stop_price: null,
  status: 'pending_new',
  legs: null,
}
const order = (over: object = {}) => parseOrder(wire({ ...ORDER, ...over }))

describe('an order', () => {
  it('is read with our words', () => {
    const o = order()
    assert.deepEqual(
      [o.orderID, o.clOrdID, o.status, o.orderClass, o.assetClass],
      [ORDER.id, 'jxabc', 'pending_new', 'simple', 'us_equity'],
    )
    const { symbol, side, ordType, timeInForce, orderQty, price, stopPx, bracket, reduceOnly } = o.terms
    assert.deepEqual(
      [symbol, side, ordType, timeInForce, text(orderQty), price && text(price), stopPx, bracket, reduceOnly],
      ['AAPL', 'Buy', 'Limit', 'Day', '10', '231.15', null, null, false],
    )
  })

  it('keeps its times to the microsecond, whatever the zone, and none is rounded up', () => {
    assert.equal(rfc3339(order().bornAt), '2026-11-20T14:31:24.668464Z')
    assert.equal(rfc3339(order().updatedAt), '2026-11-20T14:31:24.668464Z')
    assert.equal(rfc3339(order({ created_at: null }).bornAt), '2026-11-20T14:31:24.577215Z')
  })

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, over: object, read: (o: ReturnType<typeof order>) => unknown, is: unknown])[] = [
    ['a number where a string is usual',   { qty: 10 },                                     (o) => text(o.terms.orderQty), '10'],
    ['an exponent',                        { filled_qty: 1e-7 },                            (o) => text(o.cumQty), '0.0000001'],
    ['nine places',                        { filled_qty: '0.057436865' },                   (o) => text(o.cumQty), '0.057436865'],
    ['a size that is missing',             { qty: undefined, notional: '5', filled_qty: '0.05' }, (o) => text(o.terms.orderQty), '0.05'],
    ['fills that are missing',             { filled_qty: null },                            (o) => text(o.cumQty), '0'],
    ['a name of Alpaca’s own',             { client_order_id: '2a537ca1-ba25-4e66-9266-6e87c1cdcb8d' }, (o) => o.clOrdID, null],
    ['no name',                            { client_order_id: '' },                         (o) => o.clOrdID, null],
    ['an exit',                            { side: 'sell', position_intent: 'sell_to_close' }, (o) => [o.terms.side, o.terms.reduceOnly], ['Sell', true]],
    ['a short sale of old',                { side: 'sell_short' },                          (o) => o.terms.side, 'Sell'],
    ['a stop',                             { type: 'stop', limit_price: null, stop_price: '95' }, (o) => o.terms.ordType, 'Stop'],
    ['a stop with a limit',                { type: 'stop_limit', stop_price: '95' },        (o) => o.terms.ordType, 'StopLimit'],
    ['a trailing stop of other hands',     { type: 'trailing_stop', limit_price: null, stop_price: '95' }, (o) => o.terms.ordType, 'Stop'],
    ['a type that is new',                 { type: 'pegged' },                              (o) => o.terms.ordType, 'Limit'],
    ['the older name of the type',         { type: undefined, order_type: 'market', limit_price: null }, (o) => o.terms.ordType, 'Market'],
    ['good at the close',                  { time_in_force: 'cls' },                        (o) => o.terms.timeInForce, 'Day'],
    ['several option legs',                { symbol: '', side: '', asset_class: '', order_class: 'mleg', legs: [{ ...ORDER, id: 'x', symbol: 'AAPL261218C00250000', side: 'sell' }] }, (o) => [o.terms.symbol, o.terms.side], ['AAPL261218C00250000', 'Sell']],
    ['one that was replaced',              { status: 'replaced', replaced_by: 'n', replaced_at: '2026-11-20T15:00:00Z' }, (o) => [o.replacedBy, o.replacedAt !== null], ['n', true]],
  ]
  for (const [what, over, read, is] of rows) it(`with ${what}`, () => assert.deepEqual(read(order(over)), is))

  it('knows the exits of its bracket', () => {
    const target = {
      ...ORDER,
      id: 't',
      side: 'sell',
      limit_price: '240',
      client_order_id: '2a537ca1-ba25-4e66-9266-6e87c1cdcb8d',
    }
    const stop = { ...target, id: 's', type: 'stop', limit_price: null, stop_price: '220', status: 'held' }
    const o = order({ order_class: 'bracket', legs: [target, stop] })
    assert.deepEqual(
      o.terms.bracket && [text(o.terms.bracket.stopPx), text(o.terms.bracket.targetPx ?? o.terms.bracket.stopPx)],
      ['220', '240'],
    )
    assert.deepEqual(
      o.legs.map((l) => [l.orderID, l.clOrdID, l.terms.ordType, l.terms.reduceOnly, lifeOf(l.status).open]),
      [
        ['t', null, 'Limit', true, true],
        ['s', null, 'Stop', true, true],
      ],
    )
  })

  // biome-ignore format: a table reads in columns
  const wrong: readonly (readonly [what: string, value: unknown])[] = [
    ['no object',            'order'],
    ['a list',               [ORDER]],
    ['no id',                { ...ORDER, id: null }],
    ['no status',            { ...ORDER, status: undefined }],
    ['no time',              { ...ORDER, created_at: null, submitted_at: null }],
    ['a time that is none',  { ...ORDER, created_at: 'yesterday' }],
    ['a size that is none',  { ...ORDER, qty: '1,000' }],
    ['more digits than we keep', { ...ORDER, filled_qty: '0.1234567890123' }],
    ['a size in a list',     { ...ORDER, qty: ['1'] }],
    ['a size beyond reason', { ...ORDER, qty: '1e40' }],
  ]
  for (const [what, value] of wrong)
    it(`is malformed with ${what}`, () => assert.throws(() => parseOrder(wire(JSON.stringify(value))), Malformed))

  it('keeps every digit that was sent', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 21n }), fc.integer({ min: 0, max: 9 }), (n, places) => {
        const digits = n.toString().padStart(places + 1, '0')
        const sent = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
        if (digits.slice(0, digits.length - places).length > 15) return
        for (const form of [`"${sent}"`, sent])
          assert.equal(
            text(parseOrder(wire(JSON.stringify(ORDER).replace('"qty":"10"', `"qty":${form}`))).terms.orderQty),
            sent,
          )
      }),
    )
  })

  it('of a status that nobody knows is open', () => {
    assert.deepEqual(lifeOf('in_orbit'), { open: true, known: false })
    for (const status of ['filled', 'canceled', 'expired', 'rejected', 'replaced'])
      assert.deepEqual(lifeOf(status), { open: false, known: true })
    for (const status of [
      'done_for_day',
      'calculated',
      'held',
      'pending_cancel',
      'pending_replace',
      'accepted',
      'suspended',
    ])
      assert.deepEqual(lifeOf(status), { open: true, known: true })
  })
})

describe('a frame of the stream', () => {
  const update = {
    event: 'fill',
    execution_id: 'e1',
    price: '231.10',
    qty: '4',
    timestamp: '2026-11-20T14:31:25.695569506Z',
    order: ORDER,
  }

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, value: unknown, is: unknown])[] = [
    ['authorized',       { stream: 'authorization', data: { status: 'authorized', action: 'authenticate' } },   { kind: 'authorization', authorized: true }],
    ['unauthorized',     { stream: 'authorization', data: { status: 'unauthorized', action: 'listen' } },       { kind: 'authorization', authorized: false }],
    ['listening',        { stream: 'listening', data: { streams: ['trade_updates'] } },                         { kind: 'listening', streams: ['trade_updates'] }],
    ['listening to none',{ stream: 'listening', data: {} },                                                     { kind: 'listening', streams: [] }],
    ['an error',         { action: 'error', data: { error_message: 'internal server error' } },                 { kind: 'error', text: 'internal server error' }],
    ['another stream',   { stream: 'account_updates', data: {} },                                               { kind: 'other', text: 'account_updates' }],
    ['no stream',        { hello: 'world' },                                                                    { kind: 'other', text: 'no stream' }],
  ]
  for (const [what, value, is] of rows) it(what, () => assert.deepEqual(parseFrame(wire(value)), is))

  it('an execution has its own price and size', () => {
    const frame = parseFrame(wire({ stream: 'trade_updates', data: update }))
    assert.ok(frame.kind === 'update')
    const { event, executionID, lastPx, lastQty, at } = frame.update
    assert.deepEqual(
      [event, executionID, lastPx && text(lastPx), lastQty && text(lastQty), at && rfc3339(at)],
      ['fill', 'e1', '231.10', '4', '2026-11-20T14:31:25.695569Z'],
    )
  })
  it('older words for a fill are the same', () => {
    for (const [said, is] of [
      ['filled', 'fill'],
      ['partially_filled', 'partial_fill'],
      ['in_orbit', 'in_orbit'],
    ]) {
      const frame = parseFrame(wire({ stream: 'trade_updates', data: { ...update, event: said } }))
      assert.equal(frame.kind === 'update' && frame.update.event, is)
    }
  })
  it('a bust of a negative size is of that size', () => {
    const frame = parseFrame(
      wire({
        stream: 'trade_updates',
        data: { ...update, event: 'trade_bust', qty: '-4', previous_execution_id: 'e0' },
      }),
    )
    assert.ok(frame.kind === 'update')
    assert.deepEqual([frame.update.previousID, frame.update.lastQty && text(frame.update.lastQty)], ['e0', '4'])
  })
  it('without an order is malformed', () => {
    assert.throws(() => parseFrame(wire({ stream: 'trade_updates', data: { event: 'fill' } })), Malformed)
  })
})

describe('an execution', () => {
  const FILL = {
    activity_type: 'FILL',
    cum_qty: '10',
    id: '20261008111018097::fc1f',
    order_id: 'o',
    order_status: 'filled',
    price: '86.878',
    qty: '6',
    side: 'buy',
    symbol: 'KO',
    transaction_time: '2026-10-08T15:10:18.097465Z',
    type: 'fill',
  }
  it('in the list of fills', () => {
    const fill = parseFill(wire(FILL))
    assert.deepEqual(
      fill && [fill.activityID, fill.orderID, text(fill.lastQty), text(fill.cumQty), text(fill.lastPx)],
      [FILL.id, 'o', '6', '10', '86.878'],
    )
  })
  it('a dividend is none', () =>
    assert.equal(parseFill(wire({ activity_type: 'DIV', id: 'x', net_amount: '1' })), null))

  const EVENT = {
    activity_type: 'TRD',
    at: '2026-10-08T15:10:19Z',
    executed_at: '2026-10-08T15:10:18.097464903Z',
    event_id: '01K',
    ref_id: 'e1',
    qty: '6',
    price: '86.878',
    details: { order_id: 'o', symbol: 'KO', side: 'buy', cum_qty: '10', execution_type: 'fill' },
  }
  it('among the events', () => {
    const event = parseTradeEvent(wire(EVENT))
    assert.deepEqual(event && [event.kind, event.executionID, event.previousID, rfc3339(event.at)], [
      'fill',
      'e1',
      null,
      '2026-10-08T15:10:18.097464Z',
    ])
  })
  it('a bust is dated when it was made', () => {
    const event = parseTradeEvent(
      wire({ ...EVENT, previous_id: 'e0', details: { ...EVENT.details, execution_type: 'trade_bust' } }),
    )
    assert.deepEqual(event && [event.kind, event.previousID, rfc3339(event.at)], [
      'trade_bust',
      'e0',
      '2026-10-08T15:10:19.000000Z',
    ])
  })
  it('what is about no order is none', () => {
    assert.equal(parseTradeEvent(wire({ ...EVENT, details: { parent_id: 'x' } })), null)
    assert.equal(parseTradeEvent(wire({ event_id: 'x' })), null)
  })
  it('of a kind that nobody knows is malformed', () => {
    assert.throws(
      () => parseTradeEvent(wire({ ...EVENT, details: { ...EVENT.details, execution_type: 'trade_moved' } })),
      Malformed,
    )
  })
  it('an event stream is read by the line', () => {
    assert.deepEqual(
      parseEventStream(
        ':heartbeat\n\ndata: {"a":1}\n\nevent: x\ndata: {"b":\ndata: 2}\r\n\r\n: you are reading too slowly, dropped 3 messages\n\ndata: {"c":3}',
      ),
      {
        data: ['{"a":1}', '{"b":\n2}', '{"c":3}'],
        complaints: ['you are reading too slowly, dropped 3 messages'],
      },
    )
  })
})

describe('a refusal', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, status: number, body: unknown, says: string | null])[] = [
    ['with figures',    403, { code: 40310000, message: 'insufficient buying power', buying_power: '400', cost_basis: 8177.5, related_orders: ['x'] }, '403 40310000: insufficient buying power (buying_power 400, cost_basis 8177.5)'],
    ['without a code',  403, { message: 'forbidden.' },                      '403: forbidden.'],
    ['with a text code',422, { code: 'easy_to_borrow', message: 'no locate is needed' }, '422 easy_to_borrow: no locate is needed'],
    ['without words',   422, { code: 42210000 },                             '422 42210000: no message'],
    ['that is a list',  422, [],                                             null],
    ['that is nothing', 422, null,                                           null],
    ['that says neither', 422, { error: 'x' },                               null],
  ]
  for (const [what, status, body, says] of rows)
    it(what, () => assert.equal(parseRefusal(status, wire(JSON.stringify(body)))?.text ?? null, says))
})

describe('account, positions, assets and market', () => {
  const ACCOUNT = {
    id: 'a',
    account_number: 'PA1',
    status: 'ACTIVE',
    currency: 'USD',
    equity: '100005.83',
    cash: '100005.83',
    buying_power: '400023.32',
    shorting_enabled: true,
    user_configurations: null,
  }
  // biome-ignore format: a table reads in columns
  const accounts: readonly (readonly [what: string, over: object, status: string, shorting: boolean])[] = [
    ['is active',                 {},                                             'Active',     true],
    ['without the day-trade fields of old', { daytrade_count: undefined },        'Active',     true],
    ['is blocked',                { account_blocked: true },                      'Blocked',    true],
    ['may not trade',             { trading_blocked: true },                      'Blocked',    true],
    ['is suspended by its owner', { trade_suspended_by_user: true },              'Restricted', true],
    ['is suspended by a setting', { user_configurations: { suspend_trade: true } }, 'Restricted', true],
    ['may not short',             { user_configurations: { no_shorting: true } }, 'Active',     false],
    ['is limited',                { status: 'LIMITED' },                          'Restricted', true],
    ['is closed',                 { status: 'ACCOUNT_CLOSED' },                   'Blocked',    true],
    ['has a status nobody knows', { status: 'HIBERNATING' },                      'Blocked',    true],
  ]
  for (const [what, over, status, shorting] of accounts)
    it(`an account that ${what}`, () => {
      const { fact } = parseAccount(wire({ ...ACCOUNT, ...over }))
      assert.deepEqual([fact.status, fact.shortingAllowed], [status, shorting])
    })
  const LEGACY = { pattern_day_trader: true, daytrade_count: 7, daytrading_buying_power: '0' }
  for (const [what, over, regime] of [
    ['as of July 2026, without a word of day trading', {}, 'intraday'],
    ['with those fields empty', { pattern_day_trader: null, daytrade_count: null }, 'intraday'],
    ['of before, that counts day trades', LEGACY, 'legacy_pdt'],
    ['that still counts them and sends no flag', { daytrade_count: 0 }, 'legacy_pdt'],
  ] as const)
    it(`the margin of an account ${what}, is ${regime}, and its buying power is what is reported`, () => {
      const { fact, flags } = parseAccount(wire({ ...ACCOUNT, ...over }))
      assert.deepEqual([fact.marginRegime, fact.status, fact.buyingPower, flags], [regime, 'Active', '400023.32', []])
    })
  it('an account without equity is malformed', () => {
    assert.throws(() => parseAccount(wire({ ...ACCOUNT, equity: null })), Malformed)
  })

  const POSITION = {
    asset_id: 'x',
    symbol: 'KO',
    asset_class: 'us_equity',
    qty: '5',
    side: 'long',
    avg_entry_price: '86.879891',
    current_price: null,
  }
  // biome-ignore format: a table reads in columns
  const positions: readonly (readonly [what: string, over: object, netQty: string | null])[] = [
    ['long',                        {},                              '5'],
    ['short',                       { side: 'short', qty: '-5' },    '-5'],
    ['short with the sign of long', { side: 'short', qty: '5' },     null],
    ['long with the sign of short', { qty: '-5' },                   null],
    ['of a side nobody knows',      { side: 'both' },                null],
    ['without a side',              { side: null },                  null],
  ]
  for (const [what, over, netQty] of positions)
    it(`a position ${what}`, () => {
      const read = () => parsePosition(wire({ ...POSITION, ...over }))
      if (netQty === null) assert.throws(read, Malformed)
      else assert.equal(text(read().netQty), netQty)
    })

  const KO = {
    id: 'x',
    class: 'us_equity',
    symbol: 'KO',
    name: 'Coca-Cola',
    status: 'active',
    tradable: true,
    shortable: true,
    easy_to_borrow: true,
    maintenance_margin_requirement: 30,
  }
  const BTC = {
    id: 'b',
    class: 'crypto',
    symbol: 'BTC/USD',
    status: 'active',
    tradable: true,
    min_order_size: '0.000015',
    min_trade_increment: '0.000000001',
    price_increment: '0.01',
  }
  // biome-ignore format: a table reads in columns
  const assets: readonly (readonly [what: string, value: object, read: (i: NonNullable<ReturnType<typeof parseAsset>['instrument']>) => unknown, is: unknown])[] = [
    ['equity ticks by price',     KO,                                        (i) => i.ticks.map((b) => text(b.tick)), ['0.0001', '0.01']],
    ['whole shares',              KO,                                        (i) => [text(i.lot), text(i.minQty)], ['1', '1']],
    ['easy to borrow',            KO,                                        (i) => i.shortable, true],
    ['hard to borrow',            { ...KO, borrow_status: 'hard_to_borrow' }, (i) => i.shortable, false],
    ['borrow without the old flag', { ...KO, easy_to_borrow: undefined, borrow_status: 'easy_to_borrow' }, (i) => i.shortable, true],
    ['not to be shorted',         { ...KO, shortable: false },               (i) => i.shortable, false],
    ['inactive',                  { ...KO, status: 'inactive' },             (i) => i.tradable, false],
    ['not tradable',              { ...KO, tradable: false },                (i) => i.tradable, false],
    ['where it is listed',        { ...KO, exchange: 'NYSE' },               (i) => i.venue, 'NYSE'],
    ['over the counter',          { ...KO, exchange: 'OTC' },                (i) => i.venue, 'OTC'],
    ['listed nowhere that it says', KO,                                      (i) => i.venue, undefined],
    ['crypto steps',              BTC,                                       (i) => [text(i.lot), i.ticks.map((b) => text(b.tick)), i.shortable], ['0.000000001', ['0.01'], false]],
    ['crypto in dollars is worth ten at least', BTC,                         (i) => i.minNotional && text(i.minNotional), '10'],
    ['crypto in coins',           { ...BTC, symbol: 'ETH/BTC' },             (i) => [i.currency, i.minNotional], ['BTC', undefined]],
  ]
  for (const [what, value, read, is] of assets)
    it(what, () => {
      const { instrument } = parseAsset(wire(value))
      assert.ok(instrument)
      assert.deepEqual(read(instrument), is)
    })
  for (const key of ['min_trade_increment', 'price_increment'])
    it(`crypto without a step is malformed: ${key}`, () =>
      assert.throws(() => parseAsset(wire({ ...BTC, [key]: '0' })), Malformed))
  it('an option is no instrument', () => assert.equal(parseAsset(wire({ ...KO, class: 'us_option' })).instrument, null))

  it('snapshots of stocks and of crypto, and sides that nobody quotes', () => {
    const one = '{"latestQuote":{"t":"2026-11-20T14:31:25.695569506Z","bp":99.990,"ap":100.01},"latestTrade":{"p":1e2}}'
    for (const body of [`{"AAPL":${one},"GONE":null}`, `{"snapshots":{"AAPL":${one}}}`]) {
      const found = parseSnapshots(wire(body))
      assert.equal(found.size, 1)
      const { bid, ask, last, at } = found.get('AAPL') ?? assert.fail()
      assert.deepEqual(
        [bid && text(bid), ask && text(ask), last && text(last), at && rfc3339(at)],
        ['99.990', '100.01', '100', '2026-11-20T14:31:25.695569Z'],
      )
    }
    assert.equal(parseSnapshots(wire('{"A":{"latestQuote":{"bp":0,"ap":1}}}')).get('A')?.bid, null)
  })
  it('the clock', () => {
    const clock = parseClock(
      wire({
        timestamp: '2020-06-08T22:38:49.042731234-04:00',
        is_open: false,
        next_open: '2020-06-09T09:30:00-04:00',
        next_close: '2020-06-09T16:00:00-04:00',
      }),
    )
    assert.deepEqual([clock.open, rfc3339(clock.nextOpenAt)], [false, '2020-06-09T13:30:00.000000Z'])
  })
  it('the lines of a 207', () => {
    const items = parseItems(
      wire([
        { id: 'o1', status: 200, body: null },
        { symbol: 'KO', status: '403', body: { code: 1, message: 'no' } },
      ]),
    )
    assert.deepEqual(
      items.map((i) => [i.name, i.status]),
      [
        ['o1', 200],
        ['KO', 403],
      ],
    )
    assert.throws(() => parseItems(wire('{"message":"x"}')), Malformed)
    assert.throws(() => parseItems(wire('[{"id":"x"}]')), Malformed)
  })
})
