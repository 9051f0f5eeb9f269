import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { PersonRole, Session } from '../ports/records.ts'
import { instant, plusMs } from '../values/instant.ts'
import { AGENT_SCOPES, allowed, attempts, codeHash, mintCode, ROLES, type Scope, SCOPES, uses } from './access.ts'
import { AGENT, type As, type House, openHouse, ORIGIN } from './house.contract.ts'
import { remembers, type Route } from './route.ts'
import { ROUTES } from './routes.ts'
import type * as wire from './wire.ts'

/** An address of the route, of things that do not exist: access is decided before they are looked for. */
const addressOf = (route: Route): string =>
  route.path
    .replace('/v1/tokens/:id', '/v1/tokens/00000000')
    .replace(/:(credentialID|linkID|armingID)/, 'none')
    .replace(':clOrdID', 'none')
    .replace(':symbol', 'NONE')
    .replace(':id', 'none')

const WORDS: Readonly<Record<string, string>> = { yes: 'let in', no: 'refused' }

describe('who may do what', () => {
  let house: House
  const callers = new Map<string, As | undefined>()
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000, settleMs: 10 } })
    callers.set('nobody', undefined)
    callers.set('agent', await house.token('jax', AGENT))
    callers.set('reader', await house.token('reader', ['orders:read']))
    callers.set('operator token', await house.token('operator', ['signin:issue', 'orders:read', 'kill:engage']))
    // A record that claims what no token may have: tampered with, or written by a mistake.
    callers.set('greedy token', await house.token('greedy', Object.keys(SCOPES) as Scope[]))
    for (const role of Object.keys(ROLES) as PersonRole[]) {
      callers.set(role, await house.person(`${role} web`, [role], 'web'))
      callers.set(`${role} by cli`, await house.person(`${role} cli`, [role], 'cli'))
    }
    callers.set('no role', await house.person('nobody special', [], 'web'))
  })
  after(() => house.close())

  const scopesOf = (name: string): readonly Scope[] => {
    const role = name.replace(' by cli', '') as PersonRole
    const tokens: Record<string, readonly Scope[]> = {
      agent: AGENT,
      reader: ['orders:read'],
      'operator token': ['signin:issue', 'orders:read', 'kill:engage'],
      'greedy token': [...AGENT, 'signin:issue'],
    }
    return tokens[name] ?? (name === 'nobody' ? [] : ['access:own', ...(ROLES[role] ?? [])])
  }

  // Signing out would end the sessions that the other rows use; streams never end: both have their own tests.
  const rows = ROUTES.filter(({ name }) => name !== 'signOut' && name !== 'followEvents' && name !== 'signIn')
  for (const route of rows)
    it(`${route.method} ${route.path}`, async () => {
      for (const [name, as] of callers) {
        const body = route.body === undefined ? undefined : {}
        const response = await house.ask({ method: route.method, url: addressOf(route), as, body })
        const { code } = response.statusCode >= 400 ? response.json<wire.Problem>() : { code: '' }
        const mayIn =
          route.access === 'open' ||
          (as !== undefined &&
            (route.access === 'signed-in' || route.access.some((scope) => scopesOf(name).includes(scope))))
        const expected = mayIn ? 'yes' : 'no'
        const was = code === 'UNAUTHENTICATED' || code === 'FORBIDDEN' ? 'no' : 'yes'
        assert.equal(WORDS[was], WORDS[expected], `${name}: ${response.statusCode} ${response.body.slice(0, 200)}`)
        if (!mayIn) assert.equal(response.statusCode, as === undefined ? 401 : 403)
      }
    })

  it('an agent can do nothing that is for people', () => {
    const forPeople = (Object.keys(SCOPES) as Scope[]).filter((scope) => SCOPES[scope][0] === 'people')
    const caller = { scopes: new Set(AGENT_SCOPES), kind: 'agent' } as unknown as Parameters<typeof allowed>[1]
    assert.ok(forPeople.length >= 9)
    for (const scope of forPeople) assert.equal(allowed([scope], caller), false)
    const reachable = ROUTES.filter((route) => route.method !== 'GET' && allowed(route.access, caller)).map(
      (route) => route.name,
    )
    assert.deepEqual(reachable, ['proposeIntent', 'withdrawIntent', 'engageHalt', 'signIn', 'signOut'])
  })

  it('a key never stands in the way of a halt, a cancel or a decision', () => {
    assert.deepEqual(
      ROUTES.filter(remembers).map(({ name }) => name),
      ['repriceIntent', 'makeSigninCode', 'makeToken'],
    )
  })

  it('a refused scope is in the log, with who and what', async () => {
    await house.ask({
      method: 'POST',
      url: '/v1/intents/none/approve',
      as: callers.get('agent'),
      body: { digest: 'x' },
    })
    const line = house.logged.findLast(({ text }) => text === 'scope missing')
    assert.deepEqual(line?.fields, {
      address: '127.0.0.1',
      route: '/v1/intents/:id/approve',
      method: 'POST',
      caller: callers.get('agent')?.id,
      kind: 'agent',
      needs: ['approvals:decide'],
    })
  })

  it('a route that does not say who it is for cannot be mounted', async () => {
    const other = await openHouse()
    assert.throws(() => other.app.get('/v1/forgotten', async () => 'secret'), /does not say who it is for/)
    await other.close()
  })
})

