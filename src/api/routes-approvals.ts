import { z } from 'zod'
import { type Level, LEVELS } from '../approvals/evidence.ts'
import type { ApprovalRule } from '../approvals/policy.ts'
import { mayDecide, whyNotAgree } from '../desk/governing.ts'
import { releaseChange } from '../desk/halting.ts'
import { tradingIn } from '../orders/halt.ts'
import { STAGES } from '../orders/stage.ts'
import type { Change, ChangeOf, Intent, PersonRole } from '../ports/records.ts'
import { type Instant, plusMs } from '../values/instant.ts'
import { err, ok, type Result } from '../values/result.ts'
import { type Caller, ROLES } from './access.ts'
import { answers, denied, json, missing } from './answers.ts'
import { canChange, yesesToChange } from './beforehand.ts'
import type { Api } from './context.ts'
import {
  amount,
  count,
  haltScope,
  id,
  label,
  listOf,
  oneOf,
  prose,
  reason,
  reasonMaybe,
  someOf,
  symbol,
  time,
  whether,
  intentID,
} from './fields.ts'
import { askToSign, evidenceOf, signedField } from './passkeys.ts'
import { viewApprovals, viewArming, viewChange } from './present-approvals.ts'
import type { Answer } from './problem.ts'
import { stageNow } from '../desk/approving.ts'
import { type Route, route } from './route.ts'
import { stageBody, stageOf } from './routes-stages.ts'
import { digest } from './routes-decisions.ts'
import { riskLimits, riskLimitsOf } from './routes-limits.ts'
import { strategyBody, strategyOf } from './routes-strategies.ts'
import * as schema from './schema.ts'
import { statistics } from './statistics.ts'
import type * as wire from './wire.ts'

// Who must say yes to what: the policy, its changes, what goes without being asked, and how it went.

// --- the policy as a body

const level = oneOf<Level>(LEVELS, 'How sure each yes has to be.', ['L2'])
const quorum = count('Of how many different people.', 1, 9, 1)
const milliseconds = (what: string) => count(`${what}, in milliseconds`, 1, 86_400_000, 300_000)
const rule = z.strictObject(
  {
    name: prose('Short, for the screen.', { min: 1, max: 60 }, 'live, large'),
    environment: oneOf(['paper', 'live'], 'Only there.').nullish(),
    stages: listOf(oneOf(STAGES, 'A stage.'), 'Only in these stages.').nullish(),
    strategies: listOf(label('A strategy.', 'mean-reversion-v2'), 'Only of these strategies.').nullish(),
    symbols: listOf(symbol, 'Only for these symbols.').nullish(),
    notionalAbove: amount('Only orders that may cost more than this, in account currency', '25000').nullish(),
    level,
    quorum,
    approvalTtlMs: milliseconds('How long people have to decide').nullish(),
    executionTtlMs: milliseconds('How long a yes may wait for its send').nullish(),
    maxDriftBps: count('How far the price may have moved since, in basis points', 1, 10_000, 50).nullish(),
  },
  { error: 'must be an object' },
)
const timeOfDay = prose('A time of the day there.', { min: 1, max: 5 }, '09:30')
const coverage = z
  .strictObject(
    {
      zone: prose('A time zone.', { min: 1, max: 64 }, 'America/New_York'),
      days: z
        .array(count('A day: 1 is Monday, 7 is Sunday.', 1, 7, 1), { error: 'must be a list' })
        .min(1, 'must name at least one')
        .max(7, 'names a day twice'),
      from: timeOfDay,
      until: timeOfDay,
    },
    { error: 'must be an object with zone, days, from and until' },
  )
  .meta({
    description: 'When somebody is there to decide. An end before the start is on the next day. Absent: always.',
    examples: [{ zone: 'America/New_York', days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00' }],
  })
const policy = z.strictObject(
  {
    version: count(
      'The version that was looked at; where another one is there by now, nothing is proposed. The one of now when absent.',
      0,
      1_000_000,
      0,
    ).nullish(),
    rules: z.array(rule, { error: 'must be a list' }).max(100, 'may have 100 rules at most'),
    autoMaxNotional: amount(
      'The most that one order of an armed strategy may cost; null: none goes',
      '1000',
    ).nullable(),
    changes: z.strictObject({ level, quorum }, { error: 'must be an object' }),
    coverage: coverage.nullish(),
    escalateAfterMs: milliseconds('After how long without its yes further people are told of an order').nullish(),
  },
  { error: 'must be an object' },
)

type RuleBody = z.output<typeof rule>
/** What is absent matches everything, and null is another word for absent. */
function ruleOf({ name, level, quorum, ...bounds }: RuleBody): ApprovalRule {
  const given = Object.entries(bounds).filter(([, bound]) => bound !== null && bound !== undefined)
  return { name, level, quorum, ...(Object.fromEntries(given) as Partial<ApprovalRule>) }
}
const PERSON_ROLES = Object.keys(ROLES) as PersonRole[]
const what = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({ kind: z.literal('approval policy'), policy }),
      z.strictObject({
        kind: z.literal('person'),
        personID: id('the id of a person', 'usr_k3xm9t2vc0qe'),
        roles: z
          .array(oneOf(PERSON_ROLES, 'A role.'), { error: 'must be a list' })
          .max(PERSON_ROLES.length, 'names a role twice'),
        disabled: whether('Whether they are kept out.'),
      }),
      z.strictObject({
        kind: z.literal('passkey revoked'),
        credentialID: prose('Its id.', { min: 1, max: 1400 }, '3q2-7w'),
      }),
      riskLimits,
      strategyBody,
      stageBody,
      z.strictObject({ kind: z.literal('waiver'), intentID }),
      z.strictObject({ kind: z.literal('release'), scope: haltScope.exactOptional() }),
    ],
    {
      error:
        'must be an object with kind "approval policy", "person", "passkey revoked", "risk limits", "strategy", "stage", "waiver" or "release"',
    },
  )
  .meta({
    type: 'object',
    description: 'What is to be otherwise.',
    examples: [{ kind: 'person', personID: 'usr_k3xm9t2vc0qe', roles: ['trader'], disabled: false }],
  })

