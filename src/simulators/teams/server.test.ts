import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { fromMs, type Instant } from '../../values/instant.ts'
import { wrongWith } from './card.ts'
import { render } from './markdown.ts'
import { startTeamsSimulator, type TeamsSimulator } from './server.ts'

const NOW: Instant = fromMs(Date.UTC(2026, 10, 22, 15, 13, 20))
const HOSTILE = '<script>alert(1)</script>"\'&'
const LOCATOR = { a: HOSTILE, r: 1, d: 'x' }
const CARD = {
  type: 'AdaptiveCard',
  $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
  version: '1.5',
  refresh: { action: { type: 'Action.Execute', title: 'Refresh', verb: 'apr.refresh', data: LOCATOR } },
  body: [
    { type: 'TextBlock', text: HOSTILE, wrap: true, size: HOSTILE },
    { type: 'FactSet', facts: [{ title: HOSTILE, value: HOSTILE }] },
    { type: 'Input.Text', id: 'reason', label: HOSTILE, placeholder: HOSTILE },
  ],
  actions: [
    {
      type: 'Action.Execute',
      title: `Approve ${HOSTILE}`,
      verb: 'apr.approve',
      associatedInputs: 'none',
      data: LOCATOR,
    },
    { type: 'Action.Execute', title: 'Reject', verb: 'apr.reject', style: 'destructive', data: LOCATOR },
    { type: 'Action.OpenUrl', title: 'Open', url: 'https://jax.example/"onmouseover="x' },
  ],
}
const message = (content: unknown) => ({
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
})

let teams: TeamsSimulator
let heard: Record<string, unknown>[] = []
let says: unknown = null
const bot = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
  request.on('end', () => {
    heard.push(JSON.parse(body) as Record<string, unknown>)
    response.writeHead(200, { 'content-type': 'application/json' }).end(says === null ? '' : JSON.stringify(says))
  })
})
before(async () => {
  await new Promise<void>((resolve) => bot.listen(0, '127.0.0.1', resolve))
  teams = await startTeamsSimulator({
    now: () => NOW,
    botUrl: `http://127.0.0.1:${(bot.address() as AddressInfo).port}/`,
  })
})
after(async () => {
  bot.closeAllConnections()
  bot.close()
  await teams.close()
})

