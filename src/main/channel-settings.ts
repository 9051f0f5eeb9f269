// The part of the configuration that is about chats: what each channel needs, and what is said when something is missing.
import { z } from 'zod'
import { isGuid } from '../channels/teams/payload.ts'
import { filled, LOOPBACK, optional, secret, type SecretRef } from './setting.ts'

const slackID = (example: string) =>
  filled.regex(/^[A-Z][A-Z0-9]{1,31}$/, `is not an id of Slack, such as ${example}; names are not taken`)
const guid = filled.transform((value, ctx): string => {
  if (isGuid(value.toLowerCase())) return value.toLowerCase()
  ctx.addIssue('is not an id as Microsoft writes it, such as 00000000-0000-0000-0000-000000000000')
  return z.NEVER
})
/** Scheme and host, and nothing that a mistake could hide in. */
const simulator = filled.transform((value, ctx): string => {
  const url = /^http:\/\/[a-z0-9.[\]:]+\/?$/.test(value) ? URL.parse(value) : null
  if (url !== null && LOOPBACK.test(url.hostname.replace(/^\[|\]$/g, ''))) return url.origin
  ctx.addIssue('must be the address of a simulator on this machine, such as http://127.0.0.1:7073')
  return z.NEVER
})

const slack = z.strictObject({
  botToken: optional(secret, {
    meaning: 'The bot token of the app (`xoxb-…`, under OAuth & Permissions), as `file:PATH` or `env:NAME`.',
  }),
  signingSecret: optional(secret, {
    meaning:
      'The signing secret of the app (under Basic Information), as `file:PATH` or `env:NAME`. Needed where Slack calls the gateway over HTTPS.',
  }),
  signingSecret2: optional(secret, { meaning: 'A second signing secret, while one is being replaced.' }),
  appToken: optional(secret, {
    meaning:
      'An app-level token (`xapp-…`, scope `connections:write`), as `file:PATH` or `env:NAME`. With it the gateway connects to Slack, and needs no public address.',
  }),
  channel: optional(slackID('C0123ABCD'), { meaning: 'Id of the conversation where cards are posted.' }),
  escalationChannel: optional(slackID('C0456EFGH'), {
    meaning:
      'Id of a second conversation: orders that nobody has decided for as long as the policy of approvals says are posted there as well. The app must be in it.',
  }),
  teamID: optional(slackID('T0123ABCD'), { meaning: 'Id of the one workspace that is heard.' }),
  enterpriseID: optional(slackID('E0123ABCD'), { meaning: 'Id of the organisation, on Enterprise Grid only.' }),
  appID: optional(slackID('A0123ABCD'), { meaning: 'Id of the one app that is heard.' }),
})

const teams = z.strictObject({
  appID: optional(guid, { meaning: 'Id of the bot’s registration.' }),
  tenantID: optional(guid, { meaning: 'Id of the one organisation whose people are heard.' }),
  clientSecret: optional(secret, { meaning: 'A client secret of the registration, as `file:PATH` or `env:NAME`.' }),
  conversation: optional(filled, {
    meaning:
      'Id of the conversation where cards are posted, as the log names it. Without it: where the app was installed last.',
  }),
  escalationConversation: optional(filled, {
    meaning:
      'Id of a second conversation, where orders are posted as well that nobody has decided for as long as the policy of approvals says. The app must be installed there.',
  }),
  serviceUrl: optional(filled, {
    meaning: 'Where Teams is asked to post, as the log names it. Needed with `conversation`, and only with it.',
  }),
})

const webhook = z.strictObject({
  url: optional(filled, {
    meaning: 'Address that is told what waits and what became of it, `https://…`. It has no say.',
  }),
  secret: optional(secret, {
    meaning: 'What each notice is signed with (`whsec_…`, Standard Webhooks), as `file:PATH` or `env:NAME`.',
  }),
  secret2: optional(secret, { meaning: 'A second one, while the receiver changes over.' }),
})

const testEndpoints = z.strictObject({
  slack: optional(simulator, {
    meaning: 'A simulated Slack on this machine instead of Slack. On paper only; see `jax-exec simulate slack`.',
  }),
  teams: optional(simulator, {
    meaning: 'A simulated Teams on this machine instead of Microsoft. On paper only; see `jax-exec simulate teams`.',
  }),
})

export const CHANNEL_SECTIONS = { slack, teams, webhook, testEndpoints } as const
export const CHANNEL_ABOUT: Readonly<Record<keyof typeof CHANNEL_SECTIONS, string>> = {
  slack:
    'Cards in Slack, with buttons. Nothing runs until `botToken` and what belongs to it are set: see [approvals](approvals.md).',
  teams: 'Cards in Microsoft Teams, with buttons. Nothing runs until `appID` and what belongs to it are set.',
  webhook: 'Signed notices to one address, which decides nothing.',
  testEndpoints: 'Simulators in place of Slack and Microsoft, to try it all without a workspace.',
}
export const channels = z.strictObject({
  slack: slack.prefault({}),
  teams: teams.prefault({}),
  webhook: webhook.prefault({}),
  testEndpoints: testEndpoints.prefault({}),
})
export type ParsedChannels = z.output<typeof channels>

