import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { digestOf } from '../approvals/digest.ts'
import { GENESIS, link } from '../journal/chain.ts'
import { sha256Text } from '../journal/merkle.ts'
import type { Actor, Entry, Row } from '../journal/row.ts'
import { type StoredRow, verifyJournal } from '../journal/verify.ts'
import type { Ticket } from '../orders/ticket.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { AccountID, IntentID } from '../values/brand.ts'
import { text } from '../values/decimal.ts'
import { parseInstant, plusMs, rfc3339 } from '../values/instant.ts'
import type { Json } from '../values/json.ts'
import { type Difference, leadingTo, type Replayed, replayJournal } from './incident.ts'
import { linkID } from './evidence.ts'
import { entryID } from './naming.ts'
import { type FindingCode, FINDINGS } from './finding.ts'

// Journals of real days, and what somebody might have done to them. The chain is made anew after every edit, as anybody
// with the source code can: what is found here is found by the machines alone.

/** What happened, in the words of scenarios/; each is played once. */
const DAYS = {
  plain: `signal I1 BUY AAPL entry=190.00 stop=188.00 target=194.00
approve I1 by=ana
report I1 Fill 20 @ 190.00 id=E1
report I1 Fill 32 @ 190.00 id=E2
wait 2s`,
  // A strategy stops by itself, and somebody has seen it; before that, further people were told.
  watched: `limits maxRejects=2
watch
policy duplicates=1s
next reject "no"
signal I1 BUY AAPL entry=190.00 stop=188.00 strategy=trend
approve I1 by=ana
wait 2s
next reject "no"
signal I2 BUY AAPL entry=190.00 stop=188.00 strategy=trend
approve I2 by=ana
wait 3m
acknowledge REJECTS trend by=ana`,
  // The broker takes no bracket, so the stops are our own.
  bare: `cannot bracket
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
report I1 Fill 52 @ 190.00 id=E1
wait 2s`,
  halted: `market MSFT bid=409.90 ask=410.10
market IBM bid=299.90 ask=300.10
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
wait 2s
signal I2 BUY MSFT entry=410.00 stop=400.00
halt by=rik
wait 5s
reconcile
release by=rik
signal I3 BUY IBM entry=300.00 stop=290.00
decline I3 by=tom`,
  changed: `can replace
signal I1 BUY AAPL entry=189.00 stop=187.00
approve I1 by=ana
replace I1 by=ana price=189.50
wait 2s`,
  again: `offers 1s
signal I1 BUY AAPL entry=190.00 stop=188.00
next lost
approve I1 by=ana
wait 5s`,
  crashed: `signal I1 BUY AAPL entry=190.00 stop=188.00
next crash-booked
approve I1 by=ana
wait 5s`,
  disputed: `cannot bracket
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
report I1 Fill 20 @ 190.00 id=E1
claims I1 Rejected
close DISPUTED I1 by=ana`,
  lapsed: `signal I1 BUY AAPL entry=190.00 stop=188.00
wait 6m
signal I2 BUY AAPL entry=190.00 stop=188.00 from=jax
withdraw I2 by=jax`,
  frozen: `elsewhere hold AAPL 40
reconcile
wait 5s
close FROZEN AAPL by=rik
elsewhere hold AAPL 0
reconcile
wait 5s`,
  governed: `change policy two people by=rik
agree by=ad
change person tom roles=trader,approver by=ad
agree by=rik
disable bo by=rik
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
approve I1 by=tom
wait 2s`,
  waited: `policy two people escalate=1m
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
wait 61s
approve I1 by=bo
wait 2s`,
  keyed: `policy two passkeys
passkey ana
passkey bo
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana with=passkey
approve I1 by=bo with=passkey
wait 2s`,
  armed: `policy click unasked=10000
arm AAPL by=ana upTo=10000 orders=1 for=1h
signal I1 BUY AAPL entry=190.00 stop=188.00
wait 2s`,
  chatted: `link ana
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana with=slack
wait 2s`,
  out: `signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
wait 2s
disable ana by=rik`,
  closed: `cannot bracket
signal I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
report I1 Fill 52 @ 190.00 id=E1
cancels prompt
liquidate by=rik
wait 2s
report I1.exit Fill 52 @ 189.94 id=E2
wait 2s`,
  signed: '',
  vouched: '',
} as const
type Day = keyof typeof DAYS

async function played(day: Day): Promise<Row[]> {
  const w = new World()
  const script = `# For the test.\nmarket AAPL bid=189.95 ask=190.05\n${DAYS[day]}`
  for (const line of parseScenario(script).lines) await play(w, [line])
  if (day === 'signed') {
    await w.open()
    await signIn(w)
  }
  if (day === 'vouched') {
    await w.open()
    await signIn(w)
    await signInByAccount(w)
  }
  const rows = await journalOf(w.store)
  await w.store.close()
  return rows
}
async function signIn(w: World): Promise<void> {
  const expiresAt = plusMs(w.clock.now(), 600_000)
  const actor: Actor = { type: 'system', id: 'operator', via: 'cli', session: null }
  await w.desk.issueCode({ hash: 'c0de', expiresAt, actor })
  const opened = {
    codeHash: 'c0de',
    name: 'Cy',
    roles: ['trader'],
    sessionHash: '5e55',
    csrf: 'x',
    via: 'web',
  } as const
  assert.ok((await w.desk.redeemCode({ ...opened, expiresAt, actor })).ok)
  assert.ok((await w.desk.identify({ accountID: 'A1', name: 'one' })).ok)
}

/** The account is linked, opens a session, and is unlinked. */
async function signInByAccount(w: World): Promise<void> {
  const account = { provider: 'oidc', tenant: 'https://id.example', user: '4711' } as const
  const cy = (await w.store.all('person')).find(({ name }) => name === 'Cy')?.personID ?? assert.fail()
  const actor: Actor = { type: 'person', id: cy, via: 'web', session: '5e55' }
  const expiresAt = plusMs(w.clock.now(), 600_000)
  assert.ok((await w.desk.linkAccount({ account, sessionHash: '5e55', actor })).ok)
  assert.ok((await w.desk.openByAccount({ account, sessionHash: '5e56', csrf: 'x', expiresAt })).ok)
  await w.desk.endSession({ hash: '5e56', actor })
  assert.ok((await w.desk.endLink({ linkID: linkID(account), reason: 'over', actor })).ok)
}

/** Numbers and hashes made anew. */
function linked(rows: readonly Row[]): StoredRow[] {
  let prev = GENESIS
  return rows.map(({ ts, boot, mono, ...entry }, seq) => {
    const { bytes, hash } = link(entry, { seq, ts, boot, mono, prev })
    prev = hash
    return { seq, bytes }
  })
}

const clock = new World().clock
async function replayed(stored: Iterable<StoredRow>, until: number | null = null): Promise<Replayed> {
  const empty = await openSqliteStore({ file: ':memory:', clock, boot: 'replay' })
  try {
    return await empty.transact((tx) => replayJournal(tx, stored, until))
  } finally {
    await empty.close()
  }
}

const days = new Map<Day, readonly Row[]>()
before(async () => {
  for (const day of Object.keys(DAYS) as Day[]) days.set(day, await played(day))
})
const dayOf = (day: Day): readonly Row[] => days.get(day) ?? assert.fail()

