import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { AGENT, World } from '../../test/scenarios/world.ts'
import type { ChannelClick } from '../approvals/evidence.ts'
import type { Actor } from '../journal/row.ts'
import type { ProviderAccount } from '../ports/records.ts'
import { plusMs } from '../values/instant.ts'
import { linkID } from './evidence.ts'

const MINUTE_MS = 60_000
const ACCOUNT: ProviderAccount = { provider: 'oidc', tenant: 'https://id.example', user: '4711' }
const OPERATOR: Actor = { type: 'system', id: 'operator', via: 'cli', session: null }

type Done = { ok: true } | { ok: false; error: { code: string } }
const said = (done: Done): string => (done.ok ? 'ok' : done.error.code)
const by = (id: string): Actor => ({ type: 'person', id, via: 'web', session: `session-of-${id}`.slice(0, 16) })

async function house(): Promise<World> {
  const w = new World()
  w.awake = false
  await w.open()
  return w
}
/** Somebody of the cast signs in with a code, as they did before there was a provider. */
async function signIn(w: World, name: string): Promise<string> {
  const sessionHash = `session-of-${name}`
  const expiresAt = plusMs(w.clock.now(), MINUTE_MS)
  await w.desk.issueCode({ hash: `code-of-${name}`, expiresAt, actor: OPERATOR })
  const ask = { codeHash: `code-of-${name}`, name, roles: [], sessionHash, csrf: 'x', via: 'web' } as const
  assert.equal(said(await w.desk.redeemCode({ ...ask, expiresAt, actor: OPERATOR })), 'ok')
  return sessionHash
}
const link = async (w: World, name: string, of: { account?: ProviderAccount; actor?: Actor; session?: string } = {}) =>
  said(
    await w.desk.linkAccount({
      account: of.account ?? ACCOUNT,
      sessionHash: of.session ?? `session-of-${name}`,
      actor: of.actor ?? by(name),
    }),
  )
const open = async (w: World, account = ACCOUNT, sessionHash = 'fresh') =>
  w.desk.openByAccount({ account, sessionHash, csrf: 'y', expiresAt: plusMs(w.clock.now(), MINUTE_MS) })

