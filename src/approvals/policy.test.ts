import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { STAGES } from '../orders/stage.ts'
import { amt, dec } from '../values/decimal.ts'
import { LEVELS, type Level } from './evidence.ts'
import {
  type ApprovalPolicy,
  type ApprovalRule,
  type Arming,
  armed,
  armingOf,
  beyondOf,
  faultsOf,
  FIRST_POLICY,
  firstPolicy,
  isEnough,
  isFourEyes,
  isWithin,
  largestQuorum,
  type Limits,
  limitsOf,
  matches,
  type OrderFacts,
  type Requirement,
  requirementOf,
  surer,
} from './policy.ts'

const policyOf = (...rules: readonly ApprovalRule[]): ApprovalPolicy => ({ ...FIRST_POLICY, version: 7, rules })
const rule = (of: Partial<ApprovalRule>): ApprovalRule => ({ name: 'one', level: 'L1', quorum: 1, ...of })
const ORDER: OrderFacts = {
  environment: 'paper',
  stage: 'S1',
  strategyID: 'meanrev',
  symbol: 'AAPL',
  maxNotional: amt('9880.00'),
}
const LIVE: OrderFacts = { ...ORDER, environment: 'live', stage: 'S2' }
const rank = (level: Level): number => LEVELS.indexOf(level)

describe('a rule speaks of an order', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, of: Partial<ApprovalRule>, order: Partial<OrderFacts>, speaks: boolean])[] = [
    ['of every order, when it names nothing',    {},                                    {},                                true],
    ['of its environment',                       { environment: 'paper' },              {},                                true],
    ['not of the other one',                     { environment: 'live' },               {},                                false],
    ['of its stages',                            { stages: ['S0', 'S1'] },              {},                                true],
    ['not of others',                            { stages: ['S2'] },                    {},                                false],
    ['of its strategies',                        { strategies: ['meanrev'] },           {},                                true],
    ['not of one that only looks like it',       { strategies: ['meanrev '] },          {},                                false],
    ['of its symbols',                           { symbols: ['MSFT', 'AAPL'] },         {},                                true],
    ['not of others',                            { symbols: ['MSFT'] },                 {},                                false],
    ['of nothing, when its list is empty',       { symbols: [] },                       {},                                false],
    ['above its amount',                         { notionalAbove: amt('9879.99') },     {},                                true],
    ['not at it',                                { notionalAbove: amt('9880') },        {},                                false],
    ['only where all of it fits',                { symbols: ['AAPL'], stages: ['S2'] }, {},                                false],
  ]
  for (const [name, of, order, speaks] of rows)
    it(name, () => assert.equal(matches(rule(of), { ...ORDER, ...order }), speaks))
})

describe('what an order asks for', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, policy: ApprovalPolicy, order: OrderFacts, level: Level, quorum: number, rules: readonly string[]])[] = [
    ['the only rule',                            policyOf(rule({ level: 'L1', quorum: 2 })),                      ORDER, 'L1', 2, ['one']],
    ['two people at least where it is L3',       policyOf(rule({ level: 'L3', quorum: 1 })),                      ORDER, 'L3', 2, ['one']],
    ['the most that can be asked, without one',  policyOf(rule({ environment: 'live', level: 'L2' })),            ORDER, 'L3', 2, []],
    ['the level of one and the people of another', policyOf(rule({ level: 'L2' }), rule({ name: 'two', quorum: 3 })), ORDER, 'L2', 3, ['one', 'two']],
    ['nothing of a rule for something else',     policyOf(rule({}), rule({ name: 'two', symbols: ['MSFT'], level: 'L3', quorum: 5 })), ORDER, 'L1', 1, ['one']],
    ['never less than a click',                  policyOf(rule({ level: 'L0' })),                                 ORDER, 'L1', 1, ['one']],
    ['a passkey for a live order, whatever a rule for all says', policyOf(rule({ level: 'L1' })),                  LIVE,  'L2', 1, ['one']],
    ['on paper, at first',                       firstPolicy('paper'),                                            ORDER, 'L1', 1, ['paper']],
    ['live, at first',                           firstPolicy('live'),                                             LIVE,  'L2', 1, ['live']],
    ['live and large, at first',                 firstPolicy('live'), { ...LIVE, maxNotional: amt('25000.01') }, 'L3', 2, ['live', 'live, large']],
  ]
  for (const [name, policy, order, level, quorum, rules] of rows)
    it(name, () =>
      assert.deepEqual(requirementOf(policy, order), {
        level,
        quorum,
        policyVersion: policy.version,
        rules,
        beyond: [],
      }),
    )
})

