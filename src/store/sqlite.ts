import { AsyncLocalStorage } from 'node:async_hooks'
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { link } from '../journal/chain.ts'
import { grow, leafHash, rootOf } from '../journal/merkle.ts'
import type { Entry, Row } from '../journal/row.ts'
import type { Clock } from '../ports/clock.ts'
import { type Errand, type ErrandKind, type Kind, type Records, VIEWS } from '../ports/records.ts'
import type { Head, Reads, Store, Tx } from '../ports/store.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import { type Lock, lock } from './lock.ts'
import { Connection, isUncertain, textOf } from './sqlite/connection.ts'
import { type ChainHead, checkTail, readChainHead, rootAt, writeHead, writeMilestone } from './sqlite/head.ts'
import { migrate } from './sqlite/migrate.ts'
import { SqlReads } from './sqlite/reads.ts'
import { TABLES, upsert } from './sqlite/tables.ts'

export type SqliteOptions = {
  /** Path of the database, or `:memory:`. Its folder is made when it is not there. */
  readonly file: string
  readonly clock: Clock
  /** Names this run of the process in every journal row; never used before. */
  readonly boot: string
  /**
   * The newest checkpoint that was anchored outside, already verified. A journal that is shorter or another one is an
   * old copy that was put back, and is not opened.
   */
  readonly anchored?: { readonly size: number; readonly root: string } | undefined
  /** How large the file may grow, in pages of 4 KiB; the disk alone decides when absent. */
  readonly maxPages?: number | undefined
  /** Resolves when whatever else is on its way has been let in to share the commit. The event loop's next turn when absent. */
  readonly turn?: (() => Promise<void>) | undefined
  /** Opens the database; a simulation puts a disk here that fails when it is told to. */
  readonly connect?: ((file: string, how: { readonly readOnly: boolean }) => Connection) | undefined
}

export type SqliteStore = Store & {
  /** RFC 6962 root over the first `size` rows; null when there are fewer. */
  rootAt(size: number): Promise<string | null>
}

const MEMORY = ':memory:'
const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Opens the ledger, alone: a second process on the same file is refused. Migrates it, re-hashes the end of its journal
 * and compares it with the newest anchor before anything may be written.
 *
 * @throws {Fault} STORE_LOCKED, STORE_NO_DIRECTORY, STORE_READ_ONLY, STORE_FULL, STORE_DAMAGED, STORE_NEWER,
 *   STORE_ROLLED_BACK; the message says what to do.
 */
export async function openSqliteStore({
  file,
  clock,
  boot,
  anchored,
  maxPages,
  turn = eventLoopTurn,
  connect = (path, how) => new Connection(path, how),
}: SqliteOptions): Promise<SqliteStore> {
  const held = file === MEMORY ? null : claimFile(file, clock.now())
  let writer: Connection | undefined
  let reader: Connection | undefined
  try {
    writer = connect(file, { readOnly: false })
    setDurability(writer)
    migrate(writer)
    if (maxPages !== undefined) writer.exec(`PRAGMA max_page_count = ${Math.trunc(maxPages)}`)
    checkWritable(writer)
    checkTail(writer)
    checkAnchor(writer, anchored)
    reader = file === MEMORY ? undefined : connect(file, { readOnly: true })
    return new Ledger(writer, reader, held, clock, boot, turn)
  } catch (thrown) {
    reader?.close()
    writer?.close()
    held?.release()
    throw thrown
  }
}

/** Read-only, for another thread or process; sees what is committed. `close` it when done. */
export function openReads(file: string): Reads & { close(): void } {
  const db = new Connection(file, { readOnly: true })
  const reads = new SqlReads(db, () => {})
  return Object.assign(reads, { close: () => db.close() })
}

function claimFile(file: string, now: Instant): Lock {
  const folder = dirname(file)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!statSync(folder).isDirectory()) throw new Fault('STORE_NO_DIRECTORY', `${folder} is not a directory`)
    if (existsSync(file) && !statSync(file).isFile()) throw new Fault('STORE_NO_DIRECTORY', `${file} is not a file`)
    const held = lock(file, now)
    // Made before SQLite makes it, so that neither it nor its log is ever readable by others.
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
    return held
  } catch (thrown) {
    throw folderFault(folder, thrown)
  }
}

