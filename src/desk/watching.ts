import { type Around, isOutside } from '../gate/fills.ts'
import type { LimitName } from '../gate/limits.ts'
import { figureOf, inRow, TRIGGERS, type TriggerName, type TriggerSettings } from '../gate/triggers.ts'
import { isBeyond } from '../gate/usage.ts'
import { moment, money, percent, span } from '../gate/words.ts'
import type { Actor, Row } from '../journal/row.ts'
import { type HaltLevel, type HaltScope, isHigher } from '../orders/halt.ts'
import { isOpen, type Order } from '../orders/machine.ts'
import type { TradeReport } from '../orders/report.ts'
import { isLive } from '../orders/stage.ts'
import { positionOf } from '../orders/position.ts'
import type { Intent, Task } from '../ports/records.ts'
import type { Page, Reads } from '../ports/store.ts'
import {
  type Amt,
  type Decimal,
  dec,
  isZero,
  lt,
  max,
  min,
  minus,
  plus,
  type Px,
  shortest,
  text,
  ZERO,
} from '../values/decimal.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'
import { stageNow } from './approving.ts'
import { type Command, knowsEveryTrade } from './command.ts'
import { askAboutDoubt } from './delivery.ts'
import type { Happened } from './events.ts'
import { halt } from './halting.ts'
import { pairOf } from './naming.ts'
import { demote, isDemoting } from './promoting.ts'
import { isBreak, unreviewedSince, slippageBps } from './rolling.ts'
import { agreesWithBook } from './trading-day.ts'
import { limitsNow } from './used.ts'

// The watch over the running house: what trips by itself, and who hears of it. What a command does is looked at in its own
// transaction; what only time brings, every few seconds. The table of triggers says how much, and what follows.

/** Tighter figures than those of the table. Absent in a setting: nobody watches. */
export type Watching = { readonly tighter: TriggerSettings }

/** What the process feels and the book does not say. */
export type Felt = {
  /** Since when the broker answers nothing; null while it does. */
  readonly silentSince: Instant | null
  /** Since when the stream of its reports is lost. Absent: it is not, or there is none. */
  readonly deafSince?: Instant
  /** How far our clock is ahead of the broker's, and since when it is that far off; null where nothing tells. */
  readonly clock: { readonly aheadMs: number; readonly since: Instant } | null
  /** The last two readings of the broker's clock say that ours is right. Absent: one of them did not, or there are none yet. */
  readonly clockKept?: true
}
/** What this process knows since it began. */
export type SinceStart = {
  readonly startedAt: Instant
  /** Since when the head of the journal cannot be signed and anchored; null while it can. */
  readonly unsealedSince: Instant | null
}

const environment = (c: Command): 'paper' | 'live' => c.setting.policy.environment
const ruleActor = (name: TriggerName): Actor => ({
  type: 'system',
  id: `rule ${TRIGGERS[name].control}`,
  via: 'worker',
  session: null,
})
/** Who stops a live account that goes back a stage. */
const DEMOTION: Actor = { type: 'system', id: 'rule A05', via: 'worker', session: null }
/** How long ago, in a person's time. */
const agoMs = (c: Command, at: Instant): number => Math.floor(msBetween(at, c.now) / c.setting.speed)

async function figure(c: Command, name: TriggerName): Promise<number> {
  const stage = (await c.rules()).limits?.stage ?? (await stageNow(c.tx, environment(c)))
  return figureOf(name, stage, c.setting.watching?.tighter ?? {})
}
/** The hard limit that people have set; null where there is none. */
const limitOf = async (c: Command, name: LimitName): Promise<Decimal | null> =>
  (await c.rules()).limits?.values[name].hard ?? null
const countOf = async (c: Command, name: LimitName): Promise<number | null> => {
  const limit = await limitOf(c, name)
  return limit === null || lt(limit, ONE) ? null : Number(shortest(limit))
}
const ONE = dec('1')

/** When people last released this; what happened before has been looked at. */
const releasedAt = async (reads: Reads, scope: HaltScope): Promise<Instant> =>
  (await reads.get('halt', scope))?.releasedAt ?? (0 as Instant)

type Trip = {
  /** What the alert is about, for people. */
  readonly subject: string
  /** Names what happened: the same never trips twice, whatever people did meanwhile. */
  readonly occasion: string
  readonly text: string
  readonly scope?: HaltScope
}

