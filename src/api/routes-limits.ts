import { z } from 'zod'
import type { Happened } from '../desk/events.ts'
import { asksFor, decidersOf, mayPropose, proposersOf } from '../desk/governing.ts'
import { effectiveFrom, inForce } from '../desk/limiting.ts'
import {
  LIMIT_NAMES,
  type LimitName,
  LIMITS,
  type Limits,
  type LimitSettings,
  LISTS,
  withSettings,
} from '../gate/limits.ts'
import { SESSIONS } from '../gate/facts.ts'
import { ASSET_CLASSES } from '../orders/instrument.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { ChangeOf } from '../ports/records.ts'
import { rfc3339 } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Caller } from './access.ts'
import { answers, json } from './answers.ts'
import type { Api } from './context.ts'
import { count, figure, listOf, oneOf, sector, symbol, whether } from './fields.ts'
import { didYouMean } from './hint.ts'
import { can, yesesToChange } from './beforehand.ts'
import { viewRequirement } from './present.ts'
import { viewLimitsNow, viewLimitsPast } from './present-limits.ts'
import { type Answer, problem } from './problem.ts'
import { type Route, route } from './route.ts'
import * as schema from './schema.ts'
import type * as wire from './wire.ts'

// What the account may risk: what holds, how much of it is used, who changed it, and what somebody wants changed.

// --- a change as a body

/** Fields that are all optional; an unknown one is told which known one it may mean. */
function someNamed<S extends z.ZodRawShape>(shape: S, what: string, description: string) {
  const names = Object.keys(shape)
  return z
    .looseObject(shape, { error: 'must be an object' })
    .superRefine((given, context) => {
      for (const key of Object.keys(given))
        if (!names.includes(key))
          context.addIssue({ code: 'custom', path: [key], message: `is not a ${what}${didYouMean(key, names)}` })
    })
    .meta({ description, additionalProperties: false })
}

const EXAMPLE: Readonly<Record<(typeof LIMITS)[LimitName]['unit'], string>> = {
  'share of equity': '0.05',
  'share of buying power': '0.05',
  'share of volume': '0.01',
  'account currency': '2500',
  'basis points': '200',
  orders: '10',
  units: '500',
  count: '3',
}
const boundOf = (name: LimitName) => {
  const { meaning, unit } = LIMITS[name]
  return z
    .strictObject(
      {
        hard: figure(`Beyond it nothing goes, in ${unit}; null: not limited.`, EXAMPLE[unit]).optional(),
        soft: figure('Beyond it an order asks for one level more; null: none.', EXAMPLE[unit]).optional(),
      },
      { error: 'must be an object with hard, soft or both' },
    )
    .meta({ description: `${meaning} In ${unit}.` })
    .optional()
}
const ORD_TYPES: readonly Proposal['ordType'][] = ['Limit', 'Market']
const LIST_FIELDS = {
  symbols: listOf(symbol, LISTS.symbols.meaning, 0, 500).nullable().optional(),
  restricted: listOf(symbol, LISTS.restricted.meaning, 0, 500).optional(),
  assetClasses: listOf(oneOf(ASSET_CLASSES, 'A class.'), LISTS.assetClasses.meaning, 0).nullable().optional(),
  venues: listOf(symbol, LISTS.venues.meaning, 0, 50).nullable().optional(),
  sessions: listOf(oneOf(SESSIONS, 'A session.'), LISTS.sessions.meaning, 0).nullable().optional(),
  ordTypes: listOf(oneOf(ORD_TYPES, 'An order type.'), LISTS.ordTypes.meaning, 0).nullable().optional(),
  sectors: listOf(sector, LISTS.sectors.meaning, 0, 500).optional(),
  allowShort: whether(LISTS.allowShort.meaning).optional(),
}
const valueFields = Object.fromEntries(LIMIT_NAMES.map((name) => [name, boundOf(name)])) as {
  readonly [N in LimitName]: ReturnType<typeof boundOf>
}

/** Some of the figures; what is absent stays. */
export const someLimits = (description: string) => someNamed(valueFields, 'limit', description)

/** Some of the limits, set against those that are in force. */
export const riskLimits = z.strictObject({
  kind: z.literal('risk limits'),
  version: count(
    'The version that was looked at; where another one is in force by now, nothing is proposed. The one of now when absent.',
    0,
    1_000_000,
    0,
  ).nullish(),
  values: someLimits('Figures that are to be others. What is absent stays.').optional(),
  lists: someNamed(
    LIST_FIELDS,
    'list',
    'Lists that are to be others, each as a whole. What is absent stays.',
  ).optional(),
})

