import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { callCsv, query } from '../http.ts'
import { Action } from '../parts/action.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { bounds, type Filters } from '../queries.ts'

/** As many rows as the gateway gives at once, and a bound on what is put together here. */
const PAGE_ROWS = '200'
const PAGES_MAX = 250

/** Fetched rather than linked to: the gateway answers CSV to an `Accept` header, which a link cannot set. */
export function CsvDownload({ kind, filters }: { kind: 'orders' | 'fills'; filters: Filters }): ReactNode {
  const fetched = useMutation({
    mutationFn: () => allRows(kind, filters),
    onSuccess: (text) => save(`${kind}.csv`, text),
  })
  return (
    <div className="grid gap-2">
      <Action onPress={() => fetched.mutate()} busy={fetched.isPending}>
        Download CSV
      </Action>
      {fetched.isError ? <Trouble error={fetched.error} title="No download" /> : null}
    </div>
  )
}

/** Page after page, under the heading of the first. */
async function allRows(kind: 'orders' | 'fills', filters: Filters): Promise<string> {
  let rows = ''
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const { text, next } = await callCsv(`/${kind}${query({ ...bounds(filters), limit: PAGE_ROWS, after })}`)
    rows += page === 0 ? text : text.slice(text.indexOf('\n') + 1)
    if (next === null) return rows
    after = next
  }
  throw new Error('More than 50,000 rows: choose a shorter time.')
}

function save(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  link.download = name
  link.click()
  // Some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}
