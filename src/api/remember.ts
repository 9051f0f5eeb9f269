import { sha256Hex } from '../values/hash.ts'
import { type Answer, problem } from './problem.ts'

/** Enough for every retry that is under way; the oldest are forgotten first. */
const KEPT = 1000

/**
 * Answers a repeated write with the first answer, by caller and `Idempotency-Key`, for as long as the process runs.
 * Only for writes that are not idempotent by themselves: money moves by intents, whose id is their key in the journal.
 * An answer that is no is not kept, so the same key may try again.
 */
export function memory(): (key: string, request: string, make: () => Promise<Answer | null>) => Promise<Answer | null> {
  const answers = new Map<string, { readonly request: string; readonly answer: Promise<Answer | null> }>()
  return (key, request, make) => {
    const digest = sha256Hex(request)
    const known = answers.get(key)
    if (known && known.request !== digest)
      return Promise.resolve(
        problem('IDEMPOTENCY_MISMATCH', 'This Idempotency-Key came before with another request. Nothing was done.'),
      )
    if (known) return known.answer
    const answer = make()
    answers.set(key, { request: digest, answer })
    const forget = (): void => void answers.delete(key)
    answer.then((made) => (made === null || made.status >= 400 ? forget() : undefined), forget)
    if (answers.size > KEPT) for (const [oldest] of answers) return (answers.delete(oldest), answer)
    return answer
  }
}
