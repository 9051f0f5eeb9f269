import { join } from 'node:path'
import { capabilities } from '../brokers/sim/capabilities.ts'
import type { Market } from '../markets/market.ts'
import { replayMarket } from '../markets/replay.ts'
import { seededMarket } from '../markets/seeded.ts'
import { openSim } from '../brokers/sim/sim.ts'
import type { Broker, Capabilities } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'
import { clockOf, type ClockSpec, type LapseClock, lapseClock, SYSTEM, systemClock } from './clock.ts'
import { accountID, hasOwnClock, type Settings } from './config.ts'
import type { Places } from './datadir.ts'
import { Stop } from './exit.ts'

/** What is known of the broker before it is opened: nothing on the disk is touched until then. */
export type PreparedBroker = {
  /** The time that this broker's market keeps; the whole process goes by it. */
  readonly spec: ClockSpec
  readonly speed: number
  readonly capabilities: Capabilities
  /** What is traded, without the symbols that are there to misbehave. */
  readonly symbols: readonly string[]
  /** Opens the broker's own book, and lets its market move. Only the one process that holds the data directory may. */
  readonly open: () => { readonly broker: Broker; readonly stop: () => Promise<void> }
}

/** How often the market moves, in a person's time: faster than anybody reads, slow enough to cost nothing. */
const TICK_MS = 250
/** A replay does not make people wait through a night: it goes on a minute before the next bar. */
const NIGHT_MS = 10 * 60_000
const BEFORE_OPEN_MS = 60_000

/**
 * Prepares the broker of the configuration with the clock of its market.
 * @param own what a test brings along: a clock, or a market it moves by hand.
 * @throws {Stop} CONFIG when the recorded bars cannot be read.
 */
export function prepareBroker(
  settings: Settings,
  places: Places,
  own: { readonly clock?: ClockSpec; readonly market?: Market },
): PreparedBroker {
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
    open() {
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
