import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AssetClass, Instrument } from '../orders/instrument.ts'
import type { OrdType, Terms, TimeInForce } from '../orders/terms.ts'
import type { ClOrdID, ExecID, OrderID } from '../values/brand.ts'
import { amt, dec, px, qty, shortest, text } from '../values/decimal.ts'
import { instant } from '../values/instant.ts'
import { type BookOrder, type Event, evolve, emptyBook, freeze, latest, orderOf, type Rules } from './book.ts'
import { buyingPower, cash, equity } from './money.ts'
import { emptyExchange, type Exchange, type Input, step } from './step.ts'
import { get, values } from './table.ts'

const instrument = (
  symbol: string,
  assetClass: AssetClass,
  tick: string,
  lot: string,
  currency = 'USD',
): Instrument => ({
  symbol,
  name: symbol,
  assetClass,
  currency,
  ticks: [{ from: px('0'), tick: px(tick) }],
  lot: qty(lot),
  minQty: qty(lot),
  maxQty: qty('1000000'),
  tradable: symbol !== 'DEAD',
  shortable: symbol !== 'LONGONLY',
})

const LISTED = [
  instrument('A', 'us_equity', '0.01', '1'),
  instrument('LONGONLY', 'us_equity', '0.01', '1'),
  instrument('DEAD', 'us_equity', '0.01', '1'),
  instrument('EUR/USD', 'fx', '0.00001', '1'),
  instrument('USD/JPY', 'fx', '0.001', '1', 'JPY'),
]
const RULES: Rules = {
  name: 't',
  currency: 'USD',
  initialCash: amt('100000'),
  leverage: dec('2'),
  commissionRate: dec('0'),
  instruments: new Map(LISTED.map((i) => [i.symbol, i])),
}

/** A line of a scene becomes one input. The clock is the line number, in seconds. */
function inputOf(line: string, exchange: Exchange, lineNo: number): Input {
  const at = instant(lineNo * 1_000_000)
  const [verb = '', ...words] = line.trim().split(/\s+/)
  const word = (i: number): string => words[i] ?? ''
  const orderID = (label: string): OrderID => find(exchange, label).orderID
  const execID = (label: string, n: number): ExecID => find(exchange, label).trades[n]?.execID ?? ('' as ExecID)
  switch (verb) {
    case 'tick': {
      const [bidQty = null, askQty = null] = words.slice(4).map(qty)
      return {
        kind: 'Tick',
        symbol: word(0),
        bid: px(word(1)),
        ask: px(word(2)),
        last: px(word(3)),
        bidQty,
        askQty,
        at,
      }
    }
    case 'buy':
    case 'sell':
      return { kind: 'Submit', clOrdID: word(0) as ClOrdID, terms: termsOf(verb, words.slice(1)), at }
    case 'pair': {
      const leg = (name: string, type: string) => ({
        clOrdID: name as ClOrdID,
        terms: termsOf('sell', [word(2), word(3), ...type.split(' '), 'reduce']),
      })
      return { kind: 'SubmitPair', stop: leg(word(0), `stp ${word(4)}`), target: leg(word(1), `lmt ${word(5)}`), at }
    }
    case 'cancel':
      return { kind: 'Cancel', orderID: orderID(word(0)), at }
    case 'replace': {
      const [label, name, size, ...type] = words
      const { terms } = find(exchange, label ?? '')
      const { price, stopPx } = type.length > 0 ? termsOf('buy', ['1', 'A', ...type]) : terms
      const clOrdID = name === '-' ? null : (name as ClOrdID)
      return { kind: 'Replace', orderID: orderID(word(0)), clOrdID, orderQty: qty(size ?? ''), price, stopPx, at }
    }
    case 'cancel-all':
      return { kind: 'CancelAll', spare: new Set(words), at }
    case 'open':
    case 'close':
      return { kind: 'Session', symbol: word(0), open: verb === 'open', at }
    case 'late':
      return { kind: 'Trade', orderID: orderID(word(0)), lastQty: qty(word(1)), lastPx: px(word(2)), at }
    case 'bust':
      return { kind: 'Bust', orderID: orderID(word(0)), execID: execID(word(0), Number(word(1))), at }
    case 'correct':
      return {
        kind: 'Correct',
        orderID: orderID(word(0)),
        execID: execID(word(0), Number(word(1))),
        lastQty: qty(word(2)),
        lastPx: px(word(3)),
        at,
      }
    default:
      throw new Error(`no such line: ${line}`)
  }
}

