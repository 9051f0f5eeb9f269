import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commands, SYSTEM } from '../../src/desk/command.ts'
import type { Desk } from '../../src/desk/desk.ts'
import { replayJournal } from '../../src/desk/incident.ts'
import type { Happened } from '../../src/desk/events.ts'
import { openDesk, type Setting } from '../../src/desk/open.ts'
import { LIMITS as LIMIT_ROWS, type Limits, LISTS } from '../../src/gate/limits.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { signCheckpoint, verifierKey } from '../../src/journal/checkpoint.ts'
import type { Row } from '../../src/journal/row.ts'
import type { Person, PersonRole } from '../../src/ports/records.ts'
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite.ts'
import { amt, dec, isZero, px, text } from '../../src/values/decimal.ts'
import { Fault } from '../../src/values/fault.ts'
import { type Instant, parseInstant } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import { createWorker, type Worker } from '../../src/worker/worker.ts'
import { type Life, mortal, newLife } from '../scenarios/world.ts'
import { type Acting, accessOf, act, hasAll } from './acts.ts'
import { withoutTheWorld } from './ambient.ts'
import { Coverage } from './coverage.ts'
import { type CommitFate, Disk } from './disk.ts'
import { chance, HouseClock, Loop } from './loop.ts'
import { oraclesOf } from './oracles.ts'
import { type Item, lineOf, type Plan, type Point } from './plan.ts'
import { limitsOf } from './policies.ts'
import { stops } from './recount.ts'
import { type Oracles, type Outcome, type Said, type Scene, Violation } from './scene.ts'
import { BROKER_OF_ACCOUNT, Venue } from './venue.ts'
import { Wire } from './wire.ts'
import { OF_STEPS, STEPS } from './words.ts'

/** The people of every world: rik and ad may change the house. The agent, Jax, belongs to tom. */
export const CAST: Readonly<Record<string, readonly PersonRole[]>> = {
  ana: ['approver'],
  bo: ['approver'],
  rik: ['risk'],
  tom: ['trader', 'approver'],
  ad: ['admin'],
  vi: ['auditor'],
}

const POLICY: Policy = {
  environment: 'paper',
  broker: BROKER_OF_ACCOUNT,
  riskPerTrade: dec('0.01'),
  maxOrderNotional: amt('10000'),
  maxPositionNotional: amt('30000'),
  stageMaxNotional: amt('100000'),
  buyingPowerBuffer: dec('0.05'),
  collarBps: 300,
  maxDriftBps: 50,
  stopLimitSlackBps: 500,
  quoteAgeMaxMs: 5_000,
  accountAgeMaxMs: 20_000,
  duplicateWindowMs: 1_000,
  explicitQty: 'not-larger',
  allowShort: true,
  approvalTtlMs: 45_000,
  executionTtlMs: 15_000,
}
/** Two orders in one symbol do not fit, and the risk of one often sets its size. */
const TIGHT: Policy = {
  ...POLICY,
  riskPerTrade: dec('0.0005'),
  maxPositionNotional: amt('12000'),
  executionTtlMs: 6_000,
}

/** What is logged as an error while the disk fails is no surprise; that it is logged is right. */
const EXPLAINED = [/the disk (is full|reported an error)/, /the process that had this connection is gone/]

const ORIGIN = 'jax.example/audit/SIMULATION'
/** Where worlds on file live: in memory where the system offers that, because a real fsync takes longer than all the rest. */
const SHELF = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
/** One key for all worlds: making one for each would cost more than the world. */
const KEY = generateKeyPairSync('ed25519').privateKey
const VERIFIER_KEY = verifierKey(ORIGIN, KEY)

