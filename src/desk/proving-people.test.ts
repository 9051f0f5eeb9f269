import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { CAST, personActor, World } from '../../test/scenarios/world.ts'
import { GENESIS, link } from '../journal/chain.ts'
import type { Row } from '../journal/row.ts'
import type { StoredRow } from '../journal/verify.ts'
import type { Change, Person } from '../ports/records.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { IntentID } from '../values/brand.ts'
import { parseInstant, plusMs, rfc3339 } from '../values/instant.ts'
import { linkID } from './evidence.ts'
import { type Difference, replayJournal } from './incident.ts'
import { type Proof, proveOrders } from './proving.ts'

const says = async (w: World, script: string): Promise<void> => {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
/** With numbers and hashes made anew. */
function storedOf(rows: readonly Row[]): readonly StoredRow[] {
  let prev = GENESIS
  return rows.map(({ ts, boot, mono, ...entry }, seq) => {
    const { bytes, hash } = link(entry, { seq, ts, boot, mono, prev })
    prev = hash
    return { seq, bytes }
  })
}
const proofOf = (rows: readonly Row[]): Proof => proveOrders(storedOf(rows))
async function differencesOf(rows: readonly Row[]): Promise<readonly Difference[]> {
  const empty = await openSqliteStore({ file: ':memory:', clock: new World().clock, boot: 'replay' })
  try {
    return (await empty.transact((tx) => replayJournal(tx, storedOf(rows)))).differences
  } finally {
    await empty.close()
  }
}
const saidBy =
  (name: string) =>
  (row: Row): Row => {
    if (row.action !== 'intent.approved') return row
    const { decision, ...data } = row.data as { decision: object; sendBy: number }
    return { ...row, actor: { ...row.actor, id: name }, data: { ...data, decision: { ...decision, by: name } } }
  }

it('whoever is new stays so when one governor alone takes a role from them', async () => {
  const w = new World()
  await says(w, 'market AAPL bid=189.95 ask=190.05\npolicy two people')
  w.cast = { ...CAST, mia: ['trader', 'approver'] }
  w.newcomers = ['mia']
  await w.open()
  const before = { roles: ['trader', 'approver'], disabled: false } as const
  await w.agreed({ kind: 'person', personID: 'mia', before, after: { roles: ['approver'], disabled: false } }, 'ad')
  await says(w, 'signal I1 BUY AAPL entry=190.00 stop=188.00\napprove I1 by=ana\napprove I1 by=bo')
  const rows = await journalOf(w.store)
  await w.store.close()
  assert.deepEqual(proofOf(rows).faults, [])
  const { proven, faults } = proofOf(rows.map(saidBy('mia')))
  assert.deepEqual([proven, faults[0]?.code], [0, 'NOT_ELIGIBLE'])
  assert.match(faults[0]?.text ?? '', /You joined with a sign-in code/)
})

describe('whoever joins a house that runs', () => {
  /** The first of all signs in, then another, as at a real gateway: it has started before anybody can. */
  async function joined(): Promise<Row[]> {
    const w = new World()
    w.cast = {}
    await w.open()
    const actor = { type: 'system', id: 'cli', via: 'cli', session: null } as const
    const expiresAt = plusMs(w.clock.now(), 60_000)
    for (const name of ['Ana', 'Bo']) {
      await w.desk.issueCode({ hash: name, expiresAt, actor })
      const ask = { codeHash: name, name, roles: ['approver'], sessionHash: name, csrf: 'x', via: 'web' } as const
      assert.ok((await w.desk.redeemCode({ ...ask, firstRoles: ['approver', 'admin'], expiresAt, actor })).ok)
    }
    const rows = await journalOf(w.store)
    await w.store.close()
    return rows
  }
  async function codesOf(rows: readonly Row[]): Promise<readonly (readonly string[])[]> {
    return [proofOf(rows).faults, await differencesOf(rows)].map((all) => all.map(({ code }) => code))
  }
  const isAdded = ({ action }: Row): boolean => action === 'person.added'
  const known = (row: Row): Row => {
    const { newcomer: _, ...person } = (row.data as { person: Person }).person
    return { ...row, data: { person } }
  }

  it('is new, but the first of all', async () => {
    const rows = await joined()
    assert.deepEqual(
      rows.filter(isAdded).map(({ data }) => (data as { person: Partial<Person> }).person.newcomer),
      [undefined, true],
    )
    assert.deepEqual(await codesOf(rows), [[], []])
  })
  it('and nobody writes that they are known', async () => {
    const rows = await joined()
    const forged = rows.with(rows.findLastIndex(isAdded), known(rows.findLast(isAdded) ?? assert.fail()))
    assert.deepEqual(await codesOf(forged), [['NOT_AGREED'], ['NOT_APPROVED']])
  })
  it('nor writes it afterwards, over the row', async () => {
    const rows = await joined()
    const forged = [...rows, known(rows.findLast(isAdded) ?? assert.fail())]
    assert.deepEqual(await codesOf(forged), [['REPEATED'], ['REPEATED']])
  })
})

describe('whoever was shown the door is missed for a day', () => {
  /** The rows of a house that was loosened by one alone, a day after the other governor had to go. */
  async function loosened(level: 'L1' | 'L2'): Promise<{ rows: Row[]; door: string; policy: string }> {
    const w = new World()
    await says(w, 'policy two people\nmarket AAPL bid=189.95 ask=190.05')
    await w.open()
    await w.agreeTo((p) => ({ ...p, changes: { level, quorum: 1 } }))
    if (level === 'L2') assert.ok((await w.enrol('ad')).ok)
    const before = { roles: ['risk'], disabled: false } as const
    const door = await w.agreed({ kind: 'person', personID: 'rik', before, after: { ...before, disabled: true } }, 'ad')
    w.clock.advance(24 * 3_600_000)
    const now = await w.policyNow()
    const rules = [{ name: 'one', level: 'L1', quorum: 1 }] as const
    const next = { ...now, version: now.version + 1, rules }
    const policy = await w.agreed({ kind: 'approval policy', before: now.version, policy: next }, 'ad', 'ad')
    const rows = await journalOf(w.store)
    await w.store.close()
    return { rows, door: door.changeID, policy: policy.changeID }
  }
  /** As if they had gone that much later. */
  const later = (rows: readonly Row[], door: string, ms: number): Row[] =>
    rows.map((row) =>
      row.corr === door ? { ...row, ts: rfc3339(plusMs(parseInstant(row.ts) ?? assert.fail(), ms)) } : row,
    )

  it('by the proof as by the desk', async () => {
    const { rows, door } = await loosened('L1')
    assert.deepEqual(proofOf(rows).faults, [])
    const { faults } = proofOf(later(rows, door, 2))
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['NOT_AGREED', 'SELF_APPROVAL', 'NOT_AGREED'],
    )
    assert.match(faults[0]?.text ?? '', /could have decided on it until less than a day before: rik/)
  })
  it('also where they go between the proposal and the yes', async () => {
    const { rows, door, policy } = await loosened('L2')
    assert.deepEqual(proofOf(rows).faults, [])
    const at = rows.findIndex(({ action, corr }) => corr === policy && action === 'change.voted')
    const gone = later(rows, door, 24 * 3_600_000).filter(({ corr }) => corr === door)
    const rest = rows.filter(({ corr }) => corr !== door)
    const { faults } = proofOf(rest.toSpliced(at - gone.length, 0, ...gone))
    assert.equal(faults[0]?.code, 'SELF_APPROVAL')
  })
})

