import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { softAuthenticator } from '../../test/soft-authenticator.ts'
import { AGENT, personActor, World } from '../../test/scenarios/world.ts'
import type { ChannelUser } from '../approvals/evidence.ts'
import type { Actor } from '../journal/row.ts'
import type { Challenge } from '../ports/records.ts'
import { instant, plusMs } from '../values/instant.ts'
import { enrols, type Enrolment } from './identities.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

async function house(): Promise<World> {
  const w = new World()
  w.awake = false
  await w.open()
  return w
}
type Done = { ok: true } | { ok: false; error: { code: string } }
const said = (done: Done): string => (done.ok ? 'ok' : done.error.code)

/** What a browser hands in for a new passkey of ana, with a challenge that was made for it. */
async function enrolment(
  w: World,
  device: string,
  of: { asked?: Partial<Challenge>; gives?: Partial<Enrolment> } = {},
): Promise<Enrolment> {
  const soft = softAuthenticator(device)
  const challenge = Buffer.alloc(32, device).toString('base64url')
  const expiresAt = plusMs(w.clock.now(), MINUTE_MS)
  const asked = {
    challenge,
    personID: 'ana',
    session: 'scenario',
    purpose: 'enrol',
    envelope: null,
    expiresAt,
  } as const
  await w.desk.ask({ ...asked, ...of.asked })
  return {
    challenge,
    credentialID: soft.credentialID,
    key: soft.publicKey,
    rpID: 'localhost',
    name: device,
    device: 'single',
    backedUp: false,
    transports: ['internal'],
    counter: 0,
    actor: personActor('ana'),
    ...of.gives,
  }
}

