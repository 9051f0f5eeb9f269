import type { Clock } from '../../ports/clock.ts'

/** What `work` comes to, or `late` when that takes longer than `ms` or `signal` aborts. The work itself goes on. */
export async function within<T, Late>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  late: Late,
  signal?: AbortSignal,
): Promise<T | Late> {
  const enough = new AbortController()
  const signals = signal ? [enough.signal, signal] : [enough.signal]
  try {
    return await Promise.race([work, clock.sleep(ms, AbortSignal.any(signals)).then(() => late)])
  } finally {
    // A timer left behind would hold the process open.
    enough.abort()
  }
}
