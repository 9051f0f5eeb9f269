import type { DailyBars } from '../../src/gate/days.ts'
import type { AccountFact, MarketSession, Quote } from '../../src/gate/facts.ts'
import type { Passed } from '../../src/gate/gate.ts'
import type { Instrument } from '../../src/orders/instrument.ts'
import type { Report } from '../../src/orders/report.ts'
import { opposite, type OrderRef, type Role, type Terms } from '../../src/orders/terms.ts'
import {
  type MayGo,
  type Broker,
  type BrokerOrder,
  type BrokerPosition,
  type CancelSent,
  type Capabilities,
  capabilitiesFor,
  type Found,
  type Identity,
  type Leg,
  type Notice,
  ReadFailed,
  type Sent,
} from '../../src/ports/broker.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { AccountID, ClOrdID, ExecID, OrderID } from '../../src/values/brand.ts'
import {
  type Amt,
  amt,
  type Decimal,
  dec,
  gt,
  gte,
  minus,
  negate,
  plus,
  type Px,
  type Qty,
  qty,
  times,
  ZERO,
} from '../../src/values/decimal.ts'
import type { Instant } from '../../src/values/instant.ts'

/** An order as the broker itself knows it: the truth that our book is compared with. */
export type Truth = {
  readonly orderID: OrderID
  readonly clOrdID: ClOrdID | null
  parent: OrderID | null
  readonly role: Role | null
  terms: Terms
  open: boolean
  cumQty: Qty
  readonly legs: Leg[]
  /** True: the exits of its bracket are made at its first fill. */
  legsLater: boolean
  /** The order in whose place it is, and the one in its own. */
  replaces: OrderID | null
  replacedBy: OrderID | null
  /** The other half of a pair of which one cancels the other. */
  pair: OrderID | null
  readonly reports: Report[]
  /** What was really kept of each trade as a fee, whatever its report says. */
  readonly kept: Map<ExecID, Decimal>
  readonly bookedAt: Instant
}

/** What happens to the next send. */
export type Answer =
  | {
      readonly is:
        | 'accept'
        | 'silent'
        | 'no-legs'
        | 'legs-later'
        | 'lost'
        | 'lost-booked'
        | 'throw'
        | 'throw-booked'
        | 'crash'
        | 'crash-booked'
    }
  /** The adapter has a bug: what it is about to write is another order. Nothing of it reaches the broker. */
  | { readonly is: 'mangled' }
  | { readonly is: 'reject'; readonly text: string }
  | { readonly is: 'late'; readonly arrivesAt: Instant }
  | {
      readonly is: 'fill-first' | 'fill-first-crash' | 'fill-first-lost' | 'fill-first-no'
      readonly lastQty: Qty
      readonly lastPx: Px
    }

export type Cancels = { readonly is: 'taken' | 'prompt' | 'lost' } | { readonly is: 'reject'; readonly text: string }

/** What the script says happened to an order. */
export type Event =
  | { readonly is: 'New' | 'Canceled' | 'Replaced' | 'Rejected' | 'Expired'; readonly text: string | null }
  | {
      readonly is: 'Fill'
      readonly lastQty: Qty
      readonly lastPx: Px
      readonly execID: ExecID | null
      readonly commission: Amt
      readonly inKind?: InKind | null
    }
  | { readonly is: 'Bust'; readonly refExecID: ExecID }
  | {
      readonly is: 'Correct'
      readonly refExecID: ExecID
      readonly lastQty: Qty
      readonly lastPx: Px
      readonly inKind: InKind | null
    }
/** A fee in units of the instrument: what the report says, and what it is. */
export type InKind = { readonly told: Qty; readonly really: Qty }

export type Market = {
  instrument: Instrument
  bid: Px
  ask: Px
  open: boolean /** Set when the feed stands still. */
  stuckAt: Instant | null
  halted?: boolean
  extended?: boolean
  /** Where it closed on each of the last days; absent: where its bid is. */
  close?: Px
  /** What is traded of it in a day; null where nobody tells. */
  volume?: Decimal | null
}

