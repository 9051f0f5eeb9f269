import type { AccountFacts, DayFacts, MarketFacts } from '../gate/facts.ts'
import { midOf } from '../gate/evidence.ts'
import type { Row } from '../journal/row.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import type { AccountReading, Intent, MarketRow, TradingDay } from '../ports/records.ts'
import type { Reads, Tx } from '../ports/store.ts'
import {
  abs,
  type Amt,
  amt,
  type Decimal,
  dec,
  gt,
  gte,
  isZero,
  lt,
  lte,
  max,
  min,
  minus,
  over,
  plus,
  round,
  times,
  ZERO,
} from '../values/decimal.ts'
import { dayOf } from '../values/day.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'
import type { Command } from './command.ts'

// One trading day: what was sent in it, and what the account was worth when it began. Limits over a period stand on it.

/** Where the day of every account turns: at midnight of the market that most of it trades in. */
export const DAY_ZONE = 'America/New_York'
/** How many of the latest messages keep their time; a limit per minute above it could not be counted. */
export const RECENT_MAX = 120
const CENTS = 2

const fresh = (at: Instant, last: TradingDay | null): TradingDay => {
  const { name, from, until } = dayOf(at, DAY_ZONE)
  const before = openingOf(last)
  return {
    scope: 'account',
    day: name,
    from,
    until,
    opening: null,
    ...(before && { before }),
    messages: 0,
    recent: [],
    turnover: amt('0.00'),
    entries: {},
  }
}
/** The day that it is; begun anew when the last one that is written down is over. */
const dayAt = (day: TradingDay | null, at: Instant): TradingDay =>
  // A clock that was set back goes on in the day that it was: the counts of a day are never lost.
  day && at < day.until ? day : fresh(at, day)
/** How the last day began that has begun with a reading: messages may come before the first of a day. */
const openingOf = (last: TradingDay | null): TradingDay['opening'] => last?.opening ?? last?.before ?? null

/** What an entry counts with: all that it may cost while it may fill, and what it has filled once it may not. */
function costOf(order: Order | null): Amt {
  if (order?.role !== 'Entry' || order.maxNotional === undefined) return amt('0.00')
  return isOpen(order) ? order.maxNotional : filledCost(order, order.maxNotional)
}
function filledCost({ cumQty, terms: { orderQty } }: Order, maxNotional: Amt): Amt {
  if (isZero(orderQty)) return amt('0.00')
  return over(times(maxNotional, cumQty), orderQty, { scale: CENTS, rounding: 'up' }) as Amt
}

/** An order counts in the day in which it was made, whatever a clock that was set back calls that day. */
const isOfDay = ({ clOrdID, createdAt }: Order, { from, strays }: Pick<TradingDay, 'from' | 'strays'>): boolean =>
  createdAt >= from || strays?.includes(clOrdID) === true

/** Folds a row about an order into the counts of its day. `before` is the order as it was. */
export async function countDay(tx: Tx, row: Row, before: Order | null, at: Instant): Promise<void> {
  const order = await tx.get('order', row.object.id)
  if (!order) return
  const isSend = row.action === 'order.send-started'
  const isMessage = isSend || row.action === 'order.cancel-requested'
  const last = await tx.get('day', 'account')
  const now = dayAt(last, at)
  const isStray = before === null && order.createdAt < now.from
  const cost = isStray || isOfDay(order, now) ? minus(costOf(order), costOf(before)) : ZERO
  if (!isMessage && isZero(cost)) return
  const first = isSend && order.role === 'Entry' && !order.replaces && before?.sentAt === null
  const key = first ? await entryKey(tx, order) : null
  await tx.put('day', {
    ...now,
    turnover: plus(now.turnover, cost) as Amt,
    ...(isMessage && { messages: now.messages + 1, recent: [...now.recent, at].slice(-RECENT_MAX) }),
    ...(isStray && { strays: [...(now.strays ?? []), order.clOrdID] }),
    ...(key !== null && { entries: { ...now.entries, [key]: (now.entries[key] ?? 0) + 1 } }),
  })
}

async function entryKey(tx: Tx, { intentID, terms: { symbol, side } }: Order): Promise<string | null> {
  const strategyID = (await tx.get('intent', intentID))?.proposal.strategyID
  return strategyID === undefined ? null : keyOf(strategyID, symbol, side)
}
const keyOf = (strategyID: string, symbol: string, side: string): string => JSON.stringify([strategyID, symbol, side])

/**
 * The first reading of a day is written down: what is lost in it is lost from there. Only one that knows every trade and
 * agrees with our book: cash of a trade that we have not heard of would count as paid in, or as the height to fall from.
 */
