import type { Worker } from 'node:worker_threads'
import type { Desk } from '../desk/desk.ts'
import { Fault } from '../values/fault.ts'

/** Every method of the desk. One that is missing here does not compile. */
export const DESK_METHODS = {
  submit: true,
  approve: true,
  decline: true,
  withdraw: true,
  reprice: true,
  requestCancel: true,
  replace: true,
  halt: true,
  release: true,
  startLiquidation: true,
  allowMarketOrders: true,
  stopLiquidation: true,
  closingLines: true,
  limitsNow: true,
  acknowledge: true,
  closeTask: true,
  putAside: true,
  proposeChange: true,
  decideChange: true,
  arm: true,
  disarm: true,
  ask: true,
  enrolPasskey: true,
  revokePasskey: true,
  linkUser: true,
  linkAccount: true,
  endLink: true,
  once: true,
  recordCard: true,
  takeIn: true,
  requestReconcile: true,
  requestFacts: true,
  issueCode: true,
  redeemCode: true,
  openByAccount: true,
  endSession: true,
  issueToken: true,
  revokeToken: true,
  recordFacts: true,
  claim: true,
  claimSend: true,
  finish: true,
  postpone: true,
  size: true,
  beginSend: true,
  beginResend: true,
  recordSent: true,
  resolve: true,
  recordCancelSent: true,
  applyReports: true,
  adopt: true,
  notice: true,
  lapse: true,
  escalate: true,
  liquidate: true,
  reconcile: true,
  identify: true,
  watch: true,
  recover: true,
  stopped: true,
  recordDrill: true,
  recordReview: true,
  waiverFor: true,
  checkpoint: true,
} satisfies Record<keyof Desk, true>
export type DeskMethod = keyof typeof DESK_METHODS

/** Main thread to desk thread. */
export type Call = { readonly id: number; readonly method: DeskMethod | 'close'; readonly args: readonly unknown[] }
/** Desk thread to main thread. `committed` is the number of the newest durable journal row, `sealed` how many rows are signed and anchored. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'thrown'; readonly id: number; readonly error: Thrown }
  | { readonly kind: 'committed'; readonly seq: number }
  /** A commit left errands that are due at once; `sends` of them are orders on their way to the wire. */
  | { readonly kind: 'work'; readonly sends: number }
  | { readonly kind: 'sealed'; readonly size: number }
  | { readonly kind: 'broken'; readonly error: Thrown }
/** An error as it crosses a thread: structured clone would lose the class and the code. */
export type Thrown = {
  readonly name: string
  readonly message: string
  readonly code: string | null
  readonly stack: string
}

export const thrown = (error: unknown): Thrown =>
  error instanceof Error
    ? {
        name: error.name,
        message: error.message,
        code: (error as { code?: string }).code ?? null,
        stack: error.stack ?? '',
      }
    : { name: 'Error', message: String(error), code: null, stack: '' }

export function rethrown(error: Thrown): Error {
  const made = error.code === null ? new Error(error.message) : new Fault(error.code, error.message)
  made.name = error.name
  if (error.stack !== '') made.stack = error.stack
  return made
}

/** As much of a `Worker` as is used here. */
export type DeskThread = Pick<Worker, 'postMessage' | 'on' | 'terminate'>

export type DeskProxy = {
  readonly desk: Desk
  /** Calls `listener` with the number of the newest durable journal row, after each commit. */
  readonly onCommitted: (listener: (seq: number) => void) => () => void
  readonly onSealed: (listener: (size: number) => void) => void
  /** Calls `listener` after each commit that left errands due at once, with the number of sends among them. */
  readonly onWork: (listener: (sends: number) => void) => void
  /** The fault by which the database last refused to be written, until it was written again; null when all is well. */
  readonly unwritable: () => Fault | null
  /** Resolves when the thread has died without being asked to: nothing can be recorded any more. */
  readonly died: Promise<Fault>
  /** Lets what was asked finish, closes the database, ends the thread. */
  close(): Promise<void>
}

