import type { Clock } from '../../ports/clock.ts'
import { toMs } from '../../values/instant.ts'

/** Who is in the made-up workspace. */
export type SlackUser = {
  readonly id: string
  readonly name: string
  /** What Slack says of the user; all false, and the workspace's own, where left out. */
  readonly team_id?: string
  readonly deleted?: boolean
  readonly is_bot?: boolean
  readonly is_restricted?: boolean
  readonly is_ultra_restricted?: boolean
  readonly is_stranger?: boolean
}
export type SlackMessage = {
  readonly channel: string
  readonly ts: string
  /** How often it was changed. */
  readonly edits: number
  readonly text: string
  readonly blocks: readonly Block[]
  readonly metadata: unknown
}
/** Seen by one user only. */
export type SlackWhisper = { readonly channel: string; readonly user: string; readonly text: string }
export type Block = Readonly<Record<string, unknown>>
export type SlackView = { readonly id: string; readonly user: string; readonly view: Readonly<Record<string, unknown>> }

export type Identity = {
  readonly teamID: string
  readonly enterpriseID: string | null
  readonly appID: string
  readonly channelID: string
  /** The app is in this one as well. */
  readonly escalationChannelID: string
}

/** Slack's own figure; a trigger is good for one window. */
const TRIGGER_MS = 3000

/** What the workspace holds, in memory. */
export function openWorkspace(identity: Identity, people: readonly SlackUser[], clock: Clock) {
  const users = new Map(people.map((user) => [user.id, user]))
  const messages = new Map<string, SlackMessage>()
  const views = new Map<string, SlackView>()
  const triggers = new Map<string, { readonly user: string; readonly atMs: number }>()
  const whispers: SlackWhisper[] = []
  let counter = 0
  const next = (): number => ++counter
  const nowMs = (): number => toMs(clock.now())
  const key = (channel: string, ts: string): string => `${channel} ${ts}`

  return {
    identity,
    users,
    whispers,
    views,
    nowMs,
    next,
    messages: (): SlackMessage[] => [...messages.values()],
    isHere: (channel: string | undefined): channel is string =>
      channel === identity.channelID || channel === identity.escalationChannelID,
    /** By its time, which no two messages share here. */
    found: (at: string): SlackMessage | undefined => [...messages.values()].find(({ ts }) => ts === at),
    message: (channel: string, ts: string): SlackMessage | undefined => messages.get(key(channel, ts)),
    post(channel: string, said: Pick<SlackMessage, 'text' | 'blocks' | 'metadata'>): SlackMessage {
      const ts = `${Math.floor(nowMs() / 1000)}.${String(next()).padStart(6, '0')}`
      const message = { channel, ts, edits: 0, ...said }
      messages.set(key(channel, ts), message)
      return message
    },
    change(old: SlackMessage, said: Pick<SlackMessage, 'text' | 'blocks' | 'metadata'>): SlackMessage {
      const message = { ...old, ...said, edits: old.edits + 1 }
      messages.set(key(old.channel, old.ts), message)
      return message
    },
    /** As a person would, with the message's menu. */
    remove: (channel: string, ts: string): boolean => messages.delete(key(channel, ts)),
    trigger(user: string): string {
      const id = `${next()}.${identity.teamID}.trigger`
      triggers.set(id, { user, atMs: nowMs() })
      return id
    },
    /** @returns who clicked, or why no window opens. */
    pull(id: string): { readonly user: string } | { readonly error: string } {
      const trigger = triggers.get(id)
      if (!trigger) return { error: id.endsWith('.trigger') ? 'exchanged_trigger_id' : 'invalid_trigger_id' }
      triggers.delete(id)
      return nowMs() - trigger.atMs > TRIGGER_MS ? { error: 'expired_trigger_id' } : { user: trigger.user }
    },
    open(user: string, view: Readonly<Record<string, unknown>>): SlackView {
      const opened = { id: `V${String(next()).padStart(8, '0')}`, user, view }
      views.set(opened.id, opened)
      return opened
    },
  }
}
export type Workspace = ReturnType<typeof openWorkspace>
