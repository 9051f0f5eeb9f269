import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { journalOf, STANDING } from '../../test/scenarios/standing.ts'
import { personActor, World } from '../../test/scenarios/world.ts'
import type { Change, ChangeOf } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'

async function tell(w: World, lines: string): Promise<void> {
  const script = `# For the test.\n${lines.trim().replace(/^ +/gm, '')}`
  for (const line of parseScenario(script).lines) await play(w, [line])
}
/** I1 is refused: 52 shares cost 9880, and 5000 may be spent. */
async function refused(limits = 'limits maxOrderNotional=5000', w = new World()): Promise<World> {
  const people = ['rik', 'ana', 'bo'].filter((name) => name in w.cast)
  await tell(
    w,
    `${limits}
     market  AAPL bid=189.95 ask=190.05
     market  MSFT bid=409.95 ask=410.05
     ${people.map((name) => `passkey ${name}`).join('\n')}
     order   I1 BUY 52 AAPL LMT 190.00 DAY stop=188.00`,
  )
  assert.equal((await w.store.get('intent', 'I1'))?.state, 'Refused')
  return w
}
const codeOf = (done: { ok: boolean; error?: { code: string } }): string => (done.ok ? 'ok' : (done.error?.code ?? ''))
async function proposal(w: World, by = 'rik', id = 'I1'): Promise<Change> {
  const made = await w.desk.waiverFor(id as IntentID)
  assert.ok(made.ok, made.ok ? '' : made.error.text)
  const done = await w.desk.proposeChange({ what: made.value, reason: 'the hedge', actor: personActor(by) })
  return done.ok ? done.value : assert.fail(done.error.text)
}
async function agree(w: World, { changeID, digest }: Change, by: string, signs = true): Promise<string> {
  const ask = { changeID, digest, verdict: 'approved', reason: null, actor: personActor(by) } as const
  const evidence = signs ? await w.sign(by, await w.decidedChange(changeID)) : null
  const done = await w.desk.decideChange({ ...ask, ...(evidence && { evidence }) })
  await w.settle()
  // The page shows what was made of it.
  for (const { intentID } of await w.store.all('waiver')) {
    const made = await w.store.get('intent', intentID)
    if (made) w.remember(made)
  }
  return codeOf(done)
}
const waived = async (w: World) => (await w.store.all('waiver')).map(({ intentID }) => intentID)

