import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { World } from '../../test/scenarios/world.ts'
import { assertionOf, softAuthenticator } from '../../test/soft-authenticator.ts'
import { digestOf } from '../approvals/digest.ts'
import { challengeOf } from '../approvals/envelope.ts'
import type { Envelope, Level, PasskeyAssertion } from '../approvals/evidence.ts'
import { GENESIS, link } from '../journal/chain.ts'
import type { Row } from '../journal/row.ts'
import { type StoredRow, verifyJournal } from '../journal/verify.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Change } from '../ports/records.ts'
import type { AccountID } from '../values/brand.ts'
import { parseInstant, plusMs, rfc3339 } from '../values/instant.ts'
import type { Json } from '../values/json.ts'
import { changeDigest } from './governing.ts'
import { type Proof, proveOrders } from './proving.ts'
import { UNPROVEN, type UnprovenCode } from './proving-people.ts'

// Journals of the real desk, and what somebody might have done to them. The chain is made anew after every edit, as
// anybody with the source code can: what is found here is found by the proof alone.

const HEAD = `# For the test.
market AAPL bid=189.95 ask=190.05
market MSFT bid=409.90 ask=410.10
market IBM bid=299.90 ask=300.10
`
const AAPL = 'signal I1 BUY AAPL entry=190.00 stop=188.00'
const DAYS = {
  click: `${AAPL}
approve I1 by=ana`,
  two: `policy two people
${AAPL}
approve I1 by=ana
approve I1 by=bo`,
  passkey: `policy passkey
passkey ana
passkey bo
${AAPL}
approve I1 by=ana with=passkey
signal I2 BUY MSFT entry=410.00 stop=400.00
approve I2 by=bo with=passkey
signal I3 BUY IBM entry=300.00 stop=290.00
decline I3 by=tom`,
  both: `policy two passkeys
passkey ana
passkey bo
passkey rik
${AAPL}
approve I1 by=ana with=passkey
approve I1 by=bo with=passkey
signal I2 BUY MSFT entry=410.00 stop=400.00
approve I2 by=rik with=passkey
approve I2 by=bo with=passkey`,
  keyed: `policy two people
passkey ana
${AAPL}
approve I1 by=ana
approve I1 by=bo`,
  chat: `link ana user=U1
${AAPL}
approve I1 by=ana with=slack user=U1`,
  armed: `policy click unasked=10000
arm AAPL upTo=10000 orders=1 for=1h by=ana
${AAPL}`,
  changed: `can replace
signal I1 BUY AAPL entry=189.00 stop=187.00
approve I1 by=ana
replace I1 by=bo price=189.50
wait 2s`,
  bare: `cannot bracket
${AAPL}
approve I1 by=ana
report I1 Fill 20 @ 190.00 id=E1
wait 2s`,
  closed: `cannot bracket
${AAPL}
approve I1 by=ana
report I1 Fill 20 @ 190.00 id=E1
cancels prompt
liquidate by=rik
wait 2s
report I1.exit Fill 20 @ 189.94 id=E2
wait 2s`,
  paired: `cannot bracket
can oneCancelsOther
${AAPL} target=194.00
approve I1 by=ana
report I1 Fill 20 @ 190.00 id=E1
wait 2s`,
  again: `offers 1s
${AAPL}
next lost
approve I1 by=ana
wait 5s`,
} as const
type Day = keyof typeof DAYS | 'live' | 'governed' | 'further'

async function played(day: Day): Promise<Row[]> {
  const w = new World()
  if (day === 'live') await goesLive(w)
  else if (day === 'governed') await isGoverned(w)
  else if (day === 'further') await takesTwo(w)
  else await says(w, HEAD + DAYS[day])
  const rows = await journalOf(w.store)
  await w.store.close()
  return rows
}
class Fast extends World {
  override get setting(): World['setting'] {
    return { ...super.setting, speed: 60 }
  }
}
async function says(w: World, script: string): Promise<void> {
  for (const line of parseScenario(script).lines) await play(w, [line])
}
/** A live account, with passkeys that are a day old, and an order that is made smaller by a click. */
async function goesLive(w: World): Promise<void> {
  w.policy = { ...w.policy, environment: 'live' }
  w.broker.account = 'live:sim:1' as AccountID
  await says(w, `${HEAD}can replace\npasskey ana\npasskey ad`)
  w.clock.advance(24 * 3_600_000)
  const tight = { approvalTtlMs: 60_000, executionTtlMs: 20_000 }
  await w.agreeTo((policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, ...tight })) }))
  await says(
    w,
    `# For the test.
signal I1 BUY AAPL entry=189.00 stop=187.00
approve I1 by=ana with=passkey
replace I1 by=bo qty=40
wait 2s`,
  )
}

/** From the second change on, changes of the house take a passkey. */
async function isGoverned(w: World): Promise<void> {
  w.approvals = (first) => ({ ...first, changes: { level: 'L2', quorum: 1 } })
  await says(w, `${HEAD}passkey ad`)
  await w.agreeTo((policy) => ({ ...policy, autoMaxNotional: null }))
  await says(w, `# For the test.\n${AAPL}\napprove I1 by=ana`)
}

