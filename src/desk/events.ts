import type { Headroom } from '../gate/headroom.ts'
import type { Limits } from '../gate/limits.ts'
import type { PasskeyAssertion } from '../approvals/evidence.ts'
import type { ApprovalPolicy, Requirement } from '../approvals/policy.ts'
import type { Refusal } from '../gate/refusal.ts'
import type { EvidenceLine } from '../gate/rollout.ts'
import type { CheckLine } from '../gate/gate.ts'
import type { Sizing } from '../gate/sizing.ts'
import type { HaltLevel, HaltScope } from '../orders/halt.ts'
import type { Liquidation, ReportLine, Surveyed } from '../orders/liquidation.ts'
import type { Order, ReportFault } from '../orders/machine.ts'
import type { Report } from '../orders/report.ts'
import type { Stage } from '../orders/stage.ts'
import type { Ticket } from '../orders/ticket.ts'
import type { Identity } from '../ports/broker.ts'
import type {
  ArmedStrategy,
  Aside,
  Change,
  Decision,
  Drill,
  Escalation,
  Intent,
  Link,
  Origin,
  Passkey,
  Person,
  PersonRole,
  ReconcileRun,
  Review,
  Session,
  SigninCode,
  StagePast,
  Strategy,
  Task,
  Token,
  TradingDay,
  Waiver,
} from '../ports/records.ts'
import type { AccountID, ClOrdID, OrderID } from '../values/brand.ts'
import type { Qty } from '../values/decimal.ts'
import type { Instant } from '../values/instant.ts'

/**
 * Everything that can happen, and what each event carries. The journal holds these and nothing else; every view is a
 * fold over them (project.ts), so an event carries all that its fold needs. Names are for ever: a row once written is
 * never reinterpreted.
 */
