import type { AccountFacts } from '../gate/facts.ts'
import { type Exposure, exposureOf } from '../gate/exposure.ts'
import { percentOf, UNITS } from '../gate/headroom.ts'
import { defaultsOf, LIMIT_NAMES, type LimitName, LIMITS, type Limits, tightenedBy } from '../gate/limits.ts'
import type { Policy } from '../gate/policy.ts'
import { figures, type Use, usesOf } from '../gate/usage.ts'
import type { Order } from '../orders/machine.ts'
import { capabilitiesFor } from '../ports/broker.ts'
import type { MarketRow, RiskLimits, TradingDay } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { amt, type Decimal, dec, gt, isZero, lte, ZERO } from '../values/decimal.ts'
import type { Command } from './command.ts'
import { inForce } from './limiting.ts'
import { daySoFar, mostRepeated, rateOf } from './trading-day.ts'

// How much of each limit is used now, whoever asks: what the page shows, and what the next order will be measured by.

/** What a limit is a limit of. `order` is used up by nothing; `strategy` is tripped elsewhere than at an order. */
export type Scope = 'account' | 'symbol' | 'entries' | 'order' | 'strategy'
export const SCOPE: { readonly [N in LimitName]: Scope } = {
  maxGrossExposure: 'account',
  maxNetExposure: 'account',
  maxDayTurnover: 'account',
  maxOrderNotional: 'order',
  maxPositionNotional: 'symbol',
  maxSymbolShare: 'symbol',
  maxSectorShare: 'symbol',
  maxOrderQty: 'order',
  maxOrderQtyShares: 'order',
  maxOrderQtyFx: 'order',
  maxOrderQtyCoins: 'order',
  maxVolumeShare: 'order',
  collarBps: 'order',
  maxMoveBps: 'symbol',
  maxOrdersPerMinute: 'account',
  maxOrdersPerDay: 'account',
  maxRepeats: 'entries',
  maxRejects: 'strategy',
  maxLosers: 'strategy',
  maxOpenPositions: 'account',
  dayLoss: 'account',
  drawdown: 'account',
  buyingPowerBuffer: 'account',
}
/** Of these nothing is known while an open order cannot be valued. */
const BY_EXPOSURE: ReadonlySet<LimitName> = new Set<LimitName>([
  'maxGrossExposure',
  'maxNetExposure',
  'maxPositionNotional',
  'maxSymbolShare',
  'maxSectorShare',
  'maxOpenPositions',
  'buyingPowerBuffer',
])

export type UsedLimit = {
  readonly name: LimitName
  /** Of the three figures; a share stands here as the amount it is. */
  readonly unit: 'account currency' | 'orders' | 'units' | 'count' | 'basis points'
  /** What holds, settings of the installation included; null: not limited, or not known as an amount. */
  readonly limit: Decimal | null
  readonly soft: Decimal | null
  /** Null: not known, or nothing that adds up. */
  readonly used: Decimal | null
  /** In percent of `limit`, up. */
  readonly percent: Decimal | null
  /** The symbol or entry that uses most of it. */
  readonly of: string | null
}

export type LimitsNow = {
  /** What people have set, and what waits for its day. */
  readonly people: RiskLimits
  /** What holds: the stricter of that and the settings of the installation. */
  readonly holds: Limits
  /** What the stage begins with. */
  readonly defaults: Limits
  readonly used: readonly UsedLimit[]
  readonly day: TradingDay
  readonly currency: string | null
}

