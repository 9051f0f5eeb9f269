import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { decisionIn, entryID, exitID, isEntryName, isExitName, pairOf, replacementID } from './naming.ts'

const DECIDED = '{"by":"ana"}'
const ACCOUNT = 'paper:sim:main' as AccountID
const intentID = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/).map((id) => id as IntentID)

describe('the name of an order', () => {
  it('is the same for the same attempt, whatever crashed in between', () => {
    fc.assert(
      fc.property(intentID, fc.nat(1_000), (id, n) =>
        assert.equal(entryID(ACCOUNT, id, n, DECIDED), entryID(ACCOUNT, id, n, DECIDED)),
      ),
    )
  })
  it('is another for another attempt, intent or account', () => {
    const names = ['paper:sim:main', 'paper:sim:other'].flatMap((account) =>
      ['I1', 'I10', 'I', '1'].flatMap((id) =>
        [0, 1, 10].map((n) => entryID(account as AccountID, id as IntentID, n, DECIDED)),
      ),
    )
    assert.equal(new Set(names).size, names.length)
  })
  it('says who decided, by its last characters, and is known for the attempt’s whoever did', () => {
    const [ana, bo, nobody] = [DECIDED, DECIDED.replace('ana', 'bo'), null].map((by) =>
      entryID(ACCOUNT, 'I1' as IntentID, 0, by),
    )
    assert.equal(new Set([ana, bo, nobody]).size, 3)
    for (const name of [ana, bo, nobody]) {
      assert.equal(name?.slice(0, 22), ana?.slice(0, 22))
      assert.ok(isEntryName(name ?? '', ACCOUNT, 'I1' as IntentID, 0))
      assert.ok(!isEntryName(name ?? '', ACCOUNT, 'I1' as IntentID, 1))
      assert.ok(!isEntryName(`${name}-s`, ACCOUNT, 'I1' as IntentID, 0))
    }
  })
  const INTENT = {
    proposal: { strategyID: 'trend', model: { name: 'm', version: '1' }, artifactID: 'run-1', artifactHash: 'aa' },
    proposer: { id: 'jax' },
    digest: 'd1',
    requires: { policyVersion: 3 },
    votes: [{ by: 'bo' }],
    decision: { by: 'ana' },
  }
  for (const [what, other] of [
    ['strategy', { proposal: { ...INTENT.proposal, strategyID: 'mean' } }],
    ['version of the model', { proposal: { ...INTENT.proposal, model: { name: 'm', version: '2' } } }],
    ['run', { proposal: { ...INTENT.proposal, artifactID: 'run-2' } }],
    ['hash of the inputs', { proposal: { ...INTENT.proposal, artifactHash: 'bb' } }],
    ['proposer', { proposer: { id: 'other' } }],
    ['ticket', { digest: 'd2' }],
    ['policy', { requires: { policyVersion: 4 } }],
    ['second approver', { votes: [] }],
    ['approver', { decision: { by: 'cy' } }],
  ] as const)
    it(`is another for another ${what}`, () =>
      assert.notEqual(decisionIn({ ...INTENT, ...other } as never), decisionIn(INTENT as never)))
  it('does not depend on who said yes first', () =>
    assert.equal(
      decisionIn({ ...INTENT, votes: [{ by: 'ana' }], decision: { by: 'bo' } } as never),
      decisionIn(INTENT as never),
    ))
  it('fits the strictest broker, exits included, in characters that every one takes', () => {
    fc.assert(
      fc.property(intentID, fc.nat(9_999), fc.constantFrom('Stop', 'Target'), (id, n, role) => {
        const entry = entryID(ACCOUNT, id, n, DECIDED)
        assert.match(exitID(entry, role, n), /^[a-z0-9-]{1,48}$/)
        assert.match(replacementID(entry, n), /^[a-z0-9-]{1,48}$/)
        assert.notEqual(replacementID(entry, n), exitID(entry, role, n))
      }),
    )
  })

  it('tells exits from entries by itself', () => {
    fc.assert(
      fc.property(intentID, fc.nat(9_999), fc.constantFrom('Stop', 'Target', 'Exit'), (id, n, role) => {
        const entry = entryID(ACCOUNT, id, n, DECIDED)
        for (const opens of [entry, replacementID(entry, n)]) {
          assert.equal(isExitName(opens), false)
          assert.equal(isExitName(exitID(opens, role, n)), true)
        }
      }),
    )
    for (const other of ['', 'stop-s', 'jxabc-s', 'my-jxs', 'd9c0e1a2-0000-4000-8000-5a9e6c1d0001-s'])
      assert.equal(isExitName(other), false, other)
  })

  const PAIRS: [stop: string, target: string][] = [
    ['jxabc-s', 'jxabc-t'],
    ['jxabc-s1', 'jxabc-t1'],
    ['jxabc-s12', 'jxabc-t12'],
  ]
  for (const [stop, target] of PAIRS)
    it(`pairs ${stop} with ${target}`, () => assert.equal(pairOf(stop as ClOrdID), target))
})
