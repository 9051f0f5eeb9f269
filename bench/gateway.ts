import { randomBytes } from 'node:crypto'
import type { Setting } from '../src/desk/command.ts'
import type { Desk } from '../src/desk/desk.ts'
import type { AccountFact, MarketFacts } from '../src/gate/facts.ts'
import type { Instrument } from '../src/orders/instrument.ts'
import type { Proposal } from '../src/orders/proposal.ts'
import type { Report } from '../src/orders/report.ts'
import type { Actor } from '../src/journal/row.ts'
import type { Broker, Capabilities } from '../src/ports/broker.ts'
import type { Clock } from '../src/ports/clock.ts'
import type { AccountID, ClOrdID, ExecID, IntentID, OrderID } from '../src/values/brand.ts'
import { amt, dec, px, qty, text } from '../src/values/decimal.ts'
import { fromMs, instant, plusMs } from '../src/values/instant.ts'
import { sha256Hex } from '../src/values/hash.ts'
import { SYMBOLS } from './symbols.ts'

export const ACCOUNT = 'paper:bench:main' as AccountID
export const AGENT: Actor = { type: 'agent', id: 'bench', via: 'http', session: null }
const CAPABILITIES: Capabilities = {
  assetClasses: ['us_equity'],
  ordTypes: ['Market', 'Limit', 'Stop', 'StopLimit'],
  timeInForce: ['Day', 'GTC', 'IOC', 'FOK'],
  bracket: true,
  oneCancelsOther: true,
  idempotentSubmit: true,
  cancelAll: true,
  absenceProvenAfterMs: 2_000,
}
const HOUR_MS = 3_600_000

/** Limits wide enough that none is ever the answer: what is measured is the road, not a refusal. */
export const SETTING: Setting = {
  account: ACCOUNT,
  capabilities: CAPABILITIES,
  speed: 1,
  version: 'bench',
  build: 'bench',
  policy: {
    environment: 'paper',
    broker: 'bench',
    riskPerTrade: dec('0.01'),
    maxOrderNotional: amt('1000000'),
    maxPositionNotional: amt('10000000'),
    stageMaxNotional: amt('1000000'),
    buyingPowerBuffer: dec('0.05'),
    collarBps: 300,
    maxDriftBps: 50,
    stopLimitSlackBps: 500,
    quoteAgeMaxMs: HOUR_MS,
    accountAgeMaxMs: HOUR_MS,
    duplicateWindowMs: 0,
    explicitQty: 'exact',
    allowShort: false,
    approvalTtlMs: HOUR_MS,
    executionTtlMs: HOUR_MS,
  },
}

const account = (now: number): AccountFact => ({
  account: ACCOUNT,
  currency: 'USD',
  status: 'Active',
  equity: amt('1000000'),
  cash: amt('1000000'),
  buyingPower: amt('1000000000'),
  shortingAllowed: false,
  at: instant(now),
})

const market = (symbol: string, now: number): MarketFacts => ({
  symbol,
  instrument: {
    symbol,
    name: symbol,
    assetClass: 'us_equity',
    currency: 'USD',
    ticks: [{ from: px('0.01'), tick: px('0.01') }],
    lot: qty('1'),
    minQty: qty('1'),
    maxQty: null,
    tradable: true,
    shortable: false,
  } satisfies Instrument,
  quote: { symbol, bid: px('99.99'), ask: px('100.01'), last: px('100.00'), at: instant(now) },
  session: { open: true, nextOpenAt: null, at: instant(now) },
  conversion: { rate: dec('1'), at: instant(now) },
  at: instant(now),
})

/** Tells the desk everything the gate wants to know, and who may say yes. */
export async function prepare(desk: Desk, now: number): Promise<Actor> {
  await desk.recordFacts({
    markets: SYMBOLS.map((symbol) => market(symbol, now)),
    account: { account: account(now), positions: [], at: instant(now), afterRow: 0 },
  })
  const code = randomBytes(16).toString('hex')
  const start: Actor = { type: 'system', id: 'bench', via: 'start', session: null }
  await desk.issueCode({ hash: sha256Hex(code), expiresAt: plusMs(instant(now), HOUR_MS), actor: start })
  const opened = await desk.redeemCode({
    codeHash: sha256Hex(code),
    name: 'Ana',
    roles: ['approver'],
    sessionHash: sha256Hex(`${code}s`),
    csrf: 'bench',
    via: 'web',
    expiresAt: plusMs(instant(now), HOUR_MS),
    actor: start,
  })
  if (!opened.ok) throw new Error(opened.error.text)
  return { type: 'person', id: opened.value.personID, via: 'web', session: null }
}

