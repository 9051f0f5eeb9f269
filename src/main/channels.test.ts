import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Heard, House } from '../ports/channel.ts'
import { startSlackSimulator } from '../simulators/slack/server.ts'
import { startTeamsSimulator } from '../simulators/teams/server.ts'
import { fromMs, type Instant, msBetween } from '../values/instant.ts'
import { type Channels, type ChannelsDeps, openChannels } from './channels.ts'
import { lapseClock, systemClock } from './clock.ts'
import { parseConfig } from './config.ts'
import { placesIn } from './datadir.ts'
import { Stop } from './exit.ts'

const root = mkdtempSync(join(tmpdir(), 'channels-'))
after(() => rmSync(root, { recursive: true, force: true }))
const SPEED = 60
const market = lapseClock({ startAt: fromMs(Date.parse('2015-03-02T15:00:00Z')), speed: SPEED })

type Line = { readonly level: string; readonly text: string; readonly fields: object }
function bench(configuration: string) {
  const places = placesIn(mkdtempSync(join(root, 'data-')))
  const once: { readonly key: string; readonly until: Instant; readonly at: Instant }[] = []
  const lines: Line[] = []
  const said: Heard = { ok: true, text: 'Trading is on.', card: null }
  const house: House = {
    gateway: 'gAtEwAy0123456_-',
    card: async () => null,
    decide: async () => said,
    alert: async () => null,
    acknowledge: async () => said,
    addReason: async () => said,
    link: async () => said,
    halt: async () => said,
    status: async () => said,
    async once(key, until) {
      once.push({ key, until, at: market.now() })
      return true
    },
  }
  const log = (level: string) => (fields: object, text: string) => void lines.push({ level, text, fields })
  const deps: ChannelsDeps = {
    house,
    desk: { recordCard: async () => {} },
    reads: { all: async () => [], waitingIntents: async () => [] },
    clock: market,
    speed: SPEED,
    places,
    random: Math.random,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    onCommitted: () => () => {},
  }
  const read = parseConfig(configuration, join(root, 'jax-exec.yaml'), [])
  assert.ok(read.ok, read.ok ? '' : JSON.stringify(read.error))
  const open = (): Channels => openChannels(read.value.settings, deps)
  return { open, once, lines, places }
}
/** What the API does with them, but for its clock, which is the market's and of another year. */
async function mounted(channels: Channels): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    const route = channels.routes.find(({ path }) => request.url === `/channels/${path}`)
    void buffer(request).then(async (body) => {
      const headers = request.headers as Record<string, string>
      const answer = await route?.handle({ headers, body, at: market.now() })
      response.writeHead(answer?.status ?? 404, { 'content-type': answer?.type ?? 'text/plain' }).end(answer?.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/channels/`
  return { url, close: () => (server.closeAllConnections(), void server.close()) }
}
const secret = (name: string, text: string): string => {
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, name), text, { mode: 0o600 })
  return `file:${name}`
}
const stopOf = (open: () => unknown): Stop => {
  try {
    open()
  } catch (error) {
    assert.ok(error instanceof Stop, String(error))
    return error
  }
  return assert.fail('it was opened')
}
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await delay(20)) assert.ok(Date.now() < end, what)
}

const slackOf = (bot: string, signing: string, more = ''): string => `channels:
  slack:
    botToken: ${bot}
    signingSecret: ${signing}
    channel: C0PAPER
    teamID: T0JAX
    appID: A0JAX
${more}`

describe('the channels of a gateway', () => {
  it('are none where nothing is configured', async () => {
    const channels = bench('').open()
    assert.deepEqual([channels.routes, channels.troubles()], [[], []])
    channels.start()
    await channels.stop()
  })

  it('go by the time of people, however long ago and fast the market is', async () => {
    const slack = await startSlackSimulator({ clock: systemClock() })
    const { botToken, signingSecret } = slack.credentials
    const { open, once } = bench(
      slackOf(secret('bot', botToken), secret('signing', signingSecret), `  testEndpoints:\n    slack: ${slack.url}\n`),
    )
    const channels = open()
    const api = await mounted(channels)
    slack.deliverTo(api.url)
    try {
      assert.equal((await slack.command('U0ANA', 'status')).status, 200, 'its signature is of now')
      assert.equal(slack.whispers().at(-1)?.text, 'Trading is on.')
      // What must not be heard twice for a quarter of an hour is kept for a quarter of an hour: sixty times that here.
      const [kept] = once
      assert.ok(kept)
      const minutes = msBetween(kept.at, kept.until) / SPEED / 60_000
      assert.ok(minutes > 14 && minutes <= 15.1, `${minutes} minutes of people`)
    } finally {
      api.close()
      await channels.stop()
      await slack.close()
    }
  })

  it('say what is wrong with them, once in the log too', async () => {
    const slack = await startSlackSimulator({ clock: systemClock() })
    const { botToken, signingSecret } = slack.credentials
    const { open, lines } = bench(
      slackOf(secret('bot', botToken), secret('signing', signingSecret), `  testEndpoints:\n    slack: ${slack.url}\n`),
    )
    slack.faults.on('auth.test', { kind: 'error', error: 'invalid_auth' })
    const channels = open()
    channels.start()
    try {
      await until('a warning', () => lines.some(({ level }) => level === 'warn'))
      assert.match(channels.troubles()[0]?.text ?? '', /does not know the bot token/)
      assert.doesNotMatch(JSON.stringify(lines), new RegExp(`${botToken}|${signingSecret}`))
      assert.equal(lines.filter(({ text }) => /does not work/.test(text)).length, 1)
    } finally {
      await channels.stop()
      await slack.close()
    }
  })

  it('write few lines about many requests that nobody signed', async () => {
    const { open, lines } = bench(slackOf(secret('bot', 'xoxb-12345678'), secret('signing', 'a'.repeat(32))))
    const channels = open()
    for (let i = 0; i < 50; i++)
      for (const { handle } of channels.routes) await handle({ headers: {}, body: new Uint8Array(), at: market.now() })
    const refused = lines.filter(({ text }) => /was refused/.test(text))
    assert.ok(refused.length > 0 && refused.length <= 11, `${refused.length} lines`)
    await channels.stop()
  })

  it('remember where Teams was installed, across restarts', async () => {
    const clock = systemClock()
    const teams = await startTeamsSimulator({ now: () => clock.now() })
    const b = bench(
      `channels:\n  teams:\n    appID: ${teams.appID}\n    tenantID: ${teams.tenantID}\n    clientSecret: ${secret('client', teams.clientSecret)}\n  testEndpoints:\n    teams: ${teams.url}\n`,
    )
    const channels = b.open()
    const api = await mounted(channels)
    teams.point(`${api.url}teams/messages`)
    try {
      assert.equal((await teams.install()).status, 200)
      const kept: unknown = JSON.parse(readFileSync(join(b.places.dir, 'teams-place.json'), 'utf8'))
      assert.deepEqual(kept, { ...teams.conversation })
    } finally {
      api.close()
      await channels.stop()
      await teams.close()
    }
  })

  it('that cannot work end the start in words, and no secret stands in them', () => {
    const good = secret('good', 'xoxb-12345678')
    const rows: readonly (readonly [configuration: string, says: RegExp])[] = [
      [
        slackOf('env:JAX_TEST_SURELY_NOT_SET', good),
        /^channels\.slack\.botToken: the environment variable \S+ is not set\.$/,
      ],
      [
        slackOf(secret('wrong', 'SECRET-of-something-else'), good),
        /^channels\.slack cannot be used: The Slack bot token must start with xoxb-/,
      ],
      [
        `channels:\n  webhook:\n    url: http://example.com/SECRET\n    secret: ${good}\n`,
        /^channels\.webhook cannot be used: the URL of the webhook must be https/,
      ],
    ]
    for (const [configuration, says] of rows) {
      const { exit, lines, message } = stopOf(bench(configuration).open)
      assert.equal(exit, 'CONFIG')
      assert.match(message, says)
      assert.doesNotMatch([message, ...lines].join(), /SECRET|12345678/)
    }
  })
})
