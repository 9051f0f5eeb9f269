import type { Row } from '../journal/row.ts'
import { ownFamily, type Surveyed } from '../orders/liquidation.ts'
import { isOpen, leavesQty, type Order } from '../orders/machine.ts'
import { isLeg, protection } from '../orders/protection.ts'
import { opposite } from '../orders/terms.ts'
import {
  abs,
  type Decimal,
  eq,
  gt,
  isZero,
  lte,
  max,
  plus,
  type Qty,
  qty,
  shortest,
  sign,
  ZERO,
} from '../values/decimal.ts'
import { canonical } from '../values/json.ts'
import { LIQUIDATORS } from './liquidating.ts'
import { pairOf } from './naming.ts'
import { stopTerms } from './protecting.ts'
import type { Families, Made } from './proving-book.ts'
import { type Doubt, doubt, type House, type Told } from './proving-people.ts'

// Exits go without being asked about: because their entry was approved with them, or because a person had everything
// closed. Each must be such a one, and all that are open together must not close more than is held.

/** What is being closed. */
export type Closing = {
  readonly liquidationID: string
  readonly symbols: readonly string[] | null
  market: boolean
  positions: readonly Surveyed[]
  /** Traded since the broker was last asked what it holds. */
  readonly traded: Set<string>
}
export type ExitBook = {
  readonly house: House
  /** `most` is the most that an exit which the broker makes of an entry may close. */
  readonly stories: ReadonlyMap<string, { readonly most: Qty }>
  readonly orders: ReadonlyMap<string, Made>
  readonly families: Families
  /** Null while nothing is. */
  closing: Closing | null
}

/** A liquidation is begun and changed by people who may; what it closes counts all the same, and is then told once. */
export function steered(book: ExitBook, row: Row): readonly Doubt[] {
  const told = row as unknown as Told
  switch (told.action) {
    case 'liquidation.surveyed':
      if (book.closing) book.closing.positions = told.data.positions
      book.closing?.traded.clear()
      return []
    case 'liquidation.flat':
      book.closing = null
      return []
    case 'liquidation.started': {
      const { liquidationID, symbols } = told.data.liquidation
      book.closing = { liquidationID, symbols, market: false, positions: [], traded: new Set() }
      break
    }
    case 'liquidation.market-allowed':
      if (book.closing) book.closing.market = true
      break
    case 'liquidation.stopped':
      book.closing = null
      break
    default:
  }
  const who = row.actor.type === 'person' ? book.house.people.get(row.actor.id) : undefined
  return who && !who.disabled && LIQUIDATORS.some((role) => who.roles.some((r) => r === role))
    ? []
    : [doubt('NOT_ELIGIBLE', `${row.actor.id} wrote ${row.action}, who may not have anything closed.`)]
}

/** The book as it was before the exit was made, or offered to the broker. */
export function exitDoubts(book: ExitBook, exit: Made): readonly Doubt[] {
  return exit.order.role === 'Exit' ? closingDoubts(book, exit) : bracketDoubts(book, exit)
}

const familyOf = ({ families }: ExitBook, { order }: Made): Order[] =>
  (families.get(order.intentID) ?? []).flatMap(({ now }) => (now.clOrdID === order.clOrdID ? [] : [now]))
const sumOf = (sizes: readonly Decimal[]): Decimal => sizes.reduce<Decimal>((a, b) => plus(a, b), ZERO)

