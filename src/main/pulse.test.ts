import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Broker, type Notice, ReadFailed } from '../ports/broker.ts'
import type { Report } from '../orders/report.ts'
import { fromMs } from '../values/instant.ts'
import { brokerPulse } from './pulse.ts'

const at = fromMs(1_000)

function bench() {
  const answers: (() => Promise<unknown>)[] = []
  let [report, notice]: [(report: Report) => void, (notice: Notice) => void] = [() => {}, () => {}]
  const next = (): Promise<unknown> => answers.shift()?.() ?? Promise.resolve(null)
  const broker = {
    quote: next,
    session: next,
    submit: next,
    onReport: (listener: typeof report) => void (report = listener),
    onNotice: (listener: typeof notice) => void (notice = listener),
  } as unknown as Broker
  const lines: string[] = []
  const log = { debug: () => {}, info: say, warn: say, error: say }
  function say(_: object, text: string): void {
    lines.push(text)
  }
  const clock = { now: () => at, monotonicNs: () => 0n, sleep: async () => {} }
  const pulse = brokerPulse(broker, clock, log)
  const heard: string[] = []
  pulse.broker.onNotice((told) => void heard.push(told.kind))
  pulse.broker.onReport(() => void heard.push('report'))
  /** Asks `call` and lets the broker answer so. */
  const asked = async (call: 'quote' | 'session' | 'submit', answer: () => Promise<unknown>): Promise<void> => {
    answers.push(answer)
    await (pulse.broker as unknown as Record<string, () => Promise<unknown>>)[call]!().catch(() => {})
  }
  return { pulse, asked, lines, heard, report: (r: Report) => report(r), notice: (n: Notice) => notice(n) }
}
const outcome = (text: string) => () => Promise.resolve({ outcome: text })
const failed = () => Promise.reject(new ReadFailed('no way there', true))

describe('the connection to the broker', () => {
  it('is down until it answers, and down again when reads fail, not when one does', async () => {
    const { pulse, asked, lines } = bench()
    assert.deepEqual([pulse.now.connected, pulse.now.heardAt], [false, null])
    await asked('quote', async () => null)
    assert.deepEqual([pulse.now.connected, pulse.now.heardAt], [true, at])
    await asked('quote', failed)
    assert.equal(pulse.now.connected, true)
    await asked('quote', async () => null)
    await asked('quote', failed)
    await asked('quote', failed)
    assert.equal(pulse.now.connected, false)
    assert.deepEqual(lines, ['the broker answers', 'the broker does not answer'])
  })
  it('is not up again because of what an adapter remembers, and down when it asks in vain', async () => {
    const { pulse, asked, lines } = bench()
    await asked('quote', failed)
    await asked('session', async () => ({ open: true }))
    assert.deepEqual([pulse.now.connected, pulse.now.heardAt], [false, null])
    await asked('quote', async () => null)
    await asked('quote', failed)
    await asked('session', async () => ({ open: true }))
    await asked('session', failed)
    assert.equal(pulse.now.connected, false)
    assert.deepEqual(lines, ['the broker answers', 'the broker does not answer'])
  })
  it('is not judged by a write: in doubt is for the look-up to settle', async () => {
    const { pulse, asked } = bench()
    await asked('submit', outcome('in-doubt'))
    assert.deepEqual([pulse.now.connected, pulse.now.heardAt], [false, null])
    await asked('submit', outcome('rejected'))
    assert.deepEqual([pulse.now.connected, pulse.now.heardAt], [false, at])
  })
  it('is counted, call by call', async () => {
    const { pulse, asked } = bench()
    await asked('submit', outcome('accepted'))
    await asked('submit', outcome('accepted'))
    await asked('submit', outcome('in-doubt'))
    await asked('quote', failed)
    assert.deepEqual(
      [...pulse.now.calls],
      [
        ['submit accepted', 2],
        ['submit in-doubt', 1],
        ['quote failed', 1],
      ],
    )
  })
  it('has a stream of its own, which is lost and comes back', () => {
    const { pulse, notice, report, lines, heard } = bench()
    assert.equal(pulse.now.stream, null)
    notice({ kind: 'lost', text: 'the socket closed' })
    assert.deepEqual(pulse.now.stream, { up: false, since: at, text: 'the socket closed' })
    assert.equal(pulse.now.heardAt, null)
    notice({ kind: 'connected' })
    assert.deepEqual(pulse.now.stream, { up: true, since: at, text: null })
    report({} as Report)
    assert.equal(pulse.now.heardAt, at)
    assert.deepEqual(heard, ['lost', 'connected', 'report'])
    assert.deepEqual(lines, ['the stream of reports is lost; orders are polled', 'the stream of reports is up'])
  })
})
