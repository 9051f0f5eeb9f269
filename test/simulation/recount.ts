import type { Action, Happened } from '../../src/desk/events.ts'
import type { Limits } from '../../src/gate/limits.ts'
import type { Row } from '../../src/journal/row.ts'
import type { HaltLevel } from '../../src/orders/halt.ts'
import type { Report } from '../../src/orders/report.ts'
import type { Bracket, Terms } from '../../src/orders/terms.ts'
import type { Ticket } from '../../src/orders/ticket.ts'
import { type ApprovalPolicy, FIRST_POLICY } from '../../src/approvals/policy.ts'
import type {
  ArmedStrategy,
  Change as HouseChange,
  Decision,
  Intent,
  Person,
  ReconcileRun,
} from '../../src/ports/records.ts'
import type { ClOrdID, ExecID, OrderID } from '../../src/values/brand.ts'
import {
  type Amt,
  type Decimal,
  gt,
  gte,
  minus,
  negate,
  over,
  plus,
  type Px,
  type Qty,
  times,
  ZERO,
} from '../../src/values/decimal.ts'
import { type Instant, parseInstant } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'

/** One journal row of a known action, with its data in the shape that action carries. */
type Told = { [K in Action]: { readonly action: K; readonly data: Happened[K] } }[Action]

type Change = { readonly to: { lastQty: Qty; lastPx: Px; feeQty?: Qty } | null; at: Instant; execID: ExecID }
type Trade = { qty: Qty; px: Px; fee: Qty; live: boolean; changed: Change | null }

/** The trades of one order, added up from the reports alone, in whatever order they came. */
export class Trades {
  readonly #trades = new Map<ExecID, Trade>()
  readonly #early = new Map<ExecID, Change>()
  #sums: { readonly cumQty: Qty; readonly gross: Decimal; readonly fee: Qty } | null = null

