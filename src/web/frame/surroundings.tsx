import type { ReactNode } from 'react'
import type { Status } from '../../api/wire.ts'
import { type Connection, useConnection } from '../live.tsx'
import { Badge } from '../parts/badge.tsx'
import { Link } from '../router.tsx'

const ENVIRONMENT = {
  paper: { word: 'PAPER', look: 'bg-good text-surface' },
  live: { word: 'LIVE', look: 'bg-alarm text-alarm-ink' },
} as const

/** Which money this is about, and how well we hear the gateway. */
export function Surroundings({ status }: { status: Status | undefined }): ReactNode {
  const account = status?.account ?? null
  return (
    <>
      {account === null ? null : (
        <span
          className={`rounded px-2 py-0.5 text-sm font-extrabold tracking-widest ${ENVIRONMENT[account.environment].look}`}
          title={account.environment === 'paper' ? 'No real money' : 'Real money'}
        >
          {ENVIRONMENT[account.environment].word}
        </span>
      )}
      <Account status={status} className="hidden min-w-0 text-xs text-soft lg:block" />
      <ConnectionMark />
    </>
  )
}

/** The account, who guards it, and whether the market runs faster than life. */
export function Account({ status, className }: { status: Status | undefined; className: string }): ReactNode {
  const account = status?.account ?? null
  const speed = status?.marketClock.speed ?? 1
  if (account === null) return null
  return (
    <p className={`leading-tight ${className}`}>
      <span className="font-semibold text-ink lg:block lg:truncate lg:text-sm">{account.account}</span>
      <span className="lg:hidden"> · </span>
      <span>
        {account.broker}
        {speed === 1 ? '' : ` · market × ${speed}`}{' '}
      </span>
      <FourEyes is={account.fourEyes} />
    </p>
  )
}

/** Whether any order may be sent on the word of one person alone: where people look, on every page. */
export function FourEyes({ is }: { is: 'on' | 'off' }): ReactNode {
  return (
    <Link to="/approvals" label={`Four-eyes: ${is}`}>
      <Badge tone={is === 'on' ? 'good' : 'warn'}>four-eyes: {is}</Badge>
    </Link>
  )
}

const MARK: Readonly<Record<Connection['state'], { word: string; look: string; dot: string }>> = {
  live: { word: 'Live', look: 'text-soft', dot: 'bg-good' },
  polling: { word: 'Polling', look: 'text-warn', dot: 'bg-warn breathing' },
  lost: { word: 'Lost', look: 'text-bad font-bold', dot: 'bg-bad breathing' },
}

function ConnectionMark(): ReactNode {
  const { state } = useConnection()
  const { word, look, dot } = MARK[state]
  return (
    <span className={`flex items-center gap-1.5 text-sm ${look}`}>
      <span aria-hidden="true" className={`size-2 rounded-full ${dot}`} />
      <span className="sr-only">Connection: </span>
      <span className={state === 'live' ? 'sr-only sm:not-sr-only' : ''}>{word}</span>
    </span>
  )
}
