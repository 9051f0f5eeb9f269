import { join } from 'node:path'
import { CAPABILITIES as ALPACA } from '../brokers/alpaca/capabilities.ts'
import type { AlpacaOptions, AlpacaRefusal } from '../brokers/alpaca/client.ts'
import { endpointsOf } from '../brokers/alpaca/hosts.ts'
import { capabilities } from '../brokers/sim/capabilities.ts'
import type { Market } from '../markets/market.ts'
import { replayMarket } from '../markets/replay.ts'
import { seededMarket } from '../markets/seeded.ts'
import { openSim } from '../brokers/sim/sim.ts'
import { type Broker, type Capabilities, ReadFailed } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'
import { clockOf, type ClockSpec, type LapseClock, lapseClock, SYSTEM, systemClock } from './clock.ts'
import { accountID, alpacaKeys, hasOwnClock, type Settings } from './config.ts'
import type { Places } from './datadir.ts'
import { Stop } from './exit.ts'
import type { Level, Log } from './log.ts'

/** What is known of the broker before it is opened: nothing on the disk is touched until then. */
export type PreparedBroker = {
  /** The time that this broker's market keeps; the whole process goes by it. */
  readonly spec: ClockSpec
  readonly speed: number
  readonly capabilities: Capabilities
  /** What is traded, without the symbols that are there to misbehave. */
  readonly symbols: readonly string[]
  /**
   * Opens the account: the simulated broker's own book, or the connection to a real one. Only the one process that holds
   * the data directory may. @throws {Stop} with what a person can do when it cannot be opened; then nothing was sent.
   */
  readonly open: (log: Log) => Promise<{ readonly broker: Broker; readonly stop: () => Promise<void> }>
}

/** How often the market moves, in a person's time: faster than anybody reads, slow enough to cost nothing. */
const TICK_MS = 250
/** A replay does not make people wait through a night: it goes on a minute before the next bar. */
const NIGHT_MS = 10 * 60_000
const BEFORE_OPEN_MS = 60_000

/** What a test brings along: a clock, or a market it moves by hand. */
type Own = { readonly clock?: ClockSpec; readonly market?: Market }

/**
 * Prepares the broker of the configuration with the clock of its market.
 * @throws {Stop} CONFIG when its keys or the recorded bars cannot be read.
 */
export function prepareBroker(settings: Settings, places: Places, own: Own): PreparedBroker {
  return settings.account.broker === 'alpaca' ? prepareAlpaca(settings) : prepareSim(settings, places, own)
}

/** Well known and busy: for the printed example, and for the demo. */
const WELL_KNOWN = ['AAPL', 'MSFT', 'NVDA', 'SPY', 'TSLA'] as const

function prepareAlpaca(settings: Settings): PreparedBroker {
  const { host, simulated, connect } = alpacaOf(settings)
  return {
    spec: SYSTEM,
    speed: 1,
    capabilities: ALPACA,
    symbols: WELL_KNOWN,
    async open(log) {
      try {
        const broker = await connect({
          log: (level, message, facts) => log[quieter(level, facts)](facts, message),
        })
        return { broker, stop: () => broker.close() }
      } catch (error) {
        throw error instanceof ReadFailed ? unreachable(error, host, simulated) : error
      }
    },
  }
}

/** Five seconds are longer than a broker takes that works, and short enough to ask again. */
const VISIT = { visiting: true, reserve: 0, deadlineMs: 5_000, log: () => {} } as const

/**
 * The way to a broker that works on while the service does not, for whoever stops it by hand; null where the broker lives
 * in the service. Opening it throws `ReadFailed` when it does not answer.
 * @throws {Stop} CONFIG when its keys cannot be read; later, when they are refused.
 */
export function visitBroker(
  settings: Settings,
): { readonly host: string; readonly open: () => Promise<Broker> } | null {
  if (settings.account.broker !== 'alpaca') return null
  const { host, connect } = alpacaOf(settings)
  return { host, open: () => connect(VISIT) }
}

/** @throws {Stop} CONFIG when the keys cannot be read; and when Alpaca refuses them. */
function alpacaOf(settings: Settings) {
  const { environment } = settings.account
  const { url, requestsPerMinute } = settings.alpaca
  const keys = alpacaKeys(settings)
  if (!keys.ok) throw new Stop('CONFIG', `${keys.error}.`, { code: 'SECRET_UNREADABLE' })
  const endpoints = endpointsOf(environment, url ?? null)
  if (!endpoints.ok) throw new Stop('CONFIG', `alpaca.url cannot be used: ${endpoints.error}.`)
  const simulated = url !== undefined
  const connect = async (how: Pick<AlpacaOptions, 'log' | 'visiting' | 'reserve' | 'deadlineMs'>): Promise<Broker> => {
    // Read only where it is used: nobody else waits for it.
    const { AlpacaRefusal: Refusal, openAlpaca } = await import('../brokers/alpaca/client.ts')
    try {
      return await openAlpaca({
        account: accountID(settings),
        environment,
        keys: keys.value,
        endpoints: endpoints.value,
        clock: systemClock(),
        random: Math.random,
        requestsPerMinute,
        ...how,
      })
    } catch (error) {
      throw error instanceof Refusal ? refused(error, simulated, how.visiting === true) : error
    }
  }
  return { host: endpoints.value.trading, simulated, connect }
}

