import type { Denial, DenialCode, Desk } from '../../src/desk/desk.ts'
import type { Happened } from '../../src/desk/events.ts'
import type { Actor, Row } from '../../src/journal/row.ts'
import type { HaltLevel, HaltScope } from '../../src/orders/halt.ts'
import type { Proposal } from '../../src/orders/proposal.ts'
import type { Role, Terms } from '../../src/orders/terms.ts'
import type { ClOrdID, IntentID } from '../../src/values/brand.ts'
import {
  dec,
  amt,
  gt,
  isZero,
  max,
  min,
  minus,
  negate,
  plus,
  px,
  qty,
  text,
  times,
  toStep,
  type Decimal,
  type Qty,
  ZERO,
} from '../../src/values/decimal.ts'
import { msBetween, plusMs } from '../../src/values/instant.ts'
import type { Result } from '../../src/values/result.ts'
import { FIRST_POLICY } from '../../src/approvals/policy.ts'
import type { ChannelUser, Evidence } from '../../src/approvals/evidence.ts'
import { LIMIT_NAMES, LIMITS, type Limits } from '../../src/gate/limits.ts'
import type { Change, ChangeOf, PersonRole } from '../../src/ports/records.ts'
import { sha256Base64url } from '../../src/values/hash.ts'
import { canonical } from '../../src/values/json.ts'
import { AGENT, personActor } from '../scenarios/world.ts'
import type { Truth } from '../scenarios/broker.ts'
import type { HouseClock, Loop } from './loop.ts'
import { boundsOf, wordsOf } from './people.ts'
import type { Item, PolicyName } from './plan.ts'
import { POLICIES } from './policies.ts'
import { isPart, Recount } from './recount.ts'
import { type Asked, type Said, Violation } from './scene.ts'
import { enrol, signed } from './signing.ts'
import { linkOf } from './yes.ts'
import type { Venue } from './venue.ts'
import type { Wire } from './wire.ts'

/** What those who act can reach: the house from outside, the broker's market, and the things that break. */
export interface Acting {
  readonly loop: Loop
  readonly clock: HouseClock
  readonly market: Venue
  readonly wire: Wire
  /** Null while the house is closed. */
  readonly desk: Desk | null
  readonly isCalm: boolean
  /** The house has taken down whose account it trades. */
  readonly isIdentified: boolean
  haltFile: 'absent' | 'present'
  /** What people and agents asked for and were answered, for the oracles. */
  readonly said: Said[]
  /** What is durable. */
  readonly rows: readonly Row[]
  note(line: string): void
  injected(kind: string, about: string | null): void
  acknowledged(): Promise<void>
  onRow(cue: (row: Row) => void): void
  crash(why: string, downMs?: number): void
  disk(what: 'full' | 'slow' | 'torn', ms: number): void
  second(): Promise<void>
}

type Act = (w: Acting, item: Item) => Promise<void> | void

/** Does what one line of the script says. */
export async function act(w: Acting, item: Item): Promise<void> {
  const run = ACTS[item.verb]
  if (!run) throw new Error(`nobody knows what ${item.verb} is; known are ${Object.keys(ACTS).join(', ')}`)
  await run(w, item)
}

/** How long a caller waits for an answer before asking again; the question keeps its id. */
const ANSWER_MS = 5_000
const TRIES = 6

/**
 * Asks the desk as a program or a browser does: no answer is no answer, and it is asked again. Null when it never came.
 */
async function ask<T>(
  w: Acting,
  what: string,
  run: (desk: Desk) => Promise<T>,
  answered: (value: T, tries: number) => void = () => {},
): Promise<T | null> {
  let tries = 0
  for (let n = 0; n < TRIES; n++) {
    const { desk } = w
    if (!desk) {
      await w.loop.delay(1_000)
      continue
    }
    tries++
    const answer = await Promise.race([
      run(desk).then(
        (value) => ({ value }),
        (thrown: unknown) => ({ thrown }),
      ),
      w.loop.delay(ANSWER_MS).then(() => null),
    ])
    if (answer && 'value' in answer) {
      answered(answer.value, tries)
      void w.acknowledged()
      return answer.value
    }
    if (answer) w.note(`  ${what}: ${String(answer.thrown)}`)
    await w.loop.delay(500)
  }
  w.note(`  ${what}: no answer`)
  return null
}

