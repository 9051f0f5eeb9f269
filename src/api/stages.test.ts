import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { defaultsOf } from '../gate/limits.ts'
import { AGENT, type As, type House, openHouse } from './house.contract.ts'
import type * as wire from './wire.ts'

const S0 = {
  limiting: { first: defaultsOf('S0'), settings: {} },
  rolling: { first: 'S0', origin: null },
  limits: { failedBurst: 1000, settleMs: 10 },
} as const
const stageOf = async (house: House, as: As) => house.ask({ url: '/v1/stage', as })
const proposed = (house: House, as: As, what: object) =>
  house.ask({ method: 'POST', url: '/v1/changes', as, body: { what: { kind: 'stage', ...what }, reason: 'now' } })

describe('the stage of an account', () => {
  let house: House
  let rik: As
  let jax: As
  before(async () => {
    house = await openHouse(S0)
    rik = await house.person('Rik', ['risk'], 'cli')
    jax = await house.token('jax', AGENT)
  })
  after(() => house.close())

  it('is told with everything that is missing, to agents too, who can do nothing about it', async () => {
    const now = (await stageOf(house, jax)).json<wire.StageNow>()
    assert.deepEqual([now.stage, now.next?.stage, now.shown, now.build, now.runs], ['S0', 'S1', false, null, 'test'])
    assert.deepEqual(
      now.evidence.filter(({ met }) => !met).map(({ of }) => of),
      ['sessions without a crash', 'comparisons'],
    )
    assert.equal(now.can.promote.ok, false)
    assert.equal((await proposed(house, jax, { after: 'S1' })).statusCode, 403)
  })
  it('says to whoever may propose what is missing, and refuses it in the same words', async () => {
    const now = (await stageOf(house, rik)).json<wire.StageNow>()
    const { promote } = now.can
    assert.ok(!promote.ok)
    assert.match(promote.why, /^Not shown yet for stage S1: trading days since the last crash \(5; there is \d\)/)
    const answer = await proposed(house, rik, { after: 'S1' })
    assert.deepEqual([answer.statusCode, answer.json().code], [409, 'EVIDENCE_MISSING'])
    assert.equal(answer.json().detail, promote.why)
    assert.equal((await stageOf(house, rik)).json<wire.StageNow>().stage, 'S0')
  })
  it('is never skipped', async () => {
    const answer = await proposed(house, rik, { after: 'S2', symbols: ['AAPL'] })
    assert.deepEqual([answer.statusCode, answer.json().code], [422, 'POLICY_FAULT'])
    assert.match(answer.json().detail, /After stage S0 comes S1, paper; none is skipped/)
  })
  it('lets a build be agreed to, once', async () => {
    const answer = await proposed(house, rik, { after: 'S0' })
    assert.equal(answer.statusCode, 201, answer.body)
    const { state, requires, what } = answer.json<wire.Change>()
    // Nobody else may decide here, and a click is not enough all the same.
    assert.deepEqual([state, requires.level, what.kind === 'stage' && what.build], ['Waiting', 'L3', 'test'])
  })
  it('names a limit that does not exist', async () => {
    const answer = await proposed(house, rik, { after: 'S1', values: { maxOrderNotionl: { hard: '5' } } })
    assert.equal(answer.statusCode, 400)
    assert.match(answer.body, /did you mean/)
  })
  it('is none where nobody counts', async () => {
    const plain = await openHouse({})
    const someone = await plain.person('Ana', ['risk'], 'cli')
    assert.equal((await stageOf(plain, someone)).statusCode, 404)
    await plain.close()
  })
})

describe('a drill', () => {
  const HELD = {
    drill: 'E1',
    startedAt: '2026-11-22T15:00:00Z',
    endedAt: '2026-11-22T15:00:04Z',
    result: 'passed',
    figures: { 'no further send': '0.2 s' },
    attested: false,
  }
  let house: House
  let rik: As
  const hold = (as: As, more: object = {}) =>
    house.ask({ method: 'POST', url: '/v1/drills', as, body: { ...HELD, ...more } })
  before(async () => {
    house = await openHouse(S0)
    rik = await house.person('Rik', ['risk'], 'cli')
  })
  after(() => house.close())

  it('is taken down in the name of whoever held it, once, and listed', async () => {
    const told = { attested: true, note: 'The plug was pulled.', figures: {} }
    const made = await hold(rik, told)
    assert.equal(made.statusCode, 201, made.body)
    assert.equal(made.json<wire.Drill>().byName, 'Rik')
    assert.equal((await hold(rik, told)).json<wire.Drill>().drillID, made.json<wire.Drill>().drillID)
    const { items } = (await house.ask({ url: '/v1/drills', as: rik })).json<{ items: wire.Drill[] }>()
    assert.deepEqual(items, [made.json()])
  })
  it('is no business of an agent', async () =>
    assert.equal((await hold(await house.token('jax', AGENT))).statusCode, 403))
  it('that nobody held is not taken for one that was measured', async () => {
    for (const more of [
      {},
      { orders: ['jx1'] },
      { figures: {} },
      { drill: 'E2' },
      { drill: 'E3' },
      { drill: 'restore' },
    ]) {
      const answer = await hold(rik, more)
      assert.deepEqual([answer.statusCode, answer.json().code], [409, 'DRILL_UNPROVEN'], JSON.stringify(more))
    }
  })
  it('that nothing measured needs a note', async () => {
    assert.match((await hold(rik, { drill: 'E3', attested: true })).body, /say in a note what was done/)
    assert.equal((await hold(rik, { drill: 'E3', attested: true, note: 'They answered.' })).statusCode, 201)
  })
  it('ends after it began, and not in the future', async () => {
    for (const endedAt of ['2026-11-22T14:59:59Z', '2026-12-31T00:00:00Z'])
      assert.equal((await hold(rik, { drill: 'E2', endedAt })).json().code, 'POLICY_FAULT', endedAt)
  })
})
