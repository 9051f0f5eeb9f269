import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { World } from '../../test/scenarios/world.ts'
import type { Identity } from '../ports/broker.ts'
import type { AccountID } from '../values/brand.ts'
import { openDesk } from './open.ts'

const PAPER: Identity = { accountID: 'e6fe16f3', name: 'PA3ABC' }

async function bench() {
  const w = new World()
  w.awake = false
  await w.open()
  const as = (account: string, identity: Identity) =>
    openDesk(
      w.store,
      { ...w.setting, account: account as AccountID },
      () => w.clock.now(),
      async () => {},
    ).identify(identity)
  const told = async (): Promise<number> => {
    const { size } = await w.store.head()
    return (await w.store.journal(0, size)).filter((row) => row.action === 'account.identified').length
  }
  return { w, as, told }
}

describe('the account behind the keys', () => {
  it('is taken down once, and known again', async () => {
    const { w, as, told } = await bench()
    assert.ok((await as('paper:alpaca:main', PAPER)).ok)
    assert.ok((await as('paper:alpaca:main', PAPER)).ok)
    assert.equal(await told(), 1)
    const known = await w.store.get('identity', 'paper:alpaca:main')
    assert.deepEqual([known?.accountID, known?.name], ['e6fe16f3', 'PA3ABC'])
  })

  const rows: [name: string, account: string, identity: Identity, same: boolean][] = [
    ['under another name of its own is the same', 'paper:alpaca:main', { ...PAPER, name: 'Savings' }, true],
    ['with another id is another', 'paper:alpaca:main', { accountID: '0b5dd0a7', name: 'PA3ABC' }, false],
    ['under another name of ours is another book', 'paper:alpaca:second', PAPER, false],
    ['at another broker is another book', 'paper:sim:main', { accountID: 'paper:sim:main', name: 'simulated' }, false],
  ]
  for (const [name, account, identity, same] of rows)
    it(name, async () => {
      const { as, told } = await bench()
      await as('paper:alpaca:main', PAPER)
      const answer = await as(account, identity)
      assert.equal(answer.ok, same)
      if (!answer.ok)
        assert.deepEqual([answer.error.account, answer.error.identity?.name], ['paper:alpaca:main', 'PA3ABC'])
      assert.equal(await told(), 1)
    })

  it('is not mixed into a book that was compared with another one before accounts were taken down', async () => {
    const { w, as, told } = await bench()
    const run = { account: w.broker.account, at: w.clock.now(), clean: true, findings: [] }
    await w.store.transact((tx) => tx.put('reconcile', run))
    const answer = await as('paper:alpaca:main', PAPER)
    assert.deepEqual(answer.ok ? null : answer.error, { account: w.broker.account, identity: null })
    assert.ok((await as(w.broker.account, { accountID: 'x', name: 'simulated' })).ok)
    assert.equal(await told(), 1)
  })
})
