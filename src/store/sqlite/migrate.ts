import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../values/fault.ts'
import type { Connection } from './connection.ts'

export type Migration = { readonly number: number; readonly name: string; readonly sql: string }

const MIGRATIONS = join(import.meta.dirname, '..', 'migrations')

/** `0001_ledger.sqlite.sql` and its successors, in order. @throws {Fault} STORE_MIGRATIONS when a number is missing or there twice. */
export function readMigrations(folder = MIGRATIONS): readonly Migration[] {
  const found = readdirSync(folder)
    .filter((name) => /^\d{4}_.+\.sqlite\.sql$/.test(name))
    .sort()
    .map((name) => ({ number: Number(name.slice(0, 4)), name, sql: readFileSync(join(folder, name), 'utf8') }))
  const gap = found.findIndex((migration, i) => migration.number !== i + 1)
  if (gap >= 0) throw new Fault('STORE_MIGRATIONS', `${found[gap]?.name} should be number ${gap + 1}`)
  return found
}

/** "JAXE" in ASCII: tells our databases from other people's. */
const APPLICATION_ID = 0x4a415845

/**
 * Brings the schema to the version of the code; each migration commits together with its number, or not at all.
 * @returns the version that was found.
 * @throws {Fault} STORE_NEWER when a later version of the program has been here; STORE_DAMAGED when the file is somebody else's.
 */
export function migrate(db: Connection, migrations: readonly Migration[] = readMigrations()): number {
  const version = Number(db.pragma('user_version'))
  if (version > migrations.length) {
    throw new Fault(
      'STORE_NEWER',
      `${db.file} was written by a newer version of the program (schema ${version}, this one knows ${migrations.length}); start that version, or restore a backup from before the upgrade`,
    )
  }
  const tables = Number(db.get('SELECT count(*) AS n FROM sqlite_schema')?.['n'])
  if (tables > 0 && db.pragma('application_id') !== APPLICATION_ID) {
    throw new Fault('STORE_DAMAGED', `${db.file} is a database of another program; choose another data directory`)
  }
  for (const { number, name, sql } of migrations.slice(version)) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(sql)
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
      db.exec(`PRAGMA user_version = ${number}`)
      db.exec('COMMIT')
    } catch (thrown) {
      if (db.inTransaction) db.exec('ROLLBACK')
      if (thrown instanceof Fault && thrown.code === 'STORE_ERROR') {
        throw new Fault('STORE_MIGRATIONS', `${name} failed and was undone: ${thrown.message}`, { cause: thrown })
      }
      throw thrown
    }
  }
  return version
}
