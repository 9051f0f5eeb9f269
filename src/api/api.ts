import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { base32 } from '../values/hash.ts'
import { type Instant, instant, plusMs } from '../values/instant.ts'
import type { Access, Caller } from './access.ts'
import { allowed, attempts, authenticate, NOBODY, same } from './access.ts'
import { mountChannels } from './channels.ts'
import { type Api, type ApiDeps, type Asset, context } from './context.ts'
import { mcpRoute } from './mcp.ts'
import { metrics } from './metrics.ts'
import { openapi } from './openapi.ts'
import { type Answer, Interrupt, problem, PROBLEM_JSON, type ProblemCode } from './problem.ts'
import { type Parts, readBody, readRequest } from './read.ts'
import { REFERENCE_STYLE, referencePage } from './reference.ts'
import { memory } from './remember.ts'
import { EMERGENCY_HALT, mountEmergency } from './routes-emergency.ts'
import { type Route, remembers, route } from './route.ts'
import { ROUTES } from './routes.ts'
import { sparing } from './sparing.ts'
import { SESSION_COOKIE } from './routes-access.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who a route is for. Without it a route does not mount. */
    access?: Access
  }
  interface FastifyRequest {
    caller: Caller
    /** Monotonic nanoseconds at its arrival. */
    arrivedNs: bigint
    /** Whether the log has its line already, and with more words than how it was answered. */
    told: boolean
  }
}

// Exactly what the dashboard needs and nothing else: scripts, styles and calls of our own, no frames, no plug-ins, no
// string that becomes code (trusted types).
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CSP,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Answers about money are for whoever asked, now. Assets set their own.
  'cache-control': 'no-store',
}
const HSTS = 'max-age=31536000'

/**
 * The HTTP face of the gateway: routes, access, errors, events, documentation and the dashboard's files, on a fastify
 * instance that is not listening yet. It reads through `reads` and changes through `desk`, and reaches nothing else.
 */
