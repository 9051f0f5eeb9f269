import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { type OidcSimulator, type ProviderLies, startOidcSimulator } from '../simulators/oidc/provider.ts'
import type { PersonRole } from '../ports/records.ts'
import { plusMs } from '../values/instant.ts'
import { mintCode } from './access.ts'
import { type As, type House, openHouse, ORIGIN } from './house.contract.ts'
import { CALLBACK, createOidc, VISIT_MS, VOUCHED_MS } from './oidc.ts'
import type * as wire from './wire.ts'

/** Nothing of the world but time stands still between two requests of a browser. */
let nowMs = 0
let provider: OidcSimulator
let house: House
let anaSub: string
let benSub: string

const ROLES: readonly PersonRole[] = ['trader', 'approver']

before(async () => {
  provider = await startOidcSimulator()
  ;[anaSub, benSub] = provider.people.map(({ sub }) => sub) as [string, string]
})
after(() => provider.close())
afterEach(() => provider.honest())

async function open(issuer = provider.issuer): Promise<House> {
  const logged: House['logged'] = []
  const log = (level: string) => (fields: object, text: string) => void logged.push({ level, fields, text })
  const logs = { info: log('info'), warn: log('warn'), error: log('error') }
  const { clientID, clientSecret } = provider
  const opened = await openHouse({
    log: logs,
    oidc: createOidc({
      issuer,
      clientID,
      clientSecret,
      name: 'Example ID',
      publicUrl: () => ORIGIN,
      random: randomBytes,
      nowMs: () => nowMs,
      log: logs,
    }),
  })
  return { ...opened, logged }
}

/** A browser: it keeps cookies, and sends those of another path nowhere else. */
class Browser {
  readonly jar = new Map<string, { value: string; path: string }>()
  readonly set: string[] = []
  async ask(method: 'GET' | 'POST', url: string, body?: unknown, as?: As) {
    const path = url.split('?', 1)[0] ?? url
    const own = [...this.jar]
      .filter(([, one]) => path.startsWith(one.path))
      .map(([name, one]) => `${name}=${one.value}`)
    const cookie = [as?.headers['cookie'], ...own].filter((each) => each !== undefined).join('; ')
    const headers = { ...as?.headers, ...(cookie !== '' && { cookie }) }
    const response = await house.ask({ method, url, body, headers })
    for (const line of [response.headers['set-cookie'] ?? []].flat()) {
      this.set.push(line)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (line.includes('Max-Age=0')) this.jar.delete(name)
      else this.jar.set(name, { value, path: /Path=([^;]+)/.exec(line)?.[1] ?? '/' })
    }
    return response
  }
  /** Where a page sends the browser on to. */
  async visit(url: string): Promise<string> {
    const response = await this.ask('GET', url)
    assert.equal(response.statusCode, 303, response.body)
    return String(response.headers.location)
  }
  begin = (query = ''): Promise<string> => this.visit(`/signin/oidc${query}`)
  /** Comes back from the provider; its address is ours. */
  back(url: string): Promise<string> {
    assert.ok(url.startsWith(`${ORIGIN}${CALLBACK}?`), url)
    return this.visit(url.slice(ORIGIN.length))
  }
  async signIn(sub: string | null, query = ''): Promise<string> {
    return this.back(provider.choose(await this.begin(query), sub))
  }
  get session(): string | null {
    return this.jar.get('jax_session')?.value ?? null
  }
  async me(): Promise<wire.Me> {
    return (await this.ask('GET', '/v1/me')).json<wire.Me>()
  }
  async ways(): Promise<wire.WaysToSignIn> {
    return (await this.ask('GET', '/v1/signin')).json<wire.WaysToSignIn>()
  }
}
/** Links the account that was vouched for in this browser, as somebody who is signed in. */
async function link(browser: Browser, as: As): Promise<number> {
  const linkID = (await browser.ways()).vouched?.linkID ?? 'oidc:none'
  return (await browser.ask('POST', '/v1/me/links', { linkID }, as)).statusCode
}

