import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Liquidation, LiquidationLine, LiquidationPlan, LiquidationStep, Order } from '../../api/wire.ts'
import type { Client } from '../client.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { type Column, grouped, harmless, pairs, paint, table, termsInWords, when } from '../print.ts'

export type LiquidateOptions = {
  /** The account's own name: without it nothing is done. */
  readonly yes?: string
  readonly reason?: string
  readonly symbol?: readonly string[]
  readonly market?: boolean
  readonly stop?: boolean
  readonly watch?: boolean
  readonly wait: number
  readonly report?: string
}

/** Shows what would be closed; with the account's name behind `--yes` it is closed, and followed until nothing is held. */
export async function liquidate(ctx: Context, options: LiquidateOptions): Promise<void> {
  if (options.yes !== undefined) return begin(ctx, options, options.yes)
  if (options.stop === true) return stopIt(ctx, options)
  if (options.market === true) {
    await ctx.client('person').allowMarketOrders()
    ctx.out.say('From now on its orders have no limit.')
    return follow(ctx, ctx.client('person'), options)
  }
  const client = ctx.client('anyone')
  const now = await client.liquidation()
  if (options.watch === true || now.state === 'Running') return follow(ctx, client, options)
  const plan = await client.liquidationPlan()
  if (options.report !== undefined) keep(ctx, options.report, planMarkdown(plan))
  ctx.out.answer(plan, () => planText(plan))
}

async function begin(ctx: Context, options: LiquidateOptions, account: string): Promise<void> {
  const { reason, symbol } = options
  if (reason === undefined)
    throw new Stop('USAGE', 'Say why, so that everybody who reads the journal knows.', {
      lines: [`liquidate --yes ${account} --reason "our key is in strange hands"`],
    })
  const client = ctx.client('person')
  await client.liquidate({ account, reason, ...(symbol && { symbols: symbol.map((one) => one.toUpperCase()) }) })
  ctx.out.say(
    `${paint('bold', 'HALTED', process.stderr)}, and ${symbol ? symbol.join(', ') : 'everything'} is being canceled and closed. Stop it with: liquidate --stop --reason TEXT`,
  )
  if (options.market === true) await client.allowMarketOrders()
  return follow(ctx, client, options)
}

async function stopIt(ctx: Context, { reason, report }: LiquidateOptions): Promise<void> {
  if (reason === undefined)
    throw new Stop('USAGE', 'Say why it is stopped.', { lines: ['liquidate --stop --reason "false alarm"'] })
  const client = ctx.client('person')
  const now = await client.stopLiquidation(reason)
  if (report !== undefined) keep(ctx, report, await markdownOf(client, now))
  ctx.out.answer(
    now,
    () => 'Stopped. Its orders are being taken back, and stops come back for what is still held. Trading stays halted.',
  )
}

const LOOK_MS = 300

/** Tells each change of each symbol once, until it is over or nobody waits any more. */
async function follow(ctx: Context, client: Client, { wait, report }: LiquidateOptions): Promise<void> {
  const until = Date.now() + wait * 1000
  const told = new Map<string, string>()
  let now = await client.liquidation()
  for (;;) {
    for (const { symbol, step, text } of now.lines) {
      const says = `${symbol}  ${STEP[step]}: ${text}`
      if (told.get(symbol) !== says) ctx.out.say(harmless(says))
      told.set(symbol, says)
    }
    if (now.state !== 'Running' || Date.now() >= until) break
    await delay(LOOK_MS)
    now = await client.liquidation()
  }
  if (report !== undefined) keep(ctx, report, await markdownOf(client, now))
  ctx.out.answer(now, () => stateText(now))
  const left = (now.report ?? []).filter((line) => line.why !== null)
  if (now.state === 'Running')
    throw new Stop('FAILED', `It still runs after ${wait} s, and goes on by itself.`, {
      code: 'STILL_RUNNING',
      lines: ['Watch it with: jax-exec liquidate --watch', 'Or stop it: jax-exec liquidate --stop --reason TEXT'],
    })
  if (now.state === 'Flat' && left.length > 0)
    throw new Stop('DIFFERS', `${left.map(({ symbol }) => symbol).join(', ')}: something is left, or differs.`, {
      code: 'NOT_FLAT',
      lines: left.map(({ symbol, why }) => harmless(`${symbol}: ${why ?? ''}`)),
    })
}

