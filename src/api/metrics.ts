import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { haltOf, isNarrow, ofAll, statesOf } from '../orders/halt.ts'
import { ordStatus } from '../orders/machine.ts'
import type { Api } from './context.ts'

/** Rows counted at one scrape: a scrape after a long pause catches up over several, and none of them is slow. */
const ROWS_PER_SCRAPE = 20_000
const BATCH = 1000

export type Metrics = {
  /** `route` is the pattern, never the address asked for: addresses are endless. */
  answered(request: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly seconds: number
  }): void
  /** Prometheus text format. Holds counts and times; no symbol, amount, name or id. */
  text(): Promise<string>
  readonly contentType: string
}

/** Measures of one gateway, in its own registry, so that two in one process do not mix. */
export function metrics(api: Api): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const registers = [register]
  const http = new Histogram({
    name: 'jax_http_request_duration_seconds',
    help: 'Time from the request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name, help, labelNames: [...labelNames], registers })
  const orders = gauge('jax_orders_open', 'Orders that are open, queued or in doubt, by ordStatus.', ['status'])
  const inDoubt = gauge('jax_orders_in_doubt', 'Orders whose send the broker has not answered.')
  const intents = gauge('jax_intents_waiting', 'Intents to be sized, decided or sent, by state.', ['state'])
  const errands = gauge('jax_errands', 'Work that waits for the worker, by kind.', ['kind'])
  const tasks = gauge('jax_tasks_open', 'Tasks that wait for a person, by severity.', ['severity'])
  const halted = gauge('jax_halted', '1 while trading is halted.')
  const parts = gauge('jax_halted_parts', 'Symbols and strategies that are halted by themselves.')
  const ready = gauge('jax_ready', '1 while the gateway can do its work.')
  const connected = gauge('jax_broker_connected', '1 while the broker answers.')
  const streaming = gauge(
    'jax_broker_stream_up',
    "0 while the stream of the broker's reports is lost; orders are polled then.",
  )
  const channelUp = gauge('jax_channel_up', '0 while a channel does not show what is so, or hears nobody.', ['channel'])
  const calls = new Counter({
    name: 'jax_broker_calls_total',
    help: 'Calls to the broker since the start, by what they came to.',
    labelNames: ['call', 'outcome'],
    registers,
  })
  const streams = gauge('jax_event_streams', 'Open event streams.')
  const rows = gauge('jax_journal_rows', 'Rows in the journal.')
  const events = new Counter({
    name: 'jax_journal_events_total',
    help: 'Journal rows since the first scrape after the start, by action.',
    labelNames: ['action'],
    registers,
  })

  let next: number | null = null
  async function count(size: number): Promise<void> {
    next ??= size
    for (const end = Math.min(size, next + ROWS_PER_SCRAPE); next < end; ) {
      const batch = await api.reads.journal(next, BATCH)
      for (const row of batch) events.inc({ action: row.action })
      if (batch.length === 0) return
      next += batch.length
    }
  }

  async function look(): Promise<void> {
    const { reads } = api
    const [open, waiting, errandList, taskList, halts, head] = await Promise.all([
      reads.openOrders(api.account),
      reads.waitingIntents(),
      reads.all('errand'),
      reads.all('task'),
      reads.all('halt'),
      reads.head(),
    ])
    const tally = <L extends string>(into: Gauge<L>, label: L, values: readonly string[]): void => {
      into.reset()
      for (const value of values) into.inc({ [label]: value } as Record<L, string>, 1)
    }
    tally(orders, 'status', open.map(ordStatus))
    inDoubt.set(open.filter((order) => order.delivery === 'InDoubt').length)
    tally(
      intents,
      'state',
      waiting.map((intent) => intent.state),
    )
    tally(
      errands,
      'kind',
      errandList.map((errand) => errand.kind),
    )
    tally(
      tasks,
      'severity',
      taskList.filter((task) => task.doneAt === null).map((task) => task.severity),
    )
    const { notReady, broker, channels = [] } = api.health()
    halted.set(haltOf(statesOf(halts), ofAll(api.account)) ? 1 : 0)
    parts.set(statesOf(halts).filter(({ scope }) => isNarrow(scope)).length)
    ready.set(notReady === null ? 1 : 0)
    connected.set(broker.connected ? 1 : 0)
    streaming.set(broker.stream?.up === false ? 0 : 1)
    for (const { channel, text } of channels) channelUp.set({ channel }, text === null ? 1 : 0)
    calls.reset()
    for (const [key, n] of broker.calls) {
      const [call = '', outcome = ''] = key.split(' ')
      calls.inc({ call, outcome }, n)
    }
    streams.set(api.streams.size)
    rows.set(head.size)
    await count(head.size)
  }

  return {
    answered: ({ method, route, status, seconds }) => http.observe({ method, route, status: String(status) }, seconds),
    async text() {
      await look()
      return register.metrics()
    },
    contentType: register.contentType,
  }
}