describe('the browser', () => {
  let house: House
  let ana: As
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000 } })
    ana = await house.person('Ana', ['trader', 'approver', 'operator', 'admin'], 'web')
  })
  after(() => house.close())

  const HALT = { method: 'POST', url: '/v1/halt', body: { reason: 'drill' } } as const
  const rows: readonly (readonly [
    name: string,
    change: Readonly<Record<string, string | undefined>>,
    code: string | null,
  ])[] = [
    ['as the dashboard sends it', {}, null],
    ['without Sec-Fetch-Site, as older browsers', { 'sec-fetch-site': undefined }, null],
    ['no CSRF header', { 'x-jax-csrf': undefined }, 'CSRF'],
    ['another CSRF value', { 'x-jax-csrf': 'guess' }, 'CSRF'],
    ['an empty CSRF value', { 'x-jax-csrf': '' }, 'CSRF'],
    ['no Origin', { origin: undefined }, 'CROSS_ORIGIN'],
    ['another Origin', { origin: 'https://evil.example' }, 'CROSS_ORIGIN'],
    ['Origin null, as from a sandboxed frame', { origin: 'null' }, 'CROSS_ORIGIN'],
    ['our host on another port', { origin: 'http://localhost:9999' }, 'CROSS_ORIGIN'],
    ['our host over another scheme', { origin: 'https://localhost:4810' }, 'CROSS_ORIGIN'],
    ['from another site', { 'sec-fetch-site': 'cross-site' }, 'CROSS_ORIGIN'],
    ['from another port of this machine', { 'sec-fetch-site': 'same-site' }, 'CROSS_ORIGIN'],
    ['no cookie', { cookie: undefined }, 'UNAUTHENTICATED'],
    ['a made-up cookie', { cookie: `jax_session=jaxs_${'A'.repeat(43)}` }, 'UNAUTHENTICATED'],
    ['a cookie of no form', { cookie: 'jax_session=1' }, 'UNAUTHENTICATED'],
    ['a host that is not ours', { host: 'evil.example' }, 'HOST_NOT_ALLOWED'],
    ['a host that only begins like ours', { host: 'localhost.evil.example:4810' }, 'HOST_NOT_ALLOWED'],
    ['a host with something in front', { host: 'evil@localhost:4810' }, 'HOST_NOT_ALLOWED'],
  ]
  for (const [name, change, code] of rows)
    it(name, async () => {
      const headers = Object.fromEntries(
        Object.entries({ ...ana.headers, ...change }).filter((pair): pair is [string, string] => pair[1] !== undefined),
      )
      const response = await house.ask({ ...HALT, headers })
      assert.equal(response.statusCode >= 400 ? response.json<wire.Problem>().code : null, code)
    })

  it('a read is refused to a page of another site as well', async () => {
    assert.equal(
      (await house.ask({ url: '/v1/orders', as: ana, headers: { 'sec-fetch-site': 'cross-site' } })).statusCode,
      403,
    )
    assert.equal(
      (await house.ask({ url: '/v1/orders', headers: { ...ana.headers, origin: 'https://evil.example' } })).statusCode,
      403,
    )
  })
  it('a link from a chat opens the dashboard', async () => {
    assert.equal(
      (await house.ask({ url: '/queue/sig-1', headers: { 'sec-fetch-site': 'cross-site' } })).statusCode,
      200,
    )
  })
  it('a cookie is no bearer, and a bearer is no cookie', async () => {
    const cookie = ana.headers['cookie']?.replace('jax_session=', '') ?? ''
    assert.equal((await house.ask({ url: '/v1/me', headers: { authorization: `Bearer ${cookie}` } })).statusCode, 401)
    const cli = await house.person('Ben', ['trader'], 'cli')
    const bearer = cli.headers['authorization']?.replace('Bearer ', '') ?? ''
    assert.equal((await house.ask({ url: '/v1/me', headers: { cookie: `jax_session=${bearer}` } })).statusCode, 401)
  })
  it('nothing is shared across origins, nothing is cached, nothing may be framed', async () => {
    const { headers } = await house.ask({ url: '/v1/me', as: ana })
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    )
    assert.equal(headers['strict-transport-security'], undefined)
    assert.equal(
      (
        await house.ask({
          method: 'OPTIONS',
          url: '/v1/intents',
          headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
        })
      ).statusCode,
      405,
    )
  })
  it('the files of the dashboard: named by content for ever, the page anew, other names not at all', async () => {
    assert.match(String((await house.ask({ url: '/assets/main-abc.js' })).headers['cache-control']), /immutable/)
    assert.equal((await house.ask({ url: '/orders/7' })).headers['cache-control'], 'no-cache')
    for (const url of [
      '/assets/gone.js',
      '/../package.json',
      '/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/.env',
    ])
      assert.equal((await house.ask({ url })).statusCode, 404, url)
  })
})

