import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Tick } from '../exchange/board.ts'
import { type AssetClass, tickAt as tickSizeAt } from '../orders/instrument.ts'
import { gt, isMultipleOf, lt, px, qty, text } from '../values/decimal.ts'
import { type Instant, parseInstant, plusMs, rfc3339 } from '../values/instant.ts'
import { parseBars } from './bars.ts'
import { regularHours } from './hours.ts'
import { INSTRUMENTS, LISTINGS } from './listing.ts'
import type { Market, MarketEvent } from './market.ts'
import { replayMarket } from './replay.ts'
import { midTicks, seededMarket, tickAt } from './seeded.ts'

const at = (time: string): Instant => parseInstant(time) ?? assert.fail(time)
const short = (time: Instant | null): string | null => time && rfc3339(time).replace('.000000', '')

/** Everything a market tells from now on. */
function recorded(market: Market): MarketEvent[] {
  const events: MarketEvent[] = []
  market.attach((event) => events.push(event))
  return events
}
const line = (e: MarketEvent): string =>
  e.kind === 'Tick'
    ? `${short(e.at)} ${text(e.bid)}/${text(e.ask)} last ${text(e.last)}`
    : `${short(e.at)} ${e.open ? 'open' : 'closed'}`

describe('the seeded market', () => {
  const START = at('2026-11-18T15:00:00Z')
  const listing = LISTINGS[0] ?? assert.fail()

  it('shows the same to whoever asks, and another market for another seed', () => {
    const run = (seed: string, from: Instant, calls: readonly number[]): string[] => {
      const market = seededMarket({ seed, from })
      const events = recorded(market)
      for (const s of calls) market.advance(plusMs(START, s * 1000))
      // A symbol that is always closed shows what it showed at the start.
      const moving = events.filter((e) => e.symbol !== 'SIM.CLOSED')
      const last = new Map(moving.map((e) => [e.symbol, e.kind === 'Tick' ? line(e) : '']))
      return [...last.values()].sort()
    }
    const straight = run('a', START, [1, 2, 3, 4, 5, 60])
    assert.deepEqual(run('a', START, [60]), straight)
    assert.deepEqual(run('a', plusMs(START, 30_000), [60]), straight, 'after a restart half way')
    assert.notDeepEqual(run('b', START, [60]), straight)
  })

  it('keeps to the rules of each instrument, with the ask above the bid', () => {
    for (const l of LISTINGS)
      for (let s = 1_700_000_000; s < 1_700_000_000 + 300; s++) {
        const tick = tickAt(7, l, s)
        const size = tickSizeAt(l.instrument, tick.bid) ?? assert.fail(l.instrument.symbol)
        for (const price of [tick.bid, tick.ask, tick.last]) assert.ok(isMultipleOf(price, size))
        assert.ok(gt(tick.ask, tick.bid))
        for (const size of [tick.bidQty, tick.askQty])
          assert.ok(size && gt(size, qty('0')) && isMultipleOf(size, l.instrument.lot))
      }
  })

  it('moves about as much in a day as it should, and stays in sight of home', () => {
    const days = 1000
    const first = 19_000 * 86_400
    const closes = Array.from({ length: days }, (_, d) => midTicks(3, listing, first + d * 86_400))
    const changes = closes.slice(1).map((c, i) => c / (closes[i] ?? 1) - 1)
    const deviation = Math.sqrt(changes.reduce((sum, c) => sum + c * c, 0) / changes.length) * 10_000
    assert.ok(deviation > listing.dayBps * 0.5 && deviation < listing.dayBps * 1.8, `${deviation} bps a day`)
    for (const c of closes) assert.ok(c > listing.homeTicks * 0.6 && c < listing.homeTicks * 1.5, String(c))
    const seconds = Array.from({ length: 2000 }, (_, s) => midTicks(3, listing, first + s))
    const steps = seconds.slice(1).map((c, i) => Math.abs(c - (seconds[i] ?? 0)))
    assert.ok(Math.max(...steps) < 20, 'a second makes no jump')
    assert.ok(steps.filter((s) => s > 0).length > 200, 'and is not asleep')
  })

  it('comes back after a long sleep without living through each second', () => {
    const market = seededMarket({ seed: 1, from: START })
    const events = recorded(market)
    events.length = 0
    market.advance(plusMs(START, 7 * 86_400_000))
    const own = events.filter((e) => e.symbol === 'AAPL')
    assert.ok(own.length > 300 && own.length <= 600, String(own.length))
    const last = own.at(-1)
    assert.equal(
      last?.kind === 'Tick' && line(last),
      line({ kind: 'Tick', ...seededTick(plusMs(START, 7 * 86_400_000)) }),
    )
  })
  const seededTick = (time: Instant): Tick => {
    const events = recorded(seededMarket({ seed: 1, from: time }))
    return (
      events.find((e): e is MarketEvent & { kind: 'Tick' } => e.kind === 'Tick' && e.symbol === 'AAPL') ?? assert.fail()
    )
  }

  it('always: one session without an end; regular: the hours of New York', () => {
    const night = at('2026-11-19T03:00:00Z')
    const always = seededMarket({ seed: 1, from: night })
    assert.equal(always.session('AAPL', night).open, true)
    assert.equal(always.closeBetween('AAPL', night, plusMs(night, 9e8)), null)
    assert.equal(always.session('NO.SUCH', night).open, false)
    const regular = seededMarket({ seed: 1, from: night, hours: 'regular' })
    assert.deepEqual(regular.session('AAPL', night), { open: false, nextOpenAt: at('2026-11-19T14:30:00Z'), at: night })
    assert.equal(regular.session('BTC/USD', night).open, true)
    assert.equal(short(regular.closeBetween('AAPL', night, at('2026-11-20T00:00:00Z'))), '2026-11-19T21:00:00Z')
    assert.equal(regular.closeBetween('AAPL', night, at('2026-11-19T20:59:59Z')), null)
    const events = recorded(regular)
    events.length = 0
    regular.advance(at('2026-11-19T22:00:00Z'))
    const own = events.filter((e) => e.symbol === 'AAPL')
    assert.deepEqual(own.filter((e) => e.kind === 'Session').map(line), [
      '2026-11-19T14:30:00Z open',
      '2026-11-19T21:00:00Z closed',
    ])
    for (const e of own)
      assert.ok(e.at >= at('2026-11-19T14:30:00Z') && e.at <= at('2026-11-19T21:00:00Z'), 'no tick outside')
  })

  it('tells those who come later what it shows', () => {
    const market = seededMarket({ seed: 1, from: START, hours: 'regular' })
    market.advance(at('2026-11-18T22:00:00Z'))
    const late = recorded(market)
    assert.equal(late.filter((e) => e.kind === 'Tick').length, INSTRUMENTS.size)
    assert.ok(late.some((e) => e.kind === 'Session' && e.symbol === 'AAPL' && !e.open))
  })
})

