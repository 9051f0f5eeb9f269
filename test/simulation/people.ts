import { DECLINERS } from '../../src/approvals/decide.ts'
import type { Action, Happened } from '../../src/desk/events.ts'
import type { Row } from '../../src/journal/row.ts'
import { type Decimal, eq, gt, text } from '../../src/values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../../src/values/instant.ts'
import { canonical } from '../../src/values/json.ts'
import type { HaltLevel } from '../../src/orders/halt.ts'
import type { ArmedStrategy, ChangeOf, Decision } from '../../src/ports/records.ts'
import { broken } from './promises.ts'
import { isTighter, newYorkDay } from './risk.ts'
import { type Idea, isPart, type Recount, type Wanted } from './recount.ts'
import type { Asked, Said, Scene } from './scene.ts'
import { APPROVING, askedOf, GOVERNING, isOwn, linkOf, mayNot, notEnough, oneTooMany, worthless } from './yes.ts'

// Who may do it, and whether they did.

/** Roles that start trading again, and those that say what a difference is. */
const RELEASERS: readonly string[] = ['risk', 'approver', 'operator', 'admin']
const EXPLAINERS: readonly string[] = ['risk', 'operator']

/** Holds what the journal says that people and agents did against what they may, and against what they asked for. */
export class People {
  readonly #scene: Scene
  readonly #book: Recount
  /** How much of what was asked has been taken down, and what of it has no answer yet. */
  #heard = 0
  readonly #unanswered = new Set<Said>()

  constructor(scene: Scene, book: Recount) {
    this.#scene = scene
    this.#book = book
  }

