import type { Quote } from '../api/wire.ts'
import { abs, type Decimal, dec, minus, over, plus, round, scaleOf, text, times } from '../values/decimal.ts'
import { type Client, NoAnswer, ProblemAnswer } from './client.ts'

/** From 0 (inclusive) to 1 (exclusive). */
export type Random = () => number
/** A signal in Jax's shape. */
export type Signal = Readonly<Record<string, string>>

type Idea = { readonly name: string; readonly reasoning: (symbol: string, side: 'BUY' | 'SELL') => string }
const IDEAS: readonly Idea[] = [
  {
    name: 'pullback',
    reasoning: (symbol, side) =>
      `${symbol} ${side === 'BUY' ? 'came back to its 20-minute average in an up-trend' : 'bounced to its 20-minute average in a down-trend'}; volume fell on the way.`,
  },
  {
    name: 'breakout',
    reasoning: (symbol, side) =>
      `${symbol} left the range of the last hour ${side === 'BUY' ? 'upwards' : 'downwards'} on twice its usual volume.`,
  },
  {
    name: 'mean-reversion',
    reasoning: (symbol, side) =>
      `${symbol} stands two deviations ${side === 'BUY' ? 'below' : 'above'} its session average, with no news found.`,
  },
]

/** How a demo signal can be wrong, so that a refusal is seen now and then. */
type Flaw = 'none' | 'stop on the wrong side' | 'entry far from the market' | 'hold'
const FLAWS: readonly Exclude<Flaw, 'none'>[] = ['stop on the wrong side', 'entry far from the market', 'hold']
/** One in six is refused: often enough to be seen in two minutes, rare enough not to be what the demo is about. */
const FLAWED = 1 / 6

/** A plausible idea about a symbol at its quote: entry at the market, stop near, target about twice as far. */
export function demoSignal(
  quote: Pick<Quote, 'symbol' | 'bid' | 'ask'>,
  id: string,
  random: Random,
  now: Date,
  validMs = VALID_MS,
): Signal {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  const flaw: Flaw = random() < FLAWED ? pick(FLAWS) : 'none'
  const side = random() < 0.7 ? 'BUY' : 'SELL'
  const idea = pick(IDEAS)
  const scale = Math.max(scaleOf(dec(quote.bid)), scaleOf(dec(quote.ask)))
  const places = (price: Decimal): string => text(round(price, scale, 'half-even'))
  const part = (price: Decimal, bps: number): Decimal =>
    over(times(price, dec(String(bps))), dec('10000'), { scale: scale + 2, rounding: 'half-even' })

  const market = dec(side === 'BUY' ? quote.ask : quote.bid)
  const far = flaw === 'entry far from the market' ? part(market, 1500) : dec('0')
  const entry = side === 'BUY' ? plus(market, far) : minus(market, far)
  const risk = part(entry, 60 + Math.floor(random() * 90))
  const reward = times(risk, dec((1.6 + random() * 0.8).toFixed(2)))
  const up = (side === 'BUY') === (flaw !== 'stop on the wrong side')
  return {
    id,
    symbol: quote.symbol,
    strategy_id: idea.name,
    signal_type: flaw === 'hold' ? 'HOLD' : side,
    confidence: (0.55 + random() * 0.4).toFixed(2),
    entry_price: places(entry),
    stop_loss: places(up ? minus(entry, risk) : plus(entry, risk)),
    take_profit: places(side === 'BUY' ? plus(entry, abs(reward)) : minus(entry, abs(reward))),
    reasoning: idea.reasoning(quote.symbol, side),
    generated_at: now.toISOString(),
    expires_at: new Date(now.getTime() + validMs).toISOString(),
  }
}

const VALID_MS = 15 * 60_000

export type DemoDeps = {
  readonly client: Client
  readonly symbols: readonly string[]
  readonly random: Random
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** The market's time: signals are dated by it. */
  readonly now: () => Date
  readonly tell: (line: string) => void
  readonly everyMs: number
  /** Market seconds per second: an idea holds for a quarter of an hour of a person's time. */
  readonly speed: number
}

/** Sends a signal over HTTP as the assistant would, now and then, until `signal` aborts. What goes wrong is told, never thrown. */
export async function runDemo(deps: DemoDeps, signal: AbortSignal): Promise<void> {
  const { client, symbols, random, everyMs } = deps
  const run = deps.now().getTime().toString(36)
  for (let n = 1; !signal.aborted; n++) {
    const symbol = symbols[Math.floor(random() * symbols.length)]
    if (symbol === undefined) return
    try {
      const { intent } = await client.submit(
        demoSignal(await client.quote(symbol), `demo-${run}-${n}`, random, deps.now(), VALID_MS * deps.speed),
      )
      deps.tell(`${intent.intentID}: ${intent.side} ${symbol}, ${intent.state}`)
    } catch (error) {
      if (error instanceof ProblemAnswer)
        deps.tell(`${symbol}: ${error.problem.refusals?.map((r) => r.text).join('; ') || error.message}`)
      else if (error instanceof NoAnswer) {
        if (!signal.aborted) deps.tell(error.message)
      } else throw error
    }
    await deps.sleep(everyMs * (0.75 + random() * 0.5), signal)
  }
}
