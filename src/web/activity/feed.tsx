import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Event } from '../../api/wire.ts'
import { useConnection } from '../live.tsx'
import { Field } from '../parts/field.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { FEED_MAX, journalQuery } from '../queries.ts'
import { EventRow } from './event-row.tsx'

/** The journal as it grows, newest first. */
export function Feed(): ReactNode {
  const { state } = useConnection()
  const [wanted, setWanted] = useState('')
  const journal = useQuery({
    ...journalQuery,
    staleTime: state === 'live' ? Infinity : 0,
    refetchOnMount: 'always',
    refetchInterval: state === 'live' ? false : 4_000,
  })
  const { data, isPending } = journal
  const events = [...(data?.items ?? [])].reverse().filter((event) => matches(event, wanted))
  return (
    <Panel
      title="What happens"
      note={state === 'live' ? `Live, the last ${FEED_MAX} rows` : 'Not live now; asking every few seconds'}
      aside={<Field label="Show only" value={wanted} onChange={setWanted} type="search" maxLength={60} />}
    >
      {isPending ? <Skeleton what="the journal" lines={8} /> : null}
      <Unread query={journal} what="The journal" />
      {data !== undefined && events.length === 0 ? (
        <Blank title={wanted === '' ? 'Nothing has happened yet.' : 'No row matches.'} />
      ) : null}
      <ol className="grid grid-cols-1">
        {events.map((event) => (
          <EventRow key={event.seq} event={event} />
        ))}
      </ol>
    </Panel>
  )
}

function matches(event: Event, wanted: string): boolean {
  const words = wanted.trim().toLowerCase()
  if (words === '') return true
  return `${event.action} ${event.text} ${event.actor.id} ${event.object.id} ${event.corr}`
    .toLowerCase()
    .includes(words)
}
