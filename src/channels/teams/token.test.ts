import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { BAD, type Bad, openSigner, type Signer } from '../../simulators/teams/signer.ts'
import { type Instant, plusMs } from '../../values/instant.ts'
import { NOON } from './example.contract.ts'
import { endpointsOf } from './hosts.ts'
import { type Activity, readActivity } from './payload.ts'
import { checkActivity, type KeyRing, openKeyRing, proofOf, type Token, verifyToken } from './token.ts'

const APP = '11111111-2222-4333-8444-555555555555'
const TENANT = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
const SERVICE = 'https://smba.trafficmanager.net/emea/'
const METADATA = 'https://login.botframework.com/v1/.well-known/openidconfiguration'
const HOUR = 3_600_000

let signer: Signer
let now: Instant = NOON
before(async () => {
  signer = await openSigner(() => now)
})

/** A key ring over the signer's keys; `fetches` counts how often they were asked for. */
function ring(over: { jwksUri?: string; keys?: () => unknown } = {}) {
  const seen = { fetches: 0, away: false, trouble: null as string | null }
  const read = async (url: string): Promise<unknown> => {
    if (seen.away) throw new Error('no answer')
    if (url === METADATA) return { jwks_uri: over.jwksUri ?? 'https://login.botframework.com/v1/.well-known/keys' }
    seen.fetches++
    return over.keys ? over.keys() : signer.jwks()
  }
  const keys = openKeyRing(METADATA, read, (text) => {
    seen.trouble = text
  })
  return { keys, seen }
}
const sign = (bad?: Bad, ageS = 0): Promise<string> =>
  signer.sign({ appID: APP, serviceUrl: SERVICE, ageS, ...(bad && { bad }) })
const verify = (header: string | undefined, keys: KeyRing = ring().keys, at: Instant = NOON) =>
  verifyToken(header, keys, APP, at)

async function refuse(header: string | undefined, why: RegExp, keys?: KeyRing): Promise<void> {
  const token = await verify(header, keys)
  assert.ok(!token.ok)
  assert.equal(token.error.code, 'TOKEN')
  assert.match(token.error.text, why)
}
async function accept(header: string, keys?: KeyRing, at?: Instant): Promise<Token> {
  const token = await verify(header, keys, at)
  assert.ok(token.ok, JSON.stringify(token))
  return token.value
}

