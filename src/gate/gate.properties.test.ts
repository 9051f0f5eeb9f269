import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Instrument } from '../orders/instrument.ts'
import type { Order } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Side } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import {
  abs,
  type Amt,
  type Decimal,
  dec,
  gt,
  gte,
  isMultipleOf,
  isZero,
  lte,
  minus,
  plus,
  type Px,
  type Qty,
  sign,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { AAPL, ACCOUNT, DAY, FACTS, limitedBy, MARKET, NOW, POLICY, PROPOSAL, RESTING } from './example.ts'
import type { DayFacts, Facts, Quote } from './facts.ts'
import { assess, recheck } from './gate.ts'
import { isTightening, LIMIT_NAMES, type LimitName, LIMITS, type Limits, tightenedBy } from './limits.ts'
import { effective, type Policy } from './policy.ts'
import { explain } from './refusal.ts'

type World = { readonly proposal: Proposal; readonly facts: Facts; readonly policy: Policy }

const scaled = (unit: string, min: number, max: number): fc.Arbitrary<Decimal> =>
  fc.integer({ min, max }).map((n) => times(dec(String(n)), dec(unit)))
const cents = (max: number) => scaled('0.01', 0, max * 100)

const instrument: fc.Arbitrary<Instrument> = fc
  .record({
    lot: fc.constantFrom('0.001', '0.1', '0.25', '1', '10'),
    least: fc.integer({ min: 0, max: 5 }),
    most: fc.option(fc.integer({ min: 5, max: 2000 })),
    currency: fc.constantFrom('USD', 'JPY'),
    tick: fc.constantFrom('0.0001', '0.01', '0.05'),
  })
  .map(({ lot, least, most, currency, tick }) => ({
    ...AAPL,
    currency,
    ticks: [{ from: ZERO as Px, tick: dec(tick) as Px }],
    lot: dec(lot) as Qty,
    minQty: times(dec(String(least)), dec(lot)) as Qty,
    maxQty: most === null ? null : (times(dec(String(most)), dec(lot)) as Qty),
  }))

/** Another intent's entry in any state of its life. */
const resting: fc.Arbitrary<Order> = fc
  .record({
    n: fc.integer({ min: 1, max: 1e6 }),
    symbol: fc.constantFrom('AAPL', 'MSFT'),
    filled: fc.integer({ min: 0, max: 100 }),
    cost: cents(40_000),
    delivery: fc.constantFrom('Queued', 'Sending', 'InDoubt', 'Delivered'),
    ageMs: fc.integer({ min: 0, max: 5000 }),
  })
  .map(({ n, symbol, filled, cost, delivery, ageMs }) => ({
    ...RESTING,
    clOrdID: `jx-${n}` as ClOrdID,
    terms: { ...RESTING.terms, symbol },
    maxNotional: cost as Amt,
    cumQty: dec(String(filled)) as Qty,
    phase: filled === 0 ? 'PendingNew' : filled === 100 ? 'Filled' : 'PartiallyFilled',
    delivery,
    updatedAt: plusMs(NOW, -ageMs),
  }))

/** Proposals near the market, mostly good, with every limit about as likely to bind as the risk. */
const world: fc.Arbitrary<World> = fc
  .record({
    side: fc.constantFrom<Side>('Buy', 'Sell'),
    ordType: fc.constantFrom('Limit', 'Market'),
    form: fc.constantFrom('Signal', 'Signal', 'Order'),
    explicitQty: fc.constantFrom('exact', 'not-larger'),
    asked: scaled('0.001', 1, 500_000),
    mid: scaled('0.0001', 900_000, 1_100_000),
    half: scaled('0.0001', 0, 2000),
    offset: scaled('0.0001', -20_000, 20_000),
    stop: scaled('0.0001', 1, 50_000),
    target: fc.option(scaled('0.0001', 1, 100_000)),
    equity: cents(200_000),
    buyingPower: cents(200_000),
    risk: scaled('0.0001', 0, 300),
    order: cents(60_000),
    position: cents(90_000),
    stage: cents(60_000),
    buffer: scaled('0.01', 0, 20),
    rate: scaled('0.000001', 1000, 1_500_000),
    held: scaled('0.001', 0, 300_000),
    instrument,
    inFlight: fc.array(resting, { maxLength: 4 }),
    reservesOpenOrders: fc.boolean(),
  })
  .map((w) => {
    const up = w.side === 'Buy'
    const entryPx = plus(w.mid, w.offset) as Px
    const away = (distance: Decimal, above: boolean) =>
      (above ? plus(entryPx, distance) : minus(entryPx, distance)) as Px
    const account = { ...ACCOUNT, equity: w.equity as Amt, buyingPower: w.buyingPower as Amt }
    const heldQty = up ? w.held : minus(ZERO, w.held)
    return {
      proposal: {
        ...PROPOSAL,
        side: w.side,
        ordType: w.ordType,
        form: w.form,
        orderQty: w.form === 'Order' ? (w.asked as Qty) : null,
        entryPx,
        stopPx: away(w.stop, !up),
        targetPx: w.target && away(w.target, up),
      },
      facts: {
        ...FACTS,
        market: {
          ...MARKET,
          instrument: w.instrument,
          quote: { ...(MARKET.quote as Quote), bid: minus(w.mid, w.half) as Px, ask: plus(w.mid, w.half) as Px },
          conversion: { rate: w.rate, at: NOW },
        },
        account: { account, positions: [{ symbol: 'AAPL', netQty: heldQty }], at: ACCOUNT.at },
        bookQty: heldQty,
        inFlight: w.inFlight.filter((o) => up || o.terms.symbol !== 'AAPL'),
        supported: { ...FACTS.supported, reservesOpenOrders: w.reservesOpenOrders },
      },
      policy: {
        ...POLICY,
        riskPerTrade: w.risk,
        maxOrderNotional: w.order as Amt,
        maxPositionNotional: w.position as Amt,
        stageMaxNotional: w.stage as Amt,
        buyingPowerBuffer: w.buffer,
        explicitQty: w.explicitQty,
      },
    }
  })

const look = ({ proposal, facts, policy }: World) => assess(proposal, facts, policy, 1, NOW)
const again = (ticket: Ticket, { proposal, facts, policy }: World) => recheck(ticket, proposal, facts, policy, NOW)
const all = (property: (w: World) => void, numRuns = 400) => fc.assert(fc.property(world, property), { numRuns })
const rateOf = ({ facts }: World): Decimal =>
  facts.market?.instrument?.currency === 'USD' ? dec('1') : (facts.market?.conversion?.rate as Decimal)

/** What a ticket must keep, computed here from the facts and not from the gate's own sizing. */
function assertWithin(w: World, ticket: Ticket): void {
  const { policy, facts } = w
  const { instrument, quote } = facts.market as { instrument: Instrument; quote: Quote }
  const { account } = facts.account as NonNullable<Facts['account']>
  const { orderQty, price, bracket, side } = ticket.terms
  const rate = rateOf(w)
  const { stopPx, targetPx } = bracket as NonNullable<typeof bracket>

  assert.ok(isMultipleOf(orderQty, instrument.lot) && gt(orderQty, ZERO) && gte(orderQty, instrument.minQty))
  assert.ok(instrument.maxQty === null || lte(orderQty, instrument.maxQty))
  for (const limit of [policy.maxOrderNotional, policy.stageMaxNotional]) assert.ok(lte(ticket.maxNotional, limit))

  const entryPx = price ?? (side === 'Buy' ? quote.ask : quote.bid)
  const risk = times(times(orderQty, abs(minus(entryPx, stopPx))), rate)
  assert.ok(lte(risk, times(account.equity, policy.riskPerTrade)), `risk ${text(risk)}`)
  assert.ok(gte(ticket.maxNotional, times(times(orderQty, entryPx), rate)), 'costs more than the ticket says')

  const open = facts.inFlight.filter((o) => o.phase !== 'Filled')
  // Exact: what is partly filled here is always an order for 100.
  const part = (o: Order, quantity: Decimal): Decimal =>
    isZero(o.cumQty) ? (o.maxNotional as Amt) : times(times(o.maxNotional as Amt, quantity), dec('0.01'))
  const left = (o: Order): Decimal => minus(o.terms.orderQty as Decimal, o.cumQty)
  const inSymbol = open
    .filter((o) => o.terms.symbol === 'AAPL')
    .reduce<Decimal>((sum, o) => plus(sum, part(o, left(o))), ZERO)
  const holding = times(times(abs(facts.bookQty), quote.ask), rate)
  assert.ok(lte(plus(plus(holding, inSymbol), ticket.maxNotional as Decimal), policy.maxPositionNotional))
  const unseen = open
    .filter((o) => o.delivery !== 'Delivered' || !facts.supported.reservesOpenOrders)
    .reduce<Decimal>((sum, o) => plus(sum, part(o, left(o))), ZERO)
  const spendable = times(account.buyingPower, minus(dec('1'), policy.buyingPowerBuffer))
  assert.ok(lte(plus(unseen, ticket.maxNotional as Decimal), spendable))

  if (price) assert.ok(sign(minus(price, stopPx)) === (side === 'Buy' ? 1 : -1))
  if (price && targetPx) assert.ok(sign(minus(targetPx, price)) === (side === 'Buy' ? 1 : -1))
}

describe('whatever is asked', () => {
  it('a ticket keeps every limit and the risk budget, and its prices never cross', () => {
    let tickets = 0
    all((w) => {
      const { ticket, refusals, checks, sizing } = look(w)
      assert.equal(ticket === null, refusals.length > 0)
      assert.equal(checks.filter((line) => !line.passed).length, refusals.length)
      for (const refusal of refusals) assert.ok(explain(refusal).length > 20)
      if (!ticket || !sizing) return
      tickets++
      assertWithin(w, ticket)
      assert.ok(lte(sizing.riskAtStop, sizing.riskAmount))
    }, 1500)
    assert.ok(tickets > 100, `only ${tickets} tickets: the worlds are too hostile to prove anything`)
  })

  it('the computed size is the largest that fits: one lot more breaks what decided', () =>
    all((w) => {
      const { sizing } = look(w)
      if (!sizing) return
      const more = plus(sizing.qty, sizing.lot)
      if (sizing.binding === 'risk') return assert.ok(gt(times(more, sizing.riskPerUnitAccount), sizing.riskAmount))
      const cap = sizing.caps.find((one) => one.name === sizing.binding)
      assert.ok(cap && gt(cap.name === 'instrument' ? more : times(more, sizing.unitCost), cap.left))
    }))

  it('an explicit order passes only within the computed size', () =>
    all((w) => {
      const { ticket, sizing } = look({
        ...w,
        proposal: { ...w.proposal, form: 'Order', orderQty: w.proposal.orderQty ?? (dec('1') as Qty) },
      })
      if (ticket && sizing) assert.ok(lte(ticket.terms.orderQty, sizing.qty))
    }))

  it('more equity never makes a size smaller', () =>
    fc.assert(
      fc.property(world, cents(50_000), (w, gain) => {
        const held = w.facts.account as NonNullable<Facts['account']>
        const richer = {
          ...w.facts,
          account: { ...held, account: { ...held.account, equity: plus(held.account.equity, gain as Amt) } },
        }
        const [before, after] = [look(w).sizing, look({ ...w, facts: richer }).sizing]
        if (before && after) assert.ok(gte(after.qty, before.qty))
      }),
      { numRuns: 300 },
    ))

  it('one more order in flight never makes a size larger, nor lets through what was refused', () =>
    fc.assert(
      fc.property(world, resting, (w, more) => {
        const busier = { ...w, facts: { ...w.facts, inFlight: [...w.facts.inFlight, more] } }
        const [before, after] = [look(w), look(busier)]
        if (before.sizing && after.sizing) assert.ok(lte(after.sizing.qty, before.sizing.qty))
        if (!before.ticket && w.proposal.form === 'Signal') assert.equal(after.ticket, null)
      }),
      { numRuns: 300 },
    ))

  it('a ticket passes its recheck while nothing changes, as it is and no other', () =>
    all((w) => {
      const { ticket } = look(w)
      if (!ticket) return
      const { passed, refusals, drift } = again(ticket, w)
      assert.deepEqual([refusals, drift, passed], [[], null, ticket.terms])
    }))

  it('what passes its recheck in another world keeps the limits of that world', () =>
    fc.assert(
      fc.property(world, world, (a, b) => {
        const { ticket } = look(a)
        if (!ticket) return
        // The same intent and instrument; other equity, limits, open orders and buying power.
        const then: World = {
          proposal: a.proposal,
          policy: b.policy,
          facts: {
            ...a.facts,
            account: {
              ...(b.facts.account as NonNullable<Facts['account']>),
              positions: a.facts.account?.positions ?? [],
            },
            inFlight: a.facts.inFlight,
          },
        }
        if (!again(ticket, then).passed) return
        for (const limit of [then.policy.maxOrderNotional, then.policy.stageMaxNotional])
          assert.ok(lte(ticket.maxNotional, limit))
      }),
      { numRuns: 300 },
    ))

  it('of many intents let through one after the other, all fit together', () =>
    all((w) => {
      const sent: Order[] = []
      for (let n = 0; n < 4; n++) {
        const now: World = {
          ...w,
          proposal: { ...w.proposal, intentID: `jax-10${n}` as IntentID, form: 'Signal', orderQty: null },
          facts: { ...w.facts, inFlight: [...w.facts.inFlight, ...sent] },
        }
        const { ticket } = look(now)
        if (!ticket) break
        assertWithin(now, ticket)
        sent.push({
          ...RESTING,
          intentID: ticket.intentID,
          clOrdID: `jx-20${n}` as ClOrdID,
          terms: ticket.terms,
          maxNotional: ticket.maxNotional,
          delivery: 'Sending',
          phase: 'PendingNew',
          updatedAt: NOW,
        })
      }
      const total = sent.reduce<Decimal>((sum, o) => plus(sum, o.maxNotional as Decimal), ZERO)
      assert.ok(lte(total, w.policy.maxPositionNotional))
      assert.ok(lte(total, w.facts.account?.account.buyingPower ?? ZERO) || sent.length === 0)
    }, 200))

  it('with any fact missing there is no ticket, and no fault', () => {
    const blank = <T>(value: T) => fc.constantFrom(value, null)
    fc.assert(
      fc.property(
        blank('market'),
        blank('account'),
        blank('instrument'),
        blank('quote'),
        blank('session'),
        blank('conversion'),
        (...kept) => {
          const has = (name: string) => (kept as (string | null)[]).includes(name)
          const market = {
            ...MARKET,
            instrument: has('instrument') ? { ...AAPL, currency: 'JPY' } : null,
            quote: has('quote') ? MARKET.quote : null,
            session: has('session') ? MARKET.session : null,
            conversion: has('conversion') ? { rate: dec('0.0066'), at: NOW } : null,
          }
          const facts: Facts = {
            ...FACTS,
            market: has('market') ? market : null,
            account: has('account') ? FACTS.account : null,
          }
          const { ticket, refusals } = look({ proposal: PROPOSAL, facts, policy: POLICY })
          assert.equal(
            ticket !== null,
            kept.every((name) => name !== null),
          )
          // What is missing is said, and nothing that only follows from it.
          assert.ok(refusals.every(({ code }) => code.endsWith('_MISSING')))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('a smaller limit never makes a size larger', () =>
    all((w) => {
      const smaller = { ...w.policy, maxOrderNotional: times(w.policy.maxOrderNotional, dec('0.5')) as Amt }
      const [before, after] = [look(w).sizing, look({ ...w, policy: smaller }).sizing]
      if (before && after) assert.ok(lte(after.qty, before.qty))
    }))
})

/** A day with something in it, and limits about as likely to bind as not. */
const day: fc.Arbitrary<DayFacts> = fc
  .record({
    minute: fc.integer({ min: 0, max: 6 }),
    today: fc.integer({ min: 0, max: 12 }),
    repeats: fc.integer({ min: 0, max: 4 }),
    turnover: cents(60_000),
    opening: cents(200_000),
    high: cents(200_000),
    deposits: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => times(dec(String(n)), dec('0.01'))),
    long: cents(40_000),
    short: cents(40_000),
    symbols: fc.subarray(['AAPL', 'MSFT', 'TSLA']),
    low: scaled('0.0001', 800_000, 1_000_000),
    up: scaled('0.0001', 0, 100_000),
  })
  .map((d) => ({
    ...DAY,
    messagesLastMinute: d.minute,
    messagesToday: d.today,
    turnover: d.turnover as Amt,
    repeats: d.repeats,
    openingEquity: d.opening as Amt,
    highEquity: d.high as Amt,
    deposits: d.deposits as Amt,
    held: { long: d.long as Amt, short: d.short as Amt, symbols: d.symbols, each: [] },
    trail: { low: d.low as Px, high: plus(d.low, d.up) as Px },
  }))

const FIGURES: { readonly [N in LimitName]: fc.Arbitrary<Decimal> } = {
  maxGrossExposure: scaled('0.01', 0, 300),
  maxNetExposure: scaled('0.01', 0, 200),
  maxDayTurnover: scaled('0.01', 0, 200),
  maxOrderNotional: cents(60_000),
  maxPositionNotional: cents(90_000),
  maxSymbolShare: scaled('0.01', 0, 100),
  maxSectorShare: scaled('0.01', 0, 200),
  maxOrderQty: scaled('0.001', 0, 800_000),
  maxOrderQtyShares: scaled('0.001', 0, 800_000),
  maxOrderQtyFx: scaled('0.001', 0, 800_000),
  maxOrderQtyCoins: scaled('0.001', 0, 800_000),
  maxVolumeShare: scaled('0.0001', 0, 200),
  collarBps: scaled('1', 0, 500),
  maxMoveBps: scaled('1', 0, 4000),
  maxOrdersPerMinute: scaled('1', 0, 12),
  maxOrdersPerDay: scaled('1', 0, 24),
  maxRepeats: scaled('1', 0, 8),
  maxRejects: scaled('1', 0, 5),
  maxLosers: scaled('1', 0, 5),
  maxOpenPositions: scaled('1', 0, 6),
  dayLoss: scaled('0.01', 0, 100),
  drawdown: scaled('0.01', 0, 100),
  buyingPowerBuffer: scaled('0.01', 0, 60),
}
/** Few of them are set at a time: with all of them nothing would pass. */
const limits: fc.Arbitrary<Limits> = fc
  .record({
    set: fc.subarray([...LIMIT_NAMES], { maxLength: 3 }),
    figures: fc.record(FIGURES),
    soft: fc.record(FIGURES),
    allowShort: fc.constantFrom(true, true, false),
    symbols: fc.constantFrom(null, null, ['AAPL', 'MSFT'], ['MSFT']),
  })
  .map(({ set, figures, soft, allowShort, symbols }) => {
    const all = limitedBy({}, { allowShort, symbols })
    const values = LIMIT_NAMES.map((name) => [
      name,
      { hard: set.includes(name) ? figures[name] : null, soft: soft[name] },
    ])
    return { ...all, values: Object.fromEntries(values) as Limits['values'] }
  })
const limited = (w: World, rules: Limits, today: DayFacts): World => ({
  ...w,
  facts: { ...w.facts, day: today },
  policy: effective(w.policy, rules),
})

/** What the limits must keep, computed here from the facts. */
function assertLimited(w: World, ticket: Ticket): void {
  assertWithin(w, ticket)
  const { values, lists } = w.policy.limits as Limits
  const { openingEquity, highEquity, deposits, held, trail, ...d } = w.facts.day as DayFacts
  const { account } = w.facts.account as NonNullable<Facts['account']>
  const { quote } = w.facts.market as { quote: Quote }
  const capital = plus(openingEquity as Amt, deposits)
  const within = (name: LimitName, value: Decimal, of?: Decimal) => {
    const { hard } = values[name]
    if (hard !== null) assert.ok(lte(value, of ? times(hard, of) : hard), `${name} ${text(value)}`)
  }
  const below = (name: LimitName, value: Decimal, of: Decimal) => {
    const { hard } = values[name]
    if (hard !== null) assert.ok(gt(times(hard, of), value), `${name} ${text(value)}`)
  }
  const cost = ticket.maxNotional as Decimal
  const part = (o: Order) => times(times(o.maxNotional as Amt, minus(o.terms.orderQty, o.cumQty)), dec('0.01'))
  const sum = (orders: readonly Order[]) => orders.reduce<Decimal>((all, o) => plus(all, part(o)), ZERO)
  const open = w.facts.inFlight.filter((o) => o.phase !== 'Filled')
  const { long, short, symbols } = held as NonNullable<DayFacts['held']>
  const heldHere = times(times(abs(w.facts.bookQty), quote.ask), rateOf(w))
  within('maxGrossExposure', plus(plus(plus(long as Decimal, short), sum(open)), cost), capital)
  const net = minus(long as Decimal, short)
  const sameSide = sum(open.filter((o) => o.terms.side === ticket.terms.side))
  within('maxNetExposure', plus(plus(ticket.terms.side === 'Buy' ? net : minus(ZERO, net), sameSide), cost), capital)
  within('maxDayTurnover', plus(d.turnover as Decimal, cost), capital)
  within('maxSymbolShare', plus(plus(heldHere, sum(open.filter((o) => o.terms.symbol === 'AAPL'))), cost), capital)
  within('maxSectorShare', plus(sum(open), cost), capital)
  within('maxOrderNotional', cost)
  within('maxOrderQty', ticket.terms.orderQty)
  within('maxOrderQtyShares', ticket.terms.orderQty)
  within('maxVolumeShare', ticket.terms.orderQty, w.facts.market?.days?.avgVolume ?? ZERO)
  within('maxOrdersPerMinute', dec(String(d.messagesLastMinute + 1)))
  within('maxOrdersPerDay', dec(String(d.messagesToday + 1)))
  within('maxRepeats', dec(String(d.repeats + 1)))
  within('maxOpenPositions', dec(String(new Set([...symbols, ...open.map((o) => o.terms.symbol), 'AAPL']).size)))
  below('dayLoss', minus(capital as Decimal, account.equity), capital)
  below('drawdown', minus(highEquity as Decimal, account.equity), highEquity as Decimal)
  const { low, high } = trail as NonNullable<DayFacts['trail']>
  within('maxMoveBps', times(minus(high, low), dec('10000')), low)
  assert.ok(lists.symbols === null || lists.symbols.includes('AAPL'))
  if (!lists.allowShort) assert.ok(ticket.terms.side === 'Buy')
}

describe('whatever is limited', () => {
  const somewhere = fc.tuple(world, limits, day)

  it('nothing passes beyond a hard limit', () => {
    let [tickets, refused] = [0, 0]
    fc.assert(
      fc.property(somewhere, ([w, rules, today]) => {
        const here = limited(w, rules, today)
        const { ticket } = look(here)
        if (!ticket) return void (look(w).ticket && refused++)
        tickets++
        assertLimited(here, ticket)
      }),
      { numRuns: 2000 },
    )
    assert.ok(tickets > 50 && refused > 50, `${tickets} tickets, ${refused} refused by a limit: that proves nothing`)
  })

  it('nor at the send, of what was approved before there were limits', () => {
    let passed = 0
    fc.assert(
      fc.property(somewhere, ([w, rules, today]) => {
        const { ticket } = look(w)
        const here = limited(w, rules, today)
        if (!ticket || !again(ticket, here).passed) return
        passed++
        assertLimited(here, ticket)
      }),
      { numRuns: 1000 },
    )
    assert.ok(passed > 20, `only ${passed} passed`)
  })

  it('what passes at the limit passes again while nothing changes, with the same soft limits', () =>
    fc.assert(
      fc.property(somewhere, ([w, rules, today]) => {
        const here = limited(w, rules, today)
        const { ticket, soft } = look(here)
        if (!ticket) return
        const then = again(ticket, here)
        assert.deepEqual([then.refusals, then.drift, then.soft], [[], null, soft])
      }),
      { numRuns: 600 },
    ))

  it('tightening never lets through what was refused, nor makes a size larger', () =>
    fc.assert(
      fc.property(somewhere, limits, ([w, rules, today], stricter) => {
        // A market order is valued at the ask with the collar on top, so a tighter collar makes it cheaper: it stays.
        const { collarBps } = rules.values
        const tightened = tightenedBy(rules, { ...stricter, values: { ...stricter.values, collarBps } }).limits
        assert.ok(isTightening(rules, tightened))
        const [before, after] = [look(limited(w, rules, today)), look(limited(w, tightened, today))]
        if (before.sizing && after.sizing) assert.ok(lte(after.sizing.qty, before.sizing.qty))
        // A smaller size may be what an explicit order asks for; a signal has nothing to gain.
        if (!before.ticket && w.proposal.form === 'Signal') assert.equal(after.ticket, null)
        const { ticket } = look(w)
        if (ticket && !again(ticket, limited(w, rules, today)).passed)
          assert.equal(again(ticket, limited(w, tightened, today)).passed, null)
      }),
      { numRuns: 600 },
    ))

  it('one more order in flight never lets through what was refused', () =>
    fc.assert(
      fc.property(somewhere, resting, ([w, rules, today], more) => {
        const here = limited(w, rules, today)
        const { ticket } = look(w)
        if (!ticket || again(ticket, here).passed) return
        const busier = { ...here, facts: { ...here.facts, inFlight: [...here.facts.inFlight, more] } }
        assert.equal(again(ticket, busier).passed, null)
      }),
      { numRuns: 400 },
    ))

  it('headroom says beyond a limit exactly where a check does', () =>
    fc.assert(
      fc.property(somewhere, ([w, rules, today]) => {
        const { headroom, refusals } = look(limited(w, rules, today))
        const over = (headroom ?? []).filter(({ name, before, order, limit }) => {
          const after = plus(before, order)
          return name === 'dayLoss' || name === 'drawdown' ? gte(after, limit) : gt(after, limit)
        })
        const said = new Set<string>(refusals.map(({ code }) => code))
        for (const { name } of over) assert.ok(said.has(LIMITS[name].refusal ?? ''), name)
      }),
      { numRuns: 400 },
    ))
})
