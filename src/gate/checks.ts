import { leavesQty } from '../orders/machine.ts'
import { isLive, STAGE_TITLES } from '../orders/stage.ts'
import { opposite } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import {
  abs,
  type Amt,
  type Decimal,
  dec,
  eq,
  gt,
  gte,
  isMultipleOf,
  lt,
  lte,
  max,
  min,
  minus,
  plus,
  type Px,
  type Qty,
  round,
  shortest,
  sign,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { msBetween } from '../values/instant.ts'
import { type Case, known, rangeIn } from './case.ts'
import { RANGED } from './days.ts'
import { type Believed, CLOCK_SKEW_MAX_MS, midOf, minimumOf } from './evidence.ts'
import { CENTS, plusBps } from './exposure.ts'
import type { Quote } from './facts.ts'
import { type LimitName, sectorOf } from './limits.ts'
import type { Policy } from './policy.ts'
import { OVERDUE_MS } from './rollout.ts'
import { BINDING, type Refusal } from './refusal.ts'
import { outOfRange, wrongStop, wrongTarget } from './signal.ts'
import type { Cap } from './sizing.ts'
import { stopTypeOf } from './takes.ts'
import { apartBps, collaredPxs, figures, holdsFor, isBeyond, measuredAs, partOf, rangeOf, unknownOf } from './usage.ts'
import { money, moment, percent, span } from './words.ts'

/**
 * The answer of one check: the sentence of its yes, or every reason for its no. An empty list is no answer: the check
 * does not apply, or a fact it needs is missing and is refused by its own check.
 */
type Answer = string | readonly Refusal[]
type Check = (c: Case) => Answer
const NO_ANSWER: readonly Refusal[] = []

/** In the order a person reads them. All run, so that every reason is known at once. */
export const CHECKS = {
  // --- may anything go?
  halt: ({ facts: { halt } }) => (halt ? [{ code: 'TRADING_HALTED', ...halt }] : 'Trading is not halted.'),
  freeze: ({ facts: { freeze }, proposal: { symbol } }) =>
    freeze
      ? [{ code: 'INSTRUMENT_FROZEN', symbol: freeze.symbol, reason: freeze.reason, since: freeze.since }]
      : `${symbol} is not frozen.`,
  environment,
  stage,
  review: ({ facts: { unreviewedSince: since }, policy: { environment }, now }) => {
    if (environment !== 'live' || since === undefined) return NO_ANSWER
    const age = msBetween(since, now)
    return age > OVERDUE_MS
      ? [{ code: 'REVIEW_OVERDUE', since }]
      : 'The controls were reviewed within the last 400 days.'
  },

  // --- the intent itself
  decisionMaker,
  side: ({ side, proposal: { symbol } }) =>
    side ? `The signal says ${side === 'Buy' ? 'buy' : 'sell'} ${symbol}.` : [{ code: 'SIGNAL_IS_HOLD', symbol }],
  numbers: ({ proposal }) => no(outOfRange(proposal)) ?? 'Every number is in range.',
  timing,
  duplicate: ({ facts, proposal: { intentID }, policy: { duplicateWindowMs } }) => {
    const twin = facts.twins.find((t) => t.intentID !== intentID)
    if (!twin) return `No other intent for this symbol and side came within ${span(duplicateWindowMs)}.`
    return [{ code: 'DUPLICATE_INTENT', twin: twin.intentID, receivedAt: twin.receivedAt, windowMs: duplicateWindowMs }]
  },
  stopSide: ({ side, proposal }) => {
    if (!side) return NO_ANSWER
    return (
      no(wrongStop(side, proposal)) ??
      `The stop ${text(proposal.stopPx)} is on the loss side of ${text(proposal.entryPx)}.`
    )
  },
  targetSide: ({ side, proposal }) => {
    if (!side || proposal.targetPx === null) return NO_ANSWER
    return (
      no(wrongTarget(side, proposal)) ??
      `The target ${text(proposal.targetPx)} is on the profit side of ${text(proposal.entryPx)}.`
    )
  },

  // --- the instrument and what the broker takes
  instrument: ({ evidence }) =>
    answer(
      evidence.instrument,
      (i) => `${i.symbol} is known: lot ${text(i.lot)}, minimum ${text(minimumOf(i))}, quoted in ${i.currency}.`,
    ),
  tradable: ({ instrument }) => {
    if (!instrument) return NO_ANSWER
    return instrument.tradable
      ? `${instrument.symbol} can be traded.`
      : [{ code: 'NOT_TRADABLE', symbol: instrument.symbol }]
  },
  venue: ({ instrument, policy: { limits }, proposal: { symbol } }) => {
    const allowed = limits?.lists.venues ?? null
    if (!instrument || (instrument.venue === undefined && allowed === null)) return NO_ANSWER
    const { venue = 'no exchange that is told' } = instrument
    const isAllowed = allowed === null || allowed.some((one) => one.toUpperCase() === venue.toUpperCase())
    return OVER_THE_COUNTER.has(venue.toUpperCase()) || !isAllowed
      ? [{ code: 'VENUE_NOT_ALLOWED', symbol, venue }]
      : `${symbol} is listed at ${venue}.`
  },
  supported,
  symbolRestricted: ({ policy: { limits }, proposal: { symbol } }) => {
    if (!limits || limits.lists.restricted.length === 0) return NO_ANSWER
    return limits.lists.restricted.includes(symbol)
      ? [{ code: 'SYMBOL_RESTRICTED', symbol }]
      : `${symbol} is not restricted.`
  },
  symbolAllowed: allowed(
    'symbols',
    ({ proposal: { symbol } }) => symbol,
    (symbol, found) => ({
      code: 'SYMBOL_NOT_ALLOWED',
      symbol,
      ...found,
    }),
  ),
  assetClassAllowed: allowed(
    'assetClasses',
    ({ instrument }) => instrument?.assetClass ?? null,
    (assetClass, found) => ({
      code: 'ASSET_CLASS_NOT_ALLOWED',
      assetClass,
      ...found,
    }),
  ),
  ordTypeAllowed: allowed(
    'ordTypes',
    ({ proposal: { ordType } }) => ordType,
    (ordType, found) => ({
      code: 'ORD_TYPE_NOT_ALLOWED',
      ordType,
      ...found,
    }),
  ),

  // --- the market
  session: ({ evidence, proposal: { symbol } }) =>
    evidence.session.ok && !evidence.session.value.open
      ? [{ code: 'MARKET_CLOSED', symbol, nextOpenAt: evidence.session.value.nextOpenAt }]
      : answer(evidence.session, () => `The market of ${symbol} is open.`),
  sessionKind: ({ evidence, policy: { limits }, proposal: { symbol } }) => {
    const allowed = limits?.lists.sessions ?? null
    if (!evidence.session.ok || !evidence.session.value.open || allowed === null) return NO_ANSWER
    const { kind } = evidence.session.value
    if (!allowed.includes(kind ?? 'Regular'))
      return [
        { code: 'SESSION_NOT_ALLOWED', symbol, session: kind ?? 'Regular', allowed: allowed.join(', ') || 'nothing' },
      ]
    return kind === undefined ? NO_ANSWER : `It is the ${kind.toLowerCase()} session, which is allowed.`
  },
  symbolHalt: ({ evidence, facts: { market }, policy: { reentryAfterMs = REENTRY_MS }, proposal: { symbol }, now }) => {
    if (evidence.session.ok && evidence.session.value.halted) return [{ code: 'SYMBOL_HALTED', symbol }]
    const resumedAt = market?.resumedAt
    if (resumedAt === undefined) return NO_ANSWER
    return msBetween(resumedAt, now) < reentryAfterMs
      ? [{ code: 'SYMBOL_RESUMED', symbol, resumedAt, waitMs: reentryAfterMs }]
      : `${symbol} has traded again since ${moment(resumedAt)}.`
  },
  quote: ({ evidence, policy, now }) =>
    answer(
      evidence.quote,
      (q) =>
        `The quote ${text(q.bid)} / ${text(q.ask)} is ${span(msBetween(q.at, now))} old; ${span(policy.quoteAgeMaxMs)} is accepted.`,
    ),
  conversion: ({ evidence, instrument, account }) =>
    answer(evidence.rate, (rate) =>
      instrument?.currency === account?.currency
        ? `It is quoted in ${account?.currency}, as the account is kept.`
        : `1 ${instrument?.currency} is ${text(rate)} ${account?.currency}.`,
    ),

  // --- the account
  account: ({ evidence, policy, now }) =>
    answer(
      evidence.account,
      () =>
        `The account was read ${span(msBetween(evidence.accountAt, now))} ago; ${span(policy.accountAgeMaxMs)} is accepted.`,
    ),
  accountActive: ({ account }) => {
    if (!account) return NO_ANSWER
    return account.status === 'Active'
      ? 'The account is active.'
      : [{ code: 'ACCOUNT_NOT_ACTIVE', status: account.status }]
  },
  equity: ({ account }) => {
    if (!account) return NO_ANSWER
    const { equity, currency } = account
    return gt(equity, ZERO)
      ? `Equity is ${money(equity, currency)}.`
      : [{ code: 'EQUITY_NOT_POSITIVE', equity, currency }]
  },
  position: ({ evidence, facts: { bookQty, feeQty }, proposal: { symbol } }) =>
    answer(evidence.positionQty, (qty) =>
      eq(qty, bookQty)
        ? `Our book and the broker agree: ${text(qty)} ${symbol} is held.`
        : `${text(qty)} ${symbol} is held: ${text(minus(qty, bookQty))} more than in our book, where ${text(feeQty ?? ZERO)} is taken off as fees by estimate.`,
    ),
  oppositePosition: ({ side, positionQty }) => {
    if (!side || positionQty === null) return NO_ANSWER
    const against = sign(positionQty) === (side === 'Buy' ? -1 : 1)
    return against ? [{ code: 'OPPOSITE_POSITION', side, positionQty }] : 'It opens a position or adds to one.'
  },
  oppositeOrder,
  ownExits,
  fifo,
  short,
  shortPriceTest,
  openOrders: ({ exposure }) => answer(exposure, () => 'What every open order may cost is known.'),

  // --- the day
  day: ({ policy, facts }) => {
    const unknown = unknownOf(policy.limits, facts.day)
    if (!unknown) return NO_ANSWER
    const refusals = unknown.map((missing): Refusal => ({ code: 'DAY_UNKNOWN', missing }))
    return no(refusals) ?? `What happened on ${facts.day?.day} so far is known.`
  },
  dayLoss: loss('dayLoss', 'today', (lost) => ({ code: 'DAY_LOSS_REACHED', ...lost })),
  drawdown: loss('drawdown', 'since the highest equity', (lost) => ({ code: 'DRAWDOWN_REACHED', ...lost })),
  perMinute: counted('maxOrdersPerMinute', 'message within a minute', (found) => ({
    code: 'ORDERS_PER_MINUTE_EXCEEDED',
    ...found,
  })),
  perDay: counted('maxOrdersPerDay', 'message today', (found) => ({ code: 'ORDERS_PER_DAY_EXCEEDED', ...found })),
  repeats: counted('maxRepeats', 'such order of this strategy today', (found, { proposal, side }) => ({
    code: 'REPEATS_EXCEEDED',
    strategyID: proposal.strategyID,
    symbol: proposal.symbol,
    side: side ?? 'Buy',
    ...found,
  })),
  openPositions: counted(
    'maxOpenPositions',
    'symbol with a position or an entry',
    (found, { proposal: { symbol } }) => ({
      code: 'OPEN_POSITIONS_EXCEEDED',
      symbol,
      ...found,
    }),
  ),

  // --- the prices
  tick: ({ prices }) =>
    answer(
      prices,
      (p) =>
        `On their ticks: entry ${text(p.entryPx)}, stop ${text(p.stopPx)}${p.stopLimitPx ? ` with its limit at ${text(p.stopLimitPx)}` : ''}, target ${p.targetPx === null ? 'none' : text(p.targetPx)}.`,
    ),
  stopReached: ({ side, prices, quote }) => {
    if (!side || !prices.ok || !quote) return NO_ANSWER
    const { stopPx } = prices.value
    const marketPx = side === 'Buy' ? quote.bid : quote.ask
    const reached = side === 'Buy' ? lte(marketPx, stopPx) : gte(marketPx, stopPx)
    return reached
      ? [{ code: 'STOP_REACHED', side, stopPx, marketPx }]
      : `The market at ${text(marketPx)} has not reached the stop ${text(stopPx)}.`
  },
  targetReached: ({ side, prices, quote, proposal: { ordType } }) => {
    // A limit order waits for its price, so the market may well be beyond the target; a market order would be filled there.
    if (!side || !prices.ok || !quote || ordType !== 'Market' || prices.value.targetPx === null) return NO_ANSWER
    const { targetPx } = prices.value
    const marketPx = side === 'Buy' ? quote.ask : quote.bid
    const reached = side === 'Buy' ? gte(marketPx, targetPx) : lte(marketPx, targetPx)
    return reached
      ? [{ code: 'TARGET_REACHED', side, targetPx, marketPx }]
      : `The market at ${text(marketPx)} has not reached the target ${text(targetPx)}.`
  },
  collar,
  move,
  drift: ({ approved, quote, policy }) => {
    if (!approved || !quote) return NO_ANSWER
    const drifted = drift(approved, quote, policy)
    return drifted
      ? [drifted]
      : `The market is within ${driftLimit(approved, policy)} bps of ${text(approved.refPx)}, where the ticket was made.`
  },

  // --- the size and the limits
  range: ({ facts: { model }, proposal, evidence: { days }, approved }) => {
    if (model?.kind !== 'volatility' || approved) return NO_ANSWER
    const { symbol, strategyID } = proposal
    const rangePx = rangeIn(proposal, known(days))
    if (!rangePx) return [{ code: 'RANGE_MISSING', symbol, strategyID }]
    return `The average true range is ${text(rangePx)}, ${proposal.rangePx ? 'as the signal says' : `of the last ${RANGED} days at the broker`}.`
  },
  quantity,
  least,
  risk,
  approvedCost,
  orderLimit: limit('order', ({ notional, cap, currency }) => ({
    code: 'ORDER_NOTIONAL_EXCEEDED',
    notional,
    limit: cap.limit as Amt,
    currency,
  })),
  positionLimit: limit('position', ({ notional, cap, currency, c }) => ({
    code: 'POSITION_NOTIONAL_EXCEEDED',
    notional,
    position: c.exposure.ok ? c.exposure.value.position : (ZERO as Amt),
    inFlight: c.exposure.ok ? c.exposure.value.inFlight : (ZERO as Amt),
    limit: cap.limit as Amt,
    currency,
  })),
  stageLimit: limit('stage', ({ notional, cap, currency }) => ({
    code: 'STAGE_NOTIONAL_EXCEEDED',
    notional,
    limit: cap.limit as Amt,
    currency,
  })),
  buyingPower: limit('buyingPower', ({ notional, cap, currency, c }) => ({
    code: 'BUYING_POWER_EXCEEDED',
    notional,
    buyingPower: c.account?.buyingPower ?? (ZERO as Amt),
    buffer: c.policy.buyingPowerBuffer,
    reserved: cap.used as Amt,
    available: cap.left as Amt,
    currency,
  })),
  settledCash: (c) => {
    const { account, sizing } = c
    const settled = account?.settledCash
    const measured = measuredAs(c)
    if (settled === undefined || !account || !sizing || !measured || !c.exposure.ok) return NO_ANSWER
    // What a sale brings in has settled a day later; until then it pays for nothing.
    // Every entry that may still fill is paid from it, whether the broker counts it already or not.
    const reserved = c.exposure.value.entries.buys
    const left = minus(settled, reserved)
    const { notional } = measured
    const { currency } = account
    return gt(notional, left)
      ? [
          {
            code: 'SETTLED_CASH_EXCEEDED',
            notional,
            settledCash: settled,
            reserved,
            currency,
          },
        ]
      : `It costs at most ${money(notional, currency)}; ${money(left, currency)} of the cash has settled.`
  },
  deficits: ({ account }) => {
    const count = account?.intradayDeficits
    if (count === undefined) return NO_ANSWER
    return count >= DEFICITS_MAX
      ? [{ code: 'INTRADAY_DEFICITS', count }]
      : `${count} margin deficits of the day are open; at ${DEFICITS_MAX} nothing more is opened.`
  },
  symbolShare: limit('symbolShare', ({ c, ...over }) => ({
    code: 'SYMBOL_SHARE_EXCEEDED',
    symbol: c.proposal.symbol,
    ...shareOf('maxSymbolShare', over, c),
  })),
  sectorShare: limit('sector', ({ c, ...over }) => ({
    code: 'SECTOR_SHARE_EXCEEDED',
    sector: sectorOf(c.policy.limits?.lists ?? { sectors: [] }, c.proposal.symbol),
    ...shareOf('maxSectorShare', over, c),
  })),
  grossExposure: limit('gross', ({ c, ...over }) => ({
    code: 'GROSS_EXPOSURE_EXCEEDED',
    ...shareOf('maxGrossExposure', over, c),
  })),
  netExposure: limit('net', ({ c, ...over }) => ({
    code: 'NET_EXPOSURE_EXCEEDED',
    side: c.side ?? 'Buy',
    ...shareOf('maxNetExposure', over, c),
  })),
  dayTurnover: limit('turnover', ({ c, ...over }) => ({
    code: 'DAY_TURNOVER_EXCEEDED',
    ...shareOf('maxDayTurnover', over, c),
  })),
  orderQty: (c) => {
    const limits = QUANTITIES.flatMap((name) => c.uses[name]?.hard ?? [])
    const orderQty = measuredAs(c)?.orderQty
    if (limits.length === 0 || !orderQty) return NO_ANSWER
    const hard = limits.reduce((a, b) => min(a, b))
    return gt(orderQty, hard)
      ? [{ code: 'ORDER_QTY_EXCEEDED', orderQty, limit: hard as Qty }]
      : `${text(orderQty)} is at most ${text(hard)}, the largest quantity of one order.`
  },
  volume: (c) => {
    const { evidence, instrument, policy, uses, proposal } = c
    const { hard: share, soft } = figures('maxVolumeShare', policy)
    if (!instrument || !holdsFor('maxVolumeShare', instrument.assetClass)) return NO_ANSWER
    if (share === null && soft === null) return NO_ANSWER
    if (!evidence.days.ok) return evidence.days.error
    const { hard } = uses.maxVolumeShare ?? {}
    const orderQty = measuredAs(c)?.orderQty
    if (!share || !hard || !orderQty) return NO_ANSWER
    const { avgVolume, days } = evidence.days.value
    return gt(orderQty, hard)
      ? [
          {
            code: 'VOLUME_SHARE_EXCEEDED',
            symbol: proposal.symbol,
            orderQty,
            limit: hard as Qty,
            share,
            avgVolume,
            days,
          },
        ]
      : `${text(orderQty)} is at most ${text(hard)}, ${percent(share)} of the mean volume of ${days} days.`
  },
  maximum: ({ sizing, instrument }) => {
    if (!sizing || !instrument || instrument.maxQty === null) return NO_ANSWER
    const { maxQty } = instrument
    const { orderQty } = sizing
    return gt(orderQty, maxQty)
      ? [{ code: 'QTY_ABOVE_MAXIMUM', orderQty, maxQty }]
      : `${text(orderQty)} is at most ${text(maxQty)}, the largest size.`
  },
} satisfies Record<string, Check>

const QUANTITIES = ['maxOrderQty', 'maxOrderQtyShares', 'maxOrderQtyFx', 'maxOrderQtyCoins'] as const
const no = (refusals: readonly Refusal[]): readonly Refusal[] | null => (refusals.length > 0 ? refusals : null)
const answer = <T>(fact: Believed<T>, says: (value: T) => string): Answer => (fact.ok ? says(fact.value) : fact.error)

/** An order must be traceable to what decided it: of an agent that is a model, its version, and the run. */
function decisionMaker({
  facts: { proposedBy },
  policy: { environment, namedModel = 'live' },
  proposal,
}: Case): Answer {
  if (proposedBy !== 'agent' || (environment === 'paper' && namedModel === 'live')) return NO_ANSWER
  const { model, artifactID } = proposal
  const missing = [
    ...(model ? [] : ['model', 'model_version']),
    ...(artifactID === null || artifactID.trim() === '' ? ['artifact_id'] : []),
  ]
  return missing.length > 0
    ? [{ code: 'DECISION_MAKER_MISSING', missing: missing.join(', ') }]
    : `It was decided by ${model?.name} ${model?.version} in ${artifactID}.`
}

/** Real money from the pilot on, and by a build that people agreed to; simulated fills alone before paper. */
function stage({ facts: { rollout }, policy: { environment, broker } }: Case): Answer {
  if (!rollout) return NO_ANSWER
  const { stage, buildFault } = rollout
  const refusals: Refusal[] = []
  if (environment === 'live' && !isLive(stage))
    refusals.push({ code: 'STAGE_FORBIDS', stage, sendsTo: 'a live account' })
  if (stage === 'S0' && broker !== SIMULATED)
    refusals.push({ code: 'STAGE_FORBIDS', stage, sendsTo: `the broker ${broker}` })
  if (environment === 'live' && buildFault !== null) refusals.push({ code: 'BUILD_NOT_AGREED', reason: buildFault })
  return no(refusals) ?? `The account is at stage ${stage}, ${STAGE_TITLES[stage]}.`
}
/** The broker whose fills nobody owes anybody. */
const SIMULATED = 'sim'

/** Paper must never meet live: account, rules and, at the send, ticket name the same environment and broker. */
function environment({ facts, policy, approved }: Case): Answer {
  const account = facts.account?.account.account
  if (!account) return NO_ANSWER
  const home = `${policy.environment}:${policy.broker}`
  const refusals: Refusal[] = []
  if (!account.startsWith(`${home}:`)) refusals.push({ code: 'ENVIRONMENT_MISMATCH', expected: home, account })
  if (approved && `${approved.environment}:${approved.broker}` !== home)
    refusals.push({
      code: 'ENVIRONMENT_MISMATCH',
      expected: `${approved.environment}:${approved.broker}`,
      account: home,
    })
  if (approved && approved.account !== account)
    refusals.push({ code: 'ACCOUNT_MISMATCH', expected: approved.account, account })
  return no(refusals) ?? `The account is ${account}.`
}

function timing({ proposal: { generatedAt, expiresAt }, now }: Case): Answer {
  const refusals: Refusal[] = []
  if (expiresAt <= generatedAt) refusals.push({ code: 'EXPIRY_NOT_AFTER_GENERATED', generatedAt, expiresAt })
  if (generatedAt - now > CLOCK_SKEW_MAX_MS * 1000)
    refusals.push({ code: 'CLOCK_DISAGREES', of: 'signal', at: generatedAt, now, limitMs: CLOCK_SKEW_MAX_MS })
  // At the very moment of its expiry a signal is over.
  if (expiresAt <= now) refusals.push({ code: 'SIGNAL_EXPIRED', expiresAt, now })
  return no(refusals) ?? `The signal is good until ${moment(expiresAt)}.`
}

function supported({ proposal, approved, instrument, facts: { supported: takes } }: Case): Answer {
  const { form, ordType, timeInForce } = proposal
  const list = (names: readonly string[]) => names.join(', ') || 'nothing'
  const refusals: Refusal[] = []
  if (instrument && !takes.assetClasses.includes(instrument.assetClass))
    refusals.push({
      code: 'ASSET_CLASS_UNSUPPORTED',
      assetClass: instrument.assetClass,
      supported: list(takes.assetClasses),
    })
  if (!takes.ordTypes.includes(ordType))
    refusals.push({ code: 'ORD_TYPE_UNSUPPORTED', ordType, supported: list(takes.ordTypes) })
  if (!takes.timeInForce.includes(timeInForce))
    refusals.push({ code: 'TIME_IN_FORCE_UNSUPPORTED', timeInForce, supported: list(takes.timeInForce) })
  // Where the broker makes no exits of its own, it must take ours: nothing is bought that cannot be protected.
  const stopType = !approved ? stopTypeOf(takes) : approved.terms.bracket?.stopLimitPx ? 'StopLimit' : 'Stop'
  if (!takes.bracket && !takes.ordTypes.includes(stopType))
    refusals.push({ code: 'ORD_TYPE_UNSUPPORTED', ordType: stopType, supported: list(takes.ordTypes) })
  const bare = proposal.targetPx !== null && takes.bracket === false && takes.oneCancelsOther === false
  return (
    no(refusals) ??
    `The broker takes ${ordType} orders, ${timeInForce}${form === 'Signal' && timeInForce === 'GTC' ? ' (taken back when the signal expires)' : ''}${takes.bracket ? '' : `, and ${stopType} orders to protect them`}.${bare ? ' No order rests at the target: taking it is up to you.' : ''}`
  )
}

/** Two entries of ours on two sides of one symbol could trade with each other, and the later fill would reverse the first. */
function oppositeOrder({ side, facts, proposal: { symbol } }: Case): Answer {
  if (!side) return NO_ANSWER
  const against = facts.inFlight.filter(
    (o) => o.role === 'Entry' && o.terms.symbol === symbol && o.terms.side === opposite(side) && gt(leavesQty(o), ZERO),
  )
  const refusals = against.map(
    (o): Refusal => ({ code: 'OPPOSITE_ORDER', side, clOrdID: o.clOrdID, leavesQty: leavesQty(o) }),
  )
  return no(refusals) ?? 'No entry of ours is open on the other side.'
}

/** Not traded on an exchange: prices that nobody vouches for. */
const OVER_THE_COUNTER: ReadonlySet<string> = new Set(['OTC', 'OTCBB', 'PINK'])
const REENTRY_MS = 300_000
/** One may be met in time; two that stand are a restriction to come. */
const DEFICITS_MAX = 2

/**
 * An entry must not trade with an exit of ours. A target that rests on the other side is met by whatever reaches its price;
 * a stop, once it is reached, by an entry that waits at it or beyond.
 */
function ownExits({ side, facts, prices, quote, proposal: { symbol, ordType } }: Case): Answer {
  if (!side || !prices.ok || !quote) return NO_ANSWER
  const { entryPx } = prices.value
  const reach = ordType === 'Market' ? (side === 'Buy' ? quote.ask : quote.bid) : entryPx
  const [beyond, short] = side === 'Buy' ? [gte, lte] : [lte, gte]
  const met = facts.inFlight.filter(({ role, terms }) => {
    if (role === 'Entry' || terms.symbol !== symbol || terms.side !== opposite(side)) return false
    if (terms.stopPx) return ordType !== 'Market' && short(reach, terms.stopPx)
    return terms.price === null || beyond(reach, terms.price)
  })
  const refusals = met.map(
    ({ clOrdID, terms }): Refusal => ({
      code: 'WOULD_MEET_OWN_EXIT',
      side,
      clOrdID,
      price: terms.stopPx ?? terms.price ?? reach,
    }),
  )
  return no(refusals) ?? 'It would meet no stop and no target of ours.'
}

/** Where the oldest trade is offset first, a stop is known by the size of its trade: no two may be alike. */
function fifo({
  facts: { supported: takes, inFlight },
  sizing,
  approved,
  positionQty,
  proposal: { symbol },
}: Case): Answer {
  if (takes.offsetting !== 'fifo' || !sizing) return NO_ANSWER
  const size = approved ? approved.terms.orderQty : sizing.orderQty
  const taken =
    (positionQty !== null && eq(abs(positionQty), size)) ||
    inFlight.some(({ role, terms }) => role !== 'Target' && terms.symbol === symbol && eq(terms.orderQty, size))
  return taken
    ? [{ code: 'FIFO_SIZE_TAKEN', symbol, orderQty: size }]
    : `No other trade in ${symbol} is for ${text(size)}, so its stop is its own.`
}

/** A sale out of nothing, or more of one, needs the policy, the account and the instrument to allow it. */
function short({ side, positionQty, policy, account, instrument, proposal: { symbol } }: Case): Answer {
  if (side !== 'Sell' || (positionQty !== null && gt(positionQty, ZERO))) return NO_ANSWER
  const refusals: Refusal[] = []
  if (!policy.allowShort) refusals.push({ code: 'SHORT_OFF_BY_POLICY', symbol })
  if (account && !account.shortingAllowed) refusals.push({ code: 'SHORT_OFF_FOR_ACCOUNT', symbol })
  if (instrument && !instrument.shortable) refusals.push({ code: 'NOT_SHORTABLE', symbol })
  return no(refusals) ?? (account && instrument ? `${symbol} may be sold short.` : NO_ANSWER)
}

const NINE_TENTHS = dec('0.9')

/**
 * After a fall of a tenth from the close before it, a share is sold short only above the bid, on that day and the next
 * (Regulation SHO, rule 201). What was read yesterday may call yesterday today: then it looks at one day more.
 */
function shortPriceTest(c: Case): Answer {
  const { side, positionQty, instrument, evidence, quote, prices, proposal } = c
  const { symbol, ordType } = proposal
  if (side !== 'Sell' || (positionQty !== null && gt(positionQty, ZERO))) return NO_ANSWER
  if (instrument?.assetClass !== 'us_equity' || !quote || !prices.ok) return NO_ANSWER
  const days = evidence.days.ok ? evidence.days.value : null
  if (!days?.last) return [{ code: 'SHORT_PRICES_UNKNOWN', symbol }]
  const falls: readonly (readonly [from: Px | undefined, to: Px | undefined])[] = [
    [days.last.close, min(quote.bid, quote.last)],
    [days.last.close, days.today?.low],
    [days.before?.close, days.last.low],
  ]
  const price = ordType === 'Limit' ? prices.value.entryPx : null
  const { bid } = quote
  for (const [closePx, fellToPx] of falls)
    if (closePx && fellToPx && lte(fellToPx, times(closePx, NINE_TENTHS)) && (price === null || lte(price, bid)))
      return [{ code: 'SHORT_PRICE_TEST', symbol, closePx, fellToPx, price, bid }]
  return `It is a short sale, and free of the price test or above the bid of ${text(bid)}.`
}

const BPS = dec('10000')
/** How far two prices are apart against a limit, without dividing. */
const isApart = (px: Px, ref: Px, bps: number): boolean =>
  gt(times(abs(minus(px, ref)), BPS), times(ref, dec(String(bps))))

/** Currencies move by far less within a moment. */
const COLLAR_MAX: { readonly [assetClass: string]: number } = { fx: 50 }

/** Far above and far below alike: a wrong symbol, a split or a misplaced point shows on either side. */
function collar(c: Case): Answer {
  const prices = collaredPxs(c)
  if (!prices || !c.quote) return NO_ANSWER
  const midPx = midOf(c.quote)
  const collarBps = Math.min(
    c.policy.collarBps,
    c.instrument ? (COLLAR_MAX[c.instrument.assetClass] ?? Infinity) : Infinity,
  )
  const [, worst] = prices
  const price = prices.find((px) => isApart(px, midPx, collarBps))
  if (price)
    return [{ code: 'PRICE_OUTSIDE_COLLAR', price, midPx, distanceBps: apartBps(price, midPx), limitBps: collarBps }]
  return `${text(worst)} is ${text(apartBps(worst, midPx))} bps from the market at ${text(midPx)}; ${collarBps} bps are accepted.`
}

/** A market that runs is not one to send into, in either direction. */
function move({ uses, quote, facts: { day } }: Case): Answer {
  const { hard, before: moveBps } = uses.maxMoveBps ?? {}
  if (!hard || !moveBps || !quote || !day?.trail) return NO_ANSWER
  if (isBeyond('maxMoveBps', moveBps, hard))
    return [{ code: 'PRICE_MOVE_EXCEEDED', ...rangeOf(day.trail, quote), moveBps, limitBps: numberOf(hard) }]
  return `Within ten minutes the market moved ${text(moveBps)} bps; ${text(hard)} bps are accepted.`
}

/** What the human saw, or less when the policy has been tightened since. */
const driftLimit = (ticket: Ticket, policy: Policy): number => Math.min(ticket.maxDriftBps, policy.maxDriftBps)

/** Whether the market has left the ticket's reference, in either direction: a good move too is one nobody has seen. */
export function drift(ticket: Ticket, quote: Quote, policy: Policy): Refusal | null {
  const [refPx, midPx, limitBps] = [ticket.refPx, midOf(quote), driftLimit(ticket, policy)]
  return isApart(midPx, refPx, limitBps)
    ? { code: 'PRICE_DRIFTED', refPx, midPx, driftBps: apartBps(midPx, refPx), limitBps }
    : null
}

/** Whole lots, not below the minimum; and an explicit order matches the computed size. Nothing is ever rounded up. */
function quantity({ proposal, instrument, sizing, policy, approved }: Case): Answer {
  const { form, symbol, orderQty: asked } = proposal
  const refusals: Refusal[] = []
  if (form === 'Order' && asked === null) refusals.push({ code: 'QTY_MISSING', symbol })
  if (form === 'Signal' && asked !== null) refusals.push({ code: 'QTY_UNEXPECTED', orderQty: asked })
  const given = approved ? approved.terms.orderQty : form === 'Order' ? asked : null
  if (given && instrument) {
    if (!isMultipleOf(given, instrument.lot))
      refusals.push({ code: 'QTY_NOT_LOT_MULTIPLE', orderQty: given, lot: instrument.lot })
    if (lt(given, minimumOf(instrument)))
      refusals.push({ code: 'QTY_BELOW_MINIMUM', orderQty: given, minQty: minimumOf(instrument) })
  }
  if (!sizing || !instrument) return refusals
  const { qty: size, rawQty: rawSize, binding } = sizing
  // An approved ticket is not sized again: every limit looks at it by itself below, and only upwards.
  if (
    !approved &&
    form === 'Order' &&
    asked !== null &&
    (policy.explicitQty === 'exact' ? !isSame(asked, size) : gt(asked, size))
  )
    refusals.push({ code: 'QTY_DIFFERS_FROM_SIZE', orderQty: asked, size, rawSize, rule: policy.explicitQty, binding })
  if (!approved && form === 'Signal' && lt(size, minimumOf(instrument)))
    refusals.push({ code: 'SIZE_BELOW_MINIMUM', size, rawSize, minQty: minimumOf(instrument), binding })
  const before = given ? `${text(given)} ${approved ? 'approved' : 'asked'}; ` : ''
  return (
    no(refusals) ?? `${before}${text(size)} computed, set by ${BINDING[binding]} (${shortest(rawSize)} by risk alone).`
  )
}
const isSame = (a: Qty, b: Qty): boolean => !lt(a, b) && !gt(a, b)

/** Some brokers refuse what is worth too little, and they refuse such a stop as well. */
function least({ side, sizing, instrument, prices, quote, proposal: { ordType } }: Case): Answer {
  if (!side || !sizing || !instrument?.minNotional || !prices.ok || !quote) return NO_ANSWER
  if (lt(sizing.orderQty, minimumOf(instrument))) return NO_ANSWER // refused as such
  const { minNotional, currency } = instrument
  const { entryPx, stopPx, stopLimitPx } = prices.value
  const price = min(ordType === 'Market' ? quote.bid : entryPx, stopLimitPx ?? stopPx)
  const worth = round(times(sizing.orderQty, price), CENTS, 'down') as Amt
  return lt(worth, minNotional)
    ? [{ code: 'NOTIONAL_BELOW_MINIMUM', worth, price, minNotional, currency }]
    : `At ${text(price)} it is worth ${money(worth, currency)}; the broker takes it from ${money(minNotional, currency)} on.`
}

/**
 * A new size keeps to the budget by construction. Of an approved one equity and rates may have moved since, and they
 * move all the time; so it may exceed the budget by as much as the market itself may drift unseen, and no more.
 */
function risk({ sizing, approved, policy }: Case): Answer {
  if (!sizing) return NO_ANSWER
  const { riskAtStop, riskAmount: budget, currency, riskPerTrade } = sizing
  const limitBps = approved ? driftLimit(approved, policy) : 0
  // An explicit order above the computed size is refused as such.
  if (approved && gt(riskAtStop, times(budget, plusBps(limitBps))))
    return [{ code: 'RISK_ABOVE_BUDGET', risk: riskAtStop, budget, limitBps, currency }]
  if (gt(riskAtStop, budget) && !approved) return NO_ANSWER
  return `${money(riskAtStop, currency)} is lost at the stop; ${percent(riskPerTrade)} of equity is ${money(budget, currency)}.`
}

/** The human approved a sum. What the order costs by now may exceed it by what the market may drift unseen. */
function approvedCost({ approved, sizing, side, prices, quote, rate, proposal: { ordType }, policy }: Case): Answer {
  if (!approved || !sizing || !side || !prices.ok || !quote || !rate) return NO_ANSWER
  // A market order was approved with the collar added to the ask, so here it counts at the quote as it is.
  const unitPx =
    ordType === 'Market' ? quote.ask : side === 'Buy' ? prices.value.entryPx : max(prices.value.entryPx, quote.bid)
  const cost = round(times(times(approved.terms.orderQty, unitPx), rate), CENTS, 'up') as Amt
  const limitBps = driftLimit(approved, policy)
  const { currency } = sizing
  if (gt(cost, times(approved.maxNotional, plusBps(limitBps))))
    return [{ code: 'COST_ABOVE_APPROVED', cost, approved: approved.maxNotional, limitBps, currency }]
  return `It costs ${money(cost, currency)} by now; ${money(approved.maxNotional, currency)} was approved.`
}

type Over = { readonly notional: Amt; readonly cap: Cap; readonly currency: string; readonly c: Case }

/** What the order may cost against what a limit leaves. */
function limit(
  name: Exclude<Cap['name'], 'instrument' | 'orderQty' | 'volume'>,
  refusal: (over: Over) => Refusal,
): Check {
  return (c) => {
    const { sizing } = c
    const measured = measuredAs(c)
    const cap = sizing?.caps.find((one) => one.name === name)
    if (!sizing || !measured || !cap) return NO_ANSWER
    const { currency } = sizing
    const { notional } = measured
    if (gt(notional, cap.left)) return [refusal({ notional, cap, currency, c })]
    return `It costs at most ${money(notional, currency)}; ${BINDING[name]} leaves ${money(cap.left, currency)}.`
  }
}

/** The numbers of a limit that is a share of equity. */
const shareOf = (name: LimitName, { notional, cap, currency }: Omit<Over, 'c'>, { policy }: Case) => ({
  notional,
  used: cap.used as Amt,
  limit: cap.limit as Amt,
  share: policy.limits?.values[name].hard ?? ZERO,
  currency,
})

type Lost = { readonly loss: Amt; readonly limit: Amt; readonly share: Decimal; readonly currency: string }

/** A loss that is at its limit stops everything that would open something. */
function loss(name: 'dayLoss' | 'drawdown', since: string, refusal: (lost: Lost) => Refusal): Check {
  return ({ uses, account, policy }) => {
    const use = uses[name]
    if (!use?.hard || !account) return NO_ANSWER
    const [lost, limit, { currency }] = [use.before as Amt, use.hard as Amt, account]
    return isBeyond(name, lost, limit)
      ? [refusal({ loss: lost, limit, share: policy.limits?.values[name].hard ?? ZERO, currency })]
      : `${money(lost, currency)} is lost ${since}; at ${money(limit, currency)} nothing more is opened.`
  }
}

/** So many already, and this one, against how many there may be. */
function counted(
  name: LimitName,
  one: string,
  refusal: (found: { readonly count: number; readonly limit: number }, c: Case) => Refusal,
): Check {
  return (c) => {
    const use = c.uses[name]
    const part = partOf(name, c)
    if (!use?.hard || !part) return NO_ANSWER
    const total = plus(use.before, part)
    if (isBeyond(name, total, use.hard)) return [refusal({ count: numberOf(use.before), limit: numberOf(use.hard) }, c)]
    return `With this order it is ${text(total)} ${one}${eq(total, ONE) ? '' : 's'}; ${text(use.hard)} may be.`
  }
}

/** An allow-list. */
function allowed<Name extends 'symbols' | 'assetClasses' | 'ordTypes'>(
  list: Name,
  of: (c: Case) => string | null,
  refusal: (one: string, found: { readonly allowed: string; readonly stage: string }) => Refusal,
): Check {
  return (c) => {
    const { limits } = c.policy
    const names: readonly string[] | null = limits?.lists[list] ?? null
    const one = of(c)
    if (!limits || !names || one === null) return NO_ANSWER
    return names.includes(one)
      ? `In stage ${limits.stage} ${one} is allowed.`
      : [refusal(one, { allowed: names.join(', ') || 'nothing', stage: limits.stage })]
  }
}

const ONE = dec('1')
const numberOf = (d: Decimal): number => Number(shortest(d))

/** The checks as a list. */
export const CHECK_LIST: readonly (readonly [name: string, check: Check])[] = Object.entries(CHECKS)
