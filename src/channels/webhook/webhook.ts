import { Webhook } from 'standardwebhooks'
import { type Alert, type Card, type Channel, isAlert, type Place, type Shown } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'
import { Fault } from '../../values/fault.ts'
import { base32, sha256 } from '../../values/hash.ts'
import { fromMs, type Instant, msBetween, plusMs, toMs } from '../../values/instant.ts'
import { alertNoticeOf, noticeOf, plain } from './notice.ts'

export type WebhookSettings = {
  /** https, or http on this machine. Its path and query may be a secret, so they appear in no log and no error. */
  readonly url: string
  /** One, or two while a receiver changes over: each `whsec_` and 24 to 64 bytes in base64. */
  readonly secrets: readonly string[]
  /** From the first byte sent to the status of the answer. Default 10 000. */
  readonly timeoutMs?: number
}

export type WebhookDeps = {
  /** The time of people, not that of a replayed market: receivers refuse what is five minutes off. */
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly log: (level: 'info' | 'warn' | 'error', text: string, facts: Record<string, unknown>) => void
}

const TIMEOUT_MS = 10_000
/** A decision is wanted within minutes; a receiver that asks for an hour is asked again before it is too late. */
const PAUSE_MAX_MS = 300_000
/** Of an answer that is not a yes: enough to find out why. */
const SAID_BYTES = 1_024
const SAID_MAX = 200
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])
/** Said of the moment, not of the notice. */
const NOT_NOW = new Set([408, 425, 429])

/**
 * Tells one address of what waits and of what became of it: a POST of a `Notice`, signed as Standard Webhooks say. The
 * header `webhook-id` is the same for the same news of the same card, however often it is sent. Nothing is heard from the
 * receiver: it has no say.
 *
 * @throws {Fault} `WEBHOOK_SETTINGS` when the address or a secret cannot be used; the message tells what to write instead.
 */
export function openWebhook(settings: WebhookSettings, { clock, fetch: send, log }: WebhookDeps): Channel {
  const url = addressOf(settings.url)
  const signers = signersOf(settings.secrets)
  const hidden = secretsIn(url)
  const timeoutMs = settings.timeoutMs ?? TIMEOUT_MS
  const closed = new AbortController()
  /** Set when the receiver said that it wants no more, ever. */
  let gone = false
  let pausedUntil: Instant | null = null
  let wrong: string | null = null

  const later = (text: string, afterMs: number | null = null): Shown => {
    wrong = text
    return { outcome: 'later', afterMs, text }
  }
  const never = (text: string): Shown => {
    wrong = text
    return { outcome: 'never', text }
  }

  async function show(card: Card | Alert, place: Place | null): Promise<Shown> {
    if (gone) return never(GONE)
    const restMs = pauseLeft()
    if (restMs > 0) return { outcome: 'later', afterMs: restMs, text: 'the receiver asked for a pause' }
    const body = JSON.stringify(isAlert(card) ? alertNoticeOf(card) : noticeOf(card))
    const id = idOf(body, place?.message ?? null)
    const about = isAlert(card) ? { taskID: card.taskID } : { intentID: card.intentID }
    const startedNs = clock.monotonicNs()
    const done = (level: 'info' | 'warn', facts: Record<string, unknown>): void => {
      const ms = Number((clock.monotonicNs() - startedNs) / 1_000_000n)
      log(level, 'called the webhook', { host: url.host, id, ...about, ...facts, ms })
    }
    const deadline = AbortSignal.any([AbortSignal.timeout(timeoutMs), closed.signal])
    try {
      const response = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'jax-execution', ...signed(id, body) },
        body,
        // Whoever is redirected to would get the notice and a valid signature.
        redirect: 'manual',
        signal: deadline,
      })
      const shown = await judge(response, { conversation: url.host, message: id })
      done(shown.outcome === 'shown' ? 'info' : 'warn', { status: response.status })
      return shown
    } catch (thrown) {
      const text = closed.signal.aborted ? CLOSED : `the receiver could not be reached: ${reason(thrown, timeoutMs)}`
      done('warn', { status: null, cause: text })
      return later(text)
    }
  }

  async function judge(response: Response, place: Place): Promise<Shown> {
    const { status } = response
    if (response.ok) {
      wrong = null
      pausedUntil = null
      await hangUp(response)
      return { outcome: 'shown', place }
    }
    const said = plain(hideURL(await beginning(response)), SAID_MAX)
    const words = `the receiver answered ${status}${said === '' ? '' : `: ${said}`}`
    if (status === 410) {
      gone = true
      return never(GONE)
    }
    if (status >= 500 || NOT_NOW.has(status)) {
      const afterMs = retryAfterMs(response.headers.get('retry-after'), clock.now())
      if (afterMs !== null) pausedUntil = plusMs(clock.now(), afterMs)
      return later(words, afterMs)
    }
    if (status >= 300 && status < 400)
      return never(`the receiver redirects (${status}), which is not followed; set the webhook's URL to where it ends`)
    return never(`${words}; compare the webhook's URL and secret with those of the receiver`)
  }

  function pauseLeft(): number {
    if (pausedUntil === null) return 0
    const ms = msBetween(clock.now(), pausedUntil)
    // Longer than the longest pause: the clock was set back.
    return ms > PAUSE_MAX_MS ? 0 : Math.max(0, ms)
  }

  function signed(id: string, body: string): Record<string, string> {
    const at = new Date(toMs(clock.now()))
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signers.map((signer) => signer.sign(id, at, body)).join(' '),
    }
  }

  /** An error page may show what was asked for, and what is said is logged and shown. */
  const hideURL = (text: string): string => hidden.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text)

  return {
    name: 'webhook',
    routes: [],
    show,
    start: async () => {},
    async stop() {
      closed.abort()
    },
    trouble: () => wrong,
  }
}