/** Raises the alert and stops what is to stop. An alert that is open is not raised again while nothing else is stopped. */
async function trip(c: Command, name: TriggerName, { subject, occasion, text, scope = 'global' }: Trip): Promise<void> {
  const { alert, severity, halts } = TRIGGERS[name]
  if (alert === null) return
  const level = halts[environment(c)]
  const taskID = `${alert}:${subject}`
  const before = await c.tx.get('task', taskID)
  if (before?.occasion === occasion) return
  if (before?.doneAt === null && (level === null || (await stands(c, scope, level)))) return
  if (before?.doneAt === null) await closeByRule(c, before, 'It happened again.')
  await c.task(alert, subject, severity, text, `watch:${alert}`, occasion)
  if (level !== null) await halt(c, { scope, level, reason: text, actor: ruleActor(name) })
  await takeBack(c, name, text)
}
/** The account goes back a stage where the table says so; out of a live one nothing is sent until people have looked. */
async function takeBack(c: Command, name: TriggerName | 'break', why: string): Promise<void> {
  const stage = (await c.tx.get('stage', 'account'))?.stage
  if (stage === undefined || !isDemoting(name)) return
  if (isLive(stage) && !(await stands(c, 'global', 'K3')))
    await halt(c, { scope: 'global', level: 'K3', reason: why, actor: DEMOTION })
  await demote(c, name, why)
}
/** Whether so much, or more, is halted already. */
async function stands(c: Command, scope: HaltScope, level: HaltLevel): Promise<boolean> {
  const state = (await c.tx.get('halt', scope))?.state
  return state != null && !isHigher(level, state.level)
}
const closeByRule = (c: Command, { taskID, corr }: Task, note: string): Promise<Row> =>
  c.emit('task.closed', { type: 'task', id: taskID }, corr, { by: 'gateway', note })

// ---------------------------------------------------------------- what a command did

/** Looks at what the command of this transaction did. Nothing is read where it did nothing of the kind. */
export async function watchCommand(c: Command): Promise<void> {
  if (!c.setting.watching) return
  await noteWhoActed(c)
  // Stopping something is news as well, and not looked at again.
  const rows = [...c.told]
  const rejected = rows.filter(isRejection)
  const strategies = new Map<string, { rejected: boolean; traded: boolean }>()
  for (const row of rows) {
    const traded = row.action === 'execution.reported' && !isRejection(row)
    if (!traded && !isRejection(row)) continue
    const strategyID = await strategyOf(c, row.object.id)
    if (strategyID === null) continue
    const before = strategies.get(strategyID)
    strategies.set(strategyID, {
      rejected: before?.rejected === true || isRejection(row),
      traded: before?.traded === true || traded,
    })
  }
  for (const [strategyID, did] of strategies) {
    if (did.rejected) await countRejects(c, strategyID)
    if (did.traded) await countLosers(c, strategyID)
  }
  if (rejected.length > 0) await countBurst(c)
  for (const row of rows) if (row.action === 'intent.refused') await countRepeats(c, row)
  const broken = rows.filter(isBreak).map(({ data }) => (data as unknown as Happened['instrument.frozen']).reason)
  if (broken.length > 0)
    await takeBack(c, 'break', `Nothing explains a difference from the broker: ${broken.join('; ')}`)
  if (rows.some(({ action }) => action === 'order.send-started')) await countSends(c)
  for (const row of rows) {
    if (row.action === 'order.accepted' || row.action === 'order.rejected') await timeAnswer(c, row)
    if (row.action === 'execution.reported') await lookAtFill(c, row)
  }
  for (const row of rows) await compareSent(c, row)
  if (c.hasReading) await measureLosses(c)
}

/** Whatever a person does shows that somebody is there; what an agent or the gateway does shows nothing. */
async function noteWhoActed(c: Command): Promise<void> {
  if (!c.told.some(({ actor }) => actor.type === 'person')) return
  const row = await c.tx.get('account', c.setting.account)
  if (row) await c.tx.put('account', { ...row, actedAt: c.now })
}

const isRejection = ({ action, data }: Row): boolean =>
  action === 'order.rejected' ||
  (action === 'execution.reported' &&
    (data as unknown as Happened['execution.reported']).report.execType === 'Rejected')

async function strategyOf(c: Command, clOrdID: string): Promise<string | null> {
  const order = await c.tx.get('order', clOrdID)
  return (order && (await c.tx.get('intent', order.intentID))?.proposal.strategyID) ?? null
}

/** Of one strategy no more is looked back at: a row is broken long before. */
const LOOK_BACK = 50

async function latestOf(reads: Reads, strategyID: string): Promise<readonly Intent[]> {
  return (await reads.intents({ strategyID }, { limit: LOOK_BACK, after: null })).items
}

