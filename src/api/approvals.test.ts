import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import fc from 'fast-check'
import { type Lie, softAuthenticator, type SoftAuthenticator } from '../../test/soft-authenticator.ts'
import type { PersonRole } from '../ports/records.ts'
import { codeHash } from './access.ts'
import { AGENT, type As, type House, openHouse, ORIGIN, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

type Signed = { readonly envelope: Record<string, unknown> | null; readonly response: AuthenticationResponseJSON }
const SITE = { rpID: 'localhost', origin: ORIGIN }
const challengeIn = ({ options }: wire.PasskeyAsk): string => String(options['challenge'])

/** Answers what a browser with this device would. */
const answer = (ask: wire.PasskeyAsk, device: SoftAuthenticator, lie: Lie = {}): Signed => ({
  envelope: ask.envelope,
  response: device.get({ ...SITE, challenge: challengeIn(ask) }, lie),
})

class Desk {
  readonly house: House
  constructor(house: House) {
    this.house = house
  }
  async post<T>(as: As, url: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await this.house.ask({ method: 'POST', url, as, body, headers })
    return { status: response.statusCode, body: response.json<T>(), code: response.json<{ code?: string }>().code }
  }
  async enrol(as: As, device: SoftAuthenticator, old?: SoftAuthenticator, lie: Lie = {}) {
    const begun = await this.post<wire.EnrolAsk>(as, '/v1/me/passkeys/begin', { name: 'laptop' })
    assert.equal(begun.status, 200, JSON.stringify(begun.body))
    const { options, confirm } = begun.body
    const user = options['user'] as { id: string }
    const made = device.create({ ...SITE, challenge: String(options['challenge']), userID: user.id }, lie)
    return this.post<wire.Passkey>(as, '/v1/me/passkeys', {
      name: 'laptop',
      response: made,
      ...(confirm && old && { confirm: answer(confirm, old) }),
    })
  }
  async propose(id: string, by: As, change: object = {}): Promise<wire.Intent> {
    // Each of another symbol, and small: what waits is no reason to refuse the next.
    const symbol = id.toUpperCase()
    await this.house.facts(symbol)
    const { status, body } = await this.post<wire.Intent>(by, '/v1/intents', {
      ...SIGNAL,
      id,
      symbol,
      stop_loss: 160,
      ...change,
    })
    assert.equal(status, 201, JSON.stringify(body))
    return body
  }
  begin(as: As, { intentID, digest }: wire.Intent) {
    return this.post<wire.PasskeyAsk>(as, `/v1/intents/${intentID}/approve/begin`, { digest })
  }
  async sign(as: As, intent: wire.Intent, device: SoftAuthenticator, lie: Lie = {}): Promise<Signed> {
    const { status, body } = await this.begin(as, intent)
    assert.equal(status, 200, JSON.stringify(body))
    return answer(body, device, lie)
  }
  approve(as: As, { intentID, digest }: wire.Intent, passkey?: Signed) {
    return this.post<wire.Intent>(as, `/v1/intents/${intentID}/approve`, { digest, ...(passkey && { passkey }) })
  }
  async policy(as: As, rule: Partial<wire.ApprovalRule>) {
    const { policy } = (await this.house.ask({ url: '/v1/approvals', as })).json<wire.Approvals>()
    const rules = [{ name: 'all', level: 'L1', quorum: 1, ...rule }]
    return this.post<wire.Change>(as, '/v1/changes', {
      what: { kind: 'approval policy', policy: { ...policy, rules } },
      reason: 'for the test',
    })
  }
  /** A change by somebody who is there already: from then on they count for more than a click. */
  async confirm(by: As, person: As, roles: readonly PersonRole[]) {
    const what = { kind: 'person', personID: person.id, roles, disabled: false }
    // The same again in the same moment is the same change.
    await this.house.facts()
    const { body } = await this.post<wire.Change>(by, '/v1/changes', { what, reason: 'it is them' })
    assert.equal(body.state, 'Applied', JSON.stringify(body))
  }
  async intent(as: As, id: string): Promise<wire.Intent> {
    return (await this.house.ask({ url: `/v1/intents/${id}`, as })).json<wire.Intent>()
  }
}

const ALL: readonly PersonRole[] = ['trader', 'approver', 'risk', 'operator', 'admin']

describe('approving with a passkey', () => {
  let house: House
  let desk: Desk
  let jax: As
  let ana: As
  let ben: As
  /** What came through the door: the desk looks again at all of it, so a door that stands open would not be noticed. */
  const reached: string[] = []
  const [laptop, phone, bens] = [softAuthenticator('ana'), softAuthenticator('ana, phone'), softAuthenticator('ben')]
  before(async () => {
    house = await openHouse({
      limits: { failedBurst: 1000, settleMs: 10 },
      deskOf: (inner) => ({
        ...inner,
        approve: (ask) => (reached.push('approve'), inner.approve(ask)),
        enrolPasskey: (ask) => (reached.push('enrol'), inner.enrolPasskey(ask)),
      }),
    })
    desk = new Desk(house)
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ALL, 'web')
    assert.equal((await desk.policy(ana, { level: 'L2' })).body.state, 'Applied')
    ben = await house.person('Ben', ['approver'], 'web')
  })
  after(() => house.close())

  it('somebody whom nobody has confirmed is good for no more than a click', async () => {
    const intent = await desk.propose('newcomer', jax)
    const why = (await desk.intent(ben, 'newcomer')).can.approve
    assert.ok(!why.ok && why.why.startsWith('You joined with a sign-in code'))
    assert.equal((await desk.begin(ben, intent)).code, 'NOT_ELIGIBLE')
    const people = async () => (await house.ask({ url: '/v1/people', as: ana })).json<{ items: wire.Person[] }>().items
    assert.deepEqual(
      (await people()).map(({ newcomer }) => newcomer),
      [undefined, true],
    )
    await desk.confirm(ana, ben, ['approver'])
    assert.deepEqual(
      (await people()).map(({ newcomer }) => newcomer),
      [undefined, undefined],
    )
  })

  it('without one, the page says so before anybody tries', async () => {
    const intent = await desk.propose('none-yet', jax)
    assert.deepEqual(intent.requires, { level: 'L2', quorum: 1, passkey: true, rules: ['all'] })
    assert.deepEqual((await desk.intent(ana, 'none-yet')).can.approve, {
      ok: false,
      why: 'This takes a passkey, and none of yours counts yet. Enrol one under "Your access".',
    })
    assert.equal((await desk.begin(ana, intent)).code, 'NO_PASSKEY')
    assert.equal((await desk.approve(ana, intent)).code, 'ASSURANCE_TOO_LOW')
  })

  it('one is enrolled, and asked for as it should be', async () => {
    const begun = await desk.post<wire.EnrolAsk>(ana, '/v1/me/passkeys/begin', { name: 'laptop' })
    const { options, envelope, confirm } = begun.body
    assert.deepEqual(
      (options['pubKeyCredParams'] as { alg: number }[]).map(({ alg }) => alg),
      [-8, -7, -257],
    )
    assert.equal(options['attestation'], 'none')
    assert.deepEqual(options['authenticatorSelection'], {
      residentKey: 'preferred',
      requireResidentKey: false,
      userVerification: 'required',
    })
    assert.deepEqual([envelope, confirm], [null, null])
    const made = await desk.enrol(ana, laptop)
    assert.equal(made.status, 201, JSON.stringify(made.body))
    assert.deepEqual([made.body.name, made.body.device, made.body.revokedAt], ['laptop', 'single', null])
    assert.equal((await desk.enrol(ben, bens)).status, 201)
    const access = (await house.ask({ url: '/v1/me/access', as: ana })).json<wire.Access>()
    assert.deepEqual(access.canEnrol, { ok: true })
    assert.deepEqual(
      access.passkeys.map(({ credentialID }) => credentialID),
      [laptop.credentialID],
    )
  })

  it('enrolments that prove nothing are refused', async () => {
    const cara = await house.person('Cara', ['approver'], 'web')
    const device = softAuthenticator('cara')
    const lies: readonly (readonly [what: string, lie: Lie])[] = [
      ['nobody touched it', { absent: true }],
      ['no PIN, fingerprint or face', { unverified: true }],
      ['another site', { rpID: 'evil.example' }],
      ['another page', { origin: 'http://localhost:9999' }],
      ['another challenge', { challenge: 'A'.repeat(43) }],
      ['an answer to another question', { type: 'webauthn.get' }],
      ['a page in a page', { crossOrigin: true }],
      ['a page in a page, without saying so', { topOrigin: 'http://evil.example' }],
    ]
    reached.length = 0
    for (const [what, lie] of lies)
      assert.equal((await desk.enrol(cara, device, undefined, lie)).code, 'PASSKEY_REFUSED', what)
    const begun = await desk.post<wire.EnrolAsk>(ben, '/v1/me/passkeys/begin', { name: 'x' })
    const stolen = softAuthenticator('dan').create({ ...SITE, challenge: challengeIn(begun.body), userID: 'eA' })
    assert.equal(
      (await desk.post(cara, '/v1/me/passkeys', { name: 'x', response: stolen })).code,
      'PASSKEY_REFUSED',
      'a challenge of somebody else',
    )
    const mine = softAuthenticator('erin')
    const own = await desk.post<wire.EnrolAsk>(ben, '/v1/me/passkeys/begin', { name: 'x' })
    const real = mine.create({ ...SITE, challenge: challengeIn(own.body), userID: 'eA' })
    const renamed = { ...real, id: 'BBBB', rawId: 'BBBB' }
    assert.equal((await desk.post(ben, '/v1/me/passkeys', { name: 'x', response: renamed })).code, 'PASSKEY_REFUSED')
    const id = 'A'.repeat(1366)
    const long = await desk.post<wire.Problem>(ben, '/v1/me/passkeys', {
      name: 'x',
      response: { ...real, id, rawId: id },
    })
    assert.match(long.body.detail, /longer than 1023 bytes/)
    assert.deepEqual(reached, [], 'refused at the door')
  })

  it('a further one needs the word of the first', async () => {
    assert.equal((await desk.enrol(ana, phone)).code, 'ASSURANCE_TOO_LOW')
    assert.equal((await desk.enrol(ana, phone, bens)).code, 'PASSKEY_REFUSED')
    assert.equal((await desk.enrol(ana, phone, laptop)).status, 201)
    const tasks = (await house.ask({ url: '/v1/tasks', as: ana })).json<{ items: wire.Task[] }>().items
    assert.ok(tasks.some(({ kind, text }) => kind === 'PASSKEY_ENROLLED' && text.includes('Ana')))
  })

  it('signs exactly this order, and is kept with the decision', async () => {
    const intent = await desk.propose('signed', jax)
    assert.deepEqual((await desk.intent(ana, 'signed')).can.approve, { ok: true })
    const ask = (await desk.begin(ana, intent)).body
    assert.equal(ask.envelope?.['order_digest'], intent.digest)
    assert.equal(ask.envelope?.['approver'], ana.id)
    assert.equal(ask.options['userVerification'], 'required')
    assert.equal(ask.options['rpId'], 'localhost')
    assert.deepEqual(
      (ask.options['allowCredentials'] as { id: string }[]).map(({ id }) => id).sort(),
      [laptop.credentialID, phone.credentialID].sort(),
    )
    const passkey = answer(ask, laptop)
    const approved = await desk.approve(ana, intent, passkey)
    assert.equal(approved.body.state, 'Approved', JSON.stringify(approved.body))
    const [vote] = approved.body.votes
    assert.deepEqual([vote?.by, vote?.level, vote?.with, vote?.via], [ana.id, 'L2', 'passkey', 'web'])
    const again = await desk.approve(ana, intent, passkey)
    assert.deepEqual([again.status, again.body.votes.length], [200, 1], 'a double click is one decision')
    await house.facts()
    await house.send()
  })

  it('what was signed once is worth nothing a second time, nor for anything else', async () => {
    const [first, second] = [await desk.propose('first', jax), await desk.propose('second', jax)]
    const passkey = await desk.sign(ana, first, laptop)
    assert.equal((await desk.approve(ana, second, passkey)).code, 'PASSKEY_REFUSED', 'of another order')
    assert.equal((await desk.approve(ana, first, passkey)).code, 'PASSKEY_REFUSED', 'used up by that')
    const other = await desk.sign(ana, first, laptop)
    const changed = { ...other, envelope: { ...other.envelope, order_digest: second.digest } }
    assert.equal((await desk.approve(ana, second, changed)).code, 'PASSKEY_REFUSED', 'another envelope')
    assert.equal((await desk.approve(ana, first, other)).body.state, 'Approved')
    const reprised = await desk.post<wire.Intent>(ana, '/v1/intents/second/reprice', {})
    assert.equal((await desk.approve(ana, reprised.body, passkey)).code, 'PASSKEY_REFUSED')
  })

  it('lies of the browser or the device are refused', async () => {
    const intent = await desk.propose('lies', jax)
    const lies: readonly (readonly [what: string, lie: Lie])[] = [
      ['nobody touched it', { absent: true }],
      ['no PIN, fingerprint or face', { unverified: true }],
      ['another site', { rpID: 'evil.example' }],
      ['another page', { origin: 'http://localhost:9999' }],
      ['another challenge', { challenge: 'A'.repeat(43) }],
      ['an enrolment', { type: 'webauthn.create' }],
      ['a page in a page', { crossOrigin: true }],
      ['a page in a page, without saying so', { topOrigin: 'http://evil.example' }],
      ['a key that nobody enrolled, which does not throw', { anotherKey: true }],
      ["somebody else's handle", { userHandle: Buffer.from(ben.id).toString('base64url') }],
      ['an id of nobody', { credentialID: 'AAAAAAAA' }],
    ]
    reached.length = 0
    for (const [what, lie] of lies) {
      const signed = await desk.sign(ana, intent, laptop, lie)
      const { code, body } = await desk.approve(ana, intent, signed)
      assert.equal(code, 'PASSKEY_REFUSED', `${what}: ${JSON.stringify(body)}`)
      assert.equal((await desk.intent(ana, 'lies')).state, 'AwaitingApproval', what)
    }
    const signed = await desk.sign(ana, intent, laptop)
    assert.deepEqual(reached, [], 'refused at the door')
    const torn = { ...signed, response: { ...signed.response, response: { signature: 'AA' } } }
    assert.equal(
      (await desk.post(ana, '/v1/intents/lies/approve', { digest: intent.digest, passkey: torn })).status,
      400,
    )
  })

  it("another person's passkey, and another session's challenge, prove nothing", async () => {
    const intent = await desk.propose('others', jax)
    reached.length = 0
    const bensOwn = await desk.sign(ben, intent, bens, { userHandle: Buffer.from(ana.id).toString('base64url') })
    assert.equal((await desk.approve(ana, intent, bensOwn)).code, 'PASSKEY_REFUSED')
    const ask = (await desk.begin(ana, intent)).body
    assert.equal((await desk.approve(ana, intent, answer(ask, bens))).code, 'PASSKEY_REFUSED')
    assert.deepEqual(reached, [], 'refused at the door')
    const elsewhere = await house.person('Ana', ALL, 'web')
    assert.equal(elsewhere.id, ana.id)
    const begun = await desk.sign(ana, intent, laptop)
    assert.equal((await desk.approve(elsewhere, intent, begun)).code, 'PASSKEY_REFUSED', 'begun in another session')
    assert.equal((await desk.approve(ben, intent, await desk.sign(ben, intent, bens))).body.state, 'Approved')
  })

  it('a challenge lives two minutes, and no longer than the order may be decided', async () => {
    const intent = await desk.propose('late', jax)
    const ask = (await desk.begin(ana, intent)).body
    const lives = Date.parse(String(ask.envelope?.['expires_at'])) - Date.parse(intent.receivedAt)
    assert.ok(lives >= 120_000 && lives < 121_000, String(lives))
    await house.advance(121_000)
    assert.equal((await desk.approve(ana, intent, answer(ask, laptop))).code, 'PASSKEY_REFUSED')
    const left = Date.parse(String(intent.decideBy)) - Date.parse(intent.receivedAt)
    await house.advance(left - 121_000 - 60_000)
    const last = (await desk.begin(ana, intent)).body
    assert.equal(String(last.envelope?.['expires_at']), intent.decideBy)
    await house.advance(61_000)
    assert.equal((await desk.begin(ana, intent)).code, 'APPROVAL_EXPIRED')
  })

  it('what the page would not let them do is not begun either', async () => {
    const own = await house.token('anas bot', AGENT, { owner: ana.id })
    const intent = await desk.propose('own', own)
    assert.equal((await desk.begin(ana, intent)).code, 'SELF_APPROVAL')
    assert.equal((await desk.begin(ana, { ...intent, digest: 'other' })).code, 'SELF_APPROVAL')
    assert.equal((await desk.begin(ben, { ...intent, digest: 'other' })).code, 'DIGEST_MISMATCH')
    assert.equal((await desk.begin(jax, intent)).code, 'FORBIDDEN')
    assert.equal((await desk.begin(ana, { ...intent, intentID: 'nothing' })).code, 'NOT_FOUND')
    const cli = await house.person('Ana', ALL, 'cli')
    const signed = await desk.propose('by-cli', jax)
    assert.equal((await desk.begin(cli, signed)).code, 'NO_PASSKEY')
    assert.match(JSON.stringify((await desk.intent(cli, 'by-cli')).can.approve), /Open its page in the browser/)
  })

  it('reached by an address, there is no passkey and the page says what to open', async () => {
    const byAddress = { host: '127.0.0.1:4810', origin: 'http://127.0.0.1:4810' }
    const access = (await house.ask({ url: '/v1/me/access', as: ana, headers: byAddress })).json<wire.Access>()
    assert.deepEqual(access.canEnrol, {
      ok: false,
      why: 'Passkeys work with names, and this page was opened by the address 127.0.0.1. Open it as http://localhost:4810 on the machine itself.',
    })
    const begun = await desk.post(ana, '/v1/me/passkeys/begin', { name: 'x' }, byAddress)
    assert.equal(begun.code, 'NO_PASSKEY')
  })

  it('a revoked one proves nothing, also when it was asked for before', async () => {
    const intent = await desk.propose('revoked', jax)
    const signed = await desk.sign(ana, intent, phone)
    const gone = await house.ask({ method: 'DELETE', url: `/v1/me/passkeys/${phone.credentialID}`, as: ana })
    assert.ok(gone.json<wire.Passkey>().revokedAt)
    reached.length = 0
    assert.equal((await desk.approve(ana, intent, signed)).code, 'PASSKEY_REFUSED')
    assert.deepEqual(reached, [], 'refused at the door')
    const ask = (await desk.begin(ana, intent)).body
    assert.deepEqual(
      (ask.options['allowCredentials'] as { id: string }[]).map(({ id }) => id),
      [laptop.credentialID],
    )
    const bensOwn = await house.ask({ method: 'DELETE', url: `/v1/me/passkeys/${bens.credentialID}`, as: ana })
    assert.equal(bensOwn.statusCode, 404)
  })

  it('two people with one each, where the policy asks for two', async () => {
    assert.equal((await desk.policy(ana, { level: 'L3', quorum: 2 })).body.state, 'Applied')
    const account = (await house.ask({ url: '/v1/account', as: ana })).json<wire.Account>()
    assert.equal(account.fourEyes, 'on')
    const intent = await desk.propose('two', jax)
    assert.deepEqual(intent.requires, { level: 'L3', quorum: 2, passkey: true, rules: ['all'] })
    const one = await desk.approve(ana, intent, await desk.sign(ana, intent, laptop))
    assert.deepEqual([one.body.state, one.body.votes.length], ['AwaitingApproval', 1])
    assert.deepEqual(one.body.can.approve, { ok: false, why: 'You said yes already; more people are asked.' })
    const again = await desk.approve(ana, intent, await desk.sign(ana, intent, laptop))
    assert.deepEqual([again.body.state, again.body.votes.length], ['AwaitingApproval', 1])
    const two = await desk.approve(ben, intent, await desk.sign(ben, intent, bens))
    assert.deepEqual([two.body.state, two.body.votes.map(({ byName }) => byName)], ['Approved', ['Ana', 'Ben']])
  })
})

