import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { GENESIS, link } from '../journal/chain.ts'
import type { Actor, Row } from '../journal/row.ts'
import type { StoredRow } from '../journal/verify.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { IntentID } from '../values/brand.ts'
import { plusMs } from '../values/instant.ts'
import type { Denial } from './desk.ts'
import { replayJournal } from './incident.ts'
import { proveOrders } from './proving.ts'

// A click says as much as the session that it came from, and only while that lasts.

const I1 = 'I1' as IntentID
const HASH = 'b0'.repeat(32)
const BO: Actor = { type: 'person', id: 'bo', via: 'web', session: HASH.slice(0, 16) }
const HOUR_MS = 3_600_000
const SIGNAL = '# For the test.\nmarket AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00'

/** Bo has signed in for an hour, and an order waits. */
async function signedIn(): Promise<World> {
  const w = new World()
  await w.open()
  const expiresAt = plusMs(w.clock.now(), HOUR_MS)
  const actor: Actor = { type: 'system', id: 'operator', via: 'cli', session: null }
  await w.desk.issueCode({ hash: 'c0de', expiresAt, actor })
  const opened = { codeHash: 'c0de', name: 'bo', roles: [], sessionHash: HASH, csrf: 'x', via: 'web' } as const
  assert.ok((await w.desk.redeemCode({ ...opened, expiresAt, actor })).ok)
  return w
}
const signals = async (w: World): Promise<void> => {
  for (const line of parseScenario(SIGNAL).lines) await play(w, [line])
}
async function clicked(w: World): Promise<Denial | null> {
  const { digest = '' } = (await w.store.get('intent', I1)) ?? {}
  const done = await w.desk.approve({ intentID: I1, digest: digest ?? '', reason: null, actor: BO })
  await w.settle()
  return done.ok ? null : done.error
}

describe('a click in a session', () => {
  const cases: readonly (readonly [name: string, before: (w: World) => Promise<unknown>, code: string | null])[] = [
    ['that is open', async () => {}, null],
    ['that has ended', (w) => w.desk.endSession({ hash: HASH, actor: BO }), 'NOT_ELIGIBLE'],
    ['whose time is over', async (w) => w.clock.advance(HOUR_MS), 'NOT_ELIGIBLE'],
  ]
  for (const [name, before, code] of cases)
    it(`${name}: ${code ?? 'counts'}`, async () => {
      const w = await signedIn()
      await before(w)
      await signals(w)
      const denied = await clicked(w)
      assert.equal(denied?.code ?? null, code, denied?.text ?? '')
      await w.store.close()
    })

  it('that has ended changes nothing in the house', async () => {
    const w = await signedIn()
    const { changeID, digest } = await proposed(w)
    await w.desk.endSession({ hash: HASH, actor: BO })
    const ask = { changeID, digest, verdict: 'approved', reason: null, actor: BO } as const
    const done = await w.desk.decideChange(ask)
    assert.equal(done.ok ? null : done.error.code, 'NOT_ELIGIBLE')
    await w.store.close()
  })
})

/** Bo, who is an admin by then, is asked about another policy. */
async function proposed(w: World) {
  await w.access('bo', ['approver', 'admin'])
  const before = await w.policyNow()
  const what = {
    kind: 'approval policy',
    before: before.version,
    policy: { ...before, version: before.version + 1 },
  } as const
  const done = await w.desk.proposeChange({ what, reason: 'x', actor: personActor('rik') })
  return done.ok ? done.value : assert.fail(done.error.text)
}

describe('a journal', () => {
  /** The row that ends the session is put before the yes, and the chain made anew. */
  async function edited(said: 'intent.approved' | 'change.voted'): Promise<readonly StoredRow[]> {
    const w = await signedIn()
    if (said === 'change.voted') {
      const { changeID, digest } = await proposed(w)
      const ask = { changeID, digest, verdict: 'approved', reason: null, actor: BO } as const
      assert.ok((await w.desk.decideChange(ask)).ok)
    } else {
      await signals(w)
      assert.equal(await clicked(w), null)
    }
    await w.desk.endSession({ hash: HASH, actor: BO })
    const rows = await journalOf(w.store)
    await w.store.close()
    const ended = rows.findLastIndex(({ action }) => action === 'session.ended')
    const at = rows.findLastIndex(({ action }) => action === said)
    const end = { ...(rows[ended] as Row), ts: rows[at]?.ts ?? '' }
    return linked(rows.toSpliced(ended, 1).toSpliced(at, 0, end))
  }
  function linked(rows: readonly Row[]): StoredRow[] {
    let prev = GENESIS
    return rows.map(({ ts, boot, mono, ...entry }, seq) => {
      const { bytes, hash } = link(entry, { seq, ts, boot, mono, prev })
      prev = hash
      return { seq, bytes }
    })
  }
  async function differences(rows: readonly StoredRow[]) {
    const empty = await openSqliteStore({ file: ':memory:', clock: new World().clock, boot: 'replay' })
    const { differences: found } = await empty.transact((tx) => replayJournal(tx, rows))
    await empty.close()
    return found
  }

  for (const said of ['intent.approved', 'change.voted'] as const)
    it(`in which a session had ended before a yes (${said}) is not proven, and replays with a difference`, async () => {
      const rows = await edited(said)
      assert.equal(proveOrders(rows).faults[0]?.code, 'EVIDENCE_REFUSED')
      const [first] = await differences(rows)
      assert.deepEqual([first?.code, first?.action], ['NOT_ELIGIBLE', said])
    })
})
