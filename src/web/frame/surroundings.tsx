import type { ReactNode } from 'react'
import type { Status } from '../../api/wire.ts'
import { type Connection, useConnection } from '../live.tsx'

const ENVIRONMENT = {
  paper: { word: 'PAPER', look: 'bg-good text-surface' },
  live: { word: 'LIVE', look: 'bg-bad text-bad-ink' },
} as const

/** Which money this is about, and how well we hear the gateway. */
export function Surroundings({ status }: { status: Status | undefined }): ReactNode {
  const account = status?.account ?? null
  const speed = status?.marketClock.speed ?? 1
  return (
    <>
      {account === null ? null : (
        <>
          <span
            className={`rounded px-2 py-0.5 text-sm font-extrabold tracking-widest ${ENVIRONMENT[account.environment].look}`}
            title={account.environment === 'paper' ? 'No real money' : 'Real money'}
          >
            {ENVIRONMENT[account.environment].word}
          </span>
          <span className="hidden min-w-0 text-sm leading-tight lg:block">
            <span className="block truncate font-semibold">{account.account}</span>
            <span className="block text-xs text-soft">
              {account.broker}
              {account.fourEyes === 'off' ? ' · four-eyes: off' : ''}
              {speed === 1 ? '' : ` · market × ${speed}`}
            </span>
          </span>
        </>
      )}
      <ConnectionMark />
    </>
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