describe('a live account', () => {
  let house: House
  let desk: Desk
  before(async () => {
    house = await openHouse({ environment: 'live', limits: { failedBurst: 1000, settleMs: 10 } })
    desk = new Desk(house)
  })
  after(() => house.close())

  it('takes a passkey from the start, and none on its first day', async () => {
    const jax = await house.token('jax', AGENT)
    const ana = await house.person('Ana', ALL, 'web')
    const device = softAuthenticator('ana')
    await desk.enrol(ana, device)
    // An agent says what decided a live order.
    const decided = { model: 'jax-large', model_version: '2026-11-02', artifact_id: 'run-1' }
    const intent = await desk.propose('live', jax, decided)
    assert.deepEqual(intent.requires, { level: 'L2', quorum: 1, passkey: true, rules: ['live'] })
    const early = await desk.begin(ana, intent)
    assert.equal(early.code, 'NO_PASSKEY')
    assert.match(JSON.stringify(early.body), /first day/)
    assert.equal((await desk.approve(ana, intent)).code, 'ASSURANCE_TOO_LOW')
    assert.equal((await desk.post(ana, '/v1/me/passkeys/begin', { name: 'x' })).code, 'NO_PASSKEY')

    await house.advance(25 * 3_600_000)
    const later = await house.person('Ana', ALL, 'web')
    const day = { ...decided, generated_at: '2026-11-25T15:59:50Z', expires_at: '2026-11-25T17:00:00Z' }
    const next = await desk.propose('next', jax, day)
    const approved = await desk.approve(later, next, await desk.sign(later, next, device))
    assert.equal(approved.body.state, 'Approved', JSON.stringify(approved.body))

    assert.equal((await desk.enrol(later, softAuthenticator('ana, phone'), device)).status, 201)
    const ask = (await desk.begin(later, await desk.propose('after', jax, day))).body
    assert.deepEqual(
      (ask.options['allowCredentials'] as { id: string }[]).map(({ id }) => id),
      [device.credentialID],
      'the new one is not asked for on its first day',
    )
  })

  it('behind TLS, a passkey is bound to the name by which the page was reached', async () => {
    const tls = await openHouse({
      served: { https: true, hosts: ['a.example', 'b.example'] },
      limits: { failedBurst: 1000 },
    })
    const web = await tls.person('Ana', ALL, 'web')
    const at = (name: string) => ({
      host: name,
      origin: `https://${name}`,
      cookie: web.headers['cookie']?.replace('jax_session', '__Host-jax_session') ?? '',
    })
    const there = new Desk(tls)
    const begun = await there.post<wire.EnrolAsk>(web, '/v1/me/passkeys/begin', { name: 'x' }, at('a.example'))
    const made = softAuthenticator('ana').create({
      rpID: 'a.example',
      origin: 'https://a.example',
      challenge: challengeIn(begun.body),
      userID: 'eA',
    })
    assert.equal((await there.post(web, '/v1/me/passkeys', { name: 'x', response: made }, at('a.example'))).status, 201)
    const other = await there.post<wire.Problem>(web, '/v1/me/passkeys/begin', { name: 'x' }, at('b.example'))
    assert.equal(other.code, 'NO_PASSKEY')
    assert.match(other.body.detail, /were made for a\.example, and this page was opened as b\.example/)
    await tls.close()
  })
})

