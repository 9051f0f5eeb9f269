// A database that cannot be written while the service runs: nothing is sent any more, a halt stops all the same, and nothing
// is sent twice when the database can be written again. Real processes, and the simulated Alpaca at the other end.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type * as wire from '../../src/api/wire.ts'
import { systemClock } from '../../src/main/clock.ts'
import { seededMarket } from '../../src/markets/seeded.ts'
import { type AlpacaSimulator, startAlpacaSimulator } from '../../src/simulators/alpaca/server.ts'
import { amt } from '../../src/values/decimal.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
const KEYS = { keyID: 'PKDISK', secretKey: 'a-secret-of-the-disk' }
const root = mkdtempSync(join(tmpdir(), 'jax-disk-'))
const children: ChildProcess[] = []
const houses: House[] = []
after(async () => {
  for (const each of houses) await each.close()
  for (const child of children) await end(child)
  rmSync(root, { recursive: true, force: true })
})
async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
async function until(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  for (const last = Date.now() + 30_000; !(await look()); await delay(100))
    assert.ok(Date.now() < last, `${what} did not happen`)
}

type Ran = { readonly code: number | null; readonly out: string; readonly said: string }
type Service = {
  readonly child: ChildProcess
  readonly greeting: Record<string, string>
  readonly errors: () => string
}

/** A gateway, its broker and its folder. */
class House {
  readonly dir: string
  readonly data: string
  readonly simulator: AlpacaSimulator
  readonly #stop: () => void
  service!: Service

