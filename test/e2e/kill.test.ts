// kill -9, a hundred times at random moments, while signals stream in and a person approves them. At the end the broker's
// own book is laid beside ours: nothing that was acknowledged is lost, nothing was sent twice, every trade counts once.
import { loosely } from '../loose.ts'
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Intent, Quote, Status } from '../../src/api/wire.ts'
import { readSimLog } from '../../src/brokers/sim/log.ts'
import { openReads } from '../../src/store/sqlite.ts'
import { canonical } from '../../src/values/json.ts'
import { below, type Random, seeded } from '../../src/values/random.ts'

/** JAX_KILLS=3 npm test -- kill, while working on the test itself. */
const KILLS = Number(process.env['JAX_KILLS'] ?? 100)
const SEED = Number(process.env['JAX_SEED'] ?? 1)
const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
/** Honest symbols, and those whose replies are lost, late or in pieces: a kill in the middle of a doubt is the interesting one. */
const SYMBOLS = [
  'AAPL',
  'MSFT',
  'NVDA',
  'SPY',
  'EUR/USD',
  'SIM.DROP-REPLY',
  'SIM.DROP-SEND',
  'SIM.SLOW-REPLY',
  'SIM.FILL-FIRST',
  'SIM.FILL-TWICE',
  'SIM.PARTIAL',
  'SIM.NO-STREAM',
]

const root = mkdtempSync(join(tmpdir(), 'jax-kill-'))
const dir = join(root, 'data')
const config = join(root, 'jax-exec.yaml')
writeFileSync(
  config,
  [
    'listen:',
    '  port: 0',
    'policy:',
    '  duplicateWindowMs: 0',
    '  maxOrderNotional: 500',
    // With what an account has by default everything is spent after the first few of the kills, and nothing moves any more.
    'sim:',
    '  initialCash: 50000000',
    '',
  ].join('\n'),
)
const env = {
  ...process.env,
  JAX_EXEC_DATA: dir,
  JAX_EXEC_CONFIG: config,
  NO_COLOR: '1',
  NODE_OPTIONS: '',
  NODE_COMPILE_CACHE: join(root, 'cache'),
}
await loosely(dir)
let child: ChildProcess | null = null
after(() => {
  child?.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

type Served = { readonly url: string; readonly setupCode: string }

/** Starts the gateway and waits for its greeting. */
async function serve(): Promise<Served> {
  const started = spawn(process.execPath, [CLI, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  child = started
  let [out, errors] = ['', '']
  started.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  return new Promise<Served>((resolve, reject) => {
    started.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.trimEnd().endsWith('}')) resolve(JSON.parse(out) as Served)
    })
    started.once('exit', (code) => reject(new Error(`the gateway ended with ${code}\n${errors}`)))
  })
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const ending = child
  child = null
  if (!ending || ending.exitCode !== null) return
  const ended = once(ending, 'exit')
  ending.kill(signal)
  await ended
}

/** What the gateway has said yes to over HTTP. It must never be forgotten. */
const acknowledged = { received: new Map<string, string>(), approved: new Set<string>() }
let signals = 0

async function call<T>(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: T } | null> {
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as T }
  } catch {
    // The gateway was killed before its answer was whole: nothing was acknowledged.
    return null
  }
}

/** One assistant and one person, going on until the gateway is gone. */
async function client(
  url: string,
  agent: string,
  person: string,
  random: () => number,
  going: () => boolean,
): Promise<void> {
  while (going()) {
    const symbol = SYMBOLS[Math.floor(random() * SYMBOLS.length)] ?? 'AAPL'
    const quote = await call<Quote>(url, agent, 'GET', `/v1/quotes/${encodeURIComponent(symbol)}`)
    if (!quote) return
    if (quote.status !== 200) continue
    const id = `k-${signals++}`
    const ask = Number(quote.body.ask)
    const places = symbol.includes('/') ? 5 : 2
    const at = Date.now()
    const sent = await call<Intent>(url, agent, 'POST', '/v1/intents', {
      id,
      symbol,
      strategy_id: 'kill',
      signal_type: 'BUY',
      confidence: '0.5',
      entry_price: (ask * 1.001).toFixed(places),
      stop_loss: (ask * 0.98).toFixed(places),
      take_profit: (ask * 1.03).toFixed(places),
      reasoning: 'until the lights go out',
      generated_at: new Date(at).toISOString(),
      expires_at: new Date(at + 3_600_000).toISOString(),
    })
    if (!sent) return
    if (sent.status >= 300) continue
    acknowledged.received.set(id, sent.body.digest ?? '')
    if (sent.body.state !== 'AwaitingApproval') continue
    const said = await call<Intent>(url, person, 'POST', `/v1/intents/${id}/approve`, { digest: sent.body.digest })
    if (!said) return
    if (said.status === 200) acknowledged.approved.add(id)
  }
}

/** What a kill left waiting is decided by the person afterwards: of too many that wait, none further is taken. */
async function catchUp(url: string, person: string): Promise<void> {
  const waiting = await call<{ items: Intent[] }>(url, person, 'GET', '/v1/intents?state=AwaitingApproval&limit=100')
  for (const { intentID, digest } of waiting?.body.items ?? []) {
    const said = await call<Intent>(url, person, 'POST', `/v1/intents/${intentID}/approve`, { digest })
    if (!said) return
    if (said.status === 200) acknowledged.approved.add(intentID)
    else await call<Intent>(url, person, 'POST', `/v1/intents/${intentID}/decline`, { reason: 'cannot be approved' })
  }
}

