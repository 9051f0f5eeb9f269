import { LIMIT_NAMES, LIST_NAMES, type Limits } from '../gate/limits.ts'
import { OVERDUE_MS, REVIEW_MS } from '../gate/rollout.ts'
import { EFFICIENCY, type SeenOrder, surveil } from '../gate/surveillance.ts'
import { moment, span } from '../gate/words.ts'
import type { Actor, Row } from '../journal/row.ts'
import { tradingIn } from '../orders/halt.ts'
import { STAGE_TITLES } from '../orders/stage.ts'
import type { Change, Person, Review } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import { dayOf, type Day } from '../values/day.ts'
import { shortest } from '../values/decimal.ts'
import { type Instant, msBetween, parseInstant, plusMs } from '../values/instant.ts'
import { ok, type Result } from '../values/result.ts'
import { type Command, deny } from './command.ts'
import type { Denial } from './desk.ts'
import type { Action, Happened } from './events.ts'
import { inForce } from './limiting.ts'
import { rolloutNow } from './promoting.ts'
import { unreviewedSince } from './rolling.ts'
import { DAY_ZONE } from './trading-day.ts'

// The review of all controls: what was in force, what it stopped, who changed it, and who may. Told from the journal and its
// views alone, so that anybody who holds a copy can tell it again.

// ---------------------------------------------------------------- that people looked

/** A person of the risk role says that they have read the report, and what they make of it. */
export async function recordReview(
  c: Command,
  { note, actor }: { readonly note: string; readonly actor: Actor },
): Promise<Result<Review, Denial>> {
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (!mayReview(person)) return deny('NOT_ELIGIBLE', 'Controls are reviewed by people with the role risk or auditor.')
  if (note.trim() === '') return deny('POLICY_FAULT', 'Say in a note what was found, even if it is that nothing was.')
  const review: Review = { scope: 'account', by: actor.id, byName: person?.name ?? actor.id, note, at: c.now }
  await c.emit('controls.reviewed', { type: 'account', id: c.setting.account }, 'controls', { review }, actor)
  return ok(review)
}
export const mayReview = (person: Person | null): boolean =>
  person !== null && !person.disabled && person.roles.some((role) => role === 'risk' || role === 'auditor')

// ---------------------------------------------------------------- the report

/** One table of the report. Cells are text, and untrusted: names and reasons are as people and agents wrote them. */
export type Section = {
  readonly id: string
  readonly title: string
  readonly note: string | null
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}
export type Report = {
  readonly account: string
  readonly from: Instant
  readonly to: Instant
  readonly sections: readonly Section[]
}

type Told = { readonly at: Instant; readonly row: Row }
const dataOf = <A extends Action>({ row }: Told): Happened[A] => row.data as unknown as Happened[A]

const PAGE = 1000
/** Every row of the period, oldest first. @param progress hears how many rows were read. */
async function rowsOf(
  reads: Reads,
  { from, to }: Pick<Report, 'from' | 'to'>,
  progress: (rows: number) => void,
): Promise<Told[]> {
  const found: Told[] = []
  for (let seq = 0; ; ) {
    const rows = await reads.journal(seq, PAGE)
    for (const row of rows) {
      const at = parseInstant(row.ts)
      if (at !== null && at >= from && at < to) found.push({ at, row })
    }
    seq += rows.length
    progress(seq)
    if (rows.length < PAGE) return found
  }
}

/** All that a yearly review looks at, for the period from `from` until `to`. */
export async function reportOf(
  reads: Reads,
  period: { readonly from: Instant; readonly to: Instant },
  environment: 'paper' | 'live',
  progress: (rows: number) => void = () => {},
): Promise<Report> {
  const told = await rowsOf(reads, period, progress)
  const people = new Map((await reads.all('person')).map((person) => [person.personID, person]))
  const nameOf = (id: string): string => people.get(id)?.name ?? id
  const of = (action: Action): Told[] => told.filter(({ row }) => row.action === action)
  const { from, to } = period
  const [identity] = await reads.all('identity')
  return {
    account: identity?.account ?? 'unknown',
    from,
    to,
    sections: [
      await stageSection(reads, environment, to),
      await limitsSection(reads, to),
      await changesSection(reads, period, nameOf),
      refusalsSection(of('intent.refused')),
      haltsSection(of('halt.engaged'), of('halt.released'), nameOf),
      ...liquidationSection(of('liquidation.started'), nameOf),
      alertsSection(told, nameOf),
      ordersSection(told),
      surveillanceSection(told),
      breaksSection(of('instrument.frozen')),
      await drillsSection(reads, period),
      approvalsSection(of('intent.approved')),
      await accessSection(reads, to),
      await tokensSection(reads, to),
      await strategiesSection(reads),
      buildsSection(of('gateway.started')),
      await reviewsSection(of('controls.reviewed'), reads),
    ],
  }
}