/**
 * Reads come every few seconds for ever, and a broker that is away fails all of them: that it is away is said once, by
 * `pulse.ts`. What was asked for, and what went wrong with it, is kept.
 */
const quieter = (level: 'info' | 'warn' | 'error', facts: Readonly<Record<string, unknown>>): Level =>
  facts['method'] !== 'GET' || level === 'error' ? level : level === 'warn' ? 'info' : 'debug'

/** The keys do not open the account that the configuration means. */
const refused = (error: AlpacaRefusal, simulated: boolean, visiting: boolean): Stop =>
  new Stop('CONFIG', error.message, {
    code: error.code,
    lines: [
      visiting
        ? 'Nothing was asked of the broker: look at its own page, and cancel there.'
        : 'Nothing was started, and nothing was sent.',
      ...(simulated
        ? ['alpaca.url is set: the simulator there takes the keys that it printed when it was started.']
        : []),
    ],
    cause: error,
  })

const unreachable = (error: ReadFailed, host: string, simulated: boolean): Stop =>
  new Stop('UNAVAILABLE', `Alpaca does not answer at ${host}: ${error.message}.`, {
    code: 'BROKER_UNREACHABLE',
    lines: [
      'Nothing was started, and nothing was sent. Orders that are at the broker stay there.',
      simulated
        ? 'alpaca.url names another address than Alpaca’s own; the simulator is started with: jax-exec simulate alpaca'
        : 'Look at https://status.alpaca.markets, and at the way from this machine to there; then start again.',
    ],
    cause: error,
  })

function prepareSim(settings: Settings, places: Places, own: Own): PreparedBroker {
  const { sim } = settings
  const recorded = own.market === undefined && sim.market.kind === 'replay' ? replay(sim.market.file) : null
  const from = recorded?.startsAt ?? systemClock().now()
  const spec = own.clock ?? (hasOwnClock(settings) ? lapseClock({ startAt: from, speed: sim.speed }).spec : SYSTEM)
  const clock = clockOf(spec)
  const market = own.market ?? recorded ?? seededMarket({ seed: sim.seed, from: clock.now(), hours: sim.hours })
  const exits = { nativeBracket: sim.nativeBracket, oneCancelsOther: true }
  const pass = (): void => {
    market.advance(clock.now())
    if (recorded !== null && isLapse(clock)) leapOverNight(recorded, clock)
  }
  return {
    spec,
    // A clock that stands still until it is moved has no pace: pauses are in its own time, or none would ever end.
    speed: spec.kind === 'lapse' && spec.speed > 0 ? spec.speed : 1,
    capabilities: capabilities(exits),
    symbols: [...market.instruments.keys()].filter((symbol) => !symbol.startsWith('SIM.')),
    async open() {
      const broker = opened(join(places.dir, 'sim-broker.db'), (logFile) =>
        openSim({
          account: accountID(settings),
          clock,
          market,
          logFile,
          ...exits,
          latencyMs: 0,
          initialCash: sim.initialCash,
          currency: sim.currency,
        }),
      )
      const timer = own.market === undefined ? setInterval(pass, TICK_MS) : undefined
      if (timer !== undefined) pass()
      return {
        broker,
        async stop() {
          clearInterval(timer)
          await broker.close()
        },
      }
    },
  }
}

function opened(file: string, open: (file: string) => Broker): Broker {
  try {
    return open(file)
  } catch (error) {
    throw new Stop('DATA', `The book of the simulated broker cannot be used: ${(error as Error).message} (${file}).`, {
      code: 'SIM_BOOK',
      lines: [
        'Put it back from a copy. Without one, move it aside: the broker then begins with nothing, and what our own book says otherwise is found and becomes a task.',
      ],
      cause: error,
    })
  }
}

const isLapse = (clock: Clock): clock is LapseClock => 'advanceTo' in clock

function replay(file: string): ReturnType<typeof replayMarket> {
  try {
    return replayMarket({ files: [file] })
  } catch (error) {
    if (error instanceof Fault)
      throw new Stop('CONFIG', `The bars to replay cannot be used: ${error.message}.`, {
        code: error.code,
        cause: error,
      })
    throw error
  }
}

function leapOverNight(market: Market, clock: LapseClock): void {
  const now = clock.now()
  const opens: Instant[] = []
  for (const symbol of market.instruments.keys()) {
    const { open, nextOpenAt } = market.session(symbol, now)
    if (open || nextOpenAt === null) return
    opens.push(nextOpenAt)
  }
  const next = Math.min(...opens) as Instant
  if (msBetween(now, next) > NIGHT_MS) clock.advanceTo(plusMs(next, -BEFORE_OPEN_MS))
}
