import type { Actor } from '../journal/row.ts'
import { freshOrder, type Order } from '../orders/machine.ts'
import { isLeg } from '../orders/protection.ts'
import type { Terms } from '../orders/terms.ts'
import { type BrokerOrder, type BrokerPosition, capabilitiesFor, type Found } from '../ports/broker.ts'
import { tellsOf } from '../reconcile/compare.ts'
import type { ClOrdID, ExecID, IntentID, OrderID } from '../values/brand.ts'
import {
  abs,
  type Amt,
  type Decimal,
  dec,
  isZero,
  minus,
  plus,
  type Px,
  type Qty,
  round,
  sign,
  text,
  times,
  ZERO,
} from '../values/decimal.ts'
import { msBetween, plusMs } from '../values/instant.ts'
import { ok, type Result } from '../values/result.ts'
import { cancel } from './canceling.ts'
import { BROKER, type Command, deny, knowsEveryTrade, mustOrder, SYSTEM } from './command.ts'
import type { Denial } from './desk.ts'
import { applyReports } from './executions.ts'
import { ours } from './hands.ts'
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
    // What it has traded is in our book from now on: whether that is all of it shows in a comparison.
    await c.errand('reconcile', c.setting.account, 'adopt')
  }
  await applyReports(c, found.reports)
  if (known) await meetSuccessor(c, await mustOrder(c, known.clOrdID), there)
  return 'done'
}

/** How our book calls an order that others have named. */
const nameOf = (orderID: OrderID): ClOrdID => `ext-${orderID}` as ClOrdID

/**
 * Until the broker has answered for an entry nobody knows its name there, nor those of the exits it made; one that has
 * filled meanwhile is still being asked about.
 */
async function mayBeOurs(c: Command, there: BrokerOrder): Promise<boolean> {
  const { symbol } = there.terms
  const open = await c.tx.openOrders(c.setting.account)
  if (open.some((o) => o.terms.symbol === symbol && (o.delivery === 'Sending' || o.delivery === 'InDoubt'))) return true
  for (const { kind, subject } of await c.tx.all('errand')) {
    const asked = kind === 'resolve' ? await c.tx.get('order', subject) : null
    if (asked?.terms.symbol === symbol && (await mayHaveUnknownLegs(c, asked))) return true
  }
  return false
}

/** How long after anything was learned of an entry the exits that the broker made of it may still be unknown. */
const LEGS_MS = 10_000

/** Not for ever: a broker that makes none, or forgot them, would keep strangers unknown for as long as the entry works. */
async function mayHaveUnknownLegs(c: Command, entry: Order): Promise<boolean> {
  const { assetClass = null } = (await c.tx.get('market', entry.terms.symbol))?.instrument ?? {}
  const isNew = msBetween(entry.updatedAt, c.now) < LEGS_MS * c.setting.speed
  const makesLegs = entry.terms.bracket !== null && capabilitiesFor(c.setting.capabilities, assetClass).bracket
  return makesLegs && isNew && !(await legsAreKnown(c, entry))
}

const legsAreKnown = async (c: Command, entry: Order): Promise<boolean> =>
  (await c.tx.ordersOf(entry.intentID)).some(isLeg)

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
  const stops = (await wasToEnd(c, before)) || (await c.isTakenBack(order))
  if (stops && there.open) await cancel(c, order, `${before.clOrdID} was to be canceled`, SYSTEM)
  await c.task(
    'REPLACED_ELSEWHERE',
    before.clOrdID,
    'critical',
    `Other hands put another order in the place of ${before.clOrdID}: ${inWords(terms)}. Nobody here approved it; it is followed and protected like the old one. Cancel it, or leave it.`,
    corr,
  )
}

