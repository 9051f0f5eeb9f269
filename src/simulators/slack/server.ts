import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../ports/clock.ts'
import { METHODS } from './api.ts'
import { buttonsIn, type Clicks, openClicks } from './clicks.ts'
import { type SlackFault, type SlackFaults, slackFaults } from './fault.ts'
import { type Link, openLink } from './link.ts'
import { confirmOf, feedOf, pageOf, STYLE } from './page.ts'
import {
  type Identity,
  openWorkspace,
  type SlackMessage,
  type SlackUser,
  type SlackView,
  type SlackWhisper,
} from './workspace.ts'

export type SlackSimulatorOptions = {
  readonly clock: Clock
  /** 0 or absent: any that is free. Loopback only. */
  readonly port?: number
  /** Where the gateway listens, up to and with `channels/`; null: it has no address, and comes by socket. */
  readonly gateway?: string | null
  /** Made up when left out. */
  readonly credentials?: SlackCredentials
  readonly identity?: Partial<Identity>
  /** Ana, Ben, a guest, somebody from another workspace and a bot when left out. */
  readonly users?: readonly SlackUser[]
  /** How long an envelope waits before it is sent again. Three seconds, as Slack does it, when left out. */
  readonly ackMs?: number
  readonly log?: (line: string) => void
}
export type SlackCredentials = { readonly botToken: string; readonly signingSecret: string; readonly appToken: string }

export type SlackSimulator = Clicks & {
  /** The page for people. */
  readonly url: string
  /** What an app takes for `https://slack.com/api/`. */
  readonly apiUrl: string
  readonly credentials: SlackCredentials
  readonly identity: Identity
  readonly faults: SlackFaults
  readonly link: Pick<Link, 'links' | 'refresh' | 'cut' | 'whims'>
  /** Where clicks go while no link is up. */
  deliverTo(gateway: string | null): void
  messages(): readonly SlackMessage[]
  views(): readonly SlackView[]
  whispers(): readonly SlackWhisper[]
  /** As a person who deletes a message. */
  remove(ts: string): boolean
  /** As an admin who changes what Slack says of a user. */
  setUser(user: SlackUser): void
  /** How often each method was called, and how often somebody called a `response_url`. */
  requests(): Readonly<Record<string, number>>
  close(): Promise<void>
}

const PEOPLE: readonly SlackUser[] = [
  { id: 'U0ANA', name: 'Ana' },
  { id: 'U0BEN', name: 'Ben' },
  { id: 'U0GUEST', name: 'Gast', is_restricted: true },
  { id: 'U0OTHER', name: 'Olga', team_id: 'T0ELSEWHERE', is_stranger: true },
  { id: 'U0ROBOT', name: 'Robot', is_bot: true },
]
const BODY_BYTES_MAX = 1 << 20
/** A page is answered when what a click sets off has had time to happen. */
const SETTLE_MS = 300

/**
 * Starts a Slack on loopback: the Web API that a card needs, Socket Mode, people who click, and a page to be those people
 * by hand.
 * @throws an `Error` when the port is taken.
 */
