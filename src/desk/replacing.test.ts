import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { ordStatus } from '../orders/machine.ts'
import type { IntentID } from '../values/brand.ts'
import { dec, px, qty } from '../values/decimal.ts'
import { inForce } from './limiting.ts'

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

describe('a changed order that asks for more than one click', () => {
  const I1 = 'I1' as IntentID
  /** An order of 4,500 at the broker, where more than 5,000 asks for a passkey. */
  async function resting(): Promise<World> {
    const w = new World()
    await says(
      w,
      `can replace
limits soft.maxOrderNotional=5000
market AAPL bid=189.95 ask=190.05
signal I1 BUY AAPL entry=190.00 stop=150.00
approve I1 by=ana`,
    )
    return w
  }
  const ofEntry = async (w: World) => (await w.store.ordersOf(I1)).filter(({ role }) => role === 'Entry')
  async function replaced(w: World, orderQty: string): Promise<string> {
    const clOrdID = (await ofEntry(w)).find(({ replaces }) => replaces === undefined)?.clOrdID ?? assert.fail()
    const ask = { clOrdID, orderQty: qty(orderQty), price: px('186'), reason: null, actor: personActor('ana') }
    const done = await w.desk.replace(ask)
    await w.settle()
    return done.ok ? 'asked' : `${done.error.code} ${done.error.text}`
  }
  async function softer(w: World, soft: string): Promise<void> {
    const before = inForce((await w.store.get('limits', 'account')) ?? assert.fail(), w.clock.now())
    const maxOrderNotional = { ...before.values.maxOrderNotional, soft: dec(soft) }
    const after = { ...before, version: before.version + 1, values: { ...before.values, maxOrderNotional } }
    const what = { kind: 'risk limits', before, after } as const
    const done = await w.desk.proposeChange({ what, reason: 'less', actor: personActor('rik') })
    assert.equal(done.ok && done.value.state, 'Applied')
  }

  it('because it is beyond a soft limit is refused, and less of it is not', async () => {
    const w = await resting()
    assert.match(
      await replaced(w, '27'),
      /^NOT_REPLACEABLE .*a passkey \(paper, beyond the soft limit maxOrderNotional\)/,
    )
    assert.equal((await ofEntry(w)).length, 1)
    assert.equal(await replaced(w, '26'), 'asked')
    assert.deepEqual((await ofEntry(w)).map(ordStatus), ['Replaced', 'New'])
  })
  // prettier-ignore
  const between: readonly (readonly [string, (w: World) => Promise<unknown>])[] = [
    ['a soft limit that it is beyond', (w) => softer(w, '4000')],
    [
      'a policy that asks for a passkey',
      (w) => w.agreeTo((p) => ({ ...p, rules: [{ name: 'signed', level: 'L2', quorum: 1 }] })),
    ],
    [
      'a policy that asks for two',
      (w) => w.agreeTo((p) => ({ ...p, rules: [{ name: 'two', level: 'L1', quorum: 2 }] })),
    ],
  ]
  for (const [what, comes] of between)
    it(`because ${what} came before the send stays here, and the old one works on`, async () => {
      const w = await resting()
      w.awake = false
      assert.equal(await replaced(w, '26'), 'asked')
      await comes(w)
      w.awake = true
      await says(w, 'wait 1s')
      const [old, next] = await ofEntry(w)
      assert.deepEqual(
        [old, next].map((order) => order && ordStatus(order)),
        ['New', 'NotSent'],
      )
      assert.match(next?.text ?? '', /asks for/)
    })
})
