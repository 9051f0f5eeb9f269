// Which of the orders at a broker may open a position, and how they are made to end, by its own lists alone.
import { setTimeout as delay } from 'node:timers/promises'
import { isExitName } from '../desk/naming.ts'
import { type Broker, type BrokerOrder, type BrokerPosition, type CancelSent, ReadFailed } from '../ports/broker.ts'
import type { ClOrdID, OrderID } from '../values/brand.ts'
import { abs, type Decimal, gt, lte, max, minus, plus, shortest, sign, ZERO } from '../values/decimal.ts'
import { harmless } from './print.ts'

/**
 * What an open order may do. `opens`: open or enlarge a position. `exits`: shrink one, and no more than it is. `follows`:
 * it ends with its entry. `unsure`: what is held is not known, or is sold by a known exit already.
 */
export type Does = 'opens' | 'exits' | 'follows' | 'unsure'
export type Sorted = { readonly order: BrokerOrder; readonly does: Does }

const leavesOf = ({ terms, cumQty }: BrokerOrder): Decimal => minus<Decimal>(terms.orderQty, cumQty)
const directionOf = ({ terms }: BrokerOrder): 1 | -1 => (terms.side === 'Buy' ? 1 : -1)
/** By the entry that it belongs to, its role or its name: nothing of that can be said of an order that opens. */
const isKnownExit = ({ parentOrderID, role, clOrdID }: BrokerOrder): boolean =>
  parentOrderID !== null || role === 'Stop' || role === 'Target' || (clOrdID !== null && isExitName(clOrdID))

/** How much of a position these exits sell together. Of a pair only one half fills: the stops count, or the rest. */
function exitQty(
  exits: readonly BrokerOrder[],
  { symbol, netQty }: Pick<BrokerPosition, 'symbol' | 'netQty'>,
): Decimal {
  const sizes = (stops: boolean): Decimal =>
    exits
      .filter(({ terms }) => terms.symbol === symbol && (terms.stopPx !== null) === stops)
      .filter((order) => directionOf(order) === -sign(netQty))
      .reduce<Decimal>((sum, order) => plus(sum, leavesOf(order)), ZERO)
  return max(sizes(true), sizes(false))
}

/**
 * Tells exits from the rest without any memory of ours: by their name, by the entry they belong to, or because they are on
 * the reducing side of a position and, all of them together, not larger than it. Entries with exits of their own come
 * first: nothing else at the broker can become so much.
 * @param positions null when they could not be read.
 */
export function sortOut(open: readonly BrokerOrder[], positions: readonly BrokerPosition[] | null): Sorted[] {
  const working = new Set(open.map(({ orderID }) => orderID))
  const follows = ({ parentOrderID }: BrokerOrder): boolean => parentOrderID !== null && working.has(parentOrderID)
  const known = open.filter((order) => isKnownExit(order) && !follows(order))
  // What the others may sell of it: without the exits that are known, and with them.
  const left = new Map(positions?.map(({ symbol, netQty }) => [symbol, netQty]))
  const free = new Map(positions?.map((held) => [held.symbol, minus<Decimal>(abs(held.netQty), exitQty(known, held))]))
  const does = (order: BrokerOrder): Does => {
    if (follows(order)) return 'follows'
    if (isKnownExit(order)) return 'exits'
    if (positions === null) return order.clOrdID?.startsWith('jx') === true ? 'opens' : 'unsure'
    const { symbol } = order.terms
    const held = left.get(symbol) ?? ZERO
    const qty = leavesOf(order)
    if (sign(held) !== -directionOf(order) || gt(qty, abs(held))) return 'opens'
    const rest = free.get(symbol) ?? ZERO
    // Alone it only shrinks what is held; with a known exit it may turn it around, or be the other half of a pair.
    if (gt(qty, rest)) return 'unsure'
    left.set(symbol, sign(held) > 0 ? minus(held, qty) : plus(held, qty))
    free.set(symbol, minus(rest, qty))
    return 'exits'
  }
  // Stops first: of two orders that only fit alone, the one that protects stays.
  const sorted = [...open]
    .sort((a, b) => Number(a.terms.stopPx === null) - Number(b.terms.stopPx === null))
    .map((order) => ({ order, does: does(order) }))
  return sorted.sort((a, b) => Number(a.order.legs.length === 0) - Number(b.order.legs.length === 0))
}