describe('with a provider', () => {
  let ana: As
  before(async () => {
    house = await open()
    ana = await house.person('Ana', ROLES, 'web')
  })
  after(() => house.close())

  it('the page learns its name, and where to go', async () => {
    assert.deepEqual(await new Browser().ways(), {
      provider: { name: 'Example ID', url: `${ORIGIN}/signin/oidc` },
      vouched: null,
    })
  })

  it('an account that belongs to nobody signs nobody in', async () => {
    const browser = new Browser()
    const people = (await house.store.all('person')).length
    assert.equal(await browser.signIn(anaSub), '/signin#oidc=unlinked')
    assert.equal(browser.session, null)
    assert.equal((await house.store.all('person')).length, people)
    assert.deepEqual((await browser.ways()).vouched?.label, 'ana@id.example')
  })

  it('is linked on the page, shown first, and signs in from then on', async () => {
    const browser = new Browser()
    const to = await browser.begin('?for=link')
    assert.deepEqual(
      [new URL(to).searchParams.get('prompt'), new URL(to).searchParams.get('max_age')],
      ['login', String(VISIT_MS / 1000)],
    )
    assert.equal(await browser.back(provider.choose(to, anaSub)), '/access#oidc=confirm')
    assert.equal(browser.session, null, 'linking opens no session')
    assert.equal(await link(browser, ana), 201)
    assert.equal((await browser.ways()).vouched, null)
    assert.equal(await link(browser, ana), 404, 'once')

    const other = new Browser()
    assert.equal(await other.signIn(anaSub, '?to=/intents/sig-1'), '/intents/sig-1')
    const me = await other.me()
    assert.deepEqual([me.name, me.id], ['Ana', ana.id])
    const rows = await house.store.journal(0, 1000)
    const opened = rows.findLast(({ action }) => action === 'session.opened')
    assert.match(JSON.stringify(opened?.data['linkID']), /^"oidc:[0-9a-z]{32}"$/)
    assert.equal(opened?.data['codeHash'], undefined)
  })

  it('a one-time code for a name, and the account, make the link together', async () => {
    const browser = new Browser()
    assert.equal(await browser.signIn(benSub), '/signin#oidc=unlinked')
    const { code, hash } = mintCode(randomBytes, 'Ben')
    const actor = { type: 'system', id: 'test', via: 'start', session: null } as const
    await house.desk.issueCode({ hash, expiresAt: plusMs(house.now(), 60_000), actor })
    const signedIn = await browser.ask('POST', '/v1/session', { code, name: 'Ben' })
    assert.equal(signedIn.statusCode, 201)
    const headers = { 'x-jax-csrf': signedIn.json<wire.Me>().csrf ?? '', origin: ORIGIN }
    assert.equal(await link(browser, { headers, id: '' }), 201)
    const again = new Browser()
    assert.equal(await again.signIn(benSub), '/')
    assert.equal((await again.me()).name, 'Ben')
  })

  it('an account of another is not taken over', async () => {
    const browser = new Browser()
    await browser.signIn(benSub, '?for=link')
    assert.equal(await link(browser, ana), 409)
  })
  it('only what the page showed is linked', async () => {
    const browser = new Browser()
    await browser.signIn(provider.people[2]?.sub ?? '', '?for=link')
    const response = await browser.ask('POST', '/v1/me/links', { linkID: 'oidc:another' }, ana)
    assert.equal(response.statusCode, 404)
  })
  it('linking needs the header against forged requests', async () => {
    const browser = new Browser()
    await browser.signIn(provider.people[2]?.sub ?? '', '?for=link')
    const { 'x-jax-csrf': _, ...headers } = ana.headers
    assert.equal(await link(browser, { ...ana, headers }), 403)
  })
  it('what was vouched for is forgotten after a while', async () => {
    const browser = new Browser()
    await browser.signIn(provider.people[2]?.sub ?? '', '?for=link')
    nowMs += VOUCHED_MS
    assert.equal((await browser.ways()).vouched, null)
  })

  it('a click of such a session is a click like any other', async () => {
    const browser = new Browser()
    await browser.signIn(anaSub)
    const [session] = (await house.store.all('session')).filter(({ personID }) => personID === ana.id).slice(-1)
    assert.equal(session?.via, 'web')
    const access = (await browser.ask('GET', '/v1/me/access')).json<wire.Access>()
    assert.deepEqual(
      access.links.map(({ provider: from }) => from),
      ['oidc'],
    )
  })

  it('ends the sessions that it opened when it is unlinked, and no other', async () => {
    const vouched = provider.people[2]?.sub ?? ''
    const cho = await house.person('Cho', ROLES, 'web')
    const [first, second] = [new Browser(), new Browser()]
    await first.signIn(vouched, '?for=link')
    const { linkID } = (await first.ways()).vouched ?? assert.fail()
    assert.equal(await link(first, cho), 201)
    await first.signIn(vouched)
    await second.signIn(vouched)
    assert.deepEqual([(await first.me()).name, (await second.me()).name], ['Cho', 'Cho'])
    const url = `/v1/me/links/${encodeURIComponent(linkID)}`
    assert.equal((await house.ask({ method: 'DELETE', url, as: cho })).statusCode, 200)
    for (const browser of [first, second]) assert.equal((await browser.ask('GET', '/v1/me')).statusCode, 401)
    assert.equal((await house.ask({ url: '/v1/me', as: cho })).statusCode, 200)
    assert.equal(await second.signIn(vouched), '/signin#oidc=unlinked')
  })

  it('its cookies are for this browser alone, and only the visit comes along from elsewhere', async () => {
    const browser = new Browser()
    await browser.signIn(anaSub)
    const lax = browser.set.filter((line) => line.includes('SameSite=Lax'))
    assert.ok(
      lax.length === 2 && lax.every((line) => line.startsWith('jax_oidc_visit=') && line.includes(`Path=${CALLBACK};`)),
    )
    assert.ok(browser.set.every((line) => line.includes('HttpOnly')))
    assert.match(browser.set.find((line) => line.startsWith('jax_session=')) ?? '', /SameSite=Strict/)
  })

  const ELSEWHERE = [
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    '/a//b',
    '/%2f/evil.example',
    '/a?b',
    'x',
  ]
  for (const to of ELSEWHERE)
    it(`never leads to ${to}`, async () => {
      assert.equal(await new Browser().signIn(anaSub, `?to=${encodeURIComponent(to)}`), '/')
    })

  describe('nobody comes in', () => {
    const none = async (browser: Browser, at: string, word: string): Promise<void> => {
      assert.equal(at, `/signin#oidc=${word}`)
      assert.equal(browser.session, null)
    }

    it('with another state', async () => {
      const browser = new Browser()
      const back = new URL(provider.choose(await browser.begin(), anaSub))
      back.searchParams.set('state', 'x'.repeat(43))
      await none(browser, await browser.back(back.href), 'stale')
    })
    it('without a state', async () => {
      const browser = new Browser()
      const back = new URL(provider.choose(await browser.begin(), anaSub))
      back.searchParams.delete('state')
      await none(browser, await browser.back(back.href), 'stale')
    })
    it('in a browser that did not begin', async () => {
      const attacker = new Browser()
      const back = provider.choose(await attacker.begin(), anaSub)
      const victim = new Browser()
      await none(victim, await victim.back(back), 'stale')
    })
    it('in a browser that began something else', async () => {
      const attacker = new Browser()
      const back = provider.choose(await attacker.begin(), anaSub)
      const victim = new Browser()
      await victim.begin()
      await none(victim, await victim.back(back), 'stale')
    })
    it('with two cookies of that name', async () => {
      const browser = new Browser()
      const back = provider.choose(await browser.begin(), anaSub)
      const cookie = browser.jar.get('jax_oidc_visit')?.value ?? ''
      browser.jar.set('jax_oidc_visit', { value: `${cookie}; jax_oidc_visit=${cookie}`, path: CALLBACK })
      await none(browser, await browser.back(back), 'stale')
    })
    it('twice with the same answer', async () => {
      const browser = new Browser()
      const back = provider.choose(await browser.begin(), anaSub)
      const cookie = browser.jar.get('jax_oidc_visit')
      assert.equal(await browser.back(back), '/')
      const again = new Browser()
      if (cookie) again.jar.set('jax_oidc_visit', cookie)
      await none(again, await again.back(back), 'stale')
    })
    it('with a code that was used before', async () => {
      const [first, second] = [new Browser(), new Browser()]
      const used = new URL(provider.choose(await first.begin(), anaSub))
      assert.equal(await first.back(used.href), '/')
      const back = new URL(provider.choose(await second.begin(), benSub))
      back.searchParams.set('code', used.searchParams.get('code') ?? '')
      await none(second, await second.back(back.href), 'untrusted')
    })
    it('with a code that another browser got: the verifier is not known there', async () => {
      const [thief, owner] = [new Browser(), new Browser()]
      const stolen = new URL(provider.choose(await owner.begin(), anaSub)).searchParams.get('code') ?? ''
      const back = new URL(provider.choose(await thief.begin(), benSub))
      back.searchParams.set('code', stolen)
      await none(thief, await thief.back(back.href), 'untrusted')
    })
    it('after five minutes', async () => {
      const browser = new Browser()
      const back = provider.choose(await browser.begin(), anaSub)
      nowMs += VISIT_MS
      await none(browser, await browser.back(back), 'stale')
    })
    it('who said no at the provider', async () => {
      const browser = new Browser()
      await none(browser, await browser.signIn(null), 'refused')
    })
    it('by an answer that names its parameters twice', async () => {
      const browser = new Browser()
      const back = provider.choose(await browser.begin(), anaSub)
      await none(browser, await browser.back(`${back}&code=other`), 'untrusted')
    })

    const past = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds
    const LIES: readonly (readonly [what: string, lies: () => ProviderLies])[] = [
      ['another nonce', () => ({ claims: { nonce: 'another' } })],
      ['no nonce', () => ({ claims: { nonce: undefined } })],
      ['another issuer in the token', () => ({ claims: { iss: 'https://evil.example' } })],
      ['another audience', () => ({ claims: { aud: 'another-client' } })],
      ['a further audience, and for it', () => ({ claims: { aud: ['jax-exec', 'another'], azp: 'another' } })],
      ['no subject', () => ({ claims: { sub: undefined } })],
      ['an expired token', () => ({ claims: { exp: past(120), iat: past(600) } })],
      ['a token that is not good yet', () => ({ claims: { nbf: past(-600) } })],
      ['no time of authentication', () => ({ claims: { auth_time: undefined } })],
      ['an authentication of long ago', () => ({ claims: { auth_time: past(13 * 3600) } })],
      ['no token', () => ({ token: 'missing' })],
      ['a token that nobody signed', () => ({ token: 'unsigned' })],
      [
        'a token that nobody signed, as its metadata allow',
        () => ({ token: 'unsigned', discovery: algorithms('none') }),
      ],
      ['a token signed with the shared secret', () => ({ token: 'symmetric' })],
      [
        'a token signed with the shared secret, as its metadata allow',
        () => ({ token: 'symmetric', discovery: algorithms('HS256') }),
      ],
      ['a token signed by somebody else', () => ({ token: 'stranger' })],
      ['a token that was changed', () => ({ token: 'tampered' })],
      ['another issuer beside the code (mix-up)', () => ({ iss: 'https://evil.example' })],
      ['no issuer beside the code', () => ({ iss: null })],
    ]
    const algorithms = (alg: string) => ({ id_token_signing_alg_values_supported: ['RS256', alg] })
    for (const [what, lies] of LIES)
      it(`with ${what}`, async () => {
        const { discovery, ...later } = lies()
        await inAnotherHouse(async () => {
          await linked(anaSub, discovery ? { discovery } : {})
          Object.assign(provider.lies, later)
          const browser = new Browser()
          await none(browser, await browser.signIn(anaSub), 'untrusted')
          assert.doesNotMatch(JSON.stringify(house.logged), /eyJ|Bearer|code=/, 'nothing of a token is logged')
          assert.equal(house.logged.at(-1)?.text, 'signing in by the provider failed')
          provider.honest()
          assert.equal(await browser.signIn(anaSub), '/', 'and with the truth they do')
        })
      })

    it('to be linked, who was signed in at the provider all the while', async () => {
      provider.lies.claims = { auth_time: past(VISIT_MS / 1000 + 60) }
      assert.equal(await new Browser().signIn(anaSub, '?for=link'), '/access#oidc=untrusted')
      assert.equal(await new Browser().signIn(anaSub), '/', 'to sign in it is enough')
    })
    it('who was shown the door, nor stays in who came so', async () => {
      await inAnotherHouse(async () => {
        const { browser, id } = await linked(anaSub)
        await browser.signIn(anaSub)
        assert.equal((await browser.ask('GET', '/v1/me')).statusCode, 200)
        await house.store.transact(async (tx) => {
          const person = (await tx.get('person', id)) ?? assert.fail()
          await tx.put('person', { ...person, disabled: true })
        })
        assert.equal((await browser.ask('GET', '/v1/me')).statusCode, 401)
        const again = new Browser()
        await none(again, await again.signIn(anaSub), 'disabled')
      })
    })
    it('whose account was unlinked', async () => {
      await inAnotherHouse(async () => {
        const { as } = await linked(anaSub)
        const [one] = (await new Browser().ask('GET', '/v1/me/access', undefined, as)).json<wire.Access>().links
        const gone = await house.ask({ method: 'DELETE', url: `/v1/me/links/${one?.linkID}`, as })
        assert.equal(gone.statusCode, 200)
        const browser = new Browser()
        await none(browser, await browser.signIn(anaSub), 'unlinked')
      })
    })
  })

  describe('that does not answer', () => {
    const DOWN: readonly (readonly [what: string, path: string, fails: number | 'garbage'])[] = [
      ['before it is known', '/.well-known/openid-configuration', 503],
      ['but somebody else does', '/.well-known/openid-configuration', 'garbage'],
    ]
    for (const [what, path, fails] of DOWN)
      it(`${what}: the page says so, a code signs in, and later it works again`, async () => {
        await inAnotherHouse(async () => {
          provider.lies.fails = { [path]: fails }
          const browser = new Browser()
          assert.equal(await browser.begin(), '/signin#oidc=unreachable')
          assert.equal((await browser.ways()).provider?.name, 'Example ID')
          const { code, hash } = mintCode(randomBytes)
          const actor = { type: 'system', id: 'test', via: 'start', session: null } as const
          await house.desk.issueCode({ hash, expiresAt: plusMs(house.now(), 60_000), actor })
          assert.equal((await browser.ask('POST', '/v1/session', { code, name: 'Cy' })).statusCode, 201)
          provider.honest()
          assert.match(await browser.begin(), new RegExp(`^${provider.issuer}/authorize`))
        })
      })
    it('any more: nothing hangs on it for longer than a moment', async () => {
      await inAnotherHouse(async () => {
        const begun = Date.now()
        provider.lies.fails = { '/.well-known/openid-configuration': 'hangs' }
        assert.equal(await new Browser().begin(), '/signin#oidc=unreachable')
        assert.ok(Date.now() - begun < 8_000)
      })
    })
    for (const path of ['/token', '/keys'])
      it(`at ${path}, when somebody comes back`, async () => {
        await inAnotherHouse(async () => {
          const browser = new Browser()
          const to = await browser.begin()
          provider.lies.fails = { [path]: 503 }
          assert.equal(await browser.back(provider.choose(to, anaSub)), '/signin#oidc=unreachable')
        })
      })
    it('at its address', async () => {
      const gone = await startOidcSimulator()
      await gone.close()
      await inAnotherHouse(async () => {
        assert.equal(await new Browser().begin(), '/signin#oidc=unreachable')
      }, gone.issuer)
    })
    it('is asked for what it says of itself once by however many', async () => {
      await inAnotherHouse(async () => {
        const before = provider.requests()['/.well-known/openid-configuration'] ?? 0
        await Promise.all(Array.from({ length: 20 }, () => new Browser().begin()))
        assert.equal(provider.requests()['/.well-known/openid-configuration'], before + 1)
      })
    })
  })

  const ODD: readonly (readonly [what: string, discovery: Readonly<Record<string, unknown>>])[] = [
    ['another issuer', { issuer: 'https://evil.example' }],
    ['a page elsewhere', { authorization_endpoint: 'https://evil.example/authorize' }],
    ['a script for a page', { authorization_endpoint: 'javascript:alert(1)' }],
    ['tokens elsewhere', { token_endpoint: 'http://127.0.0.1:1/token' }],
    ['keys elsewhere', { jwks_uri: 'http://localhost:1/keys' }],
    ['no keys', { jwks_uri: undefined }],
  ]
  for (const [what, discovery] of ODD)
    it(`that says of itself that it has ${what} is not used`, async () => {
      await inAnotherHouse(async () => {
        provider.lies.discovery = discovery
        assert.equal(await new Browser().begin(), '/signin#oidc=untrusted')
      })
    })

  /** What the provider says of itself is kept for an hour, and by each house for itself. */
  async function inAnotherHouse(what: () => Promise<void>, issuer?: string): Promise<void> {
    const first = house
    house = await open(issuer)
    try {
      await what()
    } finally {
      await house.close()
      house = first
    }
  }
  /** Somebody to whom the account is linked. */
  async function linked(sub: string, lies: ProviderLies = {}): Promise<{ browser: Browser; as: As; id: string }> {
    Object.assign(provider.lies, lies)
    const as = await house.person('Mia', ROLES, 'web')
    const browser = new Browser()
    await browser.signIn(sub, '?for=link')
    assert.equal(await link(browser, as), 201)
    return { browser, as, id: as.id }
  }
})

