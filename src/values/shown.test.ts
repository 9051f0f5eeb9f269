import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { characters, shown, visible } from './shown.ts'

// biome-ignore format: a table reads in columns
const ROWS: readonly (readonly [what: string, raw: string, max: number, lines: 'one' | 'many', reads: string])[] = [
  ['what is plain',                    'BUY 10 AAPL @ 187.50 <b> [x] & "y"', 64, 'one',  'BUY 10 AAPL @ 187.50 <b> [x] & "y"'],
  ['controls',                         'a\u0000b\u0007c\u001b[2Jd\u007f\u009be', 64, 'one', 'abc[2Jde'],
  ['an override of the direction',     'BUY \u202eLLES\u202c 10',            64, 'one',  'BUY LLES 10'],
  ['isolates and marks of direction',  '\u2066BUY\u2069 \u200fSELL\u200e\u061c', 64, 'one', 'BUY SELL'],
  ['what has no width',                'A\u200bA\u2060P\ufeffL\u00ad\u200c\u200d\u180e', 64, 'one', 'AAPL'],
  ['selectors of a variant',           '✓\ufe0f a\u{e0100}',                 64, 'one',  '✓ a'],
  ['tags',                             'ok\u{e0041}\u{e0042}\u{e007f}',      64, 'one',  'ok'],
  ['notes between the lines',          'a\ufff9b\ufffac\ufffbd',             64, 'one',  'abcd'],
  ['letters that are blank',           'a\u3164b\u115f\u1160c\uffa0d',       64, 'one',  'abcd'],
  ['blanks of all kinds',              'a\u00a0\u2003\u3000\u2800\tb',       64, 'one',  'a b'],
  ['half of a pair',                   '1\ud8000 \udc00',                    64, 'one',  '1\ufffd0 \ufffd'],
  ['a character of nobody',            '1\ue0000\u{f0000}\u0378\uffff\ufffc', 64, 'one', '1\ufffd0\ufffd\ufffd\ufffd\ufffd'],
  ['a tower of marks',                 `a${'\u0335'.repeat(99)}b`,           64, 'one',  `a${'\u0335'.repeat(4)}b`],
  ['marks with something between',     'a\u0335\u0335\u200b\u0335\u0335\u200b\u0335', 64, 'one', `a${'\u0335'.repeat(4)}`],
  ['accents and other scripts',        'e\u0301 שלום 漢字 हिन्दी',              64, 'one',  'e\u0301 שלום 漢字 हिन्दी'],
  ['lines that become one',            ' a\r\nb\u2028c\u0085d\n\n\ve ',      64, 'one',  'a b c d e'],
  ['lines that stay',                  ' a \r\n\n\n\n b\u2028c\u0000\n',     64, 'many', 'a\n\nb\nc'],
  ['exactly as long as it may be',     '12345',                              5,  'one',  '12345'],
  ['too long',                         '123456',                             5,  'one',  '1234…'],
  ['too long, with a blank there',     '123 456',                            5,  'one',  '123…'],
  ['too long, by what is seen only',   `12345${'\u200b'.repeat(99)}`,        5,  'one',  '12345'],
  ['flags',                            '🇩🇪🇫🇷🇮🇹',                             2,  'one',  '🇩🇪…'],
  ['letters with an accent each',      'e\u0301e\u0301e\u0301',              2,  'one',  'e\u0301…'],
  ['more behind what nobody reads',    `a${'\u200b'.repeat(10_000)}b`,       5,  'one',  'a…'],
  ['nothing that is seen',             '\u200b\n\u202e ',                    5,  'one',  ''],
]

/** Written as code points, not as the classes that the module uses. */
const HARMFUL =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u00ad\u061c\u115f\u1160\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ue000-\uf8ff\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff]|\u034f|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0f]|[\u{e0000}-\u{10ffff}]/u
const PIECES = [
  '\u202e',
  '\u2066',
  '\u200b',
  '\u0000',
  '\u001b[2J',
  '\r\n',
  '\n',
  '\u2028',
  '\ud800',
  '\udc00',
  '\ue000',
].concat([
  '\u{e0041}',
  '\u{10ffff}',
  '\u3164',
  '\u2800',
  '\u00a0',
  '\t',
  ' ',
  '\u0301',
  'e\u0301',
  '👩‍👩‍👧',
  '🇩🇪',
  'ᄀ',
  'a',
  '…',
])
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join('')),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 200 }),
)
const max = fc.integer({ min: 1, max: 60 })
const count = (text: string): number => [...new Intl.Segmenter('und').segment(text)].length

describe('text from outside', () => {
  for (const [what, raw, limit, lines, reads] of ROWS)
    it(`with ${what}`, () => assert.equal(shown(raw, [characters(limit)], lines), reads))

  it('shows nothing that hides, turns or breaks, whatever it was', () => {
    fc.assert(
      fc.property(hostile, max, (raw, limit) => {
        const [one, many] = [shown(raw, [characters(limit)]), shown(raw, [characters(limit)], 'many')]
        for (const text of [one, many, visible(raw)]) {
          assert.doesNotMatch(text, HARMFUL)
          assert.doesNotMatch(text, /\p{M}{5}/u)
          assert.ok(text.isWellFormed())
        }
        assert.doesNotMatch(one, /\n| {2}/)
        assert.doesNotMatch(many, /\n{3}| {2}| \n|\n /)
        assert.equal(one, one.trim())
        assert.equal(many, many.trim())
      }),
      { numRuns: 500 },
    )
  })

  it('stays as it is the second time', () => {
    fc.assert(
      fc.property(hostile, max, (raw, limit) => {
        for (const lines of ['one', 'many'] as const) {
          const once = shown(raw, [characters(limit)], lines)
          assert.equal(shown(once, [characters(limit)], lines), once)
        }
        assert.equal(visible(visible(raw)), visible(raw))
      }),
    )
  })

  it('keeps to every limit, and is cut where something is left out only', () => {
    const units = (limit: number) => ({ max: limit, of: (character: string) => character.length })
    fc.assert(
      fc.property(hostile, max, max, (raw, most, mostUnits) => {
        const text = shown(raw, [characters(most), units(mostUnits)])
        const whole = shown(raw, [characters(1e6)])
        assert.ok(count(text) <= most && text.length <= mostUnits, text)
        const fits = count(whole) <= most && whole.length <= mostUnits
        if (fits && raw.length <= 64 * Math.min(most, mostUnits)) assert.equal(text, whole)
        else assert.ok(text.endsWith('…') && whole.startsWith(text.slice(0, -1)))
      }),
    )
  })

  it('takes no longer for more of it than anybody reads', () => {
    for (const piece of ['x', ' ', '\n', ' \n', '\u200b', '\u0301', 'ᄀ', '\ud800', '👩‍👩‍👧‍👦']) {
      const started = performance.now()
      shown(piece.repeat(1_000_000), [characters(500)], 'many')
      assert.ok(performance.now() - started < 1_000, JSON.stringify(piece))
    }
  })
})
