import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  abs,
  type Amt,
  amt,
  compare,
  type Decimal,
  dec,
  eq,
  gt,
  gte,
  isMultipleOf,
  isZero,
  lt,
  lte,
  MAX_INTEGER_DIGITS,
  MAX_SCALE,
  max,
  min,
  minus,
  negate,
  over,
  parseDecimal,
  plus,
  px,
  qty,
  type Rounding,
  round,
  scaleOf,
  shortest,
  sign,
  text,
  times,
  toStep,
  ZERO,
} from './decimal.ts'

const ROUNDINGS: readonly Rounding[] = ['down', 'up', 'floor', 'ceil', 'half-even']

describe('arithmetic', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, got: unknown, expected: unknown])[] = [
    ['a sum keeps the larger scale',        text(plus(dec('1.5'), dec('2.25'))),            '3.75'],
    ['0.1 + 0.2',                           text(plus(dec('0.1'), dec('0.2'))),             '0.3'],
    ['a sum that ends at zero',             text(plus(dec('-1.50'), dec('1.5'))),           '0.00'],
    ['a sum of large numbers',              text(plus(dec('999999999999999'), dec('0.000000000001'))), '999999999999999.000000000001'],
    ['a difference below zero',             text(minus(dec('1'), dec('2.50'))),             '-1.50'],
    ['minus a negative',                    text(minus(dec('1'), dec('-2'))),               '3'],
    ['a product adds the scales',           text(times(dec('10.50'), dec('0.10'))),         '1.0500'],
    ['a product of negatives',              text(times(dec('-1.5'), dec('-2'))),            '3.0'],
    ['a product with zero',                 text(times(dec('-1.5'), dec('0'))),             '0.0'],
    ['a small negative product',            text(times(dec('-0.01'), dec('0.1'))),          '-0.001'],
    ['a quotient',                          text(over(dec('1'), dec('3'), { scale: 4, rounding: 'down' })), '0.3333'],
    ['a quotient of finer numbers',         text(over(dec('0.001'), dec('0.00003'), { scale: 1, rounding: 'down' })), '33.3'],
    ['a quotient rounded to whole',         text(over(dec('7'), dec('2'), { scale: 0, rounding: 'up' })), '4'],
    ['a quotient that is exact',            text(over(dec('7'), dec('2'), { scale: 3, rounding: 'up' })), '3.500'],
    ['a negative divisor',                  text(over(dec('1'), dec('-3'), { scale: 2, rounding: 'floor' })), '-0.34'],
    ['a quotient that rounds to zero',      text(over(dec('-1'), dec('1000'), { scale: 2, rounding: 'down' })), '0.00'],
    ['negate',                              text(negate(dec('1.50'))),                      '-1.50'],
    ['negate nothing',                      text(negate(dec('0.00'))),                      '0.00'],
    ['abs below zero',                      text(abs(dec('-1.50'))),                        '1.50'],
    ['abs above zero',                      text(abs(dec('1.50'))),                         '1.50'],
    ['min',                                 text(min(dec('1.0'), dec('-2'))),               '-2'],
    ['max',                                 text(max(dec('1.0'), dec('-2'))),               '1.0'],
    ['min of equals is the first',          text(min(dec('1.0'), dec('1.00'))),             '1.0'],
    ['max of equals is the first',          text(max(dec('1.0'), dec('1.00'))),             '1.0'],
    ['sign below zero',                     sign(dec('-0.001')),                            -1],
    ['sign of zero',                        sign(dec('0.000')),                             0],
    ['sign above zero',                     sign(dec('0.001')),                             1],
    ['zero is zero at any scale',           isZero(dec('0.000')),                           true],
    ['a little is not zero',                isZero(dec('-0.001')),                          false],
    ['scale',                               scaleOf(dec('1.500')),                          3],
    ['scale of a whole number',             scaleOf(dec('15')),                             0],
    ['shortest drops zeros after the point', shortest(dec('187.50')),                       '187.5'],
    ['shortest drops the point',            shortest(dec('100.00')),                        '100'],
    ['shortest keeps zeros before it',      shortest(dec('100')),                           '100'],
    ['shortest of zero',                    shortest(dec('0.00')),                          '0'],
    ['shortest of a small one',             shortest(dec('-0.0010')),                       '-0.001'],
    ['ZERO',                                text(ZERO),                                     '0'],
  ]
  for (const [what, got, expected] of rows) it(`${what}: ${String(expected)}`, () => assert.equal(got, expected))

  // biome-ignore format: a table reads in columns
  const compared: readonly (readonly [a: string, b: string, -1 | 0 | 1])[] = [
    ['1',     '1.00',   0],
    ['0',     '-0.000', 0],
    ['9',     '10',     -1],   // as text '9' is the larger
    ['10.49', '10.5',   -1],
    ['-9',    '-10',    1],
    ['-0.1',  '0',      -1],
    ['2.0',   '1.9999', 1],
  ]
  for (const [a, b, expected] of compared)
    it(`${a} beside ${b}: ${expected}`, () => {
      const [x, y] = [dec(a), dec(b)]
      assert.equal(compare(x, y), expected)
      assert.deepEqual(
        [lt(x, y), lte(x, y), eq(x, y), gte(x, y), gt(x, y)],
        [expected < 0, expected <= 0, expected === 0, expected >= 0, expected > 0],
      )
    })

  it('has no quotient by zero, at any scale', () => {
    for (const zero of ['0', '0.00', '-0'])
      assert.throws(() => over(dec('1'), dec(zero), { scale: 2, rounding: 'down' }), RangeError)
  })
})

