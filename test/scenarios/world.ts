import { generateKeyPairSync } from 'node:crypto'
import type { Desk } from '../../src/desk/desk.ts'
import { openDesk, type Setting } from '../../src/desk/open.ts'
import { SYSTEM, commands } from '../../src/desk/command.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { signCheckpoint, verifierKey } from '../../src/journal/checkpoint.ts'
import type { Actor } from '../../src/journal/row.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Intent, Person, PersonRole } from '../../src/ports/records.ts'
import type { Store } from '../../src/ports/store.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { amt, dec } from '../../src/values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../../src/values/instant.ts'
import { createWorker, type Worker } from '../../src/worker/worker.ts'
import { ScriptedBroker } from './broker.ts'

/** A clock that the scenario moves. Whoever sleeps moves it too. */
export class ScriptClock implements Clock {
  #now: Instant
  readonly #start: Instant
  constructor(start: Instant) {
    this.#now = this.#start = start
  }
  now(): Instant {
    return this.#now
  }
  monotonicNs(): bigint {
    return BigInt(this.#now - this.#start) * 1_000n
  }
  async sleep(ms: number): Promise<void> {
    this.advance(ms)
  }
  advance(ms: number): void {
    this.#now = plusMs(this.#now, ms)
  }
}

/** One run of the process: at a crash everything it was doing stops where it is. */
export type Life = { alive: boolean; readonly death: Promise<void>; readonly die: () => void }
export function newLife(): Life {
  const { promise: death, resolve } = Promise.withResolvers<void>()
  const life: Life = {
    alive: true,
    death,
    die: () => {
      life.alive = false
      resolve()
    },
  }
  return life
}

export const NEVER = new Promise<never>(() => {})

/** The same object for as long as the process lives; afterwards no call does anything, and none that is under way answers. */
export function mortal<T extends object>(target: T, life: Life): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (!life.alive) return NEVER
        const result: unknown = value.apply(object, args)
        if (!(result instanceof Promise)) return result
        return result.then(
          (answer: unknown) => (life.alive ? answer : NEVER),
          (thrown: unknown) => (life.alive ? Promise.reject(thrown) : NEVER),
        )
      }
    },
  })
}

/** Monday, in the middle of the New York session. */
const START = parseInstant('2026-11-23T15:00:00Z') as Instant
const ORIGIN = 'jax.example/audit/SCENARIO'

export const AGENT: Actor = { type: 'agent', id: 'jax', via: 'http', session: null }
export const personActor = (id: string): Actor => ({ type: 'person', id, via: 'web', session: 'scenario' })

/** The people of every scenario, unless it says otherwise. */
const CAST: Readonly<Record<string, readonly PersonRole[]>> = {
  ana: ['approver'],
  bo: ['approver'],
  rik: ['risk'],
  tom: ['trader'],
}

/** Desk, worker and store as they are in the product; clock and broker as the script wants them. */
export class World {
  readonly clock = new ScriptClock(START)
  readonly broker = new ScriptedBroker(this.clock)
  policy: Policy = {
    environment: 'paper',
    broker: 'sim',
    riskPerTrade: dec('0.01'),
    maxOrderNotional: amt('10000'),
    maxPositionNotional: amt('20000'),
    stageMaxNotional: amt('100000'),
    buyingPowerBuffer: dec('0.05'),
    collarBps: 300,
    maxDriftBps: 50,
    stopLimitSlackBps: 500,
    quoteAgeMaxMs: 5_000,
    accountAgeMaxMs: 30_000,
    duplicateWindowMs: 60_000,
    explicitQty: 'exact',
    allowShort: false,
    approvalTtlMs: 300_000,
    executionTtlMs: 30_000,
  }
  /** `late`: it appears when a send is durable and its first byte has not left. */
  haltFile: 'absent' | 'present' | 'late' = 'absent'
  awake = true
  /** Every digest that was ever shown, by intent and revision. */
  readonly digests = new Map<string, string>()
  readonly notes: string[] = []
  readonly logs: string[] = []
  /** Tasks that the scenario has pointed at: any other is a surprise. */
  readonly expectedTasks = new Set<string>()
  /** Standing rules that the scenario sets aside. */
  readonly exceptions = new Set<string>()
  readonly #key = generateKeyPairSync('ed25519').privateKey
  #store: Store | null = null
  #life = newLife()
  #desk: Desk | null = null
  #worker: Worker | null = null
  #boots = 0

