import type { AccountID } from '../../src/values/brand.ts'
import assert from 'node:assert/strict'
import { APPROVERS } from '../../src/approvals/decide.ts'
import { digestOf } from '../../src/approvals/digest.ts'
import type { Happened } from '../../src/desk/events.ts'
import { replayJournal } from '../../src/desk/incident.ts'
import { rebuildViews } from '../../src/desk/project.ts'
import { proveOrders } from '../../src/desk/proving.ts'
import type { Row } from '../../src/journal/row.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import { type HaltScope, isStopped, type Stoppable } from '../../src/orders/halt.ts'
import { closes } from '../../src/orders/liquidation.ts'
import { isOpen, type Order } from '../../src/orders/machine.ts'
import type { Ticket } from '../../src/orders/ticket.ts'
import type { Decision, Intent, Person } from '../../src/ports/records.ts'
import { VIEWS } from '../../src/ports/records.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import {
  compare,
  type Decimal,
  dec,
  isZero,
  minus,
  plus,
  type Qty,
  text,
  times,
  toStep,
  ZERO,
} from '../../src/values/decimal.ts'
import { parseInstant } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import type { Truth } from './broker.ts'
import type { World } from './world.ts'

/** What must hold after every scenario, whatever it was about. The words are the guarantees of docs/architecture. */
export const STANDING: { readonly [rule: string]: (w: World, journal: readonly Row[]) => Promise<void> } = {
  'no intent has more than one order at the broker, and no name was sent twice': async ({ broker, store }) => {
    const names = broker.sends.map((s) => s.clOrdID)
    if (!broker.capabilities.idempotentSubmit) assert.deepEqual(names, [...new Set(names)])
    const intents = new Map<string, Truth>()
    for (const truth of broker.truth.filter((o) => o.role === 'Entry')) {
      const order = await ours(store, broker.account, truth)
      assert.ok(order, `the broker holds ${truth.clOrdID}, which is not in our book`)
      const before = intents.get(order.intentID)
      // One in the place of another is the same order to the intent, as long as that one is over.
      const next = before === undefined || (truth.replaces === before.orderID && !(before.open && truth.open))
      const names = `${before?.clOrdID}, ${truth.clOrdID}`
      assert.ok(next, `intent ${order.intentID} has two orders at the broker: ${names}`)
      intents.set(order.intentID, truth)
    }
  },

  'every entry that was sent was approved, as it was sent, by somebody who might': async ({ broker }, journal) => {
    for (const { clOrdID, terms, at } of broker.sends.filter((s) => !s.terms.reduceOnly))
      wasApproved(journal, clOrdID, terms, at)
  },

  'no entry leaves while trading is halted': async (_, journal) => {
    const halts = new Set<HaltScope>()
    const strategies = new Map<string, string>()
    const entries = new Map<string, Stoppable>()
    for (const row of journal) {
      const { id } = row.object
      if (row.action === 'halt.engaged') halts.add(dataOf<'halt.engaged'>(row).scope ?? 'global')
      if (row.action === 'halt.released') halts.delete(dataOf<'halt.released'>(row).scope ?? 'global')
      if (row.action === 'intent.received')
        strategies.set(id, dataOf<'intent.received'>(row).intent.proposal.strategyID)
      if (row.action === 'order.created' && dataOf<'order.created'>(row).order.role === 'Entry') {
        const { account, intentID, terms } = dataOf<'order.created'>(row).order
        entries.set(id, { account, symbol: terms.symbol, strategyID: strategies.get(intentID) ?? null })
      }
      const what = row.action === 'order.send-started' ? entries.get(id) : undefined
      const by = what && [...halts].find((scope) => isStopped({ scope }, what))
      assert.equal(by, undefined, `${id} was sent at row ${row.seq}, and ${by} was halted`)
    }
  },

  'the journal verifies, with every checkpoint that was signed': async (w, journal) => {
    await w.desk.checkpoint()
    const verdict = verifyJournal({
      rows: journal.map((row) => ({ seq: row.seq, bytes: canonical(row) })),
      checkpoints: w.notes,
      keys: w.verifierKeys,
      head: await w.store.head(),
    })
    assert.equal(verdict.firstBad?.text ?? null, null)
    assert.equal(verdict.checkpoints.verified, w.notes.length)
    assert.equal(verdict.rows, journal.length)
  },

  'views that are built from the journal alone are those on the screen': async ({ store }) => {
    const before = await allViews(store)
    await store.transact((tx) => rebuildViews(tx, () => {}))
    assert.deepEqual(await allViews(store), before)
  },

  'the journal replays without a difference: each step is legal, and each decision would be taken again': async (
    { clock },
    journal,
  ) => {
    const rows = journal.map((row) => ({ seq: row.seq, bytes: canonical(row) }))
    const empty = await openSqliteStore({ file: ':memory:', clock, boot: 'replay' })
    const { differences } = await empty.transact((tx) => replayJournal(tx, rows))
    await empty.close()
    assert.deepEqual(differences, [])
  },

  'every order that was sent is proven from the journal alone, and nothing else is in doubt': async (_, journal) => {
    const proof = proveOrders(journal.map((row) => ({ seq: row.seq, bytes: canonical(row) })))
    assert.deepEqual(proof.faults, [])
  },

  'what an order has filled is the sum of its executions, and what it cost too': async ({ store }) => {
    for (const order of (await store.orders({}, { limit: 200, after: null })).items) {
      const live = (await store.fillsOf({ clOrdID: order.clOrdID })).filter((f) => f.live)
      same(`cumQty of ${order.clOrdID}`, order.cumQty, sum(live.map((f) => f.lastQty)))
      same(`cost of ${order.clOrdID}`, order.grossTradeAmt, sum(live.map((f) => times(f.lastQty, f.lastPx))))
    }
  },

  'every fill the broker made is in our book, once, and nothing else': async ({ broker, store }) => {
    for (const truth of broker.truth) {
      const order = await ours(store, broker.account, truth)
      if (order) same(`filled of ${order.clOrdID}`, order.cumQty, truth.cumQty)
      else assert.equal(truth.clOrdID, null, `the broker holds ${truth.clOrdID}, which is not in our book`)
    }
  },

  'every open order of ours is open at the broker, and every open one there is open here': async ({
    broker,
    store,
  }) => {
    for (const order of await store.openOrders(broker.account)) {
      assert.equal(order.delivery, 'Delivered', `${order.clOrdID} is ${order.delivery} for ever`)
      const truth = broker.byID(order.orderID) ?? broker.byName(order.clOrdID)
      assert.ok(truth?.open, `${order.clOrdID} is open in our book and not at the broker`)
      same(`size of ${order.clOrdID}`, order.terms.orderQty, truth.terms.orderQty)
    }
    for (const truth of broker.truth.filter((o) => o.open)) {
      const order = await ours(store, broker.account, truth)
      if (order) assert.ok(isOpen(order), `${order.clOrdID} is open at the broker and not in our book`)
    }
  },

  'what is held has a resting stop of its size, no more and no less': async ({ broker, store, expectedTasks }) => {
    const held = new Map<string, Decimal>()
    const covered = new Map<string, Decimal>()
    const add = (to: Map<string, Decimal>, key: string, value: Decimal) => to.set(key, plus(to.get(key) ?? ZERO, value))
    for (const truth of broker.truth) {
      const order = await ours(store, broker.account, truth)
      // What no intent of ours opened is closed by exits of nobody's.
      if (!order || order.role === 'External' || (order.role === 'Exit' && order.parent === null)) continue
      if (order.role === 'Entry') add(held, order.intentID, minus(truth.cumQty, order.feeQty ?? (ZERO as Qty)))
      else add(held, order.intentID, minus(ZERO, truth.cumQty))
      if (order.role === 'Stop' && truth.open) add(covered, order.intentID, minus(truth.terms.orderQty, truth.cumQty))
    }
    const liquidation = await store.get('liquidation', 'account')
    for (const [intentID, heldQty] of held) {
      const orders = await store.ordersOf(intentID as Order['intentID'])
      // What is being closed has no stop beside the exit that closes it.
      if (closes(liquidation, orders[0]?.terms.symbol ?? '')) continue
      if (orders.some((o) => GIVEN_UP.some((kind) => expectedTasks.has(`${kind}:${o.clOrdID}`)))) continue
      // A resting entry may have its legs beside it already; they sleep until it fills.
      const resting = orders.some((o) => o.role === 'Entry' && isOpen(o))
      const stops = covered.get(intentID) ?? ZERO
      if (resting) assert.ok(compare(stops, heldQty) >= 0, `${intentID}: ${text(heldQty)} held, ${text(stops)} covered`)
      else same(`stops of ${intentID}`, stops, inLots(broker, orders, heldQty))
    }
  },

  'a position is the sum of its trades': async ({ broker, store }) => {
    for (const position of await store.all('position')) {
      const fills = await store.fillsOf({ account: broker.account, symbol: position.symbol })
      const signed = fills
        .filter((f) => f.live)
        .map(
          (f) =>
            (f.side === 'Buy' ? minus(f.lastQty, f.feeQty ?? (ZERO as Qty)) : minus(ZERO as Qty, f.lastQty)) as Decimal,
        )
      same(`position in ${position.symbol}`, position.netQty, sum(signed))
    }
  },

  'no task was raised that the scenario does not speak of': async ({ store, expectedTasks }) => {
    const surprises = (await store.all('task')).filter((t) => !expectedTasks.has(t.taskID))
    assert.deepEqual(
      surprises.map((t) => `${t.taskID}: ${t.text}`),
      [],
    )
  },

  'nothing went wrong that somebody would have to read a log for': async ({ logs }) => {
    assert.deepEqual(
      logs.filter((line) => line.startsWith('error')),
      [],
    )
  },
}

