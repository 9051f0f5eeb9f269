// intent → checked → durable → loopback broker → acknowledged → durable, beside a bare skeleton that does the same
// writes, commits and HTTP call without any logic; and the click that approves → the first byte at the broker, beside
// the two durable commits it needs. Everything of one row is taken in the same run, in turns.
import { fork } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openDesk } from '../src/desk/open.ts'
import { systemClock } from '../src/main/clock.ts'
import { type DeskProxy, deskProxy } from '../src/main/desk-proxy.ts'
import type { DeskThreadData } from '../src/main/desk-thread.ts'
import { Connection } from '../src/store/sqlite/connection.ts'
import { openReads, openSqliteStore } from '../src/store/sqlite.ts'
import type { ClOrdID, IntentID } from '../src/values/brand.ts'
import { decisionIn, entryID } from '../src/desk/naming.ts'
import { createWorker } from '../src/worker/worker.ts'
import { ACCOUNT, AGENT, canceled, loopback, prepare, proposalOf, sayYes, SETTING, systemNow } from './gateway.ts'
import { poster } from './http.ts'
import { type BenchRow, median, quantile, type Run, throughput } from './measure.ts'
import type { Recorded } from './skeleton-thread.ts'

const ROUNDS = 3
/** Short enough to alternate often, long enough that a commit group forms. */
const ORDERS = { 1: 250, 8: 800, 32: 1_600 } as const
const WIDTHS = [1, 8, 32] as const

export async function orderRows(say: (line: string) => void): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'jax-bench-'))
  const broker = fork(new URL('./loopback-broker.ts', import.meta.url))
  const [port] = (await once(broker, 'message')) as [number]
  const http = poster(port)
  try {
    say('recording what one order writes')
    const recorded = await recordOne(join(dir, 'recorded.sqlite'))
    const skeleton = await startSkeleton(join(dir, 'recorded.sqlite'), recorded, http.post)
    const gateway = await startGateway(join(dir, 'gateway.sqlite'), http.post)
    const rows: BenchRow[] = []
    for (const width of WIDTHS) {
      const runs: { gateway: Run; skeleton: Run }[] = []
      for (let round = 0; round < ROUNDS; round++) {
        say(`${width} in flight, round ${round + 1} of ${ROUNDS}`)
        runs.push({
          skeleton: await throughput(ORDERS[width], width, skeleton.order),
          gateway: await throughput(ORDERS[width], width, gateway.order),
        })
      }
      rows.push(...compared(width, runs))
    }
    say('approve → first byte')
    rows.push(await clickRow(gateway, skeleton))
    await gateway.close()
    await skeleton.close()
    return rows
  } finally {
    http.close()
    broker.disconnect()
    rmSync(dir, { recursive: true, force: true })
  }
}

function compared(width: number, runs: readonly { gateway: Run; skeleton: Run }[]): BenchRow[] {
  const of = (side: 'gateway' | 'skeleton', figure: keyof Run) => median(runs.map((run) => run[side][figure]))
  const rate = of('gateway', 'perSecond') / of('skeleton', 'perSecond')
  const wait = of('gateway', 'p50Ms') / of('skeleton', 'p50Ms')
  const work = `orders, ${width} in flight`
  return [
    {
      work,
      beside: 'bare skeleton',
      measured: `${of('gateway', 'perSecond').toFixed(0)}/s`,
      base: `${of('skeleton', 'perSecond').toFixed(0)}/s`,
      ratio: rate.toFixed(2),
      target: '≥ 0.8',
      met: rate >= 0.8,
    },
    {
      work: `${work}, p50`,
      beside: 'bare skeleton',
      measured: `${of('gateway', 'p50Ms').toFixed(2)} ms`,
      base: `${of('skeleton', 'p50Ms').toFixed(2)} ms`,
      ratio: wait.toFixed(2),
      target: '≤ 1.3',
      met: wait <= 1.3,
    },
  ]
}

// --- the gateway

