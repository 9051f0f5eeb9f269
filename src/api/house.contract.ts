import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { openDesk } from '../desk/open.ts'
import type { Desk } from '../desk/desk.ts'
import type { Limiting } from '../desk/limiting.ts'
import type { Rolling } from '../desk/promoting.ts'
import { AAPL, ACCOUNT, MARKET, NOW, POLICY } from '../gate/example.ts'
import type { Actor } from '../journal/row.ts'
import type { Report } from '../orders/report.ts'
import type { Clock } from '../ports/clock.ts'
import type { PersonRole } from '../ports/records.ts'
import type { Reads, Store } from '../ports/store.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { AccountID, ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { sha256Hex } from '../values/hash.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { mintCode, mintSession, mintToken, type Scope } from './access.ts'
import { createApi } from './api.ts'
import type { ApiDeps } from './context.ts'
import { problemSchema } from './schema.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'
import { problemsOf, type Route } from './route.ts'
import { ROUTES } from './routes.ts'
import type * as wire from './wire.ts'

// A whole house behind the API: the real desk on a real ledger in memory, and a hand that plays worker and broker.

export const ORIGIN = 'http://localhost:4810'
const ADMIN: Actor = { type: 'system', id: 'test', via: 'start', session: null }

/** A caller: what to send to be them. */
export type As = { readonly headers: Readonly<Record<string, string>>; readonly id: string }
export type Ask = {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH' | 'OPTIONS' | 'HEAD'
  readonly url: string
  readonly as?: As | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The house was given a fault to show. */
  readonly faulty?: boolean
}

export type House = {
  readonly app: FastifyInstance
  readonly desk: Desk
  readonly store: Store
  readonly logged: { readonly level: string; readonly fields: object; readonly text: string }[]
  /** Longest wait of the house, in milliseconds of the test's time. */
  readonly patience: { ms: number }
  readonly now: () => Instant
  /** Moves the clock and reads the market and the account anew. */
  advance(ms: number): Promise<void>
  facts(symbol?: string): Promise<void>
  token(
    name: string,
    scopes: readonly Scope[],
    change?: { readonly expiresAt?: Instant; readonly owner?: string | null },
  ): Promise<As>
  person(name: string, roles: readonly PersonRole[], via: 'web' | 'cli'): Promise<As>
  /** Sends a request and holds its answer to the documentation. */
  ask(ask: Ask): Promise<LightMyRequestResponse>
  /** The worker sends what is approved, the broker takes it; answers its ClOrdID. */
  send(): Promise<ClOrdID>
  report(clOrdID: ClOrdID, report: Partial<Report> & Pick<Report, 'execType'>): Promise<void>
  close(): Promise<void>
}

