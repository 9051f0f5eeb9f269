import { takesAccess, withYes } from '../approvals/decide.ts'
import type { Row } from '../journal/row.ts'
import { DELIVERY, type DeliverySaid } from '../orders/delivery.ts'
import type { HaltState } from '../orders/halt.ts'
import { INTENT, type IntentSaid } from '../orders/intent.ts'
import { type Liquidation, type Surveyed, surveyed } from '../orders/liquidation.ts'
import { applyReport, isOpenPhase, type Order } from '../orders/machine.ts'
import { addTrade, flat, positionOf } from '../orders/position.ts'
import type { Change, Decision, Halt, Intent, Kind, Passkey, Records } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import { type Amt, eq, isZero, over, times } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, parseInstant } from '../values/instant.ts'
import type { Action, Happened } from './events.ts'
import { changed } from './limiting.ts'
import { asNew, backed, behind, changedTo, kept } from './newcomers.ts'
import { begun, countStage, moved } from './rolling.ts'
import { countDay, opened } from './trading-day.ts'

/** One journal row of a known action, with its data in the shape that action carries. */
type Told<A extends Action = Action> = { [K in A]: { readonly action: K; readonly data: Happened[K] } }[A]

/**
 * Folds one journal row into the views. The only writer of views: live commands and a rebuild take the same way, so what
 * is on the screen is what the journal says.
 */
export async function project(tx: Tx, row: Row): Promise<void> {
  const at = parseInstant(row.ts)
  if (at === null) throw new Fault('UNREADABLE_ROW', `journal row ${row.seq} has no readable time`)
  // What an order cost and how often one was sent is counted beside whatever the row does to it.
  const order = row.object.type === 'order' ? await tx.get('order', row.object.id) : null
  await fold(tx, row, at)
  if (row.object.type === 'order') await countDay(tx, row, order, at)
  await countStage(tx, row, at)
}

