import type { Freeze } from '../gate/facts.ts'
import { glance } from '../journal/form.ts'
import type { Row } from '../journal/row.ts'
import type { StoredRow } from '../journal/verify.ts'
import { cancels, type HaltState, isStopped } from '../orders/halt.ts'
import type { Order } from '../orders/machine.ts'
import { positionOf } from '../orders/position.ts'
import type { Fill } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import type { AccountID } from '../values/brand.ts'
import { type Decimal, isZero, shortest } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { parseInstant } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import type { Action, Happened } from './events.ts'
import { project } from './project.ts'
import { type Case, type Found, found, type Memory } from './finding.ts'
import { JUDGES, judge, sumFault } from './redeciding.ts'

/** A row that is not what the machines make of the rows before it. */
export type Difference = Found & {
  readonly seq: number
  /** As it stands in the row; empty when the row cannot be read. */
  readonly ts: string
  readonly action: string
  readonly object: { readonly type: string; readonly id: string }
  /** The story it belongs to; empty when the row cannot be read. */
  readonly corr: string
}

/** How things stood after the last row that was read. */
export type Standing = {
  readonly rows: number
  readonly from: string | null
  readonly to: string | null
  readonly starts: number
  readonly intents: number
  readonly orders: number
  readonly executions: number
  readonly open: readonly Order[]
  readonly inDoubt: readonly Order[]
  readonly positions: readonly { readonly symbol: string; readonly netQty: Decimal }[]
  readonly halt: HaltState | null
  readonly frozen: readonly Freeze[]
  readonly openTasks: number
}
export type Replayed = { readonly differences: readonly Difference[]; readonly standing: Standing }

/**
 * Replays a journal against the machines: each row must be a step that they take (the same fold that writes the views),
 * and what the desk decided is decided again from the rows before it (redeciding.ts). Reads on after a difference; what
 * comes later may be no more than its consequence.
 *
 * @param tx of an empty store; its views are filled.
 * @param rows from row 0 on, in order.
 * @param until the last row to read; null reads all.
 * @returns the differences by their rows.
 * @throws {Fault} STORE_* when the store that it folds into fails. Never because of what a row says.
 */
export async function replayJournal(
  tx: Tx,
  rows: Iterable<StoredRow>,
  until: number | null = null,
  progress: (rows: number) => void = () => {},
): Promise<Replayed> {
  const replay = new Replay(tx)
  for (const stored of rows) {
    if (until !== null && stored.seq > until) break
    await replay.take(stored)
    if (replay.rows % 1_000 === 0) progress(replay.rows)
  }
  return replay.end(until === null)
}

/**
 * The newest rows of one story up to a row, oldest first: how it came to that.
 *
 * @param rows as they were replayed.
 */
export function leadingTo(rows: Iterable<StoredRow>, { corr, seq }: Difference, limit: number): Row[] {
  const story: Row[] = []
  for (const stored of rows) {
    if (stored.seq > seq) break
    const row = readRow(stored)
    if (row === null || row.corr !== corr || row.seq > seq) continue
    story.push(row)
    if (story.length > limit) story.shift()
  }
  return story
}

/** What must follow a row in its own transaction, and the rows that bring it. */
type Owed = {
  readonly row: Row
  readonly expected: string
  readonly orders: Set<string>
  readonly by: readonly Action[]
}
/** Written in the transaction of a halt or a start, after it; the first row of another kind begins the next one. */
const FOLLOWS: ReadonlySet<string> = new Set<Action>([
  'order.cancel-requested',
  'order.absent',
  'order.in-doubt',
  'order.accepted',
  'task.closed',
  'intent.withdrawn',
])

class Replay {
  rows = 0
  readonly #tx: Tx
  readonly #differences: Difference[] = []
  readonly #memory: Memory = { asked: new Map(), starts: 0 }
  readonly #accounts = new Set<AccountID>()
  /** The last time written in each run of the process. */
  readonly #clocks = new Map<string, string>()
  readonly #counts = { intents: 0, orders: 0, executions: 0 }
  #first: Row | null = null
  #last: Row | null = null
  #owed: Owed | null = null

