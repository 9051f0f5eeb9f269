import { Fault } from '../values/fault.ts'
import { NoAnswer, ProblemAnswer } from './client.ts'
import { type ExitName, Stop } from './exit.ts'
import { problemLines } from './print.ts'

/** What went wrong, for people and for programs. */
type Ending = {
  readonly exit: ExitName
  readonly code: string
  readonly message: string
  readonly lines: readonly string[]
  readonly more?: object
}

const STATUS: Readonly<Record<number, ExitName>> = {
  400: 'REFUSED',
  401: 'NOT_ALLOWED',
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  409: 'REFUSED',
  422: 'REFUSED',
}
/** Faults of the store that a person can do something about. */
const DATA_FAULTS = /^STORE_/

/** Every error that a command may end with, in words; null for one that nobody foresaw. */
export function endingOf(error: unknown): Ending | null {
  if (error instanceof Stop) return { exit: error.exit, code: error.code, message: error.message, lines: error.lines }
  if (error instanceof ProblemAnswer) {
    const { problem } = error
    const lines = [...problemLines(problem)]
    if (problem.status === 401)
      lines.push('Get a one-time code with "jax-exec signin-link", then: jax-exec login CODE --name YOUR-NAME')
    return {
      exit: STATUS[problem.status] ?? 'FAILED',
      code: problem.code,
      message: problem.detail,
      lines,
      more: { problem },
    }
  }
  if (error instanceof NoAnswer)
    return {
      exit: 'UNAVAILABLE',
      code: error.refused ? 'NOT_RUNNING' : 'NO_ANSWER',
      message: error.refused
        ? `No gateway is running at ${error.url}.`
        : `The gateway at ${error.url} does not answer.`,
      lines: error.refused
        ? [
            'Start it with: npm start',
            'These work without it: halt, audit verify, audit export, audit head, views rebuild, backup, restore, config check',
          ]
        : [error.message, 'What was asked may or may not have been done: look before you ask again.'],
    }
  if (error instanceof Fault)
    return {
      exit: DATA_FAULTS.test(error.code) ? 'DATA' : 'FAULT',
      code: error.code,
      message: error.message,
      lines: [],
    }
  return null
}
