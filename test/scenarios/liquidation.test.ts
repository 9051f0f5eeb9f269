// Whatever goes wrong at the broker and on our side while everything is being closed: nothing is ever sold that is not
// held, and in the end nothing is held. Each number is one world; a failure prints what happened in it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExecID, IntentID } from '../../src/values/brand.ts'
import {
  amt,
  type Decimal,
  dec,
  gt,
  isZero,
  min,
  minus,
  plus,
  type Px,
  px,
  type Qty,
  qty,
  sign,
  text,
  times,
  toStep,
  ZERO,
} from '../../src/values/decimal.ts'
import { plusMs } from '../../src/values/instant.ts'
import type { Answer, Truth } from './broker.ts'
import { calmDown, journalOf, STANDING } from './standing.ts'
import { AGENT, personActor, World } from './world.ts'

const SYMBOL = 'AAPL'
const WORLDS = Number(process.env['LIQUIDATIONS'] ?? 40)
const FIRST = Number(process.env['LIQUIDATION'] ?? 1)

/** Mulberry32: from 0 (inclusive) to 1 (exclusive). */
function randomOf(seed: number): () => number {
  let a = seed * 0x9e37_79b1
  return () => {
    a = (a + 0x6d2b_79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

class Worlds {
  readonly w = new World()
  readonly said: string[] = []
  readonly random: () => number
  /** The broker's count is so late that only its reports can be believed: then each of them comes. */
  isSlow = false
  constructor(seed: number) {
    this.random = randomOf(seed)
  }
  chance = (share: number): boolean => this.random() < share
  one = <T>(all: readonly T[]): T => all[Math.floor(this.random() * all.length)]!
  say(line: string): void {
    this.said.push(`${String(this.w.clock.now() / 1_000_000).slice(-10)} ${line}`)
  }

  async open(): Promise<void> {
    const { w } = this
    const isShort = this.chance(0.3)
    w.policy = { ...w.policy, allowShort: true }
    const bracket = this.chance(0.6)
    w.broker.capabilities = {
      ...w.broker.capabilities,
      bracket,
      oneCancelsOther: this.chance(0.5),
      timeInForce: this.chance(0.5) ? ['Day', 'GTC', 'IOC'] : ['Day', 'GTC'],
      ...(this.chance(0.4) && { idempotentSubmit: true, offerAgainAfterMs: 1_000 }),
    }
    const lag = this.one([0, 0, 0, 100, 450, 3_000])
    this.isSlow = lag === 3_000
    if (lag > 0) this.lag(lag)
    this.market('190.00', true)
    const other = this.one(['none', 'known', 'unknown'])
    const direction = isShort ? dec('-1') : dec('1')
    if (other === 'known') {
      w.broker.elsewhere.set(SYMBOL, times(dec('40'), direction))
      w.broker.avgPx.set(SYMBOL, px('185.00'))
    }
    this.say(`${isShort ? 'short' : 'long'}, bracket ${bracket}, others ${other}`)
    await w.open()
    await w.wait(1_000)
    for (const intentID of ['I1', 'I2'].slice(0, this.chance(0.5) ? 1 : 2)) await this.enter(intentID, isShort)
    if (other === 'unknown') w.broker.elsewhere.set(SYMBOL, times(dec('30'), direction))
    w.broker.cancels = { is: 'prompt' }
    await w.settle()
  }

  /** The broker's count of what is held shows a trade only so long after its report. */
  lag(ms: number): void {
    const { broker, clock } = this.w
    this.say(`positions lag ${ms} ms`)
    const now = broker.positions.bind(broker)
    broker.positions = async () => {
      await now()
      const until = plusMs(clock.now(), -ms)
      const trades = broker.truth.flatMap((o) =>
        o.reports.flatMap((r) =>
          r.execType === 'Trade' && r.transactTime <= until
            ? [(o.terms.side === 'Buy' ? r.lastQty : minus(qty('0'), r.lastQty)) as Decimal]
            : [],
        ),
      )
      const netQty = trades.reduce(plus, broker.elsewhere.get(SYMBOL) ?? ZERO)
      return [{ symbol: SYMBOL, netQty, avgPx: broker.avgPx.get(SYMBOL) ?? null }]
    }
  }

  async enter(intentID: string, isShort: boolean): Promise<void> {
    const { w } = this
    const now = w.clock.now()
    const stop = isShort ? px('194.00') : px('186.00')
    const target = isShort ? px('182.00') : px('198.00')
    await w.desk.submit({
      proposal: {
        intentID: intentID as IntentID,
        form: 'Signal',
        symbol: SYMBOL,
        side: isShort ? 'Sell' : 'Buy',
        entryPx: px('190.00'),
        stopPx: intentID === 'I1' ? stop : isShort ? px('195.00') : px('185.00'),
        targetPx: this.chance(0.5) ? target : null,
        orderQty: null,
        ordType: 'Limit',
        timeInForce: 'Day',
        strategyID: intentID,
        confidence: dec('0.7'),
        reasoning: 'because',
        generatedAt: now,
        expiresAt: plusMs(now, 3_600_000),
        artifactID: null,
        artifactHash: null,
      },
      body: {},
      owner: null,
      actor: AGENT,
    })
    await w.settle()
    const { digest } = (await w.store.get('intent', intentID)) ?? {}
    await w.desk.approve({
      intentID: intentID as IntentID,
      digest: digest ?? '',
      reason: null,
      actor: personActor('ana'),
    })
    await w.settle()
    const entry = w.broker.truth.find((o) => o.open && o.role === 'Entry' && o.cumQty === qty('0'))
    if (!entry) return this.say(`${intentID} is ${(await w.store.get('intent', intentID))?.state}`)
    this.fill(entry, this.chance(0.7) ? 1 : this.random(), false)
    await w.settle()
    // The next one must not look like the same again.
    await w.wait(61_000)
  }

  market(bid: string, isOpen: boolean): void {
    const before = this.w.broker.markets.get(SYMBOL)
    const spread = dec('0.02')
    this.w.broker.markets.set(SYMBOL, {
      instrument: {
        symbol: SYMBOL,
        name: SYMBOL,
        assetClass: 'us_equity',
        currency: 'USD',
        ticks: [{ from: px('0'), tick: px('0.01') }],
        lot: qty('1'),
        minQty: qty('1'),
        maxQty: null,
        tradable: true,
        shortable: true,
      },
      bid: px(bid),
      ask: plus(px(bid), spread as Px),
      open: isOpen,
      stuckAt: before?.stuckAt ?? null,
    })
  }

  fill(order: Truth, share: number, unheard: boolean): void {
    const quietly = unheard && !this.isSlow
    // The two of a pair share their size: what one has closed, the other does not close again.
    const pair = this.w.broker.byID(order.pair)?.cumQty ?? qty('0')
    const leaves = minus(minus(order.terms.orderQty, order.cumQty), pair)
    if (!gt(leaves, ZERO)) return
    const part = toStep(times(leaves, dec(share.toFixed(4))), qty('1'), 'floor') as Qty
    const lastQty = share >= 1 || isZero(part) ? leaves : min(part, leaves)
    if (isZero(lastQty)) return
    this.say(`${quietly ? 'quietly ' : ''}${order.role} ${order.orderID} fills ${text(lastQty)} of ${text(leaves)}`)
    const event = {
      is: 'Fill',
      lastQty,
      lastPx: px('190.00'),
      execID: null as ExecID | null,
      commission: amt('0'),
    } as const
    this.w.broker.happen(order, event, quietly)
  }

  /** Nothing crosses zero, and never rests more than could be sold. */
  check(before: Decimal): void {
    const { broker } = this.w
    const net = broker.netQty(SYMBOL)
    assert.ok(isZero(net) || sign(net) === sign(before), `the position went from ${text(before)} to ${text(net)}`)
    const open = broker.truth.filter((o) => o.open && o.terms.symbol === SYMBOL)
    const exits = open.filter((o) => o.role === 'Exit')
    if (exits.length === 0) return
    const beside = open.filter((o) => o.role !== 'Exit' && o.role !== 'Entry')
    assert.deepEqual(
      beside.map((o) => `${o.role} ${o.orderID}`),
      [],
      'rests beside an exit',
    )
    const leaves = exits.reduce<Decimal>((sum, o) => plus(sum, minus(o.terms.orderQty, o.cumQty)), ZERO)
    const held = sign(net) < 0 ? minus(ZERO, net) : net
    assert.ok(!gt(leaves, held), `exits for ${text(leaves)}, and ${text(net)} held`)
  }

  async trouble(): Promise<void> {
    const { w } = this
    const { broker } = w
    const open = broker.truth.filter((o) => o.open)
    const roll = this.random()
    if (roll < 0.28 && open.length > 0)
      this.fill(this.one(open), this.chance(0.4) ? 1 : this.random(), this.chance(0.3))
    else if (roll < 0.36 && open.length > 0) {
      const order = this.one(open)
      this.say(`${order.role} ${order.orderID} is canceled`)
      broker.happen(order, { is: 'Canceled', text: null }, this.chance(0.3) && !this.isSlow)
    } else if (roll < 0.46) {
      const is = this.one(['taken', 'prompt', 'lost', 'reject'] as const)
      broker.cancels = is === 'reject' ? { is, text: 'not now' } : { is }
      this.say(`cancels ${is}`)
    } else if (roll < 0.62) {
      const answers: Answer[] = [
        { is: 'lost' },
        { is: 'lost-booked' },
        { is: 'throw' },
        { is: 'throw-booked' },
        { is: 'crash' },
        { is: 'crash-booked' },
        { is: 'silent' },
        { is: 'reject', text: 'no' },
        { is: 'late', arrivesAt: plusMs(w.clock.now(), 2_000) },
        { is: 'fill-first', lastQty: qty('1'), lastPx: px('190.00') },
        { is: 'fill-first-lost', lastQty: qty('1'), lastPx: px('190.00') },
        { is: 'fill-first-crash', lastQty: qty('1'), lastPx: px('190.00') },
      ]
      const next = this.one(answers)
      this.say(`next ${next.is}`)
      broker.answerNext(next)
    } else if (roll < 0.7 && !this.isSlow) {
      broker.streams = !broker.streams
      this.say(`stream ${broker.streams}`)
    } else if (roll < 0.76) {
      broker.down = !broker.down
      this.say(`down ${broker.down}`)
    } else if (roll < 0.82) {
      this.say('crash')
      await w.boot()
    } else if (roll < 0.88) {
      const isOpen = this.chance(0.6)
      this.market(this.one(['188.00', '190.00', '193.00']), isOpen)
      this.say(`market open ${isOpen}`)
    } else if (roll < 0.92) {
      const market = broker.markets.get(SYMBOL)
      if (market) market.stuckAt = market.stuckAt === null ? w.clock.now() : null
      this.say('quote stuck or moving')
    } else if (roll < 0.94) {
      const done = await w.desk.allowMarketOrders({ actor: personActor('rik') })
      this.say(`market orders ${done.ok}`)
    } else await this.look()
  }
  /** A person sees to the tasks that hold it up. */
  async look(): Promise<void> {
    for (const { taskID, kind, doneAt } of await this.w.store.all('task'))
      if (kind === 'LIQUIDATION_STUCK' && doneAt === null)
        await this.w.desk.closeTask({ taskID, note: 'again', actor: personActor('rik') })
  }

  async liquidate(): Promise<void> {
    const { w } = this
    const done = await w.desk.startLiquidation({
      account: w.broker.account,
      symbols: null,
      reason: 'a drill',
      actor: personActor('rik'),
    })
    assert.ok(done.ok)
    this.say('liquidation')
  }

  async end(before: Decimal): Promise<void> {
    const { w } = this
    const { broker } = w
    Object.assign(broker, { down: false, streams: true, cancels: { is: 'prompt' } })
    while (broker.truth.some((o) => o.open) || (await w.store.get('liquidation', 'account'))?.state === 'Running') {
      this.market('190.00', true)
      const market = broker.markets.get(SYMBOL)
      if (market) market.stuckAt = null
      await this.look()
      await w.wait(700)
      this.check(before)
      for (const exit of broker.truth.filter((o) => o.open && o.role === 'Exit')) this.fill(exit, 1, false)
      await w.settle()
      this.check(before)
      assert.ok(
        this.said.length < 1_500 && w.clock.now() < plusMs(this.limit, 0),
        `it never ended: ${(await w.desk.closingLines(null)).map((l) => `${l.step.state} ${l.step.text} ${text(l.bookQty)}`).join()}`,
      )
    }
  }
  limit = plusMs(this.w.clock.now(), 3_600_000)
}

async function play(seed: number): Promise<void> {
  const all = new Worlds(seed)
  const { w } = all
  try {
    await all.open()
    const held = w.broker.netQty(SYMBOL)
    // Without anything held, only an entry that still fills can make a position: its side is what it may be.
    const [entry] = w.broker.truth
    const before = isZero(held) ? dec(entry?.terms.side === 'Sell' ? '-1' : '1') : held
    if (all.chance(0.3)) await all.trouble()
    await all.liquidate()
    await w.settle()
    for (let i = 0; i < 40; i++) {
      all.check(before)
      await all.trouble()
      await w.settle()
      all.check(before)
      await w.wait(all.one([50, 300, 700, 1_500, 6_000]))
      all.check(before)
    }
    all.limit = plusMs(w.clock.now(), 240_000)
    await all.end(before)
    assert.ok(isZero(w.broker.netQty(SYMBOL)), `${text(w.broker.netQty(SYMBOL))} are left`)
    const { state, report } = (await w.store.get('liquidation', 'account')) ?? {}
    assert.equal(state, 'Flat')
    assert.ok(report)
    await calmDown(w)
    const journal = await journalOf(w.store)
    for (const rule of [
      'the journal replays without a difference: each step is legal, and each decision would be taken again',
      'views that are built from the journal alone are those on the screen',
      'every fill the broker made is in our book, once, and nothing else',
      'a position is the sum of its trades',
    ])
      await STANDING[rule]?.(w, journal)
    // Whoever waits here moves the clock: while the broker is down, the next try is always due already.
    assert.deepEqual(
      w.logs.filter((line) => line.startsWith('error') && !line.includes('a thousand times in one moment')),
      [],
    )
    await w.store.close()
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    throw new Error(`LIQUIDATION=${seed}\n${all.said.slice(-60).join('\n')}\n${why}`, { cause: thrown })
  }
}

describe('whatever happens while everything is closed', () => {
  for (let seed = FIRST; seed < FIRST + WORLDS; seed++) it(`world ${seed}`, () => play(seed))
})
