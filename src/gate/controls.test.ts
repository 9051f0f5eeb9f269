import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Instrument } from '../orders/instrument.ts'
import type { Order } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { ACCOUNT, DAY, FACTS, limitedBy, MARKET, NOW, POLICY, PROPOSAL, RESTING } from './example.ts'
import type { AccountFact, DayFacts, Facts, MarketFacts, Quote, SessionKind } from './facts.ts'
import { assess, recheck } from './gate.ts'
import { defaultsOf, type LimitName, LIMIT_NAMES, LIMITS, type Limits, LISTS } from './limits.ts'
import { effective, type Policy } from './policy.ts'
import type { RefusalCode } from './refusal.ts'

// One proof for each control that has a limit: at the limit it passes, and one step beyond it does not. The ticket is
// for 400 AAPL at 187.50: 75000.00 USD of an equity of 100000.00.

type Change = {
  limits?: Limits
  day?: Partial<DayFacts>
  facts?: Partial<Facts>
  account?: Partial<AccountFact>
  proposal?: Partial<Proposal>
  policy?: Partial<Policy>
  quote?: Partial<Quote>
}
function world({ limits = limitedBy(), ...change }: Change) {
  const account = { ...ACCOUNT, ...change.account }
  const facts: Facts = {
    ...FACTS,
    market: { ...MARKET, quote: { ...(MARKET.quote as Quote), ...change.quote } },
    account: { account, positions: [], at: account.at },
    day: { ...DAY, ...change.day },
    ...change.facts,
  }
  return {
    proposal: { ...PROPOSAL, ...change.proposal },
    facts,
    policy: effective({ ...POLICY, ...change.policy }, limits),
  }
}
const look = (change: Change) => {
  const { proposal, facts, policy } = world(change)
  return assess(proposal, facts, policy, 1, NOW)
}
const TICKET = look({}).ticket as Ticket
const again = (change: Change) => {
  const { proposal, facts, policy } = world(change)
  return recheck(TICKET, proposal, facts, policy, NOW)
}
const codesOf = (refusals: readonly { code: RefusalCode }[]): RefusalCode[] => refusals.map(({ code }) => code)

const held = (long: string, short: string, symbols: readonly string[] = ['MSFT']): Partial<DayFacts> => ({
  held: { long: amt(long), short: amt(short), symbols, each: [] },
})
const heldEach = (symbol: string, worth: string): Partial<DayFacts> => ({
  held: { long: amt(worth), short: amt('0.00'), symbols: [symbol], each: [{ symbol, worth: amt(worth) }] },
})
const others = (maxNotional: string, terms: Partial<Order['terms']> = { symbol: 'MSFT' }): Order => ({
  ...RESTING,
  terms: { ...RESTING.terms, ...terms },
  maxNotional: amt(maxNotional),
})
const sale: Partial<Proposal> = { side: 'Sell', stopPx: px('190.00'), targetPx: px('182.50') }

type Row = readonly [name: string, limits: Limits, at: Change, beyond: Change, code: RefusalCode]

