import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { INTENT, type IntentState } from '../orders/intent.ts'
import { type Instant, instant, parseInstant, plusMs } from '../values/instant.ts'
import type { Level } from './evidence.ts'
import { ONE_CLICK, type Requirement } from './policy.ts'
import {
  APPROVERS,
  type Cast,
  DECLINERS,
  mayApprove,
  mayDecline,
  type No,
  type Pending,
  stillApproved,
  type Voter,
} from './decide.ts'

const NOW = parseInstant('2026-11-24T15:00:00Z') as Instant
const later = (ms: number): Instant => plusMs(NOW, ms)
const tick = (at: Instant, micros: 1 | -1): Instant => instant(at + micros)
const STATES = Object.keys(INTENT) as IntentState[]

const PENDING: Pending = {
  state: 'AwaitingApproval',
  digest: 'D1',
  decideBy: later(300_000),
  signalExpiresAt: later(600_000),
  proposerID: 'agent_jax',
  proposerOwner: 'usr_tom',
}
const ANA: Voter = { personID: 'usr_ana', roles: ['trader', 'approver'], disabled: false }

type Ask = {
  readonly pending?: Partial<Pending>
  readonly voter?: Partial<Voter> | null
  readonly digest?: string
  readonly halted?: boolean
  readonly now?: Instant
  readonly level?: Level
}
const asked = ({ pending, voter, digest = 'D1', halted = false, now = NOW, level = 'L1' }: Ask): No | null => {
  const who = voter === null ? null : { ...ANA, ...voter }
  return mayApprove({ ...PENDING, ...pending }, { digest, voter: who, level }, halted ? { scope: 'global' } : null, now)
}

