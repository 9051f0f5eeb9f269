import type { Capabilities } from '../../ports/broker.ts'

/**
 * What Alpaca takes from us. Sources: [O] docs.alpaca.markets "Placing Orders" (2026-01), [S] the official Trading API
 * OpenAPI (2026-06), [U] "User Protection" (2026-09).
 */
export const CAPABILITIES: Capabilities = {
  // Options are refused by not being here: their multiplier, exercise and expiry are nothing this gateway sizes yet.
  assetClasses: ['us_equity', 'crypto'],
  // [O] "Order Types". Trailing stops exist there too.
  ordTypes: ['Market', 'Limit', 'Stop', 'StopLimit'],
  // [S] `ioc` and `fok` are for accounts that asked sales for them; from others they are accepted and then canceled.
  timeInForce: ['Day', 'GTC'],
  // [O] "Bracket Orders". The exits begin to work only once the entry has filled completely: what a partly filled and
  // then canceled entry has bought is unprotected until the gateway places a stop of its own.
  bracket: true,
  legsWaitForWholeFill: true,
  // [S] A bracket has one `time_in_force`, and its legs no other.
  legsLastAsEntry: true,
  // [O] "OCO Orders": the stop is a child that Alpaca names itself, so a lost answer could not be resolved by our name
  // for it without memory of ours. A stop is placed alone instead.
  oneCancelsOther: false,
  // A used client_order_id is refused with 422, also after its order has ended (recorded on the paper host, 2026-10).
  idempotentSubmit: true,
  cancelAll: true,
  replace: true,
  closePositions: true,
  // [O] "Buying Power": open orders reserve it.
  reservesOpenOrders: true,
  // Orders are listed within moments; two minutes are beyond every timeout between here and their order book. A send that
  // should arrive later still is refused as a duplicate of whatever was sent again under its name.
  absenceProvenAfterMs: 120_000,
  // The same body under the same name: the answer is the order, or that the name is taken, which says the same.
  offerAgainAfterMs: 10_000,
  listedWithinMs: 10_000,
  perClass: {
    crypto: {
      // [S] `type` and `time_in_force`: market, limit and stop_limit; gtc and ioc.
      ordTypes: ['Market', 'Limit', 'StopLimit'],
      timeInForce: ['GTC', 'IOC'],
      // [O] simple orders only. A `stop_loss` would be taken and silently dropped.
      bracket: false,
      oneCancelsOther: false,
    },
  },
  // 200 requests a minute for account and key; the reads that nobody asked for stay below a quarter of them. The books
  // are compared once a minute, which covers every open order: a question about one of them is there for a list with gaps.
  pace: { quotesMs: 2_500, accountMs: 10_000, pollMs: 120_000 },
}