/** At the send, of what was approved: exactly one reason. */
const SENT: readonly Row[] = [
  ...(
    [
      [
        'P01 gross',
        { maxGrossExposure: '0.9' },
        held('10000.00', '5000.00'),
        held('10000.00', '5000.01'),
        'GROSS_EXPOSURE_EXCEEDED',
      ],
      [
        'P01 turnover',
        { maxDayTurnover: '1' },
        { turnover: amt('25000.00') },
        { turnover: amt('25000.01') },
        'DAY_TURNOVER_EXCEEDED',
      ],
      [
        'P04 move up',
        { maxMoveBps: '200' },
        { trail: { low: px('187.50'), high: px('191.25') } },
        { trail: { low: px('187.50'), high: px('191.26') } },
        'PRICE_MOVE_EXCEEDED',
      ],
      [
        'P04 move down to the price of now',
        { maxMoveBps: '200' },
        { trail: { low: px('189.00'), high: px('191.25') } },
        { trail: { low: px('189.00'), high: px('191.26') } },
        'PRICE_MOVE_EXCEEDED',
      ],
      [
        'P04 move, the price of now counts',
        { maxMoveBps: '200' },
        { trail: { low: px('183.83'), high: px('184.00') } },
        { trail: { low: px('183.82'), high: px('184.00') } },
        'PRICE_MOVE_EXCEEDED',
      ],
      [
        'P05 a minute',
        { maxOrdersPerMinute: '20' },
        { messagesLastMinute: 19 },
        { messagesLastMinute: 20 },
        'ORDERS_PER_MINUTE_EXCEEDED',
      ],
      [
        'P05 a day',
        { maxOrdersPerDay: '200' },
        { messagesToday: 199 },
        { messagesToday: 200 },
        'ORDERS_PER_DAY_EXCEEDED',
      ],
      ['P08 repeats', { maxRepeats: '5' }, { repeats: 4 }, { repeats: 5 }, 'REPEATS_EXCEEDED'],
      [
        'P09 net, short positions make room',
        { maxNetExposure: '0.8' },
        held('10000.00', '5000.00'),
        held('10000.01', '5000.00'),
        'NET_EXPOSURE_EXCEEDED',
      ],
      [
        'P10 loss of the day',
        { dayLoss: '0.01' },
        { openingEquity: amt('101010.09') },
        { openingEquity: amt('101010.10') },
        'DAY_LOSS_REACHED',
      ],
      [
        'P10 what was paid in is no profit',
        { dayLoss: '0.01' },
        { deposits: amt('1010.09') },
        { deposits: amt('1010.10') },
        'DAY_LOSS_REACHED',
      ],
      [
        'P10 what was paid out is no loss',
        { dayLoss: '0.01' },
        { openingEquity: amt('150000'), deposits: amt('-48989.91') },
        { openingEquity: amt('150000'), deposits: amt('-48989.90') },
        'DAY_LOSS_REACHED',
      ],
      [
        'P10 drawdown',
        { drawdown: '0.15' },
        { highEquity: amt('117647.04') },
        { highEquity: amt('117647.05') },
        'DRAWDOWN_REACHED',
      ],
      [
        'A05 open positions',
        { maxOpenPositions: '3' },
        held('9', '9', ['MSFT', 'TSLA']),
        held('9', '9', ['MSFT', 'TSLA', 'NVDA']),
        'OPEN_POSITIONS_EXCEEDED',
      ],
    ] as const
  ).map(([name, hard, at, beyond, code]): Row => [name, limitedBy(hard), { day: at }, { day: beyond }, code]),
  [
    'P01 gross, open entries on either side count',
    limitedBy({ maxGrossExposure: '0.9' }),
    { facts: { inFlight: [others('10000.00'), others('5000.00', { symbol: 'TSLA', side: 'Sell' })] } },
    { facts: { inFlight: [others('10000.00'), others('5000.01', { symbol: 'TSLA', side: 'Sell' })] } },
    'GROSS_EXPOSURE_EXCEEDED',
  ],
  [
    'P01 a third order is blocked, each of which would fit alone',
    limitedBy({ maxGrossExposure: '2' }),
    { facts: { inFlight: [others('75000.00')] } },
    { facts: { inFlight: [others('75000.00'), others('75000.00', { symbol: 'TSLA' })] } },
    'GROSS_EXPOSURE_EXCEEDED',
  ],
  [
    'P09 net, an open sale makes no room before it fills',
    limitedBy({ maxNetExposure: '0.8' }),
    { facts: { inFlight: [others('5000.00'), others('9000.00', { symbol: 'TSLA', side: 'Sell' })] } },
    { facts: { inFlight: [others('5000.01'), others('9000.00', { symbol: 'TSLA', side: 'Sell' })] } },
    'NET_EXPOSURE_EXCEEDED',
  ],
  [
    'P09 symbol',
    limitedBy({ maxSymbolShare: '0.9375' }),
    { facts: { inFlight: [others('18750.00', {})] } },
    { facts: { inFlight: [others('18750.01', {})] } },
    'SYMBOL_SHARE_EXCEEDED',
  ],
  [
    'P09 sector, positions and entries of the same one',
    limitedBy({ maxSectorShare: '0.9' }, { sectors: ['AAPL=tech', 'MSFT=tech', 'XOM=energy'] }),
    {
      day: heldEach('MSFT', '5000.00'),
      facts: { inFlight: [others('10000.00'), others('9999.00', { symbol: 'XOM' })] },
    },
    {
      day: heldEach('MSFT', '5000.00'),
      facts: { inFlight: [others('10000.01'), others('9999.00', { symbol: 'XOM' })] },
    },
    'SECTOR_SHARE_EXCEEDED',
  ],
  [
    'P09 sector, what nobody has named is of one',
    limitedBy({ maxSectorShare: '0.9' }, { sectors: ['XOM=energy'] }),
    { day: heldEach('TSLA', '15000.00') },
    { day: heldEach('TSLA', '15000.01') },
    'SECTOR_SHARE_EXCEEDED',
  ],
  [
    'A05 open positions, entries count, and another order in one of the symbols adds none',
    limitedBy({ maxOpenPositions: '2' }),
    { day: held('9', '9', ['MSFT']), facts: { inFlight: [others('9', {})] } },
    { day: held('9', '9', ['MSFT']), facts: { inFlight: [others('9', { symbol: 'TSLA' })] } },
    'OPEN_POSITIONS_EXCEEDED',
  ],
]