/** Of so many worlds the journal of one is replayed: it costs as much as the world. */
const REPLAYED_EVERY = 16
/** How often the market moves, and how often the end, which is left to itself, is looked at. */
const TICK_MS = 1_000
/** The same when the house has been closed for so long: nights are long. */
const NIGHT_TICK_MS = 60_000
const NIGHT_MS = 30_000
const CALM_MS = 20_000
/** Listed by every broker of the simulation. */
const PROBED = 'MSFT'
/** Two comparisons on a quiet day. */
const TWO_LOOKS_MS = 75_000
/** The longest of it: a doubt must have become old enough for a proof, or for a person to be told. */
const CALM_MAX_MS = 160_000
/** A world that makes so many events has begun to go round in circles. */
const EVENTS_MAX = 400_000
/** A process that fails to start is started again. */
const RESTART_MS = 2_000
/** The least time between a crash and the next start. */
const DOWN_MS = 1_500

/**
 * Runs one world from its plan, once, and says whether every promise held. The same plan gives the same world, event by
 * event.
 */
export async function simulate(
  plan: Plan,
  options: { readonly trace?: boolean; readonly maxEvents?: number; readonly tell?: (line: string) => void } = {},
): Promise<Outcome> {
  const world = new World(plan, options.trace === true || options.tell !== undefined, options.tell)
  const restore = withoutTheWorld()
  try {
    return await world.run(options.maxEvents ?? EVENTS_MAX)
  } finally {
    restore()
    world.close()
  }
}

class World implements Scene, Acting {
  readonly plan: Plan
  readonly loop = new Loop()
  readonly clock: HouseClock
  readonly market: Venue
  readonly wire: Wire
  readonly policy: Policy
  readonly limits: Limits | null
  readonly rows: Row[] = []
  readonly notes: string[] = []
  readonly verifierKeys = [VERIFIER_KEY]
  readonly logs: string[] = []
  readonly said: Said[] = []
  readonly #oracles: Oracles
  readonly #coverage = new Coverage()
  readonly #disk: Disk
  readonly #folder: string | null
  readonly #points = new Map<Point, number>()
  readonly #waiting = new Map<string, Item[]>()
  readonly #cues: ((row: Row) => void)[] = []
  readonly #faults = new Map<string, number>()
  readonly #trace: string[] | null
  readonly #tellTrace: ((line: string) => void) | null
  readonly #setting: Setting
  #anchored: { readonly size: number; readonly root: string } | undefined
  #life: Life | null = null
  /** Asked by the oracles; what the house asks goes through its life (`mortal`). */
  #bare: SqliteStore | null = null
  #desk: Desk | null = null
  #boots = 0
  #crashes = 0
  #failure: Outcome['failure'] = null
  #ended = false
  #offUntilMs = 0
  #diskFullUntilMs = 0
  #diskSlow = 0
  #nextCommit: CommitFate | null = null
  haltFile: 'absent' | 'present' = 'absent'
  isCalm = false

