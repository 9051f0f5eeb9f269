// The real program, spawned as a person would: nothing but its command line, its output and its exit codes.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
const NOBODY = 65_534
const root = mkdtempSync(join(tmpdir(), 'jax-cli-'))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

/** Most of a start is stripping types; once is enough. */
const cache = join(root, 'cache')
const config = join(root, 'jax-exec.yaml')
writeFileSync(config, 'listen:\n  port: 0\npolicy:\n  duplicateWindowMs: 0\n')
let n = 0
const newDir = (): string => join(root, `data-${n++}`)

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
type How = { readonly config?: string; readonly input?: string; readonly uid?: number }

function spawned(dir: string, args: readonly string[], how: How = {}): ChildProcess {
  const env = {
    ...process.env,
    JAX_EXEC_DATA: dir,
    JAX_EXEC_CONFIG: how.config ?? config,
    NO_COLOR: '1',
    NODE_OPTIONS: '',
    NODE_COMPILE_CACHE: cache,
  }
  const who = how.uid === undefined ? {} : { uid: how.uid, gid: how.uid }
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'], ...who })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

async function jax(dir: string, args: readonly string[], how: How = {}): Promise<Ran> {
  const child = spawned(dir, args, how)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin?.end(how.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
/** Runs a command that must succeed, and reads its JSON. */
async function ask<T = Record<string, unknown>>(dir: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await jax(dir, [...args, '--json'])
  assert.equal(code, 0, `jax-exec ${args.join(' ')}\n${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}

type Served = {
  readonly child: ChildProcess
  readonly url: string
  readonly setupCode: string
  readonly halted: boolean
  readonly dataDir: string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts the service and waits for its greeting. */
async function serve(dir: string, args: readonly string[] = ['serve']): Promise<Served> {
  const child = spawned(dir, [...args, '--json'])
  let [stdout, stderr] = ['', '']
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const greeting = await new Promise<Pick<Served, 'url' | 'setupCode' | 'halted' | 'dataDir'>>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      if (stdout.trimEnd().endsWith('}')) resolve(JSON.parse(stdout) as never)
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}\n${stderr}`)))
  })
  return {
    child,
    ...greeting,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null) return child.exitCode
      const ended = once(child, 'exit') as Promise<[number | null]>
      child.kill(signal)
      return (await ended)[0]
    },
  }
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + 20_000
  for (;;) {
    const seen = await look()
    if (seen !== null) return seen
    assert.ok(Date.now() < end, `${what} did not happen`)
    await delay(200)
  }
}

type Intent = { intentID: string; state: string; digest: string; fingerprint: string; clOrdID: string | null }
type Fill = { clOrdID: string; role: string; lastQty: string }
type Order = { clOrdID: string; role: string; ordStatus: string }

