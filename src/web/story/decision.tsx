import type { ReactNode } from 'react'
import type { Intent } from '../../api/wire.ts'
import { Badge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { Asides, Requirement } from '../queue/requirement.tsx'

const VERDICT = {
  approved: { word: '✓ Approved', tone: 'good' },
  declined: { word: '✗ Declined', tone: 'warn' },
  withdrawn: { word: 'Withdrawn', tone: 'plain' },
} as const

/** Who decided, when, through what, and why. */
export function DecisionPart({ intent }: { intent: Intent }): ReactNode {
  const { decision } = intent
  return (
    <Panel title="Decision">
      {decision === null ? (
        <p className="text-sm text-soft">
          {intent.state === 'Refused'
            ? 'No person was asked: it was refused before.'
            : intent.state === 'Lapsed'
              ? 'Nobody decided in time.'
              : 'Nobody has decided yet.'}
        </p>
      ) : (
        <div className="grid gap-2 text-sm">
          <p className="flex flex-wrap items-center gap-2">
            <Badge tone={VERDICT[decision.verdict].tone}>{VERDICT[decision.verdict].word}</Badge>
            <span>
              by <bdi className="font-semibold">{decision.byName}</bdi>{' '}
              <span className="text-soft">({decision.by})</span> via {decision.via}, <Moment at={decision.at} />
            </span>
          </p>
          {decision.reason === null || decision.reason === '' ? (
            <p className="text-soft">No reason was given.</p>
          ) : (
            <p className="whitespace-pre-wrap">
              “<bdi>{decision.reason}</bdi>”
            </p>
          )}
        </div>
      )}
      {intent.requires === null ? null : <Requirement requires={intent.requires} votes={intent.votes} settled />}
      <Asides asides={intent.asides} />
    </Panel>
  )
}
