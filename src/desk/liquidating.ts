import { type Closing, fruitlessInARow, isOver, nextStep, type Place, unended } from '../gate/closing.ts'
import type { MarketFacts } from '../gate/facts.ts'
import { passExit } from '../gate/gate.ts'
import type { Actor } from '../journal/row.ts'
import { firstOf } from '../orders/generations.ts'
import { cancels } from '../orders/halt.ts'
import { type Liquidation, ownFamily, type Surveyed } from '../orders/liquidation.ts'
import { freshOrder, type Order } from '../orders/machine.ts'
import type { AccountReading, AccountRow, Person } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { shortest } from '../values/decimal.ts'
import { base32, sha256 } from '../values/hash.ts'
import { canonical } from '../values/json.ts'
import { ok, type Result } from '../values/result.ts'
import { cancel } from './canceling.ts'
import { closingOf, collarOf, countOf, reportLine, rulesOf, STUCK, symbolsIn } from './closing.ts'
import { type Command, deny, knowsEveryTrade, SYSTEM } from './command.ts'
import type { Denial, Send } from './desk.ts'
import { halt } from './halting.ts'
import { entryID, exitID } from './naming.ts'
import { protect } from './protecting.ts'

/** Roles that may have everything closed. */
export const LIQUIDATORS: readonly string[] = ['risk', 'operator']

const about = ({ liquidationID }: Pick<Liquidation, 'liquidationID'>) => ({ type: 'liquidation', id: liquidationID })

async function liquidator(c: Command, actor: Actor): Promise<Result<Person, Denial>> {
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (person && !person.disabled && LIQUIDATORS.some((role) => person.roles.some((r) => r === role))) return ok(person)
  return deny(
    'NOT_ELIGIBLE',
    `Closing everything takes a signed-in person with one of the roles ${LIQUIDATORS.join(', ')}.`,
  )
}

/**
 * Halts everything, has every open order canceled, and then closes what is held: one command, so that nothing can open in
 * between. A symbol of which there is nothing is denied, and the halt stays.
 */
export async function startLiquidation(
  c: Command,
  ask: {
    readonly account: string
    readonly symbols: readonly string[] | null
    readonly reason: string
    readonly actor: Actor
  },
): Promise<Result<Liquidation, Denial>> {
  const { reason, actor } = ask
  const person = await liquidator(c, actor)
  if (!person.ok) return person
  const { account } = c.setting
  if (ask.account !== account)
    return deny(
      'WRONG_ACCOUNT',
      `This account is called ${account}. Type exactly that, so that nobody closes another one by mistake.`,
    )
  const before = await c.tx.get('liquidation', 'account')
  if (before?.state === 'Running')
    return deny(
      'LIQUIDATING',
      `A liquidation by ${before.byName} runs already. Stop it first, or let it come to its end.`,
    )
  const state = (await c.tx.get('halt', 'global'))?.state
  if (!state || !cancels(state))
    await halt(c, { reason: `Liquidation: ${reason}`, scope: 'global', level: 'K4', actor })
  const symbols = ask.symbols && [...new Set(ask.symbols)].sort()
  const nothing = symbols && (await nothingOf(c, symbols))
  if (nothing) return nothing
  const liquidation = {
    liquidationID: `liq_${base32(sha256(`${account} ${actor.id} ${c.now}`), 12)}`,
    by: person.value.personID,
    byName: person.value.name,
    reason,
    symbols,
    collarBps: await collarOf(c),
    startedAt: c.now,
  }
  await c.emit('liquidation.started', about(liquidation), liquidation.liquidationID, { liquidation }, actor)
  // The cancels wait for no reading of the market.
  for (const order of await openIn(c, symbols)) await cancel(c, order, 'liquidation', actor)
  await c.errand('liquidate', account, liquidation.liquidationID)
  return ok(await mustRun(c))
}

/**
 * Why these are not closed: a mistyped symbol would be flat at once, and what was meant would stay. The halt stays too:
 * whoever wanted to close something is in danger. Null when each is there, or when the broker was never asked.
 */
async function nothingOf(c: Command, symbols: readonly string[]): Promise<Result<never, Denial> | null> {
  const row = await c.tx.get('account', c.setting.account)
  const there = await symbolsIn(c, null)
  const unknown = symbols.filter((symbol) => !there.includes(symbol))
  if (row === null || unknown.length === 0) return null
  return deny(
    'NOT_FOUND',
    `Nothing is held or open in ${unknown.join(', ')}, so nothing is closed. Held or open: ${there.join(', ') || 'nothing'}. Trading is halted. Name what is to be closed again, or leave the symbols out to close everything.`,
  )
}

async function mustRun(c: Command): Promise<Liquidation> {
  const liquidation = await c.tx.get('liquidation', 'account')
  if (!liquidation) throw new Error('the liquidation that was written just now is not there')
  return liquidation
}

const openIn = async (c: Command, symbols: readonly string[] | null): Promise<readonly Order[]> =>
  (await c.tx.openOrders(c.setting.account)).filter(
    ({ terms, asked }) => asked !== 'Cancel' && (symbols === null || symbols.includes(terms.symbol)),
  )

