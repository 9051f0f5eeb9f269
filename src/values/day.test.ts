import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayOf } from './day.ts'
import { type Instant, msBetween, parseInstant, plusMs, rfc3339 } from './instant.ts'

const at = (text: string): Instant => parseInstant(text) as Instant

describe('a day', () => {
  // prettier-ignore
  const rows: readonly (readonly [at: string, zone: string, name: string, from: string, hours: number])[] = [
    ['2026-11-24T15:00:00Z', 'America/New_York', '2026-11-24', '2026-11-24T05:00:00.000000Z', 24],
    ['2026-11-25T04:59:59.999999Z', 'America/New_York', '2026-11-24', '2026-11-24T05:00:00.000000Z', 24],
    ['2026-11-25T05:00:00Z', 'America/New_York', '2026-11-25', '2026-11-25T05:00:00.000000Z', 24],
    ['2026-03-08T12:00:00Z', 'America/New_York', '2026-03-08', '2026-03-08T05:00:00.000000Z', 23],
    ['2026-11-01T12:00:00Z', 'America/New_York', '2026-11-01', '2026-11-01T04:00:00.000000Z', 25],
    ['2026-11-24T15:00:00Z', 'UTC', '2026-11-24', '2026-11-24T00:00:00.000000Z', 24],
  ]
  for (const [moment, zone, name, from, hours] of rows)
    it(`${moment} in ${zone} is ${name}`, () => {
      const day = dayOf(at(moment), zone)
      assert.deepEqual([day.name, rfc3339(day.from), msBetween(day.from, day.until) / 3_600_000], [name, from, hours])
    })
  it('ends where the next begins', () => {
    const day = dayOf(at('2026-11-24T15:00:00Z'), 'America/New_York')
    assert.equal(dayOf(day.until, 'America/New_York').from, day.until)
    assert.equal(dayOf(plusMs(day.until, -0.001), 'America/New_York').name, day.name)
  })
})
