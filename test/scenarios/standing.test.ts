import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { amt, px, qty } from '../../src/values/decimal.ts'
import type { ClOrdID } from '../../src/values/brand.ts'
import { plusMs } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import type { Row } from '../../src/journal/row.ts'
import type { Truth } from './broker.ts'
import { play } from './commands.ts'
import { parseScenario } from './language.ts'
import { calmDown, journalOf, STANDING } from './standing.ts'
import { World } from './world.ts'

const DAY = `# An entry that is filled in part, and an idea that waits.
cannot  bracket
market  AAPL bid=189.95 ask=190.05
signal  I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana
report  I1 Fill 20 @ 190.00`

/** A world after a good day: every standing rule holds, until somebody tampers with it. */
async function goodDay(): Promise<World> {
  const w = new World()
  for (const line of parseScenario(DAY).lines) await play(w, [line])
  await calmDown(w)
  return w
}
const entryOf = (w: World): Truth => w.broker.truth.find((o) => o.role === 'Entry') as Truth
const stopOf = (w: World): Truth => w.broker.truth.find((o) => o.role === 'Stop') as Truth
const edit = (journal: Row[], action: string, change: (row: Row) => Row): void => {
  const at = journal.findIndex((row) => row.action === action)
  journal[at] = change(JSON.parse(canonical(journal[at])) as Row)
}

const isAccepted = ({ action }: Row): boolean => action === 'order.accepted'

/** The ticket as if its policy had asked for that. */
const asks = ({ data, ...row }: Row, requires: object): Row => ({
  ...row,
  data: { ...data, requires: { ...(data['requires'] as object), ...requires } },
})

