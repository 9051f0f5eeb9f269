import { isEnough, levelOfOne, ONE_CLICK, type Requirement } from '../approvals/policy.ts'
import { countedOf, isGiven, votesOf } from '../desk/evidence.ts'
import { isAgreed, mayDecide, whyNotAgree } from '../desk/governing.ts'
import { whyNoYes } from '../desk/intents.ts'
import { whyNoReplace } from '../desk/replacing.ts'
import { haltOf, stoppable } from '../orders/halt.ts'
import { isSettled } from '../orders/intent.ts'
import type { Order } from '../orders/machine.ts'
import type { Capabilities } from '../ports/broker.ts'
import type { Change, Intent } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { Instant } from '../values/instant.ts'
import type { Caller } from './access.ts'
import { type Seen, voterOf } from './present.ts'
import type * as wire from './wire.ts'

// What the desk would say to a decision, asked before anybody clicks: its own functions, and so its own words.

const YES: wire.Can = { ok: true }
export const can = (why: string | null | undefined): wire.Can => (why == null ? YES : { ok: false, why })

/** Once is enough: the same yes again is the same yes. */
const GIVEN = 'You said yes already; more people are asked.'

/** Whether the caller's yes to an order would be weighed now. */
export async function canApprove(reads: Reads, intent: Intent, seen: Seen): Promise<wire.Can> {
  const { caller, halts, now } = seen
  const halt = haltOf(halts, stoppable(intent.account, intent.proposal))
  const vote = { digest: intent.digest ?? '', voter: voterOf(caller) }
  const no = await whyNoYes(reads, intent, vote, halt, now)
  if (no) return can(no.text)
  return can((await isGiven(reads, intent, caller.id, now)) ? GIVEN : needsPasskey(intent.requires ?? ONE_CLICK, seen))
}

/** Whether the caller may give an order other terms now. */
export function canReplace(order: Order, intent: Intent | null, caller: Caller, capabilities: Capabilities): wire.Can {
  if (!caller.scopes.has('approvals:decide'))
    return can('Changing an order is approving it anew; that needs a signed-in approver or risk manager.')
  return can(whyNoReplace(order, intent, voterOf(caller), capabilities)?.text)
}

/** Whether the caller may decide on a change now, and whether their yes would be weighed. */
export async function canChange(
  reads: Reads,
  change: Change,
  seen: Seen,
  environment: 'paper' | 'live',
): Promise<wire.Change['can']> {
  const { caller, now } = seen
  const person = caller.kind === 'person' ? await reads.get('person', caller.id) : null
  const never = mayDecide(change, person, change.digest, now)
  if (never || !person) return { approve: can(never?.text), decline: can(never?.text) }
  const no = await whyNotAgree(reads, change, person, environment, now)
  if (no) return { approve: can(no.text), decline: YES }
  const isRepeat = await isAgreed(reads, change, person.personID, environment, now)
  return { approve: can(isRepeat ? GIVEN : needsPasskey(change.requires, seen)), decline: YES }
}

/**
 * Whose yes to an order counts: as things stand while they decide about it, and after that everybody's who said it. What
 * was sent or has ended is not undone by what became of a passkey.
 */
export async function yesesTo(reads: Reads, intent: Intent, now: Instant): Promise<ReadonlySet<string>> {
  const isOver = isSettled(intent.state) || intent.clOrdID !== null
  return isOver ? new Set(votesOf(intent).map(({ by }) => by)) : countedOf(reads, intent, now)
}

/** Likewise of a change. */
export async function yesesToChange(
  reads: Reads,
  change: Change,
  environment: 'paper' | 'live',
  now: Instant,
): Promise<ReadonlySet<string>> {
  const counted = new Set<string>()
  for (const { by } of change.votes)
    if (change.state !== 'Waiting' || (await isAgreed(reads, change, by, environment, now))) counted.add(by)
  return counted
}

/** What a click cannot do, and who has nothing else to do it with. */
function needsPasskey({ level }: Requirement, { caller, signs }: Pick<Seen, 'caller' | 'signs'>): string | null {
  if (!isEnough(levelOfOne(level), 'L2')) return null
  if (!caller.session?.cookie) return 'This takes a passkey. Open its page in the browser and approve it there.'
  return signs ? null : 'This takes a passkey, and none of yours counts yet. Enrol one under "Your access".'
}
