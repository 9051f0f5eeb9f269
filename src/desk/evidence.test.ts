import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lie } from '../../test/soft-authenticator.ts'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import { challengeOf } from '../approvals/envelope.ts'
import type { PasskeyAssertion } from '../approvals/evidence.ts'
import type { Actor } from '../journal/row.ts'
import type { Challenge, Intent, Passkey } from '../ports/records.ts'
import type { AccountID, IntentID } from '../values/brand.ts'
import { instant, plusMs } from '../values/instant.ts'
import type { Decided } from './evidence.ts'

const I1 = 'I1' as IntentID
const DAY_MS = 24 * 3_600_000

/** An order that waits for a passkey, on paper or live; ana and bo have one each. */
async function waiting(environment: 'paper' | 'live' = 'paper', held = false): Promise<World> {
  const w = new World()
  w.policy = { ...w.policy, environment }
  if (environment === 'live') w.broker.account = 'live:sim:1' as AccountID
  if (environment === 'paper') w.approvals = (p) => ({ ...p, rules: [{ name: 'all', level: 'L2', quorum: 1 }] })
  await w.open()
  for (const name of ['ana', 'bo']) assert.ok((await w.enrol(name, { counts: name === 'bo' })).ok)
  if (!held) w.clock.advance(DAY_MS)
  const script =
    '# For the test.\nmarket AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00 -> AwaitingApproval'
  for (const line of parseScenario(script).lines) await play(w, [line])
  w.awake = false
  return w
}
const intentOf = async (w: World): Promise<Intent> => (await w.store.get('intent', I1)) ?? assert.fail()
async function yes(w: World, evidence: PasskeyAssertion, actor: Actor = personActor('ana')): Promise<string> {
  const { digest } = await intentOf(w)
  const done = await w.desk.approve({ intentID: I1, digest: digest ?? '', reason: null, actor, evidence })
  return done.ok ? done.value.state : done.error.code
}
async function signed(w: World, of: Partial<Decided> = {}, lie: Lie = {}): Promise<PasskeyAssertion> {
  return w.sign('ana', { ...(await w.decided(I1)), ...of }, { lie })
}
/** A challenge as it is kept, made another one. */
async function challengeIs(w: World, assertion: PasskeyAssertion, change: Partial<Challenge>): Promise<void> {
  await w.store.transact(async (tx) => {
    const challenge = (await tx.get('challenge', challengeOf(assertion.envelope))) ?? assert.fail()
    await tx.put('challenge', { ...challenge, ...change })
  })
}
async function passkeyIs(w: World, name: string, change: Partial<Passkey>): Promise<void> {
  await w.store.transact(async (tx) => {
    const passkey = (await tx.get('passkey', w.passkeys.get(name)?.credentialID ?? '')) ?? assert.fail()
    await tx.put('passkey', { ...passkey, ...change })
  })
}
const tampered = (base64url: string): string => {
  const bytes = Buffer.from(base64url, 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64url')
}

describe('a signature of a passkey', () => {
  it('is a yes', async () => {
    const w = await waiting()
    assert.equal(await yes(w, await signed(w)), 'Approved')
    const { decision } = await intentOf(w)
    assert.deepEqual([decision?.level, decision?.evidence?.kind, decision?.by], ['L2', 'passkey', 'ana'])
  })

  type Case = (w: World) => Promise<PasskeyAssertion | readonly [PasskeyAssertion, Actor]>
  const NOT: { readonly [name: string]: Case } = {
    'that was used before': async (w) => {
      const once = await signed(w)
      // The first use was worth nothing, and used it up all the same.
      await yes(w, { ...once, signature: tampered(once.signature) })
      return once
    },
    'whose challenge was asked for in another session': async (w) => [
      await signed(w),
      { ...personActor('ana'), session: 'elsewhere' },
    ],
    'whose challenge somebody else asked for': async (w) => {
      const one = await signed(w)
      await challengeIs(w, one, { personID: 'bo' })
      return one
    },
    'of somebody else’s passkey': async (w) => w.sign('ana', await w.decided(I1), { device: 'bo' }),
    'that somebody else hands in': async (w) => [await signed(w), personActor('bo')],
    'to a challenge that nobody made': async (w) => {
      const one = await signed(w)
      await w.store.transact((tx) => tx.remove('challenge', challengeOf(one.envelope)))
      return one
    },
    'to a challenge for an enrolment': async (w) => {
      const one = await signed(w)
      await challengeIs(w, one, { purpose: 'enrol' })
      return one
    },
    'a moment after its challenge has ended': async (w) => {
      const one = await signed(w)
      await challengeIs(w, one, { expiresAt: instant(w.clock.now() - 1) })
      return one
    },
    'of a passkey that nobody enrolled': async (w) => w.sign('ana', await w.decided(I1), { device: 'unknown' }),
    'of a revoked passkey': async (w) => {
      const { credentialID = '' } = w.passkeys.get('ana') ?? {}
      const one = await signed(w)
      await passkeyIs(w, 'ana', { revokedAt: w.clock.now() })
      assert.equal(one.credentialID, credentialID)
      return one
    },
    'to reject': (w) => signed(w, { decision: 'reject' }),
    'to another order': (w) => signed(w, { digest: Buffer.alloc(32).toString('base64url') }),
    'to another intent': (w) => signed(w, { intentID: 'I2' }),
    'to a change of that name': async (w) => {
      const { digest, decision, policyVersion, environment } = await w.decided(I1)
      return w.sign('ana', { changeID: 'I1', digest, decision, policyVersion, environment })
    },
    'under another policy': (w) => signed(w, { policyVersion: 0 }),
    'in somebody else’s name': async (w) => {
      const one = await w.sign('bo', await w.decided(I1), { device: 'ana' })
      await challengeIs(w, one, { personID: 'ana' })
      return one
    },
    'that was changed': async (w) => {
      const one = await signed(w)
      return { ...one, signature: tampered(one.signature) }
    },
    'on another page': (w) => signed(w, {}, { origin: 'http://localhost.evil.example' }),
    'on a page without https': (w) => signed(w, {}, { origin: 'http://example.localhost.evil' }),
    'for another site': (w) => signed(w, {}, { rpID: 'evil.example' }),
    'in a page of somebody else': (w) => signed(w, {}, { crossOrigin: true }),
    'when nobody showed who they are': (w) => signed(w, {}, { unverified: true }),
    'when nobody was there': (w) => signed(w, {}, { absent: true }),
    'with another key': (w) => signed(w, {}, { anotherKey: true }),
    'of an enrolment': (w) => signed(w, {}, { type: 'webauthn.create' }),
  }
  for (const [name, make] of Object.entries(NOT))
    it(`${name} is none`, async () => {
      const w = await waiting()
      const made = await make(w)
      const [evidence, actor] = 'kind' in made ? [made, personActor('ana')] : made
      assert.equal(await yes(w, evidence, actor), 'PASSKEY_REFUSED')
      assert.equal((await intentOf(w)).state, 'AwaitingApproval')
      // Whatever was wrong, nobody tries it again.
      assert.equal(await w.store.get('challenge', challengeOf(evidence.envelope)), null)
    })

  it('is good until its challenge ends', async () => {
    const w = await waiting()
    const one = await signed(w)
    await challengeIs(w, one, { expiresAt: w.clock.now() })
    assert.equal(await yes(w, one), 'Approved')
  })
  it('that cannot count anyway is not used up', async () => {
    const w = await waiting()
    const one = await signed(w)
    const { digest } = await intentOf(w)
    const ask = { intentID: I1, reason: null, actor: personActor('ana'), evidence: one }
    const done = await w.desk.approve({ ...ask, digest: 'AAAA' })
    assert.ok(!done.ok && done.error.code === 'DIGEST_MISMATCH')
    assert.ok((await w.desk.approve({ ...ask, digest: digest ?? '' })).ok)
  })
  it('is refused where a copy of the passkey counts beside it', async () => {
    const w = await waiting()
    const bo = async (lie: Lie) => yes(w, await w.sign('bo', await w.decided(I1), { lie }), personActor('bo'))
    await passkeyIs(w, 'bo', { counter: 7 })
    assert.equal(await bo({ counter: 7 }), 'PASSKEY_REFUSED')
    assert.equal(await bo({ counter: 8 }), 'Approved')
    assert.equal((await w.store.get('passkey', w.passkeys.get('bo')?.credentialID ?? ''))?.counter, 8)
  })
})

describe('a new passkey', () => {
  it('approves on paper at once', async () => {
    const w = await waiting('paper', true)
    assert.equal(await yes(w, await signed(w)), 'Approved')
  })
  it('approves nothing live on its first day', async () => {
    const w = await waiting('live', true)
    assert.equal(await yes(w, await signed(w)), 'PASSKEY_REFUSED')
    await passkeyIs(w, 'ana', { liveFrom: instant(w.clock.now() + 1) })
    assert.equal(await yes(w, await signed(w)), 'PASSKEY_REFUSED')
    await passkeyIs(w, 'ana', { liveFrom: w.clock.now() })
    assert.equal(await yes(w, await signed(w)), 'Approved')
  })
  it('is looked at again before a live order is sent', async () => {
    const w = await waiting('live')
    assert.equal(await yes(w, await signed(w)), 'Approved')
    await passkeyIs(w, 'ana', { liveFrom: plusMs(w.clock.now(), 60_000) })
    w.awake = true
    await w.settle()
    assert.deepEqual(
      (await intentOf(w)).refusals.map((one) => one.code),
      ['APPROVAL_VOID'],
    )
    assert.equal(w.broker.sends.length, 0)
  })
  it('sends a live order after its first day', async () => {
    const w = await waiting('live')
    assert.equal(await yes(w, await signed(w)), 'Approved')
    w.awake = true
    await w.settle()
    assert.equal(w.broker.sends.length, 1)
  })
})

describe('a click in the chat', () => {
  async function clicks(w: World, user: string, by: string): Promise<string> {
    const { digest } = await intentOf(w)
    const ask = { intentID: I1, digest: digest ?? '', reason: null, actor: personActor(by) }
    const done = await w.desk.approve({ ...ask, evidence: w.click(user) })
    return done.ok ? done.value.state : done.error.code
  }
  async function paper(): Promise<World> {
    const w = new World()
    const script = '# For the test.\nmarket AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00'
    for (const line of parseScenario(script).lines) await play(w, [line])
    w.awake = false
    return w
  }
  it('counts for whoever linked it', async () => {
    const w = await paper()
    assert.ok((await w.link('ana', 'U1')).ok)
    assert.equal(await clicks(w, 'U1', 'ana'), 'Approved')
    assert.deepEqual((await intentOf(w)).decision?.evidence?.kind, 'channel')
  })
  it('counts for nobody else', async () => {
    const w = await paper()
    assert.equal(await clicks(w, 'U1', 'ana'), 'IDENTITY_UNLINKED')
    assert.ok((await w.link('ana', 'U1')).ok)
    assert.equal(await clicks(w, 'U1', 'bo'), 'IDENTITY_UNLINKED')
    assert.equal(await clicks(w, 'U2', 'ana'), 'IDENTITY_UNLINKED')
    assert.ok((await w.desk.endLink({ linkID: w.linkID('U1'), reason: 'over', actor: personActor('ana') })).ok)
    assert.equal(await clicks(w, 'U1', 'ana'), 'IDENTITY_UNLINKED')
  })
})
