import assert from 'node:assert/strict'
import { it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { World } from '../../test/scenarios/world.ts'
import type { IntentID } from '../values/brand.ts'

const says = async (w: World, script: string): Promise<void> => {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
it('a changed order may drift no further than the policy of approvals says', async () => {
  const w = new World()
  w.approvals = (first) => ({ ...first, rules: [{ name: 'tight', level: 'L1', quorum: 1, maxDriftBps: 7 }] })
  await says(
    w,
    `can replace
market AAPL bid=189.95 ask=190.05
signal I1 BUY AAPL entry=189.00 stop=187.00
approve I1 by=ana
replace I1 by=ana price=189.50`,
  )
  const consents = (await w.store.ordersOf('I1' as IntentID)).flatMap(({ consent }) => consent ?? [])
  assert.deepEqual([(await w.policyNow()).version, consents.map(({ ticket }) => ticket.maxDriftBps)], [1, [7]])
})
