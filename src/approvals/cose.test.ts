import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { cose as library, decodeCredentialPublicKey } from '@simplewebauthn/server/helpers'
import fc from 'fast-check'
import { softAuthenticator } from '../../test/soft-authenticator.ts'
import { parseCoseKey } from './cose.ts'
import { type PublicKey, parsePublicKey } from './passkey.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ALGS = [-7, -8, -257] as const
const KEY = Object.fromEntries(ALGS.map((alg) => [alg, softAuthenticator('laptop', { alg })])) as Readonly<
  Record<PublicKey['alg'], ReturnType<typeof softAuthenticator>>
>
const ES256 = KEY[-7].cose
const X = ES256.subarray(10, 42)
const Y = ES256.subarray(45)
const ed25519 = (x: Buffer): Buffer => Buffer.concat([hex('a4 0101 0327 2006 21 5820'), x])
const rsa = (n: Buffer, e = '43 010001'): Buffer =>
  Buffer.concat([hex('a4 0103 03390100 20 59'), Buffer.of(n.length >> 8, n.length & 0xff), n, hex(`21 ${e}`)])
const es256 = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)))

describe('a COSE key that is taken', () => {
  for (const alg of ALGS)
    it(`of algorithm ${alg} becomes the same key as JWK`, () => {
      assert.deepEqual(parseCoseKey(KEY[alg].cose), { ok: true, value: KEY[alg].publicKey })
      assert.deepEqual(parsePublicKey(JSON.parse(JSON.stringify(KEY[alg].publicKey))), {
        ok: true,
        value: KEY[alg].publicKey,
      })
    })

  it('may have its labels in any order', () => {
    assert.deepEqual(parseCoseKey(es256('a5 22 5820', Y, '21 5820', X, '2001 0326 0102')), parseCoseKey(ES256))
  })

  it('has 2048 bits at the least with RSA, and 4096 at the most', () => {
    for (const [bits, taken] of [
      [2047, false],
      [2048, true],
      [4096, true],
      [4097, false],
    ] as const) {
      const n = 2n ** BigInt(bits) - 1n
      const bytes = hex(n.toString(16).padStart(Math.ceil(bits / 8) * 2, '0'))
      assert.equal(parseCoseKey(rsa(bytes)).ok, taken, `${bits} bits`)
    }
  })
})

