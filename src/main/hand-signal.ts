import type { Quote } from '../api/wire.ts'
import { type Decimal, dec, minus, over, plus, round, scaleOf, text, times } from '../values/decimal.ts'

/** What a person typed; prices are optional. */
export type HandSignal = {
  readonly id?: string
  readonly symbol: string
  readonly side: string
  readonly entry?: string
  readonly stop?: string
  readonly target?: string
  readonly strategy: string
  readonly confidence: string
  readonly reasoning: string
  readonly validFor: number
}

/** A stop one percent from the entry and a target twice as far: wide enough for a trial, and shown before anybody says yes. */
const STOP_BPS = '100'
const TARGET_BPS = '200'

/**
 * A signal in Jax's shape. Numbers that were typed stay the text they were; those that were not are taken from the
 * quote, in its own digits.
 */
export function handSignal(
  asked: HandSignal,
  quote: Quote | null,
  newID: string,
  now: Date,
): Record<string, string | null> {
  const up = asked.side.toUpperCase() !== 'SELL'
  const entry = asked.entry ?? (quote && (up ? quote.ask : quote.bid))
  const away = (bps: string, gains: boolean): string | null =>
    entry && quote ? apart(dec(entry), bps, gains === up, dec(quote.ask)) : null
  return {
    id: asked.id ?? newID,
    symbol: asked.symbol.toUpperCase(),
    strategy_id: asked.strategy,
    signal_type: asked.side.toUpperCase(),
    confidence: asked.confidence,
    entry_price: entry,
    stop_loss: asked.stop ?? away(STOP_BPS, false),
    take_profit: asked.target ?? (asked.stop === undefined ? away(TARGET_BPS, true) : null),
    reasoning: asked.reasoning,
    generated_at: now.toISOString(),
    expires_at: new Date(now.getTime() + asked.validFor * 1000).toISOString(),
  }
}

function apart(price: Decimal, bps: string, above: boolean, likeThis: Decimal): string {
  const distance = over(times(price, dec(bps)), dec('10000'), { scale: 8, rounding: 'half-even' })
  return text(round(above ? plus(price, distance) : minus(price, distance), scaleOf(likeThis), 'half-even'))
}
