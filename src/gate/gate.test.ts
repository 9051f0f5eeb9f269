import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HALT } from '../orders/example.ts'
import type { Instrument } from '../orders/instrument.ts'
import type { Order } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Stage } from '../orders/stage.ts'
import type { Terms } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { type Instant, instant, plusMs } from '../values/instant.ts'
import { AAPL, ACCOUNT, FACTS, MARKET, NOW, POLICY, PROPOSAL, RESTING, UNCOSTED } from './example.ts'
import type { AccountFact, Facts, MarketFacts, Quote } from './facts.ts'
import { assess, driftOf, passExit, recheck } from './gate.ts'
import { LIMITS, LISTS } from './limits.ts'
import type { Policy } from './policy.ts'
import { CODES, type RefusalCode } from './refusal.ts'

/** What one row changes of the example that passes. */
type Change = {
  proposal?: Partial<Proposal>
  instrument?: Partial<Instrument> | null
  quote?: Partial<Quote> | null
  market?: Partial<MarketFacts>
  account?: Partial<AccountFact>
  accountAt?: Instant
  facts?: Partial<Facts>
  policy?: Partial<Policy>
}
function world(change: Change): { proposal: Proposal; facts: Facts; policy: Policy } {
  const account: AccountFact = {
    ...ACCOUNT,
    ...(change.accountAt === undefined ? {} : { at: change.accountAt }),
    ...change.account,
  }
  const market: MarketFacts = {
    ...MARKET,
    instrument: change.instrument === null ? null : { ...AAPL, ...change.instrument },
    quote: change.quote === null ? null : { ...(MARKET.quote as Quote), ...change.quote },
    ...change.market,
  }
  return {
    proposal: { ...PROPOSAL, ...change.proposal },
    facts: { ...FACTS, market, account: { account, positions: [], at: account.at }, ...change.facts },
    policy: { ...POLICY, ...change.policy },
  }
}
const codesOf = (refusals: readonly { code: RefusalCode }[]): RefusalCode[] => refusals.map(({ code }) => code)

const held = (netQty: string): Partial<Facts> => ({
  bookQty: dec(netQty),
  account: { account: ACCOUNT, positions: [{ symbol: 'AAPL', netQty: dec(netQty) }], at: ACCOUNT.at },
})
const ago = (ms: number): Instant => plusMs(NOW, -ms)
const microLater = (at: Instant): Instant => instant(at + 1)
const microEarlier = (at: Instant): Instant => instant(at - 1)
const order = (patch: Partial<Order>, terms: Partial<Terms> = {}): Order => ({
  ...RESTING,
  ...patch,
  terms: { ...RESTING.terms, ...terms },
})
const uncosted = (patch: Partial<Order>, terms: Partial<Terms>): Order => ({
  ...UNCOSTED,
  ...patch,
  terms: { ...UNCOSTED.terms, ...terms },
})
const sell: Partial<Proposal> = { side: 'Sell', stopPx: px('190.00'), targetPx: px('182.50') }
const explicit = (orderQty: string | null): Partial<Proposal> => ({
  form: 'Order',
  orderQty: orderQty === null ? null : qty(orderQty),
})
const market: Partial<Proposal> = { ordType: 'Market' }
/** How it traded on the last day that is over, the low of today, and the close before both. */
const fallen = (last: { low: string; close: string }, today = last.low, before = last.close): Partial<Facts> => ({
  market: {
    ...MARKET,
    days: {
      ...(MARKET.days as NonNullable<typeof MARKET.days>),
      last: { low: px(last.low), close: px(last.close) },
      before: { low: px(before), close: px(before) },
      today: { low: px(today), close: px(today) },
    },
  },
})
const live = (stage: Stage, buildFault: string | null): Change => ({
  policy: { environment: 'live' },
  account: { account: 'live:sim:main' as AccountID },
  facts: { rollout: { stage, buildFault } },
})
const STOP_OF_A_LONG = order(
  { role: 'Stop' },
  { side: 'Sell', ordType: 'Stop', price: null, stopPx: px('180.00'), reduceOnly: true },
)
const against = (role: Order['role'], terms: Partial<Terms>, proposal: Partial<Proposal> = {}): Change => ({
  proposal,
  facts: { inFlight: [order({ role, reduceOnly: true } as Partial<Order>, { side: 'Sell', price: null, ...terms })] },
})
const covers = (role: Order['role'], terms: Partial<Terms>): Change => ({
  proposal: sell,
  facts: { inFlight: [order({ role }, { side: 'Buy', price: null, reduceOnly: true, ...terms })] },
})
const fifo = (orderQty: string): Change => ({
  facts: {
    supported: { ...FACTS.supported, offsetting: 'fifo' },
    inFlight: [
      order(
        { role: 'Stop' },
        { side: 'Sell', ordType: 'Stop', price: null, stopPx: px('180'), orderQty: qty(orderQty) },
      ),
    ],
  },
})
const reviewed = (days: number): Change => {
  const change = live('S2', null)
  return { ...change, facts: { ...change.facts, unreviewedSince: ago(days * 86_400_000) } }
}
const named = (change: Change): Change => ({
  ...change,
  facts: { ...change.facts, proposedBy: 'agent' },
  proposal: { model: { name: 'jax-large', version: '2026-11-02' }, artifactID: 'run-4711' },
})
const jpy: Change = { instrument: { currency: 'JPY' }, market: { conversion: { rate: dec('0.0066'), at: ago(0) } } }

/** As a broker takes crypto: no plain stop, no day, nothing that travels with the entry, nothing sold short, and a least value. */
const crypto = (change: Change = {}): Change => ({
  ...change,
  instrument: {
    assetClass: 'crypto',
    lot: qty('0.000000001'),
    minQty: qty('0.000000001'),
    minNotional: amt('10'),
    shortable: false,
    ...change.instrument,
  },
  facts: {
    supported: {
      ordTypes: ['Market', 'Limit', 'StopLimit'],
      timeInForce: ['GTC', 'IOC'],
      assetClasses: ['us_equity', 'crypto'],
      bracket: false,
      oneCancelsOther: false,
    },
    ...change.facts,
  },
})
const takes = (supported: Partial<Facts['supported']>): Change => ({
  facts: { supported: { ...FACTS.supported, ...supported } },
})

type Row = readonly [name: string, change: Change, codes: readonly RefusalCode[]]

