import { mayVote, tooLow } from '../approvals/decide.ts'
import { LEVEL_OF } from '../approvals/evidence.ts'
import {
  type ApprovalPolicy,
  armingOf,
  beyondOf,
  firstPolicy,
  isWithin,
  ONE_CLICK,
  type Requirement,
  requirementOf,
  surer,
} from '../approvals/policy.ts'
import { moment } from '../gate/words.ts'
import type { Actor } from '../journal/row.ts'
import { isNarrow, statesOf } from '../orders/halt.ts'
import type { Change, Intent, Person } from '../ports/records.ts'
import type { Tx } from '../ports/store.ts'
import { gt, shortest } from '../values/decimal.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { orderFactsNow, proposedBy } from './approving.ts'
import { ARMED_MAX_MS } from './arming.ts'
import { effectiveFrom, inForce } from './limiting.ts'
import { releaseChange } from './halting.ts'
import { waivedID } from './waiving.ts'
import type { Happened } from './events.ts'
import { isOfEnded } from './evidence.ts'
import { type Case, type Found, found, type Judge, WRITTEN_WITHIN_MS } from './finding.ts'
import {
  asksFor,
  CHANGE_TTL_MS,
  changeDigest,
  countAgreed,
  decidersOf,
  isAgreed,
  mayGovern,
  mayPropose,
  proposersOf,
  mayAgree,
  noteOf,
} from './governing.ts'

// Changes of the house, and what may go without a person, decided again.

export const personOf = async (tx: Tx, actor: Actor): Promise<Person | null> =>
  actor.type === 'person' ? tx.get('person', actor.id) : null

/** Each policy that may have been in force: where nobody has changed it, the journal does not say which it began with. */
async function policies(tx: Tx): Promise<readonly ApprovalPolicy[]> {
  const row = await tx.get('approvals', 'account')
  return row ? [row.policy] : [firstPolicy('paper'), firstPolicy('live')]
}

const asText = ({ level, quorum }: Pick<Requirement, 'level' | 'quorum'>): string =>
  `${level} of ${quorum} ${quorum === 1 ? 'person' : 'people'}`

/** Whether a ticket asks for what the policy of its moment says, or goes without a person as one of them armed it. */
export async function requirementFault(
  { tx, at, data }: Case<'intent.ticketed'>,
  intent: Intent,
): Promise<Found | null> {
  const { ticket, requires = ONE_CLICK } = data
  const policy = (await tx.get('approvals', 'account'))?.policy ?? firstPolicy(ticket.environment)
  const order = await orderFactsNow(tx, ticket, intent.proposal.strategyID)
  const usual = surer(requirementOf(policy, order), beyondOf(requires))
  const said = `The ticket asks for ${asText(requires)} under version ${requires.policyVersion} of the policy.`
  if (requires.level !== 'L0')
    return requires.level === usual.level &&
      requires.quorum === usual.quorum &&
      requires.policyVersion === policy.version
      ? null
      : found('ASSURANCE_TOO_LOW', said, `Version ${policy.version} asks for ${asText(usual)}.`)
  if (usual.level !== 'L1' || usual.quorum > 1 || requires.policyVersion !== policy.version)
    return found('ASSURANCE_TOO_LOW', said, `Nothing goes without a person that asks for ${asText(usual)}.`)
  const arming = await tx.get('arming', armingOf(requires) ?? '')
  const stands =
    arming !== null &&
    arming.disarmedAt === null &&
    plusMs(at, -WRITTEN_WITHIN_MS) <= arming.until &&
    policy.autoMaxNotional !== null &&
    isWithin(arming, order, policy.autoMaxNotional) &&
    !mayVote(proposedBy(intent), await tx.get('person', arming.by))
  return stands ? null : found('NOT_APPROVED', said, 'Nobody who might had armed its strategy for so much.')
}

