import type { Instrument } from '../orders/instrument.ts'
import { type Order, ordStatus } from '../orders/machine.ts'
import type { OrdType, Side, Terms, TimeInForce } from '../orders/terms.ts'
import { opposite } from '../orders/terms.ts'
import type { IntentID } from '../values/brand.ts'
import {
  abs,
  type Decimal,
  gt,
  isZero,
  lt,
  max,
  min,
  minus,
  negate,
  over,
  plus,
  type Px,
  type Qty,
  qty,
  round,
  scaleOf,
  shortest,
  sign,
  toStep,
  ZERO,
} from '../values/decimal.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import { minimumOf, weigh } from './evidence.ts'
import type { MarketFacts } from './facts.ts'
import type { Policy } from './policy.ts'
import { collaredPx } from './prices.ts'
import { explain, type Refusal } from './refusal.ts'
import { moment, span } from './words.ts'

// How does what is held of one symbol become nothing? Given all that is known of it: the one next step, in words for
// people. First nothing may be open, then one order for each intent that holds something and one for the rest, never for
// more than the broker says it holds; and again, until that is nothing.

/** What the orders of one intent have opened and not closed. */
export type Family = {
  readonly intentID: IntentID
  /** Of its entry: `Buy` holds long. */
  readonly side: Side
  readonly heldQty: Qty
}

/** All that is known of one symbol. */
export type Closing = {
  readonly symbol: string
  /** The broker's own count, signed, and when it was begun to be read; null while it may lack a trade that our book has. */
  readonly broker: { readonly netQty: Decimal; readonly at: Instant } | null
  readonly bookQty: Decimal
  /** Since when neither the broker's count nor our book has moved; null when that is not known. */
  readonly stillSince: Instant | null
  /** Every open order in the symbol, whoever made it. */
  readonly open: readonly Order[]
  readonly families: readonly Family[]
  /** The exits tried since a person looked last, oldest first. */
  readonly tries: readonly Order[]
  /** When anything was last learned of an order in the symbol. */
  readonly movedAt: Instant | null
  readonly market: MarketFacts | null
  readonly takes: { readonly ordTypes: readonly OrdType[]; readonly timeInForce: readonly TimeInForce[] }
}

export type ClosingRules = {
  readonly collarBps: number
  /** A person has allowed orders without a limit. */
  readonly market: boolean
  readonly policy: Policy
  /** How much faster than a person's time the clock runs. */
  readonly speed: number
}

export const STEPS = [
  'Canceling', // orders are still open; the broker has been asked to cancel them
  'InDoubt', // whether the broker has one of them is not known
  'Working', // an exit works
  'Reading', // what the broker holds is read again
  'Unexplained', // the broker and our book do not agree yet
  'WaitsForOpen', // the market is closed
  'NotTradable', // the broker trades it not, or its rules are not known
  'NoQuote', // no fresh quote to set a limit by
  'Rejected', // the broker said no; the next try comes later
  'NeedsPerson', // it said no too often in a row
  'Ready', // an exit goes now
  'Dust', // less is left than the broker takes
  'Flat', // nothing is held
] as const
export type StepState = (typeof STEPS)[number]

export type Place = {
  /** Null: what no intent of ours holds. */
  readonly intentID: IntentID | null
  readonly terms: Terms
}
export type Step = {
  readonly state: StepState
  /** What happens now or what is waited for, as a sentence. */
  readonly text: string
  readonly cancels: readonly Order[]
  readonly places: readonly Place[]
  /** When to look again, in a person's time; something that happens before that calls sooner. */
  readonly againMs: number
}

/** Over for this symbol: nothing is held, or nothing that could be sold. */
export const isOver = ({ state }: Step): boolean => state === 'Flat' || state === 'Dust'

/** How long an exit may rest: then the market has left its limit behind. */
const WORKS_MS = 5_000
/** Between two exits, so that a market without buyers is not asked without end. */
const NEXT_MS = 1_000
/** A broker's count of a position may lag behind its reports, and these behind each other. */
const SETTLED_MS = 500
/** How long the broker must hold something else than our book before that is no trade that is just being reported. */
const LASTING_MS = 10_000
/** Before the next try after so many noes in a row; one more and a person must look. */
const REJECTED_MS = [1_000, 5_000, 15_000, 30_000, 60_000]
const LOOK_MS = 1_000
const LATER_MS = 15_000

