/** The whole state of a stream of chance, as a value: four 32-bit words. The same state always gives the same future. */
export type Random = readonly [a: number, b: number, c: number, counter: number]

/** Begins a stream. Any text or number may be the seed; different seeds give unrelated streams. */
export function seeded(seed: string | number): Random {
  let state: Random = [hash32('a', seed), hash32('b', seed), hash32('c', seed), 1]
  // Twelve rounds spread a seed over all words: without them near seeds begin alike.
  for (let i = 0; i < 12; i++) state = step(state)[1]
  return state
}

/** One unsigned 32-bit number, and the stream after it. sfc32, by Chris Doty-Humphrey (PractRand); period 2^32 at the least. */
export function step([a, b, c, counter]: Random): readonly [value: number, next: Random] {
  const value = (a + b + counter) >>> 0
  return [
    value,
    [(b ^ (b >>> 9)) >>> 0, (c + (c << 3)) >>> 0, (((c << 21) | (c >>> 11)) + value) >>> 0, (counter + 1) >>> 0],
  ]
}

/** A whole number from 0 to `n` − 1, each as likely as the next; `n` from 1 to 2^32. */
export function below(state: Random, n: number): readonly [value: number, next: Random] {
  if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`there is no choice among ${n}`)
  // Values from the last, incomplete run of n would favour the small ones.
  const fair = 2 ** 32 - (2 ** 32 % n)
  let [value, next] = step(state)
  while (value >= fair) [value, next] = step(next)
  return [value % n, next]
}

/**
 * 32 bits that depend on the arguments alone: chance with random access, for a market that must look the same whoever
 * asks for which moment of it. FNV-1a over the text, then the finalizer of MurmurHash3.
 */
export function hash32(...parts: readonly (string | number)[]): number {
  let h = 0x811c9dc5
  for (const part of parts) {
    if (typeof part === 'number') {
      // A whole number may need more than 32 bits: seconds times a level do.
      h = mix(h ^ (part | 0))
      h = mix(h ^ Math.floor(part / 2 ** 32))
    } else for (let i = 0; i < part.length; i++) h = Math.imul(h ^ part.charCodeAt(i), 0x01000193)
    // A separator: ('ab', 'c') is not ('a', 'bc').
    h = Math.imul(h ^ 0xff, 0x01000193)
  }
  return mix(h)
}

function mix(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