/** Resolves when one more order than now has been approved. */
async function progress(): Promise<void> {
  const before = acknowledged.approved.size
  for (const end = Date.now() + 30_000; acknowledged.approved.size === before; ) {
    assert.ok(Date.now() < end, 'nothing could be approved for half a minute: the kills would fall into nothing')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe(`kill -9, ${KILLS} times`, () => {
  it('loses nothing acknowledged, sends nothing twice, and can prove it', async () => {
    let state: Random = seeded(SEED)
    const random = (): number => {
      const [value, next] = below(state, 1_000_000)
      state = next
      return value / 1_000_000
    }
    let person = ''
    let agent = ''
    for (let kill = 0; kill < KILLS; kill++) {
      const { url, setupCode } = await serve()
      if (kill === 0) {
        const signedIn = await call<{ session: string }>(url, '', 'POST', '/v1/session?via=cli', {
          code: setupCode,
          name: 'Ana',
        })
        person = signedIn?.body.session ?? ''
        agent = readFileSync(join(dir, 'agent-token'), 'utf8').trim()
      }
      let alive = true
      const clients = Array.from({ length: 3 }, () => client(url, agent, person, random, () => alive))
      clients.push(catchUp(url, person))
      // Most kills fall into the work, whatever the speed of the machine; some into the first moments after the start.
      if (random() < 0.9) await progress()
      await new Promise((resolve) => setTimeout(resolve, random() * 600))
      alive = false
      await stop('SIGKILL')
      await Promise.all(clients)
    }

    const { url } = await serve()
    await settled(url, agent)
    await stop('SIGTERM')
    await compare()
    for (const args of [
      ['audit', 'verify'],
      ['views', 'rebuild', '--check'],
    ]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { env, encoding: 'utf8' })
      assert.equal(status, 0, `jax-exec ${args.join(' ')}\n${stdout}${stderr}`)
    }
  })
})

/** Waits until no order is on its way or in doubt. */
async function settled(url: string, token: string): Promise<void> {
  const end = Date.now() + 120_000
  for (;;) {
    const orders = await call<{ items: { ordStatus: string; delivery: string }[] }>(
      url,
      token,
      'GET',
      '/v1/orders?open=true&limit=200',
    )
    const status = await call<Status>(url, token, 'GET', '/v1/status')
    const moving = orders?.body.items.filter((o) => o.delivery !== 'Delivered') ?? []
    if (orders && moving.length === 0 && status?.body.reconciliation?.clean) return
    assert.ok(
      Date.now() < end,
      `still moving after two minutes: ${JSON.stringify(moving)} ${JSON.stringify(status?.body)}`,
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

async function compare(): Promise<void> {
  const reads = openReads(join(dir, 'jax-exec.db'))
  const truth = readSimLog(join(dir, 'sim-broker.db'))
  try {
    // Nothing acknowledged is lost.
    for (const [id, digest] of acknowledged.received) {
      const intent = await reads.get('intent', id)
      assert.ok(intent, `${id} was acknowledged and is gone`)
      if (digest !== '' && intent.rev === 1)
        assert.equal(intent.digest, digest, `${id} has another ticket than was acknowledged`)
    }
    for (const id of acknowledged.approved)
      assert.ok(
        (await reads.journalOf(id)).some((row) => row.action === 'intent.approved'),
        `the yes to ${id} is gone`,
      )

    // Nothing is sent twice, and nothing without a yes to exactly that.
    const entries = new Map<string, string[]>()
    for (const there of truth.orders) {
      if (there.clOrdID === null) continue
      const order = await reads.get('order', there.clOrdID)
      assert.ok(order, `the broker holds ${there.clOrdID}, which our book does not know`)
      assert.notEqual(order.delivery, 'Absent', `${there.clOrdID} counts as never sent and is at the broker`)
      if (order.role !== 'Entry') continue
      entries.set(order.intentID, [...(entries.get(order.intentID) ?? []), there.clOrdID])
      const intent = await reads.get('intent', order.intentID)
      assert.equal(intent?.decision?.verdict, 'approved', `${there.clOrdID} was sent without a yes`)
      assert.equal(intent.decision.digest, intent.digest, `${there.clOrdID} is not what was approved`)
      const { orderQty, side, symbol, price } = there.terms
      const { terms } = order
      assert.equal(
        canonical({ orderQty, side, symbol, price }),
        canonical({ orderQty: terms.orderQty, side: terms.side, symbol: terms.symbol, price: terms.price }),
      )
    }
    for (const [intentID, names] of entries)
      assert.equal(names.length, 1, `${intentID} was sent ${names.length} times: ${names.join(', ')}`)
    assert.ok(entries.size > KILLS, `only ${entries.size} orders reached the broker in ${KILLS} rounds`)

    // Every trade counts once.
    const theirs = truth.orders.flatMap((order) => order.trades.map((trade) => trade.execID)).sort()
    const ours: string[] = []
    for (let after: string | null = ''; after !== null; ) {
      const page = await reads.fills({}, { limit: 200, after: after || null })
      ours.push(...page.items.map((fill) => fill.execID))
      after = page.next
    }
    assert.deepEqual(ours.sort(), theirs)
  } finally {
    reads.close()
  }
}
