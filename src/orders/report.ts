import type { ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import type { Amt, Decimal, Px, Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

type Head = {
  /** Unique per account. Reports of the same ExecID are the same report, however often and by whatever way they come. */
  readonly execID: ExecID
  /** Null when the broker named the order itself, such as the legs of a bracket. */
  readonly clOrdID: ClOrdID | null
  readonly orderID: OrderID | null
  readonly transactTime: Instant
  /** The broker's own words, kept verbatim. */
  readonly text: string | null
}

export type StatusReport = Head & { readonly execType: 'New' | 'Canceled' | 'Replaced' | 'Rejected' | 'Expired' }
export type TradeReport = Head & {
  readonly execType: 'Trade'
  readonly lastQty: Qty
  readonly lastPx: Px
  /** Account currency per unit of the instrument's currency at the fill, FIX SettlCurrFxRate(155). `1` when they are the same. */
  readonly settlCurrFxRate: Decimal
  /** In account currency; negative is a rebate. */
  readonly commission: Amt
  /**
   * Units of the instrument that the broker kept of a buy as its fee, estimated at the worst rate where it tells only
   * later; at most 12 places. Absent: none. The order is filled by `lastQty` all the same.
   */
  readonly feeQty?: Qty
}
/** A bust: the trade `refExecID` never was. */
export type BustReport = Head & { readonly execType: 'TradeCancel'; readonly refExecID: ExecID }
/** The trade `refExecID` had another size or price. */
export type CorrectReport = Head & {
  readonly execType: 'TradeCorrect'
  readonly refExecID: ExecID
  readonly lastQty: Qty
  readonly lastPx: Px
  /** What is kept of the corrected trade; absent, nothing is, whatever was said before. */
  readonly feeQty?: Qty
}

/** One execution report, FIX ExecutionReport(8), as every adapter's parser makes it. */
export type Report = StatusReport | TradeReport | BustReport | CorrectReport

/** Which correction, and when it was made: of two, the later one holds, in whatever order they arrive. */
export type Correction = { readonly execID: ExecID; readonly transactTime: Instant }

/** What is known of one trade. A busted one stays, with `live: false`, because it happened and was undone. */
export type Execution = {
  readonly execID: ExecID
  readonly clOrdID: ClOrdID
  readonly symbol: string
  readonly side: 'Buy' | 'Sell'
  readonly lastQty: Qty
  readonly lastPx: Px
  readonly settlCurrFxRate: Decimal
  readonly commission: Amt
  /** Kept by the broker: of the units bought, so many are not held. Absent: none. */
  readonly feeQty?: Qty
  readonly transactTime: Instant
  readonly live: boolean
  /** The correction whose size and price it shows. */
  readonly corrected?: Correction
}
