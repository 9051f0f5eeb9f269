import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { HaltScope } from '../orders/halt.ts'

/** A halted desk whose worker sleeps, so that comparisons stay asked for. */
async function bench() {
  const w = new World()
  w.awake = false
  await w.open()
  await w.desk.halt({ reason: 'a drill', actor: personActor('rik') })
  const key = `reconcile:${w.broker.account}`
  const release = async (): Promise<string> => {
    const done = await w.desk.release({ reason: 'over', actor: personActor('rik') })
    return done.ok ? 'released' : done.error.code
  }
  return {
    w,
    release,
    errand: () => w.store.get('errand', key),
    drop: () => w.store.transact((tx) => tx.remove('errand', key)),
  }
}

describe('a release that waits for a comparison with the broker', () => {
  it('starts one', async () => {
    const { release, errand, drop } = await bench()
    await drop()
    assert.equal(await release(), 'UNRECONCILED')
    assert.notEqual(await errand(), null)
  })
  it('does not start another while one is under way', async () => {
    const { w, release, errand } = await bench()
    await w.desk.claim('a worker', 10, 60_000)
    for (let tries = 0; tries < 5; tries++) assert.equal(await release(), 'UNRECONCILED')
    assert.equal((await errand())?.leaseOwner, 'a worker')
  })
  it('does not wait for the next one on the timer', async () => {
    const { w, release, errand } = await bench()
    const [held] = await w.desk.claim('a worker', 10, 60_000)
    assert.ok(held)
    await w.desk.postpone(held, 60_000, 'the books agreed')
    assert.equal(await release(), 'UNRECONCILED')
    assert.equal((await errand())?.dueAt, w.clock.now())
  })
})

describe('a halt of an account or broker', () => {
  // prettier-ignore
  const rows: readonly (readonly [scope: HaltScope, becomes: HaltScope])[] = [
    ['account:paper:sim:main', 'account:paper:sim:main'],
    ['account:sim:main', 'global'],
    ['broker:sim', 'broker:sim'],
    ['broker:alpaca', 'global'],
    ['symbol:NEVERSEEN', 'symbol:NEVERSEEN'],
  ]
  for (const [scope, becomes] of rows)
    it(`${scope} stops ${becomes}`, async () => {
      const w = new World()
      w.awake = false
      await w.open()
      await w.desk.halt({ scope, reason: 'a drill', actor: personActor('rik') })
      const held = (await w.store.all('halt')).filter(({ state }) => state !== null).map((one) => one.scope)
      assert.deepEqual(held, [becomes])
      await w.store.close()
    })
})
