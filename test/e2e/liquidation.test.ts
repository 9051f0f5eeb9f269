// Everything is closed by a person at the command line: real processes, with our own broker and with the simulated Alpaca.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type * as wire from '../../src/api/wire.ts'
import { systemClock } from '../../src/main/clock.ts'
import { seededMarket } from '../../src/markets/seeded.ts'
import { startAlpacaSimulator } from '../../src/simulators/alpaca/server.ts'
import { amt } from '../../src/values/decimal.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
const root = mkdtempSync(join(tmpdir(), 'jax-liquidation-'))
const children: ChildProcess[] = []
after(async () => {
  for (const child of children) await end(child)
  rmSync(root, { recursive: true, force: true })
})

function spawned(dir: string, args: readonly string[]): ChildProcess {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    NODE_OPTIONS: '',
    NODE_COMPILE_CACHE: join(root, 'cache'),
    JAX_EXEC_CONFIG: join(dir, 'jax-exec.yaml'),
    JAX_EXEC_DATA: join(dir, 'data'),
  }
  const child = spawn(process.execPath, [CLI, ...args], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
async function serve(dir: string): Promise<{ child: ChildProcess; setupCode: string }> {
  const child = spawned(dir, ['serve', '--port', '0', '--json'])
  let [out, errors] = ['', '']
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const greeting = await new Promise<{ setupCode: string }>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.trimEnd().endsWith('}')) resolve(JSON.parse(out) as { setupCode: string })
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}\n${errors}`)))
  })
  return { child, ...greeting }
}

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
async function jax(dir: string, ...args: readonly string[]): Promise<Ran> {
  const child = spawned(dir, args)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
async function ask<T>(dir: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await jax(dir, ...args, '--json')
  assert.equal(code, 0, `jax-exec ${args.join(' ')}\n${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const last = Date.now() + 20_000; !(await look()); await delay(150))
    assert.ok(Date.now() < last, `${what} did not happen`)
}

/** Buys at the market by a signal that a person approves, and waits for its stop. */
async function hold(dir: string, symbol: string): Promise<void> {
  const { ask: offer } = await ask<wire.Quote>(dir, 'quote', symbol)
  const at = (times: number): string => (Number(offer) * times).toFixed(2)
  const prices = ['--entry', at(1.002), '--stop', at(0.95), '--target', at(1.1)]
  await ask(dir, 'signal', '--id', symbol, '--symbol', symbol, '--side', 'buy', ...prices)
  await ask(dir, 'approve', symbol, '--yes')
  await until(`the stop of ${symbol}`, async () => {
    const positions = await ask<wire.Position[]>(dir, 'positions')
    return positions.some((p) => p.symbol === symbol && p.netQty !== '0' && p.protectedQty === p.netQty)
  })
}

/** Has an entry rest at the broker, a little below the market. */
async function rest(dir: string, symbol: string): Promise<wire.Order> {
  const { ask: offer } = await ask<wire.Quote>(dir, 'quote', symbol)
  const at = (times: number): string => (Number(offer) * times).toFixed(2)
  const prices = ['--entry', at(0.975), '--stop', at(0.95), '--target', at(1.1)]
  await ask(dir, 'signal', '--id', `rest-${symbol}`, '--symbol', symbol, '--side', 'buy', ...prices)
  await ask(dir, 'approve', `rest-${symbol}`, '--yes')
  const open = async (): Promise<wire.Order | undefined> =>
    (await ask<wire.Order[]>(dir, 'orders', '--open', '--symbol', symbol)).find(({ role }) => role === 'Entry')
  await until(`the entry in ${symbol}`, async () => (await open())?.delivery === 'Delivered')
  return (await open()) ?? assert.fail()
}

function house(name: string, config: readonly string[]): string {
  const dir = join(root, name)
  mkdirSync(dir)
  writeFileSync(join(dir, 'jax-exec.yaml'), [...config, ''].join('\n'))
  return dir
}

