import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Item, Plan, When } from './plan.ts'
import { hint, lineOf, parseScript, printScript, ScriptError } from './script.ts'

const WORLD = 'world seed=4711 start=2026-11-23T15:00:00Z lasts=180.000 broker=brackets store=memory limits=wide'

const when = fc.oneof(
  fc.nat(2 ** 40).map((atMs) => ({ atMs })),
  fc
    .tuple(fc.constantFrom('commit', 'send', 'cancel', 'read', 'report'), fc.integer({ min: 1, max: 10_000 }))
    .map(([on, n]) => ({ on, n })),
) satisfies fc.Arbitrary<When>
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'I1',
    '190.10',
    '# no comment',
    'a=b',
    '',
    ' ',
    '\\',
    '"',
    '\n',
    '\r',
    '\u2028',
    '\ud800',
    'buying power',
  ),
)
const item: fc.Arbitrary<Item> = fc.record(
  {
    when,
    verb: fc.oneof(fc.constantFrom('signal', 'approve', 'lost-booked'), text),
    words: fc.array(text, { maxLength: 4 }),
    named: fc.dictionary(fc.stringMatching(/^[A-Za-z][\w.-]{0,8}$/), text, { maxKeys: 4, noNullPrototype: true }),
  },
  { noNullPrototype: true },
)
const plan: fc.Arbitrary<Plan> = fc.record(
  {
    world: fc.record(
      {
        seed: fc.maxSafeNat(),
        start: fc
          .date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true })
          .map((at) => at.toISOString()),
        lastsMs: fc.nat(2 ** 40),
        broker: fc.constantFrom('bare', 'brackets', 'pairs', 'sleeping-legs', 'coins'),
        store: fc.constantFrom('memory', 'file'),
        limits: fc.constantFrom('wide', 'tight'),
      },
      { noNullPrototype: true },
    ),
    items: fc.array(item, { maxLength: 12 }),
  },
  { noNullPrototype: true },
)

describe('a script', () => {
  it('says a plan exactly', () => {
    fc.assert(fc.property(plan, (p) => assert.deepEqual(parseScript(printScript(p)), p)))
  })

  it('says it whatever is noted above, beside and between', () => {
    const noisy = (p: Plan, about: string[]) =>
      printScript(p, about)
        .split('\n')
        .map((line) => (line.startsWith('#') ? line : `  ${line}\t # why`))
        .join('\r\n#\r\n\r\n')
    // A comment is a line: what is said in it may be anything but a line break.
    const about = fc.array(text.map((it) => it.replace(/[\r\n]/g, ' ')))
    fc.assert(fc.property(plan, about, (p, says) => assert.deepEqual(parseScript(noisy(p, says)), p)))
  })

  it('reads in columns', () => {
    const source = [
      '# An order whose reply is lost.',
      WORLD,
      'at  2.000 signal      I1 BUY AAPL entry=190.10 stop=187.00',
      'at 12.500 approve     I1 by=ana',
      'on send 3 lost-booked',
      'at 13.001 halt        "the desk is closing" by=rik',
      '',
    ].join('\n')
    assert.equal(printScript(parseScript(source), ['An order whose reply is lost.']), source)
  })

  it('says one line without columns', () => {
    const { items } = parseScript(`${WORLD}\nat   2.5   signal    I1 "a b"   stop=1\non send 3 lost-booked`)
    assert.deepEqual(items.map(lineOf), ['at 2.500 signal I1 "a b" stop=1', 'on send 3 lost-booked'])
  })

  const wrong: [name: string, source: string, line: number, message: RegExp][] = [
    ['nothing', '# only a comment\n', 1, /is empty; it begins with "world seed=/],
    ['no world', 'at 1.000 halt', 1, /a script begins with "world seed=… start=… lasts=…/],
    ['a setting too few', WORLD.replace(' limits=wide', ''), 1, /world lacks limits= \(wide or tight\)/],
    ['an unknown setting', `${WORLD} sed=1`, 1, /no sed= \(did you mean "seed"\?\); there are seed, start, lasts/],
    ['a setting twice', `${WORLD} seed=1`, 1, /seed= stands twice/],
    ['a word in the world', `${WORLD} wide`, 1, /world takes no "wide"/],
    [
      'an unknown broker',
      WORLD.replace('brackets', 'alpaca'),
      1,
      /broker= is bare, brackets, .* or coins, not "alpaca"/,
    ],
    ['a day that is none', WORLD.replace('11-23', '02-30'), 1, /start= is a moment such as .*, not "2026-02-30/],
    ['a seed that is none', WORLD.replace('4711', '-1'), 1, /seed= is a whole number, not "-1"/],
    ['half a millisecond', `${WORLD}\nat 1.0005 halt`, 2, /after "at" stand seconds such as 12\.500, not "1\.0005"/],
    ['a time without a number', `${WORLD}\nat`, 2, /after "at" stand seconds such as 12\.500, not nothing/],
    [
      'an unknown point',
      `${WORLD}\n\non sned 3 lost`,
      3,
      /stands commit, send, .* not "sned" \(did you mean "send"\?\)/,
    ],
    ['the zeroth time', `${WORLD}\non send 0 lost`, 2, /after "on send" stands a count from 1, not "0"/],
    ['a moment without what happens', `${WORLD}\nat 1.000`, 2, /after "at 1\.000" stands what happens/],
    ['a moment without "at"', `${WORLD}\nhalt by=rik`, 2, /begins with "at" or "on", not "halt"/],
    ['a second world', `${WORLD}\n${WORLD}`, 2, /only the first line begins with "world"/],
    ['an open quote', `${WORLD}\nat 1.000 halt "oh`, 2, /cannot read "oh \(a word with spaces/],
    ['a name without a value', `${WORLD}\nat 1.000 halt by=`, 2, /cannot read by=/],
    ['a strange escape', `${WORLD}\nat 1.000 halt "\\q"`, 2, /escape that JSON does not know/],
  ]
  for (const [name, source, line, message] of wrong)
    it(`says where it cannot be understood: ${name}`, () => {
      assert.throws(
        () => parseScript(source),
        (thrown) => thrown instanceof ScriptError && thrown.line === line && message.test(thrown.message),
      )
    })

  it('cannot say half a millisecond, nor a name that is none', () => {
    const base = parseScript(`${WORLD}\nat 1.000 halt`)
    const at = (atMs: number): Plan => ({ ...base, items: [{ when: { atMs }, verb: 'halt', words: [], named: {} }] })
    for (const ms of [0.5, -1, Number.NaN]) assert.throws(() => printScript(at(ms)), RangeError)
    const named = { when: { atMs: 1 }, verb: 'halt', words: [], named: { 'a b': '1' } }
    assert.throws(() => printScript({ ...base, items: [named] }), RangeError)
  })
})

describe('a near name', () => {
  const rows: [given: string, expected: string][] = [
    ['sned', 'send'],
    ['comit', 'commit'],
    ['reports', 'report'],
    ['halt', ''],
    ['', ''],
  ]
  for (const [given, expected] of rows)
    it(`${JSON.stringify(given)} → ${JSON.stringify(expected)}`, () => {
      const said = expected === '' ? '' : ` (did you mean "${expected}"?)`
      assert.equal(hint(given, ['commit', 'send', 'cancel', 'read', 'report']), said)
    })
})