const ASSESSED: readonly Row[] = [
  ['the example passes', {}, []],
  ['a sale passes', { proposal: sell }, []],
  ['a market order passes', { proposal: market }, []],
  ['without a target it passes', { proposal: { targetPx: null } }, []],

  // may anything go?
  ['halted', { facts: { halt: HALT } }, ['TRADING_HALTED']],
  ['frozen', { facts: { freeze: { symbol: 'AAPL', reason: 'odd fill', since: NOW } } }, ['INSTRUMENT_FROZEN']],
  [
    'a live account under paper rules',
    { account: { account: 'live:sim:main' as AccountID } },
    ['ENVIRONMENT_MISMATCH'],
  ],
  ['another broker', { account: { account: 'paper:alpaca:main' as AccountID } }, ['ENVIRONMENT_MISMATCH']],
  [
    'a broker whose name only begins alike',
    { account: { account: 'paper:sim2:main' as AccountID } },
    ['ENVIRONMENT_MISMATCH'],
  ],
  ['at paper, on paper', { facts: { rollout: { stage: 'S1', buildFault: 'another build' } } }, []],
  ['in the shadow, at the built-in broker', { facts: { rollout: { stage: 'S0', buildFault: null } } }, []],
  [
    'in the shadow, at a broker',
    {
      policy: { broker: 'alpaca' },
      account: { account: 'paper:alpaca:main' as AccountID },
      facts: { rollout: { stage: 'S0', buildFault: null } },
    },
    ['STAGE_FORBIDS'],
  ],
  ['live, by an agent that says what decided it', { ...named(live('S2', null)) }, []],
  [
    'live, by an agent that names no model',
    { ...named(live('S2', null)), proposal: { artifactID: 'run-1' } },
    ['DECISION_MAKER_MISSING'],
  ],
  [
    'live, by an agent that names no run',
    { ...named(live('S2', null)), proposal: { model: { name: 'jax', version: '1' }, artifactID: ' ' } },
    ['DECISION_MAKER_MISSING'],
  ],
  ['on paper, by an agent that names nothing', { facts: { proposedBy: 'agent' } }, []],
  [
    'on paper that asks for it, by an agent that names nothing',
    { facts: { proposedBy: 'agent' }, policy: { namedModel: 'always' } },
    ['DECISION_MAKER_MISSING'],
  ],
  ['on paper that asks for it, by a person', { facts: { proposedBy: 'person' }, policy: { namedModel: 'always' } }, []],
  ['live, 400 days after the last review', reviewed(400), []],
  ['live, more than 400 days after the last review', reviewed(401), ['REVIEW_OVERDUE']],
  // our own exits on the other side
  ['a target of ours at its price', against('Target', { price: px('187.50') }), ['WOULD_MEET_OWN_EXIT']],
  ['a target of ours a cent beyond', against('Target', { price: px('187.51') }), []],
  ['a target of ours, to a market order', against('Target', { price: px('187.51') }, market), ['WOULD_MEET_OWN_EXIT']],
  ['an exit at any price', against('Exit', { ordType: 'Market' }), ['WOULD_MEET_OWN_EXIT']],
  ['a stop of ours at its price', against('Stop', { ordType: 'Stop', stopPx: px('187.50') }), ['WOULD_MEET_OWN_EXIT']],
  ['a stop of ours below it', against('Stop', { ordType: 'Stop', stopPx: px('187.49') }), []],
  ['a stop of ours, to a market order', against('Stop', { ordType: 'Stop', stopPx: px('187.50') }, market), []],
  ['to a sale, a target of ours at its price', covers('Target', { price: px('187.50') }), ['WOULD_MEET_OWN_EXIT']],
  ['to a sale, a target of ours a cent beyond', covers('Target', { price: px('187.49') }), []],
  [
    'to a sale, a stop of ours at its price',
    covers('Stop', { ordType: 'Stop', stopPx: px('187.50') }),
    ['WOULD_MEET_OWN_EXIT'],
  ],
  ['to a sale, a stop of ours above it', covers('Stop', { ordType: 'Stop', stopPx: px('187.51') }), []],
  ['a target of ours in another symbol', against('Target', { symbol: 'MSFT', price: px('187.50') }), []],

  // the money of an account without margin, and margin that is not met
  ['all that has settled', { account: { settledCash: amt('75000.00') } }, []],
  ['a cent more than has settled', { account: { settledCash: amt('74999.99') } }, ['SETTLED_CASH_EXCEEDED']],
  [
    'what has settled and is spoken for',
    { account: { settledCash: amt('93749.99') }, facts: { inFlight: [order({}, { symbol: 'MSFT' })] } },
    ['SETTLED_CASH_EXCEEDED'],
  ],
  [
    'what has settled beside what is spoken for',
    { account: { settledCash: amt('93750.00') }, facts: { inFlight: [order({}, { symbol: 'MSFT' })] } },
    [],
  ],
  ['one deficit', { account: { intradayDeficits: 1 } }, []],
  [
    'currencies half a percent away',
    { instrument: { assetClass: 'fx' }, proposal: { entryPx: px('186.56'), stopPx: px('184.06') } },
    ['PRICE_OUTSIDE_COLLAR'],
  ],
  ['two deficits', { account: { intradayDeficits: 2 } }, ['INTRADAY_DEFICITS']],

  // where it is traded, and whether it is just now
  ['listed on an exchange', { instrument: { venue: 'NASDAQ' } }, []],
  ['over the counter, by another name', { instrument: { venue: 'OTCBB' } }, ['VENUE_NOT_ALLOWED']],
  ['over the counter, on pink sheets', { instrument: { venue: 'PINK' } }, ['VENUE_NOT_ALLOWED']],
  ['over the counter', { instrument: { venue: 'otc' } }, ['VENUE_NOT_ALLOWED']],
  [
    'halted while its market is open',
    { market: { session: { open: true, nextOpenAt: null, at: NOW, halted: true } } },
    ['SYMBOL_HALTED'],
  ],
  ['not halted', { market: { session: { open: true, nextOpenAt: null, at: NOW, halted: false } } }, []],
  ['back since five minutes', { market: { resumedAt: ago(300_000) } }, []],
  ['back since less than that', { market: { resumedAt: ago(299_999) } }, ['SYMBOL_RESUMED']],

  // a broker that offsets the oldest trade first
  ['a size that nothing else has', fifo('399'), []],
  ['a size that another trade has', fifo('400'), ['FIFO_SIZE_TAKEN']],
  [
    'the size of what is held',
    { facts: { ...held('400'), supported: { ...FACTS.supported, offsetting: 'fifo' } } },
    ['FIFO_SIZE_TAKEN'],
  ],
  [
    'the other side of what is held, where the oldest trade is offset first',
    { proposal: sell, facts: { ...held('100'), supported: { ...FACTS.supported, offsetting: 'fifo' } } },
    ['OPPOSITE_POSITION'],
  ],

  ['live, at the pilot', live('S2', null), []],
  ['live, below the pilot', live('S1', null), ['STAGE_FORBIDS']],
  ['live, by a build that nobody agreed to', live('S4', 'Nobody has agreed to it.'), ['BUILD_NOT_AGREED']],

  // the intent itself
  ['hold', { proposal: { side: 'Hold' } }, ['SIGNAL_IS_HOLD']],
  ['entry zero', { proposal: { entryPx: px('0') } }, ['NUMBER_OUT_OF_RANGE', 'STOP_ON_WRONG_SIDE']],
  ['entry negative', { proposal: { entryPx: px('-187.50') } }, ['NUMBER_OUT_OF_RANGE', 'STOP_ON_WRONG_SIDE']],
  ['stop zero', { proposal: { stopPx: px('0') } }, ['NUMBER_OUT_OF_RANGE']],
  ['stop negative', { proposal: { stopPx: px('-1') } }, ['NUMBER_OUT_OF_RANGE']],
  ['target beyond anything', { proposal: { targetPx: px('1000000000.01') } }, ['NUMBER_OUT_OF_RANGE']],
  ['target at the edge', { proposal: { targetPx: px('1000000000') } }, []],
  ['quantity beyond anything', { proposal: explicit('1000000000001') }, ['NUMBER_OUT_OF_RANGE']],
  ['quantity zero', { proposal: explicit('0') }, ['NUMBER_OUT_OF_RANGE', 'QTY_BELOW_MINIMUM']],
  ['quantity negative', { proposal: explicit('-400') }, ['NUMBER_OUT_OF_RANGE', 'QTY_BELOW_MINIMUM']],
  ['confidence 1', { proposal: { confidence: dec('1') } }, []],
  ['confidence 0', { proposal: { confidence: dec('0') } }, []],
  ['confidence above 1', { proposal: { confidence: dec('1.01') } }, ['NUMBER_OUT_OF_RANGE']],
  ['confidence below 0', { proposal: { confidence: dec('-0.01') } }, ['NUMBER_OUT_OF_RANGE']],
  ['confidence unknown', { proposal: { confidence: null } }, []],
  ['expires now', { proposal: { expiresAt: NOW } }, ['SIGNAL_EXPIRED']],
  ['expires in a microsecond', { proposal: { expiresAt: microLater(NOW) } }, []],
  [
    'expires as it is generated',
    { proposal: { generatedAt: ago(5000), expiresAt: ago(5000) } },
    ['EXPIRY_NOT_AFTER_GENERATED', 'SIGNAL_EXPIRED'],
  ],
  ['generated 2 s ahead', { proposal: { generatedAt: ago(-2000) } }, []],
  ['generated more than 2 s ahead', { proposal: { generatedAt: microLater(ago(-2000)) } }, ['CLOCK_DISAGREES']],
  [
    'a twin came before',
    { facts: { twins: [{ intentID: 'jax-041', receivedAt: ago(20_000) }] } },
    ['DUPLICATE_INTENT'],
  ],
  ['it is no twin of itself', { facts: { twins: [{ intentID: PROPOSAL.intentID, receivedAt: ago(20_000) }] } }, []],
  ['buy with the stop at the entry', { proposal: { stopPx: px('187.50') } }, ['STOP_ON_WRONG_SIDE']],
  ['buy with the stop above', { proposal: { stopPx: px('190.00') } }, ['STOP_ON_WRONG_SIDE']],
  ['sell with the stop below', { proposal: { ...sell, stopPx: px('185.00') } }, ['STOP_ON_WRONG_SIDE']],
  ['buy with the target at the entry', { proposal: { targetPx: px('187.50') } }, ['TARGET_ON_WRONG_SIDE']],
  ['sell with the target above', { proposal: { ...sell, targetPx: px('187.51') } }, ['TARGET_ON_WRONG_SIDE']],
  [
    'both on the wrong side',
    { proposal: { stopPx: px('190'), targetPx: px('180') } },
    ['STOP_ON_WRONG_SIDE', 'TARGET_ON_WRONG_SIDE'],
  ],

  // the instrument: what is missing is said once
  ['nothing known of the symbol', { facts: { market: null } }, ['MARKET_MISSING']],
  ['no rules', { instrument: null }, ['INSTRUMENT_MISSING']],
  ['no ticks', { instrument: { ticks: [] } }, ['INSTRUMENT_INVALID']],
  ['tick zero', { instrument: { ticks: [{ from: px('0'), tick: px('0') }] } }, ['INSTRUMENT_INVALID']],
  [
    'bands out of order',
    {
      instrument: {
        ticks: [
          { from: px('1'), tick: px('0.01') },
          { from: px('1'), tick: px('0.05') },
        ],
      },
    },
    ['INSTRUMENT_INVALID'],
  ],
  ['lot zero', { instrument: { lot: qty('0') } }, ['INSTRUMENT_INVALID']],
  ['minimum negative', { instrument: { minQty: qty('-1') } }, ['INSTRUMENT_INVALID']],
  ['smallest value negative', { instrument: { minNotional: amt('-1') } }, ['INSTRUMENT_INVALID']],
  ['maximum below minimum', { instrument: { minQty: qty('10'), maxQty: qty('9') } }, ['INSTRUMENT_INVALID']],
  ['not tradable', { instrument: { tradable: false } }, ['NOT_TRADABLE']],
  ['asset class not taken', { instrument: { assetClass: 'crypto' } }, ['ASSET_CLASS_UNSUPPORTED']],
  [
    'order type not taken',
    { proposal: market, facts: { supported: { ...FACTS.supported, ordTypes: ['Limit'] } } },
    ['ORD_TYPE_UNSUPPORTED'],
  ],
  ['time in force not taken', { proposal: { ...explicit('400'), timeInForce: 'FOK' } }, ['TIME_IN_FORCE_UNSUPPORTED']],
  ['a signal is sent as the broker takes it', { proposal: { timeInForce: 'FOK' } }, []],
  ['no time in force is taken', takes({ timeInForce: [] }), ['TIME_IN_FORCE_UNSUPPORTED']],
  ['no order type is taken', takes({ ordTypes: [] }), ['ORD_TYPE_UNSUPPORTED', 'ORD_TYPE_UNSUPPORTED']],
  ['what cannot be protected is not bought', takes({ ordTypes: ['Limit', 'Market'] }), ['ORD_TYPE_UNSUPPORTED']],
  ['unless the broker protects it', takes({ ordTypes: ['Limit', 'Market'], bracket: true }), []],

  // crypto
  ['crypto passes', crypto(), []],
  ['crypto good for the day', crypto({ proposal: explicit('400') }), ['TIME_IN_FORCE_UNSUPPORTED']],
  ['crypto good till canceled', crypto({ proposal: { ...explicit('400'), timeInForce: 'GTC' } }), []],
  ['crypto that nobody holds is not sold', crypto({ proposal: sell }), ['NOT_SHORTABLE']],
  [
    'crypto that is held is closed, not sold by a signal',
    crypto({ proposal: sell, facts: held('5') }),
    ['OPPOSITE_POSITION'],
  ],

  // the market
  ['session unknown', { market: { session: null } }, ['SESSION_MISSING']],
  ['session 30 s old', { market: { session: { open: true, nextOpenAt: null, at: ago(30_000) } } }, []],
  [
    'session older than 30 s',
    { market: { session: { open: true, nextOpenAt: null, at: microEarlier(ago(30_000)) } } },
    ['SESSION_STALE'],
  ],
  ['closed', { market: { session: { open: false, nextOpenAt: ago(-60_000), at: NOW } } }, ['MARKET_CLOSED']],
  ['no quote', { quote: null }, ['QUOTE_MISSING']],
  ['quote 5 s old', { quote: { at: ago(5000) } }, []],
  ['quote older than 5 s', { quote: { at: microEarlier(ago(5000)) } }, ['QUOTE_STALE']],
  ['quote 2 s ahead', { quote: { at: ago(-2000) } }, []],
  ['quote more than 2 s ahead', { quote: { at: microLater(ago(-2000)) } }, ['CLOCK_DISAGREES']],
  ['bid zero', { quote: { bid: px('0.00') } }, ['QUOTE_NOT_POSITIVE']],
  ['ask negative', { quote: { bid: px('-2'), ask: px('-1') } }, ['QUOTE_NOT_POSITIVE']],
  ['crossed', { quote: { bid: px('187.52') } }, ['QUOTE_CROSSED']],
  ['locked', { quote: { bid: px('187.50'), ask: px('187.50') } }, []],
  ['yen without a rate', { instrument: { currency: 'JPY' } }, ['CONVERSION_MISSING']],
  ['yen with a rate', jpy, []],
  ['rate 30 s old', { ...jpy, market: { conversion: { rate: dec('0.0066'), at: ago(30_000) } } }, []],
  [
    'rate older than 30 s',
    { ...jpy, market: { conversion: { rate: dec('0.0066'), at: microEarlier(ago(30_000)) } } },
    ['CONVERSION_STALE'],
  ],
  ['rate zero', { ...jpy, market: { conversion: { rate: dec('0'), at: NOW } } }, ['CONVERSION_INVALID']],
  [
    'a rate between dollars and dollars is not looked at',
    { market: { conversion: { rate: dec('0'), at: ago(9e9) } } },
    [],
  ],

  // the account
  ['no account', { facts: { account: null } }, ['ACCOUNT_MISSING']],
  ['account 30 s old', { accountAt: ago(30_000) }, []],
  ['account older than 30 s', { accountAt: microEarlier(ago(30_000)) }, ['ACCOUNT_STALE']],
  [
    'its positions older than 30 s',
    { facts: { account: { account: ACCOUNT, positions: [], at: microEarlier(ago(30_000)) } } },
    ['ACCOUNT_STALE'],
  ],
  ['account more than 2 s ahead', { accountAt: microLater(ago(-2000)) }, ['CLOCK_DISAGREES']],
  ['restricted', { account: { status: 'Restricted' } }, ['ACCOUNT_NOT_ACTIVE']],
  ['blocked', { account: { status: 'Blocked' } }, ['ACCOUNT_NOT_ACTIVE']],
  ['equity zero', { account: { equity: amt('0') } }, ['EQUITY_NOT_POSITIVE']],
  ['equity negative', { account: { equity: amt('-0.01') } }, ['EQUITY_NOT_POSITIVE']],
  ['book and broker agree on a position', { facts: held('100') }, []],
  ['book knows a fill the broker does not', { facts: { bookQty: dec('100') } }, ['POSITION_MISMATCH']],
  ['broker holds what the book does not', { facts: { ...held('100'), bookQty: dec('0') } }, ['POSITION_MISMATCH']],
  [
    'a fee in kind that was less than estimated',
    { facts: { ...held('100'), bookQty: dec('99.75'), feeQty: dec('0.25') } },
    [],
  ],
  [
    'more than any fee explains',
    { facts: { ...held('100'), bookQty: dec('99.749'), feeQty: dec('0.25') } },
    ['POSITION_MISMATCH'],
  ],
  [
    'less than was left after the worst fee',
    { facts: { ...held('100'), bookQty: dec('100.001'), feeQty: dec('0.25') } },
    ['POSITION_MISMATCH'],
  ],
  [
    'a tiny difference is a difference',
    { facts: { ...held('100'), bookQty: dec('100.000000001') } },
    ['POSITION_MISMATCH'],
  ],
  [
    'a position listed twice',
    {
      facts: {
        account: {
          account: ACCOUNT,
          positions: [
            { symbol: 'AAPL', netQty: dec('0') },
            { symbol: 'AAPL', netQty: dec('0') },
          ],
          at: NOW,
        },
      },
    },
    ['POSITION_UNKNOWN'],
  ],
  [
    'other symbols are no matter',
    { facts: { account: { account: ACCOUNT, positions: [{ symbol: 'MSFT', netQty: dec('-7') }], at: NOW } } },
    [],
  ],
  ['sell while long', { proposal: sell, facts: held('100') }, ['OPPOSITE_POSITION']],
  ['buy while short', { facts: held('-100') }, ['OPPOSITE_POSITION']],
  ['sell while short adds', { proposal: sell, facts: held('-100') }, []],
  ['sell while a buy rests', { proposal: sell, facts: { inFlight: [RESTING] } }, ['OPPOSITE_ORDER']],
  [
    'sell while a buy is in doubt',
    { proposal: sell, facts: { inFlight: [order({ delivery: 'InDoubt', phase: 'PendingNew' })] } },
    ['OPPOSITE_ORDER'],
  ],
  ['sell after that buy was canceled', { proposal: sell, facts: { inFlight: [order({ phase: 'Canceled' })] } }, []],
  ['buy while the stop of a long rests', { facts: { ...held('100'), inFlight: [STOP_OF_A_LONG] } }, []],
  ['short not wanted', { proposal: sell, policy: { allowShort: false } }, ['SHORT_OFF_BY_POLICY']],
  ['short not allowed', { proposal: sell, account: { shortingAllowed: false } }, ['SHORT_OFF_FOR_ACCOUNT']],
  ['not shortable', { proposal: sell, instrument: { shortable: false } }, ['NOT_SHORTABLE']],
  [
    'all three',
    {
      proposal: sell,
      policy: { allowShort: false },
      account: { shortingAllowed: false },
      instrument: { shortable: false },
    },
    ['SHORT_OFF_BY_POLICY', 'SHORT_OFF_FOR_ACCOUNT', 'NOT_SHORTABLE'],
  ],
  ...(
    [
      // 187.50 is asked for, at a bid of 187.49.
      ['fell by less than a tenth', fallen({ low: '187.49', close: '208.32' }), []],
      ['of now fell by a tenth, at a limit above the bid', fallen({ low: '200', close: '208.33' }), []],
      ['fell by a tenth today', fallen({ low: '200', close: '200' }, '180.00'), []],
    ] as const
  ).map(([name, facts, codes]): Row => [`short of what ${name}`, { proposal: sell, facts }, codes]),
  ...(
    [
      ['of now fell by a tenth', fallen({ low: '200', close: '208.33' }), ['SHORT_PRICE_TEST']],
      ['of now fell by a cent less', fallen({ low: '200', close: '208.32' }), []],
      ['fell by a tenth today, and came back', fallen({ low: '200', close: '200' }, '180.00'), ['SHORT_PRICE_TEST']],
      ['fell by a cent less today', fallen({ low: '200', close: '200' }, '180.01'), []],
      ['fell by a tenth yesterday', fallen({ low: '180.00', close: '190' }, '190', '200'), ['SHORT_PRICE_TEST']],
      ['fell by a cent less yesterday', fallen({ low: '180.01', close: '190' }, '190', '200'), []],
      ['nobody knows', { market: { ...MARKET, days: undefined as never } }, ['SHORT_PRICES_UNKNOWN']],
    ] as const
  ).map(
    ([name, facts, codes]): Row => [
      `short at the bid of what ${name}`,
      { proposal: { ...sell, entryPx: px('187.49') }, facts },
      codes,
    ],
  ),
  ['a buy of what fell by a tenth', { facts: fallen({ low: '200', close: '208.34' }) }, []],
  [
    'short at the market of what fell by a tenth',
    { proposal: { ...sell, ordType: 'Market' }, facts: fallen({ low: '200', close: '208.34' }) },
    ['SHORT_PRICE_TEST'],
  ],
  [
    'a buy needs none of the three',
    { policy: { allowShort: false }, account: { shortingAllowed: false }, instrument: { shortable: false } },
    [],
  ],
  [
    'an open order of another symbol, worth unknown',
    { facts: { inFlight: [uncosted({}, { symbol: 'MSFT' })] } },
    ['IN_FLIGHT_UNVALUED'],
  ],
  ['the same once it is closed', { facts: { inFlight: [uncosted({ phase: 'Canceled' }, { symbol: 'MSFT' })] } }, []],
  [
    'an exit of another symbol costs nothing',
    { facts: { inFlight: [uncosted({ role: 'Exit' }, { symbol: 'MSFT', reduceOnly: true })] } },
    [],
  ],

  // the prices
  [
    'below every band',
    { instrument: { ticks: [{ from: px('200'), tick: px('0.01') }] } },
    ['TICK_MISSING', 'TICK_MISSING', 'TICK_MISSING'],
  ],
  ['a stop that rounds to nothing', { proposal: { stopPx: px('0.00009') } }, ['PRICE_BELOW_TICK']],
  ['stop one tick away', { proposal: { stopPx: px('187.49') }, quote: { bid: px('187.50'), ask: px('187.50') } }, []],
  ['stop less than a tick away', { proposal: { entryPx: px('187.504'), stopPx: px('187.501') } }, ['STOP_TOO_CLOSE']],
  [
    'stop less than a tick away, in two ticks',
    { proposal: { entryPx: px('187.502'), stopPx: px('187.498') } },
    ['STOP_TOO_CLOSE'],
  ],
  ['bid at the stop', { proposal: { entryPx: px('188'), stopPx: px('187.49') } }, ['STOP_REACHED']],
  ['bid a cent above the stop', { proposal: { entryPx: px('188'), stopPx: px('187.48') } }, []],
  ['ask at the stop of a sale', { proposal: { ...sell, entryPx: px('187'), stopPx: px('187.51') } }, ['STOP_REACHED']],
  [
    'ask at the target of a market order',
    { proposal: { ...market, entryPx: px('187.45'), targetPx: px('187.51') } },
    ['TARGET_REACHED'],
  ],
  ['ask at the target of a limit order', { proposal: { entryPx: px('187.45'), targetPx: px('187.51') } }, []],
  [
    'bid at the target of a market sale',
    { proposal: { ...sell, ...market, entryPx: px('187.55'), targetPx: px('187.49') } },
    ['TARGET_REACHED'],
  ],
  [
    '300 bps below the market',
    {
      proposal: { entryPx: px('194.00'), stopPx: px('193'), targetPx: null },
      quote: { bid: px('200'), ask: px('200') },
    },
    [],
  ],
  [
    'a cent further below',
    {
      proposal: { entryPx: px('193.99'), stopPx: px('193'), targetPx: null },
      quote: { bid: px('200'), ask: px('200') },
    },
    ['PRICE_OUTSIDE_COLLAR'],
  ],
  [
    '300 bps above the market',
    { proposal: { entryPx: px('206.00'), targetPx: px('207') }, quote: { bid: px('200'), ask: px('200') } },
    [],
  ],
  [
    'a cent further above',
    { proposal: { entryPx: px('206.01'), targetPx: px('207') }, quote: { bid: px('200'), ask: px('200') } },
    ['PRICE_OUTSIDE_COLLAR'],
  ],
  [
    'a misplaced point',
    { proposal: { entryPx: px('18.75'), stopPx: px('18.5'), targetPx: px('19') } },
    ['PRICE_OUTSIDE_COLLAR'],
  ],
  [
    'a market order into a stub quote',
    { proposal: { ...market, stopPx: px('100'), targetPx: null }, quote: { bid: px('175'), ask: px('200') } },
    ['PRICE_OUTSIDE_COLLAR'],
  ],

  // the size
  [
    'a strategy that is sized by a range, and a signal without one',
    { facts: { model: { kind: 'volatility', share: dec('0.01'), ranges: dec('2') } } },
    ['RANGE_MISSING'],
  ],
  ['an order without a quantity', { proposal: explicit(null) }, ['QTY_MISSING']],
  ['a signal with a quantity', { proposal: { orderQty: qty('400') } }, ['QTY_UNEXPECTED']],
  ['exactly the size', { proposal: explicit('400') }, []],
  ['exactly the size, spelled longer', { proposal: explicit('400.000') }, []],
  ['one less, exact', { proposal: explicit('399') }, ['QTY_DIFFERS_FROM_SIZE']],
  ['one more, exact', { proposal: explicit('401') }, ['QTY_DIFFERS_FROM_SIZE']],
  ['one less, not larger', { proposal: explicit('399'), policy: { explicitQty: 'not-larger' } }, []],
  [
    'one more, not larger',
    { proposal: explicit('401'), policy: { explicitQty: 'not-larger' } },
    ['QTY_DIFFERS_FROM_SIZE'],
  ],
  ['part of a lot', { proposal: explicit('399.5'), policy: { explicitQty: 'not-larger' } }, ['QTY_NOT_LOT_MULTIPLE']],
  [
    'below the minimum',
    { proposal: explicit('4'), instrument: { minQty: qty('5') }, policy: { explicitQty: 'not-larger' } },
    ['QTY_BELOW_MINIMUM'],
  ],
  [
    'at the minimum',
    { proposal: explicit('5'), instrument: { minQty: qty('5') }, policy: { explicitQty: 'not-larger' } },
    [],
  ],
  [
    'above the maximum',
    { proposal: explicit('301'), instrument: { maxQty: qty('300') } },
    ['QTY_DIFFERS_FROM_SIZE', 'QTY_ABOVE_MAXIMUM'],
  ],
  ['a signal is cut to the maximum', { instrument: { maxQty: qty('300') } }, []],
  ['risk for 400, minimum 400', { instrument: { minQty: qty('400') } }, []],
  ['risk for 400, minimum 401', { instrument: { minQty: qty('401') } }, ['SIZE_BELOW_MINIMUM']],
  ['risk for less than one share', { account: { equity: amt('249.99') } }, ['SIZE_BELOW_MINIMUM']],
  ['risk for exactly one share', { account: { equity: amt('250.00') } }, []],
  [
    'the minimum may be nothing; the order may not',
    { account: { equity: amt('249.99') }, instrument: { minQty: qty('0') } },
    ['SIZE_BELOW_MINIMUM'],
  ],

  // the limits: what fits to the cent, and what does not by a cent
  ['order limit for one share', { policy: { maxOrderNotional: amt('187.50') } }, []],
  ['a cent less', { policy: { maxOrderNotional: amt('187.49') } }, ['SIZE_BELOW_MINIMUM', 'ORDER_NOTIONAL_EXCEEDED']],
  ['explicit at the order limit', { proposal: explicit('400'), policy: { maxOrderNotional: amt('75000.00') } }, []],
  [
    'explicit a cent above it',
    { proposal: explicit('400'), policy: { maxOrderNotional: amt('74999.99') } },
    ['QTY_DIFFERS_FROM_SIZE', 'ORDER_NOTIONAL_EXCEEDED'],
  ],
  ['stage limit for one share', { policy: { stageMaxNotional: amt('187.50') } }, []],
  [
    'stage a cent less',
    { policy: { stageMaxNotional: amt('187.49') } },
    ['SIZE_BELOW_MINIMUM', 'STAGE_NOTIONAL_EXCEEDED'],
  ],
  ['stage zero', { policy: { stageMaxNotional: amt('0') } }, ['SIZE_BELOW_MINIMUM', 'STAGE_NOTIONAL_EXCEEDED']],
  // 100 held at 187.51 and 100 open at 187.50: 37501.00 before this order
  [
    'position limit for one share',
    { facts: { ...held('100'), inFlight: [RESTING] }, policy: { maxPositionNotional: amt('37688.50') } },
    [],
  ],
  [
    'position a cent less',
    { facts: { ...held('100'), inFlight: [RESTING] }, policy: { maxPositionNotional: amt('37688.49') } },
    ['SIZE_BELOW_MINIMUM', 'POSITION_NOTIONAL_EXCEEDED'],
  ],
  ['position used up', { facts: held('2000') }, ['SIZE_BELOW_MINIMUM', 'POSITION_NOTIONAL_EXCEEDED']],
  // 5 % of 1000 is kept back: 950
  ['buying power for five shares', { account: { buyingPower: amt('1000') }, proposal: explicit('5') }, []],
  [
    'explicit six',
    { account: { buyingPower: amt('1000') }, proposal: explicit('6') },
    ['QTY_DIFFERS_FROM_SIZE', 'BUYING_POWER_EXCEEDED'],
  ],
  ['buying power for one share after the buffer', { account: { buyingPower: amt('197.37') } }, []],
  [
    'a cent less buying power',
    { account: { buyingPower: amt('197.36') } },
    ['SIZE_BELOW_MINIMUM', 'BUYING_POWER_EXCEEDED'],
  ],
  ['buying power negative', { account: { buyingPower: amt('-5') } }, ['SIZE_BELOW_MINIMUM', 'BUYING_POWER_EXCEEDED']],

  // the smallest value: 400 × 185.00 at the stop
  ['worth the least that is taken', { instrument: { minNotional: amt('74000') } }, []],
  ['a cent too little', { instrument: { minNotional: amt('74000.01') } }, ['NOTIONAL_BELOW_MINIMUM']],
  [
    'a market order is worth what the bid says',
    { proposal: { ...market, ...sell }, instrument: { minNotional: amt('74621.02') } },
    [],
  ],
  [
    'the limit of its stop is looked at',
    crypto({ instrument: { minNotional: amt('70300.01') } }),
    ['NOTIONAL_BELOW_MINIMUM'],
  ],
  [
    'nothing is said of a size of nothing',
    { account: { buyingPower: amt('-5') }, instrument: { minNotional: amt('10') } },
    ['SIZE_BELOW_MINIMUM', 'BUYING_POWER_EXCEEDED'],
  ],

  // everything at once
  [
    'all reasons come together',
    {
      facts: { halt: HALT },
      proposal: { ...explicit('400'), expiresAt: NOW, stopPx: px('190'), timeInForce: 'FOK' },
      market: { session: null },
      quote: null,
      account: { status: 'Blocked' },
    },
    [
      'TRADING_HALTED',
      'SIGNAL_EXPIRED',
      'STOP_ON_WRONG_SIDE',
      'TIME_IN_FORCE_UNSUPPORTED',
      'SESSION_MISSING',
      'QUOTE_MISSING',
      'ACCOUNT_NOT_ACTIVE',
    ],
  ],
  [
    'and what is missing hides nothing else',
    { facts: { market: null, account: null, halt: HALT } },
    ['TRADING_HALTED', 'MARKET_MISSING', 'ACCOUNT_MISSING'],
  ],
]

