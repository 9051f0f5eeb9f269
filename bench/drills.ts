// How long a halt takes when something of ours is broken: the real service and the real command line, with the simulated
// Alpaca at the other end. From the moment of the halt until the last order came in at the broker, and until the command
// says that all is proven canceled.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { apiClient, type Client } from '../src/main/client.ts'
import { systemClock } from '../src/main/clock.ts'
import { handMarket } from '../src/markets/hand.ts'
import { INSTRUMENTS } from '../src/markets/listing.ts'
import { type AlpacaSimulator, startAlpacaSimulator } from '../src/simulators/alpaca/server.ts'
import { amt, px } from '../src/values/decimal.ts'
import { bare, heard, KEYS, REAL_PER_MINUTE, rowsOf, stillOpen, type Timed, type Wire } from './halts.ts'
import { type BenchRow, quantile } from './measure.ts'

const CLI = join(import.meta.dirname, '..', 'src', 'main', 'cli.ts')
/** Entered at the broker by other hands before the service starts; the gateway's own come on top. */
const ORDERS = 50
/** Of the gateway, approved one after the other around the moment of the halt: no more may leave in one minute. */
const OWN = 15
const RUNS = 6
/** What the broker's limit alone makes of them; the runs are not held to it, and what stands beside it comes on top. */
const FLOOR_S = (ORDERS / REAL_PER_MINUTE) * 60
const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'SPY', 'TSLA']

type House = {
  readonly dir: string
  readonly simulator: AlpacaSimulator
  readonly wire: Wire
  readonly stop: () => Promise<void>
}
type Served = House & { readonly child: ChildProcess; readonly person: Client; readonly agent: Client }

type Drill = {
  readonly what: string
  /** Breaks it at the moment of the halt; the answer mends it, so that the run can be cleared away. */
  readonly breaks: (h: Served, other: House | null) => () => void
  readonly two?: true
}
const DRILLS: readonly Drill[] = [
  {
    what: 'service killed',
    breaks: ({ child }) => {
      child.kill('SIGKILL')
      return () => {}
    },
  },
  {
    what: 'service hung',
    breaks: ({ child }) => {
      child.kill('SIGSTOP')
      return () => void child.kill('SIGCONT')
    },
  },
  {
    what: 'database cannot be written',
    breaks: ({ dir }) => {
      const db = new DatabaseSync(join(dir, 'data', 'jax-exec.db'), { timeout: 10_000 })
      db.exec('BEGIN IMMEDIATE')
      return () => db.close()
    },
  },
  {
    what: 'other broker of two unreachable',
    two: true,
    breaks: (_, other) => {
      other?.simulator.fate.on({ method: '*', path: /./, times: 1_000_000, do: { kind: 'drop-before' } })
      return () => {}
    },
  },
]

export async function drillRows(say: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const drill of DRILLS) {
    const runs: Timed[] = []
    for (let i = 1; i <= RUNS; i++) {
      const run = await timed(drill)
      say(
        `${drill.what}, run ${i} of ${RUNS}: ${run.noFurtherSendMs.toFixed(1)} ms, ${run.provenMs.toFixed(0)} ms beside ${run.bareMs.toFixed(0)} ms`,
      )
      runs.push(run)
    }
    // A command is started and looks a second time after two seconds: of so few orders, requests are the least of it.
    rows.push(...rowsOf(drill.what, runs, null))
    rows.push({
      ...rows.at(-1)!,
      work: 'the same',
      beside: `${ORDERS} cancels at ${REAL_PER_MINUTE} a minute`,
      base: `${FLOOR_S} s`,
      ratio: (
        quantile(
          runs.map(({ provenMs }) => provenMs),
          0.95,
        ) /
        1000 /
        FLOOR_S
      ).toFixed(2),
    })
  }
  return rows
}

async function house(root: string, name: string): Promise<House> {
  const dir = join(root, name)
  mkdirSync(dir)
  const clock = systemClock()
  const market = handMarket(INSTRUMENTS)
  const show = (): void => {
    for (const symbol of SYMBOLS) market.set(symbol, { bid: px('99.99'), ask: px('100.01') }, clock.now())
  }
  show()
  const ticking = setInterval(show, 500)
  const wire: Wire = { lastOrderAt: 0, orders: 0, cancels: 0, asks: 0 }
  const simulator = await startAlpacaSimulator({
    market,
    clock,
    initialCash: amt('10000000'),
    keys: KEYS,
    seed: 7,
    requestsPerMinute: 1_000_000,
    onRequest: (what) => heard(wire, what),
  })
  for (const [file, text] of Object.entries(KEYS)) writeFileSync(join(dir, file), text, { mode: 0o600 })
  writeFileSync(
    join(dir, 'jax-exec.yaml'),
    `dataDir: data
listen:
  port: 0
account:
  broker: alpaca
policy:
  riskPerTrade: "0.00001"
  duplicateWindowMs: 0
alpaca:
  url: ${simulator.url}
  keyID: file:keyID
  secretKey: file:secretKey
  requestsPerMinute: 1000
`,
  )
  for (let i = 0; i < ORDERS; i++)
    simulator.fate.externalOrder({
      symbol: SYMBOLS[i % SYMBOLS.length],
      qty: '1',
      side: 'buy',
      type: 'limit',
      limit_price: '10.00',
      time_in_force: 'gtc',
      client_order_id: `web-${name}-${i}`,
    })
  const stop = async (): Promise<void> => {
    clearInterval(ticking)
    await simulator.close()
  }
  return { dir, simulator, wire, stop }
}