export type Happened = {
  'gateway.started': { version: string; build: string }
  /** It ended by itself, with nothing cut off. A start without it before comes after a crash. */
  'gateway.stopped': { version: string; build: string }

  'intent.received': { intent: Intent }
  'intent.ticketed': {
    why: 'sized' | 'repriced' | 'drifted' | 'never sent'
    ticket: Ticket
    digest: string
    sizing: Sizing
    checks: readonly CheckLine[]
    /** How much of each limit the order uses; absent where there are none. */
    headroom?: readonly Headroom[]
    decideBy: Instant
    /** Absent where nobody further is told. */
    escalation?: Escalation
    /** Absent on rows of before there was a policy: one click of one person. */
    requires?: Requirement
    /** Who asked for the new prices; absent when nobody did. */
    askedBy?: string
  }
  /** One of the people who must say yes has; more are needed. */
  'intent.voted': { decision: Decision }
  'intent.put-aside': { aside: Aside }
  /** It waits for `missing` more people since `waitedMs`, in a person's time: further ones are told. `putOff`: who had put it off. */
  'intent.escalated': { rev: number; waitedMs: number; missing: number; putOff: readonly string[] }
  'intent.refused': {
    at: 'proposal' | 'send'
    refusals: readonly Refusal[]
    sizing: Sizing | null
    checks: readonly CheckLine[]
  }
  'intent.approved': { decision: Decision; sendBy: Instant }
  'intent.declined': { decision: Decision }
  'intent.withdrawn': { decision: Decision }
  'intent.lapsed': { why: string }

  /** `build`: of the program that made it; absent on rows of before it was kept. */
  'order.created': { order: Order; build?: string }
  /** An order of other hands; `name` is what they called it at the broker. */
  'order.adopted': { order: Order; name: string | null }
  'order.send-started': { attempt: number }
  'order.accepted': { orderID: OrderID | null }
  'order.rejected': { text: string }
  'order.in-doubt': { cause: string }
  /** `differs`: nothing left, since the bytes were not the order that was approved. */
  'order.absent': { evidence: string; differs?: string }
  /** `works`: it had filled what it was for, and the broker goes on with what others added. */
  'order.resized': { orderQty: Qty; works?: true }
  /** A person gives an open order other terms, and by that says yes to them; `by` is the order that is to take its place. */
  'order.replace-requested': { by: ClOrdID; ticket: Ticket; decision: Decision; sendBy: Instant }
  'order.cancel-requested': { why: string }
  'order.cancel-answered': { outcome: 'accepted' | 'rejected' | 'in-doubt'; text: string | null }

  'execution.reported': { report: Report }
  'execution.disputed': { report: Report; fault: ReportFault }

  /** Absent scope and level are of before there were several: everything, and K4. */
  'halt.engaged': { by: string; reason: string; scope?: HaltScope; level?: HaltLevel }
  'halt.released': { by: string; reason: string; scope?: HaltScope }
  'liquidation.started': { liquidation: Begun }
  /** What the broker holds by its own count, read since the last trade in our book: no exit is for more. */
  'liquidation.surveyed': { positions: readonly Surveyed[]; at: Instant }
  'liquidation.market-allowed': { byName: string }
  'liquidation.stopped': { byName: string; reason: string }
  'liquidation.flat': { report: readonly ReportLine[] }
  'instrument.frozen': { symbol: string; reason: string }
  'instrument.thawed': { symbol: string; reason: string }
  'task.raised': { task: Task }
  /** A person has seen it. */
  'task.acknowledged': { by: string }
  /** Nobody has for so long, in a person's time: further people are told. */
  'task.escalated': { waitedMs: number }
  'task.closed': { by: string; note: string }
  'broker.connected': { broker: string }
  'broker.lost': { broker: string; text: string }
  'account.reconciled': { run: ReconcileRun }
  'account.identified': { account: AccountID; identity: Identity }

  'code.issued': { code: SigninCode }
  'person.added': { person: Person }
  /** `linkID` when an account at the sign-in provider opened it. */
  'session.opened': { session: Session } & ({ codeHash: string } | { linkID: string })
  'session.ended': { hash: string }
  'person.changed': { roles: readonly PersonRole[]; disabled: boolean }
  /** Confirmed by an older passkey of the same person; null when they had none, absent on rows of before that was written. */
  'passkey.enrolled': { passkey: Passkey; confirmation?: PasskeyAssertion | null }
  'passkey.revoked': { why: string }
  /** By a code that the person made for it, or in a session of theirs. */
  'link.made': { link: Link } & ({ codeHash: string } | { sessionHash: string })
  'link.ended': { why: string }

  'change.proposed': { change: Change }
  'change.voted': { decision: Decision }
  'change.applied': { note: string | null }
  'change.declined': { decision: Decision }
  'change.lapsed': { why: string }
  'policy.changed': { policy: ApprovalPolicy }
  /** What the account begins with, by its stage. */
  'limits.opened': { limits: Limits }
  /** Null `from`: at once. */
  'limits.changed': { limits: Limits; from: Instant | null }
  /** Where the account begins; `from` is the book that it was promoted in. */
  'stage.opened': { stage: Stage; build: string; from: Origin | null }
  /** `limits` are those of the stage, from now on; null where the account has none. Its `corr` is the change that people agreed to, where they did. */
  'stage.changed': {
    stage: Stage
    cause: StagePast['cause']
    why: string
    build: string | null
    limits: Limits | null
    evidence: readonly EvidenceLine[]
  }
  'drill.held': { drill: Drill }
  'controls.reviewed': { review: Review }
  'waiver.granted': { waiver: Waiver }
  'strategy.described': { strategy: Strategy }
  'day.opened': { day: string; opening: NonNullable<TradingDay['opening']> }
  'strategy.armed': { arming: ArmedStrategy }
  'strategy.disarmed': { why: string }
  'token.issued': { token: Token }
  'token.revoked': { tokenID: string }
}
export type Action = keyof Happened

/** A liquidation as it begins. */
type Begun = Pick<Liquidation, 'liquidationID' | 'by' | 'byName' | 'reason' | 'symbols' | 'collarBps' | 'startedAt'>
