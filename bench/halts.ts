// How long a halt takes: until nothing more is sent, and until every working order is proven to be gone at the broker. The
// gateway's own desk, worker and Alpaca adapter, with the simulated Alpaca at the other end of the wire.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { openAlpaca } from '../src/brokers/alpaca/client.ts'
import { endpointsOf } from '../src/brokers/alpaca/hosts.ts'
import type { Setting } from '../src/desk/command.ts'
import type { Desk } from '../src/desk/desk.ts'
import type { Actor } from '../src/journal/row.ts'
import { systemClock } from '../src/main/clock.ts'
import { deskProxy } from '../src/main/desk-proxy.ts'
import type { DeskThreadData } from '../src/main/desk-thread.ts'
import { handMarket } from '../src/markets/hand.ts'
import { INSTRUMENTS } from '../src/markets/listing.ts'
import { type AlpacaSimulator, startAlpacaSimulator } from '../src/simulators/alpaca/server.ts'
import { openReads } from '../src/store/sqlite.ts'
import type { AccountID, IntentID } from '../src/values/brand.ts'
import { amt, dec, px } from '../src/values/decimal.ts'
import { sha256Hex } from '../src/values/hash.ts'
import { plusMs } from '../src/values/instant.ts'
import { createWorker } from '../src/worker/worker.ts'
import { SETTING } from './gateway.ts'
import { type BenchRow, quantile } from './measure.ts'

/** Many small runs for the tail, and a few large ones for the size that is asked for. */
const SIZES = [
  { orders: 50, runs: 20 },
  { orders: 500, runs: 3 },
] as const
/** With the broker's real limit on both sides. More would take as much longer as they are more. */
const HELD = 100
const ACCOUNT = 'paper:alpaca:main' as AccountID
export const KEYS = { keyID: 'PKBENCH', secretKey: 'a-secret-of-the-bench' }
/** Of an ordinary account at Alpaca. All runs but one are not held to it: it alone would be what they measure. */
export const REAL_PER_MINUTE = 200
const UNHELD_PER_MINUTE = 1_000_000
const HOUR_MS = 3_600_000
const HANDS = 8

/** `cancels` and `asks`: requests from the halt to its proof, those to cancel and all of them. */
type Halted = {
  readonly noFurtherSendMs: number
  readonly provenMs: number
  readonly bareMs: number
  readonly cancels: number
  readonly asks: number
}

/** The 95th percentile of a few runs is the slowest of them; it says of how many. */
export const p95Of = (runs: readonly unknown[]): string => `p95 of ${runs.length} runs`

export async function haltRows(say: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const { orders, runs: count } of SIZES) {
    const runs: Halted[] = []
    for (let i = 1; i <= count; i++) {
      const run = await once(orders, UNHELD_PER_MINUTE)
      say(
        `${orders} orders, run ${i} of ${count}: ${run.noFurtherSendMs.toFixed(1)} ms, ${run.provenMs.toFixed(0)} ms beside ${run.bareMs.toFixed(0)} ms, ${run.asks} requests`,
      )
      runs.push(run)
    }
    rows.push(...rowsOf(`${orders} orders`, runs))
  }
  const held = await once(HELD, REAL_PER_MINUTE)
  say(`held to the limit: ${held.provenMs.toFixed(0)} ms, ${held.cancels} cancels of ${held.asks} requests`)
  // The allowance is used up by laying the orders: each cancel has to wait for its own share of a minute.
  const floorS = (HELD / REAL_PER_MINUTE) * 60
  const heldS = held.provenMs / 1000
  rows.push({
    work: `halt → ${HELD} proven canceled, one run held to the limit`,
    beside: `${REAL_PER_MINUTE} requests a minute`,
    measured: `${heldS.toFixed(1)} s`,
    base: `${floorS.toFixed(0)} s`,
    ratio: (heldS / floorS).toFixed(2),
    target: '≤ 1.2',
    met: heldS / floorS <= 1.2,
  })
  return rows
}

export type Timed = Pick<Halted, 'noFurtherSendMs' | 'provenMs' | 'bareMs'>

/** How long it took until the last order came in at the broker, and until the proof: the latter beside bare requests. */
export function rowsOf(what: string, runs: readonly Timed[], atMost: number | null = 10): BenchRow[] {
  const of = (figure: keyof Timed, q: number): number =>
    quantile(
      runs.map((run) => run[figure]),
      q,
    )
  const stopped = of('noFurtherSendMs', 0.95)
  const [measured, base] = [of('provenMs', 0.95), of('bareMs', 0.95)]
  return [
    {
      work: `${what}: halt → last order at the broker, ${p95Of(runs)}`,
      beside: 'one second',
      measured: `${stopped.toFixed(1)} ms`,
      base: '1000 ms',
      ratio: (stopped / 1000).toFixed(3),
      target: '≤ 1',
      met: stopped <= 1000,
    },
    {
      work: `${what}: halt → proven canceled, ${p95Of(runs)}`,
      beside: 'as many bare requests',
      measured: `${(measured / 1000).toFixed(2)} s`,
      base: `${(base / 1000).toFixed(2)} s`,
      ratio: (measured / base).toFixed(1),
      target: atMost === null ? '—' : `≤ ${atMost}`,
      met: atMost === null || measured / base <= atMost,
    },
  ]
}