async function fold(tx: Tx, row: Row, at: Instant): Promise<void> {
  const told = row as unknown as Told
  switch (told.action) {
    case 'gateway.started':
    case 'gateway.stopped':
    case 'broker.connected':
    case 'broker.lost':
      return
    case 'intent.received':
      return tx.put('intent', told.data.intent)
    case 'intent.ticketed': {
      const { ticket, digest, sizing, checks, headroom, decideBy, requires, escalation } = told.data
      await unescalated(tx, row)
      return intent(tx, row, at, 'Ticketed', {
        rev: ticket.rev,
        ticket,
        digest,
        sizing,
        checks,
        ...(headroom && { headroom }),
        refusals: [],
        decideBy,
        ...(requires && { requires, votes: [] }),
        ...(escalation && { escalation }),
        decision: null,
        sendBy: null,
        clOrdID: null,
      })
    }
    case 'intent.refused': {
      const { refusals, sizing, checks } = told.data
      return intent(tx, row, at, 'Refused', sizing ? { refusals, sizing, checks } : { refusals, checks })
    }
    case 'intent.voted':
      return voted(tx, row, at, told.data.decision)
    case 'intent.put-aside': {
      const before = await must(tx, 'intent', row)
      return tx.put('intent', { ...before, asides: [...(before.asides ?? []), told.data.aside], updatedAt: at })
    }
    case 'intent.escalated':
      return tx.put('intent', { ...(await waiting(tx, row, 'escalated')), escalatedAt: at, updatedAt: at })
    case 'intent.approved': {
      const { decision, sendBy } = told.data
      const votes = withYes((await tx.get('intent', row.object.id))?.votes ?? [], decision)
      await used(tx, decision)
      return intent(tx, row, at, 'Approved', { decision, sendBy, ...(decision.evidence && { votes }) })
    }
    case 'intent.declined':
      return intent(tx, row, at, 'Declined', { decision: told.data.decision })
    case 'intent.withdrawn':
      return intent(tx, row, at, 'Withdrawn', { decision: told.data.decision })
    case 'intent.lapsed':
      return intent(tx, row, at, 'Lapsed', {})

    case 'order.created':
      return created(tx, told.data.order, at)
    case 'order.adopted':
      await tx.put('order', told.data.order)
      return linked(tx, told.data.order)
    case 'order.replace-requested':
      return
    case 'order.send-started':
      return sendStarted(tx, row, at, told.data.attempt)
    case 'order.accepted':
      await delivery(tx, row, at, 'Accepted', { text: null, ...(told.data.orderID && { orderID: told.data.orderID }) })
      return linked(tx, await known(tx, row))
    case 'order.rejected':
      return rejected(tx, row, at, told.data.text)
    case 'order.in-doubt':
      return delivery(tx, row, at, 'Unclear', { text: told.data.cause })
    case 'order.absent':
      await delivery(tx, row, at, 'ProvenAbsent', { text: told.data.evidence })
      return unlinked(tx, await known(tx, row))
    case 'order.resized': {
      return resized(tx, await known(tx, row), told.data, at)
    }
    case 'order.cancel-requested': {
      const order = await known(tx, row)
      return tx.put('order', { ...order, asked: 'Cancel' })
    }
    case 'order.cancel-answered': {
      const order = await known(tx, row)
      if (told.data.outcome !== 'rejected') return
      return tx.put('order', { ...order, asked: 'Nothing', text: told.data.text })
    }

    case 'execution.reported':
      return reported(tx, row, at, told.data.report)
    case 'execution.disputed': {
      const order = await known(tx, row)
      return tx.put('order', { ...order, disputed: [...(order.disputed ?? []), told.data.report.execID] })
    }

    case 'halt.engaged':
      return tx.put('halt', halted(told.data, at, await tx.get('halt', told.data.scope ?? 'global')))
    case 'halt.released':
      return tx.put('halt', { scope: told.data.scope ?? 'global', state: null, releasedAt: at })
    case 'liquidation.started':
      return tx.put('liquidation', {
        ...told.data.liquidation,
        scope: 'account',
        state: 'Running',
        market: false,
        startedRow: row.seq,
        held: [],
        survey: null,
        endedAt: null,
        endedBy: null,
        endedWhy: null,
        report: null,
      })
    case 'liquidation.surveyed':
      return surveyedThere(tx, row, told.data)
    case 'liquidation.market-allowed':
      return tx.put('liquidation', { ...(await running(tx, row)), market: true })
    case 'liquidation.stopped': {
      const { byName, reason } = told.data
      const ended = { state: 'Stopped', endedAt: at, endedBy: byName, endedWhy: reason } as const
      return tx.put('liquidation', { ...(await running(tx, row)), ...ended })
    }
    case 'liquidation.flat':
      return tx.put('liquidation', {
        ...(await running(tx, row)),
        state: 'Flat',
        endedAt: at,
        report: told.data.report,
      })
    case 'instrument.frozen':
      return frozen(tx, told.data, at)
    case 'instrument.thawed':
      return tx.remove('freeze', told.data.symbol)
    case 'task.raised':
      return tx.put('task', told.data.task)
    case 'task.acknowledged':
      return tx.put('task', { ...(await must(tx, 'task', row)), acknowledgedAt: at, acknowledgedBy: told.data.by })
    case 'task.escalated':
      return tx.put('task', { ...(await must(tx, 'task', row)), escalatedAt: at })
    case 'task.closed':
      return tx.put('task', {
        ...(await must(tx, 'task', row)),
        doneAt: at,
        doneBy: told.data.by,
        note: told.data.note,
      })
    case 'account.reconciled':
      return tx.put('reconcile', told.data.run)
    case 'account.identified':
      return tx.put('identity', { ...told.data.identity, account: told.data.account, since: at })

    case 'code.issued':
      return tx.put('code', kept(told.data.code, await tx.all('session'), row.actor))
    case 'person.added':
      return tx.put('person', told.data.person)
    case 'session.opened': {
      const by =
        'linkID' in told.data
          ? (await tx.get('link', told.data.linkID))?.codeBy
          : (await tx.get('code', told.data.codeHash))?.madeBy
      await codeUsed(tx, told.data, at)
      return tx.put('session', backed(told.data.session, by))
    }
    case 'session.ended': {
      const session = await tx.get('session', told.data.hash)
      if (session) await tx.put('session', { ...session, endedAt: at })
      return
    }
    case 'person.changed': {
      const person = await must(tx, 'person', row)
      const { roles, disabled } = told.data
      return tx.put('person', changedTo(person, { roles, disabled }, takesAccess(person, told.data)))
    }
    case 'passkey.enrolled':
      return passkeyEnrolled(tx, row, told.data.passkey, at)
    case 'passkey.revoked':
      return passkeyRevoked(tx, await must(tx, 'passkey', row), at)
    case 'link.made': {
      await codeUsed(tx, told.data, at)
      const session = 'sessionHash' in told.data ? await tx.get('session', told.data.sessionHash) : null
      return tx.put('link', backed(told.data.link, session?.codeBy))
    }
    case 'link.ended':
      return tx.put('link', { ...(await must(tx, 'link', row)), endedAt: at })

    case 'limits.opened':
      return tx.put('limits', { scope: 'account', limits: told.data.limits, next: null })
    case 'limits.changed': {
      const before = await tx.get('limits', 'account')
      if (!before) throw new Fault('UNREADABLE_ROW', `journal row ${row.seq} changes limits that never began`)
      return tx.put('limits', changed(before, told.data, at))
    }
    case 'stage.opened':
      return tx.put('stage', begun(told.data, at))
    case 'stage.changed': {
      const rollout = await tx.get('stage', 'account')
      if (!rollout) throw new Fault('UNREADABLE_ROW', `journal row ${row.seq} changes a stage that never began`)
      const { limits } = told.data
      const before = limits && (await tx.get('limits', 'account'))
      if (before && limits) await tx.put('limits', changed(before, { limits, from: null }, at))
      return tx.put('stage', moved(rollout, row, told.data, at))
    }
    case 'waiver.granted':
      return tx.put('waiver', told.data.waiver)
    case 'controls.reviewed':
      return tx.put('review', told.data.review)
    case 'drill.held':
      return tx.put('drill', told.data.drill)
    case 'strategy.described':
      return tx.put('strategy', told.data.strategy)
    case 'day.opened':
      return tx.put('day', opened(await tx.get('day', 'account'), told.data.opening, at))
    case 'policy.changed':
      return tx.put('approvals', { scope: 'account', policy: told.data.policy })
    case 'change.proposed':
      return tx.put('change', told.data.change)
    case 'change.voted': {
      const change = await must(tx, 'change', row)
      await used(tx, told.data.decision)
      return tx.put('change', { ...change, votes: withYes(change.votes, told.data.decision) })
    }
    case 'change.applied':
      return settled(tx, row, at, 'Applied', told.data.note)
    case 'change.declined':
      return settled(tx, row, at, 'Declined', told.data.decision.reason)
    case 'change.lapsed':
      return settled(tx, row, at, 'Lapsed', told.data.why)
    case 'strategy.armed':
      return tx.put('arming', told.data.arming)
    case 'strategy.disarmed':
      return tx.put('arming', { ...(await must(tx, 'arming', row)), disarmedAt: at, why: told.data.why })

    case 'token.issued':
      return tx.put('token', told.data.token)
    case 'token.revoked': {
      const token = await tx.get('token', told.data.tokenID)
      if (token) await tx.put('token', { ...token, revokedAt: at })
      return
    }
    default:
      throw new Fault(
        'UNKNOWN_EVENT',
        `journal row ${row.seq} says ${JSON.stringify(row.action)}, which this version does not know; run the version that wrote it`,
      )
  }
}

