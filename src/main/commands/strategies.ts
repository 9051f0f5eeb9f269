// What people have agreed on about a strategy: its card, and how large its orders are at most.
import type { Strategy } from '../../api/wire.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { type Column, harmless, pairs, table } from '../print.ts'
import { parseSizing } from '../sizing.ts'
import { proposed } from './approvals.ts'

const COLUMNS: readonly Column<Strategy>[] = [
  { title: 'strategy', of: (one) => one.strategyID },
  { title: 'version', of: (one) => String(one.version), right: true },
  { title: 'owner', of: (one) => one.card.owner },
  { title: 'sized by', of: (one) => one.sizedBy },
]

export async function strategies(ctx: Context): Promise<void> {
  const all = await ctx.client('anyone').strategies()
  ctx.out.answer(all, () =>
    table(COLUMNS, all, 'No strategy is described yet. Each is sized by the risk budget alone.'),
  )
}

export async function strategyShow(ctx: Context, strategyID: string): Promise<void> {
  const one = await ctx.client('anyone').strategy(strategyID)
  ctx.out.answer(one, () =>
    pairs(
      [
        ['strategy', `${one.strategyID}, version ${one.version}`],
        ['goal', one.card.goal],
        ['inputs', one.card.inputs],
        ['limits', one.card.limits],
        ['owner', one.card.owner],
        ['stop it when', one.card.stopWhen],
        ['sized by', one.sizedBy],
      ].map(([name = '', value = '']) => [name, harmless(value)] as const),
    ),
  )
}

type Described = {
  readonly goal?: string
  readonly inputs?: string
  readonly limits?: string
  readonly owner?: string
  readonly stopWhen?: string
  readonly size?: string
  readonly reason: string
}

export async function strategyDescribe(ctx: Context, strategyID: string, options: Described): Promise<void> {
  const { size, reason, ...written } = options
  const names = ['goal', 'inputs', 'limits', 'owner', 'stopWhen'] as const
  const card = Object.fromEntries(names.flatMap((name) => (written[name] === undefined ? [] : [[name, written[name]]])))
  const sizing = size === undefined ? undefined : parseSizing(size)
  if (sizing && !sizing.ok) throw new Stop('USAGE', 'Nothing was proposed.', { lines: [sizing.error] })
  await proposed(
    ctx,
    {
      kind: 'strategy',
      strategyID,
      ...(Object.keys(card).length > 0 && { card }),
      ...(sizing && { model: sizing.value }),
    },
    reason,
  )
}
