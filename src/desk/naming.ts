import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { base32, sha256 } from '../values/hash.ts'

/**
 * ClOrdIDs are computed, never drawn: the same attempt of the same intent always has the same name, whatever crashed in
 * between, and no two attempts share one. 26 characters of hash are 130 bits; with the ending at most 34 characters,
 * inside the 48 that the strictest broker takes.
 */
export function entryID(account: AccountID, intentID: IntentID, attempt: number): ClOrdID {
  return `jx${base32(sha256(`${account}\n${intentID}\n${attempt}`), 26)}` as ClOrdID
}
/** Exit `n` of an entry: 0 is the leg that the broker makes from our bracket, 1 and on are those we place ourselves. */
export const exitID = (entry: ClOrdID, role: 'Stop' | 'Target' | 'Exit', n: number): ClOrdID =>
  `${entry}-${LETTER[role]}${n === 0 ? '' : n}` as ClOrdID
const LETTER = { Stop: 's', Target: 't', Exit: 'x' } as const
/** Whether it is a name of an exit, which no other order has: it needs no memory of ours to be known for one. */
export const isExitName = (name: string): boolean => /^jx[0-9a-z]{26}(-r\d+)?-[stx]\d*$/.test(name)
/** The `n`th order that is to take the place of an entry, whatever became of those before it. */
export const replacementID = (first: ClOrdID, n: number): ClOrdID => `${first}-r${n}` as ClOrdID
export const pairOf = (stop: ClOrdID): ClOrdID => stop.replace(/-s(\d*)$/, '-t$1') as ClOrdID
