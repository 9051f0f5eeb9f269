import type { WebClientOptions } from '@slack/web-api'
import type { House } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  text: string,
  facts: Readonly<Record<string, unknown>>,
) => void

/** The one workspace and the one app that are heard; `enterpriseID` is null outside Enterprise Grid. */
export type Workspace = { readonly teamID: string; readonly enterpriseID: string | null; readonly appID: string }

/** Values, not references: whoever wires this has read the secrets. */
export type SlackSettings = {
  /** `xoxb-…` */
  readonly botToken: string
  /** One, or two while one is being replaced. None is enough with an app token: then nothing is heard over HTTP. */
  readonly signingSecrets: readonly string[]
  /** `xapp-…`; null: no socket. */
  readonly appToken: string | null
  /** Where cards are posted. */
  readonly channelID: string
  readonly workspace: Workspace
  /** Slack itself when left out. */
  readonly apiUrl?: string
  /** Lets `apiUrl`, and the address of a link, be plain ones on this machine. */
  readonly testEndpoints?: boolean
}
export type SlackDeps = {
  readonly house: House
  readonly clock: Clock
  /** From 0 to 1, below 1: spreads reconnections. */
  readonly random: () => number
  readonly log: Log
  readonly fetch?: WebClientOptions['fetch']
}

const API_URL = 'https://slack.com/api/'
const ID = /^[A-Z][A-Z0-9]{1,31}$/

export const apiUrlOf = ({ apiUrl }: SlackSettings): string => apiUrl ?? API_URL

/** Why these settings cannot work or would lead away from Slack, as what to change; null when they are good. */
export function wrongIn(settings: SlackSettings): string | null {
  const { appToken, botToken, channelID, signingSecrets, workspace } = settings
  if (!isAllowed(apiUrlOf(settings), 'http', settings))
    return 'The address of the Slack API must be https on slack.com. A plain one on this machine is taken for tests only.'
  if (!botToken.startsWith('xoxb-'))
    return 'The Slack bot token must start with xoxb-; it stands under OAuth & Permissions.'
  if (appToken !== null && !appToken.startsWith('xapp-'))
    return 'The Slack app token must start with xapp-; it stands under Basic Information, App-Level Tokens.'
  if (signingSecrets.length > 2 || signingSecrets.some((secret) => secret.length < 16))
    return 'Give one Slack signing secret, or two while one is being replaced, each as it stands under Basic Information.'
  if (signingSecrets.length === 0 && appToken === null)
    return 'Without a Slack signing secret or an app token no click can be heard: give at least one of them.'
  const { appID, enterpriseID, teamID } = workspace
  const ids = [channelID, teamID, appID, ...(enterpriseID === null ? [] : [enterpriseID])]
  if (!ids.every((id) => ID.test(id)))
    return 'The ids of channel, workspace and app must be Slack ids such as C0123ABCD, not names.'
  return null
}

/** Slack's own host or one below it, encrypted; or this machine, when the settings say that this is a test. */
export function isAllowed(url: string, scheme: 'http' | 'ws', { testEndpoints }: SlackSettings): boolean {
  const at = URL.parse(url)
  if (at === null || at.username !== '' || at.password !== '') return false
  if (at.protocol === `${scheme}s:`) return at.port === '' && /^([a-z0-9-]+\.)*slack\.com$/.test(at.hostname)
  return at.protocol === `${scheme}:` && testEndpoints === true && /^(127\.0\.0\.1|localhost)$/.test(at.hostname)
}
