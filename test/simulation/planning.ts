import { HALT_LEVELS } from '../../src/orders/halt.ts'
import { chance } from './loop.ts'
import type { BrokerName, Item, LimitsName, Plan, Point, PolicyName, When, WorldSetting } from './plan.ts'
import { LIMITS } from './policies.ts'
import { BROKERS, midAt } from './venue.ts'
import { SCOPES } from './words.ts'

const BROKER_NAMES = Object.keys(BROKERS) as BrokerName[]

/** When worlds begin: in the middle of a session, before an early end, around both changes of the clock, before a weekend. */
const STARTS = {
  midday: '2026-11-23T16:00:00Z',
  close: '2026-11-23T20:58:00Z',
  halfDay: '2026-11-27T17:58:00Z',
  summerEnds: '2026-10-30T19:58:00Z',
  summerBegins: '2026-03-06T20:58:00Z',
  midnight: '2026-11-23T23:59:00Z',
} as const
/** Where limits look at the day: before an hour turns, and before a day in New York. */
const TURNS = { hour: '2026-11-23T16:59:35Z', day: '2026-11-24T04:59:35Z' } as const

/** The next opening after each of those ends, as seconds from its start: where a house that slept over night wakes. */
const NIGHTS: Readonly<Partial<Record<keyof typeof STARTS, number>>> = {
  close: (17 * 60 + 34) * 60,
  halfDay: (68 * 60 + 34) * 60,
  summerEnds: (66 * 60 + 34) * 60,
  summerBegins: (64 * 60 + 34) * 60,
}

/** A stream of draws for one plan. */
class Draws {
  readonly #seed: number
  readonly #of: string
  #n = 0
  constructor(seed: number, of: string) {
    this.#seed = seed
    this.#of = of
  }
  next(): number {
    return chance(this.#seed, this.#of, this.#n++)
  }
  maybe(share: number): boolean {
    return this.next() < share
  }
  between(least: number, most: number): number {
    return least + (most - least) * this.next()
  }
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }
  one<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }
}

/** What goes wrong in a world is drawn once for the world, kind by kind: few kinds at a time reach deeper than all at once. */
type Kind = (d: Draws, world: WorldSetting) => Item[]

/**
 * A world from a seed: people and agents who trade, and the faults that meet them.
 * @param options.lastsMs for how long they go on; drawn when absent.
 */
export function planOf(seed: number, options: { readonly lastsMs?: number } = {}): Plan {
  const d = new Draws(seed, 'plan')
  const about = new Draws(seed, 'approvals')
  const risks = new Draws(seed, 'limits')
  const broker = d.one(BROKER_NAMES)
  const limits = risks.maybe(0.34) ? risks.one(LIMITS_DRAWN) : null
  const where = d.maybe(0.7) ? 'midday' : d.one(Object.keys(STARTS) as (keyof typeof STARTS)[])
  const activeMs = options.lastsMs ?? Math.round(d.between(20_000, 65_000))
  const night = NIGHTS[where]
  const overNight = night !== undefined && options.lastsMs === undefined && d.maybe(0.5)
  // A broker that is away for up to twenty-five minutes: longer than any approval, any proof and any patience.
  const awayMs =
    options.lastsMs === undefined && !overNight && d.maybe(0.012) ? Math.round(d.between(300_000, 1_500_000)) : 0
  const world: WorldSetting = {
    seed,
    start: limits !== null && where === 'midday' ? turning(risks, broker) : STARTS[where],
    lastsMs: overNight ? (night + 60) * 1_000 : activeMs + awayMs,
    broker,
    store: d.maybe(0.08) ? 'file' : 'memory',
    limits: d.maybe(0.35) ? (limits ?? 'tight') : (limits ?? 'wide'),
    policy: about.one(POLICIES_DRAWN),
  }
  const busy = { ...world, lastsMs: overNight ? 150_000 : activeMs }
  const items: Item[] = trading(d, busy)
  const kinds = Object.values(KINDS)
  const share = d.one([0.04, 0.12, 0.2, 0.32])
  for (const kind of kinds) if (d.maybe(share)) items.push(...kind(d, busy))
  if (awayMs > 0) items.push(at(activeMs * 0.6, 'outage', [], { for: secs(awayMs / 1_000) }))
  if (overNight) {
    // The machine is switched off until the market opens again; then the day goes on.
    items.push(at(160_000, 'crash', [], { down: String(night - 170) }))
    items.push(...trading(d, { ...busy, lastsMs: 40_000 }, night * 1_000 + 5_000, 'N'))
  }
  if (limits !== null) items.push(...limited(risks, busy))
  items.push(...approvals(about, busy, items))
  return { world, items: items.sort(byTime) }
}

const moment = (when: When): number => ('atMs' in when ? when.atMs : Number.POSITIVE_INFINITY)
const byTime = (a: Item, b: Item): number => {
  const [first, second] = [moment(a.when), moment(b.when)]
  return first === second ? 0 : first < second ? -1 : 1
}
const at = (
  atMs: number,
  verb: string,
  words: readonly string[] = [],
  named: Readonly<Record<string, string>> = {},
): Item => ({
  when: { atMs: Math.round(atMs) },
  verb,
  words,
  named,
})
const on = (
  point: Point,
  n: number,
  verb: string,
  words: readonly string[] = [],
  named: Readonly<Record<string, string>> = {},
): Item => ({ when: { on: point, n }, verb, words, named })

