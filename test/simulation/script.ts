import { parseInstant } from '../../src/values/instant.ts'
import type { BrokerName, Item, LimitsName, Plan, Point, PolicyName, When, WorldSetting } from './plan.ts'
import { type Kind, OF_STEPS, STEPS, type Verb, VERBS } from './words.ts'

/** A script that cannot be understood; `line` counts from 1, as an editor does. */
export class ScriptError extends Error {
  readonly line: number
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.name = 'ScriptError'
    this.line = line
  }
}

/** Every name of a kind: one that is new does not compile until it stands here too. */
const every = <T extends string>(names: Readonly<Record<T, true>>): readonly T[] => Object.keys(names) as T[]
const POINTS = Object.keys(STEPS) as Point[]
const BROKERS = every<BrokerName>({ bare: true, brackets: true, pairs: true, 'sleeping-legs': true, coins: true })
const STORES = every<WorldSetting['store']>({ memory: true, file: true })
export const LIMITS_NAMES = every<LimitsName>({
  wide: true,
  tight: true,
  turnover: true,
  positions: true,
  losses: true,
  repeats: true,
  soft: true,
  symbols: true,
})
export const POLICY_NAMES = every<PolicyName>({ first: true, two: true, 'large-two': true, armed: true })

/** `seed=4711` of the first line: how each is printed, and how it is read back (null: not one of these). */
const SETTING: { readonly [K in Setting]: Spelling<SettingOf[K]> } = {
  seed: { print: (n) => String(whole(n, 'seed')), parse: wholeNumber, what: 'a whole number' },
  start: {
    print: String,
    parse: (text) => (parseInstant(text) === null ? null : text),
    what: 'a moment such as 2026-11-23T15:00:00Z',
  },
  lasts: { print: seconds, parse: milliseconds, what: 'seconds such as 180.000' },
  broker: { print: String, parse: (text) => BROKERS.find((it) => it === text) ?? null, what: oneOf(BROKERS) },
  store: { print: String, parse: (text) => STORES.find((it) => it === text) ?? null, what: oneOf(STORES) },
  limits: {
    print: String,
    parse: (text) => LIMITS_NAMES.find((it) => it === text) ?? null,
    what: oneOf(LIMITS_NAMES),
  },
  policy: {
    print: String,
    parse: (text) => POLICY_NAMES.find((it) => it === text) ?? null,
    what: oneOf(POLICY_NAMES),
    unsaid: 'first',
  },
}
type SettingOf = Omit<WorldSetting, 'lastsMs'> & { readonly lasts: WorldSetting['lastsMs'] }
type Setting = keyof SettingOf
type Spelling<T> = {
  readonly print: (value: T) => string
  readonly parse: (text: string) => T | null
  readonly what: string
  /** What it is when it does not stand there. */
  readonly unsaid?: T
}

const NAME = /^[A-Za-z][\w.-]*$/
/** Without quotes stands what is seen whole and cannot be taken for a comment, a name or a quote. */
const PLAIN = /^(?!#)[^\s"=\\\p{C}]+$/u
const TOKEN = /\s*(?:([A-Za-z][\w.-]*)=)?("(?:[^"\\]|\\.)*"|[^\s"=]+)(?=\s|$)/y

/**
 * A plan as a text that people read and `parseScript` reads back exactly.
 * @param about what it shows, a line each; becomes the comment at its top.
 * @throws {RangeError} when a time is not a whole number of milliseconds, or a name not a word.
 */
export function printScript(plan: Plan, about: readonly string[] = []): string {
  const { lastsMs, ...world } = plan.world
  const lines = plan.items.map(partsOf)
  const secondsWide = widest(plan.items.map(({ when }) => ('atMs' in when ? seconds(when.atMs) : '')))
  const whens = lines.map(([word, when]) => (word === 'at' ? `at ${when.padStart(secondsWide)}` : `${word} ${when}`))
  const [whenWide, verbWide] = [widest(whens), widest(lines.map(([, , verb]) => verb))]
  return [
    ...about.map((line) => `# ${line}`.trimEnd()),
    `world ${printSettings({ ...world, lasts: lastsMs })}`,
    ...lines.map(([, , verb, rest], i) => `${whens[i]?.padEnd(whenWide)} ${verb.padEnd(verbWide)} ${rest}`.trimEnd()),
    '',
  ].join('\n')
}

/** One line of a script, without columns. */
export const lineOf = (item: Item): string => partsOf(item).join(' ').trimEnd()

/** `at`, `12.500`, `signal`, `I1 BUY AAPL entry=190.10`. */
function partsOf({ when, verb, words, named }: Item): [word: string, when: string, verb: string, rest: string] {
  const rest = [...words.map(word), ...Object.entries(named).map(([name, value]) => `${nameOf(name)}=${word(value)}`)]
  const [first, second] = 'on' in when ? ['on', `${when.on} ${whole(when.n, 'n')}`] : ['at', seconds(when.atMs)]
  return [first, second, word(verb), rest.join(' ')]
}

const widest = (texts: readonly string[]): number => texts.reduce((wide, text) => Math.max(wide, text.length), 0)

