import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { INTENT, type IntentSaid, type IntentState, isSettled } from './intent.ts'

const states = Object.keys(INTENT) as IntentState[]
const SAID: readonly IntentSaid[] = ['Ticketed', 'Refused', 'Approved', 'Declined', 'Lapsed', 'Withdrawn']

describe('the table of intents', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, said: readonly IntentSaid[], ends: IntentState | null])[] = [
    ['sized and waiting',                      ['Ticketed'],                                   'AwaitingApproval'],
    ['refused by the gate',                    ['Refused'],                                    'Refused'],
    ['approved',                               ['Ticketed', 'Approved'],                       'Approved'],
    ['declined',                               ['Ticketed', 'Declined'],                       'Declined'],
    ['nobody decided in time',                 ['Ticketed', 'Lapsed'],                         'Lapsed'],
    ['withdrawn while waiting',                ['Ticketed', 'Withdrawn'],                      'Withdrawn'],
    ['priced again',                           ['Ticketed', 'Ticketed', 'Approved'],           'Approved'],
    ['moved since: the human is asked again',  ['Ticketed', 'Approved', 'Ticketed'],           'AwaitingApproval'],
    ['refused at the last look',               ['Ticketed', 'Approved', 'Refused'],            'Refused'],
    ['approved and not sent in time',          ['Ticketed', 'Approved', 'Lapsed'],             'Lapsed'],
    ['approved without a ticket',              ['Approved'],                                   null],
    ['approved twice',                         ['Ticketed', 'Approved', 'Approved'],           null],
    ['approved after a no',                    ['Ticketed', 'Declined', 'Approved'],           null],
    ['approved after its time',                ['Ticketed', 'Lapsed', 'Approved'],             null],
    ['declined after a yes: cancel the order', ['Ticketed', 'Approved', 'Declined'],           null],
    ['declined before there is a ticket',      ['Declined'],                                   null],
    ['raised from the dead',                   ['Refused', 'Ticketed'],                        null],
  ]
  for (const [name, said, ends] of rows)
    it(name, () => {
      const end = said.reduce<IntentState | null>((at, word) => (at && INTENT[at][word]) ?? null, 'Received')
      assert.equal(end, ends)
    })

  it('reaches every state', () => {
    const reached = new Set<IntentState>(['Received'])
    for (const from of reached) for (const said of SAID) reached.add(INTENT[from][said] ?? from)
    assert.deepEqual([...reached].sort(), states.toSorted())
  })

  it('has four ends, and leads out of none', () => {
    assert.deepEqual(states.filter(isSettled).sort(), ['Declined', 'Lapsed', 'Refused', 'Withdrawn'])
    for (const state of states.filter(isSettled)) assert.deepEqual(INTENT[state], {})
  })

  it('is approved from a shown ticket only', () => {
    assert.deepEqual(
      states.filter((from) => INTENT[from].Approved),
      ['AwaitingApproval'],
    )
  })

  it('a word names the state it leads to', () => {
    for (const from of states)
      for (const said of SAID)
        assert.ok([undefined, said === 'Ticketed' ? 'AwaitingApproval' : said].includes(INTENT[from][said]))
  })

  it('can be stopped by its proposer until it is settled', () => {
    for (const from of states) assert.equal(INTENT[from].Withdrawn === 'Withdrawn', !isSettled(from))
  })
})
