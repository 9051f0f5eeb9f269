import { UNREACHED } from './coverage.ts'
import type { Outcome } from './scene.ts'

/** What many worlds came to, added up. */
export type Summary = {
  readonly seeds: number
  readonly events: number
  readonly spanMs: number
  readonly orders: number
  readonly fills: number
  readonly crashes: number
  /** Kind of fault → how often it was injected. */
  readonly faults: Counts
  /** Transition → the fault that led to it, or `ordinary` → times. */
  readonly transitions: Readonly<Record<string, Counts>>
  readonly failures: readonly Failed[]
}
export type Failed = { readonly seed: number; readonly oracle: string; readonly text: string; readonly atMs: number }
type Counts = Readonly<Record<string, number>>

export const NO_WORLDS: Summary = {
  seeds: 0,
  events: 0,
  spanMs: 0,
  orders: 0,
  fills: 0,
  crashes: 0,
  faults: {},
  transitions: {},
  failures: [],
}

/** The sum with one more world in it. */
export function plusWorld(sum: Summary, seed: number, outcome: Outcome): Summary {
  const transitions = { ...sum.transitions }
  for (const [name, by] of Object.entries(outcome.transitions))
    transitions[name] = plusCounts(transitions[name] ?? {}, by)
  return {
    seeds: sum.seeds + 1,
    events: sum.events + outcome.events,
    spanMs: sum.spanMs + outcome.spanMs,
    orders: sum.orders + outcome.orders,
    fills: sum.fills + outcome.fills,
    crashes: sum.crashes + outcome.crashes,
    faults: plusCounts(sum.faults, outcome.faults),
    transitions,
    failures: outcome.failure === null ? sum.failures : [...sum.failures, failedOf(seed, outcome.failure)],
  }
}

/** A violation names its oracle again at the start of its text, which would be said twice. */
export function failedOf(seed: number, { oracle, text, atMs }: NonNullable<Outcome['failure']>): Failed {
  return { seed, oracle, text: text.startsWith(`${oracle}: `) ? text.slice(oracle.length + 2) : text, atMs }
}

function plusCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a }
  for (const [name, times] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + times
  return sum
}

const total = (counts: Counts): number => Object.values(counts).reduce((sum, times) => sum + times, 0)
const byTimes = (counts: Counts): [name: string, times: number][] =>
  Object.entries(counts)
    .filter(([, times]) => times > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))

/** Those of `all` that no world went through. */
export const unreached = ({ transitions }: Summary, all: readonly string[]): string[] =>
  all.filter((name) => total(transitions[name] ?? {}) === 0)

/** For a terminal. @param all every transition that there is. */
export function tell(sum: Summary, wallMs: number, all: readonly string[]): string[] {
  const faults = byTimes(sum.faults)
  const wide = Math.max(...faults.map(([name]) => name.length), 0)
  const timesWide = Math.max(...faults.map(([, times]) => grouped(times).length), 0)
  const missing = unreached(sum, all)
  return [
    `${grouped(sum.seeds)} worlds, ${grouped(sum.events)} events, ${span(sum.spanMs)} of simulated time in ${span(wallMs)} (${rate(sum.seeds, wallMs)} worlds/s)`,
    `${grouped(sum.orders)} orders, ${grouped(sum.fills)} fills, ${grouped(sum.crashes)} crashes`,
    '',
    `faults injected: ${grouped(total(sum.faults))}`,
    ...faults.map(([name, times]) => `  ${name.padEnd(wide)}  ${grouped(times).padStart(timesWide)}`),
    '',
    `transitions reached: ${all.length - missing.length} of ${all.length}`,
    ...missing.map((name) => `  not reached: ${name}${name in UNREACHED ? ` (${UNREACHED[name]})` : ''}`),
  ]
}

/** The figures of a long run, for a page. */
export function figuresPage(sum: Summary, wallMs: number, all: readonly string[]): string {
  const missing = unreached(sum, all)
  return table(
    ['figure', 'of this run'],
    [
      ['worlds', grouped(sum.seeds)],
      ['promises broken', grouped(sum.failures.length)],
      ['events', grouped(sum.events)],
      ['simulated time', span(sum.spanMs)],
      ['real time', `${span(wallMs)}, ${rate(sum.seeds, wallMs)} worlds/s`],
      ['orders', grouped(sum.orders)],
      ['fills', grouped(sum.fills)],
      ['crashes', grouped(sum.crashes)],
      ['transitions reached', `${all.length - missing.length} of ${all.length}`],
      ['faults injected', grouped(total(sum.faults))],
      ...byTimes(sum.faults).map(([name, times]) => [`– ${name}`, grouped(times)]),
    ],
    ['left', 'right'],
  )
}

/** Which fault led to a transition that no ordinary day has; the four that did so most often. */
const FAULTS_SHOWN = 4

/** Every transition, how often it was gone through and what led there, for a page. */
export function transitionsPage({ transitions }: Summary, all: readonly string[]): string {
  return table(
    ['transition', 'times', 'by'],
    all.map((name) => {
      const by = byTimes(transitions[name] ?? {})
      const more = by.length > FAULTS_SHOWN ? `, ${by.length - FAULTS_SHOWN} more` : ''
      const shown = by.slice(0, FAULTS_SHOWN).map(([fault, times]) => `${fault} ${grouped(times)}`)
      return [
        `\`${name}\``,
        grouped(total(transitions[name] ?? {})),
        by.length === 0 ? (UNREACHED[name] ?? '**never**') : shown.join(', ') + more,
      ]
    }),
    ['left', 'right', 'left'],
  )
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  sides: readonly ('left' | 'right')[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(sides.map((side) => (side === 'left' ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

/**
 * A page with what stands between `<!-- name -->` and `<!-- /name -->` written anew.
 * @throws {RangeError} when the page has no such place.
 */
export function filled(page: string, name: string, text: string): string {
  const place = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`)
  if (!place.test(page)) throw new RangeError(`the page has no place <!-- ${name} -->…<!-- /${name} -->`)
  return page.replace(place, (_, open: string, close: string) => `${open}\n${text}\n${close}`)
}

/** 1234567 → `1,234,567`. */
export const grouped = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',')

const rate = (worlds: number, wallMs: number): string => (wallMs > 0 ? ((worlds * 1_000) / wallMs).toFixed(1) : '–')

/** `850 ms`, `12.3 s`, `4 min 5 s`, `3 h 20 min`, `12 d 7 h`: two units at most. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.round(seconds / 60)
  const hours = Math.round(seconds / 3_600)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${grouped(Math.floor(hours / 24))} d ${hours % 24} h`
}
