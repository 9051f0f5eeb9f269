import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { usePollMs } from '../live.tsx'
import { Page } from '../parts/page.tsx'
import { Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { accessQuery, meQuery } from '../queries.ts'
import { Link } from '../router.tsx'
import { LinkAccount } from '../signin/provider.tsx'
import { Chats } from './chats.tsx'
import { Passkeys } from './passkeys.tsx'
import { Sessions } from './sessions.tsx'
import { Tokens } from './tokens.tsx'

/** With what a person proves who they are: passkeys, chats tied to them, and where they are signed in. */
export function AccessPage(): ReactNode {
  const access = useQuery({ ...accessQuery, refetchInterval: usePollMs() })
  const { data: me } = useQuery(meQuery)
  const { data, isPending } = access
  return (
    <Page
      title="Your access"
      aside={
        <Link to="/approvals" className="text-sm text-accent underline">
          Who must approve what
        </Link>
      }
    >
      {isPending ? (
        <Panel title="Loading">
          <Skeleton what="your access" lines={6} />
        </Panel>
      ) : null}
      <Unread query={access} what="Your access" />
      {data === undefined ? null : (
        <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
          <Passkeys passkeys={data.passkeys} canEnrol={data.canEnrol} />
          <div className="grid min-w-0 gap-5">
            <Chats links={data.links} />
            <LinkAccount />
            <Sessions sessions={data.sessions} />
            {me?.scopes.includes('tokens:write') ? <Tokens /> : null}
          </div>
        </div>
      )}
    </Page>
  )
}
