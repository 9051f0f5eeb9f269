import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Instant, plusMs, toMs } from '../../values/instant.ts'
import { type Card, isObject, textOf, wrongWith } from './card.ts'
import { pageOf } from './page.ts'
import { type Bad, openSigner } from './signer.ts'

export type TeamsPerson = {
  readonly name: string
  /** Null: somebody whom Teams does not name, as it does with some guests. */
  readonly aadObjectId: string | null
}

export type TeamsSimulatorOptions = {
  readonly now: () => Instant
  /** 0 or absent: any that is free. Loopback only. */
  readonly port?: number
  /** Where the bot listens, on this machine: `http://127.0.0.1:8080/channels/teams/messages`. It may be given later. */
  readonly botUrl?: string | null
  readonly log?: (line: string) => void
}

/** One message of the conversation. */
export type TeamsMessage = {
  readonly id: string
  readonly conversation: string
  /** Null: the bot. */
  readonly from: string | null
  readonly at: Instant
  readonly text: string | null
  readonly card: Card | null
  readonly edits: number
}

/** What the bot answered. `body` is parsed, undefined when it is no JSON. */
export type BotAnswer = { readonly status: number; readonly body: unknown; readonly text: string }

export type TeamsFault = {
  readonly on: 'token' | 'keys' | 'connector'
  readonly kind: 'drop' | 'hang' | number
  /** Of a status. */
  readonly retryAfterS?: number
  /** Default 1. */
  readonly times?: number
}

export type Activity = Readonly<Record<string, unknown>>

export type TeamsSimulator = {
  /** Login, keys and connector are on one server, and so is the page for people. */
  readonly url: string
  readonly serviceUrl: string
  readonly appID: string
  readonly tenantID: string
  readonly clientSecret: string
  /** The channel of a team where the bot is installed. */
  readonly conversation: { readonly serviceUrl: string; readonly conversation: string }
  /** Another channel, where it is installed as well. */
  readonly escalationConversation: string
  readonly people: readonly TeamsPerson[]
  point(botUrl: string): void
  messages(): readonly TeamsMessage[]
  /** The card as this person sees it: what the bot answered them stands before what everybody sees. */
  seen(person: TeamsPerson, messageID: string): Card | null
  /** Clicks a button that this person sees, after filling in the inputs. @throws {Error} when there is no such button. */
  click(by: TeamsPerson, messageID: string, verb: string, inputs?: Readonly<Record<string, string>>): Promise<BotAnswer>
  /** Writes to the bot: in a chat with it alone, or in the channel, where it must be mentioned. */
  say(by: TeamsPerson, text: string, where?: 'chat' | 'channel'): Promise<BotAnswer>
  /** Tells the bot that it was installed, in the channel of the team. */
  install(): Promise<BotAnswer>
  /** An invoke as Teams would send it, to be bent before it is sent. */
  invoke(by: TeamsPerson, messageID: string, verb: string, data: Readonly<Record<string, unknown>>): Activity
  /** Sends any activity with any token. */
  send(activity: Activity, token: string): Promise<BotAnswer>
  token(bad?: Bad, ageS?: number): Promise<string>
  /** Tokens are signed with a new key from now on. */
  rotateKeys(): Promise<void>
  fail(fault: TeamsFault): void
  /** How often each was asked: `token`, `metadata`, `keys`, `post`, `thread`, `put`, `delete`. */
  readonly requests: Readonly<Record<string, number>>
  close(): Promise<void>
}

const APP_ID = '11111111-2222-4333-8444-555555555555'
const TENANT_ID = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
const CHANNEL = '19:approvals@thread.tacv2'
/** Where the bot is installed as well. */
const URGENT = '19:urgent@thread.tacv2'
const isChannel = (id: unknown): id is string => id === CHANNEL || id === URGENT
const channelOf = (conversation: string): string => conversation.split(';')[0] ?? conversation
const PEOPLE: readonly TeamsPerson[] = [
  { name: 'Ana', aadObjectId: '0a0a0a0a-0000-4000-8000-00000000000a' },
  { name: 'Ben', aadObjectId: '0b0b0b0b-0000-4000-8000-00000000000b' },
  { name: 'Chi', aadObjectId: '0c0c0c0c-0000-4000-8000-00000000000c' },
  { name: 'Guest without an id', aadObjectId: null },
]
const SCOPE = 'https://api.botframework.com/.default'
const TOKEN_LIFE_MS = 3_599_000
const BODY_BYTES_MAX = 1 << 20
/** Teams waits no longer for the answer to a click. */
const BOT_TIMEOUT_MS = 15_000

