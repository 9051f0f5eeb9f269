import { cancels } from '../orders/halt.ts'
import { closes, type Liquidation, ownFamily, surveyed } from '../orders/liquidation.ts'
import { isOpen, leavesQty, type Order, ordStatus } from '../orders/machine.ts'
import { protection } from '../orders/protection.ts'
import { opposite } from '../orders/terms.ts'
import type { Tx } from '../ports/store.ts'
import { abs, type Decimal, eq, gt, isZero, plus, shortest, sign } from '../values/decimal.ts'
import type { Happened } from './events.ts'
import { type Case, type Found, found, type Judge } from './finding.ts'
import { LIQUIDATORS } from './liquidating.ts'
import { entryID, exitID } from './naming.ts'
import { personOf } from './redeciding-changes.ts'

// A liquidation decided again: who might begin, change or stop it, and whether each of its exits was for no more than the
// broker was last read to hold.

type Steered = 'liquidation.started' | 'liquidation.market-allowed' | 'liquidation.stopped'

async function wrongHand({ tx, row }: Case<Steered>, said: string): Promise<Found | null> {
  const person = await personOf(tx, row.actor)
  return person && !person.disabled && LIQUIDATORS.some((role) => person.roles.some((r) => r === role))
    ? null
    : found('NOT_ELIGIBLE', said, `It takes a signed-in person with one of the roles ${LIQUIDATORS.join(', ')}.`)
}

/** What does not run is no step that the fold takes, and it says so. */
const theRunning = async (tx: Tx): Promise<Liquidation | null> => {
  const liquidation = await tx.get('liquidation', 'account')
  return liquidation?.state === 'Running' ? liquidation : null
}

export const LIQUIDATION_JUDGES = {
  'liquidation.started': async (c) => {
    const { liquidation } = c.data
    const said = `${liquidation.byName} had everything closed.`
    const before = await theRunning(c.tx)
    if (before) return found('REPEATED', said, `That of ${before.byName} runs.`)
    if (liquidation.liquidationID !== c.row.object.id)
      return found('MISFILED', said, `The row is about ${c.row.object.id}.`)
    const wrong = await wrongHand(c, said)
    if (wrong) return wrong
    if (c.row.actor.id !== liquidation.by)
      return found('NOT_ELIGIBLE', said, `The row was written by ${c.row.actor.id}.`)
    const state = (await c.tx.get('halt', 'global'))?.state
    return state && cancels(state)
      ? null
      : found('LEFT_UNDONE', said, 'Everything is halted first, with what works being taken back.')
  },
  'liquidation.market-allowed': async (c) => wrongHand(c, `${c.data.byName} allowed orders without a limit.`),
  'liquidation.stopped': async (c) => wrongHand(c, `${c.data.byName} stopped the liquidation.`),
  'liquidation.surveyed': async () => null,
  'liquidation.flat': async ({ tx, data: { report } }) => {
    const running = await theRunning(tx)
    if (!running) return null
    const said = 'The liquidation is over: everything is closed.'
    const open = (await tx.orders({ open: true }, { limit: 200, after: null })).items
    const live = open.find(({ terms }) => closes(running, terms.symbol))
    if (live) return found('STILL_LIVE', said, `${live.clOrdID} is ${ordStatus(live)}, and may trade.`)
    for (const { symbol, netQty } of running.survey?.positions ?? []) {
      const line = report.find((one) => one.symbol === symbol)
      if (closes(running, symbol) && !eq(netQty, line?.leftQty ?? netQty))
        return found('CONTRADICTED', said, `The broker was last read to hold ${shortest(netQty)} ${symbol}.`)
      if (!isZero(netQty) && (line?.why ?? null) === null)
        return found('LEFT_UNDONE', said, `${shortest(netQty)} ${symbol} are left, and nobody says why.`)
    }
    return null
  },
} as const satisfies { readonly [A in keyof Happened]?: Judge<A> }

/** Whether an exit may be made, or offered again: in a liquidation that runs, only to reduce, and for no more than is held. */
export async function exitFault(tx: Tx, exit: Order, said: string, isNew: boolean): Promise<Found | null> {
  const { terms, account, intentID, parent, clOrdID, createdAt } = exit
  const { symbol, side, orderQty, ordType } = terms
  const running = await theRunning(tx)
  if (!running || !closes(running, symbol))
    return found('NOT_APPROVED', said, `No liquidation runs that closes ${symbol}.`)
  const may = ordType === 'Limit' || (ordType === 'Market' && running.market)
  if (!terms.reduceOnly || terms.bracket || terms.stopPx || !may)
    return found('WRONG_TERMS', said, 'An exit only reduces, and has a limit unless a person allowed it to have none.')
  const family = (await tx.ordersOf(intentID)).filter((o) => o.clOrdID !== clOrdID)
  const entry = family.find((o) => o.clOrdID === parent)
  const isOwn = parent === null && intentID === ownFamily(running, symbol)
  if (!isOwn && entry?.role !== 'Entry') return found('NOT_APPROVED', said, 'It closes nothing that anybody opened.')
  const root = entry?.clOrdID ?? entryID(account, intentID, 0, null)
  const n = family.filter((o) => o.clOrdID.startsWith(`${root}-x`)).length
  const name = exitID(root, 'Exit', n + 1)
  if (isNew && clOrdID !== name) return found('WRONG_NAME', said, `It is called ${name}.`)
  const live = (await tx.openOrders(account)).filter((o) => o.terms.symbol === symbol && o.clOrdID !== clOrdID)
  const beside = live.find(
    (o) => !(isNew && o.role === 'Exit' && o.delivery === 'Sending' && o.createdAt === createdAt),
  )
  if (beside)
    return found(
      'SECOND_ORDER',
      said,
      `${beside.clOrdID} is ${ordStatus(beside)}: nothing goes out before it has ended.`,
    )
  const { heldQty } = protection(family)
  if (entry && (gt(orderQty, heldQty) || entry.terms.side !== opposite(side)))
    return found('MORE_THAN_HELD', said, `Its intent holds ${shortest(heldQty)}.`)
  return heldFault(tx, exit, running, live, said)
}

async function heldFault(
  tx: Tx,
  { terms: { symbol, side, orderQty } }: Order,
  running: Liquidation,
  live: readonly Order[],
  said: string,
): Promise<Found | null> {
  const seen = surveyed(running, symbol)
  if (!seen || !running.survey)
    return found('MORE_THAN_HELD', said, `What the broker holds of ${symbol} was not written down before.`)
  const [newest] = (await tx.fills({ symbol }, { limit: 1, after: null })).items
  if (newest && newest.seq > running.survey.row)
    return found(
      'MORE_THAN_HELD',
      said,
      `The broker was last asked in row ${running.survey.row}, and it traded in ${newest.seq}.`,
    )
  const all = live.filter(isOpen).reduce<Decimal>((sum, o) => plus(sum, leavesQty(o)), orderQty)
  return sign(seen.netQty) === (side === 'Sell' ? 1 : -1) && !gt(all, abs(seen.netQty))
    ? null
    : found('MORE_THAN_HELD', said, `The broker was last read to hold ${shortest(seen.netQty)} ${symbol}.`)
}
