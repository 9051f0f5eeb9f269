import type { ReactNode } from 'react'
import { useNowMs } from '../live.tsx'
import { ago, localTime, utcTime } from '../time.ts'

/** A local time; UTC when pointed at. */
export function Moment({ at, relative }: { at: string; relative?: boolean }): ReactNode {
  const nowMs = useNowMs()
  return (
    <time dateTime={at} title={`${localTime(at, nowMs)} here · ${utcTime(at)}`} className="whitespace-nowrap">
      {relative ? ago(at, nowMs) : localTime(at, nowMs)}
    </time>
  )
}