/** Rules that a scenario may set aside by name, with its reason: `except protected "the broker refuses every stop"`. */
export const EXCEPT = {
  once: 'no intent has more than one order at the broker, and no name was sent twice',
  protected: 'what is held has a resting stop of its size, no more and no less',
  open: 'every open order of ours is open at the broker, and every open one there is open here',
  fills: 'every fill the broker made is in our book, once, and nothing else',
} as const satisfies Record<string, keyof typeof STANDING>

/** A quiet stretch after the last line, with a broker in good health: polls and comparisons find what the stream lost. */
export async function calmDown(w: World): Promise<void> {
  w.awake = true
  w.broker.down = false
  w.broker.streams = true
  w.broker.cancels = { is: 'prompt' }
  w.broker.hidden.clear()
  await w.settle()
  await w.wait(75_000)
}

function wasApproved(journal: readonly Row[], clOrdID: string, terms: unknown, at: number): void {
  const created = journal.find((r) => r.action === 'order.created' && r.object.id === clOrdID)
  assert.ok(created, `${clOrdID} was sent and never written down`)
  const { order } = dataOf<'order.created'>(created)
  const before = journal.filter((r) => r.seq < created.seq)
  if (order.consent) return wasConsented(journal, order, terms, at)
  const about = (row: Row) => row.object.type === 'intent' && row.object.id === order.intentID
  const told = before.findLast((r) => about(r) && r.action.startsWith('intent.'))
  assert.equal(told?.action, 'intent.approved', `${clOrdID} was sent after ${told?.action}`)
  const approved = dataOf<'intent.approved'>(told)
  const ticketed = before.findLast((r) => about(r) && r.action === 'intent.ticketed')
  assert.ok(ticketed)
  const ticket: Ticket = dataOf<'intent.ticketed'>(ticketed).ticket
  assert.deepEqual(terms, ticket.terms, `${clOrdID} is not the order that was shown`)
  assert.equal(approved.decision.digest, digestOf(ticket), `${clOrdID} was approved under another digest`)
  assert.ok(at <= approved.sendBy, `${clOrdID} was sent after its approval had ended`)
  const received = before.find((r) => about(r) && r.action === 'intent.received')
  assert.ok(received)
  const { intent } = dataOf<'intent.received'>(received)
  const people = peopleOf(before)
  const { requires } = dataOf<'intent.ticketed'>(ticketed)
  assert.equal(requires?.policyVersion, versionOf(before), `${clOrdID} was approved under another policy`)
  const armed = approved.decision.evidence?.kind === 'armed'
  assert.equal(told.actor.type, armed ? 'system' : 'person')
  if (armed) wasArmed(before, approved.decision, intent, ticket)
  const votes = before
    .filter((r) => about(r) && r.seq > ticketed.seq && VOTES.has(r.action))
    .map((r) => ({ row: r, vote: dataOf<'intent.voted'>(r).decision }))
  const voters = new Set<string>()
  for (const { row, vote } of votes) {
    assert.equal(vote.digest, digestOf(ticket), `${vote.by} said yes to another ticket of ${clOrdID}`)
    assert.ok(armed || row.actor.id === vote.by, `${row.actor.id} said yes in the name of ${vote.by}`)
    const voter = people.get(vote.by)
    assert.ok(
      voter && !voter.disabled && voter.roles.some((role) => APPROVERS.includes(role)),
      `who approved ${clOrdID}?`,
    )
    assert.notEqual(vote.by, intent.proposer.id)
    assert.notEqual(vote.by, intent.proposerOwner)
    if (requires.level === 'L2' || requires.level === 'L3') hasSigned(before, vote, ticket)
    voters.add(vote.by)
  }
  assert.ok(voters.size >= requires.quorum, `${clOrdID} was sent on the word of ${voters.size}`)
  const started = journal.find((r) => r.action === 'order.send-started' && r.object.id === clOrdID)
  assert.ok(started && (parseInstant(started.ts) ?? Infinity) <= at, `${clOrdID} was sent before that was durable`)
}

