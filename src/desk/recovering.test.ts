import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { orderOf, play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { World } from '../../test/scenarios/world.ts'

/** Plays a morning, loses every errand, and starts again. Returns the kinds of errand for each subject. */
async function restarted(scenario: string): Promise<{ w: World; errands: Map<string, string[]> }> {
  const w = new World()
  for (const line of parseScenario(`# For the test.\n${scenario}`).lines) await play(w, [line])
  for (const { kind, subject } of await w.store.all('errand'))
    await w.store.transact((tx) => tx.remove('errand', `${kind}:${subject}`))
  w.awake = false
  await w.boot()
  const errands = new Map<string, string[]>()
  for (const { kind, subject } of await w.store.all('errand'))
    errands.set(subject, [...(errands.get(subject) ?? []), kind].sort())
  return { w, errands }
}
const MARKET = 'market AAPL bid=189.95 ask=190.05'
const SIGNAL = 'signal I1 BUY AAPL entry=190.00 stop=188.00'
const WORKING = `${MARKET}\n${SIGNAL}\napprove I1 by=ana`

describe('a start that finds no errands', () => {
  const rows: [name: string, scenario: string, ref: string, kinds: string[]][] = [
    ['gathers facts for what was received', `${MARKET}\nbroker down\n${SIGNAL}`, 'intent', ['gather', 'lapse']],
    ['times out what waits', `${MARKET}\n${SIGNAL}`, 'intent', ['lapse']],
    ['sends what was approved', `${MARKET}\n${SIGNAL}\nworker sleeps\napprove I1 by=ana`, 'intent', ['lapse', 'send']],
    ['polls what works', WORKING, 'I1', ['poll']],
    ['cancels what was to be canceled', `${WORKING}\ncancel I1 by=ana`, 'I1', ['cancel', 'poll']],
    ['looks for what is in doubt', `${MARKET}\n${SIGNAL}\nnext lost\napprove I1 by=ana`, 'I1', ['resolve']],
    [
      'looks for a stop whose send was cut off',
      `cannot bracket\n${WORKING}\nnext crash\nreport I1 Fill 52 @ 190.00`,
      'I1.stop',
      ['resolve'],
    ],
    ['leaves alone what is over', `${MARKET}\n${SIGNAL}\ndecline I1 by=ana`, 'intent', []],
  ]
  for (const [name, scenario, ref, kinds] of rows)
    it(name, async () => {
      const { w, errands } = await restarted(scenario)
      const subject = ref === 'intent' ? 'I1' : ((await orderOf(w, ref))?.clOrdID ?? 'no such order')
      assert.deepEqual(errands.get(subject) ?? [], kinds)
      assert.deepEqual(errands.get(w.broker.account), ['reconcile'])
    })

  it('says that it started', async () => {
    const { w } = await restarted(MARKET + `\n${SIGNAL}`)
    const { size } = await w.store.head()
    assert.deepEqual(
      (await w.store.journal(size - 1, 1)).map((row) => [row.action, row.data]),
      [['gateway.started', { version: '0.0.0', build: 'scenario' }]],
    )
  })
})
