import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { CAST, personActor, World } from '../../test/scenarios/world.ts'
import type { Evidence, Level } from '../approvals/evidence.ts'
import type { ApprovalPolicy } from '../approvals/policy.ts'
import type { Intent } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { amt } from '../values/decimal.ts'
import { instant, plusMs } from '../values/instant.ts'

// Every check of a yes, twice: when it is said, and once more between it and the wire.

const I1 = 'I1' as IntentID
type Make = (before: ApprovalPolicy) => ApprovalPolicy
const asks =
  (level: Level, quorum: number): Make =>
  (before) => ({ ...before, rules: [{ name: 'all', level, quorum }] })
const CLICK = asks('L1', 1)
const TWO = asks('L1', 2)
const PASSKEY = asks('L2', 1)
const TWO_PASSKEYS = asks('L3', 2)

/** A house in which nobody but the maker of her code knows mia: and whoever makes a code can use it too. */
function house(approvals: Make | null): World {
  const w = new World()
  w.approvals = approvals
  w.cast = { ...CAST, mia: ['approver'] }
  w.newcomers = ['mia']
  return w
}
/** An order that waits for people, and a worker that sleeps. */
async function waiting(approvals: Make | null, signal = ''): Promise<World> {
  const w = house(approvals)
  const script = `# For the test.\nmarket AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00 ${signal}`
  for (const line of parseScenario(script).lines) await play(w, [line])
  w.awake = false
  return w
}
const intentOf = async (w: World): Promise<Intent> => (await w.store.get('intent', I1)) ?? assert.fail()

/** What becomes of the order when this person says yes: its state, or the code of the no. */
async function yes(w: World, by: string, of: { digest?: string; evidence?: Evidence } = {}): Promise<string> {
  const { digest } = await intentOf(w)
  const ask = { intentID: I1, digest: digest ?? '', reason: null, actor: personActor(by), ...of }
  const done = await w.desk.approve(ask)
  return done.ok ? done.value.state : done.error.code
}
const signed = async (w: World, by: string): Promise<Evidence> => w.sign(by, await w.decided(I1))

/** The last look before the wire: `sent`, or what became of the order instead. */
async function looked(w: World): Promise<string> {
  const before = w.broker.sends.length
  w.awake = true
  await w.settle()
  if (w.broker.sends.length > before) return 'sent'
  const { state, refusals } = await intentOf(w)
  return state === 'Refused' ? refusals.map((one) => one.code).join(' ') : state
}
const edit = (w: World, change: (intent: Intent) => Partial<Intent>): Promise<void> =>
  w.store.transact(async (tx) => {
    const intent = (await tx.get('intent', I1)) ?? assert.fail()
    await tx.put('intent', { ...intent, ...change(intent) })
  })

describe('a yes', () => {
  it('counts people, and the last of them decides', async () => {
    const w = await waiting(TWO)
    assert.equal(await yes(w, 'ana'), 'AwaitingApproval')
    assert.equal((await intentOf(w)).votes?.length, 1)
    assert.equal(await looked(w), 'AwaitingApproval')
    assert.equal(await yes(w, 'bo'), 'Approved')
    assert.equal(await looked(w), 'sent')
  })
  it('said twice is one, also of a second account of the same person', async () => {
    const w = await waiting(TWO)
    assert.ok((await w.link('ana', 'U1')).ok && (await w.link('ana', 'U2')).ok)
    assert.equal(await yes(w, 'ana', { evidence: w.click('U1') }), 'AwaitingApproval')
    assert.equal(await yes(w, 'ana', { evidence: w.click('U2') }), 'AwaitingApproval')
    assert.equal(await yes(w, 'ana'), 'AwaitingApproval')
    assert.equal((await intentOf(w)).votes?.length, 1)
  })
  it('of two people in the same moment is two, and one order', async () => {
    const w = await waiting(TWO)
    const both = await Promise.all([yes(w, 'ana'), yes(w, 'bo')])
    assert.deepEqual(both, ['AwaitingApproval', 'Approved'])
    assert.equal(await looked(w), 'sent')
    assert.equal(w.broker.sends.length, 1)
  })
  it('of one ends where another says no', async () => {
    const w = await waiting(TWO)
    await yes(w, 'ana')
    assert.ok((await w.desk.decline({ intentID: I1, reason: 'no', actor: personActor('tom') })).ok)
    assert.equal(await yes(w, 'bo'), 'NOT_PENDING')
  })
  it('to an older ticket is void: a new one begins with none', async () => {
    const w = await waiting(TWO)
    await yes(w, 'ana')
    const { digest } = await intentOf(w)
    w.broker.markets.set('AAPL', { ...(w.broker.markets.get('AAPL') ?? assert.fail()), bid: amt('189.90') as never })
    w.awake = true
    await w.look()
    w.awake = false
    assert.ok((await w.desk.reprice({ intentID: I1, actor: personActor('tom') })).ok)
    assert.deepEqual((await intentOf(w)).votes, [])
    assert.equal(await yes(w, 'bo', { digest: digest ?? '' }), 'DIGEST_MISMATCH')
    assert.equal(await yes(w, 'bo'), 'AwaitingApproval')
    assert.equal(await yes(w, 'ana'), 'Approved')
  })
})

