import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dec, px, shortest } from '../values/decimal.ts'
import { fromMs } from '../values/instant.ts'
import { type DailyBar, daysOf } from './days.ts'

const bar = (low: string, high: string, close: string, volume = '1000'): DailyBar => ({
  low: px(low),
  high: px(high),
  close: px(close),
  volume: dec(volume),
})
const of = (past: readonly DailyBar[]) => daysOf({ past, today: null, at: fromMs(0) })
const QUIET = bar('99', '101', '100')
const rangeOf = (past: readonly DailyBar[]): string | null => {
  const { rangePx } = of(past)
  return rangePx === undefined ? null : shortest(rangePx)
}
const days = (n: number, last: readonly DailyBar[] = []): DailyBar[] => [
  ...Array.from({ length: n - last.length }, () => QUIET),
  ...last,
]

describe('the last days of a symbol', () => {
  it('have the mean of their volumes, down', () =>
    assert.equal(shortest(of([bar('1', '1', '1', '10'), bar('1', '1', '1', '11')]).avgVolume), '10'))

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, past: readonly DailyBar[], range: string | null])[] = [
    ['of fifteen days, fourteen of them against the close before',    days(15),                                      '2'],
    ['of no more than the last fourteen',                             [bar('1', '999', '100'), ...days(15)],         '2'],
    ['of a day that opened far above, with the step to it',           days(15, [bar('113', '115', '114')]),          '2.9286'],
    ['of a day that opened far below, with the step to it',           days(15, [bar('85', '87', '86')]),             '2.9286'],
    ['not of fourteen days: the first has no close before it',        days(14),                                      null],
    ['not of a symbol that stood still',                              Array.from({ length: 20 }, () => bar('9', '9', '9')), null],
    ['not of none',                                                   [],                                            null],
  ]
  for (const [what, past, range] of rows)
    it(`have an average true range ${what}`, () => assert.equal(rangeOf(past), range))
})