describe('everything is closed at the command line', () => {
  it('at our own broker: planned, started with the account’s name, followed, and written down', async () => {
    const dir = house('sim', ['listen:', '  port: 0'])
    const { child, setupCode } = await serve(dir)
    await ask(dir, 'login', setupCode, '--name', 'ana')
    await hold(dir, 'AAPL')
    await hold(dir, 'MSFT')

    const plan = await ask<wire.LiquidationPlan>(dir, 'liquidate')
    assert.deepEqual(plan.lines.map(({ symbol }) => symbol).sort(), ['AAPL', 'MSFT'])
    for (const { step, cancels, text } of plan.lines)
      assert.ok(step === 'Ready' && cancels.length > 0, `${step} ${text}`)
    const words = (await jax(dir, 'liquidate')).stdout
    assert.match(words, /Nothing was done\./)
    assert.match(words, new RegExp(`liquidate --yes ${plan.account} --reason TEXT`))
    assert.equal((await ask<wire.Status>(dir, 'status')).halted, false)

    const wrong = await jax(dir, 'liquidate', '--yes', 'paper:sim:another', '--reason', 'a drill')
    assert.equal(wrong.code, 3)
    assert.match(wrong.stderr, /Type exactly that/)
    assert.equal((await jax(dir, 'liquidate', '--yes', plan.account)).code, 2)

    const file = join(dir, 'liquidation.md')
    const done = await jax(dir, 'liquidate', '--yes', plan.account, '--reason', 'a drill', '--report', file)
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stderr, /AAPL {2}(canceling|reading|working|flat)/)
    assert.match(done.stdout, /Flat/)
    const report = readFileSync(file, 'utf8')
    for (const { symbol, netQty } of plan.lines)
      assert.ok(report.includes(`| ${symbol} | ${netQty} | ${netQty} |`), report)
    assert.match(report, /Begun by ana/)

    const state = await ask<wire.Liquidation>(dir, 'liquidate', '--watch')
    assert.equal(state.state, 'Flat')
    assert.deepEqual(
      (await ask<wire.Position[]>(dir, 'positions')).filter(({ netQty }) => netQty !== '0'),
      [],
    )
    assert.deepEqual(await ask<wire.Order[]>(dir, 'orders', '--open'), [])
    assert.equal((await ask<wire.Status>(dir, 'status')).halted, true)
    const stop = await jax(dir, 'liquidate', '--stop', '--reason', 'too late')
    assert.equal(stop.code, 3)
    await ask(dir, 'audit', 'verify')
    await end(child)
  })

  it('at Alpaca, with the service killed in the middle: it goes on, and sells what is held and no more', async () => {
    const clock = systemClock()
    const market = seededMarket({ seed: 7, from: clock.now(), hours: 'always' })
    const keys = { keyID: 'PKCLOSE', secretKey: 'a-secret-of-the-liquidation' }
    const simulator = await startAlpacaSimulator({
      market,
      clock,
      initialCash: amt('100000'),
      keys,
      seed: 7,
      requestsPerMinute: 100_000,
    })
    const ticking = setInterval(() => market.advance(clock.now()), 100)
    try {
      const alpaca = ['alpaca:', `  url: ${simulator.url}`, '  keyID: file:keyID', '  secretKey: file:secretKey']
      const dir = house('alpaca', ['account:', '  broker: alpaca', ...alpaca])
      for (const [name, text] of Object.entries(keys)) writeFileSync(join(dir, name), text, { mode: 0o600 })
      const first = await serve(dir)
      await ask(dir, 'login', first.setupCode, '--name', 'ana')
      await hold(dir, 'AAPL')
      await hold(dir, 'MSFT')
      const { account } = await ask<wire.LiquidationPlan>(dir, 'liquidate')
      const started = await jax(dir, 'liquidate', '--yes', account, '--reason', 'a drill', '--wait', '0')
      assert.equal(started.code, 1)
      assert.match(started.stderr, /goes on by itself/)
      await end(first.child)
      const second = await serve(dir)
      const done = await ask<wire.Liquidation>(dir, 'liquidate', '--watch', '--wait', '120')
      assert.equal(done.state, 'Flat')
      assert.deepEqual(
        done.report?.map(({ symbol, leftQty, why }) => [symbol, leftQty, why]),
        [
          ['AAPL', '0', null],
          ['MSFT', '0', null],
        ],
      )
      const headers = { 'APCA-API-KEY-ID': keys.keyID, 'APCA-API-SECRET-KEY': keys.secretKey }
      const list = async (path: string): Promise<unknown[]> =>
        (await (await fetch(`${simulator.url}${path}`, { headers })).json()) as unknown[]
      assert.deepEqual(await list('/v2/positions'), [])
      assert.deepEqual(await list('/v2/orders?status=open&limit=500'), [])
      await end(second.child)
    } finally {
      clearInterval(ticking)
      await simulator.close()
    }
  })
})

