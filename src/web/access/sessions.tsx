import type { ReactNode } from 'react'
import type { Access } from '../../api/wire.ts'
import { useGiveUp } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { Trouble } from '../parts/trouble.tsx'

type Session = Access['sessions'][number]

const VIA: Readonly<Record<Session['via'], string>> = { web: 'Browser', cli: 'Command line' }

/** Where this person is signed in, and the end of it elsewhere. */
export function Sessions({ sessions }: { sessions: readonly Session[] }): ReactNode {
  const end = useGiveUp('sessions')
  const sorted = [...sessions].sort(
    (a, b) => Number(b.current) - Number(a.current) || (a.createdAt < b.createdAt ? 1 : -1),
  )
  return (
    <Panel title="Signed in">
      <ul className="grid gap-3 text-sm">
        {sorted.map(({ id, via, createdAt, expiresAt, current }) => (
          <li key={id} className="flex flex-wrap items-start justify-between gap-3">
            <div className="min-w-0">
              <p className="flex flex-wrap items-center gap-2 font-semibold">
                {VIA[via]} {current ? <Badge tone="good">this one</Badge> : null}
              </p>
              <p className="text-soft">
                Since <Moment at={createdAt} />, ends <Moment at={expiresAt} />
              </p>
            </div>
            {current ? null : (
              <Action
                small
                onPress={() => end.mutate(id)}
                busy={end.isPending && end.variables === id}
                label={`End ${VIA[via]}`}
              >
                End
              </Action>
            )}
          </li>
        ))}
      </ul>
      {end.isError ? <Trouble error={end.error} title="Not ended" /> : null}
    </Panel>
  )
}
