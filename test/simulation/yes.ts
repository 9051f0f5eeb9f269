import type { Ticket } from '../../src/orders/ticket.ts'
import type { Decision } from '../../src/ports/records.ts'
import { gt, text } from '../../src/values/decimal.ts'
import { type Instant, plusMs } from '../../src/values/instant.ts'
import type { Armed, Idea, Recount } from './recount.ts'

// What the policy in force asks of an order, and how many of those who said yes count: by other code than the product's.

/** Roles that may say yes to an order, and to a change of the house. */
export const APPROVING: readonly string[] = ['approver', 'risk']
export const GOVERNING: readonly string[] = ['risk', 'admin']

/** A slow disk lets a command end long after it looked at the clock. */
const LATE_MS = 3_000

/** How many different people an order takes, and whether each of them needs a passkey. */
export function askedOf(
  book: Recount,
  { environment, terms, maxNotional }: Ticket,
  strategyID: string,
): { readonly people: number; readonly signed: boolean; readonly executionTtlMs: number } {
  // An installation on paper begins with one click of one person.
  if (!book.policy) return { people: 1, signed: false, executionTtlMs: Number.POSITIVE_INFINITY }
  let [people, matched, signed, executionTtlMs] = [1, false, false, Number.POSITIVE_INFINITY]
  for (const rule of book.policy.is.rules) {
    if (rule.environment && rule.environment !== environment) continue
    if (rule.stages && !rule.stages.includes(environment === 'paper' ? 'S1' : 'S2')) continue
    if (rule.strategies && !rule.strategies.includes(strategyID)) continue
    if (rule.symbols && !rule.symbols.includes(terms.symbol)) continue
    if (rule.notionalAbove && !gt(maxNotional, rule.notionalAbove)) continue
    matched = true
    people = Math.max(people, rule.quorum, rule.level === 'L3' ? 2 : 1)
    signed ||= rule.level === 'L2' || rule.level === 'L3'
    executionTtlMs = Math.min(executionTtlMs, rule.executionTtlMs ?? executionTtlMs)
  }
  return matched ? { people, signed, executionTtlMs } : { people: 2, signed: true, executionTtlMs }
}

/** Why this person may not; null when they may. */
export function mayNot(personID: string | null, roles: readonly string[], book: Recount): string | null {
  if (personID === null) return 'that takes a person'
  const person = book.people.get(personID)
  if (!person) return 'nobody of that name is known'
  if (person.disabled) return 'is disabled'
  return person.roles.some((role) => roles.includes(role)) ? null : `has only the roles ${person.roles.join(', ')}`
}
export const isOwn = ({ intent }: Idea, personID: string): boolean =>
  personID === intent.proposer.id || personID === intent.proposerOwner

/** Why a yes is worth nothing now; null when it counts. */
export function worthless(book: Recount, idea: Idea, { by, digest, evidence }: Decision): string | null {
  if (digest !== idea.digest) return 'it is to another ticket'
  if (isOwn(idea, by)) return 'it is their own proposal'
  if (evidence?.kind === 'channel' && book.links.get(linkOf(evidence)) !== by) return 'that chat user is not theirs'
  if (evidence?.kind === 'passkey' && book.passkeys.get(evidence.credentialID) !== by)
    return 'that passkey is not theirs'
  return mayNot(by, APPROVING, book)
}
export const linkOf = (of: { readonly provider: string; readonly tenant: string; readonly user: string }): string =>
  `${of.provider}:${of.tenant}:${of.user}`

/** Why the ticket of an intent may not go on these yeses under the policy in force; null when it may. */
export function notEnough(book: Recount, idea: Idea, votes: readonly Decision[], now: Instant): string | null {
  const { ticket, intent } = idea
  if (!ticket) return 'it has no ticket'
  if (book.policy && idea.ticketSeq < book.policy.seq) return 'the policy has changed since its ticket was made'
  const asked = askedOf(book, ticket, intent.proposal.strategyID)
  const [first] = votes
  if (first?.evidence?.kind === 'armed') {
    if (asked.people > 1 || asked.signed) return `the policy asks for ${asked.people} people, and nobody looked`
    return beyond(book, idea, first.by, first.evidence.armingID, now)
  }
  const counted = new Set<string>()
  const why: string[] = []
  for (const yes of votes) {
    const no = worthless(book, idea, yes)
    if (no !== null) why.push(`${yes.by}: ${no}`)
    else if (asked.signed && yes.evidence?.kind !== 'passkey') why.push(`${yes.by}: a click is not enough`)
    else counted.add(yes.by)
  }
  return counted.size < asked.people
    ? `the policy asks for ${asked.people} people, and ${counted.size} count${why.length > 0 ? ` (${why.join('; ')})` : ''}`
    : null
}

/** Why an order goes beyond what a person armed; null when it is within. How many there were is counted at its yes. */
function beyond(book: Recount, idea: Idea, by: string, armingID: string, now: Instant): string | null {
  const found = book.armings.get(armingID)
  const { ticket, intent } = idea
  if (!found || !ticket) return `nothing was ever armed as ${armingID}`
  const { arming, ended } = found
  if (arming.by !== by) return `${arming.by} armed it, and not ${by}`
  const no = mayNot(by, APPROVING, book) ?? (isOwn(idea, by) ? 'it is their own proposal' : null)
  if (no !== null) return `${by}, who armed it: ${no}`
  if (ended !== null) return `its arming had ended: ${ended}`
  if (now > plusMs(arming.until, LATE_MS)) return 'its arming was over'
  if (arming.strategyID !== intent.proposal.strategyID) return `armed was ${arming.strategyID}`
  if (!arming.symbols.includes(ticket.terms.symbol)) return `armed were ${arming.symbols.join(', ')}`
  if (ticket.environment !== 'paper') return 'nothing is armed but on paper'
  const most = book.autoMaxNotional
  if (gt(ticket.maxNotional, arming.maxNotional) || most === null || gt(ticket.maxNotional, most))
    return `it may cost ${text(ticket.maxNotional)}, and armed were ${text(arming.maxNotional)}`
  return null
}

/** Why an order is one too many of an arming. Looks at the book as it is before its yes. */
export const oneTooMany = ({ used, arming }: Armed): string | null =>
  used >= arming.maxCount ? `${arming.maxCount} orders were armed, and it is number ${used + 1}` : null
