import type { SizingModel } from '../api/wire.ts'
import { dec, parseDecimal, shortest, times } from '../values/decimal.ts'
import { err, ok, type Result } from '../values/result.ts'

/** How a sizing is written on the command line; the examples of the help. */
export const SIZINGS = [
  'budget',
  'risk:0.5%',
  'quantity:10',
  'notional:2500',
  'volatility:0.5%,2',
  'kelly:55%,1.8,0.25',
] as const

const HUNDREDTH = dec('0.01')

/** Reads `risk:0.5%`; null is the risk budget alone. An error says how it is written. */
export function parseSizing(written: string): Result<SizingModel | null, string> {
  if (written === 'budget') return ok(null)
  const at = written.indexOf(':')
  const [kind, given] = [written.slice(0, at), written.slice(at + 1).split(',')]
  const figures = given.map(figure)
  const [a, b, c] = figures
  const wrong = err(
    `${JSON.stringify(written)} is no sizing. It is one of ${SIZINGS.join(', ')}: the risk budget; a share lost at the stop; units; an amount; a share for a move of so many average true ranges; share of wins, what a win pays against a loss, and the fraction of Kelly's share.`,
  )
  if (at < 0 || figures.some((one) => one === null)) return wrong
  if (kind === 'risk' && a && figures.length === 1) return ok({ kind, share: a })
  if (kind === 'quantity' && a && figures.length === 1) return ok({ kind, orderQty: a })
  if (kind === 'notional' && a && figures.length === 1) return ok({ kind, notional: a })
  if (kind === 'volatility' && a && b && figures.length === 2) return ok({ kind, share: a, ranges: b })
  if (kind === 'kelly' && a && b && c && figures.length === 3) return ok({ kind, winRate: a, payoff: b, fraction: c })
  return wrong
}

/** `0.5%` is 0.005. */
function figure(text: string): string | null {
  const isPercent = text.trim().endsWith('%')
  const value = parseDecimal(isPercent ? text.trim().slice(0, -1).trim() : text.trim())
  if (!value.ok) return null
  return shortest(isPercent ? times(value.value, HUNDREDTH) : value.value)
}