/** `100 A lmt 99.5 gtc reduce bracket 95 110`: size, symbol, type, its prices, then anything else. */
function termsOf(verb: string, words: string[]): Terms {
  const [size = '', symbol = '', type = 'mkt', ...rest] = words
  const types: Record<string, OrdType> = { mkt: 'Market', lmt: 'Limit', stp: 'Stop', stl: 'StopLimit' }
  const tifs: Record<string, TimeInForce> = { day: 'Day', gtc: 'GTC', ioc: 'IOC', fok: 'FOK' }
  const prices = rest.slice(0, { mkt: 0, lmt: 1, stp: 1, stl: 2 }[type])
  const bracket = rest.includes('bracket') ? rest.slice(rest.indexOf('bracket') + 1) : null
  return {
    symbol,
    side: verb === 'buy' ? 'Buy' : 'Sell',
    ordType: types[type] ?? 'Market',
    timeInForce: tifs[rest.find((w) => w in tifs) ?? 'day'] ?? 'Day',
    orderQty: qty(size),
    price: type === 'lmt' || type === 'stl' ? px(prices.at(-1) ?? '') : null,
    stopPx: type === 'stp' || type === 'stl' ? px(prices[0] ?? '') : null,
    bracket: bracket && { stopPx: px(bracket[0] ?? ''), targetPx: bracket[1] === undefined ? null : px(bracket[1]) },
    reduceOnly: rest.includes('reduce'),
  }
}

/** `C1`, or `C1.s` and `C1.t` for the legs of its bracket. */
function find(exchange: Exchange, label: string): BookOrder {
  const [name = '', leg] = label.split('.')
  const orderID = get(exchange.book.names, name)
  const order = orderID && orderOf(exchange.book, orderID)
  if (!order) throw new Error(`no order ${label}`)
  if (!leg) return order
  const id = order.legs.find((l) => l.role === (leg === 's' ? 'Stop' : 'Target'))?.orderID
  return orderOf(exchange.book, id ?? '') as BookOrder
}

function labelOf(exchange: Exchange, event: Event): string {
  if (event.clOrdID) return event.clOrdID
  const known = orderOf(exchange.book, event.orderID)
  const leg = known && latest(exchange.book, known)
  const parent = leg?.parentOrderID && orderOf(exchange.book, leg.parentOrderID)
  return `${parent && parent.clOrdID}.${leg?.role === 'Stop' ? 's' : 't'}`
}

function said(exchange: Exchange, event: Event): string {
  const label = labelOf(exchange, event)
  switch (event.kind) {
    case 'Accepted':
      return `${label} ${event.state}`
    case 'Activated':
    case 'Resized':
      return `${label} ${event.kind} ${shortest(event.orderQty)}`
    case 'Traded':
      return `${label} ${shortest(event.lastQty)} @ ${shortest(event.lastPx)}`
    case 'Corrected':
      return `${label} Corrected ${shortest(event.lastQty)} @ ${shortest(event.lastPx)}`
    case 'Replaced': {
      const next = orderOf(exchange.book, event.by)
      return `${label} Replaced: ${next && shortest(next.terms.orderQty)}`
    }
    case 'Rejected':
    case 'Canceled':
    case 'Expired':
      return `${label} ${event.kind}${event.text ? `: ${event.text}` : ''}`
    case 'Triggered':
    case 'Relinked':
    case 'Busted':
      return `${label} ${event.kind}`
  }
}

function play(lines: readonly string[], rules: Rules = RULES) {
  let exchange = emptyExchange(rules)
  const events: Event[] = []
  const heard: string[][] = []
  lines.forEach((line, i) => {
    const done = step(exchange, inputOf(line, exchange, i + 1))
    exchange = done.exchange
    events.push(...done.events)
    const words = done.events.map((e) => said(exchange, e))
    if (!done.answer.ok && done.events.length === 0) words.push(`no: ${done.answer.text}`)
    heard.push(words)
  })
  const rebuilt = events.reduce(evolve, emptyBook)
  assert.deepEqual(freeze(rebuilt), freeze(exchange.book), 'the book is the fold of its events')
  return { exchange, heard }
}

/** A scene: lines of input, each with what the exchange says to it. */
type Scene = readonly [name: string, ...lines: readonly (readonly [input: string, ...heard: string[]])[]]