/** One order that was asked to end, and what became of it. */
export type Line = {
  readonly order: string
  readonly orderID: OrderID
  readonly symbol: string
  readonly side: 'Buy' | 'Sell'
  /** What was left of it to fill. */
  readonly qty: string
  readonly does: Does
  /** The broker's last answer to the request to cancel. */
  readonly said: string
  /** No longer among the open orders that the broker lists. */
  readonly gone: boolean
}
export type Swept = {
  readonly lines: readonly Line[]
  /** The broker's own list, read after the last request, holds none that was to end. */
  readonly proven: boolean
  /** Why the broker could not be asked the last time; null when it answered. */
  readonly trouble: string | null
  /** Left open: each only shrinks what is held, but beside the exits that are known it may do more, or be half of a pair. */
  readonly unsure: readonly string[]
  /** What is held without as much in open exits. */
  readonly bare: readonly string[]
}
export type Tell = { readonly say: (text: string) => void; readonly keep: (record: object) => void }

/** So many requests wait for their answers at once: a slow broker is not waited for one by one. */
const AT_ONCE = 4
/** A cancel that was taken and has not come about is asked for again after this. */
const AGAIN_MS = 5_000
/** An order that was under way when the service died may be listed a moment later: none is left when two lists say so. */
const SECOND_LOOK_MS = 2_000

/** After the last requests it is waited this long for what they came to. */
const LAST_LOOK_MS = 500

/**
 * Cancels what may open a position, or everything, and lists again until the broker has none left or `until` is over.
 * Never throws for anything that the broker does.
 * @param until milliseconds since 1970. What is under way then is finished, and looked at once more.
 */
