// Slack, Teams and the webhook, as far as they are configured: opened, kept in step with the orders, and closed.
import { join } from 'node:path'
import type { ChannelRoute } from '../api/context.ts'
import { sparing } from '../api/sparing.ts'
import { createOutbox, type Outbox, type OutboxBook } from '../channels/outbox/outbox.ts'
import { openSlack, type Slack } from '../channels/slack/slack.ts'
import type { Reference } from '../channels/teams/connector.ts'
import { type Memory, openTeams } from '../channels/teams/teams.ts'
import { openWebhook } from '../channels/webhook/webhook.ts'
import type { Desk } from '../desk/desk.ts'
import type { Channel, House } from '../ports/channel.ts'
import type { Clock } from '../ports/clock.ts'
import type { Intent, Task } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import type { IntentID } from '../values/brand.ts'
import { Fault } from '../values/fault.ts'
import { msBetween, plusMs } from '../values/instant.ts'
import { systemClock } from './clock.ts'
import { readSecret, type Settings } from './config.ts'
import { type Places, readOwnFile, writeWhole } from './datadir.ts'
import { Stop } from './exit.ts'
import type { Level, Log } from './log.ts'
import type { SecretRef } from './setting.ts'

export type ChannelsDeps = {
  readonly house: House
  readonly desk: Pick<Desk, 'recordCard'>
  readonly reads: Pick<Reads, 'all' | 'waitingIntents'>
  /** The market's, by which the desk counts; the channels go by the time of people. */
  readonly clock: Clock
  readonly speed: number
  readonly places: Places
  readonly random: () => number
  readonly log: Log
  readonly onCommitted: (listener: (seq: number) => void) => () => void
}

export type Channels = {
  /** What the API mounts below `/channels/`. */
  readonly routes: readonly ChannelRoute[]
  /** Opens what listens by itself and begins to show; resolves at once. */
  start(): void
  stop(): Promise<void>
  /** What is wrong with each now, in words; null where nothing is. */
  troubles(): readonly { readonly channel: Channel['name']; readonly text: string | null }[]
}

/** Troubles are logged when they come and when they go, not every time somebody meets them. */
const LOOK_MS = 2_000
/** A card that is being posted is waited for, a chat that hangs is not. */
const STOP_MS = 5_000

/**
 * Opens every channel of which something is configured.
 * @throws {Stop} CONFIG when a secret is not there, or the settings cannot work.
 */
export function openChannels(settings: Settings, deps: ChannelsDeps): Channels {
  const people = systemClock()
  const house = inTimeOfPeople(deps.house, deps, people)
  const strangers = sparing(() => people.now())
  const log = (level: Level, text: string, facts: Readonly<Record<string, unknown>>): void => {
    // What is refused carries a code, and whoever can reach the address can have it refused without end.
    if (typeof facts['code'] === 'string')
      strangers(facts['code'], (more) => deps.log[level]({ ...facts, ...more }, text))
    else deps.log[level](facts, text)
  }
  const opened = opening(settings, { house, people, random: deps.random, log, memory: memoryIn(deps.places) })
  const outboxOf = (channel: Channel, book: OutboxBook): Outbox =>
    createOutbox({
      channels: [channel],
      book,
      clock: people,
      random: deps.random,
      log,
      wake: (heard) => deps.onCommitted(() => heard()),
    })
  const lanes = opened.map(({ channel, escalations }) => ({
    channel,
    outboxes: [
      outboxOf(
        channel,
        bookOf(
          deps,
          channel.name,
          cardsOf(deps, house, () => true),
        ),
      ),
      outboxOf(
        channel,
        bookOf(
          deps,
          `${channel.name}-alert`,
          alertsOf(deps, house, () => true),
        ),
      ),
      ...(escalations === null
        ? []
        : [
            outboxOf(
              { ...channel, show: escalations },
              bookOf(deps, `${channel.name}-escalation`, cardsOf(deps, house, isEscalated)),
            ),
            outboxOf(
              { ...channel, show: escalations },
              bookOf(deps, `${channel.name}-alert-escalation`, alertsOf(deps, house, isEscalated)),
            ),
          ]),
    ],
  }))
  const troubles = (): ReturnType<Channels['troubles']> =>
    lanes.map(({ channel, outboxes }) => ({
      channel: channel.name,
      text: channel.trouble() ?? outboxes.flatMap((outbox) => outbox.troubles())[0]?.text ?? null,
    }))

  const stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()
  let watch: NodeJS.Timeout | undefined
  return {
    routes: opened.flatMap(({ channel }) =>
      channel.routes.map(({ path, handle }) => ({
        path,
        handle: (request) => handle({ ...request, at: people.now() }),
      })),
    ),
    start() {
      running = Promise.all(
        lanes.map(async ({ channel, outboxes }) => {
          // What it finds out at its start, such as another workspace, must be known before anything is shown there.
          await channel.start()
          if (!stopping.signal.aborted) await Promise.all(outboxes.map((outbox) => outbox.run(stopping.signal)))
        }),
      )
      if (lanes.length > 0) watch = setInterval(watcher(troubles, log), LOOK_MS)
    },
    async stop() {
      clearInterval(watch)
      stopping.abort()
      await Promise.all(opened.map(({ channel }) => channel.stop()))
      const patience = new AbortController()
      await Promise.race([running, people.sleep(STOP_MS, patience.signal)])
      patience.abort()
    },
    troubles,
  }
}

