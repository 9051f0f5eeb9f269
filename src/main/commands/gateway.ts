import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from '../../values/decimal.ts'
import type { Fault } from '../../values/fault.ts'
import { toMs } from '../../values/instant.ts'
import { ReadFailed } from '../../ports/broker.ts'
import { apiClient } from '../client.ts'
import { accountID, inShell, type Loaded, ownCommand, secretFaults, type Settings } from '../config.ts'
import { placesIn } from '../datadir.ts'
import { faultLine, type Override } from '../place.ts'
import type { Context } from '../context.ts'
import { demoSignal, runDemo } from '../demo.ts'
import { EXIT, Stop } from '../exit.ts'
import { readHaltFile, writeHaltFile } from '../haltfile.ts'
import { harmless, paint, table } from '../print.ts'
import { settingsFile } from '../reference.ts'
import { type Gateway, startGateway, VERSION } from '../serve.ts'
import { signinUrl } from './access.ts'

export type ServeOptions = { readonly host?: string; readonly port?: string; readonly demo?: boolean }
export type ReplayOptions = ServeOptions & { readonly speed: string; readonly keep?: boolean }

const listenOverrides = (options: ServeOptions): Override[] => [
  ...(options.host === undefined ? [] : [{ path: 'listen.host', value: options.host, source: '--host' }]),
  ...(options.port === undefined ? [] : [{ path: 'listen.port', value: options.port, source: '--port' }]),
]

export async function checkConfig(ctx: Context): Promise<void> {
  const { effective, file } = ctx.loaded()
  const changed = (source: string): 'bold' | null => (source === 'default' ? null : 'bold')
  ctx.out.answer({ file, settings: effective }, () =>
    table(
      [
        { title: 'setting', of: (e) => e.path, style: (e) => changed(e.source) },
        { title: 'value', of: (e) => e.value, style: (e) => changed(e.source) },
        { title: 'unit', of: (e) => e.unit ?? '' },
        { title: 'from', of: (e) => e.source },
      ],
      effective,
      '',
    ),
  )
  assertSecrets(ctx.loaded())
  ctx.out.say(
    paint(
      'green',
      file === null ? 'No configuration file: the defaults hold.' : `${file} is in order.`,
      process.stderr,
    ),
  )
}

/** @throws {Stop} CONFIG naming every secret that the file points to and that is not there, with its line. */
function assertSecrets(loaded: Loaded): void {
  const faults = secretFaults(loaded)
  if (faults.length > 0)
    throw new Stop(
      'CONFIG',
      `${faults.length === 1 ? 'A secret' : 'Secrets'} that the configuration names cannot be read.`,
      {
        code: 'SECRET_UNREADABLE',
        lines: [
          ...faults.map(faultLine),
          'A file must hold the secret alone, and belong to the user who runs this (chmod 600).',
        ],
      },
    )
}

/** Settings that follow from others, or from where the data is, unless they are set. */
const FOLLOWS = new Set(['dataDir', 'audit.anchorsFile', 'access.idleMinutes', 'emergency.page'])

export async function showConfig(ctx: Context): Promise<void> {
  const { effective } = ctx.loaded()
  const settings = effective.map((e) =>
    e.source === 'default' && FOLLOWS.has(e.path) ? { ...e, value: '(default)' } : e,
  )
  // A secret is shown with a remark; the file wants the reference alone.
  const bare = settings.map((e) => ({ ...e, value: e.value.replace(/^((?:file|env):\S+) \(.*\)$/, '$1') }))
  if (ctx.out.json) ctx.out.answer(Object.fromEntries(bare.map((e) => [e.path, e.value])), () => '')
  else ctx.out.raw(settingsFile(bare))
}

/** Runs the gateway until a signal, or until it has to stop by itself. */
export async function serve(ctx: Context, options: ServeOptions): Promise<void> {
  await runGateway(ctx, ctx.loaded(listenOverrides(options)), options.demo === true)
}

/** The same on recorded bars, in a data directory of its own: a replay starts in the past, and a journal never goes back. */
export async function replay(ctx: Context, file: string, options: ReplayOptions): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'jax-exec-replay-'))
  const loaded = ctx.loaded([
    ...listenOverrides(options),
    { path: 'account.broker', value: 'sim', source: 'replay' },
    { path: 'sim.market', value: `replay:${resolve(file)}`, source: 'replay' },
    { path: 'sim.speed', value: options.speed, source: '--speed' },
    { path: 'dataDir', value: dir, source: 'replay' },
  ])
  try {
    await runGateway(ctx, loaded, options.demo === true)
  } finally {
    if (options.keep === true) ctx.out.say(`Kept: ${dir}`)
    else rmSync(dir, { recursive: true, force: true })
  }
}

