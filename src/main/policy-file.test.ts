import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApprovalPolicy } from '../api/wire.ts'
import { faultLine } from './place.ts'
import { parsePolicy, policyText } from './policy-file.ts'

const FILE = `rules:
  - name: paper
    environment: paper
    level: L1
    quorum: 1
  - name: live above 5,000
    environment: live
    notionalAbove: 5000.00
    symbols: [AAPL, EUR/USD]
    approvalTtlMs: 60000
    level: L3
    quorum: 2
autoMaxNotional: 250.50
changes:
  level: L2
  quorum: 2
`
const faults = (source: string): string => {
  const read = parsePolicy(source, 'policy.yaml')
  return read.ok ? '' : read.error.map(faultLine).join('\n')
}
const policy = (source: string) => {
  const read = parsePolicy(source, 'policy.yaml')
  assert.ok(read.ok, faults(source))
  return read.value
}

describe('a policy of approvals in a file', () => {
  it('is read exactly, amounts and names too', () =>
    assert.deepEqual(policy(FILE), {
      rules: [
        { name: 'paper', environment: 'paper', level: 'L1', quorum: 1 },
        {
          name: 'live above 5,000',
          environment: 'live',
          notionalAbove: '5000.00',
          symbols: ['AAPL', 'EUR/USD'],
          approvalTtlMs: 60_000,
          level: 'L3',
          quorum: 2,
        },
      ],
      autoMaxNotional: '250.50',
      changes: { level: 'L2', quorum: 2 },
    }))
  it('may be JSON', () => assert.deepEqual(policy(JSON.stringify(policy(FILE), null, 2)), policy(FILE)))
  it('may say that nothing goes without a person', () => {
    for (const none of ['none', 'null', '~']) assert.equal(policy(FILE.replace('250.50', none)).autoMaxNotional, null)
  })
  it('is the same after it was shown', () => {
    const hostile: ApprovalPolicy = {
      ...policy(FILE),
      version: 7,
      rules: [
        ...policy(FILE).rules,
        { name: '#1: "all"\nrules:', strategies: ['a, b', '[c]', 'no'], level: 'L2', quorum: 1 },
      ],
    }
    const { version: _, ...same } = hostile
    assert.deepEqual(policy(policyText(hostile)), same)
    const unseen = { ...hostile, rules: [{ name: '\u009b31m\u202ered', level: 'L2' as const, quorum: 1 }] }
    assert.equal(policy(policyText(unseen)).rules[0]?.name, '\u009b31m\u202ered')
    assert.doesNotMatch(policyText(unseen), /[\u0080-\u009f\u202e]/)
    const none = { ...hostile, autoMaxNotional: null }
    assert.equal(policy(policyText(none)).autoMaxNotional, null)
  })

  it('may say when somebody is there, and when further people are told', () => {
    const source = `${FILE}coverage:
  zone: America/New_York
  days: [1, 2, 3, 4, 5]
  from: 09:30
  until: 16:00
escalateAfterMs: 180000
`
    const read = policy(source)
    const coverage = { zone: 'America/New_York', days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00' }
    assert.deepEqual([read.coverage, read.escalateAfterMs], [coverage, 180_000])
    assert.deepEqual(policy(policyText({ ...read, version: 1 })), read)
    // biome-ignore format: one mistake a line
    const wrong: readonly (readonly [change: readonly [string, string], says: RegExp])[] = [
      [['America/New_York', 'Wall Street'], /^policy\.yaml:18:3: "Wall Street" is no time zone; write one such as America\/New_York\.$/],
      [['[1, 2, 3, 4, 5]', '[0]'],          /^policy\.yaml:19:10: coverage\.days\[1\] is "0"; it must be a whole number from 1 to 7/],
      [['[1, 2, 3, 4, 5]', '[]'],           /coverage\.days names no day/],
      [['09:30', '9:30'],                   /"9:30" is no time of a day; write it as 09:30/],
      [['from', 'form'],                    /coverage\.form is not a part of a policy; did you mean "from"\?/],
      [['  until: 16:00\n', ''],            /coverage\.until is missing/],
      [['180000', '3 min'],                 /^policy\.yaml:22:18: escalateAfterMs is "3 min"/],
      [['180000', '4999'],                  /escalateAfterMs is "4999"; it must be a whole number from 5000/],
    ]
    for (const [[from, to], says] of wrong) {
      assert.ok(source.includes(from))
      assert.match(faults(source.replace(from, to)), says)
    }
  })

  // biome-ignore format: one mistake a line
  const rows: readonly (readonly [change: readonly [string, string], says: RegExp])[] = [
    [['level: L1', 'level: L5'],              /^policy\.yaml:4:12: rules\[1\]\.level is "L5"; it can be L1, L2 or L3/],
    [['    level: L1\n', ''],                  /^policy\.yaml:2:5: rules\[1\]\.level is missing$/],
    [['quorum: 1', 'quorum: many'],           /^policy\.yaml:5:13: rules\[1\]\.quorum is "many"; it must be a whole number from 1 to 9$/],
    [['    quorum: 1', '    quorom: 1'],       /^policy\.yaml:5:5: rules\[1\]\.quorom is not a part of a policy; did you mean "quorum"\?$/m],
    [['5000.00', '5e3'],                       /^policy\.yaml:8:20: rules\[2\]\.notionalAbove is "5e3"; it must be a plain decimal/],
    [['[AAPL, EUR/USD]', 'AAPL'],              /^policy\.yaml:9:14: rules\[2\]\.symbols must be a list/],
    [['60000', '1s'],                          /^policy\.yaml:10:20: rules\[2\]\.approvalTtlMs is "1s"/],
    [['250.50', 'a little'],                   /^policy\.yaml:13:18: autoMaxNotional must be an amount, or none/],
    [['changes:\n  level: L2\n  quorum: 2\n', ''], /changes is missing$/],
    [['environment: paper', 'environment: live'], /^policy\.yaml:2:3: Rule "paper" lets a click send a live order; live orders need L2 or L3\.$/],
    [['live above 5,000', 'paper'],           /Rule "paper" is there twice/],
    [['level: L1', 'level: L1\n    level: L1'], /^policy\.yaml:5:5: this setting stands here a second time/],
  ]
  for (const [[from, to], says] of rows)
    it(`with ${JSON.stringify(to)} for ${JSON.stringify(from)} is refused in words`, () => {
      assert.ok(FILE.includes(from))
      assert.match(faults(FILE.replace(from, to)), says)
    })
  it('that is something else altogether is refused in words', () => {
    for (const source of ['', '- a\n', 'text', '42']) assert.match(faults(source), /policy show|is missing/, source)
  })
})
