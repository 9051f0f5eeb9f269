import { type Coverage, isCovered } from '../approvals/coverage.ts'
import {
  defaultsOf,
  differences,
  faultsOf,
  LIMIT_NAMES,
  type Limits,
  type LimitSettings,
  tightenedBy,
  withSettings,
} from '../gate/limits.ts'
import { buildFault, DEMOTES, type EvidenceLine, evidenceOf, isShown, type Shown } from '../gate/rollout.ts'
import type { TriggerName } from '../gate/triggers.ts'
import type { Actor, Row } from '../journal/row.ts'
import { statesOf, tradingIn } from '../orders/halt.ts'
import { isBefore, STAGE_TITLES, type Stage, stageAfter, stageBelow } from '../orders/stage.ts'
import type { ChangeOf, Origin, Rollout } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { Instant } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { type Command, denial } from './command.ts'
import { asShown } from './drilling.ts'
import type { Denial } from './desk.ts'
import { inForce } from './limiting.ts'
import { DAY_ZONE } from './trading-day.ts'

// The rollout of one account: what takes it a stage further, and what takes it back.

/** Where an account begins. Absent in a setting: its stage follows from paper or live, and nothing is counted. */
export type Rolling = {
  readonly first: Stage
  /** The book that a live account was promoted in. */
  readonly origin: Origin | null
}

/** Takes down where the account begins, once. */
export async function openStage(c: Command): Promise<void> {
  const { rolling, account, build } = c.setting
  if (!rolling || (await c.tx.get('stage', 'account'))) return
  const { first, origin } = rolling
  await c.emit('stage.opened', { type: 'account', id: account }, 'stage', { stage: first, build, from: origin })
}

// ---------------------------------------------------------------- what has been shown

/** Everything that is looked at before a promotion, as it stands in the book. */
export async function shownNow(reads: Reads, rollout: Rollout, now: Instant): Promise<Shown> {
  const days = (await reads.all('stageDay')).filter(({ era }) => era === rollout.era)
  const described = new Set((await reads.all('strategy')).map(({ strategyID }) => strategyID))
  const traded = new Set(days.flatMap(({ strategies }) => strategies))
  const halts = statesOf(await reads.all('halt')).map(({ scope }) => `${tradingIn(scope)} is halted`)
  const freezes = (await reads.all('freeze')).map(({ symbol }) => `${symbol} is frozen`)
  return {
    days,
    drills: [...(rollout.origin?.drills ?? []), ...(await drillsOf(reads))],
    uncarded: [...traded].filter((strategyID) => !described.has(strategyID)).sort(),
    buildFault: buildFault(rollout.runs),
    halted: [...halts, ...freezes],
    reviewedAt: (await reads.get('review', 'account'))?.at ?? null,
    now,
  }
}
/** Every drill that was held, whatever became of it. */
export const drillsOf = async (reads: Reads): Promise<Shown['drills']> => (await reads.all('drill')).map(asShown)

export type RolloutNow = {
  readonly rollout: Rollout
  /** The next stage; null at the last. */
  readonly next: Stage | null
  readonly evidence: readonly EvidenceLine[]
  /** Why nobody could promote it at this moment, whoever asks; null when they could. */
  readonly notNow: string | null
}

/** Where the account stands, and what is missing for the next stage; null where nothing is counted. */
export async function rolloutNow(
  reads: Reads,
  environment: 'paper' | 'live',
  now: Instant,
): Promise<RolloutNow | null> {
  const rollout = await reads.get('stage', 'account')
  if (!rollout) return null
  const evidence = evidenceOf(rollout.stage, environment, await shownNow(reads, rollout, now))
  return { rollout, next: stageAfter(rollout.stage), evidence, notNow: isMarketHours(now) ? OPEN_MARKET : null }
}

// ---------------------------------------------------------------- further, by people