/** What the body asks for, against what is in force now. */
export async function riskLimitsOf(api: Api, body: z.output<typeof riskLimits>): Promise<Result<ChangeOf, Answer>> {
  const row = await api.reads.get('limits', 'account')
  if (!row) return err(NO_LIMITS)
  const before = inForce(row, api.clock.now())
  if (typeof body.version === 'number' && body.version !== before.version)
    return err(
      problem(
        'STALE_CHANGE',
        `The limits are version ${before.version} by now, and version ${body.version} was looked at. Look at them, and propose again.`,
      ),
    )
  const { values, lists } = body
  const after: Limits = {
    ...withSettings(before, { ...(values && { values }), ...(lists && { lists }) } as LimitSettings),
    version: before.version + 1,
  }
  return ok({ kind: body.kind, before, after })
}

const NO_LIMITS: Answer = problem('NOT_FOUND', 'This account has no risk limits of its own.')

/** What the caller could propose, and what looser limits would take: what buttons stand on. */
async function whoMay(api: Api, caller: Caller, limits: Limits): Promise<Pick<wire.LimitsNow, 'can' | 'looser'>> {
  const now = api.clock.now()
  const person = caller.kind === 'person' ? await api.reads.get('person', caller.id) : null
  const shorting = (allowShort: boolean): Limits => ({ ...limits, lists: { ...limits.lists, allowShort } })
  const looser = { kind: 'risk limits', before: shorting(false), after: shorting(true) } as const
  const tighter = { kind: 'risk limits', before: limits, after: limits } as const
  const mayNot = (what: ChangeOf): string | null =>
    mayPropose(what, person)
      ? null
      : `This is proposed by people with one of the roles ${proposersOf(what).join(', ')}.`
  return {
    can: { tighten: can(mayNot(tighter)), loosen: can(mayNot(looser)) },
    looser: {
      requires: viewRequirement(await asksFor(api.reads, await api.policy(), looser, caller.id, now)),
      roles: [...decidersOf(looser)],
      from: rfc3339(effectiveFrom(looser.before, looser.after, now) ?? now),
    },
  }
}

const history = schema.items('LimitsHistory', schema.limitsPast)

export const LIMIT_ROUTES: readonly Route[] = [
  route({
    name: 'getLimits',
    method: 'GET',
    path: '/v1/limits',
    access: ['orders:read'],
    tag: 'Risk limits',
    summary: 'What the account may risk, and how much of it is used now',
    description:
      'Every limit in its own unit as it holds now, the stricter of what people set and what the configuration says, and what is used of it: a share of equity as the amount it is, the fullest symbol of a limit on each symbol. Orders count from the moment that they are created. `used.now` is null where nothing adds up or something is not known. `looser` says what a looser limit would take. A change is proposed as `POST /v1/changes` with the kind "risk limits".',
    answers: answers('The limits.', schema.limitsNow),
    problems: ['NOT_FOUND'],
    async run(api, { caller }) {
      const limits = await api.desk.limitsNow()
      if (!limits) return NO_LIMITS
      return json(viewLimitsNow(limits, api.account, await whoMay(api, caller, limits.people.limits)))
    },
  }),
  route({
    name: 'listLimitChanges',
    method: 'GET',
    path: '/v1/limits/history',
    access: ['people:read'],
    tag: 'Risk limits',
    summary: 'Who changed the limits, when, why, and who agreed',
    description: 'Newest first, down to what the account began with. What was proposed and never held is in it too.',
    answers: answers('The changes.', history),
    async run(api) {
      const [rows, changes, names] = await Promise.all([
        api.reads.journalOf('limits'),
        api.reads.all('change'),
        api.names(),
      ])
      const row = rows.find(({ action }) => action === 'limits.opened')
      const first = row && (row.data as unknown as Happened['limits.opened']).limits
      const began = first ? { at: row.ts, version: first.version, stage: first.stage } : null
      const { reads, environment, clock } = api
      const voted = changes.map(async (change) => ({
        change,
        counted: await yesesToChange(reads, change, environment, clock.now()),
      }))
      return json({ items: viewLimitsPast(began, await Promise.all(voted), names) })
    },
  }),
]