describe('rounding to two places', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [value: string, down: string, up: string, floor: string, ceil: string, halfEven: string])[] = [
    //  value      down     up       floor    ceil     half-even
    [ '1.230',    '1.23',  '1.23',  '1.23',  '1.23',  '1.23'],
    [ '1.231',    '1.23',  '1.24',  '1.23',  '1.24',  '1.23'],
    [ '1.235',    '1.23',  '1.24',  '1.23',  '1.24',  '1.24'],  // half: to the even neighbour
    [ '1.245',    '1.24',  '1.25',  '1.24',  '1.25',  '1.24'],
    [ '1.2451',   '1.24',  '1.25',  '1.24',  '1.25',  '1.25'],  // more than half
    [ '1.239',    '1.23',  '1.24',  '1.23',  '1.24',  '1.24'],
    ['-1.231',   '-1.23', '-1.24', '-1.24', '-1.23', '-1.23'],
    ['-1.235',   '-1.23', '-1.24', '-1.24', '-1.23', '-1.24'],
    ['-1.245',   '-1.24', '-1.25', '-1.25', '-1.24', '-1.24'],
    ['-1.2451',  '-1.24', '-1.25', '-1.25', '-1.24', '-1.25'],
    [ '0.005',    '0.00',  '0.01',  '0.00',  '0.01',  '0.00'],
    ['-0.005',    '0.00', '-0.01', '-0.01',  '0.00',  '0.00'],
    [ '0.015',    '0.01',  '0.02',  '0.01',  '0.02',  '0.02'],
    [ '2',        '2.00',  '2.00',  '2.00',  '2.00',  '2.00'],  // more places than there were
  ]
  for (const [value, ...expected] of rows)
    for (const [i, rounding] of ROUNDINGS.entries())
      it(`${value} ${rounding}: ${expected[i]}`, () => assert.equal(text(round(dec(value), 2, rounding)), expected[i]))
})

describe('steps', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [value: string, step: string, rounding: Rounding, expected: string])[] = [
    ['187.537',  '0.01',   'down',      '187.53'],
    ['187.537',  '0.01',   'up',        '187.54'],
    ['187.53',   '0.01',   'up',        '187.53'],    // on the step already
    ['187.53',   '0.05',   'down',      '187.50'],
    ['187.53',   '0.05',   'half-even', '187.55'],
    ['187.525',  '0.05',   'half-even', '187.50'],    // half: to the even multiple
    ['187.575',  '0.05',   'half-even', '187.60'],
    ['-187.53',  '0.05',   'down',      '-187.50'],
    ['-187.53',  '0.05',   'up',        '-187.55'],
    ['-187.53',  '0.05',   'floor',     '-187.55'],
    ['-187.53',  '0.05',   'ceil',      '-187.50'],
    ['99.9',     '1',      'down',      '99'],
    ['99.9',     '1.0',    'down',      '99.0'],      // the scale of the step
    ['1234',     '100',    'down',      '1200'],
    ['1234',     '100',    'up',        '1300'],
    ['0.4',      '1',      'down',      '0'],
    ['-0.4',     '1',      'down',      '0'],
    ['1.08503',  '0.00025', 'down',     '1.08500'],
  ]
  for (const [value, step, rounding, expected] of rows)
    it(`${value} to ${step} ${rounding}: ${expected}`, () =>
      assert.equal(text(toStep(dec(value), dec(step), rounding)), expected))

  // biome-ignore format: a table reads in columns
  const multiples: readonly (readonly [value: string, step: string, boolean])[] = [
    ['187.50',  '0.05',  true],
    ['187.53',  '0.05',  false],
    ['-187.50', '0.05',  true],
    ['-187.53', '0.05',  false],
    ['0',       '0.05',  true],
    ['100',     '1.00',  true],
    ['100.001', '1',     false],
    ['0.30',    '0.1',   true],     // false for a computer's floats
  ]
  for (const [value, step, expected] of multiples)
    it(`${value} is${expected ? '' : ' not'} a multiple of ${step}`, () =>
      assert.equal(isMultipleOf(dec(value), dec(step)), expected))

  it('has no step of zero or less: a broker that sends one has sent no rule', () => {
    for (const step of ['0', '0.00', '-0.01']) {
      assert.throws(() => toStep(dec('1'), dec(step), 'down'), RangeError)
      assert.throws(() => isMultipleOf(dec('1'), dec(step)), RangeError)
    }
  })
})

