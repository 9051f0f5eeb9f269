import {
  eq,
  gt,
  isMultipleOf,
  lte,
  dec,
  type Decimal,
  minus,
  plus,
  type Qty,
  sign,
  times,
  ZERO,
  abs,
} from '../../values/decimal.ts'
import type { Patch } from './ask.ts'
import type { Asset } from './asset.ts'
import type { Settings } from './json.ts'
import type { Money } from './ledger.ts'
import { isFinal, leavesOf, type Order } from './order.ts'
import { badParameter, forbidden, type Refusal, unprocessable } from './refusal.ts'
import { heldBy, insufficientBuyingPower, offTick } from './screen.ts'
import { expiryOf } from './calendar.ts'
import type { Stamp } from './wire.ts'

/** The account as a replacement meets it; `open` is without the order to be replaced. */
type Account = {
  readonly money: Money
  readonly settings: Settings
  readonly account: { readonly status: string; readonly blocked: boolean }
  readonly net: Decimal
  readonly open: readonly Order[]
}

const ONE = dec('1')
const same = (a: Decimal | null, b: Decimal | null): boolean => (a === null || b === null ? a === b : eq(a, b))

/** Alpaca's no to `PATCH /v2/orders/{order_id}`, or null. First what state the order is in, then what is asked of it. */
export function refuseReplace(old: Order, patch: Patch, asset: Asset, has: Account): Refusal | null {
  if (old.status === 'accepted' || old.status === 'pending_new')
    return badParameter("unable to replace order, order isn't sent to exchange yet")
  if (old.status === 'replaced') return unprocessable('order already replaced')
  if (old.status === 'pending_replace') return unprocessable('order chain not fully replaced')
  if (isFinal(old) || old.status === 'pending_cancel')
    return unprocessable(`cannot replace order in ${old.status} status`)
  if (has.settings.suspend_trade) return forbidden('new orders are rejected by user request')
  if (has.account.blocked) return forbidden('account is not authorized to trade')
  if (old.notional) return unprocessable('notional orders cannot be replaced')
  if (old.orderClass === 'oto') return unprocessable('oto orders cannot be replaced')
  return wrongField(old, patch, asset) ?? wrongAmount(old, patch, asset, has)
}

function wrongField(old: Order, patch: Patch, asset: Asset): Refusal | null {
  const { qty, tif, limitPrice, stopPrice, trail } = patch
  if (trail && old.type !== 'trailing_stop') return badParameter('trail is for trailing stop orders')
  if (limitPrice && old.type !== 'limit' && old.type !== 'stop_limit')
    return badParameter(`${old.type} orders require no limit price`)
  if (stopPrice && old.type !== 'stop' && old.type !== 'stop_limit')
    return badParameter(`${old.type} orders require no stop price`)
  const kept = (to: Decimal | null, from: Decimal | null): boolean => to === null || same(to, from)
  const unchanged =
    kept(qty, old.qty) &&
    (tif === null || tif === old.tif) &&
    kept(limitPrice, old.limitPrice) &&
    kept(stopPrice, old.stopPrice) &&
    kept(trail, old.trailPrice ?? old.trailPercent)
  if (unchanged) return unprocessable('order parameters are not changed')
  if (tif !== null && tif !== old.tif && (old.parentID !== null || old.legIDs.length > 0))
    return unprocessable('time_in_force of complex orders cannot be replaced')
  return offTick(asset, 'limit_price', limitPrice) ?? offTick(asset, 'stop_price', stopPrice)
}

function wrongAmount(old: Order, { qty, limitPrice }: Patch, asset: Asset, has: Account): Refusal | null {
  if (qty && !eq(qty, old.qty)) {
    if (asset.class === 'us_equity' && !(isMultipleOf(qty, ONE) && isMultipleOf(old.qty, ONE)))
      return unprocessable('qty of fractional orders cannot be replaced')
    if (old.parentID !== null || (old.orderClass === 'oco' && old.exchangeID !== null))
      return unprocessable('qty of a leg cannot be replaced')
    if (lte(qty, old.filledQty)) return unprocessable('qty must be > filled_qty')
  }
  const opens = sign(has.net) === 0 || sign(has.net) === (old.side === 'buy' ? 1 : -1)
  const leaves = minus(qty ?? old.qty, old.filledQty)
  if (!opens) {
    const free = minus(abs(has.net), heldBy(has.net, has.open).size)
    return gt(leaves, free) && old.parentID === null && old.orderClass === ''
      ? forbidden(
          `insufficient qty available for order (requested: ${leavesText(leaves)}, available: ${leavesText(free)})`,
        )
      : null
  }
  // What the old one ties up is free for the new one: together they count as the larger of the two.
  const px = limitPrice ?? old.limitPrice
  if (!px) return null
  const before = times(leavesOf(old), old.limitPrice ?? ZERO)
  const power = plus(asset.class === 'crypto' ? has.money.nonMarginable : has.money.buyingPower, before)
  const cost = times(leaves, px)
  return gt(cost, power) ? insufficientBuyingPower(power, cost) : null
}
const leavesText = (d: Decimal): string => d as unknown as string

/** The order in the place of `old`. */
export function replaced(
  old: Order,
  patch: Patch,
  given: {
    readonly id: string
    readonly clientOrderID: string
    readonly at: Stamp
    readonly seq: number
    readonly carryFills: boolean
  },
): Order {
  const whole = patch.qty ?? old.qty
  const none = given.carryFills
    ? { carriedQty: old.filledQty }
    : {
        qty: minus(whole, old.filledQty),
        filledQty: ZERO as Qty,
        carriedQty: ZERO as Qty,
        filledValue: ZERO,
        filledAt: null,
      }
  const tif = patch.tif ?? old.tif
  return {
    ...old,
    id: given.id,
    clientOrderID: given.clientOrderID,
    seq: given.seq,
    createdAt: given.at,
    submittedAt: given.at,
    updatedAt: given.at,
    expiresAt: expiryOf(given.at, tif, old.extendedHours),
    status: 'pending_new',
    odd: null,
    qty: whole,
    tif,
    limitPrice: patch.limitPrice ?? old.limitPrice,
    stopPrice: patch.stopPrice ?? (old.type === 'trailing_stop' ? null : old.stopPrice),
    trailPrice: old.trailPrice && ((patch.trail as Order['trailPrice']) ?? old.trailPrice),
    trailPercent: old.trailPercent && (patch.trail ?? old.trailPercent),
    hwm: null,
    replaces: old.id,
    replacedBy: null,
    exchangeID: null,
    legIDs: [],
    ...none,
  }
}
