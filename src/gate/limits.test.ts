import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { STAGES } from '../orders/stage.ts'
import { dec, shortest } from '../values/decimal.ts'
import { limitedBy } from './example.ts'
import {
  complete,
  type Bound,
  defaultsOf,
  differences,
  faultsOf,
  isTightening,
  LIMIT_NAMES,
  type LimitName,
  LIMITS,
  type Limits,
  type Lists,
  tightenedBy,
} from './limits.ts'

const withBound = (limits: Limits, name: LimitName, bound: Partial<Bound>): Limits => ({
  ...limits,
  values: { ...limits.values, [name]: { ...limits.values[name], ...bound } },
})
const withLists = (limits: Limits, lists: Partial<Lists>): Limits => ({
  ...limits,
  lists: { ...limits.lists, ...lists },
})

// The table of docs and of the controls, as a person reads it: paper, pilot, limited, live.
const DEFAULTS: readonly (readonly [LimitName, ...(string | null)[]])[] = [
  ['maxGrossExposure', '1', '0.05', '0.125', '0.25'],
  ['maxNetExposure', '1', '0.05', '0.125', '0.25'],
  ['maxDayTurnover', '2', '0.1', '0.25', '0.5'],
  ['maxOrderNotional', '10000', '500', '2500', '5000'],
  ['maxPositionNotional', '25000', '1250', '6250', '12500'],
  ['maxSymbolShare', '0.2', '0.2', '0.2', '0.2'],
  ['maxSectorShare', null, null, null, null],
  ['maxOrderQty', null, null, null, null],
  ['maxOrderQtyShares', null, null, null, null],
  ['maxOrderQtyFx', null, null, null, null],
  ['maxOrderQtyCoins', null, null, null, null],
  ['maxVolumeShare', '0.01', '0.01', '0.01', '0.01'],
  ['collarBps', '300', '300', '300', '300'],
  ['maxMoveBps', '500', '200', '200', '300'],
  ['maxOrdersPerMinute', '20', '5', '10', '20'],
  ['maxOrdersPerDay', '200', '20', '100', '200'],
  ['maxRepeats', '5', '5', '5', '5'],
  ['maxRejects', '3', '3', '3', '3'],
  ['maxLosers', '3', '3', '3', '3'],
  ['maxOpenPositions', null, '3', null, null],
  ['dayLoss', '0.05', '0.01', '0.01', '0.02'],
  ['drawdown', '0.15', '0.15', '0.15', '0.15'],
  ['buyingPowerBuffer', '0.05', '0.05', '0.05', '0.05'],
]

describe('limits that an older version wrote', () => {
  const { maxVolumeShare, ...known } = defaultsOf('S2').values
  const old = { ...defaultsOf('S2'), values: { ...known, dayLoss: { hard: null, soft: null } } } as unknown as Limits
  it('are, in what it did not know, as the stage begins', () => {
    assert.deepEqual(complete(old).values.maxVolumeShare, maxVolumeShare)
    assert.deepEqual(complete(old).values.dayLoss, { hard: null, soft: null })
    assert.deepEqual(differences(old, complete(old)), [])
    assert.deepEqual(
      differences(old, defaultsOf('S2')).map(({ name }) => name),
      ['dayLoss'],
    )
  })
})