describe('an account at the sign-in provider', () => {
  it('opens a session of whoever linked it, and everybody is told that it does', async () => {
    const w = await house()
    await signIn(w, 'ana')
    assert.equal(await link(w, 'ana'), 'ok')
    const opened = await open(w)
    assert.ok(opened.ok)
    assert.deepEqual([opened.value.personID, opened.value.via], ['ana', 'web'])
    const task = (await w.store.all('task')).find(({ kind }) => kind === 'ACCOUNT_LINKED')
    assert.match(task?.text ?? '', /https:\/\/id\.example now signs in as ana/)
  })
  it('makes nobody: unlinked it opens nothing', async () => {
    const w = await house()
    const people = (await w.store.all('person')).length
    assert.equal(said(await open(w)), 'IDENTITY_UNLINKED')
    assert.equal((await w.store.all('person')).length, people)
    assert.equal(await w.store.get('session', 'fresh'), null)
  })

  const OTHERS: readonly (readonly [what: string, account: ProviderAccount])[] = [
    ['of another provider', { ...ACCOUNT, tenant: 'https://id.example.org' }],
    ['of another subject', { ...ACCOUNT, user: '47110' }],
    ['that runs together to the same text', { ...ACCOUNT, tenant: 'https://id.example:47', user: '11' }],
    ['with a blank more', { ...ACCOUNT, user: '4711 ' }],
    ['in another case', { ...ACCOUNT, tenant: 'https://ID.example' }],
  ]
  for (const [what, account] of OTHERS)
    it(`is not one ${what}`, async () => {
      const w = await house()
      await signIn(w, 'ana')
      await link(w, 'ana')
      assert.equal(said(await open(w, account)), 'IDENTITY_UNLINKED')
    })

  it('opens nothing for somebody disabled, nor once it is unlinked', async () => {
    const w = await house()
    await signIn(w, 'ana')
    await link(w, 'ana')
    await w.access('ana', ['approver'], true)
    assert.equal(said(await open(w)), 'NOT_ELIGIBLE')
    await w.access('ana', ['approver'])
    assert.equal(said(await open(w)), 'ok')
    await w.desk.endLink({ linkID: linkID(ACCOUNT), reason: 'over', actor: by('ana') })
    assert.equal(said(await open(w, ACCOUNT, 'later')), 'IDENTITY_UNLINKED')
  })
  it('takes the sessions that it opened with it when it is unlinked, and no others', async () => {
    const w = await house()
    await signIn(w, 'ana')
    await signIn(w, 'bo')
    const another: ProviderAccount = { ...ACCOUNT, user: '4712' }
    assert.equal(await link(w, 'ana'), 'ok')
    assert.equal(await link(w, 'ana', { account: another }), 'ok')
    for (const hash of ['one', 'two']) assert.equal(said(await open(w, ACCOUNT, hash)), 'ok')
    assert.equal(said(await open(w, another, 'three')), 'ok')
    await w.desk.endSession({ hash: 'one', actor: by('ana') })
    const before = w.clock.now()
    w.clock.advance(1000)
    await w.desk.endLink({ linkID: linkID(ACCOUNT), reason: 'over', actor: by('ana') })
    await w.desk.endLink({ linkID: linkID(ACCOUNT), reason: 'again', actor: by('ana') })
    const ends = new Map((await w.store.all('session')).map(({ hash, endedAt }) => [hash, endedAt]))
    assert.deepEqual(
      ['session-of-ana', 'session-of-bo', 'one', 'two', 'three'].map((hash) => ends.get(hash)),
      [null, null, before, w.clock.now(), null],
    )
    const rows = await w.store.journal(0, 1000)
    assert.equal(rows.filter(({ action }) => action === 'session.ended').length, 2)
  })
  it('is never a click in a chat', async () => {
    const w = new World()
    const script = '# For the test.\nmarket AAPL bid=189.95 ask=190.05\nsignal I1 BUY AAPL entry=190.00 stop=188.00'
    for (const line of parseScenario(script).lines) await play(w, [line])
    w.awake = false
    await signIn(w, 'ana')
    assert.equal(await link(w, 'ana'), 'ok')
    const click = {
      ...ACCOUNT,
      kind: 'channel',
      app: 'A',
      conversation: null,
      message: null,
      transport: 'http',
      proof: '0',
    } as unknown as ChannelClick
    const intent = (await w.store.get('intent', 'I1')) ?? assert.fail()
    const done = await w.desk.approve({
      intentID: intent.intentID,
      digest: intent.digest ?? '',
      reason: null,
      actor: by('ana'),
      evidence: click,
    })
    assert.equal(said(done), 'IDENTITY_UNLINKED')
  })
})

describe('an account is linked', () => {
  it('in an open session of the person, and in no other', async () => {
    const w = await house()
    await signIn(w, 'ana')
    await signIn(w, 'bo')
    assert.equal(await link(w, 'ana', { session: 'unheard-of' }), 'NOT_ELIGIBLE')
    assert.equal(await link(w, 'ana', { session: 'session-of-bo' }), 'NOT_ELIGIBLE')
    assert.equal(await link(w, 'ana', { actor: { ...AGENT, id: 'ana' } }), 'NOT_ELIGIBLE')
    w.clock.advance(MINUTE_MS)
    assert.equal(await link(w, 'ana'), 'NOT_ELIGIBLE', 'the session has ended by then')
  })
  it('not after the person signed out', async () => {
    const w = await house()
    await signIn(w, 'ana')
    await w.desk.endSession({ hash: 'session-of-ana', actor: by('ana') })
    assert.equal(await link(w, 'ana'), 'NOT_ELIGIBLE')
  })
  it('to one person at a time; twice to the same is once', async () => {
    const w = await house()
    await signIn(w, 'ana')
    await signIn(w, 'bo')
    assert.equal(await link(w, 'ana'), 'ok')
    const { size } = await w.store.head()
    assert.equal(await link(w, 'ana'), 'ok')
    assert.equal(await link(w, 'bo'), 'NAME_TAKEN')
    assert.equal((await w.store.head()).size, size)
    await w.desk.endLink({ linkID: linkID(ACCOUNT), reason: 'over', actor: by('ana') })
    assert.equal(await link(w, 'bo'), 'ok')
  })
})
