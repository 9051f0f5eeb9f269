import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { AGENT, personActor, World } from '../../test/scenarios/world.ts'
import type { Actor } from '../journal/row.ts'
import type { ArmedStrategy, Intent } from '../ports/records.ts'
import type { AccountID } from '../values/brand.ts'
import { amt } from '../values/decimal.ts'
import { instant, plusMs } from '../values/instant.ts'
import type { Desk } from './desk.ts'

const HOUR_MS = 3_600_000

/** A house on paper in which an order may go without a person up to 10,000. The orders of the tests cost 9,880. */
async function house(environment: 'paper' | 'live' = 'paper', auto: string | null = '10000'): Promise<World> {
  const w = new World()
  w.policy = { ...w.policy, environment }
  if (environment === 'live') w.broker.account = 'live:sim:1' as AccountID
  else w.approvals = (p) => ({ ...p, autoMaxNotional: auto === null ? null : amt(auto) })
  await says(w, 'market AAPL bid=189.95 ask=190.05')
  await w.open()
  return w
}
async function says(w: World, script: string): Promise<void> {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
const signal = (w: World, id: string, more = ''): Promise<void> =>
  says(w, `signal ${id} BUY AAPL entry=190.00 stop=188.00 ${more}`)

/** The facts are at hand, so that a signal becomes a ticket at once. */
async function knows(w: World): Promise<void> {
  await w.desk.requestFacts('AAPL')
  await w.settle()
}

type Bounds = Parameters<Desk['arm']>[0]
async function arms(w: World, of: Partial<Bounds> = {}): Promise<ArmedStrategy | string> {
  const done = await w.desk.arm({
    strategyID: 'scenario',
    symbols: ['AAPL'],
    maxNotional: amt('10000'),
    maxCount: 5,
    until: plusMs(w.clock.now(), HOUR_MS),
    actor: personActor('ana'),
    ...of,
  })
  return done.ok ? done.value : done.error.code
}
const armingOf = async (w: World): Promise<ArmedStrategy> => (await w.store.all('arming')).at(-1) ?? assert.fail()
const intentOf = async (w: World, id: string): Promise<Intent> => (await w.store.get('intent', id)) ?? assert.fail()
const stateOf = async (w: World, id: string): Promise<string> => (await intentOf(w, id)).state

describe('who may arm a strategy, and how far', () => {
  type Row = readonly [name: string, of: (w: World) => Partial<Bounds>, code: string | null]
  const by = (actor: Actor) => () => ({ actor })
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['an approver',                       () => ({}),                                                       null],
    ['a risk manager',                    by(personActor('rik')),                                           null],
    ['a trader',                          by(personActor('tom')),                                           'NOT_ELIGIBLE'],
    ['an agent',                          by(AGENT),                                                        'NOT_ELIGIBLE'],
    ['an agent that bears the name of a person', by({ ...AGENT, id: 'ana' }),                               'NOT_ELIGIBLE'],
    ['nobody',                            by(personActor('eve')),                                           'NOT_ELIGIBLE'],
    ['as much as the policy says',        () => ({ maxNotional: amt('10000.00') }),                         null],
    ['more than the policy says',         () => ({ maxNotional: amt('10000.01') }),                         'POLICY_FAULT'],
    ['nothing',                           () => ({ maxNotional: amt('0') }),                                'POLICY_FAULT'],
    ['no order',                          () => ({ maxCount: 0 }),                                          'POLICY_FAULT'],
    ['half an order',                     () => ({ maxCount: 1.5 }),                                        'POLICY_FAULT'],
    ['no symbol',                         () => ({ symbols: [] }),                                          'POLICY_FAULT'],
    ['for a day',                         (w) => ({ until: plusMs(w.clock.now(), 24 * HOUR_MS) }),          null],
    ['for longer',                        (w) => ({ until: instant(plusMs(w.clock.now(), 24 * HOUR_MS) + 1) }), 'POLICY_FAULT'],
    ['until now',                         (w) => ({ until: w.clock.now() }),                                'POLICY_FAULT'],
  ]
  for (const [name, of, code] of rows)
    it(`${name}: ${code ?? 'yes'}`, async () => {
      const w = await house()
      const done = await arms(w, of(w))
      assert.equal(typeof done === 'string' ? done : null, code)
      assert.equal((await w.store.all('arming')).length, code === null ? 1 : 0)
    })
  it('nobody live', async () => {
    assert.equal(await arms(await house('live'), { maxNotional: amt('1000') }), 'POLICY_FAULT')
  })
  it('nobody where the policy gives no amount', async () => {
    assert.equal(await arms(await house('paper', null)), 'POLICY_FAULT')
  })
  it('nobody during a halt', async () => {
    const w = await house()
    await says(w, 'halt by=tom')
    assert.equal(await arms(w), 'TRADING_HALTED')
  })
  it('again, in the place of what was armed before', async () => {
    const w = await house()
    const first = await arms(w)
    w.clock.advance(1)
    const second = await arms(w, { maxCount: 1 })
    assert.ok(typeof first !== 'string' && typeof second !== 'string')
    const now = (await w.store.all('arming')).filter((one) => one.disarmedAt === null)
    assert.deepEqual(
      now.map((one) => one.armingID),
      [second.armingID],
    )
  })
})

