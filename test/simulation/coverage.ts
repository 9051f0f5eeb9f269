import type { Action, Happened } from '../../src/desk/events.ts'
import type { Row } from '../../src/journal/row.ts'
import { DELIVERY, type DeliverySaid } from '../../src/orders/delivery.ts'
import { INTENT, type IntentSaid, type IntentState } from '../../src/orders/intent.ts'
import { applyReport, isOpenPhase, type Order, PHASE, type Phase, type Said } from '../../src/orders/machine.ts'
import type { Execution, Report } from '../../src/orders/report.ts'
import { gt, gte, type Qty, ZERO } from '../../src/values/decimal.ts'
import { instant } from '../../src/values/instant.ts'

const TABLES = { intent: INTENT, delivery: DELIVERY, order: PHASE } as const
export type Machine = keyof typeof TABLES

/** Every step that one of the three machines can take: `order New +Fill`. */
export const ALL: readonly string[] = Object.entries(TABLES).flatMap(([machine, table]) =>
  Object.entries(table).flatMap(([from, cells]) => Object.keys(cells).map((said) => `${machine} ${from} +${said}`)),
)

const OF_BEFORE =
  'kept for a journal of an earlier release: a first send is answered once, and a no to a repeat leaves it in doubt'
/** Steps that the desk of today never takes, and why the tables have them all the same. */
export const UNREACHED: Readonly<Record<string, string>> = {
  'delivery Rejected +Rejected': OF_BEFORE,
  'delivery Rejected +Unclear': OF_BEFORE,
}

/** A step that the journal tells of, and the intent or order that took it. */
export type Step = { readonly machine: Machine; readonly of: string; readonly name: string }

type Told = { [K in Action]: { readonly action: K; readonly data: Happened[K] } }[Action]

const INTENT_SAID: Readonly<Partial<Record<Action, IntentSaid>>> = {
  'intent.ticketed': 'Ticketed',
  'intent.refused': 'Refused',
  'intent.approved': 'Approved',
  'intent.declined': 'Declined',
  'intent.lapsed': 'Lapsed',
  'intent.withdrawn': 'Withdrawn',
}
const DELIVERY_SAID: Readonly<Partial<Record<Action, DeliverySaid>>> = {
  'order.send-started': 'SendStarted',
  'order.accepted': 'Accepted',
  'order.rejected': 'Rejected',
  'order.in-doubt': 'Unclear',
  'order.absent': 'ProvenAbsent',
}
/** Folds never look at the time of a report's arrival, only at its own. */
const SOME_TIME = instant(0)

/** Counts which steps the machines took, and by which fault: a fold over the journal, a row at a time. */
export class Coverage {
  /** Step → by which fault, or `ordinary` → times. */
  readonly counts: Record<string, Record<string, number>> = {}
  readonly #intents = new Map<string, IntentState>()
  readonly #orders = new Map<string, Order>()
  readonly #fills = new Map<string, Execution>()
  readonly #byOrderID = new Map<string, string>()
  /** Intent → everything that it may be called by: itself, the names of its orders, those that the broker gave them. */
  readonly #names = new Map<string, string[]>()
  readonly #blames = new Map<string, { readonly kind: string; readonly n: number }>()
  #n = 0
  /** When each machine of each thing took its last step, or came to be. */
  readonly #moved = new Map<string, number>()

