import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Clock } from '../../ports/clock.ts'
import type { OrderID } from '../../values/brand.ts'
import { text, ZERO } from '../../values/decimal.ts'
import { fromMs } from '../../values/instant.ts'
import type { Http } from './http.ts'
import { createTape } from './tape.ts'

const clock: Clock = { now: () => fromMs(60_000), monotonicNs: () => 0n, sleep: async () => {} }
const activity = (id: string, qty: string, cumQty: string) => ({
  activity_type: 'FILL',
  id: `20261120093125000::${id}`,
  order_id: 'o',
  symbol: 'AAPL',
  price: '100',
  qty,
  cum_qty: cumQty,
  transaction_time: '1970-01-01T00:00:30.000001Z',
})

it('two fills of one moment, listed by ids that were drawn, are told in the order in which they were made', async () => {
  const list = [activity('a', '4', '10'), activity('b', '6', '6')]
  const http: Http = {
    attempt: () => assert.fail('nothing is written'),
    read: async (_, understand) => understand(list),
    readText: async () => null,
    close: () => {},
  }
  const tape = createTape({ http, clock, log: () => {}, odd: (_, said) => assert.fail(said) })
  await tape.read(fromMs(0))
  const { trades, carried } = tape.history('o' as OrderID, ZERO)
  assert.deepEqual(
    trades.map((t) => t.execID),
    ['o:6', 'o:10'],
  )
  assert.equal(text(carried), '0')
})