describe('credentials', () => {
  let house: House
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 5, failedEveryMs: 60_000 } })
  })
  after(() => house.close())

  it('a token ends by time and by hand, at once', async () => {
    const short = await house.token('short', AGENT, { expiresAt: plusMs(house.now(), 1000) })
    assert.equal((await house.ask({ url: '/v1/me', as: short })).statusCode, 200)
    await house.advance(1001)
    const expired = await house.ask({ url: '/v1/me', as: short })
    assert.match(expired.json<wire.Problem>().detail, /short has expired/)
    assert.equal(expired.headers['www-authenticate'], 'Bearer realm="jax-execution"')
    const admin = await house.person('Ada', ['admin'], 'cli')
    const doomed = await house.token('doomed', AGENT)
    assert.equal((await house.ask({ method: 'DELETE', url: `/v1/tokens/${doomed.id}`, as: admin })).statusCode, 204)
    assert.match((await house.ask({ url: '/v1/me', as: doomed })).json<wire.Problem>().detail, /was revoked/)
    assert.equal((await house.ask({ method: 'DELETE', url: `/v1/tokens/${doomed.id}`, as: admin })).statusCode, 204)
  })

  it('a session ends by time, by signing out, and with the person', async () => {
    const eve = await house.person('Eve', ['trader'], 'web')
    const other = await house.person('Eve', ['trader'], 'web')
    assert.equal((await house.ask({ method: 'DELETE', url: '/v1/session', as: eve })).statusCode, 204)
    assert.match((await house.ask({ url: '/v1/me', as: eve })).json<wire.Problem>().detail, /session has ended/)
    const person = await house.store.get('person', other.id)
    assert.ok(person)
    await house.store.transact((tx) => tx.put('person', { ...person, disabled: true }))
    assert.match((await house.ask({ url: '/v1/me', as: other })).json<wire.Problem>().detail, /no longer has access/)
  })

  it('strangers have one line in the log for each request, and few for many', async () => {
    const fresh = await openHouse()
    const headers = { authorization: `Bearer jax_paper_00000000_${'A'.repeat(43)}` }
    fresh.logged.length = 0
    for (let i = 0; i < 40; i++) await fresh.ask({ method: 'POST', url: '/v1/halt', headers, body: { reason: 'x' } })
    const texts = fresh.logged.map(({ text }) => text)
    assert.ok(texts.length > 0 && texts.length <= 11, `${texts.length} lines`)
    assert.deepEqual([...new Set(texts)], ['credential refused'])
    fresh.logged.length = 0
    for (let i = 0; i < 40; i++)
      await fresh.ask({ method: 'POST', url: '/v1/halt', headers: { host: 'evil.example' }, body: {} })
    assert.ok(fresh.logged.length > 0 && fresh.logged.length <= 11, `${fresh.logged.length} lines`)
    await fresh.close()
  })

  it('the set-up code signs the first person in with every role, once', async () => {
    const fresh = await openHouse({ limits: { failedBurst: 3, failedEveryMs: 60_000 } })
    const operator = await fresh.token('operator', ['signin:issue'])
    const code = async () =>
      (await fresh.ask({ method: 'POST', url: '/v1/signin-codes', as: operator, body: {} })).json<wire.SigninCode>()
        .code
    const first = await code()
    const signIn = (body: unknown, url = '/v1/session', headers = {}) =>
      fresh.ask({ method: 'POST', url, body, headers: { origin: ORIGIN, ...headers } })
    const response = await signIn({ code: ` ${first.toUpperCase().replaceAll('-', ' ')} `, name: '  Ana  Lima ' })
    assert.equal(response.statusCode, 201)
    const me = response.json<wire.Me>()
    assert.deepEqual([me.name, me.roles], ['Ana Lima', ['trader', 'approver', 'risk', 'operator', 'admin']])
    const set = String(response.headers['set-cookie'])
    assert.match(set, /^jax_session=jaxs_[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/)
    assert.ok(me.csrf)
    const ana = { id: me.id, headers: { cookie: set.split(';')[0] ?? '', 'x-jax-csrf': me.csrf, origin: ORIGIN } }
    assert.equal(
      (await fresh.ask({ method: 'POST', url: '/v1/halt', as: ana, body: { reason: 'drill' } })).statusCode,
      200,
    )
    assert.deepEqual((await fresh.ask({ url: '/v1/me', as: ana })).json<wire.Me>(), me)

    const later = await signIn({ code: await code(), name: 'Ben' }, '/v1/session?via=cli')
    const { session, me: ben } = later.json<wire.CliSession>()
    assert.deepEqual([ben.roles, ben.csrf, later.headers['set-cookie']], [['trader', 'approver'], null, undefined])
    assert.equal(
      (
        await fresh.ask({
          method: 'POST',
          url: '/v1/halt',
          headers: { authorization: `Bearer ${session}` },
          body: { reason: 'drill' },
        })
      ).statusCode,
      200,
    )

    // Guesses slow the address down, the right code included: codes are short.
    assert.equal(
      (
        await signIn({ code: await code(), name: 'Eve' }, '/v1/session', { origin: 'https://evil.example' })
      ).json<wire.Problem>().code,
      'CROSS_ORIGIN',
    )
    for (const expected of ['CODE_INVALID', 'CODE_INVALID', 'CODE_INVALID', 'TOO_MANY_ATTEMPTS'])
      assert.equal((await signIn({ code: first, name: 'Eve' })).json<wire.Problem>().code, expected)
    const slowed = await signIn({ code: await code(), name: 'Eve' })
    assert.equal(slowed.statusCode, 429)
    assert.ok(Number(slowed.headers['retry-after']) > 50)
    // Whoever is in stays in.
    assert.equal((await fresh.ask({ url: '/v1/me', as: ana })).statusCode, 200)
    await fresh.close()
  })

  it('two codes that are used at once make one first person', async () => {
    const other = await openHouse()
    const until = plusMs(other.now(), 60_000)
    const actor = { type: 'system', id: 'test', via: 'start', session: null } as const
    const codes = [mintCode(randomBytes), mintCode(randomBytes)]
    for (const { hash } of codes) await other.desk.issueCode({ hash, expiresAt: until, actor })
    const signIn = ({ code }: { code: string }, at: number) =>
      other.ask({ method: 'POST', url: '/v1/session', body: { code, name: ['Ana', 'Ben'][at] } })
    const me = (await Promise.all(codes.map(signIn))).map((response) =>
      response.json<wire.Me>().roles.includes('admin'),
    )
    assert.deepEqual(
      me.toSorted((a, b) => Number(a) - Number(b)),
      [false, true],
    )
    await other.close()
  })
  it('over https the cookie is bound to the host, and browsers are told to stay on https', async () => {
    const tls = await openHouse({ served: { https: true, hosts: ['jax.example'] } })
    const operator = await tls.token('operator', ['signin:issue'])
    const headers = { host: 'jax.example' }
    const { code } = (
      await tls.ask({ method: 'POST', url: '/v1/signin-codes', as: operator, headers })
    ).json<wire.SigninCode>()
    const response = await tls.ask({
      method: 'POST',
      url: '/v1/session',
      body: { code, name: 'Ana' },
      headers: { ...headers, origin: 'https://jax.example' },
    })
    assert.match(
      String(response.headers['set-cookie']),
      /^__Host-jax_session=.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    )
    assert.equal(response.headers['strict-transport-security'], 'max-age=31536000')
    await tls.close()
  })

  it('bad tokens are answered alike, then slowed down; good ones pass all the same', async () => {
    const good = await house.token('good', AGENT)
    const secret = good.headers['authorization'] ?? ''
    const bad = [
      `Bearer jax_paper_00000000_${'A'.repeat(43)}`,
      secret.replace(/.{43}$/, 'B'.repeat(43)),
      'Bearer nonsense',
      'Basic YTpi',
      `Bearer ${'x'.repeat(5000)}`,
    ]
    const answers = []
    for (const authorization of bad) answers.push(await house.ask({ url: '/v1/me', headers: { authorization } }))
    assert.equal(new Set(answers.filter(({ statusCode }) => statusCode === 401).map(({ body }) => body)).size, 1)
    const slowed = await house.ask({ url: '/v1/me', headers: { authorization: bad[0] ?? '' } })
    assert.equal(slowed.json<wire.Problem>().code, 'TOO_MANY_ATTEMPTS')
    assert.equal((await house.ask({ url: '/v1/me', as: good })).statusCode, 200)
    assert.equal(
      (await house.ask({ method: 'POST', url: '/v1/halt', as: good, body: { reason: 'drill' } })).statusCode,
      200,
    )
  })

  it('a token of the other environment is told so', async () => {
    const response = await house.ask({
      url: '/v1/me',
      headers: { authorization: `Bearer jax_live_00000000_${'A'.repeat(43)}` },
    })
    assert.ok(['UNAUTHENTICATED', 'TOO_MANY_ATTEMPTS'].includes(response.json<wire.Problem>().code))
    const other = await openHouse()
    assert.match(
      (
        await other.ask({ url: '/v1/me', headers: { authorization: `Bearer jax_live_00000000_${'A'.repeat(43)}` } })
      ).json<wire.Problem>().detail,
      /token for live, and this gateway is for paper/,
    )
    await other.close()
  })

  it('a token made over HTTP gets agent scopes only, an owner, and its secret once', async () => {
    const admin = await house.person('Admin', ['admin'], 'cli')
    const make = (body: unknown, headers = {}) =>
      house.ask({ method: 'POST', url: '/v1/tokens', as: admin, body, headers })
    const made = (await make({ name: 'bot' })).json<wire.TokenMade>()
    assert.match(made.token, /^jax_paper_[0-9a-z]{8}_[\w-]{43}$/)
    assert.deepEqual([made.owner, made.madeBy, made.scopes], [admin.id, admin.id, [...AGENT_SCOPES]])
    const trader = await house.person('Tom', ['trader'], 'cli')
    const lent = (await make({ name: 'lent', owner: trader.id })).json<wire.TokenMade>()
    assert.deepEqual([lent.owner, lent.madeBy], [trader.id, admin.id])
    const machine = await house.token('machine', AGENT)
    const { items } = (await house.ask({ url: '/v1/tokens', as: admin })).json<{ items: wire.Token[] }>()
    const makerOf = (id: string): string | undefined => items.find(({ tokenID }) => tokenID === id)?.madeBy
    assert.deepEqual([makerOf(lent.tokenID), makerOf(machine.id)], [admin.id, undefined])
    const list = await house.ask({ url: '/v1/tokens', as: admin })
    assert.ok(!list.body.includes(made.token))
    assert.doesNotMatch(list.body, /"hash"/)
    for (const scope of ['approvals:decide', 'signin:issue', 'kill:release', 'everything'])
      assert.match(
        (await make({ name: 'bot', scopes: [scope] })).json<wire.Problem>().errors?.[0]?.message ?? '',
        /may hold only/,
      )
    assert.equal((await make({ name: 'bot', owner: 'usr_nobody' })).statusCode, 400)
    // A repeat with the same key makes no second token.
    const key = { 'idempotency-key': 'k-1' }
    const once = (await make({ name: 'kept' }, key)).json<wire.TokenMade>()
    assert.equal((await make({ name: 'kept' }, key)).json<wire.TokenMade>().token, once.token)
    assert.equal((await make({ name: 'other' }, key)).json<wire.Problem>().code, 'IDEMPOTENCY_MISMATCH')
    assert.equal((await make({ name: 'kept' }, { 'idempotency-key': 'with blanks' })).statusCode, 400)
    const bot = { id: made.tokenID, headers: { authorization: `Bearer ${made.token}` } }
    assert.deepEqual((await house.ask({ url: '/v1/me', as: bot })).json<wire.Me>().scopes, [...AGENT_SCOPES].sort())
  })
})

