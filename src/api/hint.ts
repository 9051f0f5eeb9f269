/** `; did you mean "entry_price"?`, or nothing when no known word is close to the typed one. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const close = known
    .map((word) => ({ word, distance: edits(plain(typed), plain(word)) }))
    // Beyond a third of its letters a guess confuses more than it helps.
    .filter(({ word, distance }) => distance <= Math.max(1, Math.floor(word.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0]
  return close ? `; did you mean ${JSON.stringify(close.word)}?` : ''
}

// entryPrice, entry-price and ENTRY_PRICE are all the same slip. Cut, because the cost is the product of the lengths.
const plain = (word: string): string =>
  word
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 40)

/** Letters to insert, delete or replace to turn `a` into `b`. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length] ?? 0
}
