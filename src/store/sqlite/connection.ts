import { constants, DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { Fault } from '../../values/fault.ts'

/** What SQLite keeps without changing it. */
export type Bindable = string | number | null | Uint8Array
export type SqlRow = Record<string, SQLOutputValue>

/**
 * node:sqlite binds undefined, NaN, Date, objects and missing parameters as NULL without a word.
 * @throws {Fault} NOT_BINDABLE for anything that would not come back as it went in.
 */
export function bindable(value: unknown): Bindable {
  if (value === null || value instanceof Uint8Array) return value
  if (typeof value === 'string') {
    if (value.isWellFormed()) return value
    throw new Fault('NOT_BINDABLE', 'a text with half a surrogate pair was about to be stored')
  }
  // Decimals are text at run time; the compiler's type for them is of no help here.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return Object.is(value, -0) ? 0 : value
  const what = typeof value === 'number' ? `the number ${value}` : value instanceof Date ? 'a Date' : typeof value
  throw new Fault('NOT_BINDABLE', `${what} was about to be stored; the store takes text, whole numbers, bytes and null`)
}

/** How long a statement waits for a foreign writer (a shell, a copy tool) before the command fails. The event loop waits too. */
const BUSY_MS = 2_000

type Opened = { readonly readOnly: boolean }

/** One connection: prepared statements by their text, checked parameters, and errors as Faults. */
export class Connection {
  readonly file: string
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, { readonly prepared: StatementSync; readonly marks: number }>()
  /** The last error of a statement, for whoever finds the transaction gone and was not told why. */
  lastFault: Fault | null = null

  constructor(file: string, { readOnly }: Opened) {
    this.file = file
    this.#db = this.#faulty(() => new DatabaseSync(file, { readOnly, timeout: BUSY_MS, defensive: true }))
    // ATTACH would let one SQL text write another file, past whatever the process is allowed to touch.
    this.#db.setAuthorizer((action) =>
      action === constants.SQLITE_ATTACH || action === constants.SQLITE_DETACH
        ? constants.SQLITE_DENY
        : constants.SQLITE_OK,
    )
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }
  /** For `backup` of node:sqlite, which wants the thing itself. */
  get handle(): DatabaseSync {
    return this.#db
  }

  exec(sql: string): void {
    this.#faulty(() => this.#db.exec(sql))
  }
  run(sql: string, ...values: readonly unknown[]): void {
    this.#faulty(() => this.#prepared(sql, values).run(...values.map(bindable)))
  }
  get(sql: string, ...values: readonly unknown[]): SqlRow | undefined {
    return this.#faulty(() => this.#prepared(sql, values).get(...values.map(bindable)))
  }
  all(sql: string, ...values: readonly unknown[]): SqlRow[] {
    return this.#faulty(() => this.#prepared(sql, values).all(...values.map(bindable)))
  }
  /** Row by row. The statement is its own, so that another use of the same SQL does not reset it. */
  *iterate(sql: string, ...values: readonly unknown[]): Generator<SqlRow> {
    const rows = this.#faulty(() => this.#db.prepare(sql).iterate(...values.map(bindable)))
    for (;;) {
      const next = this.#faulty(() => rows.next())
      if (next.done) return
      yield next.value
    }
  }
  /** A setting's value, such as `pragma('user_version')`. */
  pragma(name: string): Bindable | bigint {
    const [value = null] = Object.values(this.get(`PRAGMA ${name}`) ?? {})
    return value
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #prepared(sql: string, values: readonly unknown[]): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = { prepared: this.#db.prepare(sql), marks: sql.split('?').length - 1 }
      this.#statements.set(sql, statement)
    }
    if (statement.marks !== values.length) {
      throw new Fault('NOT_BINDABLE', `${statement.marks} parameters wanted, ${values.length} given: ${sql}`)
    }
    return statement.prepared
  }

  #faulty<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      const fault = sqliteFault(thrown, this.file)
      if (fault instanceof Fault) this.lastFault = fault
      throw fault
    }
  }
}

/** What to do about it, by SQLite's primary result code. */
const FAULTS: Readonly<Record<number, readonly [code: string, text: string]>> = {
  5: ['STORE_BUSY', 'another program is writing to the database; close it, then try again'],
  8: ['STORE_READ_ONLY', 'the database cannot be written; check the owner and the permissions of the data directory'],
  10: ['STORE_IO', 'the disk reported an error; check it, then restart'],
  11: ['STORE_DAMAGED', 'the database is damaged; restore the last backup and verify the journal'],
  13: ['STORE_FULL', 'the disk is full; make room, then try again'],
  14: ['STORE_READ_ONLY', 'the database cannot be opened; check the owner and the permissions of the data directory'],
  26: ['STORE_DAMAGED', 'the file is not a database, or its beginning is damaged; restore the last backup'],
}

/** SQLite's error as ours; any other error as it is. */
export function sqliteFault(thrown: unknown, file: string): unknown {
  if (!(thrown instanceof Error) || thrown instanceof Fault) return thrown
  const { code, errcode } = thrown as { code?: unknown; errcode?: unknown }
  if (code === 'ERR_INVALID_STATE') return new Fault('STORE_CLOSED', 'the store is closed', { cause: thrown })
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return thrown
  const [name, text] = FAULTS[errcode & 0xff] ?? ['STORE_ERROR', 'the database refused the statement']
  return new Fault(name, `${text} (${file}: ${thrown.message})`, { cause: thrown })
}

/** True when the error leaves it open whether the last commit is on the disk. */
export const isUncertain = (thrown: unknown): boolean =>
  !(thrown instanceof Fault) || !['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY'].includes(thrown.code)

/** Narrow readers of a column: an unreadable row is a Fault, not an undefined that travels on. */
export function textOf(row: SqlRow | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value === 'string') return value
  throw new Fault('STORE_DAMAGED', `the column ${column} holds no text; restore the last backup and verify the journal`)
}
export function countOf(row: SqlRow | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value === 'number') return value
  throw new Fault(
    'STORE_DAMAGED',
    `the column ${column} holds no number; restore the last backup and verify the journal`,
  )
}