/** The same where the limit itself is one step tighter. */
const TIGHTER: readonly (readonly [name: string, limit: LimitName, at: string, beyond: string, code: RefusalCode])[] = [
  ['P02 order', 'maxOrderNotional', '75000.00', '74999.99', 'ORDER_NOTIONAL_EXCEEDED'],
  ['P03 quantity', 'maxOrderQty', '400', '399.999', 'ORDER_QTY_EXCEEDED'],
  ['P03 quantity of shares', 'maxOrderQtyShares', '400', '399.999', 'ORDER_QTY_EXCEEDED'],
  ['P03 volume, 50000 on the mean', 'maxVolumeShare', '0.008', '0.00799999', 'VOLUME_SHARE_EXCEEDED'],
  ['P09 position', 'maxPositionNotional', '75000.00', '74999.99', 'POSITION_NOTIONAL_EXCEEDED'],
  ['P09 symbol', 'maxSymbolShare', '0.75', '0.7499999', 'SYMBOL_SHARE_EXCEEDED'],
  ['P14 buffer: 400000.00 of buying power', 'buyingPowerBuffer', '0.8125', '0.81250001', 'BUYING_POWER_EXCEEDED'],
]

const listed = (venue: string): Change => ({
  facts: { market: { ...MARKET, instrument: { ...(MARKET.instrument as Instrument), venue } } },
})
const trading = (kind: SessionKind): Change => ({
  facts: { market: { ...MARKET, session: { open: true, nextOpenAt: null, at: NOW, kind } } },
})

