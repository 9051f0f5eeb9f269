import { type ReactNode, useSyncExternalStore } from 'react'

export type Column<T> = {
  key: string
  header: string
  cell: (row: T) => ReactNode
  /** Right-aligned, as figures are. */
  figure?: boolean
  /** What a row is called; its cell is the row's header, and the first line on a phone. */
  title?: boolean
  /** Left out on a phone when there is nothing to say. */
  quiet?: (row: T) => boolean
}

type LedgerProps<T> = { caption: string; columns: readonly Column<T>[]; rows: readonly T[]; keyOf: (row: T) => string }

/** Paper takes a table, however narrow it is. */
const NARROW = 'screen and (max-width: 52rem)'

const watchWidth = (listener: () => void): (() => void) => {
  const list = matchMedia(NARROW)
  list.addEventListener('change', listener)
  return () => list.removeEventListener('change', listener)
}

const useNarrow = (): boolean => useSyncExternalStore(watchWidth, () => matchMedia(NARROW).matches)

/** Rows and columns: a table where there is room, a list of small cards where there is not. */
export function Ledger<T>(props: LedgerProps<T>): ReactNode {
  return useNarrow() ? <Stack {...props} /> : <Grid {...props} />
}

function Grid<T>({ caption, columns, rows, keyOf }: LedgerProps<T>): ReactNode {
  return (
    <table className="w-full border-collapse text-sm">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr className="border-b border-line text-left text-xs text-soft">
          {columns.map(({ key, header, figure }) => (
            <th
              key={key}
              scope="col"
              className={`px-2 py-1.5 font-normal first:pl-0 last:pr-0 ${figure ? 'text-right' : ''}`}
            >
              {header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} className="border-b border-line align-top last:border-0 hover:bg-sunken">
            {columns.map(({ key, cell, figure, title }) => {
              const look = `px-2 py-2 first:pl-0 last:pr-0 ${figure ? 'text-right' : ''}`
              return title ? (
                <th key={key} scope="row" className={`${look} text-left font-semibold`}>
                  {cell(row)}
                </th>
              ) : (
                <td key={key} className={look}>
                  {cell(row)}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Stack<T>({ caption, columns, rows, keyOf }: LedgerProps<T>): ReactNode {
  const titles = columns.filter(({ title }) => title)
  const others = columns.filter(({ title }) => !title)
  return (
    <ul aria-label={caption} className="grid gap-3 text-sm">
      {rows.map((row) => (
        <li key={keyOf(row)} className="grid gap-2 border-b border-line pb-3 last:border-0 last:pb-0">
          <div className="font-semibold">
            {titles.map(({ key, cell }) => (
              <span key={key}>{cell(row)}</span>
            ))}
          </div>
          <dl className="grid gap-1">
            {others
              .filter(({ quiet }) => quiet?.(row) !== true)
              .map(({ key, header, cell }) => (
                <div key={key} className="flex items-baseline justify-between gap-4">
                  <dt className="shrink-0 text-xs text-soft">{header}</dt>
                  <dd className="min-w-0 text-right">{cell(row)}</dd>
                </div>
              ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}
