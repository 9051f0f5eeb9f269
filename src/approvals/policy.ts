import type { Stage } from '../orders/stage.ts'
import { type Amt, dec, type Decimal, gt, lt, shortest, ZERO } from '../values/decimal.ts'
import { type Coverage, coverageFaults } from './coverage.ts'
import { type Level, LEVELS } from './evidence.ts'

/** Who must say yes to what, as data: it is kept in the journal, and changed only by the yes that it asks for itself. */
export type ApprovalPolicy = {
  /** Counts the changes; 0 is what an installation begins with. */
  readonly version: number
  readonly rules: readonly ApprovalRule[]
  /** The most that one order of an armed strategy may cost; null: nothing is ever sent without a person. Paper only. */
  readonly autoMaxNotional: Amt | null
  /** What a change of this policy, of people or of their passkeys asks for. The proposer does not count. */
  readonly changes: { readonly level: Level; readonly quorum: number }
  /** When somebody is there to decide; absent: always. */
  readonly coverage?: Coverage
  /** When an order has waited for so long without its yes, further people are told; absent: never. */
  readonly escalateAfterMs?: number
}

/** Of all rules that match an order the strictest counts, in each respect by itself. Lists that are absent match everything. */
export type ApprovalRule = {
  /** Short, for the screen: `live above 25,000`. */
  readonly name: string
  readonly environment?: 'paper' | 'live'
  readonly stages?: readonly Stage[]
  readonly strategies?: readonly string[]
  readonly symbols?: readonly string[]
  /** Only orders that may cost more than this, in account currency. */
  readonly notionalAbove?: Amt
  readonly level: Level
  /** How many different people. */
  readonly quorum: number
  /** How long people have to decide, and how long their yes may wait for its send. */
  readonly approvalTtlMs?: number
  readonly executionTtlMs?: number
  readonly maxDriftBps?: number
}

/** What one order asks for, taken down with its ticket: a later change of the policy does not loosen it. */
export type Requirement = {
  readonly level: Level
  readonly quorum: number
  readonly policyVersion: number
  /** Names of the rules that matched, and what else led to it: for people, and decided by nowhere. */
  readonly rules: readonly string[]
  /** Names of the soft limits that the order is beyond. */
  readonly beyond?: readonly string[]
  /** The arming under which it goes without a person. */
  readonly armingID?: string
}
/** Tickets of before there was a policy: one click of one person. */
export const ONE_CLICK: Requirement = { level: 'L1', quorum: 1, policyVersion: 0, rules: [] }

export type OrderFacts = {
  readonly environment: 'paper' | 'live'
  readonly stage: Stage
  readonly strategyID: string
  readonly symbol: string
  readonly maxNotional: Amt
}

/** The limits of time and drift that a rule may only tighten. */
export type Limits = {
  readonly approvalTtlMs: number
  readonly executionTtlMs: number
  readonly maxDriftBps: number
}

/** Live orders above this are never one person's business. In account currency. */
const LARGE = dec('25000') as Amt

/** What an installation begins with. On paper one click will do; live, a passkey, and for a large order two people. */
export const FIRST_POLICY: ApprovalPolicy = {
  version: 0,
  rules: [
    { name: 'paper', environment: 'paper', level: 'L1', quorum: 1 },
    { name: 'live', environment: 'live', level: 'L2', quorum: 1 },
    { name: 'live, large', environment: 'live', notionalAbove: LARGE, level: 'L3', quorum: 2 },
  ],
  autoMaxNotional: dec('1000') as Amt,
  changes: { level: 'L1', quorum: 1 },
}
/** The same, where real money is at stake: changes are two people's business too. */
export const firstPolicy = (environment: 'paper' | 'live'): ApprovalPolicy =>
  environment === 'live' ? { ...FIRST_POLICY, changes: { level: 'L3', quorum: 2 } } : FIRST_POLICY

const rank = (level: Level): number => LEVELS.indexOf(level)
/** The surer of two levels. */
export const stricter = (a: Level, b: Level): Level => (rank(a) >= rank(b) ? a : b)

/** Whether evidence of one level is enough for another. */
export const isEnough = (has: Level, wants: Level): boolean => rank(has) >= rank(wants)

/** The evidence that each single yes needs: two people with a passkey each are L3, and each of them is L2. */
export const levelOfOne = (level: Level): Level => (level === 'L3' ? 'L2' : level)

