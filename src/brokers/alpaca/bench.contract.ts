import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import type { Passed } from '../../gate/gate.ts'
import { handMarket } from '../../markets/hand.ts'
import { INSTRUMENTS } from '../../markets/listing.ts'
import type { Terms } from '../../orders/terms.ts'
import type { Broker, Notice } from '../../ports/broker.ts'
import type { Bench } from '../../ports/broker.contract.ts'
import type { Clock } from '../../ports/clock.ts'
import { type AlpacaSimulator, startAlpacaSimulator } from '../../simulators/alpaca/server.ts'
import type { AccountID, ClOrdID, ExecID } from '../../values/brand.ts'
import { amt, dec, type Decimal, plus, px, type Px, qty, shortest, ZERO } from '../../values/decimal.ts'
import { fromMs, plusMs } from '../../values/instant.ts'
import { openAlpaca } from './client.ts'
import { endpointsOf } from './hosts.ts'

const SYMBOL = 'AAPL'
export const KEYS = { keyID: 'PKCONTRACT', secretKey: 'a-secret-of-the-contract' }

export type AlpacaBench = Bench & {
  readonly simulator: AlpacaSimulator
  /** Every notice since the start, of every connection. */
  readonly notices: readonly Notice[]
  /** Every line that was logged. */
  readonly logged: readonly unknown[]
  /** Shows a market of another symbol. */
  set(symbol: string, bid: Px, ask: Px): void
}

/** The adapter on the simulator, on a market set by hand. Their common clock is real, and can be moved on. */
export async function alpacaBench(
  over: { readonly frames?: 'binary' | 'text'; readonly deadlineMs?: number } = {},
): Promise<AlpacaBench> {
  let aheadMs = 0
  const clock: Clock = {
    now: () => plusMs(fromMs(Date.now()), aheadMs),
    monotonicNs: () => process.hrtime.bigint(),
    sleep: (ms, signal) => delay(ms, undefined, signal && { signal }).catch(() => {}),
  }
  const initialCash = amt('100000')
  const market = handMarket(INSTRUMENTS)
  market.set(SYMBOL, { bid: px('99.99'), ask: px('100.00') }, clock.now())
  const simulator = await startAlpacaSimulator({
    market,
    clock,
    initialCash,
    keys: KEYS,
    seed: 7,
    frames: over.frames ?? 'binary',
    requestsPerMinute: 100_000,
  })
  const endpoints = endpointsOf('paper', simulator.url)
  assert.ok(endpoints.ok)
  const open = () =>
    openAlpaca({
      account: 'paper:alpaca:main' as AccountID,
      environment: 'paper',
      keys: KEYS,
      endpoints: endpoints.value,
      clock,
      random: () => 0.5,
      streamWaitMs: 2_000,
      requestsPerMinute: 100_000,
      ...(over.deadlineMs !== undefined && { deadlineMs: over.deadlineMs }),
      log: (...line) => logged.push(line),
    })
  const logged: unknown[] = []
  const notices: Notice[] = []
  let broker = await open()
  let marks = markers(broker, notices)
  const calls = callsTo(simulator.url)

  /** What was streamed has been heard, and what that made the adapter ask has been answered. */
  async function settle(): Promise<void> {
    if (simulator.fate.listeners() > 0) await marks.pass(simulator)
    for (let quiet = 0; quiet < 3; quiet = calls.underWay() === 0 ? quiet + 1 : 0) await delay(1)
  }
  let lost: readonly (() => void)[] = []
  return {
    simulator,
    notices,
    logged,
    set: (symbol, bid, ask) => market.set(symbol, { bid, ask }, clock.now()),
    get broker() {
      return broker
    },
    symbol: SYMBOL,
    initialCash,
    async market(bid, ask, size) {
      market.set(SYMBOL, { bid, ask, bidQty: size, askQty: size }, clock.now())
      await settle()
    },
    async session(on) {
      if (on) market.open(SYMBOL, clock.now())
      else market.close(SYMBOL, clock.now())
      // No clock foretells a session that is opened by hand: the one that was read has to grow old.
      aheadMs += 61_000
      await settle()
    },
    async days(past, today) {
      market.setDays(SYMBOL, past, today)
    },
    loseNextReply(when) {
      for (const undo of lost) undo()
      const kind = when === 'before-booking' ? 'drop-before' : 'drop-after'
      lost = ['POST', 'DELETE', 'PATCH'].map((method) =>
        simulator.fate.on({ method, path: /^\/v2\/(orders|positions)/, do: { kind } }),
      )
    },
    repeatReports: () => simulator.fate.twiceAndMuddled(true),
    withholdStream: () => simulator.fate.silence(true),
    failReads: (n) =>
      void simulator.fate.on({ method: 'GET', path: /./, times: n, do: { kind: 'status-before', status: 503 } }),
    async trade(orderID, lastQty, lastPx) {
      simulator.fate.trade(orderID, lastQty, lastPx)
      await settle()
    },
    async bust(execID) {
      simulator.fate.bust(theirName(simulator, execID))
      await settle()
    },
    async correct(execID, lastQty, lastPx) {
      simulator.fate.correct(theirName(simulator, execID), lastQty, lastPx)
      await settle()
    },
    settle,
    async restart() {
      await broker.close()
      broker = await open()
      marks = markers(broker, notices)
    },
    async close() {
      calls.stop()
      await broker.close()
      await simulator.close()
    },
  }
}