export function createApi(deps: ApiDeps): FastifyInstance {
  const closing = new AbortController()
  const api = context(deps, closing.signal)
  const measures = metrics(api)
  const failures = attempts(api.limits.failedBurst, api.limits.failedEveryMs)
  const remember = memory()
  const hosts = new Set(api.served.hosts.map((host) => host.toLowerCase()))
  const always = api.served.https ? { ...HEADERS, 'strict-transport-security': HSTS } : HEADERS
  /** A person's time, whatever the market's clock does. */
  const monotonic = (): Instant => instant(Number(api.clock.monotonicNs() / 1000n))
  const strangers = sparing(monotonic)

  const app = fastify({
    logger: false,
    bodyLimit: api.limits.bodyBytes,
    // A whole request within this: a client that drips its bytes must not hold a connection.
    requestTimeout: 30_000,
    // The id of a passkey may have 1023 bytes.
    routerOptions: { maxParamLength: 1400 },
    exposeHeadRoutes: false,
    // While it closes, requests still get a problem that says what to do, not fastify's own 503.
    return503OnClosing: false,
    // Before any hook, so it brings the headers along.
    frameworkErrors: (fault, request, reply) => {
      const detail =
        fault.code === 'FST_ERR_MAX_PARAM_LENGTH'
          ? 'A part of the address is too long.'
          : 'The percent-encoding of the address is broken.'
      void send(reply.headers(always), problem('BAD_URL', detail), request.method)
    },
    clientErrorHandler: (fault: NodeJS.ErrnoException, socket) => {
      if (socket.writable) socket.write(rawAnswer(fault.code))
      socket.destroy()
    },
  })

  // --- every request, before anything else

  app.decorateRequest('caller')
  app.decorateRequest('arrivedNs', 0n)
  app.decorateRequest('told', false)
  app.addHook('onRoute', ({ config, url, method }) => {
    if (config?.access === undefined)
      throw new TypeError(`${String(method)} ${url} does not say who it is for; nothing is mounted by default`)
  })
  app.addHook('onRequest', async (request, reply) => {
    request.arrivedNs = api.clock.monotonicNs()
    request.caller = NOBODY
    reply.headers(always)
    const no = refuseHost(request) ?? (request.is404 ? unrouted(request) : await refuseCaller(request))
    if (no) return send(reply, no, request.method)
  })
  app.addHook('onResponse', async (request, reply) => {
    const seconds = Number(api.clock.monotonicNs() - request.arrivedNs) / 1e9
    const pattern = request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)')
    measures.answered({
      method: request.is404 ? 'OTHER' : request.method,
      route: pattern,
      status: reply.statusCode,
      seconds,
    })
    if (request.told) return
    const line = {
      method: request.method,
      route: pattern,
      status: reply.statusCode,
      ms: Math.round(seconds * 1e6) / 1e3,
      caller: request.caller.id,
      address: request.ip,
    }
    if (reply.statusCode >= 500) api.log.error(line, 'failed')
    else if (request.method === 'GET') return
    else if (request.caller.kind === 'nobody' && reply.statusCode >= 400)
      strangers(`answered ${reply.statusCode}`, (more) => api.log.info({ ...line, ...more }, 'answered'))
    else api.log.info(line, 'answered')
  })

  /** Host names are an allow-list: a page elsewhere whose name was made to point here is not us (DNS rebinding). */
  function refuseHost(request: FastifyRequest): Answer | null {
    const host = hostName(request.headers.host)
    if (host !== null && hosts.has(host)) return null
    return problem(
      'HOST_NOT_ALLOWED',
      `This gateway answers to ${[...hosts].join(', ')}. If it should answer to another name, add that to its configuration.`,
    )
  }

  const whoIs = (request: FastifyRequest) =>
    authenticate(
      api.reads,
      api.environment,
      {
        authorization: request.headers.authorization,
        cookie: cookieOf(request.headers.cookie, SESSION_COOKIE(api.served.https)),
      },
      api.clock.now(),
      (session, at) => api.isIdle(session, at),
    )

  /** The one guard in front of every route: origin, credential, scope, CSRF. Null lets the request in. */
  async function refuseCaller(request: FastifyRequest): Promise<Answer | null> {
    const access = request.routeOptions.config.access
    // A page is opened from anywhere (a link in a chat); the API is called by our own pages and by programs only.
    if (!isPage(request) && isForeign(request))
      return problem(
        'CROSS_ORIGIN',
        'This request comes from a page of another site. Open the dashboard itself, or call the API from a program.',
      )
    if (access === 'open') return null
    const who = await whoIs(request)
    if (!who.ok) {
      const headers = { 'www-authenticate': 'Bearer realm="jax-execution"' }
      if (who.error.why === 'none') return problem('UNAUTHENTICATED', who.error.text, { headers })
      const wait = failures.wait(request.ip, monotonic())
      failures.failed(request.ip, monotonic())
      request.told = true
      const line = { address: request.ip, route: request.routeOptions.url, why: who.error.why, retryAfter: wait }
      strangers('credential', (more) => api.log.warn({ ...line, ...more }, 'credential refused'))
      return wait > 0 ? tooMany(wait) : problem('UNAUTHENTICATED', who.error.text, { headers })
    }
    const caller = (request.caller = who.value)
    if (caller.session?.cookie) api.used(caller.session.hash, plusMs(api.clock.now(), -awayMs(request)))
    const scope = refuseScope(access, request.routeOptions.url, caller, request)
    if (scope) return scope
    if (caller.session?.cookie && isWrite(request)) {
      if (!same(String(request.headers['x-jax-csrf'] ?? ''), caller.session.csrf))
        return problem('CSRF', 'Send the header X-Jax-CSRF with the value of `csrf` from GET /v1/me.')
      if (request.headers.origin === undefined)
        return problem(
          'CROSS_ORIGIN',
          'A change through the cookie session needs the Origin header that browsers send.',
        )
    }
    return null
  }

  function refuseScope(
    access: Access | undefined,
    asked: string | undefined,
    caller: Caller,
    request: FastifyRequest,
  ): Answer | null {
    if (access !== undefined && allowed(access, caller)) return null
    api.log.warn(
      {
        address: request.ip,
        route: asked,
        method: request.method,
        caller: caller.id,
        kind: caller.kind,
        needs: access,
      },
      'scope missing',
    )
    const needs = Array.isArray(access) ? access.join(' or ') : 'access'
    return problem(
      'FORBIDDEN',
      `${caller.name} may not do this: it needs ${needs}.${caller.kind === 'agent' ? ' A token gets no more than it was made with, and some things are for people only.' : ' Ask an admin for the role.'}`,
    )
  }

  function isForeign(request: FastifyRequest): boolean {
    const { origin, host } = request.headers
    const site = request.headers['sec-fetch-site']
    if (typeof site === 'string' && site !== 'same-origin' && site !== 'none') return true
    // The emergency page is reached on this machine itself, never through the proxy that has the certificate.
    const isHttps = api.served.https && pathOf(request.url) !== EMERGENCY_HALT
    return origin !== undefined && origin !== `${isHttps ? 'https' : 'http'}://${host ?? ''}`
  }

  // --- bodies

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    const body = readBody(bytes as Buffer)
    if (body.ok) done(null, body.value)
    else done(new Interrupt(body.error))
  })

  // --- routes

  const service: Route[] = [
    route({
      name: 'getMetrics',
      method: 'GET',
      path: '/metrics',
      access: 'open',
      tag: 'Service',
      summary: 'Measures for Prometheus',
      description: 'Counts and times alone: no symbol, amount or name.',
      answers: { 200: { description: 'Prometheus text format.', schema: null, type: 'text/plain' } },
      run: async () => ({ status: 200, body: await measures.text(), type: measures.contentType }),
    }),
    route({
      name: 'getOpenapi',
      method: 'GET',
      path: '/openapi.json',
      access: 'open',
      tag: 'Service',
      summary: 'This API as OpenAPI 3.1',
      answers: { 200: { description: 'The document.', schema: null, type: 'application/json' } },
      run: async () => ({ status: 200, body: document }),
    }),
    route({
      name: 'getReference',
      method: 'GET',
      path: '/docs',
      access: 'open',
      tag: 'Service',
      summary: 'This API as a page to read',
      answers: { 200: { description: 'The page.', schema: null, type: 'text/html' } },
      run: async (_api, { request }) => ({
        status: 200,
        body: referencePage(table, { version: api.version, base: `${request.protocol}://${request.headers.host}` }),
        type: 'text/html; charset=utf-8',
      }),
    }),
    route({
      name: 'getReferenceStyle',
      method: 'GET',
      path: '/docs/style.css',
      access: 'open',
      tag: 'Service',
      summary: 'The style of that page',
      answers: { 200: { description: 'CSS.', schema: null, type: 'text/css' } },
      run: async () => ({ status: 200, body: REFERENCE_STYLE, type: 'text/css; charset=utf-8' }),
    }),
    mcpRoute(api.version, (request, reply, caller) => async (one, parts) => {
      const no = refuseScope(one.access, one.path, caller, request)
      if (no) return no
      try {
        return (await answered(one, request, reply, parts, caller)) ?? TAKEN_OVER
      } catch (fault) {
        return faultAnswer(fault, request)
      }
    }),
  ]
  mountChannels(app, api, deps.channels ?? [], strangers)
  if (deps.emergency) mountEmergency(app, api, deps.emergency)
  const table = [...ROUTES, ...service]
  const document = openapi(table, { version: api.version, sessionCookie: SESSION_COOKIE(api.served.https) })
  for (const one of table) mount(one)

  function mount(one: Route): void {
    app.route({
      method: one.method,
      url: one.path,
      config: { access: one.access },
      exposeHeadRoute: one.method === 'GET' && one.name !== 'followEvents',
      handler: async (request, reply) => {
        const { params, query, body, caller } = request
        const answer = await answered(one, request, reply, { params, query, body }, caller)
        return answer === null ? reply : send(reply, answer, request.method)
      },
    })
  }

  async function answered(
    one: Route,
    request: FastifyRequest,
    reply: FastifyReply,
    asked: Parts,
    caller: Caller,
  ): Promise<Answer | null> {
    const parts = readRequest(one, asked)
    if (!parts.ok) return parts.error
    const stillAllowed = async (): Promise<boolean> => {
      const who = await whoIs(request)
      return who.ok && allowed(one.access, who.value)
    }
    const run = (): Promise<Answer | null> =>
      one.run(api, { ...parts.value, caller, now: api.clock.now(), request, reply, stillAllowed })
    if (one.name === 'signIn') return signIn(request, run)
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string' || !remembers(one)) return run()
    if (!/^[\x21-\x7e]{1,200}$/.test(key))
      return problem('INVALID_REQUEST', 'Idempotency-Key must be 1 to 200 printable characters without blanks.')
    return remember(`${caller.id} ${key}`, `${one.method} ${request.url} ${JSON.stringify(request.body ?? null)}`, run)
  }

  /** Codes are short enough to be guessed at, so here a failure slows down everybody at that address, the right code included. */
  async function signIn(request: FastifyRequest, run: () => Promise<Answer | null>): Promise<Answer | null> {
    const wait = failures.wait(request.ip, monotonic())
    if (wait > 0) return tooMany(wait)
    const answer = await run()
    if (answer && answer.status >= 400 && answer.status < 500) {
      failures.failed(request.ip, monotonic())
      request.told = true
      strangers('sign-in', (more) => api.log.warn({ address: request.ip, ...more }, 'sign-in refused'))
    }
    return answer
  }

  // --- what is at no route: the dashboard's files, and errors that say what would be there

  function unrouted(request: FastifyRequest): Answer {
    const path = pathOf(request.url)
    const reads = request.method === 'GET' || request.method === 'HEAD'
    const known = table.filter((one) => matches(one.path, path)).map((one) => one.method)
    if (known.length > 0)
      return problem('METHOD_NOT_ALLOWED', `${path} knows ${known.join(', ')}, not ${request.method}.`, {
        headers: { allow: known.join(', ') },
      })
    const asset = reads ? api.web.get(path) : undefined
    if (asset) return file(asset, path)
    const page = api.web.get('/index.html')
    if (reads && page && isPage(request) && !/^\/(v1|channels|\.well-known)\//.test(path) && !/\.\w+$/.test(path))
      return file(page, '/index.html')
    return problem(
      'NOT_FOUND',
      `There is nothing at ${path.slice(0, 200)}. The addresses of the API are listed at /docs.`,
    )
  }
  // Answered in the first hook already; this one is for what fastify itself sends here.
  app.setNotFoundHandler((request, reply) => send(reply, unrouted(request), request.method))

  // --- faults

  app.setErrorHandler((fault: unknown, request, reply) => send(reply, faultAnswer(fault, request), request.method))

  function faultAnswer(fault: unknown, request: FastifyRequest): Answer {
    if (fault instanceof Interrupt) return fault.answer
    const { code, message } = fault as { code?: unknown; message?: unknown }
    const known = typeof code === 'string' ? FAULTS[code] : undefined
    if (known) return known(String(message), api)
    if (typeof code === 'string' && (code.startsWith('STORE_') || code.startsWith('DESK_'))) {
      api.log.error({ code, fault: String(message) }, 'the store cannot be used')
      return unavailable(
        'STORE_UNAVAILABLE',
        'The database cannot be used now. Nothing was recorded: repeat the same request later. An operator finds the cause in the log.',
      )
    }
    const reference = base32(api.random(8), 12)
    api.log.error(
      {
        reference,
        route: request.routeOptions.url,
        code,
        fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
      },
      'internal fault',
    )
    return problem(
      'INTERNAL',
      `Something broke in the gateway. Whether the request was carried out is not known: look before you repeat it. Reference ${reference}.`,
    )
  }

  app.addHook('preClose', async () => {
    // Streams never end by themselves, and a server does not close before its answers have.
    closing.abort()
    await Promise.allSettled(api.streams.keys())
  })
  return app
}