/** Of the regular session in New York; on its holidays too, since nothing is lost by waiting for the evening. */
const MARKET_HOURS: Coverage = { zone: DAY_ZONE, days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00' }
const isMarketHours = (now: Instant): boolean => isCovered(MARKET_HOURS, now)
const OPEN_MARKET =
  'No account changes its stage during market hours, 09:30 to 16:00 in New York from Monday to Friday. Agree to it afterwards.'

type StageChange = Extract<ChangeOf, { kind: 'stage' }>

/**
 * The change that takes the account a stage further, or lets another build trade in the one it is in.
 * @param asked some of the limits of the new stage, where they are not what the stage begins with: symbols above all.
 */
export async function stageChange(
  reads: Reads,
  environment: 'paper' | 'live',
  after: Stage,
  asked: LimitSettings,
  now: Instant,
): Promise<StageChange | Denial> {
  const stands = await rolloutNow(reads, environment, now)
  const row = await reads.get('limits', 'account')
  if (!stands || !row) return denial('NOT_FOUND', 'This account has no stage of its own.')
  const { rollout, evidence } = stands
  const before = inForce(row, now)
  const { values, lists } = asked
  const named = withSettings(carried(before, after), lists?.symbols ? { lists: { symbols: lists.symbols } } : {})
  const { limits } = tightenedBy(named, { ...(values && { values }), ...(lists && { lists }) })
  return {
    kind: 'stage',
    before: rollout.stage,
    after,
    era: rollout.era,
    build: rollout.runs ?? '',
    limits: after === rollout.stage ? before : { ...limits, version: before.version + 1 },
    evidence: after === rollout.stage ? [] : evidence,
  }
}

/** What a stage begins with, and the lists that people had made, as far as the stage lets them. */
function carried(before: Limits, after: Stage): Limits {
  const first = defaultsOf(after)
  const { symbols, restricted } = before.lists
  // A stage that wants its symbols named begins with those that were named before, and with none where all were allowed.
  return { ...first, lists: { ...first.lists, restricted, symbols: symbols ?? first.lists.symbols } }
}

/** Why nobody could agree to it now; null when people could. */
export async function stageFault(
  reads: Reads,
  what: StageChange,
  environment: 'paper' | 'live',
  now: Instant,
): Promise<Denial | null> {
  const stands = await rolloutNow(reads, environment, now)
  const row = await reads.get('limits', 'account')
  if (!stands || !row) return denial('NOT_FOUND', 'This account has no stage of its own.')
  const { rollout, evidence, next } = stands
  const before = inForce(row, now)
  const { stage, era, runs } = rollout
  if (what.before !== stage || what.era !== era || what.build !== runs)
    return denial(
      'STALE_CHANGE',
      `The account is at stage ${stage} by now, run by build ${runs ?? 'unknown'}. Look at it, and propose again.`,
    )
  if (what.after === stage) {
    if (same(what.limits, before)) return buildFaultOf(rollout)
    return denial('STALE_CHANGE', 'The limits have changed meanwhile. Look at them, and propose again.')
  }
  if (what.after !== next)
    return denial(
      'POLICY_FAULT',
      next === null
        ? `Stage ${stage} is the last.`
        : `After stage ${stage} comes ${next}, ${STAGE_TITLES[next]}; none is skipped.`,
    )
  const missing = evidence.filter(({ met }) => !met)
  if (!isShown(evidence))
    return denial(
      'EVIDENCE_MISSING',
      `Not shown yet for stage ${next}: ${missing.map(({ title, need, have }) => `${title} (${need}; there is ${have})`).join('; ')}.`,
    )
  if (what.limits.version !== before.version + 1)
    return denial('STALE_CHANGE', `The limits are version ${before.version} by now. Look at them, and propose again.`)
  const wrong = [...limitsFaults(what.limits, next), ...faultsOf(what.limits)]
  if (wrong.length > 0) return denial('POLICY_FAULT', wrong.join(' '))
  return isMarketHours(now) ? denial('NOT_NOW', OPEN_MARKET) : null
}
/** A stage begins with its own limits or tighter ones; what people want looser they agree to there, from the next day on. */
function limitsFaults(limits: Limits, stage: Stage): string[] {
  if (limits.stage !== stage) return [`The limits are of stage ${limits.stage}, and not of ${stage}.`]
  const names: readonly string[] = LIMIT_NAMES
  return differences(defaultsOf(stage), limits)
    .filter(({ name, tighter }) => !tighter && names.includes(name))
    .map(({ name }) => `${name} is looser than what stage ${stage} begins with.`)
}
const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)
const buildFaultOf = ({ runs, build }: Rollout): Denial | null => {
  const fault = buildFault(runs)
  if (fault !== null) return denial('POLICY_FAULT', fault)
  return runs === build ? denial('STALE_CHANGE', 'People have agreed to this build already.') : null
}

/** What people agreed to, as it becomes so. */
export const promote = (
  c: Command,
  { before, after, build, limits, evidence }: StageChange,
  changeID: string,
  reason: string,
  actor: Actor,
): Promise<Row> =>
  c.emit(
    'stage.changed',
    { type: 'account', id: c.setting.account },
    changeID,
    {
      stage: after,
      cause: after === before ? 'build agreed to' : 'promoted',
      why: reason,
      build,
      limits: after === before ? null : limits,
      evidence,
    },
    actor,
  )

// ---------------------------------------------------------------- back, by itself

/** What nobody could explain is no trigger of the table: the comparison itself says it. */
export const isDemoting = (name: TriggerName | 'break'): boolean => name === 'break' || DEMOTES[name] !== undefined

/**
 * Takes the account back where a trigger says so: one stage, or to paper until people have reviewed it. On paper, where
 * nobody falls further, what was shown counts no more. A demotion loosens nothing: of old and new limits the stricter hold.
 */
export async function demote(c: Command, name: TriggerName | 'break', why: string): Promise<void> {
  const rollout = await c.tx.get('stage', 'account')
  const how = name === 'break' ? 'one stage' : DEMOTES[name]
  if (!rollout || how === undefined) return
  const { stage } = rollout
  const to = how === 'one stage' ? stageBelow(stage) : isBefore('S1', stage) ? 'S1' : stage
  const row = await c.tx.get('limits', 'account')
  const limits = row && to !== stage ? lowered(inForce(row, c.now), to) : null
  await c.emit('stage.changed', { type: 'account', id: c.setting.account }, 'stage', {
    stage: to,
    cause: 'demoted',
    why,
    build: null,
    limits,
    evidence: [],
  })
  await c.task(
    'DEMOTED',
    c.setting.account,
    isBefore(to, stage) ? 'critical' : 'warning',
    isBefore(to, stage)
      ? `The account went back from stage ${stage} to ${to}, ${STAGE_TITLES[to]}: ${why}`
      : `What was shown for the stage after ${stage} counts no more, and begins anew: ${why}`,
    'stage',
  )
}
/** @returns the limits of the lower stage wherever they are stricter than those that held. */
export function lowered(before: Limits, to: Stage): Limits {
  const { values, lists } = defaultsOf(to)
  const { limits } = tightenedBy(before, { values, lists })
  return { ...limits, stage: to, version: before.version + 1 }
}
