import type { AccountFacts, Freeze, HaltState, MarketFacts } from '../gate/facts.ts'
import type { CheckLine } from '../gate/gate.ts'
import type { Refusal } from '../gate/refusal.ts'
import type { Sizing } from '../gate/sizing.ts'
import type { Actor } from '../journal/row.ts'
import type { IntentState } from '../orders/intent.ts'
import type { Order } from '../orders/machine.ts'
import type { Position } from '../orders/position.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Execution } from '../orders/report.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import type { Instant } from '../values/instant.ts'
import type { Identity } from './broker.ts'

/** What was asked for and how far it got. */
export type Intent = {
  readonly intentID: IntentID
  readonly account: AccountID
  readonly state: IntentState
  readonly proposal: Proposal
  /** The request as it was parsed, field by field as text: a repeat is compared with it, and the differing field is named. */
  readonly body: Readonly<Record<string, string>>
  readonly proposer: Actor
  /** The owner of the proposing token, who may not approve either; null for tokens nobody owns. */
  readonly proposerOwner: string | null
  /** Number of tickets made so far; 0 before the first. */
  readonly rev: number
  readonly ticket: Ticket | null
  /** What an approval must name: SHA-256 over the ticket, base64url. */
  readonly digest: string | null
  readonly sizing: Sizing | null
  readonly checks: readonly CheckLine[]
  readonly refusals: readonly Refusal[]
  /** Until when a human may decide; null before there is a ticket. */
  readonly decideBy: Instant | null
  readonly decision: Decision | null
  /** Until when an approval may be sent. */
  readonly sendBy: Instant | null
  /** The order made from it, the latest when an earlier one is proven never to have left. */
  readonly clOrdID: ClOrdID | null
  /** How many ClOrdIDs were made for it; the next one is named by this number. */
  readonly attempts: number
  readonly corr: string
  readonly receivedAt: Instant
  readonly updatedAt: Instant
}
export type Decision = {
  readonly verdict: 'approved' | 'declined' | 'withdrawn'
  readonly by: string
  readonly byName: string
  readonly via: string
  readonly reason: string | null
  readonly digest: string | null
  readonly at: Instant
}

/** An execution with its place in our book: `seq` is the journal row that made it known, and orders the page of fills. */
export type Fill = Execution & {
  readonly account: AccountID
  readonly intentID: IntentID
  readonly role: string
  readonly seq: number
}

export type ErrandKind = 'gather' | 'send' | 'resend' | 'adopt' | 'resolve' | 'cancel' | 'poll' | 'lapse' | 'reconcile'
/** Work for the worker. At most one of a kind for a subject; leased while it runs, so that a dead worker's errand is taken over. */
export type Errand = {
  readonly kind: ErrandKind
  readonly subject: string
  readonly dueAt: Instant
  readonly attempts: number
  readonly leaseOwner: string | null
  readonly leaseUntil: Instant | null
  readonly lastError: string | null
  readonly corr: string
}

/** Something only a person can settle. */
export type Task = {
  readonly taskID: string
  readonly kind: string
  /** The order, symbol or account it is about. */
  readonly subject: string
  readonly severity: 'warning' | 'critical'
  readonly text: string
  readonly corr: string
  readonly raisedAt: Instant
  readonly doneAt: Instant | null
  readonly doneBy: string | null
  readonly note: string | null
}

export type PersonRole = 'trader' | 'approver' | 'risk' | 'operator' | 'admin' | 'auditor'
export type Person = {
  readonly personID: string
  readonly name: string
  readonly roles: readonly PersonRole[]
  readonly disabled: boolean
  readonly createdAt: Instant
}

export type Token = {
  readonly tokenID: string
  readonly name: string
  /** The person answerable for the agent; null for the one made at set-up. */
  readonly owner: string | null
  /** Hex SHA-256 of the secret: 256 random bits, so a plain hash is enough. */
  readonly hash: string
  readonly scopes: readonly string[]
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly revokedAt: Instant | null
}
export type Session = {
  /** Hex SHA-256 of the cookie. */
  readonly hash: string
  readonly personID: string
  readonly via: 'web' | 'cli'
  readonly csrf: string
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly endedAt: Instant | null
}
export type SigninCode = {
  readonly hash: string
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly usedAt: Instant | null
}

export type Halt = { readonly scope: 'global'; readonly state: HaltState | null }

/** The last reconciliation: what was compared and what it found. */
export type ReconcileRun = {
  readonly account: AccountID
  /** When the broker's side began to be read: what happened later is not in it. */
  readonly at: Instant
  readonly clean: boolean
  readonly findings: readonly string[]
  /** When each of them was found first, in their order. */
  readonly seenAt?: readonly Instant[]
}

/** Which account at the broker our book is about: taken down at the first start, compared at every later one. */
export type Identified = Identity & { readonly account: AccountID; readonly since: Instant }

/** Views: folds of the journal, rebuilt from it at any time. */
export type Views = {
  intent: Intent
  order: Order
  fill: Fill
  position: Position
  halt: Halt
  freeze: Freeze
  task: Task
  person: Person
  token: Token
  session: Session
  code: SigninCode
  reconcile: ReconcileRun
  identity: Identified
}
/** Working rows: what was last seen outside, and what is to be done. Not in the journal; made again when lost. */
export type Working = { market: MarketFacts; account: AccountRow; errand: Errand }
/** `afterRow` is how many journal rows there were when the reading began: it knows every trade among them. */
export type AccountReading = AccountFacts & { readonly afterRow: number }
/** `tradedRow` is the newest journal row with a trade: a reading that began before it does not know it, and the gate must not use it. */
export type AccountRow = AccountReading & { readonly key: AccountID; readonly tradedRow: number }

export type Records = Views & Working
export type Kind = keyof Records

export const KEY: { readonly [K in Kind]: (record: Records[K]) => string } = {
  intent: (r) => r.intentID,
  order: (r) => r.clOrdID,
  fill: (r) => `${r.account}|${r.execID}`,
  position: (r) => r.symbol,
  halt: (r) => r.scope,
  freeze: (r) => r.symbol,
  task: (r) => r.taskID,
  person: (r) => r.personID,
  token: (r) => r.tokenID,
  session: (r) => r.hash,
  code: (r) => r.hash,
  reconcile: (r) => r.account,
  identity: (r) => r.account,
  market: (r) => r.symbol,
  account: (r) => r.key,
  errand: (r) => `${r.kind}:${r.subject}`,
}
export const VIEWS = [
  'intent',
  'order',
  'fill',
  'position',
  'halt',
  'freeze',
  'task',
  'person',
  'token',
  'session',
  'code',
  'reconcile',
  'identity',
] as const satisfies readonly (keyof Views)[]
