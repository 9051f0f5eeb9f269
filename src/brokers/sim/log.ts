import { DatabaseSync } from 'node:sqlite'
import {
  type Book,
  type BookOrder,
  emptyBook,
  type Event,
  evolve,
  type Frozen,
  freeze,
  ordersOf,
  thaw,
  type Trade,
} from '../../exchange/book.ts'
import type { ClOrdID, ExecID, OrderID } from '../../values/brand.ts'
import { type Amt, type Px, type Qty, amt, text } from '../../values/decimal.ts'
import { Fault } from '../../values/fault.ts'
import type { Instant } from '../../values/instant.ts'

/** Something a lying symbol will do by itself. It survives a crash, so that a lie once begun is told to its end. */
export type Deed =
  | { readonly kind: 'Trade'; readonly orderID: OrderID; readonly lastQty: Qty; readonly lastPx: Px }
  | { readonly kind: 'Bust'; readonly orderID: OrderID; readonly execID: ExecID }
  | {
      readonly kind: 'Correct'
      readonly orderID: OrderID
      readonly execID: ExecID
      readonly lastQty: Qty
      readonly lastPx: Px
    }
export type Planned = { readonly symbol: string; readonly due: Instant; readonly deed: Deed }

/** What the simulated broker holds of one order: the truth that a gateway's book is measured by. */
export type TrueOrder = Pick<
  BookOrder,
  'orderID' | 'clOrdID' | 'parentOrderID' | 'role' | 'terms' | 'state' | 'cumQty' | 'text'
> & {
  readonly trades: readonly Trade[]
}
export type Truth = {
  readonly account: string
  readonly currency: string
  readonly initialCash: Amt
  readonly orders: readonly TrueOrder[]
}

