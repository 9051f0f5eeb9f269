import { APPROVERS, DECLINERS } from '../../src/approvals/decide.ts'
import type { Action, Happened } from '../../src/desk/events.ts'
import type { Row } from '../../src/journal/row.ts'
import { type Decimal, eq } from '../../src/values/decimal.ts'
import { plusMs } from '../../src/values/instant.ts'
import { broken } from './promises.ts'
import type { Idea, Recount } from './recount.ts'
import type { Scene } from './scene.ts'

// Who may do it, and whether they did.

/** Roles that start trading again, and those that say what a difference is. */
const RELEASERS: readonly string[] = ['risk', 'approver', 'operator', 'admin']
const EXPLAINERS: readonly string[] = ['risk', 'operator']

/** Holds what the journal says that people and agents did against what they may, and against what they asked for. */
export class People {
  readonly #scene: Scene
  readonly #book: Recount

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
      case 'intent.approved': {
        const { decision, sendBy } = dataOf<'intent.approved'>(row)
        const idea = book.ideas.get(id)
        if (!idea) broken('seen', `row ${row.seq} approves ${id}, which was never received`)
        this.#person(row, APPROVERS, `approve ${id}`)
        if (decision.by !== actor.id) broken('people', `${actor.id} approved ${id} in the name of ${decision.by}`)
        if (isOwn(idea, actor.id)) broken('people', `${actor.id} approved ${id}, which is their own proposal`)
        if (decision.digest !== idea.digest)
          broken('approved', `${id} was approved under a digest that its ticket has not`)
        if (idea.decideBy === null || decision.at > idea.decideBy || decision.at > idea.intent.proposal.expiresAt)
          broken('approved', `${id} was approved after the time to decide`)
        if (sendBy > plusMs(decision.at, this.#scene.policy.executionTtlMs))
          broken('approved', `the approval of ${id} lasts longer than the policy allows`)
        const seen = this.#scene.said
        if (
          seen &&
          !seen.some((s) => s.what === 'approve' && s.intentID === id && s.by === actor.id && s.digest === idea.digest)
        )
          broken('approved', `${actor.id} never said yes to the ticket of ${id} that counts as approved`)
        return
      }
      case 'order.replace-requested': {
        const { decision, ticket, by } = dataOf<'order.replace-requested'>(row)
        const order = book.orders.get(id)
        const idea = order && book.ideas.get(order.intentID)
        if (!order || !idea) broken('seen', `row ${row.seq} changes ${id}, which is not in the book`)
        this.#person(row, APPROVERS, `change ${id}`)
        if (decision.by !== actor.id) broken('people', `${actor.id} changed ${id} in the name of ${decision.by}`)
        if (isOwn(idea, actor.id)) broken('people', `${actor.id} changed ${id}, which is their own proposal`)
        const meant = this.#scene.said
        const { orderQty, price } = ticket.terms
        const same = (asked: Decimal | null, got: Decimal | null): boolean =>
          asked === null || (got !== null && eq(asked, got))
        if (
          meant &&
          !meant.some(
            (s) =>
              s.what === 'replace' &&
              s.clOrdID === id &&
              s.by === actor.id &&
              same(s.orderQty, orderQty) &&
              same(s.price, price),
          )
        )
          broken('approved', `${actor.id} never asked for ${by} as it is written down`)
        return
      }
      case 'halt.released': {
        this.#person(row, RELEASERS, 'release the halt')
        const { halt, lastRun } = book
        if (!halt || !lastRun?.run.clean || lastRun.seq < halt.seq)
          broken('compared', 'the halt was released without a comparison since it came that found nothing')
        return
      }
      case 'order.adopted':
        if (actor.type !== 'broker') this.#person(row, EXPLAINERS, `take in ${id}`)
        return
      case 'intent.declined':
        return this.#person(row, DECLINERS, `decline ${id}`)
      case 'intent.withdrawn':
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
      case 'person.added':
      case 'code.issued':
      case 'session.opened':
      case 'token.issued':
        if (actor.type === 'agent') broken('people', `agent ${actor.id} did ${row.action}`)
        return
      default:
        return
    }
  }
  #person({ actor }: Row, roles: readonly string[], what: string): void {
    const no = mayNot(actor.type === 'person' ? actor.id : null, roles, this.#book)
    if (no !== null) broken('people', `${actor.type} ${actor.id} did ${what}: ${no}`)
  }
}

const dataOf = <A extends Action>(row: Row): Happened[A] => row.data as unknown as Happened[A]

/** Why this person may not; null when they may. */
export function mayNot(personID: string | null, roles: readonly string[], book: Recount): string | null {
  if (personID === null) return 'that takes a person'
  const person = book.people.get(personID)
  if (!person) return 'nobody of that name is known'
  if (person.disabled) return 'is disabled'
  return person.roles.some((role) => roles.includes(role)) ? null : `has only the roles ${person.roles.join(', ')}`
}
export const isOwn = ({ intent }: Idea, personID: string): boolean =>
  personID === intent.proposer.id || personID === intent.proposerOwner
