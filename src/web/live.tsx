import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Event, Hello } from '../api/wire.ts'
import { away, isSignedOut } from './http.ts'
import { FEED_MAX, journalQuery, meQuery, statusQuery } from './queries.ts'
import { messageReader } from './sse.ts'
import { msOf } from './time.ts'

/**
 * Keeps every screen as fresh as the journal. Events make the views they touch ask again; when the stream drops, all
 * views poll; when polling fails as well, the connection is lost and every page says since when.
 */
export type Connection = { readonly state: 'live' | 'polling' | 'lost'; readonly heardAtMs: number }

/** Views by the noun of an action (`intent.received`). A noun that is not here refreshes everything. */
const TOUCHES: Readonly<Record<string, readonly string[]>> = {
  intent: ['intents', 'story', 'statistics', 'approvals', 'status'],
  order: ['orders', 'intents', 'limits', 'liquidation', 'story', 'halt', 'status'],
  execution: ['orders', 'fills', 'intents', 'limits', 'liquidation', 'positions', 'account', 'story', 'halt', 'status'],
  halt: ['halt', 'intents', 'orders', 'status'],
  liquidation: ['liquidation', 'halt', 'status'],
  instrument: ['intents', 'status'],
  task: ['tasks', 'status'],
  account: ['reconciliation', 'account', 'positions', 'halt', 'status'],
  change: ['changes', 'limits', 'stage'],
  stage: ['stage', 'limits', 'changes', 'tasks', 'status'],
  drill: ['drills', 'stage'],
  limits: ['limits', 'changes', 'intents', 'story'],
  day: ['limits', 'stage'],
  policy: ['approvals', 'changes', 'account', 'intents', 'story', 'status'],
  strategy: ['approvals', 'strategies', 'stage', 'account', 'status'],
  person: ['people', 'approvals', 'changes', 'me'],
  passkey: ['access', 'changes', 'intents', 'story'],
  link: ['access'],
  session: ['access'],
  code: [],
  token: ['tokens'],
}
/** What the stream itself keeps up to date, or what no event is about. */
const UNTOUCHED = ['me', 'quote', 'instrument', 'journal']

/** Changes come in bursts (a fill is four rows); one refresh per burst, well inside a second. */
const BURST_MS = 120

/** The server beats every 15 s; one beat may be late, two mean a dead connection. */
const SILENCE_MS_MAX = 32_000

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000]

export const POLL_MS = { live: 30_000, polling: 2_000, lost: 2_000 } as const

const Live = createContext<Connection>({ state: 'polling', heardAtMs: 0 })

/** The gateway's clock as it was last read: `nowMs` at `readAtMs` of this machine, running `speed` times as fast. */
type Reading = { readonly nowMs: number; readonly readAtMs: number; readonly speed: number }

const Clock = createContext<Reading>({ nowMs: 0, readAtMs: 0, speed: 1 })

export const useConnection = (): Connection => use(Live)

/** How often a view asks on its own: seldom while events tell it when. */
export const usePollMs = (): number => POLL_MS[use(Live).state]

export function LiveProvider({ children }: { children: ReactNode }): ReactNode {
  const client = useQueryClient()
  const [streaming, setStreaming] = useState(false)
  useEffect(() => {
    const stop = new AbortController()
    void follow(client, stop.signal, setStreaming)
    return () => stop.abort()
  }, [client])

  const { data, dataUpdatedAt, failureCount, error } = useQuery({
    ...statusQuery,
    refetchInterval: streaming ? 5_000 : 2_000,
    refetchIntervalInBackground: true,
  })
  const silent = (error !== null || failureCount > 0) && !isSignedOut(error)
  const state = streaming && !silent ? 'live' : silent ? 'lost' : 'polling'
  const reading = useMemo(
    () =>
      data === undefined
        ? { nowMs: 0, readAtMs: 0, speed: 1 }
        : { nowMs: msOf(data.status.now), readAtMs: data.readAtMs, speed: data.status.marketClock.speed },
    [data],
  )
  return (
    <Live value={{ state, heardAtMs: dataUpdatedAt }}>
      <Clock value={reading}>{children}</Clock>
    </Live>
  )
}

