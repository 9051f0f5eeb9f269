import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Drill, EvidenceLine, StageDay, StageNow, StagePast, Strategy } from '../../api/wire.ts'
import { Changes } from '../approvals/changes.tsx'
import { usePollMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { changesQuery, drillsQuery, stageQuery, strategiesQuery } from '../queries.ts'
import { DayBars, SpreadBars } from './pictures.tsx'
import { PromoteSheet } from './promote-sheet.tsx'

/** How far the account has come, what it has shown, and what takes it further. */
export function StagePage(): ReactNode {
  const pollMs = usePollMs()
  const stage = useQuery({ ...stageQuery, refetchInterval: pollMs })
  const changes = useQuery({ ...changesQuery, refetchInterval: pollMs })
  const [open, setOpen] = useState(false)
  const [done, setDone] = useState<string | null>(null)
  const waiting = (changes.data?.items ?? []).filter(({ what, state }) => what.kind === 'stage' && state === 'Waiting')
  const now = stage.data
  return (
    <Page
      title="Stage"
      aside={
        now?.next == null ? null : (
          <Action look="primary" onPress={() => setOpen(true)} disabled={!now.can.promote.ok}>
            Propose {now.next.stage}, {now.next.title}…
          </Action>
        )
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
        <div role="status">
          {done === null ? null : <p className="rounded-md bg-good-wash px-3 py-2 text-sm text-good">{done}</p>}
        </div>
        {stage.isPending ? (
          <Panel title="Loading">
            <Skeleton what="the stage" lines={6} />
          </Panel>
        ) : null}
        <Unread query={stage} what="The stage" />
        {waiting.length === 0 ? null : (
          <Changes
            changes={waiting}
            policy={null}
            note="It takes another person with a passkey, after the market has closed."
          />
        )}
        {now === undefined ? null : (
          <>
            <Ladder now={now} />
            <Evidence now={now} />
            <Days days={now.days} />
            <div className="grid gap-5 lg:grid-cols-2">
              <Panel
                title="How long people took to say yes"
                note="From the price that they saw to their yes, in this stage."
              >
                <SpreadBars bounds={now.latency.upToSeconds} counts={now.latency.counts} unit="s" what="yeses" />
              </Panel>
              <Panel title="Slippage of entries" note="How much worse they filled than the price that people saw.">
                <SpreadBars bounds={now.slippage.upToBps} counts={now.slippage.counts} unit="bps" what="fills" />
              </Panel>
            </div>
            <Strategies traded={[...new Set(now.days.flatMap(({ strategies }) => strategies))]} />
            <Drills />
            <History past={now.past} />
            <PromoteSheet
              now={now}
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

const STAGES = [
  ['S0', 'shadow', 'nobody gets an order'],
  ['S1', 'paper', 'play money'],
  ['S2', 'pilot', 'tiny, a few symbols'],
  ['S3', 'limited', 'half of the limits'],
  ['S4', 'live', 'its own limits'],
] as const

function Ladder({ now: { stage, since, build, runs, origin, environment } }: { now: StageNow }): ReactNode {
  const at = STAGES.findIndex(([name]) => name === stage)
  return (
    <section aria-label="Stages" className="grid gap-3 rounded-lg border border-line bg-surface p-4">
      <ol className="grid gap-2 sm:grid-cols-5">
        {STAGES.map(([name, title, words], i) => (
          <li
            key={name}
            aria-current={i === at ? 'step' : undefined}
            className={`grid gap-0.5 rounded-md border px-3 py-2 text-sm ${
              i === at
                ? 'border-accent bg-accent text-accent-ink'
                : i < at
                  ? 'border-line bg-good-wash text-good'
                  : 'border-line text-soft'
            }`}
          >
            <span>
              <strong>{name}</strong> {title}
              {i < at ? <span aria-hidden="true"> ✓</span> : null}
            </span>
            <span className="text-xs">{words}</span>
          </li>
        ))}
      </ol>
      <p className="text-sm text-soft">
        At <strong className="text-ink">{stage}</strong> since <Moment at={since} />, on{' '}
        {environment === 'live' ? 'a live' : 'a paper'} account. Build{' '}
        <code className="font-mono text-ink">{runs ?? 'unknown'}</code>
        {build === runs
          ? ', as people agreed.'
          : build === null
            ? '; people have agreed to none yet.'
            : '; people agreed to '}
        {build === runs || build === null ? null : <code className="font-mono text-ink">{build}.</code>}
        {origin === null ? null : (
          <>
            {' '}
            Promoted in the book of <bdi className="text-ink">{origin.account}</bdi>.
          </>
        )}
      </p>
    </section>
  )
}

/** What is asked for and says nothing beside what there is. */
const OF_COURSE: ReadonlySet<string> = new Set(['none', 'nothing', 'known', 'all'])

/** As far as a figure goes towards what is asked for; null where it is no figure. */
function share({ need, have, met }: EvidenceLine): number | null {
  const [least, there] = [Number(need), Number.parseInt(have, 10)]
  if (!Number.isFinite(least) || least <= 0 || !Number.isFinite(there)) return null
  return met ? 100 : Math.min(100, Math.floor((there / least) * 100))
}

function Evidence({ now: { next, evidence, shown, can } }: { now: StageNow }): ReactNode {
  if (next === null)
    return (
      <Panel title="The last stage">
        <Blank title="There is nothing further." />
      </Panel>
    )
  return (
    <Panel
      title={`What ${next.stage}, ${next.title}, asks for`}
      note="Counted from the journal, from the moment that the account came to this stage."
      aside={
        <Badge tone={shown ? 'good' : 'warn'}>
          {shown ? 'all of it is shown' : `${evidence.filter(({ met }) => !met).length} missing`}
        </Badge>
      }
    >
      <ul className="grid gap-3">
        {evidence.map((line) => {
          const percent = share(line)
          return (
            <li
              key={line.of}
              className="grid gap-1 text-sm sm:grid-cols-[1.5rem_minmax(0,2fr)_minmax(0,3fr)] sm:items-center sm:gap-3"
            >
              <span className={line.met ? 'text-good' : 'text-bad'}>
                <span aria-hidden="true">{line.met ? '✓' : '✗'}</span>
                <span className="sr-only">{line.met ? 'shown' : 'missing'}</span>
              </span>
              <span>{line.title}</span>
              <span className="grid gap-1">
                <span>
                  <bdi>{line.have}</bdi>
                  {OF_COURSE.has(line.need) ? null : <span className="text-soft"> · {line.need} asked for</span>}
                </span>
                {percent === null ? null : (
                  <svg
                    aria-hidden="true"
                    className="block h-1.5 w-full overflow-hidden rounded-full"
                    preserveAspectRatio="none"
                  >
                    <rect width="100%" height="100%" className="fill-line" />
                    <rect width={`${percent}%`} height="100%" className={line.met ? 'fill-good' : 'fill-accent'} />
                  </svg>
                )}
              </span>
            </li>
          )
        })}
      </ul>
      {can.promote.ok ? null : <p className="text-sm text-soft">{can.promote.why}</p>}
    </Panel>
  )
}

function Days({ days }: { days: readonly StageDay[] }): ReactNode {
  return (
    <Panel
      title="Days in this stage"
      note="Orders sent on each. A day counts when the account was read on it; Saturdays and Sundays do not."
    >
      {days.length === 0 ? <Blank title="None yet." /> : <DayBars days={days} />}
    </Panel>
  )
}

function Strategies({ traded }: { traded: readonly string[] }): ReactNode {
  const strategies = useQuery(strategiesQuery)
  const described = strategies.data?.items ?? []
  const bare = traded.filter((name) => described.every(({ strategyID }) => strategyID !== name)).sort()
  return (
    <Panel title="Strategies" note="What somebody must know to answer for one, in words that need no code.">
      {strategies.isPending ? <Skeleton what="the strategies" /> : null}
      <Unread query={strategies} what="The strategies" />
      {bare.length === 0 ? null : (
        <p className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          Without a card: <bdi>{bare.join(', ')}</bdi>. Describe it with{' '}
          <code className="font-mono">jax-exec strategies describe</code>.
        </p>
      )}
      {strategies.data !== undefined && described.length === 0 ? <Blank title="Nobody has described one yet." /> : null}
      <div className="grid gap-4 md:grid-cols-2">
        {described.map((one) => (
          <Card key={one.strategyID} strategy={one} trades={traded.includes(one.strategyID)} />
        ))}
      </div>
    </Panel>
  )
}

function Card({
  strategy: { strategyID, version, card, sizedBy },
  trades,
}: {
  strategy: Strategy
  trades: boolean
}): ReactNode {
  const lines: readonly (readonly [string, string])[] = [
    ['Goal', card.goal],
    ['Inputs', card.inputs],
    ['Its own limits', card.limits],
    ['Owner', card.owner],
    ['Stop it when', card.stopWhen],
    ['Sized by', sizedBy],
  ]
  return (
    <article aria-label={strategyID} className="grid content-start gap-2 rounded-md border border-line p-3 text-sm">
      <p className="flex flex-wrap items-center gap-2">
        <strong>
          <bdi>{strategyID}</bdi>
        </strong>
        <span className="text-soft">version {version}</span>
        {trades ? <Badge tone="accent">trades</Badge> : null}
      </p>
      <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-3 gap-y-1">
        {lines.map(([name, text]) => (
          <div key={name} className="contents">
            <dt className="text-soft">{name}</dt>
            <dd className="break-words">
              <bdi className="whitespace-pre-wrap">{text}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </article>
  )
}

function Drills(): ReactNode {
  const drills = useQuery(drillsQuery)
  const items = drills.data?.items ?? []
  const latest = items.filter((one, i) => items.findIndex(({ drill }) => drill === one.drill) === i)
  return (
    <Panel title="Drills" note="The latest of each procedure; it counts for 92 days.">
      {drills.isPending ? <Skeleton what="the drills" /> : null}
      <Unread query={drills} what="The drills" />
      {drills.data !== undefined && items.length === 0 ? (
        <Blank title="None was held yet.">
          <p>
            Hold one with <code className="font-mono">jax-exec drill hold E1</code>.
          </p>
        </Blank>
      ) : null}
      <ul className="grid gap-3">
        {latest.map((one) => (
          <Held key={one.drillID} drill={one} />
        ))}
      </ul>
    </Panel>
  )
}

function Held({ drill: { drill, byName, endedAt, result, figures, note, attested } }: { drill: Drill }): ReactNode {
  return (
    <li className="grid gap-1 border-b border-line pb-3 text-sm last:border-0 last:pb-0">
      <p className="flex flex-wrap items-center gap-2">
        <strong>{drill}</strong>
        <Badge tone={result === 'passed' ? 'good' : 'bad'}>{result}</Badge>
        {attested ? <Badge tone="plain">by their own word</Badge> : null}
        <span className="text-soft">
          <bdi className="text-ink">{byName}</bdi>, <Moment at={endedAt} />
        </span>
      </p>
      {Object.keys(figures).length === 0 ? null : (
        <p className="text-soft">
          {Object.entries(figures)
            .map(([name, figure]) => `${name}: ${figure}`)
            .join(' · ')}
        </p>
      )}
      {note === null ? null : <bdi className="whitespace-pre-wrap">{note}</bdi>}
    </li>
  )
}

const CAUSE: Readonly<Record<StagePast['cause'], 'good' | 'bad' | 'plain'>> = {
  promoted: 'good',
  demoted: 'bad',
  'build agreed to': 'plain',
}

function History({ past }: { past: readonly StagePast[] }): ReactNode {
  return (
    <Panel title="How it came here" note="Newest first.">
      {past.length === 0 ? <Blank title="The account is where it began." /> : null}
      <ul className="grid gap-3">
        {past.map((one) => (
          <li key={one.at} className="grid gap-1 border-b border-line pb-3 text-sm last:border-0 last:pb-0">
            <p className="flex flex-wrap items-center gap-2">
              <strong>
                {one.from} → {one.to}
              </strong>
              <Badge tone={CAUSE[one.cause]}>{one.cause}</Badge>
              <span className="text-soft">
                <Moment at={one.at} />
                {one.build === null ? null : (
                  <>
                    , build <code className="font-mono">{one.build}</code>
                  </>
                )}
              </span>
            </p>
            <bdi className="whitespace-pre-wrap">{one.why}</bdi>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