const SCENES: readonly Scene[] = [
  [
    'a market order takes what is shown, then waits for the next tick',
    ['tick A 99.99 100.00 100.00 500 60'],
    ['buy C1 100 A mkt', 'C1 Working', 'C1 60 @ 100'],
    ['tick A 100.00 100.01 100.00 500 500', 'C1 40 @ 100.01'],
  ],
  [
    'a limit order that crosses takes the better price; one that waits gets its own',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A lmt 101.00', 'C1 Working', 'C1 10 @ 100'],
    ['buy C2 10 A lmt 99.50', 'C2 Working'],
    ['tick A 99.55 99.56 99.55'],
    ['tick A 99.20 99.21 99.20', 'C2 10 @ 99.5'],
  ],
  [
    'what was left over when the sizes ran out takes the price shown',
    ['tick A 99.99 100.00 100.00 500 4'],
    ['buy C1 10 A lmt 101', 'C1 Working', 'C1 4 @ 100'],
    ['tick A 99.89 99.90 99.90 500 500', 'C1 6 @ 99.9'],
  ],
  [
    'the better price goes first, then the older order',
    ['tick A 100.00 100.01 100.00'],
    ['buy C1 10 A lmt 99.00', 'C1 Working'],
    ['buy C2 10 A lmt 99.50', 'C2 Working'],
    ['buy C3 10 A lmt 99.50', 'C3 Working'],
    ['tick A 98.90 98.91 98.90 100 15', 'C2 10 @ 99.5', 'C3 5 @ 99.5'],
    ['tick A 98.90 98.91 98.90 100 100', 'C3 5 @ 98.91', 'C1 10 @ 98.91'],
  ],
  [
    'orders of ours never meet each other',
    ['tick A 99.99 100.01 100.00'],
    ['buy C1 10 A lmt 100.00', 'C1 Working'],
    ['sell C2 10 A lmt 100.00', 'C2 Working'],
  ],
  [
    'a stop fills at the market, and a gap makes it worse',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A mkt', 'C1 Working', 'C1 10 @ 100'],
    ['sell C2 10 A stp 95 gtc reduce', 'C2 Working'],
    ['tick A 95.00 95.01 95.01'],
    ['tick A 91.00 91.02 91.01', 'C2 Triggered', 'C2 10 @ 91'],
  ],
  [
    'a stop limit does not sell below its limit',
    ['tick A 99.99 100.00 100.00'],
    ['sell C1 10 A stl 95 94', 'C1 Working'],
    ['tick A 91.00 91.02 91.01', 'C1 Triggered'],
    ['tick A 93.00 93.02 93.01'],
    ['tick A 94.50 94.52 94.51', 'C1 10 @ 94'],
  ],
  [
    'the stop of a currency watches the side it would hit',
    ['tick EUR/USD 1.08000 1.08010 1.08005'],
    ['buy C1 1000 EUR/USD stp 1.08100', 'C1 Working'],
    ['tick EUR/USD 1.08090 1.08100 1.08095', 'C1 Triggered', 'C1 1000 @ 1.081'],
  ],
  [
    'immediate or cancel, fill or kill',
    ['tick A 99.99 100.00 100.00 500 60'],
    ['buy C1 100 A mkt fok', 'C1 Working', 'C1 Canceled: fill or kill: cannot be filled whole'],
    ['buy C2 50 A lmt 99 fok', 'C2 Working', 'C2 Canceled: fill or kill: cannot be filled whole'],
    ['buy C3 50 A mkt fok', 'C3 Working', 'C3 50 @ 100'],
    ['buy C4 50 A mkt ioc', 'C4 Working', 'C4 10 @ 100', 'C4 Canceled: immediate or cancel: the rest cannot be filled'],
  ],
  [
    'legs wait for the entry, follow its fills, and one ends the other',
    ['tick A 99.99 100.00 100.00 500 40'],
    [
      'buy C1 100 A mkt day bracket 95 110',
      'C1 Working',
      'C1.s Held',
      'C1.t Held',
      'C1 40 @ 100',
      'C1.s Activated 40',
      'C1.t Activated 40',
    ],
    ['tick A 100.00 100.01 100.00 500 60', 'C1 60 @ 100.01', 'C1.s Resized 100', 'C1.t Resized 100'],
    ['tick A 110.10 110.12 110.11 30 30', 'C1.t 30 @ 110', 'C1.s Resized 70'],
    ['tick A 110.10 110.12 110.11 100 100', 'C1.t 70 @ 110.1', 'C1.s Canceled: one cancels the other'],
  ],
  [
    'the stop leg fills and the target goes',
    ['tick A 99.99 100.00 100.00'],
    [
      'buy C1 10 A mkt gtc bracket 95 110',
      'C1 Working',
      'C1.s Held',
      'C1.t Held',
      'C1 10 @ 100',
      'C1.s Activated 10',
      'C1.t Activated 10',
    ],
    ['tick A 94.00 94.02 94.01', 'C1.s Triggered', 'C1.s 10 @ 94', 'C1.t Canceled: one cancels the other'],
  ],
  [
    'a short entry is protected above',
    ['tick A 99.99 100.00 100.00'],
    ['sell C1 10 A mkt gtc bracket 105', 'C1 Working', 'C1.s Held', 'C1 10 @ 99.99', 'C1.s Activated 10'],
    ['tick A 105.00 105.02 105.01', 'C1.s Triggered', 'C1.s 10 @ 105.02'],
  ],
  [
    'an exit that trades ends the rest of its entry',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 100 A lmt 100 gtc bracket 95', 'C1 Working', 'C1.s Held', 'C1 40 @ 100', 'C1.s Activated 40'],
    [
      'tick A 94.99 100.01 95.00 500 500',
      'C1.s Triggered',
      'C1.s 40 @ 94.99',
      'C1 Canceled: an exit of its bracket traded',
    ],
  ],
  [
    'an entry that ends unfilled takes its legs along',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A lmt 99 gtc bracket 95 110', 'C1 Working', 'C1.s Held', 'C1.t Held'],
    ['cancel C1', 'C1 Canceled', 'C1.s Canceled: its entry ended unfilled', 'C1.t Canceled: one cancels the other'],
    ['cancel C1', 'no: order is already in "canceled" state'],
  ],
  [
    'an entry canceled half way keeps its exits for that half; a late fill makes them grow',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 100 A mkt day bracket 95', 'C1 Working', 'C1.s Held', 'C1 40 @ 100', 'C1.s Activated 40'],
    ['cancel C1', 'C1 Canceled'],
    ['late C1 5 100.02', 'C1 5 @ 100.02', 'C1.s Resized 45'],
  ],
  [
    'canceling one leg ends the bracket',
    ['tick A 99.99 100.00 100.00 500 40'],
    [
      'buy C1 100 A mkt day bracket 95 110',
      'C1 Working',
      'C1.s Held',
      'C1.t Held',
      'C1 40 @ 100',
      'C1.s Activated 40',
      'C1.t Activated 40',
    ],
    [
      'cancel C1.t',
      'C1.t Canceled',
      'C1.s Canceled: one cancels the other',
      'C1 Canceled: an exit of its bracket ended',
    ],
  ],
  [
    'a pair: a partial fill of one shrinks the other, a full one ends it',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 100 A mkt', 'C1 Working', 'C1 100 @ 100'],
    ['pair S T 100 A 95 110', 'S Working', 'T Working'],
    ['tick A 111 111.02 111.01 30 30', 'T 30 @ 110', 'S Resized 70'],
    ['tick A 94.5 94.52 94.51 30 30', 'S Triggered', 'S 30 @ 94.5', 'T Resized 70'],
    ['tick A 94.6 94.62 94.61', 'S 40 @ 94.6', 'T Canceled: one cancels the other'],
  ],
  [
    'a pair ends together, and must be one',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 100 A mkt', 'C1 Working', 'C1 100 @ 100'],
    ['pair S T 100 A 95 110', 'S Working', 'T Working'],
    ['cancel T', 'T Canceled', 'S Canceled: one cancels the other'],
    ['pair S T2 100 A 95 110', 'no: client order id must be unique'],
    [
      'pair S3 T3 100 A 110 95',
      'S3 Rejected: stop and target of a long position are the wrong way round',
      'T3 Rejected: stop and target of a long position are the wrong way round',
    ],
  ],
  [
    'an order that only reduces never turns a position round',
    ['tick A 99.99 100.00 100.00'],
    ['sell C1 10 A mkt reduce', 'C1 Rejected: reduce-only order has no position to reduce'],
    ['buy C2 10 A mkt', 'C2 Working', 'C2 10 @ 100'],
    ['sell C3 15 A stp 95 gtc reduce', 'C3 Working'],
    ['sell C4 4 A mkt', 'C4 Working', 'C4 4 @ 99.99'],
    [
      'tick A 95 95.01 95',
      'C3 Triggered',
      'C3 6 @ 95',
      'C3 Canceled: reduce-only order has no position left to reduce',
    ],
  ],
  [
    'day orders end with the session, others outlive it and meet the opening price',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A lmt 99', 'C1 Working'],
    ['buy C2 10 A lmt 99 gtc', 'C2 Working'],
    ['close A', 'C1 Expired: the session is over'],
    ['tick A 98 98.01 98'],
    ['buy C3 10 A mkt ioc', 'C3 Rejected: market is closed: IOC orders need an open session'],
    ['buy C4 5 A mkt', 'C4 Working'],
    ['open A'],
    ['tick A 97.00 97.01 97.00', 'C4 5 @ 97.01', 'C2 10 @ 97.01'],
  ],
  [
    'a day entry that runs out keeps the exits of what it bought',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 100 A mkt day bracket 95', 'C1 Working', 'C1.s Held', 'C1 40 @ 100', 'C1.s Activated 40'],
    ['close A', 'C1 Expired: the session is over'],
    ['open A'],
    ['tick A 94 94.01 94', 'C1.s Triggered', 'C1.s 40 @ 94'],
  ],
  [
    'a bust takes the trade back; what a finished order lost is not bought again',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 50 A mkt day bracket 95', 'C1 Working', 'C1.s Held', 'C1 40 @ 100', 'C1.s Activated 40'],
    ['bust C1 0', 'C1 Busted', 'C1.s Resized 0'],
    ['tick A 99.99 100.00 100.00 500 500', 'C1 50 @ 100', 'C1.s Resized 50'],
    ['bust C1 1', 'C1 Busted', 'C1.s Canceled: one cancels the other', 'C1 Canceled: the rest is not re-opened'],
    ['bust C1 1', 'no: trade was busted before'],
  ],
  [
    'a correction changes size and price',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 50 A mkt', 'C1 Working', 'C1 50 @ 100'],
    ['correct C1 0 40 99.5', 'C1 Corrected 40 @ 99.5', 'C1 Canceled: the rest is not re-opened'],
    ['sell C2 40 A mkt reduce', 'C2 Working', 'C2 40 @ 99.99'],
  ],
  [
    'more can be filled than was ordered, and after the end: the hand of God',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 50 A mkt', 'C1 Working', 'C1 50 @ 100'],
    ['late C1 5 100.01', 'C1 5 @ 100.01'],
  ],
  [
    'cancel-all spares what it is told to',
    ['tick A 99.99 100.00 100.00'],
    ['tick EUR/USD 1.08000 1.08010 1.08005'],
    ['buy C1 10 A lmt 99 gtc bracket 95', 'C1 Working', 'C1.s Held'],
    ['buy C2 10 EUR/USD lmt 1.07', 'C2 Working'],
    ['cancel-all EUR/USD', 'C1 Canceled', 'C1.s Canceled: its entry ended unfilled'],
    ['cancel-all', 'C2 Canceled'],
  ],
  [
    'an order is not met by a tick that was before it',
    ['tick A 99.99 100.00 100.00'],
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A lmt 99 gtc', 'C1 Working'],
  ],
  [
    'a replacement has what the old one has not filled, and goes to the market as a new order',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 100 A lmt 100', 'C1 Working', 'C1 40 @ 100'],
    ['replace C1 C2 90 lmt 99', 'C1 Replaced: 50', 'C2 Working'],
    ['late C1 5 100', 'C1 5 @ 100'],
    ['replace C2 C3 60 lmt 101', 'C2 Replaced: 15', 'C3 Working'],
    ['tick A 99.99 100.00 100.00 500 500', 'C3 15 @ 100'],
    ['bust C1 0', 'C1 Busted'],
  ],
  [
    'a replacement that reaches the market trades at once',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 100 A lmt 99 gtc', 'C1 Working'],
    ['replace C1 C2 100 lmt 100.5', 'C1 Replaced: 100', 'C2 Working', 'C2 100 @ 100'],
  ],
  [
    'what cannot be replaced works on, and the name is still free',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 100 A lmt 100', 'C1 Working', 'C1 40 @ 100'],
    ['replace C1 C1 100 lmt 99', 'no: client order id must be unique'],
    ['replace C1 C2 40 lmt 99', 'no: quantity must be more than 40, which is filled already'],
    ['replace C1 C2 100 lmt 100', 'no: nothing would change'],
    ['replace C1 C2 100 lmt 99.001', 'no: invalid limit price 99.001: must be a multiple of 0.01'],
    ['replace C1 C2 100 stp 99', 'no: Limit orders require a limit price'],
    ['replace C1 C2 90000 lmt 100', 'no: insufficient buying power'],
    ['replace C1 C2 100 lmt 100.01', 'C1 Replaced: 60', 'C2 Working'],
    ['replace C1 C3 100 lmt 100', 'no: order is already in "replaced" state'],
    ['cancel C1', 'no: order is already in "replaced" state'],
    ['cancel C2', 'C2 Canceled'],
    ['replace C2 C3 100 lmt 100', 'no: order is already in "canceled" state'],
  ],
  [
    'an order frees what it ties up for the one in its place, and a smaller one always fits',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 2000 A lmt 99', 'C1 Working'],
    ['replace C1 C2 2000 lmt 99.9', 'C1 Replaced: 2000', 'C2 Working'],
    ['buy C3 10 A lmt 99', 'C3 Rejected: insufficient buying power'],
    ['replace C2 C4 1000 lmt 99.9', 'C2 Replaced: 1000', 'C4 Working'],
  ],
  [
    'legs follow the order in the place of their entry, over what all of them filled',
    ['tick A 99.99 100.00 100.00 500 40'],
    [
      'buy C1 100 A lmt 100 gtc bracket 95 110',
      'C1 Working',
      'C1.s Held',
      'C1.t Held',
      'C1 40 @ 100',
      'C1.s Activated 40',
      'C1.t Activated 40',
    ],
    ['replace C1 C2 60 lmt 99', 'C1 Replaced: 20', 'C2 Working', 'C2.s Relinked', 'C2.t Relinked'],
    ['tick A 98.99 99.00 99.00 500 500', 'C2 20 @ 99', 'C2.s Resized 60', 'C2.t Resized 60'],
    ['bust C1 0', 'C1 Busted', 'C2.s Resized 20', 'C2.t Resized 20'],
    ['tick A 94 94.01 94', 'C2.s Triggered', 'C2.s 20 @ 94', 'C2.t Canceled: one cancels the other'],
  ],
  [
    'an order canceled in the place of one that has filled keeps its exits',
    ['tick A 99.99 100.00 100.00 500 40'],
    ['buy C1 100 A lmt 100 gtc bracket 95', 'C1 Working', 'C1.s Held', 'C1 40 @ 100', 'C1.s Activated 40'],
    ['replace C1 C2 60 lmt 99', 'C1 Replaced: 20', 'C2 Working', 'C2.s Relinked'],
    ['cancel C2', 'C2 Canceled'],
    ['tick A 94 94.01 94', 'C2.s Triggered', 'C2.s 40 @ 94'],
  ],
  [
    'legs that wait take the new size, and end with the new entry',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 100 A lmt 99 gtc bracket 95', 'C1 Working', 'C1.s Held'],
    ['replace C1 C2 60 lmt 98', 'C1 Replaced: 60', 'C2 Working', 'C2.s Relinked', 'C2.s Resized 60'],
    ['cancel C2', 'C2 Canceled', 'C2.s Canceled: its entry ended unfilled'],
  ],
  [
    'a leg gets another price but not another size, also before it works',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A lmt 99 gtc bracket 95 110', 'C1 Working', 'C1.s Held', 'C1.t Held'],
    ['replace C1.s - 20 stp 96', 'no: the size of an exit is not its own'],
    ['replace C1.s - 10 stp 96.001', 'no: invalid stop price 96.001: must be a multiple of 0.01'],
    ['replace C1.s - 10 stp 96', 'C1.s Replaced: 10', 'C1.s Held', 'C1 Relinked', 'C1.t Relinked'],
    ['tick A 98.99 99.00 99.00', 'C1 10 @ 99', 'C1.s Activated 10', 'C1.t Activated 10'],
    ['replace C1.t T2 10 lmt 109', 'C1.t Replaced: 10', 'T2 Working', 'C1 Relinked', 'C1.s Relinked'],
    ['tick A 109 109.01 109 4 4', 'T2 4 @ 109', 'C1.s Resized 6'],
    ['tick A 95.5 95.51 95.5', 'C1.s Triggered', 'C1.s 6 @ 95.5', 'T2 Canceled: one cancels the other'],
  ],
  [
    'one of a pair is replaced, and still ends the other',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 100 A mkt', 'C1 Working', 'C1 100 @ 100'],
    ['pair S T 100 A 95 110', 'S Working', 'T Working'],
    ['tick A 110.5 110.51 110.5 30 30', 'T 30 @ 110', 'S Resized 70'],
    ['tick A 109 109.01 109'],
    ['replace T T2 100 lmt 109.5', 'T Replaced: 70', 'T2 Working', 'S Relinked'],
    ['tick A 109.6 109.61 109.6 20 20', 'T2 20 @ 109.5', 'S Resized 50'],
    ['replace S S2 50 stp 96', 'S Replaced: 50', 'S2 Working', 'T2 Relinked'],
    ['tick A 96 96.01 96', 'S2 Triggered', 'S2 50 @ 96', 'T2 Canceled: one cancels the other'],
  ],
  [
    'a stop that was reached stays so, unless its stop price changes',
    ['tick A 99.99 100.00 100.00'],
    ['sell C1 10 A stl 95 94', 'C1 Working'],
    ['tick A 93.00 93.02 93.01', 'C1 Triggered'],
    ['replace C1 C2 10 stl 95 93.5', 'C1 Replaced: 10', 'C2 Working', 'C2 Triggered'],
    ['replace C2 C3 10 stl 92 91', 'C2 Replaced: 10', 'C3 Working'],
  ],
  [
    'a name is used once, for ever, whatever came of it',
    ['tick A 99.99 100.00 100.00'],
    ['buy C1 10 A mkt', 'C1 Working', 'C1 10 @ 100'],
    ['buy C1 10 A mkt', 'no: client order id must be unique'],
    ['buy C2 10 B mkt', 'C2 Rejected: asset "B" not found'],
    ['buy C2 10 A mkt', 'no: client order id must be unique'],
  ],
]

