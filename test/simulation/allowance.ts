import { digestOf } from '../../src/approvals/digest.ts'
import { CLOCK_SKEW_MAX_MS } from '../../src/gate/evidence.ts'
import type { AccountFact, MarketSession, Quote } from '../../src/gate/facts.ts'
import type { Row } from '../../src/journal/row.ts'
import type { Terms } from '../../src/orders/terms.ts'
import type { Ticket } from '../../src/orders/ticket.ts'
import type { BrokerPosition } from '../../src/ports/broker.ts'
import {
  abs,
  type Amt,
  type Decimal,
  dec,
  eq,
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
  type Px,
  type Qty,
  round,
  text,
  times,
  ZERO,
} from '../../src/values/decimal.ts'
import { type Instant, plusMs } from '../../src/values/instant.ts'
import type { ScriptedBroker } from '../scenarios/broker.ts'
import type { Promised } from './promises.ts'
import { type Counted, isLive, leaves, moved, type Recount } from './recount.ts'
import { type Heard, Risk } from './risk.ts'
import type { Scene } from './scene.ts'
import { APPROVING, askedOf, isOwn, mayNot, notEnough } from './yes.ts'

// What may be sent, judged at the moment at which a send is promised: the approval, the market and the limits of an entry,
// and what an exit may close.

/** A row is dated when it is written, a moment after its command looked at the clock. */
const SLACK_MS = 100
/** Of each kind of reading so many are kept: more than any age limit lets in. */
const READINGS = 256

type Reading<T> = { readonly is: T; readonly wall: Instant; readonly rows: number }
export type Wrong = { readonly promise: Promised; readonly text: string }
const wrong = (promise: Promised, text: string): Wrong => ({ promise, text })

/** What the broker told whoever asked: the gate may stand on this and nothing else. */
class Readings {
  readonly #quotes = new Map<string, Reading<Quote>[]>()
  readonly #sessions = new Map<string, Reading<MarketSession>[]>()
  readonly accounts: Reading<AccountFact>[] = []
  readonly positions: Reading<readonly BrokerPosition[]>[] = []

