import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Evidence, Level } from '../approvals/evidence.ts'
import { GENESIS, link } from '../journal/chain.ts'
import type { Row } from '../journal/row.ts'
import type { Change, ChangeOf, Intent } from '../ports/records.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { IntentID } from '../values/brand.ts'
import { replayJournal } from './incident.ts'
import { proveOrders } from './proving.ts'

// A yes that counts is said once, however often. One that lost its worth may be given again, and takes its own place.

const I1 = 'I1' as IntentID
const says = async (w: World, script: string): Promise<void> => {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}

/** What somebody says yes with, and how they come to lose it. */
type Way = {
  readonly level: Level
  /** What all of them have, before anything is asked. */
  readonly before: (w: World, names: readonly string[]) => Promise<void>
  readonly first: (w: World, name: string, what: Asked) => Promise<Evidence>
  readonly lose: (w: World, name: string) => Promise<void>
  readonly second: (w: World, name: string, what: Asked) => Promise<Evidence>
}
type Asked = Parameters<World['sign']>[1]

const WAYS: Readonly<Record<string, Way>> = {
  'a chat account that was unlinked': {
    level: 'L1',
    before: async (w, names) => {
      for (const name of names) for (const nth of ['1', '2']) assert.ok((await w.link(name, name + nth)).ok)
    },
    first: async (w, name) => w.click(`${name}1`),
    lose: async (w, name) => {
      const ask = { linkID: w.linkID(`${name}1`), reason: 'lost', actor: personActor(name) }
      assert.ok((await w.desk.endLink(ask)).ok)
    },
    second: async (w, name) => w.click(`${name}2`),
  },
  'a passkey that was revoked': {
    level: 'L2',
    before: async (w, names) => {
      for (const name of names) {
        assert.ok((await w.enrol(name)).ok)
        assert.ok((await w.enrol(name, { device: `${name}2`, by: name })).ok)
      }
    },
    first: (w, name, what) => w.sign(name, what),
    lose: async (w, name) => {
      const { credentialID = '' } = w.passkeys.get(name) ?? {}
      assert.ok((await w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor(name) })).ok)
    },
    second: (w, name, what) => w.sign(name, what, { device: `${name}2` }),
  },
}

/** The codes that the proof and the replay find in these rows. */
async function found(rows: readonly Row[]): Promise<{ proven: number; proof: string[]; replay: string[] }> {
  let prev = GENESIS
  const stored = rows.map(({ ts, boot, mono, ...entry }, seq) => {
    const { bytes, hash } = link(entry, { seq, ts, boot, mono, prev })
    prev = hash
    return { seq, bytes }
  })
  const { proven, faults } = proveOrders(stored)
  const empty = await openSqliteStore({ file: ':memory:', clock: new World().clock, boot: 'replay' })
  try {
    const { differences } = await empty.transact((tx) => replayJournal(tx, stored))
    return { proven, proof: faults.map(({ code }) => code), replay: differences.map(({ code }) => code) }
  } finally {
    await empty.close()
  }
}
const isOf = (action: string, corr: string) => (row: Row) => row.action === action && row.corr === corr
/** As if what was lost had never been lost. */
const kept = (rows: readonly Row[]): Row[] =>
  rows.filter(({ action }) => action !== 'link.ended' && action !== 'passkey.revoked')