const VOTES: ReadonlySet<string> = new Set(['intent.voted', 'intent.approved'])

/** Who had access, and to what, after these rows. */
function peopleOf(rows: readonly Row[]): ReadonlyMap<string, Person> {
  const people = new Map<string, Person>()
  for (const row of rows) {
    if (row.action === 'person.added') people.set(row.object.id, dataOf<'person.added'>(row).person)
    const person = people.get(row.object.id)
    if (row.action === 'person.changed' && person)
      people.set(row.object.id, { ...person, ...dataOf<'person.changed'>(row) })
  }
  return people
}
function versionOf(rows: readonly Row[]): number {
  const changed = rows.findLast((row) => row.action === 'policy.changed')
  return changed ? dataOf<'policy.changed'>(changed).policy.version : 0
}

/** A passkey of that person, which stood when the order was made, signed this very ticket. */
function hasSigned(before: readonly Row[], { by, evidence }: Decision, ticket: Ticket): void {
  assert.ok(evidence?.kind === 'passkey', `${by} only clicked`)
  const { credentialID, envelope } = evidence
  const about = before.filter((row) => row.object.id === credentialID)
  const enrolled = about.find((row) => row.action === 'passkey.enrolled')
  assert.ok(enrolled && !about.some((row) => row.action === 'passkey.revoked'), `the passkey of ${by} is revoked`)
  const { passkey } = dataOf<'passkey.enrolled'>(enrolled)
  assert.deepEqual([passkey.personID, envelope.approver, envelope.decision], [by, by, 'approve'])
  assert.deepEqual([envelope.approval_id, envelope.order_digest], [ticket.intentID, digestOf(ticket)])
}

