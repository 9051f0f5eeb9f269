import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** The architecture, top floor first. Imports go down, never sideways. */
export const FLOORS = [
  ['main'],
  ['web'],
  ['api', 'worker'],
  ['desk', 'brokers', 'simulators', 'store', 'channels'],
  ['ports', 'markets'],
  ['gate', 'approvals', 'reconcile', 'exchange', 'journal'],
  ['orders'],
  ['values'],
]

/** Down, but not there: what lies between is reached through ports, and wired in main. */
const NOT: Readonly<Record<string, readonly string[]>> = {
  api: ['brokers', 'simulators', 'store', 'channels'], // the api never calls a broker
  worker: ['brokers', 'simulators', 'store', 'channels'],
}

/** The one file of the house that the browser may know, and only its types: they vanish in the bundle. */
const WIRE = 'src/api/wire.ts'

const PURE = new Set(['values', 'orders', 'gate', 'approvals', 'reconcile', 'exchange', 'journal'])

/** They live in simulated time as well: the simulation runs them as they are, so the world reaches them as arguments only. */
const SIMULATED = new Set(['desk', 'worker', 'ports'])

/** Its I/O is its purpose; its time and its turn on the event loop are arguments, for the simulation's sake. */
const TIMELESS = new Set(['store'])

/** Functions of their arguments, and so allowed where the rest of `node:` is not. */
const PURE_CRYPTO = new Set([
  'createHash',
  'hash',
  'sign',
  'verify',
  'createPublicKey',
  'createPrivateKey',
  'KeyObject',
])

/** Packages that compute and touch nothing. */
const PURE_PACKAGES = new Set(['canonicalize', 'zod', '@humanwhocodes/momoa'])