describe('assess', () => {
  for (const [name, change, codes] of ASSESSED)
    it(name, () => {
      const { proposal, facts, policy } = world(change)
      const { ticket, refusals, checks, sizing } = assess(proposal, facts, policy, 1, NOW)
      assert.deepEqual(codesOf(refusals), codes)
      assert.equal(ticket === null, codes.length > 0)
      assert.equal(checks.filter((line) => !line.passed).length, codes.length)
      if (ticket) assert.ok(sizing)
    })

  it('makes the ticket a human will see', () => {
    const { ticket } = assess(PROPOSAL, FACTS, POLICY, 3, NOW)
    assert.deepEqual(ticket, {
      intentID: 'jax-042',
      rev: 3,
      account: 'paper:sim:main',
      environment: 'paper',
      broker: 'sim',
      assetClass: 'us_equity',
      terms: {
        symbol: 'AAPL',
        side: 'Buy',
        ordType: 'Limit',
        timeInForce: 'Day',
        orderQty: '400',
        price: '187.50',
        stopPx: null,
        bracket: { stopPx: '185.00', targetPx: '192.50' },
        reduceOnly: false,
      },
      maxNotional: '75000.00',
      currency: 'USD',
      refPx: '187.50',
      refAt: MARKET.quote?.at,
      maxDriftBps: 50,
    })
  })

  const WORDED: readonly (readonly [
    string,
    Change,
    Partial<Record<'orderQty' | 'price' | 'stopPx' | 'targetPx' | 'maxNotional' | 'refPx', string>>,
  ])[] = [
    [
      'prices take the digits of their tick',
      { proposal: { entryPx: px('187.5'), stopPx: px('185'), targetPx: px('192.50000') } },
      { price: '187.50', stopPx: '185.00', targetPx: '192.50' },
    ],
    ['a quantity takes the digits of its lot', { proposal: explicit('400.000') }, { orderQty: '400' }],
    [
      'and gains them where lots are small',
      { proposal: explicit('400'), instrument: { lot: qty('0.001'), minQty: qty('0.001') } },
      { orderQty: '400.000' },
    ],
    [
      'a smaller explicit quantity is the one sent',
      { proposal: explicit('100'), policy: { explicitQty: 'not-larger' } },
      { orderQty: '100', maxNotional: '18750.00' },
    ],
    // ask 187.51 + 300 bps; 1000 ÷ (187.51 − 185.00) = 398.4
    [
      'a market order is sized and valued by what it may get',
      { proposal: market },
      { orderQty: '398', maxNotional: '76867.85', targetPx: '192.50' },
    ],
    [
      'a sale below the bid is valued at the bid',
      { proposal: { ...sell, entryPx: px('187.40'), stopPx: px('189.90') } },
      { orderQty: '400', price: '187.40', maxNotional: '74996.00' },
    ],
    // 2.50 JPY × 0.0066 = 0.0165 USD a share: 60606, which the order limit at 1.2375 USD a share leaves alone
    ['yen are converted', jpy, { orderQty: '60606', maxNotional: '74999.93' }],
    ['the middle keeps its half cent', { quote: { bid: px('187.50'), ask: px('187.51') } }, { refPx: '187.505' }],
  ]
  for (const [name, change, expected] of WORDED)
    it(name, () => {
      const { proposal, facts, policy } = world(change)
      const { ticket, refusals } = assess(proposal, facts, policy, 1, NOW)
      assert.deepEqual(refusals, [])
      const { terms, maxNotional, refPx } = ticket as Ticket
      const got: Record<string, unknown> = {
        orderQty: terms.orderQty,
        price: terms.price,
        stopPx: terms.bracket?.stopPx,
        targetPx: terms.bracket?.targetPx,
        maxNotional,
        refPx,
      }
      for (const [field, value] of Object.entries(expected)) assert.equal(got[field], value, field)
    })

  it('a signal in crypto is sent as crypto is taken, and its stop with a limit that the human sees', () => {
    const { proposal, facts, policy } = world(crypto())
    const { ticket, checks, sizing } = assess(proposal, facts, policy, 1, NOW)
    assert.deepEqual(ticket?.terms, {
      symbol: 'AAPL',
      side: 'Buy',
      ordType: 'Limit',
      timeInForce: 'GTC',
      orderQty: '400.000000000',
      price: '187.50',
      stopPx: null,
      // 500 bps below 185.00
      bracket: { stopPx: '185.00', targetPx: '192.50', stopLimitPx: '175.75' },
      reduceOnly: false,
    })
    const said = checks.map(({ label }) => label).join('\n')
    assert.match(
      said,
      /takes Limit orders, GTC \(taken back when the signal expires\), and StopLimit orders to protect them\. No order rests at the target/,
    )
    assert.match(said, /stop 185.00 with its limit at 175.75/)
    assert.match(said, /At 175.75 it is worth 70300.00 USD; the broker takes it from 10.00 USD on/)
    assert.equal(sizing?.qty, '400.000000000')

    assert.ok(ticket)
    const seen = recheck(ticket, proposal, facts, policy, NOW)
    assert.deepEqual([seen.refusals, seen.drift], [[], null])
    const without: Ticket = {
      ...ticket,
      terms: { ...ticket.terms, bracket: { stopPx: px('185.00'), targetPx: null } },
    }
    assert.deepEqual(codesOf(recheck(without, proposal, facts, policy, NOW).refusals), ['ORD_TYPE_UNSUPPORTED'])
  })

  it('what fees in kind may explain is said with its numbers', () => {
    const { proposal, facts, policy } = world({ facts: { ...held('100'), bookQty: dec('99.75'), feeQty: dec('0.25') } })
    const { checks } = assess(proposal, facts, policy, 1, NOW)
    assert.equal(
      checks.find(({ check }) => check === 'position')?.label,
      '100 AAPL is held: 0.25 more than in our book, where 0.25 is taken off as fees by estimate.',
    )
  })

  it('a market order carries no price', () => {
    const { proposal, facts, policy } = world({ proposal: market })
    assert.equal(assess(proposal, facts, policy, 1, NOW).ticket?.terms.price, null)
  })

  it('facts of another symbol are a mistake of the caller, not an answer', () => {
    for (const facts of [
      { ...FACTS, market: { ...MARKET, symbol: 'MSFT' } },
      { ...FACTS, market: { ...MARKET, instrument: { ...AAPL, symbol: 'MSFT' } } },
      world({ quote: { symbol: 'MSFT' } }).facts,
    ])
      assert.throws(() => assess(PROPOSAL, facts, POLICY, 1, NOW), { code: 'FACTS_OF_ANOTHER_SYMBOL' })
  })
})

