import { fingerprint } from '../approvals/digest.ts'
import { isEnough, ONE_CLICK } from '../approvals/policy.ts'
import { LIMITS } from '../gate/limits.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import type { Terms } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Card, CardState } from '../ports/channel.ts'
import type { Decision, Intent } from '../ports/records.ts'
import { type Decimal, gt, shortest } from '../values/decimal.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import { beyondSoft, type NameOf, summary, undecided } from './present.ts'

// An order as a card of a chat: the figures of the page, in the words of the page. Pure.

export type Around = {
  readonly gateway: string
  readonly now: Instant
  readonly name: NameOf
  /** Where the page is, without a slash at its end. */
  readonly publicUrl: string
}

/**
 * Null: there is no ticket, so nothing to decide.
 *
 * @param order the order made from it, null before there is one.
 * @param counted whose yes counts, see `yesesTo`.
 */
export function cardOf(
  intent: Intent,
  order: Order | null,
  counted: ReadonlySet<string>,
  { gateway, now, name, publicUrl }: Around,
): Card | null {
  const { ticket, digest, intentID } = intent
  if (!ticket || digest === null) return null
  const state = stateOf(intent, order, now)
  const waiting = state === 'waiting'
  const requires = intent.requires ?? ONE_CLICK
  return {
    gateway,
    intentID,
    rev: intent.rev,
    digest,
    fingerprint: fingerprint(digest),
    environment: ticket.environment,
    title: titleOf(ticket.terms),
    facts: factsOf(intent, ticket, counted, name),
    reasoning: intent.proposal.reasoning === '' ? null : intent.proposal.reasoning,
    state,
    stateText:
      state === 'expired' && intent.state === 'AwaitingApproval'
        ? 'The time to decide is over. Nothing was sent.'
        : summary(intent, order, name, counted),
    decideBy: waiting ? intent.decideBy : null,
    takesYes: waiting && isEnough('L1', requires.level),
    url: `${publicUrl}/intents/${encodeURIComponent(intentID)}`,
  }
}

/** `BUY 10 AAPL`. */
export const titleOf = ({ side, orderQty, symbol }: Terms): string =>
  `${side.toUpperCase()} ${shortest(orderQty)} ${symbol}`

function stateOf(intent: Intent, order: Order | null, now: Instant): CardState {
  if (order) return isOpen(order) ? 'sent' : 'ended'
  switch (intent.state) {
    case 'Received':
    case 'AwaitingApproval':
      return intent.decideBy !== null && now > intent.decideBy ? 'expired' : 'waiting'
    case 'Approved':
      return 'approved'
    case 'Refused':
      return 'refused'
    case 'Declined':
      return 'declined'
    case 'Lapsed':
      return 'expired'
    case 'Withdrawn':
      return 'withdrawn'
  }
}

/** `paper:sim:main, at sim`: both are signed for. */
const account = ({ account: of }: Intent, { broker }: Ticket): string => `${of}, at ${broker}`

type Fact = { readonly name: string; readonly value: string }

function factsOf(intent: Intent, ticket: Ticket, counted: ReadonlySet<string>, name: NameOf): readonly Fact[] {
  const { terms, currency } = ticket
  const { proposal, proposer, sizing } = intent
  const late = undecided(intent, counted)
  const money = (amount: Decimal): string => `${shortest(amount)} ${currency}`
  const facts: (Fact | null)[] = [
    { name: terms.ordType, value: [price(terms), terms.timeInForce.toUpperCase()].filter(Boolean).join(' ') },
    terms.bracket && { name: 'Stop loss', value: shortest(terms.bracket.stopPx) },
    terms.bracket?.targetPx ? { name: 'Target', value: shortest(terms.bracket.targetPx) } : null,
    { name: 'Costs at most', value: money(ticket.maxNotional) },
    { name: 'Reference', value: `${shortest(ticket.refPx)} at ${clock(ticket.refAt)}` },
    { name: 'Drift limit', value: `${ticket.maxDriftBps} basis points` },
    sizing && { name: 'Risk at the stop', value: `${shortest(sizing.riskAtStop)} ${sizing.currency}` },
    { name: 'Account', value: account(intent, ticket) },
    { name: 'Strategy', value: proposal.strategyID },
    { name: 'Proposed by', value: name(proposer.id) },
    { name: 'Needs', value: inWords(intent) },
    limits(intent),
    saidYes(intent, counted, name),
    late === null ? null : { name: 'Escalated', value: late },
  ]
  return facts.filter((fact) => fact !== null)
}

/** `after it 62 % of turnover of the day, 48 % of share of one symbol`: the fullest three. */
function limits({ headroom = [], requires = ONE_CLICK }: Intent): Fact | null {
  const fullest = headroom
    .flatMap(({ name, afterPercent }) => (afterPercent ? [{ name, afterPercent }] : []))
    .sort((a, b) => Number(gt(b.afterPercent, a.afterPercent)) - Number(gt(a.afterPercent, b.afterPercent)))
    .slice(0, FULLEST)
    .map(({ name, afterPercent }) => `${shortest(afterPercent)} % of ${LIMITS[name].title}`)
  const said = beyondSoft(requires).map((name) => `beyond the soft limit of ${LIMITS[name].title}`)
  if (fullest.length > 0) said.push(`after it ${fullest.join(', ')}`)
  return said.length === 0 ? null : { name: 'Limits', value: said.join('; ') }
}
const FULLEST = 3

const price = ({ ordType, price: limit, stopPx }: Terms): string =>
  ordType === 'Market'
    ? ''
    : [stopPx, limit]
        .filter((px) => px !== null)
        .map(shortest)
        .join(', limit ')

/** `a passkey of 2 people (live, large)`. */
function inWords({ requires = ONE_CLICK }: Intent): string {
  const { level, quorum, rules } = requires
  const how = { L0: 'nobody, it was armed', L1: 'a click', L2: 'a passkey', L3: 'a passkey' }[level]
  const whom = level === 'L0' ? '' : quorum === 1 ? ' of one person' : ` each of ${quorum} people`
  return `${how}${whom}${rules.length === 0 ? '' : ` (${rules.join('; ')})`}`
}

/** `1 of 2: Ana with a passkey at 15:13:22 UTC, Ben in Slack at 15:14:02 UTC (no longer counts)`. */
function saidYes(
  { votes = [], requires = ONE_CLICK }: Intent,
  counted: ReadonlySet<string>,
  name: NameOf,
): Fact | null {
  if (votes.length === 0) return requires.quorum > 1 ? { name: 'Approvals', value: `0 of ${requires.quorum}` } : null
  const who = votes.map(
    (vote) =>
      `${name(vote.byName)} ${withWhat(vote)} at ${clock(vote.at)}${counted.has(vote.by) ? '' : ' (no longer counts)'}`,
  )
  return {
    name: 'Approvals',
    value: `${counted.size} of ${Math.max(counted.size, requires.quorum)}: ${who.join(', ')}`,
  }
}

function withWhat({ evidence, via }: Decision): string {
  switch (evidence?.kind) {
    case 'passkey':
      return 'with a passkey'
    case 'channel':
      return evidence.provider === 'slack' ? 'in Slack' : 'in Teams'
    case 'armed':
      return 'beforehand'
    default:
      return via === 'cli' ? 'on the command line' : 'on the page'
  }
}

const clock = (at: Instant): string => `${rfc3339(at).slice(11, 19)} UTC`