const section = (
  id: string,
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  note: string | null = null,
): Section => ({ id, title, note, columns, rows })

async function stageSection(reads: Reads, environment: 'paper' | 'live', to: Instant): Promise<Section> {
  const stands = await rolloutNow(reads, environment, to)
  if (!stands) return section('stage', 'Stage', ['Stage'], [], 'Nobody counts stages in this book.')
  const { rollout, evidence, next } = stands
  const { stage, since, past } = rollout
  return section(
    'stage',
    'Stage',
    ['What', 'Asked for', 'There is', 'Shown'],
    evidence.map(({ title, need, have, met }) => [title, need, have, met ? 'yes' : 'NO']),
    [
      `At ${stage}, ${STAGE_TITLES[stage]}, since ${moment(since)}.`,
      ...past.map(({ at, from, to: target, cause, why }) => `${moment(at)}: ${from} to ${target}, ${cause}: ${why}`),
      next === null ? 'It is the last stage.' : `Asked for before ${next}, ${STAGE_TITLES[next]}:`,
    ].join('\n'),
  )
}

async function limitsSection(reads: Reads, to: Instant): Promise<Section> {
  const row = await reads.get('limits', 'account')
  const limits: Limits | null = row && inForce(row, to)
  const said = (value: unknown): string =>
    value === null
      ? 'none'
      : typeof value === 'boolean'
        ? value
          ? 'yes'
          : 'no'
        : (value as readonly string[]).join(' ') || 'none'
  return section(
    'limits',
    'Limits in force',
    ['Limit', 'Hard', 'Soft'],
    limits === null
      ? []
      : [
          ...LIMIT_NAMES.map((name) => {
            const { hard, soft } = limits.values[name]
            return [name, hard === null ? 'none' : shortest(hard), soft === null ? 'none' : shortest(soft)]
          }),
          ...LIST_NAMES.map((name) => [name, said(limits.lists[name]), '']),
        ],
    limits === null ? 'The account has none.' : `Version ${limits.version}, stage ${limits.stage}.`,
  )
}

function whatOf({ what }: Change, nameOf: (id: string) => string): string {
  switch (what.kind) {
    case 'approval policy':
      return `policy of approvals, version ${what.policy.version}`
    case 'person':
      return `access of ${nameOf(what.personID)}: ${what.after.disabled ? 'none' : what.after.roles.join(' ') || 'no role'}`
    case 'passkey revoked':
      return `a passkey of ${nameOf(what.personID)} revoked`
    case 'risk limits':
      return `risk limits, version ${what.after.version}`
    case 'strategy':
      return `strategy ${what.strategyID}, version ${what.after.version}`
    case 'release':
      return `release of the halt of ${what.scope === 'global' ? 'everything' : what.scope} (${what.level})`
    case 'waiver':
      return `${what.intentID} beyond ${what.lifts.join(', ')}, once`
    case 'stage':
      return what.after === what.before ? `build ${what.build}` : `stage ${what.after}`
  }
}

async function changesSection(
  reads: Reads,
  { from, to }: { readonly from: Instant; readonly to: Instant },
  nameOf: (id: string) => string,
): Promise<Section> {
  const changes = (await reads.all('change'))
    .filter(({ proposedAt }) => proposedAt >= from && proposedAt < to)
    .sort((a, b) => a.proposedAt - b.proposedAt)
  return section(
    'changes',
    'Changes of the house',
    ['When', 'What', 'Proposed by', 'Agreed', 'State', 'Why'],
    changes.map((change) => [
      moment(change.proposedAt),
      whatOf(change, nameOf),
      change.proposerName,
      change.votes.map(({ byName }) => byName).join(', ') || (change.requires.quorum === 0 ? 'nobody asked' : 'nobody'),
      change.note === null ? change.state : `${change.state}, ${change.note}`,
      change.reason,
    ]),
  )
}

