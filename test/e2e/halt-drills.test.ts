// Stopping when nothing of ours works any more: real processes, with the simulated Alpaca at the other end of the wire. The
// commands are those of docs/emergency.md, run by a shell as they stand there.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/main/clock.ts'
import { seededMarket } from '../../src/markets/seeded.ts'
import { type AlpacaSimulator, startAlpacaSimulator } from '../../src/simulators/alpaca/server.ts'
import { amt } from '../../src/values/decimal.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const CLI = join(ROOT, 'src', 'main', 'cli.ts')
const PAGE = readFileSync(join(ROOT, 'docs', 'emergency.md'), 'utf8')
const root = mkdtempSync(join(tmpdir(), 'jax-drills-'))
const dir = join(root, 'data')
const database = join(dir, 'jax-exec.db')

/** What `npx jax-exec` is in a clone, without waiting for npm. */
const bin = join(root, 'bin')
mkdirSync(bin)
writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${CLI}" "$@"\n`, { mode: 0o755 })
const env: NodeJS.ProcessEnv = {
  ...process.env,
  NO_COLOR: '1',
  NODE_OPTIONS: '',
  NODE_COMPILE_CACHE: join(root, 'cache'),
  PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
  JAX_EXEC_CONFIG: join(root, 'jax-exec.yaml'),
  JAX_EXEC_DATA: dir,
}

// --- processes

