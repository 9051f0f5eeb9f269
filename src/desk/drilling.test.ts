import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Actor } from '../journal/row.ts'
import type { ClOrdID } from '../values/brand.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { Command, type Setting } from './command.ts'
import { type HeldDrill, recordDrill } from './drilling.ts'
import { replayJournal } from './incident.ts'

const MARKET = `
  cancels prompt
  market  AAPL bid=189.95 ask=190.05
  market  MSFT bid=409.90 ask=410.10`
const RESTING = `
  signal  I1 BUY AAPL entry=190.00 stop=188.00
  approve I1 by=ana                       -> New`
const HOLDING = `
  signal  I1 BUY AAPL entry=190.00 stop=188.00
  approve I1 by=ana
  report  I1 Fill 52 @ 190.00             -> Filled
  wait    1s`

/** A desk after this story, and the drill that began with its last line. */
async function after(story: string, last: string) {
  const w = new World()
  await w.open()
  const tell = async (lines: string): Promise<void> => {
    for (const line of parseScenario(`# A story.\n${lines.trim().replace(/^ +/gm, '')}`).lines) await play(w, [line])
  }
  await tell(`${MARKET}\n${story}`)
  const startedAt = w.clock.now()
  if (last !== '') await tell(last)
  await w.settle()
  const canceled = (await w.store.orders({}, { limit: 100, after: null })).items.filter(
    (order) => order.role === 'Entry' && order.phase === 'Canceled',
  )
  const held: HeldDrill = {
    drill: 'E1',
    startedAt,
    endedAt: w.clock.now(),
    result: 'passed',
    figures: { 'proven after': '1.1 s' },
    note: null,
    attested: false,
    orders: canceled.map(({ clOrdID }) => clOrdID),
    actor: personActor('rik'),
  }
  return {
    w,
    tell,
    held,
    /** What comes of it when it is taken down. */
    told: async (more: Partial<HeldDrill> = {}): Promise<string> => {
      const done = await w.desk.recordDrill({ ...held, ...more })
      return done.ok ? done.value.result : `${done.error.code}: ${done.error.text}`
    },
  }
}
const HALT = 'halt by=rik'
const CLOSED = `
  liquidate by=rik
  wait 50s
  report  I1.stop Canceled
  wait 1s
  report  I1.exit Fill 52 @ 189.94
  wait 2s
  expect  liquidation Flat
  wait 1s`

describe('a kill that is said to be measured', () => {
  it('counts when the halt is its holder’s, and took back entries that were open', async () => {
    const { w, told, held } = await after(RESTING, HALT)
    assert.equal(held.orders?.length, 1)
    assert.equal(await told(), 'passed')
    assert.equal(await told(), 'passed', 'the same again is the same')
    assert.equal((await w.store.all('drill')).length, 1)
    await w.store.close()
  })
  // biome-ignore format: a table reads in columns
  const ROWS: readonly (readonly [what: string, story: string, last: string, more: Partial<HeldDrill>, why: RegExp])[] = [
    ['without any halt',            RESTING, '',                  { orders: ['jx1' as ClOrdID] }, /No halt of everything \(K4\) by rik/],
    ['by the halt of another',      RESTING, 'halt by=tom',       {}, /No halt of everything \(K4\) by rik/],
    ['by a halt that cancels nothing', RESTING, 'halt level=K2 by=rik', {}, /No halt of everything/],
    ['by a halt of one symbol',     RESTING, 'halt scope=symbol:AAPL level=K4 by=rik',  {}, /No halt of everything/],
    ['that took nothing back',      '',      HALT,                {}, /names no entry that was canceled/],
    ['that names what was never there', RESTING, HALT,            { orders: ['jx1' as ClOrdID] }, /jx1 is no entry/],
    ['without figures',             RESTING, HALT,                { figures: {} }, /no figures/],
    ['by a halt of before',         `${RESTING}\n${HALT}\nwait 1m`, '', {}, /No halt of everything/],
    ['that left an entry open',     `cancels taken\n${RESTING}\nsignal I2 BUY MSFT entry=410.00 stop=400.00\napprove I2 by=ana`, `${HALT}\nreport I1 Canceled`, {}, /An entry is open still/],
    ['that names what was canceled before', `${RESTING}\ncancel I1 by=ana\nwait 1m`, HALT, {}, /is no entry that was open at the halt/],
  ]
  for (const [what, story, last, more, why] of ROWS)
    it(`is refused ${what}`, async () => {
      const { w, told } = await after(story, last)
      const answer = await told(more)
      assert.match(answer, /^DRILL_UNPROVEN: /)
      assert.match(answer, why)
      assert.deepEqual(await w.store.all('drill'), [])
      await w.store.close()
    })
  it('is refused while the broker was not asked for all it holds, or something was found there', async () => {
    const { w, told } = await after(RESTING, HALT)
    const run = (await w.store.get('reconcile', w.broker.account)) ?? assert.fail()
    for (const wrong of [{ clean: false }, { at: plusMs(w.clock.now(), -3_600_000) }]) {
      await w.store.transact((tx) => tx.put('reconcile', { ...run, ...wrong }))
      assert.match(await told(), /The broker was not asked/)
    }
    await w.store.close()
  })
  it('that failed needs no proof but the halt', async () => {
    const { w, told } = await after(RESTING, HALT)
    assert.equal(await told({ result: 'failed', orders: [] }), 'failed')
    assert.match(await told({ result: 'failed', startedAt: w.clock.now() }), /DRILL_UNPROVEN/)
    await w.store.close()
  })
  it('is no business of an agent, nor of real money, and nothing measures the others', async () => {
    const { w, told, held } = await after(RESTING, HALT)
    const agent: Actor = { type: 'agent', id: 'jax', via: 'http', session: null }
    assert.match(await told({ actor: agent }), /^NOT_ELIGIBLE/)
    assert.match(await told({ drill: 'E3' }), /No program measures E3/)
    const real = await w.store.transact((tx) =>
      recordDrill(
        new Command(tx, w.clock.now(), { account: 'live:sim:main', policy: { environment: 'live' } } as Setting),
        held,
      ),
    )
    assert.match(real.ok ? '' : real.error.text, /trades real money/)
    assert.match(await told({ drill: 'E3', attested: true }), /say in a note/)
    assert.equal(await told({ drill: 'E3', attested: true, note: 'They answered.' }), 'passed')
    await w.store.close()
  })
})