/** Of what is asked: exactly one reason, or none. */
const ASKED: readonly (readonly [name: string, change: Change, code: RefusalCode | null])[] = [
  ...(['206.00', '206.01'] as const).map(
    (entry) =>
      [
        `P04 collar of 300 bps, ${entry} at 200`,
        {
          limits: limitedBy({ collarBps: '300' }),
          policy: { collarBps: 5000 },
          proposal: { entryPx: px(entry), targetPx: px('207') },
          quote: { bid: px('200'), ask: px('200') },
        },
        entry === '206.00' ? null : 'PRICE_OUTSIDE_COLLAR',
      ] as const,
  ),
  ['P11 named', { limits: limitedBy({}, { symbols: ['MSFT', 'AAPL'] }) }, null],
  ['P11 not named', { limits: limitedBy({}, { symbols: ['MSFT', 'AAPL.OLD'] }) }, 'SYMBOL_NOT_ALLOWED'],
  ['P11 nothing named', { limits: limitedBy({}, { symbols: [] }) }, 'SYMBOL_NOT_ALLOWED'],
  ['P11 another is restricted', { limits: limitedBy({}, { restricted: ['GME'] }) }, null],
  ['P11 restricted wins', { limits: limitedBy({}, { symbols: ['AAPL'], restricted: ['AAPL'] }) }, 'SYMBOL_RESTRICTED'],
  ['P11 class allowed', { limits: limitedBy({}, { assetClasses: ['us_equity'] }) }, null],
  ['P11 class not allowed', { limits: limitedBy({}, { assetClasses: ['fx'] }) }, 'ASSET_CLASS_NOT_ALLOWED'],
  ['P11 type allowed', { limits: limitedBy({}, { ordTypes: ['Limit'] }) }, null],
  [
    'P11 type not allowed',
    { limits: limitedBy({}, { ordTypes: ['Limit'] }), proposal: { ordType: 'Market' } },
    'ORD_TYPE_NOT_ALLOWED',
  ],
  ['P11 exchange allowed', { limits: limitedBy({}, { venues: ['NYSE', 'nasdaq'] }), ...listed('NASDAQ') }, null],
  [
    'P11 exchange not allowed',
    { limits: limitedBy({}, { venues: ['NYSE'] }), ...listed('NASDAQ') },
    'VENUE_NOT_ALLOWED',
  ],
  ['P11 exchange not told', { limits: limitedBy({}, { venues: ['NYSE'] }) }, 'VENUE_NOT_ALLOWED'],
  [
    'P11 over the counter, listed or not',
    { limits: limitedBy({}, { venues: ['OTC'] }), ...listed('OTC') },
    'VENUE_NOT_ALLOWED',
  ],
  ['P11 session regular', { limits: limitedBy({}, { sessions: ['Regular'] }), ...trading('Regular') }, null],
  [
    'P11 session extended',
    { limits: limitedBy({}, { sessions: ['Regular'] }), ...trading('Extended') },
    'SESSION_NOT_ALLOWED',
  ],
  ['P11 session not told is the regular one', { limits: limitedBy({}, { sessions: [] }) }, 'SESSION_NOT_ALLOWED'],
  ['P13 long only, a buy', { limits: limitedBy({}, { allowShort: false }) }, null],
  ['P13 long only, a sale', { limits: limitedBy({}, { allowShort: false }), proposal: sale }, 'SHORT_OFF_BY_POLICY'],
  ['P13 a sale', { limits: limitedBy(), proposal: sale }, null],
  [
    'P13 the policy forbids it',
    { limits: limitedBy(), proposal: sale, policy: { allowShort: false } },
    'SHORT_OFF_BY_POLICY',
  ],
]

describe('each control', () => {
  for (const [name, limits, at, beyond, code] of SENT)
    it(name, () => {
      assert.deepEqual(codesOf(again({ limits, ...at }).refusals), [])
      assert.deepEqual(codesOf(again({ limits, ...beyond }).refusals), [code])
      assert.deepEqual(codesOf(again({ ...beyond }).refusals), [], 'not limited')
    })
  for (const [name, limit, at, beyond, code] of TIGHTER)
    it(name, () => {
      assert.deepEqual(codesOf(again({ limits: limitedBy({ [limit]: at }) }).refusals), [])
      assert.deepEqual(codesOf(again({ limits: limitedBy({ [limit]: beyond }) }).refusals), [code])
    })
  for (const [name, change, code] of ASKED)
    it(name, () => assert.deepEqual(codesOf(look(change).refusals), code === null ? [] : [code]))

  it('has its proof here', () => {
    const proven = new Set([...SENT, ...TIGHTER].map((row) => row[4]))
    for (const [, , code] of ASKED) if (code) proven.add(code)
    const codes = [...Object.values(LIMITS), ...Object.values(LISTS)].flatMap(({ refusal }) => refusal ?? [])
    assert.deepEqual(
      codes.filter((code) => !proven.has(code)),
      [],
    )
  })
})

