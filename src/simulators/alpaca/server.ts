import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { lieOf } from '../../markets/lies.ts'
import type { Market } from '../../markets/market.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Amt } from '../../values/decimal.ts'
import { toMs } from '../../values/instant.ts'
import { type AlpacaFate, fateOf } from './fate.ts'
import { type Fault, faults, SAID } from './fault.ts'
import { bodyOf, isRefusal, type Refusal } from './refusal.ts'
import { type Answer, find, halfDown } from './routes.ts'
import { openStream } from './stream.ts'
import { openVenue } from './venue.ts'
import { readJson, uuidOf, wireNumber } from './wire.ts'

export type AlpacaSimulatorOptions = {
  readonly market: Market
  readonly clock: Clock
  readonly initialCash: Amt
  readonly keys: { readonly keyID: string; readonly secretKey: string }
  /** 0 or absent: any that is free. Loopback only. */
  readonly port?: number
  /** Makes the account and every id the same again. */
  readonly seed?: number
  /** Default 200, for the trading API and for market data each. */
  readonly requestsPerMinute?: number
  /** Default binary, as on paper. */
  readonly frames?: 'binary' | 'text'
  /** The account outlives the simulator here. Null or absent: it does not. */
  readonly stateFile?: string | null
  /** Keys of the other environment are forbidden. Default paper. */
  readonly environment?: 'paper' | 'live'
  readonly log?: (line: string) => void
  /** Hears of each request as it comes in, before anything is done with it: `POST /v2/orders`. For measuring. */
  readonly onRequest?: (what: string) => void
}

/** Everything ever booked, to measure a gateway's book by. Sizes and prices as on the wire. */
export type AlpacaTruth = {
  readonly orders: readonly {
    readonly client_order_id: string
    readonly order_id: string
    readonly symbol: string
    readonly side: 'buy' | 'sell'
    readonly qty: string
    readonly filled: string
    readonly status: string
    readonly parent_id: string | null
    readonly replaces: string | null
  }[]
  readonly executions: readonly {
    readonly id: string
    readonly order_id: string
    readonly symbol: string
    readonly side: 'buy' | 'sell'
    readonly qty: string
    readonly price: string
    /** False when it was busted. */
    readonly live: boolean
  }[]
  /** How often each was asked: `POST /v2/orders` and so on, with `{order_id}` for any id. */
  readonly requests: Readonly<Record<string, number>>
}

export type AlpacaSimulator = {
  /** Trading API and market data are on one server. */
  readonly url: string
  readonly streamUrl: string
  readonly fate: AlpacaFate
  readonly truth: () => AlpacaTruth
  close(): Promise<void>
}

const BODY_BYTES_MAX = 1 << 20
const MINUTE_MS = 60_000
const SLOW_REPLY_MS = 5000

/**
 * Starts a broker on loopback that speaks Alpaca's trading API v2, its order stream and its market data. The caller lets
 * time pass with `market.advance`.
 * @throws {Fault} when the state file cannot be read; an `Error` when the port is taken.
 */
