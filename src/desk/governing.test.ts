import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Evidence, Level } from '../approvals/evidence.ts'
import { FIRST_POLICY, type ApprovalPolicy } from '../approvals/policy.ts'
import { defaultsOf } from '../gate/limits.ts'
import type { Actor } from '../journal/row.ts'
import type { Stage } from '../orders/stage.ts'
import type { Change, ChangeOf, Person, PersonRole } from '../ports/records.ts'
import { dec } from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { onlyTakesAway } from './governing.ts'
import { inForce } from './limiting.ts'
import { stageChange } from './promoting.ts'

const HOUR_MS = 3_600_000
const CLI: Actor = { type: 'system', id: 'cli', via: 'cli', session: null }
const AGENT: Actor = { type: 'agent', id: 'jax', via: 'http', session: null }

/** A house with the governors rik and ad, unless they are said to be none, and whoever else is named. */
async function house(changes: ApprovalPolicy['changes'] | null = null, cast: World['cast'] = {}): Promise<World> {
  const w = new World()
  w.awake = false
  w.cast = { ...w.cast, ...cast }
  await w.open()
  if (changes) await w.agreeTo((before) => ({ ...before, changes }))
  return w
}
const CHANGES = (level: Level, quorum: number) => ({ level, quorum })

const personOf = async (w: World, name: string): Promise<Person> => (await w.store.get('person', name)) ?? assert.fail()
async function access(w: World, name: string, roles: readonly PersonRole[], disabled = false): Promise<ChangeOf> {
  const { roles: was, disabled: out } = await personOf(w, name)
  return { kind: 'person', personID: name, before: { roles: was, disabled: out }, after: { roles, disabled } }
}
async function policy(w: World, of: Partial<ApprovalPolicy>): Promise<ChangeOf> {
  const before = await w.policyNow()
  return { kind: 'approval policy', before: before.version, policy: { ...before, version: before.version + 1, ...of } }
}
const TWO = { rules: [{ name: 'two', level: 'L1', quorum: 2 }] } as const

type Done = { ok: true; value: Change } | { ok: false; error: { code: string; text: string } }
/** The state of the change, or the code of the no. */
const said = (done: Done): string => (done.ok ? done.value.state : done.error.code)
const proposed = (w: World, what: ChangeOf, by: string): Promise<Done> =>
  w.desk.proposeChange({ what, reason: 'for the test', actor: personActor(by) })
async function waits(w: World, what: ChangeOf, by: string): Promise<Change> {
  const done = await proposed(w, what, by)
  assert.ok(done.ok, JSON.stringify(done))
  assert.equal(done.value.state, 'Waiting')
  return done.value
}
async function decides(
  w: World,
  { changeID, digest }: Change,
  by: string,
  of: { verdict?: 'approved' | 'declined'; digest?: string; evidence?: Evidence; actor?: Actor } = {},
): Promise<string> {
  const ask = { changeID, digest, verdict: 'approved', reason: null, actor: personActor(by), ...of } as const
  return said(await w.desk.decideChange(ask))
}
const signs = async (w: World, { changeID }: Change, by: string): Promise<{ evidence: Evidence }> => ({
  evidence: await w.sign(by, await w.decidedChange(changeID)),
})
const changeOf = async (w: World, { changeID }: Change): Promise<Change> =>
  (await w.store.get('change', changeID)) ?? assert.fail()