/** The change that is about to be applied: whatever it brings must be what people agreed to, as they stand now. */
export async function brought(
  { tx, row, at }: Case,
  said: string,
  fits: (change: Change) => boolean,
): Promise<Found | null> {
  const change = await tx.get('change', row.corr)
  if (change?.state !== 'Waiting' || !fits(change))
    return found('NOT_APPROVED', said, 'No change that says so was agreed to.')
  const stale = await staleness(tx, change)
  if (stale !== null) return found('NOT_APPROVED', said, stale)
  return agreed(tx, change, said, at)
}

/** Whether it was proposed under other rules, or by somebody who may not propose any more; null when neither. */
async function staleness(tx: Tx, { what, requires, proposer, proposerName }: Change): Promise<string | null> {
  if ((await policies(tx)).every(({ version }) => version !== requires.policyVersion))
    return 'The policy of approvals had changed since it was proposed.'
  const person = await tx.get('person', proposer)
  return mayPropose(what, person) ? null : `${proposerName}, who proposed it, may not do so any more.`
}

async function agreed(tx: Tx, change: Change, said: string, at: Instant): Promise<Found | null> {
  const { requires } = change
  // Whether a new passkey was on hold when it was used is no matter of how things stand now.
  const people = await countAgreed(tx, change, 'paper', at)
  return people < requires.quorum
    ? found('NOT_APPROVED', said, `It asks for ${asText(requires)}, and ${people} agreed.`)
    : null
}

const notGovernor = (said: string, what: 'proposed' | 'decided', roles: readonly string[]): Found =>
  found('NOT_ELIGIBLE', said, `This is ${what} by people with one of the roles ${roles.join(', ')}.`)

