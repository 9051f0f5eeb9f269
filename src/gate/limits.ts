import type { AssetClass } from '../orders/instrument.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Stage } from '../orders/stage.ts'
import { type Decimal, dec, eq, gt, isMultipleOf, lt, max, min, shortest, ZERO } from '../values/decimal.ts'
import type { SessionKind } from './facts.ts'
import type { RefusalCode } from './refusal.ts'

// How much may be risked, as data: one row for each limit, one for each list. Documents, screens, settings and the
// rule that a limit is loosened by more people than tighten it are made from these two tables.

export type LimitName =
  | 'maxGrossExposure'
  | 'maxNetExposure'
  | 'maxDayTurnover'
  | 'maxOrderNotional'
  | 'maxPositionNotional'
  | 'maxSymbolShare'
  | 'maxSectorShare'
  | 'maxOrderQty'
  | 'maxOrderQtyShares'
  | 'maxOrderQtyFx'
  | 'maxOrderQtyCoins'
  | 'maxVolumeShare'
  | 'collarBps'
  | 'maxMoveBps'
  | 'maxOrdersPerMinute'
  | 'maxOrdersPerDay'
  | 'maxRepeats'
  | 'maxRejects'
  | 'maxLosers'
  | 'maxOpenPositions'
  | 'dayLoss'
  | 'drawdown'
  | 'buyingPowerBuffer'

export type LimitUnit =
  | 'share of equity'
  | 'share of buying power'
  | 'share of volume'
  | 'account currency'
  | 'basis points'
  | 'orders'
  | 'units'
  | 'count'

/** Beyond `hard` nothing goes; beyond `soft` it asks for a surer yes. Null: not limited in that way. */
export type Bound = { readonly hard: Decimal | null; readonly soft: Decimal | null }
export type BoundName = keyof Bound

export type Lists = {
  /** The only symbols that may be traded; null: all. */
  readonly symbols: readonly string[] | null
  /** Symbols that may not be, whatever else is allowed. */
  readonly restricted: readonly string[]
  readonly assetClasses: readonly AssetClass[] | null
  /** Exchanges, in the broker's words. One that nobody vouches for is none of them, whatever is listed. */
  readonly venues: readonly string[] | null
  readonly sessions: readonly SessionKind[] | null
  /** Of entries. What protects or closes a position is sent as it must be. */
  readonly ordTypes: readonly Proposal['ordType'][] | null
  /** `AAPL=technology`: no broker tells. A symbol that none of them names is of the sector `unknown`. */
  readonly sectors: readonly string[]
  /** False is what the stages call long only. */
  readonly allowShort: boolean
}
export type ListName = keyof Lists

/** The limits of one account. */
export type Limits = {
  /** Counts the changes; 0 is what a stage begins with. */
  readonly version: number
  readonly stage: Stage
  readonly values: Readonly<Record<LimitName, Bound>>
  readonly lists: Lists
}

type Defaults = Readonly<Record<Stage, Decimal | null>>
type LimitRow = {
  /** In few words, for a line on a screen. */
  readonly title: string
  /** Of the table of controls. */
  readonly control: `P${string}` | `A${string}`
  readonly unit: LimitUnit
  /** Which way is stricter. */
  readonly tighter: 'lower' | 'higher'
  /** What the gate says when it is broken; null where something else than an order trips it. */
  readonly refusal: RefusalCode | null
  readonly meaning: string
  /** The hard limit that each stage begins with. Soft ones are for people to set. */
  readonly defaults: Defaults
  /** Beyond this the figure is a mistake in the scale, such as 25 for 25 %, or could not be counted. */
  readonly most?: string
}

const stages = (paper: string | null, pilot: string | null, limited: string | null, live: string | null): Defaults => {
  const [S1, S2, S3, S4] = [paper, pilot, limited, live].map((value) => (value === null ? null : dec(value)))
  return { S0: S1 ?? null, S1: S1 ?? null, S2: S2 ?? null, S3: S3 ?? null, S4: S4 ?? null }
}
const always = (value: string | null): Defaults => stages(value, value, value, value)