const sometime = (d: Draws, world: WorldSetting): number => d.between(2_000, world.lastsMs * 0.9)
const secs = (value: number): string => value.toFixed(3)
const symbolOf = (d: Draws, world: WorldSetting): string =>
  world.broker === 'coins' && d.maybe(0.6) ? 'BTC/USD' : d.maybe(0.7) ? 'AAPL' : 'MSFT'

// ---------------------------------------------------------------- what people and agents do

function trading(d: Draws, world: WorldSetting, fromMs = 0, prefix = 'I'): Item[] {
  const many = d.whole(3, 9)
  const items: Item[] = []
  for (let n = 1; n <= many; n++)
    items.push(...idea(d, world, `${prefix}${n}`, fromMs + d.between(500, world.lastsMs * 0.7)))
  return items
}

/** One proposal and what becomes of it. */
function idea(d: Draws, world: WorldSetting, id: string, atMs: number): Item[] {
  const symbol = symbolOf(d, world)
  const isCoin = symbol.includes('/')
  // A book is mostly on one side of a symbol: the other is refused while anything is held.
  const long = isCoin || chance(world.seed, 'side', symbol) < 0.7
  const side = long === d.maybe(0.92) ? 'BUY' : 'SELL'
  const direction = side === 'BUY' ? 1 : -1
  const mid = midAt(world.seed, symbol, atMs)
  const entry = mid * (1 + (direction * d.between(-22, 8)) / 10_000)
  const stop = entry * (1 - (direction * d.between(20, 160)) / 10_000)
  const target = entry * (1 + (direction * d.between(15, 160)) / 10_000)
  const small = isCoin ? d.between(0.001, 0.03).toFixed(4) : String(d.whole(1, 12))
  const explicit = d.maybe(0.3)
  const from = d.maybe(0.85) ? 'jax' : 'tom'
  const proposal = at(atMs, explicit ? 'order' : 'signal', [id, side, symbol], {
    entry: entry.toFixed(2),
    stop: stop.toFixed(2),
    ...(d.maybe(0.6) && { target: target.toFixed(2) }),
    ...(explicit && { qty: small }),
    ...(explicit && d.maybe(0.2) && { type: 'MKT' }),
    ...((isCoin || d.maybe(0.3)) && { tif: 'GTC' }),
    ...(from !== 'jax' && { from }),
    ...(d.maybe(0.12) && { lasts: secs(d.between(2, 30)) }),
  })
  const items = [proposal]
  const add = (verb: string, named: Record<string, string>): void => {
    items.push(at(atMs, verb, [id], named))
  }
  // Those who wait for a ticket are there before the proposal is.
  const before = (verb: string, named: Record<string, string>): void => {
    items.push(at(Math.max(0, atMs - 10), verb, [id], named))
  }
  if (d.maybe(0.88))
    before('approve', { by: from === 'tom' ? 'ana' : d.one(['ana', 'bo']), after: secs(d.between(0.2, 9)) })
  if (d.maybe(0.12)) before('approve', { by: d.one(['ana', 'bo']), after: secs(d.between(0.2, 9)) })
  if (d.maybe(0.05))
    before('halt-at', {
      at: d.one(['promised', 'promised', 'approved', 'accepted', 'filled']),
      after: secs(d.maybe(0.6) ? 0 : d.between(0, 0.5)),
      ...(d.maybe(0.3) && { scope: d.one([`symbol:${symbol}`, 'strategy:simulation']) }),
      ...(d.maybe(0.2) && { level: d.one(HALT_LEVELS) }),
    })
  if (d.maybe(0.06)) before('approve', { by: d.one(['ana', 'bo']), end: d.one(['-1', '0', '1', '-600', '400']) })
  if (d.maybe(0.05)) before('approve', { by: 'tom', after: secs(d.between(0.1, 5)) })
  if (d.maybe(0.05)) before('approve', { by: 'jax', after: secs(d.between(0.1, 5)) })
  if (d.maybe(0.05)) before('approve', { by: 'rik', after: secs(d.between(0.1, 3)) })
  if (d.maybe(0.06)) before('approve', { by: 'bo', after: secs(d.between(0.1, 5)), shows: d.one(['wrong', 'old']) })
  if (d.maybe(0.06)) before('decline', { by: d.one(['ana', 'bo']), after: secs(d.between(0.3, 8)) })
  if (d.maybe(0.08))
    before('withdraw', {
      at: d.one(['received', 'ticketed', 'ticketed', 'approved']),
      after: secs(d.maybe(0.5) ? 0 : d.between(0, 8)),
    })
  if (d.maybe(0.06)) before('reprice', { by: 'ana', after: secs(d.between(0.3, 6)) })
  if (d.maybe(0.18)) before('cancel', { by: d.one(['ana', 'tom', 'jax']), after: secs(d.between(0, 20)) })
  if (d.maybe(0.05)) before('cancel-stop', { by: 'ana', after: secs(d.between(0.2, 15)) })
  if (d.maybe(0.2))
    before('replace', {
      by: d.one(['ana', 'bo', 'ana', 'bo', 'tom']),
      after: secs(d.between(0.05, d.one([1, 4, 15]))),
      ...(d.maybe(0.7) && { cents: String(d.whole(-40, 40)) }),
      ...(d.maybe(0.4) && { share: d.one(['0.5', '0.7', '1.2', '0.9']) }),
    })
  if (d.maybe(0.1)) items.push(at(atMs + d.between(0, 4_000), 'again', [id], from !== 'jax' ? { from } : {}))
  if (d.maybe(0.05)) items.push(at(atMs + d.between(0, 4_000), 'twist', [id], from !== 'jax' ? { from } : {}))
  if (d.maybe(0.05)) add('agent-tries', {})
  return items.map((item) => (item.verb === 'agent-tries' ? { ...item, words: [d.one(['release', 'take-in'])] } : item))
}