describe('whoever asks for more people than there are', () => {
  it('is told so when the order is to be shown', async () => {
    const w = house(TWO)
    await w.open()
    for (const name of ['ana', 'bo']) await w.access(name, ['trader'])
    for (const line of parseScenario(
      '# For the test.\nmarket AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00',
    ).lines)
      await play(w, [line])
    const { state, refusals } = await intentOf(w)
    assert.equal(state, 'Refused')
    assert.deepEqual(refusals, [{ code: 'QUORUM_UNREACHABLE', quorum: 2, eligible: 1 }])
  })
})

type Case = {
  readonly policy?: Make
  readonly signal?: string
  readonly by?: string
  readonly before?: (w: World) => Promise<unknown>
  readonly of?: (w: World) => Promise<{ digest?: string; evidence?: Evidence }>
  readonly ends: string
}
const halt = (w: World) => w.desk.halt({ reason: 'enough', actor: personActor('tom') })

describe('when it is said', () => {
  const cases: { readonly [name: string]: Case } = {
    'by an approver': { ends: 'Approved' },
    'by the proposer': { signal: 'from=ana', ends: 'SELF_APPROVAL' },
    'by the owner of the agent': { signal: 'owner=ana', ends: 'SELF_APPROVAL' },
    'by the owner of the agent, through the chat': {
      signal: 'owner=ana',
      before: (w) => w.link('ana'),
      of: async (w) => ({ evidence: w.click('ana') }),
      ends: 'SELF_APPROVAL',
    },
    'by nobody who is known': { by: 'eve', ends: 'NOT_ELIGIBLE' },
    'by somebody who may not': { by: 'tom', ends: 'NOT_ELIGIBLE' },
    'by an admin': { by: 'ad', ends: 'NOT_ELIGIBLE' },
    'by somebody disabled': { before: (w) => w.access('ana', ['approver'], true), ends: 'NOT_ELIGIBLE' },
    'by somebody who lost the role': { before: (w) => w.access('ana', []), ends: 'NOT_ELIGIBLE' },
    'during a halt': { before: halt, ends: 'TRADING_HALTED' },
    'after a no': {
      before: (w) => w.desk.decline({ intentID: I1, reason: 'no', actor: personActor('bo') }),
      ends: 'NOT_PENDING',
    },
    'after another yes': { before: (w) => yes(w, 'bo'), ends: 'NOT_PENDING' },
    'to another ticket': { of: async () => ({ digest: 'AAAA' }), ends: 'DIGEST_MISMATCH' },
    'a moment after the last': {
      before: async (w) => {
        w.clock.advance(0.001)
        await edit(w, () => ({ decideBy: instant(w.clock.now() - 1) }))
      },
      ends: 'APPROVAL_EXPIRED',
    },
    'at the last moment': { before: (w) => edit(w, () => ({ decideBy: w.clock.now() })), ends: 'Approved' },
    'as a click, where a passkey is asked for': { policy: PASSKEY, ends: 'ASSURANCE_TOO_LOW' },
    'in the chat, where a passkey is asked for': {
      policy: PASSKEY,
      before: (w) => w.link('ana'),
      of: async (w) => ({ evidence: w.click('ana') }),
      ends: 'ASSURANCE_TOO_LOW',
    },
    'with a passkey': {
      policy: PASSKEY,
      before: (w) => w.enrol('ana'),
      of: async (w) => ({ evidence: await signed(w, 'ana') }),
      ends: 'Approved',
    },
    'by somebody new': { by: 'mia', ends: 'Approved' },
    'by somebody new, where two are asked for': { policy: TWO, by: 'mia', ends: 'NOT_ELIGIBLE' },
    'by somebody new, with a passkey': {
      policy: PASSKEY,
      before: (w) => w.enrol('mia'),
      by: 'mia',
      of: async (w) => ({ evidence: await signed(w, 'mia') }),
      ends: 'NOT_ELIGIBLE',
    },
    'by somebody new whom two governors know': {
      policy: TWO,
      before: (w) => w.access('mia', ['approver']),
      by: 'mia',
      ends: 'AwaitingApproval',
    },
    'in the name of an armed strategy': {
      of: async () => ({ evidence: { kind: 'armed', armingID: 'arm_1' } }),
      ends: 'NOT_ELIGIBLE',
    },
    'under a policy that asks for more by now': { before: (w) => w.agreeTo(TWO), ends: 'ORDER_CHANGED' },
    'under a policy that asks for less by now': {
      policy: PASSKEY,
      before: (w) => w.agreeTo(CLICK),
      ends: 'ORDER_CHANGED',
    },
  }
  for (const [name, { policy = null, signal, by = 'ana', before, of, ends }] of Object.entries(cases))
    it(`${name}: ${ends}`, async () => {
      const w = await waiting(policy, signal)
      await before?.(w)
      assert.equal(await yes(w, by, (await of?.(w)) ?? {}), ends)
      const sent = (await looked(w)) === 'sent'
      assert.equal(sent, (await intentOf(w)).state === 'Approved')
    })
})

