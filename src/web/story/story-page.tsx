import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Intent, Story } from '../../api/wire.ts'
import { EventRow } from '../activity/event-row.tsx'
import { useKey } from '../keys.ts'
import { useConnection, usePollMs } from '../live.tsx'
import { OrdersLedger } from '../orders/orders-ledger.tsx'
import { FillsLedger } from '../orders/fills-ledger.tsx'
import { AgentText } from '../parts/agent-text.tsx'
import { SideMark, StandingBadge } from '../parts/badge.tsx'
import { Facts } from '../parts/facts.tsx'
import { Page } from '../parts/page.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { RawJson } from '../parts/raw-json.tsx'
import { Refusals, Unread } from '../parts/trouble.tsx'
import { storyQuery } from '../queries.ts'
import { Checks } from '../queue/checks.tsx'
import { type Asked as Begun, DecideSheets } from '../queue/decide.tsx'
import { factsOf, Request } from '../queue/request.tsx'
import { SizingSteps } from '../queue/sizing-steps.tsx'
import { Link } from '../router.tsx'
import { askInWords, IN_DOUBT } from '../words.ts'
import { DecisionPart } from './decision.tsx'
import { PriceChart } from './price-chart.tsx'
import { Road } from './road.tsx'

/** Everything about one intent, from the signal to its last fill. */
export function StoryPage({ intentID }: { intentID: string }): ReactNode {
  const story = useQuery({ ...storyQuery(intentID), refetchInterval: usePollMs() })
  const { data, isPending } = story
  const title = data === undefined ? 'Order story' : askInWords(data.intent)
  return (
    <Page
      title={title}
      aside={
        <Link to="/" className="text-sm text-accent underline">
          To the queue
        </Link>
      }
    >
      {isPending ? (
        <Panel title="Loading">
          <Skeleton what="the story" lines={10} />
        </Panel>
      ) : null}
      <Unread query={story} what="The story" />
      {data === undefined ? null : <Told story={data} />}
    </Page>
  )
}

function Told({ story }: { story: Story }): ReactNode {
  const { intent, orders, fills, events, corr } = story
  const waits = intent.state === 'AwaitingApproval'
  return (
    <div className="grid grid-cols-1 gap-5">
      <section aria-label="Where it stands" className="grid gap-4 rounded-lg border border-line bg-surface p-4">
        <div className="flex flex-wrap items-center gap-3">
          <SideMark side={intent.side} large />
          <StandingBadge intent={intent} />
          <p className={`min-w-0 ${intent.ordStatus === 'InDoubt' ? 'font-bold text-bad' : ''}`}>
            {intent.ordStatus === 'InDoubt' ? IN_DOUBT : intent.summary}
          </p>
        </div>
        <Road story={story} />
      </section>
      {waits ? <Deciding intent={intent} /> : null}
      <div className={`grid grid-cols-1 items-start gap-5 ${waits ? '' : 'lg:grid-cols-2'}`}>
        {waits ? null : <Asked intent={intent} />}
        <div className="grid min-w-0 gap-5">
          <Panel title="Prices and fills">
            <PriceChart story={story} />
          </Panel>
          {waits ? null : <DecisionPart intent={intent} />}
        </div>
      </div>
      <Panel title="Orders at the broker">
        {orders.length === 0 ? <Blank title="Nothing was sent." /> : <OrdersLedger orders={orders} within="story" />}
      </Panel>
      {fills.length === 0 ? null : (
        <Panel title="Fills">
          <FillsLedger fills={fills} />
        </Panel>
      )}
      <Panel
        title="Journal"
        note={
          <>
            Correlation id <code className="font-mono">{corr}</code>
          </>
        }
      >
        <ol className="grid grid-cols-1">
          {events.map((event) => (
            <EventRow key={event.seq} event={event} within="story" />
          ))}
        </ol>
        <div className="mt-3">
          <RawJson title="The whole story as JSON" value={story} />
        </div>
      </Panel>
    </div>
  )
}

/** An order that still waits can be decided here too. */
function Deciding({ intent }: { intent: Intent }): ReactNode {
  const [begun, setBegun] = useState<Begun | null>(null)
  const close = (): void => setBegun(null)
  const begin = (verb: Begun['verb']): void => setBegun({ verb, intent })
  const fresh = useConnection().state !== 'lost'
  useKey('a', () => begin('approve'), fresh && intent.can.approve.ok)
  useKey('d', () => begin('decline'), fresh && intent.can.decline.ok)
  useKey('s', () => begin('snooze'), fresh && intent.can.decline.ok)
  useKey('l', () => begin('reanalyse'), fresh && intent.can.decline.ok)
  return (
    <>
      <Request intent={intent} within="story" onBegin={begin} />
      <DecideSheets asked={begun} current={intent} onClose={close} onDone={close} />
    </>
  )
}

function Asked({ intent }: { intent: Intent }): ReactNode {
  const failed = intent.refusals.length > 0
  return (
    <Panel title="What was asked">
      <div className="grid grid-cols-1 gap-4">
        {failed ? (
          <div className="grid gap-1 rounded-md bg-bad-wash px-3 py-2">
            <p className="font-semibold text-bad">Refused by our own rules</p>
            <Refusals refusals={intent.refusals} />
          </div>
        ) : null}
        <Facts tight facts={factsOf(intent)} />
        <div className="grid gap-2">
          {intent.sizing === null ? null : <SizingSteps sizing={intent.sizing} symbol={intent.symbol} />}
          <Checks checks={intent.checks} />
        </div>
        <AgentText>{intent.reasoning}</AgentText>
        <p className="flex flex-wrap gap-x-4 text-xs text-soft">
          <span>
            Proposed by <bdi className="text-ink">{intent.proposer.name ?? intent.proposer.id}</bdi>
          </span>
          <span>
            Strategy <bdi className="text-ink">{intent.strategyID}</bdi>
          </span>
          {intent.model === null ? null : (
            <span>
              Decided by{' '}
              <bdi className="text-ink">
                {intent.model.name} {intent.model.version}
              </bdi>
            </span>
          )}
          {intent.run.id === null ? null : (
            <span>
              Run <bdi className="text-ink">{intent.run.id}</bdi>
            </span>
          )}
          {intent.confidence === null ? null : <span>Confidence, by its own account, {intent.confidence}</span>}
          <span>
            Intent <code className="font-mono text-ink">{intent.intentID}</code>
          </span>
          {intent.fingerprint === null ? null : (
            <span>
              Fingerprint <code className="font-mono text-ink">{intent.fingerprint}</code>
            </span>
          )}
        </p>
      </div>
    </Panel>
  )
}
