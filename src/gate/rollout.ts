import type { Stage } from '../orders/stage.ts'
import { isBefore } from '../orders/stage.ts'
import { type Instant, msBetween } from '../values/instant.ts'
import type { TriggerName } from './triggers.ts'
import { span } from './words.ts'

// What an account must have shown before it goes a stage further, and what takes it back by itself: data, and the pure
// counting over what the journal says of each day.

/** How many values fell below each bound, in ascending order; the last counts what is beyond them all. */
export type Spread = readonly number[]
/** In seconds of a person's time: how long people took to say yes. */
export const LATENCY_BOUNDS = [5, 15, 30, 60, 120, 300, 600, 1800] as const
/** In basis points: by how much a fill was worse than the price that people saw; below 0 it was better. */
export const SLIPPAGE_BOUNDS = [0, 5, 10, 25, 50, 100, 250] as const

/** What the journal says of one trading day in one era of an account: an era ends with each change of stage. */
export type DayCounts = {
  /** Counts the changes of stage so far. */
  readonly era: number
  /** `2026-11-24`, in New York. */
  readonly day: string
  /** The account was read in it, agreed with our book, and it was no Saturday or Sunday. */
  readonly session: boolean
  readonly starts: number
  /** Starts after a run that did not end by itself. */
  readonly crashes: number
  /** Entries sent to the broker, replacements not counted. */
  readonly orders: number
  /** Of which strategies. */
  readonly strategies: readonly string[]
  /** Comparisons with the broker that found nothing unexplained, as far as they were news. */
  readonly compared: number
  /** Differences that nothing explained for a while: a symbol was frozen. */
  readonly breaks: number
  readonly latency: Spread
  readonly slippage: Spread
}

export const emptyDay = (era: number, day: string): DayCounts => ({
  era,
  day,
  session: false,
  starts: 0,
  crashes: 0,
  orders: 0,
  strategies: [],
  compared: 0,
  breaks: 0,
  latency: [],
  slippage: [],
})

/** One more value in its place of the spread. */
export function spreadWith(spread: Spread, bounds: readonly number[], value: number): Spread {
  const place = bounds.findIndex((bound) => value <= bound)
  const at = place < 0 ? bounds.length : place
  return Array.from({ length: bounds.length + 1 }, (_, i) => (spread[i] ?? 0) + (i === at ? 1 : 0))
}
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
/** What several days counted, together. */
export const spreadsTogether = (spreads: readonly Spread[], bounds: readonly number[]): Spread =>
  Array.from({ length: bounds.length + 1 }, (_, i) => sum(spreads.map((spread) => spread[i] ?? 0)))
/** The bound below which such a share of all lies; null beyond the last one, or where there is none. */
export function quantile(spread: Spread, bounds: readonly number[], share: number): number | null {
  const wanted = sum(spread) * share
  let seen = 0
  for (const [i, count] of spread.entries()) {
    seen += count
    if (count > 0 && seen >= wanted) return bounds[i] ?? null
  }
  return null
}

export const DRILLS = ['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7'] as const

/** One thing that is asked for before an account leaves a stage. */
export type Need =
  | {
      readonly of: 'sessions' | 'sessions without a crash' | 'orders' | 'comparisons' | 'yeses' | 'fills'
      readonly least: number
    }
  | {
      readonly of: 'drills'
      readonly names: readonly string[]
      /** Of these a program's measure is asked for: that people say so is not enough. */
      readonly measured?: readonly string[]
    }
  | { readonly of: 'breaks' | 'cards' | 'build' | 'halts' | 'review' }

/** All controls are looked at as a whole once a year; a live account has a month more before it stops. */
export const REVIEW_MS = 365 * 24 * 3_600_000
export const OVERDUE_MS = 400 * 24 * 3_600_000

/** A drill is forgotten after a quarter. */
export const DRILL_VALID_MS = 92 * 24 * 3_600_000

