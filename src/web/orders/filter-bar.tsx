import { type ReactNode, useEffect, useId, useState } from 'react'
import { Action } from '../parts/action.tsx'
import { Field } from '../parts/field.tsx'
import type { Filters } from '../queries.ts'

/** One request per pause in typing, not per letter. */
const TYPING_MS = 350

type FilterBarProps = { filters: Filters; onChange: (next: Partial<Filters>) => void; withStatus: boolean }

export function FilterBar({ filters, onChange, withStatus }: FilterBarProps): ReactNode {
  const id = useId()
  const [symbol, setSymbol] = useState(filters.symbol)
  useEffect(() => {
    if (symbol === filters.symbol) return
    const timer = setTimeout(() => onChange({ symbol }), TYPING_MS)
    return () => clearTimeout(timer)
  }, [symbol, filters.symbol, onChange])
  const any = Object.values(filters).some((value) => value !== '')
  return (
    <search className="grid grid-cols-2 items-end gap-3 sm:flex sm:flex-wrap">
      <Field label="Symbol" value={symbol} onChange={setSymbol} type="search" maxLength={20} />
      {withStatus ? (
        <div className="grid gap-1">
          <label htmlFor={id} className="text-sm font-semibold">
            Status
          </label>
          <select
            id={id}
            value={filters.open}
            onChange={(event) => onChange({ open: event.target.value })}
            className="h-9 rounded-md border border-edge bg-surface px-2"
          >
            <option value="">All</option>
            <option value="true">Open</option>
            <option value="false">Done</option>
          </select>
        </div>
      ) : null}
      <Field label="From day" value={filters.from} onChange={(from) => onChange({ from })} type="date" />
      <Field label="To day" value={filters.to} onChange={(to) => onChange({ to })} type="date" />
      {any ? (
        <Action
          onPress={() => {
            setSymbol('')
            onChange({ open: '', symbol: '', from: '', to: '' })
          }}
        >
          Clear
        </Action>
      ) : null}
    </search>
  )
}
