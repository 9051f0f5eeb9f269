import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Limiting } from '../desk/limiting.ts'
import { defaultsOf } from '../gate/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { AccountID, IntentID } from '../values/brand.ts'
import { dec } from '../values/decimal.ts'
import { createHouse } from './house.ts'
import { AGENT, type As, type House, openHouse, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

const LIMITING: Limiting = { first: defaultsOf('S1'), settings: { values: { maxDayTurnover: { hard: dec('1') } } } }

async function bench(limiting: Limiting = LIMITING) {
  const house = await openHouse({ limiting, limits: { failedBurst: 1000, settleMs: 10 } })
  await house.facts()
  const limits = async (as: As) => (await house.ask({ url: '/v1/limits', as })).json<wire.LimitsNow>()
  const propose = (as: As, what: object) =>
    house.ask({
      method: 'POST',
      url: '/v1/changes',
      as,
      body: { what: { kind: 'risk limits', ...what }, reason: 'for the test' },
    })
  const row = ({ rows }: wire.LimitsNow, name: wire.LimitName) => rows.find((one) => one.name === name)
  return { house, limits, propose, row }
}

describe('the limits of now', () => {
  let b: Awaited<ReturnType<typeof bench>>
  let reader: As
  let house: House
  before(async () => {
    b = await bench()
    house = b.house
    reader = await house.token('reader', ['orders:read'])
  })
  after(() => house.close())

  it('tell each limit in the order of the table, with what it comes to and what is used of it', async () => {
    const now = await b.limits(reader)
    assert.deepEqual(
      now.rows.map(({ name }) => name),
      Object.keys(LIMITING.first.values),
    )
    const { used, hard, control, refusal } = b.row(now, 'maxGrossExposure') ?? assert.fail()
    assert.deepEqual(
      [control, refusal, hard, used],
      [
        'P01',
        'GROSS_EXPOSURE_EXCEEDED',
        '1',
        { unit: 'account currency', limit: '100000.00', soft: null, now: '0.00', percent: '0.0', of: null },
      ],
    )
  })

  it('tell what people set where the configuration holds the account to less', async () => {
    const now = await b.limits(reader)
    const turnover = b.row(now, 'maxDayTurnover')
    assert.deepEqual(
      [turnover?.hard, turnover?.setByPeople, turnover?.used.limit],
      ['1', { hard: '2', soft: null }, '100000.00'],
    )
    assert.equal(b.row(now, 'maxGrossExposure')?.setByPeople, null)
  })

  it('count an order from the moment that it is created, under the symbol that uses most', async () => {
    const ana = await house.person('Ana', ['approver'], 'cli')
    const jax = await house.token('jax', AGENT)
    await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: SIGNAL })
    const intent = (await house.ask({ url: '/v1/intents/sig-1', as: jax })).json<wire.Intent>()
    assert.ok(intent.ticket, intent.summary)
    await house.ask({ method: 'POST', url: '/v1/intents/sig-1/approve', as: ana, body: { digest: intent.digest } })
    assert.equal(b.row(await b.limits(reader), 'maxDayTurnover')?.used.now, '0.00')
    await house.send()
    const now = await b.limits(reader)
    const { maxNotional } = intent.ticket
    const of = (name: wire.LimitName) => b.row(now, name)?.used
    assert.deepEqual(
      [of('maxDayTurnover')?.now, of('maxGrossExposure')?.now, of('maxSymbolShare')?.now, of('maxSymbolShare')?.of],
      [maxNotional, maxNotional, maxNotional, 'AAPL'],
    )
    assert.deepEqual([of('maxOrdersPerMinute')?.now, of('maxOrdersPerDay')?.now], ['1', '1'])
    assert.deepEqual([of('maxRepeats')?.now, of('maxRepeats')?.of], ['1', 'breakout, Buy AAPL'])
    const { desk, store } = house
    const clock: Clock = { now: house.now, monotonicNs: () => 0n, sleep: async () => {} }
    const log = { info() {}, warn() {}, error() {} }
    const account = intent.account as AccountID
    const port = createHouse({
      desk,
      reads: store,
      clock,
      log,
      account,
      journal: '',
      environment: 'paper',
      publicUrl: '',
    })
    const fact = (await port.card('sig-1' as IntentID))?.facts.find(({ name }) => name === 'Limits')
    assert.equal(
      fact?.value,
      'after it 99.4 % of cost of one order, 49.7 % of share of one symbol, 39.8 % of worth of one symbol',
    )
    assert.deepEqual([of('maxOrderNotional')?.now, of('maxRejects')?.now], [null, null])
  })
})

