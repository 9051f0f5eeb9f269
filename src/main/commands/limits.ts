// What the account may risk: how much of it is used, and how it is limitChangeLine.
import type { Bound, Change, LimitChange, LimitRow, LimitsNow, LimitsPast } from '../../api/wire.ts'
import { LIMIT_NAMES, type LimitName, LIMITS, type LimitUnit } from '../../gate/limits.ts'
import { dec, parseDecimal, shortest, times } from '../../values/decimal.ts'
import type { Client } from '../client.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { didYouMean } from '../nearest.ts'
import { type Column, grouped, harmless, pairs, paint, requirementInWords, table, when } from '../print.ts'

const CENT = dec('0.01')
const HUNDRED = dec('100')

/** `25 %`, `10,000.00`, `300 bps` */
function figure(value: string | null, unit: LimitUnit): string {
  if (value === null) return '—'
  if (unit.startsWith('share')) return `${shortest(times(dec(value), HUNDRED))} %`
  return `${grouped(value)}${unit === 'basis points' ? ' bps' : ''}`
}

function used({ used: { now, limit }, unit }: LimitRow): string {
  if (now === null) return '—'
  return limit === null
    ? grouped(now)
    : unit.startsWith('share')
      ? `${grouped(now)} of ${grouped(limit)}`
      : grouped(now)
}

const HOT = 80
const COLUMNS: readonly Column<LimitRow>[] = [
  { title: 'limit', of: (row) => row.name },
  { title: 'hard', of: (row) => `${figure(row.hard, row.unit)}${row.setByPeople ? ' *' : ''}`, right: true },
  { title: 'soft', of: (row) => figure(row.soft, row.unit), right: true },
  { title: 'used', of: used, right: true },
  {
    title: '%',
    of: ({ used: { percent } }) => percent ?? '—',
    right: true,
    style: ({ used: { percent } }) =>
      percent === null || Number(percent) < HOT ? null : Number(percent) >= 100 ? 'red' : 'yellow',
  },
  { title: 'most by', of: (row) => row.used.of ?? '' },
]

export async function limits(ctx: Context): Promise<void> {
  const now = await ctx.client('anyone').limits()
  ctx.out.answer(now, () => page(now))
}

function page(now: LimitsNow): string {
  const lines = [
    `Stage ${now.inForce.stage}, version ${now.inForce.version}; amounts in ${now.currency ?? 'account currency'}. Trading day ${now.day.day} until ${when(now.day.until)}.`,
    '',
    table(COLUMNS, now.rows, ''),
    '',
    pairs(
      now.lists.map(({ name, value, byConfiguration }) => [name, `${listed(value)}${byConfiguration ? ' *' : ''}`]),
    ),
  ]
  if (now.rows.some(({ setByPeople }) => setByPeople) || now.lists.some(({ byConfiguration }) => byConfiguration))
    lines.push('', '* The configuration holds the account to less than people set.')
  if (now.next)
    lines.push(
      '',
      paint('bold', `From ${when(now.next.from)} on:`),
      ...now.next.changes.map((one) => `  ${limitChangeLine(one)}`),
    )
  return lines.join('\n')
}

const listed = (value: LimitsNow['lists'][number]['value']): string =>
  value === null
    ? 'all'
    : typeof value === 'boolean'
      ? value
        ? 'yes'
        : 'no'
      : value.length === 0
        ? 'none'
        : value.join(' ')

const isLimit = (name: string): name is LimitName => (LIMIT_NAMES as readonly string[]).includes(name)

/** `maxOrderNotional: 10,000 → 2,500 (tighter)` */
export function limitChangeLine({ name, bound, old, new: now, tighter }: LimitChange): string {
  const said = (value: string | null): string => (value === null ? 'none' : value === '' ? 'empty' : value)
  const [before, after] = isLimit(name)
    ? [old, now].map((value) => (value === null ? 'no limit' : figure(value, LIMITS[name].unit)))
    : [old, now].map((value) => (value === null ? 'all' : said(value)))
  return `${name}${bound === 'soft' ? ' (soft)' : ''}: ${before} → ${after} (${tighter ? 'tighter' : 'looser'})`
}

