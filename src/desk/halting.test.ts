import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { HaltScope } from '../orders/halt.ts'
import { canonical } from '../values/json.ts'
import { commands } from './command.ts'
import { proveOrders } from './proving.ts'

async function tell(w: World, lines: string): Promise<void> {
  const script = `# For the test.\n${lines.trim().replace(/^ +/gm, '')}`
  for (const line of parseScenario(script).lines) await play(w, [line])
}
/** A halted desk whose worker sleeps, so that comparisons stay asked for. */
async function bench() {
  const w = new World()
  w.awake = false
  await w.open()
  await w.desk.halt({ reason: 'a drill', actor: personActor('rik') })
  const key = `reconcile:${w.broker.account}`
  const release = async (): Promise<string> => {
    const done = await w.desk.release({ reason: 'over', actor: personActor('rik') })
    return done.ok ? 'released' : done.error.code
  }
  return {
    w,
    release,
    errand: () => w.store.get('errand', key),
    drop: () => w.store.transact((tx) => tx.remove('errand', key)),
  }
}

describe('a release that waits for a comparison with the broker', () => {
  it('starts one', async () => {
    const { release, errand, drop } = await bench()
    await drop()
    assert.equal(await release(), 'UNRECONCILED')
    assert.notEqual(await errand(), null)
  })
  it('does not start another while one is under way', async () => {
    const { w, release, errand } = await bench()
    await w.desk.claim('a worker', 10, 60_000)
    for (let tries = 0; tries < 5; tries++) assert.equal(await release(), 'UNRECONCILED')
    assert.equal((await errand())?.leaseOwner, 'a worker')
  })
  it('does not wait for the next one on the timer', async () => {
    const { w, release, errand } = await bench()
    const [held] = await w.desk.claim('a worker', 10, 60_000)
    assert.ok(held)
    await w.desk.postpone(held, 60_000, 'the books agreed')
    assert.equal(await release(), 'UNRECONCILED')
    assert.equal((await errand())?.dueAt, w.clock.now())
  })
})

