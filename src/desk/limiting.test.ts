import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf, STANDING } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { defaultsOf, type LimitName, type Limits } from '../gate/limits.ts'
import type { Row } from '../journal/row.ts'
import type { Change, ChangeOf, PersonRole, Strategy } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { dayOf } from '../values/day.ts'
import { dec, qty } from '../values/decimal.ts'
import { type Instant, msBetween, parseInstant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { effectiveFrom, inForce } from './limiting.ts'
import { proveOrders } from './proving.ts'
import { DAY_ZONE } from './trading-day.ts'

const FIRST = defaultsOf('S1')

const proofOf = (rows: readonly Row[]): readonly string[] =>
  proveOrders(rows.map((row, seq) => ({ seq, bytes: canonical({ ...row, seq }) }))).faults.map(({ code }) => code)

async function bench(more: Readonly<Record<string, readonly PersonRole[]>> = {}) {
  const w = new World()
  w.limits = FIRST
  w.awake = false
  w.cast = { ...w.cast, op: ['operator'], ...more }
  await w.open()
  const now = async (): Promise<Limits> => {
    const row = await w.store.get('limits', 'account')
    assert.ok(row)
    return inForce(row, w.clock.now())
  }
  const set = (before: Limits, name: LimitName, hard: string | null): Limits => ({
    ...before,
    version: before.version + 1,
    values: { ...before.values, [name]: { hard: hard === null ? null : dec(hard), soft: null } },
  })
  const wants = (before: Limits, after: Limits): ChangeOf => ({ kind: 'risk limits', before, after })
  const propose = async (by: string, what: ChangeOf): Promise<Change | string> => {
    const done = await w.desk.proposeChange({ what, reason: 'a test', actor: personActor(by) })
    return done.ok ? done.value : done.error.code
  }
  const agree = async (by: string, { changeID, digest }: Change): Promise<string> => {
    const done = await w.desk.decideChange({
      changeID,
      digest,
      verdict: 'approved',
      reason: null,
      actor: personActor(by),
    })
    return done.ok ? done.value.state : done.error.code
  }
  return { w, now, set, wants, propose, agree }
}

describe('tighter limits', () => {
  // prettier-ignore
  const rows: readonly (readonly [by: string, state: string])[] = [
    ['rik', 'Applied'],
    ['ad', 'Applied'],
    ['ana', 'Applied'],
    ['op', 'Applied'],
    ['tom', 'NOT_ELIGIBLE'],
    ['jax', 'NOT_ELIGIBLE'],
  ]
  for (const [by, state] of rows)
    it(`proposed by ${by}: ${state}`, async () => {
      const { w, now, set, wants, propose } = await bench()
      const before = await now()
      const change = await propose(by, wants(before, set(before, 'maxOrderNotional', '400')))
      assert.equal(typeof change === 'string' ? change : change.state, state)
      assert.equal((await now()).version, state === 'Applied' ? 1 : 0)
      await w.store.close()
    })
})

describe('looser limits', () => {
  it('take another person, and hold from the next day on', async () => {
    const { w, now, set, wants, propose, agree } = await bench()
    const before = await now()
    const after = set(before, 'maxOrderNotional', '12000')
    for (const by of ['ad', 'ana', 'op']) assert.equal(await propose(by, wants(before, after)), 'NOT_ELIGIBLE', by)
    const change = await propose('rik', wants(before, after))
    assert.ok(typeof change !== 'string')
    assert.equal(change.state, 'Waiting')
    assert.equal(await agree('rik', change), 'SELF_APPROVAL')
    for (const by of ['ad', 'op', 'tom']) assert.equal(await agree(by, change), 'NOT_ELIGIBLE', by)
    assert.equal(await agree('ana', change), 'Applied')
    assert.equal((await now()).version, 0)
    const { until } = dayOf(w.clock.now(), DAY_ZONE)
    w.clock.advance(msBetween(w.clock.now(), until) - 1)
    assert.equal((await now()).version, 0)
    w.clock.advance(1)
    assert.deepEqual((await now()).values.maxOrderNotional, after.values.maxOrderNotional)
    const journal = await journalOf(w.store)
    for (const rule of ['views that are built', 'the journal replays'])
      await Object.entries(STANDING).find(([name]) => name.startsWith(rule))?.[1](w, journal)
    assert.deepEqual(proofOf(journal), [])
    const isChanged = ({ action }: Row) => action === 'limits.changed'
    assert.deepEqual(proofOf(journal.map((row) => (isChanged(row) ? { ...row, corr: 'chg_other' } : row))), [
      'NOT_AGREED',
      'NOT_AGREED',
    ])
    const atOnce = (row: Row) => (isChanged(row) ? { ...row, data: { ...row.data, from: null } } : row)
    assert.deepEqual(proofOf(journal.map(atOnce)), ['NOT_AGREED'])
  })
  it('are given up when others are agreed to before their day', async () => {
    const { w, now, set, wants, propose, agree } = await bench()
    const before = await now()
    const looser = await propose('rik', wants(before, set(before, 'dayLoss', '0.5')))
    assert.ok(typeof looser !== 'string')
    assert.equal(await agree('ana', looser), 'Applied')
    const tighter = await propose('op', wants(before, set(before, 'dayLoss', '0.01')))
    assert.equal(typeof tighter !== 'string' && tighter.state, 'Applied')
    w.clock.advance(48 * 3_600_000)
    assert.deepEqual((await now()).values.dayLoss.hard, dec('0.01'))
  })
  it('are nothing of an older version, of another stage, or of nothing', async () => {
    const { now, set, wants, propose } = await bench()
    const before = await now()
    assert.equal(await propose('rik', wants(before, { ...set(before, 'dayLoss', '0.5'), version: 2 })), 'STALE_CHANGE')
    assert.equal(
      await propose('rik', wants(set(before, 'dayLoss', '0.4'), set(before, 'dayLoss', '0.5'))),
      'STALE_CHANGE',
    )
    assert.equal(await propose('rik', wants(before, { ...set(before, 'dayLoss', '0.5'), stage: 'S2' })), 'POLICY_FAULT')
    assert.equal(await propose('rik', wants(before, { ...before, version: 1 })), 'POLICY_FAULT')
  })
  it('are agreed to by whoever is alone, and the record says so', async () => {
    const { propose, now, set, wants, w } = await bench({ ana: [], bo: [], rik: ['risk', 'approver'] })
    const before = await now()
    const change = await propose('rik', wants(before, set(before, 'dayLoss', '0.5')))
    assert.ok(typeof change !== 'string')
    assert.deepEqual([change.state, change.note], ['Applied', 'four-eyes: off'])
    await w.store.close()
  })
})

describe('what is agreed to late in the evening', () => {
  // prettier-ignore
  const rows: readonly (readonly [agreed: string, from: string])[] = [
    ['2026-11-23T15:00:00Z', '2026-11-24T05:00:00Z'],
    ['2026-11-23T21:00:00Z', '2026-11-24T05:00:00Z'],
    ['2026-11-23T21:00:00.000001Z', '2026-11-25T05:00:00Z'],
    ['2026-11-24T04:59:00Z', '2026-11-25T05:00:00Z'],
  ]
  const looser = { ...FIRST, version: 1, values: { ...FIRST.values, dayLoss: { hard: dec('0.5'), soft: null } } }
  for (const [agreed, from] of rows)
    it(`${agreed} holds from ${from} on`, () =>
      assert.equal(effectiveFrom(FIRST, looser, parseInstant(agreed) as Instant), parseInstant(from)))
})

describe('a trading day', () => {
  it('begins with what the account is worth, once', async () => {
    const { w } = await bench()
    w.awake = true
    await w.wait(60_000)
    const day = await w.store.get('day', 'account')
    assert.equal(day?.day, '2026-11-23')
    assert.ok(day.opening)
    const opened = (await journalOf(w.store)).filter((row) => row.action === 'day.opened')
    assert.equal(opened.length, 1)
    assert.equal(plusMs(day.from, 24 * 3_600_000), day.until)
  })
})

describe('an order that came to be beyond a soft limit after its yes', () => {
  for (const name of ['paper', 'beyond the soft limit maxOrderNotional'])
    it(`is asked about again under a rule called ${JSON.stringify(name)}`, async () => {
      const w = new World()
      w.limits = { ...FIRST, values: { ...FIRST.values, maxOrderNotional: { hard: dec('10000'), soft: dec('5000') } } }
      w.approvals = (first) => ({ ...first, rules: [{ name, level: 'L1', quorum: 1 }] })
      const intentID = 'I1' as IntentID
      const says = async (script: string): Promise<void> => {
        for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
      }
      await says('market AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=150.00')
      w.awake = false
      await says('approve I1 by=ana')
      const before = inForce((await w.store.get('limits', 'account')) ?? assert.fail(), w.clock.now())
      const values = { ...before.values, maxOrderNotional: { hard: dec('10000'), soft: dec('4000') } }
      const what = { kind: 'risk limits', before, after: { ...before, version: before.version + 1, values } } as const
      assert.ok((await w.desk.proposeChange({ what, reason: 'less', actor: personActor('rik') })).ok)
      w.awake = true
      await w.wait(1_000)
      const { state, rev, requires } = (await w.store.get('intent', intentID)) ?? assert.fail()
      assert.deepEqual(
        [state, rev, requires?.level, requires?.beyond],
        ['AwaitingApproval', 2, 'L2', ['maxOrderNotional']],
      )
    })
})

describe('a strategy that is described', () => {
  const card = { goal: 'earns', inputs: 'bars', limits: 'three positions', owner: 'ana', stopWhen: 'it loses' }
  const described = (over: Partial<Strategy> = {}): Strategy => ({
    strategyID: 'trend',
    version: 1,
    card,
    model: { kind: 'quantity', orderQty: qty('7') },
    ...over,
  })
  const wanting = (after: Strategy, before: Strategy | null = null): ChangeOf => ({
    kind: 'strategy',
    strategyID: 'trend',
    before,
    after,
  })

  it('takes the risk role and somebody else, and sizes its orders from then on', async () => {
    const { w, propose, agree } = await bench()
    w.awake = true
    for (const by of ['ana', 'ad', 'op', 'tom'])
      assert.equal(await propose(by, wanting(described())), 'NOT_ELIGIBLE', by)
    const change = await propose('rik', wanting(described()))
    assert.ok(typeof change !== 'string')
    assert.equal(await agree('ad', change), 'NOT_ELIGIBLE')
    assert.equal(await agree('ana', change), 'Applied')
    const { lines } = parseScenario(`# For the test.
market AAPL bid=189.95 ask=190.05
signal I1 BUY AAPL entry=190.00 stop=188.00 strategy=trend -> AwaitingApproval qty=7`)
    for (const line of lines) await play(w, [line])
    const journal = await journalOf(w.store)
    assert.deepEqual(proofOf(journal), [])
    const slipped = journal.map((row) =>
      row.action === 'strategy.described'
        ? { ...row, data: { strategy: { ...card, version: 1, strategyID: 'trend' } } }
        : row,
    )
    assert.deepEqual(proofOf(slipped).slice(0, 1), ['NOT_AGREED'])
  })
  it('is refused when it says too little, too much, or is of an older version', async () => {
    const { propose } = await bench()
    // prettier-ignore
    const rows: readonly (readonly [what: ChangeOf, code: string])[] = [
      [wanting(described({ card: { ...card, owner: ' ' } })), 'POLICY_FAULT'],
      [wanting(described({ model: { kind: 'risk', share: dec('0.5') } })), 'POLICY_FAULT'],
      [wanting(described({ strategyID: 'other' })), 'POLICY_FAULT'],
      [wanting(described({ version: 2 })), 'STALE_CHANGE'],
      [wanting(described({ version: 2 }), described()), 'STALE_CHANGE'],
    ]
    for (const [what, code] of rows) assert.equal(await propose('rik', what), code)
  })
})