/** Notes what somebody wants, asks for it, and notes what came back. */
async function want<T>(
  w: Acting,
  wish: Asked,
  run: (desk: Desk) => Promise<Result<T, Denial>>,
): Promise<Result<T, Denial> | null> {
  const words = wordsOf(wish)
  const done = await ask(
    w,
    words,
    run,
    noting(w, wish, (value) => (value.ok ? 'ok' : value.error.code)),
  )
  if (done) {
    const no = done.ok ? [] : [done.error.code, ...done.error.refusals.map(({ code }) => code)]
    w.note(`  ${words}: ${done.ok ? 'done' : no.join(' ')}`)
  }
  return done
}
/** Takes down what is about to be asked. What it returns takes down the answer. */
function noting<T>(w: Acting, wish: Asked, isOf: (value: T) => 'ok' | DenialCode) {
  const said: Said = { ...wish, from: w.rows.length, answer: null }
  w.said.push(said)
  return (value: T, tries: number): void => {
    said.answer = { is: isOf(value), to: w.rows.length, tries }
  }
}
const named = (item: Item, name: string, otherwise?: string): string => {
  const value = item.named[name] ?? otherwise
  if (value === undefined) throw new Error(`${item.verb} wants ${name}=`)
  return value
}
const word = (item: Item, n: number): string => {
  const value = item.words[n]
  if (value === undefined) throw new Error(`${item.verb} wants ${n + 1} words`)
  return value
}
const seconds = (item: Item, name: string, otherwise?: string): number => Number(named(item, name, otherwise)) * 1_000
const who = (name: string): Actor => (name === AGENT.id ? AGENT : personActor(name))

/** Runs when a row about an intent says so; `times` times at most, each a while after. */
function whenever(w: Acting, is: (row: Row) => boolean, times: number, then: (row: Row) => void): void {
  let left = times
  w.onRow((row) => {
    if (left <= 0 || !is(row)) return
    left--
    then(row)
  })
}
/** Waits for a moment, thinks for as long as `after=` says, and does it, once. */
function after(
  w: Acting,
  item: Item,
  moment: (row: Row) => boolean,
  then: (row: Row) => Promise<unknown>,
  otherwise?: string,
): void {
  whenever(w, moment, 1, (row) =>
    w.loop.post(seconds(item, 'after', otherwise), async () => {
      await then(row)
    }),
  )
}
const ticketed = (intentID: string) => (row: Row) => row.action === 'intent.ticketed' && row.object.id === intentID
const rowOf = (action: string, intentID: string) => (row: Row) => row.action === action && row.object.id === intentID
/** The moments in the life of an intent at which somebody may step in. */
const MOMENTS: Readonly<Record<string, (intentID: string) => (row: Row) => boolean>> = {
  received: (intentID) => rowOf('intent.received', intentID),
  ticketed: (intentID) => rowOf('intent.ticketed', intentID),
  approved: (intentID) => rowOf('intent.approved', intentID),
  promised: (intentID) => ofOrder('order.send-started', intentID),
  accepted: (intentID) => ofOrder('order.accepted', intentID),
  filled: (intentID) => ofOrder('execution.reported', intentID),
}
/** Rows about orders carry the correlation id of their intent. */
const ofOrder = (action: string, intentID: string) => {
  let corr: string | null = null
  return (row: Row): boolean => {
    if (row.action === 'intent.received' && row.object.id === intentID) corr = row.corr
    return row.action === action && row.corr === corr
  }
}
const momentOf = (item: Item, otherwise: string) => {
  const moment = MOMENTS[named(item, 'at', otherwise)]
  if (!moment) throw new Error(`at= is one of ${Object.keys(MOMENTS).join(', ')}`)
  return moment(word(item, 0))
}
const created = (role: Role, intentID: string) => (row: Row) => {
  if (row.action !== 'order.created') return false
  const { order } = dataOf<{ order: { intentID: string; role: string } }>(row)
  return order.intentID === intentID && order.role === role
}
const dataOf = <T>(row: Row): T => row.data as unknown as T

/** Every proposal that was ever sent, to be sent again. */
type Proposed = {
  readonly proposal: Proposal
  readonly body: Record<string, string>
  taken: string | null
}
const proposals = new WeakMap<Acting, Map<string, Proposed>>()
const sentBy = (w: Acting): Map<string, Proposed> => {
  const known = proposals.get(w) ?? new Map<string, Proposed>()
  proposals.set(w, known)
  return known
}