function printSettings(world: SettingOf): string {
  const print = <K extends Setting>(name: K): string => `${name}=${word(SETTING[name].print(world[name]))}`
  return (Object.keys(SETTING) as Setting[])
    .filter((name) => world[name] !== SETTING[name].unsaid)
    .map((name) => print(name))
    .join(' ')
}

/**
 * Reads a script.
 * @param whyNot what is wrong with a line that is well formed; null: nothing. Words and names are those of words.ts.
 * @throws {ScriptError} naming the line, what is wrong with it and what may stand there.
 */
export function parseScript(text: string, whyNot: (item: Item) => string | null = misread): Plan {
  const lines = text.split(/\r?\n/).flatMap((source, i) => {
    const line = tokens(source, i + 1)
    return line.words.length === 0 && line.named.size === 0 ? [] : [line]
  })
  const [first, ...rest] = lines
  if (first === undefined) throw new ScriptError(1, 'the script is empty; it begins with "world seed=…"')
  const items = rest.map((line) => {
    const item = parseItem(line)
    const wrong = whyNot(item)
    if (wrong !== null) throw new ScriptError(line.no, wrong)
    return item
  })
  return { world: parseWorld(first), items }
}

/** Why nobody could do what a line says: an unknown word, a name too few or too many, a figure that is none. */
export function misread({ when, verb, words, named }: Item): string | null {
  const place = 'on' in when ? `on ${when.on} ${when.n}` : 'at'
  const steps = 'on' in when ? STEPS[when.on] : {}
  // What belongs to the steps themselves is never begun by itself: `slow` after a send is the reply, and not the line.
  const free = Object.keys(VERBS).filter((name) => !('on' in when) || !OF_STEPS.has(name))
  const known = [...Object.keys(steps), ...free]
  const takes = Object.hasOwn(steps, verb) ? steps[verb] : free.includes(verb) ? VERBS[verb] : undefined
  if (!takes)
    return OF_STEPS.has(verb)
      ? `${verb} stands after ${oneOf(pointsOf(verb).map((point) => `"on ${point} 1"`))}, not after "${place}"`
      : `nobody knows what ${quote(verb)} is${hint(verb, known)}; after "${place}" stands ${oneOf(known)}`
  return wrongWords(verb, words, takes.words ?? [], takes.more ?? []) ?? wrongNames(verb, named, words[0] ?? '', takes)
}
const pointsOf = (verb: string): readonly Point[] => POINTS.filter((point) => verb in STEPS[point])

function wrongWords(
  verb: string,
  words: readonly string[],
  needed: readonly Kind[],
  more: readonly Kind[],
): string | null {
  const kinds = [...needed, ...more]
  for (const [i, kind] of kinds.entries()) {
    const given = words[i]
    if (given === undefined && i >= needed.length) break
    if (given === undefined || !fits(given, kind))
      return `after "${[verb, ...words.slice(0, i)].join(' ')}" stands ${whatIs(kind)}, not ${quote(given)}${near(given, kind)}`
  }
  const left = words[kinds.length]
  return left === undefined ? null : `${verb} has nothing to do with ${quote(left)}`
}

function wrongNames(
  verb: string,
  named: Item['named'],
  first: string,
  { needs = {}, takes = {}, either, needsFor = {} }: Verb,
): string | null {
  const kinds = { ...needs, ...takes }
  const all = Object.keys(kinds)
  for (const [name, given] of Object.entries(named)) {
    const kind = all.includes(name) ? kinds[name] : undefined
    if (!kind) {
      const there = all.length === 0 ? 'it takes none' : `there is ${oneOf(all.map((one) => `${one}=`))}`
      return `${verb} has no ${name}=${hint(name, all)}; ${there}`
    }
    if (!fits(given, kind)) return `${name}= is ${whatIs(kind)}, not ${quote(given)}${near(given, kind)}`
  }
  for (const name of [...Object.keys(needs), ...(needsFor[first] ?? [])])
    if (!(name in named)) return `${[verb, ...(name in needs ? [] : [first])].join(' ')} lacks ${lacks(name, kinds)}`
  if (either && !either.some((name) => name in named))
    return `${verb} lacks ${oneOf(either.map((name) => lacks(name, kinds)))}`
  return null
}
const lacks = (name: string, kinds: Readonly<Record<string, Kind>>): string => `${name}= (${whatIs(kinds[name] ?? [])})`

const fits = (text: string, kind: Kind): boolean => ('looks' in kind ? kind.looks.test(text) : kind.includes(text))
const whatIs = (kind: Kind): string => ('looks' in kind ? kind.what : oneOf(kind))
const near = (text: string | undefined, kind: Kind): string => ('looks' in kind ? '' : hint(text ?? '', kind))

