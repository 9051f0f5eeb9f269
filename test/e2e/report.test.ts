// The report of controls as an officer opens it: in a browser, and on paper.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, chromium } from 'playwright-core'
import { reportHtml } from '../../src/main/report-html.ts'
import { type Instant, parseInstant } from '../../src/values/instant.ts'
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs'

const at = (text: string): Instant => parseInstant(text) ?? assert.fail(text)
const NASTY = '<img src=x onerror=alert(1)>\u202e"\'&'
const HTML = reportHtml(
  {
    account: 'paper:sim:main',
    from: at('2026-01-01T00:00:00Z'),
    to: at('2027-01-01T00:00:00Z'),
    sections: [
      {
        id: 'stage',
        title: 'Stage',
        note: `At S1, paper.\nThe second line ${NASTY}`,
        columns: ['What', 'Asked for', 'There is', 'Shown'],
        rows: [
          ['trading days', '20', '14', 'NO'],
          ['orders sent', '100', NASTY, 'yes'],
        ],
      },
      { id: 'halts', title: 'Halts', note: null, columns: ['When', 'What'], rows: [] },
      {
        id: 'access',
        title: 'Who has access',
        note: null,
        columns: ['Person', 'Roles'],
        rows: Array.from({ length: 90 }, (_, i) => [`Person ${i}`, 'approver']),
      },
    ],
  },
  ['The journal verifies: 1234 rows.', `NOT PROVEN: ${NASTY}`],
)

const executablePath = findBrowser()

describe('the report of controls', { skip: executablePath === undefined ? 'no Chromium found' : false }, () => {
  let browser: Browser
  before(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: [...BROWSER_ARGS, '--disable-gpu'] })
  })
  after(() => browser.close())

  it('is accessible, runs nothing, and shows hostile names as text', async () => {
    const page = await (await browser.newContext()).newPage()
    const wrong: string[] = []
    page.on('dialog', (dialog) => {
      wrong.push(dialog.message())
      void dialog.dismiss()
    })
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && request.url() !== 'about:blank') wrong.push(request.url())
    })
    await page.setContent(HTML)
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
      [],
    )
    assert.equal(await page.locator('img').count(), 0)
    assert.ok((await page.locator('#stage ~ .wide').innerText()).includes('<img src=x onerror=alert(1)>'))
    assert.ok(!(await page.locator('main').innerText()).includes('\u202e'))
    assert.equal(await page.getByRole('link', { name: 'Who has access' }).getAttribute('href'), '#access')
    assert.deepEqual(wrong, [])
    await page.context().close()
  })
  it('prints on A4, with the heads of its tables on each page', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.setContent(HTML)
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
    // A4 in points, as Chromium rounds it.
    assert.match(pdf, /\/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/)
    assert.ok((pdf.match(/\/Type \/Page\b/g) ?? []).length >= 2)
    await page.context().close()
  })
})
