import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { World } from '../../test/scenarios/world.ts'
import { GENESIS, link } from '../journal/chain.ts'
import type { Row } from '../journal/row.ts'
import { parseInstant, plusMs, rfc3339 } from '../values/instant.ts'
import { type Proof, proveOrders } from './proving.ts'

const says = async (w: World, script: string): Promise<void> => {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
/** With numbers and hashes made anew. */
function proofOf(rows: readonly Row[]): Proof {
  let prev = GENESIS
  return proveOrders(
    rows.map(({ ts, boot, mono, ...entry }, seq) => {
      const { bytes, hash } = link(entry, { seq, ts, boot, mono, prev })
      prev = hash
      return { seq, bytes }
    }),
  )
}
const saidBy =
  (name: string) =>
  (row: Row): Row => {
    if (row.action !== 'intent.approved') return row
    const { decision, ...data } = row.data as { decision: object; sendBy: number }
    return { ...row, actor: { ...row.actor, id: name }, data: { ...data, decision: { ...decision, by: name } } }
  }

it('whoever is new stays so when one governor alone takes a role from them', async () => {
  const w = new World()
  await says(w, 'market AAPL bid=189.95 ask=190.05\npolicy two people')
  await w.open()
  await w.putPerson('mia', ['trader', 'approver'], false, true)
  const before = { roles: ['trader', 'approver'], disabled: false } as const
  await w.agreed({ kind: 'person', personID: 'mia', before, after: { roles: ['approver'], disabled: false } }, 'ad')
  await says(w, 'signal I1 BUY AAPL entry=190.00 stop=188.00\napprove I1 by=ana\napprove I1 by=bo')
  const rows = await journalOf(w.store)
  await w.store.close()
  assert.deepEqual(proofOf(rows).faults, [])
  const { proven, faults } = proofOf(rows.map(saidBy('mia')))
  assert.deepEqual([proven, faults[0]?.code], [0, 'NOT_ELIGIBLE'])
  assert.match(faults[0]?.text ?? '', /You joined with a sign-in code/)
})

describe('whoever was shown the door is missed for a day', () => {
  /** The rows of a house that was loosened by one alone, a day after the other governor had to go. */
  async function loosened(level: 'L1' | 'L2'): Promise<{ rows: Row[]; door: string; policy: string }> {
    const w = new World()
    await says(w, 'policy two people\nmarket AAPL bid=189.95 ask=190.05')
    await w.open()
    await w.agreeTo((p) => ({ ...p, changes: { level, quorum: 1 } }))
    if (level === 'L2') assert.ok((await w.enrol('ad')).ok)
    const before = { roles: ['risk'], disabled: false } as const
    const door = await w.agreed({ kind: 'person', personID: 'rik', before, after: { ...before, disabled: true } }, 'ad')
    w.clock.advance(24 * 3_600_000)
    const now = await w.policyNow()
    const rules = [{ name: 'one', level: 'L1', quorum: 1 }] as const
    const next = { ...now, version: now.version + 1, rules }
    const policy = await w.agreed({ kind: 'approval policy', before: now.version, policy: next }, 'ad', 'ad')
    const rows = await journalOf(w.store)
    await w.store.close()
    return { rows, door: door.changeID, policy: policy.changeID }
  }
  /** As if they had gone that much later. */
  const later = (rows: readonly Row[], door: string, ms: number): Row[] =>
    rows.map((row) =>
      row.corr === door ? { ...row, ts: rfc3339(plusMs(parseInstant(row.ts) ?? assert.fail(), ms)) } : row,
    )

  it('by the proof as by the desk', async () => {
    const { rows, door } = await loosened('L1')
    assert.deepEqual(proofOf(rows).faults, [])
    const { faults } = proofOf(later(rows, door, 2))
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['NOT_AGREED', 'SELF_APPROVAL', 'NOT_AGREED'],
    )
    assert.match(faults[0]?.text ?? '', /could have decided on it until less than a day before: rik/)
  })
  it('also where they go between the proposal and the yes', async () => {
    const { rows, door, policy } = await loosened('L2')
    assert.deepEqual(proofOf(rows).faults, [])
    const at = rows.findIndex(({ action, corr }) => corr === policy && action === 'change.voted')
    const gone = later(rows, door, 24 * 3_600_000).filter(({ corr }) => corr === door)
    const rest = rows.filter(({ corr }) => corr !== door)
    const { faults } = proofOf(rest.toSpliced(at - gone.length, 0, ...gone))
    assert.equal(faults[0]?.code, 'SELF_APPROVAL')
  })
})