describe('a journal as it was written', () => {
  for (const day of Object.keys(DAYS) as Day[])
    it(`replays without a difference: ${day}`, async () => {
      const { differences, standing } = await replayed(linked(dayOf(day)))
      assert.deepEqual(differences, [])
      assert.equal(standing.rows, dayOf(day).length)
    })

  it('tells how things stood at its end', async () => {
    const { standing: s } = await replayed(linked(dayOf('plain')))
    assert.deepEqual([s.starts, s.intents, s.orders, s.executions, s.openTasks], [1, 1, 3, 2, 0])
    assert.deepEqual(
      s.open.map((o) => o.role),
      ['Stop', 'Target'],
    )
    assert.deepEqual(
      s.positions.map((p) => [p.symbol, text(p.netQty)]),
      [['AAPL', '52']],
    )
    assert.deepEqual([s.inDoubt, s.halt, s.frozen], [[], null, []])
    const rows = dayOf('plain')
    assert.deepEqual([s.from, s.to], [rows[0]?.ts, rows.at(-1)?.ts])
  })

  it('tells how things stood at any row of it', async () => {
    const rows = dayOf('again')
    const until = rows.findIndex((row) => row.action === 'order.in-doubt')
    const { standing, differences } = await replayed(linked(rows), until)
    assert.deepEqual([standing.rows, standing.inDoubt.length, differences], [until + 1, 1, []])
    const { standing: halted } = await replayed(linked(dayOf('halted')), indexOf(dayOf('halted'), 'halt.engaged'))
    assert.equal(halted.halt?.by, 'rik')
  })

  it('may come from a clock that was set back', async () => {
    const w = new World()
    const script = `# For the test.\nmarket AAPL bid=189.95 ask=190.05\n${DAYS.plain}`
    for (const line of parseScenario(script).lines) {
      await play(w, [line])
      if (line.verb === 'approve') w.clock.advance(-3_600_000)
    }
    const rows = await journalOf(w.store)
    assert.ok(rows.some((row) => row.action === 'order.send-started'))
    assert.deepEqual((await replayed(linked(rows))).differences, [])
  })
})

// ---------------------------------------------------------------- edits

type Edit = (rows: Row[]) => Row[]
type Data = Record<string, Json>

function indexOf(rows: readonly Row[], action: string, nth = 0): number {
  const places = rows.flatMap((row, i) => (row.action === action ? [i] : []))
  return places[nth] ?? assert.fail(`there is no ${action} number ${nth}`)
}
const put = (rows: Row[], at: number, ...fresh: Row[]): Row[] => [...rows.slice(0, at), ...fresh, ...rows.slice(at)]
const row = (rows: readonly Row[], at: number): Row => rows[at] ?? assert.fail()

/** Other data in one row: a path of names, and what is to stand there. */
function set(action: string, path: string, value: Json | ((data: Data) => Json), nth = 0): Edit {
  return (rows) => {
    const at = indexOf(rows, action, nth)
    const data = structuredClone<Data>(row(rows, at).data)
    const names = path.split('.')
    const last = names.pop() as string
    const holder = names.reduce((inner, name) => inner[name] as Data, data)
    holder[last] = typeof value === 'function' ? value(data) : value
    return rows.with(at, { ...row(rows, at), data })
  }
}
const amend =
  (action: string, change: (row: Row) => Partial<Row>, nth = 0): Edit =>
  (rows) => {
    const at = indexOf(rows, action, nth)
    return rows.with(at, { ...row(rows, at), ...change(row(rows, at)) })
  }
const drop =
  (action: string, nth = 0): Edit =>
  (rows) =>
    rows.toSpliced(indexOf(rows, action, nth), 1)
const twice =
  (action: string, nth = 0): Edit =>
  (rows) => {
    const at = indexOf(rows, action, nth)
    return put(rows, at + 1, row(rows, at))
  }
/** A row that was never written, in the name and at the time of the one it is put before. */
const insert =
  (beforeAction: string, entry: (rows: readonly Row[]) => Partial<Entry> & Pick<Entry, 'action'>, nth = 0): Edit =>
  (rows) => {
    const at = indexOf(rows, beforeAction, nth)
    return put(rows, at, { ...row(rows, at), ...entry(rows) })
  }
const all =
  (...edits: readonly Edit[]): Edit =>
  (rows) =>
    edits.reduce((now, edit) => edit(now), rows)

/** The same with one more than were counted. */
const more = (text: Json | undefined): string => {
  assert.ok(typeof text === 'string')
  return text.replace('last 2', 'last 3')
}
const AGENT: Actor = { type: 'agent', id: 'jax', via: 'mcp', session: null }
const SYSTEM: Actor = { type: 'system', id: 'gateway', via: 'worker', session: null }
const HALT = { action: 'halt.engaged', actor: AGENT, corr: 'halt', object: { type: 'halt', id: 'global', rev: 0 } }
const halts = () => ({ ...HALT, data: { by: 'jax', reason: 'news' } })
const joins = (name: string, how: Data) => () => ({
  action: 'person.added',
  actor: SYSTEM,
  corr: 'access',
  object: { type: 'person', id: name, rev: 0 },
  data: { person: { personID: name, name, roles: ['approver'], disabled: false, createdAt: 0, ...how } },
})
const NEW = { newcomer: true }
/** The change that shows somebody the door, put before a row. */
const outBefore =
  (action: string): Edit =>
  (rows) => {
    const { corr } = row(rows, indexOf(rows, 'person.changed'))
    const rest = rows.filter((one) => one.corr !== corr)
    return put(rest, indexOf(rest, action), ...rows.filter((one) => one.corr === corr))
  }
const freezes = (symbol: string) => () => ({
  action: 'instrument.frozen',
  actor: SYSTEM,
  corr: 'reconcile',
  object: { type: 'instrument', id: symbol, rev: 0 },
  data: { symbol, reason: 'the books differ' },
})
const orderID = (rows: readonly Row[], nth = 0): string => row(rows, indexOf(rows, 'order.created', nth)).object.id
const orderRow = (action: string, data: Entry['data']) => (rows: readonly Row[]) => ({
  action,
  actor: SYSTEM,
  corr: 'I1',
  object: { type: 'order', id: orderID(rows), rev: 0 },
  data,
})
const byPerson = (name: string) => ({ actor: personActor(name) })
const HOUR_MS = 3_600_000
const later = (data: Json | undefined): Json => plusMs(data as never, HOUR_MS)
const anHourLater: Edit = (rows) => {
  const from = indexOf(rows, 'order.send-started')
  return rows.map((r, i) =>
    i < from ? r : { ...r, ts: rfc3339(plusMs(parseInstant(r.ts) ?? assert.fail(), HOUR_MS)) },
  )
}
/** A yes as if somebody else had said it. */
const saidBy = (action: string, name: string, nth = 0): Edit =>
  all(
    amend(action, () => byPerson(name), nth),
    set(action, 'decision.by', name, nth),
  )
