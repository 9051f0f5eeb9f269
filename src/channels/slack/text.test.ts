import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HARMFUL, NASTY } from './nasty.contract.ts'
import { escaped, plain } from './text.ts'

describe('text for people in Slack', () => {
  const rows: [name: string, text: string, max: number, lines: 'one' | 'many', shown: string][] = [
    ['as it is', 'BUY 10 AAPL', 20, 'one', 'BUY 10 AAPL'],
    ['lines of a title are joined', 'BUY\r\n10\u2028AAPL', 20, 'one', 'BUY 10 AAPL'],
    ['lines of a text stay', ' one \n\n\n\n two ', 20, 'many', 'one\n\ntwo'],
    ['direction marks go', '\u202eLLES\u202c', 20, 'one', 'LLES'],
    ['invisible signs go', 'A\u200bA\u00adP\ufeffL', 20, 'one', 'AAPL'],
    ['an accent of its own stays', 'e\u0301', 20, 'one', 'e\u0301'],
    ['half a pair is shown as such', 'a\ud800b', 20, 'one', 'a\ufffdb'],
    ['marks pile up to four', `x${'\u0335'.repeat(9)}`, 20, 'one', `x${'\u0335'.repeat(4)}`],
    ['cut with a sign that says so', 'abcdefghij', 5, 'one', 'abcd…'],
    ['cut between characters', 'ab🇩🇪cd', 6, 'one', 'ab…'],
    ['counted as stored', 'a&b', 6, 'one', 'a…'],
    ['counted as stored, and it fits', 'a&b', 7, 'one', 'a&b'],
  ]
  for (const [name, text, max, lines, shown] of rows) it(name, () => assert.equal(plain(text, max, lines), shown))

  it('is harmless and short enough, whatever it was', () => {
    const any = fc.oneof(
      fc.string({
        unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
        maxLength: 80,
      }),
      fc.array(fc.constantFrom(...NASTY), { maxLength: 4 }).map((parts) => parts.join('')),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 80 }),
    )
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 200 }), (text, max) => {
        const shown = plain(text, max)
        assert.doesNotMatch(shown, HARMFUL)
        assert.doesNotMatch(plain(text, max, 'many').replaceAll('\n', ''), HARMFUL)
        assert.ok(escaped(shown).length <= max, `${escaped(shown).length} > ${max}`)
        assert.equal(shown, shown.trim())
        assert.doesNotMatch(escaped(shown), /[<>]|&(?!(amp|lt|gt);)/)
      }),
    )
  })
})