type Tamper = (w: World, journal: Row[]) => void | Promise<void>
const TAMPERED: { readonly [rule in keyof typeof STANDING]: readonly [how: string, tamper: Tamper][] } = {
  'no intent has more than one order at the broker, and no name was sent twice': [
    ['a second booking', (w) => void w.broker.place(entryOf(w).terms, entryOf(w).clOrdID, 'Entry')],
    ['a repeated send', (w) => void w.broker.sends.push(...w.broker.sends.slice(0, 1))],
    ['an order nobody wrote down', (w) => void w.broker.place(entryOf(w).terms, 'jx-unknown' as ClOrdID, 'Entry')],
  ],
  'every entry that was sent was approved, as it was sent, by somebody who might': [
    [
      'another price',
      (w) => void Object.assign(w.broker.sends[0] ?? {}, { terms: { ...entryOf(w).terms, price: px('191.00') } }),
    ],
    ['too late', (w) => void Object.assign(w.broker.sends[0] ?? {}, { at: plusMs(w.clock.now(), 3_600_000) })],
    [
      'without an approval',
      (_, journal) => edit(journal, 'intent.approved', (row) => ({ ...row, action: 'intent.seen' })),
    ],
    [
      'under another digest',
      (_, journal) =>
        edit(journal, 'intent.approved', ({ data, ...row }) => ({
          ...row,
          data: { ...data, decision: { ...(data['decision'] as object), digest: 'another' } },
        })),
    ],
    [
      'by an agent',
      (_, journal) => edit(journal, 'intent.approved', (row) => ({ ...row, actor: { ...row.actor, type: 'agent' } })),
    ],
    [
      'on the word of one where two are asked for',
      (_, journal) => edit(journal, 'intent.ticketed', (row) => asks(row, { level: 'L1', quorum: 2 })),
    ],
    [
      'by a click where a passkey is asked for',
      (_, journal) => edit(journal, 'intent.ticketed', (row) => asks(row, { level: 'L2', quorum: 1 })),
    ],
    [
      'under a policy of another day',
      (_, journal) =>
        edit(journal, 'intent.ticketed', (row) => asks(row, { level: 'L1', quorum: 1, policyVersion: 3 })),
    ],
    [
      'in the name of an armed strategy that nobody armed',
      (_, journal) =>
        edit(journal, 'intent.approved', ({ data, ...row }) => ({
          ...row,
          actor: { ...row.actor, type: 'system' },
          data: {
            ...data,
            decision: { ...(data['decision'] as object), evidence: { kind: 'armed', armingID: 'arm_1' } },
          },
        })),
    ],
  ],
  'no entry leaves while trading is halted': [
    [
      'a halt before the send',
      (_, journal) => edit(journal, 'intent.approved', (row) => ({ ...row, action: 'halt.engaged' })),
    ],
  ],
  'the journal verifies, with every checkpoint that was signed': [
    ['an edited row', (_, journal) => edit(journal, 'intent.received', (row) => ({ ...row, corr: 'another' }))],
    ['a missing row', (_, journal) => void journal.splice(3, 1)],
    ['a cut tail', (_, journal) => void journal.pop()],
  ],
  'views that are built from the journal alone are those on the screen': [
    [
      'an order that was changed by hand',
      async ({ store }) => {
        const [order] = await store.openOrders('paper:sim:main' as never)
        assert.ok(order)
        await store.transact((tx) => tx.put('order', { ...order, text: 'by hand' }))
      },
    ],
  ],
  'the journal replays without a difference: each step is legal, and each decision would be taken again': [
    [
      'an approval that never was',
      (_, journal) => {
        const at = journal.findIndex((row) => row.action === 'intent.approved')
        assert.ok(at > 0)
        journal.splice(at, 1)
      },
    ],
  ],
  'every order that was sent is proven from the journal alone, and nothing else is in doubt': [
    [
      'somebody else’s approval',
      (_, journal) => edit(journal, 'intent.approved', (row) => ({ ...row, actor: { ...row.actor, id: 'bo' } })),
    ],
    ['every trace but the answers', (_, journal) => void journal.splice(0, journal.findIndex(isAccepted))],
  ],
  'what an order has filled is the sum of its executions, and what it cost too': [
    [
      'a quantity',
      async ({ store }) => {
        const [order] = await store.openOrders('paper:sim:main' as never)
        assert.ok(order)
        await store.transact((tx) => tx.put('order', { ...order, cumQty: qty('21') }))
      },
    ],
  ],
  'every fill the broker made is in our book, once, and nothing else': [
    ['a lost fill', (w) => void Object.assign(entryOf(w), { cumQty: qty('30') })],
    ['a fill of nothing', (w) => void Object.assign(entryOf(w), { cumQty: qty('0') })],
  ],
  'every open order of ours is open at the broker, and every open one there is open here': [
    ['closed there', (w) => void Object.assign(entryOf(w), { open: false })],
    ['another size there', (w) => void Object.assign(stopOf(w), { terms: { ...stopOf(w).terms, orderQty: qty('7') } })],
  ],
  'what is held has a resting stop of its size, no more and no less': [
    ['a naked share', (w) => void Object.assign(stopOf(w), { open: false })],
    [
      'a stop that is too small',
      (w) => void Object.assign(stopOf(w), { terms: { ...stopOf(w).terms, orderQty: qty('19') } }),
    ],
  ],
  'a position is the sum of its trades': [
    [
      'a share more',
      async ({ store }) => {
        const position = await store.get('position', 'AAPL')
        assert.ok(position)
        await store.transact((tx) => tx.put('position', { ...position, netQty: qty('21') }))
      },
    ],
  ],
  'no task was raised that the scenario does not speak of': [
    [
      'a surprise',
      async (w) => {
        w.broker.happen(
          entryOf(w),
          { is: 'Fill', lastQty: qty('99'), lastPx: px('190.00'), execID: null, commission: amt('0') },
          false,
        )
        await w.settle()
      },
    ],
  ],
  'nothing went wrong that somebody would have to read a log for': [['an error', (w) => void w.logs.push('error: x')]],
}

describe('the standing rules of scenarios', () => {
  it('all hold after a good day', async () => {
    const w = await goodDay()
    const journal = await journalOf(w.store)
    for (const check of Object.values(STANDING)) await check(w, journal)
  })
  it('are all tried', () => assert.deepEqual(Object.keys(TAMPERED), Object.keys(STANDING)))
  for (const [rule, ways] of Object.entries(TAMPERED))
    for (const [how, tamper] of ways)
      it(`see it when broken: ${rule}: ${how}`, async () => {
        const w = await goodDay()
        const journal = await journalOf(w.store)
        await tamper(w, journal)
        await assert.rejects(async () => STANDING[rule]?.(w, journal), assert.AssertionError)
      })
  it('cover an over-covered position too', async () => {
    const w = await goodDay()
    w.broker.happen(entryOf(w), { is: 'Canceled', text: null }, false)
    await w.settle()
    stopOf(w).terms = { ...stopOf(w).terms, orderQty: qty('40') }
    const check = STANDING['what is held has a resting stop of its size, no more and no less']
    await assert.rejects(async () => check?.(w, []), /40 in our book, 20 in truth/)
  })
})
