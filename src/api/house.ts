import type { ChannelClick, ChannelUser } from '../approvals/evidence.ts'
import type { Denial, Desk } from '../desk/desk.ts'
import { linkID } from '../desk/evidence.ts'
import type { Actor } from '../journal/row.ts'
import { type HaltScope, statesOf, tradingIn } from '../orders/halt.ts'
import { isOpen } from '../orders/machine.ts'
import type { Alert, Card, Heard, House } from '../ports/channel.ts'
import type { Clock } from '../ports/clock.ts'
import type { Intent, Person } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID, IntentID } from '../values/brand.ts'
import { sha256Base64url } from '../values/hash.ts'
import type { Instant } from '../values/instant.ts'
import type { Result } from '../values/result.ts'
import { codeHash, scopesOf } from './access.ts'
import { alertOf } from './alert.ts'
import { yesesTo } from './beforehand.ts'
import { cardOf, titleOf } from './card.ts'
import { type Log, namesOf, orderOf } from './context.ts'
import { cleanText } from './text.ts'

export type HouseDeps = {
  readonly desk: Desk
  readonly reads: Reads
  readonly clock: Clock
  readonly log: Log
  readonly account: AccountID
  /** Tells this journal from any other, such as the line that verifies it. */
  readonly journal: string
  readonly environment: 'paper' | 'live'
  /** Where people open the page, such as `https://jax.example`; without a slash at its end. */
  readonly publicUrl: string
}

/** As much of the digest as the button of a chat holds at least: 96 bits. */
const DIGEST_LEAST = 16
const REASON_MAX = 500

/**
 * What channels may ask: what the signed-in page may, as far as the person behind a chat account could do it there with
 * a click. Never rejects: what breaks is logged, and told as something that was not done.
 */
