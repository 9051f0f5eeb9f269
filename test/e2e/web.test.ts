import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { ensureWeb, ROOT } from '../../scripts/bootstrap.mjs'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'
import type { ApprovalPolicy as Policy } from '../../src/api/wire.ts'
import { type Fake, proposeSome, startFake } from '../../src/web/dev/fake.ts'

/** What every screen owes: nothing executed that we did not ship, nothing that the policy had to stop, no fault. */
type Desk = { page: Page; fake: Fake; wrong: string[] }

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const executablePath = findBrowser()
const DESKTOP = { width: 1280, height: 900 }
const PHONE = { width: 360, height: 740 }

describe('the dashboard', { skip: executablePath === undefined ? 'no Chromium found' : false }, () => {
  let browser: Browser
  before(async () => {
    await ensureWeb()
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: [...BROWSER_ARGS, ...QUIET] })
  })
  after(() => browser.close())

  /** A desk of its own: fresh gateway, fresh browser profile. `signedIn: false` stops at the door. */
  async function at(
    then: (desk: Desk) => Promise<void>,
    how: BrowserContextOptions & { signedIn?: boolean } = {},
  ): Promise<void> {
    const { signedIn = true, ...options } = how
    const fake = await startFake({ dist: join(ROOT, 'dist', 'web') })
    const context = await browser.newContext({ viewport: DESKTOP, ...options })
    const page = await context.newPage()
    // Far less than the 30 s between polls of a live page: what shows up in time came by the stream.
    page.setDefaultTimeout(15_000)
    const wrong: string[] = []
    page.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to|Uncaught/i.test(message.text())) wrong.push(message.text())
    })
    try {
      await page.goto(`${fake.url}/signin#code=${fake.code}`)
      if (signedIn) {
        proposeSome(fake.world)
        await page.getByLabel('Your name').fill('Ana')
        await page.keyboard.press('Enter')
        await page.locator('[data-intent="sig-1001"]').waitFor()
      }
      await then({ page, fake, wrong })
      assert.deepEqual(wrong, [])
    } finally {
      await context.close()
      await fake.close()
    }
  }

  const go = async ({ page, fake }: Desk, path: string, heading: string | RegExp): Promise<void> => {
    await page.goto(fake.url + path)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  }
  const card = (page: Page, name: RegExp) => page.getByRole('article', { name })
  const dialog = (page: Page) => page.locator('[role=dialog], [role=alertdialog]')

  it('takes the code from the link, hides it, and asks for a name', () =>
    at(
      async ({ page, fake }) => {
        assert.equal(await page.getByLabel('One-time code').inputValue(), fake.code)
        assert.equal(page.url(), `${fake.url}/signin`)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByText('Enter your name').waitFor()
        assert.deepEqual(fake.asked, [])
        assert.equal(await page.getByRole('link', { name: 'emergency page' }).getAttribute('href'), '/emergency')

        await page.getByLabel('One-time code').fill('WRONG')
        await page.getByLabel('Your name').fill('Ana')
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('alert').filter({ hasText: 'This code is wrong, used or too old' }).waitFor()

        await page.getByLabel('One-time code').fill(fake.code)
        await page.keyboard.press('Enter')
        await page.getByText('Nothing waits for you.').waitFor()
        await page.getByText('npx jax-exec signal --symbol AAPL --side BUY').waitFor()
        assert.deepEqual(fake.asked.at(-1), { what: 'POST /v1/session', body: { code: fake.code, name: 'Ana' } })
        await page.getByText('Signed in as Ana').waitFor()
      },
      { signedIn: false },
    ))

  it('shows the most urgent first, with its numbers, and how the size came about', () =>
    at(async ({ page }) => {
      const names = await page.getByRole('article').getByRole('heading').allInnerTexts()
      assert.deepEqual(
        names.map((name) => /AAPL|MSFT|EUR\/USD/.exec(name)?.[0]),
        ['AAPL', 'MSFT', 'EUR/USD'],
      )
      const first = card(page, /AAPL/)
      for (const text of ['9,937.50 USD', '132.50 USD', '2.5 : 1', '−1.33 %', 'held down by the limit per order'])
        await first.getByText(text).waitFor()
      await first.getByText('Why 53?').click()
      await first.getByRole('row', { name: /At most, by the limit per order decides/ }).waitFor()
      await first.getByText('All 14 checks passed').click()
      await first.getByText('The market is open').waitFor()
      await first.getByText(/drift [+−]?\d+\.\d bps/).waitFor()
      assert.match(await first.getByRole('timer').innerText(), /^\d:\d\d/)
    }))

  it('shows what the agent wrote as text and nothing else', () =>
    at(async ({ page }) => {
      const quote = card(page, /MSFT/).getByRole('blockquote')
      assert.match(await quote.innerText(), /^<img src=x onerror="alert\(1\)"> <b>APPROVED BY RISK<\/b>/)
      assert.equal(await page.locator('blockquote img, blockquote b, blockquote a').count(), 0)
      await card(page, /MSFT/).getByText('Written by the agent').waitFor()
    }))

  it('approves by keyboard: exactly what was shown, once, after a second look', () =>
    at(async ({ page, fake }) => {
      const { digest, fingerprint } = fake.world.intent('sig-1001')
      await page.keyboard.press('a')
      assert.equal(await dialog(page).count(), 0, 'nothing is chosen yet')
      await page.keyboard.press('a')
      const asking = page.getByRole('dialog', { name: 'Approve this order?' })
      await asking.getByText('Buy 53 AAPL at 187.50 or lower, good for the day').waitFor()
      await asking.getByText(fingerprint ?? '').waitFor()
      await page.keyboard.press('Escape')
      assert.equal(fake.asked.filter(({ what }) => what.endsWith('/approve')).length, 0)

      await page.keyboard.press('a')
      await asking.waitFor()
      await page.keyboard.press('Enter')
      await page.getByText('✓ Approved:').waitFor()
      await page.getByRole('article', { name: /AAPL/ }).waitFor({ state: 'detached' })
      assert.deepEqual(
        fake.asked.filter(({ what }) => what.endsWith('/approve')),
        [{ what: 'POST /v1/intents/sig-1001/approve', body: { digest } }],
      )
      // The next card takes the focus, so that the next key is about the next order.
      await page.locator('[data-intent="sig-1002"]:focus').waitFor()
      await page.getByRole('region', { name: 'Recently' }).getByText('Filled').nth(1).waitFor()
    }))

  it('moves with j and k, and can switch single letters off', () =>
    at(async ({ page }) => {
      const focused = (id: string) => page.locator(`[data-intent="${id}"]:focus`).waitFor()
      await page.keyboard.press('j')
      await focused('sig-1001')
      await page.keyboard.press('j')
      await focused('sig-1002')
      await page.keyboard.press('k')
      await focused('sig-1001')
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keys' }).waitFor()
      await page.getByText('Single-letter keys').click()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.keyboard.press('d')
      await page.waitForTimeout(200)
      assert.equal(await dialog(page).count(), 0)
    }))

  it('declines with a reason, and not without', () =>
    at(async ({ page, fake }) => {
      await page.keyboard.press('j')
      await page.keyboard.press('j')
      await page.keyboard.press('d')
      const asking = page.getByRole('dialog', { name: 'Decline this order?' })
      await asking.getByText('Sell 24 MSFT').waitFor()
      await page.keyboard.press('Enter')
      await asking.getByText('Say why; the agent is told').waitFor()
      assert.equal(fake.asked.filter(({ what }) => what.endsWith('/decline')).length, 0)
      await page.keyboard.type('No shorts before earnings')
      await page.keyboard.press('Enter')
      await page.getByText('✓ Declined:').waitFor()
      assert.equal(fake.world.intent('sig-1002').decision?.reason, 'No shorts before earnings')
      await page.getByRole('region', { name: 'Recently' }).getByText('Ana: No shorts before earnings').waitFor()
    }))

  it('does not send an approval of an order that changed under the reader', () =>
    at(async ({ page, fake }) => {
      await card(page, /AAPL/)
        .getByRole('button', { name: /Approve/ })
        .click()
      const asking = page.getByRole('dialog', { name: 'Approve this order?' })
      await asking.waitFor()
      fake.world.reprice('sig-1001')
      await asking.getByText('This order changed while you were reading').waitFor()
      assert.equal(await asking.getByRole('button', { name: 'Approve buy 53 AAPL' }).isDisabled(), true)
      await page.keyboard.press('Escape')
      await card(page, /AAPL/)
        .getByText(fake.world.intent('sig-1001').fingerprint ?? '')
        .waitFor()
    }))

  it('shows every reason of a refusal beside the button', () =>
    at(async ({ page, fake }) => {
      await card(page, /AAPL/)
        .getByRole('button', { name: /Approve/ })
        .click()
      await page.getByRole('dialog').waitFor()
      fake.world.engage('Ben', 'Drill')
      await page.getByRole('button', { name: 'Approve buy 53 AAPL' }).click()
      const told = dialog(page).getByRole('alert')
      for (const text of ['Trading is halted.', 'TRADING_HALTED', 'The quote is 7.2 s old', 'QUOTE_STALE'])
        await told.getByText(text).waitFor()
    }))

  it('re-prices, which makes a new fingerprint', () =>
    at(async ({ page, fake }) => {
      const before = fake.world.intent('sig-1001').fingerprint ?? ''
      await card(page, /AAPL/).getByRole('button', { name: 'Re-price' }).click()
      await card(page, /AAPL/).getByText(before).waitFor({ state: 'detached' })
      await card(page, /AAPL/)
        .getByText(fake.world.intent('sig-1001').fingerprint ?? '')
        .waitFor()
    }))

  it('shows a new signal as it comes, and says so to a screen reader', () =>
    at(async ({ page, fake }) => {
      await page.getByText('Live', { exact: true }).waitFor()
      fake.world.propose({
        id: 'sig-2000',
        symbol: 'AAPL',
        side: 'Sell',
        entry: '188.10',
        stop: '190.00',
        target: null,
        qty: '11',
        notional: '2069.10',
        risk: '20.90',
        rawQty: '131',
        reasoning: '',
      })
      await page.locator('[data-intent="sig-2000"]').waitFor()
      await page.getByRole('status').filter({ hasText: 'Awaiting approval: Sell 11 AAPL' }).waitFor()
    }))

  it('halts with one confirmation, proves it, and is released with a reason', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await page.getByRole('button', { name: 'Halt trading' }).click()
      const asking = page.getByRole('alertdialog', { name: 'Halt trading now?' })
      assert.equal(await asking.getByLabel('Reason').inputValue(), 'Stopped by hand from the dashboard')
      await asking.getByRole('button', { name: 'Halt trading' }).click()
      const banner = page.getByRole('region', { name: 'Trading is halted' })
      await banner.getByText('2 orders are still open at the broker').waitFor()
      await banner.getByText('1 order is still open at the broker').waitFor()
      assert.equal(fake.world.halt().by, 'Ana')
      await go(desk, '/account', 'Account')
      await banner.getByText('Stopped by hand from the dashboard').waitFor()

      await banner.getByRole('button', { name: 'Release…' }).click()
      const releasing = page.getByRole('alertdialog', { name: 'Release the halt?' })
      await releasing.getByRole('button', { name: 'Release' }).click()
      await releasing.getByText('Say why it is safe to trade again.').waitFor()
      await releasing.getByLabel('Why is it safe to trade again?').fill('Looked at all of it')
      await releasing.getByRole('button', { name: 'Release' }).click()
      await banner.waitFor({ state: 'detached' })
      assert.deepEqual(fake.asked.at(-1), { what: 'DELETE /v1/halt', body: { reason: 'Looked at all of it' } })
    }))

  it('halts one strategy of those that are there, withdraws what waits of it, and releases it by itself', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await page.keyboard.press('Shift+P')
      const asking = page.getByRole('alertdialog', { name: 'Halt a part' })
      const what = asking.getByLabel('What is to stop')
      await what.selectOption({ label: 'Strategy mean-reversion' })
      await asking.getByRole('radio', { name: /^K1 No new order of this one leaves/ }).waitFor()
      assert.equal(await asking.getByRole('radio', { checked: true }).count(), 1)
      await asking.getByRole('button', { name: 'Halt strategy mean-reversion' }).click()
      assert.deepEqual(fake.asked.at(-1), {
        what: 'POST /v1/halt',
        body: { reason: 'Stopped by hand from the dashboard', scope: 'strategy:mean-reversion', level: 'K1' },
      })
      const banner = page.getByRole('region', { name: 'A part of trading is halted' })
      await banner.getByText('The rest goes on.').waitFor()
      await page.locator('[data-intent="sig-1002"]').waitFor({ state: 'detached' })

      await page.getByRole('button', { name: 'Halt a part' }).click()
      await what.selectOption({ label: 'Another symbol…' })
      await asking.getByRole('radio', { name: /^K4/ }).check()
      await asking.getByRole('button', { name: 'Halt it' }).click()
      await asking.getByText('Name the symbol').waitFor()
      await asking.getByLabel('Symbol').fill('msft')
      await asking.getByRole('button', { name: 'Halt MSFT' }).click()
      await asking.waitFor({ state: 'detached' })
      assert.deepEqual(
        fake.world.halt().halts.map(({ scope, level }) => `${scope} ${level}`),
        ['strategy:mean-reversion K1', 'symbol:MSFT K4'],
      )

      assert.equal(await page.getByRole('button', { name: 'Halt trading' }).isVisible(), true)
      await page.getByRole('button', { name: 'Halt a part' }).click()
      await what.selectOption({ label: 'Everything, but not as far' })
      await asking.getByRole('button', { name: 'Halt all trading' }).click()
      await page.getByRole('region', { name: 'Trading is halted' }).getByText('All trading').waitFor()
      assert.equal(fake.world.halt().level, 'K2')
      assert.equal(await page.getByRole('button', { name: 'Halt trading' }).isVisible(), true, 'it can be raised')

      await page.getByRole('button', { name: 'Release… MSFT' }).click()
      const releasing = page.getByRole('alertdialog', { name: 'Release MSFT?' })
      await releasing.getByLabel('Why is it safe to trade again?').fill('It was another one')
      await page.keyboard.press('Enter')
      await releasing.waitFor({ state: 'detached' })
      assert.deepEqual(fake.asked.at(-1), {
        what: 'DELETE /v1/halt',
        body: { reason: 'It was another one', scope: 'symbol:MSFT' },
      })
      assert.equal(await page.getByRole('button', { name: /^Release…/ }).count(), 2)
    }))

  it('tells beside an order that a part is halted, and that the order works on', () =>
    at(async (desk) => {
      const { page, fake } = desk
      const open = fake.world.orders().filter(({ ordStatus, role }) => ordStatus === 'New' && role === 'Entry')
      assert.ok(open[0])
      fake.world.engage('Ben', 'Odd prices', `symbol:${open[0].terms.symbol}`)
      await go(desk, '/orders', 'Orders')
      await page.getByText(`Halted: ${open[0].terms.symbol} (K1). It works on`).first().waitFor()
    }))

  it('lists orders: filters, more, cancel, and what is in doubt', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await go(desk, '/orders', 'Orders')
      const rows = page.getByRole('row').filter({ has: page.getByRole('rowheader') })
      await page.getByText('In doubt: asked, no answer yet. Do not resubmit.').waitFor()
      assert.equal(await rows.count(), 4)
      await page.getByRole('button', { name: 'Load more orders' }).click()
      await rows.nth(4).waitFor()
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download CSV' }).click()
      assert.equal((await download).suggestedFilename(), 'orders.csv')
      const [heading, ...lines] = readFileSync(await (await download).path(), 'utf8')
        .trim()
        .split('\n')
      assert.equal(heading, 'clOrdID,ordStatus')
      assert.deepEqual(
        lines.map((line) => line.split(',')[0]),
        fake.world.orders().map(({ clOrdID }) => clOrdID),
      )

      await page.getByLabel('Symbol').fill('msft')
      await page.waitForURL(/symbol=msft/)
      await rows.nth(1).waitFor({ state: 'detached' })
      await rows.getByRole('button', { name: /Change Buy 24 MSFT/ }).click()
      const changing = page.getByRole('dialog')
      await changing.getByLabel('New limit price').fill('411.50')
      await changing.getByRole('button', { name: 'Approve the change' }).click()
      await rows.getByText('Replaced').waitFor()
      assert.deepEqual(fake.asked.at(-1), {
        what: 'POST /v1/orders/jx-sig-0908-entry/replace',
        body: { limit_price: '411.50' },
      })
      await rows.getByRole('button', { name: /Cancel Buy 24 MSFT/ }).click()
      await page.getByRole('dialog').getByText('Nothing is filled yet.').waitFor()
      await page.getByRole('button', { name: 'Cancel the order' }).click()
      await rows.getByText('Canceled').waitFor()
      assert.deepEqual(fake.asked.at(-1)?.what, 'POST /v1/orders/jx-sig-0908-entry-r1/cancel')

      await page.getByRole('link', { name: 'Fills' }).click()
      await page.getByText('No fill matches these filters.').waitFor()
    }))

  it('tells the whole story of an order', () =>
    at(async (desk) => {
      const { page } = desk
      await page
        .getByRole('region', { name: 'Recently' })
        .getByRole('link', { name: /52 AAPL/ })
        .click()
      await page.getByRole('heading', { level: 1, name: /Buy 52 AAPL/ }).waitFor()
      const road = page.getByRole('region', { name: 'Where it stands' }).getByRole('listitem')
      assert.deepEqual(
        (await road.allInnerTexts()).map((text) => /Received|Sized|Approved|Sent|Filled/.exec(text)?.[0]),
        ['Received', 'Sized', 'Approved', 'Sent', 'Filled'],
      )
      await page.getByText('Fits the plan.').waitFor()
      await page.getByRole('img', { name: /Fills: entry 30 at 186.90, entry 22 at 186.92/ }).waitFor()
      await page.getByText('cor_sig-0901').waitFor()
      await page.getByText('The whole story as JSON').click()
      await page.getByText('"corr": "cor_sig-0901"').first().waitFor()

      await go(desk, '/intents/sig-0904', /Sell/)
      await page.getByText('The stop 409.00 is below the entry').waitFor()
      await page.getByText('STOP_ON_WRONG_SIDE').waitFor()
      await go(desk, '/intents/none', 'Order story')
      await page.getByText('There is no intent none.').waitFor()
    }))

  it('says who has seen an alert, and counts the others in the title', () =>
    at(async (desk) => {
      const { page } = desk
      await go(desk, '/activity', 'Activity')
      const tasks = page.getByRole('region', { name: 'For a person' })
      await tasks.getByText('nobody has said that they saw it').first().waitFor()
      const before = Number(/^\((\d+)\)/.exec(await page.title())?.[1])
      await tasks.getByRole('button', { name: 'I have seen it' }).first().click()
      await tasks.getByText('Ana saw it').waitFor()
      await page.waitForFunction(`document.title.startsWith('(${before - 1}) ')`)
      assert.equal(await tasks.getByRole('button', { name: 'I have seen it' }).count(), 1)
    }))

  it('closes tasks with a note and follows the journal', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await go(desk, '/activity', 'Activity')
      const tasks = page.getByRole('region', { name: 'For a person' })
      await tasks.getByRole('button', { name: 'Close…' }).first().click()
      await page.getByRole('button', { name: 'Close the task' }).click()
      await page.getByText('Say what you found and what you did.').waitFor()
      await page.getByLabel('What did you find, and do?').fill('It is there; the broker was slow.')
      await page.getByRole('button', { name: 'Close the task' }).click()
      await tasks.getByText('1 closed').waitFor()
      const feed = page.getByRole('region', { name: 'What happens' })
      await feed.getByText('Ana closed a task: It is there; the broker was slow.').waitFor()
      fake.world.decline('sig-1001', 'From another screen', 'Ben')
      await feed.getByText('Ben declined it: From another screen').waitFor()
    }))

  it('says when the connection is lost, greys what would act on old facts, and recovers', () =>
    at(async ({ page, fake }) => {
      await page.getByText('Live', { exact: true }).waitFor()
      fake.cut(true)
      await page.getByText('Connection lost.').waitFor()
      const approve = card(page, /AAPL/).getByRole('button', { name: /Approve/ })
      assert.equal(await approve.isDisabled(), true)
      await card(page, /AAPL/)
        .getByText('Approve, Decline, Re-price, Put off and Another look: the connection is lost')
        .waitFor()
      fake.world.decline('sig-1002', 'Meanwhile', 'Ben')
      fake.cut(false)
      await page.getByText('Connection lost.').waitFor({ state: 'detached' })
      await card(page, /MSFT/).waitFor({ state: 'detached' })
      await page.getByText('Live', { exact: true }).waitFor()
      assert.equal(await approve.isDisabled(), false)
    }))

  it('asks to sign in again when the session is over, and signs out', () =>
    at(async (desk) => {
      const { page, fake } = desk
      fake.expire()
      await page.getByLabel('One-time code').fill(fake.code)
      await page.getByLabel('Your name').fill('Ben')
      await page.keyboard.press('Enter')
      await page.getByText('Signed in as Ben').waitFor()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('button', { name: 'Sign in' }).waitFor()
    }))

  it('says what an order needs, who said yes, and why no passkey works under an address', () =>
    at(async ({ page }) => {
      const third = card(page, /EUR/)
      await third.getByText('two people, each with a passkey').waitFor()
      await third.getByText('the rules “large”, “fx”').waitFor()
      await third.getByRole('list', { name: 'Who said yes' }).getByText('1 of 2 · Ben with a passkey').waitFor()
      await third.getByText('It waits for one more person.').waitFor()
      await third.getByRole('button', { name: /^Approve with a passkey/ }).click()
      const told = dialog(page).getByRole('alert')
      await told.getByText(/Passkeys work under names, not under addresses such as 127.0.0.1/).waitFor()
      assert.equal(
        await dialog(page)
          .getByRole('button', { name: /^Approve buy/ })
          .isDisabled(),
        true,
      )
    }))

  it('puts an order off to the end of the queue, by keyboard, and says until when', () =>
    at(async ({ page, fake }) => {
      await page.locator('[data-intent="sig-1001"]').focus()
      await page.keyboard.press('s')
      const asking = page.getByRole('dialog', { name: 'Put this order off?' })
      await asking.getByText('The time to decide does not stop').waitFor()
      assert.equal(await asking.getByRole('button', { name: '3 minutes' }).count(), 0, 'it lapses before')
      await asking.getByRole('button', { name: '1 minute' }).click()
      await page.getByText('✓ Put off:').waitFor()
      await page.locator('[data-intent="sig-1001"]').waitFor({ state: 'detached' })
      const off = page.getByRole('region', { name: 'Put off by you' })
      await off.getByText(/Buy 53 AAPL .* put off until/).waitFor()
      const [aside] = fake.world.intent('sig-1001').asides
      assert.ok(Math.abs(Date.parse(aside?.until ?? '') - Date.now() - 60_000) < 20_000)
      await page.locator('[data-intent="sig-1002"]:focus').waitFor()
      // What another person puts off stays in one's own way.
      fake.world.putAside('sig-1002', 'snoozed', 'Lunch', new Date(Date.now() + 600_000).toISOString(), 'Ben')
      await card(page, /MSFT/).getByText('“Lunch”').waitFor()
      await off.getByRole('link', { name: /Buy 53 AAPL/ }).click()
      await page.getByRole('button', { name: /^Approve…/ }).waitFor()
    }))

  it('puts off until a time of the clock, and not without one', () =>
    at(async ({ page, fake }) => {
      await card(page, /MSFT/)
        .getByRole('button', { name: /^Put off/ })
        .click()
      const asking = page.getByRole('dialog', { name: 'Put this order off?' })
      await asking.getByRole('button', { name: 'Put off' }).click()
      await asking.getByText('Say until when, such as 15:30.').waitFor()
      const at = new Date(Date.now() + 3_600_000)
      await asking.getByLabel('Until').fill(at.toTimeString().slice(0, 5))
      await asking.getByRole('button', { name: 'Put off' }).click()
      await page.getByText('✓ Put off:').waitFor()
      const until = new Date(fake.world.intent('sig-1002').asides[0]?.until ?? '')
      assert.equal(until.toTimeString().slice(0, 5), at.toTimeString().slice(0, 5))
    }))

  it('asks for another look with a note, and the order waits on', () =>
    at(async ({ page, fake }) => {
      await page.locator('[data-intent="sig-1001"]').focus()
      await page.keyboard.press('l')
      const asking = page.getByRole('dialog', { name: 'Ask for another look?' })
      await asking.getByRole('button', { name: 'Ask for another look' }).click()
      await asking.getByText('Say what the agent should look at again.').waitFor()
      await asking.getByLabel('What should it look at?').fill('<b>Earnings</b> tomorrow?')
      await asking.getByRole('button', { name: 'Ask for another look' }).click()
      await card(page, /AAPL/).getByText('“<b>Earnings</b> tomorrow?”').waitFor()
      assert.equal(fake.world.intent('sig-1001').state, 'AwaitingApproval')
      assert.deepEqual(fake.asked.at(-1), {
        what: 'POST /v1/intents/sig-1001/reanalyse',
        body: { note: '<b>Earnings</b> tomorrow?' },
      })
    }))

  it('shows who must say yes to what, and decides on a change from its before and after', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await page.getByRole('link', { name: 'Four-eyes: off' }).first().click()
      await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor()
      await page.getByRole('row', { name: /^live, large live orders above 25,000 two people a passkey each/ }).waitFor()
      const waiting = page.getByRole('article', { name: 'Another policy' })
      assert.equal(await waiting.locator('del').first().innerText(), 'paper orders: one person, by a click')
      assert.equal(await waiting.locator('ins').first().innerText(), 'paper orders: one person, with a passkey')
      assert.equal(await page.locator('main img').count(), 0)
      await waiting.getByRole('button', { name: 'Decline…' }).click()
      await dialog(page).getByRole('button', { name: 'Decline' }).click()
      await dialog(page).getByText('Say why; whoever proposed it will read it.').waitFor()
      await page.keyboard.press('Escape')
      const { changeID, digest } = fake.house.changes[0] ?? assert.fail()
      await waiting.getByRole('button', { name: 'Approve…' }).click()
      await dialog(page).getByRole('button', { name: 'Approve the change' }).dblclick()
      await page.getByText('No change waits.').waitFor()
      assert.deepEqual(
        fake.asked.filter(({ what }) => what.includes('/changes/')),
        [{ what: `POST /v1/changes/${changeID}/approve`, body: { digest } }],
      )
      await page.getByText('Version 4.').waitFor()
    }))

  it('writes another policy, says what is wrong with it, and proposes it', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await go(desk, '/approvals', 'Approvals')
      await page.getByRole('button', { name: 'Propose a change…' }).click()
      const first = page.getByRole('group', { name: /^Rule 1/ })
      await first.getByLabel('Name').and(page.locator(':focus')).waitFor()
      await first.getByLabel('How many people').fill('3')
      await page
        .getByRole('group', { name: /^Rule 3/ })
        .getByLabel('How sure')
        .selectOption({ label: 'A click (L1)' })
      await page.getByRole('button', { name: 'Propose', exact: true }).click()
      const told = page.getByRole('alert')
      await told.getByText('Rule “paper” asks for 3 people, and 2 may approve.').waitFor()
      await told.getByText('Rule “live” lets a click send a live order').waitFor()
      await told.getByText('Say why').waitFor()
      await first.getByLabel('How many people').fill('2')
      await page.getByRole('button', { name: /^Remove rule 3/ }).click()
      await page.getByRole('button', { name: /^Remove rule 4/ }).click()
      await page.getByLabel('Without a person, at most').fill('')
      await page.getByLabel('Why?').fill('Four eyes.')
      await page.getByRole('button', { name: 'Propose', exact: true }).click()
      await page.getByText('It waits above').waitFor()
      const { what, reason } = (fake.asked.at(-1) ?? assert.fail()).body as { what: { policy: Policy }; reason: string }
      assert.equal(reason, 'Four eyes.')
      assert.deepEqual(what.policy, {
        version: 3,
        rules: [
          { name: 'paper', environment: 'paper', level: 'L1', quorum: 2 },
          ...fake.house.approvals.policy.rules.slice(1, 2),
          ...fake.house.approvals.policy.rules.slice(3, 4),
        ],
        autoMaxNotional: null,
        changes: { level: 'L1', quorum: 1 },
      })
      await page.getByRole('button', { name: 'Show the policy' }).click()
      await page.getByRole('button', { name: 'Propose a change…' }).waitFor()
    }))

  it('revokes the lost passkey of another person, with a reason', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await go(desk, '/approvals', 'Approvals')
      await page.getByRole('row', { name: /^Ben .* phone Change/ }).waitFor()
      await page.getByRole('button', { name: 'Change the access of Ben' }).click()
      const theirs = dialog(page).getByRole('region', { name: 'Their passkeys' })
      await theirs.getByText(/copied between devices, enrolled .*, id ending in 7f3a/).waitFor()
      await theirs.getByRole('button', { name: 'Revoke the passkey phone' }).click()
      await dialog(page).getByText('Say why').waitFor()
      await dialog(page).getByLabel('Why?').fill('Left in a taxi.')
      await theirs.getByRole('button', { name: 'Revoke the passkey phone' }).click()
      await dialog(page).waitFor({ state: 'detached' })
      assert.deepEqual(fake.asked.at(-1)?.body, {
        what: { kind: 'passkey revoked', credentialID: 'cred-ben-7f3a' },
        reason: 'Left in a taxi.',
      })
    }))

  it('arms a strategy within bounds, and disarms it', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await go(desk, '/approvals', 'Approvals')
      await page.getByRole('button', { name: 'Arm a strategy…' }).click()
      await dialog(page).getByRole('button', { name: 'Arm' }).click()
      await dialog(page).getByText('Name at least one symbol.').waitFor()
      await dialog(page).getByLabel('Strategy').fill('mean-reversion')
      await dialog(page).getByLabel('Symbols').fill('aapl, msft')
      await dialog(page).getByLabel('Each at most').fill('250')
      await dialog(page).getByRole('button', { name: 'Arm' }).click()
      const panel = page.getByRole('region', { name: 'Armed strategies' })
      await panel.getByText('AAPL, MSFT, up to 250 each').waitFor()
      await panel.getByText('0 of 5 orders').waitFor()
      assert.equal(fake.asked.at(-1)?.body['maxCount'], 5)
      await panel.getByRole('button', { name: 'Disarm mean-reversion' }).click()
      await panel.getByText('2 ended').waitFor()
    }))

  it('shows one’s own access: passkeys in words, a code for the chat, sessions to end', () =>
    at(async (desk) => {
      const { page } = desk
      await page.getByRole('link', { name: 'Your access' }).click()
      await page.getByRole('heading', { level: 1, name: 'Your access' }).waitFor()
      const passkeys = page.getByRole('region', { name: 'Passkeys' })
      await passkeys.getByText(/Copied between your devices .*; backed up/).waitFor()
      await passkeys.getByText('<img src=x onerror=alert(1)>').waitFor()
      await passkeys.getByText('Passkeys work with names').waitFor()
      assert.equal(await passkeys.getByRole('button', { name: /^Enrol/ }).isDisabled(), true)
      await passkeys.getByRole('button', { name: 'Revoke laptop' }).click()
      await dialog(page).getByRole('button', { name: 'Revoke' }).click()
      await passkeys.getByText('2 revoked').waitFor()

      const chats = page.getByRole('region', { name: 'Linked accounts' })
      await chats.getByRole('button', { name: 'Link a chat' }).click()
      await chats.getByText('/jax link k3xm-9t2v').waitFor()
      await chats.getByText('link k3xm-9t2v', { exact: true }).waitFor()
      await chats.getByRole('button', { name: 'Unlink Slack' }).click()
      await chats.getByText('No account is linked to you.').waitFor()

      await page.getByRole('button', { name: 'End Command line' }).click()
      await page.getByText('Command line').waitFor({ state: 'detached' })

      const tokens = page.getByRole('region', { name: 'Tokens of programs' })
      await tokens.getByText(/^Owned by Ben, made by Ana, ends/).waitFor()
      await tokens.getByText(/^Owned by nobody, made by the gateway itself, ends/).waitFor()
      assert.equal(await tokens.getByText('revoked one').count(), 0)
    }))

  it('limits: shows what is used, tightens at once, and says before sending what a looser one takes', () =>
    at(async (desk) => {
      const { page, fake } = desk
      const shown = card(page, /AAPL/).getByRole('group', { name: 'Limits' })
      await shown.getByText('After it 90.0 % of the share of one symbol').waitFor()
      assert.equal(await shown.getByText('cost of one order').isVisible(), false)

      await page.keyboard.press('Shift+L')
      await page.getByRole('heading', { level: 1, name: 'Limits' }).waitFor()
      await page.getByText('5 of 5, most by momentum-breakout, Buy AAPL').waitFor()
      const change = page.getByRole('button', { name: 'Change limits…' })

      await change.click()
      await dialog(page).getByText('Nothing would change yet.').waitFor()
      await page.getByLabel('Hard').fill('2,500')
      await dialog(page).getByText('Tighter. It holds at once').waitFor()
      await page.getByLabel('Reason').fill('a quiet week')
      await page.getByRole('button', { name: 'Tighten at once' }).click()
      await page.getByText('In force now.').waitFor()
      assert.deepEqual(fake.asked.at(-1)?.body['what'], {
        kind: 'risk limits',
        version: 3,
        values: { maxOrderNotional: { hard: '2500', soft: '2500' } },
        lists: {},
      })

      await change.click()
      await page.getByLabel('Limit', { exact: true }).selectOption('dayLoss')
      await page.getByLabel('Hard').fill('7.5')
      await dialog(page)
        .getByText(/^Looser\. It takes the yes of one person, by a click \(risk or approver\)/)
        .waitFor()
      await page.getByLabel('Reason').fill('a month without a break')
      await page.getByRole('button', { name: 'Propose it' }).click()
      await page.getByText('Proposed. Nothing is looser until').waitFor()
      const waiting = page.getByRole('article', { name: 'Other risk limits' })
      await waiting.getByRole('row', { name: /Loss of the day 5 % 7.5 % looser/ }).waitFor()
      const { values } = (fake.asked.at(-1) ?? assert.fail()).body['what'] as { values: object }
      assert.deepEqual(values, { dayLoss: { hard: '0.075', soft: null } })
    }))

  it('stage: shows what is missing for the next one, in words and pictures, and the card of each strategy', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await page.keyboard.press('Shift+G')
      await page.getByRole('heading', { level: 1, name: 'Stage' }).waitFor()
      const asks = page.getByRole('region', { name: 'What S2, pilot, asks for' })
      await asks.getByText('2 missing').waitFor()
      await asks.getByRole('listitem').filter({ hasText: 'orders sent' }).getByText('64 · 100 asked for').waitFor()
      await page.getByText('14 trading days, in figures').waitFor()
      await page.getByRole('article', { name: 'momentum-breakout' }).getByText('Three losses in a row').waitFor()
      assert.equal(await page.getByRole('button', { name: 'Propose S2, pilot…' }).isDisabled(), true)

      fake.house.stage.shown()
      await page.reload()
      await page.getByText('all of it is shown').waitFor()
      await page.getByRole('button', { name: 'Propose S2, pilot…' }).click()
      await page.getByRole('button', { name: 'Propose it' }).click()
      await dialog(page).getByText('Say why').waitFor()
      await page.getByLabel('Symbols').fill('aapl, msft')
      await page.getByLabel('Reason').fill('twenty quiet days')
      await page.getByRole('button', { name: 'Propose it' }).click()
      await page.getByText('Proposed. Another person with a passkey must agree').waitFor()
      assert.deepEqual(fake.asked.at(-1)?.body['what'], { kind: 'stage', after: 'S2', symbols: ['AAPL', 'MSFT'] })
      const waiting = page.getByRole('article', { name: 'Another stage, or another build' })
      await waiting.getByRole('row', { name: /Stage S1 S2/ }).waitFor()
      await waiting.getByRole('row', { name: /Symbols .* AAPL MSFT/ }).waitFor()
    }))

  /** Begins it as the page asks for it. */
  async function liquidate({ page, fake }: Desk): Promise<void> {
    await page.getByLabel('Reason').fill('Strange hands.')
    await page.getByLabel('Name of the account').fill(fake.world.account().account)
    await page.getByRole('button', { name: 'Halt and close everything' }).click()
    await page.getByRole('region', { name: 'Everything is being closed' }).waitFor()
  }

  it('closes what is held: the plan first, the account’s name typed, followed line by line, and its report', () =>
    at(async (desk) => {
      const { page, fake } = desk
      await go(desk, '/account', 'Account')
      await page.getByRole('link', { name: 'Close what is held…' }).click()
      const plan = page.getByRole('region', { name: 'What would be closed' })
      await plan.getByRole('row', { name: /AAPL 52 9,750.52 USD 1.1 bps .* open .*Sell 52 AAPL at/ }).waitFor()
      const first = plan.getByRole('row').nth(1)
      await first.getByText('Waits for the open', { exact: true }).waitFor()
      await plan.getByText('2 orders').click()
      await plan.getByText('Sell 52 AAPL at stop 184.10').waitFor()

      const begin = page.getByRole('button', { name: 'Halt and close everything' })
      const typed = page.getByLabel('Name of the account')
      await page.getByText('Close everything: say why.').waitFor()
      await page.getByLabel('Reason').fill('Strange hands.')
      await page.getByText('type the name of the account, paper:sim:1.').waitFor()
      await typed.fill('paper:sim:2')
      await page.getByText('this account is called paper:sim:1; another name stands there.').waitFor()
      assert.equal(await begin.isDisabled(), true)
      await page.getByText('All trading is halted (K4)').waitFor()
      await page.getByText('4 open orders').waitFor()
      assert.equal(fake.world.halt().engaged, false)
      await typed.fill('paper:sim:1')
      await begin.dblclick()

      const runs = page.getByRole('region', { name: 'Everything is being closed' })
      await runs.getByRole('row', { name: /AAPL Closing .* 30 of 52 at 187.45 on average 22/ }).waitFor()
      await page.locator('h1:focus').waitFor()
      assert.deepEqual(
        fake.asked.filter(({ what }) => what.includes('liquidation')),
        [{ what: 'POST /v1/liquidation', body: { account: 'paper:sim:1', reason: 'Strange hands.' } }],
      )
      await runs.getByText('1 of 3 symbols are done.').waitFor()
      assert.equal(await page.getByRole('link', { name: 'Close what is held…' }).count(), 0, 'it is here')

      await runs.getByRole('button', { name: 'Allow market orders…' }).click()
      const asking = page.getByRole('alertdialog', { name: 'Allow market orders?' })
      const left = asking.getByRole('list', { name: 'What is left' }).getByRole('listitem')
      assert.match((await left.allInnerTexts()).join(), /9,000 EUR\/USD.*12 MSFT short\s+136.9 bps.*old: 3 min ago/s)
      await page.keyboard.press('Escape')
      await asking.waitFor({ state: 'detached' })
      assert.equal(fake.asked.at(-1)?.what, 'POST /v1/liquidation', 'a look is no yes')
      await runs.getByRole('button', { name: 'Allow market orders…' }).click()
      await asking.getByRole('button', { name: 'Close at any price' }).click()
      await runs.getByText('2 of 3 symbols are done.').waitFor()
      await runs.getByText('orders without a limit').waitFor()
      assert.deepEqual(fake.asked.at(-1), { what: 'POST /v1/liquidation/market', body: {} })

      fake.closing.open()
      const report = page.getByRole('region', { name: 'Report of the last liquidation' })
      await report.getByText('Over, but something is left or differs: EUR/USD.').waitFor()
      await report
        .getByRole('row', { name: /EUR\/USD 9,000 8,600 1.08491 400 400 EUR\/USD are left: less than/ })
        .waitFor()
      await report.getByRole('row', { name: /MSFT −12 12 415.90 nothing/ }).waitFor()
      await page.getByText('Nothing is held, and no order is open.').waitFor()
      assert.equal(await begin.count(), 0)

      await page.emulateMedia({ media: 'print' })
      await page.setViewportSize(PHONE)
      await report.getByRole('row', { name: /EUR\/USD/ }).waitFor()
      for (const away of [report.getByRole('button'), page.getByRole('banner'), page.getByText('Trading is halted.')])
        assert.equal(await away.first().isVisible(), false, 'paper has no buttons')
      await page.emulateMedia({ media: 'screen' })
      await page.setViewportSize(DESKTOP)

      await report.getByRole('button', { name: 'Release the halt…' }).click()
      await page.getByLabel('Why is it safe to trade again?').fill('Keys are new')
      await page.keyboard.press('Enter')
      await page.getByRole('region', { name: 'Trading is halted' }).waitFor({ state: 'detached' })
    }))

  it('closes some symbols only, stops with a reason, and says who may', () =>
    at(async (desk) => {
      const { page, fake } = desk
      fake.world.engage('Ben', 'Odd prices')
      await page.getByRole('link', { name: 'Close what is held…' }).click()
      await page.getByText('Trading is halted already (K4)').waitFor()
      await page.getByLabel('Everything, also what turns up').uncheck()
      for (const held of ['9,000 EUR/USD', '12 MSFT short', '52 AAPL']) await page.getByLabel(held).uncheck()
      await page.getByText('Close these: choose at least one symbol.').waitFor()
      await page.getByLabel('52 AAPL').check()
      await page.getByText('2 open orders in AAPL').waitFor()
      await page.getByLabel('Reason').fill('Strange hands.')
      await page.getByLabel('Name of the account').fill('paper:sim:1')
      await page.getByRole('button', { name: 'Halt, and close AAPL' }).click()
      await page.getByRole('button', { name: 'Stop closing…' }).click()
      assert.deepEqual(fake.asked.at(-1)?.body['symbols'], ['AAPL'])
      const asking = page.getByRole('alertdialog', { name: 'Stop closing?' })
      await page.keyboard.press('Enter')
      await asking.getByText('Say why it is stopped.').waitFor()
      await page.keyboard.type('False alarm')
      await page.keyboard.press('Enter')
      await page.getByText('Stopped by Ana: “False alarm”.').waitFor()
      assert.deepEqual(fake.asked.at(-1), { what: 'DELETE /v1/liquidation', body: { reason: 'False alarm' } })

      await page.getByText('It takes a signed-in person with the role risk or operator.').waitFor()
      assert.equal(await page.getByText('the gateway will refuse it').count(), 0)
      await page.route('**/v1/me', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), roles: ['trader'] } })
      })
      await go(desk, '/liquidate', 'Liquidate')
      await page.getByText('You are Ana (trader): the gateway will refuse it.').waitFor()
    }))

  const openAll = (page: Page) =>
    page.evaluate('document.querySelectorAll("main details").forEach((d) => (d.open = true))')

  const PAGES: readonly (readonly [string, string | RegExp])[] = [
    ['/', 'Awaiting approval'],
    ['/orders', 'Orders'],
    ['/orders?show=fills', 'Fills'],
    ['/account', 'Account'],
    ['/limits', 'Limits'],
    ['/stage', 'Stage'],
    ['/liquidate', 'Liquidate'],
    ['/activity', 'Activity'],
    ['/intents/sig-0901', /AAPL/],
    ['/intents/sig-0904', /MSFT/],
    ['/intents/sig-0907', /EUR/],
    ['/intents/sig-1002', /MSFT/],
    ['/intents/sig-1003', /EUR/],
    ['/access', 'Your access'],
    ['/approvals', 'Approvals'],
    ['/nowhere', 'No such page'],
  ]

  const DIALOGS: readonly (readonly [string, string, string | RegExp])[] = [
    ['/access', 'Your access', 'Revoke laptop'],
    ['/limits', 'Limits', 'Change limits…'],
    ['/approvals', 'Approvals', 'Approve…'],
    ['/approvals', 'Approvals', 'Arm a strategy…'],
    ['/approvals', 'Approvals', 'Change the access of Ben'],
  ]

  for (const colorScheme of ['light', 'dark'] as const)
    it(`is accessible in ${colorScheme}`, () =>
      at(
        async (desk) => {
          const { page } = desk
          const violations = async (): Promise<string[]> => {
            // Only colours differ between the schemes; the rest is looked at once.
            const axe = new AxeBuilder({ page }).setLegacyMode(true)
            const result = await (colorScheme === 'dark' ? axe.withRules(['color-contrast']) : axe).analyze()
            return result.violations.map(
              ({ id, nodes }) => `${page.url()}: ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
            )
          }
          const found: string[] = []
          for (const [path, heading] of PAGES) {
            await go(desk, path, heading)
            await openAll(page)
            found.push(...(await violations()))
          }
          await go(desk, '/', 'Awaiting approval')
          for (const key of ['a', 'd', 's', 'l', '?', 'P', 'H']) {
            await page.locator('[data-intent="sig-1001"]').focus()
            await page.keyboard.press(key)
            await dialog(page).waitFor()
            found.push(...(await violations()))
            if (key === 'H') await dialog(page).getByRole('button', { name: 'Halt trading' }).click()
            else await page.keyboard.press('Escape')
            await dialog(page).waitFor({ state: 'detached' })
          }
          desk.fake.world.engage('Ben', 'Odd prices', 'symbol:MSFT')
          await page.getByRole('region', { name: 'Trading is halted' }).getByText('Odd prices').waitFor()
          found.push(...(await violations()))
          for (const [path, heading, button] of DIALOGS) {
            await go(desk, path, heading)
            await page.getByRole('button', { name: button }).first().click()
            await dialog(page).waitFor()
            found.push(...(await violations()))
            await page.keyboard.press('Escape')
            await dialog(page).waitFor({ state: 'detached' })
          }
          await page.getByRole('button', { name: 'Propose a change…' }).click()
          await page.getByRole('button', { name: 'Propose', exact: true }).click()
          await page.getByText('Nothing is changed yet.').waitFor()
          found.push(...(await violations()))
          await go(desk, '/liquidate', 'Liquidate')
          await liquidate(desk)
          found.push(...(await violations()))
          await page.getByRole('button', { name: 'Allow market orders…' }).click()
          await dialog(page).waitFor()
          found.push(...(await violations()))
          await dialog(page).getByRole('button', { name: 'Close at any price' }).click()
          await page.getByText('2 of 3 symbols are done.').waitFor()
          desk.fake.closing.open()
          await page.getByRole('region', { name: 'Report of the last liquidation' }).waitFor()
          found.push(...(await violations()))
          assert.deepEqual(found, [])
        },
        { colorScheme },
      ))

  it('fits a phone: nothing scrolls sideways, and Halt is in reach', () =>
    at(
      async (desk) => {
        const { page } = desk
        for (const [path, heading] of PAGES) {
          await go(desk, path, heading)
          await openAll(page)
          const width = await page.evaluate('document.documentElement.scrollWidth')
          assert.equal(width, PHONE.width, `${path} is ${String(width)} px wide`)
          assert.equal(await page.getByRole('button', { name: 'Halt trading' }).isVisible(), true)
        }
        await go(desk, '/', 'Awaiting approval')
        await card(page, /AAPL/)
          .getByRole('button', { name: /Approve/ })
          .click()
        const box = await dialog(page).boundingBox()
        assert.ok(box !== null && box.x >= 0 && box.x + box.width <= PHONE.width)
      },
      { viewport: PHONE, hasTouch: true, isMobile: true },
    ))
})