/** One row for each limit. The limited stage has half of the live amounts and counts. */
export const LIMITS: { readonly [N in LimitName]: LimitRow } = {
  maxGrossExposure: {
    title: 'gross exposure',
    control: 'P01',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'GROSS_EXPOSURE_EXCEEDED',
    meaning: 'The most that all positions, long and short, and all open entries may be worth together.',
    defaults: stages('1', '0.05', '0.125', '0.25'),
    most: '10',
  },
  maxNetExposure: {
    title: 'net exposure',
    control: 'P09',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'NET_EXPOSURE_EXCEEDED',
    meaning:
      'The most that long positions may be worth beyond short ones, or short beyond long, open entries included.',
    // As much as may be held at all, until somebody sets less.
    defaults: stages('1', '0.05', '0.125', '0.25'),
    most: '10',
  },
  maxDayTurnover: {
    title: 'turnover of the day',
    control: 'P01',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'DAY_TURNOVER_EXCEEDED',
    meaning: 'The most that the entries of one day may cost together, open ones included.',
    defaults: stages('2', '0.1', '0.25', '0.5'),
    most: '100',
  },
  maxOrderNotional: {
    title: 'cost of one order',
    control: 'P02',
    unit: 'account currency',
    tighter: 'lower',
    refusal: 'ORDER_NOTIONAL_EXCEEDED',
    meaning: 'The most that one order may cost.',
    defaults: stages('10000', '500', '2500', '5000'),
  },
  maxPositionNotional: {
    title: 'worth of one symbol',
    control: 'P09',
    unit: 'account currency',
    tighter: 'lower',
    refusal: 'POSITION_NOTIONAL_EXCEEDED',
    meaning: 'The most that one symbol may be worth, position and open orders together.',
    // Two and a half orders of the largest size.
    defaults: stages('25000', '1250', '6250', '12500'),
  },
  maxSymbolShare: {
    title: 'share of one symbol',
    control: 'P09',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'SYMBOL_SHARE_EXCEEDED',
    meaning: 'The most that one symbol may be worth, position and open orders together.',
    defaults: always('0.2'),
    most: '10',
  },
  maxSectorShare: {
    title: 'share of one sector',
    control: 'P09',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'SECTOR_SHARE_EXCEEDED',
    meaning:
      'The most that all symbols of one sector may be worth together, positions and open orders. People say which symbol is of which (the list sectors); those of which nobody has are one sector, unknown.',
    defaults: always(null),
    most: '10',
  },
  maxOrderQty: {
    title: 'quantity of one order',
    control: 'P03',
    unit: 'units',
    tighter: 'lower',
    refusal: 'ORDER_QTY_EXCEEDED',
    meaning: 'The largest quantity of one order: shares, units of currency, coins.',
    defaults: always(null),
  },
  maxOrderQtyShares: {
    title: 'quantity of one order of shares',
    control: 'P03',
    unit: 'units',
    tighter: 'lower',
    refusal: 'ORDER_QTY_EXCEEDED',
    meaning: 'The largest quantity of one order in a share.',
    defaults: always(null),
  },
  maxOrderQtyFx: {
    title: 'quantity of one order of currency',
    control: 'P03',
    unit: 'units',
    tighter: 'lower',
    refusal: 'ORDER_QTY_EXCEEDED',
    meaning: 'The largest quantity of one order in a pair of currencies, in units of the first.',
    defaults: always(null),
  },
  maxOrderQtyCoins: {
    title: 'quantity of one order of coins',
    control: 'P03',
    unit: 'units',
    tighter: 'lower',
    refusal: 'ORDER_QTY_EXCEEDED',
    meaning: 'The largest quantity of one order in a coin.',
    defaults: always(null),
  },
  maxVolumeShare: {
    title: 'share of the daily volume',
    control: 'P03',
    unit: 'share of volume',
    tighter: 'lower',
    refusal: 'VOLUME_SHARE_EXCEEDED',
    meaning:
      'The largest quantity of one order as a share of what is traded in a day, by the mean of the last 20 days. Of shares; currencies and coins are traded where nobody adds it up.',
    defaults: always('0.01'),
    most: '1',
  },
  collarBps: {
    title: 'distance from the market',
    control: 'P04',
    unit: 'basis points',
    tighter: 'lower',
    refusal: 'PRICE_OUTSIDE_COLLAR',
    meaning: 'How far an entry may be from the market.',
    defaults: always('300'),
  },
  maxMoveBps: {
    title: 'move within ten minutes',
    control: 'P04',
    unit: 'basis points',
    tighter: 'lower',
    refusal: 'PRICE_MOVE_EXCEEDED',
    meaning: 'How far apart the lowest and the highest price of the last ten minutes may be.',
    // Half of live would be below the pilot, so the limited stage keeps the pilot's.
    defaults: stages('500', '200', '200', '300'),
  },
  maxOrdersPerMinute: {
    title: 'messages in a minute',
    control: 'P05',
    unit: 'orders',
    tighter: 'lower',
    refusal: 'ORDERS_PER_MINUTE_EXCEEDED',
    meaning: 'How many messages may be sent to the broker in a minute: orders, cancels and replacements.',
    // As many as are counted.
    most: '120',
    // Paper is held to the pace of live, to learn whether that is enough.
    defaults: stages('20', '5', '10', '20'),
  },
  maxOrdersPerDay: {
    title: 'messages in a day',
    control: 'P05',
    unit: 'orders',
    tighter: 'lower',
    refusal: 'ORDERS_PER_DAY_EXCEEDED',
    meaning: 'How many messages may be sent to the broker in a day: orders, cancels and replacements.',
    defaults: stages('200', '20', '100', '200'),
  },
  maxRepeats: {
    title: 'repeats of one entry',
    control: 'P08',
    unit: 'orders',
    tighter: 'lower',
    refusal: 'REPEATS_EXCEEDED',
    meaning: 'How often one strategy may enter the same symbol on the same side in one session.',
    defaults: always('5'),
  },
  maxRejects: {
    title: 'rejects in a row',
    control: 'P08',
    unit: 'count',
    tighter: 'lower',
    refusal: null,
    meaning: "How many of a strategy's orders in a row the broker may reject before the strategy is disabled.",
    defaults: always('3'),
  },
  maxLosers: {
    title: 'losers in a row',
    control: 'P08',
    unit: 'count',
    tighter: 'lower',
    refusal: null,
    meaning: 'How many round trips in a row a strategy may lose before it is disabled.',
    defaults: always('3'),
  },
  maxOpenPositions: {
    title: 'open positions',
    control: 'A05',
    unit: 'count',
    tighter: 'lower',
    refusal: 'OPEN_POSITIONS_EXCEEDED',
    meaning: 'In how many symbols there may be a position or an open entry.',
    defaults: stages(null, '3', null, null),
  },
  dayLoss: {
    title: 'loss of the day',
    control: 'P10',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'DAY_LOSS_REACHED',
    meaning: 'The loss since the opening, unrealised and fees included, at which nothing more is opened that day.',
    defaults: stages('0.05', '0.01', '0.01', '0.02'),
    most: '1',
  },
  drawdown: {
    title: 'drawdown',
    control: 'P10',
    unit: 'share of equity',
    tighter: 'lower',
    refusal: 'DRAWDOWN_REACHED',
    meaning: 'The loss since the highest equity at which nothing more is opened until people have looked.',
    defaults: always('0.15'),
    most: '1',
  },
  buyingPowerBuffer: {
    title: 'buying power kept free',
    control: 'P14',
    unit: 'share of buying power',
    tighter: 'higher',
    refusal: 'BUYING_POWER_EXCEEDED',
    meaning: 'The part of the buying power that is never used.',
    defaults: always('0.05'),
    most: '1',
  },
}
export const LIMIT_NAMES = Object.keys(LIMITS) as readonly LimitName[]