async function intent(tx: Tx, row: Row, at: Instant, said: IntentSaid, change: Partial<Intent>): Promise<void> {
  const before = await tx.get('intent', row.object.id)
  const state = before && INTENT[before.state][said]
  if (!before || !state)
    throw new Fault(
      'ILLEGAL_TRANSITION',
      `journal row ${row.seq}: intent ${row.object.id} is ${before?.state ?? 'unknown'}, so it cannot become ${said}`,
    )
  await tx.put('intent', { ...before, ...change, state, updatedAt: at })
}

/** What was opened or made with a code has used it up. */
async function codeUsed(tx: Tx, data: { readonly codeHash: string } | object, at: Instant): Promise<void> {
  const code = 'codeHash' in data ? await tx.get('code', data.codeHash) : null
  if (code) await tx.put('code', { ...code, usedAt: at })
}

/** Without a passkey to vouch for the next one, whoever enrols it could be anybody who holds the session. */
async function passkeyRevoked(tx: Tx, passkey: Passkey, at: Instant): Promise<void> {
  await tx.put('passkey', { ...passkey, revokedAt: at })
  const { personID } = passkey
  const person = await tx.get('person', personID)
  if (person && !(await hasPasskey(tx, personID))) await tx.put('person', asNew(person, at))
}
/** The first one is vouched for by the session alone, and by its code. */
async function passkeyEnrolled(tx: Tx, { actor }: Row, passkey: Passkey, at: Instant): Promise<void> {
  const { personID } = passkey
  const person = await tx.get('person', personID)
  const unvouched = !(await hasPasskey(tx, personID)) && behind(await tx.all('session'), actor) !== undefined
  await tx.put('passkey', passkey)
  if (person && unvouched) await tx.put('person', asNew(person, at))
}
const hasPasskey = async (tx: Tx, personID: string): Promise<boolean> =>
  (await tx.all('passkey')).some((one) => one.personID === personID && one.revokedAt === null)