export async function startAlpacaSimulator(options: AlpacaSimulatorOptions): Promise<AlpacaSimulator> {
  const { clock, keys, market } = options
  const log = options.log ?? ((): void => {})
  const venue = openVenue({
    market,
    clock,
    initialCash: options.initialCash,
    seed: options.seed ?? randomInt(2 ** 31),
    stateFile: options.stateFile ?? null,
    log,
  })
  const stream = openStream(venue, keys, options.frames ?? 'binary')
  const wrong = faults()
  const throttle = { left: 0, retryAfterS: null as number | null }
  const requests: Record<string, number> = {}
  const quotas = { trading: quota(options.requestsPerMinute ?? 200), data: quota(options.requestsPerMinute ?? 200) }
  const foreign = options.environment === 'live' ? 'PK' : 'AK'
  let served = 0
  let downReads = 0

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      log(`request failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' })
      response.end('{"message":"Internal Server Error"}')
    })
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (new URL(request.url ?? '/', 'http://local').pathname === '/stream') stream.upgrade(request, socket, head)
    else socket.destroy()
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET'
    const target = request.url ?? '/'
    const [path = '/', search = ''] = target.split('?')
    const source = await bodyIn(request)
    response.setHeader('X-Request-ID', uuidOf('request', served++, toMs(clock.now())).replaceAll('-', ''))
    const found = find(method, path)
    const template = found && found !== 'method' ? found.route.template : path
    const counted = `${method} ${template}`
    options.onRequest?.(counted)
    requests[counted] = (requests[counted] ?? 0) + 1

    const fault = wrong.next({ method, template, path, url: target })
    if (fault?.kind.endsWith('-before')) return spoil(fault, request, response)
    // Prices of coins are for everybody.
    const stranger = path.startsWith('/v1beta3/crypto/') ? null : unknownKeys(request)
    if (stranger) return reply(response, stranger.status, stranger.body)
    const quota_ = quotas[found && found !== 'method' ? found.route.host : 'trading'].take(toMs(clock.now()))
    for (const [name, value] of Object.entries(quota_.headers)) response.setHeader(name, value)
    if (throttle.left > 0 || !quota_.granted) {
      if (throttle.left > 0) throttle.left--
      if (throttle.retryAfterS !== null) response.setHeader('Retry-After', String(throttle.retryAfterS))
      return reply(response, 429, SAID[429]?.body ?? '')
    }
    if (!found || found === 'method')
      return found
        ? reply(response, 405, { code: 40510000, message: 'method not allowed' })
        : reply(response, 404, { code: 40410000, message: 'endpoint not found.' })

    const body = source === '' ? undefined : readJson(source)
    const symbol = symbolIn(method, template, body)
    if (symbol !== null && lieOf(symbol).submit === 'lose-send')
      return spoil({ kind: 'drop-before' }, request, response)
    const result = found.route.answer({ venue, param: found.param, query: new URLSearchParams(search), body })
    const lost = fault ?? lieAfter(method, template, result)
    if (lost) return spoil(lost, request, response)
    if (symbol !== null && lieOf(symbol).submit === 'slow-reply') await clock.sleep(SLOW_REPLY_MS)
    if (isRefusal(result)) return reply(response, result.status, refused(result))
    if (method === 'GET' && halfDown(result.symbol) && downReads++ % 2 === 0)
      return reply(response, 503, SAID[503]?.body ?? '')
    if (result.stream) return result.stream(response)
    reply(response, result.status, result.json)
  }

  /** No keys and keys of the other environment are forbidden; wrong ones are unauthorized. */
  function unknownKeys(request: IncomingMessage): { readonly status: number; readonly body: unknown } | null {
    const [id, secret] = [request.headers['apca-api-key-id'], request.headers['apca-api-secret-key']]
    if (id === keys.keyID && secret === keys.secretKey) return null
    if (!id || !secret || String(id).startsWith(foreign)) return { status: 403, body: { message: 'forbidden.' } }
    return {
      status: 401,
      body: { code: 40110000, message: 'access key verification failed : verification failure' },
    }
  }

  function spoil(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
    switch (fault.kind) {
      case 'drop-before':
      case 'drop-after':
        return void request.socket.destroy()
      case 'hang-before':
      case 'hang-after':
        return
      case 'garbage-before':
      case 'garbage-after':
        response.writeHead(200, { 'content-type': 'application/json' })
        return void response.end('{"id":"61e69015-8549-4bfd-b9c3')
      case 'empty-after':
        response.writeHead(200, { 'content-type': 'application/json' })
        return void response.end()
      case 'status-before':
      case 'status-after': {
        const said = SAID[fault.status]
        for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value)
        if (fault.body === undefined && said) response.setHeader('content-type', said.type)
        return reply(response, fault.status, fault.body ?? said?.body ?? '')
      }
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  log(`alpaca simulator on 127.0.0.1:${port}`)

  return {
    url: `http://127.0.0.1:${port}`,
    streamUrl: `ws://127.0.0.1:${port}/stream`,
    fate: fateOf(venue, stream, wrong, throttle),
    truth: () => ({
      orders: [...venue.orders.values()].map((o) => ({
        client_order_id: o.clientOrderID,
        order_id: o.id,
        symbol: o.symbol,
        side: o.side,
        qty: wireNumber(o.qty),
        filled: wireNumber(o.filledQty),
        status: o.status,
        parent_id: o.parentID,
        replaces: o.replaces,
      })),
      executions: [...venue.executions.values()].map((e) => ({
        id: e.id,
        order_id: e.orderID,
        symbol: e.symbol,
        side: e.side,
        qty: wireNumber(e.qty),
        price: wireNumber(e.price),
        live: e.live,
      })),
      requests: { ...requests },
    }),
    async close() {
      venue.close()
      stream.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function bodyIn(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw new RangeError('the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Text leaves as it is, anything else as JSON; nothing leaves nothing. */
function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  if (!response.hasHeader('content-type') && text !== '')
    response.setHeader('content-type', 'application/json; charset=UTF-8')
  response.writeHead(status)
  response.end(text)
}

/** Market data has messages without a code. */
const refused = (no: Refusal): unknown => (no.code === 0 ? { message: no.message } : bodyOf(no))

/** The symbol of a new order, for those that lie before anybody reads the rest. */
function symbolIn(method: string, template: string, body: unknown): string | null {
  if (method !== 'POST' || template !== '/v2/orders') return null
  const symbol = typeof body === 'object' && body !== null ? (body as { symbol?: unknown }).symbol : null
  return typeof symbol === 'string' ? symbol : null
}

/** Symbols that do what they are asked and lose the answer. */
function lieAfter(method: string, template: string, result: Answer | Refusal): Fault | null {
  if (isRefusal(result) || result.symbol === undefined) return null
  const lie = lieOf(result.symbol)
  const lost =
    (method === 'POST' && template === '/v2/orders' && lie.submit === 'lose-reply') ||
    (method === 'DELETE' && template === '/v2/orders/{order_id}' && lie.cancel === 'lose-reply')
  return lost ? { kind: 'drop-after' } : null
}

/** Requests of one minute by the clock, as the headers tell them. */
function quota(perMinute: number) {
  let minute = -1
  let used = 0
  return {
    take(nowMs: number): { readonly granted: boolean; readonly headers: Readonly<Record<string, string>> } {
      const current = Math.floor(nowMs / MINUTE_MS)
      if (current !== minute) used = 0
      minute = current
      const granted = used < perMinute
      if (granted) used++
      return {
        granted,
        headers: {
          'X-RateLimit-Limit': String(perMinute),
          'X-RateLimit-Remaining': String(perMinute - used),
          'X-RateLimit-Reset': String(((current + 1) * MINUTE_MS) / 1000),
        },
      }
    },
  }
}