async function login(over: Record<string, string> = {}): Promise<{ status: number; token: string; error: string }> {
  const form = {
    grant_type: 'client_credentials',
    client_id: teams.appID,
    client_secret: teams.clientSecret,
    scope: 'https://api.botframework.com/.default',
    ...over,
  }
  const answer = await fetch(`${teams.url}/${teams.tenantID}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const body = (await answer.json()) as { access_token?: string; error?: string }
  return { status: answer.status, token: body.access_token ?? '', error: body.error ?? '' }
}
async function connector(method: string, path: string, body: unknown, token?: string) {
  const answer = await fetch(`${teams.serviceUrl}v3/conversations${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token ?? (await login()).token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as { id?: string; activityId?: string } }
}
const channel = () => encodeURIComponent(teams.conversation.conversation)
async function page(as = 'Ana'): Promise<string> {
  const answer = await fetch(`${teams.url}/?as=${encodeURIComponent(as)}`)
  assert.equal(answer.status, 200)
  return answer.text()
}
const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${teams.url}${path}`, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' })

describe('the login', () => {
  it('gives a token to the bot alone', async () => {
    assert.equal((await login()).status, 200)
    for (const [over, error] of [
      [{ client_secret: 'wrong' }, 'invalid_client'],
      [{ client_id: teams.tenantID }, 'unauthorized_client'],
      [{ grant_type: 'password' }, 'unsupported_grant_type'],
      [{ scope: 'https://graph.microsoft.com/.default' }, 'invalid_scope'],
    ] as const)
      assert.equal((await login(over)).error, error)
  })
})

describe('the connector', () => {
  it('posts, changes and deletes a message, for its own token only', async () => {
    const posted = await connector('POST', `/${channel()}/activities`, message(CARD))
    assert.equal(posted.status, 201)
    const path = `/${channel()}/activities/${posted.body.id}`
    assert.equal((await connector('PUT', path, { type: 'message', text: 'gone' })).status, 200)
    assert.equal(teams.messages().find(({ id }) => id === posted.body.id)?.text, 'gone')
    assert.equal((await connector('DELETE', path, undefined, 'stolen')).status, 401)
    assert.equal((await connector('DELETE', path, undefined)).status, 200)
    assert.equal((await connector('PUT', path, message(CARD))).status, 404)
    assert.equal((await connector('POST', '/19%3Aother/activities', message(CARD))).status, 404)
  })
  it('begins a thread', async () => {
    const body = {
      isGroup: true,
      tenantId: teams.tenantID,
      channelData: { channel: { id: teams.conversation.conversation } },
    }
    const begun = await connector('POST', '', { ...body, activity: message(CARD) })
    assert.equal(begun.body.id, `${teams.conversation.conversation};messageid=${begun.body.activityId}`)
    assert.equal((await connector('POST', '', { ...body, tenantId: 'x', activity: message(CARD) })).status, 400)
  })
  for (const [name, content] of [
    ['another version', { ...CARD, version: '1.6' }],
    ['no schema', { ...CARD, $schema: undefined }],
    ['an unknown element', { ...CARD, body: [{ type: 'Video' }] }],
    ['an empty text', { ...CARD, body: [{ type: 'TextBlock', text: '' }] }],
    ['a button without a verb', { ...CARD, actions: [{ type: 'Action.Execute', title: 'x' }] }],
    ['a script for a link', { ...CARD, actions: [{ type: 'Action.OpenUrl', title: 'x', url: 'javascript:x' }] }],
    ['too many buttons', { ...CARD, actions: Array.from({ length: 7 }, () => CARD.actions[0]) }],
    ['28 KB', { ...CARD, body: [{ type: 'TextBlock', text: 'x'.repeat(28 * 1024) }] }],
  ] as const)
    it(`takes no card with ${name}`, async () => {
      assert.notEqual(wrongWith(JSON.parse(JSON.stringify(content))), null)
      assert.equal((await connector('POST', `/${channel()}/activities`, message(content))).status, 400)
    })
  it('takes the card that they were made from', () => assert.equal(wrongWith(CARD), null))
})

describe('the page', () => {
  let id = ''
  before(async () => {
    id = (await connector('POST', `/${channel()}/activities`, message(CARD))).body.id ?? ''
  })

  it('shows hostile text as text', async () => {
    says = { statusCode: 400, type: 'application/vnd.microsoft.error', value: { code: HOSTILE, message: HOSTILE } }
    await form('/say', { as: 'Ana', where: 'channel', text: HOSTILE })
    await form('/click', { as: 'Ana', message: id, verb: 'apr.reject', reason: HOSTILE })
    const text = await page()
    assert.match(text, /role="status"/)
    assert.doesNotMatch(text, /<script|alert\(1\)<\/|"onmouseover/)
    assert.match(text, /&#60;script&#62;alert/)
    assert.ok(!(await page('"><script>')).includes('<script'))
  })

  it('clicks for whom it says, and fills in the inputs', async () => {
    heard = []
    says = null
    const answer = await form('/click', { as: 'Ben', message: id, verb: 'apr.reject', reason: 'too large' })
    assert.equal(answer.headers.get('location'), '/?as=Ben')
    const [invoke] = heard as [{ from: { aadObjectId: string }; value: { action: { data: object } } }]
    assert.equal(invoke.from.aadObjectId, teams.people[1]?.aadObjectId)
    assert.deepEqual(invoke.value.action.data, { ...LOCATOR, reason: 'too large' })
  })

  it('shows the answer to the one who clicked, until everybody gets a new card', async () => {
    const mine = { ...CARD, body: [{ type: 'TextBlock', text: 'Are you sure?' }] }
    says = { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: mine }
    await form('/click', { as: 'Ana', message: id, verb: 'apr.approve' })
    assert.match(await page('Ana'), /Are you sure/)
    assert.doesNotMatch(await page('Ben'), /Are you sure/)
    await connector('PUT', `/${channel()}/activities/${id}`, message(CARD))
    assert.doesNotMatch(await page('Ana'), /Are you sure/)
  })

  it('says so when there is no such button', async () => {
    await form('/click', { as: 'Ana', message: id, verb: 'apr.confirm' })
    assert.match(await page(), /sees no button/)
  })

  it('is for a browser on this machine: no other site, no other name', async () => {
    heard = []
    const fields = { as: 'Ana', message: id, verb: 'apr.reject' }
    assert.equal((await form('/click', fields, { origin: 'https://evil.example' })).status, 403)
    const status = await new Promise((resolve) =>
      httpRequest(`${teams.url}/`, { headers: { host: 'evil.example' } }, (r) => resolve(r.resume().statusCode)).end(),
    )
    assert.equal(status, 403)
    assert.deepEqual(heard, [])
  })

  it('has nothing behind Enter that approves', async () => {
    assert.match(await page(), /<form[^>]*class="card">(?:<input type="hidden"[^>]*>)+\s*<button disabled hidden>/)
  })

  it('sends a person’s words to the bot alone', () => {
    for (const url of ['https://127.0.0.1/', 'http://evil.example/', 'http://127.0.0.1.evil.example/', 'nonsense'])
      assert.throws(() => teams.point(url), /on this machine only/)
  })
})

describe('Markdown', () => {
  for (const [text, html] of [
    ['**a** _b_ ~~c~~ `d`', '<strong>a</strong> <em>b</em> <s>c</s> <code>d</code>'],
    ['[a](https://x.example)', '<a href="https://x.example">a</a>'],
    ['<https://x.example>', '<a href="https://x.example">https://x.example</a>'],
    ['# a', '<h1>a</h1>'],
    ['- a', '<ul><li>a</li></ul>'],
    ['1. a', '<ul><li>a</li></ul>'],
    ['> a', '<blockquote>a</blockquote>'],
    ['---', '<hr>'],
    ['{{DATE(2026)}}', '<time>2026</time>'],
    ['&#x41;&amp;', 'A&#38;'],
    ['\\[a\\]\\(b\\) \\*x\\*', '[a](b) *x*'],
    ['<b>x</b>', '&#60;b&#62;x&#60;/b&#62;'],
  ] as const)
    it(`is read: ${text}`, () => assert.equal(render(text), html))
})