// ---------------------------------------------------------------- who must say yes, and with what

/** How often a world begins with each. */
const POLICIES_DRAWN: readonly PolicyName[] = [
  'first',
  'first',
  'first',
  'two',
  'large-two',
  'large-two',
  'armed',
  'armed',
]

/**
 * What an order takes beyond one yes, and what comes between: second people, clicks in a chat, armed strategies, other
 * policies, people who lose their access. Yeses of before are changed in `items`.
 */
function approvals(d: Draws, world: WorldSetting, items: Item[]): Item[] {
  const more: Item[] = []
  const { policy } = world
  const asksForTwo = policy === 'two' || policy === 'large-two'
  const chats = d.maybe(0.3)
  if (chats) for (const name of ['ana', 'bo', 'rik']) if (d.maybe(0.8)) more.push(at(300, 'link', [name]))
  for (const [i, item] of items.entries()) {
    const { by = '', after, shows } = item.named
    if (item.verb !== 'approve' || after === undefined || shows !== undefined || !(by === 'ana' || by === 'bo'))
      continue
    if (asksForTwo && d.maybe(0.85)) {
      const second = d.one(['ana', 'bo', 'rik'].filter((name) => name !== by))
      more.push({ ...item, named: { by: second, after: secs(d.between(0.2, 9)), ...(chats && d.maybe(0.4) && SLACK) } })
    }
    if (chats && d.maybe(0.4))
      items[i] = { ...item, named: { ...item.named, ...SLACK, ...(d.maybe(0.1) && { user: d.one(['ana', 'bo']) }) } }
  }
  for (const [name, share] of Object.entries(SHARES))
    if (d.maybe(share[policy] ?? share.otherwise)) more.push(...(GOVERNED[name]?.(d, world) ?? []))
  return more
}
const SLACK = { via: 'slack' } as const

/** In how many of the worlds of each policy it happens. */
const SHARES: Readonly<Record<string, Partial<Record<PolicyName, number>> & { readonly otherwise: number }>> = {
  'strategies are armed': { armed: 1, otherwise: 0.08 },
  'the policy changes': { otherwise: 0.12 },
  'somebody loses their access': { otherwise: 0.1 },
  'somebody loses their chat': { otherwise: 0.1 },
  'something comes between two yeses': { two: 0.6, 'large-two': 0.4, otherwise: 0 },
  'something comes between a yes and its send': { otherwise: 0.12 },
}
/** An order whose yes waits while nobody can be reached, and what happens in that time. */
const waits = (d: Draws, w: WorldSetting, id: string, between: (when: number) => Item[], votes: Item[]): Item[] => {
  const when = sometime(d, w) * 0.6
  const mid = midAt(w.seed, 'AAPL', when)
  const words = { entry: mid.toFixed(2), stop: (mid * 0.99).toFixed(2), tif: 'GTC' }
  const yeses = votes.map((item) => ({ ...item, when: { atMs: Math.max(0, Math.round(when - 10)) } }))
  return [...yeses, at(when, 'signal', [id, 'BUY', 'AAPL'], words), ...between(when)]
}
const yes = (id: string, by: string, after: string, more: Readonly<Record<string, string>> = {}): Item =>
  at(0, 'approve', [id], { by, after, ...more })

