import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../../ports/clock.ts'
import { fromMs, type Instant, plusMs } from '../../values/instant.ts'
import { openStream, type Stream } from './stream.ts'

/** Time that moves when it is told to. Who sleeps is woken when its time has come. */
function handClock() {
  let now: Instant = fromMs(0)
  const sleepers = new Set<{ readonly until: Instant; readonly ms: number; readonly wake: () => void }>()
  const clock: Clock = {
    now: () => now,
    monotonicNs: () => BigInt(now) * 1000n,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const sleeper = {
          until: plusMs(now, ms),
          ms,
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
  }
  return {
    clock,
    /** How long each of those who sleep wanted to. */
    sleeping: () => [...sleepers].map((s) => s.ms).sort((a, b) => a - b),
    async pass(ms: number) {
      now = plusMs(now, ms)
      for (const s of [...sleepers].filter((each) => each.until <= now)) s.wake()
      await aMoment()
    },
  }
}
/** Waits for what loopback still delivers: as long as it takes, and in vain for five seconds. */
async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !done(); i++) await delay(5)
}
/** Long enough for what should not happen to have happened. */
const aMoment = () => delay(25)

type Said = { readonly action: string; readonly data: Record<string, unknown> }
type Peer = { readonly socket: WebSocket; readonly said: Said[] }

const AUTHORIZED = { stream: 'authorization', data: { status: 'authorized', action: 'authenticate' } }
const LISTENING = { stream: 'listening', data: { streams: ['trade_updates'] } }
const polite = (peer: Peer, { action }: Said): void => tell(peer, action === 'authenticate' ? AUTHORIZED : LISTENING)
const tell = ({ socket }: Peer, value: unknown, binary = true): void =>
  socket.send(binary ? Buffer.from(JSON.stringify(value)) : JSON.stringify(value), { binary })

const open: { server: Server; stream: Stream }[] = []
afterEach(() => {
  for (const { server, stream } of open.splice(0)) {
    stream.close()
    server.closeAllConnections()
    server.close()
  }
})

