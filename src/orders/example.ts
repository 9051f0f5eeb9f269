import type { AccountID, ClOrdID, ExecID, IntentID, OrderID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../values/instant.ts'
import type { HaltState } from './halt.ts'
import { applyReport, freshOrder, type Applied, type Order, type ReportFault } from './machine.ts'
import type { BustReport, CorrectReport, Execution, Report, StatusReport, TradeReport } from './report.ts'
import type { Terms } from './terms.ts'

// One order and the reports that may come for it: what the tests of this room change one thing of.

export const NOW: Instant = parseInstant('2026-11-24T15:00:00Z') as Instant

/** Everything, by a person, at this moment. */
export const HALT: HaltState = { by: 'ana', reason: 'drill', since: NOW, scope: 'global', level: 'K4' }

export const TERMS: Terms = {
  symbol: 'AAPL',
  side: 'Buy',
  ordType: 'Limit',
  timeInForce: 'Day',
  orderQty: qty('100'),
  price: px('190.00'),
  stopPx: null,
  bracket: { stopPx: px('185.00'), targetPx: null },
  reduceOnly: false,
}

/** 100 AAPL at 190.00, acknowledged by nobody yet: sent, and the answer is on its way. */
export const SENT: Order = {
  ...freshOrder(
    {
      intentID: 'sig-1' as IntentID,
      role: 'Entry',
      parent: null,
      clOrdID: 'jx1' as ClOrdID,
      account: 'paper:sim:main' as AccountID,
      terms: TERMS,
      corr: 'sig-1',
    },
    NOW,
  ),
  delivery: 'Delivered',
  sentAt: NOW,
}

/** Reports are made in the order of their ExecIDs, a second apart: T1 at one second, T2 at two. */
const head = (execID: string) => ({
  execID: execID as ExecID,
  clOrdID: SENT.clOrdID,
  orderID: 'b-1' as OrderID,
  transactTime: plusMs(NOW, Number(/\d+/.exec(execID)?.[0] ?? 0) * 1000),
  text: null,
})

export const status = (execType: StatusReport['execType'], text: string | null = null): StatusReport => ({
  ...head(execType),
  execType,
  text,
})
export const trade = (execID: string, size: string, price = '190.00', kept?: string): TradeReport => ({
  ...head(execID),
  execType: 'Trade',
  lastQty: qty(size),
  lastPx: px(price),
  settlCurrFxRate: dec('1'),
  commission: amt('0.35'),
  ...(kept !== undefined && { feeQty: qty(kept) }),
})
export const bust = (refExecID: string, execID = `B-${refExecID}`): BustReport => ({
  ...head(execID),
  execType: 'TradeCancel',
  refExecID: refExecID as ExecID,
})
export const correct = (
  refExecID: string,
  size: string,
  price = '190.00',
  execID = `C-${refExecID}`,
  kept?: string,
): CorrectReport => ({
  ...head(execID),
  execType: 'TradeCorrect',
  refExecID: refExecID as ExecID,
  lastQty: qty(size),
  lastPx: px(price),
  ...(kept !== undefined && { feeQty: qty(kept) }),
})

/** What a series of reports made of an order: the trades as a book keeps them, and what was called out on the way. */
export type Folded = {
  readonly order: Order
  readonly trades: ReadonlyMap<ExecID, Execution>
  readonly alarms: readonly NonNullable<Applied['alarm']>[]
  readonly faults: readonly ReportFault[]
}

/** Folds reports as the desk does: the trade a report is about is looked up by name, a fault changes nothing. */
export function fold(order: Order, reports: readonly Report[]): Folded {
  return reports.reduce<Folded>(next, { order, trades: new Map(), alarms: [], faults: [] })
}

function next(book: Folded, report: Report): Folded {
  const amends = report.execType === 'TradeCancel' || report.execType === 'TradeCorrect'
  const prior = book.trades.get(amends ? report.refExecID : report.execID) ?? null
  const applied = applyReport(book.order, report, prior, NOW)
  if (!applied.ok) return { ...book, faults: [...book.faults, applied.error] }
  const { order, execution, alarm } = applied.value
  return {
    order,
    trades: execution ? new Map(book.trades).set(execution.execID, execution) : book.trades,
    alarms: alarm ? [...book.alarms, alarm] : book.alarms,
    faults: book.faults,
  }
}
