import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Alpaca } from '@alpacahq/alpaca-trade-api'
import { KEYS, openBench, type SimulatorBench, until } from './bench.ts'

// Alpaca's own client, which has never heard of us: what it can do against the broker, it can do here.

let bench: SimulatorBench
let alpaca: Alpaca
beforeEach(async () => {
  bench = await openBench()
  const here: typeof fetch = (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : String(input))
    return fetch(bench.simulator.url + pathname + search, init)
  }
  alpaca = new Alpaca({
    keyId: KEYS.keyID,
    secret: KEYS.secretKey,
    paper: true,
    timeoutMs: 0,
    retry: false,
    rateLimit: false,
    fetchApi: here,
  })
})
afterEach(() => bench.close())

describe("Alpaca's own client", () => {
  it('reads the account, its settings and the clock', async () => {
    const { trading } = alpaca
    assert.deepEqual((await trading.validateConnection()).ok, true)
    const account = await trading.account.getAccount()
    assert.deepEqual([account.status, account.cash, account.multiplier], ['ACTIVE', '100000', '4'])
    const settings = await trading.accountConfigurations.patchAccountConfig({
      accountConfigurations: { suspendTrade: true },
    })
    assert.deepEqual([settings.suspendTrade, settings.noShorting], [true, false])
    const clock = await trading.clock.legacyClock()
    assert.equal(clock.isOpen, true)
    assert.equal(clock.nextClose.toISOString(), '2026-11-20T21:00:00.000Z')
  })

  it('finds assets', async () => {
    const { assets } = alpaca.trading
    const all = await assets.getV2Assets({ assetClass: 'us_equity', status: 'active' })
    assert.ok(all.some((a) => a.symbol === 'AAPL' && a.fractionable && a.tradable))
    const coin = await assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: 'BTC/USD' })
    assert.deepEqual([coin._class, coin.priceIncrement], ['crypto', '0.01'])
    await assert.rejects(assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: 'NOBODY' }), {
      status: 404,
      code: 40410000,
    })
  })

  it('places every type of order and reads it back', async () => {
    const { orders } = alpaca.trading
    const base = { symbol: 'AAPL', qty: '2', side: 'buy' } as const
    const placed = [
      await orders.market({ ...base, clientOrderId: 'm' }),
      await orders.limit({ ...base, limitPrice: '150' }),
      await orders.stop({ ...base, stopPrice: '200' }),
      await orders.stopLimit({ ...base, stopPrice: '200', limitPrice: '201' }),
      await orders.trailingStop({ ...base, side: 'sell', trailPercent: '2' }),
      await orders.submit({ type: 'market', symbol: 'AAPL', side: 'buy', notional: '50', timeInForce: 'day' }),
    ]
    assert.ok(placed.every((o) => o.status === 'pending_new'))
    const read = await Promise.all(placed.map((o) => orders.getOrderByOrderID({ orderId: o.id ?? '' })))
    assert.deepEqual(
      read.map((o) => `${o.type} ${o.status}`),
      ['market filled', 'limit new', 'stop new', 'stop_limit new', 'trailing_stop new', 'market filled'],
    )
    assert.equal((await orders.getOrderByClientOrderId({ clientOrderId: 'm' })).filledAvgPrice, '190.02')
    await assert.rejects(orders.market({ ...base, clientOrderId: 'm' }), { status: 422, code: 40010001 })
    await assert.rejects(orders.market({ ...base, qty: '100000' }), { status: 403, code: 40310000 })
  })

  it('lists, replaces and cancels', async () => {
    const { orders } = alpaca.trading
    const first = await orders.limit({ symbol: 'AAPL', qty: '2', side: 'buy', limitPrice: '150' })
    const second = await orders.limit({ symbol: 'MSFT', qty: '1', side: 'buy', limitPrice: '400', timeInForce: 'gtc' })
    const next = await orders.patchOrderByOrderId({ orderId: first.id ?? '', patchOrderRequest: { limitPrice: '151' } })
    assert.equal(next.replaces, first.id)
    const open = await orders.getAllOrders({ status: 'open', direction: 'asc', limit: 100, nested: true })
    assert.deepEqual(
      open.map((o) => o.id),
      [second.id, next.id],
    )
    assert.deepEqual(
      (await orders.getAllOrders({ symbols: ['MSFT'] })).map((o) => o.symbol),
      ['MSFT'],
    )
    await orders.deleteOrderByOrderID({ orderId: next.id ?? '' })
    assert.deepEqual(
      (await orders.deleteAllOrders()).map((l) => l.status),
      [200],
    )
    assert.deepEqual(await orders.getAllOrders({ status: 'open' }), [])
  })

  it('brackets, OCO and OTO', async () => {
    const { orders } = alpaca.trading
    const exits = { takeProfit: { limitPrice: '200' }, stopLoss: { stopPrice: '180', limitPrice: '179' } }
    const bracket = await orders.bracket({ symbol: 'AAPL', qty: '2', side: 'buy', ...exits })
    assert.equal(bracket.legs?.length, 2)
    await orders.oto({ symbol: 'MSFT', qty: '1', side: 'buy', stopLoss: { stopPrice: '400' } })
    await orders.deleteAllOrders()
    const oco = await orders.oco({ symbol: 'AAPL', qty: '2', side: 'sell', ...exits })
    const read = await orders.getOrderByOrderID({ orderId: oco.id ?? '', nested: true })
    assert.deepEqual([read.status, read.legs?.[0]?.status], ['new', 'held'])
  })

  it('reads and closes positions, and what was traded', async () => {
    const { orders, positions, accountActivities } = alpaca.trading
    await orders.market({ symbol: 'AAPL', qty: '4', side: 'buy' })
    await orders.market({ symbol: 'MSFT', qty: '1', side: 'sell' })
    assert.deepEqual(
      (await positions.getAllOpenPositions()).map((p) => [p.symbol, p.qty, p.side]),
      [
        ['AAPL', '4', 'long'],
        ['MSFT', '-1', 'short'],
      ],
    )
    await positions.deleteOpenPosition({ symbolOrAssetId: 'AAPL', percentage: 50 })
    assert.equal((await positions.getOpenPosition({ symbolOrAssetId: 'AAPL' })).qty, '2')
    assert.deepEqual(
      (await alpaca.trading.closeAllPositions({ cancelOrders: true })).map((l) => l.status),
      [200, 200],
    )
    assert.deepEqual(await positions.getAllOpenPositions(), [])
    const fills = await accountActivities.getAccountActivities({ activityTypes: ['FILL'], direction: 'asc' })
    assert.deepEqual(
      fills.map((f) => ('price' in f ? [f.symbol, f.qty, f.price, f.side] : null)),
      [
        ['AAPL', '4', '190.02', 'buy'],
        ['MSFT', '1', '420', 'sell'],
        ['AAPL', '2', '190', 'sell'],
        ['AAPL', '2', '190', 'sell'],
        ['MSFT', '1', '420.05', 'buy'],
      ],
    )
  })

  it('reads quotes', async () => {
    const { stocks, crypto } = alpaca.marketData
    const quotes = await stocks.stockLatestQuotes({ symbols: 'AAPL,MSFT' })
    assert.deepEqual([quotes.quotes['AAPL']?.bp, quotes.quotes['MSFT']?.ap], [190, 420.05])
    const snapshots = await stocks.stockSnapshots({ symbols: 'AAPL' })
    assert.equal(snapshots['AAPL']?.latestTrade?.p, 190)
    const coins = await crypto.cryptoSnapshots({ loc: 'us', symbols: 'BTC/USD' })
    assert.equal(coins.snapshots['BTC/USD']?.latestQuote?.ap, 64001)
  })

  it('hears what becomes of its orders', async () => {
    const stream = alpaca.trading.stream({ url: bench.simulator.streamUrl })
    const heard: string[] = []
    let listening = false
    stream.onTradeUpdate((u) => heard.push(`${u.event} ${u.order.status} ${u.qty ?? ''}`.trim()))
    stream.on('subscription', () => {
      listening = true
    })
    stream.subscribeTradeUpdates()
    stream.connect()
    await until(() => listening, 'the subscription')
    await alpaca.trading.orders.market({ symbol: 'AAPL', qty: '3', side: 'buy' })
    await until(() => heard.length === 3, 'the fill')
    assert.deepEqual(heard, ['pending_new pending_new', 'new new', 'fill filled 3'])
    stream.disconnect()
  })

  it('waits for the end of an order', async () => {
    await alpaca.trading.orders.market({ symbol: 'AAPL', qty: '3', side: 'buy' })
    const stream = alpaca.trading.stream({ url: bench.simulator.streamUrl })
    stream.connect()
    const order = await alpaca.trading.submitAndWait(
      { type: 'limit', symbol: 'AAPL', side: 'sell', qty: '3', limitPrice: '190', timeInForce: 'ioc' },
      { stream, timeoutMs: 4000 },
    )
    assert.deepEqual([order.status, order.filledAvgPrice], ['filled', '190'])
    stream.disconnect()
  })
})