describe('the exchange', () => {
  for (const [name, ...lines] of SCENES)
    it(name, () => {
      const { heard } = play(lines.map(([input]) => input))
      assert.deepEqual(
        lines.map(([input], i) => [input, ...(heard[i] ?? [])]),
        lines,
      )
    })
})

describe('the exchange refuses', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [order: string, text: string])[] = [
    ['buy C1 10 B mkt',                           'asset "B" not found'],
    ['buy C1 10 DEAD mkt',                        'asset "DEAD" is not tradable'],
    ['buy C1 10.5 A mkt',                         'quantity 10.5 is not a multiple of 1'],
    ['buy C1 0 A mkt',                            'quantity must be at least 1'],
    ['buy C1 1000001 A mkt',                      'quantity must be at most 1000000'],
    ['buy C1 10 A lmt 99.001',                    'invalid limit price 99.001: must be a multiple of 0.01'],
    ['buy C1 10 A stp 101.005',                   'invalid stop price 101.005: must be a multiple of 0.01'],
    ['buy C1 10 A mkt bracket 95.001',            'invalid stop price of the bracket 95.001: must be a multiple of 0.01'],
    ['buy C1 10 A mkt bracket 95 110.001',        'invalid target price of the bracket 110.001: must be a multiple of 0.01'],
    ['buy C1 10 A lmt 0',                         'invalid limit price 0: outside the price range'],
    ['buy C1 10 A mkt bracket 100',               'bracket price 100 must be below 100.00'],
    ['buy C1 10 A mkt bracket 95 100',            'bracket price 100 must be above 100.00'],
    ['sell C1 10 A mkt bracket 99',               'bracket price 99 must be above 99.99'],
    ['buy C1 10 A stp 101 ioc',                   'IOC is for market and limit orders'],
    ['buy C1 10 A mkt reduce bracket 95',         'an order that only reduces cannot carry a bracket'],
    ['sell C1 10 LONGONLY mkt',                   'asset "LONGONLY" cannot be sold short'],
    ['buy C1 10 EUR/USD mkt',                     'no market data for "EUR/USD"'],
    ['buy C1 2001 A mkt',                         'insufficient buying power'],
    ['sell C1 2001 A mkt',                        'insufficient buying power'],
    ['sell C1 10 A mkt reduce',                   'reduce-only order has no position to reduce'],
  ]
  for (const [order, expected] of rows)
    it(`${order}: ${expected}`, () => {
      const { heard, exchange } = play(['tick A 99.99 100.00 100.00', 'tick LONGONLY 99.99 100.00 100.00', order])
      assert.deepEqual(heard[2], [`C1 Rejected: ${expected}`])
      assert.equal([...values(exchange.book.orders)].length, 1, 'a refused order is remembered under its name')
    })

  it('orders with prices of another type', () => {
    const terms = termsOf('buy', ['10', 'A', 'lmt', '99'])
    const exchange = play(['tick A 99.99 100.00 100.00']).exchange
    const told = (over: Partial<Terms>) => {
      const { answer } = step(exchange, {
        kind: 'Submit',
        clOrdID: 'C1' as ClOrdID,
        terms: { ...terms, ...over },
        at: instant(9),
      })
      return answer.ok ? null : answer.text
    }
    assert.equal(told({}), null)
    assert.equal(told({ price: null }), 'Limit orders require a limit price')
    assert.equal(told({ stopPx: px('98') }), 'Limit orders must not have a stop price')
    assert.equal(told({ ordType: 'Market' }), 'Market orders must not have a limit price')
    assert.equal(told({ ordType: 'StopLimit' }), 'StopLimit orders require a stop price')
  })
})

