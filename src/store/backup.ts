import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { backup } from 'node:sqlite'
import { rootOf } from '../journal/merkle.ts'
import type { Head } from '../ports/store.ts'
import { Fault } from '../values/fault.ts'
import { Connection, sqliteFault } from './sqlite/connection.ts'
import { checkTail, readHead } from './sqlite/head.ts'

/** More pages than a database has: one step, so that a busy writer cannot make the copy start over. */
const ALL_PAGES = 2 ** 31 - 1

/**
 * Copies a database, running or not, into a new file: a consistent moment of it, checked, durable, and never under its
 * final name before it is whole. Copies in a thread of its own; the writer is not held up.
 * @returns the end of the journal in the copy. Compare it with the newest anchor before restoring.
 * @throws {Fault} BACKUP_EXISTS when the target is there; STORE_FULL, STORE_DAMAGED and the like.
 */
export async function backupTo(file: string, target: string): Promise<Head> {
  if (existsSync(target)) throw new Fault('BACKUP_EXISTS', `${target} exists; a backup never replaces another`)
  if (!existsSync(file)) throw new Fault('STORE_NO_DIRECTORY', `${file} does not exist`)
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  closeSync(openSync(partial, 'ax', 0o600))
  try {
    const source = new Connection(file, { readOnly: true })
    try {
      await backup(source.handle, partial, { rate: ALL_PAGES })
    } catch (thrown) {
      throw sqliteFault(thrown, target)
    } finally {
      source.close()
    }
    const head = checkCopy(partial)
    const fd = openSync(partial, 'r+')
    fsyncSync(fd)
    closeSync(fd)
    renameSync(partial, target)
    return head
  } finally {
    for (const left of [partial, `${partial}-wal`, `${partial}-shm`]) rmSync(left, { force: true })
  }
}

function checkCopy(path: string): Head {
  const copy = new Connection(path, { readOnly: false })
  try {
    // The copy is one file: without its own log it can be moved about and read from a read-only disk.
    copy.exec('PRAGMA journal_mode = delete')
    checkTail(copy)
    const { frontier, hash } = readHead(copy)
    return { size: frontier.size, hash, root: rootOf(frontier) }
  } finally {
    copy.close()
  }
}