describe('a change of the limits', () => {
  it('is tried against what is in force, and tells what was meant by a name that is none', async () => {
    const { house, propose } = await bench()
    const rik = await house.person('Rik', ['risk'], 'cli')
    const told = async (what: object) => {
      const { errors, detail } = (await propose(rik, what)).json<{
        errors?: { path: string; message: string }[]
        detail: string
      }>()
      return errors?.map(({ path, message }) => `${path} ${message}`).join(' ') ?? detail
    }
    // prettier-ignore
    const rows: readonly (readonly [what: object, says: RegExp])[] = [
      [
        { values: { maxOrderNotionl: { hard: '1' } } },
        /maxOrderNotionl is not a limit; did you mean "maxOrderNotional"\?/,
      ],
      [{ lists: { symbol: ['AAPL'] } }, /symbol is not a list; did you mean "symbols"\?/],
      [{ lists: { restricted: ['gme'] } }, /write "GME"/],
      [{ values: { maxOrderNotional: { hard: '-1' } } }, /must not be negative/],
      [{ values: { maxOrdersPerDay: { hard: '2.5' } } }, /must be a whole number/],
      [{ values: { dayLoss: { hard: '5' } } }, /write 0.25 for 25 %/],
      [{ values: {} }, /Nothing would change/],
      [{ version: 7, values: { dayLoss: { hard: '0.01' } } }, /version 0 by now/],
    ]
    for (const [what, says] of rows) assert.match(await told(what), says)
    await house.close()
  })

  it('holds at once when it is tighter, and brings a soft limit down with it', async () => {
    const { house, propose, limits, row } = await bench()
    const op = await house.person('Op', ['operator'], 'cli')
    const first = await propose(op, { values: { maxOrderNotional: { hard: null, soft: '4000' } } })
    assert.equal(first.statusCode, 403)
    await propose(op, { values: { maxOrderNotional: { soft: '4000' } } })
    const change = (await propose(op, { values: { maxOrderNotional: { hard: '2500' } } })).json<wire.Change>()
    assert.equal(change.state, 'Applied')
    const now = await limits(op)
    assert.deepEqual([row(now, 'maxOrderNotional')?.hard, row(now, 'maxOrderNotional')?.soft], ['2500', '2500'])
    assert.deepEqual([now.can.tighten.ok, now.can.loosen.ok], [true, false])
    await house.close()
  })

  it('waits for another person and for the next day when it is looser, and is all in the history', async () => {
    const { house, propose, limits } = await bench()
    const rik = await house.person('Rik', ['risk', 'admin'], 'cli')
    const ana = await house.person('Ana', ['approver'], 'cli')
    const confirmed = await house.ask({
      method: 'POST',
      url: '/v1/changes',
      as: rik,
      body: { what: { kind: 'person', personID: ana.id, roles: ['approver'], disabled: false }, reason: 'known' },
    })
    assert.equal(confirmed.statusCode, 201)
    assert.equal((await propose(ana, { values: { maxOrderNotional: { hard: '12000' } } })).statusCode, 403)
    const wide = (await propose(rik, { values: { maxOrderNotional: { hard: '12000' } } })).json<wire.Change>()
    assert.equal(wide.state, 'Waiting')
    const yes = await house.ask({
      method: 'POST',
      url: `/v1/changes/${wide.changeID}/approve`,
      as: ana,
      body: { digest: wide.digest },
    })
    assert.equal(yes.json<wire.Change>().state, 'Applied', yes.body)
    const now = await limits(rik)
    assert.equal(now.inForce.version, 0)
    assert.deepEqual(
      [now.next?.from, now.next?.changes],
      [now.day.until, [{ name: 'maxOrderNotional', bound: 'hard', old: '10000', new: '12000', tighter: false }]],
    )
    await house.advance(1000)
    await propose(ana, { values: { maxOrdersPerDay: { hard: '50' } } })
    const { items } = (await house.ask({ url: '/v1/limits/history', as: rik })).json<{ items: wire.LimitsPast[] }>()
    assert.deepEqual(
      items.map(({ by, state, from, givenUpAt, agreed }) => [
        by,
        state,
        from !== null,
        givenUpAt !== null,
        agreed.map(({ byName }) => byName),
      ]),
      [
        ['Ana', 'Applied', true, false, []],
        ['Rik', 'Applied', false, true, ['Ana']],
        ['stage S1', 'Began', true, false, []],
      ],
    )
    await house.close()
  })

  it('is never an agent’s', async () => {
    const { house, propose } = await bench()
    const agent = await house.token('jax', ['intents:write', 'orders:read', 'approvals:read', 'kill:engage'])
    assert.equal((await propose(agent, { values: { dayLoss: { hard: '0.01' } } })).statusCode, 403)
    await house.close()
  })
})

it('an account without limits of its own says so', async () => {
  const house = await openHouse()
  const reader = await house.token('reader', ['orders:read'])
  assert.equal((await house.ask({ url: '/v1/limits', as: reader })).statusCode, 404)
  await house.close()
})
