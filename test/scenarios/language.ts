/** What stands after `->`: a state, the codes of a refusal or denial, and figures. */
export type Expected = {
  readonly state: string
  readonly codes: readonly string[]
  readonly figures: ReadonlyMap<string, string>
}

/** One line of a scenario. */
export type Line = {
  /** From 1, as an editor counts. */
  readonly no: number
  readonly text: string
  /** True for a line that begins with `&`: it happens at the same moment as the line before it. */
  readonly together: boolean
  readonly verb: string
  readonly words: readonly string[]
  readonly named: ReadonlyMap<string, string>
  readonly expected: Expected | null
}

export type Scenario = {
  /** The first comment: what a trader should know about it. */
  readonly title: string
  readonly lines: readonly Line[]
}

/** A scenario that cannot be understood, or that did not come out as it says; `line` counts from 1. */
export class ScenarioError extends Error {
  readonly line: number
  constructor(line: number, message: string, options?: ErrorOptions) {
    super(`line ${line}: ${message}`, options)
    this.name = 'ScenarioError'
    this.line = line
  }
}

/** Reads a scenario. Which words a line may have is known to its command (commands.ts). @throws {ScenarioError} */
export function parseScenario(source: string): Scenario {
  const all = source.split('\n')
  const title = /^# (.+)$/.exec(all[0] ?? '')?.[1]
  if (!title) throw new ScenarioError(1, 'the first line must be a comment that says what the scenario shows')
  const lines = all.flatMap((text, i) => (/^\s*(#|$)/.test(text) ? [] : [parseLine(text, i + 1)]))
  if (lines.length === 0) throw new ScenarioError(1, 'the scenario has no lines')
  return { title, lines }
}

function parseLine(text: string, no: number): Line {
  const [before = '', after, ...more] = text.split(/\s->\s/)
  if (more.length > 0) throw new ScenarioError(no, 'only one -> per line')
  const together = before.trimStart().startsWith('&')
  const { words, named } = tokens(together ? before.replace('&', '') : before, no)
  const [verb, ...rest] = words
  if (!verb) throw new ScenarioError(no, 'a line begins with what happens')
  return { no, text: text.trim(), together, verb, words: rest, named, expected: after ? expectation(after, no) : null }
}

function expectation(text: string, no: number): Expected {
  const { words, named } = tokens(text, no)
  const [state, ...codes] = words
  if (!state) throw new ScenarioError(no, 'after -> comes a state')
  return { state, codes, figures: named }
}

const TOKEN = /\s*(?:([A-Za-z.]+)=)?(?:"([^"]*)"|([^\s"]+))/y

function tokens(text: string, no: number): { words: string[]; named: Map<string, string> } {
  const words: string[] = []
  const named = new Map<string, string>()
  const end = text.trimEnd().length
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end; ) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(text)
    if (!found) throw new ScenarioError(no, `cannot read ${JSON.stringify(text.slice(from).trim())}`)
    const [, name, quoted, plain] = found
    const value = quoted ?? plain ?? ''
    if (name === undefined) words.push(value)
    else if (named.has(name)) throw new ScenarioError(no, `${name}= stands twice`)
    else named.set(name, value)
  }
  return { words, named }
}

/** The words of one line, taken one by one; a word that nobody takes is an error, so that no typing mistake passes. */
export class Words {
  readonly line: Line
  readonly #words: string[]
  readonly #named: Map<string, string>

  constructor(line: Line) {
    this.line = line
    this.#words = [...line.words]
    this.#named = new Map(line.named)
  }

  /** The next word. @throws {ScenarioError} when there is none. */
  next(what: string): string {
    const word = this.#words.shift()
    if (word === undefined) this.fail(`${what} is missing`)
    return word
  }
  /** The next word, or undefined at the end. */
  maybe(): string | undefined {
    return this.#words.shift()
  }
  oneOf<T extends string>(what: string, allowed: readonly T[]): T {
    const word = this.next(what)
    const found = allowed.find((one) => one === word)
    if (!found) this.fail(`${what} is one of ${allowed.join(', ')}, not ${JSON.stringify(word)}`)
    return found
  }
  /** The value of `name=`, or undefined. */
  named(name: string): string | undefined {
    const value = this.#named.get(name)
    this.#named.delete(name)
    return value
  }
  need(name: string): string {
    return this.named(name) ?? this.fail(`${name}= is missing`)
  }
  /** `yes` or `no`. */
  flag(name: string): boolean | undefined {
    const value = this.named(name)
    if (value === undefined) return undefined
    if (value !== 'yes' && value !== 'no') this.fail(`${name}= is yes or no, not ${JSON.stringify(value)}`)
    return value === 'yes'
  }
  /** `250ms`, `5s`, `10m` or `1h`, in milliseconds. */
  span(text: string): number {
    const [, count = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? this.fail(`${text} is not a span such as 5s`)
    return Number(count) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h']
  }
  /** @throws {ScenarioError} when something is left. */
  done(): void {
    const left = [...this.#words, ...[...this.#named.keys()].map((name) => `${name}=`)]
    if (left.length > 0) this.fail(`${this.line.verb} does not know ${left.join(' ')}`)
  }
  fail(message: string): never {
    throw new ScenarioError(this.line.no, message)
  }
}
