import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { KEYS, openBench, settle, type SimulatorBench, until } from './bench.ts'

let bench: SimulatorBench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

const market = { type: 'market', limit_price: null } as const

/** A socket, what it says in turn, and what was answered to each. */
async function says(...frames: readonly unknown[]): Promise<unknown[]> {
  const socket = new WebSocket(bench.simulator.streamUrl)
  const heard: unknown[] = []
  socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString('utf8'))))
  await new Promise((resolve) => socket.once('open', resolve))
  for (const frame of frames) {
    const before = heard.length
    socket.send(typeof frame === 'string' ? frame : Buffer.from(JSON.stringify(frame)))
    await until(() => heard.length > before, 'an answer')
  }
  socket.terminate()
  return heard
}
const authenticate = (secret: string) => ({ action: 'authenticate', data: { key_id: KEYS.keyID, secret_key: secret } })
const listen = (...streams: string[]) => ({ action: 'listen', data: { streams } })
const authorization = (status: string, action: string) => ({ stream: 'authorization', data: { status, action } })

describe('the order stream', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, frames: readonly unknown[], answers: readonly unknown[]])[] = [
    ['lets in who knows the secret', [authenticate('secret'), listen('trade_updates')],       [authorization('authorized', 'authenticate'), { stream: 'listening', data: { streams: ['trade_updates'] } }]],
    ['and nobody else',              [authenticate('guess')],                                 [authorization('unauthorized', 'authenticate')]],
    ['nor anybody who did not ask',  [listen('trade_updates')],                               [authorization('unauthorized', 'listen')]],
    ['leaves unknown streams out',   [authenticate('secret'), listen('trade_updates', 'x')],  [authorization('authorized', 'authenticate'), { stream: 'listening', data: { streams: ['trade_updates'] } }]],
    ['can be asked for nothing',     [authenticate('secret'), listen()],                      [authorization('authorized', 'authenticate'), { stream: 'listening', data: { streams: [] } }]],
    ['does not take anything else',  ['hello'],                                               [{ action: 'error', data: { error_message: 'invalid message' } }]],
  ]
  for (const [name, frames, answers] of rows) it(name, async () => assert.deepEqual(await says(...frames), answers))

  it('has binary frames, as paper; text where it is told to', async () => {
    assert.ok((await bench.listen()).raw.every(({ binary }) => binary))
    const other = await openBench({ frames: 'text' })
    assert.ok((await other.listen()).raw.every(({ binary }) => !binary))
    await other.close()
  })

  it('is on one path', async () => {
    const socket = new WebSocket(bench.simulator.streamUrl.replace('/stream', '/other'))
    await assert.rejects(new Promise((_, reject) => socket.once('error', reject)))
  })

  it('names each event, later ones later', async () => {
    const ear = await bench.listen()
    for (let i = 0; i < 4; i++) await bench.order(market)
    await until(() => ear.heard.length === 12, 'twelve frames')
    const ids = ear.heard.map(({ data }) => String(data['event_id']))
    assert.deepEqual(ids, [...new Set(ids)].sort())
    assert.ok(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id)))
  })

  it('tells a fill before the answer, or after it', async () => {
    const ear = await bench.listen()
    const order = (when: 'always' | 'never'): Promise<unknown> => {
      bench.simulator.fate.fillFirst(when)
      return bench.order(market)
    }
    await order('never')
    await settle()
    const before = ear.heard.length
    // Answered only once the stream was heard: the frames were sent first.
    bench.simulator.fate.on({ method: 'POST', path: '/v2/orders', do: { kind: 'hang-after' } })
    void order('always').catch(() => {})
    await until(() => ear.heard.length > before, 'the fill of an order that was never answered')
  })

  it('reaches everybody who listens', async () => {
    const [a, b] = [await bench.listen(), await bench.listen()]
    assert.equal(bench.simulator.fate.listeners(), 2)
    await bench.order()
    await until(() => a.heard.length === 2 && b.heard.length === 2, 'both')
  })
})