async function theRunning(c: Command): Promise<Result<Liquidation, Denial>> {
  const liquidation = await c.tx.get('liquidation', 'account')
  return liquidation?.state === 'Running'
    ? ok(liquidation)
    : deny('NOT_LIQUIDATING', 'No liquidation runs: there is nothing to change.')
}

/** A person has looked, and would rather sell at any price than wait. Said again, nothing changes. */
export async function allowMarketOrders(c: Command, { actor }: { actor: Actor }): Promise<Result<Liquidation, Denial>> {
  const person = await liquidator(c, actor)
  const running = person.ok ? await theRunning(c) : person
  if (!person.ok || !running.ok || running.value.market) return running
  const { liquidationID } = running.value
  await c.emit('liquidation.market-allowed', about(running.value), liquidationID, { byName: person.value.name }, actor)
  await c.errand('liquidate', c.setting.account, liquidationID)
  return ok(await mustRun(c))
}

/** The exits are taken back, and stops come back for what is held: at once, or when the broker has ended what is open. */
export async function stopLiquidation(
  c: Command,
  { reason, actor }: { readonly reason: string; readonly actor: Actor },
): Promise<Result<Liquidation, Denial>> {
  const person = await liquidator(c, actor)
  const running = person.ok ? await theRunning(c) : person
  if (!person.ok || !running.ok) return running
  const liquidation = running.value
  const { symbols, liquidationID } = liquidation
  await c.emit('liquidation.stopped', about(liquidation), liquidationID, { byName: person.value.name, reason }, actor)
  for (const order of await openIn(c, symbols))
    if (order.role === 'Exit') await cancel(c, order, 'the liquidation was stopped', actor)
  const row = await c.tx.get('account', c.setting.account)
  for (const symbol of await symbolsIn(c, symbols)) {
    const { families } = await closingOf(c, symbol, null, row)
    for (const { intentID } of families) await protect(c, intentID)
  }
  return ok(await mustRun(c))
}

/** What the worker read for the next step, all of it after the last one. */
type View = { readonly account: AccountReading; readonly markets: readonly MarketFacts[] }
type Outcome = { readonly sends: readonly Send[]; readonly againMs: number | null; readonly why: string }
/** Until what is held is read again when a trade overtook the reading. */
const UNREAD_MS = 500
const OVER: Outcome = { sends: [], againMs: null, why: 'it is over' }

/**
 * The next step in every symbol. An exit is made and its send begun in the transaction that saw what the broker holds:
 * between the look and the order nothing else can be decided.
 */
export async function liquidate(c: Command, view: View): Promise<Outcome> {
  for (const market of view.markets) await c.recordMarket(market)
  await c.recordAccount(view.account)
  const { account, capabilities } = c.setting
  const row = await c.tx.get('account', account)
  const before = await c.tx.get('liquidation', 'account')
  if (before?.state !== 'Running') return OVER
  // What was held or open once is looked at to the end: its last trade may still be on its way.
  const seen = before.survey?.positions.map(({ symbol }) => symbol) ?? []
  const symbols = [...new Set([...(await symbolsIn(c, before.symbols)), ...seen])].sort()
  const running = row ? await survey(c, before, symbols, row) : before
  const sends: Send[] = []
  const ends: { readonly closing: Closing; readonly step: ReturnType<typeof nextStep> }[] = []
  for (const symbol of symbols) {
    const closing = await closingOf(c, symbol, running, row)
    const step = nextStep(closing, rulesOf(c, running), c.now)
    ends.push({ closing, step })
    for (const order of step.cancels) await cancel(c, order, 'liquidation', SYSTEM)
    for (const place of step.places) sends.push(await made(c, running, symbol, place))
    if (step.state === 'NeedsPerson') await stuck(c, running, symbol, step.text)
    const vain = step.state === 'Ready' ? fruitlessInARow(closing.tries) : 0
    if (vain >= FRUITLESS_MAX) await unfilled(c, running, symbol, vain)
    const kept = unended(closing, running.startedAt, rulesOf(c, running), c.now)
    if (kept) await blocked(c, running, kept)
  }
  if (row && knowsEveryTrade(row) && ends.every(({ step }) => isOver(step))) {
    await ended(c, running, ends)
    return OVER
  }
  const going = ends.filter(({ step }) => !isOver(step))
  const soonest = Math.min(...going.map(({ step }) => step.againMs), going.length === 0 ? UNREAD_MS : Infinity)
  const text = going[0]?.step.text ?? 'what the broker holds is read again'
  // Where requests are scarce, what is asked for anyway must not use up those of the exits.
  return { sends, againMs: Math.max(soonest, capabilities.pace?.quotesMs ?? 0), why: text }
}

