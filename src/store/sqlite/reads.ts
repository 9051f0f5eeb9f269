import type { Row } from '../../journal/row.ts'
import { rootOf } from '../../journal/merkle.ts'
import type { Order } from '../../orders/machine.ts'
import type { Fill, Intent, Kind, Records } from '../../ports/records.ts'
import type { FillFilter, Head, IntentFilter, OrderFilter, Page, PageAsk, Reads } from '../../ports/store.ts'
import type { AccountID, ClOrdID, IntentID, OrderID } from '../../values/brand.ts'
import type { Instant } from '../../values/instant.ts'
import { type Connection, countOf, type SqlRow, textOf } from './connection.ts'
import { checkLimit, cursorText, parseCursor } from './cursor.ts'
import { readHead } from './head.ts'
import { TABLES } from './tables.ts'

const docOf = <T>(row: SqlRow): T => JSON.parse(textOf(row, 'doc')) as T
const docsOf = <T>(rows: readonly SqlRow[]): T[] => rows.map((row) => docOf<T>(row))

/** More than are ever open at once in an ordinary account; beyond it the memory starts anew. */
const KEPT_MAX = 8_192
/** Whoever changed one would change it for the next who asks. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const one of Object.values(value)) frozen(one)
  return Object.freeze(value)
}

const rowOf = (row: SqlRow): Row => JSON.parse(textOf(row, 'bytes')) as Row

/** A condition and its parameters; `null` conditions are left out. */
type Where = readonly [sql: string, ...values: unknown[]]

/**
 * Every question of the port, on one connection.
 * @param before runs ahead of each: waits for the writer, or throws when the time for questions is over.
 */
export class SqlReads implements Reads {
  readonly #db: Connection
  readonly #before: () => Promise<void> | void
  readonly #known = new Map<string, Order>()

  constructor(db: Connection, before: () => Promise<void> | void) {
    this.#db = db
    this.#before = before
  }

