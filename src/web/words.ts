import type { Instrument, Intent, IntentState, Level, Order, OrdStatus, Role, Side, Terms, Vote } from '../api/wire.ts'
import { grouped } from './decimal.ts'

/** How much attention something asks for; the colour follows, and never stands alone. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent'

export const STATE: Readonly<Record<IntentState, { label: string; tone: Tone }>> = {
  Received: { label: 'Gathering facts', tone: 'plain' },
  AwaitingApproval: { label: 'Awaiting approval', tone: 'accent' },
  Approved: { label: 'Approved', tone: 'good' },
  Refused: { label: 'Refused', tone: 'bad' },
  Declined: { label: 'Declined', tone: 'warn' },
  Lapsed: { label: 'Lapsed', tone: 'warn' },
  Withdrawn: { label: 'Withdrawn', tone: 'plain' },
}

export const ORD_STATUS: Readonly<Record<OrdStatus, { label: string; tone: Tone }>> = {
  PendingNew: { label: 'On its way', tone: 'accent' },
  New: { label: 'Working', tone: 'accent' },
  PartiallyFilled: { label: 'Partly filled', tone: 'accent' },
  Filled: { label: 'Filled', tone: 'good' },
  Canceled: { label: 'Canceled', tone: 'plain' },
  Replaced: { label: 'Replaced', tone: 'plain' },
  Rejected: { label: 'Rejected by broker', tone: 'bad' },
  Expired: { label: 'Expired', tone: 'plain' },
  PendingCancel: { label: 'Cancel asked', tone: 'warn' },
  PendingReplace: { label: 'Change asked', tone: 'warn' },
  InDoubt: { label: 'In doubt', tone: 'bad' },
  NotSent: { label: 'Not sent', tone: 'plain' },
}

/** The one sentence that keeps people from sending twice. */
export const IN_DOUBT = 'In doubt: asked, no answer yet. Do not resubmit.'

export const ROLE: Readonly<Record<Role, string>> = {
  Entry: 'Entry',
  Stop: 'Stop',
  Target: 'Target',
  Exit: 'Exit',
  External: 'Other hands',
}

const TIME_IN_FORCE: Readonly<Record<Terms['timeInForce'], string>> = {
  Day: 'good for the day',
  GTC: 'good till canceled',
  IOC: 'immediate or cancel',
  FOK: 'fill or kill',
}

const isOpen: Readonly<Record<OrdStatus, boolean>> = {
  PendingNew: true,
  New: true,
  PartiallyFilled: true,
  PendingCancel: true,
  PendingReplace: true,
  InDoubt: true,
  Filled: false,
  Canceled: false,
  Replaced: false,
  Rejected: false,
  Expired: false,
  NotSent: false,
}
export const isWorking = (order: Order): boolean => isOpen[order.ordStatus]

/** "limit 187.50", "market", "stop 185.00", "stop 185.00, limit 184.80". */
export function priceInWords(terms: Pick<Terms, 'ordType' | 'price' | 'stopPx'>): string {
  const [price, stop] = [grouped(terms.price ?? '?'), grouped(terms.stopPx ?? '?')]
  switch (terms.ordType) {
    case 'Market':
      return 'market'
    case 'Limit':
      return `limit ${price}`
    case 'Stop':
      return `stop ${stop}`
    case 'StopLimit':
      return `stop ${stop}, limit ${price}`
  }
}

/** Where the broker takes no plain stop: " with its limit at 175.75", to be put after the stop. */
export const limitOfStop = ({ stopLimitPx }: NonNullable<Terms['bracket']>): string =>
  stopLimitPx === undefined ? '' : ` with its limit at ${grouped(stopLimitPx)}`

const HOW: Readonly<Record<Side, string>> = { Buy: 'or lower', Sell: 'or higher' }

/** The order as one would say it on the phone: "Buy 53 AAPL at 187.50 or lower, good for the day". */
export function orderInWords(terms: Terms): string {
  const at =
    terms.ordType === 'Limit'
      ? `at ${grouped(terms.price ?? '?')} ${HOW[terms.side]}`
      : terms.ordType === 'Market'
        ? 'at the market'
        : `at ${priceInWords(terms)}`
  return `${terms.side} ${grouped(terms.orderQty)} ${terms.symbol} ${at}, ${TIME_IN_FORCE[terms.timeInForce]}`
}

