import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ClOrdID, ExecID } from '../values/brand.ts'
import {
  abs,
  type Amt,
  amt,
  type Decimal,
  dec,
  eq,
  gte,
  isZero,
  max,
  min,
  minus,
  negate,
  plus,
  px,
  qty,
  shortest,
  sign,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { NOW } from './example.ts'
import { addTrade, avgCost, flat, type Position, positionOf } from './position.ts'
import type { Execution } from './report.ts'

/** `+100 @ 190.00` bought, `-100 @ 190.00` sold; then ` *1.10` account currency per unit, ` fee 0.35`, ` kept 0.25` and ` busted`. */
function exec(line: string, i = 0): Execution {
  const m = /^([+-])([\d.]+) @ ([\d.]+)(?: \*([\d.]+))?(?: fee (-?[\d.]+))?(?: kept ([\d.]+))?( busted)?$/.exec(line)
  assert.ok(m, line)
  const [, side, size = '', price = '', rate = '1', fee = '0', kept, busted] = m
  return {
    execID: `T${i}` as ExecID,
    clOrdID: 'jx1' as ClOrdID,
    symbol: 'AAPL',
    side: side === '+' ? 'Buy' : 'Sell',
    lastQty: qty(size),
    lastPx: px(price),
    settlCurrFxRate: dec(rate),
    commission: amt(fee),
    ...(kept !== undefined && { feeQty: qty(kept) }),
    transactTime: NOW,
    live: busted === undefined,
  }
}
const after = (...lines: readonly string[]): Position => positionOf('AAPL', lines.map(exec))

describe('what trades add up to', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, trades: readonly string[], netQty: string, avgCost: string | null, realized: string, cash: string, commission?: string])[] = [
    ['nothing',                                [],                                                 '0',    null,            '0',      '0'],
    ['long',                                   ['+100 @ 190.00'],                                  '100',  '190.00000000',  '0',      '-19000'],
    ['long, twice',                            ['+100 @ 190', '+50 @ 193'],                        '150',  '191.00000000',  '0',      '-28650'],
    ['long, closed with a gain',               ['+100 @ 190', '-100 @ 195'],                       '0',    null,            '500',    '500'],
    ['long, closed with a loss',               ['+100 @ 190', '-100 @ 185'],                       '0',    null,            '-500',   '-500'],
    ['short',                                  ['-100 @ 190'],                                     '-100', '190.00000000',  '0',      '19000'],
    ['short, twice',                           ['-100 @ 190', '-100 @ 180'],                       '-200', '185.00000000',  '0',      '37000'],
    ['short, closed with a gain',              ['-100 @ 190', '+100 @ 185'],                       '0',    null,            '500',    '500'],
    ['short, closed with a loss',              ['-100 @ 190', '+100 @ 195'],                       '0',    null,            '-500',   '-500'],
    ['a part closed keeps its average',        ['+100 @ 190', '+100 @ 200', '-50 @ 205'],          '150',  '195.00000000',  '500',    '-28750'],
    ['a part of a short closed',               ['-100 @ 190', '-100 @ 200', '+50 @ 185'],          '-150', '195.00000000',  '500',    '29750'],
    ['a part closed, and more bought',         ['+100 @ 190', '-50 @ 200', '+50 @ 194'],           '100',  '192.00000000',  '500',    '-18700'],
    ['closed in three parts, thirds and all',  ['+3 @ 10', '+0.1 @ 10', '-1 @ 11', '-1 @ 11', '-1.1 @ 11'], '0', null,   '3.1',    '3.1'],
    ['from long to short through zero',        ['+100 @ 190', '-150 @ 195'],                       '-50',  '195.00000000',  '500',    '10250'],
    ['from short to long through zero',        ['-100 @ 190', '+150 @ 185'],                       '50',   '185.00000000',  '500',    '-8750'],
    ['there and back',                         ['+100 @ 190', '-150 @ 195', '+50 @ 190'],          '0',    null,            '750',    '750'],
    ['fractions',                              ['+0.5 @ 64000.10', '-0.25 @ 64000.50'],            '0.25', '64000.10000000', '0.1',   '-15999.925'],
    ['bought for nothing',                     ['+100 @ 0', '-100 @ 1'],                           '0',    null,            '100',    '100'],
    ['commission is beside the gain',          ['+100 @ 190 fee 1.00', '-100 @ 195 fee 1.05'],     '0',    null,            '500',    '497.95', '2.05'],
    ['a rebate',                               ['+100 @ 190 fee -0.20'],                           '100',  '190.00000000',  '0',      '-18999.8', '-0.2'],
    ['another currency',                       ['+100 @ 10 *1.10', '-100 @ 12 *1.20'],             '0',    null,            '240',    '340'],   // 2 × 100 × 1.20; −1100 + 1440
    ['another currency, a part',               ['+100 @ 10 *1.10', '-40 @ 12 *1.20'],              '60',   '10.00000000',   '96',     '-524'],
    ['another currency, through zero',         ['+100 @ 10 *1.10', '-150 @ 12 *1.20 fee 2'],       '-50',  '12.00000000',   '240',    '1058', '2'],
    ['a busted trade counts for nothing',      ['+100 @ 190 fee 1', '-100 @ 999 fee 5 busted'],    '100',  '190.00000000',  '0',      '-19001', '1'],
    ['a fee in kind: less is held, at the same cost', ['+1 @ 399 kept 0.0025'],                     '0.9975', '400.00000000', '0',     '-399'],
    ['and all of it sold',                     ['+1 @ 399 kept 0.0025', '-0.9975 @ 400'],          '0',    null,            '0',      '0'],
    ['a part of it sold',                      ['+1 @ 399 kept 0.0025', '-0.4 @ 410'],             '0.5975', '400.00000000', '4',     '-235'],
    ['fees in kind add up',                    ['+1 @ 90 kept 0.1', '+1 @ 90 kept 0.1'],           '1.8',  '100.00000000',  '0',      '-180'],
    ['a short is covered by what arrives',     ['-1 @ 100', '+1 @ 72 kept 0.1'],                   '-0.1', '100.00000000',  '18',     '28'],
    ['from short to long with a fee in kind',  ['-1 @ 100', '+2 @ 72 kept 0.4'],                   '0.6',  '90.00000000',   '10',     '-44'],
    ['all of it kept: the money is gone',      ['+0.1 @ 50 kept 0.1'],                             '0',    null,            '-5',     '-5'],
    ['more than all of it kept is all of it',  ['+1 @ 40', '+0.1 @ 50 kept 9'],                    '1',    '40.00000000',   '-5',     '-45'],
    ['a sale keeps nothing back',              ['+1 @ 40', '-1 @ 50 kept 0.5'],                    '0',    null,            '10',     '10'],
    ['a busted trade keeps nothing',           ['+1 @ 40 kept 0.5 busted'],                        '0',    null,            '0',      '0'],
    ['all of them busted',                     ['+100 @ 190 busted', '-50 @ 999 busted'],          '0',    null,            '0',      '0'],
  ]
  for (const [name, trades, netQty, cost, realized, cash, commission = '0'] of rows)
    it(name, () => {
      const p = after(...trades)
      const average = avgCost(p)
      assert.deepEqual(
        [
          shortest(p.netQty),
          average && text(average),
          shortest(p.realizedPnl),
          shortest(p.cashFlow),
          shortest(p.commission),
        ],
        [netQty, cost, realized, cash, commission],
      )
    })

  it('a third of a cost is rounded once, and the rest makes up for it', () => {
    const p = after('+1 @ 1', '+2 @ 0.5', '-1 @ 1')
    assert.deepEqual([text(p.cost), text(p.realizedPnl)], ['1.333333333333', '0.333333333333'])
    const closed = addTrade(p, exec('-2 @ 1'))
    assert.deepEqual([shortest(closed.cost), shortest(closed.realizedPnl), shortest(closed.cashFlow)], ['0', '1', '1'])
  })

  it('starts flat, under its symbol', () => {
    assert.deepEqual(flat('EUR/USD'), {
      symbol: 'EUR/USD',
      netQty: '0',
      cost: '0',
      realizedPnl: '0',
      commission: '0',
      cashFlow: '0',
    })
  })
})