function propose(w: Acting, item: Item, form: Proposal['form']): void {
  const intentID = word(item, 0) as IntentID
  const [side, symbol] = [word(item, 1), word(item, 2)]
  const now = w.clock.now()
  const target = item.named['target']
  const proposal: Proposal = {
    intentID,
    form,
    symbol,
    side: side === 'BUY' ? 'Buy' : side === 'SELL' ? 'Sell' : 'Hold',
    entryPx: px(named(item, 'entry')),
    stopPx: px(named(item, 'stop')),
    targetPx: target === undefined ? null : px(target),
    orderQty: form === 'Order' ? qty(named(item, 'qty')) : null,
    ordType: named(item, 'type', 'LMT') === 'MKT' ? 'Market' : 'Limit',
    timeInForce: named(item, 'tif', 'DAY') === 'GTC' ? 'GTC' : 'Day',
    strategyID: 'simulation',
    confidence: dec('0.7'),
    reasoning: 'because',
    generatedAt: now,
    expiresAt: plusMs(now, seconds(item, 'lasts', '600')),
    artifactID: null,
    artifactHash: null,
  }
  const body = { symbol, side, entry_price: text(proposal.entryPx), stop_loss: text(proposal.stopPx) }
  sentBy(w).set(intentID, { proposal, body, taken: null })
}
async function submit(w: Acting, intentID: string, from: string, twist: boolean): Promise<void> {
  const known = sentBy(w).get(intentID)
  if (!known) return
  const { proposal } = known
  const body = twist ? { ...known.body, entry_price: `${known.body['entry_price']}1` } : known.body
  const done = await ask(
    w,
    `${intentID} from ${from}`,
    (desk) => desk.submit({ proposal, body, actor: who(from), owner: from === AGENT.id ? 'tom' : null }),
    noting(w, { what: 'propose', by: from, intentID }, ({ outcome }) =>
      outcome === 'conflict' ? 'INTENT_CONFLICT' : 'ok',
    ),
  )
  if (!done) return
  w.note(`  ${intentID} from ${from}: ${done.outcome}`)
  const due = !known.taken ? null : JSON.stringify(body) === known.taken ? 'repeated' : 'conflict'
  if (due !== null && done.outcome !== due)
    throw new Violation('G2: one id, one intent', `${intentID} was ${done.outcome} where ${due} is the answer`)
  if (due === null && done.outcome === 'received') known.taken = JSON.stringify(body)
}

function cancelOf(w: Acting, item: Item, role: Role): void {
  const by = named(item, 'by')
  after(w, item, created(role, word(item, 0)), ({ object }) => {
    const clOrdID = object.id as ClOrdID
    return want(w, { what: 'cancel', by, clOrdID }, (desk) => desk.requestCancel({ clOrdID, actor: who(by) }))
  })
}
async function halts(w: Acting, item: Item, by: string): Promise<void> {
  const [scope, level] = [scopeOf(item), item.named['level'] as HaltLevel | undefined]
  w.injected(isPart(scope) ? 'halt of a part' : 'halt', null)
  await want(w, { what: 'halt', by, scope, level }, (desk) =>
    desk.halt({ reason: 'enough', actor: who(by), scope, ...(level && { level }) }),
  )
}
const scopeOf = (item: Item): HaltScope => named(item, 'scope', 'global') as HaltScope
const releasing = (by: string, scope: HaltScope) => (desk: Desk) =>
  desk.release({ reason: 'all clear', actor: who(by), scope })
const takingIn = (symbol: string, by: string) => (desk: Desk) =>
  desk.takeIn({ symbol, px: null, reason: 'explained', actor: who(by) })

const chatUser = (user: string): ChannelUser => ({ provider: 'slack', tenant: 'T1', user })
const clickOf = (w: Acting, user: string): Evidence => ({
  ...chatUser(user),
  kind: 'channel',
  app: 'A1',
  conversation: 'C1',
  message: null,
  transport: 'http',
  proof: sha256Base64url(`${user} ${w.rows.length} ${w.loop.nowUs}`),
})

/** The policy of approvals and a person's access, as a page shows them: what has become durable. */
const policyOf = (w: Acting): { readonly version: number } =>
  w.rows
    .filter(({ action }) => action === 'policy.changed')
    .map((row) => dataOf<{ policy: { version: number } }>(row).policy)
    .at(-1) ?? FIRST_POLICY
type Access = { readonly roles: readonly PersonRole[]; readonly disabled: boolean }
export function accessOf(w: Pick<Acting, 'rows'>, personID: string, first = false): Access | null {
  const all = w.rows
    .filter(
      ({ action, object }) => object.id === personID && (action === 'person.added' || action === 'person.changed'),
    )
    .map((row) => dataOf<{ person?: Access } & Access>(row))
    .map(({ person, ...changed }) => person ?? changed)
    .map(({ roles, disabled }) => ({ roles, disabled }))
  return all.at(first ? 0 : -1) ?? null
}