async function once(orders: number, perMinute: number): Promise<Halted> {
  const dir = mkdtempSync(join(tmpdir(), 'jax-halts-'))
  const clock = systemClock()
  const market = handMarket(INSTRUMENTS)
  const symbols = [...INSTRUMENTS.values()].filter(
    (one) => one.assetClass === 'us_equity' && !one.symbol.startsWith('SIM.'),
  )
  const show = (): void => {
    for (const { symbol } of symbols) market.set(symbol, { bid: px('99.99'), ask: px('100.01') }, clock.now())
  }
  show()
  const ticking = setInterval(show, 500)
  const wire: Wire = { lastOrderAt: 0, orders: 0, cancels: 0, asks: 0 }
  const broker = (onRequest: (what: string) => void): Promise<AlpacaSimulator> =>
    startAlpacaSimulator({
      market,
      clock,
      initialCash: amt('10000000'),
      keys: KEYS,
      seed: 7,
      requestsPerMinute: perMinute,
      onRequest,
    })
  const simulator = await broker((what) => heard(wire, what))
  try {
    // At a broker of their own: the gateway would take them for orders of other hands, and look after them.
    const other = await broker(() => {})
    const bareMs = perMinute === UNHELD_PER_MINUTE ? await bare(other, orders) : Number.NaN
    await other.close()
    const names = symbols.map(({ symbol }) => symbol)
    return { ...(await gatewayHalts(join(dir, 'halts.db'), simulator, names, wire, orders, perMinute)), bareMs }
  } finally {
    clearInterval(ticking)
    await simulator.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** What came in at the broker's end of the wire. */
export type Wire = { lastOrderAt: number; orders: number; cancels: number; asks: number }
export function heard(wire: Wire, what: string): void {
  wire.asks++
  if (what.startsWith('DELETE /v2/orders')) wire.cancels++
  if (what !== 'POST /v2/orders') return
  wire.orders++
  wire.lastOrderAt = performance.now()
}

const asked = (simulator: AlpacaSimulator, method: string, path: string, body?: object): Promise<Response> =>
  fetch(simulator.url + path, {
    method,
    headers: { 'APCA-API-KEY-ID': KEYS.keyID, 'APCA-API-SECRET-KEY': KEYS.secretKey },
    ...(body && { body: JSON.stringify(body) }),
  })
async function byHands<T>(items: readonly T[], hands: number, task: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items]
  const hand = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await task(item)
  }
  await Promise.all(Array.from({ length: hands }, hand))
}

/** As many orders, laid and canceled by bare requests: what the wire and the simulator take for themselves. */
export async function bare(simulator: AlpacaSimulator, orders: number): Promise<number> {
  const ids: string[] = []
  await byHands([...Array(orders).keys()], 32, async () => {
    const body = { symbol: 'AAPL', qty: '1', side: 'buy', type: 'limit', time_in_force: 'day', limit_price: '99.00' }
    const made = (await (await asked(simulator, 'POST', '/v2/orders', body)).json()) as { id: string }
    ids.push(made.id)
  })
  const start = performance.now()
  await byHands(ids, 32, async (id) => (await asked(simulator, 'DELETE', `/v2/orders/${id}`)).arrayBuffer())
  return performance.now() - start
}

