import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { ordStatus } from '../orders/machine.ts'
import type { IntentID } from '../values/brand.ts'
import { dec } from '../values/decimal.ts'
import { inForce } from './limiting.ts'

const says = async (w: World, script: string): Promise<void> => {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
/** An order of 4,750 that never arrived, and may be offered again after a second. */
async function lost(): Promise<World> {
  const w = new World()
  await says(
    w,
    `offers 1s
limits soft.maxOrderNotional=5000
market AAPL bid=189.95 ask=190.05
signal I1 BUY AAPL entry=190.00 stop=150.00
next lost
approve I1 by=ana -> InDoubt`,
  )
  return w
}
const entryOf = async (w: World) => (await w.store.ordersOf('I1' as IntentID))[0] ?? assert.fail()

async function softer(w: World): Promise<void> {
  const before = inForce((await w.store.get('limits', 'account')) ?? assert.fail(), w.clock.now())
  const maxOrderNotional = { ...before.values.maxOrderNotional, soft: dec('4000') }
  const after = { ...before, version: before.version + 1, values: { ...before.values, maxOrderNotional } }
  const what = { kind: 'risk limits', before, after } as const
  const done = await w.desk.proposeChange({ what, reason: 'less', actor: personActor('rik') })
  assert.equal(done.ok && done.value.state, 'Applied')
}
const haltAAPL = (w: World) => says(w, 'halt by=tom scope=symbol:AAPL level=K1')

describe('an order that the broker does not know is', () => {
  // prettier-ignore
  const rows: readonly (readonly [string, sends: number, (w: World) => Promise<unknown>])[] = [
    ['offered again', 2, async () => {}],
    ['not offered again when whoever approved it is disabled', 1, (w) => says(w, 'disable ana by=ad')],
    ['not offered again under another policy', 1, (w) => w.agreeTo((p) => ({ ...p, autoMaxNotional: null }))],
    ['not offered again when it is beyond a soft limit by now', 1, softer],
    ['not offered again when its symbol is halted', 1, haltAAPL],
  ]
  for (const [what, sends, comes] of rows)
    it(what, async () => {
      const w = await lost()
      w.awake = false
      await comes(w)
      w.awake = true
      await says(w, 'wait 5s')
      assert.equal(w.broker.sends.length, sends)
      assert.equal(ordStatus(await entryOf(w)), sends === 1 ? 'NotSent' : 'New')
    })

  it('not asked about at the broker when trading is halted: no fact would change that', async () => {
    const w = await lost()
    const { clOrdID } = await entryOf(w)
    w.awake = false
    await w.wait(4_000)
    assert.equal(await w.desk.beginResend(clOrdID, false), 'facts-too-old')
    await haltAAPL(w)
    assert.equal(await w.desk.beginResend(clOrdID, false), null)
  })
})
