import type { ReactNode } from 'react'
import { useNowMs, useSpeed } from '../live.tsx'
import { countdown, msOf, utcTime } from '../time.ts'

const R = 15
const ROUND = 2 * Math.PI * R

/** Below this a person should decide now or let it lapse. */
const HURRY_MS = 30_000

/** How long there is to decide: a ring that empties and the time in figures. A timer is not announced as it runs. */
export function Deadline({ from, until }: { from: string; until: string }): ReactNode {
  const nowMs = useNowMs()
  // In a replay the market's minutes pass faster; what counts here are the person's.
  const speed = useSpeed()
  const left = Math.max(0, msOf(until) - nowMs) / speed
  const whole = Math.max(1, msOf(until) - msOf(from)) / speed
  const hurry = left < HURRY_MS
  return (
    <div
      role="timer"
      aria-live="off"
      title={`Lapses at ${utcTime(until)}`}
      className={`flex shrink-0 items-center gap-2 ${hurry ? 'text-bad' : 'text-soft'}`}
    >
      <span className="text-right leading-tight">
        <span className="block text-lg font-bold">{countdown(left)}</span>
        <span className="block text-xs">{left === 0 ? 'lapsing' : hurry ? 'hurry' : 'to decide'}</span>
      </span>
      <svg viewBox="0 0 36 36" className="size-9 -rotate-90" aria-hidden="true">
        <circle cx="18" cy="18" r={R} fill="none" strokeWidth="4" className="stroke-line" />
        <circle
          cx="18"
          cy="18"
          r={R}
          fill="none"
          strokeWidth="4"
          strokeLinecap="round"
          strokeDasharray={`${(Math.min(1, left / whole) * ROUND).toFixed(2)} ${ROUND.toFixed(2)}`}
          className={left === 0 ? 'stroke-transparent' : 'stroke-current'}
        />
      </svg>
    </div>
  )
}
