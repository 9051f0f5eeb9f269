import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { replayJournal } from '../../src/desk/incident.ts'
import type { Row } from '../../src/journal/row.ts'
import { DELIVERY } from '../../src/orders/delivery.ts'
import { INTENT } from '../../src/orders/intent.ts'
import { PHASE } from '../../src/orders/machine.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { ExecID } from '../../src/values/brand.ts'
import { canonical } from '../../src/values/json.ts'
import { ALL, Coverage, UNREACHED } from './coverage.ts'
import { played } from './watched.ts'

const HEAD = `# For the steps of the machines.
cannot  bracket
cancels prompt
market  AAPL bid=189.95 ask=190.05
signal  I1 BUY AAPL entry=190.00 stop=188.00
`
/** What a script makes the machines of its entry do, in order. */
const PATHS: readonly (readonly [what: string, script: string, steps: readonly string[]])[] = [
  [
    'an ordinary day',
    'approve I1 by=ana\nreport I1 Fill 20 @ 190.00 id=E1\nreport I1 Fill 32 @ 190.00 id=E2',
    [
      'intent Received +Ticketed',
      'intent AwaitingApproval +Approved',
      'delivery Queued +SendStarted',
      'delivery Sending +Accepted',
      'order PendingNew +New',
      'order New +PartialFill',
      'order PartiallyFilled +Fill',
    ],
  ],
  [
    'a lost reply, and a bust before its trade',
    'next lost-booked\napprove I1 by=ana\nwait 2s\nreport I1 Bust E9\nreport I1 Fill 20 @ 190.00 id=E9',
    [
      'intent Received +Ticketed',
      'intent AwaitingApproval +Approved',
      'delivery Queued +SendStarted',
      'delivery Sending +Unclear',
      'delivery InDoubt +Accepted',
      'order PendingNew +Unfill',
    ],
  ],
  [
    'a fill after the end',
    'approve I1 by=ana\nreport I1 Canceled\nreport I1 Fill 52 @ 190.00 id=E1\nreport I1 Bust E1',
    [
      'intent Received +Ticketed',
      'intent AwaitingApproval +Approved',
      'delivery Queued +SendStarted',
      'delivery Sending +Accepted',
      'order PendingNew +New',
      'order New +Canceled',
      'order Canceled +Fill',
      'order Canceled +Unfill',
    ],
  ],
  [
    'a no, and an idea that is declined',
    'next reject "no"\napprove I1 by=ana\nwait 2m\nsignal I2 BUY AAPL entry=190.00 stop=188.00\ndecline I2 by=ana',
    [
      'intent Received +Ticketed',
      'intent AwaitingApproval +Approved',
      'delivery Queued +SendStarted',
      'delivery Sending +Rejected',
      'order PendingNew +Rejected',
      'intent Received +Ticketed',
      'intent AwaitingApproval +Declined',
    ],
  ],
]

