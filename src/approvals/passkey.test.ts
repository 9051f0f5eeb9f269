import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type AuthenticationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import fc from 'fast-check'
import { assertionOf, type Lie, softAuthenticator } from '../../test/soft-authenticator.ts'
import { parseCoseKey } from './cose.ts'
import { challengeOf } from './envelope.ts'
import type { Envelope, PasskeyAssertion } from './evidence.ts'
import {
  type AssertionFault,
  agrees,
  counterFault,
  parsePublicKey,
  type PublicKey,
  verifyAssertion,
} from './passkey.ts'

const ENVELOPE: Envelope = {
  v: 1,
  purpose: 'jax.approval',
  approval_id: 'apr_01',
  approver: 'usr_alice',
  decision: 'approve',
  expires_at: '2026-11-22T15:18:20Z',
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
  order_digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0',
  policy_version: '7',
}
const ORIGIN = 'https://jax.example'
const ASK = { rpID: 'jax.example', origin: ORIGIN, challenge: challengeOf(ENVELOPE) }
const EXPECTED = {
  rpID: 'jax.example',
  origins: ['https://jax.example:8443', ORIGIN],
  requireUserVerification: true,
} as const
const ALGS = [-7, -8, -257] as const
const NAME = { [-7]: 'ES256', [-8]: 'Ed25519', [-257]: 'RS256' } as const

/** What the library says of an answer; `counter` is the one that was stored. */
async function library(
  response: AuthenticationResponseJSON,
  { cose, counter = 0 }: { readonly cose: Uint8Array; readonly counter?: number },
): Promise<boolean> {
  try {
    const { verified } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: ASK.challenge,
      expectedOrigin: [...EXPECTED.origins],
      expectedRPID: ASK.rpID,
      credential: { id: response.id, publicKey: Uint8Array.from(cose), counter },
      requireUserVerification: true,
    })
    return verified
  } catch {
    return false
  }
}
const codeOf = (answer: ReturnType<typeof verifyAssertion>): AssertionFault['code'] | 'yes' =>
  answer.ok ? 'yes' : answer.error.code

describe('what an honest passkey signs', () => {
  for (const alg of ALGS)
    it(`with ${NAME[alg]} is taken by the library and by us`, async () => {
      const passkey = softAuthenticator('laptop', { alg })
      const registration = await verifyRegistrationResponse({
        response: passkey.create({ ...ASK, userID: 'dXNyX2FsaWNl' }),
        expectedChallenge: ASK.challenge,
        expectedOrigin: ORIGIN,
        expectedRPID: ASK.rpID,
        supportedAlgorithmIDs: [...ALGS],
      })
      assert.ok(registration.verified)
      const { credential } = registration.registrationInfo
      assert.equal(credential.id, passkey.credentialID)
      const key = parseCoseKey(credential.publicKey)
      assert.deepEqual(key, { ok: true, value: passkey.publicKey })

      const answer = passkey.get(ASK)
      assert.equal(answer.response.userHandle, 'dXNyX2FsaWNl')
      assert.equal(await library(answer, { cose: credential.publicKey }), true)
      assert.deepEqual(verifyAssertion(assertionOf(ENVELOPE, answer), key.value, EXPECTED), {
        ok: true,
        value: { counter: 0, backedUp: false },
      })
    })

  it('tells the counter, and whether the passkey lives in a cloud', async () => {
    const counting = softAuthenticator('security key', { counts: true })
    counting.get(ASK)
    const second = counting.get(ASK)
    assert.deepEqual(verifyAssertion(assertionOf(ENVELOPE, second), counting.publicKey, EXPECTED), {
      ok: true,
      value: { counter: 2, backedUp: false },
    })
    const synced = softAuthenticator('phone', { backedUp: true })
    const answer = synced.get(ASK)
    assert.equal(await library(answer, synced), true)
    assert.deepEqual(verifyAssertion(assertionOf(ENVELOPE, answer), synced.publicKey, EXPECTED), {
      ok: true,
      value: { counter: 0, backedUp: true },
    })
  })

  // biome-ignore format: a table reads in columns
  const odd: readonly (readonly [what: string, way: Lie])[] = [
    ['without crossOrigin, as older browsers', { crossOrigin: undefined }],
    ['with extensions',                        { flags: 0x80, more: Buffer.from('a16b686d61632d73656372657441 00'.replace(' ', ''), 'hex') }],
    ['with members nobody knows',              { clientData: (json) => json.replace('}', ',"other_keys_can_be_added_here":"do not compare"}') }],
    ['with an old browser\'s token binding',   { clientData: (json) => json.replace('}', ',"tokenBinding":{"status":"supported"}}') }],
    ['with a counter at its end',              { counter: 0xffffffff }],
  ]
  for (const [what, way] of odd)
    it(`is taken ${what}`, async () => {
      const passkey = softAuthenticator('laptop')
      const answer = passkey.get(ASK, way)
      assert.equal(await library(answer, passkey), true)
      assert.equal(codeOf(verifyAssertion(assertionOf(ENVELOPE, answer), passkey.publicKey, EXPECTED)), 'yes')
    })
})