/** What the broker holds is written down whenever it is news, and after each trade: each exit can be compared with it. */
async function survey(
  c: Command,
  running: Liquidation,
  symbols: readonly string[],
  row: AccountRow,
): Promise<Liquidation> {
  const positions = symbols.flatMap((symbol): Surveyed[] => {
    const netQty = countOf(row, symbol)
    return netQty ? [{ symbol, netQty }] : []
  })
  if (positions.length < symbols.length || positions.length === 0) return running
  const last = running.survey?.positions.map(({ symbol, netQty }) => ({ symbol, netQty })) ?? []
  const isNews = canonical(positions) !== canonical(last) || row.tradedRow > (running.survey?.row ?? -1)
  if (!isNews) return running
  const { liquidationID } = running
  await c.emit('liquidation.surveyed', about(running), liquidationID, { positions, at: row.at })
  return mustRun(c)
}

/** Longer than the slowest send and the recording of its answer: whoever holds it is gone then. */
const SEND_LOST_MS = 60_000

async function made(c: Command, running: Liquidation, symbol: string, { intentID, terms }: Place): Promise<Send> {
  const own = ownFamily(running, symbol) as IntentID
  const family = await c.tx.ordersOf(intentID ?? own)
  const last = family.findLast((o) => o.role === 'Entry')
  const entry = last && firstOf(last, family)
  const { account } = c.setting
  const root = entry?.clOrdID ?? entryID(account, own, 0, null)
  const order = freshOrder(
    {
      intentID: intentID ?? own,
      role: 'Exit',
      parent: entry?.clOrdID ?? null,
      clOrdID: exitID(root, 'Exit', 1 + family.filter(({ clOrdID }) => clOrdID.startsWith(`${root}-x`)).length),
      account,
      terms,
      corr: entry?.corr ?? own,
    },
    c.now,
  )
  const at = { type: 'order', id: order.clOrdID }
  await c.emit('order.created', at, order.corr, { order, build: c.setting.build })
  await c.emit('order.send-started', at, order.corr, { attempt: 1 })
  await c.errand('send', order.clOrdID, order.corr, SEND_LOST_MS)
  return { kind: 'single', clOrdID: order.clOrdID, order: passExit(terms) }
}

const stuck = (c: Command, { liquidationID }: Liquidation, symbol: string, text: string): Promise<void> =>
  c.task(STUCK, symbol, 'critical', `${symbol} is not closed. ${text} Or close it at the broker.`, liquidationID)

/** So many exits that filled nothing span a minute: the market has stopped, or is further away than the collar. */
const FRUITLESS_MAX = 10
const unfilled = (c: Command, { liquidationID }: Liquidation, symbol: string, tries: number): Promise<void> =>
  c.task(
    UNFILLED,
    symbol,
    'critical',
    `${symbol} is not closed: ${tries} exits in a row filled nothing. It goes on being tried. Is it halted? Allow orders without a limit, or close it at the broker.`,
    liquidationID,
  )
const UNFILLED = 'LIQUIDATION_UNFILLED'

const blocked = (c: Command, { liquidationID }: Liquidation, { clOrdID, terms: { symbol } }: Order): Promise<void> =>
  c.task(
    BLOCKED,
    symbol,
    'critical',
    `${symbol} is not closed: the broker was asked to cancel ${clOrdID} and has not ended it. It is asked again. Cancel it on the broker's own page: nothing is sold while it may still trade.`,
    liquidationID,
  )
const BLOCKED = 'LIQUIDATION_BLOCKED'

async function ended(
  c: Command,
  running: Liquidation,
  ends: readonly { readonly closing: Closing; readonly step: ReturnType<typeof nextStep> }[],
): Promise<void> {
  const { liquidationID, byName } = running
  const report = await Promise.all(ends.map(({ closing, step }) => reportLine(c, running, closing, step)))
  await c.emit('liquidation.flat', about(running), liquidationID, { report })
  const calls = [STUCK, UNFILLED, BLOCKED]
  for (const taskID of report.flatMap(({ symbol }) => calls.map((kind) => `${kind}:${symbol}`))) {
    const task = await c.tx.get('task', taskID)
    if (task && task.doneAt === null)
      await c.emit('task.closed', { type: 'task', id: task.taskID }, liquidationID, {
        by: 'gateway',
        note: 'The liquidation came to its end.',
      })
  }
  const left = report.filter((line) => line.why !== null)
  const words = left.map(({ symbol, leftQty, why }) => `${symbol} ${shortest(leftQty)}: ${why}`).join(' ')
  await c.task(
    'LIQUIDATED',
    liquidationID,
    'warning',
    `The liquidation by ${byName} is over: the broker holds nothing more of ${report.map(({ symbol }) => symbol).join(', ') || 'anything'}${left.length > 0 ? `, but for ${words}` : '.'} Trading stays halted. Read its report before you release the halt.`,
    liquidationID,
  )
}

/** At start: a liquidation that ran goes on. */
export async function liquidateOn(c: Command): Promise<void> {
  const liquidation = await c.tx.get('liquidation', 'account')
  if (liquidation?.state === 'Running') await c.errand('liquidate', c.setting.account, liquidation.liquidationID)
}
