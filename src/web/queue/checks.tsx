import type { ReactNode } from 'react'
import type { CheckLine } from '../../api/wire.ts'

/** Every check that was run, with its outcome; open from the start when one failed. */
export function Checks({ checks, open }: { checks: readonly CheckLine[]; open?: boolean }): ReactNode {
  const failed = checks.filter(({ passed }) => !passed).length
  if (checks.length === 0) return null
  return (
    <details open={open ?? failed > 0} className="rounded-md border border-line text-sm">
      <summary className="px-3 py-2">
        {failed === 0 ? (
          <>
            <span className="font-bold text-good">✓</span> <strong>All {checks.length} checks passed</strong>
          </>
        ) : (
          <>
            <span className="font-bold text-bad">✗</span>{' '}
            <strong>
              {failed} of {checks.length} checks failed
            </strong>
          </>
        )}
      </summary>
      <ul className="grid gap-x-6 gap-y-0.5 border-t border-line px-3 py-2 sm:grid-cols-2">
        {checks.map(({ check, passed, label }) => (
          <li key={check} className="flex gap-2">
            <span className={`font-bold ${passed ? 'text-good' : 'text-bad'}`}>
              <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
              <span className="sr-only">{passed ? 'Passed:' : 'Failed:'}</span>
            </span>
            <span className={passed ? '' : 'font-semibold'}>{label}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}
