import type { Proposal } from '../orders/proposal.ts'
import type { Terms } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Brand } from '../values/brand.ts'
import { round, scaleOf } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import type { Instant } from '../values/instant.ts'
import { type Case, caseOf } from './case.ts'
import { CHECK_LIST, drift } from './checks.ts'
import { midOf, weigh } from './evidence.ts'
import type { Facts } from './facts.ts'
import { type Headroom, headroomOf, softOf } from './headroom.ts'
import type { LimitName } from './limits.ts'
import type { Policy } from './policy.ts'
import { explain, type Refusal } from './refusal.ts'
import type { Sizing } from './sizing.ts'

// May it go? `assess` turns a proposal into a ticket, or into every reason why not. `recheck` looks once more, right
// before the send, at exactly what was approved. Both build one Case (case.ts: facts weighed, prices rounded, size
// computed) and run one table of checks over it (checks.ts). Both are pure, and both fail closed: what is not known
// is refused.

/** An order that every check passed. Only the gate makes one, and `broker.submit` takes nothing else. */
export type Passed = Brand<Terms, 'Passed'>

/** One check and its outcome, as one sentence with the numbers. */
export type CheckLine = { readonly check: string; readonly passed: boolean; readonly label: string }

export type Assessment = {
  /** Null exactly when there are refusals. */
  readonly ticket: Ticket | null
  /** Every reason at once. */
  readonly refusals: readonly Refusal[]
  /** Null when a fact it needs is missing. */
  readonly sizing: Sizing | null
  /** In the order a person reads them. A check that a missing fact leaves without an answer is not among them. */
  readonly checks: readonly CheckLine[]
  /** What is used of each limit, before and by this order. Absent on what was written down before there were limits. */
  readonly headroom?: readonly Headroom[]
  /** The soft limits that it is beyond; it then asks for a surer yes. Absent likewise. */
  readonly soft?: readonly LimitName[]
}

/**
 * Sizes and checks a proposal.
 *
 * @param rev number of the ticket to make; 1 is the first of an intent.
 * @throws {Fault} FACTS_OF_ANOTHER_SYMBOL when the facts are not about the proposal's symbol.
 */
export function assess(proposal: Proposal, facts: Facts, policy: Policy, rev: number, now: Instant): Assessment {
  const c = caseOf({ proposal, facts, policy, now, approved: null })
  const { refusals, checks } = examine(c)
  const ticket = refusals.length === 0 ? ticketOf(c, rev) : null
  return { ticket, refusals, sizing: c.sizing, checks, headroom: headroomOf(c), soft: softOf(c) }
}

/** Exactly one of three answers: it may go (`passed`), a human must look again (`drift`), or it may not (`refusals`). */
export type Recheck = {
  readonly passed: Passed | null
  /** Why not. Empty when it passed, and when drift is all there is. */
  readonly refusals: readonly Refusal[]
  readonly checks: readonly CheckLine[]
  /** Set when the market moved from what was approved and all else passed. */
  readonly drift: Refusal | null
  /** The soft limits that it is beyond as of now: others may have been sent since it was approved. */
  readonly soft: readonly LimitName[]
}

/**
 * Looks again, with fresh facts, right before the send, at exactly the approved ticket: quantity, prices and cost are
 * fixed, and are compared with every limit as it is now. The intent's own orders and twins do not count against it.
 *
 * @throws {Fault} TICKET_OF_ANOTHER_INTENT, TICKET_WITHOUT_STOP, FACTS_OF_ANOTHER_SYMBOL: the caller mixed something up.
 */
