import { createPublicKey, type KeyObject } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  type Checkpoint,
  parseVerifierKey,
  signCheckpoint,
  type VerifierKey,
  verifierKey,
  verifyNote,
} from '../journal/checkpoint.ts'
import type { Head } from '../ports/store.ts'
import { type Anchor, appendAnchor } from '../store/anchors.ts'
import { base32, sha256 } from '../values/hash.ts'
import type { Instant } from '../values/instant.ts'

/** The journal's name in its checkpoints. It follows from the key, so that two installations never share one. */
export function originOf(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return `jax-exec/${base32(sha256(spki), 12)}`
}
/** The line to note at set-up: with it anybody can verify an export. */
export const verifierKeyOf = (key: KeyObject): string => verifierKey(originOf(key), key)

export type Sealing = { readonly anchorsFile: string; readonly key: KeyObject }

/**
 * Signs a journal head and appends it to the anchors file; resolves when the line is on the disk.
 * @param now real time, also in a replay: an anchor says when it was made.
 */
export function sealInto(
  { anchorsFile, key }: Sealing,
  now: () => Instant,
  sealed: (size: number) => void,
): (head: Head) => Promise<void> {
  const origin = originOf(key)
  return async ({ size, root }) => {
    mkdirSync(dirname(anchorsFile), { recursive: true, mode: 0o700 })
    appendAnchor(anchorsFile, { at: now(), note: signCheckpoint({ origin, size, root }, key) })
    sealed(size)
  }
}

/** The largest checkpoint that one of `keys` has signed. Signatures of others vouch for nothing here. */
export function newestSigned(anchors: readonly Anchor[], keys: readonly string[]): Checkpoint | null {
  const known = keys.map(parseVerifierKey).filter((key): key is VerifierKey => key !== null)
  let newest: Checkpoint | null = null
  for (const { note } of anchors) {
    const read = verifyNote(note, known)
    if (read.ok && read.value.size >= (newest?.size ?? 0)) newest = read.value
  }
  return newest
}
