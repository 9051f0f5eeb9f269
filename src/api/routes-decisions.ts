import { z } from 'zod'
import { ONE_CLICK } from '../approvals/policy.ts'
import type { Denial } from '../desk/desk.ts'
import { whyNoYes } from '../desk/intents.ts'
import { haltOf, statesOf, stoppable } from '../orders/halt.ts'
import type { Intent } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { ok, type Result } from '../values/result.ts'
import { answers, denied, json, missing } from './answers.ts'
import type { Api } from './context.ts'
import { empty, intentID, prose, reason, reasonMaybe, time } from './fields.ts'
import { askToSign, evidenceOf, signedField } from './passkeys.ts'
import { voterOf } from './present.ts'
import { type Answer, problem } from './problem.ts'
import { type Call, type Route, route } from './route.ts'
import * as schema from './schema.ts'

// What people say of one order: yes, no, later, look again.

const byIntent = z.strictObject({ id: intentID })
const instance = (id: IntentID): string => `/v1/intents/${encodeURIComponent(id)}`

type Decide = (
  api: Api,
  call: Call<{ id: IntentID }, unknown, { digest?: string; reason?: string | null | undefined }>,
) => Promise<Result<Intent, Denial>>

/** Answers a decision with the intent. The same person deciding the same way again gets the same answer. */
function decided(
  verdict: 'approved' | 'declined' | 'withdrawn' | null,
  decide: Decide,
): (api: Api, call: Parameters<Decide>[1]) => Promise<Answer> {
  return async (api, call) => {
    const result = await decide(api, call)
    if (result.ok) return json(await api.show(result.value, await api.seen(call.caller)))
    const before = result.error.code === 'NOT_PENDING' ? await api.reads.get('intent', call.params.id) : null
    const { decision } = before ?? {}
    const again =
      verdict !== null &&
      decision?.verdict === verdict &&
      decision.by === call.caller.id &&
      (call.body.digest === undefined || call.body.digest === decision.digest)
    if (before && again) return json(await api.show(before, await api.seen(call.caller)))
    return denied(result.error, instance(call.params.id))
  }
}

/** `digest` of what was looked at: a yes to anything else is none. */
export const digest = (what: string) =>
  prose(`\`digest\` of the ${what} as it was shown.`, { min: 1, max: 100 }, 'FqA1z...')