  async get<K extends Kind>(kind: K, key: string): Promise<Records[K] | null> {
    await this.#before()
    const row = this.#db.get(`SELECT doc FROM ${TABLES[kind].name} WHERE key = ?`, key)
    return row ? docOf<Records[K]>(row) : null
  }
  async all<K extends Kind>(kind: K): Promise<readonly Records[K][]> {
    await this.#before()
    return docsOf(this.#db.all(`SELECT doc FROM ${TABLES[kind].name} ORDER BY key`))
  }

  async openOrders(account: AccountID): Promise<readonly Order[]> {
    await this.#before()
    const sql = 'SELECT doc FROM orders WHERE is_open = 1 AND account = ? ORDER BY created_at, key'
    return this.#db.all(sql, account).map((row) => this.#openOrder(textOf(row, 'doc')))
  }
  /** All of them are asked for again and again, and of many only a few have changed: the same text is the same order. */
  #openOrder(text: string): Order {
    const known = this.#known.get(text)
    if (known) return known
    if (this.#known.size >= KEPT_MAX) this.#known.clear()
    const order = frozen(JSON.parse(text) as Order)
    this.#known.set(text, order)
    return order
  }
  async ordersOf(intentID: IntentID): Promise<readonly Order[]> {
    await this.#before()
    return docsOf(this.#db.all('SELECT doc FROM orders WHERE intent_id = ? ORDER BY created_at, key', intentID))
  }
  async orderByOrderID(account: AccountID, orderID: OrderID): Promise<Order | null> {
    await this.#before()
    // A broker that gives a number out twice is believed to mean the later order.
    const sql = 'SELECT doc FROM orders WHERE order_id = ? AND account = ? ORDER BY created_at DESC, key DESC LIMIT 1'
    const row = this.#db.get(sql, orderID, account)
    return row ? docOf<Order>(row) : null
  }
  async fillsOf(
    what: { readonly clOrdID: ClOrdID } | { readonly account: AccountID; readonly symbol: string },
  ): Promise<readonly Fill[]> {
    await this.#before()
    return docsOf(
      'clOrdID' in what
        ? this.#db.all('SELECT doc FROM fills WHERE cl_ord_id = ? ORDER BY seq, key', what.clOrdID)
        : this.#db.all(
            'SELECT doc FROM fills WHERE symbol = ? AND account = ? ORDER BY seq, key',
            what.symbol,
            what.account,
          ),
    )
  }
  async waitingIntents(): Promise<readonly Intent[]> {
    await this.#before()
    return docsOf(this.#db.all('SELECT doc FROM intents WHERE is_waiting = 1 ORDER BY received_at, key'))
  }
  async intentsSince(symbol: string, since: Instant): Promise<readonly Intent[]> {
    await this.#before()
    const sql = 'SELECT doc FROM intents WHERE symbol = ? AND received_at >= ? ORDER BY received_at, key'
    return docsOf(this.#db.all(sql, symbol, since))
  }

  async intents(filter: IntentFilter, ask: PageAsk): Promise<Page<Intent>> {
    await this.#before()
    const where: Where[] = []
    if (filter.symbol !== undefined) where.push(['symbol = ?', filter.symbol])
    if (filter.strategyID !== undefined) where.push(['strategy_id = ?', filter.strategyID])
    const page = { list: 'intents', by: ['received_at'], where, ask }
    if (filter.states === undefined) return this.#page<Intent>(page)
    // One ordered read per state, merged: a single one would either sort all intents of these states or
    // walk past everything that is in another.
    const states = [...new Set(filter.states)]
    return this.#page<Intent>({ ...page, alternatives: states.map((state) => ['state = ?', state]) })
  }
  async orders(filter: OrderFilter, ask: PageAsk): Promise<Page<Order>> {
    await this.#before()
    const where: Where[] = []
    if (filter.open !== undefined) where.push([filter.open ? 'is_open = 1' : 'is_open = 0'])
    if (filter.symbol !== undefined) where.push(['symbol = ?', filter.symbol])
    if (filter.intentID !== undefined) where.push(['intent_id = ?', filter.intentID])
    if (filter.from !== undefined) where.push(['created_at >= ?', filter.from])
    if (filter.to !== undefined) where.push(['created_at < ?', filter.to])
    // Without statistics SQLite may prefer walking the whole history to the small partial index.
    const index = filter.open === true ? 'orders_open' : undefined
    return this.#page<Order>({ list: 'orders', by: ['created_at'], where, ask, index })
  }
  async fills(filter: FillFilter, ask: PageAsk): Promise<Page<Fill>> {
    await this.#before()
    const where: Where[] = []
    if (filter.symbol !== undefined) where.push(['symbol = ?', filter.symbol])
    if (filter.clOrdID !== undefined) where.push(['cl_ord_id = ?', filter.clOrdID])
    if (filter.intentID !== undefined) where.push(['intent_id = ?', filter.intentID])
    if (filter.from !== undefined) where.push(['transact_time >= ?', filter.from])
    if (filter.to !== undefined) where.push(['transact_time < ?', filter.to])
    // A span of trading time is walked in trading time, so that last year's is found without reading this year's.
    return filter.from === undefined && filter.to === undefined
      ? this.#page<Fill>({ list: 'fills', by: ['seq'], where, ask })
      : this.#page<Fill>({ list: 'fills-by-time', table: 'fills', by: ['transact_time', 'seq'], where, ask })
  }

  async head(): Promise<Head> {
    await this.#before()
    const { frontier, hash } = readHead(this.#db)
    return { size: frontier.size, hash, root: rootOf(frontier) }
  }
  async journal(from: number, limit: number): Promise<readonly Row[]> {
    await this.#before()
    const sql = 'SELECT bytes FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?'
    return this.#db.all(sql, from, checkLimit(limit)).map(rowOf)
  }
  async journalOf(corr: string): Promise<readonly Row[]> {
    await this.#before()
    return this.#db.all('SELECT bytes FROM journal WHERE corr = ? ORDER BY seq', corr).map(rowOf)
  }
  async nextDue(): Promise<Instant | null> {
    await this.#before()
    const due = this.#db.get('SELECT min(free_at) AS due FROM errands')?.['due'] ?? null
    return due as Instant | null
  }

  /** Newest first, by the columns `by` and then the key; one row more than asked for tells whether there is a next page. */
  #page<T>(page: {
    readonly list: string
    readonly table?: string
    readonly by: readonly string[]
    readonly where: readonly Where[]
    readonly alternatives?: readonly Where[]
    readonly index?: string | undefined
    readonly ask: PageAsk
  }): Page<T> {
    const { list, by, ask } = page
    const limit = checkLimit(ask.limit)
    const keys = [...by, 'key']
    const where = [...page.where]
    if (ask.after !== null) {
      const { at, key } = parseCursor(list, by.length, ask.after)
      where.push([`(${keys.join(', ')}) < (${keys.map(() => '?').join(', ')})`, ...at, key])
    }
    const order = keys.map((key) => `${key} DESC`).join(', ')
    const from = `${page.table ?? list}${page.index === undefined ? '' : ` INDEXED BY ${page.index}`}`
    const ways = page.alternatives ?? [undefined]
    const found = ways.flatMap((way) => {
      const all = way ? [way, ...where] : where
      const conditions = all.length === 0 ? '' : ` WHERE ${all.map(([sql]) => sql).join(' AND ')}`
      const sql = `SELECT ${keys.join(', ')}, doc FROM ${from}${conditions} ORDER BY ${order} LIMIT ?`
      return this.#db.all(sql, ...all.flatMap(([, ...values]) => values), limit + 1)
    })
    if (ways.length > 1) found.sort(newestFirst(by))
    const rows = found.slice(0, limit)
    const last = rows.at(-1)
    const more = found.length > limit && last !== undefined
    const cursor = more && { at: by.map((column) => countOf(last, column)), key: textOf(last, 'key') }
    return { items: docsOf<T>(rows), next: cursor ? cursorText(list, cursor) : null }
  }
}

const newestFirst =
  (by: readonly string[]) =>
  (a: SqlRow, b: SqlRow): number => {
    for (const column of by) {
      const later = countOf(b, column) - countOf(a, column)
      if (later !== 0) return later
    }
    // SQLite compares UTF-8 bytes, JavaScript UTF-16 units; the order of a page must be SQLite's.
    return Buffer.compare(Buffer.from(textOf(b, 'key')), Buffer.from(textOf(a, 'key')))
  }