export async function openDay(c: Command, reading: AccountReading, tradedRow: number): Promise<void> {
  const last = await c.tx.get('day', 'account')
  const now = dayAt(last, c.now)
  const { account } = reading
  if (now.opening !== null || account.at < now.from) return
  if (reading.afterRow <= tradedRow || !(await agreesWithBook(c.tx, reading))) return
  const { equity, cash } = account
  const begun = openingOf(last)
  const before = begun ? plus(begun.highEquity, await deposits(c.tx, begun, account.cash)) : equity
  const opening = { equity, cash, cashFlow: await cashFlow(c.tx), highEquity: max(equity, before) }
  await c.emit('day.opened', { type: 'account', id: account.account }, 'day', { day: now.day, opening })
}
/** As `day.opened` says. */
export function opened(last: TradingDay | null, opening: TradingDay['opening'], at: Instant): TradingDay {
  const { before: _, ...day } = dayAt(last, at)
  return { ...day, opening }
}

/** What all trades so far have moved, in account currency. */
const cashFlow = async (tx: Reads): Promise<Amt> =>
  (await tx.all('position')).reduce((sum, { cashFlow: moved }) => plus(sum, moved), amt('0.00'))

/**
 * What was paid in since: cash that no trade explains. What went out counts as lost: it may be fees, and a withdrawal is
 * told from them by nobody but a person.
 */
async function deposits(tx: Reads, opening: NonNullable<TradingDay['opening']>, cash: Amt): Promise<Amt> {
  const traded = minus(await cashFlow(tx), opening.cashFlow)
  const paid = minus(minus(cash, opening.cash), traded)
  return gt(paid, ZERO) ? round(paid, CENTS, 'down') : amt('0.00')
}

/** The day so far, whoever asks: `repeats` and `trail` depend on the order, and are told for each. */
export async function daySoFar(
  reads: Reads,
  account: AccountFacts | null,
  now: Instant,
  speed: number,
): Promise<{
  readonly day: TradingDay
  readonly facts: Omit<DayFacts, 'repeats' | 'trail'>
  readonly trail: (market: MarketRow | null) => DayFacts['trail']
}> {
  const day = dayAt(await reads.get('day', 'account'), now)
  const minuteAgo = plusMs(now, -60_000 * speed)
  const { opening } = day
  const paid = opening && account ? await settledDeposits(reads, opening, account) : amt('0.00')
  return {
    day,
    facts: {
      day: day.day,
      messagesLastMinute: day.recent.filter((at) => at > minuteAgo).length,
      messagesToday: day.messages,
      turnover: day.turnover,
      openingEquity: opening && opening.equity,
      highEquity: opening && plus(opening.highEquity, paid),
      deposits: paid,
      held: account && (await held(reads, account)),
    },
    trail: (market) => trailOf(market, now, speed),
  }
}

/** The day so far, for one intent. */
export async function dayFacts(
  c: Command,
  intent: Intent,
  account: AccountFacts | null,
  open: readonly Order[],
): Promise<DayFacts> {
  const { strategyID, symbol, side } = intent.proposal
  const { day, facts, trail } = await daySoFar(c.tx, account, c.now, c.setting.speed)
  const own = open.filter((o) => o.intentID === intent.intentID && isOfDay(o, day))
  const spare = own.reduce<Decimal>((sum, o) => plus(sum, minus(costOf(o), filledCost(o, costOf(o)))), ZERO)
  const sent = (await c.tx.ordersOf(intent.intentID)).filter(
    (o) => o.role === 'Entry' && !o.replaces && o.sentAt !== null && o.sentAt >= day.from,
  )
  return {
    ...facts,
    turnover: minus(facts.turnover, spare) as Amt,
    repeats: Math.max(0, (day.entries[keyOf(strategyID, symbol, side)] ?? 0) - sent.length),
    trail: trail(await c.tx.get('market', symbol)),
  }
}

/** The strategy that has entered one symbol on one side most often today. */
export function mostRepeated({ entries }: TradingDay): { readonly count: number; readonly of: string | null } {
  const [most] = Object.entries(entries).sort(([, a], [, b]) => b - a)
  if (!most) return { count: 0, of: null }
  const [strategyID, symbol, side] = JSON.parse(most[0]) as [string, string, string]
  return { count: most[1], of: `${strategyID}, ${side} ${symbol}` }
}

