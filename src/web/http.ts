import type { Problem } from '../api/wire.ts'

/** The gateway said no, in its own words. */
export class Refused extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** The session is over, or never was. */
export const isSignedOut = (error: unknown): boolean => error instanceof Refused && error.problem.status === 401

/** No answer came: nobody knows whether the request arrived. */
export class Unanswered extends Error {}

/** Longer than a healthy gateway ever takes; a page that waits for ever tells a trader nothing. */
const ANSWER_MS_MAX = 15_000

const NO_ANSWER = 'The gateway does not answer.'
const UNKNOWN_WHETHER =
  'The gateway did not answer, so it is unknown whether this arrived. It is safe to press again: the same decision twice counts once.'

let csrf: string | null = null

/** Remembers the token of the signed-in session; every change carries it. */
export function carryToken(token: string | null): void {
  csrf = token
}

let touchedAtMs = Date.now()
/** Begins to notice whether somebody is there: a page that is only left open does not keep its session. */
export function watchForPeople(window: EventTarget): void {
  for (const sign of ['pointermove', 'pointerdown', 'keydown', 'wheel'])
    window.addEventListener(sign, () => void (touchedAtMs = Date.now()), { capture: true, passive: true })
}
/** The header that tells for how many seconds nobody has touched the page. */
export const away = (): { readonly 'x-jax-away': string } => ({
  'x-jax-away': String(Math.max(0, Math.floor((Date.now() - touchedAtMs) / 1000))),
})

type Method = 'GET' | 'POST' | 'DELETE'

/**
 * One request to the gateway, cookie and CSRF token included. Never retries.
 *
 * @param path below `/v1`, query string included.
 * @throws {Refused} when the gateway answered with a problem; {Unanswered} when there was no answer.
 */
export async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const { text } = await send(method, path, 'application/json', body, signal)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/**
 * A page of CSV, and the cursor of the next one.
 *
 * @throws as `call` does.
 */
export async function callCsv(path: string): Promise<{ text: string; next: string | null }> {
  const response = await send('GET', path, 'text/csv')
  return { text: response.text, next: response.headers.get('x-next') }
}

async function send(
  method: Method,
  path: string,
  accept: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<{ text: string; headers: Headers }> {
  const headers: Record<string, string> = { accept, ...away() }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (method !== 'GET' && csrf !== null) headers['x-jax-csrf'] = csrf
  const limit = AbortSignal.timeout(ANSWER_MS_MAX)
  let response: Response
  let text: string
  try {
    response = await fetch(`/v1${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Unanswered(method === 'GET' ? NO_ANSWER : UNKNOWN_WHETHER, { cause: error })
  }
  if (!response.ok) throw new Refused(problemIn(response.status, text))
  return { text, headers: response.headers }
}

/** A proxy in between may answer in HTML; then the status is all that is known. */
function problemIn(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as Partial<Problem>
    if (typeof body.code === 'string' && typeof body.detail === 'string') return body as Problem
  } catch {
    // Not JSON: told below.
  }
  const detail = `The gateway answered ${status} without saying why. Try again; if it stays, look at its log.`
  return { type: 'about:blank', title: `HTTP ${status}`, status, code: `HTTP_${status}`, detail }
}

/** `{symbol: 'A&B', open: undefined}` → `?symbol=A%26B`. Empty values are left out. */
export function query(values: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value !== undefined && value !== '') search.set(key, value)
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}
