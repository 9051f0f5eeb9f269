import { wrongInBlocks, wrongInView } from './blockkit.ts'
import type { Block, SlackMessage, SlackUser, Workspace } from './workspace.ts'

type Fields = Readonly<Record<string, string>>
type Said = Readonly<Record<string, unknown>>
const no = (error: string, more: Said = {}): Said => ({ ok: false, error, ...more })

const TEXT_MAX = 40_000
const METADATA_BYTES_MAX = 8000

/** One method of the Web API: fields of a form in, the answer out. The token was looked at before. */
export type Method = { readonly token: 'bot' | 'app'; readonly answer: (fields: Fields, workspace: Workspace) => Said }

/** The methods a card needs. `apps.connections.open` answers with the address that the server adds. */
export const METHODS: Readonly<Record<string, Method>> = {
  'auth.test': {
    token: 'bot',
    answer: (_, { identity }) => ({
      ok: true,
      url: 'https://jax-simulator.slack.com/',
      team: 'Jax simulator',
      user: 'jax',
      team_id: identity.teamID,
      user_id: 'U0JAXBOT',
      bot_id: 'B0JAXBOT',
      ...(identity.enterpriseID !== null && { enterprise_id: identity.enterpriseID }),
      is_enterprise_install: false,
    }),
  },
  'chat.postMessage': {
    token: 'bot',
    answer(fields, workspace) {
      const said = messageIn(fields)
      if ('error' in said) return said
      if (!workspace.isHere(fields['channel'])) return no('channel_not_found')
      return told(workspace.post(fields['channel'], said), workspace)
    },
  },
  'chat.update': {
    token: 'bot',
    answer(fields, workspace) {
      const said = messageIn(fields)
      if ('error' in said) return said
      if (!workspace.isHere(fields['channel'])) return no('channel_not_found')
      const old = workspace.message(fields['channel'], fields['ts'] ?? '')
      return old ? told(workspace.change(old, said), workspace) : no('message_not_found')
    },
  },
  'chat.postEphemeral': {
    token: 'bot',
    answer(fields, workspace) {
      const said = messageIn(fields)
      if ('error' in said) return said
      const { channel, user } = fields
      if (!workspace.isHere(channel)) return no('channel_not_found')
      if (user === undefined || !workspace.users.has(user)) return no('user_not_in_channel')
      workspace.whispers.push({ channel, user, text: said.text })
      return {
        ok: true,
        message_ts: `${Math.floor(workspace.nowMs() / 1000)}.${String(workspace.next()).padStart(6, '0')}`,
      }
    },
  },
  'views.open': {
    token: 'bot',
    answer(fields, workspace) {
      const view = json(fields['view'])
      const wrong = wrongInView(view)
      if (wrong.length > 0) return no('invalid_arguments', { response_metadata: { messages: wrong } })
      const pulled = workspace.pull(fields['trigger_id'] ?? '')
      if ('error' in pulled) return no(pulled.error)
      const opened = workspace.open(pulled.user, view as Said)
      return { ok: true, view: { id: opened.id, ...opened.view } }
    },
  },
  'users.info': {
    token: 'bot',
    answer(fields, workspace) {
      const user = workspace.users.get(fields['user'] ?? '')
      return user ? { ok: true, user: profileOf(user, workspace) } : no('user_not_found')
    },
  },
  'apps.connections.open': { token: 'app', answer: () => ({ ok: true }) },
}

function messageIn(
  fields: Fields,
): Pick<SlackMessage, 'text' | 'blocks' | 'metadata'> | { readonly ok: false; readonly error: string } {
  const text = fields['text'] ?? ''
  const blocks = fields['blocks'] === undefined ? [] : json(fields['blocks'])
  const wrong = wrongInBlocks(blocks, 'message')
  if (wrong.length > 0)
    return no('invalid_blocks', { errors: wrong, response_metadata: { messages: wrong } }) as {
      ok: false
      error: string
    }
  if (text === '' && (blocks as unknown[]).length === 0) return { ok: false, error: 'no_text' }
  if (text.length > TEXT_MAX) return { ok: false, error: 'msg_too_long' }
  const source = fields['metadata']
  const metadata = source === undefined ? null : json(source)
  if (source !== undefined && Buffer.byteLength(source) > METADATA_BYTES_MAX)
    return { ok: false, error: 'metadata_too_large' }
  if (metadata !== null && !isMetadata(metadata)) return { ok: false, error: 'invalid_metadata_format' }
  return { text, blocks: blocks as Block[], metadata }
}

const isMetadata = (value: unknown): boolean => {
  const { event_payload, event_type } = (value ?? {}) as Said
  return typeof event_type === 'string' && typeof event_payload === 'object' && event_payload !== null
}

const told = (message: SlackMessage, { identity }: Workspace): Said => ({
  ok: true,
  channel: message.channel,
  ts: message.ts,
  text: message.text,
  message: messageJson(message, identity.appID),
})

export const messageJson = ({ blocks, edits, metadata, text, ts }: SlackMessage, appID: string): Said => ({
  type: 'message',
  user: 'U0JAXBOT',
  bot_id: 'B0JAXBOT',
  app_id: appID,
  ts,
  text,
  blocks,
  ...(edits > 0 && { edited: { user: 'B0JAXBOT', ts } }),
  ...(metadata !== null && { metadata }),
})

const profileOf = (user: SlackUser, { identity }: Workspace): Said => ({
  id: user.id,
  team_id: user.team_id ?? identity.teamID,
  name: user.name.toLowerCase(),
  real_name: user.name,
  deleted: user.deleted ?? false,
  is_bot: user.is_bot ?? false,
  is_restricted: user.is_restricted ?? false,
  is_ultra_restricted: user.is_ultra_restricted ?? false,
  ...(user.is_stranger !== undefined && { is_stranger: user.is_stranger }),
  is_app_user: false,
})

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