const decimalOf = (min: number, max: number, places: number) =>
  fc.integer({ min: min * 10 ** places, max: max * 10 ** places }).map((n) => {
    const digits = String(n).padStart(places + 1, '0')
    return `${digits.slice(0, -places)}.${digits.slice(-places)}`
  })
const tradeOf = (rate: fc.Arbitrary<string>, kept: fc.Arbitrary<string | null>) =>
  fc
    .tuple(
      fc.constantFrom('+', '-'),
      fc.oneof(decimalOf(1, 200, 2), decimalOf(0, 3, 5)),
      decimalOf(0, 300, 2),
      rate,
      decimalOf(0, 2, 2),
      kept,
      fc.boolean(),
    )
    .filter(([, size]) => Number(size) > 0)
    .map(
      ([side, size, price, fx, fee, feeQty, rare]) =>
        `${side}${size} @ ${price} *${fx} fee ${fee}${feeQty === null ? '' : ` kept ${feeQty}`}${rare && size.endsWith('7') ? ' busted' : ''}`,
    )
const nothingKept = fc.constant(null)
const trades = fc.array(tradeOf(fc.constant('1'), nothingKept), { maxLength: 12 })
const foreign = fc.array(tradeOf(decimalOf(1, 2, 4), nothingKept), { maxLength: 12 })
/** Fees in kind among them, some larger than their trade. */
const inKind = fc.array(tradeOf(fc.constant('1'), fc.option(decimalOf(0, 4, 9))), { maxLength: 12 })
const RUNS = { numRuns: 400 }

