// A paper account at Alpaca as its user lives it, with the simulated Alpaca at the other end of the wire: the documented
// configuration, a signal by HTTP, a click in a real browser, orders by HTTP and fills by WebSocket.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright-core'
import { ensureWeb } from '../../scripts/bootstrap.mjs'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'

const ROOT = join(import.meta.dirname, '..', '..')
const CLI = join(ROOT, 'src', 'main', 'cli.ts')
const browserPath = findBrowser()
const root = mkdtempSync(join(tmpdir(), 'jax-alpaca-'))
const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' }
delete (env as NodeJS.ProcessEnv)['JAX_EXEC_DATA']
delete (env as NodeJS.ProcessEnv)['JAX_EXEC_CONFIG']

/** A child of ours with everything it has said. */
type Child = { readonly process: ChildProcess; said: string }
function start(...args: string[]): Child {
  const child: Child = { process: spawn(process.execPath, [CLI, ...args], { env, stdio: 'pipe' }), said: '' }
  for (const out of [child.process.stdout, child.process.stderr])
    out?.on('data', (chunk: Buffer) => (child.said += chunk.toString()))
  return child
}
async function says(child: Child, what: RegExp): Promise<RegExpExecArray> {
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    const found = what.exec(child.said)
    if (found) return found
    assert.ok(Date.now() < end && child.process.exitCode === null, `${what} was not said:\n${child.said}`)
  }
}
async function stop(child: Child): Promise<void> {
  if (child.process.exitCode !== null) return
  const ended = once(child.process, 'exit')
  child.process.kill('SIGINT')
  await ended
}

/** The first configuration of the page, as a user copies it, trading with the simulator instead. */
function documented(url: string): string {
  const page = readFileSync(join(ROOT, 'docs', 'brokers', 'alpaca.md'), 'utf8')
  // It stands in a step of a list, and a reader copies it without the indent of the list.
  const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1]?.replace(/^ {3}/gm, '')
  assert.ok(yaml !== undefined && yaml.includes('\nalpaca:\n'), 'the page shows a configuration')
  return yaml.replace('\nalpaca:\n', `\nalpaca:\n  url: ${url}\n`)
}
const config = join(root, 'jax-exec.yaml')
const keyFile = (name: string): string => {
  const file = new RegExp(`${name}: file:(\\S+)`).exec(readFileSync(config, 'utf8'))?.[1]
  assert.ok(file, name)
  return join(root, file)
}

type Simulated = { readonly url: string; readonly keyID: string; readonly secretKey: string }
let simulator: Child
let gateway: Child
let broker: Simulated
let url = ''
let browser: Browser | undefined

