// Signing in by a provider, as a person does: real Chromium, the real gateway, a simulated provider. Cookies are the
// browser's business, so it is asked.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { ensureWeb } from '../../scripts/bootstrap.mjs'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'
import { type OidcSimulator, startOidcSimulator } from '../../src/simulators/oidc/provider.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
const browserPath = findBrowser()
const root = mkdtempSync(join(tmpdir(), 'jax-oidc-'))

describe('signing in by a provider', {
  skip: browserPath ? false : 'no Chromium on this machine; install one or set JAX_CHROMIUM',
}, () => {
  let provider: OidcSimulator
  let gateway: ChildProcess
  let browser: Browser
  let started: { url: string; setupCode: string }

  before(async () => {
    await ensureWeb()
    provider = await startOidcSimulator({ algorithm: 'ES256' })
    writeFileSync(join(root, 'secret'), provider.clientSecret, { mode: 0o600 })
    const config = join(root, 'jax-exec.yaml')
    writeFileSync(
      config,
      `listen:
  port: 0
access:
  oidc:
    issuer: ${provider.issuer}
    clientID: ${provider.clientID}
    clientSecret: file:secret
    name: Example ID
`,
    )
    const own = { JAX_EXEC_DATA: join(root, 'data'), JAX_EXEC_CONFIG: config, NO_COLOR: '1', NODE_OPTIONS: '' }
    let said = ''
    gateway = spawn(process.execPath, [CLI, 'serve', '--json'], {
      env: { ...process.env, ...own },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    gateway.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    for (const end = Date.now() + 60_000; !said.trimEnd().endsWith('}'); await delay(50))
      assert.ok(Date.now() < end && gateway.exitCode === null, `the gateway did not come up:\n${said}`)
    const { url, setupCode } = JSON.parse(said) as typeof started
    // The provider sends people back to the name, so that is where they begin.
    started = { url: url.replace('127.0.0.1', 'localhost'), setupCode }
    browser = await chromium.launch({ executablePath: browserPath ?? '', args: [...BROWSER_ARGS, '--disable-gpu'] })
  })
  after(async () => {
    await browser?.close()
    await provider?.close()
    const ended = once(gateway, 'exit')
    gateway.kill('SIGTERM')
    await ended
    rmSync(root, { recursive: true, force: true })
  })

  const wrong: string[] = []
  async function fresh(): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to|Uncaught/i.test(message.text())) wrong.push(message.text())
    })
    return page
  }
  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()

  it('an account that is new here asks for a code, is linked, and is enough from then on', async () => {
    const page = await fresh()
    await page.goto(`${started.url}/signin`)
    await page.getByRole('link', { name: 'Sign in with Example ID' }).click()
    await heading(page, 'Who are you?')
    await page.getByRole('link', { name: /^Ana Ada/ }).click()
    await page.getByRole('alert').filter({ hasText: 'belongs to nobody here yet' }).waitFor()
    assert.equal(page.url(), `${started.url}/signin`)

    await page.getByLabel('One-time code').fill(started.setupCode)
    await page.getByLabel('Your name').fill('Ana')
    await page.keyboard.press('Enter')
    await heading(page, 'Your access')
    await page.getByText('ana@id.example').waitFor()
    await page.getByRole('button', { name: 'Link it to me' }).click()
    await page.getByRole('button', { name: 'Unlink Sign-in provider' }).waitFor()

    const other = await fresh()
    await other.goto(`${started.url}/activity`)
    await other.getByRole('link', { name: 'Sign in with Example ID' }).click()
    await other.getByRole('link', { name: /^Ana Ada/ }).click()
    await other.getByText('Signed in as Ana').waitFor()
    assert.equal(other.url(), `${started.url}/activity`, 'back on the page that was asked for')
    const cookies = await other.context().cookies()
    const ours = cookies.filter(({ name }) => name.startsWith('jax_'))
    assert.deepEqual(
      ours.map(({ name, sameSite, httpOnly }) => [name, sameSite, httpOnly]),
      [['jax_session', 'Strict', true]],
      'nothing is left of the visit',
    )
  })

  it('a further account is linked from the page, after a look at whose it is', async () => {
    const page = await fresh()
    await page.goto(`${started.url}/signin`)
    await page.getByRole('link', { name: 'Sign in with Example ID' }).click()
    await page.getByRole('link', { name: /^Ana Ada/ }).click()
    await page.getByText('Signed in as Ana').waitFor()
    await page.goto(`${started.url}/access`)
    await page.getByRole('link', { name: 'Link an account…' }).click()
    await page.getByRole('link', { name: /^Ben Boole/ }).click()
    await heading(page, 'Your access')
    await page.getByText('ben@id.example').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Unlink Sign-in provider' }).count(), 1, 'not linked yet')
    await page.getByRole('button', { name: 'Link it to me' }).click()
    await page.getByRole('button', { name: 'Unlink Sign-in provider' }).nth(1).waitFor()
  })

  it('who goes back is told so, once', async () => {
    const page = await fresh()
    await page.goto(`${started.url}/signin`)
    await page.getByRole('link', { name: 'Sign in with Example ID' }).click()
    await page.getByRole('link', { name: 'Nobody: go back' }).click()
    await page.getByRole('alert').filter({ hasText: 'Nobody was signed in at the provider' }).waitFor()
    await page.reload()
    await page.getByLabel('One-time code').waitFor()
    assert.equal(await page.getByRole('alert').count(), 0, 'said once')
  })

  it('no token reached the log, and no page did what its policy forbids', () => {
    assert.doesNotMatch(readFileSync(join(root, 'data', 'jax-exec.log'), 'utf8'), /eyJ|code=|client_secret/)
    assert.deepEqual(wrong, [])
  })
})