/** Something about a passkey, a link or what is armed, put before a row. */
const aboutThat = (action: string, of: string, actor: Actor, data: Entry['data']) => (rows: readonly Row[]) => ({
  action,
  actor,
  corr: 'access',
  object: row(rows, indexOf(rows, of)).object,
  data,
})
const revoked = (by: string) => aboutThat('passkey.revoked', 'passkey.enrolled', personActor(by), { why: 'lost' })
const disarmed = aboutThat('strategy.disarmed', 'strategy.armed', SYSTEM, { why: 'over' })
const flipped = (data: Data): Json => {
  const { signature } = (data['decision'] as Data)['evidence'] as Data
  const bytes = Buffer.from(signature as string, 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64url')
}
const without = (action: string, name: string): Edit =>
  amend(action, ({ data }) => ({ data: Object.fromEntries(Object.entries(data).filter(([key]) => key !== name)) }))
const ticketIn = (data: Data): Ticket => data['ticket'] as unknown as Ticket

/** What is edited, in which day, how, and what is found first: its code, at which row of which action. */
type Line = readonly [what: string, day: Day, edit: Edit, code: FindingCode, action: string, nth?: number]

describe('a journal that was edited, with a chain that holds', () => {
  // biome-ignore format: a table reads in columns
  const lines: readonly Line[] = [
    // steps
    ['a row of the send is missing',           'plain',    drop('order.send-started'),                                 'ILLEGAL_TRANSITION', 'order.accepted'],
    ['the ticket is missing',                  'plain',    drop('intent.ticketed'),                                    'ILLEGAL_TRANSITION', 'intent.approved'],
    ['the intent is missing',                  'plain',    drop('intent.received'),                                    'ILLEGAL_TRANSITION', 'intent.ticketed'],
    ['the order is missing',                   'plain',    drop('order.created'),                                      'UNREADABLE_ROW',     'order.send-started'],
    ['the approval is missing',                'plain',    drop('intent.approved'),                                    'NOT_APPROVED',       'order.created'],
    ['it was approved twice',                  'plain',    twice('intent.approved'),                                   'ILLEGAL_TRANSITION', 'intent.approved', 1],
    ['it was refused, and approved all the same', 'plain', insert('intent.approved', () => ({ action: 'intent.declined', ...byPerson('ana') })), 'ILLEGAL_TRANSITION', 'intent.approved'],
    ['a report became another',                'disputed', amend('execution.disputed', () => ({ action: 'execution.reported' })), 'ILLEGAL_TRANSITION', 'execution.reported', 3],
    ['an event of a later version',            'plain',    amend('order.accepted', () => ({ action: 'order.teleported' })), 'UNKNOWN_EVENT', 'order.teleported'],
    ['a report without its data',              'plain',    amend('execution.reported', () => ({ data: {} })),          'UNREADABLE_ROW',     'execution.reported'],
    ['a price that is no number',              'plain',    set('execution.reported', 'report.lastPx', 'cheap', 1),     'UNREADABLE_ROW',     'execution.reported', 1],
    ['no time',                                'plain',    amend('order.accepted', () => ({ ts: '2026-02-30T15:00:00.000000Z' })),            'UNREADABLE_ROW',     'order.accepted'],
    ['a row filed elsewhere',                  'plain',    amend('order.accepted', () => ({ corr: 'I9' })),            'MISFILED',           'order.accepted'],
    // intents and tickets
    ['received twice',                         'plain',    twice('intent.received'),                                   'REPEATED',           'intent.received', 1],
    ['received as something else',             'plain',    amend('intent.received', (r) => ({ object: { ...r.object, id: 'I9' } })), 'MISFILED', 'intent.received'],
    ['received as approved already',           'plain',    set('intent.received', 'intent.state', 'Approved'),         'NOT_NEW',            'intent.received'],
    ['another digest with the ticket',         'plain',    set('intent.ticketed', 'digest', 'AAAA'),                   'DIGEST_MISMATCH',    'intent.ticketed'],
    ['another size under the old digest',      'plain',    set('intent.ticketed', 'ticket.terms.orderQty', '520'),     'DIGEST_MISMATCH',    'intent.ticketed'],
    ['another size with its own digest',       'plain',    all(set('intent.ticketed', 'ticket.terms.orderQty', '520'), set('intent.ticketed', 'digest', (d) => digestOf(ticketIn(d)))), 'WRONG_SIZE', 'intent.ticketed'],
    ['more than the limits leave',             'plain',    set('intent.ticketed', 'sizing.qty', '51'),                 'WRONG_SIZE',         'intent.ticketed'],
    ['more than may be lost',                  'plain',    set('intent.ticketed', 'sizing.riskAmount', '1.00'),        'WRONG_SIZE',         'intent.ticketed'],
    ['a check that had failed',                'plain',    set('intent.ticketed', 'checks.0.passed', false),           'WRONG_SIZE',         'intent.ticketed'],
    ['the other side of what was asked',       'plain',    all(set('intent.ticketed', 'ticket.terms.side', 'Sell'), set('intent.ticketed', 'digest', (d) => digestOf(ticketIn(d)))), 'WRONG_TERMS', 'intent.ticketed'],
    ['a ticket that outlives its signal',      'plain',    set('intent.ticketed', 'decideBy', (d) => later(d['decideBy'])), 'APPROVAL_EXPIRED', 'intent.ticketed'],
    ['a ticket during a halt',                 'plain',    insert('intent.ticketed', halts),                           'TRADING_HALTED',     'intent.ticketed'],
    ['a ticket in a frozen symbol',            'plain',    insert('intent.ticketed', freezes('AAPL')),                 'INSTRUMENT_FROZEN',  'intent.ticketed'],
    ['lapsed before its time',                 'lapsed',   all(set('intent.received', 'intent.proposal.expiresAt', (d) => later(((d['intent'] as Data)['proposal'] as Data)['expiresAt'])), set('intent.ticketed', 'decideBy', (d) => later(d['decideBy']))), 'TOO_EARLY', 'intent.lapsed'],
    ['lapsed while its order may live',        'plain',    insert('order.accepted', () => ({ action: 'intent.lapsed', object: { type: 'intent', id: 'I1', rev: 1 }, data: { why: 'late' } })), 'STILL_LIVE', 'intent.lapsed'],
    ['refused while its order may live',       'plain',    insert('order.accepted', () => ({ action: 'intent.refused', object: { type: 'intent', id: 'I1', rev: 1 }, data: { at: 'send', refusals: [], sizing: null, checks: [] } })), 'STILL_LIVE', 'intent.refused'],
    ['withdrawn by another agent',             'lapsed',   amend('intent.withdrawn', (r) => ({ actor: { ...r.actor, id: 'max' } })), 'NOT_ELIGIBLE', 'intent.withdrawn'],
    ['declined by an agent',                   'halted',   amend('intent.declined', () => ({ actor: AGENT })),         'NOT_ELIGIBLE',       'intent.declined'],
    // approvals
    ['approved by the agent',                  'plain',    amend('intent.approved', () => ({ actor: AGENT })),         'NOT_ELIGIBLE',       'intent.approved'],
    ['approved by a trader',                   'plain',    all(amend('intent.approved', () => byPerson('tom')), set('intent.approved', 'decision.by', 'tom')), 'NOT_ELIGIBLE', 'intent.approved'],
    ['approved in the name of another',        'plain',    amend('intent.approved', () => byPerson('bo')),             'NOT_ELIGIBLE',       'intent.approved'],
    ['approved by somebody disabled',          'out',      outBefore('intent.approved'),                           'NOT_ELIGIBLE',       'intent.approved'],
    ['approved by the owner of the agent',     'plain',    set('intent.received', 'intent.proposerOwner', 'ana'),      'SELF_APPROVAL',      'intent.approved'],
    ['approved by whoever made its token',     'plain',    set('intent.received', 'intent.proposerMaker', 'ana'),      'SELF_APPROVAL',      'intent.approved'],
    ['approved under another digest',          'plain',    set('intent.approved', 'decision.digest', 'AAAA'),          'DIGEST_MISMATCH',    'intent.approved'],
    ['approved too late',                      'plain',    set('intent.approved', 'decision.at', (d) => later((d['decision'] as Data)['at'])), 'APPROVAL_EXPIRED', 'intent.approved'],
    ['approved too late, and dated back',      'plain',    amend('intent.approved', (r) => ({ ts: rfc3339(plusMs(parseInstant(r.ts) ?? assert.fail(), HOUR_MS)) })), 'APPROVAL_EXPIRED', 'intent.approved'],
    ['approved during a halt',                 'plain',    insert('intent.approved', halts),                           'TRADING_HALTED',     'intent.approved'],
    // the send
    ['made after its approver was disabled',   'out',      outBefore('order.created'),                             'NOT_APPROVED',       'order.created'],
    ['made after the approval had ended',      'plain',    set('order.created', 'order.createdAt', (d) => later((d['order'] as Data)['createdAt'])), 'APPROVAL_EXPIRED', 'order.created'],
    ['made of a signal that was over',         'plain',    all(set('intent.approved', 'sendBy', (d) => later(later(d['sendBy']))), set('order.created', 'order.createdAt', (d) => later((d['order'] as Data)['createdAt']))), 'SIGNAL_EXPIRED', 'order.created'],
    ['made at another price',                  'plain',    set('order.created', 'order.terms.price', '191.00'),        'WRONG_TERMS',        'order.created'],
    ['made for more money',                    'plain',    set('order.created', 'order.maxNotional', '99999.00'),      'WRONG_TERMS',        'order.created'],
    ['the order says that another decided',    'plain',    decidedByAnother,                                           'WRONG_NAME',         'order.created'],
    ['made under another name',                'plain',    all(set('order.created', 'order.clOrdID', 'jx9'), amend('order.created', (r) => ({ object: { ...r.object, id: 'jx9' } }))), 'WRONG_NAME', 'order.created'],
    ['made with something filled',             'plain',    set('order.created', 'order.cumQty', '20'),                 'NOT_NEW',            'order.created'],
    ['made during a halt',                     'plain',    insert('order.created', halts),                             'TRADING_HALTED',     'order.created'],
    ['made in a frozen symbol',                'plain',    insert('order.created', freezes('AAPL')),                   'INSTRUMENT_FROZEN',  'order.created'],
    ['made twice',                             'plain',    twice('order.created'),                                     'REPEATED',           'order.created', 1],
    ['a second order of the intent',           'plain',    secondOrder,                                                'SECOND_ORDER',       'order.created', 1],
    ['sent during a halt',                     'plain',    all(insert('order.send-started', halts), insert('order.send-started', orderRow('order.cancel-requested', { why: 'halt' }))), 'TRADING_HALTED', 'order.send-started'],
    ['sent after the approval had ended',      'plain',    anHourLater,                                                'APPROVAL_EXPIRED',   'order.send-started'],
    ['sent a second time while in doubt',      'again',    set('order.send-started', 'attempt', 1, 1),                 'WRONG_ATTEMPT',      'order.send-started', 1],
    ['offered again though it was reported',   'again',    insert('order.send-started', orderRow('execution.reported', { report: { execType: 'New', execID: 'N1', clOrdID: null, orderID: null, transactTime: 0, text: null } }), 1), 'SECOND_ORDER', 'order.send-started', 1],
    ['absent though it was reported',          'again',    all(insert('order.send-started', orderRow('order.absent', { evidence: 'lost' }), 1), insert('order.absent', orderRow('execution.reported', { report: { execType: 'New', execID: 'N1', clOrdID: null, orderID: null, transactTime: 0, text: null } }))), 'CONTRADICTED', 'order.absent'],
    ['rejected by the no to a repeat',         'again',    amend('order.accepted', () => ({ action: 'order.rejected', data: { text: 'no' } })), 'CONTRADICTED', 'order.rejected'],
    ['accepted under two names',               'plain',    all(twice('order.accepted'), set('order.accepted', 'orderID', 'B99', 1)), 'WRONG_ORDER', 'order.accepted', 1],
    // replacements
    ['changed by an agent',                    'changed',  amend('order.replace-requested', () => ({ actor: AGENT })), 'NOT_ELIGIBLE',       'order.replace-requested'],
    ['changed to another price',               'changed',  set('order.created', 'order.terms.price', '199.00', 2),     'WRONG_TERMS',        'order.created', 2],
    ['changed, and nobody asked',              'changed',  drop('order.replace-requested'),                            'NOT_APPROVED',       'order.created', 2],
    ['changed under another digest',           'changed',  set('order.replace-requested', 'decision.digest', 'AAAA'),  'DIGEST_MISMATCH',    'order.replace-requested'],
    ['changed during a halt',                  'changed',  all(insert('order.replace-requested', orderRow('order.cancel-answered', { outcome: 'rejected', text: 'no' })), insert('order.cancel-answered', orderRow('order.cancel-requested', { why: 'halt' })), insert('order.cancel-requested', halts)), 'TRADING_HALTED', 'order.replace-requested'],
    ['changed while it is being canceled',     'changed',  insert('order.replace-requested', orderRow('order.cancel-requested', { why: 'asked for' })), 'NOT_REPLACEABLE', 'order.replace-requested'],
    ['sent in the place of one being canceled', 'changed', insert('order.send-started', orderRow('order.cancel-requested', { why: 'asked for' }), 1), 'NOT_REPLACEABLE', 'order.send-started', 1],
    // exits
    ['a stop for more than is held',           'bare',     set('order.created', 'order.terms.orderQty', '104', 1),     'MORE_THAN_HELD',     'order.created', 1],
    ['a stop at another price',                'bare',     set('order.created', 'order.terms.stopPx', '150.00', 1),    'WRONG_TERMS',        'order.created', 1],
    ['a stop that may open a position',        'bare',     set('order.created', 'order.terms.reduceOnly', false, 1),   'WRONG_TERMS',        'order.created', 1],
    ['a stop of nobody',                       'bare',     set('order.created', 'order.parent', null, 1),              'NOT_APPROVED',       'order.created', 1],
    ['a leg under another name',               'plain',    all(set('order.created', 'order.clOrdID', 'x-s', 1), amend('order.created', (r) => ({ object: { ...r.object, id: 'x-s' } }), 1)), 'WRONG_NAME', 'order.created', 1],
    ['a stop that is sent after a bust',       'bare',     insert('order.send-started', orderRow('execution.reported', { report: { execType: 'TradeCancel', execID: 'B1', refExecID: 'E1', clOrdID: null, orderID: null, transactTime: 0, text: null } }), 1), 'MORE_THAN_HELD', 'order.send-started', 1],
    // everything closed
    ['closed by a trader',                     'closed',   amend('liquidation.started', () => byPerson('tom')),        'NOT_ELIGIBLE',       'liquidation.started'],
    ['closed in another’s name',               'closed',   set('liquidation.started', 'liquidation.by', 'ana'),        'NOT_ELIGIBLE',       'liquidation.started'],
    ['closed a second time',                   'closed',   twice('liquidation.started'),                               'REPEATED',           'liquidation.started', 1],
    ['closed without a halt',                  'closed',   drop('halt.engaged'),                                       'LEFT_UNDONE',        'liquidation.started'],
    ['an exit that nobody wanted',             'closed',   (rows) => rows.filter(({ action }) => !action.startsWith('liquidation.')), 'NOT_APPROVED', 'order.created', 2],
    ['an exit of another symbol than was named', 'closed', set('liquidation.started', 'liquidation.symbols', ['MSFT']), 'NOT_APPROVED',      'order.created', 2],
    ['an exit for more than is held',          'closed',   set('order.created', 'order.terms.orderQty', '53', 2),      'MORE_THAN_HELD',     'order.created', 2],
    ['an exit for more than the broker holds', 'closed',   set('liquidation.surveyed', 'positions', [{ symbol: 'AAPL', netQty: '51' }]), 'MORE_THAN_HELD', 'order.created', 2],
    ['an exit of what was never looked at',    'closed',   drop('liquidation.surveyed'),                               'MORE_THAN_HELD',     'order.created', 2],
    ['an exit to the wrong side',              'closed',   set('order.created', 'order.terms.side', 'Buy', 2),         'MORE_THAN_HELD',     'order.created', 2],
    ['an exit that may open a position',       'closed',   set('order.created', 'order.terms.reduceOnly', false, 2),   'WRONG_TERMS',        'order.created', 2],
    ['an exit at any price',                   'closed',   set('order.created', 'order.terms.ordType', 'Market', 2),   'WRONG_TERMS',        'order.created', 2],
    ['an exit under another name',             'closed',   all(set('order.created', 'order.clOrdID', 'x-x1', 2), amend('order.created', (r) => ({ object: { ...r.object, id: 'x-x1' } }), 2)), 'WRONG_NAME', 'order.created', 2],
    ['an exit beside a stop that rests',       'closed',   (rows) => rows.filter(({ data }) => (data['report'] as Data | undefined)?.['execType'] !== 'Canceled'), 'SECOND_ORDER', 'order.created', 2],
    ['released while it runs',                 'closed',   insert('liquidation.flat', () => ({ ...byPerson('rik'), action: 'halt.released', corr: 'halt', object: { type: 'halt', id: 'global', rev: 0 }, data: { by: 'rik', reason: 'over' } })), 'TRADING_HALTED', 'halt.released'],
    ['over, and something is left',            'closed',   set('liquidation.flat', 'report', [{ symbol: 'AAPL', heldQty: '52', closedQty: '52', avgPx: '189.94', leftQty: '5', why: null }]), 'CONTRADICTED', 'liquidation.flat'],
    ['over while an exit may still trade',     'closed',   (rows) => rows.filter(({ data }) => (data['report'] as Data | undefined)?.['execID'] !== 'E2'), 'STILL_LIVE', 'liquidation.flat'],
    // reports
    ['a fill counted twice',                   'plain',    twice('execution.reported', 1),                             'REPEATED',           'execution.reported', 2],
    ['a fill under the number of another',     'plain',    set('execution.reported', 'report.execID', 'E1', 2),        'REPEATED',           'execution.reported', 2],
    ['news that is none',                      'plain',    insert('execution.reported', orderRow('execution.reported', { report: { execType: 'New', execID: 'N9', clOrdID: null, orderID: null, transactTime: 0, text: null } }), 2), 'REPEATED', 'execution.reported', 2],
    ['a fill at another order',                'plain',    amend('execution.reported', (r) => ({ object: { ...r.object, id: `${r.object.id}-s` } }), 1), 'WRONG_ORDER', 'execution.reported', 1],
    ['a fill of an order at the broker that is not it', 'plain', all(set('execution.reported', 'report.clOrdID', null, 1), set('execution.reported', 'report.orderID', 'B99', 1)), 'WRONG_ORDER', 'execution.reported', 1],
    ['a dispute over what is right',           'plain',    amend('execution.reported', (r) => ({ action: 'execution.disputed', data: { ...r.data, fault: { code: 'UNEXPECTED_REPORT', phase: 'Rejected', said: 'Fill' } } }), 1), 'WRONG_DISPUTE', 'execution.disputed'],
    ['a dispute for another reason',           'disputed', set('execution.disputed', 'fault.phase', 'Filled'),         'WRONG_DISPUTE',      'execution.disputed'],
    ['a dispute twice',                        'disputed', twice('execution.disputed'),                                'REPEATED',           'execution.disputed', 1],
    // halts, freezes, tasks
    ['halted twice',                           'halted',   twice('halt.engaged'),                                      'LEFT_UNDONE',        'halt.engaged'],
    ['halted during a halt',                   'halted',   insert('halt.released', halts),                             'REPEATED',           'halt.engaged', 1],
    ['a halt that left an entry',              'halted',   drop('order.cancel-requested'),                             'LEFT_UNDONE',        'halt.engaged'],
    ['released by a trader',                   'halted',   amend('halt.released', () => byPerson('tom')),              'NOT_ELIGIBLE',       'halt.released'],
    ['released by an agent',                   'halted',   amend('halt.released', () => ({ actor: AGENT })),           'NOT_ELIGIBLE',       'halt.released'],
    ['released twice',                         'halted',   twice('halt.released'),                                     'REPEATED',           'halt.released', 1],
    ['released before the books were compared', 'halted',  (rows) => rows.filter((r, i) => r.action !== 'account.reconciled' || i < indexOf(rows, 'halt.engaged')), 'UNRECONCILED', 'halt.released'],
    ['a start that forgot a send',             'crashed',  drop('order.in-doubt'),                                     'LEFT_UNDONE',        'gateway.started', 1],
    ['thawed without anybody looking',         'frozen',   drop('task.closed'),                                        'LEFT_UNDONE',        'instrument.thawed'],
    ['thawed twice',                           'frozen',   twice('instrument.thawed'),                                 'REPEATED',           'instrument.thawed', 1],
    ['a task raised twice',                    'frozen',   twice('task.raised'),                                       'REPEATED',           'task.raised', 1],
    ['a task closed twice',                    'frozen',   twice('task.closed'),                                       'REPEATED',           'task.closed', 1],
    // access
    ['a code used twice',                      'signed',   twice('session.opened'),                                    'REPEATED',           'session.opened', 1],
    ['a code nobody made',                     'signed',   set('session.opened', 'codeHash', 'beef'),                  'NOT_ELIGIBLE',       'session.opened'],
    ['a code that was too old',                'signed',   set('session.opened', 'session.createdAt', (d) => later((d['session'] as Data)['createdAt'])), 'NOT_ELIGIBLE', 'session.opened'],
    ['a session of nobody',                    'signed',   set('session.opened', 'session.personID', 'usr_x'),         'NOT_ELIGIBLE',       'session.opened'],
    ['a session by an account of nobody',      'vouched',  drop('link.made'),                                          'NOT_ELIGIBLE',       'session.opened', 1],
    ['a session by the account of another',    'vouched',  all(insert('link.made', joins('mal', NEW)), set('session.opened', 'session.personID', 'mal', 1)), 'NOT_ELIGIBLE', 'session.opened', 1],
    ['a session by an account after its end',  'vouched',  (rows) => put(rows, rows.length, row(rows, indexOf(rows, 'session.opened', 1))), 'NOT_ELIGIBLE', 'session.opened', 2],
    ['a session of the command line by an account', 'vouched', set('session.opened', 'session.via', 'cli', 1),        'NOT_ELIGIBLE',       'session.opened', 1],
    ['a session by a chat account',            'vouched',  set('link.made', 'link.provider', 'slack'),                 'NOT_ELIGIBLE',       'link.made'],
    ['an account linked under another name',   'vouched',  set('link.made', 'link.user', '4712'),                      'NOT_ELIGIBLE',       'link.made'],
    ['an account linked twice',                'vouched',  twice('link.made'),                                         'REPEATED',           'link.made', 1],
    ['an account linked by another',           'vouched',  amend('link.made', () => byPerson('tom')),                  'NOT_ELIGIBLE',       'link.made'],
    ['an account linked in no session',        'vouched',  set('link.made', 'sessionHash', 'beef'),                    'NOT_ELIGIBLE',       'link.made'],
    ['an account linked in a session that was over', 'vouched', set('link.made', 'link.createdAt', (d) => later((d['link'] as Data)['createdAt'])), 'NOT_ELIGIBLE', 'link.made'],
    ['an account linked with a code',          'vouched',  all(without('link.made', 'sessionHash'), set('link.made', 'codeHash', 'c0de')), 'NOT_ELIGIBLE', 'link.made'],
    // quorums
    ['a vote of somebody who may not',         'governed', saidBy('intent.voted', 'ad'),                              'NOT_ELIGIBLE',       'intent.voted'],
    ['a vote of somebody disabled',            'governed', saidBy('intent.voted', 'bo'),                              'NOT_ELIGIBLE',       'intent.voted'],
    ['a vote in the name of another',          'governed', amend('intent.voted', () => byPerson('rik')),              'NOT_ELIGIBLE',       'intent.voted'],
    ['a vote for another ticket',              'governed', set('intent.voted', 'decision.digest', 'AAAA'),            'DIGEST_MISMATCH',    'intent.voted'],
    ['a vote too late',                        'governed', set('intent.voted', 'decision.at', (d) => later((d['decision'] as Data)['at'])), 'APPROVAL_EXPIRED', 'intent.voted'],
    ['a quorum that was not reached',          'governed', drop('intent.voted'),                                      'NOT_APPROVED',       'intent.approved'],
    ['one person for two',                     'governed', saidBy('intent.approved', 'ana'),                          'REPEATED',           'intent.approved'],
    ['a ticket that asks for fewer people',    'governed', set('intent.ticketed', 'requires.quorum', 1),              'ASSURANCE_TOO_LOW',  'intent.ticketed'],
    ['a ticket under an older policy',         'governed', set('intent.ticketed', 'requires.policyVersion', 0),       'ASSURANCE_TOO_LOW',  'intent.ticketed'],
    ['a ticket that asks for nothing',         'governed', without('intent.ticketed', 'requires'),                    'ASSURANCE_TOO_LOW',  'intent.ticketed'],
    ['put aside in the name of another',       'governed', insert('intent.voted', () => ({ action: 'intent.put-aside', ...byPerson('ana'), data: { aside: { kind: 'snoozed', by: 'rik', byName: 'rik', text: '', until: null, at: 0 } } })), 'NOT_ELIGIBLE', 'intent.put-aside'],
    // escalations
    ['escalated twice',                        'waited',   twice('intent.escalated'),                                  'REPEATED',           'intent.escalated', 1],
    ['escalated with another count',           'waited',   set('intent.escalated', 'missing', 2),                      'CONTRADICTED',       'intent.escalated'],
    ['escalated after a shorter wait',         'waited',   set('intent.escalated', 'waitedMs', 59_999),                'TOO_EARLY',          'intent.escalated'],
    ['escalated before its time',              'waited',   set('intent.ticketed', 'escalation.at', (d) => plusMs((d['escalation'] as Data)['at'] as never, 30_000)), 'TOO_EARLY', 'intent.escalated'],
    ['escalated as an older ticket',           'waited',   set('intent.escalated', 'rev', 2),                          'NOT_PENDING',        'intent.escalated'],
    ['escalated after its end',                'waited',   set('intent.ticketed', 'decideBy', (d) => plusMs((d['escalation'] as Data)['at'] as never, -2_000)), 'CONTRADICTED', 'intent.ticketed'],
    ['escalated where the policy says never',  'waited',   without('intent.ticketed', 'escalation'),                   'CONTRADICTED',       'intent.escalated'],
    ['escalated sooner than the policy says',  'waited',   set('intent.ticketed', 'escalation.afterMs', 5_000),        'CONTRADICTED',       'intent.ticketed'],
    ['escalated when it was decided',          'waited',   (rows) => put(rows, indexOf(rows, 'intent.approved') + 1, row(rows, indexOf(rows, 'intent.escalated'))), 'ILLEGAL_TRANSITION', 'intent.escalated', 1],
    // changes of the house
    ['a policy that nobody proposed',          'governed', amend('policy.changed', () => ({ corr: 'chg_none' })),     'NOT_APPROVED',       'policy.changed'],
    ['another policy than was agreed to',      'governed', set('policy.changed', 'policy.autoMaxNotional', '99999'),  'NOT_APPROVED',       'policy.changed'],
    ['a policy that leaves a version out',     'governed', set('policy.changed', 'policy.version', 2),                'CONTRADICTED',       'policy.changed'],
    ['a policy that nobody agreed to',         'governed', drop('change.voted'),                                      'NOT_APPROVED',       'policy.changed'],
    ['a change proposed by an agent',          'governed', amend('change.proposed', () => ({ actor: AGENT })),        'NOT_ELIGIBLE',       'change.proposed'],
    ['a change proposed by an approver',       'governed', all(amend('change.proposed', () => byPerson('ana')), set('change.proposed', 'change.proposer', 'ana')), 'NOT_ELIGIBLE', 'change.proposed'],
    ['a change under another digest',          'governed', set('change.proposed', 'change.digest', 'AAAA'),           'DIGEST_MISMATCH',    'change.proposed'],
    ['another change under the old digest',    'governed', set('change.proposed', 'change.what.policy.autoMaxNotional', '99999'), 'DIGEST_MISMATCH', 'change.proposed'],
    ['a change that asks nobody',              'governed', set('change.proposed', 'change.requires.quorum', 0),       'NOT_APPROVED',       'change.proposed'],
    ['a change that asks for less than a click', 'governed', set('change.proposed', 'change.requires.level', 'L0'),   'NOT_APPROVED',       'change.proposed'],
    ['a change of somebody else’s digest',     'governed', set('change.proposed', 'change.proposer', 'ad'),           'NOT_ELIGIBLE',       'change.proposed'],
    ['a change that begins agreed to',         'governed', set('change.proposed', 'change.state', 'Applied'),         'NOT_NEW',            'change.proposed'],
    ['a change that waits for ever',           'governed', set('change.proposed', 'change.decideBy', (d) => later((d['change'] as Data)['decideBy'])), 'APPROVAL_EXPIRED', 'change.proposed'],
    ['a change proposed twice',                'governed', twice('change.proposed'),                                  'REPEATED',           'change.proposed', 1],
    ['a change under another name',            'governed', set('change.proposed', 'change.changeID', 'chg_x'),        'MISFILED',           'change.proposed'],
    ['agreed to by its proposer',              'governed', saidBy('change.voted', 'rik'),                             'SELF_APPROVAL',      'change.voted'],
    ['agreed to by an approver',               'governed', saidBy('change.voted', 'ana'),                             'NOT_ELIGIBLE',       'change.voted'],
    ['agreed to by an agent',                  'governed', amend('change.voted', () => ({ actor: AGENT })),           'NOT_ELIGIBLE',       'change.voted'],
    ['agreed to in the name of another',       'governed', amend('change.voted', () => byPerson('rik')),              'NOT_ELIGIBLE',       'change.voted'],
    ['agreed to under another digest',         'governed', set('change.voted', 'decision.digest', 'AAAA'),            'DIGEST_MISMATCH',    'change.voted'],
    ['agreed to too late',                     'governed', set('change.voted', 'decision.at', (d) => plusMs((d['decision'] as Data)['at'] as never, 25 * HOUR_MS)), 'APPROVAL_EXPIRED', 'change.voted'],
    ['agreed to twice',                        'governed', twice('change.voted'),                                     'REPEATED',           'change.voted', 1],
    ['agreed to with a link of nobody',        'governed', set('change.voted', 'decision.evidence', { kind: 'channel', provider: 'slack', tenant: 'T1', user: 'U9', app: 'A', conversation: null, message: null, transport: 'http', proof: 'p' }), 'NOT_APPROVED', 'change.voted'],
    ['agreed to after it was applied',         'governed', (rows) => put(rows, indexOf(rows, 'change.applied') + 1, row(rows, indexOf(rows, 'change.voted'))), 'NOT_PENDING', 'change.voted', 1],
    ['applied, and nothing done',              'governed', drop('policy.changed'),                                    'LEFT_UNDONE',        'change.applied'],
    ['applied, and said to be without four eyes', 'governed', set('change.applied', 'note', 'four-eyes: off'),        'CONTRADICTED',       'change.applied'],
    ['lapsed before its time, a change',       'governed', insert('change.voted', () => ({ action: 'change.lapsed', actor: SYSTEM, data: { why: 'late' } })), 'TOO_EARLY', 'change.lapsed'],
    ['declined by a trader, a change',         'governed', insert('change.voted', (rows) => ({ action: 'change.declined', ...byPerson('tom'), data: row(rows, indexOf(rows, 'change.voted')).data })), 'NOT_ELIGIBLE', 'change.declined'],
    ['access that nobody proposed',            'governed', amend('person.changed', () => ({ corr: 'access' })),       'NOT_APPROVED',       'person.changed'],
    ['other roles than were agreed to',        'governed', set('person.changed', 'roles', ['admin']),                 'NOT_APPROVED',       'person.changed'],
    ['access that they gave themselves',       'governed', insert('change.proposed', () => ({ action: 'person.changed', ...byPerson('ad'), corr: 'access', object: { type: 'person', id: 'ad', rev: 0 }, data: { roles: ['admin', 'approver'], disabled: false } })), 'NOT_APPROVED', 'person.changed'],
    ['access of somebody who has another by now', 'governed', set('person.added', 'person.roles', ['operator'], 3), 'NOT_APPROVED',       'person.changed'],
    ['somebody whom nobody confirmed',         'plain',    insert('intent.received', joins('mal', {})),                'NOT_APPROVED',       'person.added', 5],
    ['somebody new, as if they were known',    'signed',   set('person.added', 'person.newcomer', false, 5),           'NOT_APPROVED',       'person.added', 5],
    ['somebody added a second time',           'plain',    insert('intent.received', joins('bo', NEW)),                'REPEATED',           'person.added', 5],
    ['somebody shown the door by nobody',      'plain',    insert('intent.approved', joins('rik', { disabled: true })), 'REPEATED',          'person.added', 5],
    ['somebody under another name',            'signed',   set('person.added', 'person.personID', 'mal', 5),           'MISFILED',           'person.added', 5],
    // passkeys
    ['a passkey enrolled by another',          'keyed',    amend('passkey.enrolled', () => byPerson('bo')),           'NOT_ELIGIBLE',       'passkey.enrolled'],
    ['a passkey given to another',             'keyed',    set('passkey.enrolled', 'passkey.personID', 'bo'),         'NOT_ELIGIBLE',       'passkey.enrolled'],
    ['a passkey without its first day',        'keyed',    set('passkey.enrolled', 'passkey.liveFrom', 0),            'CONTRADICTED',       'passkey.enrolled'],
    ['a passkey filed under another name',     'keyed',    set('passkey.enrolled', 'passkey.credentialID', 'AAAA'),   'MISFILED',           'passkey.enrolled'],
    ['a passkey enrolled twice',               'keyed',    twice('passkey.enrolled'),                                 'REPEATED',           'passkey.enrolled', 1],
    ['a passkey revoked by a governor alone',  'keyed',    insert('intent.voted', revoked('rik')),                    'NOT_APPROVED',       'passkey.revoked'],
    ['a yes after its passkey was revoked',    'keyed',    insert('intent.voted', revoked('ana')),                    'NOT_ELIGIBLE',       'intent.voted'],
    ['made after a passkey was revoked',       'keyed',    insert('order.created', revoked('ana')),                   'NOT_APPROVED',       'order.created'],
    ['another signature',                      'keyed',    set('intent.voted', 'decision.evidence.signature', flipped), 'NOT_APPROVED',     'intent.voted'],
    ['another signature of the last yes',      'keyed',    set('intent.approved', 'decision.evidence.signature', flipped), 'NOT_APPROVED',  'intent.approved'],
    ['a signature of a no',                    'keyed',    set('intent.voted', 'decision.evidence.envelope.decision', 'reject'), 'NOT_APPROVED', 'intent.voted'],
    ['a click for a signature',                'keyed',    set('intent.voted', 'decision.evidence', { kind: 'session', session: 'x' }), 'ASSURANCE_TOO_LOW', 'intent.voted'],
    ['nothing for a signature',                'keyed',    set('intent.voted', 'decision', (d) => Object.fromEntries(Object.entries(d['decision'] as Data).filter(([name]) => name !== 'evidence'))), 'ASSURANCE_TOO_LOW', 'intent.voted'],
    ['a ticket that asks for a click',         'keyed',    set('intent.ticketed', 'requires.level', 'L1'),            'ASSURANCE_TOO_LOW',  'intent.ticketed'],
    // what goes without a person
    ['armed by an agent',                      'armed',    amend('strategy.armed', () => ({ actor: AGENT })),         'NOT_ELIGIBLE',       'strategy.armed'],
    ['armed by a trader',                      'armed',    all(amend('strategy.armed', () => byPerson('tom')), set('strategy.armed', 'arming.by', 'tom')), 'NOT_ELIGIBLE', 'strategy.armed'],
    ['armed in the name of another',           'armed',    amend('strategy.armed', () => byPerson('bo')),             'NOT_ELIGIBLE',       'strategy.armed'],
    ['armed for more than the policy says',    'armed',    set('strategy.armed', 'arming.maxNotional', '10000.01'),   'ASSURANCE_TOO_LOW',  'strategy.armed'],
    ['armed for longer than a day',            'armed',    set('strategy.armed', 'arming.until', (d) => plusMs((d['arming'] as Data)['until'] as never, 24 * HOUR_MS)), 'APPROVAL_EXPIRED', 'strategy.armed'],
    ['armed during a halt',                    'armed',    insert('strategy.armed', halts),                           'TRADING_HALTED',     'strategy.armed'],
    ['armed with an order gone',               'armed',    set('strategy.armed', 'arming.count', 1),                  'NOT_NEW',            'strategy.armed'],
    ['gone after it was disarmed',             'armed',    insert('intent.ticketed', disarmed),                       'NOT_APPROVED',       'intent.ticketed'],
    ['made after it was disarmed',             'armed',    insert('order.created', disarmed),                         'NOT_APPROVED',       'order.created'],
    ['gone in another symbol',                 'armed',    set('strategy.armed', 'arming.symbols', ['MSFT']),         'NOT_APPROVED',       'intent.ticketed'],
    ['gone once too often',                    'armed',    set('strategy.armed', 'arming.maxCount', 0),               'NOT_APPROVED',       'intent.ticketed'],
    ['gone for whom it was armed by',          'armed',    set('intent.received', 'intent.proposerOwner', 'ana'),     'NOT_APPROVED',       'intent.ticketed'],
    ['armed by whoever made its token',        'armed',    set('intent.received', 'intent.proposerMaker', 'ana'),     'NOT_APPROVED',       'intent.ticketed'],
    ['gone after its time',                    'armed',    set('strategy.armed', 'arming.until', (d) => plusMs((d['arming'] as Data)['armedAt'] as never, -2_000)), 'NOT_APPROVED', 'intent.ticketed'],
    ['gone though nobody armed it',            'plain',    all(amend('intent.approved', () => ({ actor: SYSTEM })), set('intent.approved', 'decision.evidence', { kind: 'armed', armingID: 'arm_1' })), 'ASSURANCE_TOO_LOW', 'intent.approved'],
    // chats
    ['a code for the chat user of another',    'chatted',  set('code.issued', 'code.links', 'bo'),                    'NOT_ELIGIBLE',       'code.issued'],
    ['a chat user linked with a foreign code', 'chatted',  all(set('code.issued', 'code.links', 'bo'), amend('code.issued', () => byPerson('bo'))), 'NOT_ELIGIBLE', 'link.made'],
    ['a code that linked two chat users',      'chatted',  twice('link.made'),                                        'REPEATED',           'link.made', 1],
    ['a chat user unlinked by a trader',       'chatted',  insert('intent.received', aboutThat('link.ended', 'link.made', personActor('tom'), { why: 'over' })), 'NOT_ELIGIBLE', 'link.ended'],
    ['a click of nobody’s chat user',          'chatted',  drop('link.made'),                                         'NOT_APPROVED',       'intent.approved'],
    ['a click of another’s chat user',         'chatted',  set('intent.approved', 'decision.evidence.user', 'bo'),    'NOT_APPROVED',       'intent.approved'],
    ['made after its chat user was unlinked',  'chatted',  insert('order.created', aboutThat('link.ended', 'link.made', personActor('ana'), { why: 'over' })), 'NOT_APPROVED', 'order.created'],
    // what trips by itself
    ['a strategy stopped for fewer than it says', 'watched', all(set('task.raised', 'task.text', (d) => more((d['task'] as Data)['text'])), set('halt.engaged', 'reason', (d) => more(d['reason']))), 'WRONG_SUM', 'halt.engaged'],
    ['a strategy stopped without a word',      'watched',  drop('task.raised'),                                       'LEFT_UNDONE',        'halt.engaged'],
    ['everything stopped by rejects of one',   'watched',  all(set('halt.engaged', 'scope', 'global'), set('halt.engaged', 'level', 'K2')), 'NOT_ELIGIBLE', 'halt.engaged'],
    ['a rule that takes orders back',          'watched',  set('halt.engaged', 'level', 'K4'),                        'NOT_ELIGIBLE',       'halt.engaged'],
    ['a rule in the name of another',          'watched',  set('halt.engaged', 'by', 'rule R05'),                     'NOT_ELIGIBLE',       'halt.engaged'],
    ['an alert seen by an agent',              'watched',  amend('task.acknowledged', () => ({ actor: AGENT })),      'NOT_ELIGIBLE',       'task.acknowledged'],
    ['an alert seen in another’s name',        'watched',  set('task.acknowledged', 'by', 'bo'),                      'NOT_ELIGIBLE',       'task.acknowledged'],
    ['an alert seen twice',                    'watched',  twice('task.acknowledged'),                                'REPEATED',           'task.acknowledged', 1],
    ['told further twice',                     'watched',  twice('task.escalated'),                                   'REPEATED',           'task.escalated', 1],
    ['told further though it was seen',        'watched',  (rows) => [...drop('task.escalated')(rows), row(rows, indexOf(rows, 'task.escalated'))], 'NOT_PENDING', 'task.escalated'],
    ['another account',                        'signed',   twice('account.identified'),                                'REPEATED',           'account.identified', 1],
  ]
  for (const [what, day, edit, code, action, nth = 0] of lines)
    it(`${what}: ${code}`, async () => {
      const rows = edit([...dayOf(day)])
      const stored = linked(rows)
      const { differences } = await replayed(stored)
      const [first] = differences
      assert.deepEqual(
        { code: first?.code, action: first?.action, seq: first?.seq },
        { code, action, seq: indexOf(rows, action, nth) },
        JSON.stringify(differences, null, 2),
      )
      for (const { recorded, expected } of differences) {
        // Sentences, each for itself.
        assert.match(recorded, /^\S.*\.$/, recorded)
        assert.match(expected, /^\S.*\.$/, expected)
      }
      // Neither ever hides behind the other: the chain itself has nothing to say.
      const chain = verifyJournal({ rows: stored, checkpoints: [], keys: [] })
      assert.ok(chain.ok || chain.firstBad?.kind === 'TIME_BACKWARDS' || chain.firstBad?.kind === 'DAMAGED')
    })

  it('is found out even where a row is no row at all', async () => {
    const stored = linked(dayOf('plain')).map((one, i) => (i === 7 ? { ...one, bytes: one.bytes.slice(0, 40) } : one))
    const [first] = (await replayed(stored)).differences
    assert.deepEqual([first?.seq, first?.code, first?.corr], [7, 'UNREADABLE_ROW', ''])
  })
})

/** Every place in a value: the path of names to it. */
function placesIn(value: Json): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [[name], ...placesIn(inner).map((path) => [name, ...path])])
}

