import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Ticket } from '../orders/ticket.ts'
import type { Bracket, Terms } from '../orders/terms.ts'
import type { AccountID, ClOrdID, IntentID } from '../values/brand.ts'
import { amt, px, qty } from '../values/decimal.ts'
import { instant, type Instant, parseInstant } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { canonicalOrder, digestOf, fingerprint, orderDigest } from './digest.ts'

const at = (time: string): Instant => parseInstant(`2026-11-22T${time}Z`) as Instant

const BRACKET: Required<Bracket> = { stopPx: px('185.00'), targetPx: px('192.50'), stopLimitPx: px('175.75') }
const TERMS: Required<Terms> = {
  symbol: 'AAPL',
  side: 'Buy',
  ordType: 'Limit',
  timeInForce: 'Day',
  orderQty: qty('10'),
  price: px('187.50'),
  stopPx: null,
  bracket: BRACKET,
  reduceOnly: false,
}
const TICKET: Required<Ticket> = {
  intentID: 'sig-42' as IntentID,
  rev: 3,
  account: 'paper:alpaca:1' as AccountID,
  environment: 'paper',
  broker: 'alpaca',
  assetClass: 'us_equity',
  replaces: 'jx1' as ClOrdID,
  terms: TERMS,
  maxNotional: amt('1880.00'),
  currency: 'USD',
  refPx: px('187.20'),
  refAt: at('15:13:20'),
  maxDriftBps: 50,
}

describe('the digest', () => {
  it('is the one of the published vector', () => {
    const order = {
      account: 'paper:alpaca:1',
      asset_class: 'us_equity',
      broker: 'alpaca',
      env: 'paper',
      limit_price: '187.50',
      max_drift_bps: 50,
      max_notional: '1880.00',
      order_id: 'ord_01',
      qty: '10',
      ref_price: '187.20',
      ref_ts: '2026-11-22T15:13:20Z',
      rev: 3,
      side: 'buy',
      symbol: 'AAPL',
      tif: 'day',
      type: 'limit',
      v: 1,
    }
    assert.equal(orderDigest(order), '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0')
    assert.equal(fingerprint(orderDigest(order)), 'd02c-ec62')
  })

  it('is over names that no broker owns, and exact text', () => {
    assert.deepEqual(canonicalOrder(TICKET), {
      v: 1,
      order_id: 'sig-42',
      replaces: 'jx1',
      rev: 3,
      account: 'paper:alpaca:1',
      env: 'paper',
      broker: 'alpaca',
      asset_class: 'us_equity',
      symbol: 'AAPL',
      side: 'buy',
      qty: '10',
      type: 'limit',
      tif: 'day',
      reduce_only: false,
      limit_price: '187.50',
      bracket: { stop_price: '185.00', target_price: '192.50', stop_limit_price: '175.75' },
      max_notional: '1880.00',
      currency: 'USD',
      ref_price: '187.20',
      ref_ts: '2026-11-22T15:13:20.000000Z',
      max_drift_bps: 50,
    })
  })

  it('is 43 characters, the same for the same ticket', () => {
    assert.match(digestOf(TICKET), /^[A-Za-z0-9_-]{43}$/)
    assert.equal(digestOf(structuredClone(TICKET)), digestOf(TICKET))
  })
})

