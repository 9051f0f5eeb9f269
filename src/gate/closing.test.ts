import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freshOrder, type Order } from '../orders/machine.ts'
import type { Role, Side } from '../orders/terms.ts'
import type { ClOrdID, IntentID } from '../values/brand.ts'
import { amt, dec, px, qty, text } from '../values/decimal.ts'
import { plusMs } from '../values/instant.ts'
import { type Closing, type ClosingRules, nextStep } from './closing.ts'
import { AAPL, ACCOUNT, MARKET, NOW, POLICY } from './example.ts'

const ago = (ms: number) => plusMs(NOW, -ms)
const RULES: ClosingRules = { collarBps: 300, market: false, policy: POLICY, speed: 1 }

const family = (heldQty: string, side: Side = 'Buy', intentID = 'I1') => ({
  intentID: intentID as IntentID,
  side,
  heldQty: qty(heldQty),
})
function order(role: Role, size: string, change: Partial<Order> = {}, name = `jx-${role}`): Order {
  const terms = {
    symbol: 'AAPL',
    side: 'Sell',
    ordType: 'Limit',
    timeInForce: 'Day',
    orderQty: qty(size),
    price: px('180.00'),
    stopPx: null,
    bracket: null,
    reduceOnly: true,
  } as const
  const made = { intentID: 'I1' as IntentID, role, parent: null, clOrdID: name as ClOrdID, account: ACCOUNT.account }
  const fresh = freshOrder({ ...made, terms, corr: 'I1' }, ago(3_000))
  return { ...fresh, delivery: 'Delivered', phase: 'New', sentAt: ago(3_000), ...change }
}
const REJECTED = { delivery: 'Rejected', phase: 'Rejected', text: 'no shares' } as const
const rejected = (agoMs: number): Order =>
  order('Exit', '100', { ...REJECTED, createdAt: ago(agoMs + 100), updatedAt: ago(agoMs) })

/** The broker holds 100 AAPL, all of one intent; nothing is open, and nothing has moved for a while. */
const HELD: Closing = {
  symbol: 'AAPL',
  broker: { netQty: dec('100'), at: ago(100) },
  bookQty: dec('100'),
  stillSince: ago(2_000),
  open: [],
  families: [family('100')],
  tries: [],
  movedAt: ago(2_000),
  market: MARKET,
  takes: { ordTypes: ['Market', 'Limit', 'Stop'], timeInForce: ['Day', 'GTC'] },
}
const net = (netQty: string, at = ago(100)) => ({ broker: { netQty: dec(netQty), at } })
const market = (change: Partial<typeof MARKET>) => ({ market: { ...MARKET, ...change } })
const instrument = (change: Partial<typeof AAPL>) => market({ instrument: { ...AAPL, ...change } })
const STALE = market({ quote: { ...MARKET.quote!, at: ago(60_000) } })
const LASTS = { stillSince: ago(11_000) }