async function bench(manner: (peer: Peer, said: Said, nth: number) => void) {
  const time = handClock()
  const peers: Peer[] = []
  const events: string[] = []
  let refuse = false
  const wss = new WebSocketServer({ noServer: true, autoPong: true })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    if (refuse) return socket.destroy()
    wss.handleUpgrade(request, socket, head, (ws) => {
      const peer: Peer = { socket: ws, said: [] }
      const nth = peers.push(peer)
      ws.on('message', (data: Buffer) => {
        const said = JSON.parse(data.toString('utf8')) as Said
        peer.said.push(said)
        manner(peer, said, nth)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stream = openStream({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    keys: { keyID: 'PK', secretKey: 's' },
    clock: time.clock,
    random: () => 0.5,
    log: () => {},
    onUpdate: (update) => events.push(`update ${update.event}`),
    onUp: () => events.push('up'),
    onDown: (text) => events.push(`down: ${text}`),
    onOdd: (text) => events.push(`odd: ${text}`),
  })
  open.push({ server, stream })
  await until(() => (peers[0]?.said.length ?? 0) > 0)
  return {
    ...time,
    peers,
    events,
    stream,
    /** Waits for the `n`th thing that happened. */
    happened: (n: number) => until(() => events.length >= n),
    last: () => peers.at(-1) ?? assert.fail('nobody has come'),
    refuse: (on: boolean) => void (refuse = on),
  }
}

const UPDATE = {
  stream: 'trade_updates',
  data: {
    event: 'new',
    order: { id: 'o', status: 'new', created_at: '2026-11-20T14:00:00Z', symbol: 'KO', side: 'buy', type: 'market' },
  },
}

describe('the order stream', () => {
  it('greets, listens, and hears binary and text frames alike', async () => {
    const b = await bench(polite)
    await b.happened(1)
    assert.deepEqual(b.last().said, [
      { action: 'authenticate', data: { key_id: 'PK', secret_key: 's' } },
      { action: 'listen', data: { streams: ['trade_updates'] } },
    ])
    assert.equal(await b.stream.ready(0), true)
    tell(b.last(), UPDATE, true)
    tell(b.last(), UPDATE, false)
    await b.happened(3)
    assert.deepEqual(b.events, ['up', 'update new', 'update new'])
  })

  it('that is refused is given up, and says so once', async () => {
    const b = await bench((peer) =>
      tell(peer, { stream: 'authorization', data: { status: 'unauthorized', action: 'authenticate' } }),
    )
    await b.happened(1)
    await b.pass(3_600_000)
    assert.equal(b.peers.length, 1)
    assert.deepEqual(b.events, ['down: Alpaca refused the keys for the order stream; fix them and restart'])
    assert.deepEqual(b.sleeping(), [])
  })

  // biome-ignore format: a table reads in columns
  const broken: readonly (readonly [what: string, break_: (peer: Peer) => void, says: RegExp])[] = [
    ['is cut',           (peer) => peer.socket.terminate(),                                                    /closed by Alpaca|broke/],
    ['is closed',        (peer) => peer.socket.close(),                                                        /closed by Alpaca/],
    ['ends in an error', (peer) => tell(peer, { action: 'error', data: { error_message: 'internal server error' } }), /ended the order stream: internal server error/],
    ['is unsubscribed',  (peer) => tell(peer, { stream: 'listening', data: { streams: [] } }),                 /does not offer the stream/],
    ['sends too much',   (peer) => peer.socket.send('x'.repeat(2 << 20)),                                      /broke/],
  ]
  for (const [what, break_, says] of broken)
    it(`that ${what} comes back after a second, and says that it was away`, async () => {
      const b = await bench(polite)
      await b.happened(1)
      break_(b.last())
      await b.happened(2)
      assert.match(b.events[1] ?? '', says)
      await b.pass(1_000)
      await b.happened(3)
      assert.equal(b.events.length, 3)
      assert.equal(b.events[2], 'up')
      assert.equal(b.peers.length, 2)
    })

  it('that falls silent is dead 15 s later', async () => {
    const b = await bench(polite)
    await b.happened(1)
    const { socket } = b.last()
    // The peer lives, and no longer answers.
    ;(socket as unknown as { _autoPong: boolean })._autoPong = false
    await b.pass(10_000)
    assert.deepEqual(b.events, ['up'])
    await b.pass(5_000)
    await b.happened(2)
    assert.match(b.events[1] ?? '', /fell silent/)
  })
  it('that is quiet but answers pings lives', async () => {
    const b = await bench(polite)
    await b.happened(1)
    for (let i = 0; i < 5; i++) {
      const pong = new Promise((resolve) => b.last().socket.once('ping', resolve))
      await b.pass(10_000)
      await pong
      await aMoment()
      await b.pass(5_000)
    }
    assert.deepEqual(b.events, ['up'])
    assert.equal(b.peers.length, 1)
  })
  it('that is not acknowledged is dropped after ten seconds', async () => {
    const b = await bench(() => {})
    assert.deepEqual(b.events, [])
    await b.pass(10_000)
    await b.happened(1)
    assert.match(b.events[0] ?? '', /did not acknowledge/)
  })

  it('waits longer each time, up to a minute, and begins anew only after a good while', async () => {
    const b = await bench(polite)
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      await b.happened(2 * i + 1)
      b.last().socket.terminate()
      await b.happened(2 * i + 2)
      // What watched over the line that broke is gone by now.
      await until(() => b.sleeping().length === 1)
      const [wait = 0] = b.sleeping()
      waits.push(wait)
      await b.pass(wait)
    }
    await b.happened(19)
    assert.deepEqual(waits, [1_000, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000])
    await b.pass(10_000)
    await b.pass(5_000)
    await b.pass(15_000)
    b.last().socket.terminate()
    await b.happened(20)
    await until(() => b.sleeping().length === 1)
    assert.deepEqual(b.sleeping(), [1_000])
  })
  it('says once that it is lost, however often it tries', async () => {
    const b = await bench(polite)
    await b.happened(1)
    b.refuse(true)
    b.last().socket.terminate()
    await b.happened(2)
    for (let i = 0; i < 4; i++) await b.pass(60_000)
    assert.equal(b.events.filter((e) => e.startsWith('down')).length, 1)
    b.refuse(false)
    await until(() => b.sleeping().length === 1)
    await b.pass(60_000)
    await b.happened(3)
    assert.equal(b.events.at(-1), 'up')
  })
  it('that is not there yet keeps nobody waiting for longer than asked', async () => {
    const b = await bench(() => {})
    const ready = b.stream.ready(4_000)
    await b.pass(4_000)
    assert.equal(await ready, false)
  })

  // biome-ignore format: a table reads in columns
  const odd: readonly (readonly [what: string, frame: string, says: RegExp])[] = [
    ['no JSON',               '{"stream":',                                             /^odd: a frame that is not JSON/],
    ['an order without id',   '{"stream":"trade_updates","data":{"event":"fill","order":{}}}', /^odd: a frame that cannot be read: id is missing/],
    ['another stream',        '{"stream":"weather","data":{}}',                         /^odd: a frame of weather/],
  ]
  for (const [what, frame, says] of odd)
    it(`hears ${what} as odd, and goes on`, async () => {
      const b = await bench(polite)
      await b.happened(1)
      b.last().socket.send(frame)
      tell(b.last(), UPDATE)
      await b.happened(3)
      assert.match(b.events[1] ?? '', says)
      assert.equal(b.events[2], 'update new')
    })
})