  /** True when it was a trade, or changed one. */
  take(report: Report): boolean {
    switch (report.execType) {
      case 'Trade': {
        if (this.#trades.has(report.execID)) return false
        const { lastQty: qty, lastPx: px, feeQty: fee = ZERO as Qty } = report
        const trade: Trade = { qty, px, fee, live: true, changed: null }
        this.#trades.set(report.execID, trade)
        const early = this.#early.get(report.execID)
        if (early) alter(trade, early)
        break
      }
      case 'TradeCancel':
      case 'TradeCorrect': {
        const { execID, transactTime: at, refExecID } = report
        const {
          lastQty = ZERO as Qty,
          lastPx = ZERO as Px,
          feeQty = ZERO as Qty,
        } = report as Partial<Extract<Report, { execType: 'TradeCorrect' }>>
        const change: Change = {
          to: report.execType === 'TradeCancel' ? null : { lastQty, lastPx, feeQty },
          at,
          execID,
        }
        const trade = this.#trades.get(refExecID)
        if (trade) alter(trade, change)
        else {
          const held = this.#early.get(refExecID)
          if (!held || (held.to !== null && (change.to === null || isLater(change, held))))
            this.#early.set(refExecID, change)
          return false
        }
        break
      }
      default:
        return false
    }
    this.#sums = null
    return true
  }

  /** What is filled, what it came to, and what of it the broker kept. */
  get sums(): { readonly cumQty: Qty; readonly gross: Decimal; readonly fee: Qty } {
    if (this.#sums) return this.#sums
    let [cumQty, gross, fee] = [ZERO as Qty, ZERO, ZERO as Qty]
    for (const trade of this.#trades.values()) {
      if (!trade.live) continue
      cumQty = plus(cumQty, trade.qty)
      gross = plus(gross, times(trade.qty, trade.px))
      fee = plus(fee, gt(trade.fee, trade.qty) ? trade.qty : trade.fee)
    }
    this.#sums = { cumQty, gross, fee }
    return this.#sums
  }
}

/** A bust is final; of two corrections the later one holds, and of two of one moment the one with the later name. */
function alter(trade: Trade, change: Change): void {
  if (!trade.live || (change.to && trade.changed && !isLater(change, trade.changed))) return
  trade.changed = change
  if (!change.to) trade.live = false
  else [trade.qty, trade.px, trade.fee] = [change.to.lastQty, change.to.lastPx, change.to.feeQty ?? (ZERO as Qty)]
}
const isLater = (a: Change, b: Change): boolean => (a.at === b.at ? a.execID > b.execID : a.at > b.at)

/** An order as the journal alone tells of it. */
export type Counted = {
  readonly clOrdID: ClOrdID
  readonly intentID: string
  readonly role: string
  readonly account: string
  readonly symbol: string
  readonly side: 'Buy' | 'Sell'
  readonly reduceOnly: boolean
  readonly price: Px | null
  /** The exits that were approved with it. */
  readonly bracket: Bracket | null
  /** As it was created. */
  readonly firstQty: Qty
  /** As it was created, canonical. */
  readonly termsText: string
  readonly replaces: ClOrdID | undefined
  readonly parent: ClOrdID | null
  orderQty: Qty
  maxNotional: Amt | undefined
  orderID: OrderID | null
  delivery: string
  ended: boolean
  rejected: boolean
  full: boolean
  /** Somebody asked, at whatever time, that it be canceled. */
  askedToEnd: boolean
  amended: boolean
  /** How often a send was promised. */
  starts: number
  readonly trades: Trades
}

/** An intent as the journal alone tells of it. */
export type Idea = {
  readonly intent: Intent
  /** What happened to it last, such as `intent.approved`. */
  last: string
  ticket: Ticket | null
  ticketText: string
  /** The row that made it. */
  ticketSeq: number
  digest: string | null
  decideBy: Instant | null
  /** Every yes to it, the last one included. */
  votes: readonly Decision[]
  approval: {
    readonly decision: Decision
    readonly sendBy: Instant
    readonly byActor: string
    usedBy: ClOrdID | null
  } | null
}

/** What a person let go without being asked; `ended` says by what, and `disarmed` whether the journal says that it did. */
export type Armed = {
  readonly arming: ArmedStrategy
  readonly ended: string | null
  readonly disarmed: boolean
  readonly used: number
}
/** What is halted, how far, by which row, and by whose id. */
export type Halted = {
  readonly scope: string
  readonly level: HaltLevel
  readonly seq: number
  readonly by: string
}
/** Whether a halt of this scope is about an order in this symbol, of this strategy. A world has one account at one broker. */
export function stops(scope: string, symbol: string | null, strategyID: string | null): boolean {
  if (scope.startsWith('symbol:')) return scope === `symbol:${symbol}`
  if (scope.startsWith('strategy:')) return scope === `strategy:${strategyID}`
  return true
}
/** What waits of it is taken back, and no comparison is needed to release it. */
export const isPart = (scope: string): boolean => scope.startsWith('symbol:') || scope.startsWith('strategy:')

/** A change of the house that somebody wants, and who agreed to it. */
export type Wanted = { readonly change: HouseChange; readonly agreed: readonly string[]; readonly settled: boolean }

/** What a person asked an open order to become. */
export type Wish = {
  readonly ticket: Ticket
  readonly decision: Decision
  readonly sendBy: Instant
  readonly of: string
}

/** What the journal says, counted again row by row, by other code than the product's own folds. */
export class Recount {
  /** The gateway has run: whoever is in the house by then is all of its people. */
  started = false
  /** Everything that is halted, by its scope. */
  readonly halts = new Map<string, Halted>()
  lastRun: { readonly seq: number; readonly run: ReconcileRun } | null = null
  readonly frozen = new Set<string>()
  readonly people = new Map<string, Person>()
  readonly ideas = new Map<string, Idea>()
  readonly orders = new Map<string, Counted>()
  readonly byOrderID = new Map<string, Counted>()
  readonly family = new Map<string, Counted[]>()
  /** Risk limits as people have set them, and those that wait for their day. Null: there are none. */
  limits: { readonly is: Limits; readonly next: { readonly is: Limits; readonly from: Instant } | null } | null = null
  /** Task → is it still open. A task that was never raised is not in here. */
  readonly tasks = new Map<string, boolean>()
  /** Name of the order that is to take a place → what a person asked for. */
  readonly changes = new Map<string, Wish>()
  /** Who must say yes to what, since row `seq`. Null: what an installation begins with. */
  policy: { readonly seq: number; readonly is: ApprovalPolicy } | null = null
  readonly armings = new Map<string, Armed>()
  readonly wanted = new Map<string, Wanted>()
  /** Chat user → whose it is; one that was unlinked is not in here. */
  readonly links = new Map<string, string>()
  /** Passkey → whose it is; one that was revoked is not in here. */
  readonly passkeys = new Map<string, string>()

  take(row: Row): void {
    const told = row as unknown as Told
    const { id } = row.object
    switch (told.action) {
      case 'intent.received':
        this.ideas.set(id, {
          intent: told.data.intent,
          last: row.action,
          ticket: null,
          ticketText: '',
          ticketSeq: row.seq,
          digest: null,
          decideBy: null,
          votes: [],
          approval: null,
        })
        return
      case 'intent.ticketed': {
        const { ticket, digest, decideBy } = told.data
        Object.assign(this.#idea(id, row), {
          ticket,
          ticketText: canonical(ticket.terms),
          ticketSeq: row.seq,
          digest,
          decideBy,
          votes: [],
          approval: null,
        })
        return
      }
      case 'intent.approved': {
        const { decision, sendBy } = told.data
        const idea = this.#idea(id, row)
        idea.approval = { decision, sendBy, byActor: row.actor.type, usedBy: null }
        idea.votes = [...idea.votes, decision]
        const armed = decision.evidence?.kind === 'armed' && this.armings.get(decision.evidence.armingID)
        if (armed) this.armings.set(armed.arming.armingID, { ...armed, used: armed.used + 1 })
        return
      }
      case 'intent.voted': {
        // It waits as it did before.
        const idea = this.ideas.get(id)
        if (idea) idea.votes = [...idea.votes, told.data.decision]
        return
      }
      case 'intent.refused':
      case 'intent.declined':
      case 'intent.withdrawn':
      case 'intent.lapsed':
        this.#idea(id, row)
        return
      case 'order.created':
      case 'order.adopted':
        this.#created(told.data.order)
        return
      case 'order.replace-requested': {
        const { by, ticket, decision, sendBy } = told.data
        this.changes.set(by, { ticket, decision, sendBy, of: id })
        return
      }
      case 'order.send-started': {
        const order = this.#order(id)
        order.delivery = 'Sending'
        order.starts++
        return
      }
      case 'order.accepted': {
        const order = this.#order(id)
        order.delivery = 'Delivered'
        this.#named(order, told.data.orderID)
        return
      }
      case 'order.rejected': {
        const order = this.#order(id)
        order.delivery = 'Rejected'
        if (isWorking(order)) order.rejected = true
        return
      }
      case 'order.in-doubt': {
        const order = this.#order(id)
        if (order.delivery === 'Sending') order.delivery = 'InDoubt'
        return
      }
      case 'order.absent':
        this.#order(id).delivery = 'Absent'
        return
      case 'order.resized': {
        const order = this.#order(id)
        const { orderQty } = told.data
        if (order.maxNotional !== undefined && gt(order.orderQty, ZERO))
          order.maxNotional = over(times(order.maxNotional, orderQty), order.orderQty, {
            scale: 2,
            rounding: 'up',
          }) as Amt
        order.orderQty = orderQty
        return
      }
      case 'order.cancel-requested':
        this.#order(id).askedToEnd = true
        return
      case 'execution.reported':
        return this.#reported(this.#order(id), told.data.report)
      case 'halt.engaged': {
        const { level = 'K4' } = told.data
        this.halts.set(id, { scope: id, level, seq: row.seq, by: row.actor.id })
        return this.#disarmed('trading was halted', ({ strategyID }) => stops(id, null, strategyID))
      }
      case 'gateway.started':
        this.started = true
        return this.#disarmed('the gateway was restarted', () => true)
      case 'halt.released':
        this.halts.delete(id)
        return
      case 'instrument.frozen':
        this.frozen.add(told.data.symbol)
        return
      case 'instrument.thawed':
        this.frozen.delete(told.data.symbol)
        return
      case 'task.raised':
        this.tasks.set(id, true)
        return
      case 'task.closed':
        this.tasks.set(id, false)
        return
      case 'account.reconciled':
        this.lastRun = { seq: row.seq, run: told.data.run }
        return
      case 'person.added':
        this.people.set(id, told.data.person)
        return
      case 'person.changed': {
        const person = this.people.get(id)
        if (person) this.people.set(id, { ...person, ...told.data })
        if (person && told.data.disabled)
          this.#disarmed(`${person.name}, who armed it, was disabled`, ({ by }) => by === id)
        return
      }
      case 'limits.opened':
        this.limits = { is: told.data.limits, next: null }
        return
      case 'limits.changed': {
        const { limits, from } = told.data
        const before = this.limitsAt(parseInstant(row.ts) as Instant) ?? limits
        this.limits = from === null ? { is: limits, next: null } : { is: before, next: { is: limits, from } }
        return
      }
      case 'policy.changed':
        this.policy = { seq: row.seq, is: told.data.policy }
        return
      case 'change.proposed':
        this.wanted.set(id, { change: told.data.change, agreed: [], settled: false })
        return
      case 'change.voted': {
        const wanted = this.wanted.get(id)
        if (wanted) this.wanted.set(id, { ...wanted, agreed: [...wanted.agreed, told.data.decision.by] })
        return
      }
      case 'change.applied':
      case 'change.declined':
      case 'change.lapsed': {
        const wanted = this.wanted.get(id)
        if (wanted) this.wanted.set(id, { ...wanted, settled: true })
        return
      }
      case 'strategy.armed':
        this.armings.set(id, { arming: told.data.arming, ended: null, disarmed: false, used: 0 })
        return
      case 'strategy.disarmed':
        this.#disarmed(told.data.why, ({ armingID }) => armingID === id)
        return this.#isTold(id)
      case 'link.made':
        this.links.set(id, told.data.link.personID)
        return
      case 'link.ended':
        this.links.delete(id)
        return
      case 'passkey.enrolled':
        this.passkeys.set(id, told.data.passkey.personID)
        return
      case 'passkey.revoked':
        this.passkeys.delete(id)
        return
      default:
        return
    }
  }

  /** The most that may go without a person; null: nothing may. */
  get autoMaxNotional(): Amt | null {
    return this.policy ? this.policy.is.autoMaxNotional : FIRST_POLICY.autoMaxNotional
  }

  /** What is in force. */
  limitsAt(now: Instant): Limits | null {
    const next = this.limits?.next
    return next && now >= next.from ? next.is : (this.limits?.is ?? null)
  }

  /** The order and those in whose place it is, newest first. */
  line(order: Counted): Counted[] {
    const before = order.replaces === undefined ? undefined : this.orders.get(order.replaces)
    return before ? [order, ...this.line(before)] : [order]
  }
  root(order: Counted): Counted {
    return this.line(order).at(-1) ?? order
  }
  of(intentID: string): readonly Counted[] {
    return this.family.get(intentID) ?? []
  }
  /** Signed, by the trades in the journal. */
  netQty(symbol: string): Decimal {
    let sum = ZERO
    for (const order of this.orders.values()) if (order.symbol === symbol) sum = plus(sum, moved(order))
    return sum
  }

  /** What its sales brought less what its purchases took, before commission, in the currency it is quoted in. */
  netCash(symbol: string): Decimal {
    let sum = ZERO
    for (const { symbol: traded, side, trades } of this.orders.values())
      if (traded === symbol) sum = side === 'Buy' ? minus(sum, trades.sums.gross) : plus(sum, trades.sums.gross)
    return sum
  }

  #isTold(armingID: string): void {
    const armed = this.armings.get(armingID)
    if (armed) this.armings.set(armingID, { ...armed, disarmed: true })
  }
  /** What halts an order in this symbol, of this strategy. */
  stopping(symbol: string | null, strategyID: string | null): readonly Halted[] {
    return [...this.halts.values()].filter(({ scope }) => stops(scope, symbol, strategyID))
  }
  stoppingOrder({ symbol, intentID }: Pick<Counted, 'symbol' | 'intentID'>): readonly Halted[] {
    return this.stopping(symbol, this.ideas.get(intentID)?.intent.proposal.strategyID ?? null)
  }