describe('may this person say yes', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, ask: Ask, code: No['code'] | null, says?: RegExp])[] = [
    ['an approver',                               {},                                                    null],
    ['a risk manager',                            { voter: { roles: ['risk'] } },                        null],
    ['an agent or program',                       { voter: null },                                       'NOT_ELIGIBLE', /never can/],
    ['a disabled person',                         { voter: { disabled: true } },                         'NOT_ELIGIBLE', /disabled/],
    ['a trader',                                  { voter: { roles: ['trader'] } },                      'NOT_ELIGIBLE', /approver, risk/],
    ['an administrator',                          { voter: { roles: ['admin', 'operator'] } },           'NOT_ELIGIBLE'],
    ['a person without any role',                 { voter: { roles: [] } },                              'NOT_ELIGIBLE'],
    ['a role that only looks like one',           { voter: { roles: ['Approver', 'approver '] } },       'NOT_ELIGIBLE'],
    ['the proposer',                              { pending: { proposerID: 'usr_ana' } },                'SELF_APPROVAL', /another person/],
    ['the owner of the proposing agent',          { voter: { personID: 'usr_tom' } },                    'SELF_APPROVAL'],
    ['the maker of the agent’s token',            { pending: { proposerMaker: 'usr_ana' } },             'SELF_APPROVAL'],
    ['anybody, for an agent nobody owns',         { pending: { proposerOwner: null } },                  null],
    ['not sized yet',                             { pending: { state: 'Received' } },                    'NOT_PENDING', /not been sized/],
    ['approved already',                          { pending: { state: 'Approved' } },                    'NOT_PENDING', /approved already/],
    ['refused',                                   { pending: { state: 'Refused' } },                     'NOT_PENDING', /refused by the gate/],
    ['declined',                                  { pending: { state: 'Declined' } },                    'NOT_PENDING', /declined already/],
    ['lapsed',                                    { pending: { state: 'Lapsed' } },                      'NOT_PENDING', /lapsed/],
    ['withdrawn',                                 { pending: { state: 'Withdrawn' } },                   'NOT_PENDING', /withdrawn/],
    ['while halted',                              { halted: true },                                      'TRADING_HALTED', /Release/],
    ['at the last microsecond',                   { now: later(300_000) },                               null],
    ['one microsecond later',                     { now: tick(later(300_000), 1) },                      'APPROVAL_EXPIRED', /2026-11-24T15:05:00\.000000Z/],
    ['with no end to the time',                   { pending: { decideBy: null } },                       'APPROVAL_EXPIRED', /ended\. Nothing/],
    ['at the last microsecond of the signal',     { pending: { signalExpiresAt: later(9) }, now: later(9) }, null],
    ['one microsecond after the signal',          { pending: { signalExpiresAt: later(9) }, now: tick(later(9), 1) }, 'APPROVAL_EXPIRED', /signal expired at 2026-11-24T15:00:00\.009000Z/],
    ['of another ticket',                         { digest: 'D0' },                                      'DIGEST_MISMATCH', /new ticket/],
    ['of no ticket',                              { digest: '' },                                        'DIGEST_MISMATCH'],
    ['a click where a passkey is asked for',      { pending: { requires: { level: 'L2', quorum: 1, policyVersion: 1, rules: [] } } },             'ASSURANCE_TOO_LOW', /passkey/],
    ['a passkey where it is asked for',           { pending: { requires: { level: 'L2', quorum: 1, policyVersion: 1, rules: [] } }, level: 'L2' }, null],
    ['a passkey of one of two',                   { pending: { requires: { level: 'L3', quorum: 2, policyVersion: 1, rules: [] } }, level: 'L2' }, null],
    ['of something never ticketed',               { pending: { digest: null }, digest: '' },             'DIGEST_MISMATCH'],
  ]
  for (const [name, ask, code, says = /./] of rows)
    it(`${name}: ${code ?? 'yes'}`, () => {
      const no = asked(ask)
      assert.equal(no?.code ?? null, code)
      if (no) assert.match(no.text, says)
    })

  it('says one reason, the first: who, then own, then state, then halt, then time, then ticket', () => {
    // Each row mends one more thing; everything below it is still wrong.
    const wrong: Ask = {
      pending: { state: 'Withdrawn', decideBy: later(-2), signalExpiresAt: later(-1), proposerOwner: 'usr_ana' },
      voter: null,
      digest: 'D0',
      halted: true,
    }
    const mends: readonly (readonly [mend: Ask, then: No['code'] | null, says: RegExp])[] = [
      [{}, 'NOT_ELIGIBLE', /program/],
      [{ voter: { disabled: true, roles: [] } }, 'NOT_ELIGIBLE', /disabled/],
      [{ voter: { roles: [] } }, 'NOT_ELIGIBLE', /roles/],
      [{ voter: {} }, 'SELF_APPROVAL', /proposed/],
      [{ pending: { proposerOwner: null } }, 'NOT_PENDING', /withdrawn/],
      [{ pending: { state: 'AwaitingApproval' } }, 'TRADING_HALTED', /halted/],
      [{ halted: false }, 'APPROVAL_EXPIRED', /time to decide/],
      [{ pending: { decideBy: later(1) } }, 'APPROVAL_EXPIRED', /signal/],
      [{ pending: { signalExpiresAt: later(1) } }, 'DIGEST_MISMATCH', /changed/],
      [{ digest: 'D1' }, null, /./],
    ]
    let ask = wrong
    for (const [mend, then, says] of mends) {
      ask = { ...ask, ...mend, pending: { ...ask.pending, ...mend.pending } }
      const no = asked(ask)
      assert.equal(no?.code ?? null, then)
      if (no) assert.match(no.text, says)
    }
  })

  it('agrees with the table of intents: yes exactly where a yes leads somewhere', () => {
    for (const state of STATES) {
      assert.equal(asked({ pending: { state } }) === null, INTENT[state].Approved !== undefined, state)
      assert.equal(mayDecline(state, ANA) === null, INTENT[state].Declined !== undefined, state)
    }
  })

  it('never lets through what any one check refuses', () => {
    const person = fc.record({
      personID: fc.constantFrom('usr_ana', 'usr_tom', 'agent_jax'),
      roles: fc.subarray([...DECLINERS]),
      disabled: fc.boolean(),
    })
    const ms = fc.integer({ min: -2, max: 2 })
    const pending: fc.Arbitrary<Pending> = fc.record({
      state: fc.constantFrom(...STATES),
      digest: fc.constantFrom('D1', 'D2', null),
      decideBy: fc.option(ms.map(later)),
      signalExpiresAt: ms.map(later),
      proposerID: fc.constantFrom('agent_jax', 'usr_ana'),
      proposerOwner: fc.constantFrom('usr_tom', null),
      proposerMaker: fc.constantFrom('usr_ana', null),
    })
    fc.assert(
      fc.property(pending, fc.option(person), fc.boolean(), (p, voter, halted) => {
        const yes = mayApprove(p, { digest: 'D1', voter }, halted ? { scope: 'global' } : null, NOW) === null
        const holds =
          voter !== null &&
          !voter.disabled &&
          (voter.roles.includes('approver') || voter.roles.includes('risk')) &&
          ![p.proposerID, p.proposerOwner, p.proposerMaker].includes(voter.personID) &&
          p.state === 'AwaitingApproval' &&
          !halted &&
          p.decideBy !== null &&
          p.decideBy >= NOW &&
          p.signalExpiresAt >= NOW &&
          p.digest === 'D1'
        assert.equal(yes, holds)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('may this person say no', () => {
  const voter = (...roles: readonly string[]): Voter => ({ ...ANA, roles })
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, state: IntentState, voter: Voter | null, code: No['code'] | null])[] = [
    ['an approver',            'AwaitingApproval', ANA,                        null],
    ['a risk manager',         'AwaitingApproval', voter('risk'),              null],
    ['a trader',               'AwaitingApproval', voter('trader'),            null],
    ['an operator',            'AwaitingApproval', voter('operator'),          null],
    ['an administrator',       'AwaitingApproval', voter('admin'),             null],
    ['a viewer',               'AwaitingApproval', voter('viewer'),            'NOT_ELIGIBLE'],
    ['nobody',                 'AwaitingApproval', voter(),                    'NOT_ELIGIBLE'],
    ['an agent',               'AwaitingApproval', null,                       'NOT_ELIGIBLE'],
    ['a disabled person',      'AwaitingApproval', { ...ANA, disabled: true }, 'NOT_ELIGIBLE'],
    ['before it is sized',     'Received',         ANA,                        'NOT_PENDING'],
    ['after a yes',            'Approved',         ANA,                        'NOT_PENDING'],
    ['after a no',             'Declined',         ANA,                        'NOT_PENDING'],
    ['after its time',         'Lapsed',           ANA,                        'NOT_PENDING'],
  ]
  for (const [name, state, who, code] of rows)
    it(`${name}: ${code ?? 'yes'}`, () => assert.equal(mayDecline(state, who)?.code ?? null, code))

  it('whoever may say yes may say no', () => {
    for (const role of APPROVERS) assert.ok(DECLINERS.includes(role))
  })
})

describe('is the yes still worth something', () => {
  const requires = (level: Level, quorum: number): Requirement => ({ level, quorum, policyVersion: 1, rules: [] })
  const yes = (
    by: string,
    voter: Partial<Voter> | null = {},
    level: Level = 'L1',
    digest: string | null = 'D1',
  ): Cast => ({
    yes: { by, digest, level },
    voter: voter && { ...ANA, personID: by, ...voter },
  })
  const one = (cast: Cast) => [cast]
  const [ana, bo] = [yes('usr_ana'), yes('usr_bo')]
  const SEND_BY = later(30_000)
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, requires: Requirement, votes: readonly Cast[], digest: string, sendBy: Instant | null, now: Instant, answer: 'yes' | 'expired' | 'void'])[] = [
    ['at once',                                  ONE_CLICK,            one(ana),                                                  'D1', SEND_BY, NOW,                    'yes'],
    ['at the last microsecond',                  ONE_CLICK,            one(ana),                                                  'D1', SEND_BY, SEND_BY,                'yes'],
    ['one microsecond later',                    ONE_CLICK,            one(ana),                                                  'D1', SEND_BY, tick(SEND_BY, 1),       'expired'],
    ['a yes without an end',                     ONE_CLICK,            one(ana),                                                  'D1', null,    NOW,                    'expired'],
    ['nobody said it',                           ONE_CLICK,            [],                                                        'D1', SEND_BY, NOW,                    'void'],
    ['nobody has to, and nobody did',            requires('L0', 0),    [],                                                        'D1', SEND_BY, NOW,                    'void'],
    ['the order is another',                     ONE_CLICK,            one(ana),                                                  'D2', SEND_BY, NOW,                    'void'],
    ['the yes names no order',                   ONE_CLICK,            one(yes('usr_ana', {}, 'L1', null)),                       'D1', SEND_BY, NOW,                    'void'],
    ['neither names one',                        ONE_CLICK,            one(yes('usr_ana', {}, 'L1', null)),                       '',   SEND_BY, NOW,                    'void'],
    ['the approver was disabled meanwhile',      ONE_CLICK,            one(yes('usr_ana', { disabled: true })),                   'D1', SEND_BY, NOW,                    'void'],
    ['the approver lost the role',               ONE_CLICK,            one(yes('usr_ana', { roles: ['trader'] })),                'D1', SEND_BY, NOW,                    'void'],
    ['the approver has another such role now',   ONE_CLICK,            one(yes('usr_ana', { roles: ['risk'] })),                  'D1', SEND_BY, NOW,                    'yes'],
    ['the approver, or the passkey, is gone',    ONE_CLICK,            one(yes('usr_ana', null)),                                 'D1', SEND_BY, NOW,                    'void'],
    ['somebody else stands in',                  ONE_CLICK,            one(yes('usr_ana', { personID: 'usr_bob' })),              'D1', SEND_BY, NOW,                    'void'],
    ['another order and too late: void first',   ONE_CLICK,            one(ana),                                                  'D2', SEND_BY, later(60_000),          'void'],
    ['two of two',                               requires('L1', 2),    [ana, bo],                                                 'D1', SEND_BY, NOW,                    'yes'],
    ['one of two',                               requires('L1', 2),    one(ana),                                                  'D1', SEND_BY, NOW,                    'void'],
    ['one person twice is one',                  requires('L1', 2),    [ana, ana],                                                'D1', SEND_BY, NOW,                    'void'],
    ['one of two was disabled meanwhile',        requires('L1', 2),    [ana, yes('usr_bo', { disabled: true })],                  'D1', SEND_BY, NOW,                    'void'],
    ['one of two saw another ticket',            requires('L1', 2),    [ana, yes('usr_bo', {}, 'L1', 'D0')],                      'D1', SEND_BY, NOW,                    'void'],
    ['three of two',                             requires('L1', 2),    [ana, bo, yes('usr_cy')],                                  'D1', SEND_BY, NOW,                    'yes'],
    ['a click where a passkey is asked for',     requires('L2', 1),    one(ana),                                                  'D1', SEND_BY, NOW,                    'void'],
    ['a passkey where a click is asked for',     ONE_CLICK,            one(yes('usr_ana', {}, 'L2')),                             'D1', SEND_BY, NOW,                    'yes'],
    ['two passkeys of two people',               requires('L3', 2),    [yes('usr_ana', {}, 'L2'), yes('usr_bo', {}, 'L2')],       'D1', SEND_BY, NOW,                    'yes'],
    ['two passkeys of one person',               requires('L3', 2),    [yes('usr_ana', {}, 'L2'), yes('usr_ana', {}, 'L2')],      'D1', SEND_BY, NOW,                    'void'],
    ['a passkey and a click',                    requires('L3', 2),    [yes('usr_ana', {}, 'L2'), bo],                            'D1', SEND_BY, NOW,                    'void'],
    ['an armed strategy where a click is asked for', ONE_CLICK,        one(yes('usr_ana', {}, 'L0')),                             'D1', SEND_BY, NOW,                    'void'],
    ['an armed strategy where it will do',       requires('L0', 1),    one(yes('usr_ana', {}, 'L0')),                             'D1', SEND_BY, NOW,                    'yes'],
  ]
  for (const [name, asks, votes, digest, sendBy, now, answer] of rows)
    it(`${name}: ${answer}`, () => assert.equal(stillApproved({ requires: asks, votes, sendBy }, digest, now), answer))
})
