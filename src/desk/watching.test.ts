import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { World } from '../../test/scenarios/world.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { plusMs } from '../values/instant.ts'
import { commands } from './command.ts'
import type { Happened } from './events.ts'
import { type Felt, type SinceStart, watch, watchCommand } from './watching.ts'

// What scenarios cannot say: other clocks, a journal that cannot be signed, a live account, a restart.

async function more(w: World, script: string): Promise<World> {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
  return w
}
const MARKET = 'market AAPL bid=189.95 ask=190.05'
const watched = (environment: 'paper' | 'live', script = ''): Promise<World> => {
  const w = new World()
  w.policy = { ...w.policy, environment }
  return more(w, `watch\naccount id=${environment}:sim:main\n${MARKET}\nwait 1m\n${script}`)
}
const QUIET: Felt = { silentSince: null, clock: null }
const look = (w: World, felt: Partial<Felt>, own: Partial<SinceStart> = {}): Promise<void> =>
  commands(
    w.store,
    () => w.clock.now(),
    w.setting,
  )((c) => watch(c, { ...QUIET, ...felt }, { startedAt: w.clock.now(), unsealedSince: null, ...own }))
const haltOf = async (w: World) => (await w.store.get('halt', 'global'))?.state ?? null
const levelOf = async (w: World) => (await haltOf(w))?.level ?? null
const open = async (w: World): Promise<string[]> =>
  (await w.store.all('task')).filter(({ doneAt }) => doneAt === null).map(({ kind }) => kind)
const engaged = async (w: World): Promise<Happened['halt.engaged'][]> =>
  (await journalOf(w.store))
    .filter(({ action }) => action === 'halt.engaged')
    .map(({ data }) => data as unknown as Happened['halt.engaged'])

describe('our clock and that of the broker', () => {
  for (const [aheadMs, kinds, level] of [
    [500, [], null],
    [501, ['CLOCK_OFF'], null],
    [-2_000, ['CLOCK_OFF'], null],
    [2_001, ['CLOCK_OFF', 'CLOCK_WRONG'], 'K3'],
  ] as const)
    it(`${aheadMs} ms apart: ${kinds.join(', ') || 'nothing'}`, async () => {
      const w = await watched('paper')
      await look(w, { clock: { aheadMs, since: w.clock.now() } })
      assert.deepEqual([await open(w), await levelOf(w)], [kinds, level])
    })

  it('stop once for one fault, and again for the next', async () => {
    const w = await watched('paper')
    const since = w.clock.now()
    await look(w, { clock: { aheadMs: 3_000, since } })
    await look(w, { clockKept: true })
    await more(w, 'reconcile\nrelease by=rik')
    await look(w, { clock: { aheadMs: 3_100, since } })
    assert.equal(await levelOf(w), null)
    await look(w, { clock: { aheadMs: 3_000, since: plusMs(since, 1) } })
    assert.equal(await levelOf(w), 'K3')
    assert.deepEqual((await open(w)).toSorted(), ['CLOCK_OFF', 'CLOCK_WRONG'])
  })
})

describe('a clock that was wrong', () => {
  const release = (w: World) => more(w, 'reconcile\nrelease by=rik reason="NTP set it; it was 3 s ahead"')
  const UNTRUSTED = /denied: CLOCK_UNTRUSTED/
  for (const [how, aheadMs] of [
    ['stepped forward', 3_000],
    ['stepped back', -3_000],
    ['drifted slowly', 2_001],
  ] as const)
    it(`that ${how} is trusted again after two good readings, through a restart`, async () => {
      const w = await watched('paper')
      const since = w.clock.now()
      for (const ms of how === 'drifted slowly' ? [400, 800, 1_600, aheadMs] : [aheadMs])
        await look(w, { clock: { aheadMs: ms, since } })
      assert.equal(await levelOf(w), 'K3')
      await assert.rejects(release(w), UNTRUSTED)
      // Once right is not twice, and a gateway that has just begun knows of no reading.
      await more(w, 'crash\nwait 3s')
      await look(w, {})
      await assert.rejects(release(w), UNTRUSTED)
      await look(w, { clockKept: true })
      await release(w)
      assert.equal(await levelOf(w), null)
    })
  it('that was only worth a warning holds back no release', async () => {
    const w = await watched('paper')
    await look(w, { clock: { aheadMs: 1_999, since: w.clock.now() } })
    await more(w, 'halt by=ana\nreconcile\nrelease by=rik')
    assert.equal(await levelOf(w), null)
  })
})