describe('what a stage begins with', () => {
  it('is this table', () => {
    const hard = (name: LimitName) => (['S1', 'S2', 'S3', 'S4'] as const).map((s) => defaultsOf(s).values[name].hard)
    assert.deepEqual(
      LIMIT_NAMES.map((name) => [name, ...hard(name)]),
      DEFAULTS,
    )
    assert.deepEqual(defaultsOf('S0').values, defaultsOf('S1').values)
  })
  it('can be used', () => {
    for (const stage of STAGES) assert.deepEqual(faultsOf(defaultsOf(stage)), [])
  })
  it('gets looser from stage to stage once real money is at stake, but for the symbols', () => {
    const named = (stage: 'S2' | 'S3' | 'S4') => withLists(defaultsOf(stage), { symbols: ['AAPL'] })
    assert.ok(isTightening(named('S3'), named('S2')))
    assert.ok(isTightening(named('S4'), named('S3')))
    assert.ok(!isTightening(named('S2'), named('S3')))
  })
  it('lets the pilot trade nothing until its symbols are named', () => {
    const { lists } = defaultsOf('S2')
    assert.deepEqual(lists, {
      symbols: [],
      restricted: [],
      assetClasses: null,
      venues: null,
      sessions: ['Regular'],
      ordTypes: ['Limit'],
      sectors: [],
      allowShort: false,
    })
    assert.deepEqual(defaultsOf('S3').lists.symbols, [])
    assert.equal(defaultsOf('S4').lists.symbols, null)
  })
  it('every row says what it is', () => {
    for (const { control, meaning } of Object.values(LIMITS)) {
      assert.match(control, /^(P|A)\d\d$/)
      assert.match(meaning, /^[A-Z].*\.$/)
    }
  })
})

type Fault = readonly [name: string, limits: Limits, fault: RegExp | null]
const S2 = defaultsOf('S2')
const S3 = defaultsOf('S3')
const FAULTS: readonly Fault[] = [
  ['nothing', limitedBy({ maxOrderNotional: '0' }), null],
  ['negative', limitedBy({ maxOrderNotional: '-0.01' }), /maxOrderNotional is -0.01; it must be 0 or more/],
  ['a part of an order', limitedBy({ maxOrdersPerDay: '2.5' }), /maxOrdersPerDay is 2.5; it must be a whole number/],
  ['a part of a basis point', limitedBy({ maxMoveBps: '2.5' }), /whole number/],
  ['whole, spelled longer', limitedBy({ maxMoveBps: '2.0' }), null],
  ['25 for 25 %', limitedBy({ maxGrossExposure: '25' }), /maxGrossExposure is 25; it is a share of equity/],
  ['all of the equity in a day', limitedBy({ dayLoss: '1' }), null],
  ['more than all', limitedBy({ dayLoss: '1.01' }), /dayLoss is 1.01/],
  ['more buffer than all', limitedBy({ buyingPowerBuffer: '1.01' }), /share of buying power/],
  ['soft at hard', withBound(limitedBy({ maxRepeats: '5' }), 'maxRepeats', { soft: dec('5') }), null],
  [
    'soft beyond hard',
    withBound(limitedBy({ maxRepeats: '5' }), 'maxRepeats', { soft: dec('6') }),
    /soft limit of maxRepeats, 6, lies beyond the hard one, 5/,
  ],
  [
    'a soft buffer below the hard one',
    withBound(limitedBy({ buyingPowerBuffer: '0.1' }), 'buyingPowerBuffer', { soft: dec('0.05') }),
    /lies beyond/,
  ],
  [
    'a soft buffer above it',
    withBound(limitedBy({ buyingPowerBuffer: '0.1' }), 'buyingPowerBuffer', { soft: dec('0.2') }),
    null,
  ],
  ['soft negative', withBound(limitedBy(), 'maxRepeats', { soft: dec('-1') }), /The soft limit of maxRepeats is -1/],
  ['pilot with 5 symbols', withLists(S2, { symbols: ['A', 'B', 'C', 'D', 'E'] }), null],
  [
    'pilot with 6',
    withLists(S2, { symbols: ['A', 'B', 'C', 'D', 'E', 'F'] }),
    /There are 6 symbols; in stage S2 there may be 5/,
  ],
  ['pilot with all', withLists(S2, { symbols: null }), /In stage S2 the symbols must be named, 5 at most/],
  ['pilot with market orders', withLists(S2, { ordTypes: ['Limit', 'Market'] }), /In stage S2 only Limit orders/],
  ['a symbol without its sector', limitedBy({}, { sectors: ['AAPL'] }), /says no sector/],
  ['two sectors of one symbol', limitedBy({}, { sectors: ['AAPL=a', 'AAPL=b'] }), /in two sectors/],
  ['extended hours', limitedBy({}, { sessions: ['Regular', 'Extended'] }), /Extended hours are off/],
  ['any hours', limitedBy({}, { sessions: null }), /Extended hours are off/],
  ['pilot with any orders', withLists(S2, { ordTypes: null }), /In stage S2 only Limit orders/],
  ['pilot selling short', withLists(S2, { allowShort: true }), /Stage S2 is long only/],
  [
    'pilot with 4 positions',
    withBound(S2, 'maxOpenPositions', { hard: dec('4') }),
    /In stage S2 there may be 3 open positions/,
  ],
  ['pilot with any number of them', withBound(S2, 'maxOpenPositions', { hard: null }), /there may be 3 open positions/],
  ['limited with 25', withLists(S3, { symbols: Array.from({ length: 25 }, (_, n) => `S${n}`) }), null],
  [
    'limited with 26',
    withLists(S3, { symbols: Array.from({ length: 26 }, (_, n) => `S${n}`) }),
    /26 symbols; in stage S3 there may be 25/,
  ],
  ['a name twice', withLists(limitedBy(), { restricted: ['GME', 'GME'] }), /a name twice in restricted/],
  ['an empty name', withLists(limitedBy(), { symbols: [' '] }), /an empty name in symbols/],
]

