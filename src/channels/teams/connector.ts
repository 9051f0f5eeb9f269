import { fromMs, type Instant, msBetween, plusMs } from '../../values/instant.ts'
import type { AdaptiveCard } from './card.ts'
import type { Endpoints } from './hosts.ts'

export type Log = (level: 'info' | 'warn' | 'error', text: string, facts: Readonly<Record<string, unknown>>) => void

/** Where we may post, as Teams told us. */
export type Reference = {
  readonly serviceUrl: string
  /** The conversation's id; that of a channel, not of a thread in it. */
  readonly conversation: string
}

export type Message =
  | {
      readonly type: 'message'
      readonly summary: string
      readonly attachments: readonly [
        { readonly contentType: 'application/vnd.microsoft.card.adaptive'; readonly content: AdaptiveCard },
      ]
    }
  | { readonly type: 'message'; readonly text: string; readonly textFormat: 'plain' }

/** `later`: try again, after so long when they said so. `never`: it cannot work, and why. */
export type Sent =
  | { readonly outcome: 'sent'; readonly conversation: string; readonly message: string }
  | { readonly outcome: 'later'; readonly afterMs: number | null; readonly text: string }
  | { readonly outcome: 'never'; readonly text: string }

export type Connector = {
  /** Begins a thread where the place is a channel of a team. One attempt: after a time-out the message may be there. */
  post(to: Reference, message: Message): Promise<Sent>
  /** Puts the message right where it stands. */
  put(to: Reference, activityID: string, message: Message): Promise<Sent>
  /** Answers in the conversation, thread or not. */
  reply(to: Reference, message: Message): Promise<Sent>
  /** What keeps us from getting a token; null when we have one. */
  knock(): Promise<string | null>
  /** Reads JSON without any token of ours. Rejects when it cannot. */
  read(url: string): Promise<unknown>
  /** Whatever is under way is given up. */
  close(): void
}

export type ConnectorOptions = {
  readonly endpoints: Endpoints
  readonly appID: string
  readonly tenantID: string
  /** Goes to the login and nowhere else. */
  readonly clientSecret: string
  readonly fetch: typeof fetch
  readonly now: () => Instant
  /** For each call by itself, to the last byte. */
  readonly timeoutMs: number
  readonly log: Log
}

const SCOPE = 'https://api.botframework.com/.default'
const ENDS_EARLY_MS = 5 * 60_000
const BYTES_MAX = 1 << 20
/** "Not now" of the connector: 412 is two writers at once, and goes away by itself. */
const NOT_NOW = new Set([408, 412, 429])
/** Threads in a channel of a team; chats have other endings. */
const TEAM_CHANNEL = /^19:[^;]+@thread\.(?:tacv2|skype)$/

type Heard = {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly retryAfterMs: number | null
}
type Bearer = { readonly value: string; readonly goodUntil: Instant }
type NotSent = Exclude<Sent, { readonly outcome: 'sent' }>
type Token = { readonly outcome: 'token'; readonly value: string; readonly isFresh: boolean } | NotSent
type Taken = { readonly outcome: 'taken'; readonly body: Heard['body'] }