const counted = (names: readonly string[]): readonly (readonly [name: string, count: number])[] => {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
}

function refusalsSection(refused: readonly Told[]): Section {
  const codes = refused.flatMap((told) => {
    const { at, refusals } = dataOf<'intent.refused'>(told)
    return refusals.map(({ code }) => `${code}|${at === 'send' ? 'at the send' : 'at the proposal'}`)
  })
  return section(
    'refusals',
    'What the gate refused',
    ['Reason', 'When', 'Times'],
    counted(codes).map(([name, count]) => [...name.split('|'), String(count)]),
    `${refused.length} proposals and sends were refused; each counts under every reason.`,
  )
}

function haltsSection(engaged: readonly Told[], released: readonly Told[], nameOf: (id: string) => string): Section {
  const rows = [...engaged, ...released].sort((a, b) => a.row.seq - b.row.seq)
  return section(
    'halts',
    'Halts',
    ['When', 'What', 'Level', 'By', 'Why'],
    rows.map((told) => {
      const isRelease = told.row.action === 'halt.released'
      const { by, reason, scope = 'global' } = dataOf<'halt.released'>(told)
      const level = isRelease ? '' : (dataOf<'halt.engaged'>(told).level ?? 'K4')
      return [moment(told.at), `${tradingIn(scope)} ${isRelease ? 'released' : 'halted'}`, level, nameOf(by), reason]
    }),
  )
}

function liquidationSection(started: readonly Told[], nameOf: (id: string) => string): readonly Section[] {
  if (started.length === 0) return []
  return [
    section(
      'liquidations',
      'Emergency liquidations',
      ['When', 'What', 'By', 'Why'],
      started.map((told) => {
        const { symbols, by, reason } = dataOf<'liquidation.started'>(told).liquidation
        return [moment(told.at), symbols === null ? 'everything' : symbols.join(' '), nameOf(by), reason]
      }),
    ),
  ]
}

function alertsSection(told: readonly Told[], nameOf: (id: string) => string): Section {
  const raised = told.filter(({ row }) => row.action === 'task.raised')
  const seen = new Map<string, Told>()
  for (const one of told)
    if (one.row.action === 'task.acknowledged' || one.row.action === 'task.closed')
      if (!seen.has(one.row.object.id)) seen.set(one.row.object.id, one)
  const escalated = new Set(told.filter(({ row }) => row.action === 'task.escalated').map(({ row }) => row.object.id))
  return section(
    'alerts',
    'Alerts and tasks',
    ['When', 'Kind', 'About', 'Severity', 'Seen after', 'By', 'Told further'],
    raised.map((one) => {
      const { task } = dataOf<'task.raised'>(one)
      const by = seen.get(task.taskID)
      return [
        moment(one.at),
        task.kind,
        task.subject,
        task.severity,
        by && by.at >= one.at ? span(Math.round(msBetween(one.at, by.at) / 1000) * 1000) : 'not yet',
        by ? nameOf(by.row.actor.id) : '',
        escalated.has(task.taskID) ? 'yes' : '',
      ]
    }),
  )
}

/** Orders as they left, from their rows alone. */
function seenOf(told: readonly Told[]): readonly SeenOrder[] {
  const strategies = new Map<string, string>()
  const orders = new Map<string, SeenOrder>()
  const set = (id: string, more: (order: SeenOrder) => Partial<SeenOrder>): void => {
    const order = orders.get(id)
    if (order) orders.set(id, { ...order, ...more(order) })
  }
  for (const one of told) {
    const { row, at } = one
    switch (row.action as Action) {
      case 'intent.received': {
        const { intent } = dataOf<'intent.received'>(one)
        strategies.set(intent.intentID, intent.proposal.strategyID)
        break
      }
      case 'order.created': {
        const { order } = dataOf<'order.created'>(one)
        const { clOrdID, terms, role, replaces, intentID } = order
        orders.set(clOrdID, {
          clOrdID,
          strategyID: strategies.get(intentID) ?? null,
          symbol: terms.symbol,
          side: terms.side,
          role,
          sentAt: at,
          canceledAt: null,
          replaces: replaces !== undefined,
          trades: [],
        })
        break
      }
      case 'order.cancel-requested':
        set(row.object.id, () => ({ canceledAt: at }))
        break
      case 'execution.reported': {
        const { report } = dataOf<'execution.reported'>(one)
        if (report.execType === 'Trade')
          set(row.object.id, ({ trades }) => ({
            trades: [...trades, { at: report.transactTime, qty: report.lastQty, px: report.lastPx }],
          }))
        break
      }
      default:
    }
  }
  return [...orders.values()]
}