async function runGateway(ctx: Context, loaded: Loaded, demo: boolean): Promise<void> {
  assertSecrets(loaded)
  const slow = setTimeout(
    () => ctx.out.say('Still starting: the broker is asked about everything that is open …'),
    SLOW_START_MS,
  )
  const signaled = haltBySignal(loaded.settings)
  const gateway = await startGateway(loaded.settings, { file: loaded.file }).finally(() => clearTimeout(slow))
  signaled(gateway)
  process.on('uncaughtException', (error) => {
    // Unknown damage: what is durable is durable, and a start finds the rest. Going on could send on a wrong belief.
    gateway.log.error({ error: error.stack ?? String(error) }, 'unexpected; the gateway stops at once')
    process.exit(EXIT.FAULT.code)
  })
  const stop = new AbortController()
  const asked = new Promise<null>((resolve) => {
    const onSignal = (): void => {
      // Whoever presses twice means it: everything acknowledged is on the disk already.
      if (stop.signal.aborted) process.exit(EXIT.FAILED.code)
      stop.abort()
      ctx.out.say('\nStopping: work in hand is finished first. Press again to stop at once.')
      resolve(null)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  })
  let fault: Fault | null
  try {
    await welcome(ctx, gateway, loaded)
    const demonstrating = demo
      ? runDemo(
          {
            client: apiClient({ url: gateway.url, token: gateway.agentToken }),
            symbols: gateway.symbols,
            random: Math.random,
            sleep: (ms, signal) => gateway.clock.sleep(ms, signal),
            now: () => new Date(toMs(gateway.clock.now())),
            tell: (line) => ctx.out.say(`${paint('dim', 'demo', process.stderr)} ${harmless(line)}`),
            everyMs: DEMO_EVERY_MS,
            speed: gateway.speed,
          },
          stop.signal,
        )
      : Promise.resolve()
    fault = await Promise.race([asked, gateway.failed])
    stop.abort()
    await demonstrating
  } finally {
    // Also when something here goes wrong: a gateway that nobody can stop any more must not go on.
    await gateway.close()
  }
  if (fault !== null)
    throw new Stop('FAULT', 'The gateway stopped itself: nothing could be recorded any more.', {
      code: fault.code,
      lines: [
        fault.message,
        `The log is ${gateway.places.log}. Orders that were being sent are looked up at the next start.`,
      ],
    })
  ctx.out.say('Stopped.')
}

/**
 * The signal USR2 halts as the HALT file does. While the gateway is still starting the file alone is made, which it reads
 * before anything can leave.
 * @returns to be called with the gateway once it runs.
 */
function haltBySignal(settings: Settings): (gateway: Gateway) => void {
  let running: Gateway | null = null
  const halt = (): void => {
    const reason = 'The signal USR2 was sent to the gateway.'
    if (running === null) {
      try {
        writeHaltFile(placesIn(settings.dataDir).halt, { by: 'signal', reason, at: new Date().toISOString() })
      } catch {
        // Nothing has been sent, and nothing will be.
        process.exit(EXIT.DATA.code)
      }
      return
    }
    const { desk, log } = running
    desk
      .halt({ reason, actor: { type: 'system', id: 'signal', via: 'signal', session: null } })
      .catch((error: unknown) => log.error({ error: String(error) }, 'the halt by a signal could not be recorded'))
  }
  // There are no such signals on Windows.
  if (process.platform !== 'win32') process.on('SIGUSR2', halt)
  return (gateway) => {
    running = gateway
  }
}

const DEMO_EVERY_MS = 20_000
const SLOW_START_MS = 2_000

/** What somebody needs who has just typed `npm start`. */
async function welcome(ctx: Context, gateway: Gateway, loaded: Loaded): Promise<void> {
  const { settings } = loaded
  const { url, setupCode, places, verifierKey, firstStart } = gateway
  const halt = readHaltFile(places.halt)
  const self = ownCommand(loaded)
  const bold = (text: string): string => paint('bold', text, process.stdout)
  const lines = [
    `${bold(`Jax Execution ${VERSION}`)}  ${accountID(settings)}  ${paint('green', 'paper money', process.stdout)}`,
    ...(halt.halted
      ? [
          '',
          paint(
            'red',
            `HALTED by ${halt.by}: ${harmless(halt.reason)}. No new order leaves until a person releases it.`,
            process.stdout,
          ),
        ]
      : []),
    '',
    'Dashboard (the link signs you in, once, within an hour):',
    `  ${bold(signinUrl(url, setupCode))}`,
    '',
    'Send a signal, as the assistant would:',
    ...(await curlExample(gateway)).map((line) => `  ${line}`),
    '',
    'Decide on the command line instead:',
    `  ${self} login ${setupCode} --name YOUR-NAME`,
    `  ${self} queue`,
    '',
    `Data      ${places.dir}`,
    `API       ${url}/docs`,
    `Assistant ${self} mcp, or ${url}/mcp: see docs/mcp.md`,
    ...(firstStart
      ? [
          `Audit key ${verifierKey}`,
          '          Note this line elsewhere: with it anybody can check that no history was rewritten.',
        ]
      : []),
    `Stop      Ctrl-C here; stop trading from anywhere with: ${self} halt`,
  ]
  ctx.out.answer(
    {
      url,
      setupCode,
      dataDir: places.dir,
      version: VERSION,
      account: accountID(settings),
      halted: halt.halted,
      verifierKey,
    },
    () => lines.join('\n'),
  )
}

/** A signal at prices of now, ready to paste. */
async function curlExample({ url, places, clock, speed, broker, symbols }: Gateway): Promise<readonly string[]> {
  const symbol = symbols[0] ?? 'AAPL'
  // A broker that does not answer just now costs the example, not the start.
  const quote = await broker.quote(symbol).catch((error: unknown) => {
    if (error instanceof ReadFailed) return null
    throw error
  })
  if (quote === null) return [`see ${url}/docs`]
  const now = toMs(clock.now())
  const prices = { symbol, bid: text(quote.bid), ask: text(quote.ask) }
  // In the middle of every range: an honest buy.
  const body = demoSignal(prices, `hello-${now.toString(36)}`, () => 0.5, new Date(now), 3_600_000 * speed)
  return [
    `curl ${url}/v1/intents -H "Authorization: Bearer $(cat ${inShell(places.agentToken)})" \\`,
    `  -H 'Content-Type: application/json' -d '${JSON.stringify({ ...body, reasoning: 'My first signal.' })}'`,
  ]
}