describe('without a provider', () => {
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())
  it('there is no button, and its addresses lead back to the page for signing in', async () => {
    const browser = new Browser()
    assert.deepEqual(await browser.ways(), { provider: null, vouched: null })
    assert.equal(await browser.begin(), '/signin#oidc=off')
    assert.equal(await browser.visit(`${CALLBACK}?code=x&state=y`), '/signin#oidc=off')
    assert.equal(await link(browser, await house.person('Ana', ROLES, 'web')), 404)
  })
})

it('behind TLS its cookies are bound to this host', async () => {
  const { clientID, clientSecret, issuer } = provider
  const log = { info() {}, warn() {}, error() {} }
  const oidc = createOidc({
    issuer,
    clientID,
    clientSecret,
    name: 'Example ID',
    publicUrl: () => 'https://localhost',
    random: randomBytes,
    nowMs: () => nowMs,
    log,
  })
  house = await openHouse({ oidc, served: { https: true, hosts: ['localhost'] } })
  try {
    const response = await house.ask({ url: '/signin/oidc' })
    assert.match(
      String(response.headers['set-cookie']),
      /^__Host-jax_oidc_visit=[\w-]{43}; Max-Age=300; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    const to = new URL(String(response.headers.location)).searchParams
    assert.equal(to.get('redirect_uri'), `https://localhost${CALLBACK}`)
  } finally {
    await house.close()
  }
})
