import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type HandMarket, handMarket } from '../../markets/hand.ts'
import { INSTRUMENTS } from '../../markets/listing.ts'
import type { Clock } from '../../ports/clock.ts'
import { amt, px, qty } from '../../values/decimal.ts'
import { fromMs, type Instant, parseInstant } from '../../values/instant.ts'
import { type AlpacaSimulator, type AlpacaSimulatorOptions, startAlpacaSimulator } from './server.ts'

type Json = Readonly<Record<string, unknown>>
export type Reply = {
  readonly status: number
  readonly text: string
  /** What the body holds; null when it is empty or no JSON. */
  readonly json: Json
  readonly headers: Headers
}
export type Heard = { readonly event: string; readonly data: Json & { readonly order: Json } }

export type Ear = {
  /** Every frame but those of greeting. */
  readonly heard: readonly Heard[]
  /** Everything that came, as it came. */
  readonly raw: readonly { readonly binary: boolean; readonly frame: Json }[]
  readonly socket: WebSocket
  /** Event and status of each: `fill filled`. */
  words(): string[]
}

/** A simulator on a market and a clock that are moved by hand, and short words for talking to it as anybody would. */
export type SimulatorBench = {
  readonly simulator: AlpacaSimulator
  readonly market: HandMarket
  now(): Instant
  /** Lets time pass without the market. */
  wait(ms: number): void
  show(symbol: string, bid: string, ask: string, size?: string): void
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** A new order of 10 AAPL at 150.00, or as told; null leaves a key out. */
  order(over?: Readonly<Record<string, unknown>>): Promise<Reply>
  listen(): Promise<Ear>
  close(): Promise<void>
}

export const KEYS = { keyID: 'PKTESTTESTTESTTEST00', secretKey: 'secret' }
const AUTHORIZED = { 'APCA-API-KEY-ID': KEYS.keyID, 'APCA-API-SECRET-KEY': KEYS.secretKey }
/** A Friday, a minute after the open in New York. */
const FRIDAY = parseInstant('2026-11-20T14:31:00Z') as Instant
const PATIENCE_MS = 4000

/** Resolves once `holds` does. Throws after four seconds, with what was waited for. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await pause(2)
  }
}
/** Long enough for everything on its way over loopback to arrive. */
export const settle = (): Promise<void> => pause(25)

export async function openBench(
  options: Partial<Omit<AlpacaSimulatorOptions, 'market' | 'clock' | 'keys'>> & { readonly at?: Instant } = {},
): Promise<SimulatorBench> {
  let now: Instant = options.at ?? FRIDAY
  const clock: Clock = { now: () => now, monotonicNs: () => BigInt(now) * 1000n, sleep: async () => {} }
  const market = handMarket(INSTRUMENTS)
  const show = (symbol: string, bid: string, ask: string, size?: string): void => {
    now = (now + 1_000_000) as Instant
    const offered = size === undefined ? null : qty(size)
    market.set(symbol, { bid: px(bid), ask: px(ask), bidQty: offered, askQty: offered }, now)
  }
  for (const symbol of INSTRUMENTS.keys()) if (symbol.startsWith('SIM.')) show(symbol, '99.99', '100.00')
  show('AAPL', '190.00', '190.02')
  show('MSFT', '420.00', '420.05')
  show('BTC/USD', '64000.00', '64001.00')
  const simulator = await startAlpacaSimulator({
    initialCash: amt('100000'),
    seed: 7,
    requestsPerMinute: 10_000,
    ...options,
    market,
    clock,
    keys: KEYS,
  })
  const sockets = new Set<WebSocket>()

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = AUTHORIZED,
  ): Promise<Reply> {
    now = (now + 1000) as Instant
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const response = await fetch(simulator.url + path, { method, headers, redirect: 'error', ...sent })
    const text = await response.text()
    return { status: response.status, text, json: parsed(text) as Json, headers: response.headers }
  }
  return {
    simulator,
    market,
    now: () => now,
    wait: (ms) => void (now = (now + fromMs(ms)) as Instant),
    show,
    call,
    order: (over = {}) => {
      const plain = {
        symbol: 'AAPL',
        qty: '10',
        side: 'buy',
        type: 'limit',
        time_in_force: 'day',
        limit_price: '150.00',
      }
      const body = Object.entries({ ...plain, ...over }).filter(([, value]) => value !== null)
      return call('POST', '/v2/orders', Object.fromEntries(body))
    },
    async listen() {
      const socket = new WebSocket(simulator.streamUrl)
      sockets.add(socket)
      const raw: { binary: boolean; frame: Json }[] = []
      const heard: Heard[] = []
      socket.on('message', (data: Buffer, binary: boolean) => {
        const frame = JSON.parse(data.toString('utf8')) as { stream?: string; data: Heard['data'] & { event: string } }
        raw.push({ binary, frame })
        if (frame.stream === 'trade_updates') heard.push({ event: frame.data.event, data: frame.data })
      })
      socket.on('error', () => {})
      await new Promise((resolve) => socket.once('open', resolve))
      const data = { key_id: KEYS.keyID, secret_key: KEYS.secretKey }
      socket.send(JSON.stringify({ action: 'authenticate', data }))
      socket.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }))
      await until(() => raw.some(({ frame }) => frame['stream'] === 'listening'), 'the answer to listen')
      const words = (): string[] => heard.map(({ event, data: { order } }) => `${event} ${String(order['status'])}`)
      return { heard, raw, socket, words }
    },
    async close() {
      for (const socket of sockets) socket.terminate()
      await simulator.close()
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
