import type { Row } from '../journal/row.ts'
import type { Tx } from '../ports/store.ts'
import type { ClOrdID } from '../values/brand.ts'
import type { Instant } from '../values/instant.ts'
import type { Action, Happened } from './events.ts'

/** Ways in which a row cannot be what the machines make of the rows before it. Names are for programs, and stay. */
export const FINDINGS = {
  UNREADABLE_ROW: 'a row cannot be read, or speaks of something that was never written down',
  UNKNOWN_EVENT: 'a row says something that this version does not know',
  ILLEGAL_TRANSITION: 'the machines have no such step',
  MISFILED: 'a row is filed under another story than what it is about',
  REPEATED: 'something that happens once happened a second time',
  NOT_NEW: 'something begins in the middle of its life',
  DIGEST_MISMATCH: 'what was approved is not what was shown',
  WRONG_SIZE: 'the size does not follow from the numbers beside it',
  NOT_ELIGIBLE: 'somebody decided who may not',
  SELF_APPROVAL: 'somebody approved what they asked for themselves',
  NOT_PENDING: 'something was decided that nobody was asked',
  NOT_APPROVED: 'an order was made or sent without a yes that stands',
  ASSURANCE_TOO_LOW: 'a click counted where a passkey was asked for',
  APPROVAL_EXPIRED: 'an approval was given or used after its time',
  SIGNAL_EXPIRED: 'an order was made of a signal that was over',
  TRADING_HALTED: 'something went on while trading was halted',
  INSTRUMENT_FROZEN: 'something went on in a symbol that was frozen',
  UNRECONCILED: 'a halt was released before the books agreed',
  SECOND_ORDER: 'one intent got a second order while the first might live',
  STILL_LIVE: 'an intent went on as if its order were gone',
  TOO_EARLY: 'the clock ended something before its time',
  WRONG_TERMS: 'an order is not the one that was decided',
  WRONG_NAME: 'an order has a name that the desk would not give it',
  WRONG_ATTEMPT: 'an order was offered more often than the book says',
  NOT_REPLACEABLE: 'an order was changed that could not be',
  MORE_THAN_HELD: 'an exit would close more than is held',
  CONTRADICTED: 'the broker’s own reports say otherwise',
  WRONG_ORDER: 'a report stands at another order than it names',
  WRONG_DISPUTE: 'a report was set aside that the machine takes',
  LEFT_UNDONE: 'something that must follow at once did not',
  WRONG_SUM: 'what was folded is not the sum of its parts',
} as const
export type FindingCode = keyof typeof FINDINGS

/** Between the moment of a decision and the time in its row lie milliseconds; a slow machine gets a second. */
export const WRITTEN_WITHIN_MS = 1_000

/** What is recorded and what the machines say, each as a sentence. */
export type Found = { readonly code: FindingCode; readonly recorded: string; readonly expected: string }
export const found = (code: FindingCode, recorded: string, expected: string): Found => ({ code, recorded, expected })

/** What later rows are judged by and the views do not keep. */
export type Memory = {
  /** What a person asked to be put in the place of an open order, by the name it is to have. */
  readonly asked: Map<ClOrdID, Happened['order.replace-requested'] & { readonly clOrdID: string }>
  /** How often the gateway has started. */
  starts: number
}

/** One row with the book as it was before it. */
export type Case<A extends Action = Action> = {
  readonly tx: Tx
  readonly row: Row
  readonly data: Happened[A]
  /** The time that stands in the row: a little after the moment at which it was decided. */
  readonly at: Instant
  /** The journal's clock stood still because the wall clock was set back: `at` may be long after the decision. */
  readonly stoodStill: boolean
  readonly memory: Memory
}
/** What is wrong with the row, or null. */
export type Judge<A extends Action> = (c: Case<A>) => Promise<Found | null>
