import { emptyDay, type DayCounts, LATENCY_BOUNDS, SLIPPAGE_BOUNDS, spreadWith } from '../gate/rollout.ts'
import type { Row } from '../journal/row.ts'
import type { Decision, Rollout, StagePast } from '../ports/records.ts'
import type { Reads, Tx } from '../ports/store.ts'
import { dayOf, isWeekday } from '../values/day.ts'
import { dec, type Decimal, minus, over, shortest, times } from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import type { Happened } from './events.ts'
import { DAY_ZONE } from './trading-day.ts'

// At which stage the account is and what it has shown there, as a fold of the journal.

/** As `stage.opened` says. */
export const begun = ({ stage, build, from }: Happened['stage.opened'], since: Instant): Rollout => ({
  scope: 'account',
  stage,
  since,
  era: 0,
  build: from?.build ?? null,
  runs: build,
  running: true,
  past: [],
  origin: from,
})
/** As `stage.changed` says. */
export function moved(before: Rollout, row: Row, data: Happened['stage.changed'], at: Instant): Rollout {
  const { stage, cause, why, build, evidence } = data
  const changeID = cause === 'demoted' ? null : row.corr
  const past: StagePast = { at, from: before.stage, to: stage, cause, why, changeID, build, evidence }
  // Agreeing to a build takes nothing away from what was shown.
  const isNew = cause !== 'build agreed to'
  return {
    ...before,
    stage,
    ...(isNew && { since: at, era: before.era + 1 }),
    build: build ?? before.build,
    past: [...before.past, past],
  }
}

/** Why the build that runs is not one that people agreed to; null when it is. */
export function notAgreed({ build, runs }: Rollout): string | null {
  if (build !== null && build === runs) return null
  const agreed = build === null ? 'Nobody has agreed to a build yet' : `People agreed to build ${build}`
  return `${agreed}, and ${runs ?? 'an unknown one'} runs.`
}

/** Since when nobody has reviewed the controls: the last review, or the first meeting with the account. */
export async function unreviewedSince(reads: Reads): Promise<Instant | null> {
  const review = await reads.get('review', 'account')
  return review?.at ?? (await reads.all('identity'))[0]?.since ?? null
}

/** Folds into the day what its row shows of the account. Nothing is read where nothing of the kind happened. */
export async function countStage(tx: Tx, row: Row, at: Instant): Promise<void> {
  const told = row as unknown as { [A in keyof Happened]: { action: A; data: Happened[A] } }[keyof Happened]
  switch (told.action) {
    case 'gateway.started': {
      const rollout = await tx.get('stage', 'account')
      if (!rollout) return
      await count(tx, at, (day) => ({
        ...day,
        starts: day.starts + 1,
        crashes: day.crashes + (rollout.running ? 1 : 0),
      }))
      return tx.put('stage', { ...rollout, runs: told.data.build, running: true })
    }
    case 'gateway.stopped': {
      const rollout = await tx.get('stage', 'account')
      return rollout ? tx.put('stage', { ...rollout, running: false }) : undefined
    }
    case 'day.opened':
      return count(tx, at, (day) => ({ ...day, session: day.session || isWeekday(day.day) }))
    case 'account.reconciled':
      return told.data.run.clean ? count(tx, at, (day) => ({ ...day, compared: day.compared + 1 })) : undefined
    case 'instrument.frozen':
      return isBreak(row) ? count(tx, at, (day) => ({ ...day, breaks: day.breaks + 1 })) : undefined
    case 'order.send-started':
      return countOrder(tx, row, at)
    case 'intent.approved':
      return countYes(tx, row, told.data.decision, at)
    case 'execution.reported':
      return countFill(tx, row, told.data, at)
    default:
      return
  }
}
/** Of everything that freezes a symbol these are what nobody could explain: a comparison found it, twice. */
export const isBreak = ({ action, corr }: Row): boolean => action === 'instrument.frozen' && corr === 'reconcile'

async function count(tx: Tx, at: Instant, how: (day: DayCounts) => DayCounts): Promise<void> {
  const rollout = await tx.get('stage', 'account')
  if (!rollout) return
  const { name } = dayOf(at, DAY_ZONE)
  await tx.put('stageDay', how((await tx.get('stageDay', `${rollout.era}|${name}`)) ?? emptyDay(rollout.era, name)))
}

async function countOrder(tx: Tx, row: Row, at: Instant): Promise<void> {
  const order = await tx.get('order', row.object.id)
  if (order?.role !== 'Entry' || order.replaces || order.offers !== undefined) return
  const strategyID = (await tx.get('intent', order.intentID))?.proposal.strategyID
  await count(tx, at, (day) => ({
    ...day,
    orders: day.orders + 1,
    strategies:
      strategyID === undefined || day.strategies.includes(strategyID)
        ? day.strategies
        : [...day.strategies, strategyID],
  }))
}

/** How long a person took from the ticket to the yes. */
async function countYes(tx: Tx, row: Row, { evidence, at: saidAt }: Decision, at: Instant): Promise<void> {
  if (evidence?.kind === 'armed') return
  const ticket = (await tx.get('intent', row.object.id))?.ticket
  if (!ticket) return
  const seconds = Math.max(0, msBetween(ticket.refAt, saidAt)) / 1000
  await count(tx, at, (day) => ({ ...day, latency: spreadWith(day.latency, LATENCY_BOUNDS, seconds) }))
}

/** How much worse an entry filled than the price that people saw. */
async function countFill(tx: Tx, row: Row, { report }: Happened['execution.reported'], at: Instant): Promise<void> {
  if (report.execType !== 'Trade') return
  const order = await tx.get('order', row.object.id)
  const ticket = order?.role === 'Entry' ? (await tx.get('intent', order.intentID))?.ticket : null
  if (!order || !ticket) return
  const bps = slippageBps(order.terms.side, ticket.refPx, report.lastPx)
  await count(tx, at, (day) => ({ ...day, slippage: spreadWith(day.slippage, SLIPPAGE_BOUNDS, bps) }))
}
const BPS = dec('10000')
/** In basis points of the price seen, whole, up; below 0 it was better. */
export function slippageBps(side: 'Buy' | 'Sell', seen: Decimal, filled: Decimal): number {
  const worse = side === 'Buy' ? minus(filled, seen) : minus(seen, filled)
  return Number(shortest(over(times(worse, BPS), seen, { scale: 0, rounding: 'up' })))
}
