import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ago, countdown, span, utcTime } from './time.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const before = (ms: number): string => new Date(NOW - ms).toISOString()

describe('times on a screen', () => {
  const spans: readonly (readonly [number, string])[] = [
    [-5, '0 ms'],
    [340.4, '340 ms'],
    [4_210, '4.2 s'],
    [59_400, '59 s'],
    [185_000, '3 min 05 s'],
    [7_800_000, '2 h 10 min'],
    [260_000_000, '3 days'],
  ]
  for (const [ms, text] of spans) it(`a span of ${ms} ms is ${text}`, () => assert.equal(span(ms), text))

  const agos: readonly (readonly [number, string])[] = [
    [-900, 'just now'],
    [4_000, 'just now'],
    [43_000, '40 s ago'],
    [200_000, '3 min ago'],
    [7_300_000, '2 h ago'],
    [200_000_000, '2 days ago'],
  ]
  for (const [ms, text] of agos) it(`${ms} ms before now is ${text}`, () => assert.equal(ago(before(ms), NOW), text))

  const countdowns: readonly (readonly [number, string])[] = [
    [-1, '0:00'],
    [1, '0:01'],
    [245_000, '4:05'],
    [3_600_000, '1:00:00'],
    [4_265_000, '1:11:05'],
  ]
  for (const [ms, text] of countdowns) it(`${ms} ms left is ${text}`, () => assert.equal(countdown(ms), text))

  it('keeps the microseconds in UTC', () => {
    assert.equal(utcTime('2026-11-24T13:54:50.123456Z'), '2026-11-24 13:54:50.123456 UTC')
  })
})
