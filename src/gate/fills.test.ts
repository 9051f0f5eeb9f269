import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { px } from '../values/decimal.ts'
import { isOutside } from './fills.ts'

describe('a fill beside a market between 190 and 200, with a collar of 300 bps', () => {
  for (const [lastPx, isIt] of [
    ['184.29', true],
    ['184.30', false],
    ['190', false],
    ['195', false],
    ['206', false],
    ['206.01', true],
    ['19.50', true],
    ['1950', true],
  ] as const)
    it(`at ${lastPx} is ${isIt ? 'outside' : 'inside'}`, () => {
      assert.equal(isOutside(px(lastPx), { low: px('190'), high: px('200') }, 300), isIt)
    })
})
