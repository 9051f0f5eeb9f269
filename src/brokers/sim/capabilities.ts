import type { Capabilities } from '../../ports/broker.ts'

/** What the simulated broker can do. Both kinds of exit are switches, so that every way of protecting a position can be tried. */
export const capabilities = (how: {
  readonly nativeBracket: boolean
  readonly oneCancelsOther: boolean
}): Capabilities => ({
  assetClasses: ['us_equity', 'fx', 'crypto'],
  ordTypes: ['Market', 'Limit', 'Stop', 'StopLimit'],
  timeInForce: ['Day', 'GTC', 'IOC', 'FOK'],
  bracket: how.nativeBracket,
  oneCancelsOther: how.oneCancelsOther,
  // A ClOrdID that was used is refused, whatever came of it.
  idempotentSubmit: true,
  cancelAll: true,
  replace: true,
  closePositions: true,
  // Its buying power is already less by the orders it holds.
  reservesOpenOrders: true,
  // An order is in the book before its reply leaves, so only the way here takes time. Two seconds are far beyond it.
  absenceProvenAfterMs: 2000,
})