describe('put off and sent back', () => {
  let house: House
  let desk: Desk
  let jax: As
  let ana: As
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10, waitingOfOne: 3 } })
    desk = new Desk(house)
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ALL, 'web')
  })
  after(() => house.close())

  it('changes nothing but what is said of the order', async () => {
    const intent = await desk.propose('aside', jax)
    const until = '2026-11-24T15:03:00Z'
    const snoozed = await desk.post<wire.Intent>(ana, '/v1/intents/aside/snooze', { until, reason: 'after the call' })
    assert.deepEqual(
      snoozed.body.asides.map(({ kind, byName, text, until: end }) => [kind, byName, text, end]),
      [['snoozed', 'Ana', 'after the call', '2026-11-24T15:03:00.000000Z']],
    )
    const back = await desk.post<wire.Intent>(ana, '/v1/intents/aside/reanalyse', { note: 'and the earnings?' })
    assert.equal(back.body.asides[1]?.text, 'and the earnings?')
    assert.deepEqual(
      [back.body.state, back.body.digest, back.body.decideBy],
      ['AwaitingApproval', intent.digest, intent.decideBy],
    )
    assert.equal(
      (await desk.post(ana, '/v1/intents/aside/snooze', { until: '2026-11-24T14:00:00Z' })).code,
      'INVALID_REQUEST',
    )
    assert.equal((await desk.post(jax, '/v1/intents/aside/snooze', { until })).code, 'FORBIDDEN')
    const story = (await house.ask({ url: '/v1/intents/aside/story', as: jax })).json<wire.Story>()
    assert.ok(
      story.events.some(({ action, text }) => action === 'intent.put-aside' && text.includes('and the earnings?')),
    )
    assert.equal((await desk.approve(ana, intent)).body.state, 'Approved')
    assert.equal((await desk.post(ana, '/v1/intents/aside/reanalyse', { note: 'x' })).code, 'NOT_PENDING')
  })

  it('nobody can bury people in orders: one proposer has only so many waiting', async () => {
    const ids = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6']
    const signal = (id: string) => ({ ...SIGNAL, id, symbol: id.toUpperCase(), stop_loss: 160 })
    for (const id of [...ids, 'o1', 'p7']) await house.facts(id.toUpperCase())
    const asks = ids.map((id) => desk.post<wire.Problem>(jax, '/v1/intents', signal(id)))
    const answers = await Promise.all(asks)
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [201, 201, 201, 429, 429, 429],
    )
    const refused = answers.find(({ status }) => status === 429)
    assert.equal(refused?.code, 'TOO_MANY_WAITING')
    assert.match(refused?.body.detail ?? '', /^3 orders of jax wait for people already/)
    assert.equal((await desk.post(jax, '/v1/intents', signal('p1'))).status, 200, 'a repeat is answered')
    const other = await house.token('other', AGENT)
    assert.equal((await desk.post(other, '/v1/intents', signal('o1'))).status, 201, 'others are not kept out')
    await desk.post(ana, '/v1/intents/p1/decline', { reason: 'no' })
    assert.equal((await desk.post(jax, '/v1/intents', signal('p7'))).status, 201)
  })

  it('statistics tell how it went', async () => {
    const body = (await house.ask({ url: '/v1/approvals/statistics', as: ana })).json<wire.ApprovalStatistics>()
    assert.deepEqual([body.asked, body.approved, body.declined, body.expired], [6, 1, 1, 0])
    assert.deepEqual(
      body.byPerson.map(({ byName, approved, declined }) => [byName, approved, declined]),
      [['Ana', 1, 1]],
    )
    assert.equal((await house.ask({ url: '/v1/approvals/statistics', as: jax })).statusCode, 403)
    const later = '2026-11-25T00:00:00Z'
    const none = (
      await house.ask({ url: `/v1/approvals/statistics?since=${later}`, as: ana })
    ).json<wire.ApprovalStatistics>()
    assert.deepEqual([none.asked, none.decidedInMs], [0, null])
  })
})