/** `localhost` of `localhost:8080`, `[::1]` of `[::1]:8080`; null when it is none. */
function hostName(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(header ?? '')
  return match?.[1]?.toLowerCase() ?? null
}

/** The value of one cookie, as it came; what it may look like is checked where it is used. */
const cookieOf = (header: string | undefined, name: string): string | undefined =>
  header
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)

/** How long nobody has touched the page that asks: what it reads by itself is no use of its session. */
function awayMs({ headers }: FastifyRequest): number {
  const said = headers['x-jax-away']
  return typeof said === 'string' && /^\d{1,7}$/.test(said) ? Number(said) * 1000 : 0
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url
const isWrite = (request: FastifyRequest): boolean => request.method !== 'GET' && request.method !== 'HEAD'
/** A browser that opens an address, not a script that calls one. */
const isPage = (request: FastifyRequest): boolean => request.method === 'GET' && !pathOf(request.url).startsWith('/v1/')
const matches = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`).test(path)

const tooMany = (seconds: number): Answer =>
  problem('TOO_MANY_ATTEMPTS', `Too many failed attempts from this address. Wait ${seconds} s, then try again.`, {
    headers: { 'retry-after': String(seconds) },
  })
/** Of a handler that keeps the connection for itself; no tool asks for one. */
const TAKEN_OVER = problem('INTERNAL', 'This is no answer to a question; it is a stream.')
const unavailable = (code: ProblemCode, detail: string): Answer =>
  problem(code, detail, { headers: { 'retry-after': '5' } })

/** Vite names files by their content, so those never change; every other is asked for anew. */
const file = ({ body, type }: Asset, path: string): Answer => ({
  status: 200,
  body,
  type,
  headers: { 'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' },
})

/** What fastify and the store throw, by code. */
const FAULTS: Readonly<Record<string, ((message: string, api: Api) => Answer) | undefined>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (_, { limits }) =>
    problem(
      'BODY_TOO_LARGE',
      `At most ${limits.bodyBytes / 1024} KiB are read. A signal needs less than 4 KiB: shorten its reasoning.`,
    ),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, with the header Content-Type: application/json.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => problem('BAD_URL', 'The body is not as long as Content-Length says.'),
  BAD_CURSOR: (message) =>
    problem('BAD_CURSOR', `${message.charAt(0).toUpperCase()}${message.slice(1)}.`, {
      errors: [{ path: 'query.after', message }],
    }),
  STORE_FULL: () =>
    unavailable(
      'STORE_FULL',
      'The disk of the gateway is full. Nothing was recorded: free space, then repeat the same request.',
    ),
}

function send(reply: FastifyReply, answer: Answer, method: string): FastifyReply {
  const { status, body, type, headers } = answer
  reply.code(status)
  if (headers) reply.headers(headers)
  if (body === undefined) return reply.send()
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  reply.type(type ?? (raw ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'))
  return reply.send(
    method === 'HEAD'
      ? ''
      : bytes instanceof Uint8Array
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : bytes,
  )
}

/** For what is not even HTTP, so that no reply object exists. */
function rawAnswer(code: string | undefined): string {
  const { status, body } =
    code === 'HPE_HEADER_OVERFLOW'
      ? problem('HEADERS_TOO_LARGE', 'The headers are larger than 16 KiB.')
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? problem('REQUEST_TIMEOUT', 'The request did not arrive in time.')
        : problem('BAD_URL', 'This is not an HTTP request that can be read.')
  const text = JSON.stringify(body)
  return `HTTP/1.1 ${status} Error\r\nContent-Type: ${PROBLEM_JSON}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`
}
