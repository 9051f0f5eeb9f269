import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { px, qty } from '../values/decimal.ts'
import { AGENT, type As, type House, openHouse, ORDER, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

describe('one order, from the signal to its fills', () => {
  let house: House
  let jax: As
  let ana: As
  before(async () => {
    house = await openHouse()
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ['trader', 'approver', 'risk', 'operator', 'admin'], 'web')
  })
  after(() => house.close())
  let intent: wire.Intent

  it('a signal as Jax sends it is sized and waits', async () => {
    const response = await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: SIGNAL })
    assert.equal(response.statusCode, 201)
    assert.equal(response.headers.location, '/v1/intents/sig-1')
    intent = response.json<wire.Intent>()
    assert.equal(intent.state, 'AwaitingApproval')
    assert.equal(intent.ticket?.terms.orderQty, '400')
    assert.deepEqual(intent.proposer, { type: 'agent', id: jax.id, name: 'jax' })
    assert.match(intent.fingerprint ?? '', /^[0-9a-f]{4}-[0-9a-f]{4}$/)
    assert.match(intent.summary, /^Buy 400 AAPL at 187\.5 waits for a person to decide until 15:05:00 UTC\.$/)
    assert.deepEqual(intent.can.approve, {
      ok: false,
      why: 'Only a signed-in person can approve; an agent or program never can.',
    })
    assert.deepEqual(intent.can.withdraw, { ok: true })
  })

  it('the same again, in another notation, gets the first answer', async () => {
    const again = {
      ...SIGNAL,
      entry_price: '187.500',
      confidence: '0.720',
      generated_at: '2026-11-24T15:59:50+01:00',
      artifact_id: null,
    }
    const response = await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: again })
    assert.equal(response.statusCode, 200)
    assert.equal(response.json<wire.Intent>().digest, intent.digest)
  })

  it('the same id with another body is told which field differs', async () => {
    const response = await house.ask({
      method: 'POST',
      url: '/v1/intents',
      as: jax,
      body: { ...SIGNAL, stop_loss: 184.5 },
    })
    const problem = response.json<wire.Problem>()
    assert.equal(problem.code, 'INTENT_CONFLICT')
    assert.deepEqual(problem.errors, [{ path: '$.stop_loss', message: 'was "185" and is "184.5" now' }])
    assert.equal(problem.instance, '/v1/intents/sig-1')
  })

  it('a person sees that they may decide, an agent may not', async () => {
    const seen = (await house.ask({ url: '/v1/intents/sig-1', as: ana })).json<wire.Intent>()
    assert.deepEqual(seen.can, {
      approve: { ok: true },
      decline: { ok: true },
      withdraw: { ok: true },
      reprice: { ok: true },
    })
    const queue = (await house.ask({ url: '/v1/intents?state=AwaitingApproval', as: ana })).json<
      wire.Page<wire.Intent>
    >()
    assert.deepEqual(
      queue.items.map(({ intentID }) => intentID),
      ['sig-1'],
    )
    assert.equal(
      (await house.ask({ method: 'POST', url: '/v1/intents/sig-1/approve', as: jax, body: { digest: intent.digest } }))
        .statusCode,
      403,
    )
  })

  it('another digest approves nothing', async () => {
    const response = await house.ask({
      method: 'POST',
      url: '/v1/intents/sig-1/approve',
      as: ana,
      body: { digest: 'of-something-else' },
    })
    assert.equal(response.json<wire.Problem>().code, 'DIGEST_MISMATCH')
  })

  it('approving twice is approving once; the other decision is too late', async () => {
    const approve = () =>
      house.ask({
        method: 'POST',
        url: '/v1/intents/sig-1/approve',
        as: ana,
        body: { digest: intent.digest, reason: 'fine' },
      })
    const first = (await approve()).json<wire.Intent>()
    assert.equal(first.state, 'Approved')
    assert.equal(first.decision?.byName, 'Ana')
    assert.equal((await approve()).statusCode, 200)
    const clOrdID = await house.send()
    await house.report(clOrdID, { execType: 'New' })
    assert.equal((await approve()).statusCode, 200, 'also after it was sent')
    const late = await house.ask({ method: 'POST', url: '/v1/intents/sig-1/decline', as: ana, body: { reason: 'no' } })
    assert.equal(late.json<wire.Problem>().code, 'NOT_PENDING')
  })

  it('the order is followed to its fills, and its position is valued', async () => {
    const [order] = (await house.ask({ url: '/v1/orders?open=true', as: ana })).json<wire.Page<wire.Order>>().items
    assert.ok(order)
    assert.equal(order.ordStatus, 'New')
    assert.deepEqual(order.can.cancel, { ok: true })
    await house.report(order.clOrdID as never, { execType: 'Trade', lastQty: qty('150'), lastPx: px('187.40') })
    const partly = (await house.ask({ url: `/v1/orders/${order.clOrdID}`, as: jax })).json<wire.Order>()
    assert.deepEqual(
      [partly.ordStatus, partly.cumQty, partly.leavesQty, partly.avgPx],
      ['PartiallyFilled', '150', '250', '187.40000000'],
    )
    assert.deepEqual(partly.can.cancel, {
      ok: false,
      why: 'Canceling needs a signed-in trader, approver, risk manager or operator.',
    })
    const [position] = (await house.ask({ url: '/v1/positions', as: jax })).json<{ items: wire.Position[] }>().items
    // 150 × (187.50 − 187.40)
    assert.deepEqual([position?.netQty, position?.unrealizedPnl, position?.lastPx], ['150', '15.00', '187.50'])
    const fills = (await house.ask({ url: '/v1/fills', as: jax })).json<wire.Page<wire.Fill>>()
    assert.equal(fills.items.length, 1)
    const seen = (await house.ask({ url: '/v1/intents/sig-1', as: jax })).json<wire.Intent>()
    assert.equal(seen.summary, 'Buy 400 AAPL at 187.5 is working at the broker: 150 of 400 filled at 187.4 on average.')
  })

  it('a change is asked for once, by somebody who might approve; both orders say so', async () => {
    await house.facts()
    const [order] = (await house.ask({ url: '/v1/orders?open=true', as: ana })).json<wire.Page<wire.Order>>().items
    assert.deepEqual(order?.can.replace, { ok: true })
    const url = `/v1/orders/${order?.clOrdID}/replace`
    const change = (body: object, as = ana) => house.ask({ method: 'POST', url, as, body })
    assert.equal((await change({ limit_price: '187.40' }, jax)).json<wire.Problem>().code, 'FORBIDDEN')
    assert.equal((await change({})).json<wire.Problem>().code, 'NOT_REPLACEABLE')
    assert.equal((await change({ order_qty: 150 })).json<wire.Problem>().code, 'NOT_REPLACEABLE')
    assert.equal((await change({ limit_price: '-1' })).json<wire.Problem>().code, 'INVALID_REQUEST')
    assert.equal((await change({ qty: '1' })).json<wire.Problem>().code, 'INVALID_REQUEST')
    assert.deepEqual(
      (await change({ limit_price: '180' })).json<wire.Problem>().refusals?.map((r) => r.code),
      ['STOP_ON_WRONG_SIDE'],
    )
    const asked = (await change({ order_qty: '300', reason: 'smaller' })).json<wire.Order>()
    assert.deepEqual(
      [asked.ordStatus, asked.terms.orderQty, asked.terms.price, asked.replaces],
      ['PendingNew', '150', '187.50', order?.clOrdID],
    )
    assert.equal((await change({ order_qty: '300' })).json<wire.Order>().clOrdID, asked.clOrdID)
    const old = (await house.ask({ url: `/v1/orders/${order?.clOrdID}`, as: ana })).json<wire.Order>()
    assert.deepEqual([old.ordStatus, old.replacedBy, old.can.replace.ok], ['PendingReplace', asked.clOrdID, false])
    const story = (await house.ask({ url: '/v1/intents/sig-1/story', as: ana })).json<wire.Story>()
    assert.ok(
      story.events.some(({ text }) => text.startsWith(`Ana changed ${order?.clOrdID} (smaller): ${asked.clOrdID}`)),
    )
  })

  it('a cancel is asked for once and confirmed by the broker', async () => {
    const [order] = (await house.ask({ url: '/v1/orders?symbol=AAPL', as: ana }))
      .json<wire.Page<wire.Order>>()
      .items.filter(({ role, replaces }) => role === 'Entry' && replaces === null)
    assert.ok(order)
    const cancel = () => house.ask({ method: 'POST', url: `/v1/orders/${order.clOrdID}/cancel`, as: ana, body: {} })
    assert.equal((await cancel()).json<wire.Order>().ordStatus, 'PendingCancel')
    assert.equal((await cancel()).statusCode, 200)
    await house.report(order.clOrdID as never, { execType: 'Canceled' })
    assert.equal((await cancel()).json<wire.Problem>().code, 'NOT_OPEN')
  })

  it('the story tells it in sentences, with nothing secret', async () => {
    const response = await house.ask({ url: '/v1/intents/sig-1/story', as: jax })
    const story = response.json<wire.Story>()
    const said = story.events.map(({ text }) => text)
    assert.equal(said[0], 'jax proposed to buy AAPL near 187.5 with a stop at 185 (breakout).')
    assert.match(
      said[1] ?? '',
      /^Sized and checked: Buy 400 AAPL at 187\.5, at most [\d.]+ USD\. Waiting for a person\.$/,
    )
    assert.equal(said[2], 'Ana approved: fine.')
    assert.ok(said.some((line) => line.includes('filled 150 at 187.4.')))
    assert.doesNotMatch(response.body, /csrf|sessionHash/)
    assert.equal(story.fills.length, 1)
  })

  it('orders and fills come as CSV', async () => {
    const orders = await house.ask({ url: '/v1/orders', as: ana, headers: { accept: 'text/csv' } })
    assert.match(String(orders.headers['content-type']), /^text\/csv/)
    assert.match(orders.body, /^clOrdID,intentID,.*\r\n.*sig-1.*\r\n/)
    const fills = await house.ask({ url: '/v1/fills?limit=1', as: ana, headers: { accept: 'text/csv' } })
    assert.equal(fills.body.trim().split('\r\n').length, 2)
  })

  it('what the gate refuses is recorded, with every reason', async () => {
    await house.facts()
    const body = { ...SIGNAL, id: 'sig-bad', symbol: 'AAPL', entry_price: 250, stop_loss: 251, take_profit: 240 }
    const ask = () => house.ask({ method: 'POST', url: '/v1/intents', as: jax, body })
    const problem = (await ask()).json<wire.Problem>()
    assert.equal(problem.code, 'GATE_REFUSED')
    assert.equal(problem.instance, '/v1/intents/sig-bad')
    assert.ok((problem.refusals ?? []).length >= 2)
    assert.equal((await ask()).statusCode, 422, 'a repeat is answered alike')
    assert.equal((await house.ask({ url: '/v1/intents/sig-bad', as: jax })).json<wire.Intent>().state, 'Refused')
  })

  it('hold is an answer, not an order', async () => {
    const { entry_price: _, stop_loss: __, take_profit: ___, ...rest } = SIGNAL
    const response = await house.ask({
      method: 'POST',
      url: '/v1/intents',
      as: jax,
      body: { ...rest, id: 'sig-hold', signal_type: 'HOLD', entry_price: null },
    })
    assert.equal(response.statusCode, 422)
    assert.ok(response.json<wire.Problem>().refusals?.some(({ code }) => code === 'SIGNAL_IS_HOLD'))
  })

  it('while nothing is known of the symbol, a new intent is taken and waits; it is answered once it is sized', async () => {
    const body = { ...SIGNAL, id: 'sig-new', symbol: 'MSFT' }
    const first = await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body })
    assert.equal(first.statusCode, 202)
    assert.equal(first.json<wire.Intent>().state, 'Received')
    house.patience.ms = 10_000
    const waiting = house.ask({ method: 'POST', url: '/v1/intents', as: jax, body })
    await house.facts('MSFT')
    await house.desk.size('sig-new' as never)
    assert.equal((await waiting).statusCode, 200)
    house.patience.ms = 40
  })

  it('an agent withdraws its own, and no other', async () => {
    const other = await house.token('other', AGENT)
    assert.equal(
      (
        await house.ask({ method: 'POST', url: '/v1/intents/sig-new/withdraw', as: other, body: {} })
      ).json<wire.Problem>().code,
      'NOT_ELIGIBLE',
    )
    const withdraw = () => house.ask({ method: 'POST', url: '/v1/intents/sig-new/withdraw', as: jax })
    assert.equal((await withdraw()).json<wire.Intent>().summary, 'Withdrawn by jax. Nothing was sent.')
    assert.equal((await withdraw()).statusCode, 200)
  })

  it('an explicit order must be of the computed size', async () => {
    await house.advance(120_000)
    const wrong = await house.ask({
      method: 'POST',
      url: '/v1/intents',
      as: jax,
      body: { ...ORDER, id: 'ord-wrong', order_qty: 399 },
    })
    assert.ok(
      wrong.json<wire.Problem>().refusals?.some(({ code }) => code === 'QTY_DIFFERS_FROM_SIZE'),
      wrong.body,
    )
  })

  it('whoever answers for an agent cannot approve what it proposed', async () => {
    const own = await house.token('anas bot', AGENT, { owner: ana.id })
    const proposed = (
      await house.ask({
        method: 'POST',
        url: '/v1/intents',
        as: own,
        body: { ...SIGNAL, id: 'sig-own', symbol: 'MSFT' },
      })
    ).json<wire.Intent>()
    const response = await house.ask({
      method: 'POST',
      url: '/v1/intents/sig-own/approve',
      as: ana,
      body: { digest: proposed.digest ?? 'x' },
    })
    assert.equal(response.json<wire.Problem>().code, 'SELF_APPROVAL')
  })

  it('whoever made a token cannot approve what it proposed, whoever answers for it', async () => {
    const maker = await house.person('Mia', ['admin', 'approver'], 'web')
    const body = { name: 'bens bot', owner: ana.id }
    const made = (await house.ask({ method: 'POST', url: '/v1/tokens', as: maker, body })).json<wire.TokenMade>()
    const bot = { id: made.tokenID, headers: { authorization: `Bearer ${made.token}` } }
    const signal = { ...SIGNAL, id: 'sig-made', symbol: 'MSFT' }
    const proposed = await house.ask({ method: 'POST', url: '/v1/intents', as: bot, body: signal })
    const digest = proposed.json<wire.Intent>().digest ?? 'x'
    for (const as of [maker, ana]) {
      const said = await house.ask({ method: 'POST', url: '/v1/intents/sig-made/approve', as, body: { digest } })
      assert.equal(said.json<wire.Problem>().code, 'SELF_APPROVAL')
    }
  })

  it('the halt is engaged by an agent, twice alike, and released by people after a reconciliation', async () => {
    const halt = () => house.ask({ method: 'POST', url: '/v1/halt', as: jax, body: { reason: 'the feed looks wrong' } })
    const first = (await halt()).json<wire.Halt>()
    assert.deepEqual(
      [first.engaged, first.by, first.reason, first.openOrders],
      [true, 'jax', 'the feed looks wrong', 0],
    )
    assert.equal((await halt()).statusCode, 200)
    assert.equal((await house.ask({ url: '/v1/status', as: jax })).json<wire.Status>().halted, true)
    assert.equal(
      (await house.ask({ method: 'DELETE', url: '/v1/halt', as: jax, body: { reason: 'x' } })).json<wire.Problem>()
        .code,
      'FORBIDDEN',
    )
    const release = () => house.ask({ method: 'DELETE', url: '/v1/halt', as: ana, body: { reason: 'checked' } })
    assert.equal((await release()).json<wire.Problem>().code, 'UNRECONCILED')
    const positions = (await house.store.all('position')).map(({ symbol, netQty }) => ({ symbol, netQty, avgPx: null }))
    const account = await house.store.get('account', 'paper:sim:main')
    assert.ok(account)
    const view = { startedAt: house.now(), orders: [], reports: [], account }
    const proof = async (): Promise<unknown> => {
      const seen = (await house.ask({ url: '/v1/halt', as: jax })).json<wire.Halt>()
      return [seen.proven, seen.comparedAt !== null && seen.since !== null && seen.comparedAt >= seen.since]
    }
    assert.deepEqual(await proof(), [false, false], 'nobody has asked the broker')
    await house.desk.reconcile({
      ...view,
      positions: [{ symbol: 'NVDA', netQty: qty('5'), avgPx: null }, ...positions],
    })
    assert.deepEqual(await proof(), [false, true], 'it holds what our book does not explain')
    const run = await house.desk.reconcile({ ...view, positions })
    assert.deepEqual(run.findings, [])
    assert.deepEqual(await proof(), [true, true])
    assert.equal((await release()).json<wire.Halt>().engaged, false)
    assert.equal((await release()).json<wire.Problem>().code, 'NOT_HALTED')
    assert.equal((await house.ask({ url: '/v1/reconciliation', as: jax })).json<{ clean: boolean }>().clean, true)
  })
})

