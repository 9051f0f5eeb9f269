import type { AssetClass, Instrument } from '../orders/instrument.ts'
import { px, qty } from '../values/decimal.ts'
import { LIES } from './lies.ts'

/** What is traded, and how its market behaves. Prices are counted in ticks, so that they stay exact. */
export type Listing = {
  readonly instrument: Instrument
  /** Digits after the point of the tick that the market moves by. */
  readonly scale: number
  /** Where the walk is at home, in ticks. */
  readonly homeTicks: number
  /** Standard deviation of a day's change, in basis points. */
  readonly dayBps: number
  readonly spreadTicksMax: number
  /** What is offered on each side, in lots: least and most. */
  readonly lots: readonly [min: number, max: number]
}

/** The rules of an asset class; every symbol of the class shares them. */
function instrument(symbol: string, name: string, assetClass: AssetClass): Instrument {
  const common = {
    symbol,
    name,
    assetClass,
    currency: 'USD',
    maxQty: null,
    tradable: true,
    shortable: assetClass !== 'crypto',
  }
  switch (assetClass) {
    case 'us_equity':
      // Prices below one dollar may move by a hundredth of a cent (Regulation NMS, rule 612).
      return {
        ...common,
        ticks: [
          { from: px('0.0001'), tick: px('0.0001') },
          { from: px('1.00'), tick: px('0.01') },
        ],
        lot: qty('1'),
        minQty: qty('1'),
      }
    case 'fx': {
      const yen = symbol.endsWith('/JPY')
      const tick = px(yen ? '0.001' : '0.00001')
      return { ...common, currency: symbol.slice(4), ticks: [{ from: tick, tick }], lot: qty('1'), minQty: qty('1') }
    }
    case 'crypto':
      return { ...common, ticks: [{ from: px('0.01'), tick: px('0.01') }], lot: qty('0.0001'), minQty: qty('0.0001') }
  }
}

/** The instrument of an equity that is in no list, for replayed bars. */
export const equity = (symbol: string): Instrument => instrument(symbol, symbol, 'us_equity')

type Row = readonly [
  symbol: string,
  name: string,
  assetClass: AssetClass,
  scale: number,
  homeTicks: number,
  dayBps: number,
  spreadTicksMax: number,
  lots: readonly [number, number],
]

// Volatilities as these markets have shown them over years; spreads and sizes as at a quiet hour.
// biome-ignore format: a table reads in columns
const ROWS: readonly Row[] = [
  ['AAPL',    'Apple Inc.',              'us_equity', 2,   19_000, 150, 3, [100, 2_000]],
  ['MSFT',    'Microsoft Corporation',   'us_equity', 2,   42_000, 140, 4, [100, 1_500]],
  ['NVDA',    'NVIDIA Corporation',      'us_equity', 2,   12_500, 280, 3, [200, 4_000]],
  ['SPY',     'SPDR S&P 500 ETF Trust',  'us_equity', 2,   56_000, 100, 2, [500, 8_000]],
  ['TSLA',    'Tesla, Inc.',             'us_equity', 2,   25_000, 320, 5, [100, 2_000]],
  ['EUR/USD', 'Euro / US dollar',        'fx',        5,  108_500,  45, 9, [500_000, 5_000_000]],
  ['GBP/USD', 'Pound / US dollar',       'fx',        5,  127_000,  50, 12, [500_000, 3_000_000]],
  ['USD/JPY', 'US dollar / yen',         'fx',        3,  150_000,  60, 10, [500_000, 5_000_000]],
  ['BTC/USD', 'Bitcoin / US dollar',     'crypto',    2, 6_400_000, 250, 500, [2_000, 40_000]],
]

const market = ([symbol, name, assetClass, scale, homeTicks, dayBps, spreadTicksMax, lots]: Row): Listing => ({
  instrument: instrument(symbol, name, assetClass),
  scale,
  homeTicks,
  dayBps,
  spreadTicksMax,
  lots,
})
const liar = (symbol: string): Listing => ({
  instrument: instrument(symbol, LIES[symbol]?.about ?? symbol, 'us_equity'),
  scale: 2,
  homeTicks: 10_000,
  dayBps: 40,
  spreadTicksMax: 2,
  lots: LIES[symbol]?.sizes === 'tiny' ? [10, 10] : [1_000, 5_000],
})

/** Everything the seeded market trades: nine honest symbols and those that lie. */
export const LISTINGS: readonly Listing[] = [...ROWS.map(market), ...Object.keys(LIES).map(liar)]
export const INSTRUMENTS: ReadonlyMap<string, Instrument> = new Map(LISTINGS.map(({ instrument: i }) => [i.symbol, i]))