describe('a lie, signed all the same', () => {
  const embed = (member: string) => (json: string) => json.replace('"crossOrigin":false', member)
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, lie: Lie, code: AssertionFault['code'], library: boolean])[] = [
    ['another challenge',                         { challenge: challengeOf({ ...ENVELOPE, decision: 'reject' }) },     'WRONG_CHALLENGE', false],
    ['the challenge in another spelling',         { challenge: `${ASK.challenge}=` },                                  'WRONG_CHALLENGE', false],
    ['no challenge',                              { challenge: undefined },                                            'WRONG_CHALLENGE', false],
    ['made for a registration',                   { type: 'webauthn.create' },                                         'WRONG_TYPE',      false],
    ['made for a payment',                        { type: 'payment.get' },                                             'WRONG_TYPE',      false],
    ['on a page of somebody else',                { origin: 'https://jax.example.evil.test' },                         'WRONG_ORIGIN',    false],
    ['on our page without TLS',                   { origin: 'http://jax.example' },                                    'WRONG_ORIGIN',    false],
    ['on another port',                           { origin: 'https://jax.example:444' },                               'WRONG_ORIGIN',    false],
    ['on our page, written otherwise',            { origin: 'https://JAX.example' },                                   'WRONG_ORIGIN',    false],
    ['on no page',                                { origin: undefined },                                               'WRONG_ORIGIN',    false],
    ['on a list with our page',                   { origin: [ORIGIN] },                                                'WRONG_ORIGIN',    false],
    ['inside a page of somebody else',            { crossOrigin: true, topOrigin: 'https://evil.test' },               'EMBEDDED',        false],
    ['inside a page that is not named',           { crossOrigin: true },                                               'EMBEDDED',        true],
    ['inside a page, in other words',             { crossOrigin: 'true' },                                             'EMBEDDED',        true],
    ['perhaps inside a page',                     { crossOrigin: null },                                               'EMBEDDED',        true],
    ['not inside, and yet',                       { topOrigin: 'https://evil.test' },                                  'EMBEDDED',        false],
    ['not inside a page of no name',              { topOrigin: '' },                                                   'EMBEDDED',        true],
    ['for another site',                          { rpID: 'evil.test' },                                               'WRONG_SITE',      false],
    ['for the site above',                        { rpID: 'example' },                                                 'WRONG_SITE',      false],
    ['with nobody there',                         { absent: true, unverified: true },                                  'NOT_PRESENT',     false],
    ['with nobody there, yet verified',           { absent: true },                                                    'NOT_PRESENT',     false],
    ['without PIN, fingerprint or face',          { unverified: true },                                                'NOT_VERIFIED',    false],
    ['with another key',                          { anotherKey: true },                                                'BAD_SIGNATURE',   false],
    ['backed up, and unable to be',               { flags: 0x10 },                                                     'MALFORMED',       false],
    ['bytes behind the data',                     { more: Buffer.of(0) },                                              'MALFORMED',       false],
    ['extensions that are not there',             { flags: 0x80 },                                                     'MALFORMED',       false],
    ['a new key that is not there',               { flags: 0x40 },                                                     'MALFORMED',       false],
    ['data without an end',                       { flags: 0x80, more: Buffer.concat([Buffer.from('a1616159ffff', 'hex'), Buffer.alloc(65535)]) }, 'MALFORMED', true],
    ['two origins, ours last',                    { clientData: (json) => json.replace('"origin"', '"origin":"https://evil.test","origin"') }, 'MALFORMED', true],
    ['two origins, ours first',                   { clientData: (json) => json.replace('}', ',"origin":"https://evil.test"}') }, 'MALFORMED',  false],
    ['crossOrigin twice',                         { clientData: embed('"crossOrigin":true,"crossOrigin":false') },     'MALFORMED',       true],
    ['the same key, spelled with an escape',      { clientData: embed('"crossOrigin":true,"\\u0063rossOrigin":false') }, 'MALFORMED',     true],
    ['a byte order mark',                         { clientData: (json) => `\ufeff${json}` },                           'MALFORMED',       true],
    ['client data that are not UTF-8',            { clientData: (json) => Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from('2c2278223a22ff227d', 'hex')]) }, 'MALFORMED', true],
    ['client data that are not JSON',             { clientData: (json) => json.slice(1) },                             'MALFORMED',       false],
    ['client data that are a list',               { clientData: (json) => `[${json}]` },                               'MALFORMED',       false],
    ['client data that are nothing',              { clientData: () => 'null' },                                        'MALFORMED',       false],
    ['client data without an end',                { clientData: (json) => json.replace('}', `,"x":"${'x'.repeat(5000)}"}`) }, 'MALFORMED', true],
  ]
  for (const alg of ALGS)
    for (const [what, lie, code, taken] of rows)
      it(`${NAME[alg]}: ${what} is ${code}${taken ? ', though the library takes it' : ''}`, async () => {
        const passkey = softAuthenticator('laptop', { alg })
        const answer = passkey.get(ASK, lie)
        const ours = verifyAssertion(assertionOf(ENVELOPE, answer), passkey.publicKey, EXPECTED)
        assert.equal(codeOf(ours), code)
        assert.ok(!ours.ok && /^[A-Z].*\.$/.test(ours.error.text) && ours.error.text.length < 400)
        assert.equal(await library(answer, passkey), taken)
      })

  it('is told in words that name the page, and cut what is hostile', () => {
    const passkey = softAuthenticator('laptop')
    const origin = `https://evil.test/\u202e\n${'x'.repeat(900)}`
    const ours = verifyAssertion(assertionOf(ENVELOPE, passkey.get(ASK, { origin })), passkey.publicKey, EXPECTED)
    assert.ok(!ours.ok)
    assert.match(ours.error.text, /^The passkey was used on "https:\/\/evil\.test\/.* or https:\/\/jax\.example\. /)
    assert.ok(!/[\n\u202e]/.test(ours.error.text))
    assert.ok(ours.error.text.length < 300)
  })

  it('a replayed answer is seen by its counter, where the passkey counts', async () => {
    const passkey = softAuthenticator('security key', { counts: true })
    passkey.get(ASK)
    const answer = passkey.get(ASK)
    assert.equal(await library(answer, { ...passkey, counter: 1 }), true)
    assert.equal(await library(answer, { ...passkey, counter: 2 }), false)
    assert.equal(await library(passkey.get(ASK, { counter: 0 }), { ...passkey, counter: 2 }), false)
    // biome-ignore format: a table reads in columns
    const rows: readonly (readonly [before: number, counter: number, fine: boolean])[] = [
      [0, 0, true], [0, 1, true], [1, 2, true], [1, 100, true],
      [1, 1, false], [2, 1, false], [1, 0, false], [0xffffffff, 0, false],
    ]
    for (const [before, counter, fine] of rows)
      assert.equal(counterFault(before, counter)?.code ?? 'fine', fine ? 'fine' : 'COUNTER_WENT_BACK')
  })
})

