import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { harmless } from './print.ts'

/** As long as a reason may be that comes over HTTP. */
const WORDS_MAX = 500

/** What the HALT file says. Unreadable counts as halted: the file is the stop that works when nothing else does. */
export type HaltFileState =
  | { readonly halted: false }
  | { readonly halted: true; readonly by: string; readonly reason: string; readonly at: string | null }

export type HaltNote = { readonly by: string; readonly reason: string /** RFC 3339 UTC. */; readonly at: string }

/**
 * Reads the file at `path`. Only one answer means "not halted": the folder is there and the file is not.
 * Everything else (no permission, a broken disk, a folder that is gone, a link to nowhere, text that is not ours) halts.
 */
export function readHaltFile(path: string): HaltFileState {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && isAbsent(path)) return { halted: false }
    return { halted: true, by: 'file', reason: `the HALT file cannot be read (${codeOf(error)})`, at: null }
  }
  return { halted: true, ...noteIn(text) }
}

/**
 * Anyone may make the file with `touch HALT`; then it says nothing, and still halts. Its words go into the journal and
 * onto terminals, so they are cut and made harmless.
 */
function noteIn(text: string): { by: string; reason: string; at: string | null } {
  const empty = { by: 'file', reason: 'a HALT file is in the data directory', at: null }
  try {
    const note = JSON.parse(text) as Partial<Record<string, unknown>> | null
    const word = (key: string): string | null =>
      typeof note?.[key] === 'string' && note[key] !== '' ? harmless(note[key]).slice(0, WORDS_MAX) : null
    return { by: word('by') ?? empty.by, reason: word('reason') ?? empty.reason, at: word('at') }
  } catch {
    return empty
  }
}

/**
 * Writes the file so that it is there, whole and on the disk, when this returns. An existing one stays: the first
 * reason is the true one. On a full disk an empty file is made, which halts just as well.
 * @returns whether this call made it.
 * @throws when not even an empty file can be made.
 */
export function writeHaltFile(path: string, note: HaltNote): boolean {
  if (entry(path) !== undefined) return false
  const draft = `${path}.${process.pid}.tmp`
  try {
    const fd = openSync(draft, 'w', 0o600)
    try {
      writeFileSync(fd, `${JSON.stringify(note)}\n`)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, path)
  } catch {
    rmSync(draft, { force: true })
    // A name in a folder often still fits where a block of text does not.
    closeSync(openSync(path, 'a', 0o600))
  }
  syncFolder(dirname(path))
  return true
}

/**
 * Removes the file, or an empty folder that somebody gave its name; gone is gone also after a power cut.
 * @throws when it cannot be removed: then it halts on.
 */
export function removeHaltFile(path: string): void {
  if (entry(path)?.isDirectory() === true) rmdirSync(path)
  else rmSync(path, { force: true })
  syncFolder(dirname(path))
}

/** Makes the names in a folder durable. Windows cannot open a folder, and needs not. */
export function syncFolder(folder: string): void {
  let fd: number
  try {
    fd = openSync(folder, 'r')
  } catch (error) {
    if (process.platform === 'win32') return
    throw error
  }
  try {
    fsyncSync(fd)
  } catch (error) {
    if (process.platform !== 'win32') throw error
  } finally {
    closeSync(fd)
  }
}

/** What has this name, itself: a link to nowhere is there too. */
const entry = (path: string) => lstatSync(path, { throwIfNoEntry: false })
/** Whether the folder is there and nothing in it has this name. */
function isAbsent(path: string): boolean {
  try {
    return statSync(dirname(path)).isDirectory() && entry(path) === undefined
  } catch {
    return false
  }
}
const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error)