describe('reading', () => {
  const digits = (n: number): string => '9'.repeat(n)
  // biome-ignore format: a table reads in columns
  const good: readonly (readonly [written: string, read: string])[] = [
    ['187.50', '187.50'], ['-12.340', '-12.340'], ['0', '0'], ['-0', '0'], ['-0.00', '0.00'], ['007', '7'], ['00.10', '0.10'],
    [digits(MAX_INTEGER_DIGITS), digits(MAX_INTEGER_DIGITS)],
    [`0.${digits(MAX_SCALE)}`, `0.${digits(MAX_SCALE)}`],
    [`000000${digits(MAX_INTEGER_DIGITS)}`, digits(MAX_INTEGER_DIGITS)],    // zeros in front are no size
  ]
  for (const [written, read] of good)
    it(`takes ${written}`, () => {
      assert.equal(text(dec(written)), read)
      assert.deepEqual(parseDecimal(written), { ok: true, value: read })
    })

  // biome-ignore format: a list reads in rows
  const bad = [
    '', ' ', ' 1', '1 ', '1\n', '\t1', '1 000', '1,000', '1_000', '+1', '--1', '- 1', '-', '.', '.5', '5.', '-.5', '1.2.3', '1e3',
    '1E3', '1e-3', '0x1', '0b1', 'NaN', 'Infinity', '-Infinity', 'abc', '1n', '١', '１', '1\u0000', '$1', '1%', 'null',
  ]
  for (const written of bad)
    it(`refuses ${JSON.stringify(written)}`, () => {
      assert.throws(() => dec(written), RangeError)
      const parsed = parseDecimal(written)
      assert.match(parsed.ok ? 'taken' : parsed.error, /plain decimal number/)
    })

  // biome-ignore format: a table reads in columns
  const long: readonly (readonly [written: string, says: RegExp])[] = [
    [digits(20),                          /more than 15 digits before the point/],
    [digits(MAX_INTEGER_DIGITS + 1),      /more than 15 digits before the point/],
    [`-${digits(MAX_INTEGER_DIGITS + 1)}`, /more than 15 digits before the point/],
    [`0.${'0'.repeat(MAX_SCALE)}1`,       /13 digits after the point; at most 12/],
  ]
  for (const [written, says] of long)
    it(`refuses the length of ${written} at the edge`, () => {
      const parsed = parseDecimal(written)
      assert.match(parsed.ok ? 'taken' : parsed.error, says)
    })

  it('names the start of what it cannot read, however long it is', () => {
    assert.throws(() => dec('x'.repeat(1000)), { message: `not a decimal: "${'x'.repeat(40)}"` })
  })

  it('is its own text on every wire', () => {
    assert.equal(JSON.stringify({ price: px('187.50') }), '{"price":"187.50"}')
    assert.deepEqual(structuredClone({ price: px('187.50') }), { price: '187.50' })
  })
})