  /** G11, and what people must have done before. Looks at the book as it is before the row. */
  mayDo(row: Row): void {
    const { actor } = row
    const { id } = row.object
    const book = this.#book
    switch (row.action as Action) {
      case 'intent.voted':
      case 'intent.approved':
        return this.#saysYes(row)
      case 'order.replace-requested': {
        const { decision } = dataOf<'order.replace-requested'>(row)
        const order = book.orders.get(id)
        const idea = order && book.ideas.get(order.intentID)
        if (!order || !idea) broken('seen', `row ${row.seq} changes ${id}, which is not in the book`)
        this.#person(row, APPROVING, `change ${id}`)
        this.#inOwnName(row, decision)
        if (isOwn(idea, actor.id)) broken('people', `${actor.id} changed ${id}, which is their own proposal`)
        return
      }
      case 'halt.released': {
        this.#person(row, RELEASERS, 'release the halt')
        this.#named(row, dataOf<'halt.released'>(row).by)
        const [halt, { lastRun }] = [book.halts.get(id), book]
        if (!halt) broken('seen', `row ${row.seq} releases ${id}, which is not halted`)
        if (!isPart(id) && (!lastRun?.run.clean || lastRun.seq < halt.seq))
          broken('compared', 'the halt was released without a comparison since it came that found nothing')
        return
      }
      case 'order.adopted':
        if (actor.type !== 'broker') this.#person(row, EXPLAINERS, `take in ${id}`)
        return
      case 'halt.engaged':
        if (actor.type !== 'system') this.#named(row, dataOf<'halt.engaged'>(row).by)
        return
      case 'order.cancel-requested': {
        const order = book.orders.get(id)
        if (dataOf<'order.cancel-requested'>(row).why !== 'halt' || !order) return
        if (!book.stoppingOrder(order).some(({ level }) => level === 'K4'))
          broken('asked', `${id} is canceled for a halt, and none that holds takes it back`)
        return
      }
      case 'intent.ticketed':
        if (isRepriced(row) && actor.type !== 'person')
          broken('people', `${actor.type} ${actor.id} made a new ticket of ${id} at the word of nobody`)
        return
      case 'intent.declined':
        this.#person(row, DECLINERS, `decline ${id}`)
        return this.#inOwnName(row, dataOf<'intent.declined'>(row).decision)
      case 'intent.withdrawn':
        this.#inOwnName(row, dataOf<'intent.withdrawn'>(row).decision)
        // Whoever stops a part takes back what waits of it, whoever proposed that.
        if (this.#isHaltOf(id, actor.id)) return
        if (actor.type !== 'person' && actor.id !== book.ideas.get(id)?.intent.proposer.id)
          broken('people', `${actor.id} withdrew ${id}, which somebody else proposed`)
        return
      case 'task.closed':
        // The doubt about an order ends by itself, once it is known what became of it.
        if (actor.type !== 'person' && !(actor.type === 'system' && id.startsWith('IN_DOUBT:')))
          broken('people', `${actor.type} ${actor.id} closed task ${id}`)
        return
      case 'instrument.thawed':
        if (book.tasks.get(`FROZEN:${id}`) !== false)
          broken('compared', `${id} thawed before a person had closed its task`)
        return
      case 'change.proposed': {
        const { change } = dataOf<'change.proposed'>(row)
        this.#person(row, proposing(change.what), 'propose a change')
        if (change.proposer !== actor.id)
          broken('people', `${actor.id} proposed a change in the name of ${change.proposer}`)
        return
      }
      case 'change.voted': {
        const { decision } = dataOf<'change.voted'>(row)
        this.#person(row, agreeing(book.wanted.get(id)?.change.what.kind), `agree to ${id}`)
        this.#inOwnName(row, decision)
        if (decision.digest !== book.wanted.get(id)?.change.digest)
          broken('people', `${actor.id} agreed to another change than ${id}`)
        return
      }
      case 'policy.changed':
        return this.#wasAgreed(row, 'approval policy', dataOf<'policy.changed'>(row).policy)
      case 'person.changed':
        return this.#wasAgreed(row, 'person', dataOf<'person.changed'>(row))
      case 'limits.changed': {
        const { limits, from } = dataOf<'limits.changed'>(row)
        this.#wasAgreed(row, 'risk limits', limits)
        const what = book.wanted.get(row.corr)?.change.what
        if (what?.kind !== 'risk limits') return
        const ts = parseInstant(row.ts) as Instant
        if (canonical(what.before) !== canonical(book.limitsAt(ts)))
          broken('people', `row ${row.seq} changes other limits than those that are in force`)
        if (!isTighter(what.before, limits) && (from === null || newYorkDay(from) === newYorkDay(ts)))
          broken('people', `row ${row.seq} loosens limits before the day is over`)
        return
      }
      case 'strategy.armed': {
        const { arming } = dataOf<'strategy.armed'>(row)
        this.#person(row, APPROVING, `arm ${arming.strategyID}`)
        if (arming.by !== actor.id)
          broken('people', `${actor.id} armed ${arming.strategyID} in the name of ${arming.by}`)
        if (book.stopping(null, arming.strategyID).length > 0)
          broken('halt', `${arming.strategyID} was armed during a halt`)
        const most = book.autoMaxNotional
        if (most === null || gt(arming.maxNotional, most))
          broken('approved', `${text(arming.maxNotional)} were armed, more than may go without a person`)
        return
      }
      case 'link.made': {
        const { link } = dataOf<'link.made'>(row)
        if (actor.type !== 'person' || link.personID !== actor.id)
          broken('people', `${actor.id} made ${id} the chat user of ${link.personID}`)
        return
      }
      case 'passkey.enrolled': {
        const { passkey } = dataOf<'passkey.enrolled'>(row)
        if (actor.type !== 'person' || passkey.personID !== actor.id)
          broken('people', `${actor.id} made ${id} the passkey of ${passkey.personID}`)
        return
      }
      case 'person.added':
      case 'code.issued':
      case 'session.opened':
      case 'token.issued':
        if (actor.type === 'agent') broken('people', `agent ${actor.id} did ${row.action}`)
        if (row.action === 'person.added' && book.started)
          broken('people', `row ${row.seq} adds ${id}, and nobody joins a house that runs`)
        return
      default:
        return
    }
  }
  /** One of the yeses that an order takes, or the last of them; or nobody's, within what a person armed. */
  #saysYes(row: Row): void {
    const { decision } = dataOf<'intent.voted' | 'intent.approved'>(row)
    const { actor } = row
    const { id } = row.object
    const book = this.#book
    const idea = book.ideas.get(id)
    if (!idea) broken('seen', `row ${row.seq} approves ${id}, which was never received`)
    const armingID = decision.evidence?.kind === 'armed' && actor.type === 'system' ? decision.evidence.armingID : null
    if (armingID === null) {
      this.#person(row, APPROVING, `approve ${id}`)
      this.#inOwnName(row, decision)
      if (isOwn(idea, actor.id)) broken('people', `${actor.id} approved ${id}, which is their own proposal`)
    } else if (row.action === 'intent.voted') broken('approved', `an armed strategy voted for ${id}`)
    const armed = armingID === null ? undefined : book.armings.get(armingID)
    const { symbol, strategyID } = idea.intent.proposal
    if (armed && book.stopping(symbol, strategyID).length > 0)
      broken('halt', `${id} was approved by nobody during a halt`)
    const over = armed ? oneTooMany(armed) : null
    if (over !== null) broken('approved', `${id} was approved by nobody: ${over}`)
    if (decision.digest !== idea.digest) broken('approved', `${id} was approved under a digest that its ticket has not`)
    if (idea.decideBy === null || decision.at > idea.decideBy || decision.at > idea.intent.proposal.expiresAt)
      broken('approved', `${id} was approved after the time to decide`)
    const no = armingID === null ? worthless(book, idea, decision) : null
    if (no !== null) broken('approved', `${actor.id} said yes to ${id}: ${no}`)
    if (row.action === 'intent.voted') return
    const few = notEnough(book, idea, [...idea.votes, decision], decision.at)
    if (few !== null) broken('approved', `${id} counts as approved: ${few}`)
    const { executionTtlMs } = askedOf(
      book,
      idea.ticket as NonNullable<Idea['ticket']>,
      idea.intent.proposal.strategyID,
    )
    const { sendBy } = dataOf<'intent.approved'>(row)
    if (sendBy > plusMs(decision.at, Math.min(executionTtlMs, this.#scene.policy.executionTtlMs)))
      broken('approved', `the approval of ${id} lasts longer than the policy allows`)
  }

  /** What becomes of the house is what others agreed to, or the proposer alone where there are no others. */
  #wasAgreed(row: Row, kind: Wanted['change']['what']['kind'], to: unknown): void {
    const { people, wanted } = this.#book
    const found = wanted.get(row.corr)
    const what = found?.change.what
    const became =
      what?.kind === 'approval policy'
        ? what.policy
        : what?.kind === 'person' || what?.kind === 'risk limits'
          ? what.after
          : null
    if (!found || found.settled || what?.kind !== kind || canonical(became) !== canonical(to))
      broken('people', `row ${row.seq} (${row.action}) is no change that somebody proposed`)
    const subject = what.kind === 'person' ? what.personID : null
    if (what.kind === 'person' && takesAway(what)) return
    if (what.kind === 'risk limits' && isTighter(what.before, what.after)) return
    const mayAgree = (personID: string): boolean => mayNot(personID, agreeing(kind), this.#book) === null
    const isOther = (personID: string): boolean =>
      personID !== found.change.proposer && personID !== subject && mayAgree(personID)
    const isAlone = ![...people.keys()].some(isOther)
    if (!found.agreed.some((personID) => isOther(personID) || (isAlone && mayAgree(personID))))
      broken('people', `row ${row.seq} (${row.action}): nobody who may has agreed to ${row.corr}`)
  }
  #person({ actor }: Row, roles: readonly string[], what: string): void {
    const no = mayNot(actor.type === 'person' ? actor.id : null, roles, this.#book)
    if (no !== null) broken('people', `${actor.type} ${actor.id} did ${what}: ${no}`)
  }
  #inOwnName({ seq, action, actor }: Row, { by }: { readonly by: string }): void {
    if (by !== actor.id) broken('people', `row ${seq} (${action}) is ${actor.id}'s, in the name of ${by}`)
  }
  /** Where people are shown by name. */
  #named({ seq, action, actor }: Row, name: string): void {
    const own = this.#book.people.get(actor.id)?.name ?? actor.id
    if (name !== own) broken('asked', `row ${seq} (${action}) is ${own}'s, and names ${name}`)
  }

  /** What people and agents do begins with what they asked for. */
  wasAsked(row: Row): void {
    const { said } = this.#scene
    const { seq, action, actor } = row
    if (!said || SIGNING_IN.has(action) || (actor.type !== 'person' && actor.type !== 'agent')) return
    if (said.some((one) => this.#isOf(row, one))) return
    broken(
      VOTES.has(action) ? 'approved' : 'asked',
      `${actor.id} never asked for row ${seq} (${action} ${row.object.id}) as it is written down`,
    )
  }

  /** Whether a row may come of what was asked: it is what was meant, written after the question and before the answer. */
  #isOf(row: Row, said: Said): boolean {
    const isInTime = said.from <= row.seq && (said.answer === null || row.seq < said.answer.to)
    return isInTime && said.by === row.actor.id && this.#isMeant(row, said)
  }

  #isMeant(row: Row, said: Said): boolean {
    const { id } = row.object
    switch (row.action as Action) {
      case 'intent.received':
        return said.what === 'propose' && said.intentID === id
      case 'intent.ticketed':
        return said.what === 'reprice' && said.intentID === id && isRepriced(row)
      case 'intent.voted':
      case 'intent.approved': {
        const { evidence } = dataOf<'intent.approved' | 'intent.voted'>(row).decision
        return isYesTo(row, said) && (said.using ?? 'session') === (evidence?.kind ?? 'session')
      }
      case 'change.proposed':
        return said.what === 'govern' && said.of === canonical(dataOf<'change.proposed'>(row).change.what)
      case 'change.voted':
        return this.#isOfChange(id, said, dataOf<'change.voted'>(row).decision.digest)
      case 'change.applied':
        return this.#isOfChange(id, said)
      case 'policy.changed':
      case 'person.changed':
      case 'limits.changed':
        return this.#isOfChange(row.corr, said)
      case 'strategy.armed':
        return said.what === 'arm' && said.bounds === boundsOf(dataOf<'strategy.armed'>(row).arming)
      case 'strategy.disarmed':
        return (
          (said.what === 'disarm' && said.armingID === id) ||
          // Armed anew, it is armed once.
          (said.what === 'arm' && said.strategyID === this.#book.armings.get(id)?.arming.strategyID)
        )
      case 'link.made':
        return said.what === 'link' && said.linkID === linkOf(dataOf<'link.made'>(row).link)
      case 'link.ended':
        return said.what === 'unlink' && said.linkID === id
      case 'intent.declined':
        return said.what === 'decline' && said.intentID === id
      case 'intent.withdrawn':
        return (
          (said.what === 'withdraw' && said.intentID === id) ||
          (said.what === 'halt' && isPart(said.scope) && this.#isHaltOf(id, said.by))
        )
      case 'order.replace-requested': {
        const { orderQty, price } = dataOf<'order.replace-requested'>(row).ticket.terms
        return (
          said.what === 'replace' &&
          said.clOrdID === id &&
          isAsWished(said.orderQty, orderQty) &&
          isAsWished(said.price, price)
        )
      }
      case 'order.created':
        return said.what === 'replace' && said.clOrdID === dataOf<'order.created'>(row).order.replaces
      case 'order.cancel-requested':
        if (dataOf<'order.cancel-requested'>(row).why === 'halt') return said.what === 'halt'
        return said.what === 'cancel' && this.#isOfLine(id, said.clOrdID)
      // One that has not left yet is not sent; with a stop goes the target that is sent with it.
      case 'order.absent':
        return said.what === 'halt' || (said.what === 'cancel' && this.#isOfFamily(id, said.clOrdID))
      case 'halt.engaged': {
        const { level } = dataOf<'halt.engaged'>(row)
        return said.what === 'halt' && said.scope === id && (level ?? 'K4') === levelOf(said)
      }
      case 'halt.released':
        return said.what === 'release' && said.scope === id
      case 'order.adopted':
        return said.what === 'take-in' && said.symbol === dataOf<'order.adopted'>(row).order.terms.symbol
      case 'task.closed':
        return said.what === 'close' && said.taskID === id
      default:
        return false
    }
  }
  /** Whether a part that this intent belongs to was halted by whoever that is. */
  #isHaltOf(intentID: string, by: string): boolean {
    const proposal = this.#book.ideas.get(intentID)?.intent.proposal
    if (!proposal) return false
    const stopping = this.#book.stopping(proposal.symbol, proposal.strategyID)
    return stopping.some((halt) => isPart(halt.scope) && halt.by === by)
  }
  /** Whoever is alone agrees by proposing; and what takes power away is done by it. */
  #isOfChange(changeID: string, said: Said, digest?: string | null): boolean {
    if (said.what === 'agree') return said.changeID === changeID && (digest === undefined || said.digest === digest)
    const wanted = this.#book.wanted.get(changeID)
    return said.what === 'govern' && wanted !== undefined && said.of === canonical(wanted.change.what)
  }
  /** An order and those that take its place are canceled together while nobody knows which of them works. */
  #isOfLine(clOrdID: string, asked: string): boolean {
    const [one, other] = [this.#book.orders.get(clOrdID), this.#book.orders.get(asked)]
    return one !== undefined && other !== undefined && this.#book.root(one) === this.#book.root(other)
  }
  #isOfFamily(clOrdID: string, asked: string): boolean {
    return this.#book.orders.get(clOrdID)?.intentID === this.#book.orders.get(asked)?.intentID
  }

  /** Holds the answers that have come against the journal, of which `size` rows were looked at. */
  answers(size: number): void {
    const { said } = this.#scene
    if (!said) return
    while (this.#heard < said.length) this.#unanswered.add(said[this.#heard++] as Said)
    for (const one of this.#unanswered) {
      if (one.answer === null || one.answer.to > size) continue
      this.#unanswered.delete(one)
      if (one.answer.is === 'ok') this.#kept(one, one.answer.to)
      else this.#refused(one, one.answer)
    }
  }

  /** Asked a second time, it is answered by what came of the first. */
  #kept(said: Said, to: number): void {
    const until = this.#scene.rows.slice(0, to)
    const during = until.slice(said.from)
    const isMine = (row: Row): boolean =>
      said.what !== 'approve' && row.action === DONE[said.what] && said.by === row.actor.id && this.#isMeant(row, said)
    const isThere = ((): boolean => {
      switch (said.what) {
        case 'halt':
        case 'release':
        case 'take-in':
        case 'govern':
        case 'arm':
        case 'link':
          return during.some(isMine)
        case 'reprice':
          return during.some(
            (row) => isMine(row) || (row.action === 'intent.refused' && row.object.id === said.intentID),
          )
        // Whoever did it first.
        case 'withdraw':
        case 'close':
        case 'disarm':
        case 'unlink':
          return until.some((row) => this.#isMeant(row, said))
        case 'cancel':
          return isAskedToEnd(until, said.clOrdID, said.from)
        // Said before with something else, or by arming, it is said.
        case 'approve':
          return until.some((row) => YESES.has(row.action) && isYesTo(row, said) && yesOf(row).by === said.by)
        case 'propose':
        case 'agree':
        case 'decline':
        case 'replace':
          return until.some(isMine)
      }
    })()
    if (!isThere) broken('answered', `${wordsOf(said)} was answered as done, and the journal has nothing of it`)
  }

  /** What is refused leaves nothing behind; a try before the last may have done it, and others may have. */
  #refused(said: Said, { is, to, tries }: NonNullable<Said['answer']>): void {
    const { rows } = this.#scene
    const during = rows.slice(said.from, to)
    if (is === 'ALREADY_HALTED') {
      const isHalted = (row: Row | undefined): boolean =>
        row?.action === 'halt.engaged' &&
        said.what === 'halt' &&
        (dataOf<'halt.engaged'>(row).level ?? 'K4') >= levelOf(said)
      const isOf = ({ action, object }: Row): boolean =>
        HALTS.has(action) && said.what === 'halt' && object.id === said.scope
      if (!isHalted(rows.slice(0, said.from).findLast(isOf)) && !during.some((row) => isOf(row) && isHalted(row)))
        broken('answered', `${said.by} was told that trading is halted already, and it was not`)
    }
    if (tries > 1) return
    const others = (this.#scene.said ?? []).filter((one) => one !== said)
    const row = during.find((one) => this.#isOf(one, said) && !others.some((other) => this.#isOf(one, other)))
    if (row)
      broken(
        'answered',
        `${wordsOf(said)} was refused (${is}), and row ${row.seq} (${row.action}) says that it was done`,
      )
  }
}

/** A part is stopped at K1, or at K4 with what works of it; everything at K2 at least, and at K4 unless somebody says less. */
function levelOf({ scope, level }: Extract<Asked, { readonly what: 'halt' }>): HaltLevel {
  if (isPart(scope)) return level === undefined || level === 'K1' ? 'K1' : 'K4'
  return level === 'K1' ? 'K2' : (level ?? 'K4')
}

/** What was asked → what is then in the journal. */
const DONE: Readonly<Record<Exclude<Asked['what'], 'approve'>, Action>> = {
  propose: 'intent.received',
  decline: 'intent.declined',
  withdraw: 'intent.withdrawn',
  reprice: 'intent.ticketed',
  cancel: 'order.cancel-requested',
  replace: 'order.replace-requested',
  halt: 'halt.engaged',
  release: 'halt.released',
  'take-in': 'order.adopted',
  close: 'task.closed',
  govern: 'change.proposed',
  agree: 'change.voted',
  arm: 'strategy.armed',
  disarm: 'strategy.disarmed',
  link: 'link.made',
  unlink: 'link.ended',
}
const YESES: ReadonlySet<string> = new Set(['intent.voted', 'intent.approved'])
/** Of these the exact terms count. */
const VOTES: ReadonlySet<string> = new Set([...YESES, 'order.replace-requested'])
const HALTS: ReadonlySet<string> = new Set(['halt.engaged', 'halt.released'])
/** Nobody in a world signs in; that is for the tests of the edge. */
const SIGNING_IN: ReadonlySet<string> = new Set([
  'code.issued',
  'person.added',
  'session.opened',
  'session.ended',
  'token.issued',
  'token.revoked',
  'passkey.enrolled',
])

const yesOf = (row: Row): Decision => dataOf<'intent.approved' | 'intent.voted'>(row).decision
/** A yes to the same ticket, whatever it was said with. */
const isYesTo = (row: Row, said: Said): said is Extract<Said, { readonly what: 'approve' }> =>
  said.what === 'approve' && said.intentID === row.object.id && said.digest === yesOf(row).digest

/** All that is armed, as one text. */
export const boundsOf = ({
  strategyID,
  symbols,
  maxNotional,
  maxCount,
  until,
}: Pick<ArmedStrategy, 'strategyID' | 'symbols' | 'maxNotional' | 'maxCount' | 'until'>): string =>
  canonical({ strategyID, symbols, maxNotional, maxCount, until })

/** Somebody is kept out, or may do less. */
const takesAway = ({ before, after }: Extract<ChangeOf, { readonly kind: 'person' }>): boolean =>
  after.roles.every((role) => before.roles.includes(role)) &&
  (after.disabled || (!before.disabled && after.roles.length < before.roles.length))

/** Tighter limits are set by whoever has some power, looser ones are wanted by those who answer for the risk. */
const TIGHTENING: readonly string[] = ['risk', 'admin', 'approver', 'operator']
const proposing = (what: ChangeOf): readonly string[] =>
  what.kind !== 'risk limits' ? GOVERNING : isTighter(what.before, what.after) ? TIGHTENING : ['risk']
const agreeing = (kind: ChangeOf['kind'] | undefined): readonly string[] =>
  kind === 'risk limits' ? APPROVING : GOVERNING

/** Only at the word of a person. */
const isRepriced = ({ action, data }: Row): boolean =>
  action === 'intent.ticketed' && (data as { why?: unknown }).why === 'repriced'
const isAsWished = (asked: Decimal | null, got: Decimal | null): boolean =>
  asked === null || (got !== null && eq(asked, got))

/** A cancel of it was asked for, by whomever, and since then the broker has not refused it until now: `from`. */
function isAskedToEnd(rows: readonly Row[], clOrdID: string, from: number): boolean {
  const about = rows.filter((row) => row.object.id === clOrdID)
  const isNo = ({ action, data, seq }: Row): boolean =>
    seq < from && action === 'order.cancel-answered' && (data as { outcome?: unknown }).outcome === 'rejected'
  return about
    .slice(about.findLastIndex(isNo) + 1)
    .some(({ action }) => action === 'order.cancel-requested' || action === 'order.absent')
}

/** As a line of the log: `ana asks to decline I1`. */
export function wordsOf({ what, by, ...about }: Asked): string {
  const { intentID, clOrdID, symbol, taskID, changeID, strategyID, armingID, linkID } = about as Partial<
    Record<string, string>
  >
  const of = intentID ?? clOrdID ?? symbol ?? taskID ?? changeID ?? strategyID ?? armingID ?? linkID
  return [by, 'asks to', what, of].filter((word) => word !== undefined).join(' ')
}

const dataOf = <A extends Action>(row: Row): Happened[A] => row.data as unknown as Happened[A]