type Opening = {
  readonly house: House
  readonly people: Clock
  readonly random: () => number
  readonly log: (level: Level, text: string, facts: Readonly<Record<string, unknown>>) => void
  readonly memory: Memory
}

/** A channel, and how a card is shown in its second conversation, that for escalated orders; null where there is none. */
type Opened = { readonly channel: Channel; readonly escalations: Channel['show'] | null }

function opening({ channels }: Settings, { house, people, random, log, memory }: Opening): Opened[] {
  const { slack, teams, webhook, testEndpoints: test } = channels
  const made: Opened[] = []
  const add = (channel: Channel & Partial<Pick<Slack, 'showIn'>>, second?: string): void => {
    made.push({ channel, escalations: second === undefined ? null : (channel.showIn?.(second) ?? null) })
  }
  if (slack !== null) {
    const secrets = [
      secretOf('slack.signingSecret', slack.signingSecret),
      secretOf('slack.signingSecret2', slack.signingSecret2),
    ]
    add(
      usable('slack', () =>
        openSlack(
          {
            botToken: needed('slack.botToken', slack.botToken),
            signingSecrets: secrets.filter((secret) => secret !== null),
            appToken: secretOf('slack.appToken', slack.appToken),
            channelID: slack.channel,
            workspace: { teamID: slack.teamID, enterpriseID: slack.enterpriseID ?? null, appID: slack.appID },
            ...(test.slack !== undefined && { apiUrl: `${test.slack}/api/`, testEndpoints: true }),
          },
          { house, clock: people, random, log },
        ),
      ),
      slack.escalationChannel,
    )
  }
  if (teams !== null)
    add(
      usable('teams', () =>
        openTeams(
          {
            appID: teams.appID,
            tenantID: teams.tenantID,
            clientSecret: needed('teams.clientSecret', teams.clientSecret),
            conversation:
              teams.conversation === undefined || teams.serviceUrl === undefined
                ? null
                : { conversation: teams.conversation, serviceUrl: teams.serviceUrl },
            base: test.teams ?? null,
            testEndpoints: test.teams !== undefined,
          },
          { house, memory, now: () => people.now(), fetch, log },
        ),
      ),
      teams.escalationConversation,
    )
  if (webhook !== null) {
    const second = secretOf('webhook.secret2', webhook.secret2)
    const secrets = [needed('webhook.secret', webhook.secret), ...(second === null ? [] : [second])]
    add(usable('webhook', () => openWebhook({ url: webhook.url, secrets }, { clock: people, fetch, log })))
  }
  return made
}

