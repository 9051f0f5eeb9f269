import { type Limit, shown } from '../../values/shown.ts'

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** For a text that Slack reads as mrkdwn: nothing in it is a link, a mention or a call to the channel any more. */
export const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign)

/** UTF-16 units. Slack stores these three escaped; a length is counted as it may be stored, so no limit is met by surprise. */
const asStored = (max: number): Limit => ({ max, of: (character) => escaped(character).length })

/**
 * Text from anywhere, made harmless for what shows plain text.
 * @param max length that Slack allows, in UTF-16 units of the escaped text.
 */
export const plain = (text: string, max: number, lines: 'one' | 'many' = 'one'): string =>
  shown(text, [asStored(max)], lines)
