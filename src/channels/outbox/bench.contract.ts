import type { Card, CardState, Channel, Place, Shown } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IntentID } from '../../values/brand.ts'
import { fromMs, type Instant, plusMs } from '../../values/instant.ts'
import { createOutbox, type Outbox, type OutboxBook } from './outbox.ts'
import { contentOf, type Posted } from './posted.ts'

// What the tests of the outbox share: a clock that is moved by hand, a book in memory, a channel that fails on demand.

export const id = (text: string): IntentID => text as IntentID
/** Everything that was let loose comes to rest. */
export const quiet = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate)
}

export function cardOf(intentID: string, state: CardState = 'waiting', more: Partial<Card> = {}): Card {
  return {
    gateway: 'gAtEwAy0123456_-',
    intentID: id(intentID),
    rev: 1,
    digest: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    fingerprint: '0000-0000',
    environment: 'paper',
    title: `BUY 10 ${intentID}`,
    facts: [{ name: 'Limit', value: '187.50 DAY' }],
    reasoning: null,
    state,
    stateText: state,
    decideBy: null,
    takesYes: true,
    url: `https://jax.example/a/${intentID}`,
    ...more,
  }
}

/** Sleepers wake when a test passes the time, or when they are called off. */
export class HandClock implements Clock {
  #now: Instant = fromMs(1_000_000_000)
  readonly sleepers = new Set<{ readonly at: Instant; readonly wake: () => void }>()
  now(): Instant {
    return this.#now
  }
  monotonicNs(): bigint {
    return BigInt(this.#now) * 1_000n
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const sleeper = {
        at: plusMs(this.#now, ms),
        wake: () => {
          this.sleepers.delete(sleeper)
          resolve()
        },
      }
      this.sleepers.add(sleeper)
      signal?.addEventListener('abort', sleeper.wake, { once: true })
    })
  }
  /** Lets so much time pass, and whoever wakes in it do its work at its own moment. */
  async pass(ms: number): Promise<void> {
    const until = plusMs(this.#now, ms)
    await quiet()
    for (;;) {
      const next = [...this.sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      if (next.at > this.#now) this.#now = next.at
      next.wake()
      await quiet()
    }
    this.#now = until
  }
  set(at: Instant): void {
    this.#now = at
  }
}

/** Rows and orders, which outlive any outbox. */
export class MemoryBook implements OutboxBook {
  readonly rows = new Map<string, Posted>()
  readonly cards = new Map<IntentID, Card>()
  /** What the test wants to go wrong: asked before each call. */
  fault: (what: string) => void = () => {}
  write(...cards: readonly Card[]): void {
    for (const card of cards) this.cards.set(card.intentID, card)
  }
  row(channel: string, intentID: string): Posted | null {
    return this.rows.get(`${channel} ${intentID}`) ?? null
  }
  async open(channel: string): Promise<Posted[]> {
    this.fault(`open ${channel}`)
    return [...this.rows].filter(([key]) => key.startsWith(`${channel} `)).map(([, row]) => row)
  }
  async waiting(): Promise<IntentID[]> {
    this.fault('waiting')
    return [...this.cards.values()].filter(({ state }) => state === 'waiting').map(({ intentID }) => intentID)
  }
  async card(intentID: IntentID): Promise<Card | null> {
    this.fault(`card ${intentID}`)
    return this.cards.get(intentID) ?? null
  }
  async put(channel: string, posted: Posted): Promise<void> {
    this.fault(`put ${channel} ${posted.intentID} ${posted.place === null ? 'unposted' : 'posted'}`)
    this.rows.set(`${channel} ${posted.intentID}`, posted)
  }
  async drop(channel: string, intentID: IntentID): Promise<void> {
    this.fault(`drop ${channel} ${intentID}`)
    this.rows.delete(`${channel} ${intentID}`)
  }
}

/**
 * What comes of one call. `lost`: it worked, and the answer says that it did not. `hang`: it works when `arrive` is
 * called, and answers then.
 */
export type Fate = 'works' | 'lost' | 'later' | 'throws' | 'never' | 'hang' | 'dead' | { readonly afterMs: number }

/** Messages as people see them. */
export class FakeChannel implements Channel {
  readonly name: Channel['name']
  readonly routes = []
  /** Message → the card on it. */
  readonly messages = new Map<string, Card>()
  readonly calls: { readonly intentID: string; readonly state: CardState; readonly place: string | null }[] = []
  fate: (card: Card) => Fate = () => 'works'
  words: string | null = null
  inFlight = 0
  mostInFlight = 0
  readonly #hanging: (() => void)[] = []
  readonly #inHand = new Set<string>()
  constructor(name: Channel['name'] = 'slack') {
    this.name = name
  }
  /** States as they stand in the channel, message by message. */
  seen(intentID: string): CardState[] {
    return [...this.messages.values()].filter((card) => card.intentID === intentID).map(({ state }) => state)
  }
  asked(intentID: string): string[] {
    return this.calls
      .filter((call) => call.intentID === intentID)
      .map(({ state, place }) => `${place === null ? 'post' : 'edit'} ${state}`)
  }
  /** Calls that hung arrive now, oldest first. */
  arrive(): void {
    for (const go of this.#hanging.splice(0)) go()
  }
  async show(card: Card, place: Place | null): Promise<Shown> {
    const { intentID, state } = card
    this.calls.push({ intentID, state, place: place?.message ?? null })
    const fate = this.fate(card)
    const hangs = fate === 'hang' || fate === 'dead'
    if (this.#inHand.has(intentID)) throw new Error(`two calls at once for ${intentID}`)
    if (!hangs) this.#inHand.add(intentID)
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight)
    try {
      if (fate === 'dead') await new Promise<never>(() => {})
      else if (fate === 'hang') await new Promise<void>((go) => this.#hanging.push(go))
      else await new Promise(setImmediate)
    } finally {
      this.inFlight--
      if (!hangs) this.#inHand.delete(intentID)
    }
    if (fate === 'throws') throw new Error('socket hang up')
    if (fate === 'never') return { outcome: 'never', text: 'channel_not_found' }
    if (typeof fate === 'object') return { outcome: 'later', afterMs: fate.afterMs, text: 'ratelimited' }
    if (fate === 'later') return { outcome: 'later', afterMs: null, text: 'slack is down' }
    const message = place?.message ?? `m${this.messages.size + 1}`
    this.messages.set(message, card)
    if (fate === 'lost') return { outcome: 'later', afterMs: null, text: 'no answer' }
    return { outcome: 'shown', place: { conversation: 'C1', message } }
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  trouble(): string | null {
    return this.words
  }
}

export type Bench = {
  readonly clock: HandClock
  readonly book: MemoryBook
  readonly channels: readonly [FakeChannel, ...FakeChannel[]]
  readonly logs: string[]
  /** Says that something changed. */
  readonly wake: () => void
  /** Another process with the same book: whatever the one before it was doing leads nowhere. */
  readonly boot: () => Outbox
}

export function bench(channels: Bench['channels'] = [new FakeChannel()], random: () => number = () => 0.999): Bench {
  const [clock, book] = [new HandClock(), new MemoryBook()]
  const logs: string[] = []
  const listeners = new Set<() => void>()
  let life = 0
  return {
    clock,
    book,
    channels,
    logs,
    wake() {
      for (const heard of listeners) heard()
    },
    boot() {
      const mine = ++life
      const alive = <T>(answer: T): T | Promise<never> => (mine === life ? answer : new Promise<never>(() => {}))
      const mortal: OutboxBook = {
        open: async (name) => alive(await book.open(name)),
        waiting: async () => alive(await book.waiting()),
        card: async (intentID) => alive(await book.card(intentID)),
        put: async (name, posted) => alive(mine === life ? await book.put(name, posted) : undefined),
        drop: async (name, intentID) => alive(mine === life ? await book.drop(name, intentID) : undefined),
      }
      return createOutbox({
        channels,
        book: mortal,
        clock,
        random,
        log: (level, text, facts) => logs.push(`${level} ${text} ${JSON.stringify(facts)}`),
        wake(heard) {
          listeners.add(heard)
          return () => void listeners.delete(heard)
        },
      })
    },
  }
}

/** Steps, and passes the time until the next is due, until nothing is. */
export async function settle(outbox: Outbox, clock: HandClock): Promise<void> {
  for (let step = 0; step < 500; step++) {
    const stepping = outbox.step()
    let due: Instant | null | 'hangs' = 'hangs'
    void stepping.then((at) => {
      due = at
    })
    await quiet()
    while (due === 'hangs') await clock.pass(1_000)
    if (due === null) return
    await clock.pass(Math.max(1, Math.ceil((due - clock.now()) / 1_000)))
  }
  throw new Error('the outbox never comes to rest')
}

/** What a channel must show once everything has come to rest. */
export const content = (card: Card | undefined): string => (card ? contentOf(card) : 'nothing')
