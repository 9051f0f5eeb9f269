import { createHmac } from 'node:crypto'
import { messageJson } from './api.ts'
import type { Acked, Link } from './link.ts'
import type { Block, SlackUser, SlackView, Workspace } from './workspace.ts'

type Json = Readonly<Record<string, unknown>>

/** What a forger, or a fault, changes about a request. */
export type Forgery = {
  /** Signed with this instead. */
  readonly secret?: string
  /** The time that is signed, as seconds from now, or as it is to stand in the header. */
  readonly signedAt?: number | string
  readonly appID?: string
  readonly teamID?: string
  readonly enterpriseID?: string | null
  /** The workspace that the user says to belong to. */
  readonly userTeamID?: string
  /** Headers put in place of what is right; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** Changes the body before it is signed. */
  readonly body?: (body: string) => string
  /** Changes the body after it was signed. */
  readonly tampered?: (body: string) => string
  /** Changes the payload before it is sent. */
  readonly payload?: (payload: Json) => Json
}
export type How = {
  /** The socket while a link is up, else HTTP. */
  readonly via?: 'http' | 'socket'
  readonly forge?: Forgery
}

/** A request as it went out, to be played again. */
export type Sent =
  | {
      readonly via: 'http'
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  | { readonly via: 'socket'; readonly type: string; readonly envelopeID: string; readonly payload: Json }
export type Delivery = {
  readonly sent: Sent
  /** Of the HTTP answer; 0 when none came in three seconds. Over the socket 200 when it was acknowledged. */
  readonly status: number
  /** What was answered, as JSON; null when it was nothing. */
  readonly answer: Json | null
}

/** Slack waits no longer for an app. */
const ANSWER_MS = 3000

export type ClicksOptions = {
  readonly workspace: Workspace
  readonly link: Link
  readonly signingSecret: string
  readonly url: () => string
  /** Where the app listens, up to and with `channels/`; null when it has no address. */
  readonly gateway: () => string | null
}

/** People at work: what they click becomes what Slack sends. */
export function openClicks({ gateway, link, signingSecret, url, workspace }: ClicksOptions) {
  const { identity } = workspace
  const errors = new Map<string, Json>()

  async function send(path: 'interactive' | 'commands', payload: Json, how: How): Promise<Delivery> {
    const forge = how.forge ?? {}
    const forged = forge.payload ? forge.payload(payload) : payload
    const via = how.via ?? (link.links().up > 0 ? 'socket' : 'http')
    if (via === 'socket') {
      const type = path === 'commands' ? 'slash_commands' : 'interactive'
      return deliver({ via, type, envelopeID: `envelope-${workspace.next()}`, payload: forged })
    }
    const base = gateway()
    if (base === null) throw new Error('The simulator has no link and no address of a gateway: start one, or set one.')
    const fields =
      path === 'commands'
        ? Object.entries(forged).map(([name, value]): [string, string] => [name, String(value)])
        : [['payload', JSON.stringify(forged)] as [string, string]]
    const plain = new URLSearchParams(fields).toString()
    const body = forge.body ? forge.body(plain) : plain
    const now = Math.floor(workspace.nowMs() / 1000)
    const { signedAt = 0 } = forge
    const timestamp = typeof signedAt === 'number' ? String(now + signedAt) : signedAt
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature(forge.secret ?? signingSecret, timestamp, body),
    }
    for (const [name, value] of Object.entries(forge.headers ?? {})) {
      if (value === null) delete headers[name]
      else headers[name] = value
    }
    return deliver({
      via,
      url: new URL(`slack/${path}`, base).href,
      headers,
      body: forge.tampered ? forge.tampered(body) : body,
    })
  }

  async function deliver(sent: Sent): Promise<Delivery> {
    if (sent.via === 'socket') {
      const answerable = sent.type === 'slash_commands' || sent.payload['type'] === 'view_submission'
      const acked: Acked = await link.send(sent.type, sent.envelopeID, sent.payload, answerable)
      const answer = acked && Object.keys(acked.payload).length > 0 ? acked.payload : null
      return { sent, status: acked ? 200 : 0, answer }
    }
    try {
      const signal = AbortSignal.timeout(ANSWER_MS)
      const { url: to, headers, body } = sent
      const response = await fetch(to, { method: 'POST', headers, body, redirect: 'error', signal })
      const text = await response.text()
      return { sent, status: response.status, answer: text === '' ? null : jsonOr(text) }
    } catch {
      return { sent, status: 0, answer: null }
    }
  }

  const origin = (user: SlackUser, { appID, enterpriseID, teamID, userTeamID }: Forgery): Json => {
    const org = enterpriseID === undefined ? identity.enterpriseID : enterpriseID
    return {
      api_app_id: appID ?? identity.appID,
      team: { id: teamID ?? identity.teamID, domain: 'jax-simulator', ...(org !== null && { enterprise_id: org }) },
      enterprise: org === null ? null : { id: org, name: 'Jax' },
      is_enterprise_install: false,
      user: {
        id: user.id,
        username: user.name.toLowerCase(),
        name: user.name.toLowerCase(),
        team_id: userTeamID ?? user.team_id ?? identity.teamID,
      },
      token: 'legacy-verification-token',
    }
  }
  const userOf = (id: string): SlackUser => {
    const user = workspace.users.get(id)
    if (!user) throw new Error(`The simulator knows no user ${id}.`)
    return user
  }
  const responseUrl = (): string => `${url()}/response/${workspace.next()}`
  const whisper = (user: string, text: string): void =>
    void workspace.whispers.push({ channel: identity.channelID, user, text })

  return {
    /** What a window was refused with, by block. */
    errors: (viewID: string): Json | null => errors.get(viewID) ?? null,
    /** @throws when there is no such message or button. */
    async click(userID: string, ts: string, actionID: string, how: How = {}): Promise<Delivery> {
      const message = workspace.found(ts)
      const button = message?.blocks.flatMap(buttonsIn).find((each) => each['action_id'] === actionID)
      if (!message || !button) throw new Error(`No button ${actionID} stands on a message ${ts}.`)
      const payload = {
        type: 'block_actions',
        ...origin(userOf(userID), how.forge ?? {}),
        container: { type: 'message', message_ts: ts, channel_id: message.channel, is_ephemeral: false },
        channel: { id: message.channel, name: message.channel === identity.channelID ? 'paper' : 'urgent' },
        message: messageJson(message, identity.appID),
        state: { values: {} },
        trigger_id: workspace.trigger(userID),
        response_url: responseUrl(),
        actions: [{ ...button, block_id: blockOf(message.blocks, actionID), action_ts: `${workspace.nowMs() / 1000}` }],
      }
      return send('interactive', payload, how)
    },
    /** Sends a window with one text per `[block][action]`; it closes unless it is refused. */
    async submit(
      userID: string,
      viewID: string,
      texts: Readonly<Record<string, Readonly<Record<string, string>>>>,
      how: How = {},
    ): Promise<Delivery> {
      const open = workspace.views.get(viewID)
      if (!open) throw new Error(`No window ${viewID} is open.`)
      const values = Object.fromEntries(
        Object.entries(texts).map(([block, actions]) => [
          block,
          Object.fromEntries(
            Object.entries(actions).map(([action, value]) => [
              action,
              { type: 'plain_text_input', value: value || null },
            ]),
          ),
        ]),
      )
      const payload = {
        type: 'view_submission',
        ...origin(userOf(userID), how.forge ?? {}),
        trigger_id: workspace.trigger(userID),
        view: viewJson(open, values, identity.appID),
        response_urls: [],
      }
      const delivery = await send('interactive', payload, how)
      const said = delivery.answer?.['response_action'] === 'errors' ? delivery.answer['errors'] : null
      if (said !== null && said !== undefined) errors.set(viewID, said as Json)
      else if (delivery.status === 200) workspace.views.delete(viewID)
      return delivery
    },
    /** A slash command: what is answered is seen by this user only. */
    async command(userID: string, text: string, how: How & { readonly command?: string } = {}): Promise<Delivery> {
      const user = userOf(userID)
      const { appID, enterpriseID, teamID } = how.forge ?? {}
      const org = enterpriseID === undefined ? identity.enterpriseID : enterpriseID
      const payload = {
        token: 'legacy-verification-token',
        team_id: teamID ?? identity.teamID,
        team_domain: 'jax-simulator',
        ...(org !== null && { enterprise_id: org, enterprise_name: 'Jax' }),
        channel_id: identity.channelID,
        channel_name: 'paper',
        user_id: user.id,
        user_name: user.name.toLowerCase(),
        command: how.command ?? '/jax',
        text,
        api_app_id: appID ?? identity.appID,
        is_enterprise_install: 'false',
        response_url: responseUrl(),
        trigger_id: workspace.trigger(userID),
      }
      const delivery = await send('commands', payload, how)
      const said = delivery.answer?.['text']
      whisper(
        userID,
        typeof said === 'string' && delivery.status === 200
          ? said
          : `${payload.command} failed (${delivery.status || 'operation_timeout'})`,
      )
      return delivery
    },
    /** The same bytes, or the same envelope, once more. */
    again: (sent: Sent): Promise<Delivery> => deliver(sent),
  }
}
export type Clicks = ReturnType<typeof openClicks>

/** Signing v0, over the body as it is sent. */
const signature = (secret: string, timestamp: string, body: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`

export const buttonsIn = (block: Block): readonly Block[] =>
  block['type'] === 'actions' && Array.isArray(block['elements']) ? (block['elements'] as Block[]) : []
const blockOf = (blocks: readonly Block[], actionID: string): unknown =>
  blocks.find((block) => buttonsIn(block).some((button) => button['action_id'] === actionID))?.['block_id']

const viewJson = ({ id, view }: SlackView, values: Json, appID: string): Json => ({
  id,
  app_id: appID,
  hash: '1700000000.simulator',
  ...view,
  private_metadata: view['private_metadata'] ?? '',
  state: { values },
})

function jsonOr(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return { text }
  }
}
