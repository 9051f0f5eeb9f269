import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { dec, qty, text } from '../values/decimal.ts'

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

  const STOPPED = 'signal I1 BUY AAPL entry=190.00 stop=188.00\napprove I1 by=ana\nreport I1 Fill 52 @ 190.00 -> Filled'
  const openStops = (w: World) => w.broker.truth.filter((o) => o.role === 'Stop' && o.open)

  it('is met with another stop when that of a bracket is gone and nothing says how', async () => {
    const w = await after(STOPPED)
    const [stop] = openStops(w)
    assert.ok(stop)
    stop.open = false
    await w.wait(150_000)
    assert.deepEqual(
      openStops(w).map((o) => text(o.terms.orderQty)),
      ['52'],
    )
    assert.ok((await w.store.all('task')).some((task) => task.kind === 'DISPUTED'))
  })
  it('stops the symbol when that stop sold, and nothing says so: another would sell what is not held', async () => {
    const w = await after(STOPPED)
    const [stop] = openStops(w)
    assert.ok(stop)
    Object.assign(stop, { open: false, cumQty: qty('52') })
    await w.wait(150_000)
    assert.deepEqual(openStops(w), [])
    assert.match(
      (await w.store.get('freeze', 'AAPL'))?.reason ?? '',
      /at the broker|not among the broker's open orders/,
    )
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
