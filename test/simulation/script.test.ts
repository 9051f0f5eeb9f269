import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { VERBS as ACTED } from './acts.ts'
import type { Item, Plan, When } from './plan.ts'
import { planOf } from './planning.ts'
import { hint, LIMITS_NAMES, lineOf, misread, parseScript, POLICY_NAMES, printScript, ScriptError } from './script.ts'
import { LISTED } from './venue.ts'
import { OF_STEPS, PEOPLE, SYMBOLS, VERBS } from './words.ts'
import { CAST } from './world.ts'

const WORLD = 'world seed=4711 start=2026-11-23T15:00:00Z lasts=180.000 broker=brackets store=memory limits=wide'

const when = fc.oneof(
  fc.nat(2 ** 40).map((atMs) => ({ atMs })),
  fc
    .tuple(fc.constantFrom('commit', 'send', 'cancel', 'read', 'market', 'report'), fc.integer({ min: 1, max: 10_000 }))
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
/** Quoting is looked at with words that mean nothing. */
const anything = (): null => null
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
        limits: fc.constantFrom(...LIMITS_NAMES),
        policy: fc.constantFrom(...POLICY_NAMES),
      },
      { noNullPrototype: true },
    ),
    items: fc.array(item, { maxLength: 12 }),
  },
  { noNullPrototype: true },
)

