// The README's first ten minutes, as a newcomer lives them: start, paste the printed curl line, approve in a real browser,
// see the story; and the same by the command line alone.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'

const ROOT = join(import.meta.dirname, '..', '..')
const CLI = join(ROOT, 'src', 'main', 'cli.ts')
const browserPath = findBrowser()
const root = mkdtempSync(join(tmpdir(), 'jax-first-'))
const dir = join(root, 'data')
const config = join(root, 'jax-exec.yaml')
writeFileSync(config, 'listen:\n  port: 0\n')
const env = { ...process.env, JAX_EXEC_DATA: dir, JAX_EXEC_CONFIG: config, NO_COLOR: '1', NODE_OPTIONS: '' }

let gateway: ChildProcess
let console_ = ''
let browser: Browser | undefined

before(async () => {
  gateway = spawn(process.execPath, [CLI, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  gateway.stdout?.on('data', (chunk: Buffer) => (console_ += chunk.toString()))
  for (const end = Date.now() + 60_000; !console_.includes('Stop '); ) {
    assert.ok(Date.now() < end && gateway.exitCode === null, `the gateway did not come up:\n${console_}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
after(async () => {
  await browser?.close()
  const ended = once(gateway, 'exit')
  gateway.kill('SIGTERM')
  await ended
  rmSync(root, { recursive: true, force: true })
})

const printed = (what: RegExp): string => {
  const found = what.exec(console_)?.[1]
  assert.ok(found, `the console does not show ${what}:\n${console_}`)
  return found
}

describe('the first ten minutes', () => {
  it('the printed link signs in, the printed curl line is approved in a browser, fills, and its page tells the story', {
    skip: browserPath ? false : 'no Chromium on this machine; install one or set JAX_CHROMIUM',
  }, async () => {
    const link = printed(/(http:\S+\/signin#code=\S+)/)
    const url = new URL(link).origin
    assert.equal(new URL(url).hostname, 'localhost', 'where passkeys work')
    browser = await chromium.launch({ executablePath: browserPath ?? '', args: [...BROWSER_ARGS] })
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text())
    })
    await page.goto(link)
    await page.getByLabel(/name/i).fill('Ana')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Awaiting approval' }).waitFor()
    assert.ok(!page.url().includes('code='), 'the one-time code stays in the address bar')

    const curl = printed(/^\s+(curl [\s\S]*?\}'\n)/m)
    const sent = spawnSync('bash', ['-c', curl], { encoding: 'utf8' })
    assert.equal(sent.status, 0, sent.stderr)
    const intent = JSON.parse(sent.stdout) as { intentID: string; state: string; fingerprint: string }
    assert.equal(intent.state, 'AwaitingApproval', sent.stdout)

    await page.getByText(intent.fingerprint).waitFor()
    await page
      .getByRole('button', { name: /^Approve/ })
      .first()
      .click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(intent.fingerprint).waitFor()
    await dialog.getByRole('button', { name: /^Approve/ }).click()
    await dialog.waitFor({ state: 'hidden' })

    await page.goto(`${url}/intents/${intent.intentID}`)
    // The entry is a limit at the market's price: the market may have to come back to it.
    await page
      .getByText(/^(Working|Filled)/)
      .first()
      .waitFor({ timeout: 15_000 })
    await page.getByText('Ana approved.').waitFor()
    await page.getByText(/Sending jx/).waitFor()
    assert.deepEqual(complaints, [])
  })

  it('the same by the command line alone', () => {
    const jax = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { env, encoding: 'utf8' })
      assert.equal(status, 0, `jax-exec ${args.join(' ')}\n${stdout}${stderr}`)
      return stdout
    }
    const { code } = JSON.parse(jax('signin-link', '--json')) as { code: string }
    jax('login', code, '--name', 'Ben')
    const quote = JSON.parse(jax('quote', 'MSFT', '--json')) as { ask: string }
    const entry = (Number(quote.ask) * 1.002).toFixed(2)
    const { intentID } = JSON.parse(jax('signal', '--symbol', 'MSFT', '--side', 'BUY', '--entry', entry, '--json')) as {
      intentID: string
    }
    assert.ok(jax('queue').includes(intentID))
    jax('approve', intentID, '--yes')
    for (const end = Date.now() + 20_000; !jax('fills').includes('MSFT'); )
      assert.ok(Date.now() < end, 'no fill in 20 s')
    assert.match(jax('show', intentID), /Ben approved\.[\s\S]*filled \d+ at/)
    assert.match(jax('audit', 'verify'), /In order/)
  })

  it('the signal in the README has the shape that is taken as it is', async () => {
    const body = /```json\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1]
    assert.ok(body, 'the README shows a signal')
    const token = readFileSync(join(dir, 'agent-token'), 'utf8').trim()
    const url = new URL(printed(/(http:\S+\/signin#code=\S+)/)).origin
    const answer = await fetch(`${url}/v1/intents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    })
    assert.ok(answer.status === 201 || answer.status === 422, `${answer.status} ${await answer.text()}`)
  })
})