export const CHANGE_JUDGES = {
  'person.changed': async (c) => {
    const { data, row } = c
    const person = await c.tx.get('person', row.object.id)
    return brought(
      c,
      `The access of ${row.object.id} changed.`,
      ({ what }) =>
        what.kind === 'person' &&
        what.personID === row.object.id &&
        canonical(what.after) === canonical(data) &&
        (person === null || canonical(what.before) === canonical({ roles: person.roles, disabled: person.disabled })),
    )
  },
  'policy.changed': async (c) => {
    const before = (await c.tx.get('approvals', 'account'))?.policy.version ?? firstPolicy('paper').version
    const { policy } = c.data
    const said = `The policy of approvals becomes version ${policy.version}.`
    if (policy.version !== before + 1)
      return found('CONTRADICTED', said, `After version ${before} comes ${before + 1}.`)
    return brought(
      c,
      said,
      ({ what }) => what.kind === 'approval policy' && canonical(what.policy) === canonical(policy),
    )
  },

  'limits.changed': async (c) => {
    const { limits, from } = c.data
    const row = await c.tx.get('limits', 'account')
    const said = `Version ${limits.version} of the risk limits is agreed to.`
    if (!row) return found('CONTRADICTED', said, 'Nothing is written of the limits before it.')
    const before = inForce(row, c.at)
    const due = effectiveFrom(before, limits, c.at)
    if (limits.version !== before.version + 1)
      return found('CONTRADICTED', said, `After version ${before.version} comes ${before.version + 1}.`)
    if (from === null ? due !== null : due === null)
      return found('CONTRADICTED', said, due ? `It holds from ${moment(due)} on.` : 'It holds at once.')
    return brought(c, said, ({ what }) => what.kind === 'risk limits' && canonical(what.after) === canonical(limits))
  },

  'waiver.granted': async (c) => {
    const { waiver } = c.data
    const said = `One order may be beyond ${waiver.lifts.join(', ')}.`
    if (await c.tx.get('waiver', waiver.intentID)) return found('REPEATED', said, 'It was let through before.')
    return brought(
      c,
      said,
      (change) =>
        change.what.kind === 'waiver' &&
        waivedID(change) === waiver.intentID &&
        change.what.intentID === waiver.of &&
        canonical([change.what.lifts, change.what.raised ?? null, change.what.terms, change.what.maxNotional]) ===
          canonical([waiver.lifts, waiver.raised ?? null, waiver.terms, waiver.maxNotional]),
    )
  },

  'strategy.described': async (c) => {
    const { strategy } = c.data
    const said = `${c.row.object.id} is described, version ${strategy.version}.`
    const before = await c.tx.get('strategy', c.row.object.id)
    if (strategy.version !== (before?.version ?? 0) + 1)
      return found('CONTRADICTED', said, `Version ${(before?.version ?? 0) + 1} is next.`)
    return brought(c, said, ({ what }) => what.kind === 'strategy' && canonical(what.after) === canonical(strategy))
  },

  'change.proposed': async ({ tx, row, at, data: { change } }) => {
    const said = `${change.proposerName} proposed ${change.changeID}.`
    const { what, requires, proposer, proposedAt, decideBy } = change
    if (change.changeID !== row.object.id) return found('MISFILED', said, `The row is about ${row.object.id}.`)
    if (await tx.get('change', change.changeID)) return found('REPEATED', said, 'It was proposed before.')
    const person = await personOf(tx, row.actor)
    if (person?.personID !== proposer || !mayPropose(what, person))
      return notGovernor(said, 'proposed', proposersOf(what))
    const digest = changeDigest(what, proposer)
    if (digest !== change.digest) return found('DIGEST_MISMATCH', said, `Its digest is ${digest}.`)
    if (change.state !== 'Waiting' || change.votes.length > 0)
      return found('NOT_NEW', `${said} It is ${change.state}.`, 'It begins as Waiting, with no vote.')
    if (decideBy > plusMs(proposedAt, CHANGE_TTL_MS) || proposedAt > at)
      return found('APPROVAL_EXPIRED', `${said} It may be decided until ${moment(decideBy)}.`, 'That is a day at most.')
    const wanted = await Promise.all(
      (await policies(tx)).map((policy) => asksFor(tx, policy, what, proposer, proposedAt)),
    )
    if (
      wanted.some(({ level, quorum, policyVersion, missed }) => {
        const same = level === requires.level && quorum === requires.quorum && policyVersion === requires.policyVersion
        return same && missed.length === 0
      })
    )
      return null
    return found(
      'NOT_APPROVED',
      `${said} It asks for ${asText(requires)}.`,
      `It takes ${wanted.map(asText).join(' or ')}.`,
    )
  },
  'change.voted': async ({ tx, row, at, data: { decision } }) => {
    const change = await tx.get('change', row.object.id)
    const said = `${decision.byName} agreed to ${row.object.id}.`
    const person = await personOf(tx, row.actor)
    if (!change) return null
    if (person?.personID !== decision.by || !mayGovern(change.what, person))
      return notGovernor(said, 'decided', decidersOf(change.what))
    if (change.state !== 'Waiting') return found('NOT_PENDING', said, `It is ${change.state.toLowerCase()} already.`)
    if (await isAgreed(tx, change, decision.by, 'paper', decision.at))
      return found('REPEATED', said, 'They had agreed before, and that counted still.')
    if (decision.at > change.decideBy || plusMs(at, -WRITTEN_WITHIN_MS) > change.decideBy)
      return found('APPROVAL_EXPIRED', said, `It could be decided until ${moment(change.decideBy)}.`)
    if (decision.digest !== change.digest)
      return found('DIGEST_MISMATCH', said, `The digest of the change is ${change.digest}.`)
    const stale = await staleness(tx, change)
    if (stale !== null) return found('NOT_APPROVED', said, stale)
    const never = await mayAgree(tx, change, person, decision.at)
    if (never) return found(never.code === 'SELF_APPROVAL' ? 'SELF_APPROVAL' : 'NOT_ELIGIBLE', said, never.text)
    const weak = tooLow(change.requires, decision.evidence ? LEVEL_OF[decision.evidence.kind] : LEVEL_OF.session)
    if (weak) return found(weak.code, said, weak.text)
    if (await isOfEnded(tx, decision.evidence, decision.by, decision.at))
      return found('NOT_ELIGIBLE', said, 'The session that it was said in was over.')
    const proven = await countAgreed(tx, { ...change, votes: [decision] }, 'paper', decision.at)
    return proven === 1
      ? null
      : found('NOT_APPROVED', said, 'What it was said with proves nothing: the passkey, or the link, is not theirs.')
  },
  'change.declined': async ({ tx, row }) => {
    const person = await personOf(tx, row.actor)
    const change = await tx.get('change', row.object.id)
    return !change || mayGovern(change.what, person)
      ? null
      : found('NOT_ELIGIBLE', `${row.actor.id} declined ${row.object.id}.`, 'They may not decide on changes.')
  },
  'change.applied': async ({ tx, row, data: { note } }) => {
    const change = await tx.get('change', row.object.id)
    if (!change) return null
    const said = `${change.changeID} is applied.`
    if (!(await isDone(tx, change))) return found('LEFT_UNDONE', said, 'Nothing is written of what it brings.')
    if (note !== noteOf(change))
      return found(
        'CONTRADICTED',
        `${said} It says: ${note ?? 'nothing'}.`,
        `It is to say: ${noteOf(change) ?? 'nothing'}.`,
      )
    return change.votes.length < change.requires.quorum
      ? found('NOT_APPROVED', said, `It asks for ${asText(change.requires)}, and ${change.votes.length} agreed.`)
      : null
  },
  'change.lapsed': async ({ tx, row, at }) => {
    const change = await tx.get('change', row.object.id)
    return change && at <= change.decideBy
      ? found('TOO_EARLY', `${change.changeID} lapsed.`, `It stands until ${moment(change.decideBy)}.`)
      : null
  },

  'strategy.armed': async ({ tx, row, data: { arming } }) => {
    const said = `${arming.byName} armed ${arming.strategyID}.`
    const person = await personOf(tx, row.actor)
    const never = mayVote({ proposerID: '', proposerOwner: null }, person)
    if (never || person?.personID !== arming.by)
      return found(
        'NOT_ELIGIBLE',
        said,
        `The row was written by ${row.actor.id}: only a person who may approve arms, and for themselves.`,
      )
    const halts = statesOf(await tx.all('halt'))
    if (halts.some(({ scope }) => !isNarrow(scope) || scope === `strategy:${arming.strategyID}`))
      return found('TRADING_HALTED', said, 'Trading is halted: nothing is armed.')
    if (arming.count !== 0 || arming.disarmedAt !== null || arming.armingID !== row.object.id)
      return found('NOT_NEW', said, 'It begins armed, under its own name, with no order gone.')
    if (arming.until > plusMs(arming.armedAt, ARMED_MAX_MS))
      return found('APPROVAL_EXPIRED', `${said} It is for until ${moment(arming.until)}.`, 'That is a day at most.')
    const most = (await policies(tx)).map(({ autoMaxNotional }) => autoMaxNotional)
    return most.some((one) => one !== null && !gt(arming.maxNotional, one))
      ? null
      : found(
          'ASSURANCE_TOO_LOW',
          `${said} Each order may cost ${shortest(arming.maxNotional)}.`,
          `The policy lets ${most[0] ? `${shortest(most[0])} at most` : 'nothing'} go without a person.`,
        )
  },
} as const satisfies { readonly [A in keyof Happened]?: Judge<A> }

/** What the change brings is there. */
async function isDone(tx: Tx, change: Change): Promise<boolean> {
  const { what } = change
  switch (what.kind) {
    case 'approval policy':
      return (await tx.get('approvals', 'account'))?.policy.version === what.policy.version
    case 'person': {
      const person = await tx.get('person', what.personID)
      return person !== null && canonical({ roles: person.roles, disabled: person.disabled }) === canonical(what.after)
    }
    case 'risk limits': {
      const row = await tx.get('limits', 'account')
      return [row?.limits, row?.next?.limits].some((one) => one?.version === what.after.version)
    }
    case 'waiver':
      return (await tx.get('waiver', waivedID(change))) !== null
    case 'release':
      return (await releaseChange(tx, what.scope))?.since !== what.since
    case 'stage': {
      const rollout = await tx.get('stage', 'account')
      return rollout?.stage === what.after && rollout.build === what.build
    }
    case 'strategy':
      return (await tx.get('strategy', what.strategyID))?.version === what.after.version
    case 'passkey revoked':
      return ((await tx.get('passkey', what.credentialID))?.revokedAt ?? null) !== null
  }
}
