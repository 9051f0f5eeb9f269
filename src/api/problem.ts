import type { Problem, Refusal } from './wire.ts'

/**
 * Every code an error can carry: its HTTP status, its title, and when it comes. Codes are public API: they are never
 * renamed and never mean something else.
 */
export const PROBLEMS = {
  // --- the request itself
  BAD_JSON: [
    400,
    'The body is not JSON',
    'A syntax error, a key that appears twice, more than 32 levels, or bytes that are not UTF-8. Line and column are given.',
  ],
  INVALID_REQUEST: [
    400,
    'The request is not valid',
    'Every problem is listed in `errors` with its path. Nothing was recorded.',
  ],
  BAD_CURSOR: [
    400,
    'The cursor is not valid',
    'Use `next` of the page before exactly as it came, with the same filters.',
  ],
  BAD_URL: [400, 'The address cannot be read', 'A broken percent-encoding or a malformed HTTP message.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body is not application/json', 'Only `application/json` is read.'],
  BODY_TOO_LARGE: [413, 'The body is too large', 'At most 64 KiB are read.'],
  HEADERS_TOO_LARGE: [431, 'The request headers are too large', 'At most 16 KiB of headers are read.'],
  REQUEST_TIMEOUT: [408, 'The request took too long to arrive', 'A request must be sent within 30 seconds.'],
  METHOD_NOT_ALLOWED: [405, 'This address does not know that method', 'The `Allow` header names those it knows.'],
  NOT_FOUND: [404, 'Not found', 'No such address, or nothing by that name.'],
  IDEMPOTENCY_MISMATCH: [409, 'The Idempotency-Key was used for another request', 'Use a new key for a new request.'],

  // --- who is asking
  UNAUTHENTICATED: [401, 'Not signed in', 'No credential, or one that is unknown, expired or revoked.'],
  CODE_INVALID: [401, 'The sign-in code is not valid', 'Codes work once and for a short time.'],
  FORBIDDEN: [403, 'Not allowed', 'The credential is good, but lacks the scope this needs.'],
  CSRF: [
    403,
    'The request may not come from the dashboard',
    'A change through the cookie session needs the `X-Jax-CSRF` header.',
  ],
  CROSS_ORIGIN: [403, 'Requests from other sites are refused', 'Only pages served by this gateway may call it.'],
  NOT_THIS_MACHINE: [
    403,
    'Only for whoever sits at the machine of the gateway',
    'The emergency page shows without signing in what is held. On that machine `jax-exec emergency` prints it.',
  ],
  HOST_NOT_ALLOWED: [
    421,
    'This gateway is not known by that host name',
    'Host names are an allow-list, against DNS rebinding.',
  ],
  TOO_MANY_ATTEMPTS: [429, 'Too many failed attempts', '`Retry-After` says when to come back.'],
  TOO_MANY_STREAMS: [429, 'Too many open event streams', 'Close one, then open another.'],
  TOO_MANY_WAITING: [
    429,
    'Too many orders of this proposer wait for people',
    'Wait until people have decided, or withdraw some. Nothing was recorded.',
  ],
  NAME_TAKEN: [409, 'The name is taken', 'Choose another name.'],

  // --- what the desk says
  INTENT_CONFLICT: [
    409,
    'The id was used for another request',
    'Same id, other body: nothing was changed, and the fields that differ are named.',
  ],
  NOT_PENDING: [409, 'No longer waiting for a decision', 'It was decided, refused, withdrawn, or has lapsed.'],
  APPROVAL_EXPIRED: [409, 'The time to decide is over', 'Nothing was sent.'],
  ASSURANCE_TOO_LOW: [403, 'A click is not enough for this', 'Approve it with a passkey on its page.'],
  IDENTITY_UNLINKED: [
    403,
    'This chat account belongs to nobody here',
    'Link it with a code from the page "Your access".',
  ],
  NO_PASSKEY: [
    409,
    'There is no passkey to sign with here',
    'Enrol one on the page "Your access", or open the page by the name that it was made for.',
  ],
  PASSKEY_REFUSED: [403, 'The passkey did not prove this decision', 'Look at the order again, and decide again.'],
  ORDER_CHANGED: [409, 'The click was on an older ticket', 'Look at the new ticket, then decide again.'],
  POLICY_FAULT: [422, 'The rules do not allow this', 'Change what the text names.'],
  STALE_CHANGE: [409, 'What was to be changed has changed meanwhile', 'Look at it again, and propose again.'],
  DIGEST_MISMATCH: [409, 'The order changed since it was shown', 'Look at the new ticket, then decide again.'],
  SELF_APPROVAL: [403, 'The proposer cannot approve', 'Somebody else has to look.'],
  NOT_ELIGIBLE: [403, 'Not allowed to decide', 'Only a signed-in person with the right role decides.'],
  TRADING_HALTED: [409, 'Trading is halted', 'Release the halt first.'],
  GATE_REFUSED: [
    422,
    'The gate refused the order',
    'Every reason is in `refusals`. The intent is recorded at `instance`.',
  ],
  NOT_OPEN: [409, 'Nothing left to cancel or change', 'The order is closed, or on its way there.'],
  NOT_REPLACEABLE: [
    409,
    'The order cannot be changed so',
    'It is an exit, the broker changes no open orders, or its terms would be no others. `detail` says which.',
  ],
  NOT_HALTED: [409, 'Trading is not halted', 'There is nothing to release.'],
  WRONG_ACCOUNT: [
    422,
    'That is not the name of this account',
    'It is typed exactly as `account` says, so that nobody closes another one by mistake.',
  ],
  CLOCK_UNTRUSTED: [409, 'The clock is not trusted', 'Have it set by NTP, and try again after two good readings.'],
  LIQUIDATING: [409, 'A liquidation runs', 'Stop it first, or let it come to its end.'],
  NOT_LIQUIDATING: [409, 'No liquidation runs', 'There is nothing to change.'],
  EVIDENCE_MISSING: [
    409,
    'The account has not shown enough for the next stage',
    'What is missing stands in the answer; `jax-exec stages` shows all of it.',
  ],
  DRILL_UNPROVEN: [
    409,
    'The book does not show what the drill is said to have measured',
    'Hold it with `jax-exec drill hold`; what no program measured is told with `jax-exec drill attest`.',
  ],
  RELEASE_IS_A_CHANGE: [
    409,
    'Releasing this halt takes more than one click',
    'Propose it as a change, with `jax-exec resume` or on the page; others agree with a passkey.',
  ],
  NOT_NEEDED: [409, 'That needs no change', 'One person may do it at once.'],
  NOT_WAIVABLE: [
    409,
    'That cannot be waived',
    'Amounts and counts may be waived for one order, at once after it was refused; nothing else.',
  ],
  NOT_NOW: [409, 'Not at this time of the day', 'Agree to it after the market has closed.'],
  ALREADY_HALTED: [409, 'Trading is halted already', 'The first halt stands.'],
  UNRECONCILED: [
    409,
    'Our book and the broker do not agree yet',
    'A halt is released after a clean reconciliation only.',
  ],

  // --- the gateway itself
  INTERNAL: [500, 'The gateway failed', 'A fault of ours. Quote the reference in `detail`; the log holds the cause.'],
  NOT_READY: [503, 'The gateway is not ready', 'It starts, stops, or has lost the broker. Try again shortly.'],
  STORE_FULL: [503, 'The disk is full', 'Nothing was recorded. Free space, then repeat the same request.'],
  STORE_UNAVAILABLE: [503, 'The database cannot be written', 'Nothing was recorded. Repeat the same request later.'],
} as const satisfies Record<string, readonly [status: number, title: string, meaning: string]>

export type ProblemCode = keyof typeof PROBLEMS

/** What a handler answers. `body` undefined sends none; a string is sent as it is, anything else as JSON. */
export type Answer = {
  readonly status: number
  readonly body?: unknown
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

type Extra = {
  readonly instance?: string
  readonly errors?: Problem['errors']
  readonly refusals?: Refusal[]
  readonly headers?: Readonly<Record<string, string>>
}

/** The RFC 9457 answer for a code. `detail` is for people: what happened here and what to do about it. */
export function problem(code: ProblemCode, detail: string, extra: Extra = {}): Answer {
  const [status, title] = PROBLEMS[code]
  const body: Problem = { type: `/docs#${code}`, title, status, code, detail }
  if (extra.instance !== undefined) body.instance = extra.instance
  if (extra.errors !== undefined) body.errors = extra.errors
  if (extra.refusals !== undefined) body.refusals = extra.refusals
  return { status, body, type: PROBLEM_JSON, ...(extra.headers ? { headers: extra.headers } : {}) }
}
export const PROBLEM_JSON = 'application/problem+json'

/** A problem that interrupts: for the layers around a handler, which cannot return an answer. */
export class Interrupt extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super('answered early')
    this.name = 'Interrupt'
    this.answer = answer
  }
}
