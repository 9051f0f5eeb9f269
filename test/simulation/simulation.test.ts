import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ALL } from './coverage.ts'
import { planOf } from './planning.ts'
import { openPool, playInOrder, type Task } from './pool.ts'
import { parseScript } from './script.ts'
import { NO_WORLDS, plusWorld, unreached } from './summary.ts'

const SCRIPTS = join(import.meta.dirname, 'scripts')
const SEEDS = 300
/** A nightly run reaches every one (docs/testing.md); so few worlds miss those that take two rare faults at once. */
const REACHED_MIN = 0.8

const seedsFrom1 = Array.from({ length: SEEDS }, (_, i) => ({ seed: i + 1, world: { seed: i + 1 } }))

describe('the simulation', () => {
  const pool = openPool({ jobs: availableParallelism() })
  after(() => pool.close())

  describe(`${SEEDS} worlds`, () => {
    let sum = NO_WORLDS
    it('keep every promise', async () => {
      await playInOrder(pool, seedsFrom1, 64, ({ seed }, { outcome }) => {
        sum = plusWorld(sum, seed, outcome)
        return false
      })
      assert.equal(sum.seeds, SEEDS)
      assert.deepEqual(
        sum.failures.map(({ seed, oracle, text }) => `${oracle}: ${text}. Again: npm run sim -- --seed ${seed}`),
        [],
      )
    })
    it('trade: a gateway that refuses everything would break no promise', () => {
      assert.ok(sum.orders >= SEEDS, `${sum.orders} orders`)
      assert.ok(sum.fills >= SEEDS, `${sum.fills} fills`)
    })
    it('take nearly every step of the three machines', () => {
      const missing = unreached(sum, ALL)
      const share = 1 - missing.length / ALL.length
      assert.ok(share >= REACHED_MIN, `${(share * 100).toFixed(1)} %, without ${missing.join(', ')}`)
    })
  })

  describe('every bug that was found stays mended:', () => {
    for (const file of globSync('*.sim', { cwd: SCRIPTS }).sort()) {
      const plan = parseScript(readFileSync(join(SCRIPTS, file), 'utf8'))
      const name = basename(file, '.sim')
      it(name, async () => {
        const { outcome } = await pool.play({ world: { plan } })
        assert.equal(outcome.failure, null, `${outcome.failure?.text}. Again: npm run sim -- --scenario ${name}`)
      })
    }
  })

  it('plays a seed the same in another process that has played something else before', async () => {
    const onFile = seedsFrom1.find(({ seed }) => planOf(seed).world.store === 'file')
    const tasks: Task[] = [...seedsFrom1.slice(0, 4), ...(onFile === undefined ? [] : [onFile])]
    assert.equal(tasks.length, 5)
    const hashes = async (list: readonly Task[]): Promise<string[]> => {
      const one = openPool({ jobs: 1 })
      try {
        return await Promise.all(list.map(async (task) => (await one.play({ ...task, trace: true })).hash))
      } finally {
        one.close()
      }
    }
    assert.deepEqual((await hashes(tasks.toReversed())).toReversed(), await hashes(tasks))
  })
})
