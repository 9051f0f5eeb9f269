import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { GENESIS } from '../journal/chain.ts'
import { EMPTY, grow, leafHash, rootOf, sha256Text } from '../journal/merkle.ts'
import type { Entry, Row } from '../journal/row.ts'
import { freshOrder, type Order } from '../orders/machine.ts'
import { flat } from '../orders/position.ts'
import type { AccountID, ClOrdID, ExecID, IntentID, OrderID } from '../values/brand.ts'
import { amt, dec, px, qty } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { fromMs, type Instant, instant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import type { Clock } from './clock.ts'
import type { Errand, Fill, Intent } from './records.ts'
import type { FillFilter, IntentFilter, OrderFilter, Page, PageAsk, Store } from './store.ts'

/** A store to be tested, and a way to close it and open the same data again when it outlives its process. */
export type StoreBench = {
  readonly open: (clock: Clock, boot: string) => Promise<Store>
  readonly durable: boolean
  readonly clean: () => Promise<void>
}

const ACCOUNT = 'paper:sim:main' as AccountID
const OTHER = 'paper:sim:second' as AccountID
const START = fromMs(Date.UTC(2026, 10, 2, 14, 30))
const at = (ms: number): Instant => plusMs(START, ms)

/** A clock that a test moves by hand. */
class HandClock implements Clock {
  wall = START
  mono = 0n
  now(): Instant {
    return this.wall
  }
  monotonicNs(): bigint {
    return this.mono
  }
  async sleep(): Promise<void> {}
  pass(ms: number): void {
    this.wall = plusMs(this.wall, ms)
    this.mono += BigInt(ms) * 1_000_000n
  }
}

const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  action: 'thing.happened',
  actor: { type: 'system', id: 'test', via: 'worker', session: null },
  object: { type: 'thing', id, rev: 1 },
  corr: `corr-${id}`,
  data: {},
  ...more,
})

const intent = (id: string, more: Partial<Intent> & { symbol?: string; strategyID?: string } = {}): Intent => {
  const { symbol = 'AAPL', strategyID = 'momentum', ...rest } = more
  return {
    intentID: id as IntentID,
    account: ACCOUNT,
    state: 'Received',
    proposal: {
      intentID: id as IntentID,
      form: 'Signal',
      symbol,
      side: 'Buy',
      entryPx: px('187.50'),
      stopPx: px('180.00'),
      targetPx: null,
      orderQty: null,
      ordType: 'Limit',
      timeInForce: 'Day',
      strategyID,
      confidence: dec('0.80'),
      reasoning: 'because',
      generatedAt: START,
      expiresAt: at(60_000),
      artifactID: null,
      artifactHash: null,
    },
    body: { symbol },
    proposer: { type: 'agent', id: 'jax', via: 'http', session: null },
    proposerOwner: null,
    rev: 0,
    ticket: null,
    digest: null,
    sizing: null,
    checks: [],
    refusals: [],
    decideBy: null,
    decision: null,
    sendBy: null,
    clOrdID: null,
    attempts: 0,
    corr: `corr-${id}`,
    receivedAt: START,
    updatedAt: START,
    ...rest,
  }
}

const order = (id: string, more: Partial<Order> & { symbol?: string } = {}): Order => {
  const { symbol = 'AAPL', ...rest } = more
  const terms = {
    symbol,
    side: 'Buy',
    ordType: 'Limit',
    timeInForce: 'Day',
    orderQty: qty('100'),
    price: px('187.50'),
    stopPx: null,
    bracket: null,
    reduceOnly: false,
  } as const
  const intentID = `intent-${id}` as IntentID
  const made = {
    clOrdID: id as ClOrdID,
    account: ACCOUNT,
    intentID,
    role: 'Entry',
    parent: null,
    terms,
    corr: `corr-${id}`,
  } as const
  return { ...freshOrder(made, START), ...rest }
}

const fill = (id: string, seq: number, more: Partial<Fill> = {}): Fill => ({
  execID: id as ExecID,
  clOrdID: 'O1' as ClOrdID,
  account: ACCOUNT,
  intentID: 'intent-O1' as IntentID,
  role: 'Entry',
  symbol: 'AAPL',
  side: 'Buy',
  lastQty: qty('10'),
  lastPx: px('187.50'),
  settlCurrFxRate: dec('1'),
  commission: amt('0.10'),
  transactTime: at(seq),
  live: true,
  seq,
  ...more,
})

const errand = (subject: string, dueAt: Instant, more: Partial<Errand> = {}): Errand => ({
  kind: 'send',
  subject,
  dueAt,
  attempts: 0,
  leaseOwner: null,
  leaseUntil: null,
  lastError: null,
  corr: `corr-${subject}`,
  ...more,
})