describe('a signal is sized into what is left', () => {
  // 187.50 a share
  const SIZED: readonly (readonly [limit: LimitName, hard: string, change: Change, qty: string, binding: string])[] = [
    ['maxGrossExposure', '0.5', { day: held('10000', '2500') }, '200', 'gross'],
    ['maxNetExposure', '0.5', { day: held('10000', '20000') }, '320', 'net'],
    ['maxNetExposure', '0.5', { day: held('20000', '10000'), proposal: sale }, '320', 'net'],
    ['maxDayTurnover', '0.5', { day: { turnover: amt('12500.01') } }, '199', 'turnover'],
    ['maxSymbolShare', '0.2', {}, '106', 'symbolShare'],
    ['maxSectorShare', '0.2', {}, '106', 'sector'],
    ['maxOrderQty', '150.5', {}, '150', 'orderQty'],
    ['maxOrderQtyShares', '150.5', {}, '150', 'orderQty'],
    ['maxVolumeShare', '0.0051', {}, '255', 'volume'],
  ]
  for (const [limit, hard, change, size, binding] of SIZED)
    it(`${limit} leaves ${size}`, () => {
      const asked = { ...change, limits: limitedBy({ [limit]: hard }) }
      const { ticket, sizing, refusals } = look(asked)
      assert.deepEqual([codesOf(refusals), ticket?.terms.orderQty, sizing?.binding], [[], size, binding])
      const { proposal, facts, policy } = world(asked)
      assert.ok(ticket && recheck(ticket, proposal, facts, policy, NOW).passed)
    })

  it('and where nothing is left, it says by how much the smallest order is beyond', () => {
    const { refusals } = look({ limits: limitedBy({ maxGrossExposure: '0.1' }), day: held('9900.00', '0.00') })
    assert.deepEqual(codesOf(refusals), ['SIZE_BELOW_MINIMUM', 'GROSS_EXPOSURE_EXCEEDED'])
    const { code: _, ...compared } = refusals[1] ?? { code: null }
    assert.deepEqual(compared, {
      notional: '187.50',
      used: '9900.00',
      limit: '10000.00',
      share: '0.1',
      currency: 'USD',
    })
  })

  it('a loss since the opening takes nothing from what was approved at the limit', () => {
    const asked = { limits: limitedBy({ maxSymbolShare: '0.2' }) }
    const { ticket } = look(asked)
    const { proposal, facts, policy } = world({ ...asked, account: { equity: amt('99990.00') } })
    assert.ok(ticket && recheck(ticket, proposal, facts, policy, NOW).passed)
  })
})

describe('what is not known of the day', () => {
  const withoutDay = (hard: { readonly [N in LimitName]?: string }) => {
    const { proposal, facts, policy } = world({ limits: limitedBy(hard) })
    const { day: _, ...rest } = facts
    return assess(proposal, rest, policy, 1, NOW)
  }
  const counts = ['maxOrdersPerMinute', 'maxOrdersPerDay', 'maxRepeats'] as const
  const NEEDS: readonly (readonly [LimitName, Partial<DayFacts>])[] = [
    ['maxGrossExposure', { held: null }],
    ['maxGrossExposure', { openingEquity: null }],
    ['maxNetExposure', { held: null }],
    ['maxNetExposure', { openingEquity: null }],
    ['maxDayTurnover', { openingEquity: null }],
    ['maxSymbolShare', { openingEquity: null }],
    ['maxSectorShare', { held: null }],
    ['maxSectorShare', { openingEquity: null }],
    ['maxMoveBps', { trail: null }],
    ['maxMoveBps', { trail: { low: px('0'), high: px('187.50') } }],
    ['maxOpenPositions', { held: null }],
    ['dayLoss', { openingEquity: null }],
    ['drawdown', { highEquity: null }],
  ]
  for (const [limit, day] of NEEDS)
    it(`closes the gate where ${limit} needs ${Object.keys(day).join()}`, () => {
      assert.deepEqual(codesOf(look({ limits: limitedBy({ [limit]: '1' }), day }).refusals), ['DAY_UNKNOWN'])
      const soft: Limits = limitedBy()
      const asked = { ...soft, values: { ...soft.values, [limit]: { hard: null, soft: dec('1') } } }
      assert.deepEqual(codesOf(look({ limits: asked, day }).refusals), ['DAY_UNKNOWN'], 'soft')
      assert.deepEqual(codesOf(look({ day }).refusals), [], 'not limited')
    })
  for (const limit of new Set([...NEEDS.map(([limit]) => limit), ...counts]))
    it(`and ${limit} needs to know the day at all`, () => {
      assert.deepEqual(codesOf(withoutDay({ [limit]: '1' }).refusals), ['DAY_UNKNOWN'])
    })
  it('each missing part is said once', () => {
    const limits = defaultsOf('S1')
    const { refusals } = look({ limits, day: { openingEquity: null, highEquity: null, held: null, trail: null } })
    assert.deepEqual(codesOf(refusals), ['DAY_UNKNOWN', 'DAY_UNKNOWN', 'DAY_UNKNOWN', 'DAY_UNKNOWN'])
  })
  it('is no matter where nothing needs it', () => {
    const needless = {
      maxOrderNotional: '100000',
      maxPositionNotional: '100000',
      maxOrderQty: '500',
      collarBps: '300',
      buyingPowerBuffer: '0.05',
      maxRejects: '3',
      maxLosers: '3',
    }
    assert.deepEqual(codesOf(withoutDay(needless).refusals), [])
    for (const name of counts)
      assert.deepEqual(
        codesOf(look({ limits: limitedBy({ [name]: '9' }), day: { openingEquity: null, held: null } }).refusals),
        [],
      )
  })
})