const GOVERNED: Readonly<Record<string, Kind>> = {
  'strategies are armed': (d, w) =>
    some(d, 1, 3, () => sometime(d, w) * 0.7).flatMap((when) => {
      const by = d.one(['ana', 'ana', 'bo', 'rik', 'tom', 'jax'])
      const bounds = {
        by,
        max: d.one(['900', '3000', '12000', '20000']),
        count: String(d.whole(1, 3)),
        for: secs(d.between(3, 60)),
      }
      const symbols = d.maybe(0.3) ? [d.one(['AAPL', 'MSFT'])] : []
      const end = d.next()
      return [
        at(when, 'arm', [d.maybe(0.9) ? 'simulation' : 'another', ...symbols], bounds),
        ...(end < 0.15 ? [at(when + d.between(1_000, 15_000), 'disarm', [], { by: d.one(['ana', 'bo', 'jax']) })] : []),
        ...(end > 0.3 && end < 0.4
          ? [
              at(when + d.between(500, 8_000), 'halt', [], {
                by: 'ana',
                scope: `strategy:${d.one(['simulation', 'another'])}`,
              }),
            ]
          : []),
        ...(end > 0.9 && by !== 'jax' ? [at(when + d.between(1_000, 9_000), 'access', [by, 'off'], { by: 'ad' })] : []),
        ...(end > 0.75 && end < 0.9 ? [at(when + d.between(1_000, 15_000), 'crash', [], { down: '2.000' })] : []),
      ]
    }),
  'the policy changes': (d, w) =>
    some(d, 1, 2, () => {
      const [by, agree] = d.one([
        ['rik', 'ad'],
        ['ad', 'rik'],
        ['rik', 'rik'],
        ['ana', 'ad'],
      ] as const)
      const after = secs(d.between(0, 6))
      return at(sometime(d, w), 'policy', [d.one(['first', 'two', 'large-two', 'armed'])], { by, agree, after })
    }),
  'somebody loses their access': (d, w) => {
    const [name, when] = [d.one(['ana', 'bo', 'rik', 'ad']), sometime(d, w)]
    const by = name === 'rik' ? 'ad' : 'rik'
    const off = at(when, 'access', [name, d.one(['off', 'no-roles'])], { by })
    return d.maybe(0.5)
      ? [off]
      : [off, at(when + 8_000, 'access', [name, 'on'], { by, agree: by === 'ad' ? 'rik' : 'ad' })]
  },
  'somebody loses their chat': (d, w) => {
    const [name, when] = [d.one(['ana', 'bo']), sometime(d, w)]
    return [at(when, 'unlink', [name], d.maybe(0.3) ? { by: d.one(['ad', 'rik']) } : {})]
  },
  'something comes between two yeses': (d, w) => {
    const [first, second] = d.one([
      ['ana', 'bo'],
      ['bo', 'rik'],
      ['rik', 'ana'],
      ['ana', 'ana'],
    ] as const)
    const between = (when: number): Item[] => {
      const then = when + d.between(1_200, 3_800)
      switch (d.whole(0, 5)) {
        case 0:
          return [at(then, 'disable', [first])]
        case 1:
          return [at(then, 'access', [first, 'off'], { by: 'ad' })]
        case 2:
          return [at(then, 'halt', [], { by: 'ana' }), at(then + d.between(100, 3_000), 'release', [], { by: 'rik' })]
        case 3:
          return [at(then, 'crash', [], { down: '2.000' })]
        case 4:
          return [at(then, 'policy', [d.one(['first', 'two', 'large-two'])])]
        default:
          return []
      }
    }
    const votes = [yes('V1', first, '1.000', { times: '1' }), yes('V1', second, '4.000')]
    if (d.maybe(0.3)) votes.push(at(0, 'reprice', ['V1'], { by: 'tom', after: secs(d.between(1.2, 3.8)) }))
    if (d.maybe(0.3)) votes.push(yes('V1', d.one(['ana', 'bo', 'rik']), '6.000'))
    return waits(d, w, 'V1', between, votes)
  },
  'something comes between a yes and its send': (d, w) => {
    const using = d.maybe(0.5)
    const by = d.one(['ana', 'bo'])
    const between = (when: number): Item[] => {
      const then = when + d.between(2_100, 5_000)
      const what = d.one([
        at(then, 'policy', [d.one(['first', 'two', 'large-two', 'armed'])]),
        at(then, 'access', [by, d.one(['off', 'no-roles'])], { by: 'rik' }),
        ...(using ? [at(then, 'unlink', [by]), at(then, 'unlink', [by], { by: 'ad' })] : []),
      ])
      return [at(when + 1_900, 'stick', ['AAPL'], { for: secs(d.between(2, 8)) }), what]
    }
    const votes = [yes('W1', by, '2.000', using ? SLACK : {}), yes('W1', 'rik', '1.000')]
    return [...(using ? [at(200, 'link', [by])] : []), ...waits(d, w, 'W1', between, votes)]
  },
}

// ---------------------------------------------------------------- risk limits

const LIMITS_DRAWN = Object.keys(LIMITS) as Exclude<LimitsName, 'wide' | 'tight'>[]
/** At midnight in New York only coins are traded. */
const turning = (d: Draws, broker: BrokerName): string =>
  d.maybe(0.4) ? STARTS.midday : broker === 'coins' && d.maybe(0.7) ? TURNS.day : TURNS.hour

