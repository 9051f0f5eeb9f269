import { APPROVERS, DECLINERS } from '../../src/approvals/decide.ts'
import { digestOf } from '../../src/approvals/digest.ts'
import type { Action, Happened } from '../../src/desk/events.ts'
import { CLOCK_SKEW_MAX_MS } from '../../src/gate/evidence.ts'
import type { AccountFact, MarketSession, Quote } from '../../src/gate/facts.ts'
import { GENESIS } from '../../src/journal/chain.ts'
import { sha256Text } from '../../src/journal/merkle.ts'
import type { Row } from '../../src/journal/row.ts'
import type { Terms } from '../../src/orders/terms.ts'
import type { Ticket } from '../../src/orders/ticket.ts'
import type { BrokerPosition } from '../../src/ports/broker.ts'
import type { ClOrdID } from '../../src/values/brand.ts'
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
import { type Instant, parseInstant, plusMs } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import type { ScriptedBroker, Truth } from '../scenarios/broker.ts'
import { judged } from './judging.ts'
import { broken, type Promised } from './promises.ts'
import { type Counted, type Idea, isLive, leaves, moved, Recount } from './recount.ts'
import type { Oracles, Scene, Write } from './scene.ts'

/** The oracles of one world. `explained` are the lines of the log that begin with `error` and are no surprise. */
export function oraclesOf(scene: Scene, explained: readonly RegExp[] = []): Oracles {
  return new Watch(scene, explained)
}

/** Roles that start trading again, and those that say what a difference is. */
const RELEASERS: readonly string[] = ['risk', 'approver', 'operator', 'admin']
const EXPLAINERS: readonly string[] = ['risk', 'operator']

/** The task that says so begins like this; fewer stops than these are no reason for it: the first no may be a passing one. */
const UNPROTECTED = 'UNPROTECTED:'
const STOPS_MIN = 3

/** A row is dated when it is written, a moment after its command looked at the clock. */
const SLACK_MS = 100
/** Of each kind of reading so many are kept: more than any age limit lets in. */
const READINGS = 256

type Reading<T> = { readonly is: T; readonly wall: Instant }
type Wrong = { readonly promise: Promised; readonly text: string }
const wrong = (promise: Promised, text: string): Wrong => ({ promise, text })

/** What the broker told whoever asked: the gate may stand on this and nothing else. */
class Readings {
  readonly #quotes = new Map<string, Reading<Quote>[]>()
  readonly #sessions = new Map<string, Reading<MarketSession>[]>()
  readonly accounts: Reading<AccountFact>[] = []
  readonly positions: Reading<readonly BrokerPosition[]>[] = []