async function follow(client: QueryClient, stop: AbortSignal, onState: (streaming: boolean) => void): Promise<void> {
  let last: string | null = null
  const touch = toucher(client)
  let tries = 0
  while (!stop.aborted) {
    const signedOut = await listen(last, stop, {
      opened: () => {
        onState(true)
        // Whatever was missed while away is fetched, not guessed.
        if (tries > 0) touch(null)
        tries = 0
      },
      greeted: (hello) => {
        last = String(hello.seq)
        // Another journal than the one we knew: nothing on the screen belongs to it.
        if (hello.reset) void client.resetQueries()
      },
      heard: (event) => {
        last = String(event.seq)
        append(client, event)
        touch(event)
      },
    })
    onState(false)
    if (stop.aborted) return
    if (signedOut) {
      await client.invalidateQueries({ queryKey: meQuery.queryKey })
      return
    }
    await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 8_000, stop)
    tries++
  }
}

/** Adds a row to the feed, if somebody has asked for it; a hole in the sequence makes it ask again. */
function append(client: QueryClient, event: Event): void {
  const items = client.getQueryData(journalQuery.queryKey)?.items
  const newest = items?.at(-1)?.seq
  if (items === undefined || newest === undefined || event.seq <= newest) return
  if (event.seq > newest + 1) return void client.invalidateQueries({ queryKey: journalQuery.queryKey })
  client.setQueryData(journalQuery.queryKey, { items: [...items, event].slice(-FEED_MAX) })
}

/** Collects the views to refresh and refreshes them once per burst; null means all of them. */
function toucher(client: QueryClient): (event: Event | null) => void {
  let views: Set<string> | 'all' = new Set()
  let due = false
  const flush = (): void => {
    const these = views
    views = new Set()
    due = false
    void client.invalidateQueries({
      predicate: ({ queryKey }) => {
        const view = String(queryKey[0])
        return these === 'all' ? !UNTOUCHED.includes(view) : these.has(view)
      },
    })
  }
  return (event) => {
    const touched = event === null ? undefined : TOUCHES[event.action.split('.')[0] ?? '']
    if (touched === undefined) views = 'all'
    else if (views !== 'all') for (const view of touched) views.add(view)
    if (!due) setTimeout(flush, BURST_MS)
    due = true
  }
}

type Hearer = { opened(): void; greeted(hello: Hello): void; heard(event: Event): void }

/** Reads the stream until it ends, whatever the reason. @returns true when the session is over. */
async function listen(last: string | null, stop: AbortSignal, hearer: Hearer): Promise<boolean> {
  const quit = new AbortController()
  const signal = AbortSignal.any([stop, quit.signal])
  let silence = setTimeout(() => quit.abort(), SILENCE_MS_MAX)
  try {
    const response = await fetch(`/v1/events${last === null ? '' : `?after=${last}`}`, {
      headers: { accept: 'text/event-stream', ...away(), ...(last === null ? {} : { 'last-event-id': last }) },
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
    })
    if (response.status === 401) return true
    if (!response.ok || response.body === null) return false
    hearer.opened()
    const read = messageReader()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return false
      clearTimeout(silence)
      silence = setTimeout(() => quit.abort(), SILENCE_MS_MAX)
      for (const { id, event, data } of read(value)) {
        if (event === 'hello') hearer.greeted(JSON.parse(data) as Hello)
        else if (id !== null) hearer.heard(JSON.parse(data) as Event)
      }
    }
  } catch {
    // Dropped, stopped, silent or unreadable: in every case the caller polls and opens it anew.
    return false
  } finally {
    clearTimeout(silence)
    quit.abort()
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms)
    stop.addEventListener('abort', () => {
      clearTimeout(timer)
      done()
    })
  })
}

const ticks = new Set<() => void>()
let second = Date.now()
let ticking: ReturnType<typeof setInterval> | undefined

/** One timer for all clocks of the page. */
function onTick(listener: () => void): () => void {
  ticks.add(listener)
  ticking ??= setInterval(() => {
    second = Date.now()
    for (const tick of ticks) tick()
  }, 500)
  return () => {
    ticks.delete(listener)
    if (ticks.size > 0) return
    clearInterval(ticking)
    ticking = undefined
  }
}

/** The gateway's clock in ms, twice a second: what deadlines are measured against. */
export function useNowMs(): number {
  const here = useSyncExternalStore(onTick, () => second)
  const { nowMs, readAtMs, speed } = use(Clock)
  return nowMs + (here - readAtMs) * speed
}

/** Market seconds per second of a person: 1, except while a recorded day is replayed faster. */
export const useSpeed = (): number => use(Clock).speed
