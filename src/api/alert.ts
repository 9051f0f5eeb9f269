import { runbookOf } from '../gate/triggers.ts'
import type { Alert } from '../ports/channel.ts'
import type { Task } from '../ports/records.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import type { Around } from './card.ts'

/** A task as the message that calls people to it, in the words of the page. Pure. */
export function alertOf(
  task: Task,
  {
    gateway,
    environment,
    name,
    publicUrl,
  }: Pick<Around, 'gateway' | 'name' | 'publicUrl'> & Pick<Alert, 'environment'>,
): Alert {
  const { taskID, kind, subject, severity, text } = task
  return {
    gateway,
    taskID,
    severity,
    environment,
    title: `${kind} ${subject}`,
    text,
    state: task.doneAt === null && task.acknowledgedAt === undefined ? 'waiting' : 'ended',
    stateText: stateOf(task, name),
    url: `${publicUrl}/activity`,
    runbook: `docs/emergency.md${runbookOf(kind)}`,
  }
}

function stateOf({ doneAt, doneBy, note, acknowledgedAt, acknowledgedBy, escalatedAt }: Task, name: Around['name']) {
  if (acknowledgedAt !== undefined) return `${name(acknowledgedBy ?? '')} saw it at ${clock(acknowledgedAt)}.`
  if (doneAt !== null) return `${name(doneBy ?? '')} closed it at ${clock(doneAt)}: ${note ?? ''}`
  return escalatedAt === undefined
    ? 'Nobody has said that they saw it.'
    : `Nobody had said that they saw it by ${clock(escalatedAt)}: further people are told.`
}
const clock = (at: Instant): string => rfc3339(at).replace(/\.\d+Z$/, 'Z')