/** An exit of a liquidation only reduces, and all of them together by no more than the broker was last read to hold. */
function closingDoubts(book: ExitBook, exit: Made): readonly Doubt[] {
  const { orders, closing } = book
  const { clOrdID, intentID, parent } = exit.order
  const { symbol, side, orderQty, ordType, reduceOnly, bracket, stopPx } = exit.now.terms
  if (!closing || (closing.symbols !== null && !closing.symbols.includes(symbol)))
    return [doubt('UNKNOWN_ORDER', `${clOrdID} closes ${symbol}, and nobody had that closed.`)]
  const netQty = closing.positions.find((one) => one.symbol === symbol)?.netQty ?? qty('0')
  const held = sign(netQty) === (side === 'Sell' ? 1 : -1) && lte(orderQty, abs(netQty)) && !isZero(orderQty)
  const entry = parent && orders.get(parent)?.order
  const isOf = entry
    ? entry.role === 'Entry' && entry.intentID === intentID && entry.terms.side === opposite(side)
    : parent === null && intentID === ownFamily(closing, symbol)
  const may = ordType === 'Limit' || (ordType === 'Market' && closing.market)
  if (!held || !isOf || !may || !reduceOnly || bracket || stopPx)
    return [doubt('WRONG_TERMS', `${clOrdID} does not just close what was held of ${symbol}: ${shortest(netQty)}.`)]
  if (closing.traded.has(symbol))
    return [
      doubt('MORE_THAN_HELD', `${symbol} traded before ${clOrdID}, and the broker was not asked since what it holds.`),
    ]
  const open = [...orders.values()].flatMap(({ now }) =>
    now.terms.symbol === symbol && now.clOrdID !== clOrdID && isOpen(now) ? [leavesQty(now)] : [],
  )
  const all = sumOf([orderQty, ...open])
  const { heldQty } = protection(familyOf(book, exit))
  return gt(all, abs(netQty)) || (entry && gt(orderQty, heldQty))
    ? [
        doubt(
          'MORE_THAN_HELD',
          `With ${clOrdID}, orders for ${shortest(all)} ${symbol} are open; the broker was last read to hold ${shortest(netQty)}${entry ? `, of which its intent has ${shortest(heldQty)}` : ''}.`,
        ),
      ]
    : []
}

/** An exit that was approved with its entry. Those that the broker made of a bracket cover all of it from the start. */
function bracketDoubts(book: ExitBook, exit: Made): readonly Doubt[] {
  const { orders, stories } = book
  const { role, clOrdID, intentID, parent } = exit.order
  const { terms } = exit.now
  const entry = parent && orders.get(parent)
  const { bracket } =
    (entry && entry.order.intentID === intentID && entry.order.role === 'Entry' && entry.now.terms) || {}
  if (!entry || !bracket || (role !== 'Stop' && role !== 'Target') || (entry.sends === 0 && !entry.isOthers))
    return [doubt('UNKNOWN_ORDER', `${clOrdID} is the ${role} of an entry, and none was sent that has one.`)]
  const prices =
    role === 'Stop' ? stopTerms(bracket) : { ordType: 'Limit' as const, price: bracket.targetPx, stopPx: null }
  const { symbol, side } = entry.now.terms
  const wanted = { ...terms, ...prices, symbol, side: opposite(side), bracket: null, reduceOnly: true }
  const family = familyOf(book, exit)
  const { heldQty, coveredQty } = protection(family)
  const most = max(stories.get(intentID)?.most ?? qty('0'), heldQty)
  if (canonical(terms) !== canonical(wanted) || gt(terms.orderQty, most) || isZero(terms.orderQty))
    return [doubt('WRONG_TERMS', `${clOrdID} is not the ${role.toLowerCase()} that was approved with ${parent}.`)]
  if (isLeg(exit.order)) return []
  const closing = sumOf(family.filter((o) => o.role === 'Exit').map(leavesQty))
  // A target goes together with its stop, one of the two ends the other, and the stop is what counts.
  const beside = role === 'Stop' ? plus(coveredQty, closing) : closing
  const isPaired = role === 'Stop' || exit.sends > 1 || family.some((o) => isStopOf(o, exit.order))
  return isPaired && !gt(plus(beside, terms.orderQty), heldQty)
    ? []
    : [
        doubt(
          'MORE_THAN_HELD',
          isPaired
            ? `${clOrdID} is for ${shortest(terms.orderQty)}, beside exits for ${shortest(beside)}; its intent holds ${shortest(heldQty)}.`
            : `${clOrdID} is the target of no stop.`,
        ),
      ]
}

const isStopOf = (stop: Order, { clOrdID, terms }: Order): boolean =>
  stop.role === 'Stop' &&
  stop.clOrdID !== clOrdID &&
  pairOf(stop.clOrdID) === clOrdID &&
  isOpen(stop) &&
  eq(stop.terms.orderQty, terms.orderQty)
