import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSizing, SIZINGS } from './sizing.ts'

describe('a sizing on the command line', () => {
  // prettier-ignore
  const rows: readonly (readonly [written: string, means: unknown])[] = [
    ['budget', null],
    ['risk:0.5%', { kind: 'risk', share: '0.005' }],
    ['risk:0.005', { kind: 'risk', share: '0.005' }],
    ['quantity:10', { kind: 'quantity', orderQty: '10' }],
    ['notional:2500.00', { kind: 'notional', notional: '2500' }],
    ['volatility:0.5%,2', { kind: 'volatility', share: '0.005', ranges: '2' }],
    ['kelly:55%,1.8,0.25', { kind: 'kelly', winRate: '0.55', payoff: '1.8', fraction: '0.25' }],
  ]
  for (const [written, means] of rows)
    it(written, () => assert.deepEqual(parseSizing(written), { ok: true, value: means }))
  for (const written of [
    '',
    'risk',
    'risk:',
    'risk:a',
    'risk:1,2',
    'quantity:1;2',
    'kelly:0.5,1',
    'Risk:1%',
    'volatility:1%',
  ])
    it(`${JSON.stringify(written)} is none, and is told how it is written`, () => {
      const read = parseSizing(written)
      assert.ok(!read.ok && read.error.includes('is no sizing') && SIZINGS.every((one) => read.error.includes(one)))
    })
})
