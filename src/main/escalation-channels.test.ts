import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Card, House } from '../ports/channel.ts'
import type { Intent, PostedCard } from '../ports/records.ts'
import { startSlackSimulator } from '../simulators/slack/server.ts'
import { startTeamsSimulator } from '../simulators/teams/server.ts'
import type { IntentID } from '../values/brand.ts'
import { openChannels } from './channels.ts'
import { systemClock } from './clock.ts'
import { parseConfig } from './config.ts'
import { placesIn } from './datadir.ts'

// Orders that nobody decides, in the second conversation of each chat: posted there late, clicked there, closed in both.

const root = mkdtempSync(join(tmpdir(), 'escalations-'))
after(() => rmSync(root, { recursive: true, force: true }))
const clock = systemClock()
const QUIET = 'I1' as IntentID
const LATE = 'I2' as IntentID

const cardOf = (intentID: IntentID): Card => ({
  intentID,
  gateway: 'gAtEwAy0123456_-',
  rev: 1,
  digest: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  fingerprint: '0000-0000',
  environment: 'paper',
  title: `BUY 10 ${intentID}`,
  facts: [{ name: 'Limit', value: '187.50 DAY' }],
  reasoning: null,
  state: 'waiting',
  stateText: 'It waits.',
  decideBy: null,
  takesYes: true,
  url: `https://jax.example/intents/${intentID}`,
})