describe('an order of an armed strategy', () => {
  it('is sent without a person, and says who armed it', async () => {
    const w = await house()
    await arms(w)
    await signal(w, 'I1')
    assert.equal(w.broker.sends.length, 1)
    const { decision, requires, votes } = await intentOf(w, 'I1')
    assert.deepEqual([decision?.by, decision?.via, decision?.level, requires?.level], ['ana', 'armed', 'L0', 'L0'])
    assert.equal(votes?.length, 1)
    assert.equal((await armingOf(w)).count, 1)
  })

  type Row = readonly [name: string, of: Partial<Bounds>, more: string, before?: (w: World) => Promise<unknown>]
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['of another strategy',                      { strategyID: 'other' },                 ''],
    ['in another symbol',                        { symbols: ['MSFT'] },                   ''],
    ['above its amount',                         { maxNotional: amt('9879.99') },         ''],
    ['of an agent for which ana answers',        {},                                      'owner=ana'],
    ['that ana proposed herself',                {},                                      'from=ana'],
    ['after its time',                           {},                                      '', (w) => w.wait(HOUR_MS + 1)],
    ['that was disarmed',                        {},                                      '', async (w) => w.desk.disarm({ ...(await armingOf(w)), reason: null, actor: personActor('tom') })],
    ['after a restart',                          {},                                      '', (w) => w.boot()],
    ['after a halt and its release',             {},                                      '', (w) => says(w, 'halt by=tom\nreconcile\nrelease by=rik')],
    ['when ana may not approve any more',        {},                                      '', (w) => w.agreed({ kind: 'person', personID: 'ana', before: { roles: ['approver'], disabled: false }, after: { roles: [], disabled: false } }, 'ad')],
    ['when ana is disabled',                     {},                                      '', (w) => w.agreed({ kind: 'person', personID: 'ana', before: { roles: ['approver'], disabled: false }, after: { roles: ['approver'], disabled: true } }, 'ad')],
    ['where the policy asks for two by now',     {},                                      '', (w) => w.agreeTo((p) => ({ ...p, rules: [{ name: 'two', level: 'L1', quorum: 2 }] }))],
    ['where the policy asks for a passkey by now', {},                                    '', (w) => w.agreeTo((p) => ({ ...p, rules: [{ name: 'key', level: 'L2', quorum: 1 }] }))],
    ['where the policy gives less by now',       {},                                      '', (w) => w.agreeTo((p) => ({ ...p, autoMaxNotional: amt('9879.99') }))],
    ['where the policy gives nothing by now',    {},                                      '', (w) => w.agreeTo((p) => ({ ...p, autoMaxNotional: null }))],
  ]
  for (const [name, of, more, before] of rows)
    it(`${name} waits for a person`, async () => {
      const w = await house()
      assert.notEqual(typeof (await arms(w, of)), 'string')
      await before?.(w)
      await signal(w, 'I1', more)
      assert.equal(await stateOf(w, 'I1'), 'AwaitingApproval')
      assert.notEqual((await intentOf(w, 'I1')).requires?.level, 'L0')
      assert.equal(w.broker.sends.length, 0)
    })

  it('goes as often as was armed, and no more often', async () => {
    const w = await house()
    await says(w, 'market MSFT bid=409.90 ask=410.10\nmarket IBM bid=299.90 ask=300.10')
    await arms(w, { symbols: ['AAPL', 'MSFT', 'IBM'], maxCount: 2 })
    await signal(w, 'I1')
    await says(w, 'signal I2 BUY MSFT entry=410.00 stop=400.00\nsignal I3 BUY IBM entry=300.00 stop=290.00')
    assert.deepEqual(await Promise.all(['I1', 'I2', 'I3'].map((id) => stateOf(w, id))), [
      'Approved',
      'Approved',
      'AwaitingApproval',
    ])
    assert.deepEqual([w.broker.sends.length, (await armingOf(w)).count], [2, 2])
  })
  it('that a person approved uses nothing up', async () => {
    const w = await house()
    await arms(w, { symbols: ['MSFT'] })
    await signal(w, 'I1')
    await says(w, 'approve I1 by=bo')
    assert.equal(w.broker.sends.length, 1)
    assert.equal((await armingOf(w)).count, 0)
  })
  it('goes at the last moment of its time', async () => {
    const w = await house()
    await knows(w)
    // The ticket is made now, and sent a millisecond later.
    await arms(w, { until: plusMs(w.clock.now(), 1) })
    await signal(w, 'I1')
    assert.equal(w.broker.sends.length, 1)
  })
  it('passes the gate like any other', async () => {
    const w = await house()
    await arms(w)
    await says(w, 'market AAPL session=closed')
    await signal(w, 'I1')
    assert.deepEqual(
      (await intentOf(w, 'I1')).refusals.map((one) => one.code),
      ['MARKET_CLOSED'],
    )
  })
})