const step = (state: StepState, text: string, againMs = LOOK_MS): Step => ({
  state,
  text,
  cancels: [],
  places: [],
  againMs,
})

export function nextStep(what: Closing, rules: ClosingRules, now: Instant): Step {
  const busy = ordersStep(what, rules, now)
  if (busy) return busy
  const { broker, bookQty, symbol } = what
  if (!broker || !isSettled(what, rules, broker.at))
    return step('Reading', 'What the broker holds is read again, after the last trade.', SETTLED_MS)
  const agree = isZero(minus(broker.netQty, bookQty))
  if (isZero(broker.netQty)) {
    if (agree) return step('Flat', 'Nothing is held.')
    const differ = `The broker holds nothing of ${symbol}, our book says ${shortest(bookQty)}.`
    return isLasting(what, rules, broker.at)
      ? step('Flat', `${differ} A person must say what the difference is.`)
      : step('Unexplained', `${differ} It is read again.`)
  }
  return marketStep(what, rules, now, broker.netQty) ?? placeStep(what, rules, now, broker)
}

/** Nothing new goes out while anything is open: what rests may still trade, and what is in doubt may be there. */
function ordersStep({ open }: Closing, { speed }: ClosingRules, now: Instant): Step | null {
  if (open.length === 0) return null
  // An exit in doubt is not canceled: offered again under its name it may settle the doubt.
  const stale = (o: Order): boolean =>
    o.role !== 'Exit' || (o.delivery === 'Delivered' && isOlder(o.sentAt ?? o.createdAt, WORKS_MS * speed, now))
  const cancels = open.filter((o) => o.asked !== 'Cancel' && stale(o))
  const doubtful = open.find((o) => o.delivery !== 'Delivered')
  const working = open.find((o) => o.role === 'Exit' && o.asked !== 'Cancel')
  if (doubtful)
    return {
      ...step(
        'InDoubt',
        `Whether the broker has ${doubtful.clOrdID} is not known yet. Nothing goes out before that is settled.`,
      ),
      cancels,
    }
  if (working && cancels.length === 0) return step('Working', `${inWords(working)} works.`)
  return {
    ...step('Canceling', `${open.map(inWords).join(', ')}: canceled first; the broker has not ended it yet.`),
    cancels,
  }
}

/** How long the broker may take to end an order before a person looks on its own page. */
const UNENDED_MS = 60_000
/** An order that the broker was told to cancel and has not ended for too long. @param since when everything began. */
export const unended = ({ open }: Closing, since: Instant, { speed }: ClosingRules, now: Instant): Order | undefined =>
  open.find(
    (o) =>
      o.asked === 'Cancel' &&
      o.delivery === 'Delivered' &&
      isOlder(o.updatedAt > since ? o.updatedAt : since, UNENDED_MS * speed, now),
  )

function inWords({ clOrdID, terms, cumQty }: Order): string {
  const done = isZero(cumQty) ? '' : `, ${shortest(cumQty)} done`
  return `${clOrdID} (${terms.side} ${shortest(terms.orderQty)}${terms.price ? ` at ${shortest(terms.price)}` : ''}${done})`
}

/** A moment that is far ahead is of a clock that has been set back since: it must not hold anything up for as long. */
function isOlder(at: Instant, ms: number, now: Instant): boolean {
  const age = msBetween(at, now)
  return age >= ms || age <= -SET_BACK_MS
}
/** Longer than anything takes between a reading and the decision on it. */
const SET_BACK_MS = 120_000

const isSettled = ({ movedAt }: Closing, { speed }: ClosingRules, readAt: Instant): boolean =>
  movedAt === null || isOlder(movedAt, SETTLED_MS * speed, readAt)

const isLasting = ({ stillSince }: Closing, { speed }: ClosingRules, readAt: Instant): boolean =>
  stillSince !== null && msBetween(stillSince, readAt) >= LASTING_MS * speed