/** A desk whose methods run in another thread. Resolves when that thread has opened the database. */
export async function deskProxy(thread: DeskThread): Promise<DeskProxy> {
  const waiting = new Map<
    number,
    { method: Call['method']; resolve: (value: unknown) => void; reject: (error: Error) => void }
  >()
  const listeners = new Set<(seq: number) => void>()
  const sealed = new Set<(size: number) => void>()
  const workers = new Set<(sends: number) => void>()
  const died = Promise.withResolvers<Fault>()
  const ready = Promise.withResolvers<void>()
  let unwritable: Fault | null = null
  let next = 0
  let state: 'open' | 'closing' | 'gone' = 'open'
  let reason: Fault | null = null

  function lose(fault: Fault): void {
    if (state === 'gone') return
    const asked = state === 'closing'
    state = 'gone'
    reason = fault
    ready.reject(fault)
    for (const { reject } of waiting.values()) reject(fault)
    waiting.clear()
    if (!asked) died.resolve(fault)
  }

  thread.on('message', (answer: Answer) => {
    switch (answer.kind) {
      case 'ready':
        return ready.resolve()
      case 'answer':
      case 'thrown': {
        const call = waiting.get(answer.id)
        waiting.delete(answer.id)
        if (answer.kind === 'answer') {
          if (call?.method === ALWAYS_WRITES) unwritable = null
          return call?.resolve(answer.value)
        }
        const fault = rethrown(answer.error)
        if (fault instanceof Fault && UNWRITABLE.has(fault.code)) unwritable = fault
        return call?.reject(fault)
      }
      case 'committed':
        unwritable = null
        for (const listener of listeners) listener(answer.seq)
        return
      case 'work':
        for (const listener of workers) listener(answer.sends)
        return
      case 'sealed':
        for (const listener of sealed) listener(answer.size)
        return
      case 'broken':
        // What went wrong while opening keeps its own code, so that the person reads "database damaged", not "thread died".
        return lose(
          answer.error.code === null
            ? deadThread(answer.error.message)
            : new Fault(answer.error.code, answer.error.message),
        )
    }
  })
  thread.on('error', (error: Error) => lose(deadThread(error.message)))
  thread.on('exit', (code: number) => lose(deadThread(`it ended with code ${code}`)))

  const call = (method: Call['method'], args: readonly unknown[]): Promise<unknown> => {
    if (state !== 'open' && method !== 'close')
      return Promise.reject(reason ?? new Fault('DESK_CLOSED', 'the service is stopping; nothing new is taken'))
    const id = next++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    waiting.set(id, { method, resolve, reject })
    thread.postMessage({ id, method, args } satisfies Call)
    return promise
  }
  const methods = Object.keys(DESK_METHODS) as DeskMethod[]
  const desk = Object.fromEntries(
    methods.map((method) => [method, (...args: unknown[]) => call(method, args)]),
  ) as unknown as Desk

  await ready.promise
  return {
    desk,
    onCommitted(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onSealed: (listener) => void sealed.add(listener),
    onWork: (listener) => void workers.add(listener),
    unwritable: () => unwritable,
    died: died.promise,
    async close() {
      if (state === 'closing') return
      if (state === 'open') {
        state = 'closing'
        await call('close', [])
      }
      // One that said it can record nothing more runs on: it would keep the process alive, and the database locked.
      await thread.terminate()
    },
  }
}

/** Faults that pass when somebody makes room, or lets go of the database. */
const UNWRITABLE: ReadonlySet<string> = new Set(['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY'])
/** Puts a record each time, every few seconds. Others find nothing to do, and that they could shows nothing. */
const ALWAYS_WRITES: DeskMethod = 'recordFacts'

const deadThread = (why: string): Fault => new Fault('DESK_DIED', `the thread that records everything stopped: ${why}`)
