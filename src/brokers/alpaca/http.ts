import { createBreaker, createBudget, type Lane, lineUp, type RateNews } from '../budget.ts'
import { NotAsked, ReadFailed } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { fromMs, type Instant, msBetween } from '../../values/instant.ts'
import { parseJson } from '../../values/json.ts'
import { Malformed, parseRefusal } from './parse.ts'

export type Log = (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void

export type Keys = { readonly keyID: string; readonly secretKey: string }

export type Call = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** From the slash on, with its query. */
  readonly path: string
  readonly body?: unknown
  /** Who goes first when requests are scarce. */
  readonly lane: Lane
  /** Asked when its turn has come. Absent: it goes. */
  /** Asked with the bytes of the body, when it is its turn. */
  readonly mayGo?: ((bytes: string) => Promise<boolean>) | undefined
}

/** What came back. `body` is parsed JSON with every digit (`Numeral`), undefined when it is none. */
export type Answer = {
  readonly status: number
  readonly body: unknown
  readonly text: string
  readonly requestID: string | null
}
/** Nothing usable came back; whether the request arrived is unknown. `cause` is for people. */
export type NoAnswer = { readonly status: null; readonly cause: string; readonly sent: boolean }

export type Http = {
  /** One attempt, whatever comes of it. Never throws. */
  readonly attempt: (call: Call) => Promise<Answer | NoAnswer>
  /**
   * Reads once and understands the answer. @returns null on 404.
   * @throws {ReadFailed} transient when asking again may help.
   */
  readonly read: <T>(path: string, understand: (body: unknown) => T) => Promise<T | null>
  /** The same for an answer that is not JSON. */
  readonly readText: <T>(path: string, understand: (text: string) => T) => Promise<T | null>
  /** Whatever is under way is given up. */
  readonly close: () => void
}

export type HttpOptions = {
  readonly base: string
  readonly keys: Keys
  readonly clock: Clock
  readonly log: Log
  /** From the first wait for the budget to the last byte of the answer. */
  readonly deadlineMs: number
  readonly requestsPerMinute: number
  readonly reserve: number
  /** The keys do not work. */
  readonly onForbidden: (text: string) => void
}

/** 500 orders with their legs are two million bytes. What is larger is not for us. */
const MAX_BYTES = 16 << 20
/** Answers that say "not now" and nothing about what was asked. */
const NOT_NOW = new Set([408, 425, 429])
/** Eight failures in a row are more than one errand's tries; five seconds are short enough for a restart of theirs. */
const BREAKER = { failures: 8, restMs: 5_000 }

/** True when an answer of this status says neither yes nor no. */
export const isUnclear = (status: number): boolean => status >= 500 || NOT_NOW.has(status)