describe('a change is agreed to as it was proposed', () => {
  /** Tom may approve: rik proposes it and ad agrees, after another policy, and before rik is shown the door. */
  async function given(): Promise<{ rows: Row[]; gift: string; policy: string; door: string }> {
    const w = new World()
    await w.open()
    const policy = await w.agreeTo((p) => p)
    const trader = { roles: ['trader'], disabled: false } as const
    const after = { ...trader, roles: ['trader', 'approver'] } as const
    const gift = await w.agreed({ kind: 'person', personID: 'tom', before: trader, after }, 'rik', 'ad')
    const before = { roles: ['risk'], disabled: false } as const
    const door = await w.agreed({ kind: 'person', personID: 'rik', before, after: { ...before, disabled: true } }, 'ad')
    const rows = await journalOf(w.store)
    await w.store.close()
    return { rows, gift: gift.changeID, policy: policy.changeID, door: door.changeID }
  }
  const proposalOf = (rows: readonly Row[], corr: string): number =>
    rows.findIndex((row) => row.action === 'change.proposed' && row.corr === corr)
  async function codesOf(rows: readonly Row[]): Promise<readonly (string | undefined)[]> {
    return [proofOf(rows).faults[0]?.code, (await differencesOf(rows))[0]?.code]
  }

  it('and not under another policy', async () => {
    const { rows, gift, policy } = await given()
    assert.deepEqual(await codesOf(rows), [undefined, undefined])
    const at = proposalOf(rows, gift)
    const [row] = rows.slice(at, at + 1)
    assert.ok(row)
    const { change } = row.data as { change: Change }
    const requires = { ...change.requires, policyVersion: 0 }
    const early = { ...row, data: { change: { ...change, requires } } } as unknown as Row
    const forged = rows.toSpliced(at, 1).toSpliced(proposalOf(rows, policy), 0, early)
    assert.deepEqual(await codesOf(forged), ['NOT_AGREED', 'NOT_APPROVED'])
  })
  it('and not once its proposer is gone', async () => {
    const { rows, gift, door } = await given()
    const gone = rows.filter(({ corr }) => corr === door)
    const rest = rows.filter(({ corr }) => corr !== door)
    const forged = rest.toSpliced(proposalOf(rest, gift) + 1, 0, ...gone)
    assert.deepEqual(await codesOf(forged), ['NOT_AGREED', 'NOT_APPROVED'])
  })
})