describe('a passkey is enrolled', () => {
  it('by its owner, and approves live from the next day on', async () => {
    const w = await house()
    const done = await w.desk.enrolPasskey(await enrolment(w, 'laptop'))
    assert.ok(done.ok)
    const { personID, createdAt, liveFrom, revokedAt } = done.value
    assert.deepEqual(
      [personID, revokedAt, createdAt, liveFrom],
      ['ana', null, w.clock.now(), plusMs(createdAt, DAY_MS)],
    )
    const [task, ...more] = await w.store.all('task')
    assert.equal(task?.text, 'A first passkey, "laptop", was enrolled for ana. If that was not ana, revoke it.')
    assert.equal(more.length, 0)
  })

  /** A session of `name` that a code of `by` opened; null: of the machine's. */
  async function session(w: World, name: string, by: Actor, nth: string): Promise<Actor> {
    const expiresAt = plusMs(w.clock.now(), DAY_MS)
    const sessionHash = nth.repeat(64)
    await w.desk.issueCode({ hash: `code ${nth}`, expiresAt, actor: by })
    const ask = { codeHash: `code ${nth}`, name, roles: [], sessionHash, csrf: 'x', via: 'web', expiresAt } as const
    const actor: Actor = { type: 'person', id: name, via: 'web', session: sessionHash.slice(0, 16) }
    const opened = await w.desk.redeemCode({ ...ask, actor })
    assert.ok(opened.ok)
    return { ...actor, id: opened.value.personID }
  }
  const enrolsIn = (w: World, actor: Actor, device = 'laptop') => {
    const { id: personID, session } = actor
    return enrolment(w, device, { asked: { personID, session: session ?? '' }, gives: { actor } })
  }
  const MACHINE: Actor = { type: 'system', id: 'gateway', via: 'start', session: null }
  /** By whose code; whether its owner counts for single clicks from then on, and whether somebody is told of the session. */
  const MAKERS: readonly (readonly [what: string, open: (w: World) => Promise<Actor>, isNew: boolean])[] = [
    ['of the machine', (w) => session(w, 'ana', MACHINE, 'a'), false],
    ['of their own', (w) => session(w, 'ana', personActor('ana'), 'a'), false],
    ['of an admin', (w) => session(w, 'ana', personActor('ad'), 'a'), true],
    [
      'of their own, made in a session that a code of an admin opened',
      async (w) => session(w, 'ana', await session(w, 'ana', personActor('ad'), 'a'), 'b'),
      true,
    ],
    [
      'of an admin, made in a session that a code of theirs opened',
      async (w) => session(w, 'ana', await session(w, 'ad', personActor('ana'), 'a'), 'b'),
      false,
    ],
  ]
  for (const [what, open, isNew] of MAKERS)
    it(`as the first, in a session by a code ${what}: its owner is ${isNew ? 'new' : 'who they were'}`, async () => {
      const w = await house()
      const done = await w.desk.enrolPasskey(await enrolsIn(w, await open(w)))
      assert.equal(said(done), 'ok')
      const { newcomer, newSince } = (await w.store.get('person', 'ana')) ?? assert.fail()
      assert.deepEqual([newcomer, newSince], isNew ? [true, w.clock.now()] : [undefined, undefined])
      const tasks = await w.store.all('task')
      const text = tasks.find(({ kind }) => kind === 'PASSKEY_ENROLLED')?.text ?? ''
      assert.equal(/opened with a code that ad made.*single clicks/.test(text), isNew)
      if (isNew) assert.ok(tasks.some(({ taskID }) => taskID === 'SIGNED_IN_BY_CODE:ana:ad'))
    })
  it('as a further one, also in a session by the code of another: its owner is who they were', async () => {
    const w = await house()
    await w.enrol('ana')
    const actor = await session(w, 'ana', personActor('ad'), 'a')
    const one = await enrolsIn(w, actor)
    assert.equal(said(await w.desk.enrolPasskey(one)), 'ASSURANCE_TOO_LOW')
    assert.equal((await w.store.get('person', 'ana'))?.newcomer, undefined)
  })
  it('in a session by an account that was linked in one by the code of another, as there', async () => {
    const w = await house()
    await session(w, 'ana', personActor('ad'), 'a')
    const account = { provider: 'oidc', tenant: 'https://id.example', user: 'u1' } as const
    const actor: Actor = { type: 'person', id: 'ana', via: 'web', session: 'a'.repeat(16) }
    assert.ok((await w.desk.linkAccount({ account, sessionHash: 'a'.repeat(64), actor })).ok)
    const expiresAt = plusMs(w.clock.now(), DAY_MS)
    assert.ok((await w.desk.openByAccount({ account, sessionHash: 'c'.repeat(64), csrf: 'x', expiresAt })).ok)
    assert.equal(said(await w.desk.enrolPasskey(await enrolsIn(w, { ...actor, session: 'c'.repeat(16) }))), 'ok')
    assert.equal((await w.store.get('person', 'ana'))?.newcomer, true)
  })
  it('and whoever is alone confirms themselves', async () => {
    const w = new World()
    w.awake = false
    w.cast = { ana: ['approver', 'admin'], ad: ['admin'] }
    await w.open()
    await w.desk.enrolPasskey(await enrolsIn(w, await session(w, 'ana', personActor('ad'), 'a')))
    const before = { roles: ['admin'], disabled: false } as const
    await w.agreed({ kind: 'person', personID: 'ad', before, after: { ...before, disabled: true } }, 'ana')
    w.clock.advance(DAY_MS)
    const { roles } = (await w.store.get('person', 'ana')) ?? assert.fail()
    const as = { roles, disabled: false }
    await w.agreed({ kind: 'person', personID: 'ana', before: as, after: as }, 'ana')
    assert.equal((await w.store.get('person', 'ana'))?.newcomer, undefined)
  })

  type Row = readonly [name: string, of: Parameters<typeof enrolment>[2], code: string]
  const expired = (w: World) => ({ expiresAt: instant(w.clock.now() - 1) })
  // biome-ignore format: a table reads in columns
  const rows: readonly Row[] = [
    ['not by an agent',                           { gives: { actor: AGENT } },                                     'NOT_ELIGIBLE'],
    ['not by an agent of that name',              { gives: { actor: { ...AGENT, id: 'ana' } } },                   'NOT_ELIGIBLE'],
    ['not by nobody',                             { gives: { actor: personActor('eve') } },                        'NOT_ELIGIBLE'],
    ['not with the challenge of somebody else',   { gives: { actor: personActor('bo') } },                         'PASSKEY_REFUSED'],
    ['not in another session',                    { gives: { actor: { ...personActor('ana'), session: 'x' } } },   'PASSKEY_REFUSED'],
    ['not with the challenge of a decision',      { asked: { purpose: 'decide' } },                                'PASSKEY_REFUSED'],
    ['not with a challenge that nobody made',     { gives: { challenge: 'AAAA' } },                                'PASSKEY_REFUSED'],
    ['not with an id of 1024 bytes',              { gives: { credentialID: 'A'.repeat(1366) } },                   'PASSKEY_REFUSED'],
    ['not with a key of another kind',            { gives: { key: { alg: -7, jwk: { kty: 'EC' } } as never } },    'PASSKEY_REFUSED'],
  ]
  for (const [name, of, code] of rows)
    it(`${name}: ${code}`, async () => {
      const w = await house()
      assert.equal(said(await w.desk.enrolPasskey(await enrolment(w, 'laptop', of))), code)
      assert.deepEqual(await w.store.all('passkey'), [])
    })
  it('not after its challenge has ended', async () => {
    const w = await house()
    assert.equal(
      said(await w.desk.enrolPasskey(await enrolment(w, 'laptop', { asked: expired(w) }))),
      'PASSKEY_REFUSED',
    )
  })
  it('with an id of 1023 bytes', async () => {
    const w = await house()
    const long = await enrolment(w, 'laptop', { gives: { credentialID: 'A'.repeat(1364) } })
    assert.equal(said(await w.desk.enrolPasskey(long)), 'ok')
  })
  it('not twice with one challenge', async () => {
    const w = await house()
    const once = await enrolment(w, 'laptop')
    assert.equal(said(await w.desk.enrolPasskey(once)), 'ok')
    const other = softAuthenticator('other')
    const again = { ...once, credentialID: other.credentialID, key: other.publicKey }
    assert.equal(said(await w.desk.enrolPasskey(again)), 'PASSKEY_REFUSED')
  })
  it('not for a second person', async () => {
    const w = await house()
    assert.equal(said(await w.enrol('ana', { device: 'shared' })), 'ok')
    assert.equal(said(await w.enrol('bo', { device: 'shared' })), 'PASSKEY_REFUSED')
  })
  it('not by somebody disabled', async () => {
    const w = await house()
    const one = await enrolment(w, 'laptop')
    await w.access('ana', ['approver'], true)
    assert.equal(said(await w.desk.enrolPasskey(one)), 'NOT_ELIGIBLE')
  })
})

