import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Fault } from '../values/fault.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import { Connection } from './sqlite/connection.ts'

export type Lock = { release(): void }

/**
 * Makes this process the only one that writes to `file`.
 *
 * The lock is the operating system's, taken by SQLite on an empty database next to the file: it vanishes with the process,
 * however that ends, so nothing is ever cleaned up by hand. Who holds it stands in a second file, for people only.
 *
 * @throws {Fault} STORE_LOCKED naming the holder; STORE_READ_ONLY when the folder cannot be written.
 */
export function lock(file: string, now: Instant): Lock {
  const [path, note] = [`${file}.lock`, `${file}.lock.json`]
  const db = new Connection(path, { readOnly: false })
  try {
    db.exec('PRAGMA busy_timeout = 0')
    db.exec('BEGIN EXCLUSIVE')
  } catch (thrown) {
    db.close()
    if (thrown instanceof Fault && thrown.code === 'STORE_BUSY') {
      throw new Fault(
        'STORE_LOCKED',
        `${file} is in use by ${holder(note)}; stop it first, or choose another data directory`,
      )
    }
    throw thrown
  }
  writeFileSync(note, `${JSON.stringify({ pid: process.pid, host: hostname(), since: rfc3339(now) })}\n`, {
    mode: 0o600,
  })
  return {
    release: () => {
      rmSync(note, { force: true })
      db.close()
    },
  }
}

function holder(note: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(note, 'utf8')) as Record<string, unknown>
    return `process ${Number(pid)} on ${String(host)} since ${String(since)}`
  } catch {
    return 'another process'
  }
}
