import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NOW, PROPOSAL } from '../gate/example.ts'
import type { Decision, Intent } from '../ports/records.ts'
import { plusMs } from '../values/instant.ts'
import { statistics } from './statistics.ts'

const after = (
  ms: number,
  verdict: Decision['verdict'] = 'approved',
  by = 'ana',
  change: Partial<Decision> = {},
): Decision => ({
  verdict,
  by,
  byName: by,
  via: 'web',
  reason: null,
  digest: 'd',
  at: plusMs(NOW, ms),
  ...change,
})
const intent = (change: Partial<Intent>): Intent =>
  ({
    intentID: 'i',
    proposal: PROPOSAL,
    rev: 1,
    state: 'Approved',
    decision: null,
    receivedAt: NOW,
    ...change,
  }) as Intent
const of = (...intents: Intent[]) => statistics(intents, NOW, (id) => id.toUpperCase())

describe('how approvals went', () => {
  it('nothing asked is nothing said', () => {
    assert.deepEqual(of(), {
      since: '2026-11-24T15:00:00.000000Z',
      asked: 0,
      approved: 0,
      declined: 0,
      expired: 0,
      withdrawn: 0,
      refused: 0,
      decidedInMs: null,
      byPerson: [],
    })
  })

  const rows: readonly (readonly [what: string, change: Partial<Intent>, counts: Readonly<Record<string, number>>])[] =
    [
      ['waiting', { state: 'AwaitingApproval' }, { asked: 1 }],
      ['approved', { decision: after(1000) }, { asked: 1, approved: 1 }],
      [
        'approved, and lapsed before it was sent',
        { state: 'Lapsed', decision: after(1000) },
        { asked: 1, approved: 1 },
      ],
      [
        'approved, and refused at the last look',
        { state: 'Refused', decision: after(1000) },
        { asked: 1, approved: 1 },
      ],
      ['declined', { state: 'Declined', decision: after(1, 'declined') }, { asked: 1, declined: 1 }],
      ['withdrawn', { state: 'Withdrawn', decision: after(1, 'withdrawn') }, { asked: 1, withdrawn: 1 }],
      ['not decided in time', { state: 'Lapsed' }, { asked: 1, expired: 1 }],
      ['refused when it was priced anew', { state: 'Refused' }, { asked: 1, refused: 1 }],
      ['refused before anybody was asked', { state: 'Refused', rev: 0 }, {}],
      ['not sized yet', { state: 'Received', rev: 0 }, {}],
      [
        'gone without being asked',
        { decision: after(0, 'approved', 'ana', { evidence: { kind: 'armed', armingID: 'a' } }) },
        {},
      ],
    ]
  for (const [what, change, counts] of rows)
    it(what, () => {
      const { asked, approved, declined, expired, withdrawn, refused } = of(intent(change))
      const none = { asked: 0, approved: 0, declined: 0, expired: 0, withdrawn: 0, refused: 0 }
      assert.deepEqual({ asked, approved, declined, expired, withdrawn, refused }, { ...none, ...counts })
    })

  it('times are those of the nearest rank, and each person has their own', () => {
    const many = Array.from({ length: 20 }, (_, i) => intent({ decision: after(1000 * (20 - i)) }))
    const told = of(...many, intent({ state: 'Declined', decision: after(500, 'declined', 'ben') }))
    assert.deepEqual(told.decidedInMs, { p50: 10_000, p95: 19_000 })
    assert.deepEqual(told.byPerson, [
      { byName: 'ANA', approved: 20, declined: 0, medianMs: 10_000 },
      { byName: 'BEN', approved: 0, declined: 1, medianMs: 500 },
    ])
  })

  it('where two people are asked, both are counted, and the intent once', () => {
    const votes = [after(1000), after(3000, 'approved', 'ben')]
    const told = of(
      intent({ votes, decision: after(3000, 'approved', 'ben') }),
      intent({ state: 'AwaitingApproval', votes: [after(2000)] }),
    )
    assert.deepEqual([told.asked, told.approved, told.decidedInMs?.p50], [2, 1, 3000])
    assert.deepEqual(
      told.byPerson.map(({ byName, approved, medianMs }) => [byName, approved, medianMs]),
      [
        ['ANA', 2, 1000],
        ['BEN', 1, 3000],
      ],
    )
  })
})
