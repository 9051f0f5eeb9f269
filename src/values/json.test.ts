import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Fault } from './fault.ts'
import { canonical, Numeral, parseJson } from './json.ts'

/** Parsed, with numbers as `{ number: '0.10' }` and prototypes put back, so that a table can show it. */
function read(source: string): unknown {
  const parsed = parseJson(source)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return plain(parsed.value, (numeral) => ({ number: numeral.source }))
}
function plain(value: unknown, number: (numeral: Numeral) => unknown): unknown {
  if (value instanceof Numeral) return number(value)
  if (Array.isArray(value)) return value.map((item) => plain(item, number))
  if (typeof value !== 'object' || value === null) return value
  const copy = {}
  for (const [key, item] of Object.entries(value))
    Object.defineProperty(copy, key, {
      value: plain(item, number),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  return copy
}

describe('what is taken', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, source: string, value: unknown])[] = [
    ['an object',                        '{"id":"sig-42","open":true,"to":null}', { id: 'sig-42', open: true, to: null }],
    ['a list',                           ' [ "a" , [ ] , { } , false ] ',         ['a', [], {}, false]],
    ['a bare string',                    '"x"',                                   'x'],
    ['a bare number',                    '1',                                     { number: '1' }],
    ['a number keeps its zeros',         '{"px":0.10}',                           { px: { number: '0.10' } }],
    ['a number keeps all its digits',    '[9007199254740993.000000000000000001]', [{ number: '9007199254740993.000000000000000001' }]],
    ['a number keeps its sign and form', '[-0, -0.0, 1e3, 1E+05, 1e-999]',        ['-0', '-0.0', '1e3', '1E+05', '1e-999'].map((number) => ({ number }))],
    ['every white space of JSON',        '\t\r\n {\r\n"a"\t: 1}\n',               { a: { number: '1' } }],
    ['every escape of JSON',             '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"',    '"\\/\b\f\n\r\té'],
    ['a pair of surrogates, escaped',    '"\\ud83d\\ude00"',                      '😀'],
    ['a pair of surrogates, raw',        '"😀"',                                  '😀'],
    ['line separators in strings',       '"\u2028\u2029"',                        '\u2028\u2029'],
    ['brackets in strings',              `"${'['.repeat(40)}\\"${'{'.repeat(40)}"`, `${'['.repeat(40)}"${'{'.repeat(40)}`],
    ['the empty key',                    '{"":1}',                                { '': { number: '1' } }],
    ['the same key in other objects',    '[{"a":1},{"a":{"a":2}}]',               [{ a: { number: '1' } }, { a: { a: { number: '2' } } }]],
    ['keys that differ in case',         '{"a":1,"A":2}',                         { a: { number: '1' }, A: { number: '2' } }],
    ['keys of every object, unharmed',   '{"toString":1,"constructor":2}',        { toString: { number: '1' }, constructor: { number: '2' } }],
    ['32 levels',                        `${'['.repeat(32)}${']'.repeat(32)}`,    JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`)],
    ['many lists, none inside another',  `[${Array(99).fill('[]').join()}]`,      Array(99).fill([])],
  ]
  for (const [what, source, value] of rows) it(what, () => assert.deepEqual(read(source), value))

  it('__proto__ is an ordinary key and changes no object', () => {
    const parsed = parseJson('{"__proto__":{"polluted":true},"a":1}')
    assert.ok(parsed.ok)
    const value = parsed.value as Record<string, unknown>
    assert.deepEqual(Object.keys(value), ['__proto__', 'a'])
    assert.equal(Object.getPrototypeOf(value), null)
    assert.equal(value['polluted'], undefined)
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })
})

describe('what is refused, and where', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, source: string, at: `${number}:${number}`, says: RegExp])[] = [
    ['a repeated key',               '{"qty":1,"qty":100}',              '1:10', /the key "qty" appears twice/],
    ['a repeated key, escaped',      '{"a":1,"\\u0061":2}',              '1:8',  /the key "a" appears twice/],
    ['a repeated key with one value', '{"a":1,"a":1}',                   '1:8',  /the key "a" appears twice/],
    ['a repeated key, deep',         '[{"x":[{"b":1,\n  "b":2}]}]',      '2:3',  /the key "b" appears twice/],
    ['a repeated __proto__',         '{"__proto__":1,\r\n"__proto__":2}', '2:1', /the key "__proto__" appears twice/],
    ['a repeated key after an old line end', '{"a":1,\r"a":2}', '2:1', /the key "a" appears twice/],
    ['a repeated empty key',         '{"":1,"":2}',                      '1:7',  /the key "" appears twice/],
    ['33 levels of lists',           `${'['.repeat(33)}${']'.repeat(33)}`, '1:33', /deeper than 32/],
    ['33 levels of objects',         `${'{"a":\n'.repeat(32)}{}${'}'.repeat(32)}`, '33:1', /deeper than 32/],
    ['33 levels, mixed and not even closed', '[{"a":'.repeat(17),        '1:97', /deeper than 32/],
    ['NaN',                          '{"a": NaN}',                       '1:7',  /character 'N'/],
    ['Infinity',                     '[Infinity]',                       '1:2',  /character 'I'/],
    ['-Infinity',                    '[-Infinity]',                      '1:2',  /character 'I'/],
    ['undefined',                    '[undefined]',                      '1:2',  /character 'u'/],
    ['a word that is none',          '[truthy]',                         '1:2',  /truthy/],
    ['a line comment',               '{} // no',                         '1:4',  /character '\/'/],
    ['a block comment',              '{/* no */}',                       '1:2',  /character '\/'/],
    ['a trailing comma in an object', '{"a":1,}',                        '1:8',  /'}'/],
    ['a trailing comma in a list',   '[1,]',                             '1:4',  /']'/],
    ['a comma alone',                '[,]',                              '1:2',  /','/],
    ['a missing comma',              '[1 2]',                            '1:4',  /Number/],
    ['a missing colon',              '{"a" 1}',                          '1:6',  /Number/],
    ['single quotes',                "{'a':1}",                          '1:2',  /character '''/],
    ['a bare key',                   '{a:1}',                            '1:2',  /character 'a'/],
    ['a plus',                       '[+1]',                             '1:2',  /character '\+'/],
    ['no digit before the point',    '[.5]',                             '1:2',  /character '\.'/],
    ['no digit after the point',     '[5.]',                             '1:4',  /character '\]'/],
    ['zeros in front',               '[01]',                             '1:2',  /character '1'/],
    ['a hexadecimal number',         '[0x1]',                            '1:3',  /character 'x'/],
    ['an exponent without digits',   '[1e]',                             '1:4',  /character '\]'/],
    ['an escape that is none',       '["\\x41"]',                        '1:3',  /character 'x'/],
    ['half an escape',               '["\\u12',                          '1:7',  /end of input/],
    ['a raw tab in a string',        '["a\tb"]',                         '1:4',  /raw control character/],
    ['a raw line end in a string',   '{"a":"b\nc"}',                     '1:8',  /raw control character/],
    ['a raw NUL in a key',           '{"a\u0000":1}',                    '1:4',  /raw control character/],
    ['half a pair, high',            '["\\ud800"]',                      '1:2',  /half of a surrogate pair/],
    ['half a pair, low',             '["x",\n "\\ude00 \\ud83d"]',       '2:2',  /half of a surrogate pair/],
    ['half a pair in a key',         '{"\\ud83d":1}',                    '1:2',  /half of a surrogate pair/],
    ['half a pair, raw',             '"\ud83d"',                         '1:1',  /half of a surrogate pair/],
    ['a byte order mark',            '\ufeff{}',                         '1:1',  /U\+FEFF/],
    ['a no-break space',             '[1,\u00a02]',                      '1:4',  /U\+00A0/],
    ['a vertical tab',               '\u000b1',                          '1:1',  /U\+000B/],
    ['nothing',                      '',                                 '1:1',  /end of input/],
    ['white space alone',            ' \n ',                             '2:2',  /end of input/],
    ['an open string',               '["abc',                            '1:6',  /end of input/],
    ['two values',                   '{} {}',                            '1:4',  /'{'/],
    ['one bracket too many',         '[1]\n]',                           '2:1',  /']'/],
    ['the wrong bracket',            '[1}',                              '1:3',  /'}'/],
  ]
  for (const [what, source, at, says] of rows)
    it(what, () => {
      const parsed = parseJson(source)
      assert.ok(!parsed.ok, 'was taken')
      assert.match(parsed.error.message, says)
      assert.equal(`${parsed.error.line}:${parsed.error.column}`, at)
    })

  it('names the start of a long key', () => {
    const key = 'k'.repeat(10_000)
    const parsed = parseJson(`{"${key}":1,"${key}":2}`)
    assert.equal(parsed.ok ? '' : parsed.error.message, `the key "${'k'.repeat(64)}…" appears twice`)
  })

  it('a sign that no JSON has is found where it stands', () => {
    const parts = [
      '{',
      '"a"',
      ':',
      '[',
      '1.5',
      ',',
      'true',
      ',',
      '{',
      '}',
      ',',
      '"[\\""',
      ']',
      ',',
      '"b"',
      ':',
      'null',
      '}',
    ]
    const blanks = fc.array(fc.constantFrom('', ' ', '\n', '\r\n', '\r', '\t'), {
      minLength: parts.length,
      maxLength: parts.length,
    })
    fc.assert(
      fc.property(blanks, fc.nat(parts.length - 1), (between, where) => {
        const before =
          parts
            .slice(0, where)
            .map((part, i) => `${between[i]}${part}`)
            .join('') + between[where]
        const rest = parts
          .slice(where)
          .map((part, i) => `${i === 0 ? '' : between[where + i]}${part}`)
          .join('')
        assert.ok(parseJson(`${before}${rest}`).ok)
        const parsed = parseJson(`${before}#${rest}`)
        assert.ok(!parsed.ok)
        const lines = before.split(/\r\n|\r|\n/)
        assert.deepEqual([parsed.error.line, parsed.error.column], [lines.length, (lines.at(-1) ?? '').length + 1])
      }),
    )
  })
})

