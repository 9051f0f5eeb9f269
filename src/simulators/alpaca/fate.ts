import { type Px, type Qty } from '../../values/decimal.ts'
import { type Ask, readAsk, readPatch } from './ask.ts'
import type { AssetChange } from './asset.ts'
import type { Chaos, Faults, Rule } from './fault.ts'
import { isRefusal, type Refusal } from './refusal.ts'
import type { Stream } from './stream.ts'
import type { Venue } from './venue.ts'
import { calm } from './whims.ts'

export type { Chaos, Fault, Rule } from './fault.ts'

/** Requests still to be answered 429, with `Retry-After` in seconds where one is given. */
export type Throttle = { left: number; retryAfterS: number | null }

/** What no broker offers: to make it lie on demand. For tests and drills; everything is off until it is turned on. */
export type AlpacaFate = {
  /** One request goes wrong, or some. @returns how to take it back. */
  on(rule: Rule): () => void
  /** From now on some requests go wrong by chance, always the same for a seed. Null: none. */
  chaos(how: Chaos | null): void
  /** The next `n` requests are too many. */
  throttle(n: number, retryAfterS?: number): void
  /** Everything but what was done to orders is as at the start. */
  off(): void

  // The stream.
  silence(on: boolean): void
  /** Each frame comes twice, and out of order. */
  twiceAndMuddled(on: boolean): void
  /** Every socket ends at once. */
  cut(): void
  /** No socket opens. */
  refuse(on: boolean): void
  dropFrames(n: number): void
  /** Sends this to everybody who listens. */
  strangeFrame(json: unknown): void
  errorFrame(message?: string): void
  /** Fill frames carry the order's average and total in the place of their own price and size. */
  wrongFill(on: boolean): void
  /** Number of sockets that listen. */
  listeners(): number

  // Orders and trades.
  /** A trade that nobody matched, in whatever state the order is. @returns its execution id. */
  trade(orderID: string, qty: Qty, px: Px): string
  bust(executionID: string): void
  correct(executionID: string, qty: Qty, px: Px): void
  /** A word that is in no list. */
  setStatus(orderID: string, status: string): void
  /** An order made on the website: a body as for `POST /v2/orders`. @returns its id. */
  externalOrder(body: unknown): string
  websiteReplace(orderID: string, patch: unknown): string
  websiteCancel(orderID: string): void
  /** Legs are in no list, rolled up or not; by id they are found. */
  hideLegsFromLists(on: boolean): void
  /** The order is not found for the first `lookups` questions after it was made. */
  hideOrder(clientOrderID: string, lookups: number): void
  /** Cancels are taken and stay `pending_cancel`; turned off, they are done. */
  stuckCancel(on: boolean): void
  /** Orders for the symbol are taken, then rejected. */
  asyncReject(symbol: string, on?: boolean): void
  /** Orders stay `pending_new`; turned off, they go on. */
  delayAck(on: boolean): void
  /** The fill of a marketable order is streamed before its request is answered. Until told: every second time. */
  fillFirst(when: 'always' | 'never' | 'sometimes'): void
  /** The next `n` replacements are taken and then lost: the old order stays. */
  loseReplaces(n: number): void
  /** False: a replacement begins at nothing, with what was left as its size. */
  carryFills(on: boolean): void

  // The account and its symbols.
  suspend(on: boolean): void
  blockAccount(on: boolean): void
  accountStatus(status: string): void
  asset(symbol: string, change: AssetChange): void
}

class Refused extends Error {
  constructor(what: string, no: Refusal) {
    super(`${what} was refused: ${no.status} ${no.message}`)
  }
}
const orThrow = <T extends object>(what: string, result: T | Refusal): T => {
  if (isRefusal(result)) throw new Refused(what, result)
  return result
}

export function fateOf(venue: Venue, stream: Stream, faults: Faults, throttle: Throttle): AlpacaFate {
  const { whims } = venue
  const fate: AlpacaFate = {
    on: (rule) => faults.on(rule),
    chaos: (how) => (how ? faults.chaos(how) : faults.calm()),
    throttle(n, retryAfterS) {
      throttle.left = n
      throttle.retryAfterS = retryAfterS ?? null
    },
    off() {
      faults.calm()
      throttle.left = 0
      Object.assign(stream.whims, { silent: false, muddled: false, refusing: false, dropping: 0, averaged: false })
      calm(whims)
      fate.stuckCancel(false)
      fate.delayAck(false)
      fate.suspend(false)
    },

    silence: (on) => void (stream.whims.silent = on),
    twiceAndMuddled: (on) => void (stream.whims.muddled = on),
    cut: () => stream.cut(),
    refuse: (on) => void (stream.whims.refusing = on),
    dropFrames: (n) => void (stream.whims.dropping = n),
    strangeFrame: (json) => stream.broadcast(json),
    errorFrame: (message = 'internal server error') => stream.fail(message),
    wrongFill: (on) => void (stream.whims.averaged = on),
    listeners: () => stream.listeners(),

    trade: (orderID, qty, px) => venue.trade(orderID, qty, px),
    bust: (executionID) => venue.bust(executionID),
    correct: (executionID, qty, px) => venue.correct(executionID, qty, px),
    setStatus: (orderID, status) => venue.setStatus(orderID, status),
    externalOrder: (body) => orThrow('the order', venue.place(orThrow<Ask>('the body', readAsk(body)))).id,
    websiteReplace: (orderID, patch) =>
      orThrow('the replacement', venue.replace(orderID, orThrow('the body', readPatch(patch)))).id,
    websiteCancel: (orderID) => void orThrow('the cancel', venue.cancel(orderID)),
    hideLegsFromLists: (on) => void (whims.hideLegs = on),
    hideOrder: (clientOrderID, lookups) => void whims.hidden.set(clientOrderID, lookups),
    stuckCancel(on) {
      const was = whims.stuckCancel
      whims.stuckCancel = on
      if (was && !on) venue.finishCancels()
    },
    asyncReject: (symbol, on = true) => void (on ? whims.rejected.add(symbol) : whims.rejected.delete(symbol)),
    delayAck(on) {
      const was = whims.delayAck
      whims.delayAck = on
      if (was && !on) venue.release()
    },
    fillFirst: (when) => void (whims.fillFirst = when),
    loseReplaces: (n) => void (whims.lostReplaces = n),
    carryFills: (on) => void (whims.carryFills = on),

    suspend: (on) => venue.setSettings({ ...venue.settings(), suspend_trade: on }),
    blockAccount: (on) => void (whims.blocked = on),
    accountStatus: (status) => void (whims.status = status),
    asset: (symbol, change) => venue.changeAsset(symbol, change),
  }
  return fate
}
