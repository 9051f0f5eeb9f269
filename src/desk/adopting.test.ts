import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Terms } from '../orders/terms.ts'
import type { BrokerOrder, Found } from '../ports/broker.ts'
import type { ClOrdID, IntentID, OrderID } from '../values/brand.ts'
import { px, qty, text } from '../values/decimal.ts'
import { decisionIn, entryID } from './naming.ts'

async function after(scenario: string, w = new World()): Promise<World> {
  for (const line of parseScenario(`# For the test.\nmarket AAPL bid=189.95 ask=190.05\n${scenario}`).lines)
    await play(w, [line])
  w.awake = false
  return w
}

const TERMS: Terms = {
  symbol: 'AAPL',
  side: 'Buy',
  ordType: 'Limit',
  timeInForce: 'Day',
  orderQty: qty('10'),
  price: px('180.00'),
  stopPx: null,
  bracket: null,
  reduceOnly: false,
}
const stranger = (over: Partial<BrokerOrder> = {}): Found => ({
  found: true,
  order: {
    orderID: 'W1' as OrderID,
    clOrdID: 'from-the-website' as ClOrdID,
    parentOrderID: null,
    role: null,
    terms: TERMS,
    open: true,
    cumQty: qty('0'),
    legs: [],
    ...over,
  },
  reports: [],
})
const W1 = 'W1' as OrderID
const tasks = async (w: World) => (await w.store.all('task')).map((t) => t.taskID).sort()

describe('an order of other hands', () => {
  it('is in the book under a name that no intent can have, and counts with what it may cost', async () => {
    const w = await after('signal I1 BUY AAPL entry=190.00 stop=188.00')
    assert.equal(await w.desk.adopt(W1, stranger()), 'done')
    const order = await w.store.orderByOrderID(w.broker.account, W1)
    assert.ok(order)
    assert.deepEqual([order.role, order.delivery, order.clOrdID], ['External', 'Delivered', 'ext-W1'])
    assert.match(order.intentID, / /)
    assert.equal(order.maxNotional && text(order.maxNotional), '1800.00')
    assert.deepEqual(await tasks(w), ['EXTERNAL_ORDER:W1'])
  })

  it('is taken in once', async () => {
    const w = await after('wait 1s')
    for (let n = 0; n < 2; n++) await w.desk.adopt(W1, stranger())
    const rows = await w.store.journal(0, 500)
    assert.equal(rows.filter((row) => row.action === 'order.adopted').length, 1)
  })

  it('waits while an order of ours in the same symbol is unanswered: it may be that, or a leg of it', async () => {
    const w = await after('signal I1 BUY AAPL entry=190.00 stop=188.00\nnext lost-booked\napprove I1 by=ana')
    assert.equal(await w.desk.adopt(W1, stranger({ clOrdID: null })), 'later')
    assert.equal(await w.store.orderByOrderID(w.broker.account, W1), null)
    assert.equal(await w.desk.adopt(W1, stranger({ terms: { ...TERMS, symbol: 'MSFT' } })), 'done')
  })

  it('is not made of the exits of an entry that filled before anybody could ask for them', async () => {
    const w = new World()
    w.broker.capabilities = { ...w.broker.capabilities, listedWithinMs: 10_000 }
    await after('signal I1 BUY AAPL entry=190.00 stop=188.00\nnext fill-first-lost 52 @ 190.00', w)
    w.awake = true
    const intent = (await w.store.get('intent', 'I1')) ?? assert.fail()
    const decided = decisionIn({ ...intent, decision: { by: 'ana' } })
    w.broker.hidden.add(entryID(w.broker.account, 'I1' as IntentID, 0, decided))
    for (const line of parseScenario('# Lists lag.\napprove I1 by=ana -> Filled\nwait 4s').lines) await play(w, [line])
    const [entry] = w.broker.truth
    const [leg] = entry?.legs ?? []
    assert.ok(entry && leg)
    // The broker tells of a leg, and not whose: it was asked for by its own name.
    const terms: Terms = { ...TERMS, side: 'Sell', ordType: 'Stop', price: null, stopPx: px('188.00') }
    assert.equal(await w.desk.adopt(leg.orderID, stranger({ orderID: leg.orderID, clOrdID: null, terms })), 'later')
    for (const line of parseScenario('# It is listed.\nshows I1\nwait 4s\nexpect broker stops=1').lines)
      await play(w, [line])
    const met = await w.store.orderByOrderID(w.broker.account, leg.orderID)
    assert.deepEqual([met?.role, met?.parent], ['Stop', entry.clOrdID])
    assert.deepEqual(await tasks(w), [])
  })

  it('is no such thing when its parent is ours: that is asked for its legs', async () => {
    const w = await after('signal I1 BUY AAPL entry=190.00 stop=188.00\napprove I1 by=ana')
    const parent = w.broker.truth[0]?.orderID
    assert.ok(parent)
    assert.equal(await w.desk.adopt(W1, stranger({ clOrdID: null, parentOrderID: parent })), 'done')
    assert.equal(await w.store.orderByOrderID(w.broker.account, W1), null)
    const errands = (await w.store.all('errand')).map((e) => e.kind)
    assert.ok(errands.includes('resolve'))
  })

  it('that bears a name of ours stops its symbol: two gateways, or an old copy of the data', async () => {
    const w = await after('wait 1s')
    await w.desk.adopt(W1, stranger({ clOrdID: `jx${'a'.repeat(26)}` as ClOrdID }))
    assert.match((await w.store.get('freeze', 'AAPL'))?.reason ?? '', /name of this gateway/)
  })

  it('that the broker denies when asked is told to a person, and not made up', async () => {
    const w = await after('wait 1s')
    assert.equal(await w.desk.adopt(W1, { found: false }), 'done')
    assert.equal(await w.store.orderByOrderID(w.broker.account, W1), null)
    assert.deepEqual(await tasks(w), ['EXTERNAL_ORDER:W1'])
  })
})

