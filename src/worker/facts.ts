import { type DaysFact, daysOf } from '../gate/days.ts'
import type { MarketFacts } from '../gate/facts.ts'
import { type Broker, type BrokerPosition, ReadFailed } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { AccountReading } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'
import { msBetween } from '../values/instant.ts'

/** The days that are over do not change; of the one that runs only the low may. */
const DAYS_MS = 10 * 60_000

/**
 * Reads everything the gate wants to know about one symbol. A read that fails leaves nothing half known: it throws. But
 * for its last days, which say when they were read.
 */
export async function readMarket(broker: Broker, reads: Reads, symbol: string, clock: Clock): Promise<MarketFacts> {
  const instrument = await broker.instrument(symbol)
  if (!instrument) return { symbol, instrument: null, quote: null, session: null, conversion: null, at: clock.now() }
  const [quote, session, conversion, days] = await Promise.all([
    broker.quote(symbol),
    broker.session(symbol),
    broker.conversion(instrument.currency),
    readDays(broker, reads, symbol, clock),
  ])
  return { symbol, instrument, quote, session, conversion, ...(days && { days }), at: clock.now() }
}

/** Read anew now and then. What cannot be read, as where a plan of market data leaves it out, holds up no quote. */
async function readDays(broker: Broker, reads: Reads, symbol: string, clock: Clock): Promise<DaysFact | null> {
  if (!broker.dailyBars) return null
  const known = (await reads.get('market', symbol))?.days ?? null
  const ageMs = known && msBetween(known.at, clock.now())
  if (ageMs !== null && ageMs >= 0 && ageMs < DAYS_MS) return known
  try {
    const bars = await broker.dailyBars(symbol)
    return bars && daysOf(bars)
  } catch (thrown) {
    if (thrown instanceof ReadFailed) return known
    throw thrown
  }
}

/**
 * @param reads where our book is: how much of it was written before the broker was asked.
 * @param positionsRead when they are being read for another purpose as well: one question is enough.
 */
export async function readAccount(
  broker: Broker,
  reads: Reads,
  clock: Clock,
  positionsRead: () => Promise<readonly BrokerPosition[]> = () => broker.positions(),
): Promise<AccountReading> {
  const { size } = await reads.head()
  // The time before the first read: what is known is at least as old as that.
  const at = clock.now()
  const [account, positions] = await Promise.all([broker.accountFact(), positionsRead()])
  return { account, positions: positions.map(({ symbol, netQty }) => ({ symbol, netQty })), at, afterRow: size }
}
