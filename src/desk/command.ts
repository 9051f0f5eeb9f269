import type { Policy } from '../gate/policy.ts'
import type { Facts, MarketFacts } from '../gate/facts.ts'
import type { Raised } from '../gate/limits.ts'
import {
  cancels,
  type HaltState,
  haltOf,
  isStopped,
  ofAll,
  type Stoppable,
  statesOf,
  stoppable,
} from '../orders/halt.ts'
import type { Refusal } from '../gate/refusal.ts'
import type { Actor, Row } from '../journal/row.ts'
import type { IntentState } from '../orders/intent.ts'
import { closes, type Liquidation } from '../orders/liquidation.ts'
import type { Order } from '../orders/machine.ts'
import { type Capabilities, capabilitiesFor } from '../ports/broker.ts'
import type { AccountReading, AccountRow, ErrandKind, Intent } from '../ports/records.ts'
import type { Store, Tx } from '../ports/store.ts'
import type { AccountID, ClOrdID } from '../values/brand.ts'
import { ZERO } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import type { Json } from '../values/json.ts'
import { err, type Result } from '../values/result.ts'
import type { Denial, DenialCode } from './desk.ts'
import type { Action, Happened } from './events.ts'
import { type Limiting, raisedBy, rulesNow } from './limiting.ts'
import { project } from './project.ts'
import { notAgreed, unreviewedSince } from './rolling.ts'
import { dayFacts, openDay, withResumption, withTrail } from './trading-day.ts'
import type { Rolling } from './promoting.ts'
import type { Watching } from './watching.ts'

/** What every command of one account needs to know; none of it changes while the process runs. */
export type Setting = {
  readonly account: AccountID
  readonly policy: Policy
  /** Absent: the account has no limits but those of `policy`. */
  readonly limiting?: Limiting
  /** Absent: its stage follows from paper or live. */
  readonly rolling?: Rolling
  readonly capabilities: Capabilities
  /** Absent: nothing trips by itself. */
  readonly watching?: Watching
  /** How much faster than a person's time the clock runs: 1, but in a replay. Every wait below is in a person's time. */
  readonly speed: number
  readonly version: string
  readonly build: string
}

export const SYSTEM: Actor = { type: 'system', id: 'gateway', via: 'worker', session: null }
/** The broker; in the journal it stands under its own name, see `emit`. */
export const BROKER: Actor = { type: 'broker', id: 'broker', via: 'worker', session: null }

/** `alpaca` of `paper:alpaca:main`. */
export const brokerOf = (account: AccountID): string => account.split(':')[1] ?? account

/** After these it is known whether the broker has an order. */
const ENDS_DOUBT: ReadonlySet<Action> = new Set<Action>(['order.accepted', 'order.rejected', 'order.absent'])

/** In these an earlier intent is, or may still become, an order. */
const TWIN_STATES: readonly IntentState[] = ['Received', 'AwaitingApproval', 'Approved']

/** Of two that came in the same moment exactly one is the earlier. */
const earlier = (a: Intent, b: Intent): boolean =>
  a.receivedAt < b.receivedAt || (a.receivedAt === b.receivedAt && a.intentID < b.intentID)

/** One command in its transaction: reads, emits and enqueues all become durable together. */
export class Command {
  readonly tx: Tx
  readonly now: Instant
  readonly setting: Setting
  #rules: Promise<Policy> | null = null
  readonly news: { seq: number | null; work: boolean; sends: number } = { seq: null, work: false, sends: 0 }
  /** What this command has appended so far. */
  readonly told: Row[] = []
  /** Whether it took down what the broker says of the account. */
  hasReading = false

  constructor(tx: Tx, now: Instant, setting: Setting) {
    this.tx = tx
    this.now = now
    this.setting = setting
  }

  /** Appends one event and folds it into the views. */
  async emit<A extends Action>(
    action: A,
    object: { readonly type: string; readonly id: string; readonly rev?: number },
    corr: string,
    data: Happened[A],
    actor: Actor = SYSTEM,
  ): Promise<Row> {
    const entry = {
      action,
      actor: actor === BROKER ? { ...BROKER, id: brokerOf(this.setting.account) } : actor,
      object: { type: object.type, id: object.id, rev: object.rev ?? 0 },
      corr,
      data: data as unknown as { [key: string]: Json },
    }
    const row = await this.tx.append(entry)
    this.news.seq = row.seq
    this.told.push(row)
    await project(this.tx, row)
    if (ENDS_DOUBT.has(action)) await this.#doubtEnded(object.id, corr)
    return row
  }

