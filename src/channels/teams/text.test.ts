import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { render } from '../../simulators/teams/markdown.ts'
import { marked, plain } from './text.ts'

const NASTY: readonly (readonly [raw: string, plain: string, marked: string])[] = [
  ['AAPL', 'AAPL', 'AAPL'],
  ['BRK.B -0.5%', 'BRK.B -0.5%', 'BRK.B -0.5%'],
  ['[Approve](https://evil.example)', '[Approve](https://evil.example)', '\\[Approve\\]\\(https://evil.example\\)'],
  ['**bold** _it_ ~~x~~ `c`', '**bold** _it_ ~~x~~ `c`', '\\*\\*bold\\*\\* \\_it\\_ \\~\\~x\\~\\~ \\`c\\`'],
  ['\\[x](y)', '\\[x](y)', '\\\\\\[x\\]\\(y\\)'],
  ['# big', '# big', '\\# big'],
  ['- item', '- item', '\\- item'],
  ['  + item', '+ item', '\\+ item'],
  ['12. item', '12. item', '12\\. item'],
  ['1) item', '1) item', '1\\) item'],
  ['187.50 DAY', '187.50 DAY', '187.50 DAY'],
  ['-0.5%', '-0.5%', '-0.5%'],
  ['---', '---', '\\---'],
  ['> said', '> said', '\\> said'],
  ['price < 190 & > 180', 'price < 190 & > 180', 'price < 190 & > 180'],
  ['<https://evil.example>', '<https://evil.example>', '\\<https://evil.example>'],
  ['a &#x202e; b &amp; c', 'a &#x202e; b &amp; c', 'a &\\#x202e; b \\&amp; c'],
  ['{{DATE(2026-01-01T00:00:00Z)}}', '{{DATE(2026-01-01T00:00:00Z)}}', '{{DATE\\(2026-01-01T00:00:00Z\\)}}'],
  ['line\r\none\u2028two\u0085three', 'line one two three', 'line one two three'],
  ['a\u0000b\u0007c\u202ed\u200be\u2066f\ufeffg', 'abcdefg', 'abcdefg'],
  ['tag\u{e0041}\u{e0042}', 'tag', 'tag'],
  ['half \ud800 pair', 'half \ufffd pair', 'half \ufffd pair'],
  ['\u3164\u2800', '', ''],
  ['e\u0301\u0301\u0301\u0301\u0301\u0301\u0301', 'e\u0301\u0301\u0301\u0301', 'e\u0301\u0301\u0301\u0301'],
]

const SEEN_ONLY =
  /^[^\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]*$/u
/** What markup is made of, one by one: chance puts it together in ways that nobody thinks of. */
const PIECES = '[ ] ( ) ]( * ** _ ~~ ` \\ # & ; &#x202e; &lt; < > ! {{DATE( )}} - + 1. = a https://x.example'
  .split(' ')
  .concat(['\n', '\r', '\u202e', '\u200b', ' ', '- ', '1. ', '🏳️‍🌈'])
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((parts) => parts.join('')),
)

describe('hostile text', () => {
  for (const [raw, inPlain, inMarked] of NASTY)
    it(`becomes harmless: ${JSON.stringify(raw)}`, () => {
      assert.equal(plain(raw, 100), inPlain)
      assert.equal(marked(raw, 100), inMarked)
    })

  it('is one line, well formed, and shows all that is in it', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 400 }), (raw, max) => {
        for (const text of [plain(raw, max), marked(raw, max)]) {
          assert.match(text, SEEN_ONLY)
          assert.ok(text.isWellFormed())
        }
      }),
    )
  })

  it('renders as itself: no markup, no link, nothing decoded', () => {
    fc.assert(
      fc.property(hostile, (raw) => {
        const html = render(marked(raw, 1000))
        assert.doesNotMatch(html, /</)
        const shown = html.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
        assert.equal(shown, plain(raw, 1000))
      }),
      { numRuns: 500 },
    )
  })

  it('leaves no link to the parser of the phones, which knows no escapes', () => {
    fc.assert(fc.property(hostile, (raw) => assert.doesNotMatch(marked(raw, 1000), /\]\(/)))
  })

  it('keeps to its length in characters and in bytes of JSON', () => {
    const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 60 }), (raw, max) => {
        assert.ok([...graphemes.segment(plain(raw.repeat(3), max))].length <= max)
        assert.ok(Buffer.byteLength(JSON.stringify(marked(raw.repeat(3), max))) - 2 <= max * 4 + 8)
      }),
    )
    assert.equal(plain('abcdef', 4), 'abc…')
    assert.equal(plain('abcd', 4), 'abcd')
    assert.equal(plain('abcdefg🇩🇪🇫🇷🇮🇹', 9), 'abcdefg🇩🇪…')
    assert.equal(plain('x'.repeat(1_000_000), 10), `${'x'.repeat(9)}…`)
  })
})
