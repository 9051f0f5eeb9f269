// Weeks of paper trading in simulated time: an account begins as a shadow, is promoted twice by two people on what it has
// shown, and goes back by itself when it loses too much. Told as a story; each step says what must be so after it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { rolloutNow, stageChange } from '../../src/desk/promoting.ts'
import { reportOf } from '../../src/desk/reviewing.ts'
import type { LimitSettings } from '../../src/gate/limits.ts'
import { placesIn } from '../../src/main/datadir.ts'
import { originIn } from '../../src/main/origin.ts'
import { reportHtml } from '../../src/main/report-html.ts'
import type { Stage } from '../../src/orders/stage.ts'
import type { ChangeOf } from '../../src/ports/records.ts'
import { appendAnchor } from '../../src/store/anchors.ts'
import { amt, eq, text } from '../../src/values/decimal.ts'
import { type Instant, parseInstant } from '../../src/values/instant.ts'
import { play } from '../scenarios/commands.ts'
import { parseScenario } from '../scenarios/language.ts'
import { journalOf, STANDING } from '../scenarios/standing.ts'
import { AGENT, personActor, World } from '../scenarios/world.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

class Month {
  readonly w = new World()
  #orders = 0
  /** Monday. */
  #day = parseInstant('2026-11-23T00:00:00Z') as Instant

  async open(): Promise<void> {
    const { w } = this
    w.watched = true
    await this.tell(`
      stage   S0
      market  AAPL bid=189.99 ask=190.01
      market  MSFT bid=409.99 ask=410.01
      passkey rik
      passkey ana
    `)
    assert.ok((await w.desk.identify({ accountID: 'SIM-1', name: 'SIM-1' })).ok)
    assert.equal(await this.stage(), 'S0')
  }
  /** Plays lines of the language of scenarios, one after the other. */
  async tell(lines: string): Promise<void> {
    for (const line of parseScenario(`# A part of the story.\n${lines.trim().replace(/^ +/gm, '')}`).lines)
      await play(this.w, [line])
  }
  stage = async (): Promise<Stage | undefined> => (await this.w.store.get('stage', 'account'))?.stage

