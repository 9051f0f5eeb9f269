import { assess } from '../gate/gate.ts'
import type { Headroom } from '../gate/headroom.ts'
import { LIMIT_NAMES, type LimitName, LIMITS, type LimitUnit } from '../gate/limits.ts'
import { explain, type Refusal } from '../gate/refusal.ts'
import { capitalOf } from '../gate/usage.ts'
import type { Actor } from '../journal/row.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Change, ChangeOf, Intent, Waiver } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import { type IntentID, WAIVED } from '../values/brand.ts'
import { type Decimal, dec, gt, over, plus, round, shortest, times } from '../values/decimal.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { type Command, denial, deny } from './command.ts'
import type { Denial } from './desk.ts'
import { allRaised } from './limiting.ts'

// One order beyond a limit, once: on the word of two people, for ten minutes, and for no other order.

/** How long people have to agree, and how long what they agreed to may then be used, in a person's time. */
export const WAIVER_MS = 600_000

/**
 * Amounts and counts that a person may answer for. Never losses, the throttle of a strategy, prices, what may be traded at
 * all, halts, stages, or what is not known.
 */
const WAIVABLE: readonly LimitName[] = LIMIT_NAMES.filter((name) =>
  (
    [
      'maxGrossExposure',
      'maxNetExposure',
      'maxDayTurnover',
      'maxOrderNotional',
      'maxPositionNotional',
      'maxSymbolShare',
      'maxSectorShare',
      'maxOrderQty',
      'maxOrderQtyShares',
      'maxOrderQtyFx',
      'maxOrderQtyCoins',
      'maxVolumeShare',
      'maxOrdersPerMinute',
      'maxOrdersPerDay',
      'maxOpenPositions',
    ] as readonly string[]
  ).includes(name),
)
const liftsOf = ({ refusals }: Intent): readonly LimitName[] =>
  WAIVABLE.filter((name) => refusals.some(({ code }) => code === LIMITS[name].refusal))

type WaiverChange = Extract<ChangeOf, { kind: 'waiver' }>

/** The change that would let this intent through, with the order as it would be now. */
export async function waiverFor(c: Command, intentID: IntentID): Promise<Result<WaiverChange, Denial>> {
  const intent = await c.tx.get('intent', intentID)
  const wrong = notWaivable(intent, c.now) ?? (await usedOnce(c.tx, intentID))
  if (wrong || !intent) return err(wrong ?? denial('NOT_FOUND', `There is no intent ${intentID}.`))
  const lifts = liftsOf(intent)
  const rules = await c.rulesFor(intentID, allRaised(lifts))
  const facts = await c.facts(intent)
  const found = assess(intent.proposal, facts, rules, intent.rev + 1, c.now)
  const { ticket, refusals, headroom = [] } = found
  if (!ticket)
    return deny(
      'NOT_WAIVABLE',
      `Without ${lifts.join(', ')} it would be refused all the same: ${refusals.map((one) => explain(one)).join(' ')}`,
      refusals,
    )
  const whole = {
    'share of equity': facts.day ? capitalOf(facts.day) : null,
    'share of volume': facts.market?.days?.avgVolume ?? null,
  }
  const raised = Object.fromEntries(
    headroom.filter(({ name }) => lifts.includes(name)).map((one) => [one.name, figureOf(one, whole)]),
  )
  return ok({ kind: 'waiver', intentID, lifts, raised, terms: ticket.terms, maxNotional: ticket.maxNotional })
}

/** What is worth more or less with every price that moves, until the order leaves. */
const MOVING: ReadonlySet<LimitName> = new Set<LimitName>([
  'maxGrossExposure',
  'maxNetExposure',
  'maxPositionNotional',
  'maxSymbolShare',
  'maxSectorShare',
])
const MARGIN = dec('1.01')

/** How far a limit must be raised for what was counted, in its own unit; up. */
function figureOf({ name, before, order }: Headroom, whole: { readonly [U in LimitUnit]?: Decimal | null }): Decimal {
  const used = plus(before, order)
  const all = whole[LIMITS[name].unit] ?? null
  const figure = all !== null ? over(used, all, { scale: 6, rounding: 'ceil' }) : used
  return dec(shortest(MOVING.has(name) ? round(times(figure, MARGIN), 6, 'ceil') : figure))
}

function notWaivable(intent: Intent | null, now: Instant): Denial | null {
  if (!intent) return denial('NOT_FOUND', 'There is no such intent.')
  if (intent.state !== 'Refused') return denial('NOT_WAIVABLE', `It is ${intent.state}, and was not refused.`)
  if (now >= intent.proposal.expiresAt) return denial('NOT_WAIVABLE', 'The signal has expired. Propose it anew.')
  return liftsOf(intent).length > 0
    ? null
    : denial('NOT_WAIVABLE', 'It was refused for what nobody may waive. Amounts and counts may be: see docs/limits.md.')
}