describe('what else led to it is told apart from the names of rules', () => {
  const named = requirementOf(policyOf(rule({ name: 'beyond the soft limit x' }), rule({ name: 'armed y' })), ORDER)
  const { beyond: _, ...before } = named
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, requires: Requirement, beyond: readonly string[], arming: string | null])[] = [
    ['a rule of such a name is neither',        named,                                        [],      null],
    ['soft limits',                             surer(named, ['a']),                          ['a'],   null],
    ['an arming',                               armed(named, 'arm_1'),                        [],      'arm_1'],
    ['soft limits in a row of before',          before,                                       ['x'],   null],
    ['an arming in a row of before',            { ...before, level: 'L0', rules: ['armed y'] }, [],    'y'],
  ]
  for (const [name, requires, beyond, arming] of rows)
    it(name, () => assert.deepEqual([beyondOf(requires), armingOf(requires)], [beyond, arming]))
})

const someRule: fc.Arbitrary<ApprovalRule> = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    environment: fc.constantFrom('paper', 'live'),
    stages: fc.subarray([...STAGES]),
    strategies: fc.subarray(['meanrev', 'trend']),
    symbols: fc.subarray(['AAPL', 'MSFT']),
    notionalAbove: fc.constantFrom(amt('0'), amt('1000'), amt('25000')),
    level: fc.constantFrom(...LEVELS),
    quorum: fc.integer({ min: 1, max: 9 }),
    approvalTtlMs: fc.integer({ min: 5_000, max: 900_000 }),
    executionTtlMs: fc.integer({ min: 5_000, max: 90_000 }),
    maxDriftBps: fc.integer({ min: 1, max: 200 }),
  },
  { requiredKeys: ['name', 'level', 'quorum'] },
)
const someOrder: fc.Arbitrary<OrderFacts> = fc.record({
  environment: fc.constantFrom('paper', 'live'),
  stage: fc.constantFrom(...STAGES),
  strategyID: fc.constantFrom('meanrev', 'trend', 'other'),
  symbol: fc.constantFrom('AAPL', 'MSFT', 'IBM'),
  maxNotional: fc.constantFrom(amt('0'), amt('1000'), amt('1000.01'), amt('99999')),
})
const someRules = fc.array(someRule, { maxLength: 5 })
const ACCOUNT: Limits = { approvalTtlMs: 300_000, executionTtlMs: 30_000, maxDriftBps: 50 }
const LIMITS = ['approvalTtlMs', 'executionTtlMs', 'maxDriftBps'] as const

