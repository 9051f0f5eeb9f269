import type { Row } from '../journal/row.ts'
import { DELIVERY, type DeliverySaid } from '../orders/delivery.ts'
import { isNamedByOthers } from '../orders/generations.ts'
import { applyReport, freshOrder, isOpenPhase, type Order } from '../orders/machine.ts'
import type { Execution, Report } from '../orders/report.ts'
import type { Intent } from '../ports/records.ts'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import { isEntryName, isExitName } from './naming.ts'
import { type Doubt, doubt, type Told } from './proving-people.ts'

// Orders as the rows of a journal tell of them: what is open, what has filled, and which are not of this house.

export type Made = {
  /** As it was made. */
  readonly order: Order
  /** What has become of it. */
  now: Order
  isOthers: boolean
  sends: number
  wrong: boolean
  /** An answer to it was found, and no send: said once. */
  missed: boolean
}

/** By the intent whose orders they are. */
export type Families = ReadonlyMap<string, readonly Made[]>

/** An order of which no row says that it was made. */
export const neverMade = (id: string): Order =>
  freshOrder(
    {
      intentID: '' as IntentID,
      role: 'Entry',
      parent: null,
      clOrdID: id as ClOrdID,
      account: '' as AccountID,
      terms: {
        symbol: '',
        side: 'Buy',
        ordType: 'Limit',
        timeInForce: 'Day',
        orderQty: qty('0'),
        price: null,
        stopPx: null,
        bracket: null,
        reduceOnly: false,
      },
      corr: '',
    },
    0 as Instant,
  )

/**
 * Folds a row into its order, by the machines; a step that they do not have changes nothing.
 * @param fills the trades so far, by ExecID. @returns whether it traded, or a trade of it was taken back or corrected.
 */
export function follow(known: Made, { row, at }: { readonly row: Row; readonly at: Instant }, fills: Fills): boolean {
  const told = row as unknown as Told
  const { now } = known
  switch (told.action) {
    case 'order.send-started':
      known.now = step(now, 'SendStarted')
      return false
    case 'order.accepted':
      known.now = step(now, 'Accepted')
      return false
    case 'order.in-doubt':
      known.now = step(now, 'Unclear')
      return false
    case 'order.absent':
      known.now = step(now, 'ProvenAbsent')
      return false
    case 'order.rejected': {
      const { delivery, phase } = step(now, 'Rejected')
      known.now = { ...now, delivery, phase: delivery === 'Rejected' && isOpenPhase(phase) ? 'Rejected' : phase }
      return false
    }
    case 'order.resized': {
      const { orderQty, works } = told.data
      known.now = { ...now, terms: { ...now.terms, orderQty }, ...(works && { phase: 'PartiallyFilled' }) }
      return false
    }
    case 'execution.reported':
      return reported(known, told.data.report, at, fills)
    default:
      return false
  }
}

type Fills = Map<string, Execution>

function step(now: Order, said: DeliverySaid): Order {
  const delivery = DELIVERY[now.delivery][said]
  return delivery ? { ...now, delivery } : now
}

function reported(known: Made, report: Report, at: Instant, fills: Fills): boolean {
  const amends = report.execType === 'TradeCancel' || report.execType === 'TradeCorrect'
  const prior = fills.get(amends ? report.refExecID : report.execID) ?? null
  const applied = applyReport(known.now, report, prior, at)
  if (!applied.ok) return false
  known.now = applied.value.order
  const { execution } = applied.value
  if (execution) fills.set(execution.execID, execution)
  return execution !== null
}

// ---------------------------------------------------------------- other hands

/** No proposer can choose an intent id with a blank: whatever is adopted into an intent of its own begins like this. */
const OF_OTHERS = 'other hands '

/** What is asked about whoever might have named an order. */
type Named = {
  readonly stories: ReadonlyMap<string, { readonly intent: Intent }>
  readonly families: Families
}

/**
 * Why an order that is written as one of other hands cannot be: the desk knows its own by their names and takes none of
 * them in, except what others put in the place of one of them, under a name of theirs.
 */
export function adoptedDoubt(
  book: Named & { readonly orders: ReadonlyMap<string, Made> },
  id: string,
  order: Order,
  name: string | null,
): Doubt | null {
  if (id !== order.clOrdID || !isNamedByOthers(order) || isOurs(book, name)) return notOthers(id, name ?? id)
  if (order.role === 'External')
    return order.intentID.startsWith(OF_OTHERS) && order.parent === null && order.replaces === undefined
      ? null
      : doubt('UNKNOWN_ORDER', `${id} is of other hands, and of the intent ${order.intentID}.`)
  const before = order.replaces && book.orders.get(order.replaces)?.order
  return before &&
    before.role === order.role &&
    before.intentID === order.intentID &&
    before.parent === order.parent &&
    before.account === order.account
    ? null
    : doubt('UNKNOWN_ORDER', `${id} is of other hands, and in the place of no order of ${order.intentID}.`)
}

/** The broker calls an order of other hands by a name that this house gives. */
export const notOthers = (id: string, name: string): Doubt =>
  doubt(
    'SEND_MISSING',
    `${id} counts as an order of other hands and is called ${name}; no row says that its send began.`,
  )

/** Whether it is a name that this house gives: of an entry of an intent that it received, or of any exit. */
export function isOurs({ stories, families }: Named, name: string | null): boolean {
  if (name === null || !name.startsWith('jx')) return false
  if (isExitName(name)) return true
  const first = name.replace(/-r\d+$/, '')
  for (const { intent } of stories.values()) {
    const attempts = families.get(intent.intentID)?.length ?? 0
    for (let n = 0; n <= attempts; n++) if (isEntryName(first, intent.account, intent.intentID, n)) return true
  }
  return false
}