/** The limits that hold for one class of assets alone. */
export const OF_CLASS: { readonly [N in LimitName]?: AssetClass } = {
  maxOrderQtyShares: 'us_equity',
  maxOrderQtyFx: 'fx',
  maxOrderQtyCoins: 'crypto',
  maxVolumeShare: 'us_equity',
}

type ListRow = {
  readonly title: string
  readonly control: `P${string}` | `A${string}`
  /**
   * An allow-list (null allows all), a deny-list, a switch, or what each symbol is. Fewer allowed, more denied, and off is
   * stricter; to call a symbol something else may be looser, and counts as that.
   */
  readonly kind: 'allowed' | 'denied' | 'switch' | 'named'
  readonly refusal: RefusalCode
  readonly meaning: string
}
export const LISTS: { readonly [N in ListName]: ListRow } = {
  symbols: {
    title: 'symbols allowed',
    control: 'P11',
    kind: 'allowed',
    refusal: 'SYMBOL_NOT_ALLOWED',
    meaning: 'The only symbols that may be traded. The pilot names up to 5 of them, the limited stage up to 25.',
  },
  restricted: {
    title: 'symbols restricted',
    control: 'P11',
    kind: 'denied',
    refusal: 'SYMBOL_RESTRICTED',
    meaning: 'Symbols that may not be traded, whatever else is allowed.',
  },
  assetClasses: {
    title: 'asset classes',
    control: 'P11',
    kind: 'allowed',
    refusal: 'ASSET_CLASS_NOT_ALLOWED',
    meaning: 'The only asset classes that may be traded.',
  },
  venues: {
    title: 'exchanges',
    control: 'P11',
    kind: 'allowed',
    refusal: 'VENUE_NOT_ALLOWED',
    meaning:
      'The only exchanges whose listings may be traded, such as NASDAQ. What is traded over the counter never may be.',
  },
  sessions: {
    title: 'sessions',
    control: 'P11',
    kind: 'allowed',
    refusal: 'SESSION_NOT_ALLOWED',
    meaning: 'The only sessions in which a position may be opened. Extended hours are off, at every stage.',
  },
  ordTypes: {
    title: 'order types of entries',
    control: 'P11',
    kind: 'allowed',
    refusal: 'ORD_TYPE_NOT_ALLOWED',
    meaning: 'The only order types that may open a position. The pilot takes limit orders only.',
  },
  sectors: {
    title: 'sectors',
    control: 'P09',
    kind: 'named',
    refusal: 'SECTOR_SHARE_EXCEEDED',
    meaning: 'Which symbol is of which sector, as AAPL=technology. One that is not named is of the sector unknown.',
  },
  allowShort: {
    title: 'short sales',
    control: 'P13',
    kind: 'switch',
    refusal: 'SHORT_OFF_BY_POLICY',
    meaning: 'Whether a sell may open or enlarge a short position. The pilot is long only.',
  },
}
export const LIST_NAMES = Object.keys(LISTS) as readonly ListName[]

