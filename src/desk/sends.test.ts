import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { orderOf, play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { World } from '../../test/scenarios/world.ts'
import { isOpen } from '../orders/machine.ts'
import { personActor } from '../../test/scenarios/world.ts'
import type { ExecID, IntentID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { commands } from './command.ts'
import { exitID } from './naming.ts'

const LEASE_MS = 60_000

/** A morning, after which the worker does nothing and the test does its work by hand. */
async function after(scenario: string): Promise<World> {
  const w = new World()
  for (const line of parseScenario(`# For the test.\nmarket AAPL bid=189.95 ask=190.05\n${scenario}`).lines)
    await play(w, [line])
  w.awake = false
  return w
}
const SIGNAL = 'signal I1 BUY AAPL entry=190.00 stop=188.00 target=194.00'
const PAIRS = 'cannot bracket\ncan oneCancelsOther'

/** The entry of I1 fills, and nobody has sent its exits yet. */
async function fills(w: World): Promise<void> {
  const entry = await orderOf(w, 'I1')
  assert.ok(entry)
  await w.desk.applyReports([
    {
      execType: 'Trade',
      execID: 'E1' as ExecID,
      clOrdID: entry.clOrdID,
      orderID: entry.orderID,
      transactTime: w.clock.now(),
      text: null,
      lastQty: qty('52'),
      lastPx: px('190.00'),
      settlCurrFxRate: dec('1'),
      commission: amt('0'),
    },
  ])
}

describe('a send', () => {
  it('whose answer nobody holds any more is in doubt, and looked for', async () => {
    const w = await after(`${SIGNAL}\nworker sleeps\napprove I1 by=ana`)
    const claim = await w.desk.claimSend('dies', LEASE_MS, false)
    assert.ok(claim?.send)
    w.clock.advance(LEASE_MS - 1)
    assert.equal(await w.desk.claimSend('heir', LEASE_MS, false), null)
    assert.equal((await orderOf(w, 'I1'))?.delivery, 'Sending')
    w.clock.advance(1)
    assert.equal((await w.desk.claimSend('heir', LEASE_MS, false))?.send, null)
    const order = await orderOf(w, 'I1')
    assert.equal(order?.delivery, 'InDoubt')
    assert.ok(await w.store.get('errand', `resolve:${order.clOrdID}`))
    assert.equal(await w.store.get('errand', 'send:I1'), null)
  })

  it('again whose answer could never be written down is in doubt, and not for ever on its way', async () => {
    const w = await after(`offers 1s\n${SIGNAL}\nnext lost\napprove I1 by=ana\nnext lost`)
    const { clock, desk } = w
    const { clOrdID } = (await orderOf(w, 'I1')) ?? assert.fail()
    clock.advance(1_000)
    await desk.recordFacts({ markets: [], account: null })
    w.awake = true
    await w.look()
    w.awake = false
    assert.ok((await desk.beginResend(clOrdID, false)) !== null)
    const asked = async (): Promise<string> => desk.resolve(clOrdID, { found: false }, clock.now())
    clock.advance(LEASE_MS - 1)
    await asked()
    assert.equal((await orderOf(w, 'I1'))?.delivery, 'Sending')
    clock.advance(1)
    assert.equal(await asked(), 'still-in-doubt')
    assert.equal((await orderOf(w, 'I1'))?.delivery, 'InDoubt')
  })

  it('whose answer comes after its absence was proven is a ghost', async () => {
    const w = await after(`absence 5s\n${SIGNAL}\nworker sleeps\napprove I1 by=ana`)
    const { clock, desk } = w
    const send = (await desk.claimSend('slow', LEASE_MS, false))?.send
    assert.ok(send?.kind === 'single')
    clock.advance(LEASE_MS)
    await desk.claimSend('heir', LEASE_MS, false)
    clock.advance(5_000)
    assert.equal(await desk.resolve(send.clOrdID, { found: false }, clock.now()), 'resolved')
    await desk.recordSent(send, await w.broker.submit(send.clOrdID, send.order))
    const [entry] = await w.store.ordersOf('I1' as IntentID)
    assert.equal(entry?.delivery, 'Delivered')
    assert.equal(entry.asked, 'Cancel')
    assert.ok(await w.store.get('freeze', 'AAPL'))
  })

  it('of a stop goes although somebody gave an intent its name', async () => {
    const w = await after(`cannot bracket\n${SIGNAL}\napprove I1 by=ana`)
    const [entry] = await w.store.ordersOf('I1' as IntentID)
    assert.ok(entry)
    const name = exitID(entry.clOrdID, 'Stop', 1)
    const namesake = await w.store.get('intent', 'I1')
    assert.ok(namesake)
    const { body, proposer: actor, proposal } = namesake
    await w.desk.submit({ proposal: { ...proposal, intentID: name as string as IntentID }, body, actor, owner: null })
    await fills(w)
    const claim = await w.desk.claimSend('me', LEASE_MS, false)
    assert.ok(claim?.send?.kind === 'single')
    assert.equal(claim.send.clOrdID, name)
  })

  it('of a target goes with its stop or not at all', async () => {
    const w = await after(`${PAIRS}\n${SIGNAL}\napprove I1 by=ana`)
    await fills(w)
    const [stop, target] = [await orderOf(w, 'I1.stop1'), await orderOf(w, 'I1.target1')]
    assert.ok(stop?.delivery === 'Queued' && target?.delivery === 'Queued')
    await w.desk.requestCancel({ clOrdID: stop.clOrdID, actor: personActor('ana') })
    const left = (await w.store.ordersOf('I1' as IntentID)).filter((o) => o.role !== 'Entry' && isOpen(o))
    assert.deepEqual(left, [])
    // What is held is covered all the same: its entry is asked about, and gets another pair.
    assert.ok(await w.store.get('errand', `resolve:${stop.parent}`))
  })
})

describe('an intent', () => {
  it('is sized whatever it is called', async () => {
    const w = await after('broker down\nsignal I1 BUY AAPL entry=190.00 stop=188.00')
    const like = (await w.store.get('intent', 'I1')) ?? assert.fail()
    const { body, proposer: actor, proposal } = like
    const intentID = 'symbol:AAPL' as IntentID
    await w.desk.withdraw({ intentID: 'I1' as IntentID, reason: null, actor })
    await w.desk.submit({ proposal: { ...proposal, intentID }, body, actor, owner: null })
    w.broker.down = false
    w.clock.advance(60_000)
    w.awake = true
    await w.settle()
    assert.equal((await w.store.get('intent', intentID))?.state, 'AwaitingApproval')
  })
})

describe('a clock that is set back', () => {
  it('does not keep what was put off waiting for it to catch up', async () => {
    const w = await after(`${SIGNAL}\napprove I1 by=ana`)
    const { clOrdID } = (await orderOf(w, 'I1')) ?? assert.fail()
    const poll = async () => (await w.store.get('errand', `poll:${clOrdID}`)) ?? assert.fail()
    assert.ok((await poll()).dueAt > w.clock.now())
    w.clock.advance(-3_600_000)
    const { broker, clock } = w
    const account = { account: await broker.accountFact(), positions: [], at: clock.now(), afterRow: 0 }
    const view = { startedAt: clock.now(), orders: await broker.openOrders(), reports: [], positions: [], account }
    await w.desk.reconcile(view)
    assert.ok((await poll()).dueAt <= clock.now())
  })

  it('does not lose the end of an intent', async () => {
    const w = await after(SIGNAL)
    const lapse = (await w.store.get('errand', 'lapse:I1')) ?? assert.fail()
    await w.desk.lapse('I1' as IntentID)
    await w.desk.finish({ ...lapse, leaseOwner: 'me', leaseUntil: w.clock.now() })
    assert.deepEqual(await w.store.get('errand', 'lapse:I1'), lapse)
    w.clock.advance(300_001)
    await w.desk.lapse('I1' as IntentID)
    assert.equal((await w.store.get('intent', 'I1'))?.state, 'Lapsed')
  })
})

describe('an order that other hands enlarged', () => {
  it('counts with all that it may cost now', async () => {
    const w = await after(`${SIGNAL}\napprove I1 by=ana`)
    const before = (await orderOf(w, 'I1')) ?? assert.fail()
    const run = commands(w.store, () => w.clock.now(), w.setting)
    await run((c) =>
      c.emit('order.resized', { type: 'order', id: before.clOrdID }, before.corr, { orderQty: qty('104') }),
    )
    assert.deepEqual([before.maxNotional, (await orderOf(w, 'I1'))?.maxNotional], [amt('9880.00'), amt('19760.00')])
  })
})
