import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPlain, nameKey } from './name.ts'

// biome-ignore format: a table reads in columns
const NAMES: readonly (readonly [what: string, name: string, plain: boolean, sameAsAna: boolean])[] = [
  ['as it is',                    'Ana',        true,  true],
  ['in other case',               ' ANA ',      true,  true],
  ['in full width',               'Ａｎａ',      true,  true],
  ['another',                     'Anna',       true,  false],
  ['a letter of another alphabet', '\u0410na',  true,  false],
  ['a soft hyphen',               'An\u00ada',  false, true],
  ['a grapheme joiner',           'An\u034fa',  false, true],
  ['a joiner',                    'An\u200da',  false, true],
  ['a filler',                    'Ana\u3164',  false, true],
  ['a vowel separator',           'An\u180ea',  false, true],
  ['a selector',                  'Ana\ufe0f',  false, true],
  ['a blank that is none',        'Ana\u00a0',  false, true],
  ['a mark that turns',           'Ana\u202e',  false, true],
]

describe('a name', () => {
  for (const [what, name, plain, same] of NAMES)
    it(`${what}: ${plain ? 'reads as it is written' : 'does not'}, and is ${same ? '' : 'not '}that of Ana`, () =>
      assert.deepEqual([isPlain(name), nameKey(name) === nameKey('Ana')], [plain, same]))
  it('is the same however an accent or a sharp s is written', () => {
    assert.equal(nameKey('Jose\u0301 Weiß'), nameKey('JOSÉ  WEISS'))
  })
})