/** What a yes uses up: one of the orders that an armed strategy may send; a passkey counts its uses. */
async function used(tx: Tx, { evidence }: Decision): Promise<void> {
  if (evidence?.kind === 'armed') {
    const arming = await tx.get('arming', evidence.armingID)
    if (arming) await tx.put('arming', { ...arming, count: arming.count + 1 })
  }
  if (evidence?.kind === 'passkey') {
    const passkey = await tx.get('passkey', evidence.credentialID)
    const counter = Buffer.from(evidence.authenticatorData, 'base64url').readUInt32BE(33)
    if (passkey && counter > passkey.counter) await tx.put('passkey', { ...passkey, counter })
  }
}

/** One of several people said yes: it still waits. */
async function voted(tx: Tx, row: Row, at: Instant, decision: Decision): Promise<void> {
  const before = await waiting(tx, row, 'voted on')
  await used(tx, decision)
  await tx.put('intent', { ...before, votes: withYes(before.votes ?? [], decision), updatedAt: at })
}

async function waiting(tx: Tx, row: Row, said: string): Promise<Intent> {
  const before = await tx.get('intent', row.object.id)
  if (before?.state === 'AwaitingApproval') return before
  throw new Fault(
    'ILLEGAL_TRANSITION',
    `journal row ${row.seq}: intent ${row.object.id} is ${before?.state ?? 'unknown'}, so it cannot be ${said}`,
  )
}

/** A new ticket has waited for nobody yet. */
async function unescalated(tx: Tx, row: Row): Promise<void> {
  const before = await tx.get('intent', row.object.id)
  if (before?.escalation === undefined) return
  const { escalation: _, escalatedAt: __, ...intent } = before
  await tx.put('intent', intent)
}

async function settled(tx: Tx, row: Row, at: Instant, state: Change['state'], note: string | null): Promise<void> {
  const change = await must(tx, 'change', row)
  if (change.state !== 'Waiting')
    throw new Fault(
      'ILLEGAL_TRANSITION',
      `journal row ${row.seq}: change ${change.changeID} is ${change.state} already`,
    )
  await tx.put('change', { ...change, state, settledAt: at, note })
}

async function must<K extends Kind>(tx: Tx, kind: K, row: Row): Promise<Records[K]> {
  const record = await tx.get(kind, row.object.id)
  if (!record)
    throw new Fault('UNREADABLE_ROW', `journal row ${row.seq} is about ${kind} ${row.object.id}, which nobody knows`)
  return record
}

async function created(tx: Tx, order: Order, at: Instant): Promise<void> {
  await tx.put('order', order)
  if (order.replaces) return linked(tx, order)
  if (order.role !== 'Entry') return
  const before = await tx.get('intent', order.intentID)
  if (before)
    await tx.put('intent', { ...before, clOrdID: order.clOrdID, attempts: before.attempts + 1, updatedAt: at })
}

/** The order in whose place this one is, or is to be, points to it. */
async function linked(tx: Tx, order: Order): Promise<void> {
  const before = order.replaces && (await tx.get('order', order.replaces))
  if (before && before.replacedBy === undefined) await tx.put('order', { ...before, replacedBy: order.clOrdID })
}

/** Nothing came of this one: the order that it was to replace stands for itself again. */
async function unlinked(tx: Tx, order: Order): Promise<void> {
  const before = order.replaces && (await tx.get('order', order.replaces))
  if (!before || before.replacedBy !== order.clOrdID) return
  const { replacedBy: _, ...alone } = before
  await tx.put('order', alone)
}

/** What it may cost grows and shrinks with its size, so that the limits go on counting all of it. */
async function resized(
  tx: Tx,
  order: Order,
  { orderQty, works }: Happened['order.resized'],
  updatedAt: Instant,
): Promise<void> {
  const { maxNotional, terms } = order
  const cost = maxNotional !== undefined &&
    !isZero(terms.orderQty) && {
      maxNotional: over(times(maxNotional, orderQty), terms.orderQty, { scale: 2, rounding: 'up' }) as Amt,
    }
  const phase = works ? 'PartiallyFilled' : order.phase
  await tx.put('order', { ...order, ...cost, phase, terms: { ...terms, orderQty }, updatedAt })
}

/** What was engaged, by rows of before there were parts and levels too. */
function halted(
  { by, reason, scope = 'global', level = 'K4' }: Happened['halt.engaged'],
  since: Instant,
  before: Halt | null,
): Halt {
  const state: HaltState = { by, reason, since, scope, level }
  return { scope, state, ...(before?.releasedAt !== undefined && { releasedAt: before.releasedAt }) }
}