/** The world: clocks, chance, the process, the network, timers. */
const AMBIENT: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b/, 'Date.now'],
  [/\bnew Date\s*(\(\s*\)|(?![\s\w(]))/, 'new Date()'],
  [/(?<!new\s+)(?<![\w.$])Date\s*\(/, 'Date()'],
  [/\bTemporal\.Now\b/, 'Temporal.Now'],
  [/(?<![\w.$])performance\s*[.[]/, 'performance'],
  [/\bMath\s*\.\s*random\b/, 'Math.random'],
  [/\brandomUUID\b/, 'randomUUID'],
  [/\brandomBytes\b/, 'randomBytes'],
  [/\bgetRandomValues\b/, 'getRandomValues'],
  [/(?<![\w.$])process\s*[.[]/, 'process'],
  [/(?<![\w.$])globalThis\b/, 'globalThis'],
  [/(?<![\w.$])console\s*[.[]/, 'console'],
  [/(?<![\w.$])fetch\s*\(/, 'fetch'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'a timer'],
  [/(?<![\w.$])import\s*\(/, 'import()'],
]

/** Those of them that would make two runs of one seed differ. */
const CLOCKS_AND_CHANCE = new Set([
  'Date.now',
  'new Date()',
  'Date()',
  'Temporal.Now',
  'performance',
  'Math.random',
  'randomUUID',
  'randomBytes',
  'getRandomValues',
])

const ENV = /\bprocess\s*(\.\s*env\b|\[)|\benv\b[^=;]*=\s*process\b/
const ENV_IMPORT = /\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process['"]/

const TEST = /\.(test|contract)\.ts$/
const IMPORT =
  /\b(?:import|export)\b(?<clause>[^'"`;()]*?)\bfrom\s*['"](?<from>[^'"]+)['"]|\bimport\s*\(?\s*['"](?<bare>[^'"]+)['"]/g

const room = (path: string): string => path.split('/')[1] ?? ''
const floor = (name: string): number => FLOORS.findIndex((rooms) => rooms.includes(name))

/** Every way in which the sources under `root`/src break the drawing above; empty when they keep it. */
export function violations(root: string): string[] {
  const wrong: string[] = []
  const files = globSync('src/**/*.{ts,tsx,mts,js,mjs}', { cwd: root }).map((path) => path.replaceAll('\\', '/'))
  for (const file of files.sort()) {
    const from = room(file)
    const test = TEST.test(file)
    if (floor(from) < 0) {
      wrong.push(`${file}: ${from} is on no floor`)
      continue
    }
    const source = readFileSync(join(root, file), 'utf8')
    const code = withoutComments(source, 'keep strings')
    const bare = withoutComments(source, 'blank strings')
    const pure = !test && (PURE.has(from) || SIMULATED.has(from))
    const what = PURE.has(from) ? 'pure' : 'simulated'

    for (const { groups } of code.matchAll(IMPORT)) {
      const path = groups?.['from'] ?? groups?.['bare'] ?? ''
      const clause = groups?.['clause'] ?? ''
      const no = path.startsWith('.')
        ? refuseRoom(file, posix.join(posix.dirname(file), path), clause, test)
        : refusePackage(path, clause, pure, what)
      if (no !== undefined) wrong.push(`${file}: ${from} ${no}`)
    }
    for (const [pattern, name] of AMBIENT)
      if ((pure || (!test && TIMELESS.has(from) && CLOCKS_AND_CHANCE.has(name))) && pattern.test(bare))
        wrong.push(`${file}: ${from} is ${what}, and uses ${name}; take clock, ids and settings as arguments`)
    if (file !== 'src/main/config.ts' && !test && (ENV.test(bare) || ENV_IMPORT.test(code)))
      wrong.push(`${file}: process.env is read in src/main/config.ts only`)
  }
  return wrong
}

function refuseRoom(file: string, target: string, clause: string, test: boolean): string | undefined {
  const from = room(file)
  // Test code reaches the helpers in test/; the version number stands in package.json.
  if (!target.startsWith('src/'))
    return test || (from === 'main' && target === 'package.json') ? undefined : `may not import ${target}, outside src`
  const to = room(target)
  if (to === from) return undefined
  if (from === 'web') {
    if (target !== WIRE) return `may not import ${to}; the browser knows ${WIRE} only`
    return test || /^\s*type\b/.test(clause) ? undefined : `may import types only from ${WIRE}`
  }
  if (floor(to) < 0) return `may not import ${to}, which is on no floor`
  // A test may look sideways (an adapter at the simulator of its broker) and past ports, never up.
  if (test) return floor(to) < floor(from) ? `may not import ${to}, above it` : undefined
  return floor(to) <= floor(from) || NOT[from]?.includes(to) ? `may not import ${to}` : undefined
}

function refusePackage(path: string, clause: string, pure: boolean, what: string): string | undefined {
  if (/^(#|\/|file:|src\/)/.test(path)) return `imports ${path}; write the relative path, so that its floor can be seen`
  if (!pure || PURE_PACKAGES.has(path)) return undefined
  if (path !== 'node:crypto') return `is ${what} and may not import ${path}`
  const named = /^\s*(?:type\s*)?\{(?<names>[^}]*)\}\s*$/.exec(clause)?.groups?.['names']
  if (named === undefined) return `is ${what} and imports node:crypto whole; name the functions`
  const outside = named
    .split(',')
    .map(
      (name) =>
        name
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s/)[0] ?? '',
    )
    .filter((name) => name !== '' && !PURE_CRYPTO.has(name))
  return outside.length > 0 ? `is ${what} and may not import ${outside.join(', ')} from node:crypto` : undefined
}

/**
 * The code of a source text, comments turned into spaces, strings and regular expressions too when asked: a comment
 * may say `Date.now`. Not a parser: a slash starts a regular expression where an operand is due, which is right for
 * code formatted as ours is.
 */
export function withoutComments(source: string, strings: 'keep strings' | 'blank strings'): string {
  const blank = (text: string): string => (strings === 'keep strings' ? text : text.replace(/[^\n]/g, ' '))
  const out: string[] = []
  /** Brace depth at which each open `${` ends. */
  const templates: number[] = []
  let depth = 0
  let at = 0
  /** The last code that was not space: decides what a slash means. */
  let before = ''
  const take = (text: string, shown: string): void => {
    out.push(shown)
    at += text.length
  }
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  const template = (): void => {
    const text = match(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)?/y) ?? ''
    take(text, blank(text))
    if (text.endsWith('${')) templates.push(depth)
    else before = '`'
  }
  while (at < source.length) {
    const comment = match(/\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y)
    if (comment !== undefined) {
      take(comment, comment.replace(/[^\n]/g, ' '))
      continue
    }
    const string = match(/'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y)
    if (string !== undefined) {
      take(string, blank(string))
      before = "'"
      continue
    }
    const operand = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw|await|yield))$/.test(
      before,
    )
    const regex = operand ? match(/\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y) : undefined
    if (regex !== undefined) {
      take(regex, blank(regex))
      before = '/re/'
      continue
    }
    const char = source[at] ?? ''
    take(char, char)
    if (char === '`') {
      template()
      continue
    }
    if (char === '{') depth++
    if (char === '}') {
      if (templates.at(-1) === depth) {
        templates.pop()
        template()
        continue
      }
      depth--
    }
    if (!/\s/.test(char)) before = (before + char).slice(-10)
    else if (/\w$/.test(before)) before += ' '
    if (before.endsWith(' ') && /\w/.test(source[at] ?? '')) before = ''
    else before = before.trimEnd()
  }
  return out.join('')
}