describe('a waiver', () => {
  it('lets one refused order go, once, on the word of two people and its ordinary approval', async () => {
    const w = await refused()
    const change = await proposal(w)
    assert.deepEqual([change.state, change.requires.level], ['Waiting', 'L3'])
    assert.equal(await agree(w, change, 'ana', false), 'ASSURANCE_TOO_LOW')
    assert.equal(await agree(w, change, 'rik'), 'SELF_APPROVAL')
    assert.equal(await agree(w, change, 'ana'), 'ok')
    const [id = assert.fail()] = await waived(w)
    const made = await w.store.get('intent', id)
    assert.deepEqual([made?.state, made?.ticket?.terms.orderQty, made?.proposer.id], ['AwaitingApproval', '52', 'jax'])
    assert.equal((await w.store.get('intent', 'I1'))?.state, 'Refused')
    await tell(w, `approve ${id} by=bo`)
    assert.deepEqual(
      w.broker.sends.map(({ terms }) => terms.orderQty),
      ['52'],
    )
    // Nothing else is let through by it, and the same not again.
    await tell(
      w,
      'order I2 BUY 20 MSFT LMT 410.00 DAY stop=408.00 -> Refused ORDER_NOTIONAL_EXCEEDED QTY_DIFFERS_FROM_SIZE',
    )
    assert.deepEqual(await waived(w), [id])
    const journal = await journalOf(w.store)
    for (const [rule, check] of Object.entries(STANDING)) if (!rule.startsWith('no task')) await check(w, journal)
    await w.store.close()
  })
  it('is over after ten minutes, for people and for the send', async () => {
    const w = await refused()
    const late = await proposal(w)
    w.clock.advance(601_000)
    assert.equal(await agree(w, late, 'ana'), 'APPROVAL_EXPIRED')
    await w.store.close()

    const v = await refused()
    assert.equal(await agree(v, await proposal(v), 'ana'), 'ok')
    const [id = assert.fail()] = await waived(v)
    v.awake = false
    await tell(v, `approve ${id} by=bo`)
    await v.store.transact(async (tx) => {
      const waiver = (await tx.get('waiver', id)) ?? assert.fail()
      await tx.put('waiver', { ...waiver, until: v.clock.now() })
    })
    v.clock.advance(1)
    v.awake = true
    await v.settle()
    const { state, refusals = [] } = (await v.store.get('intent', id)) ?? {}
    assert.deepEqual([state, refusals.map(({ code }) => code)], ['Refused', ['ORDER_NOTIONAL_EXCEEDED']])
    await v.store.close()
  })
  it('is given once for each refused order, also when two were proposed; what came to nothing may be tried again', async () => {
    const w = await refused()
    const [one, two] = [await proposal(w), await proposal(w, 'rik')]
    const other = two.changeID === one.changeID ? null : two
    assert.equal(await agree(w, one, 'ana'), 'ok')
    const [id = assert.fail()] = await waived(w)
    if (other) assert.equal(await agree(w, other, 'ana'), 'NOT_WAIVABLE')
    const again = await w.desk.waiverFor('I1' as IntentID)
    assert.match(again.ok ? '' : again.error.text, new RegExp(`let through once already, as ${id}`))
    await tell(w, `decline ${id} by=bo reason="not today"`)
    assert.ok((await w.desk.waiverFor('I1' as IntentID)).ok)
    await w.store.close()
  })
  it('is for the order that was shown, and no larger one', async () => {
    const w = await refused('limits maxOrderNotional=5000')
    const change = await proposal(w)
    const what = change.what as Extract<ChangeOf, { kind: 'waiver' }>
    assert.deepEqual([what.lifts, what.terms.orderQty, what.maxNotional], [['maxOrderNotional'], '52', '9880.00'])
    assert.equal(await agree(w, change, 'ana'), 'ok')
    const [id = assert.fail()] = await waived(w)
    await w.store.transact(async (tx) => {
      const waiver = (await tx.get('waiver', id)) ?? assert.fail()
      await tx.put('waiver', { ...waiver, terms: { ...waiver.terms, price: '189.99' as never } })
    })
    await tell(w, `reprice ${id} by=bo`)
    const { state, refusals = [] } = (await w.store.get('intent', id)) ?? {}
    assert.deepEqual([state, refusals.map(({ code }) => code)], ['Refused', ['WAIVER_OF_ANOTHER_ORDER']])
    await w.store.close()
  })
  it('raises each limit to what people saw, and leaves the soft one', async () => {
    const w = await refused('limits maxOrderNotional=5000 soft.maxOrderNotional=1000')
    const change = await proposal(w)
    const what = change.what as Extract<ChangeOf, { kind: 'waiver' }>
    assert.deepEqual(what.raised, { maxOrderNotional: '9880' })
    const v = await refused('limits maxGrossExposure=0.05')
    const other = await proposal(v)
    await v.store.close()
    // 9880 of 100000, and a hundredth more for prices that move until it leaves.
    assert.deepEqual((other.what as typeof what).raised, { maxGrossExposure: '0.099788' })
    assert.equal(await agree(w, change, 'ana'), 'ok')
    const [id = assert.fail()] = await waived(w)
    const made = await w.store.get('intent', id)
    assert.deepEqual(
      [made?.state, made?.ticket?.terms.orderQty, made?.requires?.level, made?.requires?.rules],
      ['AwaitingApproval', '52', 'L2', ['paper', 'beyond the soft limit maxOrderNotional']],
    )
    await w.store.close()
  })
  it('raises a share of the daily volume as a share', async () => {
    const w = new World()
    await tell(
      w,
      `limits maxVolumeShare=0.01
       market AAPL bid=189.95 ask=190.05 volume=4000
       order I2 BUY 52 AAPL LMT 190.00 DAY stop=188.00`,
    )
    const made = await w.desk.waiverFor('I2' as IntentID)
    assert.ok(made.ok)
    assert.deepEqual(made.value.raised, { maxVolumeShare: '0.013' })
  })
  it('does not let two orders come to more than anybody saw', async () => {
    const w = await refused('limits maxGrossExposure=0.05')
    await tell(w, 'order I2 BUY 24 MSFT LMT 410.00 DAY stop=408.00')
    const both = [await proposal(w), await proposal(w, 'rik', 'I2')]
    for (const change of both) assert.equal(await agree(w, change, 'ana'), 'ok')
    const [one = assert.fail(), two = assert.fail()] = await waived(w)
    await tell(w, `approve ${one} by=bo`)
    await tell(w, `approve ${two} by=bo`)
    const states = await Promise.all([one, two].map(async (id) => (await w.store.get('intent', id))?.state))
    assert.deepEqual(states, ['Approved', 'Refused'])
    assert.equal(w.broker.sends.length, 1)
    await w.store.close()
  })
  it('is never sent by an arming', async () => {
    const w = await refused('policy click unasked=20000\nlimits maxOrderNotional=5000')
    await tell(w, 'arm AAPL by=ana upTo=20000 orders=5 for=1h')
    assert.equal(await agree(w, await proposal(w), 'ana'), 'ok')
    const [id = assert.fail()] = await waived(w)
    assert.equal((await w.store.get('intent', id))?.state, 'AwaitingApproval')
    assert.equal(w.broker.sends.length, 0)
    await w.store.close()
  })
  it('waits for another name when its own is taken', async () => {
    const w = await refused()
    const change = await proposal(w)
    const taken = `wv_${change.changeID.replace(/^chg_/, '')}`
    await tell(w, `order ${taken} BUY 1 MSFT LMT 410.00 DAY stop=408.00`)
    assert.equal(await agree(w, change, 'ana'), 'STALE_CHANGE')
    assert.equal((await w.store.get('intent', taken as IntentID))?.proposal.symbol, 'MSFT')
    assert.deepEqual(await waived(w), [])
    await w.store.close()
  })
  it('is nothing for one person alone', async () => {
    const w = new World()
    w.cast = { rik: ['trader', 'approver', 'risk', 'operator', 'admin'] }
    const alone = await refused('limits maxOrderNotional=5000', w)
    const made = await alone.desk.waiverFor('I1' as IntentID)
    assert.ok(made.ok)
    const done = await alone.desk.proposeChange({ what: made.value, reason: 'the hedge', actor: personActor('rik') })
    assert.match(done.ok ? '' : done.error.text, /^This takes two people, and nobody else may decide on it here\./)
    assert.deepEqual(await alone.store.all('change'), [])
    await alone.store.close()
  })
  it('is proposed by the role risk, of what amounts and counts alone refused', async () => {
    const w = await refused()
    const made = await w.desk.waiverFor('I1' as IntentID)
    assert.ok(made.ok)
    for (const by of ['ana', 'tom', 'ad'])
      assert.equal(
        codeOf(await w.desk.proposeChange({ what: made.value, reason: 'x', actor: personActor(by) })),
        'NOT_ELIGIBLE',
        by,
      )
    assert.equal(codeOf(await w.desk.waiverFor('nobody' as IntentID)), 'NOT_FOUND')
    await tell(w, 'signal I2 BUY MSFT entry=410.00 stop=411.00 -> Refused STOP_ON_WRONG_SIDE')
    assert.equal(codeOf(await w.desk.waiverFor('I2' as IntentID)), 'NOT_WAIVABLE')
    await tell(w, 'halt by=ana')
    // The limit could be waived; the halt cannot, and is said.
    const halted = await w.desk.waiverFor('I1' as IntentID)
    assert.match(halted.ok ? '' : halted.error.text, /would be refused all the same: Trading was halted by ana/)
    await w.store.close()
  })
})
