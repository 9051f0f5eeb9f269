import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { World } from '../../test/scenarios/world.ts'
import type { Entry } from '../journal/row.ts'
import { VIEWS } from '../ports/records.ts'
import { Fault } from '../values/fault.ts'
import { SYSTEM } from './command.ts'
import { project, rebuildViews } from './project.ts'

async function played(scenario: string): Promise<World> {
  const w = new World()
  for (const line of parseScenario(`# For the test.\n${scenario}`).lines) await play(w, [line])
  return w
}
const DAY = `market AAPL bid=189.95 ask=190.05
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
report I1 Fill 52 @ 190.00`

const row = (action: string, id: string, data: Entry['data'] = {}): Entry => ({
  action,
  actor: SYSTEM,
  object: { type: 'thing', id, rev: 0 },
  corr: 'test',
  data,
})

describe('a journal row that cannot be folded', () => {
  const rows: [name: string, entry: Entry, code: string][] = [
    ['of a later version', row('order.teleported', 'x'), 'UNKNOWN_EVENT'],
    ['about an intent nobody received', row('intent.lapsed', 'I9', { why: 'x' }), 'ILLEGAL_TRANSITION'],
    ['about an order nobody made', row('order.rejected', 'jx9', { text: 'x' }), 'UNREADABLE_ROW'],
    ['that declines what was approved', row('intent.declined', 'I1', { decision: {} }), 'ILLEGAL_TRANSITION'],
    ['that closes a task nobody raised', row('task.closed', 'FROZEN:X', { by: 'ana', note: '' }), 'UNREADABLE_ROW'],
  ]
  for (const [name, entry, code] of rows)
    it(`${name} is a fault, and nothing of it stays`, async () => {
      const w = await played(DAY)
      const before = await w.store.head()
      await assert.rejects(
        w.store.transact(async (tx) => project(tx, await tx.append(entry))),
        (thrown) => thrown instanceof Fault && thrown.code === code,
      )
      assert.deepEqual(await w.store.head(), before)
    })
})

describe('a rebuild', () => {
  it('makes every view again from the journal alone, and leaves what is to be done', async () => {
    const w = await played(DAY)
    const [errands, markets] = [await w.store.all('errand'), await w.store.all('market')]
    const before = await Promise.all(VIEWS.map((kind) => w.store.all(kind)))
    const seen: number[] = []
    const rows = await w.store.transact((tx) => rebuildViews(tx, (n) => seen.push(n)))
    assert.equal(rows, (await w.store.head()).size)
    assert.equal(seen.at(-1), rows)
    assert.deepEqual(await Promise.all(VIEWS.map((kind) => w.store.all(kind))), before)
    assert.deepEqual([await w.store.all('errand'), await w.store.all('market')], [errands, markets])
    assert.ok(before.flat().length > 5)
  })
})