  /** Whoever was called because nobody knew need not look any more. */
  async #doubtEnded(clOrdID: string, corr: string): Promise<void> {
    const task = await this.tx.get('task', `IN_DOUBT:${clOrdID}`)
    if (!task || task.doneAt !== null) return
    const note = 'The doubt has ended: it is known now what became of the order.'
    await this.emit('task.closed', { type: 'task', id: task.taskID }, corr, { by: 'gateway', note })
  }

  /** The moment `ms` of a person's time from now. */
  after(ms: number): Instant {
    return plusMs(this.now, ms * this.setting.speed)
  }

  /** Leaves work for the worker, at once or after so many milliseconds of a person's time. Asked for again, the earlier time holds. */
  async errand(kind: ErrandKind, subject: string, corr: string, afterMs = 0): Promise<void> {
    const before = await this.tx.get('errand', `${kind}:${subject}`)
    // A held errand is running on older knowledge: it comes again, so its holder may no longer drop it (see finish).
    const waiting = before && before.leaseOwner === null && before.dueAt < this.after(afterMs)
    await this.timer(kind, subject, corr, waiting ? before.dueAt : this.after(afterMs))
  }

  /** An errand that is due at one moment and no other; asked for again, the new moment holds. */
  async timer(kind: ErrandKind, subject: string, corr: string, dueAt: Instant): Promise<void> {
    if (dueAt <= this.now) {
      this.news.work = true
      if (kind === 'send') this.news.sends++
    }
    await this.tx.put('errand', {
      kind,
      subject,
      dueAt,
      attempts: 0,
      leaseOwner: null,
      leaseUntil: null,
      lastError: null,
      corr,
    })
  }

  /**
   * Raises a task for a person, once per kind and subject while it is open.
   * @param occasion names what happened, where the same must not be told twice even after it was closed.
   */
  async task(
    kind: string,
    subject: string,
    severity: 'warning' | 'critical',
    text: string,
    corr: string,
    occasion?: string,
  ): Promise<void> {
    const taskID = `${kind}:${subject}`
    const before = await this.tx.get('task', taskID)
    if (before && before.doneAt === null) return
    const task = {
      taskID,
      kind,
      subject,
      severity,
      text,
      corr,
      ...(occasion !== undefined && { occasion }),
      raisedAt: this.now,
      doneAt: null,
      doneBy: null,
      note: null,
    }
    await this.emit('task.raised', { type: 'task', id: taskID }, corr, { task })
  }

  /** Stops new orders in one symbol until the books agree and a person has looked at every reason. */
  async freeze(symbol: string, reason: string, corr: string): Promise<void> {
    const before = await this.tx.get('freeze', symbol)
    if (before && (before.reason === reason || before.also?.includes(reason))) return
    await this.emit('instrument.frozen', { type: 'instrument', id: symbol }, corr, { symbol, reason })
    await this.task(
      'FROZEN',
      symbol,
      'critical',
      `${symbol} is frozen: ${reason}. No new order in it until this is explained.`,
      corr,
    )
  }

  /** Takes what the broker says of the account; overtaken by a trade, it is kept for the screen and closed to the gate. */
  async recordAccount(reading: AccountReading): Promise<void> {
    const key = this.setting.account
    const before = await this.tx.get('account', key)
    const { tradedRow = -1, atLimit, actedAt, clockWrong } = before ?? {}
    if (this.setting.limiting) await openDay(this, reading, tradedRow)
    await this.tx.put('account', {
      ...reading,
      key,
      tradedRow,
      ...(atLimit && { atLimit }),
      ...(actedAt !== undefined && { actedAt }),
      ...(clockWrong && { clockWrong }),
    })
    this.hasReading = true
  }

  /** A trade came in with this journal row: what was read of the account before it is history. */
  async traded(row: Row): Promise<void> {
    const before = await this.tx.get('account', this.setting.account)
    if (before) await this.tx.put('account', { ...before, tradedRow: row.seq })
  }

  /** The rules of the gate, with the limits that are in force now. */
  async rules(): Promise<Policy> {
    this.#rules ??= rulesNow(this.tx, this.setting.policy, this.setting.limiting, this.now)
    return this.#rules
  }
  /** The same for one intent: what people let it be beyond is raised for as long as they said. */
  async rulesFor(intentID: Intent['intentID'], asked?: Raised): Promise<Policy> {
    const { policy, limiting } = this.setting
    const waiver = await this.tx.get('waiver', intentID)
    const raised = asked ?? (waiver && this.now <= waiver.until ? raisedBy(waiver) : null)
    return raised === null ? this.rules() : rulesNow(this.tx, policy, limiting, this.now, raised)
  }
  /** What was read of a market; where prices may not move too far, also how far they have. */
  async recordMarket(market: MarketFacts): Promise<void> {
    const { limiting, speed } = this.setting
    const before = await this.tx.get('market', market.symbol)
    const told = withResumption(market, before, speed)
    await this.tx.put('market', limiting ? withTrail(told, before, this.now, speed) : told)
  }

  /** Whether the account as a whole is halted. */
  async halted(): Promise<boolean> {
    return (await this.haltOver(ofAll(this.setting.account))) !== null
  }
  /** What stops it; null when nothing does. */
  async haltOver(what: Stoppable): Promise<HaltState | null> {
    return haltOf(statesOf(await this.tx.all('halt')), what)
  }
  /** Whether entries of its kind are taken back: nothing that could open or enlarge a position is to work. */
  async isTakenBack(order: Order): Promise<boolean> {
    const intent = await this.tx.get('intent', order.intentID)
    const what = { account: order.account, symbol: order.terms.symbol, strategyID: intent?.proposal.strategyID ?? null }
    return (
      order.role === 'Entry' && statesOf(await this.tx.all('halt')).some((one) => cancels(one) && isStopped(one, what))
    )
  }

  /** The liquidation that closes this symbol now; null when none does. */
  async closing(symbol: string): Promise<Liquidation | null> {
    const liquidation = await this.tx.get('liquidation', 'account')
    return closes(liquidation, symbol) ? liquidation : null
  }

  /** Everything the gate may look at for one intent, as it is known in this transaction. */
  async facts(intent: Intent): Promise<Facts> {
    const { account, policy, capabilities, limiting } = this.setting
    const { symbol, side } = intent.proposal
    const [halts, freeze, market, accountFacts, position, open, near] = [
      await this.tx.all('halt'),
      await this.tx.get('freeze', symbol),
      await this.tx.get('market', symbol),
      await this.tx.get('account', account),
      await this.tx.get('position', symbol),
      await this.tx.openOrders(account),
      await this.tx.intentsSince(symbol, plusMs(intent.receivedAt, -policy.duplicateWindowMs)),
    ]
    // Only the earlier one of two may stand in the way, and only while it can still become, or has become, an order.
    const twins = near.filter(
      (other) =>
        other.intentID !== intent.intentID &&
        other.proposal.side === side &&
        TWIN_STATES.includes(other.state) &&
        earlier(other, intent),
    )
    const rollout = await this.tx.get('stage', 'account')
    const since = policy.environment === 'live' ? await unreviewedSince(this.tx) : null
    const described = await this.tx.get('strategy', intent.proposal.strategyID)
    const known = accountFacts && knowsEveryTrade(accountFacts) ? accountFacts : null
    return {
      halt: haltOf(statesOf(halts), stoppable(account, intent.proposal)),
      proposedBy: intent.proposer.type,
      ...(policy.environment === 'live' && since !== null && { unreviewedSince: since }),
      ...(rollout && { rollout: { stage: rollout.stage, buildFault: notAgreed(rollout) } }),
      freeze,
      market,
      account: known,
      bookQty: position?.netQty ?? ZERO,
      ...(position?.feeQty && { feeQty: position.feeQty }),
      inFlight: open,
      ...(described?.model && { model: described.model }),
      twins: twins.map((twin) => ({ intentID: twin.intentID, receivedAt: twin.receivedAt })),
      ...(limiting && { day: await dayFacts(this, intent, known, open) }),
      supported: capabilitiesFor(capabilities, market?.instrument?.assetClass ?? null),
    }
  }
}

