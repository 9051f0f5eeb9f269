import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import type { Alert, Card, Channel, Place, Shown } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IntentID } from '../../values/brand.ts'
import { Fault } from '../../values/fault.ts'
import { fromMs } from '../../values/instant.ts'
import { openWebhook, type WebhookSettings } from './webhook.ts'

const secretOf = (fill: number, bytes = 32): string => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`
const [OLD, NEW, OTHER] = [secretOf(1), secretOf(2), secretOf(3)]
const PATH = '/hooks/never%2Dto-be-seen?key=nor-this'

let skewMs = 0
const clock: Clock = {
  now: () => fromMs(Date.now() + skewMs),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: (ms, signal) => delay(ms, undefined, signal && { signal }).catch(() => {}),
}

type Asked = { readonly path: string | undefined; readonly headers: Record<string, string>; readonly body: string }
let asked: Asked[] = []
let answer: (response: ServerResponse, request: IncomingMessage) => void
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const headers = request.headers as Record<string, string>
    asked.push({ path: request.url, headers, body: Buffer.concat(chunks).toString('utf8') })
    answer(response, request)
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
beforeEach(() => {
  asked = []
  logged.length = 0
  skewMs = 0
  answer = (response) => response.writeHead(204).end()
})
const open = (over: Partial<WebhookSettings> = {}): Channel =>
  openWebhook(
    { url: base + PATH, secrets: [NEW], timeoutMs: 400, ...over },
    { clock, fetch, log: (...line) => logged.push(line) },
  )
const says =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  (response: ServerResponse): void =>
    void response.writeHead(status, headers).end(body)

const CARD: Card = {
  gateway: 'gAtEwAy0123456_-',
  intentID: 'sig_01' as IntentID,
  rev: 1,
  digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0',
  fingerprint: 'd02c-ec62',
  environment: 'paper',
  title: 'BUY 10 AAPL',
  facts: [{ name: 'Limit', value: '187.50 DAY' }],
  reasoning: 'Ä – “quoted” 漢',
  state: 'waiting',
  stateText: 'Waits.',
  decideBy: null,
  takesYes: true,
  url: 'https://jax.example/a/sig_01',
}
const EXPIRED: Card = { ...CARD, state: 'expired', stateText: 'Ran out of time.' }

/** What the receiver makes of a request, tampered with or not. */
const verified = (secret: string, request = asked.at(-1)!, over: Partial<Asked['headers']> = {}, body = request.body) =>
  new Webhook(secret).verify(body, { ...request.headers, ...over } as Record<string, string>)
const placeOf = (shown: Shown): Place => (shown.outcome === 'shown' ? shown.place : assert.fail(JSON.stringify(shown)))
/** Everything that a log or a screen may show. */
const told = (channel: Channel, ...shown: Shown[]): string => JSON.stringify([logged, channel.trouble(), shown])

describe('an alert', () => {
  const ALERT: Alert = {
    gateway: CARD.gateway,
    taskID: 'FROZEN:AAPL',
    severity: 'critical',
    environment: 'paper',
    title: 'FROZEN AAPL',
    text: 'AAPL is frozen.',
    state: 'waiting',
    stateText: 'Nobody has said that they saw it.',
    url: 'https://jax.example/activity',
    runbook: 'docs/emergency.md#e13-reconciliation-break',
  }
  it('is signed as notices are, and is news again when somebody has seen it', async () => {
    const channel = open()
    const place = placeOf(await channel.show(ALERT, null))
    const { gateway: _, state: __, ...data } = ALERT
    assert.deepEqual(verified(NEW), { type: 'alert.raised', data })
    assert.throws(() => verified(OTHER))
    await channel.show({ ...ALERT, state: 'ended', stateText: 'Ana saw it.' }, place)
    assert.deepEqual(verified(NEW), { type: 'alert.closed', data: { ...data, stateText: 'Ana saw it.' } })
    assert.notEqual(asked[0]?.headers['webhook-id'], asked[1]?.headers['webhook-id'])
  })
})

describe('a webhook', () => {
  it('posts signed news that the receiver can believe', async () => {
    const channel = open()
    const place = placeOf(await channel.show(CARD, null))
    const [request] = asked
    const notice = verified(NEW) as { type: string; data: { intentID: string; reasoning: string; url: string } }
    assert.equal(notice.type, 'approval.waiting')
    assert.equal(notice.data.intentID, 'sig_01')
    assert.equal(notice.data.reasoning, CARD.reasoning)
    assert.equal(notice.data.url, CARD.url)
    assert.equal(request?.path, PATH)
    assert.equal(request?.headers['content-type'], 'application/json')
    assert.equal(request?.headers['webhook-id'], place.message)
    assert.equal(channel.trouble(), null)
    await channel.stop()
  })

  it('is not believed once anything is changed on the way', async () => {
    await open().show(CARD, null)
    const [request] = asked
    const cases: (() => unknown)[] = [
      () => verified(NEW, request, {}, request!.body.replace('BUY 10', 'BUY 99')),
      () => verified(NEW, request, { 'webhook-id': 'msg_other' }),
      () => verified(NEW, request, { 'webhook-timestamp': String(Number(request!.headers['webhook-timestamp']) + 1) }),
      () => verified(OTHER, request),
    ]
    for (const tampered of cases) assert.throws(tampered, WebhookVerificationError)
  })

  it('is signed at its time, which is old after five minutes', async () => {
    skewMs = -301_000
    await open().show(CARD, null)
    assert.throws(() => verified(NEW), /too old/)
  })

  it('is signed twice while the receiver changes over', async () => {
    await open({ secrets: [NEW, OLD] }).show(CARD, null)
    assert.match(asked[0]?.headers['webhook-signature'] ?? '', /^v1,\S{44} v1,\S{44}$/)
    for (const secret of [OLD, NEW]) assert.ok(verified(secret))
    assert.throws(() => verified(OTHER), WebhookVerificationError)
  })

  it('hears nothing and listens nowhere', async () => {
    answer = says(200, { 'content-type': 'application/json' }, '{"verdict":"approve"}')
    const channel = open()
    await channel.start()
    assert.deepEqual(Object.keys(await channel.show(CARD, null)), ['outcome', 'place'])
    assert.deepEqual(channel.routes, [])
  })

  it('does not wait for the end of an answer that says yes', async () => {
    answer = (response) => void response.writeHead(200).write('x')
    const started = performance.now()
    assert.equal((await open({ timeoutMs: 5_000 }).show(CARD, null)).outcome, 'shown')
    assert.ok(performance.now() - started < 2_000)
  })
})

describe('the name of news', () => {
  const send = async (card: Card, place: Place | null): Promise<Place> => placeOf(await open().show(card, place))
  it('is the same when it is sent again after a lost answer, byte for byte', async () => {
    const channel = open()
    answer = (response) => response.destroy()
    assert.equal((await channel.show(CARD, null)).outcome, 'later')
    answer = (response) => response.writeHead(204).end()
    await channel.show(CARD, null)
    assert.equal(asked[0]?.headers['webhook-id'], asked[1]?.headers['webhook-id'])
    assert.equal(asked[0]?.body, asked[1]?.body)
  })
  it('is the same when what was told is told again', async () => {
    const first = await send(CARD, null)
    assert.deepEqual(await send(CARD, first), first)
    const second = await send(EXPIRED, first)
    assert.deepEqual(await send(EXPIRED, second), second)
  })
  it('is another for other news, and when a card changes back', async () => {
    const first = await send(CARD, null)
    const second = await send({ ...CARD, stateText: 'Changed.' }, first)
    const third = await send(CARD, second)
    const other = await send({ ...CARD, intentID: 'sig_02' as IntentID }, null)
    assert.equal(new Set([first, second, third, other].map(({ message }) => message)).size, 4)
    for (const { message } of [first, second, third]) assert.match(message, /^msg_[0-9a-z]{52}$/)
  })
})

describe('an answer that is no yes', () => {
  const hour = new Date(Date.now() + 3_600_000).toUTCString()
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [status: number, headers: Record<string, string>, outcome: Shown['outcome'], afterMs: number | null])[] = [
    [500, {},                            'later', null],
    [502, {},                            'later', null],
    [503, { 'retry-after': '7' },        'later', 7_000],
    [429, {},                            'later', null],
    [429, { 'retry-after': '30' },       'later', 30_000],
    [429, { 'retry-after': '86400' },    'later', 300_000],
    [429, { 'retry-after': hour },       'later', 300_000],
    [429, { 'retry-after': 'Thu, 01 Jan 2015 00:00:00 GMT' }, 'later', 0],
    [429, { 'retry-after': 'soon' },     'later', null],
    [408, {},                            'later', null],
    [400, {},                            'never', null],
    [401, {},                            'never', null],
    [404, {},                            'never', null],
    [422, { 'retry-after': '5' },        'never', null],
    [410, {},                            'never', null],
    [301, { location: '/elsewhere' },    'never', null],
    [307, { location: '/elsewhere' },    'never', null],
    [304, {},                            'never', null],
  ]
  for (const [status, headers, outcome, afterMs] of rows)
    it(`${status} ${JSON.stringify(headers)} is ${outcome}`, async () => {
      answer = says(status, headers)
      const channel = open()
      const shown = await channel.show(CARD, null)
      assert.equal(shown.outcome, outcome)
      if (shown.outcome === 'later') assert.equal(shown.afterMs, afterMs)
      assert.equal(asked.length, 1, 'it was sent once')
      assert.ok(channel.trouble()?.includes(String(status)))
      answer = says(204)
      const next = await channel.show(CARD, null)
      const held = status === 410 || (afterMs ?? 0) > 0
      assert.equal(next.outcome, status === 410 ? 'never' : held ? 'later' : 'shown')
      assert.equal(asked.length, held ? 1 : 2)
      if (!held) assert.equal(channel.trouble(), null)
    })

  it('ends the webhook when it is 410, and says what to do', async () => {
    answer = says(410)
    const channel = open()
    await channel.show(CARD, null)
    answer = says(204)
    const shown = await channel.show(EXPIRED, null)
    assert.match(
      shown.outcome === 'never' ? shown.text : '',
      /410.*take it out of the configuration or set another URL/,
    )
    assert.equal(asked.length, 1)
  })

  it('holds back every card until the pause that it asked for is over', async () => {
    answer = says(429, { 'retry-after': '60' })
    const channel = open()
    await channel.show(CARD, null)
    answer = says(204)
    skewMs = 59_000
    const held = await channel.show(EXPIRED, null)
    assert.ok(held.outcome === 'later' && held.afterMs !== null && held.afterMs > 0 && held.afterMs <= 1_000)
    skewMs = 60_001
    assert.equal((await channel.show(EXPIRED, null)).outcome, 'shown')
    assert.equal(asked.length, 2)
  })

  it('is not held back by a clock that was set back', async () => {
    answer = says(429, { 'retry-after': '60' })
    const channel = open()
    await channel.show(CARD, null)
    answer = says(204)
    skewMs = -3_600_000
    assert.equal((await channel.show(CARD, null)).outcome, 'shown')
  })

  it('is quoted, made harmless and cut', async () => {
    answer = says(422, {}, `\u001b[31mno \u202esuch\nkey ${'x'.repeat(5_000_000)}`)
    const shown = await open({ timeoutMs: 5_000 }).show(CARD, null)
    const text = shown.outcome === 'never' ? shown.text : ''
    assert.match(text, /^the receiver answered 422: \[31mno such key x{100,200}…; compare the webhook's URL and secret/)
  })

  it('is not read to its end when it has none', async () => {
    answer = (response) => {
      response.writeHead(400)
      const flood = (): void => {
        if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(flood))
      }
      flood()
    }
    const started = performance.now()
    assert.equal((await open({ timeoutMs: 10_000 }).show(CARD, null)).outcome, 'never')
    assert.ok(performance.now() - started < 5_000)
  })

  it('does not keep us when it drips', async () => {
    const drips = new Set<NodeJS.Timeout>()
    answer = (response) => {
      response.writeHead(400)
      drips.add(setInterval(() => response.write('x'), 20))
    }
    const started = performance.now()
    assert.equal((await open().show(CARD, null)).outcome, 'never')
    assert.ok(performance.now() - started < 3_000)
    for (const drip of drips) clearInterval(drip)
  })
})

describe('no answer', () => {
  it('within its time is a reason to try later', async () => {
    answer = () => {}
    const channel = open()
    const shown = await channel.show(CARD, null)
    assert.deepEqual(shown, {
      outcome: 'later',
      afterMs: null,
      text: 'the receiver could not be reached: no answer within 400 ms',
    })
    assert.equal(asked.length, 1)
  })
  it('from a port where nobody listens is one too', async () => {
    const shown = await open({ url: 'http://127.0.0.1:1/' }).show(CARD, null)
    assert.match(
      shown.outcome === 'later' ? shown.text : '',
      /could not be reached: (ECONNREFUSED|the connection broke)/,
    )
  })
  it('comes after the webhook was closed, and what is in hand is given up', async () => {
    answer = () => {}
    const channel = open({ timeoutMs: 60_000 })
    const showing = channel.show(CARD, null)
    await delay(50)
    await channel.stop()
    assert.equal((await showing).outcome, 'later')
    assert.equal((await channel.show(CARD, null)).outcome, 'later')
    assert.equal(asked.length, 1)
  })
})

describe('secrets', () => {
  it('stand in no log, no trouble and no outcome', async () => {
    const shown: Shown[] = []
    const answers: ((response: ServerResponse) => void)[] = [
      says(204),
      says(422, {}, `POST ${PATH} is unknown`),
      says(500, {}, `POST ${decodeURIComponent(PATH)} crashed`),
      says(400, {}, 'there is no hook never-to-be-seen with nor-this'),
      says(400, {}, `${'x'.repeat(180)} nor-this never-to-be-seen`),
      says(302, { location: PATH }),
      (response) => void response.destroy(),
      says(410, {}, PATH),
    ]
    const channel = open()
    for (answer of answers) shown.push(await channel.show(CARD, null))
    const text = told(channel, ...shown)
    assert.doesNotMatch(text, /never(-|%2D)to|nor-|whsec_/)
    assert.ok(!text.includes(NEW.slice(6, 20)))
    assert.match(text, /there is no hook \[hidden\] with \[hidden\]/)
  })
})

describe('settings', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, over: Partial<WebhookSettings>, message: RegExp | null])[] = [
    ['https',                          { url: 'https://example.com/x' },                  null],
    ['https on another port',          { url: 'https://example.com:8443/x?y=1' },         null],
    ['http on this machine',           { url: 'http://localhost:9000/' },                 null],
    ['http on this machine by number', { url: 'http://127.0.0.1/' },                      null],
    ['http on this machine in IPv6',   { url: 'http://[::1]:9000/' },                     null],
    ['two secrets',                    { secrets: [OLD, NEW] },                           null],
    ['a secret of 24 bytes',           { secrets: [secretOf(1, 24)] },                    null],
    ['a secret of 64 bytes',           { secrets: [secretOf(1, 64)] },                    null],
    ['http elsewhere',                 { url: 'http://example.com/' },                    /must be https/],
    ['http where it looks local',      { url: 'http://127.0.0.1.example.com/' },          /must be https/],
    ['another protocol',               { url: 'file:///etc/passwd' },                     /must be https/],
    ['a name in the address',          { url: 'https://ana@example.com/' },               /name or a password/],
    ['a password in the address',      { url: 'https://ana:s3cret@example.com/' },        /name or a password/],
    ['a fragment',                     { url: 'https://example.com/#x' },                 /has a #/],
    ['no address',                     { url: 'example.com' },                            /not an address/],
    ['no secret',                      { secrets: [] },                                   /needs one secret/],
    ['three secrets',                  { secrets: [OLD, NEW, OTHER] },                    /needs one secret/],
    ['a secret without its name',      { secrets: [OLD.slice(6)] },                       /whsec_/],
    ['a secret that is too short',     { secrets: [secretOf(1, 23)] },                    /24 to 64 bytes/],
    ['a secret that is too long',      { secrets: [secretOf(1, 65)] },                    /24 to 64 bytes/],
    ['a secret that is no base64',     { secrets: [`${OLD.slice(0, -3)}-_=`] },           /base64/],
    ['a secret that was cut',          { secrets: [OLD.slice(0, -1)] },                   /base64/],
    ['a secret with a space',          { secrets: [`${OLD} `] },                          /base64/],
  ]
  for (const [what, over, message] of rows)
    it(`with ${what} ${message ? 'are refused' : 'will do'}`, () => {
      if (message === null) return assert.equal(open(over).name, 'webhook')
      assert.throws(
        () => open(over),
        (thrown) => {
          assert.ok(thrown instanceof Fault && thrown.code === 'WEBHOOK_SETTINGS')
          assert.match(thrown.message, message)
          assert.doesNotMatch(thrown.message, /s3cret|AQEB|AgIC/)
          return true
        },
      )
    })
})
