import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Row } from '../journal/row.ts'
import type { Intent } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { msBetween, plusMs } from '../values/instant.ts'
import type { Happened } from './events.ts'

// An order that nobody decides: further people are told before its end.

const I1 = 'I1' as IntentID
const MARKET = 'market AAPL bid=189.95 ask=190.05'
const SIGNAL = 'signal I1 BUY AAPL entry=190.00 stop=188.00'

async function played(script: string, speed = 1): Promise<World> {
  const w = new World()
  w.speed = speed
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
  return w
}
const more = async (w: World, script: string): Promise<void> => {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
const intentOf = async (w: World): Promise<Intent> => (await w.store.get('intent', I1)) ?? assert.fail()
const told = async (w: World): Promise<Happened['intent.escalated'][]> => {
  const rows: readonly Row[] = await journalOf(w.store)
  return rows
    .filter(({ action }) => action === 'intent.escalated')
    .map(({ data }) => data as unknown as Happened['intent.escalated'])
}
const errand = (w: World) => w.store.get('errand', `escalate:${I1}`)

describe('an order that waits', () => {
  const rows: readonly (readonly [name: string, script: string, missing: readonly number[]])[] = [
    ['is escalated after its time', `policy click escalate=3m\n${MARKET}\n${SIGNAL}\nwait 181s`, [1]],
    ['is not before', `policy click escalate=3m\n${MARKET}\n${SIGNAL}\nwait 179s`, []],
    ['is once', `policy click escalate=1m\n${MARKET}\n${SIGNAL}\nwait 61s\nwait 61s\nwait 61s`, [1]],
    ['never is where the policy says nothing', `policy click\n${MARKET}\n${SIGNAL}\nwait 299s`, []],
    ['never is where it ends before', `policy click escalate=5m\n${MARKET}\n${SIGNAL}\nwait 299s\nwait 5s`, []],
    [
      'says how many are missing',
      `policy three people escalate=1m\n${MARKET}\n${SIGNAL}\napprove I1 by=ana\nwait 61s`,
      [2],
    ],
    ['is not when it is decided', `policy click escalate=1m\n${MARKET}\n${SIGNAL}\napprove I1 by=ana\nwait 61s`, []],
    ['is not when somebody said no', `policy click escalate=1m\n${MARKET}\n${SIGNAL}\ndecline I1 by=ana\nwait 61s`, []],
    [
      'is again as a new ticket',
      `policy click escalate=1m\n${MARKET}\n${SIGNAL}\nwait 61s\nreprice I1 by=tom\nwait 61s`,
      [1, 1],
    ],
    [
      'is by the time of its last ticket',
      `policy click escalate=1m\n${MARKET}\n${SIGNAL}\nwait 40s\nreprice I1 by=tom\nwait 40s`,
      [],
    ],
    [
      'never is when it goes without a person',
      `policy click unasked=10000 escalate=1m\n${MARKET}\narm AAPL by=ana upTo=10000 orders=1 for=1h\n${SIGNAL}\nwait 61s`,
      [],
    ],
  ]
  for (const [name, script, missing] of rows)
    it(name, async () => {
      const w = await played(script)
      assert.deepEqual(
        (await told(w)).map((one) => one.missing),
        missing,
      )
      assert.equal((await intentOf(w)).escalatedAt !== undefined, missing.length > 0)
    })

  it('does so in the time of people, however fast the market is', async () => {
    const w = await played(`policy click escalate=1m\n${MARKET}\n${SIGNAL}`, 4)
    const { escalation } = await intentOf(w)
    assert.equal(msBetween(w.clock.now(), escalation?.at ?? assert.fail()), 240_000)
    await more(w, 'wait 241s')
    assert.equal((await told(w))[0]?.waitedMs, 60_000)
  })

  it('is escalated also when it was put off, and says by whom', async () => {
    const w = await played(`policy click escalate=1m\n${MARKET}\n${SIGNAL}`)
    const aside = { intentID: I1, kind: 'snoozed', text: '' } as const
    for (const [by, ms] of [
      ['ana', 120_000],
      ['ana', 130_000],
      ['rik', 30_000],
    ] as const)
      assert.ok((await w.desk.putAside({ ...aside, until: plusMs(w.clock.now(), ms), actor: personActor(by) })).ok)
    await more(w, 'wait 61s')
    assert.deepEqual(
      (await told(w)).map(({ putOff }) => putOff),
      [['ana']],
    )
  })

  it('is escalated after a restart that lost every errand', async () => {
    const w = await played(`policy click escalate=1m\n${MARKET}\n${SIGNAL}\nwait 30s`)
    await w.store.transact((tx) => tx.remove('errand', `escalate:${I1}`))
    await w.boot()
    assert.equal((await errand(w))?.dueAt, (await intentOf(w)).escalation?.at)
    await more(w, 'wait 31s')
    assert.equal((await told(w)).length, 1)
    await w.boot()
    assert.equal(await errand(w), null, 'once is enough')
  })

  it('keeps its moment when the books are compared', async () => {
    const w = await played(`policy click escalate=4m\n${MARKET}\n${SIGNAL}\nreconcile`)
    assert.equal((await errand(w))?.dueAt, (await intentOf(w)).escalation?.at)
  })

  it('comes again when it is asked for too early', async () => {
    const w = await played(`policy click escalate=1m\n${MARKET}\n${SIGNAL}`)
    await w.desk.escalate(I1)
    assert.deepEqual(await told(w), [])
    await more(w, 'wait 61s')
    assert.equal((await told(w)).length, 1)
  })

  it('is not after its end, when the worker slept', async () => {
    const w = await played(`policy click escalate=1m\n${MARKET}\n${SIGNAL}\nworker sleeps\nwait 301s`)
    await w.desk.escalate(I1)
    assert.deepEqual(await told(w), [])
  })
})
