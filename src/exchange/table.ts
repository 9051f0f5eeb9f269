/**
 * A map whose every version stays as it was. `with` copies one of 256 small maps, so a table of a hundred thousand
 * orders changes in microseconds; one `Map` copied whole would make the work quadratic.
 */
export type Table<V> = { readonly size: number; readonly shards: readonly (ReadonlyMap<string, V> | undefined)[] }

const EMPTY: Table<never> = { size: 0, shards: new Array<undefined>(256).fill(undefined) }
export const table = <V>(): Table<V> => EMPTY

export const get = <V>(t: Table<V>, key: string): V | undefined => t.shards[shardOf(key)]?.get(key)
export const has = <V>(t: Table<V>, key: string): boolean => t.shards[shardOf(key)]?.has(key) ?? false

/** A table of many at once, without a version for each. */
export function tableOf<V>(entries: Iterable<readonly [key: string, value: V]>): Table<V> {
  const shards = Array.from({ length: 256 }, () => new Map<string, V>())
  for (const [key, value] of entries) shards[shardOf(key)]?.set(key, value)
  return {
    size: shards.reduce((sum, shard) => sum + shard.size, 0),
    shards: shards.map((shard) => (shard.size === 0 ? undefined : shard)),
  }
}

/** The table with `key` set. */
export function put<V>(t: Table<V>, key: string, value: V): Table<V> {
  const at = shardOf(key)
  const shard = new Map(t.shards[at])
  shard.set(key, value)
  return { size: t.size + (t.shards[at]?.has(key) ? 0 : 1), shards: t.shards.with(at, shard) }
}

/** The table without `key`; the same table when it was not there. */
export function remove<V>(t: Table<V>, key: string): Table<V> {
  const at = shardOf(key)
  if (!t.shards[at]?.has(key)) return t
  const shard = new Map(t.shards[at])
  shard.delete(key)
  return { size: t.size - 1, shards: t.shards.with(at, shard.size === 0 ? undefined : shard) }
}

/** Every value, in no order that means anything. */
export function* values<V>(t: Table<V>): Generator<V> {
  if (t.size > 0) for (const shard of t.shards) if (shard) yield* shard.values()
}

function shardOf(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return (h ^ (h >>> 15)) & 255
}
