/**
 * Text from outside, made harmless: what people read on a card is what was said and nothing that was hidden in it.
 */

// Controls; what is there to be shown by nothing: marks of direction, joiners, fillers, tags; stand-ins for what is lost.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufffc\ufffd]/gu
/** More marks than any language puts on one letter: they would paint over the lines around. */
const PILE = /(\p{M}{4})\p{M}+/gu
const BREAKS = /[\t-\r\u0085\u2028\u2029\u2800\p{Zs}]+/gu

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** One line without anything hidden. Half of a surrogate pair becomes U+FFFD, and is left out with the rest. */
const oneLine = (raw: string): string =>
  raw.toWellFormed().replace(BREAKS, ' ').replace(HIDDEN, '').replace(PILE, '$1').replace(/ {2,}/g, ' ').trim()

/**
 * One line of text as it is, for fields that render nothing: what is longer ends in `…`, at the end of what a reader
 * takes for a character.
 *
 * @param max characters as a reader counts them, and four times as many bytes of JSON.
 */
export const plain = (raw: string, max: number): string => cut(raw, max, (line) => line)

/**
 * The same for a TextBlock or a Fact, which read Markdown.
 *
 * Backslashes are the escape of CommonMark, which the desktop client reads. The parser of the phones takes no escape for
 * brackets, but needs `](` for a link: with a backslash between them there is none, whatever else stands there.
 */
export const marked = (raw: string, max: number): string => cut(raw, max, escapeMarkdown)

function escapeMarkdown(line: string): string {
  return (
    line
      .replace(/[\\*_~[\]()#`]/g, '\\$&')
      // An entity would bring back what was taken out above; a tag or an address in angle brackets would be read as one.
      .replace(/&(?=#?\w{1,40};)/g, '\\&')
      .replace(/<(?=[a-z/!?])/gi, '\\<')
      // What makes a list, a rule or a quotation of a whole line. A price or a loss begins none, and stays as it is.
      .replace(/^(?:[-+](?=[-+\s]|$)|>)/, '\\$&')
      .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
  )
}

function cut(raw: string, max: number, escape: (line: string) => string): string {
  // Nobody reads further, and a text of a megabyte must not hold up a click. Eight units are a long character.
  const line = oneLine(raw.slice(0, max * 8))
  const whole = escape(line)
  const bytesMax = max * 4
  if (raw.length <= max * 8 && jsonBytes(whole) <= bytesMax && countUpTo(line, max + 1) <= max) return whole
  const kept: string[] = []
  let bytes = jsonBytes('\\\\…')
  for (const { segment } of graphemes.segment(line)) {
    // At its longest: what is escaped in some places only counts as escaped everywhere.
    bytes += jsonBytes(segment.replace(/[\\*_~[\]()#`&<]/g, '\\$&'))
    if (kept.length === max - 1 || bytes > bytesMax) break
    kept.push(segment)
  }
  return `${escape(kept.join('').trimEnd())}…`
}

function countUpTo(line: string, most: number): number {
  let count = 0
  for (const _ of graphemes.segment(line)) if (++count === most) break
  return count
}

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2