function ordersSection(told: readonly Told[]): Section {
  const of = (action: Action): number => told.filter(({ row }) => row.action === action).length
  const orders = seenOf(told)
  const rows: readonly (readonly [string, number])[] = [
    ['proposals', of('intent.received')],
    ['approved', of('intent.approved')],
    ['declined by people', of('intent.declined')],
    ['not decided in time', of('intent.lapsed')],
    ['orders sent: entries', orders.filter(({ role }) => role === 'Entry').length],
    ['orders sent: stops, targets, exits', orders.filter(({ role }) => role !== 'Entry').length],
    ['rejected by the broker', of('order.rejected')],
    ['in doubt for a while', of('order.in-doubt')],
    ['proven never to have left', of('order.absent')],
    ['trades', orders.reduce((sum, { trades }) => sum + trades.length, 0)],
    ['orders of other hands', of('order.adopted')],
  ]
  return section(
    'orders',
    'Orders',
    ['What', 'Times'],
    rows.map(([name, count]) => [name, String(count)]),
  )
}

/** Of the regular session; on a day of crypto alone nothing is found by it. */
const CLOSES_MS = 16 * 3_600_000
const daysOf = (orders: readonly SeenOrder[]): readonly Day[] => [
  ...new Map(orders.map(({ sentAt }) => [dayOf(sentAt, DAY_ZONE).name, dayOf(sentAt, DAY_ZONE)])).values(),
]

/** What one day's orders look like to whoever watches over markets. */
const surveilDay = (orders: readonly SeenOrder[], { from, until }: Day) =>
  surveil(
    orders.filter(({ sentAt }) => sentAt >= from && sentAt < until),
    plusMs(from, CLOSES_MS),
  )

function surveillanceSection(told: readonly Told[]): Section {
  const orders = seenOf(told)
  const rows = daysOf(orders).flatMap((day) => {
    const { submitted, revised, canceled, fills, efficiency, findings } = surveilDay(orders, day)
    const line = [day.name, `${submitted} ${revised} ${canceled} ${fills}`, efficiency]
    return findings.length === 0
      ? [[...line, 'nothing']]
      : findings.map(({ kind, grade, text }) => [...line, `${kind} (${grade}): ${text}`])
  })
  return section(
    'surveillance',
    'Surveillance',
    ['Day', 'Entries, changes, cancels, fills', 'Messages for each fill', 'Found'],
    rows,
    `Brokers ask beyond ${EFFICIENCY.warn} messages for each fill, and restrict beyond ${EFFICIENCY.stop}.`,
  )
}
/** The surveillance of some days alone. */
export async function surveillanceOf(
  reads: Reads,
  period: { readonly from: Instant; readonly to: Instant },
): Promise<Section> {
  return surveillanceSection(await rowsOf(reads, period, () => {}))
}

const breaksSection = (frozen: readonly Told[]): Section =>
  section(
    'breaks',
    'Differences from the broker, and symbols that were frozen',
    ['When', 'Symbol', 'Why'],
    frozen.map((told) => {
      const { symbol, reason } = dataOf<'instrument.frozen'>(told)
      return [moment(told.at), symbol, reason]
    }),
  )

async function drillsSection(
  reads: Reads,
  { from, to }: { readonly from: Instant; readonly to: Instant },
): Promise<Section> {
  const drills = (await reads.all('drill'))
    .filter(({ endedAt }) => endedAt >= from && endedAt < to)
    .sort((a, b) => a.endedAt - b.endedAt)
  return section(
    'drills',
    'Drills',
    ['When', 'Procedure', 'By', 'Result', 'Measured', 'Note'],
    drills.map(({ endedAt, drill, byName, result, figures, note, attested }) => [
      moment(endedAt),
      drill,
      byName,
      result,
      attested
        ? 'by their own word'
        : Object.entries(figures)
            .map(([name, figure]) => `${name}: ${figure}`)
            .join('; '),
      note ?? '',
    ]),
  )
}