describe('what the compiler refuses, and what would happen if it did not', () => {
  // `npm run types` fails on a line here that compiles: an expected error that does not come is an error.
  const [nine, ten] = [dec('9'), dec('10')]

  it('a sum would glue', () => {
    // @ts-expect-error no + for decimals
    assert.equal(nine + ten, '910')
  })
  it('a comparison would go by the first letter', () => {
    // @ts-expect-error no < for decimals
    assert.equal(nine < ten, false)
    // @ts-expect-error no >= for decimals
    assert.equal(nine >= ten, true)
  })
  it('arithmetic would go through floats', () => {
    // @ts-expect-error no unary minus for decimals
    // oxlint-disable-next-line typescript/no-unsafe-unary-minus -- the point
    assert.equal(-dec('9007199254740993'), -9007199254740992)
    // @ts-expect-error no unary plus for decimals
    assert.equal(+dec('9007199254740993'), 9007199254740992)
    // @ts-expect-error no - for decimals
    assert.equal(dec('0.3') - dec('0.1'), 0.19999999999999998)
    // @ts-expect-error no * for decimals
    assert.equal(dec('1.1') * dec('1.1'), 1.2100000000000002)
    // @ts-expect-error no division for decimals
    assert.equal(dec('1') / dec('3'), 0.3333333333333333)
  })
  it('a template would print without anyone having chosen a form', () => {
    // @ts-expect-error no ${} for decimals: text() says that the stored form is meant
    // oxlint-disable-next-line typescript/restrict-template-expressions -- the point
    assert.equal(`${nine}`, '9')
  })
  it('nothing but a parser makes one', () => {
    // @ts-expect-error a string is no decimal
    const fromText: Decimal = '1e3'
    // @ts-expect-error a number is no decimal
    const fromNumber: Decimal = 0.1
    assert.deepEqual([fromText, fromNumber], ['1e3', 0.1])
  })
  it('a size is not a price, and neither is money', () => {
    // @ts-expect-error a size plus a price
    assert.equal(text(plus(qty('1'), px('2'))), '3')
    // @ts-expect-error a price where a size belongs
    const size: typeof QTY = px('2')
    // @ts-expect-error a product is neither, until someone says so
    const cost: Amt = times(qty('2'), px('3'))
    assert.deepEqual([size, cost, amt('6')], ['2', '6', '6'])
  })
})
const QTY = qty('0')

// ——— An oracle: fractions of bigints, which know no scale. ———

type Fraction = { readonly n: bigint; readonly d: bigint }
function fraction(d: Decimal): Fraction {
  const [whole = '', places = ''] = text(d).split('.')
  return { n: BigInt(`${whole}${places}`), d: BigInt(`1${'0'.repeat(places.length)}`) }
}
const sameValue = (a: Fraction, b: Fraction): boolean => a.n * b.d === b.n * a.d
const order = (a: Fraction, b: Fraction): number => {
  const [x, y] = [a.n * b.d, b.n * a.d]
  return x < y ? -1 : x > y ? 1 : 0
}
const size = (a: Fraction): Fraction => ({ n: a.n < 0n ? -a.n : a.n, d: a.d < 0n ? -a.d : a.d })
const difference = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d - b.n * a.d, d: a.d * b.d })
const quotient = (a: Fraction, b: Fraction): Fraction => {
  const [n, d] = [a.n * b.d, a.d * b.n]
  return d < 0n ? { n: -n, d: -d } : { n, d }
}

/** Whether `got`, a whole number of `unit`s, is the `exact` value rounded that way. */
function isRounded(exact: Fraction, got: Fraction, unit: Fraction, rounding: Rounding): boolean {
  const off = difference(got, exact)
  const distance = order(size(off), unit)
  if (off.n === 0n) return true
  if (distance >= 0) return false // never a whole unit away
  switch (rounding) {
    case 'down':
      return order(size(got), size(exact)) < 0
    case 'up':
      return order(size(got), size(exact)) > 0
    case 'floor':
      return off.n < 0n
    case 'ceil':
      return off.n > 0n
    case 'half-even': {
      const half = order(size({ n: 2n * off.n, d: off.d }), unit)
      const units = quotient(got, unit)
      return half < 0 || (half === 0 && (units.n / units.d) % 2n === 0n)
    }
  }
}

const writtenDecimal = fc
  .tuple(
    fc.boolean(),
    fc.oneof(
      fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }),
      fc.bigInt({ min: 0n, max: 999n }),
      fc.constantFrom(0n, 5n, 10n, 25n),
    ),
    fc.oneof(fc.stringMatching(/^\d{0,12}$/), fc.constantFrom('', '0', '5', '50', '005', '000000000001')),
  )
  .map(([negative, whole, places]) => `${negative ? '-' : ''}${whole}${places === '' ? '' : `.${places}`}`)
const decimal = writtenDecimal.map(dec)
const positive = decimal.map(abs).filter((d) => !isZero(d))
const nonZero = decimal.filter((d) => !isZero(d))
const rounding = fc.constantFrom(...ROUNDINGS)
const places = fc.integer({ min: 0, max: 14 })
const unitOf = (scale: number): Fraction => ({ n: 1n, d: 10n ** BigInt(scale) })
const RUNS = { numRuns: 500 }

