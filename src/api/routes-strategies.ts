import { z } from 'zod'
import type { SizingModel } from '../gate/model.ts'
import type { ChangeOf, StrategyCard } from '../ports/records.ts'
import { ok, type Result } from '../values/result.ts'
import { answers, json, missing } from './answers.ts'
import type { Api } from './context.ts'
import { amount, figure, label, prose, size } from './fields.ts'
import { viewStrategy } from './present-limits.ts'
import type { Answer } from './problem.ts'
import { type Route, route } from './route.ts'
import * as schema from './schema.ts'

// What people have agreed on about a strategy: its card, and how large its orders are at most.

const words = (what: string, example: string) => prose(what, { min: 1, max: 2000 }, example)
const card = z
  .strictObject({
    goal: words('What it is to earn, and from what.', 'Buys pullbacks in an up-trend, for days.'),
    inputs: words('What it looks at.', 'Daily bars of the last year.'),
    limits: words('What it keeps to by itself.', 'At most three positions, none over earnings.'),
    owner: words('Who answers for it.', 'Ana'),
    stopWhen: words('What makes whoever watches it stop it.', 'Three losses in a row, or a day below 2 %.'),
  })
  .partial()
  .meta({
    description: 'Its card, in words that need no code. What is absent stays as it is; the first time all is needed.',
    type: 'object',
    examples: [{ owner: 'Ana' }],
  })

const share = (what: string) => figure(what, '0.005')
const model = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({ kind: z.literal('risk'), share: share('Share of equity that is lost at the stop.') }),
      z.strictObject({ kind: z.literal('quantity'), orderQty: size('How many units.') }),
      z.strictObject({ kind: z.literal('notional'), notional: amount('What an order may cost.', '2500') }),
      z.strictObject({
        kind: z.literal('volatility'),
        share: share('Share of equity that such a move costs.'),
        ranges: figure('How many average true ranges the price moves.', '2'),
      }),
      z.strictObject({
        kind: z.literal('kelly'),
        winRate: figure('Share of its trades that win, by its record.', '0.55'),
        payoff: figure('What a win pays, as a multiple of what a loss costs.', '1.8'),
        fraction: figure('The fraction of Kelly’s share; 0.25 at most.', '0.25'),
      }),
    ],
    { error: 'must be an object with kind "risk", "quantity", "notional", "volatility" or "kelly"' },
  )
  .nullable()
  .meta({
    description: 'How large its orders are at most; null: as large as the risk budget allows. Absent, it stays.',
    type: ['object', 'null'],
    examples: [{ kind: 'risk', share: '0.005' }],
  })

/** A strategy as somebody wants it described. */
export const strategyBody = z.strictObject({
  kind: z.literal('strategy'),
  strategyID: label('The strategy.', 'mean-reversion-v2'),
  card: card.exactOptional(),
  model: model.exactOptional(),
})

/** The change that the body asks for, over what is agreed on now. An empty line of the card is refused by the desk. */
export async function strategyOf(api: Api, body: z.output<typeof strategyBody>): Promise<Result<ChangeOf, Answer>> {
  const { kind, strategyID } = body
  const before = await api.reads.get('strategy', strategyID)
  const blank: StrategyCard = { goal: '', inputs: '', limits: '', owner: '', stopWhen: '' }
  const given = Object.fromEntries(Object.entries(body.card ?? {}).filter(([, text]) => text !== undefined))
  const sizing = body.model as SizingModel | null | undefined
  return ok({
    kind,
    strategyID,
    before,
    after: {
      strategyID,
      version: (before?.version ?? 0) + 1,
      card: { ...blank, ...before?.card, ...given },
      model: sizing === undefined ? (before?.model ?? null) : sizing,
    },
  })
}

const byID = z.strictObject({ id: label('The strategy.', 'mean-reversion-v2') })
export const STRATEGY_ROUTES: Route[] = [
  route({
    name: 'listStrategies',
    method: 'GET',
    path: '/v1/strategies',
    access: ['orders:read'],
    tag: 'Risk limits',
    summary: 'Strategies that people have described',
    description:
      'By name. One that nobody has described trades by its name alone, sized by the risk budget. They are described by `POST /v1/changes`.',
    answers: answers('The strategies.', schema.items('StrategyList', schema.strategy)),
    async run(api) {
      const all = [...(await api.reads.all('strategy'))]
      return json({ items: all.sort((a, b) => (a.strategyID < b.strategyID ? -1 : 1)).map(viewStrategy) })
    },
  }),
  route({
    name: 'getStrategy',
    method: 'GET',
    path: '/v1/strategies/:id',
    access: ['orders:read'],
    tag: 'Risk limits',
    summary: 'One strategy',
    params: byID,
    answers: answers('The strategy.', schema.strategy),
    problems: ['NOT_FOUND'],
    async run(api, { params }) {
      const found = await api.reads.get('strategy', params.id)
      return found ? json(viewStrategy(found)) : missing('strategy', params.id)
    },
  }),
]
