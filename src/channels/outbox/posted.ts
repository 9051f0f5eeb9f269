import type { Alert, Card, CardState, Place, Shown } from '../../ports/channel.ts'
import type { IntentID } from '../../values/brand.ts'
import { sha256Base64url } from '../../values/hash.ts'
import { type Instant, msBetween, plusMs } from '../../values/instant.ts'

/** What is kept of a card in a channel, from before it is posted until its final state was shown. */
export type Posted = {
  readonly intentID: IntentID
  /** Null while nobody knows of a card there: it was not posted yet, or was and the answer got lost. */
  readonly place: Place | null
  /** `contentOf` what was shown last; null when that is not known. */
  readonly shown: string | null
  /** Tries that failed since it was last shown. */
  readonly attempts: number
  /** Not to be tried before. */
  readonly dueAt: Instant
}

/** No card goes on from here; until then it is looked at again. */
const FINAL: Readonly<Record<CardState, boolean>> = {
  waiting: false,
  approved: false, // may still be sent, refused or run out of time
  sent: false,
  declined: true,
  expired: true,
  withdrawn: true,
  refused: true,
  ended: true,
}
export const isFinal = (card: Card | Alert): boolean => FINAL[card.state]

/** Names what a card says: the same text in every field, the same name, in whatever order the fields were written. */
export const contentOf = (card: Card | Alert): string => sha256Base64url(JSON.stringify(card, inOrder))
// Not `canonical`: it refuses half of a surrogate pair, and a card with hostile text must be shown as well.
const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** The card is to be shown, needs nothing, or is done with. */
export type Move = 'show' | 'nothing' | 'drop'

/**
 * What a channel needs so that it shows what is so.
 *
 * @param row null when the channel was never told of it.
 * @param card null when the order is unknown.
 */
export function moveOf(row: Posted | null, card: Card | Alert | null): Move {
  if (card === null) return row === null ? 'nothing' : 'drop'
  // Whoever was never asked need not hear that it is over.
  if (row === null) return card.state === 'waiting' ? 'show' : 'nothing'
  if (row.shown !== contentOf(card)) return 'show'
  return isFinal(card) ? 'drop' : 'nothing'
}

/** The row of a card that is about to be posted for the first time: written before, so that a crash does not lose it. */
export const unposted = (intentID: IntentID, now: Instant): Posted => ({
  intentID,
  place: null,
  shown: null,
  attempts: 0,
  dueAt: now,
})

/** The first wait is a second at most; five minutes are the shortest life of an approval, so no wait is longer. */
const PLAN = { firstMs: 1_000, capMs: 300_000 }
/** A channel that asks for a longer pause is tried again anyway: its clock may be wrong. */
const PAUSE_MAX_MS = 3_600_000

/**
 * The row after one try.
 *
 * @param random 0 (inclusive) to 1 (exclusive).
 * @returns null when the card is done with: its final state was shown, or never can be.
 */
export function afterShowing(
  row: Posted,
  card: Card | Alert,
  said: Shown,
  now: Instant,
  random: number,
): Posted | null {
  if (said.outcome === 'later') {
    const attempts = row.attempts + 1
    return { ...row, attempts, dueAt: plusMs(now, Math.max(pauseMs(said.afterMs), backoffMs(attempts, random))) }
  }
  if (isFinal(card)) return null
  const settled = { ...row, attempts: 0, dueAt: now }
  return said.outcome === 'shown' ? { ...settled, place: said.place, shown: contentOf(card) } : settled
}

/** Anywhere between nothing and the exponential step, so that many who failed together do not return together. */
const backoffMs = (attempts: number, random: number): number =>
  Math.floor(random * Math.min(PLAN.capMs, PLAN.firstMs * 2 ** (attempts - 1)))

const pauseMs = (asked: number | null): number =>
  asked === null || Number.isNaN(asked) ? 0 : Math.min(PAUSE_MAX_MS, Math.max(0, asked))

/** True when a row may be tried now. What is due in more than the longest pause was written before the clock was set back. */
export const isDue = (row: Posted, now: Instant): boolean =>
  row.dueAt <= now || msBetween(now, row.dueAt) > PAUSE_MAX_MS

/** When the next of those that failed may be tried again; null when none failed. */
export function nextDue(rows: readonly Posted[], now: Instant): Instant | null {
  const times = rows.filter((row) => row.attempts > 0).map((row) => (isDue(row, now) ? now : row.dueAt))
  return times.length === 0 ? null : times.reduce((a, b) => (a < b ? a : b))
}