describe('a journal that cannot be signed', () => {
  for (const [environment, ms, kinds, level] of [
    ['live', 899_999, [], null],
    ['live', 900_000, ['UNSEALED'], 'K3'],
    ['paper', 900_000, ['UNSEALED'], null],
  ] as const)
    it(`for ${ms} ms, on ${environment}`, async () => {
      const w = await watched(environment)
      await look(w, {}, { unsealedSince: plusMs(w.clock.now(), -ms) })
      assert.deepEqual([await open(w), await levelOf(w)], [kinds, level])
    })
})

describe('books that differ for longer than a minute', () => {
  for (const [environment, kinds, level] of [
    ['live', ['BOOKS_DIFFER', 'FROZEN'], 'K2'],
    ['paper', ['FROZEN'], null],
  ] as const)
    it(`stop ${level === null ? 'one symbol' : 'everything that opens'} on ${environment}`, async () => {
      const w = await watched(environment, 'elsewhere hold AAPL 40\nreconcile\nwait 50s')
      assert.deepEqual([await open(w), await levelOf(w)], [['FROZEN'], null])
      await more(w, 'wait 15s')
      assert.deepEqual([(await open(w)).toSorted(), await levelOf(w)], [kinds, level])
    })
})

describe('entries and replacements that leave much faster than they may', () => {
  const OWN_STOPS = `watch\ncannot bracket\ncan replace\n${MARKET}\nsignal I1 BUY AAPL entry=190.00 stop=180.00\napprove I1 by=ana`
  it('stop everything', async () => {
    const w = new World()
    await more(w, `limits maxOrdersPerMinute=1\n${OWN_STOPS}\nreplace I1 by=ana qty=40\nwait 1s`)
    assert.equal(await levelOf(w), null)
    await more(w, 'replace I1 by=ana qty=30\nwait 1s')
    const { level, by, reason } = (await haltOf(w)) ?? assert.fail('nothing stopped it')
    assert.deepEqual([level, by], ['K3', 'rule P05'])
    assert.match(reason, /^More than 2 entries and replacements .* limit is 1,/)
  })
  it('are told from stops that follow the fills, and from cancels', async () => {
    const w = new World()
    await more(w, `limits maxOrdersPerMinute=5\n${OWN_STOPS}`)
    for (let n = 0; n < 11; n++) await more(w, 'report I1 Fill 2 @ 190.00\nwait 3s')
    await more(w, 'cancel I1 by=ana')
    assert.equal((await w.store.ordersOf('I1' as IntentID)).length > 10, true)
    assert.equal(await levelOf(w), null)
  })
})

describe('a stream of reports that is lost', () => {
  const HELD = 'signal I1 BUY AAPL entry=190.00 stop=180.00\napprove I1 by=ana\nreport I1 Fill 10 @ 190.00'
  for (const [name, script, deafMs, silent, kinds] of [
    ['for ten seconds, with something open', HELD, 10_000, false, ['STREAM_LOST']],
    ['for less', HELD, 9_999, false, []],
    ['with nothing open', '', 60_000, false, []],
    ['because the broker is silent', HELD, 60_000, true, []],
  ] as const)
    it(`${name}: ${kinds.join() || 'nothing'}`, async () => {
      const w = await watched('paper', script)
      const now = w.clock.now()
      const since = plusMs(now, -deafMs)
      await look(w, { deafSince: since, silentSince: silent ? now : null })
      assert.deepEqual([await open(w), await levelOf(w)], [kinds, null])
      if (kinds.length === 0) return
      await look(w, { deafSince: since })
      assert.equal((await open(w)).length, 1, 'it is told once')
    })
})