function keep(ctx: Context, file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 })
  ctx.out.say(`Report: ${file}`)
}

// --- in words

const STEP: Readonly<Record<LiquidationStep, string>> = {
  Canceling: 'canceling',
  InDoubt: 'in doubt',
  Working: 'working',
  Reading: 'reading',
  Unexplained: 'unexplained',
  WaitsForOpen: 'waits for the open',
  NotTradable: 'not tradable',
  NoQuote: 'no fresh quote',
  Rejected: 'rejected',
  NeedsPerson: 'NEEDS A PERSON',
  Ready: 'ready',
  Dust: 'too little to sell',
  Flat: 'flat',
}

const amount = (decimal: string | null): string => (decimal === null ? '—' : grouped(decimal))
const sessionOf = ({ marketOpen }: LiquidationLine): string =>
  marketOpen === null ? 'unknown' : marketOpen ? 'open' : 'closed'

const LINE_COLUMNS: readonly Column<LiquidationLine>[] = [
  { title: 'symbol', of: (l) => l.symbol },
  { title: 'held', of: (l) => l.netQty ?? '—', right: true },
  { title: 'worth', of: (l) => amount(l.worth), right: true },
  { title: 'bid', of: (l) => l.bid ?? '—', right: true },
  { title: 'ask', of: (l) => l.ask ?? '—', right: true },
  { title: 'bps', of: (l) => l.spreadBps ?? '—', right: true },
  { title: 'market', of: sessionOf },
  { title: 'cancels', of: (l) => String(l.cancels.length), right: true },
  { title: 'how', of: (l) => l.text },
]
type ReportLine = NonNullable<Liquidation['report']>[number]
const REPORT_COLUMNS: readonly Column<ReportLine>[] = [
  { title: 'symbol', of: (l) => l.symbol },
  { title: 'held', of: (l) => l.heldQty, right: true },
  { title: 'closed', of: (l) => l.closedQty, right: true },
  { title: 'average', of: (l) => amount(l.avgPx), right: true },
  { title: 'left', of: (l) => l.leftQty, right: true },
  { title: '', of: (l) => l.why ?? '' },
]

function planText(plan: LiquidationPlan): string {
  const { account, currency, environment, lines, readAt } = plan
  const orders = lines.flatMap(({ symbol, cancels }) =>
    cancels.map(({ clOrdID, role, terms }) => `  ${symbol}: ${role.toLowerCase()} ${clOrdID}, ${termsInWords(terms)}`),
  )
  return [
    pairs([
      ['account', `${account}, ${environment === 'paper' ? 'paper money' : 'REAL MONEY'}, in ${currency ?? '—'}`],
      ['read at', when(readAt)],
    ]),
    '',
    table(LINE_COLUMNS, lines, 'Nothing is held, and no order is open.'),
    ...(orders.length > 0 ? ['', 'Canceled first:', ...orders.map(harmless)] : []),
    ...(lines.length === 0
      ? []
      : [
          '',
          'Nothing was done. To close all of it, and have trading halted:',
          harmless(`  jax-exec liquidate --yes ${account} --reason TEXT`),
        ]),
  ].join('\n')
}