describe('whoever made the code of a session stands behind it', () => {
  const DAY_MS = 24 * 3_600_000
  /** An order that takes a passkey, approved by ana with her first one: made in a session that her own code opened. */
  async function approvedBy(): Promise<Row[]> {
    const w = new World()
    await says(w, 'policy passkey\nmarket AAPL bid=189.95 ask=190.05')
    await w.open()
    const actor = { type: 'person', id: 'ana', via: 'web', session: 'a'.repeat(16) } as const
    const expiresAt = plusMs(w.clock.now(), DAY_MS)
    await w.desk.issueCode({ hash: 'c', expiresAt, actor })
    const ask = { codeHash: 'c', name: 'ana', roles: [], sessionHash: 'a'.repeat(64), csrf: 'x', via: 'web' } as const
    assert.ok((await w.desk.redeemCode({ ...ask, expiresAt, actor })).ok)
    await says(w, 'passkey ana\nsignal I1 BUY AAPL entry=190.00 stop=188.00\napprove I1 by=ana with=passkey')
    const rows = await journalOf(w.store)
    await w.store.close()
    return rows.map((row) => (row.action === 'passkey.enrolled' ? { ...row, actor } : row))
  }
  const madeBy = (rows: readonly Row[], id: string): Row[] =>
    rows.map((row) => (row.action === 'code.issued' ? { ...row, actor: { ...row.actor, id } } : row))
  async function codesOf(rows: readonly Row[]): Promise<readonly (readonly string[])[]> {
    return [proofOf(rows).faults, await differencesOf(rows)].map((all) => all.slice(0, 1).map(({ code }) => code))
  }

  it('their own is as good as the machine’s', async () => {
    assert.deepEqual(await codesOf(await approvedBy()), [[], []])
  })
  it('and with that of another their first passkey makes them new', async () => {
    assert.deepEqual(await codesOf(madeBy(await approvedBy(), 'ad')), [['NOT_ELIGIBLE'], ['NOT_ELIGIBLE']])
  })
  it('so nobody enrols one in a session that is not theirs', async () => {
    const rows = (await approvedBy()).map((row) =>
      row.action === 'passkey.enrolled' ? { ...row, actor: { ...row.actor, session: 'b'.repeat(16) } } : row,
    )
    assert.deepEqual(await codesOf(rows), [['NOT_ELIGIBLE'], ['NOT_ELIGIBLE']])
  })
})

describe('whoever lost the last passkey is missed for a day', () => {
  it('by the proof as by the desk', async () => {
    const w = new World()
    await w.open()
    assert.ok((await w.enrol('rik')).ok)
    const { credentialID = '' } = w.passkeys.get('rik') ?? {}
    await w.agreed({ kind: 'passkey revoked', credentialID, personID: 'rik' }, 'ad')
    w.clock.advance(24 * 3_600_000)
    const now = await w.policyNow()
    const next = { ...now, version: now.version + 1, rules: [{ name: 'one', level: 'L1', quorum: 1 }] } as const
    await w.agreed({ kind: 'approval policy', before: now.version, policy: next }, 'ad')
    const rows = await journalOf(w.store)
    await w.store.close()
    assert.deepEqual(proofOf(rows).faults, [])
    assert.deepEqual(await differencesOf(rows), [])
    const later = rows.map((row) =>
      row.action === 'passkey.revoked'
        ? { ...row, ts: rfc3339(plusMs(parseInstant(row.ts) ?? assert.fail(), 2)) }
        : row,
    )
    const { faults } = proofOf(later)
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['NOT_AGREED', 'SELF_APPROVAL', 'NOT_AGREED'],
    )
    assert.match(faults[0]?.text ?? '', /could have decided on it until less than a day before: rik/)
    assert.notDeepEqual(await differencesOf(later), [])
  })
})

