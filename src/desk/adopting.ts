import { freshOrder, type Order } from '../orders/machine.ts'
import type { Terms } from '../orders/terms.ts'
import type { BrokerOrder, BrokerPosition, Found } from '../ports/broker.ts'
import type { ClOrdID, ExecID, IntentID, OrderID } from '../values/brand.ts'
import { type Amt, type Decimal, dec, isZero, type Px, type Qty, round, sign, text, times } from '../values/decimal.ts'
import { abs, ZERO } from '../values/decimal.ts'
import { cancel } from './canceling.ts'
import { BROKER, type Command, mustOrder, SYSTEM } from './command.ts'
import { applyReports } from './executions.ts'
import { exitsFollow, meetSuccessor } from './replacing.ts'

/**
 * What other hands do in the account (the broker's own page, another program) is taken into our book as it is: its
 * trades count in the positions, its open orders count against the limits. It is shown, and never touched unasked.
 */

/** No proposer can choose an intent id with a blank, so what is adopted never joins an intent of ours. */
const INTENT = 'other hands '
/** What every ClOrdID of ours looks like, whichever gateway made it. */
const NAME_OF_OURS = /^jx[a-z2-7]{26}(-[a-z]\d*)?$/

/**
 * Takes an order that our book does not know into it, with everything reported about it.
 * @returns `later` while an order of ours in the same symbol is unanswered: the stranger may be it, or a leg of it.
 */
export async function adopt(c: Command, orderID: OrderID, found: Found): Promise<'done' | 'later'> {
  if (!found.found) {
    await tellOf(c, orderID, `The broker reports about order ${orderID} and does not know it when asked`)
    return 'done'
  }
  const { order: there } = found
  const known = await ours(c, there)
  if (!known) {
    const before = there.replaces && (await c.tx.orderByOrderID(c.setting.account, there.replaces))
    if (before && before.role !== 'External') {
      if (there.clOrdID === null && (await mayBeOurs(c, there))) return 'later'
      await takeInNext(c, before, there)
      await applyReports(c, found.reports)
      return 'done'
    }
    const parent = there.parentOrderID && (await c.tx.orderByOrderID(c.setting.account, there.parentOrderID))
    if (parent && parent.role !== 'External') {
      await c.errand('resolve', parent.clOrdID, parent.corr)
      return 'done'
    }
    if (await mayBeOurs(c, there)) return 'later'
    await takeIn(c, there)
  }
  await applyReports(c, found.reports)
  if (known) await meetSuccessor(c, await mustOrder(c, known.clOrdID), there)
  return 'done'
}

/** How our book calls an order that others have named. */
const nameOf = (orderID: OrderID): ClOrdID => `ext-${orderID}` as ClOrdID

async function ours(c: Command, there: BrokerOrder): Promise<Order | null> {
  const byName = there.clOrdID && (await c.tx.get('order', there.clOrdID))
  return byName || c.tx.orderByOrderID(c.setting.account, there.orderID)
}

/** Until the broker has answered for an entry nobody knows its name there, nor those of the exits it made. */
async function mayBeOurs(c: Command, there: BrokerOrder): Promise<boolean> {
  const open = await c.tx.openOrders(c.setting.account)
  return open.some(
    (o) => o.terms.symbol === there.terms.symbol && (o.delivery === 'Sending' || o.delivery === 'InDoubt'),
  )
}

async function takeIn(c: Command, there: BrokerOrder): Promise<void> {
  const { orderID, clOrdID, terms } = there
  const corr = `${INTENT}${orderID}`
  const order: Order = {
    ...freshOrder(
      {
        intentID: corr as IntentID,
        role: 'External',
        parent: null,
        clOrdID: nameOf(orderID),
        account: c.setting.account,
        terms: { ...terms, bracket: null },
        ...(await mayCost(c, terms)),
        corr,
      },
      c.now,
    ),
    delivery: 'Delivered',
    orderID,
  }
  await c.emit('order.adopted', { type: 'order', id: order.clOrdID }, corr, { order, name: clOrdID }, BROKER)
  await c.errand('poll', order.clOrdID, corr)
  if (clOrdID !== null && NAME_OF_OURS.test(clOrdID))
    await c.freeze(
      terms.symbol,
      `the broker holds order ${clOrdID}, which bears a name of this gateway and is not in its book: another one trades this account, or its data is an old copy`,
      corr,
    )
  await tellOf(
    c,
    orderID,
    `The broker holds order ${orderID} (${terms.side} ${text(terms.orderQty)} ${terms.symbol}), which is not ours`,
  )
}

/**
 * Other hands, or the broker itself, put another order in the place of one of ours: it stands for the same intent, with
 * the same exits, and nobody here has said yes to it. Whoever wanted the old one canceled wants that of the new one.
 */