describe('a replay of the journal', () => {
  /** What it finds of a drill that stands there as this desk, or another, wrote it. */
  const foundOf = async (story: string, last: string): Promise<readonly string[]> => {
    const { w, held } = await after(story, last)
    const { actor, ...told } = held
    const drill = { ...told, drillID: 'drl_x', by: actor.id, byName: 'rik' }
    await w.store.transact((tx) =>
      new Command(tx, w.clock.now(), { account: w.broker.account } as Setting).emit(
        'drill.held',
        { type: 'drill', id: 'drl_x' },
        'drill',
        { drill },
        actor,
      ),
    )
    const rows = (await w.store.journal(0, 1000)).map((row) => ({ seq: row.seq, bytes: canonical(row) }))
    const empty = await openSqliteStore({ file: ':memory:', clock: w.clock, boot: 'replay' })
    const { differences } = await empty.transact((tx) => replayJournal(tx, rows))
    await empty.close()
    await w.store.close()
    return differences.map(({ code, expected }) => `${code}: ${expected}`)
  }
  it('finds nothing at a kill that took an entry back', async () => assert.deepEqual(await foundOf(RESTING, HALT), []))
  it('finds a kill that nothing before it shows', async () => {
    const [difference, ...more] = await foundOf(RESTING, '')
    assert.match(difference ?? '', /^CONTRADICTED: Nothing measured it: No halt of everything/)
    assert.deepEqual(more, [])
  })
})

describe('a liquidation that is said to be measured', () => {
  it('counts when its holder began it, and all that was held is closed', async () => {
    const { w, told, held } = await after(HOLDING, CLOSED)
    const E2 = { drill: 'E2', orders: [] }
    assert.match(await told({ ...E2, startedAt: held.endedAt }), /No liquidation by rik began in that time/)
    assert.match(await told({ ...E2, actor: personActor('ana') }), /No liquidation by ana/)
    assert.equal(await told(E2), 'passed')
    await w.store.close()
  })
  it('is refused without one, and while it runs; that it failed may be told then', async () => {
    const none = await after(HOLDING, '')
    assert.match(await none.told({ drill: 'E2' }), /No liquidation by rik/)
    await none.w.store.close()
    const { w, told } = await after(HOLDING, 'liquidate by=rik')
    assert.match(await told({ drill: 'E2' }), /did not close all that was held/)
    assert.equal(await told({ drill: 'E2', result: 'failed' }), 'failed')
    await w.store.close()
  })
})

describe('a copy that is said to be measured', () => {
  it('counts when its last row was the last of this journal while it was made', async () => {
    const { w, told } = await after('', HALT)
    const { size, hash } = await w.store.head()
    const figures = (rows: number, last: string) => ({ rows: String(rows), 'last row': last })
    for (const drill of ['E8', 'restore']) {
      assert.match(await told({ drill, figures: figures(size, 'f'.repeat(64)) }), /no row of this journal/)
      assert.match(await told({ drill, figures: figures(size + 1, hash) }), /no row of this journal/)
      assert.match(await told({ drill, figures: { rows: 'all', 'last row': hash } }), /no row of this journal/)
    }
    const [second] = await w.store.journal(1, 1)
    assert.match(await told({ drill: 'E8', figures: figures(1, second?.prev ?? '') }), /not made in that time/)
    assert.equal(await told({ drill: 'restore', figures: figures(size, hash) }), 'passed')
    assert.equal(
      await told({ drill: 'E8', figures: figures(size, hash) }),
      'passed',
      'rows came since, and that is well',
    )
    await w.store.close()
  })
})
