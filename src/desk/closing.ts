import { type Closing, type ClosingRules, type Family, nextStep, quoteOf, type Step } from '../gate/closing.ts'
import type { MarketFacts } from '../gate/facts.ts'
import { closes, type Liquidation, ownFamily, type ReportLine, surveyed } from '../orders/liquidation.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import { movedQty } from '../orders/position.ts'
import { protection } from '../orders/protection.ts'
import type { Role } from '../orders/terms.ts'
import { capabilitiesFor } from '../ports/broker.ts'
import type { AccountRow, Fill } from '../ports/records.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import {
  abs,
  type Amt,
  compare,
  dec,
  type Decimal,
  gt,
  isZero,
  minus,
  negate,
  over,
  plus,
  type Px,
  type Qty,
  qty,
  round,
  sign,
  times,
  ZERO,
} from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { type Command, knowsEveryTrade } from './command.ts'
import { rateOf } from './trading-day.ts'

// What a liquidation has to know of one symbol, and what people are shown of it. Reads only.

/** One symbol of a liquidation, or of the plan for one. */
export type ClosingLine = {
  readonly symbol: string
  /** By the broker's own count, signed; null while that is not known. */
  readonly netQty: Decimal | null
  readonly bookQty: Decimal
  /** What was held when it began, and what its exits have closed; zero in a plan. */
  readonly startQty: Decimal | null
  readonly closedQty: Qty
  readonly avgPx: Px | null
  readonly quote: { readonly bid: Px; readonly ask: Px; readonly at: Instant; readonly isFresh: boolean } | null
  readonly spreadBps: Decimal | null
  /** In account currency, at the side of the quote that would be traded at. Null where nobody can say. */
  readonly worth: Amt | null
  readonly isOpen: boolean | null
  /** Its resting orders, which are canceled first. */
  readonly cancels: readonly {
    readonly clOrdID: ClOrdID
    readonly role: Role
    readonly terms: Order['terms']
  }[]
  readonly step: Pick<Step, 'state' | 'text'>
}

const CENTS = 2

/** Every symbol with something to cancel or to close, and those that were named. */
export async function symbolsIn(c: Command, symbols: readonly string[] | null): Promise<readonly string[]> {
  if (symbols) return [...symbols].sort()
  const { account } = c.setting
  const row = await c.tx.get('account', account)
  const all = [
    ...(row?.positions ?? []).filter(({ netQty }) => !isZero(netQty)).map(({ symbol }) => symbol),
    ...(await c.tx.all('position')).filter(({ netQty }) => !isZero(netQty)).map(({ symbol }) => symbol),
    ...(await c.tx.openOrders(account)).map(({ terms }) => terms.symbol),
  ]
  return [...new Set(all)].sort()
}

/** The broker's count of a symbol; null while it may lack a trade that our book has. What it does not list it does not hold. */
export function countOf(row: AccountRow | null, symbol: string): Decimal | null {
  if (!row || !knowsEveryTrade(row)) return null
  return row.positions.filter((p) => p.symbol === symbol).reduce((sum, p) => plus(sum, p.netQty), ZERO)
}

/** How many trades are looked at together. */
const PAGE = 200
/** How many orders of a symbol are looked at for when one moved last; those that hold something come on top. */
const NEWEST = 20

/**
 * The intents that hold something of it, newest first, by their trades: from the newest back until they explain what our
 * book holds. What is older than that has closed itself, and the broker's count bounds all of them together.
 */
async function familiesOf(
  c: Command,
  symbol: string,
  bookQty: Decimal,
): Promise<readonly (Family & { readonly orders: readonly Order[] })[]> {
  const held = new Map<IntentID, Decimal>()
  let left = bookQty
  for (let after: string | null = null; !isZero(left); ) {
    const page: { items: readonly Fill[]; next: string | null } = await c.tx.fills({ symbol }, { limit: PAGE, after })
    for (const fill of page.items) {
      if (!fill.live || isZero(left)) continue
      const moved: Decimal = fill.side === 'Buy' ? movedQty(fill) : negate(movedQty(fill))
      left = minus(left, moved)
      held.set(fill.intentID, plus(held.get(fill.intentID) ?? ZERO, moved))
    }
    after = page.next
    if (after === null) break
  }
  const families: (Family & { readonly orders: readonly Order[] })[] = []
  for (const [intentID] of held) {
    const orders = await c.tx.ordersOf(intentID)
    const entry = orders.find((o) => o.role === 'Entry')
    if (!entry) continue
    families.push({ intentID, side: entry.terms.side, heldQty: protection(orders).heldQty, orders })
  }
  return families
}