describe('a further passkey', () => {
  it('takes the word of one that is there, and somebody hears of it', async () => {
    const w = await house()
    await w.enrol('ana')
    assert.equal(said(await w.enrol('ana', { device: 'phone' })), 'ASSURANCE_TOO_LOW')
    assert.equal(said(await w.enrol('ana', { device: 'phone', by: 'ana' })), 'ok')
    assert.deepEqual(
      (await w.store.all('task')).map((task) => task.kind),
      ['PASSKEY_ENROLLED', 'PASSKEY_ENROLLED'],
    )
  })
  it('takes the word of one’s own', async () => {
    const w = await house()
    await w.enrol('ana')
    await w.enrol('bo')
    assert.equal(said(await w.enrol('ana', { device: 'phone', by: 'bo' })), 'PASSKEY_REFUSED')
  })
  it('is not vouched for by a signature over another one, or over an order', async () => {
    const w = await house()
    await w.enrol('ana')
    const one = await enrolment(w, 'phone')
    const other = Buffer.alloc(32, 'other').toString('base64url')
    const wrong = [
      enrols('ana', other, 'paper'),
      { ...enrols('ana', one.challenge, 'paper'), decision: 'reject' } as const,
      enrols('bo', one.challenge, 'paper'),
    ]
    for (const what of wrong) {
      const again = await enrolment(w, 'phone')
      const evidence = await w.sign('ana', what)
      assert.equal(said(await w.desk.enrolPasskey({ ...again, evidence })), 'PASSKEY_REFUSED')
    }
  })
  it('after the last one was revoked, by whomever, is that of somebody new', async () => {
    const w = await house()
    await w.enrol('ana')
    const { credentialID = '' } = w.passkeys.get('ana') ?? {}
    // Whoever has the session alone can do this.
    assert.ok((await w.desk.revokePasskey({ credentialID, reason: 'lost', actor: personActor('ana') })).ok)
    assert.equal(said(await w.enrol('ana', { device: 'thief' })), 'ok')
    assert.equal((await w.store.get('person', 'ana'))?.newcomer, true)
  })
  it('beside one that stays leaves its owner who they are', async () => {
    const w = await house()
    await w.enrol('ana')
    await w.enrol('ana', { device: 'phone', by: 'ana' })
    const { credentialID = '' } = w.passkeys.get('ana') ?? {}
    await w.desk.revokePasskey({ credentialID, reason: 'old', actor: personActor('ana') })
    assert.equal((await w.store.get('person', 'ana'))?.newcomer, undefined)
  })
})