export function matches(rule: ApprovalRule, order: OrderFacts): boolean {
  const { environment, stages, strategies, symbols, notionalAbove } = rule
  return (
    (environment === undefined || environment === order.environment) &&
    (stages === undefined || stages.includes(order.stage)) &&
    (strategies === undefined || strategies.includes(order.strategyID)) &&
    (symbols === undefined || symbols.includes(order.symbol)) &&
    (notionalAbove === undefined || gt(order.maxNotional, notionalAbove))
  )
}

/** What this order asks for. Where no rule speaks of it, the most that can be asked; live, never less than a passkey. */
export function requirementOf(policy: ApprovalPolicy, order: OrderFacts): Requirement {
  const rules = policy.rules.filter((rule) => matches(rule, order))
  const least = rules.length === 0 ? 'L3' : order.environment === 'live' ? 'L2' : 'L1'
  const level = rules.map((rule) => rule.level).reduce<Level>(stricter, least)
  const quorum = Math.max(level === 'L3' ? 2 : 1, ...rules.map((rule) => rule.quorum))
  return { level, quorum, policyVersion: policy.version, rules: rules.map((rule) => rule.name), beyond: [] }
}

/** The same with one level more, for an order that is beyond soft limits; the limits are named with it. */
export function surer(requires: Requirement, beyond: readonly string[]): Requirement {
  if (beyond.length === 0) return requires
  const level = LEVELS[Math.min(rank(requires.level) + 1, LEVELS.length - 1)] as Level
  const rules = [...requires.rules, ...beyond.map((name) => `${BEYOND}${name}`)]
  const quorum = level === 'L3' ? Math.max(2, requires.quorum) : requires.quorum
  return { ...requires, level, quorum, rules, beyond }
}
/** The same where an arming takes the place of a person. */
export const armed = (requires: Requirement, armingID: string): Requirement => ({
  ...requires,
  level: 'L0',
  rules: [`${ARMED}${armingID}`],
  armingID,
})

// Before the names of soft limits and of an arming, among those of rules: rows of before tell of them nowhere else.
const BEYOND = 'beyond the soft limit '
const ARMED = 'armed '
const namedAfter = (start: string, { rules }: Requirement): readonly string[] =>
  rules.filter((rule) => rule.startsWith(start)).map((rule) => rule.slice(start.length))

export const beyondOf = (requires: Requirement): readonly string[] => requires.beyond ?? namedAfter(BEYOND, requires)
/** Whether these soft limits are more than what was asked for took into account. */
export const isBeyondMore = (requires: Requirement, soft: readonly string[]): boolean =>
  soft.some((name) => !beyondOf(requires).includes(name))
/** Null where people look. */
export const armingOf = (requires: Requirement): string | null =>
  requires.level === 'L0' ? (requires.armingID ?? namedAfter(ARMED, requires)[0] ?? null) : null

/** The tightest of the limits of the account and of every rule that matches. */
export function limitsOf(policy: ApprovalPolicy, order: OrderFacts, account: Limits): Limits {
  const rules = policy.rules.filter((rule) => matches(rule, order))
  const least = (key: keyof Limits): number => Math.min(account[key], ...rules.map((rule) => rule[key] ?? account[key]))
  return {
    approvalTtlMs: least('approvalTtlMs'),
    executionTtlMs: least('executionTtlMs'),
    maxDriftBps: least('maxDriftBps'),
  }
}

/** Whether no order of this environment is ever sent on the word of fewer than two people: what the screens call four-eyes. */
export function isFourEyes(policy: ApprovalPolicy, environment: 'paper' | 'live', stage: Stage): boolean {
  const everyOrder = policy.rules.filter(
    (rule) =>
      (rule.environment ?? environment) === environment &&
      (rule.stages ?? [stage]).includes(stage) &&
      rule.strategies === undefined &&
      rule.symbols === undefined &&
      rule.notionalAbove === undefined,
  )
  return everyOrder.some((rule) => rule.quorum >= 2 || rule.level === 'L3')
}

/** The most people whom a rule of this policy asks for in this environment: more than there are, and nothing is ever sent. */
export const largestQuorum = (policy: ApprovalPolicy, environment: 'paper' | 'live'): number =>
  Math.max(
    1,
    ...policy.rules
      .filter((rule) => (rule.environment ?? environment) === environment)
      .map((rule) => Math.max(rule.quorum, rule.level === 'L3' ? 2 : 1)),
  )

