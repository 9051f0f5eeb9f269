import { type ApprovalPolicy, FIRST_POLICY } from '../../src/approvals/policy.ts'
import { defaultsOf, LIMIT_NAMES, type LimitName, type Limits, type Lists } from '../../src/gate/limits.ts'
import { amt, dec } from '../../src/values/decimal.ts'
import type { LimitsName, PolicyName } from './plan.ts'

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

type Figures = { readonly [N in LimitName]?: string }
const limited = (hard: Figures, soft: Figures = {}, lists: Partial<Lists> = {}): Limits => {
  const first = defaultsOf('S1')
  const figure = (of: Figures, name: LimitName) => (of[name] === undefined ? null : dec(of[name]))
  const values = LIMIT_NAMES.map((name) => [name, { hard: figure(hard, name), soft: figure(soft, name) }] as const)
  return { ...first, values: Object.fromEntries(values) as Limits['values'], lists: { ...first.lists, ...lists } }
}

/** The limits that the account of a world begins with; those that are not named have none. An order costs up to 10,000 of 100,000. */
export const LIMITS: Readonly<Record<Exclude<LimitsName, 'wide' | 'tight'>, Limits>> = {
  turnover: limited({ maxDayTurnover: '0.22', maxOrdersPerMinute: '6', maxOrdersPerDay: '10' }),
  positions: limited({ maxOpenPositions: '1', maxGrossExposure: '0.13' }),
  losses: limited({ dayLoss: '0.01', drawdown: '0.015', maxDayTurnover: '0.5' }),
  repeats: limited({ maxRepeats: '2', maxNetExposure: '0.15' }),
  soft: limited({ maxDayTurnover: '0.4' }, { maxDayTurnover: '0.15', maxSymbolShare: '0.12', maxRepeats: '3' }),
  symbols: limited(
    { maxSymbolShare: '0.13' },
    {},
    { symbols: ['AAPL', 'BTC/USD'], restricted: ['MSFT'], allowShort: false },
  ),
}
/** Null: the account has none. */
export const limitsOf = (name: LimitsName): Limits | null => (name === 'wide' || name === 'tight' ? null : LIMITS[name])