const TICKET = assess(PROPOSAL, FACTS, POLICY, 1, NOW).ticket as Ticket
const ticketFor = (change: Change): Ticket => {
  const { proposal, facts, policy } = world(change)
  return assess(proposal, facts, policy, 1, NOW).ticket as Ticket
}

const RECHECKED: readonly Row[] = [
  ['nothing changed', {}, []],
  ['halted since', { facts: { halt: HALT } }, ['TRADING_HALTED']],
  ['frozen since', { facts: { freeze: { symbol: 'AAPL', reason: 'odd fill', since: NOW } } }, ['INSTRUMENT_FROZEN']],
  ['expired since', { proposal: { expiresAt: NOW } }, ['SIGNAL_EXPIRED']],
  ['closed since', { market: { session: { open: false, nextOpenAt: null, at: NOW } } }, ['MARKET_CLOSED']],
  ['quote lost', { quote: null }, ['QUOTE_MISSING']],
  ['account lost', { facts: { account: null } }, ['ACCOUNT_MISSING']],
  ['another account', { account: { account: 'paper:sim:second' as AccountID } }, ['ACCOUNT_MISMATCH']],
  ['rules gone live', { policy: { environment: 'live' } }, ['ENVIRONMENT_MISMATCH', 'ENVIRONMENT_MISMATCH']],
  [
    'its own order in flight does not count',
    { facts: { inFlight: [order({ intentID: PROPOSAL.intentID, maxNotional: amt('199999') })] } },
    [],
  ],
  [
    'an earlier twin turned up',
    { facts: { twins: [{ intentID: 'jax-041', receivedAt: ago(20_000) }] } },
    ['DUPLICATE_INTENT'],
  ],
  ['a position appeared on the other side', { facts: held('-1') }, ['OPPOSITE_POSITION']],
  [
    'the tick grew',
    { instrument: { ticks: [{ from: px('0'), tick: px('1') }] } },
    ['PRICE_OFF_TICK', 'PRICE_OFF_TICK'],
  ],
  [
    'the tick table ends elsewhere',
    { instrument: { ticks: [{ from: px('187'), tick: px('0.01') }] } },
    ['TICK_MISSING'],
  ],
  ['the lot grew', { instrument: { lot: qty('150'), minQty: qty('150') } }, ['QTY_NOT_LOT_MULTIPLE']],
  ['the minimum grew', { instrument: { minQty: qty('401') } }, ['QTY_BELOW_MINIMUM']],
  ['the maximum shrank to it', { instrument: { maxQty: qty('400') } }, []],
  ['the maximum shrank below it', { instrument: { maxQty: qty('399') } }, ['QTY_ABOVE_MAXIMUM']],
  ['equity grew: the ticket stays', { account: { equity: amt('200000') } }, []],
  // 1000 USD at risk; budget × 1.005 = 1000
  ['equity fell by what may drift', { account: { equity: amt('99502.49') } }, []],
  ['equity fell by more', { account: { equity: amt('99502.48') } }, ['RISK_ABOVE_BUDGET']],
  ['riskPerTrade was halved', { policy: { riskPerTrade: dec('0.005') } }, ['RISK_ABOVE_BUDGET']],
  ['the order limit came down to it', { policy: { maxOrderNotional: amt('75000.00') } }, []],
  ['the order limit came below it', { policy: { maxOrderNotional: amt('74999.99') } }, ['ORDER_NOTIONAL_EXCEEDED']],
  ['the stage limit came below it', { policy: { stageMaxNotional: amt('74999.99') } }, ['STAGE_NOTIONAL_EXCEEDED']],
  [
    'position and open orders leave just enough',
    { facts: { inFlight: [RESTING] }, policy: { maxPositionNotional: amt('93750.00') } },
    [],
  ],
  [
    'position and open orders leave a cent too little',
    { facts: { inFlight: [RESTING] }, policy: { maxPositionNotional: amt('93749.99') } },
    ['POSITION_NOTIONAL_EXCEEDED'],
  ],
  ['buying power leaves just enough', { account: { buyingPower: amt('78947.37') } }, []],
  ['buying power leaves a cent too little', { account: { buyingPower: amt('78947.36') } }, ['BUYING_POWER_EXCEEDED']],
  ['the smallest value grew to it', { instrument: { minNotional: amt('74000') } }, []],
  ['the smallest value grew beyond it', { instrument: { minNotional: amt('74000.01') } }, ['NOTIONAL_BELOW_MINIMUM']],
  ['the broker takes no plain stop any more', takes({ ordTypes: ['Limit', 'StopLimit'] }), ['ORD_TYPE_UNSUPPORTED']],
  ['nor good for the day', takes({ timeInForce: ['GTC'] }), ['TIME_IN_FORCE_UNSUPPORTED']],
  ['stop reached since', { quote: { bid: px('184'), ask: px('188') } }, ['STOP_REACHED', 'PRICE_DRIFTED']],
]

