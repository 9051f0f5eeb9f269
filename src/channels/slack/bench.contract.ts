import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Alert, Card, Channel, Heard, House, Inbound } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'
import { type SlackSimulator, type SlackSimulatorOptions, startSlackSimulator } from '../../simulators/slack/server.ts'
import type { IntentID } from '../../values/brand.ts'
import { fromMs, type Instant } from '../../values/instant.ts'
import type { SlackSettings } from './settings.ts'
import { openSlack } from './slack.ts'

export const CLOCK: Clock = {
  now: () => fromMs(Date.now()),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: (ms, signal) => pause(ms, undefined, { ref: true, ...(signal && { signal }) }).catch(() => {}),
}
const PATIENCE_MS = 8000

/** Resolves once `holds` does; throws with what was waited for. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await pause(3)
  }
}

export const CARD: Card = {
  gateway: 'gAtEwAy0123456_-',
  intentID: 'sig:01' as IntentID,
  rev: 3,
  digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0',
  fingerprint: 'd02c-ec62',
  environment: 'paper',
  title: 'BUY 10 AAPL',
  facts: [{ name: 'Limit', value: '187.50 DAY' }],
  reasoning: 'Breakout',
  state: 'waiting',
  stateText: 'Waits for one yes.',
  decideBy: fromMs(Date.parse('2026-11-22T15:18:20Z')),
  takesYes: true,
  url: 'https://jax.example/a/sig:01',
}

export const ALERT: Alert = {
  gateway: CARD.gateway,
  taskID: 'FROZEN:AAPL|x <!here>',
  severity: 'critical',
  environment: 'paper',
  title: 'FROZEN AAPL',
  text: 'AAPL is frozen: <!channel> 40 at the broker.',
  state: 'waiting',
  stateText: 'Nobody has said that they saw it.',
  url: 'https://jax.example/activity',
  runbook: 'docs/emergency.md#e13-reconciliation-break',
}

type Asked = { readonly what: string; readonly ask: unknown }

/** A house in memory: one order, people who are linked by the user ids in `linked`, and a note of all it was asked. */
export function memoryHouse() {
  const asked: Asked[] = []
  const seen = new Map<string, Instant>()
  const linked = new Set(['U0ANA', 'U0BEN'])
  const state = {
    card: CARD,
    alert: ALERT,
    linked,
    /** Rejects whatever it is asked. */
    down: false,
    /** Answers late. */
    slowMs: 0,
    asked,
    of: (what: string): unknown[] => asked.filter((each) => each.what === what).map((each) => each.ask),
  }
  async function hear(what: string, ask: unknown, user: string, answer: () => Heard): Promise<Heard> {
    if (state.down) throw new Error('the database is away')
    if (state.slowMs > 0) await pause(state.slowMs)
    asked.push({ what, ask })
    return what !== 'link' && !linked.has(user)
      ? { ok: false, code: 'identity_unlinked', text: 'Nobody is linked to you: write /jax link CODE.', card: null }
      : answer()
  }
  const house: House = {
    gateway: CARD.gateway,
    card: async (id) => (id === state.card.intentID ? state.card : null),
    decide: (click) =>
      hear('decide', click, click.by.user, () => {
        const { card } = state
        if (click.intentID !== card.intentID || !card.digest.startsWith(click.digest))
          return { ok: false, code: 'digest_mismatch', text: 'This card shows another order.', card: null }
        if (card.state !== 'waiting')
          return { ok: false, code: 'already_decided', text: `It was decided: ${card.stateText}`, card }
        const to = click.verdict === 'approve' ? 'approved' : 'declined'
        state.card = { ...card, state: to, stateText: `${to} by ${click.by.user}`, decideBy: null }
        return { ok: true, text: `You ${to} it.`, card: state.card }
      }),
    alert: async (taskID) => (taskID === state.alert.taskID ? state.alert : null),
    acknowledge: (ask) =>
      hear('acknowledge', ask, ask.by.user, () => {
        state.alert = { ...state.alert, state: 'ended', stateText: `${ask.by.user} saw it.` }
        return { ok: true, text: 'Taken down.', card: null }
      }),
    addReason: (ask) =>
      hear('addReason', ask, ask.by.user, () => {
        state.card = { ...state.card, stateText: `${state.card.stateText}: ${ask.reason}` }
        return { ok: true, text: 'Added.', card: state.card }
      }),
    link: (ask) =>
      hear('link', ask, ask.by.user, () => {
        if (ask.code !== 'ABCD-1234')
          return { ok: false, code: 'wrong_code', text: 'This code is not known.', card: null }
        linked.add(ask.by.user)
        return { ok: true, text: 'You are linked to <Ana> & co.', card: null }
      }),
    halt: (ask) => hear('halt', ask, ask.by.user, () => ({ ok: true, text: 'Trading is halted.', card: null })),
    status: (by) =>
      hear('status', by, by.user, () => ({ ok: true, text: 'Trading goes on.\n1 order waits.', card: null })),
    async once(key, at) {
      if (state.down) throw new Error('the database is away')
      if (seen.has(key)) return false
      seen.set(key, at)
      return true
    },
  }
  return { house, state, seen }
}