/** A cancel is still asked for, or was refused, and the next that was heard is why: the order is replaced. */
async function wasToEnd(c: Command, { asked, clOrdID, corr }: Order): Promise<boolean> {
  if (asked === 'Cancel') return true
  const story = (await c.tx.journalOf(corr)).filter((row) => row.object.id === clOrdID)
  const replacedAt = story.findLastIndex((row) => {
    const { report } = row.data as { report?: { execType?: unknown } }
    return row.action === 'execution.reported' && report?.execType === 'Replaced'
  })
  return story[replacedAt - 1]?.action === 'order.cancel-answered'
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
  const rate = await rateOf(c, terms.symbol)
  if (terms.reduceOnly || unitPx === null || rate === null) return {}
  return { maxNotional: round(times(times(terms.orderQty, unitPx), rate), 2, 'up') as Amt }
}

/** Account currency per unit of what the symbol is quoted in; null when nobody knows. */
async function rateOf(c: Command, symbol: string): Promise<Decimal | null> {
  const market = await c.tx.get('market', symbol)
  const currency = (await c.tx.get('account', c.setting.account))?.account.currency
  if (market?.conversion) return market.conversion.rate
  return currency !== undefined && currency === market?.instrument?.currency ? dec('1') : null
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
    const rate = await rateOf(c, symbol)
    // What cannot be booked at its worth stays a difference, and a person says what it is.
    if (known.has(symbol) || isZero(netQty) || avgPx === null || rate === null) continue
    await opened(c, symbol, netQty, avgPx, rate)
  }
}

async function opened(c: Command, symbol: string, netQty: Decimal, avgPx: Decimal, rate: Decimal): Promise<void> {
  const words = 'held when the account was first read'
  const corr = await booked(c, { id: `opening-${symbol}`, symbol, netQty, px: avgPx as Px, rate, words }, BROKER)
  await c.task(
    'OPENING_POSITION',
    symbol,
    'warning',
    `${text(netQty)} ${symbol} were held at ${text(avgPx)} when this account was first read. They count as held; no stop of this gateway protects them.`,
    corr,
  )
}

/**
 * A person says what a difference in position is (a split, a transfer, a gift of shares): the broker's count becomes
 * ours. Nothing is sent; what froze the symbol thaws when the books agree and its task is closed.
 *
 * @param ask.px what a unit is booked at; null takes the last quote.
 */
export async function takeInDifference(
  c: Command,
  ask: { readonly symbol: string; readonly px: Px | null; readonly reason: string; readonly actor: Actor },
): Promise<Result<null, Denial>> {
  const { symbol } = ask
  const { account, speed } = c.setting
  const person = ask.actor.type === 'person' ? await c.tx.get('person', ask.actor.id) : null
  if (!person || person.disabled || !EXPLAINERS.some((role) => person.roles.some((r) => r === role)))
    return deny(
      'NOT_ELIGIBLE',
      `Explaining a difference needs a signed-in person with a role of ${EXPLAINERS.join(', ')}.`,
    )
  const open = await c.tx.openOrders(account)
  if (open.some((o) => o.terms.symbol === symbol && o.delivery !== 'Delivered'))
    return deny(
      'UNRECONCILED',
      `An order in ${symbol} is on its way or in doubt: wait until it is known what became of it.`,
    )
  // Taken in twice, once as a difference and once as the order that made it, it would count twice.
  const isBeingExplained = (await c.tx.all('errand')).some(({ kind }) => kind === 'adopt')
  if (isBeingExplained && !(await c.tx.get('freeze', symbol)))
    return deny(
      'UNRECONCILED',
      'An order of other hands is being looked at and may explain the difference: try again in a minute.',
    )
  const row = await c.tx.get('account', account)
  if (!row || !knowsEveryTrade(row) || msBetween(row.at, c.now) > READING_MS * speed) {
    await c.errand('reconcile', account, 'take-in')
    return deny(
      'UNRECONCILED',
      'What the broker holds was read too long ago. It is read again now; try again in a few seconds.',
    )
  }
  const theirs = row.positions.filter((p) => p.symbol === symbol).reduce((sum, p) => plus(sum, p.netQty), ZERO)
  const held = (await c.tx.get('position', symbol))?.netQty ?? ZERO
  const netQty = minus(theirs, held)
  if (isZero(netQty))
    return deny('NOT_FOUND', `Nothing to take in: the broker and our book hold the same of ${symbol}.`)
  if (!(await isLasting(c, symbol, held, theirs))) {
    await c.errand('reconcile', account, 'take-in')
    return deny(
      'UNRECONCILED',
      `The difference in ${symbol} is new: it may be a trade that is just being reported. The books are compared again; try again in ${LASTING_MS / 1_000} seconds.`,
    )
  }
  const unitPx = ask.px ?? (await c.tx.get('market', symbol))?.quote?.last ?? null
  if (unitPx === null) return deny('NOT_FOUND', `No price of ${symbol} is known: say what a unit is to be booked at.`)
  const rate = await rateOf(c, symbol)
  if (rate === null) {
    await c.errand('gather', `symbol:${symbol}`, 'take-in')
    return deny(
      'UNRECONCILED',
      `What ${symbol} is quoted in is not known yet. It is asked for now; try again in a few seconds.`,
    )
  }
  await booked(
    c,
    { id: `explained-${symbol}-${c.now}`, symbol, netQty, px: unitPx, rate, words: ask.reason },
    ask.actor,
  )
  await c.errand('reconcile', account, 'take-in')
  return ok(null)
}
/**
 * The books must have differed by just this for a while, or so long that the symbol froze: a trade shows in the broker's
 * count before it is reported.
 */
