import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Plan } from './plan.ts'
import { openPool, type Played, playInOrder, type Pool, PoolTrouble, type Task } from './pool.ts'
import { planOf } from './stand-in.ts'

const ENGINE = new URL('./stand-in.ts', import.meta.url)

/** A world in which this happens. */
const withVerb = (verb: string, seed = 1): Plan => {
  const plan = planOf(seed)
  return { ...plan, items: [...plan.items, { when: { atMs: 1 }, verb, words: [], named: {} }] }
}
const seeds = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ seed: first + i, world: { seed: first + i } }))

async function withPool(jobs: number, use: (pool: Pool) => Promise<void>, hangMs?: number): Promise<void> {
  const pool = openPool({ jobs, engine: ENGINE, ...(hangMs === undefined ? {} : { hangMs }) })
  try {
    await use(pool)
  } finally {
    pool.close()
  }
}

/** Plays them all, and says which came when. */
async function heard<T extends Task>(pool: Pool, tasks: T[], enough: (played: Played) => boolean = () => false) {
  const said: { task: T; oracle: string | null }[] = []
  await playInOrder(pool, tasks, 8, (task, played) => {
    said.push({ task, oracle: played.outcome.failure?.oracle ?? null })
    return enough(played)
  })
  return said
}

describe('a pool of processes', () => {
  it('plays every world once and hands them over in order', () =>
    withPool(3, async (pool) => {
      const said = await heard(pool, seeds(1, 60))
      assert.deepEqual(
        said.map(({ task }) => task.seed),
        seeds(1, 60).map(({ seed }) => seed),
      )
      const broke = said.filter(({ oracle }) => oracle !== null).map(({ task }) => task.seed)
      assert.deepEqual(broke, [13, 26, 39, 52])
    }))

  it('stops when enough was heard', () =>
    withPool(2, async (pool) => {
      const said = await heard(pool, seeds(1, 100), ({ outcome }) => outcome.failure !== null)
      assert.equal(said.length, 13)
    }))

  it('plays the same world the same in every process', async () => {
    const hashes: string[] = []
    for (let i = 0; i < 2; i++)
      await withPool(1, async (pool) => {
        hashes.push((await pool.play({ world: { seed: 7 }, trace: true })).hash)
      })
    assert.match(hashes[0] ?? '', /^[0-9a-f]{64}$/)
    assert.equal(hashes[0], hashes[1])
  })

  it('names the world that takes its process with it, and plays the others', () =>
    withPool(1, async (pool) => {
      const tasks = [...seeds(1, 2), { seed: 3, world: { plan: withVerb('exit', 3) } }, ...seeds(4, 2)]
      const said = await heard(pool, tasks)
      assert.deepEqual(
        said.map(({ oracle }) => oracle),
        [null, null, 'died', null, null],
      )
      const { outcome } = await pool.play({ world: { plan: withVerb('exit') } })
      assert.match(outcome.failure?.text ?? '', /took its process with it \(exit 3\)\nout of everything/)
    }))

  it('ends a world that does not end, and plays the others', () =>
    withPool(
      1,
      async (pool) => {
        const tasks = [...seeds(1, 1), { seed: 2, world: { plan: withVerb('hang', 2) } }, ...seeds(3, 2)]
        const said = await heard(pool, tasks)
        assert.deepEqual(
          said.map(({ oracle }) => oracle),
          [null, 'hang', null, null],
        )
      },
      2_000,
    ))

  it('says of a world that could not be played which it was and why', () =>
    withPool(1, async (pool) => {
      await assert.rejects(
        pool.play({ world: { plan: withVerb('throw', 5) } }),
        (thrown) => thrown instanceof PoolTrouble && /seed 5: Error: the engine is broken\n/.test(thrown.message),
      )
      // The process is none the worse for it.
      assert.equal((await pool.play({ world: { seed: 1 } })).outcome.failure, null)
    }))

  it('says that nothing can be played when its processes do not start', async () => {
    const pool = openPool({ jobs: 2, engine: new URL('./no-such-engine.ts', import.meta.url) })
    await assert.rejects(
      heard(pool, seeds(1, 4)),
      (thrown) => thrown instanceof PoolTrouble && /does not start[\s\S]*no-such-engine/.test(thrown.message),
    )
    await assert.rejects(pool.play({ world: { seed: 1 } }), PoolTrouble)
    pool.close()
  })

  const TWICE: [verb: string, oracle: string | null][] = [
    ['approve', null],
    ['chance', 'determinism'],
  ]
  for (const [verb, oracle] of TWICE)
    it(`played twice, a world with ${verb} fails with ${oracle}`, () =>
      withPool(1, async (pool) => {
        const { outcome, hash } = await pool.play({ world: { plan: withVerb(verb) }, twice: true })
        assert.equal(outcome.failure?.oracle ?? null, oracle)
        if (oracle !== null)
          assert.match(outcome.failure?.text ?? '', /differs in line 14 .*\n {2}first {3}run 1\n {2}second {2}run 2/)
        assert.deepEqual([outcome.trace.length, hash.length], [0, 64])
      }))
})
