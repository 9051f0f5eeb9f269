import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { text } from '../../values/decimal.ts'
import { rfc3339 } from '../../values/instant.ts'
import { parseJson } from '../../values/json.ts'
import {
  lifeOf,
  listOf,
  parseAccount,
  parseAsset,
  parseClock,
  parseFill,
  parseItems,
  parseOrder,
  parsePosition,
  parseRefusal,
} from './parse.ts'

// What Alpaca's paper host has really said. Shapes that are documented and never seen are in parse.test.ts.

const ROOT = join(import.meta.dirname, '../../..')

function wire(source: string): unknown {
  const parsed = parseJson(source)
  assert.ok(parsed.ok, source)
  return parsed.value
}

describe('exchanges with the paper host, recorded in 2020', () => {
  type Recorded = readonly { readonly response: { readonly body: string; readonly status_code: number } }[]
  const folder = join(ROOT, 'test/fixtures/alpaca-recorded-2020')
  const answer = (name: string) => {
    const [first] = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded
    assert.ok(first)
    return { status: first.response.status_code, body: wire(first.response.body) }
  }

  it('a new order, one that was found, and a list', () => {
    const made = parseOrder(answer('order_create_success').body)
    assert.deepEqual(
      [made.status, made.clOrdID, made.terms.symbol, text(made.terms.orderQty), made.terms.ordType],
      ['accepted', null, 'TSLA', '1', 'Market'],
    )
    for (const name of ['order_get_success', 'order_get_by_client_order_id_success'])
      assert.equal(lifeOf(parseOrder(answer(name).body).status).known, true)
    assert.ok(listOf(answer('order_list_success').body, 'orders', parseOrder).length > 0)
  })

  // biome-ignore format: a table reads in columns
  const refusals: readonly (readonly [name: string, says: RegExp])[] = [
    ['order_create_403',                       /^403 40310000: insufficient buying power \(buying_power 400000, cost_basis 8177000000\)$/],
    ['order_create_422',                       /^422 40010001: /],
    ['order_edit_failure',                     /^422 40010001: unable to replace order, order isn't sent to exchange yet$/],
    ['order_delete_not_found',                 /^404 40410000: order not found/],
    ['order_get_not_found_welformed_id',       /^404 40410000: order not found/],
    ['order_get_not_found_bad_id',             /^422 40010001: order_id is missing$/],
    ['order_get_by_client_order_id_failure',   /^404 40410000: /],
    ['position_get_not_found',                 /^404 40410000: position does not exist$/],
    ['position_delete_not_found',              /^404 40410000: position does not exist$/],
    ['asset_get_not_found',                    /^404 40410000: asset not found/],
    ['account_get_failure',                    /^401 40110000: access key verification failed : verification failure$/],
    ['account_activity_get_not_found',         /^422 40010001: invalid activity type/],
  ]
  for (const [name, says] of refusals)
    it(name, () => {
      const { status, body } = answer(name)
      assert.match(parseRefusal(status, body)?.text ?? '', says)
    })

  it('a mass cancel, line by line', () => {
    const items = parseItems(answer('order_delete_all_success').body)
    assert.deepEqual(
      items.map((i) => i.status),
      [200, 200],
    )
  })
  it('a mass close in which one is refused', () => {
    const items = parseItems(answer('position_delete_all_success').body)
    assert.deepEqual(
      items.map((i) => [i.name, i.status]),
      [
        ['TSLA', 200],
        ['GOOG', 200],
        ['AAPL', 403],
      ],
    )
    assert.equal(parseOrder(items[0]?.body).terms.side, 'Sell')
    assert.match(parseRefusal(403, items[2]?.body)?.text ?? '', /insufficient qty available.*held_for_orders 2/)
  })
  it('fills, with the whole part of their order’s quantity', () => {
    for (const name of ['account_activity_list_success', 'account_activity_get_success']) {
      const fills = listOf(answer(name).body, 'fills', parseFill).filter((fill) => fill !== null)
      assert.ok(fills.length > 1)
    }
    const [tsla] = listOf(answer('account_activity_list_specific_success').body, 'fills', parseFill)
    assert.deepEqual(tsla && [tsla.symbol, text(tsla.lastPx), text(tsla.cumQty), rfc3339(tsla.at)], [
      'TSLA',
      '886.55',
      '5',
      '2020-06-03T13:30:14.199812Z',
    ])
  })
  it('account, positions, assets and the clock', () => {
    assert.equal(text(parseAccount(answer('account_get_success').body).fact.buyingPower), '400000')
    assert.equal(text(parsePosition(answer('position_get_success').body).netQty), '2')
    assert.ok(listOf(answer('position_list_success').body, 'positions', parsePosition).length > 0)
    for (const name of ['asset_get_success_by_id', 'asset_get_success_by_symbol'])
      assert.equal(parseAsset(answer(name).body).instrument?.assetClass, 'us_equity')
    assert.equal(parseClock(answer('clock_get_success').body).open, false)
  })
})

// These may be read where they are, and not be copied: their owner states no licence.
const RECENT = join(ROOT, '../shared/brokers/specs/alpaca-recorded/paper-2026-10')
const absent = existsSync(RECENT) ? false : 'the recordings of 2026 are not beside this checkout'

describe('bodies of the paper host, recorded in 2026', { skip: absent }, () => {
  const body = (name: string): unknown => wire(readFileSync(join(RECENT, `${name}.json`), 'utf8'))
  const errorIn = (name: string): unknown => wire((body(name) as { error: { body: string } }).error.body)

  it('an order by amount, as it was taken and as it was filled', () => {
    const { submit, polls } = body('buy_fractional') as { submit: unknown; polls: readonly unknown[] }
    const [taken, filled] = [parseOrder(submit), parseOrder(polls[0])]
    assert.deepEqual([taken.status, text(taken.cumQty)], ['pending_new', '0'])
    assert.deepEqual([filled.status, text(filled.cumQty), filled.orderID], ['filled', '0.057436865', taken.orderID])
  })
  it('a resting order that was canceled', () => {
    const [o] = listOf(body('resting_cancelled'), 'orders', parseOrder)
    assert.equal(o?.canceledAt && rfc3339(o.canceledAt), '2026-10-08T15:10:22.178543Z')
  })
  it('fills whose ids begin with New York’s time', () => {
    const fills = listOf(body('fill_activities'), 'fills', parseFill)
    assert.equal(fills.length, 6)
    assert.equal(fills[0] && rfc3339(fills[0].at), '2026-10-08T15:10:18.097465Z')
  })
  it('account, assets and positions', () => {
    const { fact, flags } = parseAccount(body('account_before'))
    assert.deepEqual([fact.status, text(fact.cash), flags], ['Active', '100005.83', []])
    assert.deepEqual(
      listOf(body('assets'), 'assets', parseAsset).map((a) => a.instrument?.shortable),
      [true, true],
    )
    assert.equal(
      text(listOf(body('positions_held'), 'positions', parsePosition)[0]?.netQty ?? assert.fail()),
      '0.557436865',
    )
  })
  it('a name that was used, and a sale of more than is held', () => {
    assert.equal(
      parseRefusal(422, errorIn('duplicate_client_order_id'))?.text,
      '422 40010001: client_order_id must be unique',
    )
    assert.match(parseRefusal(403, errorIn('sell_above_held'))?.text ?? '', /^403 40310000: insufficient qty available/)
  })
})
