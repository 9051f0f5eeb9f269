import { GENESIS } from '../../journal/chain.ts'
import { glance } from '../../journal/form.ts'
import { EMPTY, type Frontier, grow, leafHash, rootOf, sha256Text } from '../../journal/merkle.ts'
import { Fault } from '../../values/fault.ts'
import { type Connection, countOf, textOf } from './connection.ts'

/** The end of the journal, as the next append needs it. `ts`, `boot` and `mono` are those of the last row. */
export type ChainHead = {
  readonly frontier: Frontier
  readonly hash: string
  readonly ts: string
  readonly boot: string
  readonly mono: string
}

/** Rows between two stored frontiers: what a start re-hashes at most, about 5 ms. */
export const MILESTONE = 1024

const damaged = (text: string): Fault =>
  new Fault('STORE_DAMAGED', `${text}; stop, verify the journal against its anchors and restore the last backup`)

const frontierText = (frontier: Frontier): string => JSON.stringify(frontier.nodes)
function parseFrontier(size: number, text: string): Frontier {
  const nodes = nodesOf(text)
  const bits = size.toString(2).replaceAll('0', '').length
  if (nodes === null || nodes.length !== bits) throw damaged(`the tree recorded for ${size} rows cannot be read`)
  return { size, nodes }
}
function nodesOf(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text)
    const whole = Array.isArray(value) && value.every((node) => typeof node === 'string' && /^[0-9a-f]{64}$/.test(node))
    return whole ? (value as string[]) : null
  } catch {
    return null
  }
}

/** What the store recorded as its end. @throws {Fault} STORE_DAMAGED when it is missing or unreadable. */
export function readHead(db: Connection): { readonly frontier: Frontier; readonly hash: string } {
  const row = db.get('SELECT size, hash, frontier FROM head WHERE id = 1')
  if (!row) throw damaged('the record of where the journal ends is missing')
  return { frontier: parseFrontier(countOf(row, 'size'), textOf(row, 'frontier')), hash: textOf(row, 'hash') }
}

/** The recorded end with the time of the last row. */
export function readChainHead(db: Connection): ChainHead {
  const { frontier, hash } = readHead(db)
  if (frontier.size === 0) return { frontier, hash, ts: '', boot: '', mono: '0' }
  const row = db.get('SELECT bytes FROM journal WHERE seq = ?', frontier.size - 1)
  if (!row) throw damaged(`row ${frontier.size - 1} is missing, which was the last`)
  const seen = glance(textOf(row, 'bytes'))
  if ('kind' in seen) throw damaged(`row ${frontier.size - 1}: ${seen.text}`)
  return { frontier, hash, ts: seen.ts, boot: seen.boot, mono: seen.mono }
}

export function writeHead(db: Connection, { frontier, hash }: ChainHead): void {
  db.run('UPDATE head SET size = ?, hash = ?, frontier = ? WHERE id = 1', frontier.size, hash, frontierText(frontier))
}
export function writeMilestone(db: Connection, { frontier }: ChainHead): void {
  if (frontier.size % MILESTONE === 0) {
    db.run('INSERT INTO milestones (size, frontier) VALUES (?, ?)', frontier.size, frontierText(frontier))
  }
}

/** The stored frontier at or below `size`. */
function milestone(db: Connection, size: number): Frontier {
  const row = db.get('SELECT size, frontier FROM milestones WHERE size <= ? ORDER BY size DESC LIMIT 1', size)
  return row ? parseFrontier(countOf(row, 'size'), textOf(row, 'frontier')) : EMPTY
}

/** RFC 6962 root over the first `size` rows, as the store has them now; null when it has not so many. */
export function rootAt(db: Connection, size: number): string | null {
  let frontier = milestone(db, size)
  for (const row of db.all('SELECT bytes FROM journal WHERE seq >= ? AND seq < ? ORDER BY seq', frontier.size, size)) {
    frontier = grow(frontier, leafHash(textOf(row, 'bytes')))
  }
  return frontier.size === size ? rootOf(frontier) : null
}

/**
 * Re-hashes the last rows (between 1024 and 2047 of them) and compares them with the recorded end: what a torn write, a
 * failing disk or a careless hand most likely touched. The whole history is the verifier's work, not that of a start.
 * @throws {Fault} STORE_DAMAGED naming the row.
 */
export function checkTail(db: Connection): void {
  const { frontier: recorded, hash } = readHead(db)
  const found = Number(db.get('SELECT coalesce(max(seq), -1) + 1 AS n FROM journal')?.['n'])
  if (found !== recorded.size) throw damaged(`the journal holds ${found} rows and ${recorded.size} were recorded`)

  let frontier = milestone(db, Math.max(0, recorded.size - MILESTONE))
  let prev: string | null = frontier.size === 0 ? GENESIS : null
  for (const row of db.all('SELECT seq, bytes FROM journal WHERE seq >= ? ORDER BY seq', frontier.size)) {
    const [seq, bytes] = [frontier.size, textOf(row, 'bytes')]
    const seen = glance(bytes)
    if ('kind' in seen) throw damaged(`row ${seq}: ${seen.text}`)
    if (countOf(row, 'seq') !== seq || seen.seq !== seq) throw damaged(`row ${seq} is missing`)
    if (prev !== null && seen.prev !== prev) throw damaged(`row ${seq} does not link to the row before it`)
    prev = sha256Text(bytes)
    frontier = grow(frontier, leafHash(bytes))
  }
  if ((prev ?? hash) !== hash) throw damaged('the last row is not the one that was recorded')
  if (rootOf(frontier) !== rootOf(recorded)) throw damaged('the last rows are not those that were recorded')
}
