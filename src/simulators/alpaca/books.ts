import { type Book, emptyBook, type Event, evolve, type Rules } from '../../exchange/book.ts'
import { emptyExchange, type Exchange } from '../../exchange/step.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Amt, dec, negate, ZERO } from '../../values/decimal.ts'
import { Fault } from '../../values/fault.ts'
import { type Instant, instant } from '../../values/instant.ts'
import { hash32 } from '../../values/random.ts'
import type { Booked, Execution } from './booked.ts'
import type { Deed, Plan } from './deed.ts'
import { DEFAULT_SETTINGS, type Json, type Settings } from './json.ts'
import { type Fees, NO_FEES, plusFee } from './ledger.ts'
import { isFinal, type Order } from './order.ts'
import { openStore } from './store.ts'
import { type Stamp, stampOf, ulidOf, uuidOf } from './wire.ts'

/** What went out over the order stream: the body of a `trade_updates` frame, as the order stood just then. */
export type Frame = { readonly symbol: string; readonly orderID: string; readonly data: Json }

export type BooksOptions = {
  readonly clock: Clock
  readonly initialCash: Amt
  readonly seed: number
  readonly stateFile: string | null
  readonly instruments: Rules['instruments']
}

type Change = {
  readonly events: Event[]
  readonly orders: Set<string>
  readonly executions: Set<string>
  readonly booked: Booked[]
  readonly planned: Deed[]
  readonly done: string[]
  settings: Settings | null
  readonly frames: Frame[]
}
const noChange = (): Change => ({
  events: [],
  orders: new Set(),
  executions: new Set(),
  booked: [],
  planned: [],
  done: [],
  settings: null,
  frames: [],
})

/**
 * Everything the account is, and the one way to change it: `changing` keeps what a request or a look at the market did,
 * as one line, before anybody hears of it.
 * @throws {Fault} when the state file cannot be read or has a hole.
 */
