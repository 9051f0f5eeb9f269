import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { auditKeyIn, placesIn, prepareDataDir, readSecretFile, tokenIn, trouble, writeWhole } from './datadir.ts'
import { Stop } from './exit.ts'

const root = mkdtempSync(join(tmpdir(), 'datadir-'))
after(() => rmSync(root, { recursive: true, force: true }))
let n = 0
const fresh = (): string => join(root, `d${n++}`)
const mode = (path: string): number => statSync(path).mode & 0o777
const posix = process.platform !== 'win32'

/** The Stop that `work` ends with. */
function stopped(work: () => unknown): Stop {
  try {
    work()
  } catch (error) {
    if (error instanceof Stop) return error
    throw error
  }
  throw new Error('it did not stop')
}

it('makes the directory, its parents too, for its owner alone, and leaves it empty', () => {
  const dir = join(fresh(), 'deep', 'data')
  const places = prepareDataDir(dir)
  assert.deepEqual(readdirSync(dir), [])
  assert.equal(places.halt, join(dir, 'HALT'))
  if (posix) assert.equal(mode(dir), 0o700)
})

it('closes an empty directory that somebody made open', { skip: !posix }, () => {
  const dir = fresh()
  mkdirSync(dir, { mode: 0o755 })
  prepareDataDir(dir)
  assert.equal(mode(dir), 0o700)
})

describe('refuses, saying what to do', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, make: (dir: string) => string, says: RegExp, remedy: RegExp])[] = [
    ['a file',               (dir) => { writeFileSync(dir, ''); return dir },                             /d\d+ cannot be made: it is a file/,     /Move it away/],
    ['a path through a file', (dir) => { writeFileSync(dir, ''); return join(dir, 'data') },              /cannot be made: a part of the path is a file/, /--data-dir/],
    ['a link to nowhere',    (dir) => { symlinkSync(join(dir, 'x'), dir); return dir },                   /cannot be/,                             /--data-dir/],
    ['one others can write', (dir) => { mkdirSync(dir); writeFileSync(join(dir, 'x'), ''); chmodSync(dir, 0o777); return dir }, /Other users can write/, /chmod 700/],
  ]
  for (const [name, make, says, remedy] of rows)
    it(name, { skip: !posix }, () => {
      const stop = stopped(() => prepareDataDir(make(fresh())))
      assert.equal(stop.exit, 'DATA')
      assert.match(stop.message, says)
      assert.match(stop.lines.join('\n'), remedy)
    })

  it('one that may not be written', {
    skip: !posix || process.getuid?.() === 0 ? 'root may write everywhere' : false,
  }, () => {
    const dir = fresh()
    mkdirSync(dir, { mode: 0o500 })
    assert.match(stopped(() => prepareDataDir(dir)).message, /no permission/)
  })
})

describe('says what the system said, in words', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [code: string, says: RegExp])[] = [
    ['ENOSPC', /cannot be written: the disk is full/],
    ['EDQUOT', /the disk quota is used up/],
    ['EROFS',  /the file system is read-only/],
    ['EACCES', /no permission/],
    ['EIO',    /the disk reports an error/],
    ['EWEIRD', /cannot be written: something new/],
  ]
  for (const [code, says] of rows)
    it(code, () => {
      const stop = trouble(Object.assign(new Error('something new'), { code }), 'data', 'written')
      assert.match(stop.message, says)
      assert.equal(stop.code, code)
      assert.ok(stop.lines.length > 0)
    })
})

describe('secrets', () => {
  it('are made once, then read', () => {
    const places = prepareDataDir(fresh())
    const first = auditKeyIn(places)
    const second = auditKeyIn(places)
    assert.deepEqual([first.made, second.made], [true, false])
    assert.equal(first.key.asymmetricKeyType, 'ed25519')
    assert.ok(first.key.equals(second.key))
    assert.deepEqual(
      tokenIn(places.agentToken, () => 'jax_one'),
      { text: 'jax_one', made: true },
    )
    assert.deepEqual(
      tokenIn(places.agentToken, () => 'jax_two'),
      { text: 'jax_one', made: false },
    )
    if (posix) for (const path of [places.auditKey, places.agentToken]) assert.equal(mode(path), 0o600, path)
  })

  it('that others can read are refused', { skip: !posix }, () => {
    const places = prepareDataDir(fresh())
    writeFileSync(places.agentToken, 'jax_one', { mode: 0o644 })
    const stop = stopped(() => readSecretFile(places.agentToken))
    assert.match(stop.message, /Other users can read/)
    assert.doesNotMatch(`${stop.message} ${stop.lines.join(' ')}`, /jax_one/)
  })

  it('that are empty, garbled or of another kind are refused, and never repeated', () => {
    const places = placesIn(prepareDataDir(fresh()).dir)
    writeFileSync(places.agentToken, '\n', { mode: 0o600 })
    assert.match(stopped(() => readSecretFile(places.agentToken)).message, /is empty/)
    writeFileSync(places.auditKey, 'SECRET-GARBAGE', { mode: 0o600 })
    const garbled = stopped(() => auditKeyIn(places))
    assert.match(garbled.message, /no private key/)
    assert.doesNotMatch(`${garbled.message} ${garbled.lines.join(' ')}`, /SECRET/)
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(places.auditKey, rsa)
    assert.match(stopped(() => auditKeyIn(places)).message, /Ed25519 key is needed/)
  })
})

it('a file is replaced as a whole, or not at all', () => {
  const dir = prepareDataDir(fresh()).dir
  const path = join(dir, 'file')
  writeWhole(path, 'one')
  writeWhole(path, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.throws(() => writeWhole(join(dir, 'gone', 'file'), 'three'))
  assert.deepEqual(readdirSync(dir), ['file'])
  assert.equal(existsSync(join(dir, 'gone')), false)
})