const FOLDER_FAULTS: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ENOTDIR: ['STORE_NO_DIRECTORY', 'a part of this path is a file, not a directory'],
  EEXIST: ['STORE_NO_DIRECTORY', 'this path is a file, not a directory'],
  EACCES: ['STORE_READ_ONLY', 'this directory may not be written; check its owner and permissions'],
  EPERM: ['STORE_READ_ONLY', 'this directory may not be written; check its owner and permissions'],
  EROFS: ['STORE_READ_ONLY', 'this directory is on a read-only disk'],
  ENOSPC: ['STORE_FULL', 'the disk of this directory is full; make room'],
}
function folderFault(folder: string, thrown: unknown): unknown {
  if (thrown instanceof Fault || !(thrown instanceof Error)) return thrown
  const known = FOLDER_FAULTS[(thrown as NodeJS.ErrnoException).code ?? '']
  return known ? new Fault(known[0], `${folder}: ${known[1]}`, { cause: thrown }) : thrown
}

/**
 * WAL and FULL: one fsync per commit, before it is acknowledged. Both are read back, because a wrong word or an
 * unfit file system makes SQLite keep the old setting without an error, and lose orders at a power cut.
 */
function setDurability(db: Connection): void {
  const wanted = {
    journal_mode: db.file === MEMORY ? 'memory' : 'wal',
    synchronous: 2,
    foreign_keys: 1,
    trusted_schema: 0,
  }
  for (const [name, value] of Object.entries(wanted)) db.exec(`PRAGMA ${name} = ${value}`)
  for (const [name, value] of Object.entries(wanted)) {
    const set = db.pragma(name)
    if (set !== value) {
      throw new Fault(
        'STORE_NOT_DURABLE',
        `${db.file}: ${name} is ${String(set)} and must be ${value}; use a local disk`,
      )
    }
  }
}

/** SQLite opens what it may not write without a word, and would say so at the first order. */
function checkWritable(db: Connection): void {
  db.exec('BEGIN IMMEDIATE')
  db.exec('ROLLBACK')
}

function checkAnchor(db: Connection, anchored: SqliteOptions['anchored']): void {
  if (!anchored) return
  const root = rootAt(db, anchored.size)
  if (root === anchored.root) return
  const what =
    root === null
      ? `it ends before row ${anchored.size}, which was signed and anchored`
      : `its first ${anchored.size} rows are not those that were signed and anchored`
  throw new Fault(
    'STORE_ROLLED_BACK',
    `the journal is not the newest one: ${what}. Do not trade on it: find the newest copy, or verify and restore with two people`,
  )
}

type Command = { readonly run: (tx: Tx) => Promise<unknown>; readonly settle: (outcome: Outcome) => void }
type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** Commits that share one fsync. More would keep the first of them waiting without saving much: see the commit figures. */
const GROUP = 64

/** One running command: over as soon as its `run` has answered. */
type Scope = { over: boolean }
const inside = new AsyncLocalStorage<Scope>()
const isInside = (): boolean => inside.getStore()?.over === false

class Ledger extends SqlReads implements SqliteStore {
  readonly #db: Connection
  readonly #reader: Connection | undefined
  readonly #lock: Lock | null
  readonly #clock: Clock
  readonly #boot: string
  readonly #turn: () => Promise<void>
  #head: ChainHead
  /** The end of the journal in the database, as of the last commit. */
  #committed: ChainHead
  #queue: Command[] = []
  #pump: Promise<void> | null = null
  /** The group that is being written. */
  #busy: Promise<void> | null = null
  #closing: Promise<void> | null = null
  /** Set once it is unknown whether a commit reached the disk: only a new start can tell. */
  #broken: Fault | null = null

