import type { Bound, Change, Headroom, LimitName, LimitRow, Limits, LimitsNow, LimitsPast } from '../../api/wire.ts'
import { LIMIT, LIMIT_NAMES, limitLines } from '../limits/words.ts'

/** Invented risk limits: what holds, what is used, and how a change of them goes. */

type Invented = {
  readonly hard: string | null
  readonly soft?: string
  readonly limit?: string
  readonly now?: string
  readonly percent?: string
  readonly of?: string
}
const AT: Readonly<Record<LimitName, Invented>> = {
  maxGrossExposure: { hard: '1', limit: '25000.00', now: '9519.15', percent: '38.1' },
  maxNetExposure: { hard: '1', limit: '25000.00', now: '9519.15', percent: '38.1' },
  maxDayTurnover: { hard: '2', soft: '1', limit: '50000.00', now: '31042.75', percent: '62.1' },
  maxOrderNotional: { hard: '10000', soft: '7500' },
  maxPositionNotional: { hard: '25000', limit: '25000', now: '5625.00', percent: '22.5', of: 'AAPL' },
  maxSymbolShare: { hard: '0.25', limit: '6250.00', now: '5625.00', percent: '90.0', of: 'AAPL' },
  maxSectorShare: { hard: '0.4', limit: '10000.00', now: '5625.00', percent: '56.3', of: 'AAPL' },
  maxOrderQty: { hard: null },
  maxOrderQtyShares: { hard: null },
  maxOrderQtyFx: { hard: null },
  maxOrderQtyCoins: { hard: null },
  maxVolumeShare: { hard: '0.01' },
  collarBps: { hard: '300' },
  maxMoveBps: { hard: '500', limit: '500', now: '84.2', percent: '16.9', of: 'MSFT' },
  maxOrdersPerMinute: { hard: '20', limit: '20', now: '3', percent: '15.0' },
  maxOrdersPerDay: { hard: '200', limit: '200', now: '41', percent: '20.5' },
  maxRepeats: { hard: '5', limit: '5', now: '5', percent: '100.0', of: 'momentum-breakout, Buy AAPL' },
  maxRejects: { hard: '3' },
  maxLosers: { hard: '3' },
  maxOpenPositions: { hard: '10', limit: '10', now: '2', percent: '20.0' },
  dayLoss: { hard: '0.05', limit: '1250.00', now: '212.40', percent: '17.0' },
  drawdown: { hard: '0.15', limit: '3900.00', now: '1212.40', percent: '31.1' },
  buyingPowerBuffer: { hard: '0.05', limit: '47500.00', now: '1875.00', percent: '4.0' },
}

const MONEY = 'account currency'
const UNITS: Readonly<Record<LimitRow['unit'], LimitRow['used']['unit']>> = {
  'share of equity': MONEY,
  'share of buying power': MONEY,
  'share of volume': 'units',
  [MONEY]: MONEY,
  'basis points': 'basis points',
  orders: 'orders',
  units: 'units',
  count: 'count',
}

const bound = ({ hard, soft }: Invented): Bound => ({ hard, soft: soft ?? null })
const FIRST: Limits = {
  version: 3,
  stage: 'S1',
  values: Object.fromEntries(LIMIT_NAMES.map((name) => [name, bound(AT[name])])) as Limits['values'],
  lists: {
    symbols: null,
    restricted: ['GME'],
    assetClasses: null,
    venues: null,
    sessions: ['Regular'],
    ordTypes: null,
    sectors: ['AAPL=technology'],
    allowShort: false,
  },
}

const room = (name: LimitName, limit: string, before: string, order: string, ...of: [string, string]): Headroom => ({
  name,
  unit: LIMIT[name].unit === 'orders' ? 'orders' : MONEY,
  limit,
  before,
  order,
  orderPercent: of[0],
  afterPercent: of[1],
})
/** Of an order that costs 1875.00. */
export const HEADROOM: Headroom[] = [
  room('maxGrossExposure', '25000.00', '9519.15', '1875.00', '7.5', '45.6'),
  room('maxDayTurnover', '50000.00', '31042.75', '1875.00', '3.8', '65.9'),
  room('maxOrderNotional', '10000.00', '0.00', '1875.00', '18.8', '18.8'),
  room('maxSymbolShare', '6250.00', '3750.00', '1875.00', '30.0', '90.0'),
  room('maxOrdersPerMinute', '20', '3', '1', '5.0', '20.0'),
  room('maxOrdersPerDay', '200', '41', '1', '0.5', '21.0'),
]