export async function openHouse(
  change: Partial<ApiDeps> & {
    readonly readsOf?: (store: Store) => Reads
    readonly deskOf?: (desk: Desk) => Desk
    readonly limiting?: Limiting
    readonly rolling?: Rolling
  } = {},
): Promise<House> {
  let now: Instant = NOW
  let execs = 0
  const patience = { ms: 40 }
  const clock: Clock = {
    now: () => now,
    monotonicNs: () => process.hrtime.bigint(),
    // Nobody works in this house unless a test does: waiting for somebody is cut short.
    sleep: (ms, signal) => delay(Math.min(ms, patience.ms), undefined, signal ? { signal } : {}).catch(() => {}),
  }
  const store = await openSqliteStore({ file: ':memory:', clock, boot: 'test' })
  const listeners = new Set<(seq: number) => void>()
  const told: Store = Object.assign(Object.create(store) as Store, {
    async transact<T>(run: Parameters<Store['transact']>[0]) {
      const result = (await store.transact(run)) as T
      const { size } = await store.head()
      for (const listener of listeners) listener(size - 1)
      return result
    },
  })
  const environment = change.environment ?? 'paper'
  const account = { ...ACCOUNT, account: `${environment}:sim:main` as AccountID }
  const policy = { ...POLICY, environment }
  const capabilities = {
    assetClasses: ['us_equity', 'fx'],
    ordTypes: ['Market', 'Limit', 'Stop'],
    timeInForce: ['Day', 'GTC'],
    bracket: true,
    oneCancelsOther: true,
    idempotentSubmit: true,
    cancelAll: true,
    replace: true,
    reservesOpenOrders: true,
    absenceProvenAfterMs: 1000,
  } as const
  const desk = openDesk(
    told,
    {
      account: account.account,
      policy,
      ...(change.limiting && { limiting: change.limiting }),
      ...(change.rolling && { rolling: change.rolling }),
      capabilities,
      speed: 1,
      version: 'test',
      build: 'test',
    },
    () => now,
    async () => {},
  )
  const logged: House['logged'] = []
  const log = (level: string) => (fields: object, text: string) => void logged.push({ level, fields, text })
  const random = (bytes: number): Uint8Array => randomBytes(bytes)
  const { readsOf, deskOf, limiting, rolling: _, ...deps } = change
  if (limiting) await desk.recover()
  const app = createApi({
    desk: deskOf ? deskOf(desk) : desk,
    reads: readsOf ? readsOf(store) : store,
    clock,
    random,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    account: account.account,
    environment,
    broker: 'sim',
    capabilities,
    version: '1.2.3',
    node: 'v26',
    startedAt: NOW,
    web: new Map([
      ['/index.html', { body: '<!doctype html><title>Jax</title>', type: 'text/html; charset=utf-8' }],
      ['/assets/main-abc.js', { body: 'export {}', type: 'text/javascript; charset=utf-8' }],
    ]),
    served: { https: false, hosts: ['localhost', '127.0.0.1', '[::1]'] },
    signalTerms: { ordType: 'Limit', timeInForce: 'Day' },
    health: () => ({
      notReady: null,
      broker: { connected: true, heardAt: null, stream: null, calls: new Map() },
      speed: 1,
      checkpoint: null,
    }),
    onCommitted: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ...deps,
  })

  const house: House = {
    app,
    desk,
    store,
    logged,
    patience,
    now: () => now,
    async advance(ms) {
      now = plusMs(now, ms)
      await house.facts()
    },
    async facts(symbol = 'AAPL') {
      // Figures count as newer than a trade only when they were read after it.
      now = plusMs(now, 1)
      const quote = { symbol, bid: px('187.49'), ask: px('187.51'), last: px('187.50'), at: now }
      const market = {
        ...MARKET,
        symbol,
        instrument: { ...AAPL, symbol },
        quote,
        session: { open: true, nextOpenAt: null, at: now },
        at: now,
      }
      const positions = (await store.all('position')).map(({ symbol: of, netQty }) => ({ symbol: of, netQty }))
      await desk.recordFacts({
        markets: [market],
        account: { account: { ...account, at: now }, positions, at: now, afterRow: (await store.head()).size },
      })
    },
    async token(name, scopes, { expiresAt = plusMs(NOW, 3_600_000_000), owner = null } = {}) {
      const { secret, token } = mintToken({ environment, name, owner, scopes, now, expiresAt }, random)
      await desk.issueToken({ token, actor: ADMIN })
      return { headers: { authorization: `Bearer ${secret}` }, id: token.tokenID }
    },
    async person(name, roles, via) {
      const { hash: codeHash } = mintCode(random)
      await desk.issueCode({ hash: codeHash, expiresAt: plusMs(now, 60_000), actor: ADMIN })
      const { secret, hash: sessionHash, csrf } = mintSession(random)
      const opened = await desk.redeemCode({
        codeHash,
        name,
        roles,
        sessionHash,
        csrf,
        via,
        expiresAt: plusMs(now, 43_200_000),
        actor: ADMIN,
      })
      assert.ok(opened.ok)
      assert.equal(opened.value.hash, sha256Hex(secret))
      const headers: Record<string, string> =
        via === 'cli'
          ? { authorization: `Bearer ${secret}` }
          : { cookie: `jax_session=${secret}`, 'x-jax-csrf': csrf, origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
      return { headers, id: opened.value.personID }
    },
    async ask({ method = 'GET', url, as, body, headers = {}, faulty = false }) {
      const json = body === undefined ? {} : { 'content-type': 'application/json' }
      const response = await app.inject({
        method,
        url,
        headers: { host: 'localhost:4810', ...json, ...as?.headers, ...headers },
        ...(body === undefined
          ? {}
          : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
      })
      asDocumented(method, url, response)
      if (!faulty)
        assert.ok(response.statusCode < 500, `${method} ${url} ${response.body} ${JSON.stringify(logged.at(-1))}`)
      return response
    },
    async send() {
      const claimed = await desk.claimSend('worker', 10_000, false)
      assert.ok(claimed?.send, 'nothing to send')
      const { send } = claimed
      assert.ok(send.kind === 'single')
      await desk.recordSent(send, { outcome: 'accepted', orderID: `B-${send.clOrdID}` as OrderID, legs: [] })
      return send.clOrdID
    },
    async report(clOrdID, report) {
      const order = await store.get('order', clOrdID)
      const base = {
        execID: `E${++execs}` as ExecID,
        clOrdID,
        orderID: order?.orderID ?? null,
        transactTime: now,
        text: null,
      }
      await desk.applyReports([
        {
          ...base,
          lastQty: qty('1'),
          lastPx: px('187.50'),
          settlCurrFxRate: dec('1'),
          commission: amt('0'),
          ...report,
        } as Report,
      ])
    },
    async close() {
      await app.close()
      await store.close()
    },
  }
  await house.facts()
  return house
}

const pattern = (route: Route): RegExp =>
  new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`)
export const routeOf = (method: string, url: string): Route | undefined =>
  ROUTES.find((route) => route.method === method && pattern(route).test(url.split('?', 1)[0] ?? url))

/** Every answer in every test of the API is held to what the table says: its schema, or a problem the route owns up to. */
export function asDocumented(method: string, url: string, response: LightMyRequestResponse): void {
  const { statusCode } = response
  const what = `${method} ${url.slice(0, 120)} ${statusCode} ${response.body.slice(0, 400)}`
  assert.equal(response.headers['x-content-type-options'], 'nosniff', what)
  assert.ok(response.headers['content-security-policy'], what)
  const route = routeOf(method, url)
  if (statusCode >= 400) {
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/, what)
    const body = problemSchema.parse(response.json()) as wire.Problem
    assert.equal(body.status, statusCode, what)
    assert.ok(body.code in PROBLEMS, what)
    assert.equal(PROBLEMS[body.code as ProblemCode][0], statusCode, what)
    if (route && !BEFORE_ROUTING.has(body.code))
      assert.ok((problemsOf(route) as readonly string[]).includes(body.code), `${what} is not documented`)
    return
  }
  if (!route || /text\/csv/.test(String(response.headers['content-type']))) return
  const documented = route.answers[statusCode]
  assert.ok(documented, `${what} is not documented`)
  if (!documented.schema) return assert.equal(response.body, '', what)
  const parsed = documented.schema.safeParse(response.json())
  assert.ok(parsed.success, `${what}\n${parsed.error?.message}`)
}
/** Told before the route is known, or by what cannot be parsed as a request for it. */
const BEFORE_ROUTING: ReadonlySet<string> = new Set(['BAD_URL', 'METHOD_NOT_ALLOWED', 'NOT_FOUND'])

export const SIGNAL = {
  id: 'sig-1',
  symbol: 'AAPL',
  strategy_id: 'breakout',
  signal_type: 'BUY',
  confidence: 0.72,
  entry_price: 187.5,
  stop_loss: 185,
  take_profit: 192.5,
  reasoning: 'closed above the range',
  generated_at: '2026-11-24T14:59:50Z',
  expires_at: '2026-11-24T16:00:00Z',
}
export const ORDER = {
  id: 'ord-1',
  symbol: 'AAPL',
  strategy_id: 'breakout',
  side: 'buy',
  order_qty: '400',
  ord_type: 'limit',
  limit_price: '187.50',
  stop_loss: '185.00',
  take_profit: '192.50',
  reasoning: 'closed above the range',
  generated_at: '2026-11-24T14:59:50Z',
  expires_at: '2026-11-24T16:00:00Z',
}
export const AGENT: readonly Scope[] = ['intents:write', 'orders:read', 'approvals:read', 'kill:engage']
