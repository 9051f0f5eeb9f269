import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Token } from '../../api/wire.ts'
import { usePollMs } from '../live.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { peopleQuery, tokensQuery } from '../queries.ts'

/** The tokens of programs, with the people who may not approve what they propose. They are made on the command line. */
export function Tokens(): ReactNode {
  const pollMs = usePollMs()
  const tokens = useQuery({ ...tokensQuery, refetchInterval: pollMs })
  const people = useQuery({ ...peopleQuery, refetchInterval: pollMs })
  const nameOf = (id: string): string => people.data?.items.find(({ personID }) => personID === id)?.name ?? id
  const good = tokens.data?.items.filter(({ revokedAt }) => revokedAt === null) ?? []
  return (
    <Panel
      title="Tokens of programs"
      note="Neither the owner of a token nor whoever made it, and saw it, may approve what it proposes."
    >
      <Unread query={tokens} what="The tokens" />
      {tokens.data !== undefined && good.length === 0 ? <Blank title="There is no token." /> : null}
      <ul className="grid gap-2 text-sm empty:hidden">
        {good.map((token) => (
          <Item key={token.tokenID} token={token} nameOf={nameOf} />
        ))}
      </ul>
    </Panel>
  )
}

function Item({ token, nameOf }: { token: Token; nameOf: (id: string) => string }): ReactNode {
  const { tokenID, name, owner, madeBy, expiresAt } = token
  return (
    <li>
      <strong>
        <bdi>{name}</bdi>
      </strong>{' '}
      <code className="font-mono text-xs text-soft">{tokenID}</code>
      <span className="block text-soft">
        Owned by <bdi>{owner === null ? 'nobody' : nameOf(owner)}</bdi>, made by{' '}
        <bdi>{madeBy === undefined ? 'the gateway itself' : nameOf(madeBy)}</bdi>, ends <Moment at={expiresAt} />
      </span>
    </li>
  )
}