/** One person with two passkeys, who uses the second. */
async function takesTwo(w: World): Promise<void> {
  await says(w, `${HEAD}policy passkey\npasskey ana`)
  const further = await w.enrol('ana', { device: 'phone', by: 'ana' })
  assert.ok(further.ok)
  await says(w, `# For the test.\n${AAPL}\napprove I1 by=ana with=passkey`)
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

const days = new Map<Day, readonly Row[]>()
before(async () => {
  for (const day of [...(Object.keys(DAYS) as Day[]), 'live', 'governed', 'further'] as Day[])
    days.set(day, await played(day))
})
const dayOf = (day: Day): readonly Row[] => days.get(day) ?? assert.fail()
const proofOf = (rows: readonly Row[], pinned: ReadonlySet<string> | null = null): Proof =>
  proveOrders(linked(rows), pinned)

describe('a journal as it was written is proven', () => {
  // biome-ignore format: a table reads in columns
  const wanted: { readonly [D in Day]: readonly [orders: number, level: Partial<Record<Level, number>>, strict: number] } = {
    click:   [1, { L1: 1 }, 0],
    two:     [1, { L1: 1 }, 0],
    passkey: [2, { L2: 2 }, 2],
    both:    [2, { L3: 2 }, 2],
    keyed:   [1, { L1: 1 }, 0],
    chat:    [1, { L1: 1 }, 0],
    armed:   [1, { L0: 1 }, 0],
    changed: [2, { L1: 2 }, 0],
    bare:    [1, { L1: 1 }, 0],
    closed:  [1, { L1: 1 }, 0],
    paired:  [1, { L1: 1 }, 0],
    again:   [1, { L1: 1 }, 0],
    live:    [2, { L1: 1, L2: 1 }, 2],
    governed: [1, { L1: 1 }, 0],
    further: [1, { L2: 1 }, 1],
  }
  for (const [day, [orders, levels, strict]] of Object.entries(wanted) as [Day, (typeof wanted)[Day]][])
    it(day, () => {
      const proof = proofOf(dayOf(day))
      assert.deepEqual(proof.faults, [])
      assert.deepEqual(
        [proof.orders, proof.proven, proof.strict.orders, proof.strict.proven],
        [orders, orders, strict, strict],
      )
      assert.deepEqual(proof.byLevel, { L0: 0, L1: 0, L2: 0, L3: 0, ...levels })
    })

  it('and says with whose passkeys', () => {
    const { passkeys, strict } = proofOf(dayOf('both'))
    assert.deepEqual(
      passkeys.map(({ person, orders, changes }) => [person, orders, changes]),
      [
        ['ana', 1, 0],
        ['bo', 2, 0],
        ['rik', 1, 0],
      ],
    )
    assert.deepEqual(
      strict.each.map(({ requires, yeses }) => [requires.level, yeses.map((one) => [one.personID, one.evidence])]),
      [
        [
          'L3',
          [
            ['ana', 'passkey'],
            ['bo', 'passkey'],
          ],
        ],
        [
          'L3',
          [
            ['rik', 'passkey'],
            ['bo', 'passkey'],
          ],
        ],
      ],
    )
    assert.equal(proofOf(dayOf('live')).reduced, 1)
  })
  it('also from a clock that was set back', async () => {
    const w = new World()
    await says(w, `${HEAD}${AAPL}\napprove I1 by=ana`)
    w.clock.advance(-3_600_000)
    await says(w, '# For the test.\nsignal I2 BUY MSFT entry=410.00 stop=400.00\napprove I2 by=bo')
    const { orders, proven, faults } = proofOf(await journalOf(w.store))
    assert.deepEqual([orders, proven, faults], [2, 2, []])
    await w.store.close()
  })
  it('also when its clock ran sixty times as fast', async () => {
    const w = new Fast()
    w.approvals = (policy) => ({
      ...policy,
      rules: [{ name: 'quick', level: 'L1', quorum: 1, approvalTtlMs: 60_000, executionTtlMs: 10_000 }],
    })
    await says(w, `${HEAD}${AAPL}\napprove I1 by=ana`)
    const { orders, proven, faults } = proofOf(await journalOf(w.store))
    assert.deepEqual([orders, proven, faults], [1, 1, []])
    await w.store.close()
  })
  it('also when it is from before there was a policy', () => {
    const proof = proofOf(ofBefore(dayOf('click')))
    assert.deepEqual([proof.orders, proof.proven, proof.byLevel.L1, proof.faults], [1, 1, 1, []])
  })
  it('also when it is from before it was kept what had confirmed a passkey', () => {
    const proof = proofOf(toldNothing(dayOf('further')))
    assert.deepEqual([proof.proven, proof.faults], [1, []])
  })
  it('also when it is empty', () => {
    assert.deepEqual([proofOf([]).orders, proofOf([]).faults], [0, []])
  })
})

// ---------------------------------------------------------------- edits

type Edit = (rows: readonly Row[]) => readonly Row[]
type Data = Record<string, Json>

function indexOf(rows: readonly Row[], action: string, nth = 0): number {
  const places = rows.flatMap((row, i) => (row.action === action ? [i] : []))
  return places[nth] ?? assert.fail(`there is no ${action} number ${nth}`)
}
const row = (rows: readonly Row[], at: number): Row => rows[at] ?? assert.fail()
const nthOf = (rows: readonly Row[], action: string, nth = 0): Row => row(rows, indexOf(rows, action, nth))

/** Other data in one row: a path of names, and what is to stand there; undefined takes it out. */
function set(action: string, path: string, value: Json | undefined | ((data: Data) => Json), nth = 0): Edit {
  return (rows) => {
    const at = indexOf(rows, action, nth)
    const data = structuredClone<Data>(row(rows, at).data)
    const names = path.split('.')
    const last = names.pop() as string
    const holder = names.reduce((inner, name) => inner[name] as Data, data)
    if (value === undefined) delete holder[last]
    else holder[last] = typeof value === 'function' ? value(data) : value
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
/** A copy of a row, changed, right after another one. */
const insert =
  (
    after: string,
    action: string,
    change: (row: Row, rows: readonly Row[]) => Partial<Row>,
    of: { after?: number; nth?: number } = {},
  ): Edit =>
  (rows) => {
    const made = nthOf(rows, action, of.nth)
    return rows.toSpliced(indexOf(rows, after, of.after) + 1, 0, { ...made, ...change(made, rows) })
  }
const all =
  (...edits: readonly Edit[]): Edit =>
  (rows) =>
    edits.reduce((before, edit) => edit(before), rows)
const by =
  (name: string) =>
  (row: Row): Partial<Row> => ({
    actor: { ...row.actor, id: name },
    data: { ...row.data, decision: { ...(row.data['decision'] as Data), by: name, byName: name } },
  })
/** Somebody called mal, who may approve, or whoever else is said. */
const joining =
  ({ personID = 'mal', ...how }: { readonly personID?: string; readonly newcomer?: true; readonly disabled?: true }) =>
  ({ object, data }: Row): Partial<Row> => {
    const person = { ...(data['person'] as Data), personID, name: personID, roles: ['approver'], ...how }
    return { object: { ...object, id: personID }, data: { person } }
  }
const decisionIn = (row: Row) => row.data['decision'] as Data
const evidenceIn = (row: Row) => decisionIn(row)['evidence'] as unknown as PasskeyAssertion
const ofBefore: Edit = (rows) =>
  all(
    set('intent.ticketed', 'requires', undefined),
    set('intent.approved', 'decision.evidence', undefined),
    set('intent.approved', 'decision.level', undefined),
  )(rows)

/** The ticket with other terms, and every digest that follows from it. */
const consistently =
  (terms: (terms: Data) => Data, action = 'intent.approved'): Edit =>
  (rows) => {
    const { ticket } = nthOf(rows, 'intent.ticketed').data as { ticket: Data }
    const fresh = { ...ticket, terms: terms(ticket['terms'] as Data) }
    const digest = digestOf(fresh as unknown as Ticket)
    return all(
      set('intent.ticketed', 'ticket', fresh),
      set('intent.ticketed', 'digest', digest),
      set(action, 'decision.digest', digest),
      set('order.created', 'order.terms', fresh.terms),
    )(rows)
  }

/** Signed anew, by whatever key: as somebody does who holds a device and not the journal's past. */
function signedBy(device: string, change: (envelope: Envelope) => Partial<Envelope> = () => ({}), nth = 0): Edit {
  return (rows) => {
    const old = evidenceIn(nthOf(rows, 'intent.approved', nth))
    const envelope = { ...old.envelope, ...change(old.envelope) }
    const soft = softAuthenticator(device)
    const ask = { rpID: 'localhost', origin: 'http://localhost:8600', challenge: challengeOf(envelope) }
    const evidence = { ...assertionOf(envelope, soft.get(ask)), credentialID: old.credentialID }
    return set('intent.approved', 'decision.evidence', evidence, nth)(rows)
  }
}
const flipped = (base64url: string): string => {
  const bytes = Buffer.from(base64url, 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64url')
}
const later = (row: Row, ms: number): Partial<Row> => ({
  ts: rfc3339(plusMs(parseInstant(row.ts) ?? assert.fail(), ms)),
})
const LATE_MS = 600_000

/** Of an account with another name, as the gateway says when it starts. */
const called = (account: string): Edit =>
  amend('gateway.started', ({ object }) => ({ object: { ...object, id: account } }))

const PLAIN = { name: 'all', level: 'L1', quorum: 1 } as const
const weaker = (level: Level, quorum: number): Edit =>
  all(set('intent.ticketed', 'requires.level', level), set('intent.ticketed', 'requires.quorum', quorum))

const without =
  (...actions: readonly string[]): Edit =>
  (rows) =>
    rows.filter(({ action }) => !actions.includes(action))
/** An order that is said to be of other hands, under another name in the book; its send is taken out. */
function adopted(nth: number, order: Data, prefix: string, name?: string | null): Edit {
  return (rows) => {
    const made = nthOf(rows, 'order.created', nth)
    const { id } = made.object
    const object = { ...made.object, id: `${prefix}${id}` }
    return rows.flatMap((one) => {
      if (one.object.id !== id) return [one]
      if (one.action === 'order.send-started') return []
      const { report } = one.data as { report?: Data }
      if (one.action !== 'order.created')
        return [{ ...one, object, ...(report && { data: { ...one.data, report: { ...report, clOrdID: object.id } } }) }]
      const taken = { ...(one.data['order'] as Data), ...order, clOrdID: object.id }
      return [{ ...one, action: 'order.adopted', object, data: { order: taken, name: name === undefined ? id : name } }]
    })
  }
}
/** As before it was kept what had confirmed a passkey. */
const toldNothing: Edit = all(
  set('passkey.enrolled', 'confirmation', undefined),
  set('passkey.enrolled', 'confirmation', undefined, 1),
)
const OF_OTHERS: Data = { role: 'External', intentID: 'other hands 1' }
/** Everything that was decided about the entry is taken out. */
const ofOthers = (prefix: string): Edit => all(adopted(0, OF_OTHERS, prefix), without('intent.approved'))
/** More of the first exit of ours whose name has this letter: each made and sent. */
function copiesOf(rows: readonly Row[], letter: 's' | 'x', n: number): readonly Row[] {
  const isOne = ({ action, object }: Row): boolean =>
    (action === 'order.created' || action === 'order.send-started') && object.id.endsWith(`-${letter}1`)
  const one = rows.filter(isOne)
  return Array.from({ length: n }, (_, at) => `-${letter}${at + 7}`).flatMap((ending) =>
    one.map((made) => {
      const id = made.object.id.replace(/-[sx]1$/, ending)
      const { order } = made.data as { order?: Data }
      return { ...made, object: { ...made.object, id }, data: order ? { order: { ...order, clOrdID: id } } : made.data }
    }),
  )
}
const again =
  (letter: 's' | 'x', n: number): Edit =>
  (rows) => {
    const at = rows.findIndex(
      ({ action, object }) => action === 'order.send-started' && object.id.endsWith(`-${letter}1`),
    )
    return rows.toSpliced(at + 1, 0, ...copiesOf(rows, letter, n))
  }

type Case = readonly [name: string, day: Day, edit: Edit, code: UnprovenCode, proven?: number]
// biome-ignore format: a table reads in columns
const CASES: readonly Case[] = [
  // who said yes
  ['the yes is taken out',                       'click',   drop('intent.approved'), 'TOO_FEW'],
  ['the first of two is taken out',              'two',     drop('intent.voted'), 'TOO_FEW'],
  ['the first of two with a passkey',            'both',    drop('intent.voted'), 'TOO_FEW', 1],
  ['another person’s is put in its place',       'both',    amend('intent.voted', by('rik')), 'EVIDENCE_REFUSED', 1],
  ['a click is added for one that is missing',   'both',    all(drop('intent.voted'), insert('intent.ticketed', 'intent.approved', (made) => ({ ...by('rik')(made), action: 'intent.voted', data: { decision: { ...decisionIn(made), by: 'rik', digest: evidenceIn(made).envelope.order_digest, evidence: { kind: 'session', session: 'scenario' } } } }))), 'ASSURANCE_TOO_LOW', 1],
  ['one person twice',                           'two',     amend('intent.voted', by('bo')), 'SAME_PERSON', 0],
  ['one person twice, with a passkey',           'both',    (rows) => rows.with(indexOf(rows, 'intent.voted'), { ...nthOf(rows, 'intent.approved'), action: 'intent.voted' }), 'SAME_PERSON', 1],
  ['somebody without the role',                  'click',   amend('intent.approved', by('tom')), 'NOT_ELIGIBLE'],
  ['somebody whom nobody knows',                 'click',   amend('intent.approved', by('eve')), 'NOT_ELIGIBLE'],
  ['somebody in another’s name',                 'click',   set('intent.approved', 'decision.by', 'bo'), 'NOT_ELIGIBLE'],
  ['an agent',                                   'click',   amend('intent.approved', ({ actor }) => ({ actor: { ...actor, type: 'agent' } })), 'NOT_ELIGIBLE'],
  ['somebody who was added later',               'click',   (rows) => { const at = rows.findIndex((one) => one.action === 'person.added' && one.object.id === 'ana'); return [...rows.toSpliced(at, 1), row(rows, at)] }, 'NOT_ELIGIBLE'],
  ['the proposer',                               'click',   set('intent.received', 'intent.proposer.id', 'ana'), 'SELF_APPROVAL'],
  ['the owner of the agent',                     'click',   set('intent.received', 'intent.proposerOwner', 'ana'), 'SELF_APPROVAL'],
  ['the maker of the agent’s token',             'click',   set('intent.received', 'intent.proposerMaker', 'ana'), 'SELF_APPROVAL'],
  ['the proposer, received a second time',       'click',   all(set('intent.received', 'intent.proposer.id', 'ana'), insert('intent.received', 'intent.received', (made) => ({ data: { intent: { ...(made.data['intent'] as Data), proposer: { type: 'agent', id: 'jax', via: 'http', session: null } } } }))), 'REPEATED'],
  ['somebody who lost the role before the send', 'click',   all(insert('intent.approved', 'person.added', (made) => ({ action: 'person.changed', object: { ...made.object, id: 'ana' }, data: { roles: [], disabled: false } }))), 'NOT_AGREED'],
  ['somebody whom nobody confirmed',             'click',   insert('gateway.started', 'person.added', joining({})), 'NOT_AGREED', 1],
  ['somebody whom nobody confirmed, for a second', 'two',   all(insert('gateway.started', 'person.added', joining({})), amend('intent.voted', by('mal'))), 'NOT_AGREED', 1],
  ['somebody new, for a second',                 'two',     all(insert('gateway.started', 'person.added', joining({ newcomer: true })), amend('intent.voted', by('mal'))), 'NOT_ELIGIBLE'],
  ['a governor shown the door by nobody',        'click',   insert('gateway.started', 'person.added', joining({ personID: 'rik', disabled: true })), 'REPEATED', 1],
  ['a newcomer, where two are asked for',        'two',     set('person.added', 'person.newcomer', true), 'NOT_ELIGIBLE'],

  // everything closed
  ['closed by a trader',                         'closed',  amend('liquidation.started', by('tom')), 'NOT_ELIGIBLE', 1],
  ['an exit that nobody wanted',                 'closed',  drop('liquidation.started'), 'UNKNOWN_ORDER', 1],
  ['an exit of another symbol than was named',   'closed',  set('liquidation.started', 'liquidation.symbols', ['MSFT']), 'UNKNOWN_ORDER', 1],
  ['an exit for more than was held',             'closed',  set('order.created', 'order.terms.orderQty', '21', 2), 'WRONG_TERMS', 1],
  ['an exit that may open a position',           'closed',  set('order.created', 'order.terms.reduceOnly', false, 2), 'WRONG_TERMS', 1],
  ['an exit to the wrong side',                  'closed',  set('order.created', 'order.terms.side', 'Buy', 2), 'WRONG_TERMS', 1],
  ['an exit at any price',                       'closed',  set('order.created', 'order.terms.ordType', 'Market', 2), 'WRONG_TERMS', 1],
  ['an exit of what was never looked at',        'closed',  drop('liquidation.surveyed'), 'WRONG_TERMS', 1],

  // orders of other hands, and such as were said to be
  ['every trace but the answers',                'bare',    without('intent.received', 'intent.ticketed', 'intent.approved', 'order.created', 'order.send-started'), 'SEND_MISSING', 0],
  ['every trace but a report that was set aside', 'click',  all(without('intent.received', 'intent.ticketed', 'intent.approved', 'order.created', 'order.send-started', 'execution.reported'), amend('order.accepted', () => ({ action: 'execution.disputed', data: { report: { clOrdID: null } } }))), 'SEND_MISSING', 0],
  ['an exit whose send is not written',          'bare',    drop('order.send-started', 1), 'SEND_MISSING', 1],
  ['an entry that counts as of other hands',     'bare',    ofOthers(''), 'SEND_MISSING', 0],
  ['an entry that counts as of other hands, under their name', 'bare', ofOthers('ext-'), 'SEND_MISSING', 0],
  ['an entry that counts as of other hands, and its answers name it', 'bare', all(ofOthers('ext-'), set('order.adopted', 'name', null), set('execution.reported', 'report.clOrdID', (data) => ((data['report'] as Data)['clOrdID'] as string).replace('ext-', ''))), 'SEND_MISSING', 0],
  ['an entry that counts as of other hands, and nobody says its name', 'bare', all(adopted(0, OF_OTHERS, '', null), without('intent.approved', 'execution.reported')), 'SEND_MISSING', 0],
  ['a changed entry that counts as of other hands', 'changed', adopted(2, OF_OTHERS, 'ext-'), 'SEND_MISSING', 1],
  ['a stop that counts as of other hands',       'bare',    adopted(1, { ...OF_OTHERS, parent: null }, 'ext-'), 'SEND_MISSING', 1],
  ['an order of other hands that is of our intent', 'bare', adopted(1, { role: 'External', parent: null }, 'ext-', null), 'UNKNOWN_ORDER', 1],
  ['a stop of other hands in the place of none', 'bare',    adopted(1, {}, 'ext-', null), 'UNKNOWN_ORDER', 1],
  ['a stop of other hands in the place of an entry', 'bare', (rows) => adopted(1, { replaces: nthOf(rows, 'order.created').object.id, parent: null }, 'ext-', null)(rows), 'UNKNOWN_ORDER', 1],

  // no more than is held
  ['three more stops of the same entry',         'bare',    again('s', 3), 'MORE_THAN_HELD', 1],
  ['one more stop of the same entry',            'bare',    again('s', 1), 'MORE_THAN_HELD', 1],
  ['a stop beside an exit of everything',        'closed',  (rows) => { const at = rows.findIndex(({ action, object }) => action === 'order.send-started' && object.id.endsWith('-x1')); return rows.toSpliced(at + 1, 0, ...copiesOf(rows, 's', 1)) }, 'MORE_THAN_HELD', 1],
  ['an exit for more than its intent holds',     'closed',  all(set('liquidation.surveyed', 'positions', [{ symbol: 'AAPL', netQty: '30' }]), set('order.created', 'order.terms.orderQty', '25', 2)), 'MORE_THAN_HELD', 1],
  ['an exit of nobody’s intent',                 'closed',  set('order.created', 'order.parent', null, 2), 'WRONG_TERMS', 1],
  ['a target that goes without its stop',        'paired',  drop('order.created', 1), 'MORE_THAN_HELD', 1],
  ['three more exits of everything',             'closed',  again('x', 3), 'MORE_THAN_HELD', 1],

  // with what
  ['a passkey that was good for live at once',   'live',    set('passkey.enrolled', 'passkey.liveFrom', (data) => (data['passkey'] as Data)['createdAt'] as number), 'EVIDENCE_REFUSED', 2],
  ['a passkey that was enrolled just before the order', 'live', (rows) => { const at = indexOf(rows, 'passkey.enrolled'); const ticket = indexOf(rows, 'intent.received'); return rows.toSpliced(ticket, 0, { ...row(rows, at), ts: row(rows, ticket).ts }).toSpliced(at, 1) }, 'EVIDENCE_REFUSED', 0],
  ['a further passkey that nothing confirmed',   'further', set('passkey.enrolled', 'confirmation', null, 1), 'EVIDENCE_REFUSED', 1],
  ['a further passkey of which it is not written', 'further', set('passkey.enrolled', 'confirmation', undefined, 1), 'EVIDENCE_REFUSED', 1],
  ['a further passkey that another key confirmed', 'further', set('passkey.enrolled', 'passkey.key', softAuthenticator('eve').publicKey), 'EVIDENCE_REFUSED', 0],
  ['two further passkeys by one confirmation',   'further', insert('passkey.enrolled', 'passkey.enrolled', (made) => ({ object: { ...made.object, id: 'AAAA' }, data: { ...made.data, passkey: { ...(made.data['passkey'] as Data), credentialID: 'AAAA' } } }), { after: 1, nth: 1 }), 'EVIDENCE_REFUSED', 1],
  ['an arming whose time was over at the send',  'armed',   (rows) => { const due = (data: Data) => plusMs((data['order'] as Data)['createdAt'] as never, 2_000); return all(set('order.created', 'order.createdAt', due), amend('order.send-started', (one) => later(one, 2_000)), set('strategy.armed', 'arming.until', (data) => plusMs((data['arming'] as Data)['armedAt'] as never, 1_000)))(rows) }, 'TOO_FEW'],
  ['somebody who is new again at the send',      'keyed',   insert('intent.voted', 'passkey.enrolled', (made) => ({ action: 'passkey.revoked', data: { why: 'lost' }, object: made.object })), 'TOO_FEW'],
  ['a bit of the signature',                     'passkey', set('intent.approved', 'decision.evidence.signature', (data) => flipped(((data['decision'] as Data)['evidence'] as Data)['signature'] as string)), 'EVIDENCE_REFUSED', 1],
  ['a bit of what the authenticator said',       'passkey', set('intent.approved', 'decision.evidence.authenticatorData', (data) => flipped(((data['decision'] as Data)['evidence'] as Data)['authenticatorData'] as string)), 'EVIDENCE_REFUSED', 1],
  ['the evidence of another order',              'passkey', (rows) => set('intent.approved', 'decision.evidence', decisionIn(nthOf(rows, 'intent.approved', 1))['evidence'])(rows), 'EVIDENCE_REFUSED', 1],
  ['the evidence of another order, and its person', 'passkey', (rows) => amend('intent.approved', (one) => ({ actor: { ...one.actor, id: 'bo' }, data: { ...one.data, decision: { ...decisionIn(nthOf(rows, 'intent.approved', 1)), digest: decisionIn(one)['digest'] as Json } } }))(rows), 'EVIDENCE_REFUSED', 1],
  ['the evidence of another order, made to name this one', 'both', (rows) => all(set('intent.approved', 'decision.evidence', decisionIn(nthOf(rows, 'intent.approved', 1))['evidence']), set('intent.approved', 'decision.evidence.envelope.approval_id', 'I1'), set('intent.approved', 'decision.evidence.envelope.order_digest', decisionIn(nthOf(rows, 'intent.approved'))['digest']))(rows), 'EVIDENCE_REFUSED', 1],
  ['a signature by another key',                 'passkey', signedBy('eve'), 'EVIDENCE_REFUSED', 1],
  ['a signature to decline',                     'passkey', signedBy('ana', () => ({ decision: 'reject' })), 'EVIDENCE_REFUSED', 1],
  ['a signature under another policy',           'passkey', signedBy('ana', () => ({ policy_version: '0' })), 'EVIDENCE_REFUSED', 1],
  ['a signature that had run out',               'passkey', signedBy('ana', () => ({ expires_at: '2026-11-23T14:00:00.000000Z' })), 'EVIDENCE_REFUSED', 1],
  ['another key where hers was enrolled',        'passkey', set('passkey.enrolled', 'passkey.key', softAuthenticator('eve').publicKey), 'EVIDENCE_REFUSED', 1],
  ['a passkey that was never enrolled',          'passkey', drop('passkey.enrolled'), 'EVIDENCE_REFUSED', 1],
  ['a passkey that was enrolled afterwards',     'passkey', (rows) => [...drop('passkey.enrolled')(rows), nthOf(rows, 'passkey.enrolled')], 'EVIDENCE_REFUSED', 1],
  ['a passkey that was enrolled twice',          'passkey', insert('passkey.enrolled', 'passkey.enrolled', () => ({})), 'REPEATED', 2],
  ['a passkey that somebody enrolled for her',   'passkey', amend('passkey.enrolled', ({ actor }) => ({ actor: { ...actor, id: 'bo' } })), 'NOT_ELIGIBLE', 2],
  ['a passkey of another person',                'passkey', set('passkey.enrolled', 'passkey.personID', 'rik'), 'NOT_ELIGIBLE', 1],
  ['a passkey that was revoked before',          'passkey', insert('intent.ticketed', 'passkey.enrolled', (made) => ({ action: 'passkey.revoked', data: { why: 'lost' }, object: made.object })), 'NOT_ELIGIBLE', 1],
  ['a passkey that was revoked before, of two',  'passkey', all(insert('passkey.enrolled', 'passkey.enrolled', (made) => ({ object: { ...made.object, id: 'AAAA' }, data: { passkey: { ...(made.data['passkey'] as Data), credentialID: 'AAAA' } } })), insert('intent.ticketed', 'passkey.enrolled', (made) => ({ action: 'passkey.revoked', data: { why: 'lost' }, object: made.object }))), 'EVIDENCE_REFUSED', 1],
  ['a passkey that was revoked before the send', 'passkey', insert('intent.approved', 'passkey.enrolled', (made) => ({ action: 'passkey.revoked', data: { why: 'lost' }, object: made.object })), 'TOO_FEW', 1],
  ['a live order with a passkey of the day',     'live',    set('passkey.enrolled', 'passkey.liveFrom', 1.8e15), 'EVIDENCE_REFUSED', 0],
  ['a click where a passkey is asked for',       'passkey', set('intent.approved', 'decision.evidence', { kind: 'session', session: 'scenario' }), 'ASSURANCE_TOO_LOW', 1],
  ['nothing that it was said with',              'click',   set('intent.approved', 'decision.evidence', undefined), 'EVIDENCE_REFUSED'],
  ['a chat account that is nobody’s',            'chat',    drop('link.made'), 'EVIDENCE_REFUSED'],
  ['a chat account of another person',           'chat',    set('link.made', 'link.personID', 'bo'), 'NOT_ELIGIBLE'],
  ['a chat account that was unlinked before',    'chat',    insert('intent.ticketed', 'link.made', () => ({ action: 'link.ended', data: { why: 'over' } })), 'EVIDENCE_REFUSED'],
  ['a chat account that was unlinked before the send', 'chat', insert('intent.approved', 'link.made', () => ({ action: 'link.ended', data: { why: 'over' } })), 'TOO_FEW'],
  ['an arming that nobody made',                 'armed',   drop('strategy.armed'), 'EVIDENCE_REFUSED'],
  ['an arming that was ended by a restart',      'armed',   insert('strategy.armed', 'gateway.started', () => ({})), 'EVIDENCE_REFUSED'],
  ['an arming that had run out',                 'armed',   set('strategy.armed', 'arming.until', 1), 'EVIDENCE_REFUSED'],
  ['an arming for other symbols',                'armed',   set('strategy.armed', 'arming.symbols', ['MSFT']), 'EVIDENCE_REFUSED'],
  ['an arming for smaller orders',               'armed',   set('strategy.armed', 'arming.maxNotional', '10'), 'EVIDENCE_REFUSED'],
  ['an arming for more than the policy allows',  'armed',   set('strategy.armed', 'arming.maxNotional', '99999'), 'ASKED_TOO_LITTLE', 1],
  ['an arming that was used up',                 'armed',   set('strategy.armed', 'arming.maxCount', 0), 'EVIDENCE_REFUSED'],
  ['an arming of somebody who may not',          'armed',   all(set('strategy.armed', 'arming.by', 'tom'), amend('strategy.armed', ({ actor }) => ({ actor: { ...actor, id: 'tom' } })), set('intent.approved', 'decision.by', 'tom')), 'NOT_ELIGIBLE'],
  ['an arming where a click is the least',       'click',   all(set('intent.ticketed', 'requires.level', 'L0'), set('intent.approved', 'decision.evidence', { kind: 'armed', armingID: 'arm_1' }), amend('intent.approved', () => ({ actor: { type: 'system', id: 'gateway', via: 'worker', session: null } }))), 'EVIDENCE_REFUSED'],

  // when
  ['after the time to decide',                   'click',   set('intent.approved', 'decision.at', (data) => plusMs((data['decision'] as Data)['at'] as never, LATE_MS)), 'APPROVAL_EXPIRED'],
  ['written after the time to decide',           'click',   amend('intent.approved', (one) => later(one, LATE_MS)), 'APPROVAL_EXPIRED'],
  ['used after its time',                        'click',   all(amend('order.send-started', (one) => later(one, LATE_MS))), 'APPROVAL_EXPIRED'],
  ['used after its time, says the order',        'click',   set('order.created', 'order.createdAt', 1.8e15), 'APPROVAL_EXPIRED'],
  ['given before the ticket',                    'click',   (rows) => { const at = indexOf(rows, 'intent.approved'); return rows.toSpliced(at, 1).toSpliced(indexOf(rows, 'intent.ticketed'), 0, row(rows, at)) }, 'UNKNOWN_ORDER'],

  // to what
  ['another size on the order',                  'click',   set('order.created', 'order.terms.orderQty', '520'), 'WRONG_TERMS'],
  ['another symbol',                             'passkey', set('order.created', 'order.terms.symbol', 'MSFT'), 'WRONG_TERMS', 1],
  ['another side',                               'passkey', set('order.created', 'order.terms.side', 'Sell'), 'WRONG_TERMS', 1],
  ['another price',                              'passkey', set('order.created', 'order.terms.price', '199.00'), 'WRONG_TERMS', 1],
  ['another time in force',                      'passkey', set('order.created', 'order.terms.timeInForce', 'GTC'), 'WRONG_TERMS', 1],
  ['another stop',                               'passkey', set('order.created', 'order.terms.bracket.stopPx', '100.00'), 'WRONG_TERMS', 1],
  ['another most that it may cost',              'passkey', set('order.created', 'order.maxNotional', '99999.00'), 'WRONG_TERMS', 1],
  ['another account',                            'passkey', set('order.created', 'order.account', 'A2'), 'WRONG_TERMS', 1],
  ['another size before the send',               'click',   insert('order.created', 'order.created', (made) => ({ action: 'order.resized', data: { orderQty: '520' }, object: made.object })), 'WRONG_TERMS'],
  ['another ticket',                             'passkey', set('intent.ticketed', 'ticket.terms.orderQty', '520'), 'DIGEST_MISMATCH', 1],
  ['another ticket, its digest, the decision and the order', 'passkey', consistently((terms) => ({ ...terms, orderQty: '520' })), 'EVIDENCE_REFUSED', 1],
  ['another digest in the decision',             'click',   set('intent.approved', 'decision.digest', 'A'.repeat(43)), 'DIGEST_MISMATCH'],
  ['another digest beside the ticket',           'click',   set('intent.ticketed', 'digest', 'A'.repeat(43)), 'DIGEST_MISMATCH'],
  ['another symbol than was asked for',          'click',   set('intent.received', 'intent.proposal.symbol', 'MSFT'), 'WRONG_TERMS'],
  ['an order that was never made',               'click',   drop('order.created'), 'UNKNOWN_ORDER'],
  ['an order that nobody was asked about',       'click',   drop('intent.ticketed'), 'UNKNOWN_ORDER'],
  ['an order of no intent',                      'click',   drop('intent.received'), 'UNKNOWN_ORDER'],
  ['an order said to be of other hands',         'click',   amend('order.created', (one) => ({ action: 'order.adopted', data: { ...one.data, name: null } })), 'UNKNOWN_ORDER'],
  ['an order said to be an exit',                'click',   set('order.created', 'order.role', 'Stop'), 'UNKNOWN_ORDER'],
  ['a send that is not written',                 'click',   drop('order.send-started'), 'SEND_MISSING', 0],
  ['a second order of one yes',                  'click',   (rows) => all(insert('order.send-started', 'order.created', (made) => ({ object: { ...made.object, id: 'jx2' }, data: { order: { ...(made.data['order'] as Data), clOrdID: 'jx2' } } })), insert('order.created', 'order.send-started', (made) => ({ object: { ...made.object, id: 'jx2' } }), { after: 1 }))(rows), 'SECOND_ORDER', 1],
  ['a ticket that was declined before the send', 'click',   insert('intent.approved', 'intent.approved', (made) => ({ action: 'intent.declined', data: made.data })), 'UNKNOWN_ORDER'],
  ['a ticket that was declined after the order was made', 'click', insert('order.created', 'intent.approved', (made) => ({ action: 'intent.declined', data: made.data })), 'TOO_FEW'],
  ['an exit on the other side',                  'bare',    (rows) => { const at = rows.findIndex((one) => one.action === 'order.created' && (one.data['order'] as Data)['role'] === 'Stop'); return set('order.created', 'order.terms.side', 'Buy', rows.slice(0, at).filter((one) => one.action === 'order.created').length)(rows) }, 'WRONG_TERMS', 1],
  ['an exit for more than the entry',            'bare',    set('order.created', 'order.terms.orderQty', '5200', 1), 'WRONG_TERMS', 1],
  ['a repeat after the yes was lost',            'again',   insert('order.in-doubt', 'person.added', (made) => ({ action: 'person.changed', object: { ...made.object, id: 'ana' }, data: { roles: [], disabled: true } })), 'NOT_AGREED', 0],

  // what was asked
  ['fewer people',                               'two',     all(drop('intent.voted'), weaker('L1', 1)), 'ASKED_TOO_LITTLE'],
  ['a click instead of a passkey',               'passkey', all(weaker('L1', 1), set('intent.approved', 'decision.evidence', { kind: 'session', session: 'scenario' })), 'ASKED_TOO_LITTLE', 1],
  ['nobody instead of a passkey',                'passkey', weaker('L0', 1), 'ASKED_TOO_LITTLE', 1],
  ['no requirement',                             'two',     set('intent.ticketed', 'requires', undefined), 'ASKED_TOO_LITTLE', 0],
  ['no requirement, live',                       'live',    set('intent.ticketed', 'requires', undefined), 'ASKED_TOO_LITTLE', 0],
  ['a level that there is not',                  'passkey', set('intent.ticketed', 'requires.level', 'L9'), 'ASKED_TOO_LITTLE', 1],
  ['a quorum that is no number',                 'two',     set('intent.ticketed', 'requires.quorum', 'two'), 'ASKED_TOO_LITTLE', 0],
  ['the policy’s row is taken out',              'passkey', drop('policy.changed'), 'NOT_AGREED', 0],
  ['the policy’s row, and every trace of its change', 'passkey', (rows) => rows.filter((one) => one.action !== 'policy.changed' && !one.action.startsWith('change.')), 'ASKED_TOO_LITTLE', 0],
  ['another policy than was agreed to',          'passkey', set('policy.changed', 'policy.rules', [PLAIN]), 'NOT_AGREED', 2],
  ['another policy, agreed to consistently',     'passkey', all(set('policy.changed', 'policy.rules', [PLAIN]), set('change.proposed', 'change.what.policy.rules', [PLAIN])), 'DIGEST_MISMATCH', 2],
  ['a policy that nobody agreed to',             'passkey', drop('change.voted'), 'NOT_AGREED', 2],
  ['a policy that its proposer agreed to',       'passkey', amend('change.voted', by('rik')), 'SELF_APPROVAL', 2],
  ['a policy that an approver agreed to',        'passkey', amend('change.voted', by('ana')), 'NOT_AGREED', 2],
  ['a policy that an approver proposed',         'passkey', all(set('change.proposed', 'change.proposer', 'ana'), amend('change.proposed', ({ actor }) => ({ actor: { ...actor, id: 'ana' } }))), 'NOT_AGREED', 2],
  ['a policy that takes nobody',                 'passkey', all(drop('change.voted'), set('change.proposed', 'change.requires.quorum', 0)), 'NOT_AGREED', 2],
  ['a looser policy, slipped in',                'passkey', insert('intent.received', 'policy.changed', (made) => ({ data: { policy: { ...(made.data['policy'] as Data), version: 2, rules: [PLAIN] } } })), 'NOT_AGREED', 0],
  ['a role, slipped in',                         'click',   all(insert('intent.received', 'person.added', (made) => ({ action: 'person.changed', object: { ...made.object, id: 'tom' }, data: { roles: ['approver'], disabled: false } })), amend('intent.approved', by('tom'))), 'NOT_AGREED', 1],
  ['a role, added a second time',                'click',   all(insert('intent.received', 'person.added', (made) => ({ object: { ...made.object, id: 'tom' }, data: { person: { ...(made.data['person'] as Data), personID: 'tom', name: 'tom' } } })), amend('intent.approved', by('tom'))), 'REPEATED', 1],
  ['more time than the policy gives',            'click',   all(set('intent.ticketed', 'decideBy', 'later')), 'ASKED_TOO_LITTLE'],
  ['a live order called paper',                  'live',    set('intent.ticketed', 'ticket.environment', 'paper'), 'DIGEST_MISMATCH', 0],
  ['a live order of an account called paper',    'live',    called('paper:sim:1'), 'ASKED_TOO_LITTLE', 0],
  ['a paper order of an account called live',    'click',   called('live:sim:1'), 'ASKED_TOO_LITTLE', 0],
  ['a paper order of an account called live, started by none', 'click', all(drop('gateway.started'), set('intent.received', 'intent.account', 'live:sim:1'), set('intent.ticketed', 'ticket.account', 'live:sim:1')), 'ASKED_TOO_LITTLE', 0],

  // changed orders
  ['a change by a click, to more',               'live',    (rows) => { const ticket = nthOf(rows, 'order.replace-requested').data['ticket'] as Data; const fresh = { ...ticket, terms: { ...(ticket['terms'] as Data), orderQty: '5200' } }; const digest = digestOf(fresh as unknown as Ticket); return all(set('order.replace-requested', 'ticket', fresh), set('order.replace-requested', 'decision.digest', digest), set('order.created', 'order.terms.orderQty', '5200', 1), set('order.created', 'order.consent.ticket', fresh, 1), set('order.created', 'order.consent.digest', digest, 1))(withoutLegs(rows)) }, 'ASKED_TOO_LITTLE', 1],
  ['a change of another order than was agreed',  'changed', set('order.replace-requested', 'decision.digest', 'A'.repeat(43)), 'DIGEST_MISMATCH', 1],
  ['a change by somebody who may not',           'changed', amend('order.replace-requested', by('tom')), 'NOT_ELIGIBLE', 1],
  ['a change that nobody asked for',             'changed', drop('order.replace-requested'), 'UNKNOWN_ORDER', 1],
  ['a smaller order in the place of one that is not proven', 'live', drop('intent.approved'), 'TOO_FEW', 0],

  // rows that say nothing
  ['a decision without an envelope',             'passkey', set('intent.approved', 'decision.evidence.envelope', null), 'UNREADABLE_ROW', 1],
  ['an order that is none',                      'click',   set('order.created', 'order', null), 'UNREADABLE_ROW', 0],
  ['an order without terms',                     'click',   set('order.created', 'order.terms', null), 'WRONG_TERMS', 0],
]
/** A change of a policy that never was, with every digest that follows. */
const fromAnother: Edit = (rows) => {
  const { what, proposer } = nthOf(rows, 'change.proposed').data['change'] as unknown as Change
  const fresh = { ...what, before: 7 } as Change['what']
  const digest = changeDigest(fresh, proposer)
  return all(
    set('change.proposed', 'change.what.before', 7),
    set('change.proposed', 'change.digest', digest),
    set('change.voted', 'decision.digest', digest),
  )(rows)
}
/** Other data in the row of the order that takes another's place. */
const ofChange =
  (path: string, value: Json): Edit =>
  (rows) => {
    const orders = rows.filter((one) => one.action === 'order.created')
    const nth = orders.findIndex((one) => (one.data['order'] as Data)['replaces'] !== undefined)
    return set('order.created', `order.${path}`, value, nth)(rows)
  }
/** Legs that the broker made, which only stand in the way of counting the orders that are ours. */
const withoutLegs: Edit = (rows) =>
  rows.filter((one) => one.action !== 'order.created' || (one.data['order'] as Data)['role'] === 'Entry')

describe('a journal whose chain was made anew is not proven', () => {
  for (const [name, day, edit, code, proven = 0] of CASES)
    it(`${day}: ${name}: ${code}`, () => {
      const rows = dayOf(day)
      const edited = linked(edit(rows))
      assert.notDeepEqual(edited, linked(rows), 'the edit does nothing')
      // Times are edited as well; everything else passes the chain.
      const chain = verifyJournal({ rows: edited, checkpoints: [], keys: [] })
      assert.ok(chain.ok || chain.firstBad?.kind === 'TIME_BACKWARDS', chain.firstBad?.text ?? '')
      const proof = proveOrders(edited)
      assert.ok(
        proof.faults.some((fault) => fault.code === code),
        JSON.stringify(proof.faults, null, 1),
      )
      assert.equal(proof.proven, proven, JSON.stringify(proof.faults, null, 1))
    })

  // Where one thing leads to another, what is said of it tells whether it was noticed by itself.
  // biome-ignore format: a table reads in columns
  const said: readonly (readonly [name: string, day: Day, edit: Edit, text: RegExp])[] = [
    ['a ticket that nobody asked for',           'click',    drop('intent.received'), /^A ticket is made for I1, which nobody asked for\.$/],
    ['an order taken in that is there',          'click',    insert('order.created', 'order.created', () => ({ action: 'order.adopted' })), /is in the book already\.$/],
    ['an order made a second time',              'click',    insert('order.created', 'order.created', () => ({})), /in the book already, or under another name/],
    ['a ticket that says nothing',               'two',      set('intent.ticketed', 'requires', undefined), /does not say whose yes it takes\. By the policy: 2 people at L1/],
    ['a live ticket that says nothing',          'live',     set('intent.ticketed', 'requires', undefined), /does not say whose yes it takes/],
    ['a further passkey, live, of which it is not written', 'further', all(called('live:sim:1'), toldNothing), /^A passkey of ana was enrolled\. They had one, and that it confirmed this one is not written\.$/],
    ['a further passkey that another key confirmed', 'further', set('passkey.enrolled', 'passkey.key', softAuthenticator('eve').publicKey), /^A passkey of ana was enrolled\. This passkey did not sign this/],
    ['one more exit after the fill',             'closed',   (rows) => { const at = rows.findLastIndex(({ action }) => action === 'execution.reported'); return rows.toSpliced(at + 1, 0, ...copiesOf(rows, 'x', 1)) }, /^AAPL traded before jx\w+-x7, and the broker was not asked since what it holds\.$/],
    ['two exits of all that is held',            'closed',   again('x', 1), /orders for 40 AAPL are open; the broker was last read to hold 20, of which its intent has 20\.$/],
    ['two stops for all that is held',           'bare',     again('s', 1), /is for 20, beside exits for 20; its intent holds 20\.$/],
    ['another policy before the yes',            'passkey',  insert('intent.ticketed', 'policy.changed', (made) => ({ data: { policy: { ...(made.data['policy'] as Data), version: 2 } } })), /The policy had changed since the ticket was made/],
    ['another policy before the send',           'passkey',  insert('intent.approved', 'policy.changed', (made) => ({ data: { policy: { ...(made.data['policy'] as Data), version: 2 } } })), /was sent under another policy than/],
    ['a yes that is good for ever',              'click',    set('intent.approved', 'sendBy', 9e15), /was good for longer than the policy says/],
    ['a live yes that is good for longer',       'live',     set('intent.approved', 'sendBy', (data) => (data['sendBy'] as number) + 1), /was good for longer than the policy says/],
    ['a live ticket that waits for longer',      'live',     set('intent.ticketed', 'decideBy', (data) => (data['decideBy'] as number) + 1e6), /may wait longer, or drift further/],
    ['a ticket that may drift for ever',         'click',    set('intent.ticketed', 'ticket.maxDriftBps', 20_000), /may wait longer, or drift further/],
    ['a change of an order that is none',        'changed',  amend('order.replace-requested', ({ object }) => ({ object: { ...object, id: 'jx0' } })), /^It changes jx0, which was never made/],
    ['a change in another’s place',              'changed',  set('order.replace-requested', 'ticket.replaces', 'jx0'), /is of something else than of jx/],
    ['a change on another ticket',               'changed',  ofChange('consent.digest', 'A'.repeat(43)), /rests on another ticket than the one/],
    ['a change to another price',                'changed',  ofChange('terms.price', '199.00'), /^What was made is not what jx\w+-r1 was agreed to be/],
    ['a change to a larger size',                'changed',  ofChange('terms.orderQty', '5200'), /^What was made is not what jx\w+-r1 was agreed to be/],
    ['a smaller part of what is not proven',     'live',     drop('intent.approved'), /^It is a part of jx\w+, which is not proven/],
    ['the access of nobody',                     'click',    insert('gateway.started', 'person.added', (made) => ({ action: 'person.changed', object: { ...made.object, id: 'eve' }, data: { roles: [], disabled: false } })), /the access of eve, whom nobody added/],
    ['a passkey that nobody had',                'passkey',  insert('passkey.enrolled', 'passkey.enrolled', (made) => ({ action: 'passkey.revoked', object: { ...made.object, id: 'AAAA' }, data: { why: '' } })), /revokes passkey AAAA, which nobody enrolled/],
    ['a version of the policy left out',         'passkey',  set('policy.changed', 'policy.version', 5), /^After version 0 of the policy comes version 5\.$/],
    ['a policy that makes no sense',             'passkey',  set('policy.changed', 'policy.rules', []), /^Nobody could have agreed to this policy: There is no rule/],
    ['a change proposed twice',                  'passkey',  insert('change.proposed', 'change.proposed', () => ({})), /is proposed a second time/],
    ['a change proposed in another’s name',      'passkey',  amend('change.proposed', ({ actor }) => ({ actor: { ...actor, id: 'ad' } })), /was proposed by ad, who may not/],
    ['a change under another digest',            'passkey',  set('change.proposed', 'change.digest', 'A'), /^Change chg_\w+ has another digest/],
    ['a change from what was not so',            'passkey',  fromAnother, /begins with what was not so/],
    ['a change that asks for nobody',            'passkey',  set('change.proposed', 'change.requires.quorum', 0), /asked for less than the policy says: 1 at level L1/],
    ['a change that asks for a click',           'governed', set('change.proposed', 'change.requires.level', 'L1', 1), /asked for less than the policy says: 1 at level L2/],
    ['a change that is too easy where it is live', 'governed', called('live:sim:1'), /asked for less than the policy says: 1 at level L3/],
    ['a change that is too easy where the ticket says that it is live', 'governed', all(called('A1'), set('intent.ticketed', 'ticket.account', 'A1'), set('intent.ticketed', 'ticket.environment', 'live')), /asked for less than the policy says: 1 at level L1/],
    ['a yes to a change that is over',           'passkey',  insert('change.applied', 'change.voted', () => ({})), /which waited for nobody/],
    ['a yes to a change by an approver',         'passkey',  amend('change.voted', by('ana')), /^ana agreed to chg_\w+ and may not: it was written by ana/],
    ['a yes to a change in another’s name',      'passkey',  set('change.voted', 'decision.by', 'rik'), /and may not: it was written by ad/],
    ['a yes to a change by a newcomer',          'governed', set('person.added', 'person.newcomer', true, 4), /^ad agreed to chg_\w+, and nobody had confirmed them yet/],
    ['a yes to another change',                  'passkey',  set('change.voted', 'decision.digest', 'A'), /with another digest than that of the change/],
    ['a no to a change',                         'passkey',  set('change.voted', 'decision.verdict', 'declined'), /with another digest than that of the change/],
    ['a yes to a change, too late',              'passkey',  set('change.voted', 'decision.at', 9e15), /^ad agreed to chg_\w+ after /],
    ['a yes to a change, with nothing',          'passkey',  set('change.voted', 'decision.evidence', undefined), /and with what is not written/],
    ['a bit of the signature under a change',    'governed', set('change.voted', 'decision.evidence.signature', (data) => flipped(((data['decision'] as Data)['evidence'] as Data)['signature'] as string), 1), /^ad agreed to chg_\w+\. This passkey did not sign this/],
    ['a click under a change',                   'governed', set('change.voted', 'decision.evidence', { kind: 'session', session: 'scenario' }, 1), /with a click, and it takes a passkey/],
    ['a yes to a change, twice',                 'passkey',  insert('change.voted', 'change.voted', () => ({})), /^ad agreed to chg_\w+ twice/],
  ]
  for (const [name, day, edit, text] of said)
    it(`${day}: ${name}`, () => {
      const { faults } = proofOf(edit(dayOf(day)))
      assert.ok(
        faults.some((fault) => text.test(fault.text)),
        JSON.stringify(faults, null, 1),
      )
    })

  it('names the row and the order', () => {
    const rows = drop('intent.voted')(dayOf('two'))
    const [fault, ...more] = proofOf(rows).faults
    const sent = indexOf(rows, 'order.send-started')
    assert.deepEqual([fault?.seq, fault?.clOrdID, more], [sent, row(rows, sent).object.id, []])
    assert.match(fault?.text ?? '', /takes 2 people at L1, and one yes counts\.$/)
  })
  it('reads on after a row that is none', () => {
    const stored = linked(dayOf('click'))
    const proof = proveOrders([{ seq: 0, bytes: '{"action":"person.added"' }, ...stored])
    assert.deepEqual([proof.faults.map(({ code }) => code), proof.proven], [['UNREADABLE_ROW'], 1])
  })
})

describe('passkeys that were noted elsewhere', () => {
  /** Somebody writes all of the journal anew, with a key of their own: nothing in it can tell. */
  const taken: Edit = all(set('passkey.enrolled', 'passkey.key', softAuthenticator('eve').publicKey), signedBy('eve'))
  const noted = (): ReadonlySet<string> => new Set(proofOf(dayOf('passkey')).passkeys.map((one) => one.fingerprint))

  it('are enough', () => {
    assert.deepEqual(proofOf(dayOf('passkey'), noted()).faults, [])
  })
  it('show a key that was put in the place of one, which nothing else can', () => {
    const rows = taken(dayOf('passkey'))
    assert.deepEqual(proofOf(rows).faults, [])
    const proof = proofOf(rows, noted())
    assert.deepEqual([proof.proven, proof.faults.map(({ code }) => code)], [1, ['NOT_PINNED']])
  })
  it('are asked of changes of the house as well', () => {
    const { passkeys, faults } = proofOf(dayOf('governed'), new Set())
    assert.deepEqual(
      passkeys.map(({ person, orders, changes }) => [person, orders, changes]),
      [['ad', 0, 1]],
    )
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['NOT_PINNED'],
    )
  })
  it('show one that was given to another person', () => {
    const before = proofOf(dayOf('passkey')).passkeys.map((one) => one.fingerprint)
    const after = proofOf(
      all(
        set('passkey.enrolled', 'passkey.personID', 'rik'),
        amend('passkey.enrolled', ({ actor }) => ({ actor: { ...actor, id: 'rik' } })),
        amend('intent.approved', by('rik')),
        signedBy('ana', () => ({ approver: 'rik' })),
      )(dayOf('passkey')),
    )
    assert.deepEqual(after.faults, [])
    assert.notEqual(after.passkeys[0]?.fingerprint, before[0])
    assert.equal(after.passkeys[1]?.fingerprint, before[1])
  })
})

describe('sessions', () => {
  const opened = (person: string, hash: string, how: { readonly expiresAt?: number } = {}): Edit =>
    insert('person.added', 'person.added', (made) => ({
      action: 'session.opened',
      data: { codeHash: 'c', session: { hash, personID: person, expiresAt: 9e15, endedAt: null, ...how } },
      object: { ...made.object, id: person },
    }))
  const ended = (after: string): Edit =>
    insert(after, 'intent.approved', (made) => ({
      action: 'session.ended',
      data: { hash },
      object: { ...made.object, type: 'person', id: 'ana' },
    }))
  const clicked = (session: string): Edit => set('intent.approved', 'decision.evidence', { kind: 'session', session })
  const hash = 'ab'.repeat(32)
  const start = hash.slice(0, 16)
  const proven: readonly string[] = []
  const refused: readonly string[] = ['EVIDENCE_REFUSED', 'TOO_FEW']

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, edit: Edit, codes: readonly string[]])[] = [
    ['that the journal knows',             all(opened('ana', hash), clicked(start)), proven],
    ['that it does not know',              all(opened('ana', hash), clicked('cd'.repeat(8))), refused],
    ['that are not named',                 all(opened('ana', hash), clicked('')), refused],
    ['of another person',                  all(opened('ana', 'cd'.repeat(32)), opened('bo', hash), clicked(start)), refused],
    ['that had been ended',                all(opened('ana', hash), ended('intent.ticketed'), clicked(start)), refused],
    ['that were ended after the yes',      all(opened('ana', hash), ended('intent.approved'), clicked(start)), proven],
    ['whose time was over',                all(opened('ana', hash, { expiresAt: 1 }), clicked(start)), refused],
  ]
  for (const [name, edit, codes] of rows)
    it(name, () => {
      const { faults } = proofOf(edit(dayOf('click')))
      assert.deepEqual(
        faults.map(({ code }) => code),
        codes,
      )
    })
})

it('every fault is explained in docs/audit.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')
  for (const [code, text] of Object.entries(UNPROVEN)) assert.ok(page.includes(`| \`${code}\` | ${text} |`), code)
})
