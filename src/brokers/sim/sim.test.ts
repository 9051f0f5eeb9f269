import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, it } from 'node:test'
import type { Passed } from '../../gate/gate.ts'
import type { Report } from '../../orders/report.ts'
import type { Terms } from '../../orders/terms.ts'
import { ReadFailed } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccountID, ClOrdID, ExecID, OrderID } from '../../values/brand.ts'
import { amt, px, qty, shortest, text } from '../../values/decimal.ts'
import { type Instant, instant, parseInstant, plusMs } from '../../values/instant.ts'
import { handMarket } from '../../markets/hand.ts'
import { LIES } from '../../markets/lies.ts'
import { INSTRUMENTS } from '../../markets/listing.ts'
import { readSimLog } from './log.ts'
import type { Market } from '../../markets/market.ts'
import { seededMarket } from '../../markets/seeded.ts'
import { openSim, type SimOptions } from './sim.ts'

const folder = mkdtempSync(join(tmpdir(), 'sim-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0
const newFile = (): string => join(folder, `${++files}.db`)

/** A clock that a test moves. Who sleeps on it wakes when it has moved far enough. */
function handClock(start: Instant) {
  let now = start
  const sleepers: { readonly until: Instant; readonly wake: () => void }[] = []
  return {
    now: () => now,
    monotonicNs: () => BigInt(now) * 1000n,
    sleep: (ms: number) => new Promise<void>((wake) => sleepers.push({ until: plusMs(now, ms), wake })),
    move(ms: number) {
      now = plusMs(now, ms)
      for (const s of sleepers.filter((one) => one.until <= now)) {
        sleepers.splice(sleepers.indexOf(s), 1)
        s.wake()
      }
    },
  } satisfies Clock & { move(ms: number): void }
}

const NOON = parseInstant('2026-11-18T17:00:00Z') as Instant
const OPTIONS = {
  account: 'paper:sim:main' as AccountID,
  logFile: null,
  nativeBracket: true,
  oneCancelsOther: true,
  latencyMs: 0,
  initialCash: amt('100000'),
  currency: 'USD',
}

const order = (symbol: string, over: Partial<Terms> = {}): Passed => {
  const terms: Terms = {
    symbol,
    side: 'Buy',
    ordType: 'Market',
    timeInForce: 'Day',
    orderQty: qty('20'),
    price: null,
    stopPx: null,
    bracket: null,
    reduceOnly: false,
    ...over,
  }
  return terms as Passed
}
const id = (name: string): ClOrdID => name as ClOrdID
const arrived = () => new Promise<void>((done) => setImmediate(done))

/** A sim on a market set by hand, in which every symbol is quoted 99.99 / 100.00. */
function stage(over: Partial<SimOptions> = {}) {
  const clock = handClock(NOON)
  const market = handMarket(INSTRUMENTS)
  for (const symbol of INSTRUMENTS.keys()) market.set(symbol, { bid: px('99.99'), ask: px('100.00') }, clock.now())
  const sim = openSim({ ...OPTIONS, clock, market, ...over })
  const heard: Report[] = []
  sim.onReport((report) => heard.push(report))
  return {
    clock,
    market,
    sim,
    heard,
    said: (): string[] =>
      heard.map((r) => (r.execType === 'Trade' ? `Trade ${shortest(r.lastQty)} @ ${shortest(r.lastPx)}` : r.execType)),
    pass: async (ms: number): Promise<void> => {
      clock.move(ms)
      market.advance(clock.now())
      await arrived()
    },
    found: async (name: string) => {
      const answer = await sim.find(id(name))
      return answer.found ? answer : assert.fail(`${name} is not found`)
    },
  }
}
type Stage = ReturnType<typeof stage>

describe('symbols that lie', () => {
  const rest = { ordType: 'Limit', price: px('90.00') } as const

  const scripts: Record<string, (s: Stage, symbol: string) => Promise<void>> = {
    'SIM.REJECT': async ({ sim }, symbol) => {
      assert.deepEqual(await sim.submit(id('a'), order(symbol)), {
        outcome: 'rejected',
        text: 'SIM.REJECT is always rejected',
      })
    },
    'SIM.DROP-REPLY': async ({ sim, found }, symbol) => {
      assert.equal((await sim.submit(id('a'), order(symbol))).outcome, 'in-doubt')
      assert.equal(text((await found('a')).order.cumQty), '20')
    },
    'SIM.DROP-SEND': async ({ sim }, symbol) => {
      assert.equal((await sim.submit(id('a'), order(symbol))).outcome, 'in-doubt')
      assert.deepEqual(await sim.find(id('a')), { found: false })
      assert.deepEqual(sim.truth().orders, [])
    },
    'SIM.SLOW-REPLY': async ({ sim, clock, heard }, symbol) => {
      let outcome = 'none yet'
      const sent = sim.submit(id('a'), order(symbol)).then((s) => (outcome = s.outcome))
      await arrived()
      await arrived()
      assert.equal(outcome, 'none yet')
      assert.equal(heard.length, 2, 'its reports do not wait for the reply')
      clock.move(5000)
      await sent
      assert.equal(outcome, 'accepted')
    },
    'SIM.FILL-FIRST': async ({ sim, said }, symbol) => {
      const sent = await sim.submit(id('a'), order(symbol))
      assert.equal(sent.outcome, 'accepted')
      assert.deepEqual(said(), ['Trade 20 @ 100', 'New'], 'heard when the reply comes, unlike honest symbols')
    },
    'SIM.FILL-TWICE': async ({ sim, said, heard, found }, symbol) => {
      await sim.submit(id('a'), order(symbol))
      await arrived()
      assert.deepEqual(said(), ['Trade 20 @ 100', 'New', 'New', 'Trade 20 @ 100'])
      assert.equal(heard[0]?.execID, heard[3]?.execID)
      assert.equal((await sim.reportsSince(instant(0))).length, 4)
      const { order: there, reports } = await found('a')
      assert.deepEqual([reports.length, text(there.cumQty)], [4, '20'])
      assert.equal(text((await sim.positions())[0]?.netQty ?? px('0')), '20', 'and counted once')
    },
    'SIM.OVERFILL': async ({ sim, said, heard, pass }, symbol) => {
      await sim.submit(id('a'), order(symbol))
      await pass(1000)
      assert.deepEqual(said(), ['New', 'Trade 20 @ 100', 'Trade 2 @ 100'])
      assert.notEqual(heard[1]?.execID, heard[2]?.execID)
      await pass(60_000)
      assert.equal(heard.length, 3, 'once')
    },
    'SIM.LATE-FILL': async ({ sim, said, pass, found }, symbol) => {
      await sim.submit(id('a'), order(symbol, rest))
      assert.deepEqual(await sim.cancel({ clOrdID: id('a'), orderID: null }), { outcome: 'accepted' })
      await pass(1000)
      assert.deepEqual(said(), ['New', 'Canceled', 'Trade 10 @ 90'])
      const { order: there } = await found('a')
      assert.deepEqual([there.open, text(there.cumQty)], [false, '10'])
    },
    'SIM.BUST': async ({ sim, said, pass }, symbol) => {
      await sim.submit(id('a'), order(symbol))
      await pass(2000)
      assert.deepEqual(said(), ['New', 'Trade 20 @ 100'])
      await pass(1000)
      assert.deepEqual(said(), ['New', 'Trade 20 @ 100', 'TradeCancel', 'Canceled'])
      assert.deepEqual(await sim.positions(), [])
    },
    'SIM.CORRECT': async ({ sim, heard, pass }, symbol) => {
      await sim.submit(id('a'), order(symbol))
      await pass(3000)
      const last = heard.at(-1)
      assert.equal(last?.execType === 'TradeCorrect' && text(last.lastPx), '100.05')
      assert.equal(shortest((await sim.positions())[0]?.avgPx ?? px('0')), '100.05')
    },
    'SIM.NO-STREAM': async ({ sim, said }, symbol) => {
      await sim.submit(id('a'), order(symbol))
      await sim.submit(id('b'), order('AAPL'))
      await arrived()
      assert.deepEqual(said(), ['New', 'Trade 20 @ 100'], 'of the other symbol only')
      assert.equal((await sim.reportsSince(instant(0))).length, 4)
    },
    'SIM.LOST-CANCEL': async ({ sim, found }, symbol) => {
      await sim.submit(id('a'), order(symbol, rest))
      assert.equal((await sim.cancel({ clOrdID: id('a'), orderID: null })).outcome, 'in-doubt')
      assert.equal((await found('a')).order.open, false)
    },
    'SIM.REJECT-CANCEL': async ({ sim }, symbol) => {
      await sim.submit(id('a'), order(symbol, rest))
      await sim.submit(id('b'), order('AAPL', rest))
      assert.deepEqual(await sim.cancel({ clOrdID: id('a'), orderID: null }), {
        outcome: 'rejected',
        text: 'order is not cancelable',
      })
      await sim.cancelAll()
      assert.deepEqual(
        (await sim.openOrders()).map((o) => o.clOrdID),
        ['a'],
      )
    },
    'SIM.NO-LEGS': async ({ sim, found }, symbol) => {
      const sent = await sim.submit(id('a'), order(symbol, { bracket: { stopPx: px('95.00'), targetPx: null } }))
      assert.deepEqual(sent.outcome === 'accepted' && sent.legs, [])
      assert.deepEqual((await found('a')).order.legs, [])
    },
    'SIM.CROSSED-QUOTE': async ({ sim }, symbol) => {
      const quote = await sim.quote(symbol)
      assert.deepEqual([quote && text(quote.bid), quote && text(quote.ask)], ['100.05', '99.99'])
    },
    'SIM.STALE-QUOTE': async ({ sim, clock }, symbol) => {
      assert.equal((await sim.quote(symbol))?.at, plusMs(clock.now(), -600_000))
    },
    'SIM.HALF-DOWN': async ({ sim }, symbol) => {
      const down = (e: unknown) => e instanceof ReadFailed && e.transient
      await assert.rejects(sim.quote(symbol), down)
      assert.ok(await sim.quote(symbol))
      await assert.rejects(sim.instrument(symbol), down)
      assert.ok(await sim.quote('AAPL'))
      assert.ok(await sim.instrument(symbol))
    },
    // These two are lies of the market, and a market set by hand tells none.
    'SIM.PARTIAL': async (_, symbol) => {
      const clock = handClock(NOON)
      const market = seededMarket({ seed: 1, from: clock.now() })
      const sim = openSim({ ...OPTIONS, clock, market })
      await sim.submit(id('a'), order(symbol))
      clock.move(5000)
      market.advance(clock.now())
      const found = await sim.find(id('a'))
      assert.deepEqual(
        found.found && found.reports.map((r) => (r.execType === 'Trade' ? text(r.lastQty) : r.execType)),
        ['New', '10', '10'],
      )
      await sim.close()
    },
    'SIM.CLOSED': async (_, symbol) => {
      const clock = handClock(NOON)
      const market = seededMarket({ seed: 1, from: clock.now() })
      const sim = openSim({ ...OPTIONS, clock, market })
      assert.equal((await sim.session(symbol)).open, false)
      assert.equal((await sim.submit(id('a'), order(symbol))).outcome, 'accepted')
      clock.move(86_400_000)
      market.advance(clock.now())
      assert.deepEqual(
        (await sim.openOrders()).map((o) => text(o.cumQty)),
        ['0'],
      )
      await sim.close()
    },
  }

  for (const symbol of Object.keys(LIES))
    it(`${symbol}: ${LIES[symbol]?.about}`, async () => {
      const script = scripts[symbol] ?? assert.fail(`${symbol} has no script here`)
      const s = stage()
      await script(s, symbol)
      await s.sim.close()
    })

  it('are tradable equities around 100', async () => {
    const market = seededMarket({ seed: 5, from: NOON })
    const seen = new Map<string, number>()
    market.attach((e) => e.kind === 'Tick' && seen.set(e.symbol, Number(text(e.last))))
    for (const symbol of Object.keys(LIES)) {
      const instrument = market.instruments.get(symbol)
      assert.ok(instrument?.tradable && instrument.assetClass === 'us_equity')
      assert.ok(Math.abs((seen.get(symbol) ?? 0) - 100) < 10, `${symbol} ${seen.get(symbol)}`)
    }
  })
})

describe('the broker', () => {
  it('replies first, then streams', async () => {
    const { sim, heard } = stage()
    await sim.submit(id('a'), order('AAPL'))
    assert.equal(heard.length, 0)
    await arrived()
    assert.equal(heard.length, 2)
  })

  it('takes its time', async () => {
    const { sim, clock } = stage({ latencyMs: 80 })
    const sent = sim.submit(id('a'), order('AAPL'))
    await arrived()
    assert.deepEqual(sim.truth().orders, [])
    clock.move(80)
    assert.equal((await sent).outcome, 'accepted')
  })

  it('after close: sends are in doubt, reads fail for good, nothing is streamed', async () => {
    const { sim, heard } = stage()
    await sim.submit(id('a'), order('AAPL'))
    await sim.close()
    await arrived()
    assert.deepEqual(heard, [])
    assert.equal((await sim.submit(id('b'), order('AAPL'))).outcome, 'in-doubt')
    assert.equal((await sim.cancel({ clOrdID: id('a'), orderID: null })).outcome, 'in-doubt')
    assert.equal((await sim.cancelAll()).outcome, 'in-doubt')
    await assert.rejects(sim.openOrders(), (e) => e instanceof ReadFailed && !e.transient)
    await sim.close()
  })

  it('without brackets the exits stay with the gateway', async () => {
    const { sim, found } = stage({ nativeBracket: false })
    await sim.submit(id('a'), order('AAPL', { bracket: { stopPx: px('95.00'), targetPx: px('110.00') } }))
    assert.deepEqual((await found('a')).order.terms.bracket, null)
    assert.equal((await sim.positions()).length, 1)
  })

  it('knows legs by their own names', async () => {
    const { sim } = stage()
    const sent = await sim.submit(id('a'), order('AAPL', { bracket: { stopPx: px('95.00'), targetPx: px('110.00') } }))
    const stop = sent.outcome === 'accepted' ? sent.legs.find((l) => l.role === 'Stop') : undefined
    assert.deepEqual(await sim.cancel({ clOrdID: id('a-s'), orderID: stop?.orderID ?? null }), { outcome: 'accepted' })
    assert.deepEqual(await sim.openOrders(), [])
    assert.deepEqual(await sim.cancel({ clOrdID: id('a-s'), orderID: 'nothing' as OrderID }), {
      outcome: 'rejected',
      text: 'order not found',
    })
  })

  it('knows every order that was replaced, also when all of them are closed', async () => {
    const { sim, market, clock, found, pass } = stage()
    const set = (bid: string, ask: string, askQty: string | null) =>
      market.set(
        'AAPL',
        { bid: px(bid), ask: px(ask), bidQty: null, askQty: askQty === null ? null : qty(askQty) },
        clock.now(),
      )
    set('99.99', '100.00', '5')
    const bracket = { stopPx: px('95.00'), targetPx: px('110.00') }
    const terms = order('AAPL', { ordType: 'Limit', price: px('100.00'), bracket })
    await sim.submit(id('a'), terms)
    const old = { clOrdID: id('a'), orderID: null }
    assert.equal((await sim.replace(old, id('b'), { ...terms, price: px('100.50') })).outcome, 'accepted')
    await pass(1000)
    set('100.01', '100.02', null)
    await pass(1000)
    set('94.00', '94.01', null)
    await pass(1000)
    assert.deepEqual(await sim.positions(), [])
    assert.deepEqual(await sim.openOrders(), [])
    const [a, b] = [await found('a'), await found('b')]
    assert.deepEqual([text(a.order.cumQty), text(b.order.cumQty)], ['5', '15'])
    const exit = b.reports.find((r) => r.execType === 'Trade' && text(r.lastPx) === '94.00')
    assert.equal(exit?.orderID, b.order.legs.find((leg) => leg.role === 'Stop')?.orderID)
    const again = await sim.replace(old, id('c'), terms)
    assert.deepEqual(again, { outcome: 'rejected', text: 'order is already in "replaced" state' })
    const trade = a.reports.find((r) => r.execType === 'Trade')
    sim.fate.bust(trade?.execID as ExecID)
    assert.equal(text((await found('a')).order.cumQty), '0')
    assert.deepEqual(
      (await sim.positions()).map((p) => text(p.netQty)),
      ['-5'],
    )
  })

  it('converts at the quotes of currency pairs', async () => {
    const { sim, market, clock } = stage()
    market.set('USD/JPY', { bid: px('149.990'), ask: px('150.010') }, clock.now())
    market.set('EUR/USD', { bid: px('1.08000'), ask: px('1.08020') }, clock.now())
    const rate = async (currency: string) => {
      const answer = await sim.conversion(currency)
      return answer && text(answer.rate)
    }
    assert.equal(await rate('USD'), '1')
    assert.equal(await rate('JPY'), '0.00666667')
    assert.equal(await rate('EUR'), '1.08010000')
    assert.equal(await rate('CHF'), null)
  })
})

describe('the book outlives the process', () => {
  const reopened = async (
    file: string,
    play: (s: Stage) => Promise<void>,
    then: (s: Stage, before: Stage) => Promise<void>,
  ) => {
    const before = stage({ logFile: file })
    await play(before)
    await before.sim.close()
    const s = stage({ logFile: file })
    await then(s, before)
    await s.sim.close()
  }

  it('with its orders, positions and cash, and goes on', async () => {
    const file = newFile()
    await reopened(
      file,
      async ({ sim }) => {
        await sim.submit(id('a'), order('AAPL', { bracket: { stopPx: px('95.00'), targetPx: px('110.00') } }))
        await sim.submit(id('b'), order('MSFT', { ordType: 'Limit', price: px('90.00'), timeInForce: 'GTC' }))
      },
      async ({ sim, market, clock }) => {
        assert.equal((await sim.openOrders()).length, 3)
        assert.equal(text((await sim.accountFact()).cash).replace(/\.?0+$/, ''), '98000')
        clock.move(1000)
        market.set('AAPL', { bid: px('94.00'), ask: px('94.01') }, clock.now())
        assert.deepEqual(await sim.positions(), [], 'the stop of before the restart')
        assert.equal((await sim.submit(id('a'), order('AAPL'))).outcome, 'rejected')
      },
    )
    assert.deepEqual(
      readSimLog(file).orders.map((o) => [o.clOrdID, o.role, o.state]),
      [
        ['a', null, 'Filled'],
        [null, 'Stop', 'Filled'],
        [null, 'Target', 'Canceled'],
        ['b', null, 'Working'],
      ],
    )
  })

  it('a lie that was begun is told to its end', async () => {
    await reopened(
      newFile(),
      async ({ sim }) => void (await sim.submit(id('a'), order('SIM.BUST'))),
      async ({ sim, pass, said }) => {
        assert.equal((await sim.positions()).length, 1)
        await pass(3000)
        assert.deepEqual(said(), ['TradeCancel', 'Canceled'])
        assert.deepEqual(await sim.positions(), [])
        await pass(3000)
        assert.equal(said().length, 2)
      },
    )
  })

  it('a day that ended while nobody was here ended nonetheless, and what came later waits', async () => {
    const file = newFile()
    const friday = parseInstant('2026-11-20T19:00:00Z') as Instant
    const at = (start: Instant): { sim: ReturnType<typeof openSim>; market: Market } => {
      const clock = handClock(start)
      const market = seededMarket({ seed: 1, from: start, hours: 'regular' })
      return { sim: openSim({ ...OPTIONS, clock, market, logFile: file }), market }
    }
    const first = at(friday)
    await first.sim.submit(id('a'), order('AAPL', { ordType: 'Limit', price: px('1.00') }))
    await first.sim.submit(id('b'), order('AAPL', { ordType: 'Limit', price: px('1.00'), timeInForce: 'GTC' }))
    await first.sim.close()
    const saturday = at(plusMs(friday, 86_400_000))
    assert.deepEqual(
      (await saturday.sim.openOrders()).map((o) => o.clOrdID),
      ['b'],
    )
    await saturday.sim.submit(id('c'), order('AAPL', { ordType: 'Limit', price: px('1.00') }))
    await saturday.sim.close()
    const sunday = at(plusMs(friday, 2 * 86_400_000))
    assert.deepEqual(
      (await sunday.sim.openOrders()).map((o) => o.clOrdID),
      ['b', 'c'],
    )
    await sunday.sim.close()
    const tuesday = at(plusMs(friday, 4 * 86_400_000))
    assert.deepEqual(
      (await tuesday.sim.openOrders()).map((o) => o.clOrdID),
      ['b'],
    )
    await tuesday.sim.close()
  })

  it('across a copy of the book', async () => {
    const file = newFile()
    const { sim } = stage({ logFile: file })
    for (let i = 0; i < 2600; i++)
      await sim.submit(
        id(`n${i}`),
        order(i % 2 ? 'AAPL' : 'MSFT', { side: i % 4 < 2 ? 'Buy' : 'Sell', orderQty: qty('3') }),
      )
    const before = [
      await sim.positions(),
      await sim.accountFact(),
      await sim.find(id('n17')),
      (await sim.reportsSince(instant(0))).length,
    ]
    // Not closed: what a kill leaves behind is a copy and the events after it.
    const again = stage({ logFile: file })
    const after = [
      await again.sim.positions(),
      await again.sim.accountFact(),
      await again.sim.find(id('n17')),
      (await again.sim.reportsSince(instant(0))).length,
    ]
    assert.deepEqual(after, before)
    assert.equal((await again.sim.submit(id('n17'), order('AAPL'))).outcome, 'rejected')
    await again.sim.close()
    await sim.close()
  })

  it('belongs to one account', async () => {
    const file = newFile()
    await stage({ logFile: file }).sim.close()
    assert.throws(() => stage({ logFile: file, account: 'paper:sim:other' as AccountID }), {
      code: 'SIM_LOG_OF_ANOTHER_ACCOUNT',
    })
    assert.throws(() => stage({ logFile: file, currency: 'EUR' }), { code: 'SIM_LOG_OF_ANOTHER_ACCOUNT' })
    const richer = stage({ logFile: file, initialCash: amt('1') })
    assert.equal(shortest((await richer.sim.accountFact()).cash), '100000', 'what the account began with stays')
    await richer.sim.close()
  })

  it('two writers do not share it', async () => {
    const file = newFile()
    const [one, two] = [stage({ logFile: file }), stage({ logFile: file })]
    await one.sim.submit(id('a'), order('AAPL'))
    await assert.rejects(two.sim.submit(id('b'), order('AAPL')), { code: 'SIM_LOG_NOT_WRITTEN' })
    assert.deepEqual(
      readSimLog(file).orders.map((o) => o.clOrdID),
      ['a'],
    )
    await one.sim.close()
    await two.sim.close()
  })

  it('nothing answered is lost by kill -9', async () => {
    const file = newFile()
    const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
    const script = `
      import { openSim } from ${url('./sim.ts')}
      import { handMarket } from ${url('../../markets/hand.ts')}
      import { INSTRUMENTS } from ${url('../../markets/listing.ts')}
      const market = handMarket(INSTRUMENTS)
      let now = ${NOON}
      const clock = { now: () => (now += 1000), monotonicNs: () => 0n, sleep: async () => {} }
      market.set('AAPL', { bid: '99.99', ask: '100.00' }, clock.now())
      const sim = openSim({ account: 'paper:sim:main', clock, market, logFile: ${JSON.stringify(file)}, nativeBracket: true, oneCancelsOther: true, latencyMs: 0, initialCash: '1000000', currency: 'USD' })
      const terms = { symbol: 'AAPL', side: 'Buy', ordType: 'Market', timeInForce: 'Day', orderQty: '1', price: null, stopPx: null, bracket: null, reduceOnly: false }
      for (let i = 0; ; i++) {
        const sent = await sim.submit('k' + i, terms)
        process.stdout.write(sent.outcome + ' k' + i + '\\n')
        if (i % 50 === 0) await new Promise((done) => setImmediate(done))
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const answered: string[] = []
    for await (const line of createInterface(child.stdout)) {
      if (/^accepted k\d+$/.test(line)) answered.push(line.slice('accepted '.length))
      if (answered.length === 300) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    assert.equal(child.signalCode, 'SIGKILL')
    const booked = readSimLog(file).orders.map((o) => o.clOrdID)
    assert.equal(new Set(booked).size, booked.length)
    const there = new Set<string | null>(booked)
    assert.deepEqual(
      answered.filter((name) => !there.has(name)),
      [],
    )
    const { sim } = stage({ logFile: file })
    assert.equal(text((await sim.positions())[0]?.netQty ?? px('0')), String(booked.length))
    await sim.close()
  })
})
