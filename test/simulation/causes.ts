import { gt, isZero } from '../../src/values/decimal.ts'
import type { ScriptedBroker, Truth } from '../scenarios/broker.ts'
import type { Recount } from './recount.ts'

// A frozen symbol excuses a difference only where something happened at the broker that nobody could be sure of. What
// that was is read off the broker's own account, so that a freeze for no reason excuses nothing.

/** What the gateway was told of a send, and what it made of it. */
export type Heard = {
  answerTo(clOrdID: string): string | undefined
  /** It left, and counted as absent for a while or for good. */
  wasGone(clOrdID: string): boolean
}

/** What happened to an order at the broker that contradicts what was said of it, or that other hands did; null: nothing. */
export function oddityOf(there: Truth, book: Recount, heard: Heard): string | null {
  const { clOrdID, reports, role, replaces } = there
  if (clOrdID === null && (role === null || replaces !== null)) return 'other hands made it'
  if (there.replacedBy !== null && reports.at(-1)?.execType !== 'Replaced') return 'it went on after it was replaced'
  if (reports.some(({ execType }) => execType === 'TradeCancel' || execType === 'TradeCorrect'))
    return 'a trade of it was changed'
  const end = reports.findIndex(({ execType }) => ENDS.has(execType))
  if (end >= 0 && reports.slice(end).some(({ execType }) => execType === 'Trade')) return 'it traded after its end'
  if (end > 0 && reports[end]?.execType === 'Rejected') return 'it was refused after it was taken'
  if (gt(there.cumQty, there.terms.orderQty)) return 'it traded more than its size'
  if (clOrdID === null) return null
  const counted = book.orders.get(clOrdID)
  if (counted && gt(there.terms.orderQty, counted.firstQty)) return 'other hands made it larger'
  if (heard.answerTo(clOrdID) === 'rejected') return 'it was refused and booked'
  if (heard.wasGone(clOrdID)) return 'it counted as gone'
  return counted?.delivery === 'InDoubt' ? 'nobody knows whether it is there' : null
}
const ENDS: ReadonlySet<string> = new Set(['Canceled', 'Expired', 'Rejected', 'Replaced'])

/** Whether anything in this world explains that our book of a symbol differs from the broker's. */
export function isExplicable(symbol: string, venue: ScriptedBroker, book: Recount, heard: Heard): boolean {
  const elsewhere = venue.elsewhere.get(symbol)
  if (elsewhere && !isZero(elsewhere)) return true
  return venue.truth.some((there) => there.terms.symbol === symbol && oddityOf(there, book, heard) !== null)
}