/** Frames that mean nothing, sent to see that all before them have arrived. */
function markers(broker: Broker, notices: Notice[]) {
  const arrived = new Map<string, () => void>()
  let sent = 0
  broker.onNotice((notice) => {
    const mark = notice.kind === 'odd' ? arrived.get(notice.text) : undefined
    if (mark) mark()
    else notices.push(notice)
  })
  return {
    async pass(simulator: AlpacaSimulator): Promise<void> {
      const stream = `marker-${++sent}`
      const waiting = new AbortController()
      const seen = new Promise<void>((resolve) => arrived.set(`a frame of ${stream}`, resolve))
      simulator.fate.strangeFrame({ stream })
      const late = delay(5_000, undefined, { signal: waiting.signal }).then(
        () => assert.fail('what was streamed did not arrive'),
        () => {},
      )
      await Promise.race([seen, late])
      waiting.abort()
    },
  }
}

/** Counts the requests to one host that have begun and not ended. */
function callsTo(origin: string) {
  const underWay = new Set<object>()
  type Told = { readonly request: { readonly origin: string } }
  const begun = (told: unknown): void => {
    const { request } = told as Told
    if (request.origin === origin) underWay.add(request)
  }
  const ended = (told: unknown): void => void underWay.delete((told as Told).request)
  const rows = [
    ['undici:request:create', begun],
    ['undici:request:trailers', ended],
    ['undici:request:error', ended],
  ] as const
  for (const [name, listener] of rows) subscribe(name, listener)
  return {
    underWay: () => underWay.size,
    stop(): void {
      for (const [name, listener] of rows) unsubscribe(name, listener)
    },
  }
}

/** Our names count the order's quantity up; the simulator's truth has the trades in that order. */
function theirName(simulator: AlpacaSimulator, execID: ExecID): string {
  const [orderID = '', cumQty = ''] = execID.split(':')
  let sum: Decimal = ZERO
  for (const execution of simulator.truth().executions) {
    if (execution.order_id !== orderID) continue
    sum = plus(sum, dec(execution.qty))
    if (shortest(sum) === shortest(dec(cumQty))) return execution.id
  }
  return assert.fail(`there is no execution ${execID}`)
}

export const id = (name: string): ClOrdID => name as ClOrdID

/** Ten shares at the market, but for `over`, as if the gate had passed them. */
export const entry = (over: Partial<Terms> = {}): Passed => {
  const terms: Terms = {
    symbol: 'AAPL',
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
  return terms as Passed
}
/** Below the market, so that it stays. */
export const RESTING = { ordType: 'Limit', price: px('90.00'), timeInForce: 'GTC' } as const
