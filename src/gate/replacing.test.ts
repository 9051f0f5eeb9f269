import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HALT } from '../orders/example.ts'
import type { Order } from '../orders/machine.ts'
import type { Ticket } from '../orders/ticket.ts'
import { type Amt, amt, dec, px, qty, shortest, text } from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { instant, plusMs } from '../values/instant.ts'
import { AAPL, ACCOUNT, FACTS, limitedBy, MARKET, NOW, POLICY, PROPOSAL, RESTING } from './example.ts'
import type { Facts } from './facts.ts'
import type { Policy } from './policy.ts'
import { assess } from './gate.ts'
import {
  costOfRest,
  passReduction,
  recheckReplacement,
  reduces,
  replacementTicket,
  type Standing,
  wholeQty,
} from './replacing.ts'

/** 400 AAPL at 187.50 with a stop at 185.00, approved for 75000 USD. */
const MADE = assess(PROPOSAL, FACTS, POLICY, 1, NOW).ticket as Ticket

/** The order made of it, `filled` of it bought, and what was bought before it by those that it has replaced. */
function standing(filled = '0', before = '0', change: Partial<Order> = {}): Standing {
  const size = 400 - Number(before)
  const order: Order = {
    ...RESTING,
    intentID: PROPOSAL.intentID,
    terms: { ...MADE.terms, orderQty: qty(String(size)) },
    maxNotional: amt((size * 187.5).toFixed(2)),
    cumQty: qty(filled),
    ...change,
  }
  return { order, filledQty: qty(String(Number(before) + Number(filled))) }
}
/** One for 150 of them. */
const small = (filled: string): Standing =>
  standing(filled, '0', { terms: { ...MADE.terms, orderQty: qty('150') }, maxNotional: amt('28125.00') })
/** The account after that, as the broker shows it: what is bought is held, and what may still be bought is taken off. */
const factsOf = ({ order, filledQty }: Standing, change: Partial<Facts> = {}): Facts => ({
  ...FACTS,
  account: {
    account: { ...ACCOUNT, buyingPower: amt('200000.00') },
    positions: [{ symbol: 'AAPL', netQty: filledQty }],
    at: ACCOUNT.at,
  },
  bookQty: filledQty,
  inFlight: [order],
  ...change,
})

function ask(of: Standing, orderQty: string, price: string, facts: Partial<Facts> = {}, policy: Partial<Policy> = {}) {
  const known = factsOf(of, facts)
  const rules = { ...POLICY, ...policy }
  const asked = { orderQty: qty(orderQty), price: px(price) }
  const { ticket, refusals: made } = replacementTicket(of, asked, MADE, 2, PROPOSAL, known, rules, NOW)
  const got = ticket && recheckReplacement(ticket, of, PROPOSAL, known, rules, NOW)
  return { ticket, ...got, refusals: [...made, ...(got?.refusals ?? [])] }
}