describe('a passkey is revoked', () => {
  it('by its owner, once', async () => {
    const w = await house()
    await w.enrol('ana')
    const { credentialID = '' } = w.passkeys.get('ana') ?? {}
    const ask = { credentialID, reason: 'lost' }
    for (const name of ['bo', 'ad', 'rik'])
      assert.equal(said(await w.desk.revokePasskey({ ...ask, actor: personActor(name) })), 'NOT_FOUND')
    assert.equal(said(await w.desk.revokePasskey({ ...ask, actor: { ...AGENT, id: 'ana' } })), 'NOT_FOUND')
    assert.equal(said(await w.desk.revokePasskey({ ...ask, actor: personActor('ana') })), 'ok')
    const head = await w.store.head()
    assert.equal(said(await w.desk.revokePasskey({ ...ask, actor: personActor('ana') })), 'ok')
    assert.deepEqual(await w.store.head(), head)
  })
  it('by a governor, as a change', async () => {
    const w = await house()
    await w.enrol('ana')
    const { credentialID = '' } = w.passkeys.get('ana') ?? {}
    await w.agreed({ kind: 'passkey revoked', credentialID, personID: 'ana' }, 'rik')
    assert.equal((await w.store.get('passkey', credentialID))?.revokedAt, w.clock.now())
  })
})

