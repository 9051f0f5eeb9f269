// What happened? A journal, as `audit export` wrote it, is replayed against the machines of this version.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { viewEvent } from '../../api/sentence.ts'
import { type Difference, leadingTo, type Replayed, replayJournal, type Standing } from '../../desk/incident.ts'
import { FINDINGS } from '../../desk/finding.ts'
import { KINDS, type StoredRow, type Verdict } from '../../journal/verify.ts'
import { type Order, ordStatus } from '../../orders/machine.ts'
import type { Tx } from '../../ports/store.ts'
import { exportedRows, verifyExport } from '../../store/export.ts'
import { openSqliteStore } from '../../store/sqlite.ts'
import { shortest } from '../../values/decimal.ts'
import { rfc3339 } from '../../values/instant.ts'
import { systemClock } from '../clock.ts'
import { type Context, progress } from '../context.ts'
import { Stop } from '../exit.ts'
import { EVENT_COLUMNS, grouped, harmless, pairs, paint, table, when } from '../print.ts'

export type IncidentOptions = {
  readonly from: string
  readonly until?: number
  readonly order?: string
  readonly all?: boolean
  readonly key?: string
}

/** Enough to see what led to a difference on one screen. */
const STORY_ROWS = 10

export async function simulateIncident(ctx: Context, options: IncidentOptions): Promise<void> {
  const { from: folder } = options
  const until = options.until ?? null
  const verdict = verified(folder, options.key)
  beginsAtTheBeginning(folder)
  const { replayed, order, name } = await replay(ctx, options, until, verdict.ok ? verdict.rows : null)
  const differences = order ? replayed.differences.filter((d) => d.corr === order.corr) : replayed.differences
  const [first] = differences
  const story = first ? leadingTo(exportedRows(folder), first, STORY_ROWS) : []
  const shown = options.all === true ? differences : differences.slice(0, 1)
  const events = story.map((row) => viewEvent(row, name, true))
  ctx.out.answer(
    {
      from: folder,
      until,
      journal: { ok: verdict.ok, firstBad: verdict.firstBad },
      standing: standingView(replayed.standing),
      ...(order && { order: orderView(order) }),
      first: first ? { ...first, finding: FINDINGS[first.code], story: events } : null,
      differences: differences.length,
      ...(options.all === true && { all: differences }),
    },
    () =>
      [
        ...(verdict.firstBad === null ? [] : [journalText(verdict.firstBad), '']),
        first ? firstText(first, events) : cleanText(replayed.standing, order),
        ...(options.all === true ? others(shown.slice(1)) : more(differences)),
        '',
        paint('bold', until === null ? 'How things stood at the end' : `How things stood after row ${until}`),
        standingText(replayed.standing),
        ...(order ? ['', orderText(order)] : []),
      ].join('\n'),
  )
  if (first === undefined && verdict.ok) return
  throw new Stop(
    'DIFFERS',
    first
      ? `${count(differences.length)} ${differences.length === 1 ? 'row is' : 'rows are'} not what the machines make of the rows before.`
      : 'The journal is not as it was written.',
    {
      code: first?.code ?? verdict.firstBad?.kind ?? 'DIFFERS',
      lines: first
        ? [
            'Stop trading with "jax-exec halt", compare with the broker’s own page, and keep the export: it is the evidence.',
            chainText(verdict, first.seq),
          ]
        : ['The rows themselves agree with the machines. Do not trade on this copy; find where it was changed.'],
    },
  )
}

/** What the chain says of a row that the machines do not understand: was it written like that? */
function chainText({ ok, newest }: Verdict, seq: number): string {
  if (!ok)
    return 'The chain of the journal is broken too: look at that first, the difference may be no more than its consequence.'
  return newest !== null && seq < newest.size
    ? 'The chain holds and the row is signed: it was written like that. Was it another version of the gateway, or a fault of it?'
    : 'The chain holds, and no signed checkpoint vouches for the row yet: compare with the database, and with "jax-exec audit head" noted elsewhere.'
}