/** Every field that there is: a new one does not compile here until it has other values, and then must be in the digest. */
const OTHER_TERMS: { readonly [K in keyof Required<Terms>]: readonly Terms[K][] } = {
  symbol: ['MSFT', 'AAPL.X'],
  side: ['Sell'],
  ordType: ['Market', 'Stop', 'StopLimit'],
  timeInForce: ['GTC', 'IOC', 'FOK'],
  orderQty: [qty('11'), qty('1'), qty('0.10'), qty('10.5')],
  price: [null, px('187.51'), px('0'), px('-187.50')],
  stopPx: [px('186.00'), px('187.50'), px('0')],
  bracket: [null],
  reduceOnly: [true],
}
const OTHER_BRACKET: { readonly [K in keyof Required<Bracket>]: readonly Bracket[K][] } = {
  stopPx: [px('184.99'), px('192.50')],
  targetPx: [null, px('192.51'), px('185.00')],
  stopLimitPx: [undefined, px('175.74'), px('185.00'), px('192.50')],
}
const OTHER_TICKET: { readonly [K in Exclude<keyof Required<Ticket>, 'terms'>]: readonly Ticket[K][] } = {
  intentID: ['sig-43' as IntentID],
  rev: [2, 4],
  account: ['live:alpaca:1' as AccountID, 'paper:alpaca:2' as AccountID],
  environment: ['live'],
  broker: ['ibkr'],
  assetClass: ['fx', 'crypto'],
  replaces: [undefined, 'jx2' as ClOrdID],
  maxNotional: [amt('1880.01'), amt('18800.0')],
  currency: ['EUR'],
  refPx: [px('187.21')],
  refAt: [instant(at('15:13:20') + 1)],
  maxDriftBps: [51, 0],
}

function* changed(): Generator<readonly [what: string, ticket: Ticket]> {
  const each = <T extends object>(others: { readonly [K in keyof T]: readonly T[K][] }) =>
    (Object.keys(others) as (keyof T & string)[]).flatMap((key) => others[key].map((value) => [key, value] as const))
  for (const [key, value] of each(OTHER_TICKET)) yield [`${key} = ${String(value)}`, { ...TICKET, [key]: value }]
  for (const [key, value] of each(OTHER_TERMS))
    yield [`terms.${key} = ${JSON.stringify(value)}`, { ...TICKET, terms: { ...TERMS, [key]: value } }]
  for (const [key, value] of each(OTHER_BRACKET))
    yield [
      `bracket.${key} = ${String(value)}`,
      { ...TICKET, terms: { ...TERMS, bracket: { ...BRACKET, [key]: value } } },
    ]
}

describe('every field is under the approval', () => {
  it('the tables below name every field of a real ticket', () => {
    assert.deepEqual(
      Object.keys(OTHER_TICKET).sort(),
      Object.keys(TICKET)
        .filter((key) => key !== 'terms')
        .sort(),
    )
    assert.deepEqual(Object.keys(OTHER_TERMS).sort(), Object.keys(TERMS).sort())
    assert.deepEqual(Object.keys(OTHER_BRACKET).sort(), Object.keys(BRACKET).sort())
  })

  const seen = new Map([[digestOf(TICKET), 'as it was']])
  for (const [what, ticket] of changed())
    it(`another digest for ${what}`, () => {
      const digest = digestOf(ticket)
      assert.equal(seen.get(digest), undefined)
      seen.set(digest, what)
    })

  it('two tickets share a digest only when they are the same', () => {
    const oneOf = <T>(was: T, others: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(was, ...others)
    const record = <T extends object>(was: T, others: { readonly [K in keyof T]: readonly T[K][] }): fc.Arbitrary<T> =>
      fc.record(
        Object.fromEntries(
          (Object.keys(others) as (keyof T & string)[]).map((key) => [key, oneOf(was[key], others[key])]),
        ),
      ) as fc.Arbitrary<T>
    const bracket = fc.option(record<Bracket>(BRACKET, OTHER_BRACKET))
    const terms = fc.tuple(record<Terms>(TERMS, OTHER_TERMS), bracket).map(([t, b]) => ({ ...t, bracket: b }))
    const { terms: _, ...head } = TICKET
    const ticket = fc
      .tuple(record<Omit<Ticket, 'terms'>>(head, OTHER_TICKET), terms)
      .map(([t, of]): Ticket => ({ ...t, terms: of }))
    fc.assert(
      fc.property(ticket, ticket, (a, b) => assert.equal(digestOf(a) === digestOf(b), canonical(a) === canonical(b))),
      { numRuns: 500 },
    )
  })
})