  constructor(venue: ScriptedBroker, wall: () => Instant, rows: () => number) {
    const keep = <T>(list: Reading<T>[], is: T): T => {
      list.push({ is, wall: wall(), rows: rows() })
      if (list.length > 2 * READINGS) list.splice(0, READINGS)
      return is
    }
    const ask = {
      quote: venue.quote.bind(venue),
      session: venue.session.bind(venue),
      accountFact: venue.accountFact.bind(venue),
      positions: venue.positions.bind(venue),
    }
    venue.quote = async (symbol) => {
      const quote = await ask.quote(symbol)
      return quote && keep(listOf(this.#quotes, symbol), quote)
    }
    venue.session = async (symbol) => keep(listOf(this.#sessions, symbol), await ask.session(symbol))
    venue.accountFact = async () => keep(this.accounts, await ask.accountFact())
    venue.positions = async () => keep(this.positions, await ask.positions())
  }

  quotes = (symbol: string): readonly Reading<Quote>[] => this.#quotes.get(symbol) ?? []
  sessions = (symbol: string): readonly Reading<MarketSession>[] => this.#sessions.get(symbol) ?? []
}

export function listOf<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? []
  if (list.length === 0) map.set(key, list)
  return list
}

/** By the clock of the house, as the gate judges it: neither too old nor from the future. */
const isTimely = (at: Instant, now: Instant, limitMs: number): boolean =>
  now - at <= (limitMs + SLACK_MS) * 1_000 && at - now <= (CLOCK_SKEW_MAX_MS + SLACK_MS) * 1_000
/** Judges the sends of one world by its book, and by what the broker has told. */
export class Allowance {
  readonly #scene: Scene
  readonly #book: Recount
  readonly #readings: Readings
  readonly #risk: Risk
  readonly #reduces = new Set<string>()
  readonly #createdAt = new Map<string, Instant>()

  constructor(scene: Scene, book: Recount) {
    this.#scene = scene
    this.#book = book
    this.#readings = new Readings(
      scene.venue,
      () => scene.wall(),
      () => scene.rows.length,
    )
    this.#risk = new Risk(scene, book)
  }

  /** Looks at the book as it is with the row. */
  took(row: Row): void {
    this.#risk.took(row, this.#readings)
  }

  created(clOrdID: string, at: Instant): void {
    this.#createdAt.set(clOrdID, at)
  }
  /** It makes less of what rests already: neither halt nor limits stand in its way. */
  isReduction(clOrdID: string): boolean {
    return this.#reduces.has(clOrdID)
  }

  /** What speaks against an order that was just promised to the broker; null when nothing does. */
  of(order: Counted): Wrong | null {
    this.#reduces.delete(order.clOrdID)
    // Not the time of the row: after the clock was set back it stands still until the clock has caught up.
    return order.role === 'Entry' ? this.#entry(order, this.#scene.wall()) : this.#exit(order)
  }

  /** G1: an exit closes no more than is held and not covered yet. */
  #exit(order: Counted): Wrong | null {
    const family = this.#book.of(order.intentID)
    const entry = family.find((o) => o.role === 'Entry')
    if (!entry || !order.reduceOnly || entry.side === order.side)
      return wrong('reduces', `${order.clOrdID} is called ${order.role}, and reduces nothing`)
    const held = heldOf(family)
    const covered = family
      .filter((o) => o.role === 'Stop' && o !== order)
      .reduce((sum, o) => plus(sum, leaves(o)), ZERO as Qty)
    const room = order.role === 'Stop' ? minus(held, covered) : held
    if (order.role === 'Stop' && entry.bracket?.targetPx && this.#scene.venue.capabilities.oneCancelsOther) {
      const target = order.clOrdID.replace(/-s(\d+)$/, '-t$1')
      if (!family.some((o) => o.role === 'Target' && o.clOrdID === target))
        return wrong('covered', `${order.clOrdID} goes without the target that was approved with its entry`)
    }
    return gt(order.orderQty, room)
      ? wrong(
          'reduces',
          `${order.clOrdID} closes ${text(order.orderQty)}; ${text(held)} are held and ${text(covered)} of it covered`,
        )
      : null
  }

  #entry(order: Counted, now: Instant): Wrong | null {
    const idea = this.#book.ideas.get(order.intentID)
    if (!idea) return wrong('approved', `${order.clOrdID} belongs to no intent`)
    const wish = order.replaces === undefined ? null : this.#book.changes.get(order.clOrdID)
    if (wish === undefined) return wrong('approved', `nobody asked for ${order.clOrdID}`)
    const yes = wish
      ? { ...wish, usedBy: order.clOrdID }
      : idea.approval && idea.ticket && { ...idea.approval, ticket: idea.ticket }
    if (!yes || (!wish && idea.last !== 'intent.approved'))
      return wrong('approved', `${order.clOrdID} was promised to the broker after ${idea.last}`)
    const { ticket, decision } = yes
    if (decision.verdict !== 'approved' || decision.digest !== digestOf(ticket))
      return wrong('approved', `${order.clOrdID} is not the order whose digest was approved`)
    if (yes.usedBy !== order.clOrdID)
      return wrong('approved', `the approval that ${order.clOrdID} uses was used by ${yes.usedBy}`)
    const no = mayNot(decision.by, APPROVING, this.#book)
    if (no !== null) return wrong('approved', `${decision.by}, who approved ${order.clOrdID}: ${no}`)
    if (isOwn(idea, decision.by)) return wrong('approved', `${decision.by} approved their own ${order.clOrdID}`)
    const few = wish ? null : notEnough(this.#book, idea, idea.votes, now)
    if (few !== null) return wrong('approved', `${order.clOrdID} was promised to the broker: ${few}`)
    const rival = this.#book
      .of(order.intentID)
      .find(
        (o) => o !== order && o.role === 'Entry' && (o.delivery === 'Sending' || o.delivery === 'InDoubt') && isLive(o),
      )
    if (rival) return wrong('once', `${order.clOrdID} was promised while nobody knew what became of ${rival.clOrdID}`)
    const filled = this.#book.line(order).reduce((sum, o) => plus(sum, o.trades.sums.cumQty), ZERO as Qty)
    if (wish && this.#isLess(order, ticket)) {
      // Less of the same is blocked by nothing: halt, market, limits and freeze do not matter.
      this.#reduces.add(order.clOrdID)
      return null
    }
    // Whoever asks for it is one person with a click.
    const asked = askedOf(this.#book, ticket, idea.intent.proposal.strategyID)
    if (wish && (asked.people > 1 || asked.signed))
      return wrong(
        'approved',
        `${order.clOrdID} was asked for by ${decision.by} alone: the policy asks for ${asked.people} people`,
      )
    if (!wish && idea.intent.proposal.expiresAt <= plusMs(now, -SLACK_MS))
      return wrong('approved', `${order.clOrdID} was promised after its signal had expired`)
    if (this.#book.frozen.has(order.symbol))
      return wrong('frozen', `${order.clOrdID} was promised while ${order.symbol} was frozen`)
    const rest = minus(ticket.terms.orderQty, filled)
    const notional = isZero(filled) ? ticket.maxNotional : share(ticket.maxNotional, rest, ticket.terms.orderQty)
    const votes = wish ? null : idea.votes
    const beyond = this.#risk.beyond({ order, ticket, filled, notional, votes }, this.#timely(now), now)
    return this.#market(order, ticket, notional, now) ?? (beyond === null ? null : wrong('limits', beyond))
  }

  /** What the gate may have looked at. Of a position in another symbol it takes a price of any age. */
  #timely(now: Instant): Heard {
    const { accountAgeMaxMs } = this.#scene.policy
    const isNow = ({ wall }: { readonly wall: Instant }): boolean => isTimely(wall, now, accountAgeMaxMs)
    const { accounts, positions, quotes } = this.#readings
    return { accounts: accounts.filter(isNow), positions: positions.filter(isNow), quotes }
  }

  /** Not more than all generations may fill by now, at the same price. */
  #isLess(order: Counted, ticket: Ticket): boolean {
    const old = order.replaces === undefined ? undefined : this.#book.orders.get(order.replaces)
    if (!old) return false
    const before = this.#book.line(old).reduce((sum, o) => plus(sum, o.trades.sums.cumQty), ZERO as Qty)
    const whole = plus(minus(old.orderQty, old.trades.sums.cumQty), before)
    const { price } = ticket.terms
    return samePx(price, old.price) && lt(ticket.terms.orderQty, whole)
  }

  /** G6 and G7: some answer of the broker, young enough, must allow it; all must be known. */
  #market(order: Counted, ticket: Ticket, notional: Amt, now: Instant): Wrong | null {
    const { policy, venue } = this.#scene
    const { symbol, clOrdID } = order
    const quotes = this.#readings.quotes(symbol).filter(({ is }) => isTimely(is.at, now, policy.quoteAgeMaxMs))
    const sound = quotes.map(({ is }) => is).filter(({ bid, ask }) => gt(bid, ZERO) && gte(ask, bid))
    if (sound.length === 0)
      return wrong(
        'blind',
        `${clOrdID} was promised without a quote of ${symbol} of the last ${policy.quoteAgeMaxMs} ms`,
      )
    if (!this.#readings.sessions(symbol).some(({ is }) => is.open && isTimely(is.at, now, policy.accountAgeMaxMs)))
      return wrong(
        'blind',
        `${clOrdID} was promised, and the broker has not called the market of ${symbol} open lately`,
      )
    const { terms } = ticket
    if (lt(ticket.maxNotional, times(terms.orderQty, terms.price ?? ticket.refPx)))
      return wrong('limits', `${clOrdID} may cost more than the ${text(ticket.maxNotional)} that its ticket says`)
    const driftBps = Math.min(ticket.maxDriftBps, policy.maxDriftBps)
    if (!sound.some((quote) => isNear(quote, ticket.refPx, driftBps)))
      return wrong(
        'approved',
        `${clOrdID} was promised when ${symbol} had left ${text(ticket.refPx)} by more than ${driftBps} bps`,
      )
    const accounts = this.#readings.accounts.filter(({ is }) => isTimely(is.at, now, policy.accountAgeMaxMs))
    const active = accounts.filter(({ is }) => is.status === 'Active')
    if (active.length === 0)
      return wrong('blind', `${clOrdID} was promised, and the account has not been called active lately`)
    if (!this.#positionIsKnown(symbol, now))
      return wrong('blind', `${clOrdID} was promised, and the broker holds another position in ${symbol} than our book`)
    if (order.replaces === undefined && !active.some(({ is }) => this.#isRisked(is, ticket, driftBps)))
      return wrong('limits', `${clOrdID} loses more at its stop than one trade may`)
    // What an order in place of another gives back is not counted here.
    if (order.replaces === undefined && !active.some((account) => this.#hasRoom(account, order, notional)))
      return wrong(
        'limits',
        `${clOrdID} costs ${text(notional)}, more than the buying power leaves beside what is in flight`,
      )
    for (const limit of [policy.maxOrderNotional, policy.stageMaxNotional])
      if (gt(ticket.maxNotional, limit))
        return wrong('limits', `${clOrdID} costs ${text(ticket.maxNotional)}, and one order may cost ${text(limit)}`)
    // At the lowest ask of those that the gate may have seen: what it saw was no lower.
    const ask = sound.map((quote) => quote.ask).reduce((a, b) => min(a, b))
    const position = cents(times(abs(this.#book.netQty(symbol)), ask))
    const inFlight = this.#inFlight(order)
    const sum = plus(plus(position, inFlight), notional)
    return venue.markets.get(symbol)?.instrument.currency === 'USD' && gt(sum, policy.maxPositionNotional)
      ? wrong(
          'limits',
          `${clOrdID} costs ${text(notional)} beside ${text(position)} held and ${text(inFlight)} in flight: ${text(policy.maxPositionNotional)} are allowed`,
        )
      : null
  }

  /** What is lost between entry and stop is within the risk of one trade, as far as the market may drift unseen. */
  #isRisked({ equity }: AccountFact, { terms, refPx }: Ticket, driftBps: number): boolean {
    if (!terms.bracket) return false
    const apart = abs(minus(terms.price ?? refPx, terms.bracket.stopPx) as Decimal)
    const budget = times(
      times(equity, this.#scene.policy.riskPerTrade),
      plus(dec('1'), times(dec(String(driftBps)), dec('0.0001'))),
    )
    return lte(times(terms.orderQty, apart), budget)
  }

  #positionIsKnown(symbol: string, now: Instant): boolean {
    const ours = this.#book.netQty(symbol)
    let fees = ZERO
    for (const o of this.#book.orders.values())
      if (o.symbol === symbol && o.side === 'Buy') fees = plus(fees, o.trades.sums.fee as Decimal)
    return this.#readings.positions.some(({ is, wall }) => {
      if (!isTimely(wall, now, this.#scene.policy.accountAgeMaxMs)) return false
      const theirs = is.filter((p) => p.symbol === symbol).reduce((sum, p) => plus(sum, p.netQty), ZERO)
      // Fees in kind are the worst case: where the broker kept less, more is held.
      return gte(theirs, ours) && lte(theirs, plus(ours, fees))
    })
  }

  /** Counts the least that must be taken off: what was made after the account was read, and what nobody has answered. */
  #hasRoom({ is, wall }: Reading<AccountFact>, own: Counted, notional: Amt): boolean {
    const { policy, venue } = this.#scene
    let used = ZERO
    for (const order of this.#book.orders.values()) {
      if (!this.#counts(order, own)) continue
      const unseen = order.delivery !== 'Delivered' || (this.#createdAt.get(order.clOrdID) ?? 0) > wall
      if (unseen) used = plus(used, costOf(order, plus(leaves(order), order.trades.sums.cumQty)) as Decimal)
      else if (!venue.capabilities.reservesOpenOrders) used = plus(used, costOf(order, leaves(order)) as Decimal)
    }
    return lte(plus(used, notional as Decimal), times(is.buyingPower, minus(dec('1'), policy.buyingPowerBuffer)))
  }

  #counts(order: Counted, own: Counted): boolean {
    if (order.reduceOnly || order.intentID === own.intentID || order.maxNotional === undefined || !isLive(order))
      return false
    // Of an order and the one that is to take its place only one will work; the newer stands for both, if it is dearer.
    return !this.#book
      .of(order.intentID)
      .some((o) => o.replaces === order.clOrdID && isLive(o) && gte(costOf(o, leaves(o)), costOf(order, leaves(order))))
  }

  #inFlight(own: Counted): Amt {
    let sum = ZERO as Amt
    for (const order of this.#book.orders.values()) {
      if (order.symbol !== own.symbol || !this.#counts(order, own)) continue
      const old = order.replaces === undefined ? undefined : this.#book.orders.get(order.replaces)
      // The older of the two is the dearer one and counts alone.
      if (old && isLive(old) && lt(costOf(order, leaves(order)), costOf(old, leaves(old)))) continue
      sum = plus(sum, costOf(order, leaves(order)))
    }
    return sum
  }

  /** An exit needs no approval of its own because it was shown with its entry: at these prices and no others. */
  asApproved({ role, parent }: Counted, { price, stopPx }: Terms): boolean {
    const bracket = parent === null ? null : this.#book.orders.get(parent)?.bracket
    if (!bracket) return false
    return role === 'Stop'
      ? samePx(stopPx, bracket.stopPx) && samePx(price, bracket.stopLimitPx ?? null)
      : samePx(stopPx, null) && samePx(price, bracket.targetPx)
  }
}

function heldOf(family: readonly Counted[]): Qty {
  let held = ZERO
  for (const order of family) {
    if (order.role === 'Entry') held = plus(held, abs(moved(order)))
    else if (order.role !== 'External') held = minus(held, order.trades.sums.cumQty as Decimal)
  }
  return max(held, ZERO) as Qty
}

const samePx = (a: Px | null, b: Px | null): boolean => (a === null || b === null ? a === b : eq(a, b))
const cents = (amount: Decimal): Amt => round(amount, 2, 'up') as Amt
const share = (amount: Amt, part: Qty, whole: Qty): Amt =>
  over(times(amount, part), whole, { scale: 2, rounding: 'up' }) as Amt
const costOf = (order: Counted, size: Qty): Amt =>
  order.maxNotional === undefined || isZero(size) || isZero(order.orderQty)
    ? (ZERO as Amt)
    : share(order.maxNotional, size, order.orderQty)

function isNear({ bid, ask }: Quote, refPx: Px, bps: number): boolean {
  // Twice the middle, so that nothing is divided.
  const apart = abs(minus(plus(bid, ask), plus(refPx, refPx)) as Decimal)
  return lte(times(apart, dec('10000')), times(plus(refPx, refPx), dec(String(bps))))
}