  constructor(tx: Tx) {
    this.#tx = tx
  }

  async take(stored: StoredRow): Promise<void> {
    this.rows++
    const row = readRow(stored)
    if (!row) {
      const nothing = { seq: stored.seq, ts: '', action: '', object: { type: '', id: '' }, corr: '' }
      this.#differs(nothing, found('UNREADABLE_ROW', `Row ${stored.seq} is no row of a journal.`, UNREADABLE))
      return
    }
    this.#first ??= row
    this.#last = row
    this.#pay(row)
    const judged = await this.#judge(row)
    const fault = await readable(row, async () => {
      await project(this.#tx, row)
      return null
    })
    const different = fault ?? judged
    if (different) this.#differs(row, different)
    if (!fault) await readable(row, () => this.#remember(row))
  }

  async end(whole: boolean): Promise<Replayed> {
    // A journal that is read to its end ends with a transaction.
    if (whole) this.#due()
    if (this.#last) for (const wrong of await this.#positions()) this.#differs(this.#last, wrong)
    const differences = this.#differences.toSorted((a, b) => a.seq - b.seq)
    return { differences, standing: await this.#standing() }
  }

  /** Null also when there is nothing to judge by: the fold then says why. */
  async #judge(row: Row): Promise<Found | null> {
    const at = parseInstant(row.ts)
    if (at === null || !Object.hasOwn(JUDGES, row.action)) return null
    const stoodStill = this.#clocks.get(row.boot) === row.ts
    this.#clocks.set(row.boot, row.ts)
    const data = row.data as unknown as Happened[Action]
    const c: Case = { tx: this.#tx, row, data, at, stoodStill, memory: this.#memory }
    return readable(row, () => judge(c))
  }

  async #remember(row: Row): Promise<null> {
    const told = row as unknown as Told
    switch (told.action) {
      case 'gateway.started':
        this.#memory.starts++
        await this.#owe(
          row,
          'A start puts it in doubt: nobody holds the answer to its send.',
          ['order.in-doubt'],
          (o) => o.delivery === 'Sending',
        )
        break
      case 'intent.received':
        this.#counts.intents++
        break
      case 'order.created':
      case 'order.adopted':
        this.#counts.orders++
        this.#accounts.add(told.data.order.account)
        break
      case 'order.replace-requested':
        this.#memory.asked.set(told.data.by, { ...told.data, clOrdID: row.object.id })
        break
      case 'halt.engaged':
        await this.#haltOwes(row, told.data)
        break
      case 'execution.reported': {
        if (told.data.report.execType === 'Trade') this.#counts.executions++
        const order = await this.#tx.get('order', row.object.id)
        const wrong = order && (await sumFault(this.#tx, order))
        if (wrong) this.#differs(row, wrong)
        break
      }
      default:
    }
    return null
  }

  async #haltOwes(row: Row, halt: Happened['halt.engaged']): Promise<void> {
    const { scope = 'global', level = 'K4' } = halt
    const stopped = new Set<string>()
    for (const { clOrdID, account, intentID, terms } of cancels({ level }) ? await this.#open() : []) {
      const strategyID = (await this.#tx.get('intent', intentID))?.proposal.strategyID ?? null
      if (isStopped({ scope }, { account, symbol: terms.symbol, strategyID })) stopped.add(clOrdID)
    }
    await this.#owe(
      row,
      'A halt takes every open entry back.',
      ['order.cancel-requested', 'order.absent'],
      (o) => o.role === 'Entry' && o.asked !== 'Cancel' && stopped.has(o.clOrdID),
    )
  }
  async #owe(row: Row, expected: string, by: readonly Action[], which: (order: Order) => boolean): Promise<void> {
    const orders = new Set((await this.#open()).filter(which).map((o): string => o.clOrdID))
    this.#owed = orders.size > 0 ? { row, expected, orders, by } : null
  }
  /** What a row does of that which is owed; the first row of another transaction finds what was left undone. */
  #pay(row: Row): void {
    if (!FOLLOWS.has(row.action)) return this.#due()
    if (this.#owed?.by.some((action) => action === row.action)) this.#owed.orders.delete(row.object.id)
  }
  #due(): void {
    const [left] = this.#owed?.orders ?? []
    if (this.#owed && left !== undefined)
      this.#differs(
        this.#owed.row,
        found('LEFT_UNDONE', `Nothing is written about order ${left}.`, this.#owed.expected),
      )
    this.#owed = null
  }

  #differs(row: Pick<Difference, 'seq' | 'ts' | 'action' | 'object' | 'corr'>, what: Found): void {
    const { seq, ts, action, corr } = row
    this.#differences.push({ ...what, seq, ts, action, object: { type: row.object.type, id: row.object.id }, corr })
  }

  async #open(): Promise<Order[]> {
    const open: Order[] = []
    for (const account of this.#accounts) open.push(...(await this.#tx.openOrders(account)))
    return open
  }

  async #positions(): Promise<Found[]> {
    const wrong: Found[] = []
    for (const position of await this.#tx.all('position')) {
      const { symbol, netQty } = position
      const trades: Fill[] = []
      for (const account of this.#accounts) trades.push(...(await this.#tx.fillsOf({ account, symbol })))
      const folded = positionOf(symbol, trades)
      if (canonical(folded) !== canonical(position))
        wrong.push(
          found(
            'WRONG_SUM',
            `The position in ${symbol} is ${shortest(netQty)}.`,
            `Its ${trades.length} trades make ${shortest(folded.netQty)}.`,
          ),
        )
    }
    return wrong
  }

  async #standing(): Promise<Standing> {
    const open = await this.#open()
    return {
      rows: this.rows,
      from: this.#first?.ts ?? null,
      to: this.#last?.ts ?? null,
      starts: this.#memory.starts,
      ...this.#counts,
      open,
      inDoubt: open.filter((o) => o.delivery === 'InDoubt'),
      positions: (await this.#tx.all('position')).filter((p) => !isZero(p.netQty)),
      halt: (await this.#tx.get('halt', 'global'))?.state ?? null,
      frozen: await this.#tx.all('freeze'),
      openTasks: (await this.#tx.all('task')).filter((task) => task.doneAt === null).length,
    }
  }
}

type Told = { [A in Action]: { readonly action: A; readonly data: Happened[A] } }[Action]

const UNREADABLE = 'Each row says, in the form of this version, who did what to what, and when.'

function readRow({ bytes }: StoredRow): Row | null {
  const seen = glance(bytes)
  if ('kind' in seen && seen.kind === 'DAMAGED') return null
  const row = JSON.parse(bytes) as Row
  const texts: readonly unknown[] = [row.object.type, row.object.id, row.actor.type, row.actor.id]
  return texts.every((text) => typeof text === 'string') ? row : null
}

/** Whatever a row makes go wrong is a finding about it; what the store cannot do is not. */
async function readable(row: Row, run: () => Promise<Found | null>): Promise<Found | null> {
  try {
    return await run()
  } catch (thrown) {
    const fault = thrown instanceof Fault ? thrown : null
    // STORE_ERROR is the database refusing a record that lacks something.
    if (fault?.code.startsWith('STORE_') && fault.code !== 'STORE_ERROR') throw thrown
    const said = `The row says ${row.action} of ${row.object.type} ${row.object.id}.`
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    switch (fault?.code) {
      case 'ILLEGAL_TRANSITION':
      case 'UNKNOWN_EVENT':
        return found(fault.code, said, sentenceOf(why))
      default:
        return found(
          'UNREADABLE_ROW',
          said,
          fault?.code === 'UNREADABLE_ROW' ? sentenceOf(why) : `${UNREADABLE} This one does not: ${why}.`,
        )
    }
  }
}
/** A fault’s words, of which the number of the row is known. */
function sentenceOf(why: string): string {
  const words = why.replace(/^journal row \d+: /, '')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