/** What a channel finds wrong with its settings is a mistake of the configuration. */
function usable<C extends Channel>(name: C['name'], open: () => C): C {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Stop('CONFIG', `channels.${name} cannot be used: ${error.message.replace(/\.$/, '')}.`, {
      code: error.code,
      lines: ['docs/approvals.md tells where each setting is found.'],
      cause: error,
    })
  }
}
function secretOf(path: string, ref: SecretRef | undefined): string | null {
  return ref === undefined ? null : needed(path, ref)
}
function needed(path: string, ref: SecretRef): string {
  const read = readSecret(ref)
  if (read.ok) return read.value
  throw new Stop('CONFIG', `channels.${path}: ${read.error}.`)
}

/** What is remembered until a moment of people's time is kept as long by the desk, whose market may run faster or long ago. */
const inTimeOfPeople = (house: House, { clock, speed }: ChannelsDeps, people: Clock): House => ({
  ...house,
  once: (key, until) => house.once(key, plusMs(clock.now(), msBetween(people.now(), until) * speed)),
})

const isEscalated = ({ escalatedAt }: Pick<Intent | Task, 'escalatedAt'>): boolean => escalatedAt !== undefined

type Kept = Pick<ChannelsDeps, 'desk' | 'reads'>
/** What is posted in a lane: what waits now, and how one of them looks. */
type Posts = Pick<OutboxBook, 'waiting' | 'card'>

const cardsOf = ({ reads }: Kept, house: House, isFor: (intent: Intent) => boolean): Posts => ({
  async waiting() {
    const intents = await reads.waitingIntents()
    return intents.filter((one) => one.state === 'AwaitingApproval' && isFor(one)).map(({ intentID }) => intentID)
  },
  card: (intentID) => house.card(intentID),
})
export const alertsOf = ({ reads }: Kept, house: Pick<House, 'alert'>, isFor: (task: Task) => boolean): Posts => ({
  async waiting() {
    const tasks = await reads.all('task')
    return tasks
      .filter((one) => one.doneAt === null && one.acknowledgedAt === undefined && isFor(one))
      .map(({ taskID }) => taskID as IntentID)
  },
  card: (taskID) => house.alert(taskID),
})

/** @param lane the name under which its cards are kept: two conversations of one channel are two lanes, and so are alerts. */
export function bookOf({ desk, reads }: Kept, lane: string, posts: Posts): OutboxBook {
  return {
    ...posts,
    async open() {
      const cards = await reads.all('card')
      return cards.filter(({ channel }) => channel === lane)
    },
    put: (_channel, posted) => desk.recordCard(lane, posted.intentID, { ...posted, channel: lane }),
    drop: (_channel, intentID) => desk.recordCard(lane, intentID, null),
  }
}

/** Where the Teams app was installed last. Not in the journal: it is made again by installing the app. */
function memoryIn({ dir }: Places): Memory {
  const file = join(dir, 'teams-place.json')
  return {
    async get() {
      try {
        const kept = JSON.parse(readOwnFile(file) ?? 'null') as Partial<Reference> | null
        const { conversation, serviceUrl } = kept ?? {}
        return typeof conversation === 'string' && typeof serviceUrl === 'string' ? { conversation, serviceUrl } : null
      } catch {
        // A file that is no longer ours names no place.
        return null
      }
    },
    async put({ conversation, serviceUrl }) {
      writeWhole(file, `${JSON.stringify({ conversation, serviceUrl })}\n`)
    },
  }
}

function watcher(troubles: Channels['troubles'], log: Opening['log']): () => void {
  const known = new Map<string, string>()
  return () => {
    for (const { channel, text } of troubles()) {
      const before = known.get(channel)
      if (text === null) {
        if (known.delete(channel)) log('info', 'a channel works again', { channel })
      } else if (before !== text) {
        known.set(channel, text)
        log('warn', 'a channel does not work; orders are decided on the page and the command line as ever', {
          channel,
          reason: text,
        })
      }
    }
  }
}
