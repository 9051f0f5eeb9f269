import { mayDecline, type Voter } from '../approvals/decide.ts'
import { fingerprint } from '../approvals/digest.ts'
import type { Evidence } from '../approvals/evidence.ts'
import { beyondOf, isEnough, levelOfOne, ONE_CLICK, type Requirement } from '../approvals/policy.ts'
import type { MarketFacts } from '../gate/facts.ts'
import { LIMIT_NAMES, type LimitName } from '../gate/limits.ts'
import { explain, type Refusal, TRANSIENT } from '../gate/refusal.ts'
import type { Sizing } from '../gate/sizing.ts'
import { runbookOf } from '../gate/triggers.ts'
import type { HaltState } from '../orders/halt.ts'
import { isSettled } from '../orders/intent.ts'
import { avgPx, isOpen, leavesQty, type Order, ordStatus } from '../orders/machine.ts'
import { avgCost, type Position } from '../orders/position.ts'
import type { Terms } from '../orders/terms.ts'
import type { Aside, Decision, Fill, Intent, Passkey, Person, ReconcileRun, Task, Token } from '../ports/records.ts'
import type { Head } from '../ports/store.ts'
import {
  dec,
  type Decimal,
  isZero,
  minus,
  negate,
  over,
  plus,
  type Px,
  round,
  scaleOf,
  shortest,
  sign,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { instant, type Instant, rfc3339 } from '../values/instant.ts'
import { visible } from '../values/shown.ts'
import type { Caller } from './access.ts'
import { viewHeadroom } from './present-headroom.ts'
import type * as wire from './wire.ts'

// Records to what crosses the wire. Pure: what depends on the moment and on who looks arrives as `Seen`.

/** The name of a person or token by its id; the id itself when nobody goes by it. */
export type NameOf = (id: string) => string

/** Who looks, when, and at what. */
export type Seen = {
  readonly caller: Caller
  readonly now: Instant
  /** Those that hold, of everything and of parts. */
  readonly halts: readonly HaltState[]
  readonly name: NameOf
  /** Whether the caller has a passkey that counts now. */
  readonly signs: boolean
}

const time = (at: Instant): string => rfc3339(at)
const maybe = <T>(value: T | null, show: (value: T) => string): string | null => (value === null ? null : show(value))

const YES: wire.Can = { ok: true }
const no = (why: string): wire.Can => ({ ok: false, why })

/**
 * What the caller may do with an intent now. The same rules that the desk applies, asked beforehand.
 *
 * @param approve see `canApprove`, which reads what this does not.
 */
export function canIntent(intent: Intent, caller: Caller, approve: wire.Can): wire.Intent['can'] {
  const never = mayDecline(intent.state, voterOf(caller))
  return {
    approve,
    decline:
      intent.state === 'Received'
        ? no('The intent has not been sized yet; withdraw it, or wait for its ticket.')
        : never
          ? no(never.text)
          : YES,
    withdraw: canWithdraw(intent, caller),
    reprice: canReprice(intent, caller),
  }
}

/** The caller as somebody who decides; null for whoever is no person. */
export const voterOf = ({ kind, id, roles, newcomer }: Caller): Voter | null =>
  kind === 'person' ? { personID: id, roles, disabled: false, newcomer } : null

/** Whether this passkey is this person's, and may be used now. */
export const signsNow = (passkey: Passkey, personID: string, environment: 'paper' | 'live', now: Instant): boolean =>
  passkey.personID === personID && passkey.revokedAt === null && (environment === 'paper' || now >= passkey.liveFrom)

function canWithdraw(intent: Intent, caller: Caller): wire.Can {
  if (caller.kind === 'agent' && caller.id !== intent.proposer.id)
    return no('An agent can withdraw only what it proposed itself.')
  if (!caller.scopes.has('intents:write') && !caller.scopes.has('approvals:decline'))
    return no('Withdrawing needs the scope intents:write or approvals:decline.')
  if (intent.clOrdID)
    return no(`The order ${intent.clOrdID} is on its way or at the broker; cancel that order instead.`)
  return isSettled(intent.state) ? no(`The intent is ${intent.state} already.`) : YES
}

function canReprice(intent: Intent, caller: Caller): wire.Can {
  if (!caller.scopes.has('approvals:reprice'))
    return no('Only a signed-in trader, approver or risk manager can ask for a new ticket.')
  return intent.state === 'AwaitingApproval'
    ? YES
    : no(`The intent is ${intent.state}; only a waiting one can be re-priced.`)
}

export function canCancel(order: Order, caller: Caller): wire.Can {
  if (!caller.scopes.has('orders:cancel'))
    return no('Canceling needs a signed-in trader, approver, risk manager or operator.')
  if (!isOpen(order)) return no(`The order is ${ordStatus(order)}: nothing is left to cancel.`)
  return order.asked === 'Cancel'
    ? no('A cancel has been asked for already; the broker has not confirmed it yet.')
    : YES
}

export const viewTerms = (t: Terms): wire.Terms => ({
  symbol: t.symbol,
  side: t.side,
  ordType: t.ordType,
  timeInForce: t.timeInForce,
  orderQty: text(t.orderQty),
  price: maybe(t.price, text),
  stopPx: maybe(t.stopPx, text),
  bracket: t.bracket && {
    stopPx: text(t.bracket.stopPx),
    targetPx: maybe(t.bracket.targetPx, text),
    ...(t.bracket.stopLimitPx && { stopLimitPx: text(t.bracket.stopLimitPx) }),
  },
  reduceOnly: t.reduceOnly,
})

const viewSizing = (s: Sizing): wire.Sizing => ({
  currency: s.currency,
  equity: text(s.equity),
  riskPerTrade: text(s.riskPerTrade),
  riskAmount: text(s.riskAmount),
  entryPx: text(s.entryPx),
  stopPx: text(s.stopPx),
  riskPerUnit: text(s.riskPerUnit),
  conversionRate: text(s.conversionRate),
  riskPerUnitAccount: text(s.riskPerUnitAccount),
  rawQty: text(s.rawQty),
  caps: s.caps.map((cap) => ({ name: cap.name, limit: text(cap.limit), capQty: text(cap.capQty) })),
  binding: s.binding,
  lot: text(s.lot),
  qty: text(s.qty),
  notional: text(s.notional),
  riskAtStop: text(s.riskAtStop),
})

/** Facts of a refusal that are moments: microseconds inside, RFC 3339 outside. */
const MOMENTS = new Set(['since', 'at', 'now', 'generatedAt', 'expiresAt', 'receivedAt', 'nextOpenAt'])
export function viewRefusal(refusal: Refusal, name: NameOf = (id) => id): wire.Refusal {
  const { code, ...compared } = refusal
  const facts: wire.Refusal['facts'] = {}
  for (const [name, value] of Object.entries(compared as Readonly<Record<string, string | number | boolean | null>>))
    facts[name] = MOMENTS.has(name) && typeof value === 'number' ? time(instant(value)) : value
  return { code, transient: TRANSIENT[code], text: explainTo(refusal, name), facts }
}
/** A refusal in words, with whoever halted by name: people know each other so. */
export const explainTo = (refusal: Refusal, name: NameOf): string =>
  explain(refusal.code === 'TRADING_HALTED' ? { ...refusal, by: name(refusal.by) } : refusal)

/** What the policy asks for, with what it means for whoever decides: whether a click will do. */
export function viewRequirement(requires: Requirement): wire.Requirement {
  const { level, quorum, rules } = requires
  const beyond = beyondSoft(requires)
  const passkey = isEnough(levelOfOne(level), 'L2')
  return { level, quorum, passkey, rules: [...rules], ...(beyond.length > 0 && { beyond }) }
}
/** The soft limits that an order is beyond, in the order of the limits. */
export function beyondSoft(requires: Requirement): LimitName[] {
  const named = beyondOf(requires)
  return LIMIT_NAMES.filter((name) => named.includes(name))
}

/** With what people say yes, in the words of the screens. */
function saidWith(evidence: Evidence): wire.Vote['with'] {
  switch (evidence.kind) {
    case 'session':
      return 'click'
    case 'channel':
      return evidence.provider
    case 'passkey':
    case 'armed':
      return evidence.kind
  }
}

/** @param counted whose yes counts, see `yesesTo`. */
export const viewVote = (vote: Decision, name: NameOf, counted: ReadonlySet<string>): wire.Vote => ({
  by: vote.by,
  byName: name(vote.byName),
  via: vote.via,
  level: vote.level ?? 'L1',
  with: vote.evidence ? saidWith(vote.evidence) : 'click',
  counts: counted.has(vote.by),
  at: time(vote.at),
  reason: vote.reason,
})

const viewAside = (aside: Aside): wire.Intent['asides'][number] => ({
  kind: aside.kind,
  byName: aside.byName,
  text: aside.text,
  until: maybe(aside.until, time),
  at: time(aside.at),
})

/**
 * @param order the order made from it, null before there is one.
 * @param approve whether the caller may approve it, see `canApprove`.
 * @param counted whose yes counts, see `yesesTo`.
 */
export function viewIntent(
  intent: Intent,
  order: Order | null,
  seen: Seen,
  approve: wire.Can,
  counted: ReadonlySet<string>,
): wire.Intent {
  const { proposal: p, ticket, decision } = intent
  return {
    intentID: intent.intentID,
    account: intent.account,
    state: intent.state,
    form: p.form,
    symbol: p.symbol,
    side: p.side,
    entryPx: text(p.entryPx),
    stopPx: text(p.stopPx),
    targetPx: maybe(p.targetPx, text),
    askedQty: maybe(p.orderQty, text),
    strategyID: p.strategyID,
    model: p.model ? { ...p.model } : null,
    run: { id: p.artifactID, hash: p.artifactHash },
    confidence: maybe(p.confidence, text),
    reasoning: p.reasoning,
    proposer: { type: intent.proposer.type, id: intent.proposer.id, name: seen.name(intent.proposer.id) },
    generatedAt: time(p.generatedAt),
    expiresAt: time(p.expiresAt),
    rev: intent.rev,
    ticket: ticket && {
      terms: viewTerms(ticket.terms),
      maxNotional: text(ticket.maxNotional),
      currency: ticket.currency,
      refPx: text(ticket.refPx),
      refAt: time(ticket.refAt),
      maxDriftBps: ticket.maxDriftBps,
      environment: ticket.environment,
      broker: ticket.broker,
    },
    digest: intent.digest,
    fingerprint: maybe(intent.digest, fingerprint),
    sizing: intent.sizing && viewSizing(intent.sizing),
    checks: intent.checks.map(({ check, passed, label }) => ({ check, passed, label })),
    headroom: (intent.headroom ?? []).map(viewHeadroom),
    refusals: intent.refusals.map((refusal) => viewRefusal(refusal, seen.name)),
    decideBy: maybe(intent.decideBy, time),
    escalatedAt: maybe(intent.escalatedAt ?? null, time),
    undecidedMs: intent.escalatedAt === undefined ? null : (intent.escalation?.afterMs ?? null),
    sendBy: maybe(intent.sendBy, time),
    decision: decision && {
      verdict: decision.verdict,
      by: decision.by,
      byName: seen.name(decision.byName),
      via: decision.via,
      reason: decision.reason,
      at: time(decision.at),
    },
    requires: ticket && viewRequirement(intent.requires ?? ONE_CLICK),
    votes: (intent.votes ?? []).map((vote) => viewVote(vote, seen.name, counted)),
    asides: (intent.asides ?? []).map(viewAside),
    clOrdID: order?.clOrdID ?? intent.clOrdID,
    ordStatus: order && ordStatus(order),
    corr: intent.corr,
    receivedAt: time(intent.receivedAt),
    updatedAt: time(intent.updatedAt),
    can: canIntent(intent, seen.caller, approve),
    summary: summary(intent, order, seen.name, counted),
  }
}

/** `90 s`, `3 min`, `2 h`: how long something has lasted at least. */
export function lasting(ms: number): string {
  if (ms < 120_000) return `${Math.floor(ms / 1000)} s`
  return ms < 7_200_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`
}

/** `Nobody has decided for 3 min`, of an order that waits and was escalated; null of every other. */
export function undecided(
  { state, escalatedAt, escalation, requires = ONE_CLICK }: Intent,
  { size: yeses }: ReadonlySet<string>,
): string | null {
  if (state !== 'AwaitingApproval' || escalatedAt === undefined || !escalation) return null
  const waited = lasting(escalation.afterMs)
  return yeses === 0
    ? `Nobody has decided for ${waited}`
    : `${yeses} of ${requires.quorum} said yes, and nobody else for ${waited}`
}

const clock = (at: Instant): string => `${time(at).slice(11, 19)} UTC`
const of = (order: Order): string => `${shortest(order.cumQty)} of ${shortest(order.terms.orderQty)}`
const avg = (order: Order): string => maybe(avgPx(order), shortest) ?? '—'

/** `Buy 10 AAPL at 187.50`. */
export function inWords(t: Terms): string {
  const at =
    t.ordType === 'Market'
      ? 'at the market'
      : t.price
        ? `at ${shortest(t.price)}`
        : t.stopPx
          ? `at a stop of ${shortest(t.stopPx)}`
          : ''
  return `${t.side} ${shortest(t.orderQty)} ${t.symbol} ${at}`.trim()
}

const by = (o: Order): string => (o.replacedBy ? `; ${o.replacedBy} works in its place` : '')

/** What each status of the order means for whoever asked for it, and whether to do anything. */
const ORDER_SAYS: Readonly<Record<wire.OrdStatus, (order: Order) => string>> = {
  PendingNew: (o) => `${inWords(o.terms)} is on its way to the broker. Nothing to do.`,
  New: (o) => `${inWords(o.terms)} is working at the broker; nothing is filled yet.`,
  PartiallyFilled: (o) => `${inWords(o.terms)} is working at the broker: ${of(o)} filled at ${avg(o)} on average.`,
  Filled: (o) =>
    `Filled: ${o.terms.side === 'Buy' ? 'bought' : 'sold'} ${shortest(o.cumQty)} ${o.terms.symbol} at ${avg(o)} on average.`,
  Canceled: (o) =>
    isZero(o.cumQty)
      ? 'Canceled before anything was filled.'
      : `Canceled after ${of(o)} were filled at ${avg(o)} on average.`,
  Replaced: (o) =>
    isZero(o.cumQty)
      ? `Replaced before anything was filled${by(o)}.`
      : `Replaced after ${of(o)} were filled at ${avg(o)} on average${by(o)}.`,
  Rejected: (o) => `The broker rejected it${o.text ? `: ${visible(o.text)}` : ''}. Nothing is open.`,
  Expired: (o) =>
    isZero(o.cumQty)
      ? 'Expired at the broker before anything was filled.'
      : `Expired at the broker after ${of(o)} were filled at ${avg(o)} on average.`,
  PendingCancel: (o) =>
    `A cancel has been asked for; the broker has not confirmed it. ${of(o)} filled so far, and fills may still come.`,
  PendingReplace: (o) =>
    `The broker was asked to put ${o.replacedBy} in its place and has not confirmed it. ${of(o)} filled so far, and fills may still come.`,
  InDoubt: () =>
    'Unknown, do not resubmit: the broker did not answer whether it took the order. It is being looked up, and this line will change.',
  NotSent: () => 'The order never reached the broker; that is proven. Nothing is open.',
}

/** In one sentence, what is true now and whether to do anything. */
export function summary(intent: Intent, order: Order | null, name: NameOf, counted: ReadonlySet<string>): string {
  if (order) return ORDER_SAYS[ordStatus(order)](order)
  const { decision } = intent
  const escalated = undecided(intent, counted)
  const by = decision ? name(decision.byName) : 'a person'
  const because = decision?.reason ? `: ${decision.reason.replace(/\.$/, '')}` : ''
  switch (intent.state) {
    case 'Received':
      return 'Received; prices and account are being read before it is sized. Nothing to do.'
    case 'AwaitingApproval':
      return `${escalated ? `${escalated}. ` : ''}${intent.ticket ? inWords(intent.ticket.terms) : intent.proposal.symbol} waits for a person to decide${intent.decideBy === null ? '' : ` until ${clock(intent.decideBy)}`}.`
    case 'Approved':
      return `Approved by ${by}; it is checked once more and then sent. Nothing to do.`
    case 'Refused': {
      const [first, ...more] = intent.refusals
      return `Refused, nothing was sent. ${first ? explainTo(first, name) : ''}${more.length > 0 ? ` And ${more.length} more ${more.length === 1 ? 'reason' : 'reasons'}.` : ''}`.trim()
    }
    case 'Declined':
      return `Declined by ${by}${because}. Nothing was sent.`
    case 'Withdrawn':
      return `Withdrawn by ${by}${because}. Nothing was sent.`
    case 'Lapsed':
      return 'Lapsed: the time to decide or to send ran out. Nothing was sent; propose it again if it still holds.'
  }
}

/** @param replace whether the caller may give it other terms, see `canReplace`. */
export function viewOrder(o: Order, caller: Caller, replace: wire.Can): wire.Order {
  return {
    clOrdID: o.clOrdID,
    intentID: o.intentID,
    account: o.account,
    role: o.role,
    parent: o.parent,
    replaces: o.replaces ?? null,
    replacedBy: o.replacedBy ?? null,
    terms: viewTerms(o.terms),
    ordStatus: ordStatus(o),
    delivery: o.delivery,
    orderID: o.orderID,
    cumQty: text(o.cumQty),
    leavesQty: text(leavesQty(o)),
    avgPx: maybe(avgPx(o), text),
    text: o.text,
    corr: o.corr,
    createdAt: time(o.createdAt),
    sentAt: maybe(o.sentAt, time),
    updatedAt: time(o.updatedAt),
    can: { cancel: canCancel(o, caller), replace },
  }
}

export const viewFill = (f: Fill): wire.Fill => ({
  seq: f.seq,
  execID: f.execID,
  clOrdID: f.clOrdID,
  intentID: f.intentID,
  role: f.role as wire.Role,
  symbol: f.symbol,
  side: f.side,
  lastQty: text(f.lastQty),
  lastPx: text(f.lastPx),
  settlCurrFxRate: text(f.settlCurrFxRate),
  commission: text(f.commission),
  ...(f.feeQty && { feeQty: text(f.feeQty) }),
  transactTime: time(f.transactTime),
  live: f.live,
})

/** Half way between bid and ask, exact. */
export function midOf(quote: { readonly bid: Px; readonly ask: Px }): Px {
  const scale = Math.max(scaleOf(quote.bid), scaleOf(quote.ask)) + 1
  return over(plus(quote.bid, quote.ask), dec('2'), { scale, rounding: 'half-even' }) as Px
}

/**
 * A position with what it is worth at the last quote.
 *
 * @param currency of the account; null when it is not known yet.
 * @param open the open orders of the account; resting stops against the position protect it.
 */
export function viewPosition(
  p: Position,
  market: MarketFacts | null,
  currency: string | null,
  open: readonly Order[],
): wire.Position {
  const against = sign(p.netQty) > 0 ? 'Sell' : 'Buy'
  const protects = (o: Order): boolean =>
    o.role === 'Stop' &&
    o.terms.symbol === p.symbol &&
    isOpen(o) &&
    o.delivery === 'Delivered' &&
    o.terms.side === against
  const covered = isZero(p.netQty)
    ? ZERO
    : open.filter(protects).reduce<Decimal>((sum, o) => plus(sum, leavesQty(o)), ZERO)
  return {
    symbol: p.symbol,
    netQty: text(p.netQty),
    avgCost: maybe(avgCost(p), text),
    realizedPnl: text(p.realizedPnl),
    commission: text(p.commission),
    unrealizedPnl: unrealized(p, market, currency),
    lastPx: maybe(market?.quote?.last ?? null, text),
    protectedQty: text(covered),
  }
}

/** Value at mid less cost, in account currency at the last known rate, to the cent; null when quote or rate is not known. */
function unrealized(p: Position, market: MarketFacts | null, currency: string | null): string | null {
  if (isZero(p.netQty)) return '0.00'
  const rate = market?.instrument && market.instrument.currency === currency ? dec('1') : market?.conversion?.rate
  if (!market?.quote || !rate) return null
  const signedCost = sign(p.netQty) > 0 ? p.cost : negate(p.cost)
  return text(round(times(minus(times(p.netQty, midOf(market.quote)), signedCost), rate), 2, 'half-even'))
}

export function viewTask({ occasion: _occasion, ...t }: Task): wire.Task {
  return {
    ...t,
    // Tells what a broker said, too.
    text: visible(t.text),
    runbook: `docs/emergency.md${runbookOf(t.kind)}`,
    raisedAt: time(t.raisedAt),
    acknowledgedAt: maybe(t.acknowledgedAt ?? null, time),
    acknowledgedBy: t.acknowledgedBy ?? null,
    escalatedAt: maybe(t.escalatedAt ?? null, time),
    doneAt: maybe(t.doneAt, time),
  }
}
export const viewRun = (r: ReconcileRun): NonNullable<wire.Reconciliation> => ({
  account: r.account,
  at: time(r.at),
  clean: r.clean,
  findings: [...r.findings],
})
export const viewPerson = (p: Person): wire.Person => ({
  personID: p.personID,
  name: p.name,
  roles: [...p.roles],
  disabled: p.disabled,
  ...(p.newcomer && { newcomer: true as const }),
  createdAt: time(p.createdAt),
})
export const viewToken = (t: Token): wire.Token => ({
  tokenID: t.tokenID,
  name: t.name,
  owner: t.owner,
  scopes: [...t.scopes],
  createdAt: time(t.createdAt),
  expiresAt: time(t.expiresAt),
  revokedAt: maybe(t.revokedAt, time),
})
export const viewMe = (c: Caller): wire.Me => ({
  kind: c.kind === 'agent' ? 'agent' : 'person',
  id: c.id,
  name: c.name,
  roles: [...c.roles],
  scopes: [...c.scopes].sort(),
  csrf: c.session?.cookie ? c.session.csrf : null,
})
export const viewQuote = (symbol: string, market: MarketFacts): wire.Quote | null =>
  market.quote && {
    symbol,
    bid: text(market.quote.bid),
    ask: text(market.quote.ask),
    last: text(market.quote.last),
    mid: text(midOf(market.quote)),
    at: time(market.quote.at),
    sessionOpen: market.session?.open ?? false,
  }
export const viewInstrument = (market: MarketFacts): wire.Instrument | null => {
  const i = market.instrument
  return (
    i && {
      symbol: i.symbol,
      name: i.name,
      assetClass: i.assetClass,
      currency: i.currency,
      ticks: i.ticks.map((band) => ({ from: text(band.from), tick: text(band.tick) })),
      lot: text(i.lot),
      minQty: text(i.minQty),
      maxQty: maybe(i.maxQty, text),
      ...(i.minNotional && { minNotional: text(i.minNotional) }),
      tradable: i.tradable,
      shortable: i.shortable,
    }
  )
}
export const viewAudit = (
  head: Head,
  checkpoint: { readonly size: number; readonly at: Instant } | null,
): wire.Audit => ({
  rows: head.size,
  hash: head.hash,
  root: head.root,
  checkpoint: checkpoint && { size: checkpoint.size, at: time(checkpoint.at) },
})
