import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  cosign,
  parseNote,
  parseVerifierKey,
  signCheckpoint,
  type VerifierKey,
  verifierKey,
  verifyNote,
} from './checkpoint.ts'

const ORIGIN = 'jax.example/audit/one'
/** RFC 8032 section 7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
const PUBLIC = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const privateKey = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: Buffer.from(SEED, 'hex').toString('base64url'),
    x: Buffer.from(PUBLIC, 'hex').toString('base64url'),
  },
})
const keyOf = (text: string): VerifierKey => {
  const key = parseVerifierKey(text)
  assert.ok(key)
  return key
}
const OURS = keyOf(verifierKey(ORIGIN, privateKey))
const CHECKPOINT = { origin: ORIGIN, size: 200_000, root: '824b'.repeat(16) }
const stranger = generateKeyPairSync('ed25519')

describe('a verifier key', () => {
  it('is the name, the key id of C2SP and the key, on one line', () => {
    const text = verifierKey(ORIGIN, createPublicKey(privateKey))
    const body = Buffer.concat([Buffer.of(1), Buffer.from(PUBLIC, 'hex')]).toString('base64')
    assert.match(text, /^jax\.example\/audit\/one\+[0-9a-f]{8}\+/)
    assert.ok(text.endsWith(`+${body}`))
    assert.equal(verifierKey(ORIGIN, privateKey), text)
    assert.deepEqual(keyOf(text).name, ORIGIN)
  })

  it('matches the published example of signed-note', () => {
    const text = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
    assert.equal(keyOf(text).keyID, 'c74f20a3')
    assert.equal(verifierKey('PeterNeumann', keyOf(text).key), text)
  })

  const good = verifierKey(ORIGIN, privateKey)
  // biome-ignore format: a table reads in columns
  const bad: readonly (readonly [what: string, text: string])[] = [
    ['empty', ''],
    ['no parts', 'jax.example'],
    ['an id that is not its own', good.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['another name', good.replace('one', 'two')],
    ['a key that was cut', good.slice(0, -8)],
    ['another algorithm', `x+00000000+${Buffer.alloc(33, 2).toString('base64')}`],
  ]
  for (const [what, text] of bad) it(`is refused: ${what}`, () => assert.equal(parseVerifierKey(text), null))

  it('is made for names without blanks only, and for Ed25519 only', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb']) assert.throws(() => verifierKey(name, privateKey), RangeError)
    const rsa = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    assert.throws(() => verifierKey(ORIGIN, rsa), TypeError)
  })
})

describe('a checkpoint', () => {
  const note = signCheckpoint(CHECKPOINT, privateKey)

  it('is four lines of plain text', () => {
    const lines = note.split('\n')
    assert.deepEqual(lines.slice(0, 2), [ORIGIN, '200000'])
    assert.equal(Buffer.from(lines[2] ?? '', 'base64').toString('hex'), CHECKPOINT.root)
    assert.equal(lines[3], '')
    assert.match(lines[4] ?? '', /^— jax\.example\/audit\/one [A-Za-z0-9+/]+=*$/)
    assert.equal(Buffer.from(lines[4]?.split(' ')[2] ?? '', 'base64').length, 4 + 64)
    assert.equal(lines[5], '')
    assert.equal(lines.length, 6)
  })

  it('is verified with the public key', () => {
    assert.deepEqual(verifyNote(note, [OURS]), { ok: true, value: CHECKPOINT })
  })

  it('comes out the same every time', () => assert.equal(signCheckpoint(CHECKPOINT, privateKey), note))

  it('is verified beside signatures of unknown keys', () => {
    const witnessed = cosign(note, 'witness.example', stranger.privateKey)
    assert.deepEqual(verifyNote(witnessed, [OURS]), { ok: true, value: CHECKPOINT })
    const [first = '', second = ''] = witnessed.split('\n').slice(4)
    const swapped = `${witnessed.split('\n').slice(0, 4).join('\n')}\n${second}\n${first}\n`
    assert.deepEqual(verifyNote(swapped, [OURS]), { ok: true, value: CHECKPOINT })
  })

  it('is verified with either key while keys are changed', () => {
    const theirs = keyOf(verifierKey(ORIGIN, stranger.privateKey))
    const both = cosign(note, ORIGIN, stranger.privateKey)
    for (const keys of [[OURS], [theirs], [theirs, OURS]]) assert.ok(verifyNote(both, keys).ok)
  })

  it('may carry extension lines', () => {
    const text = `${ORIGIN}\n3\n${Buffer.from(CHECKPOINT.root, 'hex').toString('base64')}\nmore\n`
    assert.ok(parseNote(`${text}\n— a AAAAAAA=\n`).ok)
  })

  const verdict = (text: string, keys: readonly VerifierKey[] = [OURS]): string => {
    const read = verifyNote(text, keys)
    return read.ok ? 'OK' : read.error.code
  }
  const other = keyOf(verifierKey(ORIGIN, stranger.publicKey))
  const sameID = { ...other, keyID: OURS.keyID }
  // biome-ignore format: a table reads in columns
  const refused: readonly (readonly [what: string, code: string, note: string, keys?: readonly VerifierKey[]])[] = [
    ['signed by another key',          'UNKNOWN_KEY',   signCheckpoint(CHECKPOINT, stranger.privateKey)],
    ['another journal',                'UNKNOWN_KEY',   signCheckpoint({ ...CHECKPOINT, origin: 'jax.example/audit/two' }, privateKey)],
    ['vouched for by a witness only',  'UNKNOWN_KEY',   cosign(note, 'witness.example', stranger.privateKey), [keyOf(verifierKey('witness.example', stranger.publicKey))]],
    ['no keys given',                  'UNKNOWN_KEY',   note, []],
    ['another size',                   'BAD_SIGNATURE', note.replace('200000', '200001')],
    ['another root',                   'BAD_SIGNATURE', signCheckpoint({ ...CHECKPOINT, root: '00'.repeat(32) }, privateKey).split('\n').slice(0, 4).join('\n') + '\n' + note.split('\n').slice(4).join('\n')],
    ['an extension added',             'BAD_SIGNATURE', note.replace('\n\n', '\nmore\n\n')],
    ['a key with the same id',         'BAD_SIGNATURE', note, [sameID]],
    ['a signature that was cut',       'BAD_SIGNATURE', `${note.split('\n').slice(0, 4).join('\n')}\n— ${ORIGIN} ${Buffer.concat([Buffer.from(OURS.keyID, 'hex'), Buffer.alloc(10)]).toString('base64')}\n`],
    ['one good signature, one wrong',  'BAD_SIGNATURE', `${note}— ${ORIGIN} ${Buffer.concat([Buffer.from(OURS.keyID, 'hex'), Buffer.alloc(64)]).toString('base64')}\n`],
    ['nothing',                        'MALFORMED',     ''],
    ['no signature',                   'MALFORMED',     note.split('\n').slice(0, 4).join('\n')],
    ['no final line end',              'MALFORMED',     note.slice(0, -1)],
    ['a size with a leading zero',     'MALFORMED',     note.replace('200000', '0200000')],
    ['a negative size',                'MALFORMED',     note.replace('200000', '-1')],
    ['a size beyond exact numbers',    'MALFORMED',     note.replace('200000', '9007199254740993')],
    ['a root that is too short',       'MALFORMED',     note.replace(/\n[A-Za-z0-9+/=]+\n\n/, '\nAAAA\n\n')],
    ['a hyphen for the dash',          'MALFORMED',     note.replace('—', '-')],
    ['longer than any note',           'MALFORMED',     note + note.split('\n')[4]?.concat('\n').repeat(1000)],
  ]
  for (const [what, code, text, keys] of refused) {
    it(`is refused: ${what}`, () => assert.equal(verdict(text, keys), code))
  }

  it('is never believed after one character was changed, and never makes the reader fail', () => {
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, c) => {
        const forged = note.slice(0, at) + c + note.slice(at + 1)
        fc.pre(forged !== note)
        const read = verifyNote(forged, [OURS])
        assert.ok(!read.ok, JSON.stringify(forged))
      }),
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !verifyNote(text, [OURS]).ok))
  })
})
