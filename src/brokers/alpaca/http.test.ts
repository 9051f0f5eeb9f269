import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { ReadFailed } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { fromMs, plusMs } from '../../values/instant.ts'
import { Numeral } from '../../values/json.ts'
import { type Http, type HttpOptions, openHttp } from './http.ts'
import { Malformed } from './parse.ts'

const SECRET = 'never-to-be-seen'
const clock: Clock = {
  now: () => fromMs(Date.now()),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: (ms, signal) => delay(ms, undefined, signal && { signal }).catch(() => {}),
}

let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {}
let asked: {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString('utf8')
  })
  request.on('end', () => {
    asked.push({ method: request.method, url: request.url, headers: request.headers, body })
    answer(request, response)
  })
})
let base = ''
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const logged: unknown[] = []
const forbidden: string[] = []
function open(over: Partial<HttpOptions> = {}): Http {
  asked = []
  logged.length = 0
  forbidden.length = 0
  return openHttp({
    base,
    keys: { keyID: 'PKTEST', secretKey: SECRET },
    clock,
    log: (...line) => logged.push(line),
    deadlineMs: 300,
    requestsPerMinute: 10_000,
    reserve: 30,
    onForbidden: (text) => forbidden.push(text),
    ...over,
  })
}
const says = (status: number, body: string, headers: Record<string, string> = {}) => {
  answer = (_, response) => response.writeHead(status, headers).end(body)
}

describe('one call', () => {
  it('that was called off while it waited for its turn does not go', async () => {
    says(200, '{}')
    let [now, halted] = [fromMs(0), false]
    const sleep: Clock['sleep'] = async (ms) => {
      now = plusMs(now, ms)
      halted = true
    }
    const http = open({ clock: { ...clock, now: () => now, sleep }, requestsPerMinute: 3, reserve: 0 })
    const call = { method: 'POST', lane: 'order', path: '/v2/orders', mayGo: async () => !halted } as const
    assert.equal((await http.attempt(call)).status, 200)
    const held = await http.attempt(call)
    assert.ok(held.status === null && !held.sent)
    assert.equal(asked.length, 1)
  })
  it('carries the keys and the body, and comes back with every digit', async () => {
    says(200, '{"qty":0.10}', { 'X-Request-ID': 'r1' })
    const got = await open().attempt({ method: 'POST', lane: 'order', path: '/v2/orders', body: { qty: '10' } })
    assert.ok(got.status !== null)
    assert.deepEqual([got.status, got.requestID], [200, 'r1'])
    assert.deepEqual((got.body as { qty: Numeral }).qty, new Numeral('0.10'))
    const [call] = asked
    assert.deepEqual([call?.method, call?.url, call?.body], ['POST', '/v2/orders', '{"qty":"10"}'])
    assert.deepEqual(
      [call?.headers['apca-api-key-id'], call?.headers['apca-api-secret-key'], call?.headers['content-type']],
      ['PKTEST', SECRET, 'application/json'],
    )
    assert.match(inspect(logged, { depth: 9 }), /requestID: 'r1'/)
  })

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, how: typeof answer, cause: RegExp])[] = [
    ['a socket that breaks',         (request) => request.socket.destroy(),                                    /socket|terminated|reset/i],
    ['an answer that breaks off',    (_, r) => { r.writeHead(200, { 'content-length': '100' }); r.write('{'); setImmediate(() => r.destroy()) }, /terminated|socket|aborted/i],
    ['no answer in time',            () => {},                                                                 /no answer within 300 ms/],
    ['an answer that never ends',    (_, r) => { r.writeHead(200); r.write('{') },                             /no answer within 300 ms/],
    ['a redirect',                   (_, r) => { r.writeHead(302, { location: '/elsewhere' }).end() },         /redirect/],
    ['an answer without end',        (_, r) => { r.writeHead(200); const more = () => { while (r.write('x'.repeat(1 << 20))); r.once('drain', more) }; more(); r.on('error', () => {}) }, /larger than 16 MB|no answer/],
  ]
  for (const [what, how, cause] of rows)
    it(`with ${what} has no answer, and is tried once`, async () => {
      answer = how
      const got = await open(what === 'an answer without end' ? { deadlineMs: 5_000 } : {}).attempt({
        method: 'POST',
        lane: 'order',
        path: '/v2/orders',
      })
      assert.equal(got.status, null)
      assert.match(got.status === null ? got.cause : '', cause)
      assert.equal(asked.length, 1)
    })

  it('to a host that is not there has no answer', async () => {
    const got = await open({ base: 'http://127.0.0.1:1' }).attempt({ method: 'GET', lane: 'order', path: '/' })
    assert.match(got.status === null ? got.cause : '', /ECONNREFUSED|bad port/)
  })

  it('is not sent when the budget is used up', async () => {
    says(200, '{}')
    const http = open({ requestsPerMinute: 3, reserve: 0 })
    assert.equal((await http.attempt({ method: 'GET', lane: 'order', path: '/' })).status, 200)
    const got = await http.attempt({ method: 'POST', lane: 'order', path: '/v2/orders' })
    assert.match(got.status === null ? got.cause : '', /budget is used up, so nothing was sent/)
    assert.equal(asked.length, 1)
  })

  it('that is urgent goes ahead while Alpaca asks for a pause', async () => {
    says(429, '{"message":"too many requests."}', { 'Retry-After': '30' })
    const http = open()
    await http.attempt({ method: 'GET', lane: 'order', path: '/' })
    assert.equal((await http.attempt({ method: 'GET', lane: 'order', path: '/' })).status, null)
    assert.equal((await http.attempt({ method: 'DELETE', path: '/v2/orders', lane: 'urgent' })).status, 429)
    assert.equal(asked.length, 2)
  })

  // biome-ignore format: a table reads in columns
  const keys: readonly (readonly [status: number, body: string, about: boolean])[] = [
    [401, '{"code":40110000,"message":"access key verification failed"}', true],
    [401, '<html>', true],
    [403, '{"message":"forbidden."}', true],
    [403, '{"code":40310000,"message":"insufficient buying power"}', false],
    [422, '{"code":40010001,"message":"no"}', false],
  ]
  for (const [status, body, about] of keys)
    it(`${status} ${body} is ${about ? '' : 'not '}about the keys`, async () => {
      says(status, body)
      await open().attempt({ method: 'GET', lane: 'order', path: '/' })
      assert.equal(forbidden.length, about ? 1 : 0)
    })

  it('under way is given up at the end', async () => {
    answer = () => {}
    const http = open({ deadlineMs: 20_000 })
    const got = http.attempt({ method: 'GET', lane: 'order', path: '/' })
    while (asked.length === 0) await new Promise(setImmediate)
    http.close()
    assert.deepEqual(await got, { status: null, cause: 'the connection is closed', sent: true })
  })
})

