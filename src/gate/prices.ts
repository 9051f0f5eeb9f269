import { type Instrument, tickAt } from '../orders/instrument.ts'
import type { Proposal } from '../orders/proposal.ts'
import type { Side } from '../orders/terms.ts'
import type { Ticket } from '../orders/ticket.ts'
import {
  abs,
  dec,
  isMultipleOf,
  isZero,
  lt,
  min,
  minus,
  over,
  plus,
  type Px,
  type Rounding,
  times,
  toStep,
} from '../values/decimal.ts'
import { Fault } from '../values/fault.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Believed } from './evidence.ts'
import type { Quote } from './facts.ts'
import type { PriceField, Refusal } from './refusal.ts'
import { beyond } from './signal.ts'

/** The three prices as they would be sent. The entry of a market order is not sent, and stands as it was asked. */
export type Prices = {
  readonly entryPx: Px
  readonly stopPx: Px
  readonly targetPx: Px | null
  /** The worst price that the stop accepts; absent where it takes any. */
  readonly stopLimitPx?: Px
}

/**
 * How each price goes to its tick.
 *
 * Entry and target are limit orders, and a limit is never worse than asked: buying floors, selling ceils. The stop
 * goes away from the entry: it never fires sooner than the idea says, and can never meet the entry. The wider stop
 * costs nothing, because the size is computed afterwards, from the rounded prices. With these directions
 * stop < entry < target survives every tick; only a stop within one tick of its entry could meet it, and that is
 * refused. The limit of the stop goes further away too: what is meant to get out should get out.
 */
const ROUNDING: Readonly<Record<Side, Readonly<Record<PriceField, Rounding>>>> = {
  Buy: { stopPx: 'floor', stopLimitPx: 'floor', entryPx: 'floor', targetPx: 'ceil' },
  Sell: { stopPx: 'ceil', stopLimitPx: 'ceil', entryPx: 'ceil', targetPx: 'floor' },
}

/**
 * The proposal's prices on the instrument's ticks; its stop and target must be known to be on their own sides.
 *
 * @param slackBps how far beyond the stop its limit lies; null where the stop needs none.
 */
export function roundPrices(
  side: Side,
  proposal: Proposal,
  instrument: Instrument,
  slackBps: number | null = null,
): Believed<Prices> {
  const rules = ROUNDING[side]
  const entry = onTick(instrument, 'entryPx', proposal.entryPx, rules.entryPx)
  const stop = onTick(instrument, 'stopPx', proposal.stopPx, rules.stopPx)
  const target =
    proposal.targetPx === null ? ok(null) : onTick(instrument, 'targetPx', proposal.targetPx, rules.targetPx)
  if (!entry.ok || !stop.ok || !target.ok)
    return err([entry, stop, target].flatMap((price) => (price.ok ? [] : [price.error])))

  const entryPx = proposal.ordType === 'Limit' ? entry.value.px : proposal.entryPx
  const distance = abs(minus(proposal.entryPx, proposal.stopPx))
  const tick = min(entry.value.tick, stop.value.tick)
  // The second half is for tick tables whose bands do not begin on a tick: there floor may carry an entry past its stop.
  if (lt(distance, tick) || !beyond(side, entryPx, stop.value.px))
    return err([{ code: 'STOP_TOO_CLOSE', entryPx: proposal.entryPx, stopPx: proposal.stopPx, distance, tick }])
  const prices = { entryPx, stopPx: stop.value.px, targetPx: target.value?.px ?? null }
  if (slackBps === null) return ok(prices)
  const limit = onTick(instrument, 'stopLimitPx', slackened(side, stop.value.px, slackBps), rules.stopLimitPx)
  return limit.ok ? ok({ ...prices, stopLimitPx: limit.value.px }) : err([limit.error])
}

/** The stop of a purchase sells, down to a lower price; that of a short sale buys, up to a higher one. */
function slackened(side: Side, stopPx: Px, bps: number): Px {
  const share = over(dec(String(bps)), dec('10000'), { scale: 4, rounding: 'up' })
  return times(stopPx, side === 'Buy' ? minus(dec('1'), share) : plus(dec('1'), share)) as Px
}

/**
 * The worst price at which what is held may be closed, on its tick and inside the collar: below the bid for a sale, above
 * the ask for a purchase. Null where no tick of the instrument is that near.
 */
export function collaredPx(side: Side, instrument: Instrument, quote: Quote, bps: number): Px | null {
  const [from, rounding] = side === 'Sell' ? ([quote.bid, 'ceil'] as const) : ([quote.ask, 'floor'] as const)
  // Slack below is that of the stop of a purchase, which sells.
  const limit = onTick(instrument, 'entryPx', slackened(side === 'Sell' ? 'Buy' : 'Sell', from, bps), rounding)
  return limit.ok ? limit.value.px : null
}

/**
 * One price on the tick that holds where it lands. Rounding may carry it into another band ("0.99995" up to 1, where
 * ticks are wider): then that band's tick decides. It moves one way only, so it ends after at most every band.
 */
function onTick(
  instrument: Instrument,
  field: PriceField,
  asked: Px,
  rounding: Rounding,
): Result<{ px: Px; tick: Px }, Refusal> {
  let price = asked
  for (;;) {
    const tick = tickAt(instrument, price)
    if (tick === null) return err({ code: 'TICK_MISSING', field, price })
    const px = toStep(price, tick, rounding)
    if (isZero(px)) return err({ code: 'PRICE_BELOW_TICK', field, price: asked, tick })
    if (tickAt(instrument, px) === tick) return ok({ px, tick })
    price = px
  }
}

/**
 * The prices of a ticket, as they are: what was approved is never rounded again. Refused when the tick changed.
 *
 * @throws {Fault} TICKET_WITHOUT_STOP: an entry without its stop is none of ours.
 */
export function pricesOf(ticket: Ticket, proposal: Proposal, instrument: Instrument): Believed<Prices> {
  const { price, bracket } = ticket.terms
  if (!bracket) throw new Fault('TICKET_WITHOUT_STOP', `ticket ${ticket.rev} of ${ticket.intentID} has no stop`)
  const off = [
    offTick(instrument, 'entryPx', price),
    offTick(instrument, 'stopPx', bracket.stopPx),
    offTick(instrument, 'targetPx', bracket.targetPx),
    offTick(instrument, 'stopLimitPx', bracket.stopLimitPx ?? null),
  ].flat()
  return off.length === 0 ? ok({ entryPx: price ?? proposal.entryPx, ...bracket }) : err(off)
}

function offTick(instrument: Instrument, field: PriceField, price: Px | null): readonly Refusal[] {
  if (price === null) return []
  const tick = tickAt(instrument, price)
  if (tick === null) return [{ code: 'TICK_MISSING', field, price }]
  return isMultipleOf(price, tick) ? [] : [{ code: 'PRICE_OFF_TICK', field, price, tick }]
}
