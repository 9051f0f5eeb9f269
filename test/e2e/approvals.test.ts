// One order approved each way, on the real gateway with the built-in broker: Slack over HTTP and by socket, Teams, the
// command line. Slack and Teams are the simulators, which the gateway calls as it would call the real ones.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { loosely } from '../loose.ts'
import type { Event, Intent, Order } from '../../src/api/wire.ts'
import { fingerprint } from '../../src/approvals/digest.ts'
import { apiClient, type Client } from '../../src/main/client.ts'
import { systemClock } from '../../src/main/clock.ts'
import { type SlackSimulator, startSlackSimulator } from '../../src/simulators/slack/server.ts'
import { startTeamsSimulator, type TeamsSimulator } from '../../src/simulators/teams/server.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'main', 'cli.ts')
const root = mkdtempSync(join(tmpdir(), 'jax-approvals-'))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

function spawned(config: string, args: readonly string[]): ChildProcess {
  const { JAX_EXEC_DATA: _, ...env } = process.env
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...env, JAX_EXEC_CONFIG: config, NO_COLOR: '1', NODE_OPTIONS: '', NODE_COMPILE_CACHE: join(root, 'cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}
type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
async function jax(config: string, ...args: readonly string[]): Promise<Ran> {
  const child = spawned(config, args)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
async function ask<T>(config: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await jax(config, ...args, '--json')
  assert.equal(code, 0, `jax-exec ${args.join(' ')}\n${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}

async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (const end = Date.now() + 20_000; ; await delay(25)) {
    const seen = await look()
    if (seen !== null && seen !== undefined && seen !== false) return seen
    assert.ok(Date.now() < end, `${what} did not happen`)
  }
}

/** A gateway of its own, with Ana signed in on the command line. */
type House = {
  readonly config: string
  readonly url: string
  readonly ana: Client
  readonly agent: Client
  /** In order, or as a power cut. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}
async function house(name: string, channels: string, secrets: Readonly<Record<string, string>>): Promise<House> {
  const dir = join(root, name)
  mkdirSync(dir)
  for (const [file, text] of Object.entries(secrets)) writeFileSync(join(dir, file), `${text}\n`, { mode: 0o600 })
  const config = join(dir, 'jax-exec.yaml')
  writeFileSync(config, `dataDir: data\nlisten:\n  port: 0\npolicy:\n  duplicateWindowMs: 0\n${channels}`)
  // All tests of a house share its day and its positions, which are more than a person makes of one.
  await loosely(join(dir, 'data'))
  return started(config)
}
async function started(config: string): Promise<House> {
  const child = spawned(config, ['serve', '--json'])
  let [said, complained] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (complained += chunk.toString()))
  const { url, setupCode, dataDir } = await until('a start', () => {
    assert.equal(child.exitCode, null, complained)
    return said.trimEnd().endsWith('}') && (JSON.parse(said) as { url: string; setupCode: string; dataDir: string })
  })
  const kept = join(dataDir, 'session.json')
  if (!existsSync(kept)) await ask(config, 'login', setupCode, '--name', 'Ana')
  const { session } = JSON.parse(readFileSync(kept, 'utf8')) as { session: string }
  const token = readFileSync(join(dataDir, 'agent-token'), 'utf8').trim()
  return {
    config,
    url,
    ana: apiClient({ url, token: session }),
    agent: apiClient({ url, token }),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      assert.deepEqual(await ended, signal === 'SIGTERM' ? [0, null] : [null, signal], complained)
    },
  }
}

/** A buy at the market of now; it fills as soon as it is sent. */
async function signal({ agent, ana }: House, id: string, symbol: string): Promise<Intent> {
  const { ask: offer } = await ana.quote(symbol)
  const near = (factor: number): string => (Number(offer) * factor).toFixed(2)
  const now = Date.now()
  const { intent } = await agent.submit({
    id,
    symbol,
    strategy_id: 'pullback',
    signal_type: 'BUY',
    confidence: 0.8,
    entry_price: near(1.002),
    stop_loss: near(0.96),
    take_profit: near(1.08),
    reasoning: 'Came back to its average. <!channel> *really* [click](http://evil.example)',
    generated_at: new Date(now).toISOString(),
    expires_at: new Date(now + 900_000).toISOString(),
  })
  assert.equal(intent.state, 'AwaitingApproval', JSON.stringify(intent))
  return intent
}
const filled = ({ ana }: House, id: string): Promise<Order> =>
  until(`the fill of ${id}`, async () =>
    (await ana.story(id)).orders.find(({ ordStatus, role }) => role === 'Entry' && ordStatus === 'Filled'),
  )

type Decision = {
  readonly verdict: string
  readonly by: string
  readonly byName: string
  readonly via: string
  readonly reason: string | null
  readonly digest: string
  readonly level: string
  readonly evidence?: Readonly<Record<string, unknown>>
}
/** The journal's row of a decision, which has to say who, where, with what, over what, and in which story. */
async function decided({ ana }: House, asked: Intent, action: string): Promise<Decision> {
  const { events } = await ana.story(asked.intentID)
  const rows = events.filter((event: Event) => event.action === action)
  assert.equal(rows.length, 1, `${action} stands once`)
  const row = rows[0] as Event
  const decision = row.data['decision'] as Decision
  const me = await ana.me()
  assert.equal(row.corr, asked.corr)
  assert.deepEqual([row.actor.type, row.actor.id], ['person', me.id])
  assert.deepEqual([decision.by, decision.byName], [me.id, 'Ana'])
  assert.equal(decision.via, row.actor.via)
  return decision
}
const message = (
  slack: SlackSimulator,
  { intentID }: Intent,
): ReturnType<SlackSimulator['messages']>[number] | undefined =>
  slack.messages().find(({ metadata, blocks }) => JSON.stringify([metadata, blocks]).includes(intentID))
const buttons = (card: ReturnType<typeof message>): string[] =>
  JSON.stringify(card?.blocks ?? []).match(/apr\.(?:approve|reject)/g) ?? []
/** The card of an order, as soon as it stands in Slack with its buttons. */
const posted = (slack: SlackSimulator, intent: Intent): Promise<{ readonly ts: string }> =>
  until(`the card of ${intent.intentID}`, () => {
    const card = message(slack, intent)
    return buttons(card).length > 0 && card
  })
const closed = (slack: SlackSimulator, intent: Intent, says: RegExp): Promise<unknown> =>
  until(`the end of the card of ${intent.intentID}`, () => {
    const card = message(slack, intent)
    return card && buttons(card).length === 0 && says.test(JSON.stringify(card.blocks))
  })
async function linked({ config }: House, enter: (code: string) => Promise<unknown>): Promise<void> {
  const { code } = await ask<{ code: string }>(config, 'access', 'link-code')
  await enter(code)
}

describe('approvals in Slack over HTTP, in Teams and on the command line', () => {
  let slack: SlackSimulator
  let teams: TeamsSimulator
  let here: House

  before(async () => {
    const clock = systemClock()
    slack = await startSlackSimulator({ clock })
    teams = await startTeamsSimulator({ now: () => clock.now() })
    const { channelID, teamID, appID } = slack.identity
    here = await house(
      'both',
      `channels:
  slack:
    botToken: file:bot
    signingSecret: file:signing
    channel: ${channelID}
    teamID: ${teamID}
    appID: ${appID}
  teams:
    appID: ${teams.appID}
    tenantID: ${teams.tenantID}
    clientSecret: file:client
  testEndpoints:
    slack: ${slack.url}
    teams: ${teams.url}
`,
      { bot: slack.credentials.botToken, signing: slack.credentials.signingSecret, client: teams.clientSecret },
    )
    slack.deliverTo(`${here.url}/channels/`)
    teams.point(`${here.url}/channels/teams/messages`)
  })
  after(async () => {
    await here?.stop()
    await slack?.close()
    await teams?.close()
  })
  const anaInTeams = () => teams.people.find(({ name }) => name === 'Ana') ?? assert.fail()

  it('Ana ties her accounts to herself with a code each, which is good once', async () => {
    await linked(here, async (code) => {
      await slack.command('U0ANA', `link ${code}`)
      assert.match(slack.whispers().at(-1)?.text ?? '', /linked to Ana/)
      await slack.command('U0BEN', `link ${code}`)
      assert.match(slack.whispers().at(-1)?.text ?? '', /unknown, used or too old/)
    })
    assert.equal((await teams.install()).status, 200)
    await linked(here, async (code) => {
      await teams.say(anaInTeams(), `link ${code}`)
      assert.match(teams.messages().at(-1)?.text ?? '', /linked to Ana/)
    })
    const { links } = await ask<{ links: { provider: string }[] }>(here.config, 'access')
    assert.deepEqual(links.map(({ provider }) => provider).sort(), ['slack', 'teams'])
  })

  it('a click in Slack sends exactly the order of the card', async () => {
    const asked = await signal(here, 'by-slack', 'AAPL')
    const { ts } = await posted(slack, asked)
    assert.equal((await slack.click('U0ANA', ts, 'apr.approve')).status, 200)
    await filled(here, 'by-slack')
    const decision = await decided(here, asked, 'intent.approved')
    assert.deepEqual([decision.via, decision.level, decision.digest], ['slack', 'L1', asked.digest])
    const { kind, provider, tenant, user, app, conversation, message: on, transport, proof } = decision.evidence ?? {}
    const { appID, channelID, teamID } = slack.identity
    assert.deepEqual(
      { kind, provider, tenant, user, app, conversation, on, transport },
      {
        kind: 'channel',
        provider: 'slack',
        tenant: teamID,
        user: 'U0ANA',
        app: appID,
        conversation: channelID,
        on: ts,
        transport: 'http',
      },
    )
    assert.match(String(proof), /^[0-9a-f]{64}$/)
    assert.doesNotMatch(JSON.stringify(decision), /v0=|xoxb|hooks\.slack/)
    await closed(slack, asked, /Filled|filled/)
  })

  it('a click in Teams does, after a second one that says which order', async () => {
    const asked = await signal(here, 'by-teams', 'MSFT')
    const ana = anaInTeams()
    const card = await until('the card in Teams', () =>
      teams.messages().find((each) => each.card !== null && JSON.stringify(each.card).includes('by-teams')),
    )
    await teams.click(ana, card.id, 'apr.approve')
    assert.equal((await here.ana.intent('by-teams')).state, 'AwaitingApproval', 'one click only asks')
    assert.match(JSON.stringify(teams.seen(ana, card.id)), new RegExp(asked.fingerprint ?? '-'))
    await teams.click(ana, card.id, 'apr.confirm')
    await filled(here, 'by-teams')
    const decision = await decided(here, asked, 'intent.approved')
    assert.deepEqual([decision.via, decision.level, decision.digest], ['teams', 'L1', asked.digest])
    const { provider, tenant, user, app, transport } = decision.evidence ?? {}
    assert.deepEqual(
      { provider, tenant, user, app, transport },
      { provider: 'teams', tenant: teams.tenantID, user: ana.aadObjectId, app: teams.appID, transport: 'http' },
    )
    await until('the end of the card in Teams', () => {
      const now = teams.messages().find(({ id }) => id === card.id)
      return now !== undefined && !JSON.stringify(now.card).includes('apr.approve')
    })
    await closed(slack, asked, /Filled|filled/)
  })

  it('a yes on the command line does, and the fingerprint is the same wherever one looks', async () => {
    const asked = await signal(here, 'by-hand', 'NVDA')
    const card = await posted(slack, asked)
    assert.match(JSON.stringify(card), new RegExp(asked.fingerprint ?? '-'))
    const made = await ask<{ digest: string; fingerprint: string; same: boolean }>(
      here.config,
      'verify-order',
      'by-hand',
      '--fingerprint',
      asked.fingerprint ?? '',
    )
    assert.deepEqual([made.digest, made.fingerprint, made.same], [asked.digest, asked.fingerprint, true])
    assert.equal(fingerprint(made.digest), made.fingerprint)
    const other = await jax(here.config, 'verify-order', 'by-hand', '--fingerprint', '0000-0000')
    assert.equal(other.code, 6, other.stderr)

    const ran = await jax(
      here.config,
      'approve',
      'by-hand',
      '--yes',
      '--fingerprint',
      made.fingerprint,
      '--reason',
      'looks good',
    )
    assert.equal(ran.code, 0, ran.stderr)
    assert.match(ran.stdout, /asks for +one person, a click is enough \(paper\)/)
    await filled(here, 'by-hand')
    const decision = await decided(here, asked, 'intent.approved')
    assert.deepEqual(
      [decision.via, decision.level, decision.digest, decision.reason, decision.evidence?.['kind']],
      ['cli', 'L1', asked.digest, 'looks good', 'session'],
    )
    await closed(slack, asked, /Filled|filled/)
  })

  it('a no in Slack counts at once, and its reason is added', async () => {
    const asked = await signal(here, 'refused-there', 'AAPL')
    const { ts } = await posted(slack, asked)
    await slack.click('U0ANA', ts, 'apr.reject')
    await until('the no', async () => (await here.ana.intent('refused-there')).state === 'Declined')
    const view = await until('the window for the reason', () => slack.views().find(({ user }) => user === 'U0ANA'))
    const names = JSON.stringify(view.view)
    const [, block = '', action = ''] = /"block_id":"([^"]+)".*"action_id":"([^"]+)"/.exec(names) ?? assert.fail(names)
    await slack.submit('U0ANA', view.id, { [block]: { [action]: 'Earnings tonight.' } })
    const decision = await decided(here, asked, 'intent.declined')
    assert.deepEqual([decision.verdict, decision.via, decision.digest], ['declined', 'slack', asked.digest])
    const { asides, clOrdID } = await until('the reason', async () => {
      const now = await here.ana.intent('refused-there')
      return now.asides.length > 0 && now
    })
    assert.deepEqual([asides[0]?.kind, asides[0]?.text, clOrdID], ['reason', 'Earnings tonight.', null])
    await closed(slack, asked, /[Dd]eclined/)
  })

  it('somebody who is linked to nobody decides nothing, and is told what to do', async () => {
    const asked = await signal(here, 'not-by-ben', 'NVDA')
    const { ts } = await posted(slack, asked)
    await slack.click('U0BEN', ts, 'apr.approve')
    await until('words for Ben', () =>
      slack.whispers().find(({ user, text }) => user === 'U0BEN' && /belongs to nobody here/.test(text)),
    )
    const after = await here.ana.intent('not-by-ben')
    assert.deepEqual([after.state, after.votes], ['AwaitingApproval', []])
    await here.ana.decline('not-by-ben', 'only a test')
    await closed(slack, asked, /[Dd]eclined/)
  })

  it('a click that somebody recorded does nothing the second time', async () => {
    const asked = await signal(here, 'twice', 'MSFT')
    const { ts } = await posted(slack, asked)
    const { sent } = await slack.click('U0ANA', ts, 'apr.approve', {})
    await filled(here, 'twice')
    const rows = (await here.ana.story('twice')).events.length
    assert.equal((await slack.again(sent)).status, 200)
    await delay(300)
    const { events, orders } = await here.ana.story('twice')
    assert.equal(events.length, rows)
    assert.equal(orders.filter(({ role }) => role === 'Entry').length, 1)
    await closed(slack, asked, /Filled|filled/)
  })

  it('Slack may be down while somebody decides: its card closes when it is back', async () => {
    const asked = await signal(here, 'meanwhile', 'NVDA')
    await posted(slack, asked)
    slack.faults.on('*', { kind: 'status', status: 503 }, 1_000)
    await jax(here.config, 'approve', 'meanwhile', '--yes')
    await filled(here, 'meanwhile')
    // Teams is not installed anywhere yet, so an alert may wait for it: that is another trouble.
    const isInTrouble = async (): Promise<boolean> => {
      const said = (await (await fetch(`${here.url}/readyz`)).json()) as { status: string; because?: string[] }
      return said.status === 'degraded' && /slack/i.test(said.because?.join() ?? '')
    }
    await until('words about it', isInTrouble)
    assert.match(
      await (await fetch(`${here.url}/metrics`, { headers: await bearer(here) })).text(),
      /jax_channel_up\{channel="slack"\} 0/,
    )
    assert.equal(buttons(message(slack, asked)).length > 0, true, 'it still stands as it was')
    slack.faults.calm()
    await closed(slack, asked, /Filled|filled/)
    await until('an end of the trouble', async () => !(await isInTrouble()))
  })

  it('the card of an order that was decided stays shut, and an older one decides nothing', async () => {
    const asked = await signal(here, 'anew', 'AAPL')
    const { ts } = await posted(slack, asked)
    const before = slack.messages().find((each) => each.ts === ts) ?? assert.fail()
    const anew = await here.ana.reprice('anew')
    assert.equal(anew.rev, asked.rev + 1)
    const old = before.blocks.flatMap(({ elements }) => (Array.isArray(elements) ? elements : [])) as {
      value?: string
    }[]
    const value = old.find((each) => each.value !== undefined)?.value ?? assert.fail()
    await slack.click('U0ANA', ts, 'apr.approve', {
      forge: {
        payload: (payload) => ({
          ...payload,
          actions: (payload['actions'] as object[]).map((action) => ({ ...action, value })),
        }),
      },
    })
    await delay(300)
    assert.equal((await here.ana.intent('anew')).state, 'AwaitingApproval')
    await here.ana.withdraw('anew')
    await closed(slack, anew, /[Ww]ithdrawn/)
  })

  it('a word in Slack halts, and nothing can be approved there until people release it', async () => {
    const asked = await signal(here, 'halted', 'NVDA')
    const { ts } = await posted(slack, asked)
    await slack.command('U0ANA', 'halt smoke in the room')
    assert.equal((await here.ana.halted()).reason, 'smoke in the room')
    await slack.click('U0ANA', ts, 'apr.approve')
    await until('words for Ana', () =>
      slack.whispers().find(({ text }) => /halt/i.test(text) && !/is halted: nothing new/.test(text)),
    )
    assert.equal((await here.ana.intent('halted')).clOrdID, null)
  })
})

describe('two gateways that share a Slack app and a Teams bot by mistake, of the same account, with an order of the same name', () => {
  let slack: SlackSimulator
  let teams: TeamsSimulator
  let one: House
  let two: House
  let ana: TeamsSimulator['people'][number]
  const hears = ({ url }: House): void => {
    slack.deliverTo(`${url}/channels/`)
    teams.point(`${url}/channels/teams/messages`)
  }
  const isOf = ({ url }: House, card: unknown): boolean =>
    JSON.stringify(card).includes(`:${new URL(url).port}/intents/same`)
  const inSlack = (each: House) =>
    until('the card in Slack', () => slack.messages().find(({ blocks }) => isOf(each, blocks)))
  const inTeams = (each: House) =>
    until('the card in Teams', () => teams.messages().find(({ card }) => isOf(each, card)))
  const state = async ({ ana: client }: House): Promise<string> => (await client.intent('same')).state

  before(async () => {
    const clock = systemClock()
    slack = await startSlackSimulator({ clock })
    teams = await startTeamsSimulator({ now: () => clock.now() })
    ana = teams.people.find(({ name }) => name === 'Ana') ?? assert.fail()
    const { channelID, teamID, appID } = slack.identity
    const channels = `channels:
  slack: { botToken: file:bot, signingSecret: file:signing, channel: ${channelID}, teamID: ${teamID}, appID: ${appID} }
  teams: { appID: ${teams.appID}, tenantID: ${teams.tenantID}, clientSecret: file:client }
  testEndpoints: { slack: '${slack.url}', teams: '${teams.url}' }
`
    const { botToken: bot, signingSecret: signing } = slack.credentials
    const secrets = { bot, signing, client: teams.clientSecret }
    one = await house('one', channels, secrets)
    two = await house('two', channels, secrets)
    for (const each of [one, two]) {
      hears(each)
      assert.equal((await teams.install()).status, 200)
      await linked(each, (code) => slack.command('U0ANA', `link ${code}`))
      await linked(each, (code) => teams.say(ana, `link ${code}`))
      await signal(each, 'same', 'AAPL')
      await Promise.all([inSlack(each), inTeams(each)])
    }
  })
  after(async () => {
    await one?.stop()
    await two?.stop()
    await slack?.close()
    await teams?.close()
  })

  it('a click on a card of the one changes nothing at the other, which says why', async () => {
    hears(two)
    const { ts } = await inSlack(one)
    for (const [i, button] of ['apr.approve', 'apr.reject'].entries()) {
      await slack.click('U0ANA', ts, button)
      await until('words for Ana', () => {
        const told = slack.whispers().filter(({ text }) => /this card is of another gateway/.test(text))
        return told.length === i + 1
      })
    }
    assert.deepEqual(slack.views(), [])
    const { id } = await inTeams(one)
    for (const verb of ['apr.approve', 'apr.reject', 'apr.refresh'])
      assert.match((await teams.click(ana, id, verb)).text, /this card is of another gateway/)
    assert.deepEqual([await state(one), await state(two)], ['AwaitingApproval', 'AwaitingApproval'])
  })

  it('a reason in a window of the one is not added to the order of the other', async () => {
    hears(one)
    await slack.click('U0ANA', (await inSlack(one)).ts, 'apr.reject')
    const { id } = await until('the window', () => slack.views()[0])
    hears(two)
    const { answer } = await slack.submit('U0ANA', id, { r: { reason: 'too large' } })
    assert.match(JSON.stringify(answer), /this window is of another gateway/)
    assert.deepEqual([await state(one), await state(two)], ['Declined', 'AwaitingApproval'])
    assert.deepEqual((await two.ana.intent('same')).asides, [])
  })

  it('each hears its own', async () => {
    const { id } = await inTeams(two)
    await teams.click(ana, id, 'apr.approve')
    await teams.click(ana, id, 'apr.confirm')
    await filled(two, 'same')
  })
})

describe('approvals in Slack by a socket, where Slack cannot reach the gateway', () => {
  let slack: SlackSimulator
  let here: House
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const notices: { readonly headers: Record<string, string>; readonly body: string }[] = []
  const receiver = createServer((request, response) => {
    void text(request).then((body) => {
      notices.push({ headers: request.headers as Record<string, string>, body })
      response.writeHead(204).end()
    })
  })

  before(async () => {
    slack = await startSlackSimulator({ clock: systemClock() })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const { channelID, teamID, appID } = slack.identity
    here = await house(
      'socket',
      `channels:
  slack:
    botToken: file:bot
    appToken: file:app
    channel: ${channelID}
    teamID: ${teamID}
    appID: ${appID}
  webhook:
    url: http://127.0.0.1:${(receiver.address() as AddressInfo).port}/told
    secret: file:webhook
  testEndpoints:
    slack: ${slack.url}
`,
      { bot: slack.credentials.botToken, app: slack.credentials.appToken, webhook: secret },
    )
    await until('a link', () => slack.link.links().up > 0)
  })
  after(async () => {
    await here?.stop()
    await slack?.close()
    receiver.closeAllConnections()
    receiver.close()
  })

  it('nothing listens for Slack over HTTP', async () => {
    const { status } = await fetch(`${here.url}/channels/slack/interactive`, { method: 'POST', body: 'payload={}' })
    assert.equal(status, 404)
  })

  it('a click sends exactly the order of the card', async () => {
    await linked(here, (code) => slack.command('U0ANA', `link ${code}`))
    const asked = await signal(here, 'by-socket', 'AAPL')
    const { ts } = await posted(slack, asked)
    await slack.click('U0ANA', ts, 'apr.approve')
    await filled(here, 'by-socket')
    const decision = await decided(here, asked, 'intent.approved')
    assert.deepEqual(
      [decision.via, decision.level, decision.digest, decision.evidence?.['transport'], decision.evidence?.['user']],
      ['slack', 'L1', asked.digest, 'socket', 'U0ANA'],
    )
    await closed(slack, asked, /Filled|filled/)
  })

  it('a notice tells of it, signed, and answers nothing', async () => {
    const told = await until('the notice of the fill', () =>
      notices.find(({ body }) => /by-socket.*[Ff]illed/.test(body)),
    )
    assert.doesNotThrow(() => new Webhook(secret).verify(told.body, told.headers))
    assert.throws(() => new Webhook(secret).verify(told.body.replace('AAPL', 'MSFT'), told.headers))
  })

  it('a decision that was taken just before a power cut closes the card after the next start', async () => {
    const asked = await signal(here, 'cut', 'NVDA')
    await posted(slack, asked)
    slack.faults.on('*', { kind: 'status', status: 503 }, 1_000)
    await here.ana.decline('cut', 'the lights flicker')
    await here.stop('SIGKILL')
    assert.equal(buttons(message(slack, asked)).length > 0, true)
    slack.faults.calm()
    here = await started(here.config)
    await closed(slack, asked, /[Dd]eclined/)
    assert.equal(slack.messages().filter(({ blocks }) => JSON.stringify(blocks).includes('/intents/cut')).length, 1)
    await until('a link', () => slack.link.links().up > 0)
  })

  it('whoever unties a chat user is not heard there any more', async () => {
    const { links } = await ask<{ links: { linkID: string }[] }>(here.config, 'access')
    await ask(here.config, 'access', 'unlink', links[0]?.linkID ?? '')
    const asked = await signal(here, 'untied', 'NVDA')
    const { ts } = await posted(slack, asked)
    await slack.click('U0ANA', ts, 'apr.approve')
    await until('words for Ana', () => slack.whispers().find(({ text }) => /belongs to nobody here/.test(text)))
    assert.equal((await here.ana.decline('untied', 'only a test')).state, 'Declined')
  })

  it('a stricter policy from a file holds for the next order, and the command line says where a passkey is asked', async () => {
    const file = join(root, 'policy.yaml')
    const { stdout } = await jax(here.config, 'approvals', 'policy', 'show')
    writeFileSync(file, stdout.replace(/(name: paper\n\s+environment: paper\n\s+level:) L1/, '$1 L2'))
    const change = await ask<{ state: string; note: string | null }>(
      here.config,
      'approvals',
      'policy',
      'propose',
      file,
      '--reason',
      'passkeys from today on',
    )
    assert.deepEqual([change.state, change.note], ['Applied', 'four-eyes: off'])
    const asked = await signal(here, 'strict', 'NVDA')
    const no = await jax(here.config, 'approve', 'strict', '--yes')
    assert.equal(no.code, 3, no.stdout)
    assert.match(no.stderr, /asks for one person, with a passkey[\s\S]*http:\/\/localhost:\d+\/intents\/strict/)
    const card = await until('its card', () => message(slack, asked))
    assert.deepEqual(buttons(card), ['apr.reject'], 'no click in a chat is enough')

    writeFileSync(file, stdout.replace('level: L1', 'level: L7'))
    const wrong = await jax(here.config, 'approvals', 'policy', 'propose', file, '--reason', 'a slip')
    assert.equal(wrong.code, 3)
    assert.match(wrong.stderr, /policy\.yaml:\d+:\d+: rules\[1\]\.level is "L7"/)
    const all = await ask<{ state: string }[]>(here.config, 'changes', 'list', '--state', 'Applied')
    assert.equal(all.length, 1)
  })

  it('a second person proposes, and somebody else agrees or does not', async () => {
    const { code } = await ask<{ code: string }>(here.config, 'signin-link', '--for', 'Ben')
    const { session } = await here.ana.signIn(code, 'Ben')
    const ben = apiClient({ url: here.url, token: session })
    const people = await jax(here.config, 'people')
    assert.match(people.stdout, /Ben +trader approver .*new: one click, until somebody confirms them/)
    await ask(here.config, 'people', 'roles', 'Ben', 'trader', 'approver', 'admin', '--reason', 'helps out')
    const { policy } = await ben.approvals()
    const { version: _version, ...tighter } = { ...policy, autoMaxNotional: '900' }
    const proposed = await ben.propose({ kind: 'approval policy', policy: tighter }, 'a little less')
    assert.equal(proposed.state, 'Waiting')
    const wrong = await jax(here.config, 'changes', 'approve', proposed.changeID, '--yes', '--fingerprint', '0000-0000')
    assert.equal(wrong.code, 3)
    const shown = await jax(here.config, 'changes', 'show', proposed.changeID)
    assert.match(shown.stdout, /proposed by +Ben[\s\S]*autoMaxNotional: 900/)
    await ask(here.config, 'changes', 'approve', proposed.changeID, '--yes', '--fingerprint', proposed.fingerprint)
    assert.equal((await ben.approvals()).policy.autoMaxNotional, '900')
    const { version: _again, ...looser } = { ...(await ben.approvals()).policy, autoMaxNotional: '9000' }
    const second = await ben.propose({ kind: 'approval policy', policy: looser }, 'much more')
    const no = await ask<{ state: string }>(here.config, 'changes', 'decline', second.changeID, '--reason', 'too much')
    assert.equal(no.state, 'Declined')
    assert.equal((await ben.approvals()).policy.autoMaxNotional, '900')
  })

  it('who may do what changes on the command line, at once where it only takes away', async () => {
    const shown = await jax(here.config, 'approvals')
    assert.equal(shown.code, 0, shown.stderr)
    assert.match(shown.stdout, /four-eyes +off/)
    await ask(here.config, 'people', 'disable', 'Ben', '--reason', 'has left')
    const hurry = await jax(
      here.config,
      'people',
      'roles',
      'Ana',
      'approver',
      'admin',
      'auditor',
      '--reason',
      'a hurry',
    )
    assert.equal(hurry.code, 5)
    assert.match(hurry.stderr, /Ben could have decided on this until less than a day ago/)
    const people = await ask<{ name: string; disabled: boolean }[]>(here.config, 'people')
    assert.deepEqual(Object.fromEntries(people.map(({ name, disabled }) => [name, disabled])), {
      Ana: false,
      Ben: true,
    })
  })

  it('an armed strategy goes without a person within its bounds, and the journal says who armed it', async () => {
    await ask(
      here.config,
      'approvals',
      'arm',
      'pullback',
      '--symbol',
      'SIM.REJECT',
      '--max-notional',
      '1',
      '--max-count',
      '1',
    )
    const { armed } = await ask<{ armed: { strategyID: string; byName: string }[] }>(here.config, 'approvals')
    assert.deepEqual(
      armed.map(({ strategyID, byName }) => [strategyID, byName]),
      [['pullback', 'Ana']],
    )
    await ask(here.config, 'approvals', 'disarm', 'pullback')
    const none = await jax(here.config, 'approvals', 'disarm', 'pullback')
    assert.equal(none.code, 4)
    const figures = await ask<{ approved: number }>(here.config, 'approvals', 'statistics')
    assert.equal(figures.approved, 1)
  })
})

describe('the simulators, as a person starts them', () => {
  for (const name of ['slack', 'teams'] as const)
    it(`${name} writes a configuration that is in order, and keeps it`, async () => {
      const file = join(root, `${name}-sim.yaml`)
      const port = String(await freePort())
      let before = ''
      for (const start of [1, 2]) {
        const child = spawned(file, ['simulate', name, '--port', port, '--write-config', file, '--json'])
        let said = ''
        child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
        const { url, config, secrets } = await until('a start', () => {
          assert.equal(child.exitCode, null)
          return (
            said.trimEnd().endsWith('}') &&
            (JSON.parse(said) as { url: string; config: string; secrets: Record<string, string> })
          )
        })
        assert.equal(config, file)
        assert.equal((await fetch(url)).status, 200)
        const checked = await jax(file, 'config', 'check')
        assert.equal(checked.code, 0, checked.stderr)
        assert.match(checked.stdout, new RegExp(`channels.testEndpoints.${name} +${url}`))
        for (const secret of Object.values(secrets)) assert.equal(checked.stdout.includes(secret), false)
        if (start === 2) assert.equal(readFileSync(file, 'utf8'), before)
        before = readFileSync(file, 'utf8')
        const ended = once(child, 'exit')
        child.kill('SIGINT')
        assert.deepEqual(await ended, [0, null])
      }
      const other = await jax(file, 'simulate', name, '--port', '0', '--write-config', file)
      assert.equal(other.code, 74, 'another address would be another configuration')
    })
})

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** The operator's token reads the measures. */
async function bearer({ config }: House): Promise<Record<string, string>> {
  const dir = join(config, '..', 'data')
  return { authorization: `Bearer ${readFileSync(join(dir, 'operator-token'), 'utf8').trim()}` }
}