/** Once is once: also when people would agree a second time. What came to nothing may be tried again. */
async function usedOnce(reads: Reads, of: IntentID): Promise<Denial | null> {
  for (const waiver of await reads.all('waiver')) {
    const made = waiver.of === of ? await reads.get('intent', waiver.intentID) : null
    if (made && !CAME_TO_NOTHING.has(made.state))
      return denial('NOT_WAIVABLE', `It was let through once already, as ${made.intentID}. Propose the signal anew.`)
  }
  return null
}
const CAME_TO_NOTHING: ReadonlySet<Intent['state']> = new Set(['Refused', 'Declined', 'Lapsed', 'Withdrawn'])

/** Why nobody could agree to it now; null when people could. */
export async function waiverFault(reads: Reads, what: WaiverChange, now: Instant): Promise<Denial | null> {
  const intent = await reads.get('intent', what.intentID)
  const wrong = notWaivable(intent, now) ?? (await usedOnce(reads, what.intentID))
  if (wrong || !intent) return wrong
  return canonical(liftsOf(intent)) === canonical(what.lifts)
    ? null
    : denial('STALE_CHANGE', 'It was refused for something else by now. Look at it, and propose again.')
}

/** The name of the intent that is made for it: one for each change, so that it is used once. */
export const waivedID = ({ changeID }: Pick<Change, 'changeID'>): IntentID =>
  `${WAIVED}${changeID.replace(/^chg_/, '')}` as IntentID

/** The intent that is made for it: what was asked for, by whoever asked, under a name of its own. */
export const waivedIntent = (intent: Intent, intentID: IntentID, now: Instant): Intent => {
  const { headroom: _h, requires: _r, votes: _v, escalation: _e, escalatedAt: _at, asides: _a, ...asked } = intent
  return {
    ...asked,
    intentID,
    state: 'Received',
    proposal: { ...intent.proposal, intentID },
    rev: 0,
    ticket: null,
    digest: null,
    sizing: null,
    checks: [],
    refusals: [],
    decideBy: null,
    decision: null,
    sendBy: null,
    clOrdID: null,
    attempts: 0,
    corr: intentID,
    receivedAt: now,
    updatedAt: now,
  }
}

/** Why the intent cannot be made that it would become: its name is taken. Null when it is free. */
export const nameTaken = async (reads: Reads, change: Pick<Change, 'changeID'>): Promise<Denial | null> =>
  (await reads.get('intent', waivedID(change)))
    ? denial('STALE_CHANGE', `There is an intent ${waivedID(change)} already. Propose the waiver again.`)
    : null

/** What people agreed to, as it becomes so. */
export async function grant(c: Command, change: Change, what: WaiverChange, actor: Actor): Promise<Intent | null> {
  const intent = await c.tx.get('intent', what.intentID)
  if (!intent) return null
  const intentID = waivedID(change)
  const { lifts, raised, terms, maxNotional } = what
  const waiver: Waiver = {
    intentID,
    of: what.intentID,
    lifts,
    ...(raised && { raised }),
    terms,
    maxNotional,
    until: c.after(WAIVER_MS),
  }
  await c.emit('waiver.granted', { type: 'waiver', id: intentID }, change.changeID, { waiver }, actor)
  const made = waivedIntent(intent, intentID, c.now)
  await c.emit('intent.received', { type: 'intent', id: intentID, rev: 0 }, intentID, { intent: made }, intent.proposer)
  await c.errand('gather', intentID, intentID)
  await c.timer('lapse', intentID, intentID, plusMs(intent.proposal.expiresAt, 1))
  return made
}

/** Why a ticket is more than what people let through; null when it is not, or nobody had to. */
export async function beyondWaiver(c: Command, { intentID, terms, maxNotional }: Ticket): Promise<Refusal | null> {
  const waiver = await c.tx.get('waiver', intentID)
  if (!waiver) return null
  const { orderQty: size, ...rest } = terms
  const { orderQty: most, ...agreed } = waiver.terms
  const same = canonical(rest) === canonical(agreed)
  return same && !gt(size, most) && !gt(maxNotional, waiver.maxNotional)
    ? null
    : {
        code: 'WAIVER_OF_ANOTHER_ORDER',
        orderQty: size,
        maxNotional,
        agreedQty: most,
        agreedNotional: waiver.maxNotional,
      }
}
