import type { ReactNode } from 'react'
import type { Headroom as Room, Intent } from '../../api/wire.ts'
import { cents, grouped } from '../decimal.ts'
import { Bar } from '../limits/bar.tsx'
import { LIMIT } from '../limits/words.ts'
import { Badge } from '../parts/badge.tsx'
import { list } from '../words.ts'

/** Less used than this, a limit is no news to whoever decides. */
const NEWS = 25

const numberOf = (percent: string | null): number => (percent === null ? 0 : Number(percent))

/** How much of the limits the order uses: those that are near, the others when opened. */
export function Headroom({
  intent: { headroom, requires, ticket },
}: {
  intent: Pick<Intent, 'headroom' | 'requires' | 'ticket'>
}): ReactNode {
  if (headroom.length === 0) return null
  const rooms = [...headroom].sort((a, b) => numberOf(b.afterPercent) - numberOf(a.afterPercent))
  const near = rooms.filter(({ afterPercent }) => afterPercent === null || Number(afterPercent) > NEWS)
  const rest = rooms.filter((room) => !near.includes(room))
  const beyond = (requires?.beyond ?? []).map((name) => LIMIT[name].title)
  const currency = ticket?.currency ?? ''
  return (
    <div role="group" aria-label="Limits" className="grid gap-2 rounded-md border border-line px-3 py-2 text-sm">
      {beyond.length === 0 ? null : (
        <p>
          <Badge tone="warn">beyond the soft limit</Badge> <strong className="text-warn">{list(beyond)}</strong>
          <span className="text-soft">: one level more is asked for</span>
        </p>
      )}
      <Lines rooms={near} currency={currency} />
      {rest.length === 0 ? null : (
        <details>
          <summary className="text-soft">
            {near.length === 0 ? 'Every limit' : `${rest.length} other limits`} used to {NEWS} % or less
          </summary>
          <div className="mt-2">
            <Lines rooms={rest} currency={currency} />
          </div>
        </details>
      )}
    </div>
  )
}

function Lines({ rooms, currency }: { rooms: readonly Room[]; currency: string }): ReactNode {
  if (rooms.length === 0) return null
  return (
    <ul className="grid gap-x-6 gap-y-2 sm:grid-cols-2">
      {rooms.map((room) => (
        <li key={room.name} className="grid gap-1">
          <p className="flex flex-wrap items-baseline justify-between gap-x-3">
            <span>
              After it <strong>{room.afterPercent ?? '?'} %</strong> of the {LIMIT[room.name].title}
            </span>
            <span className="text-xs text-soft">
              {room.orderPercent ?? '?'} % by this order, of {grouped(cents(room.limit))}
              {room.unit === 'account currency' ? ` ${currency}` : ''}
            </span>
          </p>
          <Bar
            percent={room.afterPercent === null ? 100 : Number(room.afterPercent)}
            added={numberOf(room.orderPercent)}
          />
        </li>
      ))}
    </ul>
  )
}