async function running(tx: Tx, row: Row): Promise<Liquidation> {
  const liquidation = await tx.get('liquidation', 'account')
  if (liquidation?.state === 'Running' && liquidation.liquidationID === row.object.id) return liquidation
  throw new Fault(
    'ILLEGAL_TRANSITION',
    `journal row ${row.seq} says ${row.action} of liquidation ${row.object.id}, which does not run`,
  )
}

async function surveyedThere(tx: Tx, row: Row, { positions, at }: Happened['liquidation.surveyed']): Promise<void> {
  const before = await running(tx, row)
  const read = positions.map(({ symbol, netQty }) => {
    const last = surveyed(before, symbol)
    return { symbol, netQty, since: last && eq(last.netQty, netQty) ? last.since : at }
  })
  const isNew = ({ symbol }: Surveyed): boolean => !before.held.some((one) => one.symbol === symbol)
  const survey = { at, row: row.seq, positions: read }
  await tx.put('liquidation', { ...before, held: [...before.held, ...positions.filter(isNew)], survey })
}

async function frozen(tx: Tx, { symbol, reason }: Happened['instrument.frozen'], at: Instant): Promise<void> {
  const before = await tx.get('freeze', symbol)
  await tx.put('freeze', before ? { ...before, also: [...(before.also ?? []), reason] } : { symbol, reason, since: at })
}

async function known(tx: Tx, row: Row): Promise<Order> {
  const order = await tx.get('order', row.object.id)
  if (!order)
    throw new Fault('UNREADABLE_ROW', `journal row ${row.seq} is about order ${row.object.id}, which was never created`)
  return order
}

async function delivery(tx: Tx, row: Row, at: Instant, said: DeliverySaid, change: Partial<Order>): Promise<void> {
  const order = await known(tx, row)
  const next = DELIVERY[order.delivery][said]
  if (!next)
    throw new Fault(
      'ILLEGAL_TRANSITION',
      `journal row ${row.seq}: order ${order.clOrdID} is ${order.delivery}, so ${said} cannot follow`,
    )
  await tx.put('order', { ...order, ...change, delivery: next, updatedAt: at })
}

async function sendStarted(tx: Tx, row: Row, at: Instant, attempt: number): Promise<void> {
  const { sentAt } = await known(tx, row)
  await delivery(tx, row, at, 'SendStarted', { sentAt: sentAt ?? at, ...(attempt > 1 && { offers: attempt }) })
}

async function rejected(tx: Tx, row: Row, at: Instant, text: string): Promise<void> {
  await delivery(tx, row, at, 'Rejected', { text })
  const order = await known(tx, row)
  if (!isOpenPhase(order.phase)) return
  await tx.put('order', { ...order, phase: 'Rejected', asked: 'Nothing' })
  await unlinked(tx, order)
}

async function reported(
  tx: Tx,
  row: Row,
  at: Instant,
  report: Happened['execution.reported']['report'],
): Promise<void> {
  const order = await known(tx, row)
  const refers =
    report.execType === 'TradeCancel' || report.execType === 'TradeCorrect' ? report.refExecID : report.execID
  const prior = await tx.get('fill', `${order.account}|${refers}`)
  const applied = applyReport(order, report, prior, at)
  if (!applied.ok)
    throw new Fault(
      'ILLEGAL_TRANSITION',
      `journal row ${row.seq}: ${report.execType} does not fit order ${order.clOrdID}, which is ${order.phase}`,
    )
  const next = applied.value.order
  await tx.put('order', report.orderID && !next.orderID ? { ...next, orderID: report.orderID } : next)
  if (next.phase === 'Rejected') await unlinked(tx, next)
  const { execution } = applied.value
  if (!execution) return
  await tx.put('fill', {
    ...execution,
    account: order.account,
    intentID: order.intentID,
    role: order.role,
    seq: prior?.seq ?? row.seq,
  })
  const symbol = order.terms.symbol
  // A new trade is added; an amended one changes history, so the position is folded again from its first trade.
  const position = prior
    ? positionOf(symbol, await tx.fillsOf({ account: order.account, symbol }))
    : addTrade((await tx.get('position', symbol)) ?? flat(symbol), execution)
  await tx.put('position', position)
}

/** Empties the views and folds the whole journal into them again. Working rows (facts, errands) are left alone. */
export async function rebuildViews(tx: Tx, progress: (rows: number) => void): Promise<number> {
  await tx.clearViews()
  let from = 0
  for (;;) {
    const rows = await tx.journal(from, 1000)
    for (const row of rows) await project(tx, row)
    from += rows.length
    progress(from)
    if (rows.length < 1000) return from
  }
}