async function takeInNext(c: Command, before: Order, there: BrokerOrder): Promise<void> {
  const { orderID, terms } = there
  const { intentID, role, parent, account, corr } = before
  const order: Order = {
    ...freshOrder(
      {
        intentID,
        role,
        parent,
        account,
        corr,
        clOrdID: nameOf(orderID),
        terms: { ...terms, bracket: before.terms.bracket, reduceOnly: before.terms.reduceOnly },
        replaces: before.clOrdID,
        ...(before.terms.reduceOnly ? {} : await mayCost(c, terms)),
      },
      c.now,
    ),
    delivery: 'Delivered',
    orderID,
    sentAt: c.now,
  }
  await c.emit('order.adopted', { type: 'order', id: order.clOrdID }, corr, { order, name: there.clOrdID }, BROKER)
  await c.errand('poll', order.clOrdID, corr)
  await exitsFollow(c, order)
  const stops = before.asked === 'Cancel' || (role === 'Entry' && (await c.halted()))
  if (stops && there.open) await cancel(c, order, `${before.clOrdID} was to be canceled`, SYSTEM)
  await c.task(
    'REPLACED_ELSEWHERE',
    before.clOrdID,
    'critical',
    `Other hands put another order in the place of ${before.clOrdID}: ${inWords(terms)}. Nobody here approved it; it is followed and protected like the old one. Cancel it, or leave it.`,
    corr,
  )
}

const inWords = ({ side, orderQty, symbol, price, stopPx }: Terms): string =>
  `${side} ${text(orderQty)} ${symbol}${price ? ` at ${text(price)}` : ''}${stopPx ? ` from ${text(stopPx)}` : ''}`

const tellOf = (c: Command, orderID: OrderID, what: string) =>
  c.task(
    'EXTERNAL_ORDER',
    orderID,
    'warning',
    `${what}. It was made by other hands; it is shown and counted, and never touched unasked.`,
    `${INTENT}${orderID}`,
  )

/** What it may cost, for the limits; nothing when it only reduces or nobody knows a price. Unknown, it closes the gate. */
async function mayCost(c: Command, terms: Terms): Promise<{ maxNotional?: Amt }> {
  const market = await c.tx.get('market', terms.symbol)
  const unitPx = terms.price ?? terms.stopPx ?? market?.quote?.ask ?? null
  const account = await c.tx.get('account', c.setting.account)
  const rate =
    market?.conversion?.rate ?? (account?.account.currency === market?.instrument?.currency ? dec('1') : null)
  if (terms.reduceOnly || unitPx === null || rate === null) return {}
  return { maxNotional: round(times(times(terms.orderQty, unitPx), rate), 2, 'up') as Amt }
}

/**
 * What the account held when it was first read: taken into the book at the broker's own average price, as the trade of
 * an order of other hands. Later differences are never taken in by themselves.
 */
export async function takeInOpening(c: Command, positions: readonly BrokerPosition[]): Promise<void> {
  const known = new Set([
    ...(await c.tx.all('position')).map((p) => p.symbol),
    ...(await c.tx.openOrders(c.setting.account)).map((o) => o.terms.symbol),
  ])
  for (const { symbol, netQty, avgPx } of positions) {
    if (known.has(symbol) || isZero(netQty) || avgPx === null) continue
    await opened(c, symbol, netQty, avgPx)
  }
}

async function opened(c: Command, symbol: string, netQty: Decimal, avgPx: Decimal): Promise<void> {
  const corr = `${INTENT}opening ${symbol}`
  const [orderID, lastQty] = [`opening-${symbol}` as OrderID, abs(netQty) as Qty]
  const terms: Terms = {
    symbol,
    side: sign(netQty) > 0 ? 'Buy' : 'Sell',
    ordType: 'Market',
    timeInForce: 'Day',
    orderQty: lastQty,
    price: null,
    stopPx: null,
    bracket: null,
    reduceOnly: false,
  }
  const clOrdID = nameOf(orderID)
  const order: Order = {
    ...freshOrder(
      { intentID: corr as IntentID, role: 'External', parent: null, clOrdID, account: c.setting.account, terms, corr },
      c.now,
    ),
    delivery: 'Delivered',
    orderID,
  }
  await c.emit('order.adopted', { type: 'order', id: clOrdID }, corr, { order, name: null }, BROKER)
  await applyReports(c, [
    {
      execType: 'Trade',
      execID: `${orderID}` as ExecID,
      clOrdID,
      orderID,
      transactTime: c.now,
      text: 'held when the account was first read',
      lastQty,
      lastPx: avgPx as Px,
      settlCurrFxRate: dec('1'),
      commission: ZERO as Amt,
    },
  ])
  await c.task(
    'OPENING_POSITION',
    symbol,
    'warning',
    `${text(netQty)} ${symbol} were held at ${text(avgPx)} when this account was first read. They count as held; no stop of this gateway protects them.`,
    corr,
  )
}
