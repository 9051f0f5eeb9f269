import { join } from 'node:path'
import { replayMarket } from '../brokers/sim/replay.ts'
import type { Market } from '../brokers/sim/market.ts'
import { seededMarket } from '../brokers/sim/seeded.ts'
import { openSim } from '../brokers/sim/sim.ts'
import type { Broker } from '../ports/broker.ts'
import { Fault } from '../values/fault.ts'
import { type Instant, msBetween, plusMs } from '../values/instant.ts'
import { clockOf, type ClockSpec, lapseClock, SYSTEM, systemClock } from './clock.ts'
import { accountID, type Settings } from './config.ts'
import type { Places } from './datadir.ts'
import { Stop } from './exit.ts'

export type OpenedBroker = {
  readonly broker: Broker
  /** The time that this broker's market keeps; the whole process goes by it. */
  readonly spec: ClockSpec
  readonly speed: number
  /** What is traded, without the symbols that are there to misbehave. */
  readonly symbols: readonly string[]
  stop(): Promise<void>
}

/** How often the market moves, in a person's time: faster than anybody reads, slow enough to cost nothing. */
const TICK_MS = 250
/** A replay does not make people wait through a night: it goes on a minute before the next bar. */
const NIGHT_MS = 10 * 60_000
const BEFORE_OPEN_MS = 60_000

/**
 * Opens the broker of the configuration with the clock of its market.
 * @param own what a test brings along: a clock, or a market it moves by hand.
 * @throws {Stop} CONFIG when the recorded bars cannot be read.
 */
export async function openBroker(
  settings: Settings,
  places: Places,
  own: { readonly clock?: ClockSpec; readonly market?: Market },
): Promise<OpenedBroker> {
  const { sim } = settings
  const recorded = own.market === undefined && sim.market.kind === 'replay' ? replay(sim.market.file) : null
  const spec =
    own.clock ??
    (recorded === null && sim.speed === 1
      ? SYSTEM
      : lapseClock({ startAt: recorded?.startsAt ?? systemClock().now(), speed: sim.speed }).spec)
  const clock = clockOf(spec)
  const market = own.market ?? recorded ?? seededMarket({ seed: sim.seed, from: clock.now(), hours: sim.hours })
  const broker = openSim({
    account: accountID(settings),
    clock,
    market,
    logFile: join(places.dir, 'sim-broker.db'),
    nativeBracket: sim.nativeBracket,
    oneCancelsOther: true,
    latencyMs: 0,
    initialCash: sim.initialCash,
    currency: sim.currency,
  })
  const pass = (): void => {
    market.advance(clock.now())
    if (recorded !== null && 'advanceTo' in clock)
      leapOverNight(recorded, clock as { now(): Instant; advanceTo(at: Instant): void })
  }
  pass()
  const timer = own.market === undefined ? setInterval(pass, TICK_MS) : undefined
  return {
    broker,
    spec,
    // A clock that is moved by hand stands still in between: its durations are the market's own.
    speed: spec.kind === 'lapse' && spec.speed > 0 ? spec.speed : 1,
    symbols: [...market.instruments.keys()].filter((symbol) => !symbol.startsWith('SIM.')),
    async stop() {
      clearInterval(timer)
      await broker.close()
    },
  }
}

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

function leapOverNight(market: Market, clock: { now(): Instant; advanceTo(at: Instant): void }): void {
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
