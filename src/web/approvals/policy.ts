import type { ApprovalPolicy, ApprovalRule, Level } from '../../api/wire.ts'
import { grouped } from '../decimal.ts'
import { list, whoMustSayYes } from '../words.ts'

/** The policy of approvals in words, what is wrong with one, and how two differ. The gateway decides; this explains. */

/** "live orders of momentum in AAPL and MSFT above 25,000". */
export function whichInWords(rule: ApprovalRule): string {
  const { environment, stages, strategies, symbols, notionalAbove } = rule
  const parts = [
    environment === undefined ? 'all orders' : `${environment} orders`,
    ...(stages === undefined ? [] : [`in ${stages.length === 1 ? 'stage' : 'stages'} ${list(stages)}`]),
    ...(strategies === undefined ? [] : [`of ${list(strategies)}`]),
    ...(symbols === undefined ? [] : [`in ${list(symbols)}`]),
    ...(notionalAbove === undefined ? [] : [`above ${grouped(notionalAbove)}`]),
  ]
  return parts.join(' ')
}

/** Limits are round figures, and read so: "5 min", "90 s", "1 h". */
function round(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`
}

/** "decide within 5 min"; empty where the account's own limits hold. */
export function limitsInWords({ approvalTtlMs, executionTtlMs, maxDriftBps }: ApprovalRule): string[] {
  return [
    ...(approvalTtlMs === undefined ? [] : [`decide within ${round(approvalTtlMs)}`]),
    ...(executionTtlMs === undefined ? [] : [`send within ${round(executionTtlMs)}`]),
    ...(maxDriftBps === undefined ? [] : [`drift up to ${maxDriftBps} bps`]),
  ]
}

/** A rule as one sentence. */
export const ruleInWords = (rule: ApprovalRule): string =>
  [`${whichInWords(rule)}: ${whoMustSayYes(rule)}`, ...limitsInWords(rule)].join('; ')

export const autoInWords = (autoMaxNotional: string | null): string =>
  autoMaxNotional === null ? 'nothing goes without a person' : `up to ${grouped(autoMaxNotional)} each, where armed`

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
type Coverage = NonNullable<ApprovalPolicy['coverage']>

/** "Mon to Fri, 09:30 to 16:00 America/New_York"; "always" where nothing is said. */
export function coverageInWords(coverage: Coverage | undefined): string {
  if (coverage === undefined) return 'always'
  const { zone, from, until } = coverage
  const days = [...new Set(coverage.days)].sort((a, b) => a - b)
  const name = (day: number | undefined): string => DAYS[(day ?? 0) - 1] ?? String(day)
  const isRow = days.length > 2 && days.every((day, n) => n === 0 || day === (days[n - 1] ?? 0) + 1)
  const when = isRow ? `${name(days[0])} to ${name(days.at(-1))}` : list(days.map(name))
  return `${when}, ${from} to ${until} ${zone}`
}

export const escalationInWords = (ms: number | undefined): string =>
  ms === undefined ? 'never' : `when nobody has decided for ${round(ms)}`

/** One line of a comparison; `before` null: it is new, `after` null: it goes. */
export type Line = {
  readonly what: string
  readonly before: string | null
  readonly after: string | null
  /** Of a limit: whether less may be risked afterwards. */
  readonly tighter?: boolean
}

/** What is otherwise in `after`; a policy that is not known any more differs in everything. */
export function policyDiff(before: ApprovalPolicy | null, after: ApprovalPolicy): Line[] {
  const names = [...new Set([...(before?.rules ?? []), ...after.rules].map(({ name }) => name))]
  const rule = (policy: ApprovalPolicy | null, name: string): string | null => {
    const found = policy?.rules.find((one) => one.name === name)
    return found === undefined ? null : ruleInWords(found)
  }
  const both = (what: string, words: (known: ApprovalPolicy) => string): Line => ({
    what,
    before: before === null ? null : words(before),
    after: words(after),
  })
  const lines: Line[] = [
    ...names.map((name) => ({ what: `Rule “${name}”`, before: rule(before, name), after: rule(after, name) })),
    both('Without a person', ({ autoMaxNotional }) => autoInWords(autoMaxNotional)),
    both('Changes of this policy', ({ changes }) => whoMustSayYes(changes)),
    both('Somebody decides', ({ coverage }) => coverageInWords(coverage)),
    both('Further people are told', ({ escalateAfterMs }) => escalationInWords(escalateAfterMs)),
  ]
  return lines.filter((line) => line.before !== line.after)
}

const AMOUNT = /^\d+(\.\d+)?$/
const QUORUM_MAX = 9
const TTL_MS = { least: 5_000, most: 86_400_000 }

const wholeFrom = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

/**
 * What the gateway would find wrong, said before it is asked.
 *
 * @param of.approvers how many people may approve orders; @param of.environment which of them this account has.
 */
export function faultsOf(
  policy: ApprovalPolicy,
  of: { readonly approvers: number; readonly environment: 'paper' | 'live' },
): string[] {
  const wrong: string[] = []
  const seen = new Set<string>()
  if (policy.rules.length === 0) wrong.push('There is no rule: every order would ask for two people with passkeys.')
  for (const [i, rule] of policy.rules.entries()) {
    const called = rule.name.trim() === '' ? `Rule ${i + 1}` : `Rule “${rule.name}”`
    if (rule.name.trim() === '') wrong.push(`${called} has no name.`)
    if (seen.has(rule.name) && rule.name !== '') wrong.push(`${called} is there twice; give each a name of its own.`)
    seen.add(rule.name)
    wrong.push(...ruleFaults(rule).map((fault) => `${called} ${fault}`))
    const count = peopleOf(rule)
    const applies = (rule.environment ?? of.environment) === of.environment
    if (applies && wholeFrom(rule.quorum, 1, QUORUM_MAX) && count > Math.max(1, of.approvers))
      wrong.push(`${called} asks for ${count} people, and ${of.approvers} may approve. Let more people approve first.`)
  }
  if (policy.autoMaxNotional !== null && !AMOUNT.test(policy.autoMaxNotional))
    wrong.push('The amount without a person is a number such as 1000, or nothing.')
  if (policy.changes.level === 'L0') wrong.push('Changes cannot go without a person.')
  if (!wholeFrom(policy.changes.quorum, 1, QUORUM_MAX))
    wrong.push(`Changes ask for a whole number of people from 1 to ${QUORUM_MAX}.`)
  if (policy.coverage !== undefined) wrong.push(...hoursFaults(policy.coverage))
  const { escalateAfterMs: after } = policy
  if (after !== undefined && !wholeFrom(after, TTL_MS.least, TTL_MS.most))
    wrong.push('Further people are told after a time from 5 seconds to a day, or never.')
  return wrong
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/

function hoursFaults({ zone, days, from, until }: Coverage): string[] {
  return [
    ...(isZone(zone) ? [] : ['The hours need a time zone such as America/New_York.']),
    ...(days.length > 0 && days.every((day) => wholeFrom(day, 1, 7))
      ? []
      : ['The hours need days: numbers from 1 (Monday) to 7 (Sunday), apart by commas.']),
    ...(TIME.test(from) && TIME.test(until) ? [] : ['The hours need a start and an end such as 09:30.']),
    ...(TIME.test(from) && from === until ? ['The hours end when they begin; leave them empty for always.'] : []),
  ]
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const peopleOf = ({ level, quorum }: { level: Level; quorum: number }): number =>
  level === 'L3' ? Math.max(2, quorum) : quorum

function ruleFaults(rule: ApprovalRule): string[] {
  const { level, quorum, environment, notionalAbove, approvalTtlMs, executionTtlMs, maxDriftBps } = rule
  const isTtl = (ms: number | undefined): boolean => ms === undefined || wholeFrom(ms, TTL_MS.least, TTL_MS.most)
  return [
    ...(level === 'L0' ? ['asks for nobody; what may go without a person is armed, not ruled.'] : []),
    ...(wholeFrom(quorum, 1, QUORUM_MAX) ? [] : [`asks for a whole number of people from 1 to ${QUORUM_MAX}.`]),
    ...(environment === 'live' && level === 'L1' ? ['lets a click send a live order; choose a passkey.'] : []),
    ...(notionalAbove === undefined || AMOUNT.test(notionalAbove)
      ? []
      : ['has an amount that is no number such as 25000.']),
    ...(isTtl(approvalTtlMs) ? [] : ['gives a time to decide that is not between 5 seconds and a day.']),
    ...(isTtl(executionTtlMs) ? [] : ['gives a time to send that is not between 5 seconds and a day.']),
    ...(maxDriftBps === undefined || wholeFrom(maxDriftBps, 1, 10_000)
      ? []
      : ['allows a drift that is not a whole number of basis points from 1 to 10,000.']),
  ]
}
