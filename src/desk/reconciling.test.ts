import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { dec } from '../values/decimal.ts'

async function after(scenario: string): Promise<World> {
  const w = new World()
  const lines = parseScenario(`# For the test.\nmarket AAPL bid=189.95 ask=190.05\n${scenario}`).lines
  for (const line of lines) await play(w, [line])
  return w
}
async function compareNow(w: World): Promise<void> {
  await w.desk.requestReconcile(personActor('rik'))
  await w.settle()
}

describe('a difference of the books', () => {
  it('stops a symbol when it has stood for a while, not when it is looked at often', async () => {
    const w = await after('wait 1m')
    w.broker.elsewhere.set('AAPL', dec('40'))
    for (let look = 0; look < 3; look++) {
      await compareNow(w)
      w.clock.advance(100)
    }
    assert.equal(await w.store.get('freeze', 'AAPL'), null)
    for (let look = 0; look < 40; look++) {
      await compareNow(w)
      w.clock.advance(100)
    }
    assert.ok(await w.store.get('freeze', 'AAPL'))
  })

  it('is told when the stop of a bracket is gone and nothing says how', async () => {
    const w = await after(
      'signal I1 BUY AAPL entry=190.00 stop=188.00\napprove I1 by=ana\nreport I1 Fill 52 @ 190.00 -> Filled',
    )
    const stop = w.broker.truth.find((o) => o.role === 'Stop') ?? assert.fail()
    stop.open = false
    await w.wait(150_000)
    assert.match((await w.store.get('freeze', 'AAPL'))?.reason ?? '', /not among the broker's open orders/)
  })
})

describe('a comparison', () => {
  it('that was read before the halt does not release it', async () => {
    const w = await after('wait 1m')
    const { broker, clock, desk } = w
    const startedAt = clock.now()
    const account = { account: await broker.accountFact(), positions: [], at: startedAt, afterRow: 0 }
    clock.advance(10)
    await desk.halt({ reason: 'enough', actor: personActor('ana') })
    clock.advance(10)
    await desk.reconcile({ startedAt, orders: [], reports: [], positions: [], account })
    const released = await desk.release({ reason: 'all clear', actor: personActor('rik') })
    assert.equal(released.ok ? 'released' : released.error.code, 'UNRECONCILED')
  })
})
