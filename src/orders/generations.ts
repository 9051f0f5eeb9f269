import type { ClOrdID } from '../values/brand.ts'
import { plus, type Qty, qty } from '../values/decimal.ts'
import { isOpen, type Order, ordStatus } from './machine.ts'

// An order that was replaced and the one in its place are two orders of one intent, each with a name, a size and fills
// of its own. What they are together is a walk along `replaces` and `replacedBy`; `family` is all orders of the intent.

const named = (clOrdID: ClOrdID | undefined, family: readonly Order[]): Order | undefined =>
  clOrdID === undefined ? undefined : family.find((o) => o.clOrdID === clOrdID)

/** The order and those in whose place it is, newest first. */
export function generations(order: Order, family: readonly Order[]): Order[] {
  const before = named(order.replaces, family)
  return before ? [order, ...generations(before, family)] : [order]
}

/** The first of them, by whose name the exits are named. */
export const firstOf = (order: Order, family: readonly Order[]): Order => generations(order, family).at(-1) ?? order

/** The order that works in its place; itself until the broker has said that it is replaced. */
export function newestOf(order: Order, family: readonly Order[]): Order {
  const next = order.phase === 'Replaced' ? named(order.replacedBy, family) : undefined
  return next ? newestOf(next, family) : order
}

/** What it and all those before it have filled. */
export const filledQty = (order: Order, family: readonly Order[]): Qty =>
  generations(order, family).reduce((sum, { cumQty }) => plus(sum, cumQty), qty('0'))

/** The order that was sent to take its place and on which the broker has not decided; only one of the two will work. */
export function rivalOf(order: Order, family: readonly Order[]): Order | null {
  const next = named(order.replacedBy, family)
  const before = named(order.replaces, family)
  const rival = next ?? (before?.replacedBy === order.clOrdID ? before : undefined)
  return rival && isOpen(order) && isOpen(rival) ? rival : null
}

/** The broker knows it by a name that is not ours: it is asked for by the broker's own. */
export const isNamedByOthers = (order: Order): boolean => order.clOrdID.startsWith('ext-')

/** Why nobody can give this order other terms, whoever asks; null when that can be asked of the broker. */
export function unchangeable(
  order: Order,
): { readonly code: 'NOT_OPEN' | 'NOT_REPLACEABLE'; readonly text: string } | null {
  const { role, asked, delivery, replacedBy } = order
  if (role !== 'Entry')
    return {
      code: 'NOT_REPLACEABLE',
      text: 'Only an entry of this gateway can be changed. Its stop and target follow it.',
    }
  if (!isOpen(order)) {
    const next = order.phase === 'Replaced' && replacedBy ? ` ${replacedBy} is in its place.` : ''
    return { code: 'NOT_OPEN', text: `The order is ${ordStatus(order)}: nothing is left to change.${next}` }
  }
  if (delivery !== 'Delivered')
    return { code: 'NOT_OPEN', text: 'The broker has not answered for this order yet; it can be changed once it has.' }
  if (asked === 'Cancel')
    return { code: 'NOT_OPEN', text: 'A cancel has been asked for; it cannot be changed any more.' }
  if (replacedBy === undefined) return null
  return {
    code: 'NOT_REPLACEABLE',
    text: `The broker has been asked to put ${replacedBy} in its place. Wait until it has answered.`,
  }
}
/** What a broker says by not changing orders. */
export const NO_CHANGES = 'This broker changes no open orders. Cancel it and propose it anew.'