describe('a change', () => {
  it('takes somebody else, who agrees', async () => {
    const w = await house()
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal((await w.policyNow()).version, 0)
    assert.equal(await decides(w, change, 'rik'), 'SELF_APPROVAL')
    assert.equal(await decides(w, change, 'ad'), 'Applied')
    assert.deepEqual([(await w.policyNow()).version, (await changeOf(w, change)).note], [1, null])
  })
  it('takes as many others as the policy says, and one of them twice is one', async () => {
    const w = await house(CHANGES('L1', 2), { zo: ['risk'] })
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'ad'), 'Waiting')
    assert.equal(await decides(w, change, 'ad'), 'Waiting')
    assert.equal((await changeOf(w, change)).votes.length, 1)
    assert.equal(await decides(w, change, 'zo'), 'Applied')
  })
  it('is made by whoever is alone, and says that there are no four eyes', async () => {
    const w = await house(null, { ad: [] })
    const done = await proposed(w, await policy(w, TWO), 'rik')
    assert.ok(done.ok)
    assert.deepEqual([done.value.state, done.value.note], ['Applied', 'four-eyes: off'])
  })
  it('of their own access waits for others', async () => {
    const w = await house()
    const change = await waits(w, await access(w, 'rik', ['risk', 'admin']), 'rik')
    assert.equal(await decides(w, change, 'rik'), 'SELF_APPROVAL')
    assert.equal(await decides(w, change, 'ad'), 'Applied')
    assert.deepEqual((await personOf(w, 'rik')).roles, ['risk', 'admin'])
  })
  it('is not agreed to by whom it is about', async () => {
    const w = await house(null, { zo: ['risk'] })
    const change = await waits(w, await access(w, 'zo', ['risk', 'admin']), 'rik')
    assert.equal(await decides(w, change, 'zo'), 'SELF_APPROVAL')
    assert.equal(await decides(w, change, 'ad'), 'Applied')
  })
  it('with a passkey takes a passkey', async () => {
    const w = await house(CHANGES('L2', 1))
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'ad'), 'ASSURANCE_TOO_LOW')
    assert.ok((await w.enrol('ad')).ok)
    assert.equal(await decides(w, change, 'ad', await signs(w, change, 'ad')), 'Applied')
    assert.equal((await changeOf(w, change)).votes[0]?.level, 'L2')
  })
  it('of a stage beyond the pilot takes two people, also where nobody else may decide', async () => {
    const w = new World()
    w.awake = false
    w.cast = { rik: ['trader', 'approver', 'risk', 'operator', 'admin'] }
    w.firstStage = 'S1'
    w.limits = defaultsOf('S1')
    await w.open()
    const agrees = async (stage: Stage): Promise<string> => {
      await w.store.transact(async (tx) => {
        const row = (await tx.get('stage', 'account')) ?? assert.fail()
        await tx.put('stage', { ...row, stage, build: 'an older one' })
      })
      const what = await stageChange(w.store, 'paper', stage, {}, w.clock.now())
      assert.ok('kind' in what)
      return said(await proposed(w, what, 'rik'))
    }
    assert.deepEqual(
      [await agrees('S2'), await agrees('S3'), await agrees('S4')],
      ['Waiting', 'NOT_ELIGIBLE', 'NOT_ELIGIBLE'],
    )
    await w.store.close()
  })
  it('with a passkey takes it also of whoever is alone', async () => {
    const w = await house(CHANGES('L2', 1), { ad: [] })
    assert.ok((await w.enrol('rik')).ok)
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'rik'), 'ASSURANCE_TOO_LOW')
    assert.equal(await decides(w, change, 'rik', await signs(w, change, 'rik')), 'Applied')
    assert.equal((await changeOf(w, change)).note, 'four-eyes: off')
  })
  it('ends with one no, which anybody may say who might have said yes, its proposer too', async () => {
    const w = await house()
    for (const by of ['ad', 'rik']) {
      const change = await waits(w, await policy(w, TWO), 'rik')
      assert.equal(await decides(w, change, 'ana', { verdict: 'declined' }), 'NOT_ELIGIBLE')
      assert.equal(await decides(w, change, by, { verdict: 'declined' }), 'Declined')
      assert.equal(await decides(w, change, by, { verdict: 'declined' }), 'Declined')
      assert.equal(await decides(w, change, 'ad'), 'NOT_PENDING')
      w.clock.advance(1)
    }
    assert.equal((await w.policyNow()).version, 0)
  })
  it('waits a night and a day', async () => {
    const w = await house()
    const change = await waits(w, await policy(w, TWO), 'rik')
    w.clock.advance(24 * HOUR_MS)
    assert.equal(change.decideBy, w.clock.now())
    const other = await waits(w, await access(w, 'tom', ['trader', 'approver']), 'rik')
    assert.equal(await decides(w, change, 'ad'), 'Applied')
    w.clock.advance(24 * HOUR_MS + 0.001)
    assert.equal(await decides(w, other, 'ad'), 'APPROVAL_EXPIRED')
    assert.equal((await changeOf(w, other)).state, 'Lapsed')
    assert.deepEqual((await personOf(w, 'tom')).roles, ['trader'])
  })
})

