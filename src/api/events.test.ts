import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { NOBODY } from './access.ts'
import { context } from './context.ts'
import { serveEvents } from './events.ts'
import { AGENT, type As, type House, openHouse, ORIGIN, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

type Message = { id: string | null; event: string | null; data: string | null }

/** A reader of the stream, as far as the tests need one. */
async function follow(
  house: House,
  as: As,
  path = '/v1/events',
  headers: Record<string, string> = {},
): Promise<{
  status: number
  headers: IncomingMessage['headers']
  messages: Message[]
  text: () => string
  until(n: number): Promise<Message[]>
  ended: Promise<void>
  close(): void
}> {
  const { port } = house.app.server.address() as AddressInfo
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = get(
    { host: '127.0.0.1', port, path, headers: { host: 'localhost:4810', ...as.headers, ...headers } },
    resolve,
  )
  request.on('error', reject)
  const response = await promise
  const messages: Message[] = []
  let text = ''
  let read = 0
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\n\n', read); end >= 0; end = text.indexOf('\n\n', read)) {
      const block = text.slice(read, end).split('\n')
      read = end + 2
      const of = (name: string): string | null =>
        block.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null
      if (of('data') !== null) messages.push({ id: of('id'), event: of('event'), data: of('data') })
    }
  })
  const ended = new Promise<void>((done) => response.on('close', done))
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    messages,
    text: () => text,
    ended,
    close: () => request.destroy(),
    async until(n) {
      for (let i = 0; i < 500 && messages.length < n; i++) await delay(10)
      assert.ok(messages.length >= n, `${messages.length} of ${n} messages: ${text}`)
      return messages
    },
  }
}

