// Runs in a worker thread: the only writer of the database. Waiting for the disk here holds up nothing but the next commit.
import { createPrivateKey } from 'node:crypto'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Setting } from '../desk/command.ts'
import { openDesk } from '../desk/open.ts'
import { openSqliteStore, type SqliteStore } from '../store/sqlite.ts'
import { Fault } from '../values/fault.ts'
import { type ClockSpec, clockOf, systemClock } from './clock.ts'
import { type Answer, type Call, DESK_METHODS, thrown } from './desk-proxy.ts'
import { type Sealing, sealInto } from './sealing.ts'

/** Everything the thread needs, as plain data. */
export type DeskThreadData = {
  readonly file: string
  readonly boot: string
  readonly clock: ClockSpec
  readonly setting: Setting
  readonly anchored: { readonly size: number; readonly root: string } | null
  readonly sealing: Omit<Sealing, 'key'> & { readonly keyPem: string }
}

async function run(port: MessagePort, data: DeskThreadData): Promise<void> {
  const say = (answer: Answer): void => port.postMessage(answer)
  const clock = clockOf(data.clock)
  let store: SqliteStore
  try {
    store = await openSqliteStore({ file: data.file, clock, boot: data.boot, anchored: data.anchored ?? undefined })
  } catch (error) {
    say({ kind: 'broken', error: thrown(error) })
    port.close()
    return
  }
  const { keyPem, ...sealing } = data.sealing
  const seal = sealInto(
    { ...sealing, key: createPrivateKey(keyPem) },
    () => systemClock().now(),
    (size) => say({ kind: 'sealed', size }),
  )
  const desk = openDesk(
    store,
    data.setting,
    () => clock.now(),
    seal,
    ({ seq, work, sends }) => {
      // Work first: between a yes and its first byte nothing else is said.
      if (work) say({ kind: 'work', sends })
      if (seq !== null) say({ kind: 'committed', seq })
    },
  )

  const answer = async (call: Call): Promise<unknown> => {
    if (call.method === 'close') {
      await store.close()
      return null
    }
    if (!Object.hasOwn(DESK_METHODS, call.method))
      throw new Fault('NO_SUCH_METHOD', `the desk has no method ${String(call.method)}`)
    return (desk[call.method] as (...args: readonly unknown[]) => Promise<unknown>)(...call.args)
  }
  port.on('message', (call: Call) => {
    answer(call).then(
      (value) => {
        say({ kind: 'answer', id: call.id, value })
        if (call.method === 'close') port.close()
      },
      (error: unknown) => {
        say({ kind: 'thrown', id: call.id, error: thrown(error) })
        if (isFatal(error)) say({ kind: 'broken', error: thrown(error) })
      },
    )
  })
  say({ kind: 'ready' })
}

/** Faults after which only a new start can tell what is on the disk. A full disk is none: room can be made. */
const PASSING = new Set([
  'STORE_FULL',
  'STORE_READ_ONLY',
  'STORE_BUSY',
  'STORE_CLOSED',
  'STORE_NESTED',
  'STORE_TX_OVER',
])
const isFatal = (error: unknown): boolean =>
  error instanceof Fault && error.code.startsWith('STORE_') && !PASSING.has(error.code)

if (parentPort !== null) await run(parentPort, workerData as DeskThreadData)