describe('a token', () => {
  it('that Teams signed for us is taken', async () => {
    const token = await accept(`Bearer ${await sign()}`)
    assert.equal(token.serviceUrl, SERVICE)
    assert.deepEqual(token.endorsements, ['msteams', 'skype'])
    assert.equal(token.deadAt, plusMs(NOON, HOUR + 120_000))
  })

  const WHY: Readonly<Record<Exclude<Bad, 'no-endorsements' | 'other-serviceurl'>, RegExp>> = {
    'wrong-audience': /"aud"/,
    'two-audiences': /others too/,
    'wrong-issuer': /"iss"/,
    'wrong-key': /signature verification failed/,
    'no-serviceurl': /"serviceurl"/,
    expired: /"exp"/,
    'no-exp': /"exp"/,
    'not-yet': /"nbf"/,
    rs512: /"alg"/,
    'hs256-public-key': /"alg"/,
    none: /not Bearer with one token/,
    'unknown-kid': /does not have/,
    'no-kid': /names no key/,
  }
  for (const [bad, why] of Object.entries(WHY) as [Bad, RegExp][])
    it(`is refused: ${bad}`, async () => refuse(`Bearer ${await sign(bad)}`, why))
  it('has a row for each attack that the fake can sign', () =>
    assert.deepEqual([...Object.keys(WHY), 'no-endorsements', 'other-serviceurl'].sort(), [...BAD].sort()))

  it('is taken for a minute after its end, for the sake of clocks, and no longer', async () => {
    const late = async (s: number) => verify(`Bearer ${await sign(undefined, 3600 + s)}`)
    assert.equal((await late(55)).ok, true)
    assert.equal((await late(65)).ok, false)
  })

  it('is refused in another scheme, in none, twice, or with anything around it', async () => {
    const good = await sign()
    for (const header of [
      undefined,
      '',
      good,
      `bearer ${good}`,
      `BEARER ${good}`,
      `Bearer  ${good}`,
      `Bearer\t${good}`,
      ` Bearer ${good}`,
      `Bearer ${good} `,
      `Bearer ${good}, Bearer ${good}`,
      `Basic ${good}`,
      `Bearer ${good.split('.').slice(0, 2).join('.')}`,
      `Bearer ${'a'.repeat(20_000)}`,
    ])
      await refuse(header, /bearer/i)
  })

  it('is refused when its signature is written in another way', async () => {
    const good = await sign()
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const at = last.indexOf(good.at(-1) ?? '')
    const twin = `${good.slice(0, -1)}${last[at ^ 1]}`
    assert.deepEqual(
      Buffer.from(twin.split('.')[2] ?? '', 'base64url'),
      Buffer.from(good.split('.')[2] ?? '', 'base64url'),
    )
    await refuse(`Bearer ${twin}`, /canonical/)
  })

  it('names one request together with the activity', async () => {
    const [one, other] = [await accept(`Bearer ${await sign()}`), await accept(`Bearer ${await sign(undefined, 1)}`)]
    assert.match(proofOf(one, 'a'), /^[0-9a-f]{64}$/)
    assert.equal(proofOf(one, 'a'), proofOf(one, 'a'))
    assert.notEqual(proofOf(one, 'a'), proofOf(one, 'b'))
    assert.notEqual(proofOf(one, 'a'), proofOf(other, 'a'))
  })
})

describe('an activity', () => {
  const microsoft = endpointsOf(null, false)
  assert.ok(microsoft.ok)
  const { serves } = microsoft.value
  const BODY = {
    type: 'message',
    channelId: 'msteams',
    serviceUrl: SERVICE,
    conversation: { id: 'c', tenantId: TENANT },
    channelData: { tenant: { id: TENANT } },
    recipient: { id: `28:${APP}` },
  }
  const read = (over: object): Activity => {
    const activity = readActivity(JSON.stringify({ ...BODY, ...over }))
    assert.ok(activity.ok, JSON.stringify(activity))
    return activity.value
  }
  const check = async (over: object, bad?: Bad) => {
    const token = await accept(`Bearer ${await sign(bad)}`)
    const fits = checkActivity(token, read(over), { appID: APP, tenantID: TENANT }, serves)
    return fits.ok ? 'fits' : fits.error.text
  }

  it('for our bot, from our organisation, is taken', async () => assert.equal(await check({}), 'fits'))
  for (const [name, over, why, bad] of [
    ['a key without endorsement', {}, /may not speak/, 'no-endorsements'],
    ['a token for another service address', {}, /another service address/, 'other-serviceurl'],
    [
      'another service address than the token’s',
      { serviceUrl: 'https://smba.trafficmanager.net/amer/' },
      /another service/,
    ],
    ['another channel', { channelId: 'webchat' }, /does not come from Teams/],
    ['a channel in other letters', { channelId: 'MSTeams' }, /does not come from Teams/],
    ['a conversation elsewhere', { conversation: { id: 'c', tenantId: APP } }, /another organisation/],
    ['another organisation', { channelData: { tenant: { id: APP } } }, /comes from another organisation/],
    ['another bot', { recipient: { id: `28:${TENANT}` } }, /another bot/],
    ['a person', { recipient: { id: APP } }, /another bot/],
  ] as const)
    it(`is refused: ${name}`, async () => assert.match(await check(over, bad), why))

  it('is refused when its token names a host that is not Microsoft’s, and the body the same', async () => {
    const evil = 'https://evil.example/'
    const raw = await signer.sign({ appID: APP, serviceUrl: evil })
    const token = await accept(`Bearer ${raw}`)
    const fits = checkActivity(token, read({ serviceUrl: evil }), { appID: APP, tenantID: TENANT }, serves)
    assert.ok(!fits.ok)
    assert.match(fits.error.text, /none of Microsoft/)
  })

  for (const [name, over] of [
    ['serviceUrl', { serviceUrl: undefined }],
    ['channelId', { channelId: undefined }],
    ['recipient', { recipient: {} }],
    ['tenantId', { conversation: { id: 'c' } }],
    ['tenant', { channelData: null }],
    ['conversation', { conversation: { tenantId: TENANT } }],
  ] as const)
    it(`is unreadable without ${name}`, () => {
      const activity = readActivity(JSON.stringify({ ...BODY, ...over }))
      assert.ok(!activity.ok)
      assert.match(activity.error, new RegExp(name))
    })
})

