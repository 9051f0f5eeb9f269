import type { Instrument } from '../orders/instrument.ts'
import type { DailyBar } from '../gate/days.ts'
import { dec, type Px, type Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { feed, type Market } from './market.ts'

/** What to show. `last` is the bid when left out; sizes are unlimited. */
export type Shown = {
  readonly bid: Px
  readonly ask: Px
  readonly last?: Px
  readonly bidQty?: Qty | null
  readonly askQty?: Qty | null
}

/** A market that shows what it is told, for tests and drills. */
export type HandMarket = Market & {
  set(symbol: string, shown: Shown, at: Instant): void
  open(symbol: string, at: Instant): void
  close(symbol: string, at: Instant): void
  /** How its days were, oldest first. */
  setDays(symbol: string, past: readonly DailyBar[], today: DailyBar | null): void
}

/** More than any drill orders. */
const MUCH = dec('1000000000')

/** Sessions are open until closed, and days as now until they are set. `advance` shows the same market again, at the later time. */
export function handMarket(instruments: ReadonlyMap<string, Instrument>): HandMarket {
  const out = feed()
  const closes: { readonly symbol: string; readonly at: Instant }[] = []
  const days = new Map<string, { readonly past: readonly DailyBar[]; readonly today: DailyBar | null }>()
  return {
    instruments,
    session: (symbol, at) => ({ open: instruments.has(symbol) && !out.isClosed(symbol), nextOpenAt: null, at }),
    days(symbol, at) {
      if (instruments.get(symbol)?.assetClass !== 'us_equity') return null
      const told = days.get(symbol)
      const price = out.ticks.get(symbol)?.last
      const same = price
        ? Array.from({ length: 20 }, () => ({ high: price, low: price, close: price, volume: MUCH }))
        : []
      return { ...(told ?? { past: same, today: null }), at }
    },
    closeBetween: (symbol, from, to) =>
      closes.find((c) => c.symbol === symbol && c.at > from && c.at <= to)?.at ?? null,
    advance: (to) => {
      for (const tick of out.ticks.values()) if (!out.isClosed(tick.symbol)) out.tell({ ...tick, kind: 'Tick', at: to })
    },
    attach: out.attach,
    set(symbol, { bid, ask, last = bid, bidQty = null, askQty = null }, at) {
      out.tell({ kind: 'Tick', symbol, bid, ask, last, bidQty, askQty, at })
    },
    setDays: (symbol, past, today) => void days.set(symbol, { past, today }),
    open: (symbol, at) => out.tell({ kind: 'Session', symbol, open: true, at }),
    close(symbol, at) {
      closes.push({ symbol, at })
      out.tell({ kind: 'Session', symbol, open: false, at })
    },
  }
}
