import { mayVote, type Proposer, tooNew } from '../approvals/decide.ts'
import { digestOf } from '../approvals/digest.ts'
import { type Evidence, LEVEL_OF, type Level } from '../approvals/evidence.ts'
import {
  isEnough,
  levelOfOne,
  type Limits,
  limitsOf,
  ONE_CLICK,
  type OrderFacts,
  type Requirement,
  requirementOf,
  stricter,
} from '../approvals/policy.ts'
import { moment } from '../gate/words.ts'
import { glance } from '../journal/form.ts'
import type { Row } from '../journal/row.ts'
import type { StoredRow } from '../journal/verify.ts'
import type { Order } from '../orders/machine.ts'
import { isLeg } from '../orders/protection.ts'
import type { Execution } from '../orders/report.ts'
import type { Terms } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Decision, Intent } from '../ports/records.ts'
import { eq, gt, lt, minus, plus, type Qty, qty } from '../values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { orderFacts, proposedBy } from './approving.ts'
import type { Action, Happened } from './events.ts'
import { clickOf } from './evidence.ts'
import { WRITTEN_WITHIN_MS } from './finding.ts'
import { adoptedDoubt, follow, isOurs, type Made, neverMade, notOthers } from './proving-book.ts'
import { type ExitBook, exitDoubts, steered } from './proving-exits.ts'
import {
  admit,
  type Doubt,
  doubt,
  emptyHouse,
  environmentOf,
  type House,
  lost,
  nameOf,
  notPinned,
  passkeyPrint,
  policyOf,
  refusalOf,
  type Told,
  unarmed,
  type UnprovenCode,
  use,
  type Witnessed,
} from './proving-people.ts'

// Did every order that left the house have the yes that it takes? Folded from the rows of a journal and from nothing else,
// by code that the desk does not decide with: a journal whose chain was made anew passes the chain, and not this.

/** Something that is not proven. `clOrdID` is null where it is about no single order. */
export type Unproven = {
  readonly seq: number
  readonly clOrdID: string | null
  readonly code: UnprovenCode
  readonly text: string
}

/** One order that takes a passkey, or real money, with everybody who said yes to it. */
export type StrictProof = {
  readonly clOrdID: string
  /** The row with which its send began. */
  readonly seq: number
  readonly digest: string
  readonly environment: 'paper' | 'live'
  readonly requires: Requirement
  readonly proven: boolean
  readonly yeses: readonly {
    readonly seq: number
    readonly personID: string
    readonly via: string
    readonly evidence: Evidence['kind']
    readonly credentialID: string | null
  }[]
}

/** A passkey that proofs rest on: whoever can write the whole journal could have put their own in its place. */
export type RestsOn = {
  readonly credentialID: string
  readonly personID: string
  readonly person: string
  readonly name: string
  readonly fingerprint: string
  readonly orders: number
  readonly changes: number
}

export type Proof = {
  /** Entries and replacements that were sent; not the exits that were approved with them. */
  readonly orders: number
  readonly proven: number
  /** What the proven ones were approved with. L3: two people or more, each with a passkey. */
  readonly byLevel: Readonly<Record<Level, number>>
  /** Of these, such as only made an open order smaller: that takes one click, whatever the order took. */
  readonly reduced: number
  /** Live orders, and those of which a passkey was asked. */
  readonly strict: { readonly orders: number; readonly proven: number; readonly each: readonly StrictProof[] }
  /** Orders of other hands in the same account: nobody here sent them, and nobody here said yes. */
  readonly others: number
  readonly passkeys: readonly RestsOn[]
  readonly faults: readonly Unproven[]
}

/**
 * Proves for each order that was sent that as many different people as the policy asked for had said yes to exactly this
 * order, surely enough and in time; passkey signatures are verified over the digest of the ticket as it was sent. Reads
 * on after a fault. Never throws because of what a row says.
 *
 * @param rows from row 0 on, in order.
 * @param pinned fingerprints of passkeys (`passkeyPrint`) that were noted elsewhere: no other counts. Null: any counts.
 */
