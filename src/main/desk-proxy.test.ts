import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Fault } from '../values/fault.ts'
import { type Answer, type Call, deskProxy, type DeskThread } from './desk-proxy.ts'

/** A thread that answers as it is told. */
function scripted(answer: (call: Call) => Answer | null) {
  const events = new EventEmitter()
  const asked: Call[] = []
  const ended: string[] = []
  const thread = Object.assign(events, {
    postMessage(call: Call) {
      asked.push(call)
      const said = answer(call)
      if (said !== null) queueMicrotask(() => events.emit('message', said))
    },
    terminate: async () => ended.push('terminate'),
  }) as unknown as DeskThread
  return {
    thread,
    asked,
    ended,
    say: (said: Answer) => void events.emit('message', said),
    die: (code: number) => void events.emit('exit', code),
  }
}
async function opened(answer: (call: Call) => Answer | null) {
  const script = scripted(answer)
  const opening = deskProxy(script.thread)
  script.say({ kind: 'ready' })
  return { ...script, proxy: await opening }
}
const value = (call: Call): Answer => ({ kind: 'answer', id: call.id, value: [call.method, ...call.args] })
const rejectsWith = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

describe('a desk in another thread', () => {
  it('passes calls and their answers, whatever order they come back in', async () => {
    const held: Call[] = []
    const { proxy, say } = await opened((call) => {
      held.push(call)
      return null
    })
    const [one, two] = [proxy.desk.claim('w', 1, 2), proxy.desk.recover()]
    for (const call of held.toReversed()) say(value(call))
    assert.deepEqual(await one, ['claim', 'w', 1, 2])
    assert.deepEqual(await two, ['recover'])
  })

  it('keeps the code of a fault', async () => {
    const { proxy } = await opened((call) => ({
      kind: 'thrown',
      id: call.id,
      error: { name: 'Fault', message: 'no room', code: 'STORE_FULL', stack: '' },
    }))
    await assert.rejects(proxy.desk.recover(), rejectsWith('STORE_FULL'))
  })

  it('knows that the database cannot be written until it was', async () => {
    let error: string | null = 'STORE_FULL'
    const { proxy, say } = await opened((call) =>
      error === null
        ? value(call)
        : { kind: 'thrown', id: call.id, error: { name: 'Fault', message: 'no', code: error, stack: '' } },
    )
    assert.equal(proxy.unwritable(), null)
    for (const code of ['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY']) {
      error = code
      await assert.rejects(proxy.desk.recover())
      assert.equal(proxy.unwritable()?.code, code)
      error = null
      await proxy.desk.claim('w', 1, 2)
      assert.equal(proxy.unwritable()?.code, code, 'one that may have found nothing to do')
      await proxy.desk.recordFacts({} as never)
      assert.equal(proxy.unwritable(), null)
    }
    error = 'STORE_FULL'
    await assert.rejects(proxy.desk.recover())
    say({ kind: 'committed', seq: 7 })
    assert.equal(proxy.unwritable(), null)
    error = 'NOT_FOUND'
    await assert.rejects(proxy.desk.recover())
    assert.equal(proxy.unwritable(), null)
  })

  it('ends a thread that said it can record nothing more, so that the process ends and lets go of the data', async () => {
    const { proxy, say, ended } = await opened(value)
    say({ kind: 'broken', error: { name: 'Fault', message: 'disk I/O error', code: 'STORE_IO', stack: '' } })
    assert.equal((await proxy.died).code, 'STORE_IO')
    assert.deepEqual(ended, [])
    await proxy.close()
    assert.deepEqual(ended, ['terminate'])
  })

  it('tells commits to whoever listens', async () => {
    const { proxy, say } = await opened(() => null)
    const heard: number[] = []
    const stop = proxy.onCommitted((seq) => heard.push(seq))
    say({ kind: 'committed', seq: 7 })
    stop()
    say({ kind: 'committed', seq: 8 })
    assert.deepEqual(heard, [7])
  })

  it('tells the worker how many sends a commit left, without waiting for its next round', async () => {
    const { proxy, say } = await opened(() => null)
    const heard: number[] = []
    proxy.onWork((sends) => heard.push(sends))
    say({ kind: 'work', sends: 2 })
    say({ kind: 'committed', seq: 7 })
    assert.deepEqual(heard, [2])
  })

  it('that dies leaves nobody waiting, takes nothing new, and says so once', async () => {
    const { proxy, die } = await opened(() => null)
    const waiting = [proxy.desk.recover(), proxy.desk.checkpoint()]
    die(1)
    for (const call of waiting) await assert.rejects(call, rejectsWith('DESK_DIED'))
    await assert.rejects(proxy.desk.recover(), rejectsWith('DESK_DIED'))
    assert.equal((await proxy.died).code, 'DESK_DIED')
    await proxy.close()
  })

  it('whose database broke names the database', async () => {
    const { proxy, say } = await opened(() => null)
    say({
      kind: 'broken',
      error: { name: 'Fault', message: 'the disk reported an error', code: 'STORE_IO', stack: '' },
    })
    assert.equal((await proxy.died).code, 'STORE_IO')
    await assert.rejects(proxy.desk.recover(), rejectsWith('STORE_IO'))
  })

  it('that cannot open the database does not become a desk', async () => {
    const script = scripted(() => null)
    const opening = deskProxy(script.thread)
    script.say({ kind: 'broken', error: { name: 'Fault', message: 'damaged', code: 'STORE_DAMAGED', stack: '' } })
    await assert.rejects(opening, rejectsWith('STORE_DAMAGED'))
  })

  it('is closed once, and then refuses', async () => {
    const { proxy, asked } = await opened(value)
    await proxy.close()
    await proxy.close()
    assert.deepEqual(
      asked.map((call) => call.method),
      ['close'],
    )
    await assert.rejects(proxy.desk.recover(), rejectsWith('DESK_CLOSED'))
  })

  it('is noticed when the thread of the system ends under it', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads')
      parentPort.on('message', () => process.exit(9))
      parentPort.postMessage({ kind: 'ready' })`
    const thread = new Worker(source, { eval: true })
    const proxy = await deskProxy(thread)
    const ended = once(thread, 'exit')
    await assert.rejects(proxy.desk.recover(), rejectsWith('DESK_DIED'))
    assert.match((await proxy.died).message, /it ended with code 9/)
    await ended
  })
})
