import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DailyBar } from '../gate/days.ts'
import type { Passed } from '../gate/gate.ts'
import { type Outgoing, outgoingFaults } from '../orders/outgoing.ts'
import { avgCost, positionOf } from '../orders/position.ts'
import type { Execution, Report, TradeReport } from '../orders/report.ts'
import type { Terms } from '../orders/terms.ts'
import type { ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import {
  type Amt,
  compare,
  type Decimal,
  eq,
  plus,
  px,
  type Px,
  qty,
  type Qty,
  shortest,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { instant } from '../values/instant.ts'
import { type Broker, type BrokerOrder, type MayGo, ReadFailed } from './broker.ts'

/**
 * A broker under test, and the powers over it that the rules need. The market of `symbol` is the bench's alone: an
 * equity in whole shares with a tick of 0.01 that may be sold short, in an account of the same currency, open and quoted
 * at 99.99 / 100.00 with unlimited size, nothing held, nothing ordered.
 */
export type Bench = {
  /** The gateway's connection; another one after `restart`. */
  readonly broker: Broker
  readonly symbol: string
  readonly initialCash: Amt
  /** Sets the market and resolves when the broker has acted on it. `last` is `bid`; `size` is what each side offers, null without limit. */
  market(bid: Px, ask: Px, size: Qty | null): Promise<void>
  session(open: boolean): Promise<void>
  /** Sets how the days of `symbol` were, oldest first. */
  days(past: readonly DailyBar[], today: DailyBar | null): Promise<void>
  loseNextReply(when: 'before-booking' | 'after-booking'): void
  /** From now on everything is streamed twice and out of order. */
  repeatReports(): void
  withholdStream(): void
  /** The next `n` reads fail in a way that may pass. */
  failReads(n: number): void
  /** A trade that nobody matched, at any state of the order. */
  trade(orderID: OrderID, lastQty: Qty, lastPx: Px): Promise<void>
  bust(execID: ExecID): Promise<void>
  correct(execID: ExecID, lastQty: Qty, lastPx: Px): Promise<void>
  /** Resolves when everything on its way has arrived. */
  settle(): Promise<void>
  /** The gateway's side dies and comes back: a new connection to the same account. */
  restart(): Promise<void>
  close(): Promise<void>
}

export type Skip = { readonly test: string; readonly reason: string }

/** Everything the rules may lean on: the bench, what was streamed, and short words for common requests. */
type Case = {
  readonly bench: Bench
  readonly heard: readonly Report[]
  readonly entry: (over?: Partial<Terms>) => Passed
  /** Sends and insists on acceptance. */
  readonly place: (clOrdID: string, over?: Partial<Terms>) => Promise<BrokerOrder>
  readonly found: (clOrdID: string) => Promise<{ readonly order: BrokerOrder; readonly reports: readonly Report[] }>
  readonly leg: (clOrdID: string, role: 'Stop' | 'Target') => Promise<BrokerOrder | undefined>
  /** Net quantity of the bench's symbol. */
  readonly held: () => Promise<string>
}

const id = (clOrdID: string): ClOrdID => clOrdID as ClOrdID
const START = instant(0)
const tradesIn = (reports: readonly Report[]): TradeReport[] => reports.filter((r) => r.execType === 'Trade')
/** One of each ExecID, the first that came. */
const unique = <R extends Report>(reports: readonly R[]): R[] =>
  [...new Map([...reports].reverse().map((r) => [r.execID, r])).values()].reverse()
const total = (trades: readonly TradeReport[]): Decimal =>
  unique(trades).reduce<Decimal>((sum, t) => plus(sum, t.lastQty as Decimal), ZERO)
const same = (actual: Decimal | null | undefined, expected: string): void => equal(actual, qty(expected))
const equal = (actual: Decimal | null | undefined, expected: Decimal): void =>
  assert.ok(actual && eq(actual, expected), `${actual ? text(actual) : actual} is not ${text(expected)}`)

/**
 * What every broker adapter must do. Run it once per way of setting the broker up.
 * @param open a fresh bench for each rule.
 * @param skips rules that this broker cannot keep, each with the broker's documented reason. A skip that names no rule fails.
 */
export function brokerContract(name: string, open: () => Promise<Bench>, skips: readonly Skip[] = []): void {
  const rules = new Set<string>()

  const rule = (test: string, run: (c: Case) => Promise<void>): void => {
    rules.add(test)
    const skip = skips.find((s) => s.test === test)
    it(test, { skip: skip?.reason ?? false }, async () => {
      const bench = await open()
      try {
        await run(caseOf(bench))
      } finally {
        await bench.close()
      }
    })
  }

  /** A rule for those that can; what a broker cannot, it must say. */
  const where = (can: 'replace' | 'closePositions', test: string, run: (c: Case) => Promise<void>): void =>
    rule(test, async (c) => {
      const { broker, symbol } = c.bench
      if (broker.capabilities[can]) return run(c)
      const ref = { clOrdID: id('c-1'), orderID: null }
      const sent = can === 'replace' ? broker.replace(ref, id('c-2'), c.entry()) : broker.closePosition(symbol)
      assert.equal((await sent).outcome, 'rejected')
    })

  describe(`broker contract: ${name}`, () => {
    // ---- sending ----

    rule('an order is told, whole, in the instant before it leaves', async ({ bench, entry, found }) => {
      const told: Outgoing[][] = []
      const order = entry({ ordType: 'Limit', price: px('90.00') })
      const sent = await bench.broker.submit(id('c-1'), order, async (outgoing) => {
        assert.deepEqual(await bench.broker.find(id('c-1')), { found: false })
        told.push([...outgoing])
        return true
      })
      assert.equal(sent.outcome, 'accepted')
      assert.equal(told.length, 1)
      const [[one = assert.fail(), ...more] = []] = told
      assert.deepEqual([more, outgoingFaults(one, id('c-1'), order, 'new')], [[], []])
      await bench.settle()
      await found('c-1')
    })

    rule('an order that may not go after all does not', async ({ bench, entry }) => {
      const sent = await bench.broker.submit(
        id('c-1'),
        entry({ ordType: 'Limit', price: px('90.00') }),
        async () => false,
      )
      assert.notEqual(sent.outcome, 'accepted')
      await bench.settle()
      assert.deepEqual(await bench.broker.find(id('c-1')), { found: false })
    })

    where(
      'replace',
      'a replacement is told before it leaves, and stays when it may not',
      async ({ bench, entry, place, found }) => {
        const { orderID } = await place('c-1', { ordType: 'Limit', price: px('90.00') })
        const ref = { clOrdID: id('c-1'), orderID }
        const order = entry({ ordType: 'Limit', price: px('89.00') })
        let told: readonly Outgoing[] = []
        const held = await bench.broker.replace(ref, id('c-2'), order, async (outgoing) => {
          told = outgoing
          return false
        })
        const [one = assert.fail(), ...more] = told
        assert.deepEqual([more, outgoingFaults(one, id('c-2'), order, 'replacement')], [[], []])
        assert.notEqual(held.outcome, 'accepted')
        await bench.settle()
        same((await found('c-1')).order.terms.price, '90.00')
        assert.deepEqual(await bench.broker.find(id('c-2')), { found: false })
      },
    )

    rule('an order is accepted and found by its ClOrdID', async ({ bench, entry, found }) => {
      const sent = await bench.broker.submit(id('c-1'), entry({ ordType: 'Limit', price: px('90.00') }))
      assert.equal(sent.outcome, 'accepted')
      await bench.settle()
      const { order, reports } = await found('c-1')
      assert.equal(order.orderID, sent.outcome === 'accepted' ? sent.orderID : null)
      assert.equal(order.clOrdID, 'c-1')
      assert.equal(order.open, true)
      assert.equal(order.terms.symbol, bench.symbol)
      assert.deepEqual([order.terms.side, order.terms.ordType], ['Buy', 'Limit'])
      equal(order.terms.orderQty, qty('10'))
      equal(order.terms.price, px('90.00'))
      assert.deepEqual(
        reports.map((r) => [r.execType, r.clOrdID, r.orderID]),
        [['New', 'c-1', order.orderID]],
      )
    })

    rule('what was never sent is not found', async ({ bench }) => {
      assert.deepEqual(await bench.broker.find(id('c-none')), { found: false })
    })

    rule('a reply lost after booking is in doubt, and the order is there', async ({ bench, entry, found }) => {
      bench.loseNextReply('after-booking')
      const sent = await bench.broker.submit(id('c-1'), entry({ ordType: 'Limit', price: px('90.00') }))
      assert.equal(sent.outcome, 'in-doubt')
      await bench.settle()
      assert.equal((await found('c-1')).order.open, true)
    })

    rule('a request lost before booking is in doubt, and the order is not there', async ({ bench, entry }) => {
      bench.loseNextReply('before-booking')
      const sent = await bench.broker.submit(id('c-1'), entry())
      assert.equal(sent.outcome, 'in-doubt')
      await bench.settle()
      assert.deepEqual(await bench.broker.find(id('c-1')), { found: false })
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    rule("a rejection keeps the broker's words", async ({ bench, entry }) => {
      const sent = await bench.broker.submit(id('c-1'), entry({ orderQty: qty('900000') }))
      assert.equal(sent.outcome, 'rejected')
      assert.match(sent.outcome === 'rejected' ? sent.text : '', /buying power|margin/i)
      await bench.settle()
      const later = await bench.broker.find(id('c-1'))
      if (!later.found) return
      assert.equal(later.order.open, false)
      const no = later.reports.find((r) => r.execType === 'Rejected')
      assert.equal(no?.text, sent.outcome === 'rejected' ? sent.text : null)
    })

    rule('the same ClOrdID never makes two orders', async ({ bench, entry, place, found }) => {
      const first = await place('c-1', { ordType: 'Limit', price: px('90.00') })
      const again = await bench.broker.submit(id('c-1'), entry({ ordType: 'Limit', price: px('90.00') }))
      if (again.outcome === 'accepted') assert.equal(again.orderID, first.orderID)
      await bench.settle()
      assert.equal((await bench.broker.openOrders()).length, 1)
      assert.equal((await found('c-1')).order.orderID, first.orderID)
    })

    rule('a ClOrdID stays taken after its order has ended', async ({ bench, entry, place }) => {
      const first = await place('c-1')
      const again = await bench.broker.submit(id('c-1'), entry())
      if (again.outcome === 'accepted') assert.equal(again.orderID, first.orderID)
      await bench.settle()
      same((await bench.broker.positions())[0]?.netQty, '10')
    })

    rule('an unknown symbol is null, and an order for it is rejected', async ({ bench, entry }) => {
      assert.equal(await bench.broker.instrument('NO.SUCH'), null)
      assert.equal(await bench.broker.quote('NO.SUCH'), null)
      const sent = await bench.broker.submit(id('c-1'), entry({ symbol: 'NO.SUCH' }))
      assert.equal(sent.outcome, 'rejected')
    })

    // ---- fills and reports ----

    rule('a limit order fills at its limit or better', async ({ bench, place, found }) => {
      await place('c-1', { ordType: 'Limit', price: px('99.50') })
      await bench.market(px('99.40'), px('99.41'), null)
      const { order, reports } = await found('c-1')
      assert.equal(order.open, false)
      const trades = tradesIn(reports)
      equal(total(trades), qty('10'))
      for (const t of trades) assert.ok(compare(t.lastPx, px('99.50')) <= 0)
    })

    rule('a stop waits for its price, and then takes the market', async ({ bench, place, found, held }) => {
      await place('c-1')
      await place('c-2', { side: 'Sell', ordType: 'Stop', stopPx: px('95.00'), timeInForce: 'GTC', reduceOnly: true })
      await bench.market(px('96.00'), px('96.01'), null)
      assert.equal((await found('c-2')).order.open, true)
      await bench.market(px('93.00'), px('93.01'), null)
      const { order, reports } = await found('c-2')
      assert.equal(order.open, false)
      equal(tradesIn(reports)[0]?.lastPx, px('93.00'))
      assert.equal(await held(), '0')
    })

    rule('an exit through the market takes what is there, and its rest can be tried again', async (c) => {
      const { bench, place, found, held } = c
      const { timeInForce: takes } = bench.broker.capabilities
      const timeInForce = takes.includes('IOC') ? 'IOC' : 'Day'
      const exit = { side: 'Sell', ordType: 'Limit', price: px('93.00'), timeInForce, reduceOnly: true } as const
      await place('c-1')
      await bench.market(px('96.00'), px('96.01'), qty('4'))
      const { clOrdID, orderID, open } = await place('c-2', exit)
      assert.equal(open, timeInForce === 'Day')
      if (open && clOrdID) await bench.broker.cancel({ clOrdID, orderID })
      await bench.settle()
      const { order, reports } = await found('c-2')
      assert.equal(order.open, false)
      same(total(tradesIn(reports)), '4')
      assert.equal(await held(), '6')
      await bench.market(px('95.00'), px('95.01'), null)
      await place('c-3', { ...exit, orderQty: qty('6') })
      assert.equal(await held(), '0')
      equal(tradesIn((await found('c-3')).reports)[0]?.lastPx, px('95.00'))
    })

    rule('an exit without a limit closes what is held', async ({ place, found, held }) => {
      await place('c-1')
      await place('c-2', { side: 'Sell', reduceOnly: true })
      assert.equal((await found('c-2')).order.open, false)
      assert.equal(await held(), '0')
    })

    rule('partial fills add up', async ({ bench, place, found, held }) => {
      await bench.market(px('99.99'), px('100.00'), qty('4'))
      await place('c-1')
      const { order: before } = await found('c-1')
      same(before.cumQty, '4')
      assert.equal(before.open, true)
      await bench.market(px('99.99'), px('100.00'), qty('3'))
      same((await found('c-1')).order.cumQty, '7')
      await bench.market(px('100.01'), px('100.02'), qty('9'))
      const { order, reports } = await found('c-1')
      assert.equal(order.open, false)
      same(order.cumQty, '10')
      equal(total(tradesIn(reports)), order.cumQty)
      assert.equal(unique(tradesIn(reports)).length, 3)
      assert.equal(await held(), '10')
    })

    rule('stream, look-up and poll report the same executions', async ({ bench, heard, place, found }) => {
      await bench.market(px('99.99'), px('100.00'), qty('4'))
      await place('c-1')
      await bench.market(px('99.99'), px('100.00'), null)
      const { reports } = await found('c-1')
      const polled = await bench.broker.reportsSince(START)
      const facts = (all: readonly Report[]) =>
        unique(tradesIn(all))
          .map((t) => [t.execID, t.orderID, text(t.lastQty), text(t.lastPx)].join(' '))
          .sort()
      assert.equal(facts(reports).length, 2)
      assert.deepEqual(facts(heard), facts(reports))
      assert.deepEqual(facts(polled), facts(reports))
    })

    rule('a poll from the last report on misses nothing', async ({ bench, place }) => {
      await place('c-1')
      const before = await bench.broker.reportsSince(START)
      const since = before.at(-1)?.transactTime ?? START
      await place('c-2')
      const all = new Set((await bench.broker.reportsSince(START)).map((r) => r.execID))
      const both = new Set([...before, ...(await bench.broker.reportsSince(since))].map((r) => r.execID))
      assert.deepEqual([...both].sort(), [...all].sort())
      assert.ok(all.size > new Set(before.map((r) => r.execID)).size)
    })

    rule('a repeated report keeps its ExecID', async ({ bench, heard, place }) => {
      bench.repeatReports()
      await place('c-1')
      await bench.settle()
      const trades = tradesIn(heard)
      assert.ok(trades.length > unique(trades).length, 'the stream repeats')
      equal(total(trades), qty('10'))
    })

    rule('a poll finds what the stream withheld', async ({ bench, heard, place, found }) => {
      bench.withholdStream()
      await place('c-1')
      await bench.settle()
      assert.deepEqual(heard, [])
      equal(total(tradesIn(await bench.broker.reportsSince(START))), qty('10'))
      equal(total(tradesIn((await found('c-1')).reports)), qty('10'))
    })

    rule('a trade taken back is reported, and the position follows', async ({ bench, place, found, held }) => {
      await place('c-1')
      const [trade] = tradesIn((await found('c-1')).reports)
      assert.ok(trade)
      await bench.bust(trade.execID)
      const { order, reports } = await found('c-1')
      const bust = reports.find((r) => r.execType === 'TradeCancel')
      assert.equal(bust?.refExecID, trade.execID)
      assert.notEqual(bust?.execID, trade.execID)
      assert.equal(await held(), '0')
      same(order.cumQty, '0')
    })

    rule('a trade corrected is reported, and the position follows', async ({ bench, place, found, held }) => {
      await place('c-1')
      const [trade] = tradesIn((await found('c-1')).reports)
      assert.ok(trade)
      await bench.correct(trade.execID, qty('8'), px('99.50'))
      const { order, reports } = await found('c-1')
      const correction = reports.find((r) => r.execType === 'TradeCorrect')
      assert.equal(correction?.refExecID, trade.execID)
      equal(correction?.lastPx, px('99.50'))
      same(correction?.lastQty, '8')
      assert.equal(await held(), '8')
      same(order.cumQty, '8')
    })

    rule('positions and cash are the fold of the executions', async ({ bench, place }) => {
      const side = new Map<string, 'Buy' | 'Sell'>()
      const trade = async (clOrdID: string, over: Partial<Terms>): Promise<void> =>
        void side.set((await place(clOrdID, over)).orderID, over.side ?? 'Buy')
      await trade('c-1', { orderQty: qty('7') })
      await bench.market(px('101.13'), px('101.14'), null)
      await trade('c-2', { orderQty: qty('6') })
      await bench.market(px('98.50'), px('98.51'), qty('3'))
      await trade('c-3', { side: 'Sell', orderQty: qty('13'), timeInForce: 'GTC' })
      await bench.market(px('98.40'), px('98.41'), null)
      // Flat first: some brokers take no order that closes one side and opens the other.
      await trade('c-5', { side: 'Sell', orderQty: qty('7') })
      await trade('c-4', { orderQty: qty('2') })
      const executions = unique(tradesIn(await bench.broker.reportsSince(START))).map(
        (t): Execution => ({
          ...t,
          clOrdID: t.clOrdID ?? id('none'),
          symbol: bench.symbol,
          side: side.get(t.orderID ?? '') ?? 'Buy',
          live: true,
        }),
      )
      const folded = positionOf(bench.symbol, executions)
      const [position, ...others] = await bench.broker.positions()
      assert.deepEqual(others, [])
      equal(position?.netQty, folded.netQty)
      assert.equal(text(folded.netQty), '-5')
      const cost = avgCost(folded)
      if (position?.avgPx && cost) equal(position.avgPx, cost)
      const { cash, equity } = await bench.broker.accountFact()
      equal(cash, plus(bench.initialCash, folded.cashFlow))
      const last = await bench.broker.quote(bench.symbol)
      assert.ok(last)
      equal(equity, plus(cash, times(folded.netQty, last.last) as Amt))
    })

    // ---- ends ----

    rule('a cancel is a request; a report ends the order', async ({ bench, heard, place, found }) => {
      const order = await place('c-1', { ordType: 'Limit', price: px('90.00') })
      assert.deepEqual(await bench.broker.cancel({ clOrdID: id('c-1'), orderID: order.orderID }), {
        outcome: 'accepted',
      })
      await bench.settle()
      const { order: after, reports } = await found('c-1')
      assert.equal(after.open, false)
      assert.ok(reports.some((r) => r.execType === 'Canceled'))
      assert.ok(heard.some((r) => r.execType === 'Canceled' && r.orderID === order.orderID))
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    rule('an order can be canceled by our name for it alone', async ({ bench, place, found }) => {
      await place('c-1', { ordType: 'Limit', price: px('90.00') })
      assert.deepEqual(await bench.broker.cancel({ clOrdID: id('c-1'), orderID: null }), { outcome: 'accepted' })
      await bench.settle()
      assert.equal((await found('c-1')).order.open, false)
    })

    rule('a filled order cannot be canceled, and the broker says why', async ({ bench, place }) => {
      const order = await place('c-1')
      const sent = await bench.broker.cancel({ clOrdID: id('c-1'), orderID: order.orderID })
      assert.equal(sent.outcome, 'rejected')
      assert.ok(sent.outcome === 'rejected' && sent.text.length > 0)
    })

    rule('a lost cancel reply is in doubt, never done or refused', async ({ bench, place, found }) => {
      const order = await place('c-1', { ordType: 'Limit', price: px('90.00') })
      const ref = { clOrdID: id('c-1'), orderID: order.orderID }
      bench.loseNextReply('before-booking')
      assert.equal((await bench.broker.cancel(ref)).outcome, 'in-doubt')
      await bench.settle()
      assert.equal((await found('c-1')).order.open, true)
      bench.loseNextReply('after-booking')
      assert.equal((await bench.broker.cancel(ref)).outcome, 'in-doubt')
      await bench.settle()
      assert.equal((await found('c-1')).order.open, false)
    })

    rule('a fill after the cancel is reported', async ({ bench, place, found, held }) => {
      const order = await place('c-1', { ordType: 'Limit', price: px('90.00') })
      await bench.broker.cancel({ clOrdID: id('c-1'), orderID: order.orderID })
      await bench.settle()
      await bench.trade(order.orderID, qty('6'), px('90.00'))
      const { order: after, reports } = await found('c-1')
      equal(total(tradesIn(reports)), qty('6'))
      same(after.cumQty, '6')
      assert.equal(after.open, false)
      assert.equal(await held(), '6')
    })

    rule('cancel-all leaves nothing open', async ({ bench, place }) => {
      await place('c-1', { ordType: 'Limit', price: px('90.00') })
      await place('c-2', { ordType: 'Limit', price: px('91.00'), timeInForce: 'GTC' })
      await place('c-3', { ordType: 'Stop', stopPx: px('110.00') })
      assert.equal((await bench.broker.openOrders()).length, 3)
      assert.deepEqual(await bench.broker.cancelAll(), { outcome: 'accepted' })
      await bench.settle()
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    rule('a locked account takes no new order, says so, and leaves what is open', async ({ bench, entry, place }) => {
      const { broker } = bench
      if (!broker.lock) return
      const before = await place('c-1', { ordType: 'Limit', price: px('90.00') })
      assert.deepEqual(await broker.lock(true), { outcome: 'accepted' })
      const refused = await broker.submit(id('c-2'), entry({ ordType: 'Limit', price: px('90.00') }))
      assert.equal(refused.outcome, 'rejected')
      assert.notEqual((await broker.accountFact()).status, 'Active')
      assert.deepEqual(
        (await broker.openOrders()).map((o) => o.orderID),
        [before.orderID],
      )
      assert.deepEqual(await broker.cancel({ clOrdID: id('c-1'), orderID: before.orderID }), { outcome: 'accepted' })
      assert.deepEqual(await broker.lock(false), { outcome: 'accepted' })
      assert.equal((await broker.accountFact()).status, 'Active')
      await place('c-3', { ordType: 'Limit', price: px('90.00') })
    })

    rule('immediate-or-cancel ends with what it got', async ({ bench, place, found }) => {
      await bench.market(px('99.99'), px('100.00'), qty('4'))
      await place('c-1', { ordType: 'Limit', price: px('100.00'), timeInForce: 'IOC' })
      const { order, reports } = await found('c-1')
      assert.equal(order.open, false)
      same(order.cumQty, '4')
      assert.ok(reports.some((r) => r.execType === 'Canceled' || r.execType === 'Expired'))
    })

    rule('a day order ends with the session, a lasting one does not', async ({ bench, place, found }) => {
      await place('c-1', { ordType: 'Limit', price: px('90.00'), timeInForce: 'Day' })
      await place('c-2', { ordType: 'Limit', price: px('90.00'), timeInForce: 'GTC' })
      assert.equal((await bench.broker.session(bench.symbol)).open, true)
      await bench.session(false)
      assert.equal((await bench.broker.session(bench.symbol)).open, false)
      const { order, reports } = await found('c-1')
      assert.equal(order.open, false)
      assert.ok(reports.some((r) => r.execType === 'Expired' || r.execType === 'Canceled'))
      assert.equal((await found('c-2')).order.open, true)
    })

    // ---- exits ----

    const BRACKET = { bracket: { stopPx: px('95.00'), targetPx: px('110.00') } }

    rule('legs are made where brackets are supported, and only there', async ({ bench, entry, place }) => {
      const { bracket } = bench.broker.capabilities
      const sent = await bench.broker.submit(id('c-1'), entry(BRACKET))
      assert.deepEqual(
        sent.outcome === 'accepted' && sent.legs.map((l) => l.role).sort(),
        bracket ? ['Stop', 'Target'] : [],
      )
      await bench.settle()
      const { legs } = await place('c-2')
      assert.deepEqual(legs, [])
    })

    rule('the legs of a bracket wait for their entry', async ({ bench, place, leg, found }) => {
      const entry = await place('c-1', { ...BRACKET, ordType: 'Limit', price: px('99.00') })
      const stop = await leg('c-1', 'Stop')
      assert.equal(stop?.parentOrderID, entry.orderID)
      assert.equal(stop?.clOrdID, null)
      // The market passes where the stop would be, and later where the target would be: nothing may happen.
      await bench.market(px('110.50'), px('110.51'), null)
      assert.equal((await leg('c-1', 'Target'))?.open, true)
      const { reports } = await found('c-1')
      assert.deepEqual(tradesIn(reports), [])
      assert.deepEqual(await bench.broker.positions(), [])
    })

    rule('the legs of a bracket follow the fills of their entry', async ({ bench, place, leg }) => {
      await bench.market(px('99.99'), px('100.00'), qty('4'))
      await place('c-1', BRACKET)
      same((await leg('c-1', 'Stop'))?.terms.orderQty, '4')
      same((await leg('c-1', 'Target'))?.terms.orderQty, '4')
      await bench.market(px('99.99'), px('100.00'), null)
      same((await leg('c-1', 'Stop'))?.terms.orderQty, '10')
      same((await leg('c-1', 'Target'))?.terms.orderQty, '10')
    })

    rule('a target that fills ends the stop', async ({ bench, place, leg, held, found }) => {
      await place('c-1', BRACKET)
      assert.equal(await held(), '10')
      await bench.market(px('110.00'), px('110.01'), null)
      assert.equal((await leg('c-1', 'Target'))?.open, false)
      assert.equal((await leg('c-1', 'Stop'))?.open, false)
      assert.equal(await held(), '0')
      // A look-up of the entry tells the story of its legs too.
      const { order, reports } = await found('c-1')
      const target = order.legs.find((l) => l.role === 'Target')?.orderID
      equal(total(tradesIn(reports.filter((r) => r.orderID === target))), qty('10'))
    })

    rule('a stop that fills ends the target', async ({ bench, place, leg, held }) => {
      await place('c-1', BRACKET)
      await bench.market(px('94.50'), px('94.51'), null)
      same((await leg('c-1', 'Stop'))?.cumQty, '10')
      assert.equal((await leg('c-1', 'Target'))?.open, false)
      assert.equal(await held(), '0')
    })

    rule('a target that fills in part shrinks the stop', async ({ bench, place, leg }) => {
      await place('c-1', BRACKET)
      await bench.market(px('110.00'), px('110.01'), qty('4'))
      same((await leg('c-1', 'Target'))?.cumQty, '4')
      const stop = await leg('c-1', 'Stop')
      assert.equal(stop?.open, true)
      same(stop?.terms.orderQty, '6')
    })

    rule('an entry canceled unfilled takes its legs along', async ({ bench, place, leg }) => {
      const order = await place('c-1', { ...BRACKET, ordType: 'Limit', price: px('99.00') })
      await bench.broker.cancel({ clOrdID: id('c-1'), orderID: order.orderID })
      await bench.settle()
      assert.deepEqual(
        [(await leg('c-1', 'Stop'))?.open ?? false, (await leg('c-1', 'Target'))?.open ?? false],
        [false, false],
      )
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    const pair = async ({ bench, entry, place }: Case, mayGo?: MayGo) => {
      await place('c-1')
      const exit = { side: 'Sell', timeInForce: 'GTC', reduceOnly: true } as const
      const sent = await bench.broker.submitPair(
        { clOrdID: id('c-2'), order: entry({ ...exit, ordType: 'Stop', stopPx: px('95.00') }) },
        { clOrdID: id('c-3'), order: entry({ ...exit, ordType: 'Limit', price: px('110.00') }) },
        mayGo,
      )
      await bench.settle()
      return sent
    }

    rule('a pair is told, both of it, before it leaves', async (c) => {
      const told: Outgoing[] = []
      await pair(c, async (outgoing) => {
        told.push(...outgoing)
        return false
      })
      assert.deepEqual(
        told.map(({ clOrdID, symbol, side, orderQty }) => [clOrdID, symbol, side, orderQty && text(orderQty)]),
        ['c-2', 'c-3'].map((name) => [name, c.bench.symbol, 'Sell', '10']),
      )
      await c.bench.settle()
      for (const name of ['c-2', 'c-3']) assert.deepEqual(await c.bench.broker.find(id(name)), { found: false })
    })

    rule('a pair is two orders under names of ours, of which one cancels the other', async (c) => {
      const sent = await pair(c)
      assert.equal(sent.outcome, 'accepted')
      const [stop, target] = [(await c.found('c-2')).order, (await c.found('c-3')).order]
      assert.deepEqual(sent.outcome === 'accepted' && Object.fromEntries(sent.legs.map((l) => [l.role, l.orderID])), {
        Stop: stop.orderID,
        Target: target.orderID,
      })
      assert.deepEqual([stop.open, target.open], [true, true])
      await c.bench.market(px('94.00'), px('94.01'), null)
      same((await c.found('c-2')).order.cumQty, '10')
      assert.equal((await c.found('c-3')).order.open, false)
      assert.equal(await c.held(), '0')
    })

    rule('a pair whose target fills in part has a smaller stop', async (c) => {
      await pair(c)
      await c.bench.market(px('110.00'), px('110.01'), qty('4'))
      same((await c.found('c-3')).order.cumQty, '4')
      const { order: stop } = await c.found('c-2')
      assert.equal(stop.open, true)
      same(stop.terms.orderQty, '6')
    })

    // ---- another order in the place of an open one ----

    const other = (over: Partial<Terms>): Partial<Terms> => ({ ordType: 'Limit', ...over })

    where('replace', 'a replaced order ends as replaced, and the new one works under our new name', async (c) => {
      const { bench, entry, place, found, heard } = c
      const old = await place('c-1', other({ price: px('90.00') }))
      const order = entry(other({ price: px('91.00'), orderQty: qty('12') }))
      const sent = await bench.broker.replace({ clOrdID: id('c-1'), orderID: old.orderID }, id('c-2'), order)
      assert.equal(sent.outcome, 'accepted')
      await bench.settle()
      const [before, after] = [await found('c-1'), await found('c-2')]
      assert.deepEqual([before.order.open, after.order.open], [false, true])
      assert.ok(before.reports.some((r) => r.execType === 'Replaced' && r.orderID === old.orderID))
      assert.ok(heard.some((r) => r.execType === 'Replaced' && r.orderID === old.orderID))
      assert.ok(!before.reports.some((r) => r.execType === 'Canceled' || r.execType === 'Expired'))
      assert.equal(sent.outcome === 'accepted' && sent.orderID, after.order.orderID)
      assert.notEqual(after.order.orderID, old.orderID)
      equal(after.order.terms.price, px('91.00'))
      equal(after.order.terms.orderQty, qty('12'))
      assert.equal(before.order.replacedBy, after.order.orderID)
      assert.equal(after.order.replaces, old.orderID)
      const open = await bench.broker.openOrders()
      assert.deepEqual(
        open.map((o) => o.clOrdID),
        ['c-2'],
      )
    })

    where('replace', 'what was filled before a replacement counts once over both', async (c) => {
      const { bench, entry, place, found, held } = c
      await bench.market(px('99.99'), px('100.00'), qty('4'))
      const old = await place('c-1', other({ price: px('100.00') }))
      const ref = { clOrdID: id('c-1'), orderID: old.orderID }
      await bench.broker.replace(ref, id('c-2'), entry(other({ price: px('100.50'), orderQty: qty('9') })))
      await bench.settle()
      same((await found('c-1')).order.cumQty, '4')
      const { order: next } = await found('c-2')
      same(next.terms.orderQty, '5')
      same(next.cumQty, '0')
      await bench.market(px('100.02'), px('100.03'), null)
      const [before, after] = [await found('c-1'), await found('c-2')]
      equal(total(tradesIn(before.reports)), qty('4'))
      equal(total(tradesIn(after.reports)), qty('5'))
      assert.equal(await held(), '9')
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    where('replace', 'a replacement of a replacement counts the fills of all', async (c) => {
      const { bench, entry, place, found, held } = c
      await bench.market(px('99.99'), px('100.00'), qty('2'))
      const first = await place('c-1', other({ price: px('100.00') }))
      const second = entry(other({ price: px('100.50') }))
      await bench.broker.replace({ clOrdID: id('c-1'), orderID: first.orderID }, id('c-2'), second)
      await bench.settle()
      await bench.market(px('100.02'), px('100.03'), qty('3'))
      const { order } = await found('c-2')
      same(order.cumQty, '3')
      const third = entry(other({ price: px('101.00'), orderQty: qty('8') }))
      const sent = await bench.broker.replace({ clOrdID: id('c-2'), orderID: order.orderID }, id('c-3'), third)
      assert.equal(sent.outcome, 'accepted')
      await bench.settle()
      same((await found('c-3')).order.terms.orderQty, '3')
      await bench.market(px('100.52'), px('100.53'), null)
      assert.equal(await held(), '8')
    })

    where('replace', 'a lost reply to a replacement is in doubt, and the new name tells', async (c) => {
      const { bench, entry, place, found } = c
      const old = await place('c-1', other({ price: px('90.00') }))
      const ref = { clOrdID: id('c-1'), orderID: old.orderID }
      const order = entry(other({ price: px('91.00') }))
      bench.loseNextReply('before-booking')
      assert.equal((await bench.broker.replace(ref, id('c-2'), order)).outcome, 'in-doubt')
      await bench.settle()
      assert.deepEqual(await bench.broker.find(id('c-2')), { found: false })
      assert.equal((await found('c-1')).order.open, true)
      bench.loseNextReply('after-booking')
      assert.equal((await bench.broker.replace(ref, id('c-3'), order)).outcome, 'in-doubt')
      await bench.settle()
      assert.equal((await found('c-3')).order.open, true)
      assert.equal((await found('c-1')).order.open, false)
    })

    where('replace', 'what cannot be replaced is refused in words, and nothing new is open', async (c) => {
      const { bench, entry, place, found } = c
      const ref = async (clOrdID: string) => ({ clOrdID: id(clOrdID), orderID: (await found(clOrdID)).order.orderID })
      const refused = async (clOrdID: string, over: Partial<Terms>) => {
        const sent = await bench.broker.replace(await ref(clOrdID), id(`${clOrdID}-r`), entry(other(over)))
        assert.equal(sent.outcome, 'rejected')
        assert.ok(sent.outcome === 'rejected' && sent.text.length > 0)
        await bench.settle()
        const next = await bench.broker.find(id(`${clOrdID}-r`))
        assert.ok(!next.found || !next.order.open)
      }
      await place('c-1')
      await refused('c-1', { price: px('100.50') })
      await bench.market(px('99.99'), px('100.00'), qty('4'))
      await place('c-2', other({ price: px('100.00') }))
      await refused('c-2', { price: px('100.00'), orderQty: qty('4') })
      const { order } = await found('c-2')
      assert.equal(order.open, true)
      same(order.cumQty, '4')
    })

    where('replace', 'an entry that is replaced is protected by its bracket all the same', async (c) => {
      const { bench, entry, place, found, held } = c
      if (!bench.broker.capabilities.bracket) return
      const old = await place('c-1', other({ ...BRACKET, price: px('99.00') }))
      const order = entry(other({ ...BRACKET, price: px('99.50'), orderQty: qty('8') }))
      await bench.broker.replace({ clOrdID: id('c-1'), orderID: old.orderID }, id('c-2'), order)
      await bench.settle()
      await bench.market(px('99.40'), px('99.41'), null)
      same((await found('c-2')).order.cumQty, '8')
      const stops = (await bench.broker.openOrders()).filter((o) => o.terms.ordType === 'Stop')
      assert.equal(stops.length, 1)
      same(stops[0]?.terms.orderQty, '8')
      await bench.market(px('94.50'), px('94.51'), null)
      assert.equal(await held(), '0')
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    // ---- closing what is held ----

    where('closePositions', 'a close leaves nothing held', async ({ bench, place, held }) => {
      await place('c-1')
      const sent = await bench.broker.closePosition(bench.symbol)
      assert.equal(sent.outcome, 'accepted')
      await bench.settle()
      assert.equal(await held(), '0')
      const [orderID, reports] = [sent.outcome === 'accepted' && sent.orderID, await bench.broker.reportsSince(START)]
      equal(total(tradesIn(reports.filter((r) => r.orderID === orderID))), qty('10'))
    })

    where('closePositions', 'what is not held cannot be closed', async ({ bench }) => {
      const sent = await bench.broker.closePosition(bench.symbol)
      assert.ok(sent.outcome === 'rejected' && sent.text.length > 0)
      await bench.settle()
      assert.deepEqual(await bench.broker.positions(), [])
    })

    where('closePositions', 'a close whose reply is lost is in doubt, and the position tells', async (c) => {
      const { bench, place, held } = c
      await place('c-1')
      bench.loseNextReply('before-booking')
      assert.equal((await bench.broker.closePosition(bench.symbol)).outcome, 'in-doubt')
      await bench.settle()
      assert.equal(await held(), '10')
      bench.loseNextReply('after-booking')
      assert.equal((await bench.broker.closePosition(bench.symbol)).outcome, 'in-doubt')
      await bench.settle()
      assert.equal(await held(), '0')
    })

    where('closePositions', 'close-all answers line by line, and leaves nothing held or open', async (c) => {
      const { bench, place, held } = c
      await place('c-1', { side: 'Sell' })
      await place('c-2', other({ price: px('90.00') }))
      const sent = await bench.broker.closeAll()
      assert.deepEqual(sent.outcome === 'answered' && sent.positions.map((p) => [p.symbol, p.sent.outcome]), [
        [bench.symbol, 'accepted'],
      ])
      await bench.settle()
      assert.equal(await held(), '0')
      assert.deepEqual(await bench.broker.openOrders(), [])
    })

    where('closePositions', 'a close-all whose reply is lost is in doubt', async ({ bench, place, held }) => {
      await place('c-1')
      bench.loseNextReply('before-booking')
      assert.equal((await bench.broker.closeAll()).outcome, 'in-doubt')
      await bench.settle()
      assert.equal(await held(), '10')
      bench.loseNextReply('after-booking')
      assert.equal((await bench.broker.closeAll()).outcome, 'in-doubt')
      await bench.settle()
      assert.equal(await held(), '0')
    })

    // ---- reads ----

    rule('the account says who it is, and what it has', async ({ bench }) => {
      const fact = await bench.broker.accountFact()
      assert.equal(fact.account, bench.broker.account)
      assert.equal(fact.status, 'Active')
      assert.match(fact.currency, /^[A-Z]{3}$/)
      equal(fact.cash, bench.initialCash)
      equal(fact.equity, bench.initialCash)
      assert.ok(compare(fact.buyingPower, ZERO) > 0)
    })

    rule('instrument and quote are those of the market', async ({ bench }) => {
      const instrument = await bench.broker.instrument(bench.symbol)
      assert.equal(instrument?.symbol, bench.symbol)
      assert.equal(instrument?.tradable, true)
      equal(instrument?.ticks.at(-1)?.tick, px('0.01'))
      await bench.market(px('101.10'), px('101.12'), null)
      const quote = await bench.broker.quote(bench.symbol)
      equal(quote?.bid, px('101.10'))
      equal(quote?.ask, px('101.12'))
    })

    rule(
      'the days of a share are those of the market, the last twenty that are over apart from today',
      async ({ bench }) => {
        const { broker, symbol } = bench
        if (!broker.dailyBars) return
        const past = Array.from({ length: 20 }, (_, i) => ({
          high: px(`${92 + i}.25`),
          low: px(`${90 + i}.50`),
          close: px(`${91 + i}.00`),
          volume: qty(String(1_000_000 + i)),
        }))
        const today = { high: px('100.50'), low: px('99.00'), close: px('99.99'), volume: qty('1234') }
        await bench.days(past, today)
        const told = await broker.dailyBars(symbol)
        const flat = (bar: DailyBar | null | undefined) =>
          bar && [bar.high, bar.low, bar.close, bar.volume].map(shortest)
        assert.deepEqual(told?.past.map(flat), past.map(flat))
        assert.deepEqual(flat(told?.today), flat(today))
        await bench.days(past.slice(-2), null)
        const fewer = await broker.dailyBars(symbol)
        assert.deepEqual([fewer?.past.map(flat), fewer?.today], [past.slice(-2).map(flat), null])
        assert.equal(await broker.dailyBars('NO.SUCH'), null)
      },
    )

    rule('the currency of the account converts to itself one to one', async ({ bench }) => {
      const { currency } = await bench.broker.accountFact()
      equal((await bench.broker.conversion(currency))?.rate, qty('1'))
    })

    rule('a read that fails says whether trying again can help', async ({ bench, place, found }) => {
      await place('c-1')
      const reads: readonly ((b: Broker) => Promise<unknown>)[] = [
        (b) => b.find(id('c-1')),
        (b) => b.openOrders(),
        (b) => b.positions(),
        (b) => b.accountFact(),
        (b) => b.reportsSince(START),
      ]
      for (const read of reads) {
        bench.failReads(1)
        await assert.rejects(read(bench.broker), (e) => e instanceof ReadFailed && e.transient)
      }
      assert.equal((await found('c-1')).order.clOrdID, 'c-1')
    })

    rule('everything is still there after a restart', async ({ bench, place, found, entry, held }) => {
      await place('c-1')
      await place('c-2', { ordType: 'Limit', price: px('90.00'), timeInForce: 'GTC' })
      const before = [await found('c-1'), await found('c-2'), await bench.broker.reportsSince(START)]
      await bench.restart()
      assert.deepEqual([await found('c-1'), await found('c-2'), await bench.broker.reportsSince(START)], before)
      assert.equal(await held(), '10')
      assert.deepEqual(
        (await bench.broker.openOrders()).map((o) => o.clOrdID),
        ['c-2'],
      )
      const again = await bench.broker.submit(id('c-1'), entry())
      if (again.outcome === 'accepted') assert.equal(again.orderID, (await found('c-1')).order.orderID)
      await bench.settle()
      assert.equal(await held(), '10')
    })

    it('every skip names a rule', () => {
      assert.deepEqual(
        skips.map((s) => s.test).filter((test) => !rules.has(test)),
        [],
      )
    })
  })
}

function caseOf(bench: Bench): Case {
  const heard: Report[] = []
  bench.broker.onReport((report) => heard.push(report))
  const entry = (over: Partial<Terms> = {}): Passed => {
    const terms: Terms = {
      symbol: bench.symbol,
      side: 'Buy',
      ordType: 'Market',
      timeInForce: 'Day',
      orderQty: qty('10'),
      price: null,
      stopPx: null,
      bracket: null,
      reduceOnly: false,
      ...over,
    }
    // A broker takes what the gate has passed; here the rules stand in for the gate.
    return terms as Passed
  }
  const found: Case['found'] = async (clOrdID) => {
    const answer = await bench.broker.find(id(clOrdID))
    if (!answer.found) return assert.fail(`${clOrdID} is not found`)
    return answer
  }
  return {
    bench,
    heard,
    entry,
    found,
    async place(clOrdID, over) {
      const sent = await bench.broker.submit(id(clOrdID), entry(over))
      if (sent.outcome !== 'accepted') assert.fail(`${clOrdID} is ${JSON.stringify(sent)}`)
      await bench.settle()
      return (await found(clOrdID)).order
    },
    /** A leg as the broker lists it while it is open, or as a closed one with what its reports add up to. */
    async leg(clOrdID, role) {
      const { order, reports } = await found(clOrdID)
      const orderID = order.legs.find((l) => l.role === role)?.orderID
      if (orderID === undefined) return undefined
      const listed = (await bench.broker.openOrders()).find((o) => o.orderID === orderID)
      const cumQty = total(tradesIn(reports.filter((r) => r.orderID === orderID)))
      return (
        listed ?? {
          orderID,
          clOrdID: null,
          parentOrderID: order.orderID,
          role,
          terms: order.terms,
          open: false,
          cumQty,
          legs: [],
        }
      )
    },
    async held() {
      const position = (await bench.broker.positions()).find((p) => p.symbol === bench.symbol)
      return position ? text(position.netQty).replace(/\.0+$/, '') : '0'
    },
  }
}