describe('a click in a session that an account opened', () => {
  const ACCOUNT = { provider: 'oidc', tenant: 'https://id.example', user: '4711' } as const
  const session = 'b'.repeat(64)
  const clicks = { type: 'person', id: 'ana', via: 'web', session: session.slice(0, 16) } as const
  /** Ana says yes so to an order that takes two people. */
  async function said(): Promise<World> {
    const w = new World()
    await says(w, 'policy two people\nmarket AAPL bid=189.95 ask=190.05')
    await w.open()
    const expiresAt = plusMs(w.clock.now(), 24 * 3_600_000)
    const actor = { ...clicks, session: 'a'.repeat(16) }
    await w.desk.issueCode({ hash: 'c', expiresAt, actor })
    const ask = { codeHash: 'c', name: 'ana', roles: [], sessionHash: 'a'.repeat(64), csrf: 'x', via: 'web' } as const
    assert.ok((await w.desk.redeemCode({ ...ask, expiresAt, actor })).ok)
    assert.ok((await w.desk.linkAccount({ account: ACCOUNT, sessionHash: 'a'.repeat(64), actor })).ok)
    assert.ok((await w.desk.openByAccount({ account: ACCOUNT, sessionHash: session, csrf: 'x', expiresAt })).ok)
    await says(w, 'signal I1 BUY AAPL entry=190.00 stop=188.00')
    const { digest } = (await w.store.get('intent', I1)) ?? assert.fail()
    const done = await w.desk.approve({ intentID: I1, digest: digest ?? '', reason: null, actor: clicks })
    assert.ok(done.ok)
    return w
  }
  const I1 = 'I1' as IntentID
  const ends = (w: World) => w.desk.endLink({ linkID: linkID(ACCOUNT), reason: 'stolen', actor: personActor('ana') })
  async function after(w: World, script: string): Promise<Row[]> {
    await says(w, script)
    const rows = await journalOf(w.store)
    await w.store.close()
    return rows
  }

  it('counts, also when the session is over', async () => {
    const w = await said()
    await w.desk.endSession({ hash: session, actor: clicks })
    const rows = await after(w, 'approve I1 by=bo\nexpect I1 New')
    assert.deepEqual([proofOf(rows).proven, proofOf(rows).faults], [1, []])
    assert.deepEqual(await differencesOf(rows), [])
  })
  it('counts no more once the account is unlinked, also where it is linked again', async () => {
    for (const again of [false, true]) {
      const w = await said()
      assert.ok((await ends(w)).ok)
      w.clock.advance(1)
      const actor = { ...clicks, session: 'a'.repeat(16) }
      if (again) assert.ok((await w.desk.linkAccount({ account: ACCOUNT, sessionHash: 'a'.repeat(64), actor })).ok)
      const rows = await after(w, 'approve I1 by=bo\nexpect I1 AwaitingApproval')
      assert.deepEqual(proofOf(rows).faults, [])
      assert.deepEqual(await differencesOf(rows), [])
    }
  })
  it('and by the proof neither', async () => {
    const w = await said()
    await says(w, 'approve I1 by=bo')
    assert.ok((await ends(w)).ok)
    const rows = await after(w, 'expect I1 New')
    const end = rows.find(({ action }) => action === 'link.ended') ?? assert.fail()
    const at = rows.findIndex(({ action }) => action === 'intent.approved')
    const forged = rows.filter((row) => row !== end).toSpliced(at, 0, { ...end, ts: rows[at]?.ts ?? '' })
    assert.deepEqual([proofOf(rows).proven, proofOf(forged).proven], [1, 0])
    assert.equal(proofOf(forged).faults[0]?.code, 'TOO_FEW')
    assert.equal((await differencesOf(forged))[0]?.code, 'NOT_APPROVED')
  })
})