export function openBooks({ clock, initialCash, seed, stateFile, instruments }: BooksOptions) {
  const store = openStore(stateFile, () => ({ seed, initialCash, createdAt: stampOf(clock.now(), 0) }))
  const { header } = store
  const orders = new Map<string, Order>()
  const byClientID = new Map<string, string>()
  /** Open orders of each symbol, held legs included. */
  const open = new Map<string, Set<string>>()
  const executions = new Map<string, Execution>()
  const booked: Booked[] = []
  const planned = new Map<string, Deed>()
  const frameListeners = new Set<(frames: readonly Frame[]) => void>()
  const bookedListeners = new Set<(booked: readonly Booked[]) => void>()
  let exchange: Exchange = emptyExchange({
    name: 'ax',
    currency: 'USD',
    initialCash: header.initialCash,
    leverage: dec('4'),
    commissionRate: ZERO,
    instruments,
  })
  let settings = DEFAULT_SETTINGS
  let fees: Fees = NO_FEES
  let change: Change | null = null
  let lastNanos = 0n
  let names = 0

  let book: Book = emptyBook
  for (const line of store.lines) {
    names = line.n
    lastNanos = BigInt(line.t)
    for (const event of line.events) book = evolve(book, event)
    for (const order of line.orders) keep(order)
    for (const e of line.executions) keepExecution(e)
    booked.push(...line.booked)
    for (const deed of line.planned) planned.set(deed.id, deed)
    for (const id of line.done) planned.delete(id)
    if (line.settings) settings = line.settings
  }
  exchange = { ...exchange, book }

  function keep(order: Order): Order {
    orders.set(order.id, order)
    byClientID.set(order.clientOrderID, order.id)
    const own = open.get(order.symbol) ?? new Set()
    open.set(order.symbol, own)
    if (isFinal(order)) own.delete(order.id)
    else own.add(order.id)
    change?.orders.add(order.id)
    return order
  }
  function keepExecution(e: Execution): void {
    const before = executions.get(e.id)
    if (before?.live) fees = plusFee(fees, e.symbol, e.side, negate(before.fee))
    if (e.live) fees = plusFee(fees, e.symbol, e.side, e.fee)
    executions.set(e.id, e)
    change?.executions.add(e.id)
  }
  function order(id: string): Order {
    const found = orders.get(id)
    if (!found) throw new Fault('SIMULATOR_UNKNOWN_ORDER', `there is no order ${id}`)
    return found
  }
  const openIn = (symbol: string): Order[] => [...(open.get(symbol) ?? [])].map(order)

  /** Never twice the same, never back: orders made in one microsecond can still be told apart. */
  function stamp(): Stamp {
    const now = BigInt(clock.now()) * 1000n + BigInt(hash32(header.seed, names, 'ns') % 1000)
    lastNanos = now > lastNanos ? now : lastNanos + 1000n
    return stampOf(lastMicros(), Number(lastNanos % 1000n))
  }
  const lastMicros = (): Instant => instant(Number(lastNanos / 1000n))
  const name = (): number => ++names
  const newID = (kind: string): string => uuidOf(header.seed, kind, name())

  function append(mine: Change): void {
    if (mine.events.length + mine.orders.size + mine.done.length === 0 && !mine.settings) return
    store.append({
      n: names,
      t: String(lastNanos),
      events: mine.events,
      orders: [...mine.orders].map(order),
      executions: [...mine.executions].flatMap((id) => executions.get(id) ?? []),
      booked: mine.booked,
      planned: mine.planned,
      done: mine.done,
      settings: mine.settings,
    })
  }

  return {
    clock,
    header,
    orders: orders as ReadonlyMap<string, Order>,
    executions: executions as ReadonlyMap<string, Execution>,
    booked: booked as readonly Booked[],
    planned: planned as ReadonlyMap<string, Deed>,
    now: (): Instant => clock.now(),
    exchange: (): Exchange => exchange,
    fees: (): Fees => fees,
    settings: (): Settings => settings,
    /** Grows with every name given: chance that is the same again for the same seed and history. */
    names: (): number => names,

    /** @throws {Fault} when there is none. */
    order,
    byClientID: (id: string): Order | null => orders.get(byClientID.get(id) ?? '') ?? null,
    openIn,
    openOrders: (): Order[] => [...open.keys()].flatMap(openIn).sort((a, b) => a.seq - b.seq),

    name,
    newID,
    stamp,
    ulid: (): string => ulidOf(lastMicros(), name()),

    /**
     * Everything that happens, happens in here; within another it is a part of that.
     * @param when `first` tells the stream before the caller can answer.
     */
    changing<T>(work: () => T, when: (result: T) => 'first' | 'after' = () => 'after'): T {
      if (change) return work()
      const mine = noChange()
      change = mine
      let result: T
      try {
        result = work()
      } finally {
        change = null
      }
      append(mine)
      const tell = (): void => {
        if (mine.frames.length > 0) for (const listener of frameListeners) listener(mine.frames)
        if (mine.booked.length > 0) for (const listener of bookedListeners) listener(mine.booked)
      }
      if (when(result) === 'first') tell()
      else setImmediate(tell)
      return result
    },
    /** The engine as it is after `events`. */
    moved(to: Exchange, events: readonly Event[]): void {
      exchange = to
      change?.events.push(...events)
    },
    keep,
    update: (id: string, changes: Partial<Order>): Order => keep({ ...order(id), ...changes }),
    keepExecution,
    write(line: Booked): void {
      booked.push(line)
      change?.booked.push(line)
    },
    tell: (frame: Frame): void => void change?.frames.push(frame),
    plan(what: Plan): void {
      const deed = { ...what, id: newID('deed') } as Deed
      planned.set(deed.id, deed)
      change?.planned.push(deed)
    },
    planDone(id: string): void {
      planned.delete(id)
      change?.done.push(id)
    },
    setSettings(to: Settings): void {
      settings = to
      if (change) change.settings = to
    },
    onFrames: (listener: (frames: readonly Frame[]) => void): (() => void) => {
      frameListeners.add(listener)
      return () => void frameListeners.delete(listener)
    },
    onBooked: (listener: (booked: readonly Booked[]) => void): (() => void) => {
      bookedListeners.add(listener)
      return () => void bookedListeners.delete(listener)
    },
  }
}
export type Books = ReturnType<typeof openBooks>
