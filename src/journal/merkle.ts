import { hash } from 'node:crypto'

// The tree of RFC 6962 section 2.1: leaf and node hashes start with different bytes, so that no row can be passed off
// as a node. All hashes are lower-case hex: they go into the database, the export and test output as they are.

/** Hex SHA-256 of a text's UTF-8 bytes. */
export const sha256Text = (text: string): string => hash('sha256', text, 'hex')

/** Hash of one row: SHA-256(0x00 ‖ bytes). Text counts as its UTF-8 bytes. */
export function leafHash(bytes: string | Uint8Array): string {
  if (typeof bytes === 'string') return hash('sha256', `\0${bytes}`, 'hex')
  return hash('sha256', Buffer.concat([Buffer.of(0), bytes]), 'hex')
}

const pair = Buffer.alloc(65)
pair[0] = 1
/** Hash of two subtrees: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: string, right: string): string {
  pair.write(left, 1, 32, 'hex')
  pair.write(right, 33, 32, 'hex')
  return hash('sha256', pair, 'hex')
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT = sha256Text('')

/**
 * All that must be remembered of a tree to go on appending: the roots of its full subtrees, largest first.
 * Tree of 6 leaves: a subtree of 4, a subtree of 2. At most one per bit of `size`.
 */
export type Frontier = { readonly size: number; readonly nodes: readonly string[] }
export const EMPTY: Frontier = { size: 0, nodes: [] }

/** One leaf more. Each trailing 1 bit of the size is a full subtree that the new leaf completes into the next larger one. */
export function grow({ size, nodes }: Frontier, leaf: string): Frontier {
  let kept = nodes.length
  let node = leaf
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeHash(nodes[--kept] as string, node)
  const next = nodes.slice(0, kept)
  next.push(node)
  return { size: size + 1, nodes: next }
}

/** Root over everything appended so far. */
export function rootOf({ nodes }: Frontier): string {
  let root = nodes.at(-1)
  if (root === undefined) return EMPTY_ROOT
  for (let i = nodes.length - 2; i >= 0; i--) root = nodeHash(nodes[i] as string, root)
  return root
}

/** Root over leaf hashes. */
export const rootOfLeaves = (leaves: readonly string[]): string => rootOf(leaves.reduce(grow, EMPTY))

/** Largest power of two below `size`; `size` at least 2. */
function split(size: number): number {
  let half = 1
  while (half * 2 < size) half *= 2
  return half
}

/**
 * Shows that the row at `index` is in the tree over `leaves`: the sibling hashes from the leaf up (RFC 6962 section 2.1.1).
 * @throws {RangeError} when there is no such leaf.
 */
export function inclusionProof(leaves: readonly string[], index: number): string[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new RangeError(`leaf ${index} of ${leaves.length}`)
  }
  if (leaves.length === 1) return []
  const half = split(leaves.length)
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)]
  return index < half
    ? [...inclusionProof(left, index), rootOfLeaves(right)]
    : [...inclusionProof(right, index - half), rootOfLeaves(left)]
}

type Inclusion = {
  readonly leaf: string
  readonly index: number
  readonly size: number
  readonly path: readonly string[]
  readonly root: string
}
/** True when `path` leads from the leaf to the root of a tree of `size`. False on anything malformed. */
export function checkInclusion({ leaf, index, size, path, root }: Inclusion): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || ![leaf, root, ...path].every(isHash)) return false
  let [at, last, node] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else {
      node = nodeHash(node, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && node === root
}

/**
 * Shows that the tree over all `leaves` only appended to the tree over the first `from` of them (RFC 6962 section 2.1.2).
 * @throws {RangeError} when `from` is not within 0 and the number of leaves.
 */
export function consistencyProof(leaves: readonly string[], from: number): string[] {
  if (!Number.isInteger(from) || from < 0 || from > leaves.length)
    throw new RangeError(`from ${from} of ${leaves.length}`)
  return from === 0 ? [] : subproof(leaves, from, true)
}
/** `whole`: the old tree is exactly this subtree's left part, whose root the checker already has. */
function subproof(leaves: readonly string[], from: number, whole: boolean): string[] {
  if (from === leaves.length) return whole ? [] : [rootOfLeaves(leaves)]
  const half = split(leaves.length)
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)]
  return from <= half
    ? [...subproof(left, from, whole), rootOfLeaves(right)]
    : [...subproof(right, from - half, false), rootOfLeaves(left)]
}

type Tree = { readonly size: number; readonly root: string }
/** True when `path` proves that `to` only appended to `from`. False on anything malformed. */
export function checkConsistency(from: Tree, to: Tree, path: readonly string[]): boolean {
  if (!isCount(from.size) || !isCount(to.size) || from.size > to.size) return false
  if (![from.root, to.root, ...path].every(isHash)) return false
  if (from.size === 0) return path.length === 0 && from.root === EMPTY_ROOT
  if (from.size === to.size) return path.length === 0 && from.root === to.root
  let [at, last] = [from.size - 1, to.size - 1]
  while (at % 2 === 1) [at, last] = [(at - 1) / 2, Math.floor(last / 2)]
  // When the old tree is a full subtree of the new one, its root is the start and is not in the path.
  const rest = [...path]
  const start = at === 0 ? from.root : rest.shift()
  if (start === undefined) return false
  let [older, newer] = [start, start]
  for (const sibling of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      older = nodeHash(sibling, older)
      newer = nodeHash(sibling, newer)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else {
      newer = nodeHash(newer, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && older === from.root && newer === to.root
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)