describe('a COSE key that is refused', () => {
  const n = Buffer.alloc(256, 0xff)
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, cose: Buffer, says: RegExp])[] = [
    ['nothing',                                    Buffer.alloc(0),                                                       /not a map/],
    ['a byte behind it',                           Buffer.concat([ES256, Buffer.of(0)]),                                  /not a map/],
    ['a byte too few',                             ES256.subarray(0, -1),                                                 /not a map/],
    ['a list',                                     es256('85 0102 0326 2001'),                                            /not a map/],
    ['a map without an end',                       es256('bf 0102 0326 2001 21 5820', X, '22 5820', Y, 'ff'),             /not a map/],
    ['a map with a long head',                     es256('b8 05 0102 0326 2001 21 5820', X, '22 5820', Y),                /not a map/],
    ['a number with a long head',                  es256('a5 0102 03 3806 2001 21 5820', X, '22 5820', Y),                /not a map/],
    ['bytes with a long head',                     es256('a5 0102 0326 2001 21 590020', X, '22 5820', Y),                 /not a map/],
    ['bytes in pieces',                            es256('a5 0102 0326 2001 21 5f 5820', X, 'ff 22 5820', Y),             /not a map/],
    ['a label twice, with one value',              es256('a5 0102 0326 2001 21 5820', X, '2001'),                         /not a map/],
    ['a label twice, with two values',             es256('a5 0102 0326 2001 21 5820', X, '21 5820', Y),                   /not a map/],
    ['a label that is text',                       es256('a5 0102 0326 2001 21 5820', X, '6179 5820', Y),                 /not a map/],
    ['a value that is text, as one browser wrote', es256('a4 0163 4f4b50 0327 2067 45643235353139 21 5820', X),           /not a map/],
    ['a tag',                                      es256('a5 0102 0326 2001 21 c2 5820', X, '22 5820', Y),                /not a map/],
    ['a number of eight bytes',                    es256('a5 0102 0326 2001 21 5820', X, '1b 0000000100000000 02'),       /not a map/],
    ['a sixth label',                              es256('a6 0102 02 4101 0326 2001 21 5820', X, '22 5820', Y),           /not a map/],
    ['a label that does not belong',               es256('a5 0101 02 4101 0327 2006 21 5820', X),                         /more or fewer/],
    ['a label too few',                            es256('a4 0102 0326 2001 21 5820', X),                                 /more or fewer/],
    ['no algorithm',                               es256('a4 0102 2001 21 5820', X, '22 5820', Y),                        /none of/],
    ['ES384',                                      es256('a5 0102 03 3822 2002 21 5820', X, '22 5820', Y),                /none of/],
    ['ES256K',                                     es256('a5 0102 03 382e 2008 21 5820', X, '22 5820', Y),                /none of/],
    ['ML-DSA-44',                                  es256('a3 0107 03 382f 20 5820', X),                                   /none of/],
    ['RS1, which is SHA-1',                        es256('a4 0103 03 39fffe 20 590100', n, '21 43 010001'),               /none of/],
    ['ES256 called an OKP key',                    es256('a5 0101 0326 2001 21 5820', X, '22 5820', Y),                   /label 1/],
    ['ES256 on another curve',                     es256('a5 0102 0326 2002 21 5820', X, '22 5820', Y),                   /label -1/],
    ['EdDSA with Ed448',                           es256('a4 0101 0327 2007 21 5839', Buffer.alloc(57)),                  /label -1/],
    ['a compressed point',                         es256('a5 0102 0326 2001 21 5820', X, '22 f5'),                        /not a map/],
    ['a number for a coordinate',                  es256('a5 0102 0326 2001 21 5820', X, '22 01'),                        /label -3 .* byte string/],
    ['a short coordinate',                         es256('a5 0102 0326 2001 21 581f', X.subarray(1), '22 5820', Y),       /x is not 32 bytes/],
    ['a coordinate with a zero before it',         es256('a5 0102 0326 2001 21 5821 00', X, '22 5820', Y),                /x is not 32 bytes/],
    ['a point beside the curve',                   es256('a5 0102 0326 2001 21 5820', X, '22 5820', X),                   /not a key/],
    ['the point at infinity',                      es256('a5 0102 0326 2001 21 5820', Buffer.alloc(32), '22 5820', Buffer.alloc(32)), /not a key/],
    ['a short Ed25519 key',                        es256('a4 0101 0327 2006 21 581f', X.subarray(1)),                     /x is not 32 bytes/],
    ['RSA with 1024 bits',                         es256('a4 0103 03390100 20 5880', n.subarray(0, 128), '21 43 010001'),                                         /n is not 256 to 512 bytes/],
    ['RSA with 1024 bits and zeros before them',   rsa(Buffer.concat([Buffer.alloc(128), n.subarray(0, 128)])),           /fewer than 2048 bits/],
    ['RSA with nothing but zeros',                 rsa(Buffer.alloc(256)),                                                /fewer than 2048 bits|not a key/],
    ['RSA with the exponent 1',                    rsa(n, '41 01'),                                                       /e is not AQAB/],
    ['RSA with the exponent 3',                    rsa(n, '41 03'),                                                       /e is not AQAB/],
    ['RSA with a zero before the exponent',        rsa(n, '44 00010001'),                                                 /e is not AQAB/],
  ]
  for (const [what, cose, says] of rows)
    it(what, () => {
      const parsed = parseCoseKey(cose)
      assert.equal(parsed.ok, false)
      assert.match(parsed.error, says)
    })
})