/** What it takes to leave a stage, by the table of stages. Nobody leaves the last one. */
export const NEEDS: Readonly<Record<Stage, readonly Need[]>> = {
  S0: [
    { of: 'sessions without a crash', least: 5 },
    { of: 'comparisons', least: 1 },
    { of: 'breaks' },
    { of: 'halts' },
  ],
  S1: [
    { of: 'sessions', least: 20 },
    { of: 'orders', least: 100 },
    { of: 'breaks' },
    { of: 'drills', names: ['E1'], measured: ['E1'] },
    { of: 'yeses', least: 20 },
    { of: 'cards' },
    { of: 'build' },
    { of: 'halts' },
  ],
  S2: [
    { of: 'sessions', least: 20 },
    { of: 'breaks' },
    { of: 'drills', names: DRILLS },
    { of: 'fills', least: 1 },
    { of: 'cards' },
    { of: 'build' },
    { of: 'halts' },
  ],
  S3: [
    { of: 'sessions', least: 60 },
    { of: 'breaks' },
    { of: 'review' },
    { of: 'cards' },
    { of: 'build' },
    { of: 'halts' },
  ],
  S4: [],
}
/**
 * Of a live account that fell back below the first live stage: it cannot trade, and so cannot show anything. People review
 * what happened, and go one stage up by their word; further stages are earned again.
 */
const AFTER_REVIEW: readonly Need[] = [{ of: 'breaks' }, { of: 'cards' }, { of: 'build' }, { of: 'halts' }]

export const needsOf = (stage: Stage, environment: 'paper' | 'live'): readonly Need[] =>
  environment === 'live' && isBefore(stage, 'S2') ? AFTER_REVIEW : NEEDS[stage]

/** Everything that is looked at, as it stands in the book now. */
export type Shown = {
  /** Of the present era. */
  readonly days: readonly DayCounts[]
  readonly drills: readonly {
    readonly name: string
    readonly at: Instant
    readonly passed: boolean
    /** No program measured it: people say so. */
    readonly attested?: boolean
  }[]
  /** Strategies that sent an order and have no card. */
  readonly uncarded: readonly string[]
  /** Why the build that runs cannot vouch for itself; null when it can. */
  readonly buildFault: string | null
  /** What is halted or frozen now, in words. */
  readonly halted: readonly string[]
  /** When the controls were last reviewed as a whole; null never. */
  readonly reviewedAt: Instant | null
  readonly now: Instant
}

export type EvidenceLine = {
  readonly of: Need['of']
  readonly title: string
  /** What is asked for, and what there is, in words. */
  readonly need: string
  readonly have: string
  readonly met: boolean
}

/** Every need of the stage, with what there is; all are met before the account goes further. */
export function evidenceOf(stage: Stage, environment: 'paper' | 'live', shown: Shown): readonly EvidenceLine[] {
  return needsOf(stage, environment).map((need) => lineOf(need, shown))
}
export const isShown = (lines: readonly EvidenceLine[]): boolean => lines.every(({ met }) => met)

/** The days since the last crash, without the one it happened in. */
function sinceCrash(days: readonly DayCounts[]): readonly DayCounts[] {
  const sorted = [...days].sort((a, b) => (a.day < b.day ? -1 : 1))
  return sorted.slice(sorted.findLastIndex(({ crashes }) => crashes > 0) + 1)
}
const sessionsIn = (days: readonly DayCounts[]): number => days.filter(({ session }) => session).length

