import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Send } from '../desk/desk.ts'
import type { AccountID, OrderID } from '../values/brand.ts'
import { px, qty } from '../values/decimal.ts'
import { AGENT, type As, type House, openHouse, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

const ACCOUNT = 'paper:sim:main' as AccountID

/** What the worker does: it reads anew, and the desk takes the next step. */
async function step(house: House, ms = 1_000): Promise<readonly Send[]> {
  await house.advance(ms)
  const row = await house.store.get('account', ACCOUNT)
  const market = await house.store.get('market', 'AAPL')
  assert.ok(row && market)
  const { account, positions, at, afterRow } = row
  return (await house.desk.liquidate({ account: { account, positions, at, afterRow }, markets: [market] })).sends
}

describe('a liquidation', () => {
  let house: House
  let [jax, ana, tom, olga]: As[] = []
  const get = async (path = ''): Promise<wire.Liquidation> =>
    (await house.ask({ url: `/v1/liquidation${path}`, as: jax })).json<wire.Liquidation>()
  const post = (as: As | undefined, body: object, path = '') =>
    house.ask({ method: 'POST', url: `/v1/liquidation${path}`, as, body })
  const START = { account: ACCOUNT, reason: 'Our key is in strange hands.' }
  const codeOf = async (asked: ReturnType<typeof post>): Promise<string> => (await asked).json<wire.Problem>().code

  before(async () => {
    house = await openHouse()
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ['approver'], 'web')
    tom = await house.person('Tom', ['trader'], 'web')
    olga = await house.person('Olga', ['operator'], 'web')
    const intent = (await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: SIGNAL })).json<wire.Intent>()
    const body = { digest: intent.digest }
    await house.ask({ method: 'POST', url: '/v1/intents/sig-1/approve', as: ana, body })
    const clOrdID = await house.send()
    await house.report(clOrdID, { execType: 'New' })
    await house.report(clOrdID, { execType: 'Trade', lastQty: qty('150'), lastPx: px('187.40') })
    await house.advance(1_000)
  })
  after(() => house.close())

  it('is planned by anybody who may read, and nothing is done', async () => {
    assert.equal((await get()).state, 'None')
    const plan = (await house.ask({ url: '/v1/liquidation/plan', as: jax })).json<wire.LiquidationPlan>()
    assert.deepEqual([plan.account, plan.currency, plan.lines.length], [ACCOUNT, 'USD', 1])
    const [line] = plan.lines
    assert.deepEqual(
      [line?.symbol, line?.netQty, line?.worth, line?.spreadBps, line?.step, line?.text],
      ['AAPL', '150', '28123.50', '1.1', 'Ready', 'Sell 150 AAPL at 181.87 or better.'],
    )
    assert.deepEqual(
      line?.cancels.map(({ role }) => role),
      ['Entry'],
    )
    assert.equal((await house.store.get('halt', 'global'))?.state ?? null, null)
  })

  it('takes the right person, and the name of the account', async () => {
    assert.equal(await codeOf(post(jax, START)), 'FORBIDDEN')
    assert.equal(await codeOf(post(tom, START)), 'FORBIDDEN')
    assert.equal(await codeOf(post(ana, START)), 'NOT_ELIGIBLE')
    assert.equal(await codeOf(post(olga, { ...START, account: 'live:sim:main' })), 'WRONG_ACCOUNT')
    assert.equal(await codeOf(post(olga, { account: ACCOUNT })), 'INVALID_REQUEST')
    assert.equal(await codeOf(post(olga, {}, '/market')), 'NOT_LIQUIDATING')
    assert.equal((await house.store.get('halt', 'global'))?.state ?? null, null)
  })

  it('takes a symbol that is there; of another it says what is, and trading is halted', async () => {
    const answer = await post(olga, { ...START, symbols: ['APPL'] })
    const { code, detail } = answer.json<wire.Problem>()
    assert.deepEqual([answer.statusCode, code], [404, 'NOT_FOUND'])
    assert.match(detail ?? '', /in APPL, .* Held or open: AAPL\. Trading is halted\./)
    assert.equal((await get()).state, 'None')
    assert.equal((await house.store.get('halt', 'global'))?.state?.level, 'K4')
  })

  it('halts, cancels, closes what is held, and ends when nothing is', async () => {
    const begun = (await post(olga, START)).json<wire.Liquidation>()
    assert.deepEqual([begun.state, begun.by, begun.symbols, begun.market], ['Running', 'Olga', null, false])
    assert.equal((await house.store.get('halt', 'global'))?.state?.level, 'K4')
    assert.equal(await codeOf(post(olga, START)), 'LIQUIDATING')
    const body = { reason: 'x' }
    const release = house.ask({ method: 'DELETE', url: '/v1/halt', as: olga, body })
    assert.equal((await release).json<wire.Problem>().code, 'LIQUIDATING')

    assert.deepEqual(await step(house), [])
    assert.deepEqual(
      (await get()).lines.map(({ step: now }) => now),
      ['Canceling'],
    )
    const entry = (await house.store.openOrders(ACCOUNT))[0]
    assert.ok(entry)
    await house.report(entry.clOrdID, { execType: 'Canceled' })
    const [send] = await step(house)
    assert.ok(send?.kind === 'single' && send.order.reduceOnly)
    await house.desk.recordSent(send, { outcome: 'accepted', orderID: 'B-x' as OrderID, legs: [] })
    assert.equal((await post(olga, {}, '/market')).json<wire.Liquidation>().market, true)
    await house.report(send.clOrdID, { execType: 'Trade', lastQty: qty('150'), lastPx: px('187.30') })
    const [line] = (await get()).lines
    assert.deepEqual([line?.startQty, line?.closedQty, line?.avgPx], ['150', '150', '187.30000000'])
    await step(house)
    const over = await get()
    assert.deepEqual([over.state, over.lines, over.endedAt !== null], ['Flat', [], true])
    assert.deepEqual(over.report, [
      { symbol: 'AAPL', heldQty: '150', closedQty: '150', avgPx: '187.30000000', leftQty: '0', why: null },
    ])
    const stop = house.ask({ method: 'DELETE', url: '/v1/liquidation', as: olga, body })
    assert.equal((await stop).json<wire.Problem>().code, 'NOT_LIQUIDATING')
  })
})
