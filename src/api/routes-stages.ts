import { z } from 'zod'
import { asksFor, mayPropose, proposersOf } from '../desk/governing.ts'
import { type RolloutNow, rolloutNow, stageChange, stageFault } from '../desk/promoting.ts'
import { type DayCounts, LATENCY_BOUNDS, SLIPPAGE_BOUNDS, type Spread, spreadsTogether } from '../gate/rollout.ts'
import { STAGE_TITLES, STAGES } from '../orders/stage.ts'
import type { ChangeOf, StagePast } from '../ports/records.ts'
import { rfc3339 } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Caller } from './access.ts'
import { answers, denied, json } from './answers.ts'
import { can } from './beforehand.ts'
import type { Api } from './context.ts'
import type { LimitSettings } from '../gate/limits.ts'
import { listOf, oneOf, symbol } from './fields.ts'
import { type Answer, problem } from './problem.ts'
import { type Route, route } from './route.ts'
import { someLimits } from './routes-limits.ts'
import * as schema from './schema.ts'
import type * as wire from './wire.ts'

// How far the account has come, and what takes it further.

/** The next stage, as somebody wants the account promoted; the same one where only the build is to be agreed to. */
export const stageBody = z.strictObject({
  kind: z.literal('stage'),
  after: oneOf(STAGES, 'The stage it is to go to: the next one; or the one it is in, to agree to the build that runs.'),
  symbols: listOf(symbol, 'The only symbols that may be traded in it. Those of now when absent.', 0, 500).optional(),
  values: someLimits('Limits that are to begin tighter than the stage does.').optional(),
})

/** The change that the body asks for, with what has been shown until now. */
export async function stageOf(api: Api, body: z.output<typeof stageBody>): Promise<Result<ChangeOf, Answer>> {
  const { after, symbols, values } = body
  const asked = { ...(values && { values }), ...(symbols && { lists: { symbols } }) } as LimitSettings
  const made = await stageChange(api.reads, api.environment, after, asked, api.clock.now())
  return 'kind' in made ? ok(made) : err(denied(made))
}

const NO_STAGE: Answer = problem('NOT_FOUND', 'This account has no stage of its own.')

async function view(api: Api, caller: Caller, { rollout, next, evidence }: RolloutNow): Promise<wire.StageNow> {
  const { reads, environment, account } = api
  const days = (await reads.all('stageDay')).filter(({ era }) => era === rollout.era)
  const counts = (of: (day: (typeof days)[number]) => Spread, bounds: readonly number[]): number[] => [
    ...spreadsTogether(days.map(of), bounds),
  ]
  return {
    account,
    environment,
    stage: rollout.stage,
    title: STAGE_TITLES[rollout.stage],
    since: rfc3339(rollout.since),
    build: rollout.build,
    runs: rollout.runs,
    next: next && { stage: next, title: STAGE_TITLES[next] },
    evidence: evidence.map((line) => ({ ...line })),
    shown: evidence.every(({ met }) => met),
    days: days.map(viewDay).sort((a, b) => (a.day < b.day ? -1 : 1)),
    latency: { upToSeconds: [...LATENCY_BOUNDS], counts: counts(({ latency }) => latency, LATENCY_BOUNDS) },
    slippage: { upToBps: [...SLIPPAGE_BOUNDS], counts: counts(({ slippage }) => slippage, SLIPPAGE_BOUNDS) },
    origin: rollout.origin && {
      account: rollout.origin.account,
      stage: rollout.origin.stage,
      since: rfc3339(rollout.origin.since),
    },
    past: rollout.past.map(viewPast).reverse(),
    can: {
      promote: can(await whyNot(api, caller, next)),
      agreeBuild: can(await whyNot(api, caller, rollout.stage)),
    },
  }
}

const viewDay = (day: DayCounts): wire.StageDay => ({
  day: day.day,
  session: day.session,
  starts: day.starts,
  crashes: day.crashes,
  orders: day.orders,
  compared: day.compared,
  breaks: day.breaks,
  strategies: [...day.strategies],
})
const viewPast = ({ at, evidence, ...past }: StagePast): wire.StagePast => ({
  at: rfc3339(at),
  ...past,
  evidence: evidence.map((line) => ({ ...line })),
})

/** In the desk's own words why a proposal of the caller would be refused at this moment; null when it would not. */
async function whyNot(api: Api, caller: Caller, after: (typeof STAGES)[number] | null): Promise<string | null> {
  if (after === null) return 'This is the last stage.'
  const { reads, environment } = api
  const now = api.clock.now()
  const what = await stageChange(reads, environment, after, {}, now)
  if (!('kind' in what)) return what.text
  const person = caller.kind === 'person' ? await reads.get('person', caller.id) : null
  if (!mayPropose(what, person))
    return `This is proposed by people with one of the roles ${proposersOf(what).join(', ')}.`
  const fault = await stageFault(reads, what, environment, now)
  if (fault) return fault.text
  const { missed } = await asksFor(reads, await api.policy(), what, caller.id, now)
  return missed.length > 0 ? 'Too few people can decide on it today.' : null
}

export const STAGE_ROUTES: readonly Route[] = [
  route({
    name: 'getStage',
    method: 'GET',
    path: '/v1/stage',
    access: ['orders:read'],
    tag: 'Rollout',
    summary: 'How far the account has come, and what is missing for the next stage',
    description:
      'The stages are S0 shadow, S1 paper, S2 pilot, S3 limited, S4 live. What is shown in one is counted from the journal, from the moment that the account came to it. A promotion is proposed as `POST /v1/changes` with the kind "stage"; it asks for another person with a passkey, skips no stage, and is never made during market hours. Back the account goes by itself.',
    answers: answers('The stage.', schema.stageNow),
    problems: ['NOT_FOUND'],
    async run(api, { caller, now }) {
      const stands = await rolloutNow(api.reads, api.environment, now)
      return stands ? json(await view(api, caller, stands)) : NO_STAGE
    },
  }),
]
