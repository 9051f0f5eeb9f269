import type { ModalView } from '@slack/types'
import {
  LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
  type WebClientOptions,
} from '@slack/web-api'
import type { Place } from '../../ports/channel.ts'
import { err, ok, type Result } from '../../values/result.ts'
import type { Message, whisper } from './card.ts'

/**
 * Why a call came to nothing. `later`: waiting may help. `never`: a person must change something. `gone`: what it was about
 * is not there any more. `code` is Slack's word where it gave one.
 */
export type Trouble = {
  readonly kind: 'later' | 'never' | 'gone'
  readonly code: string
  readonly text: string
  readonly afterMs: number | null
}
type Called<T> = Promise<Result<T, Trouble>>

/** What users.info tells, as far as it tells it. */
export type Profile = {
  readonly id: unknown
  readonly teamID: unknown
  readonly deleted: unknown
  readonly bot: unknown
  readonly restricted: unknown
  readonly ultraRestricted: unknown
  readonly stranger: unknown
}

export interface SlackClient {
  identify(): Called<{ readonly teamID: string; readonly enterpriseID: string | null }>
  post(conversation: string, message: Message): Called<Place>
  update(place: Place, message: Message): Called<Place>
  openView(triggerID: string, view: ModalView): Called<null>
  profile(userID: string): Called<Profile>
  /** Tells one person something in a conversation, unseen by the others. */
  whisper(conversation: string, userID: string, said: ReturnType<typeof whisper>): Called<null>
}

/** Below Slack's three seconds for the whole answer to a click no call fits twice; above it a post is only slow. */
export const CALL_TIMEOUT_MS = 5000

/** Its own log holds tokens, and clicks in full: nothing of it is kept. What matters comes back as a `Trouble`. */
export const SILENT: NonNullable<WebClientOptions['logger']> = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
}

/** One attempt per call: a lost answer to a post may be a post, and only the caller knows whether a second is harmless. */
export const webOptions = (apiUrl: string, fetch: WebClientOptions['fetch']): Omit<WebClientOptions, 'logger'> => ({
  slackApiUrl: apiUrl,
  retryConfig: { retries: 0 },
  timeout: CALL_TIMEOUT_MS,
  rejectRateLimitedCalls: true,
  allowAbsoluteUrls: false,
  ...(fetch && { fetch }),
})

export function openClient(botToken: string, apiUrl: string, fetch: WebClientOptions['fetch']): SlackClient {
  const web = new WebClient(botToken, { ...webOptions(apiUrl, fetch), logger: SILENT })

  async function call<T>(
    method: string,
    fields: Readonly<Record<string, unknown>>,
    read: (answer: Readonly<Record<string, unknown>>) => T | null,
  ): Called<T> {
    try {
      const value = read({ ...(await web.apiCall(method, { ...fields })) })
      return value === null ? err(UNREADABLE) : ok(value)
    } catch (error) {
      return err(troubleOf(error))
    }
  }
  const placed = ({ channel, ts }: Readonly<Record<string, unknown>>): Place | null =>
    typeof channel === 'string' && typeof ts === 'string' ? { conversation: channel, message: ts } : null
  const done = (): { readonly done: true } => ({ done: true })
  const nothing = async (called: Called<unknown>): Called<null> => {
    const result = await called
    return result.ok ? ok(null) : result
  }

  return {
    identify: () =>
      call('auth.test', {}, ({ team_id, enterprise_id }) =>
        typeof team_id === 'string'
          ? { teamID: team_id, enterpriseID: typeof enterprise_id === 'string' ? enterprise_id : null }
          : null,
      ),
    post: (channel, message) =>
      call(
        'chat.postMessage',
        { channel, ...message, ...UNADORNED, mrkdwn: false, unfurl_links: false, unfurl_media: false },
        placed,
      ),
    update: ({ conversation, message: ts }, message) =>
      call('chat.update', { channel: conversation, ts, ...message, ...UNADORNED }, placed),
    openView: (trigger_id, view) => nothing(call('views.open', { trigger_id, view }, done)),
    profile: (user) =>
      call('users.info', { user }, ({ user: found }) => {
        if (typeof found !== 'object' || found === null) return null
        const said = found as Readonly<Record<string, unknown>>
        return {
          id: said['id'],
          teamID: said['team_id'],
          deleted: said['deleted'],
          bot: said['is_bot'],
          restricted: said['is_restricted'],
          ultraRestricted: said['is_ultra_restricted'],
          stranger: said['is_stranger'],
        }
      }),
    whisper: (channel, user, said) =>
      nothing(call('chat.postEphemeral', { channel, user, ...said, ...UNADORNED }, done)),
  }
}