/** The risk limits as a page shows them; null: the account has none. */
function limitsOf(w: Acting): Limits | null {
  const book = new Recount()
  for (const row of w.rows) if (row.action.startsWith('limits.')) book.take(row)
  return book.limitsAt(w.clock.now())
}
/** Every figure two thirds of what it was, or three times as much; a count is never none. */
function other(limits: Limits, to: string): Limits {
  const [tighter, most] = [to === 'tighter', dec('1')]
  const values = LIMIT_NAMES.map((name) => {
    const { unit } = LIMITS[name]
    const figure = (value: Decimal | null): Decimal | null => {
      if (value === null) return null
      if (unit === 'count' || unit === 'orders') return tighter ? max(minus(value, most), most) : plus(value, most)
      const share = times(value, dec(tighter ? '0.66' : '1.5'))
      return unit.startsWith('share') ? min(share, most) : share
    }
    const { hard, soft } = limits.values[name]
    return [name, { hard: figure(hard), soft: figure(soft) }] as const
  })
  const restricted = tighter ? [...new Set([...limits.lists.restricted, 'MSFT'])] : []
  return {
    ...limits,
    version: limits.version + 1,
    values: Object.fromEntries(values) as Limits['values'],
    lists: { ...limits.lists, restricted },
  }
}

const governing = (w: Acting, item: Item, what: ChangeOf): Promise<void> =>
  govern(w, what, named(item, 'by', 'rik'), named(item, 'agree', 'ad'), seconds(item, 'after', '0'))

async function govern(
  w: Acting,
  what: ChangeOf,
  by: string,
  agrees: string | undefined,
  afterMs: number,
): Promise<void> {
  const done = await want(w, { what: 'govern', by, of: canonical(what) }, (desk) =>
    desk.proposeChange({ what, reason: 'as agreed', actor: who(by) }),
  )
  if (!done?.ok || done.value.state !== 'Waiting' || agrees === undefined) return
  const { changeID, digest }: Change = done.value
  await w.loop.delay(afterMs)
  await want(w, { what: 'agree', by: agrees, changeID, digest }, (desk) =>
    desk.decideChange({ changeID, digest, verdict: 'approved', reason: null, actor: who(agrees) }),
  )
}

/** The governors of the house, whoever of them has still access and is not this person. */
const governorsFor = (w: Acting, personID: string): readonly string[] =>
  ['rik', 'ad'].filter((name) => name !== personID && accessOf(w, name)?.disabled === false)
export const hasAll = (w: Pick<Acting, 'rows'>, personID: string): boolean =>
  canonical(accessOf(w, personID)) === canonical(accessOf(w, personID, true))

/** Somebody gets another access, however often that must be asked for: the house may be closed, or its disk full. */
async function gets(w: Acting, personID: string, to: (before: Access, first: Access) => Access): Promise<void> {
  for (;;) {
    const [before, first] = [accessOf(w, personID), accessOf(w, personID, true)]
    const after = before && first && to(before, first)
    if (after && canonical(after) === canonical(before)) return
    const [by, agrees] = governorsFor(w, personID)
    if (w.desk && after && by !== undefined) await govern(w, { kind: 'person', personID, before, after }, by, agrees, 0)
    await w.loop.delay(1_000)
  }
}