describe('a replacement', () => {
  it('is beyond a soft limit on one order with all that it may come to', () => {
    const all = limitedBy()
    const maxOrderQty = { hard: null, soft: dec('399') }
    const limits = { ...all, values: { ...all.values, maxOrderQty } }
    const got = ask(standing('300'), '400', '187.40', {}, { limits })
    assert.deepEqual([got.refusals, 'soft' in got && got.soft], [[], ['maxOrderQty']])
  })
  it('is a ticket of its own, with the size of all generations, and passes as it was shown', () => {
    const of = standing('100', '50')
    assert.equal(shortest(wholeQty(of)), '400')
    const { ticket, ...got } = ask(of, '380', '187.60')
    assert.ok(ticket)
    assert.equal(ticket.replaces, of.order.clOrdID)
    assert.equal(ticket.rev, 2)
    assert.equal(text(ticket.maxNotional), '71288.00')
    assert.deepEqual(got, { ...got, refusals: [], drift: null })
    assert.deepEqual('passed' in got && got.passed, { ...MADE.terms, orderQty: '380', price: '187.60' })
    // 230 of the 380 are not filled yet.
    assert.equal(text(costOfRest(ticket, of.filledQty)), '43148.00')
  })

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, of: Standing, orderQty: string, price: string, codes: readonly string[], facts?: Partial<Facts>, policy?: Partial<Policy>])[] = [
    ['another price',                                standing(),             '400', '187.40', []],
    ['a dearer price is more risk',                  standing(),             '400', '187.60', ['RISK_ABOVE_BUDGET']],
    ['the risk counts all of it',                    standing('300'),        '410', '187.50', ['QTY_DIFFERS_FROM_SIZE', 'RISK_ABOVE_BUDGET']],
    ['what grows is sized again',                    standing('300'),        '401', '187.50', ['QTY_DIFFERS_FROM_SIZE']],
    ['as far as the size of now',                    small('100'),           '400', '187.50', []],
    ['and no further than the strategy wants',       small('100'),           '201', '187.50', ['QTY_DIFFERS_FROM_SIZE'], { model: { kind: 'quantity', orderQty: qty('200') } }],
    ['all of it together',                           small('100'),           '200', '187.50', [], { model: { kind: 'quantity', orderQty: qty('200') } }],
    ['nor without the range that it is sized by',    small('100'),           '160', '187.50', ['RANGE_MISSING'], { model: { kind: 'volatility', share: dec('0.01'), ranges: dec('2') } }],
    ['another price at the same size is not sized',  small('100'),           '150', '187.40', [], { model: { kind: 'quantity', orderQty: qty('7') } }],
    ['less of it at another price neither',          small('100'),           '140', '187.40', [], { model: { kind: 'quantity', orderQty: qty('7') } }],
    ['so does the limit for one order',              standing('300'),        '400', '187.50', ['ORDER_NOTIONAL_EXCEEDED'], {}, { maxOrderNotional: amt('74999') }],
    ['and the largest quantity',                     standing('300'),        '400', '187.40', ['ORDER_QTY_EXCEEDED'], {}, { limits: limitedBy({ maxOrderQty: '399' }) }],
    ['and the stage',                                standing('300'),        '400', '187.40', ['STAGE_NOTIONAL_EXCEEDED'], {}, { stageMaxNotional: amt('74950') }],
    ['what is filled counts once for the position',  standing('300'),        '400', '187.40', [], {}, { maxPositionNotional: amt('75000') }],
    ['and the rest beside it',                       standing('300'),        '400', '187.40', ['POSITION_NOTIONAL_EXCEEDED'], {}, { maxPositionNotional: amt('74990') }],
    ['the old order makes room',                     standing(),             '400', '187.40', [], { account: { account: { ...ACCOUNT, buyingPower: amt('5000.00') }, positions: [], at: ACCOUNT.at } }],
    ['but not more than it takes',                   standing(),             '400', '187.40', ['BUYING_POWER_EXCEEDED'], { account: { account: { ...ACCOUNT, buyingPower: amt('0.00') }, positions: [], at: ACCOUNT.at } }],
    ['not where the account does not know it yet',   standing('0', '0', { updatedAt: ACCOUNT.at }), '400', '187.40', ['BUYING_POWER_EXCEEDED'], { account: { account: { ...ACCOUNT, buyingPower: amt('5000.00') }, positions: [], at: ACCOUNT.at } }],
    ['a price on the wrong side of the stop',        standing(),             '400', '184.00', ['STOP_ON_WRONG_SIDE']],
    ['a price beyond the target',                    standing(),             '400', '193.00', ['TARGET_ON_WRONG_SIDE']],
    ['a price that is far away',                     standing(),             '100', '192.49', ['PRICE_OUTSIDE_COLLAR'], {}, { collarBps: 200 }],
    ['a price between the ticks',                    standing(),             '400', '187.505', ['PRICE_OFF_TICK']],
    ['during a halt',                                standing(),             '400', '187.40', ['TRADING_HALTED'], { halt: HALT }],
    ['of a frozen symbol',                           standing(),             '400', '187.40', ['INSTRUMENT_FROZEN'], { freeze: { symbol: 'AAPL', reason: 'x', since: NOW } }],
    ['on an old quote',                              standing(),             '400', '187.40', ['QUOTE_STALE'], { market: { ...MARKET, quote: MARKET.quote && { ...MARKET.quote, at: plusMs(NOW, -6000) } } }],
    ['without an account',                           standing(),             '400', '187.40', ['ACCOUNT_MISSING'], { account: null }],
  ]
  for (const [name, of, orderQty, price, codes, facts = {}, policy = {}] of rows)
    it(`${name}: ${codes.join(', ') || 'passes'}`, () => {
      const { refusals } = ask(of, orderQty, price, facts, policy)
      assert.deepEqual(
        refusals.map((r) => r.code),
        codes,
      )
    })

  it('is nothing when all of it is filled', () => {
    const of = standing('300')
    const ticket = { ...MADE, terms: { ...MADE.terms, orderQty: qty('300') } }
    assert.throws(
      () => recheckReplacement(ticket, of, PROPOSAL, factsOf(of), POLICY, NOW),
      (e) => e instanceof Fault && e.code === 'FILLED_ALREADY',
    )
  })

  it('waits for the market that was looked at', () => {
    const of = standing()
    const asked = { orderQty: qty('400'), price: px('187.40') }
    const { ticket } = replacementTicket(of, asked, MADE, 2, PROPOSAL, factsOf(of), POLICY, NOW)
    const market = { ...MARKET, quote: MARKET.quote && { ...MARKET.quote, bid: px('189.00'), ask: px('189.02') } }
    const { passed, drift } = recheckReplacement(ticket as Ticket, of, PROPOSAL, factsOf(of, { market }), POLICY, NOW)
    assert.deepEqual([passed, drift?.code], [null, 'PRICE_DRIFTED'])
  })
})