export function recheck(ticket: Ticket, proposal: Proposal, facts: Facts, policy: Policy, now: Instant): Recheck {
  const { terms } = ticket
  if (
    ticket.intentID !== proposal.intentID ||
    terms.symbol !== proposal.symbol ||
    terms.side !== proposal.side ||
    (proposal.form === 'Order' && terms.ordType !== proposal.ordType) ||
    terms.reduceOnly
  )
    throw new Fault(
      'TICKET_OF_ANOTHER_INTENT',
      `ticket ${ticket.rev} of ${ticket.intentID} was not made from intent ${proposal.intentID}`,
    )
  const c = caseOf({ proposal, facts, policy, now, approved: ticket })
  const { refusals, checks } = examine(c)
  const soft = softOf(c)
  if (refusals.length === 0) {
    complete(c)
    return { passed: terms as Passed, refusals, checks, drift: null, soft }
  }
  const moved = refusals.every(({ code }) => code === 'PRICE_DRIFTED' || code === 'COST_ABOVE_APPROVED')
  return moved
    ? { passed: null, refusals: [], checks, drift: refusals[0] ?? null, soft }
    : { passed: null, refusals, checks, drift: null, soft }
}

/**
 * How far the market is from the ticket's reference, for the decision and the send. Null while that is within the
 * limit; a quote that is missing, stale or broken is a refusal, because then nobody knows.
 */
export function driftOf(ticket: Ticket, facts: Facts, policy: Policy, now: Instant): Refusal | null {
  const { symbol } = ticket.terms
  const { quote } = weigh(symbol, facts, policy, now)
  if (quote.ok) return drift(ticket, quote.value, policy)
  return quote.error[0] ?? { code: 'MARKET_MISSING', symbol }
}

/**
 * The door for exits and protective orders. They are never blocked by limits, halts or approvals.
 *
 * @throws {Fault} NOT_REDUCE_ONLY when the order could open or enlarge a position.
 */
export function passExit(terms: Terms): Passed {
  if (!terms.reduceOnly || terms.bracket)
    throw new Fault(
      'NOT_REDUCE_ONLY',
      `an order to ${terms.side} ${terms.symbol} that may open a position asked for the exit door`,
    )
  return terms as Passed
}

/** Runs every check. */
function examine(c: Case): { readonly refusals: readonly Refusal[]; readonly checks: readonly CheckLine[] } {
  const refusals: Refusal[] = []
  const checks: CheckLine[] = []
  for (const [check, run] of CHECK_LIST) {
    const answer = run(c)
    if (typeof answer === 'string') checks.push({ check, passed: true, label: answer })
    else {
      refusals.push(...answer)
      checks.push(...answer.map((refusal) => ({ check, passed: false, label: explain(refusal) })))
    }
  }
  return { refusals, checks }
}

/** The order as a human will see it, and as it will be sent. */
function ticketOf(c: Case, rev: number): Ticket {
  const { proposal, policy } = c
  const { side, instrument, quote, account, prices, sizing } = complete(c)
  const { ordType, timeInForce, symbol, intentID } = proposal
  return {
    intentID,
    rev,
    account: account.account,
    environment: policy.environment,
    broker: policy.broker,
    assetClass: instrument.assetClass,
    terms: {
      symbol,
      side,
      ordType,
      timeInForce,
      // The lot's own digits: "10", not "10.000". Exact, because the quantity is a multiple of the lot.
      orderQty: round(sizing.orderQty, scaleOf(instrument.lot), 'down'),
      price: ordType === 'Limit' ? prices.entryPx : null,
      stopPx: null,
      bracket: {
        stopPx: prices.stopPx,
        targetPx: prices.targetPx,
        ...(prices.stopLimitPx && { stopLimitPx: prices.stopLimitPx }),
      },
      reduceOnly: false,
    },
    maxNotional: sizing.notional,
    currency: account.currency,
    refPx: midOf(quote),
    refAt: quote.at,
    maxDriftBps: policy.maxDriftBps,
  }
}

/** The last line of failing closed: nothing passes while something is unknown, even if no check said so. */
function complete({ side, instrument, quote, account, prices, sizing }: Case) {
  if (!side || !instrument || !quote || !account || !prices.ok || !sizing)
    throw new Fault('GATE_BLIND', 'every check passed, yet something is not known')
  return { side, instrument, quote, account, prices: prices.value, sizing }
}