/** Text that has broken stores before: quotes, line ends, NUL, escapes, right-to-left marks, what looks like SQL or JSON. */
const HOSTILE: readonly string[] = [
  `'; DROP TABLE journal; --`,
  '"quoted" \\ back\\\\slash',
  'line\nend\r\nand\ttab',
  'nul\u0000inside',
  'bell\u0007 escape\u001b del\u007f',
  '\u2028\u2029\u202e\u200f\ufeff',
  'e\u0301 is not \u00e9',
  '👩‍👩‍👧‍👦 𝕏 \u{10ffff}',
  '{"__proto__":{"polluted":true}}',
  '%s ${x} {{y}} <script>alert(1)</script>',
  '',
]

const fault =
  (...codes: readonly string[]) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof Fault, `a Fault, not ${String(thrown)}`)
    assert.ok(codes.includes(thrown.code), `${thrown.code} is not ${codes.join(' or ')}`)
    return true
  }

/** What every store must do. Run on each engine. */
export function storeContract(name: string, bench: () => Promise<StoreBench>): void {
  describe(`store contract: ${name}`, () => {
    let at0: StoreBench
    let clock: HandClock
    let store: Store
    beforeEach(async () => {
      at0 = await bench()
      clock = new HandClock()
      store = await at0.open(clock, 'boot-1')
    })
    afterEach(async () => {
      await store.close()
      await at0.clean()
    })

    const append = (e: Entry): Promise<Row> => store.transact((tx) => tx.append(e))
    const put = (...orders: readonly Order[]): Promise<void> =>
      store.transact(async (tx) => {
        for (const o of orders) await tx.put('order', o)
      })

    /** The journal must link without a gap, and the head must be what the rows give. */
    async function checkChain(expected: number): Promise<readonly Row[]> {
      const rows = await store.journal(0, expected + 10)
      let prev = GENESIS
      let frontier = EMPTY
      for (const [i, row] of rows.entries()) {
        assert.equal(row.seq, i)
        assert.equal(row.prev, prev)
        const bytes = canonical(row)
        prev = sha256Text(bytes)
        frontier = grow(frontier, leafHash(bytes))
      }
      assert.deepEqual(await store.head(), { size: expected, hash: prev, root: rootOf(frontier) })
      assert.equal(rows.length, expected)
      return rows
    }

    describe('journal', () => {
      it('starts empty', async () => {
        await checkChain(0)
        assert.deepEqual(await store.journal(0, 10), [])
        assert.equal(await store.nextDue(), null)
      })

      it('links every row to the one before, with the time and boot of the store', async () => {
        const first = await append(entry('a', { data: { price: '187.50', list: [1, null, { z: true, a: false }] } }))
        clock.pass(1500)
        const second = await append(entry('b'))
        const rows = await checkChain(2)
        assert.deepEqual(rows, [first, second])
        assert.equal(first.ts, '2026-11-02T14:30:00.000000Z')
        assert.equal(second.ts, '2026-11-02T14:30:01.500000Z')
        assert.deepEqual([second.boot, second.mono, second.v], ['boot-1', '1500000000', 1])
        assert.deepEqual(first.data, { price: '187.50', list: [1, null, { z: true, a: false }] })
      })

      it('keeps its time when the wall clock steps back', async () => {
        await append(entry('a'))
        clock.wall = plusMs(clock.wall, -60_000)
        clock.mono += 5n
        const row = await append(entry('b'))
        assert.equal(row.ts, '2026-11-02T14:30:00.000000Z')
        assert.equal(row.mono, '5')
      })

      it('tells the whole story of one correlation id, oldest first', async () => {
        for (const [id, corr] of [
          ['a', 'x'],
          ['b', 'y'],
          ['c', 'x'],
        ] as const)
          await append(entry(id, { corr }))
        assert.deepEqual(
          (await store.journalOf('x')).map((row) => row.object.id),
          ['a', 'c'],
        )
        assert.deepEqual(await store.journalOf('nobody'), [])
      })

      it('reads from any row on, at most as many as asked for', async () => {
        await store.transact(async (tx) => {
          for (let i = 0; i < 10; i++) await tx.append(entry(`e${i}`))
        })
        assert.deepEqual(
          (await store.journal(4, 3)).map((row) => row.seq),
          [4, 5, 6],
        )
        assert.deepEqual(
          (await store.journal(8, 100)).map((row) => row.seq),
          [8, 9],
        )
        assert.deepEqual(await store.journal(10, 100), [])
      })

      it('returns what it stored, not what it was given', async () => {
        const data = { kept: 1, dropped: undefined } as unknown as Entry['data']
        const row = await append(entry('a', { data }))
        assert.deepEqual(Object.keys(row.data), ['kept'])
        assert.deepEqual((await store.journal(0, 1))[0], row)
      })

      for (const text of HOSTILE) {
        it(`keeps hostile text byte for byte: ${JSON.stringify(text)}`, async () => {
          const e = entry(`id ${text}`, { action: `a ${text}`, corr: `c ${text}`, data: { [`k ${text}`]: text } })
          const row = await append(e)
          await checkChain(1)
          const [found] = await store.journalOf(`c ${text}`)
          assert.deepEqual(found, row)
          assert.equal(found?.data[`k ${text}`], text)
          const odd = intent(`i ${text}`, { corr: text, proposerOwner: text })
          await store.transact((tx) => tx.put('intent', odd))
          assert.deepEqual(await store.get('intent', `i ${text}`), odd)
        })
      }

      // biome-ignore format: a table reads in columns
      const unstorable: readonly (readonly [what: string, value: unknown])[] = [
        ['NaN', Number.NaN], ['Infinity', Number.POSITIVE_INFINITY], ['bigint', 1n], ['half a surrogate pair', '\ud800'],
      ]
      for (const [what, value] of unstorable) {
        it(`refuses ${what}, and the chain goes on as if it had not been asked`, async () => {
          await append(entry('a'))
          const data = { value } as Entry['data']
          await assert.rejects(append(entry('b', { data })), fault('NOT_JSON'))
          await append(entry('c'))
          await checkChain(2)
        })
      }

      it('keeps a large row whole', async () => {
        const text = 'é'.repeat(3_000_000)
        const row = await append(entry('large', { data: { text } }))
        await append(entry('next'))
        await checkChain(2)
        assert.equal((await store.journal(0, 1))[0]?.data['text'], row.data['text'])
      })
    })

    describe('records', () => {
      it('are found by their key, replaced by it, and removed by it', async () => {
        assert.equal(await store.get('order', 'O1'), null)
        await put(order('O1'))
        assert.deepEqual(await store.get('order', 'O1'), order('O1'))
        await put(order('O1', { text: 'second' }), order('O2'))
        assert.equal((await store.get('order', 'O1'))?.text, 'second')
        assert.equal((await store.all('order')).length, 2)
        await store.transact((tx) => tx.remove('order', 'O1'))
        await store.transact((tx) => tx.remove('order', 'never there'))
        assert.deepEqual(
          (await store.all('order')).map((o) => o.clOrdID),
          ['O2'],
        )
      })

      it('of every plain kind come back as they went in', async () => {
        const position = { ...flat('AAPL'), netQty: dec('-10.50') }
        const task = {
          taskID: 'T1',
          kind: 'orphan',
          subject: 'AAPL',
          severity: 'critical',
          text: 'look',
          corr: 'c',
          raisedAt: START,
          doneAt: null,
          doneBy: null,
          note: null,
        } as const
        const session = {
          hash: 'h',
          personID: 'ana',
          via: 'web',
          csrf: 'x',
          createdAt: START,
          expiresAt: at(1),
          endedAt: null,
        } as const
        await store.transact(async (tx) => {
          await tx.put('position', position)
          await tx.put('task', task)
          await tx.put('session', session)
          await tx.put('halt', {
            scope: 'global',
            state: { by: 'ana', reason: 'news', since: START, scope: 'global', level: 'K4' },
          })
          await tx.put('freeze', { symbol: 'TSLA', reason: 'unexplained', since: START })
          await tx.put('person', {
            personID: 'ana',
            name: 'Ana',
            roles: ['approver'],
            disabled: false,
            createdAt: START,
          })
          await tx.put('token', {
            tokenID: 't',
            name: 'jax',
            owner: null,
            hash: 'h',
            scopes: ['intents:write'],
            createdAt: START,
            expiresAt: at(1),
            revokedAt: null,
          })
          await tx.put('code', { hash: 'h', createdAt: START, expiresAt: at(1), usedAt: null })
          await tx.put('reconcile', { account: ACCOUNT, at: START, clean: true, findings: [] })
          await tx.put('market', {
            symbol: 'AAPL',
            instrument: null,
            quote: null,
            session: null,
            conversion: null,
            at: START,
          })
        })
        assert.deepEqual(await store.all('position'), [position])
        assert.deepEqual(await store.get('task', 'T1'), task)
        assert.deepEqual(await store.get('session', 'h'), session)
        assert.equal((await store.get('halt', 'global'))?.state?.by, 'ana')
        assert.equal((await store.get('freeze', 'TSLA'))?.since, START)
        assert.deepEqual((await store.get('person', 'ana'))?.roles, ['approver'])
        assert.equal((await store.get('token', 't'))?.scopes[0], 'intents:write')
        assert.equal((await store.get('code', 'h'))?.usedAt, null)
        assert.equal((await store.get('reconcile', ACCOUNT))?.clean, true)
        assert.equal((await store.get('market', 'AAPL'))?.at, START)
      })

      it('keep a document of a megabyte', async () => {
        const large = intent('I1', { body: { reasoning: 'x"\\'.repeat(350_000) } })
        await store.transact((tx) => tx.put('intent', large))
        assert.deepEqual(await store.get('intent', 'I1'), large)
      })

      it('refuse a key or a time that the store would change', async () => {
        await assert.rejects(
          store.transact((tx) => tx.put('order', order('O1', { createdAt: instant(Number.NaN) }))),
          fault('NOT_BINDABLE', 'NOT_JSON'),
        )
        await assert.rejects(
          store.transact((tx) => tx.put('order', order('O1', { createdAt: instant(0.5) }))),
          fault('NOT_BINDABLE'),
        )
        await assert.rejects(
          store.transact((tx) => tx.put('intent', intent('\ud800'))),
          fault('NOT_BINDABLE', 'NOT_JSON'),
        )
        assert.deepEqual([...(await store.all('order')), ...(await store.all('intent'))], [])
      })
    })

    describe('transactions', () => {
      it('see their own writes before anybody else does', async () => {
        await store.transact(async (tx) => {
          await tx.put('order', order('O1', { orderID: 'B1' as OrderID }))
          const row = await tx.append(entry('a'))
          await tx.put('errand', errand('I1', START))
          assert.equal((await tx.get('order', 'O1'))?.clOrdID, 'O1')
          assert.equal((await tx.openOrders(ACCOUNT)).length, 1)
          assert.equal((await tx.orderByOrderID(ACCOUNT, 'B1' as OrderID))?.clOrdID, 'O1')
          assert.equal((await tx.head()).size, 1)
          assert.deepEqual(await tx.journalOf('corr-a'), [row])
          assert.equal(await tx.nextDue(), START)
        })
        assert.equal((await store.get('order', 'O1'))?.clOrdID, 'O1')
        await checkChain(1)
      })

      it('show nothing of an unfinished command outside', async () => {
        const asked = Promise.withResolvers<void>()
        const running = store.transact(async (tx) => {
          await tx.put('order', order('O1'))
          await tx.append(entry('a'))
          asked.resolve()
          await Promise.resolve()
          throw new Error('changed my mind')
        })
        const seen = asked.promise.then(async () => [await store.get('order', 'O1'), (await store.head()).size])
        await assert.rejects(running, /changed my mind/)
        assert.deepEqual(await seen, [null, 0])
      })

      it('undo only the command that throws; its neighbours in the same commit stay', async () => {
        const results = await Promise.allSettled([
          append(entry('a')),
          store.transact(async (tx) => {
            await tx.append(entry('never'))
            await tx.put('order', order('NEVER'))
            await tx.remove('order', 'nothing')
            throw new Error('no')
          }),
          store.transact(async (tx) => {
            await tx.put('order', order('O1'))
            return (await tx.append(entry('b'))).seq
          }),
        ])
        assert.deepEqual(
          results.map((r) => r.status),
          ['fulfilled', 'rejected', 'fulfilled'],
        )
        assert.equal(results[2]?.status === 'fulfilled' && results[2].value, 1)
        const rows = await checkChain(2)
        assert.deepEqual(
          rows.map((row) => row.object.id),
          ['a', 'b'],
        )
        assert.equal(await store.get('order', 'NEVER'), null)
      })

      it('run one after another, in the order in which they were asked for', async () => {
        const said: string[] = []
        await Promise.all(
          Array.from({ length: 200 }, (_, i) =>
            store.transact(async (tx) => {
              said.push(`start ${i}`)
              const before = await tx.get('order', 'COUNT')
              await tx.put('order', order('COUNT', { text: String(Number(before?.text ?? 0) + 1) }))
              await tx.append(entry(`e${i}`))
              said.push(`end ${i}`)
            }),
          ),
        )
        assert.deepEqual(said, Array.from({ length: 200 }, (_, i) => [`start ${i}`, `end ${i}`]).flat())
        assert.equal((await store.get('order', 'COUNT'))?.text, '200')
        const rows = await checkChain(200)
        assert.deepEqual(
          rows.map((row) => row.object.id),
          Array.from({ length: 200 }, (_, i) => `e${i}`),
        )
      })

      it('return what the command returns, and throw what it throws', async () => {
        const thrown = new Fault('MY_CODE', 'mine')
        assert.equal(await store.transact(async () => 42), 42)
        await assert.rejects(
          store.transact(async () => Promise.reject(thrown)),
          (error) => error === thrown,
        )
        await assert.rejects(
          store.transact(() => {
            throw thrown
          }),
          (error) => error === thrown,
        )
      })

      it('refuse a command inside a command instead of waiting for ever', async () => {
        await assert.rejects(
          store.transact(() => store.transact(async () => 1)),
          fault('STORE_NESTED'),
        )
        await assert.rejects(
          store.transact(() => store.get('order', 'O1')),
          fault('STORE_NESTED'),
        )
        assert.equal(await store.transact(async () => 'still alive'), 'still alive')
      })

      it('are closed to what a command left running', async () => {
        const late = Promise.withResolvers<void>()
        let left: Promise<unknown> = Promise.resolve()
        await store.transact(async (tx) => {
          left = late.promise.then(() => tx.append(entry('late')))
        })
        late.resolve()
        await assert.rejects(left, fault('STORE_TX_OVER'))
        await checkChain(0)
      })

      it('empty the views for a rebuild and leave the journal and the working rows', async () => {
        await store.transact(async (tx) => {
          await tx.append(entry('a'))
          await tx.put('order', order('O1'))
          await tx.put('intent', intent('I1'))
          await tx.put('fill', fill('F1', 0))
          await tx.put('person', { personID: 'ana', name: 'Ana', roles: [], disabled: false, createdAt: START })
          await tx.put('errand', errand('I1', START))
          await tx.put('market', {
            symbol: 'AAPL',
            instrument: null,
            quote: null,
            session: null,
            conversion: null,
            at: START,
          })
        })
        await store.transact((tx) => tx.clearViews())
        assert.deepEqual(
          [
            ...(await store.all('order')),
            ...(await store.all('intent')),
            ...(await store.all('fill')),
            ...(await store.all('person')),
          ],
          [],
        )
        assert.equal((await store.all('errand')).length, 1)
        assert.equal((await store.all('market')).length, 1)
        await checkChain(1)
      })

      it('finish what was asked before the close, and refuse what comes after', async () => {
        const before = append(entry('a'))
        const closed = store.close()
        assert.equal((await before).seq, 0)
        await closed
        await store.close()
        await assert.rejects(append(entry('b')), fault('STORE_CLOSED'))
        await assert.rejects(store.get('order', 'O1'), fault('STORE_CLOSED'))
      })
    })

    describe('errands', () => {
      const claim = (owner: string, now: Instant, until: Instant, limit = 10): Promise<readonly string[]> =>
        store.transact(async (tx) => (await tx.claim(owner, now, until, limit)).map((e) => e.subject))
      const add = (...errands: readonly Errand[]): Promise<void> =>
        store.transact(async (tx) => {
          for (const e of errands) await tx.put('errand', e)
        })

      it('are claimed when due, oldest first, at most as many as asked for', async () => {
        await add(errand('c', at(3)), errand('a', at(1)), errand('b', at(2)), errand('later', at(100)))
        assert.deepEqual(await claim('w1', at(0), at(50)), [])
        assert.deepEqual(await claim('w1', at(3), at(50), 2), ['a', 'b'])
        assert.deepEqual(await claim('w1', at(3), at(50)), ['c'])
      })

      it('are claimed of one kind when it is named', async () => {
        await add(errand('a', at(1)), errand('b', at(2), { kind: 'poll' }), errand('c', at(3), { kind: 'poll' }))
        const polls = await store.transact((tx) => tx.claim('w1', at(5), at(50), 1, 'poll'))
        assert.deepEqual(
          polls.map((e) => e.subject),
          ['b'],
        )
        assert.deepEqual(await claim('w1', at(5), at(50)), ['a', 'c'])
      })

      it('carry the name of their holder and the end of the lease', async () => {
        await add(errand('a', at(1)))
        const [claimed] = await store.transact((tx) => tx.claim('w1', at(2), at(50), 1))
        assert.deepEqual(claimed, errand('a', at(1), { leaseOwner: 'w1', leaseUntil: at(50) }))
        assert.deepEqual(await store.get('errand', 'send:a'), claimed)
      })

      it('are nobody else’s while they are leased, and are taken over when the lease has ended', async () => {
        await add(errand('a', at(1)))
        assert.deepEqual(await claim('w1', at(1), at(50)), ['a'])
        assert.deepEqual(await claim('w2', at(49), at(99)), [])
        assert.deepEqual(await claim('w1', at(49), at(99)), [])
        assert.deepEqual(await claim('w2', at(50), at(99)), ['a'])
        assert.deepEqual(await claim('w1', at(60), at(99)), [])
      })

      it('say when the next one can be taken: when due, or when its lease ends', async () => {
        await add(errand('a', at(10)), errand('b', at(20)))
        assert.equal(await store.nextDue(), at(10))
        await claim('w1', at(10), at(15))
        assert.equal(await store.nextDue(), at(15))
        await claim('w2', at(15), at(500))
        assert.equal(await store.nextDue(), at(20))
        await store.transact((tx) => tx.remove('errand', 'send:b'))
        assert.equal(await store.nextDue(), at(500))
      })

      it('exist once per kind and subject', async () => {
        await add(errand('a', at(1)), errand('a', at(2)), errand('a', at(3), { kind: 'poll' }))
        assert.deepEqual(
          (await store.all('errand')).map((e) => [e.kind, e.dueAt]),
          [
            ['poll', at(3)],
            ['send', at(2)],
          ],
        )
      })

      it('are given out once, however many ask at the same time', async () => {
        await add(...Array.from({ length: 100 }, (_, i) => errand(`s${i}`, at(i))))
        const got = await Promise.all(Array.from({ length: 20 }, (_, i) => claim(`w${i}`, at(1000), at(2000), 7)))
        assert.equal(got.flat().length, 100)
        assert.equal(new Set(got.flat()).size, 100)
      })
    })

    describe('questions', () => {
      it('open orders: open, queued or in doubt, of one account, oldest first', async () => {
        await put(
          order('DONE', { phase: 'Filled', createdAt: at(1) }),
          order('DOUBT', { delivery: 'InDoubt', createdAt: at(5) }),
          order('QUEUED', { createdAt: at(4) }),
          order('WORKING', { delivery: 'Delivered', phase: 'PartiallyFilled', createdAt: at(3) }),
          order('REFUSED', { delivery: 'Rejected', createdAt: at(2) }),
          order('ABSENT', { delivery: 'Absent', createdAt: at(2) }),
          order('ELSEWHERE', { account: OTHER, createdAt: at(0) }),
        )
        assert.deepEqual(
          (await store.openOrders(ACCOUNT)).map((o) => o.clOrdID),
          ['WORKING', 'QUEUED', 'DOUBT'],
        )
        await put(order('QUEUED', { phase: 'Canceled', createdAt: at(4) }))
        assert.deepEqual(
          (await store.openOrders(ACCOUNT)).map((o) => o.clOrdID),
          ['WORKING', 'DOUBT'],
        )
      })

      it('orders of an intent, oldest first; an order by the broker’s number', async () => {
        const I = 'I1' as IntentID
        await put(
          order('EXIT', { intentID: I, role: 'Exit', createdAt: at(9), orderID: 'B2' as OrderID }),
          order('ENTRY', { intentID: I, createdAt: at(1), orderID: 'B1' as OrderID }),
          order('OTHER', { createdAt: at(2) }),
          order('SAME-NUMBER', { account: OTHER, orderID: 'B1' as OrderID }),
        )
        assert.deepEqual(
          (await store.ordersOf(I)).map((o) => o.clOrdID),
          ['ENTRY', 'EXIT'],
        )
        assert.equal((await store.orderByOrderID(ACCOUNT, 'B1' as OrderID))?.clOrdID, 'ENTRY')
        assert.equal((await store.orderByOrderID(OTHER, 'B1' as OrderID))?.clOrdID, 'SAME-NUMBER')
        assert.equal(await store.orderByOrderID(OTHER, 'B2' as OrderID), null)
      })

      it('fills of an order or a symbol in journal order, busted ones included', async () => {
        await store.transact(async (tx) => {
          await tx.put('fill', fill('F3', 30, { live: false, transactTime: at(1) }))
          await tx.put('fill', fill('F1', 10, { transactTime: at(50) }))
          await tx.put('fill', fill('F2', 20, { clOrdID: 'O2' as ClOrdID }))
          await tx.put('fill', fill('F1', 40, { account: OTHER }))
          await tx.put('fill', fill('F5', 50, { symbol: 'MSFT', clOrdID: 'O5' as ClOrdID }))
        })
        const ids = (fills: readonly Fill[]): string[] => fills.map((f) => `${f.execID}@${f.seq}`)
        assert.deepEqual(ids(await store.fillsOf({ clOrdID: 'O1' as ClOrdID })), ['F1@10', 'F3@30', 'F1@40'])
        assert.deepEqual(ids(await store.fillsOf({ account: ACCOUNT, symbol: 'AAPL' })), ['F1@10', 'F2@20', 'F3@30'])
        assert.equal((await store.get('fill', `${OTHER}|F1`))?.seq, 40)
      })

      it('intents that wait to be sized, decided or sent, and twins since a moment', async () => {
        const sent = { clOrdID: 'O1' as ClOrdID }
        await store.transact(async (tx) => {
          await tx.put('intent', intent('APPROVED', { state: 'Approved', receivedAt: at(3) }))
          await tx.put('intent', intent('SENT', { ...sent, state: 'Approved', receivedAt: at(3) }))
          await tx.put('intent', intent('ASKED', { state: 'AwaitingApproval', receivedAt: at(2) }))
          await tx.put('intent', intent('ASKED-AGAIN', { ...sent, state: 'AwaitingApproval', receivedAt: at(2) }))
          await tx.put('intent', intent('NEW', { symbol: 'MSFT', receivedAt: at(1) }))
          for (const state of ['Refused', 'Declined', 'Lapsed', 'Withdrawn'] as const) {
            await tx.put('intent', intent(state, { state, receivedAt: at(2) }))
          }
        })
        const ids = (found: readonly Intent[]): string[] => found.map((i) => i.intentID)
        const waiting = ['NEW', 'ASKED', 'ASKED-AGAIN', 'APPROVED']
        assert.deepEqual(ids(await store.waitingIntents()), waiting)
        await store.transact((tx) => tx.put('intent', intent('ASKED', { state: 'Declined', receivedAt: at(2) })))
        assert.deepEqual(
          ids(await store.waitingIntents()),
          waiting.filter((id) => id !== 'ASKED'),
        )
        assert.deepEqual(ids(await store.intentsSince('AAPL', at(3))), ['APPROVED', 'SENT'])
        assert.deepEqual(ids(await store.intentsSince('MSFT', at(1))), ['NEW'])
        assert.deepEqual(ids(await store.intentsSince('MSFT', at(2))), [])
      })
    })

    describe('pages', () => {
      /** Every page from the first to the last, as one list. */
      async function walk<T>(page: (ask: PageAsk) => Promise<Page<T>>, limit: number): Promise<T[]> {
        const found: T[] = []
        let after: string | null = null
        do {
          const { items, next }: Page<T> = await page({ limit, after })
          assert.ok(items.length <= limit)
          assert.ok(next === null || items.length === limit, 'only the last page is short')
          found.push(...items)
          after = next
        } while (after !== null)
        return found
      }

      const SYMBOLS = ['AAPL', 'MSFT', 'EUR/USD']
      const STATES = ['Received', 'AwaitingApproval', 'Refused', 'Lapsed'] as const
      /** 60 of each; several share a moment, so that the key must decide. */
      const intents = Array.from({ length: 60 }, (_, i) =>
        intent(`I${String((i * 37) % 60).padStart(2, '0')}`, {
          symbol: SYMBOLS[i % 3] as string,
          strategyID: i % 2 === 0 ? 'momentum' : 'mean/reversion',
          state: STATES[i % 4] as (typeof STATES)[number],
          receivedAt: at(Math.floor(i / 4)),
        }),
      )
      const orders = Array.from({ length: 60 }, (_, i) =>
        order(`O${String((i * 37) % 60).padStart(2, '0')}`, {
          symbol: SYMBOLS[i % 3] as string,
          intentID: `I${i % 5}` as IntentID,
          phase: i % 4 === 0 ? 'New' : 'Filled',
          createdAt: at(Math.floor(i / 4)),
        }),
      )
      const fills = Array.from({ length: 60 }, (_, i) =>
        fill(`F${String((i * 37) % 60).padStart(2, '0')}`, i, {
          symbol: SYMBOLS[i % 3] as string,
          clOrdID: `O${i % 4}` as ClOrdID,
          intentID: `I${i % 5}` as IntentID,
          transactTime: at(Math.floor(((i * 13) % 60) / 4)),
        }),
      )
      const fillAll = (): Promise<void> =>
        store.transact(async (tx) => {
          for (const i of intents) await tx.put('intent', i)
          for (const o of orders) await tx.put('order', o)
          for (const f of fills) await tx.put('fill', f)
        })

      type By = readonly (string | number)[]
      /** Newest first by the given sort keys. */
      const newest =
        <T>(by: (item: T) => By) =>
        (a: T, b: T): number => {
          const [x, y] = [by(a), by(b)]
          const i = x.findIndex((key, n) => key !== y[n])
          return i < 0 ? 0 : (x[i] as string | number) < (y[i] as string | number) ? 1 : -1
        }

      const intentCases: readonly (readonly [string, IntentFilter, (i: Intent) => boolean])[] = [
        ['all', {}, () => true],
        ['one state', { states: ['Refused'] }, (i) => i.state === 'Refused'],
        [
          'two states, one named twice',
          { states: ['Refused', 'Lapsed', 'Lapsed'] },
          (i) => i.state === 'Refused' || i.state === 'Lapsed',
        ],
        ['no state', { states: [] }, () => false],
        ['a symbol with a slash', { symbol: 'EUR/USD' }, (i) => i.proposal.symbol === 'EUR/USD'],
        ['a strategy', { strategyID: 'mean/reversion' }, (i) => i.proposal.strategyID === 'mean/reversion'],
        [
          'everything at once',
          { states: ['Received', 'Refused'], symbol: 'AAPL', strategyID: 'momentum' },
          (i) =>
            ['Received', 'Refused'].includes(i.state) &&
            i.proposal.symbol === 'AAPL' &&
            i.proposal.strategyID === 'momentum',
        ],
        ['nothing that exists', { symbol: `'; DROP TABLE intents` }, () => false],
      ]
      for (const [what, filter, keeps] of intentCases) {
        it(`of intents: ${what}`, async () => {
          await fillAll()
          const expected = intents.filter(keeps).sort(newest((i) => [i.receivedAt, i.intentID]))
          for (const limit of [1, 7, 100])
            assert.deepEqual(await walk((ask) => store.intents(filter, ask), limit), expected)
        })
      }

      const orderCases: readonly (readonly [string, OrderFilter, (o: Order) => boolean])[] = [
        ['all', {}, () => true],
        ['open', { open: true }, (o) => o.phase === 'New'],
        ['closed', { open: false }, (o) => o.phase === 'Filled'],
        [
          'open ones of a symbol',
          { open: true, symbol: 'MSFT' },
          (o) => o.phase === 'New' && o.terms.symbol === 'MSFT',
        ],
        ['of an intent', { intentID: 'I3' }, (o) => o.intentID === 'I3'],
        ['from a moment on', { from: at(7) }, (o) => o.createdAt >= at(7)],
        ['before a moment', { to: at(7) }, (o) => o.createdAt < at(7)],
        [
          'within a span',
          { from: at(3), to: at(9), symbol: 'AAPL' },
          (o) => o.createdAt >= at(3) && o.createdAt < at(9) && o.terms.symbol === 'AAPL',
        ],
      ]
      for (const [what, filter, keeps] of orderCases) {
        it(`of orders: ${what}`, async () => {
          await fillAll()
          const expected = orders.filter(keeps).sort(newest((o) => [o.createdAt, o.clOrdID]))
          for (const limit of [1, 7, 100])
            assert.deepEqual(await walk((ask) => store.orders(filter, ask), limit), expected)
        })
      }

      const fillCases: readonly (readonly [string, FillFilter, (f: Fill) => boolean])[] = [
        ['all', {}, () => true],
        ['of a symbol', { symbol: 'MSFT' }, (f) => f.symbol === 'MSFT'],
        ['of an order', { clOrdID: 'O2' }, (f) => f.clOrdID === 'O2'],
        ['of an intent', { intentID: 'I4' }, (f) => f.intentID === 'I4'],
        ['from a moment on', { from: at(7) }, (f) => f.transactTime >= at(7)],
        [
          'before a moment, of a symbol',
          { to: at(7), symbol: 'AAPL' },
          (f) => f.transactTime < at(7) && f.symbol === 'AAPL',
        ],
        ['within a span', { from: at(3), to: at(9) }, (f) => f.transactTime >= at(3) && f.transactTime < at(9)],
      ]
      for (const [what, filter, keeps] of fillCases) {
        it(`of fills: ${what}`, async () => {
          await fillAll()
          const timed = filter.from !== undefined || filter.to !== undefined
          const expected = fills.filter(keeps).sort(newest((f) => (timed ? [f.transactTime, f.seq] : [f.seq])))
          for (const limit of [1, 7, 100])
            assert.deepEqual(await walk((ask) => store.fills(filter, ask), limit), expected)
        })
      }

      it('show every row once while others are added', async () => {
        await fillAll()
        const first = await store.orders({}, { limit: 20, after: null })
        await put(
          order('NEWER', { createdAt: at(999) }),
          order('OLDER', { createdAt: at(0) }),
          order('O99', { createdAt: at(7) }),
        )
        const rest = await walk((ask) => store.orders({}, { ...ask, after: ask.after ?? first.next }), 20)
        const seen = [...first.items, ...rest].map((o) => o.clOrdID)
        assert.equal(new Set(seen).size, seen.length)
        for (const o of orders) assert.ok(seen.includes(o.clOrdID), o.clOrdID)
        assert.ok(!seen.includes('NEWER' as ClOrdID))
      })

      it('end exactly at the last row', async () => {
        await put(...orders.slice(0, 10))
        const page = await store.orders({}, { limit: 10, after: null })
        assert.deepEqual([page.items.length, page.next], [10, null])
      })

      it('refuse a cursor that is not theirs', async () => {
        await fillAll()
        const { next } = await store.orders({}, { limit: 5, after: null })
        assert.ok(next !== null)
        const forged = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
        for (const after of [
          '',
          'garbage',
          '%%%',
          next.slice(0, -4),
          forged(['orders', 1, 0]),
          forged(['orders', 'x', 0, 'k']),
          forged({}),
          forged(['orders', 1.5, 0, 'k']),
        ]) {
          await assert.rejects(store.orders({}, { limit: 5, after }), fault('BAD_CURSOR'), after)
        }
        await assert.rejects(store.fills({}, { limit: 5, after: next }), fault('BAD_CURSOR'))
        await assert.rejects(store.intents({}, { limit: 5, after: next }), fault('BAD_CURSOR'))
      })

      it('refuse a limit that is no limit', async () => {
        for (const limit of [0, -1, 1.5, Number.NaN])
          await assert.rejects(store.orders({}, { limit, after: null }), fault('BAD_LIMIT'))
      })
    })

    describe('after a restart', () => {
      const restart = async (boot: string): Promise<void> => {
        await store.close()
        store = await at0.open(clock, boot)
      }

      it('everything acknowledged is there and the chain goes on', async (t) => {
        if (!at0.durable) return t.skip('this store lives in memory')
        await store.transact(async (tx) => {
          for (let i = 0; i < 300; i++) await tx.append(entry(`e${i}`))
          await tx.put('order', order('O1'))
          await tx.put('errand', errand('I1', at(5)))
        })
        const head = await store.head()
        await restart('boot-2')
        assert.deepEqual(await store.head(), head)
        assert.deepEqual(await store.get('order', 'O1'), order('O1'))
        assert.equal(await store.nextDue(), at(5))
        const row = await append(entry('after'))
        assert.deepEqual([row.seq, row.prev, row.boot], [300, head.hash, 'boot-2'])
        await checkChain(301)
      })

      it('the chain holds over many restarts, whatever was undone in between', async (t) => {
        if (!at0.durable) return t.skip('this store lives in memory')
        let expected = 0
        for (let round = 0; round < 5; round++) {
          for (let i = 0; i < 3; i++) {
            await append(entry(`r${round}-${i}`))
            expected++
            await assert.rejects(
              store.transact(async (tx) => {
                await tx.append(entry('undone'))
                throw new Error('undo')
              }),
            )
          }
          clock.pass(10)
          await restart(`boot-${round + 2}`)
        }
        const rows = await checkChain(expected)
        assert.equal(new Set(rows.map((row) => row.boot)).size, 5)
      })

      it('a lease outlives the process, and no longer than it says', async (t) => {
        if (!at0.durable) return t.skip('this store lives in memory')
        await store.transact((tx) => tx.put('errand', errand('I1', at(1))))
        await store.transact((tx) => tx.claim('w1', at(1), at(50), 10))
        await restart('boot-2')
        assert.deepEqual(await store.transact((tx) => tx.claim('w2', at(49), at(99), 10)), [])
        assert.equal((await store.transact((tx) => tx.claim('w2', at(50), at(99), 10))).length, 1)
      })
    })
  })
}
