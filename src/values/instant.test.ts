import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fromMs, type Instant, instant, msBetween, parseInstant, plusMs, rfc3339, toMs } from './instant.ts'

describe('reading RFC 3339', () => {
  // biome-ignore format: a table reads in columns
  const good: readonly (readonly [written: string, utc: string])[] = [
    ['2026-11-22T15:13:20Z',                '2026-11-22T15:13:20.000000Z'],
    ['2026-11-22T15:13:20.5Z',              '2026-11-22T15:13:20.500000Z'],
    ['2026-11-22T15:13:20.000001Z',         '2026-11-22T15:13:20.000001Z'],
    ['2026-11-22T15:13:20.123456789Z',      '2026-11-22T15:13:20.123456Z'],   // nanoseconds are cut,
    ['2026-11-22T15:13:20.999999999Z',      '2026-11-22T15:13:20.999999Z'],   // never rounded into the next second
    ['1969-12-31T23:59:59.999999999Z',      '1969-12-31T23:59:59.999999Z'],
    ['2026-11-22t15:13:20z',                '2026-11-22T15:13:20.000000Z'],   // RFC 3339, 5.6: either case
    ['2026-11-22 15:13:20Z',                '2026-11-22T15:13:20.000000Z'],   // and a blank for the T
    ['2026-11-22T15:13:20+00:00',           '2026-11-22T15:13:20.000000Z'],
    ['2026-11-22T15:13:20-00:00',           '2026-11-22T15:13:20.000000Z'],
    ['2026-11-22T10:13:20.25-05:00',        '2026-11-22T15:13:20.250000Z'],
    ['2026-11-22T20:43:20+05:30',           '2026-11-22T15:13:20.000000Z'],
    ['2026-01-01T00:30:00+01:00',           '2025-12-31T23:30:00.000000Z'],   // another day, another year
    ['2025-12-31T23:30:00-23:59',           '2026-01-01T23:29:00.000000Z'],
    ['2024-02-29T12:00:00Z',                '2024-02-29T12:00:00.000000Z'],   // leap day
    ['2000-02-29T00:00:00Z',                '2000-02-29T00:00:00.000000Z'],   // of a century divisible by 400
    ['1970-01-01T00:00:00Z',                '1970-01-01T00:00:00.000000Z'],
    ['2026-12-31T23:59:59Z',                '2026-12-31T23:59:59.000000Z'],
    ['2255-06-05T23:47:34.740991Z',         '2255-06-05T23:47:34.740991Z'],   // the last exact microsecond
    ['1684-07-28T00:12:25.259009Z',         '1684-07-28T00:12:25.259009Z'],   // and the first
  ]
  for (const [written, utc] of good)
    it(written, () => {
      const at = parseInstant(written)
      assert.ok(at !== null)
      assert.equal(rfc3339(at), utc)
    })

  // biome-ignore format: a list reads in rows
  const bad: readonly (readonly [why: string, ...written: string[]])[] = [
    ['a day that the calendar lacks',   '2026-02-30T00:00:00Z', '2026-02-29T00:00:00Z', '2100-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-11-00T00:00:00Z', '2026-11-32T00:00:00Z'],
    ['a month that the calendar lacks', '2026-00-10T00:00:00Z', '2026-13-10T00:00:00Z'],
    ['an hour that the clock lacks',    '2026-11-22T24:00:00Z', '2026-11-22T24:00:00.5Z', '2026-11-22T25:00:00Z', '2026-11-22T00:60:00Z'],
    ['a second that UTC files lack',    '2026-11-22T23:59:60Z', '2026-11-22T23:59:61Z'],
    ['no offset',                       '2026-11-22T15:13:20', '2026-11-22', '2026-11-22T15:13:20 Z'],
    ['an offset that is none',          '2026-11-22T15:13:20+24:00', '2026-11-22T15:13:20+00:60', '2026-11-22T15:13:20+0100', '2026-11-22T15:13:20+01', '2026-11-22T15:13:20+1:00', '2026-11-22T15:13:20UTC', '2026-11-22T15:13:20 EST'],
    ['a fraction that is none',         '2026-11-22T15:13:20.Z', '2026-11-22T15:13:20,5Z', '2026-11-22T15:13:20.1234567890Z', '2026-11-22T15:13:20.+1Z'],
    ['parts missing or short',          '2026-11-22T15:13Z', '2026-11-22T15Z', '2026-1-2T03:04:05Z', '26-11-22T15:13:20Z', '20261122T151320Z', '2026-W47-7T15:13:20Z', '2026-326T15:13:20Z'],
    ['a year outside four digits',      '-2026-11-22T15:13:20Z', '-000001-01-01T00:00:00Z', '+002026-11-22T15:13:20Z', '12026-11-22T15:13:20Z'],
    ['microseconds that are not exact', '9999-12-31T23:59:59.999999Z', '2255-06-05T23:47:34.740992Z', '1684-07-28T00:12:25.259008Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['something around it',             ' 2026-11-22T15:13:20Z', '2026-11-22T15:13:20Z ', '2026-11-22T15:13:20Z\n', '2026-11-22T15:13:20Z2026-11-22T15:13:20Z'],
    ['something else',                  '', 'now', 'tomorrow', '1763824400', '22 Nov 2026 15:13:20 GMT', 'Sun, 22 Nov 2026 15:13:20 GMT', '٢٠٢٦-11-22T15:13:20Z'],
  ]
  for (const [why, ...all] of bad)
    for (const written of all)
      it(`refuses ${why}: ${JSON.stringify(written)}`, () => assert.equal(parseInstant(written), null))
})

describe('reckoning', () => {
  const at = instant(1_000_500)
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, got: number, expected: number])[] = [
    ['milliseconds in',                             fromMs(12),                            12_000],
    ['milliseconds out are whole, toward the past', toMs(at),                              1_000],
    ['also before 1970',                            toMs(instant(-1)),                     -1],
    ['later',                                       plusMs(at, 2.5),                       1_003_000],
    ['earlier',                                     plusMs(at, -1),                        999_500],
    ['a tenth of a microsecond is none',            plusMs(at, 0.0001),                    1_000_500],
    ['between',                                     msBetween(at, plusMs(at, 250)),        250],
    ['between, backwards',                          msBetween(plusMs(at, 250), at),        -250],
    ['between, less than a millisecond',            msBetween(at, instant(at + 999)),      0],
    ['the same, backwards',                         msBetween(instant(at + 999), at) + 0,  0],
  ]
  for (const [what, got, expected] of rows) it(what, () => assert.equal(got, expected))
})