describe('a person who is there', () => {
  const HOUR_MS = 3_600_000
  const SIGNAL = 'signal I1 BUY AAPL entry=190.00 stop=180.00\napprove I1 by=ana'
  /** An entry of a live account is open. A passkey is good for it after its first day. */
  async function entered(): Promise<World> {
    const w = await watched('live', 'passkey ana')
    w.clock.advance(25 * HOUR_MS)
    return more(w, `${MARKET}\nwait 2s\n${SIGNAL} with=passkey`)
  }
  const absent = async (w: World): Promise<readonly [boolean, string | null]> => [
    (await open(w)).includes('OPERATOR_ABSENT'),
    await levelOf(w),
  ]
  /** The clock jumps, as after a night in which the machine slept: nothing else happens in between. */
  const jump = async (w: World, ms: number): Promise<void> => {
    w.clock.advance(ms)
    await look(w, {})
  }

  it('is missed after eight hours, and the entry stays at the broker', async () => {
    const w = await entered()
    await jump(w, 8 * HOUR_MS - 60_000)
    assert.deepEqual(await absent(w), [false, null])
    await jump(w, 60_000)
    assert.deepEqual(await absent(w), [true, 'K2'])
    assert.equal((await haltOf(w))?.by, 'rule R06')
    await more(w, 'expect I1 New')
  })
  it('is there again by whatever they do, and not by what an agent or the worker does', async () => {
    const w = await entered()
    await jump(w, 7 * HOUR_MS)
    await more(w, `${MARKET}\nsignal I2 BUY AAPL entry=191.00 stop=180.00`)
    await jump(w, HOUR_MS)
    assert.deepEqual(await absent(w), [true, 'K2'])
    await more(
      w,
      `acknowledge OPERATOR_ABSENT live:sim:main by=ana
reconcile
change release by=rik -> Waiting
agree by=ana with=passkey -> Applied`,
    )
    await jump(w, 8 * HOUR_MS - 60_000)
    assert.equal(await levelOf(w), null)
    await jump(w, 60_000)
    assert.equal(await levelOf(w), 'K2')
  })
  it('is not shown by a restart', async () => {
    const w = await entered()
    w.clock.advance(7 * HOUR_MS)
    await more(w, 'crash')
    await jump(w, HOUR_MS)
    assert.deepEqual(await absent(w), [true, 'K2'])
  })
  it('is not shown by a clock that was set back', async () => {
    const w = await entered()
    const row = (await w.store.get('account', w.setting.account)) ?? assert.fail()
    for (const [aheadMs, isMissed] of [
      [60_000 - 1, false],
      [60_000, true],
    ] as const) {
      await w.store.transact((tx) => tx.put('account', { ...row, actedAt: plusMs(w.clock.now(), aheadMs) }))
      await look(w, {})
      assert.equal((await absent(w))[0], isMissed)
    }
  })
  it('has its entries taken back where a setting says so, and its stops stay', async () => {
    const w = await entered()
    const after = async (hours: number) => {
      w.clock.advance(hours * HOUR_MS)
      await commands(w.store, () => w.clock.now(), {
        ...w.setting,
        watching: { tighter: { entriesUnattended: 12 * HOUR_MS } },
      })((c) => watch(c, QUIET, { startedAt: c.now, unsealedSince: null }))
      return levelOf(w)
    }
    assert.deepEqual([await after(9), await after(2), await after(1)], ['K2', 'K2', 'K4'])
    assert.deepEqual(
      (await w.store.ordersOf('I1' as IntentID)).map(({ role, asked }) => [role, asked]),
      [
        ['Entry', 'Cancel'],
        ['Stop', 'Nothing'],
      ],
    )
    assert.equal((await open(w)).includes('ENTRIES_UNATTENDED'), true)
  })
  it('is not missed where nothing opens without them', async () => {
    const w = await watched('live')
    await jump(w, 30 * HOUR_MS)
    assert.deepEqual(await absent(w), [false, null])
  })
  for (const [nobodyThere, level] of [
    [undefined, null],
    [HOUR_MS, 'K2'],
  ] as const)
    it(`is ${level === null ? 'not ' : ''}missed on paper with ${nobodyThere ?? 'no'} ms in the setting`, async () => {
      const w = await watched('paper', SIGNAL)
      w.clock.advance(9 * HOUR_MS)
      const setting = { ...w.setting, watching: { tighter: nobodyThere === undefined ? {} : { nobodyThere } } }
      await commands(
        w.store,
        () => w.clock.now(),
        setting,
      )((c) => watch(c, QUIET, { startedAt: c.now, unsealedSince: null }))
      assert.equal(await levelOf(w), level)
    })
})

