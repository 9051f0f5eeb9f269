import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Drill, drill } from '../replay/drill.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const BARS = resolve(ROOT, '..', 'shared', 'data', 'AAPL_2024-01-02_2024-01-05_1m.csv')
const missing = existsSync(BARS)
  ? false
  : 'the recorded bars are reference data that is not part of the repository; put them at ../shared/data'

describe('four recorded days through the running gateway', { skip: missing }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'jax-replay-test-'))
  let ran: Drill
  before(async () => {
    ran = await drill(BARS, dataDir, () => {})
  })
  after(() => rmSync(dataDir, { recursive: true, force: true }))

  it('positions, cash and P&L equal what an accountant finds from the fills alone, and every story is complete', () => {
    assert.deepEqual(
      ran.findings.filter((finding) => !finding.ok),
      [],
    )
  })
  it('all that can happen to a signal happened to one', () => {
    const states = Map.groupBy(ran.stories, (story) => story.intent.state)
    const role = (wanted: string) => ran.fills.filter((fill) => fill.role === wanted).length
    assert.ok(ran.told.length >= 20, `${ran.told.length} signals`)
    assert.ok((states.get('Approved')?.length ?? 0) >= 8, 'approved')
    assert.ok((states.get('Refused')?.length ?? 0) >= 6, 'refused')
    assert.ok((states.get('Lapsed')?.length ?? 0) >= 3, 'lapsed')
    assert.ok((states.get('Declined')?.length ?? 0) >= 1, 'declined')
    assert.ok(
      role('Entry') >= 8 && role('Stop') >= 2 && role('Target') >= 2,
      `fills: ${role('Entry')} entries, ${role('Stop')} stops, ${role('Target')} targets`,
    )
  })
  it('each position was covered by its stop for its whole size', () => {
    for (const { intent, orders } of ran.stories) {
      const entry = orders.find((order) => order.role === 'Entry')
      if (!entry || entry.cumQty === '0') continue
      assert.ok(
        orders.some((order) => order.role === 'Stop' && order.terms.orderQty === entry.cumQty),
        `${intent.intentID}: filled ${entry.cumQty}`,
      )
    }
  })
  it('the record verifies', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, 'src/main/cli.ts'), '--data-dir', dataDir, 'audit', 'verify', '--json'],
      { encoding: 'utf8' },
    )
    assert.equal(status, 0, stdout + stderr)
  })
})
