import { amt, dec, px, qty } from '../values/decimal.ts'
import { parseInstant, type Instant } from '../values/instant.ts'
import { CODES, explain, type Refusal, REFUSALS, type RefusalCode } from './refusal.ts'

const at = (time: string): Instant => parseInstant(`2026-11-24T${time}Z`) as Instant
const USD = { currency: 'USD' } as const
const SHARE = {
  notional: amt('9375.00'),
  used: amt('11250.00'),
  limit: amt('20000.00'),
  share: dec('0.2'),
  ...USD,
}

/** One of each, as a trader may meet it. */
export const SAMPLES: { readonly [C in RefusalCode]: Extract<Refusal, { code: C }> } = {
  TRADING_HALTED: {
    code: 'TRADING_HALTED',
    by: 'ana',
    reason: 'feed looks wrong',
    since: at('15:01:00'),
    scope: 'global',
    level: 'K4',
  },
  INSTRUMENT_FROZEN: {
    code: 'INSTRUMENT_FROZEN',
    symbol: 'AAPL',
    reason: 'a fill nobody can explain',
    since: at('15:01:00'),
  },
  APPROVAL_VOID: { code: 'APPROVAL_VOID', by: 'Ana' },
  QUORUM_UNREACHABLE: { code: 'QUORUM_UNREACHABLE', quorum: 3, eligible: 2 },
  NOBODY_ON_DUTY: { code: 'NOBODY_ON_DUTY', hours: 'Mon to Fri, 09:30 to 16:00 America/New_York' },
  ENVIRONMENT_MISMATCH: { code: 'ENVIRONMENT_MISMATCH', expected: 'paper:alpaca', account: 'live:alpaca:main' },
  ACCOUNT_MISMATCH: { code: 'ACCOUNT_MISMATCH', expected: 'paper:alpaca:main', account: 'paper:alpaca:second' },
  DECISION_MAKER_MISSING: { code: 'DECISION_MAKER_MISSING', missing: 'model, model_version' },
  REVIEW_OVERDUE: { code: 'REVIEW_OVERDUE', since: at('15:00:00') },
  SESSION_NOT_ALLOWED: { code: 'SESSION_NOT_ALLOWED', symbol: 'AAPL', session: 'Extended', allowed: 'Regular' },
  VENUE_NOT_ALLOWED: { code: 'VENUE_NOT_ALLOWED', symbol: 'XYZQ', venue: 'OTC' },
  SYMBOL_HALTED: { code: 'SYMBOL_HALTED', symbol: 'AAPL' },
  SYMBOL_RESUMED: { code: 'SYMBOL_RESUMED', symbol: 'AAPL', resumedAt: at('15:01:00'), waitMs: 300_000 },
  WOULD_MEET_OWN_EXIT: { code: 'WOULD_MEET_OWN_EXIT', side: 'Buy', clOrdID: 'jx1-t', price: px('194.00') },
  FIFO_SIZE_TAKEN: { code: 'FIFO_SIZE_TAKEN', symbol: 'EUR/USD', orderQty: qty('1000') },
  SETTLED_CASH_EXCEEDED: {
    code: 'SETTLED_CASH_EXCEEDED',
    notional: amt('1875.00'),
    settledCash: amt('2000.00'),
    reserved: amt('500.00'),
    currency: 'USD',
  },
  INTRADAY_DEFICITS: { code: 'INTRADAY_DEFICITS', count: 2 },
  WAIVER_OF_ANOTHER_ORDER: {
    code: 'WAIVER_OF_ANOTHER_ORDER',
    orderQty: qty('120'),
    maxNotional: amt('22500.00'),
    agreedQty: qty('100'),
    agreedNotional: amt('18750.00'),
  },
  STAGE_FORBIDS: { code: 'STAGE_FORBIDS', stage: 'S1', sendsTo: 'a live account' },
  BUILD_NOT_AGREED: {
    code: 'BUILD_NOT_AGREED',
    reason: 'People agreed to build 3f1c9a7e2b40, and 0b77d1e5aa19 runs.',
  },
  SIGNAL_IS_HOLD: { code: 'SIGNAL_IS_HOLD', symbol: 'AAPL' },
  NUMBER_OUT_OF_RANGE: {
    code: 'NUMBER_OUT_OF_RANGE',
    field: 'stopPx',
    value: px('-1'),
    allowed: 'above 0 and at most 1000000000',
  },
  EXPIRY_NOT_AFTER_GENERATED: {
    code: 'EXPIRY_NOT_AFTER_GENERATED',
    generatedAt: at('15:00:00'),
    expiresAt: at('14:00:00'),
  },
  SIGNAL_EXPIRED: { code: 'SIGNAL_EXPIRED', expiresAt: at('15:00:00'), now: at('15:00:01') },
  CLOCK_DISAGREES: { code: 'CLOCK_DISAGREES', of: 'quote', at: at('15:00:09'), now: at('15:00:00'), limitMs: 2000 },
  DUPLICATE_INTENT: { code: 'DUPLICATE_INTENT', twin: 'jax-041', receivedAt: at('14:59:40'), windowMs: 60_000 },
  STOP_ON_WRONG_SIDE: { code: 'STOP_ON_WRONG_SIDE', side: 'Buy', entryPx: px('187.50'), stopPx: px('187.50') },
  TARGET_ON_WRONG_SIDE: { code: 'TARGET_ON_WRONG_SIDE', side: 'Buy', entryPx: px('187.50'), targetPx: px('185.00') },
  MARKET_MISSING: { code: 'MARKET_MISSING', symbol: 'AAPL' },
  INSTRUMENT_MISSING: { code: 'INSTRUMENT_MISSING', symbol: 'APPL' },
  INSTRUMENT_INVALID: { code: 'INSTRUMENT_INVALID', symbol: 'AAPL', rule: 'lot', value: '0' },
  NOT_TRADABLE: { code: 'NOT_TRADABLE', symbol: 'AAPL' },
  ASSET_CLASS_UNSUPPORTED: { code: 'ASSET_CLASS_UNSUPPORTED', assetClass: 'crypto', supported: 'us_equity, fx' },
  ORD_TYPE_UNSUPPORTED: { code: 'ORD_TYPE_UNSUPPORTED', ordType: 'Market', supported: 'Limit' },
  TIME_IN_FORCE_UNSUPPORTED: { code: 'TIME_IN_FORCE_UNSUPPORTED', timeInForce: 'FOK', supported: 'Day, GTC' },
  SYMBOL_RESTRICTED: { code: 'SYMBOL_RESTRICTED', symbol: 'GME' },
  SYMBOL_NOT_ALLOWED: { code: 'SYMBOL_NOT_ALLOWED', symbol: 'TSLA', allowed: 'AAPL, MSFT', stage: 'S2' },
  ASSET_CLASS_NOT_ALLOWED: {
    code: 'ASSET_CLASS_NOT_ALLOWED',
    assetClass: 'crypto',
    allowed: 'us_equity, fx',
    stage: 'S3',
  },
  ORD_TYPE_NOT_ALLOWED: { code: 'ORD_TYPE_NOT_ALLOWED', ordType: 'Market', allowed: 'Limit', stage: 'S2' },
  SESSION_MISSING: { code: 'SESSION_MISSING', symbol: 'AAPL' },
  SESSION_STALE: { code: 'SESSION_STALE', ageMs: 61_000, limitMs: 30_000 },
  MARKET_CLOSED: { code: 'MARKET_CLOSED', symbol: 'AAPL', nextOpenAt: at('14:30:00') },
  QUOTE_MISSING: { code: 'QUOTE_MISSING', symbol: 'AAPL' },
  QUOTE_STALE: { code: 'QUOTE_STALE', ageMs: 7_250, limitMs: 5_000 },
  QUOTE_NOT_POSITIVE: { code: 'QUOTE_NOT_POSITIVE', bid: px('0.00'), ask: px('187.51') },
  QUOTE_CROSSED: { code: 'QUOTE_CROSSED', bid: px('187.52'), ask: px('187.50') },
  CONVERSION_MISSING: { code: 'CONVERSION_MISSING', from: 'JPY', to: 'USD' },
  CONVERSION_STALE: { code: 'CONVERSION_STALE', ageMs: 61_000, limitMs: 30_000 },
  CONVERSION_INVALID: { code: 'CONVERSION_INVALID', from: 'JPY', to: 'USD', rate: dec('0') },
  ACCOUNT_MISSING: { code: 'ACCOUNT_MISSING' },
  ACCOUNT_STALE: { code: 'ACCOUNT_STALE', ageMs: 61_000, limitMs: 30_000 },
  ACCOUNT_NOT_ACTIVE: { code: 'ACCOUNT_NOT_ACTIVE', status: 'Blocked' },
  EQUITY_NOT_POSITIVE: { code: 'EQUITY_NOT_POSITIVE', equity: amt('-12.40'), ...USD },
  POSITION_UNKNOWN: { code: 'POSITION_UNKNOWN', symbol: 'AAPL', entries: 2 },
  POSITION_MISMATCH: { code: 'POSITION_MISMATCH', symbol: 'AAPL', bookQty: dec('100'), brokerQty: dec('140') },
  OPPOSITE_POSITION: { code: 'OPPOSITE_POSITION', side: 'Sell', positionQty: dec('100') },
  OPPOSITE_ORDER: { code: 'OPPOSITE_ORDER', side: 'Sell', clOrdID: 'jx-0007', leavesQty: qty('100') },
  SHORT_OFF_BY_POLICY: { code: 'SHORT_OFF_BY_POLICY', symbol: 'AAPL' },
  SHORT_OFF_FOR_ACCOUNT: { code: 'SHORT_OFF_FOR_ACCOUNT', symbol: 'AAPL' },
  NOT_SHORTABLE: { code: 'NOT_SHORTABLE', symbol: 'AAPL' },
  SHORT_PRICE_TEST: {
    code: 'SHORT_PRICE_TEST',
    symbol: 'AAPL',
    closePx: px('190.00'),
    fellToPx: px('171.00'),
    price: px('172.40'),
    bid: px('172.40'),
  },
  SHORT_PRICES_UNKNOWN: { code: 'SHORT_PRICES_UNKNOWN', symbol: 'AAPL' },
  IN_FLIGHT_UNVALUED: { code: 'IN_FLIGHT_UNVALUED', clOrdID: 'jx-0007', symbol: 'MSFT' },
  DAY_UNKNOWN: { code: 'DAY_UNKNOWN', missing: 'the equity at the opening of the day' },
  DAY_LOSS_REACHED: {
    code: 'DAY_LOSS_REACHED',
    loss: amt('1012.40'),
    limit: amt('1000.00'),
    share: dec('0.01'),
    ...USD,
  },
  DRAWDOWN_REACHED: {
    code: 'DRAWDOWN_REACHED',
    loss: amt('15300.00'),
    limit: amt('15000.00'),
    share: dec('0.15'),
    ...USD,
  },
  ORDERS_PER_MINUTE_EXCEEDED: { code: 'ORDERS_PER_MINUTE_EXCEEDED', count: 20, limit: 20 },
  ORDERS_PER_DAY_EXCEEDED: { code: 'ORDERS_PER_DAY_EXCEEDED', count: 200, limit: 200 },
  REPEATS_EXCEEDED: {
    code: 'REPEATS_EXCEEDED',
    strategyID: 'breakout',
    symbol: 'AAPL',
    side: 'Buy',
    count: 5,
    limit: 5,
  },
  OPEN_POSITIONS_EXCEEDED: { code: 'OPEN_POSITIONS_EXCEEDED', symbol: 'AAPL', count: 3, limit: 3 },
  TICK_MISSING: { code: 'TICK_MISSING', field: 'stopPx', price: px('0.00005') },
  PRICE_BELOW_TICK: { code: 'PRICE_BELOW_TICK', field: 'stopPx', price: px('0.00005'), tick: px('0.0001') },
  PRICE_OFF_TICK: { code: 'PRICE_OFF_TICK', field: 'entryPx', price: px('187.51'), tick: px('0.05') },
  STOP_TOO_CLOSE: {
    code: 'STOP_TOO_CLOSE',
    entryPx: px('187.509'),
    stopPx: px('187.501'),
    distance: dec('0.008'),
    tick: px('0.01'),
  },
  STOP_REACHED: { code: 'STOP_REACHED', side: 'Buy', stopPx: px('185.00'), marketPx: px('184.90') },
  TARGET_REACHED: { code: 'TARGET_REACHED', side: 'Buy', targetPx: px('192.50'), marketPx: px('192.60') },
  PRICE_OUTSIDE_COLLAR: {
    code: 'PRICE_OUTSIDE_COLLAR',
    price: px('18.75'),
    midPx: px('187.50'),
    distanceBps: dec('9000'),
    limitBps: 300,
  },
  PRICE_MOVE_EXCEEDED: {
    code: 'PRICE_MOVE_EXCEEDED',
    lowPx: px('183.00'),
    highPx: px('187.50'),
    moveBps: dec('245.9017'),
    limitBps: 200,
  },
  PRICE_DRIFTED: { code: 'PRICE_DRIFTED', refPx: px('187.50'), midPx: px('189.00'), driftBps: dec('80'), limitBps: 50 },
  COST_ABOVE_APPROVED: {
    code: 'COST_ABOVE_APPROVED',
    cost: amt('9480.00'),
    approved: amt('9375.00'),
    limitBps: 50,
    ...USD,
  },
  RANGE_MISSING: { code: 'RANGE_MISSING', symbol: 'AAPL', strategyID: 'trend' },
  QTY_MISSING: { code: 'QTY_MISSING', symbol: 'AAPL' },
  QTY_UNEXPECTED: { code: 'QTY_UNEXPECTED', orderQty: qty('100') },
  QTY_NOT_LOT_MULTIPLE: { code: 'QTY_NOT_LOT_MULTIPLE', orderQty: qty('10.5'), lot: qty('1') },
  QTY_BELOW_MINIMUM: { code: 'QTY_BELOW_MINIMUM', orderQty: qty('0.5'), minQty: qty('1') },
  QTY_DIFFERS_FROM_SIZE: {
    code: 'QTY_DIFFERS_FROM_SIZE',
    orderQty: qty('60'),
    size: qty('53'),
    rawSize: dec('400'),
    rule: 'exact',
    binding: 'order',
  },
  SIZE_BELOW_MINIMUM: {
    code: 'SIZE_BELOW_MINIMUM',
    size: qty('0'),
    rawSize: dec('0.4'),
    minQty: qty('1'),
    binding: 'risk',
  },
  NOTIONAL_BELOW_MINIMUM: {
    code: 'NOTIONAL_BELOW_MINIMUM',
    worth: amt('9.02'),
    price: px('57000.00'),
    minNotional: amt('10'),
    ...USD,
  },
  RISK_ABOVE_BUDGET: { code: 'RISK_ABOVE_BUDGET', risk: amt('1000.00'), budget: amt('900.00'), limitBps: 50, ...USD },
  ORDER_NOTIONAL_EXCEEDED: {
    code: 'ORDER_NOTIONAL_EXCEEDED',
    notional: amt('11250.00'),
    limit: amt('10000.00'),
    ...USD,
  },
  POSITION_NOTIONAL_EXCEEDED: {
    code: 'POSITION_NOTIONAL_EXCEEDED',
    notional: amt('9375.00'),
    position: amt('9375.50'),
    inFlight: amt('3750.00'),
    limit: amt('20000.00'),
    ...USD,
  },
  STAGE_NOTIONAL_EXCEEDED: { code: 'STAGE_NOTIONAL_EXCEEDED', notional: amt('9375.00'), limit: amt('500.00'), ...USD },
  BUYING_POWER_EXCEEDED: {
    code: 'BUYING_POWER_EXCEEDED',
    notional: amt('9375.00'),
    buyingPower: amt('10000.00'),
    buffer: dec('0.05'),
    reserved: amt('1875.00'),
    available: amt('7625.00'),
    ...USD,
  },
  SYMBOL_SHARE_EXCEEDED: { code: 'SYMBOL_SHARE_EXCEEDED', symbol: 'AAPL', ...SHARE },
  SECTOR_SHARE_EXCEEDED: { code: 'SECTOR_SHARE_EXCEEDED', sector: 'technology', ...SHARE },
  GROSS_EXPOSURE_EXCEEDED: { code: 'GROSS_EXPOSURE_EXCEEDED', ...SHARE },
  NET_EXPOSURE_EXCEEDED: { code: 'NET_EXPOSURE_EXCEEDED', side: 'Buy', ...SHARE },
  DAY_TURNOVER_EXCEEDED: { code: 'DAY_TURNOVER_EXCEEDED', ...SHARE },
  ORDER_QTY_EXCEEDED: { code: 'ORDER_QTY_EXCEEDED', orderQty: qty('400'), limit: qty('250') },
  VOLUME_UNKNOWN: { code: 'VOLUME_UNKNOWN', symbol: 'AAPL' },
  VOLUME_STALE: { code: 'VOLUME_STALE', ageMs: 90_000_000, limitMs: 86_400_000 },
  VOLUME_SHARE_EXCEEDED: {
    code: 'VOLUME_SHARE_EXCEEDED',
    symbol: 'XYZ',
    orderQty: qty('400'),
    limit: qty('250'),
    share: dec('0.01'),
    avgVolume: dec('25000'),
    days: 20,
  },
  QTY_ABOVE_MAXIMUM: { code: 'QTY_ABOVE_MAXIMUM', orderQty: qty('20000'), maxQty: qty('10000') },
}