  constructor(venue: ScriptedBroker, wall: () => Instant) {
    const keep = <T>(list: Reading<T>[], is: T): T => {
      list.push({ is, wall: wall() })
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

function listOf<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? []
  if (list.length === 0) map.set(key, list)
  return list
}

/** By the clock of the house, as the gate judges it: neither too old nor from the future. */
const isTimely = (at: Instant, now: Instant, limitMs: number): boolean =>
  now - at <= (limitMs + SLACK_MS) * 1_000 && at - now <= (CLOCK_SKEW_MAX_MS + SLACK_MS) * 1_000

class Watch implements Oracles {
  readonly #scene: Scene
  readonly #explained: readonly RegExp[]
  readonly #book = new Recount()
  readonly #readings: Readings
  /** Journal rows that were looked at. */
  #seen = 0
  #last: Row | null = null
  #haltAt: Instant | null = null
  /** Entries that were open when a halt came with the commit that is looked at. */
  #toEnd: readonly Counted[] = []
  /** What was wrong when the send was promised; it is an offence only once the first byte leaves. */
  readonly #wrong = new Map<string, Wrong>()
  readonly #reduces = new Set<string>()
  readonly #createdAt = new Map<string, Instant>()
  /** Sends that left, and the true time of the last of them. */
  readonly #writes = new Map<string, { readonly n: number; readonly at: Instant }>()
  readonly #answers = new Map<string, string>()
  /** When, truly, an order was said to be absent; `hidden`: the broker was keeping it back. */
  readonly #absent = new Map<string, { readonly at: Instant; readonly hidden: boolean }>()
  readonly #heads: { readonly size: number; readonly hash: string }[] = []
  #indexed = 0
  readonly #entries = new Map<string, Truth[]>()
  readonly #crowded = new Set<string>()
  readonly #booked = new Set<string>()

  constructor(scene: Scene, explained: readonly RegExp[]) {
    this.#scene = scene
    this.#explained = explained
    this.#readings = new Readings(scene.venue, () => scene.wall())
  }

  // --- what became durable

  committed(rows: readonly Row[]): void {
    const [first] = rows
    if (!first) return
    // What was written before anybody watched.
    for (let row = this.#scene.rows[this.#seen]; row && row.seq < first.seq; row = this.#scene.rows[this.#seen])
      this.#row(row)
    for (const row of rows) this.#row(row)
    for (const order of this.#toEnd)
      if (isLive(order) && !order.askedToEnd)
        broken('canceled', `trading was halted while ${order.clOrdID} was open, and no cancel of it was asked for`)
    this.#toEnd = []
    this.#doubles()
  }

  #row(row: Row): void {
    if (row.seq !== this.#seen) broken('kept', `row ${row.seq} was written where row ${this.#seen} belongs`)
    this.#seen++
    const { actor, corr, object } = row
    if (
      !KINDS_OF_ACTOR.has(actor?.type) ||
      !actor.id ||
      !actor.via ||
      !corr ||
      !row.action ||
      !object?.type ||
      !object.id
    )
      broken('seen', `row ${row.seq} (${row.action}) does not say who did it, to what, or what for`)
    if (parseInstant(row.ts) === null) broken('seen', `row ${row.seq} has no time: ${row.ts}`)
    const inexact = inexactIn(row.data)
    if (inexact) broken('decimals', `row ${row.seq} (${row.action}): ${inexact}`)
    this.#mayDo(row)
    if (row.action === 'halt.engaged') {
      this.#haltAt = this.#scene.truly()
      this.#toEnd = [...this.#book.orders.values()].filter((o) => o.role === 'Entry' && isLive(o))
    }
    if (row.action === 'order.created') this.#createdAt.set(object.id, parseInstant(row.ts) as Instant)
    this.#book.take(row)
    this.#last = row
    if (row.action === 'order.send-started') this.#promised(row)
    if (row.action === 'order.absent') this.#gone(row)
    if (row.action === 'task.raised') this.#givenUp(object.id)
    if (row.action === 'order.rejected') {
      const heard = this.#answers.get(object.id)
      if (heard !== undefined && heard !== 'rejected')
        broken('proof', `${object.id} is shown as rejected, and the reply to its send was ${heard}`)
    }
  }

  /** G11, and what people must have done before. Looks at the book as it is before the row. */
  #mayDo(row: Row): void {
    const { actor } = row
    const { id } = row.object
    const book = this.#book
    switch (row.action as Action) {
      case 'intent.approved': {
        const { decision, sendBy } = dataOf<'intent.approved'>(row)
        const idea = book.ideas.get(id)
        if (!idea) broken('seen', `row ${row.seq} approves ${id}, which was never received`)
        this.#person(row, APPROVERS, `approve ${id}`)
        if (decision.by !== actor.id) broken('people', `${actor.id} approved ${id} in the name of ${decision.by}`)
        if (isOwn(idea, actor.id)) broken('people', `${actor.id} approved ${id}, which is their own proposal`)
        if (decision.digest !== idea.digest)
          broken('approved', `${id} was approved under a digest that its ticket has not`)
        if (idea.decideBy === null || decision.at > idea.decideBy || decision.at > idea.intent.proposal.expiresAt)
          broken('approved', `${id} was approved after the time to decide`)
        if (sendBy > plusMs(decision.at, this.#scene.policy.executionTtlMs))
          broken('approved', `the approval of ${id} lasts longer than the policy allows`)
        const seen = this.#scene.said
        if (
          seen &&
          !seen.some((s) => s.what === 'approve' && s.intentID === id && s.by === actor.id && s.digest === idea.digest)
        )
          broken('approved', `${actor.id} never said yes to the ticket of ${id} that counts as approved`)
        return
      }
      case 'order.replace-requested': {
        const { decision, ticket, by } = dataOf<'order.replace-requested'>(row)
        const order = book.orders.get(id)
        const idea = order && book.ideas.get(order.intentID)
        if (!order || !idea) broken('seen', `row ${row.seq} changes ${id}, which is not in the book`)
        this.#person(row, APPROVERS, `change ${id}`)
        if (decision.by !== actor.id) broken('people', `${actor.id} changed ${id} in the name of ${decision.by}`)
        if (isOwn(idea, actor.id)) broken('people', `${actor.id} changed ${id}, which is their own proposal`)
        const meant = this.#scene.said
        const { orderQty, price } = ticket.terms
        const same = (asked: Decimal | null, got: Decimal | null): boolean =>
          asked === null || (got !== null && eq(asked, got))
        if (
          meant &&
          !meant.some(
            (s) =>
              s.what === 'replace' &&
              s.clOrdID === id &&
              s.by === actor.id &&
              same(s.orderQty, orderQty) &&
              same(s.price, price),
          )
        )
          broken('approved', `${actor.id} never asked for ${by} as it is written down`)
        return
      }
      case 'halt.released': {
        this.#person(row, RELEASERS, 'release the halt')
        const { halt, lastRun } = book
        if (!halt || !lastRun?.run.clean || lastRun.seq < halt.seq)
          broken('compared', 'the halt was released without a comparison since it came that found nothing')
        return
      }
      case 'order.adopted':
        if (actor.type !== 'broker') this.#person(row, EXPLAINERS, `take in ${id}`)
        return
      case 'intent.declined':
        return this.#person(row, DECLINERS, `decline ${id}`)
      case 'intent.withdrawn':
        if (actor.type !== 'person' && actor.id !== book.ideas.get(id)?.intent.proposer.id)
          broken('people', `${actor.id} withdrew ${id}, which somebody else proposed`)
        return
      case 'task.closed':
        // The doubt about an order ends by itself, once it is known what became of it.
        if (actor.type !== 'person' && !(actor.type === 'system' && id.startsWith('IN_DOUBT:')))
          broken('people', `${actor.type} ${actor.id} closed task ${id}`)
        return
      case 'instrument.thawed':
        if (book.tasks.get(`FROZEN:${id}`) !== false)
          broken('compared', `${id} thawed before a person had closed its task`)
        return
      case 'person.added':
      case 'code.issued':
      case 'session.opened':
      case 'token.issued':
        if (actor.type === 'agent') broken('people', `agent ${actor.id} did ${row.action}`)
        return
      default:
        return
    }
  }
  #person({ actor }: Row, roles: readonly string[], what: string): void {
    const no = mayNot(actor.type === 'person' ? actor.id : null, roles, this.#book)
    if (no !== null) broken('people', `${actor.type} ${actor.id} did ${what}: ${no}`)
  }

  /** Whatever is wrong with the send that was just promised, at the moment of the promise. */
  #promised(row: Row): void {
    const order = this.#book.orders.get(row.object.id)
    if (!order) return
    // Not the time of the row: after the clock was set back it stands still until the clock has caught up.
    const now = this.#scene.wall()
    this.#reduces.delete(order.clOrdID)
    const found = order.role === 'Entry' ? this.#entry(order, now) : this.#exit(order)
    if (found) this.#wrong.set(order.clOrdID, found)
    else this.#wrong.delete(order.clOrdID)
  }

  /** A person is told to protect a position by hand only after the broker did not keep a few stops of ours. */
  #givenUp(taskID: string): void {
    const entry = taskID.startsWith(UNPROTECTED) && this.#book.orders.get(taskID.slice(UNPROTECTED.length))
    if (!entry) return
    const tried = this.#book.of(entry.intentID).filter((o) => o.role === 'Stop' && o.starts > 0 && !isLive(o))
    if (tried.length < STOPS_MIN)
      broken('covered', `${entry.clOrdID} was given up after ${tried.length} stops, and ${STOPS_MIN} are tried`)
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
    const no = mayNot(decision.by, APPROVERS, this.#book)
    if (no !== null) return wrong('approved', `${decision.by}, who approved ${order.clOrdID}: ${no}`)
    if (isOwn(idea, decision.by)) return wrong('approved', `${decision.by} approved their own ${order.clOrdID}`)
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
    if (!wish && idea.intent.proposal.expiresAt <= plusMs(now, -SLACK_MS))
      return wrong('approved', `${order.clOrdID} was promised after its signal had expired`)
    if (this.#book.frozen.has(order.symbol))
      return wrong('frozen', `${order.clOrdID} was promised while ${order.symbol} was frozen`)
    return this.#market(order, ticket, filled, now)
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
  #market(order: Counted, ticket: Ticket, filled: Qty, now: Instant): Wrong | null {
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
    const rest = minus(ticket.terms.orderQty, filled)
    const notional = isZero(filled) ? ticket.maxNotional : share(ticket.maxNotional, rest, ticket.terms.orderQty)
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

  /** G2: an order that left may count as gone only where the broker's rules make that a proof. */
  #gone(row: Row): void {
    const { venue } = this.#scene
    const order = this.#book.orders.get(row.object.id)
    const left = this.#writes.get(row.object.id)
    if (!order || !left) return
    this.#absent.set(order.clOrdID, { at: this.#scene.truly(), hidden: venue.hidden.has(order.clOrdID) })
    // One that was to take the place of another can come no more when that one has ended.
    const old = order.replaces === undefined ? undefined : this.#book.orders.get(order.replaces)
    if (old && !isLive(old)) return
    // A repeat that stayed here says nothing of the first send, and the desk knows: it stays in doubt.
    if (venue.capabilities.absenceProvenAfterMs === null)
      broken('proof', `${order.clOrdID} left and counts as absent, and at this broker no look-up proves that`)
  }

  // --- what leaves

  beforeWrite(write: Write): void {
    const { clOrdID } = write
    const { venue, policy } = this.#scene
    const order = this.#book.orders.get(clOrdID)
    if (!order) broken('durable', `${write.kind} of ${clOrdID} leaves, and no row tells of that order`)
    const home = `${policy.environment}:${policy.broker}:`
    if (order.account !== venue.account || !order.account.startsWith(home) || venue.environment !== policy.environment)
      broken('account', `${clOrdID} of ${order.account} goes to ${venue.account} under a policy for ${home}`)
    if (write.kind === 'cancel') {
      if (!order.askedToEnd) broken('durable', `a cancel of ${clOrdID} leaves that nobody asked for`)
      return
    }
    const before = this.#writes.get(clOrdID)?.n ?? 0
    if (before > 0 && (!venue.capabilities.idempotentSubmit || write.kind === 'replace'))
      broken('names', `${clOrdID} is sent a second time`)
    if (order.starts <= before)
      broken('durable', `${clOrdID} leaves for the ${before + 1}. time, and ${order.starts} sends are written down`)
    const found = this.#wrong.get(clOrdID)
    if (found) broken(found.promise, found.text)
    if (order.role === 'Entry') this.#leaving(order, write)
    else {
      if (!write.terms.reduceOnly || write.terms.bracket)
        broken('reduces', `${clOrdID} is called ${order.role}, and may open a position`)
      if (!this.#asApproved(order, write.terms))
        broken('approved', `${clOrdID} is not the ${order.role} that was approved with its entry`)
      if (canonical(write.terms) !== order.termsText)
        broken('durable', `${clOrdID} leaves with other terms than were written down`)
    }
    this.#writes.set(clOrdID, { n: before + 1, at: this.#scene.truly() })
  }

  /** An exit needs no approval of its own because it was shown with its entry: at these prices and no others. */
  #asApproved({ role, parent }: Counted, { price, stopPx }: Terms): boolean {
    const bracket = parent === null ? null : this.#book.orders.get(parent)?.bracket
    if (!bracket) return false
    return role === 'Stop'
      ? samePx(stopPx, bracket.stopPx) && samePx(price, bracket.stopLimitPx ?? null)
      : samePx(stopPx, null) && samePx(price, bracket.targetPx)
  }

  #leaving(order: Counted, write: Exclude<Write, { kind: 'cancel' }>): void {
    const { clOrdID } = order
    const scene = this.#scene
    const idea = this.#book.ideas.get(order.intentID)
    const wish = this.#book.changes.get(clOrdID)
    const shown = write.kind === 'replace' ? wish && canonical(wish.ticket.terms) : idea?.ticketText
    if ((write.kind === 'replace') !== (order.replaces !== undefined))
      broken('once', `${clOrdID} leaves as a ${write.kind}`)
    if (write.kind === 'replace' && write.old !== order.replaces)
      broken('once', `${clOrdID} takes the place of ${write.old}, not of ${order.replaces}`)
    if (shown !== canonical(write.terms)) broken('approved', `${clOrdID} is not the order that was shown`)
    if (write.kind === 'submit' && order.termsText !== shown)
      broken('durable', `${clOrdID} leaves with other terms than were written down`)
    const sendBy = (write.kind === 'replace' ? wish?.sendBy : idea?.approval?.sendBy) ?? (0 as Instant)
    if (!wish && idea?.last !== 'intent.approved') broken('approved', `${clOrdID} leaves after ${idea?.last}`)
    if (scene.wall() > sendBy) broken('approved', `${clOrdID} leaves after its approval has ended`)
    if (!this.#reduces.has(clOrdID)) {
      // Of a halt that comes in the very instant of the first byte nobody can say which was first.
      if (this.#book.halt && this.#haltAt !== null && scene.truly() > this.#haltAt)
        broken('halt', `${clOrdID} leaves during a halt`)
      if (scene.haltFile === 'present') broken('halt', `${clOrdID} leaves while the HALT file is there`)
    }
    const root = this.#book.root(order)
    for (const there of this.#entries.get(order.intentID) ?? []) {
      const other = there.clOrdID && this.#book.orders.get(there.clOrdID)
      if (other && other !== order && there.open && this.#book.root(other) !== root && !this.#isGhost(there))
        broken('once', `${clOrdID} leaves, and ${there.clOrdID} of the same intent works at the broker`)
    }
  }

  answered(clOrdID: ClOrdID, outcome: 'accepted' | 'rejected' | 'in-doubt'): void {
    this.#answers.set(clOrdID, outcome)
  }

  // --- what is at the broker

  booked(): void {
    const { truth } = this.#scene.venue
    while (this.#indexed < truth.length) this.#index(truth[this.#indexed++] as Truth)
    for (const intentID of this.#crowded) this.#oneOf(intentID)
  }

  #index(there: Truth): void {
    const { clOrdID } = there
    // Other hands give names too; ours are those that we have sent.
    if (clOrdID === null || !this.#writes.has(clOrdID)) return
    if (this.#booked.has(clOrdID)) broken('names', `the broker has booked ${clOrdID} twice`)
    this.#booked.add(clOrdID)
    const order = this.#book.orders.get(clOrdID)
    if (order?.role !== 'Entry') return
    const entries = listOf(this.#entries, order.intentID)
    entries.push(there)
    if (entries.length > 1) this.#crowded.add(order.intentID)
  }

  /** Two that are not one in the place of the other need the broker to have broken its own rule of proof. */
  #oneOf(intentID: string): void {
    const entries = this.#entries.get(intentID) ?? []
    const root = (t: Truth) => {
      const order = this.#book.orders.get(t.clOrdID ?? '')
      return order && this.#book.root(order).clOrdID
    }
    for (const [i, a] of entries.entries())
      for (const b of entries.slice(i + 1))
        if (root(a) !== root(b) && !this.#isGhost(a) && !this.#isGhost(b))
          broken('once', `intent ${intentID} has two orders at the broker: ${a.clOrdID} and ${b.clOrdID}`)
  }

  /** One in the place of another: for the length of one call at the broker both may look open, and no longer. */
  #doubles(): void {
    for (const intentID of this.#crowded) {
      const open = (this.#entries.get(intentID) ?? []).filter((t) => t.open && !this.#isGhost(t))
      if (open.length > 1)
        broken('once', `intent ${intentID} works twice at the broker: ${open.map((t) => t.clOrdID).join(', ')}`)
    }
  }

  /**
   * It counted as absent by the broker's own rule, and was booked only afterwards; or the broker was hiding it. Either
   * way the broker broke its word, and the gateway can only take it back.
   */
  #isGhost(there: Truth): boolean {
    const gone = this.#absent.get(there.clOrdID ?? '')
    if (!gone) return false
    const { absenceProvenAfterMs } = this.#scene.venue.capabilities
    const left = this.#writes.get(there.clOrdID ?? '')
    if (gone.hidden) return true
    return (
      there.bookedAt >= gone.at &&
      left !== undefined &&
      absenceProvenAfterMs !== null &&
      there.bookedAt - left.at >= absenceProvenAfterMs * 1_000
    )
  }

  // --- lives and their end

  acknowledged(head: { readonly size: number; readonly hash: string }): void {
    if (head.size > this.#seen)
      broken('kept', `row ${head.size - 1} was acknowledged, and ${this.#seen} rows are durable`)
    const last = this.#heads.at(-1)
    if (!last || last.size < head.size) this.#heads.push(head)
  }

  async reopened(): Promise<void> {
    const { store } = this.#scene
    if (!store) return
    const rows = await store.journal(0, this.#seen + 1)
    const hashAt = (size: number): string => {
      if (size === 0) return GENESIS
      return rows[size]?.prev ?? sha256Text(canonical(rows[size - 1]))
    }
    if (rows.length < this.#seen)
      broken('kept', `${this.#seen} rows were durable, and ${rows.length} are there after the start`)
    if (this.#last && hashAt(this.#seen) !== sha256Text(canonical(this.#last)))
      broken('kept', `row ${this.#seen - 1} is another one after the start`)
    for (const { size, hash } of this.#heads)
      if (hashAt(size) !== hash)
        broken('kept', `what was acknowledged with row ${size - 1} is not in the journal any more`)
    // From here on only the chain itself must hold: it goes through all of them.
    this.#heads.splice(0, Math.max(0, this.#heads.length - 1))
  }

  async atEnd(): Promise<void> {
    this.booked()
    this.#doubles()
    await judged({
      scene: this.#scene,
      book: this.#book,
      explained: this.#explained,
      isSent: (clOrdID) => this.#writes.has(clOrdID),
      wasGone: (clOrdID) => this.#absent.has(clOrdID),
      heads: this.#heads,
    })
  }
}

const KINDS_OF_ACTOR: ReadonlySet<string> = new Set(['person', 'agent', 'system', 'broker'])
const dataOf = <A extends Action>(row: Row): Happened[A] => row.data as unknown as Happened[A]

/** Why this person may not; null when they may. */
function mayNot(personID: string | null, roles: readonly string[], book: Recount): string | null {
  if (personID === null) return 'that takes a person'
  const person = book.people.get(personID)
  if (!person) return 'nobody of that name is known'
  if (person.disabled) return 'is disabled'
  return person.roles.some((role) => roles.includes(role)) ? null : `has only the roles ${person.roles.join(', ')}`
}
const isOwn = ({ intent }: Idea, personID: string): boolean =>
  personID === intent.proposer.id || personID === intent.proposerOwner

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

/** Fields that hold money, sizes and prices, wherever they stand. */
const MONEY: ReadonlySet<string> = new Set([
  'orderQty',
  'price',
  'stopPx',
  'targetPx',
  'stopLimitPx',
  'entryPx',
  'lastQty',
  'lastPx',
  'commission',
  'settlCurrFxRate',
  'feeQty',
  'maxNotional',
  'refPx',
  'cumQty',
  'grossTradeAmt',
  'confidence',
  'equity',
  'riskAmount',
  'riskPerUnit',
  'riskAtStop',
  'unitCost',
  'rawQty',
  'qty',
  'lot',
  'notional',
  'capQty',
  'left',
  'used',
])
const CANONICAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

/** The first figure that is not canonical decimal text; null when all are. */
function inexactIn(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null
  for (const [key, one] of Object.entries(value)) {
    if (typeof one === 'object' && one !== null) {
      const found = inexactIn(one)
      if (found) return found
    } else if (MONEY.has(key) && one !== null && !(typeof one === 'string' && CANONICAL.test(one) && one !== '-0'))
      return `${key} is ${JSON.stringify(one)}`
  }
  return null
}
