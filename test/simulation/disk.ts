import type { Row } from '../../src/journal/row.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { Fault } from '../../src/values/fault.ts'

/** What a commit does. `torn`: the fsync failed, and whether the rows are on the disk only the next start can tell. */
export type CommitFate = 'done' | 'crash-before' | 'crash-after' | 'full' | 'torn' | 'torn-written'

export type DiskEvents = {
  /** Asked before each commit; `rows` is what it would add to the journal. */
  fate(rows: readonly Row[]): CommitFate
  /** The rows are durable. */
  committed(rows: readonly Row[]): void
  /** The machine dies now. */
  crash(): void
}

const DEAD = (): Fault => new Fault('STORE_IO', 'the process that had this connection is gone')

/**
 * The disk under the ledger: what was committed stays, whatever becomes of the process. With `file` null it is kept in
 * memory, over any number of starts; a connection of a dead process is refused everything, and its open transaction is
 * undone, as after a kill.
 */
export class Disk {
  readonly file: string
  readonly #events: DiskEvents
  #memory: Connection | null = null
  #open: { readonly real: Connection; dead: boolean }[] = []

  constructor(file: string | null, events: DiskEvents) {
    this.file = file ?? ':memory:'
    this.#events = events
  }

  readonly connect = (file: string, how: { readonly readOnly: boolean }): Connection => {
    const real = file === ':memory:' ? (this.#memory ??= new Connection(file, how)) : new Connection(file, how)
    const held = { real, dead: false }
    this.#open.push(held)
    return this.#watched(held)
  }

  /** The process is gone: nothing that it left running reaches the disk any more. */
  cutOff(): void {
    for (const held of this.#open) {
      held.dead = true
      if (held.real.inTransaction) held.real.exec('ROLLBACK')
      if (held.real !== this.#memory) held.real.close()
    }
    this.#open = []
  }
  close(): void {
    this.cutOff()
    this.#memory?.close()
  }

  /** A connection that reports what it commits, and fails as told. The statements themselves are SQLite's. */
  #watched(held: { readonly real: Connection; dead: boolean }): Connection {
    const { real } = held
    let rows: Row[] = []
    let before = 0
    const run = (sql: string, ...values: readonly unknown[]): void => {
      if (held.dead) throw DEAD()
      if (sql === 'COMMIT') return commit()
      real.run(sql, ...values)
      if (sql.startsWith('INSERT INTO journal')) rows.push(JSON.parse(String(values[3])) as Row)
      if (sql === 'SAVEPOINT command') before = rows.length
      if (sql === 'ROLLBACK TO command') rows.length = before
      if (sql === 'ROLLBACK') rows = []
    }
    const commit = (): void => {
      const made = rows
      const fate = this.#events.fate(made)
      switch (fate) {
        case 'full':
          throw new Fault('STORE_FULL', 'the disk is full; make room, then try again')
        case 'crash-before':
          this.#events.crash()
          throw DEAD()
        case 'torn':
          throw new Fault('STORE_IO', 'the disk reported an error; check it, then restart')
        case 'torn-written':
        case 'crash-after':
        case 'done': {
          real.run('COMMIT')
          rows = []
          if (made.length > 0) this.#events.committed(made)
          if (fate === 'torn-written') throw new Fault('STORE_IO', 'the disk reported an error; check it, then restart')
          if (fate === 'crash-after') {
            this.#events.crash()
            throw DEAD()
          }
        }
      }
    }
    const own: Readonly<Record<string, unknown>> = {
      run,
      close: () => {
        if (held.dead || real === this.#memory) return
        real.close()
      },
    }
    return new Proxy(real, {
      get: (target, name) => {
        if (typeof name === 'string' && name in own) return own[name]
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          if (held.dead) throw DEAD()
          return value.apply(target, args)
        }
      },
    })
  }
}