describe('a script', () => {
  it('says a plan exactly', () => {
    fc.assert(fc.property(plan, (p) => assert.deepEqual(parseScript(printScript(p), anything), p)))
  })

  it('says it whatever is noted above, beside and between', () => {
    const noisy = (p: Plan, about: string[]) =>
      printScript(p, about)
        .split('\n')
        .map((line) => (line.startsWith('#') ? line : `  ${line}\t # why`))
        .join('\r\n#\r\n\r\n')
    // A comment is a line: what is said in it may be anything but a line break.
    const about = fc.array(text.map((it) => it.replace(/[\r\n]/g, ' ')))
    fc.assert(fc.property(plan, about, (p, says) => assert.deepEqual(parseScript(noisy(p, says), anything), p)))
  })

  it('reads in columns', () => {
    const source = [
      '# An order whose reply is lost.',
      WORLD,
      'at  2.000 signal      I1 BUY AAPL entry=190.10 stop=187.00',
      'at 12.500 approve     I1 by=ana after=2.000',
      'on send 3 lost-booked',
      'at 13.001 halt        by=rik',
      '',
    ].join('\n')
    assert.equal(printScript(parseScript(source), ['An order whose reply is lost.']), source)
  })

  it('says one line without columns', () => {
    const { items } = parseScript(`${WORLD}\nat   2.5   signal    I1 "a b"   stop=1\non send 3 lost-booked`, anything)
    assert.deepEqual(items.map(lineOf), ['at 2.500 signal I1 "a b" stop=1', 'on send 3 lost-booked'])
  })

  const wrong: [name: string, source: string, line: number, message: RegExp][] = [
    ['nothing', '# only a comment\n', 1, /is empty; it begins with "world seed=/],
    ['no world', 'at 1.000 halt', 1, /a script begins with "world seed=… start=… lasts=…/],
    [
      'a policy that nobody knows',
      `${WORLD} policy=three`,
      1,
      /policy= is first, two, large-two or armed, not "three"/,
    ],
    [
      'a setting too few',
      WORLD.replace(' limits=wide', ''),
      1,
      /world lacks limits= \(wide, tight, turnover, .* or symbols\)/,
    ],
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
    [
      'an unknown verb',
      `${WORLD}\nat 1.000 sginal I1 BUY AAPL`,
      2,
      /nobody knows what "sginal" is \(did you mean "signal"\?\); after "at" stands signal, order, .* or wrong-fill$/,
    ],
    [
      'an unknown word for a step',
      `${WORLD}\non cancel 2 lost-don`,
      2,
      /"lost-don" is \(did you mean "lost-done"\?\); after "on cancel 2" stands lost, lost-done, .*signal/,
    ],
    [
      'a word of a step by itself',
      `${WORLD}\nat 1.000 twice`,
      2,
      /twice stands after "on send 1" or "on report 1", not/,
    ],
    [
      'a word of another step',
      `${WORLD}\non read 1 taken`,
      2,
      /taken stands after "on cancel 1", not after "on read 1"/,
    ],
    [
      'a figure that is none',
      `${WORLD}\n\nat 1.000 approve I1 by=bo after=abc`,
      3,
      /after= is seconds such as 2\.5, not "abc"/,
    ],
    [
      'a time that lies back',
      `${WORLD}\nat 1.000 approve I1 by=bo after=-2`,
      2,
      /after= is seconds such as 2\.5, not "-2"/,
    ],
    [
      'a price that is none',
      `${WORLD}\nat 1.000 signal I1 BUY AAPL entry=1e3 stop=1`,
      2,
      /entry= is a price such as 190\.10, not "1e3"/,
    ],
    [
      'an unknown symbol',
      `${WORLD}\nat 1.000 gap APPL 2`,
      2,
      /after "gap" stands AAPL, MSFT or BTC\/USD, not "APPL" \(did you mean "AAPL"\?\)/,
    ],
    [
      'an unknown person',
      `${WORLD}\nat 1.000 halt by=rick`,
      2,
      /by= is ana, bo, rik, tom, ad, vi or jax, not "rick" \(did you mean "rik"\?\)/,
    ],
    [
      'an unknown word',
      `${WORLD}\nat 1.000 website by AAPL`,
      2,
      /after "website" stands buy, sell, .* or enlarge, not "by" \(did/,
    ],
    [
      'a word too few',
      `${WORLD}\nat 1.000 signal I1 BUY`,
      2,
      /after "signal I1 BUY" stands AAPL, MSFT or BTC\/USD, not nothing/,
    ],
    ['a word too many', `${WORLD}\nat 1.000 gap AAPL 2 now`, 2, /gap has nothing to do with "now"/],
    [
      'a name too few',
      `${WORLD}\nat 1.000 approve I1 after=2`,
      2,
      /approve lacks by= \(ana, bo, rik, tom, ad, vi or jax\)/,
    ],
    [
      'neither of two names',
      `${WORLD}\nat 1.000 clock`,
      2,
      /clock lacks step= \(seconds such as 7 or -0\.5\) or ppm= \(/,
    ],
    ['a name that one word needs', `${WORLD}\nat 1.000 website buy AAPL`, 2, /website buy lacks qty= \(a size such as/],
    ['a name too many', `${WORLD}\non send 1 late sm=5`, 2, /late has no sm= \(did you mean "ms"\?\); there is ms=/],
    ['a name where there are none', `${WORLD}\nat 1.000 reconcile by=rik`, 2, /reconcile has no by=; it takes none/],
    ['a name of JavaScript', `${WORLD}\nat 1.000 constructor`, 2, /nobody knows what "constructor" is; after "at"/],
    ['a name of JavaScript before =', `${WORLD}\nat 1.000 halt valueOf=1`, 2, /halt has no valueOf=; there is by=/],
    ['a strange escape', `${WORLD}\nat 1.000 halt "\\q"`, 2, /escape that JSON does not know/],
  ]
  for (const [name, source, line, message] of wrong)
    it(`says where it cannot be understood: ${name}`, () => {
      assert.throws(
        () => parseScript(source),
        (thrown) => thrown instanceof ScriptError && thrown.line === line && message.test(thrown.message),
      )
    })

  it('knows all that is done in a world, and who and what is there', () => {
    // That one is a word of steps, which the world obeys before anybody acts.
    assert.deepEqual(new Set(Object.keys(VERBS)), new Set(ACTED.filter((verb) => verb !== 'crash-before')))
    assert.ok(OF_STEPS.has('crash-before'))
    assert.deepEqual(PEOPLE, Object.keys(CAST))
    assert.deepEqual(SYMBOLS, [...LISTED.keys()])
  })

  it('understands every line that is ever planned', () => {
    for (let seed = 1; seed <= 400; seed++)
      for (const one of planOf(seed).items) assert.equal(misread(one), null, lineOf(one))
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
