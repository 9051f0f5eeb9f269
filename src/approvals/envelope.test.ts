import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Instant, parseInstant } from '../values/instant.ts'
import { bytesOf, challengeOf, envelopeOf, parseEnvelope } from './envelope.ts'
import type { Envelope } from './evidence.ts'

const GOLDEN: Envelope = {
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

/** Every field that there is: a new one does not compile here until it has other values, and then must be signed. */
const OTHER: { readonly [K in keyof Envelope]: readonly Envelope[K][] } = {
  v: [1],
  purpose: ['jax.change'],
  approval_id: ['apr_02', 'apr_0', 'apr_01.'],
  approver: ['usr_bob', 'usr_Alice'],
  decision: ['reject'],
  expires_at: ['2026-11-22T15:18:21Z', '2026-11-22T15:18:20.000000Z'],
  nonce: ['AAECAwQFBgcICQoLDA0ODg'],
  order_digest: ['0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC4', '1CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0'],
  policy_version: ['8', '07'],
}

describe('the challenge', () => {
  it('is the one of the published vector', () => {
    assert.equal(challengeOf(GOLDEN), '7JjKY4GulIadGRusD1OGQ2lEQV5Im2GgKpP-u4A0Dhg')
  })

  it('does not depend on the order of the fields', () => {
    const reversed = Object.fromEntries(Object.entries(GOLDEN).reverse()) as Envelope
    assert.equal(challengeOf(reversed), challengeOf(GOLDEN))
  })

  it('differs when anything does', () => {
    const challenges = Object.entries(OTHER).flatMap(([field, values]) =>
      values.map((value: unknown) => challengeOf({ ...GOLDEN, [field]: value })),
    )
    assert.equal(challenges[0], challengeOf(GOLDEN), 'v has one value only')
    assert.equal(new Set(challenges).size, challenges.length)
  })
})

describe('an envelope', () => {
  const of = {
    purpose: 'jax.approval',
    approvalID: 'apr_01',
    approver: 'usr_alice',
    decision: 'approve',
    expiresAt: parseInstant('2026-11-22T15:18:20Z') as Instant,
    nonce: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
    digest: GOLDEN.order_digest,
    policyVersion: '7',
  } as const

  it('is built from its parts', () => {
    assert.deepEqual(envelopeOf(of), { ...GOLDEN, expires_at: '2026-11-22T15:18:20.000000Z' })
  })

  const wrong: readonly (readonly [what: string, part: Partial<Parameters<typeof envelopeOf>[0]>, says: RegExp])[] = [
    ['a short nonce', { nonce: new Uint8Array(15) }, /nonce .* 16 bytes/],
    ['no digest', { digest: '' }, /order_digest .* 32 bytes/],
    ['an id with a blank', { approvalID: 'apr 01' }, /approval_id .* without blanks/],
  ]
  for (const [what, part, says] of wrong)
    it(`is not built with ${what}`, () => {
      assert.throws(
        () => envelopeOf({ ...of, ...part }),
        (thrown) => thrown instanceof RangeError && says.test(thrown.message),
      )
    })
})

describe('a stored envelope', () => {
  it('is read back as it was, in every form that is written', () => {
    for (const [field, values] of Object.entries(OTHER))
      for (const value of values as readonly unknown[]) {
        const envelope = { ...GOLDEN, [field]: value }
        assert.deepEqual(parseEnvelope(JSON.parse(JSON.stringify(envelope))), { ok: true, value: envelope })
      }
  })

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, json: unknown, says: RegExp])[] = [
    ['nothing',                        null,                                                        /is an object/],
    ['text',                           JSON.stringify(GOLDEN),                                      /is an object/],
    ['a list',                         [GOLDEN],                                                    /is an object/],
    ['one field more',                 { ...GOLDEN, limit: '9' },                                   /no field "limit"/],
    ['a field named as of a prototype', { ...GOLDEN, ['toString']: '9' },                            /no field "toString"/],
    ['__proto__ as a field',           JSON.parse(JSON.stringify(GOLDEN).replace('}', ',"__proto__":{}}')), /no field "__proto__"/],
    ['fields of its prototype',        Object.create(GOLDEN),                                       /^v of/],
    ['another version',                { ...GOLDEN, v: 2 },                                         /^v of an envelope is 1$/],
    ['a version in text',              { ...GOLDEN, v: '1' },                                       /^v of/],
    ['another purpose',                { ...GOLDEN, purpose: 'jax.login' },                         /^purpose .* "jax.approval" or "jax.change"/],
    ['another decision',               { ...GOLDEN, decision: 'Approve' },                          /^decision .* "approve" or "reject"/],
    ['an empty id',                    { ...GOLDEN, approval_id: '' },                              /^approval_id/],
    ['an endless id',                  { ...GOLDEN, approval_id: 'a'.repeat(129) },                 /^approval_id/],
    ['a person with a line end',       { ...GOLDEN, approver: 'usr_alice\n' },                      /^approver/],
    ['a person with a look-alike',     { ...GOLDEN, approver: 'usr_аlice' },                        /^approver/],
    ['half of a surrogate pair',       { ...GOLDEN, approver: '\ud800' },                           /^approver/],
    ['a version that is a number',     { ...GOLDEN, policy_version: 7 },                            /^policy_version/],
    ['a local time',                   { ...GOLDEN, expires_at: '2026-11-22T15:18:20+00:00' },      /^expires_at/],
    ['a day that does not exist',      { ...GOLDEN, expires_at: '2026-11-31T15:18:20Z' },           /^expires_at/],
    ['a long nonce',                   { ...GOLDEN, nonce: 'AAECAwQFBgcICQoLDA0ODxA' },             /^nonce/],
    ['a padded nonce',                 { ...GOLDEN, nonce: 'AAECAwQFBgcICQoLDA0ODw==' },            /^nonce/],
    ['a nonce of another spelling',    { ...GOLDEN, nonce: 'AAECAwQFBgcICQoLDA0ODx' },              /^nonce/],
    ['a digest in plain base64',       { ...GOLDEN, order_digest: GOLDEN.order_digest.replace('-', '+') }, /^order_digest/],
  ]
  for (const [what, json, says] of rows)
    it(`is not ${what}`, () => {
      const parsed = parseEnvelope(json)
      assert.equal(parsed.ok, false)
      assert.match(parsed.error, says)
    })

  it('misses no field', () => {
    for (const field of Object.keys(GOLDEN)) {
      const { [field as keyof Envelope]: _, ...rest } = GOLDEN
      const parsed = parseEnvelope(rest)
      assert.equal(parsed.ok ? '' : parsed.error.split(' ')[0], field)
    }
  })
})

it('base64url has one spelling', () => {
  const text = fc.string({ unit: fc.constantFrom(...'AQgw_-+/= \n'), maxLength: 6 })
  fc.assert(
    fc.property(text, text, (a, b) => {
      const [x, y] = [bytesOf(a), bytesOf(b)]
      if (x && y && x.equals(y)) assert.equal(a, b)
      if (x) assert.match(a, /^[A-Za-z0-9_-]*$/)
    }),
    { numRuns: 2000 },
  )
  assert.deepEqual(bytesOf('AQ'), Buffer.of(1))
  assert.equal(bytesOf('AR'), null)
  assert.equal(bytesOf('A'), null)
})