async function gatewayHalts(
  file: string,
  simulator: AlpacaSimulator,
  symbols: readonly string[],
  wire: Wire,
  orders: number,
  perMinute: number,
): Promise<Omit<Halted, 'bareMs'>> {
  const clock = systemClock()
  const endpoints = endpointsOf('paper', simulator.url)
  if (!endpoints.ok) throw new Error(endpoints.error)
  const alpaca = await openAlpaca({
    account: ACCOUNT,
    environment: 'paper',
    keys: KEYS,
    endpoints: endpoints.value,
    clock,
    random: Math.random,
    requestsPerMinute: perMinute,
    log: () => {},
  })
  const setting: Setting = {
    ...SETTING,
    account: ACCOUNT,
    capabilities: alpaca.capabilities,
    policy: { ...SETTING.policy, broker: 'alpaca', riskPerTrade: dec('0.00001') },
  }
  const { privateKey } = generateKeyPairSync('ed25519')
  const data: DeskThreadData = {
    file,
    boot: randomUUID(),
    clock: { kind: 'system' },
    setting,
    anchored: null,
    sealing: { anchorsFile: `${file}.anchors`, keyPem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) },
  }
  const proxy = await deskProxy(
    new Worker(new URL('../src/main/desk-thread.ts', import.meta.url), { workerData: data }),
  )
  const { desk } = proxy
  const reads = openReads(file)
  const worker = createWorker(
    { desk, reads, broker: alpaca, clock, random: Math.random, haltFile: () => false, log: () => {} },
    'bench',
  )
  const stop = new AbortController()
  proxy.onWork((sends) => worker.wake(sends))
  const ana = await signIn(desk)
  await desk.recover()
  const running = worker.run(stop.signal)
  let n = 0
  let isOver = false
  const lay = async (): Promise<void> => {
    const id = `halt-${String(n++).padStart(6, '0')}` as IntentID
    await propose(desk, id, symbols[n % symbols.length] ?? 'AAPL')
    for (;;) {
      const intent = await reads.get('intent', id)
      if (intent?.state === 'Refused') throw new Error(JSON.stringify(intent.refusals))
      if (intent?.digest) {
        await desk.approve({ intentID: id, digest: intent.digest, reason: null, actor: ana })
        break
      }
      if (isOver) return
      await delay(2)
    }
    while (!isOver) {
      const clOrdID = (await reads.get('intent', id))?.clOrdID
      const order = clOrdID ? await reads.get('order', clOrdID) : null
      if (order?.delivery === 'Delivered') return
      await delay(2)
    }
  }
  try {
    await byHands([...Array(orders).keys()], HANDS, lay)
    // Work goes on while it is halted: what is measured is the last order that leaves, and not that none was on its way.
    let halting = true
    const others = Array.from({ length: HANDS }, async () => {
      while (halting) await Promise.all([lay().catch(() => {}), delay(isOver ? 250 : 20)])
    })
    const before = wire.orders
    for (let waited = 0; wire.orders === before; waited += 100) {
      if (waited > 60_000) throw new Error('nothing was on its way when it was halted: the run would show nothing')
      await delay(100)
    }
    const { cancels, asks } = wire
    const start = performance.now()
    await desk.halt({ reason: 'the bench', actor: ana })
    isOver = true
    for (;;) {
      const open = (await reads.openOrders(ACCOUNT)).filter(({ role }) => role === 'Entry')
      if (open.length === 0 && stillOpen(simulator) === 0) break
      await delay(5)
    }
    const provenMs = performance.now() - start
    halting = false
    await Promise.all(others)
    return {
      noFurtherSendMs: Math.max(0, wire.lastOrderAt - start),
      provenMs,
      cancels: wire.cancels - cancels,
      asks: wire.asks - asks,
    }
  } finally {
    stop.abort()
    worker.wake()
    await running
    reads.close()
    await proxy.close()
    await alpaca.close()
  }
}

/** By the broker's own book, past the wire: a look takes nothing of its limit. */
const OVER: ReadonlySet<string> = new Set(['filled', 'canceled', 'rejected', 'expired', 'replaced'])
export const stillOpen = (simulator: AlpacaSimulator): number =>
  simulator.truth().orders.filter(({ side, status }) => side === 'buy' && !OVER.has(status)).length

async function signIn(desk: Desk): Promise<Actor> {
  const code = randomBytes(16).toString('hex')
  const start: Actor = { type: 'system', id: 'bench', via: 'start', session: null }
  const expiresAt = plusMs(systemClock().now(), HOUR_MS)
  await desk.issueCode({ hash: sha256Hex(code), expiresAt, actor: start })
  const opened = await desk.redeemCode({
    codeHash: sha256Hex(code),
    name: 'Ana',
    roles: ['approver'],
    sessionHash: sha256Hex(`${code}s`),
    csrf: 'bench',
    via: 'web',
    expiresAt,
    actor: start,
  })
  if (!opened.ok) throw new Error(opened.error.text)
  return { type: 'person', id: opened.value.personID, via: 'web', session: null }
}

async function propose(desk: Desk, intentID: IntentID, symbol: string): Promise<void> {
  const now = systemClock().now()
  await desk.submit({
    proposal: {
      intentID,
      form: 'Signal',
      symbol,
      side: 'Buy',
      entryPx: px('99.00'),
      stopPx: px('90.00'),
      targetPx: px('120.00'),
      orderQty: null,
      ordType: 'Limit',
      timeInForce: 'Day',
      strategyID: 'bench',
      confidence: null,
      reasoning: 'To be canceled.',
      generatedAt: now,
      expiresAt: plusMs(now, HOUR_MS),
      artifactID: null,
      artifactHash: null,
    },
    body: { id: intentID },
    actor: { type: 'agent', id: 'bench', via: 'http', session: null },
    owner: null,
  })
}
