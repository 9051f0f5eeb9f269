import { fingerprint } from '../approvals/digest.ts'
import { type ApprovalPolicy, type ApprovalRule, isFourEyes } from '../approvals/policy.ts'
import { APPROVERS } from '../approvals/decide.ts'
import type { Stage } from '../orders/stage.ts'
import { GOVERNORS } from '../desk/governing.ts'
import type { ArmedStrategy, Change, ChangeOf, Link, Passkey, Person, Session } from '../ports/records.ts'
import { text } from '../values/decimal.ts'
import { rfc3339 } from '../values/instant.ts'
import { type NameOf, type Seen, viewRequirement, viewVote, viewTerms } from './present.ts'
import { viewLimitChanges, viewLimits, viewStrategy } from './present-limits.ts'
import type * as wire from './wire.ts'

// Who must say yes to what, and with what they say it: records to what crosses the wire.

const viewRule = (rule: ApprovalRule): wire.ApprovalRule => ({
  name: rule.name,
  ...(rule.environment && { environment: rule.environment }),
  ...(rule.stages && { stages: [...rule.stages] }),
  ...(rule.strategies && { strategies: [...rule.strategies] }),
  ...(rule.symbols && { symbols: [...rule.symbols] }),
  ...(rule.notionalAbove && { notionalAbove: text(rule.notionalAbove) }),
  level: rule.level,
  quorum: rule.quorum,
  ...(rule.approvalTtlMs !== undefined && { approvalTtlMs: rule.approvalTtlMs }),
  ...(rule.executionTtlMs !== undefined && { executionTtlMs: rule.executionTtlMs }),
  ...(rule.maxDriftBps !== undefined && { maxDriftBps: rule.maxDriftBps }),
})
const viewPolicy = (policy: ApprovalPolicy): wire.ApprovalPolicy => ({
  version: policy.version,
  rules: policy.rules.map(viewRule),
  autoMaxNotional: policy.autoMaxNotional && text(policy.autoMaxNotional),
  changes: { ...policy.changes },
  ...(policy.coverage && { coverage: { ...policy.coverage, days: [...policy.coverage.days] } }),
  ...(policy.escalateAfterMs !== undefined && { escalateAfterMs: policy.escalateAfterMs }),
})

/** Whether no order is ever sent on the word of fewer than two people. */
export const fourEyes = (policy: ApprovalPolicy, environment: 'paper' | 'live', stage: Stage): 'on' | 'off' =>
  isFourEyes(policy, environment, stage) ? 'on' : 'off'

const may = (person: Person, roles: readonly string[]): boolean =>
  !person.disabled && person.roles.some((role) => roles.includes(role))

/** Of what was armed and is no more, as many as the page has room for. */
const ENDED_SHOWN = 20

export function viewApprovals(
  policy: ApprovalPolicy,
  environment: 'paper' | 'live',
  stage: Stage,
  people: readonly Person[],
  armings: readonly ArmedStrategy[],
  seen: Pick<Seen, 'now'>,
): wire.Approvals {
  const shown = armings.map((arming) => viewArming(arming, seen)).sort((a, b) => (a.armedAt < b.armedAt ? 1 : -1))
  const ended = shown.filter(({ disarmedAt }) => disarmedAt !== null)
  return {
    policy: viewPolicy(policy),
    fourEyes: fourEyes(policy, environment, stage),
    approvers: people.filter((person) => may(person, APPROVERS)).length,
    governors: people.filter((person) => may(person, GOVERNORS)).length,
    armed: [...shown.filter(({ disarmedAt }) => disarmedAt === null), ...ended.slice(0, ENDED_SHOWN)],
  }
}

/** One whose time is over has ended then, though nobody had a reason to write that down. */
export function viewArming(a: ArmedStrategy, { now }: Pick<Seen, 'now'>): wire.Arming {
  const over = a.disarmedAt === null && now > a.until
  return {
    armingID: a.armingID,
    strategyID: a.strategyID,
    symbols: [...a.symbols],
    maxNotional: text(a.maxNotional),
    maxCount: a.maxCount,
    count: a.count,
    until: rfc3339(a.until),
    byName: a.byName,
    armedAt: rfc3339(a.armedAt),
    disarmedAt: over ? rfc3339(a.until) : a.disarmedAt && rfc3339(a.disarmedAt),
    why: over ? 'Its time is over.' : a.why,
  }
}

