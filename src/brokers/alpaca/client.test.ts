import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Report, TradeReport } from '../../orders/report.ts'
import type { Terms } from '../../orders/terms.ts'
import type { Clock } from '../../ports/clock.ts'
import { ReadFailed } from '../../ports/broker.ts'
import type { AccountID, OrderID } from '../../values/brand.ts'
import { px, qty, shortest, text } from '../../values/decimal.ts'
import { fromMs, instant, parseInstant, plusMs } from '../../values/instant.ts'
import type { Fault } from '../../simulators/alpaca/fate.ts'
import { KEYS, type AlpacaBench, alpacaBench, entry, id, RESTING } from './bench.contract.ts'
import { AlpacaRefusal, openAlpaca } from './client.ts'
import { endpointsOf } from './hosts.ts'
import { sessionAt } from './market.ts'

const BRACKET = { bracket: { stopPx: px('95.00'), targetPx: px('110.00') } } as const

type Case = AlpacaBench & {
  readonly heard: readonly Report[]
  readonly place: (name: string, over?: Partial<Terms>) => Promise<OrderID>
  /** Names and sizes of the trades among reports, each once. */
  readonly trades: (reports: readonly Report[]) => string[]
}

const test = (name: string, run: (b: Case) => Promise<void>): void =>
  void it(name, async () => {
    const b = await alpacaBench()
    const heard: Report[] = []
    b.broker.onReport((report) => heard.push(report))
    const place: Case['place'] = async (clOrdID, over = {}) => {
      const sent = await b.broker.submit(id(clOrdID), entry(over))
      await b.settle()
      return sent.outcome === 'accepted' ? sent.orderID : assert.fail(JSON.stringify(sent))
    }
    const trades: Case['trades'] = (reports) => [
      ...new Set(
        reports
          .filter((r): r is TradeReport => r.execType === 'Trade')
          .map((t) => `${t.execID.replace(t.orderID ?? '', '')} ${shortest(t.lastQty)}`),
      ),
    ]
    try {
      await run(Object.assign(Object.create(b) as AlpacaBench, { heard, place, trades }))
    } finally {
      await b.close()
    }
  })

