// The other side of the wire, for people: a broker on this machine that the gateway can trade with as with the real one.
import { resolve } from 'node:path'
import type { Market } from '../../markets/market.ts'
import { pacedMarket } from '../../markets/paced.ts'
import { replayMarket } from '../../markets/replay.ts'
import { seededMarket } from '../../markets/seeded.ts'
import type { Fault as Spoiled } from '../../simulators/alpaca/fate.ts'
import { type AlpacaSimulator, type AlpacaTruth, startAlpacaSimulator } from '../../simulators/alpaca/server.ts'
import type { Amt } from '../../values/decimal.ts'
import { Fault } from '../../values/fault.ts'
import { base32, sha256 } from '../../values/hash.ts'
import type { Instant } from '../../values/instant.ts'
import { systemClock } from '../clock.ts'
import { inShell, programName } from '../config.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { harmless, paint } from '../print.ts'
import { nameOf, onPort, untilStopped, writeSet } from './simulating.ts'

export type SimulateOptions = {
  readonly port: number
  readonly seed: number
  readonly state?: string
  readonly market: string
  readonly hours: 'always' | 'regular'
  readonly speed?: number
  readonly cash: Amt
  readonly frames: 'binary' | 'text'
  readonly chaos?: number
  readonly keyId?: string
  readonly secretKey?: string
  readonly writeConfig?: string
}

/** As often as the market of the built-in broker moves. */
const TICK_MS = 250
/** With chaos the stream is cut about this often as well: often enough to be seen in a drill. */
const CUT_MS = 45_000
const REPLAY_SPEED = 60

/** What chaos does to a request: each is a way in which a real line has failed. */
const SPOILED: readonly Spoiled[] = [
  { kind: 'drop-before' },
  { kind: 'drop-after' },
  { kind: 'status-before', status: 503 },
  { kind: 'status-after', status: 504 },
  { kind: 'status-before', status: 429, headers: { 'Retry-After': '1' } },
  { kind: 'garbage-after' },
]