describe('a difference that a person explains', () => {
  const ask = (by: string, over: object = {}) => ({
    symbol: 'AAPL',
    px: px('95.00'),
    reason: 'a split',
    actor: personActor(by),
    ...over,
  })
  const SEEN_TWICE = 'reconcile\nwait 4s\nreconcile\nwait 1s'
  const SEEN_ONCE = 'signal I1 BUY AAPL entry=190.00 stop=188.00\nwait 1s\nelsewhere hold AAPL 40\nreconcile\nwait 1s'
  const DIFFERS = `${SEEN_ONCE}\n${SEEN_TWICE}`
  const denied = async (w: World, what: Parameters<World['desk']['takeIn']>[0]) => {
    const result = await w.desk.takeIn(what)
    return result.ok ? null : result.error.code
  }

  it('becomes our count, by the word of somebody who may', async () => {
    const w = await after(DIFFERS)
    assert.equal(await denied(w, ask('rik')), null)
    const position = await w.store.get('position', 'AAPL')
    assert.equal(position && text(position.netQty), '40')
    assert.equal(await denied(w, ask('rik')), 'UNRECONCILED')
  })
  it('needs a person with the role', async () => {
    const w = await after(DIFFERS)
    assert.equal(await denied(w, ask('tom')), 'NOT_ELIGIBLE')
    assert.equal(await denied(w, ask('nobody')), 'NOT_ELIGIBLE')
    const agent = { type: 'agent', id: 'jax', via: 'http', session: null } as const
    assert.equal(await denied(w, { ...ask('rik'), actor: agent }), 'NOT_ELIGIBLE')
  })
  it('waits until it is known what the symbol is quoted in', async () => {
    const w = await after(`wait 1s\nelsewhere hold AAPL 40\n${SEEN_TWICE}`)
    assert.equal(await denied(w, ask('rik')), 'UNRECONCILED')
    assert.ok(await w.store.get('errand', 'gather:symbol:AAPL'))
  })
  it('waits until it is no trade that is just being reported', async () => {
    const w = await after(SEEN_ONCE)
    const result = await w.desk.takeIn(ask('rik'))
    assert.match(result.ok ? '' : result.error.text, /is new.*compared again/)
    assert.ok(await w.store.get('errand', `reconcile:${w.broker.account}`))
    w.clock.advance(10_000)
    assert.equal(await denied(w, ask('rik')), null)
  })
  it('waits for a fresh look at the broker', async () => {
    const w = await after(DIFFERS)
    w.clock.advance(60_001)
    assert.equal(await denied(w, ask('rik')), 'UNRECONCILED')
    assert.ok(await w.store.get('errand', `reconcile:${w.broker.account}`))
  })
  it('waits while an order in the symbol is in doubt', async () => {
    const w = await after('signal I1 BUY AAPL entry=190.00 stop=188.00\nnext lost\napprove I1 by=ana')
    const result = await w.desk.takeIn(ask('rik'))
    assert.match(result.ok ? '' : result.error.text, /in doubt/)
  })
  it('must be one, and have a price', async () => {
    const w = await after('wait 1s\nreconcile\nwait 1s')
    assert.equal(await denied(w, ask('rik')), 'NOT_FOUND')
    const priceless = await after(`wait 1s\nelsewhere hold MSFT 40\n${SEEN_TWICE}`)
    assert.equal(await denied(priceless, ask('rik', { symbol: 'MSFT', px: null })), 'NOT_FOUND')
  })
})

describe('what the adapter tells beside its reports', () => {
  for (const notice of [{ kind: 'connected' }, { kind: 'lost', text: 'silence' }] as const)
    it(`has the books compared when the stream is ${notice.kind}`, async () => {
      const w = await after('wait 10s')
      await w.desk.notice(notice)
      const errand = await w.store.get('errand', `reconcile:${w.broker.account}`)
      assert.equal(errand?.dueAt, w.clock.now())
    })

  it('is a task when nobody has a word for it, once', async () => {
    const w = await after('wait 1s')
    for (let n = 0; n < 2; n++) await w.desk.notice({ kind: 'odd', subject: 'B1', text: 'status "napping"' })
    assert.deepEqual(await tasks(w), ['ODD:B1'])
    assert.equal((await w.store.get('task', 'ODD:B1'))?.text, 'status "napping"')
  })
})