describe('what is not known of the daily volume', () => {
  const { days, ...without } = MARKET
  const known = days as NonNullable<typeof days>
  const limits = limitedBy({ maxVolumeShare: '0.01' })
  const of = (market: MarketFacts, change: Change = {}) =>
    codesOf(look({ limits, ...change, facts: { market } }).refusals)
  const aged = (ms: number): MarketFacts => ({ ...MARKET, days: { ...known, at: plusMs(NOW, -ms) } })
  const DAY_MS = 86_400_000

  it('closes the gate where a share of it is a limit, and nowhere else', () => {
    assert.deepEqual(of(without), ['VOLUME_UNKNOWN'])
    assert.deepEqual(of({ ...MARKET, days: { ...known, avgVolume: dec('0'), days: 0 } }), ['VOLUME_UNKNOWN'])
    assert.deepEqual(of(without, { limits: limitedBy() }), [])
    const soft = {
      ...limitedBy(),
      values: { ...limitedBy().values, maxVolumeShare: { hard: null, soft: dec('0.01') } },
    }
    assert.deepEqual(of(without, { limits: soft }), ['VOLUME_UNKNOWN'], 'soft')
  })
  it('and so does what was read more than a day ago', () => {
    assert.deepEqual(of(aged(DAY_MS)), [])
    assert.deepEqual(of(aged(DAY_MS + 1)), ['VOLUME_STALE'])
  })
  it('is no matter of currencies and coins, which have limits of their own', () => {
    const instrument = { ...(MARKET.instrument as Instrument), assetClass: 'fx' as const }
    const market = { ...without, instrument }
    assert.deepEqual(of(market), [])
    assert.deepEqual(of(market, { limits: limitedBy({ maxOrderQtyShares: '1', maxOrderQtyCoins: '1' }) }), [])
    const least = limitedBy({ maxOrderQtyFx: '399' })
    const order: Partial<Proposal> = { form: 'Order', orderQty: qty('400') }
    assert.deepEqual(of(market, { limits: least, proposal: order, policy: { explicitQty: 'not-larger' } }), [
      'QTY_DIFFERS_FROM_SIZE',
      'ORDER_QTY_EXCEEDED',
    ])
  })
})