/** Names and addresses in a text stay text. */
const UNADORNED = { parse: 'none', link_names: false } as const

const UNREADABLE: Trouble = {
  kind: 'later',
  code: 'unreadable_answer',
  text: 'Slack answered with something that cannot be read.',
  afterMs: null,
}

const ADMIN = 'Check the Slack settings of the gateway, and whether the app is still installed in the workspace.'
const INVITE = 'Invite the app to the channel in Slack (/invite), or set another channel.'

/** Slack's words for what a person must put right, and what that is. Whatever is not here may pass by itself. */
const NEVER: Readonly<Record<string, string>> = {
  invalid_auth: `Slack does not know the bot token. ${ADMIN}`,
  not_authed: `Slack saw no bot token. ${ADMIN}`,
  account_inactive: `The Slack app was removed or disabled. ${ADMIN}`,
  token_revoked: `The bot token was revoked. ${ADMIN}`,
  token_expired: `The bot token has expired. ${ADMIN}`,
  missing_scope:
    'The Slack app lacks a scope. Compare its scopes with docs/channels/slack-manifest.yaml and install it again.',
  not_allowed_token_type:
    'Slack wants another kind of token here: the bot token starts with xoxb-, the app token with xapp-.',
  team_access_not_granted: `The app may not act in this workspace. ${ADMIN}`,
  channel_not_found: `Slack does not find the channel, or the app may not see it. ${INVITE}`,
  not_in_channel: `The app is not in the channel. ${INVITE}`,
  is_archived: 'The channel is archived. Set another channel.',
  restricted_action: 'The workspace does not let the app post in this channel. Ask its admin, or set another channel.',
  invalid_blocks: 'Slack does not take the card as it is drawn. It can be decided on its page; please report this.',
  msg_too_long: 'Slack finds the card too long. It can be decided on its page; please report this.',
  no_text: 'Slack finds the card empty. It can be decided on its page; please report this.',
  metadata_too_large: 'Slack finds the card too large. It can be decided on its page; please report this.',
}
const GONE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed'])

function troubleOf(error: unknown): Trouble {
  if (error instanceof WebAPIRateLimitedError)
    return {
      kind: 'later',
      code: 'ratelimited',
      text: `Slack wants a pause of ${error.retryAfter} s.`,
      afterMs: error.retryAfter * 1000,
    }
  if (error instanceof WebAPIHTTPError)
    return later(`http_${error.statusCode}`, `Slack answered with status ${error.statusCode}.`)
  if (error instanceof WebAPIRequestError)
    return later('unreachable', 'Slack could not be reached, or did not answer in time.')
  if (error instanceof WebAPIPlatformError) {
    // Where Slack's answer is no JSON, the SDK hands on the whole of it as the error.
    const code = /^[a-z_]{1,60}$/.test(error.data.error) ? error.data.error : null
    if (code === null) return UNREADABLE
    if (GONE.has(code))
      return { kind: 'gone', code, text: 'The card is not in Slack any more, or cannot be changed.', afterMs: null }
    const words = NEVER[code]
    return words === undefined
      ? later(code, `Slack refused for now (${code}).`)
      : { kind: 'never', code, text: words, afterMs: null }
  }
  return later('failed', 'The call to Slack failed.')
}

const later = (code: string, text: string): Trouble => ({ kind: 'later', code, text, afterMs: null })