const children: ChildProcess[] = []
async function start(
  args: readonly string[],
  over: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; greeting: Record<string, string> }> {
  const child = spawn(process.execPath, [CLI, ...args, '--json'], {
    cwd: root,
    env: { ...env, ...over },
    stdio: 'pipe',
  })
  children.push(child)
  let [out, errors] = ['', '']
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const greeting = await new Promise<Record<string, string>>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.trimEnd().endsWith('}')) resolve(JSON.parse(out) as Record<string, string>)
    })
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}\n${errors}`)))
  })
  return { child, greeting }
}
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGCONT')
  child.kill(signal)
  await ended
}

type Ran = { readonly code: number | null; readonly out: string; readonly said: string }
async function sh(line: string, over: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn('sh', ['-c', line], { cwd: root, env: { ...env, ...over }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let [out, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, said: `${errors}${out}` }
}
async function works(line: string): Promise<string> {
  const { code, said } = await sh(line)
  assert.equal(code, 0, `${line}\n${said}`)
  return said
}
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const last = Date.now() + 20_000; !(await look()); await delay(100))
    assert.ok(Date.now() < last, `${what} did not happen`)
}

/** The one line of the page that has all of these words in it. */
function line(...has: readonly string[]): string {
  const lines = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, text = '']) => text.trim().split('\n'))
  const found = lines.filter((each) => has.every((word) => each.includes(word)))
  assert.ok(found.length > 0, `docs/emergency.md shows no command with ${has.join(', ')}`)
  return found[0] ?? ''
}

// --- the broker, as anybody with its keys may ask it

type Order = {
  readonly id: string
  readonly client_order_id: string
  readonly symbol: string
  readonly side: string
  readonly order_class: string
}
const KEYS = { keyID: 'PKDRILL', secretKey: 'a-secret-of-the-drills' }
let simulator: AlpacaSimulator
let ticking: NodeJS.Timeout
let gateway: ChildProcess
let code = ''
async function asked<T>(method: string, path: string, body?: unknown): Promise<{ status: number; json: T }> {
  const answer = await fetch(`${simulator.url}${path}`, {
    method,
    headers: { 'APCA-API-KEY-ID': KEYS.keyID, 'APCA-API-SECRET-KEY': KEYS.secretKey },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as T }
}
const openOrders = async (): Promise<Order[]> => (await asked<Order[]>('GET', '/v2/orders?status=open&limit=500')).json
const entries = async (): Promise<string[]> =>
  (await openOrders()).filter(({ side }) => side === 'buy').map((o) => o.client_order_id)
let laid = 0
const lay = (): Promise<{ status: number }> =>
  asked('POST', '/v2/orders', {
    symbol: 'SPY',
    qty: '1',
    side: 'buy',
    type: 'limit',
    limit_price: '10.00',
    time_in_force: 'gtc',
    client_order_id: `web-${++laid}`,
  })

/** Buys by a signal that a person approves. @param factor of the price of now: below 1 rests, above fills. */
async function buy(symbol: string, factor: number): Promise<void> {
  const quote = JSON.parse((await sh(`npx jax-exec quote ${symbol} --json`)).out) as { ask: string }
  const at = (times: number): string => (Number(quote.ask) * factor * times).toFixed(2)
  await works(
    `npx jax-exec signal --id ${symbol} --symbol ${symbol} --side buy --entry ${at(1)} --stop ${at(0.95)} --target ${at(1.1)} && npx jax-exec approve ${symbol} --yes`,
  )
}

const serve = async (): Promise<void> => {
  const { child, greeting } = await start(['serve', '--port', '0'])
  gateway = child
  code = greeting['setupCode'] ?? ''
}
/** Halts as the page says, and insists on the proof. */
async function halts(command = line('halt', '--reason'), meanwhile = (): void => {}): Promise<string> {
  assert.ok((await entries()).length > 0, 'there is something to cancel')
  const kept = (await openOrders()).filter(({ side }) => side === 'sell').length
  meanwhile()
  const said = await works(command)
  assert.match(said, /Proven by the broker’s own list: no entry is open\./)
  assert.deepEqual(await entries(), [])
  assert.equal((await openOrders()).filter(({ side }) => side === 'sell').length, kept, 'exits stay')
  return said
}

before(async () => {
  const clock = systemClock()
  const market = seededMarket({ seed: 7, from: clock.now(), hours: 'always' })
  simulator = await startAlpacaSimulator({
    market,
    clock,
    initialCash: amt('100000'),
    keys: KEYS,
    seed: 7,
    requestsPerMinute: 100_000,
  })
  ticking = setInterval(() => market.advance(clock.now()), 100)
  for (const [name, text] of Object.entries(KEYS)) writeFileSync(join(root, name), text, { mode: 0o600 })
  // Drills follow each other faster than emergencies, so that nothing here waits for its turn.
  const alpaca = [
    'alpaca:',
    `  url: ${simulator.url}`,
    '  keyID: file:keyID',
    '  secretKey: file:secretKey',
    '  requestsPerMinute: 1000',
  ]
  writeFileSync(env['JAX_EXEC_CONFIG'] ?? '', ['account:', '  broker: alpaca', ...alpaca, ''].join('\n'))
  await serve()
  await works(`npx jax-exec login ${code} --name ana`)
  await buy('MSFT', 1.005)
  await buy('AAPL', 0.975)
  await until('the stop of one and the other order rest', async () => {
    const open = await openOrders()
    return (
      open.some(({ side }) => side === 'sell') && open.some(({ symbol, side }) => symbol === 'AAPL' && side === 'buy')
    )
  })
})
after(async () => {
  clearInterval(ticking)
  for (const child of children) await end(child, 'SIGKILL')
  await simulator.close().catch(() => {})
  rmSync(root, { recursive: true, force: true })
})

describe('a halt by hand', () => {
  it('with the service killed cancels its entries and those of other hands, and keeps the stops', async () => {
    await lay()
    await end(gateway, 'SIGKILL')
    const said = await halts()
    assert.match(said, /HALTED by file/)
    assert.match(said, /The service does not answer/)
    assert.match(said, /cancel {2}jx\w+ {2}AAPL {2}Buy \d+: taken/)
    assert.match(said, /cancel {2}web-1 {2}SPY {2}Buy 1: taken/)
    const kept = readFileSync(join(dir, 'halt-at-broker.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { what: string; by: string; said?: string })
    assert.deepEqual(
      kept.map(({ what }) => what),
      ['begin', 'cancel', 'cancel', 'end'],
    )
    assert.ok(kept.every(({ by }) => by !== ''))
    assert.equal(statSync(join(dir, 'halt-at-broker.jsonl')).mode & 0o077, 0)
  })

  const whole = join(root, 'whole.db')
  // biome-ignore format: a table reads in columns
  const BROKEN: readonly (readonly [what: string, spoil: () => void])[] = [
    ['read-only',           () => chmodSync(database, 0o444)],
    ['replaced by garbage', () => { chmodSync(database, 0o600); writeFileSync(database, 'this was a database once\n'.repeat(1000)) }],
  ]
  for (const [what, spoil] of BROKEN)
    it(`with the database ${what} does the same`, async () => {
      if (what === 'read-only')
        for (const end_ of ['', '-wal', '-shm'])
          try {
            copyFileSync(`${database}${end_}`, `${whole}${end_}`)
          } catch {}
      spoil()
      await lay()
      await halts()
    })

  it('with the data directory missing, database and all, cancels too, and says that nothing keeps the halt', async () => {
    await lay()
    renameSync(dir, `${dir}.away`)
    try {
      const { code: exit, said } = await sh(line('halt', '--reason'))
      assert.equal(exit, 69, said)
      assert.match(said, /Proven by the broker’s own list/)
      assert.match(said, /NOT HALTED: no entry is open at the broker, but neither the file nor the service/)
      assert.deepEqual(await entries(), [])
    } finally {
      renameSync(`${dir}.away`, dir)
    }
  })

  it('is explained at the next start: the books agree, and it is halted', async () => {
    for (const end_ of ['', '-wal', '-shm']) {
      rmSync(`${database}${end_}`, { force: true })
      try {
        copyFileSync(`${whole}${end_}`, `${database}${end_}`)
      } catch {}
    }
    await serve()
    await works(`npx jax-exec login ${code} --name ana`)
    assert.match(await works(line('reconcile')), /Clean at/)
    await until('the cancel is in the book', async () =>
      (await works('npx jax-exec orders --symbol AAPL')).includes('Canceled'),
    )
    assert.match(await works(line('status')), /HALTED/)
    assert.match(await works(line('tasks')), /./)
  })

  it('with the service hung asks it for a moment only, and does the same', async () => {
    await lay()
    gateway.kill('SIGSTOP')
    const began = Date.now()
    try {
      assert.match(await halts(), /The service does not answer/)
    } finally {
      gateway.kill('SIGCONT')
    }
    assert.ok(Date.now() - began < 12_000)
  })

  it('asks the broker itself beside a service that works, also one that has been asked too often', async () => {
    await lay()
    await halts(line('halt', '--at-broker'), () => simulator.fate.throttle(6, 1))
  })

  it('cancels the stops too when that is asked for', async () => {
    gateway.kill('SIGSTOP')
    const said = await works(line('halt', '--all')).finally(() => gateway.kill('SIGCONT'))
    assert.match(said, /Stops and targets are canceled too/)
    assert.match(said, /Without a resting exit .*: MSFT: \d+ held/)
  })

  it('locks the account at the broker last, which the service shows, and unlocks it', async () => {
    assert.match(await works(line('halt', '--lock-broker')), /LOCKED at the broker: .*Stops can no longer be placed/)
    const refused = await asked<{ message: string }>('POST', '/v2/orders', {
      symbol: 'SPY',
      qty: '1',
      side: 'buy',
      type: 'market',
      time_in_force: 'day',
    })
    assert.deepEqual([refused.status, refused.json.message], [403, 'new orders are rejected by user request'])
    await until('the service shows it', async () =>
      (await sh(line('status'))).said.includes('RESTRICTED at the broker'),
    )
    assert.match(await works(line('resume', '--unlock-broker')), /Unlocked at the broker/)
    assert.equal((await lay()).status, 200)
  })

  it('closes what is held as the page says: looked at, begun, stopped, and begun again to its end', async () => {
    assert.match(await works(line('liquidate')), /MSFT +\d+ [^]*Nothing was done\./)
    const { account } = JSON.parse((await sh(`${line('liquidate')} --json`)).out) as { account: string }
    const begin = line('liquidate', '--yes').replace('paper:sim:main', account)
    // What the broker does not cancel holds it up, so that there is something to stop.
    simulator.fate.stuckCancel(true)
    for (const command of [begin, line('liquidate', '--market')])
      assert.match((await sh(`${command} --wait 0`)).said, /It still runs after 0 s, and goes on by itself/)
    assert.match(await works(line('liquidate', '--stop')), /Stopped\..*Trading stays halted\./)
    simulator.fate.stuckCancel(false)
    assert.match(await works(begin), /state {8}Flat[^]*Trading stays halted until people release it\./)
    assert.match(await works(line('liquidate', '--watch', '--report')), /Report: report\.md/)
    assert.match(readFileSync(join(root, 'report.md'), 'utf8'), /\| MSFT \| (\d+) \| \1 \|/)
    assert.deepEqual((await asked<unknown[]>('GET', '/v2/positions')).json, [])
  })

  it('says that the broker cannot be reached, and how it ended', async () => {
    await simulator.close()
    const { code: exit, said } = await sh(`${line('halt', '--at-broker')} --wait 1`)
    assert.equal(exit, 69, said)
    assert.match(said, /HALTED by file/)
    assert.match(said, /The broker does not answer at http:\/\/127\.0\.0\.1:\d+ \(.*ECONNREFUSED/)
    assert.match(said, /What is open there is not known\./)
    assert.match(said, /Look at the broker’s own page/)
  })
})

describe('a halt of two gateways', () => {
  /** One broker with its gateway: an order rests, entered by hand. */
  async function second(name: string): Promise<{ over: NodeJS.ProcessEnv; at: AlpacaSimulator; config: string }> {
    const own = join(root, name)
    mkdirSync(own)
    const clock = systemClock()
    const market = seededMarket({ seed: 7, from: clock.now(), hours: 'always' })
    const at = await startAlpacaSimulator({
      market,
      clock,
      initialCash: amt('100000'),
      keys: KEYS,
      seed: 7,
      requestsPerMinute: 100_000,
    })
    market.advance(clock.now())
    const config = join(own, 'jax-exec.yaml')
    writeFileSync(
      config,
      [
        'dataDir: data',
        'listen:',
        '  port: 0',
        'account:',
        '  broker: alpaca',
        'alpaca:',
        `  url: ${at.url}`,
        `  keyID: file:${join(root, 'keyID')}`,
        `  secretKey: file:${join(root, 'secretKey')}`,
        '  requestsPerMinute: 1000',
        '',
      ].join('\n'),
    )
    at.fate.externalOrder({
      symbol: 'SPY',
      qty: '1',
      side: 'buy',
      type: 'limit',
      limit_price: '10.00',
      time_in_force: 'gtc',
      client_order_id: `web-${name}`,
    })
    return { over: { JAX_EXEC_CONFIG: config, JAX_EXEC_DATA: '' }, at, config }
  }
  const openAt = async (at: AlpacaSimulator): Promise<string[]> => {
    const answer = await fetch(`${at.url}/v2/orders?status=open`, {
      headers: { 'APCA-API-KEY-ID': KEYS.keyID, 'APCA-API-SECRET-KEY': KEYS.secretKey },
    })
    return ((await answer.json()) as Order[]).map((order) => order.client_order_id)
  }

  it('with one of the brokers out of reach stops the other at once, holds both, and says which is not proven', async () => {
    const [one, two] = [await second('one'), await second('two')]
    const services = [await start(['serve'], one.over), await start(['serve'], two.over)]
    const back = two.at.fate.on({ method: '*', path: /./, times: 1_000_000, do: { kind: 'drop-before' } })
    two.at.fate.refuse(true)
    two.at.fate.cut()
    const both = line('halt', '--also').replace('../second/jax-exec.yaml', two.config)
    try {
      const { code: exit, said, out } = await sh(`${both} --at-broker --wait 3`, one.over)
      assert.equal(exit, 69, said)
      assert.match(said, /1 of 2 gateways are not proven to be stopped/)
      assert.match(said, /this one \| cancel {2}web-one {2}SPY {2}Buy 1: taken/)
      assert.match(said, new RegExp(`${two.config} \\| The broker does not answer at ${two.at.url}`))
      assert.match(out, /this one +halted, and proven +\S+one\/data\/HALT/)
      assert.match(out, /two\/jax-exec.yaml +BROKER_UNREACHABLE +\S+two\/data\/HALT/)
      assert.deepEqual(await openAt(one.at), [])
      for (const each of [one, two]) assert.match((await sh(line('status'), each.over)).said, /HALTED \(K4\)/)
    } finally {
      back()
      two.at.fate.refuse(false)
    }
    assert.deepEqual(await openAt(two.at), ['web-two'], 'the broker was never asked for it')
    const again = await sh(`${both} --at-broker`, one.over)
    assert.equal(again.code, 0, again.said)
    assert.deepEqual(await openAt(two.at), [])
    for (const { child } of services) await end(child, 'SIGTERM')
    for (const { at } of [one, two]) await at.close()
  })

  it('says that two names are one gateway, and that a file with a mistake halted nothing, after it halted the rest', async () => {
    const own = join(root, 'alone')
    mkdirSync(own)
    const over = { JAX_EXEC_CONFIG: join(own, 'jax-exec.yaml'), JAX_EXEC_DATA: '' }
    writeFileSync(over.JAX_EXEC_CONFIG, 'dataDir: data\nlisten:\n  port: 0\n')
    writeFileSync(join(own, 'wrong.yaml'), 'dataDirr: data\n')
    const { child } = await start(['serve'], over)
    const twice = await sh('npx jax-exec halt --also alone/jax-exec.yaml', over)
    assert.equal(twice.code, 78, twice.said)
    assert.match(twice.said, /Two of these are one gateway/)
    symlinkSync(own, join(root, 'alias'))
    const below = await sh('npx jax-exec halt --level K3 --also alias/jax-exec.yaml', over)
    assert.equal(below.code, 78, below.said)
    assert.match(below.said, /Two of these are one gateway/)
    const wrong = await sh('npx jax-exec halt --json --also alone/wrong.yaml', over)
    assert.equal(wrong.code, 1, wrong.said)
    assert.match(wrong.said, /wrong\.yaml: The configuration has a mistake/)
    assert.match(wrong.out, /"gateway": "this one",\s+"exit": 0/)
    await end(child, 'SIGTERM')
  })

  it('calls nothing proven that nobody has said', async () => {
    const [one, two] = [await second('level-one'), await second('level-two')]
    const services = [await start(['serve'], one.over), await start(['serve'], two.over)]
    const line = `npx jax-exec halt --also ${two.config}`
    const below = await sh(`${line} --level K3`, one.over)
    assert.equal(below.code, 0, below.said)
    assert.match(below.out, /this one +halted; what works at the broker stays/)
    assert.match(below.out, /level-two\/jax-exec.yaml +halted; what works at the broker stays/)
    assert.doesNotMatch(below.out, /proven/)
    assert.deepEqual(await openAt(two.at), ['web-level-two'])

    for (const { child } of services) await end(child, 'SIGKILL')
    const files = await sh(`${line} --no-at-broker`, one.over)
    assert.equal(files.code, 1, files.said)
    assert.match(files.said, /2 of 2 gateways are not proven to be stopped/)
    assert.match(files.out, /this one +NOT_PROVEN +\S+HALT/)
    assert.deepEqual(await openAt(one.at), ['web-level-one'])
    for (const { at } of [one, two]) await at.close()

    const simulated = join(root, 'simulated')
    mkdirSync(join(simulated, 'data'), { recursive: true })
    writeFileSync(join(simulated, 'jax-exec.yaml'), 'dataDir: data\nlisten:\n  port: 0\n')
    const alone = await sh('npx jax-exec halt --json --also simulated/jax-exec.yaml', {
      JAX_EXEC_CONFIG: join(simulated, 'jax-exec.yaml'),
      JAX_EXEC_DATA: '',
    })
    assert.notEqual(alone.code, 0, alone.said)
    assert.doesNotMatch(alone.out, /"proven": true/)
  })
})

describe('the signal', { skip: process.platform === 'win32' ? 'there are no such signals there' : false }, () => {
  it('halts a running gateway as the page says, and the file stays', async () => {
    const own = join(root, 'signal')
    mkdirSync(own)
    const over = { JAX_EXEC_DATA: join(own, 'data'), JAX_EXEC_CONFIG: join(own, 'jax-exec.yaml') }
    writeFileSync(over.JAX_EXEC_CONFIG, 'listen:\n  port: 0\n')
    const { child } = await start(['serve'], over)
    const { code: exit, said } = await sh(`cd signal && ${line('kill -USR2')}`, over)
    assert.equal(exit, 0, said)
    await until('the halt', async () => (await sh(line('status'), over)).said.includes('HALTED (K4) by signal'))
    assert.match(readFileSync(join(own, 'data', 'HALT'), 'utf8'), /"by":"signal"/)
    await end(child, 'SIGTERM')
  })
})