before(async () => {
  await ensureWeb()
  simulator = start('simulate', 'alpaca', '--port', '0', '--json')
  broker = JSON.parse((await says(simulator, /\{[\s\S]*?\n\}/))[0]) as Simulated
  writeFileSync(config, documented(broker.url))
  mkdirSync(join(root, 'secrets'))
  writeFileSync(keyFile('keyID'), `${broker.keyID}\n`, { mode: 0o600 })
  writeFileSync(keyFile('secretKey'), `${broker.secretKey}\n`, { mode: 0o600 })
  gateway = start('serve', '--config', config, '--port', '0')
  url = new URL((await says(gateway, /(http:\S+\/signin#code=\S+)[\s\S]*Stop /))[1] ?? '').origin
})
after(async () => {
  await browser?.close()
  if (gateway) await stop(gateway)
  if (simulator) await stop(simulator)
  rmSync(root, { recursive: true, force: true })
})

function run(...args: string[]): { readonly status: number | null; readonly said: string; readonly answer: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, '--config', config, ...args], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, said: `${stdout}${stderr}`, answer: stdout }
}
function jax(...args: string[]): string {
  const { status, said, answer } = run(...args)
  assert.equal(status, 0, `jax-exec ${args.join(' ')}\n${said}`)
  return answer
}
const json = <T>(...args: string[]): T => JSON.parse(jax(...args, '--json')) as T

type Order = { readonly role: string; readonly ordStatus: string; readonly terms: { readonly orderQty: string } }

describe('a paper account at Alpaca', () => {
  it('fills a signal that was approved in the browser, and its stop and target rest', {
    skip: browserPath ? false : 'no Chromium on this machine; install one or set JAX_CHROMIUM',
  }, async () => {
    const token = /Bearer \$\(cat (\S+)\)/.exec(gateway.said)?.[1] ?? assert.fail(gateway.said)
    const asJax = { authorization: `Bearer ${readFileSync(token, 'utf8').trim()}`, 'content-type': 'application/json' }
    const quoted = await fetch(`${url}/v1/quotes/AAPL`, { headers: asJax })
    const { ask } = (await quoted.json()) as { ask: string }
    const near = (factor: number): string => (Number(ask) * factor).toFixed(2)
    const now = Date.now()
    const sent = await fetch(`${url}/v1/intents`, {
      method: 'POST',
      headers: asJax,
      body: JSON.stringify({
        id: 'sig-alpaca-1',
        symbol: 'AAPL',
        strategy_id: 'pullback',
        signal_type: 'BUY',
        confidence: 0.8,
        // Above the market, so that it fills now, and far enough from its exits that they rest.
        entry_price: near(1.002),
        stop_loss: near(0.96),
        take_profit: near(1.08),
        reasoning: 'Came back to its average.',
        generated_at: new Date(now).toISOString(),
        expires_at: new Date(now + 900_000).toISOString(),
      }),
    })
    const intent = (await sent.json()) as { state: string; fingerprint: string }
    assert.equal(intent.state, 'AwaitingApproval', JSON.stringify(intent))

    browser = await chromium.launch({ executablePath: browserPath ?? '', args: [...BROWSER_ARGS] })
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(/(http:\S+\/signin#code=\S+)/.exec(gateway.said)?.[1] ?? '')
    await page.getByLabel(/name/i).fill('Ana')
    await page.keyboard.press('Enter')
    await page.getByText(intent.fingerprint).waitFor()
    await page
      .getByRole('button', { name: /^Approve/ })
      .first()
      .click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(intent.fingerprint).waitFor()
    await dialog.getByRole('button', { name: /^Approve/ }).click()
    await dialog.waitFor({ state: 'hidden' })

    await page.goto(`${url}/intents/sig-alpaca-1`)
    await page
      .getByText(/^Filled/)
      .first()
      .waitFor({ timeout: 15_000 })
    await page.getByText('Ana approved.').waitFor()
    await page.getByText(/The broker has jx\S+ as [0-9a-f-]{36}/).waitFor()
    await page
      .getByText(/^jx\S+ filled \d+ at /)
      .first()
      .waitFor()
    await page.goto(`${url}/account`)
    await page.getByText(/Paper account PA\w+ at alpaca/).waitFor()
    assert.deepEqual(complaints, [])

    const { orders, events } = json<{ orders: Order[]; events: { actor: { type: string; id: string } }[] }>(
      'show',
      'sig-alpaca-1',
    )
    assert.deepEqual(orders.map(({ role, ordStatus }) => `${role} ${ordStatus}`).sort(), [
      'Entry Filled',
      'Stop New',
      'Target New',
    ])
    assert.equal(new Set(orders.map(({ terms }) => terms.orderQty)).size, 1, 'all of it is protected')
    assert.ok(events.some(({ actor }) => actor.type === 'broker' && actor.id === 'alpaca'))
    const [held] = json<{ netQty: string; protectedQty: string }[]>('positions')
    assert.equal(held?.protectedQty, held?.netQty)
    await says(simulator, /fill +buy \d+ AAPL at \d/)
  })

  it('shows how the connection is, and keeps a record that can be proven', async () => {
    assert.match(jax('status'), /alpaca \(PA\w+\), connected, last heard .*stream up since/)
    assert.deepEqual(await (await fetch(`${url}/readyz`)).json(), { status: 'ok', because: [] })
    assert.match(
      await (await fetch(`${url}/metrics`)).text(),
      /^jax_broker_calls_total\{call="submit",outcome="accepted"\} 1$/m,
    )
    assert.match(jax('audit', 'verify'), /In order/)
    assert.doesNotMatch(jax('config', 'check'), new RegExp(`${broker.keyID}|${broker.secretKey}`))
    assert.doesNotMatch(
      readFileSync(join(root, 'data-alpaca', 'jax-exec.log'), 'utf8'),
      new RegExp(`${broker.keyID}|${broker.secretKey}`),
    )
  })

  it('is not started with keys that are refused, with those of another account, or without the broker', async () => {
    await stop(gateway)
    const refused = (what: RegExp, code: number): void => {
      const { status, said } = run('serve', '--port', '0')
      assert.match(said, what)
      assert.match(said, /Nothing was started, and nothing was sent\./)
      assert.equal(status, code)
    }
    writeFileSync(keyFile('secretKey'), 'not-the-secret\n')
    refused(/Alpaca does not accept these keys for paper trading/, 78)
    writeFileSync(keyFile('secretKey'), `${broker.secretKey}\n`)

    await stop(simulator)
    refused(/Alpaca does not answer at http:/, 69)

    const { port } = new URL(broker.url)
    const { keyID, secretKey } = broker
    const same = ['--key-id', keyID, '--secret-key', secretKey]
    simulator = start('simulate', 'alpaca', '--port', port, '--seed', '8', '--json', ...same)
    await says(simulator, /\{[\s\S]*?\n\}/)
    refused(/paper:alpaca:main is the account PA\w+ \(.*\), and the keys open another one: PA\w+ \(/, 78)
  })
})

describe('jax-exec simulate alpaca', () => {
  it('writes a configuration that holds, with keys for their owner alone, and overwrites nothing', async () => {
    const file = join(root, 'sim.yaml')
    const first = start('simulate', 'alpaca', '--port', '0', '--write-config', file)
    const [, to] = await says(first, /serve --config (\S+)/)
    assert.equal(to, file)
    await stop(first)
    assert.equal(first.process.exitCode, 0, first.said)
    assert.match(first.said, /Stopped\./)
    for (const name of ['sim.yaml', 'sim.key-id', 'sim.secret-key'])
      if (process.platform !== 'win32') assert.equal(statSync(join(root, name)).mode & 0o077, 0, name)
    const checked = spawnSync(process.execPath, [CLI, 'config', 'check', '--config', file], { env, encoding: 'utf8' })
    assert.equal(checked.status, 0, checked.stderr)
    assert.match(checked.stdout, /alpaca\.url +http:\/\/127\.0\.0\.1:\d+/)

    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `${before}# by hand\n`)
    const second = start('simulate', 'alpaca', '--port', '0', '--write-config', file)
    await once(second.process, 'exit')
    assert.equal(second.process.exitCode, 74, second.said)
    assert.match(second.said, /sim\.yaml is there already and would be overwritten/)
    assert.equal(readFileSync(file, 'utf8'), `${before}# by hand\n`)
  })

  const rows: readonly (readonly [args: readonly string[], exit: number, says: RegExp])[] = [
    [['--market', 'sideways'], 2, /--market is "sideways"; it can be seeded, or replay:FILE/],
    [['--market', 'replay:no-such-bars.csv'], 78, /The bars to replay cannot be used/],
    [['--chaos', '2'], 2, /a share from 0 to 0\.5/],
    [['--state', tmpdir()], 74, /The simulated account cannot be kept in/],
  ]
  for (const [args, exit, what] of rows)
    it(`says what is wrong with ${args[0]}`, () => {
      const run_ = spawnSync(process.execPath, [CLI, 'simulate', 'alpaca', '--port', '0', ...args], {
        env,
        encoding: 'utf8',
        timeout: 20_000,
      })
      assert.match(run_.stderr, what)
      assert.equal(run_.status, exit, run_.stderr)
    })
})
