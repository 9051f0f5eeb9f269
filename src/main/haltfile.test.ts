import assert from 'node:assert/strict'
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
import { readHaltFile, removeHaltFile, writeHaltFile } from './haltfile.ts'

const root = mkdtempSync(join(tmpdir(), 'halt-'))
after(() => rmSync(root, { recursive: true, force: true }))
let n = 0
const folder = (): string => {
  const path = join(root, String(n++))
  mkdirSync(path)
  return path
}
const NOTE = { by: 'ana', reason: 'too fast', at: '2026-11-24T10:00:00Z' }

describe('what is halted', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, make: (dir: string) => string, halted: boolean, by: string | null, reason: RegExp | null])[] = [
    ['no file in a folder that is there',  (dir) => join(dir, 'HALT'), false, null, null],
    ['a file of ours',                     (dir) => { writeHaltFile(join(dir, 'HALT'), NOTE); return join(dir, 'HALT') }, true, 'ana', /^too fast$/],
    ['a file with words for a terminal',   (dir) => { writeFileSync(join(dir, 'HALT'), JSON.stringify({ by: '\u001b[31mana', reason: `\u001b]0;x\u0007 so\u202e${'o'.repeat(9999)}` })); return join(dir, 'HALT') }, true, 'ana', /^ so{498}$/],
    ['an empty file, from touch',          (dir) => { writeFileSync(join(dir, 'HALT'), ''); return join(dir, 'HALT') }, true, 'file', /a HALT file is in/],
    ['a file that is not JSON',            (dir) => { writeFileSync(join(dir, 'HALT'), 'stop!!'); return join(dir, 'HALT') }, true, 'file', /a HALT file is in/],
    ['a file that says false',             (dir) => { writeFileSync(join(dir, 'HALT'), 'false'); return join(dir, 'HALT') }, true, 'file', /a HALT file is in/],
    ['a file that says null',              (dir) => { writeFileSync(join(dir, 'HALT'), 'null'); return join(dir, 'HALT') }, true, 'file', /a HALT file is in/],
    ['a folder called HALT',               (dir) => { mkdirSync(join(dir, 'HALT')); return join(dir, 'HALT') }, true, 'file', /cannot be read \(EISDIR\)/],
    ['a link to nowhere called HALT',      (dir) => { symlinkSync(join(dir, 'nowhere'), join(dir, 'HALT')); return join(dir, 'HALT') }, true, 'file', /cannot be read \(ENOENT\)/],
    ['a data directory that is gone',      (dir) => join(dir, 'gone', 'HALT'), true, 'file', /cannot be read \(ENOENT\)/],
    ['a data directory that is a file',    (dir) => { writeFileSync(join(dir, 'data'), ''); return join(dir, 'data', 'HALT') }, true, 'file', /cannot be read \(ENOTDIR\)/],
  ]
  for (const [name, make, halted, by, reason] of rows)
    it(name, () => {
      const state = readHaltFile(make(folder()))
      assert.equal(state.halted, halted)
      if (!state.halted) return
      assert.equal(state.by, by)
      assert.match(state.reason, reason ?? /./)
    })

  it('a file without permission to read', {
    skip: process.getuid?.() === 0 ? 'root may read everything' : false,
  }, () => {
    const path = join(folder(), 'HALT')
    writeHaltFile(path, NOTE)
    chmodSync(path, 0)
    assert.equal(readHaltFile(path).halted, true)
  })
})

it('is written whole, for its owner alone, and leaves nothing else behind', () => {
  const dir = folder()
  assert.equal(writeHaltFile(join(dir, 'HALT'), NOTE), true)
  assert.deepEqual(readdirSync(dir), ['HALT'])
  assert.deepEqual(JSON.parse(readFileSync(join(dir, 'HALT'), 'utf8')), NOTE)
  if (process.platform !== 'win32') assert.equal(statSync(join(dir, 'HALT')).mode & 0o777, 0o600)
})

it('keeps the first reason', () => {
  const path = join(folder(), 'HALT')
  writeHaltFile(path, NOTE)
  assert.equal(writeHaltFile(path, { ...NOTE, by: 'ben', reason: 'me too' }), false)
  const state = readHaltFile(path)
  assert.equal(state.halted && state.by, 'ana')
})

it('throws when nothing can be written, because then nobody is halted by it', () => {
  assert.throws(() => writeHaltFile(join(folder(), 'gone', 'HALT'), NOTE))
})

it('can be removed, twice', () => {
  const path = join(folder(), 'HALT')
  writeHaltFile(path, NOTE)
  removeHaltFile(path)
  removeHaltFile(path)
  assert.equal(existsSync(path), false)
  assert.equal(readHaltFile(path).halted, false)
})

it('an empty folder of that name is removed by a release, one with something in it is not ours to empty', () => {
  const path = join(folder(), 'HALT')
  mkdirSync(path)
  writeFileSync(join(path, 'note'), 'why')
  assert.throws(() => removeHaltFile(path), { code: 'ENOTEMPTY' })
  rmSync(join(path, 'note'))
  removeHaltFile(path)
  assert.equal(existsSync(path), false)
})
