import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createHouse } from '../api/house.ts'
import { HandClock, quiet } from '../channels/outbox/bench.contract.ts'
import { createOutbox } from '../channels/outbox/outbox.ts'
import { openWebhook } from '../channels/webhook/webhook.ts'
import { type Command, commands, type Setting } from '../desk/command.ts'
import type { Desk } from '../desk/desk.ts'
import { openDesk } from '../desk/open.ts'
import { POLICY } from '../gate/example.ts'
import { SENT, trade } from '../orders/example.ts'
import type { Order } from '../orders/machine.ts'
import type { Role } from '../orders/terms.ts'
import type { Broker, Capabilities } from '../ports/broker.ts'
import { openSqliteStore, type SqliteStore } from '../store/sqlite.ts'
import type { AccountID, ClOrdID, IntentID, OrderID } from '../values/brand.ts'
import { px } from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import { createWorker } from '../worker/worker.ts'
import { alertsOf, bookOf } from './channels.ts'

// From what happens to the webhook that is called: desk, worker, outbox and webhook as they are, by a clock that the test
// moves. Five seconds is what RTS 6 gives an alert.

const ACCOUNT = 'paper:sim:main' as AccountID
const WITHIN_MS = 5_000

describe('an alert', () => {
  const clock = new HandClock()
  const stop = new AbortController()
  const called: { readonly at: Instant; readonly type: string; readonly taskID: string; readonly said: string }[] = []
  let store: SqliteStore
  let running: Promise<unknown> = Promise.resolve()
  let desk: Desk
  let sealing = true
  const setting: Setting = {
    account: ACCOUNT,
    policy: POLICY,
    capabilities: {} as Capabilities,
    watching: { tighter: {} },
    speed: 1,
    version: '0.0.0',
    build: 'test',
  }
  const silent = (): void => {}
  const log = { debug: silent, info: silent, warn: silent, error: silent }

  before(async () => {
    store = await openSqliteStore({ file: ':memory:', clock, boot: 'test' })
    const listeners = new Set<() => void>()
    desk = openDesk(
      store,
      setting,
      () => clock.now(),
      async () => {
        if (!sealing) throw new Error('the disk of the anchors is full')
      },
      () => {
        for (const heard of listeners) heard()
      },
    )
    const broker = {
      account: ACCOUNT,
      capabilities: setting.capabilities,
      onReport: () => silent,
      onNotice: () => silent,
    } as unknown as Broker
    const worker = createWorker(
      { desk, reads: store, broker, clock, random: () => 0.5, haltFile: () => false, log: silent },
      'worker',
    )
    const house = createHouse({
      desk,
      reads: store,
      clock,
      log,
      account: ACCOUNT,
      journal: 'test',
      environment: 'paper',
      publicUrl: 'https://jax.example',
    })
    const hook = openWebhook(
      { url: 'https://hooks.example/x', secrets: [`whsec_${Buffer.alloc(32, 1).toString('base64')}`] },
      {
        clock,
        log: silent,
        fetch: (async (_url: URL, { body }: { body: string }) => {
          const { type, data } = JSON.parse(body) as { type: string; data: { taskID: string; stateText: string } }
          called.push({ at: clock.now(), type, taskID: data.taskID, said: data.stateText })
          return new Response(null, { status: 204 })
        }) as unknown as typeof fetch,
      },
    )
    const kept = { desk, reads: store }
    const outbox = createOutbox({
      channels: [hook],
      book: bookOf(
        kept,
        'webhook-alert',
        alertsOf(kept, house, () => true),
      ),
      clock,
      random: () => 0.5,
      log: silent,
      wake: (heard) => {
        listeners.add(heard)
        return () => listeners.delete(heard)
      },
    })
    running = Promise.all([worker.run(stop.signal), outbox.run(stop.signal)])
    await clock.pass(10_000)
  })
  after(async () => {
    stop.abort()
    await clock.pass(60_000)
    await running
    await store.close()
  })

  const late = (taskID: string, type: string, since: Instant): number => {
    const call = called.find((one) => one.taskID === taskID && one.type === type && one.at >= since)
    return msBetween(since, call?.at ?? assert.fail(`no ${type} of ${taskID}: ${JSON.stringify(called)}`))
  }
  const within = (ms: number): void => assert.ok(ms <= WITHIN_MS, `${ms} ms`)

  it('that a command raises is delivered within five seconds', async () => {
    const at = clock.now()
    await commands(store, () => clock.now(), setting)((c) => c.freeze('AAPL', 'nothing explains 40 shares', 'test'))
    await clock.pass(WITHIN_MS)
    await quiet()
    within(late('FROZEN:AAPL', 'alert.raised', at))
  })

  const run = <T>(command: (c: Command) => Promise<T>): Promise<T> =>
    commands(store, () => clock.now(), setting)(command)
  async function sent(clOrdID: string, role: Role): Promise<Order> {
    const order: Order = {
      ...SENT,
      clOrdID: clOrdID as ClOrdID,
      intentID: clOrdID as IntentID,
      account: ACCOUNT,
      role,
      corr: clOrdID,
      delivery: 'Queued',
      sentAt: null,
      createdAt: clock.now(),
      updatedAt: clock.now(),
    }
    const about = { type: 'order', id: clOrdID }
    await run((c) => c.emit('order.created', about, clOrdID, { order }))
    await run((c) => c.emit('order.send-started', about, clOrdID, { attempt: 1 }))
    return order
  }

  it('about a fill far from the market is delivered within five seconds of the report', async () => {
    const at = clock.now()
    const quote = { symbol: SENT.terms.symbol, bid: px('189.95'), ask: px('190.05'), last: px('190'), at }
    await run(async (c) =>
      c.recordMarket({ symbol: quote.symbol, instrument: null, quote, session: null, conversion: null, at }),
    )
    const { clOrdID } = await sent('B1', 'External')
    await run((c) => c.emit('order.accepted', { type: 'order', id: clOrdID }, clOrdID, { orderID: 'b-1' as OrderID }))
    await desk.applyReports([{ ...trade('X1', '10', '120.00'), clOrdID, transactTime: at }])
    await clock.pass(WITHIN_MS)
    await quiet()
    within(late('ODD_FILL:X1', 'alert.raised', at))
  })

  it('about a send that nobody answers is delivered within five seconds of the five that it may take', async () => {
    const at = clock.now()
    await sent('B2', 'External')
    await clock.pass(5_000 + WITHIN_MS)
    await quiet()
    const ms = late(`SLOW_ANSWER:${ACCOUNT}`, 'alert.raised', at) - 5_000
    assert.ok(ms >= 0, `${ms} ms`)
    within(ms)
  })

  it('that nobody acknowledges is delivered again within five seconds of the two minutes', async () => {
    const { raisedAt } = (await store.get('task', 'FROZEN:AAPL')) ?? assert.fail()
    await clock.pass(125_000 - msBetween(raisedAt, clock.now()))
    await quiet()
    const again = called.find(({ said }) => said.includes('further people are told')) ?? assert.fail()
    within(msBetween(raisedAt, again.at) - 120_000)
  })

  it('that only time brings is delivered within five seconds of its time', async () => {
    sealing = false
    const began = clock.now()
    await commands(
      store,
      () => clock.now(),
      setting,
    )((c) => c.task('ODD', 'B1', 'warning', 'A row to be signed.', 'test'))
    await clock.pass(15 * 60_000 + WITHIN_MS)
    await quiet()
    const ms = late(`UNSEALED:${ACCOUNT}`, 'alert.raised', began) - 15 * 60_000
    assert.ok(ms >= 0, `${ms} ms`)
    within(ms)
  })
})
