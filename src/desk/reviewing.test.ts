import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { personActor, World } from '../../test/scenarios/world.ts'

const DAY_MS = 86_400_000

async function open(): Promise<World> {
  const w = new World()
  w.watched = true
  await w.open()
  assert.ok((await w.desk.identify({ accountID: 'SIM-1', name: 'SIM-1' })).ok)
  return w
}
async function later(w: World, days: number): Promise<readonly string[]> {
  w.clock.advance(days * DAY_MS)
  await w.worker.watch()
  return (await w.store.all('task')).filter(({ doneAt }) => doneAt === null).map(({ kind }) => kind)
}

describe('the review of all controls', () => {
  it('is asked for after a year, and who has access after a quarter', async () => {
    const w = await open()
    assert.deepEqual(await later(w, 91), [])
    assert.deepEqual(await later(w, 1), ['ACCESS_REVIEW'])
    assert.deepEqual((await later(w, 273)).toSorted(), ['ACCESS_REVIEW', 'CONTROLS_REVIEW'])
    await w.store.close()
  })
  it('is asked for once, also of somebody who closes the reminder, and again a while after it was done', async () => {
    const w = await open()
    await later(w, 92)
    const taskID = 'ACCESS_REVIEW:paper:sim:main'
    assert.ok((await w.desk.closeTask({ taskID, note: 'later', actor: personActor('rik') })).ok)
    assert.deepEqual(await later(w, 1), [])
    assert.ok((await w.desk.recordReview({ note: 'Nothing was found.', actor: personActor('rik') })).ok)
    assert.deepEqual(await later(w, 91), [])
    assert.deepEqual(await later(w, 1), ['ACCESS_REVIEW'])
    await w.store.close()
  })
  it('is the business of people with the role, and says what was found', async () => {
    const w = await open()
    const code = async (by: string, note: string) => {
      const done = await w.desk.recordReview({ note, actor: personActor(by) })
      return done.ok ? 'done' : done.error.code
    }
    assert.equal(await code('ana', 'fine'), 'NOT_ELIGIBLE')
    assert.equal(await code('nobody', 'fine'), 'NOT_ELIGIBLE')
    assert.equal(await code('rik', ' '), 'POLICY_FAULT')
    assert.equal(await code('rik', 'fine'), 'done')
    assert.equal((await w.store.get('review', 'account'))?.note, 'fine')
    await w.store.close()
  })
})