function viewWaiver(what: Extract<ChangeOf, { kind: 'waiver' }>): wire.Change['what'] {
  const { kind, intentID, lifts, raised, terms, maxNotional } = what
  const figures = raised && Object.fromEntries(Object.entries(raised).map(([limit, figure]) => [limit, text(figure)]))
  return {
    kind,
    intentID,
    lifts: [...lifts],
    ...(figures && { raised: figures }),
    terms: viewTerms(terms),
    maxNotional: text(maxNotional),
  }
}

function viewWhat(what: ChangeOf, name: NameOf, passkeys: ReadonlyMap<string, Passkey>): wire.Change['what'] {
  switch (what.kind) {
    case 'approval policy':
      return { ...what, policy: viewPolicy(what.policy) }
    case 'person': {
      const { kind, personID, before, after } = what
      return {
        kind,
        personID,
        name: name(personID),
        before: { ...before, roles: [...before.roles] },
        after: { ...after, roles: [...after.roles] },
      }
    }
    case 'release':
      return { ...what }
    case 'waiver':
      return viewWaiver(what)
    case 'stage': {
      const { kind, before, after, era, build, limits, evidence } = what
      return {
        kind,
        before,
        after,
        era,
        build,
        limits: viewLimits(limits),
        evidence: evidence.map((line) => ({ ...line })),
      }
    }
    case 'strategy':
      return {
        kind: what.kind,
        strategyID: what.strategyID,
        before: what.before && viewStrategy(what.before),
        after: viewStrategy(what.after),
      }
    case 'risk limits':
      return {
        kind: what.kind,
        before: viewLimits(what.before),
        after: viewLimits(what.after),
        changes: viewLimitChanges(what.before, what.after),
      }
    case 'passkey revoked':
      return { ...what, name: passkeys.get(what.credentialID)?.name ?? what.credentialID }
  }
}

/**
 * One that nobody decided in time has lapsed, though nobody came by to write that down.
 *
 * @param passkeys all there are, by their ids.
 * @param can what the caller may do with it, see `canChange`.
 * @param counted whose yes counts, see `yesesToChange`.
 */
export function viewChange(
  change: Change,
  passkeys: ReadonlyMap<string, Passkey>,
  seen: Pick<Seen, 'now' | 'name'>,
  can: wire.Change['can'],
  counted: ReadonlySet<string>,
): wire.Change {
  const late = change.state === 'Waiting' && seen.now > change.decideBy
  return {
    changeID: change.changeID,
    what: viewWhat(change.what, seen.name, passkeys),
    digest: change.digest,
    fingerprint: fingerprint(change.digest),
    requires: viewRequirement(change.requires),
    reason: change.reason,
    proposer: change.proposer,
    proposerName: seen.name(change.proposerName),
    votes: change.votes.map((vote) => viewVote(vote, seen.name, counted)),
    state: late ? 'Lapsed' : change.state,
    proposedAt: rfc3339(change.proposedAt),
    decideBy: rfc3339(change.decideBy),
    settledAt: late ? rfc3339(change.decideBy) : change.settledAt && rfc3339(change.settledAt),
    note: late ? 'Nobody decided in time.' : change.note,
    can,
  }
}

export const viewPasskey = (p: Passkey): wire.Passkey => ({
  credentialID: p.credentialID,
  name: p.name,
  device: p.device,
  backedUp: p.backedUp,
  createdAt: rfc3339(p.createdAt),
  liveFrom: rfc3339(p.liveFrom),
  revokedAt: p.revokedAt && rfc3339(p.revokedAt),
})
export const viewLink = (l: Link): wire.Link => ({
  linkID: l.linkID,
  provider: l.provider,
  createdAt: rfc3339(l.createdAt),
  endedAt: l.endedAt && rfc3339(l.endedAt),
})

/** A session goes by the start of its hash: enough to name it, useless to enter it. */
export const sessionID = (session: Pick<Session, 'hash'>): string => session.hash.slice(0, 16)
export const viewSession = (s: Session, current: string | null): wire.Access['sessions'][number] => ({
  id: sessionID(s),
  via: s.via,
  createdAt: rfc3339(s.createdAt),
  expiresAt: rfc3339(s.expiresAt),
  current: s.hash === current,
})
