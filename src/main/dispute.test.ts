import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Fill, Order, Task } from '../api/wire.ts'
import { dispute } from './commands/trading.ts'
import type { Context } from './context.ts'
import { disputeForm } from './dispute.ts'

const FILL = {
  execID: 'X-1',
  clOrdID: 'jx1',
  symbol: 'AAPL',
  side: 'Buy',
  lastQty: '20',
  lastPx: '120.00',
  transactTime: '2026-11-24T15:00:01.123456Z',
} as Fill
const ORDER = {
  clOrdID: 'jx1',
  account: 'live:alpaca:main',
  orderID: 'b-77',
  terms: {
    symbol: 'AAPL',
    side: 'Buy',
    ordType: 'Limit',
    timeInForce: 'Day',
    orderQty: '100',
    price: '190.00',
    bracket: null,
  },
} as Order

it('a request for a review has what a broker asks for', () => {
  const form = disputeForm(FILL, ORDER, { text: 'the prices read around it were between 189.95 and 190.05' } as Task)
  for (const part of ['live:alpaca:main', 'AAPL', 'Buy', '20', '120.00', '2026-11-24T15:00:01.123456Z', 'X-1', 'b-77'])
    assert.match(form, new RegExp(`^\\w.*\\s${part.replaceAll('.', '\\.')}$`, 'm'), part)
  assert.match(form, /^Order, ours +jx1$/m)
  assert.match(form, /^Terms .*190\.00/m)
  assert.match(form, /^Prices around it +the prices .* between 189\.95 and 190\.05$/m)
})
it('a request for a review of a fill that nothing was said of says so', () => {
  assert.match(
    disputeForm(FILL, { ...ORDER, orderID: null }, null),
    /^Order, broker +not known$[^]*Nothing was found odd/m,
  )
})
it('words of others add no line to a request, and reach no terminal', () => {
  const hostile = disputeForm({ ...FILL, execID: 'X\nPrice  1.00\u001b[2J' }, ORDER, null)
  assert.equal(hostile.split('\n').length, disputeForm(FILL, ORDER, null).split('\n').length)
  assert.ok(!hostile.includes('\u001b'))
})
describe('the command', () => {
  const said: string[] = []
  const alerts = [
    { kind: 'SLIPPAGE', subject: 'X-1', text: 'not this one' },
    { kind: 'ODD_FILL', subject: 'X-1', text: 'this one' },
  ]
  const client = {
    fills: async ({ after }: { after?: string }) =>
      after === undefined ? { items: [{ ...FILL, execID: 'X-2' }], next: 'more' } : { items: [FILL], next: null },
    order: async () => ORDER,
    tasks: async () => alerts,
  }
  const ctx = {
    client: () => client,
    out: { answer: (_value: unknown, words: () => string) => void said.push(words()) },
  } as unknown as Context
  it('finds the fill, its order and its alert', async () => {
    await dispute(ctx, 'X-1')
    assert.match(said.join(), /Execution +X-1\n[^]*b-77[^]*this one$/m)
    assert.doesNotMatch(said.join(), /not this one/)
  })
  it('says where to look for a fill that there is not', async () => {
    await assert.rejects(dispute(ctx, 'X-3'), /None of the last 2000 fills is X-3/)
  })
})
