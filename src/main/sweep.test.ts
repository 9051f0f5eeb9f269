import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { alpacaBench, type AlpacaBench, entry, id } from '../brokers/alpaca/bench.contract.ts'
import type { Terms } from '../orders/terms.ts'
import type { Broker, BrokerOrder, BrokerPosition } from '../ports/broker.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import { dec, px, qty, ZERO } from '../values/decimal.ts'
import { type Does, sortOut, sweep } from './sweep.ts'

const OURS = `jx${'0123456789abcdefghjkmnpqrs'}`
const ENTRY = { ordType: 'Limit', price: px('90.00') } as const
const TARGET = { side: 'Sell', ordType: 'Limit', price: px('110.00') } as const
const STOP = { side: 'Sell', ordType: 'Stop', stopPx: px('80.00') } as const

type Given = Partial<Terms> &
  Partial<Pick<BrokerOrder, 'parentOrderID' | 'role' | 'legs'>> & { readonly filled?: string }
const order = (
  name: string,
  { parentOrderID = null, role = null, legs = [], filled, ...terms }: Given,
): BrokerOrder => ({
  orderID: `id-${name}` as OrderID,
  clOrdID: name as ClOrdID,
  parentOrderID,
  role,
  terms: entry(terms),
  open: true,
  cumQty: filled === undefined ? ZERO : dec(filled),
  legs,
})
const holds = (netQty: string): BrokerPosition[] => [{ symbol: 'AAPL', netQty: dec(netQty), avgPx: null }]
const child = (parent: string) => ({ parentOrderID: `id-${parent}` as OrderID })
const withLegs = { legs: [{ role: 'Stop', orderID: 'id-leg' as OrderID }] } as const

describe('an order at the broker', () => {
  // biome-ignore format: a table reads in columns
  const TABLE: readonly (readonly [what: string, orders: BrokerOrder[], held: BrokerPosition[] | null, does: string])[] = [
    ['of ours that is an entry',                    [order(OURS, ENTRY)],                                   holds('0'),    'opens'],
    ['of other hands',                              [order('web', ENTRY)],                                  [],            'opens'],
    ['that enlarges',                               [order('web', ENTRY)],                                  holds('10'),   'opens'],
    ['that sells what is not held',                 [order('web', TARGET)],                                 [],            'opens'],
    ['that sells what is held',                     [order('web', TARGET)],                                 holds('10'),   'exits'],
    ['that buys back what was sold short',          [order('web', ENTRY)],                                  holds('-10'),  'exits'],
    ['that sells more than is held',                [order('web', TARGET)],                                 holds('9'),    'opens'],
    ['whose rest is as much as is held',            [order('web', { ...TARGET, filled: '4' })],             holds('6'),    'exits'],
    ['beside another, together more than is held',  [order('web', TARGET), order('web2', TARGET)],          holds('15'),   'exits opens'],
    ['that is a stop, beside one that is none',     [order('web', TARGET), order('web2', STOP)],            holds('10'),   'opens exits'],
    ['in another symbol than what is held',         [order('web', { ...TARGET, symbol: 'MSFT' })],          holds('10'),   'opens'],
    ['with the name of a stop, nothing held',       [order(`${OURS}-s1`, STOP)],                            [],            'exits'],
    ['beside a known stop for all that is held',    [order(`${OURS}-s1`, STOP), order('web', TARGET)],      holds('10'),   'exits unsure'],
    ['beside a known stop for a part of it',        [order(`${OURS}-s1`, STOP), order('web', TARGET)],      holds('20'),   'exits exits'],
    ['beside a pair, of which one half fills',      [order(`${OURS}-s1`, STOP), order(`${OURS}-t1`, TARGET), order('web', TARGET)], holds('20'), 'exits exits exits'],
    ['beside two stops that sell it all',           [order(`${OURS}-s1`, STOP), order(`${OURS.replace('0', 'z')}-s1`, STOP), order('web', TARGET)], holds('20'), 'exits exits unsure'],
    ['larger than what is held, beside a stop',     [order(`${OURS}-s1`, STOP), order('web', { ...TARGET, orderQty: qty('11') })], holds('10'), 'exits opens'],
    ['beside exits that only follow an entry',      [order(OURS, { ...ENTRY, ...withLegs }), order('leg', { ...STOP, ...child(OURS) }), order('web', TARGET)], holds('10'), 'opens follows exits'],
    ['with the name of a changed target',           [order(`${OURS}-r2-t`, TARGET)],                        [],            'exits'],
    ['in the place of an entry',                    [order(`${OURS}-r2`, ENTRY)],                           [],            'opens'],
    ['that belongs to an entry that works',         [order(OURS, { ...ENTRY, ...withLegs }), order('leg', { ...STOP, ...child(OURS) })], [], 'opens follows'],
    ['that belongs to an entry that has ended',     [order('leg', { ...STOP, ...child('gone') })],          holds('10'),   'exits'],
    ['that is known for an exit without its entry', [order('leg', { ...TARGET, role: 'Target' })],          [],            'exits'],
    ['of ours, what is held not being known',       [order(OURS, ENTRY), order(`${OURS}-s`, STOP)],         null,          'opens exits'],
    ['of other hands, what is held not being known', [order('web', TARGET)],                                null,          'unsure'],
  ]
  for (const [what, orders, held, does] of TABLE)
    it(`${what} ${does}`, () => {
      const said = new Map<OrderID, Does>(sortOut(orders, held).map((one) => [one.order.orderID, one.does]))
      assert.equal(orders.map(({ orderID }) => said.get(orderID)).join(' '), does)
    })

  it('with exits of its own comes first', () => {
    const orders = [order('web', STOP), order(`${OURS}`, ENTRY), order('bracket', { ...ENTRY, ...withLegs })]
    assert.equal(sortOut(orders, [])[0]?.order.clOrdID, 'bracket')
  })
})