export function createHouse(deps: HouseDeps): House {
  const { desk, reads, clock, log, account } = deps
  // The account alone is not enough: two that try things out are both `paper:sim:main`.
  const gateway = sha256Base64url(`${account} ${deps.journal}`).slice(0, 16)

  async function shown(intent: Intent): Promise<Card | null> {
    const now = clock.now()
    const [order, name, counted] = await Promise.all([
      orderOf(reads, intent),
      namesOf(reads),
      yesesTo(reads, intent, now),
    ])
    return cardOf(intent, order, counted, { gateway, now, name, publicUrl: deps.publicUrl })
  }
  async function card(intentID: IntentID): Promise<Card | null> {
    const intent = await reads.get('intent', intentID)
    return intent && shown(intent)
  }

  async function alert(taskID: string): Promise<Alert | null> {
    const task = await reads.get('task', taskID)
    const { environment, publicUrl } = deps
    return task && alertOf(task, { gateway, environment, publicUrl, name: await namesOf(reads) })
  }

  /** The person whom this chat account was linked to by a code; never by a name, which anybody may take. */
  async function personOf(user: ChannelUser): Promise<Person | null> {
    const link = await reads.get('link', linkID(user))
    return link && link.endedAt === null ? reads.get('person', link.personID) : null
  }
  async function asPerson(by: ChannelUser, act: (person: Person, actor: Actor) => Promise<Heard>): Promise<Heard> {
    const person = await personOf(by)
    if (!person) return UNLINKED
    if (person.disabled) return no('NOT_ELIGIBLE', `${person.name} has no access any more.`)
    return act(person, { type: 'person', id: person.personID, via: by.provider, session: null })
  }
  /** What came of it, with the card as it stands now. */
  async function told(
    intentID: IntentID,
    result: Result<Intent, Denial>,
    text: (intent: Intent) => string | Promise<string>,
  ): Promise<Heard> {
    if (result.ok) return { ok: true, text: await text(result.value), card: await shown(result.value) }
    return { ok: false, code: result.error.code, text: result.error.text, card: await card(intentID) }
  }

  const safely = async <T>(what: string, act: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await act()
    } catch (fault) {
      log.error(
        { what, fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) },
        'a channel could not be served',
      )
      return otherwise
    }
  }

  return {
    gateway,
    card: (intentID) => safely('card', () => card(intentID), null),

    decide: ({ intentID, rev, digest, verdict, reason, by }) =>
      safely(
        'decide',
        () =>
          asPerson(by, async (person, actor) => {
            const intent = await reads.get('intent', intentID)
            if (!intent) return no('NOT_FOUND', 'There is no such order here.')
            const words = wordsOf(reason)
            // A no is taken from an older card too: it is the safe direction.
            if (verdict === 'decline') {
              const declined = await desk.decline({
                intentID,
                reason: words || `Declined in ${NAME[by.provider]}.`,
                actor,
              })
              return told(
                intentID,
                declined,
                (now) => `Declined by ${person.name}: ${headline(now)}. Nothing was sent.`,
              )
            }
            const isShown = digest.length >= DIGEST_LEAST && intent.digest?.startsWith(digest) === true
            if (rev !== intent.rev || !isShown || intent.digest === null)
              return {
                ok: false,
                code: 'ORDER_CHANGED',
                text: 'The order changed since this card was shown. Look at the new one, and decide again.',
                card: await shown(intent),
              }
            const approved = await desk.approve({
              intentID,
              digest: intent.digest,
              reason: words || null,
              actor,
              evidence: by,
            })
            return told(intentID, approved, async (now) => saidYes(now, await yesesTo(reads, now, clock.now())))
          }),
        FAILED,
      ),

    alert: (taskID) => safely('alert', () => alert(taskID), null),

    acknowledge: ({ taskID, by }) =>
      safely(
        'acknowledge',
        () =>
          asPerson(by, async (person, actor) => {
            if (!scopesOf(person.roles).has('tasks:acknowledge'))
              return no('FORBIDDEN', `${person.name} has no role here. Ask an admin for one.`)
            const seen = await desk.acknowledge({ taskID, actor })
            return seen.ok
              ? yes('It is written down that you saw it. It stays open on the page until somebody closes it.')
              : no(seen.error.code, seen.error.text)
          }),
        FAILED,
      ),

    addReason: ({ intentID, reason, by }) =>
      safely(
        'addReason',
        () =>
          asPerson(by, async (_person, actor) => {
            const text = wordsOf(reason)
            if (text === '') return no('INVALID_REQUEST', 'There is no reason in what you wrote. Write one in words.')
            const added = await desk.putAside({ intentID, kind: 'reason', text, until: null, actor })
            return told(intentID, added, () => 'Your reason is in the story of the order.')
          }),
        FAILED,
      ),

    link: ({ code, by }) =>
      safely(
        'link',
        async () => {
          const { provider, tenant, user } = by
          const linked = await desk.linkUser({
            codeHash: codeHash(code.slice(0, 100)),
            user: { provider, tenant, user },
            via: provider,
          })
          if (!linked.ok) return no(linked.error.code, linked.error.text)
          const person = await reads.get('person', linked.value.personID)
          return yes(
            `This ${NAME[provider]} account is linked to ${person?.name ?? linked.value.personID}. What it clicks counts as theirs from now on; the page "Your access" unlinks it.`,
          )
        },
        FAILED,
      ),

    halt: ({ reason, by }) =>
      safely(
        'halt',
        () =>
          asPerson(by, async (person, actor) => {
            if (!scopesOf(person.roles).has('kill:engage'))
              return no('FORBIDDEN', `${person.name} may not halt trading. Ask an admin for a role that may.`)
            const words = wordsOf(reason)
            const part = await partIn(words)
            const result = await desk.halt({
              reason: (part?.reason ?? words) || `Halted in ${NAME[by.provider]}.`,
              actor,
              ...(part && { scope: part.scope }),
            })
            if (!result.ok && result.error.code !== 'ALREADY_HALTED') return no(result.error.code, result.error.text)
            const what = tradingIn(part?.scope ?? 'global')
            if (!result.ok) return yes(`${what} was halted before, and stays so.`)
            return yes(
              part
                ? `${what} is halted: no new order of it is sent, and what waited of it is withdrawn. What works at the broker stays, and all else goes on: write only halt to stop everything. People release it on the page.`
                : `${what} is halted: nothing new is sent, and orders that could open or enlarge a position are being canceled. People release it on the page.${PART.test(words) ? ' No such strategy or symbol was ever seen here, so it is everything that was halted.' : ''}`,
            )
          }),
        FAILED,
      ),

    status: (by) =>
      safely(
        'status',
        () =>
          asPerson(by, async (person) =>
            scopesOf(person.roles).has('orders:read')
              ? yes(await status())
              : no('FORBIDDEN', `${person.name} may see nothing here. Ask an admin for a role.`),
          ),
        FAILED,
      ),

    // Where it cannot be known whether it came before, it did: nothing is done twice.
    once: (key, until: Instant) => safely('once', () => desk.once(key, until), false),
  }

  /**
   * What of trading is to stop, when the words behind "halt" begin with `symbol` or `strategy` and one that was seen here.
   * Null: everything. Anything that is not certain is everything, too, and nobody is asked what they meant: a reason that
   * begins like that, a name that was mistyped, a store that does not answer. Halting too much can be released; while a
   * question waits for its answer, orders leave.
   */
  async function partIn(words: string): Promise<{ readonly scope: HaltScope; readonly reason: string } | null> {
    const [, kind = '', name = '', reason = ''] = PART.exec(words) ?? []
    if (name === '') return null
    try {
      if (kind.toLowerCase() === 'strategy') {
        const { items } = await reads.intents({ strategyID: name }, { limit: 1, after: null })
        return items.length > 0 ? { scope: `strategy:${name}`, reason } : null
      }
      const symbol = name.toUpperCase()
      const [market, { items }] = await Promise.all([
        reads.get('market', symbol),
        reads.intents({ symbol }, { limit: 1, after: null }),
      ])
      return market || items.length > 0 ? { scope: `symbol:${symbol}`, reason } : null
    } catch (error) {
      log.error(
        { error: (error as Error).message },
        'It could not be looked up what a halt is to stop, so that it stops everything.',
      )
      return null
    }
  }

  async function status(): Promise<string> {
    const [rows, waiting, open, tasks, name] = await Promise.all([
      reads.all('halt'),
      reads.waitingIntents(),
      reads.openOrders(account),
      reads.all('task'),
      namesOf(reads),
    ])
    const halts = statesOf(rows)
    const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
    return [
      `${deps.environment === 'paper' ? 'Paper' : 'LIVE'} account ${account}.`,
      ...(halts.length === 0
        ? ['Trading is on.']
        : halts.map((one) => `${tradingIn(one.scope)} is HALTED by ${name(one.by)}: ${one.reason}`)),
      `${count(waiting.filter((intent) => intent.state === 'AwaitingApproval').length, 'order')} waiting for people, ${count(open.filter(isOpen).length, 'order')} open, ${count(tasks.filter(({ doneAt }) => doneAt === null).length, 'task')} for a person.`,
    ].join(' ')
  }
}

