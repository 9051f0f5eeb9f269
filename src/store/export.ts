import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { rootOf } from '../journal/merkle.ts'
import { type StoredRow, type Verdict, verifyJournal } from '../journal/verify.ts'
import type { Head } from '../ports/store.ts'
import { Fault } from '../values/fault.ts'
import { type Anchor, anchorLine, readAnchors } from './anchors.ts'
import { Connection, countOf, textOf } from './sqlite/connection.ts'
import { readHead } from './sqlite/head.ts'

const FILES = {
  rows: 'journal.jsonl',
  anchors: 'anchors.jsonl',
  keys: 'keys.txt',
  head: 'head.json',
  readme: 'README.md',
}

/** The rows of a database as they are stored, oldest first. Reads a snapshot: rows written meanwhile are not in it. */
export function* journalBytes(file: string): Generator<StoredRow> {
  const db = new Connection(file, { readOnly: true })
  try {
    yield* rowsOf(db)
  } finally {
    db.close()
  }
}
function* rowsOf(db: Connection): Generator<StoredRow> {
  for (const row of db.iterate('SELECT seq, bytes FROM journal ORDER BY seq')) {
    yield { seq: countOf(row, 'seq'), bytes: textOf(row, 'bytes') }
  }
}

export type Witnesses = { readonly anchors: readonly Anchor[]; readonly keys: readonly string[] }

/** Verifies the journal of a database, running or not, against its anchors and verifier keys. */
export function verifyDatabase(file: string, { anchors, keys }: Witnesses): Verdict {
  const db = new Connection(file, { readOnly: true })
  try {
    // One snapshot, so that the recorded end belongs to the rows.
    db.exec('BEGIN')
    const recorded = headOf(db)
    const head = recorded instanceof Fault ? undefined : recorded
    const found = verifyJournal({ rows: rowsOf(db), checkpoints: anchors.map(({ note }) => note), keys, head })
    if (head || !found.ok) return found
    const text = 'the record of where the journal ends cannot be read'
    return { ...found, ok: false, firstBad: { seq: null, kind: 'DAMAGED', text } }
  } finally {
    db.close()
  }
}
function headOf(db: Connection): Head | Fault {
  try {
    const { frontier, hash } = readHead(db)
    return { size: frontier.size, hash, root: rootOf(frontier) }
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown
    throw thrown
  }
}

/**
 * Writes the journal, its anchors and its public keys into a new folder, with the algorithm explained, so that anybody
 * can verify it with nothing of ours.
 * @returns how many rows were written.
 * @throws {Fault} EXPORT_EXISTS when the folder is there already: an export is never mixed with another.
 */
export function exportJournal(file: string, folder: string, { anchors, keys }: Witnesses): number {
  if (existsSync(folder)) throw new Fault('EXPORT_EXISTS', `${folder} exists; name a folder that does not`)
  const db = new Connection(file, { readOnly: true })
  try {
    db.exec('BEGIN')
    const head = headOf(db)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const written = writeLines(join(folder, FILES.rows), rowsOf(db))
    writeFileSync(join(folder, FILES.anchors), anchors.map(anchorLine).join(''))
    writeFileSync(join(folder, FILES.keys), keys.map((key) => `${key}\n`).join(''))
    // A head that cannot be read goes out as what it is; the verifier then does without.
    const text = head instanceof Fault ? JSON.stringify({ unreadable: head.message }) : JSON.stringify(head)
    writeFileSync(join(folder, FILES.head), `${text}\n`)
    writeFileSync(join(folder, FILES.readme), README)
    return written
  } finally {
    db.close()
  }
}

/**
 * Verifies a folder that `exportJournal` wrote, without any database.
 * @param keys verifier keys that were obtained elsewhere; those in the folder are used only when none are given, and
 *   then prove no more than that the folder agrees with itself.
 * @throws the file system's error when a file is missing.
 */