/** A broker on the wire with two entries, one of them with exits, and ten held under a stop. */
async function crowded(run: (b: AlpacaBench, look: () => Promise<string[]>) => Promise<void>): Promise<void> {
  const b = await alpacaBench({ deadlineMs: 300 })
  try {
    const place = async (name: string, terms: Partial<Terms>): Promise<void> => {
      const sent = await b.broker.submit(id(name), entry(terms))
      assert.equal(sent.outcome, 'accepted', JSON.stringify(sent))
      await b.settle()
    }
    await place(OURS, {})
    await place(`${OURS}-s1`, { ...STOP, reduceOnly: true, timeInForce: 'GTC' })
    b.set('MSFT', px('99.99'), px('100.00'))
    await place('plain', { ...ENTRY, symbol: 'MSFT' })
    await place('bracket', { ...ENTRY, symbol: 'MSFT', bracket: { stopPx: px('85.00'), targetPx: px('99.00') } })
    await run(b, async () => (await b.broker.openOrders()).map((o) => o.clOrdID ?? `${o.role}`).sort())
  } finally {
    await b.close()
  }
}
async function swept(broker: Broker, all = false, waitMs = 6_000) {
  const said: string[] = []
  const kept: { what?: string; order?: string }[] = []
  const result = await sweep(broker, all, Date.now() + waitMs, {
    say: (line) => said.push(line),
    keep: (record) => kept.push(record),
  })
  return { ...result, said: said.join('\n'), kept }
}
const CANCEL = { method: 'DELETE', path: /^\/v2\/orders\// } as const

// Each waits for its second look: together they wait once.
describe('a sweep', { concurrency: true }, () => {
  it('cancels what opens, those with exits first, and proves it; a stop stays', () =>
    crowded(async (b, look) => {
      const { proven, lines, kept, bare, said } = await swept(b.broker)
      assert.equal(proven, true)
      assert.deepEqual(await look(), [`${OURS}-s1`])
      assert.deepEqual(
        lines.map(({ order, gone, said: words }) => `${order} ${gone} ${words}`),
        ['bracket true taken', 'plain true taken'],
      )
      assert.equal(kept[0]?.order, 'bracket')
      assert.deepEqual(bare, [])
      assert.match(said, /^2 of 5 open orders at the broker may open or enlarge a position\.\ncancel {2}bracket/)
    }))

  it('of everything leaves nothing, and tells what is held without an exit', () =>
    crowded(async (b, look) => {
      const { proven, bare } = await swept(b.broker, true)
      assert.equal(proven, true)
      assert.deepEqual(await look(), [])
      assert.deepEqual(bare, ['AAPL: 10 held'])
    }))

  it('leaves an order that may be half of a pair, names it, and does not call that proven', () =>
    crowded(async (b) => {
      const listed = await b.broker.openOrders()
      const web = { ...order('web', TARGET), clOrdID: 'web' as ClOrdID }
      const beside: Broker = { ...b.broker, openOrders: async (named) => [...(await b.broker.openOrders(named)), web] }
      assert.equal(listed.length, 5)
      const { proven, lines, unsure, trouble } = await swept(beside)
      assert.deepEqual(
        [proven, trouble, unsure, lines.map(({ order: name }) => name)],
        [false, null, ['web  AAPL  Sell 10'], ['bracket', 'plain']],
      )
    }))

  it('without any time asks once, and looks once more', () =>
    crowded(async (b) => assert.equal((await swept(b.broker, false, 0)).proven, true)))

  it('is not proven while the broker only promises, and asks again', () =>
    crowded(async (b) => {
      b.simulator.fate.stuckCancel(true)
      const { proven, lines } = await swept(b.broker, false, 300)
      assert.equal(proven, false)
      assert.deepEqual(
        lines.map(({ gone }) => gone),
        [false, false],
      )
    }))

  it('repeats what was not answered, was refused, or came too fast', () =>
    crowded(async (b, look) => {
      const { fate } = b.simulator
      fate.on({ ...CANCEL, times: 2, do: { kind: 'hang-before' } })
      fate.on({
        ...CANCEL,
        nth: 3,
        times: 2,
        do: { kind: 'status-before', status: 429, headers: { 'Retry-After': '1' } },
      })
      fate.on({
        ...CANCEL,
        nth: 5,
        times: 2,
        do: { kind: 'status-before', status: 422, body: { code: 42210000, message: 'order is pending replace' } },
      })
      const { proven, said } = await swept(b.broker)
      assert.equal(proven, true)
      assert.match(said, /cancel {2}bracket .*: no clear answer \(no answer within 300 ms\)/)
      assert.match(said, /cannot cancel {2}bracket .*: 422 42210000: order is pending replace/)
      assert.deepEqual(await look(), [`${OURS}-s1`])
    }))

  it('waits for a list that fails, and says why it could not be proven', () =>
    crowded(async (b) => {
      b.simulator.fate.on({ method: 'GET', path: '/v2/orders', times: 2, do: { kind: 'status-before', status: 503 } })
      const first = await swept(b.broker)
      assert.equal(first.proven, true)
      assert.match(first.said, /does not tell what is open \(.*503/)
      b.simulator.fate.on({ method: 'GET', path: '/v2/orders', times: 99, do: { kind: 'status-before', status: 503 } })
      const { proven, trouble } = await swept(b.broker, false, 200)
      assert.equal(proven, false)
      assert.match(trouble ?? '', /503/)
    }))

  it('cancels its own also when nobody tells what is held, and does not call that proven', () =>
    crowded(async (b, look) => {
      const { outcome } = await b.broker.submit(id(OURS.replace('0', 'z')), entry({ ...ENTRY, symbol: 'MSFT' }))
      assert.equal(outcome, 'accepted')
      b.simulator.fate.on({
        method: 'GET',
        path: '/v2/positions',
        times: 99,
        do: { kind: 'status-before', status: 503 },
      })
      const { proven, trouble } = await swept(b.broker, false, 300)
      assert.equal(proven, false)
      assert.match(trouble ?? '', /what is held/)
      assert.equal((await look()).includes(OURS.replace('0', 'z')), false)
      assert.equal((await look()).includes('plain'), true)
    }))

  it('finds what arrives between two looks', () =>
    crowded(async (b, look) => {
      const late = delay(1_800).then(() => b.broker.submit(id('late'), entry({ ...ENTRY, symbol: 'MSFT' })))
      assert.equal((await swept(b.broker)).proven, true)
      assert.equal((await late).outcome, 'accepted')
      assert.deepEqual(await look(), [`${OURS}-s1`])
    }))
})
