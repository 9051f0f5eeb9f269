import { isZero } from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import type { Felt } from '../desk/watching.ts'
import { deliver, type Hands, runErrand } from './errands.ts'
import { readAccount, readMarket } from './facts.ts'
import { reading } from './retry.ts'

export type { Hands } from './errands.ts'

export type Worker = {
  /** Works until `signal` aborts, then finishes what is in hand. */
  run(signal: AbortSignal): Promise<void>
  /** Errands are due: `sends` of them are orders on their way to the wire. */
  wake(sends?: number): void
  /** Runs everything that is due now, and what that makes due, until nothing is. For tests and drills. */
  drain(): Promise<void>
  /** Reads the facts of every symbol that somebody waits for, holds or has orders in, once. */
  refreshFacts(): Promise<void>
  /** Has the desk look at what only time brings, once. */
  watch(): Promise<void>
}

/** Longer than the slowest broker call and its retries: a lease that ends early would have two workers ask at once. */
const LEASE_MS = 60_000
/** Errands in hand at once. More would only queue at the broker's own limit. */
const AT_ONCE = 32
/** Quotes are kept younger than half of what the gate allows, so that a yes rarely waits for a read. A broker may set another pace. */
const FACTS_MS = 1_000
const IDLE_MS = 500
/** What an intruder could cut off unseen is at most this old; one signature and one fsync each. */
const SEAL_MS = 2_000
/** An alert reaches people within five seconds of what it is about: two until it is seen, the rest for the way. */
const WATCH_MS = 2_000
/** Clocks drift slowly, and a jump is found by the ages of quotes as well. */
const CLOCK_MS = 60_000
/** Below this a clock is right, and what was wrong before is over. */
const CLOCK_FAULT_MS = 250
/** A clock that is being set may be right for a moment and go on: two readings say that it is kept. */
const GOOD_READS = 2

const LOST_ANSWER = 'the answer to a send could not be recorded'
const LOST_ERRAND = 'an errand could not be put back'