describe('against fractions', () => {
  it('sums, differences and products are exact', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const [x, y] = [fraction(a), fraction(b)]
        assert.ok(sameValue(fraction(plus(a, b)), { n: x.n * y.d + y.n * x.d, d: x.d * y.d }))
        assert.ok(sameValue(fraction(minus(a, b)), difference(x, y)))
        assert.ok(sameValue(fraction(times(a, b)), { n: x.n * y.n, d: x.d * y.d }))
        assert.ok(sameValue(fraction(negate(a)), { n: -x.n, d: x.d }))
      }),
      RUNS,
    )
  })

  it('a quotient is the nearest one that its rounding allows, with the scale that was asked for', () => {
    fc.assert(
      fc.property(decimal, nonZero, places, rounding, (a, b, scale, how) => {
        const got = over(a, b, { scale, rounding: how })
        assert.equal(scaleOf(got), scale)
        assert.ok(isRounded(quotient(fraction(a), fraction(b)), fraction(got), unitOf(scale), how), text(got))
      }),
      RUNS,
    )
  })

  it('exact halves too, which chance seldom meets', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), places, rounding, (halves, scale, how) => {
        const value = dec(String(halves))
        const divisor = times(dec('2'), dec(`1${'0'.repeat(scale)}`))
        const got = over(value, divisor, { scale, rounding: how })
        assert.ok(isRounded({ n: halves, d: 2n * 10n ** BigInt(scale) }, fraction(got), unitOf(scale), how), text(got))
      }),
      RUNS,
    )
  })

  it('a step is met exactly, on the side that was asked for', () => {
    fc.assert(
      fc.property(decimal, positive, rounding, (value, step, how) => {
        const got = toStep(value, step, how)
        assert.ok(isMultipleOf(got, step))
        assert.equal(scaleOf(got), scaleOf(step))
        assert.ok(isRounded(fraction(value), fraction(got), fraction(step), how), text(got))
        assert.equal(text(toStep(got, step, how)), text(got))
      }),
      RUNS,
    )
  })

  it('order is that of the numbers: total, and the same whatever the scale', () => {
    fc.assert(
      fc.property(decimal, decimal, decimal, fc.nat(5), (a, b, c, zeros) => {
        assert.equal(compare(a, b), order(fraction(a), fraction(b)))
        assert.ok(compare(a, b) === 0 - compare(b, a))
        if (lte(a, b) && lte(b, c)) assert.ok(lte(a, c))
        assert.equal(compare(a, round(a, scaleOf(a) + zeros, 'down')), 0)
        assert.equal(compare(a, b), sign(minus(a, b)))
        assert.deepEqual(
          [text(min(a, b)), text(max(a, b))],
          lte(a, b) ? [text(a), text(gte(a, b) ? a : b)] : [text(b), text(a)],
        )
      }),
      RUNS,
    )
  })
})

describe('text', () => {
  it('comes back as it went in, but for zeros in front and the sign of zero', () => {
    fc.assert(
      fc.property(writtenDecimal, (written) => {
        const read = dec(written)
        assert.equal(text(dec(text(read))), text(read))
        assert.equal(text(read), Number(written) === 0 ? written.replace('-', '') : written)
      }),
      RUNS,
    )
  })

  it('never shows a negative zero, whatever made it', () => {
    fc.assert(
      fc.property(decimal, nonZero, rounding, (a, b, how) => {
        for (const d of [minus(a, a), negate(minus(b, b)), times(a, ZERO), over(a, b, { scale: 0, rounding: how })])
          assert.doesNotMatch(text(d), /^-[0.]*$/)
      }),
      RUNS,
    )
  })

  it('is taken or refused, never thrown about, at the edge', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), writtenDecimal), (written) => {
        const parsed = parseDecimal(written)
        assert.equal(parsed.ok, /^-?[0-9]+(\.[0-9]{1,12})?$/.test(written) && !/[1-9][0-9]{15,}(\.|$)/.test(written))
      }),
      RUNS,
    )
  })

  it('shortest is the same number with no zero to spare', () => {
    fc.assert(
      fc.property(decimal, (d) => {
        const short = shortest(d)
        assert.ok(eq(dec(short), d))
        assert.doesNotMatch(short, /\.\d*0$|\.$/)
      }),
      RUNS,
    )
  })
})