  /** The gateway has made these rows durable. */
  committed(rows: readonly Row[]): void {
    for (const row of rows) for (const step of this.#stepsOf(row)) this.#count(step)
  }

  /** A fault was injected: on an intent or order, by whatever name, or on the whole world. */
  blame(kind: string, subject: string | null): void {
    this.#blames.set(subject ?? WORLD, { kind, n: ++this.#n })
  }

  /**
   * A report has reached the gateway. One that says again what is known is no event and leaves no row, but the machine has
   * taken its step all the same; one that brings news is counted by its row.
   */
  heard(report: Report): void {
    const name = report.clOrdID ?? (report.orderID === null ? undefined : this.#byOrderID.get(report.orderID))
    const order = name === undefined ? undefined : this.#orders.get(name)
    if (!order || !isStatus(report.execType)) return
    const applied = applyReport(order, report, null, SOME_TIME)
    if (applied.ok && applied.value.order === order)
      this.#count({ machine: 'order', of: order.clOrdID, name: `order ${order.phase} +${report.execType}` })
  }

  /** Steps that were never taken. */
  get missing(): readonly string[] {
    return ALL.filter((step) => !(step in this.counts))
  }

  #count({ machine, of, name }: Step): void {
    const key = `${machine}:${of}`
    const since = this.#moved.get(key) ?? -1
    const order = this.#orders.get(of)
    const names =
      machine === 'intent' ? (this.#names.get(of) ?? [of]) : [of, order?.orderID ?? '', order?.intentID ?? '']
    let [kind, latest] = ['ordinary', since]
    for (const one of [WORLD, ...names]) {
      const blame = this.#blames.get(one)
      if (blame && blame.n > latest) [kind, latest] = [blame.kind, blame.n]
    }
    this.#moved.set(key, this.#n)
    const counts = (this.counts[name] ??= {})
    counts[kind] = (counts[kind] ?? 0) + 1
  }

  #stepsOf(row: Row): readonly Step[] {
    const told = row as unknown as Told
    const { id } = row.object
    const intentSaid = INTENT_SAID[told.action]
    if (intentSaid) {
      const from = this.#intents.get(id)
      const to = from && INTENT[from][intentSaid]
      if (!from || !to) return []
      this.#intents.set(id, to)
      return [{ machine: 'intent', of: id, name: `intent ${from} +${intentSaid}` }]
    }
    const deliverySaid = DELIVERY_SAID[told.action]
    const order = this.#orders.get(id)
    if (deliverySaid && order) return this.#delivered(row, told, order, deliverySaid)
    switch (told.action) {
      case 'intent.received':
        this.#intents.set(id, told.data.intent.state)
        this.#names.set(id, [id])
        this.#born(id)
        return []
      case 'order.created':
      case 'order.adopted':
        this.#put(told.data.order)
        this.#born(id)
        this.#names.get(told.data.order.intentID)?.push(id)
        return []
      case 'order.resized':
        if (order) {
          const phase = told.data.works ? 'PartiallyFilled' : order.phase
          this.#put({ ...order, phase, terms: { ...order.terms, orderQty: told.data.orderQty } })
        }
        return []
      case 'order.cancel-requested':
        if (order) this.#put({ ...order, asked: 'Cancel' })
        return []
      case 'order.cancel-answered':
        if (order && told.data.outcome === 'rejected') this.#put({ ...order, asked: 'Nothing', text: told.data.text })
        return []
      case 'execution.reported':
        return order ? this.#reported(order, told.data.report) : []
      default:
        return []
    }
  }

  /** What went wrong before it was there is not its business. */
  #born(id: string): void {
    for (const machine of Object.keys(TABLES)) this.#moved.set(`${machine}:${id}`, this.#n)
  }

  #delivered(row: Row, told: Told, order: Order, said: DeliverySaid): readonly Step[] {
    const { clOrdID: of, delivery, phase } = order
    const to = DELIVERY[delivery][said]
    if (!to) return []
    const orderID = told.action === 'order.accepted' ? (told.data.orderID ?? order.orderID) : order.orderID
    const ended = row.action === 'order.rejected' && isOpenPhase(phase)
    const text = told.action === 'order.rejected' ? told.data.text : order.text
    this.#put({ ...order, delivery: to, orderID, text, ...(ended && { phase: 'Rejected', asked: 'Nothing' }) })
    const step: Step = { machine: 'delivery', of, name: `delivery ${delivery} +${said}` }
    // A no in reply to the send ends the order, as one in a report does.
    const end = ended && PHASE[phase].Rejected !== undefined
    return end ? [step, { machine: 'order', of, name: `order ${phase} +Rejected` }] : [step]
  }

  #reported(order: Order, report: Report): readonly Step[] {
    const refers = 'refExecID' in report ? report.refExecID : report.execID
    const key = `${order.account}|${refers}`
    const prior = this.#fills.get(key) ?? null
    const applied = applyReport(order, report, prior, SOME_TIME)
    if (!applied.ok) return []
    const { order: next, execution } = applied.value
    this.#put(report.orderID && !next.orderID ? { ...next, orderID: report.orderID } : next)
    const { clOrdID: of } = order
    const step = (from: Phase, said: Said): Step => ({ machine: 'order', of, name: `order ${from} +${said}` })
    if (isStatus(report.execType)) return [step(order.phase, report.execType)]
    // A bust or correction that came before its trade waits for it.
    if (!execution) return []
    this.#fills.set(key, execution)
    const [before, after] = [liveQty(prior), liveQty(execution)]
    const said = gte(next.cumQty, order.terms.orderQty) ? 'Fill' : gt(after, before) ? 'PartialFill' : 'Unfill'
    // What was filled after its end goes by that end.
    return [step(order.ended ?? order.phase, said)]
  }

  #put(order: Order): void {
    this.#orders.set(order.clOrdID, order)
    if (order.orderID === null || this.#byOrderID.has(order.orderID)) return
    this.#byOrderID.set(order.orderID, order.clOrdID)
    this.#names.get(order.intentID)?.push(order.orderID)
  }
}

/** No name of an intent or order has a blank. */
const WORLD = 'the world'
const liveQty = (e: Execution | null): Qty => (e?.live ? e.lastQty : (ZERO as Qty))
const STATUS = ['New', 'Canceled', 'Replaced', 'Rejected', 'Expired'] as const
const isStatus = (execType: Report['execType']): execType is (typeof STATUS)[number] =>
  (STATUS as readonly string[]).includes(execType)
