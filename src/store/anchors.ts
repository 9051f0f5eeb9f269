import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
  fstatSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { parseNote } from '../journal/checkpoint.ts'
import { type Instant, parseInstant, rfc3339 } from '../values/instant.ts'

// One line per checkpoint that left the house: {"at":"2026-11-22T15:13:20.000000Z","note":"…"}. The file belongs on
// another disk, another machine or another user than the database: it is what an old copy of the journal cannot rewrite.

/** A signed checkpoint and when it was anchored. A line that cannot be read keeps its text as the note, and no time. */
export type Anchor = { readonly at: Instant | null; readonly note: string }

/** The line of an anchor, with its end. */
export const anchorLine = ({ at, note }: Anchor): string =>
  `${JSON.stringify({ at: at === null ? null : rfc3339(at), note })}\n`

/**
 * Adds one anchor, durable when it returns. A last line that a crash left unfinished is dropped first: it was never
 * reported as anchored.
 * @throws the file system's error when the line could not be made durable.
 */
export function appendAnchor(file: string, anchor: { readonly at: Instant; readonly note: string }): void {
  const isNew = !existsSync(file)
  const fd = openSync(file, isNew ? 'ax+' : 'r+', 0o600)
  try {
    const end = isNew ? 0 : endOfLastLine(fd)
    ftruncateSync(fd, end)
    const line = Buffer.from(anchorLine(anchor))
    let written = 0
    while (written < line.length) written += writeSync(fd, line, written, line.length - written, end + written)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  // A new name in a folder is durable only when the folder is.
  if (isNew) syncFolder(dirname(file))
}

/** Every anchor, oldest first. A torn last line is no anchor; any other line that cannot be read is one that fails to verify. */
export function readAnchors(file: string): readonly Anchor[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  lines.pop()
  return lines.filter((line) => line !== '').map(parseAnchor)
}

/** The anchor of the largest checkpoint; null when there is none that can be read. Verifies no signature. */
export function newestAnchor(file: string): Anchor | null {
  let newest: Anchor | null = null
  let size = -1
  for (const anchor of readAnchors(file)) {
    const note = parseNote(anchor.note)
    if (note.ok && note.value.checkpoint.size >= size) {
      newest = anchor
      size = note.value.checkpoint.size
    }
  }
  return newest
}

function parseAnchor(line: string): Anchor {
  try {
    const value: unknown = JSON.parse(line)
    const { at, note } = value as { readonly at?: unknown; readonly note?: unknown }
    if (typeof note === 'string') return { at: typeof at === 'string' ? parseInstant(at) : null, note }
  } catch {
    // Falls through: the line itself is what the verifier will call damaged.
  }
  return { at: null, note: line }
}

/** Offset behind the last line end; 0 when there is none. */
function endOfLastLine(fd: number): number {
  const chunk = Buffer.alloc(4096)
  for (let end = fstatSync(fd).size; end > 0; ) {
    const from = Math.max(0, end - chunk.length)
    const got = readSync(fd, chunk, 0, end - from, from)
    const at = chunk.subarray(0, got).lastIndexOf(0x0a)
    if (at >= 0) return from + at + 1
    end = from
  }
  return 0
}

/** Not possible on Windows, where a file's name is durable with the file. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