/** A gateway with two orders that wait, of which one is escalated by and by. */
function gateway(configuration: string) {
  const cards = new Map<IntentID, Card>([QUIET, LATE].map((id) => [id, cardOf(id)]))
  const kept = new Map<string, PostedCard>()
  const heard: string[] = []
  const listeners = new Set<(seq: number) => void>()
  let escalated = false
  const change = (intentID: IntentID, more: Partial<Card>): void => {
    cards.set(intentID, { ...(cards.get(intentID) ?? assert.fail()), ...more })
    for (const listener of listeners) listener(1)
  }
  const said = { ok: true, text: 'Done.', card: null } as const
  const house: House = {
    gateway: 'gAtEwAy0123456_-',
    card: async (intentID) => cards.get(intentID) ?? null,
    async decide({ intentID, verdict, by }) {
      heard.push(`${verdict} ${intentID} in ${by.conversation?.split(';')[0]}`)
      change(intentID, { state: 'declined', stateText: 'Declined by Ana.' })
      return { ...said, card: cards.get(intentID) ?? null }
    },
    alert: async () => null,
    acknowledge: async () => said,
    addReason: async () => said,
    link: async () => said,
    halt: async () => said,
    status: async () => said,
    once: async () => true,
  }
  const waiting = (): Intent[] =>
    [...cards.values()]
      .filter(({ state }) => state === 'waiting')
      .map(
        ({ intentID }) =>
          ({
            intentID,
            state: 'AwaitingApproval',
            ...(escalated && intentID === LATE && { escalatedAt: clock.now() }),
          }) as Intent,
      )
  const read = parseConfig(configuration, join(root, 'jax-exec.yaml'), [])
  assert.ok(read.ok, read.ok ? '' : JSON.stringify(read.error))
  const silent = (): void => {}
  const channels = openChannels(read.value.settings, {
    house,
    desk: {
      async recordCard(channel, intentID, card) {
        if (card) kept.set(`${channel}|${intentID}`, card)
        else kept.delete(`${channel}|${intentID}`)
      },
    },
    reads: {
      all: (async (kind: string) => (kind === 'card' ? [...kept.values()] : [])) as never,
      waitingIntents: async () => waiting(),
    },
    clock,
    speed: 1,
    places: placesIn(mkdtempSync(join(root, 'data-'))),
    random: Math.random,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    onCommitted(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  const server = createServer((request, response) => {
    const route = channels.routes.find(({ path }) => request.url === `/channels/${path}`)
    void buffer(request).then(async (body) => {
      const answer = await route?.handle({ headers: request.headers as Record<string, string>, body, at: clock.now() })
      response.writeHead(answer?.status ?? 404, { 'content-type': answer?.type ?? 'text/plain' }).end(answer?.body)
    })
  })
  return {
    channels,
    kept,
    heard,
    escalate() {
      escalated = true
      change(LATE, { facts: [{ name: 'Escalated', value: 'Nobody has decided for 3 min' }] })
    },
    async listen(): Promise<string> {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/channels/`
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await channels.stop()
    },
  }
}
const secret = (name: string, text: string): string => {
  writeFileSync(join(root, name), text, { mode: 0o600 })
  return `file:${name}`
}
async function until<T>(what: string, find: () => T | undefined | false | null): Promise<T> {
  for (const end = Date.now() + 20_000; ; await delay(20)) {
    const found = find()
    if (found !== undefined && found !== false && found !== null) return found
    assert.ok(Date.now() < end, what)
  }
}
const rowsOf = (kept: ReadonlyMap<string, PostedCard>, intentID: IntentID): string[] =>
  [...kept.keys()].filter((key) => key.endsWith(`|${intentID}`)).sort()

describe('an order that nobody decides', () => {
  it('is posted in the second conversation of Slack, decided there, and closed in both', async () => {
    const slack = await startSlackSimulator({ clock })
    const { botToken, signingSecret } = slack.credentials
    const { channelID, escalationChannelID, teamID, appID } = slack.identity
    const g = gateway(
      `channels:\n  slack:\n    botToken: ${secret('bot', botToken)}\n    signingSecret: ${secret('signing', signingSecret)}\n    channel: ${channelID}\n    escalationChannel: ${escalationChannelID}\n    teamID: ${teamID}\n    appID: ${appID}\n  testEndpoints:\n    slack: ${slack.url}\n`,
    )
    slack.deliverTo(await g.listen())
    const inChannel = (channel: string) => slack.messages().filter((message) => message.channel === channel)
    try {
      g.channels.start()
      await until('both orders in the usual channel', () => inChannel(channelID).length === 2)
      await delay(300)
      assert.equal(inChannel(escalationChannelID).length, 0)
      g.escalate()
      const urgent = await until('the late one in the other', () => inChannel(escalationChannelID)[0])
      await until('news where it stands', () =>
        inChannel(channelID).some(({ blocks }) => JSON.stringify(blocks).includes('Nobody has decided for 3 min')),
      )
      assert.equal(inChannel(escalationChannelID).length, 1)
      assert.deepEqual(rowsOf(g.kept, LATE), [`slack-escalation|${LATE}`, `slack|${LATE}`])
      assert.deepEqual(rowsOf(g.kept, QUIET), [`slack|${QUIET}`])
      assert.equal((await slack.click('U0ANA', urgent.ts, 'apr.reject')).status, 200)
      assert.deepEqual(g.heard, [`decline ${LATE} in ${escalationChannelID}`])
      const closed = () => slack.messages().filter(({ blocks }) => JSON.stringify(blocks).includes('Declined by Ana.'))
      await until('both cards closed', () => closed().length === 2)
      assert.deepEqual(
        closed()
          .map(({ channel }) => channel)
          .sort(),
        [channelID, escalationChannelID],
      )
      await until('both rows dropped', () => rowsOf(g.kept, LATE).length === 0)
      assert.deepEqual(g.channels.troubles(), [{ channel: 'slack', text: null }])
    } finally {
      await g.close()
      await slack.close()
    }
  })

  it('is posted in the second conversation of Teams, decided there, and closed in both', async () => {
    const teams = await startTeamsSimulator({ now: () => clock.now() })
    const { conversation, serviceUrl } = teams.conversation
    const second = teams.escalationConversation
    const g = gateway(
      `channels:\n  teams:\n    appID: ${teams.appID}\n    tenantID: ${teams.tenantID}\n    clientSecret: ${secret('client', teams.clientSecret)}\n    conversation: ${conversation}\n    serviceUrl: ${serviceUrl}\n    escalationConversation: ${second}\n  testEndpoints:\n    teams: ${teams.url}\n`,
    )
    teams.point(`${await g.listen()}teams/messages`)
    const inChannel = (id: string) => teams.messages().filter((message) => message.conversation.startsWith(id))
    try {
      g.channels.start()
      await until('both orders in the usual channel', () => inChannel(conversation).length === 2)
      await delay(300)
      assert.equal(inChannel(second).length, 0)
      g.escalate()
      const urgent = await until('the late one in the other', () => inChannel(second)[0])
      const ana = teams.people[0] ?? assert.fail()
      assert.equal((await teams.click(ana, urgent.id, 'apr.reject', { reason: 'too late' })).status, 200)
      assert.deepEqual(g.heard, [`decline ${LATE} in ${second}`])
      const closed = (id: string) =>
        inChannel(id).filter(({ card }) => JSON.stringify(card).includes('Declined by Ana.')).length
      await until('both cards closed', () => closed(conversation) === 1 && closed(second) === 1)
    } finally {
      await g.close()
      await teams.close()
    }
  })

  it('has no second conversation that is the first, or where an installation would bring every order', () => {
    const rows: readonly (readonly [string, RegExp])[] = [
      ['slack:\n    channel: C0PAPER\n    escalationChannel: C0PAPER', /where every order is posted already/],
      ['slack:\n    escalationChannel: urgent', /is not an id of Slack/],
      ['slack:\n    escalationChannel: C0URGENT', /channels\.slack lacks botToken, channel, teamID, appID/],
      ['teams:\n    escalationConversation: 19:urgent', /needs channels\.teams\.conversation and serviceUrl/],
      [
        'teams:\n    conversation: 19:a\n    serviceUrl: https://smba.trafficmanager.net/emea/\n    escalationConversation: 19:a',
        /where every order is posted already/,
      ],
    ]
    for (const [source, says] of rows) {
      const read = parseConfig(`channels:\n  ${source}\n`, join(root, 'jax-exec.yaml'), [])
      assert.match(read.ok ? '' : read.error.map(({ message }) => message).join('\n'), says)
    }
  })
})