describe('a change is not made', () => {
  type Row = readonly [name: string, what: (w: World) => Promise<ChangeOf>, by: string, code: string]
  const P: ApprovalPolicy = { ...FIRST_POLICY, version: 1 }
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['by an approver',                     (w) => policy(w, TWO),                                         'ana', 'NOT_ELIGIBLE'],
    ['by a trader, of their own access',   (w) => access(w, 'tom', ['trader', 'admin']),                  'tom', 'NOT_ELIGIBLE'],
    ['by nobody',                          (w) => policy(w, TWO),                                         'eve', 'NOT_ELIGIBLE'],
    ['of an older policy',                 async () => ({ kind: 'approval policy', before: 7, policy: P }), 'rik', 'STALE_CHANGE'],
    ['that leaves a version out',          async () => ({ kind: 'approval policy', before: 0, policy: { ...P, version: 2 } }), 'rik', 'STALE_CHANGE'],
    ['that makes no sense',                (w) => policy(w, { rules: [] }),                               'rik', 'POLICY_FAULT'],
    ['that asks for more than there are',  (w) => policy(w, { rules: [{ name: 'all', level: 'L1', quorum: 4 }] }), 'rik', 'POLICY_FAULT'],
    ['of somebody unknown',                async () => ({ kind: 'person', personID: 'eve', before: { roles: [], disabled: false }, after: { roles: ['admin'], disabled: false } }), 'rik', 'NOT_FOUND'],
    ['of access that is another by now',   async (w) => ({ ...(await access(w, 'tom', ['admin'])), before: { roles: ['auditor'], disabled: false } }) as ChangeOf, 'rik', 'STALE_CHANGE'],
    ['that shows the last admin the door', (w) => access(w, 'ad', ['admin'], true),                       'rik', 'POLICY_FAULT'],
    ['that takes the role of the last admin', (w) => access(w, 'ad', ['trader']),                         'ad',  'POLICY_FAULT'],
    ['of a passkey that nobody has',       async () => ({ kind: 'passkey revoked', credentialID: 'AAAA', personID: 'ana' }), 'rik', 'NOT_FOUND'],
  ]
  for (const [name, what, by, code] of rows)
    it(`${name}: ${code}`, async () => {
      const w = await house()
      const before = await w.store.head()
      assert.equal(said(await proposed(w, await what(w), by)), code)
      assert.deepEqual(await w.store.head(), before)
    })
  it('by an agent', async () => {
    const w = await house()
    const done = await w.desk.proposeChange({ what: await policy(w, TWO), reason: 'mine', actor: AGENT })
    assert.equal(said(done), 'NOT_ELIGIBLE')
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'jax', { actor: { ...AGENT, id: 'ad' } }), 'NOT_ELIGIBLE')
  })
})

