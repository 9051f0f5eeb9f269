import { isDeepStrictEqual } from 'node:util'
import { project } from '../../src/desk/project.ts'
import { sha256Text } from '../../src/journal/merkle.ts'
import type { Row } from '../../src/journal/row.ts'
import { proveOrders } from '../../src/desk/proving.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import { avgPx, isOpen, type Order } from '../../src/orders/machine.ts'
import { isLeg } from '../../src/orders/protection.ts'
import type { Position } from '../../src/orders/position.ts'
import type { Fill, Intent, Kind, Records } from '../../src/ports/records.ts'
import { KEY, VIEWS } from '../../src/ports/records.ts'
import type { Store, Tx } from '../../src/ports/store.ts'
import {
  type Decimal,
  eq,
  gt,
  isZero,
  lt,
  lte,
  max,
  minus,
  negate,
  over,
  plus,
  type Px,
  sign,
  text,
  times,
  toStep,
  ZERO,
} from '../../src/values/decimal.ts'
import { msBetween } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import type { Truth } from '../scenarios/broker.ts'
import { type Heard, isExplicable, oddityOf } from './causes.ts'
import { broken } from './promises.ts'
import { type Recount, Trades } from './recount.ts'
import type { Scene } from './scene.ts'

// The last look at a world, when the faults are over and everything had its time.

export type Case = Heard & {
  readonly scene: Scene
  readonly book: Recount
  readonly explained: readonly RegExp[]
  isSent(clOrdID: string): boolean
  readonly heads: readonly { readonly size: number; readonly hash: string }[]
}

/** What is on the screen at the end, and whose the broker's orders are. */
type End = Case & {
  readonly store: Store
  readonly rows: readonly Row[]
  readonly orders: ReadonlyMap<string, Order>
  readonly intents: readonly Intent[]
  readonly positions: ReadonlyMap<string, Position>
  /** Truth → the order of our book that it is, if any. */
  readonly ours: ReadonlyMap<Truth, Order>
}

/** How long after its moment something may still be undone. */
const LATE_MS = 60_000
/** Longer than any errand is put off; only the end of an intent is a moment of its own. */
const FAR_MS = 180_000

/** @throws {Violation} the first promise that is broken. */
export async function judged(given: Case): Promise<void> {
  const { scene, book } = given
  const { store, venue } = scene
  if (!store) broken('lively', 'the house is closed at the end')
  const [rows, orders, intents, positions] = await Promise.all([
    journalOf(store),
    store.all('order'),
    store.all('intent'),
    store.all('position'),
  ])
  const byName = new Map(orders.map((o): [string, Order] => [o.clOrdID, o]))
  const ours = new Map<Truth, Order>()
  for (const there of venue.truth) {
    const named = there.clOrdID !== null && given.isSent(there.clOrdID) ? byName.get(there.clOrdID) : undefined
    const known = named ?? byName.get(book.byOrderID.get(there.orderID)?.clOrdID ?? '')
    if (known) ours.set(there, known)
  }
  const end: End = {
    ...given,
    store,
    rows,
    orders: byName,
    intents,
    positions: new Map(positions.map((p) => [p.symbol, p])),
    ours,
  }
  await journal(end)
  await views(end)
  fills(end)
  covered(end)
  halted(end)
  books(end)
  ghosts(end)
  await lively(end)
  quiet(end)
}

/** A person was told, and until the books agree nothing new goes into the symbol. Closing the task does not change that. */
const isTold = ({ book }: Case, symbol: string): boolean =>
  book.frozen.has(symbol) && book.tasks.has(`FROZEN:${symbol}`)
/**
 * A person was told, and can find at the broker what it is about: a freeze out of nothing excuses nothing.
 *
 * @param about the orders that differ; without them all of the symbol count.
 */
const isExcused = (end: Case, symbol: string, about?: readonly (Truth | undefined)[]): boolean =>
  isTold(end, symbol) &&
  (about
    ? about.some((there) => there && oddityOf(there, end.book, end) !== null)
    : isExplicable(symbol, end.scene.venue, end.book, end))
/** What is added to a difference in a symbol that is frozen all the same. */
const forNothing = (end: Case, symbol: string): string =>
  isTold(end, symbol) ? `; ${symbol} is frozen, and nothing in this world explains why` : ''
/** Nobody knows what became of one of its orders, and a person is called: the broker's silence proves nothing. */
const isInDoubt = ({ orders, book }: End, symbol: string): boolean =>
  [...orders.values()].some(
    (o) => o.terms.symbol === symbol && o.delivery === 'InDoubt' && book.tasks.get(`IN_DOUBT:${o.clOrdID}`) === true,
  )