const isRejected = ({ delivery, phase }: Order): boolean => delivery === 'Rejected' || phase === 'Rejected'

/** The latest entries of a strategy that the broker rejected one after the other, newest first. */
export async function rejectsInRow(reads: Reads, strategyID: string): Promise<readonly Order[]> {
  const entries: Order[] = []
  for (const { clOrdID } of await latestOf(reads, strategyID)) {
    const order = clOrdID && (await reads.get('order', clOrdID))
    // What the broker has not answered breaks no row, and is none of it.
    if (order && (isRejected(order) || order.delivery === 'Delivered')) entries.push(order)
  }
  const since = await releasedAt(reads, `strategy:${strategyID}`)
  entries.sort((a, b) => (b.sentAt ?? 0) - (a.sentAt ?? 0))
  return inRow(entries, (order) => isRejected(order) && order.updatedAt > since)
}

async function countRejects(c: Command, strategyID: string): Promise<void> {
  const most = await countOf(c, 'maxRejects')
  const rejects = await rejectsInRow(c.tx, strategyID)
  const [last] = rejects
  if (most === null || !last || rejects.length < most) return
  await trip(c, 'rejectsInRow', {
    subject: strategyID,
    occasion: last.clOrdID,
    scope: `strategy:${strategyID}`,
    text: `The broker rejected the last ${rejects.length} entries of the strategy ${strategyID}; at ${most} it stops. The last was ${last.terms.symbol}: "${last.text ?? 'no reason given'}".`,
  })
}

type RoundTrip = { readonly clOrdID: string; readonly result: Amt; readonly closedAt: Instant }

/** The latest round trips of a strategy that lost one after the other, newest first. */
export async function losersInRow(reads: Reads, strategyID: string): Promise<readonly RoundTrip[]> {
  const trips: RoundTrip[] = []
  for (const { intentID } of await latestOf(reads, strategyID)) {
    const trip = await roundTrip(reads, intentID)
    if (trip) trips.push(trip)
  }
  const since = await releasedAt(reads, `strategy:${strategyID}`)
  trips.sort((a, b) => b.closedAt - a.closedAt)
  return inRow(trips, ({ result, closedAt }) => lt(result, ZERO) && closedAt > since)
}

/** What an intent came to whose entry has filled and whose exits have closed all of it; null while, or where, that is not so. */
async function roundTrip(reads: Reads, intentID: Intent['intentID']): Promise<RoundTrip | null> {
  const orders = await reads.ordersOf(intentID)
  const traded = orders.filter(({ cumQty }) => !isZero(cumQty))
  const [entry] = traded
  if (!entry || orders.some((order) => order.role === 'Entry' && isOpen(order))) return null
  const fills = (await Promise.all(traded.map(({ clOrdID }) => reads.fillsOf({ clOrdID })))).flat()
  const { netQty, realizedPnl, commission } = positionOf(
    entry.terms.symbol,
    fills.toSorted((a, b) => a.seq - b.seq),
  )
  if (!isZero(netQty)) return null
  const closedAt = traded.reduce<Instant>(
    (last, { updatedAt }) => (updatedAt > last ? updatedAt : last),
    entry.updatedAt,
  )
  return { clOrdID: entry.clOrdID, result: minus(realizedPnl, commission), closedAt }
}

async function countLosers(c: Command, strategyID: string): Promise<void> {
  const most = await countOf(c, 'maxLosers')
  if (most === null) return
  const losers = await losersInRow(c.tx, strategyID)
  const [last] = losers
  if (!last || losers.length < most) return
  const lost = losers.reduce<Decimal>((sum, { result }) => plus(sum, result), ZERO)
  const currency = (await c.tx.get('account', c.setting.account))?.account.currency ?? ''
  await trip(c, 'losersInRow', {
    subject: strategyID,
    occasion: last.clOrdID,
    scope: `strategy:${strategyID}`,
    text: `The last ${losers.length} round trips of the strategy ${strategyID} lost ${money(minus(ZERO, lost), currency).trim()}; at ${most} in a row it stops.`,
  })
}

async function countRepeats(c: Command, { data, object }: Row): Promise<void> {
  const { refusals } = data as unknown as Happened['intent.refused']
  const most = await countOf(c, 'maxRepeats')
  if (most === null || !refusals.some(({ code }) => code === 'REPEATS_EXCEEDED')) return
  const proposal = (await c.tx.get('intent', object.id))?.proposal
  if (!proposal) return
  const { strategyID, side, symbol } = proposal
  await trip(c, 'repeats', {
    subject: strategyID,
    occasion: object.id,
    scope: `strategy:${strategyID}`,
    text: `The strategy ${strategyID} wants to ${side?.toLowerCase() ?? 'trade'} ${symbol} again; it has ${most} times today, which is the limit.`,
  })
}