/** `symbol AAPL the feed is odd`: what, its name, and why. */
const PART = /^\s*(symbol|strategy)\s+(\S+)\s*([^]*)$/i

const NAME = { slack: 'Slack', teams: 'Teams' } as const satisfies Record<ChannelClick['provider'], string>

const yes = (text: string): Heard => ({ ok: true, text, card: null })
const no = (code: string, text: string): Heard => ({ ok: false, code, text, card: null })
const UNLINKED = no(
  'IDENTITY_UNLINKED',
  'This chat account belongs to nobody here. Sign in on the page, make a link code under "Your access", and send it here.',
)
const FAILED = no(
  'INTERNAL',
  'Something broke in the gateway. Whether it was done is not known: look at the page of the order before you try again.',
)

/** What somebody wrote, cut rather than refused: a no must not be lost over a long reason. */
function wordsOf(written: string | null): string {
  const cut = [...(written ?? '').toWellFormed()].slice(0, REASON_MAX).join('')
  const clean = cleanText(cut, 2 * REASON_MAX)
  return clean.ok ? clean.value.trim() : ''
}

const headline = ({ ticket, proposal }: Intent): string => (ticket ? titleOf(ticket.terms) : proposal.symbol)

function saidYes(intent: Intent, counted: ReadonlySet<string>): string {
  const { requires } = intent
  if (intent.state === 'AwaitingApproval')
    return `Your yes to ${headline(intent)} counts: ${counted.size} of ${requires?.quorum ?? 1}. It waits for more people.`
  return `Approved: ${headline(intent)}. It is checked once more and then sent.`
}