  constructor(plan: Plan, trace: boolean, tell: ((line: string) => void) | undefined) {
    const { world } = plan
    const start = parseInstant(world.start)
    if (start === null) throw new Error(`start=${world.start} is no moment; write it as 2026-11-23T15:00:00Z`)
    this.plan = plan
    this.clock = new HouseClock(this.loop, start)
    this.market = new Venue(world, this.clock)
    this.policy = world.limits === 'tight' ? TIGHT : POLICY
    this.limits = limitsOf(world.limits)
    this.#trace = trace ? [] : null
    this.#tellTrace = tell ?? null
    this.#folder = world.store === 'file' ? mkdtempSync(join(SHELF, 'jax-simulation-')) : null
    this.wire = new Wire(world.seed, this.loop, this.market, {
      at: (point, about) => this.#at(point, about),
      isDead: () => this.#life?.alive !== true,
      crash: () => this.crash('in the middle of a call'),
      beforeWrite: (write) => this.#check(() => this.#oracles.beforeWrite(write)),
      booked: () => this.#check(() => this.#oracles.booked()),
      answered: (clOrdID, outcome) => this.#check(() => this.#oracles.answered(clOrdID, outcome)),
      heard: (report) => this.#coverage.heard(report),
      injected: (kind, about) => this.injected(kind, about),
      trace: (line) => this.note(line),
    })
    this.#disk = new Disk(this.#folder === null ? null : join(this.#folder, 'ledger.db'), {
      fate: (rows) => this.#commitFate(rows),
      committed: (rows) => this.#committed(rows),
      crash: () => this.crash('at a commit'),
    })
    this.#setting = {
      account: this.wire.account,
      policy: this.policy,
      ...(this.limits && { limiting: { first: this.limits, settings: {} } }),
      capabilities: this.wire.capabilities,
      speed: 1,
      version: '0.0.0',
      build: 'simulation',
    }
    this.#oracles = oraclesOf(this, EXPLAINED)
    for (const item of plan.items)
      if ('on' in item.when) {
        const key = `${item.when.on} ${item.when.n}`
        this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), item])
      } else this.loop.post(item.when.atMs, () => void this.#begin(item))
  }

  // --- what the oracles see

  get venue() {
    return this.market.broker
  }
  get store(): SqliteStore | null {
    return this.#life?.alive ? this.#bare : null
  }
  wall(): Instant {
    return this.clock.now()
  }
  truly(): Instant {
    return this.clock.truly()
  }

  // --- what those who act see

  get desk(): Desk | null {
    return this.#life?.alive ? this.#desk : null
  }
  get isIdentified(): boolean {
    return this.rows.some((row) => row.action === 'account.identified')
  }
  onRow(cue: (row: Row) => void): void {
    this.#cues.push(cue)
  }
  note(line: string): void {
    if (!this.#trace) return
    const text = `${(this.loop.nowMs / 1_000).toFixed(3).padStart(9)}  ${line}`
    this.#trace.push(text)
    this.#tellTrace?.(text)
  }
  injected(kind: string, about: string | null): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1)
    this.#coverage.blame(kind, about)
  }
  fail(violation: Violation): void {
    if (this.#failure) return
    this.#failure = { oracle: violation.oracle, text: violation.message, atMs: this.loop.nowMs }
    this.note(`BROKEN  ${violation.message}`)
  }
  /** Somebody was told that what was asked is done. */
  async acknowledged(): Promise<void> {
    const head = await this.store?.head().catch(() => null)
    if (head) this.#check(() => this.#oracles.acknowledged(head))
  }
  disk(what: 'full' | 'slow' | 'torn', ms: number): void {
    if (what === 'full') this.#diskFullUntilMs = this.loop.nowMs + ms
    else if (what === 'torn')
      this.#nextCommit = chance(this.plan.world.seed, 'torn', this.loop.nowUs) < 0.5 ? 'torn' : 'torn-written'
    else {
      this.#diskSlow++
      this.loop.post(ms, () => this.#diskSlow--)
    }
  }
  crash(why: string, downMs = DOWN_MS): void {
    // What is down already stays down for as long as that: a night that begins in a restart is a night.
    this.#offUntilMs = Math.max(this.#offUntilMs, this.loop.nowMs + downMs)
    if (!this.#life?.alive) return
    this.note(`CRASH   ${why}`)
    this.#crashes++
    this.injected('crash', null)
    this.#end()
    this.loop.post(downMs, () => void this.#boot())
  }
  /** A second process on the same data must be turned away. */
  async second(): Promise<void> {
    if (this.#folder === null || !this.store) return
    this.injected('second instance', null)
    try {
      const other = await openSqliteStore({ file: this.#disk.file, clock: this.clock, boot: 'second' })
      await other.close()
      this.fail(
        new Violation('G2: one process owns the data', 'a second process could open the ledger beside the first'),
      )
    } catch (thrown) {
      if (!(thrown instanceof Fault && thrown.code === 'STORE_LOCKED')) throw thrown
      this.note(`a second process is turned away: ${thrown.code}`)
    }
  }

  // --- the course of the world

  async run(maxEvents: number): Promise<Outcome> {
    const { world } = this.plan
    const stop = (): boolean => this.#failure !== null || this.loop.events > maxEvents
    let aliveAtMs = 0
    const tick = (): void => {
      this.market.tick()
      this.wire.pump()
      if (this.#life !== null) aliveAtMs = this.loop.nowMs
      const isNight = this.loop.nowMs - aliveAtMs > NIGHT_MS
      this.loop.post(isNight ? NIGHT_TICK_MS : TICK_MS, tick)
    }
    tick()
    this.loop.post(0, () => void this.#boot())
    await this.loop.run(world.lastsMs, stop)
    this.#calmDown()
    const until = world.lastsMs + CALM_MAX_MS
    do await this.loop.run(this.loop.nowMs + CALM_MS, stop)
    while (!stop() && this.loop.nowMs < until && !(await this.#isSettled()))
    if (!stop() && (await this.#mayTrade(PROBED))) await this.#probe(stop)
    if (this.loop.events > maxEvents)
      this.fail(new Violation('liveness: nothing goes round in circles', `${maxEvents} events, and no end`))
    this.#ended = true
    if (!this.#failure) await this.#judge()
    return {
      failure: this.#failure,
      events: this.loop.events,
      spanMs: this.loop.nowMs,
      faults: Object.fromEntries(this.#faults),
      transitions: this.#coverage.counts,
      orders: this.venue.truth.filter((o) => o.role === 'Entry').length,
      fills: this.venue.truth.flatMap((o) => o.reports).filter((r) => r.execType === 'Trade').length,
      crashes: this.#crashes,
      trace: this.#trace ?? [],
    }
  }
  close(): void {
    this.#end()
    this.#disk.close()
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true })
  }

  #calmDown(): void {
    this.note('the faults are over')
    this.isCalm = true
    this.market.calm()
    this.wire.clearUp()
    this.#waiting.clear()
    this.#diskFullUntilMs = 0
    this.#nextCommit = null
    this.clock.setRight()
    if (this.#life?.alive) this.wire.notice({ kind: 'connected' })
    this.wire.pump()
  }

  /** All ideas of a world are of one strategy. */
  #isHalted(symbol: string): boolean {
    return [...this.#halts].some((scope) => stops(scope, symbol, 'simulation'))
  }
  get #halts(): ReadonlySet<string> {
    const halts = new Set<string>()
    for (const { action, object } of this.rows)
      if (action === 'halt.engaged') halts.add(object.id)
      else if (action === 'halt.released') halts.delete(object.id)
    return halts
  }
  /** Nothing stands in the way of a modest order. */
  async #mayTrade(symbol: string): Promise<boolean> {
    const { broker } = this.market
    // An order in doubt may be anywhere: the gate counts it, and rightly.
    const open = await this.#answerTo(this.store?.openOrders(this.wire.account))
    if (!open || open.some((order) => order.terms.symbol === symbol)) return false
    return (
      !this.#isHalted(symbol) &&
      this.haltFile === 'absent' &&
      broker.status === 'Active' &&
      this.market.isOpen(symbol) &&
      this.market.isOpenIn(symbol, 60_000) &&
      isZero(broker.netQty(symbol)) &&
      !broker.truth.some((order) => order.open && order.terms.symbol === symbol) &&
      !this.rows.some((row) => row.action === 'instrument.frozen' && row.object.id === symbol)
    )
  }
  /** A house that refuses everything keeps every other promise: so at the end it is asked for one order more. */
  async #probe(stop: () => boolean): Promise<void> {
    const mid = Number(text(this.market.broker.markets.get(PROBED)?.bid ?? px('0')))
    const ask = (verb: string, words: readonly string[], given: Readonly<Record<string, string>>): void =>
      void act(this, { when: { atMs: this.loop.nowMs }, verb, words, named: given })
    // Whatever the policy has become, two people are enough.
    // Whoever governs comes first: without them nobody gets anything back.
    const all = ['rik', 'ana', 'bo']
    for (const name of all) ask('enable', [name], {})
    await this.loop.run(this.loop.nowMs + 20_000, () => stop() || all.every((name) => hasAll(this, name)))
    ask('approve', ['PROBE'], { by: 'ana', after: '0.300' })
    ask('approve', ['PROBE'], { by: 'bo', after: '0.600' })
    ask('signal', ['PROBE', 'BUY', PROBED], { entry: mid.toFixed(2), stop: (mid * 0.99).toFixed(2), tif: 'GTC' })
    await this.loop.run(this.loop.nowMs + 20_000, stop)
    const left = this.rows.some(
      ({ action, data }) =>
        action === 'order.created' && (data as { order?: { intentID?: string } }).order?.intentID === 'PROBE',
    )
    const said = this.rows.findLast((row) => row.object.id === 'PROBE')
    if (!left && !stop() && !(this.limits && isLimited(said)) && !isTooSoon(said))
      this.fail(
        new Violation(
          'liveness: on a calm day an order is taken, approved and sent',
          `nothing left the house: ${said ? `${said.action}${why(said)}` : 'nobody answered'}`,
        ),
      )
  }

  /** What the store says, which waits for the loop. Undefined: it is closed, or says nothing for so long. */
  async #answerTo<T>(asked: Promise<T> | undefined, patienceMs = 5_000): Promise<T | undefined> {
    let isOver = false
    const answer = asked?.finally(() => {
      isOver = true
    })
    // What went wrong comes out below, when the loop has brought it to its end.
    answer?.catch(() => {})
    await this.loop.run(this.loop.nowMs + patienceMs, () => isOver)
    return isOver ? answer : undefined
  }

  /** True when nothing is on its way any more, in the house or at the broker. */
  async #isSettled(): Promise<boolean> {
    const { store } = this
    if (!store || this.wire.isAwaited) return false
    const looked = await this.#answerTo(
      Promise.all([
        store.openOrders(this.wire.account),
        store.waitingIntents(),
        store.all('errand'),
        store.all('freeze'),
        store.get('reconcile', this.wire.account),
      ]),
    )
    if (!looked) return false
    const [orders, intents, errands, freezes, compared] = looked
    // They go on for as long as an order rests; whether one of them is in doubt is looked at by itself.
    const lasting: readonly string[] = ['poll', 'resolve', 'reconcile', 'lapse']
    return (
      orders.every((o) => o.delivery === 'Delivered' && o.asked === 'Nothing') &&
      intents.length === 0 &&
      errands.every((errand) => lasting.includes(errand.kind)) &&
      compared !== null &&
      // What differs has been looked at twice, and is frozen or will be.
      (compared.clean || (freezes.length > 0 && this.loop.nowMs >= this.plan.world.lastsMs + TWO_LOOKS_MS))
    )
  }

  /** The last look, with nothing running any more. */
  async #judge(): Promise<void> {
    try {
      if (!this.store) throw new Violation('liveness: the house opens again', 'the faults are over and it is closed')
      if (this.haltFile === 'present' && !this.#halts.has('global'))
        throw new Violation('G5: the HALT file halts', 'it lies there, and no halt was ever written down')
      if (this.notes.length === 0) throw new Violation('G8: the journal is anchored', 'no checkpoint was ever signed')
      if (this.plan.world.seed % REPLAYED_EVERY === 0) await this.#replay()
      if (
        !(await this.#answerTo(
          this.#oracles.atEnd().then(() => true),
          30_000,
        ))
      )
        throw new Violation('liveness: the store answers', 'the faults are over, and it has nothing to say')
    } catch (thrown) {
      if (!(thrown instanceof Violation)) throw thrown
      this.fail(thrown)
    }
  }

  /** What `jax-exec simulate incident` does with an export: each row must be what the machines would have made. */
  async #replay(): Promise<void> {
    const empty = await openSqliteStore({
      file: ':memory:',
      clock: this.clock,
      boot: 'replay',
      turn: () => Promise.resolve(),
    })
    const { differences } = await empty.transact((tx) =>
      replayJournal(
        tx,
        this.rows.map((row) => ({ seq: row.seq, bytes: canonical(row) })),
      ),
    )
    await empty.close()
    const [first] = differences
    if (first) throw new Violation('G8: an exported journal replays without a difference', JSON.stringify(first))
  }

  async #boot(): Promise<void> {
    if (this.#life?.alive || this.#ended) return
    const offMs = this.#offUntilMs - this.loop.nowMs
    if (offMs >= 1) {
      this.loop.post(offMs, () => void this.#boot())
      return
    }
    const life = newLife()
    this.#life = life
    const boot = `boot-${++this.#boots}`
    this.note(`START   ${boot}`)
    try {
      await this.#open(life, boot)
    } catch (thrown) {
      if (!life.alive) return
      if (thrown instanceof Violation) return this.fail(thrown)
      this.note(`the start failed: ${String(thrown)}`)
      this.logs.push(`warn: the start failed: ${String(thrown)}`)
      this.#end()
      this.loop.post(RESTART_MS, () => void this.#boot())
    }
  }

  async #open(life: Life, boot: string): Promise<void> {
    const clock = mortal(this.clock, life)
    const bare = await openSqliteStore({
      file: this.#disk.file,
      clock: this.clock,
      boot,
      anchored: this.#anchored,
      turn: () => this.#turn(),
      connect: this.#disk.connect,
    })
    this.#bare = bare
    const store = mortal<SqliteStore>(bare, life)
    await this.#oracles.reopened()
    const broker = mortal(this.wire, life)
    let worker: Worker | null = null
    const desk = openDesk(
      store,
      this.#setting,
      () => this.clock.now(),
      async ({ size, root }) => {
        if (!life.alive) return
        this.#anchored = { size, root }
        this.notes.push(signCheckpoint({ origin: ORIGIN, size, root }, KEY))
      },
      ({ work, sends }) => {
        if (work && life.alive) worker?.wake(sends)
      },
    )
    this.#desk = desk
    const run = commands(store, () => this.clock.now(), this.#setting)
    for (const [name, roles] of Object.entries(CAST)) {
      // Nobody is there to look on where there is nothing that only looking on could spoil.
      if (accessOf(this, name) || (name === 'vi' && !this.limits)) continue
      const person: Person = { personID: name, name, roles, disabled: false, createdAt: this.clock.now() }
      await run((c) => c.emit('person.added', { type: 'person', id: name }, 'access', { person }, SYSTEM))
    }
    const { policy } = this.plan.world
    if (policy !== 'first' && !this.rows.some(({ action }) => action === 'policy.changed'))
      await act(this, { when: { atMs: this.loop.nowMs }, verb: 'policy', words: [policy], named: {} })
    const known = await desk.identify(await broker.identity())
    if (!known.ok) throw new Error('the broker has opened another account')
    await desk.recover()
    worker = createWorker(
      {
        desk,
        reads: store,
        broker,
        clock,
        random: () => chance(this.plan.world.seed, 'worker', this.loop.nowUs),
        haltFile: () => this.haltFile === 'present',
        log: (level, message, facts) => {
          if (!life.alive) return
          this.logs.push(`${level}: ${message} ${JSON.stringify(facts)}`)
          this.note(`${level}: ${message} ${JSON.stringify(facts)}`)
        },
      },
      boot,
    )
    // It is never asked to stop: a process of this world ends by dying.
    void worker.run(new AbortController().signal)
    this.loop.post(20, () => {
      if (life.alive && !this.wire.weather.deaf) this.wire.notice({ kind: 'connected' })
    })
  }

  /** The process is gone, where it stood. */
  #end(): void {
    this.#life?.die()
    this.#life = null
    this.wire.hangUp()
    this.#disk.cutOff()
    const gone = this.#bare
    this.#bare = this.#desk = null
    // Its lock on the file goes with the process.
    void gone?.close().catch(() => {})
  }

  async #turn(): Promise<void> {
    const draw = chance(this.plan.world.seed, 'turn', this.loop.nowUs, this.loop.events)
    const ms = this.#diskSlow > 0 ? 20 + 1_500 * draw : 0.05 + 2 * draw ** 4
    if (this.#diskSlow > 0) this.injected('disk slow', null)
    await this.loop.delay(ms)
  }

  #commitFate(rows: readonly Row[]): CommitFate {
    if (rows.length === 0) return this.loop.nowMs < this.#diskFullUntilMs ? 'full' : 'done'
    if (this.loop.nowMs < this.#diskFullUntilMs) {
      this.injected('disk full', rows[0]?.object.id ?? null)
      return 'full'
    }
    const lines = this.#at('commit', rows[0]?.object.id ?? null)
    const told = lines.find((line) => line.verb in STEPS.commit)?.verb as CommitFate | undefined
    const fate = told ?? this.#nextCommit ?? 'done'
    this.#nextCommit = null
    if (fate !== 'done') this.injected(`commit ${fate}`, rows[0]?.object.id ?? null)
    // After a torn write only a new start can tell; whoever runs the service starts it again.
    if (fate === 'torn' || fate === 'torn-written') this.loop.post(3_000, () => this.crash('its disk had failed'))
    return fate
  }
  #committed(rows: readonly Row[]): void {
    this.rows.push(...rows)
    for (const row of rows) this.note(`#${row.seq} ${row.action} ${row.object.id}${why(row)}`)
    this.#coverage.committed(rows)
    this.#check(() => this.#oracles.committed(rows))
    for (const row of rows) for (const cue of this.#cues) cue(row)
  }

  /** Counts a step of the gateway; what the script has for it happens now. Lines that only the caller can obey come back. */
  #at(point: Point, about: string | null): readonly Item[] {
    const n = (this.#points.get(point) ?? 0) + 1
    this.#points.set(point, n)
    const items = this.#waiting.get(`${point} ${n}`) ?? []
    for (const item of items)
      if (item.verb === 'crash-before' && point !== 'commit') this.crash(`before ${point} ${n} (${about})`)
      else if (!OF_STEPS.has(item.verb)) void this.#begin(item)
    return items
  }
  async #begin(item: Item): Promise<void> {
    if (this.isCalm) return
    this.note(`> ${lineOf(item)}`)
    try {
      await act(this, item)
    } catch (thrown) {
      if (thrown instanceof Violation) this.fail(thrown)
      else this.fail(new Violation('the harness', `${lineOf(item)}: ${String((thrown as Error).stack ?? thrown)}`))
    }
  }

  #check(look: () => void): void {
    if (this.#failure || this.#ended) return
    try {
      look()
    } catch (thrown) {
      if (!(thrown instanceof Violation)) throw thrown
      this.fail(thrown)
    }
  }
}

/** Refused by risk limits alone, or waiting for more than a click because of them; that they do so rightly is looked at elsewhere. */
function isLimited(row: Row | undefined): boolean {
  const { refusals = [], requires } = (row?.data ?? {}) as Partial<
    Happened['intent.refused'] & Happened['intent.ticketed']
  >
  return requires?.beyond?.length
    ? true
    : refusals.some(({ code }) => OF_LIMITS.has(code)) &&
        refusals.every(({ code }) => OF_LIMITS.has(code) || code === 'SIZE_BELOW_MINIMUM')
}
/** Quotes that were missing for a minute look like a halt of the symbol; after one nothing is opened for five minutes. */
function isTooSoon(row: Row | undefined): boolean {
  const { refusals = [] } = (row?.data ?? {}) as Partial<Happened['intent.refused']>
  return refusals.length > 0 && refusals.every(({ code }) => code === 'SYMBOL_RESUMED')
}
const OF_LIMITS: ReadonlySet<string> = new Set([
  'SIZE_BELOW_MINIMUM',
  ...[...Object.values(LIMIT_ROWS), ...Object.values(LISTS)].map(({ refusal }) => refusal ?? ''),
])

/** What a row says beyond its name, where people would ask. */
function why({ data }: Row): string {
  const { refusals, why, cause, text } = data as {
    refusals?: readonly { readonly code: string }[]
    why?: string
    cause?: string
    text?: string
  }
  const said = refusals?.map(({ code }) => code).join(', ') ?? why ?? cause ?? text
  return said ? `: ${said}` : ''
}
