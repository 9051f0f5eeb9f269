import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { LimitsNow, LimitsPast } from '../../api/wire.ts'
import { Changes } from '../approvals/changes.tsx'
import { DiffTable } from '../approvals/diff-table.tsx'
import { usePollMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { changesQuery, limitsHistoryQuery, limitsQuery } from '../queries.ts'
import { Link } from '../router.tsx'
import { list, whoMustSayYes } from '../words.ts'
import { LimitLines } from './limit-lines.tsx'
import { ProposeSheet } from './propose-sheet.tsx'
import { isOfLimits, limitLines } from './words.ts'

/** What is used moves with the market, not with our events. */
const MARK_EVERY_MS = 5_000

/** What the account may risk, how much of it is used, and how people change that. */
export function LimitsPage(): ReactNode {
  const pollMs = Math.min(usePollMs(), MARK_EVERY_MS)
  const limits = useQuery({ ...limitsQuery, refetchInterval: pollMs })
  const changes = useQuery({ ...changesQuery, refetchInterval: pollMs })
  const [open, setOpen] = useState(false)
  const [done, setDone] = useState<string | null>(null)
  const waiting = (changes.data?.items ?? []).filter((change) => isOfLimits(change) && change.state === 'Waiting')
  return (
    <Page
      title="Limits"
      aside={
        limits.data === undefined ? null : (
          <Action look="primary" onPress={() => setOpen(true)} disabled={!limits.data.can.tighten.ok}>
            Change limits…
          </Action>
        )
      }
    >
      <div className="grid gap-5">
        <div role="status">
          {done === null ? null : <p className="rounded-md bg-good-wash px-3 py-2 text-sm text-good">{done}</p>}
        </div>
        {limits.isPending ? (
          <Panel title="Loading">
            <Skeleton what="the limits" lines={6} />
          </Panel>
        ) : null}
        <Unread query={limits} what="The limits" />
        {waiting.length === 0 ? null : (
          <Changes
            changes={waiting}
            policy={null}
            note="Nothing is looser until somebody else agrees and the day is over."
          />
        )}
        {limits.data === undefined ? null : (
          <>
            <Next limits={limits.data} />
            <Who limits={limits.data} />
            <LimitLines limits={limits.data} />
            <History />
            <ProposeSheet
              limits={limits.data}
              open={open}
              onClose={() => setOpen(false)}
              onDone={(text) => {
                setOpen(false)
                setDone(text)
              }}
            />
          </>
        )}
      </div>
    </Page>
  )
}

function Next({ limits: { inForce, next } }: { limits: LimitsNow }): ReactNode {
  if (next === null) return null
  return (
    <Panel
      title="From the next trading day on"
      note={
        <>
          Agreed already. It holds from <Moment at={next.from} /> on, unless somebody changes the limits before.
        </>
      }
    >
      <DiffTable lines={limitLines(inForce, next.limits)} />
    </Panel>
  )
}

function Who({ limits: { inForce, day, can, looser } }: { limits: LimitsNow }): ReactNode {
  return (
    <div className="grid gap-1 rounded-lg border border-line bg-surface px-4 py-3 text-sm">
      <p>
        <Link to="/stage" className="text-accent underline">
          Stage {inForce.stage}
        </Link>
        , version {inForce.version} of the limits. Trading day <strong>{day.day}</strong>, until{' '}
        <Moment at={day.until} />.
      </p>
      <p className="text-soft">
        <strong className="text-ink">Tighter</strong> holds at once, by one person: risk, approver, operator or admin.{' '}
        <strong className="text-ink">Looser</strong> is proposed by risk, takes the yes of{' '}
        {whoMustSayYes(looser.requires)} ({looser.roles.join(' or ')}), and holds from the next trading day on that is
        eight hours away. Agents and chats change no limits.
      </p>
      {can.tighten.ok ? null : <p className="text-soft">{can.tighten.why}</p>}
    </div>
  )
}

function History(): ReactNode {
  const history = useQuery(limitsHistoryQuery)
  return (
    <Panel title="Who changed them" note="Newest first, what was never agreed on too.">
      {history.isPending ? <Skeleton what="the history" /> : null}
      <Unread query={history} what="The history" />
      {history.data?.items.length === 0 ? <Blank title="Nobody has." /> : null}
      <ul className="grid gap-4">
        {(history.data?.items ?? []).map((past) => (
          <Past key={past.changeID ?? 'began'} past={past} />
        ))}
      </ul>
    </Panel>
  )
}

function Past({ past }: { past: LimitsPast }): ReactNode {
  const { at, state, by, reason, from, givenUpAt, changes, agreed, version } = past
  const applied = state === 'Applied' || state === 'Began'
  return (
    <li className="grid gap-1 border-b border-line pb-3 text-sm last:border-0 last:pb-0">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <strong>Version {version}</strong>
        {applied ? null : <Badge tone={state === 'Waiting' ? 'accent' : 'warn'}>{state}</Badge>}
        <span className="text-soft">
          <bdi className="text-ink">{by}</bdi>, <Moment at={at} />
          {reason === null ? null : (
            <>
              : “<bdi className="whitespace-pre-wrap">{reason}</bdi>”
            </>
          )}
        </span>
      </p>
      <ul>
        {changes.map(({ name, bound, old, new: now, tighter }) => (
          <li key={`${name} ${bound}`}>
            <code className="font-mono text-xs">
              {name}
              {bound === 'soft' ? ' soft' : ''}
            </code>{' '}
            <bdi>{said(old)}</bdi> → <bdi>{said(now)}</bdi>{' '}
            <span className="text-soft">{tighter ? 'tighter' : 'looser'}</span>
          </li>
        ))}
      </ul>
      <p className="text-xs text-soft">
        {agreed.length === 0 ? null : <>Agreed: {list(agreed.map(({ byName }) => byName))}. </>}
        {!applied ? null : givenUpAt !== null ? (
          <>
            Never held: given up <Moment at={givenUpAt} /> for a later change.
          </>
        ) : from === null ? null : (
          <>
            Holds from <Moment at={from} /> on.
          </>
        )}
      </p>
    </li>
  )
}
const said = (value: string | null): string => (value === null ? 'no limit' : value === '' ? 'none' : value)