/** Each channel with everything that it needs; null where nothing of it is set, and nothing runs. */
export type ChannelSettings = {
  readonly slack:
    | null
    | (ParsedChannels['slack'] & All<ParsedChannels['slack'], 'botToken' | 'channel' | 'teamID' | 'appID'>)
  readonly teams: null | (ParsedChannels['teams'] & All<ParsedChannels['teams'], 'appID' | 'tenantID' | 'clientSecret'>)
  readonly webhook: null | (ParsedChannels['webhook'] & All<ParsedChannels['webhook'], 'url' | 'secret'>)
  readonly testEndpoints: ParsedChannels['testEndpoints']
}
type All<T, K extends keyof T> = { readonly [Key in K]-?: NonNullable<T[Key]> }

const NEEDED = {
  slack: ['botToken', 'channel', 'teamID', 'appID'],
  teams: ['appID', 'tenantID', 'clientSecret'],
  webhook: ['url', 'secret'],
} as const
type Name = keyof typeof NEEDED

const isSet = (group: Readonly<Record<string, unknown>>): boolean =>
  Object.values(group).some((value) => value !== undefined)

/** What a channel that was begun still lacks, and what cannot be together: the setting, and what to do. */
export function channelFaults(
  parsed: ParsedChannels,
  environment: 'paper' | 'live',
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const faults: { readonly path: readonly string[]; readonly message: string }[] = []
  const fault = (path: readonly string[], message: string): void => void faults.push({ path, message })
  for (const name of Object.keys(NEEDED) as Name[]) {
    const group: Readonly<Record<string, unknown>> = parsed[name]
    const missing = NEEDED[name].filter((key) => group[key] === undefined)
    if (isSet(group) && missing.length > 0)
      fault(
        ['channels', name],
        `channels.${name} lacks ${missing.join(', ')}. Set ${missing.length === 1 ? 'it' : 'them'}, or take the whole group out. ${HOW[name]}`,
      )
  }
  const { slack: s, teams: t, testEndpoints: test } = parsed
  if (isSet(s) && s.signingSecret === undefined && s.appToken === undefined)
    fault(
      ['channels', 'slack'],
      'channels.slack has neither signingSecret nor appToken, so no click can be heard. Set appToken where Slack cannot reach this machine, and signingSecret where it can.',
    )
  if (s.signingSecret2 !== undefined && s.signingSecret === undefined)
    fault(['channels', 'slack', 'signingSecret2'], 'channels.slack.signingSecret2 is set without a signingSecret')
  if ((t.conversation === undefined) !== (t.serviceUrl === undefined))
    fault(
      ['channels', 'teams', t.conversation === undefined ? 'serviceUrl' : 'conversation'],
      'channels.teams.conversation and channels.teams.serviceUrl belong together: set both as the log names them, or neither',
    )
  const twice = (path: readonly string[], usual: string): void =>
    fault(
      path,
      `${path.join('.')} is where every order is posted already: name another conversation than ${usual}, or take it out`,
    )
  if (s.escalationChannel !== undefined && s.escalationChannel === s.channel)
    twice(['channels', 'slack', 'escalationChannel'], 'channels.slack.channel')
  if (t.escalationConversation !== undefined && t.escalationConversation === t.conversation)
    twice(['channels', 'teams', 'escalationConversation'], 'channels.teams.conversation')
  // Where the app was installed last is where every card goes, and for this it is installed a second time.
  if (t.escalationConversation !== undefined && t.conversation === undefined)
    fault(
      ['channels', 'teams', 'escalationConversation'],
      'channels.teams.escalationConversation needs channels.teams.conversation and serviceUrl: without them every card would go where the app was installed last. Set them as the log names them',
    )
  for (const name of ['slack', 'teams'] as const)
    if (test[name] !== undefined && environment !== 'paper')
      fault(
        ['channels', 'testEndpoints', name],
        `channels.testEndpoints.${name} is for paper only: a simulator on this machine would decide about real money. Take it out`,
      )
  return faults
}
const HOW: Readonly<Record<Name, string>> = {
  slack: 'docs/approvals.md tells where each is found; without a workspace: jax-exec simulate slack',
  teams: 'docs/approvals.md tells where each is found; without an organisation: jax-exec simulate teams',
  webhook: 'docs/approvals.md tells how a receiver checks the signature',
}

/** @param parsed without faults. @param located turns the path of a secret's file into an absolute one. */
export function channelsOf(
  parsed: ParsedChannels,
  located: (ref: SecretRef | undefined) => SecretRef | undefined,
): ChannelSettings {
  const found = <T extends Readonly<Record<string, unknown>>>(group: T): T =>
    Object.fromEntries(
      Object.entries(group).map(([key, value]) => [key, isReference(value) ? located(value) : value]),
    ) as T
  const whole = <K extends Name>(name: K): ChannelSettings[K] =>
    (isSet(parsed[name]) ? found(parsed[name]) : null) as ChannelSettings[K]
  return {
    slack: whole('slack'),
    teams: whole('teams'),
    webhook: whole('webhook'),
    testEndpoints: parsed.testEndpoints,
  }
}
const isReference = (value: unknown): value is SecretRef =>
  typeof value === 'object' && value !== null && 'kind' in value && 'name' in value

/** Every secret that the channels name, by the path of its setting. */
export const channelSecrets = (settings: ChannelSettings): readonly (readonly [path: string, ref: SecretRef])[] =>
  (Object.keys(NEEDED) as Name[]).flatMap((name) =>
    Object.entries(settings[name] ?? {}).flatMap(([key, value]) =>
      isReference(value) ? [[`channels.${name}.${key}`, value] as const] : [],
    ),
  )