describe('what is said', () => {
  it('an order that nothing is limited for shows no line of a limit', () => {
    const lines = (checks: readonly { check: string }[]) => checks.map(({ check }) => check)
    assert.deepEqual(lines(look({}).checks), lines(assess(PROPOSAL, FACTS, POLICY, 1, NOW).checks))
  })
  it('every limit that is set has its line, with the numbers', () => {
    const lists = {
      symbols: ['AAPL'],
      restricted: ['GME'],
      assetClasses: ['us_equity'],
      venues: null,
      sessions: null,
      ordTypes: ['Limit'],
      sectors: [],
    } as const
    const { checks, refusals } = look({ limits: { ...defaultsOf('S1'), lists: { ...lists, allowShort: true } } })
    assert.deepEqual(codesOf(refusals), [])
    const label = (check: string) => checks.find((line) => line.check === check)?.label
    assert.equal(label('perMinute'), 'With this order it is 1 message within a minute; 20 may be.')
    assert.equal(
      label('grossExposure'),
      'It costs at most 9937.50 USD; the limit on gross exposure leaves 100000.00 USD.',
    )
    assert.equal(label('dayLoss'), '0.00 USD is lost today; at 5000.00 USD nothing more is opened.')
    assert.equal(label('move'), 'Within ten minutes the market moved 10.6724 bps; 500 bps are accepted.')
    assert.equal(label('symbolAllowed'), 'In stage S1 AAPL is allowed.')
    assert.equal(label('day'), 'What happened on 2026-11-24 so far is known.')
    for (const line of checks) assert.match(line.label, /^[A-Z0-9].*\.$/)
  })
  it('how much of each limit is used, before and by the order', () => {
    const { headroom } = look({
      limits: limitedBy({ maxDayTurnover: '2', maxOrdersPerDay: '200', maxGrossExposure: '0' }),
      day: { turnover: amt('48000.00'), messagesToday: 49 },
      proposal: { form: 'Order', orderQty: qty('400') },
    })
    const of = (name: LimitName) => headroom?.find((one) => one.name === name)
    assert.deepEqual(of('maxDayTurnover'), {
      name: 'maxDayTurnover',
      unit: 'account currency',
      limit: '200000.00',
      before: '48000.00',
      order: '75000.00',
      orderPercent: '37.5',
      afterPercent: '61.5',
    })
    assert.deepEqual(of('maxOrdersPerDay'), {
      name: 'maxOrdersPerDay',
      unit: 'orders',
      limit: '200',
      before: '49',
      order: '1',
      orderPercent: '0.5',
      afterPercent: '25.0',
    })
    assert.deepEqual([of('maxGrossExposure')?.limit, of('maxGrossExposure')?.afterPercent], ['0.00', null])
    assert.deepEqual(
      headroom?.map(({ name }) => name),
      [
        'maxGrossExposure',
        'maxDayTurnover',
        'maxOrderNotional',
        'maxPositionNotional',
        'maxOrdersPerDay',
        'buyingPowerBuffer',
      ],
    )
    assert.equal(of('buyingPowerBuffer')?.limit, '380000.00')
  })
})