describe('a yes to a change does not count', () => {
  it('to another one than was shown', async () => {
    const w = await house()
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'ad', { digest: 'AAAA' }), 'DIGEST_MISMATCH')
    assert.equal(await decides(w, { ...change, changeID: 'chg_none' }, 'ad'), 'NOT_FOUND')
  })
  it('when the policy is another by now', async () => {
    const w = await house()
    const change = await waits(w, await access(w, 'tom', ['trader', 'approver']), 'rik')
    await w.agreeTo((before) => ({ ...before, changes: CHANGES('L2', 1) }))
    assert.equal(await decides(w, change, 'ad'), 'STALE_CHANGE')
  })
  it('when the access is another by now', async () => {
    const w = await house()
    const change = await waits(w, await access(w, 'tom', ['trader', 'approver']), 'rik')
    await w.agreed(await access(w, 'tom', []), 'rik')
    assert.equal(await decides(w, change, 'ad'), 'STALE_CHANGE')
  })
  it('when whoever proposed it was shown the door', async () => {
    const w = await house()
    const change = await waits(w, await access(w, 'tom', ['trader', 'approver']), 'rik')
    await w.agreed(await access(w, 'rik', ['risk'], true), 'ad')
    assert.equal(await decides(w, change, 'ad'), 'STALE_CHANGE')
  })
  it('of whoever was shown the door before the last one was said', async () => {
    const w = await house(CHANGES('L1', 2), { zo: ['risk'], yu: ['risk'] })
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'zo'), 'Waiting')
    await w.agreed(await access(w, 'zo', ['risk'], true), 'ad')
    assert.equal(await decides(w, change, 'ad'), 'Waiting')
    assert.equal(await decides(w, change, 'yu'), 'Applied')
  })
  it('of whoever lost the last passkey before the last one was said, and is new again', async () => {
    const w = await house(CHANGES('L1', 2), { zo: ['risk'], yu: ['risk'] })
    assert.ok((await w.enrol('zo')).ok)
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'zo'), 'Waiting')
    const { credentialID = '' } = w.passkeys.get('zo') ?? {}
    await w.agreed({ kind: 'passkey revoked', credentialID, personID: 'zo' }, 'ad')
    assert.equal(await decides(w, change, 'ad'), 'Waiting')
    assert.equal(await decides(w, change, 'yu'), 'Applied')
  })
  it('with a passkey that was revoked before the last one was said', async () => {
    const w = await house(CHANGES('L2', 2), { zo: ['risk'], yu: ['risk'] })
    for (const name of ['ad', 'zo', 'yu']) assert.ok((await w.enrol(name)).ok)
    const change = await waits(w, await policy(w, TWO), 'rik')
    assert.equal(await decides(w, change, 'zo', await signs(w, change, 'zo')), 'Waiting')
    const { credentialID = '' } = w.passkeys.get('zo') ?? {}
    assert.ok((await w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor('zo') })).ok)
    assert.equal(await decides(w, change, 'ad', await signs(w, change, 'ad')), 'Waiting')
    assert.equal(await decides(w, change, 'yu', await signs(w, change, 'yu')), 'Applied')
  })
})

