import { moment } from '../gate/words.ts'
import { plusMs } from '../values/instant.ts'
import { missingOf } from './escalating.ts'
import { type Case, type Found, found, WRITTEN_WITHIN_MS } from './finding.ts'

// When further people are told of an order that waits, decided again. How fast the market's clock ran is not in the
// journal: what is in a person's time is compared with nothing but the policy.

/** Whether a ticket is escalated after the time that the policy of its moment says, and before its end. */
export async function plannedFault({ tx, data }: Case<'intent.ticketed'>): Promise<Found | null> {
  const { escalation, decideBy, requires } = data
  if (!escalation) return null
  const { at, afterMs } = escalation
  const said = `Further people are told of it at ${moment(at)}, after ${afterMs} ms.`
  const after = (await tx.get('approvals', 'account'))?.policy.escalateAfterMs
  if (after !== afterMs || requires?.level === 'L0')
    return found('CONTRADICTED', said, after === undefined ? 'The policy says never.' : `The policy says ${after} ms.`)
  return at < decideBy ? null : found('CONTRADICTED', said, `It may be decided until ${moment(decideBy)} only.`)
}

/** Whether the order waited then, for so many people, for so long, and nobody further had been told. */
export async function escalatedFault({
  tx,
  row,
  at,
  stoodStill,
  data,
}: Case<'intent.escalated'>): Promise<Found | null> {
  const intent = await tx.get('intent', row.object.id)
  if (!intent) return null
  const { rev, ticket, escalation, escalatedAt, decideBy } = intent
  const said = `It is escalated: ${data.missing} are missing after ${data.waitedMs} ms.`
  if (!ticket || data.rev !== rev)
    return found('NOT_PENDING', said, `It is at ticket ${rev}; the row is about ticket ${data.rev}.`)
  if (escalatedAt !== undefined) return found('REPEATED', said, `It was at ${moment(escalatedAt)}: once per ticket.`)
  if (!escalation) return found('CONTRADICTED', said, 'The policy of its ticket says never.')
  if (at < escalation.at || data.waitedMs < escalation.afterMs)
    return found('TOO_EARLY', said, `It is at ${moment(escalation.at)}, after ${escalation.afterMs} ms.`)
  if (decideBy !== null && !stoodStill && at > plusMs(decideBy, WRITTEN_WITHIN_MS))
    return found('APPROVAL_EXPIRED', said, `It could be decided until ${moment(decideBy)}.`)
  const missing = await missingOf(tx, intent, ticket, at)
  return missing === data.missing ? null : found('CONTRADICTED', said, `${missing} are missing.`)
}
