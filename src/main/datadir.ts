import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Stop } from './exit.ts'
import { syncFolder } from './haltfile.ts'

/** Names inside the data directory. */
export type Places = {
  readonly dir: string
  readonly database: string
  /** There: no new order leaves. See `haltfile.ts`. */
  readonly halt: string
  /** Private key that signs the checkpoints of the journal. */
  readonly auditKey: string
  /** The other half of it, as a line of text: what anybody verifies the journal with. */
  readonly verifierKey: string
  /** What the assistant sends its signals with. */
  readonly agentToken: string
  /** What this machine's command line reads and halts with. */
  readonly operatorToken: string
  /** Where the running service can be reached. */
  readonly address: string
  /** The signed-in person's session of the command line. */
  readonly session: string
  readonly log: string
  /** What the command line asked of the broker itself while the service did not answer. JSON lines. */
  readonly haltAtBroker: string
}

export const placesIn = (dir: string): Places => ({
  dir,
  database: join(dir, 'jax-exec.db'),
  halt: join(dir, 'HALT'),
  auditKey: join(dir, 'audit-key.pem'),
  verifierKey: join(dir, 'audit-key.pub'),
  agentToken: join(dir, 'agent-token'),
  operatorToken: join(dir, 'operator-token'),
  address: join(dir, 'address.json'),
  session: join(dir, 'session.json'),
  log: join(dir, 'jax-exec.log'),
  haltAtBroker: join(dir, 'halt-at-broker.jsonl'),
})

/**
 * Makes the data directory when it is missing (only its owner may enter), and proves that it can be written.
 * @throws {Stop} DATA, saying which folder and what to do.
 */
export function prepareDataDir(dir: string): Places {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw trouble(error, dir, 'made')
  }
  let stats: Stats
  let empty: boolean
  try {
    stats = statSync(dir)
    if (!stats.isDirectory())
      throw new Stop('DATA', `The data directory ${dir} is a file.`, {
        lines: ['Move it away, or name another folder with --data-dir.'],
      })
    empty = readdirSync(dir).length === 0
  } catch (error) {
    throw error instanceof Stop ? error : trouble(error, dir, 'read')
  }
  if (process.platform !== 'win32') closeToOthers(dir, stats, empty)
  proveWritable(dir)
  return placesIn(dir)
}

function closeToOthers(dir: string, stats: Stats, empty: boolean): void {
  if (empty && (stats.mode & 0o077) !== 0 && stats.uid === process.getuid?.()) {
    chmodSync(dir, 0o700)
    return
  }
  // Whoever can write here can remove the HALT file or put another key in place.
  if ((stats.mode & 0o022) !== 0)
    throw new Stop('DATA', `Other users can write to the data directory ${dir}.`, {
      lines: [`It holds keys and the stop switch. Close it: chmod 700 ${dir}`],
    })
}

function proveWritable(dir: string): void {
  const probe = join(dir, `.probe-${process.pid}`)
  try {
    writeWhole(probe, 'a block that a full disk has no room for\n'.repeat(100))
  } catch (error) {
    throw trouble(error, dir, 'written')
  } finally {
    rmSync(probe, { force: true })
  }
}

/** The key that signs checkpoints; made on the first start. */
export function auditKeyIn(places: Places): { readonly key: KeyObject; readonly made: boolean } {
  const { text, made } = secretIn(places.auditKey, () =>
    String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
  )
  return { key: auditKeyOf(text, places.auditKey), made }
}

/** @throws {Stop} DATA when the text is no Ed25519 private key; the text is not repeated. */
export function auditKeyOf(pem: string, source: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw new Stop('DATA', `${source} holds no private key that can be read.`, {
      lines: ['Restore it from the backup. Without it the journal cannot be signed on.'],
      cause: error,
    })
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Stop('DATA', `${source} holds a key of type ${key.asymmetricKeyType}; an Ed25519 key is needed.`)
  return key
}

/** A token file's content; made by `mint` on the first start. */
export const tokenIn = (path: string, mint: () => string): { readonly text: string; readonly made: boolean } =>
  secretIn(path, mint)

/** Reads a secret, or makes it: whole, on the disk, for its owner's eyes only. */
function secretIn(path: string, make: () => string): { text: string; made: boolean } {
  const there = readSecretFile(path)
  if (there !== null) return { text: there, made: false }
  const text = make().trim()
  try {
    writeWhole(path, `${text}\n`)
  } catch (error) {
    throw trouble(error, path, 'written')
  }
  return { text, made: true }
}

/**
 * A secret of ours; null when there is none.
 * @throws {Stop} DATA when it cannot be read, is empty, or other users can read it too.
 */
export function readSecretFile(path: string): string | null {
  const text = readOwnFile(path)
  if (text !== null && process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    throw new Stop('DATA', `Other users can read ${path}.`, {
      lines: [
        `Close it: chmod 600 ${path}. If somebody may have seen it, remove it instead: a new one is made at the next start.`,
      ],
    })
  return text
}

/**
 * What a file of ours says, whoever else may read it; null when there is none.
 * @throws {Stop} DATA when it cannot be read or is empty.
 */
export function readOwnFile(path: string): string | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw trouble(error, path, 'read')
  }
  if (text === '')
    throw new Stop('DATA', `${path} is empty.`, {
      lines: ['Restore it from a backup, or remove it to have a new one made.'],
    })
  return text
}

/** Writes a file of ours (0600) in one piece: after a power cut it is the old one or the new one. */
export function writeWhole(path: string, content: string): void {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    const fd = openSync(draft, 'wx', 0o600)
    try {
      writeFileSync(fd, content)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncFolder(join(path, '..'))
}

const WHAT_TO_DO: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EACCES: ['no permission', 'Run as its owner, change its owner, or name another folder with --data-dir.'],
  EPERM: ['the system does not allow it', 'Run as its owner, or name another folder with --data-dir.'],
  EROFS: ['the file system is read-only', 'Name a folder that can be written with --data-dir.'],
  ENOSPC: ['the disk is full', 'Make room on it. Nothing is traded before that, because nothing could be recorded.'],
  EDQUOT: ['the disk quota is used up', 'Make room. Nothing is traded before that, because nothing could be recorded.'],
  ENOTDIR: ['a part of the path is a file', 'Move that file away, or name another folder with --data-dir.'],
  EEXIST: ['it is a file', 'Move it away, or name another folder with --data-dir.'],
  EIO: ['the disk reports an error', 'Check the disk before anything else.'],
}

/** What the system said about a path, in words, with what to do. */
export function trouble(error: unknown, path: string, verb: 'made' | 'read' | 'written'): Stop {
  const code = codeOf(error)
  const [what, remedy] = WHAT_TO_DO[code] ?? [
    error instanceof Error ? error.message : String(error),
    'Name another folder with --data-dir.',
  ]
  return new Stop('DATA', `${path} cannot be ${verb}: ${what}.`, {
    code: code || 'DATA',
    lines: [remedy],
    cause: error,
  })
}
const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? ''