function parseWorld({ no, words, named }: Line): WorldSetting {
  const names = Object.keys(SETTING) as Setting[]
  if (words[0] !== 'world')
    throw new ScriptError(no, `a script begins with "world ${names.map((name) => `${name}=…`).join(' ')}"`)
  if (words.length > 1) throw new ScriptError(no, `world takes no ${quote(words[1])}, only ${oneOf(names)} with =`)
  for (const name of named.keys())
    if (!(names as string[]).includes(name))
      throw new ScriptError(no, `world has no ${name}=${hint(name, names)}; there are ${oneOf(names)}`)
  const read = <K extends Setting>(name: K): SettingOf[K] => {
    const { parse, what, unsaid } = SETTING[name]
    const given = named.get(name)
    if (given === undefined && unsaid !== undefined) return unsaid
    if (given === undefined) throw new ScriptError(no, `world lacks ${name}= (${what})`)
    const value = parse(given)
    if (value === null) throw new ScriptError(no, `${name}= is ${what}, not ${quote(given)}`)
    return value
  }
  return {
    seed: read('seed'),
    start: read('start'),
    lastsMs: read('lasts'),
    broker: read('broker'),
    store: read('store'),
    limits: read('limits'),
    policy: read('policy'),
  }
}

function parseItem({ no, words, named }: Line): Item {
  const { when, used } = parseWhen(words, no)
  const [verb, ...rest] = words.slice(used)
  if (verb === undefined) throw new ScriptError(no, `after "${words.join(' ')}" stands what happens`)
  return { when, verb, words: rest, named: Object.fromEntries(named) }
}

function parseWhen([first, second, third]: readonly string[], no: number): { when: When; used: number } {
  if (first === 'at') {
    const atMs = milliseconds(second ?? '')
    if (atMs === null) throw new ScriptError(no, `after "at" stand seconds such as 12.500, not ${quote(second)}`)
    return { when: { atMs }, used: 2 }
  }
  if (first === 'on') {
    const on = POINTS.find((point) => point === second)
    if (on === undefined)
      throw new ScriptError(no, `after "on" stands ${oneOf(POINTS)}, not ${quote(second)}${hint(second ?? '', POINTS)}`)
    const n = wholeNumber(third ?? '')
    if (n === null || n === 0) throw new ScriptError(no, `after "on ${on}" stands a count from 1, not ${quote(third)}`)
    return { when: { on, n }, used: 3 }
  }
  if (first === 'world') throw new ScriptError(no, 'only the first line begins with "world"')
  throw new ScriptError(no, `a line begins with "at" or "on", not ${quote(first)}`)
}

type Line = { readonly no: number; readonly words: string[]; readonly named: Map<string, string> }

function tokens(source: string, no: number): Line {
  const line: Line = { no, words: [], named: new Map() }
  const end = source.trimEnd().length
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    const left = source.slice(at).trim()
    if (left.startsWith('#')) break
    TOKEN.lastIndex = at
    const [, name, value = ''] = TOKEN.exec(source) ?? []
    if (TOKEN.lastIndex === 0)
      throw new ScriptError(no, `cannot read ${left} (a word with spaces, = or quotes stands in quotes)`)
    const text = value.startsWith('"') ? unquote(value, no) : value
    if (name === undefined) line.words.push(text)
    else if (line.named.has(name)) throw new ScriptError(no, `${name}= stands twice`)
    else line.named.set(name, text)
  }
  return line
}

function unquote(value: string, no: number): string {
  try {
    return JSON.parse(value) as string
  } catch {
    throw new ScriptError(no, `${value} has an escape that JSON does not know; it knows \\" \\\\ \\n \\t \\u0041`)
  }
}

const word = (text: string): string => (PLAIN.test(text) ? text : JSON.stringify(text))
const quote = (text: string | undefined): string => (text === undefined ? 'nothing' : JSON.stringify(text))

function nameOf(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`${JSON.stringify(name)} cannot stand before =`)
  return name
}

function whole(n: number, what: string): number {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${what} is ${n}, not a whole number`)
  return n
}

/** 12500 → `12.500`. */
function seconds(ms: number): string {
  const digits = String(whole(ms, 'a time in milliseconds')).padStart(4, '0')
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`
}

function wholeNumber(text: string): number | null {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null
}

/** `12.5` → 12500; null when it is not seconds with at most three decimals. */
function milliseconds(text: string): number | null {
  const [, before = '', after = ''] = /^(\d+)(?:\.(\d{1,3}))?$/.exec(text) ?? []
  return before === '' ? null : wholeNumber(before + after.padEnd(3, '0'))
}

/** `a, b or c`. */
export function oneOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** ` (did you mean "send"?)` when one of `names` is near, otherwise nothing. */
export function hint(given: string, names: readonly string[]): string {
  const best = names
    .map((name) => ({ name, far: edits(given, name) }))
    .reduce<{ name: string; far: number } | null>((near, it) => (near === null || it.far < near.far ? it : near), null)
  // Beyond a third of its letters a name is another word and not a slip of the finger.
  return best === null || best.far > Math.max(1, best.name.length / 3) ? '' : ` (did you mean "${best.name}"?)`
}

/** How many letters must be added, dropped, changed or swapped with their neighbour to make `b` of `a`. */
function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const [above, two] = [rows[i - 1] ?? [], rows[i - 2] ?? []]
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (two[j - 2] ?? Infinity) + 1 : Infinity
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, changed, swapped))
    }
    rows.push(row)
  }
  return rows.at(-1)?.at(-1) ?? 0
}
