import type { DailyBars } from '../../src/gate/days.ts'
import type { AccountFact, MarketSession, Quote } from '../../src/gate/facts.ts'
import type { Passed } from '../../src/gate/gate.ts'
import type { Instrument } from '../../src/orders/instrument.ts'
import type { Report } from '../../src/orders/report.ts'
import type { OrderRef } from '../../src/orders/terms.ts'
import {
  type Broker,
  type BrokerOrder,
  type BrokerPosition,
  type CancelSent,
  type Capabilities,
  capabilitiesFor,
  type Found,
  type Identity,
  type MayGo,
  NotAsked,
  type Notice,
  ReadFailed,
  type Sent,
} from '../../src/ports/broker.ts'
import type { AccountID, ClOrdID, OrderID } from '../../src/values/brand.ts'
import { isZero } from '../../src/values/decimal.ts'
import type { Instant } from '../../src/values/instant.ts'
import { type ScriptedBroker, type Truth } from '../scenarios/broker.ts'
import { chance, type Loop } from './loop.ts'
import type { Item, Point } from './plan.ts'
import type { Write } from './scene.ts'
import type { Venue } from './venue.ts'
import { STEPS } from './words.ts'

const NEVER = new Promise<never>(() => {})

/** Who runs the world: told of every step, and asked what goes wrong with it. */
export type Fates = {
  /** Counts the step, does what the script has for it (a crash among others), and returns the lines that are the wire's. */
  at(point: Point, about: string | null): readonly Item[]
  /** The process that asked is gone. */
  isDead(): boolean
  crash(): void
  beforeWrite(write: Write): void
  booked(): void
  answered(clOrdID: ClOrdID, outcome: Sent['outcome']): void
  /** Something that the broker says of an order has reached the gateway. */
  heard(report: Report): void
  injected(kind: string, about: string | null): void
  trace(line: string): void
}

/** How the line is; each from 0 to 1 is a share of what goes over it. */
export type Weather = {
  /** Nobody is reached: connections are refused, or hang until they are given up. */
  down: boolean
  /** The broker answers that it was asked too often. */
  throttled: boolean
  /** The stream is cut, and the gateway knows; or it is silent, and nobody knows. */
  deaf: boolean
  mute: boolean
  doubled: number
  delayed: number
  dropped: number
  slow: number
}
const FAIR: Weather = {
  down: false,
  throttled: false,
  deaf: false,
  mute: false,
  doubled: 0,
  delayed: 0,
  dropped: 0,
  slow: 0,
}

/** How long a request may hang before it is given up as in doubt. */
const GIVE_UP_MS = 4_000

/**
 * Everything between the gateway and its broker, and all that can happen on the way: to a request, to its reply, to what
 * is told unasked. What it says of the broker is true, late, twice, in another order, or missing; it never invents.
 */
export class Wire implements Broker {
  readonly account: AccountID
  readonly environment = 'paper'
  readonly capabilities: Capabilities
  weather: Weather = { ...FAIR }
  /** What the broker answers when it is asked whose account this is. */
  who: Identity = { accountID: 'scripted', name: 'scripted' }
  readonly #seed: number
  readonly #loop: Loop
  readonly #broker: ScriptedBroker
  readonly #fates: Fates
  readonly #listeners = new Set<(report: Report) => void>()
  readonly #noticed = new Set<(notice: Notice) => void>()
  #asked = 0
  /** Writes that this life of the gateway waits for. */
  #waits = { n: 0 }
  /** Which life of the gateway listens: what an earlier one had begun ends where it stands. */
  #life = 0
  #isClear = false
  /** Reports keep their order on an honest line. */
  #lastToldUs = 0