export async function startSlackSimulator(options: SlackSimulatorOptions): Promise<SlackSimulator> {
  const log = options.log ?? ((): void => {})
  const credentials = options.credentials ?? madeUp()
  const identity: Identity = {
    teamID: 'T0JAX',
    enterpriseID: null,
    appID: 'A0JAX',
    channelID: 'C0PAPER',
    escalationChannelID: 'C0URGENT',
    ...options.identity,
  }
  const workspace = openWorkspace(identity, options.users ?? PEOPLE, options.clock)
  const link = openLink({ appID: identity.appID, ackMs: options.ackMs ?? 3000, next: workspace.next })
  const faults = slackFaults()
  const requests: Record<string, number> = {}
  let gateway = options.gateway ?? null
  let url = ''
  const clicks = openClicks({
    workspace,
    link,
    signingSecret: credentials.signingSecret,
    url: () => url,
    gateway: () => gateway,
  })

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      log(`request failed: ${error instanceof Error ? error.message : String(error)}`)
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end(error instanceof Error ? error.message : 'failed')
    })
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (new URL(request.url ?? '/', 'http://local').pathname === '/link') link.upgrade(request, socket, head)
    else socket.destroy()
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new URL(request.url ?? '/', 'http://local')
    const body = await bodyIn(request)
    if (at.pathname.startsWith('/api/')) return call(at.pathname.slice('/api/'.length), body, request, response)
    if (at.pathname.startsWith('/response/')) {
      requests['response_url'] = (requests['response_url'] ?? 0) + 1
      return send(response, 200, 'text/plain', 'ok')
    }
    return face(at, body, request, response)
  }

  async function call(name: string, body: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests[name] = (requests[name] ?? 0) + 1
    const met = faults.next(name)
    if (met?.kind === 'slow') await options.clock.sleep(met.ms)
    const fault = met?.kind === 'slow' ? null : met
    if (fault && !('after' in fault && fault.after)) return spoil(fault, request, response)
    const said = answerTo(name, body, request)
    if (fault) return spoil(fault, request, response)
    send(response, 200, 'application/json; charset=utf-8', JSON.stringify(said))
  }

  function answerTo(name: string, body: string, request: IncomingMessage): unknown {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
    if (!method) return { ok: false, error: 'unknown_method' }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) return { ok: false, error: 'not_authed' }
    const known = { bot: credentials.botToken, app: credentials.appToken }
    if (token !== known.bot && token !== known.app) return { ok: false, error: 'invalid_auth' }
    if (token !== known[method.token]) return { ok: false, error: 'not_allowed_token_type' }
    if (!/^application\/x-www-form-urlencoded/i.test(request.headers['content-type'] ?? ''))
      return { ok: false, error: 'invalid_post_type' }
    const said = method.answer(Object.fromEntries(new URLSearchParams(body)), workspace)
    if (name !== 'apps.connections.open') return said
    if (link.whims.address !== null) return { ...said, url: link.whims.address }
    return { ...said, url: `${url.replace('http:', 'ws:')}/link?ticket=${link.ticket()}&app_id=${identity.appID}` }
  }

  function spoil(
    fault: Exclude<SlackFault, { readonly kind: 'slow' }>,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    switch (fault.kind) {
      case 'status':
        return send(response, fault.status, 'text/html', '<html>upstream error</html>')
      case 'ratelimited':
        if (fault.retryAfterS !== null) response.setHeader('retry-after', String(fault.retryAfterS))
        return send(response, 429, 'application/json', '{"ok":false,"error":"ratelimited"}')
      case 'drop':
        return void request.socket.destroy()
      case 'hang':
        return
      case 'error':
        return send(response, 200, 'application/json', JSON.stringify({ ok: false, error: fault.error }))
      case 'garbage':
        return send(response, 200, 'application/json', '<html>not what you asked for</html>')
    }
  }

  /** The page. Whoever may use it sits at this machine: other sites in the same browser may not click here. */
  async function face(at: URL, body: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(GUARDS)) response.setHeader(name, value)
    const host = request.headers.host ?? ''
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return send(response, 421, 'text/plain', 'Not from here.')
    const form = new URLSearchParams(request.method === 'POST' ? body : at.search)
    const user = workspace.users.get(form.get('as') ?? '') ?? [...workspace.users.values()][0]
    if (!user) return send(response, 404, 'text/plain', 'Nobody is in this workspace.')
    if (request.method === 'POST') {
      const { origin } = request.headers
      if (origin !== undefined && origin !== `http://${host}`)
        return send(response, 403, 'text/plain', 'Not from there.')
      if (!(await act(at.pathname, form, user))) return send(response, 404, 'text/plain', 'There is nothing here.')
      response.setHeader('location', `/?as=${encodeURIComponent(user.id)}`)
      return send(response, 303, 'text/plain', '')
    }
    const html = 'text/html; charset=utf-8'
    switch (at.pathname) {
      case '/':
        return send(response, 200, html, pageOf({ workspace, user, errors: clicks.errors, linked: linked() }))
      case '/feed':
        return send(response, 200, html, feedOf({ workspace, user }))
      case '/style.css':
        return send(response, 200, 'text/css; charset=utf-8', STYLE)
      case '/confirm': {
        const message = workspace.found(form.get('ts') ?? '')
        const button = message?.blocks.flatMap(buttonsIn).find((each) => each['action_id'] === form.get('action'))
        return message && button
          ? send(response, 200, html, confirmOf(user, message, button))
          : send(response, 404, 'text/plain', 'This button is gone. Go back.')
      }
      default:
        return send(response, 404, 'text/plain', 'There is nothing here.')
    }
  }

  /** False when there is nothing of the kind to do. A click that fails is told to the one who clicked, as Slack does. */
  async function act(path: string, form: URLSearchParams, user: SlackUser): Promise<boolean> {
    const tell = (text: string): void =>
      void workspace.whispers.push({ channel: identity.channelID, user: user.id, text })
    try {
      switch (path) {
        case '/ui/click': {
          const { status } = await clicks.click(user.id, form.get('ts') ?? '', form.get('action') ?? '')
          if (status !== 200) tell(`The app did not take the click (${status || 'no answer'}).`)
          await options.clock.sleep(SETTLE_MS)
          return true
        }
        case '/ui/submit': {
          const view = form.get('view') ?? ''
          if (form.has('close')) workspace.views.delete(view)
          else await clicks.submit(user.id, view, textsIn(form))
          return true
        }
        case '/ui/command': {
          const [, command = '/jax', text = ''] = /^\s*(\/[a-z0-9_-]+)?\s*([\s\S]*)$/.exec(form.get('text') ?? '') ?? []
          await clicks.command(user.id, text, { command })
          return true
        }
        default:
          return false
      }
    } catch (error) {
      tell(error instanceof Error ? error.message : 'That did not work.')
      return true
    }
  }

  const linked = (): string =>
    link.links().up > 0
      ? 'connected by socket'
      : gateway === null
        ? 'no gateway is connected'
        : `clicks go to ${gateway}`

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  log(`slack simulator on ${url}`)

  return {
    ...clicks,
    url,
    apiUrl: `${url}/api/`,
    credentials,
    identity,
    faults,
    link,
    deliverTo: (to) => void (gateway = to),
    messages: workspace.messages,
    views: () => [...workspace.views.values()],
    whispers: () => workspace.whispers,
    remove: (ts) => workspace.remove(identity.channelID, ts),
    setUser: (user) => void workspace.users.set(user.id, user),
    requests: () => ({ ...requests }),
    async close() {
      link.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const GUARDS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
}

const madeUp = (): SlackCredentials => ({
  botToken: `xoxb-simulator-${randomBytes(12).toString('hex')}`,
  signingSecret: randomBytes(16).toString('hex'),
  appToken: `xapp-simulator-${randomBytes(12).toString('hex')}`,
})

/** Fields of a window are named `block action`. */
function textsIn(form: URLSearchParams): Record<string, Record<string, string>> {
  const texts: Record<string, Record<string, string>> = {}
  for (const [name, value] of form) {
    const [block, action] = name.split(' ')
    if (block !== undefined && action !== undefined) texts[block] = { ...texts[block], [action]: value }
  }
  return texts
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

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type })
  response.end(body)
}
