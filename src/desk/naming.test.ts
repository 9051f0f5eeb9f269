import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { entryID, exitID, isExitName, pairOf, replacementID } from './naming.ts'

const ACCOUNT = 'paper:sim:main' as AccountID
const intentID = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/).map((id) => id as IntentID)

describe('the name of an order', () => {
  it('is the same for the same attempt, whatever crashed in between', () => {
    fc.assert(
      fc.property(intentID, fc.nat(1_000), (id, n) => assert.equal(entryID(ACCOUNT, id, n), entryID(ACCOUNT, id, n))),
    )
  })
  it('is another for another attempt, intent or account', () => {
    const names = ['paper:sim:main', 'paper:sim:other'].flatMap((account) =>
      ['I1', 'I10', 'I', '1'].flatMap((id) => [0, 1, 10].map((n) => entryID(account as AccountID, id as IntentID, n))),
    )
    assert.equal(new Set(names).size, names.length)
  })
  it('fits the strictest broker, exits included, in characters that every one takes', () => {
    fc.assert(
      fc.property(intentID, fc.nat(9_999), fc.constantFrom('Stop', 'Target'), (id, n, role) => {
        const entry = entryID(ACCOUNT, id, n)
        assert.match(exitID(entry, role, n), /^[a-z0-9-]{1,48}$/)
        assert.match(replacementID(entry, n), /^[a-z0-9-]{1,48}$/)
        assert.notEqual(replacementID(entry, n), exitID(entry, role, n))
      }),
    )
  })

  it('tells exits from entries by itself', () => {
    fc.assert(
      fc.property(intentID, fc.nat(9_999), fc.constantFrom('Stop', 'Target', 'Exit'), (id, n, role) => {
        const entry = entryID(ACCOUNT, id, n)
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