/** Only the market moved: a human must look again. */
const DRIFTED: readonly (readonly [name: string, change: Change, code: RefusalCode | null])[] = [
  // 50 bps of 187.50 are 0.9375
  ['50 bps up', { quote: { bid: px('188.4375'), ask: px('188.4375') } }, null],
  ['a hair more', { quote: { bid: px('188.4376'), ask: px('188.4376') } }, 'PRICE_DRIFTED'],
  ['50 bps down', { quote: { bid: px('186.5625'), ask: px('186.5625') } }, null],
  ['a hair less', { quote: { bid: px('186.5624'), ask: px('186.5624') } }, 'PRICE_DRIFTED'],
  [
    'the policy was tightened since',
    { quote: { bid: px('187.60'), ask: px('187.60') }, policy: { maxDriftBps: 5 } },
    'PRICE_DRIFTED',
  ],
  [
    'the policy was loosened: the ticket holds',
    { quote: { bid: px('189'), ask: px('189') }, policy: { maxDriftBps: 500 } },
    'PRICE_DRIFTED',
  ],
]

describe('recheck', () => {
  for (const [name, change, codes] of RECHECKED)
    it(name, () => {
      const { proposal, facts, policy } = world(change)
      const { passed, refusals, drift, checks } = recheck(TICKET, proposal, facts, policy, NOW)
      assert.deepEqual(codesOf(refusals), codes)
      assert.equal(drift, null)
      if (codes.length === 0) assert.deepEqual(passed, TICKET.terms)
      else assert.equal(passed, null)
      assert.equal(checks.filter((line) => !line.passed).length, codes.length)
    })

  for (const [name, change, code] of DRIFTED)
    it(name, () => {
      const { proposal, facts, policy } = world(change)
      const { passed, refusals, drift } = recheck(TICKET, proposal, facts, policy, NOW)
      assert.deepEqual([passed !== null, refusals.length, drift?.code ?? null], [code === null, 0, code])
      assert.deepEqual(driftOf(TICKET, facts, policy, NOW), drift)
    })

  // 74999.93 USD approved at 0.0066; × 1.005 = 75374.93, which 0.006633 passes
  const YEN: readonly (readonly [rate: string, code: RefusalCode | null])[] = [
    ['0.0066', null],
    ['0.006632', null],
    ['0.006634', 'COST_ABOVE_APPROVED'],
  ]
  for (const [rate, code] of YEN)
    it(`approved at 0.0066 a yen, sent at ${rate}`, () => {
      const { proposal, facts, policy } = world({
        ...jpy,
        market: { conversion: { rate: dec(rate), at: NOW } },
        account: { equity: amt('101000') },
      })
      const { passed, refusals, drift } = recheck(ticketFor(jpy), proposal, facts, policy, NOW)
      assert.deepEqual([passed !== null, codesOf(refusals), drift?.code ?? null], [code === null, [], code])
    })

  // Approved at an ask of 187.51 with 300 bps on top, 76867.85 USD, and the limit leaves no more than that.
  it('a market order is not asked for its collar twice, nor sized by a quote within drift', () => {
    const { proposal, facts, policy } = world({
      proposal: market,
      quote: { bid: px('188.40'), ask: px('188.42') },
      policy: { maxOrderNotional: amt('76867.85') },
    })
    assert.ok(recheck(ticketFor({ proposal: market }), proposal, facts, policy, NOW).passed)
  })

  const DEARER: readonly (readonly [name: string, ticket: Change, quote: Partial<Quote>, code: RefusalCode | null])[] =
    [
      // approved at 187.51 + 1 bp; × 1.005 = 188.466 a share
      [
        'a spread that opens under a market order',
        { proposal: market, policy: { collarBps: 1 } },
        { bid: px('187.00'), ask: px('188.46') },
        null,
      ],
      [
        'and wider',
        { proposal: market, policy: { collarBps: 1 } },
        { bid: px('187.00'), ask: px('188.47') },
        'COST_ABOVE_APPROVED',
      ],
      // approved at the bid of 187.49; × 1.005 = 188.427 a share
      [
        'a bid that rises over a resting sale',
        { proposal: { ...sell, entryPx: px('187.40'), stopPx: px('189.90') } },
        { bid: px('188.42'), ask: px('188.42') },
        null,
      ],
      [
        'and further',
        { proposal: { ...sell, entryPx: px('187.40'), stopPx: px('189.90') } },
        { bid: px('188.43'), ask: px('188.43') },
        'COST_ABOVE_APPROVED',
      ],
    ]
  for (const [name, made, quote, code] of DEARER)
    it(name, () => {
      const { proposal, facts, policy } = world({ proposal: made.proposal ?? {}, quote })
      const { passed, refusals, drift } = recheck(ticketFor(made), proposal, facts, policy, NOW)
      assert.deepEqual([passed !== null, codesOf(refusals), drift?.code ?? null], [code === null, [], code])
    })

  it('a ticket of another intent is a mistake of the caller', () => {
    for (const other of [
      { intentID: 'jax-043' as IntentID },
      { side: 'Sell' },
      { ...explicit('400'), ordType: 'Market' },
      { side: 'Hold' },
    ] as const)
      assert.throws(() => recheck(TICKET, { ...PROPOSAL, ...other }, FACTS, POLICY, NOW), {
        code: 'TICKET_OF_ANOTHER_INTENT',
      })
    const bare: Ticket = { ...TICKET, terms: { ...TICKET.terms, bracket: null } }
    assert.throws(() => recheck(bare, PROPOSAL, FACTS, POLICY, NOW), { code: 'TICKET_WITHOUT_STOP' })
  })
})

