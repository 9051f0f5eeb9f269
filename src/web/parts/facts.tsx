import type { ReactNode } from 'react'

export type Fact = { label: string; value: ReactNode; note?: ReactNode }

/** Labelled figures in a grid that folds on a phone. */
export function Facts({ facts, tight }: { facts: readonly Fact[]; tight?: boolean }): ReactNode {
  return (
    <dl className={`grid grid-cols-3 gap-x-3 gap-y-3 sm:gap-x-4 ${tight ? '' : 'lg:grid-cols-6'}`}>
      {facts.map(({ label, value, note }) => (
        <div key={label} className="min-w-0">
          <dt className="text-xs text-soft">{label}</dt>
          <dd className="font-semibold">
            {value}
            {note === undefined ? null : <span className="block text-xs font-normal text-soft">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
