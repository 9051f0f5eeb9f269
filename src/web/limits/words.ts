import type { Change, LimitName, LimitRow, Limits } from '../../api/wire.ts'
import type { Line } from '../approvals/policy.ts'
import { exceeds, grouped, percent } from '../decimal.ts'
import { list } from '../words.ts'

/** Risk limits in words, and how two sets of them differ. The gateway decides; this explains. */

type Named = { readonly title: string; readonly unit: LimitRow['unit'] }
const SHARE = 'share of equity'
const MONEY = 'account currency'

/** What each is called and measured in; the page of a change has nothing else to go by than what is signed. */
export const LIMIT: Readonly<Record<LimitName, Named>> = {
  maxGrossExposure: { title: 'gross exposure', unit: SHARE },
  maxNetExposure: { title: 'net exposure', unit: SHARE },
  maxDayTurnover: { title: 'turnover of the day', unit: SHARE },
  maxOrderNotional: { title: 'cost of one order', unit: MONEY },
  maxPositionNotional: { title: 'worth of one symbol', unit: MONEY },
  maxSymbolShare: { title: 'share of one symbol', unit: SHARE },
  maxSectorShare: { title: 'share of one sector', unit: SHARE },
  maxOrderQty: { title: 'quantity of one order', unit: 'units' },
  maxOrderQtyShares: { title: 'quantity of one order of shares', unit: 'units' },
  maxOrderQtyFx: { title: 'quantity of one order of currency', unit: 'units' },
  maxOrderQtyCoins: { title: 'quantity of one order of coins', unit: 'units' },
  maxVolumeShare: { title: 'share of the daily volume', unit: 'share of volume' },
  collarBps: { title: 'distance from the market', unit: 'basis points' },
  maxMoveBps: { title: 'move within ten minutes', unit: 'basis points' },
  maxOrdersPerMinute: { title: 'messages in a minute', unit: 'orders' },
  maxOrdersPerDay: { title: 'messages in a day', unit: 'orders' },
  maxRepeats: { title: 'repeats of one entry', unit: 'orders' },
  maxRejects: { title: 'rejects in a row', unit: 'count' },
  maxLosers: { title: 'losers in a row', unit: 'count' },
  maxOpenPositions: { title: 'open positions', unit: 'count' },
  dayLoss: { title: 'loss of the day', unit: SHARE },
  drawdown: { title: 'drawdown', unit: SHARE },
  buyingPowerBuffer: { title: 'buying power kept free', unit: 'share of buying power' },
}
export const LIMIT_NAMES = Object.keys(LIMIT) as LimitName[]
export type ListName = keyof Limits['lists']
export const LIST: Readonly<Record<ListName, string>> = {
  symbols: 'symbols allowed',
  restricted: 'symbols restricted',
  assetClasses: 'asset classes',
  venues: 'exchanges',
  sessions: 'sessions',
  ordTypes: 'order types of entries',
  sectors: 'sectors',
  allowShort: 'short sales',
}
export const LIST_NAMES = Object.keys(LIST) as ListName[]

export const isShare = (unit: LimitRow['unit']): boolean => unit.startsWith('share')
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `25 %`, `10,000`, `300 bps`; null is no limit. */
export function figureInWords(value: string | null, unit: LimitRow['unit'], none = 'no limit'): string {
  if (value === null) return none
  if (isShare(unit)) return `${percent(value)} %`
  return `${grouped(value)}${unit === 'basis points' ? ' bps' : ''}`
}

export function listInWords(value: Limits['lists'][ListName]): string {
  if (value === null) return 'all'
  if (typeof value === 'boolean') return value ? 'allowed' : 'not allowed'
  return value.length === 0 ? 'none' : list(value)
}

/** The one limit of which more is stricter. */
const RISES: LimitName = 'buyingPowerBuffer'
export function isLooser(name: LimitName, value: string | null, than: string | null): boolean {
  if (value === null || than === null) return value === null && than !== null
  return name === RISES ? exceeds(than, value) : exceeds(value, than)
}
const isSame = (a: string | null, b: string | null): boolean =>
  a === b || (a !== null && b !== null && !exceeds(a, b) && !exceeds(b, a))

type Listed = Limits['lists'][ListName]
function isLooserList(name: ListName, value: Listed, than: Listed): boolean {
  if (typeof value === 'boolean' || typeof than === 'boolean') return value === true && than === false
  if (value === null || than === null) return value === null && than !== null
  if (name === 'sectors') return value.length !== than.length || !value.every((one) => than.includes(one))
  const [some, all] = name === 'restricted' ? [than, value] : [value, than]
  return !some.every((one) => all.includes(one))
}

/** Made from the two sets themselves, which are what is signed, and not from what the gateway says of them. */
export function limitLines(before: Limits, after: Limits): Line[] {
  const values = LIMIT_NAMES.flatMap((name) =>
    (['hard', 'soft'] as const).flatMap((bound): Line[] => {
      const [old, now] = [before.values[name]?.[bound] ?? null, after.values[name]?.[bound] ?? null]
      if (isSame(old, now)) return []
      const { title, unit } = LIMIT[name]
      const none = bound === 'hard' ? 'no limit' : 'none'
      return [
        {
          what: `${capital(title)}${bound === 'soft' ? ', soft' : ''}`,
          before: figureInWords(old, unit, none),
          after: figureInWords(now, unit, none),
          tighter: !isLooser(name, now, old),
        },
      ]
    }),
  )
  const lists = LIST_NAMES.flatMap((name): Line[] => {
    const [old, now] = [before.lists[name] ?? null, after.lists[name] ?? null]
    const looser = isLooserList(name, now, old)
    if (!looser && !isLooserList(name, old, now)) return []
    return [{ what: capital(LIST[name]), before: listInWords(old), after: listInWords(now), tighter: !looser }]
  })
  return [...values, ...lists]
}

export const isOfLimits = (change: Change): boolean => change.what.kind === 'risk limits'