/** Headings of the page, each above its first code. */
const SECTIONS: { readonly [C in RefusalCode]?: string } = {
  TRADING_HALTED: 'May anything go?',
  SIGNAL_IS_HOLD: 'The intent itself',
  MARKET_MISSING: 'The instrument, and what the broker takes',
  SESSION_MISSING: 'The market',
  ACCOUNT_MISSING: 'The account',
  DAY_UNKNOWN: 'The day',
  TICK_MISSING: 'The prices',
  RANGE_MISSING: 'The size and the limits',
  QTY_MISSING: 'The size and the limits',
}

const HEAD = `# Refusals

A refusal is this gateway's own no, given before anything is sent: every reason at once, each with a stable code and
the numbers that were compared. A broker's no is a *rejection*, a person's is *declined*, the clock's is *lapsed*.

What is not known is refused: no quote, no position, no rule, no rate, no order. A missing fact is one refusal; the
checks that would need it stay silent. Exits, cancels and protective orders do not pass through here and are never
refused.

*Waiting may help* means that the same intent can get another answer later. An intent that was refused stays refused;
what is still meant is sent as a new intent, with a new id.
`

/** The page docs/refusals.md. */
export function generate(): string {
  const parts = CODES.flatMap((code) => {
    const { meaning, transient, todo } = REFUSALS[code]
    const compared = Object.keys(SAMPLES[code]).filter((name) => name !== 'code')
    return [
      ...(SECTIONS[code] ? [`## ${SECTIONS[code]}`] : []),
      `### ${code}`,
      `${meaning} ${transient ? '*Waiting may help.*' : '*Waiting does not help.*'}`,
      `- What to do: ${todo}${compared.length > 0 ? `\n- Compared: ${compared.map((name) => `\`${name}\``).join(', ')}` : ''}`,
      `> ${explain(SAMPLES[code])}`,
    ]
  })
  return `${[HEAD.trimEnd(), ...parts].join('\n\n')}\n`
}
