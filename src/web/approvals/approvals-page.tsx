import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { usePollMs } from '../live.tsx'
import { Page } from '../parts/page.tsx'
import { Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { approvalsQuery, changesQuery, meQuery, peopleQuery, statusQuery } from '../queries.ts'
import { Link } from '../router.tsx'
import { Armed } from './armed.tsx'
import { Changes } from './changes.tsx'
import { People } from './people.tsx'
import { PolicyForm } from './policy-form.tsx'
import { PolicyPanel } from './policy-panel.tsx'
import { Statistics } from './statistics.tsx'

/** May propose and decide changes; the gateway knows better, this only greys buttons. */
const GOVERN = 'approvals:policy'

/** Who must say yes to what, how that changes, what goes by itself, and how it went. */
export function ApprovalsPage(): ReactNode {
  const pollMs = usePollMs()
  const approvals = useQuery({ ...approvalsQuery, refetchInterval: pollMs })
  const changes = useQuery({ ...changesQuery, refetchInterval: pollMs })
  const people = useQuery({ ...peopleQuery, refetchInterval: pollMs })
  const { data: me } = useQuery(meQuery)
  const { data: status } = useQuery(statusQuery)
  const [editing, setEditing] = useState(false)
  const rules = useRef<HTMLDivElement>(null)
  const environment = status?.status.account?.environment ?? 'paper'
  const governs = me?.scopes.includes(GOVERN) ?? false
  // The button that opened the form is gone meanwhile: the focus comes back to where it was.
  const close = (): void => {
    setEditing(false)
    rules.current?.focus()
  }
  return (
    <Page
      title="Approvals"
      aside={
        <Link to="/access" className="text-sm text-accent underline">
          Your access
        </Link>
      }
    >
      <div className="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="grid min-w-0 gap-5">
          {approvals.isPending ? (
            <Panel title="Loading">
              <Skeleton what="the policy" lines={6} />
            </Panel>
          ) : null}
          <Unread query={approvals} what="The policy" />
          <Unread query={changes} what="The changes" />
          {changes.data === undefined ? null : (
            <Changes changes={changes.data.items} policy={approvals.data?.policy ?? null} />
          )}
          <div ref={rules} tabIndex={-1} className="outline-none">
            {approvals.data === undefined ? null : editing ? (
              <PolicyForm approvals={approvals.data} environment={environment} onClose={close} />
            ) : (
              <PolicyPanel
                approvals={approvals.data}
                environment={environment}
                governs={governs}
                onEdit={() => setEditing(true)}
              />
            )}
          </div>
          <Unread query={people} what="The people" />
          {people.data === undefined ? null : <People people={people.data.items} governs={governs} />}
        </div>
        <div className="grid min-w-0 gap-5">
          {approvals.data === undefined ? null : <Armed approvals={approvals.data} />}
          <Statistics />
        </div>
      </div>
    </Page>
  )
}