const TTL_MS = { least: 5_000, most: 24 * 3_600_000 }
const QUORUM_MAX = 9
const RULES_MAX = 100

/** Everything that is wrong with a policy that somebody proposes, as sentences; empty when it can be used. */
export function faultsOf(policy: ApprovalPolicy): string[] {
  const wrong: string[] = []
  const names = new Set<string>()
  if (policy.rules.length === 0) wrong.push('There is no rule; every order would ask for two people with passkeys.')
  if (policy.rules.length > RULES_MAX) wrong.push(`There are ${policy.rules.length} rules; ${RULES_MAX} is the most.`)
  for (const rule of policy.rules) {
    const named = `Rule ${JSON.stringify(rule.name)}`
    if (names.has(rule.name)) wrong.push(`${named} is there twice; give each a name of its own.`)
    names.add(rule.name)
    if (rule.level === 'L0') wrong.push(`${named} asks for L0; what may go without a person is armed, not ruled.`)
    if (!Number.isInteger(rule.quorum) || rule.quorum < 1 || rule.quorum > QUORUM_MAX)
      wrong.push(`${named} asks for ${rule.quorum} people; it must be a whole number from 1 to ${QUORUM_MAX}.`)
    if (rule.environment === 'live' && rule.level === 'L1')
      wrong.push(`${named} lets a click send a live order; live orders need L2 or L3.`)
    for (const ms of [rule.approvalTtlMs, rule.executionTtlMs])
      if (ms !== undefined && !(Number.isInteger(ms) && ms >= TTL_MS.least && ms <= TTL_MS.most))
        wrong.push(`${named} gives ${ms} ms; it must be from ${TTL_MS.least} to ${TTL_MS.most}.`)
    if (rule.notionalAbove !== undefined && lt(rule.notionalAbove, ZERO))
      wrong.push(`${named} speaks of orders above ${shortest(rule.notionalAbove)}; the amount must be 0 or more.`)
    if (rule.maxDriftBps !== undefined && !(Number.isInteger(rule.maxDriftBps) && rule.maxDriftBps >= 1))
      wrong.push(`${named} allows a drift of ${rule.maxDriftBps} basis points; it must be a whole number from 1.`)
  }
  if (policy.autoMaxNotional !== null && !gt(policy.autoMaxNotional, ZERO))
    wrong.push(`An order without a person may cost ${shortest(policy.autoMaxNotional)}; give an amount, or none.`)
  if (policy.changes.level === 'L3' && policy.changes.quorum === 1)
    wrong.push('Changes at L3 are the business of two people at least; ask for two, or for L2.')
  if (policy.coverage) wrong.push(...coverageFaults(policy.coverage))
  const { escalateAfterMs: after } = policy
  if (after !== undefined && !(Number.isInteger(after) && after >= TTL_MS.least && after <= TTL_MS.most))
    wrong.push(`An order is escalated after ${after} ms; it must be from ${TTL_MS.least} to ${TTL_MS.most}.`)
  if (policy.changes.level === 'L0') wrong.push('Changes of the policy cannot go without a person.')
  if (!Number.isInteger(policy.changes.quorum) || policy.changes.quorum < 1 || policy.changes.quorum > QUORUM_MAX)
    wrong.push(`Changes ask for ${policy.changes.quorum} people; it must be a whole number from 1 to ${QUORUM_MAX}.`)
  return wrong
}

/** An order that an armed strategy may send without a person: within every bound that the person set. */
export type Arming = {
  readonly armingID: string
  readonly strategyID: string
  readonly symbols: readonly string[]
  /** The most that one order may cost, in account currency. */
  readonly maxNotional: Amt
  /** How many orders, and how many it has been. */
  readonly maxCount: number
}
export const isWithin = (arming: Arming & { readonly count: number }, order: OrderFacts, most: Decimal): boolean =>
  order.environment === 'paper' &&
  arming.strategyID === order.strategyID &&
  arming.symbols.includes(order.symbol) &&
  arming.count < arming.maxCount &&
  !gt(order.maxNotional, arming.maxNotional) &&
  !gt(order.maxNotional, most)