/** A person armed it beforehand, on paper, for as much and as many as this, and it was not taken back. */
function wasArmed(before: readonly Row[], { by, at, evidence }: Decision, intent: Intent, ticket: Ticket): void {
  const armingID = evidence?.kind === 'armed' ? evidence.armingID : ''
  const about = before.filter((row) => row.object.id === armingID)
  const row = about.find((one) => one.action === 'strategy.armed')
  assert.ok(row && !about.some((one) => one.action === 'strategy.disarmed'), `${armingID} is not armed`)
  const { arming } = dataOf<'strategy.armed'>(row)
  const used = before.filter((one) => {
    const done = one.action === 'intent.approved' && dataOf<'intent.approved'>(one).decision.evidence
    return done && done.kind === 'armed' && done.armingID === armingID
  })
  assert.equal(row.actor.type, 'person')
  assert.deepEqual([row.actor.id, arming.by, ticket.environment], [by, by, 'paper'])
  assert.ok(used.length <= arming.maxCount && at <= arming.until, `${armingID} is used up`)
  assert.ok(arming.strategyID === intent.proposal.strategyID && arming.symbols.includes(ticket.terms.symbol))
  assert.ok(compare(ticket.maxNotional, arming.maxNotional) <= 0, `${armingID} is for less`)
}