describe('faults', () => {
  for (const [name, limits, fault] of FAULTS)
    it(name, () => {
      const faults = faultsOf(limits)
      if (!fault) return assert.deepEqual(faults, [])
      assert.equal(faults.length, 1)
      assert.match(faults[0] ?? '', fault)
    })
})

describe('settings', () => {
  const limits = withLists(limitedBy({ maxOrderNotional: '500', buyingPowerBuffer: '0.05' }), {
    symbols: ['AAPL', 'MSFT'],
    restricted: ['GME'],
  })
  it('tighten, and are told where they would loosen', () => {
    const { limits: after, ignored } = tightenedBy(limits, {
      values: {
        maxOrderNotional: { hard: dec('1000') },
        buyingPowerBuffer: { hard: dec('0.1') },
        maxRepeats: { hard: dec('2') },
      },
      lists: { symbols: ['MSFT', 'TSLA'], restricted: ['AMC'], allowShort: false },
    })
    const { maxOrderNotional, buyingPowerBuffer, maxRepeats } = after.values
    assert.deepEqual([maxOrderNotional.hard, buyingPowerBuffer.hard, maxRepeats.hard], ['500', '0.1', '2'])
    assert.deepEqual(after.lists, { ...limits.lists, symbols: ['MSFT'], restricted: ['GME', 'AMC'], allowShort: false })
    assert.deepEqual(ignored, [
      { name: 'maxOrderNotional', bound: 'hard', old: '500', new: '1000', tighter: false },
      { name: 'symbols', bound: null, old: ['AAPL', 'MSFT'], new: ['MSFT', 'TSLA'], tighter: false },
    ])
  })
  it('cannot take a limit away', () => {
    const { limits: after, ignored } = tightenedBy(limits, {
      values: { maxOrderNotional: { hard: null } },
      lists: { symbols: null, restricted: [] },
    })
    assert.deepEqual(after, limits)
    assert.deepEqual(
      ignored.map(({ name }) => name),
      ['maxOrderNotional', 'symbols'],
    )
  })
  it('a soft limit comes down with the hard one', () => {
    const soft = withBound(limits, 'maxOrderNotional', { soft: dec('400') })
    assert.equal(
      tightenedBy(soft, { values: { maxOrderNotional: { hard: dec('300') } } }).limits.values.maxOrderNotional.soft,
      '300',
    )
  })
})

