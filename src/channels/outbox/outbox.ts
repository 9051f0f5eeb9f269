import { type Alert, type Card, type Channel, keptUnder, type Place, type Shown } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'
import type { IntentID } from '../../values/brand.ts'
import { type Instant, msBetween } from '../../values/instant.ts'
import { afterShowing, contentOf, isDue, isFinal, moveOf, nextDue, type Posted, unposted } from './posted.ts'

/** What the outbox has to know and to keep: durable, so that a restart posts nothing twice. */
export interface OutboxBook {
  /** Every row of this channel that was put and not dropped. */
  open(channel: Channel['name']): Promise<readonly Posted[]>
  /** The intents that wait for a decision now. */
  waiting(): Promise<readonly IntentID[]>
  /** The order as it is now; null when there is no such intent. */
  card(intentID: IntentID): Promise<Card | Alert | null>
  /** Writes the row of `posted.intentID` in this channel, in place of the one before it. Durable when it resolves. */
  put(channel: Channel['name'], posted: Posted): Promise<void>
  /** Nothing happens when there is no such row. */
  drop(channel: Channel['name'], intentID: IntentID): Promise<void>
}

export type OutboxDeps = {
  readonly channels: readonly Channel[]
  readonly book: OutboxBook
  /** The time of people, not that of a replayed market. */
  readonly clock: Clock
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
  readonly log: (level: 'info' | 'warn' | 'error', text: string, facts: Record<string, unknown>) => void
  /** Calls `heard` whenever any order may look different, as often as it likes; returns how to stop that. */
  readonly wake: (heard: () => void) => () => void
}

export type Outbox = {
  /** Keeps every channel in step until `signal` aborts, then waits for the calls in hand: 30 s at most. Once only. */
  run(signal: AbortSignal): Promise<void>
  /**
   * Tries everything that is due now, once. For tests and drills, not beside `run`.
   * @returns when what failed is to be tried again; null when nothing did.
   */
  step(): Promise<Instant | null>
  /** What is wrong now, channel by channel, in words; empty when every channel shows what is so. */
  troubles(): readonly { readonly channel: Channel['name']; readonly text: string }[]
}

/** Calls in flight per channel. More would only meet the channel's own limit. */
const AT_ONCE = 4
/** Of these, so many at most for cards that failed before: what is new finds a free hand even when the rest hangs. */
const TROUBLED_AT_ONCE = 3
/** An adapter gives up after 10 s by itself; this is for one that does not. */
const CALL_MS = 30_000
/** A call that was given up may still arrive. Its answer is waited for this long before another one is made. */
const HUNG_MS = 60_000
/** Changes wake us; looking at times finds what no wake told. */
const POLL_MS = 5_000
/** A storm of events costs ten looks a second, not one per event. */
const PAUSE_MS = 100

/**
 * Keeps the cards of every channel in step with what is so: each waiting intent gets a card, each card is shown again
 * when it says something else, up to its final state. A card whose answer was lost is posted again rather than forgotten.
 */
export function createOutbox(deps: OutboxDeps): Outbox {
  const lanes = deps.channels.map((channel) => createLane(channel, deps))
  return {
    async run(signal) {
      const unhear = deps.wake(() => {
        for (const lane of lanes) lane.rouse()
      })
      await Promise.all(lanes.map((lane) => lane.run(signal)))
      unhear()
    },
    async step() {
      const times = await Promise.all(lanes.map((lane) => lane.step()))
      return times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null)
    },
    troubles: () =>
      lanes.flatMap((lane) => {
        const text = lane.trouble()
        return text === null ? [] : [{ channel: lane.name, text }]
      }),
  }
}

type Lane = {
  readonly name: Channel['name']
  run(signal: AbortSignal): Promise<void>
  step(): Promise<Instant | null>
  rouse(): void
  trouble(): string | null
}
/** A card to look after, and what the book has of it. */
type Item = { readonly intentID: IntentID; readonly row: Posted | null }
/** Why a card does not show what is so. `gaveUp`: the content that the channel will never take; null while it is tried again. */
type Failing = { readonly text: string; readonly gaveUp: string | null; readonly dropped: boolean }