describe('opening', () => {
  const opened = async (over: { keyID?: string; secretKey?: string; fault?: object }) => {
    const b = await alpacaBench()
    try {
      if (over.fault)
        b.simulator.fate.on({
          method: 'GET',
          path: '/v2/account',
          do: { kind: 'status-before', status: 200, ...over.fault },
        })
      const endpoints = endpointsOf('paper', b.simulator.url)
      assert.ok(endpoints.ok)
      const broker = await openAlpaca({
        account: 'paper:alpaca:main' as AccountID,
        environment: 'paper',
        keys: { ...KEYS, ...over },
        endpoints: endpoints.value,
        clock: REAL,
        random: () => 0,
        streamWaitMs: 50,
        log: () => {},
      })
      await broker.close()
      return broker
    } finally {
      await b.close()
    }
  }
  const REAL: Clock = {
    now: () => fromMs(Date.now()),
    monotonicNs: () => process.hrtime.bigint(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  }
  const ACCOUNT = {
    id: 'a',
    account_number: 'PA1',
    status: 'ACTIVE',
    currency: 'EUR',
    equity: '1',
    cash: '1',
    buying_power: '1',
  }

  // biome-ignore format: a table reads in columns
  const refused: readonly (readonly [what: string, over: Parameters<typeof opened>[0], code: AlpacaRefusal['code'], says: RegExp])[] = [
    ['with a wrong secret',             { secretKey: 'wrong' },         'KEYS_REFUSED', /does not accept these keys for paper trading\. Make a key/],
    ['with keys of a live account',     { keyID: 'AKLIVE' },            'FORBIDDEN',    /look like keys of a live account/],
    ['an account in euros',             { fault: { body: ACCOUNT } },   'CURRENCY',     /kept in EUR; only accounts in USD/],
  ]
  for (const [what, over, code, says] of refused)
    it(`${what} is refused, and says what to do`, () =>
      assert.rejects(opened(over), (e) => e instanceof AlpacaRefusal && e.code === code && says.test(e.message)))

  it('a host that is out of order is a read that may be repeated', () =>
    assert.rejects(opened({ fault: { status: 503 } }), (e) => e instanceof ReadFailed && e.transient))
  it('an account that cannot be read is a read that failed for good', () =>
    assert.rejects(opened({ fault: { body: {} } }), (e) => e instanceof ReadFailed && !e.transient))
  it('shows no key, however deep one looks', async () => {
    const broker = await opened({})
    assert.doesNotMatch(inspect(broker, { depth: 20, showHidden: true }), new RegExp(KEYS.secretKey))
  })

  it('on a visit opens no stream, and lists the exits of entries that have ended', async () => {
    const b = await alpacaBench()
    try {
      for (const [name, over] of [
        ['c-1', { ...BRACKET }],
        ['c-2', { ...RESTING, ...BRACKET, bracket: { ...BRACKET.bracket, stopPx: px('85.00') } }],
      ] as const)
        assert.equal((await b.broker.submit(id(name), entry(over))).outcome, 'accepted')
      await b.settle()
      await b.broker.close()
      for (let i = 0; i < 200 && b.simulator.fate.listeners() > 0; i++) await delay(5)
      const endpoints = endpointsOf('paper', b.simulator.url)
      assert.ok(endpoints.ok)
      const broker = await openAlpaca({
        account: 'paper:alpaca:main' as AccountID,
        environment: 'paper',
        keys: KEYS,
        endpoints: endpoints.value,
        clock: REAL,
        random: () => 0,
        visiting: true,
        log: () => {},
      })
      const open = await broker.openOrders()
      const entryID = open.find((o) => o.clOrdID === 'c-2')?.orderID ?? assert.fail()
      assert.deepEqual(
        open.map((o) => `${o.role ?? o.clOrdID} of ${o.parentOrderID === entryID ? 'c-2' : o.parentOrderID}`).sort(),
        // Of a pair Alpaca lists the one that works: the stop waits beside its target, and goes with it.
        ['Stop of c-2', 'Target of c-2', 'Target of null', 'c-2 of null'],
      )
      assert.equal(b.simulator.fate.listeners(), 0)
      await broker.close()
    } finally {
      await b.close()
    }
  })
  test('goes on without the stream, and says so', async (b) => {
    b.simulator.fate.refuse(true)
    await b.restart()
    assert.ok(b.notices.some((n) => n.kind === 'lost'))
    const sent = await b.broker.submit(id('c-1'), entry())
    assert.equal(sent.outcome, 'accepted')
    assert.equal((await b.broker.find(id('c-1'))).found, true)
  })
})

describe('the stream', () => {
  test('that was away says so when it is back, and names go on', async (b) => {
    await b.market(px('99.99'), px('100.00'), qty('4'))
    await b.place('c-1')
    b.simulator.fate.cut()
    const kinds = () => b.notices.map((n) => n.kind).join(' ')
    for (let i = 0; i < 1_000 && kinds() !== 'connected lost connected'; i++) await delay(10)
    assert.equal(kinds(), 'connected lost connected')
    await b.settle()
    await b.market(px('99.99'), px('100.00'), null)
    assert.deepEqual(b.trades(b.heard), [':4 4', ':10 6'])
  })

  test('that loses frames leaves no gap once the next fill is heard', async (b) => {
    await b.market(px('99.99'), px('100.00'), qty('4'))
    b.simulator.fate.dropFrames(4)
    await b.place('c-1')
    assert.deepEqual(b.trades(b.heard), [])
    b.simulator.fate.dropFrames(0)
    await b.market(px('99.99'), px('100.00'), null)
    assert.deepEqual(b.trades(b.heard), [':4 4', ':10 6'])
  })

  test('that tells averages and totals for fills is not believed', async (b) => {
    await b.market(px('99.99'), px('100.00'), qty('4'))
    await b.place('c-1')
    b.simulator.fate.wrongFill(true)
    await b.market(px('100.49'), px('100.50'), null)
    const found = await b.broker.find(id('c-1'))
    assert.ok(found.found)
    assert.deepEqual(b.trades(b.heard), [':4 4', ':10 6'])
    assert.deepEqual(b.trades(found.reports), b.trades(b.heard))
    const prices = new Set(b.heard.flatMap((r) => (r.execType === 'Trade' ? [text(r.lastPx)] : [])))
    assert.equal(prices.size, 2)
  })

  test('that tells fills twice and backwards tells the same trades', async (b) => {
    b.repeatReports()
    await b.market(px('99.99'), px('100.00'), qty('4'))
    await b.place('c-1')
    await b.market(px('99.99'), px('100.00'), null)
    assert.deepEqual(b.trades(b.heard).sort(), [':10 6', ':4 4'])
    const found = await b.broker.find(id('c-1'))
    assert.ok(found.found)
    assert.deepEqual(b.trades(found.reports).sort(), b.trades(b.heard).sort())
  })

  test('that says something nobody knows is odd, once', async (b) => {
    const orderID = await b.place('c-1', RESTING)
    const order = { id: orderID, status: 'new', created_at: '2026-11-20T14:00:00Z', symbol: 'AAPL', side: 'buy' }
    for (let i = 0; i < 2; i++)
      b.simulator.fate.strangeFrame({
        stream: 'trade_updates',
        data: { event: 'teleported', order, reason: 'why not' },
      })
    await b.settle()
    const odd = b.notices.filter((n) => n.kind === 'odd')
    assert.deepEqual(odd, [
      { kind: 'odd', subject: orderID, text: 'the event teleported is none that we know: why not' },
    ])
  })
})

describe('trades that are taken back', () => {
  test('all of them, and then the same again: two trades with two names, by every way and after a restart', async (b) => {
    await b.market(px('99.99'), px('100.00'), qty('4'))
    const orderID = await b.place('c-1')
    const [first] = b.heard.filter((r) => r.execType === 'Trade')
    assert.ok(first)
    await b.bust(first.execID)
    await b.market(px('99.99'), px('100.00'), qty('4'))
    assert.deepEqual(b.trades(b.heard), [':4 4', ':4:2 4'])
    const story = async () => {
      const found = await b.broker.findByOrderID(orderID)
      assert.ok(found.found)
      const kinds = (reports: readonly Report[]) =>
        reports.filter((r) => r.execType !== 'New').map((r) => `${r.execType} ${r.execID.replace(orderID, '')}`)
      return [kinds(found.reports), kinds(await b.broker.reportsSince(instant(0)))]
    }
    const before = await story()
    assert.deepEqual(before, [
      ['Trade :4', 'TradeCancel :4:bust', 'Trade :4:2'],
      ['Trade :4', 'TradeCancel :4:bust', 'Trade :4:2'],
    ])
    await b.restart()
    assert.deepEqual(await story(), before)
    // Since the bust alone: the name of what came after it is still the second.
    const since = (await b.broker.reportsSince(instant(0))).find((r) => r.execType === 'TradeCancel')?.transactTime
    await b.restart()
    assert.deepEqual(b.trades(await b.broker.reportsSince(plusMs(since ?? instant(0), 0))), [':4:2 4'])
  })

  test('are heard from a host without activity events, and fills are read from their list', async (b) => {
    for (const path of ['/v2beta1/events/activities'])
      b.simulator.fate.on({
        method: 'GET',
        path,
        times: 100,
        do: { kind: 'status-before', status: 404, body: { code: 40410000, message: 'endpoint not found.' } },
      })
    await b.market(px('99.99'), px('100.00'), qty('4'))
    const orderID = await b.place('c-1')
    await b.market(px('99.99'), px('100.00'), null)
    const found = await b.broker.find(id('c-1'))
    assert.ok(found.found)
    assert.deepEqual(b.trades(found.reports), [':4 4', ':10 6'])
    await b.bust(`${orderID}:10` as Report['execID'])
    const bust = b.heard.find((r) => r.execType === 'TradeCancel')
    assert.equal(bust?.execType === 'TradeCancel' && bust.refExecID, `${orderID}:10`)
    const asked = b.simulator.truth().requests['GET /v2beta1/events/activities']
    assert.equal(asked, 1, 'a host without events is not asked for them again')
  })
})

describe('orders', () => {
  test('the legs that no list shows are found by those who expect them, after a restart too', async (b) => {
    const orderID = await b.place('c-1', BRACKET)
    b.simulator.fate.hideLegsFromLists(true)
    const listed = async (expected: Parameters<typeof b.broker.openOrders>[0]) =>
      (await b.broker.openOrders(expected)).map((o) => `${o.role} ${o.parentOrderID} ${o.clOrdID}`).sort()
    const legs = [`Stop ${orderID} null`, `Target ${orderID} null`]
    assert.deepEqual(await listed([]), legs)
    await b.restart()
    assert.deepEqual(await listed([]), [])
    assert.deepEqual(await listed([{ clOrdID: id('c-1'), orderID }]), legs)
    await b.restart()
    assert.deepEqual(await listed([{ clOrdID: id('c-1'), orderID: null }]), legs)
  })

  test('what is expected and not there is not made up', async (b) => {
    const unknown = '00000000-0000-4000-8000-000000000000' as OrderID
    assert.deepEqual(
      await b.broker.openOrders([
        { clOrdID: id('c-9'), orderID: null },
        { clOrdID: id('c-8'), orderID: unknown },
      ]),
      [],
    )
    assert.deepEqual(await b.broker.findByOrderID(unknown), { found: false })
  })

  test('of other hands are shown, and can be found', async (b) => {
    const orderID = b.simulator.fate.externalOrder({
      symbol: 'AAPL',
      qty: '3',
      side: 'buy',
      type: 'limit',
      limit_price: '80',
      time_in_force: 'gtc',
    }) as OrderID
    await b.settle()
    const [order] = await b.broker.openOrders()
    assert.deepEqual([order?.orderID, order?.clOrdID, order?.role, order?.parentOrderID], [orderID, null, null, null])
    const found = await b.broker.findByOrderID(orderID)
    assert.deepEqual(found.found && found.reports.map((r) => [r.execType, r.clOrdID]), [['New', null]])
  })

  test('replaced on the website end as replaced, by an order of Alpaca’s name', async (b) => {
    const orderID = await b.place('c-1', RESTING)
    const next = b.simulator.fate.websiteReplace(orderID, { limit_price: '91' })
    await b.settle()
    assert.ok(b.heard.some((r) => r.execType === 'Replaced' && r.orderID === orderID))
    const found = await b.broker.find(id('c-1'))
    assert.deepEqual(found.found && [found.order.open, found.order.replacedBy], [false, next])
    const open = await b.broker.openOrders()
    assert.deepEqual(
      open.map((o) => [o.orderID, o.clOrdID, o.replaces]),
      [[next, null, orderID]],
    )
  })

  test('of a status that nobody knows are open, and a person is told once', async (b) => {
    const orderID = await b.place('c-1', RESTING)
    b.simulator.fate.setStatus(orderID, 'in_orbit')
    for (let i = 0; i < 2; i++) {
      const found = await b.broker.find(id('c-1'))
      assert.equal(found.found && found.order.open, true)
    }
    assert.deepEqual(
      b.notices.flatMap((n) => (n.kind === 'odd' && /the status in_orbit/.test(n.text) ? [n.subject] : [])),
      [orderID],
    )
  })

  test('that are being canceled for a long time stay open, and asking again is fine', async (b) => {
    const orderID = await b.place('c-1', RESTING)
    b.simulator.fate.stuckCancel(true)
    const ref = { clOrdID: id('c-1'), orderID }
    for (let i = 0; i < 2; i++) assert.deepEqual(await b.broker.cancel(ref), { outcome: 'accepted' })
    const found = await b.broker.find(id('c-1'))
    assert.equal(found.found && found.order.open, true)
    b.simulator.fate.stuckCancel(false)
    await b.settle()
    assert.ok(b.heard.some((r) => r.execType === 'Canceled'))
  })

  test('cannot be canceled by a name that is not known yet: that is doubt, and nothing is sent', async (b) => {
    const sent = await b.broker.cancel({ clOrdID: id('c-9'), orderID: null })
    assert.ok(sent.outcome === 'in-doubt' && /does not know an order c-9 \(yet\), so nothing was sent/.test(sent.cause))
    assert.equal(b.simulator.truth().requests['DELETE /v2/orders/{order_id}'], undefined)
  })

  test('rejected after they were taken end by a report', async (b) => {
    b.simulator.fate.asyncReject('AAPL')
    const sent = await b.broker.submit(id('c-1'), entry(RESTING))
    assert.equal(sent.outcome, 'accepted')
    await b.settle()
    const found = await b.broker.find(id('c-1'))
    assert.deepEqual(found.found && [found.order.open, found.reports.map((r) => r.execType)], [false, ['Rejected']])
    assert.ok(b.heard.some((r) => r.execType === 'Rejected'))
  })

  test('more than a page of them are all listed', async (b) => {
    for (let i = 0; i < 505; i++)
      b.simulator.fate.externalOrder({
        symbol: 'AAPL',
        qty: '1',
        side: 'buy',
        type: 'limit',
        limit_price: '1',
        time_in_force: 'gtc',
        client_order_id: `other-${i}`,
      })
    assert.equal((await b.broker.openOrders()).length, 505)
    assert.equal(new Set((await b.broker.reportsSince(instant(0))).map((r) => r.orderID)).size, 505)
  })
})

describe('coins', () => {
  const COIN = { symbol: 'BTC/USD', orderQty: qty('0.1'), timeInForce: 'GTC' } as const
  test('are held less by the fee that the reports tell, under the name they are ordered by, and can be closed', async (b) => {
    const set = { bid: px('60000'), ask: px('60010') }
    b.set('BTC/USD', set.bid, set.ask)
    await b.place('c-1', COIN)
    const [trade] = b.heard.filter((r) => r.execType === 'Trade')
    assert.equal(trade?.execType === 'Trade' && trade.feeQty && shortest(trade.feeQty), '0.00025')
    const [position] = await b.broker.positions()
    assert.deepEqual(position && [position.symbol, shortest(position.netQty)], ['BTC/USD', '0.09975'])
    const quote = await b.broker.quote('BTC/USD')
    assert.deepEqual(quote && [text(quote.bid), text(quote.ask)], ['60000', '60010'])
    assert.equal((await b.broker.session('BTC/USD')).open, true)
    assert.equal((await b.broker.closePosition('BTC/USD')).outcome, 'accepted')
    await b.settle()
    assert.deepEqual(await b.broker.positions(), [])
  })
})

describe('the market', () => {
  test('is asked once for all symbols that are wanted at the same moment', async (b) => {
    b.set('MSFT', px('400.00'), px('400.10'))
    const quotes = await Promise.all(['AAPL', 'MSFT', 'AAPL', 'NO.SUCH'].map((symbol) => b.broker.quote(symbol)))
    assert.deepEqual(
      quotes.map((q) => q && text(q.bid)),
      ['99.99', '400', '99.99', null],
    )
    assert.equal(b.simulator.truth().requests['GET /v2/stocks/snapshots'], 1)
  })
  test('an instrument and the clock are remembered', async (b) => {
    for (let i = 0; i < 3; i++) {
      await b.broker.instrument('AAPL')
      await b.broker.session('AAPL')
    }
    const { requests } = b.simulator.truth()
    assert.deepEqual([requests['GET /v2/assets/{symbol_or_asset_id}'], requests['GET /v2/clock']], [1, 1])
  })

  it('opens and closes when the clock said it would', () => {
    const at = (s: string) => parseInstant(`2026-11-20T${s}Z`) ?? assert.fail()
    const reading = { at: at('14:29:30'), open: false, nextOpenAt: at('14:30:00'), nextCloseAt: at('21:00:00') }
    const trading = {
      at: at('20:59:30'),
      open: true,
      nextOpenAt: parseInstant('2026-11-23T14:30:00Z') ?? assert.fail(),
      nextCloseAt: at('21:00:00'),
    }
    const now = instant(0)
    assert.deepEqual(
      [
        sessionAt(reading, 29_999, now),
        sessionAt(reading, 30_000, now),
        sessionAt(trading, 29_999, now),
        sessionAt(trading, 30_000, now),
      ],
      [
        { open: false, nextOpenAt: reading.nextOpenAt, at: now },
        { open: true, nextOpenAt: null, at: now },
        { open: true, nextOpenAt: null, at: now },
        { open: false, nextOpenAt: trading.nextOpenAt, at: now },
      ],
    )
  })
})

describe('the account', () => {
  test('that may not trade is blocked, suspended it is restricted, and a person is told', async (b) => {
    assert.equal((await b.broker.accountFact()).status, 'Active')
    b.simulator.fate.suspend(true)
    assert.equal((await b.broker.accountFact()).status, 'Restricted')
    const sent = await b.broker.submit(id('c-1'), entry())
    assert.ok(sent.outcome === 'rejected' && /403 40310000/.test(sent.text))
    b.simulator.fate.blockAccount(true)
    assert.equal((await b.broker.accountFact()).status, 'Blocked')
    assert.ok(b.notices.some((n) => n.kind === 'odd' && /restricts the account: .*blocked/.test(n.text)))
  })
  // biome-ignore format: a table reads in columns
  const LOCKS: readonly (readonly [what: string, answer: Fault, outcome: string, says: RegExp, locked: boolean])[] = [
    ['is locked once Alpaca says so',              { kind: 'status-before', status: 422, body: { code: 40010001, message: 'invalid suspend_trade' } }, 'rejected', /422 40010001: invalid suspend_trade/, false],
    ['may be locked when the answer is lost',      { kind: 'drop-after' },                          'in-doubt', /./,                               true],
    ['is not taken as locked for any answer',      { kind: 'status-before', status: 200, body: {} },'in-doubt', /without saying that trading is suspended/, false],
    ['is not taken as locked on "not now"',        { kind: 'status-before', status: 429 },          'in-doubt', /429/,                             false],
  ]
  for (const [what, answer, outcome, says, locked] of LOCKS)
    test(what, async (b) => {
      b.simulator.fate.on({ method: 'PATCH', path: '/v2/account/configurations', times: 1, do: answer })
      const sent = (await b.broker.lock?.(true)) ?? assert.fail()
      assert.equal(sent.outcome, outcome)
      assert.match(JSON.stringify(sent), says)
      assert.equal((await b.broker.accountFact()).status, locked ? 'Restricted' : 'Active')
    })
  test('is who it was', async (b) => {
    const before = await b.broker.identity()
    assert.match(before.name, /^PA/)
    await b.restart()
    assert.deepEqual(await b.broker.identity(), before)
  })
  test('calls are logged with the id that Alpaca gave them, and without keys', async (b) => {
    await b.place('c-1')
    const line = b.logged.find((l) => inspect(l).includes("path: '/v2/orders'"))
    assert.match(inspect(line), /requestID: '[0-9a-f]{32}'/)
    assert.doesNotMatch(inspect(b.logged, { depth: 9 }), new RegExp(KEYS.secretKey))
  })
})
