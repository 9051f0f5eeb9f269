import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from '@slack/web-api'
import type { Clock } from '../../ports/clock.ts'
import { fromMs } from '../../values/instant.ts'
import { type SlackSimulator, startSlackSimulator } from './server.ts'

const MUTE = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
}
const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>' &amp; <!channel>`

let laterMs = 0
const clock: Clock = {
  now: () => fromMs(Date.now() + laterMs),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: (ms) => pause(ms),
}
let slack: SlackSimulator
let web: WebClient
beforeEach(async () => {
  laterMs = 0
  slack = await startSlackSimulator({ clock })
  web = client(slack.credentials.botToken)
})
afterEach(() => slack.close())

const client = (token: string): WebClient =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    logger: MUTE,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: 2000,
  })
const refusal = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
    return 'ok'
  } catch (error) {
    assert.ok(error instanceof WebAPIPlatformError, String(error))
    return error.data.error
  }
}
const CARD = [
  { type: 'section', text: { type: 'plain_text', text: HOSTILE } },
  {
    type: 'actions',
    block_id: 'apr',
    elements: [
      {
        type: 'button',
        action_id: 'yes',
        text: { type: 'plain_text', text: 'Approve' },
        value: 'v',
        confirm: { text: { type: 'plain_text', text: `Sure? ${HOSTILE}` } },
      },
      { type: 'button', action_id: 'no', style: 'danger', text: { type: 'plain_text', text: 'Reject' }, value: 'v' },
      {
        type: 'button',
        action_id: 'open',
        url: 'https://jax.example/"onclick="x',
        text: { type: 'plain_text', text: 'Open' },
      },
    ],
  },
]
const posted = async (): Promise<string> => {
  await web.apiCall('chat.postMessage', { channel: 'C0PAPER', text: 'card', blocks: CARD })
  return slack.messages().at(-1)?.ts ?? ''
}

describe('the Web API of the simulator, to the client that Slack makes', () => {
  it('says who the token is', async () => {
    const { ok, team_id } = await web.auth.test()
    assert.deepEqual({ ok, team_id }, { ok: true, team_id: 'T0JAX' })
  })
  it('keeps messages, and changes them', async () => {
    const ts = await posted()
    const changed = await web.chat.update({ channel: 'C0PAPER', ts, text: 'other', blocks: [] })
    assert.equal(changed.ts, ts)
    const { edits, text } = slack.messages()[0] ?? {}
    assert.deepEqual({ edits, text }, { edits: 1, text: 'other' })
  })
  const refusals: [name: string, call: () => Promise<unknown>, error: string][] = [
    ['another token', () => client('xoxb-other').auth.test(), 'invalid_auth'],
    ['no token', () => client('').auth.test(), 'not_authed'],
    ['the app token for a post', () => client(slack.credentials.appToken).auth.test(), 'not_allowed_token_type'],
    ['the bot token for a link', () => web.apps.connections.open({}), 'not_allowed_token_type'],
    ['another channel', () => web.chat.postMessage({ channel: 'C0OTHER', text: 'x' }), 'channel_not_found'],
    ['nothing to say', () => web.chat.postMessage({ channel: 'C0PAPER', text: '' }), 'no_text'],
    ['too much to say', () => web.chat.postMessage({ channel: 'C0PAPER', text: 'x'.repeat(40_001) }), 'msg_too_long'],
    [
      'bad blocks',
      () => web.apiCall('chat.postMessage', { channel: 'C0PAPER', blocks: [{ type: 'header' }] }),
      'invalid_blocks',
    ],
    [
      'bad metadata',
      () => web.apiCall('chat.postMessage', { channel: 'C0PAPER', text: 'x', metadata: { event_type: 1 } }),
      'invalid_metadata_format',
    ],
    [
      'a message that is not there',
      () => web.chat.update({ channel: 'C0PAPER', ts: '1.1', text: 'x' }),
      'message_not_found',
    ],
    ['a user who is not there', () => web.users.info({ user: 'U0NOBODY' }), 'user_not_found'],
    [
      'a trigger that never was',
      () => web.apiCall('views.open', { trigger_id: 'x', view: VIEW }),
      'invalid_trigger_id',
    ],
    ['a window that is none', () => web.apiCall('views.open', { trigger_id: 'x', view: {} }), 'invalid_arguments'],
    ['a method that is not there', () => web.apiCall('toString'), 'unknown_method'],
  ]
  for (const [name, call, error] of refusals)
    it(`refuses ${name}: ${error}`, async () => assert.equal(await refusal(call()), error))

  it('goes wrong as it is told, in the ways that the client knows', async () => {
    const kinds = [
      [{ kind: 'status', status: 500 }, WebAPIHTTPError],
      [{ kind: 'ratelimited', retryAfterS: 3 }, WebAPIRateLimitedError],
      [{ kind: 'drop' }, WebAPIRequestError],
      [{ kind: 'hang' }, WebAPIRequestError],
      [{ kind: 'error', error: 'fatal_error' }, WebAPIPlatformError],
      [{ kind: 'garbage' }, WebAPIPlatformError],
    ] as const
    for (const [fault, kind] of kinds) {
      slack.faults.on('*', fault)
      await assert.rejects(web.auth.test(), kind, fault.kind)
    }
    slack.faults.on('chat.postMessage', { kind: 'drop', after: true })
    await assert.rejects(posted(), WebAPIRequestError)
    assert.equal(slack.messages().length, 1)
    slack.faults.on('*', { kind: 'drop' }, 9)
    slack.faults.calm()
    await web.auth.test()
  })
})