  constructor(seed: number, loop: Loop, venue: Venue, fates: Fates) {
    this.#seed = seed
    this.#loop = loop
    this.#broker = venue.broker
    this.#fates = fates
    this.account = venue.broker.account
    this.capabilities = venue.broker.capabilities
    venue.broker.onReport((report) => this.#told(report))
  }

  // --- the world's side

  /** The process is gone, and with it everybody who listened. */
  hangUp(): void {
    this.#listeners.clear()
    this.#noticed.clear()
    this.#waits = { n: 0 }
    this.#life++
  }
  /** Somebody still waits for the answer to something that was sent. */
  get isAwaited(): boolean {
    return this.#waits.n > 0
  }
  notice(notice: Notice): void {
    for (const listener of this.#noticed) listener(notice)
  }
  clearUp(): void {
    this.weather = { ...FAIR }
    this.#isClear = true
    this.#broker.hidden.clear()
    // What is made later, and told to nobody, is found by the comparison that is about to come.
    for (const order of this.#broker.truth) if (order.open && order.legsLater) this.#broker.makeLegs(order)
    this.who = { accountID: 'scripted', name: 'scripted' }
  }
  /** What has happened at the broker is told, and looked at. */
  pump(): void {
    this.#broker.calls = 0
    this.#broker.flush()
    this.#fates.booked()
  }

  // --- what is written

  submit(clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent> {
    return this.#write([{ kind: 'submit', clOrdID, terms: order }], mayGo, () => this.#broker.submit(clOrdID, order))
  }
  submitPair(
    stop: { clOrdID: ClOrdID; order: Passed },
    target: { clOrdID: ClOrdID; order: Passed },
    mayGo?: MayGo,
  ): Promise<Sent> {
    const writes = [stop, target].map(({ clOrdID, order }): Write => ({ kind: 'submit', clOrdID, terms: order }))
    return this.#write(writes, mayGo, () => this.#broker.submitPair(stop, target))
  }
  replace(ref: OrderRef, clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent> {
    return this.#write([{ kind: 'replace', clOrdID, terms: order, old: ref.clOrdID }], mayGo, () =>
      this.#broker.replace(ref, clOrdID, order),
    )
  }

  async #write(writes: readonly Write[], mayGo: MayGo | undefined, book: () => Promise<Sent>): Promise<Sent> {
    const life = this.#life
    const waits = this.#waits
    waits.n++
    try {
      const sent = await this.#sent(life, writes, mayGo, book)
      if (!this.#isGone(life)) for (const { clOrdID } of writes) this.#fates.answered(clOrdID, sent.outcome)
      return sent
    } catch (thrown) {
      if (!this.#isGone(life)) for (const { clOrdID } of writes) this.#fates.answered(clOrdID, 'in-doubt')
      throw thrown
    } finally {
      waits.n--
    }
  }

  async #sent(
    life: number,
    writes: readonly Write[],
    mayGo: MayGo | undefined,
    book: () => Promise<Sent>,
  ): Promise<Sent> {
    const [first] = writes as [Write]
    const name = first.clOrdID
    const n = ++this.#asked
    // An adapter may have to wait for its turn at the broker's rate limit.
    await this.#loop.delay(this.#ms('its turn', n, 3, 400))
    const lines = this.#fates.at('send', name)
    if (this.#isGone(life)) return NEVER
    const queued = lines.find((line) => line.verb === 'queued')
    if (queued) {
      this.#fates.injected('send queued', name)
      await this.#loop.delay(Number(queued.named['ms']))
    }
    if (
      mayGo &&
      !(await mayGo(
        writes.flatMap((write) => (write.kind === 'cancel' ? [] : [{ clOrdID: write.clOrdID, ...write.terms }])),
      ))
    )
      return { outcome: 'rejected', text: 'held back' }
    if (this.#isGone(life)) return NEVER
    const fate = lines.find((line) => line !== queued && line.verb in STEPS.send) ?? null
    for (const write of writes) this.#fates.beforeWrite(write)
    this.#fates.trace(`${name} leaves${fate ? ` (${fate.verb})` : ''}`)
    if (fate && this.#canHappen(fate, first)) this.#fates.injected(`send ${fate.verb}`, name)
    const [there, back] = [this.#ms('there', n, 2, 60), this.#ms('back', n, 2, 60)]
    const reached = async (): Promise<Sent | null> => {
      if (this.weather.down) return null
      if (this.weather.throttled) return { outcome: 'rejected', text: 'too many requests' }
      return this.#book(fate, book, first)
    }
    switch (fate?.verb) {
      case 'lost':
        await this.#loop.delay(GIVE_UP_MS)
        return inDoubt('no answer came')
      case 'lost-booked':
        await this.#loop.delay(there)
        await reached()
        await this.#loop.delay(GIVE_UP_MS)
        return inDoubt('no answer came')
      case 'late':
        this.#loop.post(Number(fate.named['ms'] ?? 6_000), () => void reached())
        await this.#loop.delay(GIVE_UP_MS)
        return inDoubt('no answer came')
      case 'throw':
        await this.#loop.delay(there)
        throw new Error('socket hang up')
      case 'throw-booked':
        await this.#loop.delay(there)
        await reached()
        await this.#loop.delay(back)
        throw new Error('socket hang up')
      case 'crash-booked':
        await this.#loop.delay(there)
        await reached()
        this.#fates.crash()
        return NEVER
      // Far beyond what the port promises: the errand is claimed again before the answer comes.
      case 'hang':
        await this.#loop.delay(there)
        return this.#late(fate, (fate.named['booked'] === 'no' ? null : await reached()) ?? inDoubt('no answer came'))
      case 'no-booked':
        await this.#loop.delay(there)
        await reached()
        await this.#loop.delay(back)
        return { outcome: 'rejected', text: 'not allowed' }
      case 'twice': {
        await this.#loop.delay(there)
        const sent = await reached()
        // The network repeats a request by itself; where a name is taken once that is harmless.
        if (this.#canHappen(fate, first)) await reached()
        await this.#loop.delay(back)
        return sent ?? inDoubt('the connection was refused')
      }
      default: {
        await this.#loop.delay(there)
        const sent = await reached()
        await this.#loop.delay(fate?.verb === 'slow' ? Number(fate.named['ms'] ?? 8_000) : back)
        return sent ?? inDoubt('the connection was refused')
      }
    }
  }

  async #late<T extends Sent | CancelSent>(fate: Item, sent: T): Promise<T | No> {
    await this.#loop.delay(Number(fate.named['ms'] ?? 65_000))
    switch (fate.named['says']) {
      case 'no':
        return { outcome: 'rejected', text: 'not allowed' }
      case 'nothing':
        return inDoubt('no answer came')
      default:
        return sent
    }
  }

  async #book(fate: Item | null, book: () => Promise<Sent>, write: Write): Promise<Sent> {
    const name = write.clOrdID
    // What is still on its way when the faults are over arrives at a broker that makes its exits at once.
    const verb = this.#isClear && fate?.verb === 'legs-later' ? undefined : fate?.verb
    if (fate && (verb === 'silent' || verb === 'no-legs' || verb === 'legs-later') && this.#canHappen(fate, write))
      this.#broker.answerNext({ is: verb })
    if (fate?.verb === 'reject') this.#broker.answerNext({ is: 'reject', text: 'not now' })
    const sent = await book()
    if (fate?.verb === 'unlisted') {
      this.#broker.hidden.add(name)
      this.#loop.post(Number(fate.named['ms'] ?? 2_000), () => this.#broker.hidden.delete(name))
    }
    if (verb === 'legs-later') {
      const order = this.#broker.byName(name)
      // They are made at its first fill, or after a while.
      this.#loop.post(3_000, () => {
        if (order?.open && order.legsLater) this.#broker.makeLegs(order)
        this.pump()
      })
    }
    if (fate?.verb === 'reject-later') {
      const order = this.#broker.byName(name)
      this.#loop.post(Number(fate.named['ms'] ?? 300), () => {
        if (order?.open && isZero(order.cumQty))
          this.#broker.happen(order, { is: 'Rejected', text: 'not after all' }, false)
        this.pump()
      })
    }
    this.#fates.trace(`${name} is ${sent.outcome} at the broker${sent.outcome === 'rejected' ? `: ${sent.text}` : ''}`)
    this.pump()
    return sent
  }

  /** Whether this broker can do that to this request: forget legs that it makes, or take a name a second time unharmed. */
  #canHappen({ verb }: Item, write: Write): boolean {
    if (verb === 'twice') return this.capabilities.idempotentSubmit && write.kind === 'submit'
    return (verb !== 'no-legs' && verb !== 'legs-later') || this.#makesLegs(write)
  }
  #isGone(life: number): boolean {
    return life !== this.#life || this.#fates.isDead()
  }
  /** The order that is in another's place takes over the legs that there are. */
  #makesLegs(write: Write): boolean {
    if (write.kind !== 'submit') return false
    const assetClass = this.#broker.markets.get(write.terms.symbol)?.instrument.assetClass ?? null
    return capabilitiesFor(this.capabilities, assetClass).bracket
  }

  async cancel(ref: OrderRef): Promise<CancelSent> {
    const waits = this.#waits
    waits.n++
    try {
      return await this.#canceled(ref)
    } finally {
      waits.n--
    }
  }

  async #canceled(ref: OrderRef): Promise<CancelSent> {
    const n = ++this.#asked
    const life = this.#life
    if (this.#isGone(life)) return NEVER
    const lines = this.#fates.at('cancel', ref.clOrdID)
    if (this.#isGone(life)) return NEVER
    const fate = lines.find((line) => line.verb in STEPS.cancel) ?? null
    this.#fates.beforeWrite({ kind: 'cancel', clOrdID: ref.clOrdID, orderID: ref.orderID })
    this.#fates.trace(`cancel of ${ref.clOrdID} leaves${fate ? ` (${fate.verb})` : ''}`)
    if (fate) this.#fates.injected(`cancel ${fate.verb}`, ref.clOrdID)
    const [there, back] = [this.#ms('there', n, 2, 60), this.#ms('back', n, 2, 60)]
    const reached = async (): Promise<CancelSent | null> => {
      if (this.weather.down) return null
      if (this.weather.throttled) return { outcome: 'rejected', text: 'too many requests' }
      return this.#cancelThere(ref, n, fate)
    }
    if (fate?.verb === 'late') {
      this.#loop.post(Number(fate.named['ms'] ?? 6_000), () => void reached())
      await this.#loop.delay(GIVE_UP_MS)
      return inDoubt('no answer came')
    }
    await this.#loop.delay(there)
    const isLost = fate?.verb === 'lost' || fate?.verb === 'throw' || fate?.named['done'] === 'no'
    const sent = isLost ? null : await reached()
    switch (fate?.verb) {
      case 'crash-done':
        this.#fates.crash()
        return NEVER
      case 'throw':
      case 'throw-done':
        await this.#loop.delay(back)
        throw new Error('socket hang up')
      case 'lost':
      case 'lost-done':
        await this.#loop.delay(GIVE_UP_MS)
        return inDoubt('no answer came')
      case 'hang':
        return this.#late(fate, sent ?? inDoubt('no answer came'))
      default:
        await this.#loop.delay(fate?.verb === 'slow' ? Number(fate.named['ms'] ?? 8_000) : back)
        return sent ?? inDoubt('the connection was refused')
    }
  }
  async #cancelThere(ref: OrderRef, n: number, fate: Item | null): Promise<CancelSent> {
    if (fate?.verb === 'reject') return { outcome: 'rejected', text: 'not now' }
    const order = this.#broker.byID(ref.orderID) ?? this.#broker.byName(ref.clOrdID)
    // Taken is not done: the market has a moment more to fill it.
    const slow = fate?.verb === 'taken' || chance(this.#seed, 'a cancel takes a moment', n) < 0.3
    this.#broker.cancels = { is: slow ? 'taken' : 'prompt' }
    const sent = await this.#broker.cancel(ref)
    if (slow && order) this.#loop.post(this.#ms('to cancel', n, 200, 3_000), () => this.#end(order))
    this.pump()
    return sent
  }
  #end(order: Truth): void {
    if (order.open) this.#broker.happen(order, { is: 'Canceled', text: null }, false)
    this.pump()
  }
  async cancelAll(): Promise<CancelSent> {
    return { outcome: 'rejected', text: 'not offered' }
  }
  async closePosition(): Promise<Sent> {
    return { outcome: 'rejected', text: 'not offered' }
  }
  async closeAll() {
    return { outcome: 'answered', positions: [] } as const
  }

  // --- what is read

  async find(clOrdID: ClOrdID): Promise<Found> {
    return this.#heard(await this.#read('find', () => this.#broker.find(clOrdID)))
  }
  async findByOrderID(orderID: OrderID): Promise<Found> {
    return this.#heard(await this.#read('find', () => this.#broker.findByOrderID(orderID)))
  }
  #heard(found: Found): Found {
    if (found.found && !this.#fates.isDead()) for (const report of found.reports) this.#fates.heard(report)
    return found
  }
  openOrders(): Promise<readonly BrokerOrder[]> {
    return this.#read('open orders', () => this.#broker.openOrders())
  }
  async reportsSince(since: Instant): Promise<readonly Report[]> {
    const reports = await this.#read('reports', () => this.#broker.reportsSince(since))
    if (!this.#fates.isDead()) for (const report of reports) this.#fates.heard(report)
    return reports
  }
  positions(): Promise<readonly BrokerPosition[]> {
    return this.#read('positions', () => this.#broker.positions())
  }
  accountFact(): Promise<AccountFact> {
    return this.#read('account', () => this.#broker.accountFact())
  }
  identity(): Promise<Identity> {
    return this.#read('identity', async () => this.who)
  }
  instrument(symbol: string): Promise<Instrument | null> {
    return this.#fact('instrument', () => this.#broker.instrument(symbol))
  }
  quote(symbol: string): Promise<Quote | null> {
    return this.#fact('quote', () => this.#broker.quote(symbol))
  }
  session(symbol: string): Promise<MarketSession> {
    return this.#fact('session', () => this.#broker.session(symbol))
  }
  /** As a host of its own, which answers or does not: what comes of it late is of no matter. */
  dailyBars(symbol: string): Promise<DailyBars | null> {
    return this.#broker.dailyBars(symbol)
  }
  conversion(): Promise<null> {
    return Promise.resolve(null)
  }

  /** What is asked of the books. What they hold may change while the question and its answer are on their way. */
  #read<T>(what: string, answer: () => Promise<T>): Promise<T> {
    return this.#ask('read', what, (n) => this.#ms('there', n, 1, 30), answer)
  }
  /** What is asked of the market, all the time: one way stands for both. */
  #fact<T>(what: string, answer: () => Promise<T>): Promise<T> {
    return this.#ask('market', what, (n) => this.#ms(what, n, 1, 25), answer)
  }
  async #ask<T>(
    point: 'read' | 'market',
    what: string,
    thereMs: (n: number) => number,
    answer: () => Promise<T>,
  ): Promise<T> {
    const n = ++this.#asked
    const life = this.#life
    const lines = this.#fates.at(point, what)
    if (this.#isGone(life)) return NEVER
    const fate = lines.find((line) => line.verb in STEPS[point]) ?? null
    if (fate) this.#fates.injected(`${point} ${fate.verb}`, null)
    await this.#loop.delay(thereMs(n))
    this.#reachable(n)
    if (fate?.verb === 'fail') throw new ReadFailed('the answer made no sense', true)
    this.#broker.calls = 0
    const found = await answer()
    if (fate?.verb === 'slow') await this.#loop.delay(6_000)
    else if (point === 'read') await this.#loop.delay(this.#ms('back', n, 1, 30))
    if (fate?.verb === 'crash-answered') {
      this.#fates.crash()
      return NEVER
    }
    return found
  }
  #reachable(n: number): void {
    if (this.weather.down) throw new ReadFailed('no connection', true)
    if (!this.weather.throttled) return
    if (chance(this.#seed, 'not even asked', n) < 0.5) throw new NotAsked('the budget of requests is used up')
    throw new ReadFailed('too many requests', true)
  }

  // --- what is told

  onReport(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
  onNotice(listener: (notice: Notice) => void): () => void {
    this.#noticed.add(listener)
    return () => void this.#noticed.delete(listener)
  }
  async close(): Promise<void> {}

  #told(report: Report): void {
    const about = report.clOrdID ?? report.orderID
    const lines = this.#fates.at('report', about)
    const { deaf, mute, down, doubled, delayed, dropped } = this.weather
    this.#fates.trace(`${about} ${report.execType} at the broker`)
    const draw = (what: string): number => chance(this.#seed, what, report.execID)
    const lost = deaf || mute || down || lines.some((line) => line.verb === 'drop') || draw('dropped') < dropped
    if (lost) return this.#fates.injected('report lost', about)
    const late = lines.find((line) => line.verb === 'late')
    const lateMs = late
      ? Number(late.named['ms'] ?? 3_000)
      : draw('delayed') < delayed
        ? 100 + 6_000 * draw('how long')
        : 0
    if (lateMs > 0) this.#fates.injected('report late', about)
    const plainly = this.#ms('report', report.execID, 1, 40)
    if (lateMs > 0) this.#loop.post(lateMs, () => this.#tell(report))
    else {
      this.#lastToldUs = Math.max(this.#lastToldUs + 1, this.#loop.nowUs + plainly * 1_000)
      this.#loop.post((this.#lastToldUs - this.#loop.nowUs) / 1_000, () => this.#tell(report))
    }
    if (lines.some((line) => line.verb === 'twice') || draw('doubled') < doubled) {
      this.#fates.injected('report twice', about)
      this.#loop.post(plainly + 4_000 * draw('again'), () => this.#tell(report))
    }
  }
  #tell(report: Report): void {
    if (!this.#fates.isDead()) this.#fates.heard(report)
    for (const listener of this.#listeners) listener(report)
  }

  /** A time on the way: mostly near the least, now and then near the most. */
  #ms(what: string, n: number | string, least: number, most: number): number {
    const draw = chance(this.#seed, 'ms', what, n)
    const slow = this.weather.slow > 0 && chance(this.#seed, 'slow', what, n) < this.weather.slow ? 2_500 * draw : 0
    return least + (most - least) * draw ** 6 + slow
  }
}

type No = Extract<CancelSent, { outcome: 'rejected' | 'in-doubt' }>
const inDoubt = (cause: string) => ({ outcome: 'in-doubt', cause }) as const
