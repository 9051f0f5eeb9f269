import type { Instrument } from '../orders/instrument.ts'
import type { Order } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Ticket } from '../orders/ticket.ts'
import {
  type Amt,
  eq,
  gt,
  isMultipleOf,
  lt,
  lte,
  minus,
  over,
  plus,
  type Px,
  type Qty,
  text,
  times,
  toStep,
  ZERO,
} from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import type { Instant } from '../values/instant.ts'
import { caseOf, known, rangeIn } from './case.ts'
import { midOf, minimumOf, weigh } from './evidence.ts'
import { CENTS, worstUnitPx } from './exposure.ts'
import type { Facts } from './facts.ts'
import { type Passed, type Recheck, recheck } from './gate.ts'
import { LIMIT_NAMES, type LimitName } from './limits.ts'
import type { Policy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import { costOf } from './sizing.ts'

// May an open entry become another one? The new order is looked at as every order is; what is special is that the old
// one makes room for it, and that less of the same is never refused.

/** An open entry, and what it and those before it have filled. */
export type Standing = { readonly order: Order; readonly filledQty: Qty }

/** The size that all of its generations may fill together. */
export const wholeQty = ({ order, filledQty }: Standing): Qty =>
  plus(minus(order.terms.orderQty, order.cumQty), filledQty)

/** Less at the same price: a reduction, which nothing blocks. */
export const reduces = (terms: Ticket['terms'], standing: Standing): boolean =>
  lt(terms.orderQty, wholeQty(standing)) && samePx(terms.price, standing.order.terms.price)

const samePx = (a: Px | null, b: Px | null): boolean => (a === null || b === null ? a === b : eq(a, b))

/**
 * The ticket of the order in its place, from the market of now; none when that is not known. What grows is sized as a new
 * order is, once: `refusals` says why not, and then nothing may be made of the ticket.
 *
 * @param asked `orderQty` is what all generations may fill together.
 * @param made the ticket that the intent was approved by.
 */
export function replacementTicket(
  standing: Standing,
  asked: { readonly orderQty: Qty; readonly price: Px | null },
  made: Ticket,
  rev: number,
  proposal: Proposal,
  facts: Facts,
  policy: Policy,
  now: Instant,
): { readonly ticket: Ticket | null; readonly refusals: readonly Refusal[] } {
  const { order } = standing
  const terms = { ...order.terms, ...asked }
  const base = { ...made, rev, replaces: order.clOrdID, terms }
  // A reduction needs no market: it costs no more than the order that stands, of which each unit costs the same.
  if (reduces(terms, standing))
    return {
      ticket: { ...base, maxNotional: share(costOfWhole(standing, made), asked.orderQty, wholeQty(standing)) },
      refusals: [],
    }
  const { quote, account, rate } = weigh(terms.symbol, facts, policy, now)
  if (!quote.ok || !account.ok || !rate.ok)
    return { ticket: null, refusals: [quote, account, rate].flatMap((fact) => (fact.ok ? [] : fact.error)) }
  const unitCost = times(worstUnitPx(terms.side, terms.ordType, terms.price, quote.value, policy), rate.value)
  const ticket: Ticket = {
    ...base,
    maxNotional: costOf(asked.orderQty, unitCost),
    refPx: midOf(quote.value),
    refAt: quote.value.at,
    maxDriftBps: policy.maxDriftBps,
  }
  const grows = gt(asked.orderQty, wholeQty(standing))
  return { ticket, refusals: grows ? beyondSize(asked.orderQty, atPx(proposal, terms), facts, policy, now) : [] }
}

const atPx = (proposal: Proposal, { price }: Ticket['terms']): Proposal => ({
  ...proposal,
  entryPx: price ?? proposal.entryPx,
})

/** What risk and the strategy's model allow of all of it. Every other limit looks at what is new of it by itself. */
function beyondSize(orderQty: Qty, proposal: Proposal, facts: Facts, policy: Policy, now: Instant): readonly Refusal[] {
  const { sizing, evidence } = caseOf({ proposal, facts, policy, now, approved: null })
  const { symbol, strategyID } = proposal
  if (facts.model?.kind === 'volatility' && !rangeIn(proposal, known(evidence.days)))
    return [{ code: 'RANGE_MISSING', symbol, strategyID }]
  if (!sizing) return []
  const { rawQty: rawSize, lot, caps } = sizing
  const byRisk = toStep(rawSize as Qty, lot, 'floor')
  const byModel = caps.find(({ name }) => name === 'model')?.capQty ?? byRisk
  const [size, binding] = lt(byModel, byRisk) ? ([byModel, 'model'] as const) : ([byRisk, 'risk'] as const)
  if (lte(orderQty, size)) return []
  return [{ code: 'QTY_DIFFERS_FROM_SIZE', orderQty, size, rawSize, rule: 'not-larger', binding }]
}

const share = (amount: Amt, part: Qty, whole: Qty): Amt =>
  over(times(amount, part), whole, { scale: CENTS, rounding: 'up' }) as Amt

const costOfWhole = (standing: Standing, made: Ticket): Amt =>
  share(standing.order.maxNotional ?? made.maxNotional, wholeQty(standing), standing.order.terms.orderQty)

/** What the new order itself may cost: that of the ticket, without what is filled. */
export const costOfRest = (ticket: Ticket, filledQty: Qty): Amt =>
  share(ticket.maxNotional, minus(ticket.terms.orderQty, filledQty), ticket.terms.orderQty)

/** These look at everything that the intent may come to; all others at what is not filled yet. */
const OF_THE_WHOLE: ReadonlySet<Refusal['code']> = new Set([
  'RISK_ABOVE_BUDGET',
  'ORDER_NOTIONAL_EXCEEDED',
  'STAGE_NOTIONAL_EXCEEDED',
  'ORDER_QTY_EXCEEDED',
  'VOLUME_SHARE_EXCEEDED',
  'QTY_ABOVE_MAXIMUM',
])

/** Likewise, where they are soft. */
const OF_ONE_ORDER: readonly LimitName[] = [
  'maxOrderNotional',
  'maxOrderQty',
  'maxOrderQtyShares',
  'maxOrderQtyFx',
  'maxOrderQtyCoins',
  'maxVolumeShare',
]

/**
 * Looks at a replacement as `recheck` looks at a first order, with the order in whose place it would be taken off: what
 * is filled counts once, in the position; risk and the size of one order count all of it. What passes is the ticket's
 * own terms, size of the whole included: exactly what was approved.
 *
 * @throws {Fault} FILLED_ALREADY when nothing of the new size is left to fill.
 */
export function recheckReplacement(
  ticket: Ticket,
  standing: Standing,
  proposal: Proposal,
  facts: Facts,
  policy: Policy,
  now: Instant,
): Recheck {
  const { terms } = ticket
  const rest = minus(terms.orderQty, standing.filledQty)
  if (lte(rest, ZERO)) throw new Fault('FILLED_ALREADY', `nothing of ${text(terms.orderQty)} is left to fill`)
  const asked = atPx(proposal, terms)
  const roomier = { ...facts, account: withRoom(facts, standing.order) }
  const remaining = {
    ...ticket,
    terms: { ...terms, orderQty: rest },
    maxNotional: costOfRest(ticket, standing.filledQty),
  }
  const found = recheck(remaining, asked, roomier, policy, now)
  const all = recheck(ticket, asked, roomier, policy, now)
  const whole = all.refusals.filter(
    ({ code }) => OF_THE_WHOLE.has(code) && !found.refusals.some((r) => r.code === code),
  )
  const soft = LIMIT_NAMES.filter(
    (name) => found.soft.includes(name) || (all.soft.includes(name) && OF_ONE_ORDER.includes(name)),
  )
  if (whole.length > 0) return { ...found, passed: null, drift: null, refusals: [...found.refusals, ...whole], soft }
  return { ...found, passed: found.passed && (terms as Passed), soft }
}

/** Where the broker has taken the old order off the buying power, it gives that back when another takes its place. */
function withRoom(facts: Facts, old: Order): Facts['account'] {
  const { account, supported } = facts
  if (!account || !supported.reservesOpenOrders || old.maxNotional === undefined || old.updatedAt >= account.at)
    return account
  const left = minus(old.terms.orderQty, old.cumQty)
  const back = over(times(old.maxNotional, left), old.terms.orderQty, { scale: CENTS, rounding: 'down' }) as Amt
  return { ...account, account: { ...account.account, buyingPower: plus(account.account.buyingPower, back) } }
}

/**
 * The door for reductions: blocked by no halt, limit, drift or expiry. Its size must still be one that can be ordered.
 *
 * @throws {Fault} NOT_A_REDUCTION when it is not less of the same.
 */
export function passReduction(
  ticket: Ticket,
  standing: Standing,
  instrument: Instrument | null,
): { readonly passed: Passed | null; readonly refusals: readonly Refusal[] } {
  const { terms } = ticket
  if (!reduces(terms, standing) || !gt(terms.orderQty, standing.filledQty))
    throw new Fault('NOT_A_REDUCTION', `${text(terms.orderQty)} is not less of ${standing.order.clOrdID}`)
  const rest = minus(terms.orderQty, standing.filledQty)
  const refusals: Refusal[] = []
  if (instrument && !isMultipleOf(terms.orderQty, instrument.lot))
    refusals.push({ code: 'QTY_NOT_LOT_MULTIPLE', orderQty: terms.orderQty, lot: instrument.lot })
  if (instrument && lt(rest, minimumOf(instrument)))
    refusals.push({ code: 'QTY_BELOW_MINIMUM', orderQty: rest, minQty: minimumOf(instrument) })
  return refusals.length > 0 ? { passed: null, refusals } : { passed: terms as Passed, refusals }
}