const PAST_COLUMNS: readonly Column<LimitsPast>[] = [
  { title: 'at', of: (past) => when(past.at) },
  { title: 'by', of: (past) => past.by },
  { title: 'what', of: (past) => past.changes.map(limitChangeLine).join('; ') || 'what the stage begins with' },
  { title: 'why', of: (past) => past.reason ?? '' },
  { title: 'agreed', of: (past) => past.agreed.map(({ byName }) => byName).join(', ') || '—' },
  {
    title: 'holds',
    of: ({ state, from, givenUpAt }) =>
      state !== 'Applied' && state !== 'Began'
        ? state
        : givenUpAt === null
          ? `from ${when(from)}`
          : 'never: replaced before its day',
    style: ({ state }) => (state === 'Waiting' ? 'yellow' : null),
  },
]
export async function limitsHistory(ctx: Context): Promise<void> {
  const items = await ctx.client('person').limitsHistory()
  ctx.out.answer(items, () => table(PAST_COLUMNS, items, 'This account has no risk limits of its own.'))
}

// --- changing them

type SetOptions = { readonly soft?: string; readonly reason: string }

/** `maxOrderNotional 2500`, `dayLoss=1% maxOrdersPerDay=50`, or `dayLoss --soft 0.5%` alone. */
export async function limitsSet(ctx: Context, words: readonly string[], options: SetOptions): Promise<void> {
  const pairs = words.every((word) => word.includes('='))
    ? words.map((word): [string, string | undefined] => [
        word.slice(0, word.indexOf('=')),
        word.slice(word.indexOf('=') + 1),
      ])
    : words.length <= 2 && !words.some((word) => word.includes('='))
      ? [[words[0] ?? '', words[1]] satisfies [string, string | undefined]]
      : null
  if (pairs === null)
    throw new Stop('USAGE', 'Say one NAME and its VALUE, or several as NAME=VALUE.', {
      lines: ['limits set maxOrderNotional=2500 dayLoss=1% --reason "a quiet week"'],
    })
  const { soft } = options
  if (soft !== undefined && pairs.length > 1)
    throw new Stop('USAGE', '--soft goes with one limit; set the others apart.')
  const values: Partial<Record<LimitName, Partial<Bound>>> = {}
  for (const [typed, value] of pairs) {
    const name = limitNamed(typed)
    if (value === undefined && soft === undefined) throw new Stop('USAGE', `Say what ${name} is to be, or none.`)
    values[name] = {
      ...(value !== undefined && { hard: valueOf(name, value) }),
      ...(soft !== undefined && { soft: valueOf(name, soft) }),
    }
  }
  await propose(ctx, { values }, options.reason)
}

/** @throws {Stop} USAGE with what may have been meant. */
function limitNamed(name: string): LimitName {
  if (isLimit(name)) return name
  throw new Stop('USAGE', `${harmless(name)} is not a limit${didYouMean(name, LIMIT_NAMES) || '.'}`, {
    lines: ['See them all with: jax-exec limits'],
  })
}

/** Hard limits as `NAME=VALUE`. @throws {Stop} USAGE naming the word that is none. */
export function parseFigures(words: readonly string[]): Partial<Record<LimitName, Partial<Bound>>> {
  const values: Partial<Record<LimitName, Partial<Bound>>> = {}
  for (const word of words) {
    const [typed = '', value] = word.split('=', 2)
    const name = limitNamed(typed)
    if (value === undefined)
      throw new Stop('USAGE', `Say what ${name} is to be: ${name}=${EXAMPLE[LIMITS[name].unit].split(' ')[0]}.`)
    values[name] = { hard: valueOf(name, value) }
  }
  return values
}

/** `2,500.00`: a comma groups thousands and nothing else. Read away elsewhere, it would make 5 of `0,05`. */
const GROUPED = /^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/

