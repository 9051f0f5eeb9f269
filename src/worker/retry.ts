import { ReadFailed } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'

export type RetryPlan = { readonly tries: number; readonly firstMs: number; readonly capMs: number }

/** Four tries span at most 3.5 s: inside the lease of the errand that reads, so that no second worker joins in. */
export const READ_PLAN: RetryPlan = { tries: 4, firstMs: 250, capMs: 2_000 }

/**
 * Repeats a read that failed for a passing reason, with exponential backoff and full jitter. Reads only: a write is
 * never repeated here, because nobody but the in-doubt procedure knows whether that is safe.
 *
 * @param random 0 (inclusive) to 1 (exclusive).
 * @throws the last `ReadFailed`; a permanent one at once.
 */
export async function reading<T>(
  read: () => Promise<T>,
  world: { readonly clock: Clock; readonly random: () => number; readonly signal?: AbortSignal },
  plan: RetryPlan = READ_PLAN,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read()
    } catch (thrown) {
      if (!(thrown instanceof ReadFailed) || !thrown.transient || attempt >= plan.tries || world.signal?.aborted)
        throw thrown
      await world.clock.sleep(backoffMs(attempt, plan, world.random()), world.signal)
    }
  }
}

/** Anywhere between nothing and the exponential step, so that many who failed together do not return together. */
export const backoffMs = (
  attempt: number,
  plan: { readonly firstMs: number; readonly capMs: number },
  random: number,
): number => Math.floor(random * Math.min(plan.capMs, plan.firstMs * 2 ** (attempt - 1)))
