import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Actor } from '../journal/row.ts'
import type { PersonRole } from '../ports/records.ts'
import { plusMs } from '../values/instant.ts'

const CLI: Actor = { type: 'system', id: 'cli', via: 'cli', session: null }

async function bench() {
  const w = new World()
  w.awake = false
  await w.open()
  let sessions = 0
  const issue = (hash: string, ms: number): Promise<void> =>
    w.desk.issueCode({ hash, expiresAt: plusMs(w.clock.now(), ms), actor: CLI })
  const redeem = (codeHash: string, name: string, roles: readonly PersonRole[] = ['trader']) =>
    w.desk.redeemCode({
      codeHash,
      name,
      roles,
      sessionHash: `session-${++sessions}`,
      csrf: 'csrf',
      via: 'web',
      expiresAt: plusMs(w.clock.now(), 3_600_000),
      actor: CLI,
    })
  return { w, issue, redeem }
}
const codeOf = (done: { ok: boolean; error?: { code: string } }): string => (done.ok ? 'ok' : (done.error?.code ?? '?'))

describe('a sign-in code', () => {
  it('opens one session, once', async () => {
    const { w, issue, redeem } = await bench()
    await issue('c1', 60_000)
    const first = await redeem('c1', 'Eve')
    assert.ok(first.ok)
    assert.equal((await w.store.get('session', first.value.hash))?.personID, first.value.personID)
    assert.equal(codeOf(await redeem('c1', 'Eve')), 'CODE_INVALID')
  })
  it('opens one session even when it is used twice in the same moment', async () => {
    const { issue, redeem } = await bench()
    await issue('c1', 60_000)
    const both = await Promise.all([redeem('c1', 'Eve'), redeem('c1', 'Mallory')])
    assert.deepEqual(both.map(codeOf), ['ok', 'CODE_INVALID'])
  })
  const rows: [name: string, lives: number, waits: number, outcome: string][] = [
    ['is good until its last moment', 60_000, 60_000, 'ok'],
    ['is over a moment later', 60_000, 60_001, 'CODE_INVALID'],
  ]
  for (const [name, lives, waits, outcome] of rows)
    it(name, async () => {
      const { w, issue, redeem } = await bench()
      await issue('c1', lives)
      w.clock.advance(waits)
      assert.equal(codeOf(await redeem('c1', 'Eve')), outcome)
    })
  it('that nobody issued opens nothing', async () => {
    const { redeem } = await bench()
    assert.equal(codeOf(await redeem('made up', 'Eve')), 'CODE_INVALID')
  })
  it('of somebody known makes no second person, whatever the spelling, and no new roles', async () => {
    const { w, issue, redeem } = await bench()
    await issue('c1', 60_000)
    await issue('c2', 60_000)
    const first = await redeem('c1', 'Eve', ['trader'])
    const second = await redeem('c2', '  EVE ', ['approver', 'admin'])
    assert.ok(first.ok && second.ok)
    assert.equal(second.value.personID, first.value.personID)
    assert.deepEqual((await w.store.get('person', first.value.personID))?.roles, ['trader'])
  })
  for (const name of ['An\u00ada', 'An\u034fa', 'Ana\u3164', 'Ana\u00a0', 'Ana\ufe0f'])
    it(`makes nobody whose name reads as another’s: ${JSON.stringify(name)}`, async () => {
      const { w, issue, redeem } = await bench()
      await issue('c1', 60_000)
      const before = await w.store.head()
      assert.equal(codeOf(await redeem('c1', name)), 'NAME_TAKEN')
      assert.deepEqual(await w.store.head(), before)
      assert.equal(codeOf(await redeem('c1', 'Ana')), 'ok')
    })
  it('of somebody known makes no second person in other letters of the same name', async () => {
    const { issue, redeem } = await bench()
    await issue('c1', 60_000)
    await issue('c2', 60_000)
    const [first, second] = [await redeem('c1', 'Eve'), await redeem('c2', 'Ｅｖｅ')]
    assert.ok(first.ok && second.ok)
    assert.equal(second.value.personID, first.value.personID)
  })
  it('of somebody who was shown the door opens nothing', async () => {
    const { w, issue, redeem } = await bench()
    await w.access('ana', ['approver'], true)
    await issue('c1', 60_000)
    assert.equal(codeOf(await redeem('c1', 'ana')), 'NOT_ELIGIBLE')
  })
})

describe('what was opened', () => {
  it('a session ends once', async () => {
    const { w, issue, redeem } = await bench()
    await issue('c1', 60_000)
    const opened = await redeem('c1', 'Eve')
    assert.ok(opened.ok)
    const { hash } = opened.value
    await w.desk.endSession({ hash, actor: CLI })
    const before = await w.store.head()
    assert.equal((await w.store.get('session', hash))?.endedAt, w.clock.now())
    await w.desk.endSession({ hash, actor: CLI })
    await w.desk.endSession({ hash: 'never opened', actor: CLI })
    assert.deepEqual(await w.store.head(), before)
  })
  it('a token names whoever made it, whatever it says itself', async () => {
    const { w } = await bench()
    const token = {
      tokenID: 't1',
      name: 'bot',
      owner: 'bo',
      madeBy: 'bo',
      hash: 'h',
      scopes: ['propose'],
      createdAt: w.clock.now(),
      expiresAt: plusMs(w.clock.now(), 1_000),
      revokedAt: null,
    }
    await w.desk.issueToken({ token, actor: personActor('ad') })
    assert.equal((await w.store.get('token', 't1'))?.madeBy, 'ad')
  })
  it('a token is revoked once, and an unknown one is said to be unknown', async () => {
    const { w } = await bench()
    const token = {
      tokenID: 't1',
      name: 'jax',
      owner: null,
      hash: 'h',
      scopes: ['propose'],
      createdAt: w.clock.now(),
      expiresAt: plusMs(w.clock.now(), 1_000),
      revokedAt: null,
    }
    await w.desk.issueToken({ token, actor: CLI })
    assert.equal((await w.store.get('token', 't1'))?.madeBy, undefined)
    assert.equal(codeOf(await w.desk.revokeToken({ tokenID: 't2', actor: CLI })), 'NOT_FOUND')
    assert.equal(codeOf(await w.desk.revokeToken({ tokenID: 't1', actor: CLI })), 'ok')
    const before = await w.store.head()
    assert.equal(codeOf(await w.desk.revokeToken({ tokenID: 't1', actor: CLI })), 'ok')
    assert.deepEqual(await w.store.head(), before)
    assert.equal((await w.store.get('token', 't1'))?.revokedAt, w.clock.now())
  })
})