/** The limits and what is used of each; null where the account has none. */
export async function limitsNow(c: Command): Promise<LimitsNow | null> {
  const { account: key, limiting, speed } = c.setting
  const row = await c.tx.get('limits', 'account')
  if (!limiting || !row) return null
  const limits = inForce(row, c.now)
  const next = row.next && row.next.from > c.now ? row.next : null
  const account = await c.tx.get('account', key)
  const { day, facts, trail } = await daySoFar(c.tx, account, c.now, speed)
  const policy = await c.rules()
  const most = mostRepeated(day)
  const { symbols, exposureIn } = await exposures(c, account, policy)

  const fullest = new Map<LimitName, Use & { readonly of: string }>()
  let isKnown = true
  for (const { symbol, market, isHeld } of symbols) {
    const exposure = isHeld ? exposureIn(symbol) : NOTHING
    if (exposure === null) isKnown = false
    if (!account) continue
    for (const side of ['Buy', 'Sell'] as const) {
      const known = {
        side,
        policy,
        account: account.account,
        exposure: exposure ?? NOTHING,
        quote: market?.quote ?? null,
        ...(symbol !== '' && { symbol }),
      }
      const uses = usesOf(known, { ...facts, repeats: most.count, trail: trail(market) })
      for (const use of Object.values(uses)) {
        const before = fullest.get(use.name)
        if (!before || gt(use.before, before.before)) fullest.set(use.name, { ...use, of: symbol })
      }
    }
  }

  const used = LIMIT_NAMES.map((name): UsedLimit => {
    const use = fullest.get(name)
    const unit = UNITS[LIMITS[name].unit] ?? 'basis points'
    const scope = SCOPE[name]
    const adds = use && scope !== 'order' && scope !== 'strategy' && (isKnown || !BY_EXPOSURE.has(name))
    const limit = use ? use.hard : figureOf(policy, name)
    const spent = adds ? use.before : null
    return {
      name,
      unit,
      limit,
      soft: use ? use.soft : null,
      used: spent,
      percent: spent && limit && !lte(limit, ZERO) ? percentOf(spent, limit) : null,
      of: !spent || isZero(spent) || !use ? null : scope === 'entries' ? most.of : scope === 'symbol' ? use.of : null,
    }
  })
  return {
    people: { ...row, limits, next },
    holds: tightenedBy(limits, limiting.settings).limits,
    defaults: defaultsOf(limits.stage),
    used,
    day,
    currency: account?.account.currency ?? null,
  }
}

const NOTHING: Exposure = {
  position: amt('0.00'),
  inFlight: amt('0.00'),
  reserved: amt('0.00'),
  entries: { buys: amt('0.00'), sells: amt('0.00'), symbols: [], each: [] },
}

/** A limit that is a figure in itself stands, whatever is known; a share is an amount only once the account is known. */
const figureOf = (policy: Policy, name: LimitName): Decimal | null =>
  LIMITS[name].unit.startsWith('share') ? null : figures(name, policy).hard

type OfSymbol = { readonly symbol: string; readonly market: MarketRow | null; readonly isHeld: boolean }

/** What counts already in each symbol; at least one line, of no symbol, for what the account uses as a whole. */
async function exposures(
  c: Command,
  account: AccountFacts | null,
  policy: Policy,
): Promise<{
  readonly symbols: readonly OfSymbol[]
  readonly exposureIn: (symbol: string) => Exposure | null
}> {
  const open = await c.tx.openOrders(c.setting.account)
  const markets = new Map((await c.tx.all('market')).map((market) => [market.symbol, market]))
  const held = new Map((account?.positions ?? []).map(({ symbol, netQty }) => [symbol, netQty]))
  const entries: readonly Order[] = open.filter(({ terms }) => !terms.reduceOnly)
  const touched = new Set([
    ...[...held].filter(([, netQty]) => !isZero(netQty)).map(([symbol]) => symbol),
    ...entries.map(({ terms }) => terms.symbol),
  ])
  const all = [...new Set([...touched, ...markets.keys()])]
  const symbols = all.map((symbol) => ({
    symbol,
    market: markets.get(symbol) ?? null,
    isHeld: touched.has(symbol),
  }))
  return {
    symbols: [...symbols, { symbol: '', market: null, isHeld: false }],
    exposureIn(symbol) {
      const market = markets.get(symbol)
      const rate = account && rateOf(market ?? null, account.account.currency)
      if (!account || !market?.quote || !rate) return null
      const supported = capabilitiesFor(c.setting.capabilities, market.instrument?.assetClass ?? null)
      const facts = { halt: null, freeze: null, market, account, bookQty: ZERO, inFlight: open, twins: [], supported }
      const known = {
        quote: market.quote,
        rate,
        positionQty: held.get(symbol) ?? dec('0'),
        accountAt: account.at,
      }
      const exposure = exposureOf('' as IntentID, symbol, facts, known, policy)
      return exposure.ok ? exposure.value : null
    },
  }
}