describe('when it is to be sent', () => {
  type Between = {
    readonly policy?: Make
    readonly votes?: (w: World) => Promise<unknown>
    readonly between: (w: World) => Promise<unknown>
    readonly ends: string
  }
  const bothSign = async (w: World): Promise<void> => {
    for (const name of ['ana', 'bo']) {
      assert.ok((await w.enrol(name)).ok)
      await yes(w, name, { evidence: await signed(w, name) })
    }
  }
  const bothClick = async (w: World): Promise<void> => {
    for (const name of ['ana', 'bo']) await yes(w, name)
  }
  const lift = async (w: World, ms: number): Promise<void> => w.clock.advance(ms)
  const vote = (w: World, nth: number, change: (vote: NonNullable<Intent['votes']>[number]) => object): Promise<void> =>
    edit(w, ({ votes = [] }) => ({ votes: votes.map((one, i) => (i === nth ? { ...one, ...change(one) } : one)) }))
  const cases: { readonly [name: string]: Between } = {
    'and nothing happened': { between: async () => {}, ends: 'sent' },
    'and nothing happened to two': { policy: TWO, votes: bothClick, between: async () => {}, ends: 'sent' },
    'and nothing happened to two passkeys': {
      policy: TWO_PASSKEYS,
      votes: bothSign,
      between: async () => {},
      ends: 'sent',
    },
    'and whoever said it is disabled': { between: (w) => w.access('ana', ['approver'], true), ends: 'APPROVAL_VOID' },
    'and whoever said it lost the role': { between: (w) => w.access('ana', ['trader']), ends: 'APPROVAL_VOID' },
    'and one of two is disabled': {
      policy: TWO,
      votes: bothClick,
      between: (w) => w.access('bo', ['approver'], true),
      ends: 'APPROVAL_VOID',
    },
    'and one of two lost the passkey, and was given another': {
      policy: TWO_PASSKEYS,
      votes: async (w) => {
        assert.ok((await w.enrol('ana')).ok && (await w.enrol('bo', { device: 'old' })).ok)
        assert.ok((await w.enrol('bo', { by: 'old' })).ok)
        for (const name of ['ana', 'bo']) await yes(w, name, { evidence: await signed(w, name) })
      },
      between: async (w) => {
        for (const device of ['old', 'bo']) {
          const { credentialID = '' } = w.passkeys.get(device) ?? {}
          await w.agreed({ kind: 'passkey revoked', credentialID, personID: 'bo' }, 'rik')
        }
        assert.ok((await w.enrol('bo', { device: 'new' })).ok)
      },
      ends: 'APPROVAL_VOID',
    },
    'and one of two lost the role': {
      policy: TWO,
      votes: bothClick,
      between: (w) => w.access('ana', []),
      ends: 'APPROVAL_VOID',
    },
    'and trading is halted': { between: halt, ends: 'TRADING_HALTED' },
    'and it is the last moment': {
      between: (w) => edit(w, () => ({ sendBy: w.clock.now() })),
      ends: 'sent',
    },
    'and its time is over': { between: (w) => edit(w, () => ({ sendBy: instant(w.clock.now() - 1) })), ends: 'Lapsed' },
    'and it is another order': {
      between: (w) => edit(w, ({ ticket }) => ({ ticket: ticket && { ...ticket, maxNotional: amt('9999.00') } })),
      ends: 'APPROVAL_VOID',
    },
    'and the yes was to another order': {
      between: (w) => vote(w, 0, () => ({ digest: 'AAAA' })),
      ends: 'APPROVAL_VOID',
    },
    'and one person stands there twice': {
      policy: TWO,
      votes: bothClick,
      between: (w) => vote(w, 1, () => ({ by: 'ana' })),
      ends: 'APPROVAL_VOID',
    },
    'and one of two is not there any more': {
      policy: TWO,
      votes: bothClick,
      between: (w) => edit(w, ({ votes = [] }) => ({ votes: votes.slice(1) })),
      ends: 'APPROVAL_VOID',
    },
    'and the yes is that of the proposer': {
      between: (w) => edit(w, ({ proposer }) => ({ proposer: { ...proposer, id: 'ana' } })),
      ends: 'APPROVAL_VOID',
    },
    'and the yes is that of the owner of the agent': {
      between: (w) => edit(w, () => ({ proposerOwner: 'ana' })),
      ends: 'APPROVAL_VOID',
    },
    'and the yes is that of whoever made the agent’s token': {
      between: (w) => edit(w, () => ({ proposerMaker: 'ana' })),
      ends: 'APPROVAL_VOID',
    },
    'and one of two is somebody whom nobody knows any more': {
      policy: TWO,
      votes: bothClick,
      between: async (w) => {
        assert.ok((await w.enrol('bo')).ok)
        const { credentialID = '' } = w.passkeys.get('bo') ?? {}
        assert.ok((await w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor('bo') })).ok)
      },
      ends: 'APPROVAL_VOID',
    },
    'and the policy asks for two by now': { between: (w) => w.agreeTo(TWO), ends: 'APPROVAL_VOID' },
    'and the policy asks for a passkey by now': { between: (w) => w.agreeTo(PASSKEY), ends: 'APPROVAL_VOID' },
    'and the policy asks for less by now': {
      policy: TWO,
      votes: bothClick,
      between: (w) => w.agreeTo(CLICK),
      ends: 'APPROVAL_VOID',
    },
    'and a passkey was revoked by its owner': {
      policy: TWO_PASSKEYS,
      votes: bothSign,
      between: (w) => {
        const { credentialID = '' } = w.passkeys.get('bo') ?? {}
        return w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor('bo') })
      },
      ends: 'APPROVAL_VOID',
    },
    'and a passkey was revoked by a governor': {
      policy: PASSKEY,
      votes: async (w) => {
        assert.ok((await w.enrol('ana')).ok)
        await yes(w, 'ana', { evidence: await signed(w, 'ana') })
      },
      between: (w) => {
        const { credentialID = '' } = w.passkeys.get('ana') ?? {}
        return w.agreed({ kind: 'passkey revoked', credentialID, personID: 'ana' }, 'rik')
      },
      ends: 'APPROVAL_VOID',
    },
    'and the link of the chat user has ended': {
      votes: async (w) => {
        await w.link('ana')
        assert.equal(await yes(w, 'ana', { evidence: w.click('ana') }), 'Approved')
      },
      between: (w) => w.desk.endLink({ linkID: w.linkID('ana'), reason: 'lost phone', actor: personActor('ad') }),
      ends: 'APPROVAL_VOID',
    },
    'and the chat user is somebody else by now': {
      votes: async (w) => {
        await w.link('ana')
        assert.equal(await yes(w, 'ana', { evidence: w.click('ana') }), 'Approved')
      },
      between: async (w) => {
        await w.desk.endLink({ linkID: w.linkID('ana'), reason: 'mistake', actor: personActor('ana') })
        assert.ok((await w.link('bo', 'ana')).ok)
      },
      ends: 'APPROVAL_VOID',
    },
    'and a stored signature was changed': {
      policy: TWO_PASSKEYS,
      votes: bothSign,
      between: (w) =>
        vote(w, 1, ({ evidence }) => {
          assert.ok(evidence?.kind === 'passkey')
          const bytes = Buffer.from(evidence.signature, 'base64url')
          bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
          return { evidence: { ...evidence, signature: bytes.toString('base64url') } }
        }),
      ends: 'APPROVAL_VOID',
    },
    'and a stored signature became a click': {
      policy: TWO_PASSKEYS,
      votes: bothSign,
      between: (w) => vote(w, 0, () => ({ evidence: { kind: 'session', session: 'scenario' } })),
      ends: 'APPROVAL_VOID',
    },
    'and two signatures are exchanged': {
      policy: TWO_PASSKEYS,
      votes: bothSign,
      between: (w) =>
        edit(w, ({ votes = [] }) => ({
          votes: votes.map((one, i) => {
            const { evidence } = votes[1 - i] ?? assert.fail()
            return { ...one, ...(evidence && { evidence }) }
          }),
        })),
      ends: 'APPROVAL_VOID',
    },
    'and the policy that was signed for is another': {
      policy: TWO_PASSKEYS,
      votes: bothSign,
      between: (w) => edit(w, ({ requires }) => (requires ? { requires: { ...requires, policyVersion: 9 } } : {})),
      ends: 'APPROVAL_VOID',
    },
    'and the gateway was restarted': { between: (w) => w.boot(), ends: 'sent' },
    'and it took too long to restart': {
      between: async (w) => {
        await lift(w, 31_000)
        await w.boot()
      },
      ends: 'Lapsed',
    },
  }
  for (const [name, { policy = null, votes, between, ends }] of Object.entries(cases))
    it(`${name}: ${ends}`, async () => {
      const w = await waiting(policy)
      await (votes ?? ((world: World) => yes(world, 'ana')))(w)
      assert.equal((await intentOf(w)).state, 'Approved')
      await between(w)
      assert.equal(await looked(w), ends)
      assert.ok(w.broker.sends.length <= 1)
    })

  it('no vote is carried over a restart that it does not survive', async () => {
    const w = await waiting(TWO)
    await yes(w, 'ana')
    await w.boot()
    assert.equal((await intentOf(w)).state, 'AwaitingApproval')
    assert.equal(await yes(w, 'bo'), 'Approved')
    assert.equal(await looked(w), 'sent')
  })
})