async function journalOf(store: Store): Promise<Row[]> {
  const rows: Row[] = []
  for (;;) {
    const page = await store.journal(rows.length, 2_000)
    rows.push(...page)
    if (page.length < 2_000) return rows
  }
}

async function journal({ rows, scene, store, heads }: End): Promise<void> {
  const stored = rows.map((row) => ({ seq: row.seq, bytes: canonical(row) }))
  const { notes, verifierKeys } = scene
  const verdict = verifyJournal({ rows: stored, checkpoints: notes, keys: verifierKeys, head: await store.head() })
  if (verdict.firstBad) broken('journal', `${verdict.firstBad.kind}: ${verdict.firstBad.text}`)
  const [fault] = proveOrders(stored).faults
  if (fault) broken('approved', `${fault.code}: ${fault.text} (row ${fault.seq})`)
  if (verdict.checkpoints.verified !== notes.length)
    broken(
      'journal',
      `${notes.length} checkpoints were signed, and ${verdict.checkpoints.verified} agree with the journal`,
    )
  if (rows.length !== scene.rows.length)
    broken('kept', `${scene.rows.length} rows were made durable, and ${rows.length} are there`)
  for (const { size, hash } of heads)
    if (
      (stored[size]?.seq === undefined ? verdict.hash : rows[size]?.prev) !== hash ||
      sha256Text(stored[size - 1]?.bytes ?? '') !== hash
    )
      broken('kept', `what was acknowledged with row ${size - 1} is not in the journal any more`)
}

/** Folds the journal into empty views and compares them with those on the screen, record by record. */
async function views({ rows, store }: End): Promise<void> {
  const folded = new Views()
  for (const row of rows) await project(folded as unknown as Tx, row)
  for (const kind of VIEWS) {
    const there = new Map<string, unknown>((await store.all(kind)).map((one) => [keyOf(kind, one), plain(kind, one)]))
    const here = folded.of(kind)
    for (const key of new Set([...there.keys(), ...here.keys()]))
      if (!isDeepStrictEqual(there.get(key), plain(kind, here.get(key))))
        broken(
          'views',
          `${kind} ${key} is ${canonical(there.get(key) ?? null)} on the screen, and ${canonical(here.get(key) ?? null)} by the journal`,
        )
  }
}
const keyOf = <K extends Kind>(kind: K, record: Records[K]): string => KEY[kind](record)
/** A comparison that found nothing new keeps its time outside the journal, by design: see desk/reconciling.ts. */
function plain(kind: Kind, record: unknown): unknown {
  if (kind !== 'reconcile' || record === undefined) return record
  const { account, clean, findings } = record as Records['reconcile']
  return { account, clean, findings }
}

/** As much of a transaction as the fold of the views needs. */
class Views {
  readonly #kinds = new Map<Kind, Map<string, unknown>>()
  of(kind: Kind): Map<string, unknown> {
    const records = this.#kinds.get(kind) ?? new Map<string, unknown>()
    this.#kinds.set(kind, records)
    return records
  }
  async get<K extends Kind>(kind: K, key: string): Promise<Records[K] | null> {
    return (this.of(kind).get(key) as Records[K] | undefined) ?? null
  }
  async all<K extends Kind>(kind: K): Promise<readonly Records[K][]> {
    return [...this.of(kind).values()] as Records[K][]
  }
  async put<K extends Kind>(kind: K, record: Records[K]): Promise<void> {
    this.of(kind).set(keyOf(kind, record), record)
  }
  async remove(kind: Kind, key: string): Promise<void> {
    this.of(kind).delete(key)
  }
  async fillsOf(what: { readonly account: string; readonly symbol: string }): Promise<readonly Fill[]> {
    const all = [...this.of('fill').values()] as Fill[]
    return all.filter((f) => f.account === what.account && f.symbol === what.symbol).sort((a, b) => a.seq - b.seq)
  }
}

