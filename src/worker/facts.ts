import type { MarketFacts } from '../gate/facts.ts'
import type { Broker, BrokerPosition } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { AccountReading } from '../ports/records.ts'
import type { Reads } from '../ports/store.ts'

/** Reads everything the gate wants to know about one symbol. A read that fails leaves nothing half known: it throws. */
export async function readMarket(broker: Broker, symbol: string, clock: Clock): Promise<MarketFacts> {
  const instrument = await broker.instrument(symbol)
  if (!instrument) return { symbol, instrument: null, quote: null, session: null, conversion: null, at: clock.now() }
  const [quote, session, conversion] = await Promise.all([
    broker.quote(symbol),
    broker.session(symbol),
    broker.conversion(instrument.currency),
  ])
  return { symbol, instrument, quote, session, conversion, at: clock.now() }
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