describe('what leaves', () => {
  /** A program with a fault in it: an order leaves that the desk never made for this intent. */
  async function leaves(w: World, decided: 'approved' | 'waiting'): Promise<void> {
    const [first] = await w.store.ordersOf('I1' as IntentID)
    const like = first ?? (await w.store.ordersOf('I0' as IntentID))[0] ?? assert.fail()
    assert.equal(first !== undefined, decided === 'approved')
    const clOrdID = 'jxstray' as ClOrdID
    const stray = {
      ...like,
      intentID: 'I1' as IntentID,
      clOrdID,
      orderID: null,
      delivery: 'Queued',
      sentAt: null,
    } as const
    await commands(
      w.store,
      () => w.clock.now(),
      w.setting,
    )(async (c) => {
      await c.tx.put('order', stray)
      await c.emit('order.send-started', { type: 'order', id: clOrdID }, 'I1', { attempt: 1 })
      await watchCommand(c)
    })
  }
  const ASKED = 'signal I1 BUY AAPL entry=190.00 stop=188.00\n'
  it('is one order for each that was approved: a second one stops everything', async () => {
    const w = await watched('paper', `${ASKED}approve I1 by=ana`)
    assert.equal(await levelOf(w), null)
    await leaves(w, 'approved')
    const { by, level, reason } = (await haltOf(w)) ?? assert.fail()
    assert.deepEqual([by, level], ['rule A03', 'K4'])
    assert.match(reason, /^2 orders left for intent I1, of which 1 was approved\./)
  })
  it('is none where nobody has said yes', async () => {
    const w = await watched('paper', 'signal I0 BUY AAPL entry=190.00 stop=188.00\napprove I0 by=ana\nwait 2m')
    await more(w, ASKED)
    await leaves(w, 'waiting')
    assert.match((await haltOf(w))?.reason ?? '', /^1 orders left for intent I1, of which 0 was approved\./)
  })
})

it('nobody is blamed for an alert while the gateway was not there', async () => {
  const w = await watched('paper', 'elsewhere hold AAPL 40\nreconcile\nwait 10s\nworker sleeps\nwait 20m')
  await more(w, 'crash\nworker wakes\nwait 9m')
  assert.equal(await levelOf(w), null)
  await more(w, 'wait 70s')
  assert.equal((await haltOf(w))?.by, 'rule R03')
})

it('what is halted further already is left as it is, and its alert is told once', async () => {
  const w = await watched('paper')
  await more(w, 'halt by=ana')
  for (let n = 0; n < 3; n++) await look(w, { clock: { aheadMs: 9_000, since: plusMs(w.clock.now(), n) } })
  assert.deepEqual(
    (await engaged(w)).map(({ by }) => by),
    ['ana'],
  )
  const raised = (await journalOf(w.store)).filter(({ action }) => action === 'task.raised')
  assert.equal(raised.length, 2)
})
