import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { ApprovalStatistics } from '../../api/wire.ts'
import { Choice } from '../parts/choice.tsx'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Nothing } from '../parts/figure.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { statisticsQuery } from '../queries.ts'
import { span } from '../time.ts'

const SPANS = [
  { value: '1', name: 'The last day' },
  { value: '7', name: 'The last week' },
  { value: '30', name: 'The last 30 days' },
] as const

/** It looks at thousands of orders; nobody needs it by the second. */
const EVERY_MS = 60_000

/** How it went: how long people took, how much was left to lapse, and who decided. */
export function Statistics(): ReactNode {
  const [days, setDays] = useState<(typeof SPANS)[number]['value']>('7')
  const statistics = useQuery({ ...statisticsQuery(Number(days)), refetchInterval: EVERY_MS })
  const { data, isPending } = statistics
  return (
    <Panel title="How it went" aside={<Choice beside label="Over" value={days} options={SPANS} onChange={setDays} />}>
      {isPending ? <Skeleton what="the statistics" lines={4} /> : null}
      <Unread query={statistics} what="The statistics" />
      {data === undefined ? null : data.asked === 0 ? (
        <Blank title="Nobody was asked for anything." />
      ) : (
        <>
          <Facts tight facts={factsOf(data)} />
          <Outcomes of={data} />
          <ByPerson of={data} />
          <p className="text-xs text-soft">
            Since <Moment at={data.since} />
          </p>
        </>
      )}
    </Panel>
  )
}

const share = (part: number, whole: number): string => `${Math.round((100 * part) / Math.max(1, whole))} %`

function factsOf({ asked, expired, decidedInMs }: ApprovalStatistics): Fact[] {
  return [
    { label: 'Half decided within', value: decidedInMs === null ? <Nothing /> : span(decidedInMs.p50) },
    { label: '95 % within', value: decidedInMs === null ? <Nothing /> : span(decidedInMs.p95) },
    { label: 'Left to lapse', value: share(expired, asked), note: `${expired} of ${asked} asked` },
  ]
}

const OUTCOMES = [
  { key: 'approved', name: 'approved', look: 'fill-good' },
  { key: 'declined', name: 'declined', look: 'fill-sell' },
  { key: 'expired', name: 'lapsed', look: 'fill-warn' },
  { key: 'withdrawn', name: 'withdrawn', look: 'fill-edge' },
  { key: 'refused', name: 'refused', look: 'fill-bad' },
] as const

/** One bar in parts, with the numbers below it: colours alone say nothing. */
function Outcomes({ of }: { of: ApprovalStatistics }): ReactNode {
  const parts = OUTCOMES.map((outcome) => ({ ...outcome, count: of[outcome.key] })).filter(({ count }) => count > 0)
  return (
    <div className="grid gap-1 text-sm">
      <Bar parts={parts} whole={parts.reduce((sum, { count }) => sum + count, 0)} />
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        {parts.map(({ key, name, look, count }) => (
          <li key={key} className="flex items-center gap-1.5">
            <svg viewBox="0 0 10 10" className="size-2.5" aria-hidden="true">
              <rect width="10" height="10" className={look} />
            </svg>
            {count} {name}
          </li>
        ))}
      </ul>
    </div>
  )
}

function ByPerson({ of: { byPerson } }: { of: ApprovalStatistics }): ReactNode {
  const most = Math.max(1, ...byPerson.map(({ approved, declined }) => approved + declined))
  if (byPerson.length === 0) return null
  return (
    <ul aria-label="By person" className="grid gap-2 text-sm">
      {byPerson.map(({ byName, approved, declined, medianMs }) => (
        <li key={byName} className="grid gap-0.5">
          <p className="flex flex-wrap items-baseline justify-between gap-x-3">
            <bdi className="font-semibold">{byName}</bdi>
            <span className="text-soft">
              {approved} approved, {declined} declined
              {medianMs === null ? '' : `, half within ${span(medianMs)}`}
            </span>
          </p>
          <Bar
            parts={[
              { key: 'approved', look: 'fill-good', count: approved },
              { key: 'declined', look: 'fill-sell', count: declined },
            ]}
            whole={most}
          />
        </li>
      ))}
    </ul>
  )
}

type Part = { readonly key: string; readonly look: string; readonly count: number }

function Bar({ parts, whole }: { parts: readonly Part[]; whole: number }): ReactNode {
  const at = (i: number): number => parts.slice(0, i).reduce((sum, { count }) => sum + count, 0)
  return (
    <svg viewBox={`0 0 ${whole} 1`} preserveAspectRatio="none" className="h-2 w-full" aria-hidden="true">
      <rect width={whole} height="1" className="fill-sunken" />
      {parts.map(({ key, look, count }, i) => (
        <rect key={key} x={at(i)} width={count} height="1" className={look} />
      ))}
    </svg>
  )
}