function verified(folder: string, key: string | undefined): Verdict {
  if (existsSync(folder) && !statSync(folder).isDirectory())
    throw new Stop('USAGE', `${folder} is a file; name the folder that "jax-exec audit export" wrote.`)
  if (!existsSync(join(folder, 'journal.jsonl')))
    throw new Stop('DATA', `There is no journal.jsonl in ${folder}.`, {
      code: 'NO_EXPORT',
      lines: [
        'Write an export with: jax-exec audit export ./evidence',
        'Then: jax-exec simulate incident --from ./evidence',
      ],
    })
  try {
    return verifyExport(folder, key === undefined ? undefined : [key])
  } catch (error) {
    throw new Stop('DATA', `${folder} is no whole export: ${(error as Error).message}.`, {
      code: 'NO_EXPORT',
      lines: [
        'It holds journal.jsonl, anchors.jsonl, keys.txt and head.json. Write it anew with: jax-exec audit export FOLDER',
      ],
      cause: error,
    })
  }
}

/** A slice that begins later says nothing of the orders, people and halts before it: nothing could be judged. */
function beginsAtTheBeginning(folder: string): void {
  const [first] = exportedRows(folder)
  if (first === undefined) throw new Stop('DATA', `The journal in ${folder} is empty.`, { code: 'NO_ROWS' })
  const seq = seqOf(first)
  if (seq === 0 || seq === null) return
  throw new Stop('DATA', `The journal in ${folder} begins at row ${seq}.`, {
    code: 'NOT_WHOLE',
    lines: [
      `Rows 0 to ${seq - 1} are needed: what happened later is judged by them.`,
      'Write the whole journal with: jax-exec audit export FOLDER. To look at a part of it, add --until ROW or --order ID.',
    ],
  })
}
function seqOf({ bytes }: StoredRow): number | null {
  try {
    const { seq } = JSON.parse(bytes) as { seq?: unknown }
    return typeof seq === 'number' ? seq : null
  } catch {
    return null
  }
}

type Played = { readonly replayed: Replayed; readonly order: Order | null; readonly name: (id: string) => string }

async function replay(
  ctx: Context,
  { from, order: clOrdID }: IncidentOptions,
  until: number | null,
  of: number | null,
): Promise<Played> {
  const store = await openSqliteStore({ file: ':memory:', clock: systemClock(), boot: 'incident' })
  const bar = progress(ctx.out, 'Replaying the journal')
  try {
    return await store.transact(async (tx) => {
      const replayed = await replayJournal(tx, exportedRows(from), until, (rows) => bar.at(rows, of))
      const order = clOrdID === undefined ? null : await tx.get('order', clOrdID)
      if (clOrdID !== undefined && !order)
        throw new Stop('NOT_FOUND', `There is no order ${clOrdID} in the rows that were replayed.`, {
          lines: [
            ...(until === null ? [] : [`They end with row ${until}; try without --until.`]),
            'The ids of orders are in "jax-exec orders", and in journal.jsonl as the object of order.created.',
          ],
        })
      return { replayed, order, name: await namesIn(tx) }
    })
  } finally {
    bar.end()
    await store.close()
  }
}

/** People and programs by their names, as the journal knows them at its end. */
async function namesIn(tx: Tx): Promise<(id: string) => string> {
  const names = new Map<string, string>()
  for (const { personID, name } of await tx.all('person')) names.set(personID, name)
  for (const { tokenID, name } of await tx.all('token')) names.set(tokenID, name)
  return (id) => names.get(id) ?? id
}

// ---------------------------------------------------------------- in words

const count = (n: number): string => grouped(String(n))

const journalText = ({ kind, seq, text }: NonNullable<Verdict['firstBad']>): string =>
  [
    paint(
      'red',
      `The journal is not as it was written: ${kind}${seq === null ? '' : ` at row ${seq}`}, ${KINDS[kind]}.`,
    ),
    harmless(
      `${text.charAt(0).toUpperCase()}${text.slice(1)}. It is replayed all the same; take every word from there on with care.`,
    ),
  ].join('\n')

function cleanText({ rows }: Standing, order: Order | null): string {
  const of = order ? ` about order ${order.clOrdID} and its intent` : ''
  return paint(
    'green',
    `No difference in ${count(rows)} rows: every step${of} is legal, and every decision would be taken again.`,
  )
}