describe('driftOf', () => {
  const BROKEN: readonly (readonly [string, Change, RefusalCode])[] = [
    ['nothing known of the symbol', { facts: { market: null } }, 'MARKET_MISSING'],
    ['no quote', { quote: null }, 'QUOTE_MISSING'],
    ['an old quote', { quote: { at: ago(5001) } }, 'QUOTE_STALE'],
    ['a crossed quote', { quote: { bid: px('190') } }, 'QUOTE_CROSSED'],
  ]
  for (const [name, change, code] of BROKEN)
    it(name, () => {
      const { facts, policy } = world(change)
      assert.equal(driftOf(TICKET, facts, policy, NOW)?.code, code)
    })
})

describe('the exit door', () => {
  const exit: Terms = { ...TICKET.terms, side: 'Sell', ordType: 'Market', price: null, bracket: null, reduceOnly: true }
  it('lets a reduce-only order pass, whatever is halted', () => assert.equal(passExit(exit), exit))
  it('is no way around the gate', () => {
    assert.throws(() => passExit(TICKET.terms), { code: 'NOT_REDUCE_ONLY' })
    assert.throws(() => passExit({ ...exit, reduceOnly: false }), { code: 'NOT_REDUCE_ONLY' })
    assert.throws(() => passExit({ ...exit, bracket: TICKET.terms.bracket }), { code: 'NOT_REDUCE_ONLY' })
  })
})

