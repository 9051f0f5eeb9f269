import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { callText, query } from '../http.ts'
import { Action } from '../parts/action.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { bounds, type Filters } from '../queries.ts'

/** As many rows as the gateway gives at once. */
const ROWS = '1000'

/** Fetched rather than linked to: the gateway answers CSV to an `Accept` header, which a link cannot set. */
export function CsvDownload({ kind, filters }: { kind: 'orders' | 'fills'; filters: Filters }): ReactNode {
  const fetched = useMutation({
    mutationFn: () => callText(`/${kind}${query({ ...bounds(filters), limit: ROWS })}`, 'text/csv'),
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

function save(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  link.download = name
  link.click()
  // Some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}
