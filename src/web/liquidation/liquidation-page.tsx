import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { usePollMs } from '../live.tsx'
import { Page } from '../parts/page.tsx'
import { Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { liquidationPlanQuery, liquidationQuery } from '../queries.ts'
import { Plan } from './plan.tsx'
import { Report } from './report.tsx'
import { Running } from './running.tsx'
import { StartForm } from './start-form.tsx'

/** Not each step of it is an event. */
const STEP_EVERY_MS = 1_000
/** Quotes move without events. */
const MARK_EVERY_MS = 5_000

/** Everything canceled and what is held closed: the plan of it, the one that runs, and how the last one ended. */
export function LiquidationPage(): ReactNode {
  const pollMs = usePollMs()
  const last = useQuery({
    ...liquidationQuery,
    refetchInterval: ({ state }) => (state.data?.state === 'Running' ? STEP_EVERY_MS : pollMs),
  })
  const runs = last.data?.state === 'Running'
  return (
    // What stood here goes with each state, and the focus with it: the heading takes it.
    <Page key={last.data?.state} title="Liquidate">
      <div className="grid gap-5">
        {last.isPending ? (
          <Panel title="Loading">
            <Skeleton what="the liquidation" lines={4} />
          </Panel>
        ) : null}
        <Unread query={last} what="The liquidation" />
        {last.data === undefined ? null : runs ? (
          <Running now={last.data} />
        ) : (
          <>
            {last.data.state === 'None' ? null : <Report last={last.data} />}
            <Begin account={last.data.account} />
          </>
        )}
      </div>
    </Page>
  )
}

/** The plan first, then the form; without a plan the form all the same, since in an emergency it may not be readable. */
function Begin({ account }: { account: string }): ReactNode {
  const plan = useQuery({ ...liquidationPlanQuery, refetchInterval: MARK_EVERY_MS })
  const lines = plan.data?.lines ?? []
  return (
    <div className="grid gap-5 print:hidden">
      {plan.isPending ? (
        <Panel title="What would be closed">
          <Skeleton what="the plan" lines={4} />
        </Panel>
      ) : null}
      <Unread query={plan} what="The plan" />
      {plan.data === undefined ? null : <Plan plan={plan.data} />}
      {plan.isPending || (plan.isSuccess && lines.length === 0) ? null : <StartForm account={account} lines={lines} />}
    </div>
  )
}