describe('regular hours', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [assetClass: AssetClass, at: string, open: boolean, until: string])[] = [
    ['us_equity', '2026-11-18T14:29:59Z', false, '2026-11-18T14:30:00Z'],
    ['us_equity', '2026-11-18T14:30:00Z', true,  '2026-11-18T21:00:00Z'],
    ['us_equity', '2026-11-18T20:59:59Z', true,  '2026-11-18T21:00:00Z'],
    ['us_equity', '2026-11-18T21:00:00Z', false, '2026-11-19T14:30:00Z'],
    ['us_equity', '2026-11-20T21:00:00Z', false, '2026-11-23T14:30:00Z'],  // Friday evening
    ['us_equity', '2026-11-21T12:00:00Z', false, '2026-11-23T14:30:00Z'],
    ['us_equity', '2026-11-22T12:00:00Z', false, '2026-11-23T14:30:00Z'],
    ['us_equity', '2026-03-06T22:00:00Z', false, '2026-03-09T13:30:00Z'],  // summer time begins in between
    ['us_equity', '2026-10-30T22:00:00Z', false, '2026-11-02T14:30:00Z'],  // and ends
    ['fx',        '2026-11-18T03:00:00Z', true,  '2026-11-20T22:00:00Z'],
    ['fx',        '2026-11-20T21:59:59Z', true,  '2026-11-20T22:00:00Z'],
    ['fx',        '2026-11-20T22:00:00Z', false, '2026-11-22T22:00:00Z'],
    ['fx',        '2026-11-22T21:59:59Z', false, '2026-11-22T22:00:00Z'],
    ['fx',        '2026-11-22T22:00:00Z', true,  '2026-11-27T22:00:00Z'],
    ['fx',        '2026-03-07T12:00:00Z', false, '2026-03-08T21:00:00Z'],
  ]
  for (const [assetClass, time, open, until] of rows)
    it(`${assetClass} ${time}: ${open ? 'open' : 'closed'} until ${until}`, () => {
      const hours = regularHours(assetClass, at(time))
      assert.deepEqual([hours.open, short(hours.until)], [open, until])
    })
  it('coins never sleep', () =>
    assert.deepEqual(regularHours('crypto', at('2026-11-22T12:00:00Z')), { open: true, until: null }))
})

const HEADER = 'date,open,high,low,close,volume'
const MINUTES = [
  '2024-01-02T14:30:00Z,100.00,100.80,99.60,100.40,1200',
  '2024-01-02T14:31:00Z,100.40,100.40,100.00,100.10,600',
  '2024-01-02T14:35:00Z,100.10,100.10,100.10,100.10,5',
  '2024-01-03T14:30:00Z,98.125,98.20,98.00,98.00,120',
]

