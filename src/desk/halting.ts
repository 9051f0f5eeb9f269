import type { Actor } from '../journal/row.ts'
import {
  cancels,
  type HaltScope,
  type HaltState,
  isHigher,
  isNarrow,
  isStopped,
  levelFor,
  ofAll,
  stoppable,
  tradingIn,
} from '../orders/halt.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import type { Change, ChangeOf, Decision, ReconcileRun } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID } from '../values/brand.ts'
import { rfc3339 } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { disarmAll } from './arming.ts'
import { cancel } from './canceling.ts'
import { type Command, denial, deny, mustOrder, SYSTEM } from './command.ts'
import type { Denial, Stop } from './desk.ts'

/** Roles that may start trading again. Stopping is everybody's right. */
export const RELEASERS: readonly string[] = ['risk', 'approver', 'operator', 'admin']

/** An account or broker that is not ours would stop nothing, and look as if it did: it becomes everything. */
const scopeOf = (asked: HaltScope = 'global', account: AccountID): HaltScope =>
  isNarrow(asked) || isStopped({ scope: asked }, ofAll(account)) ? asked : 'global'

/**
 * Stops everything, or a part, so far. Never refused for want of a right or of a fitting level: no is an answer that
 * nobody may get who wants to stop. What is halted further already stays so.
 */
export async function halt(c: Command, ask: Stop): Promise<Result<null, Denial>> {
  const { reason, actor } = ask
  const scope = scopeOf(ask.scope, c.setting.account)
  const level = levelFor(scope, ask.level)
  const before = (await c.tx.get('halt', scope))?.state
  if (before && !isHigher(level, before.level)) return deny('ALREADY_HALTED', `${tradingIn(scope)} is halted already.`)
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  await engage(c, { by: person?.name ?? actor.id, reason, scope, level }, actor)
  return ok(null)
}

/**
 * Latches the halt. What waits in a part that is stopped is taken back, since people may not look at it for days; what
 * waits for all goes on waiting. At K4 the broker is asked to cancel every order that could open or enlarge a position;
 * stops and targets stay: taking them away would leave what is held without protection.
 */
export async function engage(c: Command, halt: Omit<HaltState, 'since'>, actor: Actor): Promise<void> {
  const { scope, reason } = halt
  await c.emit('halt.engaged', { type: 'halt', id: scope }, 'halt', halt, actor)
  if (isNarrow(scope)) await takeBackWaiting(c, halt, actor)
  if (cancels(halt))
    for (const order of await c.tx.openOrders(c.setting.account))
      if (isOpen(order) && order.asked !== 'Cancel' && (await c.isTakenBack(order)))
        await cancel(c, order, 'halt', actor)
  if (!isNarrow(scope)) await disarmAll(c, 'Trading was halted.')
  else if (scope.startsWith('strategy:'))
    await disarmAll(c, `The strategy was halted: ${reason}`, scope.slice('strategy:'.length))
  if (!isNarrow(scope)) await compareSoon(c)
}

async function takeBackWaiting(c: Command, halt: Omit<HaltState, 'since'>, actor: Actor): Promise<void> {
  for (const intent of await c.tx.waitingIntents()) {
    const { intentID, account, proposal, digest, clOrdID, corr, rev } = intent
    if (clOrdID !== null || !isStopped(halt, stoppable(account, proposal))) continue
    const reason = `${tradingIn(halt.scope)} was halted: ${halt.reason}`
    const decision: Decision = {
      verdict: 'withdrawn',
      by: actor.id,
      byName: halt.by,
      via: actor.via,
      reason,
      digest,
      at: c.now,
    }
    await c.emit('intent.withdrawn', { type: 'intent', id: intentID, rev }, corr, { decision }, actor)
    await c.tx.remove('errand', `lapse:${intentID}`)
  }
}

/**
 * An order that had ended works again: its trade was taken back, a no was not kept, others made it larger. It was no order
 * when the halt came, so nobody took it back then.
 */
export async function takeBackRevived(c: Command, before: Order): Promise<void> {
  if (isOpen(before) || !(await c.isTakenBack(before))) return
  const alive = await mustOrder(c, before.clOrdID)
  if (isOpen(alive)) await cancel(c, alive, 'halt', SYSTEM)
}

/** The HALT file is there, or cannot be read: nothing less than everything. Taking the file away releases nothing. */
export async function engageByFile(c: Command): Promise<void> {
  const reason = 'The HALT file is present in the data directory.'
  await halt(c, { reason, actor: { type: 'system', id: 'file', via: 'file', session: null } })
}