/** What left, or was about to, against what was approved: one order for each approved intent, and no other bytes. */
async function compareSent(c: Command, { action, object, data }: Row): Promise<void> {
  const { differs } = data as unknown as Happened['order.absent']
  if (action === 'order.absent' && differs !== undefined)
    return trip(c, 'sentDiffers', {
      subject: c.setting.account,
      occasion: object.id,
      text: `Order ${object.id} did not leave: ${differs}. Something is wrong with the program; nothing more is sent.`,
    })
  if (action !== 'order.send-started') return
  const order = await c.tx.get('order', object.id)
  if (order?.role !== 'Entry' || order.replaces) return
  const intent = await c.tx.get('intent', order.intentID)
  const left = (await c.tx.ordersOf(order.intentID)).filter(
    (one) => one.role === 'Entry' && !one.replaces && one.sentAt !== null && one.delivery !== 'Absent',
  )
  const approved = intent?.decision?.verdict === 'approved' ? 1 : 0
  if (left.length <= approved) return
  await trip(c, 'sentDiffers', {
    subject: c.setting.account,
    occasion: object.id,
    text: `${left.length} orders left for intent ${order.intentID}, of which ${approved} was approved. Nothing more is sent.`,
  })
}

const BURST_MS = 60_000
/** An order is answered within half a minute, or counts as in doubt. */
const ANSWERED_MS = 120_000

async function countBurst(c: Command): Promise<void> {
  const most = await figure(c, 'rejectBurst')
  const since = Math.max(c.after(-BURST_MS), await releasedAt(c.tx, 'global'))
  const { items } = await c.tx.orders({ from: c.after(-BURST_MS - ANSWERED_MS) }, { limit: 100, after: null })
  const rejects = items.filter((order) => isRejected(order) && order.updatedAt > since)
  if (rejects.length < most) return
  const last = rejects.reduce((a, b) => (b.updatedAt > a.updatedAt ? b : a))
  await trip(c, 'rejectBurst', {
    subject: c.setting.account,
    occasion: last.clOrdID,
    text: `The broker rejected ${rejects.length} orders within a minute; at ${most} nothing more is opened. The last was ${last.terms.symbol}: "${last.text ?? 'no reason given'}".`,
  })
}

/** How many entries and replacements were sent after an instant, at most one more than `most`; null when no more. */
async function sentAfter(c: Command, since: number, most: number): Promise<readonly Order[] | null> {
  const sent: Order[] = []
  const ask = { from: c.after(-BURST_MS - ANSWERED_MS) }
  for (let after: string | null = null; ; ) {
    const page: Page<Order> = await c.tx.orders(ask, { limit: 100, after })
    sent.push(...page.items.filter(({ role, sentAt }) => role === 'Entry' && sentAt !== null && sentAt > since))
    if (sent.length > most) return sent.slice(0, most + 1)
    after = page.next
    if (after === null) return null
  }
}

async function countSends(c: Command): Promise<void> {
  const limit = await countOf(c, 'maxOrdersPerMinute')
  if (limit === null || (await stands(c, 'global', 'K3'))) return
  const most = (await figure(c, 'orderRate')) * limit
  const since = Math.max(c.after(-BURST_MS), await releasedAt(c.tx, 'global'))
  const sent = await sentAfter(c, since, most)
  if (sent === null) return
  await trip(c, 'orderRate', {
    subject: c.setting.account,
    occasion: String(Math.max(...sent.map(({ sentAt }) => sentAt ?? 0))),
    text: `More than ${most} entries and replacements were sent within a minute; the limit is ${limit}, and beyond ${most} something runs wild.`,
  })
}

// ---------------------------------------------------------------- answers and fills

async function slow(c: Command, { clOrdID, terms }: Order, ms: number, ended: string): Promise<void> {
  await trip(c, 'slowAnswer', {
    subject: c.setting.account,
    occasion: clOrdID,
    text: `The send of order ${clOrdID} in ${terms.symbol} ${ended}; an answer may take ${span(ms)}.`,
  })
}

/** An answer that comes late is one, although nobody looked while it was missing. */
async function timeAnswer(c: Command, { object }: Row): Promise<void> {
  const order = await c.tx.get('order', object.id)
  const ms = await figure(c, 'slowAnswer')
  if (!order?.sentAt || agoMs(c, order.sentAt) <= ms) return
  await slow(c, order, ms, `was answered after ${span(agoMs(c, order.sentAt))}`)
}

