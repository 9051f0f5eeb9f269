import type { Instrument } from '../../orders/instrument.ts'
import { qty, text } from '../../values/decimal.ts'
import { uuidOf } from './wire.ts'

/** What Alpaca knows of one symbol. */
export type Asset = {
  readonly id: string
  readonly symbol: string
  readonly class: 'us_equity' | 'crypto'
  readonly exchange: string
  readonly instrument: Instrument
  readonly status: 'active' | 'inactive'
  readonly tradable: boolean
  readonly shortable: boolean
  readonly easyToBorrow: boolean
  readonly fractionable: boolean
}
/** What a test may change about a symbol. */
export type AssetChange = Partial<
  Pick<Asset, 'status' | 'tradable' | 'shortable' | 'easyToBorrow' | 'fractionable' | 'exchange'>
>

/** Alpaca counts equities and coins to nine places. */
const FINEST = qty('0.000000001')

/** The symbols of a market that Alpaca would trade: it has no currencies. Those that lie on purpose trade whole only. */
export function assetsOf(instruments: ReadonlyMap<string, Instrument>): Map<string, Asset> {
  const assets = new Map<string, Asset>()
  for (const instrument of instruments.values()) {
    const { symbol, assetClass } = instrument
    if (assetClass === 'fx') continue
    const coin = assetClass === 'crypto'
    assets.set(symbol, {
      id: uuidOf('asset', symbol),
      symbol,
      class: assetClass,
      exchange: coin ? 'CRYPTO' : 'NASDAQ',
      instrument,
      status: 'active',
      tradable: instrument.tradable,
      shortable: !coin && instrument.shortable,
      easyToBorrow: !coin && instrument.shortable,
      fractionable: coin || !symbol.startsWith('SIM.'),
    })
  }
  return assets
}

/**
 * The same symbols as the matching engine should see them: finer lots, and nothing refused that Alpaca's own screen
 * judges first.
 */
export const matchable = (assets: Iterable<Asset>): Map<string, Instrument> =>
  new Map(
    [...assets].map(({ instrument }) => [
      instrument.symbol,
      { ...instrument, lot: FINEST, minQty: FINEST, maxQty: null, tradable: true, shortable: true },
    ]),
  )

/** Positions leave the slash out of a pair of coins; orders keep it. */
export const positionSymbol = (asset: Asset): string =>
  asset.class === 'crypto' ? asset.symbol.replace('/', '') : asset.symbol

/** By symbol, by the symbol of its position, or by id. Symbols tell small letters from capitals. */
export function findAsset(assets: ReadonlyMap<string, Asset>, name: string): Asset | null {
  const exact = assets.get(name)
  if (exact) return exact
  for (const asset of assets.values()) if (asset.id === name || positionSymbol(asset) === name) return asset
  return null
}

/** `Assets` of the specification. The key is `class` here and `asset_class` elsewhere. */
export function assetJson(asset: Asset): Record<string, unknown> {
  const { id, exchange, symbol, status, tradable, shortable, fractionable, instrument } = asset
  const common = {
    id,
    class: asset.class,
    exchange,
    symbol,
    name: instrument.name,
    status,
    tradable,
    marginable: asset.class === 'us_equity',
    shortable,
    easy_to_borrow: asset.easyToBorrow,
    fractionable,
    attributes: [] as readonly string[],
  }
  if (asset.class === 'crypto') {
    const tick = instrument.ticks[0]?.tick
    return {
      ...common,
      maintenance_margin_requirement: 100,
      min_order_size: text(instrument.minQty),
      min_trade_increment: text(FINEST),
      price_increment: tick ? text(tick) : '0.01',
    }
  }
  return {
    ...common,
    attributes: fractionable ? ['fractional_eh_enabled', 'overnight_tradable'] : ['overnight_tradable'],
    maintenance_margin_requirement: 30,
    margin_requirement_long: '30',
    margin_requirement_short: '30',
    borrow_status: asset.easyToBorrow ? 'easy_to_borrow' : 'hard_to_borrow',
  }
}
