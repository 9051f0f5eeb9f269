import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApprovalPolicy, ApprovalRule } from '../../api/wire.ts'
import { coverageInWords, escalationInWords, faultsOf, policyDiff, ruleInWords } from './policy.ts'

const RULE: ApprovalRule = { name: 'paper', environment: 'paper', level: 'L1', quorum: 1 }
const POLICY: ApprovalPolicy = {
  version: 3,
  rules: [RULE],
  autoMaxNotional: '1000',
  changes: { level: 'L1', quorum: 1 },
}

const SENTENCES: readonly (readonly [Partial<ApprovalRule>, string])[] = [
  [{}, 'paper orders: one person, by a click'],
  [
    { environment: 'live', level: 'L3', quorum: 1, notionalAbove: '25000' },
    'live orders above 25,000: two people, each with a passkey',
  ],
  [
    { level: 'L2', symbols: ['AAPL', 'MSFT', 'TSLA'] },
    'paper orders in AAPL, MSFT and TSLA: one person, with a passkey',
  ],
  [
    { strategies: ['fx'], stages: ['S1'], approvalTtlMs: 60_000, executionTtlMs: 30_000, maxDriftBps: 20 },
    'paper orders in stage S1 of fx: one person, by a click; decide within 1 min; send within 30 s; drift up to 20 bps',
  ],
]

describe('a rule in words', () => {
  for (const [change, sentence] of SENTENCES)
    it(sentence, () => assert.equal(ruleInWords({ ...RULE, ...change }), sentence))
})

const HOURS = { zone: 'America/New_York', days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00' }

describe('what is no rule, in words', () => {
  it('hours', () => {
    assert.equal(coverageInWords(undefined), 'always')
    assert.equal(coverageInWords(HOURS), 'Mon to Fri, 09:30 to 16:00 America/New_York')
    assert.equal(coverageInWords({ ...HOURS, days: [7, 1] }), 'Mon and Sun, 09:30 to 16:00 America/New_York')
  })
  it('escalation', () => {
    assert.equal(escalationInWords(undefined), 'never')
    assert.equal(escalationInWords(90_000), 'when nobody has decided for 90 s')
  })
})

const FAULTS: readonly (readonly [string, Partial<ApprovalPolicy>, RegExp | null])[] = [
  ['nothing', {}, null],
  ['no rule', { rules: [] }, /There is no rule/],
  ['no name', { rules: [{ ...RULE, name: ' ' }] }, /Rule 1 has no name/],
  ['one name twice', { rules: [RULE, RULE] }, /“paper” is there twice/],
  ['nobody', { rules: [{ ...RULE, level: 'L0' }] }, /armed, not ruled/],
  ['half a person', { rules: [{ ...RULE, quorum: 1.5 }] }, /whole number of people/],
  ['no number of people', { rules: [{ ...RULE, quorum: Number.NaN }] }, /whole number of people/],
  ['more people than there are', { rules: [{ ...RULE, quorum: 3 }] }, /asks for 3 people, and 2 may approve/],
  ['more people where it does not apply', { rules: [{ ...RULE, environment: 'live', level: 'L2', quorum: 3 }] }, null],
  ['a click for a live order', { rules: [{ ...RULE, environment: 'live' }] }, /lets a click send a live order/],
  ['words for an amount', { rules: [{ ...RULE, notionalAbove: 'much' }] }, /no number such as 25000/],
  ['too little time', { rules: [{ ...RULE, approvalTtlMs: 4_000 }] }, /time to decide/],
  ['too much time to send', { rules: [{ ...RULE, executionTtlMs: 90_000_000 }] }, /time to send/],
  ['no drift at all', { rules: [{ ...RULE, maxDriftBps: 0 }] }, /drift/],
  ['words for the amount without a person', { autoMaxNotional: '1e3' }, /a number such as 1000/],
  ['hours on weekdays', { coverage: HOURS, escalateAfterMs: 180_000 }, null],
  ['hours over midnight', { coverage: { ...HOURS, from: '22:00', until: '06:00' } }, null],
  ['hours nowhere', { coverage: { ...HOURS, zone: 'Wall Street' } }, /a time zone such as America\/New_York/],
  ['hours in no zone', { coverage: { ...HOURS, zone: '' } }, /a time zone such as/],
  ['hours on an eighth day', { coverage: { ...HOURS, days: [8] } }, /numbers from 1 \(Monday\)/],
  ['hours on no day', { coverage: { ...HOURS, days: [] } }, /numbers from 1 \(Monday\)/],
  ['hours that nobody reads', { coverage: { ...HOURS, from: '9:30' } }, /such as 09:30/],
  ['hours of no length', { coverage: { ...HOURS, until: '09:30' } }, /end when they begin/],
  ['words for a time', { escalateAfterMs: Number.NaN }, /from 5 seconds to a day/],
  ['too little time before others are told', { escalateAfterMs: 4_000 }, /from 5 seconds to a day/],
  ['changes without people', { changes: { level: 'L1', quorum: 0 } }, /Changes ask for/],
]

describe('what is wrong with a policy', () => {
  for (const [name, change, why] of FAULTS)
    it(name, () => {
      const wrong = faultsOf({ ...POLICY, ...change }, { approvers: 2, environment: 'paper' })
      if (why === null) assert.deepEqual(wrong, [])
      else assert.match(wrong.join(' '), why)
    })
})

describe('how two policies differ', () => {
  it('says what comes, goes and changes, and nothing of the rest', () => {
    const after: ApprovalPolicy = {
      version: 4,
      rules: [
        { ...RULE, level: 'L2' },
        { name: 'large', notionalAbove: '5000', level: 'L2', quorum: 2 },
      ],
      autoMaxNotional: null,
      changes: POLICY.changes,
    }
    assert.deepEqual(policyDiff({ ...POLICY, rules: [RULE, { ...RULE, name: 'old' }] }, after), [
      {
        what: 'Rule “paper”',
        before: 'paper orders: one person, by a click',
        after: 'paper orders: one person, with a passkey',
      },
      { what: 'Rule “old”', before: 'paper orders: one person, by a click', after: null },
      { what: 'Rule “large”', before: null, after: 'all orders above 5,000: two people, each with a passkey' },
      { what: 'Without a person', before: 'up to 1,000 each, where armed', after: 'nothing goes without a person' },
    ])
  })
  it('is everything where the old one is not known', () => assert.equal(policyDiff(null, POLICY).length, 5))
  it('says which hours, and when further people are told', () =>
    assert.deepEqual(policyDiff(POLICY, { ...POLICY, coverage: HOURS, escalateAfterMs: 180_000 }), [
      { what: 'Somebody decides', before: 'always', after: 'Mon to Fri, 09:30 to 16:00 America/New_York' },
      { what: 'Further people are told', before: 'never', after: 'when nobody has decided for 3 min' },
    ]))
  it('is nothing between equals', () => assert.deepEqual(policyDiff(POLICY, { ...POLICY, version: 9 }), []))
})
