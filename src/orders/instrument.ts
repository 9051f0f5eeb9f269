import type { Amt, Px, Qty } from '../values/decimal.ts'
import { lt } from '../values/decimal.ts'

export const ASSET_CLASSES = ['us_equity', 'fx', 'crypto'] as const
export type AssetClass = (typeof ASSET_CLASSES)[number]

/** One band of a tick table: `tick` holds for prices at or above `from`. */
export type TickBand = { readonly from: Px; readonly tick: Px }

/** The broker's rules for one symbol. Without them there is no order: no tick or lot is ever assumed. */
export type Instrument = {
  readonly symbol: string
  readonly name: string
  readonly assetClass: AssetClass
  /** Currency the price is quoted in. */
  readonly currency: string
  /** Ascending by `from`, never empty. */
  readonly ticks: readonly TickBand[]
  /** Sizes are whole multiples of this. */
  readonly lot: Qty
  readonly minQty: Qty
  readonly maxQty: Qty | null
  /** The least an order must be worth, in `currency`. Absent: nothing is asked. */
  readonly minNotional?: Amt
  readonly tradable: boolean
  /** Where it is listed, in the broker's word: `NASDAQ`, `OTC`. Absent: not told. */
  readonly venue?: string
  readonly shortable: boolean
}

/** The tick that holds at `price`: chosen by the order's own price, not by where the market is. Null below every band. */
export function tickAt(instrument: Instrument, price: Px): Px | null {
  let tick: Px | null = null
  for (const band of instrument.ticks) if (!lt(price, band.from)) tick = band.tick
  return tick
}
