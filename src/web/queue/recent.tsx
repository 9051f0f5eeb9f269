import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { grouped } from '../decimal.ts'
import { usePollMs } from '../live.tsx'
import { SideMark, StandingBadge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { recentQuery } from '../queries.ts'
import { Link } from '../router.tsx'
import { reasonOf } from '../words.ts'

const SHOWN_MAX = 15

/** What became of the last ones, and why. */
export function Recent(): ReactNode {
  const recent = useQuery({ ...recentQuery, refetchInterval: usePollMs() })
  const { data, isPending } = recent
  const intents = data?.items.filter(({ state }) => state !== 'AwaitingApproval').slice(0, SHOWN_MAX) ?? []
  return (
    <Panel title="Recently">
      {isPending ? <Skeleton what="recent orders" lines={6} /> : null}
      <Unread query={recent} what="This list" />
      {data !== undefined && intents.length === 0 ? <Blank title="Nothing was decided yet." /> : null}
      <ul className="grid gap-3">
        {intents.map((intent) => {
          const reason = reasonOf(intent)
          const qty = intent.ticket?.terms.orderQty ?? intent.sizing?.qty ?? intent.askedQty
          return (
            <li key={intent.intentID} className="grid gap-1 border-b border-line pb-3 text-sm last:border-0 last:pb-0">
              <div className="flex flex-wrap items-center justify-between gap-2">
                <Link
                  to={`/intents/${encodeURIComponent(intent.intentID)}`}
                  className="flex items-center gap-2 font-semibold hover:underline"
                >
                  <SideMark side={intent.side} />
                  <span>
                    {qty === null ? '' : `${grouped(qty)} `}
                    <bdi>{intent.symbol}</bdi>
                  </span>
                </Link>
                <StandingBadge intent={intent} />
              </div>
              {reason === null ? null : (
                <p className={intent.ordStatus === 'InDoubt' ? 'font-semibold text-bad' : 'line-clamp-3 text-soft'}>
                  <bdi>{reason}</bdi>
                </p>
              )}
              <p className="text-xs text-soft">
                <Moment at={intent.updatedAt} relative />
              </p>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