/** What a stage holds its lists to, whoever agrees. */
type StageRule = {
  readonly symbolsMax: number | null
  readonly ordTypes: Lists['ordTypes']
  readonly longOnly: boolean
}
const FREE: StageRule = { symbolsMax: null, ordTypes: null, longOnly: false }
const STAGE_RULES: Readonly<Record<Stage, StageRule>> = {
  S0: FREE,
  S1: FREE,
  S2: { symbolsMax: 5, ordTypes: ['Limit'], longOnly: true },
  S3: { ...FREE, symbolsMax: 25 },
  S4: FREE,
}

/** Nothing here knows the rules of the others: orders that rest, thin books, stops that sleep. */
const REGULAR: Lists['sessions'] = ['Regular']

/** What a stage begins with. Where symbols must be named, none is allowed until they are. */
export function defaultsOf(stage: Stage): Limits {
  const { symbolsMax, ordTypes, longOnly } = STAGE_RULES[stage]
  return {
    version: 0,
    stage,
    values: each((name) => ({ hard: LIMITS[name].defaults[stage], soft: null })),
    lists: {
      symbols: symbolsMax === null ? null : [],
      restricted: [],
      assetClasses: null,
      venues: null,
      sessions: REGULAR,
      ordTypes,
      sectors: [],
      allowShort: !longOnly,
    },
  }
}

/** What people call the sector of a symbol. */
export const sectorOf = ({ sectors }: Pick<Lists, 'sectors'>, symbol: string): string =>
  sectors.find((one) => one.startsWith(`${symbol}=`))?.slice(symbol.length + 1) ?? 'unknown'

/** As an older version wrote them: of what it did not know, what the stage begins with holds. */
export function complete(limits: Limits): Limits {
  const { values, lists } = defaultsOf(limits.stage)
  return { ...limits, values: { ...values, ...limits.values }, lists: { ...lists, ...limits.lists } }
}

const each = (bound: (name: LimitName) => Bound): Limits['values'] =>
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, bound(name)])) as Record<LimitName, Bound>

/** One value that is another afterwards. `bound` is null for a list. Lists stand as they are, null is no limit. */
export type LimitChange = {
  readonly name: LimitName | ListName
  readonly bound: BoundName | null
  readonly old: Decimal | readonly string[] | boolean | null
  readonly new: Decimal | readonly string[] | boolean | null
  /** Nothing that the old one stops would pass the new one. */
  readonly tighter: boolean
}

/** Some of the values and lists, as a file of settings names them. What is absent says nothing; null says no limit. */
export type LimitSettings = {
  readonly values?: { readonly [N in LimitName]?: Partial<Bound> }
  readonly lists?: Partial<Lists>
}

