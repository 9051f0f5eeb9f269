import assert from 'node:assert/strict'
import { connect, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { Desk } from '../desk/desk.ts'
import type { Store } from '../ports/store.ts'
import { Fault } from '../values/fault.ts'
import { AGENT, type House, openHouse, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

/** A house whose `method` of the desk throws. */
const broken = (method: keyof Desk, thrown: unknown): Promise<House> =>
  openHouse({
    deskOf: (desk) => ({
      ...desk,
      [method]: () => {
        throw thrown
      },
    }),
  })

describe('faults', () => {
  const rows: readonly (readonly [name: string, thrown: unknown, status: number, code: string, detail: RegExp])[] = [
    [
      'the disk is full',
      new Fault('STORE_FULL', 'no space left (ledger.db)'),
      503,
      'STORE_FULL',
      /free space, then repeat the same request/,
    ],
    [
      'the database is damaged',
      new Fault('STORE_DAMAGED', 'malformed (ledger.db)'),
      503,
      'STORE_UNAVAILABLE',
      /Nothing was recorded: repeat the same request later/,
    ],
    [
      'the thread that records is gone',
      new Fault('DESK_DIED', 'stack overflow'),
      503,
      'STORE_UNAVAILABLE',
      /repeat the same request later/,
    ],
    ['something of ours broke', new Error('secret detail of the inside'), 500, 'INTERNAL', /Reference [0-9a-z]{12}\.$/],
    [
      'something that is no error',
      'a thrown text',
      500,
      'INTERNAL',
      /Whether the request was carried out is not known/,
    ],
  ]
  for (const [name, thrown, status, code, detail] of rows)
    it(name, async () => {
      const house = await broken('submit', thrown)
      const jax = await house.token('jax', AGENT)
      const response = await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: SIGNAL, faulty: true })
      const problem = response.json<wire.Problem>()
      assert.deepEqual([response.statusCode, problem.code], [status, code])
      assert.match(problem.detail, detail)
      assert.doesNotMatch(response.body, /secret detail|ledger\.db|\bat .*\.ts/)
      if (status === 503) assert.equal(response.headers['retry-after'], '5')
      else {
        const reference = / ([0-9a-z]{12})\.$/.exec(problem.detail)?.[1]
        assert.ok(
          house.logged.some(({ fields }) => (fields as { reference?: string }).reference === reference),
          'the log holds the cause',
        )
      }
      await house.close()
    })

  it('a read that fails is a fault as well, and credentials are then no reason to let anybody in', async () => {
    const house = await openHouse({
      readsOf: (store: Store) =>
        Object.assign(Object.create(store) as Store, {
          get: () => Promise.reject(new Fault('STORE_CLOSED', 'closed')),
        }),
    })
    const jax = await house.token('jax', AGENT)
    assert.equal((await house.ask({ url: '/v1/me', as: jax, faulty: true })).statusCode, 503)
    await house.close()
  })

  it('ready says no with the reason while alive says yes', async () => {
    const house = await openHouse({
      health: () => ({
        notReady: 'The broker has not answered for 12 s.',
        broker: { connected: false, heardAt: null, stream: null, calls: new Map() },
        speed: 1,
        checkpoint: null,
      }),
    })
    const response = await house.ask({ url: '/readyz', faulty: true })
    assert.deepEqual(
      [response.statusCode, response.json<wire.Problem>().detail],
      [503, 'The broker has not answered for 12 s.'],
    )
    assert.equal((await house.ask({ url: '/healthz' })).statusCode, 200)
    assert.match((await house.ask({ url: '/metrics' })).body, /^jax_ready 0$/m)
    await house.close()
  })

  it('works on without the stream of the broker, and says so', async () => {
    const house = await openHouse({
      health: () => ({
        notReady: null,
        broker: {
          connected: true,
          heardAt: house.now(),
          stream: { up: false, since: house.now(), text: 'the socket closed' },
          calls: new Map([['submit in-doubt', 2]]),
        },
        speed: 1,
        checkpoint: null,
      }),
    })
    const response = await house.ask({ url: '/readyz' })
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json<wire.Readiness>(), {
      status: 'degraded',
      because: ['the stream of reports is lost; orders are polled'],
    })
    const { body } = await house.ask({ url: '/metrics' })
    assert.match(body, /^jax_broker_connected 1$/m)
    assert.match(body, /^jax_broker_stream_up 0$/m)
    assert.match(body, /^jax_broker_calls_total\{call="submit",outcome="in-doubt"\} 2$/m)
    await house.close()
  })

  it('what is no HTTP is told so and hung up on', async () => {
    const house = await openHouse()
    await house.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = house.app.server.address() as AddressInfo
    const say = (bytes: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let heard = ''
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
        socket.on('data', (chunk) => (heard += chunk.toString()))
        socket.on('close', () => resolve(heard))
        socket.on('error', reject)
      })
    assert.match(
      await say('EHLO mail.example\r\n\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"BAD_URL"/,
    )
    assert.match(
      await say(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/,
    )
    assert.match(await say('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200 /)
    assert.match(await say('GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.[01] 421 /)
    await house.close()
  })
})

describe('upkeep', () => {
  it('measures count what is there and name nothing', async () => {
    const house = await openHouse()
    const jax = await house.token('jax-the-agent', AGENT)
    await house.ask({ url: '/metrics' })
    await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: SIGNAL })
    await house.ask({ url: `/v1/orders/${SIGNAL.id}`, as: jax })
    const { body, headers } = await house.ask({ url: '/metrics' })
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
    for (const line of [
      /^jax_intents_waiting\{state="AwaitingApproval"\} 1$/m,
      /^jax_journal_events_total\{action="intent\.received"\} 1$/m,
      /^jax_errands\{kind="lapse"\} 1$/m,
      /^jax_halted 0$/m,
      /^jax_journal_rows 3$/m,
    ])
      assert.match(body, line)
    assert.match(body, /jax_http_request_duration_seconds_count\{method="POST",route="\/v1\/intents",status="201"\} 1/)
    assert.match(
      body,
      /jax_http_request_duration_seconds_count\{method="GET",route="\/v1\/orders\/:clOrdID",status="404"\} 1/,
    )
    assert.doesNotMatch(body, /AAPL|sig-1|jax-the-agent/)
    await house.close()
  })

  it('tasks are closed with a note, reconciliations asked for, the journal read', async () => {
    const house = await openHouse({
      health: () => ({
        notReady: null,
        broker: { connected: true, heardAt: null, stream: null, calls: new Map() },
        speed: 1,
        checkpoint: { size: 2, at: house.now() },
      }),
    })
    const rita = await house.person('Rita', ['risk'], 'cli')
    const task = {
      taskID: 'FROZEN:AAPL',
      kind: 'FROZEN',
      subject: 'AAPL',
      severity: 'critical',
      text: 'AAPL is frozen.',
      corr: 'c',
      raisedAt: house.now(),
      doneAt: null,
      doneBy: null,
      note: null,
    } as const
    await house.store.transact((tx) => tx.put('task', task))
    assert.equal(
      (await house.ask({ url: '/v1/tasks', as: rita })).json<{ items: wire.Task[] }>().items[0]?.doneAt,
      null,
    )
    const close = (url = '/v1/tasks/FROZEN:AAPL/close') =>
      house.ask({ method: 'POST', url, as: rita, body: { note: 'split of the shares' } })
    assert.equal((await close()).json<wire.Task>().note, 'split of the shares')
    assert.equal((await close()).statusCode, 200)
    assert.equal((await close('/v1/tasks/none/close')).statusCode, 404)
    assert.equal((await house.ask({ method: 'POST', url: '/v1/reconciliation', as: rita, body: {} })).statusCode, 202)
    assert.ok(await house.store.get('errand', 'reconcile:paper:sim:main'))
    assert.equal((await house.ask({ url: '/v1/reconciliation', as: rita })).json(), null)
    const audit = (await house.ask({ url: '/v1/audit', as: rita })).json<wire.Audit>()
    assert.equal(audit.rows, (await house.store.head()).size)
    assert.equal(audit.checkpoint?.size, 2)
    const { items } = (await house.ask({ url: '/v1/journal?from=1&limit=2', as: rita })).json<{ items: wire.Event[] }>()
    assert.deepEqual(
      items.map(({ seq, text }) => [seq, text]),
      [
        [1, 'Rita joined as risk.'],
        [2, 'Rita signed in (cli).'],
      ],
    )
    assert.equal((await house.ask({ url: '/v1/account', as: rita })).json<wire.Account>().equity, '100000.00')
    await house.close()
  })
})