/** What an intent asks for, before or after it was sized. */
export function askInWords(intent: Intent): string {
  if (intent.ticket !== null) return orderInWords(intent.ticket.terms)
  const qty = intent.sizing?.qty ?? intent.askedQty
  const what = intent.side === 'Hold' ? 'Hold' : intent.side
  return `${what}${qty === null ? '' : ` ${grouped(qty)}`} ${intent.symbol} around ${grouped(intent.entryPx)}`
}

/** Where an intent stands, its order included: `Approved` alone says too little once something was sent. */
export function standing(intent: Intent): { label: string; tone: Tone } {
  if (intent.state === 'Approved' && intent.ordStatus !== null) return ORD_STATUS[intent.ordStatus]
  return STATE[intent.state]
}

/** Why it did not go ahead, in the words of whoever said no; null when nobody did. */
export function reasonOf(intent: Intent): string | null {
  if (intent.ordStatus === 'InDoubt') return IN_DOUBT
  if (intent.refusals.length > 0) return intent.refusals.map(({ text }) => text).join(' · ')
  if (intent.decision !== null && intent.decision.verdict !== 'approved')
    return intent.decision.reason === null
      ? `By ${intent.decision.byName}.`
      : `${intent.decision.byName}: ${intent.decision.reason}`
  return intent.state === 'Approved' ? null : intent.summary
}

const BINDING: Readonly<Record<string, string>> = {
  risk: 'the risk budget',
  order: 'the limit per order',
  position: 'the limit per position',
  stage: 'the cap of the rollout stage',
  buyingPower: 'buying power',
  gross: 'the limit on gross exposure',
  net: 'the limit on net exposure',
  turnover: 'the turnover of the day',
  symbolShare: 'the share of equity in one symbol',
  sector: 'the share of equity in one sector',
  volume: 'the share of the daily volume',
  orderQty: 'the largest quantity of one order',
  model: 'the sizing of the strategy',
  instrument: 'the broker’s largest size',
}

/** The line of a sizing that decided, as people call it. */
export const bindingInWords = (name: string): string => BINDING[name] ?? name

/** How sure it is that a person said yes, as a person says it. */
export const LEVEL: Readonly<Record<Level, string>> = {
  L0: 'armed beforehand',
  L1: 'a click',
  L2: 'a passkey',
  L3: 'a passkey each',
}

const NUMBER = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

/** "AAPL", "AAPL and MSFT", "AAPL, MSFT and TSLA". */
export const list = (names: readonly string[]): string =>
  names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

/** "one person", "two people". */
export const people = (count: number): string =>
  `${NUMBER[count] ?? String(count)} ${count === 1 ? 'person' : 'people'}`

/** "one person, by a click", "two people, each with a passkey". */
export function whoMustSayYes({ level, quorum }: { level: Level; quorum: number }): string {
  if (level === 'L0') return 'nobody, it was armed beforehand'
  const count = level === 'L3' ? Math.max(2, quorum) : quorum
  const how = level === 'L1' ? 'by a click' : 'with a passkey'
  return `${people(count)}, ${count > 1 ? 'each ' : ''}${how}`
}

/** How many people have said yes and may still be counted. */
export const yesesOf = (votes: readonly Pick<Vote, 'by' | 'counts'>[]): number =>
  new Set(votes.filter(({ counts }) => counts).map(({ by }) => by)).size

/** "Nobody has decided for 3 min", of an order that waits and was escalated; null of every other. */
export function undecidedInWords({ state, undecidedMs, votes, requires }: Intent): string | null {
  if (state !== 'AwaitingApproval' || undecidedMs === null) return null
  const waited =
    undecidedMs < 120_000 ? `${Math.floor(undecidedMs / 1000)} s` : `${Math.floor(undecidedMs / 60_000)} min`
  const yeses = yesesOf(votes)
  return yeses === 0
    ? `Nobody has decided for ${waited}`
    : `${yeses} of ${requires?.quorum ?? 1} said yes, and nobody else for ${waited}`
}

export const SAID_WITH: Readonly<Record<Vote['with'], string>> = {
  click: 'with a click',
  passkey: 'with a passkey',
  slack: 'in Slack',
  teams: 'in Teams',
  armed: 'by arming it beforehand',
}

/** What kind of thing is traded, in the singular. */
export const ASSET: Readonly<Record<Instrument['assetClass'], string>> = {
  us_equity: 'a US share',
  fx: 'a currency pair',
  crypto: 'a cryptocurrency',
}
