import type { Denial } from '../../src/desk/desk.ts'
import type { Actor, Row } from '../../src/journal/row.ts'
import type { Outgoing } from '../../src/orders/outgoing.ts'
import type { MayGo, Sent } from '../../src/ports/broker.ts'
import type { Store } from '../../src/ports/store.ts'
import type { ClOrdID } from '../../src/values/brand.ts'
import type { Result } from '../../src/values/result.ts'
import { play } from '../scenarios/commands.ts'
import { type Line, parseScenario } from '../scenarios/language.ts'
import { calmDown } from '../scenarios/standing.ts'
import { World } from '../scenarios/world.ts'
import { oraclesOf } from './oracles.ts'
import { type Oracles, type Said, type Scene, Violation, type Wanted, type Write } from './scene.ts'

/** What the oracles are shown instead of what is so. */
export type Tampering = {
  /** Before the first start: what is told from then on, when the oracles have heard the truth. */
  readonly lies?: (w: Watched) => void
  /** After the first start. */
  readonly opened?: (w: Watched) => void
  readonly row?: (row: Row, w: Watched) => Row
  readonly write?: (write: Write) => Write
  readonly scene?: (scene: Scene) => Partial<Scene>
}

/** The world of a scenario as an oracle sees it. */
class Seen implements Scene {
  readonly #world: Watched
  constructor(world: Watched) {
    this.#world = world
  }
  get venue() {
    return this.#world.broker
  }
  get policy() {
    return this.#world.policy
  }
  get limits() {
    return this.#world.limits
  }
  get store() {
    return this.#world.isOpen ? this.#world.store : null
  }
  get rows() {
    return this.#world.rows
  }
  get notes() {
    return this.#world.notes
  }
  get verifierKeys() {
    return this.#world.verifierKeys
  }
  get logs() {
    return this.#world.logs
  }
  get haltFile() {
    return this.#world.haltFile === 'present' ? 'present' : 'absent'
  }
  get said() {
    return this.#world.said
  }
  wall() {
    return this.#world.clock.now()
  }
  truly() {
    return this.#world.clock.now()
  }
}

/** The world of a scenario with the oracles of the simulation looking on. */
export class Watched extends World {
  readonly #tampering: Tampering
  readonly rows: Row[] = []
  readonly said: Said[] = []
  /** In the order in which they were seen. */
  readonly violations: Violation[] = []
  #oracles: Oracles | null = null

  constructor(tampering: Tampering = {}) {
    super()
    this.#tampering = tampering
  }

  get oracles(): Oracles {
    if (!this.#oracles) throw new Error('the world is not open yet')
    return this.#oracles
  }
  override async boot(): Promise<void> {
    const isFirst = this.#oracles === null
    if (isFirst) await this.#watch()
    else await this.see(() => this.oracles.reopened())
    await super.boot()
    if (isFirst) this.#tampering.opened?.(this)
    this.#listen()
  }

  /** Notes what is asked of the desk of this life, and what it answers. */
  #listen(): void {
    const { desk, said } = this
    const own = { ...desk }
    const listen = <A extends { readonly actor: Actor }, T>(
      run: (ask: A) => Promise<Result<T, Denial>>,
      wantedBy: (ask: A) => Wanted,
    ) => {
      return async (ask: A): Promise<Result<T, Denial>> => {
        const one: Said = { ...wantedBy(ask), by: ask.actor.id, from: this.rows.length, answer: null }
        said.push(one)
        const done = await run(ask)
        one.answer = { is: done.ok ? 'ok' : done.error.code, to: this.rows.length, tries: 1 }
        return done
      }
    }
    desk.submit = async (ask) => {
      const { intentID } = ask.proposal
      const one: Said = { what: 'propose', by: ask.actor.id, intentID, from: this.rows.length, answer: null }
      said.push(one)
      const done = await own.submit(ask)
      one.answer = { is: done.outcome === 'conflict' ? 'INTENT_CONFLICT' : 'ok', to: this.rows.length, tries: 1 }
      return done
    }
    desk.approve = listen(
      (ask) => own.approve(ask),
      ({ intentID, digest, evidence }) => ({
        what: 'approve',
        intentID,
        digest,
        ...((evidence?.kind === 'channel' || evidence?.kind === 'passkey') && { using: evidence.kind }),
      }),
    )
    desk.decline = listen(
      (ask) => own.decline(ask),
      ({ intentID }) => ({ what: 'decline', intentID }),
    )
    desk.withdraw = listen(
      (ask) => own.withdraw(ask),
      ({ intentID }) => ({ what: 'withdraw', intentID }),
    )
    desk.reprice = listen(
      (ask) => own.reprice(ask),
      ({ intentID }) => ({ what: 'reprice', intentID }),
    )
    desk.requestCancel = listen(
      (ask) => own.requestCancel(ask),
      ({ clOrdID }) => ({ what: 'cancel', clOrdID }),
    )
    desk.replace = listen(
      (ask) => own.replace(ask),
      ({ clOrdID, orderQty, price }) => ({
        what: 'replace',
        clOrdID,
        orderQty,
        price,
      }),
    )
    desk.halt = listen(
      (ask) => own.halt(ask),
      ({ scope = 'global', level }) => ({ what: 'halt', scope, level }),
    )
    desk.release = listen(
      (ask) => own.release(ask),
      ({ scope = 'global' }) => ({ what: 'release', scope }),
    )
    desk.takeIn = listen(
      (ask) => own.takeIn(ask),
      ({ symbol }) => ({ what: 'take-in', symbol }),
    )
    desk.closeTask = listen(
      (ask) => own.closeTask(ask),
      ({ taskID }) => ({ what: 'close', taskID }),
    )
  }