const NEVER = new Promise<never>(() => {})
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A broker that does what the script says, and keeps its own account of what it ever booked. */
export class ScriptedBroker implements Broker {
  account = 'paper:sim:main' as AccountID
  readonly environment = 'paper'
  capabilities: Capabilities = {
    assetClasses: ['us_equity'],
    ordTypes: ['Market', 'Limit', 'Stop'],
    timeInForce: ['Day', 'GTC'],
    bracket: true,
    oneCancelsOther: false,
    idempotentSubmit: false,
    cancelAll: false,
    reservesOpenOrders: true,
    absenceProvenAfterMs: 5_000,
  }
  readonly markets = new Map<string, Market>()
  equity = amt('100000.00')
  buyingPower = amt('400000.00')
  shortingAllowed = true
  status: AccountFact['status'] = 'Active'
  down = false
  /** True: one order of a pair ends and the other stays, against the broker's word. */
  pairsBroken = false
  /** False: the stream is silent, and what happens is found by asking. */
  streams = true
  cancels: Cancels = { is: 'taken' }
  readonly hidden = new Set<ClOrdID>()
  readonly truth: Truth[] = []
  /** Every send that was ever attempted, booked or not. */
  readonly sends: { readonly clOrdID: ClOrdID; readonly terms: Terms; readonly at: Instant }[] = []
  readonly cancelCalls: ClOrdID[] = []
  /** What other hands bought or sold. */
  readonly elsewhere = new Map<string, Decimal>()
  /** The broker's average price of a position, where the script gave one. */
  readonly avgPx = new Map<string, Px>()
  /** Calls since the script last looked: work that never ends is a failure too, and must not hang. */
  calls = 0
  readonly #answers: Answer[] = []
  readonly #late: { readonly at: Instant; readonly book: () => void }[] = []
  readonly #outbox: Report[] = []
  readonly #clock: Clock
  #listeners: ((report: Report) => void)[] = []
  #noticed: ((notice: Notice) => void)[] = []
  #crash: () => void = () => {}
  #serial = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  // --- the script's side

  answerNext(answer: Answer): void {
    this.#answers.push(answer)
  }
  onCrash(crash: () => void): void {
    this.#crash = crash
  }
  disconnect(): void {
    this.#listeners = []
    this.#noticed = []
    this.#outbox.length = 0
  }
  /** Lets arrive what was on its way until now. */
  arrive(): void {
    const now = this.#clock.now()
    for (const one of this.#late.filter(({ at }) => at <= now)) {
      this.#late.splice(this.#late.indexOf(one), 1)
      one.book()
    }
  }
  /** Tells what has been kept back while a reply was on its way. True when there was something. */
  flush(): boolean {
    const told = this.#outbox.splice(0)
    for (const report of told) this.#tell(report)
    return told.length > 0
  }
  /** Pushes again everything that was ever said about an order. */
  repeat(order: Truth): void {
    this.#outbox.push(...order.reports)
  }
  push(report: Report): void {
    this.#outbox.push(report)
  }
  nextID(prefix: string): string {
    return `${prefix}${++this.#serial}`
  }

  /** Makes something true at the broker, and tells it unless `quietly`. */
  happen(order: Truth, event: Event, quietly: boolean): void {
    const report = this.#reportOf(order, event)
    const known = order.reports.some((r) => r.execID === report.execID)
    if (!known) order.reports.push(report)
    if (!quietly) this.#outbox.push(report)
    if (!known) this.#believe(order, event, report.execID, quietly)
  }

  /** The exits of a bracket, made now. */
  makeLegs(entry: Truth): void {
    entry.legsLater = false
    if (entry.terms.bracket) this.#placeLegs(entry, entry.terms.bracket)
  }
  place(terms: Terms, clOrdID: ClOrdID | null, role: Role | null, parent: OrderID | null = null): Truth {
    const order: Truth = {
      orderID: this.nextID('B') as OrderID,
      clOrdID,
      parent,
      role,
      terms,
      open: true,
      cumQty: qty('0'),
      legs: [],
      legsLater: false,
      replaces: null,
      replacedBy: null,
      pair: null,
      reports: [],
      kept: new Map(),
      bookedAt: this.#clock.now(),
    }
    this.truth.push(order)
    return order
  }