/** What a body asks for, with what is there now: a change of something that has changed meanwhile is refused. */
async function changeOf(api: Api, body: z.output<typeof what>): Promise<Result<ChangeOf, Answer>> {
  switch (body.kind) {
    case 'approval policy': {
      const { rules, autoMaxNotional, changes, coverage, escalateAfterMs } = body.policy
      const before = body.policy.version ?? (await api.policy()).version
      return ok({
        kind: body.kind,
        before,
        policy: {
          version: before + 1,
          rules: rules.map(ruleOf),
          autoMaxNotional,
          changes,
          ...(coverage && { coverage }),
          ...(typeof escalateAfterMs === 'number' && { escalateAfterMs }),
        },
      })
    }
    case 'person': {
      const person = await api.reads.get('person', body.personID)
      if (!person) return err(missing('person', body.personID))
      const { roles, disabled } = person
      const after = { roles: PERSON_ROLES.filter((role) => body.roles.includes(role)), disabled: body.disabled }
      return ok({ kind: body.kind, personID: person.personID, before: { roles, disabled }, after })
    }
    case 'passkey revoked': {
      const { kind, credentialID } = body
      const passkey = await api.reads.get('passkey', credentialID)
      return passkey ? ok({ kind, credentialID, personID: passkey.personID }) : err(missing('passkey', credentialID))
    }
    case 'risk limits':
      return riskLimitsOf(api, body)
    case 'strategy':
      return strategyOf(api, body)
    case 'stage':
      return stageOf(api, body)
    case 'release': {
      const { scope = 'global' } = body
      const made = await releaseChange(api.reads, scope)
      return made
        ? ok(made)
        : err(denied({ code: 'NOT_HALTED', text: `${tradingIn(scope)} is not halted.`, refusals: [] }))
    }
    case 'waiver': {
      const made = await api.desk.waiverFor(body.intentID)
      return made.ok ? ok(made.value) : err(denied(made.error))
    }
  }
}

/** How the caller sees a change. */
async function viewFor(api: Api, caller: Caller): Promise<(change: Change) => Promise<wire.Change>> {
  const [seen, passkeys] = await Promise.all([api.seen(caller), api.reads.all('passkey')])
  const byID = new Map(passkeys.map((passkey) => [passkey.credentialID, passkey]))
  const { reads, environment } = api
  return async (change) => {
    const can = await canChange(reads, change, seen, environment)
    return viewChange(change, byID, seen, can, await yesesToChange(reads, change, environment, seen.now))
  }
}
const shown = async (api: Api, change: Change, caller: Caller) => (await viewFor(api, caller))(change)