type Gateway = {
  readonly order: () => Promise<void>
  readonly click: () => Promise<number>
  readonly close: () => Promise<void>
}

async function startGateway(
  file: string,
  post: (body: string) => Promise<{ orderID: string; firstByteNs: string }>,
): Promise<Gateway> {
  const clock = systemClock()
  const proxy = await openThread(file)
  const reads = openReads(file)
  const firstByte = new Map<ClOrdID, bigint>()
  const recordedAnswers = new Map<ClOrdID, () => void>()
  const desk: DeskProxy['desk'] = {
    ...proxy.desk,
    async recordSent(send, sent) {
      await proxy.desk.recordSent(send, sent)
      if (send.kind === 'single') recordedAnswers.get(send.clOrdID)?.()
    },
  }
  const broker = loopback(post, (clOrdID, ns) => firstByte.set(clOrdID, ns), clock)
  const worker = createWorker(
    {
      desk,
      reads,
      broker,
      clock,
      random: Math.random,
      haltFile: () => false,
      log: (_, message, facts) => console.error(message, facts),
    },
    'bench',
  )
  const stop = new AbortController()
  proxy.onWork((sends) => worker.wake(sends))
  const person = await prepare(desk, systemNow())
  const running = worker.run(stop.signal)

  let n = 0
  async function toTheBroker(): Promise<{ clOrdID: ClOrdID; clickedNs: bigint }> {
    const proposal = proposalOf(n++, systemNow())
    const { intent } = await desk.submit({ proposal, body: { id: proposal.intentID }, actor: AGENT, owner: null })
    if (!intent.digest) throw new Error(`${proposal.intentID} is ${intent.state}: ${JSON.stringify(intent.refusals)}`)
    const decided = decisionIn({ ...intent, decision: { by: person.id } })
    const clOrdID = entryID(ACCOUNT, proposal.intentID, 0, decided)
    const { promise, resolve } = Promise.withResolvers<void>()
    recordedAnswers.set(clOrdID, resolve)
    const clickedNs = process.hrtime.bigint()
    await sayYes(desk, proposal.intentID, intent.digest, person)
    await promise
    recordedAnswers.delete(clOrdID)
    return { clOrdID, clickedNs }
  }
  return {
    async order() {
      const { clOrdID } = await toTheBroker()
      await desk.applyReports([canceled(clOrdID, systemNow())])
    },
    async click() {
      const { clOrdID, clickedNs } = await toTheBroker()
      await desk.applyReports([canceled(clOrdID, systemNow())])
      return Number((firstByte.get(clOrdID) ?? 0n) - clickedNs) / 1e6
    },
    async close() {
      stop.abort()
      worker.wake()
      await running
      reads.close()
      await proxy.close()
    },
  }
}

function openThread(file: string): Promise<DeskProxy> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const data: DeskThreadData = {
    file,
    boot: randomUUID(),
    clock: { kind: 'system' },
    setting: SETTING,
    anchored: null,
    sealing: { anchorsFile: `${file}.anchors`, keyPem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) },
  }
  return deskProxy(new Worker(new URL('../src/main/desk-thread.ts', import.meta.url), { workerData: data }))
}

// --- the skeleton