describe('a chat user is linked', () => {
  const U1: ChannelUser = { provider: 'slack', tenant: 'T1', user: 'U1' }
  async function code(w: World, of: { links?: string; ms?: number } = { links: 'ana' }): Promise<string> {
    const { ms = MINUTE_MS, links } = of
    const expiresAt = plusMs(w.clock.now(), ms)
    await w.desk.issueCode({ hash: 'c1', expiresAt, ...(links && { links }), actor: personActor('ana') })
    return 'c1'
  }
  const link = async (w: World, user: ChannelUser = U1): Promise<string> =>
    said(await w.desk.linkUser({ codeHash: 'c1', user, via: 'slack' }))

  it('to whoever made the code, once', async () => {
    const w = await house()
    await code(w)
    assert.equal(await link(w), 'ok')
    assert.equal((await w.store.get('link', 'slack:T1:U1'))?.personID, 'ana')
    assert.equal(await link(w, { ...U1, user: 'U2' }), 'CODE_INVALID')
  })
  it('once also in one moment', async () => {
    const w = await house()
    await code(w)
    const both = await Promise.all([link(w), link(w, { ...U1, user: 'U2' })])
    assert.deepEqual(both, ['ok', 'CODE_INVALID'])
  })
  it('not with a code that signs in', async () => {
    const w = await house()
    await code(w, {})
    assert.equal(await link(w), 'CODE_INVALID')
  })
  it('and its code signs nobody in', async () => {
    const w = await house()
    await code(w)
    const expiresAt = plusMs(w.clock.now(), MINUTE_MS)
    const actor: Actor = { type: 'system', id: 'cli', via: 'cli', session: null }
    const ask = { codeHash: 'c1', name: 'ana', roles: [], sessionHash: 's', csrf: 'x', via: 'web' } as const
    assert.equal(said(await w.desk.redeemCode({ ...ask, expiresAt, actor })), 'CODE_INVALID')
  })
  it('not with a code that nobody made', async () => {
    assert.equal(await link(await house()), 'CODE_INVALID')
  })
  it('until the last moment of the code', async () => {
    const w = await house()
    await code(w)
    w.clock.advance(MINUTE_MS)
    assert.equal(await link(w), 'ok')
    const late = await house()
    await code(late)
    late.clock.advance(MINUTE_MS + 0.001)
    assert.equal(await link(late), 'CODE_INVALID')
  })
  it('not to somebody disabled', async () => {
    const w = await house()
    await code(w)
    await w.access('ana', ['approver'], true)
    assert.equal(await link(w), 'NOT_ELIGIBLE')
  })
  it('not to a second person while it is that of another', async () => {
    const w = await house()
    assert.equal(said(await w.link('ana', 'U1')), 'ok')
    assert.equal(said(await w.link('bo', 'U1')), 'NAME_TAKEN')
    assert.equal(said(await w.link('ana', 'U1')), 'ok')
    await w.desk.endLink({ linkID: w.linkID('U1'), reason: 'over', actor: personActor('ana') })
    assert.equal(said(await w.link('bo', 'U1')), 'ok')
  })
  it('and everybody is told, once', async () => {
    const w = await house()
    await w.link('ana', 'U1')
    const tasks = async () => (await w.store.all('task')).filter(({ kind }) => kind === 'ACCOUNT_LINKED')
    const [task, ...more] = await tasks()
    assert.match(task?.text ?? '', /slack now says yes as ana/)
    assert.equal(more.length, 0)
    await w.desk.closeTask({ taskID: task?.taskID ?? '', note: 'it was', actor: personActor('ad') })
    await w.link('ana', 'U1')
    assert.deepEqual(
      (await tasks()).map(({ doneAt }) => doneAt === null),
      [false],
    )
  })
  it('of one workspace is not that of another', async () => {
    const w = await house()
    await w.link('ana', 'U1')
    assert.equal(await w.store.get('link', 'slack:T2:U1'), null)
  })

  const ENDS: readonly (readonly [who: string, actor: Actor, code: string])[] = [
    ['its owner', personActor('ana'), 'ok'],
    ['an admin', personActor('ad'), 'ok'],
    ['a risk manager', personActor('rik'), 'NOT_FOUND'],
    ['another approver', personActor('bo'), 'NOT_FOUND'],
    ['an agent of that name', { ...AGENT, id: 'ana' }, 'NOT_FOUND'],
  ]
  for (const [who, actor, then] of ENDS)
    it(`and unlinked by ${who}: ${then}`, async () => {
      const w = await house()
      await w.link('ana', 'U1')
      const done = await w.desk.endLink({ linkID: w.linkID('U1'), reason: 'over', actor })
      assert.equal(said(done), then)
      assert.equal((await w.store.get('link', w.linkID('U1')))?.endedAt === null, then !== 'ok')
    })
  it('and not unlinked by an admin who was shown the door', async () => {
    const w = await house()
    await w.link('ana', 'U1')
    await w.access('rik', ['risk', 'admin'])
    await w.access('ad', ['admin'], true)
    const done = await w.desk.endLink({ linkID: w.linkID('U1'), reason: 'over', actor: personActor('ad') })
    assert.equal(said(done), 'NOT_FOUND')
  })
})

describe('what is good once', () => {
  it('is so until its time, and forgotten after it', async () => {
    const w = await house()
    const until = plusMs(w.clock.now(), MINUTE_MS)
    assert.equal(await w.desk.once('slack:sig', until), true)
    assert.equal(await w.desk.once('slack:sig', until), false)
    assert.equal(await w.desk.once('slack:other', until), true)
    w.clock.advance(MINUTE_MS)
    assert.equal(await w.desk.once('slack:sig', until), false)
    w.clock.advance(0.001)
    assert.equal(await w.desk.once('slack:third', plusMs(w.clock.now(), 1)), true)
    assert.deepEqual(
      (await w.store.all('once')).map((one) => one.key),
      ['slack:third'],
    )
  })
  it('is so for two who come in one moment', async () => {
    const w = await house()
    const until = plusMs(w.clock.now(), MINUTE_MS)
    assert.deepEqual(await Promise.all([w.desk.once('a', until), w.desk.once('a', until)]), [true, false])
  })
  it('challenges that have ended are forgotten', async () => {
    const w = await house()
    await enrolment(w, 'one')
    w.clock.advance(MINUTE_MS + 1)
    await enrolment(w, 'two')
    assert.equal((await w.store.all('challenge')).length, 1)
  })
})
