import { canonical } from '../values/json.ts'
import { Fault } from '../values/fault.ts'
import { sha256Text } from './merkle.ts'
import type { Entry, Row } from './row.ts'

/** What the first row's `prev` holds. */
export const GENESIS = '0'.repeat(64)

/** Where a row stands: everything about it that its author does not choose. */
export type Place = Pick<Row, 'seq' | 'ts' | 'boot' | 'mono' | 'prev'>

/** `bytes` is the canonical text that is stored, exported and hashed; `row` is what it says; `hash` is hex SHA-256 of it. */
export type Linked = { readonly row: Row; readonly bytes: string; readonly hash: string }

/**
 * Puts an entry at its place in the chain.
 *
 * The returned row is read back from the bytes: what a caller folds into a view now is what a replay will fold later,
 * so a field that JSON drops or changes shows at once and not after a crash.
 *
 * @throws {Fault} NOT_JSON when the entry holds what JSON cannot: NaN, bigint, half a surrogate pair.
 */
export function link(entry: Entry, place: Place): Linked {
  const { action, actor, object, corr, data } = entry
  const { seq, ts, boot, mono, prev } = place
  const bytes = canonicalOrFault({ v: 1, seq, ts, boot, mono, actor, action, object, corr, data, prev })
  return { row: JSON.parse(bytes) as Row, bytes, hash: sha256Text(bytes) }
}

/** Canonical text of a value, or a Fault that says why there is none. */
export function canonicalOrFault(value: unknown): string {
  try {
    return canonical(value)
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new Fault('NOT_JSON', `a value that JSON cannot hold was about to be stored: ${why}`, { cause: thrown })
  }
}