describe('the next step towards nothing', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, what: Partial<Closing>, rules: Partial<ClosingRules>, step: string])[] = [
    ['one intent holds all of it',        {},                                                             {}, 'Ready I1:Sell 100 at 181.87 Day'],
    ['sold at once or not at all, where that is offered', { takes: { ...HELD.takes, timeInForce: ['Day', 'IOC'] } }, {}, 'Ready I1:Sell 100 at 181.87 IOC'],
    ['a short position is bought back',   { ...net('-100'), bookQty: dec('-100'), families: [family('100', 'Sell')] }, {}, 'Ready I1:Buy 100 at 193.13 Day'],
    ['two intents',                       { ...net('150'), bookQty: dec('150'), families: [family('100'), family('50', 'Buy', 'I2')] }, {}, 'Ready I1:Sell 100 at 181.87 Day, I2:Sell 50 at 181.87 Day'],
    ['two intents, and less there',       { ...net('120'), bookQty: dec('150'), families: [family('100'), family('50', 'Buy', 'I2')] }, {}, 'Ready I1:Sell 100 at 181.87 Day, I2:Sell 20 at 181.87 Day'],
    ['the broker holds less than ours',   net('60'),                                                      {}, 'Ready I1:Sell 60 at 181.87 Day'],
    ['an intent of the other side is not enlarged', { ...net('50'), bookQty: dec('50'), families: [family('100'), family('50', 'Sell', 'I2')] }, {}, 'Ready I1:Sell 50 at 181.87 Day'],
    ['whichever comes first',             { ...net('50'), bookQty: dec('50'), families: [family('50', 'Sell', 'I2'), family('100')] }, {}, 'Ready I1:Sell 50 at 181.87 Day'],
    ['more than our intents, and booked', { ...net('140'), bookQty: dec('140') },                         {}, 'Ready I1:Sell 100 at 181.87 Day, own:Sell 40 at 181.87 Day'],
    ['more than our book, just now',      net('140'),                                                     {}, 'Ready I1:Sell 100 at 181.87 Day'],
    ['more than our book, for long',      { ...net('140'), ...LASTS },                                    {}, 'Ready I1:Sell 100 at 181.87 Day, own:Sell 40 at 181.87 Day'],
    ['all of it unknown, just now',       { ...net('40'), bookQty: dec('0'), families: [] },              {}, 'Unexplained'],
    ['all of it unknown, for long',       { ...net('40'), bookQty: dec('0'), families: [], ...LASTS },    {}, 'Ready own:Sell 40 at 181.87 Day'],
    ['not in one order',                  instrument({ maxQty: qty('30') }),                              {}, 'Ready I1:Sell 30 at 181.87 Day'],
    ['in whole lots',                     { ...instrument({ lot: qty('30'), minQty: qty('30') }) },       {}, 'Ready I1:Sell 90 at 181.87 Day'],
    ['less than a lot',                   instrument({ lot: qty('200'), minQty: qty('200') }),            {}, 'Dust'],
    ['less than an order must be worth',  instrument({ minNotional: amt('20000') }),                      {}, 'Dust'],
    ['just as much as it must be worth',  instrument({ minNotional: amt('18749') }),                      {}, 'Ready I1:Sell 100 at 181.87 Day'],

    ['nothing is held',                   { ...net('0'), bookQty: dec('0'), families: [] },               {}, 'Flat'],
    ['nothing there, and our book lags',  net('0'),                                                       {}, 'Unexplained'],
    ['nothing there, for long',           { ...net('0'), ...LASTS },                                      {}, 'Flat'],
    ['not read since the last trade',     { broker: null },                                               {}, 'Reading'],
    ['an order ended while it was read',  { movedAt: ago(300) },                                          {}, 'Reading'],
    ['an order ended just before',        { movedAt: ago(600) },                                          {}, 'Ready I1:Sell 100 at 181.87 Day'],

    ['a stop rests',                      { open: [order('Stop', '100')] },                               {}, 'Canceling cancels jx-Stop'],
    ['an entry rests',                    { open: [order('Entry', '100')] },                              {}, 'Canceling cancels jx-Entry'],
    ['an order of other hands rests',     { open: [order('External', '100')] },                           {}, 'Canceling cancels jx-External'],
    ['a stop is being canceled',          { open: [order('Stop', '100', { asked: 'Cancel' })] },          {}, 'Canceling'],
    ['a stop is in doubt',                { open: [order('Stop', '100', { delivery: 'InDoubt' })] },      {}, 'InDoubt cancels jx-Stop'],
    ['an entry is on its way',            { open: [order('Entry', '100', { delivery: 'Sending', asked: 'Cancel' })] }, {}, 'InDoubt'],
    ['an exit works',                     { open: [order('Exit', '100')] },                               {}, 'Working'],
    ['an exit has worked for long',       { open: [order('Exit', '100', { sentAt: ago(5_000) })] },       {}, 'Canceling cancels jx-Exit'],
    ['an exit is in doubt, for long',     { open: [order('Exit', '100', { sentAt: ago(50_000), delivery: 'InDoubt' })] }, {}, 'InDoubt'],
    ['an exit works for one of two',      { ...net('150'), bookQty: dec('150'), families: [family('50'), family('100', 'Buy', 'I2')], open: [order('Exit', '100')] }, {}, 'Working'],

    ['the market is closed',              market({ session: { open: false, nextOpenAt: null, at: ago(1000) } }), {}, 'WaitsForOpen'],
    ['nor is it then sold at any price',  market({ session: { open: false, nextOpenAt: null, at: ago(1000) } }), { market: true }, 'WaitsForOpen'],
    ['nobody knows whether it is open',   market({ session: null }),                                      {}, 'WaitsForOpen'],
    ['it is not tradable',                instrument({ tradable: false }),                                {}, 'NotTradable'],
    ['nothing is known of it',            { market: null },                                               {}, 'NotTradable'],
    ['the quote is old',                  STALE,                                                          {}, 'NoQuote'],
    ['there is no quote',                 market({ quote: null }),                                        {}, 'NoQuote'],
    ['a person allowed any price',        {},                                                             { market: true }, 'Ready I1:Sell 100 Market Day'],
    ['and on an old quote',               STALE,                                                          { market: true }, 'Ready I1:Sell 100 Market Day'],
    ['where the broker takes none such',  { ...STALE, takes: { ...HELD.takes, ordTypes: ['Limit'] } },    { market: true }, 'NoQuote'],

    ['one went a moment ago',             { tries: [order('Exit', '100', { phase: 'Canceled', createdAt: ago(600) })] }, {}, 'Reading'],
    ['one ended unfilled',                { tries: [order('Exit', '100', { phase: 'Canceled' })] },       {}, 'Ready I1:Sell 100 at 181.87 Day'],
    ['rejected just now',                 { tries: [rejected(500)] },                                     {}, 'Rejected'],
    ['rejected a second ago',             { tries: [rejected(1_000)] },                                   {}, 'Ready I1:Sell 100 at 181.87 Day'],
    ['rejected twice',                    { tries: [rejected(9_000), rejected(4_000)] },                  {}, 'Rejected'],
    ['twice, and long ago',               { tries: [rejected(9_000), rejected(5_000)] },                  {}, 'Ready I1:Sell 100 at 181.87 Day'],
    ['two of one moment are one no',      { tries: [rejected(1_500), rejected(1_500)] },                  {}, 'Ready I1:Sell 100 at 181.87 Day'],
    ['rejected too often',                { tries: [9, 8, 7, 6, 5, 4].map((n) => rejected(n * 100_000)) }, {}, 'NeedsPerson'],
    ['a yes between begins anew',         { tries: [...[9, 8, 7].map((n) => rejected(n * 100_000)), order('Exit', '1', { phase: 'Filled' }), ...[5, 4, 3].map((n) => rejected(n * 100_000))] }, {}, 'Ready I1:Sell 100 at 181.87 Day'],
  ]
  for (const [name, what, rules, wanted] of rows)
    it(name, () => {
      const { state, cancels, places } = nextStep({ ...HELD, ...what }, { ...RULES, ...rules }, NOW)
      const placed = places.map(({ intentID, terms: t }) => {
        assert.deepEqual([t.reduceOnly, t.bracket, t.stopPx], [true, null, null])
        const how = t.price ? `at ${text(t.price)}` : t.ordType
        return `${intentID ?? 'own'}:${t.side} ${text(t.orderQty)} ${how} ${t.timeInForce}`
      })
      const canceled = cancels.length > 0 ? `cancels ${cancels.map((o) => o.clOrdID).join(' ')}` : ''
      assert.equal([state, canceled, placed.join(', ')].filter(Boolean).join(' '), wanted)
    })

  it('waits longer where the clock runs faster', () => {
    const tries = [rejected(5_000)]
    assert.equal(nextStep({ ...HELD, tries }, RULES, NOW).state, 'Ready')
    assert.equal(nextStep({ ...HELD, tries, movedAt: null }, { ...RULES, speed: 10 }, NOW).state, 'Rejected')
  })
})