describe('drills', () => {
  it('are held and measured on paper, told otherwise, listed, and counted for the next stage', async () => {
    const dir = house('drills', ['listen:', '  port: 0'])
    const { child, setupCode } = await serve(dir)
    await ask(dir, 'login', setupCode, '--name', 'ana')
    const resumed = async (): Promise<void> => {
      await ask(dir, 'reconcile')
      await ask(dir, 'resume', '--reason', 'the drill is over')
    }
    const evidence = async (): Promise<string> =>
      (await ask<wire.StageNow>(dir, 'stages')).evidence.map(({ title, have }) => `${title}: ${have}`).join('\n')

    const empty = await jax(dir, 'drill', 'hold', 'E2', '--yes', 'paper:sim:main')
    assert.deepEqual([empty.code, /Nothing is held/.test(empty.stderr)], [3, true], empty.stderr)
    await hold(dir, 'AAPL')
    const nothing = await jax(dir, 'drill', 'hold', 'E1')
    assert.deepEqual([nothing.code, /No entry is open at the broker/.test(nothing.stderr)], [3, true], nothing.stderr)
    assert.match(nothing.stderr, /jax-exec signal --id drill-1/)
    assert.equal((await ask<wire.Status>(dir, 'status')).halted, false, 'nothing was done')
    await ask(dir, 'drill', 'attest', 'E1', '--passed', '--note', 'we pulled the plug, and it looked well')
    assert.match(await evidence(), /drills passed within a quarter: missing E1$/m)
    const rests = await rest(dir, 'MSFT')
    const killed = await ask<wire.Drill>(dir, 'drill', 'hold', 'E1')
    assert.deepEqual([killed.drill, killed.result, killed.attested, killed.byName], ['E1', 'passed', false, 'ana'])
    assert.deepEqual(killed.orders, [rests.clOrdID])
    assert.deepEqual([killed.figures['entries open'], killed.figures['entries canceled']], ['1', '1'])
    const told = (await ask<wire.Order[]>(dir, 'orders', '--symbol', 'MSFT')).find(
      (one) => one.clOrdID === rests.clOrdID,
    )
    assert.equal(told?.ordStatus, 'Canceled', 'by the broker’s word')
    assert.match(killed.figures['proven after'] ?? '', /^\d+\.\d s$/)
    assert.match(await evidence(), /drills passed within a quarter: all$/m)
    assert.ok((await ask<wire.Status>(dir, 'status')).halted, 'it stays halted')
    const again = await jax(dir, 'drill', 'hold', 'E1')
    assert.match(again.stderr, /halted already/)
    assert.equal(again.code, 3)
    await resumed()

    const whole = await ask<wire.Drill>(dir, 'drill', 'hold', 'restore')
    assert.equal(whole.result, 'passed')
    assert.ok(Number(whole.figures['rows']) > 10)
    assert.ok(Number(whole.figures['bytes']) > 10_000)
    assert.match(whole.figures['last row'] ?? '', /^[0-9a-f]{64}$/)
    assert.match(whole.figures['in all'] ?? '', /^\d+\.\d s$/)
    assert.match(whole.note ?? '', /its journal makes the same book/)
    const edited = await ask<wire.Drill>(dir, 'drill', 'hold', 'E8')
    const row = edited.figures['row changed in the copy'] ?? ''
    assert.deepEqual([edited.result, Number(row) > 5], ['passed', true])
    assert.match(edited.figures['found'] ?? '', new RegExp(` at row ${row}$`))
    await ask(dir, 'audit', 'verify')
    assert.deepEqual(
      readdirSync(join(dir, 'data')).filter((name) => name.startsWith('drill-')),
      [],
    )
    const unnamed = await jax(dir, 'drill', 'hold', 'E2')
    assert.match(unnamed.stderr, /drill hold E2 --yes paper:sim:main/)
    const late = await jax(dir, 'drill', 'hold', 'E2', '--yes', 'paper:sim:main', '--wait', '0')
    assert.match(late.stderr, /The drill E2 failed: It still ran after 0 s/)
    assert.equal(late.code, 1)
    await until(
      'all is closed',
      async () => (await ask<wire.Liquidation>(dir, 'liquidate', '--watch')).state === 'Flat',
    )

    const nobody = await jax(dir, 'drill', 'hold', 'E3')
    assert.match(nobody.stderr, /Nothing measures E3[^]*drill attest E3/)
    const silent = await jax(dir, 'drill', 'attest', 'E3', '--note', 'x')
    assert.equal(silent.code, 2)
    const desk = await ask<wire.Drill>(dir, 'drill', 'attest', 'E3', '--passed', '--note', 'they knew the account')
    assert.deepEqual([desk.attested, desk.note], [true, 'they knew the account'])

    const list = (await jax(dir, 'drill')).stdout
    assert.match(list, /E1 +Kill +measured: drill hold +\S+ \S+ +\S* *passed +ana/)
    assert.match(list, /E2 .*failed +ana/)
    assert.match(list, /E14 +Wrong environment +told: drill attest +never/)
    await end(child)
    const missing = await jax(dir, 'drill', 'hold', 'E1')
    assert.equal(missing.code, 69, 'without the service nothing is held')
  })
})
