import {
  complete,
  differences,
  faultsOf,
  isTightening,
  type LimitName,
  type Limits,
  type LimitSettings,
  type Raised,
  tightenedBy,
  withRaised,
} from '../gate/limits.ts'
import { effective, type Policy } from '../gate/policy.ts'
import { modelFaults } from '../gate/model.ts'
import type { RiskLimits, Strategy, Waiver } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import { dayOf } from '../values/day.ts'
import { dec } from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import type { Command } from './command.ts'
import { DAY_ZONE } from './trading-day.ts'

// Risk limits: what is in force, what will be, and when. Tighter at once, looser from the next day on.

/** Where limits begin and what the settings of this installation add to them; absent: the account has none. */
export type Limiting = { readonly first: Limits; readonly settings: LimitSettings }

/** What people have set, as it is in force at a moment. */
export const inForce = ({ limits, next }: RiskLimits, at: Instant): Limits =>
  complete(next && at >= next.from ? next.limits : limits)

/** Takes down what the account begins with, once. */
export async function openLimits(c: Command): Promise<void> {
  const { limiting, account } = c.setting
  if (!limiting || (await c.tx.get('limits', 'account'))) return
  await c.emit('limits.opened', { type: 'account', id: account }, 'limits', { limits: limiting.first })
}

/**
 * The rules of the gate now: those of the installation, with every limit that is stricter.
 * @param raised What one order may be beyond. The settings of this installation hold all the same.
 */
export async function rulesNow(
  reads: Reads,
  policy: Policy,
  limiting: Limiting | undefined,
  at: Instant,
  raised: Raised = {},
): Promise<Policy> {
  if (!limiting) return policy
  const row = await reads.get('limits', 'account')
  const limits = withRaised(row ? inForce(row, at) : limiting.first, raised)
  return effective(policy, tightenedBy(limits, limiting.settings).limits)
}

/** More than any order comes to: with it a limit refuses nothing, and what it would come to is counted all the same. */
const ENDLESS = dec('1000000000000')
export const allRaised = (names: readonly LimitName[]): Raised =>
  Object.fromEntries(names.map((name) => [name, ENDLESS]))
/** How far a waiver raises each limit. One of an old journal lifts them altogether. */
export const raisedBy = ({ lifts, raised }: Pick<Waiver, 'lifts' | 'raised'>): Raised => raised ?? allRaised(lifts)

/** As `limits.changed` says. What still waited for its day is given up: the later word counts. */
export const changed = (
  row: RiskLimits,
  { limits, from }: { readonly limits: Limits; readonly from: Instant | null },
  at: Instant,
): RiskLimits =>
  from === null
    ? { scope: 'account', limits, next: null }
    : { scope: 'account', limits: inForce(row, at), next: { limits, from } }

/** Everything that is wrong with what somebody proposes to say of a strategy, as sentences; empty when it can be used. */
export function strategyFaults(strategyID: string, { card, model, ...strategy }: Strategy): string[] {
  const wrong = model ? modelFaults(model) : []
  if (strategy.strategyID !== strategyID) wrong.push(`It describes ${strategy.strategyID}, and not ${strategyID}.`)
  for (const [name, text] of Object.entries(card))
    if (text.trim() === '') wrong.push(`The card says nothing under ${name}; whoever answers for it must know.`)
  return wrong
}

/** A night's sleep: who agrees a minute before midnight has the trade of the moment in mind all the same. */
const COOL_MS = 8 * 3_600_000
/** Looser limits hold from the next day on that is some hours away, so that nobody loosens them for the trade of the moment. */
export function effectiveFrom(before: Limits, after: Limits, now: Instant): Instant | null {
  if (isTightening(before, after)) return null
  const { until } = dayOf(now, DAY_ZONE)
  return msBetween(now, until) >= COOL_MS ? until : dayOf(until, DAY_ZONE).until
}

/** Why these limits cannot take the place of those, as sentences; empty when they can. */
export function limitFaults(before: Limits, after: Limits): string[] {
  const wrong = faultsOf(after)
  if (after.stage !== before.stage)
    wrong.push(`The account is at stage ${before.stage}; a change of limits does not promote it to ${after.stage}.`)
  if (differences(before, after).length === 0) wrong.push('Nothing would change.')
  return wrong
}