// One writer, appending. The book of a broker must outlive the process that plays it, and the page cache does; after a
// power cut the last moments may be missing, which is bearable for money that is not real.
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, order_id TEXT NOT NULL, symbol TEXT, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS event_order ON event (order_id, seq);
  CREATE INDEX IF NOT EXISTS event_at ON event (at);
  CREATE INDEX IF NOT EXISTS event_traded ON event (symbol, seq) WHERE symbol IS NOT NULL;
  CREATE TABLE IF NOT EXISTS name (cl_ord_id TEXT PRIMARY KEY, order_id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS deed (id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, due INTEGER NOT NULL, body TEXT NOT NULL);
`

/** The book is copied whole this often, so that a start reads the copy and what came after, not the whole history. */
const SNAPSHOT_EVERY = 5000

type Row = { readonly body: string }
const eventIn = (row: Row): Event => JSON.parse(row.body)

/**
 * Opens or begins the log of one account. With `file` null it lives in memory.
 * @throws {Fault} `SIM_LOG_OF_ANOTHER_ACCOUNT` when the file is the log of another account or currency.
 */
export function openLog(
  file: string | null,
  own: { readonly account: string; readonly currency: string; readonly initialCash: Amt },
) {
  const db = new DatabaseSync(file ?? ':memory:')
  db.exec(SCHEMA)
  const meta = begun(db, own)

  const addEvent = db.prepare('INSERT INTO event (seq, at, order_id, symbol, body) VALUES (?, ?, ?, ?, ?)')
  const addName = db.prepare('INSERT INTO name (cl_ord_id, order_id) VALUES (?, ?)')
  const addDeed = db.prepare('INSERT INTO deed (symbol, due, body) VALUES (?, ?, ?)')
  const dropDeed = db.prepare('DELETE FROM deed WHERE id = ?')
  const putSnapshot = db.prepare('INSERT OR REPLACE INTO snapshot (one, body) VALUES (1, ?)')
  const byName = db.prepare('SELECT order_id FROM name WHERE cl_ord_id = ?')
  const byOrder = db.prepare('SELECT body FROM event WHERE order_id = ? ORDER BY seq')
  const bySeq = db.prepare('SELECT body FROM event WHERE seq = ?')
  const since = db.prepare('SELECT body FROM event WHERE at >= ? ORDER BY seq')
  const traded = db.prepare(
    'SELECT body FROM event WHERE order_id IN (SELECT DISTINCT order_id FROM event WHERE symbol = ?) ORDER BY seq',
  )
  let snapshotAt = 0

  const load = (): Book => {
    const kept = db.prepare('SELECT body FROM snapshot').get() as Row | undefined
    let book = kept ? thaw(JSON.parse(kept.body) as Frozen) : emptyBook
    snapshotAt = book.seq
    for (const row of db.prepare('SELECT body FROM event WHERE seq > ? ORDER BY seq').iterate(book.seq))
      book = evolve(book, eventIn(row as Row))
    return book
  }
  const eventsOf = (orderID: string): Event[] => (byOrder.all(orderID) as Row[]).map(eventIn)

  return {
    initialCash: amt(meta.initialCash),
    load,
    /** Makes events durable, together with what they make a lying symbol plan, and the deed that made them done. */
    append(events: readonly Event[], plans: readonly Planned[], done: number | null): void {
      db.exec('BEGIN IMMEDIATE')
      try {
        for (const e of events) {
          addEvent.run(e.seq, e.at, e.orderID, e.kind === 'Traded' ? e.symbol : null, JSON.stringify(e))
          if (e.clOrdID !== null && (e.kind === 'Accepted' || e.kind === 'Rejected')) addName.run(e.clOrdID, e.orderID)
        }
        for (const p of plans) addDeed.run(p.symbol, p.due, JSON.stringify(p.deed))
        if (done !== null) dropDeed.run(done)
        db.exec('COMMIT')
      } catch (cause) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw new Fault('SIM_LOG_NOT_WRITTEN', 'the log of the simulated broker could not be written', { cause })
      }
    },
    /** Copies the book when enough has happened since the last copy; at once with `now`. */
    snapshot(book: Book, now = false): void {
      // A book of many open orders is copied less often, so that copying never costs more than what it copies.
      if (book.seq === snapshotAt || (!now && book.seq - snapshotAt < Math.max(SNAPSHOT_EVERY, 2 * book.orders.size)))
        return
      putSnapshot.run(JSON.stringify(freeze(book)))
      snapshotAt = book.seq
    },
    deeds: (): (Planned & { readonly id: number })[] =>
      (
        db.prepare('SELECT id, symbol, due, body FROM deed ORDER BY due, id').all() as {
          id: number
          symbol: string
          due: number
          body: string
        }[]
      ).map(({ id, symbol, due, body }) => ({ id, symbol, due: due as Instant, deed: JSON.parse(body) as Deed })),
    orderIDOf: (clOrdID: ClOrdID): OrderID | null =>
      ((byName.get(clOrdID) as { order_id: string } | undefined)?.order_id ?? null) as OrderID | null,
    eventsOf,
    eventAt: (seq: number): Event | null => {
      const row = bySeq.get(seq) as Row | undefined
      return row ? eventIn(row) : null
    },
    eventsSince: (at: Instant): Event[] => (since.all(at) as Row[]).map(eventIn),
    /** Every trade of a symbol as it is known now. */
    tradesOf: (symbol: string): Trade[] =>
      ordersOf((traded.all(symbol) as Row[]).map(eventIn)).flatMap((o) => o.trades),
    truth: (): Truth => truthIn(db),
    close: (): void => db.close(),
  }
}

/** The account a log was begun for. Its initial cash stays what it was: changing the setting later would change the past. */
function begun(
  db: DatabaseSync,
  own: { readonly account: string; readonly currency: string; readonly initialCash: Amt },
) {
  const add = db.prepare('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)')
  const wanted = { account: own.account, currency: own.currency, initialCash: text(own.initialCash) }
  for (const [key, value] of Object.entries(wanted)) add.run(key, value)
  const meta = metaIn(db)
  for (const key of ['account', 'currency'] as const)
    if (meta[key] !== wanted[key])
      throw new Fault('SIM_LOG_OF_ANOTHER_ACCOUNT', `this log is of ${key} ${meta[key]}, not ${wanted[key]}`)
  return meta
}

function metaIn(db: DatabaseSync) {
  const rows = db.prepare('SELECT key, value FROM meta').all() as { key: string; value: string }[]
  const get = (key: string): string => rows.find((row) => row.key === key)?.value ?? ''
  return { account: get('account'), currency: get('currency'), initialCash: get('initialCash') }
}

function truthIn(db: DatabaseSync): Truth {
  const events = (function* () {
    for (const row of db.prepare('SELECT body FROM event ORDER BY seq').iterate()) yield eventIn(row as Row)
  })()
  const meta = metaIn(db)
  const orders = ordersOf(events).map(
    ({ orderID, clOrdID, parentOrderID, role, terms, state, cumQty, text: said, trades }) => ({
      orderID,
      clOrdID,
      parentOrderID,
      role,
      terms,
      state,
      cumQty,
      text: said,
      trades,
    }),
  )
  return { account: meta.account, currency: meta.currency, initialCash: amt(meta.initialCash), orders }
}

/**
 * The truth in a log file, read without opening the broker: also after a kill, and while another process trades on it.
 * @throws when the file does not exist or is no such log.
 */
export function readSimLog(file: string): Truth {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return truthIn(db)
  } finally {
    db.close()
  }
}
