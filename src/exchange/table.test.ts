import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { get, has, put, remove, type Table, table, tableOf, values } from './table.ts'

const sorted = (all: Iterable<number>): number[] => [...all].sort((a, b) => a - b)

it('behaves like a Map, and every version stays as it was', () => {
  const key = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `k${i}`))
  const move = fc.record({ key, value: fc.option(fc.integer(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
      let t: Table<number> = table()
      const map = new Map<string, number>()
      const versions: [Table<number>, Map<string, number>][] = []
      for (const m of moves) {
        if (m.value === undefined) map.delete(m.key)
        else map.set(m.key, m.value)
        t = m.value === undefined ? remove(t, m.key) : put(t, m.key, m.value)
        versions.push([t, new Map(map)])
      }
      for (const [version, was] of versions) {
        assert.equal(version.size, was.size)
        assert.deepEqual(sorted(values(version)), sorted(was.values()))
        assert.deepEqual(sorted(values(tableOf(was))), sorted(was.values()))
        assert.equal(tableOf(was).size, was.size)
        for (const [k, v] of was) assert.ok(has(version, k) && get(version, k) === v)
      }
    }),
    { numRuns: 100 },
  )
})

it('removing what is not there is the same table', () => {
  const t = put(table<number>(), 'a', 1)
  assert.equal(remove(t, 'b'), t)
  assert.equal(get(remove(t, 'a'), 'a'), undefined)
})
