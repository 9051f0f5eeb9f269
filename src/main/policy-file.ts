// A policy of approvals as a file that people write: YAML or JSON, every value text until it has been read.
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import type * as Wire from '../api/wire.ts'
import { coverageFaults } from '../approvals/coverage.ts'
import { type ApprovalPolicy, faultsOf } from '../approvals/policy.ts'
import { STAGES } from '../orders/stage.ts'
import { type Amt, dec, text } from '../values/decimal.ts'
import { err, ok, type Result } from '../values/result.ts'
import { didYouMean } from './nearest.ts'
import { at, type ConfigFault, inOrder, offsetOf, valueAt, yamlWords } from './place.ts'
import { choice, decimal, filled, whole } from './setting.ts'

/** What a person may propose: the version is counted by the gateway. */
export type PolicyFile = Omit<Wire.ApprovalPolicy, 'version'>

const level = choice(['L1', 'L2', 'L3'])
const quorum = whole(1, 9)
const ttl = whole(5_000, 86_400_000)
const names = z.array(filled, 'must be a list, such as [breakout, pullback]').min(1, 'is an empty list; leave it out')
const money = decimal<Amt>({}).transform(text)

const rule = z.strictObject({
  name: filled,
  environment: choice(['paper', 'live']).optional(),
  stages: z.array(choice(STAGES), 'must be a list, such as [S2, S3]').optional(),
  strategies: names.optional(),
  symbols: names.optional(),
  notionalAbove: money.optional(),
  level,
  quorum,
  approvalTtlMs: ttl.optional(),
  executionTtlMs: ttl.optional(),
  maxDriftBps: whole(1, 5_000).optional(),
})
const coverage = z.strictObject(
  {
    zone: filled,
    days: z.array(whole(1, 7), 'must be a list, such as [1, 2, 3, 4, 5]; 1 is Monday').min(1, 'names no day'),
    from: filled,
    until: filled,
  },
  'must hold zone, days, from and until',
)
/** Nothing goes without a person. */
const NONE = /^(none|null|~)$/
const POLICY = z.strictObject({
  rules: z.array(rule, 'must be a list of rules, each beginning with "- name:"').min(1, 'holds no rule'),
  autoMaxNotional: z.union([filled.regex(NONE).transform(() => null), money], {
    error: 'must be an amount, or none: then nothing goes without a person',
  }),
  changes: z.strictObject({ level, quorum }),
  coverage: coverage.optional(),
  escalateAfterMs: ttl.optional(),
})

/**
 * Reads a policy. `version` may stand in the file, as `approvals policy show` prints it, and is left out.
 * @param name how the file is called in a fault.
 */
export function parsePolicy(source: string, name: string): Result<PolicyFile, readonly ConfigFault[]> {
  const lines = new LineCounter()
  const document = parseDocument(source, { schema: 'failsafe', lineCounter: lines, prettyErrors: false })
  const troubles = [...document.errors, ...document.warnings]
  if (troubles.length > 0)
    return err(troubles.map((t) => ({ source: name, ...at(lines, t.pos[0]), message: yamlWords(t.code, t.message) })))
  const tree: unknown = document.toJS({ mapAsMap: false })
  const place = (path: readonly PropertyKey[], key = false): Omit<ConfigFault, 'message'> => {
    const offset = offsetOf(document, path.map(String), key)
    return offset === null ? { source: name, line: null, column: null } : { source: name, ...at(lines, offset) }
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    return err([
      {
        ...place([]),
        message: 'must hold rules, autoMaxNotional and changes; "jax-exec approvals policy show" prints one',
      },
    ])
  const { version: _, ...given } = tree as Record<string, unknown>
  const parsed = POLICY.safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.flatMap((issue): ConfigFault[] => {
      const { path } = issue
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((key) => ({
          ...place([...path, key], true),
          message: `${pathOf([...path, key])} is not a part of a policy${didYouMean(key, knownAt(path))}`,
        }))
      const missing = valueAt(given, path.map(String)) === undefined
      return missing
        ? [{ ...place(path.slice(0, -1)), message: `${pathOf(path)} is missing` }]
        : [{ ...place(path), message: `${pathOf(path)} ${issue.message}` }]
    })
    return err(inOrder(faults))
  }
  const policy = parsed.data as PolicyFile
  const wrong = faultsOf(inHouse(policy))
  const ofHours = policy.coverage ? coverageFaults(policy.coverage) : []
  const placed = wrong.map((message) => ({ ...place([ofHours.includes(message) ? 'coverage' : 'rules']), message }))
  return wrong.length === 0 ? ok(policy) : err(inOrder(placed))
}

