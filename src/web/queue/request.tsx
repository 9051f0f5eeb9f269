import { memo, type ReactNode, useId } from 'react'
import type { Intent } from '../../api/wire.ts'
import { useDecide } from '../commands.ts'
import { grouped, percentBetween, rewardOverRisk, signed } from '../decimal.ts'
import { useConnection } from '../live.tsx'
import { Actions, Key } from '../parts/action.tsx'
import { AgentText } from '../parts/agent-text.tsx'
import { Badge, SideMark } from '../parts/badge.tsx'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Figure } from '../parts/figure.tsx'
import { Moment } from '../parts/moment.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { Link } from '../router.tsx'
import { orderInWords, priceInWords, undecidedInWords } from '../words.ts'
import { Checks } from './checks.tsx'
import { Deadline } from './deadline.tsx'
import type { Verb } from './decide.tsx'
import { Headroom } from './headroom.tsx'
import { PriceNow } from './price-now.tsx'
import { Asides, Requirement } from './requirement.tsx'
import { SizingSteps } from './sizing-steps.tsx'

const LOST = 'the connection is lost, and what you see may be old. It comes back by itself.'

type RequestProps = { intent: Intent; within?: 'story'; onBegin: (verb: Verb, intent: Intent) => void }

/** One order that asks for a decision. Remembered, for the queue looks at the clock twice a second. */
export const Request = memo(function Request({ intent, within, onBegin }: RequestProps): ReactNode {
  const id = useId()
  const { state } = useConnection()
  const reprice = useDecide(intent.intentID)
  const { ticket, sizing, requires } = intent
  const terms = ticket?.terms
  const undecided = undecidedInWords(intent)
  // What is shown is what is signed: where there is a ticket, its words and not those of the proposal.
  const { side, symbol } = terms ?? intent
  return (
    <article
      aria-labelledby={id}
      tabIndex={-1}
      data-intent={intent.intentID}
      className="grid min-w-0 gap-4 rounded-lg border border-line bg-surface p-4 focus:border-accent focus:outline-2 focus:outline-accent"
    >
      <header className="flex items-start justify-between gap-4">
        <div className="grid min-w-0 gap-1">
          <h2 id={id} className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-xl font-bold">
            <SideMark side={side} large />
            <span>
              {grouped(terms?.orderQty ?? intent.askedQty ?? '')} <bdi>{symbol}</bdi>
            </span>
            {terms === undefined ? null : (
              <span className="text-base font-semibold text-soft">{priceInWords(terms)}</span>
            )}
          </h2>
          {undecided === null ? null : (
            <p>
              <Badge tone="warn">{undecided}</Badge>
            </p>
          )}
          <p className="text-sm text-soft">
            {terms === undefined ? intent.summary : `${orderInWords(terms)}.`} Proposed by{' '}
            <bdi className="text-ink">{intent.proposer.name ?? intent.proposer.id}</bdi>,{' '}
            <Moment at={intent.receivedAt} relative />.
          </p>
        </div>
        {intent.decideBy === null ? null : (
          <Deadline from={ticket?.refAt ?? intent.receivedAt} until={intent.decideBy} />
        )}
      </header>

      <Facts facts={factsOf(intent)} />
      {ticket === null ? null : <PriceNow symbol={symbol} refPx={ticket.refPx} maxDriftBps={ticket.maxDriftBps} />}
      <Headroom intent={intent} />
      <div className="grid gap-2">
        {sizing === null ? null : <SizingSteps sizing={sizing} symbol={symbol} />}
        <Checks checks={intent.checks} />
      </div>
      <AgentText>{intent.reasoning}</AgentText>
      {requires === null ? null : <Requirement requires={requires} votes={intent.votes} />}
      <Asides asides={intent.asides} />

      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <Actions
          busy={reprice.isPending ? 'Re-price' : null}
          blocked={state === 'lost' ? LOST : null}
          choices={[
            {
              key: 'Approve',
              can: intent.can.approve,
              look: 'primary',
              onPress: () => onBegin('approve', intent),
              children: (
                <>
                  Approve{requires?.passkey === true ? ' with a passkey' : ''}… <Key>a</Key>
                </>
              ),
            },
            {
              key: 'Decline',
              can: intent.can.decline,
              onPress: () => onBegin('decline', intent),
              children: (
                <>
                  Decline… <Key>d</Key>
                </>
              ),
            },
            {
              key: 'Re-price',
              can: intent.can.reprice,
              hidden: !intent.can.reprice.ok,
              onPress: () => reprice.mutate({ verb: 'reprice' }),
              children: 'Re-price',
            },
            {
              key: 'Put off',
              can: intent.can.decline,
              hidden: !intent.can.decline.ok,
              onPress: () => onBegin('snooze', intent),
              children: (
                <>
                  Put off… <Key>s</Key>
                </>
              ),
            },
            {
              key: 'Another look',
              can: intent.can.decline,
              hidden: !intent.can.decline.ok,
              onPress: () => onBegin('reanalyse', intent),
              children: (
                <>
                  Another look… <Key>l</Key>
                </>
              ),
            },
          ]}
        />
        <p className="flex min-h-9 items-center gap-2 text-xs text-soft">
          Fingerprint <code className="font-mono text-base font-semibold text-ink">{intent.fingerprint ?? 'none'}</code>
        </p>
      </div>
      {requires?.passkey === true && !intent.can.approve.ok ? (
        <p className="text-sm">
          <Link to="/access" className="text-accent underline">
            Your access
          </Link>{' '}
          shows your passkeys, and makes new ones.
        </p>
      ) : null}
      {reprice.isError ? <Trouble error={reprice.error} title="Not re-priced" /> : null}
      <p className="flex flex-wrap gap-x-4 text-xs text-soft">
        <span>
          Strategy <bdi className="text-ink">{intent.strategyID}</bdi>
        </span>
        {intent.confidence === null ? null : <span>Confidence, by its own account, {intent.confidence}</span>}
        {within === 'story' ? null : (
          <Link to={`/intents/${encodeURIComponent(intent.intentID)}`} className="text-accent underline">
            Whole story
          </Link>
        )}
      </p>
    </article>
  )
})

/** What decides: prices with their distance, what it costs, what it may lose. */
export function factsOf(intent: Intent): Fact[] {
  const { ticket, sizing, entryPx } = intent
  const bracket = ticket?.terms.bracket
  const stopPx = bracket?.stopPx ?? intent.stopPx
  const targetPx = bracket == null ? intent.targetPx : bracket.targetPx
  const away = (px: string): string => `${signed(percentBetween(entryPx, px) ?? '?')} %`
  const limit = bracket?.stopLimitPx
  const reward = targetPx === null ? undefined : rewardOverRisk(entryPx, stopPx, targetPx)
  return [
    { label: 'Entry', value: <Figure value={ticket?.terms.price ?? entryPx} /> },
    {
      label: 'Stop',
      value: <Figure value={stopPx} />,
      note: `${away(stopPx)}${limit === undefined ? '' : `, limit ${grouped(limit)}`}`,
    },
    { label: 'Target', value: <Figure value={targetPx} />, ...(targetPx === null ? {} : { note: away(targetPx) }) },
    { label: 'Notional', value: <Figure value={sizing?.notional ?? null} unit={sizing?.currency} /> },
    { label: 'Risk at stop', value: <Figure value={sizing?.riskAtStop ?? null} unit={sizing?.currency} /> },
    { label: 'Reward : risk', value: reward === undefined ? <Figure value={null} /> : `${reward} : 1` },
  ]
}
