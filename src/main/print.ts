import { stripVTControlCharacters, styleText } from 'node:util'
import type * as Wire from '../api/wire.ts'
import { LIMITS } from '../gate/limits.ts'
import { visible } from '../values/shown.ts'

type Style = Parameters<typeof styleText>[0]

/** Colour where a person looks at it; plain text in a file, in a pipe, or with NO_COLOR. */
export const paint = (style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string =>
  styleText(style, text, { stream })

export type Column<Row> = {
  readonly title: string
  readonly of: (row: Row) => string
  /** Numbers stand under each other's last digit. */
  readonly right?: boolean
  readonly style?: (row: Row) => Style | null
}

/** Rows under their titles, in columns as wide as they need to be; `empty` when there is none. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], empty: string): string {
  if (rows.length === 0) return paint('dim', empty)
  const cells = rows.map((row) => columns.map((column) => oneLine(column.of(row))))
  const widths = columns.map((column, i) => Math.max(column.title.length, ...cells.map((line) => width(line[i] ?? ''))))
  const pad = (text: string, i: number): string => {
    const gap = ' '.repeat(Math.max(0, widths[i]! - width(text)))
    if (columns[i]!.right) return gap + text
    return i === columns.length - 1 ? text : text + gap
  }
  const head = paint('dim', columns.map((column, i) => pad(column.title, i)).join('  '))
  const body = rows.map((row, r) =>
    columns
      .map((column, i) => {
        const style = column.style?.(row) ?? null
        const text = pad(cells[r]![i]!, i)
        return style === null ? text : paint(style, text)
      })
      .join('  '),
  )
  return [head, ...body].join('\n')
}

const width = (text: string): number => [...text].length

/** Text from outside, made harmless: no escape sequence, no control or direction character reaches the terminal. */
export const harmless = (text: string): string => visible(stripVTControlCharacters(text))
const oneLine = (text: string): string => harmless(text).replace(/\s*\n\s*/g, ' ')

/** Name and value, one pair a line. */
export function pairs(lines: readonly (readonly [name: string, value: string])[]): string {
  const longest = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${paint('dim', name.padEnd(longest))}  ${harmless(value)}`).join('\n')
}

/** `2026-11-24 14:03:07 UTC` */
export const when = (rfc3339: string | null): string =>
  rfc3339 === null ? '—' : `${rfc3339.slice(0, 10)} ${rfc3339.slice(11, 19)} UTC`
/** A computed average: its eight places say nothing to a reader once they are zeros. */
const trimmed = (decimal: string | null): string => (decimal === null ? '—' : grouped(decimal))

/** `10000.000000` as `10,000.00`: grouped, without zeros that say nothing, and no other digit touched. */
export function grouped(decimal: string): string {
  const [whole = '', digits] = decimal.split('.')
  const fraction = digits?.replace(/0+$/, '').padEnd(Math.min(2, digits.length), '0')
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}

const TIF: Readonly<Record<Wire.Terms['timeInForce'], string>> = {
  Day: 'good for the day',
  GTC: 'good until canceled',
  IOC: 'immediate or cancel',
  FOK: 'fill or kill',
}

/** `Buy 53 AAPL at 187.50 or better, good for the day; stop 184.00, target 195.00` */
export function termsInWords(terms: Wire.Terms): string {
  const { price, stopPx, bracket } = terms
  const how = {
    Market: 'at the market',
    Limit: `at ${price} or better`,
    Stop: `at the market once ${stopPx} trades`,
    StopLimit: `at ${price} or better once ${stopPx} trades`,
  }[terms.ordType]
  const exits =
    bracket === null
      ? ''
      : `; stop ${bracket.stopPx}${bracket.stopLimitPx === undefined ? '' : ` limit ${bracket.stopLimitPx}`}${bracket.targetPx === null ? '' : `, target ${bracket.targetPx}`}`
  return `${terms.side} ${terms.orderQty} ${terms.symbol} ${how}, ${TIF[terms.timeInForce]}${exits}${terms.reduceOnly ? ' (only ever reduces the position)' : ''}`
}

/** `2 people, with a passkey each` */
export function requirementInWords({
  level,
  quorum,
}: Pick<NonNullable<Wire.Intent['requires']>, 'level' | 'quorum'>): string {
  const count = Math.max(quorum, level === 'L3' ? 2 : 1)
  const people = count === 1 ? 'one person' : `${count} people`
  if (level === 'L1') return `${people}, a click is enough`
  return `${people}, with a passkey${count === 1 ? '' : ' each'}`
}
export const fourEyesInWords = (fourEyes: Wire.Account['fourEyes']): string =>
  fourEyes === 'on' ? 'on: every order takes two people' : 'off: one person can send an order'
/** `Ana with a passkey, 2026-11-24 14:03:07 UTC: earnings are out` */
export const voteLine = ({ byName, with: how, counts, at, reason }: Wire.Vote): string =>
  `${byName} ${WITH[how]}, ${when(at)}${counts ? '' : ' (no longer counts)'}${reason === null ? '' : `: ${reason}`}`
/** How many people have said yes and may still be counted. */
export const yesesOf = (votes: readonly Wire.Vote[]): number => votes.filter(({ counts }) => counts).length
const WITH: Readonly<Record<Wire.Vote['with'], string>> = {
  click: 'with a click',
  passkey: 'with a passkey',
  slack: 'in Slack',
  teams: 'in Teams',
  armed: 'had armed the strategy',
}
const ASIDE: Readonly<Record<Wire.Intent['asides'][number]['kind'], string>> = {
  snoozed: 'put off',
  reanalyse: 'sent back',
  reason: 'reason',
}

/** Everything a person must see before saying yes or no, numbers first, the agent's own words last. */
export function intentCard(intent: Wire.Intent): string {
  const { ticket, sizing } = intent
  const lines: (readonly [string, string])[] = [['intent', `${intent.intentID}, ${intent.state}`]]
  if (ticket === null)
    lines.push([
      'asked',
      `${intent.side} ${intent.askedQty ?? '(size by policy)'} ${intent.symbol} at ${intent.entryPx}, stop ${intent.stopPx}${intent.targetPx === null ? '' : `, target ${intent.targetPx}`}`,
    ])
  else {
    lines.push(['order', termsInWords(ticket.terms)])
    lines.push(['account', `${intent.account}, ${ticket.environment === 'paper' ? 'paper money' : 'REAL MONEY'}`])
    lines.push(['costs at most', `${grouped(ticket.maxNotional)} ${ticket.currency}`])
  }
  if (sizing !== null) {
    lines.push([
      'loses at the stop',
      `${grouped(sizing.riskAtStop)} ${sizing.currency} of ${grouped(sizing.equity)} (limit ${grouped(sizing.riskAmount)})`,
    ])
    lines.push(['size decided by', sizing.binding])
  }
  if (ticket !== null)
    lines.push([
      'market when made',
      `${ticket.refPx} at ${when(ticket.refAt)}; may move ${ticket.maxDriftBps} bps before you are asked again`,
    ])
  const limits = limitsInWords(intent)
  if (limits !== null) lines.push(['limits', limits])
  for (const refusal of intent.refusals) lines.push(['refused', refusalLine(refusal)])
  if (intent.decideBy !== null && intent.state === 'AwaitingApproval') lines.push(['decide by', when(intent.decideBy)])
  if (intent.requires !== null)
    lines.push([
      'asks for',
      `${requirementInWords(intent.requires)} (${intent.requires.rules.join('; ') || 'no rule matches'})`,
    ])
  for (const vote of intent.votes) lines.push(['yes', voteLine(vote)])
  for (const { kind, byName, text, until, at } of intent.asides)
    lines.push([ASIDE[kind], `by ${byName}, ${when(at)}${until === null ? '' : `, until ${when(until)}`}: ${text}`])
  if (intent.decision !== null)
    lines.push([
      intent.decision.verdict,
      `by ${intent.decision.byName} (${intent.decision.via}) at ${when(intent.decision.at)}${intent.decision.reason === null ? '' : `: ${intent.decision.reason}`}`,
    ])
  if (intent.clOrdID !== null) lines.push(['order id', `${intent.clOrdID}, ${intent.ordStatus ?? 'not sent'}`])
  if (intent.fingerprint !== null) lines.push(['fingerprint', intent.fingerprint])
  lines.push([
    'asked by',
    `${intent.proposer.type} ${intent.proposer.name ?? intent.proposer.id}, strategy ${intent.strategyID}${intent.confidence === null ? '' : `, confidence ${intent.confidence}`}`,
  ])
  if (intent.model !== null || intent.run.id !== null)
    lines.push([
      'decided by',
      [intent.model && `${intent.model.name} ${intent.model.version}`, intent.run.id && `run ${intent.run.id}`]
        .filter((part) => part !== null)
        .join(', '),
    ])
  lines.push(['its own words', intent.reasoning.replace(/\s+/g, ' ')])
  return `${pairs(lines)}\n\n${harmless(intent.summary)}`
}

/** `after it 62 % of turnover of the day, 48 % of share of one symbol`: the fullest three, and those beyond a soft one first. */
function limitsInWords({ headroom, requires }: Wire.Intent): string | null {
  const fullest = headroom
    .flatMap(({ name, afterPercent }) => (afterPercent === null ? [] : [{ name, afterPercent }]))
    .sort((a, b) => Number(b.afterPercent) - Number(a.afterPercent))
    .slice(0, 3)
  if (fullest.length === 0) return null
  const after = fullest.map(({ name, afterPercent }) => `${afterPercent} % of ${LIMITS[name].title}`)
  const beyond = (requires?.beyond ?? []).map((name) => `beyond the soft limit of ${LIMITS[name].title}`)
  return [...beyond, `after it ${after.join(', ')}`].join('; ')
}

export const refusalLine = (refusal: Wire.Refusal): string =>
  `${refusal.code}: ${refusal.text}${refusal.transient ? ' (waiting may help)' : ''}`

/** A problem as lines: what, then every reason at once. */
export function problemLines(problem: Wire.Problem): readonly string[] {
  return [
    ...(problem.errors ?? []).map((e) => `${e.path === '' ? 'the request' : e.path}: ${e.message}`),
    ...(problem.refusals ?? []).map(refusalLine),
  ].map(oneLine)
}

/** The story of one intent, from the signal to the last fill, a line an event. */
export function storyText(story: Wire.Story): string {
  const parts = [intentCard(story.intent), '', table(EVENT_COLUMNS, story.events, 'Nothing has happened yet.')]
  if (story.orders.length > 0) parts.push('', table(ORDER_COLUMNS, story.orders, ''))
  if (story.fills.length > 0) parts.push('', table(FILL_COLUMNS, story.fills, ''))
  return parts.join('\n')
}

const GOOD = new Set(['Filled', 'Approved'])
const BAD = new Set(['Rejected', 'Refused', 'Declined', 'InDoubt'])
const WAITING = new Set(['AwaitingApproval', 'New', 'PartiallyFilled', 'PendingNew', 'PendingCancel', 'PendingReplace'])
function stateStyle(state: string): Style | null {
  if (GOOD.has(state)) return 'green'
  if (BAD.has(state)) return 'red'
  return WAITING.has(state) ? 'yellow' : null
}

export const INTENT_COLUMNS: readonly Column<Wire.Intent>[] = [
  { title: 'intent', of: (i) => i.intentID },
  { title: 'state', of: (i) => i.state, style: (i) => stateStyle(i.state) },
  {
    title: 'order',
    of: (i) => (i.ticket === null ? `${i.side} ${i.symbol} at ${i.entryPx}` : termsInWords(i.ticket.terms)),
  },
  {
    title: 'at most',
    of: (i) => (i.ticket === null ? '—' : `${grouped(i.ticket.maxNotional)} ${i.ticket.currency}`),
    right: true,
  },
  { title: 'fingerprint', of: (i) => i.fingerprint ?? '—' },
  { title: 'decide by', of: (i) => (i.state === 'AwaitingApproval' ? when(i.decideBy) : '—') },
]
export const ORDER_COLUMNS: readonly Column<Wire.Order>[] = [
  { title: 'order', of: (o) => o.clOrdID },
  { title: 'role', of: (o) => o.role },
  { title: 'status', of: (o) => o.ordStatus, style: (o) => stateStyle(o.ordStatus) },
  { title: 'terms', of: (o) => termsInWords(o.terms) },
  { title: 'filled', of: (o) => `${o.cumQty} of ${o.terms.orderQty}`, right: true },
  { title: 'average', of: (o) => trimmed(o.avgPx), right: true },
  { title: 'updated', of: (o) => when(o.updatedAt) },
]
export const FILL_COLUMNS: readonly Column<Wire.Fill>[] = [
  { title: 'time', of: (f) => when(f.transactTime) },
  { title: 'symbol', of: (f) => f.symbol },
  { title: 'side', of: (f) => f.side },
  {
    title: 'quantity',
    of: (f) => (f.feeQty === undefined ? f.lastQty : `${f.lastQty}, less ${f.feeQty} kept`),
    right: true,
  },
  { title: 'price', of: (f) => f.lastPx, right: true },
  { title: 'commission', of: (f) => f.commission, right: true },
  { title: 'order', of: (f) => f.clOrdID },
  { title: '', of: (f) => (f.live ? '' : 'busted'), style: () => 'red' },
]
export const POSITION_COLUMNS: readonly Column<Wire.Position>[] = [
  { title: 'symbol', of: (p) => p.symbol },
  { title: 'quantity', of: (p) => p.netQty, right: true },
  { title: 'average cost', of: (p) => trimmed(p.avgCost), right: true },
  { title: 'last', of: (p) => p.lastPx ?? '—', right: true },
  { title: 'unrealised', of: (p) => p.unrealizedPnl ?? '—', right: true, style: (p) => moneyStyle(p.unrealizedPnl) },
  { title: 'realised', of: (p) => p.realizedPnl, right: true, style: (p) => moneyStyle(p.realizedPnl) },
  { title: 'under a stop', of: (p) => p.protectedQty, right: true },
]
const moneyStyle = (amount: string | null): Style | null =>
  amount === null || /^-?[0.]+$/.test(amount) ? null : amount.startsWith('-') ? 'red' : 'green'
export const TASK_COLUMNS: readonly Column<Wire.Task>[] = [
  { title: 'task', of: (t) => t.taskID },
  { title: 'severity', of: (t) => t.severity, style: (t) => (t.severity === 'critical' ? 'red' : 'yellow') },
  { title: 'about', of: (t) => `${t.kind} ${t.subject}` },
  { title: 'since', of: (t) => when(t.raisedAt) },
  { title: 'seen by', of: (t) => t.acknowledgedBy ?? (t.doneAt === null ? 'nobody' : '—') },
  { title: 'what', of: (t) => t.text },
  { title: 'what to do', of: (t) => t.runbook },
]
export const EVENT_COLUMNS: readonly Column<Wire.Event>[] = [
  { title: 'row', of: (e) => String(e.seq), right: true },
  { title: 'time', of: (e) => `${e.ts.slice(0, 10)} ${e.ts.slice(11, 23)}` },
  { title: 'who', of: (e) => `${e.actor.type} ${e.actor.id}` },
  { title: 'what happened', of: (e) => e.text || e.action },
]
