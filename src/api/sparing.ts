import type { Instant } from '../values/instant.ts'
import { attempts } from './access.ts'

/**
 * For lines of the log that strangers can cause without end, and which would push out those that matter: of each kind a few
 * at once and then one now and again, with `leftOut` for how many were not written since the last one.
 *
 * @param now a person's time.
 * @returns a function that writes a line, or counts it. There must be few kinds: nothing that a stranger chooses.
 */
export function sparing(
  now: () => Instant,
  burst = 10,
  everyMs = 6000,
): (kind: string, write: (more: { readonly leftOut?: number }) => void) => void {
  const lines = attempts(burst, everyMs)
  const leftOut = new Map<string, number>()
  return (kind, write) => {
    const left = leftOut.get(kind) ?? 0
    if (lines.wait(kind, now()) > 0) return void leftOut.set(kind, left + 1)
    lines.failed(kind, now())
    leftOut.delete(kind)
    write(left === 0 ? {} : { leftOut: left })
  }
}