describe('whatever the rules', () => {
  it('one more that speaks of an order never asks for less', () => {
    fc.assert(
      fc.property(someRules, someRule, someOrder, (rules, more, order) => {
        const before = requirementOf(policyOf(...rules), order)
        const after = requirementOf(policyOf(...rules, more), order)
        // The first rule of an order says what it asks for; until then it is the most.
        if (before.rules.length === 0) return
        assert.ok(rank(after.level) >= rank(before.level) && after.quorum >= before.quorum)
      }),
      { numRuns: 2_000 },
    )
  })
  it('what is asked for is as strict as each of them, and their order does not matter', () => {
    fc.assert(
      fc.property(someRules, someOrder, (rules, order) => {
        const asks = requirementOf(policyOf(...rules), order)
        for (const one of rules.filter((r) => matches(r, order)))
          assert.ok(isEnough(asks.level, one.level) && asks.quorum >= one.quorum, one.name)
        const { level, quorum } = requirementOf(policyOf(...rules.toReversed()), order)
        assert.deepEqual([level, quorum], [asks.level, asks.quorum])
        assert.ok(isEnough(asks.level, order.environment === 'live' ? 'L2' : 'L1'))
        assert.ok(asks.quorum >= (asks.level === 'L3' ? 2 : 1))
      }),
      { numRuns: 2_000 },
    )
  })
  it('the limits of the account are only tightened', () => {
    fc.assert(
      fc.property(someRules, someOrder, (rules, order) => {
        const limits = limitsOf(policyOf(...rules), order, ACCOUNT)
        const speaking = rules.filter((r) => matches(r, order))
        for (const key of LIMITS) {
          assert.ok(limits[key] <= ACCOUNT[key])
          for (const one of speaking) assert.ok(limits[key] <= (one[key] ?? ACCOUNT[key]))
          assert.ok([ACCOUNT, ...speaking].some((one) => one[key] === limits[key]))
        }
      }),
      { numRuns: 2_000 },
    )
  })
  it('four eyes are promised only where every order needs them', () => {
    fc.assert(
      fc.property(someRules, someOrder, fc.constantFrom(null, amt('1000')), (rules, order, autoMaxNotional) => {
        const policy = { ...policyOf(...rules), autoMaxNotional }
        if (isFourEyes(policy, order.environment, order.stage)) assert.ok(requirementOf(policy, order).quorum >= 2)
      }),
      { numRuns: 2_000 },
    )
  })
  it('no rule asks for more people than the largest quorum', () => {
    fc.assert(
      fc.property(someRules, someOrder, (rules, order) => {
        const policy = policyOf(...rules)
        const asks = requirementOf(policy, order)
        if (asks.rules.length > 0) assert.ok(asks.quorum <= largestQuorum(policy, order.environment))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('four eyes', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, rules: readonly ApprovalRule[], auto: ApprovalPolicy['autoMaxNotional'], env: 'paper' | 'live', on: boolean])[] = [
    ['two people for all',                                    [rule({ quorum: 2 })],                            null,       'paper', true],
    // What asks for two people is never armed.
    ['and an amount that nothing of it can use',              [rule({ quorum: 2 })],                            amt('1000'), 'paper', true],
    ['L3 for all',                                            [rule({ level: 'L3' })],                          null,       'live',  true],
    ['one person',                                            [rule({})],                                       null,       'paper', false],
    ['two for the other environment',                         [rule({ environment: 'live', quorum: 2 })],       null,       'paper', false],
    ['two for another stage',                                 [rule({ stages: ['S4'], quorum: 2 })],            null,       'paper', false],
    ['two for some symbols',                                  [rule({ symbols: ['AAPL'], quorum: 2 })],         null,       'paper', false],
    ['two for some strategies',                               [rule({ strategies: ['meanrev'], quorum: 2 })],   null,       'paper', false],
    ['two for large orders',                                  [rule({ notionalAbove: amt('1'), quorum: 2 })],   null,       'paper', false],
    ['at first, on paper',                                    firstPolicy('paper').rules,                       amt('1000'), 'paper', false],
    ['at first, live',                                        firstPolicy('live').rules,                        amt('1000'), 'live',  false],
  ]
  for (const [name, rules, autoMaxNotional, env, on] of rows)
    it(`${name}: ${on ? 'on' : 'off'}`, () =>
      assert.equal(isFourEyes({ ...policyOf(...rules), autoMaxNotional }, env, 'S1'), on))
})

describe('the largest quorum', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [rules: readonly ApprovalRule[], env: 'paper' | 'live', most: number])[] = [
    [[],                                                                'paper', 1],
    [[rule({ quorum: 3 }), rule({ quorum: 2 })],                        'paper', 3],
    [[rule({ environment: 'live', quorum: 3 })],                        'paper', 1],
    [[rule({ environment: 'live', quorum: 3 })],                        'live',  3],
    [[rule({ level: 'L3' })],                                           'paper', 2],
  ]
  for (const [rules, env, most] of rows)
    it(`${rules.map((r) => `${r.environment ?? 'any'} ${r.level} ${r.quorum}`).join(', ') || 'no rule'} on ${env}: ${most}`, () =>
      assert.equal(largestQuorum(policyOf(...rules), env), most))
})

describe('a policy that somebody proposes', () => {
  const many = Array.from({ length: 101 }, (_, i) => rule({ name: `rule ${i}` }))
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, policy: ApprovalPolicy, says: RegExp | null])[] = [
    ['the first one of paper',             firstPolicy('paper'),                                                     null],
    ['the first one of live',              firstPolicy('live'),                                                      null],
    ['no rule',                            policyOf(),                                                               /no rule/],
    ['too many',                           policyOf(...many),                                                        /101 rules; 100/],
    ['two of a name',                      policyOf(rule({}), rule({})),                                             /"one" is there twice/],
    ['without a person',                   policyOf(rule({ level: 'L0' })),                                          /armed, not ruled/],
    ['nobody',                             policyOf(rule({ quorum: 0 })),                                            /asks for 0 people/],
    ['half a person',                      policyOf(rule({ quorum: 1.5 })),                                          /asks for 1\.5 people/],
    ['a crowd',                            policyOf(rule({ quorum: 10 })),                                           /asks for 10 people/],
    ['a click for live orders',            policyOf(rule({ environment: 'live' })),                                  /live orders need L2/],
    ['no time to decide',                  policyOf(rule({ approvalTtlMs: 4_999 })),                                 /4999 ms/],
    ['just enough time to decide',         policyOf(rule({ approvalTtlMs: 5_000 })),                                 null],
    ['days to send',                       policyOf(rule({ executionTtlMs: 86_400_001 })),                           /86400001 ms/],
    ['no whole time',                      policyOf(rule({ executionTtlMs: Number.NaN })),                           /NaN ms/],
    ['no drift at all',                    policyOf(rule({ maxDriftBps: 0 })),                                       /drift of 0/],
    ['an amount below nothing',            policyOf(rule({ notionalAbove: amt('-1') })),                             /above -1/],
    ['a most of nothing without a person', { ...FIRST_POLICY, autoMaxNotional: amt('0') },                           /may cost 0; give/],
    ['changes without a person',           { ...FIRST_POLICY, changes: { level: 'L0', quorum: 1 } },                 /without a person/],
    ['changes by nobody',                  { ...FIRST_POLICY, changes: { level: 'L1', quorum: 0 } },                 /Changes ask for 0/],
    ['changes at L3 by one person',        { ...FIRST_POLICY, changes: { level: 'L3', quorum: 1 } },                 /L3 .*two people/],
    ['changes at L3 by two',               { ...FIRST_POLICY, changes: { level: 'L3', quorum: 2 } },                 null],
  ]
  for (const [name, policy, says] of rows)
    it(`${name}: ${says ? 'no' : 'yes'}`, () => {
      const wrong = faultsOf(policy)
      if (!says) assert.deepEqual(wrong, [])
      else assert.match(wrong.join(' '), says)
      for (const sentence of wrong) assert.match(sentence, /^[A-Z].*\.$/)
    })
})