export async function simulateAlpaca(ctx: Context, options: SimulateOptions): Promise<void> {
  const clock = systemClock()
  const keys = keysOf(options)
  const market = marketOf(options, clock.now())
  const state = options.state === undefined ? null : resolve(options.state)
  let listening = false
  const simulator = await started(options, () =>
    startAlpacaSimulator({
      market,
      clock,
      initialCash: options.cash,
      keys,
      port: options.port,
      seed: options.seed,
      frames: options.frames,
      stateFile: state,
      log: (line) => listening && ctx.out.say(paint('dim', harmless(line), process.stderr)),
    }),
  )
  listening = true
  const asked = untilStopped()
  const timers = [setInterval(() => market.advance(clock.now()), TICK_MS)]
  try {
    if (options.chaos !== undefined && options.chaos > 0) {
      simulator.fate.chaos({ seed: options.seed, rate: options.chaos, kinds: SPOILED, path: /^\/v2\// })
      timers.push(setInterval(() => simulator.fate.cut(), CUT_MS))
    }
    const written = options.writeConfig === undefined ? null : writeConfig(options.writeConfig, simulator.url, keys)
    const said = { broker: 'alpaca', url: simulator.url, streamUrl: simulator.streamUrl, ...keys, config: written }
    ctx.out.answer(said, () => welcome(simulator, keys, written, state, options.chaos ?? 0).join('\n'))
    const tell = teller((line) => ctx.out.say(line))
    tell(simulator.truth(), false)
    timers.push(setInterval(() => tell(simulator.truth(), true), TICK_MS))
    await asked
    tell(simulator.truth(), true)
  } finally {
    for (const timer of timers) clearInterval(timer)
    await simulator.close()
  }
  ctx.out.say('Stopped.')
}

// --- what it is made of

type Keys = { readonly keyID: string; readonly secretKey: string }

/** Made from the seed, so that the configuration of yesterday still fits. They open nothing but this simulator. */
function keysOf({ seed, keyId, secretKey }: SimulateOptions): Keys {
  const made = (what: string, length: number): string => base32(sha256(`alpaca simulator ${what} ${seed}`), length)
  return { keyID: keyId ?? `PKSIM${made('id', 15).toUpperCase()}`, secretKey: secretKey ?? made('secret', 40) }
}

function marketOf({ market, seed, hours, speed }: SimulateOptions, now: Instant): Market {
  if (market === 'seeded') {
    const seeded = seededMarket({ seed, from: now, hours })
    return speed === undefined || speed === 1 ? seeded : pacedMarket(seeded, { inner: now, outer: now, speed })
  }
  const file = /^replay:(.+)$/.exec(market)?.[1]
  if (file === undefined)
    throw new Stop(
      'USAGE',
      `--market is ${JSON.stringify(market)}; it can be seeded, or replay:FILE with one-minute bars.`,
    )
  try {
    const bars = replayMarket({ files: [resolve(file)] })
    return pacedMarket(bars, { inner: bars.startsAt, outer: now, speed: speed ?? REPLAY_SPEED })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Stop('CONFIG', `The bars to replay cannot be used: ${error.message}.`, { code: error.code, cause: error })
  }
}

async function started(options: SimulateOptions, start: () => Promise<AlpacaSimulator>): Promise<AlpacaSimulator> {
  const { port, state } = options
  try {
    return await onPort(port, start)
  } catch (error) {
    if (error instanceof Stop || state === undefined || !(error instanceof Error)) throw error
    throw new Stop('DATA', `The simulated account cannot be kept in ${state}: ${error.message}.`, {
      code: 'SIMULATOR_STATE',
      lines: ['Name another file, or remove this one to begin with a new account.'],
      cause: error,
    })
  }
}

// --- what people read

function welcome(
  { url }: AlpacaSimulator,
  { keyID, secretKey }: Keys,
  written: string | null,
  state: string | null,
  chaos: number,
): string[] {
  const bold = (text: string): string => paint('bold', text, process.stdout)
  const program = programName()
  const settings = configuration(url, 'FILE-WITH-THE-KEY-ID', 'FILE-WITH-THE-SECRET-KEY')
  return [
    `${bold('Alpaca, simulated')}  ${url}  ${paint('green', 'play money', process.stdout)}`,
    '',
    `Key id      ${keyID}`,
    `Secret key  ${secretKey}`,
    `Account     ${state === null ? 'in memory; with --state FILE it is there again next time' : `kept in ${state}`}`,
    ...(chaos > 0
      ? [`Chaos       ${(chaos * 100).toFixed(1)} % of the requests go wrong, and the stream is cut now and then`]
      : []),
    '',
    ...(written === null
      ? [
          'Put each key into a file of its own (chmod 600), and this into a configuration file:',
          '',
          ...settings.split('\n'),
        ]
      : ['Trade with it, in another terminal:', `  ${bold(`${program} serve --config ${inShell(written)}`)}`, '']),
    ...(written === null
      ? [`Or let it be written: --write-config alpaca-sim.yaml, and then: ${program} serve --config alpaca-sim.yaml`]
      : []),
    'Orders and fills are shown here as the broker sees them. Ctrl-C stops it.',
  ]
}

const configuration = (
  url: string,
  keyFile: string,
  secretFile: string,
): string => `# Paper trading with the simulated Alpaca of: jax-exec simulate alpaca
dataDir: data-alpaca-sim
listen:
  # Beside a gateway on 7070, and the simulator on 7071.
  port: 7072
account:
  broker: alpaca
alpaca:
  keyID: file:${keyFile}
  secretKey: file:${secretFile}
  url: ${url}
`

/** A configuration that is ready to use, and the keys beside it. */
function writeConfig(named: string, url: string, { keyID, secretKey }: Keys): string {
  const name = nameOf(named)
  return writeSet(named, configuration(url, `${name}.key-id`, `${name}.secret-key`), {
    [`${name}.key-id`]: keyID,
    [`${name}.secret-key`]: secretKey,
  })
}

/** Tells what is new between two looks at the broker's truth, a line an order or a fill. */
function teller(say: (line: string) => void): (truth: AlpacaTruth, aloud: boolean) => void {
  const statuses = new Map<string, string>()
  const fills = new Set<string>()
  return (truth, aloud) => {
    const names = new Map(truth.orders.map((order) => [order.order_id, order.client_order_id]))
    for (const { id, order_id, symbol, side, qty, price, live } of truth.executions) {
      const key = `${id} ${live}`
      if (fills.has(key)) continue
      fills.add(key)
      if (aloud)
        say(line(live ? 'fill' : 'bust', `${side} ${qty} ${symbol} at ${price}`, names.get(order_id) ?? order_id))
    }
    for (const { order_id, client_order_id, symbol, side, qty, filled, status, parent_id } of truth.orders) {
      if (statuses.get(order_id) === status) continue
      statuses.set(order_id, status)
      const done = filled === '0' ? '' : `, ${filled} filled`
      if (aloud)
        say(
          line(
            status,
            `${side} ${qty} ${symbol}${done}`,
            parent_id === null ? client_order_id : `exit of ${names.get(parent_id) ?? parent_id}`,
          ),
        )
    }
  }
}
const line = (what: string, said: string, name: string): string =>
  harmless(`${what.padEnd(16)} ${said}`).concat('  ', paint('dim', harmless(name), process.stderr))