const ACTS: Readonly<Record<string, Act>> = {
  // --- agents and people
  async signal(w, item) {
    propose(w, item, 'Signal')
    await submit(w, word(item, 0), named(item, 'from', AGENT.id), false)
  },
  async order(w, item) {
    propose(w, item, 'Order')
    await submit(w, word(item, 0), named(item, 'from', AGENT.id), false)
  },
  again: (w, item) => submit(w, word(item, 0), named(item, 'from', AGENT.id), false),
  twist: (w, item) => submit(w, word(item, 0), named(item, 'from', AGENT.id), true),

  /** Waits for the ticket, looks at it for a while, and says yes to what was seen. */
  approve(w, item) {
    const [intentID, by] = [word(item, 0) as IntentID, named(item, 'by')]
    let before: string | null = null
    whenever(w, ticketed(intentID), Number(named(item, 'times', '3')), (row) => {
      const { digest, decideBy, requires } = dataOf<Happened['intent.ticketed']>(row)
      const seen =
        item.named['shows'] === 'old' && before !== null
          ? before
          : item.named['shows'] === 'wrong'
            ? `${digest.slice(0, -4)}0000`
            : digest
      before = digest
      const end = item.named['end']
      const afterMs = end === undefined ? seconds(item, 'after') : msBetween(w.clock.now(), decideBy) + Number(end)
      w.loop.post(afterMs, async () => {
        const chat = item.named['via'] === 'slack'
        const evidence = chat ? clickOf(w, named(item, 'user', by)) : null
        const using = chat ? 'channel' : item.named['via'] === 'passkey' ? 'passkey' : null
        const actor: Actor = chat ? { ...who(by), via: 'slack', session: null } : who(by)
        await want(w, { what: 'approve', by, intentID, digest: seen, ...(using && { using }) }, async (desk) => {
          const ticket = { intentID, digest: seen, policyVersion: requires?.policyVersion ?? 0 }
          const nonce = `${w.rows.length} ${w.loop.nowUs}`
          const proof = using === 'passkey' ? await signed(desk, by, ticket, nonce, w.clock.now()) : evidence
          return desk.approve({ intentID, digest: seen, reason: null, actor, ...(proof && { evidence: proof }) })
        })
      })
    })
  },
  decline(w, item) {
    const [intentID, by] = [word(item, 0) as IntentID, named(item, 'by')]
    after(w, item, ticketed(intentID), () =>
      want(w, { what: 'decline', by, intentID }, (desk) => desk.decline({ intentID, reason: 'no', actor: who(by) })),
    )
  },
  withdraw(w, item) {
    const [intentID, by] = [word(item, 0) as IntentID, named(item, 'by', AGENT.id)]
    after(w, item, momentOf(item, 'ticketed'), () =>
      want(w, { what: 'withdraw', by, intentID }, (desk) => desk.withdraw({ intentID, reason: null, actor: who(by) })),
    )
  },
  reprice(w, item) {
    const [intentID, by] = [word(item, 0) as IntentID, named(item, 'by')]
    after(w, item, ticketed(intentID), () =>
      want(w, { what: 'reprice', by, intentID }, (desk) => desk.reprice({ intentID, actor: who(by) })),
    )
  },
  /** Takes the entry back, a while after it was made. */
  cancel: (w, item) => cancelOf(w, item, 'Entry'),
  'cancel-stop': (w, item) => cancelOf(w, item, 'Stop'),
  /** Another price, so many cents away, or another size. */
  replace(w, item) {
    const by = named(item, 'by')
    after(w, item, created('Entry', word(item, 0)), (row) => {
      const { order } = dataOf<{ order: { terms: Terms } }>(row)
      const cents = item.named['cents']
      const share = item.named['share']
      const lot = w.market.broker.markets.get(order.terms.symbol)?.instrument.lot ?? qty('1')
      const size = share === undefined ? null : toStep(times(order.terms.orderQty, dec(share)) as Qty, lot, 'floor')
      const price =
        cents === undefined || order.terms.price === null
          ? null
          : plus(order.terms.price, px((Number(cents) / 100).toFixed(2)))
      const clOrdID = row.object.id as ClOrdID
      const orderQty = size && isZero(size) ? null : size
      return want(w, { what: 'replace', by, clOrdID, orderQty, price }, (desk) =>
        desk.replace({ clOrdID, orderQty, price, reason: null, actor: who(by) }),
      )
    })
  },
  halt: (w, item) => halts(w, item, named(item, 'by', 'rik')),
  /** Somebody halts just when an order is on its way. */
  'halt-at'(w, item) {
    after(w, item, momentOf(item, 'promised'), () => halts(w, item, 'rik'), '0')
  },
  /** Asks for a comparison and releases when it is clean; tries for a while. */
  async release(w, item) {
    const [by, scope] = [named(item, 'by', 'rik'), scopeOf(item)]
    for (let n = 0; n < 12 && !w.isCalm; n++) {
      await ask(w, 'reconcile', (desk) => desk.requestReconcile(who(by)))
      await w.loop.delay(2_500)
      const done = await want(w, { what: 'release', by, scope }, releasing(by, scope))
      if (done === null || done.ok || done.error.code === 'NOT_HALTED') return
    }
  },
  haltfile(w, item) {
    w.haltFile = word(item, 0) === 'present' ? 'present' : 'absent'
    if (w.haltFile === 'present') w.injected('halt file', null)
  },
  async reconcile(w) {
    await ask(w, 'reconcile', (desk) => desk.requestReconcile(who('rik')))
  },
  async 'take-in'(w, item) {
    const [symbol, by] = [word(item, 0), named(item, 'by', 'rik')]
    await want(w, { what: 'take-in', by, symbol }, takingIn(symbol, by))
  },
  /** An agent tries what only people may. */
  async 'agent-tries'(w, item) {
    const by = AGENT.id
    switch (word(item, 0)) {
      case 'release':
        return void (await want(w, { what: 'release', by, scope: 'global' }, releasing(by, 'global')))
      case 'take-in':
        return void (await want(w, { what: 'take-in', by, symbol: 'AAPL' }, takingIn('AAPL', by)))
      default:
        throw new Error(`an agent tries release or take-in, not ${word(item, 0)}; approve has by=jax`)
    }
  },
  async disable(w, item) {
    w.injected('approver removed', null)
    await gets(w, word(item, 0), (before) => ({ ...before, disabled: true }))
  },
  /** With all that they had at first. */
  enable: (w, item) => gets(w, word(item, 0), (_, first) => first),

  // --- who must say yes, and with what
  /** One person proposes, and after a while another one agrees. */
  async policy(w, item) {
    const name = word(item, 0) as PolicyName
    const { version } = policyOf(w)
    const policy = { ...POLICIES[name], version: version + 1 }
    w.injected('policy changed', null)
    await governing(w, item, { kind: 'approval policy', before: version, policy })
  },
  /** At once by one person, or looser on the next day by two. */
  async limits(w, item) {
    const before = limitsOf(w)
    if (!before) return
    w.injected('limits changed', null)
    await governing(w, item, { kind: 'risk limits', before, after: other(before, word(item, 0)) })
  },
  /** Says yes to all that waits, at one instant. */
  async 'approve-all'(w, item) {
    const by = named(item, 'by')
    const waiting = new Map<IntentID, string>()
    for (const { action, object, data } of w.rows)
      if (action === 'intent.ticketed') waiting.set(object.id as IntentID, (data as { digest: string }).digest)
      else if (object.type === 'intent' && action !== 'intent.voted') waiting.delete(object.id as IntentID)
    w.injected('yes to all', null)
    const yes = ([intentID, digest]: readonly [IntentID, string]) =>
      want(w, { what: 'approve', by, intentID, digest }, (desk) =>
        desk.approve({ intentID, digest, reason: null, actor: who(by) }),
      )
    await Promise.all([...waiting].map(yes))
  },
  async access(w, item) {
    const [personID, to] = [word(item, 0), word(item, 1)]
    const before = accessOf(w, personID)
    if (!before) return
    const first = accessOf(w, personID, true) ?? before
    const after =
      to === 'off'
        ? { roles: before.roles, disabled: true }
        : to === 'on'
          ? { roles: first.roles, disabled: false }
          : { roles: before.roles.filter((role) => role !== 'approver'), disabled: before.disabled }
    w.injected('access changed', null)
    await governing(w, item, { kind: 'person', personID, before, after })
  },
  async arm(w, item) {
    const [strategyID, by, ...symbols] = [word(item, 0), named(item, 'by'), ...item.words.slice(1)]
    const all = [...w.market.broker.markets.keys()]
    const until = plusMs(w.clock.now(), seconds(item, 'for'))
    const [maxNotional, maxCount] = [amt(named(item, 'max')), Number(named(item, 'count'))]
    const ask = { strategyID, symbols: symbols.length > 0 ? symbols : all, maxNotional, maxCount, until }
    w.injected('strategy armed', null)
    await want(w, { what: 'arm', by, strategyID, bounds: boundsOf(ask) }, (desk) =>
      desk.arm({ ...ask, actor: who(by) }),
    )
  },
  /** Whatever was armed last. */
  async disarm(w, item) {
    const armingID = w.rows.findLast(({ action }) => action === 'strategy.armed')?.object.id
    const by = named(item, 'by', 'ana')
    if (armingID !== undefined)
      await want(w, { what: 'disarm', by, armingID }, (desk) => desk.disarm({ armingID, reason: null, actor: who(by) }))
  },
  /** A code from the page, sent in the chat. */
  async link(w, item) {
    const by = word(item, 0)
    const user = chatUser(named(item, 'user', by))
    const hash = sha256Base64url(`code ${by} ${w.rows.length} ${w.loop.nowUs}`)
    const expiresAt = plusMs(w.clock.now(), 600_000)
    await ask(w, `a code for ${by}`, (desk) => desk.issueCode({ hash, expiresAt, links: by, actor: who(by) }))
    await want(w, { what: 'link', by, linkID: linkOf(user) }, (desk) =>
      desk.linkUser({ codeHash: hash, user, via: 'slack' }),
    )
  },
  /** Lets them sign what a click is not enough for. */
  async passkey(w, item) {
    const by = word(item, 0)
    await ask(w, `a passkey for ${by}`, (desk) => enrol(desk, by, `${w.rows.length} ${w.loop.nowUs}`, w.clock.now()))
  },
  async unlink(w, item) {
    const [whose, linkID] = [word(item, 0), linkOf(chatUser(word(item, 0)))]
    const by = named(item, 'by', whose)
    w.injected('chat unlinked', null)
    await want(w, { what: 'unlink', by, linkID }, (desk) => desk.endLink({ linkID, reason: 'lost', actor: who(by) }))
  },

  // --- the machine
  crash: (w, item) => w.crash('killed', seconds(item, 'down', '2')),
  'crash-before': () => {},
  clock(w, item) {
    const [step, ppm] = [item.named['step'], item.named['ppm']]
    w.injected(step === undefined ? 'clock drifts' : 'clock stepped', null)
    if (step !== undefined) w.clock.step(Number(step) * 1_000)
    if (ppm !== undefined) w.clock.drift(Number(ppm))
  },
  disk(w, item) {
    const what = word(item, 0)
    if (what !== 'full' && what !== 'slow' && what !== 'torn')
      throw new Error(`a disk is full, slow or torn, not ${what}`)
    w.disk(what, seconds(item, 'for', '5'))
  },
  second: (w) => w.second(),

  // --- the line
  outage: (w, item) => spell(w, item, 'outage', { down: true }, { down: false }),
  throttle: (w, item) => spell(w, item, 'throttled', { throttled: true }, { throttled: false }),
  mute: (w, item) => spell(w, item, 'stream silent', { mute: true }, { mute: false }),
  slow: (w, item) => spell(w, item, 'slow line', { slow: 0.4 }, { slow: 0 }),
  storm: (w, item) =>
    spell(
      w,
      item,
      'reports out of order',
      { doubled: 0.3, delayed: 0.3, dropped: 0.1 },
      { doubled: 0, delayed: 0, dropped: 0 },
    ),
  async deaf(w, item) {
    w.wire.notice({ kind: 'lost', text: 'the connection was closed' })
    await spell(w, item, 'stream lost', { deaf: true }, { deaf: false })
    if (w.desk) w.wire.notice({ kind: 'connected' })
  },
  /** At its next starts the gateway finds another account behind its keys. */
  stranger(w, item) {
    // The first account that it ever sees is the one that it takes for its own.
    if (!w.isIdentified) return
    w.injected('another account', null)
    w.wire.who = { accountID: 'another', name: 'another' }
    w.crash('killed', 2_000)
    w.loop.post(seconds(item, 'for', '8'), () => {
      w.wire.who = { accountID: 'scripted', name: 'scripted' }
    })
  },

  // --- the market and other hands
  gap(w, item) {
    w.injected('market jumps', null)
    w.market.gap(word(item, 0), Number(word(item, 1)))
  },
  shut(w, item) {
    w.injected('market shut', null)
    w.market.shut(word(item, 0), plusMs(w.clock.truly(), seconds(item, 'for')))
  },
  stick(w, item) {
    w.injected('quotes stand still', null)
    w.market.stick(word(item, 0), plusMs(w.clock.truly(), seconds(item, 'for')))
  },
  account(w, item) {
    w.injected('account blocked', null)
    const { broker } = w.market
    broker.status = 'Blocked'
    w.loop.post(seconds(item, 'for'), () => {
      broker.status = 'Active'
    })
  },
  /** Profit, loss, or money that somebody pays in or out. */
  worth(w, item) {
    w.injected('equity', null)
    w.market.broker.equity = amt(word(item, 0))
  },
  website(w, item) {
    const { broker } = w.market
    const what = word(item, 0)
    w.injected(`website ${what}`, null)
    const held = (symbol: string) => broker.netQty(symbol)
    switch (what) {
      case 'buy':
      case 'sell': {
        const symbol = word(item, 1)
        const market = broker.markets.get(symbol)
        if (!market?.open) return
        const terms: Terms = {
          symbol,
          side: what === 'buy' ? 'Buy' : 'Sell',
          ordType: 'Limit',
          timeInForce: 'Day',
          orderQty: qty(named(item, 'qty')),
          price: what === 'buy' ? plus(market.ask, px('0.50')) : minus(market.bid, px('0.50')),
          stopPx: null,
          bracket: null,
          reduceOnly: false,
        }
        const order = broker.place(terms, null, null)
        broker.happen(order, { is: 'New', text: null }, false)
        break
      }
      case 'cancel':
      case 'refuse': {
        const order = broker.truth.find((o) => o.open && o.clOrdID !== null && o.terms.symbol === word(item, 1))
        if (!order || (what === 'refuse' && !isZero(order.cumQty))) break
        broker.happen(order, { is: what === 'cancel' ? 'Canceled' : 'Rejected', text: 'by hand' }, false)
        break
      }
      /** Another price for our order, on the broker's own page; or a larger size of the same order. */
      case 'replace': {
        const old = broker.truth.find((o) => o.open && o.role === 'Entry' && o.terms.symbol === word(item, 1))
        if (!old || old.terms.price === null || !w.market.isOpen(old.terms.symbol)) break
        const left = minus(old.terms.orderQty, old.cumQty)
        const price = plus(old.terms.price, px('0.03'))
        const next = broker.takeOver(old, { ...old.terms, price, orderQty: plus(broker.filled(old), left) }, null)
        broker.happen(next, { is: 'New', text: null }, false)
        break
      }
      case 'enlarge': {
        const order = broker.truth.find((o) => o.open && o.role === 'Entry' && o.terms.symbol === word(item, 1))
        if (order) order.terms = { ...order.terms, orderQty: plus(order.terms.orderQty, qty(named(item, 'qty'))) }
        break
      }
      /** Somebody closes by hand what we hold. */
      case 'close': {
        const symbol = word(item, 1)
        const now = held(symbol)
        if (!isZero(now)) broker.elsewhere.set(symbol, plus(broker.elsewhere.get(symbol) ?? ZERO, negate(now)))
        break
      }
      default:
        throw new Error(`on the website somebody buys, sells, cancels or closes, not ${what}`)
    }
    w.wire.pump()
  },
  /** The exchange takes its last trade back, or puts it right. */
  bust(w, item) {
    const trade = w.market.lastTrade(item.words[0] ?? null)
    if (!trade) return
    w.injected('bust', trade.order.clOrdID ?? trade.order.orderID)
    w.market.broker.happen(trade.order, { is: 'Bust', refExecID: trade.execID }, item.named['told'] === 'no')
    w.wire.pump()
  },
  correct(w, item) {
    const trade = w.market.lastTrade(item.words[0] ?? null)
    if (!trade) return
    w.injected('correction', trade.order.clOrdID ?? trade.order.orderID)
    const lastPx = plus(trade.lastPx, px(named(item, 'cents', '0.05')))
    w.market.broker.happen(
      trade.order,
      { is: 'Correct', refExecID: trade.execID, lastQty: trade.lastQty, lastPx, inKind: null },
      item.named['told'] === 'no',
    )
    w.wire.pump()
  },
  /** A fill that nothing justifies: of an order that has ended, was replaced or refused, or beyond its size. */
  'wrong-fill'(w, item) {
    const { broker } = w.market
    const what = word(item, 0)
    const entries = broker.truth.filter((o) => o.role === 'Entry' && o.clOrdID !== null)
    const is = WRONG[what]
    if (!is) throw new Error(`a wrong fill is ${Object.keys(WRONG).join(', ')}, not ${what}`)
    const order = entries.findLast(is)
    const market = order && broker.markets.get(order.terms.symbol)
    if (!order || !market) return
    w.injected(`fill ${what}`, order.clOrdID)
    const left = minus(order.terms.orderQty, order.cumQty)
    w.market.fill(order, item.named['size'] === 'all' && gt(left, ZERO) ? left : market.instrument.lot, market.ask)
    w.wire.pump()
  },
}

/** Every word that a line of a script may begin with, but for the faults that belong to a step of the gateway. */
export const VERBS: readonly string[] = Object.keys(ACTS)

const wasRejected = (o: Truth): boolean => o.reports.some((r) => r.execType === 'Rejected')
const WRONG: Readonly<Record<string, (o: Truth) => boolean>> = {
  early: (o) => o.open,
  late: (o) => !o.open && o.replacedBy === null && !wasRejected(o) && gt(minus(o.terms.orderQty, o.cumQty), ZERO),
  over: (o) => !o.open && o.replacedBy === null && !isZero(o.cumQty),
  replaced: (o) => o.replacedBy !== null,
  rejected: wasRejected,
}

async function spell(
  w: Acting,
  item: Item,
  kind: string,
  on: Partial<Wire['weather']>,
  off: Partial<Wire['weather']>,
): Promise<void> {
  w.injected(kind, null)
  Object.assign(w.wire.weather, on)
  await w.loop.delay(seconds(item, 'for'))
  if (!w.isCalm) Object.assign(w.wire.weather, off)
}