/** Whether it can be traded at all now. */
function marketStep(
  { symbol, market, tries }: Closing,
  { policy, speed, market: anyPrice }: ClosingRules,
  now: Instant,
  netQty: Decimal,
): Step | null {
  const { instrument, session } = weighed(symbol, market, policy, now)
  const held = `${shortest(netQty)} ${symbol}`
  if (!instrument.ok)
    return step('NotTradable', `${held} cannot be closed: ${whyNot(instrument.error, 'its rules are not known.')}`)
  if (!instrument.value.tradable)
    return step('NotTradable', `${held} cannot be closed: the broker does not trade it now.`, LATER_MS)
  if (!session.ok && !anyPrice)
    return step(
      'WaitsForOpen',
      `${held} waits: ${whyNot(session.error, 'whether its market is open is not known.')}`,
      NEXT_MS,
    )
  if (session.ok && !session.value.open)
    return step(
      'WaitsForOpen',
      `${held} waits for the open${session.value.nextOpenAt === null ? '' : `, ${moment(session.value.nextOpenAt)}`}.`,
      LATER_MS,
    )
  const { moments, last } = refusedInARow(tries)
  if (!last) return null
  const afterMs = REJECTED_MS[moments - 1]
  const words = `The broker rejected ${last.clOrdID}: ${last.text ?? 'it gave no reason'}`.replace(/\.?$/, '.')
  if (afterMs === undefined)
    return step(
      'NeedsPerson',
      `${words} That was ${moments} times in a row. Close the task and it is tried again.`,
      LATER_MS,
    )
  return isOlder(last.updatedAt, afterMs * speed, now)
    ? null
    : step('Rejected', `${words} The next try is ${span(afterMs)} later.`)
}

/** How many times in a row the broker refused what was tried at one moment. */
function refusedInARow(tries: readonly Order[]): { readonly moments: number; readonly last: Order | undefined } {
  const good = tries.findLastIndex((o) => ordStatus(o) !== 'Rejected')
  const tail = tries.slice(good + 1)
  return { moments: new Set(tail.map((o) => o.createdAt)).size, last: tail.at(-1) }
}

/** How many times in a row nothing came of what was tried at one moment, for whatever reason. */
export function fruitlessInARow(tries: readonly Order[]): number {
  const good = tries.findLastIndex((o) => !isZero(o.cumQty))
  return new Set(tries.slice(good + 1).map((o) => o.createdAt)).size
}

const whyNot = (refusals: readonly Refusal[], otherwise: string): string => {
  const [first] = refusals
  return first ? explain(first) : otherwise
}

function weighed(symbol: string, market: MarketFacts | null, policy: Policy, now: Instant) {
  const unasked = { halt: null, freeze: null, account: null, bookQty: ZERO, inFlight: [], twins: [] }
  const supported = { ordTypes: [], timeInForce: [], assetClasses: [] }
  return weigh(symbol, { ...unasked, market, supported }, policy, now)
}

/** The quote that may set a limit; null when there is none. */
export const quoteOf = (symbol: string, market: MarketFacts | null, policy: Policy, now: Instant) => {
  const { quote } = weighed(symbol, market, policy, now)
  return quote.ok ? quote.value : null
}