it('the time to decide, the time to send and the drift are those of the strictest rule', async () => {
  const tight = { name: 'tight', level: 'L1', quorum: 1, approvalTtlMs: 60_000, executionTtlMs: 5_000, maxDriftBps: 5 }
  const w = await waiting((before) => ({ ...before, rules: [...before.rules, tight as never] }))
  const { decideBy, ticket } = await intentOf(w)
  assert.ok(decideBy && decideBy <= plusMs(w.clock.now(), 60_000))
  assert.equal(ticket?.maxDriftBps, 5)
  await yes(w, 'ana')
  assert.equal((await intentOf(w)).sendBy, plusMs(w.clock.now(), 5_000))
})

describe('outside the hours in which somebody decides', () => {
  // The scenarios begin on a Tuesday, at 15:00 in UTC.
  const hours = (from: string, until: string) => ({ zone: 'UTC', days: [1, 2, 3, 4, 5], from, until })
  const NIGHT: Make = (before) => ({ ...before, coverage: hours('22:00', '06:00') })

  it('nobody is asked, and the proposer hears that at once', async () => {
    const { state, refusals } = await intentOf(await waiting(NIGHT))
    assert.equal(state, 'Refused')
    assert.deepEqual(refusals, [{ code: 'NOBODY_ON_DUTY', hours: 'Mon to Fri, 22:00 to 06:00 UTC' }])
  })
  it('and within them as ever', async () => {
    const { state } = await intentOf(await waiting((before) => ({ ...before, coverage: hours('09:00', '18:00') })))
    assert.equal(state, 'AwaitingApproval')
  })
  it('whoever asks for a new ticket is there', async () => {
    const w = await waiting(null)
    const policy = (await w.store.get('approvals', 'account'))?.policy
    await w.store.transact(async (tx) => {
      if (policy) await tx.put('approvals', { scope: 'account', policy: NIGHT(policy) })
    })
    const priced = await w.desk.reprice({ intentID: I1, actor: personActor('ana') })
    assert.equal(priced.ok && priced.value.state, 'AwaitingApproval')
  })
})
