import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bench, brokerContract } from '../../ports/broker.contract.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccountID } from '../../values/brand.ts'
import { amt, px } from '../../values/decimal.ts'
import { type Instant, instant, plusMs } from '../../values/instant.ts'
import { handMarket } from '../../markets/hand.ts'
import { INSTRUMENTS } from '../../markets/listing.ts'
import { openSim } from './sim.ts'

/** The sim on a market set by hand. Its clock moves a millisecond with every look, as a real one would. */
async function simBench(how: { nativeBracket: boolean; oneCancelsOther: boolean }): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'sim-contract-'))
  const symbol = 'AAPL'
  const initialCash = amt('100000')
  let now: Instant = instant(1_700_000_000_000_000)
  const clock: Clock = {
    now: () => (now = plusMs(now, 1)),
    monotonicNs: () => BigInt(now) * 1000n,
    sleep: async (ms) => void (now = plusMs(now, ms)),
  }
  const market = handMarket(INSTRUMENTS)
  market.set(symbol, { bid: px('99.99'), ask: px('100.00') }, clock.now())
  const open = () =>
    openSim({
      ...how,
      account: 'paper:sim:main' as AccountID,
      clock,
      market,
      logFile: join(folder, 'sim.db'),
      latencyMs: 0,
      initialCash,
      currency: 'USD',
    })
  let sim = open()
  const settle = () => new Promise<void>((done) => setImmediate(done))
  return {
    get broker() {
      return sim
    },
    symbol,
    initialCash,
    async market(bid, ask, size) {
      market.set(symbol, { bid, ask, bidQty: size, askQty: size }, clock.now())
      await settle()
    },
    async session(on) {
      if (on) market.open(symbol, clock.now())
      else market.close(symbol, clock.now())
      await settle()
    },
    async days(past, today) {
      market.setDays(symbol, past, today)
    },
    loseNextReply: (when) => sim.fate.loseNextReply(when),
    repeatReports: () => sim.fate.repeatReports(true),
    withholdStream: () => sim.fate.withholdStream(true),
    failReads: (n) => sim.fate.failReads(n),
    async trade(orderID, lastQty, lastPx) {
      sim.fate.trade(orderID, lastQty, lastPx)
      await settle()
    },
    async bust(execID) {
      sim.fate.bust(execID)
      await settle()
    },
    async correct(execID, lastQty, lastPx) {
      sim.fate.correct(execID, lastQty, lastPx)
      await settle()
    },
    settle,
    async restart() {
      await sim.close()
      sim = open()
    },
    async close() {
      await sim.close()
      rmSync(folder, { recursive: true })
    },
  }
}

brokerContract('sim with brackets and pairs', () => simBench({ nativeBracket: true, oneCancelsOther: true }))

const NO_BRACKETS = 'set up without brackets: the gateway places its own exits'
const NO_PAIRS = 'set up without pairs: the gateway places a stop alone'
brokerContract('sim without', () => simBench({ nativeBracket: false, oneCancelsOther: false }), [
  { test: 'the legs of a bracket wait for their entry', reason: NO_BRACKETS },
  { test: 'the legs of a bracket follow the fills of their entry', reason: NO_BRACKETS },
  { test: 'a target that fills ends the stop', reason: NO_BRACKETS },
  { test: 'a stop that fills ends the target', reason: NO_BRACKETS },
  { test: 'a target that fills in part shrinks the stop', reason: NO_BRACKETS },
  { test: 'an entry canceled unfilled takes its legs along', reason: NO_BRACKETS },
  { test: 'a pair is told, both of it, before it leaves', reason: NO_PAIRS },
  { test: 'a pair is two orders under names of ours, of which one cancels the other', reason: NO_PAIRS },
  { test: 'a pair whose target fills in part has a smaller stop', reason: NO_PAIRS },
])