const signedCost = (p: Position): Decimal => (sign(p.netQty) < 0 ? negate(p.cost) : p.cost)
const money = (d: Decimal): Amt => d as Amt

describe('bookkeeping', () => {
  it('gain realised and not, less commission, is cash and market value: to the last digit, when the rate is 1', () => {
    fc.assert(
      fc.property(trades, decimalOf(0, 300, 2), (lines, mark) => {
        const p = after(...lines)
        const marketValue = times(p.netQty, px(mark))
        const unrealized = minus<Decimal>(marketValue, signedCost(p))
        const gains = minus(plus(p.realizedPnl, money(unrealized)), p.commission)
        assert.equal(shortest(gains), shortest(plus(p.cashFlow, money(marketValue))))
      }),
      RUNS,
    )
  })

  it('a position is what was bought, less what brokers kept of it, less what was sold; money is not lost in that', () => {
    fc.assert(
      fc.property(inKind, decimalOf(0, 300, 2), (lines, mark) => {
        const live = lines.map(exec).filter((e) => e.live)
        const sum = (side: string, of: (e: Execution) => Decimal): Decimal =>
          live.filter((e) => e.side === side).reduce<Decimal>((all, e) => plus(all, of(e)), ZERO)
        const fees = sum('Buy', (e) => min<Decimal>(e.feeQty ?? ZERO, e.lastQty))
        const p = after(...lines)
        const bought = sum('Buy', (e) => e.lastQty)
        assert.equal(
          shortest(p.netQty),
          shortest(
            minus(
              minus(bought, fees),
              sum('Sell', (e) => e.lastQty),
            ),
          ),
        )
        assert.equal(shortest(p.feeQty ?? ZERO), shortest(fees))
        const marketValue = times(p.netQty, px(mark))
        const gains = minus(plus(p.realizedPnl, money(minus<Decimal>(marketValue, signedCost(p)))), p.commission)
        assert.equal(shortest(gains), shortest(plus(p.cashFlow, money(marketValue))))
      }),
      RUNS,
    )
  })

  it('size, cash and commission are plain sums over the live trades, at any rate', () => {
    fc.assert(
      fc.property(foreign, (lines) => {
        const live = lines.map(exec).filter((e) => e.live)
        const sum = (of: (e: Execution) => Decimal): string =>
          shortest(live.reduce<Decimal>((all, e) => plus(all, of(e)), ZERO))
        const signed = (e: Execution): Decimal => (e.side === 'Buy' ? e.lastQty : negate<Decimal>(e.lastQty))
        const p = after(...lines)
        assert.equal(shortest(p.netQty), sum(signed))
        assert.equal(
          shortest(p.commission),
          sum((e) => e.commission),
        )
        const paid = (e: Execution): Decimal => times(times(signed(e), e.lastPx), e.settlCurrFxRate)
        assert.equal(
          shortest(p.cashFlow),
          sum((e) => negate(plus<Decimal>(paid(e), e.commission))),
        )
      }),
      RUNS,
    )
  })

  it('what is open was bought within the prices that were paid; what is flat costs nothing', () => {
    fc.assert(
      fc.property(foreign, (lines) => {
        const p = after(...lines)
        if (isZero(p.netQty)) return assert.ok(isZero(p.cost))
        const prices = lines.map((line) => exec(line).lastPx)
        const size = abs(p.netQty)
        const [least, most] = [
          times(
            size,
            prices.reduce((x, y) => min(x, y)),
          ),
          times(
            size,
            prices.reduce((x, y) => max(x, y)),
          ),
        ]
        // Each part close may round the cost by half of the twelfth place.
        const slack = dec('0.00000000001')
        assert.ok(gte(plus(p.cost, slack), least))
        assert.ok(gte(plus(most, slack), p.cost))
      }),
      RUNS,
    )
  })

  it('a bust folds to what there would be without the trade', () => {
    fc.assert(
      fc.property(foreign, fc.nat(11), (lines, n) => {
        const all = lines.map(exec)
        const busted = all.map((e, i) => (i === n ? { ...e, live: false } : e))
        assert.deepEqual(
          positionOf('AAPL', busted),
          positionOf(
            'AAPL',
            all.filter((_, i) => i !== n),
          ),
        )
      }),
      RUNS,
    )
  })

  it('one by one is all at once, and no input is changed', () => {
    fc.assert(
      fc.property(foreign, (lines) => {
        let p = flat('AAPL')
        for (const [i, line] of lines.entries()) {
          const before = structuredClone(p)
          const next = addTrade(p, exec(line, i))
          assert.deepEqual(p, before)
          p = next
        }
        assert.deepEqual(p, after(...lines))
      }),
      RUNS,
    )
  })

  it('a mirrored day has the mirrored position', () => {
    fc.assert(
      fc.property(trades, (lines) => {
        const p = after(...lines)
        const mirrored = after(
          ...lines.map((line) => (line.startsWith('+') ? `-${line.slice(1)}` : `+${line.slice(1)}`)),
        )
        assert.ok(eq(mirrored.netQty, negate(p.netQty)))
        assert.equal(shortest(mirrored.cost), shortest(p.cost))
        assert.equal(shortest(mirrored.realizedPnl), shortest(negate(p.realizedPnl)))
      }),
      RUNS,
    )
  })

  it('its digits do not grow without end', () => {
    const p = after(
      ...Array.from({ length: 200 }, (_, i) => `${i % 3 === 2 ? '-1.37' : '+1.11'} @ 190.0${i % 10} *1.2345`),
    )
    assert.ok(Math.max(...[p.cost, p.realizedPnl, p.cashFlow].map((d) => text(d).length)) < 32)
  })
})
