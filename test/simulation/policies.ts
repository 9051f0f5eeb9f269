import { type ApprovalPolicy, FIRST_POLICY } from '../../src/approvals/policy.ts'
import { amt } from '../../src/values/decimal.ts'
import type { PolicyName } from './plan.ts'

const PAPER = { name: 'paper', environment: 'paper', level: 'L1', quorum: 1 } as const

/** Who must say yes to what, by the name that a world or a line of a script gives it; the house counts the versions. */
export const POLICIES: Readonly<Record<PolicyName, Omit<ApprovalPolicy, 'version'>>> = {
  first: FIRST_POLICY,
  two: { ...FIRST_POLICY, rules: [{ name: 'everything', level: 'L1', quorum: 2 }] },
  // What an order of a few shares costs lies on both sides of it.
  'large-two': {
    ...FIRST_POLICY,
    rules: [PAPER, { name: 'large', notionalAbove: amt('1500'), level: 'L1', quorum: 2, executionTtlMs: 8_000 }],
  },
  armed: { ...FIRST_POLICY, rules: [PAPER], autoMaxNotional: amt('20000') },
}