/** Tasks that say what has no stop. */
const GIVEN_UP = ['UNPROTECTED', 'TOO_SMALL_TO_PROTECT']

/** What can be sold of it. */
function inLots(broker: World['broker'], orders: readonly Order[], heldQty: Decimal): Decimal {
  const lot = broker.markets.get(orders[0]?.terms.symbol ?? '')?.instrument.lot
  return lot ? toStep(heldQty, lot, 'floor') : heldQty
}

/** A replacement is approved by whoever asked for it, with exactly the terms that were sent. */
function wasConsented(journal: readonly Row[], order: Order, terms: unknown, at: number): void {
  const asked = journal.find(
    (r) => r.action === 'order.replace-requested' && dataOf<'order.replace-requested'>(r).by === order.clOrdID,
  )
  assert.ok(asked && asked.object.id === order.replaces, `nobody asked for ${order.clOrdID}`)
  const { ticket, decision, sendBy } = dataOf<'order.replace-requested'>(asked)
  assert.equal(asked.actor.type, 'person')
  assert.deepEqual(terms, ticket.terms, `${order.clOrdID} is not the order that was asked for`)
  assert.equal(decision.digest, digestOf(ticket))
  assert.ok(at <= sendBy, `${order.clOrdID} was sent after its approval had ended`)
  const voter = peopleOf(journal.filter((r) => r.seq < asked.seq)).get(asked.actor.id)
  assert.ok(voter && !voter.disabled && voter.roles.some((role) => APPROVERS.includes(role)))
  const received = journal.find((r) => r.action === 'intent.received' && r.object.id === order.intentID)
  assert.ok(received && dataOf<'intent.received'>(received).intent.proposer.id !== voter.personID)
  const started = journal.find((r) => r.action === 'order.send-started' && r.object.id === order.clOrdID)
  assert.ok(
    started && (parseInstant(started.ts) ?? Infinity) <= at,
    `${order.clOrdID} was sent before that was durable`,
  )
}

const dataOf = <A extends keyof Happened>(row: Row): Happened[A] => row.data as unknown as Happened[A]

async function ours(store: World['store'], account: AccountID, truth: Truth): Promise<Order | null> {
  const byName = truth.clOrdID && (await store.get('order', truth.clOrdID))
  if (byName) return byName
  return store.orderByOrderID(account, truth.orderID)
}

async function allViews(store: World['store']): Promise<Record<string, unknown>> {
  const views: Record<string, unknown> = {}
  for (const kind of VIEWS) views[kind] = await store.all(kind)
  // A comparison that found nothing new keeps its time outside the journal, by design: see desk/reconciling.ts.
  views['reconcile'] = (await store.all('reconcile')).map(({ account, clean, findings }) => ({
    account,
    clean,
    findings,
  }))
  return views
}

export async function journalOf(store: World['store']): Promise<Row[]> {
  const rows: Row[] = []
  for (;;) {
    const page = await store.journal(rows.length, 500)
    rows.push(...page)
    if (page.length < 500) return rows
  }
}

const sum = (all: readonly Decimal[]): Decimal => all.reduce(plus, dec('0'))
function same(what: string, actual: Decimal, wanted: Decimal): void {
  assert.ok(isZero(minus(actual, wanted)), `${what}: ${text(actual)} in our book, ${text(wanted)} in truth`)
}