describe('a yes to an order', () => {
  const intentOf = async (w: World): Promise<Intent> => (await w.store.get('intent', I1)) ?? assert.fail()
  async function yes(w: World, by: string, evidence?: Evidence): Promise<string> {
    const { digest } = await intentOf(w)
    const ask = { intentID: I1, digest: digest ?? '', reason: null, actor: personActor(by) }
    const done = await w.desk.approve({ ...ask, ...(evidence && { evidence }) })
    return done.ok ? done.value.state : done.error.code
  }
  const votersOf = async (w: World): Promise<string[]> => ((await intentOf(w)).votes ?? []).map(({ by }) => by)
  async function waiting(level: Level): Promise<World> {
    const w = new World()
    w.approvals = (p) => ({ ...p, rules: [{ name: 'two', level, quorum: 2 }] })
    await w.open()
    return w
  }
  const SIGNAL = 'market AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00'

  for (const [name, way] of Object.entries(WAYS))
    it(`with ${name} is given again, and counts as one`, async () => {
      const w = await waiting(way.level)
      await way.before(w, ['ana', 'bo'])
      await says(w, SIGNAL)
      const what = await w.decided(I1)
      assert.equal(await yes(w, 'ana', await way.first(w, 'ana', what)), 'AwaitingApproval')
      assert.equal(await yes(w, 'ana', await way.second(w, 'ana', what)), 'AwaitingApproval')
      assert.equal((await intentOf(w)).votes?.length, 1)
      await way.lose(w, 'ana')
      assert.equal(await yes(w, 'ana', await way.second(w, 'ana', what)), 'AwaitingApproval')
      assert.deepEqual(await votersOf(w), ['ana'])
      assert.equal(await yes(w, 'ana', await way.second(w, 'ana', what)), 'AwaitingApproval')
      assert.deepEqual(await votersOf(w), ['ana'])
      assert.equal(await yes(w, 'bo', await way.first(w, 'bo', what)), 'Approved')
      await w.settle()
      assert.equal(w.broker.sends.length, 1)
      const rows = await journalOf(w.store)
      assert.equal(rows.filter(isOf('intent.voted', I1)).length, 2)
      assert.deepEqual(await found(rows), { proven: 1, proof: [], replay: [] })
      const forged = await found(kept(rows))
      assert.deepEqual([forged.proven, forged.proof, forged.replay[0]], [0, ['SAME_PERSON'], 'REPEATED'])
      await w.store.close()
    })

  for (const [name, way] of Object.entries(WAYS))
    it(`with ${name} may be the last that is needed`, async () => {
      const w = await waiting(way.level)
      await way.before(w, ['ana', 'bo'])
      await says(w, SIGNAL)
      const what = await w.decided(I1)
      assert.equal(await yes(w, 'ana', await way.first(w, 'ana', what)), 'AwaitingApproval')
      await way.lose(w, 'ana')
      assert.equal(await yes(w, 'bo', await way.first(w, 'bo', what)), 'AwaitingApproval')
      assert.equal(await yes(w, 'ana', await way.second(w, 'ana', what)), 'Approved')
      assert.deepEqual(await votersOf(w), ['bo', 'ana'])
      assert.equal(await yes(w, 'ana'), 'Approved')
      await w.settle()
      assert.equal(w.broker.sends.length, 1)
      const rows = await journalOf(w.store)
      assert.deepEqual(await found(rows), { proven: 1, proof: [], replay: [] })
      await w.store.close()
    })

  it('under another policy is not said to be given', async () => {
    const w = await waiting('L1')
    await says(w, SIGNAL)
    assert.equal(await yes(w, 'ana'), 'AwaitingApproval')
    await w.agreeTo((p) => ({ ...p, autoMaxNotional: null }))
    assert.equal(await yes(w, 'ana'), 'ORDER_CHANGED')
  })
})

describe('a yes to a change', () => {
  const TRADER = { roles: ['trader'], disabled: false } as const
  const GIFT: ChangeOf = {
    kind: 'person',
    personID: 'tom',
    before: TRADER,
    after: { ...TRADER, roles: ['trader', 'approver'] },
  }
  async function yes(w: World, { changeID, digest }: Change, by: string, evidence?: Evidence): Promise<string> {
    const ask = { changeID, digest, verdict: 'approved', reason: null, actor: personActor(by) } as const
    const done = await w.desk.decideChange({ ...ask, ...(evidence && { evidence }) })
    return done.ok ? done.value.state : done.error.code
  }
  /** A change that takes two, and which waits for them. */
  async function waiting({ level, before }: Way): Promise<{ w: World; change: Change; what: Asked }> {
    const w = new World()
    w.cast = { ...w.cast, zo: ['risk'] }
    await w.open()
    await before(w, ['ad', 'zo'])
    await w.agreeTo((p) => ({ ...p, changes: { level, quorum: 2 } }))
    const done = await w.desk.proposeChange({ what: GIFT, reason: 'more eyes', actor: personActor('rik') })
    assert.ok(done.ok)
    return { w, change: done.value, what: await w.decidedChange(done.value.changeID) }
  }

  for (const [name, way] of Object.entries(WAYS))
    it(`with ${name} is given again, and counts as one`, async () => {
      const { w, change, what } = await waiting(way)
      assert.equal(await yes(w, change, 'ad', await way.first(w, 'ad', what)), 'Waiting')
      assert.equal(await yes(w, change, 'ad', await way.second(w, 'ad', what)), 'Waiting')
      await way.lose(w, 'ad')
      for (const _ of ['once', 'and a repeat'])
        assert.equal(await yes(w, change, 'ad', await way.second(w, 'ad', what)), 'Waiting')
      const { votes } = (await w.store.get('change', change.changeID)) ?? assert.fail()
      assert.deepEqual(
        votes.map(({ by }) => by),
        ['ad'],
      )
      assert.equal(await yes(w, change, 'zo', await way.first(w, 'zo', what)), 'Applied')
      assert.equal(await yes(w, change, 'ad'), 'Applied')
      const rows = await journalOf(w.store)
      assert.equal(rows.filter(isOf('change.voted', change.changeID)).length, 3)
      assert.deepEqual(await found(rows), { proven: 0, proof: [], replay: [] })
      const forged = await found(kept(rows))
      assert.deepEqual([forged.proof, forged.replay[0]], [['SAME_PERSON'], 'REPEATED'])
      await w.store.close()
    })

  it('whose proposer is gone is not said to be given', async () => {
    const { w, change } = await waiting(WAYS['a chat account that was unlinked'] ?? assert.fail())
    assert.equal(await yes(w, change, 'ad'), 'Waiting')
    const before = { roles: ['risk'], disabled: false } as const
    await w.agreed({ kind: 'person', personID: 'rik', before, after: { ...before, disabled: true } }, 'ad')
    assert.equal(await yes(w, change, 'ad'), 'STALE_CHANGE')
    await w.store.close()
  })
})
