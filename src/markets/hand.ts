import type { Instrument } from '../orders/instrument.ts'
import { type Px, type Qty } from '../values/decimal.ts'
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
}

/** Sessions are open until closed. `advance` shows the same market again, at the later time. */
export function handMarket(instruments: ReadonlyMap<string, Instrument>): HandMarket {
  const out = feed()
  const closes: { readonly symbol: string; readonly at: Instant }[] = []
  return {
    instruments,
    session: (symbol, at) => ({ open: instruments.has(symbol) && !out.isClosed(symbol), nextOpenAt: null, at }),
    closeBetween: (symbol, from, to) =>
      closes.find((c) => c.symbol === symbol && c.at > from && c.at <= to)?.at ?? null,
    advance: (to) => {
      for (const tick of out.ticks.values()) if (!out.isClosed(tick.symbol)) out.tell({ ...tick, kind: 'Tick', at: to })
    },
    attach: out.attach,
    set(symbol, { bid, ask, last = bid, bidQty = null, askQty = null }, at) {
      out.tell({ kind: 'Tick', symbol, bid, ask, last, bidQty, askQty, at })
    },
    open: (symbol, at) => out.tell({ kind: 'Session', symbol, open: true, at }),
    close(symbol, at) {
      closes.push({ symbol, at })
      out.tell({ kind: 'Session', symbol, open: false, at })
    },
  }
}
