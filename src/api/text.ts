import { err, ok, type Result } from '../values/result.ts'

// C0 and C1 controls but for the line feed; directional marks, embeddings, overrides and isolates, which can show a text in
// another order than it is stored; invisible joiners of no use in prose; tag characters, which hide whole messages.
const HIDDEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/**
 * Text from outside, made harmless to keep: NFC, line breaks as `\n`, no control, directional or hidden characters.
 * What writing and emoji need stays in it: these are somebody's words. `values/shown.ts` is stricter, where they are shown.
 * @param max characters (code points) that are kept; a longer text is refused, never cut.
 */
export function cleanText(raw: string, max: number): Result<string, string> {
  if (!raw.isWellFormed()) return err('holds half of a surrogate pair, which is no character; send well-formed Unicode')
  const text = raw
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(HIDDEN, '')
    .normalize('NFC')
  const length = [...text].length
  return length > max ? err(`has ${length} characters; at most ${max} are kept`) : ok(text)
}