/** Orders that go at one instant and do not all fit, people who change the limits, gains and losses. */
function limited(d: Draws, w: WorldSetting): Item[] {
  const items: Item[] = []
  const symbols = w.broker === 'coins' ? ['BTC/USD', 'AAPL'] : ['AAPL', 'AAPL', 'MSFT']
  const start = d.between(500, 4_000)
  // Some one after the other, so that days fill up; those of one instant get their yes at one instant too.
  const times = Array.from({ length: d.whole(2, 5) }, (_, i) => start + (i * w.lastsMs * 0.8) / 5)
  for (const [i, when] of times.entries()) {
    const many = d.maybe(0.6) ? d.whole(2, 3) : 1
    const symbol = d.one(symbols)
    for (let n = 1; n <= many; n++) {
      const of = d.maybe(0.5) ? symbol : d.one(symbols)
      const mid = midAt(w.seed, of, when)
      const words = {
        entry: (mid * (1 + d.between(-8, 8) / 10_000)).toFixed(2),
        stop: (mid * 0.99).toFixed(2),
        tif: 'GTC',
      }
      if (w.limits === 'soft' && d.maybe(0.7))
        items.push(
          at(when - 10, 'approve', [`R${i + 1}${'abc'[n - 1]}`], {
            by: d.one(['ana', 'bo']),
            after: secs(d.between(0.3, 6)),
            via: 'passkey',
          }),
        )
      items.push(at(when + (n - 1) * 1_050, 'signal', [`R${i + 1}${'abc'[n - 1]}`, 'BUY', of], words))
    }
    const yes = when + many * 1_050 + d.between(100, 1_500)
    items.push(at(yes, 'approve-all', [], { by: 'ana' }))
    if (w.policy === 'two' || w.policy === 'large-two' || d.maybe(0.2))
      items.push(at(yes, 'approve-all', [], { by: 'bo' }))
    if (d.maybe(0.2)) items.push(at(yes + d.between(1, 600), 'crash', [], { down: '2.000' }))
  }
  if (w.limits === 'soft') items.push(...['ana', 'bo'].map((name) => at(300, 'passkey', [name])))
  if (w.limits === 'losses')
    items.push(...some(d, 1, 3, () => at(sometime(d, w) * 0.7, 'worth', [String(d.whole(960, 1_010) * 100)])))
  if (d.maybe(0.5))
    items.push(
      ...some(d, 1, 2, () => {
        const tighter = d.maybe(0.6)
        const by = tighter ? d.one(['ana', 'rik', 'ad', 'vi', 'vi']) : d.one(['rik', 'rik', 'rik', 'ana', 'ad'])
        const agree = d.one(['ana', 'bo', 'bo', 'ad', 'rik'])
        return at(sometime(d, w), 'limits', [tighter ? 'tighter' : 'looser'], {
          by,
          agree,
          after: secs(d.between(0, 4)),
        })
      }),
    )
  return items
}

// ---------------------------------------------------------------- what goes wrong

/** The first of a kind matter most: in many a world there are only a few. */
const nth = (d: Draws, most: number): number => 1 + Math.floor(most * d.next() ** 1.7)

const some = <T>(d: Draws, least: number, most: number, make: () => T): T[] =>
  Array.from({ length: d.whole(least, most) }, make)

