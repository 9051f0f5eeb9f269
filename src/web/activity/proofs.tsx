import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useReconcile } from '../commands.ts'
import { grouped } from '../decimal.ts'
import { usePollMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel, Skeleton } from '../parts/panel.tsx'
import { Trouble, Unread } from '../parts/trouble.tsx'
import { auditQuery, reconciliationQuery } from '../queries.ts'

/** Does the broker agree, and is the journal whole? */
export function Proofs(): ReactNode {
  return (
    <>
      <Reconciled />
      <Audited />
    </>
  )
}

function Reconciled(): ReactNode {
  const reconciliation = useQuery({ ...reconciliationQuery, refetchInterval: usePollMs() })
  const { data, isPending } = reconciliation
  const run = useReconcile()
  return (
    <Panel
      title="Our book against the broker’s"
      aside={
        <Action small onPress={() => run.mutate()} busy={run.isPending}>
          Compare now
        </Action>
      }
    >
      {isPending ? <Skeleton what="reconciliation" lines={2} /> : null}
      <Unread query={reconciliation} what="The comparison" />
      {run.isError ? <Trouble error={run.error} title="Not started" /> : null}
      {data === null ? <p className="text-sm text-soft">Not compared yet.</p> : null}
      {data == null ? null : (
        <div className="grid gap-2 text-sm">
          <p>
            <Badge tone={data.clean ? 'good' : 'bad'}>{data.clean ? '✓ They agree' : '✗ They differ'}</Badge>{' '}
            <span className="text-soft">
              at <Moment at={data.at} />
            </span>
          </p>
          {data.findings.length === 0 ? null : (
            <ul className="list-disc pl-5">
              {data.findings.map((finding) => (
                <li key={finding}>{finding}</li>
              ))}
            </ul>
          )}
        </div>
      )}
    </Panel>
  )
}

/** The head moves with each row; a look every few seconds is enough. */
const HEAD_EVERY_MS = 5_000

function Audited(): ReactNode {
  const audit = useQuery({ ...auditQuery, refetchInterval: HEAD_EVERY_MS })
  const { data, isPending } = audit
  return (
    <Panel title="Journal">
      {isPending ? <Skeleton what="the journal head" lines={2} /> : null}
      <Unread query={audit} what="The head" />
      {data === undefined ? null : (
        <>
          <dl className="grid gap-2 text-sm">
            <div className="flex justify-between gap-4">
              <dt className="text-soft">Rows</dt>
              <dd>{grouped(String(data.rows))}</dd>
            </div>
            <div>
              <dt className="text-soft">Last row’s hash</dt>
              <dd className="font-mono text-xs break-all">{data.hash}</dd>
            </div>
            <div>
              <dt className="text-soft">Tree root</dt>
              <dd className="font-mono text-xs break-all">{data.root}</dd>
            </div>
            <div className="flex justify-between gap-4">
              <dt className="text-soft">Signed checkpoint</dt>
              <dd className="text-right">
                {data.checkpoint === null ? (
                  'none yet'
                ) : (
                  <>
                    {grouped(String(data.checkpoint.size))} rows, <Moment at={data.checkpoint.at} />
                  </>
                )}
              </dd>
            </div>
          </dl>
          <p className="text-xs text-soft">
            To check it without trusting this page: <code className="font-mono text-ink">jax-exec audit verify</code>
          </p>
        </>
      )}
    </Panel>
  )
}