export function proposalOf(n: number, now: number): Proposal {
  return {
    intentID: `bench-${String(n).padStart(8, '0')}` as IntentID,
    form: 'Signal',
    symbol: SYMBOLS[n % SYMBOLS.length] ?? 'B0',
    side: 'Buy',
    entryPx: px('100.00'),
    stopPx: px('90.00'),
    targetPx: px('120.00'),
    orderQty: null,
    ordType: 'Limit',
    timeInForce: 'Day',
    strategyID: 'bench',
    confidence: dec('0.80'),
    reasoning:
      'A sentence of the length that an assistant writes about why it wants this order and what would prove it wrong.',
    generatedAt: instant(now),
    expiresAt: plusMs(instant(now), HOUR_MS),
    artifactID: null,
    artifactHash: null,
  }
}

export async function sayYes(desk: Desk, intentID: IntentID, digest: string, person: Actor): Promise<void> {
  const said = await desk.approve({ intentID, digest, reason: null, actor: person })
  if (!said.ok) throw new Error(said.error.text)
}

/** The order is over: it leaves the open set, so that order 5,000 is checked against as few as order 1. */
export const canceled = (clOrdID: ClOrdID, now: number): Report => ({
  execType: 'Canceled',
  execID: `X-${clOrdID}` as ExecID,
  clOrdID,
  orderID: `B-${clOrdID}` as OrderID,
  transactTime: instant(now),
  text: null,
})

/** The adapter to the loopback broker: one POST a send, everything else answered from memory. */
export function loopback(
  post: (body: string) => Promise<{ orderID: string; firstByteNs: string }>,
  onFirstByte: (clOrdID: ClOrdID, ns: bigint) => void,
  clock: Clock,
): Broker {
  const nothing = async () => []
  return {
    account: ACCOUNT,
    environment: 'paper',
    capabilities: CAPABILITIES,
    async submit(clOrdID, order) {
      const { orderID, firstByteNs } = await post(
        JSON.stringify({
          clOrdID,
          symbol: order.symbol,
          side: order.side,
          qty: text(order.orderQty),
          type: order.ordType,
          price: order.price,
          tif: order.timeInForce,
          bracket: order.bracket,
        }),
      )
      onFirstByte(clOrdID, BigInt(firstByteNs))
      return { outcome: 'accepted', orderID: orderID as OrderID, legs: [] }
    },
    submitPair: () => Promise.resolve({ outcome: 'in-doubt', cause: 'the loopback broker takes no pairs' }),
    cancel: () => Promise.resolve({ outcome: 'accepted' }),
    cancelAll: () => Promise.resolve({ outcome: 'accepted' }),
    replace: () => Promise.resolve({ outcome: 'in-doubt', cause: 'the loopback broker replaces nothing' }),
    closePosition: () => Promise.resolve({ outcome: 'in-doubt', cause: 'the loopback broker closes nothing' }),
    closeAll: () => Promise.resolve({ outcome: 'in-doubt', cause: 'the loopback broker closes nothing' }),
    find: async () => ({ found: false }),
    findByOrderID: async () => ({ found: false }),
    identity: async () => ({ accountID: ACCOUNT, name: 'loopback' }),
    openOrders: nothing,
    reportsSince: nothing,
    positions: nothing,
    accountFact: async () => account(clock.now()),
    instrument: async (symbol) => market(symbol, clock.now()).instrument,
    quote: async (symbol) => market(symbol, clock.now()).quote,
    session: async (symbol) => ({ open: true, nextOpenAt: null, at: market(symbol, clock.now()).at }),
    conversion: async () => ({ rate: dec('1'), at: clock.now() }),
    onReport: () => () => {},
    onNotice: () => () => {},
    close: async () => {},
  }
}

export const systemNow = (): number => fromMs(Date.now())
