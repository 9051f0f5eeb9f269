import type { Instrument } from '../orders/instrument.ts'
import {
  type Decimal,
  dec,
  eq,
  gt,
  gte,
  lt,
  lte,
  max,
  plus,
  type Px,
  type Qty,
  round,
  scaleOf,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import type { Instant } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { DaysFact } from './days.ts'
import type { AccountFact, Facts, MarketSession, Quote } from './facts.ts'
import type { Policy } from './policy.ts'
import type { Refusal } from './refusal.ts'

/**
 * A fact that may be used, or every reason why not. An empty list means that another fact is missing, which says so
 * itself: a lost feed is one refusal, not ten.
 */
export type Believed<T> = Result<T, readonly Refusal[]>
const NOT_KNOWN: readonly Refusal[] = []

/** The facts, each one believed or not. */
export type Evidence = {
  readonly instrument: Believed<Instrument>
  readonly session: Believed<MarketSession>
  readonly quote: Believed<Quote>
  /** How its last days were. */
  readonly days: Believed<DaysFact>
  /** Account currency per unit of the instrument's currency. */
  readonly rate: Believed<Decimal>
  readonly account: Believed<AccountFact>
  /** When the oldest part of what is known about the account was read. */
  readonly accountAt: Instant
  /** Signed; our book and the broker agree on it, but for fees in kind that are known by estimate. */
  readonly positionQty: Believed<Decimal>
}

/** Clocks kept by NTP agree far closer. Beyond this a fact "from the future" would never grow old. */
export const CLOCK_SKEW_MAX_MS = 2000

/**
 * Decides which facts may be used.
 *
 * @throws {Fault} FACTS_OF_ANOTHER_SYMBOL when the caller mixed up its rows.
 */
export function weigh(symbol: string, facts: Facts, policy: Policy, now: Instant): Evidence {
  const { market, account } = facts
  for (const got of [market?.symbol, market?.instrument?.symbol, market?.quote?.symbol])
    if (got !== undefined && got !== symbol)
      throw new Fault('FACTS_OF_ANOTHER_SYMBOL', `the gate was asked about ${symbol} and given facts of ${got}`)
  const instrument = believeInstrument(symbol, facts)
  const believedAccount = believeAccount(facts, policy, now)
  return {
    instrument,
    session: believeSession(symbol, facts, policy, now),
    quote: believeQuote(symbol, facts, policy, now),
    days: believeDays(symbol, facts, now),
    rate: believeRate(instrument, believedAccount, facts, policy, now),
    account: believedAccount,
    accountAt: account ? oldest(account.at, account.account.at) : now,
    positionQty: believePosition(symbol, believedAccount, facts),
  }
}

function believeInstrument(symbol: string, { market }: Facts): Believed<Instrument> {
  if (!market) return err([{ code: 'MARKET_MISSING', symbol }])
  const { instrument } = market
  if (!instrument) return err([{ code: 'INSTRUMENT_MISSING', symbol }])
  const { ticks, lot, minQty, maxQty, minNotional } = instrument
  const wrong = (rule: string, value: string): Refusal => ({ code: 'INSTRUMENT_INVALID', symbol, rule, value })
  const faults: Refusal[] = []
  if (ticks.length === 0) faults.push(wrong('ticks', 'empty'))
  ticks.forEach((band, i) => {
    const before = ticks[i - 1]
    if (lte(band.tick, ZERO)) faults.push(wrong(`ticks[${i}].tick`, text(band.tick)))
    if (before && lte(band.from, before.from)) faults.push(wrong(`ticks[${i}].from`, text(band.from)))
  })
  if (lte(lot, ZERO)) faults.push(wrong('lot', text(lot)))
  if (lt(minQty, ZERO)) faults.push(wrong('minQty', text(minQty)))
  if (minNotional !== undefined && lt(minNotional, ZERO)) faults.push(wrong('minNotional', text(minNotional)))
  if (maxQty !== null && lt(maxQty, max(minQty, lot))) faults.push(wrong('maxQty', text(maxQty)))
  return faults.length === 0 ? ok(instrument) : err(faults)
}

function believeSession(symbol: string, { market }: Facts, policy: Policy, now: Instant): Believed<MarketSession> {
  if (!market) return err(NOT_KNOWN)
  const { session } = market
  if (!session) return err([{ code: 'SESSION_MISSING', symbol }])
  return inTime(
    session,
    session.at,
    { of: 'market session', stale: 'SESSION_STALE', limitMs: policy.accountAgeMaxMs },
    now,
  )
}

function believeQuote(symbol: string, { market }: Facts, policy: Policy, now: Instant): Believed<Quote> {
  if (!market) return err(NOT_KNOWN)
  const { quote } = market
  if (!quote) return err([{ code: 'QUOTE_MISSING', symbol }])
  const timely = inTime(quote, quote.at, { of: 'quote', stale: 'QUOTE_STALE', limitMs: policy.quoteAgeMaxMs }, now)
  if (!timely.ok) return timely
  const { bid, ask } = quote
  if (lte(bid, ZERO) || lte(ask, ZERO)) return err([{ code: 'QUOTE_NOT_POSITIVE', bid, ask }])
  return gt(bid, ask) ? err([{ code: 'QUOTE_CROSSED', bid, ask }]) : timely
}

/** Of yesterday evening it still says how much is traded in a day; of the day before it does not. */
const DAYS_AGE_MAX_MS = 24 * 3_600_000

function believeDays(symbol: string, { market }: Facts, now: Instant): Believed<DaysFact> {
  if (!market) return err(NOT_KNOWN)
  const { days } = market
  if (!days || lte(days.avgVolume, ZERO)) return err([{ code: 'VOLUME_UNKNOWN', symbol }])
  return inTime(days, days.at, { of: 'daily volume', stale: 'VOLUME_STALE', limitMs: DAYS_AGE_MAX_MS }, now)
}

function believeRate(
  instrument: Believed<Instrument>,
  account: Believed<AccountFact>,
  { market }: Facts,
  policy: Policy,
  now: Instant,
): Believed<Decimal> {
  if (!instrument.ok || !account.ok || !market) return err(NOT_KNOWN)
  const [from, to] = [instrument.value.currency, account.value.currency]
  if (from === to) return ok(ONE) // by definition, not by what a feed says
  const { conversion } = market
  if (!conversion) return err([{ code: 'CONVERSION_MISSING', from, to }])
  const { rate, at } = conversion
  if (lte(rate, ZERO)) return err([{ code: 'CONVERSION_INVALID', from, to, rate }])
  return inTime(rate, at, { of: 'conversion rate', stale: 'CONVERSION_STALE', limitMs: policy.accountAgeMaxMs }, now)
}

function believeAccount({ account }: Facts, policy: Policy, now: Instant): Believed<AccountFact> {
  if (!account) return err([{ code: 'ACCOUNT_MISSING' }])
  const rule = { of: 'account', stale: 'ACCOUNT_STALE', limitMs: policy.accountAgeMaxMs } as const
  const newest = inTime(account.account, latest(account.at, account.account.at), rule, now)
  return newest.ok ? inTime(account.account, oldest(account.at, account.account.at), rule, now) : newest
}

/** A symbol the broker does not list is one it holds nothing of. */
function believePosition(symbol: string, account: Believed<AccountFact>, facts: Facts): Believed<Decimal> {
  if (!account.ok || !facts.account) return err(NOT_KNOWN)
  const entries = facts.account.positions.filter((p) => p.symbol === symbol)
  if (entries.length > 1) return err([{ code: 'POSITION_UNKNOWN', symbol, entries: entries.length }])
  const brokerQty = entries[0]?.netQty ?? ZERO
  const { bookQty, feeQty = ZERO } = facts
  // Fees that were taken in kind are estimated at the worst: where the broker kept less, the rest is held.
  const explained = gte(brokerQty, bookQty) && lte(brokerQty, plus(bookQty, feeQty))
  return explained ? ok(brokerQty) : err([{ code: 'POSITION_MISMATCH', symbol, bookQty, brokerQty }])
}

type AgeRule = {
  readonly of: string
  readonly stale: Extract<Refusal['code'], `${string}_STALE`>
  readonly limitMs: number
}

/** At exactly the limit a fact is still good; one microsecond later it is not. */
function inTime<T>(value: T, at: Instant, { of, stale, limitMs }: AgeRule, now: Instant): Believed<T> {
  if (at - now > CLOCK_SKEW_MAX_MS * 1000)
    return err([{ code: 'CLOCK_DISAGREES', of, at, now, limitMs: CLOCK_SKEW_MAX_MS }])
  return now - at <= limitMs * 1000 ? ok(value) : err([{ code: stale, ageMs: Math.ceil((now - at) / 1000), limitMs }])
}

const ONE = dec('1')
const HALF = dec('0.5')
const oldest = (a: Instant, b: Instant): Instant => (a < b ? a : b)
const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** Halfway between bid and ask, exact; with the quote's own digits where they are enough. */
export function midOf(quote: Quote): Px {
  const exact = times(plus(quote.bid, quote.ask), HALF)
  const short = round(exact, Math.max(scaleOf(quote.bid), scaleOf(quote.ask)), 'half-even')
  return (eq(short, exact) ? short : exact) as Px
}

/** The smallest size that may be ordered: the broker's minimum, and never nothing. */
export const minimumOf = (instrument: Instrument): Qty => max(instrument.minQty, instrument.lot)
