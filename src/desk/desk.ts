import type { ChannelUser, Evidence } from '../approvals/evidence.ts'
import type { MarketFacts } from '../gate/facts.ts'
import type { Passed } from '../gate/gate.ts'
import type { Refusal } from '../gate/refusal.ts'
import type { Actor } from '../journal/row.ts'
import type { HaltLevel, HaltScope, Stoppable } from '../orders/halt.ts'
import type { Liquidation } from '../orders/liquidation.ts'
import type { Order } from '../orders/machine.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Report } from '../orders/report.ts'
import type { OrderRef } from '../orders/terms.ts'
import type { BrokerOrder, BrokerPosition, CancelSent, Found, Identity, Notice, Sent } from '../ports/broker.ts'
import type {
  AccountReading,
  ArmedStrategy,
  Aside,
  Challenge,
  Change,
  ChangeOf,
  Drill,
  Errand,
  Intent,
  Link,
  Passkey,
  PersonRole,
  PostedCard,
  ProviderAccount,
  Review,
  Session,
  Task,
  Token,
} from '../ports/records.ts'
import type { AccountID, ClOrdID, IntentID, OrderID } from '../values/brand.ts'
import type { Amt, Px, Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'
import type { Result } from '../values/result.ts'
import type { ClosingLine } from './closing.ts'
import type { HeldDrill } from './drilling.ts'
import type { Enrolment } from './identities.ts'
import type { Felt } from './watching.ts'
import type { LimitsNow } from './used.ts'

/** Why the desk did not do what a person or program asked. `code` is public API; `text` says what to do. */
export type Denial = { readonly code: DenialCode; readonly text: string; readonly refusals: readonly Refusal[] }
export type DenialCode =
  | 'NOT_FOUND'
  | 'INTENT_CONFLICT' // same id, other body
  | 'NOT_PENDING' // decided, lapsed, refused or withdrawn already
  | 'APPROVAL_EXPIRED'
  | 'DIGEST_MISMATCH' // the ticket changed since it was shown
  | 'SELF_APPROVAL'
  | 'NOT_ELIGIBLE' // not a person, wrong role, disabled
  | 'TRADING_HALTED'
  | 'GATE_REFUSED' // see refusals
  | 'NOT_OPEN' // nothing left to cancel or change
  | 'NOT_REPLACEABLE' // an exit, a broker that cannot, terms that change nothing
  | 'NOT_HALTED'
  | 'ALREADY_HALTED'
  | 'UNRECONCILED' // release needs a clean reconciliation
  | 'CODE_INVALID' // sign-in code unknown, used or too old
  | 'NAME_TAKEN'
  | 'ASSURANCE_TOO_LOW' // a click where a passkey is asked for
  | 'IDENTITY_UNLINKED' // a chat user, or an account, that nobody has tied to a person
  | 'PASSKEY_REFUSED' // unknown, revoked, on hold, or its signature is of something else
  | 'ORDER_CHANGED' // a click on an older ticket
  | 'POLICY_FAULT' // a policy that cannot be used
  | 'STALE_CHANGE' // what was to be changed has changed meanwhile
  | 'WRONG_ACCOUNT' // the account's name was not typed as it is
  | 'LIQUIDATING' // one runs, and goes before
  | 'CLOCK_UNTRUSTED' // release needs two readings of the broker's clock that agree with ours
  | 'NOT_LIQUIDATING'
  | 'EVIDENCE_MISSING' // the account has not shown what the next stage asks for
  | 'NOT_NOW' // during market hours
  | 'DRILL_UNPROVEN' // said to be measured, and the book does not show it
  | 'RELEASE_IS_A_CHANGE' // of a live account: people agree to it
  | 'NOT_NEEDED' // a change of something that one person may do
  | 'NOT_WAIVABLE' // an intent that was not refused, or for what nobody may waive

export type Stop = {
  readonly reason: string
  readonly actor: Actor
  /** Everything when absent. */
  readonly scope?: HaltScope
  /** Of everything K4, of a part K1 when absent. */
  readonly level?: HaltLevel
}

export type Submitted =
  | { readonly outcome: 'received'; readonly intent: Intent }
  /** Same id, same body: the first answer, again. */
  | { readonly outcome: 'repeated'; readonly intent: Intent }
  /** Same id, other body: nothing was changed; `fields` differ. */
  | { readonly outcome: 'conflict'; readonly fields: readonly string[]; readonly intent: Intent }

/** What a worker may now send, once. The intention is durable. */
export type Send =
  | {
      readonly kind: 'single'
      readonly clOrdID: ClOrdID
      readonly order: Passed
      /** When the approval ends; absent on exits, which need none. */
      readonly sendBy?: Instant
      /** What a halt would stop; absent on exits, which none stops. */
      readonly of?: Stoppable
    }
  /** Takes the place of the open order `ref`; `reduces` is less of the same, which goes out during a halt too. */
  | {
      readonly kind: 'replace'
      readonly ref: OrderRef
      readonly clOrdID: ClOrdID
      readonly order: Passed
      readonly reduces: boolean
      readonly sendBy?: Instant
      readonly of: Stoppable
    }
  | {
      readonly kind: 'pair'
      readonly stop: { readonly clOrdID: ClOrdID; readonly order: Passed }
      readonly target: { readonly clOrdID: ClOrdID; readonly order: Passed }
    }

/**
 * Nothing left the house, and no broker was asked. `differs`: since the bytes were another order than the approved one.
 */
export type NotSent = { readonly outcome: 'not-sent'; readonly cause: string; readonly differs?: string }

/** Whose book this is. `identity` is null when that account was never identified. */
export type OtherAccount = { readonly account: AccountID; readonly identity: Identity | null }

/** What the broker says it holds, read at one moment for a reconciliation. */
export type BrokerView = {
  readonly startedAt: Instant
  readonly orders: readonly BrokerOrder[]
  readonly reports: readonly Report[]
  readonly positions: readonly BrokerPosition[]
  readonly account: AccountReading
}

/**
 * Every change goes through here: one command, one transaction. Commands that people and agents send return a `Result`;
 * those of the worker return what is to be done next.
 */
export interface Desk {
  // --- people and agents
  submit(ask: {
    proposal: Proposal
    body: Readonly<Record<string, string>>
    actor: Actor
    owner: string | null
    /** Who made the token of the agent that asks. */
    maker?: string | null
  }): Promise<Submitted>
  approve(ask: {
    intentID: IntentID
    digest: string
    reason: string | null
    actor: Actor
    /** What it was said with; absent: a click in a page or on the command line. */
    evidence?: Evidence
  }): Promise<Result<Intent, Denial>>
  decline(ask: { intentID: IntentID; reason: string; actor: Actor }): Promise<Result<Intent, Denial>>
  withdraw(ask: { intentID: IntentID; reason: string | null; actor: Actor }): Promise<Result<Intent, Denial>>
  /** Makes a new ticket for a waiting intent from the facts of now. Votes on the old one are void. */
  reprice(ask: { intentID: IntentID; actor: Actor }): Promise<Result<Intent, Denial>>
  /** Cancels are never blocked. Asking twice is asking once. */
  requestCancel(ask: { clOrdID: ClOrdID; actor: Actor }): Promise<Result<Order, Denial>>
  /**
   * Gives an open entry another price or size (null: as it is; the size counts what is filled). Asking is the yes to
   * exactly these terms, so it takes a person who might approve. Answers the order that is to take its place; the old
   * one works until the broker says that it is replaced. Asking twice is asking once.
   */
  replace(ask: {
    clOrdID: ClOrdID
    orderQty: Qty | null
    price: Px | null
    reason: string | null
    actor: Actor
  }): Promise<Result<Order, Denial>>
  /** Everybody may. Halted so far, or further, already, nothing changes. */
  halt(ask: Stop): Promise<Result<null, Denial>>
  /** @param ask.scope everything when absent; each part that was halted by itself is released by itself. */
  release(ask: Pick<Stop, 'reason' | 'actor' | 'scope'>): Promise<Result<null, Denial>>
  /**
   * Cancels everything and closes what is held, of these symbols or (null) of all; halts everything first. `account` is
   * typed by whoever asks.
   */
  startLiquidation(ask: {
    account: string
    symbols: readonly string[] | null
    reason: string
    actor: Actor
  }): Promise<Result<Liquidation, Denial>>
  /** From now on it sends orders without a limit. */
  allowMarketOrders(ask: { actor: Actor }): Promise<Result<Liquidation, Denial>>
  /** Takes its exits back; stops come back for what is still held. The halt stays. */
  stopLiquidation(ask: { reason: string; actor: Actor }): Promise<Result<Liquidation, Denial>>
  /** What is held of these symbols (null: of all), and how each would be or is being closed, the largest first. Changes nothing. */
  closingLines(symbols: readonly string[] | null): Promise<readonly ClosingLine[]>
  /** The risk limits and how much of each is used now; null where the account has none. Changes nothing. */
  limitsNow(): Promise<LimitsNow | null>
  /** A person has seen an alert. It stays open; seen twice is seen once. */
  acknowledge(ask: { taskID: string; actor: Actor }): Promise<Result<Task, Denial>>
  closeTask(ask: { taskID: string; note: string; actor: Actor }): Promise<Result<Task, Denial>>
  /** Takes the broker's count of a position as ours, on a person's word for why they differ. Nothing is sent. */
  takeIn(ask: { symbol: string; px: Px | null; reason: string; actor: Actor }): Promise<Result<null, Denial>>
  requestReconcile(actor: Actor): Promise<void>
  /** Has the worker read what is known about a symbol; the rows are fresh soon after. */
  requestFacts(symbol: string): Promise<void>

  /** A person puts a waiting order off, sends it back with a note, or gives the reason for a no. Decides nothing. */
  putAside(ask: {
    intentID: IntentID
    kind: Aside['kind']
    text: string
    until: Instant | null
    actor: Actor
  }): Promise<Result<Intent, Denial>>

  // --- who must say yes to what
  proposeChange(ask: { what: ChangeOf; reason: string; actor: Actor }): Promise<Result<Change, Denial>>
  decideChange(ask: {
    changeID: string
    digest: string
    verdict: 'approved' | 'declined'
    reason: string | null
    actor: Actor
    evidence?: Evidence
  }): Promise<Result<Change, Denial>>
  /** The orders of a strategy go without a person for a while: on paper only, within bounds, until the next restart. */
  arm(ask: {
    strategyID: string
    symbols: readonly string[]
    maxNotional: Amt
    maxCount: number
    until: Instant
    actor: Actor
  }): Promise<Result<ArmedStrategy, Denial>>
  disarm(ask: { armingID: string; reason: string | null; actor: Actor }): Promise<Result<ArmedStrategy, Denial>>

  // --- with what people say it
  /** Makes a challenge that one session may answer once. */
  ask(challenge: Challenge): Promise<void>
  enrolPasskey(enrolment: Enrolment): Promise<Result<Passkey, Denial>>
  revokePasskey(ask: { credentialID: string; reason: string; actor: Actor }): Promise<Result<Passkey, Denial>>
  linkUser(ask: { codeHash: string; user: ChannelUser; via: 'slack' | 'teams' }): Promise<Result<Link, Denial>>
  /** Ties an account at the sign-in provider, which has just vouched for it, to whoever is signed in. */
  linkAccount(ask: { account: ProviderAccount; sessionHash: string; actor: Actor }): Promise<Result<Link, Denial>>
  endLink(ask: { linkID: string; reason: string; actor: Actor }): Promise<Result<Link, Denial>>
  /** True the first time a key is shown, false ever after until then. */
  once(key: string, until: Instant): Promise<boolean>
  /** Where a card stands in a channel; null: nowhere any more. */
  recordCard(channel: string, intentID: IntentID, card: PostedCard | null): Promise<void>

  // --- access
  /** @param ask.links the person whom the code ties a chat user to; such a code opens no session. */
  issueCode(ask: { hash: string; expiresAt: Instant; links?: string; actor: Actor }): Promise<void>
  /** Redeems a one-time code: makes the person when the name is new, and opens a session. */
  redeemCode(ask: {
    codeHash: string
    name: string
    roles: readonly PersonRole[]
    /** What the first person of an installation may do instead. */
    firstRoles?: readonly PersonRole[]
    sessionHash: string
    csrf: string
    via: 'web' | 'cli'
    expiresAt: Instant
    actor: Actor
  }): Promise<Result<Session, Denial>>
  /** Opens a session for the person whom the account is linked to; it makes nobody. */
  openByAccount(ask: {
    account: ProviderAccount
    sessionHash: string
    csrf: string
    expiresAt: Instant
  }): Promise<Result<Session, Denial>>
  endSession(ask: { hash: string; actor: Actor }): Promise<void>
  issueToken(ask: { token: Token; actor: Actor }): Promise<void>
  revokeToken(ask: { tokenID: string; actor: Actor }): Promise<Result<null, Denial>>

  // --- the worker
  recordFacts(facts: { markets: readonly MarketFacts[]; account: AccountReading | null }): Promise<void>
  claim(owner: string, limit: number, leaseMs: number): Promise<readonly Errand[]>
  /** The errand is done; it is dropped. */
  finish(errand: Errand): Promise<void>
  /** It could not be done now; it comes again after `afterMs`. */
  postpone(errand: Errand, afterMs: number, why: string): Promise<void>
  /**
   * The fast way to the wire: claims the oldest due send and, when the facts at hand are fresh, does `beginSend` in the
   * same transaction, so that between a yes and its first byte lie two commits and no more. `send` is null when the
   * facts must be read first. Null: no send is due.
   */
  claimSend(
    owner: string,
    leaseMs: number,
    haltFile: boolean,
  ): Promise<{ readonly errand: Errand; readonly send: Send | null; readonly settled: boolean } | null>
  /** Sizes and checks a received intent with the facts at hand; still `Received` when a trade overtook them: read again. */
  size(intentID: IntentID): Promise<Intent | null>
  /**
   * The last look before the wire: halt, approval, digest, gate, drift; then the order and `SendStarted` are durable.
   * `subject` is an intent (its entry) or the ClOrdID of a queued exit. Null: nothing may or need be sent;
   * `facts-too-old`: read them and ask again, the approval stands until its time is over.
   * `haltFile` is whether the HALT file was there a moment ago, or could not be read.
   */
  beginSend(subject: string, haltFile: boolean): Promise<Send | 'facts-too-old' | null>
  /**
   * The same look before an order in doubt is offered to the broker again, under its one name. Null: it is not; look-ups
   * go on until there is evidence.
   */
  beginResend(clOrdID: ClOrdID, haltFile: boolean): Promise<Send | 'facts-too-old' | null>
  recordSent(send: Send, sent: Sent | NotSent): Promise<void>
  /** What a look-up of an unanswered order found. `askedAt` is when the look-up was begun. */
  resolve(clOrdID: ClOrdID, found: Found, askedAt: Instant): Promise<'resolved' | 'still-in-doubt'>
  recordCancelSent(clOrdID: ClOrdID, sent: CancelSent): Promise<void>
  applyReports(reports: readonly Report[]): Promise<void>
  /** Takes in an order that our book does not know; `later` while it may still turn out to be one of ours. */
  adopt(orderID: OrderID, found: Found): Promise<'done' | 'later'>
  /** What the adapter says beside its reports: the stream is up or lost, or something nobody has a word for. */
  notice(notice: Notice): Promise<void>
  lapse(intentID: IntentID): Promise<void>
  /** An order that has waited for its yes as long as the policy says: further people are told, once per ticket. */
  escalate(intentID: IntentID): Promise<void>
  /** The next step of the liquidation, from what was read just now. `againMs` is null when it is over. */
  liquidate(view: {
    account: AccountReading
    markets: readonly MarketFacts[]
  }): Promise<{ readonly sends: readonly Send[]; readonly againMs: number | null; readonly why: string }>
  reconcile(view: BrokerView): Promise<{ readonly clean: boolean; readonly findings: readonly string[] }>
  /**
   * At start, before anything is believed: whether the account that the broker opened is the one that our book is about.
   * The first one is taken down. One book holds one account, so the error is the account that it holds.
   */
  identify(identity: Identity): Promise<Result<null, OtherAccount>>
  /** At start: puts an errand to everything that is unfinished, and turns sends that were cut off into doubt. */
  recover(): Promise<void>
  /** Looks at what only time brings; asked every few seconds. What a command does is looked at with it. */
  watch(felt: Felt): Promise<void>
  /** The waiver that would let this refused intent through, as a change to propose. NOT_FOUND, NOT_WAIVABLE. */
  waiverFor(intentID: IntentID): Promise<Result<Extract<ChangeOf, { kind: 'waiver' }>, Denial>>
  /** Takes down that a person has reviewed all controls. NOT_ELIGIBLE, POLICY_FAULT. */
  recordReview(ask: { readonly note: string; readonly actor: Actor }): Promise<Result<Review, Denial>>
  /** Takes down a drill that a person held. NOT_ELIGIBLE, NOT_FOUND, POLICY_FAULT, DRILL_UNPROVEN. */
  recordDrill(held: HeldDrill): Promise<Result<Drill, Denial>>
  /** At the end, before the last checkpoint: the run ended by itself, and nothing was cut off. */
  stopped(): Promise<void>
  /** Signs the head of the journal and anchors it outside the database. */
  checkpoint(): Promise<void>
}
