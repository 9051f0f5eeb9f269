import type { ReactNode } from 'react'
import type { Story } from '../../api/wire.ts'
import { Moment } from '../parts/moment.tsx'
import { span } from '../time.ts'
import { type Milestone, milestones } from './milestones.ts'

const LOOK: Readonly<Record<Milestone['state'], { mark: string; dot: string; text: string; heard: string }>> = {
  done: { mark: '✓', dot: 'border-good bg-good text-surface', text: '', heard: '' },
  failed: { mark: '✗', dot: 'border-alarm bg-alarm text-alarm-ink', text: 'text-bad', heard: 'It ended here. ' },
  doubt: { mark: '?', dot: 'border-bad bg-bad-wash text-bad', text: 'text-bad', heard: 'Unknown. ' },
  ahead: { mark: '', dot: 'border-edge bg-surface', text: 'text-soft', heard: 'Not yet. ' },
  never: { mark: '', dot: 'border-line bg-sunken', text: 'text-soft line-through', heard: 'Not reached. ' },
}

/** A picture of the road: stations with their times, and between them how long each stretch took. */
export function Road({ story }: { story: Story }): ReactNode {
  return (
    <ol className="grid gap-3 sm:flex sm:gap-0">
      {milestones(story).map(({ name, at, state, tookMs }, i) => {
        const { mark, dot, text, heard } = LOOK[state]
        return (
          <li key={name} className="relative flex min-w-0 items-center gap-3 sm:block sm:flex-1">
            {i === 0 ? null : (
              <span
                aria-hidden="true"
                className={`hidden sm:absolute sm:top-3 sm:right-1/2 sm:left-[-50%] sm:block sm:h-0.5 ${
                  state === 'ahead' || state === 'never' ? 'bg-line' : 'bg-edge'
                }`}
              />
            )}
            <span
              aria-hidden="true"
              className={`relative z-10 grid size-6 shrink-0 place-items-center rounded-full border-2 text-xs font-bold sm:mx-auto ${dot}`}
            >
              {mark}
            </span>
            <div className="flex flex-wrap items-baseline gap-x-2 sm:mt-1.5 sm:block sm:text-center">
              <p className={`text-sm font-semibold ${text}`}>
                <span className="sr-only">{heard}</span>
                {name}
              </p>
              <p className="text-xs text-soft">
                {at === null ? ' ' : <Moment at={at} />}
                {tookMs === null || tookMs < 0 ? null : <span className="sm:block"> after {span(tookMs)}</span>}
              </p>
            </div>
          </li>
        )
      })}
    </ol>
  )
}
