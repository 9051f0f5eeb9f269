import { countYes } from '../approvals/decide.ts'
import { type ApprovalPolicy, ONE_CLICK, type Requirement } from '../approvals/policy.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Escalation, Intent } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import type { IntentID } from '../values/brand.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import type { Command } from './command.ts'
import { castOf } from './evidence.ts'

/** When further people are to be told of a ticket that is made now; null where the policy says never, or it ends before. */
export function escalationOf(
  c: Command,
  { escalateAfterMs: afterMs }: ApprovalPolicy,
  decideBy: Instant,
): Escalation | null {
  if (afterMs === undefined) return null
  const at = c.after(afterMs)
  return at < decideBy ? { at, afterMs } : null
}

/** Leaves the errand that a waiting ticket needs, in place of that of the ticket before it. */
export async function escalateLater(
  c: Command,
  { intentID, corr, state, escalation, escalatedAt }: Intent,
): Promise<void> {
  if (state === 'AwaitingApproval' && escalation && escalatedAt === undefined)
    await c.timer('escalate', intentID, corr, escalation.at)
  else await c.tx.remove('errand', `escalate:${intentID}`)
}

/** Tells further people of an order that still waits. Too early, it comes again; decided, told of or over, nothing happens. */
export async function escalate(c: Command, intentID: IntentID): Promise<void> {
  const intent = await c.tx.get('intent', intentID)
  if (intent?.state !== 'AwaitingApproval' || intent.escalatedAt !== undefined) return
  const { ticket, escalation, decideBy, rev, corr, asides = [] } = intent
  if (!ticket || !escalation || (decideBy !== null && c.now > decideBy)) return
  if (c.now < escalation.at) return escalateLater(c, intent)
  const late = Math.floor(msBetween(escalation.at, c.now) / c.setting.speed)
  const putOff = asides.filter(({ kind, until }) => kind === 'snoozed' && until !== null && until > c.now)
  await c.emit('intent.escalated', { type: 'intent', id: intentID, rev }, corr, {
    rev,
    waitedMs: escalation.afterMs + late,
    missing: await missingOf(c.tx, intent, ticket, c.now),
    putOff: [...new Set(putOff.map(({ byName }) => byName))],
  })
}

/** How many people must still say yes to this ticket. */
export async function missingOf(
  tx: Tx,
  { requires = ONE_CLICK, votes = [], digest }: { readonly requires?: Requirement } & Pick<Intent, 'votes' | 'digest'>,
  ticket: Ticket,
  now: Instant,
): Promise<number> {
  const cast = await castOf(tx, votes, ticket, requires, now)
  return Math.max(0, requires.quorum - countYes(requires, cast, digest ?? ''))
}