describe('a session of the page that nobody uses', () => {
  const MINUTE_MS = 60_000
  let house: House
  before(async () => {
    house = await openHouse({ limits: { failedBurst: 1000, idleMs: 30 * MINUTE_MS } })
  })
  after(() => house.close())
  const me = (as: As, headers: Record<string, string> = {}) => house.ask({ url: '/v1/me', as, headers })
  const isOver = async (as: As): Promise<boolean> => {
    const answer = await me(as)
    if (answer.statusCode === 401) assert.match(answer.json<wire.Problem>().detail, /Nobody used this session/)
    return answer.statusCode === 401
  }
  const away = (ms: number) => ({ 'x-jax-away': String(ms / 1000) })

  it('is over after that long, stays over, and is not shown as open', async () => {
    const eve = await house.person('Eve', ['trader'], 'web')
    await house.advance(29 * MINUTE_MS)
    assert.equal(await isOver(eve), false, 'used in time')
    await house.advance(29 * MINUTE_MS)
    assert.equal(await isOver(eve), false, 'used again in time')
    await house.advance(30 * MINUTE_MS)
    const other = await house.person('Eve', ['trader'], 'cli')
    const sessions = (await house.ask({ url: '/v1/me/access', as: other })).json<wire.Access>().sessions
    assert.deepEqual(
      sessions.map(({ via }) => via),
      ['cli'],
    )
    assert.equal(await isOver(eve), true)
    assert.equal(await isOver(eve), true)
  })
  it('writes nothing down while it is used', async () => {
    const eve = await house.person('Eve', ['trader'], 'web')
    const { size } = await house.store.head()
    for (let i = 0; i < 5; i++) assert.equal(await isOver(eve), false)
    assert.equal((await house.store.head()).size, size)
  })
  it('is not used by a page that only stands open', async () => {
    const eve = await house.person('Eve', ['trader'], 'web')
    for (let minutes = 5; minutes < 30; minutes += 5) {
      await house.advance(5 * MINUTE_MS)
      assert.equal((await me(eve, away(minutes * MINUTE_MS))).statusCode, 200, `${minutes} minutes`)
    }
    await house.advance(5 * MINUTE_MS)
    assert.equal(await isOver(eve), true)
  })
  it('is used by a page that was touched since, and what it says never takes time away', async () => {
    const eve = await house.person('Eve', ['trader'], 'web')
    await house.advance(20 * MINUTE_MS)
    assert.equal((await me(eve, away(1 * MINUTE_MS))).statusCode, 200)
    assert.equal((await me(eve, away(9_000_000))).statusCode, 200, 'another tab')
    assert.equal((await me(eve, { 'x-jax-away': '-5' })).statusCode, 200)
    await house.advance(29 * MINUTE_MS)
    assert.equal(await isOver(eve), false)
  })
  it('is no session of the command line', async () => {
    const cli = await house.person('Eve', ['trader'], 'cli')
    await house.advance(60 * MINUTE_MS)
    assert.equal(await isOver(cli), false)
  })
})