/** A trade that the broker has booked and we have not heard of looks like money paid in: until both agree, none was. */
async function settledDeposits(
  tx: Reads,
  opening: NonNullable<TradingDay['opening']>,
  facts: AccountFacts,
): Promise<Amt> {
  return (await agreesWithBook(tx, facts)) ? deposits(tx, opening, facts.account.cash) : amt('0.00')
}
/** Whether the broker holds, by its own count, what our book of trades says; or more, by fees that it kept by estimate. */
export async function agreesWithBook(tx: Reads, { positions }: Pick<AccountFacts, 'positions'>): Promise<boolean> {
  const theirs = new Map(positions.map(({ symbol, netQty }) => [symbol, netQty]))
  const ours = await tx.all('position')
  return (
    ours.every(({ symbol, netQty, feeQty = ZERO }) => {
      const more = minus(theirs.get(symbol) ?? ZERO, netQty)
      return gte(more, ZERO) && lte(more, feeQty)
    }) && positions.every(({ symbol, netQty }) => isZero(netQty) || ours.some((one) => one.symbol === symbol))
  )
}

async function held(tx: Reads, { account, positions }: AccountFacts): Promise<DayFacts['held']> {
  let [long, short] = [amt('0.00'), amt('0.00')]
  const each: { symbol: string; worth: Amt }[] = []
  for (const { symbol, netQty } of positions) {
    if (isZero(netQty)) continue
    const worth = worthOf(netQty, await tx.get('market', symbol), account.currency)
    if (worth === null) return null
    each.push({ symbol, worth })
    if (gt(netQty, ZERO)) long = plus(long, worth)
    else short = plus(short, worth)
  }
  return { long, short, symbols: each.map(({ symbol }) => symbol), each }
}

/** At the ask, the dearer side, as a position counts everywhere else. */
function worthOf(netQty: Decimal, market: MarketFacts | null, currency: string): Amt | null {
  const rate = rateOf(market, currency)
  if (!market?.quote || !rate) return null
  return round(times(times(abs(netQty), market.quote.ask), rate), CENTS, 'up') as Amt
}
/** Account currency per unit of the instrument's; within one currency by definition, not by what a feed says. */
export const rateOf = (market: MarketFacts | null, currency: string): Decimal | null =>
  market?.instrument?.currency === currency ? ONE : ((market?.conversion && market.conversion.rate) ?? null)
const ONE = dec('1')

// ---------------------------------------------------------------- the last ten minutes of a price

const TRAIL_MINUTES = 10

/** Without a quote for so long, in an open market that was looked at, a symbol was halted, whatever was said of it. */
const SILENT_MS = 60_000

/** The market as it was read, with the moment at which trading in it went on, as long as that is remembered. */
export function withResumption(market: MarketFacts, before: MarketRow | null, speed: number): MarketFacts {
  const { session, quote, at } = market
  if (!before) return market
  const trades =
    session?.open === true && !session.halted && quote !== null && msBetween(quote.at, at) < SILENT_MS * speed
  const stood =
    before.session?.open === true &&
    (before.session.halted === true ||
      (before.quote !== null && msBetween(before.quote.at, before.at) >= SILENT_MS * speed))
  // A market that was not looked at for a while tells of no halt by that.
  if (trades && stood) return { ...market, resumedAt: at }
  return before.resumedAt === undefined ? market : { ...market, resumedAt: before.resumedAt }
}

/** The market as it was read, with lowest and highest price of each of the last minutes. */
export function withTrail(market: MarketFacts, before: MarketRow | null, now: Instant, speed: number): MarketRow {
  const { quote } = market
  const kept = (before?.trail ?? []).filter(({ at }) => at > plusMs(now, -TRAIL_MINUTES * 60_000 * speed))
  if (!quote) return { ...market, trail: kept }
  const px = midOf(quote)
  const last = kept.at(-1)
  if (!last || quote.at >= plusMs(last.at, 60_000 * speed))
    return { ...market, trail: [...kept, { at: quote.at, low: px, high: px }] }
  return {
    ...market,
    trail: [...kept.slice(0, -1), { ...last, low: min(last.low, px), high: max(last.high, px) }],
  }
}

function trailOf(market: MarketRow | null, now: Instant, speed: number): DayFacts['trail'] {
  const kept = (market?.trail ?? []).filter(({ at }) => at > plusMs(now, -TRAIL_MINUTES * 60_000 * speed))
  const [first] = kept
  if (!first) return null
  return kept.reduce(
    ({ low, high }, one) => ({ low: lt(one.low, low) ? one.low : low, high: gt(one.high, high) ? one.high : high }),
    { low: first.low, high: first.high },
  )
}