async function lookAtFill(c: Command, { data, object }: Row): Promise<void> {
  const { report } = data as unknown as Happened['execution.reported']
  const order = await c.tx.get('order', object.id)
  if (report.execType !== 'Trade' || !order) return
  const known = await c.tx.get('fill', `${order.account}|${report.execID}`)
  // Busted or corrected before it came: what counts of it is not what it says.
  if (!known?.live || known.corrected) return
  if (order.ended !== undefined)
    await trip(c, 'unexpectedFill', {
      subject: order.clOrdID,
      occasion: report.execID,
      text: `${fillWords(order, report)} That order was over (${order.ended}). What it filled counts; see that its stop is at the broker and that nothing trades on its behalf.`,
    })
  await measureSlippage(c, order, report)
  await lookAtPrice(c, order, report)
}

/** What the order was to trade at: what people saw of an entry, the trigger of a stop. Null: nobody said. */
async function wantedPx(c: Command, { role, intentID, terms, consent }: Order): Promise<Px | null> {
  if (role === 'Stop') return terms.stopPx
  if (role !== 'Entry') return null
  return (consent?.ticket ?? (await c.tx.get('intent', intentID))?.ticket)?.refPx ?? null
}

async function measureSlippage(c: Command, order: Order, report: TradeReport): Promise<void> {
  const wanted = await wantedPx(c, order)
  const most = await figure(c, 'slippage')
  const bps = wanted && slippageBps(order.terms.side, wanted, report.lastPx)
  if (wanted === null || bps === null || bps <= most) return
  await trip(c, 'slippage', {
    subject: order.clOrdID,
    occasion: report.execID,
    text: `${fillWords(order, report)} That is ${bps} bps worse than ${text(wanted)}, ${order.role === 'Stop' ? 'its trigger' : 'the price when it was approved'}; ${most} bps may be.`,
  })
}

const fillWords = ({ clOrdID, terms }: Order, { lastQty, lastPx, execID }: TradeReport): string =>
  `Order ${clOrdID} ${terms.side === 'Buy' ? 'bought' : 'sold'} ${shortest(lastQty)} ${terms.symbol} at ${text(lastPx)} (execution ${execID}).`

const AROUND_MS = 60_000
/** The prices that were read within a minute of an instant, and later; null where none was. */
async function around(c: Command, symbol: string, at: Instant): Promise<Around | null> {
  const market = await c.tx.get('market', symbol)
  const since = plusMs(at, -AROUND_MS * c.setting.speed)
  const { quote } = market ?? {}
  // A part of the trail is a minute long, and named after its beginning.
  const seen = (market?.trail ?? []).filter((part) => plusMs(part.at, AROUND_MS * c.setting.speed) > since)
  const parts: Around[] = quote && quote.at >= since ? [...seen, { low: quote.bid, high: quote.ask }] : seen
  return parts.length === 0 ? null : parts.reduce((a, b) => ({ low: min(a.low, b.low), high: max(a.high, b.high) }))
}

/** A fill far from the market may be undone, for as long as the venue takes requests: people hear of it, and nothing is opened. */
async function lookAtPrice(c: Command, order: Order, report: TradeReport): Promise<void> {
  const { symbol } = order.terms
  const near = await around(c, symbol, report.transactTime)
  const { collarBps } = await c.rules()
  if (near === null || !isOutside(report.lastPx, near, collarBps)) return
  const between = `between ${text(near.low)} and ${text(near.high)}`
  await trip(c, 'oddFill', {
    subject: report.execID,
    occasion: report.execID,
    text: `${fillWords(order, report)} It was at ${moment(report.transactTime)}, order ${order.orderID ?? 'not known'} of the broker; the prices read around it were ${between}, and ${collarBps} bps from them are the collar. ${symbol} is frozen. Have the broker review it now: venues take requests for minutes only.`,
  })
  await c.freeze(symbol, `execution ${report.execID} at ${text(report.lastPx)} is outside the collar`, 'watch:ODD_FILL')
}