export function proveOrders(rows: Iterable<StoredRow>, pinned: ReadonlySet<string> | null = null): Proof {
  const book = emptyBook(pinned)
  let before = ''
  for (const { seq, bytes } of rows) {
    const ts = bytes.slice(...TS_FROM_END)
    const stoodStill = ts === before
    before = ts
    if (!matters(bytes)) continue
    const row = read(bytes)
    const at = row && parseInstant(row.ts)
    if (!row || at === null) {
      book.faults.push({ seq, clOrdID: null, ...unreadable('It is no row of a journal.') })
      continue
    }
    try {
      for (const wrong of take(book, { row, at, stoodStill })) book.faults.push({ seq, ...wrong })
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown)
      book.faults.push({ seq, clOrdID: null, ...unreadable(`Its ${row.action} cannot be read: ${why}.`) })
    }
  }
  return told(book)
}
const unreadable = (text: string): Doubt => doubt('UNREADABLE_ROW', text)

/** Where `ts` stands in a canonical row. */
const TS_FROM_END: [number, number] = [-35, -8]
/** The first field of a canonical row. */
const ACTION = /^\{"action":"([a-z.-]+)"/
const MATTERS: ReadonlySet<string> = new Set<Action>([
  'gateway.started',
  'halt.engaged',
  'halt.released',
  'person.added',
  'person.changed',
  'code.issued',
  'session.opened',
  'session.ended',
  'passkey.enrolled',
  'passkey.revoked',
  'link.made',
  'link.ended',
  'change.proposed',
  'change.voted',
  'change.applied',
  'change.declined',
  'change.lapsed',
  'policy.changed',
  'limits.opened',
  'limits.changed',
  'stage.opened',
  'stage.changed',
  'waiver.granted',
  'strategy.described',
  'strategy.armed',
  'strategy.disarmed',
  'liquidation.started',
  'liquidation.surveyed',
  'liquidation.market-allowed',
  'liquidation.stopped',
  'liquidation.flat',
  'intent.received',
  'intent.ticketed',
  'intent.voted',
  'intent.approved',
  'intent.refused',
  'intent.declined',
  'intent.withdrawn',
  'intent.lapsed',
  'order.created',
  'order.adopted',
  'order.resized',
  'order.replace-requested',
  'order.send-started',
  'order.accepted',
  'order.rejected',
  'order.in-doubt',
  'order.absent',
  'execution.reported',
  'execution.disputed',
])
/** Most rows of a long journal are none of these, and are not worth parsing. What looks odd is. */
function matters(bytes: string): boolean {
  const action = ACTION.exec(bytes)?.[1]
  return action === undefined || MATTERS.has(action)
}
function read(bytes: string): Row | null {
  return 'kind' in glance(bytes) ? null : (JSON.parse(bytes) as Row)
}

// ---------------------------------------------------------------- the book

/** A yes as it was given; `wrong` is why it does not count. */
type Yes = {
  readonly seq: number
  readonly decision: Pick<Decision, 'by' | 'at' | 'via'>
  readonly evidence: Evidence
  readonly wrong: Doubt | null
}

/** What people were asked, and what they answered. */
type Asked = {
  readonly ticket: Ticket
  /** Made again from the ticket. */
  readonly digest: string
  readonly facts: OrderFacts
  /** The stricter, in each respect, of what the row says and of what the policy asked for then. */
  readonly requires: Requirement
  readonly isOld: boolean
  readonly proposal: Proposer
  readonly decideBy: Instant
  readonly wrong: readonly Doubt[]
  /** One of each person, beside those that do not count. */
  yeses: readonly Yes[]
  sendBy: Instant | null
  made: boolean
}
type Story = {
  readonly intent: Intent
  /** The ticket that stands; null before the first, and once it was declined or lapsed. */
  asked: Asked | null
  /** The most that an exit of it may close. */
  most: Qty
}
type Wanted = { readonly asked: Asked; readonly old: string; readonly sendBy: Instant; readonly digest: string }
type Booked = Made & {
  readonly asked: Asked | null
  /** What the broker calls an order of other hands. */
  readonly called: string | null
  /** What all of its generations may fill together. */
  whole: Qty
  level: Level | null
  isLess: boolean
}
type Book = Pick<ExitBook, 'house' | 'closing'> & {
  readonly stories: Map<string, Story>
  readonly wanted: Map<string, Wanted>
  readonly orders: Map<string, Booked>
  readonly families: Map<string, Booked[]>
  /** By ExecID. */
  readonly fills: Map<string, Execution>
  readonly strict: StrictProof[]
  readonly faults: Unproven[]
}

const emptyBook = (pinned: ReadonlySet<string> | null): Book => ({
  house: emptyHouse(pinned),
  stories: new Map(),
  wanted: new Map(),
  orders: new Map(),
  families: new Map(),
  fills: new Map(),
  strict: [],
  faults: [],
  closing: null,
})

type Wrong = Omit<Unproven, 'seq'>
const of = (clOrdID: string | null, doubts: readonly Doubt[]): Wrong[] => doubts.map((one) => ({ clOrdID, ...one }))

function take(book: Book, seen: Witnessed): readonly Wrong[] {
  const { row } = seen
  const told = row as unknown as Told
  const { id } = row.object
  const story = book.stories.get(id)
  switch (told.action) {
    case 'intent.received': {
      if (story) return of(null, [doubt('REPEATED', `Intent ${id} is received a second time.`)])
      book.stories.set(id, { intent: told.data.intent, asked: null, most: qty('0') })
      return []
    }
    case 'intent.ticketed':
      if (!story) return of(null, [doubt('UNKNOWN_ORDER', `A ticket is made for ${id}, which nobody asked for.`)])
      story.asked = ticketed(book.house, seen, story.intent, told.data)
      return []
    case 'intent.voted':
    case 'intent.approved': {
      const { asked } = story ?? {}
      if (!asked)
        return of(null, [doubt('UNKNOWN_ORDER', `There is a yes to ${id}, and no ticket that waits for one.`)])
      hear(book.house, seen, asked, told.data.decision)
      if (told.action === 'intent.approved') asked.sendBy = told.data.sendBy
      return []
    }
    case 'intent.refused':
    case 'intent.declined':
    case 'intent.withdrawn':
    case 'intent.lapsed':
      if (story) story.asked = null
      return []
    case 'order.created':
      return created(book, id, told.data.order)
    case 'order.adopted': {
      const { order, name } = told.data
      if (book.orders.has(id)) return of(id, [doubt('REPEATED', `Order ${id} is in the book already.`)])
      const wrong = adoptedDoubt(book, id, order, name)
      const { orderQty } = order.terms
      enter(book, id, { ...booked(order, null, orderQty, wrong === null), called: name, ...(wrong && NOT_PROVEN) })
      if (!wrong) grow(book, order.intentID, orderQty)
      return of(id, wrong ? [wrong] : [])
    }
    case 'order.resized': {
      const known = book.orders.get(id)
      if (!known) return []
      const { orderQty } = told.data
      // Before its send a replacement leaves out what was filled meanwhile: what it comes to with that stays the same.
      if (known.sends > 0 || known.isOthers) known.whole = plus(known.whole, minus(orderQty, known.now.terms.orderQty))
      follow(known, seen, book.fills)
      grow(book, known.order.intentID, known.whole)
      return []
    }
    case 'order.absent': {
      const known = book.orders.get(id)
      if (known) follow(known, seen, book.fills)
      return []
    }
    case 'liquidation.started':
    case 'liquidation.surveyed':
    case 'liquidation.market-allowed':
    case 'liquidation.stopped':
    case 'liquidation.flat':
      return of(null, steered(book, row))
    case 'order.replace-requested':
      return requested(book, seen, told.data)
    case 'order.send-started':
      return sent(book, seen)
    case 'order.accepted':
    case 'order.rejected':
    case 'order.in-doubt':
    case 'execution.reported':
    case 'execution.disputed':
      return answered(book, seen)
    default:
      return of(null, admit(book.house, seen))
  }
}

/** The broker answers for what was sent to it, what it made of that, and what other hands sent. */
function answered(book: Book, seen: Witnessed): readonly Wrong[] {
  const { row } = seen
  const { id } = row.object
  const known = book.orders.get(id) ?? enter(book, id, { ...booked(neverMade(id), null, qty('0'), false), wrong: true })
  const traded = follow(known, seen, book.fills)
  if (traded) book.closing?.traded.add(known.now.terms.symbol)
  if (known.missed) return []
  const { report } = row.data as { report?: Happened['execution.reported']['report'] }
  const name = report?.clOrdID ?? null
  const isNamed = known.isOthers && name !== known.called && name !== known.order.replaces && isOurs(book, name)
  if (isNamed) return miss(known, notOthers(id, name ?? id))
  // Those that the broker makes of a bracket were sent with their entry.
  if (known.isOthers || known.sends > 0 || isLeg(known.order)) return []
  return miss(known, doubt('SEND_MISSING', `The row says ${row.action} of ${id}, and none says that its send began.`))
}
const NOT_PROVEN = { wrong: true, missed: true } as const
function miss(known: Booked, one: Doubt): readonly Wrong[] {
  Object.assign(known, { ...NOT_PROVEN, isOthers: false })
  return of(known.order.clOrdID, [one])
}

const booked = (order: Order, asked: Asked | null, whole: Qty, isOthers: boolean): Booked => ({
  order,
  now: order,
  asked,
  isOthers,
  called: null,
  whole,
  sends: 0,
  level: null,
  isLess: false,
  wrong: false,
  missed: false,
})
function enter({ orders, families }: Book, id: string, one: Booked): Booked {
  orders.set(id, one)
  const { intentID } = one.order
  const family = families.get(intentID)
  if (family) family.push(one)
  else families.set(intentID, [one])
  return one
}
function grow({ stories }: Book, intentID: string, most: Qty): void {
  const story = stories.get(intentID)
  if (story && gt(most, story.most)) story.most = most
}

// ---------------------------------------------------------------- what was asked

function ticketed(
  house: House,
  { row, at }: Witnessed,
  intent: Intent,
  { ticket, digest: shown, requires: says, decideBy }: Happened['intent.ticketed'],
): Asked {
  house.environment ??= environmentOf(ticket.account) ?? ticket.environment
  const { proposal } = intent
  const digest = digestOf(ticket)
  const facts = orderFacts(ticket, proposal.strategyID, house.stage)
  const policy = policyOf(house)
  const asks = requirementOf(policy, facts)
  const said = `Ticket ${ticket.rev} of ${intent.intentID}`
  const wrong: Doubt[] = []
  if (shown !== digest) wrong.push(doubt('DIGEST_MISMATCH', `${said} was shown as ${shown}; its digest is ${digest}.`))
  if (
    ticket.intentID !== row.object.id ||
    ticket.account !== intent.account ||
    ticket.terms.symbol !== proposal.symbol ||
    ticket.terms.side !== proposal.side ||
    ticket.replaces !== undefined
  )
    wrong.push(doubt('WRONG_TERMS', `${said} is of something else than what was asked for.`))
  if (
    ticket.environment !== house.environment ||
    ticket.environment !== (environmentOf(ticket.account) ?? house.environment)
  )
    wrong.push(
      doubt(
        'ASKED_TOO_LITTLE',
        `${said} is for ${ticket.environment}, and the journal of a ${house.environment} account.`,
      ),
    )
  const isOld = says === undefined
  if (isOld && (house.policy !== null || house.tellsWhatIsAsked || ticket.environment === 'live'))
    wrong.push(doubt('ASKED_TOO_LITTLE', `${said} does not say whose yes it takes. By the policy: ${inWords(asks)}.`))
  if (!isOld) house.tellsWhatIsAsked = true
  const requires = says ?? ONE_CLICK
  const unasked = requires.level === 'L0' && asks.level === 'L1' && asks.quorum === 1 && ticket.environment === 'paper'
  const enough = (unasked || isEnough(requires.level, asks.level)) && requires.quorum >= asks.quorum
  if (!enough || requires.policyVersion !== policy.version)
    wrong.push(
      doubt(
        'ASKED_TOO_LITTLE',
        `${said} takes ${inWords(requires)} under version ${requires.policyVersion} of the policy. By version ${policy.version}, which stood then, it takes ${inWords(asks)}.`,
      ),
    )
  const limits = limitsThen(house, facts)
  if (!(decideBy <= plusMs(at, limits.approvalTtlMs)) || !(ticket.maxDriftBps <= limits.maxDriftBps))
    wrong.push(doubt('ASKED_TOO_LITTLE', `${said} may wait longer, or drift further, than the policy says.`))
  const level = unasked ? requires.level : stricter(requires.level, asks.level)
  return {
    ticket,
    digest,
    facts,
    requires: { ...requires, level, quorum: Math.max(requires.quorum, asks.quorum) },
    isOld,
    proposal: proposedBy(intent),
    decideBy: decideBy < proposal.expiresAt ? decideBy : proposal.expiresAt,
    wrong,
    yeses: [],
    sendBy: null,
    made: false,
  }
}
/**
 * Those of the account are settings, which no journal holds. The times of the policy are a person's: on paper the clock
 * may have run faster, and no journal says by how much.
 */
function limitsThen(house: House, facts: OrderFacts): Limits {
  const limits = limitsOf(policyOf(house), facts, NO_LIMITS)
  return facts.environment === 'live' ? limits : { ...NO_LIMITS, maxDriftBps: limits.maxDriftBps }
}
/** Ten years. */
const NO_LIMITS: Limits = { approvalTtlMs: 3.2e11, executionTtlMs: 3.2e11, maxDriftBps: 10_000 }

const inWords = ({ level, quorum }: Pick<Requirement, 'level' | 'quorum'>): string =>
  level === 'L0' ? 'nobody, within what was armed' : `${quorum === 1 ? 'one person' : `${quorum} people`} at ${level}`

// ---------------------------------------------------------------- who said yes

/** Takes a yes in. One that counts takes the place of an earlier one of the same person, which had lost its worth. */
function hear(house: House, seen: Witnessed, asked: Asked, decision: Decision): void {
  const { row } = seen
  const evidence = decision.evidence ?? clickOf(row.actor)
  const wrong = wrongYes(house, seen, asked, decision, evidence)
  const isOver = (one: Yes): boolean => wrong === null && one.wrong === null && one.decision.by === decision.by
  asked.yeses = [...asked.yeses.filter((one) => !isOver(one)), { seq: row.seq, decision, evidence, wrong }]
}

/** Whether a yes that was given counts still. */
function stands(house: House, asked: Asked, { decision: { by }, evidence, wrong }: Yes, at: Instant): boolean {
  const who = house.people.get(by) ?? null
  if (wrong !== null || mayVote(asked.proposal, who) || tooNew(asked.requires, who)) return false
  return lost(house, evidence, by, asked.ticket.environment, at) === null
}

function wrongYes(
  house: House,
  { row, at, stoodStill }: Witnessed,
  asked: Asked,
  decision: Decision,
  evidence: Evidence,
): Doubt | null {
  const { by } = decision
  const { requires, digest, proposal, ticket, decideBy } = asked
  const said = `The yes of ${nameOf(house, by)} (row ${row.seq}) does not count.`
  const no = (code: UnprovenCode, why: string): Doubt => doubt(code, `${said} ${why}`)
  const isArmed = evidence.kind === 'armed'
  const speaks = isArmed ? row.actor.type === 'system' : row.actor.type === 'person' && row.actor.id === by
  if (decision.verdict !== 'approved' || !speaks) return no('NOT_ELIGIBLE', `It was written by ${row.actor.id}.`)
  const who = house.people.get(by) ?? null
  const never = mayVote(proposal, who) ?? tooNew(requires, who)
  if (never) return no(never.code === 'SELF_APPROVAL' ? 'SELF_APPROVAL' : 'NOT_ELIGIBLE', never.text)
  if (decision.digest !== digest)
    return no('DIGEST_MISMATCH', `It names ${decision.digest}, and the digest of the ticket is ${digest}.`)
  if (asked.yeses.some((one) => one.decision.by === by && stands(house, asked, one, decision.at)))
    return no('SAME_PERSON', 'They had said so already, and that counted still.')
  if (requires.policyVersion !== policyOf(house).version)
    return no('ASKED_TOO_LITTLE', 'The policy had changed since the ticket was made.')
  const late = !stoodStill && at > plusMs(decideBy, WRITTEN_WITHIN_MS)
  if (!(decision.at <= decideBy) || late) return no('APPROVAL_EXPIRED', `It could be said until ${moment(decideBy)}.`)
  if (decision.evidence === undefined && !asked.isOld)
    return no('EVIDENCE_REFUSED', 'What it was said with is missing.')
  if (!isEnough(LEVEL_OF[evidence.kind], levelOfOne(requires.level)))
    return no('ASSURANCE_TOO_LOW', `It takes ${inWords(requires)}.`)
  const { intentID, environment } = ticket
  const { policyVersion } = requires
  const why = isArmed
    ? unarmed(house, evidence.armingID, by, asked.facts, decision.at)
    : refusalOf(house, evidence, decision, { intentID, digest, decision: 'approve', policyVersion, environment })
  return why === null ? null : no('EVIDENCE_REFUSED', why)
}

// ---------------------------------------------------------------- what was made of it

function created(book: Book, id: string, order: Order): readonly Wrong[] {
  if (book.orders.has(id) || order.clOrdID !== id)
    return of(id, [doubt('REPEATED', `Order ${id} is in the book already, or under another name.`)])
  const story = book.stories.get(order.intentID)
  if (order.role !== 'Entry') {
    const exit = booked(order, null, order.terms.orderQty, false)
    enter(book, id, exit)
    const doubts = exitDoubts(book, exit)
    exit.wrong = doubts.length > 0
    return of(id, doubts)
  }
  const asked = order.replaces ? (book.wanted.get(id)?.asked ?? null) : (story?.asked ?? null)
  const whole = asked?.ticket.terms.orderQty ?? order.terms.orderQty
  const made = booked(order, asked, whole, false)
  enter(book, id, made)
  grow(book, order.intentID, whole)
  if (!asked) return []
  const again = asked.made
  asked.made = true
  made.wrong = again
  return again
    ? of(id, [doubt('SECOND_ORDER', `Ticket ${asked.ticket.rev} of ${order.intentID} has its order already.`)])
    : []
}

/** A person gave an open order other terms, and by that said yes to them. */
function requested(book: Book, seen: Witnessed, data: Happened['order.replace-requested']): readonly Wrong[] {
  const { row, at } = seen
  const old = book.orders.get(row.object.id)
  const story = old && book.stories.get(old.order.intentID)
  const { by, ticket, decision, sendBy } = data
  if (!old || !story) return of(by, [doubt('UNKNOWN_ORDER', `It changes ${row.object.id}, which was never made.`)])
  const digest = digestOf(ticket)
  const { intent } = story
  const asked: Asked = {
    ticket,
    digest,
    facts: orderFacts(ticket, intent.proposal.strategyID, book.house.stage),
    requires: { ...ONE_CLICK, policyVersion: policyOf(book.house).version },
    isOld: true,
    proposal: proposedBy(intent),
    decideBy: at,
    wrong:
      ticket.intentID === intent.intentID &&
      ticket.account === old.order.account &&
      ticket.environment === book.house.environment &&
      ticket.replaces === old.order.clOrdID
        ? []
        : [doubt('WRONG_TERMS', `The ticket of ${by} is of something else than of ${old.order.clOrdID}.`)],
    yeses: [],
    sendBy,
    made: false,
  }
  hear(book.house, seen, asked, decision)
  book.wanted.set(by, { asked, old: old.order.clOrdID, sendBy, digest })
  return []
}

function sent(book: Book, seen: Witnessed): readonly Wrong[] {
  const { row } = seen
  const { id } = row.object
  const known = book.orders.get(id)
  if (!known || known.isOthers) {
    if (!known) enter(book, id, { ...booked(neverMade(id), null, qty('0'), false), sends: 1, wrong: true })
    return of(id, [doubt('UNKNOWN_ORDER', `The send of ${id} began, and no row says that it was made.`)])
  }
  known.sends++
  // What cannot even be read is not proven.
  const before = known.wrong
  known.wrong = true
  const doubts = sendDoubts(book, seen, known, before)
  known.wrong = before || doubts.length > 0
  follow(known, seen, book.fills)
  if (known.order.role === 'Entry' && known.sends === 1) reckon(book, seen, known)
  return of(id, doubts)
}
function sendDoubts(book: Book, seen: Witnessed, known: Booked, isWrong: boolean): readonly Doubt[] {
  const { role, replaces } = known.order
  if (role !== 'Entry') return isWrong ? [] : exitDoubts(book, known)
  return replaces ? changed(book, seen, known) : first(book, seen, known)
}

function first(book: Book, seen: Witnessed, known: Booked): readonly Doubt[] {
  const { asked, order } = known
  if (!asked) return [doubt('UNKNOWN_ORDER', `${order.clOrdID} was sent, and nobody was asked about it.`)]
  // A ticket that was declined, lapsed or made anew since takes every yes with it.
  const stands = book.stories.get(order.intentID)?.asked === asked
  const { ticket } = asked
  return [
    ...(stands ? [] : [doubt('TOO_FEW', `Ticket ${ticket.rev} of ${order.intentID} did not stand any more.`)]),
    ...asked.wrong,
    ...(same(order.terms, ticket.terms) &&
    same(known.now.terms, ticket.terms) &&
    order.account === ticket.account &&
    order.maxNotional !== undefined &&
    eq(order.maxNotional, ticket.maxNotional)
      ? []
      : [doubt('WRONG_TERMS', `What was made is not what stands on ticket ${ticket.rev} of ${order.intentID}.`)]),
    ...approved(book, seen, known, asked),
  ]
}

function changed(book: Book, seen: Witnessed, known: Booked): readonly Doubt[] {
  const { order } = known
  const wanted = book.wanted.get(order.clOrdID)
  const old = order.replaces && book.orders.get(order.replaces)
  if (!wanted || !old || wanted.old !== order.replaces)
    return [
      doubt('UNKNOWN_ORDER', `${order.clOrdID} was sent in the place of ${order.replaces}, and nobody asked for that.`),
    ]
  const { asked } = wanted
  const { ticket } = asked
  const doubts = [...asked.wrong]
  if (order.consent?.digest !== asked.digest || order.consent.sendBy !== wanted.sendBy)
    doubts.push(doubt('DIGEST_MISMATCH', `${order.clOrdID} rests on another ticket than the one that was agreed to.`))
  const rest = { ...ticket.terms, orderQty: known.now.terms.orderQty }
  if (!same(known.now.terms, rest) || gt(rest.orderQty, ticket.terms.orderQty) || order.account !== ticket.account)
    doubts.push(doubt('WRONG_TERMS', `What was made is not what ${order.clOrdID} was agreed to be.`))
  known.isLess = isLess(ticket.terms, old)
  const asks = requirementOf(policyOf(book.house), asked.facts)
  if (!known.isLess && !(asks.level === 'L1' && asks.quorum === 1))
    doubts.push(
      doubt('ASKED_TOO_LITTLE', `${order.clOrdID} was changed by a click. By the policy it takes ${inWords(asks)}.`),
    )
  if (known.isLess && (old.wrong || old.level === null))
    doubts.push(doubt('TOO_FEW', `It is a part of ${order.replaces}, which is not proven.`))
  return [...doubts, ...approved(book, seen, known, asked)]
}

/** Less of the very same. */
const isLess = (terms: Terms, old: Booked): boolean =>
  lt(terms.orderQty, old.whole) && same({ ...terms, orderQty: null }, { ...old.now.terms, orderQty: null })

/** Enough different people, each of whom may still say so, and in time. */
function approved(book: Book, { at, stoodStill }: Witnessed, known: Booked, asked: Asked): readonly Doubt[] {
  const { house } = book
  const { requires, yeses, sendBy, facts } = asked
  const { clOrdID, createdAt } = known.order
  const doubts = yeses.flatMap(({ wrong }) => (wrong ? [wrong] : []))
  if (!known.order.replaces && requires.policyVersion !== policyOf(house).version)
    doubts.push(doubt('ASKED_TOO_LITTLE', `${clOrdID} was sent under another policy than it was approved under.`))
  const written = stoodStill ? createdAt : plusMs(at, -WRITTEN_WITHIN_MS)
  const last = yeses.at(-1)?.decision.at
  const { executionTtlMs } = limitsThen(house, facts)
  if (sendBy === null || last === undefined || !(written <= sendBy) || !(createdAt <= sendBy))
    doubts.push(
      doubt(
        'APPROVAL_EXPIRED',
        `${clOrdID} was sent ${sendBy === null ? 'without a yes' : `after ${moment(sendBy)}`}.`,
      ),
    )
  else if (!(sendBy <= plusMs(last, executionTtlMs)))
    doubts.push(doubt('ASKED_TOO_LITTLE', `The yes to ${clOrdID} was good for longer than the policy says.`))

  const counted = yeses.filter(({ wrong }) => wrong === null)
  const sentAt = written > createdAt ? written : createdAt
  const standing = counted.filter((one) => stands(house, asked, one, sentAt))
  const people = new Set(standing.map(({ decision }) => decision.by))
  const takes = Math.max(1, requires.quorum)
  if (!(people.size >= takes))
    doubts.push(
      doubt(
        'TOO_FEW',
        `${clOrdID} takes ${inWords({ ...requires, quorum: takes })}, and ${people.size === 0 ? 'nobody’s yes counts' : people.size === 1 ? 'one yes counts' : `${people.size} count`}${counted.length > standing.length ? '; others had lost their access, or what they said it with, before the send' : ''}.`,
      ),
    )
  for (const { evidence } of standing) {
    if (evidence.kind !== 'passkey') continue
    const pin = notPinned(house, evidence)
    if (pin) doubts.push(pin)
    if (known.sends === 1) use(house, evidence, 'orders')
  }
  known.level = levelOf(standing)
  return doubts
}

function levelOf(yeses: readonly Yes[]): Level | null {
  if (yeses.length === 0) return null
  const least = yeses.map(({ evidence }) => LEVEL_OF[evidence.kind]).reduce((a, b) => (isEnough(a, b) ? b : a))
  return least === 'L2' && yeses.length > 1 ? 'L3' : least
}

function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

// ---------------------------------------------------------------- what comes of it

/** Live orders, and those of which a passkey was asked, are told one by one. */
function reckon({ strict }: Book, { row }: Witnessed, { asked, order, wrong }: Booked): void {
  if (!asked || (asked.ticket.environment !== 'live' && !isEnough(asked.requires.level, 'L2'))) return
  strict.push({
    clOrdID: order.clOrdID,
    seq: row.seq,
    digest: asked.digest,
    environment: asked.ticket.environment,
    requires: asked.requires,
    proven: !wrong,
    yeses: asked.yeses.map(({ seq, decision, evidence }) => ({
      seq,
      personID: decision.by,
      via: decision.via,
      evidence: evidence.kind,
      credentialID: evidence.kind === 'passkey' ? evidence.credentialID : null,
    })),
  })
}

function told({ house, orders, strict, faults }: Book): Proof {
  const live =
    house.environment === 'live' ? house.lenient.map(({ seq, doubt: d }) => ({ seq, clOrdID: null, ...d })) : []
  const known = [...orders.values()]
  const exits = known.filter((one) => one.order.role !== 'Entry' && one.wrong)
  const sentOnes = [...known.filter((one) => one.order.role === 'Entry' && (one.sends > 0 || one.missed)), ...exits]
  const proven = sentOnes.filter((one) => !one.wrong)
  const each = strict.map((one) => ({ ...one, proven: one.proven && orders.get(one.clOrdID)?.wrong === false }))
  return {
    orders: sentOnes.length,
    proven: proven.length,
    byLevel: {
      L0: proven.filter(({ level }) => level === 'L0').length,
      L1: proven.filter(({ level }) => level === 'L1').length,
      L2: proven.filter(({ level }) => level === 'L2').length,
      L3: proven.filter(({ level }) => level === 'L3').length,
    },
    reduced: proven.filter(({ isLess }) => isLess).length,
    strict: { orders: each.length, proven: each.filter((one) => one.proven).length, each },
    others: known.filter(({ isOthers }) => isOthers).length,
    passkeys: [...house.used].flatMap(([credentialID, uses]) => {
      const passkey = house.passkeys.get(credentialID)
      if (!passkey) return []
      const { personID, name } = passkey
      return [
        { credentialID, personID, person: nameOf(house, personID), name, fingerprint: passkeyPrint(passkey), ...uses },
      ]
    }),
    faults: [...faults, ...live].toSorted((a, b) => a.seq - b.seq),
  }
}
