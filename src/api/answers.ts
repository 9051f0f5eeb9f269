import type { z } from 'zod'
import type { Denial } from '../desk/desk.ts'
import { viewRefusal } from './present.ts'
import { type Answer, problem, PROBLEMS, type ProblemCode } from './problem.ts'
import type { Documented } from './route.ts'

// What handlers answer with.

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Answer => ({
  status,
  body,
  headers,
})
export const NOTHING: Answer = { status: 204 }

const CODES: ReadonlySet<string> = new Set(Object.keys(PROBLEMS))
/** The desk's no, as a problem. */
export function denied(denial: Denial, instance?: string): Answer {
  const code: ProblemCode = CODES.has(denial.code) ? denial.code : 'NOT_ELIGIBLE'
  return problem(code, denial.text, {
    ...(denial.refusals.length > 0 ? { refusals: denial.refusals.map((refusal) => viewRefusal(refusal)) } : {}),
    ...(instance === undefined ? {} : { instance }),
  })
}
export const missing = (what: string, id: string): Answer => problem('NOT_FOUND', `There is no ${what} ${id}.`)

export const answers = (description: string, schemaOf: z.ZodType, status = 200): Record<number, Documented> => ({
  [status]: { description, schema: schemaOf },
})