describe('what only takes away', () => {
  it('is done at once, by one', async () => {
    const w = await house()
    const done = await proposed(w, await access(w, 'ana', ['approver'], true), 'ad')
    assert.equal(said(done), 'Applied')
    assert.ok((await personOf(w, 'ana')).disabled)
  })
  it('ends every session of whoever is out, and what they armed', async () => {
    const w = await house()
    const expiresAt = plusMs(w.clock.now(), HOUR_MS)
    for (const [hash, name] of [
      ['s1', 'ana'],
      ['s2', 'ana'],
      ['s3', 'bo'],
    ] as const) {
      await w.desk.issueCode({ hash: `code ${hash}`, expiresAt, actor: CLI })
      const ask = { codeHash: `code ${hash}`, name, roles: [], sessionHash: hash, csrf: 'x', via: 'web' } as const
      assert.ok((await w.desk.redeemCode({ ...ask, expiresAt, actor: CLI })).ok)
    }
    const auto = (await w.policyNow()).autoMaxNotional ?? assert.fail()
    const bounds = { symbols: ['AAPL'], maxNotional: auto, maxCount: 3, until: expiresAt }
    for (const by of ['ana', 'bo'])
      assert.ok((await w.desk.arm({ ...bounds, strategyID: by, actor: personActor(by) })).ok)
    await proposed(w, await access(w, 'ana', ['approver'], true), 'rik')
    const sessions = (await w.store.all('session')).filter((one) => one.endedAt === null)
    const armings = (await w.store.all('arming')).filter((one) => one.disarmedAt === null)
    assert.deepEqual([sessions.map((one) => one.hash), armings.map((one) => one.by)], [['s3'], ['bo']])
  })
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [before: readonly PersonRole[], out: boolean, after: readonly PersonRole[], outThen: boolean, takes: boolean])[] = [
    [['trader', 'approver'], false, ['trader'],             false, true],
    [['trader'],             false, ['trader'],             true,  true],
    [['trader'],             true,  [],                     true,  true],
    [['trader'],             true,  ['trader'],             false, false],
    [['trader'],             true,  [],                     false, false],
    [['trader'],             false, ['approver'],           false, false],
    [['trader'],             false, ['trader', 'approver'], true,  false],
    // It confirms somebody.
    [['trader'],             false, ['trader'],             false, false],
  ]
  for (const [before, out, after, outThen, takes] of rows)
    it(`${before.join()}${out ? ' (out)' : ''} to ${after.join() || 'nothing'}${outThen ? ' (out)' : ''}: ${takes ? 'yes' : 'no'}`, () =>
      assert.equal(
        onlyTakesAway({
          kind: 'person',
          personID: 'tom',
          before: { roles: before, disabled: out },
          after: { roles: after, disabled: outThen },
        }),
        takes,
      ))
})