type Reply = { readonly status: number; readonly json?: unknown }
type Route = { readonly name: string; readonly fault: TeamsFault['on'] | null; readonly answer: () => Reply }

/**
 * Starts a Teams on loopback: login, signing keys, connector, and a page at `/` where a person without a tenant can read
 * the cards and click them. It speaks to the bot at `botUrl` only.
 * @throws an `Error` when the port is taken or `botUrl` is not on this machine.
 */
export async function startTeamsSimulator(options: TeamsSimulatorOptions): Promise<TeamsSimulator> {
  const { now } = options
  const log = options.log ?? ((): void => {})
  const signer = await openSigner(now)
  const clientSecret = randomBytes(24).toString('base64url')
  const tokens = new Map<string, Instant>()
  const messages: TeamsMessage[] = []
  /** `person message` → the card that the bot answered to them alone. */
  const views = new Map<string, Card>()
  /** Person → the last answer, in words. */
  const notices = new Map<string, string>()
  const requests: Record<string, number> = {}
  let faults: { readonly fault: TeamsFault; left: number }[] = []
  let botUrl: string | null = null
  let made = 0
  const nextID = (): string => `${toMs(now())}${String(++made).padStart(4, '0')}`

  function point(to: string): void {
    const url = URL.parse(to)
    if (url?.protocol !== 'http:' || !['127.0.0.1', 'localhost'].includes(url.hostname))
      throw new Error('the fake Teams speaks to a bot on this machine only, such as http://127.0.0.1:8080/…')
    botUrl = url.href
  }
  if (options.botUrl) point(options.botUrl)

  // ---- the server ----

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      log(`request failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET'
    const url = new URL(request.url ?? '/', 'http://local')
    const body = await bodyIn(request)
    if (PAGE.has(`${method} ${url.pathname}`)) return page(method, url, body, request, response)
    const route = routeOf(method, url.pathname, body, request)
    if (route === null) return reply(response, { status: 404, json: problem('NotFound', 'no such route') })
    requests[route.name] = (requests[route.name] ?? 0) + 1
    const fault = takeFault(route.fault)
    if (fault?.kind === 'drop') return void request.socket.destroy()
    if (fault?.kind === 'hang') return
    if (fault) {
      if (fault.retryAfterS !== undefined) response.setHeader('retry-after', String(fault.retryAfterS))
      return reply(response, { status: Number(fault.kind), json: problem('Injected', 'as it was asked for') })
    }
    reply(response, route.answer())
  }

  function takeFault(on: TeamsFault['on'] | null): TeamsFault | null {
    const found = faults.find(({ fault }) => fault.on === on)
    if (!found) return null
    found.left--
    faults = faults.filter(({ left }) => left > 0)
    return found.fault
  }

  function routeOf(method: string, path: string, body: string, request: IncomingMessage): Route | null {
    if (method === 'GET' && path === '/v1/.well-known/openidconfiguration')
      return {
        name: 'metadata',
        fault: 'keys',
        answer: () => ({
          status: 200,
          json: { issuer: 'https://api.botframework.com', jwks_uri: `${base}/v1/.well-known/keys` },
        }),
      }
    if (method === 'GET' && path === '/v1/.well-known/keys')
      return { name: 'keys', fault: 'keys', answer: () => ({ status: 200, json: signer.jwks() }) }
    if (method === 'POST' && path === `/${TENANT_ID}/oauth2/v2.0/token`)
      return { name: 'token', fault: 'token', answer: () => login(new URLSearchParams(body)) }
    const [, prefix, conversation, activity] =
      /^\/amer(\/v3\/conversations)(?:\/([^/]+)\/activities(?:\/([^/]+))?)?$/.exec(path) ?? []
    if (prefix === undefined) return null
    const known = (answer: () => Reply): (() => Reply) => (isSignedIn(request) ? answer : () => UNAUTHORIZED)
    const to = conversation && decodeURIComponent(conversation)
    const id = activity && decodeURIComponent(activity)
    if (method === 'POST' && to === undefined)
      return { name: 'thread', fault: 'connector', answer: known(() => thread(parse(body))) }
    if (method === 'POST' && to !== undefined)
      return { name: 'post', fault: 'connector', answer: known(() => post(to, parse(body))) }
    if (method === 'PUT' && id !== undefined)
      return { name: 'put', fault: 'connector', answer: known(() => put(String(to), id, parse(body))) }
    if (method === 'DELETE' && id !== undefined)
      return { name: 'delete', fault: 'connector', answer: known(() => remove(String(to), id)) }
    return null
  }

  // ---- login and connector ----

  function login(form: URLSearchParams): Reply {
    if (form.get('grant_type') !== 'client_credentials')
      return { status: 400, json: { error: 'unsupported_grant_type' } }
    if (form.get('scope') !== SCOPE) return { status: 400, json: { error: 'invalid_scope' } }
    if (form.get('client_id') !== APP_ID) return { status: 400, json: { error: 'unauthorized_client' } }
    if (form.get('client_secret') !== clientSecret) return { status: 401, json: { error: 'invalid_client' } }
    const token = randomBytes(32).toString('base64url')
    tokens.set(token, plusMs(now(), TOKEN_LIFE_MS))
    return { status: 200, json: { token_type: 'Bearer', expires_in: TOKEN_LIFE_MS / 1000, access_token: token } }
  }

  function isSignedIn(request: IncomingMessage): boolean {
    const until = tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')
    return until !== undefined && now() < until
  }

  function thread(body: unknown): Reply {
    const channel = isObject(body) && isObject(body['channelData']) ? body['channelData']['channel'] : undefined
    if (!isObject(body) || !isObject(channel) || body['isGroup'] !== true || body['tenantId'] !== TENANT_ID)
      return BAD_SYNTAX
    const to = channel['id']
    if (!isChannel(to)) return { status: 404, json: problem('ConversationNotFound', 'no such channel') }
    const id = nextID()
    const posted = place(`${to};messageid=${id}`, id, body['activity'])
    return posted.status === 201 ? { status: 201, json: { id: `${to};messageid=${id}`, activityId: id } } : posted
  }

  function post(to: string, activity: unknown): Reply {
    if (!isChannel(channelOf(to)) && !PEOPLE.some((person) => chatOf(person) === to))
      return { status: 404, json: problem('ConversationNotFound', 'no such conversation') }
    return place(to, nextID(), activity)
  }

  function place(conversation: string, id: string, activity: unknown): Reply {
    const content = contentOf(activity)
    if (typeof content === 'string') return { status: 400, json: problem('BadArgument', content) }
    messages.push({ id, conversation, from: null, at: now(), ...content, edits: 0 })
    return { status: 201, json: { id } }
  }

  const indexOf = (conversation: string, id: string): number =>
    messages.findIndex((each) => each.id === id && each.conversation === conversation && each.from === null)

  function put(conversation: string, id: string, activity: unknown): Reply {
    const at = indexOf(conversation, id)
    const before = messages[at]
    if (!before) return { status: 404, json: problem('ActivityNotFoundInConversation', 'no such message') }
    const content = contentOf(activity)
    if (typeof content === 'string') return { status: 400, json: problem('BadArgument', content) }
    messages[at] = { ...before, ...content, edits: before.edits + 1 }
    for (const person of PEOPLE) views.delete(`${person.name} ${id}`)
    return { status: 200, json: { id } }
  }

  function remove(conversation: string, id: string): Reply {
    const at = indexOf(conversation, id)
    if (at < 0) return { status: 404, json: problem('ActivityNotFoundInConversation', 'no such message') }
    messages.splice(at, 1)
    return { status: 200, json: {} }
  }

  // ---- the people ----

  const serviceUrlOf = (): string => `${base}/amer/`

  function activityOf(by: TeamsPerson | null, conversation: string): Activity {
    return {
      id: `f:${nextID()}`,
      channelId: 'msteams',
      serviceUrl: serviceUrlOf(),
      timestamp: new Date(toMs(now())).toISOString(),
      from: {
        id: `29:${by?.name ?? 'team'}`,
        name: by?.name ?? '',
        ...(by?.aadObjectId && { aadObjectId: by.aadObjectId }),
      },
      recipient: { id: `28:${APP_ID}`, name: 'Jax Execution' },
      conversation: {
        id: conversation,
        tenantId: TENANT_ID,
        conversationType: isChannel(channelOf(conversation)) ? 'channel' : 'personal',
      },
      channelData: { tenant: { id: TENANT_ID } },
    }
  }

  function invoke(by: TeamsPerson, messageID: string, verb: string, data: Readonly<Record<string, unknown>>): Activity {
    const conversation = messages.find(({ id }) => id === messageID)?.conversation ?? CHANNEL
    return {
      ...activityOf(by, conversation),
      type: 'invoke',
      name: 'adaptiveCard/action',
      replyToId: messageID,
      value: { action: { type: 'Action.Execute', verb, data }, trigger: 'manual' },
    }
  }

  async function send(activity: Activity, token: string): Promise<BotAnswer> {
    if (botUrl === null) throw new Error('the fake Teams does not know yet where the bot listens: point() it there')
    const response = await fetch(botUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` },
      body: JSON.stringify(activity),
      redirect: 'error',
      signal: AbortSignal.timeout(BOT_TIMEOUT_MS),
    })
    const text = await response.text()
    return { status: response.status, text, body: parse(text) }
  }
  const sign = (bad?: Bad, ageS = 0): Promise<string> =>
    signer.sign({ appID: APP_ID, serviceUrl: serviceUrlOf(), ageS, ...(bad && { bad }) })

  const seen = (person: TeamsPerson, messageID: string): Card | null =>
    views.get(`${person.name} ${messageID}`) ?? messages.find(({ id }) => id === messageID)?.card ?? null

  async function click(
    by: TeamsPerson,
    messageID: string,
    verb: string,
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<BotAnswer> {
    const card = seen(by, messageID)
    const action = [...(card?.actions ?? []), ...(card?.refresh ? [card.refresh.action] : [])].find(
      (each) => each.verb === verb,
    )
    if (!action) throw new Error(`${by.name} sees no button ${verb} on the message ${messageID}`)
    const filled = action.associatedInputs === 'none' ? {} : inputs
    const answer = await send(invoke(by, messageID, verb, { ...action.data, ...filled }), await sign())
    notices.set(by.name, hear(answer, by, messageID))
    return answer
  }

  /** Does with an answer what the client would do, and puts it in words. */
  function hear({ status, body }: BotAnswer, by: TeamsPerson, messageID: string): string {
    if (status !== 200 || !isObject(body)) return `Unable to reach the app (${status}).`
    const { type, value } = body
    if (type === 'application/vnd.microsoft.card.adaptive') {
      const wrong = wrongWith(value)
      if (wrong !== null) return `The app answered with a card that cannot be shown: ${wrong}.`
      views.set(`${by.name} ${messageID}`, value as Card)
      return ''
    }
    if (type === 'application/vnd.microsoft.activity.message') return textOf(value)
    return isObject(value) ? `${textOf(value['message'])} (${textOf(value['code'])})` : 'Something went wrong.'
  }

  async function say(by: TeamsPerson, text: string, where: 'chat' | 'channel' = 'chat'): Promise<BotAnswer> {
    const id = nextID()
    const conversation = where === 'chat' ? chatOf(by) : `${CHANNEL};messageid=${id}`
    messages.push({ id, conversation, from: by.name, at: now(), text, card: null, edits: 0 })
    const mention = { type: 'mention', mentioned: { id: `28:${APP_ID}` }, text: '<at>Jax Execution</at>' }
    const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
    const activity = {
      ...activityOf(by, conversation),
      type: 'message',
      textFormat: 'plain',
      text: where === 'chat' ? escaped : `<at>Jax Execution</at>&nbsp;${escaped}`,
      ...(where === 'channel' && { entities: [mention] }),
    }
    return send(activity, await sign())
  }

  async function install(): Promise<BotAnswer> {
    return send({ ...activityOf(PEOPLE[0] ?? null, CHANNEL), type: 'installationUpdate', action: 'add' }, await sign())
  }

  // ---- the page ----

  async function page(
    method: string,
    url: URL,
    body: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    // Another site open in the same browser must not be able to click here.
    const { host, origin } = request.headers
    if (host !== new URL(base).host || (method === 'POST' && origin !== undefined && origin !== base))
      return reply(response, { status: 403, json: problem('Forbidden', 'this page is for a browser on this machine') })
    const form = new URLSearchParams(method === 'POST' ? body : url.search)
    const who = PEOPLE.find(({ name }) => name === form.get('as')) ?? PEOPLE[0]
    if (!who) return
    if (method === 'POST') {
      try {
        await act(url.pathname, who, form)
      } catch (error) {
        notices.set(who.name, error instanceof Error ? `It did not work: ${error.message}` : 'It did not work.')
      }
      response.writeHead(303, { location: `/?as=${encodeURIComponent(who.name)}` })
      return void response.end()
    }
    const mine = messages.filter(
      ({ conversation }) => isChannel(channelOf(conversation)) || conversation === chatOf(who),
    )
    const shown = mine.map((message) => ({ ...message, card: seen(who, message.id) }))
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    response.end(
      pageOf({ who, people: PEOPLE, messages: shown, notice: notices.get(who.name) ?? '', chat: chatOf(who), botUrl }),
    )
    notices.delete(who.name)
  }

  async function act(path: string, who: TeamsPerson, form: URLSearchParams): Promise<void> {
    if (path === '/click')
      await click(who, form.get('message') ?? '', form.get('verb') ?? '', { reason: form.get('reason') ?? '' })
    else if (path === '/install') toldBot(who, await install())
    else toldBot(who, await say(who, form.get('text') ?? '', form.get('where') === 'channel' ? 'channel' : 'chat'))
  }
  function toldBot(who: TeamsPerson, { status }: BotAnswer): void {
    if (status !== 200) notices.set(who.name, `The bot answered with ${status}.`)
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  log(`fake Teams on ${base}`)

  return {
    url: base,
    serviceUrl: serviceUrlOf(),
    appID: APP_ID,
    tenantID: TENANT_ID,
    clientSecret,
    conversation: { serviceUrl: serviceUrlOf(), conversation: CHANNEL },
    escalationConversation: URGENT,
    people: PEOPLE,
    point,
    messages: () => messages,
    seen,
    click,
    say,
    install,
    invoke,
    send,
    token: sign,
    rotateKeys: () => signer.rotate(),
    fail(fault) {
      faults.push({ fault, left: fault.times ?? 1 })
    },
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const PAGE = new Set(['GET /', 'POST /click', 'POST /say', 'POST /install'])

/** The chat of a person with the bot. */
const chatOf = (person: TeamsPerson): string => `a:chat-${Buffer.from(person.name).toString('hex')}`

const problem = (code: string, message: string) => ({ error: { code, message } })
const UNAUTHORIZED: Reply = { status: 401, json: problem('Unauthorized', 'authorization has been denied') }
const BAD_SYNTAX: Reply = { status: 400, json: problem('BadSyntax', 'no thread can be made of this') }

/** The content of an activity; what is wrong with it, in words. */
function contentOf(activity: unknown): { readonly text: string | null; readonly card: Card | null } | string {
  if (!isObject(activity) || activity['type'] !== 'message') return 'an activity of the type message is wanted'
  const { attachments, text } = activity
  if (attachments === undefined)
    return typeof text === 'string' && text !== '' ? { text, card: null } : 'nothing to show'
  const [attachment, ...others] = Array.isArray(attachments) ? (attachments as unknown[]) : []
  if (!isObject(attachment) || others.length > 0) return 'one attachment is wanted'
  if (attachment['contentType'] !== 'application/vnd.microsoft.card.adaptive') return 'the attachment is no card'
  const wrong = wrongWith(attachment['content'])
  return wrong ?? { text: null, card: attachment['content'] as Card }
}

/** The parsed JSON; undefined when it is none. */
function parse(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, { status, json }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(json ?? {}))
}

async function bodyIn(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > BODY_BYTES_MAX) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
