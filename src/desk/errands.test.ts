import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { World } from '../../test/scenarios/world.ts'
import type { Errand } from '../ports/records.ts'
import { msBetween } from '../values/instant.ts'
import { type Command, commands } from './command.ts'

const LEASE_MS = 60_000

/** An open house whose worker does nothing, with one errand that is due. */
async function bench() {
  const w = new World()
  w.awake = false
  await w.open()
  const run = <T>(command: (c: Command) => Promise<T>): Promise<T> =>
    commands(w.store, () => w.clock.now(), w.setting)(command)
  await run((c) => c.tx.remove('errand', `reconcile:${w.broker.account}`))
  const ask = (afterMs = 0): Promise<void> => run((c) => c.errand('poll', 'jx1', 'corr', afterMs))
  const claim = async (owner: string): Promise<Errand | undefined> => (await w.desk.claim(owner, 9, LEASE_MS))[0]
  const must = async (owner: string): Promise<Errand> => {
    const errand = await claim(owner)
    assert.ok(errand, `${owner} got nothing`)
    return errand
  }
  /** Milliseconds until it is due, negative when overdue; null when it is gone. */
  const dueIn = async (): Promise<number | null> => {
    const errand = await w.store.get('errand', 'poll:jx1')
    return errand && msBetween(w.clock.now(), errand.dueAt)
  }
  await ask()
  return { w, ask, claim, must, dueIn, desk: w.desk, store: w.store, clock: w.clock }
}

describe('an errand', () => {
  it('is held by one', async () => {
    const { claim } = await bench()
    assert.equal((await claim('a'))?.leaseOwner, 'a')
    assert.equal(await claim('b'), undefined)
  })

  it('that is done is gone', async () => {
    const { must, desk, dueIn } = await bench()
    await desk.finish(await must('a'))
    assert.equal(await dueIn(), null)
  })

  it('that is put back comes again, with its reason and its count', async () => {
    const { must, desk, store, dueIn, claim, clock } = await bench()
    await desk.postpone(await must('a'), 500, 'not yet')
    assert.equal(await dueIn(), 500)
    assert.equal((await store.get('errand', 'poll:jx1'))?.lastError, 'not yet')
    assert.equal(await claim('b'), undefined)
    clock.advance(500)
    assert.equal((await claim('b'))?.attempts, 1)
  })

  it('of a worker that died is taken over when its lease ends', async () => {
    const { must, claim, clock, desk, dueIn } = await bench()
    const first = await must('dead')
    clock.advance(LEASE_MS - 1)
    assert.equal(await claim('b'), undefined)
    clock.advance(1)
    const second = await must('b')
    await desk.finish(first)
    assert.notEqual(await dueIn(), null, 'the one who lost it may not drop it')
    await desk.postpone(first, 10_000, 'late')
    assert.equal((await claim('c')) ?? null, null)
    await desk.finish(second)
    assert.equal(await dueIn(), null)
  })

  it('that is asked for while it is held runs once more', async () => {
    const { must, ask, desk, dueIn, claim } = await bench()
    const held = await must('a')
    await ask()
    await desk.finish(held)
    assert.equal(await dueIn(), 0, 'its holder worked on older knowledge')
    assert.equal((await claim('b'))?.leaseOwner, 'b')
  })

  it('that is asked for while it is held is not put off by its holder', async () => {
    const { must, ask, desk, dueIn } = await bench()
    const held = await must('a')
    await ask()
    await desk.postpone(held, 30_000, 'busy')
    assert.equal(await dueIn(), 0)
  })

  it('that was asked for and claimed again in the same microsecond belongs to the second holder', async () => {
    const { must, ask, desk, dueIn } = await bench()
    const first = await must('a#1')
    await ask()
    const second = await must('a#2')
    await desk.finish(first)
    await desk.postpone(second, 700, 'still open')
    assert.equal(await dueIn(), 700)
  })

  const rows: [name: string, first: number, then: number, due: number][] = [
    ['asked for sooner comes sooner', 5_000, 1_000, 1_000],
    ['asked for later keeps its time', 1_000, 5_000, 1_000],
    ['asked for at once comes at once', 5_000, 0, 0],
  ]
  for (const [name, first, then, due] of rows)
    it(name, async () => {
      const { ask, store, dueIn } = await bench()
      await store.transact((tx) => tx.remove('errand', 'poll:jx1'))
      await ask(first)
      await ask(then)
      assert.equal(await dueIn(), due)
    })

  it('a timer keeps to its last moment, sooner or later', async () => {
    const { w, store, clock, dueIn } = await bench()
    const run = commands(store, () => clock.now(), w.setting)
    for (const ms of [1_000, 9_000, 4_000]) {
      await run((c) => c.timer('poll', 'jx1', 'corr', c.after(ms)))
      assert.equal(await dueIn(), ms)
    }
  })

  it('waits in a person’s time, however fast the market’s clock runs', async () => {
    const { store, clock, w } = await bench()
    const run = commands(store, () => clock.now(), { ...w.setting, speed: 60 })
    await run((c) => c.timer('poll', 'jx2', 'corr', c.after(1_000)))
    const errand = await store.get('errand', 'poll:jx2')
    assert.equal(errand && msBetween(clock.now(), errand.dueAt), 60_000)
  })
})