export const DECISIONS: readonly Route[] = [
  route({
    name: 'beginApproval',
    method: 'POST',
    path: '/v1/intents/:id/approve/begin',
    access: ['approvals:decide'],
    tag: 'Intents',
    summary: 'Ask for what a passkey is to sign',
    description:
      'For people in the browser, where `requires.passkey` is true. The challenge is the hash of the envelope, which names exactly this order and this person; it is good once, in this session, for two minutes or as long as the order may be decided. Look that `order_digest` is the digest you see before you sign.',
    params: byIntent,
    body: z.strictObject({ digest: digest('intent') }),
    answers: answers('What to sign.', schema.passkeyAsk),
    problems: [
      'NOT_PENDING',
      'APPROVAL_EXPIRED',
      'ORDER_CHANGED',
      'DIGEST_MISMATCH',
      'SELF_APPROVAL',
      'NOT_ELIGIBLE',
      'TRADING_HALTED',
      'NO_PASSKEY',
    ],
    async run(api, call) {
      const { params, body, caller, now } = call
      const intent = await api.reads.get('intent', params.id)
      if (!intent) return missing('intent', params.id)
      const halt = haltOf(statesOf(await api.reads.all('halt')), stoppable(intent.account, intent.proposal))
      const vote = { digest: body.digest, voter: voterOf(caller) }
      const no = await whyNoYes(api.reads, intent, vote, halt, now)
      if (no) return denied(no, instance(params.id))
      const ask = await askToSign(api, call, {
        purpose: 'jax.approval',
        approvalID: intent.intentID,
        digest: body.digest,
        policyVersion: (intent.requires ?? ONE_CLICK).policyVersion,
        until: intent.decideBy,
      })
      return ask.ok ? json(ask.value) : ask.error
    },
  }),
  route({
    name: 'approveIntent',
    method: 'POST',
    path: '/v1/intents/:id/approve',
    access: ['approvals:decide'],
    tag: 'Intents',
    summary: 'Approve exactly this order',
    description:
      'For people. `digest` is that of the ticket that was looked at: when the ticket has changed since, nothing is approved. Where `requires.passkey` is true, `passkey` has to be there. Where more people are asked, the order waits on for them. Doing it twice is doing it once; a yes that lost its worth since (its passkey was revoked, its chat account unlinked) may be given again, and `can.approve` says so.',
    params: byIntent,
    body: z.strictObject({ digest: digest('intent'), reason: reasonMaybe, passkey: signedField.nullish() }),
    answers: answers('Approved, or one yes nearer to it: see `votes`.', schema.intent),
    problems: [
      'NOT_PENDING',
      'APPROVAL_EXPIRED',
      'ORDER_CHANGED',
      'DIGEST_MISMATCH',
      'SELF_APPROVAL',
      'NOT_ELIGIBLE',
      'TRADING_HALTED',
      'GATE_REFUSED',
      'ASSURANCE_TOO_LOW',
      'NO_PASSKEY',
      'PASSKEY_REFUSED',
    ],
    examples: [
      {
        title: 'Approve',
        path: '/v1/intents/sig-20261122-0001/approve',
        body: { digest: 'FqA1zVb0SxkYx0rMZ1kqYJ2cO2mJmJv9m6X0oJb7c3E' },
      },
    ],
    async run(api, call) {
      const { params, body, caller } = call
      const signed = body.passkey ? await evidenceOf(api, call, body.passkey) : ok(null)
      if (!signed.ok) return signed.error
      return decided('approved', () =>
        api.desk.approve({
          intentID: params.id,
          digest: body.digest,
          reason: body.reason || null,
          actor: caller.actor,
          ...(signed.value && { evidence: signed.value }),
        }),
      )(api, call)
    },
  }),
  route({
    name: 'declineIntent',
    method: 'POST',
    path: '/v1/intents/:id/decline',
    access: ['approvals:decline'],
    tag: 'Intents',
    summary: 'Decline',
    description: 'For people. Never blocked by expiry, drift or a halt.',
    params: byIntent,
    body: z.strictObject({ reason }),
    answers: answers('Declined.', schema.intent),
    problems: ['NOT_PENDING', 'NOT_ELIGIBLE'],
    examples: [
      { title: 'Decline', path: '/v1/intents/sig-20261122-0001/decline', body: { reason: 'Earnings tomorrow.' } },
    ],
    run: decided('declined', (api, { params, body, caller }) =>
      api.desk.decline({ intentID: params.id, reason: body.reason ?? '', actor: caller.actor }),
    ),
  }),
  route({
    name: 'withdrawIntent',
    method: 'POST',
    path: '/v1/intents/:id/withdraw',
    access: ['intents:write', 'approvals:decline'],
    tag: 'Intents',
    summary: 'Withdraw',
    description:
      'An agent withdraws what it proposed itself; people withdraw any. Once an order is on its way, cancel that order instead.',
    params: byIntent,
    body: z.strictObject({ reason: reasonMaybe }),
    answers: answers('Withdrawn.', schema.intent),
    problems: ['NOT_PENDING', 'NOT_ELIGIBLE'],
    examples: [
      { title: 'Withdraw', path: '/v1/intents/sig-20261122-0001/withdraw', body: { reason: 'The idea is gone.' } },
    ],
    run: decided('withdrawn', (api, { params, body, caller }) =>
      api.desk.withdraw({ intentID: params.id, reason: body.reason || null, actor: caller.actor }),
    ),
  }),
  route({
    name: 'repriceIntent',
    method: 'POST',
    path: '/v1/intents/:id/reprice',
    access: ['approvals:reprice'],
    tag: 'Intents',
    summary: 'Make a new ticket at the prices of now',
    description: 'For people. Votes on the old ticket are void. The gate may refuse the new one: then the intent ends.',
    params: byIntent,
    body: empty,
    answers: answers('The intent with its new ticket, or refused.', schema.intent),
    problems: ['NOT_PENDING', 'NOT_ELIGIBLE'],
    examples: [{ title: 'Re-price', path: '/v1/intents/sig-20261122-0001/reprice', body: {} }],
    remembers: true,
    run: decided(null, (api, { params, caller }) => api.desk.reprice({ intentID: params.id, actor: caller.actor })),
  }),
  route({
    name: 'snoozeIntent',
    method: 'POST',
    path: '/v1/intents/:id/snooze',
    access: ['approvals:decline'],
    tag: 'Intents',
    summary: 'Put off',
    description:
      'For people. Nobody is reminded of it until then. It decides nothing, and gives nobody more time to decide.',
    params: byIntent,
    body: z.strictObject({ until: time('Until when nobody is to be reminded.'), reason: reasonMaybe }),
    answers: answers('Put off.', schema.intent),
    problems: ['NOT_PENDING', 'NOT_ELIGIBLE'],
    examples: [
      {
        title: 'Later',
        path: '/v1/intents/sig-20261122-0001/snooze',
        body: { until: '2026-11-22T15:20:00Z', reason: 'After the call.' },
      },
    ],
    async run(api, call) {
      if (call.body.until <= call.now)
        return problem('INVALID_REQUEST', '$.until must be a time to come. Nothing was recorded.', {
          errors: [{ path: '$.until', message: 'must be a time to come' }],
        })
      return decided(null, () =>
        api.desk.putAside({
          intentID: call.params.id,
          kind: 'snoozed',
          text: call.body.reason ?? '',
          until: call.body.until,
          actor: call.caller.actor,
        }),
      )(api, { ...call, body: {} })
    },
  }),
  route({
    name: 'reanalyseIntent',
    method: 'POST',
    path: '/v1/intents/:id/reanalyse',
    access: ['approvals:decline'],
    tag: 'Intents',
    summary: 'Send it back with a note',
    description:
      'For people. The note goes to the proposer through the event feed (`intent.put-aside`). The order waits on as it is; a better idea is a new intent.',
    params: byIntent,
    body: z.strictObject({
      note: prose('What to look at again; kept in the journal.', { min: 1, max: 500 }, 'Earnings are tomorrow.'),
    }),
    answers: answers('Sent back.', schema.intent),
    problems: ['NOT_PENDING', 'NOT_ELIGIBLE'],
    examples: [
      {
        title: 'Look again',
        path: '/v1/intents/sig-20261122-0001/reanalyse',
        body: { note: 'Earnings are tomorrow. Does the stop still make sense?' },
      },
    ],
    run: (api, call) =>
      decided(null, () =>
        api.desk.putAside({
          intentID: call.params.id,
          kind: 'reanalyse',
          text: call.body.note,
          until: null,
          actor: call.caller.actor,
        }),
      )(api, { ...call, body: {} }),
  }),
]
