import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApprovalPolicy } from '../../src/approvals/policy.ts'
import type { ChannelClick, Evidence } from '../../src/approvals/evidence.ts'
import type { Ticket } from '../../src/orders/ticket.ts'
import type { ArmedStrategy, Decision, Intent, Person } from '../../src/ports/records.ts'
import { amt } from '../../src/values/decimal.ts'
import { instant } from '../../src/values/instant.ts'
import { POLICIES } from './policies.ts'
import { type Idea, Recount } from './recount.ts'
import { notEnough, oneTooMany } from './yes.ts'

const NOW = instant(1_000_000_000)
const yes = (by: string, evidence?: Evidence, digest = 'd'): Decision =>
  ({ verdict: 'approved', by, digest, ...(evidence && { evidence }) }) as Decision
const CHAT = { kind: 'channel', provider: 'slack', tenant: 'T1', user: 'u1' } as ChannelClick
const ARMED = { kind: 'armed', armingID: 'a1' } as const

const ticket = { environment: 'paper', terms: { symbol: 'AAPL' }, maxNotional: amt('2000') } as unknown as Ticket
const intent = { proposer: { id: 'jax' }, proposerOwner: 'tom', proposal: { strategyID: 's' } } as unknown as Intent
const idea = { intent, ticket, digest: 'd', ticketSeq: 5 } as Idea
const arming = {
  armingID: 'a1',
  strategyID: 's',
  symbols: ['AAPL'],
  maxNotional: amt('5000'),
  maxCount: 2,
  until: NOW,
  by: 'ana',
} as unknown as ArmedStrategy
const armed = { arming, ended: null, disarmed: false, used: 0 }

function bookOf(policy: Omit<ApprovalPolicy, 'version'> | null, seq = 1): Recount {
  const book = new Recount()
  for (const [personID, role] of Object.entries({ ana: 'approver', bo: 'approver', tom: 'approver', ad: 'admin' }))
    book.people.set(personID, { personID, name: personID, roles: [role], disabled: false } as unknown as Person)
  if (policy) book.policy = { seq, is: { ...policy, version: 1 } }
  return book
}
const given = (policy: Omit<ApprovalPolicy, 'version'> | null, change: (book: Recount) => void = () => {}): Recount => {
  const book = bookOf(policy)
  change(book)
  return book
}
const { two, armed: much } = POLICIES
const disabled = (book: Recount): void =>
  void book.people.set('ana', { ...(book.people.get('ana') as Person), disabled: true })
const armedAs = (over: Partial<ArmedStrategy>, ended: string | null = null) =>
  given(much, (book) => void book.armings.set('a1', { ...armed, ended, arming: { ...arming, ...over } }))

const rows: readonly (readonly [what: string, book: Recount, votes: readonly Decision[], says: RegExp | null])[] = [
  ['one click where nothing was ever ruled', bookOf(null), [yes('ana')], null],
  ['two people', bookOf(two), [yes('ana'), yes('bo')], null],
  ['one of two', bookOf(two), [yes('ana')], /asks for 2 people, and 1 count/],
  ['one person twice', bookOf(two), [yes('ana'), yes('ana')], /asks for 2 people, and 1 count/],
  ['one to another ticket', bookOf(two), [yes('ana'), yes('bo', undefined, 'e')], /bo: it is to another ticket/],
  ['the owner of the agent', bookOf(two), [yes('ana'), yes('tom')], /tom: it is their own proposal/],
  ['one without the role', bookOf(two), [yes('ana'), yes('ad')], /ad: has only the roles admin/],
  ['one who was disabled', given(two, disabled), [yes('ana'), yes('bo')], /ana: is disabled/],
  [
    'a chat that was linked',
    given(null, (book) => void book.links.set('slack:T1:u1', 'ana')),
    [yes('ana', CHAT)],
    null,
  ],
  ['a chat of nobody', bookOf(null), [yes('ana', CHAT)], /that chat user is not theirs/],
  ['a chat of another', given(null, (b) => void b.links.set('slack:T1:u1', 'bo')), [yes('ana', CHAT)], /not theirs/],
  ['a click where a passkey is asked for', bookOf({ ...two, rules: [] }), [yes('ana'), yes('bo')], /not enough/],
  ['a ticket of before the policy', bookOf(two, 6), [yes('ana'), yes('bo')], /the policy has changed since/],
  ['an armed order', armedAs({}), [yes('ana', ARMED)], null],
  ['an order that nothing arms', bookOf(much), [yes('ana', ARMED)], /nothing was ever armed as a1/],
  ['an armed order in the name of another', armedAs({}), [yes('bo', ARMED)], /ana armed it, and not bo/],
  ['armed by the owner', armedAs({ by: 'tom' }), [yes('tom', ARMED)], /it is their own proposal/],
  ['armed once', armedAs({}, 'a halt'), [yes('ana', ARMED)], /had ended: a halt/],
  ['armed until then', armedAs({ until: instant(0) }), [yes('ana', ARMED)], /was over/],
  ['another strategy', armedAs({ strategyID: 'x' }), [yes('ana', ARMED)], /armed was x/],
  ['another symbol', armedAs({ symbols: ['MSFT'] }), [yes('ana', ARMED)], /armed were MSFT/],
  ['too dear for what is armed', armedAs({ maxNotional: amt('1999') }), [yes('ana', ARMED)], /armed were 1999/],
  [
    'armed where two people must look',
    given(two, (book) => void book.armings.set('a1', armed)),
    [yes('ana', ARMED)],
    /asks for 2 people, and nobody looked/,
  ],
]

describe('who said yes, counted', () => {
  for (const [what, book, votes, says] of rows)
    it(`${says ? 'is too little' : 'is enough'}: ${what}`, () => {
      const no = notEnough(book, idea, votes, NOW)
      if (says) assert.match(no ?? 'nothing', says)
      else assert.equal(no, null)
    })

  it('lets as many go as were armed', () => {
    assert.equal(oneTooMany({ ...armed, used: 1 }), null)
    assert.match(oneTooMany({ ...armed, used: 2 }) ?? '', /it is number 3/)
  })
})