/** Everything that we say to Microsoft. Redirects are errors: following one would hand the token to another host. */
export function openConnector(o: ConnectorOptions): Connector {
  const closed = new AbortController()
  let held: Bearer | null = null
  let asking: Promise<Token> | null = null

  /** Null when nothing usable came back. Never rejects, and what it says holds nothing that was sent. */
  async function call(what: string, url: string, init: RequestInit): Promise<Heard | null> {
    const done = (facts: Readonly<Record<string, unknown>>): void => o.log('info', 'called Teams', { what, ...facts })
    try {
      const response = await o.fetch(url, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.any([AbortSignal.timeout(o.timeoutMs), closed.signal]),
      })
      const body = jsonIn(await limited(response))
      done({ status: response.status })
      return { status: response.status, body, retryAfterMs: retryAfterMs(response.headers.get('retry-after'), o.now()) }
    } catch (thrown) {
      done({ status: null, cause: thrown instanceof Error ? thrown.name : 'unknown' })
      return null
    }
  }

  async function token(): Promise<Token> {
    if (held !== null && o.now() < held.goodUntil) return { outcome: 'token', value: held.value, isFresh: false }
    asking ??= askToken().finally(() => {
      asking = null
    })
    return asking
  }
  async function askToken(): Promise<Token> {
    held = null
    const heard = await call('token', `${o.endpoints.login}/${o.tenantID}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: o.appID,
        client_secret: o.clientSecret,
        scope: SCOPE,
      }).toString(),
    })
    if (heard === null) return later(null, 'Microsoft’s login did not answer.')
    const { access_token: value, expires_in: seconds } = heard.body
    if (
      heard.status === 200 &&
      typeof value === 'string' &&
      value !== '' &&
      typeof seconds === 'number' &&
      seconds > 0
    ) {
      held = { value, goodUntil: plusMs(o.now(), seconds * 1000 - ENDS_EARLY_MS) }
      return { outcome: 'token', value, isFresh: true }
    }
    if (heard.status === 200 || heard.status >= 500 || NOT_NOW.has(heard.status))
      return later(heard.retryAfterMs, `Microsoft’s login answered ${heard.status}.`)
    return never(
      `Microsoft’s login refuses the bot (${wordIn(heard.body['error'])}): look at the app id, the tenant id and the client secret, which may have ended.`,
    )
  }

  async function send(to: Reference, method: 'POST' | 'PUT', path: string, body: unknown): Promise<Taken | NotSent> {
    // Asked at the last moment: whatever brought the address here, the token goes to Microsoft alone.
    if (!o.endpoints.serves(to.serviceUrl))
      return never('The service address of the conversation is none of Microsoft’s: install the app there again.')
    const bearer = await token()
    if (bearer.outcome !== 'token') return bearer
    const heard = await call(method === 'PUT' ? 'update' : 'post', `${to.serviceUrl.replace(/\/+$/, '')}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer.value}` },
      body: JSON.stringify(body),
    })
    if (heard === null) return later(null, 'Teams did not answer; the message may be there all the same.')
    const { status, retryAfterMs: afterMs } = heard
    if (status >= 200 && status < 300) return { outcome: 'taken', body: heard.body }
    if (status >= 500 || NOT_NOW.has(status)) return later(afterMs, `Teams answered ${status}.`)
    if (status === 401) {
      held = null
      // A token that was good when we got it may have been revoked since; a new one tells.
      if (!bearer.isFresh) return later(0, 'Teams no longer takes the token; the next try gets a new one.')
    }
    return never(REFUSED[status] ?? `Teams refuses the message with ${status} (${wordIn(codeIn(heard.body))}).`)
  }

  const activitiesOf = ({ conversation }: Reference): string =>
    `/v3/conversations/${encodeURIComponent(conversation)}/activities`
  const bot = { id: `28:${o.appID}` }

  return {
    async post(to, message) {
      if (!TEAM_CHANNEL.test(to.conversation)) {
        const sent = await send(to, 'POST', activitiesOf(to), message)
        return sent.outcome === 'taken' ? placed(to.conversation, sent.body['id']) : sent
      }
      const sent = await send(to, 'POST', '/v3/conversations', {
        isGroup: true,
        bot,
        tenantId: o.tenantID,
        channelData: { channel: { id: to.conversation } },
        activity: message,
      })
      return sent.outcome === 'taken' ? placed(sent.body['id'], sent.body['activityId']) : sent
    },
    async put(to, activityID, message) {
      const path = `${activitiesOf(to)}/${encodeURIComponent(activityID)}`
      const sent = await send(to, 'PUT', path, { ...message, id: activityID })
      return sent.outcome === 'taken' ? placed(to.conversation, activityID) : sent
    },
    async reply(to, message) {
      const sent = await send(to, 'POST', activitiesOf(to), message)
      return sent.outcome === 'taken' ? placed(to.conversation, sent.body['id']) : sent
    },
    async knock() {
      const bearer = await token()
      return bearer.outcome === 'token' ? null : bearer.text
    },
    async read(url) {
      const heard = await call('keys', url, { method: 'GET' })
      if (heard === null) throw new Error('no answer')
      if (heard.status !== 200) throw new Error(`the answer was ${heard.status}`)
      return heard.body
    },
    close: () => closed.abort(),
  }
}

const REFUSED: Readonly<Record<number, string>> = {
  401: 'Teams does not take our token: look at the app id and the tenant of the bot’s registration.',
  403: 'Teams does not let the bot post there: install the app in that team or chat again.',
  404: 'Teams knows no such conversation or message: install the app there again, or name another conversation.',
  413: 'Teams finds the message too large.',
}

const later = (afterMs: number | null, words: string) => ({ outcome: 'later', afterMs, text: words }) as const
const never = (words: string) => ({ outcome: 'never', text: words }) as const

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const placed = (conversation: unknown, message: unknown): Sent =>
  isText(conversation) && isText(message)
    ? { outcome: 'sent', conversation, message }
    : later(null, 'Teams took the message and did not say where it stands.')

/** Their code and nothing else of what they say: the rest may repeat what was sent. */
const wordIn = (value: unknown): string =>
  typeof value === 'string' && /^[A-Za-z0-9_.-]{1,60}$/.test(value) ? value : 'no reason given'
const codeIn = (body: Readonly<Record<string, unknown>>): unknown => {
  const { error } = body
  return typeof error === 'object' && error !== null ? (error as { readonly code?: unknown }).code : undefined
}

function jsonIn(source: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(source)
    return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** The body as text. @throws when it is larger than anything we ask for. */
async function limited(response: Response): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > BYTES_MAX) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(words: string | null, now: Instant): number | null {
  if (words === null) return null
  if (/^\d{1,9}$/.test(words.trim())) return Number(words) * 1000
  const at = Date.parse(words)
  return Number.isNaN(at) ? null : Math.max(0, msBetween(now, fromMs(at)))
}
