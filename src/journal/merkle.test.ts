import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  checkConsistency,
  checkInclusion,
  consistencyProof,
  EMPTY,
  EMPTY_ROOT,
  grow,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  rootOfLeaves,
} from './merkle.ts'

/** The example tree of the Certificate Transparency reference implementation. */
const CT = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => leafHash(Buffer.from(hex, 'hex')),
)

/** RFC 6962 section 2.1, word by word. */
function reference(leaves: readonly string[]): string {
  if (leaves.length === 0) return EMPTY_ROOT
  if (leaves.length === 1) return leaves[0] as string
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(reference(leaves.slice(0, k)), reference(leaves.slice(k)))
}

const leaves = (n: number): string[] => Array.from({ length: n }, (_, i) => leafHash(`row ${i}`))

describe('known trees', () => {
  // biome-ignore format: a table reads in columns
  const known: readonly (readonly [leaves: number, root: string])[] = [
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ]
  for (const [n, root] of known) it(`of ${n} leaves`, () => assert.equal(rootOfLeaves(CT.slice(0, n)), root))

  it('hash text and its bytes alike', () => {
    for (const text of ['', 'a', 'é𝕏\u0000', 'x'.repeat(1000)])
      assert.equal(leafHash(text), leafHash(Buffer.from(text)))
  })
})

it('the frontier gives the root of every size, and remembers no more than a hash per bit', () => {
  let frontier = EMPTY
  for (const [i, leaf] of leaves(200).entries()) {
    frontier = grow(frontier, leaf)
    assert.equal(frontier.size, i + 1)
    assert.equal(rootOf(frontier), reference(leaves(i + 1)))
    assert.equal(frontier.nodes.length, (i + 1).toString(2).replaceAll('0', '').length)
  }
})

it('growing leaves the old frontier as it was', () => {
  const before = leaves(7).reduce(grow, EMPTY)
  const copy = structuredClone(before)
  grow(before, leafHash('one more'))
  assert.deepEqual(before, copy)
})

describe('proofs', () => {
  it('of inclusion hold for every row of every size, and for no other', () => {
    for (let size = 1; size <= 33; size++) {
      const tree = leaves(size)
      const root = rootOfLeaves(tree)
      for (let index = 0; index < size; index++) {
        const leaf = tree[index] as string
        const path = inclusionProof(tree, index)
        assert.ok(checkInclusion({ leaf, index, size, path, root }), `${index} of ${size}`)
        assert.ok(!checkInclusion({ leaf: leafHash('forged'), index, size, path, root }))
        assert.ok(!checkInclusion({ leaf, index: (index + 1) % (size + 1), size, path, root }))
        assert.ok(!checkInclusion({ leaf, index, size, path: [...path, root], root }))
        if (path.length > 0) assert.ok(!checkInclusion({ leaf, index, size, path: path.slice(1), root }))
      }
    }
  })

  it('of consistency hold between every two sizes, and not for a tree that was changed', () => {
    for (let size = 1; size <= 33; size++) {
      const tree = leaves(size)
      const to = { size, root: rootOfLeaves(tree) }
      for (let older = 0; older <= size; older++) {
        const from = { size: older, root: rootOfLeaves(tree.slice(0, older)) }
        const path = consistencyProof(tree, older)
        assert.ok(checkConsistency(from, to, path), `${older} to ${size}`)
        const forged = { size: older, root: leafHash('forged') }
        assert.ok(!checkConsistency(forged, to, path))
        if (older > 0) assert.ok(!checkConsistency(from, { size, root: leafHash('forged') }, path))
        assert.ok(!checkConsistency(from, to, [...path, to.root]))
        if (path.length > 1) assert.ok(!checkConsistency(from, to, path.slice(0, -1)))
      }
      assert.ok(!checkConsistency(to, { size: size - 1, root: rootOfLeaves(tree.slice(0, -1)) }, []))
    }
  })

  it('of large trees hold too', () => {
    const tree = leaves(1000)
    const to = { size: 1000, root: rootOfLeaves(tree) }
    fc.assert(
      fc.property(fc.nat(999), fc.nat(1000), (index, older) => {
        const path = inclusionProof(tree, index)
        assert.ok(checkInclusion({ leaf: tree[index] as string, index, size: 1000, path, root: to.root }))
        const from = { size: older, root: rootOfLeaves(tree.slice(0, older)) }
        assert.ok(checkConsistency(from, to, consistencyProof(tree, older)))
      }),
      { numRuns: 30 },
    )
  })

  it('refuse what is no place in the tree', () => {
    for (const index of [-1, 3, 0.5, Number.NaN]) assert.throws(() => inclusionProof(leaves(3), index), RangeError)
    for (const from of [-1, 4, 0.5, Number.NaN]) assert.throws(() => consistencyProof(leaves(3), from), RangeError)
  })

  it('say no to garbage instead of failing', () => {
    const root = rootOfLeaves(leaves(4))
    for (const index of [-1, 4, 0.5, Number.NaN]) {
      assert.ok(!checkInclusion({ leaf: root, index, size: 4, path: [], root }))
    }
    assert.ok(!checkInclusion({ leaf: 'xyz', index: 0, size: 1, path: [], root: 'xyz' }))
    assert.ok(!checkConsistency({ size: 2, root: 'zz' }, { size: 4, root }, ['']))
    assert.ok(!checkConsistency({ size: Number.NaN, root }, { size: 4, root }, []))
  })
})