export async function sweep(broker: Broker, all: boolean, until: number, { say, keep }: Tell): Promise<Swept> {
  const lines = new Map<OrderID, Line>()
  const askedAt = new Map<OrderID, number>()
  let bare: readonly string[] = []
  let unsure: readonly string[] = []
  let trouble: string | null = null
  let cleanLooks = 0
  let told = ''
  let lastLook = false
  const once = (text: string): void => {
    if (text !== told) say(text)
    told = text
  }

  let silent = false
  async function cancel({ order, does }: Sorted): Promise<void> {
    // A broker that answers nothing any more is not asked about each of hundreds when the time is over.
    if (silent && Date.now() >= until) return
    const { orderID } = order
    const asked = lineOf(order)
    // An order that has no name of ours is asked to end by the broker's own.
    const sent = await broker.cancel({ clOrdID: asked.order as ClOrdID, orderID })
    const line: Line = { ...asked, does, said: saidIn(sent), gone: false }
    if (lines.get(orderID)?.said !== line.said)
      say(harmless(`${sent.outcome === 'rejected' ? 'cannot cancel' : 'cancel'}  ${inWords(line)}: ${line.said}`))
    lines.set(orderID, line)
    askedAt.set(orderID, Date.now())
    silent = sent.outcome === 'in-doubt'
    keep({ what: 'cancel', ...line })
  }

  if (all && broker.capabilities.cancelAll) {
    const said = saidIn(await broker.cancelAll())
    say(harmless(`cancel  every open order: ${said}`))
    keep({ what: 'cancel all', said })
  }
  for (let round = 0; ; round++) {
    const late = Date.now() >= until
    try {
      const pending = [...lines.values()].filter(({ gone }) => !gone)
      const open = await broker.openOrders(
        pending.map(({ order, orderID }) => ({ clOrdID: order as ClOrdID, orderID })),
      )
      const positions = await broker.positions().catch((error: unknown) => {
        if (!(error instanceof ReadFailed)) throw error
        once(harmless(`What is held cannot be read (${error.message}): only orders of ours are told apart.`))
        return null
      })
      const sorted = sortOut(open, positions)
      bare = positions === null ? [] : barePositions(sorted, positions)
      const working = new Set(open.map(({ orderID }) => orderID))
      for (const line of pending) if (!working.has(line.orderID)) lines.set(line.orderID, { ...line, gone: true })
      const targets = sorted.filter(({ does }) => (all ? does !== 'follows' : does === 'opens'))
      const doubtful = all ? [] : sorted.filter(({ does }) => does === 'unsure')
      const isBlind = positions === null && doubtful.length > 0
      trouble = isBlind ? 'it does not tell what is held' : null
      unsure = isBlind ? [] : doubtful.map(({ order }) => inWords(lineOf(order)))
      if (targets.length === 0 && !isBlind) {
        cleanLooks++
        if (late || cleanLooks === 2) return ended(unsure.length === 0)
      } else {
        cleanLooks = 0
        if (round === 0 && targets.length > 0)
          say(
            `${targets.length} of ${open.length} open orders at the broker ${all ? 'are to end' : 'may open or enlarge a position'}.`,
          )
        await inTurn(
          targets.filter(({ order }) => isDue(order.orderID, lines, askedAt)),
          cancel,
        )
        if (lastLook) return ended(false)
        lastLook = late
      }
    } catch (error) {
      if (!(error instanceof ReadFailed)) throw error
      trouble = error.message
      cleanLooks = 0
      once(harmless(`The broker does not tell what is open (${trouble}); it is asked until it does.`))
      if (late) return ended(false)
    }
    const pauseMs = cleanLooks > 0 ? SECOND_LOOK_MS : round < 5 ? 500 : 2_000
    await delay(lastLook ? LAST_LOOK_MS : Math.max(0, Math.min(pauseMs, until - Date.now())))
  }

  function ended(proven: boolean): Swept {
    return { lines: [...lines.values()], proven, trouble, unsure, bare }
  }
}

const isDue = (orderID: OrderID, lines: ReadonlyMap<OrderID, Line>, askedAt: ReadonlyMap<OrderID, number>): boolean =>
  lines.get(orderID)?.said !== TAKEN || Date.now() - (askedAt.get(orderID) ?? 0) >= AGAIN_MS

/** In their order, a few at once. */
async function inTurn<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async (): Promise<void> => {
    for (const item of left) await act(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const TAKEN = 'taken'
export const saidIn = (sent: CancelSent): string =>
  sent.outcome === 'accepted' ? TAKEN : sent.outcome === 'rejected' ? sent.text : `no clear answer (${sent.cause})`
const lineOf = (order: BrokerOrder): Omit<Line, 'does' | 'said' | 'gone'> => ({
  order: order.clOrdID ?? order.orderID,
  orderID: order.orderID,
  symbol: order.terms.symbol,
  side: order.terms.side,
  qty: shortest(leavesOf(order)),
})
/** `jx…  AAPL  Buy 10` */
export const inWords = ({ order, symbol, side, qty }: ReturnType<typeof lineOf>): string =>
  `${order}  ${symbol}  ${side} ${qty}`

/** What is held and not covered by open exits, one position a line. Of a pair of exits one is listed, or both. */
function barePositions(sorted: readonly Sorted[], positions: readonly BrokerPosition[]): string[] {
  const exits = sorted.filter(({ does }) => does === 'exits').map(({ order }) => order)
  return positions.flatMap(({ symbol, netQty }) => {
    if (lte(abs(netQty), exitQty(exits, { symbol, netQty }))) return []
    return [`${symbol}: ${shortest(netQty)} held`]
  })
}