export type Bench = {
  readonly slack: SlackSimulator
  readonly channel: Channel
  readonly house: ReturnType<typeof memoryHouse>['state']
  readonly seen: ReadonlyMap<string, Instant>
  readonly log: readonly string[]
  /** Shows the card as it is, and gives the message that it is. */
  post(): Promise<string>
  /** What the message holds, as text. */
  shows(ts: string): string
  /** What this user alone was told. */
  told(user: string): readonly string[]
  close(): Promise<void>
}

/** The channel beside a Slack of our own, over the network as it will be. */
export async function openBench(
  via: 'http' | 'socket',
  over: { readonly slack?: Partial<SlackSimulatorOptions>; readonly settings?: Partial<SlackSettings> } = {},
): Promise<Bench> {
  const slack = await startSlackSimulator({ clock: CLOCK, ...over.slack })
  const { house, seen, state } = memoryHouse()
  const log: string[] = []
  const { appID, channelID, enterpriseID, teamID } = slack.identity
  const { appToken, botToken, signingSecret } = slack.credentials
  const channel = openSlack(
    {
      botToken,
      signingSecrets: [signingSecret],
      appToken: via === 'socket' ? appToken : null,
      channelID,
      workspace: { teamID, enterpriseID, appID },
      apiUrl: slack.apiUrl,
      testEndpoints: true,
      ...over.settings,
    },
    {
      house,
      clock: CLOCK,
      random: () => 0.5,
      log: (level, text, facts) => void log.push(`${level} ${text} ${JSON.stringify(facts)}`),
    },
  )
  const gateway = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const route = channel.routes.find(({ path }) => request.url === `/channels/${path}`)
      const headers = request.headers as Inbound['headers']
      const asked: Inbound = { headers, body: Buffer.concat(chunks), at: CLOCK.now() }
      void route
        ?.handle(asked)
        .then(({ body, status, type }) => response.writeHead(status, { 'content-type': type }).end(body))
    })
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  slack.deliverTo(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}/channels/`)
  await channel.start()
  return {
    slack,
    channel,
    house: state,
    seen,
    log,
    async post() {
      const shown = await channel.show(state.card, null)
      if (shown.outcome !== 'shown') throw new Error(`not shown: ${shown.text}`)
      return shown.place.message
    },
    shows: (ts) => JSON.stringify(slack.messages().find((message) => message.ts === ts)?.blocks ?? null),
    told: (user) =>
      slack
        .whispers()
        .filter((each) => each.user === user)
        .map(({ text }) => text),
    async close() {
      await channel.stop()
      gateway.closeAllConnections()
      gateway.close()
      await slack.close()
    },
  }
}