function placeStep(
  what: Closing,
  rules: ClosingRules,
  now: Instant,
  broker: { readonly netQty: Decimal; readonly at: Instant },
): Step {
  const { symbol, market, tries, takes } = what
  const last = tries.at(-1)
  if (last && !isOlder(last.createdAt, NEXT_MS * rules.speed, now))
    return step('Reading', 'The next exit goes in a moment.', NEXT_MS)
  const { instrument, quote } = weighed(symbol, market, rules.policy, now)
  const side: Side = sign(broker.netQty) > 0 ? 'Sell' : 'Buy'
  const atMarket = rules.market && takes.ordTypes.includes('Market')
  const price = instrument.ok && quote.ok ? collaredPx(side, instrument.value, quote.value, rules.collarBps) : null
  if (!instrument.ok || (!atMarket && (!quote.ok || price === null))) {
    const why = quote.ok ? 'no limit can be set at this price.' : whyNot(quote.error, 'no quote is known.')
    return step('NoQuote', `${why} Without a fresh quote no limit can be set; orders without one take a person’s yes.`)
  }
  const near = quote.ok ? (side === 'Sell' ? quote.value.bid : quote.value.ask) : null
  const { shares, dustQty, unexplainedQty } = divide(what, rules, broker, sizesOf(instrument.value, near))
  const base = {
    symbol,
    side,
    ...(atMarket ? { ordType: 'Market' as const, price: null } : { ordType: 'Limit' as const, price }),
    timeInForce: TIFS.find((tif) => takes.timeInForce.includes(tif)) ?? 'Day',
    stopPx: null,
    bracket: null,
    reduceOnly: true,
  }
  const places = shares.map(({ intentID, orderQty }): Place => ({ intentID, terms: { ...base, orderQty } }))
  if (places.length > 0) {
    const total = places.reduce<Decimal>((sum, { terms }) => plus(sum, terms.orderQty), ZERO)
    const how = base.price ? `at ${shortest(base.price)} or better` : 'at the market'
    return { ...step('Ready', `${side} ${shortest(total)} ${symbol} ${how}.`), places }
  }
  if (!isZero(unexplainedQty))
    return step(
      'Unexplained',
      `The broker holds ${shortest(broker.netQty)} ${symbol}, our book says ${shortest(what.bookQty)}. It is read again before the rest is closed.`,
    )
  return step('Dust', `${shortest(dustQty)} ${symbol} are left: less than the broker takes in one order.`)
}

/** Immediate or cancel where the broker takes it: then nothing of ours is left resting. */
const TIFS: readonly TimeInForce[] = ['IOC', 'Day', 'GTC']

type Sizes = { readonly lot: Qty; readonly least: Qty; readonly most: Qty | null }
function sizesOf(instrument: Instrument, near: Px | null): Sizes {
  const { lot, minNotional, maxQty } = instrument
  const least = minimumOf(instrument)
  if (!minNotional || near === null) return { lot, least, most: maxQty }
  const worth = toStep(over(minNotional, near, { scale: 12, rounding: 'ceil' }), lot, 'ceil') as Qty
  return { lot, least: max(least, worth), most: maxQty }
}

/** What each may close: together never more than the broker holds, each never more than it holds itself. */
function divide(
  what: Closing,
  rules: ClosingRules,
  broker: { readonly netQty: Decimal; readonly at: Instant },
  { lot, least, most }: Sizes,
) {
  const held = opposite(sign(broker.netQty) > 0 ? 'Sell' : 'Buy')
  const shares: { readonly intentID: IntentID | null; readonly orderQty: Qty }[] = []
  let left = abs(broker.netQty) as Qty
  let dustQty = qty('0')
  let ours: Decimal = ZERO
  const take = (intentID: IntentID | null, part: Qty): void => {
    const whole = toStep(part, lot, 'floor')
    const orderQty = most && gt(whole, most) ? toStep(most, lot, 'floor') : whole
    if (isZero(orderQty) || lt(orderQty, least)) dustQty = plus(dustQty, part)
    else shares.push({ intentID, orderQty: round(orderQty, scaleOf(lot), 'down') })
  }
  for (const { intentID, side, heldQty } of what.families) {
    if (side !== held || isZero(heldQty)) continue
    ours = plus(ours, heldQty)
    const part = min(heldQty, left)
    left = minus(left, part)
    if (!isZero(part)) take(intentID, part)
  }
  // What no intent holds is closed where our book knows it, or where the broker has said the same for long enough.
  const booked = held === 'Buy' ? what.bookQty : negate(what.bookQty)
  const known = gt(booked, ours) ? (minus(booked, ours) as Qty) : qty('0')
  const rest = isLasting(what, rules, broker.at) ? left : min(left, known)
  if (!isZero(rest)) take(null, rest)
  return { shares, dustQty, unexplainedQty: minus(left, rest) }
}