describe('a halt of a part', () => {
  it('tells what of it is open still, stops neither the rest nor the service, and is released by itself', async () => {
    const house = await openHouse()
    try {
      const jax = await house.token('jax', AGENT)
      const ana = await house.person('Ana', ['approver', 'risk'], 'web')
      const { digest } = (
        await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: SIGNAL })
      ).json<wire.Intent>()
      await house.ask({ method: 'POST', url: '/v1/intents/sig-1/approve', as: ana, body: { digest } })
      const clOrdID = await house.send()
      await house.report(clOrdID, { execType: 'New' })
      const halt = async (scope: string, level?: string): Promise<string[]> => {
        const body = { reason: 'it repeats itself', scope, ...(level && { level }) }
        const answer = (await house.ask({ method: 'POST', url: '/v1/halt', as: jax, body })).json<wire.Halt>()
        assert.equal(answer.engaged, !/^(strategy|symbol):/.test(scope))
        return answer.halts.map((one) => `${one.scope} ${one.level} ${one.open.map((each) => each.ordStatus).join()}`)
      }
      const isHalted = async () => (await house.ask({ url: '/v1/status', as: jax })).json<wire.Status>().halted
      assert.deepEqual(await halt('symbol:MSFT'), ['symbol:MSFT K1 '])
      assert.deepEqual(await halt('strategy:breakout'), ['strategy:breakout K1 New', 'symbol:MSFT K1 '])
      assert.deepEqual(await halt('symbol:AAPL', 'K4'), [
        'strategy:breakout K1 PendingCancel',
        'symbol:AAPL K4 PendingCancel',
        'symbol:MSFT K1 ',
      ])
      assert.equal(await isHalted(), false)
      const free = { method: 'DELETE', url: '/v1/halt', as: ana } as const
      const body = { reason: 'mended', scope: 'strategy:breakout' }
      const left = (await house.ask({ ...free, body })).json<wire.Halt>().halts
      assert.deepEqual(
        left.map(({ scope }) => scope),
        ['symbol:AAPL', 'symbol:MSFT'],
      )
      assert.equal((await house.ask({ ...free, body })).json<wire.Problem>().code, 'NOT_HALTED')
      assert.match((await halt('account:paper:sim:main', 'K3')).join(), /account:paper:sim:main K3 PendingCancel/)
      assert.equal(await isHalted(), true)
    } finally {
      await house.close()
    }
  })
})