function stateText(now: Liquidation): string {
  if (now.state === 'None') return 'Nothing was ever liquidated here.'
  const head = pairs([
    ['liquidation', `${now.liquidationID ?? ''} by ${now.by ?? ''}, since ${when(now.startedAt)}: ${now.reason ?? ''}`],
    ['state', `${now.state}${now.endedAt === null ? '' : `, ${when(now.endedAt)}`}`],
    ...(now.market ? [['limits', 'none: a person allowed orders at the market'] as const] : []),
    ...(now.stoppedBy === null ? [] : [['stopped by', `${now.stoppedBy}: ${now.stoppedWhy ?? ''}`] as const]),
  ])
  const lines =
    now.report === null
      ? table(LINE_COLUMNS, now.lines, '')
      : table(REPORT_COLUMNS, now.report, 'Nothing was held, and nothing is.')
  const ends = now.state === 'Flat' ? '\n\nTrading stays halted until people release it.' : ''
  return `${head}\n\n${lines}${ends}`
}

// --- the written report

/** A cell of a table in Markdown: what a broker wrote must not end it. */
const cell = (text: string | null): string =>
  harmless(text ?? '—')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ right }) => (right === true ? '--:' : '---'))),
    ...rows.map((row) => line(columns.map((column) => cell(column.of(row))))),
  ].join('\n')
}

function planMarkdown({ account, environment, currency, readAt, lines }: LiquidationPlan): string {
  return [
    '# Plan of a liquidation',
    '',
    `Account ${cell(account)} (${environment}), amounts in ${cell(currency)}. The broker was last read at ${when(readAt)}. Nothing was done.`,
    '',
    lines.length === 0 ? 'Nothing is held, and no order is open.' : markdownTable(LINE_COLUMNS, lines),
    '',
  ].join('\n')
}

const ORDER_COLUMNS: readonly Column<Order>[] = [
  { title: 'order', of: (o) => o.clOrdID },
  { title: 'made', of: (o) => when(o.createdAt) },
  { title: 'terms', of: (o) => termsInWords(o.terms) },
  { title: 'status', of: (o) => o.ordStatus },
  { title: 'filled', of: (o) => o.cumQty, right: true },
  { title: 'average', of: (o) => amount(o.avgPx), right: true },
  { title: 'the broker said', of: (o) => o.text ?? '' },
]

/** What a risk officer wants to read afterwards: who, why, what was held, what became of it, and each order. */
async function markdownOf(client: Client, now: Liquidation): Promise<string> {
  const from = now.startedAt ?? undefined
  const exits = (await client.orders({ from, limit: 200 })).items.filter(({ role }) => role === 'Exit').reverse()
  const { report } = now
  return [
    `# Liquidation ${cell(now.liquidationID)}`,
    '',
    `- Account: ${cell(now.account)}, amounts in ${cell(now.currency)}`,
    `- Begun by ${cell(now.by)} at ${when(now.startedAt)}: ${cell(now.reason)}`,
    `- About: ${now.symbols === null ? 'everything' : cell(now.symbols.join(', '))}`,
    `- Price limits: ${now.market ? 'none, a person allowed orders at the market' : `within ${now.collarBps ?? 0} basis points of the quote`}`,
    `- State: ${now.state}${now.endedAt === null ? '' : ` at ${when(now.endedAt)}`}`,
    ...(now.stoppedBy === null ? [] : [`- Stopped by ${cell(now.stoppedBy)}: ${cell(now.stoppedWhy)}`]),
    '',
    '## What became of it',
    '',
    report === null
      ? now.lines.length === 0
        ? 'It did not come to its end.'
        : markdownTable(LINE_COLUMNS, now.lines)
      : report.length === 0
        ? 'Nothing was held, and nothing is.'
        : markdownTable(REPORT_COLUMNS, report),
    '',
    'Held is what the broker held when it was first read; what is neither closed nor left was sold by an order of before, such as a stop that traded while it was being canceled.',
    '',
    '## Orders',
    '',
    exits.length === 0 ? 'None was sent.' : markdownTable(ORDER_COLUMNS, exits),
    '',
    'The journal has all of it, row by row: `jax-exec audit verify` and `jax-exec audit export`.',
    '',
  ].join('\n')
}
