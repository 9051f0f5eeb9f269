// Approving with a passkey, as a person does: real Chromium with a virtual authenticator, the real gateway, its built-in
// broker. What was signed is verified again from the journal alone.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { ensureWeb } from '../../scripts/bootstrap.mjs'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'
import type { Event, Intent } from '../../src/api/wire.ts'
import type { PasskeyAssertion } from '../../src/approvals/evidence.ts'
import { type PublicKey, verifyAssertion } from '../../src/approvals/passkey.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
const browserPath = findBrowser()
const root = mkdtempSync(join(tmpdir(), 'jax-passkey-'))
const config = join(root, 'jax-exec.yaml')
writeFileSync(config, 'listen:\n  port: 0\npolicy:\n  duplicateWindowMs: 0\n')
const env = {
  ...process.env,
  JAX_EXEC_DATA: join(root, 'data'),
  JAX_EXEC_CONFIG: config,
  NO_COLOR: '1',
  NODE_OPTIONS: '',
}

/** What a platform passkey is: kept on the device, and asks for a fingerprint, which succeeds until we say otherwise. */
const AUTHENTICATOR = {
  protocol: 'ctap2',
  ctap2Version: 'ctap2_1',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const

type Person = {
  readonly page: Page
  readonly context: BrowserContext
  readonly cdp: CDPSession
  readonly authenticatorId: string
  readonly wrong: string[]
}

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    const seen = await look()
    if (seen !== null && seen !== undefined && seen !== false) return seen
    assert.ok(Date.now() < end, `${what} did not happen`)
  }
}

