import { z } from 'zod'
import { parseJson } from '../../values/json.ts'
import { err, ok, type Result } from '../../values/result.ts'

/** Who and where, as Slack vouches for it. */
type Origin = {
  readonly appID: string
  readonly teamID: string
  readonly enterpriseID: string | null
  readonly userID: string
  /** The workspace that the person belongs to: another one for guests through Slack Connect. Null: it does not say. */
  readonly userTeamID: string | null
  readonly conversation: string | null
}
export type Press = Origin & {
  readonly kind: 'press'
  readonly conversation: string
  readonly message: string
  readonly actionID: string
  readonly value: string
  readonly triggerID: string
}
export type Submission = Origin & {
  readonly kind: 'submission'
  readonly callbackID: string
  readonly metadata: string
  /** `[block][action]`; null when the field was left empty. */
  readonly values: Readonly<Record<string, Readonly<Record<string, { readonly value?: string | null | undefined }>>>>
}
export type Command = Origin & {
  readonly kind: 'command'
  readonly conversation: string
  /** `/jax`, or as the app calls it. */
  readonly command: string
  readonly text: string
}
export type Said = Press | Submission | Command

const id = z.string().regex(/^[A-Z][A-Z0-9]{1,31}$/)
const ts = z.string().regex(/^\d{1,12}\.\d{1,9}$/)

const team = z.object({ id, enterprise_id: id.nullish() })
const enterprise = z.object({ id }).nullish()
const person = z.object({ id, team_id: id })

const blockActions = z.object({
  type: z.literal('block_actions'),
  api_app_id: id,
  team,
  enterprise,
  user: person,
  container: z.object({ type: z.literal('message'), message_ts: ts, channel_id: id }),
  channel: z.object({ id }),
  message: z.object({ ts }),
  actions: z.tuple([
    z.object({ type: z.literal('button'), action_id: z.string().max(255), value: z.string().max(2000).optional() }),
  ]),
  trigger_id: z.string().max(255),
})

const viewSubmission = z.object({
  type: z.literal('view_submission'),
  api_app_id: id,
  team,
  enterprise,
  user: person,
  view: z.object({
    callback_id: z.string().max(255),
    private_metadata: z.string().max(3000),
    state: z.object({
      values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().nullish() }))),
    }),
  }),
})

const slashCommand = z.object({
  api_app_id: id,
  team_id: id,
  enterprise_id: id.optional(),
  user_id: id,
  channel_id: id,
  command: z.string().regex(/^\/[a-z0-9_-]{1,32}$/),
  text: z.string().max(4000),
})

/** The two payloads that are ours: a button on a card, and the reason in its own window. Anything else is refused. */
export function parseInteraction(payload: unknown): Result<Press | Submission, string> {
  const type = typeof payload === 'object' && payload !== null ? (payload as { type?: unknown }).type : null
  if (type === 'block_actions') {
    const read = blockActions.safeParse(payload)
    if (!read.success) return err(wrong('block_actions', read.error))
    const { container, channel, message, actions, trigger_id } = read.data
    if (container.channel_id !== channel.id || container.message_ts !== message.ts)
      return err('block_actions names two messages')
    const origin = originOf(read.data, channel.id)
    if (!origin.ok) return origin
    return ok({
      kind: 'press',
      ...origin.value,
      conversation: channel.id,
      message: message.ts,
      actionID: actions[0].action_id,
      value: actions[0].value ?? '',
      triggerID: trigger_id,
    })
  }
  if (type === 'view_submission') {
    const read = viewSubmission.safeParse(payload)
    if (!read.success) return err(wrong('view_submission', read.error))
    const origin = originOf(read.data, null)
    if (!origin.ok) return origin
    const { view } = read.data
    return ok({
      kind: 'submission',
      ...origin.value,
      callbackID: view.callback_id,
      metadata: view.private_metadata,
      values: view.state.values,
    })
  }
  return err('neither block_actions nor view_submission')
}

/** The fields of a slash command; of the legacy `token` and of `response_url` nobody takes notice. */
export function parseCommand(fields: unknown): Result<Command, string> {
  const read = slashCommand.safeParse(fields)
  if (!read.success) return err(wrong('slash command', read.error))
  const { api_app_id, team_id, enterprise_id, user_id, channel_id, command, text } = read.data
  return ok({
    kind: 'command',
    appID: api_app_id,
    teamID: team_id,
    enterpriseID: enterprise_id ?? null,
    userID: user_id,
    userTeamID: null,
    conversation: channel_id,
    command,
    text,
  })
}

/** A form whose one field `payload` holds JSON. */
export function interactionIn(body: Uint8Array): Result<Press | Submission, string> {
  const fields = formIn(body)
  if (!fields.ok) return fields
  const { payload } = fields.value
  if (payload === undefined) return err('no field payload')
  const json = parseJson(payload)
  return json.ok ? parseInteraction(json.value) : err('the payload is not JSON')
}

export function commandIn(body: Uint8Array): Result<Command, string> {
  const fields = formIn(body)
  return fields.ok ? parseCommand(fields.value) : fields
}

function formIn(body: Uint8Array): Result<Readonly<Record<string, string>>, string> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return err('the body is not UTF-8')
  }
  const fields = [...new URLSearchParams(text)]
  if (new Set(fields.map(([name]) => name)).size < fields.length) return err('a field appears twice')
  return ok(Object.fromEntries(fields))
}

function originOf(
  said: z.infer<typeof blockActions> | z.infer<typeof viewSubmission>,
  conversation: string | null,
): Result<Origin, string> {
  const named = said.enterprise?.id ?? null
  const ofTeam = said.team.enterprise_id ?? null
  if (named !== null && ofTeam !== null && named !== ofTeam) return err('it names two organisations')
  return ok({
    appID: said.api_app_id,
    teamID: said.team.id,
    enterpriseID: named ?? ofTeam,
    userID: said.user.id,
    userTeamID: said.user.team_id,
    conversation,
  })
}

/** Names the first field that is wrong, never what it holds. */
const wrong = (what: string, error: z.ZodError): string =>
  `${what}: the field ${error.issues[0]?.path.map(String).join('.') || '(whole)'} is not as expected`