const VIEW = {
  type: 'modal',
  title: { type: 'plain_text', text: 'Why?' },
  submit: { type: 'plain_text', text: 'Add' },
  blocks: [
    {
      type: 'input',
      block_id: 'r',
      label: { type: 'plain_text', text: 'Reason' },
      element: { type: 'plain_text_input', action_id: 'reason' },
    },
  ],
}

type Heard = { readonly path: string; readonly body: string; readonly headers: IncomingMessage['headers'] }
/** An app that writes down what it hears, and opens a window for each click when it is told to. */
async function anApp(answer: (heard: Heard) => Promise<string> = async () => '') {
  const heard: Heard[] = []
  const server = createServer((asked, response) => {
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk))
    asked.on('end', () => {
      const said = { path: asked.url ?? '', body: Buffer.concat(chunks).toString(), headers: asked.headers }
      heard.push(said)
      void answer(said).then((body) => response.writeHead(200, { 'content-type': 'application/json' }).end(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  slack.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/channels/`)
  return { heard, close: () => (server.closeAllConnections(), server.close()) }
}
const payloadOf = (heard: Heard | undefined): Record<string, unknown> =>
  JSON.parse(new URLSearchParams(heard?.body).get('payload') ?? 'null') as Record<string, unknown>

describe('a click in the simulator', () => {
  it('is signed as Slack signs, over the bytes that are sent', async () => {
    const app = await anApp()
    await slack.click('U0ANA', await posted(), 'no')
    const [heard] = app.heard
    assert.equal(heard?.path, '/channels/slack/interactive')
    const timestamp = String(heard?.headers['x-slack-request-timestamp'])
    const mac = createHmac('sha256', slack.credentials.signingSecret).update(`v0:${timestamp}:${heard?.body}`)
    assert.equal(heard?.headers['x-slack-signature'], `v0=${mac.digest('hex')}`)
    assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 5)
    const payload = payloadOf(heard)
    assert.deepEqual(Object.keys(payload).sort(), [
      'actions',
      'api_app_id',
      'channel',
      'container',
      'enterprise',
      'is_enterprise_install',
      'message',
      'response_url',
      'state',
      'team',
      'token',
      'trigger_id',
      'type',
      'user',
    ])
    app.close()
  })

  it('lets one window be opened, within three seconds', async () => {
    const app = await anApp()
    const ts = await posted()
    await slack.click('U0ANA', ts, 'no')
    await slack.click('U0ANA', ts, 'no')
    const [first, second] = app.heard.map((heard) => payloadOf(heard)['trigger_id'])
    await web.apiCall('views.open', { trigger_id: first, view: VIEW })
    assert.equal(await refusal(web.apiCall('views.open', { trigger_id: first, view: VIEW })), 'exchanged_trigger_id')
    laterMs = 3500
    assert.equal(await refusal(web.apiCall('views.open', { trigger_id: second, view: VIEW })), 'expired_trigger_id')
    assert.equal(slack.views().length, 1)
    app.close()
  })

  it('is not possible on a button that is not there', async () => {
    await assert.rejects(slack.click('U0ANA', await posted(), 'other'), /No button other/)
    await assert.rejects(slack.click('U0ANA', '1.1', 'no'), /No button no/)
    await assert.rejects(slack.click('U0ANA', await posted(), 'no'), /no address of a gateway/)
  })
})

describe('the page of the simulator', () => {
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(slack.url + path, { headers, redirect: 'manual' })
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(slack.url + path, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' })

  it('shows the channel, and nothing in it is markup', async () => {
    const ts = await posted()
    for (const path of ['/feed?as=U0ANA', `/confirm?as=U0ANA&ts=${ts}&action=yes`]) {
      const { headers, status, text } = await get(path)
      assert.equal(status, 200)
      assert.match(text, /&lt;script&gt;alert\(1\)/)
      assert.doesNotMatch(text, /<script|<img|"onclick/)
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
    }
    assert.match((await get('/feed')).text, /http-equiv="refresh"/)
    assert.match((await get('/style.css')).text, /light-dark/)
  })

  it('lets somebody click, say why and write a command', async () => {
    const app = await anApp(async (heard) => {
      if (heard.path.endsWith('commands'))
        return JSON.stringify({ response_type: 'ephemeral', text: 'Hello &lt;you&gt;' })
      const payload = payloadOf(heard)
      if (payload['type'] === 'block_actions')
        await web.apiCall('views.open', { trigger_id: payload['trigger_id'], view: VIEW })
      else if (heard.body.includes('short'))
        return JSON.stringify({ response_action: 'errors', errors: { r: 'Longer <please>' } })
      return ''
    })
    const clicked = await post('/ui/click', { as: 'U0BEN', ts: await posted(), action: 'no' })
    assert.equal(clicked.status, 303)
    assert.equal(clicked.headers.get('location'), '/?as=U0BEN')
    const [view] = slack.views()
    assert.match((await get('/?as=U0BEN')).text, /<textarea name="r reason"/)
    assert.doesNotMatch((await get('/?as=U0ANA')).text, /<textarea/)
    await post('/ui/submit', { as: 'U0BEN', view: view?.id ?? '', 'r reason': 'short' })
    assert.match((await get('/?as=U0BEN')).text, /Longer &lt;please&gt;/)
    await post('/ui/submit', { as: 'U0BEN', view: view?.id ?? '', 'r reason': 'because' })
    assert.equal(slack.views().length, 0)
    await post('/ui/command', { as: 'U0BEN', text: '/jax status now' })
    const command = new URLSearchParams(app.heard.at(-1)?.body)
    assert.deepEqual(
      [command.get('command'), command.get('text'), command.get('user_id')],
      ['/jax', 'status now', 'U0BEN'],
    )
    assert.match((await get('/feed?as=U0BEN')).text, /Hello &lt;you&gt;/)
    assert.doesNotMatch((await get('/feed?as=U0ANA')).text, /Hello/)
    app.close()
  })

  it('says so when no gateway is there', async () => {
    assert.match((await get('/')).text, /no gateway is connected/)
    assert.equal((await post('/ui/command', { as: 'U0ANA', text: '/jax status' })).status, 303)
    assert.match((await get('/feed?as=U0ANA')).text, /no address of a gateway/)
  })

  it('takes no clicks from other sites', async () => {
    const app = await anApp()
    const fields = { as: 'U0ANA', ts: await posted(), action: 'yes' }
    assert.equal((await post('/ui/click', fields, { origin: 'https://evil.example' })).status, 403)
    assert.equal((await post('/ui/click', fields, { origin: 'null' })).status, 403)
    assert.equal(app.heard.length, 0)
    assert.equal((await post('/ui/click', fields, { origin: slack.url })).status, 303)
    assert.equal(app.heard.length, 1)
    assert.equal((await post('/ui/other', fields)).status, 404)
    // A name that somebody else made lead to this machine.
    const rebound = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${slack.url}/`, { headers: { host: 'evil.example' } }, (said) => {
        said.resume()
        resolve(said.statusCode)
      })
      asked.on('error', reject).end()
    })
    assert.equal(rebound, 421)
    app.close()
  })
})