/** Where people have set no collar, or a wide one: a limit further away is none. */
const WIDEST_BPS = 1_000
/** How far from the market its limits may be: as far as entries, by the limits of now. */
export const collarOf = async (c: Command): Promise<number> => Math.min((await c.rules()).collarBps, WIDEST_BPS)

export const rulesOf = (
  c: Command,
  { collarBps, market }: Pick<Liquidation, 'collarBps' | 'market'>,
): ClosingRules => ({ collarBps, market, policy: c.setting.policy, speed: c.setting.speed })

/** All that is known of one symbol. `row` is what the broker says of the account. */
export async function closingOf(
  c: Command,
  symbol: string,
  running: Liquidation | null,
  row: AccountRow | null,
): Promise<Closing> {
  const market = await c.tx.get('market', symbol)
  const bookQty = (await c.tx.get('position', symbol))?.netQty ?? ZERO
  const families = await familiesOf(c, symbol, bookQty)
  const own = running ? await c.tx.ordersOf(ownFamily(running, symbol) as IntentID) : []
  const known = [...families.flatMap(({ orders }) => orders), ...own]
  const newest = (await c.tx.orders({ symbol }, { limit: NEWEST, after: null })).items
  const movedAt = [...known, ...newest].reduce<Instant | null>(
    (latest, { updatedAt }) => (latest === null || updatedAt > latest ? updatedAt : latest),
    null,
  )
  const netQty = countOf(row, symbol)
  const since = running && surveyed(running, symbol)?.since
  const looked = await c.tx.get('task', `${STUCK}:${symbol}`)
  const tries = running
    ? known
        .filter(
          (o) =>
            o.role === 'Exit' && o.createdAt >= running.startedAt && !(looked?.doneAt && o.createdAt < looked.doneAt),
        )
        .sort((a, b) => a.createdAt - b.createdAt)
    : []
  const { assetClass = null } = market?.instrument ?? {}
  return {
    symbol,
    broker: row && netQty ? { netQty, at: row.at } : null,
    bookQty,
    stillSince: since ? (movedAt !== null && movedAt > since ? movedAt : since) : null,
    open: (await c.tx.openOrders(c.setting.account)).filter((o) => o.terms.symbol === symbol),
    families,
    tries,
    movedAt,
    market,
    takes: capabilitiesFor(c.setting.capabilities, assetClass),
  }
}
/** Raised when the broker refuses every exit of a symbol; closed by a person, it is tried again. */
export const STUCK = 'LIQUIDATION_STUCK'

/** The exits of the liquidation, added up. */
export async function closedBy(
  c: Command,
  running: Liquidation,
  symbol: string,
): Promise<{ readonly closedQty: Qty; readonly avgPx: Px | null }> {
  let closedQty = qty('0')
  let amount: Decimal = ZERO
  for (let after: string | null = null; ; ) {
    const page: { items: readonly Fill[]; next: string | null } = await c.tx.fills({ symbol }, { limit: PAGE, after })
    for (const { seq, role, live, lastQty, lastPx } of page.items) {
      if (seq < running.startedRow || role !== 'Exit' || !live) continue
      closedQty = plus(closedQty, lastQty)
      amount = plus(amount, times(lastQty, lastPx))
    }
    after = page.next
    const oldest = page.items.at(-1)
    if (after === null || !oldest || oldest.seq < running.startedRow) break
  }
  const avgPx = isZero(closedQty) ? null : (over(amount, closedQty, { scale: 8, rounding: 'half-even' }) as Px)
  return { closedQty, avgPx }
}

/** What is held, and how each would be closed, or is: the largest first. Without a liquidation that runs it is the plan of one. */
export async function closingLines(c: Command, symbols: readonly string[] | null): Promise<readonly ClosingLine[]> {
  const last = await c.tx.get('liquidation', 'account')
  const row = await c.tx.get('account', c.setting.account)
  const lines: ClosingLine[] = []
  for (const symbol of await symbolsIn(c, symbols)) {
    const running = closes(last, symbol) ? last : null
    lines.push(await lineOf(c, symbol, running, row))
  }
  const size = ({ worth }: ClosingLine): Decimal => worth ?? ZERO
  return lines.sort((a, b) => compare(size(b), size(a)))
}