/** `none` is no limit; `5%` of a share is 0.05. */
export function valueOf(name: LimitName, typed: string): string | null {
  if (typed === 'none') return null
  const isPercent = typed.endsWith('%')
  const { unit } = LIMITS[name]
  const plain = isPercent ? typed.slice(0, -1).trim() : typed
  const isShare = unit.startsWith('share')
  const parsed = parseDecimal(!isShare && GROUPED.test(plain) ? plain.replaceAll(',', '') : plain)
  if (!parsed.ok || (isPercent && !isShare))
    throw new Stop(
      'USAGE',
      `${name} is in ${unit}, and ${harmless(typed)} is not; write a number such as ${EXAMPLE[unit]}, or none.${plain.includes(',') ? ' Decimals follow a point; a comma only groups thousands, as in 2,500.00.' : ''}`,
    )
  return shortest(isPercent ? times(parsed.value, CENT) : parsed.value)
}
const EXAMPLE: Readonly<Record<LimitUnit, string>> = {
  'share of equity': '0.05 or 5%',
  'share of buying power': '0.05 or 5%',
  'share of volume': '0.01 or 1%',
  'account currency': '2500',
  'basis points': '200',
  orders: '10',
  units: '500',
  count: '3',
}

type Why = { readonly reason: string }
const ALL = 'all'
const upper = (symbols: readonly string[]): string[] => [...new Set(symbols.map((symbol) => symbol.toUpperCase()))]

/** These, and no others; `all` allows any. */
export async function limitsAllow(ctx: Context, symbols: readonly string[], { reason }: Why): Promise<void> {
  await propose(ctx, { lists: { symbols: symbols.includes(ALL) ? null : upper(symbols) } }, reason)
}
export async function limitsRestrict(ctx: Context, symbols: readonly string[], { reason }: Why): Promise<void> {
  const { restricted } = (await ctx.client('person').limits()).inForce.lists
  await propose(ctx, { lists: { restricted: [...new Set([...restricted, ...upper(symbols)])] } }, reason)
}
export async function limitsUnrestrict(ctx: Context, symbols: readonly string[], { reason }: Why): Promise<void> {
  const { restricted } = (await ctx.client('person').limits()).inForce.lists
  const gone = symbols.includes(ALL) ? restricted : upper(symbols)
  const unknown = gone.filter((symbol) => !restricted.includes(symbol))
  if (unknown.length > 0)
    throw new Stop(
      'USAGE',
      `${harmless(unknown.join(', '))} is not restricted${didYouMean(unknown[0] ?? '', restricted) || '.'}`,
    )
  await propose(ctx, { lists: { restricted: restricted.filter((symbol) => !gone.includes(symbol)) } }, reason)
}

type Wanted = Omit<Extract<Parameters<Client['propose']>[0], { kind: 'risk limits' }>, 'kind'>

/** Proposes them and says at once whether they hold now, or who must still agree and from when on they would. */
async function propose(ctx: Context, what: Wanted, reason: string): Promise<void> {
  const client = ctx.client('person')
  const waited = (await client.limits()).next
  const change = await client.propose({ kind: 'risk limits', ...what }, reason)
  const now = await client.limits()
  ctx.out.answer(change, () =>
    [
      ...(change.what.kind === 'risk limits' ? change.what.changes.map(limitChangeLine) : []),
      '',
      outcome(change, now),
    ].join('\n'),
  )
  if (waited !== null && change.state === 'Applied')
    ctx.out.say(`What waited for ${when(waited.from)} is given up: ${waited.changes.map(limitChangeLine).join('; ')}.`)
}

function outcome(change: Change, now: LimitsNow): string {
  const { changeID, state, requires } = change
  if (state === 'Waiting') {
    const who = `${requirementInWords(requires)} (${now.looser.roles.join(' or ')})`
    return `Not in force: it waits for ${who}.\nAgreed to by ${when(now.looser.from)}, it holds from then on; later, from the day after.\n${
      requires.passkey ? 'They agree on the page Approvals.' : `They agree with: jax-exec changes approve ${changeID}`
    }`
  }
  const { next } = now
  const isNext = change.what.kind === 'risk limits' && next?.limits.version === change.what.after.version
  return isNext && next ? `Agreed. It holds from ${when(next.from)} on.` : 'In force now.'
}