const byChange = z.strictObject({ id: id('the id of a change', 'chg_k3xm9t2vc0qe') })
const changeList = schema.items('ChangeList', schema.change)
const CHANGE_STATES = ['Waiting', 'Applied', 'Declined', 'Lapsed'] as const

const DAY_MS = 86_400_000
/** Statistics look back so far at most, and at so many intents: an answer stays cheap however old the book is. */
const STATISTICS = { days: 92, usualDays: 30, pages: 25, page: 200 }

/** Intents received since then, newest first; and since when, when there were too many. */
async function receivedSince(
  api: Api,
  since: Instant,
): Promise<{ readonly intents: Intent[]; readonly since: Instant }> {
  const intents: Intent[] = []
  let after: string | null = null
  for (let i = 0; i < STATISTICS.pages; i++) {
    const page: Awaited<ReturnType<Api['reads']['intents']>> = await api.reads.intents(
      {},
      { limit: STATISTICS.page, after },
    )
    intents.push(...page.items.filter(({ receivedAt }) => receivedAt >= since))
    after = page.next
    if (after === null || page.items.some(({ receivedAt }) => receivedAt < since)) return { intents, since }
  }
  return { intents, since: intents.at(-1)?.receivedAt ?? since }
}

export const APPROVALS: readonly Route[] = [
  route({
    name: 'getApprovals',
    method: 'GET',
    path: '/v1/approvals',
    access: ['people:read'],
    tag: 'Approvals',
    summary: 'Who must say yes to what',
    answers: answers('The policy, whether there are four eyes, and what goes without being asked.', schema.approvals),
    async run(api, { now }) {
      const [policyNow, people, armings] = await Promise.all([
        api.policy(),
        api.reads.all('person'),
        api.reads.all('arming'),
      ])
      return json(
        viewApprovals(policyNow, api.environment, await stageNow(api.reads, api.environment), people, armings, { now }),
      )
    },
  }),
  route({
    name: 'getApprovalStatistics',
    method: 'GET',
    path: '/v1/approvals/statistics',
    access: ['people:read'],
    tag: 'Approvals',
    summary: 'How the last approvals went',
    description:
      'The last 30 days when `since` is absent, 92 at most, and the last 5,000 intents: the answer says since when.',
    query: z.strictObject({ since: time('Intents received from this moment on.').optional() }),
    answers: answers('Counts, and how long people took.', schema.approvalStatistics),
    async run(api, { query, now }) {
      const earliest = plusMs(now, -STATISTICS.days * DAY_MS)
      const asked = query.since ?? plusMs(now, -STATISTICS.usualDays * DAY_MS)
      const { intents, since } = await receivedSince(api, asked > earliest ? asked : earliest)
      return json(statistics(intents, since, await api.names()))
    },
  }),
  route({
    name: 'armStrategy',
    method: 'POST',
    path: '/v1/approvals/arm',
    access: ['approvals:arm'],
    tag: 'Approvals',
    summary: 'Let the orders of a strategy go without being asked',
    description:
      'For people, on paper only, within these bounds and those of the policy, for a day at most. It ends by itself with its time, its last order, a halt, a restart, or the access of whoever armed it.',
    body: z.strictObject({
      strategyID: label('The strategy.', 'mean-reversion-v2'),
      symbols: listOf(symbol, 'For these symbols.').meta({ examples: [['AAPL']] }),
      maxNotional: amount('The most that one order may cost, in account currency', '500'),
      maxCount: count('How many orders in all.', 1, 1000, 5),
      until: time('Until when.', '2026-11-22T20:00:00Z'),
    }),
    answers: answers('Armed.', schema.arming, 201),
    problems: ['NOT_ELIGIBLE', 'TRADING_HALTED', 'POLICY_FAULT'],
    examples: [
      {
        title: 'Arm for an afternoon',
        path: '/v1/approvals/arm',
        body: {
          strategyID: 'mean-reversion-v2',
          symbols: ['AAPL'],
          maxNotional: '500',
          maxCount: 5,
          until: '2026-11-22T20:00:00Z',
        },
      },
    ],
    async run(api, { body, caller, now }) {
      const result = await api.desk.arm({ ...body, symbols: [...new Set(body.symbols)], actor: caller.actor })
      return result.ok ? json(viewArming(result.value, { now }), 201) : denied(result.error)
    },
  }),
  route({
    name: 'disarmStrategy',
    method: 'DELETE',
    path: '/v1/approvals/arm/:armingID',
    access: ['approvals:arm', 'approvals:decline'],
    tag: 'Approvals',
    summary: 'Ask again before each order, at once',
    description:
      'For people. What has left stays where it is; what was to go without being asked and has not left is not sent.',
    params: z.strictObject({ armingID: id('the id of what was armed', 'arm_k3xm9t2vc0qe') }),
    answers: answers('Disarmed; also when it was before.', schema.arming),
    async run(api, { params, caller, now }) {
      const result = await api.desk.disarm({ armingID: params.armingID, reason: null, actor: caller.actor })
      return result.ok ? json(viewArming(result.value, { now })) : denied(result.error)
    },
  }),
  route({
    name: 'listChanges',
    method: 'GET',
    path: '/v1/changes',
    access: ['people:read'],
    tag: 'Approvals',
    summary: 'Changes of the policy, of the risk limits, of people and of their passkeys',
    description: 'Newest first.',
    query: z.strictObject({ state: someOf(CHANGE_STATES, 'Only these states; may be repeated.').optional() }),
    answers: answers('The changes.', changeList),
    async run(api, { query, caller }) {
      const changes = [...(await api.reads.all('change'))].sort((a, b) => b.proposedAt - a.proposedAt)
      const items = await Promise.all(changes.map(await viewFor(api, caller)))
      return json({ items: items.filter(({ state }) => query.state?.includes(state) ?? true) })
    },
  }),
  route({
    name: 'getChange',
    method: 'GET',
    path: '/v1/changes/:id',
    access: ['people:read'],
    tag: 'Approvals',
    summary: 'One change',
    params: byChange,
    answers: answers('The change.', schema.change),
    async run(api, { params, caller }) {
      const change = await api.reads.get('change', params.id)
      return change ? json(await shown(api, change, caller)) : missing('change', params.id)
    },
  }),
  route({
    name: 'proposeChange',
    method: 'POST',
    path: '/v1/changes',
    access: ['approvals:policy', 'limits:write'],
    tag: 'Approvals',
    summary: 'Propose a change',
    description:
      'For risk managers and admins; tighter risk limits also for approvers and operators. Other people must agree as the policy of now asks, where there are others; what only takes power away, or lets less be risked, is done at once. Looser limits hold from the next trading day on that is eight hours away. `version` of a policy or of limits is the one that was looked at.',
    body: z.strictObject({ what, reason }),
    answers: answers('Proposed, or done already: see `state`.', schema.change, 201),
    problems: [
      'NOT_FOUND',
      'NOT_ELIGIBLE',
      'SELF_APPROVAL',
      'STALE_CHANGE',
      'POLICY_FAULT',
      'EVIDENCE_MISSING',
      'NOT_NOW',
      'NOT_WAIVABLE',
      'ASSURANCE_TOO_LOW',
    ],
    examples: [
      {
        title: 'Describe a strategy, and size its orders',
        path: '/v1/changes',
        body: {
          what: {
            kind: 'strategy',
            strategyID: 'mean-reversion-v2',
            card: {
              goal: 'Buys pullbacks in an up-trend, for days.',
              inputs: 'Daily bars of the last year.',
              limits: 'At most three positions, none over earnings.',
              owner: 'Ana',
              stopWhen: 'Three losses in a row, or a day below 2 %.',
            },
            model: { kind: 'risk', share: '0.005' },
          },
          reason: 'Before the pilot.',
        },
      },
      {
        title: 'Make Ben an approver',
        path: '/v1/changes',
        body: {
          what: { kind: 'person', personID: 'usr_k3xm9t2vc0qe', roles: ['trader', 'approver'], disabled: false },
          reason: 'Ben stands in during the holidays.',
        },
      },
      {
        title: 'Ask for two people',
        path: '/v1/changes',
        body: {
          what: {
            kind: 'approval policy',
            policy: {
              version: 0,
              rules: [{ name: 'paper', environment: 'paper', level: 'L1', quorum: 2 }],
              autoMaxNotional: null,
              changes: { level: 'L1', quorum: 1 },
            },
          },
          reason: 'Rehearse four eyes.',
        },
      },
      {
        title: 'Risk less in one order, and stay away from a symbol',
        path: '/v1/changes',
        body: {
          what: {
            kind: 'risk limits',
            values: { maxOrderNotional: { hard: '2500', soft: '1500' } },
            lists: { restricted: ['GME'] },
          },
          reason: 'A quiet week before the holidays.',
        },
      },
    ],
    async run(api, { body, caller }) {
      const change = await changeOf(api, body.what)
      if (!change.ok) return change.error
      const result = await api.desk.proposeChange({ what: change.value, reason: body.reason, actor: caller.actor })
      return result.ok ? json(await shown(api, result.value, caller), 201) : denied(result.error)
    },
  }),
  route({
    name: 'beginChangeApproval',
    method: 'POST',
    path: '/v1/changes/:id/approve/begin',
    access: ['approvals:policy', 'limits:write'],
    tag: 'Approvals',
    summary: 'Ask for what a passkey is to sign',
    description: 'For people in the browser, where `requires.passkey` is true.',
    params: byChange,
    body: z.strictObject({ digest: digest('change') }),
    answers: answers('What to sign.', schema.passkeyAsk),
    problems: [
      'NOT_PENDING',
      'APPROVAL_EXPIRED',
      'DIGEST_MISMATCH',
      'SELF_APPROVAL',
      'NOT_ELIGIBLE',
      'STALE_CHANGE',
      'EVIDENCE_MISSING',
      'NOT_NOW',
      'NOT_WAIVABLE',
      'POLICY_FAULT',
      'NO_PASSKEY',
    ],
    async run(api, call) {
      const { params, body, caller, now } = call
      const change = await api.reads.get('change', params.id)
      if (!change) return missing('change', params.id)
      const person = await api.reads.get('person', caller.id)
      const no =
        mayDecide(change, person, body.digest, now) ??
        (person && (await whyNotAgree(api.reads, change, person, api.environment, now)))
      if (no) return denied(no)
      const ask = await askToSign(api, call, {
        purpose: 'jax.change',
        approvalID: change.changeID,
        digest: change.digest,
        policyVersion: change.requires.policyVersion,
        until: change.decideBy,
      })
      return ask.ok ? json(ask.value) : ask.error
    },
  }),
  route({
    name: 'approveChange',
    method: 'POST',
    path: '/v1/changes/:id/approve',
    access: ['approvals:policy', 'limits:write'],
    tag: 'Approvals',
    summary: 'Agree to exactly this change',
    params: byChange,
    body: z.strictObject({ digest: digest('change'), reason: reasonMaybe, passkey: signedField.nullish() }),
    answers: answers('Applied, or one yes nearer to it.', schema.change),
    problems: [
      'NOT_PENDING',
      'APPROVAL_EXPIRED',
      'DIGEST_MISMATCH',
      'SELF_APPROVAL',
      'NOT_ELIGIBLE',
      'STALE_CHANGE',
      'EVIDENCE_MISSING',
      'NOT_NOW',
      'NOT_WAIVABLE',
      'POLICY_FAULT',
      'ASSURANCE_TOO_LOW',
      'NO_PASSKEY',
      'PASSKEY_REFUSED',
    ],
    async run(api, call) {
      const { params, body, caller } = call
      const signed = body.passkey ? await evidenceOf(api, call, body.passkey) : ok(null)
      if (!signed.ok) return signed.error
      const result = await api.desk.decideChange({
        changeID: params.id,
        digest: body.digest,
        verdict: 'approved',
        reason: body.reason || null,
        actor: caller.actor,
        ...(signed.value && { evidence: signed.value }),
      })
      return result.ok ? json(await shown(api, result.value, caller)) : denied(result.error)
    },
  }),
  route({
    name: 'declineChange',
    method: 'POST',
    path: '/v1/changes/:id/decline',
    access: ['approvals:policy', 'limits:write'],
    tag: 'Approvals',
    summary: 'Decline a change',
    description: 'One no ends it. Whoever proposed it takes it back so.',
    params: byChange,
    body: z.strictObject({ reason }),
    answers: answers('Declined.', schema.change),
    problems: ['NOT_PENDING', 'APPROVAL_EXPIRED', 'NOT_ELIGIBLE', 'DIGEST_MISMATCH'],
    async run(api, { params, body, caller }) {
      const change = await api.reads.get('change', params.id)
      if (!change) return missing('change', params.id)
      const result = await api.desk.decideChange({
        changeID: params.id,
        digest: change.digest,
        verdict: 'declined',
        reason: body.reason,
        actor: caller.actor,
      })
      return result.ok ? json(await shown(api, result.value, caller)) : denied(result.error)
    },
  }),
]