describe('changes of the house', () => {
  let house: House
  let desk: Desk
  let ana: As
  let ben: As
  let cara: As
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10 } })
    desk = new Desk(house)
    ana = await house.person('Ana', ALL, 'web')
    ben = await house.person('Ben', ['risk'], 'web')
    cara = await house.person('Cara', ['trader'], 'web')
    await desk.confirm(ana, ben, ['risk'])
  })
  after(() => house.close())
  const decide = (as: As, change: wire.Change, verb: 'approve' | 'decline', body: object = {}) =>
    desk.post<wire.Change>(as, `/v1/changes/${change.changeID}/${verb}`, {
      ...(verb === 'approve' ? { digest: change.digest } : { reason: 'no' }),
      ...body,
    })
  const approvals = async (): Promise<wire.Approvals> =>
    (await house.ask({ url: '/v1/approvals', as: cara })).json<wire.Approvals>()

  it('everybody who is signed in sees the policy', async () => {
    const seen = await approvals()
    assert.deepEqual([seen.policy.version, seen.fourEyes, seen.approvers, seen.governors], [0, 'off', 2, 2])
    assert.equal((await house.ask({ url: '/v1/approvals', as: await house.token('jax', AGENT) })).statusCode, 403)
  })

  it('a policy is proposed by one and agreed to by another', async () => {
    const proposed = await desk.policy(ana, { quorum: 2 })
    assert.equal(proposed.status, 201, JSON.stringify(proposed.body))
    assert.deepEqual([proposed.status, proposed.body.state, proposed.body.votes.length], [201, 'Waiting', 0])
    assert.equal(proposed.body.can.approve.ok, false)
    assert.deepEqual(proposed.body.can.decline, { ok: true })
    assert.equal((await decide(ana, proposed.body, 'approve')).code, 'SELF_APPROVAL')
    assert.equal((await decide(cara, proposed.body, 'approve')).code, 'FORBIDDEN')
    assert.equal((await decide(ben, { ...proposed.body, digest: 'another' }, 'approve')).code, 'DIGEST_MISMATCH')
    const seen = (await house.ask({ url: `/v1/changes/${proposed.body.changeID}`, as: ben })).json<wire.Change>()
    assert.deepEqual(seen.can.approve, { ok: true })
    const agreed = await decide(ben, proposed.body, 'approve')
    assert.deepEqual([agreed.body.state, agreed.body.votes[0]?.byName], ['Applied', 'Ben'])
    assert.deepEqual([(await approvals()).policy.version, (await approvals()).policy.rules[0]?.quorum], [1, 2])
  })

  it('what was looked at must still be there', async () => {
    const stale = {
      version: 0,
      rules: [{ name: 'x', level: 'L1', quorum: 1 }],
      autoMaxNotional: null,
      changes: { level: 'L1', quorum: 1 },
    }
    const ask = { what: { kind: 'approval policy', policy: stale }, reason: 'x' }
    assert.equal((await desk.post(ana, '/v1/changes', ask)).code, 'STALE_CHANGE')
    const { version: _, ...now } = stale
    const made = await desk.post<wire.Change>(ana, '/v1/changes', { ...ask, what: { ...ask.what, policy: now } })
    assert.equal(made.body.what.kind === 'approval policy' && made.body.what.policy.version, 2)
    assert.equal((await decide(ana, made.body, 'decline')).body.state, 'Declined')
    const unfit = { ...ask, what: { ...ask.what, policy: { ...now, rules: [] } } }
    assert.equal((await desk.post(ana, '/v1/changes', unfit)).code, 'POLICY_FAULT')
  })

  it('hours and escalation go the whole way: proposed, read, refused in words, told of', async () => {
    const { policy } = await approvals()
    const coverage = { zone: 'America/New_York', days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '23:59' }
    const propose = (change: object) =>
      desk.post<wire.Change>(ana, '/v1/changes', {
        what: { kind: 'approval policy', policy: { ...policy, ...change } },
        reason: 'x',
      })
    const wrong = { ...coverage, zone: 'Wall Street', until: '00:00' }
    const refused = await propose({ coverage: wrong, escalateAfterMs: 4_000 })
    assert.equal(refused.code, 'POLICY_FAULT')
    const said = JSON.stringify(refused.body)
    assert.match(said, /is no time zone.*begins and ends at the same time.*escalated after 4000 ms/s)
    assert.equal((await propose({ coverage: { ...coverage, days: [0] } })).status, 400)
    const made = await propose({ coverage, escalateAfterMs: 60_000 })
    const { what } = made.body
    assert.ok(what.kind === 'approval policy')
    assert.deepEqual([what.policy.coverage, what.policy.escalateAfterMs], [coverage, 60_000])
    await decide(ben, made.body, 'approve')
    const now = (await approvals()).policy
    assert.deepEqual([now.coverage, now.escalateAfterMs], [coverage, 60_000])

    const asked = await desk.propose('esc-1', await house.token('jax-2', AGENT))
    assert.deepEqual([asked.escalatedAt, asked.undecidedMs], [null, null])
    await house.advance(61_000)
    await house.desk.escalate(asked.intentID as never)
    const late = await desk.intent(ana, 'esc-1')
    assert.deepEqual([late.escalatedAt !== null, late.undecidedMs], [true, 60_000])
    assert.match(late.summary, /^Nobody has decided for 60 s\. /)
    const story = (await house.ask({ url: '/v1/intents/esc-1/story', as: ana })).json<wire.Story>()
    assert.match(
      story.events.find(({ action }) => action === 'intent.escalated')?.text ?? '',
      /^It has waited for 61 s, and 2 yeses are missing: further people are told\.$/,
    )
    const without = await propose({ version: now.version, coverage: null, escalateAfterMs: null })
    await decide(ben, without.body, 'approve')
    const after = (await approvals()).policy
    assert.deepEqual([after.coverage, after.escalateAfterMs], [undefined, undefined])
  })

  it('four eyes are on once every order takes two people', async () => {
    const policy = {
      rules: [{ name: 'all', level: 'L1', quorum: 2 }],
      autoMaxNotional: null,
      changes: { level: 'L1', quorum: 1 },
    }
    const made = await desk.post<wire.Change>(ana, '/v1/changes', {
      what: { kind: 'approval policy', policy },
      reason: 'x',
    })
    await decide(ben, made.body, 'approve')
    assert.equal((await approvals()).fourEyes, 'on')
    assert.equal((await house.ask({ url: '/v1/account', as: ana })).json<wire.Account>().fourEyes, 'on')
  })

  it('people: what takes power away is done at once, and what gives it is not', async () => {
    const person = (roles: string[], disabled = false) => ({
      what: { kind: 'person', personID: cara.id, roles, disabled },
      reason: 'holidays',
    })
    const more = await desk.post<wire.Change>(ana, '/v1/changes', person(['approver', 'trader']))
    assert.deepEqual([more.body.state, more.body.proposer, more.body.proposerName], ['Waiting', ana.id, 'Ana'])
    assert.deepEqual(more.body.what, {
      kind: 'person',
      personID: cara.id,
      name: 'Cara (new)',
      before: { roles: ['trader'], disabled: false },
      after: { roles: ['trader', 'approver'], disabled: false },
    })
    assert.equal((await decide(ben, more.body, 'approve')).body.state, 'Applied')
    assert.deepEqual((await house.ask({ url: '/v1/me', as: cara })).json<wire.Me>().roles, ['trader', 'approver'])
    const out = await desk.post<wire.Change>(ben, '/v1/changes', person(['trader'], true))
    assert.equal(out.body.state, 'Applied')
    assert.equal((await house.ask({ url: '/v1/me', as: cara })).statusCode, 401, 'out at once')
    const nobody = { ...person([]), what: { ...person([]).what, personID: 'usr_none' } }
    assert.equal((await desk.post(ana, '/v1/changes', nobody)).code, 'NOT_FOUND')
  })

  it('a passkey of somebody else is revoked by a change', async () => {
    const device = softAuthenticator('ben')
    assert.equal((await desk.enrol(ben, device)).status, 201)
    const passkeys = async (as: As) => {
      const { items } = (await house.ask({ url: '/v1/people', as })).json<{ items: wire.Person[] }>()
      return items.find(({ personID }) => personID === ben.id)?.passkeys
    }
    const trader = await house.person('Dora', ['trader'], 'web')
    assert.equal(await passkeys(trader), undefined, 'whoever cannot revoke them does not see them')
    const [listed, ...others] = (await passkeys(ana)) ?? []
    assert.deepEqual([listed?.credentialID, listed?.name, others], [device.credentialID, 'laptop', []])
    const what = { kind: 'passkey revoked', credentialID: device.credentialID }
    const made = await desk.post<wire.Change>(ana, '/v1/changes', { what, reason: 'lost' })
    assert.deepEqual([made.body.state, made.body.what.kind], ['Applied', 'passkey revoked'])
    assert.ok((await house.ask({ url: '/v1/me/access', as: ben })).json<wire.Access>().passkeys[0]?.revokedAt)
    assert.deepEqual(await passkeys(ana), [])
  })

  it('where it takes a passkey, it is signed like an order', async () => {
    // Whoever lost the last passkey is to be confirmed like somebody new.
    await desk.confirm(ana, ben, ['risk'])
    const policy = {
      rules: [{ name: 'all', level: 'L1', quorum: 1 }],
      autoMaxNotional: '1000',
      changes: { level: 'L2', quorum: 1 },
    }
    const first = await desk.post<wire.Change>(ana, '/v1/changes', {
      what: { kind: 'approval policy', policy },
      reason: 'x',
    })
    await decide(ben, first.body, 'approve')
    const device = softAuthenticator('ben, new')
    assert.equal((await desk.enrol(ben, device)).status, 201)
    const next = await desk.post<wire.Change>(ana, '/v1/changes', {
      what: { kind: 'approval policy', policy },
      reason: 'x',
    })
    assert.equal(next.body.requires.passkey, true)
    assert.equal((await decide(ben, next.body, 'approve')).code, 'ASSURANCE_TOO_LOW')
    const ask = await desk.post<wire.PasskeyAsk>(ben, `/v1/changes/${next.body.changeID}/approve/begin`, {
      digest: next.body.digest,
    })
    assert.equal(ask.body.envelope?.['purpose'], 'jax.change')
    const agreed = await decide(ben, next.body, 'approve', { passkey: answer(ask.body, device) })
    assert.deepEqual([agreed.body.state, agreed.body.votes[0]?.with], ['Applied', 'passkey'])
  })

  it('whatever stands where a signature should is told, and breaks nothing', async () => {
    const begun = await desk.post<wire.PasskeyAsk>(ben, '/v1/me/passkeys/begin', { name: 'x' })
    assert.equal(begun.status, 200)
    const good = softAuthenticator('x').get({ ...SITE, challenge: 'A'.repeat(43) })
    const nasty = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ envelope: fc.jsonValue({ maxDepth: 1 }), response: fc.constant(good) }),
      fc.record({
        envelope: fc.constant({ v: 1 }),
        response: fc.record({
          id: fc.constantFrom('AAAA', '', '=', '__proto__', 'A'.repeat(20_000)),
          rawId: fc.constantFrom('AAAA', ''),
          type: fc.constantFrom('public-key', 'x'),
          response: fc.jsonValue({ maxDepth: 2 }),
        }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(nasty, async (passkey) => {
        if (passkey === null) return
        const decision = await desk.post<wire.Problem>(ben, '/v1/changes/chg_none/approve', { digest: 'x', passkey })
        assert.ok(decision.status === 400 || decision.status === 403, JSON.stringify(decision.body))
        const made = await desk.post<wire.Problem>(ben, '/v1/me/passkeys', { name: 'x', response: passkey })
        assert.ok(made.status === 400 || made.status === 403, JSON.stringify(made.body))
      }),
      { numRuns: 100 },
    )
  })

  it('one that nobody decides has lapsed when its time is over', async () => {
    const policy = {
      rules: [{ name: 'all', level: 'L1', quorum: 1 }],
      autoMaxNotional: null,
      changes: { level: 'L1', quorum: 1 },
    }
    await desk.post<wire.Change>(ana, '/v1/changes', { what: { kind: 'approval policy', policy }, reason: 'x' })
    const list = async (state: string) =>
      (await house.ask({ url: `/v1/changes?state=${state}`, as: await house.person('Ana', ALL, 'web') })).json<{
        items: wire.Change[]
      }>().items
    assert.deepEqual([(await list('Waiting')).length, (await list('Lapsed')).length], [1, 0])
    await house.advance(25 * 3_600_000)
    assert.deepEqual([(await list('Waiting')).length, (await list('Lapsed')).length], [0, 1])
  })

  it('a body that is wrong is told where', async () => {
    const as = await house.person('Ana', ALL, 'web')
    const rows: readonly (readonly [what: unknown, path: string])[] = [
      [{ kind: 'something' }, '$.what.kind'],
      [{ kind: 'person', personID: 'usr_x', roles: ['boss'], disabled: false }, '$.what.roles.0'],
      [{ kind: 'person', personID: 'usr_x', roles: [], disabled: 'no' }, '$.what.disabled'],
      [{ kind: 'person', personID: 'usr_x', roles: [], disabled: false, admin: true }, '$.what.admin'],
      [
        {
          kind: 'approval policy',
          policy: {
            rules: [{ name: 'x', level: 'L9', quorum: 1 }],
            autoMaxNotional: null,
            changes: { level: 'L1', quorum: 1 },
          },
        },
        '$.what.policy.rules.0.level',
      ],
      [
        { kind: 'approval policy', policy: { rules: [], autoMaxNotional: -1, changes: { level: 'L1', quorum: 1.5 } } },
        '$.what.policy.autoMaxNotional',
      ],
      [null, '$.what'],
    ]
    for (const [what, path] of rows) {
      const { body } = await desk.post<wire.Problem>(as, '/v1/changes', { what, reason: 'x' })
      assert.equal(body.code, 'INVALID_REQUEST')
      assert.ok(
        body.errors?.some((error) => error.path === path),
        `${path}: ${JSON.stringify(body.errors)}`,
      )
    }
  })
})

