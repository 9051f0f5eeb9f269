import type { ReactNode } from 'react'
import type { Refusal } from '../../api/wire.ts'
import { Refused, Unanswered } from '../http.ts'

/** Why something did not work, in words, with every reason the gateway gave. */
export function Trouble({ error, title }: { error: unknown; title?: string }): ReactNode {
  const problem = error instanceof Refused ? error.problem : undefined
  const text = error instanceof Error ? error.message : 'Something failed without saying why.'
  return (
    <div role="alert" className="grid gap-1 rounded-md border border-bad bg-bad-wash px-3 py-2 text-sm text-ink">
      <p>
        <strong className="text-bad">{title ?? problem?.title ?? 'No answer'}.</strong> {text}
      </p>
      {problem?.refusals === undefined ? null : <Refusals refusals={problem.refusals} />}
      {problem?.errors === undefined ? null : (
        <ul className="list-disc pl-5">
          {problem.errors.map(({ path, message }) => (
            <li key={path + message}>
              <code className="font-mono text-xs">{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {problem === undefined ? null : <p className="font-mono text-xs text-soft">{problem.code}</p>}
    </div>
  )
}

type Asked = { isError: boolean; error: unknown; data: unknown }

/** What could not be read. Silence while there is something to show is the connection banner's to tell. */
export function Unread({ query, what }: { query: Asked; what: string }): ReactNode {
  if (!query.isError || (query.data !== undefined && query.error instanceof Unanswered)) return null
  return <Trouble error={query.error} title={`${what} could not be read`} />
}

/** Every refusal with its code, and whether waiting may help. */
export function Refusals({ refusals }: { refusals: readonly Refusal[] }): ReactNode {
  return (
    <ul className="grid list-disc gap-1 pl-5 text-sm">
      {refusals.map(({ code, text, transient }) => (
        <li key={code + text}>
          {text}{' '}
          <span className="text-xs text-soft">
            <code className="font-mono">{code}</code>
            {transient ? ' · may pass by itself' : ''}
          </span>
        </li>
      ))}
    </ul>
  )
}