describe('an order goes without a person', () => {
  const ARMED: Arming & { readonly count: number } = {
    armingID: 'arm_1',
    strategyID: 'meanrev',
    symbols: ['AAPL'],
    maxNotional: amt('10000'),
    maxCount: 2,
    count: 1,
  }
  const MOST = dec('20000')
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, arming: Partial<typeof ARMED>, order: Partial<OrderFacts>, most: string, goes: boolean])[] = [
    ['within every bound',             {},                           {},                                  '20000', true],
    ['not live',                       {},                           { environment: 'live' },             '20000', false],
    ['not of another strategy',        {},                           { strategyID: 'trend' },             '20000', false],
    ['not in another symbol',          {},                           { symbol: 'MSFT' },                  '20000', false],
    ['in none, when none is named',    { symbols: [] },              {},                                  '20000', false],
    ['not when all are used up',       { count: 2 },                 {},                                  '20000', false],
    ['at its amount',                  { maxNotional: amt('9880') }, {},                                  '20000', true],
    ['not above it',                   { maxNotional: amt('9879.99') }, {},                               '20000', false],
    ['not above that of the policy',   {},                           {},                                  '9879.99', false],
    ['at that of the policy',          {},                           {},                                  '9880',  true],
  ]
  for (const [name, arming, order, most, goes] of rows)
    it(name, () => assert.equal(isWithin({ ...ARMED, ...arming }, { ...ORDER, ...order }, dec(most)), goes))
  it('never live, whatever the bounds', () => {
    const some = fc.record({ count: fc.nat(3), maxCount: fc.nat(3) })
    fc.assert(
      fc.property(some, someOrder, (counts, order) => {
        if (isWithin({ ...ARMED, ...counts }, order, MOST)) assert.equal(order.environment, 'paper')
      }),
    )
  })
})
