// A chat on this machine, for people: approvals in Slack or Teams without a workspace, an app or the internet.
import { randomBytes } from 'node:crypto'
import { startSlackSimulator } from '../../simulators/slack/server.ts'
import { startTeamsSimulator } from '../../simulators/teams/server.ts'
import { systemClock } from '../clock.ts'
import { inShell, programName } from '../config.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { harmless, paint } from '../print.ts'
import { keptBeside, nameOf, onPort, untilStopped, writeSet } from './simulating.ts'

export type ChatOptions = {
  readonly port: number
  /** Where the gateway listens: clicks go there. */
  readonly gateway: string
  readonly writeConfig?: string
}

export async function simulateSlack(ctx: Context, options: ChatOptions & { readonly socket?: boolean }): Promise<void> {
  const gateway = gatewayOf(options.gateway)
  const say = remarks(ctx)
  const socket = options.socket === true
  const simulator = await onPort(options.port, () =>
    startSlackSimulator({
      clock: systemClock(),
      port: options.port,
      gateway: socket ? null : `${gateway}/channels/`,
      credentials: {
        botToken: secretOf(options, 'botToken', 'xoxb-simulator-'),
        signingSecret: secretOf(options, 'signingSecret', ''),
        appToken: secretOf(options, 'appToken', 'xapp-simulator-'),
      },
      log: say.log,
    }),
  )
  const asked = untilStopped()
  try {
    const { credentials, identity, url } = simulator
    const secrets = socket
      ? { botToken: credentials.botToken, appToken: credentials.appToken }
      : { botToken: credentials.botToken, signingSecret: credentials.signingSecret }
    const ids = { channel: identity.channelID, teamID: identity.teamID, appID: identity.appID }
    const chat = { name: 'slack', title: 'Slack', url, ids, secrets } as const
    const written = configured(options, chat, gateway)
    ctx.out.answer({ chat: 'slack', url, apiUrl: simulator.apiUrl, socket, ...ids, secrets, config: written }, () =>
      welcome(chat, options, gateway, written, '/jax link CODE').join('\n'),
    )
    say.begin()
    await asked
  } finally {
    await simulator.close()
  }
  ctx.out.say('Stopped.')
}

export async function simulateTeams(ctx: Context, options: ChatOptions): Promise<void> {
  const gateway = gatewayOf(options.gateway)
  const say = remarks(ctx)
  const clock = systemClock()
  const simulator = await onPort(options.port, () =>
    startTeamsSimulator({
      now: () => clock.now(),
      port: options.port,
      botUrl: `${gateway}/channels/teams/messages`,
      log: say.log,
    }),
  )
  const asked = untilStopped()
  try {
    const { appID, clientSecret, conversation, tenantID, url } = simulator
    const ids = { appID, tenantID, ...conversation }
    const chat = { name: 'teams', title: 'Teams', url, ids, secrets: { clientSecret } } as const
    const written = configured(options, chat, gateway)
    ctx.out.answer({ chat: 'teams', url, ...ids, secrets: { clientSecret }, config: written }, () =>
      welcome(chat, options, gateway, written, 'link CODE').join('\n'),
    )
    say.begin()
    await asked
  } finally {
    await simulator.close()
  }
  ctx.out.say('Stopped.')
}

// --- what it is made of

type Chat = {
  readonly name: 'slack' | 'teams'
  readonly title: string
  readonly url: string
  readonly ids: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

/** As it was written beside the configuration, so that a gateway that runs with it still fits; else a new one. */
function secretOf({ writeConfig }: ChatOptions, secret: string, prefix: string): string {
  const kept =
    writeConfig === undefined
      ? null
      : keptBeside(writeConfig, fileOf(nameOf(writeConfig), secret))?.slice(prefix.length)
  // A signing secret that others could guess would let them click in a person's name.
  return `${prefix}${kept !== undefined && kept !== null && kept.length >= 32 ? kept : randomBytes(16).toString('hex')}`
}

/** The simulators speak to this machine only. */
function gatewayOf(typed: string): string {
  const url = /^http:\/\/(127\.0\.0\.1|localhost):\d{1,5}\/?$/.test(typed) ? URL.parse(typed) : null
  if (url !== null) return url.origin
  throw new Stop(
    'USAGE',
    `--gateway is ${JSON.stringify(typed)}; it must be a gateway on this machine, such as http://127.0.0.1:7070.`,
  )
}

/** What it says before its greeting would stand in the middle of it. */
function remarks(ctx: Context): { readonly log: (line: string) => void; readonly begin: () => void } {
  let begun = false
  return {
    log: (line) => begun && ctx.out.say(paint('dim', harmless(line), process.stderr)),
    begin: () => void (begun = true),
  }
}

/** `bot-token` of `botToken`: what the file with it is called. */
const fileOf = (name: string, secret: string): string =>
  `${name}.${secret.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

const channelLines = ({ name, ids, secrets, url }: Chat, file: string): string => `channels:
  ${name}:
${Object.entries(ids)
  .map(([key, value]) => `    ${key}: ${/^[\w.-]+$/.test(value) ? value : JSON.stringify(value)}\n`)
  .join('')}${Object.keys(secrets)
  .map((key) => `    ${key}: file:${fileOf(file, key)}\n`)
  .join('')}  testEndpoints:
    ${name}: ${url}
`

/** A configuration that is ready to use; null when none was asked for. */
function configured({ writeConfig }: ChatOptions, chat: Chat, gateway: string): string | null {
  if (writeConfig === undefined) return null
  const name = nameOf(writeConfig)
  const configuration = `# Approvals in the simulated ${chat.title} of: jax-exec simulate ${chat.name}
dataDir: data-${chat.name}-sim
listen:
  port: ${new URL(gateway).port}
${channelLines(chat, name)}`
  return writeSet(
    writeConfig,
    configuration,
    Object.fromEntries(Object.entries(chat.secrets).map(([key, value]) => [fileOf(name, key), value])),
  )
}

// --- what people read

function welcome(
  chat: Chat,
  { port }: ChatOptions,
  gateway: string,
  written: string | null,
  link: string,
): readonly string[] {
  const bold = (text: string): string => paint('bold', text, process.stdout)
  const program = programName()
  const { name, secrets, title, url } = chat
  const file = `${name}-sim`
  const start = (config: string): string => `${program} serve --config ${inShell(config)}`
  return [
    `${bold(`${title}, simulated`)}  ${bold(url)}  ${paint('green', 'play money', process.stdout)}`,
    'Open it to be Ana, Ben or somebody else there, and click what they would click.',
    '',
    ...(written === null
      ? [
          'Put each of these into a file of its own (chmod 600):',
          ...Object.entries(secrets).map(([key, value]) => `  ${fileOf(file, key)}  ${value}`),
          '',
          `and this into jax-exec.yaml, for a gateway on ${gateway}:`,
          '',
          ...channelLines(chat, file).trimEnd().split('\n'),
          '',
          `Or let it be written: --write-config ${file}.yaml, and then: ${start(`${file}.yaml`)}`,
        ]
      : ['Start the gateway with it, in another terminal:', `  ${bold(start(written))}`]),
    '',
    'Then say who you are there, once:',
    `  ${program}${written === null ? '' : ` --config ${inShell(written)}`} access link-code`,
    `  and write ${bold(link)} on the page${name === 'teams' ? ', in the chat with the bot' : ''}.`,
    ...(port === 0
      ? ['', 'Its port is another one at each start: name one with --port to keep the configuration.']
      : []),
    '',
    'Ctrl-C stops it.',
  ]
}