/** Both losses, measured as the gate measures them. One reading may be odd: two in a row count. */
async function measureLosses(c: Command): Promise<void> {
  const row = await c.tx.get('account', c.setting.account)
  if (!row || !c.setting.limiting) return
  const isSound = knowsEveryTrade(row) && (await agreesWithBook(c.tx, row))
  const now = isSound ? await limitsNow(c) : null
  const atLimit = LOSSES.filter((name) => {
    const { used, limit } = now?.used.find((one) => one.name === name) ?? {}
    return used && limit && isBeyond(name, used, limit)
  })
  const before = row.atLimit ?? []
  if (atLimit.join() !== before.join()) await c.tx.put('account', { ...row, atLimit })
  for (const name of LOSSES) {
    const { used, limit } = now?.used.find((one) => one.name === name) ?? {}
    if (!now?.day.opening || !used || !limit || !atLimit.includes(name) || !before.includes(name)) continue
    const share = await limitOf(c, name)
    const [lost, most] = [money(used, now.currency ?? ''), money(limit, now.currency ?? '')]
    await trip(
      c,
      name,
      name === 'dayLoss'
        ? {
            subject: now.day.day,
            occasion: now.day.day,
            text: `The account has lost ${lost} on ${now.day.day}; at ${most}, ${percent(share ?? ZERO)} of equity, nothing more is opened.`,
          }
        : {
            subject: c.setting.account,
            occasion: shortest(now.day.opening.highEquity),
            text: `The account is ${lost} below its highest equity; at ${most}, ${percent(share ?? ZERO)} of it, trading stops.`,
          },
    )
  }
}
const LOSSES = ['dayLoss', 'drawdown'] as const

// ---------------------------------------------------------------- what only time brings

/** Looks at everything that needs no event to go wrong. */
export async function watch(c: Command, felt: Felt, own: SinceStart): Promise<void> {
  if (!c.setting.watching) return
  await lookAtAnswers(c)
  await lookAtDoubts(c)
  await lookAtBooks(c)
  await lookAtBroker(c, felt)
  await lookAtStream(c, felt)
  await lookAtClock(c, felt)
  await lookAtSeal(c, own)
  await lookAtReviews(c)
  await lookForPeople(c, own)
  await lookAtAlerts(c, own)
}

async function lookAtAnswers(c: Command): Promise<void> {
  const ms = await figure(c, 'slowAnswer')
  const waiting = (await c.tx.openOrders(c.setting.account)).filter(
    ({ delivery, sentAt }) =>
      (delivery === 'Sending' || delivery === 'InDoubt') && sentAt !== null && agoMs(c, sentAt) > ms,
  )
  if (waiting.length === 0) return
  // Of several the newest: what people have closed the alert about is told once.
  const last = waiting.reduce((a, b) => ((b.sentAt ?? 0) > (a.sentAt ?? 0) ? b : a))
  await slow(c, last, ms, `has had no clear answer`)
}

/** Shorter doubt is a slow answer. */
const DOUBT_MS = 10_000

async function lookAtDoubts(c: Command): Promise<void> {
  const open = await c.tx.openOrders(c.setting.account)
  const doubtful = open.filter(({ delivery, sentAt }) => delivery === 'InDoubt' && sentAt !== null)
  const lasts = await figure(c, 'doubtThatLasts')
  for (const order of doubtful) {
    if (agoMs(c, order.sentAt ?? c.now) < lasts) continue
    await askAboutDoubt(c, order)
    const { clOrdID } = order
    // Once for each order: it may be in doubt for hours, and people may have promoted the account meanwhile.
    const past = (await c.tx.get('stage', 'account'))?.past ?? []
    if (!past.some(({ cause, why }) => cause === 'demoted' && why.includes(clOrdID)))
      await takeBack(
        c,
        'doubtThatLasts',
        `Nobody has known for ${span(lasts)} whether the broker has order ${clOrdID}.`,
      )
  }
  const most = await figure(c, 'ordersInDoubt')
  const stops = new Set(doubtful.filter(({ role }) => role === 'Stop').map(({ clOrdID }) => pairOf(clOrdID)))
  // A stop and its target leave in one request: one answer was lost, not two.
  const lasting = doubtful.filter((o) => agoMs(c, o.sentAt ?? c.now) > DOUBT_MS && !stops.has(o.clOrdID))
  if (lasting.length < most) return
  const last = lasting.reduce((a, b) => ((b.sentAt ?? 0) > (a.sentAt ?? 0) ? b : a))
  if ((last.sentAt ?? 0) <= (await releasedAt(c.tx, 'global'))) return
  await trip(c, 'ordersInDoubt', {
    subject: c.setting.account,
    occasion: last.clOrdID,
    text: `${lasting.length} orders have been in doubt for more than ${span(DOUBT_MS)}: ${lasting.map(({ clOrdID }) => clOrdID).join(', ')}. At ${most} nothing more is sent.`,
  })
}