/** `rules[2].level` */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step + 1}]` : `${i === 0 ? '' : '.'}${String(step)}`)).join('')
const knownAt = (path: readonly PropertyKey[]): readonly string[] =>
  path.length === 0
    ? Object.keys(POLICY.shape)
    : Object.keys(
        path[0] === 'rules' ? rule.shape : path[0] === 'coverage' ? coverage.shape : POLICY.shape.changes.shape,
      )

/** The same with amounts as the house keeps them. */
const inHouse = (policy: PolicyFile): ApprovalPolicy => ({
  version: 0,
  changes: policy.changes,
  ...(policy.coverage && { coverage: policy.coverage }),
  ...(policy.escalateAfterMs !== undefined && { escalateAfterMs: policy.escalateAfterMs }),
  rules: policy.rules.map((one) => ({
    ...(one as Omit<ApprovalPolicy['rules'][number], 'notionalAbove'>),
    ...(one.notionalAbove === undefined ? {} : { notionalAbove: dec(one.notionalAbove) as Amt }),
  })),
  autoMaxNotional: policy.autoMaxNotional === null ? null : (dec(policy.autoMaxNotional) as Amt),
})

/** What a terminal would obey or not show: written as a number, it is read back as it was. */
const UNSEEN = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g
const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A policy as a file that can be edited and proposed again. */
export function policyText(policy: Wire.ApprovalPolicy): string {
  const words = (value: string): string =>
    /^[A-Za-z][\w -]*$/.test(value) ? value : JSON.stringify(value).replace(UNSEEN, escaped)
  const shown = (value: unknown): string =>
    Array.isArray(value) ? `[${value.map((one) => words(String(one))).join(', ')}]` : words(String(value))
  const fields = (one: Wire.ApprovalRule): string =>
    Object.entries(one)
      .filter(([, value]) => value !== undefined)
      .map(
        ([key, value], i) =>
          `${i === 0 ? '  - ' : '    '}${key}: ${typeof value === 'number' || key === 'notionalAbove' ? String(value) : shown(value)}`,
      )
      .join('\n')
  const { zone, days, from, until } = policy.coverage ?? { zone: '', days: [], from: '', until: '' }
  const hours =
    policy.coverage === undefined
      ? ''
      : `# When somebody is there to decide (1 is Monday); a signal that comes at other hours is refused at once. Without it: always.
coverage:
  zone: ${words(zone)}
  days: [${days.join(', ')}]
  from: ${words(from)}
  until: ${words(until)}
`
  return `# Version ${policy.version}. Of all rules that match an order the strictest counts, in each respect by itself.
rules:
${policy.rules.map(fields).join('\n')}
# The most that one order of an armed strategy may cost; none: nothing goes without a person. Paper only.
autoMaxNotional: ${policy.autoMaxNotional ?? 'none'}
# What a change of this policy, of people or of their passkeys asks for.
changes:
  level: ${policy.changes.level}
  quorum: ${policy.changes.quorum}
${hours}# An order that has waited for so many milliseconds without its yes is shown to further people. Without it: never.
${policy.escalateAfterMs === undefined ? '# escalateAfterMs: 180000' : `escalateAfterMs: ${policy.escalateAfterMs}`}
`
}