describe('a stream that lies', () => {
  it('is silent, and does not make up for it', async () => {
    const ear = await bench.listen()
    bench.simulator.fate.silence(true)
    await bench.order()
    bench.simulator.fate.silence(false)
    await bench.order()
    await until(() => ear.heard.length === 2, 'the second order')
    await settle()
    assert.equal(ear.heard.length, 2)
  })

  it('tells everything twice and backwards', async () => {
    const ear = await bench.listen()
    bench.simulator.fate.twiceAndMuddled(true)
    await bench.order(market)
    await until(() => ear.heard.length === 6, 'six frames')
    assert.deepEqual(
      ear.heard.map((h) => h.event),
      ['fill', 'new', 'pending_new', 'pending_new', 'new', 'fill'],
    )
    const ids = ear.heard.filter((h) => h.event === 'fill').map((h) => h.data['execution_id'])
    assert.equal(ids[0], ids[1])
  })

  it('is cut, and lets nobody in again', async () => {
    const ear = await bench.listen()
    const closed = new Promise((resolve) => ear.socket.once('close', resolve))
    bench.simulator.fate.refuse(true)
    bench.simulator.fate.cut()
    await closed
    const socket = new WebSocket(bench.simulator.streamUrl)
    await assert.rejects(new Promise((_, reject) => socket.once('error', reject)))
    bench.simulator.fate.refuse(false)
    await bench.listen()
  })

  it('loses frames, says strange things, and gives wrong sizes', async () => {
    const ear = await bench.listen()
    bench.simulator.fate.dropFrames(2)
    bench.simulator.fate.wrongFill(true)
    bench.show('AAPL', '190.00', '190.02', '4')
    await bench.order({ limit_price: '191.00' })
    bench.show('AAPL', '190.50', '190.52', '6')
    bench.simulator.fate.strangeFrame({ stream: 'account_updates', data: { event: 'moved' } })
    await until(() => ear.raw.some(({ frame }) => frame['stream'] === 'account_updates'), 'the strange one')
    await until(() => ear.heard.length === 2, 'both fills')
    assert.deepEqual(
      ear.heard.map(({ event, data }) => [event, data['qty'], data['price']]),
      [
        ['partial_fill', '4', '190.02'],
        ['fill', '10', '190.32'],
      ],
    )
  })

  it('breaks down and says so', async () => {
    const ear = await bench.listen()
    const closed = new Promise((resolve) => ear.socket.once('close', resolve))
    bench.simulator.fate.errorFrame()
    await closed
    assert.deepEqual(ear.raw.at(-1)?.frame, { action: 'error', data: { error_message: 'internal server error' } })
  })
})

describe('the activity stream', () => {
  type Event = Readonly<Record<string, unknown>> & { readonly details: Readonly<Record<string, unknown>> }
  const read = async (query: string): Promise<Event[]> =>
    (await bench.call('GET', `/v2beta1/events/activities${query}`)).text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as Event)
  const LATER = '2026-11-21T00:00:00Z'

  it('ends where it is told to, and has busts and corrections', async () => {
    await bench.order(market)
    await bench.order({ ...market, qty: '5' })
    const [first, second] = bench.simulator.truth().executions
    bench.simulator.fate.bust(first?.id ?? '')
    const all = await read(`?since=2026-11-20&until=${LATER}`)
    assert.deepEqual(
      all.map((e) => [e.details['execution_type'], e['qty'], e.details['cum_qty'], e['status']]),
      [
        ['fill', '10', '10', 'executed'],
        ['fill', '5', '5', 'executed'],
        ['trade_bust', '10', '0', 'canceled'],
      ],
    )
    assert.deepEqual([all[1]?.['ref_id'], all[2]?.['previous_id']], [second?.id, first?.id])
    const ids = all.map((e) => String(e['event_id']))
    // Both ends are included: one who goes on where he stopped hears that one again.
    assert.deepEqual(
      (await read(`?since_id=${ids[1]}&until_id=${ids[2]}`)).map((e) => e['event_id']),
      ids.slice(1),
    )
  })

  // biome-ignore format: a table reads in columns
  const refused = [
    '?since=2026-11-20&since_id=01JD0000000000000000000000', '?until=2026-11-20', '?until_id=01JD0000000000000000000000',
    '?since_id=nonsense', '?since=yesterday',
  ]
  for (const query of refused)
    it(`refuses ${query}`, async () => {
      assert.equal((await bench.call('GET', `/v2beta1/events/activities${query}`)).status, 422)
    })

  it('goes on with what comes', async () => {
    await bench.order(market)
    const stop = new AbortController()
    const headers = { 'APCA-API-KEY-ID': KEYS.keyID, 'APCA-API-SECRET-KEY': KEYS.secretKey }
    const response = await fetch(`${bench.simulator.url}/v2beta1/events/activities`, { headers, signal: stop.signal })
    assert.match(response.headers.get('content-type') ?? '', /text\/event-stream/)
    let heard = ''
    const reading = (async () => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
        heard += Buffer.from(chunk).toString()
    })().catch(() => {})
    await until(() => heard.includes(':heartbeat'), 'the first comment')
    assert.doesNotMatch(heard, /data:/, 'nothing of before')
    await bench.order({ ...market, qty: '7' })
    await until(() => heard.includes('"qty":"7"'), 'the new fill')
    stop.abort()
    await reading
  })
})
