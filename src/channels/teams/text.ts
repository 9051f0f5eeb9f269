import { characters, type Limit, shown } from '../../values/shown.ts'

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2

/** Four bytes of JSON for each character: a card has a size. */
const bytes = (max: number, escape: (character: string) => string): Limit => ({
  max: max * 4,
  of: (character) => jsonBytes(escape(character)),
})

/**
 * One line of text as it is, for fields that render nothing.
 *
 * @param max characters as a reader counts them, and four times as many bytes of JSON.
 */
export const plain = (raw: string, max: number): string =>
  shown(raw, [characters(max), bytes(max, (character) => character)])

/**
 * The same for a TextBlock or a Fact, which read Markdown.
 *
 * Backslashes are the escape of CommonMark, which the desktop client reads. The parser of the phones takes no escape for
 * brackets, but needs `](` for a link: with a backslash between them there is none, whatever else stands there.
 */
export const marked = (raw: string, max: number): string =>
  escapeMarkdown(shown(raw, [characters(max), bytes(max, atItsLongest)]))

/** What is escaped in some places only counts as escaped everywhere. */
const atItsLongest = (character: string): string => character.replace(/[\\*_~[\]()#`&<]/g, '\\$&')

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