  /** Looks, and keeps what is broken instead of throwing it into the gateway. */
  async see(look: () => void | Promise<void>): Promise<void> {
    try {
      await look()
    } catch (thrown) {
      if (!(thrown instanceof Violation)) throw thrown
      this.violations.push(thrown)
    }
  }
  notice(look: () => void): void {
    try {
      look()
    } catch (thrown) {
      if (!(thrown instanceof Violation)) throw thrown
      this.violations.push(thrown)
    }
  }

  async #watch(): Promise<void> {
    const scene = new Seen(this)
    const oracles = oraclesOf(
      Object.defineProperties(scene, Object.getOwnPropertyDescriptors(this.#tampering.scene?.(scene) ?? {})),
    )
    this.#oracles = oracles
    this.#tampering.lies?.(this)
    const { store, broker } = this
    const transact = store.transact.bind(store)
    store.transact = async (run) => {
      try {
        return await transact(run)
      } finally {
        await this.#catchUp(store)
      }
    }
    await this.#catchUp(store)
    const before = (write: Write) => this.notice(() => oracles.beforeWrite(this.#tampering.write?.(write) ?? write))
    const answer = async (names: readonly ClOrdID[], sent: Promise<Sent>): Promise<Sent> => {
      const reply = await sent.catch((thrown: unknown) => ({ outcome: 'in-doubt' as const, cause: '', thrown }))
      for (const name of names) oracles.answered(name, reply.outcome)
      if ('thrown' in reply) throw reply.thrown
      return reply
    }
    const bare = Object.getPrototypeOf(broker) as typeof broker
    // What is called off leaves nothing, and is no write.
    const asked = (mayGo: MayGo | undefined, writes: readonly Write[]) => async (outgoing: readonly Outgoing[]) => {
      const goes = (await mayGo?.(outgoing)) !== false
      if (goes) writes.forEach(before)
      return goes
    }
    broker.submit = (clOrdID, order, mayGo) => {
      const write: Write = { kind: 'submit', clOrdID, terms: order }
      return answer([clOrdID], bare.submit.call(broker, clOrdID, order, asked(mayGo, [write])))
    }
    broker.submitPair = (stop, target, mayGo) => {
      const writes = [stop, target].map(({ clOrdID, order }): Write => ({ kind: 'submit', clOrdID, terms: order }))
      return answer([stop.clOrdID, target.clOrdID], bare.submitPair.call(broker, stop, target, asked(mayGo, writes)))
    }
    broker.replace = (ref, clOrdID, order, mayGo) => {
      const write: Write = { kind: 'replace', clOrdID, terms: order, old: ref.clOrdID }
      return answer([clOrdID], bare.replace.call(broker, ref, clOrdID, order, asked(mayGo, [write])))
    }
    broker.cancel = (ref) => {
      before({ kind: 'cancel', ...ref })
      return bare.cancel.call(broker, ref)
    }
    broker.place = (...about) => {
      const truth = bare.place.apply(broker, about)
      this.notice(() => oracles.booked())
      return truth
    }
    broker.happen = (...about) => {
      bare.happen.apply(broker, about)
      this.notice(() => oracles.booked())
    }
  }

  async #catchUp(store: Store): Promise<void> {
    const rows = await store.journal(this.rows.length, 1_000)
    const fresh = rows.filter((row) => row.seq >= this.rows.length)
    const shown = fresh.map((row) => this.#tampering.row?.(structuredClone(row), this) ?? row)
    this.rows.push(...shown)
    this.notice(() => this.oracles.committed(shown))
  }
}

/** Plays a scenario to its last line, and unless `calm` is false gives it a quiet while afterwards. */
export async function played(source: string, tampering: Tampering = {}, calm = true): Promise<Watched> {
  const w = new Watched(tampering)
  const { lines } = parseScenario(source)
  for (let i = 0; i < lines.length; ) {
    const group: Line[] = []
    do group.push(lines[i++] as Line)
    while (lines[i]?.together)
    await play(w, group)
  }
  if (calm) await calmDown(w)
  return w
}
