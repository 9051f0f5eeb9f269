import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { base32, sha256, sha256Base64url, sha256Hex } from './hash.ts'

describe('SHA-256', () => {
  // Nothing, the example of FIPS 180-4 for one block, and text whose UTF-8 is not its UTF-16; as `sha256sum` prints them.
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [input: string, hex: string])[] = [
    ['',      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc',   'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['naïve', 'f86fd89de87a848a45bfe77708d91a5d2ff48b8e4a4b98af5165af82692f8928'],
  ]
  for (const [input, hex] of rows)
    it(`of ${JSON.stringify(input)}, in three forms`, () => {
      assert.equal(sha256Hex(input), hex)
      assert.equal(Buffer.from(sha256(input)).toString('hex'), hex)
      assert.equal(Buffer.from(sha256Base64url(input), 'base64url').toString('hex'), hex)
      assert.match(sha256Base64url(input), /^[A-Za-z0-9_-]{43}$/)
    })

  it('takes text as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (input) => {
        assert.equal(sha256Hex(input), sha256Hex(new TextEncoder().encode(input)))
      }),
    )
  })
})

describe('base 32', () => {
  const bytes = (...all: number[]): Uint8Array => new Uint8Array(all)
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, bytes: Uint8Array, length: number, expected: string])[] = [
    ['nothing',                          bytes(),                             0, ''],
    ['zeros',                            bytes(0, 0, 0, 0, 0),                8, '00000000'],
    ['ones',                             bytes(255, 255, 255, 255, 255),      8, 'zzzzzzzz'],
    ['the first five bits',              bytes(0b11111_000, 0),               1, 'z'],
    ['across a byte',                    bytes(0b00000_001, 0b11_000000),     2, '07'],
    ['digits, then letters',             bytes(0x00, 0x52, 0xaf, 0xc1, 0xfe), 8, '019azgfy'],
    ['a cut of what is there',           bytes(255, 255, 255, 255, 255),      3, 'zzz'],
    ['bits that make no whole character', bytes(255),                         1, 'z'],
  ]
  for (const [what, input, length, expected] of rows) it(what, () => assert.equal(base32(input, length), expected))

  it('refuses to be shorter than asked for', () => {
    assert.throws(() => base32(bytes(255), 2), { name: 'RangeError', message: '1 bytes do not fill 2 characters' })
    assert.throws(() => base32(bytes(), 1), RangeError)
  })

  const input = fc.uint8Array({ minLength: 1, maxLength: 40 })

  it('uses 32 characters, none of them i, l, o or u', () => {
    const seen = new Set(Array.from({ length: 256 }, (_, byte) => base32(bytes(byte), 1)))
    assert.equal([...seen].sort().join(''), '0123456789abcdefghjkmnpqrstvwxyz')
    fc.assert(
      fc.property(input, fc.nat(64), (all, n) => {
        const length = Math.min(n, Math.floor((all.length * 8) / 5))
        assert.match(base32(all, length), new RegExp(`^[0-9a-hjkmnp-tv-z]{${length}}$`))
      }),
    )
  })

  it('holds every bit in its place', () => {
    fc.assert(
      fc.property(input, (all) => {
        const length = Math.floor((all.length * 8) / 5)
        const bits = [...all].map((byte) => byte.toString(2).padStart(8, '0')).join('')
        const back = [...base32(all, length)].map((c) => '0123456789abcdefghjkmnpqrstvwxyz'.indexOf(c))
        assert.equal(back.map((five) => five.toString(2).padStart(5, '0')).join(''), bits.slice(0, length * 5))
      }),
    )
  })
})