describe('armed strategies', () => {
  let house: House
  let desk: Desk
  let jax: As
  let ana: As
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10 } })
    desk = new Desk(house)
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ALL, 'web')
  })
  after(() => house.close())
  const bounds = {
    strategyID: 'breakout',
    symbols: ['AAPL', 'AAPL'],
    maxNotional: '900',
    maxCount: 2,
    until: '2026-11-24T20:00:00Z',
  }

  it('are armed within bounds, seen, and disarmed at once', async () => {
    const armed = await desk.post<wire.Arming>(ana, '/v1/approvals/arm', bounds)
    assert.deepEqual([armed.status, armed.body.symbols, armed.body.byName, armed.body.count], [201, ['AAPL'], 'Ana', 0])
    const tooMuch = await desk.post(ana, '/v1/approvals/arm', { ...bounds, maxNotional: '100000' })
    assert.equal(tooMuch.code, 'POLICY_FAULT')
    assert.equal((await desk.post(jax, '/v1/approvals/arm', bounds)).code, 'FORBIDDEN')
    const trader = await house.person('Tom', ['trader'], 'web')
    assert.equal((await desk.post(trader, '/v1/approvals/arm', bounds)).code, 'FORBIDDEN')
    const seen = async () => (await house.ask({ url: '/v1/approvals', as: ana })).json<wire.Approvals>().armed
    assert.deepEqual(
      (await seen()).map(({ disarmedAt }) => disarmedAt),
      [null],
    )
    const url = `/v1/approvals/arm/${armed.body.armingID}`
    assert.equal((await house.ask({ method: 'DELETE', url, as: jax })).statusCode, 403)
    const off = (await house.ask({ method: 'DELETE', url, as: trader })).json<wire.Arming>()
    assert.ok(off.disarmedAt, 'the safe direction is open to more people')
    assert.equal((await seen())[0]?.why, 'Disarmed by hand.')
    assert.equal((await house.ask({ method: 'DELETE', url: '/v1/approvals/arm/arm_none', as: ana })).statusCode, 404)
  })

  it('end with their time, whoever comes by', async () => {
    await desk.post<wire.Arming>(ana, '/v1/approvals/arm', { ...bounds, until: '2026-11-24T15:10:00Z' })
    await house.advance(11 * 60_000)
    const { armed } = (await house.ask({ url: '/v1/approvals', as: ana })).json<wire.Approvals>()
    assert.ok(
      armed.some(({ why, disarmedAt }) => why === 'Its time is over.' && disarmedAt === '2026-11-24T15:10:00.000000Z'),
    )
  })
})

