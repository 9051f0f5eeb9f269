import type { ServerResponse } from 'node:http'
import { activityEventJson, type Booked } from './booked.ts'
import { badParameter, type Refusal } from './refusal.ts'
import { parseStamp, ULID } from './wire.ts'
import type { Venue } from './venue.ts'

/** From where to where; null is open. Both ends are included: a caller that goes on where it stopped hears that one again. */
type Range = { readonly from: string | null; readonly to: string | null; readonly by: 'id' | 'time' | 'now' }

/** The rules of `GET /v2beta1/events/activities`. */
export function readRange(query: URLSearchParams): Range | Refusal {
  const [since, until, sinceID, untilID] = ['since', 'until', 'since_id', 'until_id'].map((key) => query.get(key))
  if (since && sinceID) return badParameter('since and since_id cannot be used together')
  if (until && !since) return badParameter('since is required if until is specified')
  if (untilID && !sinceID) return badParameter('since_id is required if until_id is specified')
  if (sinceID) {
    if (!ULID.test(sinceID) || (untilID && !ULID.test(untilID))) return badParameter('invalid ulid')
    return { from: sinceID, to: untilID ?? null, by: 'id' }
  }
  if (!since) return { from: null, to: null, by: 'now' }
  const [from, to] = [parseStamp(since), until ? parseStamp(until) : null]
  return from && !(until && !to) ? { from, to, by: 'time' } : badParameter('invalid time')
}

const HEARTBEAT_MS = 15_000

/** Server-sent events: what is booked already, then what comes. With an end it ends, once everything up to it is told. */
export function streamActivities(venue: Venue, range: Range, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const keyOf = (b: Booked): string => (range.by === 'id' ? b.eventID : b.at)
  const within = (b: Booked): boolean =>
    (range.from === null || keyOf(b) >= range.from) && (range.to === null || keyOf(b) <= range.to)
  const tell = (all: readonly Booked[]): void => {
    for (const b of all) {
      const asset = venue.assets.get(b.symbol)
      if (asset && within(b)) response.write(`data: ${JSON.stringify(activityEventJson(b, asset))}\n\n`)
    }
  }
  response.write(':heartbeat\n\n')
  if (range.by !== 'now') tell(venue.booked)
  if (range.to !== null) return void response.end()
  const stop = venue.onBooked(tell)
  const beat = setInterval(() => response.write(':heartbeat\n\n'), HEARTBEAT_MS)
  beat.unref()
  response.on('close', () => {
    stop()
    clearInterval(beat)
  })
}