describe('a soft limit', () => {
  const soft = (values: { readonly [N in LimitName]?: string }): Limits => {
    const all = limitedBy()
    const with_ = Object.fromEntries(
      LIMIT_NAMES.map((name) => [name, { hard: null, soft: values[name] ? dec(values[name]) : null }]),
    )
    return { ...all, values: with_ as Limits['values'] }
  }
  const SOFT: readonly (readonly [limit: LimitName, at: string, beyond: string, change: Change])[] = [
    ['maxOrderNotional', '75000.00', '74999.99', {}],
    ['maxPositionNotional', '75000.00', '74999.99', {}],
    ['maxSymbolShare', '0.75', '0.7499', {}],
    ['maxGrossExposure', '0.75', '0.7499', {}],
    ['maxNetExposure', '0.75', '0.7499', {}],
    ['maxDayTurnover', '0.75', '0.7499', {}],
    ['maxOrderQty', '400', '399', {}],
    ['maxOrderQtyShares', '400', '399', {}],
    ['maxVolumeShare', '0.008', '0.0079', {}],
    ['maxOrdersPerMinute', '4', '3', { day: { messagesLastMinute: 3 } }],
    ['maxOrdersPerDay', '4', '3', { day: { messagesToday: 3 } }],
    ['maxRepeats', '4', '3', { day: { repeats: 3 } }],
    ['maxOpenPositions', '1', '0', {}],
    ['dayLoss', '0.02', '0.01', { day: { openingEquity: amt('101500') } }],
    ['drawdown', '0.02', '0.01', { day: { highEquity: amt('101500') } }],
    ['maxMoveBps', '11', '10', {}],
    ['collarBps', '1', '0', { proposal: { entryPx: px('187.51') }, quote: { bid: px('187.49'), ask: px('187.51') } }],
    ['buyingPowerBuffer', '0.8125', '0.8126', {}],
  ]
  for (const [limit, at, beyond, change] of SOFT)
    it(`${limit} lets the order pass, and says that it is beyond`, () => {
      const [inside, outside] = [at, beyond].map((value) => look({ ...change, limits: soft({ [limit]: value }) }))
      assert.deepEqual([inside?.refusals, inside?.soft], [[], []])
      assert.deepEqual([outside?.refusals, outside?.soft], [[], [limit]])
      assert.ok(outside?.ticket)
    })
  it('is looked at again before the send', () => {
    const limits = soft({ maxDayTurnover: '1' })
    assert.deepEqual(again({ limits, day: { turnover: amt('25000.00') } }).soft, [])
    const { passed, soft: beyond } = again({ limits, day: { turnover: amt('25000.01') } })
    assert.deepEqual([passed !== null, beyond], [true, ['maxDayTurnover']])
  })
})

describe('a stage', () => {
  const pilot = { ...defaultsOf('S2'), lists: { ...defaultsOf('S2').lists, symbols: ['AAPL'] } }
  it('holds the pilot to its limits', () => {
    assert.deepEqual(
      [look({ limits: pilot }).ticket?.maxNotional, look({ limits: pilot }).sizing?.binding],
      ['375.00', 'order'],
    )
    assert.deepEqual(codesOf(look({ limits: defaultsOf('S2') }).refusals), ['SYMBOL_NOT_ALLOWED'])
    assert.deepEqual(codesOf(look({ limits: pilot, proposal: { ordType: 'Market' } }).refusals), [
      'ORD_TYPE_NOT_ALLOWED',
    ])
    assert.deepEqual(codesOf(look({ limits: pilot, proposal: sale }).refusals), ['SHORT_OFF_BY_POLICY'])
  })
  it('where policy and limits speak of the same thing, the stricter holds', () => {
    const loose = {
      ...POLICY,
      maxOrderNotional: amt('1'),
      maxPositionNotional: amt('2'),
      collarBps: 3,
      buyingPowerBuffer: dec('0.5'),
      allowShort: false,
    }
    assert.deepEqual(effective(loose, limitedBy()), { ...loose, limits: limitedBy() })
    const limits = defaultsOf('S2')
    assert.deepEqual(effective(loose, limits), { ...loose, limits })
    assert.deepEqual(effective({ ...POLICY, collarBps: 5000, buyingPowerBuffer: dec('0') }, limits), {
      ...POLICY,
      limits,
      maxOrderNotional: '500',
      maxPositionNotional: '1250',
      collarBps: 300,
      buyingPowerBuffer: '0.05',
      allowShort: false,
    })
  })
})

it('two that each fit are counted as soon as they are sent', () => {
  const limits = limitedBy({ maxGrossExposure: '1.4', maxOpenPositions: '1' })
  const sent: Order = {
    ...RESTING,
    intentID: 'jax-041' as IntentID,
    clOrdID: 'jx-0041' as ClOrdID,
    terms: { ...TICKET.terms, symbol: 'MSFT' },
    maxNotional: TICKET.maxNotional,
    delivery: 'Sending',
    phase: 'PendingNew',
    updatedAt: NOW,
  }
  assert.ok(again({ limits }).passed)
  assert.deepEqual(codesOf(again({ limits, facts: { inFlight: [sent] } }).refusals), [
    'OPEN_POSITIONS_EXCEEDED',
    'GROSS_EXPOSURE_EXCEEDED',
  ])
})