function fills(end: End): void {
  const { scene, book, orders, positions, ours } = end
  const { venue } = scene
  for (const [there, order] of ours) {
    // Whatever was traded can be asked for: no freeze is an excuse for a trade that is not counted.
    const trades = new Trades()
    for (const report of there.reports) trades.take(report)
    const { cumQty, gross } = trades.sums
    same('fills', `filled of ${order.clOrdID}`, order.cumQty, cumQty)
    same('fills', `cost of ${order.clOrdID}`, order.grossTradeAmt, gross)
  }
  for (const order of orders.values()) {
    const { cumQty, gross } = book.orders.get(order.clOrdID)?.trades.sums ?? { cumQty: ZERO, gross: ZERO }
    same('fills', `trades of ${order.clOrdID} in the journal`, order.cumQty, cumQty)
    same('fills', `cost of ${order.clOrdID} in the journal`, order.grossTradeAmt, gross)
    const average = avgPx(order)
    const wanted = isZero(cumQty) ? null : (over(gross, cumQty, { scale: 8, rounding: 'half-even' }) as Px)
    if (average === null ? wanted !== null : wanted === null || !eq(average, wanted))
      broken(
        'fills',
        `the average price of ${order.clOrdID} is ${average && text(average)}, and its trades make ${wanted && text(wanted)}`,
      )
  }
  for (const symbol of new Set([
    ...positions.keys(),
    ...venue.truth.map((o) => o.terms.symbol),
    ...venue.elsewhere.keys(),
  ])) {
    const position = positions.get(symbol)
    const held: Decimal = position?.netQty ?? ZERO
    same('fills', `position in ${symbol} by the journal`, held, book.netQty(symbol))
    if (position) money(position, book)
    const more = minus(venue.netQty(symbol), held)
    // Fees in kind are the worst case: where the broker kept less, so much more is held.
    const explained = isZero(more) || (gt(more, ZERO) && lte(more, position?.feeQty ?? ZERO))
    // While one of its orders is in doubt the two sides are not compared: the difference may be that order.
    if (!explained && !isExcused(end, symbol) && !isInDoubt(end, symbol))
      broken(
        'books',
        `${text(held)} ${symbol} by our book, ${text(venue.netQty(symbol))} at the broker${forNothing(end, symbol) || ', and nobody is told'}`,
      )
  }
}

/** What came in and what went out, without commission, is what was gained and what the open size has cost. */
function money({ symbol, netQty, cost, cashFlow, commission, realizedPnl }: Position, book: Recount): void {
  const cash = plus(cashFlow, commission)
  same('fills', `money moved for ${symbol} by the journal`, cash, book.netCash(symbol))
  const open = isZero(netQty) ? ZERO : sign(netQty) > 0 ? cost : negate(cost)
  same('fills', `gain in ${symbol}`, realizedPnl, plus(cash, open))
}

function books(end: End): void {
  const { scene, orders, ours } = end
  const theirs = new Map([...ours].map(([there, order]) => [order.clOrdID, there]))
  for (const order of orders.values()) {
    const { symbol } = order.terms
    const there = theirs.get(order.clOrdID)
    if (!isOpen(order) || order.delivery !== 'Delivered' || isExcused(end, symbol, [there])) continue
    const why = forNothing(end, symbol)
    if (!there?.open) broken('books', `${order.clOrdID} is open in our book and not at the broker${why}`)
    same('books', `size of ${order.clOrdID}`, order.terms.orderQty, there.terms.orderQty, why)
  }
  for (const there of scene.venue.truth) {
    const { symbol } = there.terms
    const order = ours.get(there)
    const told = isExcused(end, symbol, [there]) || isInDoubt(end, symbol)
    if (there.open && !(order && isOpen(order)) && !told)
      broken(
        'books',
        `${order?.clOrdID ?? there.clOrdID ?? there.orderID} is open at the broker and not in our book${forNothing(end, symbol)}`,
      )
    if (there.clOrdID !== null && end.isSent(there.clOrdID) && !order)
      broken('durable', `the broker holds ${there.clOrdID}, which is not in our book`)
  }
}

function ghosts(end: End): void {
  for (const there of end.scene.venue.truth) {
    const { clOrdID, terms } = there
    if (
      clOrdID !== null &&
      end.wasGone(clOrdID) &&
      end.isSent(clOrdID) &&
      !end.book.tasks.has(`FROZEN:${terms.symbol}`)
    )
      broken('ghost', `${clOrdID} counted as absent and is at the broker, and nobody was told`)
  }
}

function halted(end: End): void {
  // What the broker has refused by its own word cannot be canceled by ours; that it works in spite of that is told.
  for (const [there, order] of end.ours)
    if (
      there.open &&
      order.role === 'Entry' &&
      end.book
        .stoppingOrder({ symbol: order.terms.symbol, intentID: order.intentID })
        .some(({ level }) => level === 'K4') &&
      !(order.phase === 'Rejected' && isExcused(end, order.terms.symbol, [there]))
    )
      broken('canceled', `${order.clOrdID} still works at the broker, and trading is halted`)
}

/** Tasks that say what has no stop: the broker keeps none, or it is too little for one. */
const GIVEN_UP = ['UNPROTECTED', 'TOO_SMALL_TO_PROTECT']