const LASTING_MS = 10_000
async function isLasting(c: Command, symbol: string, ours: Decimal, theirs: Decimal): Promise<boolean> {
  const run = await c.tx.get('reconcile', c.setting.account)
  const n = run?.findings.findIndex((finding) => tellsOf(finding, symbol, ours, theirs)) ?? -1
  const seenAt = run?.seenAt?.[n]
  if (seenAt === undefined) return false
  return plusMs(seenAt, LASTING_MS * c.setting.speed) <= c.now || (await c.tx.get('freeze', symbol)) !== null
}
/** Roles that may say what a difference is: those that close its task. */
const EXPLAINERS: readonly string[] = ['risk', 'operator']
/** How old the broker's own count may be when ours is set to it. */
const READING_MS = 60_000

/** Books `netQty` as the trade of an order that never was one. @returns what its events are found by. */
async function booked(
  c: Command,
  what: {
    readonly id: string
    readonly symbol: string
    readonly netQty: Decimal
    readonly px: Px
    readonly rate: Decimal
    readonly words: string
  },
  actor: Actor,
): Promise<string> {
  const corr = `${INTENT}${what.id}`
  const orderID = what.id as OrderID
  const clOrdID = nameOf(orderID)
  const lastQty = abs(what.netQty) as Qty
  const terms: Terms = {
    symbol: what.symbol,
    side: sign(what.netQty) > 0 ? 'Buy' : 'Sell',
    ordType: 'Market',
    timeInForce: 'Day',
    orderQty: lastQty,
    price: null,
    stopPx: null,
    bracket: null,
    reduceOnly: false,
  }
  const order: Order = {
    ...freshOrder(
      { intentID: corr as IntentID, role: 'External', parent: null, clOrdID, account: c.setting.account, terms, corr },
      c.now,
    ),
    delivery: 'Delivered',
    orderID,
    text: what.words,
  }
  await c.emit('order.adopted', { type: 'order', id: clOrdID }, corr, { order, name: null }, actor)
  const trade = {
    execType: 'Trade',
    execID: what.id as ExecID,
    clOrdID,
    orderID,
    transactTime: c.now,
    text: what.words,
    lastQty,
    lastPx: what.px,
    settlCurrFxRate: what.rate,
    commission: ZERO as Amt,
  } as const
  await applyReports(c, [trade])
  return corr
}