const BOUNDS: readonly BoundName[] = ['hard', 'soft']
const isLooser = (name: LimitName, value: Decimal | null, than: Decimal | null): boolean => {
  if (value === null || than === null) return value === null && than !== null
  return LIMITS[name].tighter === 'lower' ? gt(value, than) : lt(value, than)
}
/** The stricter of two values of one limit. */
const stricter = (name: LimitName, a: Decimal | null, b: Decimal | null): Decimal | null => {
  if (a === null || b === null) return a ?? b
  return LIMITS[name].tighter === 'lower' ? min(a, b) : max(a, b)
}
/** Hard limits as they are raised for one order: the looser of each and what stands here holds. */
export type Raised = { readonly [N in LimitName]?: Decimal }

const isSame = (a: Decimal | null, b: Decimal | null): boolean => (a === null || b === null ? a === b : eq(a, b))

type ListValue = readonly string[] | boolean | null
const isWithin = (value: readonly string[], all: readonly string[]): boolean => value.every((one) => all.includes(one))
const isLooserList = (name: ListName, value: ListValue, than: ListValue): boolean => {
  if (typeof value === 'boolean' || typeof than === 'boolean') return value === true && than === false
  if (value === null || than === null) return value === null && than !== null
  if (LISTS[name].kind === 'named') return !isWithin(than, value) || !isWithin(value, than)
  return LISTS[name].kind === 'denied' ? !isWithin(than, value) : !isWithin(value, than)
}
const stricterList = (name: ListName, a: ListValue, b: ListValue): ListValue => {
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === true && b === true
  if (a === null || b === null) return a ?? b
  if (LISTS[name].kind === 'named') return a
  return LISTS[name].kind === 'denied' ? [...new Set([...a, ...b])] : a.filter((one) => b.includes(one))
}

/**
 * The stricter of each value and list: what settings may do to the limits of the account. A soft limit beyond the hard
 * one comes down to it. Version and stage stay.
 *
 * @returns with every value of the settings that is looser, and so says nothing: `old` holds, `new` was asked for.
 */
export function tightenedBy(
  limits: Limits,
  settings: LimitSettings,
): { readonly limits: Limits; readonly ignored: readonly LimitChange[] } {
  const ignored: LimitChange[] = []
  const values = each((name) => {
    const [has, asked] = [limits.values[name], settings.values?.[name] ?? {}]
    const least = (bound: BoundName): Decimal | null => {
      const value = asked[bound]
      if (value === undefined) return has[bound]
      if (isLooser(name, value, has[bound])) ignored.push({ name, bound, old: has[bound], new: value, tighter: false })
      return stricter(name, has[bound], value)
    }
    const [hard, soft] = [least('hard'), least('soft')]
    return { hard, soft: soft === null ? null : stricter(name, hard, soft) }
  })
  const lists = Object.fromEntries(
    LIST_NAMES.map((name) => {
      const [has, asked] = [limits.lists[name], settings.lists?.[name]]
      if (asked === undefined) return [name, has]
      // Denying something else adds to what is denied; nothing of that is ignored.
      if (LISTS[name].kind !== 'denied' && isLooserList(name, asked, has))
        ignored.push({ name, bound: null, old: has, new: asked, tighter: false })
      return [name, stricterList(name, has, asked)]
    }),
  ) as Lists
  return { limits: { ...limits, values, lists }, ignored }
}

/** The limits with some of them set as asked, looser ones too. A soft limit that is not spoken of comes down to a hard one. */
export function withSettings(limits: Limits, { values, lists }: LimitSettings): Limits {
  return {
    ...limits,
    values: each((name) => {
      const { hard, soft } = { ...limits.values[name], ...values?.[name] }
      const follows = soft !== null && values?.[name]?.soft === undefined
      return { hard, soft: follows ? stricter(name, hard, soft) : soft }
    }),
    lists: { ...limits.lists, ...lists },
  }
}

/** The limits with some hard ones raised, and none lowered. The soft ones stay: who decides is asked as surely as ever. */
export const withRaised = (limits: Limits, raised: Raised): Limits => ({
  ...limits,
  values: each((name) => {
    const { hard, soft } = limits.values[name]
    const value = raised[name]
    return { hard: value !== undefined && isLooser(name, value, hard) ? value : hard, soft }
  }),
})

