import type { Instrument } from '../orders/instrument.ts'
import type { Order } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Terms } from '../orders/terms.ts'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../values/instant.ts'
import type { AccountFact, DayFacts, Facts, MarketFacts } from './facts.ts'
import { defaultsOf, LIMIT_NAMES, type LimitName, type Limits } from './limits.ts'
import type { Policy } from './policy.ts'

// One proposal that passes, with the facts and rules it passes by: what every test of the gate changes one thing of.
// 100000 USD × 1 % ÷ (187.50 − 185.00) = 400 shares, 75000 USD.

export const NOW: Instant = parseInstant('2026-11-24T15:00:00Z') as Instant
const ago = (ms: number): Instant => plusMs(NOW, -ms)

export const AAPL: Instrument = {
  symbol: 'AAPL',
  name: 'Apple Inc.',
  assetClass: 'us_equity',
  currency: 'USD',
  ticks: [
    { from: px('0'), tick: px('0.0001') },
    { from: px('1'), tick: px('0.01') },
  ],
  lot: qty('1'),
  minQty: qty('1'),
  maxQty: null,
  tradable: true,
  shortable: true,
}

export const PROPOSAL: Proposal = {
  intentID: 'jax-042' as IntentID,
  form: 'Signal',
  symbol: 'AAPL',
  side: 'Buy',
  entryPx: px('187.50'),
  stopPx: px('185.00'),
  targetPx: px('192.50'),
  orderQty: null,
  ordType: 'Limit',
  timeInForce: 'Day',
  strategyID: 'breakout',
  confidence: dec('0.72'),
  reasoning: 'closed above the range',
  generatedAt: ago(10_000),
  expiresAt: plusMs(NOW, 3_600_000),
  artifactID: null,
  artifactHash: null,
}

export const MARKET: MarketFacts = {
  symbol: 'AAPL',
  instrument: AAPL,
  quote: { symbol: 'AAPL', bid: px('187.49'), ask: px('187.51'), last: px('187.50'), at: ago(800) },
  session: { open: true, nextOpenAt: null, at: ago(1000) },
  conversion: null,
  // One percent of it is 500.
  days: {
    avgVolume: dec('50000'),
    days: 20,
    last: { low: px('186.10'), close: px('187.20') },
    before: { low: px('185.70'), close: px('186.90') },
    today: { low: px('186.80'), close: px('187.50') },
    at: ago(300_000),
  },
  at: ago(800),
}

export const ACCOUNT: AccountFact = {
  account: 'paper:sim:main' as AccountID,
  currency: 'USD',
  status: 'Active',
  equity: amt('100000.00'),
  cash: amt('100000.00'),
  buyingPower: amt('400000.00'),
  shortingAllowed: true,
  at: ago(2000),
}

export const FACTS: Facts = {
  halt: null,
  freeze: null,
  market: MARKET,
  account: { account: ACCOUNT, positions: [], at: ago(2000) },
  bookQty: dec('0'),
  inFlight: [],
  twins: [],
  supported: {
    ordTypes: ['Market', 'Limit', 'Stop'],
    timeInForce: ['Day', 'GTC'],
    assetClasses: ['us_equity', 'fx'],
    reservesOpenOrders: true,
  },
}

export const POLICY: Policy = {
  environment: 'paper',
  broker: 'sim',
  riskPerTrade: dec('0.01'),
  maxOrderNotional: amt('100000'),
  maxPositionNotional: amt('200000'),
  stageMaxNotional: amt('100000'),
  buyingPowerBuffer: dec('0.05'),
  collarBps: 300,
  maxDriftBps: 50,
  stopLimitSlackBps: 500,
  quoteAgeMaxMs: 5000,
  accountAgeMaxMs: 30_000,
  duplicateWindowMs: 60_000,
  explicitQty: 'exact',
  allowShort: true,
  approvalTtlMs: 300_000,
  executionTtlMs: 30_000,
}

/** A day on which nothing happened yet. */
export const DAY: DayFacts = {
  day: '2026-11-24',
  messagesLastMinute: 0,
  messagesToday: 0,
  turnover: amt('0.00'),
  repeats: 0,
  openingEquity: amt('100000.00'),
  highEquity: amt('100000.00'),
  deposits: amt('0.00'),
  held: { long: amt('0.00'), short: amt('0.00'), symbols: [], each: [] },
  trail: { low: px('187.40'), high: px('187.60') },
}

/** Nothing is limited, and every list allows all; then the hard limits that are named. */
export function limitedBy(
  hard: { readonly [N in LimitName]?: string } = {},
  lists: Partial<Limits['lists']> = {},
): Limits {
  const S4 = defaultsOf('S4')
  const values = Object.fromEntries(
    LIMIT_NAMES.map((name) => [name, { hard: hard[name] === undefined ? null : dec(hard[name]), soft: null }]),
  ) as Limits['values']
  return { ...S4, values, lists: { ...S4.lists, ...lists } }
}

/** An entry of another intent that rests at the broker, seen by the account fact: 100 AAPL at 187.50, its cost not on record. */
export const UNCOSTED: Order = {
  clOrdID: 'jx-0007' as ClOrdID,
  account: ACCOUNT.account,
  intentID: 'jax-007' as IntentID,
  role: 'Entry',
  parent: null,
  terms: {
    symbol: 'AAPL',
    side: 'Buy',
    ordType: 'Limit',
    timeInForce: 'Day',
    orderQty: qty('100'),
    price: px('187.50'),
    stopPx: null,
    bracket: { stopPx: px('185.00'), targetPx: null },
    reduceOnly: false,
  } satisfies Terms,
  delivery: 'Delivered',
  phase: 'New',
  asked: 'Nothing',
  orderID: null,
  cumQty: qty('0'),
  grossTradeAmt: dec('0'),
  awaited: [],
  text: null,
  corr: 'jax-007',
  createdAt: ago(60_000),
  sentAt: ago(60_000),
  updatedAt: ago(50_000),
}

/** The same with its cost. */
export const RESTING: Order = { ...UNCOSTED, maxNotional: amt('18750.00') }