  #disarmed(why: string, is: (arming: ArmedStrategy) => boolean): void {
    for (const [id, armed] of this.armings)
      if (armed.ended === null && is(armed.arming)) this.armings.set(id, { ...armed, ended: why })
  }
  #idea(id: string, row: Row): Idea {
    const idea = this.ideas.get(id)
    if (!idea) throw new Error(`row ${row.seq} is about intent ${id}, which was never received`)
    idea.last = row.action
    return idea
  }
  #order(id: string): Counted {
    const order = this.orders.get(id)
    if (!order) throw new Error(`the journal tells of order ${id}, which was never created`)
    return order
  }
  #created(made: Happened['order.created']['order']): void {
    const { clOrdID, intentID, role, account, replaces, parent } = made
    const { symbol, side, reduceOnly, price, orderQty }: Terms = made.terms
    const order: Counted = {
      clOrdID,
      intentID,
      role,
      account,
      symbol,
      side,
      reduceOnly,
      price,
      bracket: made.terms.bracket,
      firstQty: orderQty,
      termsText: canonical(made.terms),
      replaces,
      parent,
      orderQty,
      maxNotional: made.maxNotional,
      orderID: null,
      delivery: made.delivery,
      ended: false,
      rejected: false,
      full: false,
      askedToEnd: false,
      amended: false,
      starts: 0,
      trades: new Trades(),
    }
    this.orders.set(clOrdID, order)
    this.family.set(intentID, [...this.of(intentID), order])
    this.#named(order, made.orderID)
    const idea = role === 'Entry' && replaces === undefined ? this.ideas.get(intentID) : undefined
    if (idea?.approval && idea.approval.usedBy === null) idea.approval.usedBy = clOrdID
  }
  #named(order: Counted, orderID: OrderID | null): void {
    if (orderID === null) return
    order.orderID ??= orderID
    this.byOrderID.set(orderID, order)
  }
  #reported(order: Counted, report: Report): void {
    this.#named(order, report.orderID)
    const before = order.trades.sums.cumQty
    if (order.trades.take(report)) {
      const { cumQty } = order.trades.sums
      order.full = gte(cumQty, order.orderQty)
      if (gt(cumQty, before)) order.rejected = false
    }
    if (report.execType === 'TradeCancel' || report.execType === 'TradeCorrect') order.amended = true
    if (report.execType === 'Rejected') order.rejected = true
    if (report.execType === 'Canceled' || report.execType === 'Expired' || report.execType === 'Replaced')
      order.ended = true
  }
}

const isWorking = (o: Counted): boolean => !o.ended && !o.rejected && !o.full

/** The broker may hold it, or may come to hold it. */
export const isLive = (o: Counted): boolean => isWorking(o) && o.delivery !== 'Rejected' && o.delivery !== 'Absent'

/** What may still fill. */
export function leaves(o: Counted): Qty {
  const { cumQty } = o.trades.sums
  return isLive(o) && gt(o.orderQty, cumQty) ? minus(o.orderQty, cumQty) : (ZERO as Qty)
}

/** What its trades added to what is held; below zero for sales. What the broker kept of a purchase is not held. */
export function moved(o: Counted): Decimal {
  const { cumQty, fee } = o.trades.sums
  return o.side === 'Buy' ? minus(cumQty, fee) : negate(cumQty)
}