function lineOf(need: Need, shown: Shown): EvidenceLine {
  const { days } = shown
  const least = (title: string, have: number, words: string): EvidenceLine => {
    const wanted = 'least' in need ? need.least : 0
    return { of: need.of, title, need: `${wanted}`, have: words, met: have >= wanted }
  }
  switch (need.of) {
    case 'sessions':
      return least('trading days', sessionsIn(days), `${sessionsIn(days)}`)
    case 'sessions without a crash': {
      const clean = sessionsIn(sinceCrash(days))
      const crashes = sum(days.map((day) => day.crashes))
      return least(
        'trading days since the last crash',
        clean,
        crashes === 0 ? `${clean}` : `${clean}, after ${crashes === 1 ? 'a crash' : `${crashes} crashes`}`,
      )
    }
    case 'orders': {
      const orders = sum(days.map((day) => day.orders))
      return least('orders sent', orders, `${orders}`)
    }
    case 'comparisons': {
      const compared = sum(days.map((day) => day.compared))
      return least('comparisons with the broker that agreed', compared, `${compared}`)
    }
    case 'yeses': {
      const spread = spreadsTogether(
        days.map((day) => day.latency),
        LATENCY_BOUNDS,
      )
      return least('yeses whose time was measured', sum(spread), latencyWords(spread))
    }
    case 'fills': {
      const spread = spreadsTogether(
        days.map((day) => day.slippage),
        SLIPPAGE_BOUNDS,
      )
      return least('fills whose slippage was measured', sum(spread), slippageWords(spread))
    }
    case 'breaks': {
      const breaks = sum(days.map((day) => day.breaks))
      return {
        of: need.of,
        title: 'unexplained differences from the broker',
        need: 'none',
        have: `${breaks === 0 ? 'none' : breaks}`,
        met: breaks === 0,
      }
    }
    case 'drills': {
      const { names, measured = [] } = need
      const missing = names.filter((name) => !isDrilled(name, shown, measured.includes(name)))
      const told = names.filter((name) => !missing.includes(name) && lastDrill(name, shown)?.attested === true)
      return {
        of: need.of,
        title: 'drills passed within a quarter',
        need: names.map((name) => (measured.includes(name) ? `${name} measured` : name)).join(' '),
        have: `${missing.length === 0 ? 'all' : `missing ${missing.join(' ')}`}${told.length === 0 ? '' : `; people say so of ${told.join(' ')}`}`,
        met: missing.length === 0,
      }
    }
    case 'cards':
      return {
        of: need.of,
        title: 'a card for each strategy that trades',
        need: 'all',
        have: shown.uncarded.length === 0 ? 'all' : `missing ${shown.uncarded.join(', ')}`,
        met: shown.uncarded.length === 0,
      }
    case 'build':
      return {
        of: need.of,
        title: 'a build that is known',
        need: 'known',
        have: shown.buildFault ?? 'known',
        met: shown.buildFault === null,
      }
    case 'halts':
      return {
        of: need.of,
        title: 'nothing halted or frozen',
        need: 'nothing',
        have: shown.halted.length === 0 ? 'nothing' : shown.halted.join(', '),
        met: shown.halted.length === 0,
      }
    case 'review': {
      const { reviewedAt, now } = shown
      const ago = reviewedAt === null ? null : msBetween(reviewedAt, now)
      return {
        of: need.of,
        title: 'a review of all controls within a year',
        need: 'one',
        have: ago === null ? 'none' : `${span(ago)} ago`,
        met: ago !== null && ago <= REVIEW_MS,
      }
    }
  }
}

/** Only the latest of a name counts: one that failed since it passed has to pass again. */
function isDrilled(name: string, shown: Shown, measured: boolean): boolean {
  // That people say it went well takes the place of nothing that was measured; that it went wrong does.
  const counts = shown.drills.filter(({ passed, attested }) => !measured || !passed || attested !== true)
  const last = lastDrill(name, { drills: counts })
  return last !== undefined && last.passed && msBetween(last.at, shown.now) <= DRILL_VALID_MS
}
const lastDrill = (name: string, { drills }: Pick<Shown, 'drills'>): Shown['drills'][number] | undefined =>
  drills.filter((one) => one.name === name).sort((a, b) => b.at - a.at)[0]

function latencyWords(spread: Spread): string {
  const count = sum(spread)
  if (count === 0) return '0'
  const within = (share: number): string => {
    const bound = quantile(spread, LATENCY_BOUNDS, share)
    return bound === null ? `more than ${span(1_800_000)}` : `${span(bound * 1000)}`
  }
  return `${count}; half within ${within(0.5)}, 95 % within ${within(0.95)}`
}
function slippageWords(spread: Spread): string {
  const count = sum(spread)
  if (count === 0) return '0'
  const within = (share: number): string => {
    const bound = quantile(spread, SLIPPAGE_BOUNDS, share)
    return bound === null ? 'more than 250 bps' : `${bound} bps`
  }
  return `${count}; half within ${within(0.5)}, 95 % within ${within(0.95)}`
}

/** What takes an account back by itself: one stage, or to paper until people have reviewed it. */
export const DEMOTES: { readonly [N in TriggerName]?: 'one stage' | 'to paper' } = {
  dayLoss: 'to paper',
  drawdown: 'to paper',
  booksDiffer: 'one stage',
  doubtThatLasts: 'one stage',
  clockWrong: 'one stage',
  unsealed: 'one stage',
}

/** Why a build cannot vouch for itself; null when it can. @param build as the gateway calls itself at its start. */
export function buildFault(build: string | null): string | null {
  return build === null || build === '' ? 'The build that runs has no name.' : null
}