describe('nobody becomes alone in a hurry', () => {
  const LOOSE = { rules: [{ name: 'all', level: 'L1', quorum: 1 }] } as const
  it('by showing all others the door', async () => {
    const w = await house(null, { ad: ['admin', 'risk'] })
    await w.agreed(await access(w, 'rik', [], false), 'ad')
    const alone = await proposed(w, await policy(w, LOOSE), 'ad')
    assert.ok(!alone.ok)
    assert.deepEqual(
      [alone.error.code, alone.error.text],
      [
        'SELF_APPROVAL',
        'rik could have decided on this until less than a day ago, and too few others can. Propose it again after 2026-11-24 15:00:00 UTC, or have a change give back or confirm their access first.',
      ],
    )
    assert.equal(said(await proposed(w, await access(w, 'ad', ['admin', 'risk', 'approver']), 'ad')), 'SELF_APPROVAL')
    w.clock.advance(24 * HOUR_MS - 0.001)
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'SELF_APPROVAL')
    w.clock.advance(0.001)
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'Applied')
  })
  it('also for what was proposed while they were there', async () => {
    const w = await house()
    const change = await waits(w, await policy(w, LOOSE), 'ad')
    await w.agreed(await access(w, 'rik', ['risk'], true), 'ad')
    assert.equal(await decides(w, change, 'ad'), 'SELF_APPROVAL')
  })
  it('nor with fewer than the policy asks for', async () => {
    const w = await house(CHANGES('L1', 2), { zo: ['risk'] })
    await w.agreed(await access(w, 'rik', [], true), 'ad')
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'SELF_APPROVAL')
  })
  const revoked = async (w: World, name: string, by: string): Promise<void> => {
    const { credentialID = '' } = w.passkeys.get(name) ?? {}
    if (by === name)
      assert.ok((await w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor(by) })).ok)
    else await w.agreed({ kind: 'passkey revoked', credentialID, personID: name }, by)
  }
  // Also where they did it themselves: whoever has their session, by a code of their own making, does it in their name.
  for (const [how, by] of [
    ['by revoking the passkeys of all others', 'ad'],
    ['by revoking them in the name of their owners', 'rik'],
  ] as const)
    it(how, async () => {
      const w = await house()
      assert.ok((await w.enrol('rik')).ok)
      await revoked(w, 'rik', by)
      assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'SELF_APPROVAL')
      w.clock.advance(24 * HOUR_MS - 0.001)
      assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'SELF_APPROVAL')
      w.clock.advance(0.001)
      const done = await proposed(w, await policy(w, LOOSE), 'ad')
      assert.ok(done.ok)
      assert.deepEqual([done.value.state, done.value.note], ['Applied', 'four-eyes: off'])
    })
  it('nor by taking the access of somebody whose passkey was revoked first', async () => {
    const w = await house()
    assert.ok((await w.enrol('rik')).ok)
    await revoked(w, 'rik', 'ad')
    w.clock.advance(HOUR_MS)
    await w.agreed(await access(w, 'rik', [], true), 'ad')
    w.clock.advance(23 * HOUR_MS - 0.001)
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'SELF_APPROVAL')
    w.clock.advance(0.001)
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'Applied')
  })
  it('but whoever is left confirms the other of two at once, and each of several after a day', async () => {
    const two = await house()
    assert.ok((await two.enrol('rik')).ok)
    await revoked(two, 'rik', 'rik')
    assert.equal(said(await proposed(two, await access(two, 'rik', ['risk']), 'ad')), 'Applied')
    assert.equal(said(await proposed(two, await policy(two, LOOSE), 'ad')), 'Waiting')
    const three = await house(null, { zo: ['risk'] })
    for (const name of ['rik', 'zo']) {
      assert.ok((await three.enrol(name)).ok)
      await revoked(three, name, name)
    }
    const early = await proposed(three, await access(three, 'zo', ['risk']), 'ad')
    assert.ok(!early.ok)
    assert.match(early.error.text, /^rik could have .* again after 2026-11-24 15:00:00 UTC\.$/)
    three.clock.advance(24 * HOUR_MS)
    assert.equal(said(await proposed(three, await access(three, 'zo', ['risk']), 'ad')), 'Applied')
    const change = await waits(three, await access(three, 'rik', ['risk']), 'ad')
    assert.equal(await decides(three, change, 'zo'), 'Applied')
  })
  it('and misses nobody who never counted', async () => {
    const w = new World()
    w.awake = false
    w.cast = { ...w.cast, ad: [], rik: ['risk', 'admin'], zed: ['trader', 'risk'] }
    w.newcomers = ['zed']
    await w.open()
    await w.agreed(await access(w, 'zed', ['trader']), 'rik')
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'rik')), 'Applied')
  })
  it('but gives back at once what was taken by mistake', async () => {
    const w = await house()
    await w.agreed(await access(w, 'rik', ['risk'], true), 'ad')
    assert.equal(said(await proposed(w, await access(w, 'rik', ['risk']), 'ad')), 'Applied')
    assert.equal(said(await proposed(w, await policy(w, LOOSE), 'ad')), 'Waiting')
  })
})