/** What is asked while a person waits and tries again and again must not begin a comparison each time: brokers count. */
const SOON_MS = 2_000

/** Starts a comparison with the broker, unless one is under way or about to be. */
async function compareSoon(c: Command): Promise<void> {
  const waiting = await c.tx.get('errand', `reconcile:${c.setting.account}`)
  if (waiting && (waiting.leaseOwner !== null || waiting.dueAt <= c.after(SOON_MS))) return
  await c.errand('reconcile', c.setting.account, 'halt')
}

/**
 * Latched: only a person with the role, with a reason; and of more than a part only after a reconciliation that found
 * nothing unexplained. Where real money is traded that is a change of the house: with a passkey, and of more than one
 * strategy or symbol by two people.
 */
export async function release(
  c: Command,
  ask: Pick<Stop, 'reason' | 'actor' | 'scope'>,
): Promise<Result<null, Denial>> {
  const { scope = 'global', reason, actor } = ask
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (!person || person.disabled || !RELEASERS.some((role) => person.roles.some((r) => r === role)))
    return deny(
      'NOT_ELIGIBLE',
      `Releasing a halt needs a signed-in person with one of the roles ${RELEASERS.join(', ')}.`,
    )
  const wrong = await notReleasable(c.tx, scope)
  if (wrong?.code === 'UNRECONCILED') await compareSoon(c)
  if (wrong) return err(wrong)
  if (c.setting.policy.environment === 'live')
    return deny(
      'RELEASE_IS_A_CHANGE',
      'Where real money is traded a halt is released by a change: of one strategy or symbol with a passkey, of all else by two people. Propose it: jax-exec resume, or POST /v1/changes with {"kind":"release"}.',
    )
  await c.emit('halt.released', { type: 'halt', id: scope }, 'halt', { by: person.name, reason, scope }, actor)
  return ok(null)
}

type ReleaseChange = Extract<ChangeOf, { kind: 'release' }>

/** The change that releases the halt as it stands; null when nothing of it is halted. */
export async function releaseChange(reads: Reads, scope: HaltScope): Promise<ReleaseChange | null> {
  const state = (await reads.get('halt', scope))?.state
  if (!state) return null
  const { level, since, by, reason } = state
  return { kind: 'release', scope, level, since: rfc3339(since), by, why: reason }
}

/** Why nobody could agree to it now; null when people could. */
export async function releaseFault(
  reads: Reads,
  what: ReleaseChange,
  environment: 'paper' | 'live',
): Promise<Denial | null> {
  if (environment === 'paper')
    return denial('NOT_NEEDED', 'On paper one person with the role releases a halt: jax-exec resume.')
  const now = await releaseChange(reads, what.scope)
  if (now && canonical(now) !== canonical(what))
    return denial('STALE_CHANGE', 'It is another halt by now. Look at it, and propose its release.')
  return notReleasable(reads, what.scope)
}

/** As people agreed to it, in the names of all of them. */
export async function releaseBy(c: Command, scope: HaltScope, change: Change, actor: Actor): Promise<void> {
  const { changeID, proposerName, votes, reason } = change
  const by = [...new Set([proposerName, ...votes.map(({ byName }) => byName)])].join(' and ')
  await c.emit('halt.released', { type: 'halt', id: scope }, changeID, { by, reason, scope }, actor)
}

/** What stands against a release, whoever asks for it; null when nothing does. */
async function notReleasable(reads: Reads, scope: HaltScope): Promise<Denial | null> {
  const state = (await reads.get('halt', scope))?.state
  if (!state) return denial('NOT_HALTED', `${tradingIn(scope)} is not halted.`)
  if (isNarrow(scope)) return null
  if ((await reads.get('liquidation', 'account'))?.state === 'Running')
    return denial('LIQUIDATING', 'Everything is being closed. Stop the liquidation first, or let it come to its end.')
  const accounts = await reads.all('account')
  if (accounts.some(({ clockWrong }) => clockWrong))
    return denial(
      'CLOCK_UNTRUSTED',
      'Our clock and the broker’s were too far apart, and have not agreed in two readings since. Have the clock set; they are a minute apart.',
    )
  const [run = null] = await reads.all('reconcile')
  const why = unreconciled(run, state)
  return why === null
    ? null
    : denial('UNRECONCILED', `${why}. A comparison has been started; try again in a few seconds.`)
}

function unreconciled(run: ReconcileRun | null, { since }: HaltState): string | null {
  if (!run || run.at < since) return 'Our book has not been compared with the broker since the halt'
  return run.clean ? null : `The last comparison with the broker found: ${run.findings.join('; ')}`
}