  byID(orderID: OrderID | null): Truth | undefined {
    return this.truth.find((o) => o.orderID === orderID)
  }
  byName(clOrdID: ClOrdID): Truth | undefined {
    return this.truth.find((o) => o.clOrdID === clOrdID)
  }
  netQty(symbol: string): Decimal {
    return this.truth
      .filter((o) => o.terms.symbol === symbol)
      .map((o) => minus((o.terms.side === 'Buy' ? o.cumQty : negate(o.cumQty)) as Decimal, sum([...o.kept.values()])))
      .reduce(plus, this.elsewhere.get(symbol) ?? ZERO)
  }

  /** What its trades have moved in cash; busts and corrections are left out, as nothing that looks at cash plays them. */
  traded(): Decimal {
    const flows = this.truth.flatMap((o) =>
      o.reports.flatMap((r) => {
        if (r.execType !== 'Trade') return []
        const worth = times(r.lastQty, r.lastPx)
        return [o.terms.side === 'Buy' ? negate(worth) : worth]
      }),
    )
    return flows.reduce(plus, ZERO)
  }

  // --- the port

  async submit(clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent> {
    const outgoing = { clOrdID, ...order }
    if (this.#answers[0]?.is === 'mangled') {
      this.#answers.shift()
      // An adapter with a bug in it: what it is about to write is for ten times as much.
      outgoing.orderQty = times(order.orderQty, dec('10')) as Qty
    }
    if ((await mayGo?.([outgoing])) === false) return { outcome: 'in-doubt', cause: 'it was called off' }
    this.sends.push({ clOrdID, terms: order, at: this.#clock.now() })
    const book = (withLegs = true): Truth => {
      const taken = this.capabilities.idempotentSubmit ? this.byName(clOrdID) : undefined
      if (taken) return taken
      const truth = this.place(order, clOrdID, !order.reduceOnly ? 'Entry' : order.stopPx ? 'Stop' : 'Exit')
      if (withLegs && order.bracket && this.#takes(order.symbol).bracket) this.#placeLegs(truth, order.bracket)
      return truth
    }
    return this.#answer(book)
  }

  async submitPair(
    stop: { clOrdID: ClOrdID; order: Passed },
    target: { clOrdID: ClOrdID; order: Passed },
    mayGo?: MayGo,
  ): Promise<Sent> {
    const outgoing = [stop, target].map(({ clOrdID, order }) => ({ clOrdID, ...order }))
    if ((await mayGo?.(outgoing)) === false) return { outcome: 'in-doubt', cause: 'it was called off' }
    for (const { clOrdID, order } of [stop, target]) this.sends.push({ clOrdID, terms: order, at: this.#clock.now() })
    return this.#answer(() => {
      const [a, b] = [this.place(stop.order, stop.clOrdID, 'Stop'), this.place(target.order, target.clOrdID, 'Target')]
      a.pair = b.orderID
      b.pair = a.orderID
      a.legs.push({ role: 'Stop', orderID: a.orderID }, { role: 'Target', orderID: b.orderID })
      return a
    })
  }

  async #answer(book: (withLegs?: boolean) => Truth): Promise<Sent> {
    const answer = this.#answers.shift() ?? { is: 'accept' }
    // Of the process that sends: another order of it may have ended it by the time this one would.
    const crash = this.#crash
    if (this.down) return { outcome: 'in-doubt', cause: 'no connection' }
    const accepted = (order: Truth): Sent => ({ outcome: 'accepted', orderID: order.orderID, legs: [...order.legs] })
    const acknowledge = (order: Truth): Truth => {
      const named = [order, ...(order.pair ? [this.byID(order.pair)] : [])]
      for (const one of named) if (one) this.happen(one, { is: 'New', text: null }, false)
      return order
    }
    switch (answer.is) {
      case 'accept':
        return accepted(acknowledge(book()))
      case 'silent':
        return accepted(book())
      case 'no-legs':
        return accepted(acknowledge(book(false)))
      case 'legs-later': {
        const order = acknowledge(book(false))
        order.legsLater = true
        return accepted(order)
      }
      case 'reject':
        return { outcome: 'rejected', text: answer.text }
      case 'lost':
        return { outcome: 'in-doubt', cause: 'the reply was lost' }
      case 'lost-booked':
        book()
        return { outcome: 'in-doubt', cause: 'the reply was lost' }
      case 'late':
        this.#late.push({ at: answer.arrivesAt, book: () => acknowledge(book()) })
        return { outcome: 'in-doubt', cause: 'the reply was lost' }
      case 'mangled': // asked for before the reply, and for a pair or a replacement it means the same
        return { outcome: 'in-doubt', cause: 'it was called off' }
      case 'throw':
        throw new Error('socket hang up')
      case 'throw-booked':
        book()
        throw new Error('socket hang up')
      case 'crash':
        crash()
        return NEVER
      case 'crash-booked':
        book()
        crash()
        return NEVER
      case 'fill-first':
      case 'fill-first-crash':
      case 'fill-first-lost':
      case 'fill-first-no': {
        const order = acknowledge(book())
        const { lastQty, lastPx } = answer
        this.happen(order, { is: 'Fill', lastQty, lastPx, execID: null, commission: amt('0') }, false)
        this.flush()
        // The stream is faster than the reply: the fill is in our book before the answer is.
        for (let turn = 0; turn < 20; turn++) await soon()
        if (answer.is === 'fill-first') return accepted(order)
        if (answer.is === 'fill-first-lost') return { outcome: 'in-doubt', cause: 'the reply was lost' }
        if (answer.is === 'fill-first-no') return { outcome: 'rejected', text: 'not allowed' }
        crash()
        return NEVER
      }
    }
  }

  async cancel(ref: OrderRef): Promise<CancelSent> {
    this.cancelCalls.push(ref.clOrdID)
    if (this.down || this.cancels.is === 'lost') return { outcome: 'in-doubt', cause: 'the reply was lost' }
    if (this.cancels.is === 'reject') return { outcome: 'rejected', text: this.cancels.text }
    const order = this.byID(ref.orderID) ?? this.byName(ref.clOrdID)
    if (!order) return { outcome: 'rejected', text: 'unknown order' }
    if (!order.open) return { outcome: 'rejected', text: 'order is not open' }
    if (this.cancels.is === 'prompt') this.happen(order, { is: 'Canceled', text: null }, false)
    return { outcome: 'accepted' }
  }
  async cancelAll(): Promise<CancelSent> {
    return { outcome: 'rejected', text: 'not offered' }
  }

  async replace(ref: OrderRef, clOrdID: ClOrdID, order: Passed, mayGo?: MayGo): Promise<Sent> {
    if (!this.capabilities.replace) return { outcome: 'rejected', text: 'not offered' }
    const { orderQty, price, stopPx } = order
    if ((await mayGo?.([{ clOrdID, orderQty, price, stopPx }])) === false)
      return { outcome: 'in-doubt', cause: 'it was called off' }
    this.sends.push({ clOrdID, terms: order, at: this.#clock.now() })
    const old = this.byID(ref.orderID) ?? this.byName(ref.clOrdID)
    const [next] = this.#answers
    if (old && next?.is === 'fill-first') {
      // The market was faster: what it filled is filled, and of all of it nothing is left to replace.
      this.#answers[0] = { is: 'accept' }
      const { lastQty, lastPx } = next
      this.happen(old, { is: 'Fill', lastQty, lastPx, execID: null, commission: amt('0') }, false)
      if (!old.open) {
        this.#answers.shift()
        const late = this.place(order, clOrdID, old.role)
        late.replaces = old.orderID
        this.happen(late, { is: 'Rejected', text: 'the order was filled' }, false)
        return { outcome: 'accepted', orderID: late.orderID, legs: [] }
      }
    }
    if (old && next?.is === 'late') {
      this.#answers.shift()
      const book = () =>
        void (old.open && this.happen(this.takeOver(old, order, clOrdID), { is: 'New', text: null }, false))
      this.#late.push({ at: next.arrivesAt, book })
      return { outcome: 'in-doubt', cause: 'the reply was lost' }
    }
    if (!old?.open && (next?.is ?? 'accept') === 'accept') return { outcome: 'rejected', text: 'order is not open' }
    return this.#answer(() => this.takeOver(old as Truth, order, clOrdID))
  }

  /** Puts another order in the place of `old`, by whatever hand. `terms` has the size of all generations. */
  takeOver(old: Truth, terms: Terms, clOrdID: ClOrdID | null): Truth {
    const next = this.place(
      { ...terms, orderQty: minus(terms.orderQty, this.filled(old)) },
      clOrdID,
      old.role,
      old.parent,
    )
    next.replaces = old.orderID
    old.replacedBy = next.orderID
    next.legsLater = old.legsLater
    old.legsLater = false
    next.legs.push(...old.legs.splice(0))
    for (const { orderID } of next.legs) {
      const leg = this.byID(orderID)
      if (leg) leg.parent = next.orderID
      if (leg?.open) leg.terms = { ...leg.terms, orderQty: terms.orderQty }
    }
    const [entry, pair] = [this.byID(old.parent), this.byID(old.pair)]
    for (const [i, leg] of (entry?.legs ?? []).entries())
      if (leg.orderID === old.orderID) entry?.legs.splice(i, 1, { ...leg, orderID: next.orderID })
    if (pair) pair.pair = next.orderID
    ;[next.pair, old.pair] = [old.pair, null]
    this.happen(old, { is: 'Replaced', text: null }, false)
    return next
  }
  /** What an order and those before it have filled. */
  filled(order: Truth): Qty {
    const before = this.byID(order.replaces)
    return before ? plus(order.cumQty, this.filled(before)) : order.cumQty
  }
  async closePosition(): Promise<Sent> {
    return { outcome: 'rejected', text: 'not offered' }
  }
  async closeAll() {
    return { outcome: 'answered', positions: [] } as const
  }

  async find(clOrdID: ClOrdID): Promise<Found> {
    return this.hidden.has(clOrdID) ? this.#found(undefined) : this.#found(this.byName(clOrdID))
  }
  async findByOrderID(orderID: OrderID): Promise<Found> {
    return this.#found(this.byID(orderID))
  }
  #found(order: Truth | undefined): Found {
    this.#reachable()
    if (!order) return { found: false }
    const legs = order.legs.flatMap(({ orderID }) => this.byID(orderID) ?? [])
    const reports = [order, ...legs.filter((leg) => leg !== order)].flatMap((o) => o.reports)
    return { found: true, order: seen(order), reports }
  }
  async openOrders(): Promise<readonly BrokerOrder[]> {
    this.#reachable()
    return this.truth.filter((o) => o.open && !(o.clOrdID && this.hidden.has(o.clOrdID))).map(seen)
  }
  async reportsSince(since: Instant): Promise<readonly Report[]> {
    this.#reachable()
    const all = this.truth.flatMap((o) => o.reports).filter((r) => r.transactTime >= since)
    return all.sort((a, b) => a.transactTime - b.transactTime)
  }
  async positions(): Promise<readonly BrokerPosition[]> {
    this.#reachable()
    const symbols = new Set([...this.truth.map((o) => o.terms.symbol), ...this.elsewhere.keys()])
    return [...symbols]
      .sort()
      .map((symbol) => ({ symbol, netQty: this.netQty(symbol), avgPx: this.avgPx.get(symbol) ?? null }))
  }
  async accountFact(): Promise<AccountFact> {
    this.#reachable()
    const reserved = this.truth
      .filter((o) => o.open && o.role === 'Entry')
      .map((o) => times(minus(o.terms.orderQty, o.cumQty), o.terms.price ?? this.#market(o.terms.symbol).ask))
      .reduce(plus, ZERO)
    return {
      account: this.account,
      currency: 'USD',
      status: this.status,
      equity: this.equity,
      cash: plus(this.equity, this.traded()) as Amt,
      buyingPower: minus(this.buyingPower, reserved as Amt),
      shortingAllowed: this.shortingAllowed,
      at: this.#clock.now(),
    }
  }
  async identity(): Promise<Identity> {
    return { accountID: 'scripted', name: 'scripted' }
  }
  async instrument(symbol: string): Promise<Instrument | null> {
    this.#reachable()
    return this.markets.get(symbol)?.instrument ?? null
  }
  async quote(symbol: string): Promise<Quote | null> {
    this.#reachable()
    const { bid, ask, stuckAt } = this.#market(symbol)
    return { symbol, bid, ask, last: bid, at: stuckAt ?? this.#clock.now() }
  }
  async session(symbol: string): Promise<MarketSession> {
    this.#reachable()
    const { open, halted, extended } = this.#market(symbol)
    return {
      open,
      nextOpenAt: null,
      at: this.#clock.now(),
      ...(halted && { halted }),
      ...(extended && { kind: 'Extended' }),
    }
  }
  async dailyBars(symbol: string): Promise<DailyBars | null> {
    this.#reachable()
    const { instrument, bid, close = bid, volume = dec('10000000') } = this.#market(symbol)
    if (instrument.assetClass !== 'us_equity' || volume === null) return null
    const bar = { high: close, low: close, close, volume }
    return { past: Array.from({ length: 20 }, () => bar), today: null, at: this.#clock.now() }
  }
  async conversion(): Promise<null> {
    return null
  }
  onReport(listener: (report: Report) => void): () => void {
    this.#listeners.push(listener)
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== listener)
    }
  }
  onNotice(listener: (notice: Notice) => void): () => void {
    this.#noticed.push(listener)
    return () => {
      this.#noticed = this.#noticed.filter((one) => one !== listener)
    }
  }
  notice(notice: Notice): void {
    for (const listener of this.#noticed) listener(notice)
  }
  async close(): Promise<void> {}

  // --- inside

  #takes(symbol: string): Capabilities {
    return capabilitiesFor(this.capabilities, this.markets.get(symbol)?.instrument.assetClass ?? null)
  }
  #market(symbol: string): Market {
    const market = this.markets.get(symbol)
    if (!market) throw new ReadFailed(`no market in ${symbol}`, false)
    return market
  }
  #reachable(): void {
    if (++this.calls > 1_000) throw new Error('the worker asked the broker a thousand times in one moment')
    if (this.down) throw new ReadFailed('no connection', true)
  }
  #tell(report: Report): void {
    if (this.streams && !this.down) for (const listener of this.#listeners) listener(report)
  }

  #placeLegs(entry: Truth, bracket: NonNullable<Terms['bracket']>): void {
    const { symbol, side, orderQty } = entry.terms
    const base = {
      symbol,
      side: opposite(side),
      timeInForce: 'GTC',
      orderQty,
      bracket: null,
      reduceOnly: true,
    } as const
    const legs: [Leg['role'], Terms][] = [['Stop', { ...base, ordType: 'Stop', price: null, stopPx: bracket.stopPx }]]
    if (bracket.targetPx) legs.push(['Target', { ...base, ordType: 'Limit', price: bracket.targetPx, stopPx: null }])
    const placed = legs.map(([role, terms]) => this.place(terms, null, role, entry.orderID))
    for (const leg of placed) {
      entry.legs.push({ role: leg.role as Leg['role'], orderID: leg.orderID })
      leg.pair = placed.find((other) => other !== leg)?.orderID ?? null
    }
  }

  #reportOf(order: Truth, event: Event): Report {
    const head = {
      clOrdID: order.clOrdID,
      orderID: order.orderID,
      transactTime: this.#clock.now(),
      text: 'text' in event ? event.text : null,
    }
    switch (event.is) {
      case 'Fill': {
        const { lastQty, lastPx, commission } = event
        const execID = event.execID ?? (this.nextID('E') as ExecID)
        const trade = { ...head, execID, execType: 'Trade', lastQty, lastPx, commission } as const
        return { ...trade, settlCurrFxRate: dec('1'), ...(event.inKind && { feeQty: event.inKind.told }) }
      }
      case 'Bust':
        return { ...head, execID: this.nextID('X') as ExecID, execType: 'TradeCancel', refExecID: event.refExecID }
      case 'Correct': {
        const { refExecID, lastQty, lastPx, inKind } = event
        const correction = { ...head, execID: this.nextID('X') as ExecID, execType: 'TradeCorrect' } as const
        return { ...correction, refExecID, lastQty, lastPx, ...(inKind && { feeQty: inKind.told }) }
      }
      default:
        return { ...head, execID: this.nextID('S') as ExecID, execType: event.is }
    }
  }

  /** What an honest broker holds after the event. */
  #believe(order: Truth, event: Event, execID: ExecID, quietly: boolean): void {
    switch (event.is) {
      case 'Fill':
        if (order.legsLater) this.makeLegs(order)
        order.cumQty = plus(order.cumQty, event.lastQty)
        if (event.inKind) order.kept.set(execID, event.inKind.really)
        if (gte(order.cumQty, order.terms.orderQty)) this.#close(order, quietly)
        return
      case 'Bust':
      case 'Correct': {
        const before = this.#lastQtyOf(order, event.refExecID)
        const after = event.is === 'Correct' ? event.lastQty : qty('0')
        order.cumQty = plus(minus(order.cumQty, before), after)
        order.kept.delete(event.refExecID)
        if (event.is === 'Correct' && event.inKind) order.kept.set(event.refExecID, event.inKind.really)
        return
      }
      case 'Canceled':
      case 'Replaced':
      case 'Rejected':
      case 'Expired':
        return this.#close(order, quietly)
      case 'New':
        return
    }
  }
  #lastQtyOf(order: Truth, execID: ExecID): Qty {
    const trade = order.reports.find((r) => r.execID === execID)
    return trade?.execType === 'Trade' ? trade.lastQty : qty('0')
  }

