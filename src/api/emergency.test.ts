import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ACCOUNT } from '../gate/example.ts'
import type { AccountID } from '../values/brand.ts'
import { px, qty } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { type ByFile, deskOf, gather, type Place } from './emergency.ts'
import { ageInWords, emergencyPage } from './emergency-page.ts'
import { AGENT, type House, openHouse, ORDER, ORIGIN } from './house.contract.ts'
import type { EmergencyDeps } from './routes-emergency.ts'
import type * as wire from './wire.ts'

const EMPTY = { phone: null, secondPhone: null, hours: null, accountNumber: null, does: null, note: null }
const PLACE: Place = {
  account: ACCOUNT.account,
  broker: 'sim',
  sheet: EMPTY,
  fillIn: 'write it below "emergency:".',
  now: [{ what: 'Halt', command: "jax-exec --data-dir '/srv/a b' halt" }],
  close: [{ what: 'Close', command: 'jax-exec liquidate' }],
  after: [{ what: 'Compare', command: 'jax-exec reconcile' }],
  manual: '/srv/docs/emergency.md',
}
type Change = NonNullable<Parameters<typeof openHouse>[0]>
const emergency = (change: Partial<EmergencyDeps> = {}): EmergencyDeps => ({
  place: PLACE,
  closed: null,
  byFile: () => null,
  chapter: (name) => (name === 'E2' ? null : `## ${name} <b>Kill</b>\n`),
  ...change,
})

async function inHouse(work: (house: House) => Promise<void>, change: Change = {}): Promise<void> {
  const house = await openHouse({ emergency: emergency(), ...change })
  try {
    await work(house)
  } finally {
    await house.close()
  }
}
type Request = {
  readonly url?: string
  readonly method?: 'GET' | 'POST' | 'HEAD'
  readonly remoteAddress?: string
  readonly headers?: Readonly<Record<string, string>>
}
const ask = ({ app }: House, { url = '/emergency', method = 'GET', remoteAddress, headers }: Request = {}) =>
  app.inject({
    method,
    url,
    headers: { host: 'localhost:4810', ...headers },
    ...(remoteAddress !== undefined && { remoteAddress }),
  })
/** As a browser sends it that shows the page. */
const FORM = {
  origin: ORIGIN,
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/x-www-form-urlencoded',
  'content-length': '0',
}
const press = (house: House, request: Request = {}) =>
  ask(house, { method: 'POST', url: '/emergency/halt', ...request, headers: { ...FORM, ...request.headers } })
const isHalted = async ({ store }: House): Promise<boolean> =>
  ((await store.get('halt', 'global'))?.state ?? null) !== null

/** A long position in AAPL, filled whole, with its exits at the broker. */
async function hold(house: House): Promise<void> {
  const jax = await house.token('jax', AGENT)
  const ana = await house.person('Ana', ['approver'], 'cli')
  await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: ORDER })
  const { digest } = (await house.ask({ url: '/v1/intents/ord-1', as: ana })).json<wire.Intent>()
  await house.ask({ method: 'POST', url: '/v1/intents/ord-1/approve', as: ana, body: { digest } })
  await house.report(await house.send(), { execType: 'Trade', lastQty: qty('400'), lastPx: px('187.50') })
}

