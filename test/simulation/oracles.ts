import { GENESIS } from '../../src/journal/chain.ts'
import { sha256Text } from '../../src/journal/merkle.ts'
import type { Row } from '../../src/journal/row.ts'
import type { ClOrdID } from '../../src/values/brand.ts'
import { type Instant, parseInstant } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import type { Truth } from '../scenarios/broker.ts'
import { Allowance, listOf, type Wrong } from './allowance.ts'
import { judged } from './judging.ts'
import { People } from './people.ts'
import { broken } from './promises.ts'
import { type Counted, type Idea, isLive, isPart, Recount, stops } from './recount.ts'
import type { Oracles, Scene, Write } from './scene.ts'

// What must be so: at every commit, before every byte that leaves, at every start and at the end. What may be sent is
// judged in allowance.ts, who may do it in people.ts, the last look in judging.ts.

/** The oracles of one world. `explained` are the lines of the log that begin with `error` and are no surprise. */
export function oraclesOf(scene: Scene, explained: readonly RegExp[] = []): Oracles {
  return new Watch(scene, explained)
}

/** The task that says so begins like this; fewer stops than these are no reason for it: the first no may be a passing one. */
const UNPROTECTED = 'UNPROTECTED:'
const STOPS_MIN = 3

/** After these an intent waits for nothing. */
const ENDED: ReadonlySet<string> = new Set(['intent.refused', 'intent.declined', 'intent.withdrawn', 'intent.lapsed'])

class Watch implements Oracles {
  readonly #scene: Scene
  readonly #explained: readonly RegExp[]
  readonly #book = new Recount()
  readonly #allowance: Allowance
  readonly #people: People
  /** Journal rows that were looked at. */
  #seen = 0
  #last: Row | null = null
  /** When, truly, each halt came or was raised. */
  readonly #haltAt = new Map<string, Instant>()
  /** Entries that were open when a halt that takes them back came with the commit that is looked at. */
  #toEnd: readonly Counted[] = []
  /** Ideas that waited when a part that they belong to was halted by that commit. */
  #toWithdraw: readonly Idea[] = []
  /** What was wrong when the send was promised; it is an offence only once the first byte leaves. */
  readonly #wrong = new Map<string, Wrong>()
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
    this.#allowance = new Allowance(scene, this.#book)
    this.#people = new People(scene, this.#book)
  }

  // --- what became durable

  committed(rows: readonly Row[]): void {
    const [first] = rows
    if (!first) return
    // What was written before anybody watched.
    for (let row = this.#scene.rows[this.#seen]; row && row.seq < first.seq; row = this.#scene.rows[this.#seen])
      this.#row(row)
    for (const row of rows) this.#row(row)
    this.#people.answers(this.#seen)
    for (const order of this.#toEnd)
      if (isLive(order) && !order.askedToEnd)
        broken('canceled', `trading was halted while ${order.clOrdID} was open, and no cancel of it was asked for`)
    this.#toEnd = []
    for (const { intent, last } of this.#toWithdraw)
      if (last !== 'intent.withdrawn') broken('canceled', `${intent.intentID} waits on in a part that was halted`)
    this.#toWithdraw = []
    for (const { arming, disarmed } of this.#book.armings.values())
      if (!disarmed && this.#book.stopping(null, arming.strategyID).length > 0)
        broken('halt', `trading is halted, and ${arming.armingID} is armed still`)
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
    this.#people.mayDo(row)
    this.#people.wasAsked(row)
    if (row.action === 'halt.engaged') {
      const scope = object.id
      this.#haltAt.set(scope, this.#scene.truly())
      const strategyOf = (intentID: string) => this.#book.ideas.get(intentID)?.intent.proposal.strategyID ?? null
      if ((row.data['level'] ?? 'K4') === 'K4')
        this.#toEnd = [...this.#toEnd, ...this.#book.orders.values()].filter(
          (o) => o.role === 'Entry' && isLive(o) && stops(scope, o.symbol, strategyOf(o.intentID)),
        )
      if (isPart(scope))
        this.#toWithdraw = [...this.#toWithdraw, ...this.#book.ideas.values()].filter(
          ({ intent, last }) =>
            !ENDED.has(last) &&
            this.#book.of(intent.intentID).length === 0 &&
            stops(scope, intent.proposal.symbol, intent.proposal.strategyID),
        )
    }
    if (row.action === 'order.created') this.#allowance.created(object.id, parseInstant(row.ts) as Instant)
    this.#book.take(row)
    this.#last = row
    if (row.action === 'order.send-started') this.#promised(row)
    this.#allowance.took(row)
    if (row.action === 'order.absent') this.#gone(row)
    if (row.action === 'task.raised') this.#givenUp(object.id)
    if (row.action === 'order.rejected') {
      const heard = this.#answers.get(object.id)
      if (heard !== undefined && heard !== 'rejected')
        broken('proof', `${object.id} is shown as rejected, and the reply to its send was ${heard}`)
    }
  }

  /** Whatever is wrong with the send that was just promised is an offence only once its first byte leaves. */
  #promised(row: Row): void {
    const order = this.#book.orders.get(row.object.id)
    if (!order) return
    const found = this.#allowance.of(order)
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
      if (!this.#allowance.asApproved(order, write.terms))
        broken('approved', `${clOrdID} is not the ${order.role} that was approved with its entry`)
      if (canonical(write.terms) !== order.termsText)
        broken('durable', `${clOrdID} leaves with other terms than were written down`)
    }
    this.#writes.set(clOrdID, { n: before + 1, at: this.#scene.truly() })
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
    if (!this.#allowance.isReduction(clOrdID)) {
      // Of a halt that comes in the very instant of the first byte nobody can say which was first.
      for (const { scope } of this.#book.stoppingOrder(order))
        if (scene.truly() > (this.#haltAt.get(scope) ?? 0))
          broken('halt', `${clOrdID} leaves during a halt of ${scope}`)
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
    this.#people.answers(this.#seen)
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
    this.#people.answers(this.#seen)
    this.booked()
    this.#doubles()
    await judged({
      scene: this.#scene,
      book: this.#book,
      explained: this.#explained,
      isSent: (clOrdID) => this.#writes.has(clOrdID),
      answerTo: (clOrdID) => this.#answers.get(clOrdID),
      wasGone: (clOrdID) => this.#absent.has(clOrdID),
      heads: this.#heads,
    })
  }
}

const KINDS_OF_ACTOR: ReadonlySet<string> = new Set(['person', 'agent', 'system', 'broker'])

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
