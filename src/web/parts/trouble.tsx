import type { ReactNode } from 'react'
import type { Refusal } from '../../api/wire.ts'
import { Refused, Unanswered } from '../http.ts'
import { NotSigned } from '../passkeys/passkey.ts'
import { Link } from '../router.tsx'

/** Refusals that a person mends by enrolling a passkey, or by using another one. */
const OF_PASSKEYS: ReadonlySet<string> = new Set(['ASSURANCE_TOO_LOW', 'PASSKEY_REFUSED', 'NO_PASSKEY'])

/** Why something did not work, in words, with every reason the gateway gave. */
export function Trouble({ error, title }: { error: unknown; title?: string }): ReactNode {
  if (error instanceof NotSigned) return <Unsigned error={error} />
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
      {problem !== undefined && OF_PASSKEYS.has(problem.code) ? <ToAccess /> : null}
    </div>
  )
}

/** Nothing is wrong with anything yet: said calmly, with what to do. */
function Unsigned({ error }: { error: NotSigned }): ReactNode {
  return (
    <div
      role="alert"
      className={`grid gap-1 rounded-md border px-3 py-2 text-sm ${error.grave ? 'border-bad bg-bad-wash' : 'border-warn bg-warn-wash'}`}
    >
      <p>
        <strong className={error.grave ? 'text-bad' : 'text-warn'}>{error.title}.</strong> {error.message}
      </p>
      {error.helps === 'access' ? <ToAccess /> : null}
    </div>
  )
}

function ToAccess(): ReactNode {
  return (
    <p>
      <Link to="/access" className="text-accent underline">
        Your access
      </Link>{' '}
      shows your passkeys, and makes new ones.
    </p>
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
