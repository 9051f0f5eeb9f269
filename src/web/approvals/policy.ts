import type { ApprovalPolicy, ApprovalRule, Level } from '../../api/wire.ts'
import { grouped } from '../decimal.ts'
import { whoMustSayYes } from '../words.ts'

/** The policy of approvals in words, what is wrong with one, and how two differ. The gateway decides; this explains. */

const list = (names: readonly string[]): string =>
  names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

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

/** One line of a comparison; `before` null: it is new, `after` null: it goes. */
export type Line = { readonly what: string; readonly before: string | null; readonly after: string | null }

/** What is otherwise in `after`; a policy that is not known any more differs in everything. */
export function policyDiff(before: ApprovalPolicy | null, after: ApprovalPolicy): Line[] {
  const names = [...new Set([...(before?.rules ?? []), ...after.rules].map(({ name }) => name))]
  const rule = (policy: ApprovalPolicy | null, name: string): string | null => {
    const found = policy?.rules.find((one) => one.name === name)
    return found === undefined ? null : ruleInWords(found)
  }
  const lines: Line[] = [
    ...names.map((name) => ({ what: `Rule “${name}”`, before: rule(before, name), after: rule(after, name) })),
    {
      what: 'Without a person',
      before: before === null ? null : autoInWords(before.autoMaxNotional),
      after: autoInWords(after.autoMaxNotional),
    },
    {
      what: 'Changes of this policy',
      before: before === null ? null : whoMustSayYes(before.changes),
      after: whoMustSayYes(after.changes),
    },
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
  return wrong
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
