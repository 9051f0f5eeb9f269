import type { ExecID } from '../../values/brand.ts'
import type { Decimal, Px, Qty } from '../../values/decimal.ts'
import type { WireSide } from './ask.ts'
import type { Asset } from './asset.ts'
import type { Json } from './json.ts'
import type { Status } from './order.ts'
import { localDigits, type Stamp, toMicros, wireNumber, wireTime } from './wire.ts'

/** One trade as it is known now. */
export type Execution = {
  readonly id: string
  readonly orderID: string
  readonly symbol: string
  readonly side: WireSide
  readonly qty: Qty
  readonly price: Px
  readonly live: boolean
  readonly fee: Decimal
  readonly exchangeID: ExecID
  /** Its own id, or that of its last correction: what the next one refers to. */
  readonly latestID: string
}

/** One line of the account's history: a trade, or what was done to one afterwards. It never changes. */
export type Booked = {
  readonly eventID: string
  readonly kind: 'fill' | 'trade_bust' | 'trade_correct'
  readonly executionID: string
  readonly previousID: string | null
  readonly orderID: string
  readonly clientOrderID: string
  readonly symbol: string
  readonly side: WireSide
  readonly qty: Qty
  readonly price: Px
  readonly cumQty: Qty
  readonly leavesQty: Qty
  readonly orderStatus: Status
  readonly at: Stamp
}

/** Begins with New York's wall clock, whatever the time of day in UTC. */
export const activityID = (b: Booked): string => `${localDigits(b.at)}::${b.executionID}`

/** `TradingActivities`: trades alone; that one was busted or corrected is told by the event stream only. */
export const activityJson = (b: Booked): Json => ({
  id: activityID(b),
  activity_type: 'FILL',
  transaction_time: toMicros(b.at),
  type: b.orderStatus === 'filled' ? 'fill' : 'partial_fill',
  price: wireNumber(b.price),
  qty: wireNumber(b.qty),
  side: b.side,
  symbol: b.symbol,
  leaves_qty: wireNumber(b.leavesQty),
  order_id: b.orderID,
  cum_qty: wireNumber(b.cumQty),
  order_status: b.orderStatus,
})

/** The next weekday. */
function settleDate(at: Stamp): string {
  let day = Temporal.PlainDate.from(at.slice(0, 10)).add({ days: 1 })
  while (day.dayOfWeek > 5) day = day.add({ days: 1 })
  return day.toString()
}

const STATUS = { fill: 'executed', trade_bust: 'canceled', trade_correct: 'correct' } as const

/** `ActivityEventV2` with `ActivityV2DetailTRD`. */
export const activityEventJson = (b: Booked, asset: Asset): Json => ({
  activity_type: 'TRD',
  activity_subtype: 'FILL',
  at: wireTime(b.at),
  event_id: b.eventID,
  executed_at: wireTime(b.at),
  status: STATUS[b.kind],
  settle_date: settleDate(b.at),
  currency: 'USD',
  ref_id: b.executionID,
  ...(b.previousID ? { previous_id: b.previousID } : {}),
  qty: wireNumber(b.qty),
  price: wireNumber(b.price),
  details: {
    order_id: b.orderID,
    client_order_id: b.clientOrderID,
    side: b.side,
    symbol: b.symbol,
    asset_id: asset.id,
    cum_qty: wireNumber(b.cumQty),
    leaves_qty: wireNumber(b.leavesQty),
    order_status: b.orderStatus,
    execution_type: b.kind,
  },
})