describe('the keys', () => {
  it('are fetched once for many tokens, and together', async () => {
    const { keys, seen } = ring()
    const header = `Bearer ${await sign()}`
    await Promise.all([accept(header, keys), accept(header, keys), accept(header, keys)])
    await accept(header, keys)
    assert.equal(seen.fetches, 1)
  })

  it('are fetched again when a new one signs', async () => {
    const { keys, seen } = ring()
    await accept(`Bearer ${await sign()}`, keys)
    await signer.rotate()
    const header = `Bearer ${await sign()}`
    const early = await verify(header, keys, plusMs(NOON, 59_000))
    assert.equal(early.ok, false)
    await accept(header, keys, plusMs(NOON, 60_000))
    assert.equal(seen.fetches, 2)
  })

  it('are asked for once a minute at the most, however many strangers come', async () => {
    const { keys, seen } = ring()
    const header = `Bearer ${await sign('unknown-kid')}`
    for (let s = 0; s < 120; s++) await verify(header, keys, plusMs(NOON, s * 1000))
    assert.equal(seen.fetches, 2)
  })

  it('are not believed for longer than a day', async () => {
    const { keys, seen } = ring()
    const token = async (h: number) => {
      now = plusMs(NOON, h * HOUR)
      return verify(`Bearer ${await sign()}`, keys, now)
    }
    try {
      assert.equal((await token(0)).ok, true)
      seen.away = true
      assert.equal((await token(13)).ok, true)
      assert.match(seen.trouble ?? '', /cannot be fetched/)
      const dead = await token(24)
      assert.ok(!dead.ok)
      assert.equal(dead.error.code, 'KEYS_UNREACHABLE')
      seen.away = false
      assert.equal((await token(24.01)).ok, true)
      assert.equal(seen.trouble, null)
    } finally {
      now = NOON
    }
  })

  it('that cannot be fetched decide nothing, and are asked for again in a few seconds', async () => {
    const { keys, seen } = ring()
    seen.away = true
    const header = `Bearer ${await sign()}`
    const none = await verify(header, keys)
    assert.ok(!none.ok)
    assert.equal(none.error.code, 'KEYS_UNREACHABLE')
    seen.away = false
    assert.equal((await verify(header, keys, plusMs(NOON, 4_000))).ok, false)
    await accept(header, keys, plusMs(NOON, 5_000))
  })

  it('come from the host that names them, and from nowhere else', async () => {
    for (const jwksUri of [
      'https://evil.example/keys',
      'http://login.botframework.com/v1/.well-known/keys',
      'nonsense',
    ]) {
      const { keys, seen } = ring({ jwksUri })
      const none = await verify(`Bearer ${await sign()}`, keys)
      assert.ok(!none.ok)
      assert.equal(seen.fetches, 0)
    }
  })

  it('of one name are none', async () => {
    const { keys } = ring({ keys: () => ({ keys: [...signer.jwks().keys, ...signer.jwks().keys] }) })
    await refuse(`Bearer ${await sign()}`, /does not have/, keys)
  })
})