  get isOpen(): boolean {
    return this.#store !== null
  }
  get store(): Store {
    if (!this.#store) throw new Error('the world is not open yet')
    return this.#store
  }
  get desk(): Desk {
    if (!this.#desk) throw new Error('the world is not open yet')
    return this.#desk
  }
  get worker(): Worker {
    if (!this.#worker) throw new Error('the world is not open yet')
    return this.#worker
  }
  get setting(): Setting {
    const { account, capabilities } = this.broker
    return { account, policy: this.policy, capabilities, speed: 1, version: '0.0.0', build: 'scenario' }
  }
  get verifierKeys(): readonly string[] {
    return [verifierKey(ORIGIN, this.#key)]
  }

  async open(): Promise<void> {
    this.#store = await openSqliteStore({ file: ':memory:', clock: this.clock, boot: 'scenario' })
    for (const [name, roles] of Object.entries(CAST)) await this.putPerson(name, roles, false)
    await this.boot()
  }

  /** Starts the process: over whatever the one before left behind. */
  async boot(): Promise<void> {
    this.broker.disconnect()
    this.#life.die()
    const life = newLife()
    this.#life = life
    this.broker.onCrash(() => life.die())
    const store = mortal(this.store, life)
    this.#desk = openDesk(
      store,
      this.setting,
      () => this.clock.now(),
      async ({ size, root }) => {
        this.notes.push(signCheckpoint({ origin: ORIGIN, size, root }, this.#key))
      },
    )
    const desk = this.#desk
    const claimSend: Desk['claimSend'] = async (...ask) => {
      const claim = await desk.claimSend(...ask)
      if (claim?.send && this.haltFile === 'late') this.haltFile = 'present'
      return claim
    }
    const beginResend: Desk['beginResend'] = async (...ask) => {
      const send = await desk.beginResend(...ask)
      if (send && this.haltFile === 'late') this.haltFile = 'present'
      return send
    }
    this.#worker = createWorker(
      {
        desk: { ...desk, claimSend, beginResend },
        reads: store,
        broker: mortal(this.broker, life),
        clock: this.clock,
        random: () => 0.5,
        haltFile: () => this.haltFile === 'present',
        log: (level, message, facts) => this.logs.push(`${level}: ${message} ${JSON.stringify(facts)}`),
      },
      `worker-${++this.#boots}`,
    )
    await this.#desk.recover()
    await this.settle()
  }
  async putPerson(name: string, roles: readonly PersonRole[], disabled: boolean): Promise<void> {
    const run = commands(this.store, () => this.clock.now(), this.setting)
    const person: Person = { personID: name, name, roles, disabled, createdAt: this.clock.now() }
    await run((c) => c.emit('person.added', { type: 'person', id: name }, 'access', { person }, SYSTEM))
  }

  /** Lets the worker do what is due now. A crash on the way is followed by a new start. */
  async settle(): Promise<void> {
    if (!this.awake) return
    for (this.broker.calls = 0; ; ) {
      await Promise.race([this.worker.drain(), this.#life.death])
      if (!this.#life.alive) return this.boot()
      if (!this.broker.flush()) return
    }
  }

  /** Reads what the market and the account look like now, as the worker does every second. */
  async look(): Promise<void> {
    await this.worker.refreshFacts().catch((thrown: unknown) => this.logs.push(`warn: ${String(thrown)}`))
  }

  async wait(ms: number): Promise<void> {
    const until = plusMs(this.clock.now(), ms)
    let lookAt = plusMs(this.clock.now(), 1_000)
    while (this.clock.now() < until) {
      const now = this.clock.now()
      const due = this.awake ? await this.store.nextDue() : null
      const next = Math.min(until, lookAt, due !== null && due > now ? due : until)
      this.clock.advance((next - now) / 1_000)
      this.broker.arrive()
      if (this.clock.now() >= lookAt) {
        lookAt = plusMs(this.clock.now(), 1_000)
        if (this.awake) await this.look()
      }
      await this.settle()
    }
  }

  remember(intent: Intent): void {
    if (intent.digest) this.digests.set(`${intent.intentID}:${intent.rev}`, intent.digest)
  }
}
