import type { BrokerHealth } from '../api/context.ts'
import { type Broker, type Notice, ReadFailed } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from './log.ts'

const READS: ReadonlySet<string | symbol> = new Set([
  'find',
  'findByOrderID',
  'openOrders',
  'reportsSince',
  'positions',
  'accountFact',
  'quote',
  'session',
  'clockAhead',
  'instrument',
  'conversion',
] satisfies (keyof Broker)[])
/** Adapters answer these from memory while what they have read still holds: such an answer says nothing of the connection. */
const REMEMBERED: ReadonlySet<string> = new Set(['session', 'instrument', 'conversion'] satisfies (keyof Broker)[])
const WRITES: ReadonlySet<string | symbol> = new Set([
  'submit',
  'submitPair',
  'replace',
  'cancel',
  'cancelAll',
  'lock',
  'closePosition',
  'closeAll',
] satisfies (keyof Broker)[])

/** One answer that is lost says little, and the next read is never far. */
const FAILURES = 2

/**
 * Feels the connection to the broker: whether it answers, when it was last heard, whether its stream is up, and how many
 * calls came to what.
 * @returns the broker to work with, and what is felt, as of now.
 */
export function brokerPulse(
  broker: Broker,
  clock: Clock,
  log: Log,
): { readonly broker: Broker; readonly now: BrokerHealth } {
  const now: { -readonly [K in keyof BrokerHealth]: BrokerHealth[K] } = {
    connected: false,
    heardAt: null,
    stream: null,
    calls: new Map(),
  }
  const heard = (): void => {
    now.heardAt = clock.now()
  }
  let failedInRow = 0
  const connected = (yes: boolean): void => {
    failedInRow = yes ? 0 : failedInRow + 1
    if (yes) heard()
    else if (failedInRow < FAILURES) return
    if (now.connected !== yes) log[yes ? 'info' : 'warn']({}, yes ? 'the broker answers' : 'the broker does not answer')
    now.connected = yes
  }
  const calls = new Map<string, number>()
  now.calls = calls
  const count = (name: string, outcome: string): void => {
    const key = `${name} ${outcome}`
    calls.set(key, (calls.get(key) ?? 0) + 1)
  }
  const feel = (name: string, answer: Promise<unknown>): void => {
    const write = WRITES.has(name)
    answer.then(
      (value) => {
        const outcome = write ? (value as { readonly outcome: string }).outcome : 'answered'
        count(name, outcome)
        // A write in doubt says nothing about the connection: the look-up that follows does.
        if (REMEMBERED.has(name)) return
        if (!write) connected(true)
        else if (outcome !== 'in-doubt') heard()
      },
      (error: unknown) => {
        if (error instanceof ReadFailed && !error.asked) return count(name, 'not-asked')
        const failed = error instanceof ReadFailed
        count(name, failed ? 'failed' : 'fault')
        if (!write) connected(!failed)
      },
    )
  }
  const hear = (notice: Notice): void => {
    if (notice.kind === 'odd') return heard()
    const up = notice.kind === 'connected'
    if (up) heard()
    now.stream = { up, since: clock.now(), text: notice.kind === 'lost' ? notice.text : null }
    if (up) log.info({}, 'the stream of reports is up')
    else log.info({ cause: now.stream.text }, 'the stream of reports is lost; orders are polled')
  }
  // Not listened to beside the others: an adapter keeps what it has to say for whoever listens first.
  const first =
    <T>(feelIt: (told: T) => void, listener: (told: T) => void) =>
    (told: T): void => {
      feelIt(told)
      listener(told)
    }
  const onReport: Broker['onReport'] = (listener) => broker.onReport(first(heard, listener))
  const onNotice: Broker['onNotice'] = (listener) => broker.onNotice(first(hear, listener))
  return {
    now,
    broker: new Proxy(broker, {
      get(target, name) {
        if (name === 'onReport') return onReport
        if (name === 'onNotice') return onNotice
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const answer: unknown = value.apply(target, args)
          if (answer instanceof Promise && (READS.has(name) || WRITES.has(name))) feel(String(name), answer)
          return answer
        }
      },
    }),
  }
}
