import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dec } from '../../values/decimal.ts'
import { fromMs, type Instant, parseInstant } from '../../values/instant.ts'
import { calendarJson, clocksJson, expiryOf } from './calendar.ts'
import {
  isUUID,
  jsonNumber,
  localDigits,
  Numeral,
  parseStamp,
  readJson,
  type Stamp,
  stampOf,
  toMicros,
  ulidOf,
  ULID,
  uuidOf,
  wireNumber,
  wireTime,
} from './wire.ts'

const stamp = (text: string): Stamp => parseStamp(text) as Stamp

describe('times', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [given: string, stamp: string | null])[] = [
    ['2026-11-20T14:31:24.668464435Z',      '2026-11-20T14:31:24.668464435Z'],
    ['2026-11-20T09:31:24.5-05:00',         '2026-11-20T14:31:24.500000000Z'],
    ['2026-11-20T19:31:24 05:00',           '2026-11-20T14:31:24.000000000Z'],
    ['2026-11-20T14:31:24.6684644359999Z',  '2026-11-20T14:31:24.668464435Z'],
    ['2026-11-20T14:31Z',                   '2026-11-20T14:31:00.000000000Z'],
    ['2026-11-20',                          '2026-11-20T00:00:00.000000000Z'],
    ['2026-13-20',                          null],
    ['yesterday',                           null],
    ['1700000000',                          null],
  ]
  for (const [given, expected] of rows) it(`${given} is ${expected}`, () => assert.equal(parseStamp(given), expected))

  it('are told without zeros at the end', () => {
    assert.equal(wireTime(stamp('2026-11-20T14:31:24.520Z')), '2026-11-20T14:31:24.52Z')
    assert.equal(wireTime(stamp('2026-11-20T14:31:20Z')), '2026-11-20T14:31:20Z')
    assert.equal(
      wireTime(stampOf(parseInstant('2026-11-20T14:31:24.000001Z') as Instant, 7)),
      '2026-11-20T14:31:24.000001007Z',
    )
  })
  it('of activities are rounded, also over a second', () => {
    assert.equal(toMicros(stamp('2026-11-20T14:31:24.097464903Z')), '2026-11-20T14:31:24.097465Z')
    assert.equal(toMicros(stamp('2026-11-20T14:31:24.999999500Z')), '2026-11-20T14:31:25Z')
  })
  it("of activity ids are New York's, in summer and in winter", () => {
    assert.equal(localDigits(stamp('2026-11-20T14:31:24.097464903Z')), '20261120093124097')
    assert.equal(localDigits(stamp('2026-07-20T14:31:24.097464903Z')), '20260720103124097')
  })
})

describe('names', () => {
  it('are the same for the same, and of the form they should have', () => {
    assert.equal(uuidOf(1, 'order', 2), uuidOf(1, 'order', 2))
    assert.notEqual(uuidOf(1, 'order', 2), uuidOf(1, 'order', 3))
    assert.match(uuidOf('x'), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(isUUID(uuidOf('x')) && !isUUID('fake_id'))
  })
  it('of events sort as they were made', () => {
    const at = fromMs(Date.parse('2026-11-20T14:31:24Z'))
    const ids = [ulidOf(at, 1), ulidOf(at, 31), ulidOf(at, 32), ulidOf(fromMs(Date.parse('2026-11-20T14:31:25Z')), 1)]
    assert.deepEqual(ids, [...ids].sort())
    assert.ok(ids.every((id) => ULID.test(id)))
    assert.equal(ids[0]?.slice(0, 10), '01M7WNX1K0')
  })
})

describe('numbers', () => {
  it('leave with their digits', () => {
    assert.equal(wireNumber(dec('190.0200')), '190.02')
    assert.equal(wireNumber(dec('0.1234567895')), '0.12345679')
    assert.equal(JSON.stringify({ bp: jsonNumber(dec('64000.10')) }), '{"bp":64000.1}')
  })
  it('arrive with their digits', () => {
    const body = readJson('{"qty":0.10000000000000000001,"side":"buy"}') as { qty: Numeral; side: string }
    assert.ok(body.qty instanceof Numeral)
    assert.deepEqual([body.qty.source, body.side], ['0.10000000000000000001', 'buy'])
    assert.equal(readJson('{'), undefined)
  })
})

describe('days', () => {
  const NOW = stamp('2026-11-20T14:31:24Z')
  it('are weekdays, and settle on the next', () => {
    const rows = calendarJson('2026-11-20', '2026-11-24', true, NOW) ?? []
    assert.deepEqual(
      rows.map((r) => [r['date'], r['settlement_date']]),
      [
        ['2026-11-20', '2026-11-23'],
        ['2026-11-23', '2026-11-24'],
        ['2026-11-24', '2026-11-25'],
      ],
    )
    assert.deepEqual(
      (calendarJson('2026-11-23', '2026-11-23', false, NOW) ?? []).map((r) => r['date']),
      ['2026-11-20'],
    )
    assert.equal(calendarJson('soon', null, true, NOW), null)
    assert.equal(calendarJson('2026-01-01', null, true, NOW)?.length, 262)
  })

  // biome-ignore format: a table reads in columns
  const phases: readonly (readonly [at: string, phase: string, until: string])[] = [
    ['2026-11-20T08:00:00Z', 'closed', '2026-11-20T04:00:00-05:00'],
    ['2026-11-20T13:00:00Z', 'pre',    '2026-11-20T09:30:00-05:00'],
    ['2026-11-20T15:00:00Z', 'core',   '2026-11-20T16:00:00-05:00'],
    ['2026-11-20T22:00:00Z', 'post',   '2026-11-20T20:00:00-05:00'],
    ['2026-11-21T15:00:00Z', 'closed', '2026-11-23T04:00:00-05:00'],
  ]
  for (const [at, phase, until] of phases)
    it(`${at} is ${phase} until ${until}`, () => {
      const [clock] = clocksJson(stamp(at))['clocks'] as Record<string, unknown>[]
      assert.deepEqual([clock?.['phase'], clock?.['phase_until']], [phase, until])
    })

  // biome-ignore format: a table reads in columns
  const ends: readonly (readonly [at: string, tif: string, extended: boolean, end: string])[] = [
    ['2026-11-20T14:31:00Z', 'day', false, '2026-11-20T21:00:00.000000000Z'],
    ['2026-11-20T14:31:00Z', 'day', true,  '2026-11-21T01:00:00.000000000Z'],
    ['2026-11-20T21:00:00Z', 'day', false, '2026-11-23T21:00:00.000000000Z'],
    ['2026-07-17T13:00:00Z', 'day', false, '2026-07-17T20:00:00.000000000Z'],
    ['2026-11-20T14:31:00Z', 'gtc', false, '2027-02-18T21:15:00.000000000Z'],
  ]
  for (const [at, tif, extended, end] of ends)
    it(`an order of ${at} for ${tif}${extended ? ' in extended hours' : ''} ends ${end}`, () =>
      assert.equal(expiryOf(stamp(at), tif, extended), end))
})