describe('the event stream', () => {
  let house: House
  let jax: As
  let ana: As
  before(async () => {
    house = await openHouse({ limits: { heartbeatMs: 30, streams: 3 } })
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ['trader', 'approver', 'risk', 'operator', 'admin'], 'web')
    await house.app.listen({ host: '127.0.0.1', port: 0 })
  })
  after(() => house.close())
  const propose = (id: string) => house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: { ...SIGNAL, id } })

  it('says hello, then tells what happens, and shows that it lives', async () => {
    const stream = await follow(house, ana)
    assert.equal(stream.status, 200)
    assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
    assert.equal(stream.headers['cache-control'], 'no-store')
    assert.equal(stream.headers['x-content-type-options'], 'nosniff')
    const [hello] = await stream.until(1)
    const { size } = await house.store.head()
    assert.deepEqual([hello?.event, hello?.id], ['hello', null])
    assert.deepEqual((JSON.parse(hello?.data ?? '') as wire.Hello).seq, size - 1)
    await propose('s-1')
    const messages = await stream.until(3)
    assert.deepEqual(
      messages.slice(1, 3).map(({ id, event }) => [id, event]),
      [
        [String(size), 'intent.received'],
        [String(size + 1), 'intent.ticketed'],
      ],
    )
    const event = JSON.parse(messages[1]?.data ?? '') as wire.Event
    assert.deepEqual([event.seq, event.action, event.corr], [size, 'intent.received', 's-1'])
    for (let i = 0; i < 500 && !stream.text().includes(': still here'); i++) await delay(10)
    assert.match(stream.text(), /\n\n: still here\n\n/)
    stream.close()
  })

  it('goes on where a reader was, without loss or repetition', async () => {
    const all = await follow(house, ana, '/v1/events?after=-1')
    const { size } = await house.store.head()
    const seqs = (await all.until(size + 1)).slice(1).map(({ id }) => Number(id))
    assert.deepEqual(
      seqs,
      Array.from({ length: size }, (_, i) => i),
    )
    all.close()
    const rest = await follow(house, ana, '/v1/events?after=0', { 'last-event-id': String(size - 3) })
    await propose('s-2')
    const resumed = (await rest.until(4)).slice(1).map(({ id }) => Number(id))
    assert.deepEqual(resumed.slice(0, 3), [size - 2, size - 1, size])
    rest.close()
  })

  it('an id that this journal never gave begins anew and says so', async () => {
    const stream = await follow(house, ana, '/v1/events', { 'last-event-id': '99999' })
    const [hello] = await stream.until(1)
    assert.equal((JSON.parse(hello?.data ?? '') as wire.Hello).reset, true)
    stream.close()
  })

  it('an agent learns that access changed, and nothing of whose', async () => {
    const stream = await follow(house, jax, '/v1/events?after=-1')
    const { size } = await house.store.head()
    const rows = (await stream.until(size + 1)).slice(1).map(({ data }) => JSON.parse(data ?? '') as wire.Event)
    const about = rows.filter(({ action }) => /^(code|person|session|token)\./.test(action))
    assert.ok(about.length >= 4)
    for (const row of about)
      assert.deepEqual(
        [row.data, row.object.id, row.actor.id, row.text],
        [{}, '', '', 'Access to the gateway changed.'],
      )
    stream.close()
    const people = await follow(house, ana, '/v1/events?after=-1')
    await people.until(size + 1)
    assert.match(people.text(), /Ana signed in \(web\)\./)
    assert.doesNotMatch(people.text(), /csrf|codeHash|"hash"/)
    people.close()
  })

  it('ends when the token is revoked', async () => {
    const doomed = await house.token('doomed', ['orders:read'])
    const stream = await follow(house, doomed)
    await stream.until(1)
    await house.desk.revokeToken({
      tokenID: doomed.id,
      actor: { type: 'system', id: 'test', via: 'start', session: null },
    })
    await stream.ended
  })

  it('ends with a session that nobody uses: to listen is no use of it', async () => {
    const idle = await openHouse({ limits: { heartbeatMs: 30, idleMs: 60_000 } })
    await idle.app.listen({ host: '127.0.0.1', port: 0 })
    const stream = await follow(idle, await idle.person('Eve', ['trader'], 'web'))
    await idle.advance(59_000)
    await delay(50)
    await idle.advance(1000)
    await stream.ended
    await idle.close()
  })

  it('is not for strangers, nor for pages of other sites', async () => {
    assert.equal((await house.ask({ url: '/v1/events' })).statusCode, 401)
    assert.equal(
      (await house.ask({ url: '/v1/events', headers: { ...ana.headers, origin: 'https://evil.example' } })).statusCode,
      403,
    )
    assert.equal(
      (await house.ask({ url: '/v1/events', as: await house.token('narrow', ['intents:write']) })).statusCode,
      403,
    )
    assert.ok(ORIGIN)
  })

  it('more streams than there may be are refused', async () => {
    for (let i = 0; i < 500 && /jax_event_streams [1-9]/.test((await house.ask({ url: '/metrics' })).body); i++)
      await delay(10)
    const open = [await follow(house, ana), await follow(house, ana), await follow(house, ana)]
    const refused = await house.ask({ url: '/v1/events', as: ana })
    assert.equal(refused.json<wire.Problem>().code, 'TOO_MANY_STREAMS')
    for (const stream of open) stream.close()
  })

  it('one caller has only so many, and others are not kept out by them', async () => {
    const other = await openHouse({ limits: { streamsOfOne: 2 } })
    const [greedy, ben] = [await other.token('greedy', AGENT), await other.person('Ben', ['trader'], 'cli')]
    await other.app.listen({ host: '127.0.0.1', port: 0 })
    const open = [await follow(other, greedy), await follow(other, greedy)]
    for (const stream of open) await stream.until(1)
    const refused = (await other.ask({ url: '/v1/events', as: greedy })).json<wire.Problem>()
    assert.deepEqual([refused.code, /greedy has 2 event streams/.test(refused.detail)], ['TOO_MANY_STREAMS', true])
    const bens = await follow(other, ben)
    assert.equal(bens.status, 200)
    for (const stream of [...open, bens]) stream.close()
    await other.close()
  })

  it('ends when the server closes, at once', async () => {
    const other = await openHouse()
    const ben = await other.person('Ben', ['trader'], 'cli')
    await other.app.listen({ host: '127.0.0.1', port: 0 })
    const stream = await follow(other, ben)
    await stream.until(1)
    const before = process.hrtime.bigint()
    await other.close()
    await stream.ended
    assert.ok(process.hrtime.bigint() - before < 3_000_000_000n)
  })

  it('a reader that stops reading is cut, and costs no more than its buffer', async () => {
    const limits = { streamBytes: 2000, streamStallMs: 50 }
    let most = 0
    let rows = 0
    const endless = {
      ...house.store,
      head: async () => ({ size: 1_000_000, hash: '', root: '' }),
      all: async () => [],
      journal: async (from: number, limit: number) => {
        rows += limit
        const [row] = await house.store.journal(0, 1)
        return Array.from({ length: limit }, (_, i) => ({ ...row, seq: from + i }))
      },
    }
    const stuck = new Writable({ highWaterMark: 100, write: () => {} })
    const api = context(
      {
        reads: endless,
        clock: { now: house.now, monotonicNs: () => 0n, sleep: () => delay(5) },
        onCommitted: () => () => {},
        limits,
      } as never,
      new AbortController().signal,
    )
    const watch = setInterval(() => (most = Math.max(most, stuck.writableLength)), 1)
    await serveEvents(api, stuck as unknown as ServerResponse, {
      after: 0,
      caller: NOBODY,
      stillAllowed: async () => true,
    })
    clearInterval(watch)
    assert.ok(stuck.destroyed)
    assert.ok(most < 4000, `${most} bytes`)
    assert.equal(rows, 200, 'nothing is read ahead')
  })
})