describe('a read', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, status: number, body: string, transient: boolean, message: RegExp])[] = [
    ['500 in JSON',        500, '{"message":"Internal Server Error"}', true,  /500: Internal Server Error/],
    ['502 in HTML',        502, '<html>',                              true,  /HTTP 502/],
    ['429',                429, '{"message":"too many requests."}',    true,  /429: too many/],
    ['408',                408, '',                                    true,  /HTTP 408/],
    ['403',                403, '{"message":"forbidden."}',            false, /403: forbidden/],
    ['422',                422, '{"code":40010001,"message":"no"}',    false, /422 40010001: no/],
    ['404 of a proxy',     404, '<html>',                              false, /HTTP 404/],
    ['200 with nothing',   200, '',                                    true,  /without JSON/],
    ['200 with garbage',   200, '{"id":"61e6',                         true,  /without JSON/],
    ['200 that is wrong',  200, '{"wrong":true}',                      false, /reading \/v2\/x: not what it should be/],
  ]
  for (const [what, status, body, transient, message] of rows)
    it(`of ${what} fails${transient ? ', and may be repeated' : ' for good'}`, async () => {
      says(status, body)
      const read = open().read('/v2/x?secret=1', () => {
        throw new Malformed('not what it should be')
      })
      await assert.rejects(read, (e) => e instanceof ReadFailed && e.transient === transient && message.test(e.message))
    })

  it('of what is not there is null', async () => {
    says(404, '{"code":40410000,"message":"order not found"}')
    assert.equal(await open().read('/', () => 1), null)
    assert.equal(await open().readText('/', () => 1), null)
  })

  it('is not tried while the host does not answer; a write always is', async () => {
    says(503, '')
    const http = open()
    for (let i = 0; i < 8; i++)
      await assert.rejects(
        http.read('/', () => 1),
        /503/,
      )
    await assert.rejects(
      http.read('/', () => 1),
      (e) => e instanceof ReadFailed && e.transient && /waits a few seconds/.test(e.message),
    )
    assert.equal(asked.length, 8)
    assert.equal((await http.attempt({ method: 'POST', lane: 'order', path: '/v2/orders' })).status, 503)
  })
})

it('no key is in anything that is logged or thrown', async () => {
  const seen: unknown[] = []
  for (const how of [
    () => says(401, '{"message":"unauthorized."}'),
    // Some proxies show what they were sent.
    () => says(502, `<pre>APCA-API-SECRET-KEY: ${SECRET}</pre>`),
    () => says(403, JSON.stringify({ message: `no such key: ${SECRET}` })),
    () => (answer = (request) => request.socket.destroy()),
  ]) {
    how()
    const http = open()
    seen.push(await http.attempt({ method: 'POST', lane: 'order', path: '/' }))
    await http.read('/', () => 1).catch((e: unknown) => seen.push(e, String(e)))
    seen.push([...logged], [...forbidden], http)
  }
  assert.doesNotMatch(inspect(seen, { depth: 20, showHidden: true }), new RegExp(SECRET))
})
