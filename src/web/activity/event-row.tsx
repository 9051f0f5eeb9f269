import type { ReactNode } from 'react'
import type { Event } from '../../api/wire.ts'
import { Moment } from '../parts/moment.tsx'
import { RawJson } from '../parts/raw-json.tsx'
import { Link } from '../router.tsx'

/** One journal row: what happened in words, who did it, and the row itself when opened. */
export function EventRow({ event, within }: { event: Event; within?: 'story' }): ReactNode {
  const { seq, ts, action, actor, object, text } = event
  const story = within !== 'story' && object.type === 'intent' ? `/intents/${encodeURIComponent(object.id)}` : undefined
  return (
    <li className="grid grid-cols-1 gap-x-3 border-b border-line py-2 text-sm last:border-0 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
      <span className="text-xs text-soft sm:pt-0.5">
        <Moment at={ts} />
      </span>
      <div className="min-w-0">
        <p>
          {story === undefined ? (
            <bdi>{text}</bdi>
          ) : (
            <Link to={story} className="hover:underline">
              <bdi>{text}</bdi>
            </Link>
          )}
        </p>
        <div className="flex flex-wrap gap-x-3 text-xs text-soft">
          <code className="font-mono">{action}</code>
          <span>
            {actor.type} {actor.id === actor.type ? null : <bdi>{actor.id}</bdi>} via {actor.via}
          </span>
          <span>row {seq}</span>
          <RawJson title="JSON" value={event} />
        </div>
      </div>
    </li>
  )
}
