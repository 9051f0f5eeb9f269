/**
 * What a text from outside looks like when it is shown to a person: in a chat, in a notice, on a terminal. One rule for
 * all of them, so that two screens which are compared by eye say the same; where they once differed, it is the strictest.
 *
 * - What nobody would see is dropped: controls, marks that turn the direction of reading, joiners, fillers, selectors,
 *   tags. A reader loses nothing, and nothing is hidden from them.
 * - What every screen would draw in its own way (half of a surrogate pair, a private or unassigned character) is `\ufffd`:
 *   left out, `1` and `0` on both sides of it would read as ten.
 * - Anything blank is a space. Every line break is one break.
 * - At most four marks stay on one letter, which is more than any language needs: they would paint over the lines around.
 *
 * Letters that are read from right to left stay as they are, and so does a letter whose accent is a mark of its own.
 */

const BREAKS = /\r\n?|[\v\f\u0085\u2028\u2029]/g
const BLANK = /[\t\p{Zs}\u2800]/gu
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu
const UNKNOWN = /[\p{Cs}\p{Co}\p{Cn}\ufffc]/gu
const PILED = /(\p{M}{4})\p{M}+/gu

/** Every character as it may be shown, in the lines and columns it had. */
export const visible = (raw: string): string =>
  raw.replace(BREAKS, '\n').replace(BLANK, ' ').replace(UNSEEN, '').replace(UNKNOWN, '\ufffd').replace(PILED, '$1')

/** How much may be shown: `max` in the unit that `of` counts, which is never negative. */
export type Limit = { readonly max: number; readonly of: (character: string) => number }

/** Characters as a reader counts them. */
export const characters = (max: number): Limit => ({ max, of: () => 1 })

/** Nobody reads further than this in search of the next character that can be shown. */
const READ_UNITS = 64
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

/**
 * The same in one line, or in `many` with at most one empty line between two, without blanks that say nothing. What is
 * longer than any of the limits is cut between characters as a reader takes them, and ends in `…`, which is counted too.
 */
export function shown(raw: string, limits: readonly Limit[], lines: 'one' | 'many' = 'one'): string {
  const unitsMax = READ_UNITS * Math.min(...limits.map(({ max }) => max))
  const rows = visible(raw.slice(0, unitsMax))
    .replace(/ {2,}/g, ' ')
    .split('\n')
    .map((row) => row.trim())
  const text =
    lines === 'one'
      ? rows.filter((row) => row !== '').join(' ')
      : rows
          .join('\n')
          .replace(/\n{3,}/g, '\n\n')
          .trim()
  return cut(text, limits, raw.length > unitsMax)
}

/** @param more there was more than this text. */
function cut(text: string, limits: readonly Limit[], more: boolean): string {
  const room = limits.map(({ max }) => max)
  let read = ''
  let kept = ''
  for (const { segment } of graphemes.segment(text)) {
    limits.forEach(({ of }, i) => (room[i]! -= of(segment)))
    if (room.some((left) => left < 0)) return `${kept.trimEnd()}…`
    read += segment
    if (limits.every(({ of }, i) => room[i]! >= of('…'))) kept = read
  }
  return more ? `${kept.trimEnd()}…` : text
}
