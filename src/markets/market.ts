import type { Tick } from '../exchange/board.ts'
import type { Input } from '../exchange/step.ts'
import type { DailyBars } from '../gate/days.ts'
import type { MarketSession } from '../gate/facts.ts'
import type { Instrument } from '../orders/instrument.ts'
import type { Instant } from '../values/instant.ts'

export type MarketEvent = Extract<Input, { kind: 'Tick' | 'Session' }>

/** Where prices come from: seeded, replayed from recorded bars, or set by hand. It knows no account and no order. */
export type Market = {
  readonly instruments: ReadonlyMap<string, Instrument>
  session(symbol: string, at: Instant): MarketSession
  /** The first end of a session of `symbol` after `from` and not after `to`; null when there is none. */
  closeBetween(symbol: string, from: Instant, to: Instant): Instant | null
  /** How the days of a share were until `at`; null of what else is traded. */
  days(symbol: string, at: Instant): DailyBars | null
  /** Lets the market go on to `to`: every listener hears everything that happened since the last call, in order. */
  advance(to: Instant): void
  /** Hears first, and at once, what the market shows now; then what happens. Returns how to stop. */
  attach(listener: (event: MarketEvent) => void): () => void
}

/** What every market does alike: tells its listeners, and remembers the latest for those who come later. */
export function feed() {
  const listeners = new Set<(event: MarketEvent) => void>()
  const ticks = new Map<string, Tick>()
  const closed = new Map<string, Instant>()
  return {
    ticks: ticks as ReadonlyMap<string, Tick>,
    isClosed: (symbol: string): boolean => closed.has(symbol),
    tell: (event: MarketEvent): void => {
      if (event.kind === 'Tick') ticks.set(event.symbol, event)
      else if (event.open) closed.delete(event.symbol)
      else closed.set(event.symbol, event.at)
      for (const listener of listeners) listener(event)
    },
    attach: (listener: (event: MarketEvent) => void): (() => void) => {
      for (const [symbol, at] of closed) listener({ kind: 'Session', symbol, open: false, at })
      for (const tick of ticks.values()) listener({ ...tick, kind: 'Tick' })
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