  constructor(name: string, simulator: AlpacaSimulator, stop: () => void) {
    this.dir = join(root, name)
    this.data = join(this.dir, 'data')
    this.simulator = simulator
    this.#stop = stop
    mkdirSync(this.dir)
    for (const [file, text] of Object.entries(KEYS)) writeFileSync(join(this.dir, file), text, { mode: 0o600 })
    const alpaca = ['alpaca:', `  url: ${simulator.url}`, '  keyID: file:keyID', '  secretKey: file:secretKey']
    const lines = ['account:', '  broker: alpaca', ...alpaca, '  requestsPerMinute: 1000', '']
    writeFileSync(join(this.dir, 'jax-exec.yaml'), lines.join('\n'))
  }
  #spawned(args: readonly string[]): ChildProcess {
    const env = {
      ...process.env,
      NO_COLOR: '1',
      NODE_OPTIONS: '',
      NODE_COMPILE_CACHE: join(root, 'cache'),
      JAX_EXEC_CONFIG: join(this.dir, 'jax-exec.yaml'),
      JAX_EXEC_DATA: this.data,
    }
    const child = spawn(process.execPath, [CLI, ...args], { cwd: this.dir, env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    return child
  }
  async serve(): Promise<void> {
    const child = this.#spawned(['serve', '--port', '0', '--json'])
    let [out, errors, isGreeted] = ['', '', false]
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const greeting = await new Promise<Record<string, string>>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        out += chunk.toString()
        // Only the first is the greeting: what it says at its end comes after it.
        if (!isGreeted && out.trimEnd().endsWith('}')) {
          isGreeted = true
          resolve(JSON.parse(out) as Record<string, string>)
        }
      })
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}\n${errors}`)))
    })
    this.service = { child, greeting, errors: () => `${errors}${out}` }
  }
  async jax(...args: readonly string[]): Promise<Ran> {
    const child = this.#spawned(args)
    let [out, errors] = ['', '']
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, out, said: `${errors}${out}` }
  }
  async ask<T>(...args: readonly string[]): Promise<T> {
    const { code, out, said } = await this.jax(...args, '--json')
    assert.equal(code, 0, `jax-exec ${args.join(' ')}\n${said}`)
    return JSON.parse(out) as T
  }
  /** Proposes to buy. @param factor of the price of now: below 1 rests, above fills. */
  async signal(symbol: string, factor: number): Promise<void> {
    const { ask: offer } = await this.ask<wire.Quote>('quote', symbol)
    const at = (times: number): string => (Number(offer) * factor * times).toFixed(2)
    const prices = ['--entry', at(1), '--stop', at(0.95), '--target', at(1.1)]
    await this.ask('signal', '--id', symbol, '--symbol', symbol, '--side', 'buy', ...prices)
  }
  async buy(symbol: string, factor: number): Promise<void> {
    await this.signal(symbol, factor)
    await this.ask('approve', symbol, '--yes')
  }
  open = (side: 'buy' | 'sell') =>
    this.simulator
      .truth()
      .orders.filter((order) => order.side === side && ['new', 'held', 'accepted'].includes(order.status))
  /** How many orders the broker was ever asked for. */
  sends = (): number => this.simulator.truth().requests['POST /v2/orders'] ?? 0
  async close(): Promise<void> {
    this.#stop()
    await end(this.service.child)
    await this.simulator.close()
  }
}

async function house(name: string): Promise<House> {
  const clock = systemClock()
  const market = seededMarket({ seed: 7, from: clock.now(), hours: 'always' })
  const simulator = await startAlpacaSimulator({
    market,
    clock,
    initialCash: amt('100000'),
    keys: KEYS,
    seed: 7,
    requestsPerMinute: 100_000,
  })
  const ticking = setInterval(() => market.advance(clock.now()), 100)
  const made = new House(name, simulator, () => clearInterval(ticking))
  houses.push(made)
  return made
}

type Broken = {
  readonly what: string
  /** Makes the writes of the service fail; the answer mends it. */
  readonly spoil: (h: House) => () => void
  /** Whether the service goes on and waits for better times. Where it cannot know what is on the disk, it ends itself. */
  readonly lives: boolean
}
const BROKEN: readonly Broken[] = [
  {
    what: 'held by another program',
    spoil: ({ data }) => {
      const other = new DatabaseSync(join(data, 'jax-exec.db'), { timeout: 10_000 })
      other.exec('BEGIN IMMEDIATE')
      return () => {
        other.exec('ROLLBACK')
        other.close()
      }
    },
    lives: true,
  },
  {
    what: 'on a disk that takes nothing more',
    spoil: ({ service }) => {
      // Reading goes on, and each write past the first byte of a file fails, of the log too.
      execFileSync('prlimit', ['--pid', String(service.child.pid), '--fsize=1:1'])
      return () => {}
    },
    lives: false,
  },
]
const skip = process.platform === 'linux' ? false : 'prlimit is there on Linux alone'

describe('a database that cannot be written', { skip }, () => {
  for (const [i, { what, spoil, lives }] of BROKEN.entries())
    it(`${what}: nothing is sent, a halt stops all the same, and nothing is sent twice`, async () => {
      const h = await house(`house-${i}`)
      await h.serve()
      await h.ask('login', h.service.greeting['setupCode'] ?? '', '--name', 'ana')
      await h.buy('MSFT', 1.005)
      await h.buy('AAPL', 0.975)
      await h.signal('NVDA', 0.975)
      await h.signal('SPY', 0.975)
      await until('the exits and the entry rest', () => h.open('sell').length > 0 && h.open('buy').length === 1)
      const before = h.sends()

      // One order is on its way when it happens: the broker has it, and its answer comes when nothing can be written.
      h.simulator.fate.on({ method: 'POST', path: '/v2/orders', do: { kind: 'hang-after' } })
      await h.ask('approve', 'NVDA', '--yes')
      await until('the order has left', () => h.sends() === before + 1)
      const mend = spoil(h)

      const yes = await h.jax('approve', 'SPY', '--yes')
      assert.notEqual(yes.code, 0, yes.said)
      if (lives) {
        assert.match(yes.said, /The database cannot be used now\. Nothing was recorded/)
        assert.match(
          (await h.jax('status')).said,
          /CANNOT WORK: the database cannot be written: another program holds it/,
        )
        const ready = await fetch(`${h.service.greeting['url'] ?? ''}/readyz`)
        assert.deepEqual([ready.status, ((await ready.json()) as { code: string }).code], [503, 'NOT_READY'])
      } else {
        await until('it ends itself', () => h.service.child.exitCode !== null)
        assert.equal(h.service.child.exitCode, 70, h.service.errors())
        assert.match(h.service.errors(), /the thread that records everything stopped; the gateway stops/)
      }

      assert.equal(h.open('buy').length, 2)
      const exits = h.open('sell').filter(({ symbol }) => symbol === 'MSFT').length
      const halted = await h.jax('halt', '--reason', 'the disk')
      assert.equal(halted.code, 0, halted.said)
      assert.match(halted.said, /HALTED by file/)
      for (const symbol of ['AAPL', 'NVDA'])
        assert.match(halted.said, new RegExp(`cancel .* ${symbol} {2}Buy \\d+: taken`))
      assert.match(halted.said, /Proven by the broker’s own list: no entry is open/)
      assert.deepEqual(h.open('buy'), [])
      assert.equal(h.open('sell').filter(({ symbol }) => symbol === 'MSFT').length, exits, 'stops stay')
      assert.equal(h.sends(), before + 1, 'nothing was sent')

      mend()
      if (!lives) await h.serve()
      await until('it works again', async () => !(await h.jax('status')).said.includes('CANNOT WORK'))
      await until('it is halted, by its own book', async () =>
        /HALTED \(K4\) by .*: the disk[^]*Proven/.test((await h.jax('status')).said),
      )
      await until('its book has both as canceled', async () => {
        const entries = (await h.ask<wire.Order[]>('orders')).filter(({ role }) => role === 'Entry')
        return ['AAPL', 'NVDA'].every((s) => entries.find(({ terms }) => terms.symbol === s)?.ordStatus === 'Canceled')
      })
      const late = await h.jax('approve', 'SPY', '--yes')
      assert.match(late.said, /halted/i)
      const names = h.simulator.truth().orders.map((order) => order.client_order_id)
      assert.equal(new Set(names).size, names.length)
      assert.equal(h.sends(), before + 1, 'nothing was sent twice, or late')
      assert.match((await h.jax('reconcile')).said, /Clean at/)
      await h.ask('audit', 'verify')
    })
})
