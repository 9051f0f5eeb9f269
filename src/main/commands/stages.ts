// How far the account has come, what is missing for the next stage, and who takes it there.
import type { EvidenceLine, StageNow, StagePast } from '../../api/wire.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { type Column, harmless, pairs, paint, table, when } from '../print.ts'
import { parseFigures } from './limits.ts'
import { proposed } from './approvals.ts'

const EVIDENCE: readonly Column<EvidenceLine>[] = [
  { title: '', of: ({ met }) => (met ? '✓' : '✗'), style: ({ met }) => (met ? 'green' : 'red') },
  { title: 'what is to be shown', of: ({ title }) => title },
  { title: 'asked for', of: ({ need }) => need },
  { title: 'shown', of: ({ have }) => harmless(have) },
]

export async function stages(ctx: Context): Promise<void> {
  const now = await ctx.client('anyone').stage()
  ctx.out.answer(now, () => page(now))
}

function page(now: StageNow): string {
  const { stage, title, since, next, evidence, shown, days, build, runs, origin } = now
  const sessions = days.filter((day) => day.session).length
  const head = pairs([
    ['stage', `${stage}, ${title}, since ${when(since)}`],
    ['days counted', `${sessions} trading days`],
    [
      'build',
      build === runs
        ? `${runs ?? 'unknown'}, agreed to`
        : `${runs ?? 'unknown'} runs; ${build === null ? 'none' : build} is agreed to`,
    ],
    ...(origin ? [['promoted in', `${origin.account}, ${when(origin.since)}`] as const] : []),
  ])
  if (next === null) return `${head}\n\nThis is the last stage.`
  const verdict = shown
    ? paint('green', `All of it is shown. Propose it with: jax-exec stages promote ${next.stage} --reason "..."`)
    : paint('yellow', `Not yet: ${evidence.filter(({ met }) => !met).length} of ${evidence.length} are missing.`)
  return [head, '', `For stage ${next.stage}, ${next.title}:`, table(EVIDENCE, evidence, ''), '', verdict].join('\n')
}

const PAST: readonly Column<StagePast>[] = [
  { title: 'at', of: ({ at }) => when(at) },
  {
    title: 'what',
    of: ({ from, to, cause }) =>
      cause === 'build agreed to' ? `build agreed to in ${to}` : `${from} → ${to}, ${cause}`,
    style: ({ cause }) => (cause === 'demoted' ? 'red' : null),
  },
  { title: 'why', of: ({ why }) => harmless(why) },
  { title: 'change', of: ({ changeID }) => changeID ?? 'by rule' },
]
export async function stagesHistory(ctx: Context): Promise<void> {
  const { past } = await ctx.client('anyone').stage()
  ctx.out.answer(past, () => table(PAST, past, 'The account is where it began.'))
}

type Promoted = { readonly symbols?: readonly string[]; readonly limit?: readonly string[]; readonly reason: string }

/** Takes the account to the next stage: another person with a passkey must agree, after the market has closed. */
export async function stagesPromote(ctx: Context, asked: string, options: Promoted): Promise<void> {
  const after = asked.toUpperCase()
  const { next } = await ctx.client('person').stage()
  if (next?.stage !== after)
    throw new Stop('USAGE', 'Nothing was proposed.', {
      lines: [
        next === null ? 'This is the last stage.' : `The next stage is ${next.stage}, ${next.title}; none is skipped.`,
      ],
    })
  const values = options.limit === undefined ? null : parseFigures(options.limit)
  await proposed(
    ctx,
    {
      kind: 'stage',
      after: next.stage,
      ...(options.symbols && { symbols: options.symbols.map((one) => one.toUpperCase()) }),
      ...(values && { values }),
    },
    options.reason,
  )
}

/** Lets the build that runs now trade in the stage the account is in. */
export async function stagesAgreeBuild(ctx: Context, options: { readonly reason: string }): Promise<void> {
  const { stage } = await ctx.client('person').stage()
  await proposed(ctx, { kind: 'stage', after: stage }, options.reason)
}
