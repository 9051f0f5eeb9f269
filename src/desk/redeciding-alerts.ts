import { TRIGGER_NAMES, TRIGGERS } from '../gate/triggers.ts'
import { moment } from '../gate/words.ts'
import { type HaltLevel, type HaltScope, isNarrow, tradingIn } from '../orders/halt.ts'
import { isLive } from '../orders/stage.ts'
import type { Tx } from '../ports/store.ts'
import type { Action } from './events.ts'
import { type Case, type Found, found, type Judge } from './finding.ts'
import { losersInRow, rejectsInRow } from './watching.ts'

// What tripped by itself, and what people said of it, decided again. Readings of the account and of the connection are not
// in the journal: what a trigger made of the book is counted again, of the others only that it may stop so much.

const STRATEGY = 'strategy:'

/** Whether a rule may stop so much, and whether the numbers that it names are those of the book. Null for whoever is no rule. */
export async function ruleFault({ tx, row, data }: Case<'halt.engaged'>): Promise<Found | null> {
  const { by, reason, scope = 'global', level = 'K4' } = data
  if (row.actor.type !== 'system' || !row.actor.id.startsWith('rule ')) return null
  const said = `${row.actor.id} halted it: ${tradingIn(scope)}, ${level}.`
  const environment = scopeEnvironment((await tx.all('identity'))[0]?.account)
  const mine = TRIGGER_NAMES.map((name) => TRIGGERS[name]).filter(({ control }) => `rule ${control}` === row.actor.id)
  if (row.actor.id === 'rule A05') return stageHaltFault(tx, said, { by, scope, level })
  const may = mine.some(({ halts }) =>
    environment === null ? Object.values(halts).includes(level) : halts[environment] === level,
  )
  if (!may || by !== row.actor.id || isNarrow(scope) !== (level === 'K1'))
    return found('NOT_ELIGIBLE', said, 'No trigger of that control stops so much.')
  if (!scope.startsWith(STRATEGY)) return null
  const strategyID = scope.slice(STRATEGY.length)
  const alert = (await tx.all('task')).find((task) => task.subject === strategyID && task.text === reason)
  if (!alert) return found('LEFT_UNDONE', said, 'Its alert says so first, in the same words.')
  const counted = await countedAgain(alert.kind, tx, strategyID)
  const named = /\blast (\d+) /.exec(reason)?.[1]
  return counted === null || named === String(counted)
    ? null
    : found('WRONG_SUM', `${said} It names the last ${named ?? 'few'}.`, `In the book there are ${counted} in a row.`)
}

/** Books whose account nobody ever asked the broker for are of tests. */
const scopeEnvironment = (account: string | undefined): 'paper' | 'live' | null =>
  account === undefined ? null : account.startsWith('live:') ? 'live' : 'paper'

async function countedAgain(kind: string, tx: Case['tx'], strategyID: string): Promise<number | null> {
  if (kind === TRIGGERS.rejectsInRow.alert) return (await rejectsInRow(tx, strategyID)).length
  return kind === TRIGGERS.losersInRow.alert ? (await losersInRow(tx, strategyID)).length : null
}

type Judges = {
  readonly [A in Extract<Action, `task.${string}`>]: Judge<A>
}
export const ALERT_JUDGES: Judges = {
  'task.raised': async ({ tx, row }) => {
    const task = await tx.get('task', row.object.id)
    return task && task.doneAt === null
      ? found('REPEATED', `Task ${task.taskID} is raised.`, `It is open since ${moment(task.raisedAt)}.`)
      : null
  },
  'task.acknowledged': async ({ tx, row, data: { by } }) => {
    const said = `${by} (${row.actor.type}) has seen ${row.object.id}.`
    const task = await tx.get('task', row.object.id)
    if (!task || task.doneAt !== null) return found('REPEATED', said, 'It is not open.')
    if (task.acknowledgedAt !== undefined)
      return found('REPEATED', said, `${task.acknowledgedBy} had at ${moment(task.acknowledgedAt)}.`)
    const person = row.actor.type === 'person' ? await tx.get('person', row.actor.id) : null
    return person && !person.disabled && person.roles.length > 0 && person.personID === by
      ? null
      : found('NOT_ELIGIBLE', said, 'It takes a signed-in person with a role, in their own name.')
  },
  'task.escalated': async ({ tx, row }) => {
    const said = `Further people are told of ${row.object.id}.`
    const task = await tx.get('task', row.object.id)
    if (!task || task.doneAt !== null) return found('NOT_PENDING', said, 'It is not open.')
    if (task.escalatedAt !== undefined) return found('REPEATED', said, `They were at ${moment(task.escalatedAt)}.`)
    return task.acknowledgedAt === undefined
      ? null
      : found('NOT_PENDING', said, `${task.acknowledgedBy} had seen it at ${moment(task.acknowledgedAt)}.`)
  },
  'task.closed': async ({ tx, row, data: { by } }) => {
    const task = await tx.get('task', row.object.id)
    return task?.doneAt != null
      ? found('REPEATED', `${by} closed task ${task.taskID}.`, `It was closed at ${moment(task.doneAt)}.`)
      : null
  },
}

/** Only an account that trades with real money is stopped because it goes back a stage. */
async function stageHaltFault(
  tx: Tx,
  said: string,
  { by, scope, level }: { readonly by: string; readonly scope: HaltScope; readonly level: HaltLevel },
): Promise<Found | null> {
  const rollout = await tx.get('stage', 'account')
  return rollout && isLive(rollout.stage) && scope === 'global' && level === 'K3' && by === 'rule A05'
    ? null
    : found('NOT_ELIGIBLE', said, 'The account is at no stage from which that stops anything.')
}