export function createWorker(given: Hands, owner: string): Worker {
  let deafSince: Instant | null = null
  const h: Hands = { ...given, deaf: () => deafSince !== null }
  let woken = false
  /** From then on nothing new is begun, whoever calls. */
  let stopping = false
  let wakeUp: () => void = () => {}
  const busy = new Set<Promise<unknown>>()
  const hold = (work: Promise<unknown>) => {
    const held = work.finally(() => busy.delete(held))
    busy.add(held)
  }

  // Each claim has a name of its own: an errand that is asked for again and claimed again within one microsecond would
  // otherwise look the same to both holders, and the first to end would drop it for the second.
  let claims = 0
  const claimer = (): string => `${owner}#${++claims}`

  /** A send that cannot be claimed is put off like any errand (claim, below); it must not hold up those behind it. */
  const claimSend = () =>
    h.desk.claimSend(claimer(), LEASE_MS, h.haltFile()).catch((thrown) => {
      h.log('error', 'a send could not be claimed', { error: String(thrown) })
      return null
    })

  /** Claims the oldest due send and sets it going. False when none is due. */
  async function takeSend(): Promise<boolean> {
    const claim = await claimSend()
    if (!claim) return false
    const { errand, send, settled } = claim
    if (send) hold(guarded(deliver(h, send), LOST_ANSWER, errand.subject))
    else if (!settled) hold(guarded(runErrand(h, errand), LOST_ERRAND, errand.subject))
    return true
  }

  /** Takes what is due, up to the free hands. Returns how many were taken. */
  async function take(): Promise<number> {
    woken = false
    let taken = 0
    // Claims that are asked for together are committed together, so the hands are filled in doubling steps.
    for (let together = 1; together > 0; ) {
      const claims = await Promise.all(Array.from({ length: together }, takeSend))
      const sends = claims.filter(Boolean).length
      taken += sends
      together = sends < together ? 0 : Math.min(together * 2, AT_ONCE - busy.size)
    }
    const free = AT_ONCE - busy.size
    if (free <= 0) return taken
    const errands = await h.desk.claim(claimer(), free, LEASE_MS)
    for (const errand of errands) hold(guarded(runErrand(h, errand), LOST_ERRAND, errand.subject))
    return taken + errands.length
  }

  /** What could not be made durable is lost here and found again: by the end of its lease, or as doubt after a restart. */
  const guarded = (work: Promise<void>, message: string, subject: string) =>
    work.catch((thrown) => h.log('error', message, { subject, error: String(thrown) }))

  const pace = h.broker.capabilities?.pace
  let accountAt: Instant | null = null
  /** The account changes when we trade, and the gate has it read again then; in between a slower pace will do. */
  const accountIsDue = (): boolean =>
    accountAt === null || pace === undefined || msBetween(accountAt, h.clock.now()) >= pace.accountMs

  async function refreshFacts(): Promise<void> {
    const symbols = await watched()
    if (symbols.length === 0) return
    const due = accountIsDue()
    const [account, ...markets] = await Promise.allSettled([
      due ? reading(() => readAccount(h.broker, h.reads, h.clock), h) : null,
      ...symbols.map((s) => reading(() => readMarket(h.broker, h.reads, s, h.clock), h)),
    ])
    if (due && account.status === 'fulfilled') accountAt = h.clock.now()
    // A symbol that cannot be read closes the gate for itself, not for the others.
    await h.desk.recordFacts({
      markets: markets.flatMap((read) => (read.status === 'fulfilled' ? [read.value] : [])),
      account: account.status === 'fulfilled' ? account.value : null,
    })
    const failed = [account, ...markets].find((read) => read.status === 'rejected')
    if (failed) throw failed.reason
  }

  async function watched(): Promise<string[]> {
    const [waiting, open, positions] = await Promise.all([
      h.reads.waitingIntents(),
      h.reads.openOrders(h.broker.account),
      h.reads.all('position'),
    ])
    const held = positions.filter((p) => !isZero(p.netQty)).map((p) => p.symbol)
    return [...new Set([...waiting.map((i) => i.proposal.symbol), ...open.map((o) => o.terms.symbol), ...held])].sort()
  }

  async function keepFactsFresh(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await refreshFacts()
      } catch (thrown) {
        h.log('warn', 'the facts could not be refreshed; the gate closes when they are too old', {
          error: String(thrown),
        })
      }
      await h.clock.sleep(pace?.quotesMs ?? FACTS_MS, signal)
    }
  }

  /** The journal's head is signed and anchored outside the database soon after it grew. */
  async function keepSealed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await h.clock.sleep(SEAL_MS, signal)
      await h.desk
        .checkpoint()
        .catch((thrown) => h.log('error', 'the journal could not be anchored', { error: String(thrown) }))
    }
  }

  let clockOff: Felt['clock'] = null
  let goodReads = 0
  const watch = async (): Promise<void> =>
    h.desk.watch({
      silentSince: h.silentSince?.() ?? null,
      ...(deafSince !== null && { deafSince }),
      clock: clockOff,
      ...(goodReads >= GOOD_READS && { clockKept: true as const }),
    })

  /** How far our clock is off, as far as that is certain. One that is off for long is one fault, however much it drifts. */
  async function readClock(): Promise<void> {
    const read = await h.broker.clockAhead?.()
    if (!read) return
    const aheadMs = Math.sign(read.aheadMs) * Math.max(0, Math.abs(read.aheadMs) - read.withinMs)
    const isOff = Math.abs(aheadMs) >= CLOCK_FAULT_MS
    goodReads = isOff ? 0 : goodReads + 1
    if (isOff) clockOff = { aheadMs, since: clockOff?.since ?? h.clock.now() }
    else if (goodReads >= GOOD_READS) clockOff = null
  }

  async function keepClock(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && h.broker.clockAhead) {
      await readClock().catch((thrown) =>
        h.log('warn', "the broker's clock could not be read", { error: String(thrown) }),
      )
      await h.clock.sleep(CLOCK_MS, signal)
    }
  }

  async function keepWatch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await h.clock.sleep(WATCH_MS, signal)
      if (signal.aborted) return
      await watch().catch((thrown) => h.log('error', 'nobody watched for a moment', { error: String(thrown) }))
    }
  }

  async function idle(signal: AbortSignal): Promise<void> {
    const due = await h.reads.nextDue()
    const ms = due === null ? IDLE_MS : Math.min(IDLE_MS, Math.max(0, msBetween(h.clock.now(), due)))
    if (ms === 0) return
    const stop = new AbortController()
    const call = new Promise<void>((resolve) => {
      wakeUp = resolve
    })
    if (!woken) await Promise.race([call, h.clock.sleep(ms, AbortSignal.any([signal, stop.signal]))])
    stop.abort()
  }

  const unsubscribe = h.broker.onReport((report) => {
    hold(
      h.desk
        .applyReports([report])
        .catch((thrown) =>
          h.log('error', 'a report could not be recorded; polling finds it again', { error: String(thrown) }),
        ),
    )
  })

  const unnoticed = h.broker.onNotice((notice) => {
    if (notice.kind !== 'odd') deafSince = notice.kind === 'lost' ? (deafSince ?? h.clock.now()) : null
    hold(
      h.desk
        .notice(notice)
        .catch((thrown) => h.log('error', 'a notice of the broker could not be recorded', { error: String(thrown) })),
    )
  })

  return {
    wake(sends = 0) {
      // A send that has just been approved does not wait for the round that is under way.
      for (let n = 0; n < sends && busy.size < AT_ONCE && !stopping; n++) hold(takeSend())
      woken = true
      wakeUp()
    },
    refreshFacts,
    watch,
    async drain() {
      while ((await take()) > 0 || busy.size > 0) await Promise.all(busy)
    },
    async run(signal) {
      const stop = () => {
        stopping = true
      }
      signal.addEventListener('abort', stop, { once: true })
      const upkeep = [keepFactsFresh(signal), keepSealed(signal), keepWatch(signal), keepClock(signal)]
      while (!signal.aborted) {
        try {
          const taken = await take()
          if (busy.size >= AT_ONCE) await Promise.race(busy)
          else if (taken === 0) await idle(signal)
        } catch (thrown) {
          h.log('error', 'no errand could be claimed', { error: String(thrown) })
          // What is due stays due: without a pause a full disk would be asked without end.
          await h.clock.sleep(IDLE_MS, signal)
        }
      }
      unsubscribe()
      unnoticed()
      await Promise.all([...upkeep, ...busy])
    },
  }
}