describe('a release where real money is traded', () => {
  const DAY_MS = 25 * 3_600_000
  /** Live, with passkeys that are older than their hold; `script` is played after the books were compared. */
  async function live(script: string, cast: World['cast'] | null = null): Promise<World> {
    const w = new World()
    if (cast) w.cast = cast
    w.policy = { ...w.policy, environment: 'live' }
    await tell(w, 'account id=live:sim:main\nmarket AAPL bid=189.95 ask=190.05')
    w.awake = false
    await w.open()
    for (const name of ['rik', 'ana', 'tom'].filter((one) => one in w.cast)) await w.enrol(name)
    w.clock.advance(DAY_MS)
    w.awake = true
    await tell(w, script)
    return w
  }
  const levelOf = async (w: World, scope: HaltScope = 'global') =>
    (await w.store.get('halt', scope))?.state?.level ?? null
  const released = async (w: World) =>
    (await journalOf(w.store)).filter(({ action }) => action === 'halt.released').map(({ data }) => data)
  const proven = async (w: World) =>
    proveOrders(
      (await journalOf(w.store)).map((row) => ({ seq: row.seq, bytes: canonical(row as never) })),
      null,
    ).faults

  it('takes two people, with a passkey, after a clean comparison', async () => {
    const w = await live('halt by=tom reason="the feed is wrong"\nwait 1s')
    await tell(
      w,
      `reconcile
       release by=tom -> Denied NOT_ELIGIBLE
       release by=rik -> Denied RELEASE_IS_A_CHANGE
       change release by=tom -> Denied NOT_ELIGIBLE
       change release by=rik reason="the feed is right again" -> Waiting
       agree by=rik with=passkey -> Denied SELF_APPROVAL
       agree by=ana -> Denied ASSURANCE_TOO_LOW`,
    )
    assert.equal(await levelOf(w), 'K4')
    await tell(w, 'agree by=ana with=passkey -> Applied')
    assert.equal(await levelOf(w), null)
    assert.deepEqual(await released(w), [{ by: 'rik and ana', reason: 'the feed is right again', scope: 'global' }])
    await w.store.close()
  })
  it('ends the halt that people saw, and no other', async () => {
    const w = await live(
      `halt level=K2 by=tom reason="a pause"
       reconcile
       change release by=rik -> Waiting
       halt level=K4 by=tom reason="worse than that"
       reconcile
       agree by=ana with=passkey -> Denied STALE_CHANGE`,
    )
    assert.equal(await levelOf(w), 'K4')
    await w.store.close()
  })
  it('waits until nothing stands against it any more', async () => {
    const w = await live('halt by=tom\nreconcile\nchange release by=rik -> Waiting')
    await w.store.transact(async (tx) => {
      const row = (await tx.get('account', w.setting.account)) ?? assert.fail()
      await tx.put('account', { ...row, clockWrong: true })
    })
    await tell(w, 'agree by=ana with=passkey -> Denied CLOCK_UNTRUSTED')
    assert.equal(await levelOf(w), 'K4')
    await w.store.close()
  })
  it('of one strategy or symbol at K1 takes one person with a passkey, and further than that two', async () => {
    const w = await live(
      `halt by=tom scope=strategy:trend
       change release scope=strategy:trend by=rik -> Waiting
       agree by=rik -> Denied ASSURANCE_TOO_LOW
       agree by=rik with=passkey -> Applied`,
    )
    assert.equal(await levelOf(w, 'strategy:trend'), null)
    const change = (await w.store.all('change')).at(-1)
    assert.equal(change?.note, null)
    await tell(
      w,
      `halt by=tom scope=symbol:AAPL level=K4
       change release scope=symbol:AAPL by=rik -> Waiting
       agree by=rik with=passkey -> Denied SELF_APPROVAL`,
    )
    assert.equal(await levelOf(w, 'symbol:AAPL'), 'K4')
    await w.store.close()
  })
  it('is made by whoever is alone, with a passkey, and says that there are no four eyes', async () => {
    const w = await live('halt by=rik\nreconcile\nchange release by=rik -> Waiting', {
      rik: ['trader', 'approver', 'risk', 'operator', 'admin'],
    })
    await tell(w, 'agree by=rik with=passkey -> Applied')
    assert.equal((await w.store.all('change')).at(-1)?.note, 'four-eyes: off')
    assert.equal(await levelOf(w), null)
    await w.store.close()
  })
  it('is proven by the journal, and a release that nobody agreed to is not', async () => {
    const w = await live(
      'halt by=tom\nreconcile\nchange release by=rik -> Waiting\nagree by=ana with=passkey -> Applied',
    )
    assert.deepEqual(await proven(w), [])
    await tell(w, 'halt by=tom')
    await commands(
      w.store,
      () => w.clock.now(),
      w.setting,
    )((c) =>
      c.emit(
        'halt.released',
        { type: 'halt', id: 'global' },
        'halt',
        { by: 'rik', reason: 'over' },
        personActor('rik'),
      ),
    )
    assert.deepEqual(
      (await proven(w)).map(({ code }) => code),
      ['NOT_AGREED'],
    )
    await w.store.close()
  })
  it('is no change on paper', async () => {
    const w = new World()
    await tell(w, 'halt by=tom\nreconcile\nchange release by=rik -> Denied NOT_NEEDED\nrelease by=rik')
    assert.equal(await levelOf(w), null)
    await w.store.close()
  })
})

describe('a halt of an account or broker', () => {
  // prettier-ignore
  const rows: readonly (readonly [scope: HaltScope, becomes: HaltScope])[] = [
    ['account:paper:sim:main', 'account:paper:sim:main'],
    ['account:sim:main', 'global'],
    ['broker:sim', 'broker:sim'],
    ['broker:alpaca', 'global'],
    ['symbol:NEVERSEEN', 'symbol:NEVERSEEN'],
  ]
  for (const [scope, becomes] of rows)
    it(`${scope} stops ${becomes}`, async () => {
      const w = new World()
      w.awake = false
      await w.open()
      await w.desk.halt({ scope, reason: 'a drill', actor: personActor('rik') })
      const held = (await w.store.all('halt')).filter(({ state }) => state !== null).map((one) => one.scope)
      assert.deepEqual(held, [becomes])
      await w.store.close()
    })
})

describe('a cancel that the broker took', () => {
  const story = (cancels: string): string => `# An entry is taken back.
cancels ${cancels}
market  AAPL bid=189.95 ask=190.05
signal  I1 BUY AAPL entry=190.00 stop=188.00
approve I1 by=ana -> New
halt    by=rik
`
  for (const [cancels, waits] of [
    ['taken', true],
    ['lost', false],
  ] as const)
    it(`${cancels}: ${waits ? 'gives its report a second, before it is asked for' : 'is asked about at once'}`, async () => {
      const w = new World()
      await w.open()
      for (const line of parseScenario(story(cancels)).lines) await play(w, [line])
      const { clOrdID } =
        (await w.store.openOrders(w.broker.account)).find(({ role }) => role === 'Entry') ?? assert.fail()
      const poll = (await w.store.get('errand', `poll:${clOrdID}`)) ?? assert.fail()
      assert.equal(poll.attempts === 0 && poll.dueAt > w.clock.now(), waits)
      await w.store.close()
    })
})
