import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { GUARANTEES, MUTANTS, type Mutant, NOT_YET, spoil } from './mutants.ts'

const ROOT = join(import.meta.dirname, '../..')
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const filesOf = ({ edits }: Mutant): string[] => [...new Set(edits.map(({ file }) => file))]

describe('the bugs that are planted on purpose', () => {
  it('are many, and each has a name of its own', () => {
    assert.ok(MUTANTS.length - Object.keys(NOT_YET).length >= 30, `${MUTANTS.length} mutants`)
    for (const name of Object.keys(NOT_YET))
      assert.ok(
        MUTANTS.some((mutant) => mutant.name === name),
        name,
      )
    const names = MUTANTS.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
    for (const name of names) assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/)
  })

  it('break every promise', () => {
    const broken = new Set(MUTANTS.map(({ guarantee }) => guarantee))
    assert.deepEqual(
      GUARANTEES.filter((one) => !broken.has(one)),
      [],
    )
  })

  it('are told as a trader would fear them', () => {
    for (const { name, about } of MUTANTS) assert.match(about, /^[A-Z].*\.$/, name)
  })

  for (const mutant of MUTANTS)
    it(`${mutant.name} has its place in the code of today`, () => {
      for (const file of filesOf(mutant)) {
        const [sane, spoilt] = [sourceOf(file), spoil(mutant, file, sourceOf(file))]
        assert.notEqual(spoilt, sane)
        // It must still be a program: one that does not load would be noticed by anybody.
        assert.ok(stripTypeScriptTypes(spoilt).length > 0)
      }
    })

  it('are refused when their place is not there, or there twice', () => {
    const mutant: Mutant = {
      name: 'for-the-test',
      guarantee: 'G1',
      about: 'Nothing.',
      edits: [{ file: 'src/a.ts', find: 'a', put: '$&b' }],
    }
    assert.equal(spoil(mutant, 'src/a.ts', 'xay'), 'x$&by')
    assert.equal(spoil(mutant, 'src/other.ts', 'x'), 'x')
    assert.throws(() => spoil(mutant, 'src/a.ts', 'x'), /stands 0 times/)
    assert.throws(() => spoil(mutant, 'src/a.ts', 'aa'), /stands 2 times/)
  })

  /** How many differences a comparison finds in a new process, where a bug is planted or is not. */
  const asked = (mutant: string): string => {
    const program = `import { compareBooks } from './src/reconcile/compare.ts'
import { dec } from './src/values/decimal.ts'
const held = [{ symbol: 'AAPL', netQty: dec('1') }]
console.log(compareBooks({ orders: [], positions: [] }, { orders: [], positions: held }).length)`
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', './test/simulation/mutate.ts', '--input-type=module', '--eval', program],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, JAX_MUTANT: mutant } },
    )
    return status === 0 ? stdout.trim() : stderr
  }
  it('are planted in what is loaded, and nowhere else', () => {
    assert.equal(asked(''), '1')
    assert.equal(asked('positions-not-compared'), '0')
    assert.equal(asked('strangers-not-seen'), '1')
    assert.match(asked('nobody-knows-it'), /there is no mutant nobody-knows-it/)
  })
})
