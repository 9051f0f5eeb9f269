import type { Errand } from '../ports/records.ts'
import type { Command } from './command.ts'

const keyOf = (errand: Errand): string => `${errand.kind}:${errand.subject}`

/** True while this very claim still stands: neither taken over by another worker nor asked for again meanwhile. */
async function holds(c: Command, errand: Errand): Promise<boolean> {
  const now = await c.tx.get('errand', keyOf(errand))
  return (
    now !== null &&
    now.leaseOwner === errand.leaseOwner &&
    now.leaseUntil === errand.leaseUntil &&
    now.leaseOwner !== null
  )
}

export async function finish(c: Command, errand: Errand): Promise<void> {
  if (await holds(c, errand)) await c.tx.remove('errand', keyOf(errand))
}

export async function postpone(c: Command, errand: Errand, afterMs: number, why: string): Promise<void> {
  if (!(await holds(c, errand))) return
  await c.tx.put('errand', {
    ...errand,
    dueAt: c.after(afterMs),
    attempts: errand.attempts + 1,
    leaseOwner: null,
    leaseUntil: null,
    lastError: why,
  })
}