describe('the coverage of the machines', () => {
  it('knows every cell of the three tables', () => {
    const cells = [INTENT, DELIVERY, PHASE]
      .flatMap((table) => Object.values(table))
      .map((row) => Object.keys(row).length)
    assert.equal(
      ALL.length,
      cells.reduce((a, b) => a + b),
    )
    assert.equal(new Set(ALL).size, ALL.length)
    assert.ok(ALL.includes('order New +Fill') && ALL.includes('delivery Absent +Accepted'))
    assert.ok(!ALL.includes('intent Refused +Approved'))
  })

  it('says why of every step that is not taken today, and an old journal with it can still be replayed', async () => {
    for (const step of Object.keys(UNREACHED)) assert.ok(ALL.includes(step), `there is no ${step}`)
    const w = await played(`${HEAD}next reject "no"\napprove I1 by=ana`, {}, false)
    const last = w.rows.findIndex((row) => row.action === 'order.rejected')
    const before = w.rows.slice(0, last + 1)
    const no = before[last] ?? assert.fail()
    const after: Readonly<Record<string, Pick<Row, 'action' | 'data'>>> = {
      'delivery Rejected +Rejected': { action: 'order.rejected', data: { text: 'no, as I said' } },
      'delivery Rejected +Unclear': { action: 'order.in-doubt', data: { cause: 'no answer came' } },
    }
    for (const step of Object.keys(UNREACHED)) {
      const rows: Row[] = [...before, { ...no, ...(after[step] ?? assert.fail(step)), seq: no.seq + 1 }]
      const coverage = new Coverage()
      coverage.committed(rows)
      assert.ok(step in coverage.counts)
      const empty = await openSqliteStore({ file: ':memory:', clock: w.clock, boot: 'replay' })
      const { differences } = await empty.transact((tx) =>
        replayJournal(
          tx,
          rows.map((row) => ({ seq: row.seq, bytes: canonical(row) })),
        ),
      )
      assert.deepEqual(differences, [])
      await empty.close()
    }
    await w.store.close()
  })

  for (const [what, script, steps] of PATHS)
    it(`reads the steps from the journal: ${what}`, async () => {
      const w = await played(HEAD + script, {}, false)
      const coverage = new Coverage()
      const ofEntries = w.rows.filter((row) => !/-[st]\d*$/.test(row.object.id))
      coverage.committed(ofEntries)
      const wanted: Record<string, Record<string, number>> = {}
      for (const step of steps) wanted[step] = { ordinary: (wanted[step]?.['ordinary'] ?? 0) + 1 }
      assert.deepEqual(coverage.counts, wanted)
      assert.deepEqual(
        coverage.missing,
        ALL.filter((step) => !steps.includes(step)),
      )
      await w.store.close()
    })

  it('blames the last fault since the step before', async () => {
    const w = await played(`${HEAD}next lost-booked\napprove I1 by=ana\nwait 2s\nreport I1 Fill 20 @ 190.00`, {}, false)
    const coverage = new Coverage()
    const { rows } = w
    const until = (action: string) => rows.splice(0, rows.findIndex((row) => row.action === action) + 1)
    const name = w.broker.sends[0]?.clOrdID ?? null
    coverage.committed(until('intent.ticketed'))
    coverage.blame('crash', null)
    coverage.committed(until('order.send-started'))
    coverage.blame('outage', null)
    coverage.blame('send lost-booked', name)
    coverage.committed(until('order.in-doubt'))
    coverage.blame('clock stepped', 'of something else')
    coverage.committed(until('execution.reported'))
    coverage.blame('report late', w.broker.byName(name as never)?.orderID ?? null)
    coverage.committed(rows)
    assert.deepEqual(coverage.counts, {
      'intent Received +Ticketed': { ordinary: 1 },
      'intent AwaitingApproval +Approved': { crash: 1 },
      'delivery Queued +SendStarted': { ordinary: 2 },
      'delivery Sending +Unclear': { 'send lost-booked': 1 },
      'delivery InDoubt +Accepted': { ordinary: 1 },
      'delivery Sending +Accepted': { ordinary: 1 },
      'order PendingNew +PartialFill': { 'send lost-booked': 1 },
      'order PendingNew +New': { ordinary: 1 },
    })
    await w.store.close()
  })

  it('counts a report that says again what is known, once for each time it is heard', async () => {
    const w = await played(`${HEAD}approve I1 by=ana\nreport I1 Fill 52 @ 190.00`, {}, false)
    const coverage = new Coverage()
    coverage.committed(w.rows)
    const [entry] = w.broker.truth
    const ack = entry?.reports.find((report) => report.execType === 'New')
    assert.ok(ack && !('order Filled +New' in coverage.counts))
    coverage.heard({ ...ack, execID: 'again' as ExecID })
    coverage.heard({ ...ack, clOrdID: null })
    assert.deepEqual(coverage.counts['order Filled +New'], { ordinary: 2 })
    await w.store.close()
  })
})
