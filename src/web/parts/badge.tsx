import type { ReactNode } from 'react'
import type { Intent, OrdStatus } from '../../api/wire.ts'
import { ORD_STATUS, standing, type Tone } from '../words.ts'

const LOOK: Readonly<Record<Tone, string>> = {
  plain: 'bg-sunken text-soft',
  good: 'bg-good-wash text-good',
  warn: 'bg-warn-wash text-warn',
  bad: 'bg-bad-wash text-bad',
  accent: 'bg-buy-wash text-buy',
}

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }): ReactNode {
  return (
    <span className={`inline-block rounded px-1.5 py-0.5 text-xs font-semibold whitespace-nowrap ${LOOK[tone]}`}>
      {children}
    </span>
  )
}

export const StatusBadge = ({ status }: { status: OrdStatus }): ReactNode => (
  <Badge tone={ORD_STATUS[status].tone}>{ORD_STATUS[status].label}</Badge>
)

export function StandingBadge({ intent }: { intent: Intent }): ReactNode {
  const { label, tone } = standing(intent)
  return <Badge tone={tone}>{label}</Badge>
}

const SIDE = {
  Buy: { mark: '▲', look: 'bg-buy-wash text-buy' },
  Sell: { mark: '▼', look: 'bg-sell-wash text-sell' },
  Hold: { mark: '■', look: 'bg-sunken text-soft' },
} as const

/** Told three ways, so that no single one has to be perceived: word, arrow, colour. */
export function SideMark({ side, large, word }: { side: Intent['side']; large?: boolean; word?: string }): ReactNode {
  const { mark, look } = SIDE[side]
  return (
    <span
      className={`inline-flex items-center gap-1 rounded font-bold uppercase ${look} ${large ? 'px-2 py-0.5' : 'px-1.5 text-xs'}`}
    >
      <span aria-hidden="true">{mark}</span>
      {word ?? side}
    </span>
  )
}