/** What `JSON.parse` makes of it, or undefined. */
function native(source: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(source) }
  } catch {
    return undefined
  }
}
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
const wellFormed = (value: unknown): boolean => canonicalOrNull(value) !== null
function canonicalOrNull(value: unknown): string | null {
  try {
    return canonical(value)
  } catch {
    return null
  }
}

describe('beside JSON.parse', () => {
  // biome-ignore format: a list reads in rows
  const fragment = fc.constantFrom(
    '{', '}', '[', ']', ':', ',', '"', '\\', '"a"', '"b"', '"__proto__"', '0', '1', '-', '+', '.', '1.50', 'e5', 'E', 'true', 'false', 'null', 'nul',
    ' ', '\n', '\r', '\t', '\u0000', '\u001f', '\u007f', '\u00a0', '\ufeff', '\u2028', '\\u0041', '\\ud83d', '\\ude00', '\\n', '\\x', '/*', '//', "'", 'é', '😀',
  )
  const soup = fc.array(fragment, { maxLength: 14 }).map((all) => all.join(''))
  const broken = fc
    .tuple(fc.json({ maxDepth: 4 }), fc.nat(80), fragment, fc.nat(2))
    .map(([json, i, put, cut]) => `${json.slice(0, i)}${put}${json.slice(i + cut)}`)
  const nested = fc
    .tuple(
      fc.json({ maxDepth: 2 }),
      fc.array(fc.constantFrom(['[', ']'], ['{"a":', '}']), { minLength: 26, maxLength: 36 }),
    )
    .map(([json, around]) => around.reduce((inner, [open, close]) => `${open}${inner}${close}`, json))
  const source = fc.oneof(fc.string(), soup, broken, fc.json({ maxDepth: 4 }), nested)

  it('takes nothing that JSON.parse refuses, and never throws', () => {
    fc.assert(
      fc.property(source, (text) => {
        const parsed = parseJson(text)
        if (parsed.ok) assert.ok(native(text), text)
        else {
          assert.ok(parsed.error.line >= 1 && parsed.error.column >= 1)
          assert.ok(parsed.error.message.length > 0)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('takes all that JSON.parse takes, to the same value, but for its own four rules', () => {
    fc.assert(
      fc.property(source, (text) => {
        const other = native(text)
        if (!other) return
        const parsed = parseJson(text)
        if (!parsed.ok) {
          if (/appears twice/.test(parsed.error.message)) return // JSON.parse keeps the last one
          if (/deeper/.test(parsed.error.message)) return assert.ok(depthOf(other.value) > 32)
          assert.match(parsed.error.message, /surrogate/)
          return assert.ok(!wellFormed(other.value))
        }
        assert.deepEqual(
          plain(parsed.value, (numeral) => Number(numeral.source)),
          other.value,
        )
      }),
      { numRuns: 3000 },
    )
  })
})

describe('canonical text', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [what: string, value: unknown, expected: string])[] = [
    ['keys in order, no white space',  { b: 1, a: [true, null], A: 'x' },     '{"A":"x","a":[true,null],"b":1}'],
    ['keys by UTF-16 units',           { '😀': 1, '\ufb33': 2, é: 3, '10': 4, '9': 5 }, '{"10":4,"9":5,"é":3,"😀":1,"\ufb33":2}'],
    ['the shortest escapes',           '\u0000\b\t\n\f\r"\\/é',               '"\\u0000\\b\\t\\n\\f\\r\\"\\\\/é"'],
    ['numbers as ECMAScript has them', [1e21, 1e-7, 0.1, -0, 1.0],            '[1e+21,1e-7,0.1,0,1]'],
    ['absent fields are absent',       { a: undefined, b: 1 },                '{"b":1}'],
  ]
  for (const [what, value, expected] of rows) it(what, () => assert.equal(canonical(value), expected))

  // biome-ignore format: a table reads in columns
  const none: readonly (readonly [what: string, value: unknown])[] = [
    ['NaN', Number.NaN], ['infinity', [Infinity]], ['a bigint', { a: 1n }], ['half a pair', '\ud800'], ['half a pair in a key', { '\ud800': 1 }],
    ['nothing', undefined], ['a function', () => 1],
  ]
  for (const [what, value] of none)
    it(`has no form for ${what}`, () =>
      assert.throws(
        () => canonical(value),
        (thrown) => thrown instanceof Fault && thrown.code === 'NOT_JSON',
      ))

  it('is the same for the same value, however it was built, and reads back as it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (!wellFormed(value)) return
        const text = canonical(value)
        assert.equal(canonical(shuffled(value)), text)
        assert.equal(canonical(JSON.parse(text)), text)
      }),
    )
  })
})

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value).reverse()) copy[key] = shuffled(item)
  return copy
}