describe('approving with a passkey', {
  skip: browserPath ? false : 'no Chromium on this machine; install one or set JAX_CHROMIUM',
}, () => {
  let gateway: ChildProcess
  let said = ''
  let browser: Browser
  /** By the name that passkeys work with. */
  let url = ''
  let ana: Person
  let ben: Person

  before(async () => {
    await ensureWeb()
    gateway = spawn(process.execPath, [CLI, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    gateway.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    for (const end = Date.now() + 60_000; !said.trimEnd().endsWith('}'); await delay(50))
      assert.ok(Date.now() < end && gateway.exitCode === null, `the gateway did not come up:\n${said}`)
    const started = JSON.parse(said) as { url: string; setupCode: string }
    url = `http://localhost:${new URL(started.url).port}`
    browser = await chromium.launch({ executablePath: browserPath ?? '', args: [...BROWSER_ARGS, '--disable-gpu'] })
    ana = await signedIn('Ana', started.setupCode)
  })
  after(async () => {
    await browser?.close()
    const ended = once(gateway, 'exit')
    gateway.kill('SIGTERM')
    await ended
    rmSync(root, { recursive: true, force: true })
  })

  async function signedIn(name: string, code: string): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    const wrong: string[] = []
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to|Uncaught/i.test(message.text())) wrong.push(message.text())
    })
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable', { enableUI: false })
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...AUTHENTICATOR, transport: 'internal' },
    })
    await page.goto(`${url}/signin#code=${code}`)
    await page.getByLabel('Your name').fill(name)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Awaiting approval' }).waitFor()
    return { page, context, cdp, authenticatorId, wrong }
  }
  const go = async ({ page }: Person, path: string, heading: string | RegExp): Promise<void> => {
    await page.goto(url + path)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  }
  /** As the person's own browser asks. */
  const read = async <T>({ context }: Person, path: string): Promise<T> => {
    const answer = await context.request.get(`${url}/v1${path}`)
    assert.equal(answer.status(), 200, `${path}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  const rows = async (action: string): Promise<Event[]> =>
    (await read<{ items: Event[] }>(ana, '/journal?limit=200')).items.filter((row) => row.action === action)
  const intent = (id: string): Promise<Intent> => read<Intent>(ana, `/intents/${id}`)
  const signatures = async ({ cdp, authenticatorId }: Person): Promise<number> =>
    (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.reduce(
      (sum, { signCount }) => sum + signCount,
      0,
    )
  const dialog = ({ page }: Person) => page.getByRole('dialog')

  async function enrol(who: Person, name: string): Promise<void> {
    await go(who, '/access', 'Your access')
    await who.page.getByRole('button', { name: /^Enrol/ }).click()
    await dialog(who).getByLabel('What do you call the device?').fill(name)
    await dialog(who).getByRole('button', { name: 'Enrol', exact: true }).click()
  }

  let signals = 0
  /** A buy at the market of now: it fills as soon as it is sent. */
  async function signal(symbol: string): Promise<Intent> {
    const { ask } = await read<{ ask: string }>(ana, `/quotes/${symbol}`)
    const near = (factor: number): string => (Number(ask) * factor).toFixed(2)
    const now = Date.now()
    const answer = await fetch(`${url}/v1/intents`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${readFileSync(join(root, 'data', 'agent-token'), 'utf8').trim()}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        id: `pk-${++signals}`,
        symbol,
        strategy_id: 'pullback',
        signal_type: 'BUY',
        confidence: 0.8,
        entry_price: near(1.002),
        stop_loss: near(0.96),
        take_profit: near(1.08),
        reasoning: 'Came back to its average.',
        generated_at: new Date(now).toISOString(),
        expires_at: new Date(now + 900_000).toISOString(),
      }),
    })
    const made = (await answer.json()) as Intent
    assert.equal(made.state, 'AwaitingApproval', JSON.stringify(made))
    return made
  }

  /** Changes the first rule, which speaks of paper, and proposes it. */
  async function propose(edit: (page: Page) => Promise<void>, why: string): Promise<void> {
    const { page } = ana
    await go(ana, '/approvals', 'Approvals')
    await page.getByRole('button', { name: 'Propose a change…' }).click()
    await edit(page)
    await page.getByLabel('Why?').fill(why)
    await page.getByRole('button', { name: 'Propose', exact: true }).click()
    await page.getByText('The new policy holds from now on.').waitFor()
  }

  async function approve(who: Person, { intentID, fingerprint }: Intent): Promise<void> {
    await go(who, `/intents/${intentID}`, /Buy/)
    await who.page.getByRole('button', { name: /^Approve with a passkey/ }).click()
    await dialog(who)
      .getByText(fingerprint ?? '')
      .waitFor()
    await dialog(who)
      .getByRole('button', { name: /^Approve buy .* with a passkey$/ })
      .click()
  }

  const sent = (id: string): Promise<unknown> =>
    until(`the send of ${id}`, async () => (await rows('order.accepted')).some(({ corr }) => corr === id))

  /** What the journal says of a yes, verified again with nothing but the public key that the journal holds. */
  async function proven(action: string, { intentID, digest }: Intent): Promise<{ by: string; byName: string }> {
    const row = (await rows(action)).find(({ object }) => object.id === intentID)
    const decision = row?.data['decision'] as {
      by: string
      byName: string
      via: string
      level: string
      digest: string
      evidence: PasskeyAssertion
    }
    assert.equal(decision.digest, digest)
    assert.equal(decision.level, 'L2')
    assert.equal(decision.via, 'web')
    const { evidence } = decision
    assert.equal(evidence.kind, 'passkey')
    assert.equal(evidence.envelope.order_digest, digest)
    assert.equal(evidence.envelope.approver, decision.by)
    const enrolled = (await rows('passkey.enrolled')).find(({ object }) => object.id === evidence.credentialID)
    const { key, personID } = (enrolled ?? assert.fail()).data['passkey'] as { key: PublicKey; personID: string }
    assert.equal(personID, decision.by)
    const expected = { rpID: 'localhost', origins: [url], requireUserVerification: true } as const
    assert.equal(verifyAssertion(evidence, key, expected).ok, true)
    return decision
  }

  it('enrols the first one, and says how it may be used', async () => {
    await enrol(ana, 'laptop')
    await ana.page.getByText('✓ Enrolled: laptop.').waitFor()
    await ana.page.getByText('paper only yet').waitFor()
    await ana.page.getByText(/It approves live orders from/).waitFor()
    assert.equal((await rows('passkey.enrolled')).length, 1)
  })

  it('asks for a passkey once the policy does, and the page says so before and after', async () => {
    await propose(async (page) => {
      await page.getByLabel('How sure').first().selectOption({ label: 'A passkey (L2)' })
      const diff = page.getByRole('table', { name: 'Before and after' }).last()
      await diff.getByText('paper orders: one person, by a click').waitFor()
      await diff.getByText('paper orders: one person, with a passkey').waitFor()
    }, 'Rehearse on paper.')
    await ana.page.getByRole('button', { name: 'Show the policy' }).click()
    await ana.page.getByRole('row', { name: /^paper paper orders one person a passkey/ }).waitFor()
    await ana.page.getByRole('link', { name: 'Four-eyes: off' }).first().waitFor()
    const [changed] = await rows('policy.changed')
    assert.equal(((changed ?? assert.fail()).data['policy'] as { version: number }).version, 1)
  })

  it('approves nothing when the device does not recognise the person, and says so calmly', async () => {
    const made = await signal('AAPL')
    const { cdp, authenticatorId } = ana
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    await approve(ana, made)
    const told = dialog(ana).getByRole('alert')
    await told.getByText('Not signed.').waitFor()
    await told.getByRole('link', { name: 'Your access' }).waitFor()
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
    const after = await intent(made.intentID)
    assert.deepEqual([after.state, after.votes], ['AwaitingApproval', []])

    // The same dialog, a second try; a double click is one decision, and one question of the device.
    const before = await signatures(ana)
    await dialog(ana)
      .getByRole('button', { name: /^Approve buy/ })
      .dblclick()
    await dialog(ana).waitFor({ state: 'detached' })
    await sent(made.intentID)
    assert.equal(await signatures(ana), before + 1)
    const { byName } = await proven('intent.approved', made)
    assert.equal(byName, 'Ana')
    await ana.page.getByText(/1 of 1/).waitFor()
    await ana.page
      .getByRole('list', { name: 'Who said yes' })
      .getByText(/Ana with a passkey/)
      .waitFor()
  })

  const LIES: readonly (readonly [string, (shown: Intent) => void])[] = [
    ['the price', ({ ticket }) => void (ticket !== null && (ticket.terms.price = '1.00'))],
    ['the size', ({ ticket }) => void (ticket !== null && (ticket.terms.orderQty = '1'))],
    ['the stop', ({ ticket }) => void (ticket?.terms.bracket != null && (ticket.terms.bracket.stopPx = '1.00'))],
    ['the account', (shown) => void (shown.account = 'paper:other:1')],
    ['the fingerprint', (shown) => void (shown.fingerprint = '0000-0000')],
  ]
  for (const [what, lie] of LIES)
    it(`refuses to sign when ${what} on the screen is not what is signed`, async () => {
      const made = await signal('MSFT')
      const { page } = ana
      const before = await signatures(ana)
      const posted: string[] = []
      page.on(
        'request',
        (request) => void (request.method() === 'POST' && posted.push(new URL(request.url()).pathname)),
      )
      await page.route(`**/v1/intents/${made.intentID}/story`, async (route) => {
        const response = await route.fetch()
        const story = (await response.json()) as { intent: Intent }
        lie(story.intent)
        await route.fulfill({ response, json: story })
      })
      const shown = { ...made }
      lie(shown)
      await approve(ana, shown)
      await dialog(ana).getByRole('alert').getByText('This is not what you see.').waitFor()
      assert.equal(await signatures(ana), before, 'the passkey was used')
      assert.equal(posted.includes(`/v1/intents/${made.intentID}/approve`), false)
      await page.unrouteAll({ behavior: 'ignoreErrors' })
      const now = await intent(made.intentID)
      assert.deepEqual([now.state, now.votes], ['AwaitingApproval', []])
    })

  it('refuses to sign when the gateway asks for another order than the one it shows', async () => {
    const [made, other] = [await signal('MSFT'), await signal('AAPL')]
    const before = await signatures(ana)
    await ana.page.route('**/approve/begin', async (route) => {
      const url = route.request().url().replace(made.intentID, other.intentID)
      await route.fulfill({ response: await route.fetch({ url, postData: JSON.stringify({ digest: other.digest }) }) })
    })
    await approve(ana, made)
    await dialog(ana).getByRole('alert').getByText('This is not what you see.').waitFor()
    await ana.page.unrouteAll({ behavior: 'ignoreErrors' })
    assert.equal(await signatures(ana), before)
  })

  it('lets a further one in only with an older one', async () => {
    const before = await signatures(ana)
    await ana.cdp.send('WebAuthn.addVirtualAuthenticator', { options: { ...AUTHENTICATOR, transport: 'usb' } })
    await enrol(ana, 'key ring')
    await ana.page.getByText('✓ Enrolled: key ring.').waitFor()
    assert.ok((await signatures(ana)) > before, 'the older one signed')
    assert.equal((await rows('passkey.enrolled')).length, 2)
    await ana.page.getByRole('button', { name: 'Revoke key ring' }).click()
    await ana.page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click()
    await ana.page.getByText('1 revoked').waitFor()
    assert.equal(await ana.page.getByText('✓ Enrolled').count(), 0, 'of one that is gone')
  })

  it('asks two people for a passkey each: either alone sends nothing', async () => {
    const link = spawnSync(process.execPath, [CLI, 'signin-link', '--json'], { env, encoding: 'utf8' })
    assert.equal(link.status, 0, link.stderr)
    ben = await signedIn('Ben', (JSON.parse(link.stdout) as { code: string }).code)
    await enrol(ben, 'phone')
    await ben.page.getByText('✓ Enrolled: phone.').waitFor()

    await go(ana, '/approvals', 'Approvals')
    await ana.page.getByRole('button', { name: 'Change the access of Ben' }).click()
    await dialog(ana).getByLabel('Why?').fill('He sits beside me.')
    await dialog(ana).getByRole('button', { name: 'Vouch for them' }).click()
    await ana.page.getByText('✓ Done.').waitFor()
    await propose(async (page) => {
      await page.getByLabel('How sure').first().selectOption({ label: 'Two people, a passkey each (L3)' })
      await page.getByLabel('Without a person, at most').fill('')
    }, 'Four eyes.')
    await ana.page.getByRole('link', { name: 'Four-eyes: on' }).first().waitFor()

    const made = await signal('NVDA')
    assert.deepEqual(made.requires && [made.requires.level, made.requires.quorum], ['L3', 2])
    await approve(ana, made)
    await dialog(ana).waitFor({ state: 'detached' })
    await ana.page.getByText('It waits for one more person.').waitFor()
    await ana.page.getByText(/You said yes already/).waitFor()
    assert.equal((await intent(made.intentID)).state, 'AwaitingApproval')

    // Ben has it open twice; the second of his tabs comes too late, and does no harm.
    const late = await ben.context.newPage()
    await late.goto(`${url}/intents/${made.intentID}`)
    await late.getByRole('button', { name: /^Approve with a passkey/ }).click()
    await late.getByRole('dialog').waitFor()
    await approve(ben, made)
    await dialog(ben).waitFor({ state: 'detached' })
    await sent(made.intentID)
    await late.getByRole('dialog').waitFor({ state: 'detached' })
    const [first, second] = [await proven('intent.voted', made), await proven('intent.approved', made)]
    assert.deepEqual([first.byName, second.byName], ['Ana', 'Ben'])
    assert.notEqual(first.by, second.by)
    assert.equal((await rows('order.accepted')).filter(({ corr }) => corr === made.intentID).length, 1)
    await ana.page.getByText(/2 of 2/).waitFor()
  })

  it('agrees to a change of the policy with a passkey, over exactly the change that is shown', async () => {
    await propose(async (page) => {
      await page.getByLabel('Changes need').selectOption({ label: 'A passkey (L2)' })
    }, 'Changes are worth a passkey too.')
    const { page } = ana
    await go(ana, '/approvals', 'Approvals')
    await page.getByRole('button', { name: 'Propose a change…' }).click()
    await page.getByRole('button', { name: 'Add a rule' }).click()
    const rule = page.getByRole('group', { name: /^Rule 4/ })
    await rule.getByLabel('Name').fill('small <b>caps</b>')
    await rule.getByLabel('Only symbols').fill('aapl, MSFT')
    await rule.getByLabel('Only above').fill('500.50')
    await rule.getByLabel('Decide within').fill('60')
    await page.getByLabel('Why?').fill('Look twice at these.')
    await page.getByRole('button', { name: 'Propose', exact: true }).click()
    await page.getByText('It waits above').waitFor()
    const waiting = page.getByRole('article', { name: 'Another policy' })
    await waiting.getByText('Rule “small <b>caps</b>”').waitFor()
    const begin = waiting.getByRole('button', { name: 'Approve with a passkey…' })
    const agree = dialog(ana).getByRole('button', { name: 'Approve the change with a passkey' })

    const before = await signatures(ana)
    await page.route('**/v1/changes', async (route) => {
      const response = await route.fetch()
      const shown = (await response.text()).replaceAll('500.50', '999.50')
      await route.fulfill({ response, body: shown })
    })
    await go(ana, '/approvals', 'Approvals')
    await waiting.getByText('above 999.50').waitFor()
    await begin.click()
    await agree.click()
    await dialog(ana).getByRole('alert').getByText('This is not what you see.').waitFor()
    assert.equal(await signatures(ana), before)
    await page.unrouteAll({ behavior: 'ignoreErrors' })

    await go(ana, '/approvals', 'Approvals')
    await begin.click()
    await agree.click()
    await dialog(ana).waitFor({ state: 'detached' })
    await page
      .getByRole('row', { name: /small <b>caps<\/b> all orders in AAPL and MSFT above 500.50/ })
      .first()
      .waitFor()
    const [row] = (await rows('change.voted')).slice(-1)
    const { evidence, digest } = (row ?? assert.fail()).data['decision'] as {
      evidence: PasskeyAssertion
      digest: string
    }
    assert.deepEqual([evidence.envelope.purpose, evidence.envelope.order_digest], ['jax.change', digest])
  })

  it('keeps the policy of the page strict all the while', () => {
    assert.deepEqual([...ana.wrong, ...ben.wrong], [])
  })
})
