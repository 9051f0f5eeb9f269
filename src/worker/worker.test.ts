import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Desk, Send } from '../desk/desk.ts'
import type { DailyBars } from '../gate/days.ts'
import type { MarketFacts } from '../gate/facts.ts'
import type { Passed } from '../gate/gate.ts'
import type { Report } from '../orders/report.ts'
import { type Broker, type Capabilities, type Notice, ReadFailed, type Sent } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Errand } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID, ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import { dec, px, qty } from '../values/decimal.ts'
import { fromMs, type Instant, msBetween, plusMs } from '../values/instant.ts'
import { createWorker, type Hands } from './worker.ts'

/** Sleepers wake when a test passes the time, or when they are called off. */
class HandClock implements Clock {
  wall: Instant = fromMs(1_000_000)
  readonly sleepers = new Set<{ at: Instant; wake: () => void }>()
  now(): Instant {
    return this.wall
  }
  monotonicNs(): bigint {
    return BigInt(this.wall) * 1_000n
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const sleeper = {
        at: plusMs(this.wall, ms),
        wake: () => {
          this.sleepers.delete(sleeper)
          resolve()
        },
      }
      this.sleepers.add(sleeper)
      signal?.addEventListener('abort', sleeper.wake, { once: true })
    })
  }
  pass(ms: number): void {
    this.wall = plusMs(this.wall, ms)
    for (const sleeper of this.sleepers) if (sleeper.at <= this.wall) sleeper.wake()
  }
}

/** What the test does not speak of must not be called. */
const only = <T extends object>(what: string, over: Partial<T>): T =>
  new Proxy(over as T, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      (() => {
        throw new Error(`the worker called ${what}.${String(name)}`)
      }),
  })

const ACCOUNT = 'paper:sim:main' as AccountID
const errand = (subject: string, more: Partial<Errand> = {}): Errand => ({
  kind: 'gather',
  subject,
  dueAt: fromMs(0),
  attempts: 0,
  leaseOwner: 'me',
  leaseUntil: fromMs(2_000_000),
  lastError: null,
  corr: subject,
  ...more,
})
const terms = (reduceOnly: boolean): Passed =>
  ({
    symbol: 'AAPL',
    side: reduceOnly ? 'Sell' : 'Buy',
    ordType: 'Limit',
    timeInForce: 'Day',
    orderQty: qty('10'),
    price: px('190.00'),
    stopPx: null,
    bracket: null,
    reduceOnly,
  }) as unknown as Passed
const single = (clOrdID: string, reduceOnly = false): Send => ({
  kind: 'single',
  clOrdID: clOrdID as ClOrdID,
  order: terms(reduceOnly),
})
const HELD: Sent = { outcome: 'in-doubt', cause: 'held' }
const ACCEPTED: Sent = { outcome: 'accepted', orderID: 'B1' as OrderID, legs: [] }

const exit = (clOrdID: string) => ({ clOrdID: clOrdID as ClOrdID, order: terms(true) })
const PAIR: Send = { kind: 'pair', stop: exit('s'), target: exit('t') }

type Bench = {
  /** Sends and errands that are due, taken from the front. */
  readonly sends: Send[]
  readonly errands: Errand[]
  readonly calls: string[]
  readonly logs: string[]
  readonly clock: HandClock
  readonly push: (report: Report) => void
  readonly hands: Hands
}

