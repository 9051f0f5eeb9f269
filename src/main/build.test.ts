import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { buildOf } from './build.ts'

const root = mkdtempSync(join(tmpdir(), 'jax-build-'))
after(() => rmSync(root, { recursive: true }))
function tree(name: string, more: Readonly<Record<string, string>> = {}): string {
  const dir = join(root, name)
  const files = { 'src/a.ts': 'a', 'src/b/c.sql': 'c', 'package.json': '{}', 'package-lock.json': '{}', ...more }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(dir, file, '..'), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  return dir
}
const SAME = buildOf(tree('one'), 'v26')

describe('the name of a build', () => {
  it('is that of its files, wherever they lie', () => {
    cpSync(join(root, 'one'), join(root, 'elsewhere', 'two'), { recursive: true })
    assert.equal(buildOf(join(root, 'elsewhere', 'two'), 'v26'), SAME)
    assert.match(SAME, /^[0-9a-f]{12}$/)
  })
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, more: Readonly<Record<string, string>>])[] = [
    ['one edited byte',       { 'src/a.ts': 'b' }],
    ['another migration',     { 'src/b/c.sql': 'd' }],
    ['one file more',         { 'src/d.ts': '' }],
    ['what it is made with',  { 'package-lock.json': '{"a":1}' }],
  ]
  for (const [name, more] of rows)
    it(`changes with ${name}`, () => assert.notEqual(buildOf(tree(name, more), 'v26'), SAME))
  it('changes with the runtime', () => assert.notEqual(buildOf(join(root, 'one'), 'v27'), SAME))
  it('is not that of its tests', () => assert.equal(buildOf(tree('tests', { 'src/a.test.ts': 'x' }), 'v26'), SAME))
  it('of this program is found', () => assert.match(buildOf(), /^[0-9a-f]{12}$/))
})