it('whatever stands in a row, the replay ends with an answer', async () => {
  const rows = [...dayOf('bare'), ...dayOf('disputed')]
  const places = rows.flatMap((r, at) => placesIn(r as unknown as Json).map((path) => ({ at, path })))
  const other = fc.oneof(fc.constantFrom(null, '', '0', '-1', 'x', 0, -1, 1e300, true, [], {}), fc.jsonValue())
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), other, async ({ at, path }, value) => {
      const edited = structuredClone<Row>(row(rows, at))
      const holder = path.slice(0, -1).reduce((inner, name) => inner[name] as Data, edited as unknown as Data)
      holder[path.at(-1) as string] = value as Json
      const stored = rows.map((r, seq) => ({ seq, bytes: JSON.stringify(seq === at ? edited : r) }))
      await assert.doesNotReject(replayed(stored))
    }),
    { numRuns: 60 },
  )
})

/** The name is that of the attempt, and ends as if somebody else had said yes. */
function decidedByAnother(rows: Row[]): Row[] {
  const at = indexOf(rows, 'order.created')
  const made = row(rows, at)
  const order = made.data['order'] as Data
  const clOrdID = entryID(order['account'] as AccountID, 'I1' as IntentID, 0, 'somebody else')
  return amend('order.created', () => ({
    object: { ...made.object, id: clOrdID },
    data: { ...made.data, order: { ...order, clOrdID } },
  }))(rows)
}