function spawned(dir: string, args: readonly string[]): ChildProcess {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    NODE_OPTIONS: '',
    NODE_COMPILE_CACHE: join(tmpdir(), 'jax-bench-cache'),
    JAX_EXEC_CONFIG: join(dir, 'jax-exec.yaml'),
    JAX_EXEC_DATA: '',
  }
  return spawn(process.execPath, [CLI, ...args], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function serve(h: House): Promise<Served> {
  const child = spawned(h.dir, ['serve', '--json'])
  let out = ''
  child.stderr?.resume()
  const { url, setupCode } = await new Promise<{ url: string; setupCode: string }>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.trimEnd().endsWith('}')) resolve(JSON.parse(out) as { url: string; setupCode: string })
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
  })
  const { session } = await apiClient({ url, token: null }).signIn(setupCode, 'ana')
  const token = readFileSync(join(h.dir, 'data', 'agent-token'), 'utf8').trim()
  return { ...h, child, person: apiClient({ url, token: session }), agent: apiClient({ url, token }) }
}

/** Each waits for its yes. @returns what says yes to the next. */
async function proposed(h: Served): Promise<() => Promise<unknown>> {
  const waiting: { readonly id: string; readonly digest: string }[] = []
  for (let i = 0; i < OWN; i++) {
    const id = `own-${i}`
    await h.agent.submit({
      id,
      symbol: SYMBOLS[i % SYMBOLS.length],
      strategy_id: 'bench',
      signal_type: 'BUY',
      confidence: '0.5',
      entry_price: (98 + i / 100).toFixed(2),
      stop_loss: '90.00',
      take_profit: '120.00',
      reasoning: 'To be canceled.',
      generated_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + 600_000).toISOString(),
    })
    for (let digest: string | null = null; digest === null; await delay(10)) {
      const intent = await h.person.intent(id)
      if (intent.state === 'Refused') throw new Error(JSON.stringify(intent))
      digest = intent.digest
      if (digest !== null) waiting.push({ id, digest })
    }
  }
  return async () => {
    const next = waiting.shift()
    if (next) await h.person.approve(next.id, next.digest)
  }
}

async function timed({ breaks, two }: Drill): Promise<Timed> {
  const root = mkdtempSync(join(tmpdir(), 'jax-drills-'))
  const one = await house(root, 'one')
  const other = two ? await house(root, 'two') : null
  const served = await serve(one)
  const second = other && (await serve(other))
  try {
    const yes = await proposed(served)
    const before = one.wire.orders
    let isOn = true
    const approving = (async (): Promise<void> => {
      for (; isOn; await delay(60)) await Promise.race([yes().catch(() => {}), delay(60)])
    })()
    while (one.wire.orders < before + 3) await delay(10)
    const mend = breaks(served, other)
    const start = performance.now()
    const also = other === null ? [] : ['--also', join(other.dir, 'jax-exec.yaml'), '--at-broker', '--wait', '3']
    const halting = spawned(one.dir, ['halt', '--reason', 'the bench', ...also])
    let said = ''
    let provenMs = Number.NaN
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      if (Number.isNaN(provenMs) && /^(Proven by the broker|Halted, and proven)/m.test(said))
        provenMs = performance.now() - start
    }
    halting.stdout?.on('data', hear)
    halting.stderr?.on('data', hear)
    // With two, the command speaks at its end, when the one that does not answer was waited for: the other's own book says it.
    const looking = setInterval(() => {
      if (other && Number.isNaN(provenMs) && stillOpen(one.simulator) === 0) provenMs = performance.now() - start
    }, 5)
    await once(halting, 'close').finally(() => clearInterval(looking))
    isOn = false
    await approving
    if (Number.isNaN(provenMs) || stillOpen(one.simulator) > 0 || (other && !/this one +halted, and proven/.test(said)))
      throw new Error(`not proven\n${said}`)
    mend()
    const noFurtherSendMs = Math.max(0, one.wire.lastOrderAt - start)
    const alone = await house(root, 'bare')
    const bareMs = await bare(alone.simulator, ORDERS).finally(() => void alone.stop())
    return { noFurtherSendMs, provenMs, bareMs }
  } finally {
    for (const child of [served.child, second?.child]) {
      if (!child || child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
    }
    for (const each of [one, other]) await each?.stop()
    rmSync(root, { recursive: true, force: true })
  }
}
