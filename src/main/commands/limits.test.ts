import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LimitName } from '../../gate/limits.ts'
import { Stop } from '../exit.ts'
import { valueOf } from './limits.ts'

describe('the figure of a limit', () => {
  const TABLE: readonly (readonly [name: LimitName, typed: string, value: string | null])[] = [
    ['dayLoss', 'none', null],
    ['dayLoss', '0.05', '0.05'],
    ['dayLoss', '5%', '0.05'],
    ['dayLoss', '2.5 %', '0.025'],
    ['maxOrderNotional', '2500', '2500'],
    ['maxOrderNotional', '2,500', '2500'],
    ['maxOrderNotional', '1,250,000.50', '1250000.5'],
  ]
  for (const [name, typed, value] of TABLE) it(`${typed}: ${value}`, () => assert.equal(valueOf(name, typed), value))

  for (const [name, typed] of [
    ['dayLoss', '0,05'],
    ['dayLoss', '0,5%'],
    ['dayLoss', '0,125'],
    ['maxOrderNotional', '0,500'],
    ['dayLoss', '1,000%'],
    ['maxOrderNotional', '2500,00'],
    ['maxOrderNotional', '2,50'],
    ['maxOrderNotional', '2.500,00'],
    ['maxOrderNotional', '2,5000'],
    ['maxOrderNotional', ',500'],
  ] as const)
    it(`${typed} is refused, and says what a comma is`, () =>
      assert.throws(
        () => valueOf(name, typed),
        (e) => e instanceof Stop && e.code === 'USAGE' && e.message.includes('a comma only groups thousands'),
      ))
})