describe('who sees the emergency page', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [who: string, request: Request, status: number, why?: RegExp])[] = [
    ['this machine',                          {}, 200],
    ['this machine, by its number',           { headers: { host: '127.0.0.1:4810' } }, 200],
    ['this machine, IPv6',                    { remoteAddress: '::1', headers: { host: '[::1]:4810' } }, 200],
    ['this machine, IPv4 in IPv6',            { remoteAddress: '::ffff:127.0.0.1' }, 200],
    ['a link on another site',                { headers: { 'sec-fetch-site': 'cross-site' } }, 200],
    ['another machine',                       { remoteAddress: '10.0.0.7' }, 403, /another machine/],
    ['another machine, IPv6',                 { remoteAddress: 'fe80::1' }, 403, /another machine/],
    ['another machine, IPv4 in IPv6',         { remoteAddress: '::ffff:10.0.0.7' }, 403, /another machine/],
    ['a machine whose address begins so',     { remoteAddress: '::1:2' }, 403, /another machine/],
    ['another machine that says it is this',  { remoteAddress: '10.0.0.7', headers: { 'x-forwarded-for': '127.0.0.1' } }, 403, /another machine/],
    ['through a proxy',                       { headers: { 'x-forwarded-for': '127.0.0.1' } }, 403, /through a proxy/],
    ['through a proxy, in the standard form', { headers: { forwarded: 'for=127.0.0.1' } }, 403, /through a proxy/],
    ['through a proxy that says only via',    { headers: { via: '1.1 edge' } }, 403, /through a proxy/],
    ['through a proxy, real address',         { headers: { 'x-real-ip': '127.0.0.1' } }, 403, /through a proxy/],
    ['through a tunnel',                      { headers: { 'cf-connecting-ip': '203.0.113.9' } }, 403, /through a proxy/],
    ['through a proxy, empty header',         { headers: { 'x-forwarded-host': '' } }, 403, /through a proxy/],
    ['by the name of the proxy',              { headers: { host: 'jax.example' } }, 403, /another name than localhost/],
    ['by a name that was made to point here', { headers: { host: 'evil.example' } }, 421],
    ['by a name that begins like ours',       { headers: { host: 'localhost.evil.example' } }, 421],
  ]
  for (const [who, request, status, why] of rows)
    it(who, () =>
      inHouse(
        async (house) => {
          for (const one of [request, { ...request, url: '/emergency/e1' }]) {
            const response = await ask(house, one)
            assert.equal(response.statusCode, status)
            if (status === 200) continue
            assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
            if (why) assert.match(response.json<wire.Problem>().detail, why)
            if (why) assert.match(response.json<wire.Problem>().detail, /sign in on the dashboard/)
            assert.ok(!response.body.includes('/srv/'), 'tells a stranger where things are')
          }
          const halt = await press(house, {
            ...request,
            headers: { origin: `http://${request.headers?.['host'] ?? 'localhost:4810'}`, ...request.headers },
          })
          if (status !== 200) assert.deepEqual([halt.statusCode, await isHalted(house)], [status, false])
        },
        { served: { https: false, hosts: ['localhost', '127.0.0.1', '[::1]', 'jax.example'] } },
      ),
    )

  it('nobody, where the configuration says so', () =>
    inHouse(
      async (house) => {
        const response = await ask(house)
        assert.deepEqual([response.statusCode, response.json<wire.Problem>().code], [403, 'NOT_THIS_MACHINE'])
        assert.match(response.json<wire.Problem>().detail, /off here/)
        assert.equal((await press(house)).statusCode, 403)
        assert.equal(await isHalted(house), false)
      },
      { emergency: emergency({ closed: 'It is off here.' }) },
    ))
})