describe('one byte that is not as it was signed', () => {
  const decoded = (text: string): Buffer => Buffer.from(text, 'base64url')
  for (const alg of ALGS) {
    const passkey = softAuthenticator('laptop', { alg })
    const assertion = assertionOf(ENVELOPE, passkey.get(ASK))
    for (const part of ['authenticatorData', 'clientDataJSON', 'signature'] as const)
      it(`in the ${part} of ${NAME[alg]} is noticed, wherever it is`, () => {
        assert.equal(codeOf(verifyAssertion(assertion, passkey.publicKey, EXPECTED)), 'yes')
        const length = decoded(assertion[part]).length
        for (let at = 0; at < length; at++)
          fc.assert(
            fc.property(fc.integer({ min: 1, max: 255 }), (change) => {
              const bytes = decoded(assertion[part])
              bytes.writeUInt8(bytes.readUInt8(at) ^ change, at)
              const spoilt: PasskeyAssertion = { ...assertion, [part]: bytes.toString('base64url') }
              assert.notEqual(codeOf(verifyAssertion(spoilt, passkey.publicKey, EXPECTED)), 'yes')
            }),
            { numRuns: 4 },
          )
      })

    it(`in the envelope of ${NAME[alg]} is noticed`, () => {
      const others: Partial<Envelope>[] = [
        { purpose: 'jax.change' },
        { approval_id: 'apr_02' },
        { approver: 'usr_bob' },
        { decision: 'reject' },
        { expires_at: '2026-11-22T15:18:21Z' },
        { nonce: 'AAECAwQFBgcICQoLDA0ODg' },
        { order_digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC4' },
        { policy_version: '8' },
      ]
      for (const other of others)
        assert.equal(
          codeOf(verifyAssertion({ ...assertion, envelope: { ...ENVELOPE, ...other } }, passkey.publicKey, EXPECTED)),
          'WRONG_CHALLENGE',
        )
    })
  }
})

describe('what does not fit the form', () => {
  const passkey = softAuthenticator('laptop')
  const good = assertionOf(ENVELOPE, passkey.get(ASK))
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, part: Partial<PasskeyAssertion>])[] = [
    ['no credential id',              { credentialID: '' }],
    ['an endless credential id',      { credentialID: 'A'.repeat(1368) }],
    ['padding',                       { authenticatorData: `${good.authenticatorData}==` }],
    ['a blank',                       { clientDataJSON: ` ${good.clientDataJSON}` }],
    ['a line end',                    { signature: `${good.signature}\n` }],
    ['plain base64',                  { authenticatorData: Buffer.from(good.authenticatorData, 'base64url').toString('base64') }],
    ['short authenticator data',      { authenticatorData: good.authenticatorData.slice(0, 48) }],
    ['no signature',                  { signature: '' }],
    ['an endless signature',          { signature: 'A'.repeat(684) }],
    ['megabytes',                     { clientDataJSON: 'A'.repeat(4_000_000) }],
    ['an envelope with a field more', { envelope: { ...ENVELOPE, limit: '9' } as Envelope }],
    ['an envelope of half a pair',    { envelope: { ...ENVELOPE, approver: '\ud800' } }],
  ]
  for (const [what, part] of rows)
    it(`${what} is refused`, () => {
      assert.equal(codeOf(verifyAssertion({ ...good, ...part }, passkey.publicKey, EXPECTED)), 'MALFORMED')
    })

  it('an ES256 signature is DER: neither raw, nor in a longer form', () => {
    const der = Buffer.from(good.signature, 'base64url')
    const rLength = der.readUInt8(3)
    const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.alloc(32), bytes]).subarray(-32)
    const raw = Buffer.concat([integer(der.subarray(4, 4 + rLength)), integer(der.subarray(6 + rLength))])
    const longLength = Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)])
    for (const signature of [raw, longLength, Buffer.concat([der, Buffer.of(0)])])
      assert.equal(
        codeOf(verifyAssertion({ ...good, signature: signature.toString('base64url') }, passkey.publicKey, EXPECTED)),
        'BAD_SIGNATURE',
      )
  })

  it('a stored key that is none is named, not thrown', () => {
    const keys: readonly unknown[] = [
      null,
      { alg: -7, jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } },
      { alg: -257, jwk: passkey.publicKey.jwk },
      softAuthenticator('laptop', { alg: -8 }).publicKey.jwk,
    ]
    for (const key of keys) assert.equal(codeOf(verifyAssertion(good, key as PublicKey, EXPECTED)), 'BAD_KEY')
  })

  it('a key of another kind does not fit', () => {
    for (const alg of [-8, -257] as const)
      assert.equal(
        codeOf(verifyAssertion(good, softAuthenticator('laptop', { alg }).publicKey, EXPECTED)),
        'BAD_SIGNATURE',
      )
  })

  it('hostile text never throws', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.constantFrom(...Object.values(good).map(String)))
    fc.assert(
      fc.property(text, text, text, text, (credentialID, clientDataJSON, authenticatorData, signature) => {
        const parts = { credentialID, clientDataJSON, authenticatorData, signature }
        const answer = verifyAssertion({ ...good, ...parts }, passkey.publicKey, EXPECTED)
        const whole = (['clientDataJSON', 'authenticatorData', 'signature'] as const).every((p) => parts[p] === good[p])
        if (answer.ok) assert.ok(whole)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('does the envelope say what was decided', () => {
  const assertion = assertionOf(ENVELOPE, softAuthenticator('laptop').get(ASK))
  const what = {
    intentID: 'apr_01',
    digest: ENVELOPE.order_digest,
    approver: 'usr_alice',
    decision: 'approve',
    policyVersion: '7',
  } as const
  it('yes, word for word', () => assert.equal(agrees(assertion, what), true))

  const { intentID: _, ...rest } = what
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, what: Parameters<typeof agrees>[1]])[] = [
    ['another order',                 { ...what, intentID: 'apr_02' }],
    ['a change of the same name',     { ...rest, changeID: 'apr_01' }],
    ['another ticket of the order',   { ...what, digest: challengeOf(ENVELOPE) }],
    ['another person',                { ...what, approver: 'usr_bob' }],
    ['the other decision',            { ...what, decision: 'reject' }],
    ['rules that changed since',      { ...what, policyVersion: '8' }],
  ]
  for (const [name, other] of rows) it(`no: ${name}`, () => assert.equal(agrees(assertion, other), false))

  it('a change has its own purpose', () => {
    const change: PasskeyAssertion = { ...assertion, envelope: { ...ENVELOPE, purpose: 'jax.change' } }
    assert.equal(agrees(change, { ...rest, changeID: 'apr_01' }), true)
    assert.equal(agrees(change, what), false)
  })
})

describe('answers of a browser, recorded', () => {
  // Chromium with its virtual authenticator on http://localhost:39949, over the published envelope.
  const CLIENT =
    'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiN0pqS1k0R3VsSWFkR1J1c0QxT0dRMmxFUVY1SW0yR2dLcFAtdTRBMERoZyIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6Mzk5NDkiLCJjcm9zc09yaWdpbiI6ZmFsc2V9'
  const DATA = 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg'
  const rows: readonly (readonly [alg: PublicKey['alg'], credentialID: string, cose: string, signature: string])[] = [
    [
      -7,
      'Og7GsFmMtpx3mNg-WGKwz1mTB-wDxvWeeHum19ySXc0',
      'pQECAyYgASFYIAeJIDx5zwObWudw5CJkM-3b2iJDnsHU9BMQ64i04saYIlggTEJp-YOVMbpQ1CaQpl8yPiDCTIJ2xiEfRfUyTiEyYto',
      'MEUCIHaevxKq-e8VriffASB1kNaW-KH5b13MAD8OuC2ozrZbAiEAs2fB2TLrc5owlmKTXR9E62xQGXV7fv4HITZbVQOcYD4',
    ],
    [
      -8,
      'Wnlub4lwnYscCRXy8ODV804TXJXTIL6J5zHR8TrdeYU',
      'pAEBAycgBiFYIPY83i4kmBQ5yVAPp7tg8_bva4H3OHUtfh5LhM9HT3_F',
      'muJosD4a8WO302iYvJE_r4CeoQwq8Sf5YNnZjp3MNUD0uQ09DguostLlDYBUqDeJpRd3k0cMSC379LXdwWAJBg',
    ],
    [
      -257,
      'Ope5djRWLT9WYPzA6R6eeRJW5XzvLh6hkf5HNPpKApM',
      'pAEDAzkBACBZAQCyof4uTOgIz6vlrEHkss-pLptb38aAGOk_kpSyvoiamTxXCoPm9LziaYEE0lFOurusf9hbghEftsNS-wXfLS-4CbSK6ezn7jDZ0IH1w1femHp6B0VI0fj54dW-QS1c2_akqtYKmCTHAN9PDVLgffrKFa-AB_2_GVQrHRXSLnBVk5npmM7ZJOb8UrENjGjWQ-IbQlxy6MZ9s7AaOHS6fXB0iMClUH69D3Cj57GsC5xpvtPYyq8_h6XDKo35IPlRf37xgCid14-xicKBXbsA_MRAJg3lj75QCMzD1LmKl1alwIB4eaGPTkpp3Qyg0A-XYgMTLSG50DX3bnw1mcSFneQBIUMBAAE',
      'Ypwf6qKHAZh0qVnP9WrdpweEOfn9dzigNb99qLf5Fdon2rE9BYi8vbHqXDeQkjXkVq2Nj6uvUTCDdE3KZcp4xrMAWPUNFb4h_lfv83LI0ZuEKMr5Jd67LZKaMx1w29LJkyb7H7yLnV7VvplnJiYTxSX1GHmRprCTvPUGPxn4rnUkPNWj1tO2O_USyoz-lImnoQmsc8q_DkbQGU6-IetF6Ud-Akb7FVV85CLe6qU3tegXADiajXnVv6omPjTJQVQvcygTu47gO0Tox7PPqx74dGHJXUvbt6CFXBylwA8wL8310lud4qzRyF1FZQv7E7i1GRMiEa20FqdvSEI2vbRUrQ',
    ],
  ]
  for (const [alg, credentialID, cose, signature] of rows)
    it(`with ${NAME[alg]}`, () => {
      const key = parseCoseKey(Buffer.from(cose, 'base64url'))
      assert.ok(key.ok)
      assert.equal(key.value.alg, alg)
      assert.deepEqual(parsePublicKey(JSON.parse(JSON.stringify(key.value))), key)
      const assertion: PasskeyAssertion = {
        kind: 'passkey',
        credentialID,
        envelope: ENVELOPE,
        clientDataJSON: CLIENT,
        authenticatorData: DATA,
        signature,
      }
      const here = { rpID: 'localhost', origins: ['http://localhost:39949'], requireUserVerification: true } as const
      assert.deepEqual(verifyAssertion(assertion, key.value, here), {
        ok: true,
        value: { counter: 2, backedUp: false },
      })
      assert.equal(codeOf(verifyAssertion(assertion, key.value, { ...here, rpID: 'jax.example' })), 'WRONG_SITE')
      assert.equal(codeOf(verifyAssertion(assertion, key.value, EXPECTED)), 'WRONG_ORIGIN')
    })
})