  constructor(
    writer: Connection,
    reader: Connection | undefined,
    held: Lock | null,
    clock: Clock,
    boot: string,
    turn: () => Promise<void>,
  ) {
    // In memory there is one connection only, and a question between two statements of a command would see its half-done work.
    super(reader ?? writer, () => this.#beforeRead())
    this.#db = writer
    this.#reader = reader
    this.#lock = held
    this.#clock = clock
    this.#boot = boot
    this.#turn = turn
    this.#head = this.#committed = readChainHead(writer)
  }

  async rootAt(size: number): Promise<string | null> {
    await this.#beforeRead()
    return rootAt(this.#reader ?? this.#db, size)
  }

  transact<T>(run: (tx: Tx) => Promise<T>): Promise<T> {
    const refused = isInside() ? NESTED() : (this.#broken ?? (this.#closing ? CLOSED() : null))
    if (refused) return Promise.reject(refused)
    return new Promise<T>((resolve, reject) => {
      const settle = (outcome: Outcome): void => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error))
      this.#queue.push({ run, settle })
      this.#pump ??= this.#work()
    })
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#pump
      this.#reader?.close()
      // The log is folded into the file, so that a copy of the closed file is whole.
      if (this.#lock && !this.#broken) {
        try {
          this.#db.get('PRAGMA wal_checkpoint(TRUNCATE)')
        } catch {
          // A full disk: everything acknowledged is in the log, and the next start reads it from there.
        }
      }
      this.#db.close()
      this.#lock?.release()
    })()
    return this.#closing
  }

  async #beforeRead(): Promise<void> {
    if (isInside()) throw NESTED()
    if (this.#closing) {
      await this.#closing
      throw CLOSED()
    }
    if (!this.#reader) while (this.#busy) await this.#busy
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) {
      // Whatever has arrived meanwhile is let in, to share the commit: calls of this turn, and messages from other
      // threads, which are handed over one by one with a microtask in between and would each get a commit of its own.
      await this.#turn()
      this.#busy = this.#group()
      await this.#busy
      this.#busy = null
    }
    this.#pump = null
  }

  /** One transaction for up to 64 commands. Never throws: every command that it took gets its answer. */
  async #group(): Promise<void> {
    const taken: { readonly command: Command; outcome: Outcome }[] = []
    let lost: unknown = null
    try {
      this.#begin()
      for (let n = 0; n < GROUP; n++) {
        const command = this.#queue.shift()
        if (!command) break
        const entry = { command, outcome: NO(null) }
        taken.push(entry)
        entry.outcome = await this.#savepoint(command)
        // Some errors (a full disk, a lost file) undo the whole transaction, whoever meets them first.
        if (!this.#db.inTransaction) throw this.#db.lastFault ?? LOST()
      }
      this.#commit()
    } catch (thrown) {
      lost = thrown
      this.#undo(thrown)
      if (taken.length === 0) {
        taken.push(...this.#queue.splice(0, GROUP).map((command) => ({ command, outcome: NO(thrown) })))
      }
    }
    for (const { command, outcome } of taken) {
      command.settle(lost !== null && (outcome.ok || outcome.error === null) ? NO(lost) : outcome)
    }
  }

  #begin(): void {
    if (this.#broken) throw this.#broken
    this.#db.run('BEGIN IMMEDIATE')
    const size = Number(this.#db.get('SELECT size FROM head WHERE id = 1')?.['size'])
    if (size !== this.#committed.frontier.size) {
      throw new Fault(
        'STORE_DAMAGED',
        `another program has written to ${this.#db.file}; stop both and verify the journal`,
      )
    }
  }
  #commit(): void {
    if (this.#head !== this.#committed) writeHead(this.#db, this.#head)
    this.#db.run('COMMIT')
    this.#committed = this.#head
  }
  #undo(thrown: unknown): void {
    if (isUncertain(thrown)) this.#broken = asFault(thrown)
    try {
      if (this.#db.inTransaction) this.#db.run('ROLLBACK')
      this.#head = this.#committed = readChainHead(this.#db)
    } catch (again) {
      this.#broken = asFault(again)
    }
  }

  async #savepoint(command: Command): Promise<Outcome> {
    const before = this.#head
    const scope: Scope = { over: false }
    this.#db.run('SAVEPOINT command')
    try {
      const value = await inside.run(scope, () => command.run(new SqlTx(this.#db, scope, this.#chain)))
      scope.over = true
      if (this.#db.inTransaction) this.#db.run('RELEASE command')
      return { ok: true, value }
    } catch (error) {
      scope.over = true
      this.#head = before
      if (this.#db.inTransaction) {
        this.#db.run('ROLLBACK TO command')
        this.#db.run('RELEASE command')
      }
      return NO(error)
    }
  }

  readonly #chain = {
    head: (): Head => ({ size: this.#head.frontier.size, hash: this.#head.hash, root: rootOf(this.#head.frontier) }),
    append: (entry: Entry): Row => {
      const last = this.#head
      const same = last.boot === this.#boot
      const [now, mono] = [rfc3339(this.#clock.now()), this.#clock.monotonicNs()]
      // A wall clock that steps back must not make the journal look tampered with: its time stands still until the
      // clock has caught up, and `mono` goes on telling how much time really passed.
      const place = {
        seq: last.frontier.size,
        ts: same && now < last.ts ? last.ts : now,
        boot: this.#boot,
        mono: same && mono < BigInt(last.mono) ? last.mono : mono.toString(),
        prev: last.hash,
      }
      const { row, bytes, hash } = link(entry, place)
      this.#db.run(
        'INSERT INTO journal (seq, corr, action, bytes) VALUES (?, ?, ?, ?)',
        row.seq,
        row.corr,
        row.action,
        bytes,
      )
      const head = {
        frontier: grow(last.frontier, leafHash(bytes)),
        hash,
        ts: place.ts,
        boot: place.boot,
        mono: place.mono,
      }
      writeMilestone(this.#db, head)
      this.#head = head
      return row
    },
  }
}

const NO = (error: unknown): Outcome => ({ ok: false, error })
const CLOSED = (): Fault => new Fault('STORE_CLOSED', 'the store is closed')
const NESTED = (): Fault =>
  new Fault('STORE_NESTED', 'a command asked the store itself, which waits for the command to end; ask its transaction')
const LOST = (): Fault => new Fault('STORE_IO', 'the database gave up the transaction; nothing of it was kept')
const asFault = (thrown: unknown): Fault =>
  thrown instanceof Fault
    ? thrown
    : new Fault('STORE_ERROR', 'the store failed in an unforeseen way', { cause: thrown })

/** What a command may do. Good for as long as the command runs. */
class SqlTx extends SqlReads implements Tx {
  readonly #db: Connection
  readonly #scope: Scope
  readonly #chain: { readonly head: () => Head; readonly append: (entry: Entry) => Row }

  constructor(
    db: Connection,
    scope: Scope,
    chain: { readonly head: () => Head; readonly append: (entry: Entry) => Row },
  ) {
    const check = (): void => {
      if (scope.over)
        throw new Fault('STORE_TX_OVER', 'the command has ended; what it left running may not touch the store')
    }
    super(db, check)
    this.#db = db
    this.#scope = scope
    this.#chain = chain
  }

  #check(): void {
    if (this.#scope.over)
      throw new Fault('STORE_TX_OVER', 'the command has ended; what it left running may not touch the store')
  }

  override async head(): Promise<Head> {
    this.#check()
    return this.#chain.head()
  }
  async append(entry: Entry): Promise<Row> {
    this.#check()
    return this.#chain.append(entry)
  }
  async put<K extends Kind>(kind: K, record: Records[K]): Promise<void> {
    this.#check()
    const { sql, values } = upsert(kind, record)
    this.#db.run(sql, ...values)
  }
  async remove(kind: Kind, key: string): Promise<void> {
    this.#check()
    this.#db.run(`DELETE FROM ${TABLES[kind].name} WHERE key = ?`, key)
  }
  async claim(
    owner: string,
    now: Instant,
    until: Instant,
    limit: number,
    only?: ErrandKind,
  ): Promise<readonly Errand[]> {
    this.#check()
    // Asked twice a second by a worker that has nothing to do: sorting nothing costs five times this look.
    if (!this.#db.get('SELECT 1 AS due FROM errands WHERE free_at <= ? LIMIT 1', now)) return []
    const due =
      only === undefined
        ? this.#db.all('SELECT doc FROM errands WHERE free_at <= ? ORDER BY due_at, key LIMIT ?', now, limit)
        : this.#db.all(
            'SELECT doc FROM errands WHERE free_at <= ? AND kind = ? ORDER BY due_at, key LIMIT ?',
            now,
            only,
            limit,
          )
    const claimed = due.map(
      (row): Errand => ({ ...(JSON.parse(textOf(row, 'doc')) as Errand), leaseOwner: owner, leaseUntil: until }),
    )
    for (const errand of claimed) await this.put('errand', errand)
    return claimed
  }
  async clearViews(): Promise<void> {
    this.#check()
    for (const kind of VIEWS) this.#db.run(`DELETE FROM ${TABLES[kind].name}`)
  }
}