describe('less of the same', () => {
  const asked = (orderQty: string, price = '187.50') => ({ ...MADE.terms, orderQty: qty(orderQty), price: px(price) })
  it('is a smaller size at the same price, over all generations', () => {
    const of = standing('100', '50')
    assert.equal(reduces(asked('399'), of), true)
    assert.equal(reduces(asked('399', '187.5'), of), true)
    assert.equal(reduces(asked('400'), of), false)
    assert.equal(reduces(asked('399', '187.40'), of), false)
  })

  it('needs no market, costs its share, and passes whatever is halted', () => {
    const of = standing('100', '50')
    const blind = { ...FACTS, market: null, account: null, halt: HALT }
    const want = { orderQty: qty('200'), price: px('187.50') }
    const { ticket } = replacementTicket(of, want, MADE, 2, PROPOSAL, blind, POLICY, instant(0))
    assert.equal(text(ticket?.maxNotional as Amt), '37500.00')
    assert.deepEqual(passReduction(ticket as Ticket, of, null), { passed: ticket?.terms, refusals: [] })
  })

  it('is still a size that can be ordered', () => {
    const of = standing('100')
    const codes = (orderQty: string, lot: string) =>
      passReduction({ ...MADE, terms: asked(orderQty) }, of, { ...AAPL, lot: qty(lot), minQty: qty(lot) }).refusals.map(
        (r) => r.code,
      )
    assert.deepEqual(codes('150', '1'), [])
    assert.deepEqual(codes('150.5', '1'), ['QTY_NOT_LOT_MULTIPLE'])
    assert.deepEqual(codes('110', '100'), ['QTY_NOT_LOT_MULTIPLE', 'QTY_BELOW_MINIMUM'])
  })

  it('is no door for more', () => {
    for (const [terms, of] of [
      [asked('400'), standing('100')],
      [asked('300', '187.51'), standing('100')],
      [asked('100'), standing('100')],
    ] as const)
      assert.throws(
        () => passReduction({ ...MADE, terms }, of, AAPL),
        (e) => e instanceof Fault && e.code === 'NOT_A_REDUCTION',
      )
  })
})