function covered(end: End): void {
  const { scene, book, orders, intents, ours } = end
  const there = new Map([...ours].map(([truth, order]) => [order.clOrdID, truth]))
  for (const intent of intents) {
    const family = [...orders.values()].filter((o) => o.intentID === intent.intentID && o.role !== 'External')
    if (family.length === 0) continue
    if (family.some((o) => GIVEN_UP.some((kind) => book.tasks.has(`${kind}:${o.clOrdID}`)))) continue
    // An exit in doubt, of which a person knows, may be the stop.
    if (family.some((o) => o.delivery === 'InDoubt' && book.tasks.get(`IN_DOUBT:${o.clOrdID}`) === true)) continue
    const { symbol } = intent.proposal
    let [held, stops, legs] = [ZERO, ZERO, ZERO]
    for (const order of family) {
      const truth = there.get(order.clOrdID)
      if (!truth) continue
      if (order.role === 'Entry') held = plus(held, minus(truth.cumQty as Decimal, order.feeQty ?? ZERO))
      else held = minus(held, truth.cumQty as Decimal)
      if (order.role !== 'Stop' || !truth.open) continue
      const size = minus(truth.terms.orderQty, truth.cumQty) as Decimal
      stops = plus(stops, size)
      if (isLeg(order)) legs = plus(legs, size)
    }
    // What our book does not know cannot be covered; that a person knows is looked at elsewhere.
    if (family.some((o) => !eq(o.cumQty, there.get(o.clOrdID)?.cumQty ?? ZERO))) continue
    const instrument = scene.venue.markets.get(symbol)?.instrument
    const due = max(instrument ? toStep(held, instrument.lot, 'floor') : held, ZERO)
    // Too little for an order of its own: a stop takes it in with what the entry still fills, and its end is told.
    const bare = minus(due, stops)
    const tooSmall =
      instrument &&
      (lt(bare, instrument.minQty ?? ZERO) || lt(times(bare, intent.proposal.stopPx), instrument.minNotional ?? ZERO))
    if (lt(stops, due) && !(tooSmall && family.some((o) => o.role === 'Entry' && isOpen(o))))
      broken('covered', `${intent.intentID}: ${text(due)} ${symbol} are held, and stops cover ${text(stops)}`)
    if (!gt(stops, due)) continue
    // A resting entry may have its legs beside it already; they sleep until it fills.
    if (family.some((o) => o.role === 'Entry' && isOpen(o))) continue
    // The broker's own legs are the broker's to resize: a trade that was taken back leaves them as large as they were.
    const amended = family.some((o) => book.orders.get(o.clOrdID)?.amended)
    if (amended && lte(minus(stops, due), legs)) continue
    // A stop that was called ended and works on is a difference of the books, and a person is told of it.
    const theirs = family.map((o) => there.get(o.clOrdID))
    if (isExcused(end, symbol, theirs)) continue
    broken(
      'covered',
      `${intent.intentID}: ${text(due)} ${symbol} are held, and stops cover ${text(stops)}: one too many opens a position`,
    )
  }
}

async function lively(end: End): Promise<void> {
  const { scene, book, orders, intents, store } = end
  const now = scene.wall()
  const provable = scene.venue.capabilities.absenceProvenAfterMs !== null
  for (const order of orders.values()) {
    if (order.delivery !== 'Queued' && order.delivery !== 'Sending' && order.delivery !== 'InDoubt') continue
    if (order.delivery === 'InDoubt' && !provable && book.tasks.get(`IN_DOUBT:${order.clOrdID}`) === true) continue
    broken('lively', `${order.clOrdID} is ${order.delivery} for ever (it is ${order.phase})`)
  }
  for (const { intentID, state, clOrdID, decideBy, updatedAt, sendBy } of intents) {
    const until =
      state === 'AwaitingApproval' ? decideBy : state === 'Approved' && clOrdID === null ? sendBy : updatedAt
    const waits = state === 'Received' || state === 'AwaitingApproval' || (state === 'Approved' && clOrdID === null)
    if (waits && until !== null && msBetween(until, now) > LATE_MS)
      broken('lively', `intent ${intentID} is ${state} for ever`)
  }
  const due = await store.nextDue()
  if (due !== null && msBetween(due, now) > LATE_MS)
    broken('lively', `an errand is overdue by ${msBetween(due, now)} ms`)
  for (const { kind, subject, dueAt, lastError } of await store.all('errand'))
    if (kind !== 'lapse' && msBetween(now, dueAt) > FAR_MS)
      broken('lively', `${kind} of ${subject} is put off by ${msBetween(now, dueAt)} ms (${lastError ?? 'no error'})`)
}

function quiet({ scene, explained }: End): void {
  const surprise = scene.logs.find((line) => line.startsWith('error') && !explained.some((one) => one.test(line)))
  if (surprise) broken('quiet', surprise)
}

function same(promise: 'fills' | 'books', what: string, actual: Decimal, wanted: Decimal, why = ''): void {
  if (!eq(actual, wanted)) broken(promise, `${what}: ${text(actual)} in our book, ${text(wanted)} in truth${why}`)
}
