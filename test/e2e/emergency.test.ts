// The emergency page as somebody opens it at the machine of the gateway: in a browser, on a telephone's width, and on paper;
// and the same sheet on a terminal, with the service dead.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'
import { type Emergency, gather, type Working } from '../../src/api/emergency.ts'
import { EMERGENCY_STYLE, emergencyPage } from '../../src/api/emergency-page.ts'
import { apiClient } from '../../src/main/client.ts'
import { parseConfig } from '../../src/main/config.ts'
import { demoSignal } from '../../src/main/demo.ts'
import { placeOf } from '../../src/main/emergency.ts'
import { type Gateway, startGateway } from '../../src/main/serve.ts'
import { isZero } from '../../src/values/decimal.ts'
import { instant } from '../../src/values/instant.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const root = mkdtempSync(join(tmpdir(), 'emergency-'))
after(() => rmSync(root, { recursive: true, force: true }))

const SHEET = `emergency:
  phone: +1 555 0100
  hours: 9:30 to 16:00 New York
  accountNumber: PA-4711
`
let n = 0
function configured() {
  const file = join(root, `${n}.yaml`)
  writeFileSync(file, `dataDir: data-${n++}\nlisten:\n  port: 0\n${SHEET}`)
  const read = parseConfig(readFileSync(file, 'utf8'), file, [])
  assert.ok(read.ok)
  return { file, settings: read.value.settings }
}
async function until(look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await look())) {
    assert.ok(Date.now() < end, 'it did not happen')
    await delay(50)
  }
}
/** A gateway that holds AAPL, with its exits at the broker. */
async function holding() {
  const { file, settings } = configured()
  const gateway = await startGateway(settings, { quiet: true, file })
  const agent = apiClient({ url: gateway.url, token: gateway.agentToken })
  const { session } = await agent.signIn(gateway.setupCode, 'ana')
  const { intent } = await agent.submit(demoSignal(await agent.quote('AAPL'), 'held', () => 0.5, new Date()))
  await apiClient({ url: gateway.url, token: session }).approve(intent.intentID, intent.digest ?? '')
  await until(
    async () =>
      (await gateway.reads.all('position')).some(({ netQty }) => !isZero(netQty)) &&
      (await gateway.reads.openOrders(gateway.broker.account)).some(({ role }) => role === 'Stop'),
  )
  return { gateway, file, settings }
}
async function jaxExec(file: string, ...words: string[]): Promise<string> {
  const cli = join(ROOT, 'src', 'main', 'cli.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [cli, '--config', file, ...words], { timeout: 60_000 })
  return stdout
}
const isHalted = async ({ reads }: Gateway): Promise<boolean> =>
  ((await reads.get('halt', 'global'))?.state ?? null) !== null

const executablePath = findBrowser()

describe('the emergency page', { skip: executablePath === undefined ? 'no Chromium found' : false }, () => {
  let browser: Browser
  let house: Awaited<ReturnType<typeof holding>>
  before(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: [...BROWSER_ARGS, '--disable-gpu'] })
    house = await holding()
  })
  after(async () => {
    await browser.close()
    await house.gateway.close()
  })
  const opened = async (
    width: number,
    work: (page: Page, url: string) => Promise<void>,
    said: readonly RegExp[] = [],
  ): Promise<void> => {
    const context = await browser.newContext({ viewport: { width, height: 740 } })
    const page = await context.newPage()
    const wrong: string[] = []
    page.on('console', (message) => wrong.push(message.text()))
    try {
      const url = house.gateway.url.replace('127.0.0.1', 'localhost')
      await page.goto(`${url}/emergency`)
      await work(page, url)
      assert.deepEqual(
        wrong.filter((text) => !said.some((expected) => expected.test(text))),
        [],
      )
    } finally {
      await context.close()
    }
  }
  const assertAccessible = async (page: Page): Promise<void> => {
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
      [],
    )
  }

  for (const width of [1280, 360])
    it(`shows what is held, its age, and whom to call, ${width} pixels wide`, () =>
      opened(width, async (page) => {
        for (const text of [/sell \d+ to close/, 'PROTECTS', '+1 555 0100', 'PA-4711', /^\d+ s ago/])
          await page.getByText(text).first().waitFor()
        await page.getByText(`--config ${house.file}`).first().waitFor()
        await assertAccessible(page)
        assert.ok((await page.evaluate('document.documentElement.scrollWidth')) === width)
        for (const box of await page.locator('.wide').all())
          assert.ok(await box.evaluate((of) => of.scrollWidth <= of.clientWidth), 'something lies beyond the edge')
      }))

  it('cannot be pressed from a page of another port of this machine', () =>
    opened(
      1280,
      async (page, url) => {
        const evil = createServer((_request, response) => {
          response.setHeader('content-type', 'text/html')
          response.end(`<form method="post" action="${url}/emergency/halt"><button>Win</button></form>`)
        })
        await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
        try {
          await page.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`)
          const [answer] = await Promise.all([
            page.waitForResponse(/\/emergency\/halt$/),
            page.getByText('Win').click(),
          ])
          assert.equal(answer.status(), 403)
          assert.equal(await isHalted(house.gateway), false)
        } finally {
          evil.close()
          evil.closeAllConnections()
        }
      },
      [/403 \(Forbidden\)/],
    ))

  it('leads to the procedures, which stand beside the program', () =>
    opened(1280, async (page) => {
      await page.getByRole('link', { name: 'E3' }).click()
      await page.getByText('## E3 Broker phone desk').waitFor()
    }))

  it('halts by one key, without a sign-in, and shows the proof', () =>
    opened(360, async (page) => {
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.getByRole('status').getByText('Halted.').waitFor()
      assert.equal(await isHalted(house.gateway), true)
      assert.ok(existsSync(house.gateway.places.halt))
      await assertAccessible(page)
      await until(async () => {
        await page.getByRole('link', { name: 'Look again' }).click()
        return (await page.getByText('no entry is open, by the broker’s own word').count()) === 1
      })
    }))

  it('is one page of A4 with four positions and their stops and targets', async () => {
    const known = { at: '2026-11-24T15:00:00.000000Z', ageS: 65, old: false }
    const of = await gather(placeOf(house.settings, house.file), { why: 'x' }, null, {
      at: instant(0),
      now: null,
      speed: 1,
    })
    const order: Working = {
      clOrdID: 'jxvxwf64kfjg9gpqe75pjj1x1ybj-s',
      orderID: '61e69015-8549-4bfd-b9c3-01e75843f47d',
      symbol: 'AAPL',
      side: 'Sell',
      leavesQty: '51',
      ordType: 'StopLimit',
      price: '192.70',
      stopPx: '193.70',
      role: 'Stop',
      protects: true,
      ordStatus: 'New',
      known,
    }
    const position = {
      symbol: 'AAPL',
      side: 'Long',
      qty: '51',
      closeBy: 'Sell',
      avgCost: '1',
      protectedQty: '51',
      known,
    } as const
    const full: Emergency = {
      ...of,
      halts: { ok: true, value: [{ scope: 'global', level: 'K4', by: 'ana', reason: 'feed', since: known.at }] },
      compared: { ok: true, value: { ...known, clean: true, findings: [] } },
      held: { ok: true, value: Array.from({ length: 4 }, () => position) },
      working: { ok: true, value: Array.from({ length: 8 }, () => order) },
      inDoubt: { ok: true, value: [] },
    }
    const page = await (await browser.newContext()).newPage()
    await page.setContent(
      emergencyPage(full, ['E1', 'E2', 'E3'], null).replace('</head>', `<style>${EMERGENCY_STYLE}</style></head>`),
    )
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
    await page.emulateMedia({ media: 'print' })
    assert.equal(await page.getByRole('button').count(), 0, 'a button on paper')
    assert.match(pdf, /\/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/)
    assert.equal((pdf.match(/\/Type \/Page\b/g) ?? []).length, 1)
    await page.context().close()
  })
})

describe('jax-exec emergency', () => {
  it('prints the sheet with the service dead, and says what it could not read', async () => {
    const { gateway, file } = await holding()
    await gateway.close()
    const words = await jaxExec(file, 'emergency')
    assert.match(words, /sell \d+ to close[^]*PROTECTS \(Stop\)[^]*\+1 555 0100/)
    const said = JSON.parse(await jaxExec(file, 'emergency', '--json')) as Emergency
    assert.ok(said.held.ok && said.held.value[0]?.symbol === 'AAPL' && said.held.value[0].known?.ageS !== null)
    assert.equal(said.sheet.accountNumber, 'PA-4711')

    for (const suffix of ['', '-wal', '-shm']) rmSync(gateway.places.database + suffix, { force: true })
    writeFileSync(gateway.places.database, 'garbage'.repeat(1000))
    writeFileSync(gateway.places.halt, '')
    const blind = await jaxExec(file, 'emergency')
    assert.match(blind, /halted by the file HALT[^]*Cannot be read now[^]*\+1 555 0100[^]*halt\n/)
    assert.doesNotMatch(blind, /Nothing is (?:held|halted)/)
    rmSync(gateway.places.database)
    assert.match(await jaxExec(file, 'emergency'), /there is no database .*; was another data directory meant\?/)
    assert.ok(!existsSync(gateway.places.database), 'looking made a database')
  })
})
