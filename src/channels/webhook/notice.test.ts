import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Card, CardState } from '../../ports/channel.ts'
import type { IntentID } from '../../values/brand.ts'
import { parseInstant } from '../../values/instant.ts'
import { noticeOf, plain } from './notice.ts'

const CARD: Card = {
  gateway: 'gAtEwAy0123456_-',
  intentID: 'sig_01' as IntentID,
  rev: 3,
  digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0',
  fingerprint: 'd02c-ec62',
  environment: 'paper',
  title: 'BUY 10 AAPL',
  facts: [
    { name: 'Limit', value: '187.50 DAY' },
    { name: 'Max notional', value: '1880.00 USD' },
  ],
  reasoning: 'Breakout on volume.\nStop below the range.',
  state: 'waiting',
  stateText: 'Waits for a decision until 15:18:20Z.',
  decideBy: parseInstant('2026-11-22T15:18:20Z'),
  takesYes: true,
  url: 'https://jax.example/a/sig_01',
}

describe('a notice', () => {
  it('says what waits, and where to decide', () => {
    assert.deepEqual(noticeOf(CARD), {
      type: 'approval.waiting',
      data: {
        intentID: 'sig_01',
        rev: 3,
        fingerprint: 'd02c-ec62',
        environment: 'paper',
        title: 'BUY 10 AAPL',
        facts: [
          { name: 'Limit', value: '187.50 DAY' },
          { name: 'Max notional', value: '1880.00 USD' },
        ],
        reasoning: 'Breakout on volume.\nStop below the range.',
        state: 'waiting',
        stateText: 'Waits for a decision until 15:18:20Z.',
        decideBy: '2026-11-22T15:18:20.000000Z',
        url: 'https://jax.example/a/sig_01',
      },
    })
  })
  it('holds nothing that a decision could be made with', () => {
    const text = JSON.stringify(noticeOf(CARD))
    assert.ok(!text.includes(CARD.digest.slice(0, 16)))
    assert.doesNotMatch(text, /digest|takesYes|verdict/)
  })
  const states: CardState[] = ['approved', 'declined', 'expired', 'withdrawn', 'refused', 'sent', 'ended']
  for (const state of states)
    it(`of an order that is ${state} is of one that is closed`, () =>
      assert.equal(noticeOf({ ...CARD, state }).type, 'approval.closed'))
  it('may have no reasoning and no end', () => {
    const { data } = noticeOf({ ...CARD, reasoning: null, decideBy: null })
    assert.deepEqual([data.reasoning, data.decideBy], [null, null])
  })
  it('has a size, whatever is written in it', () => {
    const endless = [
      'x',
      '漢',
      '👩‍👩‍👧‍👦',
      'e\u0301\u0301\u0301\u0301\u0301',
      '"',
      '\\',
      '\u0000',
      '\ud800',
      ' ',
      '\n',
      ' \n',
    ]
    for (const text of endless.map((piece) => piece.repeat(100_000))) {
      const facts = Array.from({ length: 500 }, () => ({ name: text, value: text }))
      const card = { ...CARD, title: text, reasoning: text, stateText: text, fingerprint: text, facts }
      const started = performance.now()
      const bytes = Buffer.byteLength(JSON.stringify(noticeOf(card)))
      assert.ok(bytes < 128 * 1024, `${bytes} bytes of ${JSON.stringify(text.slice(0, 8))}`)
      assert.ok(performance.now() - started < 2_000, `it takes too long with ${JSON.stringify(text.slice(0, 8))}`)
    }
  })
})

describe('text from outside', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, raw: string, max: number, shown: string])[] = [
    ['plain',                        'BUY 10 AAPL',                    64, 'BUY 10 AAPL'],
    ['escape sequences',             'a\u001b[2Jb\u0007',              64, 'a[2Jb'],
    ['right to left overrides',      'BUY\u202e LLES\u2066x\u2069',    64, 'BUY LLESx'],
    ['what has no width',            'B\u200bU\u2060Y\ufeff\u00ad',    64, 'BUY'],
    ['tags that hide a message',     'ok\u{e0041}\u{e0042}\u{e007f}',  64, 'ok'],
    ['fillers that look like space', 'a\u3164b\u115fc\uffa0d',         64, 'abcd'],
    ['lines',                        'a\r\nb\u2028c\u0085d\n\n e',     64, 'a b c d e'],
    ['half a pair',                  'a\ud83d',                        64, 'a\ufffd'],
    ['exactly as long as it may be', '12345',                          5,  '12345'],
    ['too long',                     '123456',                         5,  '1234…'],
    ['a space at the cut',           '123 456',                        5,  '123…'],
    ['accents that belong together', 'e\u0301e\u0301e\u0301',          2,  'e\u0301…'],
    ['a flag at the cut',            '🇩🇪🇫🇷🇮🇹',                         2,  '🇩🇪…'],
    ['one letter under a tower',     `a${'\u0301'.repeat(1_000)}`,     5,  'a\u0301\u0301\u0301\u0301…'],
    ['more behind what is hidden',   `a${'\u200b'.repeat(1_000)}b`,     5,  'a…'],
    ['nothing',                      '\u200b\n\u202e',                 5,  ''],
  ]
  for (const [what, raw, max, shown] of rows) it(`with ${what}`, () => assert.equal(plain(raw, max), shown))

  it('keeps its lines where lines are kept', () => {
    assert.equal(plain('a\r\n\u2028b\u0000\n', 64, 'many'), 'a\n\nb')
  })
  it('shows nothing that hides or turns, is as long as it may be, and stays as it is the second time', () => {
    const nasty = fc.constantFrom(
      '\u202e',
      '\u200b',
      '\u0000',
      '\r\n',
      '\u2028',
      '\ud800',
      '\u{e0041}',
      '👩‍👩‍👧',
      'e\u0301',
      '…',
      ' ',
    )
    const raw = fc
      .array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 30 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(raw, fc.integer({ min: 1, max: 40 }), (text, max) => {
        const once = plain(text, max)
        assert.ok(once.isWellFormed())
        assert.doesNotMatch(once, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/)
        assert.ok([...new Intl.Segmenter('und').segment(once)].length <= max, once)
        assert.equal(plain(once, max), once)
      }),
    )
  })
})