describe('between its ticket and the send', () => {
  type Row = readonly [name: string, between: (w: World) => Promise<unknown>, then: string]
  const rows: readonly Row[] = [
    ['nothing happens', async () => {}, 'sent'],
    [
      'it is disarmed',
      async (w) => w.desk.disarm({ ...(await armingOf(w)), reason: null, actor: personActor('tom') }),
      'APPROVAL_VOID',
    ],
    ['its time ends', async (w) => w.clock.advance(20_001), 'APPROVAL_VOID'],
    ['the gateway restarts', (w) => w.boot(), 'APPROVAL_VOID'],
    ['trading is halted', (w) => says(w, 'halt by=tom'), 'APPROVAL_VOID'],
    [
      'whoever armed it may not approve any more',
      (w) =>
        w.agreed(
          {
            kind: 'person',
            personID: 'ana',
            before: { roles: ['approver'], disabled: false },
            after: { roles: ['trader'], disabled: true },
          },
          'ad',
          'rik',
        ),
      'APPROVAL_VOID',
    ],
    ['the policy becomes another', (w) => w.agreeTo((p) => ({ ...p, autoMaxNotional: null })), 'APPROVAL_VOID'],
    [
      'what is armed is for another symbol',
      (w) =>
        w.store.transact(async (tx) => {
          const [arming] = await tx.all('arming')
          if (arming) await tx.put('arming', { ...arming, symbols: ['MSFT'] })
        }),
      'APPROVAL_VOID',
    ],
  ]
  for (const [name, between, then] of rows)
    it(`${name}: ${then}`, async () => {
      const w = await house()
      await arms(w, { until: plusMs(w.clock.now(), 20_000) })
      await knows(w)
      w.awake = false
      await signal(w, 'I1')
      assert.equal(await stateOf(w, 'I1'), 'Approved')
      await between(w)
      w.awake = true
      await w.settle()
      const { state, refusals } = await intentOf(w, 'I1')
      const found = w.broker.sends.length > 0 ? 'sent' : refusals.map((one) => one.code).join(' ') || state
      assert.equal(found, then)
    })
  it('the market moves: another ticket, which uses up another one', async () => {
    const w = await house()
    await arms(w, { maxCount: 1 })
    await knows(w)
    w.awake = false
    await signal(w, 'I1')
    await says(w, 'market AAPL bid=191.95 ask=192.05')
    w.awake = true
    await w.look()
    await w.settle()
    const { state, rev, requires } = await intentOf(w, 'I1')
    assert.deepEqual([state, rev, requires?.level], ['AwaitingApproval', 2, 'L1'])
    assert.equal(w.broker.sends.length, 0)
  })
})