describe('two at the same time', () => {
  // Both were approved against an empty book. The first is being sent, so it is in flight when the second is looked at.
  const first = order(
    {
      intentID: 'jax-041' as IntentID,
      clOrdID: 'jx-0041' as ClOrdID,
      maxNotional: TICKET.maxNotional,
      delivery: 'Sending',
      phase: 'PendingNew',
      updatedAt: NOW,
    },
    TICKET.terms,
  )
  const LIMITS: readonly (readonly [string, Partial<Policy>, Partial<AccountFact>, RefusalCode])[] = [
    ['position limit', { maxPositionNotional: amt('149999.99') }, {}, 'POSITION_NOTIONAL_EXCEEDED'],
    ['buying power', {}, { buyingPower: amt('157894.73') }, 'BUYING_POWER_EXCEEDED'],
  ]
  for (const [name, policyPatch, account, code] of LIMITS)
    it(`a ${name} that only one fits lets one pass`, () => {
      const { proposal, facts, policy } = world({ policy: policyPatch, account })
      assert.ok(recheck(TICKET, proposal, facts, policy, NOW).passed)
      assert.deepEqual(codesOf(recheck(TICKET, proposal, { ...facts, inFlight: [first] }, policy, NOW).refusals), [
        code,
      ])
      // In another symbol it still takes buying power.
      const elsewhere = { ...first, terms: { ...first.terms, symbol: 'MSFT' } }
      const second = recheck(TICKET, proposal, { ...facts, inFlight: [elsewhere] }, policy, NOW)
      assert.deepEqual(codesOf(second.refusals), code === 'BUYING_POWER_EXCEEDED' ? [code] : [])
    })
})

