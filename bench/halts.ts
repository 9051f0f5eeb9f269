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
import type { Broker } from '../src/ports/broker.ts'
import { type AlpacaSimulator, startAlpacaSimulator } from '../src/simulators/alpaca/server.ts'
import { openReads } from '../src/store/sqlite.ts'
import type { AccountID, IntentID } from '../src/values/brand.ts'
import { amt, dec, px } from '../src/values/decimal.ts'
import { sha256Hex } from '../src/values/hash.ts'
import { plusMs } from '../src/values/instant.ts'
import { createWorker } from '../src/worker/worker.ts'
import { SETTING } from './gateway.ts'
import { type BenchRow, quantile } from './measure.ts'

const ORDERS = 500
const RUNS = 6
const ACCOUNT = 'paper:alpaca:main' as AccountID
const KEYS = { keyID: 'PKBENCH', secretKey: 'a-secret-of-the-bench' }
/** Of an ordinary account at Alpaca. The runs are not held to it: it alone would be what they measure. */
const REAL_PER_MINUTE = 200
const UNHELD_PER_MINUTE = 1_000_000
const HOUR_MS = 3_600_000
const HANDS = 8

type Halted = { readonly noFurtherSendMs: number; readonly provenMs: number; readonly bareMs: number }

export async function haltRows(say: (line: string) => void): Promise<BenchRow[]> {
  const runs: Halted[] = []
  for (let i = 1; i <= RUNS; i++) {
    const run = await once()
    say(
      `run ${i} of ${RUNS}: ${run.noFurtherSendMs.toFixed(1)} ms, ${run.provenMs.toFixed(0)} ms beside ${run.bareMs.toFixed(0)} ms`,
    )
    runs.push(run)
  }
  const of = (figure: keyof Halted, q: number): number =>
    quantile(
      runs.map((run) => run[figure]),
      q,
    )
  const row = (work: string, q: number): BenchRow => {
    const [measured, base] = [of('provenMs', q), of('bareMs', q)]
    return {
      work,
      beside: `${ORDERS} bare requests`,
      measured: `${(measured / 1000).toFixed(2)} s`,
      base: `${(base / 1000).toFixed(2)} s`,
      ratio: (measured / base).toFixed(2),
      target: '≤ 10',
      met: measured / base <= 10,
    }
  }
  const floorS = (ORDERS / REAL_PER_MINUTE) * 60
  const stopped = of('noFurtherSendMs', 0.95)
  return [
    {
      work: 'halt → no further send, p95',
      beside: 'one second',
      measured: `${stopped.toFixed(1)} ms`,
      base: '1000 ms',
      ratio: (stopped / 1000).toFixed(3),
      target: '≤ 1',
      met: stopped <= 1000,
    },
    row(`halt → ${ORDERS} proven canceled, p50`, 0.5),
    row(`halt → ${ORDERS} proven canceled, p95`, 0.95),
    {
      work: 'the same, p95',
      beside: `${REAL_PER_MINUTE} requests a minute`,
      measured: `${(of('provenMs', 0.95) / 1000).toFixed(2)} s`,
      base: `${floorS.toFixed(0)} s`,
      ratio: (of('provenMs', 0.95) / 1000 / floorS).toFixed(3),
      target: '≤ 1',
      met: of('provenMs', 0.95) / 1000 <= floorS,
    },
  ]
}

async function once(): Promise<Halted> {
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
  const simulator = await startAlpacaSimulator({
    market,
    clock,
    initialCash: amt('10000000'),
    keys: KEYS,
    seed: 7,
    requestsPerMinute: UNHELD_PER_MINUTE,
  })
  try {
    const bareMs = await bare(simulator)
    return {
      ...(await gatewayHalts(
        join(dir, 'halts.db'),
        simulator,
        symbols.map(({ symbol }) => symbol),
      )),
      bareMs,
    }
  } finally {
    clearInterval(ticking)
    await simulator.close()
    rmSync(dir, { recursive: true, force: true })
  }
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
async function bare(simulator: AlpacaSimulator): Promise<number> {
  const ids: string[] = []
  await byHands([...Array(ORDERS).keys()], 32, async () => {
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
    requestsPerMinute: UNHELD_PER_MINUTE,
    log: () => {},
  })
  let lastSendAt = 0
  let sent = 0
  const broker: Broker = {
    ...alpaca,
    account: alpaca.account,
    submit: (clOrdID, order, mayGo) =>
      alpaca.submit(clOrdID, order, async (outgoing) => {
        const may = (await mayGo?.(outgoing)) ?? true
        if (may) {
          lastSendAt = performance.now()
          sent++
        }
        return may
      }),
  }
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
    { desk, reads, broker, clock, random: Math.random, haltFile: () => false, log: () => {} },
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
    await byHands([...Array(ORDERS).keys()], HANDS, lay)
    // Work goes on while it is halted: what is measured is the last order that leaves, and not that none was on its way.
    let halting = true
    const others = Array.from({ length: HANDS }, async () => {
      while (halting) await Promise.all([lay().catch(() => {}), delay(20)])
    })
    const before = sent
    await delay(500)
    if (sent === before) throw new Error('nothing was on its way when it was halted: the run would show nothing')
    const start = performance.now()
    await desk.halt({ reason: 'the bench', actor: ana })
    isOver = true
    for (;;) {
      const open = (await reads.openOrders(ACCOUNT)).filter(({ role }) => role === 'Entry')
      const left = open.length === 0 ? await stillOpen(simulator) : 1
      if (left === 0) break
      await delay(5)
    }
    const provenMs = performance.now() - start
    halting = false
    await Promise.all(others)
    return { noFurtherSendMs: Math.max(0, lastSendAt - start), provenMs }
  } finally {
    stop.abort()
    worker.wake()
    await running
    reads.close()
    await proxy.close()
    await alpaca.close()
  }
}

/** By the broker's own list. */
async function stillOpen(simulator: AlpacaSimulator): Promise<number> {
  const open = (await (await asked(simulator, 'GET', '/v2/orders?status=open&limit=500')).json()) as unknown[]
  return open.length
}

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