export function verifyExport(folder: string, keys?: readonly string[]): Verdict {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const trusted =
    keys ??
    text(FILES.keys)
      .split('\n')
      .filter((line) => line !== '')
  const notes = readAnchors(join(folder, FILES.anchors)).map(({ note }) => note)
  const head = parseHead(text(FILES.head))
  return verifyJournal({ rows: exportedRows(folder), checkpoints: notes, keys: trusted, head })
}

function parseHead(text: string): Head | undefined {
  try {
    const { size, hash, root } = JSON.parse(text) as Record<string, unknown>
    if (typeof size === 'number' && typeof hash === 'string' && typeof root === 'string') return { size, hash, root }
  } catch {
    // An unreadable head proves nothing; the rows and anchors are still checked without it.
  }
  return undefined
}

/** About a thousand rows per write. */
const BLOCK = 512 * 1024

function writeLines(path: string, rows: Iterable<StoredRow>): number {
  const fd = openSync(path, 'wx', 0o600)
  try {
    let block = ''
    let count = 0
    const flush = (): void => {
      const bytes = Buffer.from(block)
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      block = ''
    }
    for (const { bytes } of rows) {
      block += `${bytes}\n`
      count++
      if (block.length > BLOCK) flush()
    }
    flush()
    fsyncSync(fd)
    return count
  } finally {
    closeSync(fd)
  }
}

/** The rows of an exported folder by line number, however many. A last line without its end counts too: it is a row that was cut. */
export function* exportedRows(folder: string): Generator<StoredRow> {
  const fd = openSync(join(folder, FILES.rows), 'r')
  try {
    const chunk = Buffer.alloc(BLOCK)
    let rest: Buffer = Buffer.alloc(0)
    let seq = 0
    for (let got = readSync(fd, chunk); got > 0; got = readSync(fd, chunk)) {
      const held = rest.length === 0 ? chunk.subarray(0, got) : Buffer.concat([rest, chunk.subarray(0, got)])
      const end = held.lastIndexOf(0x0a) + 1
      if (end > 0) for (const bytes of held.toString('utf8', 0, end - 1).split('\n')) yield { seq: seq++, bytes }
      rest = Buffer.from(held.subarray(end))
    }
    if (rest.length > 0) yield { seq, bytes: rest.toString() }
  } finally {
    closeSync(fd)
  }
}

const README = `# An exported journal

\`journal.jsonl\`   one row per line, in order, in RFC 8785 canonical JSON: exactly the bytes that were hashed
\`anchors.jsonl\`   checkpoints that were signed and put outside: {"at": time, "note": text}
\`keys.txt\`        the public keys, one C2SP verifier key per line: name+key id+base64(0x01 ‖ Ed25519 public key)
\`head.json\`       number of rows, hash of the last one and root of the tree when the export was made

## What must hold

1. Line n (from 0) has \`"seq": n\`.
2. \`prev\` of each row is the hex SHA-256 of the bytes of the line before, without its line end; 64 zeros in the first.
3. Within one \`boot\`, neither \`ts\` nor \`mono\` (nanoseconds, as a number) ever goes back.
4. The tree is that of RFC 6962: leaf = SHA-256(0x00 ‖ row bytes), node = SHA-256(0x01 ‖ left ‖ right).
5. Each checkpoint is a C2SP tlog-checkpoint in a signed-note. Its first line names the journal, its second line is a
   number of rows, its third the base64 root of the tree over that many rows. The signature line is
   "— name base64(key id ‖ signature)"; Ed25519 over the lines above the blank line, final line end included;
   key id = first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). Signatures by keys that are not yours to
   trust are ignored.
6. The journal has at least as many rows as the largest checkpoint says.

Trust neither the key nor the anchors in this folder: compare them with those that were written down when the journal
began and with the anchors that left the house. A journal that passes with them has lost, changed or gained nothing up
to the last checkpoint.
`