  /** The clock goes on to this hour of the story's day, in UTC, with nobody at work meanwhile. */
  async at(hour: number): Promise<void> {
    const { w } = this
    w.clock.advance((this.#day - w.clock.now()) / 1000 + hour * HOUR_MS)
    w.broker.arrive()
    await w.look()
    await w.settle()
    await w.worker.watch()
    await w.settle()
  }
  /** The next weekday, before the open. */
  async nextDay(): Promise<void> {
    const days = new Date(this.#day / 1000).getUTCDay() === 5 ? 3 : 1
    this.#day = (this.#day + days * DAY_MS * 1000) as Instant
    await this.at(14)
  }
  /** One idea: proposed, looked at for a while, approved, filled half a cent worse, and closed at its target. */
  async trade(): Promise<void> {
    const id = `I${++this.#orders}`
    await this.tell(`
      signal  ${id} BUY AAPL entry=190.00 stop=188.00 target=194.00   -> AwaitingApproval
      wait    ${10 + (this.#orders % 4) * 10}s
      approve ${id} by=ana                                            -> New
    `)
    const order = await this.w.store.get('intent', id)
    const size = order?.ticket ? text(order.ticket.terms.orderQty) : assert.fail(`${id} has no ticket`)
    await this.tell(`
      report  ${id} Fill ${size} @ 190.00                             -> Filled
      report  ${id}.target Fill ${size} @ 194.00
      report  ${id}.stop Canceled
      wait    2m
    `)
  }
  async session(trades: number): Promise<void> {
    await this.at(15)
    for (let i = 0; i < trades; i++) await this.trade()
  }
  async change(after: Stage, asked: LimitSettings = {}): Promise<ChangeOf> {
    const made = await stageChange(this.w.store, 'paper', after, asked, this.w.clock.now())
    return 'kind' in made ? made : assert.fail(made.text)
  }
  async refused(after: Stage, by: string, code: string): Promise<void> {
    const done = await this.w.desk.proposeChange({
      what: await this.change(after),
      reason: 'now',
      actor: personActor(by),
    })
    assert.equal(done.ok ? 'proposed' : done.error.code, code)
  }
  /** What `jax-exec drill hold E1` does and takes down: an entry rests, is taken back by the halt, and the broker says so. */
  async drill(): Promise<void> {
    const { w } = this
    await this.tell(`
      cancels prompt
      signal  D1 BUY MSFT entry=410.00 stop=400.00   -> AwaitingApproval
      approve D1 by=ana                              -> New
    `)
    const clOrdID = (await w.store.get('intent', 'D1'))?.clOrdID ?? assert.fail()
    const startedAt = w.clock.now()
    await this.tell('halt by=rik')
    await w.settle()
    const endedAt = w.clock.now()
    const figures = { 'halted after': '0.2 s', 'proven after': '1.1 s' }
    const held = { drill: 'E1', startedAt, endedAt, result: 'passed', figures, note: null, orders: [clOrdID] } as const
    const agent = await w.desk.recordDrill({ ...held, attested: false, actor: AGENT })
    assert.equal(agent.ok ? 'held' : agent.error.code, 'NOT_ELIGIBLE')
    const done = await w.desk.recordDrill({ ...held, attested: false, actor: personActor('rik') })
    assert.ok(done.ok, done.ok ? '' : done.error.text)
    await this.tell(`
      release by=rik
      cancels taken
    `)
  }
  async missing(): Promise<readonly string[]> {
    const now = await rolloutNow(this.w.store, 'paper', this.w.clock.now())
    return now?.evidence.filter(({ met }) => !met).map(({ of }) => of) ?? []
  }
}

describe('a month of paper trading', () => {
  it('goes from shadow to pilot by what was shown and who agreed, and back by itself', async () => {
    const m = new Month()
    const { w } = m
    const dir = mkdtempSync(join(tmpdir(), 'jax-month-'))
    const { database, verifierKey } = placesIn(dir)
    w.file = database
    await m.open()
    /** What a live account would be opened with now. */
    const origin = async () => {
      await w.desk.checkpoint()
      rmSync(join(dir, 'anchors.jsonl'), { force: true })
      for (const note of w.notes) appendAnchor(join(dir, 'anchors.jsonl'), { at: w.clock.now(), note })
      writeFileSync(verifierKey, `${w.verifierKeys[0]}\n`)
      return originIn(dir, w.clock.now())
    }
    const tooLow = { code: 'STAGE_TOO_LOW' }

    // --- S0: five days without a crash
    await m.session(1)
    await m.nextDay()
    await m.session(1)
    await w.boot() // the power goes: the days before it count no more
    for (let i = 0; i < 4; i++) {
      await m.nextDay()
      await m.session(1)
    }
    await m.at(22)
    assert.deepEqual(await m.missing(), ['sessions without a crash'])
    await m.refused('S1', 'rik', 'EVIDENCE_MISSING')
    await m.nextDay()
    await m.session(1)
    assert.deepEqual(await m.missing(), [])
    // During market hours nobody is promoted, whatever was shown.
    await m.refused('S1', 'rik', 'NOT_NOW')
    await m.at(22)
    await m.refused('S2', 'rik', 'POLICY_FAULT')
    await m.refused('S1', 'ad', 'NOT_ELIGIBLE')
    await w.agreed(await m.change('S1'), 'rik', 'ana')
    assert.equal(await m.stage(), 'S1')
    await assert.rejects(origin, { ...tooLow, message: /is at stage S1, paper; real money is traded from S2 on/ })

    // --- S1: twenty days, a hundred orders
    for (let i = 0; i < 20; i++) {
      await m.nextDay()
      await m.session(5)
    }
    await m.at(22)
    assert.deepEqual(await m.missing(), ['drills', 'cards'])
    const { proposal } = (await w.store.get('intent', 'I1')) ?? assert.fail()
    const card = { goal: 'Pullbacks', inputs: 'Bars', limits: 'One position', owner: 'Ana', stopWhen: 'Three losses' }
    const { strategyID } = proposal
    await w.agreed(
      { kind: 'strategy', strategyID, before: null, after: { strategyID, version: 1, card, model: null } },
      'rik',
      'ana',
    )
    await m.drill()
    assert.deepEqual(await m.missing(), [])
    const pilot = await m.change('S2', { lists: { symbols: ['AAPL'] } })
    await w.agreed(pilot, 'rik', 'ana')
    assert.equal(await m.stage(), 'S2')
    const from = await origin()
    assert.deepEqual(
      [from.account, from.stage, from.build, from.limits?.lists.symbols],
      ['paper:sim:main', 'S2', 'scenario', ['AAPL']],
    )

    // --- S2: tiny, named symbols, limit orders
    await m.nextDay()
    await m.at(15)
    await m.tell(`
      signal  P1 BUY AAPL entry=190.00 stop=188.00   -> AwaitingApproval qty=2
      signal  P2 BUY MSFT entry=410.00 stop=400.00   -> Refused SYMBOL_NOT_ALLOWED
      approve P1 by=ana                              -> New
      report  P1 Fill 2 @ 190.00                     -> Filled
      wait    2m
      order   P3 BUY 2 AAPL MKT 190.00 DAY stop=188.00 -> Refused ORD_TYPE_NOT_ALLOWED
    `)

    // --- a loss of one percent on one day: back to paper, and nothing looser than it was
    const before = (await w.store.get('limits', 'account'))?.limits
    await m.tell('account equity=98900')
    await w.wait(5_000)
    await m.tell('report P1.stop Fill 2 @ 188.00')
    assert.equal(await m.stage(), 'S1')
    const after = (await w.store.get('limits', 'account'))?.limits
    assert.equal(after?.stage, 'S1')
    assert.ok(after && before && eq(after.values.maxOrderNotional.hard ?? amt('0'), amt('500')))
    assert.deepEqual(after.lists.symbols, ['AAPL'])
    const rollout = (await w.store.get('stage', 'account')) ?? assert.fail()
    assert.deepEqual(
      rollout.past.map(({ from, to, cause }) => `${from} ${to} ${cause}`),
      ['S0 S1 promoted', 'S1 S2 promoted', 'S2 S1 demoted'],
    )
    assert.match(rollout.past.at(-1)?.why ?? '', /lost .* on 20\d\d-/)
    await assert.rejects(origin, tooLow)
    // What was shown for the pilot is not shown any more.
    await m.at(22)
    assert.ok((await m.missing()).includes('sessions'))
    await m.refused('S2', 'rik', 'EVIDENCE_MISSING')

    // --- what a risk officer reads of it
    assert.ok((await w.desk.recordReview({ note: 'Too large for the pilot.', actor: personActor('rik') })).ok)
    const day = (text: string): Instant => parseInstant(text) as Instant
    const period = { from: day('2026-11-01T00:00:00Z'), to: day('2027-02-01T00:00:00Z') }
    const report = await reportOf(w.store, period, 'paper')
    const section = (id: string) => report.sections.find((one) => one.id === id) ?? assert.fail(`no section ${id}`)
    const rows = (id: string): string[] => section(id).rows.map((cells) => cells.join(' | '))
    assert.match(section('stage').note ?? '', /S1 to S2, promoted[^]*S2 to S1, demoted: The account has lost/)
    assert.ok(
      rows('changes').some((row) => /stage S2 \| rik \| ana \| Applied/.test(row)),
      rows('changes').join('\n'),
    )
    assert.ok(
      rows('halts').some((row) => /Trading halted \| K3 \| rule A05/.test(row)),
      rows('halts').join('\n'),
    )
    assert.ok(rows('refusals').some((row) => row.startsWith('SYMBOL_NOT_ALLOWED | at the proposal | 1')))
    assert.ok(rows('alerts').some((row) => row.includes('DAY_LOSS')))
    assert.ok(rows('drills').some((row) => /E1 \| rik \| passed \| .*halted after: 0\.2 s/.test(row)))
    assert.deepEqual(rows('builds'), ['0.0.0 | scenario | 2'])
    assert.ok(rows('orders').includes('rejected by the broker | 0'))
    assert.equal(rows('surveillance').length, 28)
    assert.ok(rows('reviews').some((row) => row.endsWith('rik | Too large for the pilot.')))
    const html = reportHtml(report, ['The journal verifies.'])
    assert.ok(html.includes('S2 to S1, demoted') && html.includes('Pullbacks'))
    const kept = process.env['MONTH_REPORT']
    if (kept !== undefined) writeFileSync(kept, html)

    // --- and all of it is proven, and makes the same book again
    const journal = await journalOf(w.store)
    for (const [rule, check] of Object.entries(STANDING))
      if (rule !== 'no task was raised that the scenario does not speak of') await check(w, journal)
    await w.store.close()
    rmSync(dir, { recursive: true })
  })
})