async function lookAtBooks(c: Command): Promise<void> {
  const run = await c.tx.get('reconcile', c.setting.account)
  const ms = await figure(c, 'booksDiffer')
  if (run?.graveSince === undefined || agoMs(c, run.graveSince) < ms) return
  // Whoever looks at the frozen symbol looks at this.
  if (TRIGGERS.booksDiffer.halts[environment(c)] === null && (await c.tx.all('freeze')).length > 0) return
  await trip(c, 'booksDiffer', {
    subject: c.setting.account,
    occasion: String(run.graveSince),
    text: `Our book and the broker have differed for more than ${span(ms)}, and nothing explains it: ${run.findings.join('; ')}.`,
  })
}

async function lookAtBroker(c: Command, { silentSince }: Felt): Promise<void> {
  const held = (await c.tx.all('position')).filter(({ netQty }) => !isZero(netQty))
  if (silentSince === null) return lookAtQuotes(c, held)
  const entries = await openEntries(c)
  if (held.length === 0 && entries.length === 0) return
  const exposed = `${held.length} positions and ${entries.length} entries are open`
  const silentMs = agoMs(c, silentSince)
  for (const name of ['brokerSilent', 'brokerLost'] as const) {
    const ms = await figure(c, name)
    if (silentMs < ms) continue
    await trip(c, name, {
      subject: c.setting.account,
      occasion: String(silentSince),
      text: `The broker has not answered for more than ${span(ms)}, while ${exposed}.`,
    })
  }
}

async function lookAtStream(c: Command, { deafSince, silentSince }: Felt): Promise<void> {
  // A broker that answers nothing is told of by itself.
  if (deafSince === undefined || silentSince !== null) return
  const ms = await figure(c, 'streamLost')
  if (agoMs(c, deafSince) < ms) return
  const held = (await c.tx.all('position')).filter(({ netQty }) => !isZero(netQty))
  const entries = await openEntries(c)
  if (held.length === 0 && entries.length === 0) return
  await trip(c, 'streamLost', {
    subject: c.setting.account,
    occasion: String(deafSince),
    text: `The stream of the broker’s reports has been lost for more than ${span(ms)}, while ${held.length} positions and ${entries.length} entries are open. They are asked about one by one, so that a fill is heard of later.`,
  })
}
const openEntries = async (c: Command): Promise<readonly Order[]> =>
  (await c.tx.openOrders(c.setting.account)).filter((o) => o.role === 'Entry' && isOpen(o))

async function lookAtQuotes(c: Command, held: readonly { readonly symbol: string }[]): Promise<void> {
  const ms = await figure(c, 'staleQuote')
  for (const { symbol } of held) {
    const market = await c.tx.get('market', symbol)
    // What is not read at all is the silence of the broker, or a symbol that nobody reads.
    if (!market?.quote || !market.session?.open || agoMs(c, market.at) > ms || agoMs(c, market.quote.at) < ms) continue
    await trip(c, 'staleQuote', {
      subject: symbol,
      occasion: String(market.quote.at),
      text: `The newest quote of ${symbol}, which is held, is older than ${span(ms)}, while its market is open. Its stop rests at the broker; no new order goes in it.`,
    })
  }
}

async function lookAtClock(c: Command, { clock, clockKept }: Felt): Promise<void> {
  const row = await c.tx.get('account', c.setting.account)
  if (row?.clockWrong && clockKept) await c.tx.put('account', { ...row, clockWrong: false })
  if (clock === null) return
  if (row && !row.clockWrong && Math.abs(clock.aheadMs) > (await figure(c, 'clockWrong')))
    await c.tx.put('account', { ...row, clockWrong: true })
  for (const name of ['clockOff', 'clockWrong'] as const) {
    const ms = await figure(c, name)
    if (Math.abs(clock.aheadMs) <= ms) continue
    await trip(c, name, {
      subject: c.setting.account,
      occasion: String(clock.since),
      text: `Our clock is ${span(Math.abs(clock.aheadMs))} ${clock.aheadMs > 0 ? 'ahead of' : 'behind'} the broker's; ${span(ms)} may be.`,
    })
  }
}

async function lookAtSeal(c: Command, { unsealedSince }: SinceStart): Promise<void> {
  const ms = await figure(c, 'unsealed')
  if (unsealedSince === null || agoMs(c, unsealedSince) < ms) return
  await trip(c, 'unsealed', {
    subject: c.setting.account,
    occasion: String(unsealedSince),
    text: `The head of the journal could not be signed and anchored for more than ${span(ms)}.`,
  })
}