export function makeLimits(iso: (agoMs?: number) => string) {
  let inForce = FIRST
  let next: LimitsNow['next'] = null
  const past: LimitsPast[] = [
    {
      at: iso(90_000_000),
      state: 'Applied',
      changeID: 'chg_l1',
      version: 3,
      by: 'Ana',
      reason: 'Earnings tonight.',
      from: iso(90_000_000),
      givenUpAt: null,
      changes: [{ name: 'restricted', bound: null, old: '', new: 'GME', tighter: true }],
      agreed: [],
      note: null,
    },
    {
      at: iso(180_000_000),
      state: 'Applied',
      changeID: 'chg_l0',
      version: 2,
      by: 'Ben',
      reason: 'Two weeks without a break.',
      from: iso(120_000_000),
      givenUpAt: null,
      changes: [{ name: 'maxSymbolShare', bound: 'hard', old: '0.2', new: '0.25', tighter: false }],
      agreed: [
        {
          by: 'per_1',
          byName: 'Ana',
          via: 'web',
          level: 'L1',
          with: 'click',
          counts: true,
          at: iso(170_000_000),
          reason: null,
        },
      ],
      note: null,
    },
  ]

  const row = (name: LimitName): LimitRow => {
    const { limit = null, now = null, percent = null, of = null } = AT[name]
    const { hard, soft } = inForce.values[name]
    const { unit } = LIMIT[name]
    return {
      name,
      control: 'P01',
      unit,
      meaning: `The most that the ${LIMIT[name].title} may come to.`,
      tighter: name === 'buyingPowerBuffer' ? 'higher' : 'lower',
      refusal: null,
      hard,
      soft,
      setByPeople: name === 'maxPositionNotional' ? { hard: '40000', soft: null } : null,
      default: hard,
      scope: 'account',
      used: {
        unit: UNITS[unit],
        limit,
        soft: name === 'maxDayTurnover' ? '25000.00' : null,
        now,
        percent,
        of,
      },
    }
  }

  return {
    now: (): LimitsNow => ({
      account: 'paper:sim:main',
      currency: 'USD',
      inForce,
      next,
      rows: LIMIT_NAMES.map(row),
      lists: (
        ['symbols', 'restricted', 'assetClasses', 'venues', 'sessions', 'ordTypes', 'sectors', 'allowShort'] as const
      ).map((name) => ({
        name,
        control: 'P11',
        kind:
          name === 'restricted'
            ? 'denied'
            : name === 'allowShort'
              ? 'switch'
              : name === 'sectors'
                ? 'named'
                : 'allowed',
        refusal: 'SYMBOL_NOT_ALLOWED',
        meaning: 'What may be traded, and what not.',
        value: inForce.lists[name],
        byConfiguration: name === 'allowShort',
      })),
      day: {
        day: iso().slice(0, 10),
        from: iso(30_000_000),
        until: iso(-40_000_000),
        openingEquity: '25000.00',
        highEquity: '26000.00',
        messages: 41,
        turnover: '31042.75',
      },
      can: { tighten: { ok: true }, loosen: { ok: true } },
      looser: {
        requires: { level: 'L1', quorum: 1, passkey: false, rules: ['changes'] },
        roles: ['risk', 'approver'],
        from: iso(-40_000_000),
      },
    }),
    history: () => ({ items: past }),
    /** What a body asks for, and whether it would be done at once. */
    asked(body: { values?: Partial<Limits['values']>; lists?: Partial<Limits['lists']> }): {
      readonly what: Extract<Change['what'], { kind: 'risk limits' }>
      readonly tighter: boolean
    } {
      const after: Limits = {
        ...inForce,
        version: inForce.version + 1,
        values: { ...inForce.values, ...body.values },
        lists: { ...inForce.lists, ...body.lists },
      }
      const tighter = limitLines(inForce, after).every((line) => line.tighter !== false)
      return { what: { kind: 'risk limits', before: inForce, after, changes: [] }, tighter }
    },
    /** Somebody agreed, or nobody had to. */
    apply({ before, after }: Extract<Change['what'], { kind: 'risk limits' }>): void {
      const tighter = limitLines(before, after).every((line) => line.tighter !== false)
      if (tighter) inForce = after
      next = tighter ? null : { limits: after, from: iso(-40_000_000), changes: [] }
    },
  }
}
