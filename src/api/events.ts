import type { ServerResponse } from 'node:http'
import type { Caller } from './access.ts'
import { type Api, committedBell, timer } from './context.ts'
import { viewEvent } from './sentence.ts'
import type * as wire from './wire.ts'
import { rfc3339 } from '../values/instant.ts'

/** Rows read from the journal at a time. */
const BATCH = 200

export type Stream = {
  /** The last row the reader has; null to begin with what happens from now on. */
  readonly after: number | null
  readonly caller: Caller
  /** Whether the caller may still read; asked at each batch and heartbeat, so that a revoked token loses the stream too. */
  readonly stillAllowed: () => Promise<boolean>
}

/**
 * Serves the journal as server-sent events until the reader leaves, the server closes, or the caller loses access.
 * The reader's place is its own: rows are read from the journal as fast as it takes them, so a slow reader costs
 * `streamBytes` of memory and no more, and one that stops reading is cut. It resumes by `Last-Event-ID` without a gap.
 */
export async function serveEvents(api: Api, response: ServerResponse, ask: Stream): Promise<void> {
  const { reads, limits } = api
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.on('error', () => gone.abort())
  const ended = AbortSignal.any([gone.signal, api.closing])
  const bell = committedBell(api.onCommitted)
  try {
    const { size } = await reads.head()
    const known = ask.after !== null && ask.after < size
    let next = known && ask.after !== null ? ask.after + 1 : size
    const hello: wire.Hello = { seq: next - 1, now: rfc3339(api.clock.now()), reset: ask.after !== null && !known }
    // The bare id afterwards is no event; it tells EventSource where to resume when the line breaks before the first row.
    response.write(`retry: 1000\n\nevent: hello\ndata: ${JSON.stringify(hello)}\n\nid: ${next - 1}\n\n`)
    while (!ended.aborted) {
      if (!(await ask.stillAllowed())) break
      const rows = await reads.journal(next, BATCH)
      const names = rows.length > 0 ? await api.names() : (id: string) => id
      for (const row of rows) {
        if (!(await room(response, limits, ended))) return
        const event = viewEvent(row, names, ask.caller.kind === 'person')
        response.write(`id: ${row.seq}\nevent: ${row.action}\ndata: ${JSON.stringify(event)}\n\n`)
        next = row.seq + 1
      }
      if (rows.length === BATCH) continue
      const beat = timer(api.clock, limits.heartbeatMs)
      await bell.next(AbortSignal.any([ended, beat.signal]))
      beat.stop()
      if (beat.signal.aborted && (await room(response, limits, ended))) response.write(': still here\n\n')
    }
  } finally {
    bell.close()
    response.end()
  }
}

/** Waits until the reader has taken enough; false when it is gone, or has taken nothing for too long and is cut. */
async function room(response: ServerResponse, limits: Api['limits'], ended: AbortSignal): Promise<boolean> {
  if (ended.aborted) return false
  if (response.writableLength <= limits.streamBytes) return true
  const { promise, resolve } = Promise.withResolvers<'drained' | 'stalled'>()
  const timer = setTimeout(() => resolve('stalled'), limits.streamStallMs)
  const drained = (): void => resolve('drained')
  const stop = (): void => resolve('stalled')
  response.once('drain', drained)
  ended.addEventListener('abort', stop, { once: true })
  const how = await promise
  clearTimeout(timer)
  response.off('drain', drained)
  ended.removeEventListener('abort', stop)
  if (how === 'stalled' && !ended.aborted) response.destroy()
  return how === 'drained' && !ended.aborted
}