/** One channel. Lanes know nothing of each other, so that one that hangs delays no other. */
function createLane(channel: Channel, { book, clock, random, log }: OutboxDeps): Lane {
  const { name } = channel
  const busy = new Map<IntentID, { readonly troubled: boolean; readonly done: Promise<void> }>()
  let queue: Item[] = []
  /** Whom we turned to since the book was last opened: what it said of them may be older than what we did. */
  let begun = new Set<IntentID>()
  /** Whom the last look passed over because a hand was on them: they may have changed behind it. */
  const passedOver = new Set<IntentID>()
  /** What the book could not take yet; null is a row to drop. Without it the book would have us post again. */
  const unsaved = new Map<IntentID, Posted | null>()
  /** Cards that a given-up call may have put something else on, and where. */
  const late = new Map<IntentID, Place | null>()
  const failing = new Map<IntentID, Failing>()
  let stopping = false
  let roused = false
  let wakeUp: () => void = () => {}

  function rouse(): void {
    roused = true
    wakeUp()
  }

  /** Opens the book, and sets going what is due. @returns when the next of the others is. */
  async function look(): Promise<Instant | null> {
    begun = new Set(busy.keys())
    const [rows, waiting] = await Promise.all([book.open(name), book.waiting()])
    const now = clock.now()
    const known = new Map<IntentID, Posted | null>(rows.map((row) => [row.intentID, row]))
    for (const [intentID, row] of unsaved) known.set(intentID, row)
    for (const intentID of [...waiting, ...late.keys()]) if (!known.has(intentID)) known.set(intentID, null)
    for (const intentID of begun) if (busy.has(intentID)) passedOver.add(intentID)
    // Nobody waits for these any more.
    for (const [id, { dropped }] of failing) if (!dropped && !known.has(id) && !begun.has(id)) failing.delete(id)
    queue = [...known]
      .filter(([id, row]) => !begun.has(id) && (row === null || isDue(row, now) || late.has(id) || unsaved.has(id)))
      .map(([intentID, row]) => ({ intentID, row }))
      // Those that never failed first: they must not wait for the others.
      .sort((a, b) => tries(a) - tries(b) || (a.row?.dueAt ?? now) - (b.row?.dueAt ?? now))
    fill()
    return nextDue(
      rows.filter((row) => !isDue(row, now)),
      now,
    )
  }

  function fill(): void {
    while (!stopping && busy.size < AT_ONCE) {
      const item = queue[0]
      if (!item) return
      const troubled = tries(item) > 0
      // They stand last: whoever follows failed as well.
      if (troubled && [...busy.values()].filter((each) => each.troubled).length >= TROUBLED_AT_ONCE) return
      queue.shift()
      begun.add(item.intentID)
      busy.set(item.intentID, { troubled, done: work(item) })
    }
  }

  async function work(item: Item): Promise<void> {
    try {
      if (await tend(item)) roused = true
    } catch (thrown) {
      failed(item.intentID, words(thrown))
    }
    busy.delete(item.intentID)
    if (passedOver.delete(item.intentID)) roused = true
    fill()
    if (roused && busy.size < AT_ONCE) wakeUp()
  }

  /** Does what one card needs. @returns true when the channel was asked, so that it is worth looking again. */
  async function tend({ intentID, row: stored }: Item): Promise<boolean> {
    const unkept = unsaved.get(intentID)
    if (unkept !== undefined) await record(intentID, unkept)
    const isLate = late.has(intentID)
    if (!isLate && stored !== null && !isDue(stored, clock.now())) return false
    const card = await book.card(intentID)
    const row = isLate ? overtaken(intentID, stored) : stored
    const move = moveOf(row, card)
    if (card === null || move !== 'show') {
      if (row !== null && move === 'drop') await release(row, card)
      failing.delete(intentID)
      late.delete(intentID)
      return false
    }
    if (!isLate && failing.get(intentID)?.gaveUp === contentOf(card)) return false
    const before = row ?? unposted(intentID, clock.now())
    // Written first: were it only posted, a crash would leave a card with buttons that nobody knows of.
    if (stored === null) await book.put(name, before)
    late.delete(intentID)
    const said = await asked(card, before.place)
    tell(card, before, said)
    await record(intentID, afterShowing(before, card, said, clock.now(), random()))
    return true
  }

  async function release(row: Posted, card: Card | Alert | null): Promise<void> {
    const { intentID, place } = row
    if (card === null && place !== null)
      log('warn', 'a card stands in a channel for an order that is unknown; it stays as it is', {
        ...here(intentID),
        place,
      })
    await record(intentID, null)
  }

  /** What a call that came late left behind: shown is who knows what, at the place that it tells if we know none. */
  function overtaken(intentID: IntentID, stored: Posted | null): Posted | null {
    const place = late.get(intentID) ?? null
    if (stored === null && place === null) return null
    const row = stored ?? unposted(intentID, clock.now())
    if (row.place !== null && place !== null && row.place.message !== place.message)
      log('warn', 'a card stands twice in a channel; only one of them is kept in step', {
        ...here(intentID),
        kept: row.place,
        other: place,
      })
    return { ...row, place: row.place ?? place, shown: null }
  }

  /** One call, whatever comes of it, within `CALL_MS`. */
  async function asked(card: Card | Alert, place: Place | null): Promise<Shown> {
    const call = attempt(card, place)
    const answered = new AbortController()
    const bell = clock.sleep(CALL_MS, answered.signal).then(() => null)
    const said = await Promise.race([call, bell])
    answered.abort()
    if (said !== null) return said
    void call.then((came) => {
      late.set(keptUnder(card), came.outcome === 'shown' ? came.place : place)
      rouse()
    })
    return { outcome: 'later', afterMs: HUNG_MS, text: `no answer within ${CALL_MS / 1000} s` }
  }

  async function attempt(card: Card | Alert, place: Place | null): Promise<Shown> {
    try {
      return await channel.show(card, place)
    } catch (thrown) {
      return { outcome: 'later', afterMs: null, text: words(thrown) }
    }
  }

  async function record(intentID: IntentID, row: Posted | null): Promise<void> {
    unsaved.set(intentID, row)
    await (row === null ? book.drop(name, intentID) : book.put(name, row))
    unsaved.delete(intentID)
  }

  function tell(card: Card | Alert, before: Posted, said: Shown): void {
    const intentID = keptUnder(card)
    if (said.outcome === 'later') return failed(intentID, said.text)
    if (said.outcome === 'never') {
      const facts = { ...here(intentID), state: card.state, reason: said.text }
      log('error', 'a card cannot be shown, and is not tried again until it changes', facts)
      failing.set(intentID, { text: said.text, gaveUp: contentOf(card), dropped: isFinal(card) })
      return
    }
    if (before.attempts > 0)
      log('info', 'a card could be shown after all', { ...here(intentID), attempts: before.attempts })
    failing.delete(intentID)
    // The channel works again, and no row is left to try those with.
    for (const [id, { dropped }] of failing) if (dropped) failing.delete(id)
  }

  /** An hour of the same trouble is one line. */
  function failed(intentID: IntentID, text: string): void {
    if (failing.get(intentID)?.text !== text)
      log('warn', 'a card could not be shown; it is tried again', { ...here(intentID), reason: text })
    failing.set(intentID, { text, gaveUp: null, dropped: false })
  }

  const here = (intentID: IntentID) => ({ channel: name, intentID })

  async function idle(due: Instant | null, signal: AbortSignal): Promise<void> {
    const ms = due === null ? POLL_MS : Math.min(POLL_MS, Math.max(0, msBetween(clock.now(), due)))
    const stop = new AbortController()
    const call = new Promise<void>((resolve) => {
      wakeUp = resolve
    })
    if (!roused) await Promise.race([call, clock.sleep(ms, AbortSignal.any([signal, stop.signal]))])
    stop.abort()
  }

  return {
    name,
    rouse,
    async run(signal) {
      const stop = (): void => {
        stopping = true
      }
      signal.addEventListener('abort', stop, { once: true })
      while (!signal.aborted) {
        roused = false
        let due: Instant | null = null
        try {
          due = await look()
        } catch (thrown) {
          log('error', 'the cards of a channel could not be read', { channel: name, error: words(thrown) })
        }
        await clock.sleep(PAUSE_MS, signal)
        await idle(due, signal)
      }
      await Promise.all([...busy.values()].map((each) => each.done))
    },
    async step() {
      await look()
      while (busy.size > 0) await Promise.race([...busy.values()].map((each) => each.done))
      return nextDue([...(await book.open(name))], clock.now())
    },
    trouble() {
      const last = [...failing.values()].at(-1)
      const own = channel.trouble()
      if (own !== null || !last) return own
      return `${failing.size === 1 ? 'one card does' : `${failing.size} cards do`} not show what is so: ${last.text}`
    },
  }
}

const tries = ({ row }: Item): number => row?.attempts ?? 0
const words = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
