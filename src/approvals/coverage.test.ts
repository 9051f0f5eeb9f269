import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Instant, parseInstant } from '../values/instant.ts'
import { type Coverage, coverageFaults, coverageWords, isCovered } from './coverage.ts'

const at = (time: string): Instant => parseInstant(time) as Instant
const DAY: Coverage = { zone: 'America/New_York', days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00' }
const NIGHT: Coverage = { zone: 'Europe/Berlin', days: [5], from: '22:00', until: '06:00' }

describe('is somebody there to decide', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, hours: Coverage, time: string, covered: boolean])[] = [
    ['a minute before the start',              DAY,   '2026-11-24T14:29:59Z', false],
    ['at the start',                           DAY,   '2026-11-24T14:30:00Z', true],
    ['in the last second',                     DAY,   '2026-11-24T20:59:59.999999Z', true],
    ['at the end',                             DAY,   '2026-11-24T21:00:00Z', false],
    ['on a Saturday',                          DAY,   '2026-11-28T15:00:00Z', false],
    ['in summer time an hour earlier',         DAY,   '2026-07-07T13:30:00Z', true],
    ['on the Friday after the clocks changed', DAY,   '2026-11-06T14:30:00Z', true],
    ['before a night begins',                  NIGHT, '2026-11-27T20:59:00Z', false],
    ['when a night begins',                    NIGHT, '2026-11-27T21:00:00Z', true],
    ['at midnight',                            NIGHT, '2026-11-27T23:00:00Z', true],
    ['early on the morning after',             NIGHT, '2026-11-28T04:59:00Z', true],
    ['when the night is over',                 NIGHT, '2026-11-28T05:00:00Z', false],
    ['early on the morning before',            NIGHT, '2026-11-27T04:00:00Z', false],
    ['Sunday night is the night before Monday', { ...NIGHT, days: [7] }, '2026-11-30T04:00:00Z', true],
  ]
  for (const [name, hours, time, covered] of rows)
    it(`${name}: ${covered ? 'yes' : 'no'}`, () => assert.equal(isCovered(hours, at(time)), covered))
})

describe('hours of coverage', () => {
  it('are told in words', () => {
    assert.equal(coverageWords(DAY), 'Mon to Fri, 09:30 to 16:00 America/New_York')
    assert.equal(coverageWords({ ...NIGHT, days: [7, 5] }), 'Fri, Sun, 22:00 to 06:00 Europe/Berlin')
  })
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, change: Partial<Coverage>, says: RegExp])[] = [
    ['an unknown zone',    { zone: 'Mars/Olympus' },    /no time zone/],
    ['no day',             { days: [] },                /at least one/],
    ['an eighth day',      { days: [8] },               /1 \(Monday\) to 7/],
    ['half a day',         { days: [1.5] },             /1 \(Monday\) to 7/],
    ['an hour too many',   { until: '24:00' },          /write it as 09:30/],
    ['a time in words',    { from: 'half past nine' },  /write it as 09:30/],
    ['no time at all',     { until: '09:30' },          /same time/],
  ]
  for (const [name, change, says] of rows)
    it(`cannot have ${name}`, () => assert.match(coverageFaults({ ...DAY, ...change }).join(' '), says))
  it('that can be used are not complained about', () => {
    assert.deepEqual(coverageFaults(DAY), [])
    assert.deepEqual(coverageFaults(NIGHT), [])
  })
})