describe("one's own access", () => {
  let house: House
  let ana: As
  let ben: As
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000 } })
    ana = await house.person('Ana', ALL, 'web')
    ben = await house.person('Ben', ['trader'], 'web')
  })
  after(() => house.close())
  const access = async (as: As): Promise<wire.Access> =>
    (await house.ask({ url: '/v1/me/access', as })).json<wire.Access>()

  it('a link code opens no session, links one chat account, and is used once', async () => {
    const made = await house.ask({ method: 'POST', url: '/v1/me/link-codes', as: ben, body: {} })
    assert.equal(made.statusCode, 201)
    const { code } = made.json<wire.SigninCode>()
    const signIn = await house.ask({ method: 'POST', url: '/v1/session', body: { code, name: 'Ben' } })
    assert.equal(signIn.json<wire.Problem>().code, 'CODE_INVALID')
    const user = { provider: 'slack', tenant: 'T0JAX', user: 'U0BEN' } as const
    const link = () => house.desk.linkUser({ codeHash: codeHash(code), user, via: 'slack' })
    assert.equal((await link()).ok, true)
    assert.equal((await link()).ok, false)
    const [linked] = (await access(ben)).links
    assert.deepEqual([linked?.linkID, linked?.provider, linked?.endedAt], ['slack:T0JAX:U0BEN', 'slack', null])
    assert.deepEqual((await access(ana)).links, [])
    const end = (as: As) => house.ask({ method: 'DELETE', url: '/v1/me/links/slack:T0JAX:U0BEN', as })
    const cara = await house.person('Cara', ['trader'], 'web')
    assert.equal((await end(cara)).statusCode, 404, 'not hers')
    assert.ok((await end(ana)).json<wire.Link>().endedAt, 'an admin may')
  })

  it('sessions are seen by the start of their hash, and ended one by one', async () => {
    const other = await house.person('Ben', ['trader'], 'cli')
    const sessions = (await access(ben)).sessions
    assert.deepEqual(sessions.map(({ via, current }) => `${via} ${current}`).sort(), ['cli false', 'web true'])
    const cli = sessions.find(({ via }) => via === 'cli')
    const url = `/v1/me/sessions/${cli?.id}`
    assert.equal((await house.ask({ method: 'DELETE', url, as: ana })).statusCode, 404, 'not hers')
    assert.equal((await house.ask({ method: 'DELETE', url, as: ben })).statusCode, 204)
    assert.equal((await house.ask({ url: '/v1/me', as: other })).statusCode, 401)
    assert.equal((await access(ben)).sessions.length, 1)
  })

  it('is for people, and never for tokens', async () => {
    const jax = await house.token('jax', [...AGENT, 'access:own'])
    assert.equal((await house.ask({ url: '/v1/me/access', as: jax })).statusCode, 403)
    assert.equal((await house.ask({ method: 'POST', url: '/v1/me/link-codes', as: jax, body: {} })).statusCode, 403)
  })
})
