import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as decimal from './decimal.ts'

const rows: readonly (readonly [keyof typeof decimal, readonly string[], unknown])[] = [
  ['grouped', ['1234567.50'], '1,234,567.50'],
  ['grouped', ['-1234.5'], '−1,234.5'],
  ['grouped', ['999'], '999'],
  ['grouped', ['-0.00'], '0.00'],
  ['grouped', ['0.00012345'], '0.00012345'],
  ['grouped', ['12345678901234567890.123456789'], '12,345,678,901,234,567,890.123456789'],
  ['grouped', ['not a number'], 'not a number'],
  ['cents', ['109.97585'], '109.98'],
  ['cents', ['-0.005'], '-0.01'],
  ['cents', ['12.5'], '12.5'],
  ['cents', ['?'], '?'],
  ['trimmed', ['195.21000000'], '195.21'],
  ['trimmed', ['100.00000000'], '100.00'],
  ['trimmed', ['1.08512300'], '1.085123'],
  ['trimmed', ['195.2'], '195.2'],
  ['trimmed', ['?'], '?'],
  ['signed', ['12.5'], '+12.5'],
  ['signed', ['-12.5'], '−12.5'],
  ['signed', ['0'], '0'],
  ['signOf', ['-0.01'], -1],
  ['signOf', ['0.00'], 0],
  ['signOf', ['x'], 0],
  ['bpsBetween', ['200', '201'], '50.0'],
  ['bpsBetween', ['200.00', '199.999'], '-0.1'],
  ['bpsBetween', ['187.50', '187.62'], '6.4'],
  ['bpsBetween', ['0', '1'], undefined],
  ['bpsBetween', ['1', ''], undefined],
  ['percent', ['0.01'], '1'],
  ['percent', ['0.0125'], '1.25'],
  ['percent', ['1'], '100'],
  ['percentBetween', ['200', '190'], '-5.00'],
  ['rewardOverRisk', ['187.50', '185', '192.5'], '2.0'],
  ['rewardOverRisk', ['1.0850', '1.0825', '1.0900'], '2.0'],
  ['rewardOverRisk', ['1', '1', '2'], undefined],
  ['exceeds', ['-50.1', '50'], true],
  ['exceeds', ['50.0', '50'], false],
  ['placeBetween', ['15', '10', '20'], 0.5],
  ['placeBetween', ['10.25', '10', '11.000'], 0.25],
  ['placeBetween', ['10', '10', '10'], 0.5],
  ['rangeOf', [], undefined],
]

describe('decimals on a screen', () => {
  for (const [name, args, expected] of rows)
    it(`${name}(${args.join(', ')}) is ${String(expected)}`, () => {
      const call = decimal[name] as (...texts: unknown[]) => unknown
      assert.deepEqual(name === 'rangeOf' ? call(args) : call(...args), expected)
    })

  it('finds the range whatever the scales', () => {
    assert.deepEqual(decimal.rangeOf(['9', '10.5', '-3', '10.49']), ['-3', '10.5'])
  })

  it('never changes a digit while grouping', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: 0, max: 12 }), (coefficient, scale) => {
        const digits = coefficient.toString().padStart(scale + 1, '0')
        const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
        assert.equal(decimal.grouped(text).replaceAll(',', ''), text)
      }),
    )
  })
})