describe('money', () => {
  const money = (lines: readonly string[], rules: Rules = RULES) => {
    const { exchange } = play(lines, rules)
    return {
      cash: shortest(cash(exchange)),
      equity: shortest(equity(exchange)),
      power: shortest(buyingPower(exchange)),
    }
  }
  const start = 'tick A 99.99 100.00 100.00'

  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [name: string, lines: readonly string[], cash: string, equity: string, power: string])[] = [
    ['nothing yet',                        [],                                                                   '100000',  '100000',  '200000'],
    ['a waiting order ties up its price',  [start, 'buy C1 100 A lmt 90'],                                       '100000',  '100000',  '191000'],
    ['a canceled one does not',            [start, 'buy C1 100 A lmt 90', 'cancel C1'],                          '100000',  '100000',  '200000'],
    ['a position is worth its mark',       [start, 'buy C1 100 A mkt', 'tick A 101.99 102.00 102.00'],           '90000',   '100200',  '190200'],
    ['so is a short one',                  [start, 'sell C1 100 A mkt', 'tick A 101.99 102.00 102.00'],          '109999',  '99799',   '189398'],
    ['an order that closes ties up nothing', [start, 'buy C1 100 A mkt', 'sell C2 100 A lmt 120'],               '90000',   '100000',  '190000'],
    ['the part that turns round does',     [start, 'buy C1 100 A mkt', 'sell C2 150 A lmt 120'],                 '90000',   '100000',  '184000'],
    ['closed with a gain',                 [start, 'buy C1 100 A mkt', 'tick A 110 110.01 110', 'sell C2 100 A mkt'], '101000', '101000', '202000'],
    ['yen are converted at their own quote', ['tick USD/JPY 149.990 150.010 150.000', 'buy C1 1000 USD/JPY mkt', 'tick USD/JPY 159.990 160.010 160.000', 'sell C2 1000 USD/JPY mkt'],
                                                                                                                 '99999.870333', '100062.375', '200124.75'],
  ]
  for (const [name, lines, ...expected] of rows)
    it(name, () => {
      const m = money(lines)
      const cut = (t: string) => shortest(dec(t.includes('.') ? t.slice(0, t.indexOf('.') + 7) : t))
      assert.deepEqual([m.cash, m.equity, m.power].map(cut), expected)
    })

  it('a commission is rounded up to four places and leaves the cash', () => {
    const { exchange } = play([start, 'buy C1 1 A mkt'], { ...RULES, commissionRate: dec('0.0000333') })
    assert.equal(text(cash(exchange)), '99899.9966')
    assert.equal(shortest(equity(exchange)), '99999.9966')
  })

  it('a trade that closes is not stopped by a lack of buying power', () => {
    const { heard } = play([
      start,
      'buy C1 2000 A mkt',
      'tick A 79.99 80.00 80.00',
      'buy C2 1 A mkt',
      'sell C3 2000 A mkt',
    ])
    assert.deepEqual(heard.slice(3), [['C2 Rejected: insufficient buying power'], ['C3 Working', 'C3 2000 @ 79.99']])
  })
})