function firstText(first: Difference, story: readonly ReturnType<typeof viewEvent>[]): string {
  const told = story.at(-1)?.text ?? ''
  return [
    paint('red', `The first difference is at row ${first.seq}: ${FINDINGS[first.code]}.`),
    pairs([
      ['time', first.ts === '' ? '—' : first.ts],
      ['about', first.object.id === '' ? '—' : `${first.object.type} ${first.object.id}`],
      ['story', first.corr === '' ? '—' : first.corr],
      ['the row says', told === '' ? '—' : told],
      ['recorded', first.recorded],
      ['the machines', first.expected],
      ['finding', first.code],
    ]),
    ...(story.length === 0
      ? []
      : [
          '',
          paint('bold', `What led there: the last ${count(story.length)} rows of ${harmless(first.corr)}`),
          table(EVENT_COLUMNS, story, ''),
        ]),
  ].join('\n')
}

const others = (rest: readonly Difference[]): string[] =>
  rest.length === 0
    ? []
    : [
        '',
        paint('bold', 'Further differences, which may be its consequences'),
        table(
          [
            { title: 'row', of: (d) => String(d.seq), right: true },
            { title: 'about', of: (d) => d.object.id },
            { title: 'finding', of: (d) => d.code },
            { title: 'recorded', of: (d) => d.recorded },
            { title: 'the machines', of: (d) => d.expected },
          ],
          rest,
          '',
        ),
      ]
const more = ({ length }: readonly Difference[]): string[] =>
  length < 2
    ? []
    : [
        '',
        `${count(length - 1)} further ${length === 2 ? 'row differs' : 'rows differ'}, perhaps in consequence. --all lists them.`,
      ]

function standingText(s: Standing): string {
  return pairs([
    ['span', s.from === null || s.to === null ? '—' : `${when(s.from)} to ${when(s.to)}`],
    ['rows', `${count(s.rows)}, in ${count(s.starts)} ${s.starts === 1 ? 'run' : 'runs'} of the gateway`],
    ['intents', count(s.intents)],
    ['orders', `${count(s.orders)}, ${count(s.open.length)} open${s.open.length === 0 ? '' : `: ${names(s.open)}`}`],
    ['in doubt', s.inDoubt.length === 0 ? 'none' : names(s.inDoubt)],
    ['executions', count(s.executions)],
    [
      'held',
      s.positions.length === 0 ? 'nothing' : few(s.positions, ({ symbol, netQty }) => `${shortest(netQty)} ${symbol}`),
    ],
    ['trading', s.halt ? `halted since ${when(rfc3339(s.halt.since))} by ${s.halt.by}: ${s.halt.reason}` : 'goes on'],
    ['frozen', s.frozen.length === 0 ? 'nothing' : few(s.frozen, ({ symbol, reason }) => `${symbol} (${reason})`)],
    ['open tasks', count(s.openTasks)],
  ])
}
/** As many as fit on a screen; `--json` has them all. */
const FEW = 5
const few = <T>(list: readonly T[], say: (one: T) => string): string =>
  `${list.slice(0, FEW).map(say).join(', ')}${list.length > FEW ? ` and ${count(list.length - FEW)} more` : ''}`
const names = (orders: readonly Order[]): string => few(orders, (o) => `${o.clOrdID} (${ordStatus(o)})`)

function orderText(order: Order): string {
  const view = orderView(order)
  return `${paint('bold', `Order ${harmless(order.clOrdID)}`)}\n${pairs([
    ['status', `${view.ordStatus}, the send ${view.delivery}`],
    ['filled', `${view.cumQty} of ${view.orderQty} ${view.symbol}`],
    ['intent', view.intentID],
    ['at the broker', view.orderID ?? '—'],
    ['last change', when(view.updatedAt)],
  ])}`
}

function orderView(o: Order) {
  return {
    clOrdID: o.clOrdID,
    intentID: o.intentID,
    role: o.role,
    symbol: o.terms.symbol,
    orderQty: shortest(o.terms.orderQty),
    cumQty: shortest(o.cumQty),
    ordStatus: ordStatus(o),
    delivery: o.delivery,
    orderID: o.orderID,
    updatedAt: rfc3339(o.updatedAt),
  }
}
function standingView(s: Standing) {
  return {
    ...s,
    open: s.open.map(orderView),
    inDoubt: s.inDoubt.map((o) => o.clOrdID),
    positions: s.positions.map(({ symbol, netQty }) => ({ symbol, netQty: shortest(netQty) })),
    halt: s.halt && { ...s.halt, since: rfc3339(s.halt.since) },
    frozen: s.frozen.map((f) => ({ ...f, since: rfc3339(f.since) })),
  }
}