describe('recorded bars', () => {
  const rise = `${HEADER}\n${MINUTES[0]}\n`

  it('are read as they stand', () => {
    assert.deepEqual(parseBars('X.csv', rise), [
      {
        at: at('2024-01-02T14:30:00Z'),
        open: px('100.00'),
        high: px('100.80'),
        low: px('99.60'),
        close: px('100.40'),
        volume: qty('1200'),
      },
    ])
    assert.equal(parseBars('X.csv', rise.replaceAll('\n', '\r\n')).length, 1)
  })

  // biome-ignore format: a table reads in columns
  const damaged: readonly (readonly [csv: string, says: string])[] = [
    ['',                                                        'X.csv:1: the first line must be "date,open,high,low,close,volume"'],
    ['time,open,high,low,close,volume\n',                       'X.csv:1: the first line must be "date,open,high,low,close,volume"'],
    [`${HEADER}\n`,                                             'X.csv:2: there is no bar'],
    [`${rise}2024-01-02T14:31:00Z,1,2\n`,                       'X.csv:3: 3 columns instead of 6'],
    [`${rise}yesterday,1,1,1,1,1\n`,                            'X.csv:3: date "yesterday" is not RFC 3339 such as 2024-01-02T14:30:00Z'],
    [`${rise}2024-01-02T14:31:00Z,1,1,1,one,1\n`,               'X.csv:3: close "one" must be a plain decimal number such as 187.50 (no exponent, no blanks, no sign but a leading minus)'],
    [`${rise}2024-01-02T14:31:00Z,1,1,1,1,\n`,                  'X.csv:3: volume "" must be a plain decimal number such as 187.50 (no exponent, no blanks, no sign but a leading minus)'],
    [`${rise}2024-01-02T14:31:00Z,0,1,1,1,1\n`,                 'X.csv:3: open must be above zero'],
    [`${rise}2024-01-02T14:31:00Z,3,2,1,1,1\n`,                 'X.csv:3: open is above high'],
    [`${rise}2024-01-02T14:31:00Z,2,2,1,0.5,1\n`,               'X.csv:3: close is below low'],
    [`${rise}2024-01-02T14:31:00Z,1,1,1,1,-1\n`,                'X.csv:3: volume must not be below zero'],
    [`${rise}${MINUTES[0]}\n`,                                  'X.csv:3: 2024-01-02T14:30:00Z does not come after the line before'],
    [`${rise}\n${MINUTES[1]}\n`,                                'X.csv:3: 1 columns instead of 6'],
  ]
  for (const [csv, says] of damaged)
    it(`damaged: ${says}`, () => assert.throws(() => parseBars('X.csv', csv), { code: 'BAD_BARS', message: says }))
})

