import type { ReactNode } from 'react'

/** From here on a limit is worth a colour. */
const WARM = 80

const LOOK = { calm: 'fill-accent', warm: 'fill-warn', full: 'fill-bad' } as const

type BarProps = {
  /** Of the limit, in percent; null: nothing to draw. */
  percent: number | null
  /** Of it, what one order adds; drawn lighter at its end. */
  added?: number
  /** Where the soft limit lies, in percent of the hard one. */
  soft?: number | null
}

/** How much of a limit is used. For eyes only: the figures stand beside it. */
export function Bar({ percent, added = 0, soft = null }: BarProps): ReactNode {
  const used = Math.max(0, Math.min(100, percent ?? 0))
  const heat = used >= 100 ? 'full' : used >= (soft ?? WARM) || used >= WARM ? 'warm' : 'calm'
  const before = Math.max(0, used - Math.max(0, added))
  return (
    <svg aria-hidden="true" className="block h-2 w-full overflow-hidden rounded-full" preserveAspectRatio="none">
      <rect width="100%" height="100%" className="fill-line" />
      <rect width={`${used}%`} height="100%" className={`${LOOK[heat]} ${added > 0 ? 'opacity-50' : ''}`} />
      {added > 0 ? <rect width={`${before}%`} height="100%" className={LOOK[heat]} /> : null}
      {soft === null ? null : <rect x={`${Math.min(99, soft)}%`} width="2" height="100%" className="fill-ink" />}
    </svg>
  )
}