async function lineOf(
  c: Command,
  symbol: string,
  running: Liquidation | null,
  row: AccountRow | null,
): Promise<ClosingLine> {
  const closing = await closingOf(c, symbol, running, row)
  const { policy } = c.setting
  const rules = rulesOf(c, running ?? { collarBps: await collarOf(c), market: false })
  // A plan tells how it would be closed once nothing is open.
  const planned = running
    ? closing
    : { ...closing, open: [], movedAt: null, stillSince: closing.broker ? (0 as Instant) : null }
  const { state, text } = nextStep(planned, rules, c.now)
  const { market, bookQty, broker, open } = closing
  const netQty = broker?.netQty ?? null
  const quote = market?.quote ?? null
  return {
    symbol,
    netQty,
    bookQty,
    startQty: running?.held.find((one) => one.symbol === symbol)?.netQty ?? (running ? null : ZERO),
    ...(running ? await closedBy(c, running, symbol) : { closedQty: qty('0'), avgPx: null }),
    quote: quote && {
      bid: quote.bid,
      ask: quote.ask,
      at: quote.at,
      isFresh: quoteOf(symbol, market, policy, c.now) !== null,
    },
    spreadBps: quote && gt(quote.bid, ZERO) ? spreadBps(quote) : null,
    worth: await worthOf(c, market, netQty ?? bookQty),
    isOpen: market?.session?.open ?? null,
    cancels: open.filter(({ role }) => role !== 'Exit').map(({ clOrdID, role, terms }) => ({ clOrdID, role, terms })),
    step: { state, text },
  }
}

const spreadBps = ({ bid, ask }: { readonly bid: Px; readonly ask: Px }): Decimal =>
  over(times(minus(ask, bid), dec('10000')), bid, { scale: 1, rounding: 'half-even' })

async function worthOf(c: Command, market: MarketFacts | null, netQty: Decimal): Promise<Amt | null> {
  const currency = (await c.tx.get('account', c.setting.account))?.account.currency
  const rate = currency === undefined ? (market?.conversion?.rate ?? null) : rateOf(market, currency)
  const quote = market?.quote
  if (!quote || !rate) return null
  const unitPx = sign(netQty) > 0 ? quote.bid : quote.ask
  return round(times(times(abs(netQty), unitPx), rate), CENTS, 'half-even') as Amt
}

/** How one symbol ended, for the report. */
export async function reportLine(c: Command, running: Liquidation, closing: Closing, step: Step): Promise<ReportLine> {
  const { symbol, broker, bookQty } = closing
  const leftQty = broker?.netQty ?? bookQty
  const isLeft = !isZero(leftQty) || !isZero(minus(leftQty, bookQty))
  return {
    symbol,
    heldQty: running.held.find((one) => one.symbol === symbol)?.netQty ?? ZERO,
    ...(await closedBy(c, running, symbol)),
    leftQty,
    why: isLeft ? step.text : null,
  }
}

/**
 * The last look before an exit in doubt is offered again: the liquidation still runs, nothing else is open in its symbol,
 * and as much is held by everybody's count.
 */
export async function closeStillNeeded(c: Command, exit: Order): Promise<boolean> {
  const { symbol, side, orderQty } = exit.terms
  const running = await c.closing(symbol)
  const netQty = countOf(await c.tx.get('account', c.setting.account), symbol)
  if (!running || !netQty) return false
  const open = await c.tx.openOrders(c.setting.account)
  const isAlone = !open.some((o) => o.terms.symbol === symbol && o.clOrdID !== exit.clOrdID && isOpen(o))
  const isLess = sign(netQty) === (side === 'Sell' ? 1 : -1) && !gt(orderQty, abs(netQty))
  const others = (await c.tx.ordersOf(exit.intentID)).filter((o) => o.clOrdID !== exit.clOrdID)
  return isAlone && isLess && (exit.parent === null || !gt(orderQty, protection(others).heldQty))
}
