import assert from 'node:assert/strict'
import { it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { World } from '../../test/scenarios/world.ts'
import { GENESIS, link } from '../journal/chain.ts'
import type { Row } from '../journal/row.ts'
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
