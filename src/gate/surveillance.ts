import type { Side } from '../orders/terms.ts'
import { type Decimal, dec, gt, minus, over, plus, shortest, times, ZERO } from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'

// What looks like manipulation, or like a program that went wrong, in the orders of one day: layers that vanish, trades that
// make the close, orders that come and go. Pure counting; people judge.

export type SeenTrade = { readonly at: Instant; readonly qty: Decimal; readonly px: Decimal }
/** One order of ours as it left, with what became of it. */
export type SeenOrder = {
  readonly clOrdID: string
  readonly strategyID: string | null
  readonly symbol: string
  readonly side: Side
  readonly role: string
  readonly sentAt: Instant
  /** Null: not by us, or not at all. */
  readonly canceledAt: Instant | null
  /** It took the place of another one. */
  readonly replaces: boolean
  readonly trades: readonly SeenTrade[]
}

/** Messages for each trade beyond which an account is asked about, and beyond which brokers restrict it. */
export const EFFICIENCY = { warn: 10, stop: 20 } as const
/** Below so few messages a ratio says nothing. */
const FEW = 20
const LAYERS = 3
const LAYER_MS = 60_000
const CLOSE_MS = 10 * 60_000
/** Half of what was traded in a symbol on a day. */
const CLOSE_SHARE = dec('0.5')
const CROSS_MS = 1_000

export type Finding = {
  readonly kind: 'ORDER_EFFICIENCY' | 'LAYERING' | 'MARKING_THE_CLOSE' | 'OWN_CROSS'
  readonly grade: 'look' | 'warn' | 'stop'
  readonly subject: string
  readonly text: string
  readonly clOrdIDs: readonly string[]
}
export type Surveillance = {
  readonly submitted: number
  readonly revised: number
  readonly canceled: number
  readonly fills: number
  /** (submitted + revised + canceled) / (fills + 1), two places. */
  readonly efficiency: string
  /** Cancels for each fill, two places; null without a fill. */
  readonly cancelRatio: string | null
  readonly findings: readonly Finding[]
}

/** @param closesAt when the market of the day closes; null where it does not. */
export function surveil(orders: readonly SeenOrder[], closesAt: Instant | null): Surveillance {
  const entries = orders.filter(({ role }) => role === 'Entry')
  const submitted = entries.filter(({ replaces }) => !replaces).length
  const revised = entries.length - submitted
  const canceled = entries.filter(({ canceledAt }) => canceledAt !== null).length
  const fills = orders.reduce((sum, { trades }) => sum + trades.length, 0)
  const messages = submitted + revised + canceled
  const ratio = (a: number, b: number): string =>
    shortest(over(dec(String(a)), dec(String(b)), { scale: 2, rounding: 'half-even' }))
  return {
    submitted,
    revised,
    canceled,
    fills,
    efficiency: ratio(messages, fills + 1),
    cancelRatio: fills === 0 ? null : ratio(canceled, fills),
    findings: [
      ...efficiencyFinding(messages, fills),
      ...layering(entries),
      ...(closesAt === null ? [] : markingTheClose(orders, closesAt)),
      ...ownCrosses(orders),
    ],
  }
}

function efficiencyFinding(messages: number, fills: number): readonly Finding[] {
  const { warn, stop } = EFFICIENCY
  if (messages < FEW || messages <= warn * (fills + 1)) return []
  const grade = messages > stop * (fills + 1) ? 'stop' : 'warn'
  return [
    {
      kind: 'ORDER_EFFICIENCY',
      grade,
      subject: 'account',
      text: `${messages} orders, changes and cancels for ${fills} fills; brokers ask beyond ${warn} for each, and restrict beyond ${stop}.`,
      clOrdIDs: [],
    },
  ]
}

/** Several orders on one side that vanish without a trade, just after the other side was filled. */
function layering(entries: readonly SeenOrder[]): readonly Finding[] {
  return entries.flatMap(({ clOrdID, symbol, side, trades }): Finding[] => {
    const [first] = trades
    if (!first) return []
    const layers = entries.filter(
      (one) =>
        one.symbol === symbol &&
        one.side !== side &&
        one.trades.length === 0 &&
        one.sentAt <= first.at &&
        one.canceledAt !== null &&
        one.canceledAt >= first.at &&
        msBetween(first.at, one.canceledAt) <= LAYER_MS,
    )
    if (layers.length < LAYERS) return []
    return [
      {
        kind: 'LAYERING',
        grade: 'stop',
        subject: symbol,
        text: `${layers.length} orders to ${side === 'Buy' ? 'sell' : 'buy'} ${symbol} were taken back within a minute after ${clOrdID} had filled on the other side.`,
        clOrdIDs: [clOrdID, ...layers.map((one) => one.clOrdID)],
      },
    ]
  })
}

/** Most of what was traded in a symbol was traded by entries in the last minutes. */
function markingTheClose(orders: readonly SeenOrder[], closesAt: Instant): readonly Finding[] {
  const symbols = [...new Set(orders.map(({ symbol }) => symbol))].sort()
  return symbols.flatMap((symbol): Finding[] => {
    const entries = orders.filter((one) => one.symbol === symbol && one.role === 'Entry')
    const late = entries.filter(({ trades }) =>
      trades.some(({ at }) => at <= closesAt && msBetween(at, closesAt) <= CLOSE_MS),
    )
    const traded = (all: readonly SeenOrder[], from: number): Decimal =>
      all
        .flatMap(({ trades }) => trades)
        .filter(({ at }) => at <= closesAt && msBetween(at, closesAt) <= from)
        .reduce<Decimal>((sum, { qty }) => plus(sum, qty), ZERO)
    const [last, all] = [traded(entries, CLOSE_MS), traded(entries, Infinity)]
    if (late.length < 2 || !gt(last, times(all, CLOSE_SHARE))) return []
    return [
      {
        kind: 'MARKING_THE_CLOSE',
        grade: 'look',
        subject: symbol,
        text: `${late.length} entries in ${symbol} filled in the last ten minutes: ${shortest(last)} of ${shortest(all)} traded that day.`,
        clOrdIDs: late.map(({ clOrdID }) => clOrdID),
      },
    ]
  })
}

/** Both sides of one symbol at one price within a second: they may have traded with each other. */
function ownCrosses(orders: readonly SeenOrder[]): readonly Finding[] {
  const trades = orders.flatMap((one) => one.trades.map((trade) => ({ ...trade, of: one })))
  return trades
    .filter(({ of }) => of.side === 'Buy')
    .flatMap((buy): Finding[] => {
      const sale = trades.find(
        ({ of, at, px }) =>
          of.side === 'Sell' &&
          of.symbol === buy.of.symbol &&
          Math.abs(msBetween(at, buy.at)) <= CROSS_MS &&
          shortest(minus(px, buy.px)) === '0',
      )
      if (!sale) return []
      return [
        {
          kind: 'OWN_CROSS',
          grade: 'warn',
          subject: buy.of.symbol,
          text: `${buy.of.clOrdID} bought and ${sale.of.clOrdID} sold ${buy.of.symbol} at ${shortest(buy.px)} within a second: they may have traded with each other.`,
          clOrdIDs: [buy.of.clOrdID, sale.of.clOrdID],
        },
      ]
    })
}
