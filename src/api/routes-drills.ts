import { z } from 'zod'
import { PROCEDURES } from '../desk/drilling.ts'
import type { Drill } from '../ports/records.ts'
import type { ClOrdID } from '../values/brand.ts'
import { rfc3339 } from '../values/instant.ts'
import { answers, denied, json } from './answers.ts'
import { oneOf, prose, time, whether } from './fields.ts'
import { type Route, route } from './route.ts'
import * as schema from './schema.ts'
import type * as wire from './wire.ts'

// Emergency procedures as people rehearsed them.

export const viewDrill = ({
  drillID,
  drill,
  byName,
  startedAt,
  endedAt,
  result,
  figures,
  note,
  attested,
  orders,
}: Drill): wire.Drill => ({
  drillID,
  drill,
  byName,
  startedAt: rfc3339(startedAt),
  endedAt: rfc3339(endedAt),
  result,
  figures: { ...figures },
  note,
  attested,
  orders: [...(orders ?? [])],
})

const FIGURES_MAX = 40
const ORDERS_MAX = 500
const held = z.strictObject({
  drill: oneOf(PROCEDURES, 'The procedure of docs/emergency.md.'),
  startedAt: time('When it began.', '2026-11-24T15:00:00Z'),
  endedAt: time('When it was over.', '2026-11-24T15:00:04Z'),
  result: oneOf(['passed', 'failed'], 'What came of it.'),
  figures: z
    .record(z.string().min(1).max(60), prose('A figure with its unit.', { min: 1, max: 200 }, '0.4 s'), {
      error: 'must be an object of texts',
    })
    .refine((figures) => Object.keys(figures).length <= FIGURES_MAX, {
      error: `may have ${FIGURES_MAX} figures at most`,
    })
    .meta({ type: 'object', description: 'What was measured, by name.', examples: [{ 'no further send': '0.4 s' }] }),
  note: prose(
    'What was done, and what came of it.',
    { min: 0, max: 2000 },
    'The desk answered after two minutes.',
  ).nullish(),
  attested: whether(
    'True where nothing measured it, and people say so; then the note is needed. False is for E1, E2, E8 and restore on paper, with their figures, and only where the book shows it.',
  ),
  orders: z
    .array(z.string().min(1).max(64))
    .max(ORDERS_MAX, { error: `may name ${ORDERS_MAX} orders at most` })
    .nullish()
    .meta({ type: 'array', description: 'E1: the entries that the halt took back.', examples: [['jx0123456789']] }),
})

export const DRILL_ROUTES: readonly Route[] = [
  route({
    name: 'reviewControls',
    method: 'POST',
    path: '/v1/controls/reviews',
    access: ['tasks:acknowledge'],
    tag: 'Rollout',
    summary: 'Say that all controls were reviewed',
    description:
      'For people with the role risk or auditor, once a year, after reading `jax-exec controls report`. After 400 days without it a live account opens nothing.',
    body: z.strictObject({
      note: prose('What was found.', { min: 1, max: 2000 }, 'Two limits tightened; drills are up to date.'),
    }),
    answers: answers('It is in the journal.', schema.review, 201),
    problems: ['NOT_ELIGIBLE', 'POLICY_FAULT'],
    async run(api, { body, caller }) {
      const result = await api.desk.recordReview({ note: body.note, actor: caller.actor })
      if (!result.ok) return denied(result.error)
      const { byName, at, note } = result.value
      return json({ byName, at: rfc3339(at), note }, 201)
    },
  }),
  route({
    name: 'listDrills',
    method: 'GET',
    path: '/v1/drills',
    access: ['orders:read'],
    tag: 'Rollout',
    summary: 'Emergency procedures that were rehearsed',
    description: 'Newest first. The latest of each name counts for the next stage, for 92 days.',
    answers: answers('The drills.', schema.items('DrillList', schema.drill)),
    async run(api) {
      const all = [...(await api.reads.all('drill'))].sort((a, b) => b.endedAt - a.endedAt)
      return json({ items: all.map(viewDrill) })
    },
  }),
  route({
    name: 'recordDrill',
    method: 'POST',
    path: '/v1/drills',
    access: ['tasks:acknowledge'],
    tag: 'Rollout',
    summary: 'Take down a drill that was held',
    description: '`jax-exec drill hold` holds it, measures it and takes it down. The same again is the same.',
    body: held,
    answers: answers('It is in the journal.', schema.drill, 201),
    problems: ['NOT_ELIGIBLE', 'POLICY_FAULT', 'DRILL_UNPROVEN'],
    examples: [
      {
        title: 'The phone desk was called',
        path: '/v1/drills',
        body: {
          drill: 'E3',
          startedAt: '2026-11-24T15:00:00Z',
          endedAt: '2026-11-24T15:04:00Z',
          result: 'passed',
          figures: {},
          note: 'The desk answered after two minutes and knew the account.',
          attested: true,
        },
      },
    ],
    async run(api, { body, caller }) {
      const { orders, note, ...told } = body
      const result = await api.desk.recordDrill({
        ...told,
        note: note ?? null,
        ...(orders && orders.length > 0 && { orders: orders as ClOrdID[] }),
        actor: caller.actor,
      })
      return result.ok ? json(viewDrill(result.value), 201) : denied(result.error)
    },
  }),
]