describe('a replay of bars', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bars-'))
  after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, lines: readonly string[] = MINUTES): string => {
    const path = join(folder, name)
    writeFileSync(path, `${[HEADER, ...lines].join('\n')}\n`)
    return path
  }

  it('walks each minute open, low, high, close when it rose and open, high, low, close when it fell', () => {
    const market = replayMarket({ files: [file('ABC_1m.csv')] })
    const events = recorded(market)
    events.length = 0
    market.advance(at('2024-01-02T14:31:59Z'))
    const shown = events.map(line)
    // biome-ignore format: one minute a block
    assert.deepEqual(shown, [
      '2024-01-02T14:30:00Z open',
      '2024-01-02T14:30:00Z 100.00/100.01 last 100.00',
      '2024-01-02T14:30:05Z 99.90/99.91 last 99.90',
      '2024-01-02T14:30:10Z 99.80/99.81 last 99.80',
      '2024-01-02T14:30:15Z 99.70/99.71 last 99.70',
      '2024-01-02T14:30:20Z 99.60/99.61 last 99.60',
      '2024-01-02T14:30:25Z 99.90/99.91 last 99.90',
      '2024-01-02T14:30:30Z 100.20/100.21 last 100.20',
      '2024-01-02T14:30:35Z 100.50/100.51 last 100.50',
      '2024-01-02T14:30:40Z 100.80/100.81 last 100.80',
      '2024-01-02T14:30:45Z 100.67/100.68 last 100.67',
      '2024-01-02T14:30:50Z 100.53/100.54 last 100.53',
      '2024-01-02T14:30:55Z 100.40/100.41 last 100.40',
      '2024-01-02T14:31:00Z 100.40/100.41 last 100.40',
      '2024-01-02T14:31:05Z 100.40/100.41 last 100.40',
      '2024-01-02T14:31:10Z 100.40/100.41 last 100.40',
      '2024-01-02T14:31:15Z 100.40/100.41 last 100.40',
      '2024-01-02T14:31:20Z 100.40/100.41 last 100.40',
      '2024-01-02T14:31:25Z 100.30/100.31 last 100.30',
      '2024-01-02T14:31:30Z 100.20/100.21 last 100.20',
      '2024-01-02T14:31:35Z 100.10/100.11 last 100.10',
      '2024-01-02T14:31:40Z 100.00/100.01 last 100.00',
      '2024-01-02T14:31:45Z 100.03/100.04 last 100.03',
      '2024-01-02T14:31:50Z 100.07/100.08 last 100.07',
      '2024-01-02T14:31:55Z 100.10/100.11 last 100.10',
    ])
    const [, tick] = events
    assert.equal(tick?.kind === 'Tick' && tick.askQty && text(tick.askQty), '100')
  })

  it('respects gaps, closes for the night, and keeps prices finer than a tick', () => {
    const market = replayMarket({ files: [file('ABC.csv')] })
    const events = recorded(market)
    events.length = 0
    market.advance(at('2024-01-03T15:00:00Z'))
    assert.deepEqual(events.filter((e) => e.kind === 'Session').map(line), [
      '2024-01-02T14:30:00Z open',
      '2024-01-02T14:36:00Z closed',
      '2024-01-03T14:30:00Z open',
      '2024-01-03T14:31:00Z closed',
    ])
    assert.ok(!events.some((e) => e.at > at('2024-01-02T14:32:00Z') && e.at < at('2024-01-02T14:35:00Z')))
    assert.ok(events.map(line).includes('2024-01-03T14:30:00Z 98.12/98.13 last 98.125'))
    assert.equal(market.session('ABC', at('2024-01-02T14:33:00Z')).open, true, 'a minute without a trade')
    const night = at('2024-01-02T20:00:00Z')
    assert.deepEqual(market.session('ABC', night), { open: false, nextOpenAt: at('2024-01-03T14:30:00Z'), at: night })
    assert.equal(market.session('ABC', at('2024-01-04T00:00:00Z')).nextOpenAt, null)
    assert.equal(short(market.closeBetween('ABC', at('2024-01-02T14:30:00Z'), night)), '2024-01-02T14:36:00Z')
    assert.deepEqual([short(market.startsAt), short(market.endsAt)], ['2024-01-02T14:30:00Z', '2024-01-03T14:31:00Z'])
  })

  it('is the same however it is cut', () => {
    const whole = replayMarket({ files: [file('ABC.csv')] })
    const cut = replayMarket({ files: [file('ABC.csv')] })
    const [a, b] = [recorded(whole), recorded(cut)]
    whole.advance(at('2024-01-03T15:00:00Z'))
    for (let t = at('2024-01-02T14:29:57Z'); t < at('2024-01-03T15:00:00Z'); t = plusMs(t, 7_000)) cut.advance(t)
    assert.deepEqual(b.map(line), a.map(line))
  })

  it('begins in the middle with what was last shown', () => {
    const market = replayMarket({ files: [file('ABC.csv')], from: at('2024-01-02T14:31:22Z') })
    const events = recorded(market)
    assert.deepEqual(events.map(line), ['2024-01-02T14:31:20Z 100.40/100.41 last 100.40'])
    market.advance(at('2024-01-02T14:31:25Z'))
    assert.deepEqual(events.slice(1).map(line), ['2024-01-02T14:31:25Z 100.30/100.31 last 100.30'])
  })

  it('plays several symbols in one order of time', () => {
    const market = replayMarket({ files: [file('ABC.csv'), { file: file('other.csv'), symbol: 'XYZ' }] })
    const events = recorded(market)
    market.advance(at('2024-01-03T15:00:00Z'))
    assert.deepEqual([...market.instruments.keys()], ['ABC', 'XYZ'])
    const ticks = events.filter((e) => e.kind === 'Tick')
    assert.deepEqual(
      ticks.map((e) => e.at),
      ticks.map((e) => e.at).sort((x, y) => x - y),
    )
    assert.equal(ticks.filter((e) => e.symbol === 'XYZ').length, 4 * 12)
    for (const e of ticks) assert.ok(!lt(e.ask, e.bid))
  })

  it('says what is wrong with a file', () => {
    assert.throws(() => replayMarket({ files: [] }), { code: 'NO_BARS_FILE' })
    assert.throws(() => replayMarket({ files: [join(folder, 'none.csv')] }), { code: 'NO_BARS_FILE' })
    assert.throws(() => replayMarket({ files: [file('BAD.csv', ['nonsense'])] }), {
      code: 'BAD_BARS',
      message: 'BAD.csv:2: 1 columns instead of 6',
    })
    assert.throws(() => replayMarket({ files: [file('ABC.csv'), file('ABC_2.csv')] }), { code: 'BAD_BARS' })
  })
})