const MAX = Number.MAX_SAFE_INTEGER
const moment: fc.Arbitrary<Instant> = fc
  .oneof(
    fc.integer({ min: -MAX, max: MAX }),
    fc.integer({ min: 1_767_225_600_000_000, max: 1_830_297_600_000_000 }), // 2026 and 2027
    fc.integer({ min: -3_000_000, max: 3_000_000 }), // around 1970
  )
  .map(instant)

describe('writing', () => {
  it('comes back as the same microsecond', () => {
    fc.assert(fc.property(moment, (at) => assert.equal(parseInstant(rfc3339(at)), at)))
  })

  it('always has the same length, and text order is time order', () => {
    const cmp = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
    const near = fc
      .tuple(moment, fc.integer({ min: -2_000_000, max: 2_000_000 }))
      .map(([a, d]) => [a, instant(Math.max(-MAX, Math.min(MAX, a + d)))] as const)
    fc.assert(
      fc.property(fc.oneof(fc.tuple(moment, moment), near), ([a, b]) => {
        assert.match(rfc3339(a), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
        assert.equal(cmp(rfc3339(a), rfc3339(b)), cmp(a, b))
      }),
    )
  })

  it('reads the same moment under every offset', () => {
    const offset = fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    const two = (n: number): string => String(n).padStart(2, '0')
    const inOurTime = fc.integer({ min: 0, max: 4_000_000_000_000_000 }).map(instant)
    fc.assert(
      fc.property(inOurTime, offset, (at, [direction, hours, minutes]) => {
        const local = rfc3339(plusMs(at, direction * (hours * 60 + minutes) * 60_000))
        const written = `${local.slice(0, -1)}${direction > 0 ? '+' : '-'}${two(hours)}:${two(minutes)}`
        assert.equal(parseInstant(written), at)
      }),
    )
  })

  it('never throws at what it is given to read', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.stringMatching(/^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/),
        ),
        (written) => {
          const at = parseInstant(written)
          assert.ok(at === null || Number.isSafeInteger(at))
        },
      ),
    )
  })
})