export const KINDS: Readonly<Record<string, Kind>> = {
  'replies to sends': (d) =>
    some(d, 1, 4, () =>
      on(
        'send',
        nth(d, 6),
        d.one(['lost', 'lost-booked', 'throw', 'throw-booked', 'slow', 'twice', 'silent', 'no-booked']),
      ),
    ),
  'sends that arrive late': (d, { broker }) => {
    // Later than this a look-up that knows nothing would prove a falsehood: that is the broker's promise, not ours.
    const most = BROKERS[broker].absenceProvenAfterMs ?? 30_000
    return some(d, 1, 2, () =>
      on('send', nth(d, 6), 'late', [], { ms: String(d.whole(100, Math.min(most - 1_000, 15_000))) }),
    )
  },
  'a repeat that fares no better': (d) => {
    const n = nth(d, 4)
    return [
      on('send', n, d.one(['lost', 'lost-booked', 'throw'])),
      on('send', n + 1, d.one(['lost', 'reject', 'throw-booked', 'crash-before'])),
    ]
  },
  'replies beyond all patience': (d) =>
    some(d, 1, 2, () =>
      on('send', nth(d, 4), 'hang', [], {
        ms: String(d.whole(61_000, 85_000)),
        says: d.one(['yes', 'no', 'nothing']),
        booked: d.one(['yes', 'no', 'no']),
      }),
    ),
  'sends that wait too long': (d) =>
    some(d, 1, 2, () =>
      on('send', nth(d, 4), 'queued', [], {
        ms: String(d.maybe(0.5) ? d.whole(500, 20_000) : d.whole(61_000, 90_000)),
      }),
    ),
  'orders that are refused after all': (d) =>
    some(d, 1, 2, () => on('send', nth(d, 5), 'reject-later', [], { ms: String(d.whole(1, 1_500)) })).concat(
      d.maybe(0.5) ? [on('report', nth(d, 10), 'wrong-fill', ['rejected'], { size: d.one(['all', 'lot']) })] : [],
    ),
  'sends that arrive after the proof': (d, { broker }) => {
    const proof = BROKERS[broker].absenceProvenAfterMs ?? 20_000
    return [on('send', nth(d, 4), 'late', [], { ms: String(Math.round(proof + d.between(2_000, 15_000))) })]
  },
  'orders that are listed late': (d) =>
    some(d, 1, 3, () => on('send', nth(d, 6), 'unlisted', [], { ms: String(d.whole(200, 2_500)) })),
  'orders that are refused': (d) => some(d, 1, 3, () => on('send', nth(d, 7), 'reject')),
  'legs that are forgotten': (d) => some(d, 1, 2, () => on('send', nth(d, 5), d.one(['no-legs', 'legs-later']))),
  'replies to cancels': (d) =>
    some(d, 1, 4, () =>
      on('cancel', nth(d, 5), d.one(['lost', 'lost-done', 'throw', 'throw-done', 'reject', 'taken', 'slow'])),
    ),
  'answers that fail': (d) => some(d, 1, 5, () => on('read', d.whole(1, 60), d.one(['fail', 'slow']))),
  'crash at a commit': (d) => some(d, 1, 4, () => on('commit', d.whole(7, 90), d.one(['crash-before', 'crash-after']))),
  'crash at a send': (d) => some(d, 1, 3, () => on('send', nth(d, 6), d.one(['crash-before', 'crash-booked']))),
  'crash at a cancel': (d) => some(d, 1, 2, () => on('cancel', nth(d, 4), d.one(['crash-before', 'crash-done']))),
  'crash at a read': (d) => some(d, 1, 2, () => on('read', d.whole(1, 60), d.one(['crash-before', 'crash-answered']))),
  'crash at a report': (d) => some(d, 1, 2, () => on('report', nth(d, 14), 'crash-before')),
  kill: (d, w) => some(d, 1, 3, () => at(sometime(d, w), 'crash', [], { down: secs(d.between(1.6, 15)) })),
  'reports lost, late, twice': (d) =>
    some(d, 1, 6, () => {
      const verb = d.one(['drop', 'twice', 'late'])
      return on('report', nth(d, 16), verb, [], verb === 'late' ? { ms: String(d.whole(200, 9_000)) } : {})
    }),
  'a stormy day': (_, w) => [at(1_000, 'storm', [], { for: secs(w.lastsMs / 1_000) })],
  'trades taken back at once': (d) =>
    some(d, 1, 3, () =>
      on('report', nth(d, 10), d.one(['bust', 'bust', 'correct']), [], d.maybe(0.3) ? { told: 'no' } : {}),
    ),
  storm: (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'storm', [], { for: secs(d.between(5, 40)) })),
  'stream lost': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'deaf', [], { for: secs(d.between(3, 40)) })),
  'stream silent': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'mute', [], { for: secs(d.between(3, 30)) })),
  outage: (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'outage', [], { for: secs(d.between(2, 60)) })),
  throttling: (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'throttle', [], { for: secs(d.between(2, 25)) })),
  'slow line': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'slow', [], { for: secs(d.between(5, 40)) })),
  /** Of one scope or of several, raised or not, and each released by itself, in any order. */
  'halts that overlap': (d, w) => {
    const [when, one] = [d.between(0.2, 0.7) * w.lastsMs, d.one(SCOPES)]
    const moment = (): number => when + d.between(0, 8_000)
    const first = [at(when, 'halt', [], { by: 'rik', scope: one, level: d.one(HALT_LEVELS.slice(0, 3)) })]
    const raised = d.maybe(0.6) ? [at(moment(), 'halt', [], { by: 'ana', scope: one, level: 'K4' })] : []
    const others = some(d, 1, 2, () =>
      at(moment(), 'halt', [], { by: d.one(['rik', 'jax', 'ana']), scope: d.one(SCOPES), level: d.one(HALT_LEVELS) }),
    )
    const halts = [...first, ...raised, ...others]
    const releases = halts.flatMap(({ named: { scope = 'global' } }) =>
      d.maybe(0.8) ? [at(when + d.between(500, 20_000), 'release', [], { by: d.one(['rik', 'ana']), scope })] : [],
    )
    return [...halts, ...releases]
  },
  /** By a person or the agent, at an instruction, or by the file; of all or of a part, sometimes raised; mostly released again. */
  halt: (d, w) => {
    const when = d.between(0.2, 0.8) * w.lastsMs
    const scope: Record<string, string> = d.maybe(0.4) ? { scope: d.one(SCOPES.slice(1)) } : {}
    const far: Record<string, string> = d.maybe(0.3) ? { level: d.one(HALT_LEVELS) } : {}
    const released = d.maybe(0.8) ? [at(when + d.between(2_000, 18_000), 'release', [], { by: 'rik', ...scope })] : []
    const raised = d.maybe(0.25)
      ? [at(when + d.between(50, 5_000), 'halt', [], { by: 'ana', ...scope, level: 'K4' })]
      : []
    switch (d.whole(0, 2)) {
      case 0:
        return [at(when, 'halt', [], { by: d.one(['rik', 'jax', 'ana']), ...scope, ...far }), ...raised, ...released]
      case 1: {
        const point = d.one(['commit', 'commit', 'send', 'report', 'read', 'market', 'cancel'] as const)
        const n = point === 'commit' ? d.whole(7, 80) : nth(d, 6)
        return [on(point, n, 'halt', [], { by: 'rik', ...scope, ...far }), ...raised, ...released]
      }
      default:
        return [
          at(when, 'haltfile', ['present']),
          ...(d.maybe(0.7) ? [at(when + d.between(300, 2_000), 'haltfile', ['absent']), ...released] : []),
        ]
    }
  },
  'approver removed': (d, w) => {
    const [who, when] = [d.one(['ana', 'bo']), sometime(d, w)]
    return d.maybe(0.5)
      ? [at(when, 'disable', [who])]
      : [at(when, 'disable', [who]), at(when + 10_000, 'enable', [who])]
  },
  'approver removed at an instruction': (d) => [on('commit', d.whole(8, 50), 'disable', [d.one(['ana', 'bo'])])],
  clock: (d, w) =>
    some(d, 1, 2, () => null).flatMap(() => {
      const when = sometime(d, w)
      if (d.maybe(0.25)) return [at(when, 'clock', [], { ppm: d.one(['-500', '300', '2000']) })]
      // Most often somebody, or a time server, notices soon.
      const step = d.one([-30, -5, -1, 0.5, 2, 7, 60])
      const back = at(when + d.between(500, 15_000), 'clock', [], { step: String(-step) })
      return [at(when, 'clock', [], { step: String(step) }), ...(d.maybe(0.8) ? [back] : [])]
    }),
  'disk full': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'disk', ['full'], { for: secs(d.between(0.5, 20)) })),
  'disk fails': (d, w) =>
    some(d, 1, 2, () =>
      d.maybe(0.5)
        ? at(sometime(d, w), 'disk', ['torn'])
        : on('commit', d.whole(5, 80), d.one(['torn', 'torn-written', 'full'])),
    ),
  'slow disk': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'disk', ['slow'], { for: secs(d.between(2, 25)) })),
  'second instance': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'second')),
  'another account': (d, w) => [at(sometime(d, w), 'stranger', [], { for: secs(d.between(3, 12)) })],
  'market jumps': (d, w) =>
    some(d, 1, 3, () => at(sometime(d, w), 'gap', [symbolOf(d, w), d.between(-2.5, 2.5).toFixed(2)])),
  'market shut': (d, w) => [at(sometime(d, w), 'shut', [symbolOf(d, w)], { for: secs(d.between(4, 40)) })],
  'quotes stand still': (d, w) => [at(sometime(d, w), 'stick', [symbolOf(d, w)], { for: secs(d.between(4, 30)) })],
  'account blocked': (d, w) => [at(sometime(d, w), 'account', ['blocked'], { for: secs(d.between(4, 25)) })],
  'other hands': (d, w) =>
    some(d, 1, 3, () => {
      const what = d.one(['buy', 'sell', 'cancel', 'refuse', 'close', 'replace', 'replace', 'enlarge'])
      const symbol = symbolOf(d, w)
      const size = symbol.includes('/') ? '0.01' : String(d.whole(1, 9))
      return at(
        sometime(d, w),
        'website',
        [what, symbol],
        what === 'buy' || what === 'sell' || what === 'enlarge' ? { qty: size } : {},
      )
    }),
  busts: (d, w) =>
    some(d, 1, 3, () => at(sometime(d, w), d.one(['bust', 'correct']), [], d.maybe(0.3) ? { told: 'no' } : {})),
  'wrong fills': (d, w) =>
    some(d, 1, 4, () =>
      at(sometime(d, w), 'wrong-fill', [d.one(['late', 'late', 'replaced', 'rejected', 'over'])], {
        size: d.one(['all', 'lot']),
      }),
    ),
  'take in': (d, w) => some(d, 1, 2, () => at(sometime(d, w), 'take-in', [symbolOf(d, w)])),
  /** An order rests far from the market, ends in one way or another, and trades in spite of that. */
  'a fill after the end': (d, w) =>
    some(d, 1, 2, () => d.whole(1, 9)).flatMap((n) => {
      const expires = closes(w) && d.maybe(0.7)
      const when = expires ? d.between(85_000, 112_000) : sometime(d, w) * 0.7
      const [id, symbol] = [`E${n}`, d.one(['AAPL', 'MSFT'])]
      const mid = midAt(w.seed, symbol, when)
      const far = mid * (1 - d.between(60, 120) / 10_000)
      const ends = expires ? CLOSE_MS : when + d.between(1_500, 5_000)
      const end = d.one(['cancel', 'replace', 'replace', 'website', 'website', 'reject'])
      const fill = (name: string, ms: number): Item => at(ms, 'wrong-fill', [name], { size: d.one(['all', 'lot']) })
      const items = [
        at(when - 10, 'approve', [id], { by: 'ana', after: '0.200' }),
        at(when, 'signal', [id, 'BUY', symbol], {
          entry: far.toFixed(2),
          stop: (far * 0.97).toFixed(2),
          ...(!expires && { tif: 'GTC' }),
        }),
      ]
      const secsUntil = (ms: number): string => secs(Math.max(0.05, (ms - when) / 1_000 - 0.3))
      if (d.maybe(0.25)) items.push(at(when + 100, 'mute', [], { for: secs(d.between(0.5, 8)) }))
      if (d.maybe(0.5)) items.push(at(when + 100, 'storm', [], { for: secs(d.between(5, 30)) }))
      if (d.maybe(0.4)) items.push(fill('early', ends - d.between(100, 900)))
      if (!expires && end === 'cancel') items.push(at(when - 10, 'cancel', [id], { by: 'bo', after: secsUntil(ends) }))
      if (!expires && end === 'replace')
        items.push(at(when - 10, 'replace', [id], { by: 'bo', after: secsUntil(ends), cents: '-5' }))
      if (!expires && end === 'website')
        items.push(at(ends, 'website', [d.one(['cancel', 'replace', 'refuse']), symbol]))
      for (let more = d.whole(1, 3); more > 0; more--)
        items.push(
          fill(
            d.one(['late', 'late', end === 'replace' || end === 'website' ? 'replaced' : 'late', 'rejected']),
            ends + d.between(5, 4_000),
          ),
        )
      if (d.maybe(0.6)) items.push(at(ends + d.between(500, 5_000), d.one(['bust', 'bust', 'correct'])))
      return items
    }),
  'a yes that cannot be sent': (d, w) => {
    // Nobody is reached just when the answer is given, and meanwhile the agent changes its mind.
    const when = sometime(d, w) * 0.6
    const mid = midAt(w.seed, 'AAPL', when)
    return [
      at(when - 10, 'approve', ['Y1'], { by: 'ana', after: '2.000' }),
      at(when - 10, 'withdraw', ['Y1'], { at: 'approved', after: secs(d.between(0, 3)) }),
      at(when - 10, 'reprice', ['Y1'], { by: 'bo', after: secs(d.between(0.2, 9)) }),
      at(when, 'signal', ['Y1', 'BUY', 'AAPL'], { entry: mid.toFixed(2), stop: (mid * 0.99).toFixed(2), tif: 'GTC' }),
      at(when + d.between(500, 1_900), 'outage', [], { for: secs(d.between(2, 12)) }),
      d.maybe(0.3)
        ? at(when + 1_500, 'gap', ['AAPL', '-2'])
        : at(when + 1_500, d.one(['stick', 'shut']), ['AAPL'], { for: secs(d.between(2, 10)) }),
    ]
  },
  'two limits': (d, w) => {
    // Ideas in one symbol at one moment: two of them may not both fit.
    const when = sometime(d, w) * 0.6
    return ['L1', 'L2', 'L3'].slice(0, d.whole(2, 3)).flatMap((id) => idea(d, w, id, when + d.between(0, 4_000)))
  },
  'a fill of a larger size': (d, w) => {
    // Our book has it whole when the size of the broker is looked at, and there it goes on filling.
    const when = sometime(d, w) * 0.6
    const symbol = d.one(['AAPL', 'MSFT'])
    const far = midAt(w.seed, symbol, when) * 0.99
    const size = d.whole(1, 3)
    const fills = when + d.between(1_500, 3_500)
    const lot = (ms: number): Item => at(ms, 'wrong-fill', ['early'], { size: 'lot' })
    return [
      at(when - 10, 'approve', ['M1'], { by: 'ana', after: '0.200' }),
      at(when, 'order', ['M1', 'BUY', symbol], {
        entry: far.toFixed(2),
        stop: (far * 0.97).toFixed(2),
        qty: String(size),
        tif: 'GTC',
      }),
      at(fills, 'website', ['enlarge', symbol], { qty: String(d.whole(2, 4)) }),
      ...Array.from({ length: size }, (_, i) => lot(fills + 10 + i)),
      at(fills + d.between(30, 500), 'reconcile'),
      lot(fills + d.between(1_000, 6_000)),
    ]
  },
  'an order just before the close': (d, w) => {
    if (!seesTheClose(w)) return []
    // Its first word is its end: what the broker said before is lost, and the session is over before anybody asks.
    const symbol = d.one(['AAPL', 'MSFT'])
    const when = CLOSE_MS - d.between(500, 2_000)
    const far = midAt(w.seed, symbol, when) * 0.985
    return [
      at(when - 10, 'approve', ['C1'], { by: 'bo', after: '0.150' }),
      at(when, 'signal', ['C1', 'BUY', symbol], { entry: far.toFixed(2), stop: (far * 0.98).toFixed(2) }),
      at(when, 'mute', [], { for: secs((CLOSE_MS - when) / 1_000 - d.between(0.01, 0.1)) }),
    ]
  },
  'cancels that arrive late': (d) =>
    some(d, 1, 2, () => on('cancel', nth(d, 4), 'late', [], { ms: String(d.whole(100, 25_000)) })),
  'cancels beyond all patience': (d) =>
    some(d, 1, 2, () =>
      on('cancel', nth(d, 3), 'hang', [], {
        ms: String(d.whole(20_000, 85_000)),
        says: d.one(['yes', 'no', 'nothing']),
        done: d.one(['yes', 'no']),
      }),
    ),
  'prices that are not told': (d) => some(d, 1, 5, () => on('market', d.whole(1, 90), d.one(['fail', 'slow']))),
  'crash at a price': (d) =>
    some(d, 1, 2, () => on('market', d.whole(1, 90), d.one(['crash-before', 'crash-answered']))),
}

/** The sessions of all days but the plain ones end so long after their start. */
const CLOSE_MS = 120_000
const closes = ({ start }: WorldSetting): boolean =>
  !start.includes('T16:') && !start.includes('T23:') && !start.includes('T04:')
const seesTheClose = (w: WorldSetting): boolean => closes(w) && w.lastsMs > CLOSE_MS