const CLOSED = 'the webhook is closed'
const GONE =
  'the receiver answered 410, it wants no more notices; the webhook is off until the next start: take it out of the configuration or set another URL'

/**
 * Names a piece of news by what it says and by what was told before it: a card that changes and changes back is news each
 * time, and a repeat after a lost answer is not.
 *
 * @param before the name of what this card showed last, null when it showed nothing.
 */
const idOf = (body: string, before: string | null): string => {
  const content = `msg_${base32(sha256(body), 26)}`
  // Told again what it shows already: the same news.
  if (before?.startsWith(content)) return before
  return `${content}${base32(sha256(`${before ?? ''}\n${body}`), 26)}`
}

function addressOf(text: string): URL {
  const no = (what: string): never => {
    throw new Fault('WEBHOOK_SETTINGS', what)
  }
  const url = URL.parse(text)
  if (url === null) return no('the URL of the webhook is not an address; write it as https://host/path')
  if (url.username !== '' || url.password !== '')
    no('the URL of the webhook holds a name or a password; leave them out: receivers know us by the signature')
  if (url.hash !== '') no('the URL of the webhook has a # in it, and what follows is never sent; leave it out')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname)))
    no('the URL of the webhook must be https; http is for receivers on this machine, such as http://127.0.0.1:9000/')
  return url
}

function signersOf(secrets: readonly string[]): readonly Webhook[] {
  if (secrets.length < 1 || secrets.length > 2)
    throw new Fault('WEBHOOK_SETTINGS', 'the webhook needs one secret, or two while the receiver changes over')
  return secrets.map((secret) => {
    const text = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1] ?? ''
    const key = Buffer.from(text, 'base64')
    // What does not come back as it was written is cut off or has a sign too many: another key than the receiver's.
    if (key.toString('base64') !== text || key.length < 24 || key.length > 64)
      throw new Fault('WEBHOOK_SETTINGS', 'a secret of the webhook is not whsec_ and 24 to 64 bytes in base64')
    return new Webhook(secret)
  })
}

/** The beginning of an answer as text; empty when nothing can be read. */
async function beginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    // Leaving the loop ends the connection, however much is still to come.
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= SAID_BYTES) break
    }
  } catch {
    // The status has said what counts.
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, SAID_BYTES))
}

async function hangUp(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // It hung up first.
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(text: string | null, now: Instant): number | null {
  if (text === null) return null
  const at = Date.parse(text)
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Number.isNaN(at) ? null : msBetween(now, fromMs(at))
  return ms === null ? null : Math.min(PAUSE_MAX_MS, Math.max(0, ms))
}

/** A shorter word is hardly a secret, and would be taken out of ordinary sentences. */
const SECRET_MIN = 8

/** What in an address may be secret, as it is written and as it is meant, longest first. */
function secretsIn(url: URL): readonly string[] {
  const path = url.pathname + url.search
  const parts = [path, url.pathname, url.search, ...path.split(/[/?&=]/)]
  return [...new Set([...parts, ...parts.map(decoded)])]
    .filter((part) => part.length >= SECRET_MIN)
    .sort((a, b) => b.length - a.length)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** What went wrong on the way, by its code: longer words may quote the address. */
function reason(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  const cause = thrown instanceof Error ? thrown.cause : undefined
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : 'the connection broke'
}