const figure = fc.option(fc.integer({ min: 0, max: 50 }).map((n) => dec(String(n))))
const names = fc.uniqueArray(fc.constantFrom('AAPL', 'MSFT', 'TSLA', 'GME'))
const limits: fc.Arbitrary<Limits> = fc
  .record({
    bounds: fc.array(fc.record({ hard: figure, soft: figure }), {
      minLength: LIMIT_NAMES.length,
      maxLength: LIMIT_NAMES.length,
    }),
    symbols: fc.option(names),
    restricted: names,
    ordTypes: fc.option(fc.subarray<'Limit' | 'Market'>(['Limit', 'Market'])),
    allowShort: fc.boolean(),
  })
  .map(({ bounds, ...lists }) => ({
    version: 1,
    stage: 'S4',
    values: Object.fromEntries(LIMIT_NAMES.map((name, i) => [name, bounds[i]])) as Limits['values'],
    lists: { ...lists, assetClasses: null, venues: null, sessions: null, sectors: [] },
  }))
const byName = (a: string, b: string): number => (a < b ? -1 : 1)
/** As values: order and spelling are no matter. */
const plain = ({ values, lists }: Limits) => ({
  values: Object.entries(values).map(([name, { hard, soft }]) => [
    name,
    hard && shortest(hard),
    soft && shortest(soft),
  ]),
  lists: Object.entries(lists).map(([name, list]) => [name, Array.isArray(list) ? list.toSorted(byName) : list]),
})

describe('whatever is set', () => {
  it('tightening is always a tightening, of both', () =>
    fc.assert(
      fc.property(limits, limits, (a, b) => {
        const both = tightenedBy(a, b).limits
        assert.ok(isTightening(a, both) && isTightening(b, both))
      }),
    ))
  it('it comes to the same in either order, twice, and among three', () =>
    fc.assert(
      fc.property(limits, limits, limits, (a, b, c) => {
        const both = tightenedBy(a, b).limits
        assert.deepEqual(plain(both), plain(tightenedBy(b, a).limits))
        assert.deepEqual(plain(tightenedBy(both, b).limits), plain(both))
        assert.deepEqual(plain(tightenedBy(both, c).limits), plain(tightenedBy(a, tightenedBy(b, c).limits).limits))
      }),
    ))
  it('what is no difference both ways is none', () =>
    fc.assert(
      fc.property(limits, limits, (a, b) => {
        assert.equal(isTightening(a, b) && isTightening(b, a), differences(a, b).length === 0)
        assert.equal(differences(a, b).length, differences(b, a).length)
        assert.deepEqual(differences(a, a), [])
      }),
    ))
})

it('differences are told with old and new', () => {
  const before = limitedBy(
    { maxOrderNotional: '500', dayLoss: '0.02', buyingPowerBuffer: '0.05' },
    { symbols: ['AAPL'] },
  )
  const after = limitedBy(
    { maxOrderNotional: '400.00', dayLoss: '0.020', maxRepeats: '5', buyingPowerBuffer: '0.04' },
    { symbols: ['AAPL', 'MSFT'], restricted: ['GME'], allowShort: false },
  )
  assert.deepEqual(differences(before, after), [
    { name: 'maxOrderNotional', bound: 'hard', old: '500', new: '400.00', tighter: true },
    { name: 'maxRepeats', bound: 'hard', old: null, new: '5', tighter: true },
    { name: 'buyingPowerBuffer', bound: 'hard', old: '0.05', new: '0.04', tighter: false },
    { name: 'symbols', bound: null, old: ['AAPL'], new: ['AAPL', 'MSFT'], tighter: false },
    { name: 'restricted', bound: null, old: [], new: ['GME'], tighter: true },
    { name: 'allowShort', bound: null, old: true, new: false, tighter: true },
  ])
  assert.ok(!isTightening(before, after))
})