/** A buy at the market of now; it fills as soon as it is sent. */
async function signal(dir: string, id: string, symbol: string): Promise<Intent> {
  const { ask: offer } = await ask<{ ask: string }>(dir, 'quote', symbol)
  const price = Number(offer)
  return ask<Intent>(
    dir,
    'signal',
    '--id',
    id,
    '--symbol',
    symbol,
    '--side',
    'buy',
    '--entry',
    (price * 1.001).toFixed(2),
    '--stop',
    (price * 0.97).toFixed(2),
    '--target',
    (price * 1.05).toFixed(2),
  )
}

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('from the first start to the proof, on the command line alone', () => {
  const dir = newDir()
  let service: Served

  it('the first start makes what it needs, for its owner alone', async () => {
    service = await serve(dir)
    assert.match(service.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.match(service.setupCode, /^[0-9a-z]{4}(-[0-9a-z]{4}){3}$/)
    assert.equal(service.halted, false)
    if (process.platform === 'win32') return
    assert.equal(mode(dir), '700')
    for (const name of readdirSync(dir)) assert.equal(mode(join(dir, name)), '600', name)
    for (const name of [
      'jax-exec.db',
      'audit-key.pem',
      'audit-key.pub',
      'agent-token',
      'operator-token',
      'address.json',
      'jax-exec.log',
    ])
      assert.ok(existsSync(join(dir, name)), name)
  })

  it('a signal is sized, checked and waits', async () => {
    const intent = await signal(dir, 'sig-1', 'AAPL')
    assert.equal(intent.state, 'AwaitingApproval')
    const queue = await jax(dir, ['queue'])
    assert.match(
      queue.stdout,
      /sig-1 +AwaitingApproval +Buy \d+ AAPL at [\d.]+ or better, good for the day; stop [\d.]+, target [\d.]+/,
    )
    assert.ok(queue.stdout.includes(intent.fingerprint))
  })

  it('a program may not decide, and nobody is signed in yet', async () => {
    const { code, stderr } = await jax(dir, ['approve', 'sig-1', '--yes'])
    assert.equal(code, 5)
    assert.match(stderr, /nobody is signed in here/)
    assert.match(stderr, /jax-exec\S* --config \S+ --data-dir \S+ login CODE/, 'it can be pasted as it stands')
  })

  it('a person signs in with the code, once', async () => {
    await ask(dir, 'login', service.setupCode, '--name', 'ana')
    assert.equal((await ask<{ name: string }>(dir, 'whoami')).name, 'ana')
    if (process.platform !== 'win32') assert.equal(mode(join(dir, 'session.json')), '600')
    const again = await jax(dir, ['login', service.setupCode, '--name', 'ben'])
    assert.equal(again.code, 5)
    assert.match(again.stderr, /signin-link/)
  })

  it('says what it would approve, and does nothing unasked', async () => {
    const { code, stderr } = await jax(dir, ['approve', 'sig-1'])
    assert.equal(code, 2)
    assert.match(stderr, /order +Buy \d+ AAPL/)
    assert.match(stderr, /costs at most +[\d,.]+ USD/)
    assert.match(stderr, /There is no terminal to ask at/)
    const wrong = await jax(dir, ['approve', 'sig-1', '--yes', '--fingerprint', '0000-0000'])
    assert.equal(wrong.code, 3)
    assert.equal((await ask<Intent[]>(dir, 'queue')).length, 1)
  })

  it('approved, it is sent once, filled and protected', async () => {
    const { fingerprint } = (await ask<Intent[]>(dir, 'queue'))[0] as Intent
    assert.equal(
      (await ask<Intent>(dir, 'approve', 'sig-1', '--yes', '--fingerprint', fingerprint, '--reason', 'looks good'))
        .state,
      'Approved',
    )
    const fills = await until('a fill', async () => {
      const got = await ask<Fill[]>(dir, 'fills')
      return got.length > 0 ? got : null
    })
    assert.equal(fills[0]?.role, 'Entry')
    const orders = await until('the stop', async () => {
      const open = await ask<Order[]>(dir, 'orders', '--open')
      return open.length === 2 ? open : null
    })
    assert.deepEqual(orders.map((o) => o.role).sort(), ['Stop', 'Target'])
    const [position] = await ask<{ symbol: string; netQty: string; protectedQty: string }[]>(dir, 'positions')
    assert.equal(position?.symbol, 'AAPL')
    assert.equal(position?.protectedQty, position?.netQty)
  })

  it('a second yes changes nothing, a no comes too late', async () => {
    const late = await jax(dir, ['decline', 'sig-1', '--reason', 'changed my mind', '--json'])
    assert.equal(late.code, 3)
    assert.equal((JSON.parse(late.stdout) as { error: { code: string } }).error.code, 'NOT_PENDING')
  })

  it('the story tells it all, and CSV goes to a spreadsheet', async () => {
    const { stdout } = await jax(dir, ['show', 'sig-1'])
    assert.match(stdout, /approved +by ana \(cli\).*looks good/)
    assert.match(stdout, /Filled/)
    const csv = await jax(dir, ['fills', '--csv'])
    assert.equal(csv.code, 0)
    assert.equal(csv.stdout.trimEnd().split('\n').length, 2)
    assert.match(csv.stdout, /AAPL/)
  })

  it('an impossible signal is refused with every reason at once', async () => {
    const body = {
      id: 'sig-bad',
      symbol: 'AAPL',
      strategy_id: 's',
      signal_type: 'BUY',
      confidence: 0.5,
      entry_price: '500.00',
      stop_loss: '510.00',
      take_profit: '520.00',
      reasoning: 'wrong',
      generated_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + 600_000).toISOString(),
    }
    const { code, stderr, stdout } = await jax(dir, ['signal', '--file', '-', '--json'], {
      input: JSON.stringify(body),
    })
    assert.equal(code, 3)
    const { error } = JSON.parse(stdout) as { error: { code: string; problem: { refusals: { code: string }[] } } }
    assert.equal(error.code, 'GATE_REFUSED')
    assert.ok(error.problem.refusals.length >= 1)
    for (const refusal of error.problem.refusals) assert.match(stderr, new RegExp(refusal.code))
  })

  it('a mistake in the command line is answered with what was meant', async () => {
    const typo = await jax(dir, ['ordres'])
    assert.equal(typo.code, 2)
    assert.match(typo.stderr, /Did you mean orders\?/)
    assert.equal((await jax(dir, ['show', 'nothing-like-it'])).code, 4)
    assert.equal((await jax(dir, ['decline', 'sig-1'])).code, 2)
    for (const words of [
      ['approvals', 'statistics', '--since'],
      ['orders', '--from'],
    ]) {
      const { stderr } = await jax(dir, [...words, 'yesterday'])
      assert.match(stderr, new RegExp(`^${words.at(-1)} must be`), stderr)
      assert.doesNotMatch(stderr, /query\./)
    }
  })

  it('the journal is proven, with the service running, and away from it', async () => {
    const verdict = await ask<{ ok: boolean; rows: number }>(dir, 'audit', 'verify')
    assert.equal(verdict.ok, true)
    const evidence = join(root, 'evidence')
    await ask(dir, 'audit', 'export', evidence)
    assert.equal((await ask<{ ok: boolean }>(newDir(), 'audit', 'verify', '--export', evidence)).ok, true)
    const incident = ['simulate', 'incident', '--from', evidence]
    type Incident = { first: unknown; journal: { ok: boolean }; standing: { rows: number; intents: number } }
    const replayed = await ask<Incident>(newDir(), ...incident)
    assert.deepEqual([replayed.first, replayed.journal.ok], [null, true])
    assert.ok(replayed.standing.rows >= verdict.rows && replayed.standing.intents > 0)
    const rows = readFileSync(join(evidence, 'journal.jsonl'), 'utf8').split('\n')
    writeFileSync(join(evidence, 'journal.jsonl'), rows.slice(5).join('\n'))
    const slice = await jax(newDir(), incident)
    assert.equal(slice.code, 74)
    assert.match(slice.stderr, /begins at row 5\.\nRows 0 to 4 are needed/)
    const forged = rows.map((line) =>
      line.includes('"intent.approved"') ? line.replace('"type":"person","via"', '"type":"agent","via"') : line,
    )
    writeFileSync(join(evidence, 'journal.jsonl'), forged.join('\n'))
    const differs = await jax(newDir(), incident)
    assert.equal(differs.code, 6)
    assert.match(differs.stdout, /^The journal is not as it was written: EDITED/)
    assert.match(differs.stdout, /The first difference is at row \d+: somebody decided who may not\./)
    assert.match(differs.stdout, /Only a signed-in person can approve; an agent or program never can\./)
    assert.match(differs.stderr, /Stop trading with "jax-exec halt"/)
    writeFileSync(join(evidence, 'journal.jsonl'), rows.filter((_, i) => i !== 3).join('\n'))
    const tampered = await jax(newDir(), ['audit', 'verify', '--export', evidence])
    assert.equal(tampered.code, 6)
    assert.match(tampered.stdout, /DELETED at row 3/)
    assert.equal((await ask<{ same: boolean }>(dir, 'views', 'rebuild', '--check')).same, true)
  })

  it('a second service on the same data, or on the same port, says so', async () => {
    const second = await jax(dir, ['serve'])
    assert.equal(second.code, 75)
    assert.match(second.stderr, /A gateway is running on this data directory already/)
    const port = new URL(service.url).port
    const other = newDir()
    const taken = await jax(other, ['serve', '--port', port])
    assert.equal(taken.code, 75)
    assert.match(taken.stderr, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`))
    assert.match(taken.stderr, /--port 7071/)
  })

  it('a halt stops new orders, keeps the stops, and is released by a person', async () => {
    const halted = await ask<{ halted: boolean; service: { openOrders: number; engaged: boolean; proven: boolean } }>(
      dir,
      'halt',
      '--reason',
      'drill',
    )
    const { engaged, openOrders, proven } = halted.service
    assert.deepEqual([halted.halted, engaged, openOrders, proven], [true, true, 0, true])
    assert.ok(existsSync(join(dir, 'HALT')))
    assert.equal((await ask<Order[]>(dir, 'orders', '--open')).length, 2)
    const status = await jax(dir, ['status'])
    assert.match(status.stdout, /HALTED \(K4\) by .*: drill/)
    assert.match(status.stdout, /Proven: no entry works at the broker/)
    await ask(dir, 'resume', '--reason', 'drill is over')
    assert.equal(existsSync(join(dir, 'HALT')), false)
    await delay(1200)
    assert.equal((await ask<{ halted: boolean }>(dir, 'status')).halted, false)
  })

  it('limits are shown with what is used, tightened at once, and loosened from the next day on', async () => {
    type Limits = { rows: { name: string; hard: string; used: { now: string | null; of: string | null } }[] }
    const of = async (name: string) =>
      (await ask<Limits>(dir, 'limits')).rows.find((row) => row.name === name) ?? assert.fail()
    assert.notEqual((await of('maxDayTurnover')).used.now, '0.00')
    const meant = await jax(dir, ['limits', 'set', 'maxOrderNotionl', '1', '--reason', 'drill'])
    assert.match(meant.stderr, /is not a limit; did you mean "maxOrderNotional"\?/)
    const tighter = await jax(dir, ['limits', 'set', 'dayLoss=4%', 'maxOrderNotional=9,000', '--reason', 'drill'])
    assert.match(tighter.stdout, /dayLoss: 5 % → 4 % \(tighter\)/)
    assert.match(tighter.stdout, /In force now\./)
    assert.deepEqual([(await of('dayLoss')).hard, (await of('maxOrderNotional')).hard], ['0.04', '9000'])
    const looser = await jax(dir, ['limits', 'set', 'maxOrderNotional', '10000', '--reason', 'drill is over'])
    assert.match(looser.stdout, /maxOrderNotional: 9,000 → 10,000 \(looser\)/)
    assert.match(looser.stdout, /Agreed\. It holds from .* on\./)
    assert.equal((await of('maxOrderNotional')).hard, '9000')
    await ask(dir, 'limits', 'restrict', 'gme', '--reason', 'drill')
    const none = await jax(dir, ['limits', 'unrestrict', 'GEM', '--reason', 'drill'])
    assert.match(none.stderr, /GEM is not restricted; did you mean "GME"\?/)
    const history = await jax(dir, ['limits', 'history'])
    assert.match(history.stdout, /never: replaced before its day/)
    assert.match(history.stdout, /restricted: empty → GME \(tighter\)/)
  })

  it('a halt of a part stops that part, makes no file, and is released by itself', async () => {
    type Halted = { halt: { halts: { scope: string; level: string }[] }; halted: boolean }
    assert.equal((await signal(dir, 'sig-part', 'MSFT')).state, 'AwaitingApproval')
    const part = await jax(dir, ['halt', '--strategy', 'cli', '--reason', 'it repeats itself'])
    assert.deepEqual([part.code, part.stderr], [0, ''])
    assert.match(part.stdout, /strategy:cli +K1 .*it repeats itself\n.*what waits of it is withdrawn/)
    assert.equal((await ask<{ intent: Intent }>(dir, 'show', 'sig-part')).intent.state, 'Withdrawn')
    const mistyped = await jax(dir, ['halt', '--symbol', 'aaqx', '--level', 'k4'])
    assert.equal(mistyped.code, 0)
    assert.match(mistyped.stdout, /symbol:AAQX +K4/)
    assert.match(mistyped.stderr, /does not trade "aaqx".*halt the right one/)
    const both = await jax(dir, ['halt', '--symbol', 'AAPL', '--strategy', 'cli'])
    assert.equal(both.code, 2)
    await ask(dir, 'halt', '--level', 'K3')
    assert.equal(existsSync(join(dir, 'HALT')), false, 'a file would stop everything')
    await delay(1200)
    const scopes = async (): Promise<unknown> =>
      (await ask<Halted>(dir, 'status')).halt.halts.map(({ scope, level }) => `${scope} ${level}`).sort()
    assert.deepEqual(await scopes(), ['global K3', 'strategy:cli K1', 'symbol:AAQX K4'])

    await ask(dir, 'resume', '--symbol', 'AAQX', '--reason', 'there is none')
    await ask(dir, 'resume', '--reason', 'drill is over')
    assert.deepEqual(await scopes(), ['strategy:cli K1'])
    const status = await jax(dir, ['status'])
    assert.match(
      status.stdout,
      /Trading of the strategy cli is HALTED \(K1\) by .*: it repeats itself\nall else trades/,
    )
    const released = await jax(dir, ['resume', '--strategy', 'cli', '--reason', 'mended'])
    assert.match(released.stdout, /^Released\. New orders may leave again/)
  })

  it('programs get tokens of their own, and a second person joins by a new link', async () => {
    const made = await ask<{ tokenID: string; token: string }>(dir, 'tokens', 'add', 'reader', '--scope', 'orders:read')
    assert.match(made.token, /^jax_paper_/)
    await ask(dir, 'tokens', 'revoke', made.tokenID)
    const listed = await jax(dir, ['tokens', 'list'])
    const { id } = await ask<{ id: string }>(dir, 'whoami')
    assert.match(
      listed.stdout,
      new RegExp(`${made.tokenID} +reader +${id} +${id} .*revoked`),
      'its owner, and who made it',
    )
    assert.doesNotMatch(listed.stdout, new RegExp(made.token))

    await ask(dir, 'logout')
    assert.equal((await jax(dir, ['whoami'])).code, 5)
    const { url, code } = await ask<{ url: string; code: string }>(dir, 'signin-link')
    // By a name: browsers keep no passkeys for a number.
    assert.equal(url, `${service.url.replace('127.0.0.1', 'localhost')}/signin#code=${code}`)
    await ask(dir, 'login', code, '--name', 'ana')
  })

  it('what was proposed can be put off, sent back with a note, and taken back', async () => {
    assert.equal((await signal(dir, 'sig-back', 'NVDA')).state, 'AwaitingApproval')
    assert.equal((await ask<Intent>(dir, 'snooze', 'sig-back', '--minutes', '5')).state, 'AwaitingApproval')
    assert.equal((await ask<Intent>(dir, 'reanalyse', 'sig-back', '--note', 'Why now?')).state, 'AwaitingApproval')
    const { stdout } = await jax(dir, ['show', 'sig-back'])
    assert.match(stdout, /intent\.put-aside|put off|put aside/i)
    assert.match(stdout, /Why now\?/)
    const past = await jax(dir, ['snooze', 'sig-back', '--until', '2020-01-01T00:00:00Z'])
    assert.equal(past.code, 3)
    assert.match(past.stderr, /^--until must be a time to come/)
    assert.equal((await jax(dir, ['snooze', 'sig-back'])).code, 2)
    const taken = await ask<Intent>(dir, 'withdraw', 'sig-back', '--as-agent', '--reason', 'second thoughts')
    assert.equal(taken.state, 'Withdrawn')
  })

  it('a backup is taken while it runs', async () => {
    const { size } = await ask<{ size: number }>(dir, 'backup', join(root, 'one.backup'))
    assert.ok(size > 10)
    assert.equal((await jax(dir, ['backup', join(root, 'one.backup')])).code, 2)
    const busy = await jax(dir, ['restore', join(root, 'one.backup'), '--yes'])
    assert.equal(busy.code, 75)
  })

  it('it stops in order, and what works without it works', async () => {
    assert.equal(await service.stop(), 0)
    const { code, stderr } = await jax(dir, ['orders'])
    assert.equal(code, 69)
    assert.match(stderr, /No gateway is running at/)
    assert.match(stderr, /npm start/)
    const part = await jax(dir, ['halt', '--strategy', 'cli'])
    assert.equal(part.code, 69)
    assert.match(part.stderr, /NOT HALTED\. Trading of the strategy cli goes on.*\n.*\n.*jax-exec halt$/m)
    assert.equal(existsSync(join(dir, 'HALT')), false)
    await ask(dir, 'halt', '--reason', 'while it was stopped')
    assert.equal((await ask<{ ok: boolean }>(dir, 'audit', 'verify')).ok, true)
    assert.equal((await jax(dir, ['halt'])).code, 0)
  })

  it('started again it stays halted, with the first reason', async () => {
    service = await serve(dir)
    assert.equal(service.halted, true)
    const status = await ask<{ halted: boolean; halt: { reason: string } }>(dir, 'status')
    assert.deepEqual([status.halted, status.halt.reason], [true, 'while it was stopped'])
    const waiting = await jax(dir, [
      'signal',
      '--symbol',
      'MSFT',
      '--side',
      'BUY',
      '--entry',
      '1',
      '--stop',
      '0.5',
      '--json',
    ])
    assert.equal(waiting.code, 3)
    assert.match(waiting.stdout, /TRADING_HALTED/)
  })

  it('nothing is lost by a kill, and the person is still signed in', async () => {
    await ask(dir, 'resume', '--reason', 'go on')
    const { state } = await signal(dir, 'sig-2', 'MSFT')
    assert.equal(state, 'AwaitingApproval')
    await service.stop('SIGKILL')
    service = await serve(dir)
    assert.deepEqual(
      (await ask<Intent[]>(dir, 'queue')).map((i) => i.intentID),
      ['sig-2'],
    )
    assert.equal((await ask<Fill[]>(dir, 'fills')).length, 1)
    await ask(dir, 'decline', 'sig-2', '--reason', 'only a drill')
    await ask(dir, 'reconcile')
    assert.equal(await service.stop('SIGINT'), 0)
  })

  it('an old backup is refused, or its loss accepted; then it starts halted', async () => {
    const old = await jax(dir, ['restore', join(root, 'one.backup'), '--yes', '--json'])
    assert.equal(old.code, 3)
    assert.equal((JSON.parse(old.stdout) as { error: { code: string } }).error.code, 'OLD_BACKUP')
    await ask(dir, 'restore', join(root, 'one.backup'), '--yes', '--accept-loss')
    service = await serve(dir)
    assert.equal(service.halted, true)
    assert.equal((await ask<Fill[]>(dir, 'fills')).length, 1)
    await service.stop()
  })

  it('a journal that was edited is found, and an older copy is not opened', async () => {
    const database = join(dir, 'jax-exec.db')
    const db = new DatabaseSync(database)
    db.exec('DROP TRIGGER journal_is_never_edited')
    db.exec(`UPDATE journal SET bytes = replace(bytes, 'looks good', 'looks fine') WHERE bytes LIKE '%looks good%'`)
    db.close()
    const { code, stdout } = await jax(dir, ['audit', 'verify'])
    assert.equal(code, 6)
    assert.match(stdout, /EDITED at row \d+/)
    const start = await jax(dir, ['serve'])
    assert.equal(start.code, 74)
    assert.match(start.stderr, /audit verify/)
  })
})

describe('what stands in the way is named, with what to do', () => {
  it('a configuration with mistakes, by line and column', async () => {
    const bad = join(root, 'bad.yaml')
    writeFileSync(bad, 'listen:\n  prot: 7071\naccount:\n  environment: papr\n')
    const dir = newDir()
    const { code, stderr } = await jax(dir, ['serve'], { config: bad })
    assert.equal(code, 78)
    assert.match(stderr, /bad\.yaml:2:3: listen\.prot is not a setting; did you mean "port"\?/)
    assert.match(stderr, /bad\.yaml:4:16: account\.environment is "papr"/)
    assert.equal(existsSync(dir), false)
    assert.equal((await jax(dir, ['config', 'check'], { config: bad })).code, 78)
  })

  it('settings are shown with their source, and as a file that reads back the same', async () => {
    const dir = newDir()
    const { stdout } = await jax(dir, ['config', 'check'])
    assert.match(stdout, /policy\.duplicateWindowMs +0 +milliseconds +.*jax-exec\.yaml:4/)
    assert.match(stdout, /dataDir +.* +environment JAX_EXEC_DATA/)
    const shown = await jax(dir, ['config', 'show'])
    const file = join(root, 'shown.yaml')
    writeFileSync(file, shown.stdout)
    const again = await jax(dir, ['config', 'show'], { config: file })
    assert.equal(again.stderr, '')
    assert.equal(again.stdout, shown.stdout)
  })

  it('a port that another program holds', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await jax(newDir(), ['serve', '--port', String(port)])
    other.close()
    assert.equal(code, 75)
    assert.match(stderr, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`))
  })

  it('a data directory that is a file', async () => {
    const dir = newDir()
    writeFileSync(dir, '')
    const { code, stderr } = await jax(dir, ['serve'])
    assert.equal(code, 74)
    assert.match(stderr, /it is a file/)
  })

  it('a data directory that may not be written', async (t) => {
    if (process.platform === 'win32') return t.skip('permissions are another thing there')
    const asRoot = process.getuid?.() === 0
    const dir = newDir()
    mkdirSync(dir, { mode: 0o500 })
    if (asRoot) {
      // Root may write anywhere, so somebody else has to try.
      chmodSync(root, 0o755)
      chownSync(dir, NOBODY, NOBODY)
      chmodSync(config, 0o644)
    }
    const how = asRoot ? { uid: NOBODY } : {}
    if ((await jax(dir, ['--version'], how)).code !== 0) return t.skip('another user cannot read this checkout')
    const { code, stderr } = await jax(dir, ['serve'], how)
    assert.equal(code, 74)
    assert.match(stderr, /cannot be written: no permission/)
    assert.match(stderr, /--data-dir/)
    const halted = await jax(dir, ['halt'], how)
    assert.equal(halted.code, 69)
    assert.match(halted.stderr, /NOT HALTED/)
  })

  it('a database that is damaged', async () => {
    const dir = newDir()
    mkdirSync(dir, { mode: 0o700 })
    writeFileSync(join(dir, 'jax-exec.db'), 'this was a database once\n'.repeat(1000), { mode: 0o600 })
    const { code, stderr } = await jax(dir, ['serve'])
    assert.equal(code, 74)
    assert.match(stderr, /The database cannot be used/)
    assert.match(stderr, /jax-exec restore FILE/)
  })

  it('a token that others can read', async (t) => {
    if (process.platform === 'win32') return t.skip('permissions are another thing there')
    const dir = newDir()
    mkdirSync(dir, { mode: 0o700 })
    writeFileSync(join(dir, 'operator-token'), 'jax_paper_aaaaaaaa_secret', { mode: 0o644 })
    const { code, stderr } = await jax(dir, ['orders'])
    assert.equal(code, 74)
    assert.match(stderr, /Other users can read/)
    assert.doesNotMatch(stderr, /secret/)
  })
})

it('recorded bars are replayed on a clock and in a data directory of their own', async () => {
  const file = join(root, 'AAPL_two-hours.csv')
  const start = Date.parse('2024-01-02T14:30:00Z')
  const bars = Array.from({ length: 120 }, (_, i) => {
    const [at, open] = [new Date(start + i * 60_000).toISOString().replace('.000', ''), 187 + (i % 7) / 10]
    return `${at},${open.toFixed(2)},${(open + 0.3).toFixed(2)},${(open - 0.3).toFixed(2)},${(open + 0.1).toFixed(2)},100000`
  })
  writeFileSync(file, ['date,open,high,low,close,volume', ...bars, ''].join('\n'))
  const service = await serve(newDir(), ['replay', file, '--speed', '60'])
  const { dataDir } = service
  const at = ['--data-dir', dataDir] as const
  const status = await ask<{ now: string; marketClock: { speed: number } }>(dataDir, 'status', ...at)
  assert.equal(status.marketClock.speed, 60)
  assert.match(status.now, /^2024-01-02T/)
  assert.match((await ask<{ bid: string }>(dataDir, 'quote', 'AAPL', ...at)).bid, /^18[67]\.\d\d$/)
  assert.equal((await signal(dataDir, 'then', 'AAPL')).state, 'AwaitingApproval')
  assert.equal(await service.stop('SIGINT'), 0)
  assert.equal(existsSync(dataDir), false)

  const wrong = await jax(newDir(), ['replay', join(root, 'gone.csv')])
  assert.equal(wrong.code, 78)
  assert.match(wrong.stderr, /The bars to replay cannot be used: .*gone\.csv cannot be read/)
})