/** Once a year all controls are looked at as a whole, and every quarter who has access: people are reminded of it. */
async function lookAtReviews(c: Command): Promise<void> {
  const since = await unreviewedSince(c.tx)
  if (since === null) return
  const { account } = c.setting
  const days = Math.floor(agoMs(c, since) / DAY_MS)
  for (const [kind, after, todo] of REMINDERS)
    if (days >= after)
      await remind(
        c,
        kind,
        String(since),
        account,
        `All controls were last reviewed ${days} days ago. ${todo} Then say so with: jax-exec controls reviewed --note "…"`,
      )
}
const DAY_MS = 86_400_000
const REMINDERS = [
  ['ACCESS_REVIEW', 92, 'Read who has access: jax-exec controls report.'],
  ['CONTROLS_REVIEW', 365, 'Read jax-exec controls report; a live account opens nothing from 400 days on.'],
] as const
/** Once for each thing that it is about, also after somebody has closed it. */
async function remind(c: Command, kind: string, occasion: string, subject: string, text: string): Promise<void> {
  if ((await c.tx.get('task', `${kind}:${subject}`))?.occasion === occasion) return
  await c.task(kind, subject, 'warning', text, `watch:${kind}`, occasion)
}

/** An act that lies further ahead is of a clock that was set back since: how long ago it was, nobody knows. */
const AHEAD_MS = 60_000

/** What can open a position without anybody is stopped when nobody has been there for long. */
async function lookForPeople(c: Command, { startedAt }: SinceStart): Promise<void> {
  const { nobodyThere, entriesUnattended } = c.setting.watching?.tighter ?? {}
  const actedAt = (await c.tx.get('account', c.setting.account))?.actedAt ?? startedAt
  const absentMs = agoMs(c, actedAt)
  const isMissed = (ms: number): boolean => absentMs >= ms || absentMs <= -AHEAD_MS
  if (environment(c) === 'live' || nobodyThere !== undefined) await lookForAnybody(c, actedAt, isMissed)
  if (entriesUnattended === undefined) return
  const ms = await figure(c, 'entriesUnattended')
  const entries = isMissed(ms) ? await openEntries(c) : []
  if (entries.length === 0) return
  await trip(c, 'entriesUnattended', {
    subject: c.setting.account,
    occasion: String(actedAt),
    text: `No person has done anything here for more than ${span(ms)}, while ${entries.length} entries are open. They are taken back; what is held keeps its stops.`,
  })
}

async function lookForAnybody(c: Command, actedAt: Instant, isMissed: (ms: number) => boolean): Promise<void> {
  const ms = await figure(c, 'nobodyThere')
  if (!isMissed(ms)) return
  const entries = await openEntries(c)
  const armed = (await c.tx.all('arming')).filter(({ disarmedAt, until }) => disarmedAt === null && until > c.now)
  if (entries.length === 0 && armed.length === 0) return
  await trip(c, 'nobodyThere', {
    subject: c.setting.account,
    occasion: String(actedAt),
    text: `No person has done anything here for more than ${span(ms)}, while ${entries.length} entries are open and ${armed.length} strategies are armed. Nothing more is opened; entries and stops at the broker stay.`,
  })
}

/** An alert that nobody has seen is told to further people; a critical one stops what opens, in the end. */
async function lookAtAlerts(c: Command, { startedAt }: SinceStart): Promise<void> {
  const [unheardMs, unheededMs] = [await figure(c, 'unheard'), await figure(c, 'unheeded')]
  const released = await releasedAt(c.tx, 'global')
  for (const task of await c.tx.all('task')) {
    if (task.doneAt !== null || task.acknowledgedAt !== undefined) continue
    const { taskID, corr, raisedAt, severity, kind, subject, text } = task
    // Nobody could see it while the gateway was down.
    const waitedMs = agoMs(c, raisedAt > startedAt ? raisedAt : startedAt)
    if (waitedMs >= unheardMs && task.escalatedAt === undefined)
      await c.emit('task.escalated', { type: 'task', id: taskID }, corr, { waitedMs })
    if (severity !== 'critical' || waitedMs < unheededMs || raisedAt <= released) continue
    const level = TRIGGERS.unheeded.halts[environment(c)] ?? 'K2'
    if (await stands(c, 'global', level)) continue
    const reason = `Nobody acknowledged the critical alert ${kind} ${subject} within ${span(unheededMs)}: ${text}`
    await halt(c, { scope: 'global', level, reason, actor: ruleActor('unheeded') })
  }
}