function approvalsSection(approved: readonly Told[]): Section {
  const rows = counted(
    approved.map((told) => {
      const { decision } = dataOf<'intent.approved'>(told)
      return `${decision.byName}|${decision.via}|${decision.evidence?.kind ?? 'session'}`
    }),
  )
  return section(
    'approvals',
    'Who said yes to orders',
    ['Person', 'By', 'With', 'Times'],
    rows.map(([name, count]) => [...name.split('|'), String(count)]),
    'Of two people who said yes, the one who completed it.',
  )
}

async function accessSection(reads: Reads, to: Instant): Promise<Section> {
  const [people, passkeys, links, sessions] = await Promise.all([
    reads.all('person'),
    reads.all('passkey'),
    reads.all('link'),
    reads.all('session'),
  ])
  const sorted = [...people].sort((a, b) => (a.name < b.name ? -1 : 1))
  return section(
    'access',
    'Who has access',
    ['Person', 'Roles', 'State', 'Passkeys', 'Chats and accounts', 'Sessions open'],
    sorted.map(({ personID, name, roles, disabled, newcomer }) => [
      name,
      roles.join(' ') || 'none',
      disabled ? 'kept out' : newcomer ? 'not confirmed yet' : 'active',
      String(passkeys.filter((one) => one.personID === personID && one.revokedAt === null).length),
      String(links.filter((one) => one.personID === personID && one.endedAt === null).length),
      String(sessions.filter((one) => one.personID === personID && one.endedAt === null && one.expiresAt > to).length),
    ]),
  )
}

async function tokensSection(reads: Reads, to: Instant): Promise<Section> {
  const tokens = await reads.all('token')
  const people = new Map((await reads.all('person')).map(({ personID, name }) => [personID, name]))
  return section(
    'tokens',
    'Tokens of programs',
    ['Token', 'Owner', 'Made by', 'May', 'Until', 'State'],
    [...tokens]
      .sort((a, b) => a.createdAt - b.createdAt)
      .map(({ name, owner, madeBy, scopes, expiresAt, revokedAt }) => [
        name,
        owner === null ? 'nobody' : (people.get(owner) ?? owner),
        madeBy === undefined ? 'the gateway' : (people.get(madeBy) ?? madeBy),
        scopes.join(' '),
        moment(expiresAt),
        revokedAt !== null ? 'revoked' : expiresAt <= to ? 'ended' : 'good',
      ]),
  )
}

async function strategiesSection(reads: Reads): Promise<Section> {
  const strategies = await reads.all('strategy')
  return section(
    'strategies',
    'Strategies',
    ['Strategy', 'Version', 'Goal', 'Inputs', 'Its own limits', 'Owner', 'Stop it when'],
    strategies.map(({ strategyID, version, card }) => [
      strategyID,
      String(version),
      card.goal,
      card.inputs,
      card.limits,
      card.owner,
      card.stopWhen,
    ]),
  )
}

function buildsSection(started: readonly Told[]): Section {
  const builds = counted(
    started.map((told) => {
      const { version, build } = dataOf<'gateway.started'>(told)
      return `${version}|${build}`
    }),
  )
  return section(
    'builds',
    'Builds that ran',
    ['Version', 'Build', 'Starts'],
    builds.map(([name, count]) => [...name.split('|'), String(count)]),
  )
}

async function reviewsSection(reviewed: readonly Told[], reads: Reads): Promise<Section> {
  const since = await unreviewedSince(reads)
  const due =
    since === null
      ? null
      : `Due by ${moment(plusMs(since, REVIEW_MS))}; from ${moment(plusMs(since, OVERDUE_MS))} on a live account opens nothing.`
  return section(
    'reviews',
    'Reviews',
    ['When', 'By', 'Note'],
    reviewed.map((told) => {
      const { review } = dataOf<'controls.reviewed'>(told)
      return [moment(told.at), review.byName, review.note]
    }),
    due,
  )
}