it('every refusal of the gate is met above', () => {
  const met = new Set<RefusalCode>([...ASSESSED, ...RECHECKED].flatMap(([, , codes]) => codes))
  for (const [, , code] of DRIFTED) if (code) met.add(code)
  met.add('COST_ABOVE_APPROVED') // the yen above
  const elsewhere = new Set<RefusalCode>(['APPROVAL_VOID', 'QUORUM_UNREACHABLE', 'NOBODY_ON_DUTY']) // given by the desk
  elsewhere.add('WAIVER_OF_ANOTHER_ORDER') // waiving.test.ts
  // These and the limits: controls.test.ts.
  for (const code of ['DAY_UNKNOWN', 'VOLUME_UNKNOWN', 'VOLUME_STALE'] as const) elsewhere.add(code)
  for (const { refusal } of [...Object.values(LIMITS), ...Object.values(LISTS)]) if (refusal) elsewhere.add(refusal)
  assert.deepEqual(
    CODES.filter((code) => !met.has(code) && !elsewhere.has(code)),
    [],
  )
})

it('labels are one sentence with the numbers', () => {
  const { checks } = assess(PROPOSAL, FACTS, POLICY, 1, NOW)
  const label = (check: string) => checks.find((line) => line.check === check)?.label
  assert.equal(label('risk'), '1000.00 USD is lost at the stop; 1% of equity is 1000.00 USD.')
  assert.equal(label('orderLimit'), 'It costs at most 75000.00 USD; the limit per order leaves 100000.00 USD.')
  assert.equal(label('quantity'), '400 computed, set by the risk budget (400 by risk alone).')
  for (const line of checks) assert.match(line.label, /^[A-Z0-9].*\.$/)
})
