import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DELIVERY, type Delivery, type DeliverySaid } from './delivery.ts'

const states = Object.keys(DELIVERY) as Delivery[]
const SAID: readonly DeliverySaid[] = ['SendStarted', 'Accepted', 'Rejected', 'Unclear', 'ProvenAbsent']
const moves = states.flatMap((from) => SAID.flatMap((said) => DELIVERY[from][said] ?? []).map((to) => ({ from, to })))

function reachedFrom(start: Delivery): Set<Delivery> {
  const reached = new Set([start])
  for (const from of reached) for (const move of moves) if (move.from === from) reached.add(move.to)
  return reached
}

describe('the table of deliveries', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, said: readonly DeliverySaid[], ends: Delivery | null])[] = [
    ['sent and taken',                           ['SendStarted', 'Accepted'],                          'Delivered'],
    ['sent and rejected',                        ['SendStarted', 'Rejected'],                          'Rejected'],
    ['the reply was lost',                       ['SendStarted', 'Unclear'],                           'InDoubt'],
    ['lost, asked again, still unclear',         ['SendStarted', 'Unclear', 'Unclear'],                'InDoubt'],
    ['lost, then found',                         ['SendStarted', 'Unclear', 'Accepted'],               'Delivered'],
    ['lost, then known to be rejected',          ['SendStarted', 'Unclear', 'Rejected'],               'Rejected'],
    ['lost, then proven absent',                 ['SendStarted', 'Unclear', 'ProvenAbsent'],           'Absent'],
    ['proven absent, and there after all',       ['SendStarted', 'Unclear', 'ProvenAbsent', 'Accepted'], 'Delivered'],
    ['withdrawn before its first byte',          ['ProvenAbsent'],                                     'Absent'],
    ['promised, and a halt came first',          ['SendStarted', 'ProvenAbsent'],                      'Absent'],
    ['a report overtook the reply that is lost', ['SendStarted', 'Accepted', 'Unclear'],               'Delivered'],
    ['a report takes the no back',               ['SendStarted', 'Rejected', 'Accepted'],              'Delivered'],
    ['never sent twice',                         ['SendStarted', 'SendStarted'],                       null],
    ['offered again under its name after doubt', ['SendStarted', 'Unclear', 'SendStarted'],            'Sending'],
    ['never sent again after proof of absence',  ['SendStarted', 'ProvenAbsent', 'SendStarted'],       null],
    ['never sent again after a no',              ['SendStarted', 'Rejected', 'SendStarted'],           null],
    ['no answer before the question',            ['Accepted'],                                         null],
    ['what the broker has acknowledged is there', ['SendStarted', 'Accepted', 'ProvenAbsent'],         null],
    ['and was not rejected',                     ['SendStarted', 'Accepted', 'Rejected'],              null],
  ]
  for (const [name, said, ends] of rows)
    it(name, () => {
      const end = said.reduce<Delivery | null>((at, word) => (at && DELIVERY[at][word]) ?? null, 'Queued')
      assert.equal(end, ends)
    })

  it('reaches every state', () => assert.deepEqual([...reachedFrom('Queued')].sort(), states.toSorted()))

  it('sends what waits, and what nobody knows of; nothing leads back to waiting', () => {
    assert.deepEqual(
      states.filter((from) => DELIVERY[from].SendStarted),
      ['Queued', 'InDoubt'],
    )
    for (const { to } of moves) assert.notEqual(to, 'Queued')
  })

  it('ends only where the broker has it; a no and an absence can still turn out wrong', () => {
    assert.deepEqual([...reachedFrom('Delivered')], ['Delivered'])
    for (const from of states) assert.ok(reachedFrom(from).has('Delivered'), from)
  })

  it('believes the broker at once, in every state after the send', () => {
    for (const from of states) if (from !== 'Queued') assert.equal(DELIVERY[from].Accepted, 'Delivered')
  })

  it('takes no unclear answer for one', () => {
    for (const from of states) assert.ok([undefined, from, 'InDoubt'].includes(DELIVERY[from].Unclear))
  })
})
