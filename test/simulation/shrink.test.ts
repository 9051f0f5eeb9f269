import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Item, Plan } from './plan.ts'
import { type Shrinking, shrink } from './shrink.ts'

const item = (n: number): Item => ({ when: { atMs: n * 1_000 }, verb: 'signal', words: [`I${n}`], named: {} })
const planOf = (count: number, lastsMs = 180_000): Plan => ({
  world: {
    seed: 1,
    start: '2026-11-23T15:00:00Z',
    lastsMs,
    broker: 'bare',
    store: 'file',
    limits: 'tight',
    policy: 'two',
  },
  items: Array.from({ length: count }, (_, n) => item(n)),
})
const namesOf = (plan: Plan): string[] => plan.items.map(({ words }) => words[0] ?? '')
const has = (plan: Plan, ...names: string[]): boolean => names.every((name) => namesOf(plan).includes(name))

describe('shrinking', () => {
  const rows: [name: string, fails: (plan: Plan) => boolean, left: string[], lastsMs: number][] = [
    ['one item of sixty', (p) => has(p, 'I41'), ['I41'], 1_000],
    ['two far apart', (p) => has(p, 'I3', 'I57'), ['I3', 'I57'], 1_000],
    ['nothing but the world', () => true, [], 1_000],
    ['what needs its time', (p) => has(p, 'I9') && p.world.lastsMs >= 61_500, ['I9'], 62_000],
    ['a pair that goes together or not at all', (p) => has(p, 'I5') && has(p, 'I8') === has(p, 'I30'), ['I5'], 1_000],
    ['any three', (p) => p.items.length >= 3, ['I0', 'I1', 'I2'], 1_000],
  ]
  for (const [name, fails, left, lastsMs] of rows)
    it(`leaves what it takes: ${name}`, async () => {
      const small = await shrink(planOf(60), async (plan) => fails(plan))
      assert.deepEqual(namesOf(small), left)
      assert.equal(small.world.lastsMs, lastsMs)
      assert.deepEqual([small.world.store, small.world.limits, small.world.seed], ['memory', 'wide', 1])
    })

  it('keeps a world that only breaks as it is', async () => {
    const small = await shrink(planOf(4), async ({ world }) => world.store === 'file' && world.limits === 'tight')
    assert.deepEqual([small.world.store, small.world.limits, small.items.length], ['file', 'tight', 0])
  })

  it('ends with a plan that fails, of items in their order, none of which can be left out', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.array(fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
        async (count, causes) => {
          const plan = planOf(count)
          // Fails when all items of one of the causes are there.
          const fails = (p: Plan) => causes.some((cause) => has(p, ...cause.map((n) => `I${n}`)))
          fc.pre(fails(plan))
          const small = await shrink(plan, async (p) => fails(p))
          assert.ok(fails(small))
          assert.deepEqual(
            small.items,
            plan.items.filter((it) => has(small, it.words[0] ?? '')),
          )
          for (let i = 0; i < small.items.length; i++)
            assert.ok(!fails({ ...small, items: small.items.toSpliced(i, 1) }))
        },
      ),
    ))

  it('asks the same each time, never the same twice, and no more often than it may', async () => {
    const once = async (runsMax?: number) => {
      const asked: string[] = []
      const told: Shrinking[] = []
      const fails = async (p: Plan) => {
        asked.push(JSON.stringify(p))
        return has(p, 'I3', 'I33')
      }
      const small = await shrink(planOf(50), fails, (at) => told.push(at), runsMax)
      return { asked, told, small }
    }
    const first = await once()
    assert.deepEqual(await once(), first)
    assert.equal(new Set(first.asked).size, first.asked.length)
    assert.deepEqual(first.told.at(-1)?.items, 2)
    const { asked, small } = await once(7)
    assert.equal(asked.length, 7)
    assert.ok(has(small, 'I3', 'I33') && small.items.length < 50)
  })
})