describe('the button of the emergency page', () => {
  it('halts everything without a sign-in, once, and says who', () =>
    inHouse(async (house) => {
      const response = await press(house)
      assert.equal(response.statusCode, 200)
      assert.match(response.body, /<strong>Halted\.<\/strong>[^]*Everything \(K4\)[^]*emergency page/)
      const halt = await house.store.get('halt', 'global')
      assert.deepEqual([halt?.state?.level, halt?.state?.by], ['K4', 'emergency page'])
      const { size } = await house.store.head()
      assert.match((await press(house)).body, /<strong>Halted\.<\/strong>/)
      assert.equal((await house.store.head()).size, size, 'a second press is no second halt')
    }))
  it('works where a proxy has the certificate and this machine has none', () =>
    inHouse(
      async (house) => {
        assert.equal((await press(house)).statusCode, 200)
        assert.equal(await isHalted(house), true)
      },
      { served: { https: true, hosts: ['localhost'] } },
    ))
  it('is a press for a program, too', () =>
    inHouse(async (house) => {
      const response = await ask(house, { method: 'POST', url: '/emergency/halt' })
      assert.deepEqual([response.statusCode, await isHalted(house)], [200, true])
    }))

  // biome-ignore format: a table reads in columns
  const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['another site',              { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another site, old browser', { origin: 'https://evil.example', 'sec-fetch-site': 'none' }],
    ['another port here',         { origin: 'http://localhost:9999', 'sec-fetch-site': 'same-site' }],
    ['a frame without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ]
  for (const [who, headers] of foreign)
    it(`is not pressed by ${who}`, () =>
      inHouse(async (house) => {
        const response = await press(house, { headers })
        assert.deepEqual([response.statusCode, response.json<wire.Problem>().code], [403, 'CROSS_ORIGIN'])
        assert.equal(await isHalted(house), false)
      }))
  it('is not pressed by looking', () =>
    inHouse(async (house) => {
      const response = await ask(house, { url: '/emergency/halt' })
      assert.deepEqual([response.statusCode, response.headers['location']], [303, '/emergency'])
      assert.equal(await isHalted(house), false)
    }))

  const failing = (file: () => ByFile, halt: () => Promise<never>): Change => ({
    emergency: emergency({ byFile: file }),
    deskOf: (desk) => ({ ...desk, halt }),
  })
  const full = (): Promise<never> => Promise.reject(new Fault('STORE_FULL', 'no space left (ledger.db)'))
  it('halts by the file when the database takes nothing', () =>
    inHouse(
      async (house) => {
        const response = await press(house)
        assert.equal(response.statusCode, 200)
        assert.match(response.body, /<strong>Halted by the file HALT\.<\/strong>[^<]*no space left/)
      },
      failing(() => ({ by: 'emergency page', reason: 'x', at: null }), full),
    ))
  it('does not wait for a thread that hangs', () =>
    inHouse(
      async (house) => assert.match((await press(house)).body, /Halted by the file HALT[^]*not answered yet/),
      failing(
        () => ({ by: 'emergency page', reason: 'x', at: null }),
        () => new Promise(() => {}),
      ),
    ))
  it('says NOT HALTED when neither the file nor the desk holds it', () =>
    inHouse(
      async (house) => {
        const response = await press(house)
        assert.equal(response.statusCode, 503)
        assert.match(response.body, /<strong>NOT HALTED<\/strong> \(no space left/)
        assert.doesNotMatch(response.body, /<strong>Halted/)
      },
      failing(() => null, full),
    ))
})

describe('the emergency page', () => {
  it('has no script, and its own policy', () =>
    inHouse(async (house) => {
      const { headers, body } = await ask(house)
      assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'self';/)
      assert.doesNotMatch(String(headers['content-security-policy']), /script-src/)
      // With `no-referrer` a browser would press the button as nobody.
      assert.equal(headers['referrer-policy'], 'same-origin')
      assert.equal(headers['cache-control'], 'no-store')
      assert.doesNotMatch(body, /<script|style=|\son\w+=/)
      const style = await ask(house, { url: '/emergency/style.css' })
      assert.match(String(style.headers['content-type']), /^text\/css/)
      assert.equal((await ask(house, { method: 'HEAD' })).statusCode, 200)
    }))
  it('is there without the dashboard’s files, and comes before them', () =>
    inHouse(async (house) => assert.match((await ask(house)).body, /<h1>Emergency<\/h1>/), {
      web: new Map([
        ['/emergency', { body: 'shadow', type: 'text/html' }],
        ['/index.html', { body: 'app', type: 'text/html' }],
      ]),
    }))
  it('says that nothing is held where nothing is', () =>
    inHouse(async (house) => {
      const { body } = await ask(house)
      assert.match(body, /Nothing is halted\.[^]*never compared[^]*Nothing is held\./)
      assert.match(body, /Fill in at set-up: write it below &quot;emergency:&quot;/)
      assert.match(body, /There is no desk/)
      assert.match(body, /jax-exec --data-dir &#39;\/srv\/a b&#39; halt/)
    }))
  it('links the procedures that are there, as text', () =>
    inHouse(async (house) => {
      assert.match((await ask(house)).body, /href="\/emergency\/e1">E1<\/a>, <a href="\/emergency\/e3"/)
      const { headers, body } = await ask(house, { url: '/emergency/e1' })
      assert.deepEqual([headers['content-type'], body], ['text/plain; charset=utf-8', '## E1 <b>Kill</b>\n'])
      assert.equal((await ask(house, { url: '/emergency/e2' })).statusCode, 404)
    }))

  it('tells what is held, how old that is, and what protects it', () =>
    inHouse(async (house) => {
      await hold(house)
      await house.advance(65_000)
      const young = (await ask(house)).body
      assert.match(young, /<b>AAPL<\/b>[^]*long 400[^]*sell 400 to close[^]*65 s ago, 2026-11-24/)
      assert.match(young, /class="no">none</)
      await house.advance(3_600_000)
      assert.match((await ask(house)).body, /class="no">OLD<\/strong> 61 min ago/)
    }))
  it('tells what is in doubt apart from what works', () =>
    inHouse(async (house) => {
      const jax = await house.token('jax', AGENT)
      const ana = await house.person('Ana', ['approver'], 'cli')
      await house.ask({ method: 'POST', url: '/v1/intents', as: jax, body: ORDER })
      const { digest } = (await house.ask({ url: '/v1/intents/ord-1', as: ana })).json<wire.Intent>()
      await house.ask({ method: 'POST', url: '/v1/intents/ord-1/approve', as: ana, body: { digest } })
      const claimed = await house.desk.claimSend('worker', 10_000, false)
      assert.ok(claimed?.send?.kind === 'single')
      // Sent, and nobody knows: it is in doubt before its send is given up as well.
      const part = (body: string, id: string): string => body.split(`id="${id}"`)[1]?.split('<section')[0] ?? ''
      const { body } = await ask(house)
      assert.match(part(body, 'doubt'), /buy 400 limit 187\.50[^]*Never order again/)
      assert.doesNotMatch(part(body, 'working'), /AAPL/)
      await house.desk.recordSent(claimed.send, { outcome: 'in-doubt', text: 'timeout' } as never)
      assert.match(part((await ask(house)).body, 'doubt'), /InDoubt/)
    }))
  it('shows the file HALT, whatever stands in it, and what else is halted', () =>
    inHouse(
      async (house) => {
        await house.desk.halt({
          reason: '<b>slow</b>',
          scope: 'symbol:AAPL',
          actor: { type: 'system', id: 'x', via: 'start', session: null },
        })
        const { body } = await ask(house)
        assert.match(body, /by the file HALT<\/strong>: smoke &lt;i&gt; \(ben, soon\)/)
        assert.match(body, /symbol:AAPL \(K1\)<\/strong>: &lt;b&gt;slow&lt;\/b&gt;/)
        assert.match(body, /Not proven/)
      },
      { emergency: emergency({ byFile: () => ({ by: 'ben', reason: 'smoke <i>', at: 'soon' }) }) },
    ))
  it('shows the sheet of the desk, and how to stop, when the database cannot be read', () =>
    inHouse(
      async (house) => {
        const { statusCode, body } = await ask(house)
        assert.equal(statusCode, 200)
        // Halts, held, in doubt, working.
        assert.equal(body.match(/Cannot be read now<\/strong>: malformed \(ledger\.db\)/g)?.length, 4)
        assert.match(body, /\+1 555 0100[^]*What helps now[^]*halt<\/code>/)
        assert.doesNotMatch(body, /Nothing is (?:held|halted)/)
      },
      {
        emergency: emergency({ place: { ...PLACE, sheet: { ...EMPTY, phone: '+1 555 0100' } } }),
        readsOf: (store) =>
          new Proxy(store, {
            get: () => () => {
              throw new Fault('STORE_DAMAGED', 'malformed (ledger.db)')
            },
          }),
      },
    ))
})

describe('what is written into the page', () => {
  const NASTY = '<img src=x onerror="alert(1)">\u202e\u0000&\''
  it('is text, whoever wrote it', async () => {
    const known = { at: '2026-11-24T15:00:00.000000Z', ageS: 5, old: false }
    const order = {
      clOrdID: NASTY,
      orderID: NASTY,
      symbol: NASTY,
      side: 'Buy',
      leavesQty: '1',
      ordType: 'Limit',
      price: '1',
      stopPx: null,
      role: NASTY,
      protects: false,
      ordStatus: NASTY,
      known,
    }
    const position = {
      symbol: NASTY,
      side: 'Short',
      qty: '1',
      closeBy: 'Buy',
      avgCost: null,
      protectedQty: '1',
      known,
    } as const
    const sheet = { ...EMPTY, phone: NASTY, note: NASTY, does: NASTY }
    const of = await gather({ ...PLACE, sheet, account: NASTY as AccountID }, { why: NASTY }, null, {
      at: 0 as never,
      now: null,
      speed: 1,
    })
    const html = emergencyPage(
      {
        ...of,
        held: { ok: true, value: [position] },
        working: { ok: true, value: [order] },
        halts: {
          ok: true,
          value: [{ scope: `symbol:${NASTY}`, level: 'K1', by: NASTY, reason: NASTY, since: known.at }],
        },
        compared: { ok: true, value: { ...known, clean: false, findings: [NASTY] } },
        haltFile: { by: NASTY, reason: NASTY, at: NASTY },
      },
      ['E1'],
      { done: 'nothing', why: NASTY },
    )
    assert.doesNotMatch(html, /<img|\u202e|\u0000|onerror="/)
    assert.ok(html.split('&lt;img src=x onerror=').length > 15)
  })
  it('says of each desk what is known of it, and no more', () => {
    assert.match(deskOf('ibkr', EMPTY), /close.*USD 30/)
    for (const broker of ['alpaca', 'oanda', 'constructor']) assert.match(deskOf(broker, EMPTY), /^Not confirmed/)
    assert.equal(deskOf('ibkr', { ...EMPTY, does: 'closes, for nothing' }), 'closes, for nothing')
  })
  it('tells an age as a person would', () => {
    const rows = [
      [0, '0 s'],
      [119, '119 s'],
      [120, '2 min'],
      [7199, '119 min'],
      [11_100, '3 h 05 min'],
      [172_800, '2 days'],
    ] as const
    for (const [seconds, words] of rows) assert.equal(ageInWords(seconds), words)
  })
})