describe('whoever came in with a code', () => {
  async function joins(w: World, name: string): Promise<string> {
    const expiresAt = plusMs(w.clock.now(), HOUR_MS)
    await w.desk.issueCode({ hash: `code ${name}`, expiresAt, actor: personActor('ad') })
    const roles: readonly PersonRole[] = ['trader', 'approver']
    const ask = { codeHash: `code ${name}`, name, roles, sessionHash: `s ${name}`, csrf: 'x', via: 'web' } as const
    const opened = await w.desk.redeemCode({ ...ask, expiresAt, actor: CLI })
    assert.ok(opened.ok)
    return opened.value.personID
  }
  it('is new, but not the first', async () => {
    const w = await house()
    assert.equal((await personOf(w, await joins(w, 'Mia'))).newcomer, true)
    await w.store.transact((tx) => tx.clearViews())
    assert.equal((await personOf(w, await joins(w, 'Mia'))).newcomer, undefined)
  })
  it('is confirmed by a change that others agree to, and by no single governor', async () => {
    const w = await house()
    const mia = await joins(w, 'Mia')
    const change = await waits(w, await access(w, mia, ['trader', 'approver']), 'ad')
    assert.equal(await decides(w, change, 'ad'), 'SELF_APPROVAL')
    assert.equal(await decides(w, change, 'rik'), 'Applied')
    assert.equal((await personOf(w, mia)).newcomer, undefined)
  })
  for (const [what, roles, out] of [
    ['a role', ['approver'], false],
    ['their access', ['trader', 'approver'], true],
  ] as const)
    it(`is not vouched for by a governor who alone takes ${what} from them`, async () => {
      const w = await house()
      const mia = await joins(w, 'Mia')
      assert.equal(said(await proposed(w, await access(w, mia, roles, out), 'ad')), 'Applied')
      assert.equal((await personOf(w, mia)).newcomer, true)
      const change = await waits(w, await access(w, mia, ['trader', 'approver'], false), 'ad')
      assert.equal(await decides(w, change, 'rik'), 'Applied')
      assert.equal((await personOf(w, mia)).newcomer, undefined)
    })
  it('is no second person for any change of the house, and leaves its proposer alone', async () => {
    const w = new World()
    w.awake = false
    w.limits = defaultsOf('S1')
    w.cast = { ...w.cast, ana: [], bo: [], zed: ['trader', 'approver'] }
    w.newcomers = ['zed']
    await w.open()
    const row = (await w.store.get('limits', 'account')) ?? assert.fail()
    const before = inForce(row, w.clock.now())
    const values = { ...before.values, maxOrderNotional: { hard: dec('900000'), soft: null } }
    const looser = { kind: 'risk limits', before, after: { ...before, version: before.version + 1, values } } as const
    const done = await proposed(w, looser, 'rik')
    assert.ok(done.ok, JSON.stringify(done))
    assert.deepEqual([done.value.state, done.value.note], ['Applied', 'four-eyes: off'])
  })
  it('is refused where others may decide, in words that say what to do', async () => {
    const w = new World()
    w.awake = false
    w.cast = { ...w.cast, zed: ['risk'] }
    w.newcomers = ['zed']
    await w.open()
    const { changeID, digest } = await waits(w, await policy(w, TWO), 'rik')
    const ask = { changeID, digest, verdict: 'approved', reason: null, actor: personActor('zed') } as const
    const done = await w.desk.decideChange(ask)
    assert.ok(!done.ok)
    assert.equal(done.error.code, 'NOT_ELIGIBLE')
    assert.match(done.error.text, /until a change confirms your access, you are no second person/)
    assert.equal(await decides(w, { changeID, digest } as Change, 'zed', { verdict: 'declined' }), 'Declined')
  })
  it('does not make a policy reachable', async () => {
    const w = await house()
    await joins(w, 'Mia')
    const three = { rules: [{ name: 'all', level: 'L1', quorum: 4 }] } as const
    assert.equal(said(await proposed(w, await policy(w, three), 'rik')), 'POLICY_FAULT')
  })
  it('and whoever lost the last passkey, decides on nothing that takes one', async () => {
    const w = await house(CHANGES('L2', 1), { zo: ['risk'] })
    assert.ok((await w.enrol('ad')).ok)
    const { credentialID = '' } = w.passkeys.get('ad') ?? {}
    await w.agreed({ kind: 'passkey revoked', credentialID, personID: 'ad' }, 'rik')
    assert.equal((await personOf(w, 'ad')).newcomer, true)
    assert.ok((await w.enrol('ad', { device: 'stolen' })).ok)
    const change = await waits(w, await policy(w, TWO), 'rik')
    const evidence = await w.sign('ad', await w.decidedChange(change.changeID), { device: 'stolen' })
    assert.equal(await decides(w, change, 'ad', { evidence }), 'NOT_ELIGIBLE')
  })
})

it('a change that was proposed twice in one moment is one', async () => {
  const w = await house()
  const first = await waits(w, await policy(w, TWO), 'rik')
  const second = await waits(w, await policy(w, TWO), 'rik')
  assert.deepEqual(first, second)
  const rows = await w.store.journalOf(first.changeID)
  assert.equal(rows.filter((row) => row.action === 'change.proposed').length, 1)
})
