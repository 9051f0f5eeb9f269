// Controls, and what is there but not seen: directional marks, joiners, soft hyphens, tags, blank letters, selectors.
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u115f\u1160\u2800\u3164\uffa0]|\u034f|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/gu
const BREAKS = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g
/** More marks on one letter than any language needs run over the lines above and below. */
const PILED = /(\p{M}{4})\p{M}+/gu
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Slack stores these three escaped; a length is counted as it may be stored, so no limit is met by surprise. */
const weight = (text: string): number => escaped(text).length

/** For a text that Slack reads as mrkdwn: nothing in it is a link, a mention or a call to the channel any more. */
export const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign)

/**
 * Text from anywhere, made harmless to show: nothing invisible, nothing that changes the direction of reading, no line
 * break unless `many` lines are wanted. Too long a text is cut between characters as people see them, and ends in `…`.
 * @param max length that Slack allows, in UTF-16 units of the escaped text.
 */
export function plain(text: string, max: number, lines: 'one' | 'many' = 'one'): string {
  const rows = text
    .toWellFormed()
    .normalize('NFC')
    .replace(BREAKS, '\n')
    .split('\n')
    .map((row) => row.replace(/\t/g, ' ').replace(HIDDEN, '').replace(PILED, '$1').replace(/\s+/g, ' ').trim())
  const joined = lines === 'one' ? rows.join(' ').replace(/ +/g, ' ') : rows.join('\n').replace(/\n{3,}/g, '\n\n')
  return cut(joined.trim(), max)
}

function cut(text: string, max: number): string {
  if (weight(text) <= max) return text
  let kept = ''
  let room = max - 1
  for (const { segment } of graphemes.segment(text)) {
    room -= weight(segment)
    if (room < 0) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}