/** The same yes, used once more under the next name. */
function secondOrder(rows: Row[]): Row[] {
  const at = indexOf(rows, 'order.created')
  const first = row(rows, at)
  const order = first.data['order'] as Data
  const clOrdID = entryID(order['account'] as AccountID, 'I1' as IntentID, 1, null)
  return put(rows, indexOf(rows, 'order.accepted') + 1, {
    ...first,
    object: { ...first.object, id: clOrdID },
    data: { order: { ...order, clOrdID } },
  })
}

it('every finding is explained in docs/incidents.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/incidents.md'), 'utf8')
  const rows = Object.entries(FINDINGS).map(([code, text]) => `| \`${code}\` | ${text} |`)
  assert.deepEqual([...page.matchAll(/^\| `[A-Z_]+` \| .*$/gm)].map(String), rows)
})

describe('what led to a difference', () => {
  it('is the newest rows of its own story, the row itself included', async () => {
    const rows = all(amend('intent.declined', () => ({ actor: AGENT })))([...dayOf('halted')])
    const stored = linked(rows)
    const [first] = (await replayed(stored)).differences
    const story = leadingTo(stored, first as Difference, 10)
    assert.deepEqual(
      story.map((r) => r.action),
      ['intent.received', 'intent.ticketed', 'intent.declined'],
    )
    assert.deepEqual(
      leadingTo(stored, first as Difference, 2).map((r) => r.action),
      ['intent.ticketed', 'intent.declined'],
    )
    assert.equal(story.at(-1)?.seq, first?.seq)
    assert.equal(story.at(-1)?.prev, sha256Text(stored[(first?.seq ?? 0) - 1]?.bytes ?? ''))
  })
})