/** Takes one order through the real desk and keeps the statements of each of its transactions. */
async function recordOne(file: string): Promise<{ script: Recorded[][]; names: string[]; firstSeq: number }> {
  const clock = systemClock()
  const store = await openSqliteStore({ file, clock, boot: 'record' })
  const desk = openDesk(
    store,
    SETTING,
    () => clock.now(),
    async () => {},
  )
  const person = await prepare(desk, systemNow())
  const script: Recorded[][] = []
  // oxlint-disable-next-line typescript/unbound-method -- called on its own connection below
  const real = Connection.prototype.run
  Connection.prototype.run = function (this: Connection, sql: string, ...values: readonly unknown[]) {
    if (sql === 'BEGIN IMMEDIATE') script.push([])
    else if (!/^(SAVEPOINT|RELEASE|ROLLBACK|COMMIT)/.test(sql))
      script.at(-1)?.push({ sql, values: values as (string | number | null)[] })
    real.call(this, sql, ...values)
  }
  try {
    const proposal = proposalOf(0, systemNow())
    const { intent } = await desk.submit({ proposal, body: { id: proposal.intentID }, actor: AGENT, owner: null })
    await sayYes(desk, proposal.intentID, intent.digest ?? '', person)
    const claimed = await desk.claimSend('record', 60_000, false)
    if (!claimed?.send) throw new Error('the recorded order was not sent')
    if (claimed.send.kind !== 'single') throw new Error('the recorded order was no entry')
    const { clOrdID } = claimed.send
    await desk.recordSent(claimed.send, { outcome: 'accepted', orderID: `B-${clOrdID}` as never, legs: [] })
    await desk.applyReports([canceled(clOrdID, systemNow())])
    return {
      script: script.filter((statements) => statements.length > 0),
      names: [proposal.intentID, clOrdID],
      firstSeq: (await store.head()).size,
    }
  } finally {
    Connection.prototype.run = real
    await store.close()
  }
}

type Skeleton = {
  readonly order: () => Promise<void>
  readonly twoCommits: () => Promise<number>
  readonly close: () => Promise<void>
}

async function startSkeleton(
  file: string,
  recorded: { script: Recorded[][]; names: string[]; firstSeq: number },
  post: (body: string) => Promise<unknown>,
): Promise<Skeleton> {
  const thread = new Worker(new URL('./skeleton-thread.ts', import.meta.url), { workerData: { file, ...recorded } })
  await once(thread, 'message')
  const waiting = new Map<number, () => void>()
  thread.on('message', (id: number) => {
    waiting.get(id)?.()
    waiting.delete(id)
  })
  let ids = 0
  const commit = (step: number, names: readonly string[]) =>
    new Promise<void>((resolve) => {
      const id = ids++
      waiting.set(id, resolve)
      thread.postMessage({ id, step, names })
    })
  let n = 0
  const fresh = (): string[] => {
    const intentID = `skele-${String(n++).padStart(8, '0')}` as IntentID
    return [intentID, entryID(ACCOUNT, intentID, 0, null)]
  }
  const steps = recorded.script.length
  /** The send is the fourth transaction's neighbour: submitted, approved and promised before, acknowledged and closed after. */
  const BEFORE_SEND = 3
  return {
    async order() {
      const names = fresh()
      for (let step = 0; step < BEFORE_SEND; step++) await commit(step, names)
      await post(
        JSON.stringify({
          clOrdID: names[1],
          symbol: 'B0',
          side: 'Buy',
          qty: '1000',
          type: 'Limit',
          price: '100.00',
          tif: 'Day',
          bracket: { stopPx: '90.00', targetPx: '120.00' },
        }),
      )
      for (let step = BEFORE_SEND; step < steps; step++) await commit(step, names)
    },
    async twoCommits() {
      const names = fresh()
      await commit(0, names)
      const from = process.hrtime.bigint()
      await commit(1, names)
      await commit(2, names)
      return Number(process.hrtime.bigint() - from) / 1e6
    },
    async close() {
      thread.postMessage('close')
      await once(thread, 'exit')
    },
  }
}

async function clickRow(gateway: Gateway, skeleton: Skeleton): Promise<BenchRow> {
  const [clicks, commits]: [number[], number[]] = [[], []]
  for (let n = 0; n < 600; n++) {
    commits.push(await skeleton.twoCommits())
    clicks.push(await gateway.click())
  }
  const [measured, base] = [quantile(clicks, 0.99), quantile(commits, 0.99)]
  const ratio = measured / base
  return {
    work: 'approve → first byte, p99',
    beside: 'two durable commits',
    measured: `${measured.toFixed(2)} ms`,
    base: `${base.toFixed(2)} ms`,
    ratio: ratio.toFixed(2),
    target: '≤ 2',
    met: ratio <= 2,
  }
}
