import { mayVote } from '../approvals/decide.ts'
import type { Actor } from '../journal/row.ts'
import { tradingIn } from '../orders/halt.ts'
import type { ArmedStrategy } from '../ports/records.ts'
import { type Amt, gt, shortest, ZERO } from '../values/decimal.ts'
import { base32, sha256 } from '../values/hash.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { ok, type Result } from '../values/result.ts'
import { policyNow } from './approving.ts'
import { type Command, deny, SYSTEM } from './command.ts'
import type { Denial } from './desk.ts'

/** Nothing goes without a person for longer than a day. */
export const ARMED_MAX_MS = 24 * 3_600_000

/**
 * A person lets the orders of one strategy go without being asked, on paper, within bounds, until a time. It ends by
 * itself: with its time, its last order, a restart, a halt, or the person's access.
 */
export async function arm(
  c: Command,
  ask: {
    readonly strategyID: string
    readonly symbols: readonly string[]
    readonly maxNotional: Amt
    readonly maxCount: number
    readonly until: Instant
    readonly actor: Actor
  },
): Promise<Result<ArmedStrategy, Denial>> {
  const { strategyID, symbols, maxNotional, maxCount, until, actor } = ask
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  const never = mayVote({ proposerID: '', proposerOwner: null }, person)
  if (never || !person) return deny('NOT_ELIGIBLE', never?.text ?? 'Only a signed-in person can arm a strategy.')
  const halt = await c.haltOver({ account: c.setting.account, symbol: null, strategyID })
  if (halt) return deny('TRADING_HALTED', `${tradingIn(halt.scope)} is halted. Release the halt first.`)
  const { autoMaxNotional } = await policyNow(c)
  if (c.setting.policy.environment !== 'paper' || autoMaxNotional === null)
    return deny(
      'POLICY_FAULT',
      'Orders may go without a person on paper only, and only where the policy gives an amount.',
    )
  if (symbols.length === 0 || !Number.isInteger(maxCount) || maxCount < 1 || !gt(maxNotional, ZERO))
    return deny('POLICY_FAULT', 'Name at least one symbol, one order and an amount: nothing else could go.')
  if (gt(maxNotional, autoMaxNotional))
    return deny('POLICY_FAULT', `An order that nobody looks at may cost ${shortest(autoMaxNotional)} at most.`)
  if (until <= c.now || until > plusMs(c.now, ARMED_MAX_MS))
    return deny(
      'POLICY_FAULT',
      'A strategy is armed for a day at most. Choose an earlier end, and one that is to come.',
    )
  for (const before of await armed(c))
    if (before.strategyID === strategyID) await disarmed(c, before, 'Armed anew.', actor)
  const arming: ArmedStrategy = {
    armingID: `arm_${base32(sha256(`${strategyID} ${actor.id} ${c.now}`), 12)}`,
    strategyID,
    symbols,
    maxNotional,
    maxCount,
    count: 0,
    until,
    by: person.personID,
    byName: person.name,
    armedAt: c.now,
    disarmedAt: null,
    why: null,
  }
  await c.emit('strategy.armed', { type: 'strategy', id: arming.armingID }, arming.armingID, { arming }, actor)
  return ok(arming)
}

export async function disarm(
  c: Command,
  ask: { readonly armingID: string; readonly reason: string | null; readonly actor: Actor },
): Promise<Result<ArmedStrategy, Denial>> {
  const arming = await c.tx.get('arming', ask.armingID)
  if (!arming) return deny('NOT_FOUND', `Nothing is armed as ${ask.armingID}.`)
  if (arming.disarmedAt === null) await disarmed(c, arming, ask.reason ?? 'Disarmed by hand.', ask.actor)
  return ok((await c.tx.get('arming', ask.armingID)) ?? arming)
}

/** Whatever goes by itself stops going by itself: nobody remembers after a restart, or a halt, what was armed before it. */
export async function disarmAll(c: Command, why: string, strategyID?: string): Promise<void> {
  for (const arming of await armed(c))
    if (strategyID === undefined || arming.strategyID === strategyID) await disarmed(c, arming, why, SYSTEM)
}

const armed = async (c: Command): Promise<readonly ArmedStrategy[]> =>
  (await c.tx.all('arming')).filter(({ disarmedAt }) => disarmedAt === null)

async function disarmed(c: Command, { armingID }: ArmedStrategy, why: string, actor: Actor): Promise<void> {
  await c.emit('strategy.disarmed', { type: 'strategy', id: armingID }, armingID, { why }, actor)
}
