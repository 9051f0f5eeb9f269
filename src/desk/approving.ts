import { type Coverage, coverageWords, isCovered } from '../approvals/coverage.ts'
import { mayVote, type Proposer, tooNew } from '../approvals/decide.ts'
import {
  type ApprovalPolicy,
  armed,
  firstPolicy,
  isWithin,
  type Limits,
  limitsOf,
  type OrderFacts,
  type Requirement,
  requirementOf,
} from '../approvals/policy.ts'
import type { Refusal } from '../gate/refusal.ts'
import { stoppable } from '../orders/halt.ts'
import type { Stage } from '../orders/stage.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { ArmedStrategy, Intent } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { Command } from './command.ts'

/** Of an account whose stage nobody counts: paper is S1, and live the pilot. */
const stageOf = (environment: 'paper' | 'live'): Stage => (environment === 'paper' ? 'S1' : 'S2')
/** The stage that holds now. */
export const stageNow = async (reads: Reads, environment: 'paper' | 'live'): Promise<Stage> =>
  (await reads.get('stage', 'account'))?.stage ?? stageOf(environment)

/** The policy of approvals as it is now. */
export const policyNow = (c: Command): Promise<ApprovalPolicy> => policyOf(c.tx, c.setting.policy.environment)
export const policyOf = async (reads: Reads, environment: 'paper' | 'live'): Promise<ApprovalPolicy> =>
  (await reads.get('approvals', 'account'))?.policy ?? firstPolicy(environment)

/** @param stage that of the moment at which it is looked at; null where nobody counts it. */
/** The same, at the stage of now. */
export const orderFactsNow = async (reads: Reads, ticket: Ticket, strategyID: string): Promise<OrderFacts> =>
  orderFacts(ticket, strategyID, (await reads.get('stage', 'account'))?.stage ?? null)

export const orderFacts = (ticket: Ticket, strategyID: string, stage: Stage | null): OrderFacts => ({
  environment: ticket.environment,
  stage: stage ?? stageOf(ticket.environment),
  strategyID,
  symbol: ticket.terms.symbol,
  maxNotional: ticket.maxNotional,
})

/** Who stands behind an intent, and so cannot say yes to it. */
export const proposedBy = ({ proposer, proposerOwner, proposerMaker }: Intent): Proposer => ({
  proposerID: proposer.id,
  proposerOwner,
  ...(proposerMaker !== undefined && { proposerMaker }),
})

/** How many people may say yes to what this proposer asked for, where so much is asked. */
async function eligibleFor(c: Command, intent: Intent, requires: Requirement): Promise<number> {
  const people = await c.tx.all('person')
  return people.filter((person) => !mayVote(proposedBy(intent), person) && !tooNew(requires, person)).length
}

/**
 * The arming under which this order goes without a person, and what it then asks for; null when a person must look. Never
 * where a rule asks for more than one click, and never on the word of whoever answers for the proposer.
 */
export async function armedFor(
  c: Command,
  intent: Intent,
  order: OrderFacts,
  policy: ApprovalPolicy,
): Promise<{ readonly arming: ArmedStrategy; readonly requires: Requirement } | null> {
  const { autoMaxNotional } = policy
  const usual = requirementOf(policy, order)
  if (
    autoMaxNotional === null ||
    usual.level !== 'L1' ||
    usual.quorum > 1 ||
    (await c.haltOver(stoppable(intent.account, intent.proposal)))
  )
    return null
  for (const arming of await c.tx.all('arming')) {
    if (arming.disarmedAt !== null || c.now > arming.until || !isWithin(arming, order, autoMaxNotional)) continue
    if (mayVote(proposedBy(intent), await c.tx.get('person', arming.by))) continue
    return { arming, requires: armed(usual, arming.armingID) }
  }
  return null
}

/** Why nobody can say yes to it: too few people may, or none of them is there. */
export async function whyNobody(
  c: Command,
  intent: Intent,
  requires: Requirement,
  coverage: Coverage | undefined,
): Promise<Refusal | null> {
  const { quorum } = requires
  const eligible = await eligibleFor(c, intent, requires)
  // One person may yet sign in; more than there are is a policy that nobody can satisfy.
  if (quorum > Math.max(1, eligible)) return { code: 'QUORUM_UNREACHABLE', quorum, eligible }
  if (!coverage || isCovered(coverage, c.now)) return null
  return { code: 'NOBODY_ON_DUTY', hours: coverageWords(coverage) }
}

/** The limits of time and drift for this order. What the policy says is in a person's time, the account's limits in the clock's. */
export function limitsNow(c: Command, policy: ApprovalPolicy, order: OrderFacts): Limits {
  const { speed, policy: account } = c.setting
  const limits = limitsOf(policy, order, {
    approvalTtlMs: account.approvalTtlMs / speed,
    executionTtlMs: account.executionTtlMs / speed,
    maxDriftBps: account.maxDriftBps,
  })
  const { approvalTtlMs, executionTtlMs, maxDriftBps } = limits
  return { approvalTtlMs: approvalTtlMs * speed, executionTtlMs: executionTtlMs * speed, maxDriftBps }
}
