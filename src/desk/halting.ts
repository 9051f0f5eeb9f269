import type { Actor } from '../journal/row.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import { ok, type Result } from '../values/result.ts'
import { disarmAll } from './arming.ts'
import { cancel } from './canceling.ts'
import { type Command, deny, mustOrder, SYSTEM } from './command.ts'
import type { Denial } from './desk.ts'

/** Roles that may start trading again. Stopping is everybody's right. */
export const RELEASERS: readonly string[] = ['risk', 'approver', 'operator', 'admin']

export async function halt(c: Command, ask: { reason: string; actor: Actor }): Promise<Result<null, Denial>> {
  if (await c.halted()) return deny('ALREADY_HALTED', 'Trading is halted already.')
  const person = ask.actor.type === 'person' ? await c.tx.get('person', ask.actor.id) : null
  await engage(c, person?.name ?? ask.actor.id, ask.reason, ask.actor)
  return ok(null)
}

/**
 * Latches the halt and asks the broker to cancel every order that could open or enlarge a position. Stops and targets
 * stay: taking them away would leave what is held without protection.
 */
export async function engage(c: Command, by: string, reason: string, actor: Actor): Promise<void> {
  await c.emit('halt.engaged', { type: 'halt', id: 'global' }, 'halt', { by, reason }, actor)
  for (const order of await c.tx.openOrders(c.setting.account))
    if (order.role === 'Entry' && isOpen(order)) await cancel(c, order, 'halt', actor)
  await disarmAll(c, 'Trading was halted.')
}

/**
 * An order that had ended works again: its trade was taken back, a no was not kept, others made it larger. It was no order
 * when the halt came, so nobody took it back then.
 */
export async function takeBackRevived(c: Command, before: Order): Promise<void> {
  if (before.role !== 'Entry' || isOpen(before) || !(await c.halted())) return
  const alive = await mustOrder(c, before.clOrdID)
  if (isOpen(alive)) await cancel(c, alive, 'halt', SYSTEM)
}

/** The HALT file is there, or cannot be read. It engages once; taking the file away releases nothing. */
export async function engageByFile(c: Command): Promise<void> {
  if (await c.halted()) return
  await engage(c, 'file', 'The HALT file is present in the data directory.', {
    type: 'system',
    id: 'halt-file',
    via: 'file',
    session: null,
  })
}

/** What is asked while a person waits and tries again and again must not begin a comparison each time: brokers count. */
const SOON_MS = 2_000

/** Starts a comparison with the broker, unless one is under way or about to be. */
async function compareSoon(c: Command): Promise<void> {
  const waiting = await c.tx.get('errand', `reconcile:${c.setting.account}`)
  if (waiting && (waiting.leaseOwner !== null || waiting.dueAt <= c.after(SOON_MS))) return
  await c.errand('reconcile', c.setting.account, 'halt')
}

/** Latched: only a person with the role, with a reason, and after a reconciliation that found nothing unexplained. */
export async function release(c: Command, ask: { reason: string; actor: Actor }): Promise<Result<null, Denial>> {
  const person = ask.actor.type === 'person' ? await c.tx.get('person', ask.actor.id) : null
  if (!person || person.disabled || !RELEASERS.some((role) => person.roles.some((r) => r === role)))
    return deny(
      'NOT_ELIGIBLE',
      `Releasing a halt needs a signed-in person with one of the roles ${RELEASERS.join(', ')}.`,
    )
  const halted = await c.tx.get('halt', 'global')
  if (!halted?.state) return deny('NOT_HALTED', 'Trading is not halted.')
  const run = await c.tx.get('reconcile', c.setting.account)
  if (!run || run.at < halted.state.since || !run.clean) {
    await compareSoon(c)
    const why =
      !run || run.at < halted.state.since
        ? 'Our book has not been compared with the broker since the halt'
        : `The last comparison with the broker found: ${run.findings.join('; ')}`
    return deny('UNRECONCILED', `${why}. A comparison has been started; try again in a few seconds.`)
  }
  await c.emit(
    'halt.released',
    { type: 'halt', id: 'global' },
    'halt',
    { by: person.name, reason: ask.reason },
    ask.actor,
  )
  return ok(null)
}
