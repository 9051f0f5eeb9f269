import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonical } from '../values/json.ts'
import { glance } from './form.ts'

const ROW = {
  v: 1,
  seq: 7,
  ts: '2026-11-22T15:13:20.000000Z',
  boot: 'boot-1',
  mono: '123456789',
  actor: { type: 'system', id: 'a', via: 'worker', session: null },
  action: 'order.sent',
  object: { type: 'order', id: 'O1', rev: 2 },
  corr: 'c1',
  data: { price: '187.50', n: 12, list: [true, false, null, { a: 1, b: [] }], text: 'é "quoted" \\ \n\u0001' },
  prev: '0'.repeat(64),
}
const said = (bytes: unknown): string => {
  const seen = glance(bytes as string)
  return 'kind' in seen ? seen.kind : 'OK'
}
const withData = (data: unknown): string => canonical({ ...ROW, data: { data } })

it('reads what the verifier needs', () => {
  const { seq, ts, boot, mono, prev } = ROW
  const seen = glance(canonical(ROW))
  assert.deepEqual({ ...seen }, 'kind' in seen ? {} : { ...seen, seq, ts, boot, mono, prev })
  assert.ok(!('kind' in seen))
})

describe('canonical or not', () => {
  const c = canonical(ROW)
  // biome-ignore format: a table reads in columns
  const cases: readonly (readonly [what: string, bytes: unknown, says: string])[] = [
    ['as it was written',              c,                                                      'OK'],
    ['a number with a fraction',       withData(0.1),                                          'OK'],
    ['a large number',                 withData(1e21),                                         'OK'],
    ['a small number',                 withData(5e-324),                                       'OK'],
    ['the largest exact number',       withData(9007199254740991),                             'OK'],
    ['a negative number',              withData(-12),                                          'OK'],
    ['keys that need an escape',       withData({ 'a"b': 1, '\\': 2, '\n': 3 }),                'OK'],
    ['keys beyond the first plane',    withData({ '\u{10000}': 1, '\uffff': 2, é: 3 }),         'OK'],
    ['number-like keys',               withData({ '10': 1, '9': 2 }),                          'OK'],
    ['the key __proto__',              c.replace('"data":{', '"data":{"__proto__":{"x":1},'),  'OK'],
    ['deep',                           withData(JSON.parse('['.repeat(40) + ']'.repeat(40))),  'OK'],
    ['very deep',                      withData(JSON.parse('['.repeat(500) + ']'.repeat(500))), 'OK'],
    ['a blank',                        c.replace(':7,', ': 7,'),                               'NOT_CANONICAL'],
    ['a line end behind it',           `${c}\n`,                                               'NOT_CANONICAL'],
    ['keys in another order',          JSON.stringify(ROW),                                    'NOT_CANONICAL'],
    ['a key that appears twice',       c.replace('"n":12', '"n":12,"n":12'),                   'NOT_CANONICAL'],
    ['an escape that is not needed',   c.replace('order.sent', 'order.\\u0073ent'),            'NOT_CANONICAL'],
    ['an escape in upper case',        withData('\u001f').replace('\\u001f', '\\u001F'),       'NOT_CANONICAL'],
    ['a long escape with a short form', c.replace('\\n', '\\u000a'),                           'NOT_CANONICAL'],
    ['an escaped slash',               c.replace('order.sent', 'order\\/sent'),                'NOT_CANONICAL'],
    ['half a surrogate pair, escaped', c.replace('order.sent', '\\ud800'),                     'NOT_CANONICAL'],
    ['minus zero',                     c.replace('"n":12', '"n":-0'),                          'NOT_CANONICAL'],
    ['a trailing zero',                c.replace('"n":12', '"n":12.0'),                        'NOT_CANONICAL'],
    ['an exponent',                    c.replace('"n":12', '"n":12e0'),                        'NOT_CANONICAL'],
    ['more digits than a number has',  c.replace('"n":12', '"n":9007199254740993'),            'NOT_CANONICAL'],
    ['a leading zero',                 c.replace('"n":12', '"n":012'),                         'DAMAGED'],
    ['cut short',                      c.slice(0, -1),                                         'DAMAGED'],
    ['nothing',                        '',                                                     'DAMAGED'],
    ['no object',                      '[]',                                                   'DAMAGED'],
    ['no text',                        null,                                                   'DAMAGED'],
    ['a control character',            c.replace('order.sent', 'order\u0001sent'),             'DAMAGED'],
    ['another version',                c.replace('"v":1', '"v":2'),                            'DAMAGED'],
    ['a seq below zero',               c.replace('"seq":7', '"seq":-7'),                       'DAMAGED'],
    ['a seq as text',                  c.replace('"seq":7', '"seq":"7"'),                      'DAMAGED'],
    ['a time that is none',            c.replace('15:13:20.000000Z', '15:13:20Z'),             'DAMAGED'],
    ['a prev that is no hash',         c.replace('0'.repeat(64), '0'.repeat(63)),              'DAMAGED'],
    ['a field too many',               c.replace('"v":1}', '"v":1,"w":1}'),                    'DAMAGED'],
    ['a field missing',                c.replace('"boot":"boot-1",', ''),                      'DAMAGED'],
    ['mono with a leading zero',       c.replace('"123456789"', '"0123456789"'),               'DAMAGED'],
    ['data that is a list',            canonical({ ...ROW, data: [] }),                        'DAMAGED'],
    ['deeper than any parser',         c.replace('"n":12', `"n":${'['.repeat(1e5)}`),          'DAMAGED'],
  ]
  for (const [what, bytes, says] of cases) it(`${what}: ${says}`, () => assert.equal(said(bytes), says))
})

it('any row that is written canonically is read, whatever is in it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: 'grapheme' }), (data, text) => {
      const row = canonical({ ...ROW, action: text, corr: text, data: { [text]: data, text } })
      assert.equal(said(row), 'OK', row)
    }),
  )
})

it('any change of a character is noticed, or leaves another canonical row', () => {
  const c = canonical(ROW)
  fc.assert(
    fc.property(
      fc.nat(c.length - 1),
      fc.constantFrom(...'"\\{}[],: 019aeE.-+u\n\u0001é\ud800'),
      fc.boolean(),
      (at, x, insert) => {
        const forged = c.slice(0, at) + x + c.slice(insert ? at : at + 1)
        let canonicalText: string | null
        try {
          canonicalText = canonical(JSON.parse(forged))
        } catch {
          canonicalText = null
        }
        if (said(forged) === 'OK') assert.equal(canonicalText, forged)
        else if (canonicalText === forged) assert.equal(said(forged), 'DAMAGED') // right spelling, wrong shape
      },
    ),
    { numRuns: 3000 },
  )
})