/** Every value and list that differs, in the order of the tables. */
export function differences(one: Limits, other: Limits): LimitChange[] {
  const [before, after] = [complete(one), complete(other)]
  const values = LIMIT_NAMES.flatMap((name) =>
    BOUNDS.flatMap((bound): LimitChange[] => {
      const [old, now] = [before.values[name][bound], after.values[name][bound]]
      return isSame(old, now) ? [] : [{ name, bound, old, new: now, tighter: !isLooser(name, now, old) }]
    }),
  )
  const lists = LIST_NAMES.flatMap((name): LimitChange[] => {
    const [old, now] = [before.lists[name], after.lists[name]]
    const looser = isLooserList(name, now, old)
    return looser || isLooserList(name, old, now) ? [{ name, bound: null, old, new: now, tighter: !looser }] : []
  })
  return [...values, ...lists]
}

/** Whether no value and no list is looser afterwards: what one person may do at once. The stage is another matter. */
export const isTightening = (before: Limits, after: Limits): boolean =>
  differences(before, after).every(({ tighter }) => tighter)

const WHOLE: ReadonlySet<LimitUnit> = new Set<LimitUnit>(['basis points', 'orders', 'count'])
const ONE = dec('1')

/** Everything that is wrong with limits that somebody proposes, as sentences; empty when they can be used. */
export function faultsOf({ stage, values, lists }: Limits): string[] {
  const wrong: string[] = []
  for (const name of LIMIT_NAMES) {
    const { unit, most } = LIMITS[name]
    const { hard, soft } = values[name]
    for (const bound of BOUNDS) {
      const value = values[name][bound]
      const named = bound === 'hard' ? name : `The soft limit of ${name}`
      if (value === null) continue
      if (lt(value, ZERO)) wrong.push(`${named} is ${shortest(value)}; it must be 0 or more.`)
      if (WHOLE.has(unit) && !isMultipleOf(value, ONE))
        wrong.push(`${named} is ${shortest(value)}; it must be a whole number.`)
      if (most !== undefined && gt(value, dec(most)))
        wrong.push(
          unit.startsWith('share')
            ? `${named} is ${shortest(value)}; it is a ${unit}, so write 0.25 for 25 %, and ${most} at most.`
            : `${named} is ${shortest(value)}; ${most} is the most.`,
        )
    }
    if (hard !== null && soft !== null && isLooser(name, soft, hard))
      wrong.push(
        `The soft limit of ${name}, ${shortest(soft)}, lies beyond the hard one, ${shortest(hard)}; nothing would ever meet it.`,
      )
  }
  for (const name of LIST_NAMES) {
    const list = lists[name]
    if (list === null || typeof list === 'boolean') continue
    if (list.some((one) => one.trim() === '')) wrong.push(`There is an empty name in ${name}; leave it out.`)
    if (new Set(list).size < list.length) wrong.push(`There is a name twice in ${name}; name each once.`)
  }
  const named = lists.sectors.map((one) => one.split('='))
  for (const [symbol = '', sector = '', ...more] of named)
    if (symbol === '' || sector === '' || more.length > 0)
      wrong.push(`${[symbol, sector, ...more].join('=')} says no sector; write AAPL=technology.`)
  if (new Set(named.map(([symbol]) => symbol)).size < named.length)
    wrong.push('A symbol is in two sectors; name each once.')
  const { symbolsMax, ordTypes, longOnly } = STAGE_RULES[stage]
  if (symbolsMax !== null && lists.symbols === null)
    wrong.push(`In stage ${stage} the symbols must be named, ${symbolsMax} at most; all of them are too many.`)
  if (symbolsMax !== null && lists.symbols !== null && lists.symbols.length > symbolsMax)
    wrong.push(`There are ${lists.symbols.length} symbols; in stage ${stage} there may be ${symbolsMax} at most.`)
  if (isLooserList('ordTypes', lists.ordTypes, ordTypes))
    wrong.push(`In stage ${stage} only ${ordTypes?.join(', ')} orders may open a position; leave the others out.`)
  if (isLooserList('sessions', lists.sessions, REGULAR))
    wrong.push('Extended hours are off: sessions may name Regular, and nothing else.')
  if (longOnly && lists.allowShort)
    wrong.push(`Stage ${stage} is long only; turn allowShort off, or have the account promoted.`)
  const positions = LIMITS.maxOpenPositions.defaults[stage]
  if (isLooser('maxOpenPositions', values.maxOpenPositions.hard, positions))
    wrong.push(
      `In stage ${stage} there may be ${shortest(positions ?? ZERO)} open positions at most; set maxOpenPositions.`,
    )
  return wrong
}