/** One host, spoken to with the account's keys. Redirects are errors: following one would hand the keys to another host. */
export function openHttp(o: HttpOptions): Http {
  const budget = createBudget({ perMinute: o.requestsPerMinute, reserve: o.reserve }, o.clock.now())
  const admitted = lineUp(budget, o.clock)
  const breaker = createBreaker(BREAKER)
  const closed = new AbortController()
  const headers = { 'APCA-API-KEY-ID': o.keys.keyID, 'APCA-API-SECRET-KEY': o.keys.secretKey }

  async function attempt(call: Call): Promise<Answer | NoAnswer> {
    const startedNs = o.clock.monotonicNs()
    const done = (facts: Record<string, unknown>, level: 'info' | 'warn'): void => {
      const ms = Number((o.clock.monotonicNs() - startedNs) / 1_000_000n)
      o.log(level, 'called Alpaca', { method: call.method, path: call.path, ...facts, ms })
    }
    const deadline = AbortSignal.any([AbortSignal.timeout(o.deadlineMs), closed.signal])
    const none = (cause: string, sent = true): NoAnswer => {
      done({ status: null, cause }, 'warn')
      return { status: null, cause, sent }
    }
    if (!(await admitted(call.lane, deadline))) return none(closed.signal.aborted ? CLOSED : SPENT, false)
    const bytes = call.body === undefined ? null : JSON.stringify(call.body)
    if (call.mayGo && !(await call.mayGo(bytes ?? ''))) return none(HELD, false)
    try {
      const response = await fetch(o.base + call.path, {
        method: call.method,
        headers: call.body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
        body: bytes,
        redirect: 'error',
        signal: deadline,
      })
      const requestID = response.headers.get('X-Request-ID')
      budget.heard(rateNews(response.headers, o.clock.now()), o.clock.now())
      const { status } = response
      // A proxy's page may show the headers that it was sent, and answers are logged and kept.
      const text = (await limited(response)).replaceAll(o.keys.secretKey, '[secret]')
      const parsed = parseJson(text)
      const body = parsed.ok ? parsed.value : undefined
      const worked = status < 400
      done({ status, requestID, ...(!worked && { said: text.slice(0, 500) }) }, worked ? 'info' : 'warn')
      const refusal = parseRefusal(status, body)
      if (isForbidden(status, refusal?.code ?? null))
        o.onForbidden(`Alpaca does not accept the keys: ${refusal?.text ?? `HTTP ${status}`}`)
      return { status, body, text, requestID }
    } catch (thrown) {
      return none(closed.signal.aborted ? CLOSED : reason(thrown, o.deadlineMs))
    }
  }

  async function asked(path: string): Promise<Answer | null> {
    if (!breaker.allows(o.clock.now()))
      throw new ReadFailed('Alpaca has not answered for a while; the next question waits a few seconds', true)
    const answer = await attempt({ method: 'GET', path, lane: 'read' })
    if (answer.status === null && !answer.sent && !closed.signal.aborted)
      throw new NotAsked(`${what(path)}: ${answer.cause}`)
    if (answer.status === null || isUnclear(answer.status)) breaker.failed(o.clock.now())
    else breaker.succeeded()
    return answered(answer, path)
  }

  return {
    attempt,
    async read(path, understand) {
      const answer = await asked(path)
      if (answer === null) return null
      // An empty or broken 200 comes from something between us and them.
      if (answer.body === undefined) throw new ReadFailed(`${what(path)}: HTTP ${answer.status} without JSON`, true)
      return understood(path, () => understand(answer.body))
    },
    async readText(path, understand) {
      const answer = await asked(path)
      return answer && understood(path, () => understand(answer.text))
    },
    close: () => closed.abort(),
  }
}

const CLOSED = 'the connection is closed'
const HELD = 'it was called off while it waited for its turn, so nothing was sent'
const SPENT = 'the request budget is used up, so nothing was sent'
/** 403 is also Alpaca's business no: only without a code, or with that of authentication, is it about the keys. */
const isForbidden = (status: number, code: string | null): boolean =>
  status === 401 || (status === 403 && (code === null || code.startsWith('401')))

const what = (path: string): string => `reading ${path.split('?')[0]}`

/** Null when Alpaca says that there is no such thing. */
function answered(answer: Answer | NoAnswer, path: string): Answer | null {
  if (answer.status === null) throw new ReadFailed(`${what(path)}: ${answer.cause}`, true)
  const { status, body } = answer
  if (status >= 200 && status < 300) return answer
  const refusal = parseRefusal(status, body)
  if (status === 404 && refusal) return null
  throw new ReadFailed(`${what(path)}: ${refusal?.text ?? `HTTP ${status}`}`, isUnclear(status), {
    cause: { status },
  })
}

function understood<T>(path: string, understand: () => T): T {
  try {
    return understand()
  } catch (thrown) {
    if (thrown instanceof Malformed) throw new ReadFailed(`${what(path)}: ${thrown.message}`, false, { cause: thrown })
    throw thrown
  }
}

/** The body as text. @throws when it is larger than anything we asked for. */
async function limited(response: Response): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES >> 20} MB`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** Alpaca's own counting of our requests. `X-RateLimit-Reset` is in seconds since 1970. */
function rateNews(headers: Headers, now: Instant): RateNews {
  const count = (name: string): number | null => {
    const text = headers.get(name)
    return text !== null && /^\d{1,12}$/.test(text.trim()) ? Number(text) : null
  }
  const resetS = count('X-RateLimit-Reset')
  return {
    remaining: count('X-RateLimit-Remaining'),
    resetAt: resetS === null ? null : fromMs(resetS * 1000),
    retryAfterMs: retryAfterMs(headers.get('Retry-After'), now),
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(text: string | null, now: Instant): number | null {
  if (text === null) return null
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, msBetween(now, fromMs(at)))
}

/** What went wrong on the way, without anything of the request: its headers hold the keys. */
function reason(thrown: unknown, deadlineMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return `no answer within ${deadlineMs} ms`
  const cause = thrown instanceof Error ? thrown.cause : undefined
  const words = [thrown, cause].flatMap((e) => {
    if (!(e instanceof Error)) return []
    const code = (e as { code?: unknown }).code
    return [typeof code === 'string' ? `${e.message} (${code})` : e.message]
  })
  return words.join(': ') || 'the connection broke'
}