/** True when the broker's figures were read after the last trade in our book. */
export const knowsEveryTrade = (row: AccountRow): boolean => row.afterRow > row.tradedRow

/** What a commit brought: the newest journal row, whether errands are due at once, and how many of them are sends. */
export type News = { readonly seq: number | null; readonly work: boolean; readonly sends: number }

/** Runs one command against the store with the time of its transaction. */
export type Run = <T>(command: (c: Command) => Promise<T>) => Promise<T>

/** @param tell hears, after each commit, what it made known and due. */
export function commands(
  store: Store,
  now: () => Instant,
  setting: Setting,
  tell: (news: News) => void = () => {},
): Run {
  return async (command) => {
    let news: News = { seq: null, work: false, sends: 0 }
    const value = await store.transact((tx) => {
      const c = new Command(tx, now(), setting)
      news = c.news
      return command(c)
    })
    if (news.seq !== null || news.work) tell(news)
    return value
  }
}

/** @throws {Fault} when an order that must be in the book is not: a bug, never an answer. */
export async function mustOrder(c: Command, clOrdID: ClOrdID): Promise<Order> {
  const order = await c.tx.get('order', clOrdID)
  if (!order) throw new Fault('NO_SUCH_ORDER', `order ${clOrdID} is not in the book`)
  return order
}

export const denial = (code: DenialCode, text: string, refusals: readonly Refusal[] = []): Denial => ({
  code,
  text,
  refusals,
})
export const deny = (...no: Parameters<typeof denial>): Result<never, Denial> => err(denial(...no))