describe('hostile bytes', () => {
  it('are refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
        assert.equal(parseCoseKey(bytes).ok, false)
      }),
      { numRuns: 3000 },
    )
  })

  it('that begin as a key does are read as the library reads them, or refused', () => {
    const spoilt = fc.tuple(
      fc.constantFrom(...ALGS),
      fc.array(fc.tuple(fc.nat({ max: 600 }), fc.nat({ max: 255 })), { maxLength: 3 }),
      fc.nat({ max: 3 }),
    )
    let taken = 0
    fc.assert(
      fc.property(spoilt, ([alg, flips, cut]) => {
        const bytes = Uint8Array.from(KEY[alg].cose)
        for (const [at, value] of flips) bytes[at % bytes.length] = value
        const ours = parseCoseKey(bytes.subarray(0, bytes.length - (cut === 1 ? 1 : 0)))
        if (!ours.ok) return
        taken++
        const theirs = decodeCredentialPublicKey(bytes)
        assert.equal(ours.value.alg, theirs.get(library.COSEKEYS.alg))
        const { jwk } = ours.value
        const first = 'n' in jwk ? theirs.get(-1 as never) : theirs.get(-2 as never)
        assert.deepEqual(
          Buffer.from('n' in jwk ? jwk.n : jwk.x, 'base64url'),
          Buffer.from(first as unknown as Uint8Array),
        )
        assert.ok(createPublicKey({ format: 'jwk', key: jwk }))
      }),
      { numRuns: 2000 },
    )
    assert.ok(taken > 100, `only ${taken} were taken`)
  })
})

describe('a stored public key', () => {
  const good = KEY[-7].publicKey
  const jwk = good.jwk
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, json: unknown, says: RegExp])[] = [
    ['nothing',                   null,                                              /not a public key/],
    ['a list',                    [good],                                            /not a public key/],
    ['the bare JWK',              jwk,                                               /not a public key/],
    ['more than a key',           { ...good, counter: 0 },                           /not a public key/],
    ['another algorithm',         { ...good, alg: -36 },                             /none of/],
    ['an algorithm in text',      { ...good, alg: '-7' },                            /none of/],
    ['the key of another kind',   { ...good, alg: -8 },                              /members .* kty, crv, x/],
    ['a private key',             { ...good, jwk: { ...jwk, d: 'AAAA' } },           /members/],
    ['a JWK that says what for',  { ...good, jwk: { ...jwk, use: 'enc' } },          /members/],
    ['another curve',             { ...good, jwk: { ...jwk, crv: 'P-384' } },        /crv is not P-256/],
    ['a number for a coordinate', { ...good, jwk: { ...jwk, x: 1 } },                /x is not 32 bytes/],
    ['a padded coordinate',       { ...good, jwk: { ...jwk, x: `${Buffer.from(X).toString('base64url')}=` } }, /x is not 32 bytes/],
  ]
  for (const [what, json, says] of rows)
    it(`is not ${what}`, () => {
      const parsed = parsePublicKey(json)
      assert.equal(parsed.ok, false)
      assert.match(parsed.error, says)
    })
})

it('a key of small order, for which signatures could be made up, verifies none', () => {
  const little = (value: bigint): Buffer => hex(value.toString(16).padStart(64, '0')).reverse()
  const p = 2n ** 255n - 19n
  for (const y of [0n, 1n, p - 1n]) {
    const key = parseCoseKey(ed25519(little(y)))
    if (!key.ok) continue
    const object = createPublicKey({ format: 'jwk', key: key.value.jwk })
    for (let message = 0; message < 32; message++)
      for (const r of [0n, 1n, p - 1n])
        assert.equal(verify(null, Buffer.of(message), object, Buffer.concat([little(r), Buffer.alloc(32)])), false)
  }
})