  #close(order: Truth, quietly: boolean): void {
    if (!order.open) return
    order.open = false
    order.legsLater = false
    const other = this.byID(order.pair)
    if (other?.open && !this.pairsBroken)
      this.happen(other, { is: 'Canceled', text: 'the other of the pair ended' }, quietly)
    if (order.role !== 'Entry') return
    for (const { orderID } of order.legs) {
      const leg = this.byID(orderID)
      if (!leg?.open) continue
      const slept = this.capabilities.legsWaitForWholeFill === true && !gte(order.cumQty, order.terms.orderQty)
      // The exits share what the entry has filled and none of them has closed yet.
      const left = minus(this.filled(order), sum(order.legs.map((l) => this.byID(l.orderID)?.cumQty ?? ZERO)) as Qty)
      if (slept || !gt(left, ZERO)) this.happen(leg, { is: 'Canceled', text: 'its entry ended' }, quietly)
      else leg.terms = { ...leg.terms, orderQty: plus(leg.cumQty, left) }
    }
  }
}

const sum = (all: readonly Decimal[]): Decimal => all.reduce(plus, ZERO)

const seen = (o: Truth): BrokerOrder => ({
  orderID: o.orderID,
  clOrdID: o.clOrdID,
  parentOrderID: o.parent,
  role: o.role,
  replaces: o.replaces,
  replacedBy: o.replacedBy,
  terms: o.terms,
  open: o.open,
  cumQty: o.cumQty,
  legs: [...o.legs],
})