describe('parts', () => {
  it('uses: the newest moment counts, and what is forgotten ends earlier', () => {
    const t = (ms: number) => instant(ms * 1000)
    const session = (hash: string) => ({ hash, createdAt: t(1) }) as Session
    const seen = uses()
    assert.equal(seen.last(session('a')), t(1), 'not seen since the start')
    seen.note('a', t(5))
    seen.note('a', t(3))
    assert.equal(seen.last(session('a')), t(5))
    for (let i = 0; i < 10_050; i++) seen.note(`n${i}`, t(9))
    assert.deepEqual([seen.last(session('a')), seen.last(session('n10049'))], [t(1), t(9)])
  })
  it('a code is the same however it is typed', () => {
    const { code, hash } = mintCode((n) => new Uint8Array(n).fill(37))
    assert.match(code, /^[0-9a-z]{4}(-[0-9a-z]{4}){3}$/)
    for (const typed of [code.toUpperCase(), code.replaceAll('-', ''), ` ${code.replaceAll('-', ' ')}\n`])
      assert.equal(codeHash(typed), hash)
    assert.equal(codeHash('o0iL'), codeHash('0o11'))
  })
  it('attempts: a burst, then one at a time, by address', () => {
    const bucket = attempts(2, 1000)
    const t = (ms: number) => instant(ms * 1000)
    bucket.failed('a', t(0))
    bucket.failed('a', t(0))
    assert.deepEqual(
      [bucket.wait('a', t(0)), bucket.wait('b', t(0)), bucket.wait('a', t(999)), bucket.wait('a', t(1000))],
      [1, 0, 1, 0],
    )
    for (let i = 0; i < 10_050; i++) bucket.failed(`n${i}`, t(1000))
    assert.equal(bucket.wait('a', t(1000)), 0, 'the oldest are forgotten')
    assert.equal(bucket.wait('n10049', t(1000)), 0)
  })
})