function bench(
  over: { desk?: Partial<Desk>; broker?: Partial<Broker>; reads?: Partial<Reads>; haltFile?: () => boolean } = {},
): Bench {
  const [sends, errands]: [Send[], Errand[]] = [[], []]
  const [calls, logs]: [string[], string[]] = [[], []]
  const clock = new HandClock()
  let listener: (report: Report) => void = () => {}
  const desk: Partial<Desk> = {
    claimSend: async () => {
      const send = sends.shift()
      return send ? { errand: errand('I1', { kind: 'send' }), send, settled: true } : null
    },
    claim: async (_, limit) => {
      const due = errands.filter(({ dueAt }) => dueAt <= clock.now()).slice(0, limit)
      for (const one of due) errands.splice(errands.indexOf(one), 1)
      return due
    },
    checkpoint: async () => {},
    watch: async () => {},
    finish: async ({ subject }) => void calls.push(`finish ${subject}`),
    postpone: async ({ subject }, afterMs) => void calls.push(`postpone ${subject} ${afterMs}`),
    recordSent: async (_, sent) => void calls.push(`recorded ${sent.outcome}`),
    ...over.desk,
  }
  const reads: Partial<Reads> = {
    get: async () => null,
    nextDue: async () => errands.map(({ dueAt }) => dueAt).sort((a, b) => a - b)[0] ?? null,
    waitingIntents: async () => [],
    openOrders: async () => [],
    all: async () => [],
    ...over.reads,
  }
  const broker: Partial<Broker> = {
    account: ACCOUNT,
    onReport: (told) => {
      listener = told
      return () => void calls.push('unsubscribed')
    },
    onNotice: () => () => {},
    clockAhead: async () => ({ aheadMs: 0, withinMs: 0 }),
    submit: async (clOrdID, order, mayGo) => {
      if ((await mayGo?.([{ clOrdID, ...order }])) === false) return HELD
      calls.push(`submit ${clOrdID}`)
      return ACCEPTED
    },
    ...over.broker,
  }
  return {
    sends,
    errands,
    calls,
    logs,
    clock,
    push: (report) => listener(report),
    hands: {
      desk: only('desk', desk),
      reads: only('reads', reads),
      broker: only('broker', broker),
      clock,
      random: () => 0.5,
      haltFile: over.haltFile ?? (() => false),
      log: (level, message) => logs.push(`${level}: ${message}`),
    },
  }
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

describe('a send', () => {
  type Row = [name: string, over: Parameters<typeof bench>[0], send: Send, calls: string[]]
  const halted = {
    scope: 'global',
    state: { by: 'ana', reason: 'enough', since: fromMs(0), scope: 'global', level: 'K4' },
  }
  const rows: Row[] = [
    ['goes once, and its answer is recorded', {}, single('a'), ['submit a', 'recorded accepted']],
    [
      'that the adapter breaks over is in doubt, not refused',
      { broker: { submit: () => Promise.reject(new Error('socket hang up')) } },
      single('a'),
      ['recorded in-doubt'],
    ],
    [
      'does not go when trading was halted since',
      { reads: { all: async () => [halted] as never } },
      single('a'),
      ['recorded not-sent'],
    ],
    ['does not go when the HALT file appeared since', { haltFile: () => true }, single('a'), ['recorded not-sent']],
    [
      'does not go when nobody can say whether trading is halted',
      { reads: { all: () => Promise.reject(new Error('disk')) } },
      single('a'),
      ['recorded not-sent'],
    ],
    [
      'does not go when trading was halted while it waited for its turn at the broker',
      (() => {
        let file = false
        const submit: Broker['submit'] = async (clOrdID, order, mayGo) => {
          file = true
          return (await mayGo?.([{ clOrdID, ...order }])) === false ? { outcome: 'in-doubt', cause: 'held' } : ACCEPTED
        }
        return { haltFile: () => file, broker: { submit } }
      })(),
      single('a'),
      ['recorded not-sent'],
    ],
    [
      'does not go when what is about to leave is another order',
      {
        broker: {
          submit: async (clOrdID, order, mayGo) =>
            (await mayGo?.([{ clOrdID, ...order, side: order.side === 'Buy' ? 'Sell' : 'Buy' }])) === false
              ? { outcome: 'in-doubt', cause: 'held' }
              : ACCEPTED,
        },
      },
      single('a'),
      ['recorded not-sent'],
    ],
    [
      'does not go when the adapter tells too little of what is about to leave',
      { broker: { submit: async (clOrdID, _, mayGo) => ((await mayGo?.([{ clOrdID }])) === false ? HELD : ACCEPTED) } },
      single('a'),
      ['recorded not-sent'],
    ],
    [
      'does not go when a second order is about to leave with it',
      {
        broker: {
          submit: async (clOrdID, order, mayGo) =>
            (await mayGo?.([
              { clOrdID, ...order },
              { clOrdID: 'b', ...order },
            ])) === false
              ? HELD
              : ACCEPTED,
        },
      },
      single('a'),
      ['recorded not-sent'],
    ],
    [
      'that the adapter told nothing of is in doubt, whatever it answers',
      { broker: { submit: async () => ACCEPTED } },
      single('a'),
      ['recorded in-doubt'],
    ],
    [
      'goes when what is about to leave is the order that was approved',
      {
        broker: {
          submit: async (clOrdID, order, mayGo) => ((await mayGo?.([{ clOrdID, ...order }])) ? ACCEPTED : ACCEPTED),
        },
      },
      single('a'),
      ['recorded accepted'],
    ],
    [
      'goes in the last moment of its approval',
      {},
      { ...single('a'), sendBy: fromMs(1_000_000) } as Send,
      ['submit a', 'recorded accepted'],
    ],
    [
      'does not go when its approval ended while it waited for its turn',
      {},
      { ...single('a'), sendBy: fromMs(999_999) } as Send,
      ['recorded not-sent'],
    ],
    [
      'of an exit goes whatever is halted',
      { reads: { all: async () => [halted] as never }, haltFile: () => true },
      single('a', true),
      ['submit a', 'recorded accepted'],
    ],
  ]
  for (const [name, over, send, calls] of rows)
    it(name, async () => {
      const b = bench(over)
      b.sends.push(send)
      await createWorker(b.hands, 'me').drain()
      assert.deepEqual(b.calls, calls)
    })

  it('of a pair goes as a pair', async () => {
    const b = bench({
      broker: {
        submitPair: async (stop, target, mayGo) => {
          const outgoing = [stop, target].map(({ clOrdID, order }) => ({ clOrdID, ...order }))
          if ((await mayGo?.(outgoing)) === false) return HELD
          b.calls.push(`pair ${stop.clOrdID} ${target.clOrdID}`)
          return ACCEPTED
        },
      },
    })
    b.sends.push(PAIR)
    await createWorker(b.hands, 'me').drain()
    assert.deepEqual(b.calls, ['pair s t', 'recorded accepted'])
  })
  it('of a pair does not go when one of the two is another order', async () => {
    for (const spoil of [0, 1]) {
      const b = bench({
        broker: {
          submitPair: async (stop, target, mayGo) => {
            const outgoing = [stop, target].map(({ clOrdID, order }) => ({ clOrdID, ...order }))
            const spoilt = outgoing.map((one, i) => (i === spoil ? { ...one, orderQty: qty('11') } : one))
            return (await mayGo?.(spoilt)) === false ? HELD : ACCEPTED
          },
        },
      })
      b.sends.push(PAIR)
      await createWorker(b.hands, 'me').drain()
      assert.deepEqual(b.calls, ['recorded not-sent'])
    }
  })

  it('whose answer cannot be recorded is not repeated; the recording is', async () => {
    let failures = 2
    const b = bench({
      desk: {
        recordSent: async (_, sent) => {
          b.calls.push(`try ${sent.outcome}`)
          if (failures-- > 0) throw new Error('disk full')
        },
      },
    })
    b.sends.push(single('a'))
    const drained = createWorker(b.hands, 'me').drain()
    for (let i = 0; i < 10; i++) {
      await turns()
      b.clock.pass(60_000)
    }
    await drained
    assert.deepEqual(b.calls, ['submit a', 'try accepted', 'try accepted', 'try accepted'])
  })

  it('whose answer can never be recorded is left to the restart, and said aloud', async () => {
    const b = bench({ desk: { recordSent: () => Promise.reject(new Error('disk gone')) } })
    b.sends.push(single('a'))
    const drained = createWorker(b.hands, 'me').drain()
    for (let i = 0; i < 20; i++) {
      await turns()
      b.clock.pass(60_000)
    }
    await drained
    assert.deepEqual(b.calls, ['submit a'])
    assert.ok(b.logs.includes('error: the answer to a send could not be recorded'), b.logs.join('\n'))
  })

  it('asks for the HALT file again before each look', async () => {
    const seen: boolean[] = []
    let file = false
    const b = bench({
      desk: {
        claimSend: async (_, __, haltFile) => {
          seen.push(haltFile)
          return null
        },
      },
      haltFile: () => file,
    })
    const worker = createWorker(b.hands, 'me')
    await worker.drain()
    file = true
    await worker.drain()
    assert.deepEqual(seen, [false, true])
  })
})

describe('an errand', () => {
  it('that is done is dropped', async () => {
    const b = bench()
    b.errands.push(errand('I1'))
    await createWorker(b.hands, 'me').drain()
    assert.deepEqual(b.calls, ['finish I1'])
  })

  it('that fails comes again, later each time', async () => {
    const b = bench({ reads: { get: () => Promise.reject(new Error('disk')) } })
    for (const attempts of [0, 1, 5, 50]) b.errands.push(errand(`I${attempts}`, { attempts }))
    await createWorker(b.hands, 'me').drain()
    assert.deepEqual(b.calls, ['postpone I0 750', 'postpone I1 1250', 'postpone I5 15250', 'postpone I50 15250'])
    assert.equal(b.logs.length, 4)
  })

  it('that cannot be put back does not stop the worker', async () => {
    const b = bench({ desk: { finish: () => Promise.reject(new Error('disk full')) } })
    b.errands.push(errand('I1'))
    await createWorker(b.hands, 'me').drain()
    assert.deepEqual(b.logs, ['error: an errand could not be put back'])
  })

  it('never has more company than there are hands', async () => {
    let [inHand, most] = [0, 0]
    const b = bench({
      reads: {
        get: async () => {
          most = Math.max(most, ++inHand)
          await new Promise(setImmediate)
          inHand--
          return null
        },
      },
    })
    for (let i = 0; i < 100; i++) b.errands.push(errand(`I${i}`))
    await createWorker(b.hands, 'me').drain()
    assert.equal(b.calls.length, 100)
    assert.equal(most, 32)
  })

  it('is claimed under another name each time, so that two holders are never taken for one', async () => {
    const names: string[] = []
    const b = bench({
      desk: {
        claim: async (owner) => {
          names.push(owner)
          return []
        },
      },
    })
    const worker = createWorker(b.hands, 'me')
    await worker.drain()
    await worker.drain()
    assert.equal(new Set(names).size, 2)
  })
})

describe('a poll, where requests are scarce', () => {
  const [never, justNow] = [null, { clean: true, at: fromMs(90_000) }]
  const rows: [what: string, run: object | null, updatedMs: number, attempts: number, call: RegExp][] = [
    ['asks when the books were never compared', never, 0, 1, /^find/],
    ['asks when they differed', { ...justNow, clean: false }, 0, 1, /^find/],
    ['asks when something was learned since', justNow, 95_000, 1, /^find/],
    ['asks when the comparison is old', { ...justNow, at: fromMs(40_000) }, 0, 1, /^find/],
    ['asks when something has just asked for it', justNow, 0, 0, /^find/],
    ['waits when a comparison has just covered it', justNow, 0, 1, /^postpone a 20000$/],
  ]
  for (const [what, run, updatedMs, attempts, call] of rows)
    it(what, async () => {
      const order = { clOrdID: 'a', role: 'Entry', phase: 'New', delivery: 'Delivered', updatedAt: fromMs(updatedMs) }
      const b = bench({
        reads: {
          get: (async (kind: string) => (kind === 'order' ? order : kind === 'reconcile' ? run : null)) as never,
          ordersOf: async () => [],
        },
        broker: {
          capabilities: { pace: { quotesMs: 1, accountMs: 1, pollMs: 30_000 } } as Capabilities,
          find: async (clOrdID) => {
            b.calls.push(`find ${clOrdID}`)
            return { found: false }
          },
        },
        desk: { resolve: async () => 'resolved' },
      })
      b.clock.wall = fromMs(100_000)
      b.errands.push(errand('a', { kind: 'poll', attempts }))
      await createWorker(b.hands, 'me').drain()
      assert.match(b.calls[0] ?? '', call)
    })
})

describe('reports from the stream', () => {
  const report = (execID: string): Report => ({
    execType: 'New',
    execID: execID as ExecID,
    clOrdID: 'a' as ClOrdID,
    orderID: null,
    transactTime: fromMs(0),
    text: null,
  })

  it('reach the desk in the order in which they came, and a drain waits for them', async () => {
    const b = bench({
      desk: {
        applyReports: async (reports) => {
          b.calls.push(`begin ${reports[0]?.execID}`)
          await turns()
          b.calls.push(`end ${reports[0]?.execID}`)
        },
      },
    })
    const worker = createWorker(b.hands, 'me')
    for (const id of ['1', '2', '3']) b.push(report(id))
    assert.deepEqual(b.calls, ['begin 1', 'begin 2', 'begin 3'])
    await worker.drain()
    assert.deepEqual(b.calls.slice(3), ['end 1', 'end 2', 'end 3'])
  })

  it('that cannot be recorded are left to the poll', async () => {
    const b = bench({ desk: { applyReports: () => Promise.reject(new Error('disk full')) } })
    const worker = createWorker(b.hands, 'me')
    b.push(report('1'))
    await worker.drain()
    assert.equal(b.logs.length, 1)
  })
})

describe('the facts', () => {
  const waiting = (symbols: readonly string[]) => symbols.map((symbol) => ({ proposal: { symbol } }))
  function facts(broken: string, capabilities: Partial<Capabilities> = {}) {
    const b = bench({
      reads: {
        waitingIntents: async () => waiting(['AAPL', 'MSFT']) as never,
        head: async () => ({ size: 1, hash: '', root: '' }),
      },
      desk: {
        recordFacts: async ({ markets, account }) =>
          void b.calls.push(`${markets.map((m) => m.symbol).join(' ')} ${account ? 'account' : 'no account'}`),
      },
      broker: {
        capabilities: capabilities as Capabilities,
        instrument: async (symbol) => {
          if (symbol === broken) throw new ReadFailed('delisted', false)
          return null
        },
        accountFact: async () => {
          if (broken === 'account') throw new ReadFailed('locked', false)
          return {} as never
        },
        positions: async () => [],
      },
    })
    return b
  }
  const rows: [broken: string, recorded: string][] = [
    ['MSFT', 'AAPL account'],
    ['account', 'AAPL MSFT no account'],
  ]
  for (const [broken, recorded] of rows)
    it(`are kept fresh for the others when ${broken} cannot be read`, async () => {
      const b = facts(broken)
      await assert.rejects(createWorker(b.hands, 'me').refreshFacts(), ReadFailed)
      assert.deepEqual(b.calls, [recorded])
    })
  it('are recorded together', async () => {
    const b = facts('nothing')
    await createWorker(b.hands, 'me').refreshFacts()
    assert.deepEqual(b.calls, ['AAPL MSFT account'])
  })
  it('of the account are read at the pace of the broker, those of the market each time', async () => {
    const b = facts('nothing', { pace: { quotesMs: 2_500, accountMs: 10_000, pollMs: 30_000 } })
    const worker = createWorker(b.hands, 'me')
    for (const ms of [0, 9_999, 1]) {
      b.clock.pass(ms)
      await worker.refreshFacts()
    }
    assert.deepEqual(b.calls, ['AAPL MSFT account', 'AAPL MSFT no account', 'AAPL MSFT account'])
  })
  it('of an account that could not be read are asked for again at once', async () => {
    const b = facts('account', { pace: { quotesMs: 2_500, accountMs: 10_000, pollMs: 30_000 } })
    const worker = createWorker(b.hands, 'me')
    for (let n = 0; n < 2; n++) await assert.rejects(worker.refreshFacts(), ReadFailed)
    assert.deepEqual(b.calls, ['AAPL MSFT no account', 'AAPL MSFT no account'])
  })
})

describe('the last days of a symbol', () => {
  const BAR = { high: px('11'), low: px('9'), close: px('10'), volume: dec('1000') }
  function days(told: () => Promise<DailyBars | null>) {
    let row: MarketFacts | null = null
    const b = bench({
      reads: {
        waitingIntents: async () => [{ proposal: { symbol: 'AAPL' } }] as never,
        head: async () => ({ size: 1, hash: '', root: '' }),
        get: async (kind) => (kind === 'market' ? row : null) as never,
      },
      desk: { recordFacts: async ({ markets }) => void (row = markets[0] ?? null) },
      broker: {
        capabilities: {} as Capabilities,
        instrument: async () => ({ symbol: 'AAPL', currency: 'USD' }) as never,
        quote: async () => null,
        session: async () => ({}) as never,
        conversion: async () => null,
        accountFact: async () => ({}) as never,
        positions: async () => [],
        dailyBars: () => {
          b.calls.push('days')
          return told()
        },
      },
    })
    const worker = createWorker(b.hands, 'me')
    return { b, refresh: () => worker.refreshFacts(), row: () => row }
  }
  it('are read again after ten minutes, and kept until then', async () => {
    const volumes = ['1000', '3000', '5000']
    const { b, refresh, row } = days(async () => ({
      past: [BAR, { ...BAR, volume: dec(volumes.shift() ?? '0') }],
      today: null,
      at: b.clock.now(),
    }))
    for (const [ms, avgVolume, asked] of [
      [0, '1000', 1],
      [599_999, '1000', 1],
      [1, '2000', 2],
    ] as const) {
      b.clock.pass(ms)
      await refresh()
      assert.deepEqual([row()?.days?.avgVolume, row()?.days?.days, b.calls.length], [avgVolume, 2, asked])
    }
  })
  it('that cannot be read leave what was known, and hold up nothing else', async () => {
    let down = true
    const { b, refresh, row } = days(async () => {
      if (down) throw new ReadFailed('not in your plan', false)
      return { past: [BAR], today: null, at: b.clock.now() }
    })
    await refresh()
    assert.deepEqual([row()?.symbol, row()?.days], ['AAPL', undefined])
    down = false
    await refresh()
    const known = row()?.days
    assert.equal(known?.avgVolume, '1000')
    down = true
    b.clock.pass(3_600_000)
    await refresh()
    assert.deepEqual(row()?.days, known)
  })
})

describe('a notice of the broker', () => {
  const hear = (notice: Desk['notice'], over: { desk?: Partial<Desk>; broker?: Partial<Broker> } = {}) => {
    let tell: (told: Notice) => void = () => {}
    const b = bench({
      desk: { notice, ...over.desk },
      reads: { head: async () => ({ size: 1, hash: '', root: '' }) },
      broker: {
        ...over.broker,
        onNotice: (told) => {
          tell = told
          return () => {}
        },
      },
    })
    return { b, worker: createWorker(b.hands, 'me'), tell: (told: Notice) => tell(told) }
  }
  it('reaches the desk, and a drain waits for it', async () => {
    const { b, worker, tell } = hear(async ({ kind }) => {
      await turns()
      b.calls.push(kind)
    })
    tell({ kind: 'lost', text: 'no pong' })
    await worker.drain()
    assert.deepEqual(b.calls, ['lost'])
  })
  const lost: Notice = { kind: 'lost', text: 'no pong' }
  const rows: [what: string, told: readonly Notice[], againMs: number][] = [
    ['the stream is up', [lost, { kind: 'connected' }], 60_000],
    ['the stream is lost', [lost, { kind: 'odd', subject: 'x', text: 'y' }], 10_000],
  ]
  for (const [what, notices, againMs] of rows)
    it(`says how soon the books are compared again: while ${what}`, async () => {
      const books = { openOrders: async () => [], reportsSince: async () => [], positions: async () => [] }
      const accountFact: Broker['accountFact'] = async () => ({}) as never
      const { b, worker, tell } = hear(async () => {}, {
        desk: { reconcile: async () => ({ clean: true, findings: [] }) },
        broker: { ...books, accountFact },
      })
      for (const notice of notices) tell(notice)
      b.errands.push(errand(ACCOUNT, { kind: 'reconcile' }))
      await worker.drain()
      assert.deepEqual(b.calls, [`postpone ${ACCOUNT} ${againMs}`])
    })
  it('that cannot be recorded is said in the log', async () => {
    const { b, worker, tell } = hear(() => Promise.reject(new Error('disk full')))
    tell({ kind: 'connected' })
    await worker.drain()
    assert.deepEqual(b.logs, ['error: a notice of the broker could not be recorded'])
  })
})

describe('an order that our book does not know', () => {
  const rows: [said: 'done' | 'later', call: string][] = [
    ['done', 'finish B7'],
    ['later', 'postpone B7 2000'],
  ]
  for (const [said, call] of rows)
    it(`is asked for by the broker's name and taken in: ${said}`, async () => {
      const b = bench({
        broker: { findByOrderID: async () => ({ found: false }) },
        desk: {
          adopt: async (orderID) => {
            b.calls.push(`adopt ${orderID}`)
            return said
          },
        },
      })
      b.errands.push(errand('B7', { kind: 'adopt' }))
      await createWorker(b.hands, 'me').drain()
      assert.deepEqual(b.calls, ['adopt B7', call])
    })
})

describe('a running worker', () => {
  /** Runs until the test is over, and insists that it then ends. */
  async function running(b: Bench, during: (worker: ReturnType<typeof createWorker>) => Promise<void>): Promise<void> {
    const stop = new AbortController()
    const worker = createWorker(b.hands, 'me')
    const done = worker.run(stop.signal)
    await turns()
    await during(worker)
    stop.abort()
    await done
  }

  it('is woken by a wake', async () => {
    const b = bench()
    await running(b, async (worker) => {
      b.sends.push(single('a'))
      await turns()
      assert.deepEqual(b.calls, [])
      worker.wake()
      await turns()
      assert.deepEqual(b.calls, ['submit a', 'recorded accepted'])
    })
  })

  it('does not sleep through a wake that came while it was looking', async () => {
    const looks: (() => void)[] = []
    const b = bench({
      reads: {
        // The look at the next due errand is under way when the commit happens.
        nextDue: () =>
          new Promise((resolve) => {
            looks.push(() => resolve(null))
          }),
      },
    })
    await running(b, async (worker) => {
      b.sends.push(single('a'))
      worker.wake()
      assert.equal(looks.length, 1, 'it is looking')
      looks[0]?.()
      await turns()
      assert.deepEqual(b.calls, ['submit a', 'recorded accepted'])
      looks.at(-1)?.()
    })
  })

  it('looks again after half a second even when nobody wakes it', async () => {
    const b = bench()
    await running(b, async () => {
      b.sends.push(single('a'))
      b.clock.pass(499)
      await turns()
      assert.deepEqual(b.calls, [])
      b.clock.pass(1)
      await turns()
      assert.deepEqual(b.calls, ['submit a', 'recorded accepted'])
    })
  })

  it('looks sooner when an errand is due sooner', async () => {
    const b = bench()
    b.errands.push(errand('I1', { dueAt: plusMs(b.clock.now(), 40) }))
    await running(b, async () => {
      b.clock.pass(39)
      await turns()
      assert.deepEqual(b.calls, [])
      b.clock.pass(1)
      await turns()
      assert.deepEqual(b.calls, ['finish I1'])
    })
  })

  it('tells how far the clock is off, as far as that is certain, and since when', async () => {
    const readings = [
      { aheadMs: 2_600, withinMs: 100 },
      { aheadMs: -3_000, withinMs: 0 },
      { aheadMs: 400, withinMs: 200 },
      { aheadMs: 0, withinMs: 0 },
      { aheadMs: 900, withinMs: 0 },
    ]
    const told: (number | boolean | null)[][] = []
    const began = new HandClock().now()
    const b = bench({
      broker: { clockAhead: async () => readings.shift() ?? assert.fail('asked too often') },
      desk: {
        watch: async ({ clock, clockKept = false }) =>
          void told.push([...(clock ? [clock.aheadMs, msBetween(began, clock.since)] : [null]), clockKept]),
      },
    })
    await running(b, async (worker) => {
      await turns()
      for (let minute = 0; minute < 5; minute++) {
        await worker.watch()
        if (minute === 4) break
        told.length = minute + 1
        b.clock.pass(60_000)
        await turns()
        told.length = minute + 1
      }
    })
    // Right once, it is still the same fault; right twice, it is over.
    assert.deepEqual(told.slice(0, 5), [
      [2_500, 0, false],
      [-3_000, 0, false],
      [-3_000, 0, false],
      [null, true],
      [900, 240_000, false],
    ])
  })

  it('goes on when a claim fails', async () => {
    let failures = 1
    const b = bench({
      desk: {
        claim: async () => {
          if (failures-- > 0) throw new Error('busy')
          return []
        },
      },
    })
    await running(b, async () => {
      b.sends.push(single('a'))
      b.clock.pass(500)
      await turns()
      assert.deepEqual(b.calls, ['submit a', 'recorded accepted'])
    })
    assert.deepEqual(b.logs, ['error: no errand could be claimed'])
  })

  it('pauses when a claim fails, even while something is due', async () => {
    let asked = 0
    const b = bench({
      desk: {
        claim: async () => {
          asked++
          throw new Error('full')
        },
      },
    })
    b.errands.push(errand('I1'))
    await running(b, async () => {
      await turns()
      assert.equal(asked, 1)
      b.clock.pass(500)
      await turns()
      assert.equal(asked, 2)
    })
  })

  it('goes on when nobody can say what is due next', async () => {
    let failures = 1
    const b = bench({
      reads: {
        nextDue: async () => {
          if (failures-- > 0) throw new Error('busy')
          return null
        },
      },
    })
    await running(b, async () => {
      b.sends.push(single('a'))
      b.clock.pass(500)
      await turns()
      assert.deepEqual(b.calls, ['submit a', 'recorded accepted'])
    })
  })

  it('does not lose the errands behind a send that cannot be claimed, nor the sends beside it', async () => {
    const claims: (Send | Error)[] = [single('a'), new Error('poison'), single('b')]
    const b = bench({
      desk: {
        claimSend: async () => {
          const next = claims.shift()
          if (next instanceof Error) throw next
          return next ? { errand: errand('I1', { kind: 'send' }), send: next, settled: true } : null
        },
      },
    })
    b.errands.push(errand('I2'))
    await createWorker(b.hands, 'me').drain()
    assert.deepEqual(b.calls.sort(), ['finish I2', 'recorded accepted', 'recorded accepted', 'submit a', 'submit b'])
  })

  it('begins no send once it is to stop', async () => {
    const b = bench()
    const stop = new AbortController()
    const worker = createWorker(b.hands, 'me')
    const done = worker.run(stop.signal)
    await turns()
    stop.abort()
    b.sends.push(single('a'))
    worker.wake(1)
    await turns()
    await done
    assert.deepEqual(b.calls, ['unsubscribed'])
  })

  it('finishes what is in hand before it ends, and hears no more reports', async () => {
    let reply: (sent: Sent) => void = () => {}
    const b = bench({
      broker: {
        submit: async (clOrdID, order, mayGo) => {
          await mayGo?.([{ clOrdID, ...order }])
          return new Promise((resolve) => {
            reply = resolve
          })
        },
      },
    })
    b.sends.push(single('a'))
    const stop = new AbortController()
    let ended = false
    const done = createWorker(b.hands, 'me')
      .run(stop.signal)
      .then(() => {
        ended = true
      })
    await turns()
    stop.abort()
    await turns()
    assert.equal(ended, false)
    reply(ACCEPTED)
    await done
    assert.deepEqual(b.calls, ['unsubscribed', 'recorded accepted'])
  })
})
