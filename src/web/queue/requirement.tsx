import type { ReactNode } from 'react'
import type { Intent, Vote } from '../../api/wire.ts'
import { Badge } from '../parts/badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { LEVEL, SAID_WITH, whoMustSayYes, yesesOf } from '../words.ts'

type Needs = NonNullable<Intent['requires']>

type RequirementProps = {
  requires: Needs
  votes: readonly Vote[]
  /** Nobody is asked any more. */
  settled?: boolean
}

/** Who must say yes and how surely, and who has. The same for an order and for a change of the house. */
export function Requirement({ requires, votes, settled }: RequirementProps): ReactNode {
  const { level, rules } = requires
  const count = level === 'L3' ? Math.max(2, requires.quorum) : requires.quorum
  const given = yesesOf(votes)
  return (
    <div className="grid gap-1.5 rounded-md border border-line px-3 py-2 text-sm">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span>
          <span className="text-soft">{settled ? 'Needed' : 'Needs'} a yes of </span>
          <strong>{whoMustSayYes(requires)}</strong>
        </span>
        <Badge tone={level === 'L0' ? 'warn' : 'plain'}>
          {level} · {LEVEL[level]}
        </Badge>
        {rules.length === 0 ? null : (
          <span className="text-xs text-soft">
            by {rules.length === 1 ? 'the rule' : 'the rules'}{' '}
            {rules.map((rule, i) => (
              <span key={rule}>
                {i === 0 ? '' : ', '}“<bdi>{rule}</bdi>”
              </span>
            ))}
          </span>
        )}
      </p>
      {votes.length === 0 ? null : (
        <ul aria-label="Who said yes" className="grid gap-0.5">
          {votes.map((vote, i) => (
            <li key={`${vote.by} ${vote.at}`}>
              {vote.counts ? (
                <span className="font-semibold text-good">
                  <span aria-hidden="true">✓</span> {Math.min(yesesOf(votes.slice(0, i + 1)), count)} of {count}
                </span>
              ) : (
                <span className="font-semibold text-warn">no longer counts</span>
              )}
              {' · '}
              {vote.counts ? (
                <Said vote={vote} />
              ) : (
                <s className="text-soft">
                  <Said vote={vote} />
                </s>
              )}
            </li>
          ))}
        </ul>
      )}
      {!settled && given > 0 && given < count ? (
        <p className="text-soft">
          It waits for {count - given === 1 ? 'one more person' : `${count - given} more people`}.
        </p>
      ) : null}
    </div>
  )
}

/** "Ana with a passkey 15:13:22". */
function Said({ vote }: { vote: Vote }): ReactNode {
  return (
    <>
      <bdi className="font-semibold">{vote.byName}</bdi> {SAID_WITH[vote.with]} <Moment at={vote.at} />
      {vote.reason === null || vote.reason === '' ? null : (
        <span className="text-soft">
          : “<bdi>{vote.reason}</bdi>”
        </span>
      )}
    </>
  )
}

const ASIDE = { snoozed: 'put it off', reanalyse: 'asked for another look', reason: 'gave a reason' } as const

/** What people said of it without deciding it. */
export function Asides({ asides }: { asides: Intent['asides'] }): ReactNode {
  if (asides.length === 0) return null
  return (
    <ul aria-label="Said without deciding" className="grid gap-0.5 text-sm">
      {asides.map(({ kind, byName, text, until, at }) => (
        <li key={`${kind} ${at}`}>
          <bdi className="font-semibold">{byName}</bdi> {ASIDE[kind]}
          {until === null ? null : (
            <>
              {' '}
              until <Moment at={until} />
            </>
          )}
          {text === '' ? null : (
            <>
              : “<bdi className="whitespace-pre-wrap">{text}</bdi>”
            </>
          )}{' '}
          <span className="text-xs text-soft">
            <Moment at={at} relative />
          </span>
        </li>
      ))}
    </ul>
  )
}
